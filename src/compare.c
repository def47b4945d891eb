/*-------------------------------------------------------------------------
 *
 * compare.c
 *		Does a stored Datum stand for the SQLite value it came from?
 *
 * Both sides are written down in one canonical form per target type
 * (docs/types.md, "When two values are equal") and then compared as bytes.
 * This file holds the entry points, the encoding, and the types that need no
 * more than a few lines; numbers, times, JSON and all other types have files
 * of their own.
 *
 * It must not know how a value was loaded: no function of the converter is
 * called here, and wherever it is possible the same answer is found in
 * another way.  Otherwise a mistake there would be repeated here, and every
 * row would look right.
 *
 * A source value that the target type cannot stand for gets a "raw" form,
 * which no Datum of that type produces.  It is never an error: to compare is
 * to answer no.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "canon.h"
#include "compare.h"

/*
 * Encoding
 */

/* A value of hundreds of megabytes is hashed for seconds: in pieces. */
void
sqm_canon_hash(const char *data, int length, uint8 *sum)
{
	const int	piece = 4 * 1024 * 1024;
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
	bool		done = context != NULL && pg_cryptohash_init(context) >= 0;

	while (done && length > 0)
	{
		int			amount = Min(length, piece);

		CHECK_FOR_INTERRUPTS();
		done = pg_cryptohash_update(context, (const uint8 *) data, amount) >= 0;
		data += amount;
		length -= amount;
	}
	if (!done || pg_cryptohash_final(context, sum, PG_SHA256_DIGEST_LENGTH) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not compute %s hash", "SHA-256")));
	pg_cryptohash_free(context);
}

void
sqm_canon_bytes(StringInfo out, char tag, const char *data, int length)
{
	uint8		sum[PG_SHA256_DIGEST_LENGTH];
	uint32		network = pg_hton32((uint32) length);

	if (length > CANON_LONG)
	{
		sqm_canon_hash(data, length, sum);
		network = pg_hton32((uint32) length | CANON_HASHED);
		data = (const char *) sum;
		length = sizeof(sum);
	}
	enlargeStringInfo(out, length + 5);
	out->data[out->len] = tag;
	memcpy(out->data + out->len + 1, &network, sizeof(network));
	memcpy(out->data + out->len + 5, data, length);
	out->len += length + 5;
	out->data[out->len] = '\0';
}

/* Start a form whose length is not known yet. */
int
sqm_canon_begin(StringInfo out, char tag)
{
	int			start = out->len;

	canon_fixed(out, tag, "\0\0\0", 4);
	return start;
}

void
sqm_canon_end(StringInfo out, int start)
{
	int			body = start + 5;
	int			length = out->len - body;
	uint32		network = pg_hton32((uint32) length);

	if (length > CANON_LONG)
	{
		uint8		sum[PG_SHA256_DIGEST_LENGTH];

		sqm_canon_hash(out->data + body, length, sum);
		network = pg_hton32((uint32) length | CANON_HASHED);
		memcpy(out->data + body, sum, sizeof(sum));
		out->len = body + sizeof(sum);
		out->data[out->len] = '\0';
	}
	memcpy(out->data + start + 1, &network, sizeof(network));
}

/*
 * The form of a source value that no Datum of the target type stands for.
 * The storage class is part of it only so that the form says what it means.
 */
void
sqm_canon_raw(StringInfo out, const SqmValue *value)
{
	uint64		bits;

	switch (value->storage)
	{
		case SQM_NULL:
			canon_byte(out, CANON_RAW, '0');
			break;
		case SQM_INTEGER:
			canon_byte(out, CANON_RAW, 'i');
			canon_int64(out, CANON_INT, value->integer);
			break;
		case SQM_REAL:
			memcpy(&bits, &value->real, sizeof(bits));
			canon_byte(out, CANON_RAW, 'r');
			canon_int64(out, CANON_DOUBLE, (int64) bits);
			break;
		case SQM_TEXT:
			canon_byte(out, CANON_RAW, 't');
			sqm_canon_bytes(out, CANON_TEXT, value->data, value->length);
			break;
		case SQM_BLOB:
			canon_byte(out, CANON_RAW, 'x');
			sqm_canon_bytes(out, CANON_BYTES, value->data, value->length);
			break;
	}
}

/*
 * Text
 */

/*
 * The text form of a value that is not NULL.  "buffer" must have room for
 * CANON_NUMBER_SIZE bytes; text and blobs are returned where they are.
 */
const char *
sqm_canon_text_of(const SqmValue *value, char *buffer, int *length)
{
	if (value->storage == SQM_TEXT || value->storage == SQM_BLOB)
	{
		*length = value->length;
		return value->data;
	}
	if (value->storage == SQM_INTEGER)
	{
		*length = pg_lltoa(value->integer, buffer);
		return buffer;
	}

	*length = double_to_shortest_decimal_buf(value->real, buffer);
	if (strspn(buffer, "-0123456789") == (size_t) *length)
	{
		buffer[(*length)++] = '.';
		buffer[(*length)++] = '0';
		buffer[*length] = '\0';
	}
	return buffer;
}

/*
 * Stored text in UTF-8, in which the source speaks.  Returns its argument
 * where there is nothing to convert: in a UTF-8 database always.  In a
 * SQL_ASCII database the bytes are all there is.
 */
const char *
sqm_canon_to_utf8(const char *data, int *length)
{
	const char *utf8;

	if (GetDatabaseEncoding() == PG_UTF8 ||
		GetDatabaseEncoding() == PG_SQL_ASCII || *length == 0)
		return data;
	utf8 = (const char *)
		pg_do_encoding_conversion((unsigned char *) unconstify(char *, data),
								  *length, GetDatabaseEncoding(), PG_UTF8);
	if (utf8 != data)
		*length = strlen(utf8);
	return utf8;
}

static void
text_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	char		buffer[CANON_NUMBER_SIZE];
	int			length;
	const char *data = sqm_canon_text_of(value, buffer, &length);

	sqm_canon_bytes(out, CANON_TEXT, data, length);
}

