-- sq2pg_sync into tables that somebody else made
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set old :srcdir '/test/fixtures/sync.db'
\set new :srcdir '/test/fixtures/sync_new.db'
SET client_min_messages = warning;
CREATE FUNCTION filled(db text, tables text[]) RETURNS bigint LANGUAGE sql AS
    $$ SELECT loaded FROM sq2pg_migrate(db, 's', mode => 'data', include => tables) WHERE table_name IS NULL $$;
-- columns and tables that the source does not have
CREATE SCHEMA s;
CREATE TABLE s.list (name varchar(20), id serial PRIMARY KEY, place smallint NOT NULL UNIQUE, seen text DEFAULT 'no',
                     shout text GENERATED ALWAYS AS (upper(name)) STORED, line bigint GENERATED ALWAYS AS IDENTITY);
CREATE TABLE s.entry (id int PRIMARY KEY, list int NOT NULL REFERENCES s.list);
CREATE TABLE s.other (list int REFERENCES s.list);
SELECT filled(:'old', '{list,entry}');
UPDATE s.list SET seen = 'yes ' || id;
INSERT INTO s.other VALUES (1), (2);
SELECT * FROM sq2pg_sync(:'new', 's', include => '{list,entry}');
SELECT * FROM s.list ORDER BY id;
SELECT * FROM s.other;
SELECT nextval('s.list_id_seq');
-- a row that a table of somebody else's needs cannot go
INSERT INTO s.other VALUES (5);
SELECT * FROM sq2pg_sync(:'old', 's', include => '{list,entry}');
-- ON DELETE: where the order of a sync takes no such row, nothing acts
CREATE TABLE s.log (id bigint GENERATED ALWAYS AS IDENTITY, what text);
CREATE FUNCTION s.log() RETURNS trigger LANGUAGE plpgsql SET search_path = s, pg_catalog AS
    $$ BEGIN INSERT INTO log (what) VALUES (format('%s %s %s', TG_OP, TG_TABLE_NAME, coalesce(NEW.id, OLD.id))); RETURN NULL; END $$;
CREATE TABLE s.box (id int PRIMARY KEY, label text UNIQUE);
CREATE TABLE s.thing (id int PRIMARY KEY, box int REFERENCES s.box ON DELETE CASCADE, name text, kept text DEFAULT 'default');
CREATE TABLE s.note (id int PRIMARY KEY, box int REFERENCES s.box ON DELETE SET NULL, text text);
CREATE TRIGGER log AFTER INSERT OR UPDATE OR DELETE ON s.box FOR EACH ROW EXECUTE FUNCTION s.log();
CREATE TRIGGER log AFTER INSERT OR UPDATE OR DELETE ON s.thing FOR EACH ROW EXECUTE FUNCTION s.log();
CREATE TRIGGER log AFTER INSERT OR UPDATE OR DELETE ON s.note FOR EACH ROW EXECUTE FUNCTION s.log();
SELECT filled(:'old', '{box,thing,note}');
UPDATE s.thing SET kept = 'kept';
TRUNCATE s.log;
SELECT * FROM sq2pg_sync(:'new', 's', include => '{box,thing,note}');
SELECT string_agg(what, ', ' ORDER BY what COLLATE "C") FROM s.log;
SELECT * FROM s.thing ORDER BY id;
-- without the children in the run the foreign keys do what they are for
INSERT INTO s.thing VALUES (9, 4, 'of nobody''s');
SELECT * FROM sq2pg_sync(:'old', 's', include => '{box}');
SELECT * FROM s.thing ORDER BY id;
-- values that change places among rows that others hang on with ON DELETE CASCADE
DROP TABLE s.other, s.entry;
TRUNCATE s.list, s.log;
CREATE TABLE s.entry (id int PRIMARY KEY, list int NOT NULL REFERENCES s.list ON DELETE CASCADE);
SELECT filled(:'old', '{list,entry}');
UPDATE s.list SET seen = 'yes ' || id;
SELECT * FROM sq2pg_sync(:'new', 's', include => '{list,entry}');
SELECT id, place, name, seen, line FROM s.list ORDER BY id;
SELECT * FROM s.entry ORDER BY id;
ALTER TABLE s.entry ADD precious text;
SELECT * FROM sq2pg_sync(:'old', 's', include => '{list,entry}');
ALTER TABLE s.entry DROP precious;
CREATE TABLE s.other (entry int REFERENCES s.entry ON DELETE SET NULL);
SELECT * FROM sq2pg_sync(:'old', 's', include => '{list,entry}');
DROP TABLE s.other, s.entry;
-- a deferrable constraint needs no other way
ALTER TABLE s.list DROP CONSTRAINT list_place_key, ADD UNIQUE (place) DEFERRABLE;
CREATE TRIGGER log AFTER INSERT OR UPDATE OR DELETE ON s.list FOR EACH ROW EXECUTE FUNCTION s.log();
SELECT * FROM sq2pg_sync(:'old', 's', include => '{list}');
SELECT string_agg(what, ', ' ORDER BY what COLLATE "C") FROM s.log;
-- triggers that change what is written
TRUNCATE s.log;
CREATE FUNCTION s.meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := NEW.name || '!'; RETURN NEW; END $$;
CREATE TRIGGER meddle BEFORE UPDATE ON s.list FOR EACH ROW EXECUTE FUNCTION s.meddle();
SELECT * FROM sq2pg_sync(:'new', 's', include => '{list}');
SELECT (SELECT string_agg(concat_ws(' ', id, place, name), ', ' ORDER BY id) FROM s.list) AS list, count(*) AS logged FROM s.log;
DROP TRIGGER meddle ON s.list;
-- one that changes another table of the run: made good again
CREATE FUNCTION s.spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE s.nokey SET b = 'spoilt' WHERE b = 'x'; RETURN NULL; END $$;
CREATE TABLE s.nokey (a int, b text);
SELECT filled(:'new', '{nokey}');
CREATE TRIGGER spoil AFTER UPDATE ON s.list FOR EACH STATEMENT EXECUTE FUNCTION s.spoil();
SELECT * FROM sq2pg_sync(:'new', 's', include => '{list,nokey}');
SELECT * FROM s.nokey ORDER BY 1, 2;
-- a column of its own numbering
CREATE TABLE s.pet (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner int, name text);
SELECT filled(:'old', '{pet}');
SELECT * FROM sq2pg_sync(:'new', 's', include => '{pet}');
CREATE TABLE s.owner (mail text PRIMARY KEY, id int GENERATED ALWAYS AS IDENTITY);
SELECT filled(:'old', '{owner}');
SELECT * FROM sq2pg_sync(:'new', 's', include => '{owner}');
ALTER TABLE s.owner ALTER id SET GENERATED BY DEFAULT;
SELECT * FROM sq2pg_sync(:'new', 's', include => '{owner}');
-- partitions, between which rows move
CREATE TABLE s.pair (a text, b int, c text, PRIMARY KEY (b, a)) PARTITION BY RANGE (b);
CREATE TABLE s.pair_1 PARTITION OF s.pair FOR VALUES FROM (0) TO (2);
CREATE TABLE s.pair_2 PARTITION OF s.pair FOR VALUES FROM (2) TO (9);
SELECT filled(:'old', '{pair}');
SELECT * FROM sq2pg_sync(:'new', 's', include => '{pair}');
SELECT tableoid::regclass, * FROM s.pair ORDER BY a, b;
SET client_min_messages = error;
DROP SCHEMA s CASCADE;
DROP FUNCTION filled(text, text[]);
