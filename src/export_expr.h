/*-------------------------------------------------------------------------
 *
 * export_expr.h
 *		Expressions of PostgreSQL's as SQLite's, between the files that write
 *		them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_EXPORT_EXPR_H
#define SQM_EXPORT_EXPR_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/primnodes.h"

/* What a value of a type is in SQLite, as far as operators care. */
typedef enum SqmExportClass
{
	SQM_CLASS_OTHER,
	SQM_CLASS_BOOLEAN,
	SQM_CLASS_INTEGER,
	SQM_CLASS_REAL,
	SQM_CLASS_NUMBER,			/* numeric, where it is a number there, too */
	SQM_CLASS_TEXT,
	SQM_CLASS_CHAR,				/* char(n): with its blanks */
	SQM_CLASS_DATE,
	SQM_CLASS_TIME,
	SQM_CLASS_TIMESTAMP,
	SQM_CLASS_INSTANT,			/* timestamptz */
	SQM_CLASS_BYTES,
	SQM_CLASS_UUID,
	SQM_CLASS_ENUM
} SqmExportClass;

/* How values are written in this database. */
typedef struct SqmExportForms
{
	bool		six_digits;		/* .000000, too */
	bool		naive_instants; /* without +00:00 */
	bool		short_uuids;	/* without dashes */
} SqmExportForms;

typedef struct SqmExportExpr SqmExportExpr;

struct SqmExportExpr
{
	StringInfo	out;
	const char *problem;		/* why not, once something failed */
	SqmExportForms forms;
	bool		may_change;		/* the time of day and chance are allowed */
	const char *domain_value;	/* what VALUE of a domain is, or NULL */
	bool		(*variable) (SqmExportExpr *expr, Var *var);
	bool		(*other) (SqmExportExpr *expr, Node *node); /* or NULL */
	void	   *arg;			/* of these two */
	Expr	   *case_value;		/* of the CASE around, or NULL */
};

extern bool sqm_export_fail(SqmExportExpr *expr, const char *problem);
extern SqmExportClass sqm_export_class(Oid type);
extern Node *sqm_export_fold(Node *node);
extern bool sqm_export_expr(SqmExportExpr *expr, Node *node);
extern bool sqm_export_list(SqmExportExpr *expr, List *nodes, const char *between);

/* export_literal.c */
extern bool sqm_export_literal(SqmExportExpr *expr, Const *value);
extern bool sqm_export_elements(SqmExportExpr *expr, Const *array);
extern bool sqm_export_is_plain_date(Const *value);
extern void sqm_export_quote(StringInfo out, const char *text);

/* export_func.c */
extern bool sqm_export_function(SqmExportExpr *expr, FuncExpr *call);
extern bool sqm_export_now(SqmExportExpr *expr, SqmExportClass class);

/* export_operator.c */
extern bool sqm_export_operator(SqmExportExpr *expr, Oid operator, Oid collation,
								List *args);
extern bool sqm_export_side(SqmExportExpr *expr, Node *node);
extern bool sqm_export_comparable(SqmExportExpr *expr, Node *left, Node *right,
								  Oid collation, bool by_order);

#endif							/* SQM_EXPORT_EXPR_H */
