#!/usr/bin/perl
#
# Runs TAP tests as prove does, shows the log of those that failed, and writes
# "passed failed skipped" to a file: prove's summary cannot be counted reliably.
#
# Usage: tap.pl COUNTS-FILE TEST...

use strict;
use warnings;
use File::Basename qw(basename);
use TAP::Harness;

my ($counts, @tests) = @ARGV;
my $harness =
  TAP::Harness->new({ failures => 1, verbosity => 0, timer => 1 });
my $results = $harness->runtests(@tests);
my $skipped = $results->skipped;
my $failed = $results->failed;

foreach my $test ($results->descriptions)
{
	my ($parser) = $results->parsers($test);

	# Skipped as a whole: no test ran, one is reported.
	$skipped++ if defined $parser->skip_all;

	# A script that died, or stopped short of its plan, is a failure even if
	# each test that it reached passed.
	$failed++ if $parser->has_problems and not $parser->failed;
	show_log($test) if $parser->has_problems;
}

# The end of what PostgreSQL::Test wrote while a test ran.
sub show_log
{
	my $name = 'regress_log_' . basename(shift, '.pl');

	open my $log, '<', "$ENV{TESTLOGDIR}/$name" or return;
	my @lines = <$log>;
	close $log;
	splice @lines, 0, -60 if @lines > 60;
	print "== end of $name\n", @lines;
	return;
}

open my $out, '>', $counts or die "could not open \"$counts\": $!";
printf $out "%d %d %d\n", $results->passed - $results->skipped, $failed,
  $skipped;
close $out or die "could not write \"$counts\": $!";
exit($failed ? 1 : 0);
