-- the loader and what only a statement does right
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/load.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA ls;
SET search_path = ls, pg_catalog;
CREATE FUNCTION load(source text, text, text[], regclass, target_columns text[] DEFAULT NULL, policy text DEFAULT 'error',
                     on_conflict text DEFAULT 'error', key text[] DEFAULT NULL, OUT way text, OUT read bigint, OUT loaded bigint, OUT misfits text) LANGUAGE sql AS $$
    SELECT way, source_rows, loaded, jsonb_path_query_array(misfits, '$[*].column')::text
      FROM sq2pg.load_table($1, $2, $3, $4, coalesce($5, $3), 'UTC', false, policy, 'table', on_conflict, key)
$$;
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, what text);

-- partitions, columns in another order
CREATE TABLE many (t text, half int GENERATED ALWAYS AS (id / 2) STORED, id int, d text DEFAULT 'd') PARTITION BY RANGE (id);
CREATE TABLE many_1 PARTITION OF many FOR VALUES FROM (0) TO (1000);
CREATE TABLE many_2 (id int, gone int, half int GENERATED ALWAYS AS (id / 2) STORED, d text, t text);
ALTER TABLE many_2 DROP COLUMN gone;
ALTER TABLE many ATTACH PARTITION many_2 FOR VALUES FROM (1000) TO (2501);
SELECT * FROM load(:'db', 'many', '{id,t}', 'many');
SELECT tableoid::regclass, count(*), bool_and(t = 'row ' || id AND half = id / 2) FROM many GROUP BY 1 ORDER BY 1;
TRUNCATE many;
-- a row that no partition takes, and one that is not of this one
ALTER TABLE many DETACH PARTITION many_2;
SELECT * FROM load(:'db', 'many', '{id,t}', 'many');
SELECT * FROM load(:'db', 'many', '{id,t}', 'many_1');
SELECT count(*) FROM many;

-- views: simple ones, and those that have a trigger
CREATE TABLE word (w text COLLATE "C" PRIMARY KEY, n int DEFAULT 7, id int GENERATED ALWAYS AS IDENTITY);
CREATE VIEW "the ""words""" AS SELECT id AS number, w AS "a word" FROM word WHERE id < 9 WITH CHECK OPTION;
SELECT * FROM load(:'db', 'word', '{w,n}', '"the ""words"""', '{"a word",number}');
TABLE word;
SELECT * FROM load(:'db', 'many', '{id,t}', '"the ""words"""', '{number,"a word"}');
CREATE VIEW loud AS SELECT upper(w) AS w FROM word;
SELECT * FROM load(:'db', 'word', '{w}', 'loud');
CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.w = 'b' THEN RETURN NULL; END IF;
    INSERT INTO log (what) VALUES ('instead of ' || NEW.w);
    RETURN NEW;
END $$;
CREATE TRIGGER t INSTEAD OF INSERT ON loud FOR EACH ROW EXECUTE FUNCTION instead();
SELECT * FROM load(:'db', 'word', '{w}', 'loud');
SELECT what FROM log ORDER BY n;

-- rules
CREATE TABLE ruled (id int);
CREATE RULE also AS ON INSERT TO ruled DO ALSO INSERT INTO log (what) VALUES ('also ' || NEW.id);
SELECT * FROM load(:'db', 'node', '{id}', 'ruled');
CREATE RULE nothing AS ON INSERT TO ruled DO INSTEAD NOTHING;
SELECT * FROM load(:'db', 'node', '{id}', 'ruled');
SELECT (SELECT count(*) FROM ruled) AS ruled, (SELECT count(*) FROM log WHERE what LIKE 'also%') AS also;

-- row security
CREATE ROLE sqm_ls;
GRANT pg_read_server_files TO sqm_ls;
GRANT USAGE ON SCHEMA ls TO sqm_ls;
CREATE TABLE secured (id int PRIMARY KEY, label text);
GRANT INSERT, SELECT ON secured TO sqm_ls;
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON secured WITH CHECK (id <> 3);
SELECT * FROM load(:'db', 'word', '{n}', 'secured', '{id}');
TRUNCATE secured;
SET ROLE sqm_ls;
SELECT * FROM load(:'db', 'word', '{n}', 'secured', '{id}');
SELECT * FROM load(:'db', 'word', '{n}', 'ruled', '{id}');
RESET ROLE;
CREATE POLICY q ON secured WITH CHECK (true);
SET ROLE sqm_ls;
SELECT * FROM load(:'db', 'word', '{n}', 'secured', '{id}');
RESET ROLE;

-- transition tables: one statement; the search path is the caller's
CREATE TABLE node (id int PRIMARY KEY, parent int REFERENCES node, label text, weight real);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (what) SELECT 'new: ' || string_agg(id::text, ' ' ORDER BY id) FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER t AFTER INSERT ON node REFERENCING NEW TABLE AS added EXECUTE FUNCTION note();
TRUNCATE log;
SELECT * FROM load(:'db', 'node', '{id,parent,label,weight}', 'node');
-- a value that does not fit: nothing fires
SELECT * FROM load(:'db', 'person', '{id,age,name}', 'node', '{id,parent,label}');
SELECT what FROM log ORDER BY n;

-- foreign tables: ours is read-only
CREATE SERVER sqm_ls FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
CREATE FOREIGN TABLE far (id int) SERVER sqm_ls OPTIONS (table 'node');
SELECT * FROM load(:'db', 'node', '{id}', 'far');
DROP SERVER sqm_ls CASCADE;
DROP SCHEMA ls CASCADE;
REVOKE pg_read_server_files FROM sqm_ls;
DROP ROLE sqm_ls;
