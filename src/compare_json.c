/*-------------------------------------------------------------------------
 *
 * compare_json.c
 *		Which document does a JSON text or a stored jsonb stand for?
 *
 * Source text is read by a parser of our own, a stored jsonb is walked; both
 * feed one writer, which puts the keys of each object in order and writes
 * strings without escapes and numbers as numbers.  json (the text type) is
 * compared as text and needs the parser only to tell SQLite's binary form from
 * any other blob.
 *
 * Depth costs no C stack here, since the source decides on it: the open
 * containers are an array.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/sha2.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "canon.h"

/* inside a document; '{' members '}', '[' elements ']' */
#define JSON_STRING		's'
#define JSON_HASHED		'H'

/*
 * A closed container longer than this becomes its SHA-256.  Sorting copies
 * what it sorts, so without this limit a document that is deep and unsorted
 * on every level would cost the square of its length.
 */
#define JSON_COMPACT	4096

/* beyond these no jsonb can exist; below them palloc does as it is told */
#define JSON_MAX_DEPTH		1000000
#define JSON_MAX_MEMBERS	(MaxAllocSize / sizeof(JsonMember) / 2)
#define JSON_MAX_BYTES		(700 * 1024 * 1024)

typedef enum JsonVerdict
{
	JSON_EXACT,					/* well-formed, jsonb can stand for it */
	JSON_LOSSY,					/* well-formed, jsonb cannot */
	JSON_BROKEN					/* not JSON */
} JsonVerdict;

typedef struct JsonFrame
{
	int			start;			/* where '{' or '[' was written */
	int			members;		/* how many members were known before */
	bool		object;
} JsonFrame;

typedef struct JsonMember
{
	int			start;			/* of the key's form in the output */
	int			end;			/* after the value's */
} JsonMember;

typedef struct JsonWriter
{
	StringInfo	out;
	bool		repeated;		/* a key twice in one object */
	JsonFrame  *frames;
	int			depth;
	int			frames_size;
	JsonMember *members;
	int			count;
	int			members_size;
} JsonWriter;

typedef struct JsonReader
{
	const char *p;
	const char *end;
	bool		lossy;			/* \u0000, half a surrogate pair */
	JsonWriter	writer;
} JsonReader;

/*
 * The writer
 */

static void
writer_init(JsonWriter *writer, StringInfo out)
{
	memset(writer, 0, sizeof(JsonWriter));
	writer->out = out;
}

static void
writer_free(JsonWriter *writer)
{
	if (writer->frames)
		pfree(writer->frames);
	if (writer->members)
		pfree(writer->members);
}

static bool
writer_open(JsonWriter *writer, bool object)
{
	JsonFrame  *frame;

	if (writer->depth >= JSON_MAX_DEPTH)
		return false;
	if (writer->frames == NULL)
	{
		writer->frames_size = 16;
		writer->frames = palloc(16 * sizeof(JsonFrame));
	}
	else if (writer->depth == writer->frames_size)
	{
		writer->frames_size *= 2;
		writer->frames = repalloc(writer->frames,
								  writer->frames_size * sizeof(JsonFrame));
	}
	frame = &writer->frames[writer->depth++];
	frame->start = writer->out->len;
	frame->members = writer->count;
	frame->object = object;
	appendStringInfoCharMacro(writer->out, object ? '{' : '[');
	return true;
}

/* To be called before each key. */
static bool
writer_member(JsonWriter *writer)
{
	JsonFrame  *frame = &writer->frames[writer->depth - 1];

	if ((Size) writer->count >= JSON_MAX_MEMBERS)
		return false;
	if (writer->members == NULL)
	{
		writer->members_size = 32;
		writer->members = palloc(32 * sizeof(JsonMember));
	}
	else if (writer->count == writer->members_size)
	{
		writer->members_size *= 2;
		writer->members = repalloc(writer->members,
								   writer->members_size * sizeof(JsonMember));
	}
	if (writer->count > frame->members)
		writer->members[writer->count - 1].end = writer->out->len;
	writer->members[writer->count++].start = writer->out->len;
	return true;
}

