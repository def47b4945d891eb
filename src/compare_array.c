/*-------------------------------------------------------------------------
 *
 * compare_array.c
 *		Which elements, in which shape, does an array stand for?
 *
 * Source text is an array literal ({1,2}) or a JSON array of scalars ([1,2]).
 * Either is taken apart here, and every element is a TEXT value for the
 * element type; a stored array is iterated.  So an element is judged exactly
 * as it would be in a column of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sha2.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "canon.h"
#include "compare.h"

#define FOLD_SIZE	(1024 * 1024)

typedef struct ArrayReader
{
	const char *p;
	const char *end;
	char		delimiter;
	SqmCanon   *element;
	StringInfo	out;			/* the elements' forms */
	StringInfoData text;		/* of one element, without escapes */
	int			declared;		/* dimensions in front of "=" */
	int			declared_sizes[MAXDIM];
	int			bounds[MAXDIM];
	int			leaf;			/* the depth at which elements are; 0: none yet */
	int			sizes[MAXDIM];	/* -1: not known yet */
} ArrayReader;

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

/*
 * One more element.  Beyond a megabyte those written so far become their
 * SHA-256: a hundred million of them would not fit into a StringInfo.  Both
 * sides come here after each element, so both fold at the same places.
 */
static void
put_element(SqmCanon *element, const SqmValue *source, Datum stored,
			bool isnull, StringInfo elements)
{
	if (source != NULL)
		sqm_canon_source(element, source, elements);
	else
		sqm_canon_target(element, stored, isnull, elements);
	if (elements->len > FOLD_SIZE)
	{
		uint8		sum[PG_SHA256_DIGEST_LENGTH];

		sqm_canon_hash(elements->data, elements->len, sum);
		resetStringInfo(elements);
		appendBinaryStringInfo(elements, (char *) sum, sizeof(sum));
	}
}

/*
 * Array literals
 */

static void
skip_space(ArrayReader *reader)
{
	while (reader->p < reader->end &&
		   (*reader->p == ' ' ||
			(*reader->p >= '\t' && *reader->p <= '\r')))
		reader->p++;
}

static bool
next_is(ArrayReader *reader, char c)
{
	if (reader->p >= reader->end || *reader->p != c)
		return false;
	reader->p++;
	return true;
}

static bool
read_bound(ArrayReader *reader, int *bound)
{
	bool		negative = next_is(reader, '-');
	int64		number = 0;
	const char *start;

	if (!negative)
		(void) next_is(reader, '+');
	start = reader->p;
	for (; reader->p < reader->end &&
		 *reader->p >= '0' && *reader->p <= '9'; reader->p++)
	{
		number = number * 10 + (*reader->p - '0');
		if (number > PG_INT32_MAX)
			return false;
	}
	*bound = (int) (negative ? -number : number);
	return reader->p > start;
}

/* "[2:3][5]=": the bounds of each dimension, if they are given */
static bool
read_dimensions(ArrayReader *reader)
{
	skip_space(reader);
	while (next_is(reader, '['))
	{
		int			lower = 1;
		int			upper;

		if (reader->declared == MAXDIM || !read_bound(reader, &upper))
			return false;
		if (next_is(reader, ':'))
		{
			lower = upper;
			if (!read_bound(reader, &upper))
				return false;
		}
		if (!next_is(reader, ']') || upper < lower ||
			(int64) upper - lower >= PG_INT32_MAX)
			return false;
		reader->bounds[reader->declared] = lower;
		reader->declared_sizes[reader->declared++] = upper - lower + 1;
		skip_space(reader);
	}
	if (reader->declared > 0 && !next_is(reader, '='))
		return false;
	skip_space(reader);
	return true;
}

/* After the opening quote. */
static bool
read_quoted(ArrayReader *reader)
{
	while (reader->p < reader->end && *reader->p != '"')
	{
		if (*reader->p == '\\' && ++reader->p == reader->end)
			return false;
		appendStringInfoCharMacro(&reader->text, *reader->p);
		reader->p++;
	}
	return next_is(reader, '"');
}

/*
 * Without quotes: up to a delimiter or brace, without white space at the end.
 * *plain tells that no character was escaped, without which NULL is a text.
 */
static bool
read_unquoted(ArrayReader *reader, bool *plain)
{
	StringInfo	text = &reader->text;
	int			kept = 0;

	*plain = true;
	while (reader->p < reader->end && *reader->p != reader->delimiter &&
		   *reader->p != '{' && *reader->p != '}')
	{
		const char *start = reader->p;
		bool		escaped = (*start == '\\');

		if (*start == '"' || (escaped && ++reader->p == reader->end))
			return false;
		if (escaped)
			*plain = false;
		else
			skip_space(reader);
		if (reader->p > start && !escaped)
		{
			appendBinaryStringInfo(text, start, reader->p - start);
			continue;
		}
		appendStringInfoCharMacro(text, *reader->p);
		reader->p++;
		kept = text->len;
	}
	text->len = kept;
	text->data[kept] = '\0';
	return kept > 0;
}

static bool
read_element(ArrayReader *reader)
{
	SqmValue	value = {.storage = SQM_TEXT};
	bool		plain = false;

	resetStringInfo(&reader->text);
	if (next_is(reader, '"') ?
		!read_quoted(reader) : !read_unquoted(reader, &plain))
		return false;
	value.data = reader->text.data;
	value.length = reader->text.len;
	if (plain && value.length == 4 &&
		pg_strncasecmp(value.data, "NULL", 4) == 0)
		value.storage = SQM_NULL;
	put_element(reader->element, &value, (Datum) 0, false, reader->out);
	return true;
}

