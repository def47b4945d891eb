
# A database that was uploaded as a large object is a source for everything, for
# a role that may do nothing but read the object; its temporary copy is counted
# and goes away; what is not whole is named before anything is done.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;
use Time::HiRes qw(time usleep);

my $node = start_server('upload');
my $dir = PostgreSQL::Test::Utils::tempdir;

$node->append_conf('postgresql.conf', 'restart_after_crash = on');
$node->reload;
$node->safe_psql('postgres', q{
	CREATE ROLE tenant LOGIN;
	CREATE ROLE guest LOGIN;
	GRANT CREATE ON DATABASE postgres TO tenant;
});

sub as_tenant
{
	my ($sql, @options) = @_;

	return $node->safe_psql('postgres', "SET client_min_messages = error;\n$sql",
		extra_params => [ '-U', 'tenant' ], @options);
}

# As users do it: from the client's files. Returns the source.
sub upload
{
	my $file = shift;
	my $out = as_tenant("\\lo_import '$file'\n\\echo :LASTOID");

	return 'lo:' . (split /\n/, $out)[-1];
}

sub refused
{
	my ($source, $what, $sql) = @_;

	$sql //= sprintf q{SELECT * FROM sq2pg_check(%s, 'v')}, quoted($source);
	my ($state, undef, undef, $all) = error_of($node, 'postgres', $sql, 'tenant');
	return "$state $all";
}

sub copies
{
	return scalar(my @files = glob $node->data_dir . '/base/pgsql_tmp/*');
}

# The client hears of an error before the server cleans up after it.
sub no_copy
{
	my $name = shift;

	foreach (1 .. 300)
	{
		last if copies() == 0;
		usleep(100_000);
	}
	is(copies(), 0, $name);
	return;
}

my $file = "$dir/app.db";
sqlite($file, q{
	CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, "when" DATETIME);
	CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id), n SMALLINT, data BLOB);
	CREATE INDEX child_parent ON child (parent_id);
	CREATE VIEW both AS SELECT name, n FROM parent JOIN child ON parent_id = parent.id;
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
	INSERT INTO parent SELECT i, 'name ' || i || char(233, 128512), datetime(1700000000 + i, 'unixepoch') FROM n;
	INSERT INTO child SELECT id, id, id % 100, randomblob(id) FROM parent;
});
my $source = upload($file);
my $q = quoted($source);

# ---- Everything that takes a source takes this one

as_tenant('CREATE SCHEMA made; CREATE SCHEMA v; CREATE SCHEMA far');

my %modes = (
	"create" => ['made', q{'made', mode => 'create'}, 'create'],
	"auto, where the tables are" => ['made', q{'made'}, 'unchanged'],
	"recreate" => ['made', q{'made', mode => 'create', existing => 'recreate'}, 'create'],
	"data, emptied" => ['made', q{'made', mode => 'data', existing => 'truncate'}, 'unchanged'],
	"data, appended" => ['made', q{'made', mode => 'data', existing => 'append', on_conflict => 'skip'}, 'unchanged'],
	"types and names" => ['made', q{'other', types => '{"parent.when": "timestamptz"}', names => 'snake', time_zone => 'Europe/Berlin'}, 'create'],
	"rehearsal" => ['made', q{'third', dry_run => true}, 'create']);
as_tenant('CREATE SCHEMA other; CREATE SCHEMA third');
foreach my $mode ("create", "auto, where the tables are", "recreate", "data, emptied", "data, appended", "types and names", "rehearsal")
{
	is(as_tenant("SELECT string_agg(action || ' ' || source_rows || ' ' || verified, ', ') FROM sq2pg_migrate($q, $modes{$mode}[1]) WHERE action <> 'total'"),
		"$modes{$mode}[2] 300 true, $modes{$mode}[2] 300 true", "sq2pg_migrate: $mode");
}
as_tenant('TRUNCATE made.child, made.parent');
is(as_tenant("SELECT action, loaded, verified FROM sq2pg_migrate($q, 'made', mode => 'data')"),
	"load|300|t\nload|300|t\ntotal|600|t", 'sq2pg_migrate: into empty tables');
