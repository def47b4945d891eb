/*-------------------------------------------------------------------------
 *
 * digest.c
 *		Do two sets of rows hold the same rows, in whatever order?
 *
 * The canonical bytes of a row are hashed to 128 bits, and the hashes are
 * summed, each half modulo 2^64.  Order does not matter, repeated rows count,
 * and a part of the rows can be taken away again by subtraction.
 *
 * This file knows rows and bytes; what the bytes mean is compare.c's affair.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/memutils.h"

#include "compare.h"

/* arbitrary, different, fixed: digests are compared between sessions */
#define SEED_LOW	UINT64CONST(0x9e3779b97f4a7c15)
#define SEED_HIGH	UINT64CONST(0xd1b54a32d192ed03)

/* a buffer that one huge row has grown is not kept for the small ones */
#define ROW_BUFFER_KEPT	(1024 * 1024)

void
sqm_digest_init(SqmDigest *digest)
{
	memset(digest, 0, sizeof(SqmDigest));
}

void
sqm_digest_add_row(SqmDigest *digest, const char *bytes, int length)
{
	const unsigned char *row = (const unsigned char *) bytes;

	digest->rows++;
	digest->low += hash_bytes_extended(row, length, SEED_LOW);
	digest->high += hash_bytes_extended(row, length, SEED_HIGH);
}

void
sqm_digest_add(SqmDigest *digest, const SqmDigest *other)
{
	digest->rows += other->rows;
	digest->low += other->low;
	digest->high += other->high;
}

void
sqm_digest_subtract(SqmDigest *digest, const SqmDigest *other)
{
	digest->rows -= other->rows;
	digest->low -= other->low;
	digest->high -= other->high;
}

bool
sqm_digest_equal(const SqmDigest *a, const SqmDigest *b)
{
	return a->rows == b->rows && a->low == b->low && a->high == b->high;
}

void
sqm_digest_text(const SqmDigest *digest, char *text)
{
	snprintf(text, SQM_DIGEST_TEXT_SIZE, "%016llx%016llx",
			 (unsigned long long) digest->high,
			 (unsigned long long) digest->low);
}

/* ---------------------------------------------------------------------
 * Stored rows
 * ---------------------------------------------------------------------
 */

struct SqmRowDigester
{
	SqmDigest  *digest;
	SqmCanon  **canons;
	int			columns;
	StringInfoData row;
	MemoryContext row_context;	/* what making one row's bytes allocates */
};

/* Adds rows to "digest"; lives in the current memory context. */
SqmRowDigester *
sqm_row_digester_create(SqmDigest *digest)
{
	SqmRowDigester *digester = palloc0(sizeof(SqmRowDigester));

	digester->digest = digest;
	initStringInfo(&digester->row);
	digester->row_context = AllocSetContextCreate(CurrentMemoryContext,
												  "sq2pg digest row",
												  ALLOCSET_DEFAULT_SIZES);
	return digester;
}

void
sqm_row_digester_add_column(SqmRowDigester *digester, Oid type, int32 typmod,
							pg_tz *time_zone)
{
	Size		size = sizeof(SqmCanon *) * (digester->columns + 1);

	digester->canons = digester->canons == NULL ? palloc(size) :
		repalloc(digester->canons, size);
	digester->canons[digester->columns++] =
		sqm_canon_create(type, typmod, time_zone, false);
}

/*
 * The row in "slot", whose attributes have been fetched.  Its columns are
 * those with the numbers "attnums", or all in their order.
 */
void
sqm_row_digester_row(SqmRowDigester *digester, TupleTableSlot *slot,
					 const AttrNumber *attnums)
{
	StringInfo	row = &digester->row;
	MemoryContext old;

	resetStringInfo(row);
	old = MemoryContextSwitchTo(digester->row_context);
	for (int i = 0; i < digester->columns; i++)
	{
		int			place = attnums != NULL ? attnums[i] - 1 : i;

		sqm_canon_target(digester->canons[i], slot->tts_values[place],
						 slot->tts_isnull[place], row);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(digester->row_context);

	sqm_digest_add_row(digester->digest, row->data, row->len);
	if (row->maxlen > ROW_BUFFER_KEPT)
	{
		row->maxlen = ROW_BUFFER_KEPT;
		row->data = repalloc(row->data, row->maxlen);
	}
}

void
sqm_row_digester_drop(SqmRowDigester *digester)
{
	MemoryContextDelete(digester->row_context);
	pfree(digester->row.data);
	pfree(digester);
}

/*
 * A destination for query results that keeps nothing but the sum
 */
typedef struct DigestReceiver
{
	DestReceiver pub;
	SqmDigest  *digest;
	pg_tz	   *time_zone;
	SqmRowDigester *digester;
} DigestReceiver;

static void
receiver_startup(DestReceiver *self, int operation, TupleDesc tupdesc)
{
	DigestReceiver *receiver = (DigestReceiver *) self;

	receiver->digester = sqm_row_digester_create(receiver->digest);
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(tupdesc, i);

		sqm_row_digester_add_column(receiver->digester, column->atttypid,
									column->atttypmod, receiver->time_zone);
	}
}

static bool
receiver_receive(TupleTableSlot *slot, DestReceiver *self)
{
	DigestReceiver *receiver = (DigestReceiver *) self;

	CHECK_FOR_INTERRUPTS();
	slot_getallattrs(slot);
	sqm_row_digester_row(receiver->digester, slot, NULL);
	return true;
}

static void
receiver_shutdown(DestReceiver *self)
{
	sqm_row_digester_drop(((DigestReceiver *) self)->digester);
}

static void
receiver_destroy(DestReceiver *self)
{
	pfree(self);
}

void
sqm_digest_query(const char *sql, pg_tz *time_zone, SqmDigest *digest)
{
	DigestReceiver *receiver = palloc0(sizeof(DigestReceiver));
	SPIExecuteOptions options = {0};
	int			result;

	sqm_digest_init(digest);
	receiver->pub.receiveSlot = receiver_receive;
	receiver->pub.rStartup = receiver_startup;
	receiver->pub.rShutdown = receiver_shutdown;
	receiver->pub.rDestroy = receiver_destroy;
	receiver->pub.mydest = DestTuplestore;	/* any that SPI takes as rows */
	receiver->digest = digest;
	receiver->time_zone = time_zone;

	/* a new snapshot: what this transaction has just written counts */
	options.read_only = false;
	options.must_return_tuples = true;
	options.dest = (DestReceiver *) receiver;
	result = SPI_execute_extended(sql, &options);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_extended failed: %s",
			 SPI_result_code_string(result));
	receiver_destroy((DestReceiver *) receiver);
}
