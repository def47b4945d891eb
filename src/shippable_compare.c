/*-------------------------------------------------------------------------
 *
 * shippable_compare.c
 *		How is a column compared with a value so that an index serves?
 *
 * Comparisons, LIKE, lists, tests for NULL and truth: each written for the
 * storage class that the column's type comes from, and letting all others pass
 * (see shippable.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "shippable_part.h"

/* Longer lists are compared by PostgreSQL alone. */
#define MAX_LIST 1000

/* How a comparison of this kind names the column, or NULL: it cannot be. */
static char *
comparable_reference(SqmShip *ship, Var *var, SqmKind kind, bool order)
{
	SqmForeignColumn *column = sqm_ship_column(ship, var);
	StringInfoData ref;
	bool		bare = column->affinity == SQM_AFFINITY_UNKNOWN;

	switch (kind)
	{
		case KIND_INTEGER:
		case KIND_BOOLEAN:
		case KIND_REAL:
		case KIND_NUMERIC:
			/* there every value is text, and would pass */
			if (column->affinity == SQM_AFFINITY_TEXT)
				return NULL;
			break;
		case KIND_TEXT:
			if (!sqm_ship_texts_alike(ship, var))
				return NULL;
			/* '12' would be taken for a number */
			bare = bare || column->affinity == SQM_AFFINITY_NUMBER;
			break;
		case KIND_BLOB:
			break;
		case KIND_DAY:
			bare = true;
			break;
		default:
			return NULL;
	}
	initStringInfo(&ref);
	if (bare)
		sqm_ship_bare_reference(ship, var, &ref);
	else
		sqm_ship_reference(ship, var, &ref);
	return ref.data;
}

/*
 * A numeric column holds doubles that stand for their shortest decimals, maybe
 * less some binary noise; a range around the nearest double is safe.
 */
static bool
ship_numeric(SqmShip *ship, const char *ref, int strategy, Expr *value,
			 StringInfo out)
{
	if (strategy == STRATEGY_NOT_EQUAL)
		return false;
	ship->lossy = true;
	if (strategy >= BTEqualStrategyNumber)
	{
		appendStringInfo(out, "%s >= ", ref);
		sqm_ship_bind(ship, value, SQM_BIND_NUMERIC_LOW, out);
	}
	if (strategy == BTEqualStrategyNumber)
		appendStringInfoString(out, " AND ");
	if (strategy <= BTEqualStrategyNumber)
	{
		appendStringInfo(out, "%s <= ", ref);
		sqm_ship_bind(ship, value, SQM_BIND_NUMERIC_HIGH, out);
	}
	return true;
}

/*
 * Dates and times that are text begin with YYYY-MM-DD, or with a longer year
 * and then have no hyphen as their fifth character; a day is precise enough
 * to spare most rows.  Numbers may be moments, too, and pass.
 */
static bool
ship_day(SqmShip *ship, const char *ref, int strategy, Expr *value,
		 StringInfo out)
{
	if (strategy == STRATEGY_NOT_EQUAL)
		return false;
	ship->lossy = true;
	appendStringInfo(out, "CASE typeof(%s) WHEN 'text' THEN substr(%s, 5, 1) <> '-' OR (",
					 ref, ref);
	if (strategy >= BTEqualStrategyNumber)
	{
		appendStringInfo(out, "%s COLLATE BINARY >= ", ref);
		sqm_ship_bind(ship, value, SQM_BIND_FIRST_DAY, out);
	}
	if (strategy == BTEqualStrategyNumber)
		appendStringInfoString(out, " AND ");
	if (strategy <= BTEqualStrategyNumber)
	{
		appendStringInfo(out, "%s COLLATE BINARY < ", ref);
		sqm_ship_bind(ship, value, SQM_BIND_DAY_AFTER, out);
	}
	appendStringInfoString(out, ") WHEN 'null' THEN 0 ELSE 1 END");
	return true;
}

/* "column operator value" */
static bool
ship_column_value(SqmShip *ship, Var *var, int strategy, Oid collation,
				  Expr *value, StringInfo out)
{
	SqmKind		kind = sqm_kind_of_type(var->vartype);
	bool		order = strategy != BTEqualStrategyNumber &&
		strategy != STRATEGY_NOT_EQUAL;
	char	   *ref = comparable_reference(ship, var, kind, order);
	bool		done = true;

	if (ref == NULL ||
		(kind == KIND_TEXT && !sqm_collation_is_bytes(collation, order)))
		return false;
	/* dates against timestamps change with the session's zone */
	if (sqm_kind_of_type(exprType((Node *) value)) != kind ||
		(kind == KIND_DAY && exprType((Node *) value) != var->vartype))
		return false;
	sqm_ship_touch(ship, var);
	appendStringInfoChar(out, '(');
	if (kind == KIND_NUMERIC)
		done = ship_numeric(ship, ref, strategy, value, out);
	else if (kind == KIND_DAY)
		done = ship_day(ship, ref, strategy, value, out);
	else
	{
		appendStringInfo(out, "%s%s %s ", ref,
						 kind == KIND_TEXT ? " COLLATE BINARY" : "",
						 sqm_operator_word(strategy));
		sqm_ship_bind(ship, value, sqm_ship_bind_kind(kind), out);
	}
	sqm_ship_let_odd_pass(kind, sqm_ship_column(ship, var), ref, out);
	appendStringInfoChar(out, ')');
	return done;
}

