/*-------------------------------------------------------------------------
 *
 * source_hash.c
 *		What is the SHA-256 of a source, computed when there is time for it?
 *
 * A piece at a time, so that somebody who waits for others can do a few and
 * look up again.  The bytes are those of a file that is read in place, or of a
 * temporary copy.  Whether they are what is read, source.c knows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/resowner.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "filehash.h"
#include "lite.h"
#include "source_hash.h"

#define PIECE (256 * 1024)

struct SqmSourceHash
{
	SqmFileHash *hash;
	const char *display;
	SqmRawFile *raw;			/* of a file, or NULL */
	File		copy;
	char		marks[2];		/* bytes 18 and 19 of the original of a copy */
	int64		size;
	int64		offset;
	char	   *buffer;
};

/*
 * It may be begun in a subtransaction and ended in another one: what it needs
 * belongs to the transaction, and to "context", as do the names.
 */
static SqmSourceHash *
create_hash(const char *display, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	ResourceOwner owner = CurrentResourceOwner;
	SqmSourceHash *hash = palloc0(sizeof(SqmSourceHash));

	hash->display = display;
	hash->buffer = palloc(PIECE);
	CurrentResourceOwner = TopTransactionResourceOwner;
	hash->hash = sqm_file_hash_create();
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(old);
	return hash;
}

/* Begin with a file that nobody changes meanwhile. */
SqmSourceHash *
sqm_source_hash_file(const char *path, const char *display,
					 MemoryContext context)
{
	SqmSourceHash *hash = create_hash(display, context);
	MemoryContext old = MemoryContextSwitchTo(context);

	hash->raw = sqm_raw_open(path, display);
	hash->size = sqm_raw_size(hash->raw);
	MemoryContextSwitchTo(old);
	return hash;
}

/* The same of an original, by its copy and the two bytes that are changed. */
SqmSourceHash *
sqm_source_hash_copy(File copy, int64 size, const char *marks,
					 const char *display, MemoryContext context)
{
	SqmSourceHash *hash = create_hash(display, context);

	hash->copy = copy;
	hash->size = size;
	memcpy(hash->marks, marks, sizeof(hash->marks));
	return hash;
}

static void
read_piece(SqmSourceHash *hash, int amount)
{
	if (hash->raw != NULL)
	{
		(void) sqm_raw_read(hash->raw, hash->buffer, amount, hash->offset);
		return;
	}
	errno = 0;
	if (FileRead(hash->copy, hash->buffer, amount, hash->offset,
				 PG_WAIT_EXTENSION) != amount)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read a temporary copy of SQLite database \"%s\": %m",
						hash->display)));
	if (hash->offset == 0)
		memcpy(hash->buffer + 18, hash->marks, sizeof(hash->marks));
}

/*
 * Add a piece.  False when that was all: text[SQM_FILE_HASH_SIZE] has the
 * hexadecimal digits, and "hash" is gone.
 */
bool
sqm_source_hash_add(SqmSourceHash *hash, char *text)
{
	int			amount = (int) Min(hash->size - hash->offset, PIECE);

	if (amount > 0)
	{
		read_piece(hash, amount);
		sqm_file_hash_add(hash->hash, hash->buffer, amount);
		hash->offset += amount;
		return true;
	}
	if (hash->raw != NULL)
		sqm_raw_close(hash->raw);
	sqm_file_hash_finish(hash->hash, text);
	pfree(hash->buffer);
	pfree(hash);
	return false;
}
