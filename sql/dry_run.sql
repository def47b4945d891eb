-- dry_run: everything is done, reported and rolled back
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
\set types :srcdir '/test/fixtures/types.db'
\set SHOW_CONTEXT never
CREATE SCHEMA d;
SELECT count(*) AS runs FROM sq2pg.runs \gset
SELECT table_name, action, source_rows, loaded, next_id, verified, notes FROM sq2pg_migrate(:'db', 'd', dry_run => true);
SELECT regexp_split_to_table(notes, '; ') AS note
  FROM sq2pg_migrate(:'types', 'd', include => ARRAY['widened'], exclude => ARRAY['widened.*_text'], dry_run => true) WHERE action = 'create';
-- nothing is left but the report in the history
SELECT count(*) FROM pg_class WHERE relnamespace = 'd'::regnamespace;
SELECT count(*) AS runs, bool_and((parameters->>'dry_run')::boolean) AS dry FROM (SELECT * FROM sq2pg.runs ORDER BY run OFFSET :runs) AS r;
-- twice in one transaction, around other work
BEGIN;
CREATE TABLE d.before (a int);
SELECT table_name, loaded FROM sq2pg_migrate(:'db', 'd', include => ARRAY['log'], dry_run => true);
CREATE TABLE d.after (a int);
SELECT table_name, loaded FROM sq2pg_migrate(:'db', 'd', include => ARRAY['log'], dry_run => true);
SELECT table_name, loaded FROM sq2pg_migrate(:'db', 'd', include => ARRAY['log']);
COMMIT;
SELECT relname FROM pg_class WHERE relnamespace = 'd'::regnamespace ORDER BY relname;
-- it finds what the run would find
SELECT * FROM sq2pg_migrate(:'types', 'd', include => ARRAY['widened'], types => '{"widened.int_big": "integer"}', dry_run => true);
SELECT * FROM sq2pg_migrate(:'db', 'd', mode => 'create', include => ARRAY['log'], dry_run => true);
SET client_min_messages = warning;
DROP SCHEMA d CASCADE;
