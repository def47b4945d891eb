/*-------------------------------------------------------------------------
 *
 * deparse.c
 *		Which SQLite query reads these columns?
 *
 * Conditions are not sent to SQLite: affinity, storage classes and collations
 * make the same-looking comparison a different one there, so PostgreSQL
 * evaluates all of them.  Columns that nobody asked for are not read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "deparse.h"
#include "lite.h"

/*
 * SELECT the columns (char *, names in SQLite) of "table", and behind them
 * the rowid under the name "rowid" unless that is NULL.
 *
 * Every column is qualified: SQLite would take an unqualified "name" that
 * does not exist for a string.
 */
char *
sqm_deparse_select(const char *table, List *columns, const char *rowid)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	foreach(lc, columns)
		appendStringInfo(&sql, "%st.%s", lc == list_head(columns) ? "" : ", ",
						 sqm_lite_quote(lfirst(lc)));
	if (rowid != NULL)
		appendStringInfo(&sql, "%st.%s", columns == NIL ? "" : ", ", rowid);
	else if (columns == NIL)
		appendStringInfoString(&sql, "NULL");
	appendStringInfo(&sql, " FROM main.%s AS t", sqm_lite_quote(table));
	return sql.data;
}

/*
 * The same for all rows, in the order of the table itself: SQLite would rather
 * read an index that holds all of the columns, in another order.
 */
char *
sqm_deparse_table(const char *table, List *columns, const char *rowid)
{
	char	   *sql = sqm_deparse_select(table, columns, rowid);

	return rowid != NULL ? psprintf("%s NOT INDEXED", sql) : sql;
}

/*
 * The same for the rows whose rowid is from ?1 to ?2, in its order.
 */
char *
sqm_deparse_range(const char *table, List *columns, const char *rowid)
{
	return psprintf("%s WHERE t.%s BETWEEN ?1 AND ?2 ORDER BY t.%s",
					sqm_deparse_table(table, columns, rowid), rowid, rowid);
}

/* The last rowid of a table, found at the end of its b-tree. */
char *
sqm_deparse_max_rowid(const char *table, const char *rowid)
{
	return psprintf("SELECT max(t.%s) FROM main.%s AS t", rowid,
					sqm_lite_quote(table));
}

/*
 * "p.x = c.a AND p.x = c.a COLLATE BINARY AND ...": the first, by the parent's
 * collation as in SQLite's own foreign keys, finds the parent's index; the
 * second is what PostgreSQL will compare.
 */
char *
sqm_deparse_key_join(List *columns, List *parent_columns)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < list_length(columns); i++)
	{
		char	   *column = sqm_lite_quote(list_nth(columns, i));
		char	   *parent = sqm_lite_quote(list_nth(parent_columns, i));

		appendStringInfo(&sql, "%sp.%s = c.%s AND p.%s = c.%s COLLATE BINARY",
						 i > 0 ? " AND " : "", parent, column, parent, column);
	}
	return sql.data;
}

/* "c.a IS NOT NULL AND c.b IS NOT NULL": others refer to nothing. */
char *
sqm_deparse_key_complete(List *columns)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, columns)
		appendStringInfo(&sql, "%sc.%s IS NOT NULL",
						 foreach_current_index(lc) > 0 ? " AND " : "",
						 sqm_lite_quote(lfirst(lc)));
	return sql.data;
}
