/*-------------------------------------------------------------------------
 *
 * source_hash.h
 *		The SHA-256 of a source's bytes, computed piece by piece.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_SOURCE_HASH_H
#define SQM_SOURCE_HASH_H

#include "postgres.h"

#include "storage/fd.h"

typedef struct SqmSourceHash SqmSourceHash;

extern SqmSourceHash *sqm_source_hash_file(const char *path, const char *display,
										   MemoryContext context);
extern SqmSourceHash *sqm_source_hash_copy(File copy, int64 size,
										   const char *marks,
										   const char *display,
										   MemoryContext context);
extern bool sqm_source_hash_add(SqmSourceHash *hash, char *text);

#endif							/* SQM_SOURCE_HASH_H */
