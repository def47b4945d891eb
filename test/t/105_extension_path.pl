
# PostgreSQL 18: the extension lies in a directory of its own, as an image
# volume has it (docs/managed.md), and not in PostgreSQL's.

use strict;
use warnings;

use File::Copy qw(copy);
use File::Find qw(find);
use File::Path qw(make_path);
use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $node = start_server('extension_path');
my $dir = PostgreSQL::Test::Utils::tempdir;

plan skip_all => 'extension_control_path came with PostgreSQL 18'
  if $node->safe_psql('postgres', 'SHOW server_version_num') < 180000;

# As the document says: make install DESTDIR=... (Debian's makefiles do not know
# prefix), then the layout of the image
my ($out, $err) = ('', '');
ok( IPC::Run::run(
		[ 'make', '-C', $ENV{TESTDIR}, 'with_llvm=no', 'PG_CONFIG=' . ($ENV{PG_CONFIG} // 'pg_config'), 'install', "DESTDIR=$dir/out" ],
		'<', \undef, '>', \$out, '2>', \$err),
	'make install DESTDIR=') or diag("$out$err");
my @installed;
find(sub { push @installed, $File::Find::name if -f }, "$dir/out");
is(scalar(@installed), 3, 'a library, a control file, a script') or diag(join "\n", @installed);
make_path("$dir/image/lib", "$dir/image/share/extension");
foreach my $file (@installed)
{
	copy($file, $file =~ /\.so$/ ? "$dir/image/lib" : "$dir/image/share/extension") or die "copy: $!";
}

# The one of this directory can be told from the one in PostgreSQL's own: it
# has another version.
my ($script) = glob "$dir/image/share/extension/*.sql";
my $control = slurp_bytes("$dir/image/share/extension/sqlite_fdw_mig.control");
is(($control =~ s/^default_version = .*/default_version = '1.0image'/m), 1, 'a version of its own');
write_bytes("$dir/image/share/extension/sqlite_fdw_mig.control", $control);
rename $script, $script =~ s/--1\.0\.sql$/--1.0image.sql/r or die "rename: $!";

$node->append_conf('postgresql.conf', "extension_control_path = '$dir/image/share:\$system'\ndynamic_library_path = '$dir/image/lib:\$libdir'");
$node->restart;
$node->safe_psql('postgres', 'CREATE DATABASE image');
$node->safe_psql('image', 'CREATE EXTENSION sqlite_fdw_mig');
is($node->safe_psql('image', "SELECT extversion FROM pg_extension WHERE extname = 'sqlite_fdw_mig'"), '1.0image', 'the control file of the directory');
my $source = "$dir/source.db";
sqlite($source, q{CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t (x) VALUES ('one'), ('two')});
my $session = $node->background_psql('image');
my $pid = answer_of($session, 'SELECT pg_backend_pid()');
is(answer_of($session, 'SET client_min_messages = error; SELECT loaded, verified FROM sq2pg_migrate(' . quoted($source) . ") WHERE action = 'total'"),
	'2|t', 'a migration');
my $maps = slurp_bytes("/proc/$pid/maps");
like($maps, qr{\Q$dir\E/image/lib/sqlite_fdw_mig\.so}, 'the library of the directory');
$session->quit;

# With the system's first, as the document has it for a directory beside it
is($node->safe_psql('image', "SELECT count(DISTINCT version) > 0 FROM pg_available_extension_versions WHERE name = 'sqlite_fdw_mig'"), 't', 'it is listed');
$node->stop;
done_testing();
