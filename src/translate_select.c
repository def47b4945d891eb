/*-------------------------------------------------------------------------
 *
 * translate_select.c
 *		What is a query of SQLite's in PostgreSQL?
 *
 * Each SELECT is translated with its own scope (translate_from.c); the parts
 * of a compound get common types before any of them is written; ORDER BY
 * sorts as SQLite does.  What SQLite leaves to chance (columns that are
 * neither grouped nor aggregated) is a problem, not a guess.
 *
 * A condition as a result is 0 or 1, as in SQLite; a boolean column stays
 * boolean.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "ddl_facts.h"
#include "lexer.h"
#include "translate_query.h"

/* One SELECT or VALUES, its results not yet written. */
typedef struct Part
{
	List	   *rows;			/* VALUES: of Lists of SqmOutput; else one */
	bool		values;
	bool		distinct;
	bool		one_row;
	char	   *tail;			/* from FROM to HAVING */
	SqmScope   *scope;
	const SqmCore *core;
} Part;

/* ------------------------------------------------------------------------
 * Types of results
 * ------------------------------------------------------------------------
 */

/* The PostgreSQL type of a term. */
const char *
sqm_term_type_name(const SqmTerm *t)
{
	static const char *const names[] = {
		[SQM_T_NULL] = "text", [SQM_T_BOOL] = "boolean",
		[SQM_T_INT] = "bigint", [SQM_T_NUMERIC] = "numeric",
		[SQM_T_FLOAT] = "double precision", [SQM_T_TEXT] = "text",
		[SQM_T_BYTEA] = "bytea", [SQM_T_DATE] = "date",
		[SQM_T_TIME] = "time", [SQM_T_TIMESTAMP] = "timestamp",
		[SQM_T_TIMESTAMPTZ] = "timestamptz", [SQM_T_UUID] = "uuid",
		[SQM_T_JSON] = "json", [SQM_T_JSONB] = "jsonb",
		[SQM_T_JSONVALUE] = "jsonb", [SQM_T_OTHER] = "text"
	};

	if (t->type_name != NULL)
		return t->type_name;
	if (t->type == SQM_T_INT && t->narrow)
		return "integer";
	return names[t->type];
}

/* A term as a column of a result: of a type that has a name. */
static SqmTerm *
result_term(SqmTranslator *tr, SqmTerm *t)
{
	SqmTerm    *out;

	if (t == NULL)
		return NULL;
	if (t->type == SQM_T_BOOL && t->logical)
		return sqm_to_number(tr, t, "a result");
	if (t->type == SQM_T_JSONVALUE)
		return sqm_assign(tr, t, "text");
	if (t->type == SQM_T_TEXT && t->literal != NULL)
	{
		out = palloc(sizeof(SqmTerm));
		*out = *t;
		out->sql = psprintf("%s::text", t->sql);
		return out;
	}
	return t;
}

static SqmTerm *
cast_term(const SqmTerm *t, const char *type)
{
	SqmTerm    *out = palloc(sizeof(SqmTerm));

	*out = *t;
	out->sql = psprintf("%s::%s", sqm_atom(t), type);
	out->atom = true;
	out->type_name = NULL;
	out->narrow = false;
	out->literal = NULL;
	return out;
}

/*
 * Give each column of a compound one type.  exact: PostgreSQL wants the very
 * same type on both sides of a recursion.
 */
