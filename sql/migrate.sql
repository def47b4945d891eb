-- a whole database in create mode: tables, keys, indexes, foreign keys, rows
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
CREATE SCHEMA shop;
SELECT table_name, action, source_rows, loaded, skipped, rejected, changed, next_id, verified, notes
  FROM sq2pg_migrate(:'db', 'shop');

-- columns
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS "not null",
       a.attidentity AS identity, pg_get_expr(d.adbin, d.adrelid) AS "default"
  FROM pg_attribute AS a
  JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind = 'r' AND c.relnamespace = 'shop'::regnamespace
  LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attnum > 0
 ORDER BY c.relname COLLATE "C", a.attnum;
-- constraints
SET search_path = shop;
SELECT conrelid::regclass AS "table", conname, pg_get_constraintdef(oid) AS definition, convalidated AS valid
  FROM pg_constraint
 WHERE connamespace = 'shop'::regnamespace AND contype <> 'n'
 ORDER BY conrelid::regclass::text COLLATE "C", contype, conname;
-- indexes
SELECT pg_get_indexdef(indexrelid) AS index, indisvalid AS valid
  FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
 WHERE relnamespace = 'shop'::regnamespace
 ORDER BY relname COLLATE "C";

-- statistics are there
SELECT relname, reltuples FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind = 'r'
 ORDER BY relname COLLATE "C";
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA shop CASCADE;
