/*-------------------------------------------------------------------------
 *
 * translate_select.c
 *		What is a query of SQLite's in PostgreSQL?
 *
 * Each SELECT is translated with its own scope (translate_from.c); the parts
 * of a compound get common types before any of them is written.  What SQLite
 * leaves to chance (columns that are neither grouped nor aggregated) is a
 * problem, not a guess.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

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
			SqmTerm    *t = sqm_result_term(tr, sqm_translate_expr(tr,
															   lfirst(lc2)));

			if (t == NULL)
				return false;
			row = lappend(row, sqm_make_output(name, name, t));
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
		text = sqm_translate_group_by(tr, scope);
		if (text == NULL)
			return false;
		appendStringInfo(&tail, " GROUP BY %s", text);
	}
	scope->grouped = core->group_by != NIL || aggregates;
	part->one_row = aggregates && core->group_by == NIL;
	part->rows = list_make1(sqm_translate_results(tr, scope, core->results));
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
					  strcmp(sqm_column_target(col->term), col->target) != 0))
			/* only the names of the first part were made ones that can be */
			appendStringInfo(&out, " AS %s",
							 quote_identifier(sqm_some_name(col->target)));
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
		if (!sqm_unify_rows(tr, rows, exact))
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

	table->name = cte->name;
	table->target = sqm_some_name(cte->name);
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
	sqm_make_unique(outputs);
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
		b->term = sqm_cast_term(b->term, sqm_term_type_name(a->term));
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
						 quote_identifier(sqm_some_name(cte->name)), names.data, query->sql);
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
	sqm_make_unique(query->outputs);
	if (!(around && select->order_by != NIL))
		rename_outputs(tr, query->outputs, names);
	sql = write_compound(parts, select->compounds);
	if (select->order_by != NIL)
		sql = sqm_add_order(tr, sql, select->order_by, query->outputs,
							first->core, first->scope, around);
	if (sql != NULL)
		sql = sqm_add_limit(tr, sql, select, query);
	if (sql == NULL || tr->problem != NULL)
		return NULL;
	query->sql = psprintf("%s%s", with, sql);
	return sqm_spend(tr, query->sql) ? query : NULL;
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
	tr.known = sqm_known_group_key;
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
