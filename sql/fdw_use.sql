-- foreign tables: cursors, prepared statements, sources of other statements
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
CREATE SERVER shop FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
CREATE FOREIGN TABLE customer (id bigint, name text, recommended_by bigint) SERVER shop;
CREATE FOREIGN TABLE renamed (
    nr integer OPTIONS (column_name 'id', key 'true'),
    name text NOT NULL,
    friend smallint OPTIONS (column_name 'RECOMMENDED_BY')
) SERVER shop OPTIONS ("table" 'Customer');

-- cursors, two at once, and prepared statements
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id, name FROM customer ORDER BY id;
DECLARE d CURSOR FOR SELECT name FROM customer;
FETCH 2 FROM c;
FETCH 1 FROM d;
FETCH BACKWARD 1 FROM c;
FETCH ALL FROM c;
MOVE ALL FROM d;
CLOSE c;
COMMIT;
PREPARE one(bigint) AS SELECT name FROM customer WHERE id = $1;
EXECUTE one(7);
EXECUTE one(-1);
EXECUTE one(NULL);
DEALLOCATE one;

-- sources of other statements
CREATE TEMP TABLE copy AS SELECT * FROM customer;
INSERT INTO copy SELECT id + 100, x.name FROM renamed, customer AS x WHERE x.id = nr AND nr > 0;
UPDATE copy SET name = lower(c.name) FROM customer AS c WHERE c.id = copy.id;
TABLE copy ORDER BY id;

-- memory does not grow with the rows, nor with the rescans
\set spread :srcdir '/test/fixtures/spread.db'
CREATE SERVER spread FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'spread');
CREATE FOREIGN TABLE many (id bigint, v int, t text, r numeric) SERVER spread;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET enable_memoize = off;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM many;
DECLARE d CURSOR FOR SELECT n, t FROM generate_series(-9000, 20000, 3) AS n JOIN many ON id = n;
MOVE 1000 FROM c;
MOVE 1000 FROM d;
SELECT sum(total_bytes) AS before FROM pg_backend_memory_contexts \gset
MOVE 8000 FROM c;
MOVE 8000 FROM d;
SELECT sum(total_bytes) < :before + 300000 AS constant FROM pg_backend_memory_contexts;
FETCH 1 FROM c;
FETCH 1 FROM d;
COMMIT;

SET client_min_messages = warning;
DROP SERVER shop, spread CASCADE;
