/*-------------------------------------------------------------------------
 *
 * value_json.c
 *		What becomes of a value in json or jsonb?
 *
 * Documents are read by json.c, never by the server's parser, so that no
 * document can raise an error.  For the same reason everything that jsonb
 * refuses when it is built is counted here first.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "decimal.h"
#include "json.h"
#include "mb/pg_wchar.h"
#include "target.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

/*
 * Limits of jsonb: the length of any one part (28 bits), and how many members
 * an array or object can have while it is built (its buffer doubles and must
 * stay below 1 GB).
 */
#define MAX_JSONB_SIZE ((Size) JENTRY_OFFLENMASK)
#define MAX_MEMBERS 8388608

/* a number, a container and the entry that points to it, with alignment */
#define ENTRY_OVERHEAD ((int) sizeof(JEntry) + 3)

/* no number takes less: the headers of a numeric without digits */
#define SMALLEST_NUMERIC (VARHDRSZ + (int) sizeof(uint16))

typedef struct Builder
{
	SqmTarget  *target;
	JsonbParseState *state;
	JsonbValue *root;
	int			depth;			/* open containers */
	int			allocated;
	int		   *members;		/* by depth: keys or elements so far */
	Size		size;			/* no less than what jsonb will need */
	bool		scalar;			/* the document is no container */
	bool		repeated;		/* a key came twice */
	SqmReason  *reason;
	SqmTarget	number;			/* plain numeric, for numbers */
} Builder;

static SqmVerdict
bad_json(SqmTarget *target, const char *problem, SqmReason *reason)
{
	return sqm_bad(reason, ERRCODE_INVALID_TEXT_REPRESENTATION,
				   "%s for type %s", problem, target->name);
}

/* A string without escapes, in the database encoding. */
static bool
build_string(Builder *builder, const char *token, int length,
			 JsonbValue *value)
{
	const char *text = token;

	if (memchr(token, '\\', length) != NULL)
	{
		char	   *plain = palloc_extended(length + 1, MCXT_ALLOC_HUGE);
		const char *problem = sqm_json_unescape(token, length, plain, &length);

		if (problem)
		{
			sqm_bad(builder->reason, ERRCODE_UNTRANSLATABLE_CHARACTER, "%s",
					problem);
			return false;
		}
		text = plain;
	}
	if (builder->target->transcode)
	{
		text = sqm_text_cstring(builder->target, text, length, &length,
								builder->reason);
		if (text == NULL)
			return false;
	}
	builder->size += length + ENTRY_OVERHEAD;
	value->type = jbvString;
	value->val.string.val = unconstify(char *, text);
	value->val.string.len = length;
	return true;
}

static bool
build_number(Builder *builder, const char *token, int length,
			 JsonbValue *value)
{
	SqmDecimal	decimal;
	Datum		number;

	if (!sqm_decimal_scan(token, length, &decimal) ||
		sqm_decimal_numeric(&builder->number, &decimal, false, &number,
							builder->reason) != SQM_EXACT)
	{
		sqm_bad(builder->reason, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
				"JSON holds a number that numeric cannot hold");
		return false;
	}
	value->type = jbvNumeric;
	value->val.numeric = DatumGetNumeric(number);
	builder->size += VARSIZE_ANY(DatumGetPointer(number)) + ENTRY_OVERHEAD;
	return true;
}

static bool
build_truth(Builder *builder, const char *token, int length,
			JsonbValue *value)
{
	value->type = jbvBool;
	value->val.boolean = (length == 4); /* true */
	builder->size += ENTRY_OVERHEAD;
	return true;
}

static bool
build_null(Builder *builder, const char *token, int length,
		   JsonbValue *value)
{
	value->type = jbvNull;
	builder->size += ENTRY_OVERHEAD;
	return true;
}

typedef bool (*ScalarBuilder) (Builder *builder, const char *token,
							   int length, JsonbValue *value);

static const ScalarBuilder scalar_builders[] = {
	[SQM_JSON_KEY] = build_string,
	[SQM_JSON_STRING] = build_string,
	[SQM_JSON_NUMBER] = build_number,
	[SQM_JSON_TRUE] = build_truth,
	[SQM_JSON_FALSE] = build_truth,
	[SQM_JSON_NULL] = build_null
};

/* One level deeper, without members yet */
static void
open_level(Builder *builder)
{
	if (builder->depth == builder->allocated)
	{
		builder->allocated = Max(16, builder->allocated * 2);
		builder->members = builder->members ?
			repalloc(builder->members, builder->allocated * sizeof(int)) :
			palloc(builder->allocated * sizeof(int));
	}
	builder->members[builder->depth++] = 0;
}

static void
begin_container(Builder *builder, JsonbIteratorToken token)
{
	open_level(builder);
	builder->size += sizeof(JsonbContainer) + ENTRY_OVERHEAD;
	builder->root = pushJsonbValue(&builder->state, token, NULL);
}

