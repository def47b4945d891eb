/*-------------------------------------------------------------------------
 *
 * lite_write.c
 *		How is a new SQLite database written, and nothing else?
 *
 * The file is there already, empty, and belongs to us alone until it is
 * complete: so no journal on disk, no waiting for the disk, no locks but one.
 * Whatever SQLite must put aside (sorting for an index) goes into files
 * beside it that have no name any more once they are open.
 *
 * The rules of lite.c hold here, too: no error of ours is raised inside of
 * SQLite, and the handle dies with its memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sqlite3.h>

#include "lite.h"

#define SQM_WRITE_VFS_NAME "sqlite_fdw_mig_write"
#define SQM_PAGE_SIZE 4096

static sqlite3_vfs *base_vfs = NULL;

/* Where files without a name go; one database is written at a time. */
static char spill_name[MAXPGPATH + 16];

/*
 * SQLite would choose a directory of its own for files that it wants to be
 * temporary.  These are unlinked as soon as they are open, so that all can
 * have one name.
 */
static int
write_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
		   int flags, int *out_flags)
{
	return base_vfs->xOpen(base_vfs, name != NULL ? name : spill_name, file,
						   flags, out_flags);
}

static sqlite3_vfs write_vfs = {.zName = SQM_WRITE_VFS_NAME,.xOpen = write_open};

static const char *
write_vfs_name(void)
{
	if (base_vfs == NULL)
		base_vfs = sqm_vfs_register(&write_vfs);
	return SQM_WRITE_VFS_NAME;
}

/*
 * What an export needs, and no more: statements come from functions that
 * everybody may call.  No other file, no code, no settings of the library.
 */
static int
on_write(void *arg, int action, const char *first, const char *second,
		 const char *database, const char *trigger)
{
	switch (action)
	{
		case SQLITE_SELECT:
		case SQLITE_READ:
		case SQLITE_RECURSIVE:
		case SQLITE_INSERT:
		case SQLITE_UPDATE:
		case SQLITE_DELETE:
		case SQLITE_CREATE_TABLE:
		case SQLITE_CREATE_INDEX:
		case SQLITE_CREATE_VIEW:
		case SQLITE_DROP_VIEW:
		case SQLITE_REINDEX:
		case SQLITE_TRANSACTION:
			return SQLITE_OK;
		case SQLITE_FUNCTION:
			return second != NULL &&
				sqlite3_stricmp(second, "load_extension") != 0 &&
				sqlite3_stricmp(second, "fts3_tokenizer") != 0 ?
				SQLITE_OK : SQLITE_DENY;
		case SQLITE_PRAGMA:
			return first != NULL &&
				(sqlite3_stricmp(first, "foreign_key_check") == 0 ||
				 sqlite3_stricmp(first, "table_info") == 0) ?
				SQLITE_OK : SQLITE_DENY;
		default:
			return SQLITE_DENY;
	}
}

/*
 * Names in double quotes are names: where a column does not exist that is an
 * error, and not a string.
 */
static void
configure(SqmLite *lite, sqlite3 *db, int64 max_size)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqm_lite_exec(lite, "PRAGMA encoding = 'UTF-8';"
				  "PRAGMA locking_mode = exclusive;"
				  "PRAGMA journal_mode = memory;"
				  "PRAGMA synchronous = off;"
				  "PRAGMA temp_store = file;"
				  "PRAGMA mmap_size = 0;"
				  "PRAGMA foreign_keys = off;"
				  "PRAGMA cache_size = -16384");
	sqm_lite_exec(lite, psprintf("PRAGMA page_size = %d", SQM_PAGE_SIZE));
	if (max_size >= 0)
		sqm_lite_exec(lite, psprintf("PRAGMA max_page_count = " INT64_FORMAT,
									 Max(max_size / SQM_PAGE_SIZE, 1)));
	sqlite3_set_authorizer(db, on_write, NULL);
}

/*
 * Open the empty file at "path" for writing, in the current memory context,
 * whose end closes it.  Beyond "max_size" bytes (-1: no limit) SQLite says
 * that the database is full.
 */
SqmLite *
sqm_lite_open_new(const char *path, const char *display, int64 max_size)
{
	SqmLite    *lite = sqm_lite_new(display);
	sqlite3    *db = NULL;
	int			rc;

	/* SQLite wants two zeros behind some names */
	memset(spill_name, 0, sizeof(spill_name));
	snprintf(spill_name, sizeof(spill_name) - 2, "%s.spill", path);
	rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE |
						 SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
						 write_vfs_name());
	sqm_lite_adopt(lite, db, rc);
	configure(lite, db, max_size);
	return lite;
}

/* Run one statement, given in the database encoding, that returns no rows. */
void
sqm_lite_run(SqmLite *lite, const char *sql)
{
	SqmStatement *stmt = sqm_statement_prepare(lite, sql);

	while (sqm_statement_step(stmt))
		;
	sqm_statement_finalize(stmt);
}
