/*-------------------------------------------------------------------------
 *
 * source.c
 *		How is a source opened so that nobody is disturbed, and who may?
 *
 * A source is an absolute path on the server or 'lo:OID', a large object.
 * Within one transaction a source is opened once; everybody reads through
 * the same handle and therefore the same snapshot, and the end of the
 * transaction closes it, or gives it back to connection.c.
 *
 * The opening rule, in the order of the functions below:
 *
 *	write-ahead log with its index (-shm)	in place: readers do not disturb;
 *											refused if it is damaged (wal.c)
 *	write-ahead log (-wal) without index	refused: reading it would write
 *	WAL mode, but no log: idle				in place, immutable, checked after
 *	rollback journal						a lock keeps writers waiting: a
 *											migration copies the file to a
 *											temporary file and lets go
 *	large object							copied to a temporary file, and looked
 *											at for damage (upload.c)
 *	file below an allowed directory, for	copied through a descriptor; never
 *	a role that may read no other			opened by its path (dropped.c)
 *
 * This file must not know what is read from the database.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "storage/large_object.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "connection.h"
#include "dropped.h"
#include "filehash.h"
#include "guard.h"
#include "outside.h"
#include "progress.h"
#include "rights.h"
#include "source.h"
#include "source_hash.h"
#include "upload.h"
#include "wal.h"

#define SQM_COPY_BLOCK (256 * 1024)

typedef struct SqmSource
{
	struct SqmSource *next;
	char	   *name;			/* as the user gave it */
	char	   *path;			/* of a file, without symbolic links: its
								 * companions lie beside it */
	Oid			role;			/* for whom it was opened */
	bool		dropped;		/* by dropped.c */
	bool		adopted;		/* from the leader, in a worker */
	bool		is_shown;		/* others see that it is copied */
	bool		is_checked;		/* an upload, page by page */
	SqmLite    *lite;
	bool		is_taken;		/* from connection.c */
	bool		keep;			/* there, when the transaction has ended */
	SqmSourceFacts facts;
	bool		immutable;		/* read without locks: check for changes */
	bool		with_log;		/* read together with its -wal file */
	SqmLite    *watch;			/* beside a database that others may write, or
								 * NULL */
	int64		version;		/* as "watch" saw it before our snapshot */
	struct stat before;			/* of the original file */
	File		copy;			/* temporary file, or -1 */
	char		marks[2];		/* bytes 18 and 19 of the original of a copy */
	bool		is_recorded;	/* its hash will be asked for */
	SqmSourceHash *hashing;		/* while it is computed, or NULL */
	char		sha256[SQM_FILE_HASH_SIZE]; /* of the original; empty: not known yet */
	MemoryContext context;
	MemoryContextCallback callback;
} SqmSource;

static SqmSource *sources = NULL;
static bool read_in_place = false;

void
sqm_source_define_settings(void)
{
	DefineCustomBoolVariable("sqlite_fdw_mig.read_in_place",
							 "Reads a database in rollback-journal mode in place during a migration.",
							 "Saves a copy of the file, but keeps writers waiting until the transaction ends.",
							 &read_in_place,
							 false,
							 PGC_USERSET, 0,
							 NULL, NULL, NULL);
}

/* ---------------------------------------------------------------------
 * Temporary copies
 * ---------------------------------------------------------------------
 */

/*
 * The first bytes of a copy: what they say of the original is kept, and an
 * image in WAL mode is marked as being in rollback mode, for it has no log.
 */
static void
mark_copy(SqmSource *source, char *buffer, int amount)
{
	if (amount < SQM_HEADER_SIZE)
		return;
	source->facts.change_counter = sqm_header_change_counter(buffer);
	memcpy(source->marks, buffer + 18, 2);
	if (sqm_is_large_object(source->name) || source->dropped)
		buffer[18] = buffer[19] = 1;
}

/* The message may be one of temp_file_limit: it does not know what for. */
static void
add_copy_context(void *arg)
{
	errcontext("copying SQLite database \"%s\" to a temporary file",
			   (char *) arg);
}

