/*-------------------------------------------------------------------------
 *
 * scan.c
 *		How does PostgreSQL read a SQLite table as a foreign table?
 *
 * Execution and EXPLAIN of what scan_plan.c and its kin have planned.  Values
 * go through value.c; a value that the column cannot hold exactly is an error
 * with its place, never something that merely looks like it.  Foreign tables
 * are read-only.
 *
 * Values that SQLite compares with are computed and bound at the first row of
 * each scan.  If one of them cannot be expressed there (bind.c), the query
 * without the conditions is run instead: PostgreSQL evaluates them anyway.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/table.h"
#include "commands/vacuum.h"
#include "executor/executor.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "bind.h"
#include "compat.h"
#include "option.h"
#include "reader.h"
#include "scan.h"
#include "source.h"

typedef struct LiteScan
{
	SqmTableOptions *options;
	SqmStatement *stmt;			/* the one that is being read */
	SqmStatement *full;			/* with conditions, once compiled */
	SqmStatement *bare;			/* without */
	char	   *sql;
	char	   *bare_sql;
	int			columns;
	int		   *places;			/* in the slot, from 0 */
	SqmStorageClass *classes;
	List	   *names;
	SqmTarget **targets;
	int			rowid;			/* the column that is the rowid, or -1 */

	/* a scan of several processes (scan_parallel.c) */
	int			range;			/* parameters that are the range, or 0 */
	SqmScanShare *shared;		/* what all of them share, or NULL */
	bool		spread;			/* it is, or was, shared with workers */
	bool		whole;			/* not shared: all rows are being read */
	int64		low;			/* the range */
	int64		high;
	bool		started;
	bool		done;			/* a further step would start it again */

	/* a query whose answer may turn out to be of no use */
	bool		trapped;		/* with a column more, if values matter */
	bool		fallen;			/* it did: the plan below is run */
	Tuplestorestate *answer;
	TupleTableSlot *answer_slot;

	/* parameters */
	int			params;
	List	   *values;			/* ExprState * */
	Oid		   *types;
	SqmBindKind *kinds;
} LiteScan;

/*
 * The one message about a value that cannot be converted.
 */
static void
raise_value(const SqmReason *reason, const char *table,
				const char *column, bool has_rowid, int64 rowid,
				const SqmValue *value, const char *type)
{
	ereport(ERROR,
			(errcode(reason->sqlstate),
			 errmsg("%s", reason->message),
			 errdetail("The value is %s %s; the column has type %s.",
					   sqm_storage_word(value->storage),
					   sqm_value_display(value), type),
			 errhint("Give the foreign table's column a type that holds every value, for example text."),
	/* errcontext is two calls with a comma between: hence the parentheses */
			 has_rowid ?
			 (errcontext("SQLite table \"%s\", rowid %lld, column \"%s\"",
						 table, (long long) rowid, column)) :
			 (errcontext("SQLite table \"%s\", column \"%s\"", table, column))));
}

/*
 * A STRICT table with a value that it cannot hold: an order or a condition of
 * SQLite's that relied on it would have been wrong.
 */
static void
raise_class(const char *table, const char *column)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("column \"%s\" of SQLite table \"%s\" holds a value that its declaration forbids",
					column, table),
			 errhint("Run PRAGMA integrity_check with the sqlite3 program; SET sqlite_fdw_mig.pushdown = off reads the table without relying on its declarations.")));
}

/* ---------------------------------------------------------------------
 * Beginning
 * ---------------------------------------------------------------------
 */

/* The foreign table itself, or one of those that a join reads. */
static Oid
first_relation(ForeignScanState *node)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	int			index = plan->scan.scanrelid;

	if (index == 0)
		index = bms_next_member(sqm_scan_relids(plan), -1);
	return exec_rt_fetch(index, node->ss.ps.state)->relid;
}

static void
begin_params(ForeignScanState *node, LiteScan *state)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	List	   *kinds = list_nth(plan->fdw_private, SQM_SCAN_KINDS);
	ListCell   *lc;

	state->params = list_length(kinds);
	if (state->params == 0)
		return;
	state->values = ExecInitExprList(plan->fdw_exprs, (PlanState *) node);
	state->types = palloc(sizeof(Oid) * state->params);
	state->kinds = palloc(sizeof(SqmBindKind) * state->params);
	foreach(lc, kinds)
	{
		int			i = foreach_current_index(lc);

		state->kinds[i] = (SqmBindKind) lfirst_int(lc);
		state->types[i] = exprType(list_nth(plan->fdw_exprs, i));
	}
}

