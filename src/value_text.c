/*-------------------------------------------------------------------------
 *
 * value_text.c
 *		What becomes of a value in a character type or in bytea?
 *
 * SQLite promises nothing about the bytes of a TEXT value: they may be no
 * UTF-8 at all and may hold NUL.  Whatever enters a character type is checked
 * here and brought into the database encoding; what cannot enter is repaired
 * and reported.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "common/shortest_dec.h"
#include "compat.h"
#include "mb/pg_wchar.h"
#include "target.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* the longest text or bytea that one varlena can hold */
#define MAX_VARLENA_DATA ((int) (MaxAllocSize - VARHDRSZ - 1))

#define UTF8_REPLACEMENT "\xEF\xBF\xBD"
#define UTF8_REPLACEMENT_LENGTH 3

/*
 * Text in the database encoding.  data may point into the source.
 */
typedef struct ServerText
{
	const char *data;
	int			length;
	SqmVerdict	verdict;		/* SQM_EXACT, SQM_CHANGED, or SQM_BAD: too long */
} ServerText;

/* Look up how text gets from UTF-8 into this database. */
void
sqm_text_setup(SqmTarget *target)
{
	int			encoding = GetDatabaseEncoding();
	Oid			proc;

	target->transcode = (encoding != PG_UTF8 && encoding != PG_SQL_ASCII);
	if (!target->transcode)
		return;
	proc = FindDefaultConversionProc(PG_UTF8, encoding);
	if (!OidIsValid(proc))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("default conversion function for encoding \"%s\" to \"%s\" does not exist",
						pg_encoding_to_char(PG_UTF8),
						pg_encoding_to_char(encoding))));
	fmgr_info_cxt(proc, &target->transcoder, target->context);
	proc = FindDefaultConversionProc(encoding, PG_UTF8);
	if (OidIsValid(proc))
		fmgr_info_cxt(proc, &target->untranscoder, target->context);
}

/* Plain ASCII is the same in every server encoding. */
static bool
is_ascii(const char *data, int length)
{
	const char *p = data;
	const char *end = data + length;
	uint64		bits = 0;

	for (; end - p >= 8; p += 8)
	{
		uint64		chunk;

		memcpy(&chunk, p, 8);
		/* the second term has a top bit wherever a byte is NUL */
		bits |= chunk | ((chunk - UINT64CONST(0x0101010101010101)) & ~chunk);
	}
	for (; p < end; p++)
		bits |= (*p == '\0') ? 0x80 : (unsigned char) *p;
	return (bits & UINT64CONST(0x8080808080808080)) == 0;
}

/* Length of the broken sequence at the start of text, at least one byte. */
static int
broken_length(const unsigned char *p, int length)
{
	int			expected = pg_utf_mblen(p);
	int			result = 1;

	while (result < expected && result < length && (p[result] & 0xC0) == 0x80)
		result++;
	return result;
}

/* In a SQL_ASCII database bytes are bytes, and only NUL is refused. */
static inline int
checked_encoding(void)
{
	return GetDatabaseEncoding() == PG_SQL_ASCII ? PG_SQL_ASCII : PG_UTF8;
}

/*
 * Nearest valid UTF-8: NULs go, each broken sequence becomes U+FFFD.  A byte
 * can grow to three.
 */
static bool
repair_utf8(const char *data, int length, ServerText *result)
{
	const char *end = data + length;
	char	   *buffer = palloc_extended((Size) length * UTF8_REPLACEMENT_LENGTH + 1,
										 MCXT_ALLOC_HUGE);
	char	   *out = buffer;

	while (data < end)
	{
		int			valid = pg_encoding_verifymbstr(checked_encoding(), data,
													end - data);

		memcpy(out, data, valid);
		out += valid;
		data += valid;
		if (data == end)
			break;
		if (*data == '\0')
			data++;
		else
		{
			memcpy(out, UTF8_REPLACEMENT, UTF8_REPLACEMENT_LENGTH);
			out += UTF8_REPLACEMENT_LENGTH;
			data += broken_length((const unsigned char *) data, end - data);
		}
	}
	if (out - buffer > MAX_VARLENA_DATA)
		return false;
	result->data = buffer;
	result->length = out - buffer;
	return true;
}

