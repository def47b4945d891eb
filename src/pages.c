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
 * Several processes of one parallel load can do that side by side (see
 * page_space.c): pages of a range of the source are kept until those of the
 * ranges before it have their place.
 *
 * The relation is extended by the last page first, so that the others can be
 * written when nobody waits for it any more.  That is done segment by
 * segment: one that is not full when the next one is begun would be filled up
 * with zeros by the storage manager, over pages that somebody is writing.
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
#include "page_space.h"
#include "pages.h"

/* As many as one log record takes with its default of block references. */
#define BATCH 32

/* What a worker can have in memory, waiting for the ranges before. */
#define WORKER_PAGES 512
#define WORKER_RANGES 64

typedef struct PageRange
{
	uint64		range;
	int			pages;
} PageRange;

struct SqmPages
{
	Relation	rel;
	SqmPageStamp stamp;
	SqmPageSpace *space;
	SqmPageSpace own_space;		/* when nobody else appends */
	uint64		range;			/* that is being filled, or SQM_ANY_RANGE */
	PageRange	waiting[WORKER_RANGES]; /* before it */
	int			nwaiting;
	int			waiting_pages;	/* of all these */
	BlockNumber begin;			/* of the load */
	int64		tuples;
	MemoryContext context;
	bool		open;			/* pages[full] is being filled */
	int			full;			/* pages that nothing more is added to */
	int			most;
	int			allocated;
	Page		pages[FLEXIBLE_ARRAY_MEMBER];
};

static void close_page(SqmPages *pages);

/* ---------------------------------------------------------------------
 * One page
 * ---------------------------------------------------------------------
 */

/*
 * May the tuple be put on a page as it is?  One that is too long for that, or
 * refers to another table's toasted values, must be toasted first, which
 * writes, so that a worker cannot do it.
 */
bool
sqm_page_takes(HeapTuple tuple)
{
	return tuple->t_len <= TOAST_TUPLE_THRESHOLD &&
		!HeapTupleHasExternal(tuple);
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

/*
 * The page has its place now; so do its tuples.  It is written before it is
 * logged, so "lsn" is what was logged last: base backups want one.
 */
static void
place_page(Page page, BlockNumber block, XLogRecPtr lsn)
{
	OffsetNumber last = PageGetMaxOffsetNumber(page);

	for (OffsetNumber i = FirstOffsetNumber; i <= last; i++)
	{
		HeapTupleHeader header = (HeapTupleHeader)
			PageGetItem(page, PageGetItemId(page, i));

		BlockIdSet(&header->t_ctid.ip_blkid, block);
	}
	PageSetLSN(page, lsn);
	PageSetChecksumInplace(page, block);
}

/* ---------------------------------------------------------------------
 * Blocks
 * ---------------------------------------------------------------------
 */

/* How many of "count" blocks from "first" on lie in the segment of "first" */
static int
in_segment(BlockNumber first, int count)
{
	return Min(count, (int) (RELSEG_SIZE - first % RELSEG_SIZE));
}

static XLogRecPtr
last_lsn(SqmPages *pages)
{
	return pages->space->logged ? GetXLogInsertRecPtr() : InvalidXLogRecPtr;
}

/*
 * Extend the relation by these pages, of which only the last one in each
 * segment is written so far.  Returns the block of the first.
 */
static BlockNumber
extend(SqmPages *pages, int count)
{
	BlockNumber first = pages->space->next;
	XLogRecPtr	lsn = last_lsn(pages);
	int			part;

	if (first > MaxBlockNumber - count)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a table cannot have more than %u blocks",
						MaxBlockNumber)));
	for (int done = 0; done < count; done += part)
	{
		int			last;

		part = in_segment(first + done, count - done);
		last = done + part - 1;
		place_page(pages->pages[last], first + last, lsn);
		smgrextend(RelationGetSmgr(pages->rel), MAIN_FORKNUM, first + last,
				   pages->pages[last], false);
	}
	pages->space->next = first + count;
	return first;
}

/*
 * Write pages[from] and those behind it to their blocks, of which "extended"
 * has been written, and log all of them.  The one that is written last puts
 * the file down for the next checkpoint.
 */
static void
write_batch(SqmPages *pages, int from, BlockNumber first, int count,
			BlockNumber extended)
{
	SMgrRelation smgr = RelationGetSmgr(pages->rel);
	XLogRecPtr	lsn = last_lsn(pages);
	int			last = first + count - 1 == extended ? count - 2 : count - 1;
	BlockNumber blocks[BATCH];

	for (int i = 0; i <= last; i++)
	{
		place_page(pages->pages[from + i], first + i, lsn);
		smgrwrite(smgr, MAIN_FORKNUM, first + i, pages->pages[from + i],
				  i < last);
	}
	for (int i = 0; i < count; i++)
		blocks[i] = first + i;
	if (pages->space->logged)
		log_newpages(&sqm_relation_locator(pages->rel), MAIN_FORKNUM, count,
					 blocks, pages->pages + from, true);
	CHECK_FOR_INTERRUPTS();
}

/* Write what extend() has made room for; see above for the order. */
static void
write_pages(SqmPages *pages, BlockNumber first, int count)
{
	int			part;
	int			batch;

	for (int done = 0; done < count; done += part)
	{
		part = in_segment(first + done, count - done);
		for (int i = 0; i < part; i += batch)
		{
			batch = Min(part - i, BATCH);
			write_batch(pages, done + i, first + done + i, batch,
						first + done + part - 1);
		}
	}
}

