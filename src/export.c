/*-------------------------------------------------------------------------
 *
 * export.c
 *		The database that is being written: begun, filled by statements,
 *		closed, and handed out.
 *
 * There is one at a time in a session.  It lives in a memory context of the
 * (sub)transaction, so that an error anywhere closes SQLite's handle and
 * removes the temporary file.  What is written is decided in
 * migrate/export*.sql.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "compat.h"
#include "export.h"
#include "srf.h"

PG_FUNCTION_INFO_V1(sqm_export_begin);
PG_FUNCTION_INFO_V1(sqm_export_lock);
PG_FUNCTION_INFO_V1(sqm_export_execute);
PG_FUNCTION_INFO_V1(sqm_export_try);
PG_FUNCTION_INFO_V1(sqm_export_answer);
PG_FUNCTION_INFO_V1(sqm_export_close);
PG_FUNCTION_INFO_V1(sqm_export_finish);

typedef struct Export
{
	char	   *target;			/* as the caller gave it */
	File		file;			/* temporary file, or -1 */
	SqmLite    *lite;			/* NULL: not open for writing any more */
	int			fillers;		/* queries whose rows are being written */
	MemoryContext context;
	MemoryContextCallback callback;
} Export;

static Export *current = NULL;

static void
forget_export(void *arg)
{
	Export	   *export = (Export *) arg;

	if (export->lite != NULL)
		sqm_lite_close(export->lite);
	export->lite = NULL;
	if (export->file >= 0)
		FileClose(export->file);
	export->file = -1;
	if (current == export)
		current = NULL;
}

static Export *
get_export(void)
{
	if (current == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no export is running"),
				 errhint("This function is a part of sq2pg_export().")));
	return current;
}

/* The handle to write with. */
SqmLite *
sqm_export_database(void)
{
	Export	   *export = get_export();

	if (export->lite == NULL)
		elog(ERROR, "the exported database is closed");
	return export->lite;
}

/* The same, or NULL after it was closed. */
SqmLite *
sqm_export_open_database(void)
{
	return get_export()->lite;
}

/*
 * Rows of a query are on their way into the database; what the query calls
 * must not close it meanwhile.  Every beginning has its end, by an error, too.
 */
void
sqm_export_begin_rows(void)
{
	get_export()->fillers++;
}

void
sqm_export_end_rows(void)
{
	current->fillers--;
}

static void
refuse_while_filled(void)
{
	if (get_export()->fillers > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("rows are being written into the exported database")));
}

/* The file, relative to the server's working directory. */
const char *
sqm_export_path(void)
{
	return FilePathName(get_export()->file);
}

/* How large the temporary file may become, in bytes; -1: no limit. */
static int64
size_limit(void)
{
	return temp_file_limit < 0 ? -1 : (int64) temp_file_limit * 1024;
}

/*
 * sq2pg.export_begin(target text)
 */
Datum
sqm_export_begin(PG_FUNCTION_ARGS)
{
	char	   *target = sqm_arg_text(fcinfo, 0);
	MemoryContext context;
	MemoryContext old;
	Export	   *export;

	if (current != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("another export is running in this session")));
	sqm_export_check_target(target);
	context = AllocSetContextCreate(CurTransactionContext,
									"sqlite_fdw_mig export",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	export = palloc0(sizeof(Export));
	export->target = pstrdup(target);
	export->context = context;
	export->file = -1;
	export->callback.func = forget_export;
	export->callback.arg = export;
	MemoryContextRegisterResetCallback(context, &export->callback);
	current = export;
	/* deleted when it is closed or, after a crash, by the next start */
	export->file = OpenTemporaryFile(true);
	export->lite = sqm_lite_open_new(FilePathName(export->file), target,
									 size_limit());
	sqm_lite_exec(export->lite, "BEGIN");
	MemoryContextSwitchTo(old);
	PG_RETURN_VOID();
}

/* As LOCK TABLE would: a lock that nobody notices is still in the way. */
static void
check_readable(Oid relation)
{
	if (pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(relation, GetUserId(), ACL_SELECT,
								  ACLMASK_ANY) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for table %s",
						get_rel_name(relation))));
}

/*
 * sq2pg.export_lock(relations oid[]): until the end of the transaction these
 * stay as they are now.  In the order given; false if one is gone.
 */
Datum
sqm_export_lock(PG_FUNCTION_ARGS)
{
	Datum	   *oids;
	int			count;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), OIDOID, sizeof(Oid), true,
					  TYPALIGN_INT, &oids, NULL, &count);
	for (int i = 0; i < count; i++)
	{
		check_readable(DatumGetObjectId(oids[i]));
		LockRelationOid(DatumGetObjectId(oids[i]), AccessShareLock);
		if (!SearchSysCacheExists1(RELOID, oids[i]))
			PG_RETURN_BOOL(false);
	}
	PG_RETURN_BOOL(true);
}

/*
 * sq2pg.export_execute(statement text)
 */
Datum
sqm_export_execute(PG_FUNCTION_ARGS)
{
	sqm_lite_run(sqm_export_database(), sqm_arg_text(fcinfo, 0));
	PG_RETURN_VOID();
}

/*
 * sq2pg.export_try(statement text): what SQLite has against it, or NULL if it
 * was executed.
 */
Datum
sqm_export_try(PG_FUNCTION_ARGS)
{
	char	   *message = NULL;
	SqmStatement *stmt = sqm_statement_try_prepare(sqm_export_database(),
												   sqm_arg_text(fcinfo, 0),
												   &message);

	if (stmt != NULL)
	{
		(void) sqm_statement_try_step(stmt, &message);
		sqm_statement_finalize(stmt);
	}
	if (message == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(message));
}

/*
 * sq2pg.export_answer(query text) RETURNS text[]: the first column of SQLite's
 * answer.
 */
Datum
sqm_export_answer(PG_FUNCTION_ARGS)
{
	SqmStatement *stmt = sqm_statement_prepare(sqm_export_database(),
											   sqm_arg_text(fcinfo, 0));
	ArrayBuildState *answer = initArrayResult(TEXTOID, CurrentMemoryContext,
											  false);

	while (sqm_statement_step(stmt))
	{
		bool		isnull = sqm_statement_is_null(stmt, 0);

		CHECK_FOR_INTERRUPTS();
		answer = accumArrayResult(answer, isnull ? (Datum) 0 :
								  CStringGetTextDatum(sqm_statement_text(stmt, 0)),
								  isnull, TEXTOID, CurrentMemoryContext);
	}
	sqm_statement_finalize(stmt);
	PG_RETURN_DATUM(makeArrayResult(answer, CurrentMemoryContext));
}

/*
 * sq2pg.export_close(): commit; from here on the file is only read.
 */
Datum
sqm_export_close(PG_FUNCTION_ARGS)
{
	SqmLite    *lite = sqm_export_database();

	refuse_while_filled();
	sqm_lite_exec(lite, "COMMIT");
	sqm_lite_close(lite);
	current->lite = NULL;
	PG_RETURN_VOID();
}

/*
 * sq2pg.export_finish(): hand it out; returns what it is called.
 */
Datum
sqm_export_finish(PG_FUNCTION_ARGS)
{
	Export	   *export = get_export();
	char	   *name;

	refuse_while_filled();
	name = sqm_export_publish(export->target, export->file);
	MemoryContextDelete(export->context);
	PG_RETURN_TEXT_P(cstring_to_text(name));
}
