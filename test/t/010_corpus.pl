
# Whole databases, as applications and tutorials have them: migrated with the
# defaults, then compared with what SQLite itself says about them.
#
# SQM_CORPUS is the directory they are in. They are not part of the project.

use strict;
use warnings;

use File::Basename qw(basename);
use File::Copy qw(copy);
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

my $corpus = $ENV{SQM_CORPUS} // '';
my @files = $corpus eq '' ? () : sort glob "$corpus/*.db";

plan skip_all => 'no sample databases; SQM_CORPUS names their directory'
  unless @files;

my $node = start_server('corpus');
my $dir = PostgreSQL::Test::Utils::tempdir;

# What SQLite says about a schema, and what PostgreSQL must then say, in the
# same words. Only things that can be had by a glance at either catalog.
my %facts = (
	'primary keys' => [
		q{SELECT t.name, (SELECT group_concat(k.name) FROM
			(SELECT name FROM pragma_table_info(t.name) WHERE pk > 0 ORDER BY pk) k)
		  FROM pragma_table_list t
		  WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
		  AND EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE pk > 0)},
		q{SELECT c.relname, (SELECT string_agg(a.attname, ',' ORDER BY k.n)
			FROM unnest(conkey) WITH ORDINALITY k (attnum, n)
			JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.attnum)
		  FROM pg_constraint JOIN pg_class c ON c.oid = conrelid
		  WHERE contype = 'p' AND c.relnamespace = 'public'::regnamespace} ],

	'foreign keys' => [
		q{SELECT lower(t.name), lower(f."table"), lower(group_concat(f."from")),
			f.on_update, f.on_delete
		  FROM pragma_table_list t, pragma_foreign_key_list(t.name) f
		  WHERE t.type = 'table' GROUP BY t.name, f.id},
		q{SELECT lower(c.relname), lower(p.relname),
			(SELECT string_agg(lower(a.attname), ',' ORDER BY k.n)
			 FROM unnest(conkey) WITH ORDINALITY k (attnum, n)
			 JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.attnum),
			('{"a":"NO ACTION","r":"RESTRICT","c":"CASCADE","n":"SET NULL","d":"SET DEFAULT"}'::jsonb)
				->> confupdtype::text,
			('{"a":"NO ACTION","r":"RESTRICT","c":"CASCADE","n":"SET NULL","d":"SET DEFAULT"}'::jsonb)
				->> confdeltype::text
		  FROM pg_constraint JOIN pg_class c ON c.oid = conrelid
		  JOIN pg_class p ON p.oid = confrelid
		  WHERE contype = 'f' AND convalidated
		  AND c.relnamespace = 'public'::regnamespace} ],

	'indexes' => [
		q{SELECT t.name, i."unique", i.partial,
			(SELECT count(*) FROM pragma_index_info(i.name))
		  FROM pragma_table_list t, pragma_index_list(t.name) i
		  WHERE t.type = 'table' AND i.origin <> 'pk'},
		q{SELECT c.relname, indisunique::int, (indpred IS NOT NULL)::int, indnkeyatts
		  FROM pg_index JOIN pg_class c ON c.oid = indrelid
		  WHERE NOT indisprimary AND indisvalid
		  AND c.relnamespace = 'public'::regnamespace} ],

	'columns, and which may be NULL' => [
		q{SELECT t.name, c.name, c."notnull" OR c.pk > 0
		  FROM pragma_table_list t, pragma_table_xinfo(t.name) c
		  WHERE t.type = 'table' AND c.hidden <> 1
		  AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'},
		q{SELECT c.relname, a.attname, a.attnotnull::int
		  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		  WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
		  AND c.relnamespace = 'public'::regnamespace} ],

	# The keys for which SQLite finds the next number itself: an INTEGER
	# PRIMARY KEY, which has no index because it is the row's own number.
	'identities' => [
		q{SELECT t.name, c.name
		  FROM pragma_table_list t, pragma_table_xinfo(t.name) c
		  WHERE t.type = 'table' AND NOT t.wr AND c.pk > 0
		  AND upper(c.type) = 'INTEGER'
		  AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
		  AND NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name)
						  WHERE origin = 'pk')},
		q{SELECT c.relname, a.attname
		  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		  WHERE a.attidentity <> '' AND c.relnamespace = 'public'::regnamespace} ]);

