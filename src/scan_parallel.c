/*-------------------------------------------------------------------------
 *
 * scan_parallel.c
 *		How do several processes read one foreign table?
 *
 * Each takes a range of rowids that nobody has taken yet, reads it, and takes
 * the next.  All of them must see one moment of the database, and do by
 * construction, not by chance: a copy does not change; nor does a file in WAL
 * mode that nobody has open, which is checked at the end; and in rollback mode
 * the leader's lock, which it holds until its transaction ends, keeps writers
 * from the file.  A database in WAL mode that an application has open is read
 * by one process: workers would begin a moment later, and see what was written
 * in between.
 *
 * That is asked when a plan is made, and again when it is executed: the
 * application may have been started in the meantime.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "port/atomics.h"

#include "catalog.h"
#include "scan.h"
#include "source.h"

/*
 * A range takes a few milliseconds to read if its rowids are all in use, and
 * nearly nothing if none is.
 */
#define RANGE_ROWIDS 5000
#define MAX_RANGES 16384
#define RANGES_A_PROCESS 16

/* What a row takes in a table of PostgreSQL's beside its values */
#define ROW_OVERHEAD 28

struct SqmScanShare
{
	SqmSourceShare source;
	int64		first;			/* rowid of the table */
	int64		last;
	uint64		width;			/* rowids in a range */
	uint64		ranges;
	pg_atomic_uint64 next;		/* range that nobody has taken yet */
};

/* ---------------------------------------------------------------------
 * Planning
 * ---------------------------------------------------------------------
 */

static bool
can_share(SqmTableOptions *options, SqmSourceShare *share)
{
	return sqm_source_share(options->database, options->owner, share) &&
		!share->others_write;
}

/*
 * How many workers is a table worth?  As many as one of PostgreSQL's with the
 * same rows would be, by the same settings.
 */
int
sqm_scan_workers(RelOptInfo *rel)
{
	SqmRelation *relation = rel->fdw_private;
	SqmSourceShare share;
	double		bytes = rel->tuples * (rel->reltarget->width + ROW_OVERHEAD);

	if (!relation->is_table || relation->rowid == NULL ||
		!can_share(relation->options, &share))
		return 0;
	return compute_parallel_worker(rel, bytes / BLCKSZ, -1,
								   max_parallel_workers_per_gather);
}

/*
 * By what is the work divided?  The leader reads, too, as far as the workers
 * leave it time; as in PostgreSQL's own get_parallel_divisor().
 */
double
sqm_scan_divisor(int workers)
{
	double		leader = parallel_leader_participation ? 1.0 - 0.3 * workers : 0;

	return workers + Max(leader, 0);
}

/* ---------------------------------------------------------------------
 * Ranges
 * ---------------------------------------------------------------------
 */

Size
sqm_scan_share_size(void)
{
	return sizeof(SqmScanShare);
}

/* Of all rowids between first and last; these differ by "span". */
static void
divide(SqmScanShare *share, uint64 span, int workers)
{
	uint64		width = span / (RANGES_A_PROCESS * ((uint64) workers + 1));

	width = Max(Min(width, RANGE_ROWIDS), span / MAX_RANGES + 1);
	share->width = width;
	share->ranges = span / width + 1;
}

/*
 * In the leader, before there are workers; false if they could not see what it
 * sees.
 */
bool
sqm_scan_share_fill(SqmScanShare *share, SqmTableOptions *options, int workers)
{
	SqmLite    *lite = sqm_relation_open(options);
	const char *rowid = sqm_catalog_rowid_name(lite, options->table);
	const char *table = sqm_lite_quote(options->table);
	SqmStatement *stmt;

	if (rowid == NULL || !can_share(options, &share->source))
		return false;
	/* two looks into the b-tree */
	stmt = sqm_statement_prepare(lite,
								 psprintf("SELECT (SELECT min(%s) FROM main.%s), (SELECT max(%s) FROM main.%s)",
										  rowid, table, rowid, table));
	share->ranges = 0;
	if (sqm_statement_step(stmt) && !sqm_statement_is_null(stmt, 0))
	{
		share->first = sqm_statement_int64(stmt, 0);
		share->last = sqm_statement_int64(stmt, 1);
		divide(share, (uint64) share->last - (uint64) share->first, workers);
	}
	sqm_statement_finalize(stmt);
	pg_atomic_init_u64(&share->next, 0);
	return true;
}

/* All rows once more, when no worker is running. */
void
sqm_scan_share_rewind(SqmScanShare *share)
{
	pg_atomic_write_u64(&share->next, 0);
}

bool
sqm_scan_share_next(SqmScanShare *share, int64 *low, int64 *high)
{
	uint64		range = pg_atomic_fetch_add_u64(&share->next, 1);

	if (range >= share->ranges)
		return false;
	*low = (int64) ((uint64) share->first + range * share->width);
	*high = range == share->ranges - 1 ? share->last :
		(int64) ((uint64) *low + share->width - 1);
	return true;
}

/* In a worker: the bytes that the leader reads. */
SqmLite *
sqm_scan_share_open(SqmScanShare *share)
{
	return sqm_source_adopt(&share->source);
}
