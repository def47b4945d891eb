
# Files made to harm: text that is SQL in every place that holds text, schemas
# that lie about their tables, objects with side effects. Nothing of it is
# executed, nothing is left behind, and the session lives.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use SqliteMigration;
use Test::More;
use Time::HiRes qw(time);

my $dir = PostgreSQL::Test::Utils::tempdir;
chmod 0755, $dir;
my $node = PostgreSQL::Test::Cluster->new('hostile');
$node->init(extra => [ '-E', 'UTF8', '--locale=C' ]);
my $statements = -e `pg_config --sharedir` =~ s/\n//r . '/extension/pg_stat_statements.control';
$node->append_conf('postgresql.conf', "fsync = off");
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_stat_statements'\n"
	  . "pg_stat_statements.track = all\npg_stat_statements.max = 20000") if $statements;
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION sqlite_fdw_mig;
	CREATE SEQUENCE pwn_count;
	CREATE FUNCTION pwned() RETURNS text VOLATILE LANGUAGE sql AS $$SELECT nextval('public.pwn_count')::text$$;
	CREATE TABLE precious (a integer);
	INSERT INTO precious VALUES (1);
	CREATE TABLE commands (tag text, object text);
	CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO public.commands SELECT command_tag, object_identity FROM pg_event_trigger_ddl_commands();
	END$$;
});
$node->safe_psql('postgres', 'CREATE EXTENSION pg_stat_statements') if $statements;
$node->safe_psql('postgres', 'CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE FUNCTION note()');

# SQL that says what the file's maker would like; each call in its own session.
sub answers
{
	my ($name, $calls) = @_;
	# what has no end can only be cancelled
	my $endless = $name =~ /without end/;
	my $sql = 'SET statement_timeout = ' . ($endless ? "'1s'" : "'10s'") . ";\nSET client_min_messages = error;\n";
	my ($out, $err);
	my $start = time;

	$node->psql('postgres', $sql . join("\n", map { "$_;" } @$calls) . "\nSELECT 'alive'",
		stdout => \$out, stderr => \$err, on_error_stop => 0,
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	like($out, qr/alive$/, "$name: the session lives");
	$err =~ s/.*canceling statement due to statement timeout// if $endless;
	unlike($err, qr/statement timeout|XX000|ERROR:\s+42601|server closed/, "$name: no accident")
	  or diag($err);
	cmp_ok(time - $start, '<', 30, "$name: soon");
	return ($out, $err);
}

my @everything = (
	(map { "SELECT count(*) FROM sq2pg_$_(%1\$s)" } qw(tables columns indexes foreign_keys objects)),
	'SELECT count(*) FROM sq2pg_check(%1$s, %2$s)',
	'SELECT count(*) FROM sq2pg_plan(%1$s, %2$s)',
	'SELECT count(*) FROM sq2pg_migrate(%1$s, %2$s, dry_run => true)',
	'SELECT count(*) FROM sq2pg_attach(%1$s, %3$s)',
	q{SELECT count(query_to_xml('TABLE ' || oid::regclass, false, false, '')) FROM pg_class WHERE relkind = 'f'},
	'SELECT sq2pg_detach(%3$s)');

# Nothing ran, nothing was made but what a migration makes, nothing is gone.
sub nothing_happened
{
	my $name = shift;

	is($node->safe_psql('postgres', 'SELECT is_called FROM pwn_count'), 'f', "$name: no call");
	is($node->safe_psql('postgres', 'TABLE precious'), 1, "$name: nothing is gone");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relname ~ 'hacked' AND relkind <> 'f'
		AND relnamespace = 'public'::regnamespace}), 0, "$name: nothing is there");
	return;
}

# Text in every place

