/*-------------------------------------------------------------------------
 *
 * json.c
 *		Is this text JSON, and of what does it consist?
 *
 * A reader of RFC 8259 that raises no error, keeps its place in a bit map
 * instead of on the stack, and is the same in every version of PostgreSQL.
 * It knows nothing of json, jsonb or encodings: text is UTF-8 that the caller
 * has checked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "decimal.h"
#include "json.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

typedef struct Scanner
{
	const char *p;
	const char *end;
	SqmJsonHandler handler;
	void	   *argument;
	int			depth;
	uint8		is_object[SQM_JSON_MAX_DEPTH / 8 + 1];	/* bit map by depth */
} Scanner;

static const char too_deep[] = "JSON is nested too deeply";
static const char unexpected[] = "invalid JSON";
static const char unfinished[] = "JSON ends too early";
static const char bad_string[] = "invalid string in JSON";
static const char bad_number[] = "invalid number in JSON";
static const char stopped[] = "";

static bool
emit(Scanner *scanner, SqmJsonEvent event, const char *token, int length)
{
	return scanner->handler == NULL ||
		scanner->handler(scanner->argument, event, token, length);
}

static void
skip_space(Scanner *scanner)
{
	while (scanner->p < scanner->end &&
		   (*scanner->p == ' ' || *scanner->p == '\t' ||
			*scanner->p == '\n' || *scanner->p == '\r'))
		scanner->p++;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* the four digits after \u; -1 if they are not there */
static int
scan_hex4(const char *p, const char *end)
{
	int			result = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++)
	{
		int			digit = hex_value(p[i]);

		if (digit < 0)
			return -1;
		result = result * 16 + digit;
	}
	return result;
}

/* From the opening quote to behind the closing one. */
static const char *
scan_string(Scanner *scanner, const char **token, int *length)
{
	const char *p = scanner->p + 1;
	const char *end = scanner->end;

	*token = p;
	for (; p < end && *p != '"'; p++)
	{
		if ((unsigned char) *p < 0x20)
			return bad_string;
		if (*p != '\\')
			continue;
		if (++p == end)
			return unfinished;
		if (*p == 'u')
		{
			if (scan_hex4(p + 1, end) < 0)
				return bad_string;
			p += 4;
		}
		else if (*p == '\0' || strchr("\"\\/bfnrt", *p) == NULL)
			return bad_string;
	}
	if (p == end)
		return unfinished;
	*length = p - *token;
	scanner->p = p + 1;
	return NULL;
}

static bool
scan_digits(Scanner *scanner)
{
	const char *start = scanner->p;

	while (scanner->p < scanner->end && sqm_is_digit(*scanner->p))
		scanner->p++;
	return scanner->p > start;
}

/* -? (0 | [1-9][0-9]*) ([.][0-9]+)? ([eE][+-]?[0-9]+)? */
static const char *
scan_number(Scanner *scanner)
{
	const char *start = scanner->p;
	const char *digits;

	if (*scanner->p == '-')
		scanner->p++;
	digits = scanner->p;
	if (!scan_digits(scanner) || (*digits == '0' && scanner->p - digits > 1))
		return bad_number;
	if (scanner->p < scanner->end && *scanner->p == '.')
	{
		scanner->p++;
		if (!scan_digits(scanner))
			return bad_number;
	}
	if (scanner->p < scanner->end && (*scanner->p == 'e' || *scanner->p == 'E'))
	{
		scanner->p++;
		if (scanner->p < scanner->end &&
			(*scanner->p == '+' || *scanner->p == '-'))
			scanner->p++;
		if (!scan_digits(scanner))
			return bad_number;
	}
	return emit(scanner, SQM_JSON_NUMBER, start, scanner->p - start) ?
		NULL : stopped;
}

static const char *
scan_word(Scanner *scanner)
{
	static const struct
	{
		const char *word;
		int			length;
		SqmJsonEvent event;
	}			words[] = {
		{"true", 4, SQM_JSON_TRUE},
		{"false", 5, SQM_JSON_FALSE},
		{"null", 4, SQM_JSON_NULL}
	};

	for (int i = 0; i < lengthof(words); i++)
	{
		int			length = words[i].length;

		if (scanner->end - scanner->p >= length &&
			memcmp(scanner->p, words[i].word, length) == 0)
		{
			scanner->p += length;
			return emit(scanner, words[i].event, words[i].word, length) ?
				NULL : stopped;
		}
	}
	return unexpected;
}

static bool
in_object(Scanner *scanner)
{
	return (scanner->is_object[scanner->depth / 8] >> (scanner->depth % 8)) & 1;
}

static const char *
open_container(Scanner *scanner)
{
	bool		object = (*scanner->p++ == '{');
	uint8		bit;

	if (scanner->depth == SQM_JSON_MAX_DEPTH)
		return too_deep;
	scanner->depth++;
	bit = 1 << (scanner->depth % 8);
	if (object)
		scanner->is_object[scanner->depth / 8] |= bit;
	else
		scanner->is_object[scanner->depth / 8] &= ~bit;
	return emit(scanner, object ? SQM_JSON_OBJECT : SQM_JSON_ARRAY, NULL, 0) ?
		NULL : stopped;
}

