/*-------------------------------------------------------------------------
 *
 * trigger.c
 *		What does a CREATE TRIGGER statement of SQLite's say?
 *
 * When it fires, on what, under which condition, and the text of its body:
 * enough to write the frame of a PostgreSQL trigger around it.  The body is
 * not looked into; nothing of it ever runs here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "lexer.h"
#include "srf.h"

PG_FUNCTION_INFO_V1(sqm_trigger_facts);

typedef struct TriggerFact
{
	const char *timing;			/* before, after, instead of */
	const char *event;			/* insert, update, delete */
	List	   *columns;		/* of UPDATE OF; NIL: none written */
	char	   *condition;		/* of WHEN, or NULL */
	char	   *body;			/* between BEGIN and END */
} TriggerFact;

/* CREATE [TEMP] TRIGGER [IF NOT EXISTS] [schema.] name */
static void
take_head(SqmCursor *cur)
{
	sqm_expect_word(cur, "CREATE");
	if (!sqm_accept_word(cur, "TEMP"))
		sqm_accept_word(cur, "TEMPORARY");
	sqm_expect_word(cur, "TRIGGER");
	if (sqm_is_word(cur, 0, "IF") && sqm_is_word(cur, 1, "NOT"))
	{
		sqm_advance(cur);
		sqm_advance(cur);
		sqm_expect_word(cur, "EXISTS");
	}
	(void) sqm_take_name(cur);
	if (sqm_accept_op(cur, '.'))
		(void) sqm_take_name(cur);
}

/* SQLite takes BEFORE for what is not written. */
static const char *
take_timing(SqmCursor *cur)
{
	if (sqm_accept_word(cur, "AFTER"))
		return "after";
	if (sqm_accept_word(cur, "INSTEAD"))
	{
		sqm_expect_word(cur, "OF");
		return "instead of";
	}
	sqm_accept_word(cur, "BEFORE");
	return "before";
}

static void
take_event(SqmCursor *cur, TriggerFact *fact)
{
	if (sqm_accept_word(cur, "INSERT"))
		fact->event = "insert";
	else if (sqm_accept_word(cur, "DELETE"))
		fact->event = "delete";
	else
	{
		sqm_expect_word(cur, "UPDATE");
		fact->event = "update";
		if (!sqm_accept_word(cur, "OF"))
			return;
		do
		{
			fact->columns = lappend(fact->columns, sqm_take_name(cur));
		} while (cur->error == NULL && sqm_accept_op(cur, ','));
	}
}

/* From here to the word "end", which is not consumed. */
static char *
take_until(SqmCursor *cur, const char *end)
{
	int			first = cur->at;
	int			depth = 0;

	while (sqm_peek(cur, 0)->kind != SQM_TOK_END &&
		   !(depth == 0 && sqm_is_word(cur, 0, end)))
	{
		if (sqm_is_op(cur, 0, '(') || sqm_is_word(cur, 0, "CASE"))
			depth++;
		else if (sqm_is_op(cur, 0, ')') ||
				 (depth > 0 && sqm_is_word(cur, 0, "END")))
			depth--;
		sqm_advance(cur);
	}
	if (cur->at == first)
	{
		sqm_fail(cur, "expected a condition or a statement");
		return NULL;
	}
	return sqm_slice(cur, first, cur->at - 1);
}

static void
take_trigger(SqmCursor *cur, TriggerFact *fact)
{
	take_head(cur);
	fact->timing = take_timing(cur);
	take_event(cur, fact);
	sqm_expect_word(cur, "ON");
	(void) sqm_take_name(cur);
	if (sqm_accept_word(cur, "FOR"))
	{
		sqm_expect_word(cur, "EACH");
		sqm_expect_word(cur, "ROW");
	}
	if (sqm_accept_word(cur, "WHEN"))
		fact->condition = take_until(cur, "BEGIN");
	sqm_expect_word(cur, "BEGIN");
	fact->body = take_until(cur, "END");
	sqm_expect_word(cur, "END");
}

/*
 * sq2pg.trigger_facts(ddl text, OUT timing text, OUT event text,
 *					   OUT columns text[], OUT condition text, OUT body text)
 *
 * No row for a text that is not understood.
 */
Datum
sqm_trigger_facts(PG_FUNCTION_ARGS)
{
	char	   *ddl = sqm_arg_text(fcinfo, 0);
	TriggerFact fact = {0};
	SqmCursor	cur;
	SqmRow		row;

	sqm_row_begin(fcinfo, &row);
	if (sqm_lex(&cur, ddl, strlen(ddl)))
		take_trigger(&cur, &fact);
	if (cur.error != NULL)
		return (Datum) 0;
	sqm_row_text(&row, fact.timing);
	sqm_row_text(&row, fact.event);
	sqm_row_text_array(&row, fact.columns);
	sqm_row_text(&row, fact.condition);
	sqm_row_text(&row, fact.body);
	sqm_row_emit(&row);
	return (Datum) 0;
}
