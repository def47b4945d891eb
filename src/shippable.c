/*-------------------------------------------------------------------------
 *
 * shippable.c
 *		Which conditions may SQLite evaluate, too, and how are they written?
 *
 * The rule: SQLite must keep every row whose converted value (value.c)
 * satisfies the condition.  It may keep more, for PostgreSQL evaluates the
 * condition again wherever SQLite's answer is not certain to be the same.  So
 * each comparison is written for the storage class that the column's type
 * comes from ("plain" values), and lets the others pass unseen ("odd" ones):
 *
 *	integer = ?			c = ?1 OR c >= ''				text may spell a number
 *	text = ?			c COLLATE BINARY = ?1 OR c < '' OR c >= x''
 *	boolean				c = 1 OR c >= ''				'true', 't', 'yes' ...
 *	numeric < ?			c <= ?1 OR c >= ''				?1 is no smaller double
 *	timestamp < ?		prefix of text < the day after ?1, or no usual text
 *
 * NULL < numbers < '' <= text < x'' <= blobs is SQLite's order of classes, and
 * an index serves each of these terms.  Terms that cannot match anything are
 * left out: text in a column of numeric affinity is not what PostgreSQL takes
 * for an integer, or SQLite would have stored an integer.
 *
 * What may differ, and is allowed to: a value that its column's type cannot
 * hold is an error where it is read, and SQLite may leave its row out before
 * anybody reads it.  An error may disappear that way; an answer never changes.
 *
 * Text is compared where both sides compare bytes: equality under a
 * deterministic collation, order under "C", both in UTF-8.  What is not a
 * column is evaluated by PostgreSQL and bound, never pasted, once a scan, as
 * the keys of an index scan are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_opfamily.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "shippable_part.h"

bool		sqm_pushdown = true;

void
sqm_ship_define_settings(void)
{
	DefineCustomBoolVariable("sqlite_fdw_mig.pushdown",
							 "Lets SQLite evaluate conditions, order, aggregates and joins of foreign tables.",
							 "Off, only columns are chosen there. The answers are the same.",
							 &sqm_pushdown,
							 true,
							 PGC_USERSET, 0,
							 NULL, NULL, NULL);
}

void
sqm_ship_init(SqmShip *ship, PlannerInfo *root, Relids relids)
{
	memset(ship, 0, sizeof(SqmShip));
	ship->root = root;
	ship->relids = relids;
	ship->many = bms_membership(relids) == BMS_MULTIPLE;
}

void
sqm_ship_reset(SqmShip *ship)
{
	ship->lossy = false;
	ship->columns = NIL;
}
/* ---------------------------------------------------------------------
 * Conditions
 * ---------------------------------------------------------------------
 */

typedef bool (*Writer) (SqmShip *ship, Expr *expr, StringInfo out);

/* Let it write, and take everything back if it cannot. */
static bool
attempt(SqmShip *ship, Writer writer, Expr *expr, StringInfo out)
{
	SqmShip		before = *ship;
	int			length = out->len;

	before.params = list_copy(ship->params);
	before.kinds = list_copy(ship->kinds);
	before.columns = list_copy(ship->columns);
	if (writer(ship, expr, out))
		return true;
	*ship = before;
	out->len = length;
	out->data[length] = '\0';
	return false;
}

static bool ship_condition(SqmShip *ship, Expr *expr, StringInfo out);

/* Of a conjunction any part helps. */
static bool
ship_and(SqmShip *ship, BoolExpr *expr, StringInfo out)
{
	bool		any = false;
	ListCell   *lc;

	appendStringInfoChar(out, '(');
	foreach(lc, expr->args)
	{
		int			length = out->len;

		if (any)
			appendStringInfoString(out, " AND ");
		if (attempt(ship, ship_condition, lfirst(lc), out))
			any = true;
		else
		{
			ship->lossy = true;
			out->len = length;
			out->data[length] = '\0';
		}
	}
	appendStringInfoChar(out, ')');
	return any;
}

static bool
ship_or(SqmShip *ship, BoolExpr *expr, StringInfo out)
{
	ListCell   *lc;

	appendStringInfoChar(out, '(');
	foreach(lc, expr->args)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(out, " OR ");
		if (!ship_condition(ship, lfirst(lc), out))
			return false;
	}
	appendStringInfoChar(out, ')');
	return true;
}

static bool
ship_condition(SqmShip *ship, Expr *expr, StringInfo out)
{
	check_stack_depth();
	if (is_andclause(expr))
		return ship_and(ship, (BoolExpr *) expr, out);
	if (is_orclause(expr))
		return attempt(ship, (Writer) ship_or, expr, out) ||
			attempt(ship, sqm_ship_guarded, expr, out);
	return attempt(ship, sqm_ship_simple, expr, out) ||
		attempt(ship, sqm_ship_guarded, expr, out);
}

/*
 * Write a condition for SQLite that holds for every row for which "clause"
 * does.  False, and nothing written, if there is none.
 */
