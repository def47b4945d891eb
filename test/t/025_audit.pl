
# The pairs of sq2pg_audit: every one of them run by the sqlite3 program and by
# psql, in a session that knows nothing of the extension, prints the same line
# on both sides, for databases as applications have them and for the nastiest
# of our own. And where the target was tampered with, one does not.

use strict;
use warnings;

use File::Basename qw(basename dirname);
use File::Copy qw(copy);
use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('audit');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $fixtures = dirname(__FILE__) . '/../fixtures';
my $separator = "\x1f";

# The lines that a program prints for statements, each under its number.
sub lines_of
{
	my ($command, @statements) = @_;
	my ($out, $err) = ('', '');
	my $script = join "\n", map { "SELECT '== $_';\n$statements[$_]" } 0 .. $#statements;

	IPC::Run::run($command, '<', \$script, '>', \$out, '2>', \$err);
	is($err, '', "$command->[0]: no error");
	my @parts = split /^== \d+\n/m, $out;
	shift @parts;
	chomp @parts;
	return @parts;
}

# The pairs of a run, each with its two outputs.
sub audited
{
	my ($database, $file, $run) = @_;
	my $out = $node->safe_psql($database,
		"SELECT table_name, what, sqlite, postgresql FROM sq2pg_audit($run)",
		extra_params => [ '-F', $separator, '-R', "\x1e" ]);
	my @pairs = map { [ split /$separator/, $_, -1 ] } split /\x1e/, $out;
	my @without = grep { $_->[2] eq '' } @pairs;
	my @with = grep { $_->[2] ne '' } @pairs;

	note("$database: $_->[0]: $_->[1]") foreach @without;
	# as an auditor would call them, with settings that could mislead
	my @lite = lines_of(
		[ 'sqlite3', '-batch', '-readonly', "file:$file?immutable=1" ],
		map { $_->[2] } @with);
	local $ENV{PGOPTIONS} = '-c TimeZone=America/New_York -c DateStyle=SQL,DMY'
	  . ' -c extra_float_digits=-3 -c bytea_output=escape -c IntervalStyle=sql_standard';
	my @pg = lines_of(
		[ 'psql', '-XqAt', '-d', $node->connstr($database) ],
		map { $_->[3] } @with);
	is(scalar @lite, scalar @with, "$database: sqlite3 answers each");
	is(scalar @pg, scalar @with, "$database: psql answers each");
	return map { [ @{ $with[$_] }, $lite[$_], $pg[$_] ] } 0 .. $#with;
}

sub different
{
	return map { "$_->[0], $_->[1]: $_->[4] / $_->[5]" }
	  grep { $_->[4] ne $_->[5] } @_;
}

