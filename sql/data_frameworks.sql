-- existing tables as frameworks make them
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/data_frameworks.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA f;
CREATE SCHEMA f_seq;
SET search_path = f;
CREATE FUNCTION f.migrate(source text, include text[], existing text DEFAULT 'error', on_orphan text DEFAULT 'error', on_bad_value text DEFAULT 'error',
                          types jsonb DEFAULT NULL, empty_as_null boolean DEFAULT false, dry_run boolean DEFAULT false)
    RETURNS TABLE (table_name text, action text, loaded bigint, rejected bigint, changed bigint, next_id bigint, verified boolean) LANGUAGE sql AS $$
    SELECT table_name, action, loaded, rejected, changed, next_id, verified
      FROM sq2pg_migrate(source, 'f', 'data', include => include, existing => existing, on_orphan => on_orphan, on_bad_value => on_bad_value,
                         types => types, empty_as_null => empty_as_null, dry_run => dry_run) WHERE action <> 'total'
$$;

-- book-keeping that only a look at the columns can tell, or that SQLite alone has
CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
INSERT INTO schema_migrations VALUES (2, false);
CREATE TABLE billing_revision (version_num varchar(32) PRIMARY KEY);
INSERT INTO billing_revision VALUES ('bbbb');
SELECT severity, code, message FROM sq2pg_check(:'db', 'f', 'data', include => '{schema_migration?,__EFMigrationsLoc?,billing_revisio?,_litestream_se?}')
 WHERE code <> 'estimate';
SELECT * FROM migrate(:'db', '{schema_migration?,__EFMigrationsLoc?,billing_revisio?,_litestream_se?}', 'truncate');
SELECT version, (SELECT version_num FROM billing_revision) FROM schema_migrations;

-- Django
CREATE TABLE shop_item (id uuid PRIMARY KEY, price numeric(10,2) NOT NULL, data jsonb NOT NULL, lasts interval NOT NULL,
                        parent_id uuid REFERENCES shop_item DEFERRABLE INITIALLY DEFERRED);
SELECT severity, code, message, hint FROM sq2pg_check(:'db', 'f', 'data', include => '{shop_item}') WHERE severity <> 'note';
SELECT * FROM migrate(:'db', '{shop_item}', types => '{"shop_item.lasts": "interval USING lasts * interval ''1 microsecond''"}');
TABLE shop_item ORDER BY id;
-- the same once more has nothing to do; another expression would give something else
SELECT * FROM migrate(:'db', '{shop_item}', types => '{"shop_item.lasts": "interval USING lasts * interval ''1 microsecond''"}');
SELECT * FROM migrate(:'db', '{shop_item}', types => '{"shop_item.lasts": "interval USING lasts * interval ''1 millisecond''"}');
SELECT count(*) FROM pg_foreign_server WHERE srvname = sq2pg.staging_name();
SELECT count(*) FROM sq2pg_check(:'db', 'f', 'data', include => '{shop_item}', existing => 'truncate',
                                 types => '{"shop_item.lasts": "interval USING lasts * interval ''1 microsecond''"}') WHERE code = 'interval_unit';

-- EF Core
CREATE TABLE "Jobs" ("Id" uuid PRIMARY KEY, "At" timestamptz NOT NULL, "index" interval);
SELECT * FROM migrate(:'db', '{Jobs}');
SELECT count(*) FROM "Jobs";
SELECT code, occurrences, hint FROM sq2pg_check(:'db', 'f', 'data', include => '{Jobs}') WHERE severity = 'error';
-- that is a statement, which knows no policies
SELECT * FROM migrate(:'db', '{Jobs}', types => '{"Jobs.index": "interval USING regexp_replace(index, ''^(-?)(\\d+)\\.'', ''\\1\\2 days \\1'')"}', on_bad_value => 'repair');
SELECT * FROM migrate(:'db', '{Jobs}', types => '{"Jobs.At": "timestamptz USING \"At\"::timestamptz",
       "Jobs.index": "interval USING regexp_replace(index, ''^(-?)(\\d+)\\.'', ''\\1\\2 days \\1'')"}');
SELECT "Id", extract(epoch FROM "At") AS at, extract(epoch FROM "index") AS seconds FROM "Jobs" ORDER BY "Id";

-- Prisma
CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');
CREATE TABLE "User" ("id" text PRIMARY KEY, "email" text NOT NULL UNIQUE, "role" "Role" NOT NULL DEFAULT 'USER', "createdAt" timestamp(3) NOT NULL DEFAULT now(),
                     "isActive" boolean NOT NULL, "order" int, "tags" "Role"[]);
SELECT * FROM migrate(:'db', '{User}');
SELECT * FROM "User" ORDER BY id;
SELECT * FROM migrate(:'db', '{User}');