static bool
is_zero(const char *buffer, int amount)
{
	return buffer[0] == 0 && memcmp(buffer, buffer + 1, amount - 1) == 0;
}

static void
write_to_copy(SqmSource *source, char *buffer, int amount, int64 offset)
{
	ErrorContextCallback context = {
		.previous = error_context_stack,
		.callback = add_copy_context,
		.arg = source->name
	};
	int			written;

	errno = 0;
	error_context_stack = &context;
	written = FileWrite(source->copy, buffer, amount, offset,
						PG_WAIT_EXTENSION);
	error_context_stack = context.previous;
	if (written != amount)
	{
		if (errno == 0)
			errno = ENOSPC;
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not write a temporary copy of SQLite database \"%s\": %m",
						source->name)));
	}
}

/*
 * "hash" is NULL where nobody will ask for it.  A file or large object of which
 * little was ever written may be huge all the same: what is zero needs no room
 * in the copy, either.
 */
static void
copy_write(SqmSource *source, SqmFileHash *hash, char *buffer, int amount,
		   int64 offset)
{
	CHECK_FOR_INTERRUPTS();
	if (hash != NULL)
		sqm_file_hash_add(hash, buffer, amount);
	if (offset == 0)
		mark_copy(source, buffer, amount);
	if (!is_zero(buffer, amount))
		write_to_copy(source, buffer, amount, offset);
	if (source->is_shown)
		sqm_progress_copied(offset + amount);
}

/* Zeros at the end have not been written yet. */
static void
end_copy(SqmSource *source, int64 size)
{
	char		zero = 0;

	if (size > 0 && FileSize(source->copy) < size)
		write_to_copy(source, &zero, 1, size - 1);
}

/*
 * The copy counts against temp_file_limit and is deleted when it is closed,
 * by the source's memory context or, after a crash, by the next start.  It is
 * not given to a resource owner: that would warn of a leak at commit, where
 * the context is still alive.
 */
static void
open_copy(SqmSource *source)
{
	source->copy = OpenTemporaryFile(true);
	source->facts.copied = true;
}

/* "size" is 0 where it is not known. */
static void
begin_progress(SqmSource *source, int64 size)
{
	if (source->is_shown)
		sqm_progress_begin_copy(source->name, size);
}

static void
end_progress(SqmSource *source)
{
	if (source->is_shown)
		sqm_progress_end_copy();
}

/*
 * Copy the file while the source's handle holds SQLite's shared lock on it.
 */
static void
copy_file(SqmSource *source, SqmFileHash *hash, SqmRawFile *raw)
{
	int64		size = sqm_raw_size(raw);
	char	   *buffer = palloc(SQM_COPY_BLOCK);

	open_copy(source);
	begin_progress(source, size);
	source->facts.size = size;
	for (int64 offset = 0; offset < size; offset += SQM_COPY_BLOCK)
	{
		int			amount = (int) Min(size - offset, SQM_COPY_BLOCK);

		(void) sqm_raw_read(raw, buffer, amount, offset);
		copy_write(source, hash, buffer, amount, offset);
	}
	end_copy(source, size);
	end_progress(source);
	pfree(buffer);
}

/*
 * A piece of a large object, short at its end.  By the function that lo_get()
 * calls, because after an error only it tells the end of the transaction to
 * forget pg_largeobject; it checks the rights of the current user, but those
 * of the source's role count here.
 */
static bytea *
read_large_object(SqmSource *source, Oid object, int64 offset)
{
	Datum		piece;
	Oid			user;
	int			context;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(source->role, context | SECURITY_LOCAL_USERID_CHANGE);
	piece = DirectFunctionCall3(be_lo_get_fragment, ObjectIdGetDatum(object),
								Int64GetDatum(offset),
								Int32GetDatum(SQM_COPY_BLOCK));
	SetUserIdAndSecContext(user, context);
	return DatumGetByteaPP(piece);
}

/*
 * Objects that the running statement has made are seen, too: in
 * sq2pg_migrate('lo:' || lo_from_bytea(0, $1)) the upload is an argument.
 */
