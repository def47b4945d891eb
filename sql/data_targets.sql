-- existing targets that are not plain tables
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/cutover.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA d;
SET search_path = d;
-- "item" into a relation of any name
CREATE FUNCTION migrate(source text, target text, dry_run boolean DEFAULT false, existing text DEFAULT 'error', on_conflict text DEFAULT 'error')
    RETURNS TABLE (action text, loaded bigint, skipped bigint, verified boolean) LANGUAGE sql AS $$
    SELECT action, loaded, skipped, verified
      FROM sq2pg_migrate(source, 'd', 'data', include => '{item}', rename => jsonb_build_object('item', target), dry_run => dry_run,
                         existing => existing, on_conflict => on_conflict) WHERE action <> 'total'
$$;
CREATE FUNCTION findings(source text, target text) RETURNS TABLE (severity text, code text, occurrences bigint, sample text, message text) LANGUAGE sql AS $$
    SELECT severity, code, occurrences, sample, message FROM sq2pg_check(source, 'd', 'data', include => '{item}', rename => jsonb_build_object('item', target))
     WHERE code NOT IN ('schema_kept', 'no_identity', 'estimate')
$$;

-- partitions: by list, in turn by range, with one for the rest; columns in another order there
CREATE TABLE parted (id int, kind text, day date, qty int) PARTITION BY LIST (kind);
CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('a') PARTITION BY RANGE (day);
CREATE TABLE parted_a1 PARTITION OF parted_a FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
CREATE TABLE parted_a2 (gone int, qty int, day date, kind text, id int);
ALTER TABLE parted_a2 DROP COLUMN gone;
ALTER TABLE parted_a ATTACH PARTITION parted_a2 FOR VALUES FROM ('2024-07-01') TO ('2025-01-01');
CREATE TABLE parted_b PARTITION OF parted FOR VALUES IN ('b');
SELECT * FROM migrate(:'db', 'parted');
SELECT * FROM findings(:'db', 'parted');
SELECT count(*) FROM parted;
CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
SELECT * FROM migrate(:'db', 'parted', dry_run => true);
SELECT count(*) FROM parted;
SELECT * FROM migrate(:'db', 'parted');
SELECT tableoid::regclass, count(*), array_agg(id ORDER BY id) FROM parted GROUP BY tableoid ORDER BY tableoid::regclass::text COLLATE "C";
SELECT * FROM migrate(:'db', 'parted');
UPDATE parted SET qty = 0;
SELECT * FROM migrate(:'db', 'parted', existing => 'truncate');
SELECT table_name, matches FROM sq2pg_verify(:'db', 'd', include => '{item}', rename => '{"item": "parted"}');
-- one partition alone takes its own rows only
TRUNCATE parted;
SELECT * FROM migrate(:'db', 'parted_b');
SELECT count(*) FROM parted;
-- foreign keys to partitions
DROP TABLE parted;
CREATE TABLE parted (id int PRIMARY KEY, kind text, day date, qty int) PARTITION BY HASH (id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE other (id int PRIMARY KEY REFERENCES parted, note text, next int DEFAULT 5 REFERENCES parted);
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', 'd', 'data', include => '{item,other}', rename => '{"item": "parted"}');
ALTER TABLE other ALTER next SET DEFAULT 6;
TRUNCATE other, parted;
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', 'd', 'data', include => '{item,other}', rename => '{"item": "parted"}');
SELECT (SELECT count(*) FROM parted) AS items, (SELECT count(*) FROM other) AS others;
DROP TABLE other, parted;

-- views: updatable, with a check, with a default, not updatable
CREATE TABLE base (id int PRIMARY KEY, kind text, day date, qty int, made text DEFAULT 'base');
CREATE VIEW simple AS SELECT id AS id, kind, day, qty FROM base;
SELECT * FROM migrate(:'db', 'simple');
SELECT id, made FROM base WHERE id = 1;
SELECT * FROM migrate(:'db', 'simple');
TRUNCATE base;
CREATE VIEW checked AS SELECT id, kind, day, qty FROM base WHERE qty < 50 WITH CHECK OPTION;
SELECT * FROM migrate(:'db', 'checked');
-- what a view does not show again cannot be verified
CREATE VIEW hiding AS SELECT id, kind, day, qty FROM base WHERE qty < 50;
SELECT * FROM migrate(:'db', 'hiding');
CREATE VIEW joined AS SELECT b.id, b.kind, b.day, b.qty FROM base b JOIN base c USING (id);
SELECT * FROM migrate(:'db', 'joined');
SELECT count(*) FROM base;
SELECT * FROM migrate(:'db', 'simple', existing => 'truncate');
UPDATE base SET qty = 7;
SELECT * FROM migrate(:'db', 'simple', existing => 'truncate');
SELECT * FROM migrate(:'db', 'simple', existing => 'skip');
SELECT sum(qty) FROM base;
TRUNCATE base;
-- INSTEAD OF: what stores the rows is not switched off
CREATE VIEW instead AS SELECT id, upper(kind) AS kind, day, qty FROM base;
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO base (id, kind, day, qty) VALUES (NEW.id, NEW.kind, NEW.day, NEW.qty + TG_ARGV[0]::int);
    RETURN NEW;
END
$$;
CREATE TRIGGER keep INSTEAD OF INSERT ON instead FOR EACH ROW EXECUTE FUNCTION keep('0');
SELECT * FROM migrate(:'db', 'instead');
CREATE OR REPLACE VIEW instead AS SELECT id, kind, day, qty FROM base;
SELECT * FROM migrate(:'db', 'instead');
TRUNCATE base;
SELECT action, loaded, verified FROM sq2pg_migrate(:'db', 'd', 'data', include => '{item}', rename => '{"item": "instead"}', triggers => 'disable');
SELECT tgenabled FROM pg_trigger WHERE tgname = 'keep';
TRUNCATE base;
CREATE OR REPLACE TRIGGER keep INSTEAD OF INSERT ON instead FOR EACH ROW EXECUTE FUNCTION keep('1');
SELECT * FROM migrate(:'db', 'instead');
SELECT count(*) FROM base;
DROP TABLE base CASCADE;

-- rules: one besides, one instead
CREATE TABLE ruled (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text, day date, qty int);
CREATE TABLE copy (id int, kind text, at int DEFAULT 1);
CREATE RULE also AS ON INSERT TO ruled DO ALSO INSERT INTO copy (id, kind) VALUES (NEW.id, NEW.kind);
SELECT * FROM migrate(:'db', 'ruled');
SELECT (SELECT count(*) FROM ruled), (SELECT count(*) FROM copy), (SELECT string_agg(kind, '' ORDER BY id) FROM copy);
TRUNCATE ruled, copy;
CREATE RULE elsewhere AS ON INSERT TO ruled WHERE NEW.kind = 'a' DO INSTEAD INSERT INTO copy (id, kind) VALUES (NEW.id, NEW.kind);
SELECT * FROM migrate(:'db', 'ruled');
SELECT (SELECT count(*) FROM ruled), (SELECT count(*) FROM copy);
DROP TABLE ruled, copy;

-- unlogged, temporary in the way, materialized
CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY, kind text, day date, qty int);
CREATE TEMPORARY TABLE unlogged (id int);
SELECT * FROM migrate(:'db', 'unlogged');
SELECT (SELECT count(*) FROM unlogged) AS temporary, (SELECT count(*) FROM d.unlogged), (SELECT relpersistence FROM pg_class WHERE oid = 'd.unlogged'::regclass);
DROP TABLE pg_temp.unlogged;
CREATE MATERIALIZED VIEW stale AS TABLE unlogged;
SELECT * FROM migrate(:'db', 'stale');
SELECT * FROM findings(:'db', 'stale');
DROP TABLE unlogged CASCADE;

