/*-------------------------------------------------------------------------
 *
 * scan_group.c
 *		Which aggregates and groups may SQLite compute?
 *
 * count, sum of integers, min and max, with or without GROUP BY, and DISTINCT,
 * over one table, if SQLite can evaluate every condition; HAVING is for
 * PostgreSQL to say of the rows that come back.  That is exact as long as the
 * columns concerned hold plain values (shippable.c): so the query also asks
 * whether any did not ("trap").  Then, and when SQLite reports an error such as
 * an overflow, its answer is thrown away, and the plan below this node, the one
 * without pushdown, is run instead.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_aggregate.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/planner.h"
#include "optimizer/prep.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "utils/fmgroids.h"
#include "utils/selfuncs.h"

#include "compat.h"
#include "scan.h"

/* The query as it is being put together. */
typedef struct Grouping
{
	SqmShip		ship;
	RelOptInfo *input;
	List	   *clause;			/* SortGroupClause *: of GROUP BY or DISTINCT */
	List	   *having;			/* Expr *: conditions of the groups */
	List	   *groups;			/* Var * */
	List	   *outputs;		/* Expr *: what the query returns */
	List	   *touched;		/* Var *: whose values must be plain */
	StringInfoData columns;
	StringInfoData where;
	StringInfoData group_by;
	StringInfoData extra;		/* further traps, of whole groups */
} Grouping;

/* ---------------------------------------------------------------------
 * Parts of the query
 * ---------------------------------------------------------------------
 */

static bool
ship_conditions(Grouping *grouping)
{
	SqmShip    *ship = &grouping->ship;
	ListCell   *lc;

	foreach(lc, grouping->input->baserestrictinfo)
	{
		RestrictInfo *info = lfirst_node(RestrictInfo, lc);
		StringInfoData sql;

		initStringInfo(&sql);
		sqm_ship_reset(ship);
		if (info->pseudoconstant || !sqm_ship_clause(ship, info->clause, &sql) ||
			ship->lossy)
			return false;
		appendStringInfo(&grouping->where, "%s%s",
						 grouping->where.len > 0 ? " AND " : " WHERE ", sql.data);
		grouping->touched = list_concat(grouping->touched, ship->columns);
	}
	return true;
}

static bool
ship_groups(Grouping *grouping)
{
	PlannerInfo *root = grouping->ship.root;
	ListCell   *lc;

	foreach(lc, grouping->clause)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lc);
		Expr	   *expr = (Expr *) get_sortgroupclause_expr(clause,
															 root->parse->targetList);
		Var		   *var = sqm_ship_as_column(&grouping->ship, expr);

		if (var == NULL || (Expr *) var != expr ||
			!sqm_ship_can_group(&grouping->ship, var, exprCollation((Node *) expr)))
			return false;
		appendStringInfoString(&grouping->group_by,
							   grouping->groups == NIL ? " GROUP BY " : ", ");
		sqm_ship_reference(&grouping->ship, var, &grouping->group_by);
		appendStringInfoString(&grouping->group_by, " COLLATE BINARY");
		grouping->groups = lappend(grouping->groups, var);
		grouping->touched = lappend(grouping->touched, var);
	}
	return true;
}

/* SQLite's name of an aggregate function, or NULL. */
static const char *
aggregate_name(SqmShip *ship, Aggref *agg, Var *var)
{
	switch (agg->aggfnoid)
	{
		case F_COUNT_:
		case F_COUNT_ANY:
			return "count";
		case F_SUM_INT2:
		case F_SUM_INT4:
		case F_SUM_INT8:
			return "sum";
		case F_MIN_INT2:
		case F_MIN_INT4:
		case F_MIN_INT8:
		case F_MIN_FLOAT8:
			return "min";
		case F_MAX_INT2:
		case F_MAX_INT4:
		case F_MAX_INT8:
		case F_MAX_FLOAT8:
			return "max";
		case F_MIN_TEXT:
			return sqm_ship_orders_text(ship, var, agg->inputcollid) ? "min" : NULL;
		case F_MAX_TEXT:
			return sqm_ship_orders_text(ship, var, agg->inputcollid) ? "max" : NULL;
		default:
			return NULL;
	}
}