static void
push_newest_snapshot(void)
{
	PushCopiedSnapshot(GetActiveSnapshot());
	if (IsInParallelMode())
		return;
	CommandCounterIncrement();
	UpdateActiveSnapshotCommandId();
}

/* Copy a large object and return its size. */
static int64
copy_large_object(SqmSource *source, SqmFileHash *hash, SqmHeader *header)
{
	Oid			object = sqm_large_object_oid(source->name);
	int64		size = 0;
	int			amount;

	open_copy(source);
	do
	{
		bytea	   *piece = read_large_object(source, object, size);
		char	   *buffer = VARDATA_ANY(piece);

		amount = VARSIZE_ANY_EXHDR(piece);
		if (size == 0 && amount > 0)
		{
			sqm_header_parse(buffer, amount >= SQM_HEADER_SIZE, source->name, header);
			begin_progress(source, header->pages * header->page_size);
		}
		if (amount > 0)
			copy_write(source, hash, buffer, amount, size);
		size += amount;
		sqm_check_source_size(source->name, size);
		pfree(piece);
	} while (amount == SQM_COPY_BLOCK);
	end_copy(source, size);
	end_progress(source);
	if (size == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
				 errmsg("large object \"%s\" is empty", source->name)));
	return size;
}

static SqmLite *
open_copied(SqmSource *source)
{
	return sqm_lite_open(FilePathName(source->copy), source->name,
						 SQM_OPEN_IMMUTABLE);
}

/* ---------------------------------------------------------------------
 * Hashes
 * ---------------------------------------------------------------------
 */

/* A hash for what is copied, if the run will be recorded, else NULL. */
static SqmFileHash *
begin_hash(SqmPurpose purpose)
{
	return purpose == SQM_PURPOSE_RECORD ? sqm_file_hash_create() : NULL;
}

static void
end_hash(SqmSource *source, SqmFileHash *hash)
{
	if (hash != NULL)
		sqm_file_hash_finish(hash, source->sha256);
}

/* The next piece of the hash of an open source; the last makes it known. */
static void
hash_piece(SqmSource *source)
{
	if (source->hashing == NULL)
		source->hashing = source->copy >= 0 ?
			sqm_source_hash_copy(source->copy, source->facts.size,
								 source->marks, source->name,
								 source->context) :
			sqm_source_hash_file(source->path, source->name, source->context);
	if (!sqm_source_hash_add(source->hashing, source->sha256))
		source->hashing = NULL;
}

/* ---------------------------------------------------------------------
 * Opening
 * ---------------------------------------------------------------------
 */

static void
open_large_object(SqmSource *source, SqmPurpose purpose)
{
	SqmFileHash *hash = begin_hash(purpose);
	SqmHeader	header;
	SqmUpload	upload;

	push_newest_snapshot();
	source->facts.size = copy_large_object(source, hash, &header);
	PopActiveSnapshot();
	end_hash(source, hash);
	source->facts.wal_mode = header.wal_mode;
	upload.name = source->name;
	upload.size = source->facts.size;
	upload.page_size = header.page_size;
	upload.pages = header.pages;
	upload.wal_mode = header.wal_mode;
	sqm_upload_check_size(&upload);
	source->lite = open_copied(source);
	if (upload.wal_mode)
		sqm_upload_check_log(&upload, source->lite);
}

static void
raise_pending_log(const char *path)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
			 errmsg("SQLite database \"%s\" has an unprocessed write-ahead log", path),
			 errdetail("Its -wal file holds changes that cannot be read without writing beside the database, which this extension never does."),
			 errhint("Open and close it once with its application, run PRAGMA wal_checkpoint(TRUNCATE), or make a clean copy with the command .backup of the sqlite3 program.")));
}

static void
raise_changed(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("SQLite database \"%s\" changed while it was read", name),
			 errhint("Stop the application that writes to it, or work on a copy made with the command .backup of the sqlite3 program.")));
}

/*
 * Has a transaction been left half done?  (A journal whose header was filled
 * with zeros belongs to a finished one.)  For a file that SQLite reads as one
 * that never changes: it does not look at journals then.
 */
