
# A damaged database gives rows or one clean error, in seconds: never a crash,
# never a wait that nobody can end.  The damage is the same in every run.
#
# SQM_CORRUPTION is the number of damaged files (default 120).

use strict;
use warnings;

use File::Basename qw(dirname);
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;
use Time::HiRes qw(time);

my $count = $ENV{SQM_CORRUPTION} || 120;
my $node = start_server('corruption');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $fixtures = dirname(__FILE__) . "/../fixtures";
my $seed;

sub chance
{
	my $limit = shift;

	$seed = ($seed * 1103515245 + 12345) % 2**31;
	return ($seed >> 8) % $limit;
}

sub noise
{
	return join '', map { chr chance(256) } 1 .. shift;
}

sub page_size
{
	my $size = unpack 'n', substr shift, 16, 2;

	return $size == 1 ? 65536 : $size;
}

# Each kind of damage changes the bytes of a database in its first argument.
my @damages = (
	# single bytes anywhere
	sub { substr($_[0], chance(length $_[0]), 1) = noise(1) for 1 .. 10 },
	# the page of the schema
	sub { substr($_[0], chance(page_size($_[0])), 1) = noise(1) for 1 .. 10 },
	# the header of a b-tree page
	sub {
		my $size = page_size($_[0]);

		substr($_[0], $size * (1 + chance(length($_[0]) / $size - 1)), 12) = noise(12);
	},
	# a page in the place of another: trees share branches and have cycles
	sub {
		my $size = page_size($_[0]);
		my $pages = length($_[0]) / $size - 1;

		substr($_[0], $size * (1 + chance($pages)), $size) =
		  substr $_[0], $size * (1 + chance($pages)), $size;
	},
	# a page of zeros
	sub {
		my $size = page_size($_[0]);

		substr($_[0], $size * (1 + chance(length($_[0]) / $size - 1)), $size) = "\0" x $size;
	},
	# cut off, and the header agrees
	sub {
		$_[0] = substr $_[0], 0, 100 + chance(length($_[0]) - 100);
		substr($_[0], 28, 4) = pack 'N', length($_[0]) / page_size($_[0]);
	},
	# sizes, counts and encodings in the header
	sub { substr($_[0], 16 + chance(84), 1) = noise(1) for 1 .. 3 },
	# many single bits
	sub {
		for (1 .. 100)
		{
			my $at = 100 + chance(length($_[0]) - 100);

			substr($_[0], $at, 1) ^= chr(1 << chance(8));
		}
	});

my @calls = (
	(map { "SELECT count(*) FROM sq2pg_$_(%s)" } qw(tables columns indexes foreign_keys objects)),
	'SELECT count(*) FROM sq2pg_check(%s)',
	q{SELECT count(*) FROM sq2pg_migrate(%s, 'public', dry_run => true)});

# All calls on one file, each with its own error, in one session.
sub survives
{
	my ($name, $path) = @_;
	my $sql = "SET statement_timeout = '10s'; SET client_min_messages = error;\n";
	my ($out, $err);
	my $start = time;

	$sql .= sprintf("$_;\n", quoted($path)) foreach @calls;
	$node->psql('postgres', "$sql SELECT 'alive'",
		stdout => \$out, stderr => \$err, on_error_stop => 0);
	like($out, qr/alive$/, "$name: the session lives");
	unlike($err, qr/statement timeout|XX000/, "$name: no wait");
	cmp_ok(time - $start, '<', 20, "$name: soon");
	return;
}

my @fixtures;
foreach my $name (qw(demo schema quirks keys))
{
	sqlite("$dir/$name.db", slurp_bytes("$fixtures/$name.sql"));
	push @fixtures, slurp_bytes("$dir/$name.db");
}

foreach my $i (0 .. $count - 1)
{
	$seed = 1000 + $i;
	chance(2);
	my $bytes = $fixtures[ int($i / @damages) % @fixtures ];
	my $path = "$dir/damaged.db";

	$damages[ $i % @damages ]->($bytes);
	write_bytes($path, $bytes);
	survives("file $i", $path);
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace}),
	0, 'nothing was left in the schema');
ok(!grep({ -e "$dir/damaged.db-$_" } qw(wal shm journal)), 'nothing was left beside the file');

# A tree of 2^100 leaves that are all the same page: no count of it ends, but
# a cancel must end the count.
my $path = "$dir/bomb.db";
sqlite($path, q{
	PRAGMA page_size = 512;
	PRAGMA auto_vacuum = none;
	CREATE TABLE t (a INTEGER PRIMARY KEY, b);
	INSERT INTO t VALUES (1, 'x');
	CREATE TABLE filler (x);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
	INSERT INTO filler SELECT zeroblob(400) FROM n;
});
my $bomb = slurp_bytes($path);
my $leaf = substr $bomb, 512, 512;
foreach my $page (1 .. 16)
{
	my $child = $page < 16 ? $page + 10 : 30;
	my $at = $page == 1 ? 1 : $page + 8;
	my $cells = join '', map { pack 'NC', $child, 50 - $_ } 1 .. 49;
	my $first = 512 - length $cells;
	my $new = pack 'CnnnCN', 5, 0, 49, $first, 0, $child;

	$new .= join '', map { pack 'n', $first + 5 * (49 - $_) } 1 .. 49;
	$new .= "\0" x ($first - length $new);
	substr($bomb, 512 * $at, 512) = $new . $cells;
}
substr($bomb, 512 * 29, 512) = $leaf;
write_bytes($path, $bomb);
foreach my $call (
	q{sq2pg.source_count(%s, 't')},
	q{sq2pg_migrate(%s, 'public', dry_run => true)})
{
	my $start = time;
	my ($state) = error_of($node, 'postgres',
		sprintf("SET statement_timeout = '1s'; SELECT count(*) FROM $call", quoted($path)));

	is($state, '57014', "$call does not end by itself");
	cmp_ok(time - $start, '<', 5, "$call can be cancelled");
}

$node->stop;
done_testing();
