-- a database uploaded as a large object: no file rights are needed
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_sqm_lo;
CREATE ROLE regress_sqm_other;
CREATE SCHEMA lo AUTHORIZATION regress_sqm_lo;
-- errors name the OID: cut
CREATE FUNCTION lo.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN concat_ws(' ', sqlstate, regexp_replace(sqlerrm, '\d{4,}', 'N'));
END
$$;
GRANT USAGE ON SCHEMA lo TO PUBLIC;
SELECT lo_from_bytea(0, pg_read_binary_file(:'db')) AS loid \gset
SELECT lo_from_bytea(0, 'this is not a database') AS text_oid \gset
SELECT lo_from_bytea(0, '') AS empty_oid \gset
SELECT lo_from_bytea(0, substr(pg_read_binary_file(:'db'), 1, 5000)) AS short_oid \gset
GRANT SELECT ON LARGE OBJECT :loid TO regress_sqm_lo;
GRANT SELECT ON LARGE OBJECT :text_oid TO regress_sqm_lo;
\set source 'lo:' :loid

SET ROLE regress_sqm_lo;
SELECT table_name, columns FROM sq2pg_tables(:'source');
SELECT table_name, loaded, next_id, verified, notes FROM sq2pg_migrate(:'source', 'lo');
INSERT INTO lo.customer (name) VALUES ('new') RETURNING id;
SELECT source = :'source' AS same_source, source_facts->>'read_from_copy' AS copied FROM sq2pg.runs ORDER BY run DESC LIMIT 1;
SELECT count(*) > 10 AS printed FROM sq2pg_plan(:'source', 'lo', rename => '{"log": "l"}', include => ARRAY['log']);
-- foreign tables, by way of their server's owner
CREATE SERVER regress_lo FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'source');
CREATE FOREIGN TABLE lo.look (what text) SERVER regress_lo OPTIONS ("table" 'log');
SELECT count(what) FROM lo.look;
GRANT SELECT ON lo.look TO regress_sqm_other;
RESET ROLE;

-- a role without rights on the object: no, but a granted foreign table is another matter
SET ROLE regress_sqm_other;
SELECT lo.try(format('SELECT * FROM sq2pg_tables(%L)', :'source'));
SELECT count(what) FROM lo.look;
SELECT lo.try(format('CREATE SERVER regress_lo2 FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database %L)', :'source'));
RESET ROLE;
REVOKE SELECT ON LARGE OBJECT :loid FROM regress_sqm_lo;
-- and with the owner's right the foreign table's content goes
SELECT lo.try('SELECT count(*) FROM lo.look');
-- things that are no database
SELECT lo.try(format('SELECT * FROM sq2pg_tables(%L)', 'lo:' || x))
  FROM unnest(ARRAY[:text_oid, :empty_oid, :short_oid, 1]) AS x;
SELECT lo.try(format('SELECT * FROM sq2pg_tables(%L)', x)) FROM unnest(ARRAY['lo:', 'lo:x', 'lo:-1', 'lo:99999999999', 'LO:1', 'lo: 1']) AS x;
-- an object of this transaction, and a file in WAL mode
BEGIN;
SELECT lo_from_bytea(0, overlay(pg_read_binary_file(:'db') placing '\x0202' from 19)) AS wal_oid \gset
SELECT count(*) FROM sq2pg_tables('lo:' || :wal_oid);
SELECT loaded, verified, notes FROM sq2pg_migrate('lo:' || :wal_oid, 'lo', include => ARRAY['log'], rename => '{"log": "wal"}');
ROLLBACK;
SELECT count(*) FROM (SELECT lo_unlink(x) FROM unnest(ARRAY[:loid, :text_oid, :empty_oid, :short_oid]) AS x) AS y;
DROP SCHEMA lo CASCADE;
DROP SERVER regress_lo;
DROP SERVER IF EXISTS regress_lo2;
DROP ROLE regress_sqm_lo, regress_sqm_other;
