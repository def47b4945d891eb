-- Views: SQLite's queries, with the tables that they read
\pset format unaligned
\pset tuples_only on
\pset null ''
\set catalog '[{"name":"users","schema":"sq2pg_view","columns":[{"name":"id","type":"bigint","affinity":"INTEGER","not_null":true},{"name":"name","type":"text","affinity":"TEXT"},{"name":"email","type":"text","affinity":"TEXT","collation":"NOCASE"},{"name":"active","type":"boolean","affinity":"NUMERIC"},{"name":"created","type":"timestamp","affinity":"NUMERIC"},{"name":"score","type":"double precision","affinity":"REAL"},{"name":"mgr","type":"bigint","affinity":"INTEGER"}],"primary_key":["id"],"rowid":"id"},{"name":"orders","target":"order list","schema":"sq2pg_view","columns":[{"name":"id","type":"bigint","affinity":"INTEGER","not_null":true},{"name":"userId","target":"user_id","type":"bigint","affinity":"INTEGER"},{"name":"total","type":"numeric(10,2)","affinity":"NUMERIC"},{"name":"qty","type":"integer","affinity":"INTEGER"},{"name":"day","type":"date","affinity":"NUMERIC"},{"name":"odd name","type":"text","affinity":"TEXT"}],"primary_key":["id"],"rowid":"id"},{"name":"tags","schema":"sq2pg_view","columns":[{"name":"user_id","type":"bigint","affinity":"INTEGER","not_null":true},{"name":"tag","type":"text","affinity":"TEXT","not_null":true}],"primary_key":["user_id","tag"]}]'

CREATE TEMP TABLE views (n serial, query text);
INSERT INTO views (query) VALUES
	('SELECT * FROM users'),
	('SELECT u.*, o.id FROM users u, orders o WHERE u.id = o.userId'),
	('SELECT u.name, o.total FROM users u LEFT JOIN orders o ON o.userId = u.id AND o.qty > 1'),
	('SELECT name, count(*) c FROM users GROUP BY name'),
	('SELECT lower(name) l, count(*), sum(score), avg(score), min(name), max(created), total(score) FROM users GROUP BY lower(name) ORDER BY l'),
	('SELECT lower(email) e, count(*) FROM users GROUP BY 1'),
	('SELECT u.id, u.name, count(o.id) n, sum(o.total) t, sum(o.qty*o.total) x FROM users u LEFT JOIN orders o ON o.userId=u.id GROUP BY u.id ORDER BY n DESC, u.id'),
	('SELECT strftime(''%Y-%m'', day) m, sum(qty) FROM orders GROUP BY m ORDER BY m'),
	('SELECT strftime(''%Y'', created) y, strftime(''%m'', created) mo, count(*) n FROM users GROUP BY y, mo HAVING n >= 1 ORDER BY y DESC, mo'),
	('SELECT name FROM users ORDER BY name'),
	('SELECT DISTINCT tag FROM tags ORDER BY tag'),
	('SELECT DISTINCT tag FROM tags ORDER BY tag COLLATE NOCASE, 1'),
	('SELECT DISTINCT email FROM users'),
	('SELECT id FROM users UNION SELECT userId FROM orders ORDER BY 1 DESC'),
	('SELECT id FROM users EXCEPT SELECT userId FROM orders INTERSECT SELECT 4'),
	('SELECT id FROM users WHERE id NOT IN (SELECT userId FROM orders WHERE userId IS NOT NULL)'),
	('SELECT id FROM users u WHERE EXISTS (SELECT 1 FROM orders WHERE userId = u.id AND total > 5)'),
	('SELECT id, (SELECT count(*) FROM orders o WHERE o.userId = u.id) n, (SELECT tag FROM tags WHERE user_id = u.id ORDER BY tag DESC) t FROM users u'),
	('SELECT id, CASE WHEN active THEN ''on'' WHEN active = 0 THEN ''off'' END st, active = 1 AS is_on, NOT active AS off FROM users'),
	('SELECT id, name LIKE ''a%'' AS a, email = ''A@X'' AS e, name = ''ann'' AS b, name > ''a'' AS c FROM users'),
	('SELECT row_number() OVER (ORDER BY id DESC) rn, rank() OVER (ORDER BY "odd name") rk, sum(qty) OVER (PARTITION BY userId ORDER BY id) run, lag(qty) OVER (ORDER BY id) lg, count(*) OVER () c, first_value(qty) OVER (PARTITION BY "odd name" ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) fv, id FROM orders ORDER BY id'),
	('WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < 10) SELECT x, x*x AS sq FROM c'),
	('WITH RECURSIVE t(id, name, depth) AS (SELECT id, name, 0 FROM users WHERE mgr IS NULL UNION ALL SELECT u.id, u.name, t.depth+1 FROM users u JOIN t ON u.mgr = t.id) SELECT * FROM t ORDER BY depth, id'),
	('WITH o AS (SELECT userId uid, sum(total) s FROM orders GROUP BY userId), p AS (SELECT * FROM o WHERE s > 3) SELECT u.name, p.s FROM users u JOIN p ON p.uid = u.id ORDER BY p.s'),
	('SELECT * FROM orders JOIN (SELECT id, name FROM users) USING (id)'),
	('SELECT * FROM orders NATURAL JOIN (SELECT id, name FROM users) n'),
	('SELECT user_id, group_concat(tag, '' | '') g, count(*) FILTER (WHERE tag = ''a'') fa FROM tags GROUP BY user_id HAVING count(*) > 1'),
	('SELECT count(*), sum(qty), avg(qty), max(day), min("odd name"), sum(qty > 1), total(total) FROM orders'),
	('SELECT name, score FROM users WHERE score = (SELECT max(score) FROM users)'),
	('SELECT "odd name" AS "Odd", "nosuch" AS lit FROM orders'),
	('SELECT rowid, oid FROM users'),
	('SELECT id + 1 AS a FROM users WHERE a > 3'),
	('SELECT 1, ''x'', NULL, 1.5, x''00ff'', 2 > 1'),
	('SELECT id, ''lit'' k FROM users UNION SELECT NULL, NULL'),
	('SELECT name FROM users GROUP BY active'),
	('SELECT id, max(total) FROM orders'),
	('SELECT id FROM users WHERE (mgr, id) IN ((1,2))'),
	('SELECT mgr, json_group_array(id) FROM users GROUP BY mgr'),
	('SELECT id, score, score > 1 OR name = ''x'' AS f, score IS NULL AS n, created IS NOT NULL AS c FROM users'),
	('SELECT id FROM users WHERE created > (SELECT max(day) FROM orders)'),
	('SELECT strftime(''%Y'', name) AS y FROM users'),
	('SELECT id || '': '' || total AS l FROM orders'),
	('SELECT CAST(name AS INTEGER) i FROM users WHERE created >= date(''now'', ''start of year'')'),
	('SELECT name FROM (users) WHERE id = 1'),
	('SELECT name FROM ((users AS a)), (orders o) WHERE o.userId = a.id ORDER BY o.id'),
	('SELECT 1 AS "", 2 AS "_", 3 AS ""');

