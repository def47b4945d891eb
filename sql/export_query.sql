-- the way back: views with queries in their queries
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA export_q;
SET search_path = export_q;
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE TABLE a (id integer PRIMARY KEY, name text COLLATE "C", n smallint, price numeric(8,2), exact numeric, day date, ok boolean, mood mood, code char(3), r double precision);
CREATE TABLE b (a_id integer REFERENCES a, t timestamptz, note varchar(10) COLLATE "C", big bigint);
INSERT INTO a VALUES (1, 'one', 1, 1.50, 12345678901234567890.5, '2024-01-01', true, 'low', 'a', 1), (2, 'two', NULL, 2, 1, NULL, false, 'high', 'ab', 0.5),
    (3, 'Two', 3, NULL, 0.1, '2023-05-05', NULL, NULL, 'abc', NULL), (4, 'two', 3, 7.25, NULL, '2024-01-01', true, 'low', NULL, 'NaN');
INSERT INTO b VALUES (1, '2024-01-01 10:00+00', 'x', 1), (1, NULL, 'y', 5000000000), (3, '2024-02-29', NULL, 3), (NULL, '2024-01-01', 'two', NULL);

-- UNION and the others: of several parts, nested, in an order, with a limit
CREATE VIEW u_union AS SELECT id, name FROM a UNION SELECT a_id, note FROM b;
CREATE VIEW u_all (x, y) AS SELECT n, exact FROM a UNION ALL SELECT n, exact FROM a ORDER BY 1 DESC NULLS LAST, 1 LIMIT 5;
CREATE VIEW u_three AS SELECT id::bigint FROM a EXCEPT SELECT big FROM b UNION SELECT n FROM a;
CREATE VIEW u_nested AS SELECT name FROM a INTERSECT (SELECT note FROM b UNION SELECT 'Two') ORDER BY name;
CREATE VIEW u_deep AS (SELECT id FROM a ORDER BY id DESC LIMIT 2) UNION ALL (SELECT a_id FROM b EXCEPT (SELECT 1 UNION ALL SELECT 1)) ORDER BY 1;
CREATE VIEW u_types AS SELECT ok, mood, day, r FROM a UNION SELECT NOT ok, NULL, '2000-01-01', r FROM a;
CREATE VIEW u_from AS SELECT x.id, count(*) AS c FROM (SELECT id FROM a UNION ALL SELECT a_id FROM b) AS x GROUP BY x.id;
-- WITH: used twice, in one another, in the parts of a UNION, with the name of a table
CREATE VIEW q_with AS WITH q AS (SELECT id, name FROM a WHERE ok) SELECT x.id, y.name FROM q AS x JOIN q AS y ON x.id <= y.id;
CREATE VIEW q_chain AS WITH q (k, l) AS (SELECT id, n FROM a), p AS MATERIALIZED (SELECT k FROM q WHERE l = 3) SELECT k FROM p UNION ALL SELECT l FROM q;
CREATE VIEW q_shadow AS WITH a AS (SELECT id, 'of ' || name AS name FROM a) SELECT id, name FROM a WHERE id IN (WITH b AS (SELECT a_id FROM b) SELECT a_id FROM b);
-- queries in expressions: of the row around, of the one around that, in SELECT, in ON, in CASE, with NULLs
CREATE VIEW s_exists AS SELECT id FROM a WHERE EXISTS (SELECT FROM b WHERE a_id = id AND EXISTS (SELECT 1 FROM a AS c WHERE c.id = a.id AND c.n = b.a_id));
CREATE VIEW s_not_in AS SELECT id FROM a WHERE id NOT IN (SELECT a_id FROM b) OR name IN (SELECT note FROM b);
CREATE VIEW s_scalar AS SELECT id, (SELECT count(*) FROM b WHERE a_id = a.id) AS c, (SELECT max(note) FROM b WHERE b.a_id = a.id) AS m FROM a;
CREATE VIEW s_from AS SELECT id FROM a WHERE 1 < (SELECT count(*) FROM (SELECT note FROM b UNION ALL SELECT a2.name FROM a AS a2) AS x WHERE x.note = a.name);
CREATE VIEW s_group AS SELECT n, CASE WHEN EXISTS (SELECT FROM b WHERE b.a_id = a.n) THEN 'yes' ELSE 'no' END AS e FROM a GROUP BY n HAVING count(*) >= (SELECT min(a_id) FROM b);
CREATE VIEW s_join AS SELECT a.id, b.note FROM a LEFT JOIN b ON b.a_id = a.id AND b.note = (SELECT max(z.note) FROM b AS z WHERE z.a_id = b.a_id);
CREATE VIEW s_using AS SELECT id FROM a JOIN (SELECT a_id AS id FROM b) AS x USING (id) WHERE EXISTS (SELECT FROM b WHERE a_id = id);
-- left out, and why
CREATE VIEW w_recursive AS WITH RECURSIVE q AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM q WHERE i < 3) SELECT i FROM q;
CREATE VIEW w_except_all AS SELECT id FROM a EXCEPT ALL SELECT a_id FROM b;
CREATE VIEW w_numeric AS SELECT exact FROM a UNION SELECT price FROM a;
CREATE VIEW w_char AS SELECT code FROM a UNION SELECT code FROM a;
CREATE VIEW w_char_in AS SELECT id FROM a WHERE code IN (SELECT code FROM a);
CREATE VIEW w_number AS SELECT id FROM a WHERE price > (SELECT max(price) FROM a);
CREATE VIEW w_all AS SELECT id FROM a WHERE id > ALL (SELECT a_id FROM b);
CREATE VIEW w_row AS SELECT id FROM a WHERE (id, name) IN (SELECT a_id, note FROM b);
CREATE VIEW w_array AS SELECT id, cardinality(ARRAY(SELECT note FROM b)) FROM a;
CREATE VIEW w_lateral AS SELECT id, x.note FROM a, LATERAL (SELECT note FROM b WHERE a_id = id) AS x;
CREATE VIEW w_twice AS SELECT x.id FROM (SELECT a.id, c.id AS id FROM a JOIN a AS c ON true) AS x (id, other);
CREATE VIEW w_outer AS SELECT n FROM a GROUP BY n HAVING EXISTS (SELECT FROM b WHERE a_id = count(a.id));
CREATE VIEW w_two AS SELECT id, (SELECT big FROM b WHERE a_id = a.id) FROM a;
CREATE VIEW w_zero AS SELECT 1 / (id - 1) AS x FROM a;
CREATE VIEW w_window AS WITH q AS (SELECT id, lag(id) OVER (ORDER BY id) FROM a) SELECT id FROM q;
CREATE VIEW w_long AS WITH q0 AS (SELECT id FROM a), q1 AS (SELECT x.id FROM q0 AS x JOIN q0 USING (id)), q2 AS (SELECT x.id FROM q1 AS x JOIN q1 USING (id)),
    q3 AS (SELECT x.id FROM q2 AS x JOIN q2 USING (id)), q4 AS (SELECT x.id FROM q3 AS x JOIN q3 USING (id)), q5 AS (SELECT x.id FROM q4 AS x JOIN q4 USING (id)),
    q6 AS (SELECT x.id FROM q5 AS x JOIN q5 USING (id)), q7 AS (SELECT x.id FROM q6 AS x JOIN q6 USING (id)), q8 AS (SELECT x.id FROM q7 AS x JOIN q7 USING (id)),
    q9 AS (SELECT x.id FROM q8 AS x JOIN q8 USING (id)), q10 AS (SELECT x.id FROM q9 AS x JOIN q9 USING (id)), q11 AS (SELECT x.id FROM q10 AS x JOIN q10 USING (id)),
    q12 AS (SELECT x.id FROM q11 AS x JOIN q11 USING (id)), q13 AS (SELECT x.id FROM q12 AS x JOIN q12 USING (id)) SELECT id FROM q13;

