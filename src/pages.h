/*-------------------------------------------------------------------------
 *
 * pages.h
 *		Heap pages, made in private memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_PAGES_H
#define SQM_PAGES_H

#include "postgres.h"

#include "access/htup_details.h"
#include "utils/rel.h"

#include "page_space.h"

/* What the tuples of one load have in common */
typedef struct SqmPageStamp
{
	TransactionId xid;
	CommandId	command;
	Size		spare;			/* room that the fill factor leaves on a page */
} SqmPageStamp;

/* The pages of one process, on their way to the relation */
typedef struct SqmPages SqmPages;

extern bool sqm_page_takes(HeapTuple tuple);

extern bool sqm_pages_are_possible(Relation rel);
extern SqmPages *sqm_pages_create(Relation rel);
extern double sqm_pages_row_size(SqmPages *pages);
extern void sqm_pages_share(SqmPages *pages, SqmPageStamp *stamp,
							SqmPageSpace *space);
extern void sqm_pages_unshare(SqmPages *pages, int64 tuples);
extern SqmPages *sqm_pages_join(Relation rel, const SqmPageStamp *stamp,
								SqmPageSpace *space);
extern void sqm_pages_begin_range(SqmPages *pages, uint64 range);
extern void sqm_pages_end_range(SqmPages *pages);
extern void sqm_pages_add_tuple(SqmPages *pages, HeapTuple tuple);
extern void sqm_pages_finish(SqmPages *pages);

#endif							/* SQM_PAGES_H */
