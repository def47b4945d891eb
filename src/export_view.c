/*-------------------------------------------------------------------------
 *
 * export_view.c
 *		Which SELECT of SQLite's gives the rows of a view of PostgreSQL's?
 *
 * From the parsed query: columns, inner and left joins, subqueries, WITH,
 * conditions, groups with a few aggregates, DISTINCT, UNION, ORDER BY, LIMIT.
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

/* WITH is written where it is used, each time: that can grow. */
#define MAX_LENGTH (64 * 1024)

/* The query that is being written, and what is known of relations. */
typedef struct ViewScope ViewScope;

struct ViewScope
{
	ViewScope  *outer;			/* the query around */
	Query	   *query;
	int			first;			/* aliases that queries around use */
	List	   *order;			/* its range table entries as they come in FROM */
	KnownColumn *columns;		/* sorted by relation */
	int			count;
};

static bool put_query(SqmExportExpr *expr, ViewScope *outer, Query *query,
					  int first);
static bool put_from_item(SqmExportExpr *expr, Node *item);
static bool put_set_part(SqmExportExpr *expr, Node *part, bool is_first);

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

static ViewScope *
scope_above(SqmExportExpr *expr, int levels)
{
	ViewScope  *scope = (ViewScope *) expr->arg;

	while (levels-- > 0)
		scope = scope->outer;
	return scope;
}

/*
 * What a table is called in its query: t1, t2 ...  A query within an
 * expression counts on, because it may name the tables around.
 */
static int
alias_number(ViewScope *scope, int varno)
{
	ListCell   *lc;

	foreach(lc, scope->order)
		if (lfirst_int(lc) == varno)
			return scope->first + foreach_current_index(lc) + 1;
	elog(ERROR, "range table entry %d is not in FROM", varno);
	return 0;
}

/* What a variable is that names a column of a join or of a group. */
static Node *
resolve(ViewScope *scope, Var *var)
{
	Node	   *node = (Node *) var;

	if (var->varlevelsup > 0)
	{
		node = copyObject(node);
		((Var *) node)->varlevelsup = 0;
	}
	while (IsA(node, Var) && ((Var *) node)->varattno > 0)
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

/* The query of a WITH that a range table entry stands for, and its place. */
static Query *
find_cte(ViewScope *scope, RangeTblEntry *rte, ViewScope **place)
{
	ListCell   *lc;

	for (Index i = 0; i < rte->ctelevelsup; i++)
		scope = scope->outer;
	*place = scope;
	foreach(lc, scope->query->cteList)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, lc);

		if (strcmp(cte->ctename, rte->ctename) == 0)
			return cte->cterecursive || !IsA(cte->ctequery, Query) ? NULL :
				(Query *) cte->ctequery;
	}
	return NULL;
}

/* t1."name" of a query in FROM, if it has only one column of that name */
static bool
put_subquery_column(SqmExportExpr *expr, Query *query, Var *var, int alias,
					bool any_kind)
{
	TargetEntry *entry = get_tle_by_resno(query->targetList, var->varattno);
	ListCell   *lc;
	int			count = 0;

	if (!any_kind && sqm_export_class(var->vartype) == SQM_CLASS_NUMBER)
		return sqm_export_fail(expr, "a number of a subquery");
	foreach(lc, query->targetList)
	{
		TargetEntry *other = lfirst_node(TargetEntry, lc);

		if (!other->resjunk && pg_strcasecmp(other->resname, entry->resname) == 0)
			count++;
	}
	if (count != 1)
		return sqm_export_fail(expr, "a subquery with two columns of one name");
	appendStringInfo(expr->out, "t%d.%s", alias, sqm_lite_quote(entry->resname));
	return true;
}