static void
end_container(Builder *builder, JsonbIteratorToken token)
{
	int			members = builder->members[--builder->depth];

	builder->root = pushJsonbValue(&builder->state, token, NULL);
	if (token == WJB_END_OBJECT && builder->root->val.object.nPairs != members)
		builder->repeated = true;
}

/* One more element or key in the innermost container. */
static bool
count_member(Builder *builder)
{
	if (builder->depth > 0 &&
		++builder->members[builder->depth - 1] > MAX_MEMBERS)
	{
		sqm_bad(builder->reason, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
				"JSON has too many members for type jsonb");
		return false;
	}
	return true;
}

static bool
check_size(Builder *builder)
{
	if (builder->size > MAX_JSONB_SIZE)
	{
		sqm_bad(builder->reason, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
				"JSON is too large for type jsonb");
		return false;
	}
	return true;
}

static bool
in_object(Builder *builder)
{
	return builder->state != NULL &&
		builder->state->contVal.type == jbvObject;
}

/* jsonb keeps a lone scalar in an array that is marked for it */
static void
push_lone_scalar(Builder *builder, JsonbValue *value)
{
	JsonbValue	array;

	array.type = jbvArray;
	array.val.array.rawScalar = true;
	array.val.array.nElems = 1;
	pushJsonbValue(&builder->state, WJB_BEGIN_ARRAY, &array);
	pushJsonbValue(&builder->state, WJB_ELEM, value);
	builder->root = pushJsonbValue(&builder->state, WJB_END_ARRAY, NULL);
}

/* SqmJsonHandler */
static bool
build_event(void *argument, SqmJsonEvent event, const char *token, int length)
{
	Builder    *builder = argument;
	JsonbValue	value;

	if (event == SQM_JSON_OBJECT_END)
		end_container(builder, WJB_END_OBJECT);
	else if (event == SQM_JSON_ARRAY_END)
		end_container(builder, WJB_END_ARRAY);
	else
	{
		/* in objects it is the keys that count */
		if ((event == SQM_JSON_KEY || !in_object(builder)) &&
			!count_member(builder))
			return false;
		if (event == SQM_JSON_OBJECT)
			begin_container(builder, WJB_BEGIN_OBJECT);
		else if (event == SQM_JSON_ARRAY)
			begin_container(builder, WJB_BEGIN_ARRAY);
		else
		{
			if (!scalar_builders[event] (builder, token, length, &value))
				return false;
			if (builder->depth == 0)
				push_lone_scalar(builder, &value);
			else
				builder->root = pushJsonbValue(&builder->state,
											   event == SQM_JSON_KEY ? WJB_KEY :
											   in_object(builder) ? WJB_VALUE :
											   WJB_ELEM, &value);
		}
	}
	return check_size(builder);
}

/* documents of this length, in bytes, are counted before they are built */
#define LARGE_DOCUMENT (16 * 1024 * 1024)

/*
 * SqmJsonHandler: counts as build_event() does, but never more, and builds
 * nothing: to build what is too large in the end takes long.
 */
static bool
count_event(void *argument, SqmJsonEvent event, const char *token, int length)
{
	Builder    *builder = argument;
	bool		open = event == SQM_JSON_OBJECT || event == SQM_JSON_ARRAY;
	bool		fits = true;

	if (event == SQM_JSON_OBJECT_END || event == SQM_JSON_ARRAY_END)
	{
		builder->depth--;
		return true;
	}
	/* values of objects are elements here: no more than keys */
	if (event != SQM_JSON_KEY)
		fits = count_member(builder);
	builder->size += ENTRY_OVERHEAD;
	if (open)
	{
		open_level(builder);
		builder->size += sizeof(JsonbContainer);
	}
	else if (event == SQM_JSON_NUMBER)
		builder->size += SMALLEST_NUMERIC;
	else if (event == SQM_JSON_STRING || event == SQM_JSON_KEY)
	{
		/* \u0041 is one character, and other encodings are shorter */
		bool		shrinks = builder->target->transcode ||
			memchr(token, '\\', length) != NULL;

		builder->size += shrinks ? length / 6 : length;
	}
	return fits && check_size(builder);
}

/* Is there a chance that the document fits into a jsonb? */
static bool
may_fit(Builder *builder, const char *text, int length)
{
	Builder		counter = *builder;
	const char *problem;

	if (length < LARGE_DOCUMENT)
		return true;
	problem = sqm_json_scan(text, length, count_event, &counter);
	/* empty: it was we who stopped; what is no JSON is told when it is built */
	return problem == NULL || *problem != '\0';
}

