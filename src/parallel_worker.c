/*-------------------------------------------------------------------------
 *
 * parallel_worker.c
 *		What does a worker do with the ranges of rowids that it takes?
 *
 * It converts their rows and puts them on pages of the table, where these are
 * of our own making; what cannot stand on a page as it is, and all rows of
 * other tables, it sends to the leader as tuples.  It never inserts: that is
 * the leader's right.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heaptoast.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/toast_internals.h"
#include "miscadmin.h"
#include "nodes/nodes.h"
#include "nodes/value.h"
#include "storage/shm_mq.h"
#include "storage/shm_toc.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "batch.h"
#include "form.h"
#include "parallel_task.h"
#include "reader.h"

typedef struct Worker
{
	SharedTask *shared;
	WorkerResult *result;
	shm_mq_handle *queue;
	SqmReader  *reader;
	SqmPages   *pages;			/* NULL: all tuples go to the leader */
	SqmForm    *form;
	TupleDesc	desc;
	Datum	   *values;
	bool	   *nulls;
	Size		long_size;		/* longer values are surely toasted */
	StringInfoData message;
	MemoryContext context;		/* the values of the rows at hand */
	bool		unwanted;		/* the leader listens no more */
} Worker;

PGDLLEXPORT void sqm_parallel_main(dsm_segment *segment, shm_toc *toc);

/* ---------------------------------------------------------------------
 * Messages
 * ---------------------------------------------------------------------
 */

static MessageHead *
message_head(Worker *worker)
{
	return (MessageHead *) worker->message.data;
}

static void
begin_message(Worker *worker, uint64 range)
{
	/* one huge row does not make the buffer stay huge */
	if (worker->message.maxlen > 4 * MESSAGE_SIZE)
	{
		worker->message.data = repalloc(worker->message.data, MESSAGE_SIZE);
		worker->message.maxlen = MESSAGE_SIZE;
	}
	resetStringInfo(&worker->message);
	enlargeStringInfo(&worker->message, HEAD_SIZE);
	memset(worker->message.data, 0, HEAD_SIZE);
	message_head(worker)->range = range;
	worker->message.len = HEAD_SIZE;
}

static void
send_message(Worker *worker, bool last)
{
	message_head(worker)->last = last;
	if (shm_mq_send(worker->queue, worker->message.len, worker->message.data,
					false, true) != SHM_MQ_SUCCESS)
		worker->unwanted = true;
}

/* The current row's tuple is for the leader to store. */
static void
append_tuple(Worker *worker, HeapTuple tuple, uint64 range)
{
	Size		need = TUPLE_HEAD_SIZE + MAXALIGN(tuple->t_len);
	TupleHead  *head;

	if (message_head(worker)->tuples > 0 &&
		worker->message.len + need > MESSAGE_SIZE)
	{
		send_message(worker, false);
		begin_message(worker, range);
	}
	if (worker->message.len + need > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a row is too long for a worker: %u bytes",
						tuple->t_len),
				 errhint("Set \"sqlite_fdw_mig.workers\" to 0.")));
	enlargeStringInfo(&worker->message, need);
	head = (TupleHead *) (worker->message.data + worker->message.len);
	head->length = tuple->t_len;
	head->rowid = sqm_statement_int64(worker->reader->stmt,
									  worker->reader->columns);
	memcpy((char *) head + TUPLE_HEAD_SIZE, tuple->t_data, tuple->t_len);
	worker->message.len += need;
	message_head(worker)->tuples++;
}

/* ---------------------------------------------------------------------
 * Rows
 * ---------------------------------------------------------------------
 */

/*
 * Compress what is so long that the leader's toaster would begin with it; it
 * takes what is compressed as it is.
 */
static void
compress_long_values(Worker *worker)
{
	for (int i = 0; i < worker->desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(worker->desc, i);
		Datum		compressed;

		if (worker->nulls[i] || att->attlen != -1 ||
			att->attstorage != TYPSTORAGE_EXTENDED ||
			VARSIZE_ANY(DatumGetPointer(worker->values[i])) <= worker->long_size)
			continue;
		compressed = toast_compress_datum(worker->values[i],
										  att->attcompression);
		if (DatumGetPointer(compressed) != NULL)
			worker->values[i] = compressed;
	}
}

