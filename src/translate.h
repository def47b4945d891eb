/*-------------------------------------------------------------------------
 *
 * translate.h
 *		SQLite's expressions and queries, written anew as PostgreSQL text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_TRANSLATE_H
#define SQM_TRANSLATE_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* Where the text will stand decides what it may be. */
typedef enum SqmContext
{
	SQM_CONTEXT_CHECK,			/* a condition */
	SQM_CONTEXT_DEFAULT,		/* a value of the wanted type, no columns */
	SQM_CONTEXT_GENERATED,		/* a value of the wanted type, immutable */
	SQM_CONTEXT_INDEX,			/* a key, immutable */
	SQM_CONTEXT_WHERE,			/* an index's condition, immutable */
	SQM_CONTEXT_VIEW			/* a part of a query */
} SqmContext;

/* A column as a name in an expression finds it. */
typedef struct SqmColumnInfo
{
	char	   *name;			/* in SQLite */
	char	   *target;			/* in PostgreSQL, unquoted */
	char	   *type;			/* PostgreSQL's type, such as varchar(20) */
	char	   *collation;		/* SQLite's; NULL: BINARY */
	char	   *affinity;		/* TEXT, INTEGER, REAL, NUMERIC, BLOB or NULL */
	bool		not_null;
} SqmColumnInfo;

typedef struct SqmTranslation
{
	char	   *text;			/* NULL: there is none, see problem */
	char	   *problem;
	char	   *notes;			/* what to know about it, or NULL */
	bool		immutable;
} SqmTranslation;

extern SqmTranslation *sqm_translate(const char *expression, int length,
									 SqmContext context, List *columns,
									 const char *wanted_type);

#endif							/* SQM_TRANSLATE_H */