static void
begin_columns(ForeignScanState *node, LiteScan *state)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	TupleDesc	desc = node->ss.ss_ScanTupleSlot->tts_tupleDescriptor;
	List	   *places = list_nth(plan->fdw_private, SQM_SCAN_PLACES);
	List	   *classes = list_nth(plan->fdw_private, SQM_SCAN_CLASSES);
	ListCell   *lc;

	state->columns = list_length(places);
	state->places = palloc(sizeof(int) * (state->columns + 1));
	state->classes = palloc(sizeof(SqmStorageClass) * (state->columns + 1));
	state->targets = palloc(sizeof(SqmTarget *) * (state->columns + 1));
	state->names = list_nth(plan->fdw_private, SQM_SCAN_NAMES);
	foreach(lc, places)
	{
		int			i = foreach_current_index(lc);
		Form_pg_attribute att = TupleDescAttr(desc, lfirst_int(lc) - 1);

		state->places[i] = lfirst_int(lc) - 1;
		state->classes[i] = (SqmStorageClass) list_nth_int(classes, i);
		state->targets[i] = sqm_target_create(att->atttypid, att->atttypmod,
											  &state->options->value);
	}
}

static void
sqmBeginForeignScan(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	LiteScan   *state = palloc0(sizeof(LiteScan));

	node->fdw_state = state;
	state->sql = strVal(list_nth(plan->fdw_private, SQM_SCAN_SQL));
	state->bare_sql = strVal(list_nth(plan->fdw_private, SQM_SCAN_BARE_SQL));
	state->rowid = intVal(list_nth(plan->fdw_private, SQM_SCAN_ROWID));
	state->trapped = intVal(list_nth(plan->fdw_private, SQM_SCAN_TRAPPED)) != 0;
	state->range = intVal(list_nth(plan->fdw_private, SQM_SCAN_RANGE));
	state->options = sqm_table_options(first_relation(node));
	begin_columns(node, state);
	begin_params(node, state);
}

/* ---------------------------------------------------------------------
 * Execution
 * ---------------------------------------------------------------------
 */

/*
 * A statement is compiled at the first row: EXPLAIN needs none, and a scan
 * that is never executed should not either.  It lives as long as the query.
 * NULL: SQLite does not take it, and there is another way to the answer.
 */
static SqmStatement *
prepare_scan(ForeignScanState *node, LiteScan *state, const char *sql)
{
	MemoryContext old = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
	char	   *message = NULL;
	SqmLite    *lite = state->shared != NULL && IsParallelWorker() ?
		sqm_scan_share_open(state->shared) : sqm_relation_open(state->options);
	SqmStatement *stmt = sqm_statement_try_prepare(lite, sql, &message);

	if (stmt == NULL && !state->trapped)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
				 errmsg("could not read SQLite table \"%s\": %s",
						state->options->table, message),
				 errhint("sq2pg_columns() lists the columns of its tables; the option \"column_name\" names one that is called differently here.")));
	MemoryContextSwitchTo(old);
	return stmt;
}

/*
 * Bind what the query compares with; false if there is no way to.  The bare
 * statement has only parameters for which there always is one.
 */
static bool
bind_params(ForeignScanState *node, LiteScan *state, SqmStatement *stmt)
{
	int			count = sqm_statement_parameters(stmt);
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	MemoryContext old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	bool		bound = true;
	ListCell   *lc;

	foreach(lc, state->values)
	{
		int			i = foreach_current_index(lc);
		bool		isnull;
		Datum		value;

		if (i >= count ||
			(stmt == state->bare && !sqm_bind_always_can(state->kinds[i])))
			continue;
		value = ExecEvalExpr((ExprState *) lfirst(lc), econtext, &isnull);
		if (!sqm_bind(stmt, i + 1, state->kinds[i], state->types[i], value, isnull))
		{
			bound = false;
			break;
		}
	}
	MemoryContextSwitchTo(old);
	return bound;
}

/* False: SQLite cannot answer the query. */
static bool
start_scan(ForeignScanState *node, LiteScan *state)
{
	if (state->full == NULL)
		state->full = prepare_scan(node, state, state->sql);
	if (state->full == NULL)
		return false;
	state->stmt = state->full;
	state->started = true;
	if (state->params > 0 && !bind_params(node, state, state->full))
	{
		if (state->trapped)
			return false;
		if (state->bare == NULL)
			state->bare = prepare_scan(node, state, state->bare_sql);
		state->stmt = state->bare;
		(void) bind_params(node, state, state->bare);
	}
	return true;
}