# Rows of a query in PostgreSQL, each a list of values.
sub pg_rows
{
	my ($database, $sql) = @_;
	my $out =
	  $node->safe_psql($database, $sql, extra_params => [ '-F', "\x1f" ]);

	return map { [ split /\x1f/, $_, -1 ] } split /\n/, $out;
}

# Rows as sorted lines.
sub lines
{
	return [ sort map { join '|', @$_ } @_ ];
}

sub identifier
{
	my $name = shift;

	$name =~ s/"/""/g;
	return qq{"$name"};
}

sub is_wal
{
	return ord(substr(slurp_bytes(shift), 18, 1)) == 2;
}

# A database of that name into which a file was migrated; the report's rows.
sub migrated
{
	my ($database, $file) = @_;
	my ($out, $err) = ('', '');

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE EXTENSION sqlite_fdw_mig');
	my $status = $node->psql(
		$database,
		'SELECT * FROM sq2pg_migrate(' . quoted($file) . ')',
		stdout => \$out,
		stderr => \$err,
		extra_params => [ '-F', "\x1f" ]);
	is($status, 0, "$database: migrated") or diag($err);
	return map { [ split /\x1f/, $_, -1 ] } split /\n/, $out;
}

# Columns of the report, by their order in the contract.
my ($table_name, $action, $source_rows, $loaded, $skipped, $rejected) = 0 .. 5;
my ($is_verified, $notes) = (8, 10);

