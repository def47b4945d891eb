
# Verification notices one changed bit in one row of a million, one missing
# row and one that is there twice, and says which they are.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('one_bit');
my $dir = PostgreSQL::Test::Utils::tempdir;
chmod 0755, $dir;

my $file = "$dir/million.db";
sqlite($file, q{
	CREATE TABLE m (id INTEGER PRIMARY KEY, t TEXT, r REAL, b BLOB);
	WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1000000)
	INSERT INTO m SELECT i, 'row ' || i, i / 7.0, CAST(i AS BLOB) FROM c});
chmod 0644, $file;
my $source = quoted($file);

my $verify = qq{SELECT missing_rows, unexpected_rows, matches, detail
	FROM sq2pg_verify($source) WHERE table_name = 'm'};

is($node->safe_psql('postgres', "SELECT verified FROM sq2pg_migrate($source) WHERE action = 'total'"),
	't', 'a million rows are migrated and verified');
is($node->safe_psql('postgres', $verify), '0|0|t|', 'and are still the same');

# each change in a transaction of its own, rolled back after the look
my @changes = (
	[ 'one bit of a text', q{UPDATE m SET t = overlay(t placing chr(ascii(substr(t, 2, 1)) # 1) from 2 for 1) WHERE id = 567890},
		'1|1|f|first rows without an equal in PostgreSQL: rowid 567890; first rows without an equal in SQLite: id=567890' ],
	[ 'one bit of a blob', q{UPDATE m SET b = set_bit(b, 3, 1 - get_bit(b, 3)) WHERE id = 17},
		'1|1|f|first rows without an equal in PostgreSQL: rowid 17; first rows without an equal in SQLite: id=17' ],
	[ 'a missing row', q{DELETE FROM m WHERE id = 999999},
		'1|0|f|first rows without an equal in PostgreSQL: rowid 999999' ],
	[ 'a row too many', q{INSERT INTO m SELECT 0, t, r, b FROM m WHERE id = 5},
		'0|1|f|first rows without an equal in SQLite: id=0' ]);

foreach my $change (@changes)
{
	my ($what, $sql, $expected) = @$change;

	is($node->safe_psql('postgres', "BEGIN; $sql; $verify; ROLLBACK"),
		$expected, $what);
}

$node->stop;
done_testing();
