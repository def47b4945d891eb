/*-------------------------------------------------------------------------
 *
 * lexer.h
 *		SQLite's tokens, and a cursor that walks over them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_LEXER_H
#define SQM_LEXER_H

#include "postgres.h"

typedef enum SqmTokenKind
{
	SQM_TOK_END,
	SQM_TOK_WORD,				/* bare word: a keyword or a name */
	SQM_TOK_QUOTED,				/* "id", [id] or `id` */
	SQM_TOK_STRING,				/* 'text' */
	SQM_TOK_BLOB,				/* x'00ff' */
	SQM_TOK_INTEGER,			/* 12, 1_000, 0x1F */
	SQM_TOK_FLOAT,				/* 1.5, .5, 1e3 */
	SQM_TOK_OP					/* everything else; see SqmToken.op */
} SqmTokenKind;

/*
 * Operators and punctuation.  One-character operators are that character;
 * longer ones (and spellings of the same thing) have names.
 */
typedef enum SqmOp
{
	SQM_OP_NONE = 0,
	SQM_OP_EQ = 256,			/* = and == */
	SQM_OP_NE,					/* <> and != */
	SQM_OP_LE,
	SQM_OP_GE,
	SQM_OP_LSHIFT,
	SQM_OP_RSHIFT,
	SQM_OP_CONCAT,				/* || */
	SQM_OP_ARROW,				/* -> */
	SQM_OP_ARROW2				/* ->> */
} SqmOp;

typedef struct SqmToken
{
	SqmTokenKind kind;
	int			op;				/* a character or an SqmOp, if kind is OP */
	int			start;			/* first byte in the text */
	int			end;			/* first byte after it */
} SqmToken;

/*
 * A text cut into tokens, a position in it, and the first error met.  The
 * error is sticky: after it every look-ahead answers SQM_TOK_END, so that a
 * parser runs out by itself and only its caller needs to look at error.
 */
typedef struct SqmCursor
{
	const char *sql;			/* need not end in a NUL */
	int			length;
	SqmToken   *tokens;			/* the last one is SQM_TOK_END */
	int			count;
	int			at;
	int			depth;			/* a parser's own: how deep it is nested */
	const char *error;			/* NULL: none */
	int			error_pos;		/* byte offset */
} SqmCursor;

extern bool sqm_lex(SqmCursor *cur, const char *sql, int length);

extern const SqmToken *sqm_peek(const SqmCursor *cur, int ahead);
extern void sqm_advance(SqmCursor *cur);
extern bool sqm_fail(SqmCursor *cur, const char *message);

extern bool sqm_is_word(const SqmCursor *cur, int ahead, const char *word);
extern bool sqm_is_op(const SqmCursor *cur, int ahead, int op);
extern bool sqm_accept_word(SqmCursor *cur, const char *word);
extern bool sqm_accept_op(SqmCursor *cur, int op);
extern bool sqm_expect_word(SqmCursor *cur, const char *word);
extern bool sqm_expect_op(SqmCursor *cur, int op);

extern bool sqm_is_name(const SqmCursor *cur, int ahead);
extern char *sqm_take_name(SqmCursor *cur);
extern char *sqm_token_text(const SqmCursor *cur, const SqmToken *tok);
extern char *sqm_slice(const SqmCursor *cur, int first, int last);

extern bool sqm_word_reserved(const char *word, int length);
extern bool sqm_same_name(const char *a, const char *b);

#endif							/* SQM_LEXER_H */
