
# An application that has the database open keeps working while it is migrated,
# and a database that one has left behind is read completely or not at all. In
# either case nothing beside the database is made, changed or removed.

use strict;
use warnings;

use File::Copy qw(copy);
use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('live');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $next_schema = 1;

# An application: a sqlite3 program that stays, to be told what to do.
sub start_application
{
	my $file = shift;
	my %app = (in => '', out => '');

	$app{run} = IPC::Run::start([ 'sqlite3', '-batch', $file ],
		'<', \$app{in}, '>', \$app{out}, '2>&1',
		IPC::Run::timeout(60));
	return \%app;
}

# Tells it, and returns what it answers.
sub ask
{
	my ($app, $sql) = @_;

	$app->{out} = '';
	$app->{in} .= "$sql\n.print done\n";
	$app->{run}->pump until $app->{out} =~ /^done$/m;
	my ($answer) = $app->{out} =~ /(.*?)\n?^done$/ms;
	return $answer;
}

sub stop_application
{
	my $app = shift;

	$app->{run}->finish;
	return;
}

# Without a chance to clean up.
sub crash_application
{
	my $app = shift;

	# gone, and its locks with it
	$app->{run}->signal('KILL');
	$app->{run}->finish;
	return;
}

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

# What lies beside a database, with its content, -shm by name alone: it is the
# memory in which readers note that they read.
sub beside
{
	my $file = shift;

	return { map { $_ => /-shm$/ ? '' : slurp_bytes($_) } companions_of($file) };
}

