/*-------------------------------------------------------------------------
 *
 * export_func.c
 *		Which functions of PostgreSQL's has SQLite, too?
 *
 * A table of those that give the same for every argument (or that PostgreSQL
 * refuses an argument for), and casts that change nothing in SQLite.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "collation.h"
#include "export_expr.h"

/* A function of other arguments than these is another function. */
typedef struct SameFunction
{
	const char *name;
	int			nargs;
	SqmExportClass class;		/* of the first argument */
	const char *before;			/* what stands around the arguments */
	const char *after;
	bool		letters;		/* the same for ASCII letters only */
} SameFunction;

static const SameFunction same_functions[] = {
	{"length", 1, SQM_CLASS_TEXT, "length(", ")", false},
	{"char_length", 1, SQM_CLASS_TEXT, "length(", ")", false},
	{"character_length", 1, SQM_CLASS_TEXT, "length(", ")", false},
	{"octet_length", 1, SQM_CLASS_TEXT, "length(CAST(", " AS BLOB))", false},
	{"octet_length", 1, SQM_CLASS_BYTES, "length(", ")", false},
	{"length", 1, SQM_CLASS_BYTES, "length(", ")", false},
	{"btrim", 1, SQM_CLASS_TEXT, "trim(", ")", false},
	{"ltrim", 1, SQM_CLASS_TEXT, "ltrim(", ")", false},
	{"rtrim", 1, SQM_CLASS_TEXT, "rtrim(", ")", false},
	{"replace", 3, SQM_CLASS_TEXT, "replace(", ")", false},
	{"strpos", 2, SQM_CLASS_TEXT, "instr(", ")", false},
	{"lower", 1, SQM_CLASS_TEXT, "lower(", ")", true},
	{"upper", 1, SQM_CLASS_TEXT, "upper(", ")", true},
	{"abs", 1, SQM_CLASS_INTEGER, "abs(", ")", false},
	/* casts */
	{"int2", 1, SQM_CLASS_INTEGER, "", "", false},
	{"int4", 1, SQM_CLASS_INTEGER, "", "", false},
	{"int8", 1, SQM_CLASS_INTEGER, "", "", false},
	{"numeric", 1, SQM_CLASS_INTEGER, "", "", false},
	{"text", 1, SQM_CLASS_CHAR, "rtrim(", ", ' ')", false},
};

static bool
is_named(FuncExpr *call, const char *name, int nargs)
{
	char	   *called = get_func_name(call->funcid);

	return call->funcid < FirstNormalObjectId && called != NULL &&
		strcmp(called, name) == 0 && list_length(call->args) == nargs;
}

static bool
is_now(Node *node)
{
	if (IsA(node, SQLValueFunction))
		return ((SQLValueFunction *) node)->op == SVFOP_CURRENT_TIMESTAMP;
	return IsA(node, FuncExpr) &&
		(is_named((FuncExpr *) node, "now", 0) ||
		 is_named((FuncExpr *) node, "transaction_timestamp", 0) ||
		 is_named((FuncExpr *) node, "statement_timestamp", 0) ||
		 is_named((FuncExpr *) node, "clock_timestamp", 0));
}

static bool
is_utc(Node *node)
{
	Const	   *zone = (Const *) node;

	return IsA(node, Const) && !zone->constisnull &&
		zone->consttype == TEXTOID &&
		pg_strcasecmp(TextDatumGetCString(zone->constvalue), "UTC") == 0;
}

/* The present in UTC, whichever way that was written, to whatever precision. */
static bool
is_utc_now(FuncExpr *call)
{
	if (is_named(call, "timezone", 2))
		return is_utc(linitial(call->args)) && is_now(lsecond(call->args));
	if (is_named(call, "date_trunc", 2) && IsA(lsecond(call->args), FuncExpr))
		return is_utc_now(lsecond(call->args));
	return false;
}

/*
 * The present, as a value of this class: SQLite knows it in UTC, to the second
 * or the millisecond.
 */
bool
sqm_export_now(SqmExportExpr *expr, SqmExportClass class)
{
	const char *offset = class == SQM_CLASS_INSTANT &&
		!expr->forms.naive_instants ? "+00:00" : "";

	if (!expr->may_change)
		return sqm_export_fail(expr, "the time of day");
	if (expr->forms.six_digits)
		appendStringInfo(expr->out, "strftime('%%Y-%%m-%%d %%H:%%M:%%f000%s', 'now')",
						 offset);
	else if (offset[0] != '\0')
		appendStringInfo(expr->out, "strftime('%%Y-%%m-%%d %%H:%%M:%%S%s', 'now')",
						 offset);
	else
		appendStringInfoString(expr->out, "CURRENT_TIMESTAMP");
	return true;
}

/* A random one of version 4 */
static bool
put_random_uuid(SqmExportExpr *expr)
{
	const char *dash = expr->forms.short_uuids ? "" : " || '-'";

	if (!expr->may_change)
		return sqm_export_fail(expr, "a random value");
	appendStringInfo(expr->out,
					 "lower(hex(randomblob(4))%s || hex(randomblob(2))%s || '4' || "
					 "substr(hex(randomblob(2)), 2)%s || "
					 "substr('89AB', 1 + (random() & 3), 1) || "
					 "substr(hex(randomblob(2)), 2)%s || hex(randomblob(6)))",
					 dash, dash, dash, dash);
	return true;
}

static bool
put_same(SqmExportExpr *expr, const SameFunction *same, FuncExpr *call)
{
	if (same->letters && !sqm_collation_knows_only_ascii(call->inputcollid))
		return sqm_export_fail(expr, psprintf("%s() of letters beyond ASCII",
											  same->name));
	appendStringInfoString(expr->out, same->before);
	if (!sqm_export_list(expr, call->args, ", "))
		return false;
	appendStringInfoString(expr->out, same->after);
	return true;
}

static bool
arguments_match(const SameFunction *same, FuncExpr *call)
{
	if (!is_named(call, same->name, same->nargs))
		return false;
	return sqm_export_class(exprType(linitial(call->args))) == same->class;
}

/* An integer in a wider type; int4 is exactly a double, int8 is not. */
static bool
is_exact_widening(FuncExpr *call)
{
	Oid			type;

	if (!is_named(call, "float8", 1) && !is_named(call, "int8", 1) &&
		!is_named(call, "int4", 1))
		return false;
	type = exprType(linitial(call->args));
	return type == INT2OID ||
		(type == INT4OID && call->funcresulttype != INT4OID);
}

bool
sqm_export_function(SqmExportExpr *expr, FuncExpr *call)
{
	if (is_now((Node *) call))
		return sqm_export_now(expr, SQM_CLASS_INSTANT);
	if (is_utc_now(call))
		return sqm_export_now(expr, SQM_CLASS_TIMESTAMP);
	if (is_named(call, "gen_random_uuid", 0))
		return put_random_uuid(expr);
	if (is_exact_widening(call))
		return sqm_export_expr(expr, linitial(call->args));
	for (int i = 0; i < (int) lengthof(same_functions); i++)
		if (arguments_match(&same_functions[i], call))
			return put_same(expr, &same_functions[i], call);
	return sqm_export_fail(expr, psprintf("function %s()",
										  get_func_name(call->funcid)));
}
