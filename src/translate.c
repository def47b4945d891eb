/*-------------------------------------------------------------------------
 *
 * translate.c
 *		What is an expression of SQLite's in PostgreSQL?
 *
 * Walks the tree that expr.c made, and builds a typed term (translate_term.h)
 * for each node.  The rule for every node is the same: either the result has
 * the value that SQLite computes, for every row that the target columns can
 * hold, or there is no result and the problem says why.  Where the columns'
 * new types carry an assumption about the old values, a note says which.
 *
 * No catalog is looked at: the caller tells what the columns are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"

#include "lexer.h"
#include "translate_term.h"

/*
 * What grows beyond this was meant to hurt: a chain of 1000 operators writes
 * its text 1000 times, an alias may stand for many others.
 */
#define MAX_TEXT (1024 * 1024)
#define MAX_WRITTEN (64 * 1024 * 1024)
#define MAX_STEPS 200000

typedef SqmTerm *(*Handler) (SqmTranslator *tr, const SqmExpr *e);

/* ------------------------------------------------------------------------
 * Constants and columns
 * ------------------------------------------------------------------------
 */

static char *
without_underscores(const char *text)
{
	char	   *out = pstrdup(text);
	char	   *dst = out;

	for (; *text; text++)
	{
		if (*text != '_')
			*dst++ = *text;
	}
	*dst = '\0';
	return out;
}

static SqmTerm *
real_term(SqmTranslator *tr, char *text, bool negative)
{
	SqmTerm    *t;
	SqmExpr    *e = palloc0(sizeof(SqmExpr));

	/* PostgreSQL's lexer wants digits on both sides of the point */
	if (text[0] == '.')
		text = psprintf("0%s", text);
	if (strstr(text, ".e") || strstr(text, ".E"))
	{
		char	   *point = strchr(text, '.');

		text = psprintf("%.*s%s", (int) (point - text), text, point + 1);
	}
	if (text[strlen(text) - 1] == '.')
		text = psprintf("%s0", text);
	if (isinf(strtod(text, NULL)) || strlen(text) > 300)
		return sqm_problem(tr, "a real number out of range");
	if (negative)
		text = psprintf("-%s", text);
	t = sqm_term(SQM_T_NUMERIC, !negative, text);
	e->kind = SQM_E_FLOAT;
	e->text = text;
	t->literal = e;
	t->negative = negative;
	t->number = SQM_N_REAL;
	t->not_null = true;
	return t;
}

/* Decimal or hexadecimal; beyond 64 bits decimal digits are a real. */
static SqmTerm *
number_term(SqmTranslator *tr, const char *written, bool negative)
{
	char	   *text = without_underscores(written);
	int64		value;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
	{
		const char *digits = text + 2 + strspn(text + 2, "0");

		if (strlen(digits) > 16)
			return sqm_problem(tr, "a hexadecimal number out of range");
		value = (int64) strtoull(text + 2, NULL, 16);
		if (negative && value != PG_INT64_MIN)
			value = -value;
		return sqm_integer_term(value);
	}
	text += strspn(text, "0");
	if (sqm_parse_integer(psprintf("%s%s", negative ? "-" : "",
								   *text ? text : "0"), &value))
		return sqm_integer_term(value);
	return real_term(tr, text, negative);
}

static SqmTerm *
e_null(SqmTranslator *tr, const SqmExpr *e)
{
	return sqm_null_term();
}

static SqmTerm *
e_integer(SqmTranslator *tr, const SqmExpr *e)
{
	return number_term(tr, e->text, false);
}

static SqmTerm *
e_float(SqmTranslator *tr, const SqmExpr *e)
{
	return real_term(tr, without_underscores(e->text), false);
}

static SqmTerm *
e_string(SqmTranslator *tr, const SqmExpr *e)
{
	return sqm_string_term(e->text);
}

static SqmTerm *
e_blob(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *t = sqm_term(SQM_T_BYTEA, true,
							 psprintf("%s::bytea",
									  sqm_string(psprintf("\\x%s", e->text))));

	t->literal = e;
	t->not_null = true;
	return t;
}

static SqmTerm *
e_now(SqmTranslator *tr, const SqmExpr *e)
{
	return sqm_now_term(tr, e->text);
}

