/*-------------------------------------------------------------------------
 *
 * lite.c
 *		The only door to SQLite: open, harden, prepare, step, close.
 *
 * Small wrappers that turn result codes into PostgreSQL errors, memory
 * ownership into memory contexts, and PostgreSQL's cancel into SQLite's
 * interrupt.  No ereport() ever passes through a SQLite frame: callbacks only
 * set what SQLite returns, and errors are raised after SQLite has returned.
 *
 * This file has no idea what is being migrated, and does not decide how a
 * file may be opened (source.c does).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>
#include <sqlite3.h>

#include "lib/ilist.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "lite.h"

#if SQLITE_VERSION_NUMBER < 3037000
#error "sqlite_fdw_mig needs SQLite 3.37 or later (PRAGMA table_list)"
#endif

/* How many virtual machine steps between two looks at the cancel flags. */
#define SQM_PROGRESS_STEPS 1000

/* How often, in milliseconds, a timer looks at them, too. */
#define SQM_TIMER_INTERVAL 100

/*
 * What a schema may hold, beyond SQLite's own limits: a statement longer or a
 * program larger than these is the work of somebody who means harm.  (A view
 * of 500 SELECTs with 2,000 columns fits.)
 */
#define SQM_MAX_STATEMENT (16 * 1024 * 1024)
#define SQM_MAX_PROGRAM 2500000

struct SqmLite
{
	sqlite3    *db;
	struct SqmLite *next;		/* open connection */
	TimeoutId	timer;
	char	   *display;		/* what messages call the source */
	dlist_head	statements;
	instr_time	busy_since;
	TimestampTz deadline;		/* of its statements; 0: none */
	MemoryContextCallback callback;
};

struct SqmStatement
{
	sqlite3_stmt *stmt;			/* NULL once finalized */
	SqmLite    *lite;
	dlist_node	node;
	MemoryContextCallback callback;
};

static int	busy_timeout = 5000;

/*
 * The settings that belong to this module.
 */
void
sqm_lite_define_settings(void)
{
	DefineCustomIntVariable("sqlite_fdw_mig.busy_timeout",
							"Sets how long to wait for a lock on a SQLite database.",
							NULL,
							&busy_timeout,
							5000, 0, INT_MAX / 2,
							PGC_USERSET, GUC_UNIT_MS,
							NULL, NULL, NULL);
}

/* ---------------------------------------------------------------------
 * Errors
 * ---------------------------------------------------------------------
 */

static int
errcode_for_sqlite(int rc)
{
	switch (rc & 0xff)
	{
		case SQLITE_CANTOPEN:
		case SQLITE_NOTADB:
			return ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION;
		case SQLITE_PERM:
		case SQLITE_AUTH:
			return ERRCODE_INSUFFICIENT_PRIVILEGE;
		case SQLITE_BUSY:
		case SQLITE_LOCKED:
			return ERRCODE_LOCK_NOT_AVAILABLE;
		case SQLITE_NOMEM:
			return ERRCODE_OUT_OF_MEMORY;
		case SQLITE_READONLY:
			return ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
		case SQLITE_INTERRUPT:
			return ERRCODE_QUERY_CANCELED;
		case SQLITE_IOERR:
			return ERRCODE_IO_ERROR;
		case SQLITE_CORRUPT:
			return ERRCODE_DATA_CORRUPTED;
		case SQLITE_FULL:
			return ERRCODE_DISK_FULL;
		case SQLITE_TOOBIG:
			return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
		default:
			return ERRCODE_FDW_ERROR;
	}
}

/*
 * SQLite's message in the database encoding.  It may quote text from the
 * file, so nothing about it can be trusted.
 */
static char *
sqlite_message(sqlite3 *db, int rc)
{
	const char *message = db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
	int			length = strlen(message);
	char	   *copy;

	if (pg_encoding_verifymbstr(PG_UTF8, message, length) != length)
		message = sqlite3_errstr(rc);
	copy = pg_any_to_server(message, strlen(message), PG_UTF8);
	return copy == message ? pstrdup(message) : copy;
}

