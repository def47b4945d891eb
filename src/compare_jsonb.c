/*-------------------------------------------------------------------------
 *
 * compare_jsonb.c
 *		Which JSON text does a blob in SQLite's binary JSON form mean?
 *
 * The form is SQLite's (3.45 and later, sqlite.org/jsonb.html): each element
 * is a header of 1 to 9 bytes, with the type in the low half of the first
 * one, and a payload of the length that the header gives.  The text made here
 * is what SQLite's json() makes of it, without white space.
 *
 * The blob may be anything, so every length is checked against what is left,
 * and what the format promises about a payload is not believed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "canon.h"

/* SQLite itself makes nothing deeper than 1000 */
#define BLOB_MAX_DEPTH	2000

typedef enum BlobType
{
	BLOB_NULL,
	BLOB_TRUE,
	BLOB_FALSE,
	BLOB_INT,
	BLOB_INT5,
	BLOB_FLOAT,
	BLOB_FLOAT5,
	BLOB_TEXT,
	BLOB_TEXTJ,
	BLOB_TEXT5,
	BLOB_TEXTRAW,
	BLOB_ARRAY,
	BLOB_OBJECT
} BlobType;

typedef struct Payload
{
	BlobType	type;
	const char *data;
	const char *end;
} Payload;

static bool put_element(StringInfo text, const Payload *payload, int depth);

/* Read one header at *p; *p moves past the element. */
static bool
read_element(const char **p, const char *end, Payload *payload)
{
	unsigned char first;
	uint64		size;
	int			more = 0;

	if (*p >= end)
		return false;
	first = (unsigned char) *(*p)++;
	size = first >> 4;
	if (size >= 12)
		more = 1 << (size - 12);
	if (end - *p < more)
		return false;
	if (more > 0)
		size = 0;
	for (int i = 0; i < more; i++)
		size = size << 8 | (unsigned char) *(*p)++;
	if ((first & 0x0f) > BLOB_OBJECT || size > (uint64) (end - *p))
		return false;

	payload->type = (BlobType) (first & 0x0f);
	payload->data = *p;
	payload->end = *p + size;
	*p = payload->end;
	return true;
}

/*
 * Scalars
 */

static bool
put_word(StringInfo text, const Payload *payload)
{
	static const char *const words[] = {"null", "true", "false"};

	if (payload->data != payload->end)
		return false;
	appendStringInfoString(text, words[payload->type]);
	return true;
}

/* INT and FLOAT are JSON numbers as they are. */
static bool
put_plain_number(StringInfo text, const Payload *payload)
{
	CanonDecimal decimal;

	if (sqm_canon_scan_decimal(payload->data, payload->end, true,
						 &decimal) != payload->end)
		return false;
	appendBinaryStringInfo(text, payload->data, payload->end - payload->data);
	return true;
}

/* INT5: hexadecimal, with a sign or without */
static bool
put_hex_number(StringInfo text, const Payload *payload)
{
	const char *p = payload->data;
	uint64		number = 0;
	bool		overflow = false;
	char		buffer[CANON_NUMBER_SIZE];

	if (p < payload->end && (*p == '-' || *p == '+'))
	{
		if (*p == '-')
			appendStringInfoChar(text, '-');
		p++;
	}
	if (payload->end - p < 3 || p[0] != '0' || (p[1] != 'x' && p[1] != 'X'))
		return false;
	for (p += 2; p < payload->end; p++)
	{
		int			digit;

		if (*p >= '0' && *p <= '9')
			digit = *p - '0';
		else if ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'f')
			digit = (*p | 0x20) - 'a' + 10;
		else
			return false;
		overflow = overflow || number >> 60 != 0;
		number = number << 4 | digit;
	}
	snprintf(buffer, sizeof(buffer), UINT64_FORMAT, number);
	appendStringInfoString(text, overflow ? "9.0e999" : buffer);
	return true;
}

/* FLOAT5: ".5" and "5." get the digit that JSON wants, "+" goes */
static bool
put_loose_number(StringInfo text, const Payload *payload)
{
	const char *p = payload->data;
	const char *end = payload->end;
	int			start;
	CanonDecimal decimal;

	if (p < end && *p == '+')
	{
		p++;
		if (p < end && *p == '-')
			return false;
	}
	start = text->len;
	for (; p < end; p++)
	{
		bool		after_digit = text->len > start &&
			text->data[text->len - 1] >= '0' && text->data[text->len - 1] <= '9';

		if (*p == '.' && !after_digit)
			appendStringInfoChar(text, '0');
		appendStringInfoCharMacro(text, *p);
		if (*p == '.' && (p + 1 == end || p[1] < '0' || p[1] > '9'))
			appendStringInfoChar(text, '0');
	}
	return sqm_canon_scan_decimal(text->data + start, text->data + text->len, true,
							&decimal) == text->data + text->len;
}

