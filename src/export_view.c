/*-------------------------------------------------------------------------
 *
 * export_view.c
 *		Which SELECT of SQLite's gives the rows of a view of PostgreSQL's?
 *
 * From the parsed query: columns, inner and left joins, subqueries in FROM,
 * conditions, groups with a few aggregates, DISTINCT, ORDER BY, LIMIT.
 * Anything else is refused with a reason.  What is written is tried and its
 * rows are compared, too (migrate/export_view.sql).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "export_expr.h"
#include "lite.h"
#include "srf.h"

PG_FUNCTION_INFO_V1(sqm_export_query);

/* A column of a table or view that is exported */
typedef struct KnownColumn
{
	Oid			relation;
	int			attnum;
	char	   *table;			/* quoted, as all names here */
	char	   *column;
	char	   *kind;
} KnownColumn;

/* The query that is being written, and what is known of relations. */
typedef struct ViewScope
{
	Query	   *query;
	List	   *order;			/* its range table entries as they come in FROM */
	KnownColumn *columns;		/* sorted by relation */
	int			count;
} ViewScope;

static bool put_query(SqmExportExpr *expr, Query *query);
static bool put_from_item(SqmExportExpr *expr, Node *item);

static KnownColumn *
find_column(ViewScope *scope, Oid relation, int attnum)
{
	for (int i = 0; i < scope->count; i++)
		if (scope->columns[i].relation == relation &&
			(attnum == 0 || scope->columns[i].attnum == attnum))
			return &scope->columns[i];
	return NULL;
}

/* Range table entries are numbered differently by the versions. */
static List *
from_order(List *order, Node *item)
{
	ListCell   *lc;

	if (IsA(item, RangeTblRef))
		return lappend_int(order, ((RangeTblRef *) item)->rtindex);
	if (IsA(item, JoinExpr))
		return from_order(from_order(order, ((JoinExpr *) item)->larg),
						  ((JoinExpr *) item)->rarg);
	foreach(lc, ((FromExpr *) item)->fromlist)
		order = from_order(order, lfirst(lc));
	return order;
}

/* What a table is called in this query */
static int
alias_number(SqmExportExpr *expr, int varno)
{
	ListCell   *lc;

	foreach(lc, ((ViewScope *) expr->arg)->order)
		if (lfirst_int(lc) == varno)
			return foreach_current_index(lc) + 1;
	elog(ERROR, "range table entry %d is not in FROM", varno);
	return 0;
}

/* What a variable is that names a column of a join or of a group. */
static Node *
resolve(SqmExportExpr *expr, Var *var)
{
	ViewScope  *scope = (ViewScope *) expr->arg;
	Node	   *node = (Node *) var;

	while (IsA(node, Var) && ((Var *) node)->varlevelsup == 0 &&
		   ((Var *) node)->varattno > 0)
	{
		RangeTblEntry *rte = rt_fetch(((Var *) node)->varno,
									  scope->query->rtable);
		int			n = ((Var *) node)->varattno - 1;

		if (rte->rtekind == RTE_JOIN)
			node = list_nth(rte->joinaliasvars, n);
		else if (sqm_is_group_entry(rte))
			node = list_nth(sqm_group_expressions(rte), n);
		else
			break;
	}
	return node;
}

/* t1."name"; "any_kind" if nothing is done with the value */
static bool
put_column(SqmExportExpr *expr, Var *var, bool any_kind)
{
	ViewScope  *scope = (ViewScope *) expr->arg;
	RangeTblEntry *rte;
	KnownColumn *known;

	if (var->varlevelsup > 0 || var->varattno <= 0)
		return sqm_export_fail(expr, "a column of an outer query, or a whole row");
	rte = rt_fetch(var->varno, scope->query->rtable);
	if (rte->rtekind == RTE_SUBQUERY)
	{
		TargetEntry *entry = get_tle_by_resno(rte->subquery->targetList,
											  var->varattno);

		if (!any_kind && sqm_export_class(var->vartype) == SQM_CLASS_NUMBER)
			return sqm_export_fail(expr, "a number of a subquery");
		appendStringInfo(expr->out, "t%d.%s",
						 alias_number(expr, var->varno),
						 sqm_lite_quote(entry->resname));
		return true;
	}
	if (rte->rtekind != RTE_RELATION ||
		(known = find_column(scope, rte->relid, var->varattno)) == NULL)
		return sqm_export_fail(expr, "a column that is not exported");
	if (!any_kind && sqm_export_class(var->vartype) == SQM_CLASS_NUMBER &&
		strcmp(known->kind, "number") != 0)
		return sqm_export_fail(expr, psprintf("column %s, which is a number here and text there",
											  known->column));
	appendStringInfo(expr->out, "t%d.%s", alias_number(expr, var->varno),
					 known->column);
	return true;
}