/* Is it the word TRUE or FALSE, and no column of that name? */
static bool
truth_word(SqmTranslator *tr, const SqmExpr *e, bool *value)
{
	if (e->kind != SQM_E_COLUMN || e->table != NULL || e->quoted ||
		!(sqm_same_name(e->text, "true") || sqm_same_name(e->text, "false")))
		return false;
	*value = sqm_same_name(e->text, "true");
	return tr->resolve(tr, NULL, e->text) == NULL && tr->problem == NULL;
}

static SqmTerm *
e_column(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *t = tr->resolve(tr, e->table, e->text);
	bool		value;

	if (t != NULL || tr->problem != NULL)
		return t;
	if (truth_word(tr, e, &value))
		return sqm_integer_term(value);
	/* "x" that names no column is a string, and so is DEFAULT x */
	if (e->quoted || (tr->context == SQM_CONTEXT_DEFAULT && e->table == NULL))
		return sqm_string_term(e->text);
	return sqm_problem(tr, psprintf("column \"%s\" is not known", e->text));
}

/* ------------------------------------------------------------------------
 * Conditions
 * ------------------------------------------------------------------------
 */

SqmTerm *
sqm_condition(SqmTranslator *tr, const SqmExpr *e)
{
	return sqm_truth(tr, sqm_translate_expr(tr, e));
}

static bool
is_null_test(const SqmExpr *e)
{
	return e->kind == SQM_E_IS && !e->negated && e->right->kind == SQM_E_NULL;
}

/*
 * A CHECK fails if one of its conjuncts is false.  f_json_valid may raise an
 * error instead, so it must know that it stands in such a place: alone, as
 * "json_valid(x) = 1", or beside "x IS NULL OR".
 */
static SqmTerm *
conjunct(SqmTranslator *tr, const SqmExpr *e)
{
	const SqmExpr *saved = tr->conjunct;
	const SqmExpr *inner = e;
	SqmTerm    *t;

	if (inner->kind == SQM_E_OR && is_null_test(inner->left))
		inner = inner->right;
	else if (inner->kind == SQM_E_OR && is_null_test(inner->right))
		inner = inner->left;
	if (inner->kind == SQM_E_COMPARE && inner->op == SQM_OP_EQ &&
		inner->right->kind == SQM_E_INTEGER &&
		strcmp(inner->right->text, "1") == 0)
		inner = inner->left;
	if (e->kind != SQM_E_AND)
		tr->conjunct = inner;
	t = sqm_condition(tr, e);
	tr->conjunct = saved;
	return t;
}

/* As an operand of AND or OR: both bind weaker than all that is no chain. */
static const char *
chained(const SqmTerm *t, char chain)
{
	return t->chain == 0 || t->chain == chain ? t->sql : sqm_atom(t);
}

static SqmTerm *
e_and_or(SqmTranslator *tr, const SqmExpr *e)
{
	bool		is_and = e->kind == SQM_E_AND;
	bool		top = is_and && tr->conjunct == e;
	SqmTerm    *l;
	SqmTerm    *r;
	SqmTerm    *t;

	if (top)
	{
		tr->conjunct = e->left;
		l = conjunct(tr, e->left);
		tr->conjunct = e->right;
		r = conjunct(tr, e->right);
	}
	else
	{
		l = sqm_condition(tr, e->left);
		r = sqm_condition(tr, e->right);
	}
	if (l == NULL || r == NULL)
		return NULL;

	t = sqm_term(SQM_T_BOOL, false,
				 psprintf("%s %s %s", chained(l, is_and ? '&' : '|'),
						  is_and ? "AND" : "OR",
						  chained(r, is_and ? '&' : '|')));
	t->chain = is_and ? '&' : '|';
	t->not_null = l->not_null && r->not_null;
	return t;
}

static SqmTerm *
e_not(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *l = sqm_condition(tr, e->left);
	SqmTerm    *t;

	if (l == NULL)
		return NULL;
	t = sqm_term(SQM_T_BOOL, false, psprintf("NOT %s", sqm_atom(l)));
	t->not_null = l->not_null;
	return t;
}

/*
 * typeof(x) = 'text', typeof(x) IN (…): which storage classes a column has
 * is known from its type, even where it may be one of several.
 */
