/*
 * scan.c
 *		A bare sqlite3_step + sqlite3_column_* loop, for test/bench/foreign_scan
 *
 * Reads every column of a table and makes of each value what the foreign scan
 * makes of it: a 64-bit integer, a double, text checked for valid UTF-8 and
 * copied behind a length word, microseconds of a timestamp.  Prints rows,
 * milliseconds of the processor and of the clock, and a sum that no compiler
 * can do without.
 *
 * Usage: scan DATABASE QUERY KINDS    (KINDS: a letter a column: i r t d)
 */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t sum;
static char area[1 << 16];		/* of one row */
static char *next;

static int
valid_utf8(const unsigned char *p, int n)
{
	for (int i = 0; i < n;)
	{
		int			more = p[i] < 0x80 ? 0 : p[i] < 0xc2 ? -1 : p[i] < 0xe0 ? 1 : p[i] < 0xf0 ? 2 : 3;

		if (more < 0 || p[i] == 0 || i + more >= n + (more == 0))
			return 0;
		for (int k = 1; k <= more; k++)
			if ((p[i + k] & 0xc0) != 0x80)
				return 0;
		i += more + 1;
	}
	return 1;
}

static void
keep(const void *data, int length)
{
	if (length > (int) (area + sizeof(area) - next) - 4)
		exit(3);
	memcpy(next, &length, 4);
	memcpy(next + 4, data, length);
	sum += (unsigned char) next[4];
	next += 4 + ((length + 7) & ~7);
}

static int64_t
moment(const char *s)
{
	int			y = atoi(s), m = atoi(s + 5), d = atoi(s + 8);

	m = (m + 9) % 12;
	y -= m / 10;
	return (((int64_t) 365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + d) * 86400 +
			atoi(s + 11) * 3600 + atoi(s + 14) * 60 + atoi(s + 17)) * 1000000;
}

static double
milliseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000.0 + now.tv_nsec / 1e6;
}

static void
take(sqlite3_stmt *stmt, int i, char kind)
{
	if (sqlite3_column_type(stmt, i) == SQLITE_NULL)
		return;
	if (kind == 'i')
		sum += (uint64_t) sqlite3_column_int64(stmt, i);
	else if (kind == 'r')
		sum += (uint64_t) sqlite3_column_double(stmt, i);
	else
	{
		const unsigned char *text = sqlite3_column_text(stmt, i);
		int			length = sqlite3_column_bytes(stmt, i);

		if (kind == 'd')
			sum += (uint64_t) moment((const char *) text);
		else if (valid_utf8(text, length))
			keep(text, length);
	}
}

int
main(int argc, char **argv)
{
	sqlite3    *db;
	sqlite3_stmt *stmt;
	double		cpu;
	double		wall;
	long		rows = 0;

	if (argc != 4 || sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		return 1;
	cpu = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
	wall = milliseconds(CLOCK_MONOTONIC);
	if (sqlite3_prepare_v2(db, argv[2], -1, &stmt, NULL) != SQLITE_OK)
		return 2;
	while (sqlite3_step(stmt) == SQLITE_ROW)
	{
		next = area;
		for (int i = 0; argv[3][i] != '\0'; i++)
			take(stmt, i, argv[3][i]);
		rows++;
	}
	sqlite3_finalize(stmt);
	printf("%ld %.3f %.3f %llu\n", rows,
		   milliseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu,
		   milliseconds(CLOCK_MONOTONIC) - wall, (unsigned long long) sum);
	return 0;
}
