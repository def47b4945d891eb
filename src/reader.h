/*-------------------------------------------------------------------------
 *
 * reader.h
 *		The rows of a SQLite table as values for the columns of a relation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_READER_H
#define SQM_READER_H

#include "postgres.h"

#include "utils/rel.h"

#include "lite.h"
#include "srf.h"
#include "value.h"

/* How many examples of misfits are kept in all. */
#define SQM_MAX_EXAMPLES 20

/* One column's misfits. */
typedef struct SqmMisfits
{
	int64		count;
	List	   *examples;		/* SqmExample * */
} SqmMisfits;

typedef struct SqmExample
{
	bool		has_rowid;
	int64		rowid;
	char	   *value;			/* as shown to people */
	const char *storage;
	char	   *sqlstate;
	char	   *message;
} SqmExample;

typedef struct SqmReader
{
	char	   *source;
	char	   *table;
	SqmStatement *stmt;
	int			columns;
	List	   *names;			/* of the columns in SQLite (char *) */
	int		   *attnums;		/* in the relation */
	char	  **types;			/* formatted, for messages */
	bool	   *not_null;
	SqmTarget **targets;
	bool		has_rowid;		/* is the rowid the last column? */
	bool		stop_at_misfit;
	int64		rows;			/* read so far */
	int64		noise;
	SqmMisfits *misfits;		/* per column */
	int			examples;
	MemoryContext context;
} SqmReader;

extern SqmReader *sqm_reader_create(const char *source, const char *table,
									List *columns, Relation rel,
									List *target_columns,
									const char *time_zone, bool empty_as_null);
extern bool sqm_reader_next(SqmReader *reader);
extern bool sqm_reader_convert(SqmReader *reader, Datum *values, bool *isnull,
							   Size *bytes);
extern void sqm_reader_row_misfits(SqmReader *reader, SqmRow *row);
extern void sqm_reader_close(SqmReader *reader);

/* For readers of other shapes: one table, columns by name, rowid last. */
extern SqmStatement *sqm_table_statement(const char *source, const char *table,
										 List *columns, bool *has_rowid);
extern char *sqm_value_display(const SqmValue *value);
extern const char *sqm_storage_word(SqmStorageClass storage);

#endif							/* SQM_READER_H */
