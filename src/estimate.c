/*-------------------------------------------------------------------------
 *
 * estimate.c
 *		About how many rows does a SQLite table have?
 *
 * Never counts: the table may be huge, and this is asked at every plan.  What
 * SQLite's ANALYZE wrote down is taken as it is; else the span of the rowids,
 * two looks into the b-tree, is an upper bound, and so is the file's size.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "scan.h"

/* Rows where nothing is known, and the fewest bytes that one takes. */
#define DEFAULT_ROWS 1000.0
#define SMALLEST_ROW 6.0

static bool
first_number(SqmRelation *relation, const char *sql, bool with_table,
			 double *number)
{
	char	   *message;
	SqmStatement *stmt = sqm_statement_try_prepare(relation->lite, sql, &message);
	bool		found;

	if (stmt == NULL)
		return false;
	if (with_table)
		sqm_statement_bind_text(stmt, 1, relation->options->table);
	found = sqm_statement_try_step(stmt, &message) == SQM_STEP_ROW &&
		!sqm_statement_is_null(stmt, 0);
	if (found)
		*number = (double) sqm_statement_int64(stmt, 0);
	sqm_statement_finalize(stmt);
	return found;
}

/* What fits into the file. */
static double
rows_of_file(SqmRelation *relation)
{
	double		pages;
	double		page_size;

	if (!first_number(relation, "PRAGMA page_count", false, &pages) ||
		!first_number(relation, "PRAGMA page_size", false, &page_size))
		return DEFAULT_ROWS;
	return pages * page_size / SMALLEST_ROW;
}

double
sqm_estimate_rows(SqmRelation *relation)
{
	double		rows = DEFAULT_ROWS;

	/* the first number of each index is that of the table's rows */
	if (first_number(relation,
					 "SELECT max(CAST(stat AS INTEGER)) FROM main.sqlite_stat1"
					 " WHERE tbl = ?1 COLLATE NOCASE", true, &rows) ||
		!relation->is_table)
		return Max(rows, 1.0);
	if (relation->rowid == NULL)
		return Max(Min(DEFAULT_ROWS, rows_of_file(relation)), 1.0);
	if (!first_number(relation,
					  psprintf("SELECT max(t.%s) - (SELECT min(t.%s) FROM main.%s AS t) + 1.0 FROM main.%s AS t",
							   relation->rowid, relation->rowid,
							   sqm_lite_quote(relation->options->table),
							   sqm_lite_quote(relation->options->table)),
					  false, &rows))
		return 1.0;
	return Max(Min(rows, rows_of_file(relation)), 1.0);
}
