-- add_missing: types between what is there and what is made
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set db :srcdir '/test/fixtures/data_missing_types.db'
SET client_min_messages = warning;
CREATE SCHEMA m;
CREATE VIEW m.types AS
    SELECT attrelid::regclass AS relation, attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute
      JOIN pg_class ON pg_class.oid = attrelid AND relkind = 'r' AND relnamespace = 'm'::regnamespace WHERE attnum > 0;
-- a key is as wide as its values are, whatever the type of those that refer to it
CREATE TABLE m.c (id bigint PRIMARY KEY, p_id int);
SELECT severity, code, message FROM sq2pg_check(:'db', 'm', 'data', include => '{p,c}', add_missing => true) WHERE severity = 'error';
SELECT table_name, action, loaded, verified FROM sq2pg_migrate(:'db', 'm', 'data', include => '{p,c}', add_missing => true);
SELECT * FROM m.types ORDER BY 1, 2;
DROP TABLE m.p;
TRUNCATE m.c;
-- the caller's word
SELECT table_name, action, loaded, verified
  FROM sq2pg_migrate(:'db', 'm', 'data', include => '{p,c}', add_missing => true, types => '{"p.id": "numeric(12)"}');
SELECT * FROM m.types WHERE relation = 'm.p'::regclass;
DROP TABLE m.p, m.c;
CREATE TABLE m.c (id bigint PRIMARY KEY, p_id bigint);
SELECT code, column_name, message FROM sq2pg_check(:'db', 'm', 'data', include => '{p,c}', add_missing => true, types => '{"p.id": "integer"}') WHERE severity = 'error';
DROP TABLE m.c;
-- what refers to a key that is there gets its type, also over others
CREATE TABLE m.u (id uuid PRIMARY KEY);
SELECT table_name, action, loaded, verified FROM sq2pg_migrate(:'db', 'm', 'data', include => '{u,v,w}', add_missing => true);
SELECT * FROM m.types ORDER BY 1, 2;
SELECT conrelid::regclass, confrelid::regclass FROM pg_constraint WHERE contype = 'f' AND connamespace = 'm'::regnamespace ORDER BY 1;
DROP TABLE m.u, m.v, m.w;
-- what does not fit it is said before
CREATE TABLE m.s (id smallint PRIMARY KEY);
SELECT code, table_name, column_name, message FROM sq2pg_check(:'db', 'm', 'data', include => '{s,t}', add_missing => true) WHERE severity = 'error';
SELECT table_name, action, loaded, rejected, changed, verified
  FROM sq2pg_migrate(:'db', 'm', 'data', include => '{s,t}', add_missing => true, on_bad_value => 'null');
SELECT * FROM m.types WHERE relation = 'm.t'::regclass;
DROP SCHEMA m CASCADE;
