/*-------------------------------------------------------------------------
 *
 * upload.c
 *		Is an uploaded database whole?
 *
 * A file on the server comes with its companions, and SQLite says what is
 * wrong with them.  An upload is one file only: it may have been cut off or
 * damaged on its way, and a database in WAL mode may have left its newest
 * rows, or all of them, in a -wal file that stayed behind.  Nothing in a
 * header can prove that no log is missing, but what proves that one is, or
 * that the file is not whole, is looked for here.
 *
 * This file does not know how the bytes came here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"

#include "upload.h"

#define HINT_BACKUP "Upload a copy that was made with: sqlite3 app.db \".backup up.db\""

static bool check_uploads = true;

void
sqm_upload_define_settings(void)
{
	DefineCustomBoolVariable("sqlite_fdw_mig.check_uploads",
							 "Looks for damage in an uploaded database before it is migrated.",
							 "Large objects whose pages are damaged, or whose write-ahead log was left behind, are refused.",
							 &check_uploads,
							 true,
							 PGC_USERSET, 0,
							 NULL, NULL, NULL);
}

static void
raise_truncated(const SqmUpload *upload, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("SQLite database \"%s\" is truncated", upload->name),
			 errdetail_internal("%s", detail),
			 errhint("Upload it again; while an application uses it, a copy made with: sqlite3 app.db \".backup up.db\"")));
}

/* Has the upload all the bytes that its header promises? */
void
sqm_upload_check_size(const SqmUpload *upload)
{
	if (upload->size < upload->pages * upload->page_size)
		raise_truncated(upload,
						psprintf("It has %lld bytes, but its header counts %lld pages of %lld bytes.",
								 (long long) upload->size,
								 (long long) upload->pages,
								 (long long) upload->page_size));
	/* written by something that does not count pages */
	if (upload->pages == 0 && upload->page_size > 0 &&
		upload->size % upload->page_size != 0)
		raise_truncated(upload,
						psprintf("It has %lld bytes, which is no multiple of its page size, %lld.",
								 (long long) upload->size,
								 (long long) upload->page_size));
}

static bool
has_no_schema(SqmLite *lite)
{
	SqmStatement *stmt = sqm_statement_prepare(lite,
											   "SELECT 1 FROM sqlite_schema LIMIT 1");
	bool		empty = !sqm_statement_step(stmt);

	sqm_statement_finalize(stmt);
	return empty;
}

/*
 * A database in WAL mode: is it certain that rows are missing?  While the
 * application has it open, a new database is nothing but a header, and a
 * checkpoint that did not come to its end leaves pages behind the last one
 * that the header counts.
 */
void
sqm_upload_check_log(const SqmUpload *upload, SqmLite *lite)
{
	const char *detail = NULL;

	if (upload->pages > 0 &&
		upload->size > upload->pages * upload->page_size)
		detail = psprintf("It is in WAL mode, and its header counts %lld pages, but it has %lld: the header that counts them is in the -wal file.",
						  (long long) upload->pages,
						  (long long) (upload->size / upload->page_size));
	else if (upload->pages == 0)
		detail = "It is in WAL mode, and the counters in its header do not agree.";
	else if (has_no_schema(lite))
		detail = "It is in WAL mode and has no tables: they are in the -wal file.";
	if (detail != NULL && check_uploads)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the -wal file of the uploaded SQLite database \"%s\" is missing",
						upload->name),
				 errdetail_internal("%s", detail),
				 errhint(HINT_BACKUP)));
	ereport(WARNING,
			(errmsg("the uploaded SQLite database is in WAL mode"),
			 detail != NULL ? errdetail_internal("%s", detail) :
			 errdetail("Rows that were only in its -wal file are not in the upload, and that cannot be seen from here."),
			 errhint("A copy that was made with: sqlite3 app.db \".backup up.db\" is complete. One made with: sqlite3 app.db \"VACUUM INTO 'up.db'\" is complete, and not in WAL mode.")));
}

/*
 * The first finding about pages in what quick_check says.  That looks at rows,
 * too, but a NULL in a NOT NULL column is not damage: the migration has its own
 * ways with it.
 */
static char *
page_finding(const char *report)
{
	static const char prefix[] = "*** in database ";
	const char *line = strchr(report, '\n');
	const char *end;

	if (strncmp(report, prefix, strlen(prefix)) != 0)
		return NULL;
	if (line == NULL)
		return pstrdup(report);
	line++;
	end = strchrnul(line, '\n');
	return pnstrdup(line, end - line);
}

/*
 * PRAGMA quick_check, stopped at the first finding.  It walks every page once:
 * some percent of a run.  A schema that it cannot compile is left to the run,
 * which will name the table; constraints are not computed, they may call
 * functions that only the application has.
 */
void
sqm_upload_check_pages(const char *name, SqmLite *lite)
{
	SqmStatement *stmt;
	char	   *message;
	char	   *finding = NULL;

	if (!check_uploads)
		return;
	sqm_lite_exec(lite, "PRAGMA ignore_check_constraints = on");
	stmt = sqm_statement_try_prepare(lite, "PRAGMA quick_check(1)", &message);
	if (stmt == NULL)
		return;
	if (sqm_statement_try_step(stmt, &message) == SQM_STEP_ROW)
		finding = page_finding(sqm_statement_text(stmt, 0));
	sqm_statement_finalize(stmt);
	/* a walk that was interrupted ends with a finding, too */
	CHECK_FOR_INTERRUPTS();
	if (finding != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the uploaded SQLite database \"%s\" is damaged", name),
				 errdetail("PRAGMA quick_check says: %s", finding),
				 errhint("If the same command of the sqlite3 program finds the original in order, upload it again. Else make a copy with \".recover\", or set \"sqlite_fdw_mig.check_uploads\" to off to migrate what can be read.")));
}