static void
put_escaped(StringInfo text, char c)
{
	static const char specials[] = "\"\\\b\f\n\r\t";
	static const char names[] = "\"\\bfnrt";
	const char *found = c == '\0' ? NULL : strchr(specials, c);

	if (found != NULL)
	{
		appendStringInfoCharMacro(text, '\\');
		appendStringInfoCharMacro(text, names[found - specials]);
	}
	else if ((unsigned char) c < ' ')
		appendStringInfo(text, "\\u%04x", (unsigned char) c);
	else
		appendStringInfoCharMacro(text, c);
}

/* One escape of JSON5, after its backslash; returns where it ends. */
static const char *
put_escape5(StringInfo text, const char *p, const char *end)
{
	if (p >= end)
		return NULL;
	switch (*p)
	{
		case '\'':
			appendStringInfoChar(text, '\'');
			return p + 1;
		case 'v':
			appendStringInfoString(text, "\\u000b");
			return p + 1;
		case '0':
			appendStringInfoString(text, "\\u0000");
			return p + 1;
		case 'x':
			if (end - p < 3)
				return NULL;
			appendStringInfo(text, "\\u00%.2s", p + 1);
			return p + 3;
		case '\n':				/* a string that goes on in the next line */
			return p + 1;
		case '\r':
			return p + 1 < end && p[1] == '\n' ? p + 2 : p + 1;
		case '\xe2':			/* the same for U+2028 and U+2029 */
			if (end - p < 3 || p[1] != '\x80' ||
				(p[2] != '\xa8' && p[2] != '\xa9'))
				return NULL;
			return p + 3;
		default:
			appendStringInfoCharMacro(text, '\\');
			appendStringInfoCharMacro(text, *p);
			return p + 1;
	}
}

/*
 * TEXT holds no character that needs an escape, TEXTJ only JSON's escapes,
 * TEXT5 those of JSON5, TEXTRAW is to be escaped.  Whether the escapes that
 * stay are well formed, the reader of the text will see.
 */
static bool
put_string(StringInfo text, const Payload *payload)
{
	const char *p = payload->data;

	appendStringInfoCharMacro(text, '"');
	while (p < payload->end)
	{
		char		c = *p++;

		if (payload->type == BLOB_TEXTRAW)
			put_escaped(text, c);
		else if (c == '\\' && payload->type == BLOB_TEXTJ && p < payload->end)
		{
			appendStringInfoCharMacro(text, '\\');
			appendStringInfoCharMacro(text, *p);
			p++;
		}
		else if (c == '\\' && payload->type == BLOB_TEXT5)
		{
			p = put_escape5(text, p, payload->end);
			if (p == NULL)
				return false;
		}
		else if (payload->type == BLOB_TEXT5 &&
				 (c == '"' || (unsigned char) c < ' '))
			put_escaped(text, c);
		else if (c == '"' || c == '\\' || (unsigned char) c < ' ')
			return false;
		else
			appendStringInfoCharMacro(text, c);
	}
	appendStringInfoCharMacro(text, '"');
	return true;
}

/*
 * Containers
 */

static bool
put_container(StringInfo text, const Payload *payload, int depth)
{
	bool		object = payload->type == BLOB_OBJECT;
	const char *p = payload->data;
	Payload		part;
	int			count = 0;

	if (depth >= BLOB_MAX_DEPTH)
		return false;
	appendStringInfoCharMacro(text, object ? '{' : '[');
	for (; p < payload->end; count++)
	{
		bool		key = object && count % 2 == 0;

		CHECK_FOR_INTERRUPTS();
		if (count > 0)
			appendStringInfoCharMacro(text, !object || key ? ',' : ':');
		if (!read_element(&p, payload->end, &part))
			return false;
		if (key && (part.type < BLOB_TEXT || part.type > BLOB_TEXTRAW))
			return false;
		if (!put_element(text, &part, depth + 1))
			return false;
	}
	appendStringInfoCharMacro(text, object ? '}' : ']');
	return !object || count % 2 == 0;
}

static bool
put_element(StringInfo text, const Payload *payload, int depth)
{
	switch (payload->type)
	{
		case BLOB_NULL:
		case BLOB_TRUE:
		case BLOB_FALSE:
			return put_word(text, payload);
		case BLOB_INT:
		case BLOB_FLOAT:
			return put_plain_number(text, payload);
		case BLOB_INT5:
			return put_hex_number(text, payload);
		case BLOB_FLOAT5:
			return put_loose_number(text, payload);
		case BLOB_TEXT:
		case BLOB_TEXTJ:
		case BLOB_TEXT5:
		case BLOB_TEXTRAW:
			return put_string(text, payload);
		case BLOB_ARRAY:
		case BLOB_OBJECT:
			return put_container(text, payload, depth);
	}
	return false;
}

/*
 * Append the text, or return false and leave something unfinished in it.
 * The text may still turn out not to be JSON, if an escape is broken.
 */
bool
sqm_canon_blob_json(const char *data, int length, StringInfo text)
{
	const char *p = data;
	const char *end = data + length;
	Payload		payload;

	/* escapes make a text at most six times as long */
	if (length > (int) (MaxAllocSize / 8))
		return false;
	return read_element(&p, end, &payload) && p == end &&
		put_element(text, &payload, 0);
}
