/*-------------------------------------------------------------------------
 *
 * srf.c
 *		Writing the rows of a set-returning function, reading its arguments.
 *
 * Knows nothing of SQLite.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "srf.h"

/*
 * Start the result of a set-returning function, once per call.
 */
void
sqm_row_begin(FunctionCallInfo fcinfo, SqmRow *row)
{
	InitMaterializedSRF(fcinfo, 0);
	row->rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	row->used = 0;
}

void
sqm_row_datum(SqmRow *row, Datum value, bool isnull)
{
	Assert(row->used < SQM_MAX_COLUMNS);
	row->values[row->used] = value;
	row->nulls[row->used] = isnull;
	row->used++;
}

void
sqm_row_null(SqmRow *row)
{
	sqm_row_datum(row, (Datum) 0, true);
}

/* NULL gives NULL. */
void
sqm_row_text(SqmRow *row, const char *text)
{
	if (text == NULL)
		sqm_row_null(row);
	else
		sqm_row_datum(row, CStringGetTextDatum(text), false);
}

void
sqm_row_bool(SqmRow *row, bool value)
{
	sqm_row_datum(row, BoolGetDatum(value), false);
}

void
sqm_row_int(SqmRow *row, int32 value)
{
	sqm_row_datum(row, Int32GetDatum(value), false);
}

void
sqm_row_bigint(SqmRow *row, int64 value)
{
	sqm_row_datum(row, Int64GetDatum(value), false);
}

static void
row_array(SqmRow *row, Datum *elements, bool *nulls, int count,
		  Oid type, int length, bool byval, char align)
{
	int			lower = 1;

	sqm_row_datum(row,
				  PointerGetDatum(construct_md_array(elements, nulls, 1, &count,
													 &lower, type, length,
													 byval, align)),
				  false);
}

/* A list of char *; a NULL string becomes a NULL element. */
void
sqm_row_text_array(SqmRow *row, List *strings)
{
	int			count = list_length(strings);
	Datum	   *elements = palloc(sizeof(Datum) * (count + 1));
	bool	   *nulls = palloc(sizeof(bool) * (count + 1));

	for (int i = 0; i < count; i++)
	{
		char	   *string = list_nth(strings, i);

		nulls[i] = string == NULL;
		elements[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(string);
	}
	row_array(row, elements, nulls, count, TEXTOID, -1, false, TYPALIGN_INT);
}

/* An integer list, zero for false. */
void
sqm_row_bool_array(SqmRow *row, List *ints)
{
	int			count = list_length(ints);
	Datum	   *elements = palloc(sizeof(Datum) * (count + 1));

	for (int i = 0; i < count; i++)
		elements[i] = BoolGetDatum(list_nth_int(ints, i) != 0);
	row_array(row, elements, NULL, count, BOOLOID, 1, true, TYPALIGN_CHAR);
}

void
sqm_row_emit(SqmRow *row)
{
	tuplestore_putvalues(row->rsinfo->setResult, row->rsinfo->setDesc,
						 row->values, row->nulls);
	row->used = 0;
}

/* A text argument as a palloc'd string; NULL for NULL. */
char *
sqm_arg_text(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* The elements of a text[] as char *; NULL is an error. */
List *
sqm_array_strings(ArrayType *array)
{
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("null array element not allowed in this context")));
	return sqm_array_strings_or_null(array);
}

/* The same, NULL for NULL. */
List *
sqm_array_strings_or_null(ArrayType *array)
{
	List	   *strings = NIL;
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
		strings = lappend(strings,
						  nulls[i] ? NULL : TextDatumGetCString(elements[i]));
	return strings;
}
