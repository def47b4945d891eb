/*-------------------------------------------------------------------------
 *
 * value.c
 *		One SQLite value to one Datum, or a precise reason why not.
 *
 * Here a target type is looked up once, and given the row of converters that
 * knows it; the rules themselves (docs/types.md) live in value_*.c.  This
 * half must know nothing of compare.c, which checks its results.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "mutation.h"
#include "target.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

static SqmVerdict pg_attribute_printf(4, 0)
set_reason(SqmReason *reason, SqmVerdict verdict, int sqlstate,
		   const char *format, va_list arguments)
{
	int			length;

	reason->sqlstate = sqlstate;
	length = vsnprintf(reason->message, sizeof(reason->message), format,
					   arguments);

	/* never end amid a character: type names can be long */
	if (length >= (int) sizeof(reason->message))
	{
		length = pg_mbcliplen(reason->message,
							  sizeof(reason->message) - 1,
							  sizeof(reason->message) - 1);
		reason->message[length] = '\0';
	}
	return verdict;
}

SqmVerdict
sqm_bad(SqmReason *reason, int sqlstate, const char *format,...)
{
	va_list		arguments;

	va_start(arguments, format);
	(void) set_reason(reason, SQM_BAD, sqlstate, format, arguments);
	va_end(arguments);
	return SQM_BAD;
}

SqmVerdict
sqm_changed(SqmReason *reason, int sqlstate, const char *format,...)
{
	va_list		arguments;

	va_start(arguments, format);
	(void) set_reason(reason, SQM_CHANGED, sqlstate, format, arguments);
	va_end(arguments);
	return SQM_CHANGED;
}

SqmVerdict
sqm_noise(SqmReason *reason, const char *format,...)
{
	va_list		arguments;

	va_start(arguments, format);
	(void) set_reason(reason, SQM_NOISE, ERRCODE_WARNING, format, arguments);
	va_end(arguments);
	return SQM_NOISE;
}

/* The converter for storage classes that a type does not take. */
SqmVerdict
sqm_refuse(SqmTarget *target, const SqmValue *value, Datum *datum,
		   SqmReason *reason)
{
	static const char *const names[SQM_STORAGE_CLASSES] = {
		"NULL", "INTEGER", "REAL", "TEXT", "BLOB"
	};

	return sqm_bad(reason, ERRCODE_DATATYPE_MISMATCH,
				   "%s value cannot become type %s",
				   names[value->storage], target->name);
}

SqmVerdict
sqm_bad_syntax(SqmTarget *target, SqmReason *reason)
{
	return sqm_bad(reason, ERRCODE_INVALID_TEXT_REPRESENTATION,
				   "invalid input syntax for type %s", target->name);
}

SqmVerdict
sqm_bad_range(SqmTarget *target, SqmReason *reason)
{
	return sqm_bad(reason, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
				   "value out of range for type %s", target->name);
}

/* What the types with converters need to know beyond their typmod. */
static void
setup_int2(SqmTarget *target)
{
	target->low = PG_INT16_MIN;
	target->high = PG_INT16_MAX;
}

static void
setup_int4(SqmTarget *target)
{
	target->low = PG_INT32_MIN;
	target->high = PG_INT32_MAX;
}

static void
setup_int8(SqmTarget *target)
{
	target->low = PG_INT64_MIN;
	target->high = PG_INT64_MAX;
}

static void
setup_numeric(SqmTarget *target)
{
	int32		typmod = target->typmod - VARHDRSZ;

	target->constrained = (target->typmod >= (int32) VARHDRSZ);
	if (!target->constrained)
		return;
	target->precision = (typmod >> 16) & 0xffff;
	/* eleven bits with sign */
	target->scale = ((typmod & 0x7ff) ^ 1024) - 1024;
}

static void
setup_character(SqmTarget *target)
{
	sqm_text_setup(target);
	target->max_chars = target->typmod >= (int32) VARHDRSZ ?
		target->typmod - VARHDRSZ : -1;
}

static const struct
{
	Oid			type;
	SqmConverterRow *converters;
	void		(*setup) (SqmTarget *target);
}			native_types[] = {
	{INT8OID, &sqm_to_int8, setup_int8},
	{TEXTOID, &sqm_to_text, setup_character},
	{INT4OID, &sqm_to_int4, setup_int4},
	{INT2OID, &sqm_to_int2, setup_int2},
	{BOOLOID, &sqm_to_bool, NULL},
	{FLOAT8OID, &sqm_to_float8, NULL},
	{FLOAT4OID, &sqm_to_float4, NULL},
	{NUMERICOID, &sqm_to_numeric, setup_numeric},
	{VARCHAROID, &sqm_to_text, setup_character},
	{BPCHAROID, &sqm_to_char, setup_character},
	{NAMEOID, &sqm_to_name, setup_character},
	{BYTEAOID, &sqm_to_bytea, NULL},
	{DATEOID, &sqm_to_date, sqm_time_setup},
	{TIMEOID, &sqm_to_time, sqm_time_setup},
	{TIMESTAMPOID, &sqm_to_timestamp, sqm_time_setup},
	{TIMESTAMPTZOID, &sqm_to_timestamptz, sqm_time_setup},
	{UUIDOID, &sqm_to_uuid, NULL},
	{JSONOID, &sqm_to_json, setup_character},
	{JSONBOID, &sqm_to_jsonb, setup_character}
};

