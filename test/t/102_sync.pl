
# A target follows its source: after random changes to the source a sync makes
# it what a fresh migration would have made, in schemas of its own and in those
# that an application has; a second one finds nothing to do, and one that fails
# leaves everything as it was.
#
# SQM_PROPERTY is "fast" (some seconds), "normal" (a minute) or "long" (some
# minutes); SQM_SEED is a number: the same number makes the same changes.
# SQM_CORPUS is the directory with databases (and schemas, *_pg.sql).

use strict;
use warnings;

use File::Basename qw(basename);
use File::Copy qw(copy);
use IPC::Run;
use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;

# rounds in the generated database, and in each of the corpus
my %effort = (fast => [ 3, 1 ], normal => [ 8, 1 ], long => [ 300, 20 ]);
my $mode = $ENV{SQM_PROPERTY} // 'normal';
my $seed = $ENV{SQM_SEED} // 1;
my $corpus = $ENV{SQM_CORPUS} // '';

die "SQM_PROPERTY is fast, normal or long" unless $effort{$mode};

my ($rounds, $corpus_rounds) = @{ $effort{$mode} };
my $node = start_server('sync');
my $dir = PostgreSQL::Test::Utils::tempdir;

$node->append_conf('postgresql.conf', 'max_prepared_transactions = 2');
$node->restart;
srand($seed);