/* The next range of rowids that is ours; false if none is left. */
static bool
take_range(LiteScan *state)
{
	if (state->shared != NULL)
		return sqm_scan_share_next(state->shared, &state->low, &state->high);
	if (state->whole)
		return false;
	state->whole = true;
	state->low = PG_INT64_MIN;
	state->high = PG_INT64_MAX;
	return true;
}

static void
bind_range(LiteScan *state)
{
	sqm_statement_bind_int64(state->stmt, state->range, state->low);
	sqm_statement_bind_int64(state->stmt, state->range + 1, state->high);
}

/* False: there is nothing to read for us. */
static bool
start_rows(ForeignScanState *node, LiteScan *state)
{
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;

	if (state->range > 0 && !take_range(state))
		return false;
	/* columns that are not read stay as they are now */
	memset(slot->tts_isnull, true,
		   slot->tts_tupleDescriptor->natts * sizeof(bool));
	(void) start_scan(node, state);
	if (state->range > 0)
		bind_range(state);
	return true;
}

/* A row of the query, or of its next range. */
static bool
next_row(LiteScan *state)
{
	while (!sqm_statement_step(state->stmt))
	{
		CHECK_FOR_INTERRUPTS();
		if (state->range == 0 || !take_range(state))
			return false;
		sqm_statement_reset(state->stmt);
		bind_range(state);
	}
	return true;
}

static pg_noinline void
refuse_value(LiteScan *state, TupleDesc desc, int i, const SqmReason *reason,
			 const SqmValue *value)
{
	Form_pg_attribute att = TupleDescAttr(desc, state->places[i]);

	raise_value(reason, strVal(list_nth(state->names, 2 * i)),
				strVal(list_nth(state->names, 2 * i + 1)),
				state->rowid >= 0,
				state->rowid >= 0 ?
				sqm_statement_int64(state->stmt, state->rowid) : 0,
				value, format_type_with_typemod(att->atttypid, att->atttypmod));
}

/* ---------------------------------------------------------------------
 * Answers that may be of no use
 * ---------------------------------------------------------------------
 */

/* A row of the answer; false if it cannot be relied upon. */
static bool
store_answer(LiteScan *state, TupleDesc desc, Datum *values, bool *nulls)
{
	if (sqm_statement_columns(state->stmt) > state->columns &&
		sqm_statement_int64(state->stmt, state->columns) != 0)
		return false;
	for (int i = 0; i < state->columns; i++)
	{
		SqmReason	reason;
		SqmValue	value;
		SqmVerdict	verdict;

		sqm_statement_value(state->stmt, i, &value);
		verdict = sqm_value_convert(state->targets[i], &value, &values[i],
									&nulls[i], &reason);
		if (verdict == SQM_CHANGED || verdict == SQM_BAD)
			return false;
	}
	tuplestore_putvalues(state->answer, desc, values, nulls);
	return true;
}

/* The whole answer, before any of it is believed. */
static bool
read_answer(ForeignScanState *node, LiteScan *state)
{
	MemoryContext tuple_context = node->ss.ps.ps_ExprContext->ecxt_per_tuple_memory;
	TupleDesc	desc = node->ss.ss_ScanTupleSlot->tts_tupleDescriptor;
	Datum	   *values = palloc(sizeof(Datum) * (desc->natts + 1));
	bool	   *nulls = palloc(sizeof(bool) * (desc->natts + 1));
	char	   *message;
	SqmStep		step;

	if (!start_scan(node, state))
		return false;
	while ((step = sqm_statement_try_step(state->stmt, &message)) == SQM_STEP_ROW)
	{
		MemoryContext old = MemoryContextSwitchTo(tuple_context);
		bool		good = store_answer(state, desc, values, nulls);

		MemoryContextSwitchTo(old);
		MemoryContextReset(tuple_context);
		if (!good)
			break;
	}
	sqm_statement_reset(state->stmt);
	sqm_source_check_unchanged(state->options->database);
	pfree(values);
	pfree(nulls);
	return step == SQM_STEP_DONE;
}

/*
 * PostgreSQL calls us in memory that it frees before the next row; what is
 * made here, and by the plan below, has to live longer.
 */