static bool
ship_comparison(SqmShip *ship, OpExpr *op, StringInfo out)
{
	Expr	   *left = linitial(op->args);
	Expr	   *right = lsecond(op->args);
	Oid			opno = op->opno;
	Var		   *var = sqm_ship_as_column(ship, left);
	int			strategy;

	if (var == NULL)
	{
		var = sqm_ship_as_column(ship, right);
		right = left;
		opno = get_commutator(opno);
	}
	if (var == NULL || !OidIsValid(opno) || !sqm_ship_is_external(ship, right))
		return false;
	strategy = sqm_ship_strategy(opno, sqm_kind_of_type(var->vartype));
	if (strategy == 0)
		return false;
	return ship_column_value(ship, var, strategy, op->inputcollid,
							 sqm_ship_strip(right), out);
}

/* Two columns of integers that nothing else can be, or be taken for. */
static bool
is_integer_column(SqmShip *ship, Var *var)
{
	return var != NULL && sqm_kind_of_type(var->vartype) == KIND_INTEGER &&
		sqm_ship_column(ship, var)->affinity == SQM_AFFINITY_NUMBER;
}

bool
sqm_ship_columns(SqmShip *ship, OpExpr *op, StringInfo out)
{
	Var		   *left = sqm_ship_as_column(ship, linitial(op->args));
	Var		   *right = sqm_ship_as_column(ship, lsecond(op->args));
	int			strategy = sqm_ship_strategy(op->opno, KIND_INTEGER);

	if (strategy == 0 || !is_integer_column(ship, left) ||
		!is_integer_column(ship, right))
		return false;
	sqm_ship_touch(ship, left);
	sqm_ship_touch(ship, right);
	sqm_ship_reference(ship, left, out);
	appendStringInfo(out, " %s ", sqm_operator_word(strategy));
	sqm_ship_reference(ship, right, out);
	return true;
}

/*
 * LIKE is SQLite's GLOB: the same but for the wildcards.  (SQLite's own LIKE
 * takes letters of both cases for the same.)
 */
static bool
ship_like(SqmShip *ship, OpExpr *op, StringInfo out)
{
	Var		   *var = sqm_ship_as_column(ship, linitial(op->args));
	Expr	   *pattern = lsecond(op->args);
	bool		negated = op->opno != OID_TEXT_LIKE_OP;
	char	   *ref;

	if (negated && get_negator(op->opno) != OID_TEXT_LIKE_OP)
		return false;
	if (var == NULL || sqm_kind_of_type(var->vartype) != KIND_TEXT ||
		!sqm_ship_is_external(ship, pattern) ||
		!sqm_collation_is_bytes(op->inputcollid, false))
		return false;
	ref = comparable_reference(ship, var, KIND_TEXT, false);
	if (ref == NULL)
		return false;
	sqm_ship_touch(ship, var);
	appendStringInfo(out, "(%s %sGLOB ", ref, negated ? "NOT " : "");
	sqm_ship_bind(ship, pattern, SQM_BIND_GLOB, out);
	sqm_ship_let_odd_pass(KIND_TEXT, sqm_ship_column(ship, var), ref, out);
	appendStringInfoChar(out, ')');
	return true;
}

/* The elements of a constant list as constants; NIL where it has too many. */
static List *
list_elements(Const *array, bool *has_null)
{
	ArrayType  *value = DatumGetArrayTypeP(array->constvalue);
	Oid			type = ARR_ELEMTYPE(value);
	int16		length;
	bool		byval;
	char		align;
	Datum	   *datums;
	bool	   *nulls;
	int			count;
	List	   *elements = NIL;

	*has_null = false;
	if (ArrayGetNItems(ARR_NDIM(value), ARR_DIMS(value)) > MAX_LIST)
		return NIL;
	get_typlenbyvalalign(type, &length, &byval, &align);
	deconstruct_array(value, type, length, byval, align, &datums, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			*has_null = true;
		else
			elements = lappend(elements,
							   makeConst(type, -1, array->constcollid, length,
										 datums[i], false, byval));
	}
	return elements;
}

