-- emptying and dropping: all or nothing, and nothing of somebody else's
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set db :srcdir '/test/fixtures/data_existing.db'
SET client_min_messages = warning;
CREATE SCHEMA y;
SELECT table_name, action FROM sq2pg_migrate(:'db', 'y');
CREATE TABLE y.outside (id int PRIMARY KEY, item bigint REFERENCES y.item);
INSERT INTO y.outside VALUES (1, 2);
UPDATE y.item SET qty = 0;
-- a foreign key from outside
SELECT * FROM sq2pg_migrate(:'db', 'y', mode => 'data', existing => 'truncate');
SELECT code, message, hint FROM sq2pg_check(:'db', 'y', mode => 'data', existing => 'truncate') WHERE severity = 'error';
SELECT * FROM sq2pg_migrate(:'db', 'y', existing => 'recreate');
SELECT (SELECT count(*) FROM y.item) AS item, (SELECT count(*) FROM y.part) AS part, (SELECT count(*) FROM y.outside) AS outside,
       (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = 'y.item'::regclass) AS keys;
DROP TABLE y.outside;
-- in one statement, with what refers to each other
SELECT table_name, action, loaded, verified FROM sq2pg_migrate(:'db', 'y', mode => 'data', existing => 'truncate');
SELECT statement FROM sq2pg_plan(:'db', 'y', existing => 'recreate') WHERE statement LIKE 'DROP %' ORDER BY step;
UPDATE y.item SET qty = 0;
DELETE FROM y.part;
SELECT statement FROM sq2pg_plan(:'db', 'y', mode => 'data', existing => 'truncate') WHERE statement LIKE 'TRUNCATE %' ORDER BY step;
SELECT statement FROM sq2pg_plan(:'db', 'y', mode => 'data', existing => 'truncate', include => '{item}') WHERE statement LIKE 'TRUNCATE %';
SELECT * FROM sq2pg_migrate(:'db', 'y', mode => 'data', existing => 'truncate', include => '{item}');
SELECT table_name, action, loaded, verified FROM sq2pg_migrate(:'db', 'y', mode => 'data', existing => 'truncate');
-- a view of somebody else's
CREATE VIEW y.report AS SELECT sum(qty) AS n FROM y.item;
SELECT * FROM sq2pg_migrate(:'db', 'y', existing => 'recreate');
SELECT code, message, hint FROM sq2pg_check(:'db', 'y', existing => 'recreate') WHERE severity = 'error';
TABLE y.report;
DROP VIEW y.report;
-- twice, with rows and names as the first time
CREATE TABLE names AS SELECT relname, relkind FROM pg_class WHERE relnamespace = 'y'::regnamespace;
SELECT table_name, action, loaded, verified FROM sq2pg_migrate(:'db', 'y', existing => 'recreate');
SELECT table_name, action, loaded, verified FROM sq2pg_migrate(:'db', 'y', mode => 'create', existing => 'recreate', dry_run => true);
SELECT table_name, action, loaded, verified FROM sq2pg_migrate(:'db', 'y', mode => 'create', existing => 'recreate');
SELECT * FROM (SELECT relname, relkind FROM pg_class WHERE relnamespace = 'y'::regnamespace) AS n FULL JOIN names AS b USING (relname, relkind)
 WHERE b.relname IS NULL OR n.relname IS NULL;
TABLE y.items;
-- an error after the DROP brings all back
SELECT * FROM sq2pg_migrate(:'db', 'y', existing => 'recreate', types => '{"item.code": "int"}');
SELECT count(*) FROM y.items;
-- what cannot be dropped so
ALTER VIEW y.items RENAME TO other;
DROP TABLE y.empty;
CREATE VIEW y.empty AS SELECT 1 AS id;
SELECT * FROM sq2pg_migrate(:'db', 'y', existing => 'recreate');
-- a view by hand in the place of one that could not be translated
\set objects :srcdir '/test/fixtures/schema_objects.db'
CREATE SCHEMA o;
SELECT count(*) > 0 AS migrated FROM sq2pg_migrate(:'objects', 'o');
CREATE VIEW o.odd AS SELECT 'by hand' AS written;
SELECT count(*) FROM sq2pg_migrate(:'objects', 'o', existing => 'recreate');
SELECT message, hint FROM sq2pg_check(:'objects', 'o', existing => 'recreate') WHERE severity = 'error';
TABLE o.odd;
DROP VIEW o.odd;
SELECT count(*) > 0 AS migrated FROM sq2pg_migrate(:'objects', 'o', existing => 'recreate');
DROP SCHEMA o, y CASCADE;
DROP TABLE names;
