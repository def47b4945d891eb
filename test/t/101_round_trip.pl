
# There and back: a SQLite database that went to PostgreSQL and came back holds
# the same, and so does a schema of PostgreSQL's that went to SQLite.
#
# SQM_CORPUS is the directory of the SQLite databases; without it only the
# second half runs.

use strict;
use warnings;

use File::Basename qw(basename dirname);
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('round_trip');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $corpus = $ENV{SQM_CORPUS} // '';
my $schemas = dirname(__FILE__) . '/../schema';

sub identifier
{
	my $name = shift;

	$name =~ s/"/""/g;
	return qq{"$name"};
}

# The tables of a database with their columns and declared types.
sub tables_of
{
	my $file = shift;
	my %tables;

	push @{ $tables{ $_->[0] } }, [ @$_[ 1, 2 ] ]
	  foreach sqlite_rows($file,
		q{SELECT t.name, c.name, c.type FROM pragma_table_list t, pragma_table_xinfo(t.name) c
		  WHERE t.type = 'table' AND t.schema = 'main'
		  AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY t.name, c.cid});
	return %tables;
}

# What PostgreSQL's types do not keep in its spelling (docs/export.md), as text:
# so it comes back byte by byte.
sub types_as_text
{
	my %tables = tables_of(shift);
	my %types = map { $_->[1] => 1 } map { @$_ } values %tables;

	return join ', ', map { qq{"declared:$_": "text"} }
	  grep { /^(DATE|TIME|JSON)/ } sort keys %types;
}

# A value with its storage class, so that 1, 1.0 and '1' are three things.
sub exactly
{
	my $name = identifier($_[0]);

	return "typeof($name) || quote($name)";
}

# The spellings that a type of PostgreSQL's does not keep: a fraction's zeros,
# midnight, white space and order in JSON (whose content is verified anyway).
sub in_effect
{
	my ($column, $type) = @_;
	my $name = identifier($column);

	return 'NULL' if $type =~ /^JSON/;
	return exactly($column) unless $type =~ /^(DATE|TIME)/;
	return "rtrim(rtrim(CASE WHEN length($name) = 10 THEN $name || ' 00:00:00.' "
	  . "WHEN instr($name, '.') = 0 THEN $name || '.' ELSE $name END, '0'), '.')";
}

# How many rows one database has and the other has not, by table.
sub differences
{
	my ($ours, $theirs, $what) = @_;
	my %tables = tables_of($ours);
	my @wrong;

	foreach my $table (sort keys %tables)
	{
		my $name = identifier($table);
		my $rows = join(', ', map { $what->(@$_) } @{ $tables{$table} });
		my $sql = sub {
			my ($left, $right) = @_;
			return "(SELECT count(*) FROM (SELECT $rows FROM $left.$name EXCEPT SELECT $rows FROM $right.$name))";
		};
		my $found = sqlite(':memory:',
			"ATTACH 'file:$ours?immutable=1' AS a; ATTACH 'file:$theirs?immutable=1' AS b;
			SELECT " . $sql->('a', 'b') . " || '/' || " . $sql->('b', 'a')
			  . " || '/' || ((SELECT count(*) FROM a.$name) - (SELECT count(*) FROM b.$name))",
			'-cmd', '.open file::memory:');
		push @wrong, "$table: $found" if $found ne '0/0/0';
	}
	return \@wrong;
}

sub there_and_back
{
	my ($file, $database, $types, $parameters) = @_;
	my $back = "$dir/$database.db";
	my ($out, $err) = ('', '');

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE EXTENSION sqlite_fdw_mig');
	$node->safe_psql($database,
		"SELECT * FROM sq2pg_migrate('$file', types => $types)");
	my $status = $node->psql(
		$database,
		"SELECT sq2pg_export('$back'$parameters)",
		stdout => \$out,
		stderr => \$err);
	is("$status $out", "0 $back", "$database: exported") or diag($err);
	return ($back, $err);
}