/*
 * Keys are in order of their length, then of their bytes: the order in which
 * a UTF-8 database hands them out, so that there the stored side need not
 * be sorted.
 */
static int
compare_members(const void *a, const void *b, void *arg)
{
	const char *left = (const char *) arg + ((const JsonMember *) a)->start;
	const char *right = (const char *) arg + ((const JsonMember *) b)->start;
	uint32		left_length;
	uint32		right_length;

	memcpy(&left_length, left + 1, sizeof(left_length));
	memcpy(&right_length, right + 1, sizeof(right_length));
	left_length = pg_ntoh32(left_length);
	right_length = pg_ntoh32(right_length);
	if (left_length != right_length)
		return left_length < right_length ? -1 : 1;
	return memcmp(left + 5, right + 5, left_length);
}

static void
sort_members(JsonWriter *writer, JsonMember *members, int count)
{
	char	   *data = writer->out->data;
	int			start = members[0].start;
	int			length = members[count - 1].end - start;
	char	   *copy;
	bool		sorted = true;

	for (int i = 1; i < count && sorted; i++)
		sorted = compare_members(&members[i - 1], &members[i], data) < 0;
	if (sorted)
		return;

	qsort_arg(members, count, sizeof(JsonMember), compare_members, data);
	for (int i = 1; i < count; i++)
		if (compare_members(&members[i - 1], &members[i], data) == 0)
			writer->repeated = true;

	copy = palloc(length);
	memcpy(copy, data + start, length);
	data += start;
	for (int i = 0; i < count; i++)
	{
		int			size = members[i].end - members[i].start;

		memcpy(data, copy + (members[i].start - start), size);
		data += size;
	}
	pfree(copy);
}

static void
writer_close(JsonWriter *writer)
{
	JsonFrame  *frame = &writer->frames[--writer->depth];
	StringInfo	out = writer->out;
	int			count = writer->count - frame->members;

	if (count > 0)
	{
		writer->members[writer->count - 1].end = out->len;
		sort_members(writer, writer->members + frame->members, count);
		writer->count = frame->members;
	}
	appendStringInfoCharMacro(out, frame->object ? '}' : ']');

	if (out->len - frame->start > JSON_COMPACT)
	{
		uint8		sum[PG_SHA256_DIGEST_LENGTH];

		sqm_canon_hash(out->data + frame->start, out->len - frame->start,
					   sum);
		out->len = frame->start;
		canon_fixed(out, JSON_HASHED, sum, sizeof(sum));
	}
}

/* A string: tag, length, bytes; never hashed, since keys must be sorted. */
static void
write_string(StringInfo out, const char *data, int length)
{
	uint32		network = pg_hton32((uint32) length);

	canon_fixed(out, JSON_STRING, &network, sizeof(network));
	appendBinaryStringInfo(out, data, length);
}

/*
 * The reader
 */

static void
skip_space(JsonReader *reader)
{
	while (reader->p < reader->end &&
		   (*reader->p == ' ' || *reader->p == '\t' ||
			*reader->p == '\n' || *reader->p == '\r'))
		reader->p++;
}

static bool
next_is(JsonReader *reader, char c)
{
	skip_space(reader);
	if (reader->p >= reader->end || *reader->p != c)
		return false;
	reader->p++;
	return true;
}

