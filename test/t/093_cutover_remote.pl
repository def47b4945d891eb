
# Partitions and tables on another server, through postgres_fdw: every row
# arrives there, and is verified there.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('cutover_near');

plan skip_all => 'postgres_fdw is not installed'
  unless $node->safe_psql('postgres',
	"SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'");

my $far = start_server('cutover_far');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $source = "$dir/source.db";

sqlite($source, q{
	CREATE TABLE event (id INTEGER PRIMARY KEY, region TEXT, at TEXT, note TEXT, amount NUMERIC, data BLOB);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
	INSERT INTO event SELECT i, substr('abc', i % 3 + 1, 1), datetime(1700000000 + i * 3601, 'unixepoch'),
		CASE WHEN i % 7 > 0 THEN 'note ' || i || char(10, 233, 128512) END, i * 1.25, randomblob(i % 20) FROM n;
	CREATE TABLE plain (id INTEGER PRIMARY KEY, t TEXT);
	INSERT INTO plain VALUES (1, 'one'), (2, NULL), (3, '');
});

my $columns = 'id bigint, region text NOT NULL, at timestamptz, note text, amount numeric(10, 2), data bytea';

$far->safe_psql('postgres', qq{
	CREATE TABLE event_b ($columns, CHECK (region = 'b'));
	CREATE TABLE plain (id int PRIMARY KEY, t text);
	CREATE TABLE log (what text);
	CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN INSERT INTO public.log VALUES (NEW.id); RETURN NEW; END';
	CREATE TRIGGER note_it BEFORE INSERT ON plain FOR EACH ROW EXECUTE FUNCTION note_it();
});
$node->safe_psql('postgres', qq{
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw
		OPTIONS (host '@{[ $far->host ]}', port '@{[ $far->port ]}', dbname 'postgres');
	CREATE USER MAPPING FOR CURRENT_USER SERVER far;
	CREATE TABLE event ($columns) PARTITION BY LIST (region);
	CREATE TABLE event_a PARTITION OF event FOR VALUES IN ('a');
	CREATE FOREIGN TABLE event_b PARTITION OF event FOR VALUES IN ('b') SERVER far;
	CREATE TABLE event_c PARTITION OF event FOR VALUES IN ('c');
	CREATE FOREIGN TABLE plain (id int, t text) SERVER far;
});

my $call = 'sq2pg_migrate(' . quoted($source) . ", mode => 'data'";
my $counts = q{SELECT string_agg(tableoid::regclass || ' ' || n, ', ' ORDER BY tableoid::regclass::text)
	FROM (SELECT tableoid, count(*) AS n FROM event GROUP BY tableoid) x};

sub far_counts
{
	return $far->safe_psql('postgres',
		'SELECT (SELECT count(*) FROM event_b), (SELECT count(*) FROM plain), (SELECT count(*) FROM log)');
}

is( $node->safe_psql('postgres',
		"SELECT table_name, message FROM sq2pg_check(" . quoted($source) . ", mode => 'data') WHERE severity = 'error'"),
	'', 'the check finds no error');

# A rehearsal is taken back there, too.
is($node->safe_psql('postgres', "SELECT loaded, verified FROM $call, dry_run => true) WHERE action = 'total'"),
	'3003|t', 'rehearsed');
is(far_counts(), '0|0|0', 'nothing of it is left on the other server');

# As is a run that fails after rows were sent.
$node->safe_psql('postgres', q{ALTER TABLE event_c ADD CONSTRAINT stop CHECK (id <> 2999 OR region <> 'c')});
my (undef, undef, undef, $all) = error_of($node, 'postgres', "SELECT * FROM $call)");
like($all, qr/stop/, 'an error in a partition that is here');
is(far_counts(), '0|0|0', 'leaves nothing there');
$node->safe_psql('postgres', 'ALTER TABLE event_c DROP CONSTRAINT stop');

is( $node->safe_psql('postgres', "SELECT table_name, action, source_rows, loaded, verified FROM $call)"),
	"event|load|3000|3000|t\nplain|load|3|3|t\n|total|3003|3003|t", 'every row is loaded and verified');
is($node->safe_psql('postgres', $counts), 'event_a 1000, event_b 1000, event_c 1000', 'each in its partition');
is(far_counts(), '1000|3|3', 'those of the other server are there; its triggers fired');
is( $far->safe_psql('postgres', 'SELECT sum(id), sum(amount), count(note), sum(length(data)) FROM event_b'),
	join('|', @{ (sqlite_rows($source,
				"SELECT sum(id), printf('%.2f', sum(amount)), count(note), sum(length(data)) FROM event WHERE region = 'b'"))[0] }),
	'with what SQLite has');
is( $node->safe_psql('postgres', "SELECT table_name, action FROM $call)"),
	"event|unchanged\nplain|unchanged\n|total", 'a second run has nothing to do');
is( $node->safe_psql('postgres', 'SELECT bool_and(matches) FROM sq2pg_verify(' . quoted($source) . ')'),
	't', 'sq2pg_verify() agrees');

# A row that is changed there is seen from here.
$far->safe_psql('postgres', 'UPDATE event_b SET amount = amount + 0.01 WHERE id = 1');
is( $node->safe_psql('postgres',
		'SELECT table_name FROM sq2pg_verify(' . quoted($source) . ') WHERE NOT matches'),
	'event', 'a value that was changed on the other server is found');
is( $node->safe_psql('postgres', "SELECT table_name, action, loaded, verified FROM $call, existing => 'truncate') WHERE action <> 'total'"),
	"event|load|3000|t\nplain|unchanged|0|t", 'and replaced');

# What a trigger there does to the rows is no secret either.
$far->safe_psql('postgres', q{
	TRUNCATE plain;
	CREATE OR REPLACE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN NEW.t := upper(NEW.t); RETURN NEW; END'});
(undef, undef, undef, $all) = error_of($node, 'postgres', "SELECT * FROM $call)");
like($all, qr/verification failed/, 'a trigger of the other server that rewrites rows is found out');
is($far->safe_psql('postgres', 'SELECT count(*) FROM plain'), '0', 'and nothing is left there');

# The other server goes away.
$far->stop('immediate');
(undef, undef, undef, $all) = error_of($node, 'postgres', "SELECT * FROM $call, existing => 'truncate')");
like($all, qr/ERROR:  08/, 'a server that is not there is an error of the connection');
$far->start;
is($node->safe_psql('postgres', "SELECT count(*) FROM event"), '3000', 'and the rows are there still');

$node->stop;
$far->stop;
done_testing();