static bool
has_hot_journal(const char *path)
{
	char	   *name;
	char		first = 0;
	int			fd;

	if (sqm_outside_companion(path, "-journal") <= 0)
		return false;
	name = psprintf("%s-journal", path);
	fd = OpenTransientFile(name, O_RDONLY | PG_BINARY);
	if (fd >= 0)
	{
		if (read(fd, &first, 1) != 1)
			first = 0;
		CloseTransientFile(fd);
	}
	pfree(name);
	return first != 0;
}

/* What a migration reads must be there to its end; a look around need not wait. */
static void
open_wal(SqmSource *source, SqmPurpose purpose, int64 page_size)
{
	const char *path = source->path;
	const char *name = source->name;
	int64		log = sqm_outside_companion(path, "-wal");

	if (sqm_outside_companion(path, "-shm") >= 0)
		source->lite = sqm_lite_try_open(path, name, SQM_OPEN_SHARED);
	source->with_log = source->lite != NULL;
	if (source->with_log)
	{
		if (log > 0 && purpose != SQM_PURPOSE_READ)
			sqm_wal_check(path, name, page_size);
		return;
	}
	if (log > 0)
		raise_pending_log(name);
	if (has_hot_journal(path))
		sqm_lite_raise_unclean(name);
	/* idle: nobody has it open, and nothing is in the log */
	source->immutable = true;
	source->lite = sqm_lite_open(path, name, SQM_OPEN_IMMUTABLE);
}

static void
open_rollback(SqmSource *source, SqmPurpose purpose)
{
	const char *path = source->path;
	const char *name = source->name;

	if (purpose == SQM_PURPOSE_READ || read_in_place)
	{
		/* a journal that was left behind is noticed when it is opened */
		if (sqm_outside_companion(path, "-journal") > 0)
			sqm_connection_close_idle(path);
		source->lite = sqm_connection_take(path, &source->before);
		source->is_taken = true;
		return;
	}
	source->lite = sqm_lite_open(path, name, SQM_OPEN_SHARED);
	/* the shared lock makes the bytes one consistent moment */
	sqm_lite_exec(source->lite,
				  "BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1");
	{
		SqmRawFile *raw = sqm_raw_open(path, name);
		SqmFileHash *hash = begin_hash(purpose);

		sqm_outside_stat(path, &source->before);
		source->facts.modified = source->before.st_mtim.tv_sec;
		copy_file(source, hash, raw);
		end_hash(source, hash);
		sqm_raw_close(raw);
	}
	sqm_lite_close(source->lite);
	source->lite = open_copied(source);
}

/* Is the file open in place in this process? */
static bool
is_in_use(dev_t device, ino_t inode)
{
	for (SqmSource *source = sources; source != NULL; source = source->next)
		if (source->copy < 0 && source->before.st_dev == device &&
			source->before.st_ino == inode)
			return true;
	return false;
}

static void
copy_dropped(SqmSource *source, SqmFileHash *hash, SqmDropped *file)
{
	int64		size = sqm_dropped_size(file);
	char	   *buffer = palloc(SQM_COPY_BLOCK);

	open_copy(source);
	begin_progress(source, size);
	for (int64 offset = 0; offset < size; offset += SQM_COPY_BLOCK)
	{
		int			amount = (int) Min(size - offset, SQM_COPY_BLOCK);

		if (!sqm_dropped_read(file, buffer, amount, offset))
			raise_changed(source->name);
		copy_write(source, hash, buffer, amount, offset);
	}
	end_copy(source, size);
	end_progress(source);
	pfree(buffer);
	source->facts.size = size;
	source->facts.modified = sqm_dropped_modified(file);
}

/*
 * A file below a directory that is open to everybody.  With a log that must be
 * read, too, or a journal, it is refused: these would be further files that
 * somebody may exchange.
 */
