/*-------------------------------------------------------------------------
 *
 * catalog_sql.c
 *		SQLite's catalog as rows: sq2pg_tables, sq2pg_columns, sq2pg_indexes,
 *		sq2pg_foreign_keys, sq2pg_objects, and what cannot be read.
 *
 * Each takes a source, checks the caller's right to read it, and returns
 * facts only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "catalog.h"
#include "deparse.h"
#include "source.h"
#include "srf.h"

PG_FUNCTION_INFO_V1(sqm_tables);
PG_FUNCTION_INFO_V1(sqm_columns);
PG_FUNCTION_INFO_V1(sqm_unreadable_columns);
PG_FUNCTION_INFO_V1(sqm_indexes);
PG_FUNCTION_INFO_V1(sqm_foreign_keys);
PG_FUNCTION_INFO_V1(sqm_objects);

static SqmLite *
open_argument(FunctionCallInfo fcinfo)
{
	return sqm_source_open(sqm_arg_text(fcinfo, 0), GetUserId(),
						   SQM_PURPOSE_READ);
}

/*
 * sq2pg_tables(source text): tables and views in order of creation.
 */
Datum
sqm_tables(PG_FUNCTION_ARGS)
{
	SqmLite    *lite = open_argument(fcinfo);
	SqmRow		row;
	ListCell   *lc;

	sqm_row_begin(fcinfo, &row);
	foreach(lc, sqm_catalog_tables(lite))
	{
		SqmTableFact *table = lfirst(lc);

		sqm_row_text(&row, table->name);
		sqm_row_text(&row, table->type);
		sqm_row_int(&row, list_length(table->columns));
		sqm_row_bool(&row, table->without_rowid);
		sqm_row_bool(&row, table->strict);
		sqm_row_bool(&row, table->autoincrement);
		if (table->has_sequence)
			sqm_row_bigint(&row, table->sequence);
		else
			sqm_row_null(&row);
		sqm_row_text(&row, table->sql);
		sqm_row_text(&row, table->problem);
		sqm_row_emit(&row);
	}
	return (Datum) 0;
}

static const char *
hidden_word(SqmHidden hidden)
{
	switch (hidden)
	{
		case SQM_VISIBLE:
			return NULL;
		case SQM_HIDDEN:
			return "hidden";
		case SQM_GENERATED_VIRTUAL:
			return "virtual";
		case SQM_GENERATED_STORED:
			return "stored";
	}
	return "unknown";
}

/*
 * sq2pg_columns(source text): the columns of all tables and views.
 */
Datum
sqm_columns(PG_FUNCTION_ARGS)
{
	SqmLite    *lite = open_argument(fcinfo);
	SqmRow		row;
	ListCell   *lt,
			   *lc;

	sqm_row_begin(fcinfo, &row);
	foreach(lt, sqm_catalog_tables(lite))
	{
		SqmTableFact *table = lfirst(lt);
		int			ordinal = 0;

		foreach(lc, table->columns)
		{
			SqmColumnFact *column = lfirst(lc);

			sqm_row_text(&row, table->name);
			sqm_row_int(&row, ++ordinal);
			sqm_row_text(&row, column->name);
			sqm_row_text(&row, column->declared);
			sqm_row_bool(&row, column->not_null);
			sqm_row_text(&row, column->default_text);
			if (column->pk_position > 0)
				sqm_row_int(&row, column->pk_position);
			else
				sqm_row_null(&row);
			sqm_row_text(&row, hidden_word(column->hidden));
			sqm_row_text(&row, column->collation);
			sqm_row_bool(&row, column->rowid_alias);
			sqm_row_emit(&row);
		}
	}
	return (Datum) 0;
}

/*
 * sq2pg.unreadable_columns(source text): virtual columns that SQLite cannot
 * compute, most often for want of a function of the application's.
 */