/* t1."name"; "any_kind" if nothing is done with the value */
static bool
put_column(SqmExportExpr *expr, ViewScope *scope, Var *var, bool any_kind)
{
	RangeTblEntry *rte = rt_fetch(var->varno, scope->query->rtable);
	ViewScope  *place;
	Query	   *query;
	KnownColumn *known;

	if (var->varattno <= 0)
		return sqm_export_fail(expr, "a whole row");
	query = rte->rtekind == RTE_SUBQUERY ? rte->subquery :
		rte->rtekind == RTE_CTE ? find_cte(scope, rte, &place) : NULL;
	if (rte->rtekind == RTE_CTE && query == NULL)
		return sqm_export_fail(expr, "WITH RECURSIVE");
	if (query != NULL)
		return put_subquery_column(expr, query, var,
								   alias_number(scope, var->varno), any_kind);
	if (rte->rtekind != RTE_RELATION ||
		(known = find_column(scope, rte->relid, var->varattno)) == NULL)
		return sqm_export_fail(expr, "a column that is not exported");
	if (!any_kind && sqm_export_class(var->vartype) == SQM_CLASS_NUMBER &&
		strcmp(known->kind, "number") != 0)
		return sqm_export_fail(expr, psprintf("column %s, which is a number here and text there",
											  known->column));
	appendStringInfo(expr->out, "t%d.%s", alias_number(scope, var->varno),
					 known->column);
	return true;
}

static bool
view_variable(SqmExportExpr *expr, Var *var)
{
	ViewScope  *scope = scope_above(expr, var->varlevelsup);
	Node	   *node = resolve(scope, var);

	if (IsA(node, Var))
		return put_column(expr, scope, (Var *) node, false);
	if (var->varlevelsup > 0)
		return sqm_export_fail(expr, "an expression of an outer query");
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
	/* the order is that of the values without their blanks at the end */
	if (sqm_export_class(type) == SQM_CLASS_CHAR)
		return sqm_export_fail(expr, psprintf("aggregate %s() of type character", name));
	if (strcmp(name, "sum") == 0)
		return type == INT2OID || type == INT4OID;
	return (strcmp(name, "min") == 0 || strcmp(name, "max") == 0) &&
		sqm_export_class(type) != SQM_CLASS_REAL &&
		sqm_export_comparable(expr, arg, arg, node->inputcollid, true);
}

static bool
put_aggregate(SqmExportExpr *expr, Aggref *aggregate)
{
	char	   *name;

	if (aggregate->agglevelsup > 0)
		return sqm_export_fail(expr, "an aggregate of an outer query");
	name = get_func_name(aggregate->aggfnoid);
	if (aggregate->aggfnoid >= FirstNormalObjectId || name == NULL ||
		!aggregate_is_same(expr, name, aggregate))
		return sqm_export_fail(expr, psprintf("aggregate %s()", name));
	appendStringInfo(expr->out, "%s(%s", name,
					 aggregate->aggstar ? "*" :
					 aggregate->aggdistinct != NIL ? "DISTINCT " : "");
	/* what is equal must be the same text for DISTINCT */
	if (!aggregate->aggstar &&
		!sqm_export_side(expr, (Node *) linitial_node(TargetEntry,
													  aggregate->args)->expr))
		return false;
	appendStringInfoChar(expr->out, ')');
	return true;
}

/* ---------------------------------------------------------------------
 * Queries in expressions
 * ---------------------------------------------------------------------
 */

static bool
put_nested(SqmExportExpr *expr, Query *query)
{
	ViewScope  *scope = (ViewScope *) expr->arg;

	appendStringInfoChar(expr->out, '(');
	if (!put_query(expr, scope, query,
				   scope->first + list_length(scope->order)))
		return false;
	appendStringInfoChar(expr->out, ')');
	return true;
}