sub name { my $n = shift; $n =~ s/"/""/g; return qq{"$n"} }

sub one_of { return $_[ int(rand(scalar @_)) ] }

# -- changes --

# The tables of a source, with what the target allows to be NULL or wants to be
# unique: names are compared as a migration does.
sub schema_of
{
	my ($file, $schema) = @_;
	my %tables;
	my (%fixed, %unique);

	foreach (split /\n/, $node->safe_psql('postgres', qq{
		SELECT lower(c.relname || '.' || a.attname), a.attnotnull, EXISTS (SELECT FROM pg_index i
			WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum = ANY (i.indkey::smallint[]))
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
		WHERE c.relnamespace = '$schema'::regnamespace AND c.relkind = 'r'}))
	{
		my ($column, $is_fixed, $is_unique) = split /\|/;

		$fixed{$column} = 1 if $is_fixed eq 't';
		$unique{$column} = 1 if $is_unique eq 't';
	}
	foreach (sqlite_rows($file, q{
		SELECT t.name, t.wr, c.name, c.type, c.pk, (SELECT count(*) FROM pragma_table_info(t.name) WHERE pk > 0)
		FROM pragma_table_list t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.schema = 'main' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
		  AND t.name NOT LIKE 'alembic%' ORDER BY t.name, c.cid}))
	{
		my ($table, $without_rowid, $column, $type, $pk, $keys) = @$_;
		my $place = lc "$table.$column";

		push @{ $tables{$table}{columns} }, {
			name => $column, is_key => $pk > 0, unique => $unique{$place},
			is_number => $type =~ /INT/i && $keys == 1 && $pk == 1, fixed => $fixed{$place} };
		$tables{$table}{has_rowid} = !$without_rowid;
	}
	foreach (keys %tables)
	{
		my ($count) = sqlite_rows($file, 'SELECT count(*) FROM ' . name($_));
		$tables{$_}{rows} = $count->[0];
	}
	foreach (sqlite_rows($file, q{
		SELECT lower(f."table"), t.name, f."from" FROM pragma_table_list t, pragma_foreign_key_list(t.name) f
		WHERE t.schema = 'main'}))
	{
		push @{ $tables{''}{children}{ $_->[0] } }, [ $_->[1], $_->[2] ];
	}
	return \%tables;
}

# One random change, as statements that may fail.
sub change
{
	my ($tables) = @_;
	my $table = one_of(sort grep { $_ ne '' } keys %$tables);
	my $t = $tables->{$table};
	my $rows = $t->{rows};
	my $name = name($table);
	my @columns = @{ $t->{columns} };
	my @keys = map { name($_->{name}) } grep { $_->{is_key} } @columns;
	my $place = $t->{has_rowid} ? 'rowid' : '(' . join(', ', @keys) . ')';
	my $inner = $t->{has_rowid} ? 'rowid' : join(', ', @keys);
	my $row = "$place = (SELECT $inner FROM $name LIMIT 1 OFFSET " . int(rand($rows + 1)) . ')';
	my $other = 'LIMIT 1 OFFSET ' . int(rand($rows + 1));
	my $c = one_of(@columns);
	my $column = name($c->{name});
	my $kind = int(rand(100));
	my $digits = 100 + int(rand(900));

	if ($kind < 20)
	{
		return "DELETE FROM $name WHERE $row;";
	}
	if ($kind < 45)
	{
		return '' if $c->{unique};
		return "UPDATE OR IGNORE $name SET $column = (SELECT $column FROM $name $other) WHERE $row;";
	}
	if ($kind < 52)
	{
		return $c->{fixed} || $c->{is_key} ? '' : "UPDATE OR IGNORE $name SET $column = NULL WHERE $row;";
	}
	if ($kind < 75)
	{
		# of a text that must be unique the last characters are others
		my @items = map {
			my $n = name($_->{name});
			$_->{is_number} ? "(SELECT coalesce(max($n), 0) + 1 + $digits % 5 FROM $name)"
			  : $_->{unique} ? "CASE WHEN typeof($n) = 'text' AND length($n) > 7 AND $n NOT GLOB '[12][0-9][0-9][0-9]-*' THEN substr($n, 1, length($n) - 3) || $digits ELSE $n END"
			  : $n } @columns;
		return "INSERT OR IGNORE INTO $name (" . join(', ', map { name($_->{name}) } @columns) . ') SELECT '
		  . join(', ', @items) . " FROM $name $other;";
	}
	if ($kind < 88)
	{
		# two or three rows exchange their values
		($c) = grep { $_->{unique} && !$_->{is_key} } @columns;
		return '' unless $c && $t->{has_rowid};
		$column = name($c->{name});
		my $n = 2 + int(rand(2));
		return "DROP TABLE IF EXISTS temp.x; CREATE TEMP TABLE x AS SELECT row_number() OVER () AS n, rowid AS r, $column AS v "
		  . "FROM (SELECT rowid, $column FROM $name WHERE $column IS NOT NULL LIMIT $n OFFSET " . int(rand($rows + 1)) . "); BEGIN;"
		  . "UPDATE OR ROLLBACK $name SET $column = -1000000 - rowid WHERE rowid IN (SELECT r FROM x);"
		  . "UPDATE OR ROLLBACK $name SET $column = (SELECT v FROM x WHERE n = (SELECT y.n % (SELECT count(*) FROM x) + 1 FROM x AS y WHERE y.r = $name.rowid)) "
		  . 'WHERE rowid IN (SELECT r FROM x); COMMIT; ROLLBACK;';
	}
	# a key and all that refers to it
	($c) = grep { $_->{is_number} } @columns;
	return '' unless $c;
	$column = name($c->{name});
	return "DROP TABLE IF EXISTS temp.x; CREATE TEMP TABLE x AS SELECT $column AS old, (SELECT max($column) + $digits % 7 + 1 FROM $name) AS new FROM $name $other;"
	  . "BEGIN; PRAGMA defer_foreign_keys = ON; UPDATE OR ROLLBACK $name SET $column = (SELECT new FROM x) WHERE $column = (SELECT old FROM x);"
	  . join('', map { sprintf('UPDATE OR ROLLBACK %s SET %s = (SELECT new FROM x) WHERE %2$s = (SELECT old FROM x);', name($_->[0]), name($_->[1])) }
		  @{ $tables->{''}{children}{ lc $table } // [] })
	  . 'COMMIT; ROLLBACK;';
}

# Changes a file and returns how many changes were made.
sub change_source
{
	my ($file, $schema, $count) = @_;
	my $tables = schema_of($file, $schema);
	my $sql = "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = OFF;\n";
	my ($out, $err);

	$sql .= change($tables) . "\n" for 1 .. $count;
	$sql .= "SELECT total_changes();\n";
	IPC::Run::run([ 'sqlite3', '-batch', $file ], '<', \$sql, '>', \$out, '2>', \$err);
	is(sqlite($file, 'PRAGMA foreign_key_check'), '', 'the source is sound') or diag($sql);
	my ($changes) = $out =~ /(\d+)\s*$/;
	return $changes // 0;
}

# -- what a target holds --

sub tables_of
{
	my ($schema) = @_;

	return split /\n/, $node->safe_psql('postgres',
		"SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = '$schema'::regnamespace AND relkind IN ('r', 'p') "
		  . 'AND NOT relispartition ORDER BY 1');
}

sub content_of
{
	my ($schema, @tables) = @_;

	return $node->safe_psql('postgres', join ';', map {
		"SELECT '$_', x::text FROM $schema.$_ AS x ORDER BY x::text COLLATE \"C\"" } @tables);
}

# The same tables without their constraints, filled anew.
sub fresh_content_of
{
	my ($source, $schema, $arguments, @tables) = @_;

	$node->safe_psql('postgres', 'SET client_min_messages = warning; DROP SCHEMA IF EXISTS fresh CASCADE; CREATE SCHEMA fresh;'
		  . join('', map { "CREATE TABLE fresh.$_ (LIKE $schema.$_ INCLUDING DEFAULTS INCLUDING GENERATED);" } @tables)
		  . "SELECT count(*) FROM sq2pg_migrate('$source', 'fresh', mode => 'data' $arguments)");
	return content_of('fresh', @tables);
}

sub constraints_of
{
	my ($schema) = @_;

	return $node->safe_psql('postgres',
		"SELECT c::text FROM pg_constraint c WHERE connamespace = '$schema'::regnamespace ORDER BY oid");
}

sub sync
{
	my ($source, $schema, $arguments) = @_;

	return $node->safe_psql('postgres',
		"SELECT inserted, updated, deleted, verified FROM sq2pg_sync('$source', '$schema' $arguments) WHERE table_name IS NULL");
}

# Some rounds of changes, each followed by a sync.
sub follow
{
	my ($what, $source, $schema, $arguments, $count, $changes) = @_;
	my @tables = grep { $_ !~ /^alembic/ } tables_of($schema);
	my $constraints = constraints_of($schema);
	my $made = 0;

	foreach my $round (1 .. $count)
	{
		my $n = change_source($source, $schema, $changes);
		my ($out, $err) = ('', '');

		$made += $n;
		$node->psql('postgres', "SELECT inserted + updated + deleted, verified FROM sq2pg_sync('$source', '$schema' $arguments) WHERE table_name IS NULL",
			stdout => \$out, stderr => \$err);
		like($out, qr/^\d+\|t$/, "$what, round $round: $n changes made, $out rows differed") or diag($err);
		is(content_of($schema, @tables), fresh_content_of($source, $schema, $arguments, @tables),
			"$what, round $round: as a fresh migration");
		is(sync($source, $schema, $arguments), '0|0|0|t', "$what, round $round: nothing is left to do");
	}
	cmp_ok($made, '>', $count, "$what: the source has changed");
	is(constraints_of($schema), $constraints, "$what: the constraints are what they were");
	return;
}

# -- a database with one of each --

my $source = "$dir/generated.db";

sqlite($source, q{
	CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, mail TEXT NOT NULL UNIQUE, boss INTEGER REFERENCES person (id),
		team INTEGER REFERENCES team (id) DEFERRABLE INITIALLY DEFERRED, kind TEXT, score REAL);
	CREATE TABLE team (id INTEGER PRIMARY KEY, lead INTEGER REFERENCES person (id), rank INTEGER UNIQUE, name TEXT);
	CREATE TABLE task (id INTEGER PRIMARY KEY, person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE, parent INTEGER REFERENCES task (id) ON DELETE SET NULL,
		place INTEGER NOT NULL, title TEXT, UNIQUE (person, place));
	CREATE TABLE tag (name TEXT PRIMARY KEY, color TEXT) WITHOUT ROWID;
	CREATE TABLE task_tag (task INTEGER REFERENCES task (id) ON DELETE CASCADE, tag TEXT REFERENCES tag (name), PRIMARY KEY (task, tag)) WITHOUT ROWID;
	CREATE TABLE log (at TEXT, what, amount DECIMAL(10,2));
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8) INSERT INTO team SELECT i, NULL, i * 10, 'team ' || i FROM n;
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO person (mail, boss, team, kind, score)
		SELECT 'person' || i || '@example.org', CASE WHEN i > 5 THEN i / 5 END, 1 + i % 8, CASE i % 3 WHEN 0 THEN 'staff' WHEN 1 THEN 'guest' END, i / 7.0 FROM n;
	UPDATE team SET lead = id * 3;
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO task
		SELECT i, 1 + i % 60, CASE WHEN i > 20 THEN i / 4 END, i, 'task ' || i % 17 FROM n;
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12) INSERT INTO tag SELECT 'tag number ' || i, 'red' FROM n;
	INSERT INTO task_tag SELECT id, 'tag number ' || (1 + id % 12) FROM task;
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80) INSERT INTO log SELECT '2024-05-0' || (1 + i % 9), CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN 'x' ELSE i % 5 END, i % 7 / 4.0 FROM n;
});
copy($source, "$dir/application.db") or die;
$node->safe_psql('postgres', "CREATE SCHEMA generated; SELECT count(*) FROM sq2pg_migrate('$source', 'generated')");
follow('generated', $source, 'generated', '', $rounds, 25);

