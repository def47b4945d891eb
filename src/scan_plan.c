/*-------------------------------------------------------------------------
 *
 * scan_plan.c
 *		How may a foreign table be scanned, at what cost, by which query?
 *
 * Paths of one table: the plain one, one in the order of an index, one for each
 * way to be looked up by values of other tables, and one for several processes
 * of which each reads other rows.  Which conditions SQLite can evaluate is
 * shippable.c's business; here they are put together.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"

#include "bind.h"
#include "compat.h"
#include "scan.h"

/*
 * Costs.  To compile a statement takes as long as to read some hundred rows;
 * to look one up by the values of other tables needs no new compilation.  A
 * row that SQLite reads and leaves out costs less than one that is converted.
 */
#define STARTUP_COST 2.0
#define LOOKUP_COST 0.02
#define READ_COST (cpu_tuple_cost * 0.3)
#define CONVERT_COST (cpu_tuple_cost + cpu_operator_cost * 2)

/* No condition as short as this is beyond SQLite's limits. */
#define UNTRIED_LENGTH 200

/* ---------------------------------------------------------------------
 * Size
 * ---------------------------------------------------------------------
 */

void
sqmGetForeignRelSize(PlannerInfo *root, RelOptInfo *baserel, Oid relid)
{
	SqmRelation *relation = sqm_relation_create(relid);
	double		rows = sqm_estimate_rows(relation);
	SqmShip		ship;
	ListCell   *lc;

	baserel->fdw_private = relation;
	/* what PostgreSQL's own ANALYZE counted, unless the file is smaller now */
	if (baserel->tuples > 0 && rows > baserel->tuples)
		rows = baserel->tuples;
	baserel->tuples = rows;
	set_baserel_size_estimates(root, baserel);

	/* PostgreSQL does not know that a key finds one row */
	sqm_ship_init(&ship, root, baserel->relids);
	foreach(lc, baserel->baserestrictinfo)
		if (sqm_pushdown &&
			sqm_ship_finds_one(&ship, lfirst_node(RestrictInfo, lc)->clause))
			baserel->rows = 1;
}

/*
 * Which of these conditions (RestrictInfo) does SQLite evaluate, and how many
 * rows does it look at then?
 */
static List *
shipped_conditions(SqmShip *ship, List *conditions, double tuples,
				   double *scanned)
{
	List	   *shipped = NIL;
	ListCell   *lc;

	*scanned = tuples;
	foreach(lc, conditions)
	{
		RestrictInfo *info = lfirst_node(RestrictInfo, lc);
		StringInfoData sql;

		if (info->pseudoconstant)
			continue;
		initStringInfo(&sql);
		if (sqm_ship_clause(ship, info->clause, &sql))
		{
			shipped = lappend(shipped, info);
			if (sqm_ship_finds_one(ship, info->clause))
				*scanned = 1;
			else if (sqm_ship_uses_index(ship, info->clause))
				*scanned = Min(*scanned, tuples *
							   clause_selectivity(ship->root, (Node *) info, 0,
												  JOIN_INNER, NULL));
		}
		pfree(sql.data);
	}
	*scanned = Max(*scanned, 1.0);
	return shipped;
}

/* ---------------------------------------------------------------------
 * Paths
 * ---------------------------------------------------------------------
 */

/* Of a query whose rows are not read for their own sake. */
Cost
sqm_scan_cost(double scanned, double returned)
{
	return STARTUP_COST + scanned * READ_COST + returned * CONVERT_COST;
}

static Cost
total_cost(RelOptInfo *rel, Cost startup, double scanned, double returned,
		   QualCost *quals)
{
	return startup + scanned * READ_COST +
		returned * (CONVERT_COST + quals->per_tuple);
}

/*
 * A path that reads everything: only for the leader, whose snapshot no worker
 * has (see scan_parallel.c).
 */
void
sqm_scan_add_path(RelOptInfo *rel, ForeignPath *path)
{
	path->path.parallel_safe = false;
	add_path(rel, (Path *) path);
}