SELECT sq2pg_export('lo:new') AS db \gset
SELECT sql FROM sq2pg_objects(:'db') WHERE type = 'view' ORDER BY name;
\echo -- what they show, there and here
SELECT v || ': ' || array_to_string(sq2pg.source_row(:'db', format('SELECT group_concat(%s, '' '') FROM (SELECT * FROM %I ORDER BY %s)', e, v, e)), '')
  FROM (VALUES ('u_union', 'coalesce(id, ''-'') || coalesce(name, ''-'')'), ('u_three', 'coalesce(id, ''-'')'), ('u_deep', 'coalesce(id, ''-'')'),
               ('q_shadow', 'id || name'), ('s_scalar', 'id || c || coalesce(m, ''-'')'), ('s_group', 'coalesce(n, ''-'') || e'), ('s_join', 'id || coalesce(note, ''-'')')) AS x(v, e);
SELECT 'u_union: ' || string_agg(coalesce(id::text, '-') || coalesce(name, '-'), ' ' ORDER BY id NULLS FIRST, name NULLS FIRST) FROM u_union;
SELECT 'u_deep: ' || string_agg(coalesce(id::text, '-'), ' ' ORDER BY id NULLS FIRST) FROM u_deep;
SELECT 's_scalar: ' || string_agg(id || '' || c || coalesce(m, '-'), ' ' ORDER BY id) FROM s_scalar;
-- a view that would take SQLite for ever is not waited for
BEGIN;
SELECT sq2pg.export_begin('lo:new');
SELECT matches FROM sq2pg.export_compare('SELECT 1::bigint', 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n', 100);
SELECT matches FROM sq2pg.export_compare('SELECT 1::bigint', 'SELECT 1', 10000);
ROLLBACK;
-- what a query calls cannot close the database that its rows go to
CREATE FUNCTION called(which text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT sq2pg.export_%s()', which);
    RETURN 1;
EXCEPTION WHEN object_in_use THEN
    RAISE WARNING '%', sqlerrm;
    RETURN 2;
END $$;
BEGIN;
SELECT sq2pg.export_begin('lo:new');
SELECT sq2pg.export_execute('CREATE TABLE x (a)');
SELECT * FROM sq2pg.export_rows('SELECT called(w) FROM unnest(ARRAY[''close'', ''finish'']) AS w', 'INSERT INTO x VALUES (?)', '{integer}', true);
SAVEPOINT a;
SELECT * FROM sq2pg.export_rows('SELECT 1 / 0', 'INSERT INTO x VALUES (?)', '{integer}', true);
ROLLBACK TO a;
SELECT sq2pg.export_close();
SELECT * FROM sq2pg.export_compare('SELECT 2::bigint FROM generate_series(1, 2)', 'SELECT a FROM x', -1);
ROLLBACK;
SELECT count(lo_unlink(substr(:'db', 4)::oid));
\set VERBOSITY terse
DROP SCHEMA export_q CASCADE;