my $run = as_tenant('SELECT max(run) FROM sq2pg.runs');
is(as_tenant("SELECT count(*) FROM sq2pg_migrate($q, 'made', existing => 'append', on_conflict => 'update', verify => 'counts') "), 3, 'sq2pg_migrate: again');

# Whatever has an argument "source" and is public, now and later
my @functions = split /\n/, $node->safe_psql('postgres', q{
	SELECT p.proname, p.pronargs - p.pronargdefaults
	FROM pg_proc AS p
	JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'sqlite_fdw_mig'
	WHERE p.proargnames[1] = 'source' AND p.pronamespace = 'pg_catalog'::regnamespace
	ORDER BY 1});
my %more = (sq2pg_attach => ", 'attached'");
cmp_ok(scalar(@functions), '>=', 10, 'public functions are found');
foreach (@functions)
{
	my ($name, $arguments) = split /\|/;
	my $more = $more{$name} // '';

	is(1 + ($more =~ tr/,//), $arguments, "$name: its arguments are known");
	is((error_of($node, 'postgres', "SET search_path = made; SELECT * FROM $name($q$more)", 'tenant'))[0],
		'', "$name takes it");
	$more =~ s/attached/again/;
	like((error_of($node, 'postgres', "SELECT * FROM $name($q$more)", 'guest'))[1],
		qr/^permission denied for large object/, "$name: but not from everybody");
}
is(as_tenant('SELECT count(*), max(name) FROM attached.both WHERE n = 99'), "3|name 99\x{c3}\x{a9}\x{f0}\x{9f}\x{98}\x{80}", 'attached: a view');
is(as_tenant("SELECT sq2pg_detach('attached'); SELECT count(*) FROM pg_foreign_server"), "\n0", 'detached');

# What goes by the number of a run
is(as_tenant("SELECT bool_and(matches) FROM sq2pg_verify($q, 'made', run => $run)"), 't', 'sq2pg_verify of a run');
is(as_tenant("SELECT count(*) > 3 FROM sq2pg_audit($run)"), 't', 'sq2pg_audit');
is(as_tenant("SELECT sq2pg_report(max(run))->>'source' FROM sq2pg.runs"), $source, 'sq2pg_report');
is(as_tenant("SELECT source_facts->>'sha256' = encode(sha256(lo_get(" . substr($source, 3) . ")), 'hex') FROM sq2pg.runs ORDER BY run DESC LIMIT 1"),
	't', 'the hash is that of the object');
is( as_tenant(qq{
		CREATE SCHEMA r;
		CREATE DOMAIN r.small AS smallint CHECK (VALUE <> 7);
		CREATE TABLE r.parent (id bigint PRIMARY KEY, name text NOT NULL CHECK (length(name) < 15), "when" timestamp);
		CREATE TABLE r.child (id bigint PRIMARY KEY, parent_id bigint REFERENCES r.parent, n r.small, data bytea);
		SELECT sum(rejected) FROM sq2pg_migrate($q, 'r', on_bad_value => 'reject', on_orphan => 'reject') WHERE action = 'total';
		UPDATE sq2pg.rejects SET repaired = '8' WHERE run = (SELECT max(run) FROM sq2pg.runs);
		SELECT bool_and(t::text <> '') FROM sq2pg_retry((SELECT max(run) FROM sq2pg.runs)) AS t;
		SELECT count(*), sum(n) FROM r.child}),
	"3\nt\n300|" . sqlite($file, 'SELECT sum(n) + 3 FROM child'), 'sq2pg_retry');

# The wrapper
is( as_tenant(qq{
		CREATE SERVER up FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database $q);
		IMPORT FOREIGN SCHEMA main LIMIT TO (parent, child) FROM SERVER up INTO far;
		ANALYZE far.child;
		SELECT count(*), count(data) FROM far.parent JOIN far.child ON parent_id = far.parent.id WHERE n < 50;
		ALTER SERVER up OPTIONS (SET database $q);
		SELECT sq2pg_disconnect();
		SELECT count(*) FROM far.parent}),
	"150|150\n\n300", 'servers, IMPORT FOREIGN SCHEMA, ANALYZE, queries') or diag(as_tenant('SELECT count(*) FROM far.child WHERE n < 50'));
like((error_of($node, 'postgres', "CREATE SERVER theirs FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database $q)", 'guest'))[1],
	qr/^permission denied for large object/, 'a server: not for everybody');
$node->safe_psql('postgres', 'GRANT USAGE ON SCHEMA far TO guest; GRANT SELECT ON far.parent TO guest');
is($node->safe_psql('postgres', 'SET ROLE guest; SELECT count(*) FROM far.parent'), 300, 'a foreign table of the owner may be granted');
$node->safe_psql('postgres', 'GRANT SELECT ON LARGE OBJECT ' . substr($source, 3) . ' TO guest');
is($node->safe_psql('postgres', "SET ROLE guest; SELECT count(*) FROM sq2pg_tables($q)"), 3, 'the object itself, too');

# ---- The copy

no_copy('no copy is left');
is($node->safe_psql('postgres', "BEGIN; SELECT count(*) FROM sq2pg_tables($q); SELECT count(*) > 0 FROM pg_ls_tmpdir(); COMMIT; SELECT count(*) FROM pg_ls_tmpdir()"),
	"3\nt\n0", 'it is there until the end of the transaction');
refused($source, '', "BEGIN; SELECT * FROM sq2pg_tables($q); SELECT 1 / 0");
no_copy('gone after an error');

sqlite("$dir/large.db", 'CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) INSERT INTO t SELECT i, randomblob(8000) FROM n');
my $large = upload("$dir/large.db");
my $ql = quoted($large);
my $limited = "SET temp_file_limit = '1MB'; SET ROLE tenant;";
foreach my $sql ("SELECT * FROM sq2pg_tables($ql)", "SELECT * FROM sq2pg_migrate($ql, 'v')")
{
	my ($state, $message, undef, $all) = error_of($node, 'postgres', "$limited $sql");
	like("$state $message", qr/^53400 temporary file size exceeds "?temp_file_limit"? \(1024kB\)$/, 'the copy counts against temp_file_limit');
	like($all, qr/copying SQLite database "\Q$large\E" to a temporary file/, 'the error says what for');
}
no_copy('gone after that');
is($node->safe_psql('postgres', "$limited SELECT count(*) FROM sq2pg_tables($q)"), 3, 'a small one is within the limit');

# A backend that is killed cannot clean up; the server does.
my $session = $node->background_psql('postgres');
my $pid = answer_of($session, 'SELECT pg_backend_pid()');
answer_of($session, "BEGIN; SELECT count(*) FROM sq2pg_tables($ql)");
is(copies(), 1, 'a copy');
kill 'KILL', $pid;
$node->poll_query_until('postgres', 'SELECT pg_postmaster_start_time() IS NOT NULL');
no_copy('gone after the backend was killed');
eval { $session->{run}->kill_kill; };
$node->poll_query_until('postgres', 'SELECT true');

# Others see how far it is: as often as it takes to be caught.
write_bytes("$dir/again.sql", "SELECT count(*) FROM sq2pg_check($ql, 'v');\n" x 1000);
my $worker = IPC::Run::start(
	[ 'psql', '-XqAt', '-U', 'tenant', '-h', $node->host, '-p', $node->port, '-d', 'postgres', '-f', "$dir/again.sql", '-o', '/dev/null' ],
	'<', \undef);
is( $node->safe_psql('postgres', q{
		DO $$
		DECLARE
			seen record;
		BEGIN
			FOR i IN 1 .. 20000 LOOP
				PERFORM pg_stat_clear_snapshot();
				SELECT * INTO seen FROM sq2pg.progress WHERE phase = 'copy' AND bytes_copied > 0;
				IF found THEN
					CREATE TABLE seen AS SELECT seen.usename, seen.object, seen.bytes_total, seen.percent, seen.bytes_copied;
					EXIT;
				END IF;
				PERFORM pg_sleep(0.001);
			END LOOP;
		END $$;
		SELECT usename, object, bytes_total, percent BETWEEN 0 AND 100, bytes_copied <= bytes_total FROM seen}),
	"tenant|$large|" . (-s "$dir/large.db") . '|t|t', 'progress while it is copied');
$worker->kill_kill(grace => 0);
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'tenant'; DROP TABLE seen});