static void
open_dropped(SqmSource *source, SqmPurpose purpose, const char *folder)
{
	const char *path = source->name;
	SqmDropped *file = sqm_dropped_open(folder, path, is_in_use);
	char		bytes[SQM_HEADER_SIZE];
	SqmFileHash *hash;
	SqmHeader	header;

	sqm_check_source_size(path, sqm_dropped_size(file));
	if (!sqm_dropped_lock(file, sqm_lite_busy_timeout()))
		sqm_lite_raise_locked(path);
	sqm_header_parse(bytes, sqm_dropped_read(file, bytes, SQM_HEADER_SIZE, 0),
				 path, &header);
	if (sqm_dropped_log_size(file) > 0)
		raise_pending_log(path);
	if (sqm_dropped_is_unclean(file))
		sqm_lite_raise_unclean(path);
	sqm_check_source_size(path, sqm_dropped_size(file));
	sqm_header_check_size(&header, sqm_dropped_size(file), path);
	hash = begin_hash(purpose);
	copy_dropped(source, hash, file);
	if (sqm_dropped_log_size(file) > 0 || !sqm_dropped_is_unchanged(file))
		raise_changed(path);
	end_hash(source, hash);
	sqm_dropped_close(file);
	source->facts.wal_mode = header.wal_mode;
	source->lite = open_copied(source);
}

static void
open_path(SqmSource *source, SqmPurpose purpose)
{
	const char *name = source->name;
	const char *path;
	char		bytes[SQM_HEADER_SIZE];
	SqmHeader	header;
	SqmRawFile *raw;
	bool		complete;

	sqm_outside_stat(name, &source->before);
	source->path = sqm_outside_realpath(name);
	path = source->path;
	sqm_outside_check_companions(path);
	sqm_check_source_size(name, source->before.st_size +
						  Max(sqm_outside_companion(path, "-wal"), 0));
	raw = sqm_raw_open(path, name);
	complete = sqm_raw_read(raw, bytes, SQM_HEADER_SIZE, 0);
	sqm_raw_close(raw);
	sqm_header_parse(bytes, complete, name, &header);
	/* during a checkpoint the file may lag behind its header */
	if (!header.wal_mode || sqm_outside_companion(path, "-wal") <= 0)
		sqm_header_check_size(&header, source->before.st_size, name);
	source->facts.size = source->before.st_size;
	source->facts.modified = source->before.st_mtim.tv_sec;
	source->facts.change_counter = header.change_counter;
	/* SQLite believes a log that is there, whatever the header says */
	source->facts.wal_mode = header.wal_mode ||
		sqm_outside_companion(path, "-wal") > 0;
	if (source->facts.wal_mode)
	{
		/* it may have been in the other mode */
		sqm_connection_close_idle(path);
		open_wal(source, purpose, header.page_size);
	}
	else
		open_rollback(source, purpose);
}

/* ---------------------------------------------------------------------
 * The open sources of this transaction
 * ---------------------------------------------------------------------
 */

static void
forget_source(void *arg)
{
	SqmSource  *source = (SqmSource *) arg;

	for (SqmSource **link = &sources; *link != NULL; link = &(*link)->next)
	{
		if (*link == source)
		{
			*link = source->next;
			break;
		}
	}
	if (source->lite != NULL && source->is_taken)
		sqm_connection_give_back(source->lite, source->keep);
	else if (source->lite != NULL)
		sqm_lite_close(source->lite);
	if (source->watch != NULL)
		sqm_lite_close(source->watch);
	source->lite = NULL;
	if (source->copy >= 0)
		FileClose(source->copy);
	source->copy = -1;
}

/*
 * May what was opened for one role be given to another?  A file that was
 * opened by its path is the same for all who may read every file, and a copy
 * through a descriptor for all who may not; the rights on a large object were
 * checked for the role that opened it only.
 */
static bool
is_for_role(const SqmSource *source, Oid role)
{
	if (sqm_is_large_object(source->name))
		return source->role == role;
	return source->dropped == (sqm_drop_folder(source->name, role) != NULL);
}

/* In a worker there is only what the leader's role may read. */
static SqmSource *
find_source(const char *name, Oid role)
{
	for (SqmSource *source = sources; source != NULL; source = source->next)
		if (strcmp(source->name, name) == 0 &&
			(source->adopted || is_for_role(source, role)))
			return source;
	return NULL;
}

