-- foreign tables in everyday use: transactions, cursors, views, partitions, functions, copies
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/push.db'
CREATE SERVER push FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
CREATE FOREIGN TABLE firm (id bigint, code text COLLATE "C", amount int, size float8) SERVER push;
CREATE FOREIGN TABLE mixed (id bigint, i int, t text) SERVER push;
\pset format unaligned
\pset footer off
-- whole rows, system columns, no columns, the rowid by its name
SELECT f FROM firm AS f WHERE amount = 10 ORDER BY id;
SELECT tableoid::regclass, ctid, id FROM firm WHERE id = 1;
SELECT FROM firm WHERE id > 2;
CREATE FOREIGN TABLE numbered (rowid bigint, code text COLLATE "C") SERVER push OPTIONS ("table" 'firm');
EXPLAIN (COSTS OFF) SELECT code FROM numbered WHERE rowid = 3;
SELECT code FROM numbered WHERE rowid = 3;
-- row locks have no effect on SQLite
SELECT id FROM firm WHERE code = 'b' FOR UPDATE;
SELECT f.id, m.t FROM firm AS f JOIN mixed AS m USING (id) WHERE m.i > 1 ORDER BY 1 FOR SHARE OF f;
-- savepoints and cursors
BEGIN;
DECLARE c CURSOR FOR SELECT id, code FROM firm WHERE amount >= 10 ORDER BY id;
FETCH 1 FROM c;
SAVEPOINT s;
SELECT id, i FROM mixed WHERE i = 1 / 0;
ROLLBACK TO s;
FETCH 1 FROM c;
SELECT sq2pg_disconnect();
FETCH 1 FROM c;
SELECT count(*) FROM firm;
COMMIT;
SELECT count(*) FROM firm;
SELECT sq2pg_disconnect();
SELECT count(*) FROM firm;
-- a cursor that outlives its transaction; two-phase commit
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT code FROM firm ORDER BY id;
COMMIT;
FETCH ALL FROM h;
CLOSE h;
BEGIN;
SELECT max(id) FROM firm;
PREPARE TRANSACTION 'reads';
COMMIT PREPARED 'reads';
-- PL/pgSQL, with plans that are kept
CREATE FUNCTION code_of(n bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT code FROM firm WHERE id = n);
END $$;
SELECT n, code_of(n) FROM generate_series(1, 8) AS n WHERE code_of(n) IS NOT NULL;
-- views, materialized views, copies
CREATE VIEW small AS SELECT id, code FROM firm WHERE amount < 20 WITH LOCAL CHECK OPTION;
SELECT * FROM small WHERE code > 'a' ORDER BY id;
CREATE VIEW guarded WITH (security_barrier) AS SELECT * FROM firm WHERE amount < 20;
SELECT id FROM guarded WHERE code = 'b';
CREATE MATERIALIZED VIEW kept AS SELECT amount, count(*) FROM firm GROUP BY amount;
REFRESH MATERIALIZED VIEW kept;
SELECT * FROM kept ORDER BY 1;
COPY (SELECT id, code FROM firm ORDER BY id) TO STDOUT;
-- partitions and children
CREATE TABLE part (id bigint, code text COLLATE "C", amount int, size float8) PARTITION BY RANGE (id);
CREATE TABLE part_new PARTITION OF part FOR VALUES FROM (100) TO (200);
ALTER TABLE part ATTACH PARTITION firm FOR VALUES FROM (1) TO (100);
INSERT INTO part VALUES (150, 'new', 1, NULL);
SELECT id, code FROM part WHERE amount < 20 ORDER BY id;
SELECT count(*), max(amount) FROM part;
SELECT tableoid::regclass, count(*) FROM part GROUP BY 1 ORDER BY 1;
SET enable_partitionwise_aggregate = on;
SET enable_partitionwise_join = on;
SELECT a.amount, count(*) FROM part AS a JOIN part AS b USING (id) GROUP BY 1 ORDER BY 1;
ALTER TABLE part DETACH PARTITION firm;
CREATE TABLE parent (id bigint, code text COLLATE "C");
CREATE FOREIGN TABLE child (amount int) INHERITS (parent) SERVER push OPTIONS ("table" 'firm');
SELECT * FROM parent WHERE code = 'a';
-- lateral references, semi joins, sets
SELECT f.id, x.t FROM firm AS f, LATERAL (SELECT t FROM mixed AS m WHERE m.id = f.id AND m.i = f.id) AS x ORDER BY 1;
SELECT id FROM firm WHERE id IN (SELECT i FROM mixed WHERE i > 1) ORDER BY 1;
SELECT id FROM firm UNION SELECT id FROM mixed WHERE i IS NULL ORDER BY 1;
WITH RECURSIVE r AS (SELECT 1::bigint AS id UNION ALL SELECT f.id + 1 FROM r JOIN firm AS f ON f.id = r.id) SELECT max(id) FROM r;
SELECT count(*) FROM firm TABLESAMPLE SYSTEM (50);
SET client_min_messages = warning;
DROP SERVER push CASCADE;
DROP TABLE part, parent;
DROP FUNCTION code_of;
