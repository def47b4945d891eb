
# PostgreSQL's limits: what cannot be is refused before the work begins, or
# left out and told.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('limits');
my $dir = PostgreSQL::Test::Utils::tempdir;
chmod 0755, $dir;

sub make_file
{
	my ($name, $sql) = @_;

	sqlite("$dir/$name.db", $sql);
	chmod 0644, "$dir/$name.db";
	return quoted("$dir/$name.db");
}

sub columns
{
	my ($count, $type) = @_;

	return join ', ', map { "c$_ $type" } 1 .. $count;
}

sub names
{
	my $count = shift;

	return join ', ', map { "c$_" } 1 .. $count;
}

# A run is refused with this message, sq2pg_check tells it as a finding.
sub is_refused
{
	my ($file, $state, $message, $name) = @_;

	my ($got, $text) =
	  error_of($node, 'postgres', "SELECT * FROM sq2pg_migrate($file)");
	is("$got $text", "$state $message", $name);
	is( $node->safe_psql(
			'postgres',
			"SELECT message FROM sq2pg_check($file) WHERE severity = 'error'"),
		$message,
		"$name: foretold");
}

is_refused(
	make_file('wide', 'CREATE TABLE wide (' . columns(1601, 'INT') . ')'),
	'54011', 'table "wide" has 1601 columns', 'columns');
is($node->safe_psql('postgres', "SELECT count(*) FROM sq2pg_migrate("
		  . quoted("$dir/wide.db") . ", exclude => ARRAY['wide.c16*'])"),
	2, 'columns: fewer');
is_refused(
	make_file(
		'key',
		'CREATE TABLE k ('
		  . columns(40, 'INT') . ', UNIQUE ('
		  . names(33) . '))'),
	'54011',
	'a key of table "k" has 33 columns',
	'columns of a key');

my $indexed = make_file('indexed',
	    'CREATE TABLE i ('
	  . columns(40, 'INT')
	  . '); CREATE INDEX too_long ON i ('
	  . names(33)
	  . '); CREATE INDEX just_fits ON i ('
	  . names(32)
	  . ')');
like(
	$node->safe_psql(
		'postgres', "SELECT notes FROM sq2pg_migrate($indexed) LIMIT 1"),
	qr/^index "too_long" is left out: PostgreSQL allows 32 keys$/,
	'columns of an index');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_indexes WHERE indexname = 'just_fits'}),
	1, 'columns of an index: 32');

# Thousands of tables: the lock table is too small, and that is said at once.
my $many = make_file('many',
	"BEGIN;\n"
	  . join("\n",
		map { "CREATE TABLE t$_ (id INTEGER PRIMARY KEY, v TEXT UNIQUE);" }
		  1 .. 5000)
	  . "\nCOMMIT;");
my ($state, $message, undef, $all) =
  error_of($node, 'postgres', "CREATE SCHEMA many; SELECT * FROM sq2pg_migrate($many, 'many')");
is($state, '53400', '5,000 tables: state')
  or diag($all);
like($message, qr/^the migration needs about \d+ locks, the lock table has room for \d+$/,
	'5,000 tables: message');
my ($setting) = $all =~ /HINT:\s+Set max_locks_per_transaction to (\d+) /;
ok($setting, '5,000 tables: hint');
$node->append_conf('postgresql.conf', "max_locks_per_transaction = $setting");
$node->restart;
is( $node->safe_psql(
		'postgres',
		"SELECT count(*), bool_and(verified) FROM sq2pg_migrate($many, 'many')"),
	'5001|t',
	'5,000 tables: with the setting of the hint');

$node->stop;
done_testing();