static SqmTerm *
typeof_test(SqmTranslator *tr, const SqmExpr *call, List *classes,
			bool negated, bool *handled)
{
	SqmTerm    *x;
	SqmTerm    *t;
	const char *single;
	bool		has_value,
				has_null = false,
				has_integer = false,
				has_real = false,
				has_single = false;
	ListCell   *lc;

	*handled = false;
	if (call->kind != SQM_E_FUNCTION || !sqm_same_name(call->text, "typeof") ||
		list_length(call->args) != 1)
		return NULL;
	x = sqm_translate_expr(tr, linitial(call->args));
	if (x == NULL || x->type == SQM_T_NULL)
		return NULL;
	single = sqm_storage_class(x);
	foreach(lc, classes)
	{
		const SqmExpr *class = lfirst(lc);

		if (class->kind != SQM_E_STRING)
			return NULL;
		has_null = has_null || strcmp(class->text, "null") == 0;
		has_integer = has_integer || strcmp(class->text, "integer") == 0;
		has_real = has_real || strcmp(class->text, "real") == 0;
		has_single = has_single ||
			(single != NULL && strcmp(class->text, single) == 0);
	}
	if (single != NULL)
		has_value = has_single;
	else if (x->type == SQM_T_NUMERIC && has_integer == has_real)
		has_value = has_integer;	/* some of both, all of them or none */
	else
		return NULL;

	*handled = true;
	if (x->not_null)
		has_null = has_value;
	if (has_value == has_null)
		return sqm_bool_term(has_value != negated);
	t = sqm_term(SQM_T_BOOL, false,
				 psprintf("%s IS %sNULL", sqm_atom(x),
						  has_value == negated ? "" : "NOT "));
	t->not_null = true;
	return t;
}

static SqmTerm *
e_compare(SqmTranslator *tr, const SqmExpr *e)
{
	bool		handled = false;
	SqmTerm    *t;
	SqmTerm    *l;

	if (e->left->kind == SQM_E_ROW || e->right->kind == SQM_E_ROW)
		return sqm_problem(tr, "row values have no faithful equivalent");
	if (e->op == SQM_OP_EQ || e->op == SQM_OP_NE)
	{
		t = typeof_test(tr, e->left, list_make1(e->right),
						e->op == SQM_OP_NE, &handled);
		if (handled || tr->problem != NULL)
			return t;
	}
	l = sqm_translate_expr(tr, e->left);
	return sqm_compare(tr, e->op, l,
					   l ? sqm_translate_expr(tr, e->right) : NULL);
}

static SqmTerm *
e_is(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *l = sqm_translate_expr(tr, e->left);
	SqmTerm    *t;
	bool		value;

	if (l == NULL)
		return NULL;
	if (truth_word(tr, e->right, &value))
	{
		l = sqm_truth(tr, l);
		if (l == NULL)
			return NULL;
		t = sqm_term(SQM_T_BOOL, false,
					 psprintf("%s IS %s%s", sqm_atom(l),
							  e->negated ? "NOT " : "",
							  value ? "TRUE" : "FALSE"));
		t->not_null = true;
		return t;
	}
	return sqm_compare(tr, e->negated ? SQM_OP_IS_NOT : SQM_OP_IS, l,
					   sqm_translate_expr(tr, e->right));
}

static SqmTerm *
e_between(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *x = sqm_translate_expr(tr, e->left);
	SqmTerm    *low = x ? sqm_translate_expr(tr, e->right) : NULL;
	SqmTerm    *high = low ? sqm_translate_expr(tr, e->third) : NULL;
	SqmTerm    *from;
	SqmTerm    *to;
	SqmTerm    *t;

	if (high == NULL)
		return NULL;
	from = sqm_compare(tr, SQM_OP_GE, x, low);
	to = sqm_compare(tr, SQM_OP_LE, x, high);
	if (from == NULL || to == NULL)
		return NULL;
	t = sqm_term(SQM_T_BOOL, false,
				 psprintf(e->negated ? "NOT (%s AND %s)" : "%s AND %s",
						  chained(from, '&'), chained(to, '&')));
	t->chain = e->negated ? 0 : '&';
	t->not_null = from->not_null && to->not_null;
	return t;
}