static int
errhint_for_sqlite(int rc)
{
	switch (rc & 0xff)
	{
		case SQLITE_NOTADB:
			return errhint("If the database is encrypted, decrypt it first; if it is a text dump, load it with the sqlite3 program first.");
		case SQLITE_BUSY:
		case SQLITE_LOCKED:
			return errhint("Another process holds a lock on it. Try again when it is idle, or raise \"sqlite_fdw_mig.busy_timeout\".");
		case SQLITE_CORRUPT:
			return errhint("Run PRAGMA integrity_check with the sqlite3 program; its command .recover may save what is left.");
		case SQLITE_READONLY:
			return errhint("The database was not closed properly. Open it once with its application, or make a clean copy with the command .backup of the sqlite3 program.");
		default:
			return 0;
	}
}

/*
 * Raise what SQLite reported.  An interrupt of ours becomes the regular
 * cancel or termination first.
 */
static void
raise_sqlite(SqmLite *lite, int rc)
{
	char	   *message;

	/* who cancels the wait for a lock wants to hear that */
	if ((rc & 0xff) == SQLITE_INTERRUPT || (rc & 0xff) == SQLITE_BUSY)
		CHECK_FOR_INTERRUPTS();
	message = sqlite_message(lite->db, rc);
	if ((rc & 0xff) == SQLITE_NOTADB)
		ereport(ERROR,
				(errcode(errcode_for_sqlite(rc)),
				 errmsg("\"%s\" is not a SQLite database", lite->display),
				 errhint_for_sqlite(rc)));
	ereport(ERROR,
			(errcode(errcode_for_sqlite(rc)),
			 errmsg("SQLite database \"%s\": %s", lite->display, message),
			 errhint_for_sqlite(rc)));
}

/* What SQLite would say, where somebody else has looked. */
void
sqm_lite_raise_locked(const char *display)
{
	SqmLite		lite = {.display = unconstify(char *, display)};

	raise_sqlite(&lite, SQLITE_BUSY);
}

void
sqm_lite_raise_unclean(const char *display)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
			 errmsg("could not open SQLite database \"%s\"", display),
			 errdetail("It was not closed properly: a journal or write-ahead log beside it must be processed first, and that would change the database."),
			 errhint("Open it once with its application or with the sqlite3 program, or make a clean copy with the command .backup.")));
}

/* Milliseconds to wait for a lock */
int
sqm_lite_busy_timeout(void)
{
	return busy_timeout;
}

static void
check_sqlite(SqmLite *lite, int rc)
{
	if (rc != SQLITE_OK)
		raise_sqlite(lite, rc);
}

/* ---------------------------------------------------------------------
 * Callbacks: they run inside SQLite and must return to it
 * ---------------------------------------------------------------------
 */

bool
sqm_lite_cancel_pending(void)
{
	return InterruptPending && (QueryCancelPending || ProcDiePending);
}

static int
on_progress(void *arg)
{
	return sqm_lite_cancel_pending() || sqm_lite_is_late((SqmLite *) arg) ? 1 : 0;
}

/*
 * From now on statements have so long, in milliseconds, all together; -1: as
 * long as they like.  One that is late seems to be done.
 */
void
sqm_lite_set_patience(SqmLite *lite, int64 patience)
{
	lite->deadline = patience < 0 ? 0 : GetCurrentTimestamp() + patience * 1000;
}

bool
sqm_lite_is_late(SqmLite *lite)
{
	return lite->deadline != 0 && GetCurrentTimestamp() > lite->deadline;
}

/* Sleep a little and say whether to try again. */
static int
on_busy(void *arg, int tries)
{
	SqmLite    *lite = (SqmLite *) arg;
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	if (tries == 0)
		lite->busy_since = now;
	INSTR_TIME_SUBTRACT(now, lite->busy_since);
	if (sqm_lite_cancel_pending() || INSTR_TIME_GET_MILLISEC(now) >= busy_timeout)
		return 0;
	pg_usleep(10000L);
	return 1;
}

static int
compare_bytes(void *arg, int left_length, const void *left,
			  int right_length, const void *right)
{
	int			result = memcmp(left, right, Min(left_length, right_length));

	return result != 0 ? result : left_length - right_length;
}

/*
 * A collation of the application that made the file ("unicase", "localized").
 * Without one its tables could not be read at all; BINARY changes only orders
 * and comparisons inside SQLite, never a value.
 */
static void
on_collation_needed(void *arg, sqlite3 *db, int encoding, const char *name)
{
	(void) sqlite3_create_collation(db, name, SQLITE_UTF8, NULL, compare_bytes);
}

