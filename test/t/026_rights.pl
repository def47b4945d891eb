
# Every door through which a role could make the server read a file asks for the
# right to do so, each time; and folders that are open to every role let in
# nothing but plain files that lie in them.

use strict;
use warnings;

use POSIX ();
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;
use Time::HiRes qw(time);

my $node = start_server('rights');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $denied = '42501';

my $secret = "$dir/secret.db";
sqlite($secret, q{CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT);
	INSERT INTO t (x) VALUES ('secret');});

$node->safe_psql('postgres', qq{
	CREATE ROLE visitor;
	CREATE ROLE reader IN ROLE pg_read_server_files;
	CREATE ROLE other;
	GRANT visitor, reader TO other;
	CREATE SCHEMA v AUTHORIZATION visitor;
	CREATE SCHEMA r AUTHORIZATION reader;
	ALTER ROLE visitor SET search_path = v;
	GRANT USAGE ON SCHEMA r TO visitor;
	CREATE SERVER mine FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database '$secret');
	ALTER SERVER mine OWNER TO visitor;
	CREATE SERVER theirs FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database '$secret');
	ALTER SERVER theirs OWNER TO reader;
	GRANT USAGE ON FOREIGN SERVER mine, theirs TO visitor;
	CREATE FOREIGN TABLE v.mine (id bigint, x text) SERVER mine OPTIONS ("table" 't');
	ALTER FOREIGN TABLE v.mine OWNER TO visitor;
	CREATE FOREIGN TABLE r.theirs (id bigint, x text) SERVER theirs OPTIONS ("table" 't');
	ALTER FOREIGN TABLE r.theirs OWNER TO reader;
	CREATE VIEW v.over_mine AS SELECT * FROM v.mine;
	GRANT SELECT ON v.over_mine TO visitor;
	GRANT SELECT ON v.mine TO PUBLIC;
	CREATE FUNCTION v.definer() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS
		\$\$ BEGIN RETURN QUERY SELECT t.table_name FROM sq2pg_tables('$secret') AS t; END \$\$;
	ALTER FUNCTION v.definer() OWNER TO visitor;
	GRANT USAGE ON SCHEMA v TO PUBLIC;
	CREATE FUNCTION r.definer() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS
		\$\$ BEGIN RETURN QUERY SELECT t.table_name FROM sq2pg_tables('$secret') AS t; END \$\$;
	ALTER FUNCTION r.definer() OWNER TO reader;});

my $file = quoted($secret);

# Every function with an argument called "source", wherever it is.
my @functions = split /\n/, $node->safe_psql('postgres', q{
	SELECT p.oid::regprocedure::text || chr(9) || p.oid::regproc || '(' ||
		(SELECT string_agg(
			CASE WHEN a.name = 'source' THEN '%s'
				 WHEN a.type = 'anyelement'::regtype THEN 'NULL::v.shape'
				 ELSE 'NULL::' || format_type(a.type, NULL) END, ', ' ORDER BY a.n)
			FROM unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) WITH ORDINALITY AS a (name, type, n)) || ')'
	FROM pg_proc AS p
	JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'sqlite_fdw_mig'
	WHERE 'source' = ANY (p.proargnames[1:p.pronargs])
	ORDER BY 1});
cmp_ok(scalar(@functions), '>', 10, 'functions that take a source are found');
$node->safe_psql('postgres', 'CREATE TYPE v.shape AS (id bigint, x text)');

my %doors = (
	'CREATE SERVER' =>
	  "CREATE SERVER s FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database $file)",
	'ALTER SERVER' => "ALTER SERVER mine OPTIONS (SET database $file)",
	'IMPORT FOREIGN SCHEMA' => 'IMPORT FOREIGN SCHEMA main FROM SERVER mine INTO v',
	'a foreign table' => 'SELECT * FROM v.mine',
	'EXPLAIN' => 'EXPLAIN SELECT * FROM v.mine',
	'ANALYZE' => 'COPY (SELECT * FROM v.mine) TO STDOUT',
	'a view of somebody else' => 'SELECT * FROM v.over_mine',
	'a definer function of its own' => 'SELECT * FROM v.definer()',
	'a prepared statement' =>
	  "PREPARE p AS SELECT count(*) FROM v.mine; EXECUTE p",
	'SET ROLE' =>
	  "RESET ROLE; SET SESSION AUTHORIZATION other; SET ROLE visitor; SELECT * FROM sq2pg_tables($file)",
	'attach' => "SELECT * FROM sq2pg_attach($file, 'v_new')",
);

