-- virtual tables, triggers, views, and what only the application knows
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/schema_objects.db'
\pset format unaligned
SET client_min_messages = warning;
CREATE SCHEMA s;
SELECT severity, code, table_name, column_name, message, hint FROM sq2pg_check(:'db', 's') WHERE code <> 'estimate';
SELECT table_name, loaded, verified, notes FROM sq2pg_migrate(:'db', 's');
SET search_path = s;
TABLE note;
TABLE contentless;
TABLE old_note;
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 's'::regnamespace AND contype <> 'n' ORDER BY 1;
SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 's' AND table_name IN ('custom', 'place', 'odd place')
 ORDER BY table_name, ordinal_position;
-- the suggested statements work
SELECT coalesce(string_agg(hint, E'\n'), '') AS hints FROM sq2pg_check(:'db', 's', mode => 'create') WHERE code IN ('virtual_table', 'trigger_left_out') \gset
\set ECHO none
:hints
\set ECHO all
SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname COLLATE "C";
SELECT indexdef FROM pg_indexes WHERE schemaname = 's' AND indexdef ~ 'gin|gist' ORDER BY indexname;
SELECT * FROM books_of_ann;
SELECT * FROM before_its_table;
RESET search_path;
DROP SCHEMA s CASCADE;
