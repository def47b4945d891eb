
# What is too large for PostgreSQL is a clear error, what fits is migrated, and
# the memory of the backend stays bounded.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $long = ($ENV{SQM_PROPERTY} // '') eq 'long';
my $node = start_server('size_limits');
my $dir = PostgreSQL::Test::Utils::tempdir;

# Runs statements in one backend; returns what they said, and the highest
# RssAnon, in MB, that it had.
sub measured
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');
	my $peak = 0;
	my ($in) = ("SET client_min_messages = error;\nSELECT 'pid ' || pg_backend_pid();\n$sql\n\\q\n");
	my $run = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres') ],
		'<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout(600));

	while ($run->pumpable)
	{
		select undef, undef, undef, 0.02;
		$run->pump_nb;
		if ($out =~ /^pid (\d+)$/m && open my $status, '<', "/proc/$1/status")
		{
			local $/;
			my ($size) = <$status> =~ /^RssAnon:\s+(\d+) kB/m;

			$peak = $size / 1024 if defined $size && $size / 1024 > $peak;
		}
	}
	$run->finish;
	$out =~ s/^pid \d+\n//;
	return ($out . $err, $peak);
}

sub migration
{
	return "SELECT table_name, loaded, verified FROM sq2pg_migrate('$dir/$_[0].db') WHERE action = 'total';";
}

# ---- Schemas

sqlite("$dir/columns.db", 'CREATE TABLE wide (' . join(', ', map { "c$_ INT" } 1 .. 2000) . '); INSERT INTO wide (c1) VALUES (1);');
my ($said) = measured(migration('columns'));
like($said, qr/ERROR:  54011: table "wide" has 2000 columns/, '2,000 columns');
($said) = measured("SELECT loaded, verified FROM sq2pg_migrate('$dir/columns.db', exclude => ARRAY['wide.c1???', 'wide.c9??']) WHERE action = 'total';");
is($said, "1|t\n", '2,000 columns, some left out');

# An expression as deep as SQLite takes it, and one that only a tampered file has
sqlite("$dir/deep.db", 'CREATE TABLE d (a INT, CHECK (' . join(' + ', ('a') x 900) . ' > 0 OR 1), CHECK (' . ('(' x 80) . 'a' . (')' x 80) . ' > 0 OR 1)); INSERT INTO d VALUES (1);');
($said) = measured(migration('deep'));
is($said, "|1|t\n", 'deep expressions');
sqlite("$dir/deeper.db", "CREATE TABLE d (a INT); INSERT INTO d VALUES (1); PRAGMA writable_schema = on; UPDATE sqlite_schema SET sql = 'CREATE TABLE d (a INT DEFAULT (" . ('(' x 100000) . '1' . (')' x 100000) . "))';");
($said) = measured(migration('deeper'));
# some releases of SQLite refuse the file, others the table, which is left out
like($said, qr/ERROR:  (XX001|54\d\d\d): |^\|0\|t$/m, 'deeper than SQLite allows');

my $constraints = 3000;
sqlite("$dir/constraints.db", 'CREATE TABLE c (a INT, b INT' . join('', map { ", CHECK (a <> -$_)" } 1 .. $constraints) . '); INSERT INTO c VALUES (1, 1);'
	  . 'BEGIN;' . join('', map { "CREATE INDEX i$_ ON c (a, b) WHERE a > $_;" } 1 .. 100) . 'COMMIT;');
my $peak;
($said, $peak) = measured(migration('constraints'));
is($said, "|1|t\n", "$constraints checks, 100 indexes");
is($node->safe_psql('postgres', "SELECT count(*), max(length(pg_get_constraintdef(oid))) > 25000 FROM pg_constraint WHERE conrelid = 'c'::regclass"),
	'500|t', 'of which the last are one');
