-- What the text of a CREATE statement says beyond SQLite's pragmas
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse

-- columns: types of many words, keywords and strings as names, defaults
SELECT key, value - '{default_name,not_null_name,not_null_conflict}'::text[]
FROM jsonb_each(sq2pg.table_facts($$CREATE TABLE "t x" (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	key unsigned big int(10, 2) DEFAULT -1.5 NOT NULL,
	[a b] "my type"(3) DEFAULT (1 + (2)),
	'str' DEFAULT 'it''s' COLLATE nocase,
	`back``tick` text default foo,
	desc DEFAULT x'00', abort DEFAULT CURRENT_TIMESTAMP,
	g AS (a || ')') STORED,
	"h""h" GENERATED ALWAYS AS (max(id, 1)) /* no type */
)$$) -> 'columns') ORDER BY (value->>'position')::int;

-- constraints of columns and of the table, with and without names and commas
WITH f AS (SELECT sq2pg.table_facts($$CREATE TABLE t (
	a INT CONSTRAINT a_nn NOT NULL ON CONFLICT IGNORE CONSTRAINT a_u UNIQUE ON CONFLICT REPLACE,
	b INT CONSTRAINT b_ck CHECK (b IN (1, 2) AND ')' <> '(') REFERENCES p,
	c TEXT REFERENCES q (x) ON DELETE SET NULL ON UPDATE CASCADE MATCH full
		DEFERRABLE INITIALLY DEFERRED,
	d TEXT REFERENCES q NOT DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT pk PRIMARY KEY (a DESC, b COLLATE nocase) ON CONFLICT FAIL
	CONSTRAINT u UNIQUE (c, d)
	CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES "other table" (x, y)
		ON DELETE NO ACTION DEFERRABLE,
	CHECK (a > b), CONSTRAINT stray
) STRICT, WITHOUT ROWID$$) AS j)
SELECT x FROM f,
	LATERAL (VALUES (1, j->'columns'->'a'), (2, j->'primary_key'), (3, j->'uniques'->0),
		(4, j->'uniques'->1), (5, j->'checks'->0), (6, j->'checks'->1), (7, j->'foreign_keys'->0),
		(8, j->'foreign_keys'->1), (9, j->'foreign_keys'->2), (10, j->'foreign_keys'->3),
		(11, j->'strict'), (12, j->'without_rowid')) v (n, x)
ORDER BY n;

-- the autoincrement that stands inside of the list
SELECT sq2pg.table_facts('CREATE TABLE t (id INT, PRIMARY KEY (id AUTOINCREMENT))')
	-> 'primary_key' #- '{keys}';

-- virtual tables and views
SELECT sq2pg.table_facts(
	$$CREATE VIRTUAL TABLE IF NOT EXISTS main.f USING fts5(a, b, tokenize = 'x y', content="")$$);
SELECT sq2pg.table_facts('CREATE TEMP VIEW v (x, "y z") AS SELECT 1, 2 -- end');

-- indexes
SELECT value FROM jsonb_array_elements(sq2pg.index_facts(
	$$CREATE UNIQUE INDEX i ON t (a, "b" COLLATE nocase DESC, lower(c), (a + b) COLLATE rtrim,
		a || b COLLATE nocase, 'd' NULLS LAST, substr(a, 1, 2) DESC)
		WHERE a IS NOT NULL AND b <> ','$$) -> 'keys') WITH ORDINALITY AS k (value, n) ORDER BY n;
SELECT sq2pg.index_facts($$CREATE INDEX i ON t (a) WHERE a IS NOT NULL AND b <> ','$$) - 'keys';

-- what is not understood is a message and a position, never an error
SELECT sq2pg.table_facts(s) FROM (VALUES
	(''), ('SELECT 1'), ('CREATE TABLE t'), ('CREATE TABLE t ('), ('CREATE TABLE t (a,)'),
	('CREATE TABLE t (a) x'), ('CREATE TABLE t (a CHECK ((a))'), ('CREATE TABLE t (a DEFAULT ?1)'),
	('CREATE TABLE t (a ''b)'), ('CREATE TABLE t ("e" int, b int NOT)'), ('CREATE TABLE t (a DEFAULT x''0'')'),
	('CREATE TABLE t (a REFERENCES b ON DELETE nothing)'), ('CREATE TABLE t (a CHECK ())'),
	('CREATE TABLE table (a)'), ('CREATE TABLE t (a DEFAULT 12ab)'), ('CREATE INDEX i ON t (a)'),
	('CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END'), ('CREATE VIEW v AS')) AS v (s);
SELECT sq2pg.index_facts(s) FROM (VALUES
	('CREATE TABLE t (a)'), ('CREATE INDEX i ON t ()'), ('CREATE INDEX i ON t (a) WHERE')) AS v (s);
