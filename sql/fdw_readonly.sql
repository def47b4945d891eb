-- foreign tables cannot be written
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
CREATE SERVER shop FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
CREATE FOREIGN TABLE customer (id bigint, name text) SERVER shop;
INSERT INTO customer VALUES (1, 'x');
INSERT INTO customer SELECT * FROM customer;
INSERT INTO customer VALUES (1, 'x') ON CONFLICT DO NOTHING;
UPDATE customer SET name = 'x' WHERE id = 7;
DELETE FROM customer WHERE false;
MERGE INTO customer USING (VALUES (7)) AS v(id) ON v.id = customer.id WHEN MATCHED THEN DELETE;
COPY customer FROM STDIN;
\.
TRUNCATE customer;
EXPLAIN DELETE FROM customer;
SELECT * FROM customer WHERE id = 7 FOR UPDATE;
-- not by way of a view, a partition or a child table either
CREATE VIEW people AS SELECT * FROM customer;
INSERT INTO people VALUES (1, 'x');
DROP VIEW people;
CREATE TABLE part (id bigint, name text) PARTITION BY LIST (id);
ALTER TABLE part ATTACH PARTITION customer DEFAULT;
INSERT INTO part VALUES (1, 'x');
UPDATE part SET name = 'x';
DELETE FROM part;
SELECT count(*) FROM part;
-- and the file says so, too
SELECT is_insertable_into FROM information_schema.tables WHERE table_name = 'customer';
SELECT count(*) FROM customer;
DROP TABLE part;
DROP SERVER shop CASCADE;