# Migrates into a schema of its own; the rows that arrived, or the error.
sub rows_migrated
{
	my $file = shift;
	my $schema = 's' . $next_schema++;
	my ($out, $err) = ('', '');

	$node->safe_psql('postgres', "CREATE SCHEMA $schema");
	my $status = $node->psql(
		'postgres',
		"SELECT loaded || ' ' || verified FROM sq2pg_migrate("
		  . quoted($file)
		  . ", target_schema => '$schema') WHERE action = 'total'",
		stdout => \$out,
		stderr => \$err,
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	return $status == 0 ? $out : $err;
}

# WAL: readers and a writer do not wait for each other.

my $file = make_database('wal', 'wal');
my $app = start_application($file);
ask($app, "INSERT INTO t (x) VALUES ('four');");
ask($app, "BEGIN IMMEDIATE; INSERT INTO t (x) VALUES ('five');");
is_deeply([ companions_of($file) ], [ "$file-wal", "$file-shm" ],
	'wal: the application has its files');
my $before = beside($file);
is(rows_migrated($file), '4 true', 'wal: committed rows, and only those');
is_deeply(beside($file), $before, 'wal: its files are as they were');
is(ask($app, 'COMMIT; SELECT count(*) FROM t;'), '5', 'wal: it commits');

my $session = $node->background_psql('postgres');
$session->query_safe("SET client_min_messages = warning");
$session->query_safe("CREATE SCHEMA open_wal");
$session->query_safe(
	"BEGIN; SELECT * FROM sq2pg_migrate('$file', target_schema => 'open_wal');");
is(ask($app, "INSERT INTO t (x) VALUES ('six'); SELECT count(*) FROM t;"),
	'6', 'wal: it writes while the migration is not yet committed');
$session->query_safe('COMMIT');
is($node->safe_psql('postgres', 'SELECT count(*) FROM open_wal.t'),
	'5', 'wal: which has the rows of its own moment');
is(rows_migrated($file), '6 true', 'wal: the next one has the new row');

# It dies, and leaves committed rows in the log.

crash_application($app);
$before = beside($file);
is(scalar(keys %$before), 2, 'crashed: log and index are left');
is(rows_migrated($file), '6 true', 'crashed: all committed rows');
is_deeply(beside($file), $before, 'crashed: log and index are as they were');

# Somebody copied database and log, but not the index: to read the log would
# be to write one.

my $copy = "$dir/half_copied.db";
copy($file, $copy) or die "copy: $!";
copy("$file-wal", "$copy-wal") or die "copy: $!";
$before = beside($copy);
like(rows_migrated($copy), qr/ERROR:  HV00N: .*write-ahead log/,
	'log without index: refused');
is_deeply(beside($copy), $before, 'log without index: as it was');

# Damaged on the way: SQLite would take the first frame that is not whole for
# the end of the log, and be silent about what was committed behind it.

# The database with its log and index, the log changed
sub copy_with_log
{
	my ($name, $change) = @_;
	my $to = "$dir/$name.db";
	my $log = slurp_bytes("$file-wal");

	$change->($log);
	copy($file, $to) or die "copy: $!";
	copy("$file-shm", "$to-shm") or die "copy: $!";
	write_bytes("$to-wal", $log);
	return $to;
}

my $page = 4096 + 24;
cmp_ok(-s "$file-wal", '>=', 32 + 3 * $page, 'a log of some transactions');
is(rows_migrated(copy_with_log('log_whole', sub { })), '6 true', 'a copied log');
like(rows_migrated(copy_with_log('log_damaged', sub { substr($_[0], 32 + 2000, 1) ^= 'x' })),
	qr/ERROR:  XX001: the write-ahead log of .* is damaged\n.*Frame 1 /, 'a damaged frame before others: refused');
like(rows_migrated(copy_with_log('log_salt', sub { substr($_[0], 32 + 8, 1) ^= 'x' })),
	qr/ERROR:  XX001: the write-ahead log of .* is damaged\n.*Frame 1 /, 'a frame that says that it is of another log: refused');
like(rows_migrated(copy_with_log('log_header', sub { substr($_[0], 20, 1) ^= 'x' })),
	qr/ERROR:  XX001: the write-ahead log of .* is damaged\n.*header/, 'a damaged header: refused');
my $half = copy_with_log('log_half', sub { $_[0] = substr $_[0], 0, length($_[0]) - 100 });
like(rows_migrated($half), qr/^5 true/, 'half a frame at the end is a transaction that did not come to its end');
sqlite("$dir/other.db", 'PRAGMA page_size = 1024; PRAGMA journal_mode = wal; CREATE TABLE t (a)');
my $foreign = copy_with_log('log_foreign', sub { });
copy("$dir/other.db", $foreign) or die "copy: $!";
$before = beside($foreign);
like(rows_migrated($foreign), qr/ERROR:  XX001: the write-ahead log beside .* belongs to another database/, 'the log of another database: refused');
is_deeply(beside($foreign), $before, 'which stays as it was');

# Rollback journal: a migration must not keep the writer waiting.

$file = make_database('journal', 'delete');
$app = start_application($file);
ask($app, "BEGIN IMMEDIATE; INSERT INTO t (x) VALUES ('four');");
is(rows_migrated($file), '3 true', 'journal: committed rows, and only those');
is(ask($app, 'COMMIT; SELECT count(*) FROM t;'), '4', 'journal: it commits');

$session->query_safe("CREATE SCHEMA open_journal");
$session->query_safe(
	"BEGIN; SELECT * FROM sq2pg_migrate('$file', target_schema => 'open_journal');");
is(ask($app, "INSERT INTO t (x) VALUES ('five'); SELECT count(*) FROM t;"),
	'5', 'journal: it writes while the migration is not yet committed');
$session->query_safe('COMMIT');
is($node->safe_psql('postgres', 'SELECT count(*) FROM open_journal.t'),
	'4', 'journal: which has the rows of its own moment');

# Who locks everybody out is waited for, but not for ever.

ask($app, 'BEGIN EXCLUSIVE;');
like(rows_migrated($file), qr/ERROR:  55P03: /, 'locked: an error says so');
is(ask($app, "INSERT INTO t (x) VALUES ('six'); COMMIT; SELECT count(*) FROM t;"),
	'6', 'locked: the application goes on');
is(rows_migrated($file), '6 true', 'locked: no more');

# It dies in the middle of a transaction that has reached the file already: the
# journal is what makes the database whole again, and that is not for us to do.

ask($app, q{PRAGMA cache_size = 1; BEGIN;
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
	INSERT INTO t (x) SELECT printf('%0100d', i) FROM n;});
crash_application($app);
$before = beside($file);
is_deeply([ keys %$before ], ["$file-journal"], 'hot journal: it is there');
my $bytes = slurp_bytes($file);
like(rows_migrated($file), qr/ERROR:  [0-9A-Z]{5}: .*\n(.*\n)*HINT: /,
	'hot journal: refused, with a hint');
is_deeply(beside($file), $before, 'hot journal: as it was');
ok(slurp_bytes($file) eq $bytes, 'hot journal: nor was the database changed');
is(sqlite($file, 'SELECT count(*) FROM t'), '6',
	'hot journal: the application finds what it had');
is(rows_migrated($file), '6 true', 'hot journal: and then it can be migrated');

# Nobody has it open: nothing is made.

$file = make_database('idle', 'wal');
is_deeply([ companions_of($file) ], [], 'idle: nothing is beside it');
is(rows_migrated($file), '3 true', 'idle: migrated');
is_deeply([ companions_of($file) ], [], 'idle: nothing is beside it after');

# An application has it open in WAL mode: several processes read it all the same,
# as long as nobody writes while they start.

$file = make_database('large', 'wal');
sqlite($file, q{CREATE TABLE large (id INTEGER PRIMARY KEY, x TEXT);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150000)
	INSERT INTO large SELECT i, 'row ' || i FROM n});
$app = start_application($file);
ask($app, 'INSERT INTO t (x) VALUES (1);');
is($node->safe_psql('postgres', 'SET client_min_messages = error; CREATE SCHEMA large;
	SELECT verified, notes FROM sq2pg_migrate(' . quoted($file) . ", target_schema => 'large', include => '{large}') WHERE table_name = 'large';
	SELECT count(*), count(DISTINCT id) FROM large.large"),
	"t|\n150000|150000", 'open elsewhere: read by several processes');
stop_application($app);

$session->quit;
$node->stop;
done_testing();
