/*-------------------------------------------------------------------------
 *
 * load.c
 *		How do the rows of a SQLite table get into a PostgreSQL table that
 *		this transaction has just created?
 *
 * An equivalent execution of the plan's INSERT ... SELECT: rows are decoded
 * straight into Datums and stored in batches.  The target must be bare (no
 * index, trigger or check), because nothing but the heap is
 * written here; the loader refuses anything else.
 *
 * A value that does not arrive exactly never raises an error here: it is
 * treated as the policy says, or the caller gets counts and examples and
 * decides.  In a first attempt that means to widen the table's types and to
 * load it again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/progress.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "catalog.h"
#include "deparse.h"
#include "option.h"
#include "progress.h"
#include "reader.h"
#include "source.h"
#include "srf.h"

/* A batch is one table_multi_insert: one WAL record a page, not a row. */
#define SQM_BATCH_ROWS 1000
#define SQM_BATCH_BYTES (256 * 1024)

typedef struct Loader
{
	Relation	rel;
	SqmReader  *reader;
	BulkInsertState bulk;
	CommandId	command;
	TupleTableSlot *slots[SQM_BATCH_ROWS];
	int			used;			/* slots filled */
	MemoryContext batch;		/* Datums of the filled slots */
	int64		loaded;
	int64	   *nulls;			/* per column of the reader */
	EState	   *estate;			/* to compute generated columns, or NULL */
	ResultRelInfo *result;
} Loader;

PG_FUNCTION_INFO_V1(sqm_load_table);

/*
 * Everything that table_multi_insert does not do must not be needed.
 */
static void
check_bare(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	TupleConstr *constr = desc->constr;

	/* generated columns are computed here, all else is not */
	if (rel->rd_rel->relkind != RELKIND_RELATION ||
		rel->rd_createSubid == InvalidSubTransactionId ||
		rel->rd_rel->relhasindex || rel->rd_rel->relhasrules ||
		rel->rd_rel->relrowsecurity || rel->trigdesc != NULL ||
		rel->rd_rel->relispartition ||
		(constr != NULL && constr->num_check > 0))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is not a bare table of this transaction",
						RelationGetRelationName(rel))));
}

static void
check_insert_right(Relation rel)
{
	AclResult	result = pg_class_aclcheck(RelationGetRelid(rel), GetUserId(),
										   ACL_INSERT);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, get_relkind_objtype(rel->rd_rel->relkind),
					   RelationGetRelationName(rel));
}

static void
flush_batch(Loader *loader)
{
	MemoryContext old;

	if (loader->used > 0)
	{
		old = MemoryContextSwitchTo(loader->batch);
		table_multi_insert(loader->rel, loader->slots, loader->used,
						   loader->command, TABLE_INSERT_SKIP_FSM,
						   loader->bulk);
		MemoryContextSwitchTo(old);
		loader->loaded += loader->used;
		loader->used = 0;
		pgstat_progress_update_param(PROGRESS_COPY_TUPLES_PROCESSED,
									 loader->loaded);
	}
	MemoryContextReset(loader->batch);
	CHECK_FOR_INTERRUPTS();
}

/*
 * Stored generated columns are computed by the executor's own routine, which
 * wants its surroundings.
 */
static void
prepare_generated(Loader *loader)
{
	TupleConstr *constr = RelationGetDescr(loader->rel)->constr;

	if (constr == NULL || !constr->has_generated_stored)
		return;
	loader->estate = CreateExecutorState();
	loader->result = makeNode(ResultRelInfo);
	InitResultRelInfo(loader->result, loader->rel, 1, NULL, 0);
}

static void
compute_generated(Loader *loader, TupleTableSlot *slot)
{
	if (loader->estate == NULL)
		return;
	ExecComputeStoredGenerated(loader->result, loader->estate, slot, CMD_INSERT);
	ResetPerTupleExprContext(loader->estate);
}

static TupleTableSlot *
next_slot(Loader *loader)
{
	TupleTableSlot **slot = &loader->slots[loader->used];

	if (*slot == NULL)
		*slot = MakeSingleTupleTableSlot(RelationGetDescr(loader->rel),
										 &TTSOpsVirtual);
	ExecClearTuple(*slot);
	return *slot;
}

/* The row in "slot" is complete: it belongs to the batch. */
static void
keep_row(Loader *loader, TupleTableSlot *slot)
{
	SqmReader  *reader = loader->reader;

	for (int i = 0; i < reader->columns; i++)
		loader->nulls[i] += slot->tts_isnull[reader->attnums[i] - 1];
	ExecStoreVirtualTuple(slot);
	compute_generated(loader, slot);
	loader->used++;
}

/*
 * Read all rows; store them as long as every value was exact.
 */
