/*-------------------------------------------------------------------------
 *
 * verify.c
 *		What are the digests of a SQLite table and of its rows, as they
 *		should stand in a relation?
 *
 * The source side of verification: raw values, made canonical by compare.c
 * for the types of the relation's columns.  The target side is
 * sq2pg.digest_relation.  Nothing here, or below it, has ever seen value.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "compare.h"
#include "compat.h"
#include "option.h"
#include "reader.h"
#include "source.h"
#include "srf.h"

PG_FUNCTION_INFO_V1(sqm_digest_source);
PG_FUNCTION_INFO_V1(sqm_row_digests);
PG_FUNCTION_INFO_V1(sqm_row_digest);
PG_FUNCTION_INFO_V1(sqm_key_digests);

static SqmCanon **
canons_for(Oid relid, List *columns, pg_tz *zone, bool empty_as_null)
{
	SqmCanon  **canons = palloc(sizeof(SqmCanon *) * (list_length(columns) + 1));
	Relation	rel = table_open(relid, AccessShareLock);

	for (int i = 0; i < list_length(columns); i++)
	{
		AttrNumber	attnum = get_attnum(relid, list_nth(columns, i));
		Form_pg_attribute att;

		if (attnum <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist",
							(char *) list_nth(columns, i),
							RelationGetRelationName(rel))));
		att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
		canons[i] = sqm_canon_create(att->atttypid, att->atttypmod, zone,
									 empty_as_null);
	}
	table_close(rel, AccessShareLock);
	return canons;
}

/* The same for types by their names. */
static SqmCanon **
canons_for_types(List *types, pg_tz *zone, bool empty_as_null)
{
	SqmCanon  **canons = palloc(sizeof(SqmCanon *) * (list_length(types) + 1));
	ListCell   *lc;

	foreach(lc, types)
	{
		Oid			type;
		int32		typmod;

		sqm_parse_type(lfirst(lc), &type, &typmod);
		canons[foreach_current_index(lc)] = sqm_canon_create(type, typmod, zone,
															 empty_as_null);
	}
	return canons;
}

/* A SQLite table that is read as canonical bytes. */
typedef struct SourceRows
{
	char	   *source;
	SqmStatement *stmt;
	SqmCanon  **canons;
	int			columns;
	bool		has_rowid;
	int64		number;			/* of the current row, from 1 */
	int64	   *skip;			/* numbers of rows to leave out, ascending */
	int			nskip;
	StringInfoData bytes;		/* of the current row */
	MemoryContext row_context;
} SourceRows;

static void
open_source_rows(SourceRows *rows, char *source, char *table, List *columns,
				 SqmCanon **canons)
{
	rows->source = source;
	rows->columns = list_length(columns);
	rows->canons = canons;
	rows->stmt = sqm_table_statement(source, table, columns, &rows->has_rowid);
	initStringInfo(&rows->bytes);
	rows->row_context = AllocSetContextCreate(CurrentMemoryContext,
											  "sqlite_fdw_mig digest",
											  ALLOCSET_DEFAULT_SIZES);
}

/*
 * Two functions below have the same first arguments: source, source_table,
 * source_columns, target, target_columns, time_zone, empty_as_null.
 */
static void
begin_source_rows(FunctionCallInfo fcinfo, SourceRows *rows)
{
	List	   *columns = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(2));
	List	   *target_columns = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(4));

	if (list_length(columns) != list_length(target_columns))
		elog(ERROR, "%d source columns for %d target columns",
			 list_length(columns), list_length(target_columns));
	open_source_rows(rows, sqm_arg_text(fcinfo, 0), sqm_arg_text(fcinfo, 1),
					 columns,
					 canons_for(PG_GETARG_OID(3), target_columns,
								sqm_time_zone(sqm_arg_text(fcinfo, 5)),
								PG_GETARG_BOOL(6)));
}

static bool
end_source_rows(SourceRows *rows)
{
	sqm_statement_finalize(rows->stmt);
	sqm_source_check_unchanged(rows->source);
	MemoryContextDelete(rows->row_context);
	return false;
}