-- inheritance: the rows go into the parent, those of children are its rows too
CREATE TABLE family (id int PRIMARY KEY, kind text, day date, qty int);
CREATE TABLE child (extra int) INHERITS (family);
SELECT * FROM migrate(:'db', 'family');
SELECT tableoid::regclass, count(*) FROM family GROUP BY 1;
TRUNCATE family;
INSERT INTO child VALUES (7, 'x', NULL, 1, 2);
SELECT * FROM migrate(:'db', 'family');
SELECT * FROM migrate(:'db', 'family', existing => 'append');
SELECT tableoid::regclass, count(*) FROM family GROUP BY tableoid ORDER BY tableoid::regclass::text COLLATE "C";
DROP TABLE family CASCADE;

-- a foreign table: of SQLite it is read-only, and says so before anything is written
CREATE SERVER regress_sqm_target FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
CREATE FOREIGN TABLE elsewhere (id int, kind text, day text, qty int) SERVER regress_sqm_target OPTIONS ("table" 'item');
SELECT * FROM migrate(:'db', 'elsewhere');
DROP FOREIGN TABLE elsewhere;
CREATE FOREIGN TABLE elsewhere (id int, kind text OPTIONS (column_name 'note'), day text OPTIONS (column_name 'note'), qty int OPTIONS (column_name 'id'))
    SERVER regress_sqm_target OPTIONS ("table" 'other');
