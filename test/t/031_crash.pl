
# What no program can prepare for, at random moments: a process that is killed,
# a server that is stopped at once, a disk that is full (of tables, temporary
# files, write-ahead log), memory that is not there. Afterwards the target is as
# it was, nothing is left anywhere, and the next run does it all.
#
# SQM_PROPERTY is "fast", "normal" or "long"; SQM_SEED says where the random
# numbers start. Disks are filled in SQM_SMALL_DISK, an empty file system of its
# own (test/run mounts one for root).

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;
use Time::HiRes qw(sleep time);

my %effort = (fast => 3, normal => 6, long => 100);
my $rounds = $effort{ $ENV{SQM_PROPERTY} // 'normal' } or die 'SQM_PROPERTY is fast, normal or long';
my $disk = $ENV{SQM_SMALL_DISK};
my $dir = PostgreSQL::Test::Utils::tempdir;
my %sources = (wal => "$dir/wal.db", journal => "$dir/journal.db");
my $rows = 60_000;

srand($ENV{SQM_SEED} // 1);

foreach my $mode (sort keys %sources)
{
	sqlite($sources{$mode}, 'PRAGMA journal_mode = ' . ($mode eq 'wal' ? 'wal' : 'delete') . qq{;
		CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, data BLOB);
		CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL REFERENCES parent (id),
			at DATETIME, amount DECIMAL(10,2), note TEXT, doc JSON);
		CREATE INDEX child_note ON child (note, parent_id);
		CREATE UNIQUE INDEX child_at ON child (at, id);
		CREATE VIEW notes AS SELECT name, note FROM parent JOIN child ON parent.id = parent_id;
		WITH RECURSIVE n (i) AS (SELECT 101 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
		INSERT INTO parent SELECT i, 'parent ' || i, zeroblob(2000 * (i % 9)) FROM n;
		INSERT INTO parent VALUES (301, 'large', randomblob(1500000));
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows)
		INSERT INTO child SELECT i, 101 + i % 200, '2024-05-06 07:08:09', i / 100.0, printf('%040d', i), '{"a": [1, ' || i || ']}' FROM n;
	});
}

# A database in which one schema is empty, and one is an application's.
sub prepare
{
	my ($node, $database) = @_;

	$node->safe_psql($database, q{
		CREATE EXTENSION IF NOT EXISTS sqlite_fdw_mig;
		CREATE SCHEMA fresh;
		CREATE SCHEMA used;
		CREATE TABLE used.parent (id bigserial PRIMARY KEY, name text NOT NULL, data bytea);
		CREATE TABLE used.child (id bigint PRIMARY KEY, parent_id bigint NOT NULL REFERENCES used.parent,
			at timestamptz, amount numeric(10,2), note text, doc jsonb, ticket bigserial);
		CREATE INDEX ON used.child (note);
		INSERT INTO used.parent (name) VALUES ('one'), ('two');
		INSERT INTO used.child VALUES (900000, 1), (900001, 2);
		CHECKPOINT;});
	return;
}

my %call = (
	'new tables' => sub { "SELECT loaded, verified FROM sq2pg_migrate('$_[0]', 'fresh') WHERE action = 'total'" },
	'tables in use' => sub { "SELECT loaded, verified FROM sq2pg_migrate('$_[0]', 'used', existing => 'append') WHERE action = 'total'" });

# All that has to be the same afterwards, the files beside the sources included.
sub state_of
{
	my ($node, $database) = @_;

	return join "\n", grep({ !/pg_toast/ } split /\n/, relations_of($node, $database)),
	  $node->safe_psql($database, q{
		SELECT * FROM used.parent ORDER BY id;
		SELECT * FROM used.child ORDER BY id;
		SELECT last_value, is_called FROM used.parent_id_seq;
		SELECT last_value, is_called FROM used.child_ticket_seq;
		SELECT conname, condeferrable, convalidated FROM pg_constraint WHERE connamespace = 'used'::regnamespace ORDER BY 1;
		SELECT count(*) FROM sq2pg.rejects;
		SELECT 'temporary files', coalesce(sum(n), 0) FROM (SELECT (SELECT count(*) FROM pg_ls_tmpdir(oid)) AS n
			FROM pg_tablespace WHERE spcname <> 'pg_global') t;
		SELECT 'locks', count(*) FROM pg_locks WHERE locktype = 'advisory';}),
	  map { my @s = stat $sources{$_}; join ' ', $_, @s[ 7, 9, 10 ], companions_of($sources{$_}) } sort keys %sources;
}