static const char *const allowed_pragmas[] = {
	"cache_size", "cell_size_check", "data_version", "encoding",
	"foreign_key_list", "ignore_check_constraints", "index_list",
	"index_xinfo", "mmap_size", "page_count", "page_size", "quick_check",
	"schema_version", "table_list", "table_xinfo", "temp_store", "query_only",
	"user_version", "application_id",
	/* the virtual table modules of the library ask for these */
	"journal_mode", "table_info"
};

static bool
pragma_is_allowed(const char *name)
{
	for (int i = 0; i < (int) lengthof(allowed_pragmas); i++)
		if (sqlite3_stricmp(name, allowed_pragmas[i]) == 0)
			return true;
	return false;
}

static bool
function_is_allowed(const char *name)
{
	static const char *const refused[] = {
		"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit"
	};

	for (int i = 0; i < (int) lengthof(refused); i++)
		if (sqlite3_stricmp(name, refused[i]) == 0)
			return false;
	return true;
}

/*
 * Reading is all there is.  This is the second fence: the file is open
 * read-only anyway, but a view or a generated column of a hostile file must
 * not reach other files or load code either.
 */
static int
on_authorize(void *arg, int action, const char *first, const char *second,
			 const char *database, const char *trigger)
{
	switch (action)
	{
		case SQLITE_SELECT:
		case SQLITE_READ:
		case SQLITE_RECURSIVE:
		case SQLITE_TRANSACTION:
			return SQLITE_OK;
		case SQLITE_INSERT:
		case SQLITE_UPDATE:
		case SQLITE_DELETE:

			/*
			 * Virtual table modules compile statements on their shadow tables
			 * when they are connected to, and SQLite declares their columns
			 * to itself that way.  None can be executed: the file is open
			 * read-only, and no statement of ours writes.
			 */
			return SQLITE_OK;
		case SQLITE_FUNCTION:
			return second != NULL && function_is_allowed(second) ?
				SQLITE_OK : SQLITE_DENY;
		case SQLITE_PRAGMA:
			return first != NULL && pragma_is_allowed(first) ?
				SQLITE_OK : SQLITE_DENY;
		default:
			return SQLITE_DENY;
	}
}

/* ---------------------------------------------------------------------
 * The timer
 * ---------------------------------------------------------------------
 */

static SqmLite *volatile open_connections = NULL;

/*
 * Runs in a signal handler.  SQLite looks at the progress handler only while a
 * program runs; at the flag that sqlite3_interrupt() sets it looks also while
 * it parses a schema or walks a b-tree.  That function does nothing but set
 * the flag, and the list changes by single assignments of pointers, so both
 * are safe here; SQLite itself clears the flag when the next statement begins.
 */
static void
on_timer(void)
{
	if (!sqm_lite_cancel_pending())
		return;
	for (SqmLite *lite = open_connections; lite != NULL; lite = lite->next)
		sqlite3_interrupt(lite->db);
}

static void
watch_connection(SqmLite *lite)
{
	static TimeoutId timer = MAX_TIMEOUTS;

	if (timer == MAX_TIMEOUTS)
		timer = RegisterTimeout(USER_TIMEOUT, on_timer);
	lite->timer = timer;
	lite->next = open_connections;
	open_connections = lite;
	/* errors of other statements switch all timers off: say it every time */
	enable_timeout_every(timer,
						 TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													 SQM_TIMER_INTERVAL),
						 SQM_TIMER_INTERVAL);
}

static void
unwatch_connection(SqmLite *lite)
{
	if (open_connections == lite)
		open_connections = lite->next;
	else
	{
		for (SqmLite *other = open_connections; other != NULL;
			 other = other->next)
		{
			if (other->next == lite)
			{
				other->next = lite->next;
				break;
			}
		}
	}
	if (open_connections == NULL && lite->timer != MAX_TIMEOUTS)
		disable_timeout(lite->timer, false);
}

/* ---------------------------------------------------------------------
 * Connections
 * ---------------------------------------------------------------------
 */

static void
finalize_statement(SqmStatement *stmt)
{
	if (stmt->stmt == NULL)
		return;
	sqlite3_finalize(stmt->stmt);
	stmt->stmt = NULL;
	dlist_delete(&stmt->node);
}

static void
close_connection(void *arg)
{
	SqmLite    *lite = (SqmLite *) arg;
	dlist_mutable_iter iter;

	if (lite->db == NULL)
		return;
	unwatch_connection(lite);
	dlist_foreach_modify(iter, &lite->statements)
		finalize_statement(dlist_container(SqmStatement, node, iter.cur));
	sqlite3_close_v2(lite->db);
	lite->db = NULL;
}

