-- SQLite takes "" for a name, PostgreSQL does not
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/names_empty.db'
\pset format unaligned
SET client_min_messages = warning;
CREATE SCHEMA e;
SELECT table_name, loaded, verified, notes FROM sq2pg_migrate(:'db', 'e');
SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'e' ORDER BY table_name COLLATE "C", ordinal_position;
SELECT conname FROM pg_constraint WHERE connamespace = 'e'::regnamespace AND contype <> 'n' ORDER BY 1;
TABLE e._;
TABLE e.v;
CREATE SCHEMA f;
SELECT severity, code, table_name, column_name, message FROM sq2pg_check(:'db', 'f');
SELECT sum(loaded) FROM sq2pg_migrate(:'db', 'f', names => 'snake');
SELECT * FROM sq2pg_attach(:'db', 'g');
SELECT * FROM g._;
SELECT sq2pg_detach('g');
DROP SCHEMA e, f CASCADE;
