-- the loader and relations that are not, or not wholly, for this role
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/load.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA lr;
SET search_path = lr, pg_catalog;
CREATE FUNCTION load(source text, text, text[], regclass, target_columns text[] DEFAULT NULL, policy text DEFAULT 'error',
                     on_conflict text DEFAULT 'error', OUT way text, OUT read bigint, OUT loaded bigint, OUT rejected bigint, OUT misfits text) LANGUAGE sql AS $$
    SELECT way, source_rows, loaded, rejected, jsonb_path_query_array(misfits, '$[*].column')::text
      FROM sq2pg.load_table($1, $2, $3, $4, coalesce($5, $3), 'UTC', false, policy, 'table', on_conflict, NULL)
$$;
CREATE TABLE node (id int PRIMARY KEY);
CREATE TABLE person (id int PRIMARY KEY, name text, age int);
CREATE SEQUENCE seq;

-- rights for the columns that are loaded, no more
CREATE ROLE sqm_lr;
GRANT USAGE ON SCHEMA lr TO sqm_lr;
GRANT pg_read_server_files TO sqm_lr;
GRANT INSERT (id, age) ON person TO sqm_lr;
SET ROLE sqm_lr;
SELECT * FROM load(:'db', 'person', '{id}', 'person');
SELECT * FROM load(:'db', 'person', '{id,name}', 'person', policy => 'reject');
RESET ROLE;
SELECT count(*) FROM person;
-- no targets at all
CREATE MATERIALIZED VIEW mat AS SELECT 1 AS id;
SELECT * FROM load(:'db', 'node', '{id}', 'mat');
SELECT * FROM load(:'db', 'node', '{id}', 'pg_class', '{oid}');
SELECT * FROM load(:'db', 'node', '{id}', 'seq', '{last_value}');
SELECT * FROM load(:'db', 'node', '{id}', 'node_pkey');
BEGIN READ ONLY;
SELECT * FROM load(:'db', 'node', '{id}', 'person');
ROLLBACK;
-- conversion only
SELECT source_rows, loaded, nulls, rejected, exceptions, way
  FROM sq2pg.load_table(:'db', 'person', '{id,name,age}', 'lr.person', '{id,name,age}', 'UTC', false, 'null', 'nothing', 'error', NULL);
DROP SCHEMA lr CASCADE;
REVOKE pg_read_server_files FROM sqm_lr;
DROP ROLE sqm_lr;