/*
 * Does converted text come back as it was?  Some encodings take a character
 * for another one that looks alike: EUC_JP hands U+00A6 out as U+FFE4.
 */
static bool
comes_back(SqmTarget *target, const char *utf8, int utf8_length,
		   const ServerText *text)
{
	Size		room = (Size) text->length * MAX_CONVERSION_GROWTH + 1;
	char	   *buffer;
	bool		same;
	int			done;

	if (!OidIsValid(target->untranscoder.fn_oid))
		return false;
	buffer = palloc_extended(room, MCXT_ALLOC_HUGE);
	done = DatumGetInt32(FunctionCall6(&target->untranscoder,
									   Int32GetDatum(GetDatabaseEncoding()),
									   Int32GetDatum(PG_UTF8),
									   CStringGetDatum(text->data),
									   CStringGetDatum(buffer),
									   Int32GetDatum(text->length),
									   BoolGetDatum(true)));
	same = done == text->length && strlen(buffer) == (size_t) utf8_length &&
		memcmp(buffer, utf8, utf8_length) == 0;
	pfree(buffer);
	return same;
}

/*
 * Valid UTF-8 into the database encoding.  A character that it lacks becomes
 * a question mark.  False: the result is too long.
 */
static bool
transcode(SqmTarget *target, ServerText *text)
{
	const char *source = text->data;
	const char *utf8 = text->data;
	int			utf8_length = text->length;
	int			rest = text->length;
	Size		room = (Size) rest * MAX_CONVERSION_GROWTH + 1;
	char	   *buffer = palloc_extended(room, MCXT_ALLOC_HUGE);
	char	   *out = buffer;

	while (rest > 0)
	{
		int			done;

		done = DatumGetInt32(FunctionCall6(&target->transcoder,
										   Int32GetDatum(PG_UTF8),
										   Int32GetDatum(GetDatabaseEncoding()),
										   CStringGetDatum(source),
										   CStringGetDatum(out),
										   Int32GetDatum(rest),
										   BoolGetDatum(true)));
		out += strlen(out);
		source += done;
		rest -= done;
		if (rest > 0)
		{
			int			skip = pg_utf_mblen((const unsigned char *) source);

			*out++ = '?';
			source += skip;
			rest -= skip;
			text->verdict = SQM_CHANGED;
		}
	}
	if (out - buffer > MAX_VARLENA_DATA)
		return false;
	text->data = buffer;
	text->length = out - buffer;
	if (text->verdict == SQM_EXACT &&
		!comes_back(target, utf8, utf8_length, text))
		text->verdict = SQM_CHANGED;
	return true;
}

static SqmVerdict
too_long(SqmTarget *target, SqmReason *reason)
{
	return sqm_bad(reason, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
				   "value is too long for type %s", target->name);
}

/* Check text and bring it into the database encoding. */
static SqmVerdict
server_text(SqmTarget *target, const char *data, int length, ServerText *text,
			SqmReason *reason)
{
	text->data = data;
	text->length = length;
	text->verdict = SQM_EXACT;

	if (length > MAX_VARLENA_DATA)
		return too_long(target, reason);
	if (is_ascii(data, length))
		return SQM_EXACT;
	if (pg_encoding_verifymbstr(checked_encoding(), data, length) != length)
	{
		bool		has_nul = memchr(data, '\0', length) != NULL;

		if (!repair_utf8(data, length, text))
			return too_long(target, reason);
		text->verdict = sqm_changed(reason,
									ERRCODE_CHARACTER_NOT_IN_REPERTOIRE,
									has_nul ? "text holds a NUL byte" :
									"text is not valid UTF-8");
	}
	if (target->transcode)
	{
		SqmVerdict	before = text->verdict;

		if (!transcode(target, text))
			return too_long(target, reason);
		if (text->verdict != before)
			sqm_changed(reason, ERRCODE_UNTRANSLATABLE_CHARACTER,
						"text holds a character that encoding \"%s\" lacks",
						GetDatabaseEncodingName());
	}
	return text->verdict;
}

