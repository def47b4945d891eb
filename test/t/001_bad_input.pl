
# What is not a readable SQLite database is one clear error, and nothing else:
# no other message, no object left behind, no file touched.

use strict;
use warnings;

use POSIX ();
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $cannot_connect = 'HV00N';
my $corrupted = 'XX001';
my $not_allowed = '42501';
my $invalid_name = '42602';
my $invalid_parameter = '22023';
my $no_object = '42704';

my $node = start_server('bad_input');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $role;

# A good database to damage: 50 pages of 4096 bytes, about.
my $good = "$dir/good.db";
sqlite($good, q{
	PRAGMA page_size = 4096;
	CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT NOT NULL);
	CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id));
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
	INSERT INTO a SELECT i, printf('%0100d', i) FROM n;
	INSERT INTO b SELECT id, id FROM a;
});
my $bytes = slurp_bytes($good);

# Noise that is the same in every run.
sub noise
{
	my ($length, $seed) = (shift, 20260101);
	my $noise = '';

	while (length $noise < $length)
	{
		$seed = ($seed * 1103515245 + 12345) % 2**31;
		$noise .= chr($seed >> 16 & 255);
	}
	return $noise;
}

# Every function that opens a source says the same.
sub refused
{
	my ($name, $source, $state, $message) = @_;
	my $literal = quoted($source);
	my $before = relations_of($node, 'postgres');
	my @before = -f $source ? (stat _)[ 7, 9, 10 ] : ();

	subtest $name => sub {
		foreach my $function (
			qw(sq2pg_migrate sq2pg_plan sq2pg_check sq2pg_tables))
		{
			my ($got_state, $got_message, $reports, $all) =
			  error_of($node, 'postgres', "SELECT * FROM $function($literal);",
				$role);

			is($got_state, $state, "$function: SQLSTATE") or diag($all);
			like($got_message, $message, "$function: message");
			is($reports, 1, "$function: one message") or diag($all);
		}
		is(relations_of($node, 'postgres'), $before, 'nothing changed');
		is_deeply([ -f $source ? (stat _)[ 7, 9, 10 ] : () ],
			\@before, 'file not touched');
		is_deeply([ companions_of($source) ], [], 'nothing beside it');
	};
}

# The path

refused('missing file', "$dir/none.db", $cannot_connect,
	qr/could not open SQLite database ".*none\.db": No such file or directory/);
refused('missing directory', "$dir/no/none.db", $cannot_connect,
	qr/could not open SQLite database .*No such file or directory/);
refused('relative path', 'good.db', $invalid_name, qr/"good\.db" is not absolute/);
refused('empty name', '', $invalid_name, qr/is not absolute/);
refused('URI instead of a path', "file:$good", $invalid_name, qr/is not absolute/);
refused('directory', $dir, $cannot_connect, qr/is a directory/);
refused('very long name', '/' . 'x' x 5000, $cannot_connect, qr/File name too long/);

symlink "$dir/none.db", "$dir/dangling.db" or die "symlink: $!";
refused('dangling link', "$dir/dangling.db", $cannot_connect,
	qr/No such file or directory/);

# A server that opened a pipe would wait for its writer for ever.
POSIX::mkfifo("$dir/pipe.db", 0600) or die "mkfifo: $!";
refused('pipe', "$dir/pipe.db", $cannot_connect, qr/is not a regular file/);
refused('device', '/dev/zero', $cannot_connect, qr/is not a regular file/);

# The content

refused('empty file', write_bytes("$dir/empty.db", ''), $cannot_connect,
	qr/is empty/);
refused('text', write_bytes("$dir/text.db", "id,name\n1,one\n" x 500),
	$cannot_connect, qr/is not a SQLite database/);
refused('SQL dump', write_bytes("$dir/dump.db", sqlite($good, '.dump')),
	$cannot_connect, qr/is not a SQLite database/);
refused('short file', write_bytes("$dir/short.db", substr($bytes, 0, 60)),
	$cannot_connect, qr/is not a SQLite database/);
refused('encrypted', write_bytes("$dir/encrypted.db", noise(4096 * 8)),
	$cannot_connect, qr/is not a SQLite database/);

my $pages = length($bytes) / 4096;
refused('truncated', write_bytes("$dir/truncated.db",
		substr($bytes, 0, 4096 * int($pages * 0.6))),
	$corrupted, qr/is truncated/);
refused('truncated within a page', write_bytes("$dir/truncated2.db",
		substr($bytes, 0, int(length($bytes) * 0.6) | 1)),
	$corrupted, qr/is truncated/);

my $damaged = $bytes;
substr($damaged, 100, 3996) = noise(3996);
refused('noise where the schema was', write_bytes("$dir/schema.db", $damaged),
	$corrupted, qr/malformed/);

# Pages in the middle: the schema is whole, so only what reads rows can know.
$damaged = $bytes;
substr($damaged, 4096 * 10, 4096 * 5) = noise(4096 * 5);
write_bytes("$dir/middle.db", $damaged);
{
	my $before = relations_of($node, 'postgres');
	my ($state, $message, $reports, $all) = error_of($node, 'postgres',
		"SELECT * FROM sq2pg_migrate('$dir/middle.db');");

	is($state, $corrupted, 'noise among the rows: SQLSTATE') or diag($all);
	like($message, qr/malformed/, 'noise among the rows: message');
	is($reports, 1, 'noise among the rows: one message') or diag($all);
	is(relations_of($node, 'postgres'), $before,
		'noise among the rows: nothing changed');
}

# Large objects

refused('large object without OID', 'lo:', $invalid_parameter,
	qr/invalid large object/);
refused('large object with a name', 'lo:good.db', $invalid_parameter,
	qr/invalid large object/);
refused('missing large object', 'lo:4000000000', $no_object, qr/does not exist/);

# Rights: of the server's user, then of the role.

SKIP:
{
	skip 'this user may read everything', 2 if $> == 0;

	write_bytes("$dir/secret.db", $bytes);
	chmod 0000, "$dir/secret.db" or die "chmod: $!";
	refused('mode 000', "$dir/secret.db", $cannot_connect,
		qr/could not open SQLite database .*Permission denied/);

	mkdir "$dir/closed" or die "mkdir: $!";
	write_bytes("$dir/closed/inside.db", $bytes);
	chmod 0000, "$dir/closed" or die "chmod: $!";
	my (undef, undef, undef, $all) = error_of($node, 'postgres',
		"SELECT * FROM sq2pg_migrate('$dir/closed/inside.db');");
	like($all, qr/DETAIL:.*"\Q$dir\E\/closed"/, 'the closed directory is named');
	chmod 0700, "$dir/closed" or die "chmod: $!";
}

$node->safe_psql('postgres',
	'CREATE ROLE visitor; GRANT CREATE ON SCHEMA public TO visitor');
$role = 'visitor';
refused('role that may not read files', $good, $not_allowed,
	qr/permission denied to read files of the server/);

# Whether a file is there is not for this role to know, either.
refused('the same for a missing file', "$dir/none.db", $not_allowed,
	qr/permission denied to read files of the server/);

$role = undef;
$node->safe_psql('postgres', 'GRANT pg_read_server_files TO visitor');
is( $node->safe_psql(
		'postgres', "SET ROLE visitor;
		SELECT action, source_rows, verified FROM sq2pg_migrate('$good')
		WHERE action = 'total'"),
	'total|4000|t', 'with pg_read_server_files the role may migrate');

$node->stop;
done_testing();
