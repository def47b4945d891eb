/*-------------------------------------------------------------------------
 *
 * shippable_column.c
 *		What do columns and their types mean for a condition of SQLite's?
 *
 * Kinds of types and their operators; a column's name and the value that it is
 * compared with; where texts are bytes on both sides; and values that are not
 * of the class that a column's type comes from: how they pass a condition, and
 * how SQLite tells that there was one ("trap").
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

#include "collation.h"
#include "compat.h"
#include "shippable_part.h"

/* operator families that have no macro of PostgreSQL's (pg_opfamily.dat) */
#define FLOAT_FAMILY 1970
#define NUMERIC_FAMILY 1988
#define DATETIME_FAMILY 434

/* ---------------------------------------------------------------------
 * Columns and what is bound
 * ---------------------------------------------------------------------
 */

SqmKind
sqm_kind_of_type(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return KIND_INTEGER;
		case BOOLOID:
			return KIND_BOOLEAN;
		case FLOAT8OID:
			return KIND_REAL;
		case NUMERICOID:
			return KIND_NUMERIC;
		case TEXTOID:
		case VARCHAROID:
			return KIND_TEXT;
		case BYTEAOID:
			return KIND_BLOB;
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return KIND_DAY;
		default:
			return KIND_NONE;
	}
}

/* varchar is text to all its operators */
Expr *
sqm_ship_strip(Expr *expr)
{
	while (IsA(expr, RelabelType) &&
		   sqm_kind_of_type(((RelabelType *) expr)->resulttype) == KIND_TEXT &&
		   sqm_kind_of_type(exprType((Node *) ((RelabelType *) expr)->arg)) == KIND_TEXT)
		expr = ((RelabelType *) expr)->arg;
	return expr;
}

static SqmRelation *
relation_of(SqmShip *ship, Var *var)
{
	return ship->root->simple_rel_array[var->varno]->fdw_private;
}

/* The column behind an expression, or NULL. */
Var *
sqm_ship_as_column(SqmShip *ship, Expr *expr)
{
	Var		   *var = (Var *) sqm_ship_strip(expr);

	if (!IsA(var, Var) || var->varlevelsup != 0 || var->varattno <= 0 ||
		!bms_is_member(var->varno, ship->relids))
		return NULL;
	return sqm_ship_column(ship, var)->found ? var : NULL;
}

SqmForeignColumn *
sqm_ship_column(SqmShip *ship, Var *var)
{
	return &relation_of(ship, var)->columns[var->varattno - 1];
}

void
sqm_ship_touch(SqmShip *ship, Var *var)
{
	ship->columns = lappend(ship->columns, var);
}

/* Can PostgreSQL evaluate this before SQLite is asked? */
bool
sqm_ship_is_external(SqmShip *ship, Expr *expr)
{
	return !bms_overlap(pull_varnos(ship->root, (Node *) expr), ship->relids) &&
		!contain_volatile_functions((Node *) expr) &&
		!contain_subplans((Node *) expr) &&
		!contain_agg_clause((Node *) expr) &&
		!contain_window_function((Node *) expr);
}

void
sqm_ship_bind(SqmShip *ship, Expr *expr, SqmBindKind kind, StringInfo out)
{
	ship->params = lappend(ship->params, expr);
	ship->kinds = lappend_int(ship->kinds, kind);
	appendStringInfo(out, "?%d", list_length(ship->params));
}

void
sqm_ship_reference(SqmShip *ship, Var *var, StringInfo out)
{
	if (ship->many)
		appendStringInfo(out, "t%d.", (int) var->varno);
	else
		appendStringInfoString(out, "t.");
	appendStringInfoString(out, sqm_lite_quote(sqm_ship_column(ship, var)->name));
}

/* Without the column's affinity, and without its indexes. */
void
sqm_ship_bare_reference(SqmShip *ship, Var *var, StringInfo out)
{
	appendStringInfoChar(out, '+');
	sqm_ship_reference(ship, var, out);
}

/* The class is guaranteed, and the one that the type comes from. */
bool
sqm_column_is_sure(const SqmForeignColumn *column)
{
	static const SqmStorageClass classes[] = {
		[KIND_NONE] = SQM_NULL,
		[KIND_INTEGER] = SQM_INTEGER,
		[KIND_BOOLEAN] = SQM_NULL,
		[KIND_REAL] = SQM_REAL,
		[KIND_NUMERIC] = SQM_NULL,
		[KIND_TEXT] = SQM_TEXT,
		[KIND_BLOB] = SQM_BLOB,
		[KIND_DAY] = SQM_NULL,
	};
	SqmStorageClass class = classes[sqm_kind_of_type(column->type)];

	return class != SQM_NULL && column->has_class && column->class == class;
}

/* Are texts the same bytes here and there? */
bool
sqm_ship_texts_alike(SqmShip *ship, Var *var)
{
	return GetDatabaseEncoding() == PG_UTF8 && !relation_of(ship, var)->is_utf16;
}

