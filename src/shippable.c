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
#include "catalog/pg_collation.h"
#include "catalog/pg_database.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "compat.h"
#include "shippable.h"

/* operator families that have no macro of PostgreSQL's (pg_opfamily.dat) */
#define FLOAT_FAMILY 1970
#define NUMERIC_FAMILY 1988
#define DATETIME_FAMILY 434

/* beside the strategies of a b-tree */
#define STRATEGY_NOT_EQUAL 6

/* Longer lists are compared by PostgreSQL alone. */
#define MAX_LIST 1000

typedef enum Kind
{
	KIND_NONE,
	KIND_INTEGER,
	KIND_BOOLEAN,
	KIND_REAL,
	KIND_NUMERIC,
	KIND_TEXT,
	KIND_BLOB,
	KIND_DAY
} Kind;

bool		sqm_pushdown = true;

static bool ship_exact(SqmShip *ship, Expr *expr, StringInfo out);

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
 * Columns and what is bound
 * ---------------------------------------------------------------------
 */

static Kind
kind_of_type(Oid type)
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
static Expr *
strip_relabel(Expr *expr)
{
	while (IsA(expr, RelabelType) &&
		   kind_of_type(((RelabelType *) expr)->resulttype) == KIND_TEXT &&
		   kind_of_type(exprType((Node *) ((RelabelType *) expr)->arg)) == KIND_TEXT)
		expr = ((RelabelType *) expr)->arg;
	return expr;
}

static SqmRelation *
relation_of(SqmShip *ship, Var *var)
{
	return ship->root->simple_rel_array[var->varno]->fdw_private;
}

/* The column behind an expression, or NULL. */
static Var *
as_column(SqmShip *ship, Expr *expr)
{
	Var		   *var = (Var *) strip_relabel(expr);

	if (!IsA(var, Var) || var->varlevelsup != 0 || var->varattno <= 0 ||
		!bms_is_member(var->varno, ship->relids))
		return NULL;
	return sqm_ship_column(ship, var)->found ? var : NULL;
}

Var *
sqm_ship_as_column(SqmShip *ship, Expr *expr)
{
	return as_column(ship, expr);
}

SqmForeignColumn *
sqm_ship_column(SqmShip *ship, Var *var)
{
	return &relation_of(ship, var)->columns[var->varattno - 1];
}

static void
touch(SqmShip *ship, Var *var)
{
	ship->columns = lappend(ship->columns, var);
}

/* Can PostgreSQL evaluate this before SQLite is asked? */
static bool
is_external(SqmShip *ship, Expr *expr)
{
	return !bms_overlap(pull_varnos(ship->root, (Node *) expr), ship->relids) &&
		!contain_volatile_functions((Node *) expr) &&
		!contain_subplans((Node *) expr) &&
		!contain_agg_clause((Node *) expr) &&
		!contain_window_function((Node *) expr);
}

static void
bind(SqmShip *ship, Expr *expr, SqmBindKind kind, StringInfo out)
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
static void
bare_reference(SqmShip *ship, Var *var, StringInfo out)
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
	SqmStorageClass class = classes[kind_of_type(column->type)];

	return class != SQM_NULL && column->has_class && column->class == class;
}

/* Are texts the same bytes here and there? */
static bool
texts_are_alike(SqmShip *ship, Var *var)
{
	return GetDatabaseEncoding() == PG_UTF8 && !relation_of(ship, var)->is_utf16;
}

/*
 * Is text sorted by its bytes?  By the catalogs: the server's own header for
 * this wants ICU's.  The providers are libc ("c") and, since 17, the server
 * itself ("b"), whose locales all sort by code points.
 */
static bool
locale_is_bytes(char provider, bool isnull, Datum collate)
{
	char	   *name;

	if (provider == 'b')
		return true;
	if (provider != COLLPROVIDER_LIBC || isnull)
		return false;
	name = TextDatumGetCString(collate);
	return strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0;
}