/* Changes with every commit of others, as long as a handle reads nothing. */
static int64
data_version(SqmLite *lite)
{
	SqmStatement *stmt = sqm_statement_prepare(lite, "PRAGMA data_version");
	int64		version;

	if (!sqm_statement_step(stmt))
		elog(ERROR, "PRAGMA data_version returned nothing");
	version = sqm_statement_int64(stmt, 0);
	sqm_statement_finalize(stmt);
	return version;
}

/*
 * A second handle that never holds a snapshot: it tells whether others have
 * written since before ours, and so whether a third one sees the same.
 */
static void
open_watch(SqmSource *source)
{
	source->watch = sqm_lite_open(source->path, source->name, SQM_OPEN_SHARED);
	source->version = data_version(source->watch);
}

/* One snapshot from here to the end of the transaction */
static void
begin_snapshot(SqmSource *source)
{
	sqm_lite_exec(source->lite, "BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1");
	sqm_lite_limit_length(source->lite);
	sqm_guard_schema(source->lite);
}

/*
 * Describes what is open for a role to other processes of the server; false if
 * they cannot have it.
 */
bool
sqm_source_share(const char *name, Oid role, SqmSourceShare *share)
{
	SqmSource  *source = find_source(name, role);
	const char *path;

	if (source == NULL)
		return false;
	path = source->copy >= 0 ? FilePathName(source->copy) : source->path;
	if (strlen(name) >= SQM_MAX_SOURCE || strlen(path) >= SQM_MAX_SOURCE)
		return false;
	strlcpy(share->name, name, SQM_MAX_SOURCE);
	strlcpy(share->path, path, SQM_MAX_SOURCE);
	/* in rollback mode our own lock keeps writers out: none need be taken,
	 * which a writer that waits would refuse */
	share->others_write = source->facts.wal_mode && !source->immutable &&
		source->copy < 0;
	share->immutable = !share->others_write;
	share->device = source->copy < 0 ? source->before.st_dev : 0;
	share->inode = source->copy < 0 ? source->before.st_ino : 0;
	return !share->others_write || source->watch != NULL;
}

/* Has nobody written since before our snapshot? */
bool
sqm_source_is_still(const char *name)
{
	SqmSource  *source = find_source(name, GetUserId());

	return source != NULL &&
		(source->watch == NULL ||
		 data_version(source->watch) == source->version);
}

/*
 * In a worker: the leader's source, under its name, for everything that opens
 * it from here on.  The leader has checked the rights, and for changes.
 */
SqmLite *
sqm_source_adopt(const SqmSourceShare *share)
{
	MemoryContext old;
	SqmSource  *source;
	struct stat now;

	for (source = sources; source != NULL; source = source->next)
		if (source->adopted && strcmp(source->path, share->path) == 0)
			return source->lite;
	old = MemoryContextSwitchTo(TopTransactionContext);
	source = palloc0(sizeof(SqmSource));
	source->name = pstrdup(share->name);
	source->path = pstrdup(share->path);
	source->role = GetUserId();
	source->adopted = true;
	source->copy = -1;
	source->context = CurrentMemoryContext;
	source->callback.func = forget_source;
	source->callback.arg = source;
	source->lite = sqm_lite_open(share->path, share->name,
								 share->immutable ? SQM_OPEN_IMMUTABLE :
								 SQM_OPEN_SHARED);
	begin_snapshot(source);
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &source->callback);
	MemoryContextSwitchTo(old);
	if (share->inode != 0 &&
		(stat(share->path, &now) != 0 || now.st_dev != share->device ||
		 now.st_ino != share->inode))
		raise_changed(share->name);
	source->next = sources;
	sources = source;
	return source->lite;
}

