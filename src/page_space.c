/*-------------------------------------------------------------------------
 *
 * page_space.c
 *		Whose turn is it to append pages to a relation that several
 *		processes fill?
 *
 * One at a time extends it, and the ranges of the source follow one another,
 * so that rows stand in its order whoever read them.  What is extended is
 * then written without a lock.
 *
 * Whoever is inside and fails ends the load, and with it the processes that
 * wait for it here: the leader terminates them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "pgstat.h"
#include "utils/wait_event.h"

#include "page_space.h"

/* The first page goes to block "next". */
void
sqm_page_space_init(SqmPageSpace *space, BlockNumber next, bool logged)
{
	space->next = next;
	space->logged = logged;
	pg_atomic_init_u32(&space->inside, 0);
	pg_atomic_init_u64(&space->turn, 0);
	pg_atomic_init_u32(&space->given_up, 0);
	ConditionVariableInit(&space->changed);
}

static bool
try_enter(SqmPageSpace *space, uint64 range)
{
	uint32		nobody = 0;

	return (range == SQM_ANY_RANGE ||
			pg_atomic_read_u64(&space->turn) == range) &&
		pg_atomic_compare_exchange_u32(&space->inside, &nobody, 1);
}

/*
 * Get in to append pages of "range".  False if it is not its turn, and was
 * not to be waited for; or if that turn will never come.
 */
bool
sqm_page_space_enter(SqmPageSpace *space, uint64 range, bool wait)
{
	bool		entered = try_enter(space, range);

	/* whoever is inside is soon out: worth waiting for in any case */
	if (entered || (!wait && pg_atomic_read_u64(&space->turn) != range))
		return entered;
	ConditionVariablePrepareToSleep(&space->changed);
	while (!(entered = try_enter(space, range)) &&
		   pg_atomic_read_u32(&space->given_up) == 0)
		ConditionVariableSleep(&space->changed, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
	return entered;
}

/* Whoever is inside leaves; if it has appended all of its range, the next
 * range has its turn. */
void
sqm_page_space_leave(SqmPageSpace *space, bool range_ends)
{
	if (range_ends)
		(void) pg_atomic_fetch_add_u64(&space->turn, 1);
	/* with the barrier that makes "next" visible */
	(void) pg_atomic_exchange_u32(&space->inside, 0);
	ConditionVariableBroadcast(&space->changed);
}

/* A range will not be appended: nobody need wait for those behind it. */
void
sqm_page_space_give_up(SqmPageSpace *space)
{
	pg_atomic_write_u32(&space->given_up, 1);
	ConditionVariableBroadcast(&space->changed);
}
