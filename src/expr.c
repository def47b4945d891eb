/*-------------------------------------------------------------------------
 *
 * expr.c
 *		What is the structure of an expression in SQLite's SQL?
 *
 * Recursive descent over lexer.c's tokens, by precedence climbing, with the
 * precedences of SQLite's grammar (they are not PostgreSQL's: || binds
 * tighter than *, and = and < are on different levels).  The parser is as
 * lenient as SQLite's own; whether an expression means something is not its
 * business, and neither is PostgreSQL.
 *
 * Depth is limited twice: by the height of the tree, as SQLite does, since
 * everybody who walks it later recurses, and by the stack that is really
 * left.  Both are soft errors, as every other error here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "expr.h"

/* Binding powers, weakest first. */
enum
{
	PREC_OR = 1,
	PREC_AND,
	PREC_NOT,
	PREC_EQUAL,					/* = <> IS IN LIKE BETWEEN ISNULL … */
	PREC_LESS,					/* < <= > >= */
	PREC_BIT,					/* & | << >> */
	PREC_ADD,
	PREC_MULTIPLY,
	PREC_CONCAT,				/* || -> ->> */
	PREC_COLLATE,
	PREC_SIGN					/* unary - + ~ */
};

static SqmExpr *take_operand(SqmCursor *cur);
static SqmExpr *take_above(SqmCursor *cur, int prec);

static SqmExpr *
make_expr(SqmCursor *cur, SqmExprKind kind)
{
	SqmExpr    *e = palloc0(sizeof(SqmExpr));

	e->kind = kind;
	e->pos = sqm_peek(cur, 0)->start;
	return e;
}

/* What a node takes over from those below it. */
static void
inherit(SqmExpr *e, const SqmExpr *child)
{
	if (child == NULL)
		return;
	e->height = Max(e->height, child->height + 1);
	e->collates = e->collates || child->collates;
}

/* Complete a node: NULL if something went wrong or it grew too high. */
static SqmExpr *
finish(SqmCursor *cur, SqmExpr *e)
{
	ListCell   *lc;

	if (cur->error != NULL)
		return NULL;
	e->height = 1;
	e->collates = e->kind == SQM_E_COLLATE;
	inherit(e, e->left);
	inherit(e, e->right);
	inherit(e, e->third);
	inherit(e, e->filter);
	foreach(lc, e->args)
		inherit(e, lfirst(lc));
	if (e->height > SQM_MAX_EXPR_HEIGHT)
	{
		sqm_fail(cur, "nested too deeply");
		return NULL;
	}
	return e;
}

static SqmExpr *
make_binary(SqmCursor *cur, SqmExprKind kind, int op, SqmExpr *left,
			SqmExpr *right)
{
	SqmExpr    *e = make_expr(cur, kind);

	e->op = op;
	e->left = left;
	e->right = right;
	if (left != NULL)
		e->pos = left->pos;
	return finish(cur, e);
}

/* ------------------------------------------------------------------------
 * Operands
 * ------------------------------------------------------------------------
 */

static SqmExpr *
take_literal(SqmCursor *cur, SqmExprKind kind)
{
	SqmExpr    *e = make_expr(cur, kind);

	e->text = sqm_token_text(cur, sqm_peek(cur, 0));
	if (kind == SQM_E_BLOB)
	{
		e->text += 2;			/* x' */
		e->text[strlen(e->text) - 1] = '\0';
	}
	sqm_advance(cur);
	return finish(cur, e);
}

/* - + ~ bind tighter than any operator between two operands. */
static SqmExpr *
take_signed(SqmCursor *cur)
{
	SqmExpr    *e = make_expr(cur, sqm_is_op(cur, 0, '-') ? SQM_E_NEGATE :
							  sqm_is_op(cur, 0, '+') ? SQM_E_PLUS :
							  SQM_E_BITNOT);

	sqm_advance(cur);
	e->left = take_operand(cur);
	return finish(cur, e);
}

static SqmExpr *
take_case(SqmCursor *cur)
{
	SqmExpr    *e = make_expr(cur, SQM_E_CASE);

	sqm_expect_word(cur, "CASE");
	if (!sqm_is_word(cur, 0, "WHEN"))
		e->left = sqm_take_expr(cur);
	while (sqm_accept_word(cur, "WHEN"))
	{
		e->args = lappend(e->args, sqm_take_expr(cur));
		sqm_expect_word(cur, "THEN");
		e->args = lappend(e->args, sqm_take_expr(cur));
	}
	if (e->args == NIL)
		sqm_fail(cur, "expected WHEN");
	if (sqm_accept_word(cur, "ELSE"))
		e->third = sqm_take_expr(cur);
	sqm_expect_word(cur, "END");
	return finish(cur, e);
}

