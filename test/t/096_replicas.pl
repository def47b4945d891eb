
# Other servers: a subscriber of logical replication gets the rows of both
# modes, a standby reads what was migrated and refuses to migrate, a database
# that uses the extension is dumped and restored, and pg_upgrade takes it along.
#
# SQM_OLD_PG_CONFIG  pg_config of an older version of PostgreSQL in which the
#                    extension is installed, too; without it nothing is upgraded

use strict;
use warnings;

use File::Basename qw(dirname);
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir;
my $source = "$dir/demo.db";

sqlite($source, slurp_bytes(dirname(__FILE__) . '/../fixtures/demo.sql'));
sqlite($source, q{
	CREATE TABLE many (id INTEGER PRIMARY KEY, n INT, x TEXT, b BLOB);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
	INSERT INTO many SELECT i, i % 100, printf('%050d', i), zeroblob(i % 7) FROM n;
	INSERT INTO many VALUES (20001, 1, 'large', randomblob(300000));});

# The content of the tables of a schema as one value.
sub content_of
{
	my ($node, $database, $schema) = @_;

	return $node->safe_psql($database, 'SELECT * FROM (' . (join ' UNION ALL ', map {
			"SELECT '$_', count(*), md5(string_agg(t::text, '|' ORDER BY t::text COLLATE \"C\")) FROM $schema.\"$_\" AS t"
		} sort split /\n/, $node->safe_psql($database, "SELECT relname FROM pg_class WHERE relnamespace = '$schema'::regnamespace AND relkind = 'r' ORDER BY 1")) . ') AS c ORDER BY 1');
}

# ---- Logical replication

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical', extra => [ '-E', 'UTF8', '--locale=C' ]);
$publisher->append_conf('postgresql.conf', 'fsync = off');
$publisher->start;
$publisher->safe_psql('postgres', 'SET client_min_messages = error; CREATE EXTENSION sqlite_fdw_mig; ALTER DATABASE postgres SET client_min_messages = error');
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(extra => [ '-E', 'UTF8', '--locale=C' ]);
$subscriber->append_conf('postgresql.conf', 'fsync = off');
$subscriber->start;