static void
text_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	struct varlena *stored = PG_DETOAST_DATUM_PACKED(datum);
	int			length = VARSIZE_ANY_EXHDR(stored);
	const char *data = sqm_canon_to_utf8(VARDATA_ANY(stored), &length);

	sqm_canon_bytes(out, CANON_TEXT, data, length);
	if ((Pointer) stored != DatumGetPointer(datum))
		pfree(stored);
}

/* char(n): trailing spaces are not part of the value, on either side */
static int
padless(const char *data, int length)
{
	while (length > 0 && data[length - 1] == ' ')
		length--;
	return length;
}

static void
bpchar_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	char		buffer[CANON_NUMBER_SIZE];
	int			length;
	const char *data = sqm_canon_text_of(value, buffer, &length);

	sqm_canon_bytes(out, CANON_TEXT, data, padless(data, length));
}

static void
bpchar_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	struct varlena *stored = PG_DETOAST_DATUM_PACKED(datum);
	int			length = VARSIZE_ANY_EXHDR(stored);
	const char *data = sqm_canon_to_utf8(VARDATA_ANY(stored), &length);

	sqm_canon_bytes(out, CANON_TEXT, data, padless(data, length));
	if ((Pointer) stored != DatumGetPointer(datum))
		pfree(stored);
}

static void
name_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	const char *data = NameStr(*DatumGetName(datum));
	int			length = strlen(data);

	data = sqm_canon_to_utf8(data, &length);
	sqm_canon_bytes(out, CANON_TEXT, data, length);
}

static void
bytea_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	char		buffer[CANON_NUMBER_SIZE];
	int			length;
	const char *data = sqm_canon_text_of(value, buffer, &length);

	sqm_canon_bytes(out, CANON_BYTES, data, length);
}

static void
bytea_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	struct varlena *stored = PG_DETOAST_DATUM_PACKED(datum);

	sqm_canon_bytes(out, CANON_BYTES, VARDATA_ANY(stored),
					VARSIZE_ANY_EXHDR(stored));
	if ((Pointer) stored != DatumGetPointer(datum))
		pfree(stored);
}

/* Is the value this text, but for the case of ASCII letters? */
bool
sqm_canon_word(const SqmValue *value, const char *word)
{
	return value->storage == SQM_TEXT &&
		(size_t) value->length == strlen(word) &&
		pg_strncasecmp(value->data, word, value->length) == 0;
}

/*
 * boolean
 */

static void
boolean_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	static const char *const words[2][4] = {
		{"0", "f", "false", "no"},
		{"1", "t", "true", "yes"}
	};

	for (int truth = 0; truth < 2; truth++)
	{
		bool		found = false;

		if (value->storage == SQM_INTEGER)
			found = value->integer == truth;
		else if (value->storage == SQM_REAL)
			found = value->real == (double) truth;
		else
			for (int i = 0; i < 4 && !found; i++)
				found = sqm_canon_word(value, words[truth][i]);
		if (found)
		{
			canon_byte(out, CANON_BOOL, '0' + truth);
			return;
		}
	}
	sqm_canon_raw(out, value);
}

static void
boolean_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	canon_byte(out, CANON_BOOL, DatumGetBool(datum) ? '1' : '0');
}

/*
 * uuid
 */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* 8-4-4-4-12 or 32 digits, in braces or not; nothing else */
static bool
uuid_of_text(const char *data, int length, uint8 *uuid)
{
	bool		dashes;
	int			digits = 0;

	if (length >= 2 && data[0] == '{' && data[length - 1] == '}')
	{
		data++;
		length -= 2;
	}
	dashes = (length == 36);
	if (!dashes && length != 32)
		return false;

	for (int i = 0; i < length; i++)
	{
		int			digit;

		if (dashes && (i == 8 || i == 13 || i == 18 || i == 23))
		{
			if (data[i] != '-')
				return false;
			continue;
		}
		digit = hex_digit(data[i]);
		if (digit < 0)
			return false;
		if (digits % 2 == 0)
			uuid[digits / 2] = digit << 4;
		else
			uuid[digits / 2] |= digit;
		digits++;
	}
	return true;
}

