-- existing tables: triggers do what they would do for an INSERT
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/cutover.db'
SET client_min_messages = warning;
CREATE SCHEMA d;
CREATE SCHEMA app;
SET search_path = app;
CREATE FUNCTION migrate(source text, include text[], triggers text DEFAULT 'fire', existing text DEFAULT 'error', dry_run boolean DEFAULT false,
                        verify text DEFAULT 'content', on_conflict text DEFAULT 'error')
    RETURNS TABLE (table_name text, action text, loaded bigint, skipped bigint, verified boolean) LANGUAGE sql AS $$
    SELECT table_name, action, loaded, skipped, verified
      FROM sq2pg_migrate(source, 'd', 'data', include => include, triggers => triggers, existing => existing, dry_run => dry_run,
                         verify => verify, on_conflict => on_conflict) WHERE action <> 'total'
$$;
CREATE FUNCTION states(OUT triggers text) LANGUAGE sql AS $$
    SELECT string_agg(tgrelid::regclass || '.' || tgname || ' ' || tgenabled::text, ', ' ORDER BY tgrelid::regclass::text, tgname)
      FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'd'::regnamespace) AND NOT tgisinternal
$$;
-- names that only the caller's search_path finds
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (what) SELECT concat_ws(' ', TG_NAME, TG_WHEN, TG_OP, TG_LEVEL, CASE WHEN TG_LEVEL = 'ROW' THEN NEW.id::text END);
    RETURN NEW;
END
$$;
CREATE FUNCTION transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (what) SELECT concat_ws(' ', TG_NAME, count(*), 'rows') FROM new_rows;
    RETURN NULL;
END
$$;
CREATE TABLE d.item (id int PRIMARY KEY, kind text, day date, qty int);
CREATE TRIGGER a_bs BEFORE INSERT ON d.item EXECUTE FUNCTION note();
CREATE TRIGGER b_br BEFORE INSERT ON d.item FOR EACH ROW WHEN (NEW.id = 3) EXECUTE FUNCTION note();
CREATE TRIGGER c_ar AFTER INSERT ON d.item FOR EACH ROW WHEN (NEW.id IN (2, 4)) EXECUTE FUNCTION note();
CREATE TRIGGER d_as AFTER INSERT ON d.item EXECUTE FUNCTION note();
CREATE TRIGGER e_new AFTER INSERT ON d.item REFERENCING NEW TABLE AS new_rows EXECUTE FUNCTION transition();
CREATE TRIGGER f_update AFTER UPDATE OR DELETE ON d.item EXECUTE FUNCTION note();
CREATE TRIGGER g_empty BEFORE TRUNCATE ON d.item EXECUTE FUNCTION note();
CREATE TRIGGER h_off BEFORE INSERT ON d.item FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER i_always AFTER INSERT ON d.item FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION note();
CREATE TRIGGER j_replica AFTER INSERT ON d.item FOR EACH ROW EXECUTE FUNCTION note();
CREATE CONSTRAINT TRIGGER k_late AFTER INSERT ON d.item DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id = 5) EXECUTE FUNCTION note();
ALTER TABLE d.item DISABLE TRIGGER h_off, ENABLE ALWAYS TRIGGER i_always, ENABLE REPLICA TRIGGER j_replica;
SELECT * FROM migrate(:'db', '{item}');
SELECT what FROM log ORDER BY n;
-- the same as an INSERT of these rows, once more
CREATE TABLE expected AS SELECT what FROM log ORDER BY n;
CREATE TABLE copy AS TABLE d.item;
TRUNCATE d.item, log;
INSERT INTO d.item SELECT * FROM copy ORDER BY id;
SELECT (SELECT array_agg(what ORDER BY n) FROM log) = (SELECT array_agg(what) FROM expected) AS same;
-- a rehearsal leaves nothing of what they did; TRUNCATE has triggers, too
UPDATE d.item SET qty = 0;
TRUNCATE log;
SELECT * FROM migrate(:'db', '{item}', existing => 'truncate', dry_run => true);
SELECT count(*) FROM log;
SELECT * FROM migrate(:'db', '{item}', existing => 'truncate');
SELECT what FROM log WHERE what LIKE 'g_%';

-- switched off, and each back to what it was
SELECT * FROM states();
TRUNCATE d.item, log;
SELECT * FROM migrate(:'db', '{item}', triggers => 'disable');
SELECT count(*) FROM log;
SELECT * FROM states();
TRUNCATE d.item, log;
SELECT * FROM migrate(:'db', '{item}', triggers => 'disable', dry_run => true);
ALTER TABLE d.item ADD CHECK (qty < 50);
\set SHOW_CONTEXT never
SELECT * FROM migrate(:'db', '{item}', triggers => 'disable');
SELECT *, (SELECT count(*) FROM d.item) AS rows, (SELECT count(*) FROM log) AS fired FROM states();
ALTER TABLE d.item DROP CONSTRAINT item_qty_check;
-- only the owner may
CREATE ROLE regress_sqm_triggers;
GRANT pg_read_server_files TO regress_sqm_triggers;
GRANT USAGE ON SCHEMA d, app TO regress_sqm_triggers;
GRANT ALL ON d.item, log TO regress_sqm_triggers;
SET ROLE regress_sqm_triggers;
SELECT * FROM migrate(:'db', '{item}', triggers => 'disable');
RESET ROLE;
DROP TABLE d.item;