/* CAST ( expr AS any words ( number, number ) ) */
static SqmExpr *
take_cast(SqmCursor *cur)
{
	SqmExpr    *e = make_expr(cur, SQM_E_CAST);
	int			first;
	int			depth = 0;

	sqm_expect_word(cur, "CAST");
	sqm_expect_op(cur, '(');
	e->left = sqm_take_expr(cur);
	sqm_expect_word(cur, "AS");
	first = cur->at;
	while (sqm_peek(cur, 0)->kind != SQM_TOK_END &&
		   !(depth == 0 && sqm_is_op(cur, 0, ')')))
	{
		if (sqm_is_op(cur, 0, '('))
			depth++;
		else if (sqm_is_op(cur, 0, ')'))
			depth--;
		sqm_advance(cur);
	}
	if (cur->error == NULL)
		e->text = sqm_slice(cur, first, cur->at - 1);
	sqm_expect_op(cur, ')');
	return finish(cur, e);
}

/* ( expr ), ( expr, … ) or ( SELECT … ) */
static SqmExpr *
take_parenthesis(SqmCursor *cur)
{
	SqmExpr    *e = make_expr(cur, SQM_E_ROW);

	sqm_expect_op(cur, '(');
	if (sqm_at_select(cur, 0))
	{
		e->kind = SQM_E_SUBSELECT;
		e->select = sqm_take_select(cur);
	}
	else
		e->args = sqm_take_expr_list(cur);
	sqm_expect_op(cur, ')');
	if (e->kind == SQM_E_ROW && list_length(e->args) == 1)
		return cur->error == NULL ? linitial(e->args) : NULL;
	return finish(cur, e);
}

static SqmExpr *
take_exists(SqmCursor *cur)
{
	SqmExpr    *e = make_expr(cur, SQM_E_EXISTS);

	sqm_expect_word(cur, "EXISTS");
	sqm_expect_op(cur, '(');
	e->select = sqm_take_select(cur);
	sqm_expect_op(cur, ')');
	return finish(cur, e);
}

/* RAISE ( … ): only triggers have it, and it is never translated. */
static SqmExpr *
take_raise(SqmCursor *cur)
{
	SqmExpr    *e = make_expr(cur, SQM_E_RAISE);

	sqm_advance(cur);
	sqm_expect_op(cur, '(');
	while (sqm_peek(cur, 0)->kind != SQM_TOK_END && !sqm_is_op(cur, 0, ')'))
		sqm_advance(cur);
	sqm_expect_op(cur, ')');
	return finish(cur, e);
}

/* name ( [DISTINCT] args [ORDER BY …] ) [FILTER (WHERE …)] [OVER …] */
static SqmExpr *
take_function(SqmCursor *cur)
{
	SqmExpr    *e = make_expr(cur, SQM_E_FUNCTION);

	e->text = sqm_take_name(cur);
	sqm_expect_op(cur, '(');
	if (sqm_accept_op(cur, '*'))
		e->star = true;
	else if (!sqm_is_op(cur, 0, ')'))
	{
		e->distinct = sqm_accept_word(cur, "DISTINCT");
		if (!e->distinct)
			sqm_accept_word(cur, "ALL");
		e->args = sqm_take_expr_list(cur);
		if (sqm_is_word(cur, 0, "ORDER"))
			e->order_by = sqm_take_order_by(cur);
	}
	sqm_expect_op(cur, ')');
	if (sqm_is_word(cur, 0, "FILTER") && sqm_is_op(cur, 1, '('))
	{
		cur->at += 2;
		sqm_expect_word(cur, "WHERE");
		e->filter = sqm_take_expr(cur);
		sqm_expect_op(cur, ')');
	}
	if (sqm_is_word(cur, 0, "OVER") &&
		(sqm_is_op(cur, 1, '(') || sqm_is_name(cur, 1)))
	{
		sqm_advance(cur);
		e->over = sqm_take_window(cur);
	}
	return finish(cur, e);
}

