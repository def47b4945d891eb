/*-------------------------------------------------------------------------
 *
 * sqlitejsonb.c
 *		SQLite's binary JSON (a BLOB, since SQLite 3.45) as JSON text.
 *
 * An element is a header and a payload.  The low half of the first byte is
 * the type, the high half the size of the payload, or says that the size
 * follows in 1, 2, 4 or 8 bytes.  Everything here is checked against the
 * bounds of the enclosing element: the bytes come from a file that anybody
 * may have written, and they must not be able to smuggle a quote into the
 * text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "decimal.h"
#include "json.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* One element whose header has been read. */
typedef struct Element
{
	int			type;
	const unsigned char *payload;
	int			size;
} Element;

typedef struct Frame
{
	const unsigned char *end;	/* of the container's payload */
	bool		object;
	bool		want_key;		/* object: the next element is a key */
	bool		first;
} Frame;

enum
{
	TYPE_NULL,
	TYPE_TRUE,
	TYPE_FALSE,
	TYPE_INT,					/* digits as in JSON */
	TYPE_INT5,					/* a hexadecimal number of JSON5 */
	TYPE_FLOAT,
	TYPE_FLOAT5,				/* .5, 5., +5 */
	TYPE_TEXT,					/* nothing in it needs an escape */
	TYPE_TEXTJ,					/* with the escapes of JSON */
	TYPE_TEXT5,					/* with those of JSON5 */
	TYPE_TEXTRAW,				/* to be escaped */
	TYPE_ARRAY,
	TYPE_OBJECT,
	TYPES
};

static const char malformed[] = "malformed SQLite JSONB";
static const char too_large[] = "SQLite JSONB is too large as text";
static const char too_deep[] = "JSON is nested too deeply";

/* what one byte of payload can grow to: \u0000 */
#define GROWTH 6

static bool
read_element(const unsigned char **position, const unsigned char *end,
			 Element *element)
{
	const unsigned char *p = *position;
	int			high;
	uint64		size;

	if (p >= end)
		return false;
	element->type = *p & 0x0F;
	high = *p++ >> 4;
	size = high;
	if (high > 11)
	{
		int			bytes = 1 << (high - 12);

		if (end - p < bytes)
			return false;
		for (size = 0; bytes > 0; bytes--)
			size = size << 8 | *p++;
	}
	if (element->type >= TYPES || size > (uint64) (end - p))
		return false;
	element->payload = p;
	element->size = (int) size;
	*position = p;
	return true;
}

static bool
is_string(int type)
{
	return type >= TYPE_TEXT && type <= TYPE_TEXTRAW;
}

static const char *
write_word(const Element *element, StringInfo text)
{
	static const char *const words[] = {"null", "true", "false"};

	if (element->size != 0)
		return malformed;
	appendStringInfoString(text, words[element->type]);
	return NULL;
}

/*
 * JSON numbers go as they are: sqm_json_scan judges their grammar afterwards.
 * Here it only has to be certain that they are nothing but a number.
 */
static const char *
write_number(const Element *element, StringInfo text)
{
	if (element->size == 0)
		return malformed;
	for (int i = 0; i < element->size; i++)
	{
		char		c = (char) element->payload[i];

		if (!sqm_is_digit(c) && (c == '\0' || strchr("+-.eE", c) == NULL))
			return malformed;
	}
	appendBinaryStringInfo(text, (const char *) element->payload,
						   element->size);
	return NULL;
}

/* [+-]0xHHHH; beyond 64 bits SQLite makes infinity of it, or what is near */
static const char *
write_hexadecimal(const Element *element, StringInfo text)
{
	const unsigned char *p = element->payload;
	const unsigned char *end = p + element->size;
	uint64		number = 0;
	bool		negative = false;
	bool		overflow = false;

	if (p < end && (*p == '-' || *p == '+'))
		negative = (*p++ == '-');
	if (end - p < 3 || p[0] != '0' || (p[1] | 0x20) != 'x')
		return malformed;
	for (p += 2; p < end; p++)
	{
		if (!isxdigit(*p))
			return malformed;
		if (number > PG_UINT64_MAX >> 4)
			overflow = true;
		number = number << 4 | (sqm_is_digit(*p) ? *p - '0' : (*p | 0x20) - 'a' + 10);
	}
	if (negative)
		appendStringInfoChar(text, '-');
	if (overflow)
		appendStringInfoString(text, "9.0e999");
	else
		appendStringInfo(text, UINT64_FORMAT, number);
	return NULL;
}

