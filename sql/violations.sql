-- what the constraints of existing tables would refuse of a source's rows
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/violations.db'
\set schema :srcdir '/test/schema/violations.sql'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET jit = off;
SET datestyle = 'ISO';
\set ECHO none
\i :schema
\set ECHO all
\pset format unaligned
\pset tuples_only on
SELECT n.table_ordinal, n.column_name, n.severity, n.code, n.occurrences, n.sample, n.message, n.hint
  FROM unnest(sq2pg.violation_notes(vi.options(:'db'), vi.tables(:'db'))) AS n;

-- rows that go away are in nobody's way, and are nobody's parents
SELECT n.table_ordinal, n.code, n.occurrences, n.sample, n.message
  FROM unnest(sq2pg.violation_notes(vi.options(:'db'), vi.tables(:'db', 'replace'))) AS n
 WHERE n.code IN ('key_exists', 'orphans') OR n.message LIKE '%rows of the target%';
-- those of tables that are left alone are
SELECT n.table_ordinal, n.code, n.occurrences, n.sample, n.message
  FROM unnest(sq2pg.violation_notes(vi.options(:'db'), vi.tables(:'db', 'skip', '{"booking": "load"}'))) AS n WHERE n.code = 'orphans';

-- what policies make of it
SELECT n.table_ordinal, n.severity, n.code, n.occurrences, n.message, n.hint
  FROM unnest(sq2pg.violation_notes(vi.options(:'db', '{"on_bad_value": "reject", "on_conflict": "skip", "on_orphan": "null"}'), vi.tables(:'db'))) AS n
 WHERE n.severity <> 'error' OR n.table_ordinal = 1;
SELECT n.table_ordinal, n.column_name, n.severity, n.code, n.occurrences, n.message, n.hint
  FROM unnest(sq2pg.violation_notes(vi.options(:'db', '{"on_bad_value": "null", "on_conflict": "update", "on_orphan": "reject"}'), vi.tables(:'db'))) AS n
 WHERE n.code IN ('key_exists', 'orphans', 'bad_value');

-- one error for all
SELECT sq2pg.raise_violations(sq2pg.violation_notes(vi.options(:'db'), vi.tables(:'db')), 'vi', ARRAY(SELECT t.table_name FROM sq2pg_tables(:'db') AS t));
SELECT sq2pg.raise_violations(sq2pg.violation_notes(vi.options(:'db', '{"on_orphan": "null"}'), vi.tables(:'db', 'skip', '{"customer": "load"}')), 'vi');

-- nothing was written
SELECT (SELECT count(*) FROM vi.person), (SELECT count(*) FROM vi.item), pg_sequence_last_value(pg_get_serial_sequence('vi.item', 'serial')::regclass);
DROP SCHEMA vi CASCADE;
