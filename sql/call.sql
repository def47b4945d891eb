-- the ways to call sq2pg_migrate: each runs it once and to its end
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
CREATE SCHEMA shop;
-- in the select list
SELECT split_part(sq2pg_migrate(:'db', 'shop')::text, ',', 1) AS table_name;
SELECT count(*) FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind = 'r';
SELECT (SELECT count(*) FROM shop.log) AS log, (SELECT count(*) FROM shop.c) AS c;
SET client_min_messages = warning;
DROP SCHEMA shop CASCADE;
RESET client_min_messages;

-- LIMIT does not stop it midway
CREATE SCHEMA shop;
SELECT table_name FROM sq2pg_migrate(:'db', 'shop') LIMIT 1;
SELECT count(*) FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind = 'r';
SET client_min_messages = warning;
DROP SCHEMA shop CASCADE;
CREATE SCHEMA shop;
SELECT split_part(sq2pg_migrate(:'db', 'shop')::text, ',', 1) AS table_name LIMIT 1;
SELECT count(*) FROM pg_constraint WHERE connamespace = 'shop'::regnamespace AND contype = 'f';
DROP SCHEMA shop CASCADE;

-- EXISTS, a cursor, PL/pgSQL, a prepared statement
CREATE SCHEMA shop;
SELECT EXISTS (SELECT FROM sq2pg_migrate(:'db', 'shop'));
SELECT count(*) FROM shop.line;
DROP SCHEMA shop CASCADE;

CREATE SCHEMA shop;
BEGIN;
DECLARE c CURSOR FOR SELECT table_name, loaded FROM sq2pg_migrate(:'db', 'shop');
FETCH 2 FROM c;
SELECT count(*) FROM shop.line;
FETCH ALL FROM c;
ROLLBACK;
SELECT count(*) FROM pg_class WHERE relnamespace = 'shop'::regnamespace;

PREPARE move(text, name) AS SELECT table_name, loaded, verified FROM sq2pg_migrate($1, target_schema => $2) WHERE action = 'total';
EXECUTE move(:'db', 'shop');
DROP SCHEMA shop CASCADE;
CREATE SCHEMA shop;
EXECUTE move(:'db', 'shop');
DEALLOCATE move;
DROP SCHEMA shop CASCADE;

CREATE SCHEMA shop;
SELECT set_config('test.db', :'db', false) IS NOT NULL AS ok;
DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT * FROM sq2pg_migrate(current_setting('test.db'), 'shop') LOOP
        EXIT;   -- the first row is enough
    END LOOP;
    RAISE WARNING 'first %, rows in the last %', r.table_name, (SELECT count(*) FROM shop.line);
    RAISE EXCEPTION 'changed my mind';
EXCEPTION WHEN raise_exception THEN
    RAISE WARNING 'tables after rollback to savepoint: %',
        (SELECT count(*) FROM pg_class WHERE relnamespace = 'shop'::regnamespace);
END
$$;

-- no schema named: the caller's current schema, also from a SET clause
SET search_path = nowhere, shop, public;
SELECT table_name, loaded FROM sq2pg_migrate(:'db', include => ARRAY['log']);
SHOW search_path;
SET search_path = nowhere;
SELECT * FROM sq2pg_migrate(:'db');
RESET search_path;
SELECT * FROM sq2pg_migrate(NULL);
DROP SCHEMA shop CASCADE;