SELECT v.query, E'\n  => ' || coalesce(t.translated, 'no: ' || t.problem), t.notes
FROM views v, sq2pg.translate_view('CREATE VIEW v AS ' || v.query, :'catalog') t ORDER BY n;

-- names of columns; what another view gets to see
SELECT t.columns FROM sq2pg.translate_view('CREATE VIEW v (a, "B c") AS SELECT qty, total FROM orders', :'catalog') t;
SELECT t.columns FROM sq2pg.translate_view('CREATE VIEW v AS SELECT userId, email, qty > 1 AS x, count(*) OVER (), id, id FROM orders NATURAL JOIN users', :'catalog') t;

-- all of them can be created
CREATE SCHEMA sq2pg_view;
CREATE TABLE sq2pg_view.users (id bigint PRIMARY KEY, name text, email text, active boolean, created timestamp, score double precision, mgr bigint);
CREATE TABLE sq2pg_view."order list" (id bigint PRIMARY KEY, user_id bigint, total numeric(10,2), qty integer, day date, "odd name" text);
CREATE TABLE sq2pg_view.tags (user_id bigint, tag text, PRIMARY KEY (user_id, tag));
INSERT INTO sq2pg_view.users VALUES (1, 'ann', 'A@x', true, '2024-01-31 10:00', 1.5, NULL), (2, 'Bob', 'b@x', false, '2024-02-29 11:30', 2.25, 1), (3, NULL, NULL, NULL, NULL, NULL, 2);
INSERT INTO sq2pg_view."order list" VALUES (1, 1, 10.5, 2, '2024-01-31', 'x'), (2, 1, 20, 1, '2024-02-01', 'y'), (3, 2, NULL, 5, '2024-02-29', NULL);
\pset tuples_only off
\pset format aligned
\o /dev/null
SELECT format('CREATE VIEW sq2pg_view.v%s (%s) AS %s', n, (SELECT string_agg(quote_ident(c->>'target'), ', ' ORDER BY i)
	FROM jsonb_array_elements(t.columns) WITH ORDINALITY AS x (c, i)), t.translated)
FROM views v, sq2pg.translate_view('CREATE VIEW v AS ' || v.query, :'catalog') t WHERE t.translated IS NOT NULL ORDER BY n
\gexec
\o
SELECT count(*) FROM pg_views WHERE schemaname = 'sq2pg_view';
SELECT * FROM sq2pg_view.v7 ORDER BY 1;
SELECT * FROM sq2pg_view.v8 ORDER BY 1;
SELECT * FROM sq2pg_view.v23 ORDER BY 1;
SELECT * FROM sq2pg_view.v18 ORDER BY 1;
SELECT * FROM sq2pg_view.v20 ORDER BY 1;

-- hostile
SELECT left(t.problem, 70) FROM (VALUES
	('CREATE VIEW v AS ' || repeat('SELECT * FROM (', 2000)), ('CREATE VIEW v AS SELECT ' || repeat('(SELECT ', 2000)),
	('CREATE VIEW v AS WITH RECURSIVE a AS (SELECT 1 UNION SELECT * FROM a UNION SELECT 2) SELECT * FROM a'),
	('CREATE VIEW v AS SELECT * FROM a.b.c'), ('CREATE VIEW v AS SELECT 1; DROP TABLE t'), ('CREATE TABLE t (a)'),
	('CREATE VIEW v AS SELECT id AS x, x AS id FROM (SELECT 1) WHERE x = y'), ('CREATE VIEW v AS SELECT * FROM users, users'),
	('CREATE VIEW v AS SELECT x AS y, y AS x FROM users WHERE x = 1')
) AS h (ddl), sq2pg.translate_view(ddl, :'catalog') t;
SELECT sq2pg.translate_view('CREATE VIEW v AS SELECT 1', '[{"name": "t"}]');
\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA sq2pg_view CASCADE;