static bool
database_sorts_bytes(void)
{
	HeapTuple	tuple = SearchSysCache1(DATABASEOID,
										ObjectIdGetDatum(MyDatabaseId));
	bool		isnull;
	Datum		collate;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for database %u", MyDatabaseId);
	collate = SysCacheGetAttr(DATABASEOID, tuple,
							  Anum_pg_database_datcollate, &isnull);
	result = locale_is_bytes(((Form_pg_database) GETSTRUCT(tuple))->datlocprovider,
							 isnull, collate);
	ReleaseSysCache(tuple);
	return result;
}

static bool
collation_sorts_bytes(Oid collation)
{
	HeapTuple	tuple;
	bool		isnull;
	Datum		collate;
	bool		result;

	if (collation == DEFAULT_COLLATION_OID)
		return database_sorts_bytes();
	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	collate = SysCacheGetAttr(COLLOID, tuple, Anum_pg_collation_collcollate,
							  &isnull);
	result = locale_is_bytes(((Form_pg_collation) GETSTRUCT(tuple))->collprovider,
							 isnull, collate);
	ReleaseSysCache(tuple);
	return result;
}

static bool
collation_is_bytes(Oid collation, bool order)
{
	if (!OidIsValid(collation))
		return false;
	return order ? collation_sorts_bytes(collation) :
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
static void
let_odd_pass(Kind kind, const SqmForeignColumn *column, const char *ref,
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
	bare_reference(ship, var, &ref);
	switch (kind_of_type(column->type))
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
 * A column against a value: forms that an index serves
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

/*
 * What an operator of the type's b-tree family does: a strategy number,
 * STRATEGY_NOT_EQUAL, or 0.
 */
static int
strategy_of(Oid opno, Kind kind)
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

static const char *
operator_word(int strategy)
{
	static const char *const words[] = {"", "<", "<=", "=", ">=", ">", "<>"};

	return words[strategy];
}

/* How a comparison of this kind names the column, or NULL: it cannot be. */
static char *
comparable_reference(SqmShip *ship, Var *var, Kind kind, bool order)
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
			if (!texts_are_alike(ship, var))
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
		bare_reference(ship, var, &ref);
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
		bind(ship, value, SQM_BIND_NUMERIC_LOW, out);
	}
	if (strategy == BTEqualStrategyNumber)
		appendStringInfoString(out, " AND ");
	if (strategy <= BTEqualStrategyNumber)
	{
		appendStringInfo(out, "%s <= ", ref);
		bind(ship, value, SQM_BIND_NUMERIC_HIGH, out);
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
		bind(ship, value, SQM_BIND_FIRST_DAY, out);
	}
	if (strategy == BTEqualStrategyNumber)
		appendStringInfoString(out, " AND ");
	if (strategy <= BTEqualStrategyNumber)
	{
		appendStringInfo(out, "%s COLLATE BINARY < ", ref);
		bind(ship, value, SQM_BIND_DAY_AFTER, out);
	}
	appendStringInfoString(out, ") WHEN 'null' THEN 0 ELSE 1 END");
	return true;
}

static SqmBindKind
bind_kind(Kind kind)
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

/* "column operator value" */
static bool
ship_column_value(SqmShip *ship, Var *var, int strategy, Oid collation,
				  Expr *value, StringInfo out)
{
	Kind		kind = kind_of_type(var->vartype);
	bool		order = strategy != BTEqualStrategyNumber &&
		strategy != STRATEGY_NOT_EQUAL;
	char	   *ref = comparable_reference(ship, var, kind, order);
	bool		done = true;

	if (ref == NULL ||
		(kind == KIND_TEXT && !collation_is_bytes(collation, order)))
		return false;
	/* dates against timestamps change with the session's zone */
	if (kind_of_type(exprType((Node *) value)) != kind ||
		(kind == KIND_DAY && exprType((Node *) value) != var->vartype))
		return false;
	touch(ship, var);
	appendStringInfoChar(out, '(');
	if (kind == KIND_NUMERIC)
		done = ship_numeric(ship, ref, strategy, value, out);
	else if (kind == KIND_DAY)
		done = ship_day(ship, ref, strategy, value, out);
	else
	{
		appendStringInfo(out, "%s%s %s ", ref,
						 kind == KIND_TEXT ? " COLLATE BINARY" : "",
						 operator_word(strategy));
		bind(ship, value, bind_kind(kind), out);
	}
	let_odd_pass(kind, sqm_ship_column(ship, var), ref, out);
	appendStringInfoChar(out, ')');
	return done;
}