static bool
unify_rows(SqmTranslator *tr, List *rows, bool exact)
{
	int			width = list_length(linitial(rows));
	int			n = list_length(rows);
	SqmTerm   **terms = palloc(n * sizeof(SqmTerm *));

	for (int i = 0; i < width; i++)
	{
		SqmTerm    *type;
		SqmTerm    *common;

		for (int j = 0; j < n; j++)
		{
			List	   *row = list_nth(rows, j);

			if (list_length(row) != width)
				return sqm_problem(tr, "the parts of a compound query have "
								   "different numbers of columns");
			terms[j] = ((SqmOutput *) list_nth(row, i))->term;
		}
		type = sqm_unify(tr, terms, n, "a compound query");
		if (type == NULL)
			return false;
		common = palloc(sizeof(SqmTerm));
		*common = *type;
		common->narrow = false;
		for (int j = 0; j < n; j++)
		{
			SqmOutput  *out = list_nth(list_nth(rows, j), i);
			SqmTerm    *first = ((SqmOutput *)
								 list_nth(linitial(rows), i))->term;

			if (exact || terms[j]->type == SQM_T_NULL)
			{
				terms[j] = cast_term(terms[j], sqm_term_type_name(common));
				terms[j]->type = type->type == SQM_T_NULL ? SQM_T_TEXT :
					type->type;
			}
			out->term = terms[j];
			/* what the whole has is what all parts have */
			if (j == n - 1 && n > 1)
			{
				SqmTerm    *copy = palloc(sizeof(SqmTerm));

				*copy = *((SqmOutput *) list_nth(linitial(rows), i))->term;
				copy->type = terms[j]->type == SQM_T_NULL ? SQM_T_TEXT :
					type->type == SQM_T_NULL ? SQM_T_TEXT : type->type;
				copy->type_name = NULL;
				copy->number = type->number;
				copy->not_null = false;
				copy->affinity = first->affinity;
				((SqmOutput *) list_nth(linitial(rows), i))->term = copy;
			}
		}
	}
	return true;
}

/* ------------------------------------------------------------------------
 * Results
 * ------------------------------------------------------------------------
 */

static SqmOutput *
make_output(const char *name, const char *target, SqmTerm *term)
{
	SqmOutput  *out = palloc0(sizeof(SqmOutput));
	int			length = strlen(target);

	if (length >= NAMEDATALEN)
		length = pg_mbcliplen(target, length, NAMEDATALEN - 1);
	out->name = pstrdup(name);
	out->target = pnstrdup(target, length);
	out->term = term;
	return out;
}

/* * or table.* */
static List *
expand_star(SqmTranslator *tr, SqmScope *scope, const char *table)
{
	List	   *outputs = NIL;
	List	   *seen = NIL;
	bool		found = false;
	ListCell   *lc;

	foreach(lc, scope->relations)
	{
		SqmRelation *rel = lfirst(lc);
		ListCell   *lc2;

		if (table != NULL && !sqm_same_name(rel->name, table))
			continue;
		found = true;
		foreach(lc2, rel->columns)
		{
			SqmOutput  *col = lfirst(lc2);
			ListCell   *lc3;
			bool		again = false;
			bool		merged = false;
			SqmTerm    *t;

			/* a column that was joined by USING comes once */
			foreach(lc3, scope->merged)
				merged = merged || sqm_same_name(lfirst(lc3), col->name);
			foreach(lc3, seen)
				again = again || sqm_same_name(lfirst(lc3), col->name);
			if (table == NULL && merged && again)
				continue;
			seen = lappend(seen, col->name);
			t = sqm_scope_resolve(tr, rel->name, col->name);
			if (t == NULL)
				return NIL;
			outputs = lappend(outputs, make_output(col->name, col->target,
												   result_term(tr, t)));
		}
	}
	if (!found)
		sqm_problem(tr, "* without a table");
	return outputs;
}

/* The name of a column in PostgreSQL, if that is all that a result is. */
static char *
column_target(const SqmTerm *t)
{
	const char *p = t->sql;
	const char *dot = NULL;
	bool		quoted = false;
	StringInfoData name;

	if (!t->column)
		return NULL;
	for (; *p; p++)
	{
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '.' && !quoted)
			dot = p;
	}
	p = dot ? dot + 1 : t->sql;
	if (*p != '"')
		return pstrdup(p);
	initStringInfo(&name);
	for (p++; *p && !(p[0] == '"' && p[1] != '"'); p++)
	{
		appendStringInfoChar(&name, *p);
		if (*p == '"')
			p++;
	}
	return name.data;
}

