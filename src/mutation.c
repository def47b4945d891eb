/*-------------------------------------------------------------------------
 *
 * mutation.c
 *		Would verification notice a converter that is wrong now and then?
 *
 * The setting sqlite_fdw_mig.mutation names a kind of value: a type, or one of
 * "enum", "array", "array_bound" and "null".  Every fifth result of that kind
 * is then altered as slightly as can be.  A test runs a migration under each
 * mutation and expects it to fail.
 *
 * Compiled with -DSQM_MUTATION only; no library that anybody installs has a
 * setting like that.  compare.c must know nothing of this file.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mutation.h"

#ifdef SQM_MUTATION

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "target.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#define ONE_IN 5

static char *mutation = NULL;
static uint64 seen = 0;

void
sqm_mutation_define_settings(void)
{
	DefineCustomStringVariable("sqlite_fdw_mig.mutation",
							   "Kind of value that is converted wrongly.",
							   NULL, &mutation, "", PGC_USERSET, 0,
							   NULL, NULL, NULL);
}

/* Another byte, but never NUL. */
static void
alter_byte(char *byte)
{
	*byte ^= (*byte == 1) ? 2 : 1;
}

static Datum
alter_varlena(Datum datum)
{
	struct varlena *copy = PG_DETOAST_DATUM_COPY(datum);
	int			length = VARSIZE_ANY_EXHDR(copy);

	if (length > 0)
		alter_byte(VARDATA_ANY(copy) + length - 1);
	return PointerGetDatum(copy);
}

/* Whatever it is: the lowest bit of its first or last byte. */
static Datum
alter_other(SqmTarget *target, Datum datum)
{
	int16		length;
	bool		byval;
	char	   *copy;

	get_typlenbyval(target->basetype, &length, &byval);
	if (byval)
		return length == 1 ? CharGetDatum(DatumGetChar(datum) ^ 1) :
			length == 2 ? Int16GetDatum(DatumGetInt16(datum) + 1) :
			length == 4 ? Int32GetDatum(DatumGetInt32(datum) + 1) :
			Int64GetDatum(DatumGetInt64(datum) + 1);
	if (length < 0)
		return alter_varlena(datum);
	copy = palloc(length);
	memcpy(copy, DatumGetPointer(datum), length);
	alter_byte(copy);
	return PointerGetDatum(copy);
}

static Datum
alter_float4(SqmTarget *target, Datum datum)
{
	return Float4GetDatum(nextafterf(DatumGetFloat4(datum), INFINITY));
}

static Datum
alter_float8(SqmTarget *target, Datum datum)
{
	return Float8GetDatum(nextafter(DatumGetFloat8(datum), INFINITY));
}

/* the last digit */
static Datum
alter_numeric(SqmTarget *target, Datum datum)
{
	char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out, datum));
	char	   *last = text + strlen(text) - 1;

	if (*last < '0' || *last > '9')
		return datum;
	*last = (*last == '9') ? '8' : *last + 1;
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

static Datum
alter_date(SqmTarget *target, Datum datum)
{
	return DateADTGetDatum(DatumGetDateADT(datum) - 1);
}

/* the character after the first quote: of a key, where there is one */
static Datum
alter_json(SqmTarget *target, Datum datum)
{
	struct varlena *copy = PG_DETOAST_DATUM_COPY(datum);
	char	   *data = VARDATA_ANY(copy);
	int			length = VARSIZE_ANY_EXHDR(copy);
	char	   *quote = memchr(data, '"', length);

	if (quote == NULL || quote + 1 == data + length)
		return alter_varlena(datum);
	alter_byte(quote + 1);
	return PointerGetDatum(copy);
}

/* the first key; in a document without keys the first string or number */
static bool
alter_jsonb_part(JsonbIteratorToken token, JsonbValue *value, bool has_keys)
{
	if (token == WJB_BEGIN_ARRAY || token == WJB_BEGIN_OBJECT ||
		(has_keys && token != WJB_KEY))
		return false;
	if (value->type == jbvString && value->val.string.len > 0)
	{
		value->val.string.val = pnstrdup(value->val.string.val,
										 value->val.string.len);
		alter_byte(value->val.string.val);
		return true;
	}
	if (value->type == jbvNumeric)
	{
		value->val.numeric =
			DatumGetNumeric(alter_numeric(NULL,
										  NumericGetDatum(value->val.numeric)));
		return true;
	}
	return false;
}