my @payloads = (
	q{'; SELECT public.pwned(); --}, q{"; SELECT public.pwned(); --}, q{); SELECT public.pwned(); --},
	q{$$; SELECT public.pwned(); --}, q{\'; SELECT public.pwned(); --}, q{*/ SELECT public.pwned(); /*},
	qq{\n; SELECT public.pwned();\n}, q{'||public.pwned()||'}, q{%I %L %s %1$s {} \1}, q{"".""; DROP TABLE public.precious; --},
	q{' AS x, public.pwned() AS "}, q{::text; SELECT public.pwned()});

sub name { my $n = shift; $n =~ s/"/""/g; return qq{"$n"} }
sub text { my $t = shift; $t =~ s/'/''/g; return "'$t'" }

my @schema;
foreach my $i (0 .. $#payloads)
{
	my $p = $payloads[$i];
	my ($n, $t, $ct) = (name("n$i$p"), text($p), $p =~ s{\*/}{* /}gr =~ s/\n/ /gr);

	push @schema,
	  "CREATE TABLE $n (id INTEGER PRIMARY KEY, $n TEXT DEFAULT $t)",
	  "INSERT INTO $n ($n) VALUES ($t)",
	  # a declared type may be a quoted name
	  "CREATE TABLE type$i (a $n, b ${\name('VARCHAR(5)' . $p)}, c ${\name('DATE' . $p)})",
	  "INSERT INTO type$i VALUES ($t, 'b', '2020-01-01')",
	  "CREATE TABLE checks$i (a TEXT, CONSTRAINT ${\name('c' . $p)} CHECK (a <> $t AND length(a) < 1000))",
	  "CREATE TABLE made$i (a TEXT, b TEXT AS (a || $t) STORED, c TEXT AS (coalesce(a, $t)))",
	  "INSERT INTO made$i VALUES ('x')",
	  "CREATE TABLE defaults$i (a TEXT, b DEFAULT (1 || $t), c DEFAULT ($t IS NOT NULL))",
	  "CREATE TABLE child$i (a REFERENCES $n (id), b, CONSTRAINT ${\name('f' . $p)} FOREIGN KEY (b) REFERENCES ${\name('nosuch' . $p)} (${\name($p)}))",
	  "CREATE TABLE collate$i (a TEXT COLLATE NOCASE)",
	  "CREATE TABLE comment$i (a /* $ct */ TEXT, b -- $ct\n INT)",
	  "CREATE INDEX ${\name('i' . $p)} ON checks$i (a || $t) WHERE a > $t",
	  "CREATE VIEW ${\name('v' . $p)} AS SELECT $t AS $n, a || $t AS x FROM checks$i WHERE a <> $t ORDER BY $t",
	  "CREATE VIEW alias$i AS SELECT ${\name('q' . $p)}.a FROM (SELECT a FROM checks$i) AS ${\name('q' . $p)}",
	  "CREATE TRIGGER ${\name('t' . $p)} AFTER INSERT ON checks$i WHEN new.a = $t BEGIN SELECT $t; END";
}
# calls, where an expression may stand
no warnings 'qw';
foreach my $call (qw{pwned() public_pwned(1) pg_sleep(100) pg_read_file('/etc/passwd') nextval('pwn_count')
	set_config('a.b','c',0) lo_import('/etc/passwd') query_to_xml('x',1,1,'') dblink('x') version()})
{
	my $i = scalar @schema;

	push @schema, "CREATE VIEW call$i AS SELECT $call AS a",
	  "CREATE TABLE calldefault$i (a INT, b DEFAULT ($call))",
	  "CREATE TRIGGER calltrigger$i AFTER INSERT ON checks0 BEGIN SELECT $call; END";
}
use warnings 'qw';
# collations that sqlite3 does not know: an application's
push @schema, 'PRAGMA writable_schema = on', map {
	"UPDATE sqlite_schema SET sql = replace(sql, 'NOCASE', ${\text(name('x' . $payloads[$_]))}) WHERE name = 'collate$_'"
} 0 .. $#payloads;
sqlite("$dir/places.db", join ";\n", @schema, '');
chmod 0644, "$dir/places.db";
my $places = quoted("$dir/places.db");

answers('text in every place', [
		'CREATE SCHEMA made', 'SET search_path = made, public',
		(map { sprintf $_, $places, q{'made'}, quoted($payloads[1]) } @everything),
		"SELECT count(*) FROM sq2pg_migrate($places, 'made')",
		"SELECT count(*) FROM sq2pg_verify($places, 'made')",
		"SELECT count(*) FROM sq2pg_check($places, 'made', mode => 'data', existing => 'truncate')",
		"SELECT count(*) FROM sq2pg_plan($places, 'made', mode => 'data', existing => 'append', on_conflict => 'skip')",
		"SELECT count(*) FROM sq2pg_migrate($places, 'made', mode => 'data', existing => 'truncate')",
		"SELECT count(*) FROM sq2pg_migrate($places, 'made', mode => 'data', existing => 'append', on_conflict => 'update')",
		'SELECT count(*) FROM sq2pg_reset_sequences($$made$$)',
		'SELECT count(sq2pg_report(id)) FROM sq2pg.runs' ]);
nothing_happened('text in every place');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relnamespace = 'made'::regnamespace AND relkind = 'r'}),
	scalar(grep { /^CREATE TABLE/ } @schema), 'every table was made');
# the rehearsal counts
is($node->safe_psql('postgres', q{SELECT count(*) FROM sq2pg.runs}), 4, 'and filled three times')
  or diag($node->safe_psql('postgres', 'TABLE sq2pg.runs'));
is($node->safe_psql('postgres', q{
	SELECT count(*) FROM made."} . ("n0$payloads[0]" =~ s/"/""/gr) . q{" WHERE "} . ("n0$payloads[0]" =~ s/"/""/gr) . q{" = } . quoted($payloads[0])),
	1, 'and holds the text as a value');
is($node->safe_psql('postgres', q{
	SELECT DISTINCT tag FROM commands WHERE tag NOT IN ('CREATE SCHEMA', 'CREATE TABLE', 'CREATE INDEX', 'CREATE VIEW', 'ALTER TABLE',
	'CREATE SEQUENCE', 'ALTER SEQUENCE', 'CREATE SERVER', 'CREATE FOREIGN TABLE', 'IMPORT FOREIGN SCHEMA', 'ALTER FOREIGN TABLE', 'COMMENT', 'CREATE EXTENSION', 'CREATE EVENT TRIGGER')}),
	'', 'no command of another kind ran');
is($node->safe_psql('postgres', q{
	SELECT object FROM commands WHERE tag IN ('CREATE TABLE', 'CREATE INDEX', 'CREATE VIEW', 'ALTER TABLE')
	AND object !~ '^(made\.|pg_temp)' LIMIT 5}), '', 'none outside of the schema');

SKIP:
{
	skip 'no pg_stat_statements', 2 unless $statements;

	# What is left of every statement without its names and strings.
	is($node->safe_psql('postgres', q{
		SELECT count(*) > 500 FROM pg_stat_statements}), 't', 'the statements are known');
	is($node->safe_psql('postgres', q{
		SELECT query FROM (
			SELECT query, regexp_replace(query, 'E''(\\\\.|''''|[^''\\\\])*''|''(''''|[^''])*''|"(""|[^"])*"|\$\$.*?\$\$', '', 'g') AS bare
			FROM pg_stat_statements) AS s
		WHERE bare ~* 'pwned|precious|pg_sleep|pg_read_file|lo_import|dblink' AND query !~ 'pwn_count|TABLE precious|INTO precious|statements'
		LIMIT 3}), '', 'and none holds text of the file outside of quotes');
}
$node->safe_psql('postgres', 'DROP SCHEMA made CASCADE');

# Schemas that lie

my $base = q{
	PRAGMA page_size = 512;
	CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);
	INSERT INTO t VALUES (1, 'x'), (2, 'y');
	CREATE TABLE u (a INT, b INT);
	INSERT INTO u VALUES (1, 2);
	CREATE INDEX i ON t (b);
	CREATE VIEW v AS SELECT * FROM t;
	PRAGMA writable_schema = on;
};
my $set = sub { my ($what, $where) = @_; return "UPDATE sqlite_schema SET $what WHERE " . ($where // "name = 't'") };
my $sql = sub { return $set->('sql = ' . text($_[0]), $_[1]) };
my @lies = (
	[ 'more columns', $sql->('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c INT NOT NULL, d DEFAULT 5, e AS (c) STORED)') ],
	[ 'fewer columns', $sql->('CREATE TABLE t (a INTEGER PRIMARY KEY)') ],
	[ 'other types', $sql->('CREATE TABLE t (a BLOB, b INTEGER PRIMARY KEY)') ],
	[ 'WITHOUT ROWID', $sql->('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) WITHOUT ROWID') ],
	[ 'STRICT', $sql->('CREATE TABLE t (a INTEGER PRIMARY KEY, b INT) STRICT') ],
	[ 'the name in the text differs', $sql->('CREATE TABLE hacked (a, b)') ],
	[ 'a view as table', $sql->('CREATE VIEW t AS SELECT 1') ],
	[ 'a table as view', $sql->('CREATE TABLE v (a)', q{name = 'v'}) ],
	[ 'a table as index', $sql->('CREATE TABLE i (a)', q{name = 'i'}) ],
	[ 'another command', $sql->('DROP TABLE u') ],
	[ 'two commands', $sql->('CREATE TABLE t (a, b); CREATE TABLE hacked (a)') ],
	[ 'a select', $sql->(q{SELECT load_extension('/tmp/x')}) ],
	[ 'no text', $set->('sql = NULL') ],
	[ 'an empty text', $set->(q{sql = ''}) ],
	[ 'text as blob', $set->('sql = CAST(sql AS BLOB)') ],
	[ 'a number', $set->('sql = 5') ],
	[ 'NUL in the text', $set->(q{sql = CAST(x'435245415445205441424c45207420286100622c206329' AS TEXT)}) ],
	[ 'NUL in a name', $set->(q{name = CAST(x'740078' AS TEXT)}) ],
	[ 'invalid UTF-8 in a column', $set->(q{sql = CAST(x'435245415445205441424c45207420282261ff222c206229' AS TEXT)}) ],
	[ 'invalid UTF-8 in a name', $set->(q{name = CAST(x'74fffe' AS TEXT), tbl_name = CAST(x'74fffe' AS TEXT)}) ],
	[ 'invalid UTF-8 in a default', $set->(q{sql = CAST(x'435245415445205441424c452074202861202c20622044454641554c542027ff2729' AS TEXT)}) ],
	[ 'name is NULL', $set->('name = NULL') ],
	[ 'names are numbers', $set->('name = 1, tbl_name = 2.5') ],
	[ 'type is NULL', $set->('type = NULL') ],
	[ 'type is unknown', $set->(q{type = 'hacked'}) ],
	[ 'two tables of one name', q{INSERT INTO sqlite_schema SELECT * FROM sqlite_schema WHERE name = 't'} ],
	[ 'names that differ by case', q{INSERT INTO sqlite_schema SELECT type, 'T', 'T', rootpage, replace(sql, ' t ', ' T ') FROM sqlite_schema WHERE name = 't'} ],
	(map { [ "root page $_", $set->("rootpage = $_") ] } qw(0 1 -1 999999 2147483648 NULL 1.5 'x')),
	[ 'root page of another table', $set->(q{rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'u')}) ],
	[ 'root page of an index', $set->(q{rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'i')}) ],
	[ 'an index of another table', $set->(q{tbl_name = 'u'}, q{name = 'i'}) ],
	[ 'a false sqlite_sequence', q{INSERT INTO sqlite_schema SELECT type, 'sqlite_sequence', 'sqlite_sequence', rootpage, 'CREATE TABLE sqlite_sequence(name,seq)' FROM sqlite_schema WHERE name = 'u'; } . $sql->('CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT)') ],
	[ 'a false sqlite_stat1', q{INSERT INTO sqlite_schema SELECT type, 'sqlite_stat1', 'sqlite_stat1', rootpage, 'CREATE TABLE sqlite_stat1(tbl,idx,stat)' FROM sqlite_schema WHERE name = 'u'} ],
	[ 'a view of itself', $sql->('CREATE VIEW v AS SELECT * FROM v', q{name = 'v'}) ],
	[ 'views in a circle', $sql->('CREATE VIEW v AS SELECT * FROM w', q{name = 'v'}) . q{; INSERT INTO sqlite_schema VALUES ('view', 'w', 'w', 0, 'CREATE VIEW w AS SELECT * FROM v')} ],
	[ 'a view without end', $sql->('CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n', q{name = 'v'}) ],
	[ 'a column without end', $sql->('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c AS (randomblob(1000000000)), d AS (zeroblob(2147483647)), e AS (printf(\'%2000000000d\', 1)))') ],
	[ 'a column of itself', $sql->('CREATE TABLE t (a INTEGER PRIMARY KEY, b AS (c), c AS (b))') ],
	[ 'a deep check', $sql->('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT CHECK (' . '(' x 20000 . 'b' . ')' x 20000 . '))') ],
	[ 'a long check', $sql->('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT CHECK (' . join(' OR ', ('b <> 1') x 50000) . '))') ],
	[ 'a long view', $sql->('CREATE VIEW v AS ' . join(' UNION ALL ', ('SELECT 1') x 5000), q{name = 'v'}) ],
	[ 'a deep view', $sql->('CREATE VIEW v AS ' . 'SELECT * FROM (' x 3000 . 'SELECT 1' . ')' x 3000, q{name = 'v'}) ],
	[ 'many columns', $sql->('CREATE TABLE t (' . join(', ', map { "c$_" } 1 .. 5000) . ')') ],
	[ 'a long comment', $set->(q{sql = 'CREATE TABLE t (a INTEGER PRIMARY KEY, b /*' || hex(zeroblob(4000000)) || '*/ TEXT)'}) ],
	[ 'an unfinished text', $sql->(q{CREATE TABLE t (a INTEGER PRIMARY KEY, b DEFAULT 'x}) ],
	(map {
			my $call = $_;
			([ "column $call", $sql->("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c AS ($call))") ],
			 [ "index $call", $sql->("CREATE INDEX i ON t ($call)", q{name = 'i'}) ],
			 [ "default and check $call", $sql->("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT DEFAULT ($call) CHECK ($call))") ],
			 [ "view $call", $sql->("CREATE VIEW v AS SELECT $call AS x", q{name = 'v'}) ])
	} q{load_extension('/tmp/hacked.so')}, qq{writefile('$dir/hacked','x')}, q{readfile('/etc/passwd')},
		q{fts3_tokenizer('simple',x'4141414141414141')}, q{edit('x','sh -c true')}),
	(map {
			my $module = $_;
			[ "virtual table $module", qq{INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, } . text("CREATE VIRTUAL TABLE x USING $module") . ')' ]
	} q{csv(filename='/etc/passwd')}, q{zipfile('/etc/passwd')}, q{fsdir}, q{dbstat}, q{sqlite_dbpage}, q{fts5(a, content='t')},
		q{fts3(a, tokenize=hacked)}, q{rtree(a,b,c)}, q{hacked(x)}, q{generate_series}, q{json_each}, q{pragma_table_info}, q{fts5vocab('x','row')}, q{bytecode}),
	[ 'a trigger with side effects', qq{INSERT INTO sqlite_schema VALUES ('trigger', 'g', 't', 0, } . text(qq{CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT writefile('$dir/hacked', 'x'), load_extension('x'); DELETE FROM u; END}) . ')' ],
	[ 'a view that attaches', $sql->("CREATE VIEW v AS SELECT 1; ATTACH '$dir/hacked' AS h", q{name = 'v'}) ],
	[ 'a view that vacuums', $sql->("VACUUM INTO '$dir/hacked'", q{name = 'v'}) ],
	[ 'pragmas as a table', $sql->('CREATE VIEW v AS SELECT * FROM pragma_database_list, pragma_journal_mode, pragma_writable_schema', q{name = 'v'}) ]);

# Where the sqlite3 program refuses a change, its tail is skipped: then the file
# is a good one, and to read it must work as well.
my $seen = 0;
foreach my $lie (@lies)
{
	my ($name, $change) = @$lie;
	my $file = "$dir/lie.db";
	# newer shells let nobody edit the schema unless told to
	my $script = ".dbconfig defensive off\n$base $change;";
	my $before = relations_of($node, 'postgres') =~ s/^runs.*$//mr;

	unlink $file;
	IPC::Run::run([ 'sqlite3', '-batch', $file ], '<', \$script, '>', \my $out, '2>', \my $err);
	chmod 0644, $file;
	my (undef, $messages) = answers($name, [ map { sprintf $_, quoted($file), q{'public'}, q{'scans'} } @everything ]);
	$seen++ if $messages =~ /ERROR/;
	is(relations_of($node, 'postgres') =~ s/^runs.*$//mr, $before, "$name: nothing is left");
	ok(!-e "$dir/hacked" && !companions_of($file), "$name: no file");
}
cmp_ok($seen, '>', 15, "errors in $seen of them");
nothing_happened('lies');

# Pages that lie: cycles and absurd sizes

my $whole = "$dir/whole.db";
sqlite($whole, q{
	PRAGMA page_size = 512;
	PRAGMA auto_vacuum = none;
	CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);
	CREATE INDEX t_b ON t (b);
	CREATE TABLE o (a TEXT);
	CREATE TABLE gone (x);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) INSERT INTO t SELECT i, printf('%0100d', i) FROM n;
	INSERT INTO o VALUES (printf('%05000d', 1));
	INSERT INTO gone SELECT b FROM t;
	DROP TABLE gone;
});
my $good = slurp_bytes($whole);
my %root = map { @$_ } sqlite_rows($whole, 'SELECT name, rootpage FROM sqlite_schema');
my $start_of = sub { return 512 * ($root{ $_[0] } - 1) };
# where a cell of a root page lies; the header of inner pages is longer
my $cell_of = sub {
	my ($name, $cell) = @_;
	my $at = $start_of->($name);

	return $at + unpack 'n', substr $good, $at + (ord(substr $good, $at, 1) <= 5 ? 12 : 8) + 2 * $cell, 2;
};
my $o = $cell_of->('o', 0);
# of 5000 bytes the cell holds few; the number of the next page stands behind them
my $first_overflow = unpack 'N', substr $good, $start_of->('o') + 508, 4;
my $free = unpack 'N', substr $good, 32, 4;
my $own = pack 'N', $root{t};
my $huge = "\xff" x 9;
my @damages = (
	[ 'a page is its own last child', $start_of->('t') + 8, $own ],
	[ 'a page is its own first child', $cell_of->('t', 0), $own ],
	[ 'an index page is its own child', $start_of->('t_b') + 8, pack 'N', $root{t_b} ],
	[ 'the schema is a child of a table', $start_of->('t') + 8, pack 'N', 1 ],
	[ 'a child far outside', $start_of->('t') + 8, "\xff\xff\xff\xff" ],
	[ 'an overflow page follows itself', 512 * ($first_overflow - 1), pack 'N', $first_overflow ],
	[ 'the overflow goes to the schema', 512 * ($first_overflow - 1), pack 'N', 1 ],
	[ 'the overflow ends early', 512 * ($first_overflow - 1), "\0\0\0\0" ],
	[ 'a row of 2^63 bytes', $o, $huge ],
	[ 'a row of 2 GB', $o, "\x87\xff\xff\xff\x7f" ],
	[ 'a header of a record as long as it can be', $o + 3, $huge ],
	[ 'a value of 2 GB', $o + 4, "\x8f\xff\xff\xff\x7d" ],
	[ 'reserved types of values', $o + 4, "\x0a\x0b" ],
	[ '65535 cells', $start_of->('t') + 3, "\xff\xff" ],
	[ 'no cells', $start_of->('t') + 3, "\0\0" ],
	[ 'a cell outside of the page', $start_of->('o') + 8, "\x7f\xff" ],
	[ 'a cell in the header', $start_of->('o') + 8, "\0\1" ],
	[ 'a free page follows itself', 512 * ($free - 1), pack 'NN', $free, 0xffffffff ],
	[ 'another kind of page', $start_of->('t'), "\x0a" ],
	[ 'no kind of page', $start_of->('t'), "\0" ],
	[ 'pages of 64 kB', 16, "\0\1" ],
	[ 'pages of 1 byte', 16, "\0\0" ],
	[ 'nothing usable in a page', 20, "\xff" ],
	[ 'a format of the future', 44, "\0\0\0\x63" ],
	[ 'an unknown encoding', 56, "\0\0\0\x09" ],
	[ '2^32 pages', 28, "\xff\xff\xff\xff" ],
	[ 'incremental vacuum with no root', 52, "\xff\xff\xff\xff" ]);
foreach my $damage (@damages)
{
	my ($name, $at, $bytes) = @$damage;
	my $image = $good;
	my $before = relations_of($node, 'postgres') =~ s/^runs.*$//mr;

	substr($image, $at, length $bytes) = $bytes;
	write_bytes($whole, $image);
	my $file = quoted($whole);
	answers($name, [ (map { sprintf $_, $file, q{'public'}, q{'scans'} } @everything),
			"SELECT lo_from_bytea(4242, pg_read_binary_file($file))",
			(map { sprintf $_, q{'lo:4242'}, q{'public'}, q{'scans'} } @everything), 'SELECT lo_unlink(4242)' ]);
	is(relations_of($node, 'postgres') =~ s/^runs.*$//mr, $before, "$name: nothing is left");
	is_deeply([ companions_of($whole) ], [], "$name: no file");
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_largeobject_metadata'), 0, 'no large object is left');
nothing_happened('pages');

# In data mode the target's names may be what they like, too.
sqlite("$dir/target.db", 'CREATE TABLE "a""b; --" ("c""d; --" INTEGER PRIMARY KEY, "e\'f" TEXT); INSERT INTO "a""b; --" VALUES (1, \'x\'), (2, \'y\')');
chmod 0644, "$dir/target.db";
$node->safe_psql('postgres', q{
	CREATE SCHEMA "s""; DROP TABLE public.precious; --";
	CREATE TABLE "s""; DROP TABLE public.precious; --"."a""b; --" (
		"c""d; --" bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, "e'f" varchar(5) CHECK ("e'f" <> '''; --'),
		"extra'""; --" text DEFAULT $$'; SELECT public.pwned(); --$$);
	CREATE UNIQUE INDEX "i""'; --" ON "s""; DROP TABLE public.precious; --"."a""b; --" (lower("e'f" || '''; --'));
});
my $target = quoted('s"; DROP TABLE public.precious; --');
foreach my $options ('', q{, existing => 'append', on_conflict => 'skip'}, q{, existing => 'append', on_conflict => 'update'}, q{, existing => 'truncate'})
{
	is($node->safe_psql('postgres', "SET client_min_messages = error; SELECT loaded + skipped, rejected, verified FROM sq2pg_migrate("
			  . quoted("$dir/target.db") . ", $target, mode => 'data'$options) WHERE action = 'total'"),
		$options eq '' ? '2|0|t' : '2|0|t', "data mode$options");
}
is($node->safe_psql('postgres', q{SELECT "extra'""; --" FROM "s""; DROP TABLE public.precious; --"."a""b; --" LIMIT 1}),
	q{'; SELECT public.pwned(); --}, 'the default is a text');
nothing_happened('names of the target');

$node->stop;
done_testing();
