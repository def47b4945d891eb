/*-------------------------------------------------------------------------
 *
 * fuzz_wal.c
 *		Fuzz target for write-ahead logs: a log is refused exactly where SQLite
 *		would leave out a transaction that was committed.
 *
 * An input is a length, a database of that length and its log.  SQLite opens
 * them as an application does, and tells in the -shm file where the log ends
 * for it; what was committed behind is counted here, by the format alone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/memutils.h"

#include "fuzz.h"
#include "wal.h"

#define LENGTH_SIZE 4
#define HEADER_SIZE 32
#define FRAME_SIZE 24

static char *path;
static int	tried;

static uint32
word(const uint8_t *at)
{
	uint32		value;

	memcpy(&value, at, sizeof(value));
	return pg_ntoh32(value);
}

static void
put_word(uint8_t *at, uint32 value)
{
	value = pg_hton32(value);
	memcpy(at, &value, sizeof(value));
}

static size_t
database_size(const uint8_t *data, size_t size)
{
	return size < LENGTH_SIZE ? 0 : Min(word(data), size - LENGTH_SIZE);
}

void
fuzz_wal_start(void)
{
	path = psprintf("%s/fuzz.db", fuzz_directory());
}

static void
write_file(const char *name, const uint8_t *data, size_t size)
{
	int			fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t) size)
		fuzz_finding("could not write \"%s\"", name);
	close(fd);
}

/* ---------------------------------------------------------------------
 * What SQLite makes of the log
 * ---------------------------------------------------------------------
 */

typedef struct LogIndex
{
	bool		valid;
	uint32		last_frame;		/* 0: nothing is read from the log */
	uint32		salts[2];		/* as they stand in the file */
} LogIndex;

/* The header of the index, which is in the byte order of the machine. */
static LogIndex
read_index(void)
{
	char	   *name = psprintf("%s-shm", path);
	int			fd = open(name, O_RDONLY);
	uint8_t		header[48];
	LogIndex		index = {false};

	if (fd >= 0 && read(fd, header, sizeof(header)) == sizeof(header) &&
		header[12] == 1)
	{
		index.valid = true;
		memcpy(&index.last_frame, header + 16, 4);
		memcpy(index.salts, header + 32, 8);
	}
	if (fd >= 0)
		close(fd);
	return index;
}

static void
add_sum(bool big_endian, const uint8_t *data, size_t length, uint32 *sum)
{
	for (size_t i = 0; i + 8 <= length; i += 8)
	{
		uint32		a = word(data + i);
		uint32		b = word(data + i + 4);

		sum[0] += (big_endian ? a : pg_bswap32(a)) + sum[1];
		sum[1] += (big_endian ? b : pg_bswap32(b)) + sum[0];
	}
}

/* How many frames are as they were written, and the last commit among them. */
static uint32
intact_frames(const uint8_t *log, size_t size, uint32 *last_commit)
{
	bool		big_endian = (word(log) & 1) != 0;
	size_t		step = FRAME_SIZE + word(log + 8);
	uint32		sum[2] = {word(log + 24), word(log + 28)};
	uint32		frame = 0;

	*last_commit = 0;
	for (size_t at = HEADER_SIZE; at + step <= size; at += step)
	{
		add_sum(big_endian, log + at, 8, sum);
		add_sum(big_endian, log + at + FRAME_SIZE, step - FRAME_SIZE, sum);
		if (memcmp(log + at + 8, log + 16, 8) != 0 || word(log + at) == 0 ||
			sum[0] != word(log + at + 16) || sum[1] != word(log + at + 20))
			break;
		frame++;
		if (word(log + at + 4) != 0)
			*last_commit = frame;
	}
	return frame;
}

/* Are there whole commits of this log behind the frame? */
static bool
commits_follow(const uint8_t *log, size_t size, uint32 frame)
{
	size_t		page_size = word(log + 8);

	for (size_t at = HEADER_SIZE + frame * (FRAME_SIZE + page_size);
		 at + FRAME_SIZE + page_size <= size; at += FRAME_SIZE + page_size)
		if (memcmp(log + at + 8, log + 16, 8) == 0 && word(log + at + 4) != 0)
			return true;
	return false;
}

/* Why the log is refused; NULL: it is not */
static char *
our_refusal(int page_size)
{
	char	   *refused = NULL;

	StartTransactionCommand();
	PG_TRY();
	{
		sqm_wal_check(path, path, page_size);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(TopMemoryContext);
		error = CopyErrorData();
		FlushErrorState();
		refused = psprintf("%s: %s", error->message, error->detail != NULL ? error->detail : "");
		FreeErrorData(error);
	}
	PG_END_TRY();
	AbortCurrentTransaction();
	return refused;
}

static void
compare(const uint8_t *log, size_t size, const LogIndex *index, int page_size)
{
	char	   *refused = our_refusal(page_size);
	uint32		sum[2] = {0, 0};
	uint32		last_commit;
	uint32		intact;

	/* another size of pages, or a header that SQLite does not take */
	if (!index->valid || size <= HEADER_SIZE || page_size < 512 ||
		(word(log) & ~1U) != 0x377f0682 || word(log + 8) != page_size ||
		memcmp(log + 16, index->salts, 8) != 0)
	{
		if (refused != NULL)
			pfree(refused);
		return;
	}
	add_sum((word(log) & 1) != 0, log, 24, sum);
	if (sum[0] != word(log + 24) || sum[1] != word(log + 28))
	{
		if (refused == NULL || index->last_frame != 0)
			fuzz_finding("a log whose header is not intact: %u frames are read, and it was %s",
						 index->last_frame, refused != NULL ? refused : "taken");
		pfree(refused);
		return;
	}
	intact = intact_frames(log, size, &last_commit);
	if (last_commit != index->last_frame)
		fuzz_finding("SQLite reads %u frames of a log of %zu bytes, and not %u",
					 index->last_frame, size, last_commit);
	if ((refused != NULL) != commits_follow(log, size, intact + 1))
		fuzz_finding("%u frames of a log of %zu bytes are intact: %s",
					 intact, size, refused != NULL ? refused : "it is taken");
	if (refused != NULL)
		pfree(refused);
}

