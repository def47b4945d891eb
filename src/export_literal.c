/*-------------------------------------------------------------------------
 *
 * export_literal.c
 *		How is a constant of PostgreSQL's written in SQLite?
 *
 * As export_value.c would store it, so that it compares with what is stored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "export.h"
#include "export_expr.h"

/* A string of SQLite's. */
void
sqm_export_quote(StringInfo out, const char *text)
{
	appendStringInfoChar(out, '\'');
	for (const char *p = text; *p; p++)
	{
		if (*p == '\'')
			appendStringInfoChar(out, '\'');
		appendStringInfoChar(out, *p);
	}
	appendStringInfoChar(out, '\'');
}

static const char *
kind_of(SqmExportExpr *expr, SqmExportClass class)
{
	switch (class)
	{
		case SQM_CLASS_BOOLEAN:
			return "boolean";
		case SQM_CLASS_INTEGER:
			return "integer";
		case SQM_CLASS_REAL:
			return "real";
		case SQM_CLASS_NUMBER:
			return "number";
		case SQM_CLASS_TEXT:
		case SQM_CLASS_CHAR:
			return "text";
		case SQM_CLASS_DATE:
			return "date";
		case SQM_CLASS_TIME:
			return "time";
		case SQM_CLASS_TIMESTAMP:
			return "timestamp";
		case SQM_CLASS_INSTANT:
			return expr->forms.naive_instants ? "timestamp" : "instant";
		case SQM_CLASS_BYTES:
			return "bytes";
		case SQM_CLASS_UUID:
		case SQM_CLASS_ENUM:
		case SQM_CLASS_OTHER:
			break;
	}
	return "output";
}

static int
trailing_blanks(const char *text)
{
	int			length = strlen(text);
	int			kept = length;

	while (kept > 0 && text[kept - 1] == ' ')
		kept--;
	return length - kept;
}

static void
put_text(SqmExportExpr *expr, SqmExportClass class, const SqmValue *value)
{
	char	   *text = pnstrdup(value->data, value->length);
	char	   *to = text;

	text = pg_any_to_server(text, value->length, PG_UTF8);
	if (class == SQM_CLASS_CHAR)
		text = pnstrdup(text, strlen(text) - trailing_blanks(text));
	if (class == SQM_CLASS_UUID && expr->forms.short_uuids)
	{
		to = text;
		for (char *from = text; *from; from++)
			if (*from != '-')
				*to++ = *from;
		*to = '\0';
	}
	sqm_export_quote(expr->out, text);
}

static void
put_real(StringInfo out, double real)
{
	char		text[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (isinf(real))
	{
		appendStringInfoString(out, real > 0 ? "9e999" : "-9e999");
		return;
	}
	double_to_shortest_decimal_buf(real, text);
	appendStringInfoString(out, text);
	if (strspn(text, "-0123456789") == strlen(text))
		appendStringInfoString(out, ".0");
}

static void
put_bytes(StringInfo out, const SqmValue *value)
{
	static const char hex[] = "0123456789abcdef";

	appendStringInfoString(out, "x'");
	for (int i = 0; i < value->length; i++)
	{
		appendStringInfoChar(out, hex[(unsigned char) value->data[i] >> 4]);
		appendStringInfoChar(out, hex[(unsigned char) value->data[i] & 15]);
	}
	appendStringInfoChar(out, '\'');
}

static bool
put_datum(SqmExportExpr *expr, Oid type, Datum datum)
{
	SqmExportClass class = sqm_export_class(type);
	SqmExportValue *column = sqm_export_value_create(kind_of(expr, class), type,
													 expr->forms.six_digits);
	SqmValue	value;

	sqm_export_value(column, datum, &value);
	if (sqm_export_value_altered(column) > 0)
		return sqm_export_fail(expr, "a constant is no number that SQLite has");
	switch (value.storage)
	{
		case SQM_INTEGER:
			appendStringInfo(expr->out, INT64_FORMAT, value.integer);
			break;
		case SQM_REAL:
			put_real(expr->out, value.real);
			break;
		case SQM_BLOB:
			put_bytes(expr->out, &value);
			break;
		default:
			put_text(expr, class, &value);
			break;
	}
	return true;
}

/*
 * An array of a type of PostgreSQL's as sq2pg.export_array() writes those of
 * columns: JSON, or as it prints.
 */
static bool
is_json_array(Oid type, Datum datum)
{
	Oid			element = get_element_type(getBaseType(type));
	ArrayType  *array;
	char		category;
	bool		is_preferred;

	if (!OidIsValid(element) || element >= FirstNormalObjectId)
		return false;
	get_type_category_preferred(element, &category, &is_preferred);
	if (strchr("NSBDEI", category) == NULL && element != UUIDOID)
		return false;
	array = DatumGetArrayTypeP(datum);
	return ARR_NDIM(array) == 0 ||
		(ARR_NDIM(array) == 1 && ARR_LBOUND(array)[0] == 1);
}

bool
sqm_export_literal(SqmExportExpr *expr, Const *value)
{
	if (value->constisnull)
	{
		appendStringInfoString(expr->out, "NULL");
		return true;
	}
	if (is_json_array(value->consttype, value->constvalue))
		return put_datum(expr, TEXTOID,
						 DirectFunctionCall1(array_to_json, value->constvalue));
	return put_datum(expr, value->consttype, value->constvalue);
}

/* The elements of an array, separated by commas. */
bool
sqm_export_elements(SqmExportExpr *expr, Const *array)
{
	Oid			type = get_base_element_type(array->consttype);
	Datum	   *elements;
	bool	   *nulls;
	int16		length;
	bool		by_value;
	char		align;
	int			count;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(DatumGetArrayTypeP(array->constvalue), type, length,
					  by_value, align, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			appendStringInfoString(expr->out, ", ");
		if (nulls[i])
			appendStringInfoString(expr->out, "NULL");
		else if (!put_datum(expr, type, elements[i]))
			return false;
	}
	return true;
}

/* Does its text sort among others as the date does? */
bool
sqm_export_is_plain_date(Const *value)
{
	char	   *text = NULL;

	if (value->constisnull)
		return true;
	switch (sqm_export_class(value->consttype))
	{
		case SQM_CLASS_DATE:
			text = sqm_export_date(value->constvalue);
			break;
		case SQM_CLASS_TIMESTAMP:
		case SQM_CLASS_INSTANT:
			text = sqm_export_timestamp(value->constvalue, false);
			break;
		default:
			return true;
	}
	return text != NULL && text[4] == '-';
}