static List *
translate_results(SqmTranslator *tr, SqmScope *scope, List *results)
{
	List	   *outputs = NIL;
	ListCell   *lc;

	foreach(lc, results)
	{
		SqmResult  *result = lfirst(lc);
		SqmTerm    *t;
		const char *name = result->alias;
		const char *target = result->alias;

		CHECK_FOR_INTERRUPTS();
		if (result->star)
		{
			outputs = list_concat(outputs, expand_star(tr, scope,
													   result->table));
			if (tr->problem != NULL)
				return NIL;
			continue;
		}
		t = sqm_translate_expr(tr, result->expr);
		if (t == NULL)
			return NIL;
		if (name == NULL && result->expr->kind == SQM_E_COLUMN && t->column)
		{
			name = result->expr->text;
			target = column_target(t);
		}
		else if (name == NULL)
			name = target = result->source;
		t = result_term(tr, t);
		if (t == NULL)
			return NIL;
		outputs = lappend(outputs, make_output(name, target, t));
	}
	return outputs;
}

/* Two results of one name: SQLite calls the second one name:1. */
static void
make_unique(List *outputs)
{
	for (int i = 1; i < list_length(outputs); i++)
	{
		SqmOutput  *out = list_nth(outputs, i);
		char	   *base = out->target;
		int			serial = 0;

		for (int j = 0; j < i; j++)
		{
			SqmOutput  *other = list_nth(outputs, j);

			if (strcmp(other->target, out->target) != 0)
				continue;
			out->target = psprintf("%.*s:%d",
								   pg_mbcliplen(base, strlen(base),
												NAMEDATALEN - 6), base,
								   ++serial);
			if (serial > 9999)
				break;
			j = -1;				/* look at all of them again */
		}
	}
}

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
static SqmTerm *
known_group_key(SqmTranslator *tr, const SqmExpr *e)
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

static char *
translate_group_by(SqmTranslator *tr, SqmScope *scope)
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
 * One SELECT
 * ------------------------------------------------------------------------
 */

static bool
core_aggregates(const SqmCore *core)
{
	ListCell   *lc;

	foreach(lc, core->results)
	{
		if (sqm_has_aggregate(((SqmResult *) lfirst(lc))->expr))
			return true;
	}
	return core->having != NULL;
}

static bool
core_joins_outer(const SqmCore *core)
{
	ListCell   *lc;

	foreach(lc, core->from)
	{
		SqmFrom    *item = lfirst(lc);

		if (item->nested != NIL || (strcmp(item->join, "") != 0 &&
									strcmp(item->join, "inner") != 0 &&
									strcmp(item->join, "cross") != 0))
			return true;
	}
	return false;
}

static bool
translate_values(SqmTranslator *tr, Part *part)
{
	ListCell   *lc;

	part->values = true;
	part->one_row = list_length(part->core->rows) == 1;
	foreach(lc, part->core->rows)
	{
		List	   *row = NIL;
		ListCell   *lc2;

		foreach(lc2, (List *) lfirst(lc))
		{
			char	   *name = psprintf("column%d", list_length(row) + 1);
			SqmTerm    *t = result_term(tr, sqm_translate_expr(tr,
															   lfirst(lc2)));

			if (t == NULL)
				return false;
			row = lappend(row, make_output(name, name, t));
		}
		part->rows = lappend(part->rows, row);
	}
	return true;
}

static bool
translate_select_core(SqmTranslator *tr, Part *part)
{
	SqmScope   *scope = part->scope;
	const SqmCore *core = part->core;
	StringInfoData tail;
	SqmTerm    *t;
	char	   *text;
	bool		aggregates = core_aggregates(core);

	initStringInfo(&tail);
	if (core->from != NIL)
	{
		text = sqm_translate_from(tr, core->from);
		if (text == NULL)
			return false;
		appendStringInfo(&tail, " FROM %s", text);
	}
	if (core->where != NULL)
	{
		scope->in_aggregate = 1;	/* none may be in here */
		t = sqm_condition(tr, core->where);
		scope->in_aggregate = 0;
		if (t == NULL)
			return false;
		appendStringInfo(&tail, " WHERE %s", t->sql);
	}
	if (core->group_by != NIL)
	{
		text = translate_group_by(tr, scope);
		if (text == NULL)
			return false;
		appendStringInfo(&tail, " GROUP BY %s", text);
	}
	scope->grouped = core->group_by != NIL || aggregates;
	part->one_row = aggregates && core->group_by == NIL;
	part->rows = list_make1(translate_results(tr, scope, core->results));
	if (core->having != NULL && tr->problem == NULL)
	{
		t = sqm_condition(tr, core->having);
		if (t == NULL)
			return false;
		appendStringInfo(&tail, " HAVING %s", t->sql);
	}
	part->distinct = core->distinct;
	part->tail = tail.data;
	return tr->problem == NULL;
}

