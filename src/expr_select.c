/*-------------------------------------------------------------------------
 *
 * expr_select.c
 *		What is the structure of a query in SQLite's SQL?
 *
 * The other half of expr.c, for views and for subqueries: WITH, compound
 * selects, joins, grouping, ordering, windows.  As there, nothing is judged;
 * what this parser does not know (named windows, table-valued functions) is
 * a message.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "expr.h"

/* expr [ASC|DESC] [NULLS FIRST|LAST], …, after ORDER BY */
List *
sqm_take_order_by(SqmCursor *cur)
{
	List	   *list = NIL;

	sqm_expect_word(cur, "ORDER");
	sqm_expect_word(cur, "BY");
	do
	{
		SqmOrder   *order = palloc0(sizeof(SqmOrder));

		order->expr = sqm_take_expr(cur);
		if (order->expr == NULL)
			return NIL;
		order->desc = sqm_is_word(cur, 0, "DESC");
		if (!sqm_accept_word(cur, "DESC"))
			sqm_accept_word(cur, "ASC");
		if (sqm_accept_word(cur, "NULLS"))
		{
			order->nulls = sqm_is_word(cur, 0, "FIRST") ? "first" : "last";
			if (!sqm_accept_word(cur, "FIRST"))
				sqm_expect_word(cur, "LAST");
		}
		list = lappend(list, order);
	} while (sqm_accept_op(cur, ','));
	return list;
}

/* The first of these words, NULL-terminated, that is next; it is taken. */
static const char *
take_one_of(SqmCursor *cur, const char *const *words)
{
	for (; *words != NULL; words++)
		if (sqm_accept_word(cur, *words))
			return *words;
	return NULL;
}

/* Where a frame begins or ends, in the order of the rows. */
typedef enum FrameBound
{
	BOUND_FIRST,
	BOUND_BEFORE,
	BOUND_CURRENT,
	BOUND_AFTER,
	BOUND_LAST,
	BOUND_NONE					/* not understood */
} FrameBound;

static FrameBound
take_bound(SqmCursor *cur, StringInfo frame)
{
	const SqmToken *tok = sqm_peek(cur, 0);
	const char *number = "UNBOUNDED";
	bool		unbounded = sqm_accept_word(cur, number);

	if (!unbounded && sqm_accept_word(cur, "CURRENT"))
	{
		appendStringInfoString(frame, " CURRENT ROW");
		return sqm_accept_word(cur, "ROW") ? BOUND_CURRENT : BOUND_NONE;
	}
	if (!unbounded)
	{
		if (tok->kind != SQM_TOK_INTEGER || tok->end - tok->start >= 10)
			return BOUND_NONE;
		number = sqm_token_text(cur, tok);
		if (strspn(number, "0123456789") != strlen(number))
			return BOUND_NONE;
		sqm_advance(cur);
	}
	if (sqm_accept_word(cur, "PRECEDING"))
	{
		appendStringInfo(frame, " %s PRECEDING", number);
		return unbounded ? BOUND_FIRST : BOUND_BEFORE;
	}
	appendStringInfo(frame, " %s FOLLOWING", number);
	return !sqm_accept_word(cur, "FOLLOWING") ? BOUND_NONE :
		unbounded ? BOUND_LAST : BOUND_AFTER;
}

/* EXCLUDE …, or nothing */
static bool
take_exclusion(SqmCursor *cur, StringInfo frame)
{
	static const char *const whats[] = {"NO", "CURRENT", "GROUP", "TIES", NULL};
	const char *what;
	const char *more;

	if (!sqm_accept_word(cur, "EXCLUDE"))
		return true;
	what = take_one_of(cur, whats);
	if (what == NULL)
		return false;
	more = what == whats[0] ? "OTHERS" : what == whats[1] ? "ROW" : NULL;
	appendStringInfo(frame, " EXCLUDE %s%s%s", what, more ? " " : "",
					 more ? more : "");
	return more == NULL || sqm_accept_word(cur, more);
}