static void
try_as_source(void)
{
	fuzz_statement(psprintf("SELECT count(*) FROM sq2pg_check('%s')", path), false);
	fuzz_statement(psprintf("SELECT count(*) FROM sq2pg_migrate('%s', 'public', dry_run => true)", path), false);
	fuzz_statement(path, true);
}

void
fuzz_wal(FuzzInput *input)
{
	size_t		length = database_size(input->data, input->size);
	const uint8_t *database = input->data + LENGTH_SIZE;
	const uint8_t *log = database + length;
	size_t		log_size = input->size < LENGTH_SIZE ? 0 : input->size - LENGTH_SIZE - length;
	int			page_size;
	sqlite3    *application = NULL;

	if (length < 100 || memcmp(database, "SQLite format 3", 16) != 0)
		return;
	page_size = database[16] << 8 | database[17];
	unlink(psprintf("%s-shm", path));
	unlink(psprintf("%s-journal", path));
	write_file(path, database, length);
	write_file(psprintf("%s-wal", path), log, log_size);
	if (sqlite3_open_v2(path, &application, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
	{
		LogIndex		index;

		/* never to be written back, whatever the schema says */
		sqlite3_db_config(application, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		(void) sqlite3_exec(application, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
		index = read_index();
		compare(log, log_size, &index, page_size);
		fuzz_expect_files();
		if (tried++ % 20 == 0)		/* the first, too: a finding that is tried again */
			try_as_source();
	}
	sqlite3_close(application);
}

/* ---------------------------------------------------------------------
 * Mutation
 * ---------------------------------------------------------------------
 */

/* Makes the checksums right again, up to some frame. */
static void
sign(uint8_t *log, size_t size, uint32 frames)
{
	bool		big_endian = (word(log) & 1) != 0;
	size_t		page_size = word(log + 8);
	uint32		sum[2] = {0, 0};

	if (page_size < 512 || page_size > 65536)
		return;
	add_sum(big_endian, log, 24, sum);
	put_word(log + 24, sum[0]);
	put_word(log + 28, sum[1]);
	for (size_t at = HEADER_SIZE;
		 frames > 0 && at + FRAME_SIZE + page_size <= size;
		 at += FRAME_SIZE + page_size, frames--)
	{
		add_sum(big_endian, log + at, 8, sum);
		add_sum(big_endian, log + at + FRAME_SIZE, page_size, sum);
		put_word(log + at + 16, sum[0]);
		put_word(log + at + 20, sum[1]);
	}
}

static void
change_log(uint8_t *log, size_t size)
{
	size_t		page_size = word(log + 8);
	size_t		frames;
	uint8_t    *frame;

	if (page_size < 512 || page_size > 65536)
		page_size = 512;
	frames = (size - HEADER_SIZE) / (FRAME_SIZE + page_size);
	frame = log + HEADER_SIZE + fuzz_chance(frames) * (FRAME_SIZE + page_size);
	switch (frames == 0 ? 0 : fuzz_chance(9))
	{
		case 0:					/* the header */
			log[fuzz_chance(HEADER_SIZE)] ^= 1 << fuzz_chance(8);
			break;
		case 1:					/* page, size, salts, sums */
			put_word(frame + 4 * fuzz_chance(6), fuzz_chance(4));
			break;
		case 2:
			frame[fuzz_chance(FRAME_SIZE)] ^= 1 << fuzz_chance(8);
			break;
		case 3:
			frame[FRAME_SIZE + fuzz_chance(page_size)] = fuzz_chance(256);
			break;
		case 4:					/* one frame in the place of another */
			memmove(frame, log + HEADER_SIZE +
					fuzz_chance(frames) * (FRAME_SIZE + page_size),
					FRAME_SIZE + page_size);
			break;
		case 5:					/* the salts of an earlier log */
			memcpy(frame + 8, log + fuzz_chance(HEADER_SIZE - 8), 8);
			break;
		case 6:					/* the salts of this one */
			memcpy(frame + 8, log + 16, 8);
			break;
		case 7:
			memset(frame, 0, FRAME_SIZE + page_size);
			break;
		default:
			(void) LLVMFuzzerMutate(frame, FRAME_SIZE + page_size,
									FRAME_SIZE + page_size);
	}
}

size_t
fuzz_wal_mutate(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	size_t		length = database_size(data, size);
	uint8_t    *log = data + LENGTH_SIZE + length;
	size_t		log_size = size < LENGTH_SIZE ? 0 : size - LENGTH_SIZE - length;

	fuzz_seed(seed);
	if (log_size <= HEADER_SIZE || fuzz_chance(50) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	for (int i = fuzz_chance(3); i >= 0; i--)
		change_log(log, log_size);
	if (fuzz_chance(3) > 0)
		sign(log, log_size, fuzz_chance(4) == 0 ? fuzz_chance(20) : UINT32_MAX);
	if (fuzz_chance(12) == 0)
		size -= fuzz_chance(log_size - HEADER_SIZE);
	return size;
}
