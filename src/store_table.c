/*-------------------------------------------------------------------------
 *
 * store_table.c
 *		How are rows stored in an ordinary table that others have made?
 *
 * With the verbs of the executor, as COPY does: triggers, defaults, generated
 * columns, checks, the heap in batches, indexes, events for foreign keys.
 * What only a statement does right (see store.c) must not come here.
 *
 * Where the code of the user's table runs: all of it in open_table,
 * table_write and end_query.  So the caller's search_path is entered there,
 * once for some hundreds of rows, and only if there is any such code;
 * everything that is converted was converted before, under our settings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/sysattr.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "parser/parse_relation.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "caller.h"
#include "compat.h"
#include "fillin.h"
#include "store.h"

/*
 * Events for foreign keys that may queue up while workers run: each takes
 * twelve bytes.
 */
#define SHARED_EVENTS 2000000

typedef struct TableStore
{
	SqmStore	base;
	Relation	rel;
	EState	   *estate;
	ResultRelInfo *result;
	SqmFillin  *fillin;
	BulkInsertState bulk;
	int			options;		/* of table_multi_insert */
	CommandId	command;		/* of this query */
	int64		in_query;		/* rows since it began */
	bool		one_query;		/* all rows belong to it */
	bool		one_by_one;		/* a row must be there before the next */
	bool		before_row;		/* triggers */
	bool		after_row;
	bool		checked;		/* there are constraints */
	bool		users_code;		/* that needs the caller's search_path */
} TableStore;

/* ---------------------------------------------------------------------
 * What the table is like
 * ---------------------------------------------------------------------
 */

static bool
has_users_triggers(TriggerDesc *triggers)
{
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (!triggers->triggers[i].tgisinternal &&
			TRIGGER_FOR_INSERT(triggers->triggers[i].tgtype))
			return true;
	return false;
}

static bool
has_users_indexes(ResultRelInfo *result)
{
	for (int i = 0; i < result->ri_NumIndices; i++)
	{
		IndexInfo  *index = result->ri_IndexRelationInfo[i];

		if (index->ii_Expressions != NIL || index->ii_Predicate != NIL ||
			index->ii_ExclusionOps != NULL)
			return true;
	}
	return false;
}

static bool
has_users_code(TableStore *store)
{
	TupleConstr *constr = RelationGetDescr(store->rel)->constr;

	return sqm_fillin_has_defaults(store->fillin) ||
		(constr != NULL &&
		 (constr->num_check > 0 || constr->has_generated_stored)) ||
		store->rel->rd_rel->relispartition ||
		has_users_triggers(store->rel->trigdesc) ||
		has_users_indexes(store->result);
}

/*
 * Triggers before a row, and volatile defaults, may look at the rows before
 * it: these cannot wait for a batch.
 */
static void
look_at_table(TableStore *store)
{
	TriggerDesc *triggers = store->rel->trigdesc;

	store->before_row = triggers != NULL && triggers->trig_insert_before_row;
	store->after_row = triggers != NULL && triggers->trig_insert_after_row;
	store->one_by_one = store->before_row ||
		sqm_fillin_has_volatile(store->fillin);
	store->checked = RelationGetDescr(store->rel)->constr != NULL;
	store->one_query = sqm_store_refers_to_itself(store->rel);
	store->users_code = has_users_code(store);
	if (!store->users_code && !store->one_by_one)
		store->base.shared_rows = store->after_row ?
			SHARED_EVENTS / triggers->numtriggers : PG_INT64_MAX;
	/* a file that is new need not be searched for room */
	if (sqm_has_new_storage(store->rel))
		store->options |= TABLE_INSERT_SKIP_FSM;
}

static SqmCallerPath
enter(TableStore *store)
{
	SqmCallerPath none = {0};

	return store->users_code ? sqm_caller_path_enter() : none;
}

/* ---------------------------------------------------------------------
 * Queries: to triggers, every hundred thousand rows are one
 * ---------------------------------------------------------------------
 */

static void
begin_query(TableStore *store)
{
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	AfterTriggerBeginQuery();
	store->command = GetCurrentCommandId(true);
	store->in_query = 0;
}

/* Fires what is not deferred. */
static void
end_query(TableStore *store)
{
	SqmCallerPath before = enter(store);

	AfterTriggerEndQuery(store->estate);
	sqm_caller_path_leave(before);
	PopActiveSnapshot();
}

/* ---------------------------------------------------------------------
 * Rows
 * ---------------------------------------------------------------------
 */

static void
index_row(TableStore *store, TupleTableSlot *slot)
{
	List	   *recheck = NIL;

	if (store->result->ri_NumIndices > 0)
		recheck = sqm_insert_index_tuples(store->result, slot, store->estate);
	if (store->after_row)
		ExecARInsertTriggers(store->estate, store->result, slot, recheck, NULL);
	list_free(recheck);
}

/*
 * All that comes before the heap; false: a trigger does not want the row.  A
 * worker has stored a tuple in the slot already, which has all its columns
 * (see shared_rows).
 */
static bool
complete_row(TableStore *store, TupleTableSlot *slot)
{
	ResultRelInfo *result = store->result;
	EState	   *estate = store->estate;

	if (TTS_EMPTY(slot))
	{
		sqm_fillin_defaults(store->fillin, estate, slot);
		ExecStoreVirtualTuple(slot);
	}
	slot->tts_tableOid = RelationGetRelid(store->rel);
	if (store->before_row && !ExecBRInsertTriggers(estate, result, slot))
		return false;
	sqm_fillin_generated(result, estate, slot);
	if (store->checked)
		ExecConstraints(result, slot, estate);
	if (store->rel->rd_rel->relispartition)
		ExecPartitionCheck(result, slot, estate, true);
	return true;
}

