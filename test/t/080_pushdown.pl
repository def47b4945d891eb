
# Random queries: what SQLite evaluates never changes an answer (test/property/
# pushdown.py), in databases of several collations and encodings.
#
# SQM_PROPERTY is "fast" (some seconds), "normal" (half a minute) or "long"
# (some minutes). SQM_SEED is a number; the same number makes the same queries.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my %counts = (fast => 2_000, normal => 6_000, long => 100_000);
my $mode = $ENV{SQM_PROPERTY} // 'normal';
my $seed = $ENV{SQM_SEED} // 1;
my $program = ($ENV{TESTDIR} // '.') . '/test/property/pushdown.py';

die "SQM_PROPERTY is fast, normal or long" unless $counts{$mode};

my $python = find_python();
plan skip_all => 'needs Python 3.9 with SQLite 3.37' unless $python;

my $node = start_server('pushdown');
my $dir = PostgreSQL::Test::Utils::tempdir;

$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PYTHONDONTWRITEBYTECODE} = 1;
$ENV{PYTHONIOENCODING} = 'utf-8';

# Share of the queries, database, how it is made (not every machine has every
# locale), options of the program.
my @databases = (
	[ 0.4, 'postgres' ],
	[ 0.3, 'icu',
		"TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'",
		'--collation', 'ci', '--collation', 'ci', '--collation', 'en-US-x-icu' ],
	[ 0.2, 'utf8', "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'" ],
	[ 0.1, 'latin1', "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'",
		'--encoding', 'latin-1' ]);

foreach my $entry (@databases)
{
	my ($share, $database, $definition, @options) = @$entry;
	my $rest = $counts{$mode} * $share;
	my $out;

	if (defined $definition)
	{
		my ($status) = $node->psql('postgres', "CREATE DATABASE $database $definition");
		if ($status != 0)
		{
			note("no database like \"$database\" here");
			next;
		}
		$node->safe_psql($database, 'CREATE EXTENSION sqlite_fdw_mig');
	}
	$node->safe_psql($database, q{
		CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)})
	  if "@options" =~ /\bci\b/;
	local $ENV{PGDATABASE} = $database;

	# In portions, so that a failure names a seed that is quickly repeated.
	for (my $portion = $seed; $rest > 0; $portion++, $rest -= 3_000)
	{
		my $count = $rest > 3_000 ? 3_000 : $rest;
		my $ok = IPC::Run::run(
			[ $python, $program, '--seed', $portion, '--count', $count,
				'--directory', $dir, @options ],
			'>&', \$out);

		ok($ok, "$database: seed $portion, $count queries");
		if ($ok) { note($out) } else { diag(substr($out, 0, 20_000)) }
	}
}

done_testing();