static void
add_plain_path(PlannerInfo *root, RelOptInfo *rel, List *pathkeys,
			   double returned)
{
	SqmRelation *relation = rel->fdw_private;
	QualCost   *quals = &rel->baserestrictcost;
	Cost		startup = STARTUP_COST + quals->startup;
	Cost		total = total_cost(rel, startup, relation->scanned, returned, quals);

	/* rows in the order of an index lie here and there */
	if (pathkeys != NIL)
		total += returned * READ_COST;
	sqm_scan_add_path(rel, sqm_create_foreignscan_path(root, rel, NULL, rel->rows,
													   startup, total, pathkeys,
													   rel->lateral_relids,
													   NULL, NIL));
}

/*
 * Several processes, each of which reads ranges of rowids.  Not where an index
 * finds the rows: it would be searched again for each range.
 */
static void
add_ranged_path(PlannerInfo *root, RelOptInfo *rel, double returned)
{
	SqmRelation *relation = rel->fdw_private;
	QualCost   *quals = &rel->baserestrictcost;
	Cost		startup = STARTUP_COST + quals->startup;
	ForeignPath *path;
	int			workers;
	double		divisor;

	if (!rel->consider_parallel || !bms_is_empty(rel->lateral_relids) ||
		relation->scanned < rel->tuples)
		return;
	workers = sqm_scan_workers(rel);
	if (workers <= 0)
		return;
	divisor = sqm_scan_divisor(workers);
	path = sqm_create_foreignscan_path(root, rel, NULL,
									   clamp_row_est(rel->rows / divisor), startup,
									   total_cost(rel, startup,
												  relation->scanned / divisor,
												  returned / divisor, quals),
									   NIL, NULL, NULL, NIL);
	path->path.parallel_aware = true;
	path->path.parallel_workers = workers;
	add_partial_path(rel, (Path *) path);
}

/* The column by which SQLite can put a path key into order, or NULL. */
static Var *
ordering_column(SqmShip *ship, PathKey *key)
{
	EquivalenceClass *ec = key->pk_eclass;
	ListCell   *lc;

	if (ec->ec_has_volatile)
		return NULL;
	foreach(lc, ec->ec_members)
	{
		EquivalenceMember *member = lfirst(lc);
		Var		   *var = sqm_ship_as_column(ship, member->em_expr);

		if (var != NULL &&
			sqm_ship_can_order(ship, var, key->pk_opfamily, ec->ec_collation))
			return var;
	}
	return NULL;
}

/* Is what a path key orders by computed of this table's columns alone? */
static bool
is_own_key(SqmShip *ship, PathKey *key)
{
	ListCell   *lc;

	if (key->pk_eclass->ec_has_volatile)
		return false;
	foreach(lc, key->pk_eclass->ec_members)
	{
		EquivalenceMember *member = lfirst(lc);

		if (!bms_is_empty(member->em_relids) &&
			bms_is_subset(member->em_relids, ship->relids))
			return true;
	}
	return false;
}

/*
 * Path keys up to the first that looks at other tables, too.  Behind a unique
 * column the table's own are in any order that is wanted; others are not, for
 * in a join each row may stand beside several of theirs.
 */
static List *
own_keys(SqmShip *ship, List *pathkeys)
{
	int			count = 0;

	while (count < list_length(pathkeys) &&
		   is_own_key(ship, list_nth(pathkeys, count)))
		count++;
	return list_truncate(list_copy(pathkeys), count);
}

/*
 * Order costs nothing where an index has it; SQLite's sorter would hold all
 * rows in memory, so no other order is asked for.
 */
bool
sqm_scan_index_has_order(SqmShip *ship, List *pathkeys)
{
	Var		   *var;
	SqmForeignColumn *column;

	if (pathkeys == NIL)
		return false;
	var = ordering_column(ship, linitial_node(PathKey, pathkeys));
	if (var == NULL)
		return false;
	column = sqm_ship_column(ship, var);
	return column->leads_index && column->not_null &&
		(column->class != SQM_TEXT || column->leads_bytes) &&
		(list_length(pathkeys) == 1 || column->is_unique);
}

