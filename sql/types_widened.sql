-- create mode: a type is widened to hold every value, and that is said
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/types.db'
CREATE SCHEMA t;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SELECT regexp_split_to_table(notes, '; ') AS note FROM sq2pg_migrate(:'db', 't', include => ARRAY['widened'])
 WHERE action = 'create';
SELECT c.declared_type, c.column_name, format_type(a.atttypid, a.atttypmod) AS type
  FROM sq2pg_columns(:'db') AS c
  JOIN pg_attribute AS a ON a.attrelid = to_regclass('t.' || c.table_name) AND a.attname = c.column_name
 ORDER BY c.ordinal;
SELECT * FROM t.widened WHERE n = 20 \gx
DROP TABLE t.widened;

-- one type for columns that foreign keys join
SELECT table_name, loaded, verified, notes
  FROM sq2pg_migrate(:'db', 't', include => ARRAY['root', 'mid', 'leaf']);
SELECT c.table_name, c.declared_type, c.column_name, format_type(a.atttypid, a.atttypmod) AS type
  FROM sq2pg_columns(:'db') AS c
  JOIN pg_attribute AS a ON a.attrelid = to_regclass('t.' || c.table_name) AND a.attname = c.column_name
 ORDER BY c.table_name COLLATE "C", c.ordinal;
SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 't'::regnamespace AND contype = 'f' ORDER BY conname;
SET client_min_messages = warning;
DROP SCHEMA t CASCADE;
