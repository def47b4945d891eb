
# The hash of the source in sq2pg.runs: what sha256sum says of the file, or the
# reason why that would say nothing. To compute it disturbs nobody, and a cancel
# ends it.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;
use Time::HiRes qw(time);

my $node = start_server('hash');
my $dir = PostgreSQL::Test::Utils::tempdir;

sub make_database
{
	my ($name, $mode) = @_;
	my $file = "$dir/$name.db";

	sqlite($file, qq{
		PRAGMA journal_mode = $mode;
		CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT);
		INSERT INTO t (x) VALUES ('one'), ('two'), ('three');});
	return $file;
}

# What a rehearsal writes down about a file: hash or nothing, and the note.
sub recorded
{
	my $file = shift;

	return $node->safe_psql('postgres',
		"CREATE TEMPORARY TABLE r AS SELECT * FROM sq2pg_migrate("
		  . quoted($file) . ", target_schema => 'public', dry_run => true);"
		  . "SELECT coalesce(source_facts->>'sha256', 'none') || ' '
			|| coalesce(source_facts->>'sha256_note', '-')
			FROM sq2pg.runs ORDER BY run DESC LIMIT 1");
}

# Tries to write; the answer is empty if it could.
sub write_row
{
	my $file = shift;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'sqlite3', '-batch', $file ],
		'<', \"INSERT INTO t (x) VALUES ('new');", '>', \$out, '2>', \$err);
	return $err;
}

foreach my $mode (qw(delete wal))
{
	my $file = make_database("idle_$mode", $mode);

	is(recorded($file), sha256_hex(slurp_bytes($file)) . ' -',
		"$mode, idle: as sha256sum says");
	is_deeply([ companions_of($file) ], [], "$mode, idle: nothing beside it");
}

# An application has it open, and the log holds a part of the content.

my $file = make_database('live', 'wal');
my ($in, $out) = ('', '');
my $app = IPC::Run::start([ 'sqlite3', '-batch', $file ],
	'<', \$in, '>', \$out, '2>&1', IPC::Run::timeout(60));
$in .= "INSERT INTO t (x) VALUES ('in the log');\n.print done\n";
$app->pump until $out =~ /done/;
like(recorded($file), qr/^none .*-wal/, 'wal, live: none, and the reason');
$app->finish;
is(recorded($file), sha256_hex(slurp_bytes($file)) . ' -',
	'wal: one when nobody has it open any more');

# The hash is that of what was read, not of what the file has become.

$file = make_database('moving', 'delete');
my $before = sha256_hex(slurp_bytes($file));
my $session = $node->background_psql('postgres');
$session->query_safe("BEGIN; SELECT count(*) FROM sq2pg_check('$file')");
is(write_row($file), '', 'copy: the application writes meanwhile');
is(answer_of($session, "SELECT sq2pg.source_facts('$file')->>'sha256'"),
	$before, 'copy: the hash of its own moment');
isnt(sha256_hex(slurp_bytes($file)), $before, 'copy: the file has another');
$session->query_safe('ROLLBACK');

# Read in place, SQLite's lock must survive that the file was read once more:
# with the lock gone the application would write under our feet.

$session->query_safe("BEGIN; SET LOCAL sqlite_fdw_mig.read_in_place = on");
$session->query_safe("SELECT count(*) FROM sq2pg_check('$file')");
is(answer_of($session, "SELECT sq2pg.source_facts('$file')->>'sha256'"),
	sha256_hex(slurp_bytes($file)), 'in place: as sha256sum says');
like(write_row($file), qr/locked/, 'in place: the lock is still held');
$session->query_safe('ROLLBACK');
is(write_row($file), '', 'in place: and given back at the end');
$session->quit;

# A table that workers load: the leader computes the hash meanwhile, in the
# middle of a subtransaction, and of a file that is longer than the table.

foreach my $mode (qw(delete wal))
{
	$file = make_database("large_$mode", $mode);
	sqlite($file, q{
		INSERT INTO t (x) SELECT 'text ' || value FROM generate_series(1, 120000);
		CREATE TABLE after (id INTEGER PRIMARY KEY, x BLOB);
		INSERT INTO after (x) SELECT randomblob(1000000) FROM generate_series(1, 20);});
	my $found = $node->safe_psql('postgres', "SET sqlite_fdw_mig.read_in_place = on;
		CREATE SCHEMA large_$mode;
		CREATE TEMPORARY TABLE r AS SELECT * FROM sq2pg_migrate('$file', target_schema => 'large_$mode');
		SELECT coalesce(notes, '') LIKE '%one process%' FROM r WHERE table_name = 't';
		SELECT source_facts->>'sha256' FROM sq2pg.runs ORDER BY run DESC LIMIT 1");
	is($found, "f\n" . sha256_hex(slurp_bytes($file)), "$mode, workers: as sha256sum says");
}

# A file of some gigabytes, most of them a hole: cancelled while it is hashed.

$file = make_database('big', 'wal');
truncate $file, 8 * 1024**3 or die "truncate: $!";
my $start = time;
my ($state) = error_of($node, 'postgres',
	"SET statement_timeout = '700ms'; SELECT sq2pg.source_facts('$file')");
is($state, '57014', 'big: cancelled');
cmp_ok(time - $start, '<', 5, 'big: without delay');
unlink $file;

$node->stop;
done_testing();
