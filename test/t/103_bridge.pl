
# docs/bridge.md: a production server without the extension, and a bridge that
# has it. The commands are read out of the document and run as they stand there,
# but for the names of the servers. In production there is a role that owns its
# tables, and nothing else.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $bridge = start_server('bridge');
my $dir = PostgreSQL::Test::Utils::tempdir;

plan skip_all => 'postgres_fdw is not installed'
  unless $bridge->safe_psql('postgres',
	"SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'");

my $production = PostgreSQL::Test::Cluster->new('production');
$production->init(extra => [ '-E', 'UTF8', '--locale=C' ]);
$production->append_conf('postgresql.conf', 'fsync = off');
$production->start;
$production->safe_psql('postgres', 'CREATE ROLE app LOGIN; CREATE ROLE stranger');

# The commands by section; the first is the one with the names.
my ($section, %commands) = (0);
foreach my $line (split /\n/, slurp_bytes("$ENV{TESTDIR}/docs/bridge.md"))
{
	$section = $1 if $line =~ /^## (\d)\./;
	if ($line =~ /^```sh/ .. $line =~ /^```$/)
	{
		$commands{$section} .= "$line\n" unless $line =~ /^```/;
	}
}
is(join(' ', sort keys %commands), '1 2 3 4 5 6', 'the document has commands in every section');

# Runs sections 2 to 6, or those given, for one database.
sub run_sections
{
	my ($database, $source, $schema, @sections) = @_;
	my $names = join '', map { "$_->[0]=" . quoted($_->[1]) . "\n" } (
		[ HOST => $production->host ], [ PORT => $production->port ],
		[ DATABASE => $database ], [ ROLE => 'app' ],
		[ SCHEMA => $schema ], [ SOURCE => $source ]);

	$names .= "export PGPASSWORD=secret\n";
	$names .= qq{PRODUCTION="host=\$HOST port=\$PORT dbname=\$DATABASE user=\$ROLE"\n};
	$names .= sprintf qq{BRIDGE="host=%s port=%s dbname=%s user=%s"\n},
	  $bridge->host, $bridge->port, $database, scalar getpwuid($>);
	mkdir "$dir/$database";
	my $script = write_bytes("$dir/$database/run.sh",
		"set -euo pipefail\ncd '$dir/$database'\n[ ! -e names ] || . ./names\n$names"
		  . join('', map { $commands{$_} } @sections)
		  . "\necho OBJECT=\$OBJECT > names\n");
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run([ 'bash', $script ], '<', \undef, '>', \$out, '2>', \$err);

	note("$out$err");
	return ($ok, $out, $err);
}

# A database in production that app owns, with the schema of the application,
# and an empty one on the bridge
sub new_database
{
	my ($database, $schema_file) = @_;

	$production->safe_psql('postgres', "CREATE DATABASE $database OWNER app");
	$bridge->safe_psql('postgres', "CREATE DATABASE $database");
	$production->safe_psql($database, slurp_bytes($schema_file), extra_params => [ '-U', 'app' ]);
	return;
}

sub counts
{
	my ($server, $database) = @_;

	return $server->safe_psql($database, q{
		SELECT c.relname, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', c.oid::regclass), false, true, '')))[1]
		FROM pg_class AS c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
		AND relname <> 'alembic_version' ORDER BY 1});
}

# The whole way. Afterwards nothing in production differs but rows and sequences.
sub crosses
{
	my ($database, $source, $schema_file) = @_;

	new_database($database, $schema_file);
	my $schema = schema_dump_of($production, $database, 'public', '-s');
	my $catalog = catalog_of($production, $database, 'public');
	my ($ok, $out, $err) = run_sections($database, $source, 'public', 2 .. 6);

	ok($ok, "$database: the commands succeed") or diag($err);
	my ($verified) = $out =~ /(\n +table_name +\| +source_rows \| +target_rows \|.*)/s;
	my @matches = ($verified // '') =~ /\| ([tf]) +\|/g;
	cmp_ok(scalar(@matches), '>', 0, "$database: tables are verified in production");
	is(join('', grep { $_ eq 'f' } @matches), '', "$database: all of them match");
	like($out, qr/^sequences agree$/m, "$database: sequences agree");
	is(counts($production, $database), counts($bridge, $database), "$database: as many rows as on the bridge");
	is(schema_dump_of($production, $database, 'public', '-s'), $schema, "$database: the schema is as it was");
	is(catalog_of($production, $database, 'public'), $catalog, "$database: to every constraint and trigger");
	is($production->safe_psql($database, "SELECT count(*) FROM pg_extension WHERE extname LIKE 'sqlite%'"), 0,
		"$database: no extension in production");
	return ($out, $err);
}

# ---- A cycle, triggers, identities, generated columns, odd names

my $source = "$dir/own.db";
sqlite($source, q{
	CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, boss INTEGER REFERENCES person (id),
		team INTEGER NOT NULL REFERENCES team (id), born DATE, updated DATETIME);
	CREATE TABLE team (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, lead INTEGER NOT NULL REFERENCES person (id));
	CREATE TABLE "Odd ""one" (id INTEGER PRIMARY KEY, "a b" TEXT, n INT);
	CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT);
	INSERT INTO person VALUES (1, 'first', NULL, 7, '1990-02-03', '2024-01-01 10:00:00'), (900, 'last', 1, 7, NULL, NULL);
	DELETE FROM person WHERE id = 900;
	INSERT INTO person VALUES (2, 'second é😀', 3, 8, NULL, '2024-01-01 11:00:00'), (3, 'third\', 2, 8, NULL, NULL);
	INSERT INTO team VALUES (7, 'seven', 1), (8, NULL, 3);
	INSERT INTO "Odd ""one" VALUES (1, 'x' || char(9, 10) || '\.', 5), (2, '', NULL);
	INSERT INTO log VALUES (1, 'kept');
});
my $schema_file = write_bytes("$dir/own.sql", q{
	CREATE TYPE public.word AS ENUM ('kept', 'other');
	CREATE TABLE public.person (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(20) NOT NULL, boss int REFERENCES public.person,
		team int NOT NULL, born date, updated timestamptz, upper_name text GENERATED ALWAYS AS (upper(name)) STORED);
	CREATE TABLE public.team (id serial PRIMARY KEY, name text, lead int NOT NULL REFERENCES public.person ON DELETE CASCADE);
	ALTER TABLE public.person ADD CONSTRAINT "Team of" FOREIGN KEY (team) REFERENCES public.team;
	CREATE TABLE public."Odd ""one" (id bigint PRIMARY KEY, "a b" text, n smallint CHECK (n > 1));
	CREATE TABLE public.log (id bigserial PRIMARY KEY, what public.word);
	CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN INSERT INTO public.log (what) VALUES ('other'); RETURN NEW; END $$;
	CREATE TRIGGER "note it" AFTER INSERT ON public."Odd ""one" FOR EACH ROW EXECUTE FUNCTION public.note();
	CREATE TRIGGER never BEFORE INSERT ON public.person FOR EACH ROW EXECUTE FUNCTION public.note();
	ALTER TABLE public.person DISABLE TRIGGER never;
	CREATE TRIGGER always BEFORE UPDATE ON public.person FOR EACH ROW EXECUTE FUNCTION public.note();
	ALTER TABLE public.person ENABLE ALWAYS TRIGGER always;
});

# Triggers that add rows would be noticed on the bridge: there they are off.
my $told = $commands{3};
$commands{3} =~ s/(mode => 'data')\);/$1, triggers => 'disable');/;
isnt($commands{3}, $told, 'the migration can be told more');
crosses('own', $source, $schema_file);
$commands{3} = $told;
is($production->safe_psql('own', 'SELECT id, boss, team FROM person ORDER BY id'), "1||7\n2|3|8\n3|2|8", 'the rows of the cycle');
is($production->safe_psql('own', "SELECT count(*), max(what) FROM log"), '1|kept', 'no trigger has fired');
is($production->safe_psql('own', "INSERT INTO person (name, team) VALUES ('new', 7) RETURNING id, upper_name"), '901|NEW', 'ids go on behind all that were ever used');

# What the way around is for: measured, because the document says so.
my @app = ('psql', '-Xq', '-1', '-v', 'ON_ERROR_STOP=1', '-h', $production->host, '-p', $production->port, '-U', 'app');
sub loaded
{
	my ($database, @files) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ @app, '-d', $database, map { ('-f', $_) } @files ], '<', \undef, '>', \$out, '2>', \$err);
	return $err;
}
new_database('naive', $schema_file);
my $work = "$dir/own";
like(loaded('naive', "$work/data.sql"), qr/duplicate key value.*log_pkey/, 'the dump alone: triggers fire again');
$production->safe_psql('naive', 'ALTER TABLE "Odd ""one" DISABLE TRIGGER "note it"');
like(loaded('naive', "$work/data.sql"), qr/violates foreign key constraint/, 'without them: the cycle');
$production->safe_psql('naive', 'ALTER TABLE "Odd ""one" ENABLE TRIGGER "note it"');
my $err = '';
IPC::Run::run([ 'pg_dump', '-a', '-n', 'public', '--disable-triggers', '-h', $bridge->host, '-p', $bridge->port, '-f', "$work/disabled.sql", 'own' ], '2>', \$err);
like($err, qr/circular foreign-key constraints/, 'pg_dump warns of it');
like(loaded('naive', "$work/disabled.sql"), qr/permission denied: "RI_ConstraintTrigger_\w+" is a system trigger/, '--disable-triggers is for superusers');
is(counts($production, 'naive'), "Odd \"one|0\nlog|0\nperson|0\nteam|0", 'nothing is left of them');

# A row that does not fit ends the whole load, and constraints are as before.
my $catalog = catalog_of($production, 'naive', 'public');
my $orphans = slurp_bytes("$work/data.sql") =~ s/^1\tfirst\t.*\n//mr;
write_bytes("$work/orphans.sql", $orphans);
like(loaded('naive', "$work/before.sql", "$work/orphans.sql", "$work/after.sql"), qr/violates foreign key constraint/, 'foreign keys are checked before the commit');
is(counts($production, 'naive'), "Odd \"one|0\nlog|0\nperson|0\nteam|0", 'no row is left of it');
isnt(loaded('naive', "$work/before.sql", "$work/data.sql", "$work/none.sql"), '', 'a file that is missing');
is(counts($production, 'naive'), "Odd \"one|0\nlog|0\nperson|0\nteam|0", 'is an error, too');
is(catalog_of($production, 'naive', 'public'), $catalog, 'nor a change of the schema');
is(loaded('naive', "$work/before.sql", "$work/data.sql", "$work/after.sql"), '', 'the second attempt');
is($production->safe_psql('naive', 'SELECT count(*) FROM person'), 3, 'loads');

# What is changed in production is found from the bridge.
$production->safe_psql('own', q{DELETE FROM person WHERE name = 'new'; UPDATE team SET name = 'Seven' WHERE id = 7});
my ($oid) = slurp_bytes("$work/names") =~ /OBJECT=(\d+)/;
is($bridge->safe_psql('own', "SELECT table_name FROM sq2pg_verify('lo:$oid', 'production') WHERE NOT matches"), 'team', 'a value that was changed in production is found');

# ---- The sample databases

my $corpus = $ENV{SQM_CORPUS} // '';
SKIP:
{
	skip 'no sample databases; SQM_CORPUS names their directory', 1 if $corpus eq '';
	my ($out, $warnings) = crosses('todo5', "$corpus/todo5.db", "$corpus/todo5_pg.sql");
	like($warnings, qr/circular foreign-key constraints among these tables:.*recurring_patterns.*tasks/s, 'todo5: a cycle');
	my $before = slurp_bytes("$dir/todo5/before.sql");
	is($before, "ALTER TABLE public.recurring_patterns ALTER CONSTRAINT recurring_patterns_last_task_id_fkey DEFERRABLE INITIALLY DEFERRED;\n"
		  . "ALTER TABLE public.tasks ALTER CONSTRAINT tasks_recurring_pattern_id_fkey DEFERRABLE INITIALLY DEFERRED;\n",
		'todo5: what is said before') or diag($before);
	is($production->safe_psql('todo5', "INSERT INTO tasks (title, user_id) VALUES ('new', 1) RETURNING id"), 2301, 'todo5: the next id');
	crosses('todo5d', "$corpus/todo5.db", "$corpus/todo5_pg_deferrable.sql");
	like(slurp_bytes("$dir/todo5d/before.sql"), qr/^SET CONSTRAINTS public\.recurring_patterns_last_task_id_fkey DEFERRED;$/m, 'todo5d: a constraint that is deferrable already');
	sqlite("$corpus/booking.db", ".backup $dir/booking.db");
	crosses('booking', "$dir/booking.db", "$corpus/booking_pg.sql");
	is(slurp_bytes("$dir/booking/before.sql"), '', 'booking: nothing to be said before');
}

$bridge->stop;
$production->stop;
done_testing();
