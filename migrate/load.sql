/* load: the rows */

/*
 * Loads a SQLite table; the same rows as the INSERT ... SELECT of the plan.
 * policy is stop (at the first value that does not fit), error (count them
 * all), null, reject or repair.  misfits is NULL if all values arrived or were
 * treated as the policy says; else nothing was stored, or the bare table must
 * be emptied.  exceptions are the numbers of source rows that do not stand in
 * the target as they were, stored is the digest of what stands there instead.
 *
 * method bare:    into a table that this transaction created, which has
 *                 nothing but columns
 *        table:   into any table, view, partitioned or foreign table that
 *                 exists; everything happens that an INSERT would do.  Triggers
 *                 see an INSERT of 100,000 rows at a time, and one of all rows
 *                 where it matters: see src/store_statement.c
 *        nothing: rows are converted, not stored, and nothing is logged
 * on_conflict:    error, skip (the row is left out) or update (the row whose
 *                 conflict_columns are the same gets all other loaded columns)
 *
 * orphan_...:     references to parents that do not exist, by number of the
 *                 row, ascending: the column, whether it becomes NULL (else
 *                 the row is left out), and the parent's name; NULL: none
 *
 * loaded are the rows that are in the target; a trigger may have left out
 * others.  nulls counts, for each column, what the source gave.  way is what
 * was done: bare (and how many workers decoded), executor, statement or
 * nothing.  digest, if wanted, is that of the raw source rows without the
 * exceptions, as sq2pg.digest_source would find it.  alone says why one process
 * read a table that is large enough for several.
 */
CREATE FUNCTION sq2pg.load_table(source text, source_table text, source_columns text[], target regclass,
                                 target_columns text[], time_zone text, empty_as_null boolean,
                                 policy text, method text, on_conflict text, conflict_columns text[],
                                 orphan_rows bigint[] DEFAULT NULL, orphan_columns text[] DEFAULT NULL,
                                 orphan_nulled boolean[] DEFAULT NULL, orphan_parents text[] DEFAULT NULL,
                                 with_digest boolean DEFAULT false,
                                 OUT source_rows bigint, OUT loaded bigint, OUT nulls bigint[], OUT noise bigint,
                                 OUT changed bigint, OUT rejected bigint, OUT exceptions bigint[], OUT stored text,
                                 OUT misfits jsonb, OUT way text, OUT digest text,
                                 OUT alone text)
    RETURNS SETOF record
    LANGUAGE C ROWS 1 AS 'MODULE_PATHNAME', 'sqm_load_table';
COMMENT ON FUNCTION sq2pg.load_table(text, text, text[], regclass, text[], text, boolean, text, text, text, text[], bigint[], text[], boolean[], text[], boolean) IS
    'bulk loader: fills a table from a SQLite table';

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
