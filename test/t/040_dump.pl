
# What a migration makes is PostgreSQL like any other: it survives pg_dump and
# restore, with and without the extension, and looks the same after.

use strict;
use warnings;

use File::Basename qw(dirname);
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('dump');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $source = "$dir/demo.db";

sqlite($source, slurp_bytes(dirname(__FILE__) . '/../fixtures/demo.sql'));

# What a later application may have put there, names and values alike.
sqlite($source, q{
	CREATE TABLE "Odd ""names""" ("select" INTEGER PRIMARY KEY, "a.b" TEXT DEFAULT 'it''s');
	INSERT INTO "Odd ""names""" ("a.b") VALUES (char(9, 10, 13, 92, 39) || 'N'), ('\N'), ('\.'), ('');
	CREATE INDEX "odd index" ON "Odd ""names""" ("a.b" DESC) WHERE "a.b" <> '';
	CREATE TABLE numbers (i INTEGER, r REAL, d DECIMAL(30, 10));
	INSERT INTO numbers VALUES (9223372036854775807, 1e308, 0.1),
		(-9223372036854775807 - 1, 4.9e-324, -12345678901.5), (0, 9e999, NULL);
});

# Not in public: a dump takes liberties with its privileges.
$node->safe_psql('postgres', "CREATE SCHEMA shop");
$node->safe_psql('postgres',
	"SELECT * FROM sq2pg_migrate('$source', target_schema => 'shop')");

sub dump_of
{
	my ($database, @options) = @_;
	my $file = "$dir/$database.sql";

	$node->command_ok(
		[ 'pg_dump', '-f', $file, @options, $node->connstr($database) ],
		"dump of $database");

	# Since 2025 a dump has a key of its own.
	return slurp_bytes($file) =~ s/^\\(un)?restrict .*\n//mgr;
}

foreach my $case ([ 'whole' ], [ 'only_shop', '--schema=shop' ])
{
	my ($name, @options) = @$case;
	my $dump = dump_of('postgres', @options);

	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE template0");
	$node->command_ok(
		[
			'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f',
			"$dir/postgres.sql", '-d', $node->connstr($name)
		],
		"$name: restored");
	ok(dump_of($name, @options) eq $dump, "$name: dumps the same again");
}

# The rows are still those of the source, and that can be asked.
is( $node->safe_psql('whole',
		"SELECT bool_and(matches) FROM sq2pg_verify('$source', 'shop')"),
	't',
	'the restored database verifies against the source');

# Without the extension everything stays, and keeps working.
$node->safe_psql('postgres', 'DROP EXTENSION sqlite_fdw_mig');
is( $node->safe_psql(
		'postgres', "INSERT INTO shop.customers (email, name)
		VALUES ('new\@example.com', 'New') RETURNING id"),
	'501',
	'without the extension, the next customer gets a number');
my ($state) = error_of($node, 'postgres',
	"INSERT INTO shop.customers (email, name) VALUES ('READER1\@EXAMPLE.COM', 'Twice');");
is($state, '23505', 'without the extension, NOCASE UNIQUE still is');
is( $node->safe_psql(
		'postgres', "SELECT count(*) FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
		WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e'
		AND c.relnamespace = 'shop'::regnamespace"),
	'0',
	'nothing that was migrated belongs to the extension');

$node->stop;
done_testing();
