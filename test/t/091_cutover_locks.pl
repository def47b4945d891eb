
# A run into existing tables waits for others in the order of OIDs, says for
# whom, and goes on.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('cutover_locks');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $source = "$dir/source.db";

sqlite($source, q{
	CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER);
	CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT);
	INSERT INTO parent VALUES (1, 'one'), (2, 'two');
	INSERT INTO child VALUES (1, 1), (2, 1), (3, 2);
});

# The child is the older table, the parent is loaded first.
$node->safe_psql('postgres', q{
	CREATE TABLE child (id int PRIMARY KEY, parent int) PARTITION BY RANGE (id);
	CREATE TABLE child_1 PARTITION OF child FOR VALUES FROM (1) TO (100);
	CREATE TABLE parent (id int PRIMARY KEY, name text);
	ALTER TABLE child ADD FOREIGN KEY (parent) REFERENCES parent;
	CREATE ROLE holder SUPERUSER LOGIN;
});

# Runs into a table that somebody else has locked; what it holds meanwhile, and
# all it said.
sub run_against
{
	my ($lock, $options) = @_;
	my $holder = $node->background_psql('postgres',
		extra_params => [ '-U', 'holder' ]);
	my ($held, $said);

	$holder->query_safe("BEGIN; $lock");
	my $pid = answer_of($holder, 'SELECT pg_backend_pid()');
	my $run = $node->background_psql('postgres', on_error_stop => 0);
	$run->query_until(qr/started/,
		"\\echo started\nSELECT loaded, verified FROM sq2pg_migrate("
		  . quoted($source) . ", mode => 'data'$options) WHERE action = 'total';\n");
	$node->poll_query_until('postgres',
		"SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation')");

	# After a second it has said so, and waits on.
	sleep 2;
	$held = $node->safe_psql('postgres', q{
		SELECT string_agg(relation::regclass || ' ' || mode || CASE WHEN granted THEN '' ELSE ' waits' END, ', '
			ORDER BY relation, mode)
		FROM pg_locks WHERE relation IN ('parent'::regclass, 'child'::regclass)
		AND mode IN ('ShareRowExclusiveLock', 'AccessExclusiveLock')
		AND pid NOT IN (SELECT pid FROM pg_stat_activity WHERE usename = 'holder')});
	is( $node->safe_psql('postgres', 'SELECT phase FROM sq2pg.progress'),
		'lock', 'the wait is shown to others');
	$holder->query_safe('ROLLBACK');
	$holder->quit;
	my $out = $run->query('SELECT 1');
	$said = $run->{stderr};
	$run->quit;
	$said =~ s/\b$pid\b/PID/g;
	return ($held, $said, $out);
}

my @cases = (
	[ 'the first', 'LOCK TABLE child IN ROW EXCLUSIVE MODE', '',
		'child ShareRowExclusiveLock waits' ],
	[ 'the last', 'LOCK TABLE parent IN ROW EXCLUSIVE MODE', '',
		'child ShareRowExclusiveLock, parent ShareRowExclusiveLock waits' ],
	[ 'a partition', 'LOCK TABLE child_1 IN ROW EXCLUSIVE MODE', '',
		'child ShareRowExclusiveLock' ],
	[ 'a reader, by TRUNCATE', 'SELECT count(*) FROM parent', ", existing => 'truncate'",
		'child AccessExclusiveLock, parent AccessExclusiveLock waits' ]);

foreach my $case (@cases)
{
	my ($what, $lock, $options, $expected) = @$case;

	$node->safe_psql('postgres', 'TRUNCATE parent, child');
	my ($held, $said, $out) = run_against($lock, $options);

	is($held, $expected, "$what: locks are taken in the order of OIDs");
	like($said, qr/NOTICE:  waiting for locks on the target tables/,
		"$what: a wait is told");
	like($said, qr/process PID \(holder, idle in transaction\)/,
		"$what: with the session that is waited for");
	like($out, qr/5\|t/, "$what: then it goes on");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM child'), '3',
		"$what: every row is there");
}

# The patience of the caller counts.
{
	my $holder = $node->background_psql('postgres');
	my (undef, undef, undef, $all);

	$node->safe_psql('postgres', 'TRUNCATE parent, child');
	$holder->query_safe('BEGIN; LOCK TABLE parent IN ROW EXCLUSIVE MODE');
	(undef, undef, undef, $all) = error_of($node, 'postgres',
		"SET lock_timeout = '3s'; SELECT * FROM sq2pg_migrate("
		  . quoted($source) . ", mode => 'data')");
	like($all, qr/ERROR:  55P03: canceling statement due to lock timeout/,
		'lock_timeout ends the wait');
	$holder->query_safe('ROLLBACK');
	$holder->quit;
	is($node->safe_psql('postgres', 'SELECT count(*) FROM parent'), '0', 'nothing is loaded');
}

$node->stop;
done_testing();
