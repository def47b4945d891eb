/*-------------------------------------------------------------------------
 *
 * catalog.c
 *		What does the SQLite schema say?
 *
 * SQLite's own answers, from its pragma table-valued functions with bound
 * parameters, as structs and (catalog_sql.c) as rows.  What the pragmas do
 * not tell stands in the DDL text and is read by ddl_facts.c.  There is no
 * opinion here about PostgreSQL types or about what to do with anything.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog.h"
#include "miscadmin.h"

/*
 * Everything that is not an internal table of SQLite's.  The name that counts
 * is the one in the statement; that in sqlite_schema may differ, by case or,
 * in a file that was tampered with, wholly.  No table may be lost by that.
 */
#define TABLE_LIST \
	"SELECT l.name, l.type, l.wr, l.strict, s.sql" \
	"  FROM pragma_table_list AS l" \
	"  LEFT JOIN sqlite_schema AS s ON s.name = l.name COLLATE NOCASE" \
	"   AND s.type IN ('table', 'view')" \
	" WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'" \
	" ORDER BY s.rowid"

#define COLUMN_LIST \
	"SELECT name, type, \"notnull\", dflt_value, pk, hidden" \
	"  FROM pragma_table_xinfo(?1)" \
	" ORDER BY cid"

/*
 * A single-column INTEGER PRIMARY KEY is the rowid itself and has no index.
 * (INTEGER PRIMARY KEY DESC, a quirk, has one and is not the rowid.)
 */
static bool
has_primary_key_index(SqmLite *lite, const char *table)
{
	SqmStatement *stmt = sqm_statement_prepare(lite,
											   "SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk'");
	bool		found;

	sqm_statement_bind_text(stmt, 1, table);
	found = sqm_statement_step(stmt);
	sqm_statement_finalize(stmt);
	return found;
}

static void
mark_rowid_alias(SqmLite *lite, SqmTableFact *table)
{
	SqmColumnFact *key = NULL;
	int			keys = 0;
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		SqmColumnFact *column = lfirst(lc);

		if (column->pk_position > 0)
		{
			key = column;
			keys++;
		}
	}
	if (keys == 1 && !table->without_rowid &&
		pg_strcasecmp(key->declared, "INTEGER") == 0 &&
		!has_primary_key_index(lite, table->name))
		key->rowid_alias = true;
}

static SqmColumnFact *
read_column(SqmLite *lite, SqmStatement *stmt, SqmTableFact *table)
{
	SqmColumnFact *column = palloc0(sizeof(SqmColumnFact));
	const char *collation = NULL;
	bool		autoincrement = false;

	column->name = sqm_statement_text(stmt, 0);
	column->declared = sqm_statement_text(stmt, 1);
	if (column->declared == NULL)
		column->declared = pstrdup("");
	column->not_null = sqm_statement_int64(stmt, 2) != 0;
	column->default_text = sqm_statement_text(stmt, 3);
	column->pk_position = (int) sqm_statement_int64(stmt, 4);
	column->hidden = (SqmHidden) sqm_statement_int64(stmt, 5);
	if (strcmp(table->type, "view") != 0 &&
		sqm_lite_column_metadata(lite, table->name, column->name,
								 &collation, &autoincrement))
	{
		column->collation = collation ? pstrdup(collation) : NULL;
		if (autoincrement)
			table->autoincrement = true;
	}
	return column;
}

/*
 * Columns of one table.  A view over a missing table or a virtual table whose
 * module is not here has none that can be read; that is a fact too, and must
 * not keep the others from being seen.
 */
static void
read_columns(SqmLite *lite, SqmTableFact *table)
{
	bool		code = strcmp(table->type, "view") == 0 ||
		strcmp(table->type, "virtual") == 0;
	SqmStatement *stmt;
	SqmStep		step;

	stmt = sqm_statement_prepare(lite, COLUMN_LIST);
	sqm_statement_bind_text(stmt, 1, table->name);
	while ((step = sqm_statement_try_step(stmt, &table->problem)) == SQM_STEP_ROW)
		table->columns = lappend(table->columns, read_column(lite, stmt, table));
	sqm_statement_finalize(stmt);
	if (step == SQM_STEP_ERROR && !code)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("could not read the columns of SQLite table \"%s\": %s",
						table->name, table->problem)));
	if (!code)
		mark_rowid_alias(lite, table);
}

