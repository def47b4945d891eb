/*-------------------------------------------------------------------------
 *
 * ddl_facts.c
 *		What does a CREATE statement say that SQLite's pragmas do not tell?
 *
 * The text is what SQLite keeps in sqlite_master: names of constraints,
 * conflict clauses, the wording of checks and defaults, DEFERRABLE, the
 * collation of keys.  The grammar follows what SQLite's parser accepts, and
 * that is more than the manual shows: unreserved keywords as names, 'text'
 * as a name, types of any number of words, table constraints without commas
 * between them, a CONSTRAINT that names nothing.
 *
 * Expressions are taken as slices between balanced parentheses and not
 * looked into; expr.c parses them.  Nothing here knows PostgreSQL's types or
 * calls SQLite, and a text that is not understood is a message, no error:
 * the caller may still know enough from the pragmas to go on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "ddl_facts.h"
#include "lexer.h"

/*
 * Walk over tokens until one of them ends a slice: a comma or a closing
 * parenthesis of the outermost level, or the end.  Stops in front of it.
 */
static void
skip_balanced(SqmCursor *cur)
{
	int			depth = 0;

	while (sqm_peek(cur, 0)->kind != SQM_TOK_END)
	{
		if (sqm_is_op(cur, 0, '('))
			depth++;
		else if (sqm_is_op(cur, 0, ')') && depth-- == 0)
			return;
		else if (sqm_is_op(cur, 0, ',') && depth == 0)
			return;
		sqm_advance(cur);
	}
	if (depth > 0)
		sqm_fail(cur, "unbalanced parentheses");
}

/* ( expr ): the text between the parentheses, which may contain commas. */
static char *
take_parenthesized(SqmCursor *cur)
{
	int			first;
	int			last;

	if (!sqm_expect_op(cur, '('))
		return NULL;
	first = cur->at;
	do
	{
		CHECK_FOR_INTERRUPTS();
		skip_balanced(cur);
	} while (sqm_accept_op(cur, ','));
	last = cur->at - 1;
	if (!sqm_expect_op(cur, ')'))
		return NULL;
	if (last < first)
	{
		sqm_fail(cur, "expected an expression");
		return NULL;
	}
	return sqm_slice(cur, first, last);
}

static char *
lower_ascii(char *s)
{
	for (char *p = s; *p; p++)
	{
		if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
	}
	return s;
}

/* [ ON CONFLICT action ] */
static char *
take_conflict(SqmCursor *cur)
{
	static const char *const actions[] = {
		"ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE"
	};

	if (!(sqm_is_word(cur, 0, "ON") && sqm_is_word(cur, 1, "CONFLICT")))
		return NULL;
	sqm_advance(cur);
	sqm_advance(cur);
	for (int i = 0; i < (int) lengthof(actions); i++)
	{
		if (sqm_accept_word(cur, actions[i]))
			return lower_ascii(pstrdup(actions[i]));
	}
	sqm_fail(cur, "expected a conflict action");
	return NULL;
}

/* ------------------------------------------------------------------------
 * Keys: PRIMARY KEY (…), UNIQUE (…), CREATE INDEX … (…)
 * ------------------------------------------------------------------------
 */

/* Cut "ASC", "DESC" and "NULLS FIRST" off the tokens first .. *last. */
static void
trim_key_order(SqmCursor *cur, SqmKeyFact *key, int first, int *last)
{
	int			at = cur->at;

	if (*last - first >= 2)
	{
		cur->at = *last - 1;
		if (sqm_is_word(cur, 0, "NULLS") &&
			(sqm_is_word(cur, 1, "FIRST") || sqm_is_word(cur, 1, "LAST")))
		{
			key->nulls = sqm_is_word(cur, 1, "FIRST") ? "first" : "last";
			*last -= 2;
		}
	}
	if (*last > first)
	{
		cur->at = *last;
		if (sqm_is_word(cur, 0, "ASC") || sqm_is_word(cur, 0, "DESC"))
		{
			key->desc = sqm_is_word(cur, 0, "DESC");
			*last -= 1;
		}
	}
	cur->at = at;
}

