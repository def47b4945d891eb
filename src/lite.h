/*-------------------------------------------------------------------------
 *
 * lite.h
 *		The only door to SQLite.
 *
 * Nobody else includes sqlite3.h.  A handle and a statement live in a memory
 * context and die with it, so an error anywhere leaves nothing open.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_LITE_H
#define SQM_LITE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "sqmvalue.h"

/* Bytes of a pattern of SQLite's LIKE or GLOB */
#define SQM_MAX_PATTERN 1000

typedef struct SqmLite SqmLite;
typedef struct SqmStatement SqmStatement;
typedef struct SqmRawFile SqmRawFile;

/* How the bytes of the file may be read. */
typedef enum SqmOpenMode
{
	SQM_OPEN_SHARED,			/* with SQLite's locks: others may write */
	SQM_OPEN_IMMUTABLE			/* without locks: nobody writes */
} SqmOpenMode;

typedef enum SqmStep
{
	SQM_STEP_ROW,
	SQM_STEP_DONE,
	SQM_STEP_ERROR
} SqmStep;

extern void sqm_lite_define_settings(void);

/* Connections */
extern SqmLite *sqm_lite_open(const char *path, const char *display,
							  SqmOpenMode mode);
extern SqmLite *sqm_lite_try_open(const char *path, const char *display,
								  SqmOpenMode mode);
extern int	sqm_lite_busy_timeout(void);
extern void sqm_lite_raise_locked(const char *display);
extern void sqm_lite_raise_unclean(const char *display);
extern void sqm_lite_close(SqmLite *lite);
extern bool sqm_lite_end_transaction(SqmLite *lite);
extern void sqm_lite_exec(SqmLite *lite, const char *sql);
extern void sqm_lite_limit_length(SqmLite *lite);
extern const char *sqm_lite_display(SqmLite *lite);
extern bool sqm_lite_column_metadata(SqmLite *lite, const char *table,
									 const char *column,
									 const char **collation,
									 bool *autoincrement);
extern const char *sqm_lite_version(void);
extern List *sqm_lite_compile_options(void);

/* Statements */
extern SqmStatement *sqm_statement_prepare(SqmLite *lite, const char *sql);
extern SqmStatement *sqm_statement_try_prepare(SqmLite *lite, const char *sql,
											   char **message);
extern void sqm_statement_bind_text(SqmStatement *stmt, int index,
									const char *text);
extern void sqm_statement_bind_utf8(SqmStatement *stmt, int index,
									const char *text);
extern void sqm_statement_bind_int64(SqmStatement *stmt, int index, int64 value);
extern void sqm_statement_bind_double(SqmStatement *stmt, int index, double value);
extern void sqm_statement_bind_bytes(SqmStatement *stmt, int index,
									 SqmStorageClass class, const char *data,
									 int length);
extern int	sqm_statement_parameters(SqmStatement *stmt);
extern bool sqm_statement_step(SqmStatement *stmt);
extern SqmStep sqm_statement_try_step(SqmStatement *stmt, char **message);
extern void sqm_statement_reset(SqmStatement *stmt);
extern void sqm_statement_finalize(SqmStatement *stmt);
extern void sqm_statement_value(SqmStatement *stmt, int column, SqmValue *value);
extern void sqm_statement_row(SqmStatement *stmt, SqmValue *values, int count);
extern char *sqm_statement_text(SqmStatement *stmt, int column);
extern int64 sqm_statement_int64(SqmStatement *stmt, int column);
extern int	sqm_statement_columns(SqmStatement *stmt);
extern bool sqm_statement_is_null(SqmStatement *stmt, int column);

/* SQLite's quoting of an identifier; palloc'd */
extern char *sqm_lite_quote(const char *identifier);

/* The bytes of a file, through SQLite's own I/O (see lite_file.c) */
extern SqmRawFile *sqm_raw_open(const char *path, const char *display);
extern int64 sqm_raw_size(SqmRawFile *file);
extern bool sqm_raw_read(SqmRawFile *file, char *buffer, int amount,
						 int64 offset);
extern void sqm_raw_close(SqmRawFile *file);

/* Writing a new database (see lite_write.c) */
extern SqmLite *sqm_lite_open_new(const char *path, const char *display,
								  int64 max_size);
extern void sqm_lite_run(SqmLite *lite, const char *sql);

/* Shared by lite.c and its siblings lite_*.c only */
struct sqlite3;
struct sqlite3_vfs;
extern SqmLite *sqm_lite_new(const char *display);
extern void sqm_lite_adopt(SqmLite *lite, struct sqlite3 *db, int rc);
extern struct sqlite3_vfs *sqm_vfs_register(struct sqlite3_vfs *own);
extern const char *sqm_vfs_name(void);
extern void sqm_lite_functions(struct sqlite3 *db);
extern void sqm_lite_set_patience(SqmLite *lite, int64 patience);
extern bool sqm_lite_is_late(SqmLite *lite);
extern bool sqm_lite_cancel_pending(void);

#endif							/* SQM_LITE_H */