/* The order that the query wants in the end, and those that merge joins want. */
static void
add_ordered_paths(PlannerInfo *root, RelOptInfo *rel, SqmShip *ship,
				  double returned)
{
	List	   *wanted;
	ListCell   *lc;

	if (!sqm_pushdown)
		return;
	wanted = own_keys(ship, root->query_pathkeys);
	if (sqm_scan_index_has_order(ship, wanted))
		add_plain_path(root, rel, wanted, returned);
	if (!rel->has_eclass_joins)
		return;
	foreach(lc, root->eq_classes)
	{
		EquivalenceClass *ec = lfirst(lc);
		PathKey    *key;
		List	   *pathkeys;

		if (!eclass_useful_for_merging(root, ec, rel) || ec->ec_opfamilies == NIL)
			continue;
		key = sqm_make_ascending_pathkey(root, ec, linitial_oid(ec->ec_opfamilies));
		pathkeys = list_make1(key);
		if (!pathkeys_contained_in(pathkeys, wanted) &&
			sqm_scan_index_has_order(ship, pathkeys))
			add_plain_path(root, rel, pathkeys, returned);
	}
}

/* ---------------------------------------------------------------------
 * Look-ups by values of other tables
 * ---------------------------------------------------------------------
 */

static void
add_lookup_path(PlannerInfo *root, RelOptInfo *rel, SqmShip *ship,
				ParamPathInfo *param_info)
{
	List	   *conditions = list_concat_copy(rel->baserestrictinfo,
											  param_info->ppi_clauses);
	double		scanned;
	double		returned;
	QualCost	quals;
	List	   *shipped = shipped_conditions(ship, conditions, rel->tuples, &scanned);

	if (!list_difference_ptr(shipped, rel->baserestrictinfo))
		return;
	cost_qual_eval(&quals, conditions, root);
	returned = rel->tuples *
		clauselist_selectivity(root, shipped, rel->relid, JOIN_INNER, NULL);
	returned = clamp_row_est(Min(returned, scanned));
	param_info->ppi_rows = Min(param_info->ppi_rows, returned);
	sqm_scan_add_path(rel,
					  sqm_create_foreignscan_path(root, rel, NULL, param_info->ppi_rows,
												  LOOKUP_COST + quals.startup,
												  total_cost(rel, LOOKUP_COST + quals.startup,
															 scanned, returned, &quals),
												  NIL, param_info->ppi_req_outer,
												  NULL, NIL));
}

/* Other tables whose values a condition needs, if it may be used that way. */
static ParamPathInfo *
parameters_of(PlannerInfo *root, RelOptInfo *rel, SqmShip *ship,
			  RestrictInfo *info)
{
	Relids		outer;
	StringInfoData sql;

	if (!join_clause_is_movable_to(info, rel) ||
		!sqm_ship_uses_index(ship, info->clause))
		return NULL;
	initStringInfo(&sql);
	if (!sqm_ship_clause(ship, info->clause, &sql))
		return NULL;
	outer = bms_union(info->clause_relids, rel->lateral_relids);
	outer = bms_del_member(outer, rel->relid);
	if (bms_is_empty(outer))
		return NULL;
	return get_baserel_parampathinfo(root, rel, outer);
}

/* The member of a class that generate_implied_equalities... looks for. */
typedef struct EcTarget
{
	Expr	   *current;
	List	   *done;
	SqmShip    *ship;
} EcTarget;

static bool
ec_member_matches(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec,
				  EquivalenceMember *member, void *arg)
{
	EcTarget   *target = arg;
	Expr	   *expr = member->em_expr;
	Var		   *var;

	if (target->current != NULL)
		return equal(expr, target->current);
	if (list_member(target->done, expr))
		return false;
	var = sqm_ship_as_column(target->ship, expr);
	if (var == NULL || !sqm_ship_column(target->ship, var)->leads_index)
		return false;
	target->current = expr;
	return true;
}

