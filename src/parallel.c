/*-------------------------------------------------------------------------
 *
 * parallel.c
 *		How do several processes decode the rows of one table?
 *
 * Workers read ranges of rowids, convert them and send finished pages, or
 * tuples where no pages can be made; the leader stores them, in the order of
 * the ranges, so that rows stand as one process would have put them.  It is
 * one transaction, of the leader; workers only read.
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
#include "access/table.h"
#include "access/xact.h"
#include "commands/progress.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/nodes.h"
#include "nodes/value.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "storage/latch.h"
#include "storage/shm_mq.h"
#include "storage/shm_toc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "parallel.h"
#include "source.h"

/* From here on it pays to start workers, which takes some milliseconds. */
#define MIN_ROWS 50000
#define MIN_BYTES (16 * 1024 * 1024)

/*
 * A range should fit into a queue, or the worker that has the next one would
 * wait for the leader to be through with this one.
 */
#define QUEUE_SIZE (4 * 1024 * 1024)
#define MESSAGE_SIZE (256 * 1024)
#define RANGE_BYTES (1024 * 1024)
#define RANGE_ROWS 8000
#define MIN_RANGES 4
#define MAX_RANGES 1000000

#define KEY_SHARED 1
#define KEY_TEXT 2
#define KEY_QUEUES 3
#define KEY_RESULTS 4

#define READY PG_UINT64_MAX

/* What workers are told, and what they tell each other */
typedef struct SharedTask
{
	SqmSourceShare source;
	Oid			relation;
	bool		empty_as_null;
	bool		digests;
	bool		pages;			/* send pages that bear this stamp */
	SqmPageStamp stamp;
	int64		first;			/* rowid of the first range */
	uint64		width;			/* rowids in a range */
	uint64		ranges;
	pg_atomic_uint64 next;		/* range that nobody has taken yet */
	pg_atomic_uint32 misfit;	/* somebody has met one: stop */
} SharedTask;

/* What a worker leaves when it is done, with a count of NULLs per column */
typedef struct WorkerResult
{
	int64		rows;
	int64		noise;
	SqmDigest	digest;
	int64		nulls[FLEXIBLE_ARRAY_MEMBER];
} WorkerResult;

/* Head of a message; pages follow, or tuples, each with a TupleHead */
typedef struct MessageHead
{
	uint64		range;			/* or READY */
	uint32		pages;
	uint32		tuples;			/* on these pages, or without any */
	bool		last;			/* of its range */
} MessageHead;

typedef struct TupleHead
{
	uint32		length;
	int64		rowid;			/* for errors */
} TupleHead;

#define HEAD_SIZE MAXALIGN(sizeof(MessageHead))
#define TUPLE_HEAD_SIZE MAXALIGN(sizeof(TupleHead))

static int	workers_wanted = 2;

