-- sq2pg_sync: which rows differ is what the values mean, not how they are written
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set old :srcdir '/test/fixtures/sync_value.db'
\set new :srcdir '/test/fixtures/sync_value_new.db'
SET client_min_messages = warning;
CREATE SCHEMA s;
CREATE TYPE s.kind AS ENUM ('old', 'new');
CREATE COLLATION s.anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE s.v (id int PRIMARY KEY, j jsonb, x text, f double precision, n numeric, c char(5), at timestamptz, u uuid, yes boolean,
                  kind s.kind, list int[], b bytea, raw json);
CREATE TABLE s.folded (name text COLLATE s.anycase PRIMARY KEY, n int);
CREATE TABLE s.child (id int PRIMARY KEY, folded text COLLATE s.anycase REFERENCES s.folded);
CREATE TABLE s.scaled (n numeric PRIMARY KEY, t text);
CREATE TABLE s.padded (c char(3) PRIMARY KEY, t text);
CREATE TABLE s.zero (f double precision PRIMARY KEY, t text);
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'old', 's', mode => 'data');
CREATE TABLE before AS SELECT id, ctid AS place FROM s.v;
SELECT * FROM sq2pg_sync(:'new', 's');
SELECT v.id, v.ctid = b.place AS untouched FROM s.v JOIN before AS b USING (id) ORDER BY id;
SELECT j, x, f, n, c, at = '2024-01-02 00:00+00' AS at, u, yes, kind, list, b, raw FROM s.v WHERE id = 5;
SELECT * FROM s.folded ORDER BY n;
SELECT * FROM s.child ORDER BY id;
SELECT * FROM s.scaled ORDER BY n;
SELECT * FROM s.padded ORDER BY c;
SELECT * FROM s.zero ORDER BY t;
SELECT * FROM sq2pg_verify(:'new', 's') WHERE NOT matches;
SELECT count(*) AS differences FROM sq2pg_sync(:'new', 's') WHERE inserted + updated + deleted > 0 OR NOT verified;
-- the same without any key: whole rows
ALTER TABLE s.child DROP CONSTRAINT child_folded_fkey;
ALTER TABLE s.v DROP CONSTRAINT v_pkey;
ALTER TABLE s.folded DROP CONSTRAINT folded_pkey;
SELECT * FROM sq2pg_sync(:'old', 's', include => '{v,folded}');
SELECT * FROM sq2pg_verify(:'old', 's', include => '{v,folded}') WHERE NOT matches;
SELECT * FROM s.folded ORDER BY n;
-- a unique key that allows NULL is none; one that does not is
ALTER TABLE s.folded ADD UNIQUE (name);
ALTER TABLE s.folded ALTER name DROP NOT NULL;
SELECT * FROM sq2pg_sync(:'new', 's', include => '{folded}');
ALTER TABLE s.folded ALTER name SET NOT NULL;
SELECT * FROM sq2pg_sync(:'old', 's', include => '{folded}');
-- values that are not the row's own: no key, many equal rows, and their number
INSERT INTO s.v SELECT v.* FROM s.v, generate_series(1, 3);
SELECT * FROM sq2pg_sync(:'old', 's', include => '{v}');
DROP TABLE before;
SET client_min_messages = error;
DROP SCHEMA s CASCADE;
