/*-------------------------------------------------------------------------
 *
 * export_expr.c
 *		Which expression of SQLite's says the same as one of PostgreSQL's?
 *
 * Expressions come as PostgreSQL keeps them, parsed and typed.  Node by node
 * they are written for SQLite, or it is said why that cannot be: what is not
 * known to mean the same is refused, and the caller leaves the thing out and
 * names it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "export.h"
#include "export_expr.h"
#include "srf.h"

PG_FUNCTION_INFO_V1(sqm_export_expression);

static bool
is_foreign_function(Oid function, void *context)
{
	return function >= FirstNormalObjectId;
}

static bool
has_foreign_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_foreign_function, NULL))
		return true;
	return expression_tree_walker(node, has_foreign_function, context);
}

/*
 * With what is constant computed.  Not by functions of somebody else, which
 * would run with the rights of whoever exports; they are refused anyway.
 */
Node *
sqm_export_fold(Node *node)
{
	return has_foreign_function(node, NULL) ? node :
		eval_const_expressions(NULL, node);
}

/* The first reason stays.  Always false, to be returned. */
bool
sqm_export_fail(SqmExportExpr *expr, const char *problem)
{
	if (expr->problem == NULL)
		expr->problem = problem;
	return false;
}

SqmExportClass
sqm_export_class(Oid type)
{
	static const struct
	{
		Oid			type;
		SqmExportClass class;
	}			classes[] =
	{
		{BOOLOID, SQM_CLASS_BOOLEAN},
		{INT2OID, SQM_CLASS_INTEGER}, {INT4OID, SQM_CLASS_INTEGER},
		{INT8OID, SQM_CLASS_INTEGER},
		{FLOAT4OID, SQM_CLASS_REAL}, {FLOAT8OID, SQM_CLASS_REAL},
		{NUMERICOID, SQM_CLASS_NUMBER},
		{TEXTOID, SQM_CLASS_TEXT}, {VARCHAROID, SQM_CLASS_TEXT},
		{BPCHAROID, SQM_CLASS_CHAR},
		{DATEOID, SQM_CLASS_DATE}, {TIMEOID, SQM_CLASS_TIME},
		{TIMESTAMPOID, SQM_CLASS_TIMESTAMP},
		{TIMESTAMPTZOID, SQM_CLASS_INSTANT},
		{BYTEAOID, SQM_CLASS_BYTES}, {UUIDOID, SQM_CLASS_UUID},
	};

	type = getBaseType(type);
	for (int i = 0; i < (int) lengthof(classes); i++)
		if (classes[i].type == type)
			return classes[i].class;
	return get_typtype(type) == TYPTYPE_ENUM ? SQM_CLASS_ENUM : SQM_CLASS_OTHER;
}

bool
sqm_export_list(SqmExportExpr *expr, List *nodes, const char *between)
{
	ListCell   *lc;

	foreach(lc, nodes)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(expr->out, between);
		if (!sqm_export_expr(expr, lfirst(lc)))
			return false;
	}
	return true;
}

static bool
put_wrapped(SqmExportExpr *expr, Node *node, const char *before,
			const char *after)
{
	appendStringInfoString(expr->out, before);
	if (!sqm_export_expr(expr, node))
		return false;
	appendStringInfoString(expr->out, after);
	return true;
}

static bool
put_boolean(SqmExportExpr *expr, BoolExpr *node)
{
	if (node->boolop == NOT_EXPR)
		return put_wrapped(expr, linitial(node->args), "(NOT ", ")");
	appendStringInfoChar(expr->out, '(');
	if (!sqm_export_list(expr, node->args,
						 node->boolop == AND_EXPR ? " AND " : " OR "))
		return false;
	appendStringInfoChar(expr->out, ')');
	return true;
}

static bool
put_null_test(SqmExportExpr *expr, NullTest *node)
{
	if (node->argisrow)
		return sqm_export_fail(expr, "a test of a row");
	return put_wrapped(expr, (Node *) node->arg, "(",
					   node->nulltesttype == IS_NULL ? " IS NULL)" :
					   " IS NOT NULL)");
}

