-- columns of existing tables: found by name, filled by the target's types
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set db :srcdir '/test/fixtures/data_columns.db'
SET client_min_messages = warning;
SET timezone = 'Asia/Tokyo';
CREATE SCHEMA d;
SET search_path = d;

-- by name, in whatever order: exact, another case, folded; a dropped column,
-- one more that the source has not
CREATE TABLE orders (gone int, qty smallint NOT NULL DEFAULT 7, is_paid boolean, unit_price numeric(8,3), "customer name" text,
                     extra text DEFAULT 'none', order_id int PRIMARY KEY);
ALTER TABLE orders DROP COLUMN gone, ALTER COLUMN qty DROP NOT NULL;
SELECT table_name, action, source_rows, loaded, verified FROM sq2pg_migrate(:'db', mode => 'data', include => '{Orders}');
SELECT * FROM orders ORDER BY order_id;
DROP TABLE orders;
-- two that could be meant: neither is, and both are told
CREATE TABLE twins (id int PRIMARY KEY, username text, "USERNAME" text, user_name text, note text);
SELECT table_name, verified FROM sq2pg_migrate(:'db', mode => 'data', include => '{twins}');
SELECT severity, code, column_name, message, hint FROM sq2pg_check(:'db', mode => 'data', include => '{twins}') WHERE severity <> 'note';
ALTER TABLE twins DROP COLUMN "USERNAME";
SELECT table_name, verified FROM sq2pg_migrate(:'db', mode => 'data', include => '{twins}');
SELECT * FROM twins;
DROP TABLE twins;
CREATE TABLE "Twins" (id int PRIMARY KEY, username text, note text);
CREATE TABLE "TWINS" (id int PRIMARY KEY, username text, note text);
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{twins}');
DROP TABLE "Twins", "TWINS";
-- names in the parameters
CREATE TABLE twins (a int PRIMARY KEY, b text);
SELECT table_name, loaded FROM sq2pg_migrate(:'db', mode => 'data', include => '{twins}', exclude => '{twins.note}',
                                             rename => '{"twins.id": "a", "twins.userName": "b"}');
TABLE twins;
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{twins}', rename => '{"twins.id": "zz", "twins.userName": "b"}',
                            existing => 'truncate');
DROP TABLE twins;

-- the type of the target decides
CREATE TYPE mood AS ENUM ('sad', 'very happy', 'dup', 'DUP');
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE TABLE typed (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood, pct percent, code varchar(3), amount numeric(6,2), ok boolean,
    at timestamptz, doc jsonb, doc_text json, uid uuid, addr inet, tags text[], nums int[], grid bigint[],
    twice bigint GENERATED ALWAYS AS (id * 2) STORED, thrice bigint GENERATED ALWAYS AS (id * 3) STORED);
SELECT table_name, action, loaded, changed, next_id, verified
  FROM sq2pg_migrate(:'db', mode => 'data', include => '{typed}', time_zone => 'Europe/Berlin');
SET timezone = 'UTC';
\x on
TABLE typed;
\x off
SET timezone = 'Asia/Tokyo';
SELECT table_name, action, verified FROM sq2pg_migrate(:'db', mode => 'data', include => '{typed}', time_zone => 'Europe/Berlin');
-- another zone means other instants
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{typed}', time_zone => 'UTC');
-- a generated column that computes something else than SQLite has
ALTER TABLE typed DROP COLUMN twice;
ALTER TABLE typed ADD COLUMN twice bigint GENERATED ALWAYS AS (id * 2 + 1) STORED;
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{typed}', time_zone => 'Europe/Berlin', existing => 'truncate');
SELECT table_name, verified FROM sq2pg_migrate(:'db', mode => 'data', include => '{typed}', time_zone => 'Europe/Berlin', existing => 'truncate',
                                               exclude => '{typed.twice}');
SELECT id, twice FROM typed ORDER BY id;

-- values that do not fit, all of them at once, and what becomes of them
CREATE TABLE bad (id int PRIMARY KEY, mood mood, pct percent, code varchar(3), amount numeric(5,2), at timestamptz, tags text[]);
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{bad}', time_zone => 'Europe/Berlin');
SELECT count(*) FROM bad;
SELECT column_name, occurrences, sample, message, hint
  FROM sq2pg_check(:'db', mode => 'data', include => '{bad}', time_zone => 'Europe/Berlin') WHERE severity = 'error' ORDER BY column_name;
SELECT table_name, loaded, rejected, changed, verified
  FROM sq2pg_migrate(:'db', mode => 'data', include => '{bad}', time_zone => 'Europe/Berlin', on_bad_value => 'repair');
SET timezone = 'UTC';
TABLE bad;
SELECT source_rowid, column_name, value, action, message FROM sq2pg.rejects WHERE relation = 'd.bad' ORDER BY source_rowid, column_name;
SELECT table_name, action, loaded, rejected, verified FROM sq2pg_migrate(:'db', mode => 'data', include => '{bad}',
       time_zone => 'Europe/Berlin', on_bad_value => 'reject', existing => 'truncate') WHERE action <> 'total';
SELECT count(*) FROM bad;
DROP SCHEMA d CASCADE;
