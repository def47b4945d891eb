-- the rows of a SQLite table as they would stand in a relation
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/load.db'
CREATE SCHEMA sr;
CREATE TYPE sr.kind AS ENUM ('old', 'new');
CREATE SEQUENCE sr.seq;
CREATE FUNCTION sr.half(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n / 2';
CREATE TABLE sr.person (
    gone  text,
    id    bigint GENERATED ALWAYS AS IDENTITY,
    name  text NOT NULL,
    age   integer,
    twice integer GENERATED ALWAYS AS (age * 2) STORED,
    half  integer GENERATED ALWAYS AS (sr.half(age)) STORED,
    kind  sr.kind,
    tags  text[],
    level integer DEFAULT 3 * 14,
    who   name DEFAULT current_user,
    n     bigint DEFAULT nextval('sr.seq'),
    r     double precision DEFAULT random(),
    note  text DEFAULT 'none');
ALTER TABLE sr.person DROP COLUMN gone;
\set columns 'ARRAY[''id'', ''name'', ''age'', ''kind'', ''tags'']'
\set rows 'sq2pg.source_rows(:''db'', ''person'', ':columns', ':columns', ''UTC'', false, '

-- NULL for what does not fit; no volatile default, no sequence
SELECT source_rowid, row_number, id, name, age, twice, half, kind, tags, level, who = current_user AS me, n, r, note
  FROM :rows 'error', NULL::sr.person) AS s, LATERAL (SELECT (s.target_row).*) AS person;
SELECT is_called FROM sr.seq;
-- what the policies make of it
BEGIN;
SELECT source_rowid, row_number, (target_row).age, (target_row).name FROM :rows 'null', NULL::sr.person) AS s;
SELECT source_rowid, row_number, (target_row).age FROM :rows 'reject', NULL::sr.person) AS s;
-- nothing of that is logged
SELECT count(*) FROM sq2pg.take_rejects();
COMMIT;
-- a check, as foresight asks for it
SELECT s.sqm_number, s.sqm_rowid
  FROM :rows 'error', NULL::sr.person) AS s (sqm_rowid, sqm_number, sqm_row), LATERAL (SELECT (s.sqm_row).*) AS person
 WHERE (twice > 20 AND length(name) = 3) IS FALSE;
-- the row type of a view, a partitioned table, without a rowid, with more rows than one batch
CREATE VIEW sr.shown AS SELECT id, name FROM sr.person;
ALTER VIEW sr.shown ALTER COLUMN name SET DEFAULT 'nobody';
SELECT target_row FROM sq2pg.source_rows(:'db', 'person', '{id}', '{id}', 'UTC', false, 'error', NULL::sr.shown);
CREATE TABLE sr.word (n integer, w varchar(1), low text GENERATED ALWAYS AS (lower(w)) STORED) PARTITION BY LIST (n);
SELECT * FROM sq2pg.source_rows(:'db', 'word', '{w,n}', '{w,n}', 'UTC', false, 'error', NULL::sr.word);
CREATE TABLE sr.many (t text, id integer, parity integer GENERATED ALWAYS AS (id % 2) STORED);
SELECT count(*), sum((target_row).parity), sum(row_number), sum(source_rowid), bool_and((target_row).t = 'row ' || row_number)
  FROM sq2pg.source_rows(:'db', 'many', '{id,t}', '{id,t}', 'UTC', false, 'error', NULL::sr.many);
-- refused
SELECT * FROM sq2pg.source_rows(:'db', 'node', '{id}', '{nope}', 'UTC', false, 'error', NULL::sr.person);
SELECT * FROM sq2pg.source_rows(:'db', 'node', '{id}', '{id}', 'UTC', false, NULL, NULL::sr.person);
SELECT * FROM sq2pg.source_rows(:'db', 'node', '{id}', '{id}', 'UTC', false, 'error', 1);
SELECT * FROM sq2pg.source_rows(:'db', 'node', '{id}', '{id}', 'UTC', false, 'stop', NULL::sr.person);
SET client_min_messages = warning;
DROP SCHEMA sr CASCADE;