/* Join conditions that are implied by equivalence classes. */
static List *
implied_conditions(PlannerInfo *root, RelOptInfo *rel, SqmShip *ship)
{
	EcTarget	target = {NULL, NIL, ship};
	List	   *conditions = NIL;

	for (;;)
	{
		List	   *clauses;

		target.current = NULL;
		clauses = generate_implied_equalities_for_column(root, rel,
														 ec_member_matches,
														 &target,
														 rel->lateral_referencers);
		if (target.current == NULL)
			break;
		conditions = list_concat(conditions, clauses);
		target.done = lappend(target.done, target.current);
	}
	return conditions;
}

static void
add_lookup_paths(PlannerInfo *root, RelOptInfo *rel, SqmShip *ship)
{
	List	   *conditions = list_copy(rel->joininfo);
	List	   *known = NIL;
	ListCell   *lc;

	if (!sqm_pushdown)
		return;
	if (rel->has_eclass_joins)
		conditions = list_concat(conditions, implied_conditions(root, rel, ship));
	foreach(lc, conditions)
	{
		ParamPathInfo *info = parameters_of(root, rel, ship,
											lfirst_node(RestrictInfo, lc));

		/* the same outer relations have the same ParamPathInfo */
		if (info != NULL)
			known = list_append_unique_ptr(known, info);
	}
	foreach(lc, known)
		add_lookup_path(root, rel, ship, lfirst(lc));
}

void
sqmGetForeignPaths(PlannerInfo *root, RelOptInfo *baserel, Oid relid)
{
	SqmRelation *relation = baserel->fdw_private;
	SqmShip		ship;
	double		returned;

	sqm_ship_init(&ship, root, baserel->relids);
	relation->shipped = shipped_conditions(&ship, baserel->baserestrictinfo,
										   baserel->tuples, &relation->scanned);
	returned = baserel->tuples *
		clauselist_selectivity(root, relation->shipped, baserel->relid,
							   JOIN_INNER, NULL);
	returned = clamp_row_est(Min(returned, relation->scanned));
	add_plain_path(root, baserel, NIL, returned);
	add_ordered_paths(root, baserel, &ship, returned);
	add_lookup_paths(root, baserel, &ship);
	add_ranged_path(root, baserel, returned);
}

/* ---------------------------------------------------------------------
 * The plan
 * ---------------------------------------------------------------------
 */

/*
 * Is SQLite's answer to the condition that was just written certain to be
 * PostgreSQL's?
 */
static bool
decides_alone(SqmShip *ship)
{
	ListCell   *lc;

	if (ship->lossy)
		return false;
	foreach(lc, ship->columns)
		if (!sqm_column_is_sure(sqm_ship_column(ship, lfirst(lc))))
			return false;
	return true;
}

static void
append_condition(StringInfo where, const char *condition)
{
	appendStringInfo(where, "%s%s", where->len > 0 ? " AND " : " WHERE ",
					 condition);
}

/*
 * SQLite has limits for operators within each other, for parentheses and for
 * parameters.  The conditions are tried with some room for what a query adds.
 */
static bool
is_within_limits(SqmShip *ship, const char *where)
{
	StringInfoData sql;
	SqmStatement *stmt;
	SqmLite    *lite = NULL;
	char	   *message;
	int			index = -1;

	initStringInfo(&sql);
	while ((index = bms_next_member(ship->relids, index)) >= 0)
	{
		SqmRelation *relation = ship->root->simple_rel_array[index]->fdw_private;

		appendStringInfo(&sql, "%s main.%s AS t",
						 lite == NULL ? "SELECT 1 FROM" : ",",
						 sqm_lite_quote(relation->options->table));
		if (ship->many)
			appendStringInfo(&sql, "%d", index);
		lite = relation->lite;
	}
	appendStringInfo(&sql, "%s AND 1 AND 1 AND 1 AND 1", where);
	stmt = sqm_statement_try_prepare(lite, sql.data, &message);
	if (stmt == NULL)
		return false;
	sqm_statement_finalize(stmt);
	return true;
}

/*
 * " WHERE ..." of the conditions (Expr) that SQLite can evaluate.  Those that
 * it decides alone are also in "bare", which has to do if others come with a
 * value that cannot be bound.  PostgreSQL looks at all others ("local").
 */
