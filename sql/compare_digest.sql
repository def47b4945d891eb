--
-- Digests of relations: order does not matter, everything else does
--
CREATE SCHEMA compare_digest;
SET search_path = compare_digest;
CREATE TABLE base (id bigint, name text, at timestamptz, doc jsonb, price numeric(10,2));
INSERT INTO base SELECT i, 'name ' || i, timestamptz '2024-01-01 00:00+00' + i * interval '1 hour',
	jsonb_build_object('i', i, 'list', ARRAY[i, i + 1]), i / 4.0
FROM generate_series(1, 1000) AS i;
INSERT INTO base VALUES (1001, NULL, NULL, NULL, NULL), (1001, '', 'infinity', '{}', 'NaN');

CREATE FUNCTION digest(relation regclass, VARIADIC columns name[] DEFAULT '{id,name,at,doc,price}')
RETURNS text LANGUAGE sql AS $$
	SELECT d.rows || ' ' || d.digest FROM sq2pg.digest_relation(relation, columns) AS d
$$;

SELECT rows, digest ~ '^[0-9a-f]{32}$' AS looks_good FROM sq2pg.digest_relation('base', '{id,name}');
CREATE TABLE empty (LIKE base);
SELECT * FROM sq2pg.digest_relation('empty', '{id}');

-- the same rows: in another order, from a view, partitioned, as other types
CREATE TABLE shuffled AS SELECT * FROM base ORDER BY md5(id::text);
CREATE VIEW seen AS SELECT price, doc, at, name, id FROM base;
CREATE TABLE parted (LIKE base) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (500);
CREATE TABLE parted_2 (price numeric(10,2), doc jsonb, extra integer, id bigint, name text, at timestamptz);
ALTER TABLE parted_2 DROP COLUMN extra;
ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES FROM (500) TO (2000);
INSERT INTO parted SELECT * FROM base;
CREATE TABLE retyped (id smallint, name varchar(20), at timestamptz, doc jsonb, price numeric);
INSERT INTO retyped SELECT * FROM base;
UPDATE retyped SET price = price + 0.00000;
CREATE TABLE "Odd ""name""" AS SELECT id AS "ID", name AS "select", at, doc, price FROM base;
CREATE TABLE parent (LIKE base);
CREATE TABLE child () INHERITS (parent);
INSERT INTO child SELECT * FROM base;
SELECT r AS relation, digest(r) = digest('base') AS same
FROM unnest('{base,shuffled,seen,parted,retyped,parent}'::regclass[]) AS r;
SELECT digest('"Odd ""name"""', 'ID', 'select', 'at', 'doc', 'price') = digest('base') AS same;

-- rows or values that differ
CREATE FUNCTION differs(change text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	answer boolean;
BEGIN
	CREATE TABLE changed AS SELECT * FROM base;
	EXECUTE change;
	answer := digest('changed') <> digest('base');
	DROP TABLE changed;
	RETURN answer;
END $$;
SELECT change, differs(change) FROM unnest(ARRAY[
	$$SELECT$$,
	$$UPDATE changed SET price = price$$,
	$$DELETE FROM changed WHERE id = 7$$,
	$$INSERT INTO changed SELECT * FROM changed WHERE id = 7$$,
	$$INSERT INTO changed SELECT * FROM changed WHERE id IN (7, 7)$$,
	$$UPDATE changed SET id = 8 WHERE id = 7$$,
	$$UPDATE changed SET id = 15 - id WHERE id IN (7, 8)$$,
	$$UPDATE changed SET name = '' WHERE name IS NULL$$,
	$$UPDATE changed SET name = name || ' ' WHERE id = 7$$,
	$$UPDATE changed SET at = at + interval '1 microsecond' WHERE id = 7$$,
	$$UPDATE changed SET doc = doc || '{"x":null}' WHERE id = 7$$,
	$$UPDATE changed SET price = -price WHERE id = 7$$,
	$$UPDATE changed SET at = '-infinity' WHERE at = 'infinity'$$]) AS change;

-- two equal rows do not cancel each other, nor do two pairs
CREATE TABLE twice AS SELECT * FROM base WHERE id IN (1, 1, 2) UNION ALL SELECT * FROM base WHERE id IN (1, 2);
CREATE TABLE other AS SELECT * FROM base WHERE id IN (3, 4) UNION ALL SELECT * FROM base WHERE id IN (3, 4);
SELECT digest('twice') <> digest('other') AS differ;

-- the borders between columns and rows count, and so does the column
CREATE TABLE texts (a text, b text);
INSERT INTO texts VALUES ('ab', 'c'), ('d', NULL);
CREATE TABLE moved (a text, b text);
INSERT INTO moved VALUES ('a', 'bc'), ('d', NULL);
CREATE TABLE crossed (a text, b text);
INSERT INTO crossed VALUES ('c', 'ab'), ('d', NULL);
CREATE TABLE mixed (a text, b text);
INSERT INTO mixed VALUES ('ab', NULL), ('d', 'c');
SELECT r AS relation, digest(r, 'a', 'b') = digest('texts', 'a', 'b') AS same
FROM unnest('{texts,moved,crossed,mixed}'::regclass[]) AS r;
SELECT digest('texts', 'b', 'a') = digest('texts', 'a', 'b') AS same;

-- a value longer than what is hashed on its own
CREATE TABLE long AS SELECT 1 AS id, repeat('x', 300000) || n AS t FROM generate_series(1, 3) AS n;
SELECT digest('long', 'id', 't') = digest('long', 'id', 't') AS same;
CREATE TABLE long_changed AS SELECT id, overlay(t PLACING 'y' FROM 299999) AS t FROM long;
SELECT digest('long', 'id', 't') = digest('long_changed', 'id', 't') AS same;

-- what this transaction has just written counts
BEGIN;
INSERT INTO empty SELECT * FROM base;
SELECT digest('empty') = digest('base') AS same;
ROLLBACK;

-- the session's settings do not matter
SELECT digest('base') AS before \gset
SET timezone = 'Asia/Kathmandu';
SET datestyle = 'German';
SET extra_float_digits = -5;
SELECT digest('base') = :'before' AS same;

-- errors
SELECT * FROM sq2pg.digest_relation('base', '{nope}');
SELECT * FROM sq2pg.digest_relation('base', '{}');
SELECT * FROM sq2pg.digest_relation('base', '{id,NULL}');
SELECT * FROM sq2pg.digest_relation('base', '{id}', 'Mars/Olympus');
SELECT * FROM sq2pg.digest_relation(0, '{id}');

SET client_min_messages = warning;
DROP SCHEMA compare_digest CASCADE;
