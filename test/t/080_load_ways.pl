
# The loader and what pg_regress cannot show: tables that belong to another
# extension or another session, and loads that are cancelled.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;
use Time::HiRes qw(time);

my $node = start_server('load_ways');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $source = "$dir/source.db";
my $directory = $ENV{TESTDIR} || '.';

sqlite($source, q{
	CREATE TABLE few (id INTEGER PRIMARY KEY, t TEXT);
	INSERT INTO few VALUES (1, 'one'), (2, 'two'), (3, 'three');
	CREATE TABLE million (id INTEGER PRIMARY KEY, next INTEGER, t TEXT);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
	INSERT INTO million SELECT i, i % 1000000 + 1, 'row ' || i FROM n;
});

sub load_table
{
	my ($table, $columns, $target, $conflict) = @_;

	return sprintf(
		q{SELECT way || ' ' || loaded FROM sq2pg.load_table(%s, %s, %s, %s, %3$s, 'UTC', false, 'error', 'table', %5$s, NULL)},
		map { quoted($_) } $source, $table, $columns, $target,
		$conflict // 'error');
}

# A table whose INSERTs another extension takes over.
{
	my $include = qx(pg_config --includedir-server);
	chomp $include;
	my $library = "$dir/takeover.so";
	system('cc', '-shared', '-fPIC', "-I$include", '-o', $library,
		"$directory/test/modules/takeover.c") == 0
	  or die "could not compile takeover.c";
	my $prelude = "LOAD '$library';\n";

	$node->safe_psql('postgres', qq{
		$prelude
		CREATE FUNCTION takeover_only() RETURNS trigger LANGUAGE c AS '$library';
		CREATE TABLE taken (id int PRIMARY KEY, t text);
		CREATE TRIGGER t BEFORE INSERT ON taken FOR EACH ROW
			EXECUTE FUNCTION takeover_only();
		CREATE TABLE free (LIKE taken INCLUDING ALL);
	});
	is($node->safe_psql('postgres', $prelude . load_table('few', '{id,t}', 'taken')),
		'statement 3', 'a plan that another extension has changed is executed');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM taken'),
		'3', 'and its rows are there');
	is($node->safe_psql('postgres', $prelude . load_table('few', '{id,t}', 'free')),
		'executor 3', 'other tables take the short way');
	$node->safe_psql('postgres', 'TRUNCATE taken');
	is( $node->safe_psql('postgres', $prelude . 'SELECT loaded, verified FROM sq2pg_migrate('
			  . quoted($source) . ", mode => 'data', include => '{few}', rename => '{\"few\": \"taken\"}') WHERE action = 'total'"),
		'3|t', 'in a whole run, too');
	my ($state, $message) = error_of($node, 'postgres',
		"TRUNCATE taken;\n" . load_table('few', '{id,t}', 'taken'));
	like($message, qr/the row would be lost/,
		'the trap is one: without the extension the rows came another way');
}

# Workers decode for an existing table, too; an error still names the row, and
# the events of foreign keys, which are many, are not forgotten.
{
	$node->safe_psql('postgres', q{
		CREATE TABLE shared (id int PRIMARY KEY, next int UNIQUE, t text NOT NULL);
		CREATE TABLE child (id int PRIMARY KEY, next int REFERENCES shared, t text)});
	my $load = load_table('million', '{id,next,t}', 'shared');
	$load =~ s/, NULL\)/, '{}')/;
	like($node->safe_psql('postgres', $load), qr/^executor, \d workers 1000000$/,
		'workers decode the rows of an existing table');
	is($node->safe_psql('postgres', q{SELECT count(*), sum(id), sum(next), count(DISTINCT t) FROM shared}),
		'1000000|500000500000|500000500000|1000000', 'all of them are there');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM shared WHERE id = ANY (ARRAY[1, 50001, 777777, 1000000]) AND next = id % 1000000 + 1}),
		'4', 'and found by the index');
	$node->safe_psql('postgres', 'DELETE FROM shared WHERE id = 800000');
	my ($state, $message, $detail, $all) = error_of($node, 'postgres', $load =~ s/'shared'/'child'/r);
	is($state, '23503', 'a foreign key is checked for all of them');
	like($all, qr/\(next\)=\(800000\) is not present/, 'the row that has no parent is found');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM child'), '0', 'nothing is left');
	$node->safe_psql('postgres', 'TRUNCATE shared CASCADE; INSERT INTO shared VALUES (-1, 700001, $$here$$)');
	($state, $message, $detail, $all) = error_of($node, 'postgres', $load);
	is($state, '23505', 'a key that is there');
	like($all, qr/SQLite table "million", rowid 700000/, 'the error names the row of the source');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM shared'), '1', 'nothing was stored');
	$node->safe_psql('postgres', q{
		TRUNCATE shared CASCADE;
		ALTER TABLE shared ADD CHECK (id <> 1000001)});
	is($node->safe_psql('postgres', $load), 'executor 1000000',
		'where code of the user runs, one process reads');
}

