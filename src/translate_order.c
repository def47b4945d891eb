/*-------------------------------------------------------------------------
 *
 * translate_order.c
 *		What do GROUP BY, ORDER BY and LIMIT of a query mean?
 *
 * Their terms may be positions or aliases of results, which SQLite looks for
 * in another order than PostgreSQL; here each becomes the expression that it
 * stands for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lexer.h"
#include "translate_query.h"

/* ------------------------------------------------------------------------
 * GROUP BY
 * ------------------------------------------------------------------------
 */

static bool expr_equal(const SqmExpr *a, const SqmExpr *b);

static bool
list_equal(List *a, List *b)
{
	if (list_length(a) != list_length(b))
		return false;
	for (int i = 0; i < list_length(a); i++)
	{
		if (!expr_equal(list_nth(a, i), list_nth(b, i)))
			return false;
	}
	return true;
}

static bool
text_equal(const char *a, const char *b, bool fold)
{
	if (a == NULL || b == NULL)
		return a == b;
	return fold ? sqm_same_name(a, b) : strcmp(a, b) == 0;
}

/* The same expression, word for word? */
static bool
expr_equal(const SqmExpr *a, const SqmExpr *b)
{
	bool		name;

	if (a == NULL || b == NULL)
		return a == b;
	name = a->kind == SQM_E_COLUMN || a->kind == SQM_E_FUNCTION;
	return a->kind == b->kind && a->op == b->op && a->negated == b->negated &&
		a->distinct == b->distinct && a->star == b->star &&
		text_equal(a->text, b->text, name) &&
		text_equal(a->table, b->table, true) &&
		expr_equal(a->left, b->left) && expr_equal(a->right, b->right) &&
		expr_equal(a->third, b->third) && list_equal(a->args, b->args) &&
		a->filter == NULL && b->filter == NULL && a->over == NULL &&
		b->over == NULL && a->select == NULL && b->select == NULL;
}

/* sqm_translate_expr asks: is this one of the keys of GROUP BY? */
SqmTerm *
sqm_known_group_key(SqmTranslator *tr, const SqmExpr *e)
{
	SqmScope   *scope = tr->scope;

	if (!scope->grouped || scope->in_aggregate > 0 ||
		e->kind == SQM_E_COLUMN)
		return NULL;
	for (int i = 0; i < list_length(scope->group_exprs); i++)
	{
		if (expr_equal(list_nth(scope->group_exprs, i), e))
			return list_nth(scope->group_terms, i);
	}
	return NULL;
}

/* A number in GROUP BY or ORDER BY is the position of a result. */
static bool
is_position(const SqmExpr *e, int *position)
{
	int64		value;

	if (e->kind != SQM_E_INTEGER || !sqm_parse_integer(e->text, &value))
		return false;
	*position = value < 1 || value > 10000 ? 0 : (int) value;
	return true;
}

/* The expression that a key of GROUP BY stands for: by position or alias. */
static const SqmExpr *
group_key(const SqmScope *scope, const SqmExpr *e)
{
	List	   *results = scope->core->results;
	int			position;
	ListCell   *lc;

	if (is_position(e, &position))
	{
		SqmResult  *result = position > 0 &&
			position <= list_length(results) ?
			list_nth(results, position - 1) : NULL;

		return result != NULL ? result->expr : NULL;
	}
	if (e->kind != SQM_E_COLUMN || e->table != NULL ||
		sqm_scope_has_column(scope, e->text))
		return e;
	foreach(lc, results)
	{
		SqmResult  *result = lfirst(lc);

		if (result->alias != NULL && sqm_same_name(result->alias, e->text))
			return result->expr;
	}
	return e;
}

char *
sqm_translate_group_by(SqmTranslator *tr, SqmScope *scope)
{
	StringInfoData out;
	ListCell   *lc;
	List	   *terms = NIL;

	initStringInfo(&out);
	foreach(lc, scope->core->group_by)
	{
		const SqmExpr *e = group_key(scope, lfirst(lc));
		SqmTerm    *t;

		if (e == NULL)
			return sqm_problem(tr, "this position in GROUP BY has no faithful "
							   "equivalent");
		t = sqm_translate_expr(tr, e);
		if (t == NULL)
			return NULL;
		if (t->literal != NULL || t->type == SQM_T_JSON ||
			t->type == SQM_T_OTHER)
			return sqm_problem(tr, "this key of GROUP BY has no faithful "
							   "equivalent");
		appendStringInfo(&out, "%s%s", out.len > 0 ? ", " : "",
						 t->column ? sqm_equal_key(t) :
						 psprintf("(%s)", sqm_equal_key(t)));
		if (strcmp(sqm_equal_key(t), t->sql) != 0)
			continue;			/* grouped by lower(x): x itself is not */
		terms = lappend(terms, t);
		scope->group_exprs = lappend(scope->group_exprs, (void *) e);
	}
	scope->group_terms = terms;
	return out.data;
}

/* ------------------------------------------------------------------------
 * ORDER BY and LIMIT of the whole
 * ------------------------------------------------------------------------
 */

