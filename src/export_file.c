/*-------------------------------------------------------------------------
 *
 * export_file.c
 *		Where may a new database be put, and how does it get there?
 *
 * It is written and verified in a temporary file of the server's first.  Only
 * the finished one is copied: to a path where nothing is, or into a new large
 * object.  The file goes again if the transaction, or the subtransaction,
 * that made it does not commit.
 *
 * This file does not know what is in a database.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "port.h"
#include "storage/fd.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "export.h"

#define COPY_BLOCK (256 * 1024)
#define NEW_LARGE_OBJECT "lo:new"

/* ---------------------------------------------------------------------
 * Files of transactions that have not ended
 * ---------------------------------------------------------------------
 */

typedef struct UncertainFile
{
	struct UncertainFile *next;
	char	   *path;
	SubTransactionId subid;
	dev_t		device;
	ino_t		inode;
} UncertainFile;

static UncertainFile *uncertain_files = NULL;

/* If it is still the file that we made. */
static void
remove_file(const UncertainFile *file)
{
	struct stat st;

	if (lstat(file->path, &st) == 0 && st.st_dev == file->device &&
		st.st_ino == file->inode && unlink(file->path) != 0)
		ereport(WARNING,
				(errcode_for_file_access(),
				 errmsg("could not remove file \"%s\": %m", file->path)));
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT)
		for (UncertainFile *file = uncertain_files; file; file = file->next)
			remove_file(file);
	/* the list itself ends with the transaction's memory */
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT ||
		event == XACT_EVENT_PREPARE)
		uncertain_files = NULL;
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subid,
					  SubTransactionId parent, void *arg)
{
	for (UncertainFile **link = &uncertain_files; *link != NULL;)
	{
		UncertainFile *file = *link;

		if (file->subid == subid && event == SUBXACT_EVENT_ABORT_SUB)
		{
			remove_file(file);
			*link = file->next;
			continue;
		}
		if (file->subid == subid && event == SUBXACT_EVENT_COMMIT_SUB)
			file->subid = parent;
		link = &file->next;
	}
}

static void
remember_file(const char *path, int fd)
{
	static bool registered = false;
	UncertainFile *file = MemoryContextAlloc(TopTransactionContext,
											 sizeof(UncertainFile));
	struct stat st;

	if (!registered)
	{
		RegisterXactCallback(at_transaction_end, NULL);
		RegisterSubXactCallback(at_subtransaction_end, NULL);
		registered = true;
	}
	file->path = MemoryContextStrdup(TopTransactionContext, path);
	file->subid = GetCurrentSubTransactionId();
	if (fstat(fd, &st) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat file \"%s\": %m", path)));
	file->device = st.st_dev;
	file->inode = st.st_ino;
	file->next = uncertain_files;
	uncertain_files = file;
}

/* ---------------------------------------------------------------------
 * Whether
 * ---------------------------------------------------------------------
 */

static void
check_file_rights(void)
{
	const char *name;

	if (has_privs_of_role(GetUserId(), ROLE_PG_WRITE_SERVER_FILES))
		return;
	name = GetUserNameFromId(GetUserId(), false);
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to write files of the server"),
			 errdetail("Role \"%s\" does not have the privileges of role \"%s\".",
					   name, "pg_write_server_files"),
			 errhint("Give 'lo:new' as the target and download the large object with \\lo_export in psql, or let a superuser run GRANT pg_write_server_files TO %s.",
					 quote_identifier(name))));
}

static char *
real_path(const char *path)
{
	char	   *resolved = realpath(path, NULL);
	char	   *copy;

	if (resolved == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create file in directory \"%s\": %m", path),
				 errhint("The path is one of the database server's file system, and the server's operating system user must be able to write to it.")));
	copy = pstrdup(resolved);
	free(resolved);
	return copy;
}

/* The server's own files are no place for others, however they are called. */
static void
check_directory(const char *path)
{
	char	   *directory = pstrdup(path);
	char	   *data;

	get_parent_directory(directory);
	directory = real_path(directory);
	data = real_path(DataDir);
	if (path_is_prefix_of_path(data, directory))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot write \"%s\": it lies in the server's data directory",
						path)));
}

/*
 * Nothing may be there, nor beside it: SQLite would take a journal that was
 * left behind for one of the new database.
 */
static void
check_absent(const char *path)
{
	static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
	struct stat st;

	for (int i = 0; i < (int) lengthof(suffixes); i++)
	{
		char	   *name = psprintf("%s%s", path, suffixes[i]);

		if (lstat(name, &st) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_FILE),
					 errmsg("file \"%s\" already exists", name),
					 errdetail("An export never writes over a file."),
					 errhint("Give another name, or move the file away.")));
		if (errno != ENOENT)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not stat file \"%s\": %m", name)));
	}
}