static void
write_one_by_one(TableStore *store, SqmBatch *batch)
{
	for (int i = 0; i < batch->used; i++)
	{
		TupleTableSlot *slot = batch->slots[i];

		CHECK_FOR_INTERRUPTS();
		store->base.rowid = sqm_batch_rowid(batch, i);
		if (complete_row(store, slot))
		{
			table_tuple_insert(store->rel, slot, store->command,
							   store->options, store->bulk);
			index_row(store, slot);
			store->base.loaded++;
		}
		ResetPerTupleExprContext(store->estate);
	}
}

static void
write_together(TableStore *store, SqmBatch *batch)
{
	for (int i = 0; i < batch->used; i++)
	{
		store->base.rowid = sqm_batch_rowid(batch, i);
		(void) complete_row(store, batch->slots[i]);
		ResetPerTupleExprContext(store->estate);
	}
	store->base.rowid = NULL;
	table_multi_insert(store->rel, batch->slots, batch->used, store->command,
					   store->options, store->bulk);
	if (store->result->ri_NumIndices > 0 || store->after_row)
		for (int i = 0; i < batch->used; i++)
		{
			store->base.rowid = sqm_batch_rowid(batch, i);
			index_row(store, batch->slots[i]);
		}
	ResetPerTupleExprContext(store->estate);
	store->base.loaded += batch->used;
}

static void
table_write(SqmStore *base, SqmBatch *batch)
{
	TableStore *store = (TableStore *) base;
	SqmCallerPath before = enter(store);
	MemoryContext old = MemoryContextSwitchTo(batch->context);

	if (store->one_by_one)
		write_one_by_one(store, batch);
	else
		write_together(store, batch);
	MemoryContextSwitchTo(old);
	sqm_caller_path_leave(before);
	base->rowid = NULL;
	store->in_query += batch->used;
	if (store->in_query >= SQM_QUERY_ROWS && store->after_row &&
		!store->one_query && !batch->stored)
	{
		end_query(store);
		begin_query(store);
	}
}

/* ---------------------------------------------------------------------
 * Beginning and end
 * ---------------------------------------------------------------------
 */

static void
close_store(TableStore *store)
{
	EState	   *estate = store->estate;

	FreeBulkInsertState(store->bulk);
	table_finish_bulk_insert(store->rel, store->options);
	ExecResetTupleTable(estate->es_tupleTable, false);
	ExecCloseResultRelations(estate);
	ExecCloseRangeTableRelations(estate);
	FreeExecutorState(estate);
}

static void
table_finish(SqmStore *base)
{
	TableStore *store = (TableStore *) base;
	SqmCallerPath before = enter(store);

	ExecASInsertTriggers(store->estate, store->result, NULL);
	sqm_caller_path_leave(before);
	end_query(store);
	CommandCounterIncrement();
	close_store(store);
}

/* The events that are queued go with the subtransaction. */
static void
table_abandon(SqmStore *base)
{
	PopActiveSnapshot();
	close_store((TableStore *) base);
}

/*
 * The executor wants a range table: with it come the rights, which may be
 * given for single columns, and what a message may show of a row.
 */
static void
init_range_table(EState *estate, Relation rel, SqmReader *reader)
{
	ParseState *pstate = make_parsestate(NULL);
	ParseNamespaceItem *item;

	item = addRangeTableEntryForRelation(pstate, rel, RowExclusiveLock, NULL,
										 false, false);
	sqm_permissions(item)->requiredPerms = ACL_INSERT;
	for (int i = 0; i < reader->columns; i++)
		sqm_permissions(item)->insertedCols =
			bms_add_member(sqm_permissions(item)->insertedCols,
						   reader->attnums[i] - FirstLowInvalidHeapAttributeNumber);
	sqm_check_permissions(pstate);
	sqm_init_range_table(estate, pstate);
}

static void
prepare_executor(TableStore *store, SqmReader *reader)
{
	store->estate = CreateExecutorState();
	init_range_table(store->estate, store->rel, reader);
	store->result = makeNode(ResultRelInfo);
	ExecInitResultRelation(store->estate, store->result, 1);
	ExecOpenIndices(store->result, false);
}

static void
open_table(TableStore *store, SqmReader *reader)
{
	Relation	rel = store->rel;

	prepare_executor(store, reader);
	store->fillin = sqm_fillin_create(rel,
									  sqm_reader_loaded(reader,
														RelationGetDescr(rel)->natts),
									  false);
	look_at_table(store);
	store->bulk = GetBulkInsertState();
	begin_query(store);
	ExecBSInsertTriggers(store->estate, store->result);
}

SqmStore *
sqm_store_table_create(const SqmStoreTask *task)
{
	TableStore *store = palloc0(sizeof(TableStore));
	SqmCallerPath before;

	store->base.way = "executor";
	store->base.ops = table_slot_callbacks(task->rel);
	store->base.write = table_write;
	store->base.finish = table_finish;
	store->base.abandon = table_abandon;
	store->rel = task->rel;
	/* what is constant in a default is evaluated when it is planned */
	before = sqm_caller_path_enter();
	open_table(store, task->reader);
	sqm_caller_path_leave(before);
	return &store->base;
}