# Begins a call in a session of its own; its process, and what runs it.
sub begin_call
{
	my ($node, $database, $said, @sql) = @_;

	$$said = '';
	my $psql = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $node->connstr($database), '-v', 'VERBOSITY=verbose', '-v', 'ON_ERROR_STOP=1',
			'-c', 'SET client_min_messages = warning', '-c', q{LOAD 'sqlite_fdw_mig'}, '-c', 'SELECT pg_backend_pid()',
			map { ('-c', $_) } @sql ],
		'<', \undef, '>', $said, '2>&1', IPC::Run::timeout(120));
	$psql->pump until $$said =~ /^(\d+)\n/ or not $psql->pumpable;
	my ($pid) = $$said =~ /^(\d+)\n/ or die "no session: $$said";
	return ($psql, $pid);
}

sub is_complete
{
	my $said = shift;

	return $said =~ /^@{[ $rows + 201 ]}\|t$/m ? 1 : 0;
}

# After a call that failed all is as before; after one that did not, we make it so.
sub is_undone
{
	my ($node, $database, $before, $said, $name) = @_;

	if (is_complete($said))
	{
		$node->safe_psql($database, 'SET client_min_messages = error; DROP SCHEMA fresh, used CASCADE; DELETE FROM sq2pg.runs; DELETE FROM sq2pg.rejects');
		prepare($node, $database);
	}
	my $after = state_of($node, $database);
	ok($after eq $before, "$name: as before") or is($after, $before, $name);
	return;
}

# And then it works, in both ways.
sub works
{
	my ($node, $database, $name) = @_;

	foreach my $what (sort keys %call)
	{
		my $said = $node->safe_psql($database, 'SET client_min_messages = error; BEGIN; ' . $call{$what}->($sources{wal}) . '; ROLLBACK');
		ok(is_complete($said), "$name: and then a run succeeds ($what)") or diag($said);
	}
	return;
}

# How long the calls take when nothing happens
sub durations
{
	my ($node, $database) = @_;
	my %duration;

	foreach my $what (sort keys %call)
	{
		my $begin = time;

		$node->safe_psql($database, 'SET client_min_messages = error; BEGIN; ' . $call{$what}->($sources{journal}) . '; ROLLBACK');
		$duration{$what} = time - $begin;
	}
	return %duration;
}

my @whats = sort keys %call;

# ---- Killed processes, and a server that is stopped at once

my $node = start_server('crash');
$node->append_conf('postgresql.conf', "restart_after_crash = on\nmin_parallel_table_scan_size = 0");
$node->restart;
prepare($node, 'postgres');
my $before = state_of($node, 'postgres');
my %duration = durations($node, 'postgres');
my %killed;

foreach my $round (1 .. $rounds)
{
	my $what = $whats[ int rand 2 ];
	my $how = (qw(backend worker stop))[ $round % 3 ];
	my $source = $sources{ (sort keys %sources)[ int rand 2 ] };
	my $said;

	$what = 'new tables' if $how eq 'worker';    # where there are some
	my $after = rand() * $duration{$what};
	my ($psql, $pid) = begin_call($node, 'postgres', \$said, $call{$what}->($source));
	if ($how eq 'worker')
	{
		# the first that comes
		my $begin = time;
		my $worker = '';

		while ($worker eq '' and time - $begin < 10 and $psql->pumpable)
		{
			$worker = $node->safe_psql('postgres', "SELECT min(pid) FROM pg_stat_activity WHERE leader_pid = $pid");
			$psql->pump_nb;
		}
		sleep rand() * 0.1;
		kill 'KILL', $worker if $worker ne '' and ++$killed{worker};
	}
	else
	{
		sleep $after;
	}
	kill 'KILL', $pid if $how eq 'backend';
	$node->stop('immediate') if $how eq 'stop';
	$psql->finish;
	$node->start if $how eq 'stop';
	$killed{$how}++ if $how ne 'worker' and not is_complete($said);
	$node->poll_query_until('postgres', 'SELECT true') or die 'the server did not come back';
	is_undone($node, 'postgres', $before, $said, sprintf '%d: %s, %s after %.2f s', $round, $what, $how, $after);
}
note("killed: $_, $killed{$_} times") foreach sort keys %killed;
cmp_ok(scalar(keys %killed), '==', 3, 'backends, workers and servers were killed');
works($node, 'postgres', 'killed');

