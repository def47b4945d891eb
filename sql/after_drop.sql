-- what was migrated works on without the extension
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
\set demo :srcdir '/test/fixtures/demo.db'
SET client_min_messages = warning;
CREATE SCHEMA a;
CREATE SCHEMA b;
SELECT loaded, verified FROM sq2pg_migrate(:'db', 'a') WHERE action = 'total';
SELECT verified FROM sq2pg_migrate(:'demo', 'b') WHERE action = 'total';
-- nothing in these schemas depends on it
SELECT count(*) FROM pg_depend AS d JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
 WHERE e.extname = 'sqlite_fdw_mig' AND d.deptype <> 'e';
DROP EXTENSION sqlite_fdw_mig;
SELECT count(*) FROM pg_namespace WHERE nspname = 'sq2pg';
SELECT count(*) FROM pg_proc WHERE proname LIKE 'sq2pg%' OR proname LIKE 'sqlite_fdw_mig%';
INSERT INTO a.customer (name) VALUES ('new') RETURNING id;
INSERT INTO a.orders VALUES (5, 2025, 10, 'after');
UPDATE a.orders SET no = 6 WHERE no = 5;
DELETE FROM a.customer WHERE id = 10;
SELECT no, year, customer_id FROM a.orders WHERE year = 2025;
INSERT INTO b.authors (name) VALUES ('new') RETURNING id > (SELECT max(id) FROM b.authors) AS fresh;
DROP SCHEMA a, b CASCADE;
-- and it comes back
CREATE EXTENSION sqlite_fdw_mig;
SELECT count(*) FROM sq2pg.runs;
SELECT count(*) FROM sq2pg_tables(:'db');
-- a server of the wrapper is in the way, and says so
CREATE SERVER s FOREIGN DATA WRAPPER sqlite_fdw_mig;
\set VERBOSITY terse
DROP EXTENSION sqlite_fdw_mig;
DROP SERVER s;
