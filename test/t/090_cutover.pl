
# The cutover: data of whole applications into the schemas that their own
# migration tools made. Checked, rehearsed, run, run again, verified, and
# nothing but the data is different afterwards.
#
# SQM_CORPUS is the directory with the databases (booking.db) and the schemas
# (booking_pg.sql, todo5_pg_deferrable.sql). They are not part of the project.

use strict;
use warnings;

use File::Basename qw(basename);
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $corpus = $ENV{SQM_CORPUS} // '';
my @schemas = $corpus eq '' ? () : sort glob "$corpus/*_pg*.sql";

plan skip_all => 'no sample databases with schemas; SQM_CORPUS names their directory'
  unless @schemas;

my $node = start_server('cutover');

sub database_of
{
	my $name = basename(shift, '.sql');

	$name =~ s/_pg.*//;
	return "$corpus/$name.db";
}

# A database in which an application's tool has made its schema.
sub create_target
{
	my ($database, $file, $schema, $role) = @_;
	my $prelude = '';

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE EXTENSION sqlite_fdw_mig');
	if ($schema ne 'public')
	{
		$node->safe_psql($database, "CREATE SCHEMA $schema"
			  . (defined $role ? " AUTHORIZATION $role" : ''));
		$prelude .= "SET ROLE $role;\n" if defined $role;
		$prelude .= "SET search_path = $schema;\n";
	}
	$node->safe_psql($database, $prelude . slurp_bytes($file));
	return;
}

# Rows of a report, without the one of totals.
sub report
{
	my ($database, $call, $role) = @_;
	my $set = defined $role ? "SET ROLE $role;" : '';

	return map { [ split /\|/, $_, -1 ] } split /\n/,
	  $node->safe_psql($database, "$set SELECT table_name, action, source_rows, loaded, "
		  . "skipped, rejected, changed, verified FROM $call WHERE action <> 'total'");
}

# One whole cutover.
sub cut_over
{
	my ($what, $database, $source, $schema, $role) = @_;
	my $arguments = quoted($source) . ", '$schema', mode => 'data'";
	my $set = defined $role ? "SET ROLE $role;" : '';
	my $schema_before = schema_dump_of($node, $database, $schema, '-s');
	my $all_before = schema_dump_of($node, $database, $schema);
	my $catalog_before = catalog_of($node, $database, $schema);

	is( $node->safe_psql($database,
			"$set SELECT code, table_name, message FROM sq2pg_check($arguments) "
			  . "WHERE severity = 'error'"),
		'', "$what: the check finds no error");
	my @rehearsed = report($database, "sq2pg_migrate($arguments, dry_run => true)", $role);
	is(schema_dump_of($node, $database, $schema), $all_before,
		"$what: a rehearsal leaves content and sequences as they were");
	is(catalog_of($node, $database, $schema), $catalog_before,
		"$what: a rehearsal leaves the catalog as it was");

	my @report = report($database, "sq2pg_migrate($arguments)", $role);
	ok(@report > 0, "$what: migrated");
	is_deeply(\@report, \@rehearsed, "$what: as rehearsed");
	is_deeply([ grep { $_->[7] ne 't' } @report ], [], "$what: every table is verified");
	is_deeply([ grep { $_->[2] != $_->[3] } @report ], [], "$what: every row is loaded");
	is(schema_dump_of($node, $database, $schema, '-s'), $schema_before,
		"$what: the schema is as before, by pg_dump");
	is(catalog_of($node, $database, $schema), $catalog_before,
		"$what: the schema is as before, by its catalogs");

	my $content = schema_dump_of($node, $database, $schema);
	isnt($content, $all_before, "$what: the data are there");
	is_deeply(
		[ map { $_->[1] } grep { $_->[2] > 0 } report($database, "sq2pg_migrate($arguments)", $role) ],
		[ map { 'unchanged' } grep { $_->[2] > 0 } @report ],
		"$what: a second run has nothing to do");
	is(schema_dump_of($node, $database, $schema), $content, "$what: and does nothing");
	is( $node->safe_psql($database,
			"$set SELECT * FROM sq2pg_verify(" . quoted($source)
			  . ", '$schema') WHERE matches IS NOT TRUE"
			  # the tool's own table is not ours
			  . " AND table_name NOT IN ('alembic_version')"),
		'', "$what: sq2pg_verify() agrees");
	return;
}

