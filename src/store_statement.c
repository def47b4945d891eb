/*-------------------------------------------------------------------------
 *
 * store_statement.c
 *		How are rows stored where only a statement does everything right?
 *
 * INSERT INTO ... SELECT from a named tuple store, through SPI: views,
 * partitioned and foreign tables, rules, row security, transition tables, ON
 * CONFLICT, and tables whose plan belongs to another extension.  The rows
 * wait in the tuple store, on disk beyond work_mem.
 *
 * The statement runs under the caller's search_path: triggers, defaults and
 * checks are the user's.  Nothing is converted in here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/tuplestore.h"

#include "caller.h"
#include "store.h"

#define ROWS_NAME "sqm_rows"

typedef struct StatementStore
{
	SqmStore	base;
	SqmReader  *reader;
	EphemeralNamedRelation named;
	SPIPlanPtr	plan;
	Tuplestorestate *rows;		/* not inserted yet */
	int64		waiting;		/* how many they are */
	bool		one_query;		/* all of them must wait for the last */
	bool		executed;		/* at least once */
	Datum	   *values;
	bool	   *nulls;
	MemoryContext context;
} StatementStore;

static void
append_names(StringInfo sql, List *names)
{
	ListCell   *lc;

	foreach(lc, names)
		appendStringInfo(sql, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 quote_identifier(lfirst(lc)));
}

static List *
target_names(SqmReader *reader)
{
	List	   *names = NIL;

	for (int i = 0; i < reader->columns; i++)
		names = lappend(names, reader->target_names[i]);
	return names;
}

/* All columns but those of the key; a row that is only a key stays as it is. */
static void
append_conflict(StringInfo sql, const SqmStoreTask *task)
{
	bool		first = true;

	appendStringInfoString(sql, " ON CONFLICT");
	if (task->conflict == SQM_CONFLICT_UPDATE)
	{
		appendStringInfoString(sql, " (");
		append_names(sql, task->conflict_columns);
		appendStringInfoChar(sql, ')');
	}
	for (int i = 0; task->conflict == SQM_CONFLICT_UPDATE && i < task->reader->columns; i++)
	{
		char	   *name = task->reader->target_names[i];
		ListCell   *lc;

		foreach(lc, task->conflict_columns)
			if (strcmp(lfirst(lc), name) == 0)
				break;
		if (lc != NULL)
			continue;
		appendStringInfo(sql, "%s%s = EXCLUDED.%s",
						 first ? " DO UPDATE SET " : ", ",
						 quote_identifier(name), quote_identifier(name));
		first = false;
	}
	if (first)
		appendStringInfoString(sql, " DO NOTHING");
}

/*
 * Values of identities that are GENERATED ALWAYS are the source's, too; where
 * there are none, OVERRIDING does nothing, for views and foreign tables too.
 */
static char *
insert_statement(const SqmStoreTask *task)
{
	List	   *names = target_names(task->reader);
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO %s", task->reader->relation);
	if (names != NIL)
	{
		appendStringInfoString(&sql, " (");
		append_names(&sql, names);
		appendStringInfoChar(&sql, ')');
	}
	appendStringInfoString(&sql, " OVERRIDING SYSTEM VALUE SELECT ");
	append_names(&sql, names);
	appendStringInfoString(&sql, " FROM " ROWS_NAME);
	if (task->conflict != SQM_CONFLICT_ERROR)
		append_conflict(&sql, task);
	return sql.data;
}

/* The columns that are loaded, as those of a relation of their own. */
static TupleDesc
rows_desc(const SqmStoreTask *task)
{
	SqmReader  *reader = task->reader;
	TupleDesc	desc = CreateTemplateTupleDesc(reader->columns);

	for (int i = 0; i < reader->columns; i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(task->rel),
											  reader->attnums[i] - 1);

		TupleDescInitEntry(desc, i + 1, reader->target_names[i],
						   att->atttypid, att->atttypmod, att->attndims);
		TupleDescInitEntryCollation(desc, i + 1, att->attcollation);
	}
	return desc;
}

/*
 * Is it one statement to whoever looks?  Triggers that fire once for all, and
 * rows that come before their parents, say so; of a view or of rules it is
 * not known what is behind them.  A key that comes twice must not overwrite
 * itself in silence, which one statement refuses and two would do.
 */
static bool
wants_one_query(const SqmStoreTask *task)
{
	Relation	rel = task->rel;
	TriggerDesc *triggers = rel->trigdesc;

	return rel->rd_rel->relkind == RELKIND_VIEW ||
		rel->rd_rules != NULL ||
		task->conflict == SQM_CONFLICT_UPDATE ||
		(triggers != NULL &&
		 (triggers->trig_insert_before_statement ||
		  triggers->trig_insert_after_statement ||
		  triggers->trig_insert_new_table)) ||
		sqm_store_refers_to_itself(rel);
}

static void
new_rows(StatementStore *store)
{
	MemoryContext old = MemoryContextSwitchTo(store->context);

	store->rows = tuplestore_begin_heap(false, false, work_mem);
	store->named->reldata = store->rows;
	store->waiting = 0;
	MemoryContextSwitchTo(old);
}