# The subscriber has the schema; create mode makes it on the other side.
$publisher->safe_psql('postgres', "BEGIN; CREATE SCHEMA made; SELECT FROM sq2pg_migrate('$source', 'made'); COMMIT");
my ($schema, $error) = ('', '');
IPC::Run::run([ 'pg_dump', '--schema-only', '--schema=made', '-d', $publisher->connstr('postgres') ], '>', \$schema, '2>', \$error) or die $error;
$subscriber->safe_psql('postgres', $schema =~ s/^\\.*$//mgr);
$subscriber->safe_psql('postgres', ($schema =~ s/^\\.*$//mgr) =~ s/\bmade\b/data/gr);
$publisher->safe_psql('postgres', ($schema =~ s/^\\.*$//mgr) =~ s/\bmade\b/data/gr);
$publisher->safe_psql('postgres', 'DROP SCHEMA made CASCADE; CREATE SCHEMA made');

# Tables that are made while it runs belong to it from the start.
$publisher->safe_psql('postgres', 'CREATE PUBLICATION p FOR TABLES IN SCHEMA made, data');
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION s CONNECTION '" . $publisher->connstr . " dbname=postgres' PUBLICATION p");
$subscriber->wait_for_subscription_sync($publisher, 's');
is($publisher->safe_psql('postgres', "SELECT verified FROM sq2pg_migrate('$source', 'data', 'data') WHERE action = 'total'"), 't', 'data mode, published');
$publisher->wait_for_catchup('s');
is(content_of($subscriber, 'postgres', 'data'), content_of($publisher, 'postgres', 'data'), 'the rows of data mode reach the subscriber');
like(content_of($subscriber, 'postgres', 'data'), qr/many\|20001\|/, 'all of them');
is($publisher->safe_psql('postgres', "SELECT verified FROM sq2pg_migrate('$source', 'made') WHERE action = 'total'"), 't', 'create mode, published');
# what a subscriber does about new tables: it asks
$subscriber->safe_psql('postgres', 'ALTER SUBSCRIPTION s REFRESH PUBLICATION');
$subscriber->wait_for_subscription_sync($publisher, 's');
is(content_of($subscriber, 'postgres', 'made'), content_of($publisher, 'postgres', 'made'), 'and so do those of create mode');
$publisher->safe_psql('postgres', "UPDATE made.many SET x = 'changed' WHERE id < 10; DELETE FROM made.many WHERE id > 19990");
$publisher->wait_for_catchup('s');
is(content_of($subscriber, 'postgres', 'made'), content_of($publisher, 'postgres', 'made'), 'and what is changed later');
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION s');
$subscriber->stop;

# ---- A standby

$publisher->safe_psql('postgres', "SELECT FROM sq2pg_attach('$source', 'attached')");
$publisher->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($publisher, 'base', has_streaming => 1);
$standby->start;
$publisher->safe_psql('postgres', "CREATE SCHEMA later; SELECT FROM sq2pg_migrate('$source', 'later')");
$publisher->wait_for_catchup($standby, 'replay', $publisher->lsn('insert'));
is(content_of($standby, 'postgres', 'later'), content_of($publisher, 'postgres', 'later'), 'standby: has what was migrated');
foreach my $call ("sq2pg_migrate('$source', 'elsewhere')", "sq2pg_migrate('$source', 'elsewhere', dry_run => true)", "sq2pg_reset_sequences('later')")
{
	my ($state, $message) = error_of($standby, 'postgres', "SELECT * FROM $call");

	is($state, '25006', "standby: $call is refused");
	like($message, qr/during recovery/, 'standby: and says why');
}
is($standby->safe_psql('postgres', 'SELECT count(*), max(id) FROM attached.many'), '20001|20001', 'standby: foreign tables can be read');
is($standby->safe_psql('postgres', "SELECT count(*) > 3 FROM sq2pg_tables('$source')"), 't', 'standby: and the catalog of a source');
$standby->promote;
is($standby->safe_psql('postgres', "CREATE SCHEMA own; SELECT verified FROM sq2pg_migrate('$source', 'own') WHERE action = 'total'"), 't', 'standby: migrates when it is none any more');
$standby->stop;

# ---- pg_dump and pg_restore of a database that uses it

my $dump = "$dir/dump.custom";
$publisher->safe_psql('postgres', 'DROP PUBLICATION p');
$publisher->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $publisher->connstr('postgres') ], 'pg_dump');
$publisher->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
$publisher->command_ok([ 'pg_restore', '--exit-on-error', '-d', $publisher->connstr('restored'), $dump ], 'pg_restore');
is(content_of($publisher, 'restored', 'later'), content_of($publisher, 'postgres', 'later'), 'restored: the rows');
is($publisher->safe_psql('restored', 'SELECT count(*), max(x) FROM attached.many'), "20001|large", 'restored: the foreign tables are at work');
is($publisher->safe_psql('restored', 'TABLE sq2pg.runs'), $publisher->safe_psql('postgres', 'TABLE sq2pg.runs'), 'restored: the history');
is($publisher->safe_psql('restored', "SET client_min_messages = error; CREATE SCHEMA fresh; SELECT FROM sq2pg_migrate('$source', 'fresh'); SELECT max(run) > (SELECT max(run) FROM sq2pg.runs WHERE target_schema = 'later') FROM sq2pg.runs"),
	't', 'restored: which goes on');
$publisher->stop;

# ---- pg_upgrade

SKIP:
{
	my $old = $ENV{SQM_OLD_PG_CONFIG};
	skip 'SQM_OLD_PG_CONFIG is not set', 1 unless $old;

	chomp(my $old_bin = `$old --bindir`);
	my ($from, $to) = ("$dir/old", "$dir/new");
	my @connection = ('-h', $dir, '-p', '54399', '-U', 'upgrader');
	my $psql = sub {
		my ($bin, $sql) = @_;
		my ($out, $err) = ('', '');

		IPC::Run::run([ "$bin/psql", '-XAtq', '-v', 'ON_ERROR_STOP=1', @connection, '-d', 'postgres' ], '<', \$sql, '>', \$out, '2>', \$err) or die $err;
		chomp $out;
		return $out;
	};
	my $server = sub {
		my ($bin, $data, @what) = @_;

		system("$bin/pg_ctl", '-s', '-w', '-D', $data, '-l', "$dir/upgrade.log", @what) == 0 or die "pg_ctl: @what: " . slurp_bytes("$dir/upgrade.log");
	};
	my $new_bin = $publisher->config_data('--bindir');
	# PostgreSQL 18 has checksums unless told otherwise
	my @checksums = `$new_bin/initdb --help` =~ /no-data-checksums/ ? ('--no-data-checksums') : ();

	system_or_bail("$old_bin/initdb", '-D', $from, '-U', 'upgrader', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N');
	system_or_bail("$new_bin/initdb", '-D', $to, '-U', 'upgrader', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N', @checksums);
	my $options = "-c listen_addresses='' -c unix_socket_directories=$dir -c port=54399 -c fsync=off";
	$server->($old_bin, $from, '-o', $options, 'start');
	$psql->($old_bin, "SET client_min_messages = error; CREATE EXTENSION sqlite_fdw_mig; CREATE SCHEMA s; SELECT FROM sq2pg_migrate('$source', 's');
		SELECT FROM sq2pg_attach('$source', 'attached')");
	# A Debian release of 15 gives every column an option that no other
	# PostgreSQL knows; pg_upgrade to one of these fails for any table.
	$psql->($old_bin, "SET allow_system_table_mods = on; UPDATE pg_attribute SET attoptions = NULL WHERE attoptions::text LIKE '{pg_attver=%'");
	my $look = "SELECT count(*), md5(string_agg(m::text, '|' ORDER BY id)) FROM s.many AS m; SELECT run, source, tables, digests FROM sq2pg.runs;
		SELECT count(*), max(x) FROM attached.many; SELECT bool_and(matches) FROM sq2pg_verify('$source', 's')";
	my $before = $psql->($old_bin, $look);
	$server->($old_bin, $from, 'stop');
	my $said = '';
	ok( IPC::Run::run([ "$new_bin/pg_upgrade", '-b', $old_bin, '-B', $new_bin, '-d', $from, '-D', $to, '-U', 'upgrader', '-s', $dir, '-p', '54398', '-P', '54399' ],
			'init', sub { chdir $dir or die }, '>', \$said, '2>&1'), 'pg_upgrade') or diag($said, map { slurp_bytes($_) } glob "$to/pg_upgrade_output.d/*/log/pg_upgrade_dump_*.log");
	$server->($new_bin, $to, '-o', $options, 'start');
	is($psql->($new_bin, $look), $before, 'upgraded: rows, history, foreign tables, verification');
	is($psql->($new_bin, "SET client_min_messages = error; CREATE SCHEMA t; SELECT verified FROM sq2pg_migrate('$source', 't') WHERE action = 'total'"), 't', 'upgraded: it migrates');
	note("upgraded from " . `$old_bin/postgres --version` . ' to ' . `$new_bin/postgres --version`);
	$server->($new_bin, $to, 'stop');
}
done_testing();
