/*-------------------------------------------------------------------------
 *
 * fuzz_image.c
 *		Fuzz target for whole databases: any bytes give rows or one clean
 *		error, in time, and leave nothing behind.
 *
 * The mutator knows where the format keeps what is worth changing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"

#include "fuzz.h"

/*
 * Statements are cancelled after this; a second of computing later they must be
 * gone.  The process may be stopped meanwhile, but not for ever.
 */
#define CANCEL_AFTER	1000
#define GONE_AFTER		(CANCEL_AFTER + 1000)
#define STUCK_AFTER		300000

static char *directory;
static char *path;
static int	files_before;
static bool look_for_open = true;

/* ---------------------------------------------------------------------
 * Running
 * ---------------------------------------------------------------------
 */

static int
count_files(const char *name)
{
	DIR		   *dir = opendir(name);
	struct dirent *entry;
	int			count = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			count++;
	closedir(dir);
	return count;
}

/* Open files whose names say that they are the database's or a copy of it. */
static int
count_open(void)
{
	DIR		   *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int			count = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
	{
		char		target[MAXPGPATH];
		ssize_t		length = readlinkat(dirfd(dir), entry->d_name, target,
										sizeof(target) - 1);

		if (length <= 0)
			continue;
		target[length] = '\0';
		if (strstr(target, "pgsql_tmp") != NULL ||
			strstr(target, directory) != NULL)
			count++;
	}
	closedir(dir);
	return count;
}

/* Where the databases lie that are tried */
const char *
fuzz_directory(void)
{
	if (directory == NULL)
	{
		directory = psprintf("/dev/shm/sqm_fuzz.%d", MyProcPid);
		if (mkdir(directory, 0700) != 0)
			elog(ERROR, "could not create directory \"%s\": %m", directory);
	}
	return directory;
}

/*
 * What is in the directory now is no finding.  Nor is a file that stays open:
 * while an application in this process holds a lock, SQLite puts off closing.
 */
void
fuzz_expect_files(void)
{
	files_before = count_files(directory);
	look_for_open = false;
}

void
fuzz_image_start(void)
{
	path = psprintf("%s/fuzz.db", fuzz_directory());
	files_before = 1;
}

static void
write_image(FuzzInput *input)
{
	int			fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, input->data, input->size) != (ssize_t) input->size)
		fuzz_finding("could not write \"%s\"", path);
	close(fd);
}

static void
run(const char *sql)
{
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	(void) SPI_execute(sql, false, 0);
	SPI_finish();
	PopActiveSnapshot();
}

/* The rows of every foreign table that could be made. */
static void
run_scans(const char *source)
{
	SPITupleTable *tables;
	uint64		count;

	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	(void) SPI_execute(psprintf("SELECT sq2pg_attach('%s', 'fuzz_scan')", source),
					   false, 0);
	CommandCounterIncrement();
	PopActiveSnapshot();
	PushActiveSnapshot(GetTransactionSnapshot());
	(void) SPI_execute("SELECT format('SELECT * FROM %s', oid::pg_catalog.regclass) FROM pg_catalog.pg_class WHERE relkind = 'f' ORDER BY oid LIMIT 20",
					   false, 0);
	tables = SPI_tuptable;
	count = SPI_processed;
	for (uint64 i = 0; i < count; i++)
		(void) SPI_execute(SPI_getvalue(tables->vals[i], tables->tupdesc, 1),
						   false, 0);
	SPI_finish();
	PopActiveSnapshot();
}

static void
look_at_error(const char *sql)
{
	ErrorData  *error;

	MemoryContextSwitchTo(TopMemoryContext);
	error = CopyErrorData();
	FlushErrorState();
	if (error->sqlerrcode == ERRCODE_INTERNAL_ERROR ||
		ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION)
		if (error->sqlerrcode == ERRCODE_INTERNAL_ERROR ||
			error->sqlerrcode == ERRCODE_SYNTAX_ERROR)
			fuzz_finding("%s (%s:%d) in %s", error->message, error->filename,
						 error->lineno, sql);
	FreeErrorData(error);
}