static SqmKeyFact *
take_key(SqmCursor *cur)
{
	SqmKeyFact *key = palloc0(sizeof(SqmKeyFact));
	int			first = cur->at;
	int			last;
	int			after;

	skip_balanced(cur);
	after = cur->at;
	last = after - 1;
	if (cur->error != NULL)
		return NULL;
	if (last < first)
	{
		sqm_fail(cur, "expected a column or an expression");
		return NULL;
	}
	trim_key_order(cur, key, first, &last);

	/* COLLATE binds tighter than anything but a column, so look at its end */
	cur->at = last - 1;
	if (last - first >= 2 && sqm_is_word(cur, 0, "COLLATE"))
	{
		/* it belongs to the whole key only if the rest is one operand */
		bool		whole = last - first == 2;

		if (!whole)
		{
			int			depth = 0;

			/* f(…) or (…): the first parenthesis closes at the very end */
			whole = cur->tokens[last - 2].kind == SQM_TOK_OP &&
				cur->tokens[last - 2].op == ')';
			for (int i = first; whole && i <= last - 2; i++)
			{
				if (cur->tokens[i].kind != SQM_TOK_OP)
				{
					whole = depth > 0 || i == first;
					continue;
				}
				if (cur->tokens[i].op == '(')
					depth++;
				else if (cur->tokens[i].op == ')')
					depth--;
				else if (depth == 0)
					whole = false;
				if (depth == 0 && i < last - 2)
					whole = false;
			}
		}
		if (whole)
		{
			key->collation = sqm_token_text(cur, &cur->tokens[last]);
			last -= 2;
		}
	}

	cur->at = first;
	if (last == first && sqm_is_name(cur, 0))
		key->column = sqm_token_text(cur, &cur->tokens[first]);
	key->expression = sqm_slice(cur, first, last);
	cur->at = after;
	return key;
}

/* ( key, … [ AUTOINCREMENT ] ) */
static List *
take_keys(SqmCursor *cur, bool *autoincrement)
{
	List	   *keys = NIL;

	if (!sqm_expect_op(cur, '('))
		return NIL;
	do
	{
		SqmKeyFact *key;

		CHECK_FOR_INTERRUPTS();
		key = take_key(cur);
		if (key == NULL)
			return NIL;
		keys = lappend(keys, key);
	} while (sqm_accept_op(cur, ','));
	sqm_expect_op(cur, ')');

	/* PRIMARY KEY (id AUTOINCREMENT) is one more spelling that is accepted */
	if (autoincrement != NULL && keys != NIL)
	{
		SqmKeyFact *last = llast(keys);
		int			at = cur->at;

		cur->at = at - 2;
		if (last->column == NULL && sqm_is_word(cur, 0, "AUTOINCREMENT"))
		{
			*autoincrement = true;
			cur->at = at - 3;
			if (sqm_is_word(cur, 0, "ASC") || sqm_is_word(cur, 0, "DESC"))
			{
				last->desc = sqm_is_word(cur, 0, "DESC");
				cur->at--;
			}
			if (sqm_is_name(cur, 0))
				last->column = sqm_token_text(cur, sqm_peek(cur, 0));
			if (last->column != NULL)
				last->expression = sqm_slice(cur, cur->at, cur->at);
		}
		cur->at = at;
	}
	return keys;
}

/* ------------------------------------------------------------------------
 * Foreign keys
 * ------------------------------------------------------------------------
 */

/* ( name, … ), with the COLLATE and ASC that SQLite reads and ignores */
static List *
take_name_list(SqmCursor *cur)
{
	List	   *names = NIL;

	if (!sqm_expect_op(cur, '('))
		return NIL;
	do
	{
		char	   *name = sqm_take_name(cur);

		if (name == NULL)
			return NIL;
		names = lappend(names, name);
		if (sqm_accept_word(cur, "COLLATE"))
			sqm_take_name(cur);
		if (!sqm_accept_word(cur, "ASC"))
			sqm_accept_word(cur, "DESC");
	} while (sqm_accept_op(cur, ','));
	sqm_expect_op(cur, ')');
	return names;
}

static char *
take_reference_action(SqmCursor *cur)
{
	if (sqm_accept_word(cur, "SET"))
	{
		if (sqm_accept_word(cur, "NULL"))
			return "set null";
		if (sqm_accept_word(cur, "DEFAULT"))
			return "set default";
	}
	else if (sqm_accept_word(cur, "CASCADE"))
		return "cascade";
	else if (sqm_accept_word(cur, "RESTRICT"))
		return "restrict";
	else if (sqm_accept_word(cur, "NO"))
	{
		if (sqm_accept_word(cur, "ACTION"))
			return "no action";
	}
	sqm_fail(cur, "expected a referential action");
	return NULL;
}

