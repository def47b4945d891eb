
# pgextwlist, as hosts use it: a role that owns nothing makes the extension
# itself, and uses it.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('allow_list');
my $dir = PostgreSQL::Test::Utils::tempdir;
my $library = $node->config_data('--pkglibdir') . '/pgextwlist.so';

plan skip_all => 'pgextwlist is not installed' unless -e $library;

$node->safe_psql('postgres', 'CREATE ROLE tenant LOGIN; CREATE DATABASE hosted; GRANT CREATE ON DATABASE hosted TO tenant');
$node->append_conf('postgresql.conf', "session_preload_libraries = 'pgextwlist'\nextwlist.extensions = 'postgis'");
$node->restart;

my @tenant = (extra_params => [ '-U', 'tenant' ]);
is((error_of($node, 'hosted', 'CREATE EXTENSION sqlite_fdw_mig', 'tenant'))[0], '42501', 'not on the list: refused');
$node->append_conf('postgresql.conf', "extwlist.extensions = 'postgis,sqlite_fdw_mig'");
$node->restart;
is($node->psql('hosted', 'CREATE EXTENSION sqlite_fdw_mig', @tenant), 0, 'on the list: a role with nothing but CREATE on the database makes it');
is($node->safe_psql('hosted', q{SELECT count(*) FROM pg_proc AS p JOIN pg_roles AS r ON r.oid = p.proowner WHERE p.proname ~ '^sq2pg_' AND NOT r.rolsuper}), 0,
	'it belongs to the superuser');
my $file = "$dir/app.db";
sqlite($file, q{CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t (x) VALUES ('one'), ('two')});
is( $node->safe_psql('hosted', "SET client_min_messages = error; CREATE SCHEMA app;\n\\lo_import $file\nSELECT loaded, verified FROM sq2pg_migrate('lo:' || :LASTOID, 'app') WHERE action = 'total'", @tenant),
	'2|t', 'and migrates by large object');
is((error_of($node, 'hosted', "SELECT * FROM sq2pg_tables('$file')", 'tenant'))[0], '42501', 'files of the server stay closed');
is((error_of($node, 'hosted', 'CREATE FUNCTION sq2pg.f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$', 'tenant'))[0], '42501', 'as does schema sq2pg');
is($node->psql('hosted', 'DROP EXTENSION sqlite_fdw_mig', @tenant), 0, 'it is dropped in the same way');
is($node->safe_psql('hosted', 'SELECT x FROM app.t ORDER BY id', @tenant), "one\ntwo", 'what was migrated stays');
$node->stop;
done_testing();