bool
sqm_collation_is_bytes(Oid collation, bool order)
{
	if (!OidIsValid(collation))
		return false;
	return order ? sqm_collation_sorts_bytes(collation) :
		get_collation_isdeterministic(collation);
}
/* ---------------------------------------------------------------------
 * Odd values
 * ---------------------------------------------------------------------
 */

/*
 * " OR ..." for values of classes that the comparison was not written for.
 * "ref" is how the comparison names the column.
 */
void
sqm_ship_let_odd_pass(SqmKind kind, const SqmForeignColumn *column, const char *ref,
			 StringInfo out)
{
	if (sqm_column_is_sure(column))
		return;
	switch (kind)
	{
		case KIND_INTEGER:
			if (column->affinity != SQM_AFFINITY_NUMBER)
				appendStringInfo(out, " OR %s >= ''", ref);
			break;
		case KIND_BOOLEAN:
		case KIND_REAL:
		case KIND_NUMERIC:
			appendStringInfo(out, " OR %s >= ''", ref);
			break;
		case KIND_TEXT:
			if (column->affinity != SQM_AFFINITY_TEXT)
				appendStringInfo(out, " OR %s < ''", ref);
			appendStringInfo(out, " OR %s >= x''", ref);
			break;
		case KIND_BLOB:
			appendStringInfo(out, " OR %s < x''", ref);
			break;
		default:
			break;
	}
}

/*
 * A condition that holds where a value is not plain.  In SQLite's aggregates
 * and expressions it makes the difference whether the answer may be used.
 */
void
sqm_ship_trap(SqmShip *ship, Var *var, StringInfo out)
{
	SqmForeignColumn *column = sqm_ship_column(ship, var);
	StringInfoData ref;

	initStringInfo(&ref);
	sqm_ship_bare_reference(ship, var, &ref);
	switch (sqm_kind_of_type(column->type))
	{
		case KIND_INTEGER:
			appendStringInfo(out, "typeof(%s) NOT IN ('integer', 'null')", ref.data);
			if (column->type == INT4OID)
				appendStringInfo(out, " OR %s NOT BETWEEN -2147483648 AND 2147483647", ref.data);
			else if (column->type == INT2OID)
				appendStringInfo(out, " OR %s NOT BETWEEN -32768 AND 32767", ref.data);
			break;
		case KIND_BOOLEAN:
			appendStringInfo(out, "%s NOT IN (0, 1)", ref.data);
			break;
		case KIND_REAL:
			appendStringInfo(out, "typeof(%s) NOT IN ('real', 'integer', 'null')", ref.data);
			break;
		case KIND_TEXT:
			appendStringInfo(out, "typeof(%s) NOT IN ('text', 'null')", ref.data);
			break;
		case KIND_BLOB:
			appendStringInfo(out, "typeof(%s) NOT IN ('blob', 'null')", ref.data);
			break;
		default:
			appendStringInfoString(out, "1");
			break;
	}
	pfree(ref.data);
}
/* ---------------------------------------------------------------------
 * Operators
 * ---------------------------------------------------------------------
 */

static const Oid families[] = {
	[KIND_NONE] = InvalidOid,
	[KIND_INTEGER] = INTEGER_BTREE_FAM_OID,
	[KIND_BOOLEAN] = BOOL_BTREE_FAM_OID,
	[KIND_REAL] = FLOAT_FAMILY,
	[KIND_NUMERIC] = NUMERIC_FAMILY,
	[KIND_TEXT] = TEXT_BTREE_FAM_OID,
	[KIND_BLOB] = BYTEA_BTREE_FAM_OID,
	[KIND_DAY] = DATETIME_FAMILY,
};

Oid
sqm_kind_family(SqmKind kind)
{
	return families[kind];
}

/*
 * What an operator of the type's b-tree family does: a strategy number,
 * STRATEGY_NOT_EQUAL, or 0.
 */
int
sqm_ship_strategy(Oid opno, SqmKind kind)
{
	int			strategy;
	Oid			negator;

	if (!OidIsValid(families[kind]))
		return 0;
	strategy = get_op_opfamily_strategy(opno, families[kind]);
	if (strategy != 0)
		return strategy;
	negator = get_negator(opno);
	if (OidIsValid(negator) &&
		get_op_opfamily_strategy(negator, families[kind]) == BTEqualStrategyNumber)
		return STRATEGY_NOT_EQUAL;
	return 0;
}

const char *
sqm_operator_word(int strategy)
{
	static const char *const words[] = {"", "<", "<=", "=", ">=", ">", "<>"};

	return words[strategy];
}

SqmBindKind
sqm_ship_bind_kind(SqmKind kind)
{
	switch (kind)
	{
		case KIND_INTEGER:
			return SQM_BIND_INTEGER;
		case KIND_BOOLEAN:
			return SQM_BIND_BOOLEAN;
		case KIND_REAL:
			return SQM_BIND_REAL;
		case KIND_TEXT:
			return SQM_BIND_TEXT;
		default:
			return SQM_BIND_BLOB;
	}
}
