-- foreign tables: aggregates and order in SQLite, and what happens when its answer is of no use
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/push.db'
CREATE SERVER push FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
CREATE FOREIGN TABLE mixed (id bigint, i int, i8 bigint OPTIONS (column_name 'i'), t text COLLATE "C", r float8, d numeric(10,2), flag boolean) SERVER push;
CREATE FOREIGN TABLE firm (id bigint, code text COLLATE "C", amount int, size float8) SERVER push;
CREATE FOREIGN TABLE pairs (a text COLLATE "C", b bigint) SERVER push;
-- since 16 PostgreSQL would rather have the rows in order for DISTINCT
DO $$BEGIN PERFORM set_config(name, 'off', false) FROM pg_settings WHERE name = 'enable_presorted_aggregate'; END$$;

-- the query for SQLite (the first one of the plan), and the answer; without pushdown the answer is the same
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
SELECT a.* FROM unnest(ARRAY[
    'SELECT count(*) FROM mixed',
    'SELECT count(*) + 1, sum(amount), min(amount), max(amount) FROM firm',
    'SELECT amount, count(*), max(code) FROM firm GROUP BY amount',
    'SELECT count(*) FROM firm WHERE code > ''a'' GROUP BY amount',
    'SELECT a, sum(b) FROM pairs WHERE b < 5 GROUP BY a',
    'SELECT min(size), max(size) FROM firm WHERE size > 1',
    -- values that are not plain: 3.0 as an integer, a blob as text, ''NaN''; a zero may be -0.0
    'SELECT sum(i) FROM mixed',
    'SELECT min(t), max(t) FROM mixed',
    'SELECT max(r) FROM mixed',
    'SELECT min(size) FROM firm',
    'SELECT flag, count(*) FROM mixed GROUP BY flag',
    'SELECT count(i) FROM mixed WHERE i > 5',
    -- these stay here
    'SELECT avg(amount) FROM firm',
    'SELECT count(DISTINCT size) FROM firm',
    'SELECT count(*) FILTER (WHERE amount > 10) FROM firm',
    'SELECT size FROM firm GROUP BY size HAVING count(*) > 1',
    'SELECT max(code COLLATE "default") FROM firm',
    'SELECT d, count(*) FROM mixed GROUP BY d',
    'SELECT count(*) FROM mixed WHERE d > 0']) WITH ORDINALITY AS u(q, n), LATERAL asked(q) AS a ORDER BY n;
-- HAVING is evaluated here, over groups that SQLite makes; DISTINCT are groups, too
SELECT a.* FROM unnest(ARRAY[
    'SELECT amount, count(*) FROM firm GROUP BY amount HAVING count(*) > 1',
    'SELECT amount FROM firm GROUP BY amount HAVING max(code) > ''a'' AND sum(id) + amount > 13',
    'SELECT sum(id) FROM firm HAVING count(*) > 100',
    'SELECT i FROM mixed GROUP BY i HAVING count(*) = 1',
    'SELECT DISTINCT amount FROM firm',
    'SELECT DISTINCT a, b FROM pairs WHERE b < 5',
    'SELECT DISTINCT code FROM firm ORDER BY code DESC LIMIT 2',
    'SELECT DISTINCT t FROM mixed',
    -- these stay here
    'SELECT DISTINCT size FROM firm',
    'SELECT DISTINCT amount + 1 FROM firm']) WITH ORDINALITY AS u(q, n), LATERAL asked(q) AS a ORDER BY n;
-- one group, or none; groups that stay here
SELECT q, rows_of(q) FROM unnest(ARRAY[
    'SELECT count(*) FROM firm WHERE amount = -1 GROUP BY amount',
    'SELECT DISTINCT amount FROM firm WHERE amount = -1',
    'SELECT DISTINCT 1 FROM firm WHERE id < 0',
    'SELECT amount FROM firm GROUP BY amount HAVING avg(id) > 2',
    'SELECT DISTINCT ON (amount) amount, id FROM firm ORDER BY amount, id DESC']) WITH ORDINALITY AS u(q, n) ORDER BY n;
-- an overflow is noticed
CREATE FOREIGN TABLE twice (id bigint, i bigint OPTIONS (column_name 'n')) SERVER push OPTIONS ("table" 'large');
SELECT a.* FROM asked('SELECT sum(i) FROM twice') AS a;
-- so is a value that a column cannot hold
CREATE FOREIGN TABLE narrow (id int, any_ int OPTIONS (column_name 't')) SERVER push OPTIONS ("table" 'mixed');
SELECT a.* FROM asked('SELECT sum(any_) FROM narrow') AS a;
-- parameters; a value that cannot be bound
SET plan_cache_mode = force_generic_plan;
PREPARE number(float8) AS SELECT count(*) FROM firm WHERE size < $1;
EXECUTE number(2);
EXECUTE number('NaN');
EXECUTE number('-Infinity');
-- again and again within one plan
SELECT x, (SELECT count(*) FROM firm WHERE amount > x), (SELECT sum(i) FROM mixed WHERE i > x / 10) FROM generate_series(0, 40, 20) AS x;
-- order: only where an index has it
SELECT a.* FROM unnest(ARRAY['SELECT id FROM mixed ORDER BY id', 'SELECT id FROM mixed ORDER BY id DESC LIMIT 2', 'SELECT code FROM firm ORDER BY code', 'SELECT amount FROM firm ORDER BY amount',
    'SELECT size FROM firm ORDER BY size', 'SELECT t FROM mixed ORDER BY t', 'SELECT code FROM firm ORDER BY code COLLATE "default", id'])
    WITH ORDINALITY AS u(q, n), LATERAL asked(q) AS a ORDER BY n;
SELECT code FROM firm ORDER BY code DESC;
-- look-ups by the values of another table
SET enable_hashjoin = off;
SET enable_mergejoin = off;
CREATE TABLE wanted (code text COLLATE "C", n bigint);
INSERT INTO wanted VALUES ('a', 1), ('B', 3), (NULL, 5), ('zz', 7);
SELECT a.* FROM unnest(ARRAY['SELECT f.id FROM wanted AS w JOIN firm AS f USING (code)', 'SELECT m.id, w.n FROM wanted AS w LEFT JOIN mixed AS m ON m.i = w.n',
    'SELECT m.id FROM wanted AS w JOIN mixed AS m ON m.id = w.n AND m.t = w.code']) WITH ORDINALITY AS u(q, n), LATERAL asked(q) AS a ORDER BY n;
-- statistics
ANALYZE mixed, firm, pairs;
SELECT relname, reltuples FROM pg_class WHERE relname IN ('mixed', 'firm', 'pairs') ORDER BY 1;
SELECT attname, null_frac > 0 AS has_nulls, n_distinct FROM pg_stats WHERE tablename = 'firm' ORDER BY 1;
SET client_min_messages = warning;
DROP SERVER push CASCADE;
DROP TABLE wanted;
DROP FUNCTION rows_of, asked;