-- a cycle of three whose keys may be neither deferred nor NULL, and one to itself
CREATE TABLE ca (id int PRIMARY KEY, b_id int NOT NULL, self_id int REFERENCES ca);
CREATE TABLE cb (id int PRIMARY KEY, c_id int NOT NULL);
CREATE TABLE cc (id int PRIMARY KEY, a_id int NOT NULL REFERENCES ca);
ALTER TABLE ca ADD FOREIGN KEY (b_id) REFERENCES cb;
ALTER TABLE cb ADD FOREIGN KEY (c_id) REFERENCES cc;
CREATE TEMPORARY TABLE keys AS SELECT k.oid, k::text AS k FROM pg_constraint AS k WHERE connamespace = 'f'::regnamespace;
SELECT table_name, loaded, verified FROM migrate(:'db', '{c?}', dry_run => true);
SELECT (SELECT count(*) FROM ca) AS rows, count(*) AS changed FROM pg_constraint AS k JOIN keys USING (oid) WHERE k::text <> keys.k;
SELECT table_name, loaded, verified FROM migrate(:'db', '{c?}');
SELECT count(*) AS changed FROM pg_constraint AS k JOIN keys USING (oid) WHERE k::text <> keys.k;
INSERT INTO cb VALUES (3, 9);
SELECT table_name, action FROM migrate(:'db', '{ca}');

-- sequences that no column owns: of a domain, in another schema, named as text, or drawn from by the application
CREATE DOMAIN number AS bigint CHECK (VALUE > 0);
CREATE DOMAIN id AS number;
CREATE SEQUENCE f_seq.dom;
CREATE TABLE seq_dom (id id DEFAULT nextval('f_seq.dom') PRIMARY KEY);
CREATE SEQUENCE "by Text";
CREATE TABLE seq_text (id int DEFAULT nextval('"by Text"'::text) PRIMARY KEY);
CREATE SEQUENCE seq_app_id_seq;
CREATE TABLE seq_app (id int PRIMARY KEY);
CREATE SEQUENCE "seq_jpa_SEQ" INCREMENT 50;
CREATE TABLE seq_jpa (id bigint PRIMARY KEY);
SELECT severity, code, message FROM sq2pg_check(:'db', 'f', 'data', include => '{seq_*}') WHERE severity <> 'note';
SELECT statement FROM sq2pg_plan(:'db', 'f', 'data', include => '{seq_*}') WHERE phase = 'sequence';
SELECT table_name, next_id, verified FROM migrate(:'db', '{seq_*}', dry_run => true);
SELECT d.last_value, t.last_value, a.last_value, j.last_value FROM f_seq.dom AS d, "by Text" AS t, seq_app_id_seq AS a, "seq_jpa_SEQ" AS j;
SELECT table_name, next_id, verified FROM migrate(:'db', '{seq_*}');
SELECT nextval('f_seq.dom'), nextval('"by Text"'), nextval('seq_app_id_seq'), nextval('"seq_jpa_SEQ"');
SELECT setval('seq_app_id_seq', 7);
SELECT table_name, detail FROM sq2pg_verify(:'db', 'f', include => '{seq_*}') WHERE NOT matches;
SELECT * FROM sq2pg_reset_sequences('f') WHERE table_name = 'seq_app';
-- one that another column draws from is that column's
CREATE TABLE seq_else (n int DEFAULT nextval('seq_app_id_seq'));
SELECT code, column_name FROM sq2pg_check(:'db', 'f', 'data', include => '{seq_app}') WHERE severity = 'warning';

-- a second run changes nothing, whatever became of the orphans
CREATE TABLE parent (id int PRIMARY KEY, v text);
CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent, v text);
CREATE TABLE grandchild (id int PRIMARY KEY, child_id int NOT NULL REFERENCES child, v text);
SELECT table_name, action, loaded, rejected, changed FROM migrate(:'db', '{parent,*child}', on_orphan => 'null');
SELECT table_name, action, loaded, rejected, changed FROM migrate(:'db', '{parent,*child}', on_orphan => 'null');
SELECT id, parent_id FROM child ORDER BY id;
SELECT * FROM migrate(:'db', '{parent,*child}', on_orphan => 'reject');
SELECT table_name, action, loaded, rejected, changed FROM migrate(:'db', '{parent,*child}', 'truncate', on_orphan => 'reject');
SELECT table_name, action, loaded, rejected, changed, verified FROM migrate(:'db', '{parent,*child}', on_orphan => 'reject');
SELECT run - min(run) OVER () AS run, source_table, source_rowid, action FROM sq2pg.rejects WHERE relation LIKE 'f.%child' ORDER BY 1, 2, 3;
UPDATE child SET v = 'other' WHERE id = 1;
SELECT * FROM migrate(:'db', '{parent,*child}', on_orphan => 'reject');
SELECT * FROM migrate(:'db', '{parent,*child}');
SELECT v FROM child ORDER BY id;

