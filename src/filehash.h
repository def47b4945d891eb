/*-------------------------------------------------------------------------
 *
 * filehash.h
 *		The SHA-256 of bytes that come in pieces.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_FILEHASH_H
#define SQM_FILEHASH_H

#include "postgres.h"

#include "common/sha2.h"

/* with the terminator */
#define SQM_FILE_HASH_SIZE PG_SHA256_DIGEST_STRING_LENGTH

typedef struct SqmFileHash SqmFileHash;

extern SqmFileHash *sqm_file_hash_create(void);
extern void sqm_file_hash_add(SqmFileHash *hash, const char *bytes, int amount);
extern void sqm_file_hash_finish(SqmFileHash *hash, char *text);

#endif							/* SQM_FILEHASH_H */
