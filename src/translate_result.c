/*-------------------------------------------------------------------------
 *
 * translate_result.c
 *		What are the columns of a query's result?
 *
 * Names, as SQLite gives them, and types, which all parts of a compound query
 * must have in common before any of them is written.  A condition is 0 or 1
 * in a result, as in SQLite; a boolean column stays boolean.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "lexer.h"
#include "translate_query.h"

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
SqmTerm *
sqm_result_term(SqmTranslator *tr, SqmTerm *t)
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

SqmTerm *
sqm_cast_term(const SqmTerm *t, const char *type)
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
bool
sqm_unify_rows(SqmTranslator *tr, List *rows, bool exact)
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
				terms[j] = sqm_cast_term(terms[j], sqm_term_type_name(common));
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

SqmOutput *
sqm_make_output(const char *name, const char *target, SqmTerm *term)
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
			outputs = lappend(outputs, sqm_make_output(col->name, col->target,
												   sqm_result_term(tr, t)));
		}
	}
	if (!found)
		sqm_problem(tr, "* without a table");
	return outputs;
}

/* The name of a column in PostgreSQL, if that is all that a result is. */
char *
sqm_column_target(const SqmTerm *t)
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

List *
sqm_translate_results(SqmTranslator *tr, SqmScope *scope, List *results)
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
		if (list_length(outputs) > SQM_MAX_COLUMNS)
			return sqm_problem(tr, "more columns than a view can have");
		if (result->star)
		{
			outputs = list_concat(outputs, expand_star(tr, scope,
													   result->table));
			if (list_length(outputs) > SQM_MAX_COLUMNS)
				sqm_problem(tr, "more columns than a view can have");
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
			target = sqm_column_target(t);
		}
		else if (name == NULL)
			name = target = result->source;
		t = sqm_result_term(tr, t);
		if (t == NULL)
			return NIL;
		outputs = lappend(outputs, sqm_make_output(name, target, t));
	}
	return outputs;
}

static int
count_names(List *outputs, int before, const char *target)
{
	int			count = 0;

	for (int i = 0; i < before; i++)
	{
		if (strcmp(((SqmOutput *) list_nth(outputs, i))->target, target) == 0)
			count++;
	}
	return count;
}

/* Two results of one name: SQLite calls the second one name:1. */
void
sqm_make_unique(List *outputs)
{
	int			n = list_length(outputs);
	char	  **bases = palloc((n + 1) * sizeof(char *));

	for (int i = 0; i < n; i++)
	{
		SqmOutput  *out = list_nth(outputs, i);
		int			serial = 0;

		CHECK_FOR_INTERRUPTS();
		/* SQLite takes "" for a name, PostgreSQL does not */
		if (out->target[0] == '\0')
			out->target = "_";
		bases[i] = out->target;
		for (int j = 0; j < i; j++)
			serial += strcmp(bases[j], bases[i]) == 0;
		if (serial == 0 && count_names(outputs, i, out->target) == 0)
			continue;
		/* the number may be taken by a column that really has such a name */
		for (serial = Max(serial, 1);; serial++)
		{
			out->target = psprintf("%.*s:%d",
								   pg_mbcliplen(bases[i], strlen(bases[i]),
												NAMEDATALEN - 8), bases[i],
								   serial);
			if (count_names(outputs, i, out->target) == 0)
				break;
		}
	}
}