static void
read_sequences(SqmLite *lite, List *tables)
{
	char	   *message = NULL;
	SqmStatement *stmt;
	ListCell   *lc;

	/* the table exists only once an AUTOINCREMENT column was declared */
	stmt = sqm_statement_try_prepare(lite,
									 "SELECT max(CAST(seq AS INTEGER)) FROM main.sqlite_sequence WHERE name = ?1",
									 &message);
	if (stmt == NULL)
		return;
	foreach(lc, tables)
	{
		SqmTableFact *table = lfirst(lc);

		sqm_statement_bind_text(stmt, 1, table->name);
		if (sqm_statement_step(stmt) && !sqm_statement_is_null(stmt, 0))
		{
			table->has_sequence = true;
			table->sequence = sqm_statement_int64(stmt, 0);
		}
		sqm_statement_reset(stmt);
	}
	sqm_statement_finalize(stmt);
}

/*
 * All tables and views, in the order in which they were created
 * (SqmTableFact *, in the current memory context).
 */
List *
sqm_catalog_tables(SqmLite *lite)
{
	SqmStatement *stmt = sqm_statement_prepare(lite, TABLE_LIST);
	List	   *tables = NIL;
	ListCell   *lc;

	while (sqm_statement_step(stmt))
	{
		SqmTableFact *table = palloc0(sizeof(SqmTableFact));

		table->name = sqm_statement_text(stmt, 0);
		table->type = sqm_statement_text(stmt, 1);
		table->without_rowid = sqm_statement_int64(stmt, 2) != 0;
		table->strict = sqm_statement_int64(stmt, 3) != 0;
		table->sql = sqm_statement_text(stmt, 4);
		tables = lappend(tables, table);
	}
	sqm_statement_finalize(stmt);
	foreach(lc, tables)
	{
		CHECK_FOR_INTERRUPTS();
		read_columns(lite, lfirst(lc));
	}
	read_sequences(lite, tables);
	return tables;
}

/* Is there a table or view of this name, and of this kind? */
static bool
find_table(SqmLite *lite, const char *table, const char *kind)
{
	SqmStatement *stmt = sqm_statement_prepare(lite,
											   psprintf("SELECT 1 FROM pragma_table_list(?1)"
														" WHERE schema = 'main'%s", kind));
	bool		found;

	sqm_statement_bind_text(stmt, 1, table);
	found = sqm_statement_step(stmt);
	sqm_statement_finalize(stmt);
	return found;
}

/*
 * A name by which the rowid of a table can be asked for, or NULL if it has
 * none or its columns hide all three of them.  Reads only what it needs:
 * this is asked for every table of a large schema, and SQLite looks through
 * the whole schema for its answer.
 */
const char *
sqm_catalog_rowid_name(SqmLite *lite, const char *table)
{
	static const char *const names[] = {"rowid", "_rowid_", "oid"};
	SqmStatement *stmt;
	const char *result = NULL;

	if (!find_table(lite, table, " AND type = 'table' AND NOT wr"))
		return NULL;
	stmt = sqm_statement_prepare(lite,
								 "SELECT 1 FROM pragma_table_xinfo(?1)"
								 " WHERE name = ?2 COLLATE NOCASE");
	sqm_statement_bind_text(stmt, 1, table);
	for (int i = 0; i < (int) lengthof(names) && result == NULL; i++)
	{
		sqm_statement_bind_text(stmt, 2, names[i]);
		if (!sqm_statement_step(stmt))
			result = names[i];
		sqm_statement_reset(stmt);
	}
	sqm_statement_finalize(stmt);
	return result;
}

/*
 * Is there a table or view of this name?  SQLite finds tables by a hash, views
 * only in its list of everything.
 */
bool
sqm_catalog_has_table(SqmLite *lite, const char *table)
{
	const char *collation;
	bool		autoincrement;

	return sqm_lite_column_metadata(lite, table, NULL, &collation, &autoincrement) ||
		find_table(lite, table, "");
}
