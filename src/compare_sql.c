/*-------------------------------------------------------------------------
 *
 * compare_sql.c
 *		SQL doors to the comparison: canonical bytes of one value, the digest
 *		of a relation.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_type.h"
#include "pgtime.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "compare.h"
#include "digest_heap.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(sqm_canonical_source);
PG_FUNCTION_INFO_V1(sqm_canonical_target);
PG_FUNCTION_INFO_V1(sqm_digest_relation);

static pg_tz *
zone_by_name(text *name)
{
	char	   *zone_name = text_to_cstring(name);
	pg_tz	   *zone = pg_tzset(zone_name);

	if (zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" not recognized", zone_name)));
	return zone;
}

/* A finite number in C's spelling, or what float8 calls the others. */
static double
real_of_text(char *text)
{
	return DatumGetFloat8(DirectFunctionCall1(float8in,
											  CStringGetDatum(text)));
}

/* The value that these two arguments describe. */
static void
value_of_arguments(const char *storage, const char *payload, int length,
				   SqmValue *value)
{
	memset(value, 0, sizeof(SqmValue));
	value->data = payload;
	value->length = length;
	if (strcmp(storage, "null") == 0)
		value->storage = SQM_NULL;
	else if (strcmp(storage, "integer") == 0)
	{
		value->storage = SQM_INTEGER;
		value->integer = DatumGetInt64(DirectFunctionCall1(int8in,
														   CStringGetDatum(pnstrdup(payload, length))));
	}
	else if (strcmp(storage, "real") == 0)
	{
		value->storage = SQM_REAL;
		value->real = real_of_text(pnstrdup(payload, length));
	}
	else if (strcmp(storage, "text") == 0)
		value->storage = SQM_TEXT;
	else if (strcmp(storage, "blob") == 0)
		value->storage = SQM_BLOB;
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized storage class: \"%s\"", storage),
				 errhint("Storage classes are null, integer, real, text and blob.")));
}

static Datum
bytes_datum(StringInfo out)
{
	return PointerGetDatum(cstring_to_text_with_len(out->data, out->len));
}

/*
 * canonical_source(storage_class text, payload bytea, target text,
 *					time_zone text, empty_as_null boolean) RETURNS bytea
 */
Datum
sqm_canonical_source(PG_FUNCTION_ARGS)
{
	SqmValue	value;
	SqmCanon   *canon;
	StringInfoData out;
	bytea	   *payload = NULL;
	Oid			typid;
	int32		typmod;

	for (int i = 0; i < 5; i++)
		if (i != 1 && PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("only the payload may be null")));
	if (!PG_ARGISNULL(1))
		payload = PG_GETARG_BYTEA_PP(1);
	value_of_arguments(text_to_cstring(PG_GETARG_TEXT_PP(0)),
					   payload ? VARDATA_ANY(payload) : "",
					   payload ? VARSIZE_ANY_EXHDR(payload) : 0, &value);
	if (payload == NULL)
		value.storage = SQM_NULL;

	sqm_parse_type(text_to_cstring(PG_GETARG_TEXT_PP(2)), &typid, &typmod);
	canon = sqm_canon_create(typid, typmod,
							 zone_by_name(PG_GETARG_TEXT_PP(3)),
							 PG_GETARG_BOOL(4));
	initStringInfo(&out);
	sqm_canon_source(canon, &value, &out);
	PG_RETURN_DATUM(bytes_datum(&out));
}

/* canonical_target(value anyelement, type_modifier integer) RETURNS bytea */
Datum
sqm_canonical_target(PG_FUNCTION_ARGS)
{
	Oid			typid = get_fn_expr_argtype(fcinfo->flinfo, 0);
	int32		typmod = PG_ARGISNULL(1) ? -1 : PG_GETARG_INT32(1);
	SqmCanon   *canon;
	StringInfoData out;

	if (!OidIsValid(typid))
		elog(ERROR, "could not determine the data type of the value");
	canon = sqm_canon_create(typid, typmod, NULL, false);
	initStringInfo(&out);
	sqm_canon_target(canon, PG_ARGISNULL(0) ? (Datum) 0 : PG_GETARG_DATUM(0),
					 PG_ARGISNULL(0), &out);
	PG_RETURN_DATUM(bytes_datum(&out));
}

/* SELECT the named columns, in this order, of the relation. */
static char *
relation_query(Oid relation, ArrayType *columns)
{
	StringInfoData sql;
	Datum	   *names;
	bool	   *nulls;
	int			count;
	char	   *relation_name = get_rel_name(relation);

	if (relation_name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relation)));
	deconstruct_array(columns, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR,
					  &names, &nulls, &count);
	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no columns to digest")));

	initStringInfo(&sql);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("column names must not be null")));
		appendStringInfo(&sql, "%s %s", i == 0 ? "SELECT" : ",",
						 quote_identifier(NameStr(*DatumGetName(names[i]))));
	}
	appendStringInfo(&sql, " FROM %s",
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
												relation_name));
	return sql.data;
}

/* The same by several processes, if that is possible and pays. */
static bool
digest_heap(Oid relation, ArrayType *columns, pg_tz *zone, SqmDigest *digest)
{
	AttrNumber *attnums;
	Datum	   *names;
	int			count;

	deconstruct_array(columns, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR,
					  &names, NULL, &count);
	attnums = palloc(sizeof(AttrNumber) * (count + 1));
	for (int i = 0; i < count; i++)
	{
		attnums[i] = get_attnum(relation, NameStr(*DatumGetName(names[i])));
		/* system columns are none of ours, and the query will complain */
		if (attnums[i] <= 0)
			return false;
	}
	return sqm_digest_heap(relation, attnums, count, zone, digest);
}

/*
 * digest_relation(relation regclass, columns name[], time_zone text,
 *				   OUT rows bigint, OUT digest text)
 */
Datum
sqm_digest_relation(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	SqmDigest	digest;
	char		hex[SQM_DIGEST_TEXT_SIZE];
	Datum		values[2];
	bool		nulls[2] = {false, false};
	char	   *sql;
	pg_tz	   *zone;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	sql = relation_query(PG_GETARG_OID(0), PG_GETARG_ARRAYTYPE_P(1));
	zone = zone_by_name(PG_GETARG_TEXT_PP(2));

	if (!digest_heap(PG_GETARG_OID(0), PG_GETARG_ARRAYTYPE_P(1), zone, &digest))
	{
		SPI_connect();
		sqm_digest_query(sql, zone, &digest);
		SPI_finish();
	}

	sqm_digest_text(&digest, hex);
	values[0] = Int64GetDatum(digest.rows);
	values[1] = CStringGetTextDatum(hex);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc),
													  values, nulls)));
}