# ---- What is not whole

my $whole = slurp_bytes($file);
my $page = unpack 'n', substr $whole, 16, 2;

sub changed
{
	my ($name, $bytes) = @_;

	return upload(write_bytes("$dir/$name.db", $bytes));
}

# every cut is noticed, and where the header counts pages, as such
foreach my $size (length($whole) - 1, length($whole) - $page, $page, 4 * $page - 100, 512)
{
	like(refused(changed("cut$size", substr $whole, 0, $size)),
		qr/^XX001 .*is truncated.*It has $size bytes, but its header counts \d+ pages of $page bytes.*Upload it again.*sqlite3 app\.db "\.backup up\.db"/s,
		"cut after $size bytes");
}
my $uncounted = $whole;
substr($uncounted, 92, 4) = "\0\0\0\0";
like(refused(changed('uncounted', substr $uncounted, 0, length($whole) - 100)),
	qr/^XX001 .*is truncated.*no multiple of its page size, $page/s, 'cut, and pages are not counted');
like(refused(changed('short', substr $whole, 0, 50)), qr/^HV00N .*is not a SQLite database/s, 'less than a header');
like(refused(changed('text', sqlite($file, '.dump'))), qr/^HV00N .*is not a SQLite database.*text dump/s, 'a dump');
as_tenant('SELECT lo_create(4711)');
like(refused('lo:4711'), qr/^HV00N .*is empty/s, 'nothing');
is((split / /, refused('lo:4712'))[0], '42704', 'no such object');

