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
