
# Applications of another operating system user: the server may read their
# files, by its group or as everybody may, and write none of them, nor into
# their directories. They work on, no file appears, and what arrives is one
# committed moment, or an error that says why not.

use strict;
use warnings;

use File::Copy qw(copy);
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;
use Time::HiRes qw(usleep);

my $place = $ENV{SQM_OTHER_USER}
  // plan skip_all => 'no application of another user: test/run starts it for root';
plan skip_all => 'no python3 with sqlite3'
  if system('python3 -c "import sqlite3" >/dev/null 2>&1') != 0;

my $rows = 20_000;
my $rounds = ($ENV{SQM_PROPERTY} // '') eq 'long' ? 40 : 3;
my $asked = 0;
my $node = start_server('other_user');

copy(application_script(), "$place/inbox/application.py") or die "copy: $!";
chmod 0644, "$place/inbox/application.py";

# Lets the other user begin a script; returns its name.
sub begin_as_other
{
	my ($script) = @_;
	my $name = 'script' . ++$asked;

	write_bytes("$place/inbox/$name", "set -e\n$script\n");
	chmod 0644, "$place/inbox/$name";
	open my $ask, '>', "$place/ask" or die "open: $!";
	print $ask "$name\n";
	close $ask;
	return $name;
}

# What it wrote, when it is done.
sub end_of
{
	my ($name) = @_;

	for (1 .. 600)
	{
		last if -e "$place/app/$name.rc";
		usleep(50_000);
	}
	my $out = -e "$place/app/$name.out" ? slurp_bytes("$place/app/$name.out") : '';
	return "does not end: $out" unless -e "$place/app/$name.rc";
	return slurp_bytes("$place/app/$name.rc") == 0 ? $out : "failed: $out";
}

sub as_other { return end_of(begin_as_other($_[0])) }

sub files
{
	my ($where) = @_;

	opendir my $handle, $where or return 'closed';
	return join ' ', grep { /\.db/ } sort readdir $handle;
}

# What lies there with all that could be changed about it, but for the memory
# that readers note themselves in, if they may.
sub state_of
{
	my ($where) = @_;

	return join "\n", map {
		my @stat = stat "$where/$_";
		"$_ @stat[1, 2, 4, 5, 7, 9] " . (/-shm$/ ? '' : slurp_bytes("$where/$_"))
	} split / /, files($where);
}

sub migrated
{
	my ($file, $schema, $workers) = @_;
	my ($out, $err) = ('', '');

	$node->psql('postgres', qq{
		SET client_min_messages = warning;
		SET sqlite_fdw_mig.workers = $workers;
		CREATE SCHEMA $schema;
		SELECT loaded || ' ' || verified FROM sq2pg_migrate('$file', '$schema') WHERE action = 'total'},
		stdout => \$out,
		stderr => \$err,
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	return $out ne '' ? $out : $err;
}

my $sums = q{
	SELECT (SELECT sum(v) FROM %1$s.a) + (SELECT sum(v) FROM %1$s.b),
		(SELECT sum(v) FROM %1$s.b) - (SELECT coalesce(sum(n), 0) FROM %1$s.moved)};

my %umasks = (app => '022', group => '027');
my $right = join '|', $rows * 2000, $rows * 1000;

isnt((stat "$place/app")[4], $>, 'the applications are of another user');
ok(!-w "$place/app" && !-w "$place/group", 'the server may not write there');

# Two that write without a pause, before, during and after.

foreach my $who (qw(app group))
{
	foreach my $mode (qw(wal delete))
	{
		my $home = "$place/$who";
		my $file = "$home/$mode.db";
		my ($wrong, $failed) = (0, '');

		is( as_other(qq{
			umask $umasks{$who}
			sqlite3 -bail '$file' <<'SQL' >/dev/null
			PRAGMA journal_mode = $mode;
			CREATE TABLE a (id INTEGER PRIMARY KEY, v INTEGER NOT NULL, filler TEXT);
			CREATE TABLE b (id INTEGER PRIMARY KEY, v INTEGER NOT NULL, filler TEXT);
			CREATE TABLE moved (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows)
			INSERT INTO a SELECT i, 1000, printf('%040d', i) FROM n;
			INSERT INTO b SELECT id, v, filler FROM a;
SQL}), '', "$who, $mode: made");
		ok(-r $file && !-w $file, "$who, $mode: the server may read it, no more");

		my @running = map {
			begin_as_other(qq{umask $umasks{$who}
			python3 '$place/inbox/application.py' '$file' $mode '$place/app/$who.$mode.stop' '$place/app/$who.$mode.$_' $_ $rows
			chmod 644 '$place/app/$who.$mode.$_'})
		} (1, 2);
		usleep(400_000);
		foreach my $round (1 .. $rounds)
		{
			my $schema = "${who}_${mode}_$round";
			my $got = migrated($file, $schema, (0, 2)[$round % 2]);
			my $sum = $got =~ /true$/ ? $node->safe_psql('postgres', sprintf($sums, $schema)) : '';

			next if $sum eq $right;
			$wrong++;
			$failed .= "$got\n$sum\n";
		}
		is($wrong, 0, "$who, $mode: $rounds migrations, each of one moment") or diag($failed);
		like(files($home), qr/^([a-z]+\.db ?)*$mode\.db( $mode\.db-(shm|wal|journal))*( |$)/, "$who, $mode: no file appeared");
		is(as_other("touch '$place/app/$who.$mode.stop'"), '', "$who, $mode: told to stop");
		foreach my $number (1, 2)
		{
			is(end_of($running[ $number - 1 ]), '', "$who, $mode: application $number came to its end");
			my ($count, $errors, $longest, $what) = split / /, slurp_bytes("$place/app/$who.$mode.$number"), 4;

			cmp_ok($count, '>', 10, "$who, $mode: application $number worked");
			is($errors, 0, "$who, $mode: application $number met no error") or diag($what);
		}
		is(as_other("sqlite3 '$file' 'PRAGMA integrity_check'"), "ok\n", "$who, $mode: the file is whole");

		# nobody has it open
		my $before = state_of($home);
		like(migrated($file, "${who}_${mode}_idle", 2), qr/true$/, "$who, $mode: idle");
		is(state_of($home), $before, "$who, $mode: idle: all is as it was");
	}
}

# It was killed: its log holds the newest rows, its journal the old ones.

is( as_other(qq{
	exec 2>/dev/null
	cd '$place/app'
	printf '%s\n' "PRAGMA journal_mode = wal;" "CREATE TABLE t (x);" "INSERT INTO t VALUES (1), (2);" ".shell kill -9 \\\$PPID" | sqlite3 killed.db >/dev/null 2>&1 || true
	printf '%s\n' "CREATE TABLE t (x);" "INSERT INTO t VALUES (1), (2);" "PRAGMA cache_size = 1;" "BEGIN;" \\
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT printf('%0100d', i) FROM n;" \\
		".shell kill -9 \\\$PPID" | sqlite3 hot.db >/dev/null 2>&1 || true
	cp killed.db half.db; cp killed.db-wal half.db-wal}), '', 'killed');
like(files("$place/app"), qr/hot\.db hot\.db-journal.*killed\.db killed\.db-shm killed\.db-wal/, 'killed: logs are left');

my $before = state_of("$place/app");

like(migrated("$place/app/killed.db", 'killed', 0), qr/^2 true$/, 'a log that was left: all of it');
like(migrated("$place/app/hot.db", 'hot', 0), qr/ERROR:  [0-9A-Z]{5}: .*HINT: /s, 'a hot journal: refused');
like(migrated("$place/app/half.db", 'half', 0), qr/ERROR:  HV00N: .*HINT: /s, 'a log without its index: refused');
is(state_of("$place/app"), $before, 'killed: all is as it was');
is(as_other("cd '$place/app'; sqlite3 hot.db 'SELECT count(*) FROM t'; sqlite3 killed.db 'SELECT count(*) FROM t'"),
	"2\n2\n", 'killed: their user finds what it had');

# What the server may not read

is( as_other(qq{
	sqlite3 '$place/closed/in.db' 'CREATE TABLE t (x)'
	sqlite3 '$place/app/mine.db' 'CREATE TABLE t (x)'; chmod 600 '$place/app/mine.db'
	sqlite3 '$place/app/part.db' 'PRAGMA journal_mode = wal; CREATE TABLE t (x); INSERT INTO t VALUES (1)' \\
		'.shell cp part.db half_closed.db; cp part.db-wal half_closed.db-wal; cp part.db-shm half_closed.db-shm; chmod 600 half_closed.db-*' >/dev/null}),
	'', 'closed: made');
like(migrated("$place/closed/in.db", 'closed_1', 0), qr/ERROR:  HV00N: .*Permission denied\n(DETAIL:  .*\n)?HINT: /, 'a directory that is closed');
like(migrated("$place/app/mine.db", 'closed_2', 0), qr/ERROR:  HV00N: .*Permission denied\n(DETAIL:  .*\n)?HINT: /, 'a file that is closed');
like(migrated("$place/app/half_closed.db", 'closed_3', 0), qr/ERROR:  HV00N: could not open ".*half_closed\.db-(wal|shm)": Permission denied\nHINT: /, 'a log that is closed');

$node->stop;
done_testing();