void
sqm_parallel_define_settings(void)
{
	DefineCustomIntVariable("sqlite_fdw_mig.workers",
							"Sets how many processes decode a large table for the one that stores it.",
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

static Size
result_size(int columns)
{
	return MAXALIGN(offsetof(WorkerResult, nulls) + sizeof(int64) * columns);
}

/* ---------------------------------------------------------------------
 * The worker
 * ---------------------------------------------------------------------
 */

typedef struct Worker
{
	SharedTask *shared;
	WorkerResult *result;
	shm_mq_handle *queue;
	SqmReader  *reader;
	TupleDesc	desc;
	Datum	   *values;
	bool	   *nulls;
	StringInfoData message;
	MemoryContext context;		/* what the tuples of a message are made of */
	bool		unwanted;		/* the leader listens no more */
} Worker;

PGDLLEXPORT void sqm_parallel_main(dsm_segment *segment, shm_toc *toc);

static void
begin_message(Worker *worker, uint64 range)
{
	MessageHead *head;

	resetStringInfo(&worker->message);
	enlargeStringInfo(&worker->message, MESSAGE_SIZE);
	head = (MessageHead *) worker->message.data;
	memset(head, 0, HEAD_SIZE);
	head->range = range;
	worker->message.len = HEAD_SIZE;
}

static void
send_message(Worker *worker, bool last)
{
	MessageHead *head = (MessageHead *) worker->message.data;

	head->last = last;
	if (shm_mq_send(worker->queue, worker->message.len, worker->message.data,
					false, true) != SHM_MQ_SUCCESS)
		worker->unwanted = true;
	MemoryContextReset(worker->context);
}

/*
 * Sends what the message holds, so that "tuple", which lives in the context
 * that sending resets, can go into the next one; returns a copy of it.
 */
static HeapTuple
make_room(Worker *worker, HeapTuple tuple, uint64 range)
{
	MemoryContext old = MemoryContextSwitchTo(worker->reader->context);
	HeapTuple	kept = heap_copytuple(tuple);

	MemoryContextSwitchTo(old);
	send_message(worker, false);
	begin_message(worker, range);
	return kept;
}

static Page
last_page(Worker *worker)
{
	return (Page) (worker->message.data + worker->message.len - BLCKSZ);
}

static Page
begin_page(Worker *worker)
{
	MessageHead *head = (MessageHead *) worker->message.data;

	worker->message.len += BLCKSZ;
	PageInit(last_page(worker), BLCKSZ, 0);
	head->pages++;
	return last_page(worker);
}

static void
append_tuple(Worker *worker, HeapTuple tuple, uint64 range)
{
	Size		need = TUPLE_HEAD_SIZE + MAXALIGN(tuple->t_len);
	TupleHead  *head;

	if (((MessageHead *) worker->message.data)->tuples > 0 &&
		(((MessageHead *) worker->message.data)->pages > 0 ||
		 worker->message.len + need > MESSAGE_SIZE))
	{
		HeapTuple	kept = make_room(worker, tuple, range);

		append_tuple(worker, kept, range);
		heap_freetuple(kept);
		return;
	}
	enlargeStringInfo(&worker->message, need);
	head = (TupleHead *) (worker->message.data + worker->message.len);
	head->length = tuple->t_len;
	head->rowid = sqm_statement_int64(worker->reader->stmt,
									  worker->reader->columns);
	memcpy((char *) head + TUPLE_HEAD_SIZE, tuple->t_data, tuple->t_len);
	worker->message.len += need;
	((MessageHead *) worker->message.data)->tuples++;
}

/* A tuple that a page takes; all in the message are on pages. */
static void
append_to_page(Worker *worker, HeapTuple tuple, uint64 range)
{
	MessageHead *head = (MessageHead *) worker->message.data;
	const SqmPageStamp *stamp = &worker->shared->stamp;

	if (head->pages > 0 && sqm_page_add(last_page(worker), stamp, tuple))
		head->tuples++;
	else if (worker->message.len + BLCKSZ > MESSAGE_SIZE ||
			 (head->pages == 0 && head->tuples > 0))
	{
		HeapTuple	kept = make_room(worker, tuple, range);

		append_to_page(worker, kept, range);
		heap_freetuple(kept);
	}
	else if (sqm_page_add(begin_page(worker), stamp, tuple))
		head->tuples++;
	else
		elog(ERROR, "an empty page has no room for a tuple");
}

/* One row; false if it does not fit. */
static bool
decode_row(Worker *worker, uint64 range)
{
	SqmReader  *reader = worker->reader;
	MemoryContext old = MemoryContextSwitchTo(worker->context);
	Size		bytes = 0;
	SqmRowState state;

	memset(worker->nulls, true, worker->desc->natts * sizeof(bool));
	state = sqm_reader_convert(reader, worker->values, worker->nulls, &bytes);
	if (state == SQM_ROW_GOOD)
	{
		HeapTuple	tuple = heap_form_tuple(worker->desc, worker->values,
											worker->nulls);

		if (worker->shared->pages && sqm_page_takes(tuple))
			append_to_page(worker, tuple, range);
		else
			append_tuple(worker, tuple, range);
		for (int i = 0; i < reader->columns; i++)
			worker->result->nulls[i] += worker->nulls[reader->attnums[i] - 1];
	}
	MemoryContextSwitchTo(old);
	return state == SQM_ROW_GOOD;
}

static bool
decode_range(Worker *worker, uint64 range)
{
	SharedTask *shared = worker->shared;
	int64		low = (int64) ((uint64) shared->first + range * shared->width);
	int64		high = range == shared->ranges - 1 ? PG_INT64_MAX :
		(int64) ((uint64) low + shared->width - 1);

	begin_message(worker, range);
	sqm_reader_range(worker->reader, low, high);
	while (sqm_reader_next(worker->reader))
	{
		CHECK_FOR_INTERRUPTS();
		if (!decode_row(worker, range))
			return false;
		if (worker->unwanted)
			return true;
	}
	send_message(worker, true);
	return true;
}

static void
decode_ranges(Worker *worker)
{
	SharedTask *shared = worker->shared;

	while (!worker->unwanted && pg_atomic_read_u32(&shared->misfit) == 0)
	{
		uint64		range = pg_atomic_fetch_add_u64(&shared->next, 1);

		if (range >= shared->ranges)
			break;
		if (!decode_range(worker, range))
			pg_atomic_write_u32(&shared->misfit, 1);
	}
}

static List *
string_list(List *nodes)
{
	List	   *strings = NIL;
	ListCell   *lc;

	foreach(lc, nodes)
		strings = lappend(strings, strVal(lfirst(lc)));
	return strings;
}

static SqmReader *
open_reader(SharedTask *shared, const char *text, Relation rel)
{
	List	   *parts = (List *) stringToNode(text);
	List	   *names = string_list(linitial_node(List, parts));
	SqmReader  *reader;

	(void) sqm_source_adopt(&shared->source);
	reader = sqm_reader_create(shared->source.name, linitial(names),
							   string_list(lsecond_node(List, parts)), rel,
							   string_list(lthird_node(List, parts)),
							   lsecond(names), shared->empty_as_null);
	reader->policy = SQM_POLICY_STOP;
	reader->logs = false;
	reader->digests = shared->digests;
	sqm_reader_open_ranges(reader);
	return reader;
}

/* The entry point of a worker; parallel.c of the server calls it by name. */
void
sqm_parallel_main(dsm_segment *segment, shm_toc *toc)
{
	Worker		worker = {0};
	Relation	rel;
	shm_mq	   *queue;

	worker.shared = shm_toc_lookup(toc, KEY_SHARED, false);
	queue = (shm_mq *) ((char *) shm_toc_lookup(toc, KEY_QUEUES, false) +
						(Size) ParallelWorkerNumber * QUEUE_SIZE);
	shm_mq_set_sender(queue, MyProc);
	worker.queue = shm_mq_attach(queue, segment, NULL);
	rel = table_open(worker.shared->relation, AccessShareLock);
	worker.desc = RelationGetDescr(rel);
	worker.reader = open_reader(worker.shared,
								shm_toc_lookup(toc, KEY_TEXT, false), rel);
	worker.result = (WorkerResult *)
		((char *) shm_toc_lookup(toc, KEY_RESULTS, false) +
		 ParallelWorkerNumber * result_size(worker.reader->columns));
	worker.values = palloc0(sizeof(Datum) * worker.desc->natts);
	worker.nulls = palloc0(sizeof(bool) * worker.desc->natts);
	worker.context = AllocSetContextCreate(CurrentMemoryContext,
										   "sqlite_fdw_mig worker",
										   ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&worker.message);

	begin_message(&worker, READY);
	send_message(&worker, true);
	decode_ranges(&worker);

	worker.result->rows = worker.reader->rows;
	worker.result->noise = worker.reader->noise;
	worker.result->digest = worker.reader->digest;
	sqm_reader_close(worker.reader);
	shm_mq_detach(worker.queue);
	table_close(rel, AccessShareLock);
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

/* Have enough rows been read to think so? */
bool
sqm_parallel_pays(SqmBatch *batch)
{
	return batch->reader->rows >= MIN_ROWS || batch->bytes >= MIN_BYTES;
}

/*
 * Divide what is left by what was seen so far; false if it is too little or
 * more than "most" rows, or if the rowids lie so far apart that ranges would
 * be empty.
 */
static bool
plan_ranges(SqmBatch *batch, int64 most, SharedTask *shared)
{
	int64		rows = batch->reader->rows;
	int64		read = batch->last_rowid;
	int64		last;
	double		density;
	double		rows_a_range;
	double		width;
	uint64		left;

	if (rows == 0 || !sqm_reader_last_rowid(batch->reader, &last) ||
		last <= read)
		return false;
	density = (double) rows /
		((double) read - (double) batch->first_rowid + 1);
	rows_a_range = Min(RANGE_ROWS, RANGE_BYTES / (batch->bytes / rows + 1));
	width = ceil(Max(rows_a_range, 1) / density);
	left = (uint64) last - (uint64) read;
	if (left / width < MIN_RANGES || left / width > MAX_RANGES ||
		left * density > most)
		return false;
	shared->first = read + 1;
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
	pg_atomic_init_u64(&leader->shared->next, 0);
	pg_atomic_init_u32(&leader->shared->misfit, 0);
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

static void
store_pages(Leader *leader, MessageHead *message)
{
	const char *image = (char *) message + HEAD_SIZE;

	for (uint32 i = 0; i < message->pages; i++)
	{
		leader->store->write_page(leader->store, image,
								  PageGetMaxOffsetNumber((Page) image));
		image += BLCKSZ;
	}
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
}

static void
store_message(Leader *leader, MessageHead *message)
{
	if (message->pages > 0)
		store_pages(leader, message);
	else
		store_tuples(leader, message);
}

/* The queue whose next message belongs to "range", or NULL if none is there */
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
		if (queue->message != NULL && queue->message->range == range)
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

/* All ranges, in their order; false if a value did not fit. */
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
			store_message(leader, queue->message);
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
		if (sum->why_none == NULL)
			end = store_ranges(leader) ? SQM_PARALLEL_DONE :
				SQM_PARALLEL_MISFIT;
		end_workers(leader);
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
	if (!plan_ranges(batch, store->shared_rows, &task) ||
		!sqm_source_share(reader->source, GetUserId(), &task.source))
		return SQM_PARALLEL_NONE;
	task.relation = RelationGetRelid(rel);
	task.empty_as_null = reader->empty_as_null;
	task.digests = reader->digests;
	task.pages = store->stamp != NULL;
	if (task.pages)
		task.stamp = *store->stamp;
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
