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
	BlockNumber next;			/* of the first page in "pages" */
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
 * block the page will be is not known yet: see place_tuples.
 */
bool
sqm_page_add(Page page, const SqmPageStamp *stamp, HeapTuple tuple)
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

/*
 * Pages to be appended to "rel", in the current memory context.  Its tuples
 * belong to the current command and subtransaction.
 */
SqmPages *
sqm_pages_create(Relation rel)
{
	SqmPages   *pages = palloc0(sizeof(SqmPages));

	pages->rel = rel;
	pages->context = CurrentMemoryContext;
	pages->stamp.xid = GetCurrentTransactionId();
	pages->stamp.command = GetCurrentCommandId(true);
	pages->stamp.spare = RelationGetTargetPageFreeSpace(rel,
														HEAP_DEFAULT_FILLFACTOR);
	pages->next = RelationGetNumberOfBlocks(rel);
	return pages;
}

const SqmPageStamp *
sqm_pages_stamp(SqmPages *pages)
{
	return &pages->stamp;
}

/* The page has its place now; so do its tuples. */
static void
place_tuples(Page page, BlockNumber block)
{
	OffsetNumber last = PageGetMaxOffsetNumber(page);

	for (OffsetNumber i = FirstOffsetNumber; i <= last; i++)
	{
		HeapTupleHeader header = (HeapTupleHeader)
			PageGetItem(page, PageGetItemId(page, i));

		BlockIdSet(&header->t_ctid.ip_blkid, block);
	}
}

/* Append the pages that are full to the file; see above for the order. */
static void
write_pages(SqmPages *pages)
{
	BlockNumber blocks[PAGES];

	for (int i = 0; i < pages->full; i++)
	{
		blocks[i] = pages->next + i;
		place_tuples(pages->pages[i], blocks[i]);
		PageSetChecksumInplace(pages->pages[i], blocks[i]);
		smgrextend(RelationGetSmgr(pages->rel), MAIN_FORKNUM, blocks[i],
				   pages->pages[i], false);
	}
	if (RelationNeedsWAL(pages->rel) && pages->full > 0)
		log_newpages(&sqm_relation_locator(pages->rel), MAIN_FORKNUM,
					 pages->full, blocks, pages->pages, true);
	pages->next += pages->full;
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
next_page(SqmPages *pages)
{
	Page	   *page = &pages->pages[pages->full];

	if (*page == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(pages->context);

		*page = sqm_palloc_page();
		MemoryContextSwitchTo(old);
	}
	return *page;
}

static Page
open_page(SqmPages *pages)
{
	Page		page = next_page(pages);

	if (!pages->open)
		PageInit(page, BLCKSZ, 0);
	pages->open = true;
	return page;
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
	if (!sqm_page_add(open_page(pages), &pages->stamp, tuple))
	{
		close_page(pages);
		if (!sqm_page_add(open_page(pages), &pages->stamp, tuple))
			elog(ERROR, "an empty page has no room for a tuple");
	}
	pages->tuples++;
}

/* A page that somebody has filled by sqm_page_add; it is copied. */
void
sqm_pages_add_page(SqmPages *pages, const char *image)
{
	close_page(pages);
	memcpy(next_page(pages), image, BLCKSZ);
	pages->tuples += PageGetMaxOffsetNumber((Page) image);
	pages->open = true;
	close_page(pages);
}

/* Everything is in the relation then, for this transaction to see. */
void
sqm_pages_finish(SqmPages *pages)
{
	close_page(pages);
	write_pages(pages);
	pgstat_count_heap_insert(pages->rel, pages->tuples);
	for (int i = 0; i < PAGES && pages->pages[i] != NULL; i++)
		pfree(pages->pages[i]);
	pfree(pages);
}
