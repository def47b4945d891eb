-- foreign tables are read with the rights of the server's owner
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_sqm_reader;
CREATE ROLE regress_sqm_plain;
CREATE ROLE regress_sqm_guest;
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


SET ROLE regress_sqm_reader;
CREATE SERVER regress_s FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
CREATE FOREIGN TABLE r.log (what text) SERVER regress_s;
GRANT SELECT ON r.log TO regress_sqm_guest;
RESET ROLE;

-- a guest reads through the server's owner, and only what was granted
SET ROLE regress_sqm_guest;
SELECT count(what) FROM r.log;
SELECT r.try('CREATE FOREIGN TABLE pg_temp.other (id bigint) SERVER regress_s OPTIONS ("table" ''customer'')');
SELECT r.try('ALTER SERVER regress_s OPTIONS (SET database ''/etc/passwd'')');
RESET ROLE;
-- somebody else changes the server: it is about who sets the path
GRANT USAGE ON FOREIGN SERVER regress_s TO regress_sqm_plain;
SET ROLE regress_sqm_plain;
CREATE FOREIGN TABLE r.own_log (at text) SERVER regress_s OPTIONS ("table" 'log');
SELECT count(*) FROM r.own_log;
RESET ROLE;
-- the owner loses the right: nobody reads any more, not even a prepared statement
SET ROLE regress_sqm_guest;
PREPARE p AS SELECT count(*) FROM r.log;
EXECUTE p;
RESET ROLE;
REVOKE pg_read_server_files FROM regress_sqm_reader;
SET ROLE regress_sqm_guest;
SELECT r.try('SELECT count(*) FROM r.log');
SELECT r.try('EXECUTE p');
RESET ROLE;
-- a superuser reads it no more than the owner does
SELECT r.try('SELECT count(*) FROM r.log');
ALTER SERVER regress_s OWNER TO CURRENT_USER;
SELECT count(*) FROM r.log;

DROP SCHEMA r CASCADE;
DROP SERVER regress_s CASCADE;
DROP ROLE regress_sqm_reader, regress_sqm_plain, regress_sqm_guest;
