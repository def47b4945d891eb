-- SQLite takes "" for a name, PostgreSQL does not
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/names_empty.db'
\pset format unaligned
SET client_min_messages = warning;
CREATE SCHEMA empty_e;
SELECT table_name, loaded, verified, notes FROM sq2pg_migrate(:'db', 'empty_e');
SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'empty_e' ORDER BY table_name COLLATE "C", ordinal_position;
SELECT conname FROM pg_constraint WHERE connamespace = 'empty_e'::regnamespace AND contype <> 'n' ORDER BY 1;
TABLE empty_e._;
TABLE empty_e.v;
CREATE SCHEMA empty_f;
SELECT severity, code, table_name, column_name, message FROM sq2pg_check(:'db', 'empty_f');
SELECT sum(loaded) FROM sq2pg_migrate(:'db', 'empty_f', names => 'snake');
SELECT * FROM sq2pg_attach(:'db', 'empty_g');
SELECT * FROM empty_g._;
SELECT sq2pg_detach('empty_g');
DROP SCHEMA empty_e, empty_f CASCADE;
