-- what a run leaves: sq2pg.runs, sq2pg_report, each role its own
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
SET client_min_messages = warning;
CREATE ROLE regress_sqm_one;
CREATE ROLE regress_sqm_two;
GRANT pg_read_server_files TO regress_sqm_one, regress_sqm_two;
CREATE SCHEMA h AUTHORIZATION regress_sqm_one;
CREATE SCHEMA h2 AUTHORIZATION regress_sqm_two;
SELECT coalesce(max(run), 0) AS before FROM sq2pg.runs \gset
SELECT encode(sha256(pg_read_binary_file(:'db')), 'hex') AS sha256 \gset
SET ROLE regress_sqm_one;
SELECT count(*) FROM sq2pg_migrate(:'db', 'h', include => ARRAY['customer', 'log', 'a'], names => 'lower');
SELECT max(run) AS mine FROM sq2pg.runs \gset
SELECT :mine > :before AS newer;
SELECT role_name, finished >= started AS in_order, source = :'db' AS same_source, target_schema,
       source_facts->>'wal_mode' AS wal, (source_facts->>'size')::int > 0 AS has_size,
       versions->>'postgresql' = version() AS postgresql, versions->>'extension' = sq2pg_version() AS extension
  FROM sq2pg.runs WHERE run = :mine;
SELECT p.key, p.value FROM sq2pg.runs, jsonb_each(parameters) AS p WHERE run = :mine ORDER BY p.key COLLATE "C";
SELECT t->>'table_name' AS table_name, t->>'action' AS action, t->>'loaded' AS loaded, t->>'next_id' AS next_id, t->>'verified' AS verified
  FROM sq2pg.runs, jsonb_array_elements(tables) AS t WHERE run = :mine;
SELECT n->>'severity' AS severity, n->>'code' AS code, n->>'message' AS message
  FROM sq2pg.runs, jsonb_array_elements(notes) AS n WHERE run = :mine;
SELECT key FROM jsonb_object_keys(sq2pg_report(:mine)) AS key ORDER BY key COLLATE "C";
SELECT sq2pg_report(:mine)->>'target_schema' AS target_schema;
-- what a run hands over of its digests is part of the report
BEGIN;
SELECT sq2pg.record_run(jsonb_build_object('source', :'db', 'target_schema', 'h'), '{}', '{}',
                        '{"log": {"rows": 4, "digest": "00112233445566778899aabbccddeeff"}}') AS other \gset
SELECT sq2pg_report(:other)->'digests' AS digests, sq2pg_report(:other)->'source_facts'->>'sha256' = :'sha256' AS same_hash;
ROLLBACK;
SELECT sq2pg_report(-1) IS NULL AS none;
-- history is not to be changed, only added to
UPDATE sq2pg.runs SET role_name = 'x';
DELETE FROM sq2pg.runs;
TRUNCATE sq2pg.runs;
INSERT INTO sq2pg.runs (role_name, source, target_schema, source_facts, versions, parameters, tables, notes)
VALUES ('regress_sqm_two', '', '', '{}', '{}', '{}', '{}', '{}');
RESET ROLE;

-- another role sees nothing of it
SET ROLE regress_sqm_two;
SELECT count(*) FROM sq2pg.runs WHERE run = :mine;
SELECT sq2pg_report(:mine) IS NULL AS none;
SELECT count(*) FROM sq2pg_migrate(:'db', 'h2', mode => 'create', include => ARRAY['log']);
SELECT role_name, target_schema FROM sq2pg.runs;
RESET ROLE;
-- the superuser sees all; a rehearsal counts, a failed or rolled back run does not
SELECT count(*) FROM sq2pg.runs WHERE run > :before;
\set VERBOSITY terse
SELECT count(*) FROM sq2pg_migrate(:'db', 'h2', mode => 'create', include => ARRAY['log']);
SELECT count(*) FROM sq2pg_migrate(:'db', 'h2', include => ARRAY['a'], dry_run => true);
BEGIN;
SELECT count(*) FROM sq2pg_migrate(:'db', 'h2', include => ARRAY['a']);
ROLLBACK;
SELECT count(*) FROM sq2pg.runs WHERE run > :before;
-- progress is empty where nothing runs
SELECT count(*) FROM sq2pg.progress;
DROP SCHEMA h, h2 CASCADE;
DROP ROLE regress_sqm_one, regress_sqm_two;
