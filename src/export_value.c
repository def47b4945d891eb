/*-------------------------------------------------------------------------
 *
 * export_value.c
 *		What is a stored value in SQLite?
 *
 * The kind of a column says how; migrate/export_column.sql chooses it together
 * with the declared type, so that SQLite's affinity has nothing to convert.
 * A value that cannot be had exactly is counted, and so is a moment that is
 * none in SQLite.
 *
 * This file knows neither SQLite nor tables, and nothing of compare.c, which
 * judges afterwards what was written.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "compat.h"
#include "export.h"

PG_FUNCTION_INFO_V1(sqm_is_lite_number);

typedef void (*ExportConverter) (SqmExportValue *column, Datum datum,
								 SqmValue *value);

struct SqmExportValue
{
	ExportConverter convert;
	Oid			type;			/* base type */
	FmgrInfo	output;
	bool		six_digits;		/* write .000000, too */
	int64		altered;
	int64		odd;
};

/* Text in the database encoding; palloc'd or of any longer life. */
static void
set_text(SqmValue *value, const char *text, int length)
{
	char	   *utf8 = pg_server_to_any(text, length, PG_UTF8);

	value->storage = SQM_TEXT;
	value->data = utf8;
	value->length = utf8 == text ? length : (int) strlen(utf8);
}

static void
set_string(SqmValue *value, const char *string)
{
	set_text(value, string, strlen(string));
}

static void
set_integer(SqmValue *value, int64 integer)
{
	value->storage = SQM_INTEGER;
	value->integer = integer;
}

static void
set_real(SqmValue *value, double real)
{
	value->storage = SQM_REAL;
	value->real = real;
}

/* ---------------------------------------------------------------------
 * Numbers
 * ---------------------------------------------------------------------
 */

static void
convert_boolean(SqmExportValue *column, Datum datum, SqmValue *value)
{
	set_integer(value, DatumGetBool(datum) ? 1 : 0);
}

static void
convert_integer(SqmExportValue *column, Datum datum, SqmValue *value)
{
	switch (column->type)
	{
		case INT2OID:
			set_integer(value, DatumGetInt16(datum));
			break;
		case INT4OID:
			set_integer(value, DatumGetInt32(datum));
			break;
		case INT8OID:
			set_integer(value, DatumGetInt64(datum));
			break;
		default:
			set_integer(value, DatumGetObjectId(datum));
			break;
	}
}

/* The double that prints as the float4 does: 0.1, and not 0.10000000149011612 */
static double
widen(float4 real)
{
	char		text[FLOAT_SHORTEST_DECIMAL_LEN];

	if (isnan(real) || isinf(real))
		return real;
	float_to_shortest_decimal_buf(real, text);
	return strtod(text, NULL);
}

/*
 * SQLite has no NaN, and turns it into NULL: it becomes a text.  It has no
 * negative zero in a REAL column either; that one is counted.
 */
static void
convert_real(SqmExportValue *column, Datum datum, SqmValue *value)
{
	double		real = column->type == FLOAT4OID ?
		widen(DatumGetFloat4(datum)) : DatumGetFloat8(datum);

	if (isnan(real))
	{
		set_string(value, "NaN");
		return;
	}
	if (real == 0 && signbit(real))
	{
		column->altered++;
		real = 0;
	}
	set_real(value, real);
}

/* Without zeros behind the point, which are no digits of the number's. */
static void
cut_zeros(char *text)
{
	char	   *point = strchr(text, '.');
	char	   *end = text + strlen(text);

	if (point == NULL)
		return;
	while (end[-1] == '0')
		end--;
	if (end - 1 == point)
		end--;
	*end = '\0';
}