/* column, table.column or schema.table.column */
static SqmExpr *
take_column(SqmCursor *cur)
{
	SqmExpr    *e = make_expr(cur, SQM_E_COLUMN);

	e->quoted = cur->sql[sqm_peek(cur, 0)->start] == '"';
	e->text = sqm_take_name(cur);
	for (int i = 0; i < 2 && sqm_accept_op(cur, '.'); i++)
	{
		e->quoted = false;
		e->table = e->text;
		e->text = sqm_take_name(cur);
	}
	return finish(cur, e);
}

static SqmExpr *
take_word_operand(SqmCursor *cur)
{
	static const struct
	{
		const char *word;
		SqmExpr    *(*take) (SqmCursor *cur);
	}			special[] = {
		{"CASE", take_case},
		{"EXISTS", take_exists}
	};

	for (int i = 0; i < (int) lengthof(special); i++)
	{
		if (sqm_is_word(cur, 0, special[i].word))
			return special[i].take(cur);
	}
	if (sqm_is_word(cur, 0, "NULL"))
		return take_literal(cur, SQM_E_NULL);
	if (sqm_is_word(cur, 0, "CURRENT_TIMESTAMP") ||
		sqm_is_word(cur, 0, "CURRENT_DATE") ||
		sqm_is_word(cur, 0, "CURRENT_TIME"))
		return take_literal(cur, SQM_E_NOW);
	if (!sqm_is_name(cur, 0))
	{
		sqm_fail(cur, "expected an expression");
		return NULL;
	}
	if (!sqm_is_op(cur, 1, '('))
		return take_column(cur);
	if (sqm_is_word(cur, 0, "CAST"))
		return take_cast(cur);
	if (sqm_is_word(cur, 0, "RAISE"))
		return take_raise(cur);
	return take_function(cur);
}

/* One level deeper; whoever enters leaves by cur->depth--. */
bool
sqm_enter(SqmCursor *cur)
{
	if (++cur->depth > SQM_MAX_EXPR_NESTING || stack_is_too_deep())
		return sqm_fail(cur, "nested too deeply");
	return true;
}

static SqmExpr *
take_plain_operand(SqmCursor *cur)
{
	const SqmToken *tok = sqm_peek(cur, 0);

	switch (tok->kind)
	{
		case SQM_TOK_INTEGER:
			return take_literal(cur, SQM_E_INTEGER);
		case SQM_TOK_FLOAT:
			return take_literal(cur, SQM_E_FLOAT);
		case SQM_TOK_BLOB:
			return take_literal(cur, SQM_E_BLOB);
		case SQM_TOK_STRING:
			/* 'table'.column is how some tools quote */
			if (sqm_is_op(cur, 1, '.'))
				return take_column(cur);
			return take_literal(cur, SQM_E_STRING);
		case SQM_TOK_QUOTED:
		case SQM_TOK_WORD:
			return take_word_operand(cur);
		case SQM_TOK_OP:
			if (tok->op == '(')
				return take_parenthesis(cur);
			if (tok->op == '-' || tok->op == '+' || tok->op == '~')
				return take_signed(cur);
			break;
		case SQM_TOK_END:
			break;
	}
	sqm_fail(cur, "expected an expression");
	return NULL;
}

static SqmExpr *
take_operand(SqmCursor *cur)
{
	SqmExpr    *e = sqm_enter(cur) ? take_plain_operand(cur) : NULL;

	cur->depth--;
	return e;
}

/* ------------------------------------------------------------------------
 * Operators
 * ------------------------------------------------------------------------
 */

static SqmExpr *
take_is(SqmCursor *cur, SqmExpr *left)
{
	SqmExpr    *e = make_expr(cur, SQM_E_IS);

	sqm_expect_word(cur, "IS");
	e->left = left;
	e->negated = sqm_accept_word(cur, "NOT");
	if (sqm_is_word(cur, 0, "DISTINCT") && sqm_is_word(cur, 1, "FROM"))
	{
		cur->at += 2;
		e->negated = !e->negated;
	}
	e->right = take_above(cur, PREC_EQUAL + 1);
	return finish(cur, e);
}

static SqmExpr *
make_null_test(SqmCursor *cur, SqmExpr *left, bool negated)
{
	SqmExpr    *e = make_expr(cur, SQM_E_IS);

	e->left = left;
	e->negated = negated;
	e->right = finish(cur, make_expr(cur, SQM_E_NULL));
	return finish(cur, e);
}