/* A point needs a digit on both sides, and there is no plus. */
static const char *
write_float5(const Element *element, StringInfo text)
{
	Element		rest = *element;
	int			start = text->len;
	const char *point;
	const char *problem;

	if (rest.size > 0 && (*rest.payload == '+' || *rest.payload == '-'))
	{
		if (*rest.payload == '-')
			appendStringInfoChar(text, '-');
		rest.payload++;
		rest.size--;
		start = text->len;
		if (rest.size > 0 && *rest.payload == '-')
			return malformed;
	}
	problem = write_number(&rest, text);
	if (problem)
		return problem;
	point = strchr(text->data + start, '.');
	if (point == NULL)
		return NULL;

	/* write it again, in three parts */
	{
		const char *source = (const char *) rest.payload;
		int			before = point - (text->data + start);

		text->len = start;
		appendBinaryStringInfo(text, source, before);
		if (before == 0)
			appendStringInfoChar(text, '0');
		appendStringInfoChar(text, '.');
		if (before + 1 == rest.size || !sqm_is_digit(source[before + 1]))
			appendStringInfoChar(text, '0');
		appendBinaryStringInfo(text, source + before + 1,
							   rest.size - before - 1);
	}
	return NULL;
}

static const char *
write_text(const Element *element, StringInfo text)
{
	for (int i = 0; i < element->size; i++)
	{
		unsigned char c = element->payload[i];

		if (c < 0x20 || c == '"' || c == '\\')
			return malformed;
	}
	appendStringInfoChar(text, '"');
	appendBinaryStringInfo(text, (const char *) element->payload,
						   element->size);
	appendStringInfoChar(text, '"');
	return NULL;
}

/* A quote must be escaped; which escapes there are, sqm_json_scan knows. */
static const char *
write_escaped_text(const Element *element, StringInfo text)
{
	for (int i = 0; i < element->size; i++)
	{
		unsigned char c = element->payload[i];

		if (c < 0x20 || c == '"')
			return malformed;
		if (c == '\\' && ++i == element->size)
			return malformed;
	}
	appendStringInfoChar(text, '"');
	appendBinaryStringInfo(text, (const char *) element->payload,
						   element->size);
	appendStringInfoChar(text, '"');
	return NULL;
}

/* As SQLite escapes: with a letter where JSON has one. */
static void
write_raw_byte(unsigned char c, StringInfo text)
{
	static const char letters[0x20] = {
		['\b'] = 'b',['\f'] = 'f',['\n'] = 'n',['\r'] = 'r',['\t'] = 't'
	};

	if (c >= 0x20)
	{
		if (c == '"' || c == '\\')
			appendStringInfoChar(text, '\\');
		appendStringInfoChar(text, c);
	}
	else if (letters[c] != '\0')
	{
		appendStringInfoChar(text, '\\');
		appendStringInfoChar(text, letters[c]);
	}
	else
		appendStringInfo(text, "\\u%04x", c);
}

static const char *
write_raw_text(const Element *element, StringInfo text)
{
	appendStringInfoChar(text, '"');
	for (int i = 0; i < element->size; i++)
		write_raw_byte(element->payload[i], text);
	appendStringInfoChar(text, '"');
	return NULL;
}

/* How many bytes behind a backslash are a line end, which continues a line? */
static int
line_end(const unsigned char *p, const unsigned char *end)
{
	if (p[0] == '\r' && end - p >= 2 && p[1] == '\n')
		return 2;
	if (p[0] == '\n' || p[0] == '\r')
		return 1;
	if (end - p >= 3 && p[0] == 0xE2 && p[1] == 0x80 &&
		(p[2] == 0xA8 || p[2] == 0xA9))
		return 3;
	return 0;
}