static void
load_rows(Loader *loader)
{
	SqmReader  *reader = loader->reader;
	Size		bytes = 0;
	int			read = 0;		/* since the last batch, good or not */

	while (sqm_reader_next(reader))
	{
		TupleTableSlot *slot = next_slot(loader);
		MemoryContext old = MemoryContextSwitchTo(loader->batch);
		SqmRowState state;

		memset(slot->tts_isnull, true,
			   RelationGetDescr(loader->rel)->natts * sizeof(bool));
		state = sqm_reader_convert(reader, slot->tts_values, slot->tts_isnull,
								   &bytes);
		MemoryContextSwitchTo(old);
		if (state == SQM_ROW_MISFIT && reader->policy == SQM_POLICY_STOP)
			return;
		if (state == SQM_ROW_GOOD)
			keep_row(loader, slot);
		/* rows that are left out use memory of the batch, too */
		if (++read == SQM_BATCH_ROWS || bytes >= SQM_BATCH_BYTES)
		{
			flush_batch(loader);
			bytes = 0;
			read = 0;
		}
	}
	flush_batch(loader);
}

static void
run_load(Loader *loader)
{
	Relation	rel = loader->rel;

	loader->bulk = GetBulkInsertState();
	loader->command = GetCurrentCommandId(true);
	loader->batch = AllocSetContextCreate(CurrentMemoryContext,
										  "sqlite_fdw_mig batch",
										  ALLOCSET_DEFAULT_SIZES);
	loader->nulls = palloc0(sizeof(int64) * (loader->reader->columns + 1));
	prepare_generated(loader);
	sqm_progress_start(RelationGetRelid(rel));
	load_rows(loader);
	pgstat_progress_end_command();
	for (int i = 0; i < SQM_BATCH_ROWS && loader->slots[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(loader->slots[i]);
	if (loader->estate != NULL)
		FreeExecutorState(loader->estate);
	FreeBulkInsertState(loader->bulk);
	table_finish_bulk_insert(rel, TABLE_INSERT_SKIP_FSM);
	MemoryContextDelete(loader->batch);
}

static Datum
int64_array(int64 *values, int count)
{
	Datum	   *elements = palloc(sizeof(Datum) * (count + 1));

	for (int i = 0; i < count; i++)
		elements[i] = Int64GetDatum(values[i]);
	return PointerGetDatum(construct_array(elements, count, INT8OID,
										   sizeof(int64), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

/*
 * sq2pg.load_table(source text, source_table text, source_columns text[],
 *					target regclass, target_columns text[], time_zone text,
 *					empty_as_null boolean, policy text,
 *					OUT source_rows bigint, OUT loaded bigint,
 *					OUT nulls bigint[], OUT noise bigint, OUT changed bigint,
 *					OUT rejected bigint, OUT exceptions bigint[],
 *					OUT stored text, OUT misfits jsonb)
 *
 * policy: stop, error, null, reject or repair.  misfits is NULL if every
 * value arrived or was treated as the policy says.  Otherwise the target
 * holds an unknown part of the rows and the caller must empty it.  exceptions
 * and stored: see SqmReader.
 */
Datum
sqm_load_table(PG_FUNCTION_ARGS)
{
	Loader		loader = {0};
	char		stored[SQM_DIGEST_TEXT_SIZE];
	SqmRow		row;

	sqm_row_begin(fcinfo, &row);
	loader.rel = table_open(PG_GETARG_OID(3), RowExclusiveLock);
	check_insert_right(loader.rel);
	check_bare(loader.rel);
	loader.reader = sqm_reader_create(sqm_arg_text(fcinfo, 0),
									  sqm_arg_text(fcinfo, 1),
									  sqm_array_strings(PG_GETARG_ARRAYTYPE_P(2)),
									  loader.rel,
									  sqm_array_strings(PG_GETARG_ARRAYTYPE_P(4)),
									  sqm_arg_text(fcinfo, 5),
									  PG_GETARG_BOOL(6));
	loader.reader->policy = sqm_policy_from_word(sqm_arg_text(fcinfo, 7));
	run_load(&loader);
	table_close(loader.rel, NoLock);

	sqm_row_bigint(&row, loader.reader->rows);
	sqm_row_bigint(&row, loader.loaded);
	sqm_row_datum(&row, int64_array(loader.nulls, loader.reader->columns), false);
	sqm_row_bigint(&row, loader.reader->noise);
	sqm_row_bigint(&row, loader.reader->changed);
	sqm_row_bigint(&row, loader.reader->rejected);
	sqm_row_datum(&row, int64_array(loader.reader->exceptions,
									loader.reader->nexceptions), false);
	sqm_digest_text(&loader.reader->stored, stored);
	sqm_row_text(&row, stored);
	sqm_reader_row_misfits(loader.reader, &row);
	sqm_row_emit(&row);
	sqm_reader_close(loader.reader);
	return (Datum) 0;
}
