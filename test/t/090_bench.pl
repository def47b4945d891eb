# The benchmark still runs: every method on every source, small and once. Each
# loads what the reference does, and one that does not is noticed.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('bench');
my $output = PostgreSQL::Test::Utils::tempdir;
my $bench = "$ENV{TESTDIR}/test/bench/bench.py";

$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGUSER} = $node->safe_psql('postgres', 'SELECT current_user');
$ENV{PYTHONDONTWRITEBYTECODE} = 1;

# Runs the benchmark; returns whether it is content, and what it said.
sub bench
{
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run([ 'python3', $bench, '--quick', '--output', $output, @_ ],
		'>', \$out, '2>', \$err);

	note($out, $err);
	return ($ok, $out);
}

sub file_with
{
	my $text = slurp_bytes("$output/" . shift);

	return $text;
}

my ($ok, $said) = bench('--missing', 'pgloader=not installed');

ok($ok, 'all methods load the same');
like($said, qr/^[1-9]\d* passed, 0 failed, \d+ skipped$/m, 'and it says so');

# A line for each method in each scenario, with a ratio or with a reason.
my @lines = split /\r?\n/, file_with('bench.csv');
shift @lines;
cmp_ok(scalar @lines, '>', 60, 'every method has a line');
is(scalar(grep { !/^\w+,\d+,\d+,\w+,1,\d+\.\d+,/ and !/,skipped: / } @lines),
	0, 'with a ratio or a reason');
is(scalar(grep { /^wide,\d+,\d+,copy_binary,1,1\.000,1\.000,1\.000,/ } @lines),
	1, 'the reference is 1');

like(file_with('bench.md'), qr/^\* pgloader is missing: not installed$/m,
	'a missing tool is named');
like(file_with('bench.md'), qr/^\| row, 16 times the rows \| .* \| [\d.]+ \|$/m,
	'how time grows is there');
like(file_with('bench.svg'), qr{\A<svg .*<rect .*</svg>\s*\z}s, 'there is a chart');

($ok, $said) = bench('--scenarios', 'wide,keys', '--methods', 'copy_text', '--trap');
ok(!$ok, 'one changed value is a failure');
like($said, qr/^wide: tampered: content differs: wide$/m, 'that is named');
like($said, qr/^4 passed, 2 failed, 0 skipped$/m, 'and counted');

is($node->safe_psql('postgres', "SELECT count(*) FROM pg_database WHERE datname LIKE 'sqm%'"),
	0, 'no database is left behind');

$node->stop;
done_testing();