/* Does the double stand for this number, by its shortest decimal? */
static bool
stands_for(double real, Numeric number)
{
	char		text[DOUBLE_SHORTEST_DECIMAL_LEN];
	Datum		back;

	if (isinf(real))
		return false;
	double_to_shortest_decimal_buf(real, text);
	back = DirectFunctionCall3(numeric_in, CStringGetDatum(text),
							   ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
	return DatumGetBool(DirectFunctionCall2(numeric_eq, back,
											NumericGetDatum(number)));
}

/*
 * A number as SQLite holds it in a column of numeric affinity; false if that
 * is not exactly it.
 */
static bool
lite_number(Numeric number, SqmValue *value)
{
	char	   *text;
	char	   *end;
	int64		integer;

	if (numeric_is_nan(number))
	{
		set_string(value, "NaN");
		return true;
	}
	text = DatumGetCString(DirectFunctionCall1(numeric_out,
											   NumericGetDatum(number)));
	cut_zeros(text);
	errno = 0;
	integer = strtoll(text, &end, 10);
	if (end > text && *end == '\0' && errno == 0)
	{
		set_integer(value, integer);
		return true;
	}
	set_real(value, strtod(text, NULL));
	return stands_for(value->real, number);
}

static void
convert_number(SqmExportValue *column, Datum datum, SqmValue *value)
{
	if (!lite_number(DatumGetNumeric(datum), value))
		column->altered++;
}

/*
 * sq2pg.is_lite_number(numeric): could SQLite hold it exactly, as an integer or
 * as a double?
 */
Datum
sqm_is_lite_number(PG_FUNCTION_ARGS)
{
	SqmValue	value;

	PG_RETURN_BOOL(lite_number(PG_GETARG_NUMERIC(0), &value));
}

/* ---------------------------------------------------------------------
 * All else
 * ---------------------------------------------------------------------
 */

static void
convert_bytes(SqmExportValue *column, Datum datum, SqmValue *value)
{
	struct varlena *stored = PG_DETOAST_DATUM_PACKED(datum);

	value->storage = SQM_BLOB;
	value->data = VARDATA_ANY(stored);
	value->length = VARSIZE_ANY_EXHDR(stored);
}

static void
convert_text(SqmExportValue *column, Datum datum, SqmValue *value)
{
	struct varlena *stored = PG_DETOAST_DATUM_PACKED(datum);

	set_text(value, VARDATA_ANY(stored), VARSIZE_ANY_EXHDR(stored));
}

/* What the type's output function says, under the settings of entry.c */
static void
convert_output(SqmExportValue *column, Datum datum, SqmValue *value)
{
	set_string(value, OutputFunctionCall(&column->output, datum));
}

static void
set_moment(SqmExportValue *column, Datum datum, char *text, SqmValue *value)
{
	if (text != NULL)
		set_string(value, text);
	else
	{
		column->odd++;
		convert_output(column, datum, value);
	}
}

static void
convert_date(SqmExportValue *column, Datum datum, SqmValue *value)
{
	set_moment(column, datum, sqm_export_date(datum), value);
}

static void
convert_time(SqmExportValue *column, Datum datum, SqmValue *value)
{
	set_moment(column, datum, sqm_export_time(datum, column->six_digits),
			   value);
}

/* Without a zone, or in UTC without saying so. */
static void
convert_timestamp(SqmExportValue *column, Datum datum, SqmValue *value)
{
	set_moment(column, datum, sqm_export_timestamp(datum, column->six_digits),
			   value);
}

static void
convert_instant(SqmExportValue *column, Datum datum, SqmValue *value)
{
	char	   *text = sqm_export_timestamp(datum, column->six_digits);

	set_moment(column, datum, text == NULL ? NULL : psprintf("%s+00:00", text),
			   value);
}

#define MAX_TYPES 4

/* Which conversion is for which types; none named: for all. */
static const struct
{
	const char *kind;
	ExportConverter convert;
	Oid			types[MAX_TYPES];
}			converters[] =
{
	{"boolean", convert_boolean, {BOOLOID}},
	{"integer", convert_integer, {INT2OID, INT4OID, INT8OID, OIDOID}},
	{"real", convert_real, {FLOAT4OID, FLOAT8OID}},
	{"number", convert_number, {NUMERICOID}},
	{"bytes", convert_bytes, {BYTEAOID}},
	{"text", convert_text, {TEXTOID, VARCHAROID, BPCHAROID}},
	{"output", convert_output, {InvalidOid}},
	{"date", convert_date, {DATEOID}},
	{"time", convert_time, {TIMEOID}},
	{"timestamp", convert_timestamp, {TIMESTAMPOID, TIMESTAMPTZOID}},
	{"instant", convert_instant, {TIMESTAMPTZOID}},
};

static ExportConverter
find_converter(const char *kind, Oid type)
{
	for (int i = 0; i < (int) lengthof(converters); i++)
	{
		if (strcmp(converters[i].kind, kind) != 0)
			continue;
		if (!OidIsValid(converters[i].types[0]))
			return converters[i].convert;
		for (int n = 0; n < MAX_TYPES && OidIsValid(converters[i].types[n]); n++)
			if (converters[i].types[n] == type)
				return converters[i].convert;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("kind \"%s\" is not one of type %s", kind,
					format_type_be(type))));
	return NULL;
}

/*
 * For a column of a query, in the current memory context.
 */
SqmExportValue *
sqm_export_value_create(const char *kind, Oid type, bool six_digits)
{
	SqmExportValue *column = palloc0(sizeof(SqmExportValue));
	Oid			function;
	bool		is_varlena;

	column->type = getBaseType(type);
	column->convert = find_converter(kind, column->type);
	column->six_digits = six_digits;
	getTypeOutputInfo(type, &function, &is_varlena);
	fmgr_info(function, &column->output);
	return column;
}

/*
 * One value that is not NULL.  What it takes is allocated in the current
 * context, or is the Datum's own memory.
 */
void
sqm_export_value(SqmExportValue *column, Datum datum, SqmValue *value)
{
	column->convert(column, datum, value);
}

/* How many values were not written exactly. */
int64
sqm_export_value_altered(const SqmExportValue *column)
{
	return column->altered;
}

/* How many are dates or times that SQLite does not know as such. */
int64
sqm_export_value_odd(const SqmExportValue *column)
{
	return column->odd;
}
