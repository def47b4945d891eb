/*-------------------------------------------------------------------------
 *
 * dropped.c
 *		How is a file read that lies where others may put what they like?
 *
 * Whoever may write into such a folder may try to make the server read
 * another file: by a symbolic link, by exchanging a file or a directory for
 * one between a check and the use, by a pipe that never answers.  So nothing
 * is checked by name and then used by name.  The folder, which the
 * administrator chose, is opened; from there the kernel resolves the rest
 * without following any link (openat2, or component by component where the
 * kernel does not have it), and all that is asked afterwards is asked of the
 * descriptor.
 *
 * "Nobody but SQLite opens the file" (lite_file.c) has a reason: closing any
 * descriptor of a file drops the POSIX locks that this process holds on it.
 * Locks of other processes are not touched.  SQLite holds locks in this
 * process only while a source is open; if it is the same file, by device and
 * inode, the descriptor stays open until the end of the transaction, which
 * closes it after all sources.  The lock that is taken here belongs to the
 * descriptor and not to the process (F_OFD_SETLK): it conflicts with those of
 * applications, as SQLite's own does, and is no concern of this process.
 *
 * This file does not know what a database is, but for where SQLite's locks
 * lie and how it tells that a journal is hot.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef SYS_openat2
#include <linux/openat2.h>
#endif

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "dropped.h"

/* Where SQLite's locks lie (a part of its file format) */
#define PENDING_BYTE 0x40000000
#define RESERVED_BYTE (PENDING_BYTE + 1)
#define SHARED_FIRST (PENDING_BYTE + 2)
#define SHARED_SIZE 510

struct SqmDropped
{
	const char *path;			/* for messages */
	const char *name;			/* the last component */
	int			directory;		/* descriptor of what it lies in, or -1 */
	int			fd;				/* or -1 */
	struct stat state;			/* when the lock was taken */
	SqmFileInUse in_use;
	MemoryContextCallback callback;
};

/* ---------------------------------------------------------------------
 * Descriptors
 * ---------------------------------------------------------------------
 */

static void
close_descriptor(int *fd)
{
	if (*fd < 0)
		return;
	close(*fd);
	*fd = -1;
	ReleaseExternalFD();
}

/* At the end of the transaction, when all sources are closed */
static void
close_late(void *arg)
{
	SqmDropped *file = (SqmDropped *) arg;

	close_descriptor(&file->fd);
	close_descriptor(&file->directory);
}

void
sqm_dropped_close(SqmDropped *file)
{
	struct stat st;

	close_descriptor(&file->directory);
	if (file->fd >= 0 && fstat(file->fd, &st) == 0 &&
		!file->in_use(st.st_dev, st.st_ino))
		close_descriptor(&file->fd);
}

static void
raise_cannot_open(SqmDropped *file, int error)
{
	errno = error;
	ereport(ERROR,
			(errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
			 error == ELOOP || error == ENOTDIR || error == EXDEV ?
			 errmsg("could not open SQLite database \"%s\": it is reached by a symbolic link or through a file",
					file->path) :
			 errmsg("could not open SQLite database \"%s\": %m", file->path),
			 errhint("Below the directories in \"sqlite_fdw_mig.allowed_directories\" only plain files in plain directories are read.")));
}

static void
reserve_descriptor(SqmDropped *file)
{
	if (!AcquireExternalFD())
		raise_cannot_open(file, EMFILE);
}

