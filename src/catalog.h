/*-------------------------------------------------------------------------
 *
 * catalog.h
 *		SQLite's schema as structs: facts, no opinion.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_CATALOG_H
#define SQM_CATALOG_H

#include "postgres.h"

#include "lite.h"

typedef enum SqmHidden
{
	SQM_VISIBLE = 0,			/* the numbers are those of table_xinfo */
	SQM_HIDDEN = 1,				/* of a virtual table */
	SQM_GENERATED_VIRTUAL = 2,
	SQM_GENERATED_STORED = 3
} SqmHidden;

typedef struct SqmColumnFact
{
	char	   *name;
	char	   *declared;		/* declared type, "" for none */
	bool		not_null;
	char	   *default_text;	/* SQL text, or NULL */
	int			pk_position;	/* from 1; 0: not in the primary key */
	SqmHidden	hidden;
	char	   *collation;		/* NULL for a view */
	bool		rowid_alias;	/* INTEGER PRIMARY KEY */
} SqmColumnFact;

typedef struct SqmTableFact
{
	char	   *name;
	char	   *type;			/* table, view, virtual, shadow */
	bool		without_rowid;
	bool		strict;
	bool		autoincrement;
	bool		has_sequence;
	int64		sequence;		/* highest id ever given, if has_sequence */
	char	   *sql;
	char	   *problem;		/* why its columns cannot be read, or NULL */
	List	   *columns;		/* SqmColumnFact *, in order of declaration */
} SqmTableFact;

extern List *sqm_catalog_tables(SqmLite *lite);
extern bool sqm_catalog_has_table(SqmLite *lite, const char *table);
extern const char *sqm_catalog_rowid_name(SqmLite *lite, const char *table);

#endif							/* SQM_CATALOG_H */
