
# A run into existing tables that is stopped at a random moment leaves them as
# they were: cancelled, out of time, its connection or its process lost.
#
# SQM_PROPERTY is "fast" (some seconds), "normal" (at most 45 seconds) or
# "long" (some minutes); SQM_SEED is a number: moments are never the same
# twice, what is done at them is.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;
use Time::HiRes qw(sleep time);

my %effort = (
	fast => [ 8, 15 ],
	normal => [ 40, 45 ],
	long => [ 400, 900 ]);
my $mode = $ENV{SQM_PROPERTY} // 'normal';
my $seed = $ENV{SQM_SEED} // 1;

die "SQM_PROPERTY is fast, normal or long" unless $effort{$mode};

my ($rounds, $seconds) = @{ $effort{$mode} };
my $node = start_server('cutover_interrupted');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $source = "$dir/source.db";

srand($seed);
$node->append_conf('postgresql.conf', 'restart_after_crash = on');
$node->restart;

sqlite($source, q{
	CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, team INTEGER, name TEXT);
	CREATE TABLE team (id INTEGER PRIMARY KEY, lead INTEGER, name TEXT);
	CREATE TABLE event (id INTEGER PRIMARY KEY, person INTEGER NOT NULL, at TEXT, note TEXT);
	CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT);
	WITH RECURSIVE n (i) AS (SELECT 101 UNION ALL SELECT i + 1 FROM n WHERE i < 5100)
	INSERT INTO person SELECT i, 101 + i % 50, 'person ' || i FROM n;
	WITH RECURSIVE n (i) AS (SELECT 101 UNION ALL SELECT i + 1 FROM n WHERE i < 150)
	INSERT INTO team SELECT i, i * 10 - 900, 'team ' || i FROM n;
	WITH RECURSIVE n (i) AS (SELECT 101 UNION ALL SELECT i + 1 FROM n WHERE i < 20100)
	INSERT INTO event SELECT i, 101 + i % 5000, '2024-05-06 07:08:09', printf('%0100d', i) FROM n;
	INSERT INTO setting VALUES ('a', 'new'), ('b', 'new');
});

# All that has to be undone: rows beside others, TRUNCATE, keys of a cycle,
# triggers that are switched off, numbers drawn from sequences.
sub create_target
{
	$node->safe_psql('postgres', q{
		SET client_min_messages = warning;
		DROP SCHEMA IF EXISTS app CASCADE;
		CREATE SCHEMA app;
		SET search_path = app;
		CREATE TABLE person (id serial PRIMARY KEY, team int, name text NOT NULL);
		CREATE TABLE team (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lead int,
			name text UNIQUE);
		ALTER TABLE person ADD FOREIGN KEY (team) REFERENCES team;
		ALTER TABLE team ADD FOREIGN KEY (lead) REFERENCES person;
		CREATE SEQUENCE tickets;
		CREATE TABLE event (id bigint PRIMARY KEY, person int NOT NULL REFERENCES person,
			at timestamptz, note text, ticket int DEFAULT nextval('tickets'));
		CREATE INDEX ON event (at, person);
		CREATE TABLE setting (name text PRIMARY KEY, value text);
		CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN PERFORM nextval(''app.tickets''); RETURN NEW; END';
		CREATE TRIGGER off BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION count_it();
		CREATE TRIGGER always BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION count_it();
		ALTER TABLE event ENABLE ALWAYS TRIGGER always;
		INSERT INTO team (name) VALUES ('old');
		INSERT INTO person (team, name) VALUES (1, 'old'), (1, 'older');
		INSERT INTO event VALUES (1, 1, '2020-01-01', 'old');
		INSERT INTO setting VALUES ('z', 'old');
	});
	# a sequence that was logged ahead skips numbers after a crash
	$node->safe_psql('postgres', 'CHECKPOINT');
	return;
}

my $loid = $node->safe_psql('postgres',
	'SELECT lo_from_bytea(0, pg_read_binary_file(' . quoted($source) . '))');

# "append" or "truncate" (which includes what refers to the emptied tables)
sub call
{
	my ($from, $existing) = @_;

	return "SELECT loaded FROM sq2pg_migrate(" . quoted($from) . ", 'app', 'data', "
	  . "existing => '$existing', triggers => 'disable') WHERE action = 'total'";
}