# -- the same in tables of an application's, as a role that owns them --

$node->safe_psql('postgres', q{
	CREATE ROLE app;
	GRANT pg_read_server_files TO app;
	CREATE SCHEMA application AUTHORIZATION app;
	SET ROLE app;
	SET search_path = application;
	CREATE TYPE kind AS ENUM ('guest', 'staff');
	CREATE TABLE team (name varchar(20), id serial PRIMARY KEY, rank int UNIQUE DEFERRABLE, lead int);
	CREATE TABLE person (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail varchar(80) NOT NULL UNIQUE, boss int REFERENCES person,
		team int REFERENCES team, kind kind, score double precision, loud text GENERATED ALWAYS AS (upper(mail)) STORED);
	ALTER TABLE team ADD FOREIGN KEY (lead) REFERENCES person;
	CREATE TABLE task (id bigserial PRIMARY KEY, title text, person int NOT NULL REFERENCES person ON DELETE CASCADE,
		parent bigint REFERENCES task ON DELETE SET NULL, place int NOT NULL, UNIQUE (person, place));
	CREATE TABLE tag (name text PRIMARY KEY, color text);
	CREATE TABLE task_tag (task bigint REFERENCES task ON DELETE CASCADE, tag text REFERENCES tag, PRIMARY KEY (tag, task)) PARTITION BY HASH (task);
	CREATE TABLE task_tag_0 PARTITION OF task_tag FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE task_tag_1 PARTITION OF task_tag FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	CREATE TABLE log (at date, what text, amount numeric);
});
$node->safe_psql('postgres', "SET ROLE app; SELECT count(*) FROM sq2pg_migrate('$dir/application.db', 'application')");
follow('application', "$dir/application.db", 'application', '', $rounds, 25);

