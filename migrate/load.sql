/* load: the rows */

/*
 * Fills a bare table that this transaction created; the same rows as the
 * INSERT ... SELECT of the plan.  policy is stop (at the first value that does
 * not fit), error (count them all), null, reject or repair.  misfits is NULL
 * if all values arrived or were treated as the policy says, else the table
 * must be emptied.  exceptions are the numbers of source rows that do not
 * stand in the target as they were, stored is the digest of what stands there
 * instead.
 */
CREATE FUNCTION sq2pg.load_table(source text, source_table text, source_columns text[], target regclass,
                                 target_columns text[], time_zone text, empty_as_null boolean,
                                 policy text,
                                 OUT source_rows bigint, OUT loaded bigint, OUT nulls bigint[], OUT noise bigint,
                                 OUT changed bigint, OUT rejected bigint, OUT exceptions bigint[], OUT stored text,
                                 OUT misfits jsonb)
    RETURNS SETOF record
    LANGUAGE C STRICT ROWS 1 AS 'MODULE_PATHNAME', 'sqm_load_table';
COMMENT ON FUNCTION sq2pg.load_table(text, text, text[], regclass, text[], text, boolean, text) IS
    'bulk loader: fills a new table from a SQLite table';