static const char *
close_container(Scanner *scanner)
{
	bool		object = in_object(scanner);

	if (*scanner->p++ != (object ? '}' : ']'))
		return unexpected;
	scanner->depth--;
	return emit(scanner, object ? SQM_JSON_OBJECT_END : SQM_JSON_ARRAY_END,
				NULL, 0) ? NULL : stopped;
}

/* "key" : */
static const char *
scan_key(Scanner *scanner)
{
	const char *token;
	const char *problem;
	int			length;

	skip_space(scanner);
	if (scanner->p == scanner->end)
		return unfinished;
	if (*scanner->p != '"')
		return unexpected;
	problem = scan_string(scanner, &token, &length);
	if (problem)
		return problem;
	skip_space(scanner);
	if (scanner->p == scanner->end)
		return unfinished;
	if (*scanner->p++ != ':')
		return unexpected;
	return emit(scanner, SQM_JSON_KEY, token, length) ? NULL : stopped;
}

static const char *
scan_scalar(Scanner *scanner)
{
	const char *token;
	const char *problem;
	int			length;

	if (*scanner->p == '-' || sqm_is_digit(*scanner->p))
		return scan_number(scanner);
	if (*scanner->p != '"')
		return scan_word(scanner);
	problem = scan_string(scanner, &token, &length);
	if (problem)
		return problem;
	return emit(scanner, SQM_JSON_STRING, token, length) ? NULL : stopped;
}

/*
 * After a value: a comma leads to the next one, brackets close.  *more says
 * whether another value must follow.
 */
static const char *
after_value(Scanner *scanner, bool *more)
{
	const char *problem;

	*more = false;
	for (;;)
	{
		skip_space(scanner);
		if (scanner->depth == 0)
			return scanner->p == scanner->end ? NULL : unexpected;
		if (scanner->p == scanner->end)
			return unfinished;
		if (*scanner->p == ',')
		{
			scanner->p++;
			*more = true;
			return in_object(scanner) ? scan_key(scanner) : NULL;
		}
		problem = close_container(scanner);
		if (problem)
			return problem;
	}
}

const char *
sqm_json_scan(const char *text, int length, SqmJsonHandler handler,
			  void *argument)
{
	Scanner		scanner;
	const char *problem;
	bool		more = true;

	scanner.p = text;
	scanner.end = text + length;
	scanner.handler = handler;
	scanner.argument = argument;
	scanner.depth = 0;

	while (more)
	{
		CHECK_FOR_INTERRUPTS();

		skip_space(&scanner);
		if (scanner.p == scanner.end)
			return unfinished;
		if (*scanner.p == '{' || *scanner.p == '[')
		{
			problem = open_container(&scanner);
			if (problem)
				return problem;
			skip_space(&scanner);
			if (scanner.p == scanner.end)
				return unfinished;
			if (*scanner.p != '}' && *scanner.p != ']')
			{
				problem = in_object(&scanner) ? scan_key(&scanner) : NULL;
				if (problem)
					return problem;
				continue;
			}
		}
		else
		{
			problem = scan_scalar(&scanner);
			if (problem)
				return problem;
		}
		problem = after_value(&scanner, &more);
		if (problem)
			return problem;
	}
	return NULL;
}

/*
 * \uXXXX, or two of them that make one character, at p, which stands behind
 * the u.
 */
static const char *
unescape_unicode(const char **position, const char *end, char **out)
{
	const char *p = *position;
	int			code = scan_hex4(p, end);

	p += 4;
	if (code == 0)
		return "\\u0000 in JSON cannot be converted to text";
	if (is_utf16_surrogate_second(code))
		return "half of a surrogate pair in JSON";
	if (is_utf16_surrogate_first(code))
	{
		int			second = -1;

		if (end - p >= 6 && p[0] == '\\' && p[1] == 'u')
			second = scan_hex4(p + 2, end);
		if (second < 0 || !is_utf16_surrogate_second(second))
			return "half of a surrogate pair in JSON";
		code = surrogate_pair_to_codepoint(code, second);
		p += 6;
	}
	unicode_to_utf8(code, (unsigned char *) *out);
	*out += pg_utf_mblen((unsigned char *) *out);
	*position = p;
	return NULL;
}

/*
 * A string that sqm_json_scan accepted, without its escapes.  No escape is
 * shorter than what it stands for.
 */
const char *
sqm_json_unescape(const char *token, int length, char *out, int *out_length)
{
	static const char names[] = "bfnrt";
	static const char meant[] = "\b\f\n\r\t";
	const char *p = token;
	const char *end = token + length;
	char	   *start = out;

	while (p < end)
	{
		const char *name;

		if (*p != '\\')
		{
			*out++ = *p++;
			continue;
		}
		p++;
		if (*p == 'u')
		{
			const char *problem;

			p++;
			problem = unescape_unicode(&p, end, &out);
			if (problem)
				return problem;
			continue;
		}
		name = strchr(names, *p);
		*out++ = name ? meant[name - names] : *p;
		p++;
	}
	*out_length = out - start;
	return NULL;
}