static bool
next_source_row(SourceRows *rows)
{
	MemoryContext old;

	bool		skipped;

	do
	{
		CHECK_FOR_INTERRUPTS();
		if (!sqm_statement_step(rows->stmt))
			return end_source_rows(rows);
		rows->number++;
		skipped = rows->nskip > 0 && rows->skip[0] == rows->number;
		if (skipped)
		{
			rows->skip++;
			rows->nskip--;
		}
	} while (skipped);
	resetStringInfo(&rows->bytes);
	old = MemoryContextSwitchTo(rows->row_context);
	for (int i = 0; i < rows->columns; i++)
	{
		SqmValue	value;

		sqm_statement_value(rows->stmt, i, &value);
		sqm_canon_source(rows->canons[i], &value, &rows->bytes);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(rows->row_context);
	return true;
}

static void
read_skip(SourceRows *rows, ArrayType *array)
{
	Datum	   *elements;

	deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &elements, NULL, &rows->nskip);
	rows->skip = palloc(sizeof(int64) * (rows->nskip + 1));
	for (int i = 0; i < rows->nskip; i++)
		rows->skip[i] = DatumGetInt64(elements[i]);
}

/*
 * sq2pg.digest_source(source text, source_table text, source_columns text[],
 *					   target regclass, target_columns text[], time_zone text,
 *					   empty_as_null boolean, skip bigint[],
 *					   OUT rows bigint, OUT digest text)
 *
 * skip: numbers of rows, from 1 and ascending, that are left out.
 */
Datum
sqm_digest_source(PG_FUNCTION_ARGS)
{
	SourceRows	rows = {0};
	char		text[SQM_DIGEST_TEXT_SIZE];
	SqmDigest	digest;
	SqmRow		row;

	sqm_row_begin(fcinfo, &row);
	begin_source_rows(fcinfo, &rows);
	read_skip(&rows, PG_GETARG_ARRAYTYPE_P(7));
	sqm_digest_init(&digest);
	while (next_source_row(&rows))
		sqm_digest_add_row(&digest, rows.bytes.data, rows.bytes.len);
	sqm_digest_text(&digest, text);
	sqm_row_bigint(&row, digest.rows);
	sqm_row_text(&row, text);
	sqm_row_emit(&row);
	return (Datum) 0;
}

static char *
row_digest(const char *bytes, int length)
{
	char	   *text = palloc(SQM_DIGEST_TEXT_SIZE);
	SqmDigest	digest;

	sqm_digest_init(&digest);
	sqm_digest_add_row(&digest, bytes, length);
	sqm_digest_text(&digest, text);
	return text;
}

static void
emit_row_digests(SourceRows *rows, SqmRow *row)
{
	while (next_source_row(rows))
	{
		MemoryContext old = MemoryContextSwitchTo(rows->row_context);

		sqm_row_text(row, row_digest(rows->bytes.data, rows->bytes.len));
		if (rows->has_rowid)
			sqm_row_bigint(row, sqm_statement_int64(rows->stmt, rows->columns));
		else
			sqm_row_null(row);
		sqm_row_emit(row);
		MemoryContextSwitchTo(old);
		MemoryContextReset(rows->row_context);
	}
}

/*
 * sq2pg.row_digests(source text, ... as above)
 *		RETURNS TABLE (digest text, source_rowid bigint)
 *
 * One row a row; for finding those that differ.  The result is as large as
 * the number of rows and goes to disk beyond work_mem.
 */
Datum
sqm_row_digests(PG_FUNCTION_ARGS)
{
	SourceRows	rows = {0};
	SqmRow		row;

	sqm_row_begin(fcinfo, &row);
	begin_source_rows(fcinfo, &rows);
	emit_row_digests(&rows, &row);
	return (Datum) 0;
}

/*
 * sq2pg.key_digests(source text, source_table text, source_columns text[],
 *					 types text[], time_zone text, empty_as_null boolean)
 *		RETURNS TABLE (digest text, source_rowid bigint)
 *
 * Equal digests are equal keys in PostgreSQL; rows with a NULL are included.
 */
