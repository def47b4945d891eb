-- the way back: views whose query says the same, and those whose does not
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA export_v;
SET search_path = export_v;
CREATE TABLE a (id integer PRIMARY KEY, name text, n smallint, price numeric(8,2), exact numeric, day date, ok boolean);
CREATE TABLE b (a_id integer REFERENCES a, t timestamptz, note varchar(10));
INSERT INTO a VALUES (1, 'one', 1, 1.50, 12345678901234567890.5, '2024-01-01', true), (2, 'two', NULL, 2, 1, NULL, false),
    (3, 'Two', 3, NULL, 0.1, 'infinity', NULL), (4, 'two', 3, 7.25, NULL, '0044-03-15 BC', true);
INSERT INTO b VALUES (1, '2024-01-01 10:00+00', 'x'), (1, NULL, 'y'), (3, 'infinity', NULL), (NULL, '2024-01-01', 'z');

-- translated
CREATE VIEW v_columns AS SELECT * FROM a;
CREATE VIEW v_names ("select", "a ""b""") AS SELECT id, name || '!' FROM a WHERE ok IS NOT FALSE AND name IN ('one', 'two');
CREATE VIEW v_join AS SELECT a.id, b.note, b.t FROM a JOIN b ON b.a_id = a.id WHERE b.t > '2023-01-01';
CREATE VIEW v_left AS SELECT id, note FROM a LEFT JOIN b ON a_id = id AND note <> 'x';
CREATE VIEW v_using AS SELECT * FROM a JOIN (SELECT a_id AS id, note FROM b) AS x USING (id);
CREATE VIEW v_cross AS SELECT a.id, b.a_id FROM a, b WHERE a.id = b.a_id;
CREATE VIEW v_group AS SELECT n, count(*) AS c, count(DISTINCT name) AS d, max(day) AS last, sum(id) AS s FROM a WHERE day > '2000-01-01' GROUP BY n;
CREATE VIEW v_having AS SELECT name FROM a GROUP BY name HAVING count(*) > 1;
CREATE VIEW v_distinct AS SELECT DISTINCT name, ok FROM a;
CREATE VIEW v_order AS SELECT id, n FROM a ORDER BY n DESC, id LIMIT 2 OFFSET 1;
CREATE VIEW v_case AS SELECT id, CASE WHEN price > 1.75 THEN 'dear' ELSE 'cheap' END AS kind, coalesce(name, '?') AS name FROM a;
CREATE VIEW v_on_view AS SELECT x.id, y.c FROM v_columns AS x JOIN v_group AS y ON y.n = x.n;
-- left out, and why
CREATE VIEW w_window AS SELECT id, row_number() OVER (ORDER BY id) FROM a;
CREATE VIEW w_on_left_out AS SELECT * FROM w_window;
CREATE VIEW w_function AS SELECT to_char(day, 'YYYY') AS year FROM a;
CREATE VIEW w_average AS SELECT avg(n) FROM a;
CREATE VIEW w_decimal AS SELECT price * 2 AS double FROM a;
CREATE VIEW w_text AS SELECT id FROM a WHERE exact > 1;
CREATE VIEW w_distinct_on AS SELECT DISTINCT ON (n) n, id FROM a ORDER BY n, id;
CREATE VIEW w_full AS SELECT id FROM a FULL JOIN b ON a_id = id;
CREATE VIEW w_elsewhere AS SELECT relname FROM pg_catalog.pg_class;
CREATE VIEW w_now AS SELECT id FROM a WHERE day < CURRENT_DATE;
CREATE VIEW w_ilike AS SELECT id FROM a WHERE name ILIKE 't%';
CREATE VIEW "A" AS SELECT 1 AS one;
-- what is like nothing that SQLite compares: a date before Christ sorts after others there
CREATE VIEW x_old AS SELECT id FROM a WHERE day > '0010-01-01';

SELECT sq2pg_export('lo:new') AS db \gset
SELECT sql FROM sq2pg_objects(:'db') WHERE type = 'view' ORDER BY name;
\echo -- and what they show
SELECT v || ': ' || array_to_string(sq2pg.source_row(:'db', format('SELECT group_concat(%s, '' '') FROM (SELECT * FROM %I ORDER BY 1, 2)', e, v)), '')
  FROM (VALUES ('v_join', 'id || note || t'), ('v_left', 'id || coalesce(note, ''-'')'), ('v_group', 'coalesce(n, ''-'') || c || d || last || s'),
               ('v_order', 'id'), ('v_case', 'id || kind'), ('v_on_view', 'id || c'), ('v_columns', 'id || coalesce(exact, ''-'')')) AS x(v, e);
SELECT count(lo_unlink(substr(:'db', 4)::oid));
\set VERBOSITY terse
DROP SCHEMA export_v CASCADE;
