/*-------------------------------------------------------------------------
 *
 * parallel.c
 *		How do several processes decode the rows of one table?
 *
 * Workers take ranges of rowids and convert their rows (parallel_worker.c).
 * Into a new table, which gets pages of our own making, they write these
 * themselves.  Everything else they send as tuples, which the leader stores.
 * Either is done in the order of the ranges, so that rows stand as one process
 * would have put them; but for those among pages that must be toasted, which
 * the leader puts where they come.  It is one transaction, of the leader.
 *
 * All of them must see one moment of the source.  A copy, and a file that
 * nobody has open, do not change; in rollback mode the leader's lock keeps
 * writers out; in WAL mode a handle that holds no snapshot tells, once all
 * workers hold theirs, whether anybody has written since before the leader's.
 * Where that cannot be proven, one process reads.
 *
 * Workers know only the simple case: values that fit.  The first that does
 * not ends the work of all, and the loader reads on alone for its report.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/xact.h"
#include "commands/progress.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/nodes.h"
#include "nodes/value.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/shm_mq.h"
#include "storage/shm_toc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "parallel.h"
#include "parallel_task.h"

/* From here on it pays to start workers, which takes some milliseconds. */
#define MIN_ROWS 50000
#define MIN_BYTES (16 * 1024 * 1024)
#define EARLY_ROWS 5000

#define RANGE_BYTES (1024 * 1024)
#define RANGE_ROWS 8000
#define MIN_RANGES 4
#define MAX_RANGES 1000000

static int	workers_wanted = 2;

void
sqm_parallel_define_settings(void)
{
	DefineCustomIntVariable("sqlite_fdw_mig.workers",
							"Sets how many processes help the one that loads a large table.",
							"Zero leaves all work to one process.",
							&workers_wanted,
							2, 0, 64,
							PGC_USERSET, 0,
							NULL, NULL, NULL);
}

/* The setting */
int
sqm_parallel_workers(void)
{
	return workers_wanted;
}

/* ---------------------------------------------------------------------
 * The leader: is it possible, and does it pay?
 * ---------------------------------------------------------------------
 */

/*
 * May the rows of this reader be decoded by workers?  Everything that is
 * counted or logged by row stays with one process, and so does every type
 * whose conversion is not our own.
 */
bool
sqm_parallel_is_possible(SqmReader *reader, Relation rel)
{
	TupleConstr *constr = RelationGetDescr(rel)->constr;

	if (workers_wanted == 0 || max_parallel_workers == 0 ||
		!reader->has_rowid || reader->policy > SQM_POLICY_COUNT ||
		reader->norphans > 0 || IsInParallelMode() ||
		(constr != NULL && constr->has_generated_stored))
		return false;
	for (int i = 0; i < reader->columns; i++)
		if (!sqm_target_is_native(reader->targets[i]))
			return false;
	return true;
}

/*
 * What is probably left, if the rows to come are like those that were read:
 * rows, the last rowid, and how many rows there are to a rowid.  False if
 * there is nothing left.
 */
static bool
estimate_rest(SqmBatch *batch, int64 *last, double *density, double *rows)
{
	if (batch->reader->rows == 0 ||
		!sqm_reader_last_rowid(batch->reader, last) ||
		*last <= batch->last_rowid)
		return false;
	*density = (double) batch->reader->rows /
		((double) batch->last_rowid - (double) batch->first_rowid + 1);
	*rows = ((double) *last - (double) batch->last_rowid) * *density;
	return true;
}

static bool
is_much(double rows, double bytes)
{
	return rows >= MIN_ROWS || bytes >= MIN_BYTES;
}

/*
 * Is it time to ask for workers?  Once at an early row, if the rest seems to
 * be long; "looked" keeps that this has happened.  Else when many rows have
 * been read, because the first ones need not be like the others.
 */
bool
sqm_parallel_pays(SqmBatch *batch, bool *looked)
{
	int64		rows = batch->reader->rows;
	int64		last;
	double		density;
	double		rest;

	if (is_much(rows, batch->bytes))
		return true;
	if (*looked || rows < EARLY_ROWS)
		return false;
	*looked = true;
	return estimate_rest(batch, &last, &density, &rest) &&
		is_much(rest, rest * batch->bytes / rows);
}

/*
 * Divide what is left by what was seen so far; false if it is too little or
 * more rows than the store takes, or if the rowids lie so far apart that ranges would
 * be empty.
 */
