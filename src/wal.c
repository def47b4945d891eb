/*-------------------------------------------------------------------------
 *
 * wal.c
 *		Is a write-ahead log intact, and can it belong to its database?
 *
 * SQLite reads a log up to the first frame whose checksum is wrong, and takes
 * that for its end: so it is after a crash.  If committed transactions follow
 * there, the log was damaged, and rows would be missing in silence.
 *
 * Others may write while we read.  They write a frame before those that come
 * behind it, so one that was only half written is whole when a later commit
 * has been seen; and who starts the log anew gives it another salt.  No lock
 * is ever held on a log, so it may be opened here.
 *
 * This file must not know what the pages hold.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "storage/fd.h"

#include "wal.h"

#define MAGIC 0x377f0682		/* the last bit: words are big-endian */
#define HEADER_SIZE 32
#define FRAME_HEADER_SIZE 24

typedef struct Log
{
	int			fd;
	const char *display;
	bool		big_endian;
	uint32		page_size;
	unsigned char header[HEADER_SIZE];	/* salts are at 16, 20 */
	unsigned char *frame;
	uint32		sum[2];			/* over everything so far */
} Log;

static uint32
word(const unsigned char *at)
{
	uint32		value;

	memcpy(&value, at, sizeof(value));
	return pg_ntoh32(value);
}

static void
add_sum(const Log *log, const unsigned char *data, int length, uint32 *sum)
{
	for (int i = 0; i < length; i += 8)
	{
		uint32		a = word(data + i);
		uint32		b = word(data + i + 4);

		if (!log->big_endian)
		{
			a = pg_bswap32(a);
			b = pg_bswap32(b);
		}
		sum[0] += a + sum[1];
		sum[1] += b + sum[0];
	}
}

/* False where the log ends. */
static bool
read_at(Log *log, unsigned char *buffer, int length, int64 offset)
{
	ssize_t		got;

	CHECK_FOR_INTERRUPTS();
	got = pg_pread(log->fd, buffer, length, offset);
	if (got < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read the write-ahead log of SQLite database \"%s\": %m",
						log->display)));
	return got == length;
}

/* False: there is none, or none that SQLite would read. */
static bool
read_header(Log *log)
{
	uint32		sum[2] = {0, 0};

	if (!read_at(log, log->header, HEADER_SIZE, 0) ||
		(word(log->header) & ~1U) != MAGIC)
		return false;
	log->big_endian = (word(log->header) & 1) != 0;
	log->page_size = word(log->header + 8);
	add_sum(log, log->header, 24, sum);
	return sum[0] == word(log->header + 24) &&
		sum[1] == word(log->header + 28) &&
		log->page_size >= 512 && log->page_size <= 65536 &&
		(log->page_size & (log->page_size - 1)) == 0;
}

static int64
frame_offset(const Log *log, int64 number)
{
	return HEADER_SIZE + number * (FRAME_HEADER_SIZE + (int64) log->page_size);
}

static bool
is_of_this_log(const Log *log)
{
	return memcmp(log->frame + 8, log->header + 16, 8) == 0;
}

/*
 * Is the frame that was read what was written, so that SQLite reads it?  Then
 * the sum goes on.
 */
static bool
is_intact(Log *log)
{
	uint32		sum[2] = {log->sum[0], log->sum[1]};

	if (!is_of_this_log(log) || word(log->frame) == 0)
		return false;
	add_sum(log, log->frame, 8, sum);
	add_sum(log, log->frame + FRAME_HEADER_SIZE, log->page_size, sum);
	if (sum[0] != word(log->frame + 16) || sum[1] != word(log->frame + 20))
		return false;
	memcpy(log->sum, sum, sizeof(sum));
	return true;
}

/* Reads a frame; false where no whole one is left. */
static bool
read_frame(Log *log, int64 number)
{
	return read_at(log, log->frame, FRAME_HEADER_SIZE + log->page_size,
				   frame_offset(log, number));
}

/* Behind a frame that is not intact: is there a whole commit of this log? */
static bool
has_commit_behind(Log *log, int64 number)
{
	while (read_at(log, log->frame, FRAME_HEADER_SIZE,
				   frame_offset(log, ++number)))
	{
		if (is_of_this_log(log) && word(log->frame + 4) != 0)
			return read_frame(log, number);
	}
	return false;
}

static void
raise_damaged(const Log *log, int64 number)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("the write-ahead log of SQLite database \"%s\" is damaged",
					log->display),
			 number < 0 ?
			 errdetail("The header of its -wal file is not intact.") :
			 errdetail("Frame %lld of its -wal file is not intact, and transactions were committed behind it.",
					   (long long) number + 1),
			 errhint("SQLite would read the database without them. If that is wanted, run PRAGMA wal_checkpoint(TRUNCATE) on a copy with the sqlite3 program and migrate that.")));
}

/*
 * The same frame once more.  Whoever starts the log anew writes its header
 * before any frame, so it is read after the frame.
 */
static bool
is_still_damaged(Log *log, int64 number)
{
	unsigned char salts[8];

	memcpy(salts, log->header + 16, 8);
	return read_frame(log, number) && !is_intact(log) &&
		read_header(log) && memcmp(salts, log->header + 16, 8) == 0;
}

/*
 * From the first frame to the first that SQLite would not read: one that was
 * damaged, or what an earlier log has left, behind which nothing of this one
 * can be.
 */
static void
check_frames(Log *log)
{
	log->sum[0] = word(log->header + 24);
	log->sum[1] = word(log->header + 28);
	for (int64 number = 0; read_frame(log, number); number++)
	{
		if (is_intact(log))
			continue;
		if (has_commit_behind(log, number) && is_still_damaged(log, number))
			raise_damaged(log, number);
		return;
	}
}

/*
 * Raises an error if the log of the database "path" is not one that SQLite
 * reads to its end.
 */
void
sqm_wal_check(const char *path, const char *display, int64 page_size)
{
	char	   *name = psprintf("%s-wal", path);
	Log			log = {.display = display};
	unsigned char byte;

	log.fd = OpenTransientFile(name, O_RDONLY | PG_BINARY);
	pfree(name);
	if (log.fd < 0)
		return;					/* SQLite will say what is the matter */
	if (!read_header(&log))
	{
		/* whoever writes it now is done with 32 bytes in a moment */
		pg_usleep(10000);
		if (read_at(&log, &byte, 1, HEADER_SIZE) && !read_header(&log))
			raise_damaged(&log, -1);
	}
	else if (log.page_size != page_size)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the write-ahead log beside SQLite database \"%s\" belongs to another database",
						display),
				 errdetail("Its pages have %u bytes, those of the database %lld.",
						   log.page_size, (long long) page_size),
				 errhint("Copy a database together with its -wal file, or make a clean copy with the command .backup of the sqlite3 program.")));
	else
	{
		log.frame = palloc(FRAME_HEADER_SIZE + log.page_size);
		check_frames(&log);
		pfree(log.frame);
	}
	CloseTransientFile(log.fd);
}
