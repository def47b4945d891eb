/* verify: does every row stand in PostgreSQL as it stood in SQLite? */

/*
 * The digest of a SQLite table as it should stand in the columns of a
 * relation: raw values, made canonical by src/compare.c.
 */
CREATE FUNCTION sq2pg.digest_source(source text, source_table text, source_columns text[], target regclass,
                                    target_columns text[], time_zone text, empty_as_null boolean,
                                    OUT source_rows bigint, OUT digest text)
    RETURNS SETOF record
    LANGUAGE C STRICT ROWS 1 AS 'MODULE_PATHNAME', 'sqm_digest_source';
COMMENT ON FUNCTION sq2pg.digest_source(text, text, text[], regclass, text[], text, boolean) IS
    'rows and digest of a SQLite table, comparable with sq2pg.digest_relation';

/*
 * One table: both sides read once.
 */
CREATE FUNCTION sq2pg.verify_table(options jsonb, load sq2pg.load,
                                   OUT source_rows bigint, OUT target_rows bigint, OUT matches boolean, OUT detail text)
    LANGUAGE plpgsql AS $$
DECLARE
    source_digest text;
    target_digest text;
BEGIN
    IF options->>'verify' = 'none' THEN
        RETURN;
    END IF;
    IF options->>'verify' = 'counts' THEN
        source_rows := sq2pg.source_count(options->>'source', load.source_table);
        EXECUTE 'SELECT count(*) FROM ' || load.relation INTO target_rows;
    ELSE
        SELECT d.source_rows, d.digest INTO source_rows, source_digest
          FROM sq2pg.digest_source(options->>'source', load.source_table, load.source_columns,
                                   load.relation::regclass, load.target_columns, options->>'time_zone', (options->>'empty_as_null')::boolean) AS d;
        SELECT d.rows, d.digest INTO target_rows, target_digest
          FROM sq2pg.digest_relation(load.relation::regclass, load.target_columns::name[]) AS d;
    END IF;
    matches := source_rows = target_rows AND source_digest IS NOT DISTINCT FROM target_digest;
    detail := CASE WHEN matches THEN NULL
                   WHEN source_rows <> target_rows THEN
                       format('%s rows in SQLite, %s in PostgreSQL', source_rows, target_rows)
                   ELSE 'the same number of rows, but not the same content' END;
END
$$;
COMMENT ON FUNCTION sq2pg.verify_table(jsonb, sq2pg.load) IS 'compares one table with its source';