static bool
plan_ranges(SqmBatch *batch, SqmStore *store, SharedTask *shared)
{
	int64		last;
	double		density;
	double		rest;
	double		row_size;
	double		width;
	uint64		left;

	if (!estimate_rest(batch, &last, &density, &rest))
		return false;
	row_size = (double) batch->bytes / batch->reader->rows + 1;
	if (store->pages != NULL)
		row_size = Max(row_size, sqm_pages_row_size(store->pages));
	width = ceil(Max(Min(RANGE_ROWS, RANGE_BYTES / row_size), 1) / density);
	left = (uint64) last - (uint64) batch->last_rowid;
	if (left / width < MIN_RANGES || left / width > MAX_RANGES ||
		rest > store->shared_rows)
		return false;
	shared->first = batch->last_rowid + 1;
	shared->width = (uint64) width;
	shared->ranges = (left - 1) / shared->width + 1;
	return true;
}

/* ---------------------------------------------------------------------
 * The leader: workers
 * ---------------------------------------------------------------------
 */

typedef struct Queue
{
	shm_mq_handle *handle;		/* NULL: its worker is gone */
	MessageHead *message;		/* received, not used yet, or NULL */
	Size		length;
} Queue;

typedef struct Leader
{
	ParallelContext *context;
	SharedTask *shared;
	char	   *results;
	Queue	   *queues;
	int			workers;
	SqmBatch   *batch;			/* of tuples out of messages */
	HeapTupleData tuples[SQM_BATCH_ROWS];
	int64		placed;			/* rows that workers have put on pages */
	SqmStore   *store;
} Leader;

static List *
node_list(List *strings)
{
	List	   *nodes = NIL;
	ListCell   *lc;

	foreach(lc, strings)
		nodes = lappend(nodes, makeString(lfirst(lc)));
	return nodes;
}

/* Names for the worker: table and time zone, columns of both sides */
static char *
task_text(SqmReader *reader)
{
	List	   *targets = NIL;

	for (int i = 0; i < reader->columns; i++)
		targets = lappend(targets, reader->target_names[i]);
	return nodeToString(list_make3(list_make2(makeString(reader->table),
											  makeString(pstrdup(pg_get_timezone_name(reader->time_zone)))),
								   node_list(reader->names),
								   node_list(targets)));
}

static void
fill_segment(Leader *leader, const SharedTask *task, const char *text,
			 int columns)
{
	ParallelContext *context = leader->context;
	char	   *copy = shm_toc_allocate(context->toc, strlen(text) + 1);
	char	   *queues = shm_toc_allocate(context->toc,
										  (Size) QUEUE_SIZE * context->nworkers);

	leader->shared = shm_toc_allocate(context->toc, sizeof(SharedTask));
	*leader->shared = *task;
	leader->shared->pages = leader->store->pages != NULL;
	if (leader->shared->pages)
		sqm_pages_share(leader->store->pages, &leader->shared->stamp,
						&leader->shared->space);
	pg_atomic_init_u64(&leader->shared->next, 0);
	pg_atomic_init_u32(&leader->shared->misfit, 0);
	pg_atomic_init_u32(&leader->shared->word, WORD_NONE);
	ConditionVariableInit(&leader->shared->spoken);
	strcpy(copy, text);
	leader->results = shm_toc_allocate(context->toc,
									   result_size(columns) * context->nworkers);
	memset(leader->results, 0, result_size(columns) * context->nworkers);
	leader->queues = palloc0(sizeof(Queue) * context->nworkers);
	for (int i = 0; i < context->nworkers; i++)
	{
		shm_mq	   *queue = shm_mq_create(queues + (Size) i * QUEUE_SIZE,
										  QUEUE_SIZE);

		shm_mq_set_receiver(queue, MyProc);
		leader->queues[i].handle = shm_mq_attach(queue, context->seg, NULL);
	}
	shm_toc_insert(context->toc, KEY_SHARED, leader->shared);
	shm_toc_insert(context->toc, KEY_TEXT, copy);
	shm_toc_insert(context->toc, KEY_QUEUES, queues);
	shm_toc_insert(context->toc, KEY_RESULTS, leader->results);
}

static void
create_segment(Leader *leader, const SharedTask *task, SqmReader *reader)
{
	char	   *text = task_text(reader);
	ParallelContext *context = CreateParallelContext("sqlite_fdw_mig",
													 "sqm_parallel_main",
													 workers_wanted);

	leader->context = context;
	shm_toc_estimate_chunk(&context->estimator, sizeof(SharedTask));
	shm_toc_estimate_chunk(&context->estimator, strlen(text) + 1);
	shm_toc_estimate_chunk(&context->estimator,
						   (Size) QUEUE_SIZE * workers_wanted);
	shm_toc_estimate_chunk(&context->estimator,
						   result_size(reader->columns) * workers_wanted);
	shm_toc_estimate_keys(&context->estimator, 4);
	InitializeParallelDSM(context);
	/* without shared memory there are no workers */
	if (context->nworkers > 0)
		fill_segment(leader, task, text, reader->columns);
}