/*
 * A frame is kept as text: only keywords and plain numbers get through, in the
 * order that both languages have in common.
 */
static char *
take_frame(SqmCursor *cur)
{
	static const char *const units[] = {"RANGE", "ROWS", "GROUPS", NULL};
	const char *unit = take_one_of(cur, units);
	StringInfoData frame;
	FrameBound	start;
	FrameBound	end = BOUND_CURRENT;

	if (unit == NULL)
		return NULL;
	initStringInfo(&frame);
	appendStringInfoString(&frame, unit);
	if (sqm_accept_word(cur, "BETWEEN"))
	{
		appendStringInfoString(&frame, " BETWEEN");
		start = take_bound(cur, &frame);
		appendStringInfoString(&frame, " AND");
		end = sqm_accept_word(cur, "AND") ? take_bound(cur, &frame) : BOUND_NONE;
	}
	else
		start = take_bound(cur, &frame);
	if (start > end || start == BOUND_LAST || end == BOUND_FIRST ||
		end == BOUND_NONE || !take_exclusion(cur, &frame))
	{
		sqm_fail(cur, "unsupported window frame");
		return NULL;
	}
	return frame.data;
}

/* ( [PARTITION BY …] [ORDER BY …] [frame] ), after OVER */
SqmWindow *
sqm_take_window(SqmCursor *cur)
{
	SqmWindow  *window = palloc0(sizeof(SqmWindow));

	if (!sqm_accept_op(cur, '('))
	{
		sqm_fail(cur, "named windows are not supported");
		return NULL;
	}
	if (sqm_accept_word(cur, "PARTITION"))
	{
		sqm_expect_word(cur, "BY");
		window->partition_by = sqm_take_expr_list(cur);
	}
	if (sqm_is_word(cur, 0, "ORDER"))
		window->order_by = sqm_take_order_by(cur);
	window->frame = take_frame(cur);
	sqm_expect_op(cur, ')');
	return window;
}

/* ------------------------------------------------------------------------
 * FROM
 * ------------------------------------------------------------------------
 */

static bool
at_join_word(const SqmCursor *cur)
{
	static const char *const words[] = {
		"NATURAL", "LEFT", "RIGHT", "FULL", "OUTER", "INNER", "CROSS", "JOIN"
	};

	for (int i = 0; i < (int) lengthof(words); i++)
	{
		if (sqm_is_word(cur, 0, words[i]))
			return true;
	}
	return false;
}

/* [AS] alias */
static char *
take_alias(SqmCursor *cur)
{
	if (sqm_accept_word(cur, "AS"))
		return sqm_take_name(cur);
	if (sqm_is_name(cur, 0) && !at_join_word(cur) &&
		!sqm_is_word(cur, 0, "INDEXED") && !sqm_is_word(cur, 0, "WINDOW"))
		return sqm_take_name(cur);
	return NULL;
}

static List *take_from(SqmCursor *cur);

static void
take_from_item(SqmCursor *cur, SqmFrom *item)
{
	if (sqm_accept_op(cur, '('))
	{
		if (sqm_at_select(cur, 0))
			item->select = sqm_take_select(cur);
		else
			item->nested = take_from(cur);
		sqm_expect_op(cur, ')');
	}
	else
	{
		item->name = sqm_take_name(cur);
		if (sqm_accept_op(cur, '.'))
			item->name = sqm_take_name(cur);
		if (sqm_is_op(cur, 0, '('))
			sqm_fail(cur, "table-valued functions are not supported");
	}
	item->alias = take_alias(cur);
	if (sqm_accept_word(cur, "INDEXED"))
	{
		sqm_expect_word(cur, "BY");
		sqm_take_name(cur);
	}
	else if (sqm_is_word(cur, 0, "NOT") && sqm_is_word(cur, 1, "INDEXED"))
		cur->at += 2;
}

static List *
take_names(SqmCursor *cur)
{
	List	   *names = NIL;

	sqm_expect_op(cur, '(');
	do
	{
		char	   *name = sqm_take_name(cur);

		if (name == NULL)
			return NIL;
		names = lappend(names, name);
	} while (sqm_accept_op(cur, ','));
	sqm_expect_op(cur, ')');
	return names;
}