static bool
view_variable(SqmExportExpr *expr, Var *var)
{
	Node	   *node = resolve(expr, var);

	if (IsA(node, Var))
		return put_column(expr, (Var *) node, false);
	return sqm_export_expr(expr, node);
}

/* ---------------------------------------------------------------------
 * Aggregates
 * ---------------------------------------------------------------------
 */

static bool
aggregate_is_same(SqmExportExpr *expr, const char *name, Aggref *node)
{
	Node	   *arg = node->args == NIL ? NULL :
		(Node *) linitial_node(TargetEntry, node->args)->expr;
	Oid			type = arg == NULL ? InvalidOid : exprType(arg);

	if (node->aggfilter != NULL || node->aggorder != NIL ||
		node->aggkind != AGGKIND_NORMAL || list_length(node->args) > 1)
		return false;
	if (strcmp(name, "count") == 0)
		return node->aggdistinct == NIL ||
			sqm_export_comparable(expr, arg, arg, node->inputcollid, false);
	if (node->aggdistinct != NIL || arg == NULL)
		return false;
	if (strcmp(name, "sum") == 0)
		return type == INT2OID || type == INT4OID;
	return (strcmp(name, "min") == 0 || strcmp(name, "max") == 0) &&
		sqm_export_class(type) != SQM_CLASS_REAL &&
		sqm_export_comparable(expr, arg, arg, node->inputcollid, true);
}

static bool
view_other(SqmExportExpr *expr, Node *node)
{
	Aggref	   *aggregate = (Aggref *) node;
	char	   *name;

	if (!IsA(node, Aggref))
		return sqm_export_fail(expr, IsA(node, SubLink) ? "a subquery in an expression" :
							   IsA(node, WindowFunc) ? "a window function" :
							   "an expression of PostgreSQL's own");
	name = get_func_name(aggregate->aggfnoid);
	if (aggregate->aggfnoid >= FirstNormalObjectId || name == NULL ||
		!aggregate_is_same(expr, name, aggregate))
		return sqm_export_fail(expr, psprintf("aggregate %s()", name));
	appendStringInfo(expr->out, "%s(%s", name,
					 aggregate->aggstar ? "*" :
					 aggregate->aggdistinct != NIL ? "DISTINCT " : "");
	if (!aggregate->aggstar &&
		!sqm_export_expr(expr, (Node *) linitial_node(TargetEntry,
													  aggregate->args)->expr))
		return false;
	appendStringInfoChar(expr->out, ')');
	return true;
}

/* ---------------------------------------------------------------------
 * FROM
 * ---------------------------------------------------------------------
 */

static bool
put_relation(SqmExportExpr *expr, int varno)
{
	ViewScope  *scope = (ViewScope *) expr->arg;
	RangeTblEntry *rte = rt_fetch(varno, scope->query->rtable);
	KnownColumn *known;

	if (rte->rtekind == RTE_SUBQUERY && !rte->lateral)
	{
		appendStringInfoChar(expr->out, '(');
		if (!put_query(expr, rte->subquery))
			return false;
		appendStringInfo(expr->out, ") AS t%d", alias_number(expr, varno));
		return true;
	}
	if (rte->rtekind != RTE_RELATION || rte->tablesample != NULL)
		return sqm_export_fail(expr, "something in FROM that is no table, view or subquery");
	known = find_column(scope, rte->relid, 0);
	if (known == NULL)
		return sqm_export_fail(expr, psprintf("\"%s\", which is not exported",
											  get_rel_name(rte->relid)));
	if (!rte->inh && has_subclass(rte->relid))
		return sqm_export_fail(expr, "ONLY");
	if (rte->inh && get_rel_relkind(rte->relid) == RELKIND_RELATION &&
		has_subclass(rte->relid))
		return sqm_export_fail(expr, "a table with children");
	appendStringInfo(expr->out, "%s AS t%d", known->table,
					 alias_number(expr, varno));
	return true;
}

static bool
put_join(SqmExportExpr *expr, JoinExpr *join)
{
	if (join->jointype != JOIN_INNER && join->jointype != JOIN_LEFT)
		return sqm_export_fail(expr, "a right or full join");
	appendStringInfoChar(expr->out, '(');
	if (!put_from_item(expr, join->larg))
		return false;
	appendStringInfoString(expr->out, join->jointype == JOIN_LEFT ?
						   " LEFT JOIN " : " JOIN ");
	if (!put_from_item(expr, join->rarg))
		return false;
	if (join->quals != NULL)
	{
		appendStringInfoString(expr->out, " ON ");
		if (!sqm_export_expr(expr, join->quals))
			return false;
	}
	appendStringInfoChar(expr->out, ')');
	return true;
}