static void
uuid_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	uint8		uuid[UUID_LEN];

	if (value->storage == SQM_BLOB && value->length == UUID_LEN)
		canon_fixed(out, CANON_UUID, value->data, UUID_LEN);
	else if (value->storage == SQM_TEXT &&
			 uuid_of_text(value->data, value->length, uuid))
		canon_fixed(out, CANON_UUID, uuid, UUID_LEN);
	else
		sqm_canon_raw(out, value);
}

static void
uuid_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	canon_fixed(out, CANON_UUID, DatumGetUUIDP(datum)->data, UUID_LEN);
}

/*
 * enum
 */

static void
enum_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	if (value->storage == SQM_TEXT)
		sqm_canon_bytes(out, CANON_LABEL, value->data, value->length);
	else
		sqm_canon_raw(out, value);
}

static void
enum_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	HeapTuple	tuple;
	const char *label;
	int			length;

	tuple = SearchSysCache1(ENUMOID, datum);
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid internal value for enum: %u",
						DatumGetObjectId(datum))));
	label = NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel);
	length = strlen(label);
	label = sqm_canon_to_utf8(label, &length);
	sqm_canon_bytes(out, CANON_LABEL, label, length);
	ReleaseSysCache(tuple);
}

/*
 * The entry points
 */

/* Types whose two functions are in this file. */
static const struct
{
	Oid			typid;
	SqmCanonSource source;
	SqmCanonTarget target;
}			simple_types[] =
{
	{BOOLOID, boolean_source, boolean_target},
	{TEXTOID, text_source, text_target},
	{VARCHAROID, text_source, text_target},
	{BPCHAROID, bpchar_source, bpchar_target},
	{NAMEOID, text_source, name_target},
	{BYTEAOID, bytea_source, bytea_target},
	{UUIDOID, uuid_source, uuid_target},
};

/* Types whose file sets both functions and looks up what they need. */
static const struct
{
	Oid			typid;
	void		(*prepare) (SqmCanon *canon);
}			prepared_types[] =
{
	{INT2OID, sqm_canon_integer},
	{INT4OID, sqm_canon_integer},
	{INT8OID, sqm_canon_integer},
	{NUMERICOID, sqm_canon_numeric},
	{FLOAT4OID, sqm_canon_float},
	{FLOAT8OID, sqm_canon_float},
	{DATEOID, sqm_canon_time},
	{TIMEOID, sqm_canon_time},
	{TIMESTAMPOID, sqm_canon_time},
	{TIMESTAMPTZOID, sqm_canon_time},
	{JSONOID, sqm_canon_json},
	{JSONBOID, sqm_canon_json},
};

static void
choose_functions(SqmCanon *canon)
{
	Oid			element;

	for (int i = 0; i < lengthof(simple_types); i++)
	{
		if (simple_types[i].typid == canon->typid)
		{
			canon->source = simple_types[i].source;
			canon->target = simple_types[i].target;
			return;
		}
	}
	for (int i = 0; i < lengthof(prepared_types); i++)
	{
		if (prepared_types[i].typid == canon->typid)
		{
			prepared_types[i].prepare(canon);
			return;
		}
	}
	if (get_typtype(canon->typid) == TYPTYPE_ENUM)
	{
		canon->source = enum_source;
		canon->target = enum_target;
		return;
	}
	element = get_element_type(canon->typid);
	if (OidIsValid(element) &&
		canon->typid != INT2VECTOROID && canon->typid != OIDVECTOROID)
		sqm_canon_array(canon, element);
	else
		sqm_canon_other(canon);
}

/* empty_as_null leaves '' alone where it is an ordinary value. */
static bool
empty_is_a_value(Oid typid)
{
	char		category;
	bool		preferred;

	if (typid == BYTEAOID)
		return true;
	get_type_category_preferred(typid, &category, &preferred);
	return category == TYPCATEGORY_STRING;
}

SqmCanon *
sqm_canon_create(Oid typid, int32 typmod, pg_tz *time_zone,
				 bool empty_as_null)
{
	SqmCanon   *canon = palloc0(sizeof(SqmCanon));

	/* a domain constrains what is stored, not what it stands for */
	canon->typmod = typmod;
	canon->typid = getBaseTypeAndTypmod(typid, &canon->typmod);
	canon->zone = time_zone != NULL ? time_zone : pg_tzset("UTC");
	canon->empty_is_null = empty_as_null && !empty_is_a_value(canon->typid);
	choose_functions(canon);
	return canon;
}

void
sqm_canon_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	if (value->storage == SQM_NULL ||
		(canon->empty_is_null &&
		 value->storage == SQM_TEXT && value->length == 0))
		appendStringInfoCharMacro(out, CANON_NULL);
	else
		canon->source(canon, value, out);
}

void
sqm_canon_target(SqmCanon *canon, Datum datum, bool isnull, StringInfo out)
{
	if (isnull)
		appendStringInfoCharMacro(out, CANON_NULL);
	else
		canon->target(canon, datum, out);
}