static bool
is_simple(Aggref *agg)
{
	return agg->aggkind == AGGKIND_NORMAL && agg->aggdirectargs == NIL &&
		agg->aggorder == NIL && agg->aggdistinct == NIL &&
		agg->aggfilter == NULL && !agg->aggvariadic && agg->agglevelsup == 0 &&
		agg->aggsplit == AGGSPLIT_SIMPLE && list_length(agg->args) <= 1;
}

static bool
ship_aggregate(Grouping *grouping, Aggref *agg, StringInfo out)
{
	SqmShip    *ship = &grouping->ship;
	Var		   *var = NULL;
	const char *name;

	if (!is_simple(agg))
		return false;
	if (agg->args != NIL)
	{
		var = sqm_ship_as_column(ship, linitial_node(TargetEntry, agg->args)->expr);
		if (var == NULL || !sqm_ship_has_trap(ship, var))
			return false;
		grouping->touched = lappend(grouping->touched, var);
	}
	name = aggregate_name(ship, agg, var);
	if (name == NULL || (var == NULL && !agg->aggstar))
		return false;
	appendStringInfo(out, "%s(", name);
	if (var == NULL)
		appendStringInfoChar(out, '*');
	else
	{
		sqm_ship_reference(ship, var, out);
		if (var->vartype == TEXTOID || var->vartype == VARCHAROID)
			appendStringInfoString(out, " COLLATE BINARY");
	}
	appendStringInfoChar(out, ')');

	/* of 0.0 and -0.0, which are equal, each side may take another one */
	if (agg->aggtype == FLOAT8OID)
		appendStringInfo(&grouping->extra, " OR %s = 0", out->data);
	return true;
}

/* One more column of the query, if it is not there already. */
static bool
add_output(Grouping *grouping, Expr *expr)
{
	StringInfoData sql;

	if (list_member(grouping->outputs, expr))
		return true;
	initStringInfo(&sql);
	if (IsA(expr, Aggref))
	{
		if (!ship_aggregate(grouping, (Aggref *) expr, &sql))
			return false;
	}
	else if (list_member(grouping->groups, expr))
		sqm_ship_reference(&grouping->ship, (Var *) expr, &sql);
	else
		return false;
	appendStringInfo(&grouping->columns, "%s%s",
					 grouping->outputs != NIL ? ", " : "", sql.data);
	grouping->outputs = lappend(grouping->outputs, expr);
	return true;
}

/*
 * What the target, or a condition of groups, consists of; expressions over
 * aggregates are computed by PostgreSQL.
 */
static bool
ship_parts(Grouping *grouping, List *exprs)
{
	ListCell   *lc;

	foreach(lc, exprs)
	{
		List	   *parts = pull_var_clause(lfirst(lc), PVC_INCLUDE_AGGREGATES |
											PVC_RECURSE_WINDOWFUNCS |
											PVC_INCLUDE_PLACEHOLDERS);
		ListCell   *part;

		foreach(part, parts)
			if (!add_output(grouping, lfirst(part)))
				return false;
	}
	return true;
}

/*
 * The last column: was any value not plain?  None where that does not matter:
 * count(*) alone is what SQLite answers without looking at the rows.
 */
static void
append_trap(Grouping *grouping, StringInfo out)
{
	const char *comma = grouping->outputs != NIL ? ", " : "";
	List	   *trapped = NIL;
	StringInfoData traps;
	ListCell   *lc;

	initStringInfo(&traps);
	foreach(lc, grouping->touched)
	{
		Var		   *var = lfirst_node(Var, lc);

		if (list_member(trapped, var) ||
			(sqm_column_is_sure(sqm_ship_column(&grouping->ship, var)) &&
			 var->vartype != INT2OID && var->vartype != INT4OID))
			continue;
		if (trapped != NIL)
			appendStringInfoString(&traps, " OR ");
		sqm_ship_trap(&grouping->ship, var, &traps);
		trapped = lappend(trapped, var);
	}
	if (traps.len > 0)
		appendStringInfo(out, "%scoalesce(max(%s), 0)%s", comma, traps.data,
						 grouping->extra.data);
	else if (grouping->extra.len > 0 || grouping->outputs == NIL)
		appendStringInfo(out, "%s0%s", comma, grouping->extra.data);
}

