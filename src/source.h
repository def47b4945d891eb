/*-------------------------------------------------------------------------
 *
 * source.h
 *		From the name of a source to an open SQLite database with one read
 *		snapshot.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_SOURCE_H
#define SQM_SOURCE_H

#include "postgres.h"

#include <sys/types.h>

#include "lite.h"

/* What a source is opened for decides whether writers may be kept waiting. */
typedef enum SqmPurpose
{
	SQM_PURPOSE_READ,			/* catalog functions, foreign tables: in place */
	SQM_PURPOSE_MIGRATE,		/* a long run: never keep a writer waiting */
	SQM_PURPOSE_RECORD			/* the same, and its hash will be asked for */
} SqmPurpose;

/* What a report says about the file. */
typedef struct SqmSourceFacts
{
	int64		size;
	int64		modified;		/* mtime, seconds since 1970; 0 for objects */
	int64		change_counter;
	bool		wal_mode;
	bool		copied;			/* read from a temporary copy */
} SqmSourceFacts;

/*
 * How another process of the server opens the same bytes and sees the same
 * moment.  Flat: it travels through shared memory.
 */
#define SQM_MAX_SOURCE 1024
typedef struct SqmSourceShare
{
	char		name[SQM_MAX_SOURCE];	/* as the user gave it */
	char		path[SQM_MAX_SOURCE];	/* of the file itself, or of its copy */
	dev_t		device;			/* of the file; inode 0: of a copy */
	ino_t		inode;
	bool		immutable;
	bool		others_write;	/* it must be proven that nobody did */
} SqmSourceShare;

extern void sqm_source_define_settings(void);
extern SqmLite *sqm_source_open(const char *source, Oid role, SqmPurpose purpose);
extern void sqm_source_keep(const char *source, Oid role);
extern void sqm_source_check_unchanged(const char *source);
extern bool sqm_source_share(const char *source, Oid role, SqmSourceShare *share);
extern bool sqm_source_is_still(const char *source);
extern SqmLite *sqm_source_adopt(const SqmSourceShare *share);
extern SqmSourceFacts sqm_source_facts(const char *source);
extern bool sqm_source_hash_piece(const char *source);
extern const char *sqm_source_sha256(const char *source, const char **note);

#endif							/* SQM_SOURCE_H */