-- one that rewrites what was loaded, one that leaves rows out
CREATE FUNCTION louder() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.kind := upper(NEW.kind); RETURN NEW; END $$;
CREATE FUNCTION leave_out() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.id <> 2 THEN NEW END; END $$;
CREATE TABLE d.item (id int PRIMARY KEY, kind text, day date, qty int);
CREATE TABLE d.other (id int PRIMARY KEY, note text);
CREATE TRIGGER "Loud ""one""" BEFORE INSERT ON d.item FOR EACH ROW EXECUTE FUNCTION louder();
SELECT * FROM migrate(:'db', '{item,other}');
SELECT (SELECT count(*) FROM d.item) AS items, (SELECT count(*) FROM d.other) AS others;
SELECT severity, code, message FROM sq2pg_check(:'db', 'd', 'data', include => '{item}') WHERE code = 'triggers_fire';
-- wanted: counts are compared
SELECT * FROM migrate(:'db', '{item}', verify => 'counts');
SELECT string_agg(kind, '' ORDER BY id) FROM d.item;
TRUNCATE d.item;
SELECT * FROM migrate(:'db', '{item}', triggers => 'disable');
SELECT string_agg(kind, '' ORDER BY id) FROM d.item;
DROP TRIGGER "Loud ""one""" ON d.item;
CREATE TRIGGER out BEFORE INSERT ON d.other FOR EACH ROW EXECUTE FUNCTION leave_out();
SELECT * FROM migrate(:'db', '{other}');
SELECT * FROM migrate(:'db', '{other}', verify => 'counts');
SELECT * FROM migrate(:'db', '{other}', verify => 'none');
TABLE d.other;
TRUNCATE d.other;
-- one that writes into another target after that was loaded
DROP TRIGGER out ON d.other;
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE d.item SET qty = 0 WHERE id = NEW.id; RETURN NULL; END $$;
CREATE TRIGGER meddle AFTER INSERT ON d.other FOR EACH ROW EXECUTE FUNCTION meddle();
TRUNCATE d.item, d.other;
SELECT * FROM migrate(:'db', '{item,other}');
SELECT (SELECT count(*) FROM d.item) AS items, (SELECT count(*) FROM d.other) AS others;
DROP TRIGGER meddle ON d.other;
-- a deferred one speaks before the verdict
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON d.other INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION meddle();
SELECT * FROM migrate(:'db', '{item,other}');
SELECT (SELECT count(*) FROM d.item) AS items, (SELECT count(*) FROM d.other) AS others;
DROP TRIGGER late ON d.other;

-- errors are theirs, with the row that they were about
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'not %', NEW.note USING ERRCODE = TG_ARGV[0], DETAIL = 'the detail', HINT = 'the hint';
END
$$;
\set SHOW_CONTEXT errors
CREATE TRIGGER fail BEFORE INSERT ON d.other FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION fail('P0001');
SELECT * FROM sq2pg_migrate(:'db', 'd', 'data', include => '{item,other}');
DROP TRIGGER fail ON d.other;
-- those of the classes that constraints have are not taken for one
CREATE TRIGGER fail AFTER INSERT ON d.other FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION fail('23514');
SELECT * FROM sq2pg_migrate(:'db', 'd', 'data', include => '{item,other}');
DROP TRIGGER fail ON d.other;
CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON d.other INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION fail('P0001');
\set SHOW_CONTEXT never
SELECT * FROM migrate(:'db', '{item,other}');
SELECT (SELECT count(*) FROM d.item) AS items, (SELECT count(*) FROM d.other) AS others;
DROP TRIGGER fail ON d.other;

-- partitions: triggers of the parent and of a part, each state kept
CREATE TABLE d.parted (id int, kind text, day date, qty int) PARTITION BY LIST (kind);
CREATE TABLE d.parted_a PARTITION OF d.parted FOR VALUES IN ('a');
CREATE TABLE d.parted_rest PARTITION OF d.parted DEFAULT;
CREATE TRIGGER up AFTER INSERT ON d.parted FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER own AFTER INSERT ON d.parted_a FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER always AFTER INSERT ON d.parted_a FOR EACH ROW EXECUTE FUNCTION note();
ALTER TABLE d.parted_a DISABLE TRIGGER up, ENABLE ALWAYS TRIGGER always;
TRUNCATE log;
SELECT * FROM states();
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', 'd', 'data', include => '{item}', rename => '{"item": "parted"}', triggers => 'disable') WHERE loaded > 0;
SELECT count(*) FROM log;
SELECT * FROM states();
TRUNCATE d.parted;
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', 'd', 'data', include => '{item}', rename => '{"item": "parted"}') WHERE loaded > 0;
SELECT what FROM log ORDER BY what;
DROP SCHEMA d, app CASCADE;
DROP ROLE regress_sqm_triggers;
