-- options of foreign tables and of IMPORT FOREIGN SCHEMA, also those of sqlite_fdw
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/push.db'
\set types :srcdir '/test/fixtures/types.db'
\set names :srcdir '/test/fixtures/quirks.db'
-- a script for sqlite_fdw runs, as far as it reads
CREATE SERVER old FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db', keep_connections 'false', force_readonly 'true', updatable 'false', truncatable 'off', batch_size '100');
CREATE FOREIGN TABLE firm (nr bigint OPTIONS (column_name 'id', key 'true'), code text OPTIONS (column_type 'TEXT'), amount int) SERVER old
    OPTIONS ("table" 'firm', updatable 'false', truncatable 'false', batch_size '10');
SELECT * FROM firm ORDER BY nr;
ALTER SERVER old OPTIONS (SET keep_connections 'true');
SELECT count(*) FROM firm;
-- what asks for writing is refused
ALTER SERVER old OPTIONS (SET updatable 'true');
ALTER SERVER old OPTIONS (SET truncatable 'on');
ALTER FOREIGN TABLE firm OPTIONS (SET updatable 'true');
ALTER FOREIGN TABLE firm OPTIONS (SET truncatable 'true');
\set VERBOSITY terse
ALTER FOREIGN TABLE firm OPTIONS (SET batch_size '0');
ALTER FOREIGN TABLE firm OPTIONS (SET batch_size 'ten');
ALTER SERVER old OPTIONS (SET keep_connections 'perhaps');
ALTER SERVER old OPTIONS (SET force_readonly '');
ALTER FOREIGN TABLE firm ALTER nr OPTIONS (SET key 'x');
TRUNCATE firm;
\set VERBOSITY default

-- IMPORT FOREIGN SCHEMA
CREATE VIEW listing AS
    SELECT c.relnamespace::regnamespace AS schema, c.relname AS name, string_agg(format('%s %s%s', a.attname, format_type(a.atttypid, a.atttypmod),
               CASE WHEN a.attnotnull THEN ' NOT NULL' END), ', ' ORDER BY a.attnum) AS columns
      FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
     WHERE c.relkind = 'f' GROUP BY c.oid ORDER BY c.relname COLLATE "C";
CREATE SCHEMA a;
IMPORT FOREIGN SCHEMA main FROM SERVER old INTO a OPTIONS (views 'false', import_not_null 'false', import_default 'true');
SELECT name, columns FROM listing WHERE schema = 'a'::regnamespace;
CREATE SCHEMA b;
IMPORT FOREIGN SCHEMA main FROM SERVER old INTO b OPTIONS (types 'measured');
SELECT name, columns FROM listing WHERE schema = 'b'::regnamespace;
SELECT id, any_, day, moment FROM b.mixed ORDER BY id;
CREATE SERVER quirks FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'names');
CREATE SCHEMA c;
IMPORT FOREIGN SCHEMA main LIMIT TO (generated, main, quoted_name) FROM SERVER quirks INTO c OPTIONS (names 'snake', generated 'false');
SELECT name, columns FROM listing WHERE schema = 'c'::regnamespace;
-- mistakes
IMPORT FOREIGN SCHEMA main FROM SERVER old INTO c OPTIONS (names 'upper');
IMPORT FOREIGN SCHEMA main FROM SERVER old INTO c OPTIONS (types 'guessed');
IMPORT FOREIGN SCHEMA main FROM SERVER old INTO c OPTIONS (views 'perhaps');
IMPORT FOREIGN SCHEMA main FROM SERVER old INTO c OPTIONS (colour 'blue');
SET client_min_messages = warning;
DROP SERVER old, quirks CASCADE;
DROP VIEW listing;
DROP SCHEMA a, b, c;
