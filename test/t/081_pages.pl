
# New tables are filled with pages that the loader makes itself, or by the
# table's access method where rows must be decoded for subscribers, and by one
# process or several.  All of these must give the same table; it must be sound;
# and it must survive a crash and reach a standby.

use strict;
use warnings;

use File::Copy qw(copy);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir;
my $source = "$dir/source.db";
my @settings = (
	"fsync = off", "max_wal_senders = 4", "wal_level = replica",
	"max_worker_processes = 8", "wal_skip_threshold = 64kB");

# Rows that fill pages, rows that must be toasted amid others, wide rows, rows
# of NULLs, and few rows.
sqlite($source, q{
	CREATE TABLE many (id INTEGER PRIMARY KEY, t TEXT, n DECIMAL(10,2), b BLOB, d DATETIME);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
	INSERT INTO many SELECT i, CASE WHEN i % 7 > 0 THEN 'row ' || i END, i / 4.0,
		CASE WHEN i % 5000 = 17 THEN randomblob(9000 + i % 900) WHEN i % 1000 = 3 THEN zeroblob(2100) END,
		datetime(i * 1000, 'unixepoch') FROM n;
	CREATE TABLE long (id INTEGER PRIMARY KEY, t TEXT);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
	INSERT INTO long SELECT i, hex(randomblob(950 + i % 150)) FROM n;
	CREATE TABLE texts (id INTEGER PRIMARY KEY, t TEXT, u JSON);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
	INSERT INTO texts SELECT i, CASE WHEN i % 40 = 0 THEN replace(hex(zeroblob(600 + i % 5000)), '00', 'text ' || i) ELSE 'short' END,
		CASE WHEN i % 300 = 7 THEN '["' || hex(randomblob(5000)) || '"]' END FROM n;
	CREATE TABLE empty (a, b TEXT);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
	INSERT INTO empty SELECT NULL, NULL FROM n;
	CREATE TABLE few (x INTEGER, g INTEGER GENERATED ALWAYS AS (x * 2) STORED);
	INSERT INTO few VALUES (1), (NULL), (3);
	CREATE TABLE none (x INTEGER);
});

sub started
{
	my ($name, @more) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(extra => [ '-E', 'UTF8', '--locale=C', '--data-checksums' ],
		allows_streaming => 1);
	$node->append_conf('postgresql.conf', join("\n", @settings, @more));
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION sqlite_fdw_mig; CREATE EXTENSION amcheck');
	return $node;
}

