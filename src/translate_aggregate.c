/*-------------------------------------------------------------------------
 *
 * translate_aggregate.c
 *		What are aggregates, windows and ORDER BY of SQLite's here?
 *
 * One table of aggregates and one of window functions.  Inside of an
 * aggregate bare columns are allowed, so the scope counts how deep it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lexer.h"
#include "translate_query.h"

typedef SqmTerm *(*Handler) (SqmTranslator *tr, const SqmExpr *e,
							 SqmTerm **args, int n);

/* ------------------------------------------------------------------------
 * ORDER BY
 * ------------------------------------------------------------------------
 */

/* SQLite puts NULL before everything, PostgreSQL behind. */
static void
append_order(SqmTranslator *tr, StringInfo out, SqmTerm *t,
			 const SqmOrder *order)
{
	const char *nulls = order->nulls;

	if (nulls == NULL && !t->not_null)
		nulls = order->desc ? "last" : "first";
	appendStringInfo(out, "%s%s%s", out->len > 0 ? ", " : "",
					 sqm_order_key(tr, t), order->desc ? " DESC" : "");
	if (nulls != NULL)
		appendStringInfo(out, " NULLS %s", sqm_fold_ascii(nulls, true));
}

/* The terms behind ORDER BY, where they are plain expressions. */
static char *
order_list(SqmTranslator *tr, List *order_by)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, order_by)
	{
		const SqmOrder *order = lfirst(lc);
		SqmTerm    *t = sqm_translate_expr(tr, order->expr);

		if (t == NULL)
			return NULL;
		if (t->type == SQM_T_JSON || t->type == SQM_T_JSONVALUE ||
			t->type == SQM_T_OTHER)
			return sqm_problem(tr, psprintf("ordering by %s has no faithful "
											"equivalent",
											sqm_type_word(t->type)));
		append_order(tr, &out, t, order);
	}
	return out.data;
}

/* ------------------------------------------------------------------------
 * The call itself: DISTINCT, FILTER, OVER
 * ------------------------------------------------------------------------
 */

static char *
window_clause(SqmTranslator *tr, const SqmWindow *window)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, window->partition_by)
	{
		SqmTerm    *t = sqm_translate_expr(tr, lfirst(lc));

		if (t == NULL)
			return NULL;
		appendStringInfo(&out, "%s%s", out.len > 0 ? ", " : "PARTITION BY ",
						 sqm_equal_key(t));
	}
	if (window->order_by != NIL)
	{
		char	   *order = order_list(tr, window->order_by);

		if (order == NULL)
			return NULL;
		appendStringInfo(&out, "%sORDER BY %s", out.len > 0 ? " " : "",
						 order);
	}
	if (window->frame != NULL)
		appendStringInfo(&out, "%s%s", out.len > 0 ? " " : "",
						 window->frame);
	return psprintf(" OVER (%s)", out.data);
}

/* name(arguments) FILTER (…) OVER (…) */
static char *
write_call(SqmTranslator *tr, const SqmExpr *e, const char *name,
		   const char *arguments)
{
	char	   *sql = psprintf("pg_catalog.%s(%s%s)", name,
							   e->distinct ? "DISTINCT " : "", arguments);

	if (e->filter != NULL)
	{
		SqmTerm    *t = sqm_condition(tr, e->filter);

		if (t == NULL)
			return NULL;
		sql = psprintf("%s FILTER (WHERE %s)", sql, t->sql);
	}
	if (e->over != NULL)
	{
		char	   *over = window_clause(tr, e->over);

		if (over == NULL)
			return NULL;
		sql = psprintf("%s%s", sql, over);
	}
	return sql;
}

static SqmTerm *
call_term(SqmType type, char *sql)
{
	return sql ? sqm_term(type, true, sql) : NULL;
}

/* ------------------------------------------------------------------------
 * Aggregates
 * ------------------------------------------------------------------------
 */

static SqmTerm *
a_count(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *t;

	if (n > 0 && args[0]->type == SQM_T_JSON && e->distinct)
		return sqm_problem(tr, "count of distinct json has no equivalent");
	t = call_term(SQM_T_INT, write_call(tr, e, "count", n == 0 ? "*" :
										e->distinct ? sqm_equal_key(args[0]) :
										args[0]->sql));
	if (t != NULL)
		t->not_null = true;
	return t;
}