# The count of each table, by programs that know nothing of us.
sub compare_counts
{
	my ($what, $database, $source, $schema) = @_;
	my @tables = map { $_->[0] } sqlite_rows($source,
		"SELECT name FROM sqlite_schema WHERE type = 'table' "
		  . "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'alembic_version' ORDER BY 1");
	my @theirs = sqlite_rows($source,
		join ' UNION ALL ', map { qq{SELECT '$_', count(*) FROM "$_"} } @tables);
	my @ours = map { [ split /\|/ ] } split /\n/, $node->safe_psql($database,
		join ' UNION ALL ', map { qq{SELECT '$_', count(*) FROM $schema."$_"} } @tables);

	is_deeply(\@ours, \@theirs, "$what: counts, by sqlite3 and psql");
	return;
}

# New rows of the application come after those that were migrated.
sub try_sequences
{
	my ($what, $database, $schema) = @_;

	is( $node->safe_psql($database, qq{
		DO \$\$
		DECLARE
			s record;
			next bigint;
			high bigint;
		BEGIN
			FOR s IN SELECT c.oid::regclass AS relation, a.attname,
					pg_get_serial_sequence(c.oid::regclass::text, a.attname) AS name
				FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
				WHERE c.relnamespace = '$schema'::regnamespace AND c.relkind = 'r'
				AND pg_get_serial_sequence(c.oid::regclass::text, a.attname) IS NOT NULL
			LOOP
				EXECUTE format('SELECT nextval(%L), coalesce(max(%I), 0) FROM %s',
					s.name, s.attname, s.relation) INTO next, high;
				IF next <= high THEN
					RAISE EXCEPTION '% gives %, and % is there', s.name, next, high;
				END IF;
			END LOOP;
		END \$\$;
		SELECT 'fine'}), 'fine', "$what: sequences give new numbers");
	return;
}

foreach my $file (@schemas)
{
	my $name = basename($file, '.sql');
	my $source = database_of($file);

	create_target($name, $file, 'public');
	cut_over($name, $name, $source, 'public');
	compare_counts($name, $name, $source, 'public');
	try_sequences($name, $name, 'public');
}

# A schema that is not public, beside another application's tables of the same
# names; by its owner, who may read no file and gets a large object.
SKIP:
{
	my ($file) = grep { basename($_) eq 'booking_pg.sql' } @schemas;

	skip 'no booking_pg.sql', 1 unless $file;

	my $source = database_of($file);

	$node->safe_psql('postgres', 'CREATE ROLE booking_owner');
	create_target('elsewhere', $file, 'app', 'booking_owner');
	$node->safe_psql('elsewhere', slurp_bytes($file));
	$node->safe_psql('elsewhere',
		"INSERT INTO public.service_categories (name) VALUES ('theirs')");

	my $theirs = schema_dump_of($node, 'elsewhere', 'public');
	my (undef, $message, undef, $all) = error_of($node, 'elsewhere',
		"SELECT * FROM sq2pg_migrate(" . quoted($source) . ", 'app', 'data')", 'booking_owner');
	like($all, qr/GRANT pg_read_server_files TO booking_owner/,
		'an owner who may not read the file is told what to do');

	my $loid = $node->safe_psql('elsewhere',
		"SELECT lo_from_bytea(0, pg_read_binary_file(" . quoted($source) . '))');
	$node->safe_psql('elsewhere', "GRANT SELECT ON LARGE OBJECT $loid TO booking_owner");
	cut_over('owner', 'elsewhere', "lo:$loid", 'app', 'booking_owner');
	compare_counts('owner', 'elsewhere', $source, 'app');
	is(schema_dump_of($node, 'elsewhere', 'public'), $theirs,
		'owner: tables of another application are as they were');
	is($node->safe_psql('elsewhere', "SELECT count(*) FROM pg_largeobject_metadata"),
		'1', 'owner: no large object is left but the source');
}

$node->stop;
done_testing();