sub migrate
{
	my ($node, $file, $schema, $settings) = @_;

	return $node->safe_psql('postgres', qq{
		SET client_min_messages = error;
		$settings
		CREATE SCHEMA $schema;
		SELECT verified FROM sq2pg_migrate(}
		  . quoted($file) . ", target_schema => '$schema') WHERE action = 'total'");
}

# The rows of a table, in whatever order they stand: long ones among others may
# be anywhere.
sub content
{
	my ($node, $table) = @_;

	return $node->safe_psql('postgres',
		"SELECT md5(string_agg(h, '' ORDER BY h)), count(*) FROM (SELECT md5(t::text) AS h FROM $table t) AS s");
}

sub contents
{
	my ($node, $schema) = @_;

	return join "\n", map { "$_ " . content($node, "$schema.$_") }
	  split /\n/, $node->safe_psql('postgres',
		"SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = '$schema'::regnamespace AND relkind = 'r' ORDER BY relname");
}

# What the server's own checkers say about tables and indexes of a schema
sub damage
{
	my ($node, $schema) = @_;

	return $node->safe_psql('postgres', qq{
		SELECT c.relname, v.* FROM pg_class c, verify_heapam(c.oid) v
			WHERE relnamespace = '$schema'::regnamespace AND relkind = 'r';
		SELECT bt_index_check(i.indexrelid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
			WHERE relnamespace = '$schema'::regnamespace AND bt_index_check(i.indexrelid, true) IS NULL});
}

my %way = (
	pages => 'SET sqlite_fdw_mig.workers = 0;',
	workers => 'SET sqlite_fdw_mig.workers = 2;');
my $primary = started('pages');
my $decoded = started('decoded', 'wal_level = logical');
my $minimal = started('minimal', 'wal_level = minimal', 'max_wal_senders = 0');

is(migrate($primary, $source, 'alone', $way{pages}), 't', 'pages, one process');
is(migrate($primary, $source, 'together', $way{workers}), 't', 'pages, workers');
is(migrate($decoded, $source, 'alone', $way{pages}), 't', 'access method, one process');
is(migrate($decoded, $source, 'together', $way{workers}), 't', 'access method, workers');
is(migrate($minimal, $source, 'alone', $way{pages}), 't', 'nothing logged, one process');
is(migrate($minimal, $source, 'together', $way{workers}), 't', 'nothing logged, workers');

my $plain = contents($decoded, 'alone');
my ($many) = $plain =~ /^many (.*)/m;
like($plain, qr/many \w+\|120000/, 'the plain way gives all rows');
is(contents($decoded, 'together'), $plain, 'access method, workers: the same');
foreach my $node ($primary, $minimal)
{
	foreach my $schema ('alone', 'together')
	{
		is(contents($node, $schema), $plain, $node->name . ", $schema: the same");
		is(damage($node, $schema), '', $node->name . ", $schema: sound");
	}
}

my $order = 'SELECT count(*) FILTER (WHERE NOT follows) FROM (SELECT id > lag(id) OVER (ORDER BY ctid) AS follows FROM %s.many WHERE %s) AS s';
foreach my $node ($primary, $minimal, $decoded)
{
	is($node->safe_psql('postgres', sprintf($order, 'alone', 'true')), '0',
		$node->name . ': one process keeps the order of the source');
	is($node->safe_psql('postgres', sprintf($order, 'together', '(length(b) > 9000) IS NOT TRUE')), '0',
		$node->name . ': so do workers, but for what must be toasted');
}

# Workers compress what the toaster would.
my $sizes = 'SELECT sum(pg_column_size(t)), sum(pg_column_size(u)), count(pg_column_compression(t)), count(pg_column_compression(u)) FROM %s.texts';
my $compressed = $decoded->safe_psql('postgres', sprintf($sizes, 'alone'));
like($compressed, qr/^\d+\|\d+\|[1-9]\d+\|/, 'long texts are compressed');
foreach my $node ($primary, $minimal, $decoded)
{
	is($node->safe_psql('postgres', sprintf($sizes, 'together')), $compressed, $node->name . ': by workers, too');
}

# Real databases. SQM_CORPUS is the directory they are in.
foreach my $file (sort glob(($ENV{SQM_CORPUS} // '/nowhere') . '/*.db'))
{
	my ($name) = $file =~ m{([^/]*)\.db$};
	my $copy = "$dir/$name.db";
	my $schema = "corpus_$name";

	copy($file, $copy);
	is(migrate($primary, $copy, $schema, $way{workers}), 't', "$name: pages");
	is(migrate($decoded, $copy, $schema, $way{pages}), 't', "$name: access method");
	is(contents($primary, $schema), contents($decoded, $schema), "$name: the same");
	is(damage($primary, $schema), '', "$name: sound");
}

# Another load into the same new table, a savepoint, a fill factor, no log

my $load = sub {
	my $table = shift;
	return "SELECT FROM sq2pg.load_table(" . quoted($source)
	  . ", 'many', '{id,t,n,b,d}', '$table', '{id,t,n,b,d}', 'UTC', false, 'stop', 'bare', 'error', '{}');\n";
};
my $columns = '(id bigint, t text, n numeric(10,2), b bytea, d timestamp)';
foreach my $workers (0, 2)
{
	$primary->safe_psql('postgres', qq{
		SET sqlite_fdw_mig.workers = $workers;
		BEGIN;
		CREATE TABLE twice_$workers $columns;
		} . $load->("twice_$workers") . qq{
		SAVEPOINT one;
		} . $load->("twice_$workers") . qq{
		ROLLBACK TO one;
		INSERT INTO twice_$workers VALUES (0);
		} . $load->("twice_$workers") . qq{
		CREATE TABLE loose_$workers $columns WITH (fillfactor = 50);
		} . $load->("loose_$workers") . qq{
		CREATE UNLOGGED TABLE unlogged_$workers $columns;
		} . $load->("unlogged_$workers") . qq{
		CREATE TEMPORARY TABLE temporary_$workers $columns;
		} . $load->("temporary_$workers") . qq{
		COMMIT});
	is($primary->safe_psql('postgres', "SELECT count(*), count(DISTINCT id) FROM twice_$workers"),
		'240001|120001', "$workers workers: a second load is added");
	is(content($primary, "loose_$workers"), $many, "$workers workers: fill factor, the same rows");
	is(content($primary, "unlogged_$workers"), $many, "$workers workers: no log, the same rows");
	is($primary->safe_psql('postgres', "SELECT pg_relation_size('loose_$workers') > 1.8 * pg_relation_size('unlogged_$workers')"),
		't', "$workers workers: the fill factor is kept");
}
is(damage($primary, 'public'), '', 'sound');

# A generated column whose value is another table's toasted one
$primary->safe_psql('postgres', q{
	CREATE TABLE kept_elsewhere (id int, t text);
	ALTER TABLE kept_elsewhere ALTER t SET STORAGE EXTERNAL;
	INSERT INTO kept_elsewhere SELECT i, repeat('abcdefgh', 1000 + i) FROM generate_series(1, 2) AS i;
	CREATE FUNCTION taken(i int) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT t FROM public.kept_elsewhere WHERE id = i % 2 + 1'});
is($primary->safe_psql('postgres', qq{
	BEGIN;
	CREATE TABLE computed (id bigint, t text, g text GENERATED ALWAYS AS (taken(id::int)) STORED);
	SELECT loaded FROM sq2pg.load_table(} . quoted($source) . q{, 'long', '{id,t}', 'computed', '{id,t}', 'UTC', false, 'stop', 'bare', 'error', '{}');
	COMMIT;
	SELECT count(*), sum(length(g)) FROM computed}),
	"3000\n3000|" . (1500 * 8008 + 1500 * 8016), 'a toasted value of another table is copied');

# A row that fits on no page, and rowids that are negative and far apart
my $odd = "$dir/odd.db";
my $list = join ', ', map { "c$_ INTEGER" } 1 .. 1500;
sqlite($odd, "CREATE TABLE wide ($list); INSERT INTO wide VALUES (" . join(', ', (9000000000) x 1500) . q{);
	CREATE TABLE spread (id INTEGER PRIMARY KEY, t TEXT);
	WITH RECURSIVE n (i) AS (SELECT -100000 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
	INSERT INTO spread SELECT i * 3, CASE WHEN i % 1000 = 7 THEN hex(randomblob(3000)) ELSE 'row ' || i END FROM n});
my ($state, $message) = error_of($primary, 'postgres',
	"SELECT * FROM sq2pg_migrate(" . quoted($odd) . ", include => '{wide}')");
is($message, 'row is too big: size 12024, maximum size 8160', 'a row that is too big: as INSERT says it');
is($primary->safe_psql('postgres', "SET client_min_messages = error; SELECT verified FROM sq2pg_migrate(" . quoted($odd) . ", include => '{spread}') WHERE action = 'total';
	SELECT count(*), bool_and(follows) FROM (SELECT id > lag(id) OVER (ORDER BY ctid) IS NOT FALSE AS follows FROM spread WHERE length(t) < 100) AS s;
	SELECT count(*) FROM spread"),
	"t\n199901|t\n200001", 'negative rowids, far apart: all of them, in order');

# The access method is still asked where pages cannot be made: subscribers get
# the rows.
$decoded->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('s', 'test_decoding')");
migrate($decoded, $source, 'followed', $way{workers});
is($decoded->safe_psql('postgres', "SELECT count(*) FROM pg_logical_slot_get_changes('s', NULL, NULL) WHERE data LIKE 'table followed.many: INSERT%'"),
	'120000', 'rows reach logical decoding');
$decoded->stop;

# A standby gets them, and so does recovery.

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
migrate($primary, $source, 'streamed', $way{workers});
$primary->wait_for_catchup($standby);
is(contents($standby, 'streamed'), $plain, 'standby: the same');
$standby->stop;

foreach my $node ($primary, $minimal)
{
	$node->safe_psql('postgres', 'CHECKPOINT');
	migrate($node, $source, 'crashed', $way{workers});
	$node->stop('immediate');
	$node->start;
	is(contents($node, 'crashed'), $plain, $node->name . ': the same after a crash');
	is(damage($node, 'crashed'), '', $node->name . ': sound after a crash');
	is(contents($node, 'together'), $plain, $node->name . ': so is what was there before');
	$node->safe_psql('postgres', 'VACUUM (FREEZE) crashed.many; ANALYZE');
	is(contents($node, 'crashed'), $plain, $node->name . ': vacuumed');
}

# A clean stop, after which nothing is recovered, and the checksums
$primary->safe_psql('postgres', "BEGIN; CREATE UNLOGGED TABLE kept $columns; " . $load->('kept') . 'COMMIT');
$primary->stop;
command_ok([ 'pg_checksums', '--check', '-D', $primary->data_dir ], 'checksums are right');
$primary->start;
is(content($primary, 'kept'), $many, 'an unlogged table survives a clean stop');
$primary->stop;
$minimal->stop;

done_testing();