static bool
put_truth_test(SqmExportExpr *expr, BooleanTest *node)
{
	static const char *const after[] = {
		[IS_TRUE] = " IS TRUE)",[IS_NOT_TRUE] = " IS NOT TRUE)",
		[IS_FALSE] = " IS FALSE)",[IS_NOT_FALSE] = " IS NOT FALSE)",
		[IS_UNKNOWN] = " IS NULL)",[IS_NOT_UNKNOWN] = " IS NOT NULL)"
	};

	return put_wrapped(expr, (Node *) node->arg, "(",
					   after[node->booltesttype]);
}

/* x = ANY (array of constants), x <> ALL (the same) */
static bool
put_in(SqmExportExpr *expr, ScalarArrayOpExpr *node)
{
	Node	   *element = linitial(node->args);
	Node	   *array = sqm_export_fold(lsecond(node->args));
	const char *name = get_opname(node->opno);
	CaseTestExpr probe = {.xpr.type = T_CaseTestExpr,.typeMod = -1};
	Const	   *values;

	while (IsA(array, RelabelType))
		array = (Node *) ((RelabelType *) array)->arg;
	values = (Const *) array;
	if (!IsA(array, Const) || values->constisnull || name == NULL ||
		strcmp(name, node->useOr ? "=" : "<>") != 0)
		return sqm_export_fail(expr, "a comparison with an array");
	probe.typeId = get_base_element_type(values->consttype);
	if (!sqm_export_comparable(expr, element, (Node *) &probe,
							   node->inputcollid, false))
		return false;
	appendStringInfoChar(expr->out, '(');
	if (!sqm_export_side(expr, element))
		return false;
	appendStringInfoString(expr->out, node->useOr ? " IN (" : " NOT IN (");
	if (!sqm_export_elements(expr, values))
		return false;
	appendStringInfoString(expr->out, "))");
	return true;
}

static bool
put_distinct(SqmExportExpr *expr, DistinctExpr *node)
{
	Node	   *left = linitial(node->args);
	Node	   *right = lsecond(node->args);

	if (!sqm_export_comparable(expr, left, right, node->inputcollid, false))
		return false;
	appendStringInfoChar(expr->out, '(');
	if (!sqm_export_side(expr, left))
		return false;
	appendStringInfoString(expr->out, " IS NOT ");
	if (!sqm_export_side(expr, right))
		return false;
	appendStringInfoChar(expr->out, ')');
	return true;
}

static bool
put_case(SqmExportExpr *expr, CaseExpr *node)
{
	Expr	   *outer = expr->case_value;
	ListCell   *lc;

	appendStringInfoString(expr->out, "(CASE");
	foreach(lc, node->args)
	{
		CaseWhen   *when = lfirst_node(CaseWhen, lc);

		/* of "CASE x WHEN 1" is made "CASE WHEN x = 1" */
		expr->case_value = node->arg;
		if (!put_wrapped(expr, (Node *) when->expr, " WHEN ", " THEN "))
			return false;
		expr->case_value = outer;
		if (!sqm_export_expr(expr, (Node *) when->result))
			return false;
	}
	if (node->defresult != NULL &&
		!put_wrapped(expr, (Node *) node->defresult, " ELSE ", ""))
		return false;
	appendStringInfoString(expr->out, " END)");
	return true;
}

static bool
put_case_value(SqmExportExpr *expr)
{
	Expr	   *value = expr->case_value;
	bool		done;

	if (value == NULL)
		return sqm_export_fail(expr, "an expression of PostgreSQL's own");
	expr->case_value = NULL;
	done = sqm_export_expr(expr, (Node *) value);
	expr->case_value = value;
	return done;
}

static bool
put_coalesce(SqmExportExpr *expr, CoalesceExpr *node)
{
	appendStringInfoString(expr->out, "coalesce(");
	/* SQLite wants two */
	if (list_length(node->args) == 1)
		appendStringInfoString(expr->out, "NULL, ");
	if (!sqm_export_list(expr, node->args, ", "))
		return false;
	appendStringInfoChar(expr->out, ')');
	return true;
}

