
# docs/managed.md: uploads with psql, drivers and single statements, run as they
# stand in the document, by a role that may do nothing but create things.

use strict;
use warnings;

use IPC::Run;
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('clients');
my $dir = PostgreSQL::Test::Utils::tempdir;

# for drivers that know no sockets
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'");
$node->restart;
$node->safe_psql('postgres', 'CREATE ROLE tenant LOGIN; GRANT CREATE ON DATABASE postgres TO tenant;
	CREATE SCHEMA tenant AUTHORIZATION tenant');

# more than one piece of whatever size anybody uploads
sqlite("$dir/app.db", q{
	CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, data BLOB);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
	INSERT INTO t SELECT i, 'name ' || i || char(233), randomblob(1000) FROM n;
});
sqlite("$dir/small.db", q{CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, data BLOB); INSERT INTO t VALUES (1, 'one', x'00ff')});

# The blocks of the document, by language
my (%blocks, $block, $language);
foreach my $line (split /\n/, slurp_bytes("$ENV{TESTDIR}/docs/managed.md"))
{
	if ($line =~ /^```(\w*)$/)
	{
		if (defined $block)
		{
			push @{ $blocks{$language} }, $block;
			$block = undef;
		}
		else
		{
			($language, $block) = ($1, '');
		}
	}
	elsif (defined $block)
	{
		$block .= "$line\n";
	}
}

$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
$ENV{PGUSER} = 'tenant';
chdir $dir or die "chdir: $!";

sub objects
{
	return $node->safe_psql('postgres', 'SELECT count(*) FROM pg_largeobject_metadata');
}

# Runs a block, which must migrate the database.
sub migrates
{
	my ($name, $file, $kept, @command) = @_;
	my ($out, $err) = ('', '');
	my $before = objects();

	ok(IPC::Run::run(\@command, '<', \undef, '>', \$out, '2>', \$err), "$name: runs") or diag("$out$err");
	like($out, qr/\bt\b.*create/, "$name: shows the report");
	my $rows = sqlite($file, 'SELECT count(*), sum(length(data)), max(name) FROM t');
	is($node->safe_psql('postgres', 'SELECT count(*), sum(length(data)), max(name COLLATE "C") FROM tenant.t'),
		$rows, "$name: every row is there");
	is($node->safe_psql('postgres', 'DROP TABLE tenant.t; SELECT count(*) FROM pg_largeobject_metadata') - $before,
		$kept, "$name: " . ($kept ? 'the object is kept' : 'nothing is left of the upload'));
	return;
}

# ---- psql

my ($short, $long, @statements) = (@{ $blocks{sql} });
like($long, qr/lo_unlink/, 'two recipes for psql');
write_bytes('booking.db', slurp_bytes('app.db'));
migrates('psql, in short', 'app.db', 1, 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', write_bytes('short.sql', $short));
migrates('psql', 'app.db', 0, 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', write_bytes('long.sql', $long));

# An error takes the upload back, too.
my $before = objects();
$node->safe_psql('postgres', 'CREATE TABLE tenant.t (other int); INSERT INTO tenant.t VALUES (1)');
IPC::Run::run([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', 'long.sql' ], '<', \undef, '>', \my $out, '2>', \my $err);
like($err, qr/ERROR/, 'an error');
is(objects(), $before, 'takes the upload back');
$node->safe_psql('postgres', 'DROP TABLE tenant.t');

# ---- Drivers

sub where
{
	my ($arguments, @programs) = @_;

	foreach my $program (@programs)
	{
		my $ok = eval { IPC::Run::run([ $program, @$arguments ], '<', \undef, '>', \my $o, '2>', \my $e) };
		return $program if $ok;
	}
	return undef;
}

foreach (
	[ 'psycopg2', 'python', 'import psycopg2', '.py', [ '-c', 'import psycopg2' ], '/usr/bin/python3', 'python3' ],
	[ 'psycopg 3', 'python', 'import psycopg$', '.py', [ '-c', 'import psycopg' ], '/usr/bin/python3', 'python3' ],
	[ 'node-postgres', 'js', "require\\('pg'\\)", '.js', [ '-e', "require('pg')" ], 'node', 'nodejs' ],
	[ 'DBD::Pg', 'perl', 'DBI', '.pl', [ '-MDBD::Pg', '-e', '1' ], $^X, '/usr/bin/perl' ])
{
	my ($name, $language, $mark, $suffix, $probe, @programs) = @$_;
	my ($code) = grep { /$mark/m } @{ $blocks{$language} };
	ok(defined $code, "$name: there is a recipe");

SKIP:
	{
		my $program = where($probe, @programs);
		skip "$name is not installed", 1 unless defined $program;
		my $prefix = $suffix eq '.pl' ? "use strict;\nuse warnings;\n" : '';
		migrates($name, 'app.db', 0, $program, write_bytes("recipe$suffix", $prefix . $code));
	}
}

# JDBC knows no sockets; from Java 11 on the source is run as it is.
my ($java) = @{ $blocks{java} };
like($java, qr/LargeObjectManager/, 'JDBC: there is a recipe');
SKIP:
{
	my ($jar) = grep { -e $_ } '/usr/share/java/postgresql.jar';
	skip 'JDBC is not installed (Debian: default-jdk-headless, libpostgresql-jdbc-java)', 4
	  unless defined $jar && where([ '--version' ], 'javac');
	migrates('JDBC', 'app.db', 0, 'java', '-cp', $jar, write_bytes('Upload.java', $java),
		'jdbc:postgresql://127.0.0.1:' . $node->port . '/postgres?user=tenant');
}

# Debian's packages are sources, which take no modules and have version 4.
my ($go) = @{ $blocks{go} };
like($go, qr/LargeObjectModeWrite/, 'pgx: there is a recipe');
SKIP:
{
	my $sources = '/usr/share/gocode';
	skip 'pgx is not installed (Debian: golang-go, golang-github-jackc-pgx-v4-dev)', 4
	  unless -d "$sources/src/github.com/jackc/pgx" && where(['version'], 'go');
	$go =~ s{jackc/pgx/v5}{jackc/pgx/v4} unless -d "$sources/src/github.com/jackc/pgx/v5";
	local @ENV{qw(GO111MODULE GOPATH GOCACHE GOFLAGS)} = ('off', $sources, "$dir/go", '');
	migrates('pgx', 'app.db', 0, 'go', 'run', write_bytes('upload.go', $go));
}

# ---- One statement

my @single = grep { /lo_from_bytea/ } @{ $blocks{''} };
is(scalar(@single), 2, 'two recipes of one statement');
my ($parameter) = grep { /\$1/ } @single;
my ($literal) = grep { /base64/ } @single;
$parameter =~ s/\$1/:'bytes'/;
write_bytes('parameter.sql', "\\set bytes '\\\\x" . unpack('H*', slurp_bytes('small.db')) . "'\n$parameter");
migrates('a parameter', 'small.db', 1, 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', 'parameter.sql');
my $base64 = encode_base64(slurp_bytes('small.db'), '');
like($base64, qr/^U1FMaXRlIGZvcm1hdCAz/, 'the literal begins as in the document');
$literal =~ s/U1FMaXRlIGZvcm1hdCAz[^']*/$base64/;
migrates('a literal', 'small.db', 1, 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', write_bytes('literal.sql', $literal));

# The same for everything else that is volatile, and in prepared statements
my $bytes = "decode('$base64', 'base64')";
foreach my $call ("sq2pg_tables('lo:' || lo_from_bytea(0, $bytes))", "sq2pg_check('lo:' || lo_from_bytea(0, $bytes), 'tenant')")
{
	is((error_of($node, 'postgres', "SELECT count(*) FROM $call", 'tenant'))[0], '', substr $call, 0, 12);
}
is($node->safe_psql('postgres', "PREPARE p (bytea) AS SELECT table_name FROM sq2pg_tables('lo:' || lo_from_bytea(0, \$1)); EXECUTE p ($bytes); EXECUTE p ($bytes)"),
	"t\nt", 'prepared');

# ---- Cleaning up

is( $node->safe_psql('postgres', q{SELECT count(lo_unlink(oid)) > 0 FROM pg_largeobject_metadata WHERE lomowner = current_user::regrole},
		extra_params => [ '-U', 'tenant' ]), 't', 'a tenant removes what it has');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_largeobject_metadata WHERE lomowner = \'tenant\'::regrole'), 0, 'nothing is left');
chdir '/';
$node->stop;
done_testing();
