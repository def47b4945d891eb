-- sq2pg_attach and sq2pg_detach
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
SELECT * FROM sq2pg_attach(:'db', 'look');
SELECT count(*) FROM look.customer;
SELECT srvname FROM pg_foreign_server WHERE srvname LIKE 'sq2pg%';
-- twice is an error, another schema is not
\set VERBOSITY terse
SELECT * FROM sq2pg_attach(:'db', 'look');
SELECT count(*) FROM sq2pg_attach(:'db', 'Other "place"');
SELECT count(*) FROM "Other ""place""".customer;
SELECT sq2pg_detach('Other "place"');
SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'Other%';
\set VERBOSITY default
\set SHOW_CONTEXT never

-- what the user made stays, and is not dropped in silence
CREATE VIEW public.friends AS SELECT name FROM look.customer;
CREATE TABLE look.mine (a int);
SELECT sq2pg_detach('look');
DROP VIEW public.friends;
SELECT sq2pg_detach('look');
SELECT relname FROM pg_class WHERE relnamespace = 'look'::regnamespace;
SELECT sq2pg_detach('look');
DROP SCHEMA look CASCADE;
SELECT srvname FROM pg_foreign_server WHERE srvname LIKE 'sq2pg%';

-- into a schema that exists
CREATE SCHEMA there;
SELECT count(*) FROM sq2pg_attach(:'db', 'there');
SELECT sq2pg_detach('there');
SELECT * FROM sq2pg_attach('relative.db', 'there');
SELECT count(*) FROM pg_foreign_server WHERE srvname LIKE 'sq2pg%';
SELECT count(*) FROM sq2pg_attach(NULL, 'there');
DROP SCHEMA IF EXISTS there;
