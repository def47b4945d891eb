/*-------------------------------------------------------------------------
 *
 * compare.h
 *		When does a stored Datum stand for the SQLite value it came from?
 *
 * Both sides are turned into canonical bytes (docs/types.md, "When two values
 * are equal").  The bytes of one value are self-delimiting, so the forms of
 * several columns may be appended to one buffer without a separator.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_COMPARE_H
#define SQM_COMPARE_H

#include "postgres.h"

#include "access/attnum.h"
#include "executor/tuptable.h"
#include "lib/stringinfo.h"
#include "pgtime.h"

#include "sqmvalue.h"

/*
 * An order-independent digest of rows: the sum of a 128-bit hash per row,
 * and the count.  A sum, because XOR would let two equal rows cancel out.
 */
typedef struct SqmDigest
{
	int64		rows;
	uint64		low;
	uint64		high;
} SqmDigest;

typedef struct SqmCanon SqmCanon;

/*
 * One SqmCanon serves one column.  It lives in the memory context that is
 * current when it is created.  sqm_canon_source and sqm_canon_target append
 * to "out"; for a few types they also allocate a little in the current
 * context, which the caller should reset from row to row.
 */
extern SqmCanon *sqm_canon_create(Oid typid, int32 typmod, pg_tz *time_zone,
								  bool empty_as_null);
extern void sqm_canon_source(SqmCanon *canon, const SqmValue *value,
							 StringInfo out);
extern void sqm_canon_target(SqmCanon *canon, Datum datum, bool isnull,
							 StringInfo out);

extern void sqm_digest_init(SqmDigest *digest);
extern void sqm_digest_add_row(SqmDigest *digest, const char *bytes, int length);
extern void sqm_digest_add(SqmDigest *digest, const SqmDigest *other);
extern void sqm_digest_subtract(SqmDigest *digest, const SqmDigest *other);
extern bool sqm_digest_equal(const SqmDigest *a, const SqmDigest *b);

/* 32 hexadecimal digits; the row count is not part of it */
#define SQM_DIGEST_TEXT_SIZE 33
extern void sqm_digest_text(const SqmDigest *digest, char *text);

/* A digest of stored rows, row by row */
typedef struct SqmRowDigester SqmRowDigester;
extern SqmRowDigester *sqm_row_digester_create(SqmDigest *digest);
extern void sqm_row_digester_add_column(SqmRowDigester *digester, Oid type,
										int32 typmod, pg_tz *time_zone);
extern void sqm_row_digester_row(SqmRowDigester *digester,
								 TupleTableSlot *slot,
								 const AttrNumber *attnums);
extern void sqm_row_digester_drop(SqmRowDigester *digester);

/*
 * Digest all rows of a query in constant memory.  The caller must be
 * connected to SPI and have quoted what needs it.
 */
extern void sqm_digest_query(const char *sql, pg_tz *time_zone,
							 SqmDigest *digest);

#endif							/* SQM_COMPARE_H */
