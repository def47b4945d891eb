/*-------------------------------------------------------------------------
 *
 * entry.c
 *		The public functions that do or foretell work: sq2pg_migrate and its
 *		relatives.
 *
 * They are C functions without a SET clause, because inside SET search_path
 * the caller's current schema could no longer be asked for.  Here the
 * caller's surroundings are read (schema), refused (standby, parallel
 * worker, replica role) or pinned (settings), the source is opened with one
 * snapshot, and the function of the same name in schema sq2pg does the work.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_type.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "caller.h"
#include "compat.h"
#include "source.h"
#include "srf.h"

/* Where the functions that work on a source have these arguments. */
#define ARG_SOURCE 0
#define ARG_SCHEMA 1
#define NO_ARG (-1)

PG_FUNCTION_INFO_V1(sqm_migrate);
PG_FUNCTION_INFO_V1(sqm_plan);
PG_FUNCTION_INFO_V1(sqm_check);
PG_FUNCTION_INFO_V1(sqm_verify);
PG_FUNCTION_INFO_V1(sqm_round_trip);
PG_FUNCTION_INFO_V1(sqm_sync);
PG_FUNCTION_INFO_V1(sqm_retry);
PG_FUNCTION_INFO_V1(sqm_reset_sequences);
PG_FUNCTION_INFO_V1(sqm_export_schema);
PG_FUNCTION_INFO_V1(sqm_source_state);
PG_FUNCTION_INFO_V1(sqm_source_sha256_sql);
PG_FUNCTION_INFO_V1(sqm_resolve_type);

/*
 * Settings that could change what a statement of ours means or how a value is
 * written.  The printed plan sets the same (migrate/plan.sql).
 */
static const struct
{
	const char *name;
	const char *value;
}			pinned[] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"DateStyle", "ISO, YMD"},
	{"IntervalStyle", "postgres"},
	{"TimeZone", "UTC"},
	{"extra_float_digits", "1"},
	{"bytea_output", "hex"},
	{"row_security", "on"},
	{"standard_conforming_strings", "on"},
	{"quote_all_identifiers", "off"},
	{"array_nulls", "on"},
	{"transform_null_equals", "off"},
	{"default_table_access_method", "heap"},
	/* not of meaning, but our own queries are small and never worth it */
	{"jit", "off"},
};

static void
pin_settings(void)
{
	for (int i = 0; i < (int) lengthof(pinned); i++)
		(void) set_config_option(pinned[i].name, pinned[i].value,
								 PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}

static void
refuse_unfit_session(const char *function)
{
	PreventCommandDuringRecovery(function);
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
	if (SessionReplicationRole != SESSION_REPLICATION_ROLE_ORIGIN)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot execute %s while session_replication_role is not \"origin\"",
						function),
				 errdetail("Foreign keys would not be enforced."),
				 errhint("Run SET session_replication_role = origin first.")));
}

/*
 * The schema that argument "n", called "parameter", names, else the caller's
 * current one.
 */
static Datum
resolve_schema(FunctionCallInfo fcinfo, int n, const char *parameter)
{
	List	   *path;
	char	   *name;

	if (!PG_ARGISNULL(n))
		return PG_GETARG_DATUM(n);
	path = fetch_search_path(false);
	name = path != NIL ? get_namespace_name(linitial_oid(path)) : NULL;
	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("no schema has been selected"),
				 errdetail("None of the schemas in search_path exists."),
				 errhint("Name one with %s => '...'.", parameter)));
	return DirectFunctionCall1(namein, CStringGetDatum(name));
}

/*
 * Is this line of a context about a function in a procedural language that is
 * not ours?  A trigger of the target, most likely.
 */
static bool
is_foreign_function(const char *line)
{
	const char *name;

	if (strncmp(line, "PL/", 3) != 0)
		return false;
	line += strcspn(line, " \n");
	if (strncmp(line, " function ", 10) != 0)
		return false;
	name = line + 10;
	return strncmp(name, "sq2pg.", 6) != 0 && strncmp(name, "sq2pg_", 6) != 0;
}