# What PostgreSQL does not remove after a crash, and never did: files of tables
# whose transaction had not ended.
note('files of unfinished tables: ' . $node->safe_psql('postgres', q{
	SELECT count(*) FROM pg_database d, pg_ls_dir('base/' || d.oid) f
	WHERE datname = current_database() AND f ~ '^\d+$'
	AND NOT EXISTS (SELECT FROM pg_class WHERE pg_relation_filenode(oid) = f::oid)}));

# ---- No memory

my ($refused, $succeeded) = (0, 0);

# the address space that a process has, in kB
sub size_of
{
	open my $status, '<', "/proc/$_[0]/status" or return 0;
	local $/;
	return (<$status> =~ /^VmSize:\s+(\d+) kB/m)[0] // 0;
}

SKIP:
{
	skip 'prlimit is missing', 1 if system('prlimit --version >/dev/null 2>&1') != 0;

	my $postmaster = (split /\n/, slurp_bytes($node->data_dir . '/postmaster.pid'))[0];

	foreach my $round (1 .. $rounds + 2)
	{
		my $what = $whats[ int rand 2 ];
		my $source = $sources{ (sort keys %sources)[ int rand 2 ] };
		my $room = $round == 1 ? 500 : int(rand() * rand() * 100000) + 200;
		my $all = $round % 4 == 0;
		my $said;

		# every fourth time the server as a whole, with its workers
		if ($all)
		{
			$room += 20000;
			my $limit = 1024 * (size_of($postmaster) + $room);
			system('prlimit', '--pid', $postmaster, "--as=$limit:") == 0 or die 'prlimit';
		}
		my ($psql, $pid) = eval { begin_call($node, 'postgres', \$said, 'SELECT pg_sleep(0.3)', $call{$what}->($source)) };
		if ($psql)
		{
			system('prlimit', '--pid', $pid, '--as=' . 1024 * (size_of($pid) + $room) . ':') if not $all;
			$psql->finish;
		}
		system('prlimit', '--pid', $postmaster, '--as=unlimited:') == 0 or die 'prlimit' if $all;
		is_complete($said) ? $succeeded++ : $refused++;
		# (a new process may not even have what the library needs)
		like($said, qr/(?:ERROR|FATAL):  53200: |failed to map|cannot allocate memory|\|t$/mi, "memory, $round: $what with $room kB") or diag($said);
		is_undone($node, 'postgres', $before, $said, "memory, $round: $what");
	}
	note("memory: refused $refused, succeeded $succeeded");
	cmp_ok($refused, '>', 0, 'memory: it was too little');
	works($node, 'postgres', 'memory');
}
unlike(slurp_bytes($node->logfile), qr/PANIC|terminated by signal (?!9:)/, 'no process crashed by itself');
$node->stop;

# ---- No space

# Leaves so many kB in the small file system.
sub leave
{
	my $room = shift;
	my ($free) = `df --output=avail -k '$disk'` =~ /(\d+)\s*$/;

	system('fallocate', '-l', ($free - $room) . 'k', "$disk/filler") == 0 or die 'fallocate' if $free > $room;
	return;
}

