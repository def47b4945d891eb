-- UTF-16 databases, emoji, text that is none
\getenv srcdir PG_ABS_SRCDIR
\set le :srcdir '/test/fixtures/utf16.db'
\set be :srcdir '/test/fixtures/utf16be.db'
\set types :srcdir '/test/fixtures/types.db'
\pset format unaligned
SET client_min_messages = warning;
SELECT table_name, columns FROM sq2pg_tables(:'le');
SELECT column_name, declared_type, default_value FROM sq2pg_columns(:'le');
SELECT index_name, columns, sql FROM sq2pg_indexes(:'be');
CREATE SCHEMA le;
CREATE SCHEMA be;
SELECT table_name, loaded, next_id, verified, notes FROM sq2pg_migrate(:'le', 'le');
SELECT table_name, loaded, next_id, verified, notes FROM sq2pg_migrate(:'be', 'be');
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
TABLE le."wörter" ORDER BY id;
SELECT count(*) FROM (TABLE le."wörter" EXCEPT TABLE be."wörter") AS x;
SELECT id, length(wort), octet_length(wort), octet_length(art) FROM be."wörter" ORDER BY id;
SELECT pg_get_indexdef('le.nach_wort'::regclass);
-- as foreign tables
SELECT * FROM sq2pg_attach(:'be', 'look');
SELECT w FROM look."wörter" AS w ORDER BY id;
SELECT id FROM look."wörter" WHERE wort = '日本語' OR art = 'é';
SELECT sq2pg_detach('look');
DROP SCHEMA le, be CASCADE;

-- bytes that are no text: kept as bytea, never changed into something else
CREATE SCHEMA t;
SELECT notes FROM sq2pg_migrate(:'types', 't', include => ARRAY['widened.n', 'widened.text_bytea']) WHERE action = 'create';
SELECT n, text_bytea FROM t.widened ORDER BY n;
DROP SCHEMA t CASCADE;
