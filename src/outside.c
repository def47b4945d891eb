/*-------------------------------------------------------------------------
 *
 * outside.c
 *		What does a database file look like from outside?
 *
 * Its state, the files beside it, and what its header says of its size.  The
 * file is never opened here (see lite_file.c: closing it would give SQLite's
 * locks away); whoever has its first bytes brings them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <unistd.h>

#include "outside.h"

/* ---------------------------------------------------------------------
 * Files
 * ---------------------------------------------------------------------
 */

/*
 * The first directory on the way to "path" that the server may not enter, or
 * NULL.
 */
static char *
denying_directory(const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash != NULL;
		 slash = strchr(slash + 1, '/'))
	{
		char	   *directory = pnstrdup(path, slash - path);

		if (access(directory, X_OK) != 0 && errno == EACCES)
			return directory;
		pfree(directory);
	}
	return NULL;
}

static void
raise_unreachable(const char *path, int error)
{
	char	   *denied = error == EACCES ? denying_directory(path) : NULL;

	errno = error;
	ereport(ERROR,
			(errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
			 errmsg("could not open SQLite database \"%s\": %m", path),
			 denied != NULL ?
			 errdetail("The server's operating system user may not enter directory \"%s\".", denied) : 0,
			 errhint("The path is one of the database server's file system, and the server's operating system user must be able to read it. A file on your own machine can be uploaded with \\lo_import in psql and migrated as 'lo:OID'.")));
}

/* An error unless it is a file that can be read, and not an empty one */
void
sqm_outside_stat(const char *path, struct stat *st)
{
	if (stat(path, st) != 0)
		raise_unreachable(path, errno);
	if (!S_ISREG(st->st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
				 S_ISDIR(st->st_mode) ?
				 errmsg("\"%s\" is a directory", path) :
				 errmsg("\"%s\" is not a regular file", path)));
	if (st->st_size == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
				 errmsg("\"%s\" is empty", path),
				 errhint("An empty file is often what is left of an interrupted copy or a mistyped path.")));
	if (access(path, R_OK) != 0)
		raise_unreachable(path, errno);
}

/* Where the links lead; palloc'd */
char *
sqm_outside_realpath(const char *name)
{
	char	   *resolved = realpath(name, NULL);
	char	   *path;

	if (resolved == NULL)
		raise_unreachable(name, errno);
	path = pstrdup(resolved);
	free(resolved);
	return path;
}

bool
sqm_outside_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
		a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Size of a companion file ("-wal", "-shm"), or -1 if there is none. */
int64
sqm_outside_companion(const char *path, const char *suffix)
{
	struct stat st;
	char	   *name = psprintf("%s%s", path, suffix);
	int64		size = -1;

	if (stat(name, &st) == 0)
	{
		/* SQLite would wait for ever for the other end of a pipe */
		if (!S_ISREG(st.st_mode))
			ereport(ERROR,
					(errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
					 S_ISDIR(st.st_mode) ?
					 errmsg("\"%s\" is a directory", name) :
					 errmsg("\"%s\" is not a regular file", name)));
		if (access(name, R_OK) != 0 && errno == EACCES)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
					 errmsg("could not open \"%s\": %m", name),
					 errhint("What lies beside a SQLite database is a part of it: the server's operating system user must be able to read it, too.")));
		size = (int64) st.st_size;
	}
	pfree(name);
	return size;
}

/* None of the files that SQLite may open beside the database is a trap. */
void
sqm_outside_check_companions(const char *path)
{
	static const char *const suffixes[] = {"-journal", "-wal", "-shm"};

	for (int i = 0; i < (int) lengthof(suffixes); i++)
		(void) sqm_outside_companion(path, suffixes[i]);
}

/* ---------------------------------------------------------------------
 * The header
 * ---------------------------------------------------------------------
 */

static int64
big_endian(const unsigned char *p, int bytes)
{
	int64		value = 0;

	for (int i = 0; i < bytes; i++)
		value = (value << 8) | p[i];
	return value;
}

/* Of the first SQM_HEADER_SIZE bytes of a file */
int64
sqm_header_change_counter(const char *bytes)
{
	return big_endian((const unsigned char *) bytes + 24, 4);
}

/*
 * What the first SQM_HEADER_SIZE bytes say, if there are as many; an error if
 * they are no database's.
 */
void
sqm_header_parse(const char *bytes, bool complete, const char *display,
			 SqmHeader *header)
{
	const unsigned char *h = (const unsigned char *) bytes;

	if (!complete || memcmp(h, "SQLite format 3", 16) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
				 errmsg("\"%s\" is not a SQLite database", display),
				 errhint("If the database is encrypted, decrypt it first; if it is a text dump, load it with the sqlite3 program first.")));
	header->page_size = big_endian(h + 16, 2);
	if (header->page_size == 1)
		header->page_size = 65536;
	header->wal_mode = h[18] == 2 || h[19] == 2;
	header->change_counter = sqm_header_change_counter(bytes);
	/* the page count is only valid if the writer was new enough to keep it */
	header->pages = big_endian(h + 92, 4) == header->change_counter ?
		big_endian(h + 28, 4) : 0;
}

/* Fewer bytes than the header counts are an error. */
void
sqm_header_check_size(const SqmHeader *header, int64 size, const char *display)
{
	int64		expected = header->pages * header->page_size;

	if (size < expected)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("SQLite database \"%s\" is truncated", display),
				 errdetail("It has %lld bytes, but its header counts %lld pages of %lld bytes.",
						   (long long) size, (long long) header->pages,
						   (long long) header->page_size),
				 errhint("Copy it again, with the command .backup of the sqlite3 program if it is in use.")));
}
