/*-------------------------------------------------------------------------
 *
 * ddl_facts.h
 *		What a CREATE statement in sqlite_master says beyond the pragmas.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_DDL_FACTS_H
#define SQM_DDL_FACTS_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* One key of a PRIMARY KEY, a UNIQUE constraint or an index. */
typedef struct SqmKeyFact
{
	char	   *column;			/* NULL: the key is an expression */
	char	   *expression;		/* as written, without COLLATE and ASC */
	char	   *collation;		/* NULL: none written */
	bool		desc;
	char	   *nulls;			/* "first", "last" or NULL */
} SqmKeyFact;

/* PRIMARY KEY and UNIQUE. */
typedef struct SqmUniqueFact
{
	char	   *name;			/* of the constraint, or NULL */
	char	   *column;			/* the column it was written at, or NULL */
	List	   *keys;			/* of SqmKeyFact */
	char	   *conflict;		/* "replace", "ignore" … or NULL */
	bool		autoincrement;
} SqmUniqueFact;

typedef struct SqmCheckFact
{
	char	   *name;
	char	   *column;			/* the column it was written at, or NULL */
	char	   *expression;		/* as written, without the parentheses */
	char	   *conflict;
} SqmCheckFact;

typedef struct SqmForeignFact
{
	char	   *name;
	char	   *column;			/* the column it was written at, or NULL */
	List	   *columns;		/* of char * */
	char	   *parent;
	List	   *parent_columns; /* NIL: the parent's primary key */
	char	   *on_delete;		/* "cascade", "set null" … or NULL */
	char	   *on_update;
	char	   *match;			/* as written, or NULL */
	bool		deferrable;
	bool		initially_deferred;
} SqmForeignFact;

typedef struct SqmColumnFact
{
	char	   *name;
	char	   *type;			/* as written; NULL: none */
	bool		has_default;
	char	   *default_text;	/* as written, without outer parentheses */
	char	   *default_name;	/* CONSTRAINT x DEFAULT … */
	char	   *collation;
	bool		not_null;
	char	   *not_null_name;
	char	   *not_null_conflict;
	char	   *generated;		/* the expression, or NULL */
	bool		stored;
} SqmColumnFact;

typedef enum SqmObjectKind
{
	SQM_OBJECT_TABLE,
	SQM_OBJECT_VIRTUAL,
	SQM_OBJECT_VIEW,
	SQM_OBJECT_INDEX
} SqmObjectKind;

typedef struct SqmObjectFact
{
	SqmObjectKind kind;
	char	   *name;
	bool		temporary;

	/* tables */
	List	   *columns;		/* of SqmColumnFact */
	SqmUniqueFact *primary_key;
	List	   *uniques;		/* of SqmUniqueFact */
	List	   *checks;			/* of SqmCheckFact */
	List	   *foreign_keys;	/* of SqmForeignFact */
	bool		without_rowid;
	bool		strict;

	/* virtual tables */
	char	   *module;
	List	   *arguments;		/* of char * */

	/* views */
	List	   *view_columns;	/* of char *; NIL: none written */
	char	   *select;			/* the query as written */

	/* indexes */
	char	   *table;
	bool		unique;
	List	   *keys;			/* of SqmKeyFact */
	char	   *where;
} SqmObjectFact;

extern SqmObjectFact *sqm_ddl_facts(const char *ddl, int length,
									const char **error, int *error_pos);

#endif							/* SQM_DDL_FACTS_H */
