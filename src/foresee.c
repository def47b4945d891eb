/*-------------------------------------------------------------------------
 *
 * foresee.c
 *		Which rows would a run leave out?
 *
 * Asked by sq2pg_check, which writes nothing: the rows that a policy would
 * refuse are found by the loader's own reader, and the rows that would lose
 * their parents with them by SQLite.  Rows go by their rowid; a table without
 * one cannot be foreseen beyond what SQLite itself calls an orphan.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "catalog.h"
#include "deparse.h"
#include "reader.h"
#include "source.h"
#include "srf.h"

PG_FUNCTION_INFO_V1(sqm_refused_rows);
PG_FUNCTION_INFO_V1(sqm_source_misfits);
PG_FUNCTION_INFO_V1(sqm_orphan_rows);

/* A growing list of rowids; may be longer than a palloc'd list can be. */
typedef struct Rowids
{
	Datum	   *ids;
	int			count;
	int			size;
} Rowids;

static void
add_rowid(Rowids *rowids, int64 rowid)
{
	if (rowids->count == rowids->size)
	{
		rowids->size = Max(64, rowids->size * 2);
		rowids->ids = rowids->ids == NULL ?
			palloc(sizeof(Datum) * rowids->size) :
			repalloc_huge(rowids->ids, sizeof(Datum) * rowids->size);
	}
	rowids->ids[rowids->count++] = Int64GetDatum(rowid);
}

