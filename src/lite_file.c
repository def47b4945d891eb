/*-------------------------------------------------------------------------
 *
 * lite_file.c
 *		How may the bytes of a SQLite database be reached without anybody
 *		noticing?
 *
 * Two things live here: a virtual file system that passes everything on to
 * SQLite's default one except the wish to create, write or delete a file
 * beside the database; and reading the raw bytes of the database file.
 *
 * The raw bytes are read through that same file system and never through
 * open() and close() of ours: POSIX drops *all* locks that a process holds on
 * a file when it closes *any* descriptor of it, so an innocent look at the
 * header would take away the lock that SQLite holds in this backend and the
 * application would write under our feet.
 *
 * This file knows nothing of databases, only of files.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sqlite3.h>

#include "utils/memutils.h"

#include "lite.h"

#define SQM_VFS_NAME "sqlite_fdw_mig"

struct SqmRawFile
{
	sqlite3_file *file;
	const char *name;
	const char *display;
	MemoryContextCallback callback;
};

static sqlite3_vfs *base_vfs = NULL;

/*
 * Companion files (journal, WAL) may be read where they exist; they are never
 * created and never opened for writing.  SQLite takes the refusal as a normal
 * failure to open.
 */
static int
quiet_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
		   int flags, int *out_flags)
{
	const int	companions = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL |
		SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_MAIN_DB;

	if (flags & companions)
	{
		flags &= ~(SQLITE_OPEN_CREATE | SQLITE_OPEN_READWRITE |
				   SQLITE_OPEN_DELETEONCLOSE | SQLITE_OPEN_EXCLUSIVE);
		flags |= SQLITE_OPEN_READONLY;
	}
	return base_vfs->xOpen(base_vfs, name, file, flags, out_flags);
}

static int
quiet_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
	return SQLITE_READONLY;
}

static sqlite3_vfs quiet_vfs = {.zName = SQM_VFS_NAME,.xOpen = quiet_open,.xDelete = quiet_delete};

/*
 * Registers a file system of ours: the default one, but for its name and for
 * what the caller puts into "own", of which the calls that are not NULL take
 * the place of the default's.  Returns the default one.  Ours is not made the
 * default: other users of the library in this process must not meet it.
 */
sqlite3_vfs *
sqm_vfs_register(sqlite3_vfs *own)
{
	sqlite3_vfs *found = sqlite3_vfs_find(NULL);
	sqlite3_vfs given = *own;

	if (found == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_ERROR),
				 errmsg("the SQLite library has no file system")));
	*own = *found;
	own->pNext = NULL;
	own->zName = given.zName;
	if (given.xOpen != NULL)
		own->xOpen = given.xOpen;
	if (given.xDelete != NULL)
		own->xDelete = given.xDelete;
	if (sqlite3_vfs_register(own, 0) != SQLITE_OK)
	{
		*own = given;
		ereport(ERROR,
				(errcode(ERRCODE_FDW_ERROR),
				 errmsg("could not register a file system with SQLite")));
	}
	return found;
}

/* The name of the file system, registered at its first use */
const char *
sqm_vfs_name(void)
{
	if (base_vfs == NULL)
		base_vfs = sqm_vfs_register(&quiet_vfs);
	return SQM_VFS_NAME;
}

static void
raw_file_callback(void *arg)
{
	SqmRawFile *raw = (SqmRawFile *) arg;

	if (raw->file != NULL)
	{
		if (raw->file->pMethods != NULL)
			raw->file->pMethods->xClose(raw->file);
		sqlite3_free(raw->file);
		raw->file = NULL;
	}
	if (raw->name != NULL)
	{
		sqlite3_free_filename(raw->name);
		raw->name = NULL;
	}
}

/*
 * Open the database file at "path" for reading its bytes.  The handle lives
 * in the current memory context.  "display" names the source in messages and
 * must live as long.
 */
SqmRawFile *
sqm_raw_open(const char *path, const char *display)
{
	SqmRawFile *raw = palloc0(sizeof(SqmRawFile));
	sqlite3_vfs *vfs = sqlite3_vfs_find(sqm_vfs_name());
	int			out_flags = 0;
	int			rc;

	raw->display = display;
	raw->callback.func = raw_file_callback;
	raw->callback.arg = raw;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &raw->callback);

	/*
	 * The unix VFS asks the name of a main database for URI parameters, which
	 * lie behind its terminator: only sqlite3_create_filename() makes such a
	 * name.  The VFS keeps a pointer to it until xClose.
	 */
	raw->name = sqlite3_create_filename(path, "", "", 0, NULL);
	raw->file = sqlite3_malloc(vfs->szOsFile);
	if (raw->file == NULL || raw->name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory in SQLite")));
	memset(raw->file, 0, vfs->szOsFile);
	rc = vfs->xOpen(vfs, raw->name, raw->file,
					SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY, &out_flags);
	if (rc != SQLITE_OK)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
				 errmsg("could not read SQLite database \"%s\"", display)));
	return raw;
}

/* The size of the file in bytes. */
int64
sqm_raw_size(SqmRawFile *raw)
{
	sqlite3_int64 size = 0;

	if (raw->file->pMethods->xFileSize(raw->file, &size) != SQLITE_OK)
		ereport(ERROR,
				(errcode(ERRCODE_IO_ERROR),
				 errmsg("could not determine the size of SQLite database \"%s\"",
						raw->display)));
	return (int64) size;
}

/*
 * Read "amount" bytes at "offset".  Returns false at a short read; the rest of
 * the buffer is zero then.
 */
bool
sqm_raw_read(SqmRawFile *raw, char *buffer, int amount, int64 offset)
{
	int			rc = raw->file->pMethods->xRead(raw->file, buffer, amount, offset);

	if (rc == SQLITE_IOERR_SHORT_READ)
		return false;
	if (rc != SQLITE_OK)
		ereport(ERROR,
				(errcode(ERRCODE_IO_ERROR),
				 errmsg("could not read SQLite database \"%s\"", raw->display)));
	return true;
}

void
sqm_raw_close(SqmRawFile *raw)
{
	raw_file_callback(raw);
}