/* x IN (SELECT y ...): one "=" of values that are alike */
static bool
put_in_query(SqmExportExpr *expr, SubLink *link, Query *query)
{
	OpExpr	   *test = (OpExpr *) link->testexpr;
	Node	   *target = (Node *) linitial_node(TargetEntry, query->targetList)->expr;
	const char *name = IsA(test, OpExpr) ? get_opname(test->opno) : NULL;
	Node	   *left;
	Node	   *right;

	if (name == NULL || strcmp(name, "=") != 0 ||
		test->opno >= FirstNormalObjectId)
		return sqm_export_fail(expr, "a comparison with the rows of a subquery");
	left = linitial(test->args);
	right = lsecond(test->args);
	while (IsA(right, RelabelType))
		right = (Node *) ((RelabelType *) right)->arg;
	if (!IsA(right, Param))
		return sqm_export_fail(expr, "a subquery of another type");
	if (sqm_export_class(exprType(left)) == SQM_CLASS_CHAR)
		return sqm_export_fail(expr, "IN of type character");
	if (!sqm_export_comparable(expr, left, target, test->inputcollid, false))
		return false;
	appendStringInfoChar(expr->out, '(');
	if (!sqm_export_expr(expr, left))
		return false;
	appendStringInfoString(expr->out, " IN ");
	if (!put_nested(expr, query))
		return false;
	appendStringInfoChar(expr->out, ')');
	return true;
}

/*
 * Numbers that are text in SQLite are no values to compute with; only EXISTS
 * does not look at them.  A query that gives more than one row for a value is
 * an error here, and its first row there.
 */
static bool
put_sublink(SqmExportExpr *expr, SubLink *link)
{
	Query	   *query = (Query *) link->subselect;
	ListCell   *lc;

	if (link->subLinkType == EXISTS_SUBLINK)
	{
		appendStringInfoString(expr->out, "EXISTS ");
		return put_nested(expr, query);
	}
	if (link->subLinkType != EXPR_SUBLINK && link->subLinkType != ANY_SUBLINK)
		return sqm_export_fail(expr, "a comparison with the rows of a subquery");
	foreach(lc, query->targetList)
		if (sqm_export_class(exprType((Node *) lfirst_node(TargetEntry, lc)->expr)) == SQM_CLASS_NUMBER)
			return sqm_export_fail(expr, "a number of a subquery");
	return link->subLinkType == ANY_SUBLINK ? put_in_query(expr, link, query) :
		put_nested(expr, query);
}