static bool
put_from_item(SqmExportExpr *expr, Node *item)
{
	check_stack_depth();
	if (IsA(item, JoinExpr))
		return put_join(expr, (JoinExpr *) item);
	return put_relation(expr, ((RangeTblRef *) item)->rtindex);
}

static bool
put_from(SqmExportExpr *expr, FromExpr *from)
{
	ListCell   *lc;

	foreach(lc, from->fromlist)
	{
		appendStringInfoString(expr->out, foreach_current_index(lc) == 0 ?
							   " FROM " : " CROSS JOIN ");
		if (!put_from_item(expr, lfirst(lc)))
			return false;
	}
	if (from->quals == NULL)
		return true;
	appendStringInfoString(expr->out, " WHERE ");
	return sqm_export_expr(expr, from->quals);
}

/* ---------------------------------------------------------------------
 * The query
 * ---------------------------------------------------------------------
 */

static bool
put_target(SqmExportExpr *expr, TargetEntry *entry, bool any_kind)
{
	Node	   *node = (Node *) entry->expr;

	if (IsA(node, Var))
		node = resolve(expr, (Var *) node);
	if (IsA(node, Var) ? !put_column(expr, (Var *) node, any_kind) :
		!sqm_export_expr(expr, node))
		return false;
	appendStringInfo(expr->out, " AS %s", sqm_lite_quote(entry->resname));
	return true;
}

static bool
put_targets(SqmExportExpr *expr, Query *query)
{
	const char *between = query->distinctClause != NIL ? "SELECT DISTINCT " :
		"SELECT ";
	ListCell   *lc;

	foreach(lc, query->targetList)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, lc);

		if (entry->resjunk)
			continue;
		appendStringInfoString(expr->out, between);
		between = ", ";
		if (!put_target(expr, entry, query->distinctClause == NIL))
			return false;
	}
	return true;
}

/* Are equal values of these columns equal in SQLite, and in which order? */
static bool
check_sort(SqmExportExpr *expr, Query *query, List *clauses, bool by_order)
{
	ListCell   *lc;

	foreach(lc, clauses)
	{
		Node	   *node = get_sortgroupclause_expr(lfirst(lc), query->targetList);

		if (!sqm_export_comparable(expr, node, node, exprCollation(node),
								   by_order))
			return false;
	}
	return true;
}

/*
 * What is grouped or ordered by.  To SQLite an integer there is the number of a
 * column, whether in parentheses or not; to PostgreSQL it came as a value.
 */
static bool
put_key(SqmExportExpr *expr, Node *node)
{
	StringInfo	out = expr->out;
	int			start = out->len;
	char	   *text;

	if (!sqm_export_expr(expr, node))
		return false;
	text = out->data + start;
	if (strspn(text, "-0123456789") < strlen(text))
		return true;
	text = pstrdup(text);
	out->len = start;
	appendStringInfo(out, "CAST(%s AS INTEGER)", text);
	return true;
}

static bool
put_groups(SqmExportExpr *expr, Query *query)
{
	ListCell   *lc;

	if (query->groupingSets != NIL)
		return sqm_export_fail(expr, "grouping sets");
	if (!check_sort(expr, query, query->groupClause, false))
		return false;
	foreach(lc, query->groupClause)
	{
		appendStringInfoString(expr->out, foreach_current_index(lc) == 0 ?
							   " GROUP BY " : ", ");
		if (!put_key(expr, get_sortgroupclause_expr(lfirst(lc),
													query->targetList)))
			return false;
	}
	if (query->havingQual == NULL)
		return true;
	appendStringInfoString(expr->out, " HAVING ");
	return sqm_export_expr(expr, query->havingQual);
}

static bool
put_order(SqmExportExpr *expr, Query *query)
{
	ListCell   *lc;

	if (!check_sort(expr, query, query->sortClause, true))
		return false;
	foreach(lc, query->sortClause)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lc);
		const char *operator = get_opname(clause->sortop);

		appendStringInfoString(expr->out, foreach_current_index(lc) == 0 ?
							   " ORDER BY " : ", ");
		if (!put_key(expr, get_sortgroupclause_expr(clause,
													query->targetList)))
			return false;
		appendStringInfo(expr->out, "%s NULLS %s",
						 operator != NULL && operator[0] == '>' ? " DESC" : "",
						 clause->nulls_first ? "FIRST" : "LAST");
	}
	return true;
}

