
# The whole way of somebody who has a database on a host that offers the
# extension, and nothing else: no files, no superuser. And what such a role can
# not do.

use strict;
use warnings;

use File::Basename qw(basename);
use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('tenant');
my $dir = PostgreSQL::Test::Utils::tempdir;

# What the host does: a database each, the extension in it. CREATE on the
# database is all that the tenants get.
$node->safe_psql('postgres', q{
	CREATE ROLE tenant LOGIN;
	CREATE ROLE neighbour LOGIN;
	CREATE DATABASE hosted;
	GRANT CREATE ON DATABASE hosted TO tenant, neighbour;
});
$node->safe_psql('hosted', 'CREATE EXTENSION sqlite_fdw_mig');
is( $node->safe_psql('hosted', q{
		SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls,
			(SELECT count(*) FROM pg_auth_members WHERE member = pg_roles.oid),
			has_schema_privilege('tenant', 'public', 'CREATE')
		FROM pg_roles WHERE rolname = 'tenant'}),
	'f|f|f|f|0|f',
	'the tenant has no rights but one');

sub as_tenant
{
	my ($sql) = @_;

	return $node->safe_psql('hosted', "SET client_min_messages = error;\n$sql", extra_params => [ '-U', 'tenant' ]);
}

# As psql does it; the number as a source
sub upload
{
	my ($file) = @_;

	return 'lo:' . (split /\n/, as_tenant("\\lo_import '$file'\n\\echo :LASTOID"))[-1];
}

# ---- There and verified, for whole databases of applications

my $own = "$dir/own.db";
sqlite($own, q{
	CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, b_id INTEGER REFERENCES b (id), "at" DATETIME, ok BOOLEAN, data BLOB);
	CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id), n NUMERIC(10, 2) CHECK (n > 0), doc JSON);
	CREATE INDEX a_b ON a (b_id);
	CREATE VIEW v AS SELECT a.id, b.n FROM a JOIN b ON b.id = a.b_id;
	INSERT INTO a VALUES (1, 2, '2024-01-02 03:04:05', 1, x'00'), (5, NULL, NULL, 0, NULL);
	INSERT INTO b VALUES (2, 1, 1.25, '{"a":1}');
});
my $corpus = $ENV{SQM_CORPUS} // '';
my @files = ($own, $corpus eq '' ? () : sort glob "$corpus/*.db");
note('no sample databases; SQM_CORPUS names their directory') if $corpus eq '';

my $exports = $node->safe_psql('hosted', q{SELECT count(*) FROM pg_proc WHERE proname = 'sq2pg_export'}) > 0;
note('this version has no sq2pg_export()') unless $exports;