bool
sqm_ship_clause(SqmShip *ship, Expr *clause, StringInfo out)
{
	if (!sqm_pushdown ||
		!bms_overlap(pull_varnos(ship->root, (Node *) clause), ship->relids))
		return false;
	return attempt(ship, ship_condition, clause, out);
}

/*
 * "a = b" of columns of two tables, if it holds in SQLite for the same pairs
 * of rows, so that it may decide how they are joined.
 */
bool
sqm_ship_key_equality(SqmShip *ship, Expr *clause, StringInfo out)
{
	OpExpr	   *op = (OpExpr *) clause;
	Var		   *left;
	Var		   *right;

	if (!IsA(clause, OpExpr) || list_length(op->args) != 2)
		return false;
	left = sqm_ship_as_column(ship, linitial(op->args));
	right = sqm_ship_as_column(ship, lsecond(op->args));
	return left != NULL && right != NULL && left->varno != right->varno &&
		sqm_ship_strategy(op->opno, KIND_INTEGER) == BTEqualStrategyNumber &&
		sqm_ship_columns(ship, op, out);
}

/*
 * Will SQLite look a shipped condition up in an index?  A guess, for costs.
 */
bool
sqm_ship_uses_index(SqmShip *ship, Expr *clause)
{
	List	   *args;
	Var		   *var;
	SqmForeignColumn *column;
	SqmKind		kind;

	if (IsA(clause, OpExpr))
		args = ((OpExpr *) clause)->args;
	else if (IsA(clause, ScalarArrayOpExpr) && ((ScalarArrayOpExpr *) clause)->useOr)
		args = ((ScalarArrayOpExpr *) clause)->args;
	else
		return false;
	if (list_length(args) != 2)
		return false;
	var = sqm_ship_as_column(ship, linitial(args));
	if (var == NULL)
		var = sqm_ship_as_column(ship, lsecond(args));
	if (var == NULL)
		return false;
	column = sqm_ship_column(ship, var);
	kind = sqm_kind_of_type(column->type);
	if (!column->leads_index || kind == KIND_NONE || kind == KIND_DAY)
		return false;
	if (kind == KIND_TEXT &&
		(!column->leads_bytes || column->affinity == SQM_AFFINITY_NUMBER))
		return false;
	return !IsA(clause, OpExpr) ||
		sqm_ship_strategy(((OpExpr *) clause)->opno, kind) != STRATEGY_NOT_EQUAL;
}

/* Is a shipped condition the equality of a unique column with a value? */
bool
sqm_ship_finds_one(SqmShip *ship, Expr *clause)
{
	OpExpr	   *op = (OpExpr *) clause;
	Var		   *var;

	if (!IsA(clause, OpExpr) || list_length(op->args) != 2)
		return false;
	var = sqm_ship_as_column(ship, linitial(op->args));
	if (var == NULL)
		var = sqm_ship_as_column(ship, lsecond(op->args));
	return var != NULL && sqm_ship_column(ship, var)->is_unique &&
		sqm_ship_strategy(op->opno, sqm_kind_of_type(var->vartype)) == BTEqualStrategyNumber &&
		sqm_ship_uses_index(ship, clause);
}
/* ---------------------------------------------------------------------
 * Order and groups
 * ---------------------------------------------------------------------
 */

/* Does SQLite bring the rows into the same order?  (NULLs are told where.) */
bool
sqm_ship_can_order(SqmShip *ship, Var *var, Oid family, Oid collation)
{
	SqmForeignColumn *column = sqm_ship_column(ship, var);

	if (!column->found || !sqm_column_is_sure(column) ||
		sqm_kind_family(sqm_kind_of_type(column->type)) != family)
		return false;
	return sqm_kind_of_type(column->type) != KIND_TEXT ||
		(sqm_ship_texts_alike(ship, var) && sqm_collation_is_bytes(collation, true));
}

/* Would it form the same groups, of plain values? */
bool
sqm_ship_can_group(SqmShip *ship, Var *var, Oid collation)
{
	SqmForeignColumn *column = sqm_ship_column(ship, var);

	if (!column->found || column->empty_is_null)
		return false;
	switch (sqm_kind_of_type(column->type))
	{
		case KIND_INTEGER:
		case KIND_BOOLEAN:
		case KIND_BLOB:
			return true;
		case KIND_TEXT:
			return sqm_ship_texts_alike(ship, var) &&
				sqm_collation_is_bytes(collation, false);
		default:
			return false;
	}
}

/* Does SQLite find the same smallest and largest text, of plain values? */
bool
sqm_ship_orders_text(SqmShip *ship, Var *var, Oid collation)
{
	return sqm_ship_texts_alike(ship, var) && sqm_collation_is_bytes(collation, true);
}

/* Can it be told whether all values of a column are plain? */
bool
sqm_ship_has_trap(SqmShip *ship, Var *var)
{
	SqmForeignColumn *column = sqm_ship_column(ship, var);
	SqmKind		kind = sqm_kind_of_type(column->type);

	return kind != KIND_NONE && kind != KIND_NUMERIC && kind != KIND_DAY &&
		!column->empty_is_null;
}
