-- the loader inside a run: the user's code finds the caller's search_path, ours does not
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/load.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA lp;
CREATE SCHEMA fresh;
SET search_path = lp, public;
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, what text);
-- each finds the next function by the search_path only
CREATE FUNCTION helper(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper(t)';
CREATE FUNCTION fn(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN helper(t); END';
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (what) VALUES (concat_ws(' ', TG_WHEN, TG_LEVEL, current_setting('search_path')));
    RETURN NEW;
END $$;
CREATE FUNCTION stray() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('search_path', 'astray', false); RETURN NULL; END $$;
CREATE TABLE word (w text CHECK (fn(w) <> 'X'), n int, d text DEFAULT fn('d'), g text GENERATED ALWAYS AS (fn(w)) STORED);
CREATE INDEX ON word (fn(w)) WHERE fn(w) <> 'B';
CREATE TABLE parts (LIKE word INCLUDING ALL) PARTITION BY LIST (w);
CREATE TABLE part PARTITION OF parts DEFAULT;
CREATE TRIGGER a BEFORE INSERT ON word EXECUTE FUNCTION note();
CREATE TRIGGER b AFTER INSERT ON word FOR EACH ROW WHEN (fn(NEW.w) = 'B') EXECUTE FUNCTION note();
CREATE TRIGGER c AFTER INSERT ON word EXECUTE FUNCTION note();
CREATE TRIGGER d AFTER INSERT ON parts EXECUTE FUNCTION note();
-- runs inside of sq2pg_migrate, where the settings are ours
CREATE FUNCTION hook() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
    target regclass;
    source text := current_setting('test.db');
BEGIN
    FOREACH target IN ARRAY ARRAY['lp.word', 'lp.parts']::regclass[] LOOP
        INSERT INTO lp.log (what)
        SELECT concat_ws(' ', way, loaded, current_setting('search_path'))
          FROM sq2pg.load_table(source, 'word', '{w,n}', target, '{w,n}', 'UTC', false, 'error', 'table', 'error', NULL);
    END LOOP;
    INSERT INTO lp.log (what)
    SELECT concat_ws(' ', 'foreseen', (target_row).d, (target_row).g, current_setting('search_path'))
      FROM sq2pg.source_rows(source, 'word', '{w,n}', '{w,n}', 'UTC', false, 'error', NULL::lp.word) WHERE row_number = 1;
END $$;
SET test.db = :'db';
CREATE EVENT TRIGGER lp ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION hook();
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', 'fresh', include => '{word}');
SELECT what FROM log ORDER BY n;
TABLE word;
SELECT count(*) FROM parts WHERE d = 'D' AND g = upper(w);
SHOW search_path;
-- a trigger that changes the session's search_path: not ours, but the session's
TRUNCATE log, word, parts;
DROP TABLE fresh.word;
CREATE TRIGGER e AFTER INSERT ON word EXECUTE FUNCTION stray();
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', 'fresh', include => '{word}');
SHOW search_path;
SELECT what FROM lp.log ORDER BY n;
DROP EVENT TRIGGER lp;
DROP SCHEMA lp, fresh CASCADE;
