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

#include "compare.h"
#include "lite.h"
#include "srf.h"
#include "value.h"

/* A buffer that one huge row has grown is not kept for the small ones. */
#define SQM_ROW_BUFFER_KEPT (1024 * 1024)

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

/* What happens to a value that does not fit. */
typedef enum SqmPolicy
{
	SQM_POLICY_STOP,			/* stop reading at the first */
	SQM_POLICY_COUNT,			/* read on and count: it will be an error */
	SQM_POLICY_NULL,			/* store NULL instead */
	SQM_POLICY_REJECT,			/* leave the row out */
	SQM_POLICY_REPAIR			/* store the nearest value, else NULL */
} SqmPolicy;

typedef enum SqmRowState
{
	SQM_ROW_GOOD,				/* store it */
	SQM_ROW_REJECTED,			/* leave it out */
	SQM_ROW_MISFIT				/* an error is to come */
} SqmRowState;

/* A value of the current row that is refused or replaced. */
typedef struct SqmPending
{
	int			column;
	const char *action;
	SqmReason	reason;
} SqmPending;

/*
 * A reference to a parent that does not exist.  Whether it does is not for a
 * reader to know: it is told, by the number of the row.
 */
typedef struct SqmOrphan
{
	int64		row;
	int			column;			/* of the reader */
	bool		nulled;			/* the reference becomes NULL; else the row is
								 * left out */
	const char *parent;			/* as shown to people */
} SqmOrphan;

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
	SqmValue   *row;			/* the current row */
	bool		has_rowid;		/* is the rowid the last column? */
	char	   *relation;		/* quoted and schema-qualified; NULL: none yet */
	bool		logs;			/* what is refused goes to the rejects */
	SqmOrphan  *orphans;		/* by row; not by what the row holds, see
								 * SqmOrphan */
	int			norphans;
	int			orphans_size;
	int			next_orphan;
	int			in_row;			/* orphans of the last row added */
	int			most_orphans;	/* in one row */
	bool		accounts;		/* exceptions and stored are kept */
	char	  **target_names;
	SqmPolicy	policy;
	int			load;			/* see SqmReject */
	int64		rows;			/* read so far */
	int64		noise;
	int64		changed;		/* values that were stored as something else */
	int64		rejected;		/* rows that were left out */

	SqmPending *pending;		/* room for each column and each orphan */
	int			npending;

	/*
	 * Rows that do not stand in the target as they stood in the source, by
	 * their number (from 1), and the digest of what stands there instead.
	 * Verification leaves them out on one side and adds the digest.
	 */
	int64	   *exceptions;
	int			nexceptions;
	int			exceptions_size;
	SqmCanon  **canons;			/* made at the first of them */
	SqmDigest	stored;

	/*
	 * And all other rows that were converted, as raw values of the source, if
	 * that is wanted.
	 */
	bool		digests;
	SqmDigest	digest;
	SqmCanon  **source_canons;	/* made at the first of them */
	StringInfoData row_bytes;
	pg_tz	   *time_zone;
	bool		empty_as_null;
	Oid		   *type_oids;
	int32	   *typmods;
	SqmMisfits *misfits;		/* per column */
	int			examples;
	MemoryContext context;
} SqmReader;

extern SqmReader *sqm_reader_create(const char *source, const char *table,
									List *columns, Relation rel,
									List *target_columns,
									const char *time_zone, bool empty_as_null);
extern SqmReader *sqm_reader_create_for_types(const char *source,
											  const char *table,
											  List *columns, List *types,
											  List *not_null,
											  const char *time_zone,
											  bool empty_as_null);
extern void sqm_reader_add_orphan(SqmReader *reader, int64 row,
								  const char *column, bool nulled,
								  const char *parent);
extern void sqm_reader_open_ranges(SqmReader *reader);
extern void sqm_reader_range(SqmReader *reader, int64 low, int64 high);
extern bool sqm_reader_last_rowid(SqmReader *reader, int64 *rowid);
extern bool sqm_reader_next(SqmReader *reader);
extern SqmRowState sqm_reader_convert(SqmReader *reader, Datum *values,
									  bool *isnull, Size *bytes);
extern void sqm_reader_count_nulls(SqmReader *reader, const bool *isnull,
								   int natts, int64 *counts);
extern bool *sqm_reader_loaded(SqmReader *reader, int natts);
extern SqmPolicy sqm_policy_from_word(const char *word);
extern void sqm_reader_row_misfits(SqmReader *reader, SqmRow *row);
extern void sqm_reader_close(SqmReader *reader);

/* For readers of other shapes: one table, columns by name, rowid last. */
extern SqmStatement *sqm_table_statement(const char *source, const char *table,
										 List *columns, bool *has_rowid);
extern char *sqm_value_display(const SqmValue *value);
extern const char *sqm_storage_word(SqmStorageClass storage);

#endif							/* SQM_READER_H */