# For superusers, too, a server reads with the rights of its owner.
foreach my $role ('visitor', undef)
{
	foreach my $door (sort keys %doors)
	{
		next
		  if not defined $role
		  and $door =~ /SERVER|SET ROLE|attach/;
		my ($state, $message, undef, $all) =
		  error_of($node, 'postgres', $doors{$door}, $role);

		is("$state $message",
			"$denied permission denied to read files of the server",
			"$door, by " . ($role // 'a superuser')) or diag($all);
	}
}

# The rest of the arguments does not matter: the right is asked for first, or
# nothing is opened at all.
my $opened = 0;
foreach my $line (@functions)
{
	my ($signature, $call) = split /\t/, $line;
	my $sql = 'SELECT * FROM ' . sprintf($call, $file) . ' AS f';
	my ($state, $message, undef, $all) =
	  error_of($node, 'postgres', $sql, 'visitor');

	$opened++ if $message eq 'permission denied to read files of the server';
	unlike($all, qr/secret\b(?!\.db)/, "$signature tells nothing")
	  or diag($all);
	ok($state ne '' || $all eq '' || $all !~ /\bt\b/,
		"$signature reads nothing")
	  or diag("$sql: $all");
}
cmp_ok($opened, '>', 5, 'most of them say so');

# A plan that was made while the right was there
my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query("PREPARE q AS SELECT x FROM r.theirs; PREPARE g AS SELECT table_name FROM sq2pg_tables($file)");
$session->query('SET plan_cache_mode = force_generic_plan');
is(answer_of($session, 'EXECUTE q'), 'secret', 'prepared: read');
is(answer_of($session, 'EXECUTE g'), 't', 'prepared: function');
$session->query('SET ROLE visitor');
is(answer_of($session, 'EXECUTE g'), '', 'prepared: not as somebody else');
$session->query('RESET ROLE');

# With the rights of whoever has them
$node->safe_psql('postgres', 'GRANT SELECT ON r.theirs TO visitor; GRANT EXECUTE ON FUNCTION r.definer() TO visitor');
is($node->safe_psql('postgres', 'SET ROLE visitor; SELECT x FROM r.theirs'),
	'secret', 'a server whose owner may read');
is($node->safe_psql('postgres', 'SET ROLE visitor; SELECT * FROM r.definer()'),
	't', 'a definer function of somebody who may read');
$node->safe_psql('postgres', 'REVOKE pg_read_server_files FROM reader');
foreach my $sql ('SELECT x FROM r.theirs', 'SELECT * FROM r.definer()')
{
	is((error_of($node, 'postgres', $sql, 'visitor'))[0],
		$denied, "the owner lost the right: $sql");
}
is(answer_of($session, 'EXECUTE q'), '', 'prepared: the owner lost the right');
$session->quit;
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extension_versions WHERE name = 'sqlite_fdw_mig' AND trusted"),
	0, 'the extension is not trusted');

# ---- Folders that are open to every role

my $drop = "$dir/drop";
mkdir $drop or die "mkdir: $!";
mkdir "$drop/sub" or die "mkdir: $!";
my $good = "$drop/sub/good.db";
sqlite($good, q{CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT);
	INSERT INTO t (x) VALUES ('dropped');});

