-- foreign tables read by several processes
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/spread.db'
CREATE SERVER spread FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
CREATE FOREIGN TABLE many (id bigint, v int, t text COLLATE "C", r float8) SERVER spread;
CREATE FOREIGN TABLE apart (id bigint, v int) SERVER spread;
CREATE FOREIGN TABLE one (id bigint, v int) SERVER spread;
CREATE FOREIGN TABLE none (id bigint, v int) SERVER spread;
CREATE FOREIGN TABLE odd (id bigint, v int) SERVER spread;
CREATE FOREIGN TABLE keyed (k text, v int) SERVER spread;
CREATE FOREIGN TABLE seen (id bigint, v int) SERVER spread;
CREATE TEMP TABLE three AS SELECT i FROM generate_series(1, 3) AS i;

CREATE FUNCTION rows_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT left(string_agg(q::text, %L ORDER BY q::text COLLATE "C"), 120) FROM (%s) AS q', ' ', query) INTO result;
    RETURN coalesce(result, 'none');
EXCEPTION WHEN OTHERS THEN
    RETURN sqlerrm;
END $$;
-- is the scan one of several processes, what is SQLite asked, and what is the answer; one process finds the same
CREATE FUNCTION asked(query text, OUT gathers boolean, OUT shared boolean, OUT asked text, OUT answer text) LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    gathers := false;
    shared := false;
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        gathers := gathers OR line ~ 'Gather';
        shared := shared OR line ~ 'Parallel Foreign Scan';
        asked := coalesce(asked, substring(line, 'SQLite query: (.*)$'));
    END LOOP;
    answer := rows_of(query);
    SET LOCAL max_parallel_workers_per_gather = 0;
    IF rows_of(query) <> answer THEN
        answer := answer || ' but by one process ' || rows_of(query);
    END IF;
    SET LOCAL max_parallel_workers_per_gather = 2;
END $$;
\pset format unaligned
\pset footer off
-- a small table is not worth it
SELECT gathers, shared FROM asked('SELECT sum(v % 7) FROM many');
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT q, a.* FROM unnest(ARRAY[
    'SELECT sum(v % 7) FROM many',
    'SELECT v % 10, count(*), min(t) FROM many WHERE v + 1 > 90 GROUP BY 1',
    'SELECT id FROM many WHERE v % 50 = 1 AND r > 0 AND id + 0 > 26500',
    'SELECT * FROM apart',
    'SELECT * FROM one',
    'SELECT * FROM none',
    'SELECT sum(v % 2) FROM odd',
    -- not these: an index finds the rows, or there is no rowid
    'SELECT id FROM many WHERE id = 3',
    'SELECT id FROM many WHERE t > ''row 9998''',
    'SELECT sum(v % 7) FROM keyed',
    'SELECT sum(v % 7) FROM seen']) WITH ORDINALITY AS u(q, n), LATERAL asked(q) AS a ORDER BY n;
-- together with other tables
SELECT q, shared, answer FROM unnest(ARRAY[
    'SELECT count(*) FROM many AS a JOIN many AS b ON a.v % 10 = b.id % 1000',
    'SELECT count(x.v), max(x.v % 60) FROM (SELECT v FROM many UNION ALL SELECT v FROM apart WHERE v % 2 = 1) AS x',
    'SELECT a.v FROM apart AS a WHERE EXISTS (SELECT FROM many AS m WHERE m.v % 100 = a.v % 5 + 90)',
    'SELECT count(*) FROM (SELECT v % 3 FROM many LIMIT 10) AS x',
    'SELECT three.i, count(*) FROM three, many WHERE many.v % 5 < three.i GROUP BY 1',
    'SELECT v % 2, id FROM many WHERE v + id > (SELECT max(v % 9) FROM many) + 26050']) WITH ORDINALITY AS u(q, n), LATERAL asked(q) AS a ORDER BY n;
-- also if all is left to the workers
SET parallel_leader_participation = off;
SELECT sum(v % 7), count(*) FROM many;
\set VERBOSITY terse
SELECT sum(v % 2) FROM odd;
\set VERBOSITY default
-- once more for each row of another table
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SELECT count(*), sum(many.v % 7) FROM three JOIN many ON true;
SELECT i, (SELECT count(v % 7) FROM many WHERE i > 0) AS n FROM three;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
-- prepared, with values; one that SQLite cannot be told
SET plan_cache_mode = force_generic_plan;
PREPARE above(int, float8) AS SELECT count(*), sum(v % 7) FROM many WHERE v > $1 AND r < $2;
EXECUTE above(50, 13.5);
EXECUTE above(NULL, 1);
EXECUTE above(97, 'NaN');
-- partitions
CREATE TABLE part (id bigint, v int) PARTITION BY LIST (v);
CREATE FOREIGN TABLE part_1 PARTITION OF part FOR VALUES IN (1, 2, 3) SERVER spread OPTIONS ("table" 'apart');
CREATE FOREIGN TABLE part_2 PARTITION OF part DEFAULT SERVER spread OPTIONS ("table" 'many');
SELECT gathers, shared, answer FROM asked('SELECT count(*), sum(v % 7), sum(id::numeric) FROM part');
SET client_min_messages = warning;
DROP TABLE part;
DROP SERVER spread CASCADE;
DROP FUNCTION asked, rows_of;
