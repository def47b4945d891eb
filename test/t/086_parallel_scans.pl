
# Foreign tables read by several processes: all see one moment of the database,
# whatever is written meanwhile, or one process reads alone.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('parallel_scans');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $file = "$dir/app.db";
my $rows = 20_000;
my $sum = $rows * ($rows + 1) / 2;

sub fill
{
	my ($path, $v) = @_;

	sqlite($path, "CREATE TABLE t (id INTEGER PRIMARY KEY, v INT); "
		  . "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < $rows) "
		  . "INSERT INTO t SELECT i, $v FROM c");
	chmod(0666, $path);
	return;
}

fill($file, 1);
$node->safe_psql('postgres',
	"CREATE SERVER app FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database "
	  . quoted($file) . "); CREATE FOREIGN TABLE t (id bigint, v int) SERVER app");

# The leader reads nothing where there are workers: what comes is theirs.
my $spread = "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; "
  . "SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2; "
  . "SET parallel_leader_participation = off; SET plan_cache_mode = force_generic_plan; ";
my $query = "SELECT count(*), min(v % 1000000), max(v % 1000000), sum(id) FROM t";
my $explain = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $query";

# A session of its own; lines that begin with ! are programs.
sub session
{
	my @lines = @_;
	my $script = $spread;

	$script .= "\n" . (/^!(.*)/ ? "\\! $1" : "$_;") foreach @lines;
	my ($status, $out, $err) = $node->psql('postgres', "$script\n", on_error_stop => 0);
	return ($out, $err);
}

sub launched
{
	my ($out) = session(@_);
	my @counts = $out =~ /Workers Launched: (\d+)/g;

	return "@counts";
}

# Workers read
is(launched($explain), '2', 'two workers read');
my ($out, $err) = session($query);
is($out, "$rows|1|1|$sum", 'and find every row once');

# In rollback mode writers wait, also one that is about to commit, which keeps
# new readers from locking the file.
my $write = "sqlite3 $file 'PRAGMA busy_timeout = 4000' 'UPDATE t SET v = 2' 2>&1";
($out, $err) = session('BEGIN', $query, "!$write & sleep 0.7", $query, $explain, 'COMMIT',
	"!wait; sleep 0.3");
is(join('/', grep { /\|/ } split /\n/, $out), "$rows|1|1|$sum/$rows|1|1|$sum",
	'a writer that waits changes nothing');
like($out, qr/Workers Launched: 2/, 'nor keeps workers from reading');
is($err, '', 'nor is there an error');
for my $second (1 .. 50)
{
	last if sqlite($file, 'SELECT max(v) FROM t') eq '2';
	select(undef, undef, undef, 0.2);
}
($out) = session($query);
is($out, "$rows|2|2|$sum", 'it came through after the transaction');

# Another file in the same place: the leader still has the old one
fill("$dir/other.db", 3);
($out, $err) = session('BEGIN', 'SELECT count(*) FROM t WHERE id = 1',
	"!mv $dir/other.db $file", $query, 'ROLLBACK', $query);
like($err, qr/SQLite database ".*app.db" changed while it was read/,
	'a file that took the place of another is not mixed with it');
like($out, qr/^$rows\|3\|3\|$sum$/m, 'the next transaction reads it');

# WAL mode: idle, its file does not change
sqlite($file, 'PRAGMA journal_mode = wal');
is(launched($explain), '2', 'workers read an idle database in WAL mode');

# Open in an application, which writes: one process reads
my ($in, $app_out) = ('', '');
my $app = IPC::Run::start([ 'sqlite3', $file ], '<', \$in, '>', \$app_out);
$in .= "UPDATE t SET v = 4 WHERE id = 1;\nSELECT 'open';\n";
$app->pump until $app_out =~ /open/;
chmod(0666, "$file-wal", "$file-shm");
($out) = session("EXPLAIN $query");
unlike($out, qr/Gather/, 'a database that an application has open is read by one process');
($out) = session($query);
is($out, "$rows|3|4|$sum", 'with what it has written');
$in .= ".quit\n";
$app->finish;

# A plan for workers, made before the application was started
my $held = $node->background_psql('postgres', on_error_stop => 0);
$held->query_safe("$spread PREPARE p AS $query; PREPARE e AS SELECT 1");
answer_of($held, 'EXECUTE p');
$app_out = '';
$in = "UPDATE t SET v = 5 WHERE id <= 10;\nSELECT 'open';\n";
$app = IPC::Run::start([ 'sqlite3', $file ], '<', \$in, '>', \$app_out);
$app->pump until $app_out =~ /open/;
chmod(0666, "$file-wal", "$file-shm");
my $plan = answer_of($held, 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE p');
like($plan, qr/Workers Planned: 2/, 'a plan for two workers is kept');
like($plan, qr/Workers Launched: 0/, 'but none is started');
is(answer_of($held, 'EXECUTE p'), "$rows|3|5|$sum", 'and one process reads all');
$in .= ".quit\n";
$app->finish;
$plan = answer_of($held, 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE p');
like($plan, qr/Workers Launched: 2/, 'until the application has ended');
$held->quit;

# A copy: workers read the leader's
my $object = $node->safe_psql('postgres', "SELECT lo_import(" . quoted($file) . ")");
$node->safe_psql('postgres',
	"CREATE SERVER uploaded FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database 'lo:$object'); "
	  . "CREATE FOREIGN TABLE u (id bigint, v int) SERVER uploaded OPTIONS (\"table\" 't')");
(my $uploaded = $query) =~ s/FROM t/FROM u/;
($out) = session($uploaded);
is($out, "$rows|3|5|$sum", 'workers read a large object');

# An error of a worker's, and a cancel while workers read
sqlite($file, "PRAGMA journal_mode = delete; UPDATE t SET v = 'none' WHERE id = 19000");
($out, $err) = session($query);
like($err, qr/invalid input syntax for type integer/, 'the error of a worker arrives');
like($err, qr/SQLite table "t", rowid 19000, column "v"/, 'with its place');
sqlite($file, 'UPDATE t SET v = 6');
($out, $err) = session("SET statement_timeout = '1s'",
	'SELECT count(*) FROM t AS a, t AS b WHERE a.v + b.v % 3 < 0');
like($err, qr/canceling statement due to statement timeout/, 'a cancel ends workers');
($out) = session($query);
is($out, "$rows|6|6|$sum", 'and nothing stays locked');
is(sqlite($file, 'UPDATE t SET v = 7; SELECT changes()'), $rows, 'for writers neither');

done_testing();
