
# Random values: the converter and the verifier judge each alike, and whole
# databases arrive as they were, by the judgement of a program in another
# language (test/property).
#
# SQM_PROPERTY is "fast" (some seconds), "normal" (100,000 migrated values,
# half a minute) or "long" (some minutes). SQM_SEED is a number; the same
# number makes the same values.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my %counts = (
	fast => { agree => 20_000, migrate => 15_000 },
	normal => { agree => 100_000, migrate => 100_000 },
	long => { agree => 2_000_000, migrate => 1_500_000 });
my $mode = $ENV{SQM_PROPERTY} // 'normal';
my $seed = $ENV{SQM_SEED} // 1;
my $programs = ($ENV{TESTDIR} // '.') . '/test/property';

die "SQM_PROPERTY is fast, normal or long" unless $counts{$mode};

my $python = find_python();
plan skip_all => 'needs Python 3.9 with SQLite 3.37' unless $python;

my $node = start_server('properties');
my $dir = PostgreSQL::Test::Utils::tempdir;

$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PYTHONDONTWRITEBYTECODE} = 1;
$ENV{PYTHONIOENCODING} = 'utf-8';

# Each database has an encoding of its own, in which not all text exists.
sub create_database
{
	my ($name, $encoding) = @_;

	$node->safe_psql('postgres',
		"CREATE DATABASE $name TEMPLATE template0 ENCODING '$encoding' "
		  . "LC_COLLATE 'C' LC_CTYPE 'C'");
	$node->safe_psql($name, 'CREATE EXTENSION sqlite_fdw_mig');
	return $name;
}

# In portions, so that a long run needs no more memory than a short one.
sub run_program
{
	my ($database, $program, $share, @options) = @_;
	my $rest = $counts{$mode}{$program} * $share;
	my $portion = $seed;

	local $ENV{PGDATABASE} = $database;

	while ($rest > 0)
	{
		my $count = $rest > 100_000 ? 100_000 : $rest;
		my $out;
		my $ok = IPC::Run::run(
			[ $python, "$programs/$program.py", '--seed', $portion, '--count',
				$count, @options ],
			'>&', \$out);

		ok($ok, "$program in $database: seed $portion, $count values");
		if ($ok) { note($out) } else { diag(substr($out, 0, 20_000)) }
		$portion++;
		$rest -= $count;
	}
	return;
}

run_program('postgres', 'agree', 1);
run_program('postgres', 'migrate', 1, '--directory', $dir);

create_database('latin1', 'LATIN1');
run_program('latin1', 'agree', 0.2);
run_program('latin1', 'migrate', 0.1, '--directory', $dir, '--encoding', 'latin-1');
create_database('bytes', 'SQL_ASCII');
run_program('bytes', 'agree', 0.2);
create_database('euc_jp', 'EUC_JP');
run_program('euc_jp', 'agree', 0.2);

done_testing();