/* The first "count" pages are written; their memory is used again. */
static void
reuse(SqmPages *pages, int count)
{
	Page		written[WORKER_PAGES];
	int			others = pages->allocated - count;

	memcpy(written, pages->pages, count * sizeof(Page));
	memmove(pages->pages, pages->pages + count, others * sizeof(Page));
	memcpy(pages->pages + others, written, count * sizeof(Page));
	pages->full -= count;
}

/*
 * Append the first "count" pages, which belong to "range" and may be the end
 * of it.  False if it is not their turn yet, or will never be.
 */
static bool
append(SqmPages *pages, int count, uint64 range, bool range_ends, bool wait)
{
	BlockNumber first;

	if (!sqm_page_space_enter(pages->space, range, wait))
		return false;
	first = extend(pages, count);
	sqm_page_space_leave(pages->space, range_ends);
	write_pages(pages, first, count);
	reuse(pages, count);
	return true;
}

/* Append the ranges that are complete, as far as it is their turn. */
static void
append_waiting(SqmPages *pages, bool wait)
{
	int			done;

	for (done = 0; done < pages->nwaiting; done++)
	{
		PageRange  *waiting = &pages->waiting[done];

		if (!append(pages, waiting->pages, waiting->range, true, wait))
			break;
		pages->waiting_pages -= waiting->pages;
	}
	pages->nwaiting -= done;
	memmove(pages->waiting, pages->waiting + done,
			pages->nwaiting * sizeof(PageRange));
}

/* Append all pages that are full; those that nobody wants are dropped. */
static void
append_all(SqmPages *pages)
{
	append_waiting(pages, true);
	if (pages->nwaiting > 0 ||
		(pages->full > 0 &&
		 !append(pages, pages->full, pages->range, false, true)))
		pages->full = pages->nwaiting = pages->waiting_pages = 0;
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
allocate_pages(Relation rel, int most)
{
	SqmPages   *pages = palloc0(offsetof(SqmPages, pages) +
								sizeof(Page) * most);

	pages->rel = rel;
	pages->most = most;
	pages->range = SQM_ANY_RANGE;
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
	SqmPages   *pages = allocate_pages(rel, BATCH);

	pages->stamp.xid = GetCurrentTransactionId();
	pages->stamp.command = GetCurrentCommandId(true);
	pages->stamp.spare = RelationGetTargetPageFreeSpace(rel,
														HEAP_DEFAULT_FILLFACTOR);
	pages->space = &pages->own_space;
	pages->begin = RelationGetNumberOfBlocks(rel);
	sqm_page_space_init(pages->space, pages->begin, RelationNeedsWAL(rel));
	return pages;
}

/*
 * From now on others append to the relation, too, by what is put into "stamp"
 * and "space", which lie in memory that they share.  What was added so far
 * stands before that.
 */
void
sqm_pages_share(SqmPages *pages, SqmPageStamp *stamp, SqmPageSpace *space)
{
	close_page(pages);
	append_all(pages);
	*stamp = pages->stamp;
	sqm_page_space_init(space, pages->space->next, pages->space->logged);
	pages->space = space;
}

/* About how many bytes a row has taken on the pages so far */
double
sqm_pages_row_size(SqmPages *pages)
{
	double		used = pages->space->next - pages->begin + pages->full + 1;

	return used * BLCKSZ / Max(pages->tuples, 1);
}

/* The others, who appended "tuples", have finished. */
void
sqm_pages_unshare(SqmPages *pages, int64 tuples)
{
	sqm_page_space_init(&pages->own_space, pages->space->next,
						pages->space->logged);
	pages->space = &pages->own_space;
	pages->tuples += tuples;
}

/* What a worker appends; the leader counts its tuples. */
SqmPages *
sqm_pages_join(Relation rel, const SqmPageStamp *stamp, SqmPageSpace *space)
{
	SqmPages   *pages = allocate_pages(rel, WORKER_PAGES);

	pages->stamp = *stamp;
	pages->space = space;
	return pages;
}

/* The tuples to come are of this range; ranges of a process ascend. */
void
sqm_pages_begin_range(SqmPages *pages, uint64 range)
{
	pages->range = range;
}

/* There are no more of it. */
void
sqm_pages_end_range(SqmPages *pages)
{
	PageRange  *waiting;

	close_page(pages);
	if (pages->nwaiting == WORKER_RANGES)
		append_all(pages);
	waiting = &pages->waiting[pages->nwaiting++];
	waiting->range = pages->range;
	waiting->pages = pages->full - pages->waiting_pages;
	pages->waiting_pages += waiting->pages;
	append_waiting(pages, false);
	pages->range = SQM_ANY_RANGE;
}

/* The page that is being filled, if any, gets no more tuples. */
static void
close_page(SqmPages *pages)
{
	if (!pages->open)
		return;
	pages->open = false;
	if (++pages->full == pages->most)
		append_all(pages);
}

static Page
open_page(SqmPages *pages)
{
	if (pages->full == pages->allocated)
	{
		MemoryContext old = MemoryContextSwitchTo(pages->context);

		pages->pages[pages->allocated++] = sqm_palloc_page();
		MemoryContextSwitchTo(old);
	}
	if (!pages->open)
		PageInit(pages->pages[pages->full], BLCKSZ, 0);
	pages->open = true;
	return pages->pages[pages->full];
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
	append_all(pages);
	if (!IsParallelWorker())
		pgstat_count_heap_insert(pages->rel, pages->tuples);
	for (int i = 0; i < pages->allocated; i++)
		pfree(pages->pages[i]);
	pfree(pages);
}
