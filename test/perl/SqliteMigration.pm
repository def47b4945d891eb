
# What the TAP tests share: a server with the extension in it, the sqlite3
# program, and ways to look at what a call did.

package SqliteMigration;

use strict;
use warnings;

use Exporter 'import';
use File::Basename qw(dirname);
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(start_server sqlite sqlite_rows quoted slurp_bytes
  write_bytes error_of relations_of companions_of schema_dump_of catalog_of answer_of find_python application_script);

# A running server with a database "postgres" that has the extension.
sub start_server
{
	my $name = shift;
	my $node = PostgreSQL::Test::Cluster->new($name);

	# Not as the caller speaks: text of every language must fit in.
	$node->init(extra => [ "-E", "UTF8", "--locale=C" ]);
	$node->append_conf('postgresql.conf', "fsync = off");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION sqlite_fdw_mig');
	return $node;
}

# Runs SQL in the sqlite3 program and returns what it prints.
sub sqlite
{
	my ($file, $sql, @options) = @_;
	my ($out, $err);
	# newer shells do not let anybody edit the schema unless told to; older
	# ones say what they were told
	my $edits = $sql =~ /writable_schema/i;

	$sql = ".dbconfig defensive off\n$sql" if $edits;
	IPC::Run::run([ 'sqlite3', '-batch', '-bail', @options, $file ],
		'<', \$sql, '>', \$out, '2>', \$err)
	  or die "sqlite3 failed on $file: $err";
	$out =~ s/^\s*defensive off\n//m if $edits;
	chomp $out;
	return $out;
}

# The same as a list of rows, each a list of values. SQLite sees the file as
# one that never changes: reading leaves nothing beside it.
sub sqlite_rows
{
	my ($file, $sql) = @_;
	my $separator = "\x1f";
	my $out = sqlite("file:$file?immutable=1",
		$sql, '-readonly', '-separator', $separator);

	return map { [ split /$separator/, $_, -1 ] } split /\n/, $out;
}

# A value as a SQL literal.
sub quoted
{
	my $value = shift;

	$value =~ s/'/''/g;
	return "'$value'";
}

# What a session of background_psql answers. Early releases of its module leave
# newlines around the answer and, after an error, their own separator.
sub answer_of
{
	my ($session, $sql) = @_;
	my $out = $session->query($sql) // '';

	$out =~ s/^.*background_psql: QUERY_SEPARATOR.*\n?//mg;
	$out =~ s/^\n+|\n+$//g;
	return $out;
}

# An application that writes, in Python: see there.
sub application_script
{
	return dirname(__FILE__) . '/application.py';
}

# A Python for the property tests, which want 3.9 with SQLite 3.37 (the first
# one may be one that only its owner may run); undef if
# there is none.
sub find_python
{
	my $check = 'import sqlite3, sys; '
	  . 'sys.exit(sys.version_info < (3, 9) or sqlite3.sqlite_version_info < (3, 37))';

	foreach my $python ('python3', '/usr/bin/python3')
	{
		my $ok = eval {
			IPC::Run::run([ $python, '-c', $check ], '>&', \my $ignored);
		};
		return $python if $ok;
	}
	return;
}

sub slurp_bytes
{
	my $file = shift;

	open my $in, '<:raw', $file or die "could not open \"$file\": $!";
	local $/;
	my $bytes = <$in>;
	close $in;
	return $bytes;
}

sub write_bytes
{
	my ($file, $bytes) = @_;

	open my $out, '>:raw', $file or die "could not create \"$file\": $!";
	print $out $bytes;
	close $out or die "could not write \"$file\": $!";
	return $file;
}

# Runs a statement that must fail. Returns the SQLSTATE, the message, the number
# of errors and warnings, and everything that was said.
sub error_of
{
	my ($node, $database, $sql, $role) = @_;
	my ($out, $err) = ('', '');

	$node->psql(
		$database,
		(defined $role ? "SET ROLE $role;\n" : '') . $sql,
		stdout => \$out,
		stderr => \$err,
		on_error_die => 0,
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	my @reports = $err =~ /(?:ERROR|FATAL|PANIC|WARNING):/g;
	my ($state, $message) = $err =~ /ERROR:\s+([0-9A-Z]{5}): (.*)/;
	return ($state // '', $message // '', scalar @reports, $err . $out);
}

# Everything in a database that a migration could make, as one text.
sub relations_of
{
	my ($node, $database) = @_;

	return $node->safe_psql(
		$database, q{
		SELECT 'schema', nspname, NULL FROM pg_namespace
		WHERE nspname !~ '^pg_(temp|toast)'
		UNION ALL
		SELECT relkind::text, relnamespace::regnamespace || '.' || relname, relnatts::text
		FROM pg_class WHERE oid >= 16384
		UNION ALL
		SELECT 'server', srvname, NULL FROM pg_foreign_server
		UNION ALL
		SELECT 'type', typnamespace::regnamespace || '.' || typname, NULL
		FROM pg_type WHERE oid >= 16384
		UNION ALL
		SELECT 'runs', count(*)::text, NULL FROM sq2pg.runs
		ORDER BY 1, 2, 3});
}

# A schema as pg_dump writes it, without what differs from dump to dump.
sub schema_dump_of
{
	my ($node, $database, $schema, @options) = @_;
	my ($out, $err);

	IPC::Run::run(
		[ 'pg_dump', '-h', $node->host, '-p', $node->port, '-d', $database,
			'-n', $schema, @options ],
		'>', \$out, '2>', \$err)
	  or die "pg_dump failed: $err";
	return join "\n", grep { !/^\\(?:un)?restrict / } split /\n/, $out;
}

# What pg_dump does not show: who is who, by OID, and whether it is at work.
sub catalog_of
{
	my ($node, $database, $schema) = @_;

	return $node->safe_psql(
		$database, qq{
		CREATE TEMPORARY TABLE mine AS SELECT oid FROM pg_class
			WHERE relnamespace = '"$schema"'::regnamespace;
		SELECT 'r', c.oid, relname, relkind, relhastriggers, relhasrules, relacl
			FROM pg_class c JOIN mine USING (oid) ORDER BY c.oid;
		SELECT 'k', c::text FROM pg_constraint c
			JOIN mine ON mine.oid = conrelid ORDER BY c.oid;
		SELECT 't', t::text FROM pg_trigger t
			JOIN mine ON mine.oid = tgrelid ORDER BY t.oid;
		SELECT 'i', indexrelid, indisvalid, indisready, indisunique FROM pg_index
			JOIN mine ON mine.oid = indrelid ORDER BY indexrelid;
		SELECT 'a', attrelid, attnum, attname, atttypid, atttypmod, attnotnull,
			atthasdef, attidentity, attgenerated FROM pg_attribute
			JOIN mine ON mine.oid = attrelid ORDER BY attrelid, attnum;
		SELECT 'server', srvname FROM pg_foreign_server ORDER BY 1, 2;
		SELECT 'schema', nspname FROM pg_namespace
			WHERE nspname !~ '^pg_(toast_)?temp_' ORDER BY 1, 2;});
}

# The files that SQLite may keep beside a database, those that are there.
sub companions_of
{
	my $file = shift;

	return grep { -e $_ } map { "$file-$_" } qw(wal shm journal);
}

1;
