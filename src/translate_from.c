/*-------------------------------------------------------------------------
 *
 * translate_from.c
 *		What does a name in a query mean, and what does FROM join?
 *
 * SQLite resolves a name in the innermost SELECT that knows it, and there
 * first among the columns of FROM, then among the aliases of the result,
 * which PostgreSQL does not allow in WHERE: an alias is replaced by what it
 * stands for.  Columns are always written with their table's alias, so that
 * no name can be taken for another.
 *
 * Joins are written out as a chain of JOIN … ON: SQLite's comma binds as
 * tight as JOIN, PostgreSQL's does not; USING and NATURAL become conditions,
 * which then compare by SQLite's rules.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "lexer.h"
#include "translate_query.h"

/* ------------------------------------------------------------------------
 * Names
 * ------------------------------------------------------------------------
 */

/* A column of a relation as a term. */
SqmTerm *
sqm_output_term(const SqmOutput *out, const char *qualifier)
{
	SqmTerm    *t = palloc(sizeof(SqmTerm));

	*t = *out->term;
	t->sql = psprintf("%s.%s", quote_identifier(qualifier),
					  quote_identifier(out->target));
	t->atom = true;
	t->column = true;
	t->logical = false;
	t->literal = NULL;
	t->instant = t->moment = t->digits = NULL;
	if (t->type == SQM_T_NULL)
		t->type = SQM_T_TEXT;
	return t;
}

static bool
name_in(List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (sqm_same_name(lfirst(lc), name))
			return true;
	}
	return false;
}

static SqmOutput *
find_column(const SqmRelation *rel, const char *name)
{
	ListCell   *lc;

	foreach(lc, rel->columns)
	{
		SqmOutput  *out = lfirst(lc);

		if (sqm_same_name(out->name, name))
			return out;
	}
	if (rel->rowid != NULL && !sqm_same_name(rel->rowid, name) &&
		(sqm_same_name(name, "rowid") || sqm_same_name(name, "oid") ||
		 sqm_same_name(name, "_rowid_")))
		return find_column(rel, rel->rowid);
	return NULL;
}

/* Does one of the tables in FROM have such a column? */
bool
sqm_scope_has_column(const SqmScope *scope, const char *name)
{
	ListCell   *lc;

	foreach(lc, scope->relations)
	{
		if (find_column(lfirst(lc), name) != NULL)
			return true;
	}
	return false;
}

/* Is it one of the keys of GROUP BY, as it stands? */
static bool
is_group_key(const SqmScope *scope, const char *sql)
{
	ListCell   *lc;

	foreach(lc, scope->group_terms)
	{
		if (strcmp(((SqmTerm *) lfirst(lc))->sql, sql) == 0)
			return true;
	}
	return false;
}

/*
 * May a column stand outside of aggregates?  If it is grouped by, or if the
 * primary key of its table is, which PostgreSQL understands as well.
 */
static bool
is_grouped(const SqmScope *scope, const SqmRelation *rel, const char *sql)
{
	ListCell   *lc;

	if (is_group_key(scope, sql))
		return true;
	if (!rel->is_table || rel->primary_key == NIL)
		return false;
	foreach(lc, rel->primary_key)
	{
		SqmOutput  *out = find_column(rel, lfirst(lc));

		if (out == NULL ||
			!is_group_key(scope, sqm_output_term(out, rel->alias)->sql))
			return false;
	}
	return true;
}

static SqmTerm *
resolve_in_relations(SqmTranslator *tr, SqmScope *scope, const char *table,
					 const char *name)
{
	SqmTerm    *found = NULL;
	ListCell   *lc;

	foreach(lc, scope->relations)
	{
		SqmRelation *rel = lfirst(lc);
		SqmOutput  *out;

		if (table != NULL && !sqm_same_name(rel->name, table))
			continue;
		out = find_column(rel, name);
		if (out == NULL)
			continue;
		if (found != NULL)
		{
			if (name_in(scope->merged, name))
				continue;
			return sqm_problem(tr, psprintf("column \"%s\" is ambiguous",
											name));
		}
		found = sqm_output_term(out, rel->alias);
		if (scope->outer_join)
			found->not_null = false;
		if (scope->grouped && scope->in_aggregate == 0 &&
			!is_grouped(scope, rel, found->sql))
			return sqm_problem(tr, psprintf("column \"%s\" is neither grouped "
											"nor aggregated: SQLite takes "
											"it from any row", name));
	}
	return found;
}