/* One statement in a transaction of its own, which is rolled back. */
void
fuzz_statement(const char *sql, bool scans)
{
	instr_time	start,
				end;
	clock_t		computed = clock();

	StartTransactionCommand();
	INSTR_TIME_SET_CURRENT(start);
	enable_timeout_after(STATEMENT_TIMEOUT, CANCEL_AFTER);
	PG_TRY();
	{
		if (scans)
			run_scans(sql);
		else
			run(sql);
	}
	PG_CATCH();
	{
		look_at_error(sql);
	}
	PG_END_TRY();
	disable_timeout(STATEMENT_TIMEOUT, false);
	QueryCancelPending = false;
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	AbortCurrentTransaction();
	computed = (clock() - computed) / (CLOCKS_PER_SEC / 1000);
	if (computed > GONE_AFTER || INSTR_TIME_GET_MILLISEC(end) > STUCK_AFTER)
		fuzz_finding("%.0f ms: %s", INSTR_TIME_GET_MILLISEC(end), sql);
	if (count_files(directory) != files_before)
		fuzz_finding("a file was left beside the database: %s", sql);
	if (look_for_open && count_open() != 0)
		fuzz_finding("a file was left open: %s", sql);
}

void
fuzz_image(FuzzInput *input)
{
	if (input->size == 0)
		return;
	write_image(input);
	fuzz_statement(psprintf("SELECT count(*) FROM sq2pg_check('%s')", path), false);
	fuzz_statement(psprintf("SELECT count(*) FROM sq2pg_migrate('%s', 'public', dry_run => true)",
						   path), false);
	fuzz_statement(path, true);
	/* and as a large object, the dearest way, now and then */
	if (input->data[input->size / 2] % 8 == 0)
		fuzz_statement(psprintf("SELECT count(*) FROM sq2pg_migrate('lo:' || pg_catalog.lo_from_bytea(0, pg_catalog.pg_read_binary_file('%s')), 'public', dry_run => true)",
							   path), false);
}

/* ---------------------------------------------------------------------
 * Mutation
 * ---------------------------------------------------------------------
 */

static void
put(uint8_t *at, uint32 value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--, value >>= 8)
		at[i] = value & 0xff;
}

