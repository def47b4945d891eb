-- errors of the foreign-data wrapper: options, missing things, values
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
\set types :srcdir '/test/fixtures/types.db'
\set quirks :srcdir '/test/fixtures/quirks.db'
-- options that are not there list those that are
CREATE SERVER s FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (dbname :'db');
CREATE SERVER s FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database 'relative.db');
CREATE SERVER s FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database '');
CREATE SERVER s FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database '/x.db', time_zone 'Mars/Olympus');
CREATE SERVER s FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database '/x.db', empty_as_null 'perhaps');
ALTER FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (ADD x 'y');
CREATE SERVER s FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
ALTER SERVER s OPTIONS (ADD "table" 'customer');
CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (password 'x');
CREATE FOREIGN TABLE t (id int) SERVER s OPTIONS (tablename 'customer');
CREATE FOREIGN TABLE t (id int OPTIONS (name 'id')) SERVER s OPTIONS ("table" 'customer');
CREATE FOREIGN TABLE t (id int OPTIONS (key 'maybe')) SERVER s;

-- what the database does not have
CREATE FOREIGN TABLE t (id int, nonsense text) SERVER s OPTIONS ("table" 'customer');
SELECT id FROM t WHERE id = 7;
CREATE FOREIGN TABLE missing (id int) SERVER s;
DO $$ BEGIN PERFORM * FROM missing; EXCEPTION WHEN fdw_table_not_found THEN RAISE WARNING '%', regexp_replace(sqlerrm, '"/.*/', '".../'); END $$;
CREATE SERVER none FOREIGN DATA WRAPPER sqlite_fdw_mig;
CREATE FOREIGN TABLE n (id int) SERVER none;
SELECT * FROM n;

-- values that a column cannot hold
CREATE SERVER types FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'types');
CREATE FOREIGN TABLE w (n int, int_big int, bool_text boolean, decimal_numeric numeric(5,2),
    b integer OPTIONS (column_name 'int_bytea'), ts_tz timestamp, varchar_text varchar(3), text_bytea text,
    uuid_text uuid, json_text jsonb, int_numeric bigint)
    SERVER types OPTIONS ("table" 'widened');
SELECT int_big FROM w;
SELECT bool_text FROM w;
SELECT decimal_numeric FROM w;
SELECT b FROM w;
SELECT ts_tz FROM w;
SELECT varchar_text FROM w;
SELECT text_bytea FROM w;
SELECT json_text FROM w;
SELECT int_numeric FROM w;
-- columns that are not read cannot fail, nor rows after the last that is wanted
SELECT n FROM w ORDER BY n;
SELECT count(*) FROM w;
SELECT int_big FROM w LIMIT 1;
-- without a rowid there is none to name
CREATE SERVER quirks FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'quirks');
CREATE FOREIGN TABLE pair (v int) SERVER quirks OPTIONS ("table" 'pair_key');
SELECT * FROM pair;
-- what the session does afterwards works
SELECT count(*) FROM w;
BEGIN;
SAVEPOINT a;
SELECT b FROM w;
ROLLBACK TO a;
SELECT count(*) FROM w;
COMMIT;
CREATE FOREIGN TABLE broken (v text) SERVER quirks OPTIONS ("table" 'broken_view');
DO $$ BEGIN PERFORM * FROM broken; EXCEPTION WHEN OTHERS THEN RAISE WARNING '%', regexp_replace(sqlerrm, '"/.*/', '".../'); END $$;
CREATE FOREIGN TABLE collated (id int, v text) SERVER quirks;
SELECT * FROM collated ORDER BY id;
SET client_min_messages = warning;
DROP SERVER s, none, types, quirks CASCADE;
