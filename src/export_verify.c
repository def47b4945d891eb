/*-------------------------------------------------------------------------
 *
 * export_verify.c
 *		Does the database that was written hold what PostgreSQL holds?
 *
 * The file is opened anew, as any SQLite database is read here (views are
 * looked at before, while they can still be taken back).  Both sides
 * are made canonical by compare.c, which has never seen export_value.c: what
 * SQLite holds, for the types of the columns that it came from; and what
 * PostgreSQL holds.  The sums must be the same.
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
#include "utils/timestamp.h"

#include "compare.h"
#include "export.h"
#include "srf.h"

PG_FUNCTION_INFO_V1(sqm_export_compare);

/* The rows of PostgreSQL, and the types of their columns. */
typedef struct StoredRows
{
	DestReceiver pub;
	SqmDigest	digest;
	SqmRowDigester *digester;
	SqmCanon  **canons;			/* for SQLite's side */
	int			columns;
	MemoryContext context;		/* outlives the query */
} StoredRows;

static void
stored_startup(DestReceiver *self, int operation, TupleDesc tupdesc)
{
	StoredRows *stored = (StoredRows *) self;
	MemoryContext old = MemoryContextSwitchTo(stored->context);

	stored->columns = tupdesc->natts;
	stored->canons = palloc(sizeof(SqmCanon *) * (tupdesc->natts + 1));
	stored->digester = sqm_row_digester_create(&stored->digest);
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(tupdesc, i);

		sqm_row_digester_add_column(stored->digester, column->atttypid,
									column->atttypmod, NULL);
		stored->canons[i] = sqm_canon_create(column->atttypid,
											 column->atttypmod, NULL, false);
	}
	MemoryContextSwitchTo(old);
}

static bool
stored_receive(TupleTableSlot *slot, DestReceiver *self)
{
	CHECK_FOR_INTERRUPTS();
	slot_getallattrs(slot);
	sqm_row_digester_row(((StoredRows *) self)->digester, slot, NULL);
	return true;
}

static void
stored_nothing(DestReceiver *self)
{
}

static void
read_stored(const char *query, StoredRows *stored)
{
	SPIExecuteOptions options = {0};
	int			result;

	stored->context = CurrentMemoryContext;
	stored->pub.receiveSlot = stored_receive;
	stored->pub.rStartup = stored_startup;
	stored->pub.rShutdown = stored_nothing;
	stored->pub.rDestroy = stored_nothing;
	stored->pub.mydest = DestTuplestore;
	sqm_digest_init(&stored->digest);
	options.read_only = true;
	options.must_return_tuples = true;
	options.dest = (DestReceiver *) stored;
	result = SPI_execute_extended(query, &options);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_extended failed: %s",
			 SPI_result_code_string(result));
}

/*
 * False if that takes too long.  What SQLite says against a row that it was to
 * compute (but not that somebody cancelled it) is handed back.
 */
static bool
read_written(SqmLite *lite, const char *query, const StoredRows *stored,
			 SqmDigest *digest, char **problem)
{
	SqmStatement *stmt = sqm_statement_prepare(lite, query);
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "sq2pg export row",
													  ALLOCSET_DEFAULT_SIZES);
	StringInfoData bytes;
	bool		in_time;

	initStringInfo(&bytes);
	sqm_digest_init(digest);
	while (sqm_statement_try_step(stmt, problem) == SQM_STEP_ROW)
	{
		MemoryContext old = MemoryContextSwitchTo(row_context);

		CHECK_FOR_INTERRUPTS();
		resetStringInfo(&bytes);
		for (int i = 0; i < stored->columns; i++)
		{
			SqmValue	value;

			sqm_statement_value(stmt, i, &value);
			sqm_canon_source(stored->canons[i], &value, &bytes);
		}
		sqm_digest_add_row(digest, bytes.data, bytes.len);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_context);
	}
	in_time = !sqm_lite_is_late(lite);
	sqm_statement_finalize(stmt);
	return in_time;
}

/*
 * How long SQLite may take: ten times as long as we did, but not less than the
 * caller says.
 */
static int64
patience(int least, TimestampTz begun)
{
	return least < 0 ? -1 :
		Max(least, (GetCurrentTimestamp() - begun) / 1000 * 10);
}

/*
 * sq2pg.export_compare(stored_query text, written_query text, patience int,
 *						OUT stored_rows bigint, OUT written_rows bigint,
 *						OUT matches boolean, OUT problem text)
 */
Datum
sqm_export_compare(PG_FUNCTION_ARGS)
{
	StoredRows	stored = {0};
	SqmDigest	written;
	TimestampTz begun = GetCurrentTimestamp();
	SqmLite    *lite;
	SqmRow		row;
	char	   *problem = NULL;
	bool		in_time;

	sqm_row_begin(fcinfo, &row);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	read_stored(sqm_arg_text(fcinfo, 0), &stored);
	lite = sqm_export_open_database();
	if (lite != NULL)
	{
		sqm_lite_set_patience(lite, patience(PG_GETARG_INT32(2), begun));
		in_time = read_written(lite, sqm_arg_text(fcinfo, 1), &stored, &written,
							   &problem);
		sqm_lite_set_patience(lite, -1);
	}
	else
	{
		lite = sqm_lite_open(sqm_export_path(), "export", SQM_OPEN_IMMUTABLE);
		in_time = read_written(lite, sqm_arg_text(fcinfo, 1), &stored, &written,
							   &problem);
		sqm_lite_close(lite);
	}
	sqm_row_bigint(&row, stored.digest.rows);
	sqm_row_bigint(&row, written.rows);
	if (problem != NULL)
		sqm_row_bool(&row, false);
	else if (in_time)
		sqm_row_bool(&row, sqm_digest_equal(&stored.digest, &written));
	else
		sqm_row_null(&row);
	sqm_row_text(&row, problem);
	sqm_row_emit(&row);
	SPI_finish();
	return (Datum) 0;
}