/* The next directory on the way, or -1 */
static int
open_component(int directory, const char *component, int flags)
{
	int			fd;

	do
	{
		fd = openat(directory, component, flags | O_NOFOLLOW | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	return fd;
}

/* The directory that holds the file, step by step; -1 and errno if not. */
static int
open_step_by_step(int folder, const char *relative)
{
	int			at = folder;

	for (;;)
	{
		const char *slash = strchr(relative, '/');
		char	   *component;
		int			next;
		int			error;

		if (slash == NULL)
			return at == folder ? dup(folder) : at;
		component = pnstrdup(relative, slash - relative);
		next = open_component(at, component, O_RDONLY | O_DIRECTORY);
		error = errno;
		if (at != folder)
			close(at);
		pfree(component);
		errno = error;
		if (next < 0)
			return -1;
		at = next;
		relative = slash + 1;
	}
}

/* The same in one go; -1 with ENOSYS where the kernel cannot. */
static int
open_at_once(int folder, const char *relative)
{
#ifdef SYS_openat2
	const char *slash = strrchr(relative, '/');
	struct open_how how = {0};
	char	   *directory = slash == NULL ? pstrdup(".") :
		pnstrdup(relative, slash - relative);
	int			fd;

	how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		RESOLVE_NO_MAGICLINKS;
	do
	{
		fd = (int) syscall(SYS_openat2, folder, directory, &how, sizeof(how));
	} while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	/* containers forbid system calls that they do not know */
	if (fd < 0 && (errno == EPERM || errno == EINVAL || errno == E2BIG))
		errno = ENOSYS;
	return fd;
#else
	errno = ENOSYS;
	return -1;
#endif
}

static void
open_directory(SqmDropped *file, const char *folder, const char *relative)
{
	int			base;
	int			error;

	reserve_descriptor(file);
	base = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base >= 0)
	{
		file->directory = open_at_once(base, relative);
		if (file->directory < 0 && errno == ENOSYS)
			file->directory = open_step_by_step(base, relative);
		error = errno;
		close(base);
		errno = error;
	}
	if (file->directory < 0)
	{
		error = errno;
		ReleaseExternalFD();
		raise_cannot_open(file, error);
	}
}

/* Neither a link nor a pipe is waited for: what it is shows afterwards. */
static void
open_file(SqmDropped *file)
{
	reserve_descriptor(file);
	file->fd = open_component(file->directory, file->name,
							  O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (file->fd < 0)
	{
		int			error = errno;

		ReleaseExternalFD();
		raise_cannot_open(file, error);
	}
}

static void
look_at_file(SqmDropped *file, struct stat *st)
{
	if (fstat(file->fd, st) != 0)
		raise_cannot_open(file, errno);
	if (!S_ISREG(st->st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
				 S_ISDIR(st->st_mode) ?
				 errmsg("\"%s\" is a directory", file->path) :
				 errmsg("\"%s\" is not a regular file", file->path)));
	/* a second name may be that of a file which nobody put here */
	if (st->st_nlink > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("\"%s\" is a hard link", file->path),
				 errhint("Copy the file instead of linking to it.")));
	if (st->st_size == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
				 errmsg("\"%s\" is empty", file->path),
				 errhint("An empty file is often what is left of an interrupted copy or a mistyped path.")));
}

/*
 * Open the regular file "path", which lies below "folder", for reading.  It is
 * closed at the latest by the end of the transaction.
 */
SqmDropped *
sqm_dropped_open(const char *folder, const char *path, SqmFileInUse in_use)
{
	SqmDropped *file = MemoryContextAllocZero(TopTransactionContext,
											  sizeof(SqmDropped));
	const char *relative = path + (strcmp(folder, "/") == 0 ? 1 :
								   strlen(folder) + 1);

	file->path = MemoryContextStrdup(TopTransactionContext, path);
	file->name = strrchr(file->path, '/') + 1;
	file->directory = -1;
	file->fd = -1;
	file->in_use = in_use;
	file->callback.func = close_late;
	file->callback.arg = file;
	MemoryContextRegisterResetCallback(TopTransactionContext, &file->callback);
	open_directory(file, folder, relative);
	open_file(file);
	look_at_file(file, &file->state);
	return file;
}

/* ---------------------------------------------------------------------
 * Locks and companions
 * ---------------------------------------------------------------------
 */

/* 1: got it, 0: somebody else has it, -1: no such locks here */
static int
set_lock(SqmDropped *file, short type, off_t start, off_t length)
{
#ifdef F_OFD_SETLK
	struct flock lock = {0};

	lock.l_type = type;
	lock.l_whence = SEEK_SET;
	lock.l_start = start;
	lock.l_len = length;
	if (fcntl(file->fd, F_OFD_SETLK, &lock) == 0)
		return 1;
	return errno == EAGAIN || errno == EACCES ? 0 : -1;
#else
	return -1;
#endif
}

