-- sq2pg_sync: what stops it, told in one error, and nothing is half done
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set db :srcdir '/test/fixtures/sync_refuse.db'
SET client_min_messages = warning;
CREATE SCHEMA s;
SET search_path = s;
CREATE TYPE state AS ENUM ('open', 'done');
CREATE TABLE fine (id int PRIMARY KEY, t text);
INSERT INTO fine VALUES (1, 'old'), (3, 'c');
CREATE TABLE misfit (id int PRIMARY KEY, n int, state state);
INSERT INTO misfit VALUES (1, 1, 'open'), (2, 2, 'done');
CREATE TABLE misfit_key (id int PRIMARY KEY, t text);
INSERT INTO misfit_key VALUES (1, 'a'), (2, 'b');
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent);
INSERT INTO parent VALUES (1), (7);
INSERT INTO child VALUES (1, 1), (2, 7);
CREATE TABLE twin (name numeric PRIMARY KEY, n int);
INSERT INTO twin VALUES (1, 1), (7, 2);
CREATE TABLE checked (id int PRIMARY KEY, n int CHECK (n > 0), t text NOT NULL);
INSERT INTO checked VALUES (1, 1, 'a'), (2, 2, 'b');
CREATE TABLE grown (id int PRIMARY KEY, t text);
CREATE TABLE alembic_version (version_num text PRIMARY KEY);
INSERT INTO alembic_version VALUES ('older');
CREATE FUNCTION state_of() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' | ', (SELECT string_agg(x::text, '' ORDER BY id) FROM fine AS x), (SELECT string_agg(x::text, '' ORDER BY id) FROM misfit AS x),
                     (SELECT string_agg(x::text, '' ORDER BY id) FROM misfit_key AS x), (SELECT string_agg(x::text, '' ORDER BY id) FROM parent AS x),
                     (SELECT string_agg(x::text, '' ORDER BY id) FROM child AS x), (SELECT string_agg(x::text, '' ORDER BY n) FROM twin AS x),
                     (SELECT string_agg(x::text, '' ORDER BY id) FROM checked AS x), (SELECT string_agg(version_num, '') FROM alembic_version),
                     (SELECT count(*) FROM pg_constraint WHERE connamespace = 's'::regnamespace AND condeferrable),
                     (SELECT count(*) FROM sq2pg.runs WHERE target_schema = 's'))
$$;
SELECT state_of() AS before \gset
-- values that the target cannot hold
SELECT * FROM sq2pg_sync(:'db', include => '{fine,misfit}');
SELECT * FROM sq2pg_sync(:'db', include => '{fine,misfit_key}');
-- rows that its constraints refuse
SELECT * FROM sq2pg_sync(:'db', include => '{fine,parent,child}');
SELECT * FROM sq2pg_sync(:'db', include => '{fine,twin}');
SELECT * FROM sq2pg_sync(:'db', include => '{fine,checked}');
SELECT * FROM sq2pg_sync(:'db', include => '{parent}');
-- a schema that has changed
SELECT * FROM sq2pg_sync(:'db', include => '{fine,grown,fresh}');
SELECT * FROM sq2pg_sync(:'db', include => '{fine,grown}');
SELECT * FROM sq2pg_sync(:'db', include => '{fine,fresh}');
ALTER TABLE grown ADD born text;
-- parameters
SELECT * FROM sq2pg_sync(:'db', include => '{grown}', types => '{"grown.born": "date"}');
SELECT * FROM sq2pg_sync(:'db', include => '{grown}', types => '{"grown.born": "text USING upper(born)"}');
SELECT * FROM sq2pg_sync(:'db', include => '{none}');
SELECT * FROM sq2pg_sync(:'db', time_zone => 'Nowhere/Land');
SELECT * FROM sq2pg_sync(NULL);
SELECT * FROM sq2pg_sync(:'db', 'nowhere');
SELECT * FROM sq2pg_sync('no/absolute/path', 's');
-- no tables
CREATE SCHEMA w;
CREATE VIEW w.fine AS SELECT * FROM fine;
SELECT * FROM sq2pg_sync(:'db', 'w', include => '{fine}');
-- sessions in which it cannot be right
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM sq2pg_sync(:'db', include => '{fine}');
ROLLBACK;
BEGIN READ ONLY;
SELECT * FROM sq2pg_sync(:'db', include => '{fine}');
ROLLBACK;
SET session_replication_role = replica;
SELECT * FROM sq2pg_sync(:'db', include => '{fine}');
RESET session_replication_role;
-- rights
CREATE ROLE regress_sync;
SET ROLE regress_sync;
SELECT * FROM sq2pg_sync(:'db', 's', include => '{fine}');
RESET ROLE;
GRANT pg_read_server_files TO regress_sync;
GRANT SELECT, INSERT ON fine, parent TO regress_sync;
SET ROLE regress_sync;
SELECT * FROM sq2pg_sync(:'db', 's', include => '{fine,parent}');
RESET ROLE;
GRANT USAGE ON SCHEMA s TO regress_sync;
GRANT SELECT, INSERT, UPDATE, DELETE ON fine TO regress_sync;
ALTER TABLE fine ENABLE ROW LEVEL SECURITY;
SET ROLE regress_sync;
SELECT * FROM sq2pg_sync(:'db', 's', include => '{fine}');
RESET ROLE;
ALTER TABLE fine DISABLE ROW LEVEL SECURITY;
SELECT state_of() = :'before' AS untouched;
-- and what is enough; the tables of migration tools are left alone
SET ROLE regress_sync;
SELECT * FROM sq2pg_sync(:'db', 's', include => '{fine,alembic_version}');
RESET ROLE;
SELECT * FROM fine ORDER BY id;
SELECT * FROM alembic_version;
SELECT count(*) FROM sq2pg.runs WHERE target_schema = 's' AND role_name = 'regress_sync';
RESET search_path;
SET client_min_messages = error;
DROP SCHEMA s, w CASCADE;
DROP OWNED BY regress_sync;
DROP ROLE regress_sync;
