-- expressions of the caller's for columns of existing tables
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set db :srcdir '/test/fixtures/data_using.db'
SET client_min_messages = warning;
CREATE SCHEMA u;
CREATE TABLE u.item (id bigint PRIMARY KEY, n text);
CREATE FUNCTION u.migrate(db text, expression text, existing text DEFAULT 'error') RETURNS TABLE (action text, loaded bigint, verified boolean) LANGUAGE sql AS $$
    SELECT action, loaded, verified
      FROM sq2pg_migrate(db, 'u', 'data', include => '{item}', existing => existing, types => jsonb_build_object('item.n', 'text USING ' || expression))
     WHERE action <> 'total'
$$;
-- an error of an expression is not in the way where it is not needed
INSERT INTO u.item VALUES (1, 'a'), (2, 'b');
CREATE FUNCTION u.bad(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN IF t = 'b' THEN RAISE 'no %', t; END IF; RETURN t; END $$;
CREATE FUNCTION u.odd(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'odd' USING ERRCODE = 'U0001'; END $$;
CREATE FUNCTION u.worn(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE out_of_memory USING MESSAGE = 'not of the expression'; END $$;
SELECT severity, code, message FROM sq2pg_check(:'db', 'u', 'data', include => '{item}', types => '{"item.n": "text USING u.bad(n)"}') WHERE severity = 'error';
SELECT * FROM u.migrate(:'db', 'u.bad(n)', 'skip');
SELECT * FROM u.migrate(:'db', 'u.odd(n)', 'skip');
SELECT * FROM u.migrate(:'db', 'u.worn(n)', 'skip');
SELECT * FROM u.migrate(:'db', 'u.bad(n)', 'truncate');
-- what changes something is not tried out
CREATE SEQUENCE u.numbers;
CREATE FUNCTION u.draw(t text) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN t || nextval('u.numbers'); END $$;
SELECT code FROM sq2pg_check(:'db', 'u', 'data', include => '{item}', types => '{"item.n": "text USING n || nextval(''u.numbers'')"}') WHERE severity = 'error';
SELECT code FROM sq2pg_check(:'db', 'u', 'data', include => '{item}', types => '{"item.n": "text USING u.draw(n)"}') WHERE severity = 'error';
SELECT * FROM u.migrate(:'db', 'u.draw(n)', 'skip');
SELECT last_value, is_called FROM u.numbers;
CREATE FUNCTION u.plain(t text) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT t';
SELECT * FROM u.migrate(:'db', 'u.plain(n)', 'skip');
-- another session that runs a printed plan, or loads, has a server of another name
BEGIN;
SELECT * FROM u.migrate(:'db', 'lower(n)');
SHOW transaction_read_only;
COMMIT;
CREATE SERVER sq2pg_plan_source FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
SELECT * FROM u.migrate(:'db', 'lower(n)');
SELECT * FROM u.migrate(:'db', 'upper(n)', 'truncate');
TABLE u.item;
DROP SERVER sq2pg_plan_source;
SELECT srvname FROM pg_foreign_server WHERE srvname LIKE 'sq2pg%';
-- a hint that can be used as it stands
CREATE TABLE u."t'x" (id bigint PRIMARY KEY, "l'a%s" interval);
SELECT code, hint FROM sq2pg_check(:'db', 'u', 'data', include => '{t''x}') WHERE code LIKE 'interval%';
SELECT format('SELECT verified FROM sq2pg_migrate(%L, %L, %L, include => %L, %s)', :'db', 'u', 'data', ARRAY['t''x'], substring(hint FROM 'types => .*[^.]'))
  FROM sq2pg_check(:'db', 'u', 'data', include => '{t''x}') WHERE code LIKE 'interval%' \gset run_
\set ECHO none
:run_format;
\set ECHO all
TABLE u."t'x";
-- what the expression makes is not verified, and the report says so; a second run compares it with what the expression makes
TRUNCATE u.item;
SELECT table_name, action, loaded, notes FROM sq2pg_migrate(:'db', 'u', 'data', include => '{item}', types => '{"item.n": "text USING upper(n)"}');
SELECT table_name, action, notes FROM sq2pg_migrate(:'db', 'u', 'data', include => '{item}', types => '{"item.n": "text USING upper(n)"}');
DROP SCHEMA u CASCADE;