/*
 * Text as a zero-terminated string in the database encoding, for input
 * functions and labels.  Text that would have to be repaired is no use there:
 * NULL, and the reason says why.
 */
char *
sqm_text_cstring(SqmTarget *target, const char *data, int length,
				 int *result_length, SqmReason *reason)
{
	ServerText	text;
	char	   *result;

	if (server_text(target, data, length, &text, reason) != SQM_EXACT)
		return NULL;
	result = palloc(text.length + 1);
	memcpy(result, text.data, text.length);
	result[text.length] = '\0';
	if (result_length)
		*result_length = text.length;
	return result;
}

/*
 * A varlena of these bytes, padded with blanks.  Short ones get the short
 * header straight away: a heap tuple would give it to them anyway.
 */
static Datum
varlena_datum(const char *data, int length, int padding)
{
	int			total = length + padding;
	char	   *result;
	char	   *payload;

	if (total + VARHDRSZ_SHORT <= VARATT_SHORT_MAX)
	{
		result = palloc(total + VARHDRSZ_SHORT);
		SET_VARSIZE_SHORT(result, total + VARHDRSZ_SHORT);
		payload = result + VARHDRSZ_SHORT;
	}
	else
	{
		result = palloc(total + VARHDRSZ);
		SET_VARSIZE(result, total + VARHDRSZ);
		payload = result + VARHDRSZ;
	}
	if (length > 0)
		memcpy(payload, data, length);
	if (padding > 0)
		memset(payload + length, ' ', padding);
	return PointerGetDatum(result);
}

/* Text in the database encoding into text or varchar(n). */
static SqmVerdict
text_datum(SqmTarget *target, ServerText *text, Datum *datum,
		   SqmReason *reason)
{
	int			limit = target->max_chars;

	/* no string has more characters than bytes */
	if (limit >= 0 && text->length > limit)
	{
		int			clipped = pg_mbcharcliplen(text->data, text->length, limit);

		if (clipped < text->length)
		{
			text->length = clipped;
			text->verdict = sqm_changed(reason,
										ERRCODE_STRING_DATA_RIGHT_TRUNCATION,
										"value too long for type %s",
										target->name);
		}
	}
	*datum = varlena_datum(text->data, text->length, 0);
	return text->verdict;
}

/*
 * The same into char(n).  Blanks at the end are no data there; the type adds
 * them up to its length.
 */
static SqmVerdict
char_datum(SqmTarget *target, ServerText *text, Datum *datum,
		   SqmReason *reason)
{
	int			limit = target->max_chars;
	int			chars;

	while (text->length > 0 && text->data[text->length - 1] == ' ')
		text->length--;
	if (limit < 0)
	{
		*datum = varlena_datum(text->data, text->length, 0);
		return text->verdict;
	}
	chars = pg_mbstrlen_with_len(text->data, text->length);
	if (chars > limit)
	{
		text->length = pg_mbcharcliplen(text->data, text->length, limit);
		text->verdict = sqm_changed(reason,
									ERRCODE_STRING_DATA_RIGHT_TRUNCATION,
									"value too long for type %s",
									target->name);
		chars = limit;
	}
	if ((Size) text->length + (limit - chars) > MAX_VARLENA_DATA)
		return too_long(target, reason);
	*datum = varlena_datum(text->data, text->length, limit - chars);
	return text->verdict;
}

static SqmVerdict
text_from_bytes(SqmTarget *target, const SqmValue *value, Datum *datum,
				SqmReason *reason)
{
	ServerText	text;

	if (server_text(target, value->data, value->length, &text,
					reason) == SQM_BAD)
		return SQM_BAD;
	return text_datum(target, &text, datum, reason);
}

static SqmVerdict
char_from_bytes(SqmTarget *target, const SqmValue *value, Datum *datum,
				SqmReason *reason)
{
	ServerText	text;

	if (server_text(target, value->data, value->length, &text,
					reason) == SQM_BAD)
		return SQM_BAD;
	return char_datum(target, &text, datum, reason);
}