static Datum
alter_jsonb(SqmTarget *target, Datum datum)
{
	Jsonb	   *document = DatumGetJsonbP(datum);
	JsonbIterator *iterator = JsonbIteratorInit(&document->root);
	JsonbParseState *state = NULL;
	JsonbIteratorToken token;
	JsonbValue	value;
	JsonbValue *result = NULL;
	bool		altered = false;

	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		bool		whole = token == WJB_BEGIN_ARRAY && value.val.array.rawScalar;

		if (!altered && (token == WJB_KEY || token == WJB_VALUE ||
						 token == WJB_ELEM))
			altered = alter_jsonb_part(token, &value,
									   JB_ROOT_IS_OBJECT(document));
		result = pushJsonbValue(&state, token,
								token == WJB_KEY || token == WJB_VALUE ||
								token == WJB_ELEM || whole ? &value : NULL);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(result));
}

/* another label */
static Datum
alter_enum(SqmTarget *target, Datum datum)
{
	for (int i = 0; i < target->nlabels; i++)
		if (target->labels[i].value != DatumGetObjectId(datum))
			return ObjectIdGetDatum(target->labels[i].value);
	return datum;
}

static Datum
alter_varlena_of(SqmTarget *target, Datum datum)
{
	return alter_varlena(datum);
}

typedef Datum (*Alteration) (SqmTarget *target, Datum datum);

/* Types not in here are altered without knowledge of what they are. */
static const struct
{
	Oid			type;
	Alteration	alter;
}			alterations[] = {
	{FLOAT4OID, alter_float4},
	{FLOAT8OID, alter_float8},
	{NUMERICOID, alter_numeric},
	{DATEOID, alter_date},
	{JSONOID, alter_json},
	{JSONBOID, alter_jsonb},
	{TEXTOID, alter_varlena_of}
};

static Datum
alter(SqmTarget *target, Datum datum)
{
	for (int i = 0; i < lengthof(alterations); i++)
		if (alterations[i].type == target->basetype)
			return alterations[i].alter(target, datum);
	if (target->nlabels > 0)
		return alter_enum(target, datum);
	return alter_other(target, datum);
}

/* one element, or the lower bound of the first dimension */
static Datum
alter_array(SqmTarget *target, Datum datum, bool bound)
{
	ArrayType  *array = DatumGetArrayTypePCopy(datum);
	Datum	   *items;
	bool	   *nulls;
	int			count;

	if (ARR_NDIM(array) == 0)
		return datum;
	if (bound)
	{
		ARR_LBOUND(array)[0]++;
		return PointerGetDatum(array);
	}
	deconstruct_array(array, target->element_type, target->element_length,
					  target->element_byval, target->element_align,
					  &items, &nulls, &count);
	if (nulls[count - 1])
		return datum;
	items[count - 1] = alter(target->element, items[count - 1]);
	return PointerGetDatum(construct_md_array(items, nulls, ARR_NDIM(array),
											  ARR_DIMS(array), ARR_LBOUND(array),
											  target->element_type,
											  target->element_length,
											  target->element_byval,
											  target->element_align));
}

static bool
is_type(SqmTarget *target, const char *name)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID,
										ObjectIdGetDatum(target->basetype));
	bool		same;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", target->basetype);
	same = strcmp(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname), name) == 0;
	ReleaseSysCache(tuple);
	return same;
}

/* A domain's values are those of its base type, but its own labels it has not. */
static SqmTarget *
without_domain(SqmTarget *target)
{
	return target->base != NULL ? target->base : target;
}

void
sqm_mutate(SqmTarget *target, Datum *datum, bool *isnull)
{
	bool		array;

	if (mutation == NULL || *mutation == '\0')
		return;
	target = without_domain(target);
	array = target->element != NULL;
	if (strcmp(mutation, "null") != 0 &&
		strcmp(mutation, target->nlabels > 0 ? "enum" : array ? "array" : "") != 0 &&
		!(array && strcmp(mutation, "array_bound") == 0) &&
		!is_type(target, mutation))
		return;
	if (++seen % ONE_IN != 0)
		return;
	if (strcmp(mutation, "null") == 0)
	{
		*isnull = true;
		*datum = (Datum) 0;
	}
	else if (array)
		*datum = alter_array(target, *datum, strcmp(mutation, "array_bound") == 0);
	else
		*datum = alter(target, *datum);
}

#endif							/* SQM_MUTATION */
