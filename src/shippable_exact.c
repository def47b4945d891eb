/*-------------------------------------------------------------------------
 *
 * shippable_exact.c
 *		Which expressions give the same in SQLite, of plain values?
 *
 * Arithmetic of integers, comparisons, CASE, COALESCE and a few functions, of
 * columns whose values are plain; a condition of them lets every row pass that
 * has another one (see shippable.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/transam.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "shippable_part.h"

/* abs() writes its argument twice: within each other they grow fast. */
#define MAX_LENGTH (64 * 1024)

static bool ship_exact(SqmShip *ship, Expr *expr, StringInfo out);

static bool
ship_exact_column(SqmShip *ship, Var *var, StringInfo out)
{
	SqmKind		kind = sqm_kind_of_type(var->vartype);

	if (kind == KIND_NONE || kind == KIND_NUMERIC || kind == KIND_DAY ||
		sqm_ship_column(ship, var)->empty_is_null ||
		(kind == KIND_TEXT && !sqm_ship_texts_alike(ship, var)))
		return false;
	sqm_ship_touch(ship, var);
	sqm_ship_bare_reference(ship, var, out);
	return true;
}

static bool
ship_exact_value(SqmShip *ship, Expr *expr, StringInfo out)
{
	SqmKind		kind = sqm_kind_of_type(exprType((Node *) expr));

	if (kind == KIND_NONE || kind == KIND_NUMERIC || kind == KIND_DAY ||
		(kind == KIND_TEXT && GetDatabaseEncoding() != PG_UTF8) ||
		!sqm_ship_is_external(ship, expr))
		return false;
	sqm_ship_bind(ship, expr, sqm_ship_bind_kind(kind), out);
	return true;
}

/* "(a op b)", both exact */
static bool
ship_exact_pair(SqmShip *ship, List *args, const char *op, const char *collate,
				StringInfo out)
{
	appendStringInfoChar(out, '(');
	if (!ship_exact(ship, linitial(args), out))
		return false;
	appendStringInfo(out, "%s %s ", collate, op);
	if (!ship_exact(ship, lsecond(args), out))
		return false;
	appendStringInfoChar(out, ')');
	return true;
}

/*
 * +, - and * of integers: SQLite's are those of int8 but for an overflow,
 * which is an error in PostgreSQL and may disappear here.
 */
static bool
ship_arithmetic(SqmShip *ship, OpExpr *op, StringInfo out)
{
	char	   *name = get_opname(op->opno);

	if (op->opno >= FirstGenbkiObjectId || name == NULL ||
		strlen(name) != 1 || strchr("+-*", name[0]) == NULL ||
		list_length(op->args) != 2 ||
		sqm_kind_of_type(op->opresulttype) != KIND_INTEGER ||
		sqm_kind_of_type(exprType(linitial(op->args))) != KIND_INTEGER ||
		sqm_kind_of_type(exprType(lsecond(op->args))) != KIND_INTEGER)
		return false;
	return ship_exact_pair(ship, op->args, name, "", out);
}

static bool
ship_exact_operator(SqmShip *ship, OpExpr *op, StringInfo out)
{
	SqmKind		kind;
	int			strategy;
	bool		order;

	if (list_length(op->args) != 2)
		return false;
	if (sqm_kind_of_type(op->opresulttype) == KIND_INTEGER)
		return ship_arithmetic(ship, op, out);
	kind = sqm_kind_of_type(exprType((Node *) sqm_ship_strip(linitial(op->args))));
	strategy = sqm_ship_strategy(op->opno, kind);
	if (strategy == 0 || kind == KIND_NUMERIC || kind == KIND_DAY ||
		sqm_kind_of_type(exprType((Node *) sqm_ship_strip(lsecond(op->args)))) != kind)
		return false;
	order = strategy != BTEqualStrategyNumber && strategy != STRATEGY_NOT_EQUAL;
	if (kind == KIND_TEXT && !sqm_collation_is_bytes(op->inputcollid, order))
		return false;
	return ship_exact_pair(ship, op->args, sqm_operator_word(strategy),
						   kind == KIND_TEXT ? " COLLATE BINARY" : "", out);
}

static bool
ship_exact_list(SqmShip *ship, List *args, const char *separator,
				StringInfo out)
{
	ListCell   *lc;

	foreach(lc, args)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(out, separator);
		if (!ship_exact(ship, lfirst(lc), out))
			return false;
	}
	return true;
}

static bool
ship_exact_boolean(SqmShip *ship, BoolExpr *expr, StringInfo out)
{
	bool		done;

	appendStringInfoString(out, expr->boolop == NOT_EXPR ? "(NOT " : "(");
	done = ship_exact_list(ship, expr->args,
						   expr->boolop == OR_EXPR ? " OR " : " AND ", out);
	appendStringInfoChar(out, ')');
	return done;
}