sub state_of_target
{
	return {
		content => schema_dump_of($node, 'postgres', 'app'),
		catalog => catalog_of($node, 'postgres', 'app'),
		rest => $node->safe_psql('postgres', q{
			SELECT 'runs', count(*) FROM sq2pg.runs
			UNION ALL SELECT 'rejects', count(*) FROM sq2pg.rejects
			UNION ALL SELECT 'temporary files', count(*) FROM pg_ls_tmpdir()
			UNION ALL SELECT 'large objects', count(*) FROM pg_largeobject_metadata
			UNION ALL SELECT 'locks', count(*) FROM pg_locks
				WHERE locktype = 'advisory'
				OR relation IN (SELECT oid FROM pg_class
					WHERE relnamespace = 'app'::regnamespace)}) };
}

# Starts a run, does something to it after a while; whether it came to its end.
sub interrupt
{
	my ($sql, $how, $after) = @_;
	my ($in, $out, $err) = ('', '', '');
	my $timeout = $how eq 'timeout' ? int($after * 1000) + 1 : 0;
	my $psql = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-v', 'ON_ERROR_STOP=1',
			'-c', 'SELECT pg_backend_pid()', '-c', "SET statement_timeout = $timeout",
			'-c', $sql ],
		'<', \$in, '>', \$out, '2>', \$err);

	$psql->pump until $out =~ /^(\d+)\n/ or not $psql->pumpable;
	my ($pid) = $out =~ /^(\d+)\n/ or die "no session: $err";
	if ($how ne 'timeout')
	{
		sleep $after;
		kill $how, $pid;
	}
	$psql->finish;
	if ($how eq 'KILL')
	{
		$node->poll_query_until('postgres', 'SELECT true')
		  or die 'the server did not come back';
	}
	note($err) if $err ne '';
	return $out =~ /^\d+\n\d+\n/ ? 1 : 0;
}

# A session can be killed when it has committed and not yet said so.
sub was_committed
{
	my $before = shift;

	return $node->safe_psql('postgres', q{SELECT (SELECT 'runs|' || count(*) FROM sq2pg.runs), (SELECT count(*) >= 20000 FROM app.event)})
	  eq ($before->{rest} =~ s/^runs\|(\d+).*/'runs|' . ($1 + 1) . '|t'/ser);
}

create_target();
my $before = state_of_target();

# How long it takes when nobody disturbs it.
my $started = time;
ok(interrupt(call($source, 'append'), 'timeout', 300), 'it can be done');
my $duration = time - $started;

create_target();
$before = state_of_target();

my @ways = qw(INT TERM timeout KILL);
my ($stopped, $completed, $wrong) = (0, 0, 0);
my $deadline = time + $seconds;

for (my $round = 0; $round < $rounds and time < $deadline; $round++)
{
	my $how = $ways[ $round % @ways ];
	my $from = rand() < 0.3 ? "lo:$loid" : $source;
	my $existing = rand() < 0.5 ? 'append' : 'truncate';
	my $after = rand() * $duration;

	if (interrupt(call($from, $existing), $how, $after) or was_committed($before))
	{
		$completed++;
		create_target();
		$before = state_of_target();
		next;
	}
	$stopped++;
	# a session that lost its client may need a moment
	$node->poll_query_until('postgres',
		"SELECT count(*) = 0 FROM pg_stat_activity WHERE query LIKE 'sq2pg\\_migrate:%' AND state = 'active'");
	my $state = state_of_target();
	foreach my $part (qw(content catalog rest))
	{
		next if $state->{$part} eq $before->{$part};
		$wrong++;
		is($state->{$part}, $before->{$part},
			sprintf('round %d (%s after %.3f s, %s): %s', $round, $how, $after, $existing, $part));
	}
	last if $wrong;
}
is($wrong, 0, 'whatever stopped it, all is as before');
ok($stopped >= 4, 'each way was tried');
note("stopped $stopped times, completed $completed times, in $duration seconds each");

# And it still works.
is(interrupt(call($source, 'append'), 'timeout', 300), 1, 'it can be done again');
is($node->safe_psql('postgres', 'SELECT count(*) FROM app.event'), '20001',
	'with every row');
is( $node->safe_psql('postgres',
		"SELECT count(*) FROM pg_trigger WHERE tgrelid = 'app.event'::regclass AND NOT tgisinternal AND tgenabled IN ('O', 'A')"),
	'2', 'and its triggers');

$node->stop;
done_testing();
