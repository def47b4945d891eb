/* load: the rows */

/*
 * Fills a bare table that this transaction created; the same rows as the
 * INSERT ... SELECT of the plan.  misfits is NULL if all values arrived, else
 * the table must be emptied.
 */
CREATE FUNCTION sq2pg.load_table(source text, source_table text, source_columns text[], target regclass,
                                 target_columns text[], time_zone text, empty_as_null boolean,
                                 stop_at_misfit boolean,
                                 OUT source_rows bigint, OUT loaded bigint, OUT nulls bigint[], OUT noise bigint,
                                 OUT misfits jsonb)
    RETURNS SETOF record
    LANGUAGE C STRICT ROWS 1 AS 'MODULE_PATHNAME', 'sqm_load_table';
COMMENT ON FUNCTION sq2pg.load_table(text, text, text[], regclass, text[], text, boolean, boolean) IS
    'bulk loader: fills a new table from a SQLite table';
