/*-------------------------------------------------------------------------
 *
 * compare_other.c
 *		Types without a canonical form of their own, and arrays.
 *
 * The only notion of equality that an unknown type offers is its own text:
 * the source text goes through the type's input and output functions, and the
 * result is compared with the output of what is stored.  For these types
 * alone a converter and this file ask the same functions.
 *
 * Arrays are compared element by element, each in the canonical form of the
 * element type.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "canon.h"
#include "compare.h"
#include "compat.h"

/*
 * The input function
 */

/*
 * Errors of these classes are not about the value: a cancel, a shutdown, a
 * full disk, a deadlock, a broken page.  They go on.
 */
static bool
error_is_about_value(int sqlerrcode)
{
	switch (ERRCODE_TO_CATEGORY(sqlerrcode))
	{
		case MAKE_SQLSTATE('4', '0', '0', '0', '0'):
		case MAKE_SQLSTATE('5', '3', '0', '0', '0'):
		case MAKE_SQLSTATE('5', '5', '0', '0', '0'):
		case MAKE_SQLSTATE('5', '7', '0', '0', '0'):
		case MAKE_SQLSTATE('5', '8', '0', '0', '0'):
			return false;
	}
	return sqlerrcode != ERRCODE_DATA_CORRUPTED &&
		sqlerrcode != ERRCODE_INDEX_CORRUPTED;
}

/* Input functions that throw: in a subtransaction of their own. */
static bool
input_guarded(SqmCanon *canon, char *text, Datum *result)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool accepted = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		*result = InputFunctionCall(&canon->input, text, canon->ioparam,
									canon->typmod);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (!error_is_about_value(error->sqlerrcode))
			ReThrowError(error);
		FreeErrorData(error);
		accepted = false;
	}
	PG_END_TRY();
	return accepted;
}

static bool
input_value(SqmCanon *canon, char *text, Datum *result)
{
	if (canon->trusted_input)
		return sqm_input_soft(&canon->input, text, canon->ioparam,
							  canon->typmod, result);
	return input_guarded(canon, text, result);
}

/*
 * The source text as a C string in the database's encoding, or NULL if it
 * does not exist there.
 */
static char *
text_for_input(SqmCanon *canon, const char *data, int length)
{
	char	   *text;

	if (!pg_verify_mbstr(PG_UTF8, data, length, true))
		return NULL;
	if (!OidIsValid(canon->from_utf8))
		return pnstrdup(data, length);
	if (length > (int) (MaxAllocSize / MAX_CONVERSION_GROWTH) - 1)
		return NULL;
	text = palloc(length * MAX_CONVERSION_GROWTH + 1);
	if (pg_do_encoding_conversion_buf(canon->from_utf8, PG_UTF8,
									  GetDatabaseEncoding(),
									  (unsigned char *) unconstify(char *, data),
									  length, (unsigned char *) text,
									  length * MAX_CONVERSION_GROWTH + 1,
									  true) < length)
		return NULL;
	return text;
}

/* The Datum that the type's own input makes of the source value. */
static bool
source_datum(SqmCanon *canon, const SqmValue *value, Datum *result)
{
	char		buffer[CANON_NUMBER_SIZE];
	int			length;
	const char *data;
	char	   *text;

	if (value->storage == SQM_BLOB)
		return false;
	data = sqm_canon_text_of(value, buffer, &length);
	text = text_for_input(canon, data, length);
	return text != NULL && input_value(canon, text, result);
}

/*
 * Types that have nothing but their output
 */

static void
other_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	char	   *text = OutputFunctionCall(&canon->output, datum);

	sqm_canon_bytes(out, CANON_OUTPUT, text, strlen(text));
	pfree(text);
}

static void
other_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	Datum		datum;

	if (source_datum(canon, value, &datum))
		other_target(canon, datum, out);
	else
		sqm_canon_raw(out, value);
}

/*
 * Arrays: the dimensions, the lower bounds, the elements in order
 */

static void
put_shape(StringInfo out, int dimensions, const int *sizes, const int *bounds)
{
	canon_int64(out, CANON_INT, dimensions);
	for (int i = 0; i < dimensions; i++)
	{
		canon_int64(out, CANON_INT, sizes[i]);
		canon_int64(out, CANON_INT, bounds[i]);
	}
}

static void
array_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	ArrayType  *array = DatumGetArrayTypeP(datum);
	int			start = sqm_canon_begin(out, CANON_ARRAY);
	ArrayIterator iterator;
	Datum		element;
	bool		isnull;

	put_shape(out, ARR_NDIM(array), ARR_DIMS(array), ARR_LBOUND(array));
	iterator = array_create_iterator(array, 0, NULL);
	while (array_iterate(iterator, &element, &isnull))
		sqm_canon_target(canon->element, element, isnull, out);
	array_free_iterator(iterator);
	sqm_canon_end(out, start);
	if ((Pointer) array != DatumGetPointer(datum))
		pfree(array);
}

typedef struct ElementState
{
	SqmCanon   *element;
	StringInfo	out;
	int			count;
} ElementState;

static bool
put_element(void *arg, const SqmValue *value)
{
	ElementState *state = (ElementState *) arg;

	state->count++;
	sqm_canon_source(state->element, value, state->out);
	return true;
}

static bool
array_of_json(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	StringInfoData elements;
	ElementState state = {.element = canon->element, .out = &elements};
	int			bound = 1;
	int			start;

	if (value->storage != SQM_TEXT)
		return false;
	initStringInfo(&elements);
	if (!sqm_canon_json_scalars(value->data, value->length, put_element, &state))
	{
		pfree(elements.data);
		return false;
	}
	start = sqm_canon_begin(out, CANON_ARRAY);
	put_shape(out, state.count > 0 ? 1 : 0, &state.count, &bound);
	appendBinaryStringInfo(out, elements.data, elements.len);
	sqm_canon_end(out, start);
	pfree(elements.data);
	return true;
}

static void
array_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	Datum		datum;

	if (array_of_json(canon, value, out))
		return;
	if (source_datum(canon, value, &datum))
		array_target(canon, datum, out);
	else
		sqm_canon_raw(out, value);
}

void
sqm_canon_other(SqmCanon *canon)
{
	Oid			function;
	Oid			element = get_element_type(canon->typid);
	bool		varlena;

	getTypeInputInfo(canon->typid, &function, &canon->ioparam);
	fmgr_info(function, &canon->input);
	getTypeOutputInfo(canon->typid, &function, &varlena);
	fmgr_info(function, &canon->output);
	canon->trusted_input = SQM_SOFT_INPUT &&
		canon->typid < FirstNormalObjectId;
	if (GetDatabaseEncoding() != PG_UTF8 &&
		GetDatabaseEncoding() != PG_SQL_ASCII)
		canon->from_utf8 = FindDefaultConversionProc(PG_UTF8,
													 GetDatabaseEncoding());

	canon->source = other_source;
	canon->target = other_target;
	if (OidIsValid(element))
	{
		canon->element = sqm_canon_create(element, canon->typmod,
										  canon->zone, false);
		canon->source = array_source;
		canon->target = array_target;
	}
}
