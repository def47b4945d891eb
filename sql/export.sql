-- the way back: what a schema becomes in SQLite
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA export_a;
SET search_path = export_a;
CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
CREATE DOMAIN year AS integer CHECK (VALUE BETWEEN 1901 AND 2155) NOT NULL;
CREATE TABLE parent (
    id serial PRIMARY KEY,
    name varchar(20) NOT NULL DEFAULT 'it''s' CHECK (name <> '' AND name NOT LIKE 'x[%'),
    mood mood DEFAULT 'sad',
    born year DEFAULT 2000,
    price numeric(10,2) DEFAULT 1.50 CHECK (price > 0),
    exact numeric,
    token uuid DEFAULT '00000000-0000-0000-0000-00000000000a',
    seen timestamptz DEFAULT '2024-01-01 10:00+02',
    made timestamp DEFAULT (now() AT TIME ZONE 'UTC'),
    day date CHECK (day >= '2000-01-01'),
    noon time,
    ok boolean DEFAULT true,
    bytes bytea DEFAULT '\x00ff',
    doc jsonb,
    list integer[],
    ratio double precision,
    small real,
    code char(3) CHECK (code IN ('a', 'bcd')),
    twice integer GENERATED ALWAYS AS (born * 2) STORED,
    upper_name text GENERATED ALWAYS AS (initcap(name)) STORED,
    UNIQUE (name, born) DEFERRABLE,
    CONSTRAINT whole CHECK (CASE mood WHEN 'sad' THEN born > 1950 ELSE true END IS NOT FALSE),
    CONSTRAINT regular CHECK (name ~ '^[a-z]'));
CREATE TABLE child (
    parent_id integer REFERENCES parent ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED,
    "Odd "" name" text DEFAULT NULL,
    n bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (parent_id, "Odd "" name"));
CREATE TABLE "CHILD" (a integer, "A" integer);
CREATE TABLE sqlite_mine (a integer CHECK (a + 1 > a % 3), b integer, EXCLUDE (a WITH =));
CREATE INDEX by_mood ON parent (mood DESC, (born + 1)) WHERE ok AND mood <> 'sad';
CREATE UNIQUE INDEX by_case ON parent (initcap(name));
CREATE INDEX by_doc ON parent USING gin (doc);
CREATE MATERIALIZED VIEW stale AS SELECT 1 AS x;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER watch BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION nothing();
COMMENT ON TABLE parent IS 'elders';
COMMENT ON COLUMN child.n IS 'number';
ALTER TABLE child ADD CONSTRAINT late CHECK (n > 0) NOT VALID;

SET bytea_output = escape;
SET DateStyle = german;
SET TimeZone = 'Asia/Tokyo';
SET extra_float_digits = -5;
INSERT INTO parent (name, born, price, exact, seen, made, day, noon, doc, list, ratio, small, code) VALUES
    ('ann', 1960, 1.10, 0.1, '2024-01-01 00:00:00.5+00', '0044-03-15 BC', '2024-02-29', '24:00', '{"a": 1.10}', '{1,NULL}', 0.1, 0.1, 'a'),
    ('bob', 1961, NULL, 12345678901234567890.1, 'infinity', '2024-01-01', 'infinity', '10:00', '12345678901234567890', '[0:1]={1,2}', 'NaN', 'NaN', NULL),
    ('cyd', 1962, 3, 'NaN', '0001-01-01 00:00+00 BC', '10000-01-01', NULL, NULL, '"x"', '{{1,2},{3,4}}', '-0', 3.5, 'bcd');
SELECT nextval('parent_id_seq');
INSERT INTO child VALUES (1, 'x'), (1, 'y'), (3, '');
SELECT sq2pg_export('lo:new') AS db \gset
\echo -- its schema
SELECT sql FROM sq2pg_objects(:'db') WHERE sql IS NOT NULL ORDER BY type DESC, name;
\echo -- its values, as SQLite shows them
CREATE SCHEMA export_look;
SELECT table_name FROM sq2pg_attach(:'db', 'export_look') ORDER BY 1;
SELECT array_to_string(sq2pg.source_row(:'db', format(
    'SELECT group_concat(typeof(%1$s) || '' '' || quote(%1$s), '' | '') FROM (SELECT %1$s FROM parent ORDER BY id)', c)), '')
  FROM unnest('{id,mood,price,exact,token,seen,made,day,noon,ok,bytes,doc,list,ratio,small,code,twice,upper_name}'::text[]) AS c;
SELECT sq2pg.source_row(:'db', 'SELECT seq FROM sqlite_sequence WHERE name = ''parent''');
\echo -- settings of the caller are as they were
SELECT current_setting('DateStyle'), current_setting('TimeZone'), current_setting('bytea_output'), current_setting('search_path');
SELECT sq2pg_detach('export_look');
RESET DateStyle;
RESET TimeZone;
RESET bytea_output;
RESET extra_float_digits;

\echo -- other forms
SELECT sq2pg_export('lo:new', include => '{parent.id,parent.price,parent.exact,parent.token,parent.seen,parent.noon}',
                    numeric_as => 'text', uuid_as => 'hex', timestamptz_as => 'utc', time_fraction => 'always') AS db2 \gset
SELECT sql FROM sq2pg_objects(:'db2') WHERE name = 'parent';
SELECT array_to_string(sq2pg.source_row(:'db2', format(
    'SELECT group_concat(typeof(%1$s) || '' '' || quote(%1$s), '' | '') FROM (SELECT %1$s FROM parent ORDER BY id)', c)), '')
  FROM unnest('{price,exact,token,seen,noon}'::text[]) AS c;
SELECT sq2pg_export('lo:new', 'export_a', include => '{parent.id,parent.exact}', numeric_as => 'real') AS db3 \gset
SELECT array_to_string(sq2pg.source_row(:'db3',
    'SELECT group_concat(typeof(exact), '' | '') FROM (SELECT exact FROM parent ORDER BY id)'), '');

SELECT count(lo_unlink(substr(x, 4)::oid)) FROM unnest(ARRAY[:'db', :'db2', :'db3']) AS x;
\set VERBOSITY terse
DROP SCHEMA export_a CASCADE;
DROP SCHEMA IF EXISTS export_look CASCADE;
