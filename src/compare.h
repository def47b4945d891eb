/*-------------------------------------------------------------------------
 *
 * compare.h
 *		When does a stored Datum stand for the SQLite value it came from?
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_COMPARE_H
#define SQM_COMPARE_H

#include "postgres.h"

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

extern SqmCanon *sqm_canon_create(Oid typid, int32 typmod, pg_tz *time_zone,
								  bool empty_as_null);
extern void sqm_canon_source(SqmCanon *canon, const SqmValue *value,
							 StringInfo out);
extern void sqm_canon_target(SqmCanon *canon, Datum datum, bool isnull,
							 StringInfo out);

extern void sqm_digest_init(SqmDigest *digest);
extern void sqm_digest_add_row(SqmDigest *digest, const char *bytes, int length);
extern bool sqm_digest_equal(const SqmDigest *a, const SqmDigest *b);

#endif							/* SQM_COMPARE_H */
