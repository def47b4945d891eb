-- what was migrated works: rows, fresh ids, uniques, actions, deferral
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
CREATE SCHEMA shop;
SELECT loaded, verified FROM sq2pg_migrate(:'db', 'shop') WHERE action = 'total';
SET search_path = shop;
TABLE customer ORDER BY id;
TABLE orders ORDER BY year, no;
TABLE line ORDER BY order_year, order_no, position;
TABLE article ORDER BY code;
SELECT c.id, c.a_id FROM c JOIN a ON a.id = c.a_id JOIN b ON b.id = a.b_id ORDER BY 1;
SELECT to_char(at, 'YYYY-MM-DD HH24:MI:SS') AS at, what, count(*) FROM log GROUP BY 1, 2 ORDER BY 1;

-- the schema works: fresh ids, uniques, actions, deferral
INSERT INTO customer (name) VALUES ('Eve') RETURNING id;
INSERT INTO customer (name) VALUES ('EVE');
BEGIN;
INSERT INTO orders VALUES (9, 2024, 55);
INSERT INTO customer VALUES (55, 'Fay');
COMMIT;
DELETE FROM customer WHERE id = 55;
SELECT * FROM orders WHERE no = 9;
UPDATE orders SET no = 77 WHERE no = 1 AND year = 2023;
SELECT order_no, order_year, position, article FROM line WHERE order_no = 77 ORDER BY position;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA shop CASCADE;