/*
 * May, and can, the current user put a new database there?  Asked before the
 * work.
 */
void
sqm_export_check_target(const char *target)
{
	const char *name = last_dir_separator(target);

	if (strcmp(target, NEW_LARGE_OBJECT) == 0)
	{
		PreventCommandIfReadOnly("sq2pg_export('lo:new')");
		PreventCommandDuringRecovery("sq2pg_export('lo:new')");
		return;
	}
	if (strncmp(target, "lo:", 3) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid target \"%s\"", target),
				 errhint("'lo:new' makes a large object; one that exists is never written to.")));
	check_file_rights();
	if (!is_absolute_path(target))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("path \"%s\" is not absolute", target),
				 errhint("The path is one of the server's file system; write it from the root directory on.")));
	if (name == NULL || name[1] == '\0' || strcmp(name, "/.") == 0 ||
		strcmp(name, "/..") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("path \"%s\" names no file", target)));
	check_directory(target);
	check_absent(target);
}

/* ---------------------------------------------------------------------
 * Copying
 * ---------------------------------------------------------------------
 */

static void
read_block(File file, char *buffer, int amount, int64 offset)
{
	CHECK_FOR_INTERRUPTS();
	errno = 0;
	if (FileRead(file, buffer, amount, offset, PG_WAIT_EXTENSION) != amount)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read the temporary file of the export: %m")));
}

static void
write_block(int fd, const char *path, const char *buffer, int amount)
{
	while (amount > 0)
	{
		ssize_t		written;

		errno = 0;
		written = write(fd, buffer, amount);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
		{
			if (errno == 0)
				errno = ENOSPC;
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not write to file \"%s\": %m", path)));
		}
		buffer += written;
		amount -= written;
	}
}

/* As COPY TO makes files: nobody but us may write, all may read. */
static int
create_file(const char *path)
{
	mode_t		before = umask(S_IWGRP | S_IWOTH);
	volatile int fd = -1;

	PG_TRY();
	{
		fd = OpenTransientFilePerm(path, O_CREAT | O_EXCL | O_WRONLY |
								   PG_BINARY, 0666);
	}
	PG_FINALLY();
	{
		int			error = errno;

		umask(before);
		errno = error;
	}
	PG_END_TRY();
	if (fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create file \"%s\": %m", path),
				 errhint("The path is one of the database server's file system, and the server's operating system user must be able to write to it.")));
	return fd;
}

static void
copy_to_path(const char *path, File file, int64 size)
{
	char	   *buffer = palloc(COPY_BLOCK);
	char	   *directory = pstrdup(path);
	int			fd = create_file(path);

	remember_file(path, fd);
	for (int64 offset = 0; offset < size; offset += COPY_BLOCK)
	{
		int			amount = (int) Min(size - offset, COPY_BLOCK);

		read_block(file, buffer, amount, offset);
		write_block(fd, path, buffer, amount);
	}
	if (pg_fsync(fd) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not fsync file \"%s\": %m", path)));
	if (CloseTransientFile(fd) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not close file \"%s\": %m", path)));
	get_parent_directory(directory);
	fsync_fname(directory, true);
	pfree(buffer);
}

/*
 * By the functions that SQL calls: only they tell the end of the transaction
 * to let go of pg_largeobject.
 */
static Oid
copy_to_large_object(File file, int64 size)
{
	bytea	   *block = palloc(COPY_BLOCK + VARHDRSZ);
	Oid			object = DatumGetObjectId(DirectFunctionCall1(be_lo_create,
															  ObjectIdGetDatum(InvalidOid)));

	CommandCounterIncrement();
	for (int64 offset = 0; offset < size; offset += COPY_BLOCK)
	{
		int			amount = (int) Min(size - offset, COPY_BLOCK);

		read_block(file, VARDATA(block), amount, offset);
		SET_VARSIZE(block, amount + VARHDRSZ);
		(void) DirectFunctionCall3(be_lo_put, ObjectIdGetDatum(object),
								   Int64GetDatum(offset),
								   PointerGetDatum(block));
	}
	pfree(block);
	return object;
}

/* Put the finished file where it belongs; what that is called afterwards. */
char *
sqm_export_publish(const char *target, File file)
{
	int64		size = FileSize(file);

	if (size < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read the temporary file of the export: %m")));
	if (strcmp(target, NEW_LARGE_OBJECT) == 0)
		return psprintf("lo:%u", copy_to_large_object(file, size));
	check_absent(target);
	copy_to_path(target, file, size);
	return pstrdup(target);
}
