/*-------------------------------------------------------------------------
 *
 * export_operator.c
 *		Which operators of PostgreSQL's are SQLite's, for which types?
 *
 * Only those are written for which SQLite gives the answer that PostgreSQL
 * gives, or where PostgreSQL gives none but an error.  Text is equal where its
 * bytes are; its order is that of the bytes only under "C".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "collation.h"
#include "export_expr.h"

static Node *
plain(Node *node)
{
	while (IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return node;
}

static bool
is_sortable(Node *node)
{
	node = plain(node);
	return !IsA(node, Const) || sqm_export_is_plain_date((Const *) node);
}

/*
 * Do both sides compare in SQLite as they do here?
 */
bool
sqm_export_comparable(SqmExportExpr *expr, Node *left, Node *right,
					  Oid collation, bool by_order)
{
	SqmExportClass class = sqm_export_class(exprType(left));

	if (class == SQM_CLASS_OTHER || class != sqm_export_class(exprType(right)))
		return sqm_export_fail(expr, "SQLite does not compare these types in this way");
	/* 0.1::real is not 0.1::float8 here, and both are 0.1 there */
	if (class == SQM_CLASS_REAL &&
		getBaseType(exprType(left)) != getBaseType(exprType(right)))
		return sqm_export_fail(expr, "SQLite does not compare these types in this way");
	if (class == SQM_CLASS_TEXT || class == SQM_CLASS_CHAR)
	{
		if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
			return sqm_export_fail(expr, "the collation is not deterministic");
		if (by_order && !sqm_collation_sorts_bytes(collation))
			return sqm_export_fail(expr, "SQLite does not know the order of the collation");
	}
	if (by_order && class == SQM_CLASS_ENUM)
		return sqm_export_fail(expr, "SQLite does not know the order of the labels");
	if (by_order && !(is_sortable(left) && is_sortable(right)))
		return sqm_export_fail(expr, "a date before the year 1 or after 9999");
	return true;
}

/* One side of a comparison: blanks at the end of a char(n) do not count. */
bool
sqm_export_side(SqmExportExpr *expr, Node *node)
{
	bool		padded = sqm_export_class(exprType(node)) == SQM_CLASS_CHAR &&
		!IsA(plain(node), Const);

	if (padded)
		appendStringInfoString(expr->out, "rtrim(");
	if (!sqm_export_expr(expr, node))
		return false;
	if (padded)
		appendStringInfoString(expr->out, ", ' ')");
	return true;
}

/* LIKE is without regard to case in SQLite; GLOB is not. */
static bool
put_glob(SqmExportExpr *expr, Const *pattern)
{
	StringInfoData glob;
	char	   *like;

	if (pattern->constisnull ||
		sqm_export_class(pattern->consttype) != SQM_CLASS_TEXT)
		return sqm_export_fail(expr, "the pattern of LIKE is no constant");
	like = TextDatumGetCString(pattern->constvalue);
	initStringInfo(&glob);
	for (const char *p = like; *p; p++)
	{
		if (*p == '\\' && p[1] == '\0')
			return sqm_export_fail(expr, "the pattern of LIKE ends in an escape");
		if (*p == '%')
			appendStringInfoChar(&glob, '*');
		else if (*p == '_')
			appendStringInfoChar(&glob, '?');
		else
		{
			if (*p == '\\')
				p++;
			if (strchr("*?[", *p) != NULL)
				appendStringInfo(&glob, "[%c]", *p);
			else
				appendStringInfoChar(&glob, *p);
		}
	}
	sqm_export_quote(expr->out, glob.data);
	return true;
}

static bool
put_like(SqmExportExpr *expr, const char *name, Oid collation, List *args)
{
	Node	   *pattern = plain(lsecond(args));

	if (sqm_export_class(exprType(linitial(args))) != SQM_CLASS_TEXT)
		return sqm_export_fail(expr, "LIKE of another type than text");
	if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
		return sqm_export_fail(expr, "the collation is not deterministic");
	if (!IsA(pattern, Const))
		return sqm_export_fail(expr, "the pattern of LIKE is no constant");
	appendStringInfoChar(expr->out, '(');
	if (!sqm_export_expr(expr, linitial(args)))
		return false;
	appendStringInfoString(expr->out,
						   name[0] == '!' ? " NOT GLOB " : " GLOB ");
	if (!put_glob(expr, (Const *) pattern))
		return false;
	appendStringInfoChar(expr->out, ')');
	return true;
}

static bool
put_binary(SqmExportExpr *expr, const char *name, List *args)
{
	appendStringInfoChar(expr->out, '(');
	if (!sqm_export_side(expr, linitial(args)))
		return false;
	appendStringInfo(expr->out, " %s ", name);
	if (!sqm_export_side(expr, lsecond(args)))
		return false;
	appendStringInfoChar(expr->out, ')');
	return true;
}

static bool
is_one_of(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/*
 * Of arithmetic only that of integers: SQLite has no decimals, and a NaN is a
 * text there.
 */
bool
sqm_export_operator(SqmExportExpr *expr, Oid operator, Oid collation, List *args)
{
	static const char *const equal[] = {"=", "<>", NULL};
	static const char *const order[] = {"<", "<=", ">", ">=", NULL};
	static const char *const arithmetic[] = {"+", "-", "*", "/", "%", NULL};
	static const char *const like[] = {"~~", "!~~", NULL};
	const char *name = get_opname(operator);
	SqmExportClass class = sqm_export_class(exprType(linitial(args)));

	if (operator >= FirstNormalObjectId || name == NULL ||
		list_length(args) != 2)
		return sqm_export_fail(expr, psprintf("operator %s",
											  name != NULL ? name : "?"));
	if (is_one_of(name, equal) || is_one_of(name, order))
		return sqm_export_comparable(expr, linitial(args), lsecond(args),
									 collation, is_one_of(name, order)) &&
			put_binary(expr, name, args);
	if (is_one_of(name, like))
		return put_like(expr, name, collation, args);
	if (class == sqm_export_class(exprType(lsecond(args))) &&
		((class == SQM_CLASS_INTEGER && is_one_of(name, arithmetic)) ||
		 (class == SQM_CLASS_TEXT && strcmp(name, "||") == 0)))
		return put_binary(expr, name, args);
	return sqm_export_fail(expr, psprintf("operator %s of type %s", name,
										  format_type_be(exprType(linitial(args)))));
}
