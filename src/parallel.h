/*-------------------------------------------------------------------------
 *
 * parallel.h
 *		Rows of a large table, decoded by several processes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_PARALLEL_H
#define SQM_PARALLEL_H

#include "postgres.h"

#include "batch.h"
#include "reader.h"
#include "store.h"

typedef enum SqmParallelEnd
{
	SQM_PARALLEL_NONE,			/* nothing was done: read on in one process */
	SQM_PARALLEL_DONE,			/* the rest of the table is stored */
	SQM_PARALLEL_MISFIT			/* a value does not fit; what was stored is
								 * of no use */
} SqmParallelEnd;

/* What the workers found, all of them together */
typedef struct SqmParallelSum
{
	int			workers;
	const char *why_none;		/* they were wanted, but could not be had */
	int64		rows;
	int64		noise;
	int64	   *nulls;			/* per column of the reader */
	SqmDigest	digest;
} SqmParallelSum;

extern void sqm_parallel_define_settings(void);
extern int	sqm_parallel_workers(void);
extern bool sqm_parallel_is_possible(SqmReader *reader, Relation rel);
extern bool sqm_parallel_pays(SqmBatch *batch, bool *looked);
extern SqmParallelEnd sqm_parallel_rest(SqmBatch *batch, Relation rel,
										SqmStore *store, SqmParallelSum *sum);

#endif							/* SQM_PARALLEL_H */
