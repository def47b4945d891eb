
# Random schemas: every object of the source is in the catalog or in the report,
# and sq2pg_check says what the run says (test/property/schema.py).
#
# SQM_PROPERTY is "fast", "normal" or "long" (2,000 schemas); SQM_SEED is a
# number; the same number makes the same schemas.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my %counts = (fast => 40, normal => 150, long => 2_000);
my $mode = $ENV{SQM_PROPERTY} // 'normal';
my $seed = $ENV{SQM_SEED} // 1;
my $program = ($ENV{TESTDIR} // '.') . '/test/property/schema.py';

die "SQM_PROPERTY is fast, normal or long" unless $counts{$mode};

my $python = find_python();
plan skip_all => 'needs Python 3.9 with SQLite 3.37' unless $python;

my $node = start_server('schema');
my $dir = PostgreSQL::Test::Utils::tempdir;

$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
$ENV{PYTHONDONTWRITEBYTECODE} = 1;
$ENV{PYTHONIOENCODING} = 'utf-8';
chmod 0755, $dir;

# The fixtures that hold one of everything, read back from the catalog.
my @fixtures = qw(schema schema_objects schema_names keys quirks identity);
my @files = map { "$dir/$_.db" } @fixtures;
foreach my $name (@fixtures)
{
	my $sql = slurp_bytes(($ENV{TESTDIR} // '.') . "/test/fixtures/$name.sql");
	sqlite("$dir/$name.db", $sql);
	chmod 0644, "$dir/$name.db";
}
my $out = '';
my $ok = IPC::Run::run([ $python, $program, @files ], '>&', \$out);
like($out, qr/^\Q$_.db\E: \d+ objects, 0 wrong$/m, "fixture $_")
  foreach @fixtures;
diag($out) unless $ok;

$out = '';
$ok = IPC::Run::run(
	[
		$python, $program, '--seed', $seed, '--count', $counts{$mode},
		'--directory', $dir
	],
	'>&', \$out);
like($out, qr/^seed \d+: $counts{$mode} schemas, .* 0 wrong$/m,
	"$counts{$mode} random schemas");
ok($ok, 'nothing vanished');
diag($out) unless $ok;

$node->stop;
done_testing();
