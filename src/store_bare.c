/*-------------------------------------------------------------------------
 *
 * store_bare.c
 *		How are rows stored in a table that this transaction has just made?
 *
 * In batches, straight into the heap: as pages of our own making (pages.c)
 * where that is possible, else by the table's access method.  The table must
 * be bare (no index, trigger or check), because nothing but the heap is
 * written here, and generated columns are computed; anything else is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "fillin.h"
#include "form.h"
#include "store.h"

typedef struct BareStore
{
	SqmStore	base;
	Relation	rel;
	SqmForm    *form;			/* for pages */
	BulkInsertState bulk;
	CommandId	command;
	EState	   *estate;			/* to compute generated columns, or NULL */
	ResultRelInfo *result;
} BareStore;

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
write_tuples(BareStore *store, SqmBatch *batch)
{
	for (int i = 0; i < batch->used; i++)
	{
		TupleTableSlot *slot = batch->slots[i];

		/* a slot that holds a tuple has not been taken apart */
		sqm_pages_add_tuple(store->base.pages, batch->stored ?
							ExecFetchSlotHeapTuple(slot, false, NULL) :
							sqm_form_tuple(store->form, slot->tts_values,
										   slot->tts_isnull));
	}
}

static void
bare_write(SqmStore *base, SqmBatch *batch)
{
	BareStore  *store = (BareStore *) base;
	MemoryContext old = MemoryContextSwitchTo(batch->context);

	for (int i = 0; i < batch->used; i++)
	{
		if (!batch->stored)
			ExecStoreVirtualTuple(batch->slots[i]);
		if (store->estate != NULL)
		{
			sqm_fillin_generated(store->result, store->estate,
								 batch->slots[i]);
			ResetPerTupleExprContext(store->estate);
		}
	}
	if (store->base.pages != NULL)
		write_tuples(store, batch);
	else
		table_multi_insert(store->rel, batch->slots, batch->used,
						   store->command, TABLE_INSERT_SKIP_FSM, store->bulk);
	MemoryContextSwitchTo(old);
	store->base.loaded += batch->used;
}

static void
bare_finish(SqmStore *base)
{
	BareStore  *store = (BareStore *) base;

	if (store->estate != NULL)
		FreeExecutorState(store->estate);
	if (store->base.pages != NULL)
		sqm_pages_finish(store->base.pages);
	else
	{
		FreeBulkInsertState(store->bulk);
		table_finish_bulk_insert(store->rel, TABLE_INSERT_SKIP_FSM);
	}
}

SqmStore *
sqm_store_bare_create(const SqmStoreTask *task)
{
	BareStore  *store = palloc0(sizeof(BareStore));
	TupleConstr *constr = RelationGetDescr(task->rel)->constr;

	check_insert_right(task->rel);
	check_bare(task->rel);
	store->base.way = "bare";
	store->base.shared_rows = PG_INT64_MAX;
	store->base.ops = &TTSOpsVirtual;
	store->base.write = bare_write;
	store->base.finish = bare_finish;
	/* whoever made the table must empty it */
	store->base.abandon = bare_finish;
	store->rel = task->rel;
	if (sqm_pages_are_possible(task->rel))
	{
		store->base.pages = sqm_pages_create(task->rel);
		store->form = sqm_form_create(RelationGetDescr(task->rel));
	}
	else
	{
		store->bulk = GetBulkInsertState();
		store->command = GetCurrentCommandId(true);
	}
	if (constr != NULL && constr->has_generated_stored)
	{
		store->estate = CreateExecutorState();
		store->result = makeNode(ResultRelInfo);
		InitResultRelInfo(store->result, task->rel, 1, NULL, 0);
	}
	return &store->base;
}