static SqmTerm *
a_sum(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *x = sqm_to_number(tr, args[0], "sum");
	char	   *sql;
	SqmTerm    *t;

	if (x == NULL || x->type == SQM_T_NULL)
		return x;
	sql = write_call(tr, e, "sum", x->sql);
	if (sql == NULL)
		return NULL;
	/* a sum of bigints is numeric; SQLite's overflows as bigint does */
	if (x->type == SQM_T_INT)
		sql = psprintf("(%s)::bigint", sql);
	t = sqm_term(x->type, true, sql);
	t->number = x->number;
	return t;
}

static SqmTerm *
a_total(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *x = sqm_to_number(tr, args[0], "total");
	char	   *sql = x ? write_call(tr, e, "sum", x->sql) : NULL;
	SqmTerm    *t;

	if (sql == NULL)
		return NULL;
	t = sqm_term(SQM_T_FLOAT, true,
				 psprintf("coalesce((%s)::double precision, 0)", sql));
	t->not_null = true;
	return t;
}

static SqmTerm *
a_avg(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *x = sqm_to_number(tr, args[0], "avg");
	char	   *sql = x ? write_call(tr, e, "avg", x->sql) : NULL;

	if (sql == NULL)
		return NULL;
	return sqm_term(SQM_T_FLOAT, true, psprintf("(%s)::double precision",
												sql));
}

/* min(x) and max(x) of one argument */
static SqmTerm *
a_extreme(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *x = args[0];
	char	   *name = sqm_fold_ascii(e->text, false);
	SqmTerm    *t;

	if (x->type == SQM_T_BOOL)
	{
		t = call_term(SQM_T_BOOL,
					  write_call(tr, e, strcmp(name, "min") == 0 ?
								 "bool_and" : "bool_or", x->sql));
		if (t != NULL)
			t->logical = x->logical;
		return t;
	}
	if (!sqm_is_numeric(x) && !sqm_is_temporal(x) &&
		!(x->type == SQM_T_TEXT && x->collation <= SQM_C_BINARY))
		return sqm_problem(tr, psprintf("%s of %s has no faithful equivalent",
										name, sqm_type_word(x->type)));
	t = call_term(x->type, write_call(tr, e, name, x->type == SQM_T_TEXT ?
									  sqm_order_key(tr, x) : x->sql));
	if (t != NULL)
	{
		t->number = x->number;
		t->narrow = x->narrow;
		t->type_name = x->type == SQM_T_NUMERIC ? NULL : x->type_name;
	}
	return t;
}

static SqmTerm *
a_group_concat(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *x = sqm_term_to_text(tr, args[0], "group_concat");
	SqmTerm    *separator = n == 2 ?
		sqm_term_to_text(tr, args[1], "group_concat") : sqm_string_term(",");
	char	   *arguments;

	if (x == NULL || separator == NULL)
		return NULL;
	if (x->collation > SQM_C_BINARY && e->distinct)
		return sqm_problem(tr, "group_concat of distinct values under this "
						   "collation has no faithful equivalent");
	arguments = psprintf("%s, %s", x->sql, separator->sql);
	if (e->order_by != NIL)
	{
		char	   *order = order_list(tr, e->order_by);

		if (order == NULL)
			return NULL;
		arguments = psprintf("%s ORDER BY %s", arguments, order);
	}
	else
		sqm_note(tr, "group_concat without ORDER BY has no certain order");
	return call_term(SQM_T_TEXT, write_call(tr, e, "string_agg", arguments));
}

/* ------------------------------------------------------------------------
 * Window functions
 * ------------------------------------------------------------------------
 */

/* row_number, rank, dense_rank: no argument, a bigint */
static SqmTerm *
w_number(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *t = call_term(SQM_T_INT,
							  write_call(tr, e,
										 sqm_fold_ascii(e->text, false), ""));

	if (t != NULL)
		t->not_null = true;
	return t;
}

static SqmTerm *
w_ratio(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	return call_term(SQM_T_FLOAT,
					 write_call(tr, e, sqm_fold_ascii(e->text, false), ""));
}

static SqmTerm *
w_ntile(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	int64		count;
	SqmTerm    *t;

	if (!sqm_literal_integer(args[0], &count) || count < 1 || count > 1000000)
		return sqm_problem(tr, "ntile of anything but a constant has no "
						   "faithful equivalent");
	t = call_term(SQM_T_INT, write_call(tr, e, "ntile", args[0]->sql));
	if (t != NULL)
		t->narrow = true;
	return t;
}