static SqmExpr *
take_between(SqmCursor *cur, SqmExpr *left, bool negated)
{
	SqmExpr    *e = make_expr(cur, SQM_E_BETWEEN);

	sqm_expect_word(cur, "BETWEEN");
	e->left = left;
	e->negated = negated;
	e->right = take_above(cur, PREC_NOT);
	sqm_expect_word(cur, "AND");
	e->third = take_above(cur, PREC_EQUAL + 1);
	return finish(cur, e);
}

/* IN ( list ), IN ( SELECT … ) or IN table */
static SqmExpr *
take_in(SqmCursor *cur, SqmExpr *left, bool negated)
{
	SqmExpr    *e = make_expr(cur, SQM_E_IN);

	sqm_expect_word(cur, "IN");
	e->left = left;
	e->negated = negated;
	if (!sqm_accept_op(cur, '('))
	{
		e->text = sqm_take_name(cur);
		if (sqm_accept_op(cur, '.'))
			e->text = sqm_take_name(cur);
		if (sqm_is_op(cur, 0, '('))
			sqm_fail(cur, "table-valued functions are not supported");
		return finish(cur, e);
	}
	if (sqm_at_select(cur, 0))
		e->select = sqm_take_select(cur);
	else if (!sqm_is_op(cur, 0, ')'))
		e->args = sqm_take_expr_list(cur);
	sqm_expect_op(cur, ')');
	return finish(cur, e);
}

static const char *
like_word(const SqmCursor *cur, int ahead)
{
	static const char *const words[] = {"LIKE", "GLOB", "REGEXP", "MATCH"};

	for (int i = 0; i < (int) lengthof(words); i++)
	{
		if (sqm_is_word(cur, ahead, words[i]))
			return words[i];
	}
	return NULL;
}

static SqmExpr *
take_like(SqmCursor *cur, SqmExpr *left, bool negated)
{
	SqmExpr    *e = make_expr(cur, SQM_E_LIKE);

	e->text = pstrdup(like_word(cur, 0));
	sqm_advance(cur);
	e->left = left;
	e->negated = negated;
	e->right = take_above(cur, PREC_EQUAL + 1);
	if (sqm_accept_word(cur, "ESCAPE"))
		e->third = take_above(cur, PREC_BIT);
	return finish(cur, e);
}

/* The operators on the level of =, which are spelled as words. */
static bool
take_word_operator(SqmCursor *cur, SqmExpr **left)
{
	bool		negated = sqm_is_word(cur, 0, "NOT");
	int			at = negated ? 1 : 0;

	if (sqm_is_word(cur, at, "IN"))
	{
		cur->at += at;
		*left = take_in(cur, *left, negated);
	}
	else if (sqm_is_word(cur, at, "BETWEEN"))
	{
		cur->at += at;
		*left = take_between(cur, *left, negated);
	}
	else if (like_word(cur, at) != NULL)
	{
		cur->at += at;
		*left = take_like(cur, *left, negated);
	}
	else if (negated && sqm_is_word(cur, 1, "NULL"))
	{
		cur->at += 2;
		*left = make_null_test(cur, *left, true);
	}
	else if (sqm_accept_word(cur, "ISNULL"))
		*left = make_null_test(cur, *left, false);
	else if (sqm_accept_word(cur, "NOTNULL"))
		*left = make_null_test(cur, *left, true);
	else if (sqm_is_word(cur, 0, "IS"))
		*left = take_is(cur, *left);
	else
		return false;
	return true;
}

/* Which node does a binary operator's token make, and how tight is it? */
static bool
symbol_operator(const SqmToken *tok, SqmExprKind *kind, int *prec)
{
	static const struct
	{
		int			op;
		SqmExprKind kind;
		int			prec;
	}			symbols[] = {
		{SQM_OP_EQ, SQM_E_COMPARE, PREC_EQUAL},
		{SQM_OP_NE, SQM_E_COMPARE, PREC_EQUAL},
		{'<', SQM_E_COMPARE, PREC_LESS},
		{'>', SQM_E_COMPARE, PREC_LESS},
		{SQM_OP_LE, SQM_E_COMPARE, PREC_LESS},
		{SQM_OP_GE, SQM_E_COMPARE, PREC_LESS},
		{'&', SQM_E_BITWISE, PREC_BIT},
		{'|', SQM_E_BITWISE, PREC_BIT},
		{SQM_OP_LSHIFT, SQM_E_BITWISE, PREC_BIT},
		{SQM_OP_RSHIFT, SQM_E_BITWISE, PREC_BIT},
		{'+', SQM_E_ARITHMETIC, PREC_ADD},
		{'-', SQM_E_ARITHMETIC, PREC_ADD},
		{'*', SQM_E_ARITHMETIC, PREC_MULTIPLY},
		{'/', SQM_E_ARITHMETIC, PREC_MULTIPLY},
		{'%', SQM_E_ARITHMETIC, PREC_MULTIPLY},
		{SQM_OP_CONCAT, SQM_E_CONCAT, PREC_CONCAT},
		{SQM_OP_ARROW, SQM_E_ARROW, PREC_CONCAT},
		{SQM_OP_ARROW2, SQM_E_ARROW, PREC_CONCAT}
	};

	if (tok->kind != SQM_TOK_OP)
		return false;
	for (int i = 0; i < (int) lengthof(symbols); i++)
	{
		if (symbols[i].op == tok->op)
		{
			*kind = symbols[i].kind;
			*prec = symbols[i].prec;
			return true;
		}
	}
	return false;
}

