-- sq2pg_check and the run say the same of every object, and leave nothing out
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/schema.db'
\set objects :srcdir '/test/fixtures/schema_objects.db'
\set names :srcdir '/test/fixtures/schema_names.db'
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA s;
CREATE TABLE said (source text, severity text, code text, table_name text, column_name text, occurrences bigint, sample text,
                   message text, hint text);
INSERT INTO said SELECT 'schema', * FROM sq2pg_check(:'db', 's') WHERE code <> 'estimate';
INSERT INTO said SELECT 'objects', * FROM sq2pg_check(:'objects', 's') WHERE code <> 'estimate';
INSERT INTO said SELECT 'names', * FROM sq2pg_check(:'names', 's', names => 'lower') WHERE code <> 'estimate';
SELECT severity, code, table_name, column_name, message FROM said WHERE source = 'schema';
CREATE FUNCTION differences(of text) RETURNS TABLE (by text, code text, message text)
LANGUAGE sql AS $$
    WITH check_says AS (SELECT code, message FROM said WHERE source = $1 AND code <> 'type_widened'),
         run_says AS (SELECT n->>'code', n->>'message' FROM (SELECT notes FROM sq2pg.runs ORDER BY run DESC LIMIT 1) AS r,
                             jsonb_array_elements(r.notes) AS n WHERE n->>'code' <> 'type_widened')
    (SELECT 'check', * FROM (TABLE check_says EXCEPT ALL TABLE run_says) AS x)
    UNION ALL
    (SELECT 'run', * FROM (TABLE run_says EXCEPT ALL TABLE check_says) AS x)
    UNION ALL
    SELECT 'both', 'notes', (count(*) > 5)::text FROM check_says
$$;
SELECT bool_and(verified) FROM sq2pg_migrate(:'db', 's');
SELECT * FROM differences('schema');
DROP SCHEMA s CASCADE;
CREATE SCHEMA s;
SELECT bool_and(verified) FROM sq2pg_migrate(:'objects', 's');
SELECT * FROM differences('objects');
DROP SCHEMA s CASCADE;
CREATE SCHEMA s;
SELECT bool_and(verified) FROM sq2pg_migrate(:'names', 's', names => 'lower');
SELECT * FROM differences('names');
-- columns that are not wanted take their keys with them
DROP SCHEMA s CASCADE;
CREATE SCHEMA s;
SELECT code, table_name, message FROM sq2pg_check(:'db', 's', include => ARRAY['uniques', 'null_key', 'child'], exclude => ARRAY['uniques.email', '*.b', 'child.x']) WHERE code <> 'estimate';
DROP SCHEMA s CASCADE;
-- names of columns that are not wanted do not become strings
CREATE SCHEMA s;
\set quirks :srcdir '/test/fixtures/quirks.db'
SELECT code, message FROM sq2pg_check(:'quirks', 's', include => ARRAY['generated', 'good_view'], exclude => ARRAY['generated.a']) WHERE code <> 'estimate';
SELECT code, message FROM sq2pg_check(:'names', 's', include => ARRAY['CustomerOrder', 'OrderTotals'], exclude => ARRAY['*.CustomerName']) WHERE code <> 'estimate';
DROP SCHEMA s CASCADE;
DROP TABLE said;
DROP FUNCTION differences;
