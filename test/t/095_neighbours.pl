
# Living with others in one server: symbols, other libraries that bring SQLite
# along, transactions of every kind, parallel queries, encodings; and to go
# without a trace.
#
# PostGIS and sqlite_fdw are tried where they are installed.

use strict;
use warnings;

use File::Basename qw(dirname);
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('neighbours');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $source = "$dir/demo.db";

$node->append_conf('postgresql.conf', "max_prepared_transactions = 5\nmax_parallel_workers = 4");
$node->restart;
sqlite($source, slurp_bytes(dirname(__FILE__) . '/../fixtures/demo.sql'));
sqlite($source, q{
	CREATE TABLE many (id INTEGER PRIMARY KEY, n INT, x TEXT);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
	INSERT INTO many SELECT i, i % 100, printf('%050d', i) FROM n;});
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET client_min_messages = error');

sub migration
{
	my ($schema, @more) = @_;

	return 'SELECT verified FROM sq2pg_migrate(' . join(', ', quoted($source), quoted($schema), @more) . ") WHERE action = 'total'";
}

sub said
{
	return $node->safe_psql('postgres', shift);
}

# ---- Symbols

SKIP:
{
	my ($library) = glob(said("SELECT setting FROM pg_config WHERE name = 'PKGLIBDIR'") . '/sqlite_fdw_mig.{so,dylib}');
	my @symbols = `nm -D --defined-only '$library' 2>/dev/null`;

	skip 'no nm here', 2 unless @symbols;
	my @names = map { (split)[-1] } @symbols;
	my @foreign = grep { !/^(?:sqm|pg_finfo_sqm_)\w+$|^(?:Pg_magic_func|_PG_init)$/ } @names;
	is("@foreign", '', 'only symbols with our prefix are exported');
	cmp_ok(scalar(@names), '>', 50, scalar(@names) . ' of them');
}

# ---- Extensions that bring SQLite along, in one backend, in either order

my %theirs = (
	postgis => q{SELECT ST_AsText(ST_Transform(ST_SetSRID(ST_MakePoint(10, 50), 4326), 3857)) ~ '^POINT\(1113194'},
	sqlite_fdw => q{SELECT count(*) = 20000 FROM theirs.many});