/* [ NOT ] DEFERRABLE [ INITIALLY … ]; only the un-negated one means anything */
static bool
take_deferrable(SqmCursor *cur, SqmForeignFact *fk)
{
	bool		negated = sqm_is_word(cur, 0, "NOT");
	bool		deferred = false;

	if (!sqm_is_word(cur, negated ? 1 : 0, "DEFERRABLE"))
		return false;
	if (negated)
		sqm_advance(cur);
	sqm_advance(cur);
	if (sqm_accept_word(cur, "INITIALLY"))
	{
		if (sqm_accept_word(cur, "DEFERRED"))
			deferred = true;
		else
			sqm_expect_word(cur, "IMMEDIATE");
	}
	if (fk != NULL)
	{
		fk->deferrable = !negated;
		fk->initially_deferred = deferred && !negated;
	}
	return true;
}

/* REFERENCES parent [ (column, …) ] [ ON … ] [ MATCH … ] [ DEFERRABLE … ] */
static SqmForeignFact *
take_references(SqmCursor *cur)
{
	SqmForeignFact *fk = palloc0(sizeof(SqmForeignFact));

	sqm_expect_word(cur, "REFERENCES");
	fk->parent = sqm_take_name(cur);
	if (fk->parent == NULL)
		return NULL;
	if (sqm_is_op(cur, 0, '('))
		fk->parent_columns = take_name_list(cur);
	for (;;)
	{
		if (sqm_is_word(cur, 0, "ON") && sqm_is_word(cur, 1, "DELETE"))
		{
			cur->at += 2;
			fk->on_delete = take_reference_action(cur);
		}
		else if (sqm_is_word(cur, 0, "ON") && sqm_is_word(cur, 1, "UPDATE"))
		{
			cur->at += 2;
			fk->on_update = take_reference_action(cur);
		}
		else if (sqm_is_word(cur, 0, "ON") && sqm_is_word(cur, 1, "INSERT"))
		{
			cur->at += 2;
			take_reference_action(cur); /* read and ignored by SQLite, too */
		}
		else if (sqm_accept_word(cur, "MATCH"))
			fk->match = sqm_take_name(cur);
		else if (!take_deferrable(cur, fk))
			break;
		if (cur->error != NULL)
			return NULL;
	}
	return cur->error == NULL ? fk : NULL;
}

/* ------------------------------------------------------------------------
 * Columns
 * ------------------------------------------------------------------------
 */

/* Does a column constraint, and no further word of the type, begin here? */
static bool
at_column_constraint(SqmCursor *cur)
{
	const SqmToken *tok = sqm_peek(cur, 0);

	if (tok->kind == SQM_TOK_WORD &&
		sqm_word_reserved(cur->sql + tok->start, tok->end - tok->start))
		return true;
	return sqm_is_word(cur, 0, "GENERATED") &&
		sqm_is_word(cur, 1, "ALWAYS") && sqm_is_word(cur, 2, "AS");
}

/*
 * Any number of words, then ( number [, number ] ).  If the first is quoted
 * SQLite takes what the quotes hold for the whole type.
 */
static char *
take_type(SqmCursor *cur)
{
	int			first = cur->at;
	const SqmToken *tok = sqm_peek(cur, 0);

	while (sqm_is_name(cur, 0) && !at_column_constraint(cur))
		sqm_advance(cur);
	if (cur->at == first)
		return NULL;
	if (sqm_is_op(cur, 0, '('))
		take_parenthesized(cur);
	if (tok->kind != SQM_TOK_WORD)
		return sqm_token_text(cur, tok);
	return sqm_slice(cur, first, cur->at - 1);
}

/* One term: a literal with or without a sign, a word, or ( expr ). */
static void
take_default(SqmCursor *cur, SqmColumnFact *col)
{
	int			first = cur->at;

	if (sqm_is_op(cur, 0, '('))
		col->default_text = take_parenthesized(cur);
	else
	{
		bool		is_null;

		if (!sqm_accept_op(cur, '-'))
			sqm_accept_op(cur, '+');
		is_null = sqm_is_word(cur, 0, "NULL");
		switch (sqm_peek(cur, 0)->kind)
		{
			case SQM_TOK_STRING:
			case SQM_TOK_BLOB:
			case SQM_TOK_INTEGER:
			case SQM_TOK_FLOAT:
				break;
			default:
				if (!is_null && !sqm_is_name(cur, 0))
				{
					sqm_fail(cur, "expected a default value");
					return;
				}
		}
		sqm_advance(cur);
		col->default_text = sqm_slice(cur, first, cur->at - 1);
	}
	col->has_default = true;
}

