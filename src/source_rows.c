/*-------------------------------------------------------------------------
 *
 * source_rows.c
 *		As which rows would those of a SQLite table stand in a relation?
 *
 * For foresight: a query over them finds what would break a constraint before
 * anything is stored.  Nothing is written, no sequence moved, nothing logged.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "batch.h"
#include "caller.h"
#include "compat.h"
#include "fillin.h"
#include "srf.h"

#define ARG_ROW_TYPE 7

PG_FUNCTION_INFO_V1(sqm_source_rows);

/* What makes rows complete */
typedef struct Completion
{
	SqmFillin  *fillin;
	EState	   *estate;
	ResultRelInfo *result;
} Completion;

/* The relation whose row type the last argument has */
static Relation
open_row_type(FunctionCallInfo fcinfo)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, ARG_ROW_TYPE);
	Oid			relid = OidIsValid(type) ? typeidTypeRelid(type) : InvalidOid;
	Relation	rel = OidIsValid(relid) ? relation_open(relid, AccessShareLock) : NULL;

	if (rel == NULL || rel->rd_rel->relkind == RELKIND_COMPOSITE_TYPE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("row_type must be of the row type of a table, view or foreign table")));
	return rel;
}

static void
refuse_nulls(FunctionCallInfo fcinfo)
{
	for (int i = 0; i < ARG_ROW_TYPE; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %d of sq2pg.source_rows() must not be null",
							i + 1)));
}

static SqmReader *
open_reader(FunctionCallInfo fcinfo, Relation rel)
{
	SqmReader  *reader;
	SqmPolicy	policy = sqm_policy_from_word(sqm_arg_text(fcinfo, 6));

	if (policy == SQM_POLICY_STOP)
		elog(ERROR, "policy \"stop\" would not give all rows");
	reader = sqm_reader_create(sqm_arg_text(fcinfo, 0),
							   sqm_arg_text(fcinfo, 1),
							   sqm_array_strings(PG_GETARG_ARRAYTYPE_P(2)),
							   rel,
							   sqm_array_strings(PG_GETARG_ARRAYTYPE_P(3)),
							   sqm_arg_text(fcinfo, 4),
							   PG_GETARG_BOOL(5));
	reader->policy = policy;
	reader->logs = false;
	reader->accounts = false;
	return reader;
}

static void
prepare_completion(Completion *completion, Relation rel, SqmReader *reader)
{
	SqmCallerPath before = sqm_caller_path_enter();

	/* what is constant in a default is evaluated when it is planned */
	completion->fillin = sqm_fillin_create(rel,
										   sqm_reader_loaded(reader,
															 RelationGetDescr(rel)->natts),
										   true);
	sqm_caller_path_leave(before);
	completion->estate = CreateExecutorState();
	completion->result = makeNode(ResultRelInfo);
	InitResultRelInfo(completion->result, rel, 1, NULL, 0);
}

/* Code of the user's table; everything before ran under our settings. */
static void
complete_batch(Completion *completion, SqmBatch *batch)
{
	SqmCallerPath before = sqm_caller_path_enter();
	MemoryContext old = MemoryContextSwitchTo(batch->context);
	Oid			relid = RelationGetRelid(completion->result->ri_RelationDesc);

	for (int i = 0; i < batch->used; i++)
	{
		TupleTableSlot *slot = batch->slots[i];

		sqm_fillin_defaults(completion->fillin, completion->estate, slot);
		ExecStoreVirtualTuple(slot);
		slot->tts_tableOid = relid;
		sqm_fillin_generated(completion->result, completion->estate, slot);
		sqm_fillin_virtual(completion->fillin, completion->estate, slot);
		ResetPerTupleExprContext(completion->estate);
	}
	MemoryContextSwitchTo(old);
	sqm_caller_path_leave(before);
}

static void
emit_batch(SqmBatch *batch, SqmRow *row)
{
	for (int i = 0; i < batch->used; i++)
	{
		TupleTableSlot *slot = batch->slots[i];
		const int64 *rowid = sqm_batch_rowid(batch, i);
		MemoryContext old = MemoryContextSwitchTo(batch->context);
		HeapTuple	tuple = ExecCopySlotHeapTuple(slot);
		Datum		datum = heap_copy_tuple_as_datum(tuple, batch->desc);

		MemoryContextSwitchTo(old);
		if (rowid != NULL)
			sqm_row_bigint(row, *rowid);
		else
			sqm_row_null(row);
		sqm_row_bigint(row, batch->numbers[i]);
		sqm_row_datum(row, datum, false);
		sqm_row_emit(row);
	}
}

/*
 * sq2pg.source_rows(source text, source_table text, source_columns text[],
 *					 target_columns text[], time_zone text,
 *					 empty_as_null boolean, policy text, row_type anyelement)
 *	RETURNS TABLE (source_rowid bigint, row_number bigint,
 *				   target_row anyelement)
 *
 * The lock on the relation stays, so that its row type is what the rows are
 * of.
 */
Datum
sqm_source_rows(PG_FUNCTION_ARGS)
{
	Completion	completion;
	SqmReader  *reader;
	SqmBatch   *batch;
	Relation	rel;
	SqmRow		row;

	refuse_nulls(fcinfo);
	rel = open_row_type(fcinfo);
	sqm_row_begin(fcinfo, &row);
	reader = open_reader(fcinfo, rel);
	prepare_completion(&completion, rel, reader);
	batch = sqm_batch_create(reader, RelationGetDescr(rel), &TTSOpsVirtual);
	batch->keep_misfits = true;
	while (sqm_batch_fill(batch))
	{
		complete_batch(&completion, batch);
		emit_batch(batch, &row);
	}
	sqm_batch_drop(batch);
	FreeExecutorState(completion.estate);
	sqm_reader_close(reader);
	relation_close(rel, NoLock);
	return (Datum) 0;
}