Datum
sqm_key_digests(PG_FUNCTION_ARGS)
{
	List	   *columns = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(2));
	List	   *types = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(3));
	SourceRows	rows = {0};
	SqmRow		row;

	if (list_length(columns) != list_length(types))
		elog(ERROR, "%d columns, %d types", list_length(columns),
			 list_length(types));
	sqm_row_begin(fcinfo, &row);
	open_source_rows(&rows, sqm_arg_text(fcinfo, 0), sqm_arg_text(fcinfo, 1),
					 columns,
					 canons_for_types(types, sqm_time_zone(sqm_arg_text(fcinfo, 4)),
									  PG_GETARG_BOOL(5)));
	emit_row_digests(&rows, &row);
	return (Datum) 0;
}

/* What sq2pg.row_digest keeps between its calls. */
typedef struct RecordCanons
{
	Oid			type;
	int32		typmod;
	TupleDesc	desc;
	SqmCanon  **canons;
} RecordCanons;

static RecordCanons *
record_canons(FunctionCallInfo fcinfo, HeapTupleHeader record)
{
	RecordCanons *cache = fcinfo->flinfo->fn_extra;
	Oid			type = HeapTupleHeaderGetTypeId(record);
	int32		typmod = HeapTupleHeaderGetTypMod(record);
	MemoryContext old;

	if (cache != NULL && cache->type == type && cache->typmod == typmod)
		return cache;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	cache = palloc(sizeof(RecordCanons));
	cache->type = type;
	cache->typmod = typmod;
	cache->desc = lookup_rowtype_tupdesc_copy(type, typmod);
	cache->canons = palloc(sizeof(SqmCanon *) * (cache->desc->natts + 1));
	for (int i = 0; i < cache->desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(cache->desc, i);

		cache->canons[i] = sqm_canon_create(att->atttypid, att->atttypmod,
											NULL, false);
	}
	fcinfo->flinfo->fn_extra = cache;
	MemoryContextSwitchTo(old);
	return cache;
}

/*
 * sq2pg.row_digest(record): the digest of ROW(column, ...), comparable with
 * those of sq2pg.row_digests.
 */
Datum
sqm_row_digest(PG_FUNCTION_ARGS)
{
	HeapTupleHeader record = PG_GETARG_HEAPTUPLEHEADER(0);
	RecordCanons *cache = record_canons(fcinfo, record);
	int			n = cache->desc->natts;
	Datum	   *values = palloc(sizeof(Datum) * (n + 1));
	bool	   *nulls = palloc(sizeof(bool) * (n + 1));
	StringInfoData bytes;
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = record;
	heap_deform_tuple(&tuple, cache->desc, values, nulls);
	initStringInfo(&bytes);
	for (int i = 0; i < n; i++)
		sqm_canon_target(cache->canons[i], values[i], nulls[i], &bytes);
	PG_RETURN_TEXT_P(cstring_to_text(row_digest(bytes.data, bytes.len)));
}

PG_FUNCTION_INFO_V1(sqm_digest_sum);
PG_FUNCTION_INFO_V1(sqm_digest_difference);

static void
digest_from_text(const char *text, SqmDigest *digest)
{
	unsigned long long high,
				low;

	if (strlen(text) != SQM_DIGEST_TEXT_SIZE - 1 ||
		sscanf(text, "%16llx%16llx", &high, &low) != 2)
		elog(ERROR, "invalid digest \"%s\"", text);
	sqm_digest_init(digest);
	digest->high = high;
	digest->low = low;
}

static Datum
combine_digests(FunctionCallInfo fcinfo,
				void (*combine) (SqmDigest *, const SqmDigest *))
{
	char		text[SQM_DIGEST_TEXT_SIZE];
	SqmDigest	result,
				other;

	digest_from_text(sqm_arg_text(fcinfo, 0), &result);
	digest_from_text(sqm_arg_text(fcinfo, 1), &other);
	combine(&result, &other);
	sqm_digest_text(&result, text);
	PG_RETURN_TEXT_P(cstring_to_text(text));
}

/*
 * sq2pg.digest_sum(text, text): the digest of the rows of both.
 */
Datum
sqm_digest_sum(PG_FUNCTION_ARGS)
{
	return combine_digests(fcinfo, sqm_digest_add);
}

/*
 * sq2pg.digest_difference(text, text): the digest of the rows of the first
 * without those of the second.
 */
Datum
sqm_digest_difference(PG_FUNCTION_ARGS)
{
	return combine_digests(fcinfo, sqm_digest_subtract);
}