static void
insert_rows(StatementStore *store)
{
	SqmCallerPath before = sqm_caller_path_enter();
	MemoryContext old = CurrentMemoryContext;
	int			result = SPI_execute_plan(store->plan, NULL, NULL, false, 0);

	/* SPI leaves its own */
	MemoryContextSwitchTo(old);
	sqm_caller_path_leave(before);
	if (result < 0)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
	store->executed = true;
	store->base.loaded += SPI_processed;
	store->named->reldata = NULL;
	tuplestore_end(store->rows);
	store->rows = NULL;
}

static void
statement_write(SqmStore *base, SqmBatch *batch)
{
	StatementStore *store = (StatementStore *) base;
	SqmReader  *reader = store->reader;

	for (int i = 0; i < batch->used; i++)
	{
		TupleTableSlot *slot = batch->slots[i];

		for (int j = 0; j < reader->columns; j++)
		{
			store->values[j] = slot->tts_values[reader->attnums[j] - 1];
			store->nulls[j] = slot->tts_isnull[reader->attnums[j] - 1];
		}
		tuplestore_putvalues(store->rows, store->named->md.tupdesc,
							 store->values, store->nulls);
	}
	store->waiting += batch->used;
	if (store->waiting >= SQM_QUERY_ROWS && !store->one_query)
	{
		insert_rows(store);
		new_rows(store);
	}
}

static void
statement_abandon(SqmStore *base)
{
	StatementStore *store = (StatementStore *) base;

	if (store->rows != NULL)
		tuplestore_end(store->rows);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
}

/* Without any row it is still a statement, with triggers and rights. */
static void
statement_finish(SqmStore *base)
{
	StatementStore *store = (StatementStore *) base;

	if (store->waiting > 0 || !store->executed)
		insert_rows(store);
	statement_abandon(base);
}

static void
register_rows(StatementStore *store, TupleDesc desc)
{
	EphemeralNamedRelation named = palloc0(sizeof(EphemeralNamedRelationData));

	named->md.name = ROWS_NAME;
	named->md.reliddesc = InvalidOid;
	named->md.tupdesc = desc;
	named->md.enrtype = ENR_NAMED_TUPLESTORE;
	named->md.enrtuples = SQM_QUERY_ROWS;
	store->named = named;
	if (SPI_register_relation(named) != SPI_OK_REL_REGISTER)
		elog(ERROR, "SPI_register_relation failed");
}

static void
prepare(StatementStore *store, const char *sql)
{
	SqmCallerPath before = sqm_caller_path_enter();
	MemoryContext old = CurrentMemoryContext;

	store->plan = SPI_prepare(sql, 0, NULL);
	MemoryContextSwitchTo(old);
	sqm_caller_path_leave(before);
	if (store->plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
}

/*
 * The statement is parsed, but neither planned nor executed yet.  Must be
 * ended in the order of creation with regard to other uses of SPI.
 */
SqmStore *
sqm_store_statement_create(const SqmStoreTask *task)
{
	StatementStore *store = palloc0(sizeof(StatementStore));
	MemoryContext old = CurrentMemoryContext;
	TupleDesc	desc = rows_desc(task);
	char	   *sql = insert_statement(task);

	store->base.way = "statement";
	store->base.ops = &TTSOpsVirtual;
	store->base.write = statement_write;
	store->base.finish = statement_finish;
	store->base.abandon = statement_abandon;
	store->context = old;
	store->reader = task->reader;
	store->one_query = wants_one_query(task);
	store->values = palloc(sizeof(Datum) * (task->reader->columns + 1));
	store->nulls = palloc(sizeof(bool) * (task->reader->columns + 1));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	MemoryContextSwitchTo(old);
	register_rows(store, desc);
	new_rows(store);
	prepare(store, sql);
	return &store->base;
}

/* Does another extension do a part of this plan? */
static bool
plan_is_custom(Plan *plan)
{
	ListCell   *lc;
	List	   *children = NIL;

	if (plan == NULL)
		return false;
	check_stack_depth();
	if (IsA(plan, CustomScan))
		return true;
	if (IsA(plan, Append))
		children = ((Append *) plan)->appendplans;
	else if (IsA(plan, MergeAppend))
		children = ((MergeAppend *) plan)->mergeplans;
	else if (IsA(plan, SubqueryScan))
		children = list_make1(((SubqueryScan *) plan)->subplan);
	foreach(lc, children)
		if (plan_is_custom(lfirst(lc)))
			return true;
	return plan_is_custom(plan->lefttree) || plan_is_custom(plan->righttree);
}

/* Anything that is not a single planned statement is not for us to judge. */
bool
sqm_store_statement_is_custom(SqmStore *base)
{
	StatementStore *store = (StatementStore *) base;
	SqmCallerPath before = sqm_caller_path_enter();
	CachedPlan *cached = SPI_plan_get_cached_plan(store->plan);
	bool		custom = cached == NULL;
	ListCell   *lc;

	if (cached != NULL)
	{
		foreach(lc, cached->stmt_list)
		{
			PlannedStmt *stmt = lfirst_node(PlannedStmt, lc);
			ListCell   *sub;

			custom = custom || stmt->commandType == CMD_UTILITY ||
				plan_is_custom(stmt->planTree);
			foreach(sub, stmt->subplans)
				custom = custom || plan_is_custom(lfirst(sub));
		}
		ReleaseCachedPlan(cached, NULL);
	}
	sqm_caller_path_leave(before);
	return custom;
}