static SqmUniqueFact *
make_column_unique(SqmColumnFact *col, char *name)
{
	SqmUniqueFact *fact = palloc0(sizeof(SqmUniqueFact));
	SqmKeyFact *key = palloc0(sizeof(SqmKeyFact));

	key->column = key->expression = col->name;
	fact->name = name;
	fact->column = col->name;
	fact->keys = list_make1(key);
	return fact;
}

static void
take_column_primary_key(SqmCursor *cur, SqmObjectFact *obj,
						SqmColumnFact *col, char *name)
{
	SqmUniqueFact *fact = make_column_unique(col, name);
	SqmKeyFact *key = linitial(fact->keys);

	sqm_expect_word(cur, "KEY");
	key->desc = sqm_is_word(cur, 0, "DESC");
	if (!sqm_accept_word(cur, "DESC"))
		sqm_accept_word(cur, "ASC");
	fact->conflict = take_conflict(cur);
	fact->autoincrement = sqm_accept_word(cur, "AUTOINCREMENT");
	obj->primary_key = fact;
}

static SqmCheckFact *
take_check(SqmCursor *cur, char *name, char *column)
{
	SqmCheckFact *fact = palloc0(sizeof(SqmCheckFact));

	fact->name = name;
	fact->column = column;
	fact->expression = take_parenthesized(cur);
	fact->conflict = take_conflict(cur);
	return fact;
}

static void
take_generated(SqmCursor *cur, SqmColumnFact *col)
{
	col->generated = take_parenthesized(cur);
	if (sqm_accept_word(cur, "STORED"))
		col->stored = true;
	else
		sqm_accept_word(cur, "VIRTUAL");
}

/* One column constraint; false if there is none here. */
static bool
take_column_constraint(SqmCursor *cur, SqmObjectFact *obj,
					   SqmColumnFact *col, char *name)
{
	if (sqm_accept_word(cur, "DEFAULT"))
	{
		col->default_name = name;
		take_default(cur, col);
	}
	else if (sqm_accept_word(cur, "NULL"))
		take_conflict(cur);
	else if (sqm_is_word(cur, 0, "NOT") && sqm_is_word(cur, 1, "NULL"))
	{
		cur->at += 2;
		col->not_null = true;
		col->not_null_name = name;
		col->not_null_conflict = take_conflict(cur);
	}
	else if (sqm_accept_word(cur, "PRIMARY"))
		take_column_primary_key(cur, obj, col, name);
	else if (sqm_accept_word(cur, "UNIQUE"))
	{
		SqmUniqueFact *fact = make_column_unique(col, name);

		fact->conflict = take_conflict(cur);
		obj->uniques = lappend(obj->uniques, fact);
	}
	else if (sqm_accept_word(cur, "CHECK"))
		obj->checks = lappend(obj->checks, take_check(cur, name, col->name));
	else if (sqm_is_word(cur, 0, "REFERENCES"))
	{
		SqmForeignFact *fk = take_references(cur);

		if (fk != NULL)
		{
			fk->name = name;
			fk->column = col->name;
			fk->columns = list_make1(col->name);
			obj->foreign_keys = lappend(obj->foreign_keys, fk);
		}
	}
	else if (sqm_accept_word(cur, "COLLATE"))
		col->collation = sqm_take_name(cur);
	else if (sqm_is_word(cur, 0, "GENERATED") &&
			 sqm_is_word(cur, 1, "ALWAYS") && sqm_is_word(cur, 2, "AS"))
	{
		cur->at += 3;
		take_generated(cur, col);
	}
	else if (sqm_accept_word(cur, "AS"))
		take_generated(cur, col);
	else
	{
		/* a DEFERRABLE that stands alone concerns the last reference */
		SqmForeignFact *fk = obj->foreign_keys == NIL ? NULL :
			llast(obj->foreign_keys);

		return take_deferrable(cur, fk);
	}
	return true;
}

