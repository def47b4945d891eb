/*-------------------------------------------------------------------------
 *
 * expr.h
 *		The parse tree of SQLite's expressions and queries.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_EXPR_H
#define SQM_EXPR_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "lexer.h"

typedef struct SqmSelect SqmSelect;
typedef struct SqmExpr SqmExpr;

typedef enum SqmExprKind
{
	SQM_E_NULL,
	SQM_E_INTEGER,				/* text: the digits as written */
	SQM_E_FLOAT,
	SQM_E_STRING,				/* text: without quotes */
	SQM_E_BLOB,					/* text: the hexadecimal digits */
	SQM_E_NOW,					/* text: CURRENT_DATE, _TIME, _TIMESTAMP */
	SQM_E_COLUMN,				/* [table.] text; quoted: written in "" */
	SQM_E_PLUS,					/* +left: the value without its affinity */
	SQM_E_NEGATE,				/* -left */
	SQM_E_BITNOT,				/* ~left */
	SQM_E_NOT,					/* NOT left */
	SQM_E_AND,
	SQM_E_OR,
	SQM_E_COMPARE,				/* op: SQM_OP_EQ, SQM_OP_NE, '<' … */
	SQM_E_IS,					/* left IS [NOT] right */
	SQM_E_ARITHMETIC,			/* op: + - * / % */
	SQM_E_BITWISE,				/* op: & | << >> */
	SQM_E_CONCAT,
	SQM_E_ARROW,				/* op: -> or ->> */
	SQM_E_COLLATE,				/* left COLLATE text */
	SQM_E_CAST,					/* CAST (left AS text) */
	SQM_E_LIKE,					/* left text right [ESCAPE third]; text: LIKE,
								 * GLOB, REGEXP or MATCH */
	SQM_E_BETWEEN,				/* left BETWEEN right AND third */
	SQM_E_IN,					/* left IN args, select or table text */
	SQM_E_CASE,					/* [left], args: when, then …; third: else */
	SQM_E_FUNCTION,				/* text (args) */
	SQM_E_EXISTS,				/* select */
	SQM_E_SUBSELECT,			/* select */
	SQM_E_ROW,					/* (args) with two or more */
	SQM_E_RAISE
} SqmExprKind;

typedef struct SqmWindow
{
	List	   *partition_by;	/* of SqmExpr */
	List	   *order_by;		/* of SqmOrder */
	char	   *frame;			/* checked keywords and numbers, or NULL */
} SqmWindow;

struct SqmExpr
{
	SqmExprKind kind;
	int			op;
	bool		negated;		/* NOT IN, IS NOT, NOT LIKE, NOT BETWEEN */
	bool		quoted;			/* SQM_E_COLUMN: "x" may be a string */
	bool		distinct;		/* f(DISTINCT …) */
	bool		star;			/* f(*) */
	bool		collates;		/* there is a COLLATE in it */
	int			height;			/* of the tree below, itself included */
	int			pos;			/* byte offset in the text */
	char	   *text;
	char	   *table;			/* SQM_E_COLUMN: qualifier or NULL */
	SqmExpr    *left;
	SqmExpr    *right;
	SqmExpr    *third;
	List	   *args;			/* of SqmExpr */
	List	   *order_by;		/* of SqmOrder, in an aggregate's call */
	SqmExpr    *filter;			/* FILTER (WHERE …) */
	SqmWindow  *over;
	SqmSelect  *select;
};

typedef struct SqmOrder
{
	SqmExpr    *expr;
	bool		desc;
	char	   *nulls;			/* "first", "last" or NULL */
} SqmOrder;

typedef struct SqmResult
{
	bool		star;			/* * or table.* */
	char	   *table;
	SqmExpr    *expr;
	char	   *alias;
	char	   *source;			/* the text of expr as written */
} SqmResult;

typedef struct SqmFrom
{
	const char *join;			/* "", "cross", "inner", "left", "right",
								 * "full"; "" is the first or after a comma */
	bool		natural;
	char	   *name;			/* of a table or view; else select or nested */
	char	   *alias;
	SqmSelect  *select;
	List	   *nested;			/* of SqmFrom */
	SqmExpr    *on;
	List	   *using_columns;	/* of char * */
} SqmFrom;

typedef struct SqmCore
{
	List	   *rows;			/* VALUES: a list of lists of SqmExpr */
	bool		distinct;
	List	   *results;		/* of SqmResult */
	List	   *from;			/* of SqmFrom */
	SqmExpr    *where;
	List	   *group_by;		/* of SqmExpr */
	SqmExpr    *having;
} SqmCore;

typedef struct SqmCte
{
	char	   *name;
	List	   *columns;		/* of char * */
	SqmSelect  *select;
} SqmCte;

struct SqmSelect
{
	bool		recursive;
	List	   *ctes;			/* of SqmCte */
	List	   *cores;			/* of SqmCore */
	List	   *compounds;		/* of char *, one fewer than cores */
	List	   *order_by;		/* of SqmOrder */
	SqmExpr    *limit;
	SqmExpr    *offset;
};

/*
 * The height of a tree: as much as SQLite's own parser takes, for the sake of
 * long chains of AND.  Nesting (parentheses, calls, subqueries) costs more
 * stack and is never that deep.
 */
#define SQM_MAX_EXPR_HEIGHT 1000
#define SQM_MAX_EXPR_NESTING 500

extern SqmExpr *sqm_parse_expr(const char *sql, int length,
							   const char **error, int *error_pos);
extern SqmSelect *sqm_parse_select(const char *sql, int length,
								   const char **error, int *error_pos);

/* for each other only: expr.c and expr_select.c */
extern bool sqm_enter(SqmCursor *cur);
extern SqmExpr *sqm_take_expr(SqmCursor *cur);
extern List *sqm_take_expr_list(SqmCursor *cur);
extern List *sqm_take_order_by(SqmCursor *cur);
extern bool sqm_at_select(const SqmCursor *cur, int ahead);
extern SqmSelect *sqm_take_select(SqmCursor *cur);
extern SqmWindow *sqm_take_window(SqmCursor *cur);

#endif							/* SQM_EXPR_H */
