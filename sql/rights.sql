-- who may read files of the server, and write into which schema
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_sqm_reader;
CREATE ROLE regress_sqm_plain;
GRANT pg_read_server_files TO regress_sqm_reader;
CREATE SCHEMA r;
GRANT ALL ON SCHEMA r TO regress_sqm_reader, regress_sqm_plain;
-- errors name the path: only what is before it
CREATE FUNCTION r.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    h text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS h = PG_EXCEPTION_HINT;
    RETURN concat_ws(' ', sqlstate, regexp_replace(sqlerrm, '"/[^"]*/', '".../'), '/', h);
END
$$;
GRANT USAGE ON SCHEMA r TO PUBLIC;

-- without the right
SET ROLE regress_sqm_plain;
SELECT f, r.try(format('SELECT * FROM %s(%L)', f, :'db')) AS outcome
  FROM unnest(ARRAY['sq2pg_tables', 'sq2pg_columns', 'sq2pg_indexes', 'sq2pg_foreign_keys', 'sq2pg_objects',
                    'sq2pg_migrate', 'sq2pg_plan', 'sq2pg_verify', 'sq2pg.source_state', 'sq2pg.source_facts']) AS f;
SELECT r.try(format('SELECT sq2pg_attach(%L, %L)', :'db', 'nowhere'));
SELECT r.try(format('SELECT * FROM sq2pg.source_count(%L, %L)', :'db', 'log'));
SELECT r.try(format('CREATE SERVER regress_s FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database %L)', :'db'));
CREATE SERVER regress_s FOREIGN DATA WRAPPER sqlite_fdw_mig;
SELECT r.try(format('ALTER SERVER regress_s OPTIONS (ADD database %L)', :'db'));
-- that a file is there or not must not be told either
SELECT r.try('SELECT * FROM sq2pg_tables(''/nowhere/x.db'')');
RESET ROLE;
DROP SERVER regress_s;

-- with the right
SET ROLE regress_sqm_reader;
SELECT count(*) FROM sq2pg_tables(:'db');
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', 'r', include => ARRAY['customer']);
SELECT relname, relowner::regrole FROM pg_class WHERE relnamespace = 'r'::regnamespace AND relkind IN ('r', 'S') ORDER BY 1;
INSERT INTO r.customer (name) VALUES ('new') RETURNING id;
RESET ROLE;

-- no rights in the target schema, none to the new owner
REVOKE CREATE ON SCHEMA r FROM regress_sqm_reader;
SET ROLE regress_sqm_reader;
SELECT r.try(format('SELECT * FROM sq2pg_migrate(%L, %L, include => ARRAY[%L])', :'db', 'r', 'a'));
RESET ROLE;
GRANT CREATE ON SCHEMA r TO regress_sqm_reader;
SET ROLE regress_sqm_reader;
-- (the message depends on the version)
SELECT left(r.try(format('SELECT * FROM sq2pg_migrate(%L, %L, include => ARRAY[%L], owner => %L)', :'db', 'r', 'c', 'regress_sqm_plain')), 5);
RESET ROLE;
DROP SCHEMA r CASCADE;
DROP ROLE regress_sqm_reader, regress_sqm_plain;