/* Valid UTF-8 JSON text → jsonb. */
static SqmVerdict
jsonb_from_json(SqmTarget *target, const char *text, int length,
				Datum *datum, SqmReason *reason)
{
	Builder		builder;
	const char *problem;

	memset(&builder, 0, offsetof(Builder, number));
	builder.target = target;
	builder.reason = reason;
	builder.number.constrained = false;
	builder.number.name = "numeric";

	if (!may_fit(&builder, text, length))
		return SQM_BAD;
	problem = sqm_json_scan(text, length, build_event, &builder);
	if (problem)
		return *problem ? bad_json(target, problem, reason) : SQM_BAD;
	*datum = JsonbPGetDatum(JsonbValueToJsonb(builder.root));
	if (builder.repeated)
		return sqm_changed(reason, ERRCODE_DUPLICATE_JSON_OBJECT_KEY_VALUE,
						   "a repeated key is lost in type %s", target->name);
	return SQM_EXACT;
}

/* Valid UTF-8 JSON text → json: the same text in the database encoding. */
static SqmVerdict
json_from_json(SqmTarget *target, const char *text, int length,
			   Datum *datum, SqmReason *reason)
{
	SqmValue	document = {.storage = SQM_TEXT,.data = text,.length = length};
	const char *problem = sqm_json_scan(text, length, NULL, NULL);

	if (problem)
		return bad_json(target, problem, reason);

	/* a character that has to be replaced makes another document of it */
	if (sqm_to_text[SQM_TEXT] (target, &document, datum,
							   reason) != SQM_EXACT)
		return SQM_BAD;
	return SQM_EXACT;
}

typedef SqmVerdict (*DocumentConverter) (SqmTarget *target, const char *text,
										 int length, Datum *datum,
										 SqmReason *reason);

static SqmVerdict
document_from_text(SqmTarget *target, const SqmValue *value, Datum *datum,
				   SqmReason *reason, DocumentConverter convert)
{
	if (pg_encoding_verifymbstr(PG_UTF8, value->data,
								value->length) != value->length)
		return sqm_bad(reason, ERRCODE_CHARACTER_NOT_IN_REPERTOIRE,
					   "text is not valid UTF-8");
	return convert(target, value->data, value->length, datum, reason);
}

/*
 * A BLOB is SQLite's own JSONB if it can be: so SQLite reads it, and the
 * number 123 is stored as a BLOB that also spells 3123.
 */
static SqmVerdict
document_from_blob(SqmTarget *target, const SqmValue *value, Datum *datum,
				   SqmReason *reason, DocumentConverter convert)
{
	StringInfoData text;
	SqmVerdict	verdict;

	initStringInfo(&text);
	if (sqm_sqlite_jsonb_text(value->data, value->length, &text) == NULL &&
		pg_encoding_verifymbstr(PG_UTF8, text.data, text.len) == text.len &&
		sqm_json_scan(text.data, text.len, NULL, NULL) == NULL)
		return convert(target, text.data, text.len, datum, reason);

	if (pg_encoding_verifymbstr(PG_UTF8, value->data,
								value->length) == value->length &&
		sqm_json_scan(value->data, value->length, NULL, NULL) == NULL)
		verdict = convert(target, value->data, value->length, datum, reason);
	else
		verdict = sqm_bad(reason, ERRCODE_INVALID_BINARY_REPRESENTATION,
						  "BLOB is neither JSON nor SQLite JSONB for type %s",
						  target->name);
	return verdict;
}

static SqmVerdict
document_from_number(SqmTarget *target, const SqmValue *value, Datum *datum,
					 SqmReason *reason, DocumentConverter convert)
{
	char		buffer[SQM_NUMBER_TEXT_SIZE];

	if (value->storage == SQM_REAL && (isinf(value->real) || isnan(value->real)))
		return sqm_bad(reason, ERRCODE_INVALID_TEXT_REPRESENTATION,
					   "JSON has no infinite numbers");
	return convert(target, buffer, sqm_number_text(value, buffer), datum,
				   reason);
}

#define DOCUMENT_CONVERTER(name, from, convert) \
static SqmVerdict \
name(SqmTarget *target, const SqmValue *value, Datum *datum, \
	 SqmReason *reason) \
{ \
	return from(target, value, datum, reason, convert); \
}

DOCUMENT_CONVERTER(json_from_number, document_from_number, json_from_json)
DOCUMENT_CONVERTER(json_from_text, document_from_text, json_from_json)
DOCUMENT_CONVERTER(json_from_blob, document_from_blob, json_from_json)
DOCUMENT_CONVERTER(jsonb_from_number, document_from_number, jsonb_from_json)
DOCUMENT_CONVERTER(jsonb_from_text, document_from_text, jsonb_from_json)
DOCUMENT_CONVERTER(jsonb_from_blob, document_from_blob, jsonb_from_json)

SqmConverterRow sqm_to_json = {
	NULL, json_from_number, json_from_number, json_from_text, json_from_blob
};
SqmConverterRow sqm_to_jsonb = {
	NULL, jsonb_from_number, jsonb_from_number, jsonb_from_text,
	jsonb_from_blob
};
