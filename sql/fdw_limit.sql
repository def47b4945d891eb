-- foreign tables: rows that an OFFSET leaves out are skipped in SQLite
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/push.db'
CREATE SERVER push FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
CREATE FOREIGN TABLE mixed (id bigint, i int, t text COLLATE "C") SERVER push;
CREATE FOREIGN TABLE firm (id bigint, code text COLLATE "C", amount int, size float8) SERVER push;
CREATE FOREIGN TABLE narrow (id bigint, t int) SERVER push OPTIONS ("table" 'mixed');

-- the query for SQLite, and the answer; without pushdown the answer is the same
CREATE FUNCTION rows_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT string_agg(q::text, %L ORDER BY q::text COLLATE "C") FROM (%s) AS q', ' ', query) INTO result;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN sqlerrm;
END $$;
CREATE FUNCTION asked(query text, OUT sqlite text, OUT answer text) LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        sqlite := coalesce(sqlite, substring(line, 'SQLite query: (.*)$'));
    END LOOP;
    answer := rows_of(query);
    SET LOCAL sqlite_fdw_mig.pushdown = off;
    IF rows_of(query) <> answer THEN
        answer := answer || ' but without pushdown ' || rows_of(query);
    END IF;
    SET LOCAL sqlite_fdw_mig.pushdown = on;
END $$;
\pset format unaligned
\pset footer off
-- if SQLite decides all conditions, and the order is that of an index; a LIMIT alone is not sent
SELECT a.* FROM unnest(ARRAY[
    'SELECT code, id * 2 FROM firm ORDER BY id LIMIT 2 OFFSET 1',
    'SELECT count(*) FROM (SELECT FROM firm OFFSET 3) AS x',
    'SELECT id FROM firm WHERE amount >= 10 AND code < ''z'' ORDER BY code DESC OFFSET 1',
    'SELECT t FROM mixed ORDER BY id LIMIT 1 OFFSET 100',
    'SELECT id FROM firm ORDER BY id LIMIT NULL OFFSET 2',
    -- not these
    'SELECT id FROM mixed WHERE i > 2 ORDER BY id LIMIT 2 OFFSET 1',
    'SELECT size FROM firm ORDER BY size OFFSET 1',
    'SELECT id FROM firm ORDER BY id LIMIT 2 OFFSET (SELECT 1)',
    'SELECT f FROM firm AS f ORDER BY id OFFSET 3',
    'SELECT id FROM firm ORDER BY id OFFSET -1']) WITH ORDINALITY AS u(q, n), LATERAL asked(q) AS a ORDER BY n;
SELECT id FROM firm ORDER BY id OFFSET 2 FOR UPDATE;
-- with values: while they are known when the plan is made
PREPARE page(bigint, bigint) AS SELECT id FROM firm ORDER BY id LIMIT $1 OFFSET $2;
EXECUTE page(2, 1);
EXECUTE page(NULL, NULL);
EXECUTE page(1, -1);
SET plan_cache_mode = force_generic_plan;
EXECUTE page(2, 1);
EXECUTE page(NULL, 3);
-- a value that its column cannot hold is named, unless its row is skipped
SELECT t FROM narrow ORDER BY id LIMIT 1 OFFSET 1;
-- cursors
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM firm ORDER BY id OFFSET 1;
FETCH 2 FROM c;
FETCH BACKWARD 1 FROM c;
COMMIT;
SET client_min_messages = warning;
DROP SERVER push CASCADE;
DROP FUNCTION asked, rows_of;