static bool
ship_comparison(SqmShip *ship, OpExpr *op, StringInfo out)
{
	Expr	   *left = linitial(op->args);
	Expr	   *right = lsecond(op->args);
	Oid			opno = op->opno;
	Var		   *var = as_column(ship, left);
	int			strategy;

	if (var == NULL)
	{
		var = as_column(ship, right);
		right = left;
		opno = get_commutator(opno);
	}
	if (var == NULL || !OidIsValid(opno) || !is_external(ship, right))
		return false;
	strategy = strategy_of(opno, kind_of_type(var->vartype));
	if (strategy == 0)
		return false;
	return ship_column_value(ship, var, strategy, op->inputcollid,
							 strip_relabel(right), out);
}

/* Two columns of integers that nothing else can be, or be taken for. */
static bool
is_integer_column(SqmShip *ship, Var *var)
{
	return var != NULL && kind_of_type(var->vartype) == KIND_INTEGER &&
		sqm_ship_column(ship, var)->affinity == SQM_AFFINITY_NUMBER;
}

static bool
ship_columns(SqmShip *ship, OpExpr *op, StringInfo out)
{
	Var		   *left = as_column(ship, linitial(op->args));
	Var		   *right = as_column(ship, lsecond(op->args));
	int			strategy = strategy_of(op->opno, KIND_INTEGER);

	if (strategy == 0 || !is_integer_column(ship, left) ||
		!is_integer_column(ship, right))
		return false;
	touch(ship, left);
	touch(ship, right);
	sqm_ship_reference(ship, left, out);
	appendStringInfo(out, " %s ", operator_word(strategy));
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
	Var		   *var = as_column(ship, linitial(op->args));
	Expr	   *pattern = lsecond(op->args);
	bool		negated = op->opno != OID_TEXT_LIKE_OP;
	char	   *ref;

	if (negated && get_negator(op->opno) != OID_TEXT_LIKE_OP)
		return false;
	if (var == NULL || kind_of_type(var->vartype) != KIND_TEXT ||
		!is_external(ship, pattern) ||
		!collation_is_bytes(op->inputcollid, false))
		return false;
	ref = comparable_reference(ship, var, KIND_TEXT, false);
	if (ref == NULL)
		return false;
	touch(ship, var);
	appendStringInfo(out, "(%s %sGLOB ", ref, negated ? "NOT " : "");
	bind(ship, pattern, SQM_BIND_GLOB, out);
	let_odd_pass(KIND_TEXT, sqm_ship_column(ship, var), ref, out);
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
	Var		   *var = as_column(ship, linitial(op->args));
	Const	   *array = (Const *) strip_relabel(lsecond(op->args));
	Kind		kind;
	int			strategy;
	char	   *ref;
	List	   *elements;
	bool		has_null;
	ListCell   *lc;

	if (var == NULL || !IsA(array, Const) || array->constisnull)
		return false;
	kind = kind_of_type(var->vartype);
	strategy = strategy_of(op->opno, kind);
	if (strategy != (op->useOr ? BTEqualStrategyNumber : STRATEGY_NOT_EQUAL) ||
		kind == KIND_NUMERIC || kind == KIND_DAY ||
		(kind == KIND_TEXT && !collation_is_bytes(op->inputcollid, false)))
		return false;
	elements = list_elements(array, &has_null);
	if (elements == NIL || (has_null && !op->useOr) ||
		kind_of_type(exprType(linitial(elements))) != kind)
		return false;
	ref = comparable_reference(ship, var, kind, false);
	if (ref == NULL)
		return false;
	touch(ship, var);
	appendStringInfo(out, "(%s%s %s (", ref,
					 kind == KIND_TEXT ? " COLLATE BINARY" : "",
					 op->useOr ? "IN" : "NOT IN");
	foreach(lc, elements)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(out, ", ");
		bind(ship, lfirst(lc), bind_kind(kind), out);
	}
	appendStringInfoChar(out, ')');
	let_odd_pass(kind, sqm_ship_column(ship, var), ref, out);
	appendStringInfoChar(out, ')');
	return true;
}

