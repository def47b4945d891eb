/*-------------------------------------------------------------------------
 *
 * outside.h
 *		A database file, seen from outside.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_OUTSIDE_H
#define SQM_OUTSIDE_H

#include "postgres.h"

#include <sys/stat.h>

#define SQM_HEADER_SIZE 100

typedef struct SqmHeader
{
	int64		page_size;
	int64		pages;			/* 0 if the header does not know */
	int64		change_counter;
	bool		wal_mode;
} SqmHeader;

extern void sqm_outside_stat(const char *path, struct stat *st);
extern char *sqm_outside_realpath(const char *name);
extern bool sqm_outside_same(const struct stat *a, const struct stat *b);
extern int64 sqm_outside_companion(const char *path, const char *suffix);
extern void sqm_outside_check_companions(const char *path);
extern void sqm_header_parse(const char *bytes, bool complete,
							 const char *display, SqmHeader *header);
extern int64 sqm_header_change_counter(const char *bytes);
extern void sqm_header_check_size(const SqmHeader *header, int64 size,
								  const char *display);

#endif							/* SQM_OUTSIDE_H */