/* The next message of a worker; false if it is gone. */
static bool
receive(Queue *queue, bool wait)
{
	void	   *data;
	shm_mq_result result;

	if (queue->handle == NULL)
		return false;
	result = shm_mq_receive(queue->handle, &queue->length, &data, !wait);
	if (result == SHM_MQ_DETACHED)
		queue->handle = NULL;
	queue->message = result == SHM_MQ_SUCCESS ? (MessageHead *) data : NULL;
	return queue->handle != NULL;
}

/*
 * Start workers, and see all of them hold their snapshots.  If there are none,
 * or if these cannot be the same: the reason, else NULL.
 */
static const char *
start_workers(Leader *leader)
{
	LaunchParallelWorkers(leader->context);
	leader->workers = leader->context->nworkers_launched;
	for (int i = 0; i < leader->workers; i++)
		shm_mq_set_handle(leader->queues[i].handle,
						  leader->context->worker[i].bgwhandle);
	for (int i = 0; i < leader->workers; i++)
	{
		if (receive(&leader->queues[i], true) &&
			leader->queues[i].message->range != READY)
			elog(ERROR, "a worker began without saying that it is ready");
		leader->queues[i].message = NULL;
	}
	if (leader->workers == 0)
		return "no parallel worker was free";
	if (leader->shared->source.others_write &&
		!sqm_source_is_still(leader->shared->source.name))
		return "the source was being written to";
	return NULL;
}

/* ---------------------------------------------------------------------
 * The leader: rows
 * ---------------------------------------------------------------------
 */

static void
flush(Leader *leader)
{
	SqmBatch   *batch = leader->batch;

	if (batch->used == 0)
		return;
	leader->store->write(leader->store, batch);
	for (int i = 0; i < batch->used; i++)
		ExecClearTuple(batch->slots[i]);
	batch->used = 0;
	MemoryContextReset(batch->context);
	pgstat_progress_update_param(PROGRESS_COPY_TUPLES_PROCESSED,
								 leader->store->loaded);
	CHECK_FOR_INTERRUPTS();
}

/* The tuples stay where they are, in the queue: nothing is copied. */
static void
store_tuples(Leader *leader, MessageHead *message)
{
	SqmBatch   *batch = leader->batch;
	char	   *at = (char *) message + HEAD_SIZE;

	for (uint32 i = 0; i < message->tuples; i++)
	{
		HeapTuple	tuple = &leader->tuples[batch->used];
		TupleTableSlot **slot = &batch->slots[batch->used];

		tuple->t_len = ((TupleHead *) at)->length;
		tuple->t_data = (HeapTupleHeader) (at + TUPLE_HEAD_SIZE);
		ItemPointerSetInvalid(&tuple->t_self);
		tuple->t_tableOid = leader->shared->relation;
		if (*slot == NULL)
			*slot = MakeSingleTupleTableSlot(batch->desc, batch->ops);
		ExecStoreHeapTuple(tuple, *slot, false);
		batch->rowids[batch->used] = ((TupleHead *) at)->rowid;
		at += TUPLE_HEAD_SIZE + MAXALIGN(tuple->t_len);
		if (++batch->used == SQM_BATCH_ROWS)
			flush(leader);
	}
	flush(leader);
	leader->placed += message->placed;
	leader->store->loaded += message->placed;
	pgstat_progress_update_param(PROGRESS_COPY_TUPLES_PROCESSED,
								 leader->store->loaded);
	CHECK_FOR_INTERRUPTS();
}

/*
 * The queue whose message is to be stored next, or NULL if none is there.
 * Where workers write pages it is they who keep the order.
 */
static Queue *
find_message(Leader *leader, uint64 range, bool *gone)
{
	*gone = true;
	for (int i = 0; i < leader->workers; i++)
	{
		Queue	   *queue = &leader->queues[i];

		if (queue->message == NULL && !receive(queue, false))
			continue;
		*gone = false;
		if (queue->message != NULL &&
			(leader->shared->pages || queue->message->range == range))
			return queue;
	}
	return NULL;
}

static void
wait_for_workers(void)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, 0,
					 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/* All ranges; false if a value did not fit. */
