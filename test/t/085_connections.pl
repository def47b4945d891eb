
# How long a session keeps a SQLite database open, and that it disturbs nobody.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

plan skip_all => 'needs /proc' unless -d '/proc/self/fd';

my $node = start_server('connections');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $file = "$dir/app.db";

sqlite($file, 'CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, \'a\')');
$node->safe_psql('postgres',
	"CREATE SERVER app FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database "
	  . quoted($file) . "); CREATE FOREIGN TABLE t (id bigint, v text) SERVER app");

# Runs statements in one session; "OPEN" among them asks whether it has the
# file open, anything else in a line of its own that begins with ! is a program.
sub session
{
	my @lines = @_;
	my $script = "SELECT pg_backend_pid() AS pid \\gset\n\\setenv BACKEND :pid\n";

	foreach my $line (@lines)
	{
		if ($line eq 'OPEN')
		{
			$script .= "\\! ls -l /proc/\$BACKEND/fd | grep -c 'app.db\$'\n";
		}
		elsif ($line =~ /^!(.*)/) { $script .= "\\! $1\n" }
		else { $script .= "$line;\n" }
	}
	return join(' ', split /\n/, $node->safe_psql('postgres', $script));
}

my $insert = "sqlite3 $file \"INSERT INTO t (v) VALUES ('x')\"";

is(session('SELECT count(*) FROM t', 'OPEN', 'SELECT sq2pg_disconnect()', 'OPEN'),
	'1 1  0', 'kept after a transaction, closed on demand');
is(session("SET sqlite_fdw_mig.allowed_directories = '$dir'", 'SELECT count(*) FROM t', 'OPEN'),
	'1 1', 'kept in an open folder, too, by an owner who may read every file');
is(session('SELECT count(*) FROM t', "!$insert", 'SELECT count(*) FROM t', 'OPEN'),
	'1 2 1', 'an idle connection keeps nobody from writing, and sees what was written');
is(session('BEGIN', 'SELECT count(*) FROM t', 'SELECT sq2pg_disconnect()', 'OPEN', 'COMMIT', 'OPEN'),
	'2  1 0', 'what a transaction uses is closed at its end');
is(session('SELECT count(*) FROM t', 'ALTER SERVER app OPTIONS (ADD time_zone \'UTC\')', 'OPEN'),
	'2 0', 'closed when the server is altered');
is(session('SELECT count(*) FROM t', 'BEGIN', 'DROP SERVER app CASCADE', 'ROLLBACK', 'OPEN'),
	'2 0', 'closed when the server is dropped, even if that is undone');
is(session('ALTER SERVER app OPTIONS (ADD keep_connections \'off\')', 'SELECT count(*) FROM t', 'OPEN',
		'ALTER SERVER app OPTIONS (SET keep_connections \'on\')'),
	'2 0', 'not kept if the server says so');

# Another file of that name
is( session(
		'SELECT count(*) FROM t',
		"!sqlite3 $dir/other.db \"CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)\" && mv $dir/other.db $file",
		'SELECT count(*) FROM t', 'OPEN'),
	'2 0 1', 'a file that took the place of another is opened anew');

# After an error
is( session(
		'DO $$ BEGIN PERFORM 1 / id FROM t; PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END $$',
		"!$insert", 'SELECT count(*) FROM t'),
	'1', 'an error leaves no lock behind');

# WAL mode: an idle session must not keep the log from being removed
is( session(
		'SELECT count(*) FROM t',
		"!sqlite3 $file 'PRAGMA journal_mode = wal' 'SELECT count(*) FROM t'",
		'SELECT count(*) FROM t', 'OPEN', "!$insert", 'SELECT count(*) FROM t'),
	'1 wal 1 1 0 2', 'not kept in WAL mode');
is(join(' ', companions_of($file)), '', 'nothing is left beside the database');

# A snapshot: what others commit in the meantime is not seen
is( session(
		"!sqlite3 $file 'PRAGMA journal_mode = delete'",
		'BEGIN ISOLATION LEVEL READ COMMITTED', 'SELECT count(*) FROM t',
		"!sqlite3 $file 'PRAGMA busy_timeout = 1' \"INSERT INTO t (v) VALUES ('y')\" 2>&1 | grep -o 'database is locked'",
		'SELECT count(*) FROM t', 'COMMIT', "!$insert", 'SELECT count(*) FROM t'),
	'delete 2 database is locked 2 3', 'one moment for the whole transaction');

done_testing();