/*
 * The lines of an error's context that say where it happened: in whose code,
 * and at what of the source.
 */
static char *
telling_context(const char *context)
{
	static const char source[] = "SQLite table \"";
	StringInfoData lines;
	bool		source_is_told = false;

	initStringInfo(&lines);
	while (context && *context)
	{
		int			length = strcspn(context, "\n");
		bool		is_source = !source_is_told &&
			strncmp(context, source, sizeof(source) - 1) == 0;

		if (is_source || is_foreign_function(context))
			appendStringInfo(&lines, "%s%.*s", lines.len > 0 ? "\n" : "",
							 length, context);
		source_is_told |= is_source;
		context += length + (context[length] == '\n');
	}
	return lines.len > 0 ? lines.data : NULL;
}

/*
 * Raise the current error again without the stack of our own functions: to a
 * DBA it is noise that buries the message.  For errors that should not
 * happen it stays.
 */
static void
rethrow_plainly(MemoryContext context)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	if (error->sqlerrcode == ERRCODE_INTERNAL_ERROR)
		PG_RE_THROW();
	FlushErrorState();
	error->context = telling_context(error->context);
	error->internalquery = NULL;
	error->internalpos = 0;
	ReThrowError(error);
}

/*
 * SELECT * FROM sq2pg.<name>($1, ...) with our arguments, but "schema" for that
 * with the number "schema_arg", if there is one.
 */
static char *
inner_call(FunctionCallInfo fcinfo, const char *name, int schema_arg,
		   Datum schema, ParamListInfo params)
{
	StringInfoData sql;
	Oid		   *types;
	int			count;

	(void) get_func_signature(fcinfo->flinfo->fn_oid, &types, &count);
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT * FROM sq2pg.%s(", name);
	for (int i = 0; i < fcinfo->nargs; i++)
	{
		ParamExternData *param = &params->params[i];

		param->ptype = types[i];
		param->pflags = PARAM_FLAG_CONST;
		param->isnull = i != schema_arg && PG_ARGISNULL(i);
		param->value = i == schema_arg ? schema :
			param->isnull ? (Datum) 0 : PG_GETARG_DATUM(i);
		appendStringInfo(&sql, "%s$%d", i > 0 ? ", " : "", i + 1);
	}
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

/*
 * The rows of the function of that name in our schema into our result.
 */
static void
call_inner(FunctionCallInfo fcinfo, const char *name, int schema_arg,
		   Datum schema)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SPIExecuteOptions options = {0};
	ParamListInfo params = makeParamList(fcinfo->nargs);
	char	   *sql = inner_call(fcinfo, name, schema_arg, schema, params);

	options.params = params;
	options.dest = CreateDestReceiver(DestTuplestore);
	SetTuplestoreDestReceiverParams(options.dest, rsinfo->setResult,
									rsinfo->econtext->ecxt_per_query_memory,
									false, NULL, NULL);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	PG_TRY();
	{
		if (SPI_execute_extended(sql, &options) < 0)
			elog(ERROR, "SPI_execute_extended failed: %s", sql);
	}
	PG_CATCH();
	{
		rethrow_plainly(rsinfo->econtext->ecxt_per_query_memory);
	}
	PG_END_TRY();
	SPI_finish();
}

/*
 * Call the inner function under pinned settings, with the caller's known to
 * code that is not ours; before that open the source, if "purpose" is given.
 * An error leaves through here too: the settings are restored by the abort of
 * the (sub)transaction, the source closes with the transaction.
 */
static Datum
call_pinned(FunctionCallInfo fcinfo, const char *name, int schema_arg,
			Datum schema, const SqmPurpose *purpose)
{
	int			level = NewGUCNestLevel();
	SqmCaller	outer = sqm_caller_remember();

	PG_TRY();
	{
		pin_settings();
		if (purpose != NULL)
			(void) sqm_source_open(sqm_arg_text(fcinfo, ARG_SOURCE),
								   GetUserId(), *purpose);
		call_inner(fcinfo, name, schema_arg, schema);
	}
	PG_FINALLY();
	{
		sqm_caller_forget(outer);
	}
	PG_END_TRY();
	AtEOXact_GUC(true, level);
	return (Datum) 0;
}

/* The way in of all that work on a source and a schema. */
static Datum
enter(FunctionCallInfo fcinfo, const char *name, SqmPurpose purpose)
{
	Datum		schema;

	if (PG_ARGISNULL(ARG_SOURCE))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("source must not be null"),
				 errhint("Give the absolute path of a SQLite database on the server, or 'lo:OID'.")));
	InitMaterializedSRF(fcinfo, 0);
	schema = resolve_schema(fcinfo, ARG_SCHEMA, "target_schema");
	return call_pinned(fcinfo, name, ARG_SCHEMA, schema, &purpose);
}

