-- names: kept, folded, cut, and every change told
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/schema_names.db'
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE FUNCTION names(s text) RETURNS TABLE (relation text, kind "char", columns text)
LANGUAGE sql AS $$
    SELECT c.relname::text, c.relkind, string_agg(a.attname::text, '|' ORDER BY a.attnum)
      FROM pg_class AS c LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND c.relkind IN ('r', 'v')
     WHERE c.relnamespace = s::regnamespace AND c.relkind <> 't' GROUP BY c.oid, c.relname, c.relkind
     ORDER BY c.relkind, c.relname COLLATE "C"
$$;
CREATE SCHEMA s;
SELECT table_name, verified, notes FROM sq2pg_migrate(:'db', 's');
SELECT * FROM names('s');
DROP SCHEMA s CASCADE;
CREATE SCHEMA s;
SELECT table_name, verified, notes FROM sq2pg_migrate(:'db', 's', names => 'lower');
SELECT * FROM names('s') WHERE relation ~ 'order|http|ix';
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 's'::regnamespace AND conrelid::regclass::text ~ 'order'
   AND contype <> 'n' ORDER BY conname;
DROP SCHEMA s CASCADE;
CREATE SCHEMA s;
SELECT table_name, verified, notes FROM sq2pg_migrate(:'db', 's', names => 'snake');
SELECT * FROM names('s');
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 's'::regnamespace AND conrelid::regclass::text ~ 'order'
   AND contype <> 'n' ORDER BY conname;
-- (16 and later do not qualify the columns)
SELECT replace(pg_get_viewdef('s.order_totals'), 'customer_order.', '');
SELECT indexdef FROM pg_indexes WHERE schemaname = 's' AND indexname ~ '^ix' ORDER BY indexname;
SELECT sq2pg.fold_name(n, 'snake') FROM unnest(ARRAY['Price (EUR)', 'HTTPServer', 'customer-id', 'a__b', '%', ' x ', '_x_', 'ÄrgerNis', 'a$b', 'Type2Name']) AS n;
-- names that were forced are found again: by the run, and with the rename of its warning
SELECT count(*) AS forced, bool_and(m.matches) AS by_run
  FROM (SELECT max(run) AS run FROM sq2pg.runs) AS r, sq2pg_verify(:'db', 's', run => r.run) AS m;
SELECT count(*) FILTER (WHERE NOT matches) AS by_names_alone FROM sq2pg_verify(:'db', 's', names => 'snake');
SELECT n.sample, n.hint FROM sq2pg.runs AS r, jsonb_to_recordset(r.notes) AS n(code text, severity text, sample text, hint text)
 WHERE r.run = (SELECT max(run) FROM sq2pg.runs) AND n.code = 'renamed' AND n.severity = 'warning' ORDER BY n.sample;
SELECT count(*) FROM sq2pg_audit((SELECT max(run) FROM sq2pg.runs)) WHERE what ~ 'no such table';
DROP SCHEMA s CASCADE;
CREATE SCHEMA s;
CREATE SEQUENCE s.taken;
SELECT count(*) FROM sq2pg_migrate(:'db', 's');
SELECT bool_and(matches) FROM sq2pg_verify(:'db', 's', run => (SELECT max(run) FROM sq2pg.runs));
DROP SCHEMA s CASCADE;
DROP FUNCTION names;
