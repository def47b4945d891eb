/* fdw: the foreign-data wrapper */

CREATE FUNCTION sqlite_fdw_mig_handler() RETURNS fdw_handler
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_fdw_handler';
COMMENT ON FUNCTION sqlite_fdw_mig_handler() IS
    'foreign-data wrapper handler for SQLite databases';

CREATE FUNCTION sqlite_fdw_mig_validator(text[], oid) RETURNS void
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_fdw_validator';
COMMENT ON FUNCTION sqlite_fdw_mig_validator(text[], oid) IS
    'checks the options of servers, foreign tables and columns, and the right to read the file';

CREATE FOREIGN DATA WRAPPER sqlite_fdw_mig
    HANDLER sqlite_fdw_mig_handler
    VALIDATOR sqlite_fdw_mig_validator;
COMMENT ON FOREIGN DATA WRAPPER sqlite_fdw_mig IS 'tables of a SQLite database, read-only';

-- the right to read a file is checked by the validator and at each open
GRANT USAGE ON FOREIGN DATA WRAPPER sqlite_fdw_mig TO PUBLIC;

CREATE FUNCTION sq2pg_disconnect() RETURNS void
    LANGUAGE C AS 'MODULE_PATHNAME', 'sqm_disconnect';
COMMENT ON FUNCTION sq2pg_disconnect() IS
    'closes the SQLite databases that this session keeps open for foreign tables; what the transaction uses, at its end';
