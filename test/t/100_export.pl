
# An export leaves a complete database or nothing: who may write where, and
# what is there after an error, a cancel, a rollback.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('export');
my $dir = PostgreSQL::Test::Utils::tempdir;

$node->safe_psql('postgres', q{
	CREATE ROLE writer IN ROLE pg_write_server_files;
	CREATE ROLE tenant;
	CREATE SCHEMA shop AUTHORIZATION tenant;
	GRANT USAGE ON SCHEMA shop TO writer;
	SET ROLE tenant;
	CREATE TABLE shop.item (id integer PRIMARY KEY, name text);
	INSERT INTO shop.item SELECT n, 'item ' || n FROM generate_series(1, 1000) AS n;
	CREATE TABLE shop.secret (owner text);
	INSERT INTO shop.secret VALUES ('tenant'), ('other');
	GRANT SELECT ON shop.item TO writer;});

sub temporary_files
{
	return $node->safe_psql('postgres', 'SELECT count(*) FROM pg_ls_tmpdir()');
}

# A statement that must fail: with which state and message, and without a trace.
sub refused
{
	my ($role, $sql, $state, $message, $what) = @_;
	my @files = sort glob "$dir/*";
	my ($got, $text) = error_of($node, 'postgres', $sql, $role);

	is($got, $state, "$what: state");
	like($text, $message, "$what: message");
	is_deeply([ sort glob "$dir/*" ], \@files, "$what: no file");
	is( $node->safe_psql('postgres', 'SELECT count(*) FROM pg_largeobject_metadata'),
		'0', "$what: no large object");
	is(temporary_files(), '0', "$what: no temporary file");
	return;
}

# Who may, and where.
refused('tenant', "SELECT sq2pg_export('$dir/a.db', 'shop')", '42501',
	qr/permission denied to write files of the server/, 'no right to write');
refused('writer', "SELECT sq2pg_export('$dir/a.db', 'shop')", '42501',
	qr/permission denied for tables in schema "shop"/, 'no right to read');
refused('writer', "SELECT sq2pg_export('a.db', 'shop', include => '{item}')", '42602',
	qr/path "a.db" is not absolute/, 'a relative path');
refused('writer', "SELECT sq2pg_export('$dir/', 'shop', include => '{item}')", '42602',
	qr/names no file/, 'a directory');
refused('writer', "SELECT sq2pg_export('$dir/none/a.db', 'shop', include => '{item}')", '58P01',
	qr/could not create file in directory/, 'no directory');