static int
read_hex4(JsonReader *reader)
{
	int			code = 0;

	if (reader->end - reader->p < 4)
		return -1;
	for (int i = 0; i < 4; i++)
	{
		char		c = *reader->p++;

		if (c >= '0' && c <= '9')
			code = code * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			code = code * 16 + (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			code = code * 16 + (c - 'A' + 10);
		else
			return -1;
	}
	return code;
}

/* After "\u": one code point, from one escape or a pair. */
static bool
read_unicode(JsonReader *reader)
{
	unsigned char bytes[8];
	int			code = read_hex4(reader);

	if (code < 0)
		return false;
	if (code >= 0xD800 && code <= 0xDBFF && reader->end - reader->p >= 6 &&
		reader->p[0] == '\\' && reader->p[1] == 'u')
	{
		const char *second = reader->p;
		int			low;

		reader->p += 2;
		low = read_hex4(reader);
		if (low < 0)
			return false;
		if (low >= 0xDC00 && low <= 0xDFFF)
			code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
		else
			reader->p = second;
	}
	if (code == 0 || (code >= 0xD800 && code <= 0xDFFF))
	{
		reader->lossy = true;
		return true;
	}
	unicode_to_utf8((pg_wchar) code, bytes);
	appendBinaryStringInfo(reader->writer.out, (char *) bytes,
						   pg_utf_mblen(bytes));
	return true;
}

static bool
read_escape(JsonReader *reader)
{
	static const char names[] = "\"\\/bfnrt";
	static const char meaning[] = "\"\\/\b\f\n\r\t";
	const char *found;
	char		c;

	if (reader->p >= reader->end)
		return false;
	c = *reader->p++;
	if (c == 'u')
		return read_unicode(reader);
	if (c == '\0' || (found = strchr(names, c)) == NULL)
		return false;
	appendStringInfoCharMacro(reader->writer.out, meaning[found - names]);
	return true;
}

/* A string; the opening quote is already read. */
static bool
read_string(JsonReader *reader)
{
	StringInfo	out = reader->writer.out;
	int			start = out->len;
	uint32		network;

	canon_fixed(out, JSON_STRING, "\0\0\0", 4);
	for (;;)
	{
		const char *run = reader->p;

		while (reader->p < reader->end && *reader->p != '"' &&
			   *reader->p != '\\' && (unsigned char) *reader->p >= ' ')
			reader->p++;
		appendBinaryStringInfo(out, run, reader->p - run);
		if (reader->p >= reader->end)
			return false;
		if (*reader->p == '"')
			break;
		if (*reader->p++ != '\\' || !read_escape(reader))
			return false;
	}
	reader->p++;
	network = pg_hton32((uint32) (out->len - start - 5));
	memcpy(out->data + start + 1, &network, sizeof(network));
	return true;
}

static bool
read_word(JsonReader *reader, const char *word)
{
	int			length = strlen(word);

	if (reader->end - reader->p < length ||
		memcmp(reader->p, word, length) != 0)
		return false;
	reader->p += length;
	appendStringInfoCharMacro(reader->writer.out, *word);
	return true;
}

static bool
read_number(JsonReader *reader)
{
	CanonDecimal decimal;
	const char *stop = sqm_canon_scan_decimal(reader->p, reader->end, true,
										&decimal);

	if (stop == NULL)
		return false;
	reader->p = stop;
	sqm_canon_put_decimal(reader->writer.out, &decimal);
	return true;
}

static bool
read_scalar(JsonReader *reader)
{
	if (reader->p >= reader->end)
		return false;
	switch (*reader->p)
	{
		case '"':
			reader->p++;
			return read_string(reader);
		case 't':
			return read_word(reader, "true");
		case 'f':
			return read_word(reader, "false");
		case 'n':
			return read_word(reader, "null");
		default:
			return read_number(reader);
	}
}

static bool
read_key(JsonReader *reader)
{
	return next_is(reader, '"') && writer_member(&reader->writer) &&
		read_string(reader) && next_is(reader, ':');
}

/*
 * Read what must follow a complete value: commas, closing brackets.  *more
 * tells whether another value begins.
 */
static bool
read_after_value(JsonReader *reader, bool *more)
{
	JsonWriter *writer = &reader->writer;

	while (writer->depth > 0)
	{
		bool		object = writer->frames[writer->depth - 1].object;

		if (next_is(reader, ','))
		{
			*more = true;
			return !object || read_key(reader);
		}
		if (!next_is(reader, object ? '}' : ']'))
			return false;
		writer_close(writer);
	}
	*more = false;
	skip_space(reader);
	return reader->p == reader->end;
}

static bool
read_document(JsonReader *reader)
{
	JsonWriter *writer = &reader->writer;
	bool		more = true;

	while (more)
	{
		CHECK_FOR_INTERRUPTS();
		if (writer->out->len > JSON_MAX_BYTES)
			return false;
		if (next_is(reader, '{'))
		{
			if (!writer_open(writer, true))
				return false;
			if (!next_is(reader, '}'))
			{
				if (!read_key(reader))
					return false;
				continue;
			}
			writer_close(writer);
		}
		else if (next_is(reader, '['))
		{
			if (!writer_open(writer, false))
				return false;
			if (!next_is(reader, ']'))
				continue;
			writer_close(writer);
		}
		else if (!read_scalar(reader))
			return false;
		if (!read_after_value(reader, &more))
			return false;
	}
	return true;
}

/* Append the document's canonical form, or leave "out" as it was. */
static JsonVerdict
put_document(const char *data, int length, StringInfo out)
{
	JsonReader	reader = {.p = data, .end = data + length};
	int			start = out->len;
	JsonVerdict verdict = JSON_EXACT;

	writer_init(&reader.writer, out);
	(void) sqm_canon_begin(out, CANON_JSON);
	if (!read_document(&reader))
		verdict = JSON_BROKEN;
	else if (reader.lossy || reader.writer.repeated)
		verdict = JSON_LOSSY;
	writer_free(&reader.writer);

	if (verdict == JSON_EXACT)
		sqm_canon_end(out, start);
	else
		out->len = start;
	return verdict;
}

/*
 * Call "each" for every element of a JSON array of scalars, as TEXT: strings
 * without escapes, numbers and words as they are spelled.  False if the
 * text is not such an array, or as soon as "each" says so; it may then have
 * been called for some elements.
 */
bool
sqm_canon_json_scalars(const char *data, int length, CanonJsonScalar each, void *arg)
{
	JsonReader	reader = {.p = data, .end = data + length};
	StringInfoData text;
	bool		good = true;

	if (!next_is(&reader, '['))
		return false;
	if (next_is(&reader, ']'))
	{
		skip_space(&reader);
		return reader.p == reader.end;
	}
	initStringInfo(&text);
	writer_init(&reader.writer, &text);
	do
	{
		SqmValue	value = {.storage = SQM_TEXT};
		const char *start;

		CHECK_FOR_INTERRUPTS();
		resetStringInfo(&text);
		skip_space(&reader);
		start = reader.p;
		good = read_scalar(&reader) && !reader.lossy;
		if (!good)
			break;
		value.data = start;
		value.length = reader.p - start;
		if (*start == '"')
		{
			value.data = text.data + 5;
			value.length = text.len - 5;
		}
		else if (*start == 'n')
			value.storage = SQM_NULL;
		good = each(arg, &value);
	} while (good && next_is(&reader, ','));
	good = good && next_is(&reader, ']');
	skip_space(&reader);
	pfree(text.data);
	return good && reader.p == reader.end;
}

/*
 * json
 */

/*
 * A blob that SQLite takes for its binary form stands for the text that SQLite
 * makes of it, even if it happens to be JSON text too; any other blob for the
 * text that it is.
 */
static void
json_source_blob(const SqmValue *value, StringInfo out)
{
	StringInfoData text;
	StringInfoData scratch;

	initStringInfo(&text);
	initStringInfo(&scratch);
	if (sqm_canon_blob_json(value->data, value->length, &text) &&
		put_document(text.data, text.len, &scratch) != JSON_BROKEN)
		sqm_canon_bytes(out, CANON_TEXT, text.data, text.len);
	else
		sqm_canon_bytes(out, CANON_TEXT, value->data, value->length);
	pfree(text.data);
	pfree(scratch.data);
}

static void
json_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	char		buffer[CANON_NUMBER_SIZE];
	int			length;
	const char *data;

	if (value->storage == SQM_BLOB)
	{
		json_source_blob(value, out);
		return;
	}
	data = sqm_canon_text_of(value, buffer, &length);
	sqm_canon_bytes(out, CANON_TEXT, data, length);
}