static bool
put_nullif(SqmExportExpr *expr, NullIfExpr *node)
{
	if (!sqm_export_comparable(expr, linitial(node->args),
							   lsecond(node->args), node->inputcollid, false))
		return false;
	if (sqm_export_class(exprType(linitial(node->args))) == SQM_CLASS_CHAR)
		return sqm_export_fail(expr, "NULLIF() of type character");
	appendStringInfoString(expr->out, "nullif(");
	if (!sqm_export_list(expr, node->args, ", "))
		return false;
	appendStringInfoChar(expr->out, ')');
	return true;
}

/* A cast by way of the text form */
static bool
put_text_cast(SqmExportExpr *expr, CoerceViaIO *node)
{
	SqmExportClass from = sqm_export_class(exprType((Node *) node->arg));

	if (sqm_export_class(node->resulttype) == SQM_CLASS_TEXT)
	{
		/* a column declared UUID has the affinity of numbers */
		if (from == SQM_CLASS_INTEGER ||
			(from == SQM_CLASS_UUID && !expr->forms.short_uuids))
			return put_wrapped(expr, (Node *) node->arg, "CAST(", " AS TEXT)");
		if (from == SQM_CLASS_ENUM || from == SQM_CLASS_TEXT)
			return sqm_export_expr(expr, (Node *) node->arg);
	}
	return sqm_export_fail(expr, psprintf("a cast to type %s",
										  format_type_be(node->resulttype)));
}

/* A type that is stored alike: varchar and text, a domain and its base. */
static bool
put_relabelled(SqmExportExpr *expr, Node *arg, Oid type)
{
	if (sqm_export_class(exprType(arg)) != sqm_export_class(type))
		return sqm_export_fail(expr, psprintf("a cast to type %s",
											  format_type_be(type)));
	return sqm_export_expr(expr, arg);
}

static bool
put_value_function(SqmExportExpr *expr, SQLValueFunction *node)
{
	if (node->op == SVFOP_CURRENT_TIMESTAMP)
		return sqm_export_now(expr, SQM_CLASS_INSTANT);
	return sqm_export_fail(expr, "a value of the session's");
}

static bool
put_domain_value(SqmExportExpr *expr)
{
	if (expr->domain_value == NULL)
		return sqm_export_fail(expr, "VALUE outside of a domain");
	appendStringInfoString(expr->out, expr->domain_value);
	return true;
}

bool
sqm_export_expr(SqmExportExpr *expr, Node *node)
{
	check_stack_depth();
	switch (nodeTag(node))
	{
		case T_Const:
			return sqm_export_literal(expr, (Const *) node);
		case T_Var:
			return expr->variable(expr, (Var *) node);
		case T_OpExpr:
			return sqm_export_operator(expr, ((OpExpr *) node)->opno,
									   ((OpExpr *) node)->inputcollid,
									   ((OpExpr *) node)->args);
		case T_FuncExpr:
			return sqm_export_function(expr, (FuncExpr *) node);
		case T_BoolExpr:
			return put_boolean(expr, (BoolExpr *) node);
		case T_NullTest:
			return put_null_test(expr, (NullTest *) node);
		case T_BooleanTest:
			return put_truth_test(expr, (BooleanTest *) node);
		case T_ScalarArrayOpExpr:
			return put_in(expr, (ScalarArrayOpExpr *) node);
		case T_DistinctExpr:
			return put_distinct(expr, (DistinctExpr *) node);
		case T_NullIfExpr:
			return put_nullif(expr, (NullIfExpr *) node);
		case T_CaseExpr:
			return put_case(expr, (CaseExpr *) node);
		case T_CaseTestExpr:
			return put_case_value(expr);
		case T_CoalesceExpr:
			return put_coalesce(expr, (CoalesceExpr *) node);
		case T_RelabelType:
			return put_relabelled(expr, (Node *) ((RelabelType *) node)->arg,
								  ((RelabelType *) node)->resulttype);
		case T_CoerceToDomain:
			return put_relabelled(expr, (Node *) ((CoerceToDomain *) node)->arg,
								  ((CoerceToDomain *) node)->resulttype);
		case T_CoerceToDomainValue:
			return put_domain_value(expr);
		case T_CoerceViaIO:
			return put_text_cast(expr, (CoerceViaIO *) node);
		case T_CollateExpr:
			return sqm_export_expr(expr, (Node *) ((CollateExpr *) node)->arg);
		case T_SQLValueFunction:
			return put_value_function(expr, (SQLValueFunction *) node);
		default:
			if (expr->other != NULL)
				return expr->other(expr, node);
			return sqm_export_fail(expr, "an expression of PostgreSQL's own");
	}
}