my ($state, undef, undef, $all) = error_of($node, 'postgres', 'INSERT INTO c VALUES (-3000)');
is($state, '23514', 'and hold') or diag($all);
is($node->safe_psql('postgres', 'INSERT INTO c VALUES (NULL), (-3001); SELECT count(*) FROM c'), '3', 'and no more than that');
cmp_ok($peak, '<', 400, 'constraints: memory');
note("constraints: $peak MB");

# ---- Values

my $bytes = $long ? 400_000_000 : 60_000_000;
sqlite("$dir/values.db", "CREATE TABLE v (id INTEGER PRIMARY KEY, b BLOB);" . join('', map { "INSERT INTO v (b) VALUES (zeroblob($bytes));" } 1 .. 4));
($said, $peak) = measured(migration('values'));
is($said, "|4|t\n", "values of $bytes bytes");
cmp_ok($peak, '<', 60 + 4.5 * $bytes / 1048576, 'values: memory for one or two of them, not for all');
note("values: $peak MB");

# A refused row is kept as one jsonb
sqlite("$dir/refused.db", 'CREATE TABLE r (id INTEGER PRIMARY KEY, n INT, b BLOB); INSERT INTO r (n, b) VALUES (1, zeroblob(10)), (\'bad\', zeroblob(135000000));');
($said) = measured("SELECT loaded FROM sq2pg_migrate('$dir/refused.db', types => '{\"r.n\": \"int\"}', on_bad_value => 'reject') WHERE action = 'total';");
like($said, qr/ERROR:  54000: a row of SQLite table "r" is too large to be kept in sq2pg\.rejects\nDETAIL:  Column "n", rowid 2: /, 'a refused row that is too large');

SKIP:
{
	skip 'values of a gigabyte need make test-long', 3 unless $long;

	sqlite("$dir/huge.db", 'CREATE TABLE huge (id INTEGER PRIMARY KEY, b BLOB); INSERT INTO huge (b) VALUES (zeroblob(999999000));');
	($said, $peak) = measured(migration('huge'));
	is($said, "|1|t\n", 'a gigabyte');
	cmp_ok($peak, '<', 4500, 'a gigabyte: memory');
	note("a gigabyte: $peak MB");

	# 100 MB of schema
	sqlite("$dir/schema.db", 'BEGIN;' . join('', map { "CREATE TABLE t$_ (a INT /* " . ('x' x 100000) . " */);" } 1 .. 1000) . 'COMMIT;');
	($said, $peak) = measured("SELECT count(*) FROM sq2pg_tables('$dir/schema.db');");
	is($said, "1000\n", '100 MB of schema');
	note("schema: $peak MB");
}

# ---- Many rows

my $rows = $long ? 5_000_000 : 300_000;
sqlite("$dir/rows.db", "CREATE TABLE r (id INTEGER PRIMARY KEY, x TEXT); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows) INSERT INTO r SELECT i, printf('%060d', i) FROM n;");
($said, $peak) = measured(migration('rows'));
is($said, "|$rows|t\n", "$rows rows");
cmp_ok($peak, '<', 120, 'rows: memory does not grow with them');
note("rows: $peak MB");

# ---- Many calls in one session

sqlite("$dir/small.db", 'CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 1); CREATE VIEW v AS SELECT * FROM t;');
my $calls = join '', map { "BEGIN; SELECT FROM sq2pg_attach('$dir/small.db', 's'); SELECT * FROM s.t; ROLLBACK; $_ FROM sq2pg_migrate('$dir/none.db'); $_ FROM sq2pg_migrate('$dir/small.db', dry_run => true);\n" } ('SELECT') x 20;
my $size = "\\o\nSELECT sum(total_bytes) FROM pg_backend_memory_contexts;\n\\o /dev/null\n";
($said) = measured("\\o /dev/null\n$calls$size$calls$size");
my ($first, $second) = $said =~ /^(\d+)$/mg;
cmp_ok($second - $first, '<', 400_000, 'calls leave no memory behind in their session');
note('session: ' . ($second - $first) . ' bytes');

$node->stop;
done_testing();
