/*-------------------------------------------------------------------------
 *
 * scan_limit.c
 *		When may SQLite skip the rows of an OFFSET?
 *
 * Where it decides every condition, in an order that is that of an index or
 * none at all.  It steps over such rows without anybody looking at their
 * values.  A LIMIT alone is not sent: SQLite stops where PostgreSQL stops
 * reading.
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

/* The query as it is being put together. */
typedef struct Limited
{
	SqmShip		ship;
	RelOptInfo *rel;
	PathTarget *target;
	int64		count;			/* or -1: all */
	int64		offset;
	StringInfoData where;
	StringInfoData bare;		/* the same: SQLite decides everything */
} Limited;

/*
 * A number that is known when the plan is made; what is not there, or NULL, is
 * "none".  False for everything else, also what PostgreSQL has an error for.
 */
static bool
constant_number(Node *node, int64 none, int64 *number)
{
	Const	   *value = (Const *) node;

	*number = none;
	if (node == NULL || (IsA(node, Const) && value->constisnull))
		return true;
	if (!IsA(node, Const))
		return false;
	*number = DatumGetInt64(value->constvalue);
	return *number >= 0;
}

/* Nothing but columns, conditions, order, LIMIT and OFFSET? */
static bool
is_plain_query(PlannerInfo *root)
{
	Query	   *parse = root->parse;

	return parse->commandType == CMD_SELECT && parse->rowMarks == NIL &&
		root->rowMarks == NIL && parse->limitOffset != NULL &&
		parse->limitOption == LIMIT_OPTION_COUNT &&
		parse->groupClause == NIL && parse->groupingSets == NIL &&
		!parse->hasAggs && !root->hasHavingQual && parse->distinctClause == NIL &&
		!parse->hasWindowFuncs && !parse->hasTargetSRFs &&
		parse->setOperations == NULL;
}

/* The one foreign table of the query, or NULL. */
static RelOptInfo *
only_relation(PlannerInfo *root)
{
	int			index;
	RelOptInfo *rel;

	if (!bms_get_singleton_member(root->all_baserels, &index))
		return NULL;
	rel = root->simple_rel_array[index];
	return rel->reloptkind == RELOPT_BASEREL && rel->fdw_private != NULL &&
		bms_is_empty(rel->lateral_relids) ? rel : NULL;
}

static bool
decides_everything(Limited *limited)
{
	List	   *infos = limited->rel->baserestrictinfo;
	List	   *local = NIL;
	ListCell   *lc;

	foreach(lc, infos)
		if (lfirst_node(RestrictInfo, lc)->pseudoconstant)
			return false;
	sqm_scan_where(&limited->ship, extract_actual_clauses(infos, false),
				   &limited->where, &limited->bare, &local);
	return local == NIL;
}

/* The columns that the target is made of, each once; NIL if there are others. */
static List *
scan_columns(Limited *limited)
{
	List	   *vars = pull_var_clause((Node *) limited->target->exprs,
									   PVC_INCLUDE_PLACEHOLDERS);
	ListCell   *lc;

	foreach(lc, vars)
		if (sqm_ship_as_column(&limited->ship, lfirst(lc)) != lfirst(lc))
			return NIL;
	return add_to_flat_tlist(NIL, vars);
}

/* fdw_private, as scan.c wants it. */
static List *
plan_private(Limited *limited, List *tlist)
{
	SqmRelation *relation = limited->rel->fdw_private;
	StringInfoData sql;
	List	   *places = NIL;
	List	   *classes = NIL;
	List	   *names = NIL;
	List	   *private;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	sqm_scan_append_columns(&limited->ship, tlist, &sql, &places, &classes,
							&names);
	if (relation->rowid != NULL)
		appendStringInfo(&sql, ", t.%s", relation->rowid);
	appendStringInfo(&sql, " FROM main.%s AS t%s",
					 sqm_lite_quote(relation->options->table),
					 limited->where.data);
	sqm_scan_append_order(&limited->ship, limited->ship.root->sort_pathkeys, &sql);
	appendStringInfo(&sql, " LIMIT %lld OFFSET %lld",
					 (long long) limited->count, (long long) limited->offset);
	private = list_make5(makeString(sql.data), makeString(sql.data), places,
						 classes, names);
	private = lappend(private, limited->ship.kinds);
	private = lappend(private, makeInteger(relation->rowid != NULL ?
										   list_length(tlist) : -1));
	private = lappend(private, makeInteger(false));
	return lappend(private, makeInteger(0));
}

static void
add_limited_path(Limited *limited, RelOptInfo *output, List *tlist)
{
	SqmRelation *relation = limited->rel->fdw_private;
	double		rows = limited->rel->rows;
	double		last = limited->count < 0 ? rows :
		Min(rows, (double) limited->offset + (double) limited->count);
	double		returned = clamp_row_est(last - Min((double) limited->offset, last));
	Cost		total = sqm_scan_cost(relation->scanned * Min(last / rows, 1.0),
									  returned);

	total += returned * limited->target->cost.per_tuple;
	sqm_scan_add_path(output,
					  sqm_create_foreign_upper_path(limited->ship.root, output,
													limited->target, returned,
													total, total,
													limited->ship.root->sort_pathkeys,
													NULL,
													list_make4(plan_private(limited, tlist),
															   limited->ship.params,
															   tlist, NIL)));
}

void
sqm_limit_paths(PlannerInfo *root, RelOptInfo *output)
{
	Limited		limited = {0};
	List	   *tlist;

	limited.rel = only_relation(root);
	limited.target = root->upper_targets[UPPERREL_FINAL];
	if (limited.rel == NULL || limited.target == NULL || !is_plain_query(root) ||
		!constant_number(root->parse->limitCount, -1, &limited.count) ||
		!constant_number(root->parse->limitOffset, 0, &limited.offset) ||
		limited.offset == 0 ||
		contain_volatile_functions((Node *) limited.target->exprs))
		return;
	sqm_ship_init(&limited.ship, root, limited.rel->relids);
	initStringInfo(&limited.where);
	initStringInfo(&limited.bare);
	if (!decides_everything(&limited) ||
		(root->sort_pathkeys != NIL &&
		 !sqm_scan_index_has_order(&limited.ship, root->sort_pathkeys)))
		return;
	tlist = scan_columns(&limited);
	if (tlist != NIL)
		add_limited_path(&limited, output, tlist);
}
