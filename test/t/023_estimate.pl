
# What sq2pg_check says about size and write-ahead log, against what a run
# really makes: within a factor of two, for sample databases and for two of our
# own, and with wal_level minimal. Time is only looked at for being there: how
# long a run takes on a busy machine is no test.

use strict;
use warnings;

use File::Basename qw(basename);
use File::Copy qw(copy);
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('estimate');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $corpus = $ENV{SQM_CORPUS} // '';
my @files = $corpus eq '' ? () : sort glob "$corpus/*.db";

sqlite("$dir/rows.db", q{
	CREATE TABLE big (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email VARCHAR(100), created DATETIME,
		amount DECIMAL(10,2), quantity INT, paid BOOLEAN);
	WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 60000)
	INSERT INTO big SELECT i, 'name ' || i, 'user' || i || '@example.com', datetime(1600000000 + i, 'unixepoch'),
		(i % 100000) / 100.0, i % 97, i % 2 FROM c;
	CREATE INDEX big_quantity ON big (quantity);
	CREATE UNIQUE INDEX big_email ON big (email);});
sqlite("$dir/documents.db", q{
	CREATE TABLE documents (id INTEGER PRIMARY KEY, body TEXT, picture BLOB);
	WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1500)
	INSERT INTO documents SELECT i, hex(randomblob(1500)), randomblob(5000) FROM c;});
push @files, "$dir/rows.db", "$dir/documents.db";

sub bytes
{
	return $node->safe_psql('postgres', "SELECT pg_size_bytes('$_[0]')");
}

sub within_factor_two
{
	my ($estimate, $real, $what) = @_;

	ok($estimate >= $real / 2 && $estimate <= $real * 2,
		sprintf '%s: %.2f of %d kB', $what, $estimate / $real, $real / 1024);
	return;
}

sub measure
{
	my ($file, $settings) = @_;
	my $name = basename($file, '.db') . $settings;
	my $schema = '"' . $name . '"';

	$node->safe_psql('postgres', "CREATE SCHEMA $schema");
	my %estimate = map { split /=/, $_, 2 } split /\n/, $node->safe_psql('postgres',
		"SELECT message || '=' || sample FROM sq2pg_check(" . quoted($file)
		  . ", '$name') WHERE code = 'estimate'");
	is(scalar keys %estimate, 4, "$name: four estimates");
	like($estimate{'estimated time of the run'}, qr/^\d+ s$/, "$name: time");
	like($estimate{'estimated locks of the run, and room in the lock table'},
		qr/^\d+ of \d+$/, "$name: locks");

	my $before = $node->safe_psql('postgres', 'CHECKPOINT; SELECT pg_current_wal_insert_lsn()');
	$node->safe_psql('postgres', 'CREATE TEMPORARY TABLE r AS SELECT * FROM sq2pg_migrate('
		  . quoted($file) . ", '$name')");
	my ($wal, $size) = split /\|/, $node->safe_psql('postgres', qq{
		SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '$before'), sum(pg_total_relation_size(oid))
		FROM pg_class WHERE relkind = 'r' AND relnamespace = '$schema'::regnamespace});
	within_factor_two(bytes($estimate{'estimated size on disk, with indexes'}), $size, "$name: size");
	within_factor_two(bytes($estimate{'estimated write-ahead log of the run'}), $wal, "$name: write-ahead log");
	return;
}

$node->append_conf('postgresql.conf', "wal_level = replica");
$node->restart;
measure($_, '') foreach @files;
$node->append_conf('postgresql.conf', "wal_level = minimal\nmax_wal_senders = 0");
$node->restart;
measure($_, '_minimal') foreach @files;
$node->stop;
done_testing();