/* A comma or [NATURAL] [LEFT|RIGHT|FULL [OUTER]|INNER|CROSS] JOIN */
static bool
take_join(SqmCursor *cur, SqmFrom *item)
{
	item->join = "";
	if (sqm_accept_op(cur, ','))
		return true;
	if (!at_join_word(cur))
		return false;
	item->join = "inner";
	while (!sqm_is_word(cur, 0, "JOIN") && at_join_word(cur))
	{
		if (sqm_is_word(cur, 0, "NATURAL"))
			item->natural = true;
		else if (sqm_is_word(cur, 0, "CROSS"))
			item->join = "cross";
		else if (sqm_is_word(cur, 0, "LEFT"))
			item->join = strcmp(item->join, "right") == 0 ? "full" : "left";
		else if (sqm_is_word(cur, 0, "RIGHT"))
			item->join = strcmp(item->join, "left") == 0 ? "full" : "right";
		else if (sqm_is_word(cur, 0, "FULL"))
			item->join = "full";
		sqm_advance(cur);
	}
	return sqm_expect_word(cur, "JOIN");
}

static List *
take_from(SqmCursor *cur)
{
	List	   *list = NIL;
	SqmFrom    *item = palloc0(sizeof(SqmFrom));

	item->join = "";
	if (!sqm_enter(cur))
		return NIL;
	do
	{
		CHECK_FOR_INTERRUPTS();
		take_from_item(cur, item);
		if (sqm_accept_word(cur, "ON"))
			item->on = sqm_take_expr(cur);
		else if (sqm_accept_word(cur, "USING"))
			item->using_columns = take_names(cur);
		list = lappend(list, item);
		item = palloc0(sizeof(SqmFrom));
	} while (take_join(cur, item));
	cur->depth--;
	return cur->error == NULL ? list : NIL;
}

/* ------------------------------------------------------------------------
 * SELECT
 * ------------------------------------------------------------------------
 */

static List *
take_results(SqmCursor *cur)
{
	List	   *list = NIL;

	do
	{
		SqmResult  *result = palloc0(sizeof(SqmResult));
		int			first = cur->at;

		CHECK_FOR_INTERRUPTS();
		if (sqm_accept_op(cur, '*'))
			result->star = true;
		else if (sqm_is_name(cur, 0) && sqm_is_op(cur, 1, '.') &&
				 sqm_is_op(cur, 2, '*'))
		{
			result->star = true;
			result->table = sqm_take_name(cur);
			cur->at += 2;
		}
		else
		{
			result->expr = sqm_take_expr(cur);
			if (cur->error != NULL)
				return NIL;
			result->source = sqm_slice(cur, first, cur->at - 1);
			if (sqm_accept_word(cur, "AS") || sqm_is_name(cur, 0))
				result->alias = sqm_take_name(cur);
		}
		list = lappend(list, result);
	} while (sqm_accept_op(cur, ','));
	return cur->error == NULL ? list : NIL;
}

static void
take_values(SqmCursor *cur, SqmCore *core)
{
	do
	{
		List	   *row;

		CHECK_FOR_INTERRUPTS();
		sqm_expect_op(cur, '(');
		row = sqm_take_expr_list(cur);
		sqm_expect_op(cur, ')');
		core->rows = lappend(core->rows, row);
	} while (sqm_accept_op(cur, ','));
}

