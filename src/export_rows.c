/*-------------------------------------------------------------------------
 *
 * export_rows.c
 *		From the rows of a query to the rows of a SQLite table.
 *
 * A destination of the executor's, so that no row is kept: each is converted,
 * bound to one prepared INSERT and stored.  Everything is read with the
 * snapshot of the statement that called sq2pg_export().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "export.h"
#include "srf.h"

PG_FUNCTION_INFO_V1(sqm_export_rows);

typedef struct ExportReceiver
{
	DestReceiver pub;
	List	   *kinds;			/* of char *, one a column */
	bool		six_digits;
	SqmStatement *insert;
	SqmExportValue **columns;
	MemoryContext context;		/* outlives the query */
	MemoryContext row_context;
	int64		rows;
} ExportReceiver;

static void
receiver_startup(DestReceiver *self, int operation, TupleDesc tupdesc)
{
	ExportReceiver *receiver = (ExportReceiver *) self;
	MemoryContext old = MemoryContextSwitchTo(receiver->context);

	if (tupdesc->natts != list_length(receiver->kinds))
		elog(ERROR, "%d columns for %d kinds", tupdesc->natts,
			 list_length(receiver->kinds));
	receiver->columns = palloc(sizeof(SqmExportValue *) * (tupdesc->natts + 1));
	for (int i = 0; i < tupdesc->natts; i++)
		receiver->columns[i] =
			sqm_export_value_create(list_nth(receiver->kinds, i),
									TupleDescAttr(tupdesc, i)->atttypid,
									receiver->six_digits);
	receiver->row_context = AllocSetContextCreate(CurrentMemoryContext,
												  "sq2pg export row",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(old);
}

static void
bind_value(SqmStatement *stmt, int index, const SqmValue *value)
{
	switch (value->storage)
	{
		case SQM_NULL:
			sqm_statement_bind_text(stmt, index, NULL);
			break;
		case SQM_INTEGER:
			sqm_statement_bind_int64(stmt, index, value->integer);
			break;
		case SQM_REAL:
			sqm_statement_bind_double(stmt, index, value->real);
			break;
		case SQM_TEXT:
		case SQM_BLOB:
			sqm_statement_bind_bytes(stmt, index, value->storage, value->data,
									 value->length);
			break;
	}
}

static bool
receiver_receive(TupleTableSlot *slot, DestReceiver *self)
{
	ExportReceiver *receiver = (ExportReceiver *) self;
	MemoryContext old;

	CHECK_FOR_INTERRUPTS();
	slot_getallattrs(slot);
	old = MemoryContextSwitchTo(receiver->row_context);
	for (int i = 0; i < slot->tts_tupleDescriptor->natts; i++)
	{
		SqmValue	value = {.storage = SQM_NULL};

		if (!slot->tts_isnull[i])
			sqm_export_value(receiver->columns[i], slot->tts_values[i],
							 &value);
		bind_value(receiver->insert, i + 1, &value);
	}
	(void) sqm_statement_step(receiver->insert);
	sqm_statement_reset(receiver->insert);
	MemoryContextSwitchTo(old);
	MemoryContextReset(receiver->row_context);
	receiver->rows++;
	return true;
}

static void
receiver_nothing(DestReceiver *self)
{
}

static void
run_query(const char *query, ExportReceiver *receiver)
{
	SPIExecuteOptions options = {0};
	int			result;

	receiver->context = CurrentMemoryContext;
	receiver->pub.receiveSlot = receiver_receive;
	receiver->pub.rStartup = receiver_startup;
	receiver->pub.rShutdown = receiver_nothing;
	receiver->pub.rDestroy = receiver_nothing;
	receiver->pub.mydest = DestTuplestore;	/* any that SPI takes as rows */

	/* with the snapshot that is active, that of the whole export */
	options.read_only = true;
	options.must_return_tuples = true;
	options.dest = (DestReceiver *) receiver;
	result = SPI_execute_extended(query, &options);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_extended failed: %s",
			 SPI_result_code_string(result));
}

/*
 * sq2pg.export_rows(query text, insert_statement text, kinds text[],
 *					 six_digits boolean, OUT rows bigint, OUT altered text[],
 *					 OUT odd text[])
 *
 * For each column, how many values are not exactly what they were, and how
 * many moments are none for SQLite.
 */
Datum
sqm_export_rows(PG_FUNCTION_ARGS)
{
	char	   *query = sqm_arg_text(fcinfo, 0);
	ExportReceiver receiver = {0};
	List	   *altered = NIL;
	List	   *odd = NIL;
	SqmRow		row;

	sqm_row_begin(fcinfo, &row);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	receiver.kinds = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(2));
	receiver.six_digits = PG_GETARG_BOOL(3);
	receiver.insert = sqm_statement_prepare(sqm_export_database(),
											sqm_arg_text(fcinfo, 1));
	sqm_export_begin_rows();
	PG_TRY();
	{
		run_query(query, &receiver);
	}
	PG_FINALLY();
	{
		sqm_export_end_rows();
	}
	PG_END_TRY();
	sqm_statement_finalize(receiver.insert);
	sqm_row_bigint(&row, receiver.rows);
	for (int i = 0; i < list_length(receiver.kinds); i++)
	{
		SqmExportValue *column = receiver.columns == NULL ? NULL :
			receiver.columns[i];

		altered = lappend(altered, column == NULL ? "0" :
						  psprintf(INT64_FORMAT, sqm_export_value_altered(column)));
		odd = lappend(odd, column == NULL ? "0" :
					  psprintf(INT64_FORMAT, sqm_export_value_odd(column)));
	}
	sqm_row_text_array(&row, altered);
	sqm_row_text_array(&row, odd);
	/* what the row holds is ours until SPI_finish() */
	sqm_row_emit(&row);
	SPI_finish();
	return (Datum) 0;
}