void
sqm_scan_where(SqmShip *ship, List *clauses, StringInfo where, StringInfo bare,
			   List **local)
{
	ListCell   *lc;

	foreach(lc, clauses)
	{
		Expr	   *clause = lfirst(lc);
		StringInfoData sql;
		int			params = list_length(ship->params);
		bool		decides;

		initStringInfo(&sql);
		sqm_ship_reset(ship);
		if (!sqm_ship_clause(ship, clause, &sql))
		{
			*local = lappend(*local, clause);
			continue;
		}
		append_condition(where, sql.data);
		decides = decides_alone(ship);
		for (int i = params; i < list_length(ship->kinds); i++)
			if (!sqm_bind_always_can(list_nth_int(ship->kinds, i)))
				decides = false;
		if (decides)
			append_condition(bare, sql.data);
		else
			*local = lappend(*local, clause);
	}
	if (where->len > UNTRIED_LENGTH && !is_within_limits(ship, where->data))
	{
		resetStringInfo(where);
		resetStringInfo(bare);
		ship->params = ship->kinds = NIL;
		*local = list_copy(clauses);
	}
}

void
sqm_scan_append_order(SqmShip *ship, List *pathkeys, StringInfo out)
{
	const char *word = " ORDER BY ";
	ListCell   *lc;

	foreach(lc, pathkeys)
	{
		PathKey    *key = lfirst_node(PathKey, lc);
		Var		   *var = ordering_column(ship, key);
		SqmForeignColumn *column;

		/* after a unique column there is nothing left to order */
		if (var == NULL)
			break;
		column = sqm_ship_column(ship, var);
		appendStringInfoString(out, word);
		sqm_ship_reference(ship, var, out);
		if (column->class == SQM_TEXT)
			appendStringInfoString(out, " COLLATE BINARY");
		if (sqm_pathkey_descends(key))
			appendStringInfoString(out, " DESC");
		if (!column->not_null)
			appendStringInfoString(out, key->pk_nulls_first ?
								   " NULLS FIRST" : " NULLS LAST");
		word = ", ";
		if (column->is_unique && column->not_null)
			break;
	}
}

/* The attributes that the plan needs, in order. */
static List *
needed_attnums(RelOptInfo *rel, SqmRelation *relation, List *quals)
{
	Bitmapset  *used = NULL;
	List	   *attnums = NIL;
	bool		whole_row;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &used);
	pull_varattnos((Node *) quals, rel->relid, &used);
	whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used);
	for (int attnum = 1; attnum <= relation->natts; attnum++)
	{
		if (!OidIsValid(relation->columns[attnum - 1].type))
			continue;
		if (whole_row ||
			bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, used))
			attnums = lappend_int(attnums, attnum);
	}
	return attnums;
}

/*
 * The columns, and the rowid for messages unless one of them is it.  Returns
 * the rowid's place (from 0), or -1.
 */
static int
append_columns(RelOptInfo *rel, List *attnums, StringInfo out, List **classes,
			   List **names)
{
	SqmRelation *relation = rel->fdw_private;
	int			place = -1;
	ListCell   *lc;

	foreach(lc, attnums)
	{
		SqmForeignColumn *column = &relation->columns[lfirst_int(lc) - 1];

		if (column->is_rowid)
			place = foreach_current_index(lc);
		appendStringInfo(out, "%st.%s", foreach_current_index(lc) > 0 ? ", " : "",
						 sqm_lite_quote(column->name));
		*classes = lappend_int(*classes, sqm_column_is_sure(column) ?
							   (int) column->class : (int) SQM_NULL);
		*names = lappend(*names, makeString(relation->options->table));
		*names = lappend(*names, makeString(column->name));
	}
	if (place < 0 && relation->rowid != NULL)
	{
		appendStringInfo(out, "%st.%s", attnums == NIL ? "" : ", ",
						 relation->rowid);
		place = list_length(attnums);
	}
	else if (attnums == NIL)
		appendStringInfoString(out, "NULL");
	return place;
}