Datum
sqm_unreadable_columns(PG_FUNCTION_ARGS)
{
	SqmLite    *lite = open_argument(fcinfo);
	SqmRow		row;
	ListCell   *lt,
			   *lc;

	sqm_row_begin(fcinfo, &row);
	foreach(lt, sqm_catalog_tables(lite))
	{
		SqmTableFact *table = lfirst(lt);

		foreach(lc, table->columns)
		{
			SqmColumnFact *column = lfirst(lc);
			SqmStatement *stmt;
			char	   *problem = NULL;

			if (column->hidden != SQM_GENERATED_VIRTUAL)
				continue;
			stmt = sqm_statement_try_prepare(lite,
											 psprintf("SELECT t.%s FROM main.%s AS t",
													  sqm_lite_quote(column->name),
													  sqm_lite_quote(table->name)),
											 &problem);
			if (stmt != NULL)
			{
				sqm_statement_finalize(stmt);
				continue;
			}
			sqm_row_text(&row, table->name);
			sqm_row_text(&row, column->name);
			sqm_row_text(&row, problem);
			sqm_row_emit(&row);
		}
	}
	return (Datum) 0;
}

/* The keys of one index, appended to "row" as three arrays. */
static void
add_index_keys(SqmRow *row, SqmLite *lite, const char *index)
{
	SqmStatement *stmt = sqm_statement_prepare(lite,
											   "SELECT name, \"desc\", coll FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno");
	List	   *names = NIL;
	List	   *descending = NIL;
	List	   *collations = NIL;

	sqm_statement_bind_text(stmt, 1, index);
	while (sqm_statement_step(stmt))
	{
		names = lappend(names, sqm_statement_text(stmt, 0));
		descending = lappend_int(descending, (int) sqm_statement_int64(stmt, 1));
		collations = lappend(collations, sqm_statement_text(stmt, 2));
	}
	sqm_statement_finalize(stmt);
	sqm_row_text_array(row, names);
	sqm_row_bool_array(row, descending);
	sqm_row_text_array(row, collations);
}

/*
 * sq2pg_indexes(source text): all indexes, automatic ones included.
 */
Datum
sqm_indexes(PG_FUNCTION_ARGS)
{
	SqmLite    *lite = open_argument(fcinfo);
	SqmStatement *stmt;
	SqmRow		row;

	sqm_row_begin(fcinfo, &row);
	stmt = sqm_statement_prepare(lite,
								 "SELECT t.name, i.name, i.\"unique\", i.origin, i.partial, s.sql"
								 "  FROM sqlite_schema AS t"
								 "  JOIN pragma_index_list(t.name) AS i"
								 "  LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = i.name"
								 " WHERE t.type = 'table' AND t.sql NOT LIKE 'CREATE VIRTUAL%'"
								 "   AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
								 " ORDER BY t.rowid, i.seq DESC");
	while (sqm_statement_step(stmt))
	{
		char	   *index = sqm_statement_text(stmt, 1);

		sqm_row_text(&row, sqm_statement_text(stmt, 0));
		sqm_row_text(&row, index);
		sqm_row_bool(&row, sqm_statement_int64(stmt, 2) != 0);
		sqm_row_text(&row, sqm_statement_text(stmt, 3));
		sqm_row_bool(&row, sqm_statement_int64(stmt, 4) != 0);
		add_index_keys(&row, lite, index);
		sqm_row_text(&row, sqm_statement_text(stmt, 5));
		sqm_row_emit(&row);
	}
	sqm_statement_finalize(stmt);
	return (Datum) 0;
}

/* One foreign key, gathered from its rows: one a column. */
typedef struct ForeignKey
{
	char	   *table;
	int			id;
	char	   *parent;
	List	   *columns;
	List	   *parent_columns;
	char	   *on_update;
	char	   *on_delete;
	char	   *match;
} ForeignKey;

static void
emit_foreign_key(SqmRow *row, ForeignKey *key)
{
	if (key->table == NULL)
		return;
	sqm_row_text(row, key->table);
	sqm_row_int(row, key->id);
	sqm_row_text_array(row, key->columns);
	sqm_row_text(row, key->parent);
	/* NULL: the parent's primary key is meant */
	if (linitial(key->parent_columns) == NULL)
		sqm_row_null(row);
	else
		sqm_row_text_array(row, key->parent_columns);
	sqm_row_text(row, key->on_update);
	sqm_row_text(row, key->on_delete);
	sqm_row_text(row, key->match);
	sqm_row_emit(row);
}

/*
 * sq2pg_foreign_keys(source text): one row a foreign key.  The id is SQLite's:
 * it counts from the last declared to the first.
 */
