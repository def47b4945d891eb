/*-------------------------------------------------------------------------
 *
 * scan_join.c
 *		Which joins of two foreign tables may SQLite do?
 *
 * Inner joins of tables of one server whose rows are the same for one user,
 * by the equality of integer columns of which one has an index.  SQLite may
 * return pairs of rows that do not belong together (shippable.c); PostgreSQL
 * evaluates every condition again that SQLite does not decide.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"

#include "compat.h"
#include "scan.h"

/* To look a row up inside SQLite, from row to row. */
#define INNER_LOOKUP_COST (cpu_operator_cost * 4)

/* The join as it is being put together. */
typedef struct PairJoin
{
	SqmShip		ship;
	RelOptInfo *rel;
	RelOptInfo *sides[2];
	List	   *conditions;		/* Expr *: all of them */
	List	   *local;			/* Expr *: what PostgreSQL evaluates */
	StringInfoData where;
	StringInfoData bare;		/* without what parameters decide */
	StringInfoData on;
	Cost		cost;			/* of finding the pairs */
} PairJoin;

/* Only columns can be asked of SQLite: no whole rows, nothing computed. */
static bool
has_columns_only(PairJoin *join)
{
	ListCell   *lc;

	foreach(lc, join->rel->reltarget->exprs)
		if (sqm_ship_as_column(&join->ship, lfirst(lc)) != lfirst(lc))
			return false;
	return true;
}

static bool
collect_conditions(PairJoin *join, List *infos)
{
	ListCell   *lc;

	foreach(lc, infos)
	{
		RestrictInfo *info = lfirst_node(RestrictInfo, lc);

		if (info->pseudoconstant)
			return false;
		join->conditions = lappend(join->conditions, info->clause);
	}
	return true;
}

/* Reading one side, and looking each of its rows up in the other. */
static Cost
lookup_cost(RelOptInfo *outer)
{
	SqmRelation *relation = outer->fdw_private;

	return relation->scanned * cpu_tuple_cost * 0.3 +
		outer->rows * INNER_LOOKUP_COST;
}

/* Is this the equality by which the tables are joined? */
static bool
use_key(PairJoin *join, Expr *clause)
{
	OpExpr	   *op = (OpExpr *) clause;
	StringInfoData sql;
	bool		found = false;

	initStringInfo(&sql);
	sqm_ship_reset(&join->ship);
	if (!sqm_ship_key_equality(&join->ship, clause, &sql))
		return false;
	for (int i = 0; i < 2; i++)
	{
		Var		   *key = sqm_ship_as_column(&join->ship, list_nth(op->args, i));
		RelOptInfo *outer = join->sides[key->varno == join->sides[0]->relid ? 1 : 0];
		Cost		cost = lookup_cost(outer);

		if (!sqm_ship_column(&join->ship, key)->leads_index)
			continue;
		if (join->cost < 0 || cost < join->cost)
			join->cost = cost;
		found = true;
	}
	if (found)
		appendStringInfo(&join->on, "%s%s", join->on.len > 0 ? " AND " : "", sql.data);
	return found;
}

static bool
has_key(PairJoin *join, List *infos)
{
	ListCell   *lc;

	join->cost = -1;
	foreach(lc, infos)
		(void) use_key(join, lfirst_node(RestrictInfo, lc)->clause);
	return join->on.len > 0;
}

/* The columns of the query, as a target list; each once. */
static List *
scan_columns(PairJoin *join)
{
	List	   *tlist = add_to_flat_tlist(NIL, join->rel->reltarget->exprs);

	return add_to_flat_tlist(tlist, pull_var_clause((Node *) join->local, 0));
}

/* "main.x AS t1" */
static void
append_table(PairJoin *join, int side, StringInfo out)
{
	SqmRelation *relation = join->sides[side]->fdw_private;

	appendStringInfo(out, "main.%s AS t%d",
					 sqm_lite_quote(relation->options->table),
					 (int) join->sides[side]->relid);
}

