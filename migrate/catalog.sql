/* catalog: SQLite's own facts, as rows */

CREATE FUNCTION sq2pg_tables(source text)
    RETURNS TABLE (table_name text, type text, columns int, without_rowid boolean, strict boolean,
                   autoincrement boolean, sequence bigint, sql text, problem text)
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_tables';
COMMENT ON FUNCTION sq2pg_tables(text) IS
    'tables and views of a SQLite database; type is table, view, virtual or shadow, sequence the highest id that AUTOINCREMENT ever gave';

CREATE FUNCTION sq2pg_columns(source text)
    RETURNS TABLE (table_name text, ordinal int, column_name text, declared_type text, not_null boolean,
                   default_value text, pk_position int, hidden text, collation_name text, rowid_alias boolean)
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_columns';
COMMENT ON FUNCTION sq2pg_columns(text) IS
    'columns of all tables and views of a SQLite database; hidden is hidden, virtual or stored (generated) where it is one of these';

CREATE FUNCTION sq2pg_indexes(source text)
    RETURNS TABLE (table_name text, index_name text, is_unique boolean, origin text, is_partial boolean,
                   columns text[], descending boolean[], collations text[], sql text)
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_indexes';
COMMENT ON FUNCTION sq2pg_indexes(text) IS
    'indexes of a SQLite database; origin is c (CREATE INDEX), u (UNIQUE) or pk, a column is NULL where the key is an expression';

CREATE FUNCTION sq2pg_foreign_keys(source text)
    RETURNS TABLE (table_name text, id int, columns text[], parent_table text, parent_columns text[],
                   on_update text, on_delete text, match text)
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_foreign_keys';
COMMENT ON FUNCTION sq2pg_foreign_keys(text) IS
    'foreign keys of a SQLite database; parent_columns is NULL where the parent''s primary key is meant';

CREATE FUNCTION sq2pg_objects(source text)
    RETURNS TABLE (type text, name text, table_name text, sql text)
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_objects';
COMMENT ON FUNCTION sq2pg_objects(text) IS
    'every object of a SQLite database with its text, as in sqlite_schema';

/*
 * The highest value of an integer column, NULL in an empty table.
 */
CREATE FUNCTION sq2pg.source_max(source text, table_name text, column_name text) RETURNS bigint
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_source_max';
COMMENT ON FUNCTION sq2pg.source_max(text, text, text) IS 'highest integer in a column of a SQLite table';

/*
 * The same of a column of any type, and the lowest.
 */
CREATE FUNCTION sq2pg.source_extreme(source text, table_name text, column_name text, lowest boolean) RETURNS bigint
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_source_extreme';
COMMENT ON FUNCTION sq2pg.source_extreme(text, text, text, boolean) IS 'highest or lowest number in a column of a SQLite table';

/*
 * Rows of a SQLite table.
 */
CREATE FUNCTION sq2pg.source_count(source text, table_name text) RETURNS bigint
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_source_count';
COMMENT ON FUNCTION sq2pg.source_count(text, text) IS 'number of rows of a SQLite table, counted by SQLite';

/*
 * Rows for which a condition of the source's own is false.
 */
CREATE FUNCTION sq2pg.source_violations(source text, table_name text, condition text) RETURNS bigint
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_source_violations';
COMMENT ON FUNCTION sq2pg.source_violations(text, text, text) IS 'rows of a SQLite table that violate one of its CHECKs';

/*
 * Columns that SQLite cannot compute here: virtual ones with a function that
 * only the application has.
 */
CREATE FUNCTION sq2pg.unreadable_columns(source text) RETURNS TABLE (table_name text, column_name text, problem text)
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_unreadable_columns';
COMMENT ON FUNCTION sq2pg.unreadable_columns(text) IS 'columns of SQLite tables that cannot be computed, and why';

CREATE FUNCTION sq2pg.lite_name(name text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT '"' || replace(name, '"', '""') || '"' $$;
COMMENT ON FUNCTION sq2pg.lite_name(text) IS 'a name in double quotes, as SQLite reads it';

/*
 * One row of SQLite's own answer, for aggregates over a table.
 */
CREATE FUNCTION sq2pg.source_row(source text, statement text) RETURNS text[]
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_source_row';
COMMENT ON FUNCTION sq2pg.source_row(text, text) IS 'first row of what SQLite answers to a SELECT, as text';

/*
 * Server and foreign tables, to look around.
 */
CREATE FUNCTION sq2pg_attach(source text, local_schema name)
    RETURNS TABLE (table_name text, columns int)
    LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    server name := left('sq2pg_' || local_schema, 63);
BEGIN
    EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database %L)',
                   server, source);
    IF to_regnamespace(quote_ident(local_schema)) IS NULL THEN
        EXECUTE format('CREATE SCHEMA %I', local_schema);
        EXECUTE format('COMMENT ON SCHEMA %I IS %L', local_schema, 'made by sq2pg_attach');
    END IF;
    EXECUTE format('IMPORT FOREIGN SCHEMA main FROM SERVER %I INTO %I', server, local_schema);
    RETURN QUERY
        SELECT c.relname::text, count(a.attnum)::int
          FROM pg_foreign_table AS f
          JOIN pg_foreign_server AS s ON s.oid = f.ftserver AND s.srvname = server
          JOIN pg_class AS c ON c.oid = f.ftrelid
          LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         GROUP BY c.oid, c.relname
         ORDER BY c.oid;
END
$$;
COMMENT ON FUNCTION sq2pg_attach(text, name) IS
    'shows a SQLite database as foreign tables in a schema (created if need be); sq2pg_detach undoes it';

CREATE FUNCTION sq2pg_detach(local_schema name) RETURNS void
    LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    server name := left('sq2pg_' || local_schema, 63);
    schema_oid oid := to_regnamespace(quote_ident(local_schema));
    names  text;
BEGIN
    -- only what sq2pg_attach made: views on the foreign tables are the user's to drop
    SELECT string_agg(f.ftrelid::regclass::text, ', ') INTO names
      FROM pg_foreign_table AS f
      JOIN pg_class AS c ON c.oid = f.ftrelid AND c.relnamespace = schema_oid
      JOIN pg_foreign_server AS s ON s.oid = f.ftserver AND s.srvname = server;
    IF names IS NULL THEN
        RAISE undefined_object USING
            MESSAGE = format('no SQLite database is attached to schema "%s"', local_schema),
            HINT = 'sq2pg_attach(source, schema) attaches one.';
    END IF;
    EXECUTE 'DROP FOREIGN TABLE ' || names;
    EXECUTE format('DROP SERVER %I', server);
    IF obj_description(schema_oid, 'pg_namespace') = 'made by sq2pg_attach'
       AND NOT EXISTS (SELECT FROM pg_depend AS d
                        WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = schema_oid) THEN
        EXECUTE format('DROP SCHEMA %I', local_schema);
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg_detach(name) IS
    'drops what sq2pg_attach made: foreign tables, server, and the schema if nothing else is in it';