static void
take_column(SqmCursor *cur, SqmObjectFact *obj)
{
	SqmColumnFact *col = palloc0(sizeof(SqmColumnFact));

	col->name = sqm_take_name(cur);
	if (col->name == NULL)
		return;
	col->type = take_type(cur);
	obj->columns = lappend(obj->columns, col);
	while (cur->error == NULL)
	{
		char	   *name = NULL;

		/* SQLite lets the last of several names win, or name nothing */
		while (sqm_accept_word(cur, "CONSTRAINT"))
			name = sqm_take_name(cur);
		if (!take_column_constraint(cur, obj, col, name))
			break;
	}
}

/* ------------------------------------------------------------------------
 * Tables
 * ------------------------------------------------------------------------
 */

static void
take_table_unique(SqmCursor *cur, SqmObjectFact *obj, char *name,
				  bool primary)
{
	SqmUniqueFact *fact = palloc0(sizeof(SqmUniqueFact));

	fact->name = name;
	fact->keys = take_keys(cur, primary ? &fact->autoincrement : NULL);
	fact->conflict = take_conflict(cur);
	if (primary)
		obj->primary_key = fact;
	else
		obj->uniques = lappend(obj->uniques, fact);
}

/* One table constraint; false if there is none here. */
static bool
take_table_constraint(SqmCursor *cur, SqmObjectFact *obj, char *name)
{
	if (sqm_accept_word(cur, "PRIMARY"))
	{
		if (sqm_expect_word(cur, "KEY"))
			take_table_unique(cur, obj, name, true);
	}
	else if (sqm_accept_word(cur, "UNIQUE"))
		take_table_unique(cur, obj, name, false);
	else if (sqm_accept_word(cur, "CHECK"))
		obj->checks = lappend(obj->checks, take_check(cur, name, NULL));
	else if (sqm_accept_word(cur, "FOREIGN"))
	{
		List	   *columns;
		SqmForeignFact *fk;

		sqm_expect_word(cur, "KEY");
		columns = take_name_list(cur);
		fk = take_references(cur);
		if (fk != NULL)
		{
			fk->name = name;
			fk->columns = columns;
			obj->foreign_keys = lappend(obj->foreign_keys, fk);
		}
	}
	else
		return false;
	return true;
}

static bool
at_table_constraint(SqmCursor *cur)
{
	return sqm_is_word(cur, 0, "CONSTRAINT") ||
		sqm_is_word(cur, 0, "PRIMARY") || sqm_is_word(cur, 0, "UNIQUE") ||
		sqm_is_word(cur, 0, "CHECK") || sqm_is_word(cur, 0, "FOREIGN");
}

/* Constraints; the commas between them are optional in SQLite. */
static void
take_table_constraints(SqmCursor *cur, SqmObjectFact *obj)
{
	while (cur->error == NULL)
	{
		char	   *name = NULL;

		CHECK_FOR_INTERRUPTS();
		while (sqm_accept_word(cur, "CONSTRAINT"))
			name = sqm_take_name(cur);
		if (!take_table_constraint(cur, obj, name) && name == NULL)
		{
			sqm_fail(cur, "expected a table constraint");
			return;
		}
		if (!sqm_accept_op(cur, ',') && !at_table_constraint(cur))
			return;
	}
}

static void
take_table_options(SqmCursor *cur, SqmObjectFact *obj)
{
	do
	{
		if (sqm_accept_word(cur, "WITHOUT"))
		{
			sqm_expect_word(cur, "ROWID");
			obj->without_rowid = true;
		}
		else if (sqm_accept_word(cur, "STRICT"))
			obj->strict = true;
		else
			return;
	} while (sqm_accept_op(cur, ','));
}

/* [ IF NOT EXISTS ] [ schema . ] name */
static void
take_object_name(SqmCursor *cur, SqmObjectFact *obj)
{
	if (sqm_is_word(cur, 0, "IF") && sqm_is_word(cur, 1, "NOT") &&
		sqm_is_word(cur, 2, "EXISTS"))
		cur->at += 3;
	obj->name = sqm_take_name(cur);
	if (sqm_accept_op(cur, '.'))
		obj->name = sqm_take_name(cur);
}

