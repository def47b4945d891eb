-- foreign tables: what a scan reads and how it is explained
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
\set quirks :srcdir '/test/fixtures/quirks.db'
CREATE SERVER shop FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
CREATE SERVER quirks FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'quirks');
CREATE FOREIGN TABLE customer (id bigint, name text, recommended_by bigint) SERVER shop;
CREATE FOREIGN TABLE renamed (
    nr integer OPTIONS (column_name 'id', key 'true'),
    name text NOT NULL,
    friend smallint OPTIONS (column_name 'RECOMMENDED_BY')
) SERVER shop OPTIONS ("table" 'Customer');

-- only the columns that a query needs
EXPLAIN (COSTS OFF) SELECT * FROM customer;
EXPLAIN (COSTS OFF) SELECT friend FROM renamed WHERE nr > 3;
EXPLAIN (COSTS OFF) SELECT count(*) FROM customer;
EXPLAIN (COSTS OFF) SELECT 1 FROM customer WHERE random() >= 0;
SELECT count(*) FROM customer;
SELECT * FROM customer ORDER BY id;
SELECT name, friend FROM renamed WHERE nr > 3 ORDER BY nr;
SELECT r FROM renamed AS r ORDER BY nr DESC LIMIT 2;
SELECT tableoid::regclass, name FROM customer WHERE name = 'Bob';
SELECT EXISTS (SELECT FROM customer WHERE id = 9) AS bob;

-- joins with itself, also with rescans; subqueries
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SELECT a.name, b.name AS recommended_by FROM customer AS a LEFT JOIN customer AS b ON b.id = a.recommended_by ORDER BY a.id;
SELECT name, (SELECT count(*) FROM customer AS x WHERE x.recommended_by = c.id) AS friends FROM customer AS c ORDER BY id;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;

-- views of SQLite, virtual tables, generated columns, names of any kind
CREATE FOREIGN TABLE twice (a bigint, twice bigint) SERVER quirks OPTIONS ("table" 'good_view');
TABLE twice;
CREATE FOREIGN TABLE doc (title text, body text) SERVER quirks;
TABLE doc;
CREATE FOREIGN TABLE generated (a int, s int, v text) SERVER quirks;
TABLE generated;
CREATE FOREIGN TABLE odd (n int OPTIONS (column_name 'größe'), "列" text) SERVER quirks OPTIONS ("table" 'naïve テーブル');
TABLE odd;
CREATE FOREIGN TABLE quoted (one text OPTIONS (column_name 'a b'), two int OPTIONS (column_name 'c"d'),
    four bytea OPTIONS (column_name 'f.g')) SERVER quirks OPTIONS ("table" 'quoted "name"');
TABLE quoted;
CREATE FOREIGN TABLE pair (v text, a text) SERVER quirks OPTIONS ("table" 'pair_key');
EXPLAIN (COSTS OFF) SELECT * FROM pair;
TABLE pair;
ALTER FOREIGN TABLE customer DROP COLUMN name;
ALTER FOREIGN TABLE customer ADD COLUMN upper_name text OPTIONS (column_name 'name');
SELECT * FROM customer WHERE id = 7;
SET client_min_messages = warning;
DROP SERVER shop, quirks CASCADE;
