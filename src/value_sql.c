/*-------------------------------------------------------------------------
 *
 * value_sql.c
 *		sq2pg.try_convert: what would become of this value in that type?
 *
 * The converter as SQL sees it, for tests and for people who wonder.  It only
 * translates arguments and results.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "compat.h"
#include "decimal.h"
#include "funcapi.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "value.h"

PG_FUNCTION_INFO_V1(sqm_try_convert);

static const char *const storage_names[] = {
	"null", "integer", "real", "text", "blob"
};

static const char *const verdict_names[] = {
	"exact", "noise", "changed", "bad"
};

static SqmStorageClass
storage_class(const char *name)
{
	for (int i = 0; i < lengthof(storage_names); i++)
	{
		if (pg_strcasecmp(name, storage_names[i]) == 0)
			return (SqmStorageClass) i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid storage class \"%s\"", name),
			 errhint("SQLite knows null, integer, real, text and blob.")));
}

/* The payload of a number is its text. */
static void
read_number(SqmValue *value, const char *text)
{
	char	   *end;

	errno = 0;
	if (value->storage == SQM_INTEGER)
		value->integer = strtoi64(text, &end, 10);
	else
		value->real = strtod(text, &end);
	if (end == text || *end != '\0' ||
		(value->storage == SQM_INTEGER && errno == ERANGE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid payload \"%s\" for storage class %s", text,
						storage_names[value->storage])));
}

static pg_tz *
zone(const char *name)
{
	pg_tz	   *result = pg_tzset(name);

	if (result == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" not recognized", name)));
	return result;
}

static Datum
output_text(Oid type, Datum datum)
{
	Oid			function;
	bool		is_varlena;

	getTypeOutputInfo(type, &function, &is_varlena);
	return CStringGetTextDatum(OidOutputFunctionCall(function, datum));
}

/*
 * try_convert(storage_class text, payload bytea, target text, time_zone text,
 *			   empty_as_null boolean)
 *		returns one row (verdict, value, sqlstate, message)
 */
Datum
sqm_try_convert(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bytea	   *payload = PG_GETARG_BYTEA_PP(1);
	SqmValueOptions options;
	SqmValue	value = {0};
	SqmTarget  *target;
	SqmVerdict	verdict;
	SqmReason	reason;
	Oid			type;
	int32		typmod;
	Datum		datum;
	bool		isnull;
	Datum		values[4] = {0};
	bool		nulls[4] = {false, true, true, true};

	InitMaterializedSRF(fcinfo, 0);

	value.storage = storage_class(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	value.data = VARDATA_ANY(payload);
	value.length = VARSIZE_ANY_EXHDR(payload);
	if (value.storage == SQM_INTEGER || value.storage == SQM_REAL)
		read_number(&value, pnstrdup(value.data, value.length));
	options.time_zone = zone(text_to_cstring(PG_GETARG_TEXT_PP(3)));
	options.empty_as_null = PG_GETARG_BOOL(4);
	sqm_parse_type(text_to_cstring(PG_GETARG_TEXT_PP(2)), &type, &typmod);

	target = sqm_target_create(type, typmod, &options);
	verdict = sqm_value_convert(target, &value, &datum, &isnull, &reason);

	values[0] = CStringGetTextDatum(verdict_names[verdict]);
	if (verdict != SQM_BAD && !isnull)
	{
		values[1] = output_text(type, datum);
		nulls[1] = false;
	}
	if (verdict != SQM_EXACT)
	{
		values[2] = CStringGetTextDatum(unpack_sql_state(reason.sqlstate));
		values[3] = CStringGetTextDatum(reason.message);
		nulls[2] = nulls[3] = false;
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	return (Datum) 0;
}
