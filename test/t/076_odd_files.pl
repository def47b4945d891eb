
# Paths that lead to no file, files that nobody expects, schemas beyond all
# bounds: rows, exactly, or one clear error; in time, and nothing is left.

use strict;
use warnings;
use utf8;

use Encode qw(encode_utf8);
use IPC::Run;
use PostgreSQL::Test::Utils;
use Socket;
use SqliteMigration;
use Test::More;
use Time::HiRes qw(time usleep);

my $long = ($ENV{SQM_PROPERTY} // '') eq 'long';
my $node = start_server('odd_files');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $limit = $long ? 300 : 10;
my $number = 0;

chmod 0755, $dir;

sub left_behind
{
	return $node->safe_psql('postgres', q{
		SELECT (SELECT count(*) FROM pg_class WHERE relnamespace > 16384 AND relkind IN ('r', 'f', 'v', 'S')
				AND relnamespace <> 'sq2pg'::regnamespace),
			(SELECT count(*) FROM pg_foreign_server), (SELECT count(*) FROM pg_largeobject_metadata),
			(SELECT count(*) FROM pg_ls_tmpdir())});
}

my $clean = left_behind();

# Migrates, and expects rows as "query" gives them, or an error.
sub outcome
{
	my ($name, $source, $query, $expected) = @_;
	my $schema = 'odd' . ++$number;
	my ($out, $err) = ('', '');
	my $begin = time;

	# a warning of wide characters is an error to some versions of the test library
	$name = encode_utf8($name);

	$node->psql('postgres', encode_utf8(qq{
		SET client_min_messages = error;
		SET statement_timeout = '60s';
		BEGIN;
		CREATE SCHEMA $schema;
		SET search_path = $schema;
		SELECT 'verified' FROM sq2pg_migrate($source, '$schema') WHERE action = 'total' AND verified;
		$query;
		ROLLBACK}),
		stdout => \$out,
		stderr => \$err,
		on_error_stop => 1,
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	my $seconds = time - $begin;

	like($err eq '' ? $out : $err, $expected, $name);
	unlike($err, qr/XX000|server closed|57014/, "$name: no accident");
	cmp_ok($seconds, '<', $limit, "$name: in time");
	is(left_behind(), $clean, "$name: nothing is left");
	return;
}

# A file of that name with one table of two rows; the name as a literal.
sub good_file
{
	my ($name, $sql) = @_;
	my $path = encode_utf8("$dir/$name");

	sqlite("$dir/plain.db", $sql // q{CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y')});
	rename "$dir/plain.db", $path or die "rename: $!";
	chmod 0644, $path;
	return literal("$dir/$name");
}

sub literal
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	$text =~ s/\\/\\\\/g;
	$text =~ s/\n/\\n/g;
	return "E'$text'";
}

my $two_rows = "SELECT string_agg(a || b, ',' ORDER BY a) FROM t";
my $is_two = qr/^verified\n1x,2y$/;

# Names

foreach my $name ("quo'te.db", 'double".db', "new\nline.db", 'back\\slash.db', 'percent%20.db', 'question?mode=rw.db', 'hash#tag.db',
	"emoji\x{1F600}\x{4e16}.db", 'sp ace.db', '-dash.db', 'semi;colon.db', '$HOME.db', '*.db', 'n' x 250 . '.db')
{
	outcome("name $name" =~ s/\n/ /r, good_file($name), $two_rows, $is_two);
}
my $good = "$dir/good.db";

good_file('good.db');
mkdir "$dir/file:" or die "mkdir: $!";
outcome('a URI', literal("file:$good?mode=ro"), 'SELECT 1', qr/ERROR:  (HV00N|22023|42602|0A000|HV0)/);
outcome('options behind the name', literal("$good?mode=ro"), 'SELECT 1', qr/ERROR:  HV00N: .*No such file/);
outcome('a relative path', q{'good.db'}, 'SELECT 1', qr/ERROR:  [0-9A-Z]{5}: .*(absolute|relative)/);
outcome('memory', q{':memory:'}, 'SELECT 1', qr/ERROR:  [0-9A-Z]{5}: .*absolute/);
outcome('no name', q{''}, 'SELECT 1', qr/ERROR:  [0-9A-Z]{5}: /);
outcome('a long path', literal('/' . 'x/' x 3000), 'SELECT 1', qr/ERROR:  [0-9A-Z]{5}: .*(too long|No such)/);
outcome('a file as directory', literal("$good/x"), 'SELECT 1', qr/ERROR:  HV00N: .*Not a directory/);
outcome('an escape of NUL', q{E'/tmp/a\\000b'}, 'SELECT 1', qr/ERROR:  22021: /);

# What is no file

mkdir "$dir/directory.db";
system('mkfifo', "$dir/pipe.db") == 0 or die 'mkfifo';
socket(my $socket, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
bind($socket, sockaddr_un("$dir/socket.db")) or die "bind: $!";
symlink "$dir/nothing", "$dir/dangling.db";
symlink "$dir/loop.db", "$dir/loop.db";
symlink $good, "$dir/link.db";
link $good, "$dir/hard.db";
outcome('a directory', literal("$dir/directory.db"), 'SELECT 1', qr/ERROR:  HV00N: .* is a directory/);
outcome('a pipe', literal("$dir/pipe.db"), 'SELECT 1', qr/ERROR:  HV00N: .* not a regular file/);
outcome('a socket', literal("$dir/socket.db"), 'SELECT 1', qr/ERROR:  HV00N: .* not a regular file/);
outcome($_, literal($_), 'SELECT 1', qr/ERROR:  HV00N: .* not a regular file/) foreach qw(/dev/null /dev/zero /dev/tty);
outcome('a dangling link', literal("$dir/dangling.db"), 'SELECT 1', qr/ERROR:  HV00N: .*No such file/);
outcome('a link to itself', literal("$dir/loop.db"), 'SELECT 1', qr/ERROR:  HV00N: .*symbolic links/);
outcome('a link', literal("$dir/link.db"), $two_rows, $is_two);
outcome('a hard link', literal("$dir/hard.db"), $two_rows, $is_two);
outcome($_, literal($_), 'SELECT 1', qr/ERROR:  HV00N: /) foreach grep { -e } qw(/proc/self/environ /proc/self/mem /proc/kmsg /proc/self/maps);
write_bytes("$dir/empty.db", '');
write_bytes("$dir/text.db", "SELECT 1;\n" x 100);
write_bytes("$dir/start.db", 'SQLite format 3' . "\0");
outcome('an empty file', literal("$dir/empty.db"), 'SELECT 1', qr/ERROR:  HV00N: .* is empty/);
outcome('a text', literal("$dir/text.db"), 'SELECT 1', qr/ERROR:  HV00N: .* not a SQLite database/);
outcome('sixteen bytes', literal("$dir/start.db"), 'SELECT 1', qr/ERROR:  HV00N: .* not a SQLite database/);

# Beside a good file: what is no log

foreach my $suffix (qw(-journal -wal -shm))
{
	good_file("side$suffix.db", 'PRAGMA journal_mode = ' . ($suffix eq '-journal' ? 'delete' : 'wal')
		  . q{; CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y')});
	system('mkfifo', "$dir/side$suffix.db$suffix") == 0 or die 'mkfifo';
	outcome("a pipe as $suffix", literal("$dir/side$suffix.db"), 'SELECT 1', qr/ERROR:  HV00N: .* not a regular file/);
	unlink "$dir/side$suffix.db$suffix";
}

# Sizes: a file of which almost nothing was ever written

foreach my $size ($long ? 2**33 : 2**28)
{
	good_file('sparse.db');
	truncate "$dir/sparse.db", $size or die "truncate: $!";
	outcome("$size bytes, mostly holes", literal("$dir/sparse.db"), $two_rows, $is_two);
	my $copy = slurp_bytes($good);
	write_bytes("$dir/sparse.db", substr($copy, 0, 28) . "\0" x 4 . substr($copy, 32, 60) . "\0" x 4 . substr($copy, 96));
	truncate "$dir/sparse.db", $size or die "truncate: $!";
	outcome("$size bytes, and the header counts no pages", literal("$dir/sparse.db"), $two_rows, $is_two);
}
unlink "$dir/sparse.db";
{
	my $begin = time;
	my $oid = $node->safe_psql('postgres', "SELECT lo_from_bytea(0, pg_read_binary_file('$good'))");
	my $err;

	$node->safe_psql('postgres', "SELECT lo_put($oid, 2000000000, '\\x00')");
	$node->psql('postgres', "SET client_min_messages = error; SET statement_timeout = '30s'; SET sqlite_fdw_mig.check_uploads = off; SELECT count(*) FROM sq2pg_migrate('lo:$oid', 'public', dry_run => true)", stderr => \$err);
	is($err // '', '', 'a large object, mostly holes');
	$node->safe_psql('postgres', "SELECT lo_unlink($oid)");
}

# A file that grows, and one that shrinks, while it is read

foreach my $what ('grows', 'shrinks')
{
	good_file("$what.db", q{CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
		INSERT INTO t SELECT i, printf('%0200d', i) FROM n});
	my $script = $what eq 'grows'
	  ? q{open my $f, '>>', $ARGV[0]; $f->autoflush; for (1 .. 4000) { print $f "\x0d" x 4096; select undef, undef, undef, 0.001 }}
	  : q{for (1 .. 300) { truncate $ARGV[0], (-s $ARGV[0]) - 4096; select undef, undef, undef, 0.005 }};
	my $other = IPC::Run::start([ 'perl', '-MIO::Handle', '-e', $script, "$dir/$what.db" ]);

	outcome("a file that $what", literal("$dir/$what.db"), "SELECT count(*), sum(length(b)) FROM t",
		$what eq 'grows' ? qr/^verified\n60000\|12000000$|ERROR:  (55006|XX001|HV00N)/ : qr/ERROR:  (55006|XX001|HV00N)|^verified\n60000\|12000000$/);
	$other->kill_kill;
}

# Formats

outcome('512 bytes a page, a value of 4,000 pages', good_file('overflow.db', q{PRAGMA page_size = 512; CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB);
	INSERT INTO t VALUES (1, zeroblob(2000000)), (2, CAST(printf('%02000000d', 7) AS BLOB))}),
	q{SELECT string_agg(a || ' ' || length(b) || ' ' || md5(b), ',' ORDER BY a) FROM t},
	qr/^verified\n1 2000000 [0-9a-f]{32},2 2000000 [0-9a-f]{32}$/);
outcome('bytes reserved in each page', good_file('reserved.db', q{CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);
	INSERT INTO t VALUES (1, 'x'), (2, 'y');
.filectrl reserve_bytes 32
VACUUM;}), $two_rows, $is_two);
outcome("auto_vacuum = $_", good_file("vacuum$_.db", qq{PRAGMA auto_vacuum = $_; PRAGMA page_size = 512; CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); CREATE TABLE u (x);
	INSERT INTO u VALUES (zeroblob(100000)); DROP TABLE u; INSERT INTO t VALUES (1, 'x'), (2, 'y')}), $two_rows, $is_two) foreach 1, 2;
outcome('numbers of the application', good_file('application.db', q{PRAGMA application_id = -1; PRAGMA user_version = -2147483648; PRAGMA schema_version = 2147483647;
	CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y')}), $two_rows, $is_two);
foreach my $encoding ('UTF-16le', 'UTF-16be')
{
	my @half = $encoding eq 'UTF-16le' ? ('00d8', '6100') : ('d800', '0061');

	# such text is no UTF-8: the column becomes bytea
	outcome("half a pair in $encoding", good_file("$encoding.db", qq{PRAGMA encoding = '$encoding'; CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);
		INSERT INTO t VALUES (1, CAST(x'$half[0]' AS TEXT)), (2, CAST(x'$half[1]$half[0]$half[1]' AS TEXT)), (3, CAST(x'$half[1]00' AS TEXT))}),
		q{SELECT string_agg(a || ' ' || length(b), ',' ORDER BY a) FROM t}, qr/^verified\n1 3,2 5,3 1$/);
}
{
	my $bytes = slurp_bytes($good);

	write_bytes("$dir/newer.db", substr($bytes, 0, 18) . "\3\3" . substr($bytes, 20));
	outcome('a newer version of the file format', literal("$dir/newer.db"), 'SELECT 1', qr/ERROR:  (HV00N|XX001|HV|0A000)/);
	write_bytes("$dir/format.db", substr($bytes, 0, 44) . pack('N', 9) . substr($bytes, 48));
	outcome('a newer schema format', literal("$dir/format.db"), 'SELECT 1', qr/ERROR:  (HV00N|XX001|HV|0A000)/);
	write_bytes("$dir/encoding.db", substr($bytes, 0, 56) . pack('N', 77) . substr($bytes, 60));
	outcome('an unknown encoding', literal("$dir/encoding.db"), $two_rows, qr/ERROR:  (HV00N|XX001|HV|0A000)|^verified\n1x,2y$/);
}

# Schemas

my $edit = 'PRAGMA writable_schema = on;';
outcome('texts in a STRICT table', good_file('strict.db', qq{CREATE TABLE t (a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, 'x'), (2, 'y'); $edit
	UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a INTEGER PRIMARY KEY, b INT) STRICT'}), "SELECT string_agg(a || b::text, ',' ORDER BY a) FROM t",
	qr/^verified\n1x,2y$|ERROR:  (22|XX001)/);
outcome('chance in a generated column', good_file('random.db', qq{CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x'); $edit
	UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c AS (random()))'}), 'SELECT count(*) FROM t', qr/^verified\n1$|ERROR:  (HV|XX001)/);
outcome('a query in the condition of an index', good_file('partial.db', qq{CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y');
	CREATE INDEX i ON t (b) WHERE b > 'a'; $edit UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t (b) WHERE b > (SELECT max(b) FROM t)' WHERE name = 'i'}),
	$two_rows, qr/^verified\n1x,2y$|ERROR:  (HV|XX001)/);
outcome('garbage in the statistics', good_file('stat.db', qq{CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); CREATE INDEX i ON t (b); INSERT INTO t VALUES (1, 'x'), (2, 'y'); ANALYZE;
	DELETE FROM sqlite_stat1; INSERT INTO sqlite_stat1 VALUES ('t', 'i', '99999999999999999999 -1 x'), ('t', 'i', x'ff00'), (NULL, NULL, NULL), ('no', 'thing', ''), ('t', 'i', 'unordered noskipscan sz=-1 sz=9999999999')}),
	$two_rows, $is_two);
{
	my $prefix = 'n' x 63;
	my $many = join '; ', map { "CREATE TABLE $prefix$_ (a); INSERT INTO $prefix$_ VALUES ($_)" } 1 .. 5;

	outcome('names that are equal in 63 bytes', good_file('truncated.db', $many),
		q{SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'}, qr/^verified\n5$/);
}
outcome('columns that are equal in 63 bytes', good_file('truncated_columns.db', encode_utf8('CREATE TABLE t (' . join(', ', map { "\x{e9}" x 40 . $_ } 1 .. 5) . '); INSERT INTO t VALUES (1, 2, 3, 4, 5)')),
	q{SELECT t::text FROM t}, qr/^verified\n\(1,2,3,4,5\)$/);
outcome('a chain of 4,000 views', good_file('chain.db', qq{CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y'); $edit
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
	INSERT INTO sqlite_schema SELECT 'view', 'v' || i, 'v' || i, 0, 'CREATE VIEW v' || i || ' AS SELECT * FROM ' || iif(i = 1, 't', 'v' || (i - 1)) FROM n}),
	$two_rows, qr/^verified\n1x,2y$|ERROR:  (54|HV|53)/);
{
	# more columns than SQLite itself takes
	my $columns = join ',', map { "c$_" } 1 .. ($long ? 200_000 : 30_000);

	outcome('thousands of columns', good_file('columns.db', qq{CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x'); $edit
		UPDATE sqlite_schema SET sql = 'CREATE TABLE t ($columns)'}), 'SELECT 1', qr/ERROR:  (54|HV|XX001)/);
}
{
	my $size = $long ? 50_000_000 : 1_000_000;

	outcome("a statement of $size bytes", good_file('statement.db', qq{CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y'); $edit
		UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a INTEGER PRIMARY KEY /*' || hex(zeroblob($size / 2)) || '*/, b TEXT)'}), $two_rows, qr/^verified\n1x,2y$|ERROR:  (54|HV|XX001: .*too big)/);
	outcome("a default of $size bytes", good_file('default.db', qq{CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y'); $edit
		UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT DEFAULT ''' || hex(zeroblob($size / 2)) || ''')'}), $two_rows, qr/^verified\n1x,2y$|ERROR:  (54|HV|XX001: .*too big)/);
}

is(join(' ', grep { !/^(file:|directory\.db)$/ } map { s/^\Q$dir\E\///r } glob("$dir/*-journal $dir/*-wal $dir/*-shm")), '', 'no file appeared');
$node->stop;
done_testing();