/* ---------------------------------------------------------------------
 * The path
 * ---------------------------------------------------------------------
 */

/*
 * SQLite groups by sorting, in memory, unless an index has the rows in order.
 */
static bool
groups_fit_memory(Grouping *grouping)
{
	RelOptInfo *input = grouping->input;
	SqmForeignColumn *column;

	if (grouping->groups == NIL ||
		input->rows * (input->reltarget->width + 16) < work_mem * 1024.0)
		return true;
	column = sqm_ship_column(&grouping->ship, linitial(grouping->groups));
	return list_length(grouping->groups) == 1 && column->leads_index &&
		(column->affinity != SQM_AFFINITY_TEXT || column->leads_bytes);
}

/* What is run if the trap was sprung: the aggregation of the local plan. */
static Path *
fallback_path(Grouping *grouping, RelOptInfo *output, PathTarget *target,
			  double groups)
{
	PlannerInfo *root = grouping->ship.root;
	AggClauseCosts costs = {0};

	if (grouping->groups != NIL && !grouping_is_hashable(grouping->clause))
		return NULL;
	get_agg_clause_costs(root, AGGSPLIT_SIMPLE, &costs);
	return (Path *) create_agg_path(root, output,
									grouping->input->cheapest_total_path, target,
									grouping->groups == NIL ? AGG_PLAIN : AGG_HASHED,
									AGGSPLIT_SIMPLE, grouping->clause, NIL,
									&costs, groups);
}

static PathTarget *
flat_target(Grouping *grouping)
{
	PathTarget *target = create_empty_pathtarget();
	ListCell   *lc;

	foreach(lc, grouping->outputs)
	{
		Expr	   *expr = lfirst(lc);
		Index		ref = 0;
		ListCell   *group;

		/* hashing wants to know which columns are grouped by */
		foreach(group, grouping->clause)
		{
			SortGroupClause *clause = lfirst_node(SortGroupClause, group);

			if (equal(get_sortgroupclause_expr(clause, grouping->ship.root->parse->targetList),
					  expr))
				ref = clause->tleSortGroupRef;
		}
		add_column_to_pathtarget(target, expr, ref);
	}
	return set_pathtarget_cost_width(grouping->ship.root, target);
}

/* fdw_private, as scan.c wants it. */
static List *
plan_private(Grouping *grouping)
{
	SqmRelation *relation = grouping->input->fdw_private;
	StringInfoData sql;
	List	   *places = NIL;
	List	   *classes = NIL;
	List	   *names = NIL;
	List	   *private;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s", grouping->columns.data);
	append_trap(grouping, &sql);
	appendStringInfo(&sql, " FROM main.%s AS t%s%s",
					 sqm_lite_quote(relation->options->table),
					 grouping->where.data, grouping->group_by.data);
	for (int i = 0; i < list_length(grouping->outputs); i++)
	{
		places = lappend_int(places, i + 1);
		classes = lappend_int(classes, SQM_NULL);
		names = lappend(lappend(names, makeString(relation->options->table)),
						makeString("?"));
	}
	private = list_make5(makeString(sql.data), makeString(""), places, classes,
						 names);
	private = lappend(private, grouping->ship.kinds);
	private = lappend(private, makeInteger(-1));
	private = lappend(private, makeInteger(true));
	return lappend(private, makeInteger(0));
}

