/*-------------------------------------------------------------------------
 *
 * batch.h
 *		Converted rows, some hundreds at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_BATCH_H
#define SQM_BATCH_H

#include "postgres.h"

#include "executor/tuptable.h"

#include "reader.h"

#define SQM_BATCH_ROWS 1000
/* Where nothing is gained by many rows at once: their memory stays in cache. */
#define SQM_BATCH_PAGE_ROWS 64
#define SQM_BATCH_BYTES (256 * 1024)

typedef struct SqmBatch
{
	SqmReader  *reader;
	bool		keep_misfits;	/* rows with NULL for what does not fit, too */
	TupleDesc	desc;
	const TupleTableSlotOps *ops;
	TupleTableSlot *slots[SQM_BATCH_ROWS];
	int64		rowids[SQM_BATCH_ROWS]; /* if the reader has any */
	int64		numbers[SQM_BATCH_ROWS];	/* of the rows, from 1 */
	int			most;			/* rows in a batch, not more than there are slots */
	int			used;			/* slots filled */
	bool		misfit;			/* there was one, now or before */
	bool		at_end;
	bool		stored;			/* the slots hold tuples, not just values */
	int64		first_rowid;	/* of all batches so far, if there are any */
	int64		last_rowid;
	int64		bytes;			/* of text and blobs in all batches so far */
	MemoryContext context;		/* Datums of the filled slots */
} SqmBatch;

/* The rowid of a row, or NULL if it has none */
static inline const int64 *
sqm_batch_rowid(SqmBatch *batch, int i)
{
	return batch->reader->has_rowid ? &batch->rowids[i] : NULL;
}

extern SqmBatch *sqm_batch_create(SqmReader *reader, TupleDesc desc,
								  const TupleTableSlotOps *ops);
extern bool sqm_batch_fill(SqmBatch *batch);
extern void sqm_batch_drop(SqmBatch *batch);

#endif							/* SQM_BATCH_H */
