-- include, exclude, rename, types, owner
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set db :srcdir '/test/fixtures/keys.db'
\set types :srcdir '/test/fixtures/types.db'
CREATE SCHEMA m;
SET client_min_messages = warning;
CREATE VIEW public.m_columns AS
    SELECT c.relname, string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) AS columns
      FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
     WHERE c.relnamespace = to_regnamespace('m') AND c.relkind = 'r'
     GROUP BY c.relname ORDER BY c.relname;

-- patterns: * and ?, and nothing else is special
SELECT table_name FROM sq2pg_migrate(:'db', 'm', include => ARRAY['?', 'cust*'], exclude => ARRAY['b'], dry_run => true);
SELECT table_name FROM sq2pg_migrate(:'db', 'm', exclude => ARRAY['*r*', 'log.what'], dry_run => true);
SELECT * FROM sq2pg_migrate(:'db', 'm', include => ARRAY['log', 'audit_*']);
SELECT * FROM sq2pg_migrate(:'db', 'm', exclude => ARRAY['_og']);
SELECT * FROM sq2pg_migrate(:'db', 'm', exclude => ARRAY['log.nonsense']);
SELECT * FROM sq2pg_migrate(:'db', 'm', rename => '{"logs": "log"}');
SELECT * FROM sq2pg_migrate(:'db', 'm', types => '{"log.when": "text"}');
SELECT * FROM sq2pg_migrate(:'db', 'm', types => '{"log": "text"}');

-- columns: keys, indexes and foreign keys that need one that is left out are told
SELECT table_name, notes IS NOT NULL AS told FROM sq2pg_migrate(:'db', 'm', include => ARRAY['article', 'line', 'log.what'],
    exclude => ARRAY['article.maker', 'line.position']);
TABLE m_columns;
SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'm'::regnamespace AND contype <> 'n' ORDER BY conrelid::regclass::text, conname;
SELECT indexrelid::regclass FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
 WHERE relnamespace = 'm'::regnamespace ORDER BY relname;
DROP SCHEMA m CASCADE;

-- rename tables and columns: everything that refers to them follows
CREATE SCHEMA m;
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', 'm', include => ARRAY['customer', 'orders'],
    rename => '{"customer": "People", "customer.id": "person id", "orders.customer_id": "who"}');
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'm'::regnamespace AND contype <> 'n' ORDER BY conname COLLATE "C";
SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
 WHERE relnamespace = 'm'::regnamespace ORDER BY relname COLLATE "C";
INSERT INTO m."People" (name) VALUES ('new') RETURNING "person id";
DROP SCHEMA m CASCADE;

-- types: an exact name before a pattern before a declared type
CREATE SCHEMA m;
SELECT table_name, notes FROM sq2pg_migrate(:'types', 'm', include => ARRAY['kept'], exclude => ARRAY['kept.c_t*', 'kept.c_d*b*'],
    types => '{"kept.c_int": "numeric", "*.c_int*": "double precision", "declared:bigint": "text", "declared:SMALLINT": "smallint",
               "kept.c_date": "timestamptz", "kept.c_json": "json", "kept.c_varchar": "varchar(100)", "*.c_*numeric": "numeric(12,6)"}');
SELECT unnest(string_to_array(columns, ', ')) FROM m_columns;
DROP SCHEMA m CASCADE;

-- a type that does not hold the values
CREATE SCHEMA m;
SELECT * FROM sq2pg_migrate(:'types', 'm', include => ARRAY['widened'],
    types => '{"widened.int_big": "integer", "widened.bool_text": "boolean"}');

-- an owner
CREATE ROLE regress_sqm_owner;
GRANT USAGE, CREATE ON SCHEMA m TO regress_sqm_owner;
SELECT table_name FROM sq2pg_migrate(:'db', 'm', include => ARRAY['customer'], owner => 'regress_sqm_owner');
SELECT relname, relkind, relowner::regrole FROM pg_class WHERE relnamespace = 'm'::regnamespace ORDER BY relname;
DROP SCHEMA m CASCADE;
DROP VIEW m_columns;
DROP ROLE regress_sqm_owner;