static uint32
get(const uint8_t *at, int bytes)
{
	uint32		value = 0;

	for (int i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

static uint32
odd_number(uint32 pages)
{
	static const uint32 odd[] = {
		0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000,
		0x7fffffff, 0x80000000, 0xffffffff
	};

	switch (fuzz_chance(3))
	{
		case 0:
			return odd[fuzz_chance(lengthof(odd))];
		case 1:
			return fuzz_chance(pages + 2);
		default:
			return fuzz_chance(UINT32_MAX);
	}
}

static void
change_header(uint8_t *data, uint32 pages)
{
	static const struct
	{
		int			at;
		int			bytes;
	}			fields[] = {
		{16, 2}, {18, 1}, {19, 1}, {20, 1}, {21, 1}, {22, 1}, {24, 4}, {28, 4},
		{32, 4}, {36, 4}, {40, 4}, {44, 4}, {48, 4}, {52, 4}, {56, 4}, {60, 4},
		{64, 4}, {92, 4}, {96, 4}
	};
	int			i = fuzz_chance(lengthof(fields));

	put(data + fields[i].at, odd_number(pages), fields[i].bytes);
}

/* Where the cells of a b-tree page begin; 0: nowhere inside of it. */
static uint32
some_cell(const uint8_t *page, uint32 offset, uint32 page_size)
{
	uint32		header = offset + (page[offset] <= 5 ? 12 : 8);
	uint32		count = get(page + offset + 3, 2);
	uint32		cell;

	count = Min(count, (page_size - header) / 2);
	if (count == 0)
		return 0;
	cell = get(page + header + 2 * fuzz_chance(count), 2);
	return cell > 0 && cell + 16 < page_size ? cell : 0;
}

static void
change_cell(uint8_t *page, uint32 offset, uint32 page_size, uint32 pages)
{
	uint32		cell = some_cell(page, offset, page_size);

	if (cell == 0)
		return;
	switch (fuzz_chance(5))
	{
		case 0:					/* a size of nine bytes */
			memset(page + cell, 0xff, 9);
			break;
		case 1:					/* the child, or the size */
			put(page + cell, odd_number(pages), 4);
			break;
		case 2:					/* types in the record */
			page[cell + 2 + fuzz_chance(12)] = fuzz_chance(256);
			break;
		case 3:
			page[cell + fuzz_chance(4)] = 0x80 | fuzz_chance(128);
			break;
		default:				/* a page of overflow may follow the cell */
			put(page + Min(cell + fuzz_chance(page_size), page_size - 4),
				fuzz_chance(pages + 2), 4);
	}
}

static void
change_page(uint8_t *data, uint32 number, uint32 page_size, uint32 pages)
{
	static const uint8_t kinds[] = {2, 5, 10, 13, 0, 1, 255};
	uint8_t    *page = data + (size_t) number * page_size;
	uint32		offset = number == 0 ? 100 : 0;

	switch (fuzz_chance(7))
	{
		case 0:
			page[offset] = kinds[fuzz_chance(lengthof(kinds))];
			break;
		case 1:					/* free blocks, count, content, fragments */
			put(page + offset + 1 + 2 * fuzz_chance(3), odd_number(page_size), 2);
			break;
		case 2:					/* the rightmost child */
			put(page + offset + 8, odd_number(pages), 4);
			break;
		case 3:					/* a pointer to a cell */
			put(page + offset + 8 + 2 * fuzz_chance(8), fuzz_chance(page_size + 16), 2);
			break;
		case 4:					/* as the first of a chain of pages */
			put(page + (number == 0 ? 100 : 0), fuzz_chance(pages + 2), 4);
			break;
		default:
			change_cell(page, offset, page_size, pages);
	}
}

/* Words of a schema become others of the same length. */
static void
change_schema(uint8_t *data, size_t size)
{
	static const char *const words[] = {
		"CREATE", "TABLE ", "INDEX ", "VIEW  ", "UNIQUE", "table", "index",
		"view ", "CHECK", "WHERE", "NOT NULL", "AS (x) ", "sqlite_", "-- ",
		"/**/", "\"\"\"", "''", "');--", "\0\0", "\xff\xfe", "a,a", "DEFAULT",
		"rowid", "VIRTUAL ", "USING fts5", "STRICT", "REFERENCES", "COLLATE"
	};
	const char *word = words[fuzz_chance(lengthof(words))];
	size_t		length = Max(strlen(word), 2);
	uint8_t    *found = data;

	for (int i = fuzz_chance(12); i >= 0; i--)
	{
		uint8_t    *next = memmem(found + 1, data + size - found - 1, "CREATE", 6);

		if (next == NULL)
			break;
		found = next;
	}
	found += found == data ? fuzz_chance(size) : fuzz_chance(80);
	if (found + length <= data + size)
		memcpy(found, word, length);
}

size_t
fuzz_image_mutate(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint32		page_size;
	uint32		pages;

	fuzz_seed(seed);
	page_size = size >= 512 ? get(data + 16, 2) : 0;
	if (page_size < 512 || (page_size & (page_size - 1)) != 0)
		page_size = 512;
	pages = size / page_size;
	if (pages == 0 || fuzz_chance(20) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	for (int i = fuzz_chance(4); i >= 0; i--)
	{
		uint32		number = fuzz_chance(pages);

		switch (fuzz_chance(10))
		{
			case 0:
				change_header(data, pages);
				break;
			case 1:
			case 2:
				change_schema(data, size);
				break;
			case 3:				/* one page in the place of another */
				memmove(data + (size_t) number * page_size,
						data + (size_t) fuzz_chance(pages) * page_size, page_size);
				break;
			case 4:				/* any bytes, in one page */
				(void) LLVMFuzzerMutate(data + (size_t) number * page_size,
										page_size, page_size);
				break;
			default:
				change_page(data, number, page_size, pages);
		}
	}
	return size;
}
