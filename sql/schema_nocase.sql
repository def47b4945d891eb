-- a foreign key to a column under NOCASE: the index stays, a key comes beside it
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/schema_nocase.db'
\pset format unaligned
SET client_min_messages = warning;
CREATE SCHEMA s;
SELECT severity, code, table_name, column_name, occurrences, sample, message FROM sq2pg_check(:'db', 's') WHERE code <> 'estimate';
\set VERBOSITY terse
SELECT * FROM sq2pg_migrate(:'db', 's');
SELECT table_name, loaded, verified, notes FROM sq2pg_migrate(:'db', 's', on_orphan => 'keep');
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 's'::regnamespace AND contype <> 'n' ORDER BY conname;
SELECT indexdef FROM pg_indexes WHERE schemaname = 's' ORDER BY indexname;
DROP SCHEMA s CASCADE;