/* The row at hand, which has "bytes" of text and blobs */
static void
store_row(Worker *worker, uint64 range, Size bytes)
{
	HeapTuple	tuple;

	if (bytes > worker->long_size)
		compress_long_values(worker);
	tuple = sqm_form_tuple(worker->form, worker->values, worker->nulls);
	if (worker->pages != NULL && sqm_page_takes(tuple))
	{
		sqm_pages_add_tuple(worker->pages, tuple);
		message_head(worker)->placed++;
	}
	else
		append_tuple(worker, tuple, range);
	sqm_reader_count_nulls(worker->reader, worker->nulls, worker->desc->natts,
						   worker->result->nulls);
}

/* One row; false if it does not fit. */
static bool
decode_row(Worker *worker, uint64 range, Size *bytes)
{
	SqmReader  *reader = worker->reader;
	MemoryContext old = MemoryContextSwitchTo(worker->context);
	SqmRowState state;
	Size		before = *bytes;

	memset(worker->nulls, true, worker->desc->natts * sizeof(bool));
	state = sqm_reader_convert(reader, worker->values, worker->nulls, bytes);
	if (state == SQM_ROW_GOOD)
		store_row(worker, range, *bytes - before);
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
	Size		bytes = 0;

	begin_message(worker, range);
	if (worker->pages != NULL)
		sqm_pages_begin_range(worker->pages, range);
	sqm_reader_range(worker->reader, low, high);
	for (int rows = 1; sqm_reader_next(worker->reader); rows++)
	{
		if (!decode_row(worker, range, &bytes))
			return false;
		if (rows % SQM_BATCH_PAGE_ROWS == 0 || bytes > SQM_BATCH_BYTES)
		{
			CHECK_FOR_INTERRUPTS();
			MemoryContextReset(worker->context);
			bytes = 0;
		}
		if (worker->unwanted)
			return true;
	}
	send_message(worker, true);
	if (worker->pages != NULL)
		sqm_pages_end_range(worker->pages);
	MemoryContextReset(worker->context);
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
	/* others may wait for a range of ours that will not come */
	if (worker->pages != NULL &&
		(worker->unwanted || pg_atomic_read_u32(&shared->misfit) != 0))
		sqm_page_space_give_up(&shared->space);
}

/* ---------------------------------------------------------------------
 * Beginning and end
 * ---------------------------------------------------------------------
 */

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

static void
open_worker(Worker *worker, Relation rel, shm_toc *toc)
{
	worker->desc = RelationGetDescr(rel);
	worker->reader = open_reader(worker->shared,
								 shm_toc_lookup(toc, KEY_TEXT, false), rel);
	worker->result = (WorkerResult *)
		((char *) shm_toc_lookup(toc, KEY_RESULTS, false) +
		 ParallelWorkerNumber * result_size(worker->reader->columns));
	worker->long_size = RelationGetToastTupleTarget(rel, TOAST_TUPLE_TARGET);
	worker->form = sqm_form_create(worker->desc);
	worker->values = palloc0(sizeof(Datum) * worker->desc->natts);
	worker->nulls = palloc0(sizeof(bool) * worker->desc->natts);
	worker->context = AllocSetContextCreate(CurrentMemoryContext,
											"sqlite_fdw_mig worker",
											ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&worker->message);
	if (worker->shared->pages)
		worker->pages = sqm_pages_join(rel, &worker->shared->stamp,
									   &worker->shared->space);
}

/* Everything this worker has put on pages is in the relation then. */
static void
close_worker(Worker *worker)
{
	if (worker->pages != NULL)
		sqm_pages_finish(worker->pages);
	worker->result->rows = worker->reader->rows;
	worker->result->noise = worker->reader->noise;
	worker->result->digest = worker->reader->digest;
	sqm_reader_close(worker->reader);
}

/* If the leader fails instead, it terminates its workers. */
static bool
leader_says_go(SharedTask *shared)
{
	uint32		word;

	ConditionVariablePrepareToSleep(&shared->spoken);
	while ((word = pg_atomic_read_u32(&shared->word)) == WORD_NONE)
		ConditionVariableSleep(&shared->spoken, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
	return word == WORD_GO;
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
	open_worker(&worker, rel, toc);
	begin_message(&worker, READY);
	send_message(&worker, true);
	if (leader_says_go(worker.shared))
		decode_ranges(&worker);
	close_worker(&worker);
	shm_mq_detach(worker.queue);
	table_close(rel, AccessShareLock);
}