# Damage: to what the run would read, and to what it would not (an index)
my %root = map { @$_ } sqlite_rows($file, "SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0");
foreach my $what (sort keys %root)
{
	my $damaged = $whole;
	substr($damaged, ($root{$what} - 1) * $page, 200) = "\xff" x 200;
	my $damaged_source = changed("damaged_$what", $damaged);
	my $said = refused($damaged_source);
	like($said, qr/^XX001 .*(?:is damaged.*quick_check says: .*\.recover|malformed)/s, "damaged: $what");
	like($said, qr/is damaged.*quick_check says: .*page $root{$what}\b/si, "damaged: $what, page $root{$what}") if $what =~ /^(?:parent|child|child_parent)$/;
	foreach my $sql ("sq2pg_migrate(" . quoted($damaged_source) . ", 'v')", "sq2pg_plan(" . quoted($damaged_source) . ", 'v')",
		"sq2pg_verify(" . quoted($damaged_source) . ", 'made')")
	{
		like(refused($damaged_source, '', "SELECT * FROM $sql"), qr/^XX001 .*(?:is damaged|malformed)/s, $sql) if $what eq 'child';
	}
	is( (split / /, refused($damaged_source, '', "SET sqlite_fdw_mig.check_uploads = off; SELECT * FROM sq2pg_migrate(" . quoted($damaged_source) . ", 'v', exclude => ARRAY['child'], dry_run => true)"))[0],
		'', 'what can be read is read if that is wanted') if $what eq 'child';
	# once more in a transaction that has looked at it before
	like(refused($damaged_source, '', "BEGIN; SELECT * FROM sq2pg_tables(" . quoted($damaged_source) . "); SELECT * FROM sq2pg_check(" . quoted($damaged_source) . ", 'v')"),
		qr/^XX001 .*is damaged/s, 'after a look at its tables, too') if $what eq 'child';
}
is(as_tenant("SELECT count(*) FROM pg_class WHERE relnamespace = 'v'::regnamespace"), 0, 'nothing was made of them');

# What quick_check says of rows is not damage.
sqlite("$dir/rows.db", q{
	CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT CHECK (b > 0));
	INSERT INTO t VALUES (1, NULL, 1);
	PRAGMA ignore_check_constraints = on;
	INSERT INTO t VALUES (2, 'x', -1);
	PRAGMA writable_schema = on;
	UPDATE sqlite_schema SET sql = 'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT CHECK (b > 0), CHECK (known_to_the_application(a)))';
});
my $rows = upload("$dir/rows.db");
unlike(refused($rows), qr/damaged/, 'NULLs, checks and functions that nobody knows are not damage');
is((split / /, refused($rows))[0], '', 'they are for the report');

# A cancel while the pages are looked at is a cancel, not damage.
my %states;
foreach my $timeout (map { $_ * 12 } 1 .. 20)
{
	my ($state) = error_of($node, 'postgres', "SET statement_timeout = ${timeout}; SELECT count(*) FROM sq2pg_check($ql, 'v')", 'tenant');
	$states{$state}++;
}
is(join(' ', sort grep { $_ ne '' } keys %states), '57014', 'cancelled whenever');

