/*-------------------------------------------------------------------------
 *
 * sqmvalue.h
 *		A SQLite value as it came out of the database, before anybody had
 *		an opinion about it.
 *
 * Neither value.c nor compare.c include sqlite3.h: this is all they know of
 * SQLite.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_SQMVALUE_H
#define SQM_SQMVALUE_H

#include "postgres.h"

typedef enum SqmStorageClass
{
	SQM_NULL,
	SQM_INTEGER,
	SQM_REAL,
	SQM_TEXT,
	SQM_BLOB
} SqmStorageClass;

typedef struct SqmValue
{
	SqmStorageClass storage;
	int64		integer;		/* SQM_INTEGER */
	double		real;			/* SQM_REAL */
	const char *data;			/* SQM_TEXT (UTF-8, unchecked, may hold NUL;
								 * not zero-terminated), SQM_BLOB; borrowed
								 * from the statement until its next step */
	int			length;			/* bytes of data */
} SqmValue;

#endif							/* SQM_SQMVALUE_H */