static SqmTerm *
e_in(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *l;
	SqmTerm    *t;
	SqmTerm   **list;
	ListCell   *lc;
	int			n = 0;
	bool		handled = false;

	if (e->select != NULL || e->text != NULL)
	{
		if (tr->subselect == NULL)
			return sqm_problem(tr, "a subquery is not allowed here");
		return tr->subselect(tr, e);
	}
	if (e->left->kind == SQM_E_ROW)
		return sqm_problem(tr, "row values have no faithful equivalent");
	t = typeof_test(tr, e->left, e->args, e->negated, &handled);
	if (handled || tr->problem != NULL)
		return t;
	l = sqm_translate_expr(tr, e->left);
	list = palloc((list_length(e->args) + 1) * sizeof(SqmTerm *));
	foreach(lc, e->args)
	{
		list[n] = l ? sqm_translate_expr(tr, lfirst(lc)) : NULL;
		if (list[n++] == NULL)
			return NULL;
	}
	return sqm_in_list(tr, l, list, n, e->negated);
}

static SqmTerm *
e_like(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *l = sqm_translate_expr(tr, e->left);
	SqmTerm    *r = l ? sqm_translate_expr(tr, e->right) : NULL;
	SqmTerm    *escape = NULL;

	if (r != NULL && e->third != NULL)
	{
		escape = sqm_translate_expr(tr, e->third);
		if (escape == NULL)
			return NULL;
	}
	return sqm_match(tr, e->text, l, r, escape, e->negated);
}

/* ------------------------------------------------------------------------
 * Values
 * ------------------------------------------------------------------------
 */

/* +x is x, but neither a column's affinity nor a constant's is left */
static SqmTerm *
e_plus(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *l = sqm_translate_expr(tr, e->left);
	SqmTerm    *t;

	if (l == NULL)
		return NULL;
	t = palloc(sizeof(SqmTerm));
	*t = *l;
	t->affinity = 0;
	return t;
}

static SqmTerm *
e_negate(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *l;
	SqmTerm    *t;

	if (e->left->kind == SQM_E_INTEGER)
		return number_term(tr, e->left->text, true);
	if (e->left->kind == SQM_E_FLOAT)
		return real_term(tr, without_underscores(e->left->text), true);
	l = sqm_to_number(tr, sqm_translate_expr(tr, e->left), "negation");
	if (l == NULL || l->type == SQM_T_NULL)
		return l;
	t = sqm_term(l->type, false, psprintf("- %s", sqm_atom(l)));
	t->number = l->number;
	t->narrow = l->narrow;
	t->not_null = l->not_null;
	return t;
}

static SqmTerm *
e_concat(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *l = sqm_term_to_text(tr, sqm_translate_expr(tr, e->left), "||");
	SqmTerm    *r = l ? sqm_term_to_text(tr, sqm_translate_expr(tr, e->right),
									"||") : NULL;
	SqmTerm    *t;

	if (r == NULL)
		return NULL;
	if (l->type == SQM_T_NULL || r->type == SQM_T_NULL)
		return sqm_null_term();
	t = sqm_term(SQM_T_TEXT, false,
				 psprintf("%s || %s", e->left->kind == SQM_E_CONCAT ? l->sql :
						  sqm_atom(l), sqm_atom(r)));
	t->not_null = l->not_null && r->not_null;
	return t;
}

static SqmTerm *
e_arrow(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *l = sqm_translate_expr(tr, e->left);
	SqmTerm    *r = l ? sqm_translate_expr(tr, e->right) : NULL;

	return sqm_json_path(tr, l, r, e->op);
}

static SqmTerm *
set_collation(SqmTranslator *tr, const SqmTerm *t, const char *name)
{
	SqmTerm    *copy = palloc(sizeof(SqmTerm));

	*copy = *t;
	copy->explicit_collation = true;
	if (sqm_same_name(name, "BINARY"))
		copy->collation = SQM_C_BINARY;
	else if (sqm_same_name(name, "NOCASE"))
		copy->collation = SQM_C_NOCASE;
	else if (sqm_same_name(name, "RTRIM"))
		copy->collation = SQM_C_RTRIM;
	else
		return sqm_problem(tr, psprintf("collation \"%s\" has no equivalent",
										name));
	return copy;
}

static SqmTerm *
e_collate(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *l = sqm_translate_expr(tr, e->left);

	return l ? set_collation(tr, l, e->text) : NULL;
}