/* A closing brace: all lists of one level must be equally long. */
static bool
level_closed(ArrayReader *reader, int level, int length)
{
	if (reader->sizes[level] < 0)
		reader->sizes[level] = length;
	return reader->sizes[level] == length;
}

/* Everything between and including the outermost braces. */
static bool
read_braces(ArrayReader *reader)
{
	int			lengths[MAXDIM];
	int			depth = 0;
	bool		wanted = true;	/* an element or a list may come */
	bool		closable = false;

	do
	{
		CHECK_FOR_INTERRUPTS();
		skip_space(reader);
		if (wanted && next_is(reader, '{'))
		{
			if (depth == MAXDIM || (reader->leaf > 0 && depth >= reader->leaf))
				return false;
			lengths[depth++] = 0;
			closable = true;
			continue;
		}
		if (closable && next_is(reader, '}'))
		{
			depth--;
			if (!level_closed(reader, depth, lengths[depth]))
				return false;
			if (depth > 0)
				lengths[depth - 1]++;
			wanted = false;
			continue;
		}
		if (depth == 0)
			return false;
		if (!wanted)
		{
			if (!next_is(reader, reader->delimiter))
				return false;
			wanted = true;
			closable = false;
			continue;
		}
		if ((reader->leaf > 0 && reader->leaf != depth) ||
			!read_element(reader))
			return false;
		reader->leaf = depth;
		lengths[depth - 1]++;
		wanted = false;
		closable = true;
	} while (depth > 0);
	skip_space(reader);
	return reader->p == reader->end;
}

static bool
shape_is_declared(const ArrayReader *reader)
{
	if (reader->declared == 0)
		return true;
	if (reader->declared != reader->leaf)
		return false;
	for (int i = 0; i < reader->leaf; i++)
		if (reader->sizes[i] != reader->declared_sizes[i])
			return false;
	return true;
}

static bool
put_literal(SqmCanon *canon, const SqmValue *value, StringInfo elements,
			StringInfo out)
{
	ArrayReader reader = {.p = value->data, .end = value->data + value->length};
	bool		good;

	reader.delimiter = canon->element_delimiter;
	reader.element = canon->element;
	reader.out = elements;
	for (int i = 0; i < MAXDIM; i++)
	{
		reader.sizes[i] = -1;
		reader.bounds[i] = 1;
	}
	initStringInfo(&reader.text);
	good = read_dimensions(&reader) && read_braces(&reader) &&
		shape_is_declared(&reader);
	pfree(reader.text.data);
	if (good)
		put_shape(out, reader.leaf, reader.sizes, reader.bounds);
	return good;
}

/*
 * JSON arrays
 */

typedef struct ElementState
{
	SqmCanon   *element;
	StringInfo	out;
	int			count;
} ElementState;

static bool
put_scalar(void *arg, const SqmValue *value)
{
	ElementState *state = (ElementState *) arg;

	state->count++;
	put_element(state->element, value, (Datum) 0, false, state->out);
	return true;
}

static bool
put_json(SqmCanon *canon, const SqmValue *value, StringInfo elements,
		 StringInfo out)
{
	ElementState state = {.element = canon->element, .out = elements};
	int			bound = 1;

	if (!sqm_canon_json_scalars(value->data, value->length, put_scalar,
								&state))
		return false;
	put_shape(out, state.count > 0 ? 1 : 0, &state.count, &bound);
	return true;
}

/*
 * Both sides
 */

static void
array_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	StringInfoData elements;
	int			start = out->len;
	bool		good = false;

	initStringInfo(&elements);
	if (value->storage == SQM_TEXT)
	{
		(void) sqm_canon_begin(out, CANON_ARRAY);
		good = put_json(canon, value, &elements, out);
		if (!good)
		{
			resetStringInfo(&elements);
			good = put_literal(canon, value, &elements, out);
		}
	}
	if (good)
	{
		appendBinaryStringInfo(out, elements.data, elements.len);
		sqm_canon_end(out, start);
	}
	else
	{
		out->len = start;
		sqm_canon_raw(out, value);
	}
	pfree(elements.data);
}

static void
array_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	ArrayType  *array = DatumGetArrayTypeP(datum);
	int			start = sqm_canon_begin(out, CANON_ARRAY);
	StringInfoData elements;
	ArrayIterator iterator;
	Datum		element;
	bool		isnull;

	initStringInfo(&elements);
	put_shape(out, ARR_NDIM(array), ARR_DIMS(array), ARR_LBOUND(array));
	iterator = array_create_iterator(array, 0, NULL);
	while (array_iterate(iterator, &element, &isnull))
		put_element(canon->element, NULL, element, isnull, &elements);
	array_free_iterator(iterator);
	appendBinaryStringInfo(out, elements.data, elements.len);
	sqm_canon_end(out, start);
	pfree(elements.data);
	if ((Pointer) array != DatumGetPointer(datum))
		pfree(array);
}

void
sqm_canon_array(SqmCanon *canon, Oid element)
{
	int16		length;
	bool		byval;
	char		align;
	Oid			ioparam;
	Oid			function;

	get_type_io_data(element, IOFunc_input, &length, &byval, &align,
					 &canon->element_delimiter, &ioparam, &function);
	canon->element = sqm_canon_create(element, canon->typmod, canon->zone,
									  false);
	canon->source = array_source;
	canon->target = array_target;
}
