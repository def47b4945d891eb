/*-------------------------------------------------------------------------
 *
 * page_space.h
 *		Whose turn it is to append pages to a relation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_PAGE_SPACE_H
#define SQM_PAGE_SPACE_H

#include "postgres.h"

#include "port/atomics.h"
#include "storage/block.h"
#include "storage/condition_variable.h"

/* Pages that belong to no range: they can go anywhere. */
#define SQM_ANY_RANGE PG_UINT64_MAX

/* Lies in memory that all who append share. */
typedef struct SqmPageSpace
{
	BlockNumber next;			/* behind the last block; for who is inside */
	bool		logged;			/* the relation needs WAL */
	pg_atomic_uint32 inside;	/* somebody extends the relation */
	pg_atomic_uint64 turn;		/* range whose pages are the next */
	pg_atomic_uint32 given_up;	/* nobody wants what is not appended yet */
	ConditionVariable changed;
} SqmPageSpace;

extern void sqm_page_space_init(SqmPageSpace *space, BlockNumber next,
								bool logged);
extern bool sqm_page_space_enter(SqmPageSpace *space, uint64 range, bool wait);
extern void sqm_page_space_leave(SqmPageSpace *space, bool range_ends);
extern void sqm_page_space_give_up(SqmPageSpace *space);

#endif							/* SQM_PAGE_SPACE_H */