static SqmSource *
create_source(const char *name, Oid role, SqmPurpose purpose)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "sqlite_fdw_mig source",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	SqmSource  *source = palloc0(sizeof(SqmSource));
	char	   *folder;

	source->name = pstrdup(name);
	source->role = role;
	source->is_shown = purpose != SQM_PURPOSE_READ;
	source->copy = -1;
	source->context = context;
	source->callback.func = forget_source;
	source->callback.arg = source;
	MemoryContextRegisterResetCallback(context, &source->callback);

	folder = sqm_drop_folder(name, role);
	source->dropped = folder != NULL;
	if (sqm_is_large_object(name))
		open_large_object(source, purpose);
	else if (source->dropped)
		open_dropped(source, purpose, folder);
	else
		open_path(source, purpose);
	if (purpose != SQM_PURPOSE_READ && source->facts.wal_mode &&
		!source->immutable && !source->facts.copied)
		open_watch(source);
	begin_snapshot(source);

	MemoryContextSwitchTo(old);
	/* only now, when nothing can fail any more, it outlives the statement */
	MemoryContextSetParent(context, TopTransactionContext);
	source->next = sources;
	sources = source;
	return source;
}

/*
 * Uploads get damaged on their way: before a long run, not in the middle of
 * it.  Whoever only looks around meets what is wrong where it is.
 */
static void
check_pages(SqmSource *source)
{
	sqm_progress_show("check", source->name);
	sqm_upload_check_pages(source->name, source->lite);
	sqm_progress_show(NULL, NULL);
	source->is_checked = true;
}

/*
 * The open handle of "source" in this transaction, for "role".  It belongs to
 * the transaction; callers must not close it.
 */
SqmLite *
sqm_source_open(const char *source, Oid role, SqmPurpose purpose)
{
	SqmSource  *found;

	sqm_source_check_rights(source, role);
	found = find_source(source, role);
	if (found == NULL)
		found = create_source(source, role, purpose);
	if (purpose == SQM_PURPOSE_RECORD)
		found->is_recorded = true;
	if (purpose != SQM_PURPOSE_READ && sqm_is_large_object(source) &&
		!found->is_checked)
		check_pages(found);
	return found->lite;
}

static bool
is_unchanged(SqmSource *source)
{
	struct stat now;

	return stat(source->path, &now) == 0 &&
		sqm_outside_same(&source->before, &now) &&
		sqm_outside_companion(source->path, "-wal") <= 0;
}

/*
 * The session will want to read this source again: its connection may outlive
 * the transaction.
 */
void
sqm_source_keep(const char *name, Oid role)
{
	SqmSource  *source = find_source(name, role);

	if (source != NULL)
		source->keep = true;
}

/*
 * Raise an error if a file that is read without locks has changed since it
 * was opened: what was read may be a mixture of two moments.
 */
void
sqm_source_check_unchanged(const char *name)
{
	for (SqmSource *source = sources; source != NULL; source = source->next)
		if (source->immutable && strcmp(source->name, name) == 0 &&
			!is_unchanged(source))
			raise_changed(name);
}

/* Facts about an open source. */
SqmSourceFacts
sqm_source_facts(const char *name)
{
	SqmSource  *source = find_source(name, GetUserId());

	if (source == NULL)
		elog(ERROR, "source \"%s\" is not open", name);
	return source->facts;
}

/* Is there a hash to be computed, of the bytes that are read? */
static bool
wants_hash(const SqmSource *source)
{
	return !source->with_log && source->sha256[0] == '\0';
}

/*
 * For somebody who has nothing to do while others work: a piece of the hash
 * that a run will ask for in the end.  False if there is none (left).
 */
bool
sqm_source_hash_piece(const char *name)
{
	SqmSource  *source = find_source(name, GetUserId());

	if (source == NULL || !source->is_recorded || !wants_hash(source))
		return false;
	hash_piece(source);
	return true;
}

/*
 * The SHA-256 of an open source as it is outside, in hexadecimal digits.  It
 * is computed at the first call, as far as that was not done before.  NULL,
 * with the reason in "note", where the file alone is not what is read.
 */
const char *
sqm_source_sha256(const char *name, const char **note)
{
	SqmSource  *source = find_source(name, GetUserId());

	if (source == NULL)
		elog(ERROR, "source \"%s\" is not open", name);
	*note = NULL;
	if (source->with_log)
	{
		*note = "an application has the database open, and the -wal file belongs to what was read: the file alone is not its content";
		return NULL;
	}
	if (wants_hash(source))
	{
		while (wants_hash(source))
			hash_piece(source);
		sqm_source_check_unchanged(name);
	}
	return source->sha256;
}
