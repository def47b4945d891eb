/*-------------------------------------------------------------------------
 *
 * digest_heap.c
 *		What is the digest of an ordinary table, found by several processes?
 *
 * The target side of verification for large tables: leader and workers share
 * one scan, and their digests are summed.  Whatever is not a plain scan of
 * one table that the user may read (views, partitions, row security) is left
 * to a query, and so are types whose output could be anybody's code.
 *
 * Like all of verification it has never seen value.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "optimizer/paths.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "compare.h"
#include "compat.h"
#include "digest_heap.h"
#include "parallel.h"

#define KEY_SHARED 1
#define KEY_SCAN 2
#define KEY_ATTNUMS 3
#define KEY_DIGESTS 4

typedef struct SharedDigest
{
	Oid			relation;
	int			columns;
	char		zone[TZ_STRLEN_MAX + 1];
} SharedDigest;

PGDLLEXPORT void sqm_digest_heap_main(dsm_segment *segment, shm_toc *toc);

/* The digest of the part of the table that this process gets. */
static void
digest_part(Relation rel, ParallelTableScanDesc shared_scan,
			const AttrNumber *attnums, int columns, pg_tz *zone,
			SqmDigest *digest)
{
	TupleDesc	desc = RelationGetDescr(rel);
	SqmRowDigester *digester = sqm_row_digester_create(digest);
	TableScanDesc scan = table_beginscan_parallel(rel, shared_scan);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	AttrNumber	last = 0;

	for (int i = 0; i < columns; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, attnums[i] - 1);

		sqm_row_digester_add_column(digester, att->atttypid, att->atttypmod,
									zone);
		last = Max(last, attnums[i]);
	}
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getsomeattrs(slot, last);
		sqm_row_digester_row(digester, slot, attnums);
	}
	sqm_row_digester_drop(digester);
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
}

/* The entry point of a worker */
void
sqm_digest_heap_main(dsm_segment *segment, shm_toc *toc)
{
	SharedDigest *shared = shm_toc_lookup(toc, KEY_SHARED, false);
	SqmDigest  *digests = shm_toc_lookup(toc, KEY_DIGESTS, false);
	Relation	rel = table_open(shared->relation, AccessShareLock);

	digest_part(rel, shm_toc_lookup(toc, KEY_SCAN, false),
				shm_toc_lookup(toc, KEY_ATTNUMS, false), shared->columns,
				pg_tzset(shared->zone), &digests[ParallelWorkerNumber]);
	table_close(rel, AccessShareLock);
}

/* Is there anything in it that only a query does right? */
static bool
is_plain(Relation rel, const AttrNumber *attnums, int columns)
{
	Oid			relid = RelationGetRelid(rel);

	if (rel->rd_rel->relkind != RELKIND_RELATION ||
		rel->rd_rel->relhassubclass || RelationUsesLocalBuffers(rel) ||
		pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK ||
		check_enable_rls(relid, InvalidOid, true) != RLS_NONE)
		return false;
	for (int i = 0; i < columns; i++)
		if (getBaseType(TupleDescAttr(RelationGetDescr(rel),
									  attnums[i] - 1)->atttypid) >= FirstNormalObjectId)
			return false;
	return true;
}

static ParallelContext *
create_context(Relation rel, Snapshot snapshot, const AttrNumber *attnums,
			   int columns, pg_tz *zone)
{
	int			workers = Max(sqm_parallel_workers() - 1, 1);
	ParallelContext *context = CreateParallelContext("sqlite_fdw_mig",
													 "sqm_digest_heap_main",
													 workers);
	Size		scan_size = table_parallelscan_estimate(rel, snapshot);
	SharedDigest *shared;
	AttrNumber *shared_attnums;
	ParallelTableScanDesc scan;
	SqmDigest  *digests;

	shm_toc_estimate_chunk(&context->estimator, sizeof(SharedDigest));
	shm_toc_estimate_chunk(&context->estimator, scan_size);
	shm_toc_estimate_chunk(&context->estimator, sizeof(AttrNumber) * columns);
	shm_toc_estimate_chunk(&context->estimator, sizeof(SqmDigest) * workers);
	shm_toc_estimate_keys(&context->estimator, 4);
	InitializeParallelDSM(context);
	shared = shm_toc_allocate(context->toc, sizeof(SharedDigest));
	shared->relation = RelationGetRelid(rel);
	shared->columns = columns;
	strlcpy(shared->zone, pg_get_timezone_name(zone), sizeof(shared->zone));
	scan = shm_toc_allocate(context->toc, scan_size);
	table_parallelscan_initialize(rel, scan, snapshot);
	shared_attnums = shm_toc_allocate(context->toc, sizeof(AttrNumber) * columns);
	memcpy(shared_attnums, attnums, sizeof(AttrNumber) * columns);
	digests = shm_toc_allocate(context->toc, sizeof(SqmDigest) * workers);
	memset(digests, 0, sizeof(SqmDigest) * workers);
	shm_toc_insert(context->toc, KEY_SHARED, shared);
	shm_toc_insert(context->toc, KEY_SCAN, scan);
	shm_toc_insert(context->toc, KEY_ATTNUMS, shared_attnums);
	shm_toc_insert(context->toc, KEY_DIGESTS, digests);
	return context;
}

static void
digest_together(Relation rel, const AttrNumber *attnums, int columns,
				pg_tz *zone, SqmDigest *digest)
{
	ParallelContext *context = create_context(rel, GetActiveSnapshot(),
											  attnums, columns, zone);
	SqmDigest  *digests = shm_toc_lookup(context->toc, KEY_DIGESTS, false);

	LaunchParallelWorkers(context);
	digest_part(rel, shm_toc_lookup(context->toc, KEY_SCAN, false), attnums,
				columns, zone, digest);
	WaitForParallelWorkersToFinish(context);
	for (int i = 0; i < context->nworkers_launched; i++)
		sqm_digest_add(digest, &digests[i]);
	DestroyParallelContext(context);
}

/*
 * The digest of the columns "attnums" of a table; false, and nothing done, if
 * that is for a query to find.
 */
bool
sqm_digest_heap(Oid relid, const AttrNumber *attnums, int columns,
				pg_tz *zone, SqmDigest *digest)
{
	Relation	rel;
	bool		done = false;

	if (sqm_parallel_workers() == 0 || max_parallel_workers == 0 ||
		IsInParallelMode() || columns == 0)
		return false;
	rel = table_open(relid, AccessShareLock);
	if (is_plain(rel, attnums, columns) &&
		RelationGetNumberOfBlocks(rel) >= (BlockNumber) min_parallel_table_scan_size)
	{
		sqm_digest_init(digest);
		/* what this transaction has just written counts */
		CommandCounterIncrement();
		PushActiveSnapshot(GetTransactionSnapshot());
		EnterParallelMode();
		digest_together(rel, attnums, columns, zone, digest);
		ExitParallelMode();
		PopActiveSnapshot();
		done = true;
	}
	table_close(rel, NoLock);
	return done;
}