/* As SQLite takes its shared lock: not past a writer that waits to write. */
static int
try_shared_lock(SqmDropped *file)
{
	int			result = set_lock(file, F_RDLCK, PENDING_BYTE, 1);

	if (result <= 0)
		return result;
	result = set_lock(file, F_RDLCK, SHARED_FIRST, SHARED_SIZE);
	(void) set_lock(file, F_UNLCK, PENDING_BYTE, 1);
	return result;
}

/*
 * Keep applications from writing into the file; false if one has locked it for
 * longer than "timeout" milliseconds.
 */
bool
sqm_dropped_lock(SqmDropped *file, int timeout)
{
	instr_time	start;
	instr_time	now;

	INSTR_TIME_SET_CURRENT(start);
	for (;;)
	{
		int			result = try_shared_lock(file);

		if (result != 0)
		{
			/* without locks only the file's times tell of writers */
			look_at_file(file, &file->state);
			return true;
		}
		INSTR_TIME_SET_CURRENT(now);
		INSTR_TIME_SUBTRACT(now, start);
		if (INSTR_TIME_GET_MILLISEC(now) >= timeout)
			return false;
		CHECK_FOR_INTERRUPTS();
		pg_usleep(10000L);
	}
}

/* Does an application have a transaction under way? */
static bool
has_writer(SqmDropped *file)
{
#ifdef F_OFD_GETLK
	struct flock lock = {0};

	lock.l_type = F_WRLCK;
	lock.l_whence = SEEK_SET;
	lock.l_start = RESERVED_BYTE;
	lock.l_len = 1;
	return fcntl(file->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
#else
	return false;
#endif
}

/* Size of a companion; -1 if there is none that SQLite would look at. */
static int64
companion_size(SqmDropped *file, const char *suffix)
{
	char	   *name = psprintf("%s%s", file->name, suffix);
	struct stat st;
	int64		size = -1;

	if (fstatat(file->directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		size = S_ISREG(st.st_mode) ? (int64) st.st_size : 1;
	pfree(name);
	return size;
}

int64
sqm_dropped_log_size(SqmDropped *file)
{
	return companion_size(file, "-wal");
}

/*
 * Is there a journal that would have to be rolled back first?  (One whose
 * header was filled with zeros belongs to a finished transaction.)
 */
bool
sqm_dropped_is_unclean(SqmDropped *file)
{
	char	   *name;
	char		first = 1;
	int			fd;

	if (companion_size(file, "-journal") <= 0 || has_writer(file))
		return false;
	name = psprintf("%s-journal", file->name);
	fd = open_component(file->directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0)
	{
		if (pread(fd, &first, 1, 0) != 1)
			first = 1;
		close(fd);
	}
	pfree(name);
	return first != 0;
}

/* ---------------------------------------------------------------------
 * Content
 * ---------------------------------------------------------------------
 */

int64
sqm_dropped_size(SqmDropped *file)
{
	return file->state.st_size;
}

/* Seconds since 1970 */
int64
sqm_dropped_modified(SqmDropped *file)
{
	return file->state.st_mtim.tv_sec;
}

/* False at a short read; the rest of the buffer is zero then. */
bool
sqm_dropped_read(SqmDropped *file, char *buffer, int amount, int64 offset)
{
	int			done = 0;

	while (done < amount)
	{
		ssize_t		got = pread(file->fd, buffer + done, amount - done,
								offset + done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not read SQLite database \"%s\": %m",
							file->path)));
		if (got == 0)
			break;
		done += got;
	}
	memset(buffer + done, 0, amount - done);
	return done == amount;
}

/* Since the lock was taken */
bool
sqm_dropped_is_unchanged(SqmDropped *file)
{
	struct stat now;

	return fstat(file->fd, &now) == 0 &&
		now.st_size == file->state.st_size &&
		now.st_mtim.tv_sec == file->state.st_mtim.tv_sec &&
		now.st_mtim.tv_nsec == file->state.st_mtim.tv_nsec;
}
