
# Hypertables of TimescaleDB, whose INSERTs go into chunks: the loader leaves
# these to TimescaleDB (src/store_statement.c), so no row goes past them.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('timescaledb');

plan skip_all => 'TimescaleDB is not installed'
  unless $node->safe_psql('postgres',
	"SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'");

my $dir = PostgreSQL::Test::Utils::tempdir;
my $source = "$dir/source.db";
my $call = 'sq2pg_migrate(' . quoted($source) . ", mode => 'data'";

sqlite($source, q{
	CREATE TABLE reading (at TEXT, sensor INTEGER, value REAL);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
	INSERT INTO reading SELECT datetime(1700000000 + i * 600, 'unixepoch'), i % 10, i / 8.0 FROM n;
});

$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
});
$node->restart;
$node->safe_psql('postgres', q{
	SET client_min_messages = error;
	CREATE EXTENSION timescaledb;
	CREATE TABLE reading (at timestamptz NOT NULL, sensor int NOT NULL, value float8,
		UNIQUE (sensor, at));
	SELECT create_hypertable('reading', 'at', chunk_time_interval => interval '7 days');
});

is($node->safe_psql('postgres', "SELECT loaded, verified FROM $call, dry_run => true) WHERE action = 'total'"),
	'5000|t', 'rehearsed');
is($node->safe_psql('postgres', 'SELECT count(*) FROM reading'), '0', 'and taken back');
is($node->safe_psql('postgres', "SELECT loaded, verified FROM $call) WHERE action = 'total'"),
	'5000|t', 'loaded and verified');
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT tableoid) > 3 FROM reading'),
	'5000|t', 'in several chunks');
is($node->safe_psql('postgres', 'SELECT count(*) FROM ONLY reading'), '0', 'no row is past them');
is($node->safe_psql('postgres', "SELECT action FROM $call) WHERE action <> 'total'"),
	'unchanged', 'a second run has nothing to do');
$node->safe_psql('postgres', 'UPDATE reading SET value = 0 WHERE sensor = 3');
is($node->safe_psql('postgres', "SELECT loaded, verified FROM $call, existing => 'truncate') WHERE action = 'total'"),
	'5000|t', 'emptied and loaded again');
is($node->safe_psql('postgres', 'SELECT sum(value) FROM reading'),
	(sqlite_rows($source, 'SELECT sum(value) FROM reading'))[0][0], 'with what SQLite has');

$node->stop;
done_testing();