/* A cast of text takes the number that the text begins with, or 0. */
static SqmTerm *
cast_text(SqmTerm *x, SqmType type, const char *pattern, const char *name)
{
	char	   *sql = psprintf("coalesce(pg_catalog.\"substring\"(%s, %s)::%s, 0)",
							   x->sql, sqm_string(pattern), name);

	if (!x->not_null)
		sql = psprintf("CASE WHEN %s IS NOT NULL THEN %s END", sqm_atom(x),
					   sql);
	return sqm_term(type, true, sql);
}

static SqmTerm *
cast_to_integer(SqmTranslator *tr, SqmTerm *x)
{
	if (x->type == SQM_T_TEXT && x->digits == NULL)
		return cast_text(x, SQM_T_INT, "^[ \\t\\n\\v\\f\\r]*([-+]?[0-9]+)",
						 "bigint");
	if (x->type == SQM_T_NUMERIC || x->type == SQM_T_FLOAT)
		return sqm_term(SQM_T_INT, true,
						psprintf("pg_catalog.trunc(%s)::bigint", x->sql));
	return sqm_to_number(tr, x, "a cast to INTEGER");
}

static SqmTerm *
cast_to_real(SqmTranslator *tr, SqmTerm *x)
{
	if (x->type == SQM_T_TEXT && x->digits == NULL)
		return cast_text(x, SQM_T_FLOAT, "^[ \\t\\n\\v\\f\\r]*([-+]?"
						 "(?:[0-9]+[.]?[0-9]*|[.][0-9]+)"
						 "(?:[eE][-+]?[0-9]+)?)", "double precision");
	x = sqm_to_number(tr, x, "a cast to REAL");
	if (x == NULL || x->type == SQM_T_FLOAT || x->type == SQM_T_NULL)
		return x;
	return sqm_term(SQM_T_FLOAT, true, psprintf("%s::double precision",
												sqm_atom(x)));
}

static SqmTerm *
cast_to_blob(SqmTranslator *tr, SqmTerm *x)
{
	const char *text;

	if (x->type == SQM_T_BYTEA)
		return x;
	if (sqm_literal_string(x, &text))
		return sqm_assign(tr, x, "bytea");
	return sqm_problem(tr, "a cast to BLOB has no faithful equivalent");
}

static SqmTerm *
e_cast(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *x = sqm_translate_expr(tr, e->left);
	SqmTerm    *t = NULL;
	char		affinity = sqm_affinity_of_type(e->text);

	if (x == NULL || x->type == SQM_T_NULL)
		return x;
	switch (affinity)
	{
		case 'I':
			t = cast_to_integer(tr, x);
			break;
		case 'R':
			t = cast_to_real(tr, x);
			break;
		case 'N':
			t = sqm_to_number(tr, x, "a cast to NUMERIC");
			break;
		case 'T':
			t = x->type == SQM_T_JSONVALUE ? sqm_assign(tr, x, "text") :
				sqm_term_to_text(tr, x, "a cast to TEXT");
			break;
		case 'B':
			t = cast_to_blob(tr, x);
			break;
	}
	if (t != NULL)
	{
		SqmTerm    *copy = palloc(sizeof(SqmTerm));

		*copy = *t;
		copy->affinity = affinity;
		copy->column = false;
		copy->collation = x->collation;
		copy->explicit_collation = x->explicit_collation;
		copy->not_null = x->not_null;
		if (affinity == 'N' && copy->number == SQM_N_REAL)
			copy->number = SQM_N_ANY;	/* 5.0 becomes 5 */
		t = copy;
	}
	return t;
}

static SqmTerm *
e_case(SqmTranslator *tr, const SqmExpr *e)
{
	int			n = list_length(e->args) / 2;
	SqmTerm   **values = palloc((n + 1) * sizeof(SqmTerm *));
	SqmTerm   **conditions = palloc(n * sizeof(SqmTerm *));
	SqmTerm    *base = NULL;
	SqmTerm    *t;
	StringInfoData out;

	if (e->left != NULL && (base = sqm_translate_expr(tr, e->left)) == NULL)
		return NULL;
	for (int i = 0; i < n; i++)
	{
		const SqmExpr *when = list_nth(e->args, 2 * i);

		conditions[i] = base == NULL ? sqm_condition(tr, when) :
			sqm_compare(tr, SQM_OP_EQ, base, sqm_translate_expr(tr, when));
		values[i] = conditions[i] == NULL ? NULL :
			sqm_translate_expr(tr, list_nth(e->args, 2 * i + 1));
		if (values[i] == NULL)
			return NULL;
	}
	values[n] = e->third ? sqm_translate_expr(tr, e->third) :
		sqm_null_term();
	t = sqm_unify(tr, values, n + 1, "CASE");
	if (t == NULL)
		return NULL;
	if (t->type == SQM_T_NULL)
		return sqm_null_term();
	initStringInfo(&out);
	appendStringInfoString(&out, "CASE");
	t->not_null = true;
	for (int i = 0; i < n; i++)
	{
		appendStringInfo(&out, " WHEN %s THEN %s", conditions[i]->sql,
						 values[i]->sql);
		t->not_null = t->not_null && values[i]->not_null;
	}
	if (e->third != NULL)
		appendStringInfo(&out, " ELSE %s", values[n]->sql);
	t->not_null = t->not_null && values[n]->not_null;
	appendStringInfoString(&out, " END");
	t->sql = out.data;
	t->atom = true;
	return t;
}

