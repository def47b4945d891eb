
# There and back: a SQLite database that went to PostgreSQL and came back holds
# the same, and so does a schema of PostgreSQL's that went to SQLite.
#
# SQM_CORPUS is the directory of the SQLite databases; without it only the
# second half runs.

use strict;
use warnings;

use File::Basename qw(basename dirname);
use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('round_trip');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $corpus = $ENV{SQM_CORPUS} // '';
my $has_sqldiff = eval { IPC::Run::run([ 'sqldiff', '--help' ], '>', \my $o, '2>', \my $e); 1 };
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

# What the program sqldiff finds in tables, by their primary keys: a rowid that
# is no column is another one when it comes back.
sub sqldiff
{
	my ($ours, $theirs) = @_;
	my %tables = tables_of($ours);
	my $found = '';

	foreach my $table (sort keys %tables)
	{
		my ($out, $err) = ('', '');
		IPC::Run::run([ 'sqldiff', '--primarykey', '--table', $table, $ours, $theirs ],
			'>', \$out, '2>', \$err)
		  or die "sqldiff failed: $err";
		# indexes are written with all their names in quotes
		$found .= join '', grep { !/^(?:CREATE|DROP) (?:UNIQUE )?INDEX / } $out =~ /.*\n/g;
	}
	return $found;
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

# How many values of each column are not there any more, storage class and
# bytes. A value that comes back as it is never takes the place of another one:
# what others became comes back as it is, too.
sub changed_values
{
	my ($ours, $theirs) = @_;
	my %tables = tables_of($ours);
	my @counts;

	foreach my $table (sort keys %tables)
	{
		my $name = identifier($table);

		foreach my $column (map { $_->[0] } @{ $tables{$table} })
		{
			my $value = exactly($column);
			my $values = "SELECT $value AS v, row_number() OVER (PARTITION BY $value) AS n FROM";

			push @counts, "SELECT " . quoted("$table.$column: ") . " || count(*) FROM
				(SELECT * FROM ($values a.$name) EXCEPT SELECT * FROM ($values b.$name))
				HAVING count(*) > 0;";
		}
	}
	return [
		sort split /\n/,
		sqlite(':memory:',
			"ATTACH 'file:$ours?immutable=1' AS a; ATTACH 'file:$theirs?immutable=1' AS b; @counts",
			'-cmd', '.open file::memory:') ];
}

# What sq2pg_round_trip says of values; it is asked before there is any table.
sub told
{
	my ($database, $file, $parameters) = @_;

	return [
		sort split /\n/,
		$node->safe_psql($database,
			"SELECT table_name || '.' || column_name || ': ' || occurrences
			FROM sq2pg_round_trip('$file'$parameters) WHERE comes_back IS NOT NULL") ];
}

sub there_and_back
{
	my ($file, $database, $types, $parameters) = @_;
	my $back = "$dir/$database.db";
	my ($out, $err) = ('', '');

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE EXTENSION sqlite_fdw_mig');
	my $told = told($database, $file, ", types => $types$parameters");
	$node->safe_psql($database,
		"SELECT * FROM sq2pg_migrate('$file', types => $types)");
	my $status = $node->psql(
		$database,
		"SELECT sq2pg_export('$back'$parameters)",
		stdout => \$out,
		stderr => \$err);
	is("$status $out", "0 $back", "$database: exported") or diag($err);
	is_deeply(changed_values($file, $back),
		$told, "$database: what comes back in another form was told before");
	is_deeply(told($database, $file, $parameters),
		$told, "$database: and is told by the tables that are there");
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

SKIP:
	{
		skip 'sqldiff is not installed (Debian: sqlite3-tools)', 1 unless $has_sqldiff;
		is(sqldiff($file, $back), '', "$name: sqldiff agrees");
	}
}

# Values of all kinds that are spelled in all ways.
{
	my $file = "$dir/spelled.db";
	my $hints = q{SELECT jsonb_object_agg(k, v) FROM sq2pg_round_trip('%s') AS r,
		substring(r.hint FROM '^types => E?''(.*)'' keeps it') AS h,
		jsonb_each_text(replace(h, E'\\\\\\\\', E'\\\\')::jsonb) AS e(k, v)};
	my $way = 0;

	sqlite($file, slurp_bytes("$ENV{TESTDIR}/test/fixtures/round_trip.sql"));
	foreach my $parameters ('', ", numeric_as => 'text'", ", numeric_as => 'real'",
		", uuid_as => 'hex', timestamptz_as => 'utc', time_fraction => 'always'")
	{
		there_and_back($file, 'spelled' . ++$way, 'NULL', $parameters);
	}

	# with all hints taken
	my $types = $node->safe_psql('postgres', sprintf $hints, $file);
	there_and_back($file, 'spelled_hints', quoted($types), '');
	is( $node->safe_psql('spelled_hints', "SELECT count(*) FROM sq2pg_round_trip('$file', 'pg_catalog', types => "
			  . quoted($types) . ") WHERE hint LIKE 'types%'"),
		'0', 'a hint that was taken is not given again');
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
