
# Applications write all the time: before a migration, while its workers start,
# and after it. Every transaction of theirs moves something from one table to
# another and writes that down in a third, so what arrived must add up, over all
# tables. The applications never wait longer than a second, and no file appears.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;
use Time::HiRes qw(usleep);

my $rows = 60_000;
my $long = ($ENV{SQM_PROPERTY} // '') eq 'long';
my $rounds = $long ? 60 : 5;

my $node = start_server('writers');
my $dir = PostgreSQL::Test::Utils::tempdir;

# Processes of their own, which know nothing of us.
my $application = application_script();

plan skip_all => 'no python3 with sqlite3'
  if system('python3 -c "import sqlite3" >/dev/null 2>&1') != 0;

my $check = q{
	SELECT (SELECT sum(v) FROM %1$s.a) + (SELECT sum(v) FROM %1$s.b),
		(SELECT sum(v) FROM %1$s.b) - (SELECT coalesce(sum(n), 0) FROM %1$s.moved),
		(SELECT count(*) FROM %1$s.a) + (SELECT count(*) FROM %1$s.b),
		(SELECT count(*) = coalesce(max(id), 0) FROM %1$s.moved)};

sub files
{
	my ($where) = @_;

	opendir my $handle, $where or die "opendir: $!";
	return join ' ', sort grep { !/^\./ } readdir $handle;
}

foreach my $mode ($long ? qw(wal delete truncate persist) : qw(wal delete))
{
	my $home = "$dir/$mode";
	my $file = "$home/app.db";
	my @running;

	mkdir $home or die "mkdir: $!";
	sqlite($file, qq{
		PRAGMA journal_mode = $mode;
		CREATE TABLE a (id INTEGER PRIMARY KEY, v INTEGER NOT NULL, filler TEXT);
		CREATE TABLE b (id INTEGER PRIMARY KEY, v INTEGER NOT NULL, filler TEXT);
		CREATE TABLE moved (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows)
		INSERT INTO a SELECT i, 1000, printf('%040d', i) FROM n;
		INSERT INTO b SELECT id, v, filler FROM a;});
	foreach my $number (1, 2)
	{
		my ($in, $out) = ('', '');

		push @running, IPC::Run::start(
			[ 'python3', $application, $file, $mode, "$dir/$mode.stop",
				"$dir/$mode.$number", $number, $rows ],
			'<', \$in, '>&', \$out);
	}
	usleep(300_000);

	my ($wrong, $moved, $failed) = (0, 0, '');

	foreach my $round (1 .. $rounds)
	{
		my $schema = "${mode}_$round";
		my ($out, $err) = ('', '');
		my $workers = (0, 2, 4)[$round % 3];

		$node->psql(
			'postgres', "SET client_min_messages = warning;
			SET sqlite_fdw_mig.workers = $workers;
			CREATE SCHEMA $schema;
			SELECT verified FROM sq2pg_migrate('$file', '$schema') WHERE action = 'total';"
			  . sprintf($check, $schema)
			  . "; SELECT count(*) FROM $schema.moved; DROP SCHEMA $schema CASCADE",
			stdout => \$out,
			stderr => \$err);
		my @lines = split /\n/, $out;

		$failed .= $err;
		$wrong++
		  if @lines != 3
		  or $lines[0] ne 't'
		  or $lines[1] ne
		  join('|', $rows * 2000, $rows * 1000, $rows * 2, 't');
		$failed .= "$out\n" if $wrong;
		$moved = $lines[2] if @lines == 3;
	}
	is($wrong, 0, "$mode: every one of $rounds migrations saw one moment")
	  or diag($failed);
	cmp_ok($moved, '>', 0, "$mode: and the applications had written");
	like(files($home),
		$mode eq 'wal' ? qr/^app\.db( app\.db-shm app\.db-wal)?$/
		: qr/^app\.db( app\.db-journal)?$/,
		"$mode: no file appeared");

	# A transaction that stays open keeps nobody waiting either.
	my $session = $node->background_psql('postgres');
	$session->query_safe("SET client_min_messages = warning");
	$session->query_safe("CREATE SCHEMA open_$mode");
	$session->query_safe(
		"BEGIN; SELECT count(*) FROM sq2pg_migrate('$file', target_schema => 'open_$mode')");
	usleep(1_500_000);
	$session->query_safe('COMMIT');
	$session->quit;
	write_bytes("$dir/$mode.stop", '');
	$_->finish foreach @running;
	foreach my $number (1, 2)
	{
		my ($count, $errors, $longest, $what) =
		  split / /, slurp_bytes("$dir/$mode.$number"), 4;

		cmp_ok($count, '>', 10, "$mode: application $number worked");
		is($errors, 0, "$mode: application $number met no error")
		  or diag($what);
		note("$mode: application $number: $count transactions, the longest took $longest s");
	}
	is(sqlite("$file", 'PRAGMA integrity_check'), 'ok', "$mode: the file is whole");
}

$node->stop;
done_testing();
