-- the way back: views that would show the same rows today, and others tomorrow
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA export_m;
SET search_path = export_m;
CREATE DOMAIN two AS char(2) COLLATE "C";
CREATE TABLE x (id integer PRIMARY KEY, c3 char(3) COLLATE "C", c4 char(4) COLLATE "C", t text COLLATE "C", n numeric, f real, p numeric(8,2), c2 two);
INSERT INTO x VALUES (1, 'a', 'b', 'a', 1, 1, 1);

-- char(n): groups, an order and different values without the blanks at the end; a limit that is none
CREATE VIEW c_group AS SELECT c, count(*) FROM (SELECT c3 AS c FROM x UNION ALL SELECT c4 FROM x) AS s GROUP BY c;
CREATE VIEW c_count AS SELECT count(DISTINCT c) FROM (SELECT c3 AS c FROM x UNION ALL SELECT c4 FROM x) AS s;
CREATE VIEW c_distinct AS SELECT DISTINCT c4 FROM x;
CREATE VIEW c_domain AS SELECT DISTINCT c2 FROM x;
CREATE VIEW c_order AS SELECT c3 FROM x ORDER BY c3 DESC NULLS LAST LIMIT 1;
CREATE VIEW c_key AS SELECT coalesce(c3, c4) AS c, count(*) FROM x GROUP BY coalesce(c3, c4) ORDER BY coalesce(c3, c4) LIMIT 2;
CREATE VIEW l_null AS SELECT id FROM x ORDER BY id LIMIT NULL::bigint OFFSET 1 - 1;
CREATE VIEW l_none AS SELECT id FROM x ORDER BY id LIMIT 2 OFFSET NULL;
CREATE VIEW n_order AS SELECT p FROM x ORDER BY p DESC NULLS LAST LIMIT 1;
-- left out, and why
CREATE VIEW w_char_distinct AS SELECT DISTINCT c FROM (SELECT c3 AS c FROM x UNION ALL SELECT c4 FROM x) AS s;
CREATE VIEW w_char_least AS SELECT min(c) FROM (SELECT c3 AS c FROM x UNION ALL SELECT c4 FROM x) AS s;
CREATE VIEW w_char_order AS SELECT c3 FROM x UNION ALL SELECT c3 FROM x ORDER BY 1 LIMIT 1;
CREATE VIEW w_number_order AS SELECT n FROM x UNION ALL SELECT n FROM x ORDER BY 1 LIMIT 2;
CREATE VIEW w_using AS SELECT t FROM x ORDER BY t USING ~>~ LIMIT 1;
CREATE VIEW w_limit AS SELECT id FROM x LIMIT (SELECT max(id) FROM x WHERE id > 100);
CREATE VIEW w_negative AS SELECT id FROM x WHERE EXISTS (SELECT FROM x AS y WHERE y.id > 100 OFFSET -1);
CREATE VIEW w_single AS SELECT id FROM x WHERE f = 0.1::float8;
CREATE VIEW w_columns AS SELECT id AS a, t AS "A" FROM x;
CREATE VIEW w_on_columns AS SELECT a FROM w_columns;
-- what SQLite says only once it is asked for a row does not end the export
DO $$ BEGIN EXECUTE format('CREATE VIEW w_pattern AS SELECT id FROM x WHERE t LIKE %L', repeat('x', 50001)); END $$;

SELECT sq2pg_export('lo:new', numeric_as => 'text') AS db \gset
SELECT sql FROM sq2pg_objects(:'db') WHERE type = 'view' ORDER BY name;
SELECT count(lo_unlink(substr(:'db', 4)::oid));
\echo -- tomorrow
INSERT INTO x VALUES (2, 'a', 'a', 'B', 9, 0.1, 9), (3, E'a\t', NULL, 'C', 10, 0.1, 10), (4, NULL, 'a', 'c', 9.5, NULL, 9.5), (5, NULL, NULL, NULL, NULL, NULL, NULL),
    (6, ' a', 'abcd', '', -1, 'NaN', 0), (7, '', '', 'a ', 'NaN', '-0', -1);
\set VERBOSITY terse
SELECT sq2pg_export('lo:new', numeric_as => 'real', exclude => '{w_*}') AS db \gset
SELECT array_agg(name ORDER BY name) FROM sq2pg_objects(:'db') WHERE type = 'view';
SELECT v || ': ' || array_to_string(sq2pg.source_row(:'db', format('SELECT group_concat(%s, '','') FROM (SELECT * FROM %I ORDER BY 1)', e, v)), '')
  FROM (VALUES ('c_group', 'quote(rtrim(c, '' '')) || count'), ('c_count', 'count'), ('c_order', 'c3'), ('c_key', 'coalesce(c, ''-'') || count'), ('l_null', 'id'), ('n_order', 'p')) AS x(v, e);
SELECT count(lo_unlink(substr(:'db', 4)::oid));
-- cancelled, or out of time, is nothing that SQLite says
BEGIN;
SELECT sq2pg.export_begin('lo:new');
SELECT matches, problem FROM sq2pg.export_compare('SELECT 1::bigint', 'SELECT 1 LIMIT ''x''', 10000);
SELECT matches, problem FROM sq2pg.export_compare('SELECT 1::bigint', 'SELECT abs(-9223372036854775807 - 1)', 10000);
SELECT matches, problem FROM sq2pg.export_compare('SELECT 1::bigint', 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n', 100);
SET LOCAL statement_timeout = '200ms';
SELECT matches, problem FROM sq2pg.export_compare('SELECT 1::bigint', 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n', 60000);
ROLLBACK;
DROP SCHEMA export_m CASCADE;
