/*-------------------------------------------------------------------------
 *
 * batch.c
 *		Which converted rows are at hand, until the next ones are?
 *
 * Rows are converted some hundreds at a time, in a memory context of their
 * own, under our settings.  Whoever uses them can then change to the
 * caller's settings once for all of them.  It is not known here what for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "batch.h"

/*
 * Batches of the rows of "reader", in slots for a relation with the columns
 * "desc".  Lives in the current memory context, as the slots do.
 */
SqmBatch *
sqm_batch_create(SqmReader *reader, TupleDesc desc,
				 const TupleTableSlotOps *ops)
{
	SqmBatch   *batch = palloc0(sizeof(SqmBatch));

	batch->reader = reader;
	batch->desc = desc;
	batch->ops = ops;
	batch->most = SQM_BATCH_ROWS;
	batch->context = AllocSetContextCreate(CurrentMemoryContext,
										   "sqlite_fdw_mig batch",
										   ALLOCSET_DEFAULT_SIZES);
	return batch;
}

static TupleTableSlot *
next_slot(SqmBatch *batch)
{
	TupleTableSlot **slot = &batch->slots[batch->used];

	if (*slot == NULL)
		*slot = MakeSingleTupleTableSlot(batch->desc, batch->ops);
	ExecClearTuple(*slot);
	memset((*slot)->tts_isnull, true, batch->desc->natts * sizeof(bool));
	return *slot;
}

static void
note_place(SqmBatch *batch)
{
	SqmReader  *reader = batch->reader;

	if (!reader->has_rowid)
		return;
	batch->last_rowid = sqm_statement_int64(reader->stmt, reader->columns);
	if (reader->rows == 1)
		batch->first_rowid = batch->last_rowid;
}

/* The row in the next slot is wanted. */
static void
keep_row(SqmBatch *batch)
{
	SqmReader  *reader = batch->reader;

	batch->numbers[batch->used] = reader->rows;
	if (reader->has_rowid)
		batch->rowids[batch->used] = batch->last_rowid;
	batch->used++;
}

/*
 * Read until the batch is full or there is no row left; false when there was
 * none to keep.  The rows are values in slots that are not yet stored, so
 * that the columns the source does not give, NULL so far, can be filled in.
 * Ends at the first value that does not fit, if the policy says so.
 */
bool
sqm_batch_fill(SqmBatch *batch)
{
	SqmReader  *reader = batch->reader;
	MemoryContext old;
	Size		bytes = 0;

	for (int i = 0; i < batch->used; i++)
		ExecClearTuple(batch->slots[i]);
	batch->used = 0;
	MemoryContextReset(batch->context);
	/* rows that are left out use memory of the batch, too */
	for (int read = 0; !batch->at_end; read++)
	{
		TupleTableSlot *slot;
		SqmRowState state;

		if (read == batch->most || bytes >= SQM_BATCH_BYTES)
		{
			if (batch->used > 0)
				break;
			MemoryContextReset(batch->context);
			read = 0;
			batch->bytes += bytes;
			bytes = 0;
			CHECK_FOR_INTERRUPTS();
		}
		if (!sqm_reader_next(reader))
		{
			batch->at_end = true;
			break;
		}
		slot = next_slot(batch);
		old = MemoryContextSwitchTo(batch->context);
		state = sqm_reader_convert(reader, slot->tts_values, slot->tts_isnull,
								   &bytes);
		MemoryContextSwitchTo(old);
		note_place(batch);
		if (state == SQM_ROW_MISFIT)
		{
			batch->misfit = true;
			batch->at_end = reader->policy == SQM_POLICY_STOP;
		}
		if (state == SQM_ROW_GOOD ||
			(state == SQM_ROW_MISFIT && batch->keep_misfits))
			keep_row(batch);
	}
	batch->bytes += bytes;
	CHECK_FOR_INTERRUPTS();
	return batch->used > 0;
}

void
sqm_batch_drop(SqmBatch *batch)
{
	for (int i = 0; i < SQM_BATCH_ROWS && batch->slots[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(batch->slots[i]);
	MemoryContextDelete(batch->context);
	pfree(batch);
}