static bool
ship_exact_case(SqmShip *ship, CaseExpr *expr, StringInfo out)
{
	ListCell   *lc;

	if (expr->arg != NULL || expr->defresult == NULL)
		return false;
	appendStringInfoString(out, "CASE");
	foreach(lc, expr->args)
	{
		CaseWhen   *when = lfirst_node(CaseWhen, lc);

		appendStringInfoString(out, " WHEN ");
		if (!ship_exact(ship, when->expr, out))
			return false;
		appendStringInfoString(out, " THEN ");
		if (!ship_exact(ship, when->result, out))
			return false;
	}
	appendStringInfoString(out, " ELSE ");
	if (!ship_exact(ship, expr->defresult, out))
		return false;
	appendStringInfoString(out, " END");
	return true;
}

/*
 * |a| without SQLite's abs(), which has an error for one number: an error must
 * not come up in SQLite that PostgreSQL might not have met.
 */
static bool
ship_absolute(SqmShip *ship, Expr *arg, StringInfo out)
{
	appendStringInfoString(out, "max(");
	if (!ship_exact(ship, arg, out))
		return false;
	appendStringInfoString(out, ", -");
	if (!ship_exact(ship, arg, out))
		return false;
	appendStringInfoChar(out, ')');
	return true;
}

/*
 * abs() and length(); casts between integer types, which only check a range.
 */
static bool
ship_exact_function(SqmShip *ship, FuncExpr *expr, StringInfo out)
{
	const char *name = NULL;

	switch (expr->funcid)
	{
		case F_ABS_INT2:
		case F_ABS_INT4:
		case F_ABS_INT8:
			return ship_absolute(ship, linitial(expr->args), out);
		case F_LENGTH_TEXT:
		case F_CHAR_LENGTH_TEXT:
		case F_CHARACTER_LENGTH_TEXT:
			name = "length(";
			break;
		default:
			if (expr->funcid >= FirstGenbkiObjectId ||
				(expr->funcformat != COERCE_IMPLICIT_CAST &&
				 expr->funcformat != COERCE_EXPLICIT_CAST) ||
				list_length(expr->args) != 1 ||
				sqm_kind_of_type(expr->funcresulttype) != KIND_INTEGER ||
				sqm_kind_of_type(exprType(linitial(expr->args))) != KIND_INTEGER)
				return false;
			name = "(";
	}
	appendStringInfoString(out, name);
	if (!ship_exact(ship, linitial(expr->args), out))
		return false;
	appendStringInfoChar(out, ')');
	return true;
}

static bool
ship_exact_null_test(SqmShip *ship, NullTest *test, StringInfo out)
{
	if (test->argisrow)
		return false;
	appendStringInfoChar(out, '(');
	if (!ship_exact(ship, test->arg, out))
		return false;
	appendStringInfoString(out, test->nulltesttype == IS_NULL ?
						   " IS NULL)" : " IS NOT NULL)");
	return true;
}

/*
 * An expression that gives the same in SQLite wherever the columns in it are
 * plain.  The columns are added to those of "ship".
 */
static bool
ship_exact(SqmShip *ship, Expr *expr, StringInfo out)
{
	Var		   *var;

	check_stack_depth();
	if (out->len > MAX_LENGTH)
		return false;
	expr = sqm_ship_strip(expr);
	var = sqm_ship_as_column(ship, expr);
	if (var != NULL)
		return ship_exact_column(ship, var, out);
	if (sqm_ship_is_external(ship, expr))
		return ship_exact_value(ship, expr, out);
	switch (nodeTag(expr))
	{
		case T_OpExpr:
			return ship_exact_operator(ship, (OpExpr *) expr, out);
		case T_BoolExpr:
			return ship_exact_boolean(ship, (BoolExpr *) expr, out);
		case T_CaseExpr:
			return ship_exact_case(ship, (CaseExpr *) expr, out);
		case T_FuncExpr:
			return ship_exact_function(ship, (FuncExpr *) expr, out);
		case T_NullTest:
			return ship_exact_null_test(ship, (NullTest *) expr, out);
		case T_CoalesceExpr:
			{
				CoalesceExpr *coalesce = (CoalesceExpr *) expr;

				if (list_length(coalesce->args) < 2)
					return false;
				appendStringInfoString(out, "coalesce(");
				if (!ship_exact_list(ship, coalesce->args, ", ", out))
					return false;
				appendStringInfoChar(out, ')');
				return true;
			}
		default:
			return false;
	}
}

/* An exact condition, or a value in it that is not plain. */
bool
sqm_ship_guarded(SqmShip *ship, Expr *expr, StringInfo out)
{
	List	   *before = ship->columns;
	List	   *guarded = NIL;
	ListCell   *lc;
	bool		done;

	ship->columns = NIL;
	appendStringInfoChar(out, '(');
	done = ship_exact(ship, expr, out);
	foreach(lc, ship->columns)
	{
		Var		   *var = lfirst_node(Var, lc);

		if (sqm_column_is_sure(sqm_ship_column(ship, var)) ||
			list_member(guarded, var))
			continue;
		guarded = lappend(guarded, var);
		appendStringInfoString(out, " OR ");
		sqm_ship_trap(ship, var, out);
	}
	appendStringInfoChar(out, ')');
	ship->columns = list_concat(list_copy(before), ship->columns);
	return done;
}
