/*-------------------------------------------------------------------------
 *
 * pages.c
 *		How do tuples become pages of a table that nobody else can see?
 *
 * In private memory, as CLUSTER and CREATE INDEX make theirs: pages are
 * filled, appended to the file and logged as a whole, some dozens at a time.
 * Shared buffers are not involved, so a page is written once and not twice
 * (empty first), and no lock or pin is taken.
 *
 * Several processes of one parallel load can do that side by side: which
 * blocks are whose is agreed upon in a space that they share.  The file grows
 * in the order of the blocks, because a segment that is not full when the
 * next one is begun would be filled up with zeros by the storage manager,
 * over pages that somebody is writing.
 *
 * Order makes it safe.  A page is written, and its file put down for the next
 * checkpoint, before it is logged: a checkpoint whose redo pointer lies
 * behind the log record has synced the file, and recovery from an earlier one
 * replays the record.  That the page may reach the disk before the record
 * does no harm, because without the commit the file belongs to nobody.
 *
 * Logical decoding does not look into pages, and other access methods have
 * none: such tables are not for this file.  Nor is a table that somebody else
 * can see, or has in shared buffers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/heaptoast.h"
#include "access/parallel.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xloginsert.h"
#include "catalog/catalog.h"
#include "catalog/pg_am.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/smgr.h"

#include "compat.h"
#include "pages.h"

/* As many as one log record takes with its default of block references. */
#define PAGES 32

struct SqmPages
{
	Relation	rel;
	SqmPageStamp stamp;
	SqmPageSpace *space;
	SqmPageSpace own_space;		/* when nobody else appends */
	int			full;			/* pages that nothing more is added to */
	bool		open;			/* pages[full] is being filled */
	int64		tuples;
	Page		pages[PAGES];	/* allocated when first used */
	MemoryContext context;
};

/* ---------------------------------------------------------------------
 * One page
 * ---------------------------------------------------------------------
 */

/*
 * May the tuple be put on a page as it is?  One that is too long for that
 * must be toasted first, which writes, so that a worker cannot do it.
 */
bool
sqm_page_takes(HeapTuple tuple)
{
	return tuple->t_len <= TOAST_TUPLE_THRESHOLD;
}

static void
stamp_tuple(HeapTupleHeader header, const SqmPageStamp *stamp)
{
	header->t_infomask &= ~HEAP_XACT_MASK;
	header->t_infomask2 &= ~HEAP2_XACT_MASK;
	header->t_infomask |= HEAP_XMAX_INVALID;
	HeapTupleHeaderSetXmin(header, stamp->xid);
	HeapTupleHeaderSetCmin(header, stamp->command);
	HeapTupleHeaderSetXmax(header, InvalidTransactionId);
}

/*
 * Adds a tuple that this page takes; false if there is no room for it.  Which
 * block the page will be is not known yet: see place_page.
 */
static bool
add_to_page(Page page, const SqmPageStamp *stamp, HeapTuple tuple)
{
	Size		length = MAXALIGN(tuple->t_len);
	OffsetNumber offset;
	HeapTupleHeader header;

	/* an empty page takes any, whatever the fill factor says */
	if (PageGetHeapFreeSpace(page) < length +
		(PageIsEmpty(page) ? 0 : stamp->spare))
		return false;
	offset = PageAddItem(page, (Item) tuple->t_data, tuple->t_len,
						 InvalidOffsetNumber, false, true);
	if (offset == InvalidOffsetNumber)
		elog(ERROR, "could not add a tuple to a page with room for it");
	header = (HeapTupleHeader) PageGetItem(page, PageGetItemId(page, offset));
	stamp_tuple(header, stamp);
	ItemPointerSet(&header->t_ctid, InvalidBlockNumber, offset);
	return true;
}