/*
 * The path as a URI: everything but the plainest characters percent-encoded,
 * so that no character of a file name can become a parameter.
 */
static char *
make_uri(const char *path, SqmOpenMode mode)
{
	static const char hex[] = "0123456789ABCDEF";
	StringInfoData uri;

	initStringInfo(&uri);
	appendStringInfoString(&uri, "file:");
	for (const unsigned char *p = (const unsigned char *) path; *p; p++)
	{
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			(*p >= '0' && *p <= '9') || strchr("/._-", *p) != NULL)
			appendStringInfoChar(&uri, *p);
		else
			appendStringInfo(&uri, "%%%c%c", hex[*p >> 4], hex[*p & 15]);
	}
	appendStringInfoString(&uri, mode == SQM_OPEN_IMMUTABLE ?
						   "?mode=ro&immutable=1" :
						   "?mode=ro&readonly_shm=1");
	return uri.data;
}

/*
 * SQLite's own JSON functions are harmless, but some releases (3.40 among them)
 * have them marked as unsafe: there, with an untrusted schema, one index on
 * json_extract() makes the whole file unreadable.  Asked of an empty database,
 * once.
 */
static bool
json_is_refused(void)
{
	static int	refused = -1;
	sqlite3    *db = NULL;

	if (refused >= 0)
		return refused == 1;
	if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE |
						SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX |
						SQLITE_OPEN_PRIVATECACHE, NULL) == SQLITE_OK)
	{
		sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		refused = sqlite3_exec(db, "SELECT json_valid('1')",
							   NULL, NULL, NULL) == SQLITE_OK &&
			sqlite3_exec(db, "CREATE TABLE t (a, b AS (json_valid(a)))",
						 NULL, NULL, NULL) != SQLITE_OK;
	}
	sqlite3_close(db);
	return refused == 1;
}

/*
 * What keeps a hostile schema from doing more than being read.  (Views stay
 * enabled: only a query that names one runs it, and there the authorizer still
 * watches.  Switching them would expire every compiled statement.)  All of it is
 * per connection: other users of the library in this process are not ours to
 * configure.
 */
static void
harden(SqmLite *lite)
{
	sqlite3    *db = lite->db;

	sqlite3_extended_result_codes(db, 1);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* where that goes too far, the authorizer still watches every function */
	if (!json_is_refused())
		sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, SQM_MAX_STATEMENT);
	sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, SQM_MAX_PROGRAM);
	sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, SQM_MAX_PATTERN);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqm_lite_functions(db);
	sqlite3_set_authorizer(db, on_authorize, lite);
	sqlite3_progress_handler(db, SQM_PROGRESS_STEPS, on_progress, lite);
	sqlite3_busy_handler(db, on_busy, lite);
	sqlite3_collation_needed(db, NULL, on_collation_needed);
	/* a page cache that fits into the processor's: scans gain, see
	 * docs/performance.md, and nothing else loses */
	sqm_lite_exec(lite, "PRAGMA temp_store = memory;"
				  "PRAGMA mmap_size = 0;"
				  "PRAGMA cell_size_check = on;"
				  "PRAGMA cache_size = 128");
}

/* A handle without a database yet, in the current memory context. */
SqmLite *
sqm_lite_new(const char *display)
{
	SqmLite    *lite = palloc0(sizeof(SqmLite));

	lite->display = pstrdup(display);
	lite->timer = MAX_TIMEOUTS;
	dlist_init(&lite->statements);
	lite->callback.func = close_connection;
	lite->callback.arg = lite;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &lite->callback);
	return lite;
}

/*
 * A database that has just been opened belongs to the handle from here on, and
 * a cancel reaches it.
 */
void
sqm_lite_adopt(SqmLite *lite, sqlite3 *db, int rc)
{
	lite->db = db;
	check_sqlite(lite, rc);
	watch_connection(lite);
	sqlite3_extended_result_codes(db, 1);
	sqlite3_progress_handler(db, SQM_PROGRESS_STEPS, on_progress, lite);
}

/*
 * Open the database file at "path" read-only in the current memory context,
 * whose end closes it.  "display" is what messages call it.
 *
 * Returns NULL if SQLite says that it cannot be opened that way
 * (SQLITE_CANTOPEN or SQLITE_READONLY, at the first look at its content);
 * every other failure is an error.
 */