static SqmCore *
take_core(SqmCursor *cur)
{
	SqmCore    *core = palloc0(sizeof(SqmCore));

	if (sqm_accept_word(cur, "VALUES"))
	{
		take_values(cur, core);
		return core;
	}
	sqm_expect_word(cur, "SELECT");
	core->distinct = sqm_accept_word(cur, "DISTINCT");
	if (!core->distinct)
		sqm_accept_word(cur, "ALL");
	core->results = take_results(cur);
	if (sqm_accept_word(cur, "FROM"))
		core->from = take_from(cur);
	if (sqm_accept_word(cur, "WHERE"))
		core->where = sqm_take_expr(cur);
	if (sqm_accept_word(cur, "GROUP"))
	{
		sqm_expect_word(cur, "BY");
		core->group_by = sqm_take_expr_list(cur);
	}
	if (sqm_accept_word(cur, "HAVING"))
		core->having = sqm_take_expr(cur);
	if (sqm_is_word(cur, 0, "WINDOW"))
		sqm_fail(cur, "named windows are not supported");
	return core;
}

static char *
take_compound(SqmCursor *cur)
{
	if (sqm_accept_word(cur, "UNION"))
		return sqm_accept_word(cur, "ALL") ? "UNION ALL" : "UNION";
	if (sqm_accept_word(cur, "INTERSECT"))
		return "INTERSECT";
	if (sqm_accept_word(cur, "EXCEPT"))
		return "EXCEPT";
	return NULL;
}

static void
take_ctes(SqmCursor *cur, SqmSelect *select)
{
	select->recursive = sqm_accept_word(cur, "RECURSIVE");
	do
	{
		SqmCte	   *cte = palloc0(sizeof(SqmCte));

		cte->name = sqm_take_name(cur);
		if (sqm_is_op(cur, 0, '('))
			cte->columns = take_names(cur);
		sqm_expect_word(cur, "AS");
		/* [NOT] MATERIALIZED changes no result */
		if (sqm_is_word(cur, 0, "NOT"))
			sqm_advance(cur);
		sqm_accept_word(cur, "MATERIALIZED");
		sqm_expect_op(cur, '(');
		cte->select = sqm_take_select(cur);
		sqm_expect_op(cur, ')');
		select->ctes = lappend(select->ctes, cte);
	} while (cur->error == NULL && sqm_accept_op(cur, ','));
}

bool
sqm_at_select(const SqmCursor *cur, int ahead)
{
	return sqm_is_word(cur, ahead, "SELECT") ||
		sqm_is_word(cur, ahead, "VALUES") ||
		(sqm_is_word(cur, ahead, "WITH") && !sqm_is_op(cur, ahead + 1, ')'));
}

SqmSelect *
sqm_take_select(SqmCursor *cur)
{
	SqmSelect  *select = palloc0(sizeof(SqmSelect));
	char	   *compound;

	if (!sqm_enter(cur))
		return NULL;
	if (sqm_accept_word(cur, "WITH"))
		take_ctes(cur, select);
	select->cores = list_make1(take_core(cur));
	while ((compound = take_compound(cur)) != NULL)
	{
		select->compounds = lappend(select->compounds, compound);
		select->cores = lappend(select->cores, take_core(cur));
	}
	if (sqm_is_word(cur, 0, "ORDER"))
		select->order_by = sqm_take_order_by(cur);
	if (sqm_accept_word(cur, "LIMIT"))
	{
		select->limit = sqm_take_expr(cur);
		if (sqm_accept_word(cur, "OFFSET"))
			select->offset = sqm_take_expr(cur);
		else if (sqm_accept_op(cur, ','))
		{
			/* LIMIT offset, count */
			select->offset = select->limit;
			select->limit = sqm_take_expr(cur);
		}
	}
	cur->depth--;
	return cur->error == NULL ? select : NULL;
}

/* Parse one query; NULL, a message and its byte offset if it is none. */
SqmSelect *
sqm_parse_select(const char *sql, int length, const char **error,
				 int *error_pos)
{
	SqmCursor	cur;
	SqmSelect  *select = NULL;

	if (sqm_lex(&cur, sql, length))
	{
		select = sqm_take_select(&cur);
		while (sqm_accept_op(&cur, ';'))
			;
		if (cur.error == NULL && sqm_peek(&cur, 0)->kind != SQM_TOK_END)
			sqm_fail(&cur, "unexpected text");
	}
	*error = cur.error;
	*error_pos = cur.error_pos;
	return cur.error == NULL ? select : NULL;
}
