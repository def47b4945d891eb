-- the loader and existing ordinary tables: what an INSERT would do, happens
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/load.db'
SET client_min_messages = warning;
CREATE SCHEMA lt;
SET search_path = lt, pg_catalog;
-- source_table, source_columns, target, policy
CREATE FUNCTION load(source text, text, text[], regclass, target_columns text[] DEFAULT NULL, policy text DEFAULT 'error',
                     on_conflict text DEFAULT 'error', OUT way text, OUT read bigint, OUT loaded bigint, OUT rejected bigint, OUT misfits text) LANGUAGE sql AS $$
    SELECT way, source_rows, loaded, rejected, jsonb_path_query_array(misfits, '$[*].column')::text
      FROM sq2pg.load_table($1, $2, $3, $4, coalesce($5, $3), 'UTC', false, policy, 'table', on_conflict, NULL)
$$;
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- found by the caller's search_path only
    INSERT INTO log (what)
    SELECT concat_ws(' ', TG_WHEN, TG_LEVEL, CASE WHEN TG_LEVEL = 'ROW' THEN NEW.id::text END, 'of', count(*)) FROM node;
    RETURN CASE WHEN NEW.id = 2 AND TG_ARGV[0] = 'not 2' THEN NULL ELSE NEW END;
END $$;
CREATE FUNCTION louder() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.label := upper(NEW.label); RETURN NEW; END $$;
CREATE SEQUENCE seq;
CREATE TABLE node (
    gone   int,
    label  varchar(10) NOT NULL CHECK (label <> 'bad'),
    id     int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent int REFERENCES node,
    weight numeric(6, 2),
    heavy  boolean GENERATED ALWAYS AS (weight > 2) STORED,
    fixed  text DEFAULT 'fix',
    n      int DEFAULT nextval('seq'));
ALTER TABLE node DROP COLUMN gone;
CREATE INDEX ON node (lower(label));
-- parent 4 of 3 comes later
SELECT * FROM load(:'db', 'node', '{id,parent,label,weight}', 'node');
TABLE node;
-- a key that is there: nothing is stored, the row is named
SELECT * FROM load(:'db', 'node', '{id,parent,label,weight}', 'node');
SELECT count(*) FROM node;
SELECT id FROM node WHERE lower(label) = 'left';
TRUNCATE node;

-- triggers of all kinds
CREATE TRIGGER a BEFORE INSERT ON node EXECUTE FUNCTION note();
CREATE TRIGGER b BEFORE INSERT ON node FOR EACH ROW EXECUTE FUNCTION note('not 2');
CREATE TRIGGER c BEFORE INSERT ON node FOR EACH ROW EXECUTE FUNCTION louder();
CREATE TRIGGER d AFTER INSERT ON node FOR EACH ROW WHEN (NEW.heavy) EXECUTE FUNCTION note();
CREATE TRIGGER e AFTER INSERT ON node EXECUTE FUNCTION note();
CREATE TRIGGER f AFTER UPDATE ON node EXECUTE FUNCTION note();
SELECT * FROM load(:'db', 'node', '{id,parent,label,weight}', 'node');
SELECT id, label, heavy, fixed, n FROM node ORDER BY id;
SELECT what FROM log ORDER BY n;
TRUNCATE node, log;
ALTER TABLE node DISABLE TRIGGER USER;

-- checks, foreign keys, lengths
ALTER TABLE node ADD CHECK (id <> 3);
SELECT * FROM load(:'db', 'node', '{id,parent,label,weight}', 'node');
ALTER TABLE node DROP CONSTRAINT node_id_check;
-- parents that are missing, and that are missed no more once a value does not fit
SELECT * FROM load(:'db', 'person', '{id,age,kind}', 'node', '{id,parent,label}', policy => 'null');
SELECT * FROM load(:'db', 'person', '{id,age,kind}', 'node', '{id,parent,label}');
ALTER TABLE node ADD EXCLUDE USING btree (heavy WITH =);
SELECT * FROM load(:'db', 'node', '{id,parent,label,weight}', 'node');
SELECT count(*) FROM node;
-- a deferred foreign key and a deferred unique key
CREATE TABLE late (id int REFERENCES node DEFERRABLE INITIALLY DEFERRED, n int UNIQUE DEFERRABLE INITIALLY DEFERRED);
SELECT * FROM load(:'db', 'node', '{id}', 'late');
BEGIN;
SELECT * FROM load(:'db', 'word', '{n,n}', 'late', '{n,id}');
SELECT * FROM load(:'db', 'word', '{n}', 'late', '{n}');
SET CONSTRAINTS late_n_key IMMEDIATE;
ROLLBACK;

-- a value that does not fit: counted, nothing stored, nothing fired
CREATE TYPE kind AS ENUM ('new', 'old');
CREATE DOMAIN name AS text CHECK (VALUE <> 'Bob');
CREATE TABLE person (id int PRIMARY KEY REFERENCES node, name text, age int, kind kind, tags text[], r int DEFAULT (random() * 0)::int);
SELECT * FROM load(:'db', 'person', '{id,name,age,kind,tags}', 'person');
SELECT * FROM load(:'db', 'person', '{id,name,age}', 'person', policy => 'stop');
ALTER TABLE person DROP CONSTRAINT person_id_fkey;
SELECT * FROM load(:'db', 'person', '{id,name,age,kind,tags}', 'person', policy => 'null');
TABLE person;
TRUNCATE person;
ALTER TABLE person ALTER name TYPE name, ALTER name SET NOT NULL;
SELECT * FROM load(:'db', 'person', '{id,name,age,kind,tags}', 'person', policy => 'reject');
TABLE person;
-- nor can a generated column be loaded
SELECT * FROM load(:'db', 'person', '{id,name,age}', 'node', '{id,label,heavy}');
DROP SCHEMA lt CASCADE;