SqmLite *
sqm_lite_try_open(const char *path, const char *display, SqmOpenMode mode)
{
	SqmLite    *lite = sqm_lite_new(display);
	int			rc;

	rc = sqlite3_open_v2(make_uri(path, mode), &lite->db,
						 SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
						 SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
						 sqm_vfs_name());
	if (rc == SQLITE_OK)
	{
		watch_connection(lite);
		harden(lite);
		/* the first read meets journals, locks and a wrong header */
		rc = sqlite3_exec(lite->db, "SELECT 1 FROM sqlite_schema LIMIT 1",
						  NULL, NULL, NULL);
	}
	if ((rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY)
	{
		sqm_lite_close(lite);
		return NULL;
	}
	check_sqlite(lite, rc);
	return lite;
}

/*
 * The same, but to be refused is an error.
 */
SqmLite *
sqm_lite_open(const char *path, const char *display, SqmOpenMode mode)
{
	SqmLite    *lite = sqm_lite_try_open(path, display, mode);

	if (lite == NULL)
		sqm_lite_raise_unclean(display);
	return lite;
}

void
sqm_lite_close(SqmLite *lite)
{
	close_connection(lite);
}

/*
 * Leave nothing of a transaction behind: no statement, no lock, no pages.
 * False if that does not succeed; raises no error.
 */
bool
sqm_lite_end_transaction(SqmLite *lite)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &lite->statements)
		finalize_statement(dlist_container(SqmStatement, node, iter.cur));
	if (!sqlite3_get_autocommit(lite->db) &&
		sqlite3_exec(lite->db, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
		return false;
	(void) sqlite3_db_release_memory(lite->db);
	return true;
}

/* Run a fixed text (never text from data). */
void
sqm_lite_exec(SqmLite *lite, const char *sql)
{
	check_sqlite(lite, sqlite3_exec(lite->db, sql, NULL, NULL, NULL));
}

const char *
sqm_lite_display(SqmLite *lite)
{
	return lite->display;
}

/*
 * No value of this database can be longer than the database itself; UTF-16
 * grows by half when it becomes UTF-8.  With that a small file cannot make
 * large values, by a generated column or by lies in a record.  Call it once
 * the snapshot is held.
 */
void
sqm_lite_limit_length(SqmLite *lite)
{
	SqmStatement *stmt = sqm_statement_prepare(lite,
											   "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
	int64		size = 0;

	if (sqm_statement_step(stmt))
		size = sqm_statement_int64(stmt, 0);
	sqm_statement_finalize(stmt);
	sqlite3_limit(lite->db, SQLITE_LIMIT_LENGTH,
				  (int) Min(2 * size + 1024 * 1024, 1000000000));
}

/*
 * What no pragma tells of a column: its collation, and whether it is
 * AUTOINCREMENT.  Returns false if SQLite knows no such column; without one
 * the question is for the table, which must not be a view.  "collation" is
 * borrowed until the schema is forgotten.
 */
bool
sqm_lite_column_metadata(SqmLite *lite, const char *table, const char *column,
						 const char **collation, bool *autoincrement)
{
	int			auto_flag = 0;
	int			rc;

	rc = sqlite3_table_column_metadata(lite->db, "main", table, column, NULL,
									   collation, NULL, NULL, &auto_flag);
	*autoincrement = auto_flag != 0;
	return rc == SQLITE_OK;
}

const char *
sqm_lite_version(void)
{
	return sqlite3_libversion();
}

List *
sqm_lite_compile_options(void)
{
	List	   *options = NIL;
	const char *option;

	for (int i = 0; (option = sqlite3_compileoption_get(i)) != NULL; i++)
		options = lappend(options, pstrdup(option));
	return options;
}

char *
sqm_lite_quote(const char *identifier)
{
	StringInfoData quoted;

	initStringInfo(&quoted);
	appendStringInfoChar(&quoted, '"');
	for (const char *p = identifier; *p; p++)
	{
		if (*p == '"')
			appendStringInfoChar(&quoted, '"');
		appendStringInfoChar(&quoted, *p);
	}
	appendStringInfoChar(&quoted, '"');
	return quoted.data;
}

/* ---------------------------------------------------------------------
 * Statements
 * ---------------------------------------------------------------------
 */

static void
statement_callback(void *arg)
{
	finalize_statement((SqmStatement *) arg);
}

/*
 * Compile one statement, given in the database encoding; it lives in the
 * current memory context.  On failure
 * returns NULL and SQLite's message (palloc'd).
 */
SqmStatement *
sqm_statement_try_prepare(SqmLite *lite, const char *sql, char **message)
{
	SqmStatement *stmt = palloc0(sizeof(SqmStatement));
	sqlite3_stmt *compiled = NULL;
	int			rc;

	sql = pg_server_to_any(sql, strlen(sql), PG_UTF8);
	rc = sqlite3_prepare_v2(lite->db, sql, -1, &compiled, NULL);
	if (rc != SQLITE_OK)
	{
		if ((rc & 0xff) == SQLITE_INTERRUPT || (rc & 0xff) == SQLITE_NOMEM)
			raise_sqlite(lite, rc);
		*message = sqlite_message(lite->db, rc);
		pfree(stmt);
		return NULL;
	}
	/* nothing but white space or comments */
	if (compiled == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("SQLite database \"%s\": there is no statement",
						lite->display)));
	stmt->stmt = compiled;
	stmt->lite = lite;
	dlist_push_head(&lite->statements, &stmt->node);
	stmt->callback.func = statement_callback;
	stmt->callback.arg = stmt;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &stmt->callback);
	return stmt;
}

