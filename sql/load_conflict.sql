-- the loader and keys that are there already
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/load.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA lc;
SET search_path = lc, pg_catalog;
CREATE FUNCTION load(source text, text, text[], regclass, target_columns text[] DEFAULT NULL, policy text DEFAULT 'error',
                     on_conflict text DEFAULT 'error', key text[] DEFAULT NULL, OUT way text, OUT read bigint, OUT loaded bigint, OUT misfits text) LANGUAGE sql AS $$
    SELECT way, source_rows, loaded, jsonb_path_query_array(misfits, '$[*].column')::text
      FROM sq2pg.load_table($1, $2, $3, $4, coalesce($5, $3), 'UTC', false, policy, 'table', on_conflict, key)
$$;
CREATE TABLE "Key" (id int PRIMARY KEY, "La bel" text UNIQUE, weight real DEFAULT 9);
INSERT INTO "Key" VALUES (2, 'old', 0), (9, 'leaf', 0);
SELECT * FROM load(:'db', 'node', '{id,label}', '"Key"', '{id,"La bel"}');
SELECT * FROM load(:'db', 'node', '{id,label}', '"Key"', '{id,"La bel"}', on_conflict => 'skip');
SELECT * FROM "Key" ORDER BY id;
SELECT * FROM load(:'db', 'node', '{id,label}', '"Key"', '{id,"La bel"}', on_conflict => 'update', key => '{id}');
DELETE FROM "Key" WHERE id = 9;
SELECT * FROM load(:'db', 'node', '{id,label}', '"Key"', '{id,"La bel"}', on_conflict => 'update', key => '{id}');
SELECT * FROM load(:'db', 'node', '{label}', '"Key"', '{"La bel"}', on_conflict => 'update', key => '{"La bel"}');
SELECT * FROM load(:'db', 'node', '{id}', '"Key"', on_conflict => 'update', key => '{id}');
SELECT * FROM "Key" ORDER BY id;
-- twice in the source
CREATE TABLE lower (w text COLLATE "C", n int UNIQUE);
CREATE UNIQUE INDEX ON lower (lower(w));
SELECT * FROM load(:'db', 'word', '{w,n}', 'lower', on_conflict => 'skip');
TABLE lower;
SELECT * FROM load(:'db', 'node', '{label,parent}', 'lower', '{w,n}', on_conflict => 'update', key => '{n}');
SELECT * FROM load(:'db', 'word', '{w,n}', 'lower', on_conflict => 'update', key => '{w}');
SELECT * FROM load(:'db', 'word', '{w,n}', 'lower', on_conflict => 'update');
-- views and partitioned tables have keys, too
CREATE TABLE parts (id int PRIMARY KEY, label text) PARTITION BY LIST (id);
CREATE TABLE part_a PARTITION OF parts FOR VALUES IN (1, 2);
CREATE TABLE part_b PARTITION OF parts DEFAULT;
CREATE VIEW seen AS SELECT id AS "I d", label FROM parts;
INSERT INTO parts VALUES (2, 'old');
SELECT * FROM load(:'db', 'node', '{id,label}', 'seen', '{"I d",label}', on_conflict => 'skip');
SELECT * FROM load(:'db', 'node', '{id,label}', 'seen', '{"I d",label}', on_conflict => 'update', key => '{"I d"}');
SELECT tableoid::regclass, * FROM parts ORDER BY id;
-- an update needs more rights
CREATE ROLE sqm_lc;
GRANT pg_read_server_files TO sqm_lc;
GRANT USAGE ON SCHEMA lc TO sqm_lc;
GRANT INSERT, SELECT ON "Key" TO sqm_lc;
SET ROLE sqm_lc;
SELECT * FROM load(:'db', 'node', '{id,label}', '"Key"', '{id,"La bel"}', on_conflict => 'skip');
SELECT * FROM load(:'db', 'node', '{id,label}', '"Key"', '{id,"La bel"}', on_conflict => 'update', key => '{id}');
RESET ROLE;
-- only an INSERT has conflicts
SELECT * FROM sq2pg.load_table(:'db', 'node', '{id}', 'lc."Key"', '{id}', 'UTC', false, 'error', 'nothing', 'skip', NULL);
DROP SCHEMA lc CASCADE;
REVOKE pg_read_server_files FROM sqm_lc;
DROP ROLE sqm_lc;