/* A boolean column that must be true, or must be false. */
static bool
ship_boolean(SqmShip *ship, Expr *expr, bool truth, bool or_null,
			 StringInfo out)
{
	Var		   *var = as_column(ship, expr);
	char	   *ref;

	if (var == NULL || var->vartype != BOOLOID)
		return false;
	ref = comparable_reference(ship, var, KIND_BOOLEAN, false);
	if (ref == NULL)
		return false;
	touch(ship, var);
	if (or_null)
		appendStringInfo(out, "(%s IS NOT %d", ref, truth ? 0 : 1);
	else
		appendStringInfo(out, "(%s = %d", ref, truth ? 1 : 0);
	let_odd_pass(KIND_BOOLEAN, sqm_ship_column(ship, var), ref, out);
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
	Var		   *var = as_column(ship, test->arg);
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
			bare_reference(ship, var, out);
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

/* ---------------------------------------------------------------------
 * Expressions over plain values
 * ---------------------------------------------------------------------
 */

static bool
ship_exact_column(SqmShip *ship, Var *var, StringInfo out)
{
	Kind		kind = kind_of_type(var->vartype);

	if (kind == KIND_NONE || kind == KIND_NUMERIC || kind == KIND_DAY ||
		sqm_ship_column(ship, var)->empty_is_null ||
		(kind == KIND_TEXT && !texts_are_alike(ship, var)))
		return false;
	touch(ship, var);
	bare_reference(ship, var, out);
	return true;
}

static bool
ship_exact_value(SqmShip *ship, Expr *expr, StringInfo out)
{
	Kind		kind = kind_of_type(exprType((Node *) expr));

	if (kind == KIND_NONE || kind == KIND_NUMERIC || kind == KIND_DAY ||
		(kind == KIND_TEXT && GetDatabaseEncoding() != PG_UTF8) ||
		!is_external(ship, expr))
		return false;
	bind(ship, expr, bind_kind(kind), out);
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
		kind_of_type(op->opresulttype) != KIND_INTEGER ||
		kind_of_type(exprType(linitial(op->args))) != KIND_INTEGER ||
		kind_of_type(exprType(lsecond(op->args))) != KIND_INTEGER)
		return false;
	return ship_exact_pair(ship, op->args, name, "", out);
}