/* true: a type that this extension converts by itself */
static bool
choose_native(SqmTarget *target)
{
	for (int i = 0; i < lengthof(native_types); i++)
	{
		if (native_types[i].type != target->basetype)
			continue;
		target->convert = *native_types[i].converters;
		if (native_types[i].setup)
			native_types[i].setup(target);
		return true;
	}
	return false;
}

/* The converters of all other types. */
static void
choose_converters(SqmTarget *target)
{
	Oid			element = get_element_type(target->basetype);
	char		category;
	bool		preferred;
	char		delimiter = ',';

	/* arrays to the catalog, but their syntax is another one: '1 2 3' */
	if (target->basetype == INT2VECTOROID || target->basetype == OIDVECTOROID)
		element = InvalidOid;

	sqm_text_setup(target);
	if (get_typtype(target->basetype) == TYPTYPE_ENUM)
	{
		target->convert = sqm_to_enum;
		target->native = true;
		sqm_enum_setup(target);
		return;
	}
	if (OidIsValid(element))
	{
		int16		length;
		bool		byval;
		char		align;
		Oid			param;
		Oid			function;

		get_type_io_data(element, IOFunc_input, &length, &byval, &align,
						 &delimiter, &param, &function);
	}

	/* an array of boxes is split at semicolons, which only its type knows */
	if (OidIsValid(element) && delimiter == ',')
	{
		target->convert = sqm_to_array;
		sqm_array_setup(target, element);
	}
	else
	{
		target->convert = sqm_to_other;
		sqm_other_setup(target);
	}
	get_type_category_preferred(target->basetype, &category, &preferred);
	if (category == TYPCATEGORY_STRING)
		target->empty_is_null = false;
}

/*
 * Look everything up that converting to this type needs.  The result lives in
 * CurrentMemoryContext and is good for as long as the type is not altered.
 */
SqmTarget *
sqm_target_create(Oid typid, int32 typmod, const SqmValueOptions *options)
{
	SqmTarget  *target = palloc0(sizeof(SqmTarget));

	target->context = CurrentMemoryContext;
	target->options = *options;
	target->typid = typid;
	target->typmod = typmod;
	target->basetype = getBaseTypeAndTypmod(typid, &target->typmod);
	target->max_chars = -1;
	target->name = format_type_with_typemod(typid, typmod);
	target->empty_is_null = options->empty_as_null;

	if (target->basetype != typid && DomainHasConstraints(typid))
	{
		sqm_domain_setup(target);
		target->convert = sqm_to_domain;
		target->empty_is_null = target->base->empty_is_null;
	}
	else if (choose_native(target))
	{
		target->native = true;
		if (target->convert == sqm_to_text || target->convert == sqm_to_char ||
			target->convert == sqm_to_name || target->convert == sqm_to_bytea)
			target->empty_is_null = false;
	}
	else
		choose_converters(target);
	return target;
}

/*
 * Does the target get by without subtransactions and without functions of
 * others, so that it can be used in a parallel worker?
 */
bool
sqm_target_is_native(SqmTarget *target)
{
	return target->native;
}

/*
 * The Datum is allocated in CurrentMemoryContext; it never points into the
 * value.  *datum is set unless the verdict is SQM_BAD, *reason unless it is
 * SQM_EXACT.
 */
SqmVerdict
sqm_value_convert(SqmTarget *target, const SqmValue *value, Datum *datum,
				  bool *isnull, SqmReason *reason)
{
	SqmVerdict	verdict;

	if (value->storage == SQM_NULL ||
		(target->empty_is_null && value->storage == SQM_TEXT &&
		 value->length == 0))
	{
		*datum = (Datum) 0;
		*isnull = true;
		if (target->null_is_checked && !sqm_domain_check_null(target, reason))
			return SQM_BAD;
		return SQM_EXACT;
	}
	*isnull = false;
	verdict = target->convert[value->storage] (target, value, datum, reason);
	if (verdict <= SQM_NOISE)
		sqm_mutate(target, datum, isnull);
	return verdict;
}