/* The page has its place now; so do its tuples. */
static void
place_page(Page page, BlockNumber block)
{
	OffsetNumber last = PageGetMaxOffsetNumber(page);

	for (OffsetNumber i = FirstOffsetNumber; i <= last; i++)
	{
		HeapTupleHeader header = (HeapTupleHeader)
			PageGetItem(page, PageGetItemId(page, i));

		BlockIdSet(&header->t_ctid.ip_blkid, block);
	}
	PageSetChecksumInplace(page, block);
}

/* ---------------------------------------------------------------------
 * Space in the file
 * ---------------------------------------------------------------------
 */

static void
init_space(SqmPageSpace *space, BlockNumber next, bool logged)
{
	pg_atomic_init_u32(&space->next, next);
	pg_atomic_init_u32(&space->extended, next);
	ConditionVariableInit(&space->grown);
	space->logged = logged;
}

/*
 * The next blocks, at most "count", are the caller's now: the first of them,
 * and how many they are.  They lie in one segment.
 */
static BlockNumber
reserve(SqmPageSpace *space, int *count)
{
	uint32		first = pg_atomic_read_u32(&space->next);
	int			wanted = *count;

	do
	{
		*count = Min(wanted, (int) (RELSEG_SIZE - first % RELSEG_SIZE));
		if (first > MaxBlockNumber - *count)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a table cannot have more than %u blocks",
							MaxBlockNumber)));
	} while (!pg_atomic_compare_exchange_u32(&space->next, &first,
											 first + *count));
	return first;
}