static bool
ship_exact_operator(SqmShip *ship, OpExpr *op, StringInfo out)
{
	Kind		kind;
	int			strategy;
	bool		order;

	if (list_length(op->args) != 2)
		return false;
	if (kind_of_type(op->opresulttype) == KIND_INTEGER)
		return ship_arithmetic(ship, op, out);
	kind = kind_of_type(exprType((Node *) strip_relabel(linitial(op->args))));
	strategy = strategy_of(op->opno, kind);
	if (strategy == 0 || kind == KIND_NUMERIC || kind == KIND_DAY ||
		kind_of_type(exprType((Node *) strip_relabel(lsecond(op->args)))) != kind)
		return false;
	order = strategy != BTEqualStrategyNumber && strategy != STRATEGY_NOT_EQUAL;
	if (kind == KIND_TEXT && !collation_is_bytes(op->inputcollid, order))
		return false;
	return ship_exact_pair(ship, op->args, operator_word(strategy),
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
				kind_of_type(expr->funcresulttype) != KIND_INTEGER ||
				kind_of_type(exprType(linitial(expr->args))) != KIND_INTEGER)
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

	expr = strip_relabel(expr);
	var = as_column(ship, expr);
	if (var != NULL)
		return ship_exact_column(ship, var, out);
	if (is_external(ship, expr))
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
static bool
ship_guarded(SqmShip *ship, Expr *expr, StringInfo out)
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

static bool
ship_simple(SqmShip *ship, Expr *expr, StringInfo out)
{
	switch (nodeTag(expr))
	{
		case T_OpExpr:
			{
				OpExpr	   *op = (OpExpr *) expr;
				int			length = out->len;

				if (list_length(op->args) != 2)
					return false;
				if (ship_columns(ship, op, out) || ship_comparison(ship, op, out))
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
	if (is_andclause(expr))
		return ship_and(ship, (BoolExpr *) expr, out);
	if (is_orclause(expr))
		return attempt(ship, (Writer) ship_or, expr, out) ||
			attempt(ship, ship_guarded, expr, out);
	return attempt(ship, ship_simple, expr, out) ||
		attempt(ship, ship_guarded, expr, out);
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
	left = as_column(ship, linitial(op->args));
	right = as_column(ship, lsecond(op->args));
	return left != NULL && right != NULL && left->varno != right->varno &&
		strategy_of(op->opno, KIND_INTEGER) == BTEqualStrategyNumber &&
		ship_columns(ship, op, out);
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
	Kind		kind;

	if (IsA(clause, OpExpr))
		args = ((OpExpr *) clause)->args;
	else if (IsA(clause, ScalarArrayOpExpr) && ((ScalarArrayOpExpr *) clause)->useOr)
		args = ((ScalarArrayOpExpr *) clause)->args;
	else
		return false;
	if (list_length(args) != 2)
		return false;
	var = as_column(ship, linitial(args));
	if (var == NULL)
		var = as_column(ship, lsecond(args));
	if (var == NULL)
		return false;
	column = sqm_ship_column(ship, var);
	kind = kind_of_type(column->type);
	if (!column->leads_index || kind == KIND_NONE || kind == KIND_DAY)
		return false;
	if (kind == KIND_TEXT &&
		(!column->leads_bytes || column->affinity == SQM_AFFINITY_NUMBER))
		return false;
	return !IsA(clause, OpExpr) ||
		strategy_of(((OpExpr *) clause)->opno, kind) != STRATEGY_NOT_EQUAL;
}

/* Is a shipped condition the equality of a unique column with a value? */
bool
sqm_ship_finds_one(SqmShip *ship, Expr *clause)
{
	OpExpr	   *op = (OpExpr *) clause;
	Var		   *var;

	if (!IsA(clause, OpExpr) || list_length(op->args) != 2)
		return false;
	var = as_column(ship, linitial(op->args));
	if (var == NULL)
		var = as_column(ship, lsecond(op->args));
	return var != NULL && sqm_ship_column(ship, var)->is_unique &&
		strategy_of(op->opno, kind_of_type(var->vartype)) == BTEqualStrategyNumber &&
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
		families[kind_of_type(column->type)] != family)
		return false;
	return kind_of_type(column->type) != KIND_TEXT ||
		(texts_are_alike(ship, var) && collation_is_bytes(collation, true));
}

/* Would it form the same groups, of plain values? */
bool
sqm_ship_can_group(SqmShip *ship, Var *var, Oid collation)
{
	SqmForeignColumn *column = sqm_ship_column(ship, var);

	if (!column->found || column->empty_is_null)
		return false;
	switch (kind_of_type(column->type))
	{
		case KIND_INTEGER:
		case KIND_BOOLEAN:
		case KIND_BLOB:
			return true;
		case KIND_TEXT:
			return texts_are_alike(ship, var) &&
				collation_is_bytes(collation, false);
		default:
			return false;
	}
}

/* Does SQLite find the same smallest and largest text, of plain values? */
bool
sqm_ship_orders_text(SqmShip *ship, Var *var, Oid collation)
{
	return texts_are_alike(ship, var) && collation_is_bytes(collation, true);
}

/* Can it be told whether all values of a column are plain? */
bool
sqm_ship_has_trap(SqmShip *ship, Var *var)
{
	SqmForeignColumn *column = sqm_ship_column(ship, var);
	Kind		kind = kind_of_type(column->type);

	return kind != KIND_NONE && kind != KIND_NUMERIC && kind != KIND_DAY &&
		!column->empty_is_null;
}