/* One JSON5 escape; p stands behind the backslash, the result behind it all. */
static const unsigned char *
write_escape5(const unsigned char *p, const unsigned char *end,
			  StringInfo text)
{
	int			skip = line_end(p, end);

	if (skip > 0)
		return p + skip;
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
			if (end - p < 3 || !isxdigit(p[1]) || !isxdigit(p[2]))
				return NULL;
			appendStringInfo(text, "\\u00%c%c", p[1], p[2]);
			return p + 3;
		default:
			appendStringInfoChar(text, '\\');
			appendStringInfoChar(text, *p);
			return p + 1;
	}
}

static const char *
write_text5(const Element *element, StringInfo text)
{
	const unsigned char *p = element->payload;
	const unsigned char *end = p + element->size;

	appendStringInfoChar(text, '"');
	while (p < end)
	{
		if (*p != '\\')
			write_raw_byte(*p++, text);
		else if (++p == end || (p = write_escape5(p, end, text)) == NULL)
			return malformed;
	}
	appendStringInfoChar(text, '"');
	return NULL;
}

typedef const char *(*Writer) (const Element *element, StringInfo text);

static const Writer writers[TYPES] = {
	write_word, write_word, write_word,
	write_number, write_hexadecimal, write_number, write_float5,
	write_text, write_escaped_text, write_text5, write_raw_text,
	NULL, NULL
};

/* Room for what this element can become?  The buffer itself would throw. */
static bool
fits(const Element *element, StringInfo text)
{
	return (Size) text->len + (Size) element->size * GROWTH + 64 < MaxAllocSize / 2;
}

/*
 * Close every container that ends here, and put the comma or colon that
 * belongs before the next element.  An object must not end behind a key.
 */
static bool
punctuate(Frame *frames, int *depth, const unsigned char *p, StringInfo text)
{
	Frame	   *frame;

	while (*depth > 0 && p == frames[*depth - 1].end)
	{
		frame = &frames[--*depth];
		if (frame->object && !frame->want_key)
			return false;
		appendStringInfoChar(text, frame->object ? '}' : ']');
	}
	if (*depth == 0)
		return true;
	frame = &frames[*depth - 1];
	if (frame->object && !frame->want_key)
		appendStringInfoChar(text, ':');
	else if (!frame->first)
		appendStringInfoChar(text, ',');
	frame->first = false;
	return true;
}

const char *
sqm_sqlite_jsonb_text(const char *blob, int length, StringInfo text)
{
	const unsigned char *p = (const unsigned char *) blob;
	const unsigned char *end = p + length;
	Frame	   *frames = NULL;
	int			allocated = 0;
	int			depth = 0;

	do
	{
		Element		element;
		const char *problem;

		CHECK_FOR_INTERRUPTS();

		if (!read_element(&p, depth > 0 ? frames[depth - 1].end : end,
						  &element))
			return malformed;
		if (depth > 0 && frames[depth - 1].object)
		{
			if (frames[depth - 1].want_key && !is_string(element.type))
				return malformed;
			frames[depth - 1].want_key = !frames[depth - 1].want_key;
		}

		if (element.type == TYPE_ARRAY || element.type == TYPE_OBJECT)
		{
			if (depth == SQM_JSON_MAX_DEPTH)
				return too_deep;
			if (depth == allocated)
			{
				allocated = Max(16, allocated * 2);
				frames = frames ?
					repalloc(frames, allocated * sizeof(Frame)) :
					palloc(allocated * sizeof(Frame));
			}
			if ((Size) text->len + 64 >= MaxAllocSize / 2)
				return too_large;
			frames[depth].end = p + element.size;
			frames[depth].object = (element.type == TYPE_OBJECT);
			frames[depth].want_key = true;
			frames[depth].first = true;
			depth++;
			appendStringInfoChar(text, frames[depth - 1].object ? '{' : '[');
		}
		else
		{
			if (!fits(&element, text))
				return too_large;
			problem = writers[element.type] (&element, text);
			if (problem)
				return problem;
			p += element.size;
		}
		if (!punctuate(frames, &depth, p, text))
			return malformed;
	} while (depth > 0);

	return p == end ? NULL : malformed;
}