/* Which result does a term of ORDER BY mean?  -1: none, it is an expression */
static int
order_target(const SqmExpr *e, List *outputs, const SqmCore *core)
{
	int			position;

	if (is_position(e, &position))
		return position - 1 < list_length(outputs) ? position - 1 : -1;
	while (e->kind == SQM_E_COLLATE)
		e = e->left;
	for (int i = 0; i < list_length(core->results); i++)
	{
		SqmResult  *result = list_nth(core->results, i);

		if (result->star)
			break;				/* positions are not those of the text */
		if (result->alias != NULL && e->kind == SQM_E_COLUMN &&
			e->table == NULL && sqm_same_name(result->alias, e->text))
			return i;
	}
	for (int i = 0; i < list_length(core->results); i++)
	{
		SqmResult  *result = list_nth(core->results, i);

		if (result->star)
			break;
		if (expr_equal(result->expr, e))
			return i;
	}
	if (e->kind == SQM_E_COLUMN && e->table == NULL)
	{
		for (int i = 0; i < list_length(outputs); i++)
		{
			if (sqm_same_name(((SqmOutput *) list_nth(outputs, i))->name,
							  e->text))
				return i;
		}
	}
	return -1;
}

/* A written COLLATE of the term of ORDER BY goes with what it means. */
static SqmTerm *
order_term(SqmTranslator *tr, const SqmExpr *e, const SqmTerm *t)
{
	SqmTerm    *out = palloc(sizeof(SqmTerm));

	*out = *t;
	if (e->kind == SQM_E_COLLATE)
	{
		out->explicit_collation = true;
		out->collation = sqm_same_name(e->text, "NOCASE") ? SQM_C_NOCASE :
			sqm_same_name(e->text, "RTRIM") ? SQM_C_RTRIM : SQM_C_BINARY;
	}
	return out;
}

/*
 * ORDER BY of a plain SELECT may be any expression; that of a DISTINCT or a
 * compound sorts its results, and gets them from around: PostgreSQL would
 * not let it change the collation inside.
 */
char *
sqm_add_order(SqmTranslator *tr, char *sql, List *order_by, List *outputs,
		  const SqmCore *core, SqmScope *inside, bool around)
{
	StringInfoData out;
	SqmScope   *saved = tr->scope;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, order_by)
	{
		const SqmOrder *order = lfirst(lc);
		int			target = order_target(order->expr, outputs, core);
		SqmTerm    *t;
		const char *nulls = order->nulls;

		if (target >= 0 && around)
			t = sqm_output_term(list_nth(outputs, target), "ordered");
		else if (target >= 0)
			t = ((SqmOutput *) list_nth(outputs, target))->term;
		else if (around)
			return sqm_problem(tr, "ORDER BY of anything but a result has no "
							   "faithful equivalent here");
		else
		{
			tr->scope = inside;
			t = sqm_translate_expr(tr, order->expr);
			tr->scope = saved;
		}
		if (t == NULL)
			return NULL;
		t = order_term(tr, order->expr, t);
		if (t->literal != NULL || t->type == SQM_T_NULL)
			continue;			/* a constant orders nothing */
		if (t->type == SQM_T_JSON || t->type == SQM_T_OTHER)
			return sqm_problem(tr, psprintf("ordering by %s has no faithful "
											"equivalent",
											sqm_type_word(t->type)));
		if (nulls == NULL && !t->not_null)
			nulls = order->desc ? "last" : "first";
		appendStringInfo(&out, "%s%s%s%s%s", out.len > 0 ? ", " : "",
						 sqm_order_key(tr, t), order->desc ? " DESC" : "",
						 nulls ? " NULLS " : "",
						 nulls ? sqm_fold_ascii(nulls, true) : "");
	}
	if (out.len == 0)
		return sql;
	if (around)
		return psprintf("SELECT * FROM (%s) AS ordered ORDER BY %s", sql,
						out.data);
	return psprintf("%s ORDER BY %s", sql, out.data);
}

char *
sqm_add_limit(SqmTranslator *tr, char *sql, const SqmSelect *select,
		  SqmQuery *query)
{
	SqmTerm    *t;
	int64		value;

	if (select->limit == NULL)
		return sql;
	t = sqm_translate_expr(tr, select->limit);
	if (t == NULL || !sqm_literal_integer(t, &value))
		return sqm_problem(tr, "LIMIT of anything but a constant has no "
						   "faithful equivalent");
	query->limited = true;
	query->one_row = query->one_row || value == 0 || value == 1;
	if (value >= 0)				/* a negative one is none */
		sql = psprintf("%s LIMIT %s", sql, t->sql);
	if (select->offset != NULL)
	{
		t = sqm_translate_expr(tr, select->offset);
		if (t == NULL || !sqm_literal_integer(t, &value))
			return sqm_problem(tr, "OFFSET of anything but a constant has no "
							   "faithful equivalent");
		if (value > 0)
			sql = psprintf("%s OFFSET %s", sql, t->sql);
	}
	return sql;
}