sub text_of
{
	my ($path) = @_;

	my ($state, $message, undef, $all) = error_of($node, 'postgres',
		"CREATE SCHEMA IF NOT EXISTS w AUTHORIZATION visitor; SET ROLE visitor;
		SET client_min_messages = warning;
		BEGIN; SELECT loaded FROM sq2pg_migrate("
		  . quoted($path)
		  . ", 'w') WHERE action = 'total'; SELECT x FROM w.t; ROLLBACK");
	return $state eq '' ? (split /\n/, $all)[-1] : "$state $message";
}

is(text_of($good), "$denied permission denied to read files of the server",
	'no folder is open by default');
foreach my $sql (
	"SET sqlite_fdw_mig.allowed_directories = '/'",
	"SET sqlite_fdw_mig.max_source_size = 0",
	"SELECT sq2pg_version(); SET sqlite_fdw_mig.allowed_directories = '/'")
{
	is((error_of($node, 'postgres', $sql . "; SELECT sq2pg_version(); SELECT * FROM sq2pg_tables('$good')", 'visitor'))[0],
		$denied, "not for every role: $sql");
}
like((error_of($node, 'postgres', "SELECT sq2pg_version(); SET sqlite_fdw_mig.allowed_directories = 'tmp'"))[3],
	qr/Path "tmp" is not absolute/, 'relative folders are refused');

$node->append_conf('postgresql.conf', "sqlite_fdw_mig.allowed_directories = '/nowhere, $drop/'");
$node->reload;
is(text_of($good), 'dropped', 'a file in an open folder');
is(text_of($secret), "$denied permission denied to read files of the server", 'a file outside');
foreach my $path ("$drop/../secret.db", "$drop/./sub/good.db", "$drop//sub/good.db", "$drop", "$drop/", "${drop}per/x.db")
{
	is(text_of($path), "$denied permission denied to read files of the server", "not $path");
}

symlink $secret, "$drop/link.db" or die "symlink: $!";
symlink $dir, "$drop/up" or die "symlink: $!";
symlink 'sub', "$drop/within" or die "symlink: $!";
link $secret, "$drop/hard.db" or die "link: $!";
POSIX::mkfifo("$drop/pipe.db", 0600) or die "mkfifo: $!";
like(text_of("$drop/link.db"), qr/^HV00N .*symbolic link/, 'a link is not followed');
like(text_of("$drop/up/secret.db"), qr/^HV00N .*symbolic link/, 'nor a directory that is one');
like(text_of("$drop/within/good.db"), qr/^HV00N .*symbolic link/, 'nor one to within');
like(text_of("$drop/hard.db"), qr/^42501 .* is a hard link/, 'a hard link');
like(text_of("$drop/pipe.db"), qr/^HV00N .* is not a regular file/, 'a pipe');
like(text_of("$drop/sub"), qr/^HV00N .* is a directory/, 'a directory');
like(text_of("$drop/none.db"), qr/^HV00N .*No such file/, 'nothing');
is($node->safe_psql('postgres', "SELECT table_name FROM sq2pg_tables('$drop/link.db')"),
	't', 'who may read everything is not concerned');

# What one role opened by its path is not given to another.
is( (error_of($node, 'postgres', "BEGIN; SELECT * FROM sq2pg_tables('$drop/link.db');
		SET ROLE visitor; SELECT * FROM sq2pg_tables('$drop/link.db')"))[0],
	'HV00N', 'a link that another role has open');
is($node->safe_psql('postgres', "BEGIN; SELECT count(*) FROM sq2pg_tables('$good');
		SET ROLE visitor; SELECT count(*) FROM sq2pg_tables('$good'); RESET ROLE;
		SELECT count(*) FROM sq2pg_tables('$good'); COMMIT"),
	"1\n1\n1", 'both ways in one transaction');

# Servers, too
$node->safe_psql('postgres', "SET ROLE visitor; RESET ROLE; GRANT USAGE ON FOREIGN DATA WRAPPER sqlite_fdw_mig TO visitor; SET ROLE visitor;
	CREATE SERVER dropped FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database '$good');
	CREATE FOREIGN TABLE v.dropped (id bigint, x text) SERVER dropped OPTIONS (\"table\" 't')");
is($node->safe_psql('postgres', 'SET ROLE visitor; SELECT x FROM v.dropped'), 'dropped', 'a foreign table');

# Applications: locks are respected, logs and journals are not read.
my ($in, $out) = ('', '');
my $app = IPC::Run::start([ 'sqlite3', '-batch', $good ], '<', \$in, '>', \$out, IPC::Run::timeout(60));
sub say_to_app
{
	$out = '';
	$in .= shift() . "\n.print done\n";
	$app->pump until $out =~ /^done$/m;
	return;
}
say_to_app('BEGIN EXCLUSIVE;');
$node->safe_psql('postgres', "SELECT sq2pg_version(); ALTER SYSTEM SET sqlite_fdw_mig.busy_timeout = '200ms'");
$node->reload;
like(text_of($good), qr/^55P03 .*locked/, 'a lock is waited for');
say_to_app("ROLLBACK; BEGIN IMMEDIATE; INSERT INTO t (x) VALUES ('open');");
is(text_of($good), 'dropped', 'a transaction that has not reached the file');
say_to_app("ROLLBACK; PRAGMA cache_size = 1; BEGIN; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t (x) SELECT printf('%0100d', i) FROM n;");
$app->signal('KILL');
$app->finish;    # it is gone, and its locks with it
like(text_of($good), qr/^HV00N could not open SQLite database/, 'a hot journal');
# the session that was refused may not be quite gone
sqlite($good, 'SELECT count(*) FROM t', '-cmd', '.timeout 10000');
is(text_of($good), 'dropped', 'once it was rolled back');
sqlite($good, 'PRAGMA journal_mode = wal', '-cmd', '.timeout 10000');
is(text_of($good), 'dropped', 'WAL mode, idle');
write_bytes("$good-wal", 'x' x 100);
like(text_of($good), qr/^HV00N .*unprocessed write-ahead log/, 'with a log');
unlink "$good-wal";

# A limit of size
sqlite("$drop/large.db", 'CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(300000))');
my $object = $node->safe_psql('postgres', "SELECT lo_import('$drop/large.db')");
$node->safe_psql('postgres', "SELECT sq2pg_version(); ALTER SYSTEM SET sqlite_fdw_mig.max_source_size = '256kB'");
$node->reload;
like(text_of("$drop/large.db"), qr/^54000 .*larger than this server allows/, 'too large, dropped');
foreach my $source ("$drop/large.db", "lo:$object")
{
	like((error_of($node, 'postgres', "SELECT * FROM sq2pg_tables('$source')"))[1],
		qr/larger than this server allows/, "too large: $source");
}
is(text_of($good), '54000', 'small') if -s $good > 262144;

# Somebody exchanges the file, and its directory, all the time.
my $rounds = ($ENV{SQM_PROPERTY} // '') eq 'long' ? 3000 : 150;
sqlite("$drop/sub/race.db", q{CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t (x) VALUES ('dropped');});
mkdir "$drop/real" or die "mkdir: $!";
rename "$drop/sub/race.db", "$drop/real/race.db" or die "rename: $!";
my ($swap_in, $swap_out) = ('', '');
my $swapper = IPC::Run::start(
	[ 'perl', '-e', q{
		my ($drop, $secret, $stop) = @ARGV;
		my $n = 0;
		symlink $secret, "$drop/bad" or die;
		while (!-e $stop) {
			# the file: plain, link, plain ...; the directory: plain, link, plain ...
			rename "$drop/real/race.db", "$drop/real/kept"; symlink $secret, "$drop/real/race.db";
			rename "$drop/real/kept", "$drop/real/race.db";
			rename "$drop/real", "$drop/away"; symlink "$drop/other", "$drop/real";
			unlink "$drop/real"; rename "$drop/away", "$drop/real";
			select undef, undef, undef, 0.0005 if $n++ % 7 == 0;
		}
	}, $drop, $secret, "$dir/stop" ],
	'<', \$swap_in, '>&', \$swap_out);
mkdir "$drop/other" or die "mkdir: $!";
link $secret, "$drop/other/race.db" or die "link: $!";
sqlite("$dir/other.db", q{CREATE TABLE t (x); INSERT INTO t VALUES ('secret');});
my %seen;
my $sql = "SET client_min_messages = fatal; SET ROLE visitor;\n" . join '', map {
	"SELECT x FROM v.race;\n" } 1 .. $rounds;
$node->safe_psql('postgres', "SET ROLE visitor;
	CREATE SERVER race FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database '$drop/real/race.db');
	CREATE FOREIGN TABLE v.race (id bigint, x text) SERVER race OPTIONS (\"table\" 't')");
# How often the file is caught depends on the machine: on until it was.
foreach my $turn (1 .. 40)
{
	my ($race_out, $race_err) = ('', '');
	$node->psql('postgres', $sql, stdout => \$race_out, stderr => \$race_err, on_error_stop => 0);
	$seen{$_}++ foreach split /\n/, $race_out;
	last if $seen{dropped} || $seen{secret};
}
write_bytes("$dir/stop", '');
$swapper->finish;
is($seen{secret} // 0, 0, 'exchanged: never what a link leads to');
cmp_ok($seen{dropped} // 0, '>', 0, 'exchanged: the file itself now and then');
note("exchanged: $rounds rounds, read " . ($seen{dropped} // 0) . ' times');

$node->stop;
done_testing();