static SqmTerm *
e_subselect(SqmTranslator *tr, const SqmExpr *e)
{
	if (tr->subselect == NULL)
		return sqm_problem(tr, "a subquery is not allowed here");
	return tr->subselect(tr, e);
}

static SqmTerm *
e_row(SqmTranslator *tr, const SqmExpr *e)
{
	return sqm_problem(tr, "row values have no faithful equivalent");
}

static SqmTerm *
e_raise(SqmTranslator *tr, const SqmExpr *e)
{
	return sqm_problem(tr, "RAISE has no equivalent in an expression");
}

static const Handler handlers[] = {
	[SQM_E_NULL] = e_null,
	[SQM_E_INTEGER] = e_integer,
	[SQM_E_FLOAT] = e_float,
	[SQM_E_STRING] = e_string,
	[SQM_E_BLOB] = e_blob,
	[SQM_E_NOW] = e_now,
	[SQM_E_COLUMN] = e_column,
	[SQM_E_PLUS] = e_plus,
	[SQM_E_NEGATE] = e_negate,
	[SQM_E_BITNOT] = sqm_bitnot,
	[SQM_E_NOT] = e_not,
	[SQM_E_AND] = e_and_or,
	[SQM_E_OR] = e_and_or,
	[SQM_E_COMPARE] = e_compare,
	[SQM_E_IS] = e_is,
	[SQM_E_ARITHMETIC] = sqm_arithmetic,
	[SQM_E_BITWISE] = sqm_bitwise,
	[SQM_E_CONCAT] = e_concat,
	[SQM_E_ARROW] = e_arrow,
	[SQM_E_COLLATE] = e_collate,
	[SQM_E_CAST] = e_cast,
	[SQM_E_LIKE] = e_like,
	[SQM_E_BETWEEN] = e_between,
	[SQM_E_IN] = e_in,
	[SQM_E_CASE] = e_case,
	[SQM_E_FUNCTION] = sqm_function,
	[SQM_E_EXISTS] = e_subselect,
	[SQM_E_SUBSELECT] = e_subselect,
	[SQM_E_ROW] = e_row,
	[SQM_E_RAISE] = e_raise
};

/* Account for one more piece of text. */
bool
sqm_spend(SqmTranslator *tr, const char *text)
{
	Size		length = strlen(text);

	tr->written += length;
	if (++tr->steps <= MAX_STEPS && length <= MAX_TEXT &&
		tr->written <= MAX_WRITTEN)
		return true;
	sqm_problem(tr, "the translation is too long");
	return false;
}

/* The next node on SQLite's way to the COLLATE that counts. */
static const SqmExpr *
towards_collate(const SqmExpr *e)
{
	ListCell   *lc;

	if (e->left != NULL && e->left->collates)
		return e->left;
	foreach(lc, e->args)
	{
		const SqmExpr *arg = lfirst(lc);

		if (arg->collates)
			return arg;
	}
	if (e->right != NULL && e->right->collates)
		return e->right;
	return e->third;
}

/* A COLLATE deep in an expression is the collation of its text, too. */
static SqmTerm *
inherit_collation(SqmTranslator *tr, const SqmExpr *e, SqmTerm *t)
{
	if (t == NULL || t->type != SQM_T_TEXT || t->explicit_collation)
		return t;
	while (e->kind != SQM_E_COLLATE)
	{
		e = towards_collate(e);
		if (e == NULL || !e->collates)
			return t;
	}
	return set_collation(tr, t, e->text);
}