SKIP:
{
	skip 'no SQM_SMALL_DISK: root can mount one', 1 unless defined $disk && -d $disk;
	my %full;

	# tables: all of a database lies there, and the copy of the source goes there
	mkdir "$disk/$_" foreach qw(tables temporary);
	$node = PostgreSQL::Test::Cluster->new('full');
	$node->init(extra => [ '-E', 'UTF8', '--locale=C' ]);
	$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
	$node->start;
	$node->safe_psql('postgres', "CREATE TABLESPACE small LOCATION '$disk/tables'");
	$node->safe_psql('postgres', "CREATE TABLESPACE temporary LOCATION '$disk/temporary'");
	$node->safe_psql('postgres', 'CREATE DATABASE small TABLESPACE small');
	foreach my $database (qw(small postgres))
	{
		$node->safe_psql($database, 'CREATE EXTENSION sqlite_fdw_mig');
		prepare($node, $database);
		my $state = state_of($node, $database);

		foreach my $round (1 .. $rounds)
		{
			my $what = $whats[ int rand 2 ];
			my $source = $sources{ (sort keys %sources)[ int rand 2 ] };
			# the first time certainly too little
			my $room = $round == 1 ? 500 : int(rand() * ($database eq 'small' ? 40000 : 8000));
			my $said;

			# the other database: only what is sorted comes to the small disk
			$what = 'new tables' if $database eq 'postgres';
			leave($room);
			my ($psql) = begin_call($node, $database, \$said,
				$database eq 'postgres' ? ('SET temp_tablespaces = temporary', "SET maintenance_work_mem = '1MB'", 'SET work_mem = 64') : (),
				$call{$what}->($source));
			$psql->finish;
			unlink "$disk/filler";
			$full{$database}++ if not is_complete($said);
			like($said, qr/ERROR:  53100: |\|t$/m, "full disk, $database, $round: $what with $room kB") or diag($said);
			is_undone($node, $database, $state, $said, "full disk, $database, $round: $what");
			# files of dropped tables go, and dead rows of catalogs
			$node->safe_psql($database, 'CHECKPOINT');
			$node->safe_psql($database, 'VACUUM') if $round % 10 == 0;
		}
		works($node, $database, "full disk, $database");
	}
	cmp_ok($full{small} // 0, '>', 0, 'the disk of the tables was full');
	cmp_ok($full{postgres} // 0, '>', 0, 'the disk of temporary files was full');
	unlike(slurp_bytes($node->logfile), qr/PANIC|terminated by signal/, 'full disk: no process crashed');
	note("full: $_, $full{$_} of $rounds times") foreach sort keys %full;
	$node->stop;
	system('rm', '-rf', glob "$disk/*");

	# the log: the server stops, which is PostgreSQL's own way, and comes back
	# when there is space
	$node = PostgreSQL::Test::Cluster->new('full_log');
	$node->init(extra => [ '-E', 'UTF8', '--locale=C', "--waldir=$disk/log", '--wal-segsize=1' ]);
	$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nmax_wal_size = 500MB\nrestart_after_crash = off");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION sqlite_fdw_mig');
	prepare($node, 'postgres');
	my $state = state_of($node, 'postgres');
	my $lost = 0;

	foreach my $round (1 .. ($rounds > 9 ? $rounds / 4 : 3))
	{
		my $what = $whats[ $round % 2 ];
		my $room = $round == 1 ? 500 : int(rand() * 12000);
		my $said;

		leave($room);
		my ($psql) = begin_call($node, 'postgres', \$said, $call{$what}->($sources{wal}));
		$psql->finish;
		unlink "$disk/filler";
		if (not is_complete($said))
		{
			$lost++;
			$node->stop('immediate', fail_ok => 1);
			$node->start;
		}
		is_undone($node, 'postgres', $state, $said, "full log, $round: $what with $room kB");
		$node->safe_psql('postgres', 'CHECKPOINT');
	}
	cmp_ok($lost, '>', 0, "full log: the server stopped ($lost times)");
	like(slurp_bytes($node->logfile), qr/PANIC:  could not write to file "pg_wal.*No space left on device|PANIC:.*pg_wal.*No space left/, 'full log: for this reason');
	works($node, 'postgres', 'full log');
	$node->stop;
	# looked at; a PANIC in any other log is a failure of its own (test/run)
	unlink $node->logfile if Test::More->builder->is_passing;
	system('rm', '-rf', glob "$disk/*");
}
done_testing();