Datum
sqm_foreign_keys(PG_FUNCTION_ARGS)
{
	SqmLite    *lite = open_argument(fcinfo);
	ForeignKey	key = {0};
	SqmStatement *stmt;
	SqmRow		row;

	sqm_row_begin(fcinfo, &row);
	stmt = sqm_statement_prepare(lite,
								 "SELECT t.name, f.id, f.\"table\", f.\"from\", f.\"to\", f.on_update, f.on_delete, f.\"match\""
								 "  FROM sqlite_schema AS t"
								 "  JOIN pragma_foreign_key_list(t.name) AS f"
								 " WHERE t.type = 'table' AND t.sql NOT LIKE 'CREATE VIRTUAL%'"
								 " ORDER BY t.rowid, f.id DESC, f.seq");
	while (sqm_statement_step(stmt))
	{
		char	   *table = sqm_statement_text(stmt, 0);
		int			id = (int) sqm_statement_int64(stmt, 1);

		if (key.table == NULL || strcmp(key.table, table) != 0 || key.id != id)
		{
			emit_foreign_key(&row, &key);
			memset(&key, 0, sizeof(key));
			key.table = table;
			key.id = id;
			key.parent = sqm_statement_text(stmt, 2);
			key.on_update = sqm_statement_text(stmt, 5);
			key.on_delete = sqm_statement_text(stmt, 6);
			key.match = sqm_statement_text(stmt, 7);
		}
		key.columns = lappend(key.columns, sqm_statement_text(stmt, 3));
		key.parent_columns = lappend(key.parent_columns,
									 sqm_statement_text(stmt, 4));
	}
	emit_foreign_key(&row, &key);
	sqm_statement_finalize(stmt);
	return (Datum) 0;
}

/*
 * sq2pg_objects(source text): every row of sqlite_schema, with its text.
 */
Datum
sqm_objects(PG_FUNCTION_ARGS)
{
	SqmLite    *lite = open_argument(fcinfo);
	SqmStatement *stmt;
	SqmRow		row;

	sqm_row_begin(fcinfo, &row);
	stmt = sqm_statement_prepare(lite,
								 "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid");
	while (sqm_statement_step(stmt))
	{
		for (int i = 0; i < 4; i++)
			sqm_row_text(&row, sqm_statement_text(stmt, i));
		sqm_row_emit(&row);
	}
	sqm_statement_finalize(stmt);
	return (Datum) 0;
}

/* The single integer that a query about one table returns. */
static bool
query_integer(FunctionCallInfo fcinfo, const char *sql, int64 *result)
{
	SqmStatement *stmt = sqm_statement_prepare(open_argument(fcinfo), sql);
	bool		found;

	found = sqm_statement_step(stmt) && !sqm_statement_is_null(stmt, 0);
	if (found)
		*result = sqm_statement_int64(stmt, 0);
	sqm_statement_finalize(stmt);
	return found;
}

PG_FUNCTION_INFO_V1(sqm_source_max);
PG_FUNCTION_INFO_V1(sqm_source_extreme);
PG_FUNCTION_INFO_V1(sqm_source_count);

/*
 * sq2pg.source_max(source text, table_name text, column_name text)
 */
Datum
sqm_source_max(PG_FUNCTION_ARGS)
{
	int64		result;

	if (!query_integer(fcinfo,
					   psprintf("SELECT max(t.%s) FROM main.%s AS t",
								sqm_lite_quote(sqm_arg_text(fcinfo, 2)),
								sqm_lite_quote(sqm_arg_text(fcinfo, 1))),
					   &result))
		PG_RETURN_NULL();
	PG_RETURN_INT64(result);
}

/*
 * sq2pg.source_extreme(source text, table_name text, column_name text,
 *						lowest boolean)
 *
 * Reads every row: a number that is written as text is one here.
 */
Datum
sqm_source_extreme(PG_FUNCTION_ARGS)
{
	int64		result;

	if (!query_integer(fcinfo,
					   psprintf("SELECT %s(CAST(t.%s AS INTEGER)) FROM main.%s AS t",
								PG_GETARG_BOOL(3) ? "min" : "max",
								sqm_lite_quote(sqm_arg_text(fcinfo, 2)),
								sqm_lite_quote(sqm_arg_text(fcinfo, 1))),
					   &result))
		PG_RETURN_NULL();
	PG_RETURN_INT64(result);
}

/*
 * sq2pg.source_count(source text, table_name text)
 *
 * count(1), because SQLite counts with count(*) in one instruction, which no
 * cancel can stop: in a crafted b-tree, whose pages name the same children
 * again and again, that takes forever.
 */