refused('writer',
	"SELECT sq2pg_export(current_setting('data_directory') || '/base/../a.db', 'shop', include => '{item}')",
	'42501', qr/it lies in the server's data directory/, 'the data directory')
  if $node->safe_psql('postgres', 'GRANT pg_read_all_settings TO writer') eq '';
refused('writer', "SELECT sq2pg_export('lo:5', 'shop', include => '{item}')", '22023',
	qr/invalid target "lo:5"/, 'an object that exists');
refused('writer', "SELECT sq2pg_export(NULL, 'shop')", '22004', qr/target must not be null/, 'nothing');
refused('writer', "SELECT sq2pg_export('lo:new', 'nowhere')", '3F000',
	qr/schema "nowhere" does not exist/, 'no schema');
refused('tenant', "SELECT sq2pg_export('lo:new', 'shop', include => '{items}')", '22023',
	qr/"items" matches no table/, 'a pattern for nothing');
refused('tenant', "SELECT sq2pg_export('lo:new', 'shop', exclude => '{*}')", '42P01',
	qr/schema "shop" has no tables to export/, 'no table');
refused('tenant', "SELECT sq2pg_export('lo:new', 'shop', numeric_as => 'x')", '22023',
	qr/invalid value for parameter "numeric_as"/, 'a choice that is none');
refused('tenant', "SET default_transaction_read_only = on; SELECT sq2pg_export('lo:new', 'shop')", '25006',
	qr/read-only transaction/, 'a large object in a read-only transaction');

# What is there stays.
my $mine = "('$dir/a.db', 'shop', include => '{item}')";
write_bytes("$dir/a.db", 'mine');
refused('writer', "SELECT sq2pg_export$mine", '58P02', qr/file ".*a.db" already exists/, 'a file');
is(slurp_bytes("$dir/a.db"), 'mine', 'which is as it was');
unlink "$dir/a.db";
symlink "$dir/elsewhere.db", "$dir/a.db";
refused('writer', "SELECT sq2pg_export$mine", '58P02', qr/already exists/, 'a link to nothing');
unlink "$dir/a.db";
write_bytes("$dir/a.db-journal", 'old');
refused('writer', "SELECT sq2pg_export$mine", '58P02', qr/a.db-journal" already exists/, 'a journal beside it');
unlink "$dir/a.db-journal";

# A file, and only of a transaction that commits.
is($node->safe_psql('postgres', "SET ROLE writer; SELECT sq2pg_export$mine"), "$dir/a.db", 'exported');
is((stat "$dir/a.db")[2] & 07777, 0644, 'the mode is that of COPY TO');
is(sqlite("$dir/a.db", 'SELECT count(*), sum(id), max(name) FROM item'), '1000|500500|item 999', 'with its rows');
unlink "$dir/a.db";
$node->safe_psql('postgres', "BEGIN READ ONLY; SET LOCAL ROLE writer; SELECT sq2pg_export$mine; COMMIT");
ok(-e "$dir/a.db", 'a read-only transaction can write a file');
unlink "$dir/a.db";
is( $node->safe_psql('postgres', "BEGIN; SELECT sq2pg_export$mine; ROLLBACK; SELECT 'after'"),
	"$dir/a.db\nafter", 'exported and rolled back');
ok(!-e "$dir/a.db", 'the file is gone');
$node->safe_psql('postgres', "BEGIN; SAVEPOINT a; SELECT sq2pg_export$mine; ROLLBACK TO a; COMMIT");
ok(!-e "$dir/a.db", 'and with a savepoint');
$node->safe_psql('postgres', "BEGIN; SAVEPOINT a; SAVEPOINT b; SELECT sq2pg_export$mine; RELEASE b; ROLLBACK TO a; COMMIT");
ok(!-e "$dir/a.db", 'and with one around it');
$node->safe_psql('postgres', "BEGIN; SAVEPOINT a; SELECT sq2pg_export$mine; RELEASE a; COMMIT");
ok(-e "$dir/a.db", 'but not if that was released');
unlink "$dir/a.db";
my ($state) = error_of($node, 'postgres', "BEGIN; SELECT sq2pg_export$mine; SELECT 1 / 0; COMMIT");
is($state, '22012', 'a later error');
ok(!-e "$dir/a.db", 'takes the file away');
my $session = $node->background_psql('postgres');
answer_of($session, "BEGIN; SELECT sq2pg_export$mine");
rename "$dir/a.db", "$dir/moved.db";
write_bytes("$dir/a.db", 'another');
answer_of($session, 'ROLLBACK');
$session->quit;
is(slurp_bytes("$dir/a.db"), 'another', 'a file that is not ours is not removed');
unlink "$dir/a.db", "$dir/moved.db";

# A large object, by a role that may do nothing else.
my $name = $node->safe_psql('postgres', "SET ROLE tenant; SELECT sq2pg_export('lo:new', 'shop')");
like($name, qr/^lo:\d+$/, 'a large object');
my ($oid) = $name =~ /(\d+)/;
write_bytes("$dir/lo.db", pack 'H*', $node->safe_psql('postgres', "SELECT encode(lo_get($oid), 'hex')"));
is(sqlite("$dir/lo.db", 'PRAGMA integrity_check; SELECT count(*) FROM secret'), "ok\n2", 'is a database');
is($node->safe_psql('postgres', "SET ROLE tenant; SELECT lo_unlink($oid)"), '1', 'of the role');
unlink "$dir/lo.db";

# Rows that a policy hides are not silently missing.
$node->safe_psql('postgres', q{
	ALTER TABLE shop.secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	CREATE POLICY own ON shop.secret USING (owner = current_user)});
refused('tenant', "SELECT sq2pg_export('lo:new', 'shop')", '42501',
	qr/query would be affected by row-level security policy/, 'a policy');
$name = $node->safe_psql('postgres', "SET ROLE tenant; SELECT sq2pg_export('lo:new', 'shop', enable_row_security => true)");
is( $node->safe_psql('postgres', "SET ROLE tenant; SELECT sq2pg.source_row('$name', 'SELECT group_concat(owner) FROM secret')"),
	'{tenant}', 'asked for: the rows that the policy shows');
$node->safe_psql('postgres', 'SELECT lo_unlink(oid) FROM pg_largeobject_metadata');

# A table that is another one when it is read again.
$node->safe_psql('postgres', q{
	DROP POLICY own ON shop.secret;
	CREATE POLICY chance ON shop.secret USING (random() < 0.5);
	INSERT INTO shop.secret SELECT 'x' FROM generate_series(1, 10000)});
refused('tenant', "SELECT sq2pg_export('lo:new', 'shop', enable_row_security => true)", '22000',
	qr/verification failed: 1 tables differ/, 'a difference');
$node->safe_psql('postgres', 'DROP TABLE shop.secret');

# Interrupted, and without room.
$node->safe_psql('postgres', q{
	CREATE TABLE shop.large AS SELECT n AS id, repeat('x', 100) AS t FROM generate_series(1, 300000) AS n;
	ALTER TABLE shop.large OWNER TO tenant});
refused('postgres', "SET statement_timeout = 100; SELECT sq2pg_export('$dir/a.db', 'shop')", '57014',
	qr/canceling statement/, 'a cancel');
refused('postgres', "SET temp_file_limit = '1MB'; SELECT sq2pg_export('$dir/a.db', 'shop')", '53100',
	qr/database or disk is full/, 'temp_file_limit');

# The parts are no way around anything.
refused('tenant', 'SELECT sq2pg.export_finish()', '55000', qr/no export is running/, 'a part alone');
refused('tenant', "BEGIN; SELECT sq2pg.export_begin('lo:new'); SELECT sq2pg.export_execute('ATTACH ''$dir/b.db'' AS b')",
	'42501', qr/not authorized/, 'another file');
refused('tenant', "BEGIN; SELECT sq2pg.export_begin('lo:new'); SELECT sq2pg.export_execute('COMMIT'); SELECT sq2pg.export_execute('VACUUM INTO ''$dir/b.db''')",
	'42501', qr/authorization denied/, 'a copy');
my $begin = "BEGIN; SELECT sq2pg.export_begin('lo:new'); SELECT sq2pg.export_execute('CREATE TABLE t (a)')";
refused('tenant', "$begin; SELECT * FROM sq2pg.export_rows('SELECT 1::bigint', 'INSERT INTO t VALUES (?)', '{text}', false)",
	'42804', qr/kind "text" is not one of type bigint/, 'a number as text');
refused('tenant', "$begin; SELECT sq2pg.export_execute(' ')", '42601', qr/there is no statement/, 'no statement');
is($node->safe_psql('postgres', "$begin; SELECT sq2pg.export_answer('SELECT NULL'); ROLLBACK"), "\n\n{NULL}", 'no answer');
refused('tenant', "BEGIN; SELECT sq2pg.export_begin('lo:new'); SELECT sq2pg_export('lo:new', 'shop')",
	'55006', qr/another export is running/, 'two at a time');

# One moment, that of the transaction.
$session = $node->background_psql('postgres');
answer_of($session, 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM shop.item');
$node->safe_psql('postgres', "INSERT INTO shop.item VALUES (5000, 'late'); DROP TABLE shop.large");
answer_of($session, "SELECT sq2pg_export$mine; COMMIT");
$session->quit;
is(sqlite("$dir/a.db", 'SELECT count(*) FROM item'), '1000', 'what came later is not there');

# A function of somebody else's is not called with the rights of who exports.
$node->safe_psql('postgres', q{
	SET ROLE tenant;
	CREATE FUNCTION shop.trap() RETURNS text LANGUAGE plpgsql IMMUTABLE AS
		$$BEGIN IF current_user = 'postgres' THEN RAISE EXCEPTION 'caught'; END IF; RETURN 'x'; END$$;
	CREATE TYPE shop.colour AS ENUM ('red');
	CREATE FUNCTION shop.cast_colours(shop.colour[]) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT shop.trap()';
	CREATE CAST (shop.colour[] AS text) WITH FUNCTION shop.cast_colours(shop.colour[]);
	CREATE TABLE shop.bait (a text DEFAULT shop.trap() CHECK (a = shop.trap()), b shop.colour[]);
	CREATE VIEW shop.bait_view AS SELECT shop.trap() FROM shop.bait LIMIT length(shop.trap());
	INSERT INTO shop.bait VALUES (DEFAULT, '{red,NULL}')});
$node->safe_psql('postgres', "SELECT sq2pg_export('$dir/bait.db', 'shop', include => '{bait*}')");
is(sqlite("$dir/bait.db", 'SELECT a, b FROM bait'), 'x|{red,NULL}', 'functions of the owner are not called');
refused('writer', "SELECT sq2pg.export_lock(ARRAY['pg_authid'::regclass::oid])", '42501',
	qr/permission denied for table pg_authid/, 'a lock');

# Text of another encoding.
$node->safe_psql('postgres', "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
$node->safe_psql('latin', q{
	SET client_encoding = 'UTF8';
	CREATE EXTENSION sqlite_fdw_mig;
	CREATE TABLE t (id integer PRIMARY KEY, "naïve" text DEFAULT 'café' CHECK ("naïve" <> 'é'));
	INSERT INTO t VALUES (1, 'Zoë'), (2, DEFAULT)});
$node->safe_psql('latin', "SELECT sq2pg_export('$dir/latin.db')");
is(sqlite("$dir/latin.db", q{SELECT hex("naïve") FROM t; SELECT sql LIKE '%''café''%' FROM sqlite_schema}),
	"5A6FC3AB\n636166C3A9\n1", 'is UTF-8 there');

$node->stop;
done_testing();
