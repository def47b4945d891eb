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

/*
 * The rows of a SQLite table as they would stand in a relation whose row type
 * the last argument has (NULL::schema.relation); nothing is written or logged.
 * Columns that are not loaded get their default unless it is volatile, then
 * NULL; generated columns are computed.  A value that does not fit is what the
 * policy makes of it (error: NULL); rows that it rejects are left out.
 * source_rowid is NULL in tables without one; row_number counts the rows of
 * the source, from 1, in the order of reading.
 */
CREATE FUNCTION sq2pg.source_rows(source text, source_table text, source_columns text[], target_columns text[],
                                  time_zone text, empty_as_null boolean, policy text, row_type anyelement)
    RETURNS TABLE (source_rowid bigint, row_number bigint, target_row anyelement)
    LANGUAGE C AS 'MODULE_PATHNAME', 'sqm_source_rows';
COMMENT ON FUNCTION sq2pg.source_rows(text, text, text[], text[], text, boolean, text, anyelement) IS
    'rows of a SQLite table as rows of a relation, for foresight';
