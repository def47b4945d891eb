-- on_orphan in existing tables: a second run, before and after parents came
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set db :srcdir '/test/fixtures/data_orphans.db'
SET client_min_messages = warning;
CREATE SCHEMA o;
CREATE TABLE o.g (id bigint PRIMARY KEY);
CREATE TABLE o.p (id bigint PRIMARY KEY, g_id bigint REFERENCES o.g);
CREATE TABLE o.c (id bigint PRIMARY KEY, p_id bigint REFERENCES o.p);
CREATE TABLE o.x (id bigint PRIMARY KEY, y_id bigint);
CREATE TABLE o.y (id bigint PRIMARY KEY, x_id bigint REFERENCES o.x);
ALTER TABLE o.x ADD FOREIGN KEY (y_id) REFERENCES o.y;
CREATE TABLE o.s (id bigint PRIMARY KEY, s_id bigint REFERENCES o.s);
CREATE FUNCTION o.migrate(db text, on_orphan text, existing text DEFAULT 'error', on_conflict text DEFAULT 'error')
    RETURNS TABLE (table_name text, action text, loaded bigint, skipped bigint, rejected bigint, verified boolean, notes text) LANGUAGE sql AS $$
    SELECT table_name, action, loaded, skipped, rejected, verified, notes
      FROM sq2pg_migrate(db, 'o', 'data', on_orphan => on_orphan, existing => existing, on_conflict => on_conflict, include => '{g,p,c,x,y,s}')
     WHERE action <> 'total' ORDER BY table_name
$$;
-- rows that refer to nothing are left out, and those that refer to them
SELECT * FROM o.migrate(:'db', 'reject');
-- once more: the same, and the report does not hide what is not there
SELECT * FROM o.migrate(:'db', 'reject');
-- parents came: directly, over another table, in a cycle
INSERT INTO o.g VALUES (5);
INSERT INTO o.y VALUES (9, NULL);
SELECT * FROM o.migrate(:'db', 'reject', 'append', 'skip');
TABLE o.p ORDER BY id;
TABLE o.c ORDER BY id;
TABLE o.x ORDER BY id;
-- now they hold what they would get, beside rows that stay
SELECT * FROM o.migrate(:'db', 'reject', 'append', 'skip');
SELECT table_name, action, rejected FROM o.migrate(:'db', 'reject', 'skip');
-- emptied, parents are what the source has
SELECT * FROM o.migrate(:'db', 'reject', 'truncate');
SELECT (SELECT count(*) FROM o.g) AS g, (SELECT count(*) FROM o.p) AS p, (SELECT count(*) FROM o.c) AS c, (SELECT count(*) FROM o.x) AS x;
-- rows that have only each other are not missing together
DELETE FROM o.s WHERE id > 1;
SELECT * FROM o.migrate(:'db', 'reject', 'append', 'skip') WHERE table_name = 's';
TABLE o.s ORDER BY id;
-- NULL instead of the reference, until the parent is there
TRUNCATE o.g, o.p, o.c, o.x, o.y, o.s;
SELECT table_name, action, loaded, rejected FROM o.migrate(:'db', 'null');
SELECT table_name, action, rejected, notes FROM o.migrate(:'db', 'null');
INSERT INTO o.p VALUES (8, NULL);
SELECT * FROM o.migrate(:'db', 'null', 'append', 'update') WHERE table_name IN ('p', 'c');
TABLE o.c ORDER BY id;
-- what an expression makes of a parent's key is not known before
TRUNCATE o.g, o.p, o.c, o.x, o.y, o.s;
SELECT * FROM sq2pg_migrate(:'db', 'o', 'data', include => '{p,c}', on_orphan => 'reject', types => '{"p.id": "bigint USING id"}');
SELECT code, table_name, column_name, hint FROM sq2pg_check(:'db', 'o', 'data', include => '{p,c}', on_orphan => 'reject', types => '{"p.id": "bigint USING id"}')
 WHERE code = 'orphans_unknown';
DROP SCHEMA o CASCADE;