SqmStatement *
sqm_statement_prepare(SqmLite *lite, const char *sql)
{
	char	   *message = NULL;
	SqmStatement *stmt = sqm_statement_try_prepare(lite, sql, &message);

	if (stmt == NULL)
		raise_sqlite(lite, sqlite3_extended_errcode(lite->db));
	return stmt;
}

/*
 * Bind text (in the database encoding, of any lifetime); NULL binds NULL.
 * Indexes count from 1.
 */
void
sqm_statement_bind_text(SqmStatement *stmt, int index, const char *text)
{
	if (text != NULL)
		text = pg_server_to_any(text, strlen(text), PG_UTF8);
	check_sqlite(stmt->lite,
				 text == NULL ? sqlite3_bind_null(stmt->stmt, index) :
				 sqlite3_bind_text(stmt->stmt, index, text, -1,
								   SQLITE_TRANSIENT));
}

/* The same with text as it is in the file. */
void
sqm_statement_bind_utf8(SqmStatement *stmt, int index, const char *text)
{
	check_sqlite(stmt->lite,
				 sqlite3_bind_text(stmt->stmt, index, text, -1,
								   SQLITE_TRANSIENT));
}

void
sqm_statement_bind_int64(SqmStatement *stmt, int index, int64 value)
{
	check_sqlite(stmt->lite, sqlite3_bind_int64(stmt->stmt, index, value));
}

void
sqm_statement_bind_double(SqmStatement *stmt, int index, double value)
{
	check_sqlite(stmt->lite, sqlite3_bind_double(stmt->stmt, index, value));
}

/* Bytes as text (UTF-8) or as a blob. */
void
sqm_statement_bind_bytes(SqmStatement *stmt, int index, SqmStorageClass class,
						 const char *data, int length)
{
	sqlite3    *db = stmt->lite->db;

	/* a null pointer would be NULL */
	if (length == 0)
		data = "";
	/* what a query compares with may be longer than any value of the file */
	if (length > sqlite3_limit(db, SQLITE_LIMIT_LENGTH, -1))
		(void) sqlite3_limit(db, SQLITE_LIMIT_LENGTH, length);
	check_sqlite(stmt->lite, class == SQM_TEXT ?
				 sqlite3_bind_text(stmt->stmt, index, data, length,
								   SQLITE_TRANSIENT) :
				 sqlite3_bind_blob(stmt->stmt, index, data, length,
								   SQLITE_TRANSIENT));
}

/* The highest number of a parameter. */
int
sqm_statement_parameters(SqmStatement *stmt)
{
	return sqlite3_bind_parameter_count(stmt->stmt);
}

/* Was it stopped because its time is over?  Then it seems to be done. */
static bool
was_late(SqmStatement *stmt, int rc)
{
	return rc == SQLITE_INTERRUPT && sqm_lite_is_late(stmt->lite) &&
		!sqm_lite_cancel_pending();
}

/*
 * One step; an error of SQLite's is handed back as its message.
 */