Datum
sqm_source_count(PG_FUNCTION_ARGS)
{
	int64		result = 0;

	(void) query_integer(fcinfo,
						 psprintf("SELECT count(1) FROM main.%s",
								  sqm_lite_quote(sqm_arg_text(fcinfo, 1))),
						 &result);
	PG_RETURN_INT64(result);
}

PG_FUNCTION_INFO_V1(sqm_source_orphans);

/*
 * sq2pg.source_orphans(source text, child text, columns text[], parent text,
 *						parent_columns text[], OUT orphans bigint,
 *						OUT sample text)
 *
 * Rows of the child without their parent, as SQLite compares; the sample is
 * the first such key.
 */
Datum
sqm_source_orphans(PG_FUNCTION_ARGS)
{
	SqmLite    *lite = open_argument(fcinfo);
	List	   *columns = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(2));
	List	   *parent_columns = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(4));
	SqmStatement *stmt;
	SqmRow		row;

	if (columns == NIL || list_length(columns) != list_length(parent_columns))
		elog(ERROR, "%d columns for %d parent columns", list_length(columns),
			 list_length(parent_columns));
	sqm_row_begin(fcinfo, &row);
	stmt = sqm_statement_prepare(lite,
								 psprintf("SELECT count(*), min(quote(c.%s)) FROM main.%s AS c"
										  " WHERE %s AND NOT EXISTS (SELECT 1 FROM main.%s AS p WHERE %s)",
										  sqm_lite_quote(linitial(columns)),
										  sqm_lite_quote(sqm_arg_text(fcinfo, 1)),
										  sqm_deparse_key_complete(columns),
										  sqm_lite_quote(sqm_arg_text(fcinfo, 3)),
										  sqm_deparse_key_join(columns, parent_columns)));
	(void) sqm_statement_step(stmt);
	sqm_row_bigint(&row, sqm_statement_int64(stmt, 0));
	sqm_row_text(&row, sqm_statement_text(stmt, 1));
	sqm_row_emit(&row);
	sqm_statement_finalize(stmt);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(sqm_source_violations);

/*
 * sq2pg.source_violations(source text, table_name text, condition text)
 *
 * Rows for which a condition of the source's own is false; NULL if SQLite
 * cannot evaluate it.  (PRAGMA quick_check would tell, but not on a read-only
 * connection.)  The condition is text from the file, but SQLite's own: it
 * runs where it always ran, and the caller passes only what our parser has
 * read as one whole expression.
 */
Datum
sqm_source_violations(PG_FUNCTION_ARGS)
{
	char	   *message = NULL;
	SqmStatement *stmt;
	int64		result = 0;

	stmt = sqm_statement_try_prepare(open_argument(fcinfo),
									 psprintf("SELECT count(*) FROM main.%s WHERE NOT (%s)",
											  sqm_lite_quote(sqm_arg_text(fcinfo, 1)),
											  sqm_arg_text(fcinfo, 2)),
									 &message);
	if (stmt == NULL)
		PG_RETURN_NULL();
	if (sqm_statement_try_step(stmt, &message) == SQM_STEP_ROW)
		result = sqm_statement_int64(stmt, 0);
	sqm_statement_finalize(stmt);
	if (message != NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT64(result);
}

PG_FUNCTION_INFO_V1(sqm_source_row);

/*
 * sq2pg.source_row(source text, statement text)
 *
 * The first row of what SQLite answers, as text.  The statement is ours, and
 * if it were not: the connection can do nothing but read.
 */
Datum
sqm_source_row(PG_FUNCTION_ARGS)
{
	SqmStatement *stmt = sqm_statement_prepare(open_argument(fcinfo),
											   sqm_arg_text(fcinfo, 1));
	ArrayBuildState *result = initArrayResult(TEXTOID, CurrentMemoryContext,
											  false);

	if (sqm_statement_step(stmt))
	{
		int			columns = sqm_statement_columns(stmt);

		for (int i = 0; i < columns; i++)
		{
			char	   *value = sqm_statement_text(stmt, i);

			result = accumArrayResult(result,
									  value ? CStringGetTextDatum(value) : (Datum) 0,
									  value == NULL, TEXTOID,
									  CurrentMemoryContext);
		}
	}
	sqm_statement_finalize(stmt);
	PG_RETURN_DATUM(makeArrayResult(result, CurrentMemoryContext));
}