/* lag, lead, first_value, last_value, nth_value: the type of the first */
static SqmTerm *
w_value(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	char	   *name = sqm_fold_ascii(e->text, false);
	char	   *arguments = args[0]->sql;
	int64		offset;
	SqmTerm    *t;

	if (n > 1)
	{
		if (!sqm_literal_integer(args[1], &offset) || offset < 0 ||
			offset > PG_INT32_MAX)
			return sqm_problem(tr, psprintf("%s with a computed offset has no "
											"faithful equivalent", name));
		arguments = psprintf("%s, %s", arguments, args[1]->sql);
	}
	if (n > 2)
	{
		if (args[0]->type != args[2]->type || args[0]->narrow !=
			args[2]->narrow)
			return sqm_problem(tr, psprintf("%s with a default of another "
											"type has no faithful equivalent",
											name));
		arguments = psprintf("%s, %s", arguments, args[2]->sql);
	}
	t = call_term(args[0]->type, write_call(tr, e, name, arguments));
	if (t != NULL)
	{
		t->number = args[0]->number;
		t->narrow = args[0]->narrow;
		t->logical = args[0]->logical;
	}
	return t;
}

/* ------------------------------------------------------------------------
 * The table
 * ------------------------------------------------------------------------
 */

static const struct
{
	const char *name;
	int			min_args;		/* 0: also f(*) */
	int			max_args;
	bool		window_only;
	Handler		handler;
}			aggregates[] = {
	{"avg", 1, 1, false, a_avg},
	{"count", 0, 1, false, a_count},
	{"cume_dist", 0, 0, true, w_ratio},
	{"dense_rank", 0, 0, true, w_number},
	{"first_value", 1, 1, true, w_value},
	{"group_concat", 1, 2, false, a_group_concat},
	{"lag", 1, 3, true, w_value},
	{"last_value", 1, 1, true, w_value},
	{"lead", 1, 3, true, w_value},
	{"max", 1, 1, false, a_extreme},
	{"min", 1, 1, false, a_extreme},
	{"nth_value", 2, 2, true, w_value},
	{"ntile", 1, 1, true, w_ntile},
	{"percent_rank", 0, 0, true, w_ratio},
	{"rank", 0, 0, true, w_number},
	{"row_number", 0, 0, true, w_number},
	{"string_agg", 2, 2, false, a_group_concat},
	{"sum", 1, 1, false, a_sum},
	{"total", 1, 1, false, a_total}
};

static int
find_aggregate(const SqmExpr *e)
{
	int			n = list_length(e->args);

	for (int i = 0; i < (int) lengthof(aggregates); i++)
	{
		if (sqm_same_name(e->text, aggregates[i].name) &&
			n >= aggregates[i].min_args && n <= aggregates[i].max_args &&
			(!aggregates[i].window_only || e->over != NULL))
			return i;
	}
	return -1;
}

/* sqm_function asks here first; handled says whether it was an aggregate. */
SqmTerm *
sqm_aggregate(SqmTranslator *tr, const SqmExpr *e, bool *handled)
{
	SqmScope   *scope = tr->scope;
	int			which = find_aggregate(e);
	bool		plain;
	SqmTerm    *args[3];
	SqmTerm    *t = NULL;
	ListCell   *lc;
	int			n = 0;

	if (which < 0)
		return NULL;
	*handled = true;

	/* what a window function looks at is grouped, if anything is */
	plain = e->over == NULL;
	if (plain && scope->in_aggregate > 0)
		return sqm_problem(tr, "an aggregate is not allowed here");
	scope->in_aggregate += plain;
	foreach(lc, e->args)
	{
		args[n] = sqm_translate_expr(tr, lfirst(lc));
		if (args[n] == NULL)
			break;
		if (args[n]->type == SQM_T_OTHER)
			args[n] = sqm_problem(tr, "an aggregate of a type of its own");
		if (args[n] == NULL)
			break;
		n++;
	}
	if (tr->problem == NULL && n == list_length(e->args))
		t = aggregates[which].handler(tr, e, args, n);
	scope->in_aggregate -= plain;
	return t;
}

/* Is there an aggregate (not a window) in the expression? */
bool
sqm_has_aggregate(const SqmExpr *e)
{
	ListCell   *lc;

	if (e == NULL)
		return false;
	if (e->kind == SQM_E_FUNCTION && e->over == NULL &&
		find_aggregate(e) >= 0)
		return true;
	foreach(lc, e->args)
	{
		if (sqm_has_aggregate(lfirst(lc)))
			return true;
	}
	return sqm_has_aggregate(e->left) || sqm_has_aggregate(e->right) ||
		sqm_has_aggregate(e->third);
}