static void
take_table(SqmCursor *cur, SqmObjectFact *obj)
{
	obj->kind = SQM_OBJECT_TABLE;
	take_object_name(cur, obj);
	if (!sqm_expect_op(cur, '('))
		return;
	do
	{
		CHECK_FOR_INTERRUPTS();
		take_column(cur, obj);
		if (cur->error != NULL || !sqm_accept_op(cur, ','))
			break;
	} while (!at_table_constraint(cur));
	if (at_table_constraint(cur))
		take_table_constraints(cur, obj);
	sqm_expect_op(cur, ')');
	take_table_options(cur, obj);
}

/* ------------------------------------------------------------------------
 * Virtual tables, views, indexes
 * ------------------------------------------------------------------------
 */

static void
take_virtual(SqmCursor *cur, SqmObjectFact *obj)
{
	obj->kind = SQM_OBJECT_VIRTUAL;
	sqm_expect_word(cur, "TABLE");
	take_object_name(cur, obj);
	sqm_expect_word(cur, "USING");
	obj->module = sqm_take_name(cur);
	if (!sqm_accept_op(cur, '('))
		return;
	do
	{
		int			first = cur->at;

		CHECK_FOR_INTERRUPTS();
		skip_balanced(cur);
		obj->arguments = lappend(obj->arguments,
								 sqm_slice(cur, first, cur->at - 1));
	} while (sqm_accept_op(cur, ','));
	sqm_expect_op(cur, ')');
}

static void
take_view(SqmCursor *cur, SqmObjectFact *obj)
{
	int			first;

	obj->kind = SQM_OBJECT_VIEW;
	take_object_name(cur, obj);
	if (sqm_is_op(cur, 0, '('))
		obj->view_columns = take_name_list(cur);
	if (!sqm_expect_word(cur, "AS"))
		return;
	first = cur->at;
	while (sqm_peek(cur, 0)->kind != SQM_TOK_END && !sqm_is_op(cur, 0, ';'))
		sqm_advance(cur);
	if (cur->at == first)
		sqm_fail(cur, "expected a query");
	else
		obj->select = sqm_slice(cur, first, cur->at - 1);
}

static void
take_index(SqmCursor *cur, SqmObjectFact *obj)
{
	int			first;

	obj->kind = SQM_OBJECT_INDEX;
	take_object_name(cur, obj);
	sqm_expect_word(cur, "ON");
	obj->table = sqm_take_name(cur);
	obj->keys = take_keys(cur, NULL);
	if (!sqm_accept_word(cur, "WHERE"))
		return;
	first = cur->at;
	while (sqm_peek(cur, 0)->kind != SQM_TOK_END && !sqm_is_op(cur, 0, ';'))
		sqm_advance(cur);
	if (cur->at == first)
		sqm_fail(cur, "expected an expression");
	else
		obj->where = sqm_slice(cur, first, cur->at - 1);
}

static void
take_statement(SqmCursor *cur, SqmObjectFact *obj)
{
	sqm_expect_word(cur, "CREATE");
	obj->temporary = sqm_accept_word(cur, "TEMP") ||
		sqm_accept_word(cur, "TEMPORARY");
	if (sqm_accept_word(cur, "TABLE"))
		take_table(cur, obj);
	else if (sqm_accept_word(cur, "VIRTUAL"))
		take_virtual(cur, obj);
	else if (sqm_accept_word(cur, "VIEW"))
		take_view(cur, obj);
	else
	{
		obj->unique = sqm_accept_word(cur, "UNIQUE");
		if (sqm_accept_word(cur, "INDEX"))
			take_index(cur, obj);
		else
			sqm_fail(cur, "expected TABLE, VIRTUAL TABLE, VIEW or INDEX");
	}
	while (sqm_accept_op(cur, ';'))
		;
	if (cur->error == NULL && sqm_peek(cur, 0)->kind != SQM_TOK_END)
		sqm_fail(cur, "unexpected text");
}

/*
 * The facts of one CREATE TABLE, VIRTUAL TABLE, VIEW or INDEX, in the
 * current memory context.  NULL, a message and the byte offset it concerns
 * if the text is not understood.
 */
SqmObjectFact *
sqm_ddl_facts(const char *ddl, int length, const char **error, int *error_pos)
{
	SqmObjectFact *obj = palloc0(sizeof(SqmObjectFact));
	SqmCursor	cur;

	if (sqm_lex(&cur, ddl, length))
		take_statement(&cur, obj);
	*error = cur.error;
	*error_pos = cur.error_pos;
	return cur.error == NULL ? obj : NULL;
}
