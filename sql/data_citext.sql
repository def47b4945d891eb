-- a type of contrib in an existing table; where it is not installed there is nothing to see
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set db :srcdir '/test/fixtures/data_defaults.db'
\set keys :srcdir '/test/fixtures/data_keys.db'
SELECT count(*) = 0 AS absent FROM pg_available_extensions WHERE name = 'citext' \gset
\if :absent
\quit
\endif
SET client_min_messages = warning;
CREATE SCHEMA ci;
CREATE EXTENSION citext SCHEMA ci;
CREATE TABLE ci.tag (name ci.citext PRIMARY KEY, n int);
-- two keys that the target does not keep apart
SELECT * FROM sq2pg_migrate(:'db', 'ci', mode => 'data', include => '{tag}');
SELECT severity, code, occurrences, sample, message FROM sq2pg_check(:'db', 'ci', mode => 'data', include => '{tag}') WHERE severity = 'error';
TABLE ci.tag;
SELECT table_name, action, source_rows, loaded, skipped, verified
  FROM sq2pg_migrate(:'db', 'ci', mode => 'data', include => '{tag}', on_conflict => 'skip');
TABLE ci.tag;
ALTER TABLE ci.tag DROP CONSTRAINT tag_pkey;
TRUNCATE ci.tag;
SELECT table_name, action, source_rows, loaded, verified FROM sq2pg_migrate(:'db', 'ci', mode => 'data', include => '{tag}');
SELECT * FROM ci.tag ORDER BY n;
SELECT table_name, action FROM sq2pg_migrate(:'db', 'ci', mode => 'data', include => '{tag}');
-- what stands there is compared as it is written, not as the type compares
UPDATE ci.tag SET name = 'BLUE' WHERE n = 3;
SELECT * FROM sq2pg_migrate(:'db', 'ci', mode => 'data', include => '{tag}');
-- whose child is whose says the type, as the foreign key does
SELECT table_name, loaded, rejected, verified
  FROM sq2pg_migrate(:'keys', 'ci', 'create', include => '{word,use}', types => '{"word.word": "ci.citext", "use.word": "ci.citext"}', on_orphan => 'reject');
SELECT * FROM ci.use ORDER BY id;
DROP TABLE ci.use, ci.word;
CREATE SCHEMA by_hand;
SELECT statement FROM sq2pg_plan(:'keys', 'by_hand', 'create', include => '{word,use}', types => '{"word.word": "ci.citext", "use.word": "ci.citext"}', on_orphan => 'reject')
 WHERE phase = 'orphans';
DROP SCHEMA ci, by_hand CASCADE;