/* An alias of the result stands for its expression. */
static SqmTerm *
resolve_alias(SqmTranslator *tr, SqmScope *scope, const char *name)
{
	ListCell   *lc;
	SqmTerm    *t = NULL;

	if (scope->core == NULL || scope->in_alias > 5)
		return NULL;
	foreach(lc, scope->core->results)
	{
		SqmResult  *result = lfirst(lc);

		if (result->alias == NULL || !sqm_same_name(result->alias, name))
			continue;
		scope->in_alias++;
		t = sqm_translate_expr(tr, result->expr);
		scope->in_alias--;
		break;
	}
	return t;
}

SqmTerm *
sqm_scope_resolve(SqmTranslator *tr, const char *table, const char *name)
{
	SqmScope   *current = tr->scope;

	for (SqmScope *scope = current; scope != NULL; scope = scope->outer)
	{
		SqmTerm    *t = resolve_in_relations(tr, scope, table, name);

		if (t == NULL && tr->problem == NULL && table == NULL)
		{
			tr->scope = scope;
			t = resolve_alias(tr, scope, name);
			tr->scope = current;
		}
		if (t != NULL || tr->problem != NULL)
			return t;
	}
	if (table != NULL)
		return sqm_problem(tr, psprintf("column \"%s.%s\" is not known",
										table, name));
	return NULL;
}

/* ------------------------------------------------------------------------
 * FROM
 * ------------------------------------------------------------------------
 */

static char *
made_up_alias(SqmTranslator *tr)
{
	SqmScope   *scope = tr->scope;
	SqmScope   *top = scope;

	while (top->outer != NULL)
		top = top->outer;
	return psprintf("subquery_%d", ++top->serial);
}

static bool
alias_taken(const SqmScope *scope, const char *alias)
{
	ListCell   *lc;

	foreach(lc, scope->relations)
	{
		if (strcmp(((SqmRelation *) lfirst(lc))->alias, alias) == 0)
			return true;
	}
	return false;
}

static SqmTableInfo *
find_table(const SqmScope *scope, const char *name)
{
	for (; scope != NULL; scope = scope->outer)
	{
		ListCell   *lc;

		foreach(lc, scope->tables)
		{
			SqmTableInfo *table = lfirst(lc);

			if (sqm_same_name(table->name, name))
				return table;
		}
	}
	return NULL;
}

static char *
from_table(SqmTranslator *tr, const SqmFrom *item, SqmRelation *rel)
{
	SqmTableInfo *table = find_table(tr->scope, item->name);
	char	   *sql;
	ListCell   *lc;

	if (table == NULL)
		return sqm_problem(tr, psprintf("table \"%s\" is not migrated",
										item->name));
	rel->name = item->alias ? item->alias : item->name;
	rel->alias = item->alias ? item->alias : table->target;
	rel->columns = list_copy(table->outputs);
	rel->primary_key = table->primary_key;
	rel->rowid = table->rowid;
	rel->is_table = table->columns != NIL;
	foreach(lc, table->columns)
	{
		SqmColumnInfo *col = lfirst(lc);
		SqmOutput  *out = palloc0(sizeof(SqmOutput));

		out->name = col->name;
		out->target = col->target;
		out->term = sqm_column_term(tr, col, NULL);
		if (out->term == NULL)
			return NULL;
		rel->columns = lappend(rel->columns, out);
	}
	sql = pstrdup(quote_identifier(table->target));
	if (table->schema != NULL)
		sql = psprintf("%s.%s", quote_identifier(table->schema), sql);
	if (strcmp(rel->alias, table->target) != 0)
		sql = psprintf("%s AS %s", sql, quote_identifier(rel->alias));
	return sql;
}

static char *
from_select(SqmTranslator *tr, const SqmFrom *item, SqmRelation *rel)
{
	SqmScope   *scope = tr->scope;
	List	   *relations = scope->relations;
	const SqmCore *core = scope->core;
	SqmQuery   *query;

	/* a subquery in FROM sees nothing of what stands beside it */
	scope->relations = NIL;
	scope->core = NULL;
	query = sqm_translate_query(tr, item->select, NIL);
	scope->relations = relations;
	scope->core = core;
	if (query == NULL)
		return NULL;
	rel->alias = item->alias ? item->alias : made_up_alias(tr);
	rel->name = rel->alias;
	rel->columns = query->outputs;
	return psprintf("(%s) AS %s", query->sql, quote_identifier(rel->alias));
}