# The number of rows by table
sub rows_of
{
	my ($file) = @_;
	my %rows;

	foreach my $table (sqlite_rows($file, q{SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\\'}))
	{
		my $quoted = $table->[0] =~ s/"/""/gr;
		($rows{ $table->[0] }) = map { $_->[0] } sqlite_rows($file, qq{SELECT count(*) FROM "$quoted"});
	}
	return \%rows;
}

foreach my $file (@files)
{
	my $name = basename($file, '.db');

	# as docs/managed.md says: a copy that is one file, whole
	sqlite($file, ".backup $dir/$name.up.db") if $file ne $own;
	my $copy = $file ne $own ? "$dir/$name.up.db" : $own;
	my $source = upload($copy);
	my $q = quoted($source);

	as_tenant("CREATE SCHEMA $name");
	my $rows = as_tenant("SELECT source_rows, loaded, rejected, changed, verified FROM sq2pg_migrate($q, '$name') WHERE action = 'total'");
	my $count = 0;
	$count += $_ foreach values %{ rows_of($copy) };
	is($rows, "$count|$count|0|0|t", "$name: every row is loaded and verified");
	is(as_tenant("SELECT string_agg(DISTINCT matches::text, ' ') FROM sq2pg_verify($q, '$name')"), 'true', "$name: and again, by sq2pg_verify");
	is(as_tenant("SELECT count(*) FROM pg_class WHERE relnamespace = '$name'::regnamespace AND relowner <> 'tenant'::regrole"), 0, "$name: it is the tenant's own");

	# EXPORT: and back, where this version has sq2pg_export(). What comes back
	# is compared with the schema, value by value, and its rows with the original.
	if ($exports)
	{
		my $made = as_tenant("SELECT sq2pg_export('lo:new', '$name')");
		like($made, qr/^lo:\d+$/, "$name: exported to a large object");
		my $back = "$dir/$name.back.db";
		as_tenant('\lo_export ' . substr($made, 3) . " '$back'");
		is(sqlite($back, 'PRAGMA integrity_check'), 'ok', "$name: which is a whole database");
		is_deeply(rows_of($back), rows_of($copy), "$name: with as many rows in each table");
		is(as_tenant("SELECT string_agg(DISTINCT matches::text, ' ') FROM sq2pg_verify(" . quoted($made) . ", '$name')"), 'true',
			"$name: and the same values");
		as_tenant('SELECT lo_unlink(' . substr($made, 3) . ')');
	}

	as_tenant('SELECT lo_unlink(' . substr($source, 3) . ')');
}
is($node->safe_psql('hosted', 'SELECT count(*) FROM pg_largeobject_metadata'), 0, 'the objects are removed');
is($node->safe_psql('hosted', 'SELECT count(*) FROM pg_ls_tmpdir()'), 0, 'and no copy is left');

# ---- What a tenant can not do. (Files of the server: 026_rights.pl.)

sub denied
{
	my ($what, $sql, $state, $role) = @_;
	my ($found, undef, undef, $all) = error_of($node, 'hosted', $sql, $role // 'tenant');

	is($found, $state // '42501', "$what: refused") or diag($all);
	return;
}

my $run = as_tenant('SELECT max(run) FROM sq2pg.runs');
denied('a path', "SELECT * FROM sq2pg_tables('/etc/passwd')");
foreach (['allowed_directories', "'/'"], ['max_source_size', '0'])
{
	my ($setting, $value) = @$_;

	denied("$setting, once the library is there", "SELECT sq2pg_version(); SET sqlite_fdw_mig.$setting = $value");
	denied("$setting, before, and then a path", "SET sqlite_fdw_mig.$setting = $value; SELECT sq2pg_version(); SELECT * FROM sq2pg_tables('/etc/passwd')");
	denied("$setting, for the role", "SELECT sq2pg_version(); ALTER ROLE tenant SET sqlite_fdw_mig.$setting = $value");
}
# set for the role by somebody who does not have the library loaded, it does
# not count either
$node->psql('hosted', "ALTER ROLE tenant SET sqlite_fdw_mig.allowed_directories = '/'", extra_params => [ '-U', 'tenant' ]);
my $said = '';
IPC::Run::run([ 'psql', '-Xq', '-h', $node->host, '-p', $node->port, '-U', 'tenant', '-d', 'hosted', '-c', "SELECT * FROM sq2pg_tables('$own')" ],
	'<', \undef, '>&', \$said);
like($said, qr/permission denied to read files/, 'allowed_directories in the settings of the role: without effect');
$node->safe_psql('hosted', 'ALTER ROLE tenant RESET ALL');

is($node->safe_psql('hosted', 'SELECT count(*) FROM sq2pg.runs', extra_params => [ '-U', 'neighbour' ]), 0, 'the runs of others are not seen');
is($node->safe_psql('hosted', "SELECT sq2pg_report($run) IS NULL", extra_params => [ '-U', 'neighbour' ]), 't', 'nor reported');
is($node->safe_psql('hosted', 'SELECT count(*) > 0 FROM sq2pg.runs', extra_params => [ '-U', 'tenant' ]), 't', 'but the own ones');
denied('runs in the name of others', "INSERT INTO sq2pg.runs (role_name, source, target_schema, source_facts, versions, parameters, tables, notes) VALUES ('neighbour', '', '', '{}', '{}', '{}', '{}', '{}')");
denied('to change a run', "UPDATE sq2pg.runs SET source = ''");
denied('to remove a run', 'DELETE FROM sq2pg.runs');
denied('to switch row security off', 'ALTER TABLE sq2pg.runs DISABLE ROW LEVEL SECURITY');
denied('to go around row security', 'SET row_security = off; SELECT * FROM sq2pg.runs', '42501', 'neighbour');

denied('to drop the extension', 'DROP EXTENSION sqlite_fdw_mig');
denied('to change a function', 'ALTER FUNCTION sq2pg_tables(text) OWNER TO tenant');
denied('to replace a function', "CREATE OR REPLACE FUNCTION sq2pg_version() RETURNS text LANGUAGE sql AS \$\$ SELECT 'x' \$\$; CREATE OR REPLACE FUNCTION pg_catalog.sq2pg_version() RETURNS text LANGUAGE sql AS \$\$ SELECT 'x' \$\$");
denied('a function of its own in schema sq2pg', 'CREATE FUNCTION sq2pg.f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$');
denied('a wrapper of its own', 'CREATE FOREIGN DATA WRAPPER mine HANDLER sqlite_fdw_mig_handler');
denied('to change the wrapper', "ALTER FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (ADD database '/etc/passwd')");
denied('a C function of the library', q{CREATE SCHEMA c; CREATE FUNCTION c.f(text) RETURNS text AS '$libdir/sqlite_fdw_mig', 'sqm_source_state' LANGUAGE c});
is( $node->safe_psql('hosted', q{
		SELECT count(*) FROM pg_proc AS p JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'sqlite_fdw_mig' WHERE p.prosecdef}),
	0, 'no function runs with the rights of somebody else');

# Functions that read parsed expressions take those of the catalogs only, of
# whatever kind, and survive them.
denied('a parsed expression of its own', "SELECT sq2pg.export_expression('{CONST}'::pg_node_tree, '{}', '{}', false, NULL, false, false, false)", '0A000');
denied('text in the place of one', "SELECT sq2pg.export_expression('{CONST}'::text, '{}'::text[], '{}'::text[], false, NULL::text, false, false, false)", '42883');
is( as_tenant(q{
		CREATE SCHEMA parsed;
		CREATE TABLE parsed.t (id int PRIMARY KEY, a text DEFAULT now()::text, b int CHECK (b > 1), c int GENERATED ALWAYS AS (b + 1) STORED) PARTITION BY RANGE (id);
		CREATE TABLE parsed.t1 PARTITION OF parsed.t FOR VALUES FROM (1) TO (9);
		CREATE INDEX ON parsed.t (lower(a)) WHERE b IS NULL;
		CREATE RULE r AS ON INSERT TO parsed.t DO INSTEAD UPDATE parsed.t SET a = NEW.a;
		CREATE FUNCTION parsed.f(x int DEFAULT 1, y text DEFAULT 'a') RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT x; SELECT x + 1; END;
		CREATE VIEW parsed.nodes AS
			SELECT adbin AS node FROM pg_attrdef UNION ALL SELECT conbin FROM pg_constraint UNION ALL SELECT indexprs FROM pg_index UNION ALL SELECT indpred FROM pg_index
			UNION ALL SELECT relpartbound FROM pg_class UNION ALL SELECT proargdefaults FROM pg_proc UNION ALL SELECT prosqlbody FROM pg_proc
			UNION ALL SELECT ev_qual FROM pg_rewrite UNION ALL SELECT ev_action FROM pg_rewrite UNION ALL SELECT tgqual FROM pg_trigger;
		CREATE FUNCTION parsed.try(call text) RETURNS bigint LANGUAGE plpgsql AS $$
		DECLARE
			n pg_node_tree;
			tried bigint := 0;
		BEGIN
			FOR n IN SELECT node FROM parsed.nodes WHERE node IS NOT NULL LOOP
				tried := tried + 1;
				BEGIN
					EXECUTE call USING n;
				EXCEPTION WHEN internal_error OR feature_not_supported THEN
				END;
			END LOOP;
			RETURN tried;
		END $$;
		SELECT parsed.try(call) > 200 FROM (VALUES
			('SELECT sq2pg.export_expression($1, ARRAY[''id'', ''a'', NULL], ARRAY[''number'', ''text'', NULL], true, NULL, false, false, false)'),
			('SELECT sq2pg.export_expression($1, ARRAY[''id'', ''a''], ''{}'', true, NULL, false, false, false)'),
			('SELECT sq2pg.export_expression($1, NULL, NULL, NULL, NULL, NULL, NULL, NULL)'),
			('SELECT sq2pg.export_query($1, ARRAY[1259, 1259]::oid[], ''{1,2}'', ''{t,t}'', ''{a,b}'', ''{number,text}'', false, false, false)'),
			('SELECT sq2pg.export_query($1, ''{1259}'', ''{1}'', ''{}'', ''{}'', ''{}'', false, false, false)')) AS v(call)}),
	join("\n", ('t') x 5), 'parsed expressions of all kinds');

# Files that would do something: as tables, views and defaults, through every
# function that reads them. Nothing is computed, nothing appears.
my $mark = "$dir/mark";
write_bytes("$dir/secret.txt", 'the secret');
my %hostile = (
	'a view that loads code' => "CREATE VIEW v AS SELECT load_extension('$mark.so') AS x",
	'a view that reads a file' => "CREATE VIEW v AS SELECT readfile('$dir/secret.txt') AS x",
	'a view that writes a file' => "CREATE VIEW v AS SELECT writefile('$mark', 'x') AS x",
	'a view that edits' => "CREATE VIEW v AS SELECT edit('x', 'touch $mark') AS x",
	'a default' => "CREATE TABLE d (id INTEGER PRIMARY KEY, x DEFAULT (readfile('$dir/secret.txt')))",
	'a table of the library that reads files' => "CREATE VIEW v AS SELECT * FROM fsdir('$dir')",
	'a trigger' => "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT writefile('$mark', 'x'); END");
my $n = 0;
foreach my $what (sort keys %hostile)
{
	my $file = "$dir/hostile" . $n++ . '.db';
	my ($type, $name) = $hostile{$what} =~ /CREATE (\w+) (\w+)/;
	sqlite($file, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t (x) VALUES ('one');"
		  . ($type eq 'TABLE' ? $hostile{$what} : 'PRAGMA writable_schema = on; INSERT INTO sqlite_schema VALUES ('
			  . join(', ', quoted(lc $type), quoted($name), quoted($type eq 'TRIGGER' ? 't' : $name), 0, quoted($hostile{$what})) . ')'));
	my $q = quoted(upload($file));
	my ($state, undef, undef, $all) = error_of($node, 'hosted', qq{
		CREATE SCHEMA hostile; SELECT * FROM sq2pg_check($q, 'hostile'); SELECT * FROM sq2pg_plan($q, 'hostile');
		SELECT * FROM sq2pg_migrate($q, 'hostile'); SELECT * FROM sq2pg_objects($q); SELECT * FROM hostile.t;
		DROP SCHEMA hostile CASCADE}, 'tenant');
	is($state, '', "$what: the table arrives") or diag($all);
	unlike($all, qr/the secret/, "$what: nothing is read");
	error_of($node, 'hosted', qq{SELECT * FROM sq2pg_attach($q, 'hostile'); SELECT * FROM hostile.v; SELECT * FROM hostile.d}, 'tenant');
	($state, undef, undef, $all) = error_of($node, 'hosted', 'SELECT * FROM hostile.v', 'tenant');
	isnt($state, '', "$what: a foreign table that would run it is an error");
	unlike($all, qr/the secret/, "$what: that tells nothing");
	$node->psql('hosted', "SELECT sq2pg_detach('hostile')", extra_params => [ '-U', 'tenant' ]);
	ok(!-e $mark, "$what: nothing is written");
}
denied('to attach another file by a name', "SELECT * FROM sq2pg_columns('lo:1; ATTACH ''/etc/passwd'' AS x')", '22023');

$node->stop;
done_testing();