# Workers that cannot be had are told of.
is( $node->safe_psql('postgres', "CREATE SCHEMA alone; SELECT notes FROM sq2pg_migrate(" . quoted($source) . ", target_schema => 'alone', include => '{million}', dry_run => true) WHERE table_name = 'million'"),
	'', 'workers: no note');
$node->append_conf('postgresql.conf', 'max_worker_processes = 0');
$node->restart;
is($node->safe_psql('postgres', "SELECT notes FROM sq2pg_migrate(" . quoted($source) . ", target_schema => 'alone', include => '{million}') WHERE table_name = 'million'"),
	'decoded by one process: no parallel worker was free', 'no workers: a note');
$node->append_conf('postgresql.conf', 'max_worker_processes = 8');
$node->restart;

# A temporary table of another session
{
	my $other = IPC::Run::start(
		[
			'psql', '-Xq', '-d', $node->connstr('postgres'), '-c',
			'CREATE TEMPORARY TABLE mine (id int)', '-c', 'SELECT pg_sleep(60)'
		]);
	$node->poll_query_until('postgres',
		q{SELECT count(*) = 1 FROM pg_class WHERE relname = 'mine'});
	my $call = sprintf(
		q{SELECT sq2pg.load_table(%s, 'few', '{id}', oid, '{id}', 'UTC', false, 'error', 'table', 'error', NULL) FROM pg_class WHERE relname = 'mine'},
		quoted($source));
	my ($state, $message) = error_of($node, 'postgres', $call);
	is( "$state $message",
		'0A000 cannot access temporary tables of other sessions',
		'a temporary table of another session is refused');
	$other->kill_kill;
}

# Loads that take their time end soon after they are told to, and leave nothing.
$node->safe_psql('postgres', q{
	CREATE TABLE indexed (id int PRIMARY KEY, next int, t text);
	CREATE INDEX ON indexed (t);
	CREATE TABLE self (id int PRIMARY KEY, next int REFERENCES self, t text);
	CREATE TABLE parts (id int PRIMARY KEY, next int, t text) PARTITION BY HASH (id);
	CREATE TABLE part_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE part_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	CREATE VIEW seen AS SELECT * FROM indexed;
});
foreach my $target (qw(indexed self parts seen))
{
	# in another phase each time
	foreach my $ms (100, 700, 1700)
	{
		my $started = time;
		my ($state) = error_of($node, 'postgres',
			"SET statement_timeout = $ms;\n"
			  . load_table('million', '{id,next,t}', $target));
		my $late = time - $started - $ms / 1000;

		SKIP:
		{
			skip "loaded in less than $ms ms", 1 if $state eq '';
			is($state, '57014', "$target: cancelled after $ms ms");
			cmp_ok($late, '<', 3, "$target: at once");
		}
		is($node->safe_psql('postgres', "SELECT count(*) FROM $target"), '0',
			"$target: nothing stays") if $state ne '';
		$node->safe_psql('postgres', 'TRUNCATE indexed, self, parts');
	}
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_ls_tmpdir()}), '0',
	'no temporary files stay behind');

$node->stop;
done_testing();