/* The columns that two sides of a join have in common by USING or NATURAL. */
static List *
common_columns(SqmScope *scope, const SqmFrom *item, const SqmRelation *right)
{
	List	   *common = NIL;
	ListCell   *lc;

	if (!item->natural)
		return item->using_columns;
	foreach(lc, right->columns)
	{
		SqmOutput  *out = lfirst(lc);
		ListCell   *lc2;

		foreach(lc2, scope->relations)
		{
			if (find_column(lfirst(lc2), out->name) != NULL)
			{
				common = lappend(common, out->name);
				break;
			}
		}
	}
	return common;
}

/* l.a = r.a AND … for the columns in common */
static char *
common_condition(SqmTranslator *tr, List *common, SqmRelation *right)
{
	SqmScope   *scope = tr->scope;
	StringInfoData on;
	ListCell   *lc;

	initStringInfo(&on);
	foreach(lc, common)
	{
		SqmOutput  *out = find_column(right, lfirst(lc));
		SqmTerm    *l = resolve_in_relations(tr, scope, NULL, lfirst(lc));
		SqmTerm    *t;

		if (out == NULL || l == NULL)
			return sqm_problem(tr, psprintf("cannot join using column \"%s\"",
											(char *) lfirst(lc)));
		t = sqm_compare(tr, SQM_OP_EQ, l, sqm_output_term(out, right->alias));
		if (t == NULL)
			return NULL;
		appendStringInfo(&on, "%s%s", on.len > 0 ? " AND " : "", sqm_atom(t));
	}
	foreach(lc, common)
	{
		if (!name_in(scope->merged, lfirst(lc)))
			scope->merged = lappend(scope->merged, lfirst(lc));
	}
	return on.len > 0 ? on.data : NULL;
}

/* One more item behind what was joined so far. */
static bool
append_join(SqmTranslator *tr, StringInfo out, const SqmFrom *item,
			bool first)
{
	SqmScope   *scope = tr->scope;
	SqmRelation *rel = palloc0(sizeof(SqmRelation));
	char	   *sql;
	char	   *on = NULL;
	bool		outer = strcmp(item->join, "left") == 0 ||
		strcmp(item->join, "right") == 0 || strcmp(item->join, "full") == 0;

	if (item->nested != NIL)
	{
		if (item->alias != NULL || item->natural ||
			item->using_columns != NIL)
			return sqm_problem(tr, "an alias, USING or NATURAL of a join in "
							   "parentheses has no faithful equivalent");
		sql = sqm_translate_from(tr, item->nested);
		/* PostgreSQL takes no parentheses around a single table */
		if (sql != NULL && list_length(item->nested) > 1)
			sql = psprintf("(%s)", sql);
	}
	else
	{
		sql = item->name ? from_table(tr, item, rel) :
			from_select(tr, item, rel);
		if (sql == NULL)
			return false;
		if (alias_taken(scope, rel->alias))
			return sqm_problem(tr, psprintf("\"%s\" is joined twice without "
											"an alias", rel->alias));
		if (item->natural || item->using_columns != NIL)
		{
			if (strcmp(item->join, "right") == 0 ||
				strcmp(item->join, "full") == 0)
				return sqm_problem(tr, "USING in a right or full join has no "
								   "faithful equivalent");
			on = common_condition(tr, common_columns(scope, item, rel), rel);
		}
		scope->relations = lappend(scope->relations, rel);
	}
	if (sql == NULL || tr->problem != NULL)
		return false;
	if (item->on != NULL)
	{
		SqmTerm    *t = sqm_condition(tr, item->on);

		if (t == NULL)
			return false;
		on = t->sql;
	}

	if (first)
	{
		appendStringInfoString(out, sql);
		if (on != NULL)
			return sqm_problem(tr, "ON without a join");
		return true;
	}
	if (outer)
		appendStringInfo(out, " %s JOIN %s ON %s",
						 sqm_fold_ascii(item->join, true), sql,
						 on ? on : "true");
	else if (on != NULL)
		appendStringInfo(out, " JOIN %s ON %s", sql, on);
	else
		appendStringInfo(out, " CROSS JOIN %s", sql);
	return true;
}

/* The items of FROM as one chain of joins; they are added to the scope. */
char *
sqm_translate_from(SqmTranslator *tr, List *items)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, items)
	{
		if (!append_join(tr, &out, lfirst(lc), lc == list_head(items)))
			return NULL;
	}
	return out.data;
}