-- what '' means has to be said
CREATE TABLE loose (id int PRIMARY KEY, amount numeric(8,2), born date, ok boolean);
SELECT column_name, sample, hint FROM sq2pg_check(:'db', 'f', 'data', include => '{loose}') WHERE severity = 'error';
SELECT column_name, sample, hint FROM sq2pg_check(:'db', 'f', 'data', include => '{loose}', empty_as_null => true) WHERE severity = 'error';
SELECT table_name, loaded, changed FROM migrate(:'db', '{loose}', on_bad_value => 'null', empty_as_null => true);
TABLE loose ORDER BY id;

-- statements for what is missing can be run as they come: keys to what is made later are last
SELECT * FROM migrate(:'db', '{a_book,b_author}');
SELECT coalesce(hint, '') AS hint FROM sq2pg_check(:'db', 'f', 'data', include => '{a_book,b_author}') WHERE severity = 'error'
\gexec
SELECT * FROM migrate(:'db', '{a_book,b_author}');
-- they have the types of what they refer to
CREATE TABLE owner (id uuid PRIMARY KEY, n smallint UNIQUE);
SELECT * FROM migrate(:'db', '{owne?,owned}');
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', 'f', 'data', include => '{owner,owned}', add_missing => true);
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'owned'::regclass AND contype = 'f' ORDER BY conname;
ALTER TABLE owned DROP COLUMN owner_id;
SELECT message, hint FROM sq2pg_check(:'db', 'f', 'data', include => '{owner,owned}') WHERE code = 'column_missing';

-- triggers write into a table of the run and into one that is none: an error and a rehearsal leave their sequences as they were
CREATE TABLE order_line (id int PRIMARY KEY, qty int);
CREATE TABLE protocol (id serial PRIMARY KEY, what text);
CREATE TABLE "Journal" (n int GENERATED ALWAYS AS IDENTITY, what text);
CREATE FUNCTION f.into_journal(text) RETURNS void LANGUAGE sql AS 'INSERT INTO f."Journal" (what) VALUES ($1)';
CREATE FUNCTION f.report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO f.protocol (what) VALUES ('insert ' || NEW.id);
    RETURN NULL;
END
$$;
CREATE FUNCTION f.report_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM f.into_journal(NEW.what); RETURN NULL; END $$;
CREATE TRIGGER report AFTER INSERT ON order_line FOR EACH ROW EXECUTE FUNCTION report();
CREATE TRIGGER report_again AFTER INSERT ON protocol FOR EACH ROW EXECUTE FUNCTION report_again();
SELECT * FROM migrate(:'db', '{order_line}', dry_run => true);
SELECT p.last_value, p.is_called, j.last_value, j.is_called FROM protocol_id_seq AS p, "Journal_n_seq" AS j;
SET client_min_messages = notice;
SELECT * FROM migrate(:'db', '{order_line,protocol}');
SET client_min_messages = warning;
SELECT p.last_value, p.is_called, j.last_value, j.is_called, (SELECT count(*) FROM "Journal") FROM protocol_id_seq AS p, "Journal_n_seq" AS j;
SELECT statement FROM sq2pg_plan(:'db', 'f', 'data', include => '{order_line}') WHERE phase = 'sequence';
SELECT table_name, loaded, next_id, verified FROM sq2pg_migrate(:'db', 'f', 'data', include => '{order_line,protocol}', triggers => 'disable') WHERE action <> 'total';
SELECT p.last_value, p.is_called, j.last_value, j.is_called, (SELECT count(*) FROM "Journal") FROM protocol_id_seq AS p, "Journal_n_seq" AS j;

-- nothing of the schema may be different after a run, whoever did it
TRUNCATE order_line;
CREATE OR REPLACE FUNCTION f.report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    ALTER SEQUENCE f.protocol_id_seq CACHE 5;
    RETURN NULL;
END
$$;
SELECT * FROM migrate(:'db', '{order_line,protocol}');
SELECT (SELECT count(*) FROM order_line) AS rows, seqcache FROM pg_sequence WHERE seqrelid = 'protocol_id_seq'::regclass;
CREATE OR REPLACE FUNCTION f.report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    COMMENT ON COLUMN f.order_line.qty IS 'loaded';
    RETURN NULL;
END
$$;
SELECT * FROM migrate(:'db', '{order_line}');
SELECT (SELECT count(*) FROM order_line) AS rows, col_description('order_line'::regclass, 2);
DROP SCHEMA f, f_seq CASCADE;