/*
 * A number as text: integers in decimal, reals in the shortest form that reads
 * back as the same, with a ".0" where that would look like an integer.  Needs
 * SQM_NUMBER_TEXT_SIZE bytes; returns the length.
 */
int
sqm_number_text(const SqmValue *value, char *buffer)
{
	int			length;

	if (value->storage == SQM_INTEGER)
		return pg_lltoa(value->integer, buffer);
	length = double_to_shortest_decimal_buf(value->real, buffer);
	if (!isinf(value->real) && !isnan(value->real) &&
		strpbrk(buffer, ".e") == NULL)
	{
		buffer[length++] = '.';
		buffer[length++] = '0';
		buffer[length] = '\0';
	}
	return length;
}

static SqmVerdict
text_from_number(SqmTarget *target, const SqmValue *value, Datum *datum,
				 SqmReason *reason)
{
	char		buffer[SQM_NUMBER_TEXT_SIZE];
	ServerText	text = {buffer, sqm_number_text(value, buffer), SQM_EXACT};

	return text_datum(target, &text, datum, reason);
}

static SqmVerdict
char_from_number(SqmTarget *target, const SqmValue *value, Datum *datum,
				 SqmReason *reason)
{
	char		buffer[SQM_NUMBER_TEXT_SIZE];
	ServerText	text = {buffer, sqm_number_text(value, buffer), SQM_EXACT};

	return char_datum(target, &text, datum, reason);
}

/* name is a fixed array of bytes, and silently cuts what its input is given */
static SqmVerdict
name_datum(SqmTarget *target, ServerText *text, Datum *datum,
		   SqmReason *reason)
{
	Name		name = palloc0(NAMEDATALEN);

	if (text->length >= NAMEDATALEN)
	{
		text->length = pg_mbcliplen(text->data, text->length, NAMEDATALEN - 1);
		text->verdict = sqm_changed(reason,
									ERRCODE_STRING_DATA_RIGHT_TRUNCATION,
									"value too long for type %s",
									target->name);
	}
	memcpy(NameStr(*name), text->data, text->length);
	*datum = NameGetDatum(name);
	return text->verdict;
}

static SqmVerdict
name_from_bytes(SqmTarget *target, const SqmValue *value, Datum *datum,
				SqmReason *reason)
{
	ServerText	text;

	if (server_text(target, value->data, value->length, &text,
					reason) == SQM_BAD)
		return SQM_BAD;
	return name_datum(target, &text, datum, reason);
}

static SqmVerdict
name_from_number(SqmTarget *target, const SqmValue *value, Datum *datum,
				 SqmReason *reason)
{
	char		buffer[SQM_NUMBER_TEXT_SIZE];
	ServerText	text = {buffer, sqm_number_text(value, buffer), SQM_EXACT};

	return name_datum(target, &text, datum, reason);
}

static SqmVerdict
bytea_from_bytes(SqmTarget *target, const SqmValue *value, Datum *datum,
				 SqmReason *reason)
{
	if (value->length > MAX_VARLENA_DATA)
		return too_long(target, reason);
	*datum = varlena_datum(value->data, value->length, 0);
	return SQM_EXACT;
}

static SqmVerdict
bytea_from_number(SqmTarget *target, const SqmValue *value, Datum *datum,
				  SqmReason *reason)
{
	char		buffer[SQM_NUMBER_TEXT_SIZE];

	*datum = varlena_datum(buffer, sqm_number_text(value, buffer), 0);
	return SQM_EXACT;
}

SqmConverterRow sqm_to_text = {
	NULL, text_from_number, text_from_number, text_from_bytes, text_from_bytes
};
SqmConverterRow sqm_to_char = {
	NULL, char_from_number, char_from_number, char_from_bytes, char_from_bytes
};
SqmConverterRow sqm_to_name = {
	NULL, name_from_number, name_from_number, name_from_bytes, name_from_bytes
};
SqmConverterRow sqm_to_bytea = {
	NULL, bytea_from_number, bytea_from_number, bytea_from_bytes,
	bytea_from_bytes
};
