/*-------------------------------------------------------------------------
 *
 * reject.c
 *		Where are refused and changed values kept until the run ends?
 *
 * In a tuple store of the transaction, not in a table: a rehearsal rolls its
 * subtransaction back and must still be able to say what it found.  The store
 * goes to disk beyond work_mem, so a million refused rows need no memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "reject.h"
#include "srf.h"

#define REJECT_COLUMNS 11

static Tuplestorestate *store = NULL;
static TupleDesc store_desc = NULL;

PG_FUNCTION_INFO_V1(sqm_take_rejects);
PG_FUNCTION_INFO_V1(sqm_forget_rejects);
PG_FUNCTION_INFO_V1(sqm_keep_reject);

static void
store_is_gone(void *arg)
{
	store = NULL;
	store_desc = NULL;
}

static void
close_store(void)
{
	if (store != NULL)
		tuplestore_end(store);
	store = NULL;
	store_desc = NULL;
}

/*
 * What a failed run has left is of no use to anybody, and at commit its
 * temporary file would be reported as a leak.
 */
static void
on_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
		close_store();
}

static TupleDesc
make_desc(void)
{
	static const struct
	{
		const char *name;
		Oid			type;
	}			columns[REJECT_COLUMNS] = {
		{"source_table", TEXTOID}, {"relation", TEXTOID},
		{"source_rowid", INT8OID}, {"column_name", TEXTOID},
		{"storage_class", TEXTOID}, {"value", TEXTOID},
		{"sqlstate", TEXTOID}, {"message", TEXTOID},
		{"action", TEXTOID}, {"row_data", JSONBOID},
		{"load", INT4OID},
	};
	TupleDesc	desc = CreateTemplateTupleDesc(REJECT_COLUMNS);

	for (int i = 0; i < REJECT_COLUMNS; i++)
		TupleDescInitEntry(desc, i + 1, columns[i].name, columns[i].type, -1, 0);
	return desc;
}

/*
 * The store belongs to the whole transaction: a subtransaction that is rolled
 * back must not take its files away.
 */
static void
open_store(void)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));
	static bool registered = false;

	if (!registered)
		RegisterXactCallback(on_transaction_end, NULL);
	registered = true;
	CurrentResourceOwner = TopTransactionResourceOwner;
	store_desc = make_desc();
	store = tuplestore_begin_heap(false, false, work_mem);
	CurrentResourceOwner = owner;
	callback->func = store_is_gone;
	MemoryContextRegisterResetCallback(TopTransactionContext, callback);
	MemoryContextSwitchTo(old);
}

/* A number for each reading of a table whose values may be refused. */
int
sqm_reject_next_load(void)
{
	static int	loads = 0;

	return ++loads;
}

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

void
sqm_reject_add(const SqmReject *reject)
{
	Datum		values[REJECT_COLUMNS];
	bool		nulls[REJECT_COLUMNS] = {false};
	ResourceOwner owner = CurrentResourceOwner;

	if (store == NULL)
		open_store();
	values[0] = CStringGetTextDatum(reject->source_table);
	values[1] = CStringGetTextDatum(reject->relation);
	values[2] = Int64GetDatum(reject->rowid);
	nulls[2] = !reject->has_rowid;
	values[3] = CStringGetTextDatum(reject->column);
	values[4] = CStringGetTextDatum(reject->storage);
	values[5] = text_or_null(reject->value, &nulls[5]);
	values[6] = CStringGetTextDatum(reject->sqlstate);
	values[7] = CStringGetTextDatum(reject->message);
	values[8] = CStringGetTextDatum(reject->action);
	values[9] = reject->row_data;
	values[10] = Int32GetDatum(reject->load);
	/* it may spill to a file just now */
	CurrentResourceOwner = TopTransactionResourceOwner;
	tuplestore_putvalues(store, store_desc, values, nulls);
	CurrentResourceOwner = owner;
}

/*
 * sq2pg.take_rejects(): everything kept so far; it is forgotten then.
 */
Datum
sqm_take_rejects(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	TupleTableSlot *slot;

	InitMaterializedSRF(fcinfo, 0);
	if (store == NULL)
		return (Datum) 0;
	slot = MakeSingleTupleTableSlot(store_desc, &TTSOpsMinimalTuple);
	tuplestore_rescan(store);
	while (tuplestore_gettupleslot(store, true, false, slot))
		tuplestore_puttupleslot(rsinfo->setResult, slot);
	ExecDropSingleTupleTableSlot(slot);
	close_store();
	return (Datum) 0;
}

/*
 * sq2pg.forget_rejects(): what an earlier run of this transaction left when
 * it failed is not ours.
 */
Datum
sqm_forget_rejects(PG_FUNCTION_ARGS)
{
	close_store();
	PG_RETURN_VOID();
}

/*
 * sq2pg.keep_reject(source_table text, relation text, column_name text,
 *					 value text, sqlstate text, message text, action text,
 *					 row_data jsonb): one that was found by SQL in the target.
 */
Datum
sqm_keep_reject(PG_FUNCTION_ARGS)
{
	SqmReject	reject = {0};

	/* the value may be NULL, and is the only one */
	for (int i = 0; i < PG_NARGS(); i++)
		if (i != 3 && PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %d of sq2pg.keep_reject() must not be null",
							i + 1)));
	reject.source_table = sqm_arg_text(fcinfo, 0);
	reject.relation = sqm_arg_text(fcinfo, 1);
	reject.column = sqm_arg_text(fcinfo, 2);
	reject.storage = "POSTGRESQL";
	reject.value = sqm_arg_text(fcinfo, 3);
	reject.sqlstate = sqm_arg_text(fcinfo, 4);
	reject.message = sqm_arg_text(fcinfo, 5);
	reject.action = sqm_arg_text(fcinfo, 6);
	reject.row_data = PG_GETARG_DATUM(7);
	sqm_reject_add(&reject);
	PG_RETURN_VOID();
}