static TupleTableSlot *
next_answer(ForeignScanState *node, LiteScan *state)
{
	EState	   *estate = node->ss.ps.state;
	TupleDesc	desc = node->ss.ss_ScanTupleSlot->tts_tupleDescriptor;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	TupleTableSlot *slot;

	if (state->answer == NULL)
	{
		state->answer = tuplestore_begin_heap(false, false, work_mem);
		if (state->answer_slot == NULL)
			state->answer_slot = ExecAllocTableSlot(&estate->es_tupleTable, desc,
													&TTSOpsMinimalTuple);
		state->fallen = !read_answer(node, state);
	}
	if (state->fallen)
		slot = ExecProcNode(outerPlanState(node));
	else
	{
		slot = state->answer_slot;
		(void) tuplestore_gettupleslot(state->answer, true, false, slot);
	}
	MemoryContextSwitchTo(old);
	return slot;
}

static void
forget_answer(LiteScan *state)
{
	if (state->answer != NULL)
		tuplestore_end(state->answer);
	state->answer = NULL;
	state->fallen = false;
}

/* ---------------------------------------------------------------------
 * Rows
 * ---------------------------------------------------------------------
 */

static inline void
convert_column(LiteScan *state, int i, TupleTableSlot *slot)
{
	int			place = state->places[i];
	SqmReason	reason;
	SqmValue	value;
	SqmVerdict	verdict;

	sqm_statement_value(state->stmt, i, &value);
	if (state->classes[i] != SQM_NULL && value.storage != state->classes[i] &&
		value.storage != SQM_NULL)
		raise_class(strVal(list_nth(state->names, 2 * i)),
					strVal(list_nth(state->names, 2 * i + 1)));
	verdict = sqm_value_convert(state->targets[i], &value,
								&slot->tts_values[place],
								&slot->tts_isnull[place], &reason);
	if (unlikely(verdict == SQM_CHANGED || verdict == SQM_BAD))
		refuse_value(state, slot->tts_tupleDescriptor, i, &reason, &value);
}

static TupleTableSlot *
sqmIterateForeignScan(ForeignScanState *node)
{
	LiteScan   *state = (LiteScan *) node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	MemoryContext old;

	if (state->trapped)
		return next_answer(node, state);
	ExecClearTuple(slot);
	if (state->done)
		return slot;
	if ((!state->started && !start_rows(node, state)) || !next_row(state))
	{
		state->done = true;
		sqm_source_check_unchanged(state->options->database);
		return slot;
	}
	old = MemoryContextSwitchTo(node->ss.ps.ps_ExprContext->ecxt_per_tuple_memory);
	for (int i = 0; i < state->columns; i++)
		convert_column(state, i, slot);
	MemoryContextSwitchTo(old);
	return ExecStoreVirtualTuple(slot);
}

static void
sqmReScanForeignScan(ForeignScanState *node)
{
	LiteScan   *state = (LiteScan *) node->fdw_state;

	/* a statement that is being stepped through cannot be bound anew */
	if (state->stmt != NULL)
		sqm_statement_reset(state->stmt);
	state->started = false;
	state->done = false;
	state->whole = false;
	forget_answer(state);
}

static void
sqmEndForeignScan(ForeignScanState *node)
{
	LiteScan   *state = (LiteScan *) node->fdw_state;

	if (state == NULL)
		return;
	forget_answer(state);
	if (state->full == NULL && state->bare == NULL && !state->spread)
		return;
	if (state->full != NULL)
		sqm_statement_finalize(state->full);
	if (state->bare != NULL)
		sqm_statement_finalize(state->bare);
	/* a LIMIT ends a scan before its end, and workers read on after ours */
	sqm_source_check_unchanged(state->options->database);
}

/* ---------------------------------------------------------------------
 * Several processes
 * ---------------------------------------------------------------------
 */

/* Paths tell what a worker may run: only scans that are shared. */
static bool
sqmIsForeignScanParallelSafe(PlannerInfo *root, RelOptInfo *rel,
							 RangeTblEntry *rte)
{
	return true;
}

static Size
sqmEstimateDSMForeignScan(ForeignScanState *node, ParallelContext *context)
{
	return sqm_scan_share_size();
}

/*
 * Where others cannot see what we see there are no workers, and the leader
 * reads all: workers that found that out for themselves could not leave their
 * rows to it, which may never look again (Parallel Hash, Parallel Append).
 */
static void
sqmInitializeDSMForeignScan(ForeignScanState *node, ParallelContext *context,
							void *coordinate)
{
	LiteScan   *state = (LiteScan *) node->fdw_state;

	state->shared = NULL;
	if (sqm_scan_share_fill(coordinate, state->options, context->nworkers))
	{
		state->shared = coordinate;
		state->spread = true;
	}
	else
		ReinitializeParallelWorkers(context, 0);
}