static void
add_group_path(Grouping *grouping, RelOptInfo *output, PathTarget *wanted)
{
	PlannerInfo *root = grouping->ship.root;
	SqmRelation *relation = grouping->input->fdw_private;
	double		groups = grouping->groups == NIL ? 1.0 :
		estimate_num_groups(root, grouping->groups, grouping->input->rows,
							NULL, NULL);
	double		kept = clamp_row_est(groups *
									 clauselist_selectivity(root, grouping->having,
															0, JOIN_INNER, NULL));
	PathTarget *target = flat_target(grouping);
	Path	   *fallback = fallback_path(grouping, output, target, groups);
	QualCost	quals;
	Cost		total = sqm_scan_cost(relation->scanned, 0) +
		grouping->input->rows * cpu_operator_cost * 0.5 *
		list_length(grouping->outputs);

	if (fallback == NULL)
		return;
	/* rows are sorted for groups */
	if (grouping->groups != NIL)
		total += grouping->input->rows * cpu_operator_cost;
	cost_qual_eval(&quals, grouping->having, root);
	total += quals.startup;
	sqm_scan_add_path(output,
					  sqm_create_foreign_upper_path(root, output, wanted, kept, total,
													total + groups * (cpu_tuple_cost + quals.per_tuple),
													NIL, fallback,
													list_make4(plan_private(grouping),
															   grouping->ship.params,
															   make_tlist_from_pathtarget(target),
															   grouping->having)));
}

/*
 * What is to be grouped, how, and what is wanted of the groups; NULL: nothing
 * that could be SQLite's.
 */
static PathTarget *
wanted_groups(Grouping *grouping, UpperRelationKind stage, RelOptInfo *output,
			  void *extra)
{
	PlannerInfo *root = grouping->ship.root;
	Query	   *parse = root->parse;

	if (stage == UPPERREL_GROUP_AGG && parse->groupingSets == NIL &&
		(parse->groupClause != NIL || parse->hasAggs))
	{
		grouping->clause = sqm_group_clause(root);
		grouping->having = (List *) ((GroupPathExtraData *) extra)->havingQual;
		/* groups by constants only are not the whole table: it may be empty */
		return grouping->clause == NIL && parse->groupClause != NIL ? NULL :
			output->reltarget;
	}
	if (stage == UPPERREL_DISTINCT && !parse->hasDistinctOn &&
		!parse->hasTargetSRFs)
	{
		grouping->clause = sqm_distinct_clause(root);
		return grouping->clause == NIL ? NULL :
			root->upper_targets[UPPERREL_DISTINCT];
	}
	return NULL;
}

void
sqmGetForeignUpperPaths(PlannerInfo *root, UpperRelationKind stage,
						RelOptInfo *input, RelOptInfo *output, void *extra)
{
	Grouping	grouping = {0};
	PathTarget *wanted;

	if (sqm_pushdown && stage == UPPERREL_FINAL)
		sqm_limit_paths(root, output);
	if (!sqm_pushdown || input->reloptkind != RELOPT_BASEREL ||
		input->fdw_private == NULL || !bms_is_empty(input->lateral_relids))
		return;
	sqm_ship_init(&grouping.ship, root, input->relids);
	grouping.input = input;
	wanted = wanted_groups(&grouping, stage, output, extra);
	if (wanted == NULL)
		return;
	initStringInfo(&grouping.columns);
	initStringInfo(&grouping.where);
	initStringInfo(&grouping.group_by);
	initStringInfo(&grouping.extra);
	if (ship_conditions(&grouping) && ship_groups(&grouping) &&
		ship_parts(&grouping, wanted->exprs) &&
		ship_parts(&grouping, grouping.having) && groups_fit_memory(&grouping))
		add_group_path(&grouping, output, wanted);
}

/* Also of paths of scan_limit.c */
ForeignScan *
sqm_plan_upper(ForeignPath *path, List *tlist, Plan *outer_plan)
{
	return make_foreignscan(tlist, lfourth(path->fdw_private), 0,
							lsecond(path->fdw_private),
							linitial(path->fdw_private),
							lthird(path->fdw_private), NIL, outer_plan);
}
