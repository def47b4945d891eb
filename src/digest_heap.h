/*-------------------------------------------------------------------------
 *
 * digest_heap.h
 *		Digest of an ordinary table by several processes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_DIGEST_HEAP_H
#define SQM_DIGEST_HEAP_H

#include "postgres.h"

#include "access/attnum.h"

#include "compare.h"

extern bool sqm_digest_heap(Oid relid, const AttrNumber *attnums, int columns,
							pg_tz *zone, SqmDigest *digest);

#endif							/* SQM_DIGEST_HEAP_H */