/* ---------------------------------------------------------------------
 * Expressions of tables: checks, defaults, generated columns, indexes
 * ---------------------------------------------------------------------
 */

/* The columns of one table, by number */
typedef struct TableColumns
{
	List	   *names;			/* quoted; NULL: not there */
	List	   *kinds;			/* as in export_value.c */
} TableColumns;

static bool
table_variable(SqmExportExpr *expr, Var *var)
{
	TableColumns *columns = (TableColumns *) expr->arg;
	int			i = var->varattno - 1;
	const char *name;

	if (i < 0 || i >= list_length(columns->names) ||
		(name = list_nth(columns->names, i)) == NULL ||
		list_nth(columns->kinds, i) == NULL)
		return sqm_export_fail(expr, "a column that is not exported");
	if (sqm_export_class(var->vartype) == SQM_CLASS_NUMBER &&
		strcmp(list_nth(columns->kinds, i), "number") != 0)
		return sqm_export_fail(expr, psprintf("column %s, which is a number here and text there",
											  name));
	appendStringInfoString(expr->out, name);
	return true;
}

/*
 * sq2pg.export_expression(expression pg_node_tree, names text[], kinds text[],
 *						   may_change boolean, domain_value text,
 *						   six_digits boolean, naive_instants boolean,
 *						   short_uuids boolean, OUT sql text, OUT problem text)
 *
 * expression: one, or a list
 */
Datum
sqm_export_expression(PG_FUNCTION_ARGS)
{
	TableColumns columns;
	SqmExportExpr expr = {0};
	StringInfoData out;
	Node	   *node;
	SqmRow		row;

	sqm_row_begin(fcinfo, &row);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	for (int i = 1; i <= 7; i++)
		if (i != 4 && PG_ARGISNULL(i))
			elog(ERROR, "argument %d must not be null", i + 1);
	node = stringToNode(sqm_arg_text(fcinfo, 0));
	columns.names = sqm_array_strings_or_null(PG_GETARG_ARRAYTYPE_P(1));
	columns.kinds = sqm_array_strings_or_null(PG_GETARG_ARRAYTYPE_P(2));
	if (list_length(columns.kinds) != list_length(columns.names))
		elog(ERROR, "arrays of different lengths");
	if (node == NULL)
		return (Datum) 0;
	initStringInfo(&out);
	expr.out = &out;
	expr.may_change = PG_GETARG_BOOL(3);
	expr.domain_value = sqm_arg_text(fcinfo, 4);
	expr.forms.six_digits = PG_GETARG_BOOL(5);
	expr.forms.naive_instants = PG_GETARG_BOOL(6);
	expr.forms.short_uuids = PG_GETARG_BOOL(7);
	expr.variable = table_variable;
	expr.arg = &columns;
	if (!IsA(node, List))
		node = (Node *) list_make1(node);
	{
		ListCell   *lc;

		foreach(lc, (List *) node)
		{
			resetStringInfo(&out);
			expr.problem = NULL;
			if (sqm_export_expr(&expr, sqm_export_fold(lfirst(lc))))
			{
				sqm_row_text(&row, out.data);
				sqm_row_null(&row);
			}
			else
			{
				sqm_row_null(&row);
				sqm_row_text(&row, expr.problem);
			}
			sqm_row_emit(&row);
		}
	}
	return (Datum) 0;
}
