/*-------------------------------------------------------------------------
 *
 * takeover.c
 *		An extension that takes over INSERTs into tables named "taken", as
 *		TimescaleDB and Citus do with theirs: it puts a node of its own above
 *		the plan.  For test/t/080_load_ways.pl.
 *
 * Rows that come to the table in another way are lost; so that the test sees
 * it, a trigger function here tells whether the node is at work.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "nodes/extensible.h"
#include "nodes/plannodes.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(takeover_only);

void		_PG_init(void);

static planner_hook_type next_planner = NULL;
static bool at_work = false;

static void
begin_takeover(CustomScanState *node, EState *estate, int eflags)
{
	Plan	   *child = linitial(((CustomScan *) node->ss.ps.plan)->custom_plans);

	node->custom_ps = list_make1(ExecInitNode(child, estate, eflags));
}

static TupleTableSlot *
exec_takeover(CustomScanState *node)
{
	TupleTableSlot *slot;

	at_work = true;
	PG_TRY();
	{
		slot = ExecProcNode(linitial(node->custom_ps));
	}
	PG_FINALLY();
	{
		at_work = false;
	}
	PG_END_TRY();
	return slot;
}

static void
end_takeover(CustomScanState *node)
{
	ExecEndNode(linitial(node->custom_ps));
}

static void
rescan_takeover(CustomScanState *node)
{
	ExecReScan(linitial(node->custom_ps));
}

static const CustomExecMethods exec_methods = {
	.CustomName = "Takeover",
	.BeginCustomScan = begin_takeover,
	.ExecCustomScan = exec_takeover,
	.EndCustomScan = end_takeover,
	.ReScanCustomScan = rescan_takeover,
};

static Node *
create_takeover(CustomScan *scan)
{
	CustomScanState *state = makeNode(CustomScanState);

	state->methods = &exec_methods;
	return (Node *) state;
}

static CustomScanMethods scan_methods = {
	.CustomName = "Takeover",
	.CreateCustomScanState = create_takeover,
};

static bool
is_taken(Query *query)
{
	char	   *name;

	if (query->commandType != CMD_INSERT)
		return false;
	name = get_rel_name(rt_fetch(query->resultRelation, query->rtable)->relid);
	return name != NULL && strcmp(name, "taken") == 0;
}

static PlannedStmt *
plan_takeover(Query *query, const char *text, int options,
			  ParamListInfo params)
{
	bool		taken = is_taken(query);
	PlannedStmt *stmt = next_planner ?
		next_planner(query, text, options, params) :
		standard_planner(query, text, options, params);
	CustomScan *scan;

	if (!taken)
		return stmt;
	scan = makeNode(CustomScan);
	scan->methods = &scan_methods;
	scan->custom_plans = list_make1(stmt->planTree);
	stmt->planTree = &scan->scan.plan;
	return stmt;
}

Datum
takeover_only(PG_FUNCTION_ARGS)
{
	if (!at_work)
		elog(ERROR, "the row would be lost");
	return PointerGetDatum(((TriggerData *) fcinfo->context)->tg_trigtuple);
}

void
_PG_init(void)
{
	next_planner = planner_hook;
	planner_hook = plan_takeover;
}
