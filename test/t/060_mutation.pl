
# A converter that is wrong now and then is noticed: one mutation for each kind
# of value. A library is built whose converters alter every fifth result of the
# kind that a setting names (src/mutation.c); the verifier, which was written
# apart from them, must then refuse the whole migration.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir;
my $tree = $ENV{TESTDIR} // '.';
my $build = "$dir/build";

# The mutated library has another name than the one that is installed, so that
# other tests do not meet it.
sub build_library
{
	my ($out, $ok);

	mkdir $build or die "could not create \"$build\": $!";
	IPC::Run::run(
		[ 'tar', '-C', $tree, '--exclude=*.o', '--exclude=*.bc', '-cf', '-',
			'Makefile', 'migrate', 'src', 'sqlite_fdw_mig.c',
			'sqlite_fdw_mig.control' ],
		'|', [ 'tar', '-C', $build, '-xf', '-' ])
	  or die "could not copy $tree";
	$ok = IPC::Run::run(
		[ 'make', '-C', $build, '-j2', 'PG_CONFIG=pg_config', 'with_llvm=no',
			'PG_CFLAGS=-DSQM_MUTATION -O0', 'sqlite_fdw_mig.so' ],
		'>&', \$out);
	diag($out) unless $ok;
	ok($ok, 'a library with mutations builds');
	rename "$build/sqlite_fdw_mig.so", "$dir/sqlite_mutated.so"
	  or die "no library: $!";
	return "$dir/sqlite_mutated.so";
}

# kind => [ type, SQL of a value that depends on n (1 to 12) ].  No value is
# the same as its neighbours, none is empty.
my %columns = (
	bool => [ 'boolean', 'n % 2' ],
	int2 => [ 'smallint', 'n * 100' ],
	int4 => [ 'integer', '-n * 100000' ],
	int8 => [ 'bigint', '9007199254740992 + n' ],
	float4 => [ 'real', 'n / 8.0' ],
	float8 => [ 'double precision', '1.0 / n' ],
	numeric => [ 'numeric', "'123456789012345678901234567890.' || n" ],
	text => [ 'text', "'caf' || char(233) || n" ],
	varchar => [ 'varchar(20)', "'word ' || n" ],
	bpchar => [ 'char(8)', "'c' || n" ],
	name => [ 'name', "'name ' || n" ],
	char => [ '"char"', "char(96 + n)" ],
	bytea => [ 'bytea', 'zeroblob(n)' ],
	date => [ 'date', "date('2024-02-20', n || ' days')" ],
	time => [ 'time', "printf('%02d:59:59.9', n)" ],
	timetz => [ 'timetz', "printf('%02d:00:00+02', n)" ],
	timestamp => [ 'timestamp', "datetime('2024-02-28 12:00', n || ' hours')" ],
	timestamptz => [ 'timestamptz', '1700000000 + n' ],
	interval => [ 'interval', "n || ' hours'" ],
	uuid => [ 'uuid', "printf('%032x', n * 7)" ],
	json => [ 'json', q{json_object('key', n)} ],
	jsonb => [ 'jsonb', q{json_object('a', n, 'b', json_array(n, 'x'))} ],
	money => [ 'money', 'n + 0.25' ],
	oid => [ 'oid', 'n' ],
	inet => [ 'inet', "'10.0.0.' || n" ],
	point => [ 'point', "'(' || n || ',1.5)'" ],
	bit => [ 'bit(8)', "printf('%08d', n % 2)" ],
	tsvector => [ 'tsvector', "'word' || n" ],
	enum => [ 'kinds.colour', "CASE n % 2 WHEN 0 THEN 'red' ELSE 'blue' END" ],
	array => [ 'integer[]', "'{' || n || ',2}'" ],
	array_bound => [ 'text[]', "'[' || n || ']'" ]);

# A domain is its base type; here with nothing else of that type in the table.
my %also = (domain => [ 'kinds.short', 'n * 3', 'int2' ]);

my $source = "$dir/kinds.db";
my @names = sort keys %columns;
sqlite($source,
	'CREATE TABLE kinds (' . join(', ', map { "c_$_" } @names) . ");\n"
	  . "CREATE TABLE domains (c_domain);\n"
	  . "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 12)\n"
	  . 'INSERT INTO kinds SELECT ' . join(', ', map { $columns{$_}[1] } @names) . " FROM c;\n"
	  . "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 12)\n"
	  . "INSERT INTO domains SELECT $also{domain}[1] FROM c;\n"
	  . 'INSERT INTO kinds DEFAULT VALUES');

my %types = map { ("kinds.c_$_" => $columns{$_}[0]) } @names;
$types{'domains.c_domain'} = $also{domain}[0];
my $types = 'jsonb_build_object('
  . join(', ', map { quoted($_) . ', ' . quoted($types{$_}) } sort keys %types) . ')';
my $migrate = "SELECT bool_and(verified) FROM sq2pg_migrate(" . quoted($source)
  . ", 'target', types => $types, exclude => %s)";

my $library = build_library();
my $node = start_server('mutation');

$node->safe_psql('postgres', q{
	CREATE SCHEMA target;
	CREATE SCHEMA kinds;
	CREATE TYPE kinds.colour AS ENUM ('red', 'green', 'blue');
	CREATE DOMAIN kinds.short AS smallint CHECK (VALUE > 0)});
$node->safe_psql('postgres',
	"UPDATE pg_proc SET probin = " . quoted($library)
	  . " WHERE probin ~ 'sqlite_fdw_mig'");
my $before = relations_of($node, 'postgres');

# Under the mutation, must this fail because of what was found in this table?
sub check_mutation
{
	my ($kind, $exclude, $table, $setting) = @_;
	my $sql = "LOAD " . quoted($library) . ";\n"
	  . "SET sqlite_fdw_mig.mutation = " . quoted($setting) . ";\n"
	  . sprintf($migrate, $exclude) . ";\n";
	my ($state, $message, $reports, $all) = error_of($node, 'postgres', $sql);

	ok( $message =~ /^verification failed/ && $state eq 'XX001' && $reports == 1,
		"a wrong $kind is noticed") or diag($all);
	like($all, qr/Table "$table": the same number of rows/,
		"the report on a wrong $kind names the table");
	return;
}

foreach my $kind (@names)
{
	check_mutation($kind, "'{domains}'", 'kinds', $kind);
}
check_mutation('domain', "'{kinds}'", 'domains', $also{domain}[2]);
check_mutation('NULL', "'{domains}'", 'kinds', 'null');

is(relations_of($node, 'postgres'), $before, 'nothing was left behind');

# And what is not wrong goes through, with the same library.
is( $node->safe_psql('postgres',
		"SET client_min_messages = warning;\n" . sprintf($migrate, 'NULL')),
	't', 'without a mutation all is well');

# The library that is installed has no such setting.
my ($state, $message) = error_of($node, 'postgres',
	"LOAD '\$libdir/sqlite_fdw_mig'; SET sqlite_fdw_mig.mutation = 'int4'");
like($message, qr/(?:invalid|unrecognized) configuration parameter/,
	'an ordinary library has no mutations');

done_testing();