static Part *
translate_core(SqmTranslator *tr, const SqmCore *core)
{
	Part	   *part = palloc0(sizeof(Part));
	SqmScope   *scope = palloc0(sizeof(SqmScope));
	bool		done;

	scope->outer = tr->scope;
	scope->core = core;
	scope->outer_join = core_joins_outer(core);
	part->scope = scope;
	part->core = core;
	tr->scope = scope;
	done = core->rows != NIL ? translate_values(tr, part) :
		translate_select_core(tr, part);
	tr->scope = scope->outer;
	return done ? part : NULL;
}

static char *
write_row(List *row, bool named)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, row)
	{
		SqmOutput  *col = lfirst(lc);

		appendStringInfo(&out, "%s%s", out.len > 0 ? ", " : "",
						 col->term->sql);
		if (named && (!col->term->column ||
					  strcmp(column_target(col->term), col->target) != 0))
			appendStringInfo(&out, " AS %s", quote_identifier(col->target));
	}
	return out.data;
}

static char *
write_part(Part *part)
{
	StringInfoData out;
	ListCell   *lc;

	if (!part->values)
		return psprintf("SELECT %s%s%s", part->distinct ? "DISTINCT " : "",
						write_row(linitial(part->rows), true), part->tail);
	if (list_length(part->rows) == 1)
		return psprintf("SELECT %s", write_row(linitial(part->rows), true));
	initStringInfo(&out);
	foreach(lc, part->rows)
		appendStringInfo(&out, "%s(%s)", out.len > 0 ? ", " : "VALUES ",
						 write_row(lfirst(lc), false));
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
static char *
add_order(SqmTranslator *tr, char *sql, List *order_by, List *outputs,
		  Part *part, bool around)
{
	StringInfoData out;
	SqmScope   *saved = tr->scope;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, order_by)
	{
		const SqmOrder *order = lfirst(lc);
		int			target = order_target(order->expr, outputs, part->core);
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
			tr->scope = part->scope;
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

static char *
add_limit(SqmTranslator *tr, char *sql, const SqmSelect *select,
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

/* ------------------------------------------------------------------------
 * Compounds
 * ------------------------------------------------------------------------
 */

/* DISTINCT, UNION … compare all results, by SQLite's collations. */
static bool
check_distinct(SqmTranslator *tr, List *outputs)
{
	ListCell   *lc;

	foreach(lc, outputs)
	{
		SqmTerm    *t = ((SqmOutput *) lfirst(lc))->term;

		if (t->type == SQM_T_JSON ||
			(t->type == SQM_T_TEXT && t->collation > SQM_C_BINARY))
			return sqm_problem(tr, "DISTINCT, UNION and the like of json or "
							   "of text under this collation have no "
							   "faithful equivalent");
	}
	return true;
}

static char *
write_compound(List *parts, List *compounds)
{
	char	   *sql = write_part(linitial(parts));

	for (int i = 0; i < list_length(compounds); i++)
	{
		const char *op = list_nth(compounds, i);

		/* from left to right, whatever binds tighter in PostgreSQL */
		if (i > 0 && strcmp(op, list_nth(compounds, i - 1)) != 0)
			sql = psprintf("(%s)", sql);
		sql = psprintf("%s %s %s", sql, op,
					   write_part(list_nth(parts, i + 1)));
	}
	return sql;
}

static bool
prepare_compound(SqmTranslator *tr, List *parts, List *compounds, bool exact)
{
	List	   *rows = NIL;
	ListCell   *lc;

	foreach(lc, parts)
		rows = list_concat(rows, ((Part *) lfirst(lc))->rows);
	if (list_length(rows) > 1 || exact)
	{
		if (!unify_rows(tr, rows, exact))
			return false;
	}
	foreach(lc, compounds)
	{
		if (strcmp(lfirst(lc), "UNION ALL") != 0 &&
			!check_distinct(tr, linitial(rows)))
			return false;
	}
	foreach(lc, parts)
	{
		Part	   *part = lfirst(lc);

		if (part->distinct && !check_distinct(tr, linitial(part->rows)))
			return false;
	}
	return true;
}

static void
rename_outputs(SqmTranslator *tr, List *outputs, List *names)
{
	ListCell   *lc;
	ListCell   *lc2;

	if (names == NIL)
		return;
	if (list_length(names) != list_length(outputs))
	{
		sqm_problem(tr, "another number of column names than of columns");
		return;
	}
	forboth(lc, outputs, lc2, names)
	{
		SqmOutput  *out = lfirst(lc);

		out->name = out->target = lfirst(lc2);
	}
}

/* ------------------------------------------------------------------------
 * WITH
 * ------------------------------------------------------------------------
 */

static bool
from_uses(List *items, const char *name)
{
	ListCell   *lc;

	foreach(lc, items)
	{
		SqmFrom    *item = lfirst(lc);

		if (item->name != NULL && sqm_same_name(item->name, name))
			return true;
		if (from_uses(item->nested, name))
			return true;
	}
	return false;
}

static SqmTableInfo *
register_cte(SqmScope *scope, const SqmCte *cte, List *outputs)
{
	SqmTableInfo *table = palloc0(sizeof(SqmTableInfo));

	table->name = table->target = cte->name;
	table->outputs = outputs;
	scope->tables = lcons(table, scope->tables);
	return table;
}

/* first UNION [ALL] second, where the second one reads the CTE itself */
static SqmQuery *
translate_recursive(SqmTranslator *tr, SqmScope *scope, const SqmCte *cte)
{
	const SqmSelect *select = cte->select;
	SqmQuery   *query = palloc0(sizeof(SqmQuery));
	Part	   *first;
	Part	   *second;
	List	   *outputs;

	if (list_length(select->cores) != 2 || select->order_by != NIL ||
		select->limit != NULL || select->ctes != NIL ||
		strncmp(linitial(select->compounds), "UNION", 5) != 0)
		return sqm_problem(tr, "a recursion other than one UNION of two "
						   "queries has no faithful equivalent");
	first = translate_core(tr, linitial(select->cores));
	if (first == NULL ||
		!prepare_compound(tr, list_make1(first), NIL, true))
		return NULL;
	outputs = linitial(first->rows);
	rename_outputs(tr, outputs, cte->columns);
	make_unique(outputs);
	register_cte(scope, cte, outputs);
	second = translate_core(tr, lsecond(select->cores));
	if (second == NULL)
		return NULL;

	/* the types are those of the first part, come what may */
	if (list_length(linitial(second->rows)) != list_length(outputs))
		return sqm_problem(tr, "the parts of a recursion have different "
						   "numbers of columns");
	for (int i = 0; i < list_length(outputs); i++)
	{
		SqmOutput  *a = list_nth(outputs, i);
		SqmOutput  *b = list_nth(linitial(second->rows), i);

		if (a->term->type != b->term->type &&
			b->term->type != SQM_T_NULL)
			return sqm_problem(tr, "the parts of a recursion have different "
							   "types");
		b->term = cast_term(b->term, sqm_term_type_name(a->term));
	}
	if (strcmp(linitial(select->compounds), "UNION") == 0 &&
		!check_distinct(tr, outputs))
		return NULL;
	query->sql = psprintf("%s %s %s", write_part(first),
						  (char *) linitial(select->compounds),
						  write_part(second));
	query->outputs = outputs;
	return query;
}

static char *
translate_ctes(SqmTranslator *tr, SqmScope *scope, const SqmSelect *select)
{
	StringInfoData out;
	bool		recursive = false;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, select->ctes)
	{
		SqmCte	   *cte = lfirst(lc);
		SqmQuery   *query;
		bool		itself = list_length(cte->select->cores) > 1 &&
			from_uses(((SqmCore *) llast(cte->select->cores))->from,
					  cte->name);
		StringInfoData names;
		ListCell   *lc2;

		recursive = recursive || itself;
		if (itself)
			query = translate_recursive(tr, scope, cte);
		else
		{
			query = sqm_translate_query(tr, cte->select, cte->columns);
			if (query != NULL)
				register_cte(scope, cte, query->outputs);
		}
		if (query == NULL || tr->problem != NULL)
			return NULL;
		rename_outputs(tr, query->outputs, cte->columns);
		initStringInfo(&names);
		foreach(lc2, query->outputs)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
							 quote_identifier(((SqmOutput *)
											   lfirst(lc2))->target));
		appendStringInfo(&out, "%s%s (%s) AS (%s)", out.len > 0 ? ", " : "",
						 quote_identifier(cte->name), names.data, query->sql);
	}
	return psprintf("WITH %s%s ", recursive ? "RECURSIVE " : "", out.data);
}

/* ------------------------------------------------------------------------
 * A whole query
 * ------------------------------------------------------------------------
 */

static SqmQuery *
translate_in_scope(SqmTranslator *tr, SqmScope *scope,
				   const SqmSelect *select, List *names)
{
	SqmQuery   *query = palloc0(sizeof(SqmQuery));
	List	   *parts = NIL;
	Part	   *first;
	char	   *with = "";
	char	   *sql;
	bool		around;
	ListCell   *lc;

	if (select->ctes != NIL &&
		(with = translate_ctes(tr, scope, select)) == NULL)
		return NULL;
	foreach(lc, select->cores)
	{
		Part	   *part = translate_core(tr, lfirst(lc));

		if (part == NULL)
			return NULL;
		parts = lappend(parts, part);
	}
	if (!prepare_compound(tr, parts, select->compounds, false))
		return NULL;
	first = linitial(parts);
	query->outputs = linitial(first->rows);
	query->one_row = first->one_row && list_length(parts) == 1;

	/* ORDER BY knows the results by the names that they have by themselves */
	around = first->distinct || first->values || list_length(parts) > 1;
	make_unique(query->outputs);
	if (!(around && select->order_by != NIL))
		rename_outputs(tr, query->outputs, names);
	sql = write_compound(parts, select->compounds);
	if (select->order_by != NIL)
		sql = add_order(tr, sql, select->order_by, query->outputs, first,
						around);
	if (sql != NULL)
		sql = add_limit(tr, sql, select, query);
	if (sql == NULL || tr->problem != NULL)
		return NULL;
	query->sql = psprintf("%s%s", with, sql);
	return query;
}

/*
 * Translate a query; names are those of its columns, or NIL.  It may see the
 * scope around it, where tr->scope points.
 */
SqmQuery *
sqm_translate_query(SqmTranslator *tr, const SqmSelect *select, List *names)
{
	SqmScope   *scope = palloc0(sizeof(SqmScope));
	SqmQuery   *query;

	if (stack_is_too_deep())
		return sqm_problem(tr, "nested too deeply");
	scope->outer = tr->scope;
	tr->scope = scope;
	query = translate_in_scope(tr, scope, select, names);
	tr->scope = scope->outer;
	return tr->problem == NULL ? query : NULL;
}

/* ------------------------------------------------------------------------
 * Subqueries in expressions
 * ------------------------------------------------------------------------
 */

static SqmTerm *
scalar_subquery(SqmTranslator *tr, SqmQuery *query)
{
	SqmTerm    *t = palloc(sizeof(SqmTerm));

	if (list_length(query->outputs) != 1)
		return sqm_problem(tr, "a subquery of several columns has no faithful "
						   "equivalent here");
	*t = *((SqmOutput *) linitial(query->outputs))->term;
	/* SQLite takes the first row, PostgreSQL refuses a second one */
	if (query->one_row)
		t->sql = psprintf("(%s)", query->sql);
	else if (query->limited)
		t->sql = psprintf("(SELECT * FROM (%s) AS limited LIMIT 1)",
						  query->sql);
	else
		t->sql = psprintf("(%s LIMIT 1)", query->sql);
	t->atom = true;
	t->column = false;
	t->not_null = false;
	t->literal = NULL;
	t->instant = t->moment = t->digits = NULL;
	if (t->type == SQM_T_NULL)
		t->type = SQM_T_TEXT;
	return t;
}

/* x IN (SELECT y …), where x = y needs no conversion on either side */
static SqmTerm *
in_subquery(SqmTranslator *tr, const SqmExpr *e, SqmQuery *query)
{
	SqmTerm    *x = sqm_translate_expr(tr, e->left);
	SqmTerm    *y;
	SqmTerm    *t;
	char	   *plain;

	if (x == NULL)
		return NULL;
	if (list_length(query->outputs) != 1)
		return sqm_problem(tr, "a subquery of several columns has no faithful "
						   "equivalent here");
	y = palloc(sizeof(SqmTerm));
	*y = *((SqmOutput *) linitial(query->outputs))->term;
	y->sql = "y";
	y->atom = true;
	y->literal = NULL;
	y->instant = NULL;
	t = sqm_compare(tr, SQM_OP_EQ, x, y);
	if (t == NULL)
		return NULL;
	plain = psprintf("%s = y", sqm_atom(x));
	if (strcmp(t->sql, plain) != 0 &&
		strcmp(t->sql, psprintf("y = %s", sqm_atom(x))) != 0)
		return sqm_problem(tr, "IN with a subquery of another type has no "
						   "faithful equivalent");
	return sqm_term(SQM_T_BOOL, false,
					psprintf("%s %sIN (%s)", sqm_atom(x),
							 e->negated ? "NOT " : "", query->sql));
}

static SqmTerm *
translate_subselect(SqmTranslator *tr, const SqmExpr *e)
{
	SqmQuery   *query;
	SqmTerm    *t;

	if (e->select == NULL)
		return sqm_problem(tr, "IN with the name of a table has no faithful "
						   "equivalent");
	query = sqm_translate_query(tr, e->select, NIL);
	if (query == NULL)
		return NULL;
	if (e->kind == SQM_E_IN)
		return in_subquery(tr, e, query);
	if (e->kind == SQM_E_SUBSELECT)
		return scalar_subquery(tr, query);
	t = sqm_term(SQM_T_BOOL, true, psprintf("EXISTS (%s)", query->sql));
	t->not_null = true;
	return t;
}

/* ------------------------------------------------------------------------
 * The entry
 * ------------------------------------------------------------------------
 */

/*
 * The query of a CREATE VIEW text.  tables is a list of SqmTableInfo; outputs
 * gets the columns of the view, of SqmOutput.  Never an error.
 */
SqmTranslation *
sqm_translate_view(const char *ddl, int length, List *tables, List **outputs)
{
	SqmTranslation *out = palloc0(sizeof(SqmTranslation));
	SqmTranslator tr = {0};
	SqmScope   *root = palloc0(sizeof(SqmScope));
	const char *error;
	int			error_pos;
	SqmObjectFact *view = sqm_ddl_facts(ddl, length, &error, &error_pos);
	SqmSelect  *select = NULL;
	SqmQuery   *query;

	if (view != NULL && view->kind != SQM_OBJECT_VIEW)
	{
		out->problem = "not a view";
		return out;
	}
	if (view != NULL)
		select = sqm_parse_select(view->select, strlen(view->select), &error,
								  &error_pos);
	if (select == NULL)
	{
		out->problem = psprintf("not understood: %s at byte %d%s", error,
								error_pos + 1, view ? " of the query" : "");
		return out;
	}
	tr.context = SQM_CONTEXT_VIEW;
	tr.immutable = true;
	tr.resolve = sqm_scope_resolve;
	tr.subselect = translate_subselect;
	tr.aggregate = sqm_aggregate;
	tr.known = known_group_key;
	root->tables = tables;
	tr.scope = root;
	query = sqm_translate_query(&tr, select, view->view_columns);
	if (query != NULL)
	{
		/* an ORDER BY around the query kept its own names until now */
		rename_outputs(&tr, query->outputs, view->view_columns);
		*outputs = query->outputs;
		out->text = query->sql;
	}
	if (tr.problem != NULL)
	{
		out->text = NULL;
		out->problem = tr.problem;
	}
	out->notes = out->text ? sqm_join_notes(&tr) : NULL;
	out->immutable = tr.immutable;
	return out;
}