Datum
sqm_migrate(PG_FUNCTION_ARGS)
{
	refuse_unfit_session("sq2pg_migrate()");
	return enter(fcinfo, "migrate", SQM_PURPOSE_RECORD);
}

Datum
sqm_plan(PG_FUNCTION_ARGS)
{
	return enter(fcinfo, "plan", SQM_PURPOSE_MIGRATE);
}

Datum
sqm_check(PG_FUNCTION_ARGS)
{
	return enter(fcinfo, "check_source", SQM_PURPOSE_MIGRATE);
}

Datum
sqm_verify(PG_FUNCTION_ARGS)
{
	return enter(fcinfo, "verify", SQM_PURPOSE_MIGRATE);
}

Datum
sqm_round_trip(PG_FUNCTION_ARGS)
{
	return enter(fcinfo, "round_trip", SQM_PURPOSE_MIGRATE);
}

Datum
sqm_sync(PG_FUNCTION_ARGS)
{
	refuse_unfit_session("sq2pg_sync()");
	return enter(fcinfo, "sync", SQM_PURPOSE_RECORD);
}

/*
 * sq2pg_retry(run bigint): from what the history keeps, without a source.
 */
Datum
sqm_retry(PG_FUNCTION_ARGS)
{
	refuse_unfit_session("sq2pg_retry()");
	InitMaterializedSRF(fcinfo, 0);
	return call_pinned(fcinfo, "retry", NO_ARG, (Datum) 0, NULL);
}

/*
 * sq2pg_reset_sequences(target_schema name): no source here.
 */
