-- the loader and columns that the source does not give
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/load.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA ld;
SET search_path = ld, pg_catalog;
CREATE FUNCTION load(source text, text, text[], regclass, target_columns text[] DEFAULT NULL, policy text DEFAULT 'error',
                     on_conflict text DEFAULT 'error', OUT way text, OUT read bigint, OUT loaded bigint, OUT rejected bigint, OUT misfits text) LANGUAGE sql AS $$
    SELECT way, source_rows, loaded, rejected, jsonb_path_query_array(misfits, '$[*].column')::text
      FROM sq2pg.load_table($1, $2, $3, $4, coalesce($5, $3), 'UTC', false, policy, 'table', on_conflict, NULL)
$$;
-- a default, or NULL where that may be
CREATE DOMAIN must AS int NOT NULL;
CREATE DOMAIN seven AS int DEFAULT 7 CHECK (VALUE > 0);
CREATE TABLE left_out (id int, s seven, t must DEFAULT 1, n int);
SELECT * FROM load(:'db', 'node', '{id}', 'left_out');
SELECT DISTINCT s, t, n FROM left_out;
ALTER TABLE left_out ALTER t DROP DEFAULT;
SELECT * FROM load(:'db', 'node', '{id}', 'left_out');
TRUNCATE left_out;
ALTER TABLE left_out ALTER t TYPE int, ALTER n SET NOT NULL;
SELECT * FROM load(:'db', 'node', '{id}', 'left_out');
-- more rows than a batch, a default that looks at the table
CREATE FUNCTION rows() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN count(*) FROM many; END';
CREATE TABLE many (id int PRIMARY KEY, t text, before bigint DEFAULT rows());
SELECT * FROM load(:'db', 'many', '{id,t}', 'many');
SELECT count(*), bool_and(before = id - 1), bool_and(t = 'row ' || id) FROM many;
-- one that no row needs is never asked for
CREATE TABLE asked (id int, at timestamptz DEFAULT now(), bad int DEFAULT (length(current_user::text) / (length(current_user::text) - length(current_user::text))));
SELECT * FROM load(:'db', 'node', '{id}', 'asked');
ALTER TABLE asked ALTER bad DROP DEFAULT;
BEGIN;
SELECT * FROM load(:'db', 'node', '{id}', 'asked');
SELECT count(*) FROM asked WHERE at = now();
ROLLBACK;
ALTER TABLE asked ALTER bad SET DEFAULT 1 / (length(current_user::text) - length(current_user::text));
SELECT * FROM load(:'db', 'node', '{id,parent}', 'asked', '{id,bad}');
-- identities and sequences go on
CREATE TABLE counted (k int GENERATED ALWAYS AS IDENTITY, n serial, id int, big bigint DEFAULT nextval('counted_n_seq') * 100);
SELECT * FROM load(:'db', 'node', '{id}', 'counted');
TABLE counted;
-- no column at all
CREATE TABLE nothing (n int DEFAULT 5);
SELECT * FROM load(:'db', 'node', '{}', 'nothing');
SELECT * FROM load(:'db', 'node', '{}', 'nothing', on_conflict => 'skip');
SELECT n, count(*) FROM nothing GROUP BY n;
DROP SCHEMA ld CASCADE;