# ---- WAL mode

sqlite("$dir/idle.db", q{PRAGMA journal_mode = wal; CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t (x) VALUES ('one'), ('two')});
my $idle = upload("$dir/idle.db");
my ($state, undef, undef, $all) = error_of($node, 'postgres', "CREATE SCHEMA wal; SELECT loaded, verified, notes FROM sq2pg_migrate(" . quoted($idle) . ", 'wal')", 'tenant');
is($state, '', 'an image in WAL mode');
like($all, qr/WARNING:.*is in WAL mode.*DETAIL:.*-wal file.*HINT:.*sqlite3 app\.db "\.backup up\.db".*^2\|t\|/sm, 'is read, with a warning and a note');
is(as_tenant('SELECT x FROM wal.t ORDER BY id'), "one\ntwo", 'its rows');

# An application has it open: everything is in the log.
my ($in, $out) = ('', '');
my $app = IPC::Run::start([ 'sqlite3', '-batch', "$dir/live.db" ], '<', \$in, '>', \$out, IPC::Run::timeout(60));
sub say_to_app
{
	$out = '';
	$in .= shift() . "\n.print done\n";
	$app->pump until $out =~ /^done$/m;
	return;
}
say_to_app("PRAGMA journal_mode = wal; CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t (x) VALUES ('one');");
my $live = upload(write_bytes("$dir/fresh.db", slurp_bytes("$dir/live.db")));
like(refused($live), qr/^XX001 .*the -wal file of the uploaded SQLite database "lo:\d+" is missing.*has no tables: they are in the -wal file.*HINT:.*"\.backup up\.db"/s,
	'a new database whose -wal file stayed behind');
like(refused($live, '', "SET sqlite_fdw_mig.check_uploads = off; SELECT * FROM sq2pg_tables(" . quoted($live) . ")"),
	qr/^ .*WARNING:.*has no tables: they are in the -wal file/s, 'a warning if that is wanted');
# the way that the hint says
sqlite("$dir/live.db", ".backup $dir/backup.db");
is(as_tenant("CREATE SCHEMA backup; SELECT loaded FROM sq2pg_migrate(" . quoted(upload("$dir/backup.db")) . ", 'backup') WHERE action = 'total'"), 1, 'its backup is whole');

sqlite("$dir/live.db", "VACUUM INTO '$dir/vacuumed.db'");
my $vacuumed = refused(upload("$dir/vacuumed.db"));
like($vacuumed, qr/^ /, 'VACUUM INTO, too');
unlike($vacuumed, qr/WAL|-wal/, 'and nobody is warned');

# A checkpoint that is not at its end: pages, but not yet the header that
# counts them
say_to_app('PRAGMA wal_checkpoint;');
my $image = slurp_bytes("$dir/live.db");
say_to_app('INSERT INTO t (x) SELECT hex(randomblob(3000)) FROM t; INSERT INTO t (x) SELECT hex(randomblob(3000)) FROM t; PRAGMA wal_checkpoint;');
my $grown = slurp_bytes("$dir/live.db");
cmp_ok(length($grown), '>', length($image), 'it grew');
my $torn = $image . substr $grown, length $image;
like(refused(changed('torn', $torn)), qr/^XX001 .*the -wal file of .* is missing.*its header counts \d+ pages, but it has \d+/s, 'pages that the header does not count');
my $lagging = substr($grown, 0, $page) . substr $image, $page;
like(refused(changed('lagging', $lagging)), qr/^XX001 .*is truncated.*"\.backup up\.db"/s, 'a header that counts pages that are not there yet');
substr(my $counters = $grown, 92, 4) = pack 'N', 1 + unpack 'N', substr $grown, 92, 4;
like(refused(changed('counters', $counters)), qr/^XX001 .*the -wal file of .* is missing.*counters in its header do not agree/s, 'counters that do not agree');
is((split / /, refused(changed('grown', $grown)))[0], '', 'after the checkpoint it is whole');
$in .= ".quit\n";
$app->finish;

no_copy('no copy is left in the end');
$node->stop;
done_testing();