/* "column IN (list)", "column NOT IN (list)" */
static bool
ship_list(SqmShip *ship, ScalarArrayOpExpr *op, StringInfo out)
{
	Var		   *var = sqm_ship_as_column(ship, linitial(op->args));
	Const	   *array = (Const *) sqm_ship_strip(lsecond(op->args));
	SqmKind		kind;
	int			strategy;
	char	   *ref;
	List	   *elements;
	bool		has_null;
	ListCell   *lc;

	if (var == NULL || !IsA(array, Const) || array->constisnull)
		return false;
	kind = sqm_kind_of_type(var->vartype);
	strategy = sqm_ship_strategy(op->opno, kind);
	if (strategy != (op->useOr ? BTEqualStrategyNumber : STRATEGY_NOT_EQUAL) ||
		kind == KIND_NUMERIC || kind == KIND_DAY ||
		(kind == KIND_TEXT && !sqm_collation_is_bytes(op->inputcollid, false)))
		return false;
	elements = list_elements(array, &has_null);
	if (elements == NIL || (has_null && !op->useOr) ||
		sqm_kind_of_type(exprType(linitial(elements))) != kind)
		return false;
	ref = comparable_reference(ship, var, kind, false);
	if (ref == NULL)
		return false;
	sqm_ship_touch(ship, var);
	appendStringInfo(out, "(%s%s %s (", ref,
					 kind == KIND_TEXT ? " COLLATE BINARY" : "",
					 op->useOr ? "IN" : "NOT IN");
	foreach(lc, elements)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(out, ", ");
		sqm_ship_bind(ship, lfirst(lc), sqm_ship_bind_kind(kind), out);
	}
	appendStringInfoChar(out, ')');
	sqm_ship_let_odd_pass(kind, sqm_ship_column(ship, var), ref, out);
	appendStringInfoChar(out, ')');
	return true;
}

/* A boolean column that must be true, or must be false. */
static bool
ship_boolean(SqmShip *ship, Expr *expr, bool truth, bool or_null,
			 StringInfo out)
{
	Var		   *var = sqm_ship_as_column(ship, expr);
	char	   *ref;

	if (var == NULL || var->vartype != BOOLOID)
		return false;
	ref = comparable_reference(ship, var, KIND_BOOLEAN, false);
	if (ref == NULL)
		return false;
	sqm_ship_touch(ship, var);
	if (or_null)
		appendStringInfo(out, "(%s IS NOT %d", ref, truth ? 0 : 1);
	else
		appendStringInfo(out, "(%s = %d", ref, truth ? 1 : 0);
	sqm_ship_let_odd_pass(KIND_BOOLEAN, sqm_ship_column(ship, var), ref, out);
	if (or_null && sqm_ship_column(ship, var)->empty_is_null)
		ship->lossy = true;
	appendStringInfoChar(out, ')');
	return true;
}

static bool
ship_boolean_test(SqmShip *ship, BooleanTest *test, StringInfo out)
{
	switch (test->booltesttype)
	{
		case IS_TRUE:
			return ship_boolean(ship, test->arg, true, false, out);
		case IS_FALSE:
			return ship_boolean(ship, test->arg, false, false, out);
		case IS_NOT_TRUE:
			return ship_boolean(ship, test->arg, false, true, out);
		case IS_NOT_FALSE:
			return ship_boolean(ship, test->arg, true, true, out);
		default:
			return false;
	}
}

/*
 * A value that is not NULL converts to one that is not, or to an error; only
 * a domain may judge otherwise.
 */
static bool
ship_null_test(SqmShip *ship, NullTest *test, StringInfo out)
{
	Var		   *var = sqm_ship_as_column(ship, test->arg);
	SqmForeignColumn *column;

	if (var == NULL || test->argisrow ||
		get_typtype(var->vartype) == TYPTYPE_DOMAIN)
		return false;
	column = sqm_ship_column(ship, var);
	appendStringInfoChar(out, '(');
	sqm_ship_reference(ship, var, out);
	if (test->nulltesttype == IS_NULL)
	{
		appendStringInfoString(out, " IS NULL");
		if (column->empty_is_null)
		{
			appendStringInfoString(out, " OR ");
			sqm_ship_bare_reference(ship, var, out);
			appendStringInfoString(out, " = ''");
		}
	}
	else
		appendStringInfoString(out, " IS NOT NULL");
	if (column->empty_is_null)
		ship->lossy = true;
	appendStringInfoChar(out, ')');
	return true;
}

/* A condition of one of these forms */
bool
sqm_ship_simple(SqmShip *ship, Expr *expr, StringInfo out)
{
	switch (nodeTag(expr))
	{
		case T_OpExpr:
			{
				OpExpr	   *op = (OpExpr *) expr;
				int			length = out->len;

				if (list_length(op->args) != 2)
					return false;
				if (sqm_ship_columns(ship, op, out) || ship_comparison(ship, op, out))
					return true;
				out->len = length;
				return ship_like(ship, op, out);
			}
		case T_ScalarArrayOpExpr:
			return ship_list(ship, (ScalarArrayOpExpr *) expr, out);
		case T_NullTest:
			return ship_null_test(ship, (NullTest *) expr, out);
		case T_BooleanTest:
			return ship_boolean_test(ship, (BooleanTest *) expr, out);
		case T_Var:
			return ship_boolean(ship, expr, true, false, out);
		case T_BoolExpr:
			return ((BoolExpr *) expr)->boolop == NOT_EXPR &&
				ship_boolean(ship, linitial(((BoolExpr *) expr)->args), false,
							 false, out);
		default:
			return false;
	}
}
