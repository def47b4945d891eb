-- complain if this file is sourced in psql instead of through CREATE EXTENSION
\echo Use "CREATE EXTENSION sqlite_fdw_mig" to load this file. \quit

/* begin: the schema of everything that is not called by name */

CREATE SCHEMA sq2pg;
GRANT USAGE ON SCHEMA sq2pg TO PUBLIC;
COMMENT ON SCHEMA sq2pg IS
    'sqlite_fdw_mig: what was migrated (runs, rejects, progress), and its internal functions';

CREATE FUNCTION sq2pg_version() RETURNS text
    LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sqm_version';
COMMENT ON FUNCTION sq2pg_version() IS
    'versions of this extension and of the SQLite library, with its compile options';
