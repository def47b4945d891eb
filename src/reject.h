/*-------------------------------------------------------------------------
 *
 * reject.h
 *		Values that did not arrive as they were, kept until the run ends.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_REJECT_H
#define SQM_REJECT_H

#include "postgres.h"

typedef struct SqmReject
{
	int			load;			/* number of the load; a table that is loaded
								 * again is told of once.  0: found after */
	const char *source_table;
	const char *relation;		/* quoted and schema-qualified */
	bool		has_rowid;
	int64		rowid;
	const char *column;			/* in the relation */
	const char *storage;		/* storage class */
	const char *value;			/* for people, complete */
	const char *sqlstate;
	const char *message;
	const char *action;			/* null, reject or repair */
	Datum		row_data;		/* jsonb */
} SqmReject;

extern int	sqm_reject_next_load(void);
extern void sqm_reject_add(const SqmReject *reject);

#endif							/* SQM_REJECT_H */