/* Until the file ends where these blocks begin */
static void
wait_for_turn(SqmPageSpace *space, BlockNumber first)
{
	if (pg_atomic_read_u32(&space->extended) == first)
		return;
	ConditionVariablePrepareToSleep(&space->grown);
	while (pg_atomic_read_u32(&space->extended) != first)
		ConditionVariableSleep(&space->grown, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
}

/*
 * Writes reserved blocks.  The last one goes first: with it the file has got
 * its length, and whoever is next need not wait for the others.  The one that
 * is written last puts the file down for the next checkpoint.
 */
static void
write_blocks(SqmPages *pages, BlockNumber first, Page *images, int count)
{
	SMgrRelation smgr = RelationGetSmgr(pages->rel);
	SqmPageSpace *space = pages->space;
	int			last = count - 1;

	for (int i = 0; i < count; i++)
		place_page(images[i], first + i);
	wait_for_turn(space, first);
	smgrextend(smgr, MAIN_FORKNUM, first + last, images[last], last > 0);
	pg_atomic_write_u32(&space->extended, first + count);
	if (space != &pages->own_space)
		ConditionVariableBroadcast(&space->grown);
	for (int i = 0; i < last; i++)
		smgrwrite(smgr, MAIN_FORKNUM, first + i, images[i], i < last - 1);
}

/* ---------------------------------------------------------------------
 * All pages of a load
 * ---------------------------------------------------------------------
 */

/* "rel" has been made by this transaction, and is locked against others. */
bool
sqm_pages_are_possible(Relation rel)
{
	return rel->rd_rel->relam == HEAP_TABLE_AM_OID &&
		rel->rd_rel->relpersistence != RELPERSISTENCE_TEMP &&
		!RelationIsLogicallyLogged(rel);
}

static SqmPages *
allocate_pages(Relation rel)
{
	SqmPages   *pages = palloc0(sizeof(SqmPages));

	pages->rel = rel;
	pages->context = CurrentMemoryContext;
	return pages;
}

/*
 * Pages to be appended to "rel", in the current memory context.  Its tuples
 * belong to the current command and subtransaction.
 */
SqmPages *
sqm_pages_create(Relation rel)
{
	SqmPages   *pages = allocate_pages(rel);

	pages->stamp.xid = GetCurrentTransactionId();
	pages->stamp.command = GetCurrentCommandId(true);
	pages->stamp.spare = RelationGetTargetPageFreeSpace(rel,
														HEAP_DEFAULT_FILLFACTOR);
	pages->space = &pages->own_space;
	init_space(pages->space, RelationGetNumberOfBlocks(rel),
			   RelationNeedsWAL(rel));
	return pages;
}

/*
 * From now on others append to the relation, too: by what is put into "stamp"
 * and "space", which lie in memory that they share.
 */
void
sqm_pages_share(SqmPages *pages, SqmPageStamp *stamp, SqmPageSpace *space)
{
	*stamp = pages->stamp;
	init_space(space, pg_atomic_read_u32(&pages->space->next),
			   pages->space->logged);
	pages->space = space;
}

/* The others, who appended "tuples", have finished. */
void
sqm_pages_unshare(SqmPages *pages, int64 tuples)
{
	init_space(&pages->own_space, pg_atomic_read_u32(&pages->space->next),
			   pages->space->logged);
	pages->space = &pages->own_space;
	pages->tuples += tuples;
}

/* What a worker appends; the leader counts its tuples. */
SqmPages *
sqm_pages_join(Relation rel, const SqmPageStamp *stamp, SqmPageSpace *space)
{
	SqmPages   *pages = allocate_pages(rel);

	pages->stamp = *stamp;
	pages->space = space;
	return pages;
}

/* Append the pages that are full to the file; see above for the order. */
static void
write_pages(SqmPages *pages)
{
	BlockNumber blocks[PAGES];
	int			count;

	for (int done = 0; done < pages->full; done += count)
	{
		BlockNumber first;

		count = pages->full - done;
		first = reserve(pages->space, &count);
		write_blocks(pages, first, pages->pages + done, count);
		for (int i = 0; i < count; i++)
			blocks[i] = first + i;
		if (pages->space->logged)
			log_newpages(&sqm_relation_locator(pages->rel), MAIN_FORKNUM,
						 count, blocks, pages->pages + done, true);
	}
	pages->full = 0;
	CHECK_FOR_INTERRUPTS();
}

/* The page that is being filled, if any, gets no more tuples. */
static void
close_page(SqmPages *pages)
{
	if (!pages->open)
		return;
	pages->open = false;
	if (++pages->full == PAGES)
		write_pages(pages);
}

static Page
open_page(SqmPages *pages)
{
	Page	   *page = &pages->pages[pages->full];

	if (*page == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(pages->context);

		*page = sqm_palloc_page();
		MemoryContextSwitchTo(old);
	}
	if (!pages->open)
		PageInit(*page, BLCKSZ, 0);
	pages->open = true;
	return *page;
}

/* The tuple as it can stand on a page; a long one goes to the TOAST table. */
static HeapTuple
toast(SqmPages *pages, HeapTuple tuple)
{
	HeapTuple	shorter = heap_toast_insert_or_update(pages->rel, tuple, NULL,
													  TABLE_INSERT_SKIP_FSM);

	if (MAXALIGN(shorter->t_len) > MaxHeapTupleSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row is too big: size %zu, maximum size %zu",
						(Size) MAXALIGN(shorter->t_len),
						(Size) MaxHeapTupleSize)));
	return shorter;
}

/* Any tuple.  What toasting needs is allocated in the current context. */
void
sqm_pages_add_tuple(SqmPages *pages, HeapTuple tuple)
{
	if (!sqm_page_takes(tuple))
		tuple = toast(pages, tuple);
	if (!add_to_page(open_page(pages), &pages->stamp, tuple))
	{
		close_page(pages);
		if (!add_to_page(open_page(pages), &pages->stamp, tuple))
			elog(ERROR, "an empty page has no room for a tuple");
	}
	pages->tuples++;
}

/* Everything is in the relation then, for this transaction to see. */
void
sqm_pages_finish(SqmPages *pages)
{
	close_page(pages);
	write_pages(pages);
	if (!IsParallelWorker())
		pgstat_count_heap_insert(pages->rel, pages->tuples);
	for (int i = 0; i < PAGES && pages->pages[i] != NULL; i++)
		pfree(pages->pages[i]);
	pfree(pages);
}