/* fdw_private, as scan.c wants it. */
static List *
plan_private(PairJoin *join, List *tlist)
{
	StringInfoData sql;
	List	   *places = NIL;
	List	   *classes = NIL;
	List	   *names = NIL;
	List	   *private;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	sqm_scan_append_columns(&join->ship, tlist, &sql, &places, &classes, &names);
	if (tlist == NIL)
		appendStringInfoString(&sql, "NULL");
	appendStringInfoString(&sql, " FROM ");
	append_table(join, 0, &sql);
	appendStringInfoString(&sql, " JOIN ");
	append_table(join, 1, &sql);
	appendStringInfo(&sql, " ON %s", join->on.data);
	private = list_make5(makeString(psprintf("%s%s", sql.data, join->where.data)),
						 makeString(psprintf("%s%s", sql.data, join->bare.data)),
						 places, classes, names);
	private = lappend(private, join->ship.kinds);
	private = lappend(private, makeInteger(-1));
	private = lappend(private, makeInteger(false));
	return lappend(private, makeInteger(0));
}

static bool
can_be_side(RelOptInfo *rel)
{
	return rel->reloptkind == RELOPT_BASEREL && rel->fdw_private != NULL &&
		bms_is_empty(rel->lateral_relids);
}

static void
add_join_path(PairJoin *join)
{
	List	   *tlist;
	QualCost	quals;
	Cost		startup;

	sqm_scan_where(&join->ship, join->conditions, &join->where, &join->bare,
				   &join->local);
	tlist = scan_columns(join);
	cost_qual_eval(&quals, join->local, join->ship.root);
	startup = sqm_scan_cost(0, 0) + quals.startup;
	sqm_scan_add_path(join->rel,
					  sqm_create_foreign_join_path(join->ship.root, join->rel, NULL,
												   join->rel->rows, startup,
												   startup + join->cost +
												   join->rel->rows * (cpu_tuple_cost + quals.per_tuple +
																	  cpu_operator_cost * 2),
												   NIL, NULL, NULL,
												   list_make4(plan_private(join, tlist),
															  join->ship.params, tlist,
															  join->local)));
}

void
sqmGetForeignJoinPaths(PlannerInfo *root, RelOptInfo *joinrel,
					   RelOptInfo *outerrel, RelOptInfo *innerrel,
					   JoinType jointype, JoinPathExtraData *extra)
{
	PairJoin	join = {0};

	/* row marks would need a plan to check single rows again */
	if (!sqm_pushdown || jointype != JOIN_INNER || joinrel->fdw_private != NULL ||
		joinrel->reloptkind != RELOPT_JOINREL || !can_be_side(outerrel) ||
		!can_be_side(innerrel) || !bms_is_empty(joinrel->lateral_relids) ||
		root->parse->commandType != CMD_SELECT || root->rowMarks != NIL)
		return;
	joinrel->fdw_private = palloc0(1);	/* looked at */
	sqm_ship_init(&join.ship, root, joinrel->relids);
	join.rel = joinrel;
	join.sides[0] = outerrel;
	join.sides[1] = innerrel;
	initStringInfo(&join.where);
	initStringInfo(&join.bare);
	initStringInfo(&join.on);
	if (has_columns_only(&join) &&
		collect_conditions(&join, outerrel->baserestrictinfo) &&
		collect_conditions(&join, innerrel->baserestrictinfo) &&
		collect_conditions(&join, extra->restrictlist) &&
		has_key(&join, extra->restrictlist))
		add_join_path(&join);
}

ForeignScan *
sqm_plan_join(ForeignPath *path, List *tlist)
{
	return make_foreignscan(tlist, lfourth(path->fdw_private), 0,
							lsecond(path->fdw_private),
							linitial(path->fdw_private),
							lthird(path->fdw_private), NIL, NULL);
}