/* The condition that only some rowids are read, by two further parameters. */
static void
append_range(SqmRelation *relation, int first, StringInfo where)
{
	append_condition(where, psprintf("t.%s BETWEEN ?%d AND ?%d", relation->rowid,
									 first, first + 1));
}

static ForeignScan *
plan_table(PlannerInfo *root, RelOptInfo *rel, ForeignPath *path, List *tlist,
		   List *scan_clauses, Plan *outer_plan)
{
	SqmRelation *relation = rel->fdw_private;
	List	   *clauses = extract_actual_clauses(scan_clauses, false);
	List	   *local = NIL;
	List	   *attnums;
	List	   *classes = NIL;
	List	   *names = NIL;
	List	   *private;
	int			rowid;
	int			range = 0;
	SqmShip		ship;
	StringInfoData where;
	StringInfoData bare_where;
	StringInfoData sql;
	StringInfoData bare;

	sqm_ship_init(&ship, root, rel->relids);
	initStringInfo(&where);
	initStringInfo(&bare_where);
	sqm_scan_where(&ship, clauses, &where, &bare_where, &local);
	attnums = needed_attnums(rel, relation, local);
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	rowid = append_columns(rel, attnums, &sql, &classes, &names);
	appendStringInfo(&sql, " FROM main.%s AS t%s",
					 sqm_lite_quote(relation->options->table),
					 path->path.parallel_aware ? " NOT INDEXED" : "");
	if (path->path.parallel_aware)
	{
		range = list_length(ship.params) + 1;
		append_range(relation, range, &where);
		append_range(relation, range, &bare_where);
	}
	initStringInfo(&bare);
	appendStringInfo(&bare, "%s%s", sql.data, bare_where.data);
	appendStringInfoString(&sql, where.data);
	sqm_scan_append_order(&ship, path->path.pathkeys, &sql);
	sqm_scan_append_order(&ship, path->path.pathkeys, &bare);
	private = list_make5(makeString(sql.data),
						 makeString(ship.params != NIL ? bare.data : ""),
						 attnums, classes, names);
	private = lappend(private, ship.kinds);
	private = lappend(private, makeInteger(rowid));
	private = lappend(private, makeInteger(false));
	private = lappend(private, makeInteger(range));

	/*
	 * What SQLite decides alone is asked again of the same row if a row that
	 * it was joined with has got another version meanwhile (EvalPlanQual).
	 */
	return make_foreignscan(tlist, local, rel->relid, ship.params, private,
							NIL, list_difference_ptr(clauses, local),
							outer_plan);
}

/*
 * The columns that a target list of Vars names, as SQLite's query gives them
 * and as fdw_private describes them.
 */
void
sqm_scan_append_columns(SqmShip *ship, List *tlist, StringInfo out,
						List **places, List **classes, List **names)
{
	ListCell   *lc;

	foreach(lc, tlist)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, lc);
		Var		   *var = castNode(Var, entry->expr);
		SqmForeignColumn *column = sqm_ship_column(ship, var);
		SqmRelation *relation = ship->root->simple_rel_array[var->varno]->fdw_private;

		if (entry->resno > 1)
			appendStringInfoString(out, ", ");
		sqm_ship_reference(ship, var, out);
		*places = lappend_int(*places, entry->resno);
		*classes = lappend_int(*classes, sqm_column_is_sure(column) ?
							   (int) column->class : (int) SQM_NULL);
		*names = lappend(lappend(*names, makeString(relation->options->table)),
						 makeString(column->name));
	}
}

ForeignScan *
sqmGetForeignPlan(PlannerInfo *root, RelOptInfo *rel, Oid relid,
				  ForeignPath *best_path, List *tlist, List *scan_clauses,
				  Plan *outer_plan)
{
	if (IS_UPPER_REL(rel))
		return sqm_plan_upper(best_path, tlist, outer_plan);
	if (IS_JOIN_REL(rel))
		return sqm_plan_join(best_path, tlist);
	return plan_table(root, rel, best_path, tlist, scan_clauses, outer_plan);
}