/* Take one operator and what is right of it, if it binds tight enough. */
static bool
take_operator(SqmCursor *cur, SqmExpr **left, int min_prec)
{
	SqmExprKind kind;
	int			prec;

	if (symbol_operator(sqm_peek(cur, 0), &kind, &prec))
	{
		int			op = sqm_peek(cur, 0)->op;

		if (prec < min_prec)
			return false;
		sqm_advance(cur);
		*left = make_binary(cur, kind, op, *left, take_above(cur, prec + 1));
		return true;
	}
	if (sqm_is_word(cur, 0, "COLLATE") && min_prec <= PREC_COLLATE)
	{
		SqmExpr    *e = make_expr(cur, SQM_E_COLLATE);

		sqm_advance(cur);
		e->left = *left;
		e->text = sqm_take_name(cur);
		*left = finish(cur, e);
		return true;
	}
	if (min_prec <= PREC_EQUAL && take_word_operator(cur, left))
		return true;
	if (min_prec <= PREC_AND && sqm_accept_word(cur, "AND"))
	{
		*left = make_binary(cur, SQM_E_AND, 0, *left,
							take_above(cur, PREC_AND + 1));
		return true;
	}
	if (min_prec <= PREC_OR && sqm_accept_word(cur, "OR"))
	{
		*left = make_binary(cur, SQM_E_OR, 0, *left,
							take_above(cur, PREC_OR + 1));
		return true;
	}
	return false;
}

/* An expression of operators that bind at least as tight as prec. */
static SqmExpr *
take_above(SqmCursor *cur, int prec)
{
	SqmExpr    *left;

	/* NOT may stand wherever an operand may, and takes all it can bind */
	if (sqm_is_word(cur, 0, "NOT"))
	{
		SqmExpr    *e = make_expr(cur, SQM_E_NOT);

		sqm_advance(cur);
		e->left = sqm_enter(cur) ? take_above(cur, PREC_NOT) : NULL;
		cur->depth--;
		left = finish(cur, e);
	}
	else
		left = take_operand(cur);

	while (left != NULL && cur->error == NULL &&
		   take_operator(cur, &left, prec))
		CHECK_FOR_INTERRUPTS();
	return cur->error == NULL ? left : NULL;
}

SqmExpr *
sqm_take_expr(SqmCursor *cur)
{
	return take_above(cur, PREC_OR);
}

/* expr, expr …; never with a NULL in it unless cur->error is set */
List *
sqm_take_expr_list(SqmCursor *cur)
{
	List	   *list = NIL;

	do
	{
		SqmExpr    *e = sqm_take_expr(cur);

		if (e == NULL)
			return NIL;
		list = lappend(list, e);
	} while (sqm_accept_op(cur, ','));
	return list;
}

/*
 * Parse one expression.  NULL, a message and its byte offset on a text that
 * SQLite's grammar does not accept.
 */
SqmExpr *
sqm_parse_expr(const char *sql, int length, const char **error,
			   int *error_pos)
{
	SqmCursor	cur;
	SqmExpr    *e = NULL;

	if (sqm_lex(&cur, sql, length))
	{
		e = sqm_take_expr(&cur);
		if (cur.error == NULL && sqm_peek(&cur, 0)->kind != SQM_TOK_END)
			sqm_fail(&cur, "unexpected text");
	}
	*error = cur.error;
	*error_pos = cur.error_pos;
	return cur.error == NULL ? e : NULL;
}