SELECT * FROM migrate(:'db', 'elsewhere', existing => 'append');
SELECT * FROM findings(:'db', 'elsewhere');
DROP SERVER regress_sqm_target CASCADE;

-- row level security
CREATE ROLE regress_sqm_rls;
GRANT USAGE ON SCHEMA d TO regress_sqm_rls;
GRANT pg_read_server_files TO regress_sqm_rls;
CREATE TABLE secured (id int PRIMARY KEY, kind text, day date, qty int, who name DEFAULT current_user);
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON secured TO regress_sqm_rls;
SET ROLE regress_sqm_rls;
-- no policy lets anything in
SELECT * FROM migrate(:'db', 'secured');
SELECT * FROM findings(:'db', 'secured');
RESET ROLE;
CREATE POLICY own ON secured USING (who = current_user) WITH CHECK (who = current_user AND qty <> 30);
SET ROLE regress_sqm_rls;
SELECT * FROM migrate(:'db', 'secured');
SELECT severity, code, occurrences, sample, message FROM findings(:'db', 'secured') WHERE severity = 'error';
RESET ROLE;
SELECT count(*) FROM secured;
ALTER POLICY own ON secured WITH CHECK (who = current_user);
SET ROLE regress_sqm_rls;
SELECT * FROM migrate(:'db', 'secured');
SELECT count(*) FROM secured;
SELECT * FROM migrate(:'db', 'secured');
RESET ROLE;
-- rows that are written and cannot be seen cannot be verified
TRUNCATE secured;
ALTER POLICY own ON secured USING (who = current_user AND qty <> 30);
SET ROLE regress_sqm_rls;
SELECT * FROM migrate(:'db', 'secured');
RESET ROLE;
SELECT count(*) FROM secured;
-- hidden rows of others collide
ALTER POLICY own ON secured USING (who = current_user);
INSERT INTO secured VALUES (3, 'mine', NULL, 3);
SET ROLE regress_sqm_rls;
SELECT * FROM migrate(:'db', 'secured');
RESET ROLE;
TABLE secured;
DROP TABLE secured;

-- rights on single columns
CREATE TABLE partly (id int PRIMARY KEY, kind text, day date, qty int, secret text DEFAULT 'hidden');
GRANT SELECT (id, kind, day), INSERT (id, kind, day, qty) ON partly TO regress_sqm_rls;
SET ROLE regress_sqm_rls;
SELECT * FROM migrate(:'db', 'partly');
RESET ROLE;
GRANT SELECT (qty) ON partly TO regress_sqm_rls;
SET ROLE regress_sqm_rls;
SELECT * FROM migrate(:'db', 'partly');
SELECT * FROM migrate(:'db', 'partly');
RESET ROLE;
SELECT count(*), min(secret) FROM partly;
DROP SCHEMA d CASCADE;
DROP ROLE regress_sqm_rls;
