/*-------------------------------------------------------------------------
 *
 * store.h
 *		Ways to store converted rows in a relation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_STORE_H
#define SQM_STORE_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "utils/rel.h"

#include "batch.h"
#include "pages.h"
#include "reader.h"

/* What becomes of a row whose key is there already. */
typedef enum SqmConflict
{
	SQM_CONFLICT_ERROR,
	SQM_CONFLICT_SKIP,			/* it is left out */
	SQM_CONFLICT_UPDATE			/* the other row gets its values */
} SqmConflict;

/* What is to be stored where */
typedef struct SqmStoreTask
{
	Relation	rel;			/* locked as an INSERT locks it */
	SqmReader  *reader;
	SqmConflict conflict;
	List	   *conflict_columns;	/* char *, for an update */
} SqmStoreTask;

/* From how many rows on the events of triggers are not left to queue up. */
#define SQM_QUERY_ROWS 100000

/*
 * A way.  Every way begins with this struct; it is used and ended in the
 * subtransaction in which it was made.
 */
typedef struct SqmStore SqmStore;
struct SqmStore
{
	const char *way;			/* for people */
	const TupleTableSlotOps *ops;	/* of the slots that it wants */
	void		(*write) (SqmStore *store, SqmBatch *batch);
	/* there are no more rows; everything is in the relation then */
	void		(*finish) (SqmStore *store);
	/* instead: nothing of it is wanted, the subtransaction will be undone */
	void		(*abandon) (SqmStore *store);
	int64		loaded;			/* rows stored so far */
	SqmPages   *pages;			/* they go to pages of our own, or NULL */

	/*
	 * How many rows it takes while workers run, when no query of a trigger's
	 * can end and no code of the user's may run; zero: it needs both.
	 */
	int64		shared_rows;
	const int64 *rowid;			/* of the row at hand, or NULL, for errors */
};

extern SqmStore *sqm_store_bare_create(const SqmStoreTask *task);
extern SqmStore *sqm_store_table_create(const SqmStoreTask *task);
extern SqmStore *sqm_store_statement_create(const SqmStoreTask *task);
extern bool sqm_store_statement_is_custom(SqmStore *store);
extern SqmStore *sqm_store_choose(const SqmStoreTask *task);
extern bool sqm_store_refers_to_itself(Relation rel);

#endif							/* SQM_STORE_H */