foreach my $name (sort keys %theirs)
{
  SKIP:
	{
		skip "$name is not installed", 3
		  if said("SELECT count(*) FROM pg_available_extensions WHERE name = '$name'") eq '0';
		my $copy = "$dir/theirs.db";

		said("CREATE EXTENSION $name");
		if ($name eq 'sqlite_fdw')
		{
			# one of its own: it opens for writing
			system('cp', $source, $copy) == 0 or die;
			said("CREATE SERVER theirs FOREIGN DATA WRAPPER sqlite_fdw OPTIONS (database '$copy');
				CREATE SCHEMA theirs; CREATE FOREIGN TABLE theirs.many (id bigint, n bigint, x text) SERVER theirs");
		}
		my $ours = 'CREATE SCHEMA n; ' . migration('n') . '; DROP SCHEMA n CASCADE';
		is(said("$theirs{$name}; $ours; $theirs{$name}; $ours"), "t\nt\nt\nt", "$name first, then we, twice");
		is(said("$ours; $theirs{$name}; $ours; $theirs{$name}"), "t\nt\nt\nt", "we first, then $name, twice");
		is(said("BEGIN; SELECT FROM sq2pg_attach('$source', 'o'); DECLARE c CURSOR FOR SELECT id FROM o.many ORDER BY id; FETCH c; $theirs{$name}; MOVE 9998 IN c; FETCH c; ROLLBACK"),
			"1\nt\n10000", "$name between the rows of a scan");
		said("DROP EXTENSION $name CASCADE");
	}
}

# ---- Transactions

said('DELETE FROM sq2pg.runs; CREATE SCHEMA a; CREATE SCHEMA b; CREATE SCHEMA c');
is(said('BEGIN; SAVEPOINT s; ' . migration('a') . '; ROLLBACK TO s; SELECT count(*) FROM pg_class WHERE relnamespace = \'a\'::regnamespace; '
		. migration('a') . '; SAVEPOINT t; ' . migration('b') . '; RELEASE t; SAVEPOINT u; ' . migration('c') . '; ROLLBACK TO u; COMMIT;
	SELECT nspname, count(*) > 5 FROM pg_namespace n LEFT JOIN pg_class c ON relnamespace = n.oid WHERE nspname IN (\'a\', \'b\', \'c\') GROUP BY 1 ORDER BY 1'),
	"t\n0\nt\nt\nt\na|t\nb|t\nc|f", 'savepoints: what was rolled back is gone, the rest stays');
is(said('DO $$ BEGIN BEGIN PERFORM sq2pg_migrate(' . quoted($source) . ", 'c'); RAISE EXCEPTION USING ERRCODE = 'P0099';
	EXCEPTION WHEN SQLSTATE 'P0099' THEN PERFORM sq2pg_migrate(" . quoted($source) . ", 'c'); END; END \$\$; SELECT count(*) FROM c.many"),
	'20000', 'a block of PL/pgSQL that catches an error, and goes on');
is(said('SELECT count(*) FROM sq2pg.runs'), '3', 'and as many runs are in the history');
said('DROP SCHEMA b, c CASCADE; CREATE SCHEMA b; CREATE SCHEMA c');
said('BEGIN; ' . migration('b') . "; PREPARE TRANSACTION 'made'");
said('BEGIN; ' . migration('c') . "; PREPARE TRANSACTION 'given up'");
$node->restart;
said("COMMIT PREPARED 'made'; ROLLBACK PREPARED 'given up'");
is(said("SELECT bool_and(matches) FROM sq2pg_verify('$source', 'b')"), 't', 'prepared, and committed after a restart');
is(said("SELECT count(*) FROM pg_class WHERE relnamespace = 'c'::regnamespace"), '0', 'prepared, and rolled back');

said("SELECT FROM sq2pg_attach('$source', 'f')");
is(said('BEGIN; DECLARE h CURSOR WITH HOLD FOR SELECT id FROM f.many ORDER BY id; FETCH 2 FROM h; COMMIT; MOVE 19996 IN h; FETCH 2 FROM h; CLOSE h'),
	"1\n2\n19999\n20000", 'a cursor that outlives its transaction');
is(said('BEGIN; SAVEPOINT s; DECLARE k CURSOR FOR SELECT id FROM f.many ORDER BY id; FETCH k; ROLLBACK TO s; SELECT max(id) FROM f.many; COMMIT'),
	"1\n20000", 'a cursor that a savepoint closes');
is(said('BEGIN; SAVEPOINT s; SELECT count(*) FROM f.many; ROLLBACK TO s; SELECT count(*) FROM f.many; COMMIT'),
	"20000\n20000", 'a source that is opened within a savepoint');

# ---- Parallel queries

my $forced = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2';

like(said("$forced; EXPLAIN SELECT sum(n) FROM a.many"), qr/Workers Planned/, 'parallel: over a migrated table');
is(said("$forced; SELECT sum(n), count(*) FROM a.many"), '990000|20000', 'parallel: its answer');
is(said("$forced; SELECT count(*), sum(m.n - f.n) FROM a.many m JOIN f.many f USING (id)"), '20000|0', 'parallel: beside a foreign table');
is(said("$forced; SELECT count(*) FROM a.many m WHERE n = (SELECT max(f.n) FROM f.many f WHERE f.id = m.id)"), '20000',
	'parallel: around a foreign table');
is(said("$forced; SELECT count(*), sum(length(x)) FROM f.many WHERE x || 'a' > ''"), '20000|1000000', 'parallel: over a foreign table');
said("CREATE FUNCTION wrapped() RETURNS boolean LANGUAGE sql PARALLEL SAFE AS \$\$ " . migration('c') . ' $$');
my ($state, $message) = error_of($node, 'postgres',
	"$forced; SET " . (said('SHOW server_version_num') >= 160000 ? 'debug_parallel_query' : 'force_parallel_mode') . ' = on; SELECT wrapped()');
is($state, '25000', 'a migration in a parallel worker: refused');
like($message, qr/parallel/, 'and says why');

# ---- Encodings

my $text = "Gr\x{c3}\x{bc}\x{c3}\x{9f}e";    # UTF-8 of "Grüße"
my %encodings = (
	LATIN1 => [ $text, "4772fcdf65" ],
	EUC_JP => [ "\x{e6}\x{97}\x{a5}\x{e6}\x{9c}\x{ac}", 'c6fccbdc' ],
	SQL_ASCII => [ $text, '4772c3bcc39f65' ]);

foreach my $encoding (sort keys %encodings)
{
	my ($value, $stored) = @{ $encodings{$encoding} };
	my $file = "$dir/$encoding.db";

	sqlite($file, "CREATE TABLE \"t\" (id INTEGER PRIMARY KEY, \"$value\" TEXT); INSERT INTO t VALUES (1, '$value'), (2, 'plain');");
	said("CREATE DATABASE \"$encoding\" ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
	is($node->safe_psql($encoding, "SET client_min_messages = error; CREATE EXTENSION sqlite_fdw_mig; SELECT verified FROM sq2pg_migrate('$file') WHERE action = 'total';
		SELECT encode(convert_to((SELECT to_jsonb(t) - 'id' FROM t WHERE id = 1)->>(SELECT attname::text FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum = 2), '$encoding'), 'hex')"
			=~ s/convert_to\((.*), 'SQL_ASCII'\), 'hex'/($1)::bytea, 'hex'/sr),
		"t\n$stored", "$encoding: text and names");
	is($node->safe_psql($encoding, "SELECT bool_and(matches) FROM sq2pg_verify('$file')"), 't', "$encoding: and they compare as equal");
}
sqlite("$dir/beyond.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t VALUES (7, '\x{e2}\x{82}\x{ac} 5');");
my (undef, undef, undef, $all) = error_of($node, 'LATIN1', "CREATE SCHEMA e; SELECT * FROM sq2pg_migrate('$dir/beyond.db', 'e', types => '{\"t.x\": \"text\"}')");
like($all, qr/ERROR:.*\n(.*\n)*.*"t"."x"/, 'a character that the database cannot hold: an error that names the column') or diag($all);

# ---- Away

said('DROP SCHEMA a, b, c, f CASCADE; DROP FUNCTION wrapped(); DROP SERVER IF EXISTS f CASCADE');
my $before = said("SELECT count(*) FROM pg_class WHERE oid >= 16384");
said("CREATE DATABASE gone; ");
# (PostgreSQL 16.2 and its contemporaries forget what was granted on columns.)
my $everything = q{SELECT 'class', relname::text FROM pg_class WHERE oid >= 16384 UNION ALL SELECT 'proc', proname FROM pg_proc WHERE oid >= 16384
	UNION ALL SELECT 'type', typname FROM pg_type WHERE oid >= 16384 UNION ALL SELECT 'schema', nspname FROM pg_namespace WHERE oid >= 16384
	UNION ALL SELECT 'wrapper', fdwname FROM pg_foreign_data_wrapper UNION ALL SELECT 'server', srvname FROM pg_foreign_server
	UNION ALL SELECT 'cast', oid::text FROM pg_cast WHERE oid >= 16384 UNION ALL SELECT 'description', description FROM pg_description WHERE objoid >= 16384
	UNION ALL SELECT 'privileges', privtype::text FROM pg_init_privs WHERE objoid >= 16384 AND objsubid = 0 UNION ALL SELECT 'depend', objid::text FROM pg_depend WHERE objid >= 16384};
my $empty = $node->safe_psql('gone', $everything);
$node->safe_psql('gone', "SET client_min_messages = error; CREATE EXTENSION sqlite_fdw_mig; CREATE SCHEMA s; SELECT FROM sq2pg_migrate('$source', 's');
	SELECT FROM sq2pg_attach('$source', 'o'); SELECT FROM o.many LIMIT 1; SELECT FROM sq2pg_detach('o'); DROP SCHEMA s CASCADE; DROP EXTENSION sqlite_fdw_mig");
is($node->safe_psql('gone', $everything), $empty, 'DROP EXTENSION leaves nothing in the catalogs');

$node->stop;
done_testing();
