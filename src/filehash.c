/*-------------------------------------------------------------------------
 *
 * filehash.c
 *		What would the program sha256sum say of these bytes?
 *
 * The bytes come in pieces, so that memory does not grow with the file.
 * This file does not know where they come from.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "miscadmin.h"

#include "filehash.h"

struct SqmFileHash
{
	pg_cryptohash_ctx *context;
};

static void
raise_hash_error(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("could not compute %s hash", "SHA-256")));
}

/*
 * To be finished by whoever created it, before the current resource owner
 * ends: that cleans up after an error.
 */
SqmFileHash *
sqm_file_hash_create(void)
{
	SqmFileHash *hash = palloc(sizeof(SqmFileHash));

	hash->context = pg_cryptohash_create(PG_SHA256);
	if (hash->context == NULL || pg_cryptohash_init(hash->context) < 0)
		raise_hash_error();
	return hash;
}

void
sqm_file_hash_add(SqmFileHash *hash, const char *bytes, int amount)
{
	CHECK_FOR_INTERRUPTS();
	if (pg_cryptohash_update(hash->context, (const uint8 *) bytes, amount) < 0)
		raise_hash_error();
}

/* Write the hash in hexadecimal digits into text[SQM_FILE_HASH_SIZE]. */
void
sqm_file_hash_finish(SqmFileHash *hash, char *text)
{
	static const char digits[] = "0123456789abcdef";
	uint8		sum[PG_SHA256_DIGEST_LENGTH];

	if (pg_cryptohash_final(hash->context, sum, sizeof(sum)) < 0)
		raise_hash_error();
	pg_cryptohash_free(hash->context);
	pfree(hash);
	for (int i = 0; i < PG_SHA256_DIGEST_LENGTH; i++)
	{
		*text++ = digits[sum[i] >> 4];
		*text++ = digits[sum[i] & 0x0f];
	}
	*text = '\0';
}