static void
json_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	struct varlena *stored = PG_DETOAST_DATUM_PACKED(datum);
	int			length = VARSIZE_ANY_EXHDR(stored);
	const char *data = sqm_canon_to_utf8(VARDATA_ANY(stored), &length);

	sqm_canon_bytes(out, CANON_TEXT, data, length);
	if ((Pointer) stored != DatumGetPointer(datum))
		pfree(stored);
}

/*
 * jsonb
 */

static void
jsonb_source_blob(const SqmValue *value, StringInfo out)
{
	JsonVerdict verdict = JSON_BROKEN;
	StringInfoData text;

	initStringInfo(&text);
	if (sqm_canon_blob_json(value->data, value->length, &text))
		verdict = put_document(text.data, text.len, out);
	if (verdict == JSON_BROKEN)
		verdict = put_document(value->data, value->length, out);
	if (verdict != JSON_EXACT)
		sqm_canon_raw(out, value);
	pfree(text.data);
}

static void
jsonb_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	int			start;

	if (value->storage == SQM_BLOB)
		jsonb_source_blob(value, out);
	else if (value->storage == SQM_TEXT)
	{
		if (put_document(value->data, value->length, out) != JSON_EXACT)
			sqm_canon_raw(out, value);
	}
	else if (value->storage == SQM_REAL && !isfinite(value->real))
		sqm_canon_raw(out, value);
	else
	{
		start = sqm_canon_begin(out, CANON_JSON);
		if (value->storage == SQM_INTEGER)
			canon_int64(out, CANON_INT, value->integer);
		else
			sqm_canon_put_real(out, value->real);
		sqm_canon_end(out, start);
	}
}

