/*-------------------------------------------------------------------------
 *
 * relation.h
 *		What planning has to know of the SQLite table behind a foreign table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_RELATION_H
#define SQM_RELATION_H

#include "postgres.h"

#include "lite.h"
#include "option.h"

/* What SQLite converts on its way into a column, and before a comparison. */
typedef enum SqmAffinity
{
	SQM_AFFINITY_UNKNOWN,		/* of a view or a virtual table */
	SQM_AFFINITY_NONE,
	SQM_AFFINITY_TEXT,
	SQM_AFFINITY_NUMBER			/* numeric, integer or real */
} SqmAffinity;

/* A column of the foreign table. */
typedef struct SqmForeignColumn
{
	char	   *name;			/* in SQLite */
	Oid			type;			/* in PostgreSQL; InvalidOid: dropped */
	int32		typmod;
	SqmAffinity affinity;
	bool		found;			/* does SQLite have it? */
	bool		is_rowid;		/* INTEGER PRIMARY KEY, or the rowid itself */
	bool		has_class;		/* a STRICT table lets in only this class */
	SqmStorageClass class;
	bool		not_null;		/* guaranteed by SQLite */
	bool		empty_is_null;	/* '' is read as NULL */
	bool		leads_index;	/* first column of an index, or the rowid */
	bool		leads_bytes;	/* of one that orders text by its bytes */
	bool		is_unique;		/* by itself */
} SqmForeignColumn;

typedef struct SqmRelation
{
	Oid			relid;
	SqmTableOptions *options;
	SqmLite    *lite;
	bool		is_table;		/* no view, no virtual table */
	bool		without_rowid;
	bool		is_utf16;
	const char *rowid;			/* a name for it, or NULL */
	int			natts;
	SqmForeignColumn *columns;	/* by attribute number - 1 */

	/* for the planner callbacks of scan_plan.c and its kin */
	List	   *shipped;		/* RestrictInfo *: what SQLite is asked, too */
	double		scanned;		/* rows that SQLite must look at */
} SqmRelation;

extern SqmRelation *sqm_relation_create(Oid relid);
extern SqmLite *sqm_relation_open(SqmTableOptions *options);

#endif							/* SQM_RELATION_H */