sub migrate
{
	my ($database, $file, $arguments) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE EXTENSION sqlite_fdw_mig');
	return $node->safe_psql($database,
		'CREATE TABLE public.report AS SELECT * FROM sq2pg_migrate('
		  . quoted($file) . ($arguments // '') . ');'
		  . 'DROP TABLE public.report; SELECT max(run) FROM sq2pg.runs');
}

# Sample databases, and our own.

my %arguments = (
	names => ", names => 'snake'",
	misfits => ", on_bad_value => 'repair', types => '{\"*.*\": \"text\"}'");
my $corpus = $ENV{SQM_CORPUS} // '';
my @files = $corpus eq '' ? () : sort glob "$corpus/*.db";
foreach my $source (sort glob "$fixtures/*.sql")
{
	my $name = basename($source, '.sql');
	my $file = "$dir/fixture_$name.db";

	sqlite($file, slurp_bytes($source));
	push @files, $file;
}

foreach my $file (@files)
{
	my $name = basename($file, '.db');
	my ($kind) = $name =~ /^fixture_(.*)/;
	my $copy = "$dir/audit_$name.db";
	copy($file, $copy) or die "copy: $!";
	my $run = migrate("audit_$name", $copy, 
		", on_orphan => 'keep'" . ($arguments{ $kind // '' } // ''));
	my @pairs = audited("audit_$name", $copy, $run);

	ok(@pairs > 0, "$name: " . @pairs . ' pairs');
	is_deeply([ different(@pairs) ], [], "$name: the same on both sides");
	is_deeply([ companions_of($copy) ], [], "$name: nothing beside the source");
}

# Each tampering is seen by the pair that is made for it.

my $file = "$dir/tamper.db";
sqlite($file, q{
	CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT UNIQUE);
	CREATE TABLE t (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent, n INTEGER, big INTEGER, price DECIMAL(10,2),
		ratio DOUBLE, name TEXT, data BLOB, day DATE, at DATETIME, unix TIMESTAMP, tz TIMESTAMPTZ, flag BOOLEAN, u UUID);
	INSERT INTO parent VALUES (1, 'a'), (2, 'b');
	WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 50)
	INSERT INTO t SELECT i, 1 + i % 2, -i, 9223372036854775807 - i, i * 0.01, i / 7.0, 'näme ' || i, randomblob(i),
		date('2024-01-31', i || ' days'), datetime('2024-02-28 23:59:59', i || ' hours'), 1700000000 + i,
		datetime('2024-03-10 00:00:00', i || ' hours') || 'Z', i % 2, lower(hex(randomblob(16))) FROM c;});
my $run = migrate('tamper', $file, '');
is_deeply([ different(audited('tamper', $file, $run)) ], [], 'tamper: the same before');
my %tampering = (
	'rows' => 'DELETE FROM t WHERE id = 7',
	'NULLs' => 'UPDATE t SET name = NULL WHERE id = 7',
	'column "n": min, max, sum' => 'UPDATE t SET n = n + 1 WHERE id = 7',
	'column "big": min, max, sum modulo 1000003' => 'UPDATE t SET big = big - 1 WHERE id = 7',
	'column "price": min, max, sum in units of 0.01' => 'UPDATE t SET price = price + 0.01 WHERE id = 7',
	'column "ratio": min, max, sum in thousandths, cut off' => 'UPDATE t SET ratio = 1.234 WHERE id = 7',
	'column "name": characters' => q{UPDATE t SET name = name || 'ä' WHERE id = 7},
	'column "data": bytes' => q{UPDATE t SET data = data || '\x00' WHERE id = 7},
	'column "day": from, to, sum of seconds' => q{UPDATE t SET day = day + 1 WHERE id = 7},
	'column "at": from, to, sum of seconds' => q{UPDATE t SET at = at + interval '1 second' WHERE id = 7},
	'column "unix": from, to, sum of seconds' => q{UPDATE t SET unix = unix - interval '1 hour' WHERE id = 7},
	'column "tz": from, to, sum of seconds' => q{UPDATE t SET tz = tz + interval '1 hour' WHERE id = 7},
	'column "flag": true, false' => 'UPDATE t SET flag = NOT flag WHERE id = 7',
	'column "u": from, to, different' => q{UPDATE t SET u = (SELECT u FROM t WHERE id = 8) WHERE id = 7},
	'key (code): different values' =>
	  q{ALTER TABLE parent DROP CONSTRAINT parent_code_key; UPDATE parent SET code = 'a'},
	'foreign key (parent_id) to table "parent": orphans' =>
	  'ALTER TABLE t DROP CONSTRAINT t_parent_id_fkey; UPDATE t SET parent_id = 3 WHERE id = 7');

foreach my $what (sort keys %tampering)
{
	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS tampered');
	$node->safe_psql('postgres', 'CREATE DATABASE tampered TEMPLATE tamper');
	$node->safe_psql('tampered', $tampering{$what});
	my @found = grep { $_->[4] ne $_->[5] } audited('tampered', $file, $run);
	ok((grep { $_->[1] eq $what } @found), "seen: $what")
	  or diag(join "\n", map { $_->[1] } @found);
}

# Nothing of ours is in the statements: they work without the extension.

my @pairs = audited('tamper', $file, $run);
$node->safe_psql('tamper', 'DROP EXTENSION sqlite_fdw_mig CASCADE');
my @again = lines_of([ 'psql', '-XqAt', '-d', $node->connstr('tamper') ],
	map { $_->[3] } @pairs);
is_deeply(\@again, [ map { $_->[4] } @pairs ], 'without the extension');

$node->stop;
done_testing();