static Datum
rowid_array(Rowids *rowids)
{
	if (rowids->count == 0)
		return PointerGetDatum(construct_empty_array(INT8OID));
	return PointerGetDatum(construct_array(rowids->ids, rowids->count, INT8OID,
										   sizeof(int64), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

static List *
bool_list(ArrayType *array)
{
	List	   *list = NIL;
	Datum	   *elements;
	int			count;

	deconstruct_array(array, BOOLOID, 1, true, TYPALIGN_CHAR, &elements, NULL,
					  &count);
	for (int i = 0; i < count; i++)
		list = lappend_int(list, DatumGetBool(elements[i]));
	return list;
}

static void
read_refused(SqmReader *reader, int attributes, Rowids *rowids)
{
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "sqlite_fdw_mig foresee",
													  ALLOCSET_DEFAULT_SIZES);
	Datum	   *values = palloc(sizeof(Datum) * (attributes + 1));
	bool	   *nulls = palloc(sizeof(bool) * (attributes + 1));
	Size		bytes = 0;

	while (sqm_reader_next(reader))
	{
		MemoryContext old = MemoryContextSwitchTo(row_context);
		SqmRowState state = sqm_reader_convert(reader, values, nulls, &bytes);

		MemoryContextSwitchTo(old);
		if (state == SQM_ROW_REJECTED && reader->has_rowid)
			add_rowid(rowids, sqm_statement_int64(reader->stmt, reader->columns));
		MemoryContextReset(row_context);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextDelete(row_context);
}

/*
 * sq2pg.refused_rows(source text, source_table text, source_columns text[],
 *					  types text[], not_null boolean[], policy text,
 *					  time_zone text, empty_as_null boolean,
 *					  OUT rejected bigint, OUT changed bigint,
 *					  OUT rowids bigint[])
 */
Datum
sqm_refused_rows(PG_FUNCTION_ARGS)
{
	Rowids		rowids = {0};
	SqmReader  *reader;
	SqmRow		row;

	sqm_row_begin(fcinfo, &row);
	reader = sqm_reader_create_for_types(sqm_arg_text(fcinfo, 0),
										 sqm_arg_text(fcinfo, 1),
										 sqm_array_strings(PG_GETARG_ARRAYTYPE_P(2)),
										 sqm_array_strings(PG_GETARG_ARRAYTYPE_P(3)),
										 bool_list(PG_GETARG_ARRAYTYPE_P(4)),
										 sqm_arg_text(fcinfo, 6),
										 PG_GETARG_BOOL(7));
	reader->policy = sqm_policy_from_word(sqm_arg_text(fcinfo, 5));
	read_refused(reader, reader->columns, &rowids);
	sqm_row_bigint(&row, reader->rejected);
	sqm_row_bigint(&row, reader->changed);
	sqm_row_datum(&row, rowid_array(&rowids), false);
	sqm_row_emit(&row);
	sqm_reader_close(reader);
	return (Datum) 0;
}

/*
 * sq2pg.source_misfits(source text, source_table text, source_columns text[],
 *						target oid, target_columns text[], time_zone text,
 *						empty_as_null boolean, OUT source_rows bigint,
 *						OUT misfits jsonb)
 *
 * What the columns of an existing relation cannot hold.  No right on the
 * relation is needed: nothing of it is read.
 */
Datum
sqm_source_misfits(PG_FUNCTION_ARGS)
{
	Relation	rel = relation_open(PG_GETARG_OID(3), AccessShareLock);
	Rowids		rowids = {0};
	SqmReader  *reader;
	SqmRow		row;

	sqm_row_begin(fcinfo, &row);
	reader = sqm_reader_create(sqm_arg_text(fcinfo, 0), sqm_arg_text(fcinfo, 1),
							   sqm_array_strings(PG_GETARG_ARRAYTYPE_P(2)), rel,
							   sqm_array_strings(PG_GETARG_ARRAYTYPE_P(4)),
							   sqm_arg_text(fcinfo, 5), PG_GETARG_BOOL(6));
	reader->policy = SQM_POLICY_COUNT;
	read_refused(reader, RelationGetDescr(rel)->natts, &rowids);
	sqm_row_bigint(&row, reader->rows);
	sqm_reader_row_misfits(reader, &row);
	sqm_row_emit(&row);
	sqm_reader_close(reader);
	relation_close(rel, AccessShareLock);
	return (Datum) 0;
}

/* An array of rowids as JSON text, to be bound. */
static char *
rowids_as_json(ArrayType *array)
{
	StringInfoData json;
	Datum	   *elements;
	int			count;

	deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &elements, NULL, &count);
	initStringInfo(&json);
	for (int i = 0; i < count; i++)
		appendStringInfo(&json, "%c" INT64_FORMAT, i == 0 ? '[' : ',',
						 DatumGetInt64(elements[i]));
	appendStringInfoString(&json, count == 0 ? "[]" : "]");
	return json.data;
}

/*
 * sq2pg.orphan_rows(source text, child text, columns text[], parent text,
 *					 parent_columns text[], child_gone bigint[],
 *					 parent_gone bigint[]) RETURNS bigint[]
 *
 * Rowids of the rows of "child" that have no parent once the rows "gone" are
 * gone; NULL if one of the tables has no rowid.
 */
Datum
sqm_orphan_rows(PG_FUNCTION_ARGS)
{
	SqmLite    *lite = sqm_source_open(sqm_arg_text(fcinfo, 0), GetUserId(),
									   SQM_PURPOSE_READ);
	char	   *child = sqm_arg_text(fcinfo, 1);
	char	   *parent = sqm_arg_text(fcinfo, 3);
	List	   *columns = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(2));
	List	   *parent_columns = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(4));
	const char *child_rowid = sqm_catalog_rowid_name(lite, child);
	const char *parent_rowid = sqm_catalog_rowid_name(lite, parent);
	Rowids		rowids = {0};
	SqmStatement *stmt;

	if (columns == NIL || list_length(columns) != list_length(parent_columns))
		elog(ERROR, "%d columns for %d parent columns", list_length(columns),
			 list_length(parent_columns));
	if (child_rowid == NULL || parent_rowid == NULL)
		PG_RETURN_NULL();
	stmt = sqm_statement_prepare(lite,
								 psprintf("SELECT c.%s FROM main.%s AS c WHERE %s"
										  " AND c.%s NOT IN (SELECT value FROM json_each(?1))"
										  " AND NOT EXISTS (SELECT 1 FROM main.%s AS p WHERE %s"
										  " AND p.%s NOT IN (SELECT value FROM json_each(?2)))",
										  child_rowid, sqm_lite_quote(child),
										  sqm_deparse_key_complete(columns),
										  child_rowid, sqm_lite_quote(parent),
										  sqm_deparse_key_join(columns, parent_columns),
										  parent_rowid));
	sqm_statement_bind_text(stmt, 1, rowids_as_json(PG_GETARG_ARRAYTYPE_P(5)));
	sqm_statement_bind_text(stmt, 2, rowids_as_json(PG_GETARG_ARRAYTYPE_P(6)));
	while (sqm_statement_step(stmt))
		add_rowid(&rowids, sqm_statement_int64(stmt, 0));
	sqm_statement_finalize(stmt);
	PG_RETURN_DATUM(rowid_array(&rowids));
}