Datum
sqm_reset_sequences(PG_FUNCTION_ARGS)
{
	Datum		schema;
	int			level;

	refuse_unfit_session("sq2pg_reset_sequences()");
	InitMaterializedSRF(fcinfo, 0);
	schema = resolve_schema(fcinfo, 0, "target_schema");
	level = NewGUCNestLevel();
	pin_settings();
	/* to overlook rows would leave a sequence below them: better an error */
	(void) set_config_option("row_security", "off", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	call_inner(fcinfo, "reset_sequences", 0, schema);
	AtEOXact_GUC(true, level);
	return (Datum) 0;
}

/*
 * The one value of the function of that name in our schema, read with the
 * snapshot of the calling statement; palloc'd in the function's context.
 */
static text *
call_for_text(FunctionCallInfo fcinfo, const char *name, int schema_arg,
			  Datum schema)
{
	MemoryContext context = fcinfo->flinfo->fn_mcxt;
	SPIExecuteOptions options = {0};
	char	   *value;

	options.params = makeParamList(fcinfo->nargs);
	options.read_only = true;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	PG_TRY();
	{
		if (SPI_execute_extended(inner_call(fcinfo, name, schema_arg, schema,
											options.params),
								 &options) != SPI_OK_SELECT ||
			SPI_processed != 1)
			elog(ERROR, "function %s did not return one row", name);
	}
	PG_CATCH();
	{
		rethrow_plainly(context);
	}
	PG_END_TRY();
	value = MemoryContextStrdup(context,
								SPI_getvalue(SPI_tuptable->vals[0],
											 SPI_tuptable->tupdesc, 1));
	SPI_finish();
	return cstring_to_text(value);
}

/*
 * sq2pg_export(target text, source_schema name, ...,
 *				enable_row_security boolean)
 */
Datum
sqm_export_schema(PG_FUNCTION_ARGS)
{
	int			last = fcinfo->nargs - 1;
	bool		filtered = !PG_ARGISNULL(last) && PG_GETARG_BOOL(last);
	Datum		schema;
	text	   *result;
	int			level;

	if (PG_ARGISNULL(ARG_SOURCE))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("target must not be null"),
				 errhint("Give an absolute path on the server where no file is, or 'lo:new'.")));
	PreventCommandIfParallelMode("sq2pg_export()");
	schema = resolve_schema(fcinfo, ARG_SCHEMA, "source_schema");
	level = NewGUCNestLevel();
	pin_settings();
	/* rows that a policy hides would be missing: better an error */
	if (!filtered)
		(void) set_config_option("row_security", "off", PGC_USERSET,
								 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
								 false);
	result = call_for_text(fcinfo, "export", ARG_SCHEMA, schema);
	AtEOXact_GUC(true, level);
	PG_RETURN_TEXT_P(result);
}

/*
 * sq2pg.source_state(source text): facts about a source, for the history.
 */
Datum
sqm_source_state(PG_FUNCTION_ARGS)
{
	char	   *source = sqm_arg_text(fcinfo, 0);
	SqmSourceFacts facts;
	SqmRow		row;

	(void) sqm_source_open(source, GetUserId(), SQM_PURPOSE_READ);
	facts = sqm_source_facts(source);
	sqm_row_begin(fcinfo, &row);
	sqm_row_bigint(&row, facts.size);
	if (facts.modified == 0)
		sqm_row_null(&row);
	else
		sqm_row_datum(&row,
					  TimestampTzGetDatum(time_t_to_timestamptz((pg_time_t) facts.modified)),
					  false);
	sqm_row_bigint(&row, facts.change_counter);
	sqm_row_bool(&row, facts.wal_mode);
	sqm_row_bool(&row, facts.copied);
	sqm_row_emit(&row);
	return (Datum) 0;
}

/*
 * sq2pg.source_sha256(source text, OUT sha256 text, OUT note text)
 */
Datum
sqm_source_sha256_sql(PG_FUNCTION_ARGS)
{
	char	   *source = sqm_arg_text(fcinfo, 0);
	const char *note;
	SqmRow		row;

	(void) sqm_source_open(source, GetUserId(), SQM_PURPOSE_READ);
	sqm_row_begin(fcinfo, &row);
	sqm_row_text(&row, sqm_source_sha256(source, &note));
	sqm_row_text(&row, note);
	sqm_row_emit(&row);
	return (Datum) 0;
}

/*
 * sq2pg.resolve_type(type text): a type name looked up in the caller's search
 * path, written so that it means the same in ours.
 */
Datum
sqm_resolve_type(PG_FUNCTION_ARGS)
{
	char	   *name = sqm_arg_text(fcinfo, 0);
	SqmCallerPath before = sqm_caller_path_enter();
	Oid			type;
	int32		typmod;

	sqm_parse_type(name, &type, &typmod);
	sqm_caller_path_leave(before);
	if (get_typtype(type) == TYPTYPE_PSEUDO)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("type \"%s\" cannot be the type of a column", name)));
	PG_RETURN_TEXT_P(cstring_to_text(format_type_with_typemod(type, typmod)));
}