foreach my $file ($corpus eq '' ? () : sort glob "$corpus/*.db")
{
	my $name = basename($file, '.db');
	my ($back, $told) = there_and_back($file, $name, 'NULL', '');

	is_deeply(differences($file, $back, \&in_effect),
		[], "$name: the same, but for spellings");
	is( $node->safe_psql($name,
			"SELECT bool_and(matches) FROM sq2pg_verify('$back')"),
		't', "$name: and the same as PostgreSQL's");
	is(sqlite($back, 'PRAGMA integrity_check; PRAGMA foreign_key_check'),
		'ok', "$name: whole, and no orphans");
	unlike($told, qr/values are not exactly/, "$name: no value is told to differ");
	is( sqlite($back, q{SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL}),
		sqlite("file:$file?immutable=1",
			q{SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL}, '-readonly'),
		"$name: as many indexes");

	my $types = types_as_text($file);
	($back) = there_and_back($file, "${name}_exact", quoted("{$types}"), '')
	  if $types ne '';
	is_deeply(differences($file, $back, \&exactly), [], "$name: exactly the same");
}

# The other way round: what comes back must be what a table of the same
# definition can hold, to the bit.
$node->safe_psql('postgres', 'CREATE DATABASE rental TEMPLATE template0');
my $ddl = slurp_bytes("$schemas/rental.sql");
my $rows = slurp_bytes("$schemas/rental_rows.sql");

$node->safe_psql('rental', 'CREATE EXTENSION sqlite_fdw_mig');
$node->safe_psql('rental', "CREATE SCHEMA a; SET search_path = a; $ddl $rows");
my $way = 0;
foreach my $parameters ('', ", numeric_as => 'text'",
	", uuid_as => 'hex', timestamptz_as => 'utc', time_fraction => 'always'")
{
	my $schema = 'b' . ++$way;
	my $file = "$dir/rental$way.db";

	$node->safe_psql('rental', "SELECT sq2pg_export('$file', 'a'$parameters)");
	is(sqlite($file, 'PRAGMA integrity_check; PRAGMA foreign_key_check'),
		'ok', "rental $way: whole, and no orphans");

	# infinity and years before Christ are no dates of SQLite's: as text they go on
	$node->safe_psql('rental', qq{CREATE SCHEMA $schema; SET search_path = $schema; $ddl
		ALTER TABLE customer ALTER born TYPE text, ALTER created DROP DEFAULT, ALTER created TYPE text;
		DROP VIEW open_rentals, films_by_rating;
		ALTER TABLE film ALTER last_update DROP DEFAULT, ALTER last_update TYPE text;
		ALTER TABLE customer ALTER awake TYPE text;});
	$node->safe_psql('rental', qq{SET search_path = $schema;
		SELECT * FROM sq2pg_migrate('$file', mode => 'data')});
	$node->safe_psql('rental', qq{SET search_path = $schema; SET TimeZone = 'UTC';
		ALTER TABLE customer ALTER CONSTRAINT favourite_rental NOT DEFERRABLE;
		ALTER TABLE customer DROP CONSTRAINT customer_name;
		ALTER TABLE customer ALTER born TYPE date USING born::date, ALTER created TYPE timestamp USING created::timestamp,
			ALTER awake TYPE time USING awake::time;
		ALTER TABLE film ALTER last_update TYPE timestamptz USING last_update::timestamptz;});
	foreach my $table (qw(country film customer rental payment), 'Odd "table"')
	{
		my $name = identifier($table);
		my $row = "SELECT t::text FROM";

		is( $node->safe_psql('rental', qq{SET extra_float_digits = 1;
				SELECT count(*) FROM (($row a.$name AS t EXCEPT ALL $row $schema.$name AS t)
				UNION ALL ($row $schema.$name AS t EXCEPT ALL $row a.$name AS t)) AS x}),
			'0', "rental $way: $table came back");
	}
}

# In create mode nothing but the file says what the types are.
$node->safe_psql('rental', "CREATE SCHEMA c");
is( $node->safe_psql('rental',
		"SELECT bool_and(verified) FROM sq2pg_migrate('$dir/rental1.db', 'c')"),
	't', 'create mode takes it, too');
is( $node->safe_psql('rental', q{
		SELECT string_agg(atttypid::regtype::text, ' ' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = 'c.rental'::regclass AND attnum > 0}),
	'bigint bigint timestamp without time zone timestamp without time zone',
	'with types that its declarations say');
is( $node->safe_psql('rental', q{
		INSERT INTO c.film (title) VALUES ('next') RETURNING film_id}),
	'42', 'and the numbers go on');

$node->stop;
done_testing();