static void
sqmReInitializeDSMForeignScan(ForeignScanState *node, ParallelContext *context,
							  void *coordinate)
{
	LiteScan   *state = (LiteScan *) node->fdw_state;

	if (state->shared != NULL)
		sqm_scan_share_rewind(state->shared);
}

static void
sqmInitializeWorkerForeignScan(ForeignScanState *node, shm_toc *toc,
							   void *coordinate)
{
	LiteScan   *state = (LiteScan *) node->fdw_state;

	state->shared = coordinate;
}

/* The shared memory is about to go. */
static void
sqmShutdownForeignScan(ForeignScanState *node)
{
	LiteScan   *state = (LiteScan *) node->fdw_state;

	if (state == NULL || state->shared == NULL)
		return;
	state->shared = NULL;
	state->done = true;
}

/* ---------------------------------------------------------------------
 * EXPLAIN
 * ---------------------------------------------------------------------
 */

/* What SQLite says that it will do. */
static void
explain_plan(ForeignScanState *node, LiteScan *state, ExplainState *es)
{
	SqmLite    *lite = sqm_relation_open(state->options);
	char	   *message = NULL;
	SqmStatement *stmt = sqm_statement_try_prepare(lite,
												   psprintf("EXPLAIN QUERY PLAN %s", state->sql),
												   &message);
	List	   *lines = NIL;

	if (stmt == NULL)
		return;
	while (sqm_statement_try_step(stmt, &message) == SQM_STEP_ROW)
		lines = lappend(lines, sqm_statement_text(stmt, 3));
	sqm_statement_finalize(stmt);
	ExplainPropertyList("SQLite plan", lines, es);
}

static void
sqmExplainForeignScan(ForeignScanState *node, ExplainState *es)
{
	LiteScan   *state = (LiteScan *) node->fdw_state;

	if (state == NULL)
		return;
	ExplainPropertyText("SQLite query", state->sql, es);
	if (es->verbose)
		explain_plan(node, state, es);
}

/* ---------------------------------------------------------------------
 * Writing is refused
 * ---------------------------------------------------------------------
 */

static List *
sqmPlanForeignModify(PlannerInfo *root, ModifyTable *plan,
					 Index resultRelation, int subplan_index)
{
	RangeTblEntry *rte = planner_rt_fetch(resultRelation, root);

	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot write to foreign table \"%s\"", get_rel_name(rte->relid)),
			 errdetail("SQLite databases are read-only here."),
			 errhint("Migrate the database with sq2pg_migrate() and change it in PostgreSQL; sq2pg_export() writes a new SQLite database from there.")));
	return NIL;
}

static int
sqmIsForeignRelUpdatable(Relation rel)
{
	return 0;
}

void
sqm_scan_routine(FdwRoutine *routine)
{
	routine->GetForeignRelSize = sqmGetForeignRelSize;
	routine->GetForeignPaths = sqmGetForeignPaths;
	routine->GetForeignPlan = sqmGetForeignPlan;
	routine->GetForeignJoinPaths = sqmGetForeignJoinPaths;
	routine->GetForeignUpperPaths = sqmGetForeignUpperPaths;
	routine->BeginForeignScan = sqmBeginForeignScan;
	routine->IterateForeignScan = sqmIterateForeignScan;
	routine->ReScanForeignScan = sqmReScanForeignScan;
	routine->EndForeignScan = sqmEndForeignScan;
	routine->ExplainForeignScan = sqmExplainForeignScan;
	routine->IsForeignScanParallelSafe = sqmIsForeignScanParallelSafe;
	routine->EstimateDSMForeignScan = sqmEstimateDSMForeignScan;
	routine->InitializeDSMForeignScan = sqmInitializeDSMForeignScan;
	routine->ReInitializeDSMForeignScan = sqmReInitializeDSMForeignScan;
	routine->InitializeWorkerForeignScan = sqmInitializeWorkerForeignScan;
	routine->ShutdownForeignScan = sqmShutdownForeignScan;
	routine->PlanForeignModify = sqmPlanForeignModify;
	routine->IsForeignRelUpdatable = sqmIsForeignRelUpdatable;
	routine->AnalyzeForeignTable = sqmAnalyzeForeignTable;
	routine->ImportForeignSchema = sqmImportForeignSchema;
}