SqmStep
sqm_statement_try_step(SqmStatement *stmt, char **message)
{
	int			rc = sqlite3_step(stmt->stmt);

	if (rc == SQLITE_ROW)
		return SQM_STEP_ROW;
	if (rc == SQLITE_DONE || was_late(stmt, rc))
		return SQM_STEP_DONE;
	if ((rc & 0xff) == SQLITE_INTERRUPT || (rc & 0xff) == SQLITE_NOMEM)
		raise_sqlite(stmt->lite, rc);
	*message = sqlite_message(stmt->lite->db, rc);
	return SQM_STEP_ERROR;
}

/* One step: true for a row, false at the end. */
bool
sqm_statement_step(SqmStatement *stmt)
{
	int			rc = sqlite3_step(stmt->stmt);

	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE && !was_late(stmt, rc))
		raise_sqlite(stmt->lite, rc);
	return false;
}

void
sqm_statement_reset(SqmStatement *stmt)
{
	/* repeats the error of the last step, which was reported then */
	(void) sqlite3_reset(stmt->stmt);
}

void
sqm_statement_finalize(SqmStatement *stmt)
{
	finalize_statement(stmt);
}

static inline void
read_value(SqmStatement *stmt, int column, SqmValue *value)
{
	/*
	 * The calls on a value cost less than those on a column, each of which
	 * looks for errors of the connection.  They want a "protected" value,
	 * which without mutexes every value is.
	 */
	sqlite3_value *v = sqlite3_column_value(stmt->stmt, column);

	switch (sqlite3_value_type(v))
	{
		case SQLITE_INTEGER:
			value->storage = SQM_INTEGER;
			value->integer = sqlite3_value_int64(v);
			return;
		case SQLITE_FLOAT:
			value->storage = SQM_REAL;
			value->real = sqlite3_value_double(v);
			return;
		case SQLITE_NULL:
			value->storage = SQM_NULL;
			return;
		case SQLITE_TEXT:
			value->storage = SQM_TEXT;
			value->data = (const char *) sqlite3_value_text(v);
			break;
		default:
			value->storage = SQM_BLOB;
			value->data = (const char *) sqlite3_value_blob(v);
			break;
	}
	value->length = sqlite3_value_bytes(v);
	if (value->data == NULL)
	{
		/* an empty blob is a null pointer, and so is a failed conversion */
		if (value->length > 0 || value->storage == SQM_TEXT ||
			sqlite3_errcode(stmt->lite->db) == SQLITE_NOMEM)
			raise_sqlite(stmt->lite, SQLITE_NOMEM);
		value->data = "";
		value->length = 0;
	}
}

/*
 * The value in a column (from 0) of the current row, as it is: no conversion
 * but UTF-16 to UTF-8.  Text and blobs are borrowed until the next step.
 */
void
sqm_statement_value(SqmStatement *stmt, int column, SqmValue *value)
{
	read_value(stmt, column, value);
}

/* The values of the first "count" columns, likewise */
void
sqm_statement_row(SqmStatement *stmt, SqmValue *values, int count)
{
	for (int i = 0; i < count; i++)
		read_value(stmt, i, &values[i]);
}

/*
 * Text of a catalog column, palloc'd in the database encoding; NULL for NULL.
 * Names that are not valid UTF-8 or hold a NUL cannot exist in PostgreSQL.
 */
char *
sqm_statement_text(SqmStatement *stmt, int column)
{
	const char *text = (const char *) sqlite3_column_text(stmt->stmt, column);
	int			length = sqlite3_column_bytes(stmt->stmt, column);
	char	   *converted;

	if (text == NULL)
		return NULL;
	if (memchr(text, '\0', length) != NULL ||
		pg_encoding_verifymbstr(PG_UTF8, text, length) != length)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("the schema of SQLite database \"%s\" holds text that is not valid UTF-8",
						stmt->lite->display)));
	converted = pg_any_to_server(text, length, PG_UTF8);
	return converted == text ? pnstrdup(text, length) : converted;
}

int64
sqm_statement_int64(SqmStatement *stmt, int column)
{
	return sqlite3_column_int64(stmt->stmt, column);
}

int
sqm_statement_columns(SqmStatement *stmt)
{
	return sqlite3_column_count(stmt->stmt);
}

bool
sqm_statement_is_null(SqmStatement *stmt, int column)
{
	return sqlite3_column_type(stmt->stmt, column) == SQLITE_NULL;
}