static bool
store_ranges(Leader *leader)
{
	uint64		range = 0;

	while (range < leader->shared->ranges)
	{
		bool		gone;
		Queue	   *queue = find_message(leader, range, &gone);

		if (queue != NULL)
		{
			store_tuples(leader, queue->message);
			if (queue->message->last)
				range++;
			queue->message = NULL;
			continue;
		}
		if (pg_atomic_read_u32(&leader->shared->misfit) != 0)
			return false;
		if (gone)
		{
			/* if one has failed, this raises its error */
			WaitForParallelWorkersToFinish(leader->context);
			if (pg_atomic_read_u32(&leader->shared->misfit) != 0)
				return false;
			elog(ERROR, "workers ended before all rows were read");
		}
		/* who stores nothing has time for what will be asked for in the end */
		if (!leader->shared->pages ||
			!sqm_source_hash_piece(leader->batch->reader->source))
			wait_for_workers();
	}
	return true;
}

static void
add_results(Leader *leader, int columns, SqmParallelSum *sum)
{
	sum->workers = leader->workers;
	sum->nulls = palloc0(sizeof(int64) * (columns + 1));
	sqm_digest_init(&sum->digest);
	for (int i = 0; i < leader->workers; i++)
	{
		WorkerResult *result = (WorkerResult *)
			(leader->results + i * result_size(columns));

		sum->rows += result->rows;
		sum->noise += result->noise;
		sqm_digest_add(&sum->digest, &result->digest);
		for (int j = 0; j < columns; j++)
			sum->nulls[j] += result->nulls[j];
	}
}

static void
tell_workers(Leader *leader, TaskWord word)
{
	pg_atomic_write_u32(&leader->shared->word, word);
	ConditionVariableBroadcast(&leader->shared->spoken);
}

/* Workers that still send find that nobody listens. */
static void
end_workers(Leader *leader)
{
	for (int i = 0; i < leader->context->nworkers; i++)
		if (leader->queues[i].handle != NULL)
			shm_mq_detach(leader->queues[i].handle);
	WaitForParallelWorkersToFinish(leader->context);
}

static SqmParallelEnd
run_workers(Leader *leader, const SharedTask *task, SqmReader *reader,
			SqmParallelSum *sum)
{
	SqmParallelEnd end = SQM_PARALLEL_NONE;

	create_segment(leader, task, reader);
	sum->why_none = "there was no shared memory for workers";
	if (leader->context->nworkers > 0)
	{
		sum->why_none = start_workers(leader);
		tell_workers(leader, sum->why_none == NULL ? WORD_GO : WORD_END);
		if (sum->why_none == NULL)
			end = store_ranges(leader) ? SQM_PARALLEL_DONE :
				SQM_PARALLEL_MISFIT;
		end_workers(leader);
		if (leader->shared->pages)
			sqm_pages_unshare(leader->store->pages, leader->placed);
		if (end == SQM_PARALLEL_DONE)
			add_results(leader, reader->columns, sum);
	}
	DestroyParallelContext(leader->context);
	return end;
}

/*
 * The rows behind those that were read into "batch", decoded by workers and
 * stored here, if that is possible and pays.  "batch" and its reader stay as
 * they are.
 */
SqmParallelEnd
sqm_parallel_rest(SqmBatch *batch, Relation rel, SqmStore *store,
				  SqmParallelSum *sum)
{
	SqmReader  *reader = batch->reader;
	SharedTask	task = {0};
	Leader	   *leader;
	SqmParallelEnd end;

	memset(sum, 0, sizeof(SqmParallelSum));
	if (!plan_ranges(batch, store, &task))
		return SQM_PARALLEL_NONE;
	if (!sqm_source_share(reader->source, GetUserId(), &task.source))
	{
		sum->why_none = "nobody could have told whether the source was being written to";
		return SQM_PARALLEL_NONE;
	}
	task.relation = RelationGetRelid(rel);
	task.empty_as_null = reader->empty_as_null;
	task.digests = reader->digests;
	leader = palloc0(sizeof(Leader));
	leader->store = store;
	leader->batch = sqm_batch_create(reader, RelationGetDescr(rel),
									 &TTSOpsHeapTuple);
	leader->batch->stored = true;
	/* workers cannot get one of their own */
	(void) GetCurrentTransactionId();
	EnterParallelMode();
	end = run_workers(leader, &task, reader, sum);
	ExitParallelMode();
	sqm_batch_drop(leader->batch);
	sqm_source_check_unchanged(reader->source);
	pfree(leader);
	return end;
}