static bool
view_other(SqmExportExpr *expr, Node *node)
{
	if (IsA(node, Aggref))
		return put_aggregate(expr, (Aggref *) node);
	if (IsA(node, SubLink))
		return put_sublink(expr, (SubLink *) node);
	return sqm_export_fail(expr, IsA(node, WindowFunc) ? "a window function" :
						   "an expression of PostgreSQL's own");
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
	ViewScope  *place = scope;
	Query	   *query = NULL;
	KnownColumn *known;

	if (rte->rtekind == RTE_SUBQUERY && !rte->lateral)
		query = rte->subquery;
	else if (rte->rtekind == RTE_CTE &&
			 (query = find_cte(scope, rte, &place)) == NULL)
		return sqm_export_fail(expr, "WITH RECURSIVE");
	if (query != NULL)
	{
		appendStringInfoChar(expr->out, '(');
		if (!put_query(expr, place, query, place->first))
			return false;
		appendStringInfo(expr->out, ") AS t%d", alias_number(scope, varno));
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
					 alias_number(scope, varno));
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
	ViewScope  *scope = (ViewScope *) expr->arg;

	if (IsA(node, Var) && ((Var *) node)->varlevelsup == 0)
		node = resolve(scope, (Var *) node);
	if (IsA(node, Var) && ((Var *) node)->varlevelsup == 0 ?
		!put_column(expr, scope, (Var *) node, any_kind) :
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
	/* EXISTS (SELECT FROM t) */
	if (between[0] == 'S')
		appendStringInfo(expr->out, "%s1", between);
	return true;
}

/*
 * SQLite compares whole rows for DISTINCT: values of one length are equal with
 * their blanks, too.  Where lengths meet PostgreSQL names none.
 */
static bool
check_lengths(SqmExportExpr *expr, Query *query)
{
	ListCell   *lc;

	foreach(lc, query->distinctClause)
	{
		Node	   *node = get_sortgroupclause_expr(lfirst(lc), query->targetList);
		int32		typmod = exprTypmod(node);

		(void) getBaseTypeAndTypmod(exprType(node), &typmod);
		if (sqm_export_class(exprType(node)) == SQM_CLASS_CHAR && typmod < 0)
			return sqm_export_fail(expr, "DISTINCT of type character without a length");
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

	if (!sqm_export_side(expr, node))
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

/*
 * SQLite orders the rows of a UNION by a column as it stands, where blanks at
 * the end count and a number may be text.
 */
static bool
put_union_key(SqmExportExpr *expr, TargetEntry *entry)
{
	SqmExportClass class = sqm_export_class(exprType((Node *) entry->expr));

	if (class == SQM_CLASS_NUMBER || class == SQM_CLASS_CHAR)
		return sqm_export_fail(expr, psprintf("UNION in the order of type %s",
											  class == SQM_CLASS_CHAR ?
											  "character" : "numeric"));
	appendStringInfo(expr->out, "%d", entry->resno);
	return true;
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
		TargetEntry *entry = get_sortgroupclause_tle(clause, query->targetList);
		const char *operator = get_opname(clause->sortop);

		if (clause->sortop >= FirstNormalObjectId || operator == NULL ||
			(strcmp(operator, "<") != 0 && strcmp(operator, ">") != 0))
			return sqm_export_fail(expr, "ORDER BY ... USING an operator");
		appendStringInfoString(expr->out, foreach_current_index(lc) == 0 ?
							   " ORDER BY " : ", ");
		if (query->setOperations != NULL ? !put_union_key(expr, entry) :
			!put_key(expr, (Node *) entry->expr))
			return false;
		appendStringInfo(expr->out, "%s NULLS %s",
						 operator[0] == '>' ? " DESC" : "",
						 clause->nulls_first ? "FIRST" : "LAST");
	}
	return true;
}

/*
 * Only what is known now: NULL is no limit here and an error there, and what is
 * negative the other way around.
 */
static bool
put_count(SqmExportExpr *expr, Node *node, const char *none)
{
	Const	   *value = (Const *) (node == NULL ? NULL : sqm_export_fold(node));

	if (value != NULL && !IsA(value, Const))
		return sqm_export_fail(expr, "a limit that is no constant");
	if (value == NULL || value->constisnull)
		appendStringInfoString(expr->out, none);
	else if (DatumGetInt64(value->constvalue) < 0)
		return sqm_export_fail(expr, "a negative limit");
	else
		appendStringInfo(expr->out, INT64_FORMAT,
						 DatumGetInt64(value->constvalue));
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
	if (!put_count(expr, query->limitCount, "-1"))
		return false;
	if (query->limitOffset == NULL)
		return true;
	appendStringInfoString(expr->out, " OFFSET ");
	return put_count(expr, query->limitOffset, "0");
}

static const char *
foreign_part(Query *query)
{
	if (query->commandType != CMD_SELECT)
		return "it is no SELECT";
	if (query->hasWindowFuncs)
		return "a window function";
	if (query->hasTargetSRFs)
		return "a function that returns rows";
	if (query->hasDistinctOn)
		return "DISTINCT ON";
	if (query->rowMarks != NIL)
		return "FOR UPDATE";
	return NULL;
}

/* ---------------------------------------------------------------------
 * UNION, INTERSECT, EXCEPT
 * ---------------------------------------------------------------------
 */

/*
 * Are values that are equal here the same there, so that both find the same
 * duplicates?
 */
static bool
check_distinct(SqmExportExpr *expr, SetOperationStmt *set)
{
	ListCell   *type;
	ListCell   *collation;

	forboth(type, set->colTypes, collation, set->colCollations)
	{
		CaseTestExpr probe = {.xpr.type = T_CaseTestExpr,.typeMod = -1};

		probe.typeId = lfirst_oid(type);
		if (sqm_export_class(probe.typeId) == SQM_CLASS_CHAR)
			return sqm_export_fail(expr, "UNION of type character");
		if (sqm_export_class(probe.typeId) == SQM_CLASS_NUMBER)
			return sqm_export_fail(expr, "UNION of type numeric");
		if (!sqm_export_comparable(expr, (Node *) &probe, (Node *) &probe,
								   lfirst_oid(collation), false))
			return false;
	}
	return true;
}

static bool
put_set_operation(SqmExportExpr *expr, SetOperationStmt *set)
{
	check_stack_depth();
	if (set->all && set->op != SETOP_UNION)
		return sqm_export_fail(expr, "INTERSECT ALL or EXCEPT ALL");
	if (!set->all && !check_distinct(expr, set))
		return false;
	if (!put_set_part(expr, set->larg, true))
		return false;
	appendStringInfoString(expr->out,
						   set->op == SETOP_INTERSECT ? " INTERSECT " :
						   set->op == SETOP_EXCEPT ? " EXCEPT " :
						   set->all ? " UNION ALL " : " UNION ");
	return put_set_part(expr, set->rarg, false);
}

/*
 * SQLite knows no parentheses around parts: they become queries in FROM.  So
 * does what has an order or a limit of its own.
 */
static bool
put_set_part(SqmExportExpr *expr, Node *part, bool is_first)
{
	ViewScope  *scope = (ViewScope *) expr->arg;
	Query	   *query = NULL;
	bool		wrapped;

	if (IsA(part, RangeTblRef))
		query = rt_fetch(((RangeTblRef *) part)->rtindex,
						 scope->query->rtable)->subquery;
	wrapped = query == NULL ? !is_first :
		query->setOperations != NULL || query->sortClause != NIL ||
		query->limitCount != NULL || query->limitOffset != NULL;
	if (wrapped)
		appendStringInfoString(expr->out, "SELECT * FROM (");
	if (query == NULL ?
		!put_set_operation(expr, (SetOperationStmt *) part) :
		!put_query(expr, scope, query, scope->first))
		return false;
	if (wrapped)
		appendStringInfoChar(expr->out, ')');
	return true;
}

static bool
put_query(SqmExportExpr *expr, ViewScope *outer, Query *query, int first)
{
	ViewScope	scope = *outer;
	void	   *before = expr->arg;
	const char *foreign = foreign_part(query);
	bool		done;

	check_stack_depth();
	if (foreign != NULL)
		return sqm_export_fail(expr, foreign);
	if (expr->out->len > MAX_LENGTH)
		return sqm_export_fail(expr, "its query would be too long");
	scope.outer = outer;
	scope.query = query;
	scope.first = first;
	scope.order = from_order(NIL, (Node *) query->jointree);
	expr->arg = &scope;
	if (query->setOperations != NULL)
		done = put_set_operation(expr, (SetOperationStmt *) query->setOperations);
	else
		done = check_sort(expr, query, query->distinctClause, false) &&
			check_lengths(expr, query) && put_targets(expr, query) && put_from(expr, query->jointree) &&
			put_groups(expr, query);
	done = done && put_order(expr, query) && put_limit(expr, query);
	expr->arg = before;
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

/* A view in SQLite needs them; a subquery may have none. */
static bool
has_columns(Query *query)
{
	ListCell   *lc;

	foreach(lc, query->targetList)
		if (!lfirst_node(TargetEntry, lc)->resjunk)
			return true;
	return false;
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
	if (!has_columns(linitial_node(Query, actions)))
		(void) sqm_export_fail(&expr, "a query without columns");
	if (expr.problem == NULL &&
		put_query(&expr, &scope, linitial_node(Query, actions), 0))
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