static bool
put_limit(SqmExportExpr *expr, Query *query)
{
	if (query->limitCount == NULL && query->limitOffset == NULL)
		return true;
	if (query->limitOption == LIMIT_OPTION_WITH_TIES)
		return sqm_export_fail(expr, "WITH TIES");
	appendStringInfoString(expr->out, " LIMIT ");
	if (query->limitCount == NULL)
		appendStringInfoString(expr->out, "-1");
	else if (!sqm_export_expr(expr, sqm_export_fold(query->limitCount)))
		return false;
	if (query->limitOffset == NULL)
		return true;
	appendStringInfoString(expr->out, " OFFSET ");
	return sqm_export_expr(expr, sqm_export_fold(query->limitOffset));
}

static const char *
foreign_part(Query *query)
{
	if (query->commandType != CMD_SELECT)
		return "it is no SELECT";
	if (query->setOperations != NULL)
		return "UNION, INTERSECT or EXCEPT";
	if (query->cteList != NIL)
		return "WITH";
	if (query->hasWindowFuncs)
		return "a window function";
	if (query->hasTargetSRFs)
		return "a function that returns rows";
	if (query->hasDistinctOn)
		return "DISTINCT ON";
	if (query->rowMarks != NIL)
		return "FOR UPDATE";
	if (query->targetList == NIL)
		return "a query without columns";
	return NULL;
}

static bool
put_query(SqmExportExpr *expr, Query *query)
{
	ViewScope	scope = *(ViewScope *) expr->arg;
	void	   *outer = expr->arg;
	const char *foreign = foreign_part(query);
	bool		done;

	check_stack_depth();
	if (foreign != NULL)
		return sqm_export_fail(expr, foreign);
	scope.query = query;
	scope.order = from_order(NIL, (Node *) query->jointree);
	expr->arg = &scope;
	done = check_sort(expr, query, query->distinctClause, false) &&
		put_targets(expr, query) && put_from(expr, query->jointree) &&
		put_groups(expr, query) && put_order(expr, query) &&
		put_limit(expr, query);
	expr->arg = outer;
	return done;
}

static void
read_columns(FunctionCallInfo fcinfo, ViewScope *scope)
{
	List	   *tables = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(3));
	List	   *columns = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(4));
	List	   *kinds = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(5));
	Datum	   *relations;
	Datum	   *attnums;
	int			count;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), OIDOID, sizeof(Oid), true,
					  TYPALIGN_INT, &relations, NULL, &scope->count);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), INT4OID, sizeof(int32), true,
					  TYPALIGN_INT, &attnums, NULL, &count);
	if (count != scope->count || list_length(tables) != count ||
		list_length(columns) != count || list_length(kinds) != count)
		elog(ERROR, "arrays of different lengths");
	scope->columns = palloc(sizeof(KnownColumn) * (scope->count + 1));
	for (int i = 0; i < scope->count; i++)
	{
		scope->columns[i].relation = DatumGetObjectId(relations[i]);
		scope->columns[i].attnum = DatumGetInt32(attnums[i]);
		scope->columns[i].table = list_nth(tables, i);
		scope->columns[i].column = list_nth(columns, i);
		scope->columns[i].kind = list_nth(kinds, i);
	}
}

/*
 * sq2pg.export_query(rule pg_node_tree, relations oid[], attnums int[],
 *					  tables text[], columns text[], kinds text[],
 *					  six_digits boolean, naive_instants boolean,
 *					  short_uuids boolean, OUT sql text, OUT problem text)
 *
 * rule: the action of a view's rule.  The arrays: the columns that exist in
 * SQLite, those of tables and those of other views.
 */
Datum
sqm_export_query(PG_FUNCTION_ARGS)
{
	List	   *actions = (List *) stringToNode(sqm_arg_text(fcinfo, 0));
	ViewScope	scope = {0};
	SqmExportExpr expr = {0};
	StringInfoData out;
	SqmRow		row;

	/* whoever calls it may take the parsed text of something else */
	if (actions == NIL || !IsA(actions, List) ||
		!IsA(linitial(actions), Query) ||
		linitial_node(Query, actions)->commandType != CMD_SELECT)
		elog(ERROR, "not the action of a view's rule");
	sqm_row_begin(fcinfo, &row);
	read_columns(fcinfo, &scope);
	initStringInfo(&out);
	expr.out = &out;
	expr.forms.six_digits = PG_GETARG_BOOL(6);
	expr.forms.naive_instants = PG_GETARG_BOOL(7);
	expr.forms.short_uuids = PG_GETARG_BOOL(8);
	expr.variable = view_variable;
	expr.other = view_other;
	expr.arg = &scope;
	if (put_query(&expr, linitial_node(Query, actions)))
	{
		sqm_row_text(&row, out.data);
		sqm_row_null(&row);
	}
	else
	{
		sqm_row_null(&row);
		sqm_row_text(&row, expr.problem != NULL ? expr.problem : "its query");
	}
	sqm_row_emit(&row);
	return (Datum) 0;
}
