-- foreign tables: joins in SQLite
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/push.db'
CREATE SERVER push FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
CREATE SERVER same FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
CREATE FOREIGN TABLE mixed (id bigint, i int, t text COLLATE "C", d numeric(10,2), flag boolean) SERVER push;
CREATE FOREIGN TABLE firm (id bigint, code text COLLATE "C", amount int, size float8) SERVER push;
CREATE FOREIGN TABLE elsewhere (id bigint, code text) SERVER same OPTIONS ("table" 'firm');
CREATE FOREIGN TABLE loose (id bigint, i int OPTIONS (column_name 'any_')) SERVER push OPTIONS ("table" 'mixed');

CREATE FUNCTION rows_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT string_agg(q::text, %L ORDER BY q::text COLLATE "C") FROM (%s) AS q', ' ', query) INTO result;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN sqlerrm;
END $$;
-- is the join in the query for SQLite, and what is the answer; without pushdown it is the same
CREATE FUNCTION asked(query text, OUT joined boolean, OUT answer text) LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    joined := false;
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        joined := joined OR line ~ 'SQLite query: .* JOIN ';
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
-- only that way of joining is left, or none
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SELECT q, a.* FROM unnest(ARRAY[
    'SELECT m.t, f.code FROM mixed AS m JOIN firm AS f ON f.id = m.i',
    'SELECT f.code FROM mixed AS m JOIN firm AS f ON f.id = m.i AND f.amount > 10 WHERE m.flag',
    'SELECT m.id, f.id FROM mixed AS m, firm AS f WHERE f.amount = m.i AND lower(f.code) = ''b''',
    'SELECT m.id FROM mixed AS m, firm AS f WHERE f.id = m.i AND m.d > 1 AND f.size < ''NaN''',
    'SELECT m.id FROM mixed AS m, firm AS f WHERE f.id = m.i AND m.t <> f.code',
    'SELECT a.id FROM mixed AS a JOIN mixed AS b ON a.i = b.id',
    'SELECT count(*) FROM mixed AS m JOIN firm AS f ON f.id = m.i',
    -- not these
    'SELECT m.id, f.id FROM mixed AS m LEFT JOIN firm AS f ON f.id = m.i',
    'SELECT m.id FROM mixed AS m JOIN firm AS f ON f.code = m.t',
    'SELECT l.id FROM loose AS l JOIN firm AS f ON f.id = l.i',
    'SELECT m.id FROM mixed AS m JOIN elsewhere AS e ON e.id = m.i',
    'SELECT m FROM mixed AS m JOIN firm AS f ON f.id = m.i',
    'SELECT m.id FROM mixed AS m JOIN firm AS f ON f.id = m.i FOR UPDATE']) WITH ORDINALITY AS u(q, n), LATERAL asked(q) AS a ORDER BY n;
-- parameters
SET plan_cache_mode = force_generic_plan;
PREPARE larger(float8) AS SELECT m.id, f.size FROM mixed AS m JOIN firm AS f ON f.id = m.i WHERE f.size > $1 ORDER BY 1;
EXECUTE larger(1);
EXECUTE larger('NaN');
EXECUTE larger('-Infinity');
-- the order of a key says nothing about that of another table's columns
RESET enable_nestloop;
SET enable_hashagg = off;
SELECT answer FROM asked('SELECT DISTINCT f.id, m.flag FROM firm AS f, mixed AS m WHERE f.id < 3 AND m.i < f.amount');
SELECT answer FROM asked('SELECT f.id, m.flag, count(*) FROM firm AS f LEFT JOIN mixed AS m ON m.i < f.amount + f.id GROUP BY f.id, m.flag');
SELECT string_agg(x::text, ' ') FROM (SELECT f.id, m.i FROM firm AS f, mixed AS m WHERE m.i < f.amount ORDER BY f.id, m.i LIMIT 5) AS x;
RESET enable_hashagg;
-- a value that a column cannot hold is named
CREATE FOREIGN TABLE narrow (id bigint, t int) SERVER push OPTIONS ("table" 'mixed');
SELECT n.t FROM narrow AS n JOIN firm AS f ON f.id = n.id WHERE f.code = 'b';
SET client_min_messages = warning;
DROP SERVER push, same CASCADE;
DROP FUNCTION rows_of, asked;
