-- the loader and many rows: what is one statement to triggers, and what is not
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/load.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA lb;
SET search_path = lb, pg_catalog;
CREATE FUNCTION load(source text, target regclass, on_conflict text DEFAULT 'error', OUT way text, OUT read bigint, OUT loaded bigint) LANGUAGE sql AS $$
    SELECT split_part(way, ',', 1), source_rows, loaded
      FROM sq2pg.load_table(source, 'chain', '{id,next}', target, '{id,next}', 'UTC', false, 'error', 'table', on_conflict, '{id}')
$$;
CREATE TABLE log (what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO log SELECT concat_ws('' '', $1, count(*)) FROM %I', TG_TABLE_NAME)
      USING concat_ws(' ', TG_WHEN, TG_LEVEL, CASE TG_LEVEL WHEN 'ROW' THEN NEW.id END);
    RETURN NULL;
END $$;

-- to the triggers of rows, 100,000 are a statement; to those of statements, all
CREATE TABLE chain (id int PRIMARY KEY, next int);
CREATE TRIGGER s BEFORE INSERT ON chain EXECUTE FUNCTION note();
CREATE TRIGGER t AFTER INSERT ON chain EXECUTE FUNCTION note();
CREATE TRIGGER r AFTER INSERT ON chain FOR EACH ROW WHEN (NEW.id IN (1, 100001)) EXECUTE FUNCTION note();
SELECT * FROM load(:'db', 'chain');
SELECT what FROM log;
SELECT count(*), sum(id), sum(next) FROM chain;

-- a foreign key to itself wants all rows in one
CREATE TABLE self (id int PRIMARY KEY, next int REFERENCES self);
SELECT * FROM load(:'db', 'self');
ALTER TABLE self ADD UNIQUE (id, next);
TRUNCATE self;
SELECT * FROM load(:'db', 'self', 'skip');
SELECT count(*) FROM self;
-- so do a partition's to its table, and a partitioned table's
CREATE TABLE root (id int PRIMARY KEY, next int REFERENCES root) PARTITION BY RANGE (id);
CREATE TABLE leaf PARTITION OF root FOR VALUES FROM (0) TO (200000);
SELECT * FROM load(:'db', 'leaf');
TRUNCATE root;
SELECT * FROM load(:'db', 'root');
SELECT count(*) FROM leaf;

-- a statement, for every 100,000 and for all
TRUNCATE log;
CREATE TABLE parts (id int, next int) PARTITION BY RANGE (id);
CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (200000);
CREATE TRIGGER r AFTER INSERT ON part FOR EACH ROW WHEN (NEW.id IN (1, 100001)) EXECUTE FUNCTION note();
SELECT * FROM load(:'db', 'parts');
SELECT what FROM log;
TRUNCATE log, parts;
CREATE TRIGGER t AFTER INSERT ON parts EXECUTE FUNCTION note();
SELECT * FROM load(:'db', 'parts');
SELECT what FROM log;

-- a key that comes twice, far apart, does not overwrite itself in silence
CREATE TABLE twice (k int PRIMARY KEY, id int);
CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.k = 100400 THEN NEW.k := 2; END IF; RETURN NEW; END $$;
CREATE TRIGGER s BEFORE INSERT ON twice FOR EACH ROW EXECUTE FUNCTION same();
SELECT * FROM sq2pg.load_table(:'db', 'chain', '{next,id}', 'twice', '{k,id}', 'UTC', false, 'reject', 'table', 'update', '{k}');
DROP SCHEMA lb CASCADE;