static void
jsonb_scalar(StringInfo out, const JsonbValue *value)
{
	int			length;
	const char *data;

	switch (value->type)
	{
		case jbvNull:
			appendStringInfoCharMacro(out, 'n');
			break;
		case jbvBool:
			appendStringInfoCharMacro(out, value->val.boolean ? 't' : 'f');
			break;
		case jbvNumeric:
			sqm_canon_put_numeric(out, PointerGetDatum(value->val.numeric));
			break;
		case jbvString:
			length = value->val.string.len;
			data = value->val.string.val;
			if (GetDatabaseEncoding() != PG_UTF8)
				data = sqm_canon_to_utf8(pnstrdup(data, length), &length);
			write_string(out, data, length);
			break;
		default:
			elog(ERROR, "unexpected jsonb value type %d", (int) value->type);
	}
}

static void
jsonb_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	Jsonb	   *stored = DatumGetJsonbP(datum);
	JsonbIterator *iterator = JsonbIteratorInit(&stored->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	JsonWriter	writer;
	int			start = sqm_canon_begin(out, CANON_JSON);
	bool		scalar = false;
	bool		good = true;

	writer_init(&writer, out);
	while (good &&
		   (token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_BEGIN_ARRAY && value.val.array.rawScalar)
			scalar = true;
		else if (token == WJB_BEGIN_ARRAY || token == WJB_BEGIN_OBJECT)
			good = writer_open(&writer, token == WJB_BEGIN_OBJECT);
		else if (token == WJB_END_ARRAY || token == WJB_END_OBJECT)
		{
			if (!scalar)
				writer_close(&writer);
		}
		else
		{
			if (token == WJB_KEY)
				good = writer_member(&writer);
			jsonb_scalar(out, &value);
		}
	}
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("stored jsonb value is too deep or too large to be compared")));
	writer_free(&writer);
	sqm_canon_end(out, start);
	if ((Pointer) stored != DatumGetPointer(datum))
		pfree(stored);
}

void
sqm_canon_json(SqmCanon *canon)
{
	canon->source = canon->typid == JSONOID ? json_source : jsonb_source;
	canon->target = canon->typid == JSONOID ? json_target : jsonb_target;
}