# -- an error midway, a cancelled sync, a prepared transaction --

my @tables = tables_of('generated');
my $before = content_of('generated', @tables);

sqlite($source, q{
	UPDATE team SET name = 'last change';
	UPDATE person SET score = 99;
	DELETE FROM log WHERE rowid % 2 = 0;
});
$node->safe_psql('postgres', q{
	CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN IF NEW.id = (SELECT max(id) FROM generated.person) THEN RAISE 'stopped' USING ERRCODE = 'P0042'; END IF; RETURN NEW; END $$;
	CREATE TRIGGER stop AFTER UPDATE ON generated.person FOR EACH ROW EXECUTE FUNCTION stop();
});
my ($state, $message) = error_of($node, 'postgres', "SELECT * FROM sq2pg_sync('$source', 'generated')");
is("$state $message", 'P0042 stopped', 'an error of a trigger comes through');
is(content_of('generated', @tables), $before, 'and nothing is changed');

$node->safe_psql('postgres', q{
	CREATE OR REPLACE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$});
($state) = error_of($node, 'postgres', "SET statement_timeout = '2s'; SELECT * FROM sq2pg_sync('$source', 'generated')");
is($state, '57014', 'a sync can be cancelled');
is(content_of('generated', @tables), $before, 'and nothing is changed');
$node->safe_psql('postgres', 'DROP TRIGGER stop ON generated.person');

