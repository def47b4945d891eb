-- create mode: which type does each declared type get?
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/types.db'
CREATE SCHEMA t;
SELECT table_name, loaded, verified, notes FROM sq2pg_migrate(:'db', 't', include => ARRAY['kept', 'dynamic', 'hostile']);
SELECT c.table_name, c.declared_type, c.column_name, format_type(a.atttypid, a.atttypmod) AS type
  FROM sq2pg_columns(:'db') AS c
  JOIN pg_attribute AS a ON a.attrelid = to_regclass('t.' || c.table_name) AND a.attname = c.column_name
 ORDER BY c.table_name COLLATE "C", c.ordinal;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SELECT * FROM t.kept WHERE c_int IS NOT NULL \gx
TABLE t.dynamic;
TABLE t.hostile;
SET client_min_messages = warning;
DROP SCHEMA t CASCADE;