sub check_report
{
	my ($database, @report) = @_;
	my $total = $report[-1];
	my @wrong = grep {
		$_->[$source_rows] !=
		  $_->[$loaded] + $_->[$skipped] + $_->[$rejected]
		  or $_->[$is_verified] ne 't'
	} @report;
	my $sum = 0;

	is($total->[$action], 'total', "$database: the last row is the total");
	is($total->[$table_name], '', "$database: which has no table");
	is_deeply(lines(@wrong), [], "$database: rows add up and are verified");
	$sum += $_->[$loaded] foreach @report[ 0 .. $#report - 1 ];
	is($total->[$loaded], $sum, "$database: the total is the sum");
	return;
}

# A view that means something else in PostgreSQL is left out, and named.
sub check_views
{
	my ($database, $file, $total) = @_;
	my %moved = map { $_->[0] => 1 } pg_rows($database,
		q{SELECT viewname FROM pg_views WHERE schemaname = 'public'});
	my @lost = grep {
		not $moved{$_} and index($total->[$notes], qq{"$_"}) < 0
	} map { $_->[0] } sqlite_rows($file,
		q{SELECT name FROM sqlite_master WHERE type = 'view'});

	is_deeply(\@lost, [], "$database: views are there, or named");
	note("$database: $total->[$notes]") if $total->[$notes] ne '';
	return;
}

# Rows, values that are not NULL, and bytes of text, by table and by view.
sub check_content
{
	my ($database, $file) = @_;
	my (@expected, @got, %types);

	$types{ $_->[0] }{ $_->[1] } = $_->[2]
	  foreach pg_rows($database,
		q{SELECT relname, attname, atttypid::regtype FROM pg_attribute
		  JOIN pg_class c ON c.oid = attrelid
		  WHERE relkind IN ('r', 'v') AND attnum > 0
		  AND relnamespace = 'public'::regnamespace});
	foreach my $table (sort keys %types)
	{
		my $from = 'FROM ' . identifier($table);
		my (@lite, @pg) = ();

		foreach my $column (sort keys %{ $types{$table} })
		{
			my $name = identifier($column);

			push @lite, "count($name)";
			push @pg, "count($name)";
			next unless $types{$table}{$column} =~ /^(text|character varying)$/;
			push @lite, "coalesce(sum(length(CAST($name AS BLOB))), 0)";
			push @pg, "coalesce(sum(octet_length($name)), 0)";
		}
		push @expected, map { "$table: @$_" } sqlite_rows($file,
			'SELECT ' . join(', ', 'count(*)', @lite) . " $from");
		push @got, map { "$table: @$_" } pg_rows($database,
			'SELECT ' . join(', ', 'count(*)', @pg) . " $from");
	}
	is_deeply(\@got, \@expected, "$database: rows, values and bytes of text");
	return;
}

# A row that PostgreSQL numbers must get a number that was never used. It is a
# copy of another row, so what would object to that is taken away before.
sub check_new_ids
{
	my ($database, $file) = @_;
	my (@reused, %used);

	$used{ $_->[0] } = $_->[1]
	  foreach eval { sqlite_rows($file, 'SELECT name, seq FROM sqlite_sequence') };
	foreach my $identity (pg_rows($database, $facts{identities}[1]))
	{
		my ($table, $key) = @$identity;
		my ($highest) = map { $_->[0] } sqlite_rows($file,
			'SELECT coalesce(max(' . identifier($key) . '), 0) FROM '
			  . identifier($table));
		my $new = $node->safe_psql($database,
			sprintf q{
			BEGIN;
			SET LOCAL session_replication_role = replica;
			SET LOCAL client_min_messages = error;
			CREATE TEMPORARY TABLE fresh (id bigint) ON COMMIT DROP;
			DO $do$
			DECLARE
				target regclass := %1$s;
				columns text;
				one record;
			BEGIN
				FOR one IN SELECT conname FROM pg_constraint
					WHERE conrelid = target AND contype IN ('u', 'c') LOOP
					EXECUTE format('ALTER TABLE %%s DROP CONSTRAINT %%I CASCADE',
						target, one.conname);
				END LOOP;
				FOR one IN SELECT indexrelid::regclass AS name FROM pg_index
					WHERE indrelid = target AND indisunique
					AND NOT indisprimary LOOP
					EXECUTE format('DROP INDEX %%s CASCADE', one.name);
				END LOOP;
				SELECT string_agg(quote_ident(attname), ', ') INTO columns
				FROM pg_attribute WHERE attrelid = target AND attnum > 0
				AND NOT attisdropped AND attidentity = '' AND attgenerated = '';
				EXECUTE format('WITH new AS (
					INSERT INTO %%1$s (%%2$s) SELECT %%2$s FROM %%1$s LIMIT 1
					RETURNING %%3$I) INSERT INTO fresh SELECT * FROM new',
					target, columns, %2$s);
			END
			$do$;
			SELECT id FROM fresh;
			ROLLBACK;}, quoted(identifier($table)), quoted($key));

		# Without a row there was none to copy.
		next if $new eq '';
		push @reused, "$table: $new"
		  if $new <= $highest or $new <= ($used{$table} // 0);
	}
	is_deeply(\@reused, [], "$database: new rows get new numbers");
	return;
}

foreach my $original (@files)
{
	my $name = basename($original, '.db');

	# A directory in which nobody can create anything.
	mkdir "$dir/$name" or die "mkdir: $!";
	my $file = "$dir/$name/" . basename($original);
	copy($original, $file) or die "copy: $!";
	chmod 0444, $file;
	chmod 0555, "$dir/$name";

	my $bytes = slurp_bytes($file);
	my @report = migrated($name, $file);

	if (@report)
	{
		check_report($name, @report);
		check_content($name, $file);
		foreach my $fact (sort keys %facts)
		{
			my ($lite, $pg) = @{ $facts{$fact} };

			is_deeply(lines(pg_rows($name, $pg)),
				lines(sqlite_rows($file, $lite)), "$name: $fact");
		}
		check_views($name, $file, $report[-1]);
		check_new_ids($name, $file);
	}
	ok(slurp_bytes($file) eq $bytes, "$name: source as before");
	is_deeply([ companions_of($file) ], [], "$name: nothing beside it");
	chmod 0755, "$dir/$name";
	next unless is_wal($file);

	# A WAL database is opened differently where -wal and -shm could be made.
	my $copy = "$dir/$name/copy.db";
	copy($original, $copy) or die "copy: $!";
	my @again = migrated("${name}_writable", $copy);
	is_deeply(
		lines(map { [ @$_[ 0 .. $is_verified ] ] } @again),
		lines(map { [ @$_[ 0 .. $is_verified ] ] } @report),
		"$name: the same from a writable directory");
	is_deeply([ companions_of($copy) ], [], "$name: nothing beside it there");
}

$node->stop;
done_testing();