$node->safe_psql('postgres', "BEGIN; SELECT count(*) FROM sq2pg_sync('$source', 'generated'); PREPARE TRANSACTION 'sync'");
is(content_of('generated', @tables), $before, 'a prepared sync is not seen');
$node->safe_psql('postgres', "COMMIT PREPARED 'sync'");
is(content_of('generated', @tables), fresh_content_of($source, 'generated', '', @tables), 'and is there when it is committed');

# a large object
sqlite($source, q{UPDATE log SET amount = 0.25});
my $lo = $node->safe_psql('postgres', "SELECT lo_from_bytea(0, pg_read_binary_file('$source'))");
like(sync("lo:$lo", 'generated', ''), qr/\|t$/, 'from a large object');
is(sync($source, 'generated', ''), '0|0|0|t', 'which holds the same');

# while others write, a sync waits; others wait for it
{
	my $session = $node->background_psql('postgres');
	my $waiting = $node->background_psql('postgres');

	$session->query_safe("BEGIN; UPDATE generated.log SET amount = 7 WHERE ctid = (SELECT min(ctid) FROM generated.log)");
	$waiting->query_until(qr/started/, "\\echo started\nSELECT deleted, inserted FROM sq2pg_sync('$source', 'generated') WHERE table_name IS NULL;\n");
	$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND locktype = 'relation'");
	$session->query_safe('COMMIT');
	$waiting->quit;
	$session->quit;
	is(sync($source, 'generated', ''), '0|0|0|t', 'what others wrote while a sync waited is undone by it');
}

# -- databases of others --

SKIP:
{
	my @files = $corpus eq '' ? () : sort glob "$corpus/*.db";

	skip 'no sample databases; SQM_CORPUS names their directory', 1 unless @files;
	foreach my $file (@files)
	{
		my $name = basename($file, '.db');
		my $copy = "$dir/$name.db";

		copy($file, $copy) or die "could not copy $file";
		chmod 0644, $copy;
		$node->safe_psql('postgres', "SET client_min_messages = warning; CREATE SCHEMA $name; SELECT count(*) FROM sq2pg_migrate('$copy', '$name')");
		follow($name, $copy, $name, '', $corpus_rounds, 40);
		next unless -e "$corpus/${name}_pg.sql";
		copy($file, $copy) or die "could not copy $file";
		chmod 0644, $copy;
		$node->safe_psql('postgres', "CREATE SCHEMA ${name}_app; SET search_path = ${name}_app;\n" . slurp_bytes("$corpus/${name}_pg.sql"));
		$node->safe_psql('postgres', "SET client_min_messages = warning; SELECT count(*) FROM sq2pg_migrate('$copy', '${name}_app', mode => 'data')");
		follow("${name}_app", $copy, "${name}_app", '', $corpus_rounds, 40);
	}
}

done_testing();