/* NULL if there is a problem, and then tr->problem is set. */
SqmTerm *
sqm_translate_expr(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *t;

	CHECK_FOR_INTERRUPTS();
	if (tr->problem != NULL)
		return NULL;
	if (stack_is_too_deep())
		return sqm_problem(tr, "nested too deeply");
	t = tr->known != NULL ? tr->known(tr, e) : NULL;
	if (t != NULL)
		return t;
	t = handlers[e->kind] (tr, e);
	if (e->collates && e->kind != SQM_E_COLLATE)
		t = inherit_collation(tr, e, t);
	if (t != NULL && !sqm_spend(tr, t->sql))
		return NULL;
	if (tr->problem != NULL)
		return NULL;
	return t;
}

/* ------------------------------------------------------------------------
 * The entry
 * ------------------------------------------------------------------------
 */

/* The columns of one table, as the caller listed them. */
static SqmTerm *
resolve_in_list(SqmTranslator *tr, const char *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, (List *) tr->scope)
	{
		const SqmColumnInfo *col = lfirst(lc);

		if (sqm_same_name(col->name, name))
			return sqm_column_term(tr, col, NULL);
	}
	return NULL;
}

static SqmTerm *
index_key(SqmTranslator *tr, SqmTerm *t)
{
	if (t == NULL || t->type != SQM_T_TEXT)
		return t;
	return sqm_term(SQM_T_TEXT, false, sqm_equal_key(t));
}

/* A number, a string, NULL; -5. */
static bool
is_plain_literal(const SqmExpr *e)
{
	if (e->kind == SQM_E_NEGATE || e->kind == SQM_E_PLUS)
		e = e->left;
	return e->kind <= SQM_E_BLOB;
}

static SqmTerm *
translate_in_context(SqmTranslator *tr, const SqmExpr *e,
					 const char *wanted_type)
{
	SqmTerm    *t;

	switch (tr->context)
	{
		case SQM_CONTEXT_CHECK:
			tr->conjunct = e;
			return conjunct(tr, e);
		case SQM_CONTEXT_WHERE:
			return sqm_condition(tr, e);
		case SQM_CONTEXT_INDEX:
			return index_key(tr, sqm_translate_expr(tr, e));
		case SQM_CONTEXT_DEFAULT:
		case SQM_CONTEXT_GENERATED:
			t = sqm_translate_expr(tr, e);
			if (wanted_type != NULL)
				t = sqm_assign(tr, t, wanted_type);

			/*
			 * DEFAULT takes no IS, LIKE or AND without parentheses.
			 */
			if (t != NULL && tr->context == SQM_CONTEXT_DEFAULT &&
				!is_plain_literal(e))
				t = sqm_term(t->type, true, unconstify(char *, sqm_atom(t)));
			return t;
		case SQM_CONTEXT_VIEW:
			break;
	}
	return sqm_translate_expr(tr, e);
}

/*
 * Translate one expression.  columns is a list of SqmColumnInfo; wanted_type
 * is the type of the column that a default or a generated value is for.
 * Never an error: problem says why there is no text.
 */
SqmTranslation *
sqm_translate(const char *expression, int length, SqmContext context,
			  List *columns, const char *wanted_type)
{
	SqmTranslation *out = palloc0(sizeof(SqmTranslation));
	SqmTranslator tr = {0};
	const char *error;
	int			error_pos;
	SqmExpr    *e = sqm_parse_expr(expression, length, &error, &error_pos);
	SqmTerm    *t;

	if (e == NULL)
	{
		out->problem = psprintf("not understood: %s at byte %d", error,
								error_pos + 1);
		return out;
	}
	tr.context = context;
	tr.need_immutable = context == SQM_CONTEXT_GENERATED ||
		context == SQM_CONTEXT_INDEX || context == SQM_CONTEXT_WHERE;
	tr.immutable = true;
	tr.resolve = resolve_in_list;
	tr.scope = columns;
	t = translate_in_context(&tr, e, wanted_type);
	if (t != NULL && tr.problem == NULL)
		out->text = t->sql;
	else
		out->problem = tr.problem;
	out->notes = out->text ? sqm_join_notes(&tr) : NULL;
	out->immutable = tr.immutable;
	return out;
}
