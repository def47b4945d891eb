/*-------------------------------------------------------------------------
 *
 * translate_json.c
 *		What are SQLite's JSON functions and arrows in PostgreSQL?
 *
 * json_extract gives a value of SQLite's own types: a number, a text, 0 or 1
 * for a boolean, NULL for JSON's null.  PostgreSQL keeps it jsonb, and so
 * does a term of the type SQM_T_JSONVALUE until it is compared (with another
 * jsonb, exactly) or wanted as text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "translate_term.h"

/* One step of a path as an element of a text[] literal. */
static void
append_step(StringInfo array, const char *step, int len)
{
	appendStringInfo(array, "%s\"", array->len > 1 ? "," : "");
	for (int i = 0; i < len; i++)
	{
		if (step[i] == '"' || step[i] == '\\')
			appendStringInfoChar(array, '\\');
		appendStringInfoChar(array, step[i]);
	}
	appendStringInfoChar(array, '"');
}

/* $.a."b c"[3][#-1] as the text of a text[]; NULL if it is no such path */
static char *
path_array(const char *path)
{
	StringInfoData array;
	const char *p = path;

	if (*p++ != '$')
		return NULL;
	initStringInfo(&array);
	appendStringInfoChar(&array, '{');
	while (*p != '\0')
	{
		const char *start;

		if (p[0] == '.' && p[1] == '"')
		{
			start = p + 2;
			p = strchr(start, '"');
			/* SQLite compares keys as they were written, escapes and all */
			if (p == NULL || memchr(start, '\\', p - start))
				return NULL;
			append_step(&array, start, p - start);
			p++;
		}
		else if (p[0] == '.')
		{
			start = p + 1;
			p = start + strcspn(start, ".[");
			/* digits would address an array's element as well */
			if (p == start ||
				strspn(start, "0123456789-") >= (size_t) (p - start))
				return NULL;
			append_step(&array, start, p - start);
		}
		else if (p[0] == '[')
		{
			start = p + 1;
			if (start[0] == '#' && start[1] == '-')
				start++;
			p = start + (start[0] == '-' && start[-1] == '#');
			if (strspn(p, "0123456789") == 0 || strspn(p, "0123456789") > 9)
				return NULL;
			p += strspn(p, "0123456789");
			if (*p != ']')
				return NULL;
			append_step(&array, start, p - start);
			p++;
		}
		else
			return NULL;
	}
	appendStringInfoChar(&array, '}');
	return array.data;
}

/* The path of an arrow: a name or a number stands for $.name or $[number]. */
static char *
arrow_array(SqmTerm *path)
{
	StringInfoData array;
	const char *text;
	int64		index;

	initStringInfo(&array);
	appendStringInfoChar(&array, '{');
	if (sqm_literal_integer(path, &index))
	{
		char	   *step = psprintf(INT64_FORMAT, index);

		append_step(&array, step, strlen(step));
	}
	else if (!sqm_literal_string(path, &text))
		return NULL;
	else if (text[0] == '$')
		return path_array(text);
	else if (text[0] == '\0' || text[0] == '[' || text[0] == '"' ||
			 strchr(text, '.') != NULL ||
			 strspn(text, "0123456789-") == strlen(text))
		return NULL;
	else
		append_step(&array, text, strlen(text));
	appendStringInfoChar(&array, '}');
	return array.data;
}

/* json_extract(json, path) if op is 0, else json -> path or json ->> path */
SqmTerm *
sqm_json_path(SqmTranslator *tr, SqmTerm *json, SqmTerm *path, int op)
{
	char	   *array;
	char	   *value;
	const char *text;

	if (json == NULL || path == NULL)
		return NULL;
	if (json->type != SQM_T_JSON && json->type != SQM_T_JSONB &&
		json->type != SQM_T_TEXT)
		return sqm_problem(tr, psprintf("JSON in %s has no faithful "
										"equivalent",
										sqm_type_word(json->type)));
	if (op != 0)
		array = arrow_array(path);
	else
		array = sqm_literal_string(path, &text) ? path_array(text) : NULL;
	if (array == NULL)
		return sqm_problem(tr, "this path into JSON has no faithful "
						   "equivalent");
	if (json->type != SQM_T_JSONB && op != SQM_OP_ARROW)
		sqm_note(tr, "the last of repeated JSON keys counts, in SQLite the "
				 "first");
	value = psprintf("%s%s #> %s", sqm_atom(json),
					 json->type == SQM_T_JSONB ? "" : "::jsonb",
					 sqm_string(array));
	if (op == SQM_OP_ARROW)
		return sqm_term(SQM_T_JSONB, false, value);
	return sqm_term(SQM_T_JSONVALUE, false, value);
}

/* A constant as jsonb; for 0 and 1 the booleans are meant, too. */
static char *
constant_json(const SqmTerm *t, const char **other)
{
	const char *text;
	int64		value;
	StringInfoData buf;

	*other = NULL;
	if (sqm_literal_integer(t, &value))
	{
		if (value == 0 || value == 1)
			*other = value ? "'true'::jsonb" : "'false'::jsonb";
		return psprintf("'" INT64_FORMAT "'::jsonb", value);
	}
	if (t->literal != NULL && t->literal->kind == SQM_E_FLOAT)
		return psprintf("'%s'::jsonb", t->sql);
	if (!sqm_literal_string(t, &text))
		return NULL;
	initStringInfo(&buf);
	appendStringInfoChar(&buf, '"');
	for (; *text; text++)
	{
		if ((unsigned char) *text < ' ')
			appendStringInfo(&buf, "\\u%04x", (unsigned char) *text);
		else
		{
			if (*text == '"' || *text == '\\')
				appendStringInfoChar(&buf, '\\');
			appendStringInfoChar(&buf, *text);
		}
	}
	appendStringInfoChar(&buf, '"');
	return psprintf("%s::jsonb", sqm_string(buf.data));
}

/* json_extract(…) =, <>, IS or IS NOT a constant */
SqmTerm *
sqm_json_compare(SqmTranslator *tr, int op, SqmTerm *left, SqmTerm *right)
{
	const char *other;
	char	   *constant = constant_json(right, &other);
	char	   *value;
	bool		negated = op == SQM_OP_NE || op == SQM_OP_IS_NOT;
	bool		is = op == SQM_OP_IS || op == SQM_OP_IS_NOT;

	if (constant == NULL || (op != SQM_OP_EQ && !negated && !is))
		return sqm_problem(tr, "comparing a value in JSON other than with a "
						   "constant for equality has no faithful equivalent");
	/* JSON's null is NULL */
	value = psprintf("NULLIF(%s, 'null'::jsonb)", left->sql);
	if (other != NULL)
		constant = psprintf("(%s, %s)", constant, other);
	if (is)
		return sqm_term(SQM_T_BOOL, false,
						psprintf("coalesce(%s %s %s, false) IS %s", value,
								 other ? "IN" : "=", constant,
								 negated ? "false" : "true"));
	return sqm_term(SQM_T_BOOL, false,
					psprintf("%s %s %s", value,
							 other ? (negated ? "NOT IN" : "IN") :
							 (negated ? "<>" : "="), constant));
}

/* ------------------------------------------------------------------------
 * Is a text JSON?  (A default that is not would make CREATE TABLE fail.)
 * ------------------------------------------------------------------------
 */

static bool skip_json(const char **p, int depth);

static void
skip_white(const char **p)
{
	*p += strspn(*p, " \t\r\n");
}

static bool
skip_json_string(const char **p)
{
	const char *s = *p;

	if (*s++ != '"')
		return false;
	for (; *s != '"'; s++)
	{
		if ((unsigned char) *s < ' ')
			return false;
		if (*s != '\\')
			continue;
		s++;
		if (*s == 'u')
		{
			/* surrogates and \u0000 are jsonb's problem: not taken here */
			if (strspn(s + 1, "0123456789abcdefABCDEF") < 4 ||
				strncmp(s + 1, "0000", 4) == 0 || s[1] == 'd' || s[1] == 'D')
				return false;
			s += 4;
		}
		else if (*s == '\0' || strchr("\"\\/bfnrt", *s) == NULL)
			return false;
	}
	*p = s + 1;
	return true;
}

static bool
skip_json_number(const char **p)
{
	const char *s = *p;
	size_t		digits;

	if (*s == '-')
		s++;
	digits = strspn(s, "0123456789");
	if (digits == 0 || digits > 1000 || (digits > 1 && *s == '0'))
		return false;
	s += digits;
	if (*s == '.')
	{
		digits = strspn(s + 1, "0123456789");
		if (digits == 0)
			return false;
		s += digits + 1;
	}
	if (*s == 'e' || *s == 'E')
	{
		s++;
		if (*s == '+' || *s == '-')
			s++;
		digits = strspn(s, "0123456789");
		if (digits == 0 || digits > 3)
			return false;
		s += digits;
	}
	*p = s;
	return true;
}

static bool
skip_json_members(const char **p, char close, int depth)
{
	(*p)++;
	skip_white(p);
	if (**p == close)
	{
		(*p)++;
		return true;
	}
	for (;;)
	{
		skip_white(p);
		if (close == '}')
		{
			if (!skip_json_string(p))
				return false;
			skip_white(p);
			if (*(*p)++ != ':')
				return false;
		}
		if (!skip_json(p, depth + 1))
			return false;
		skip_white(p);
		if (**p == close)
		{
			(*p)++;
			return true;
		}
		if (*(*p)++ != ',')
			return false;
	}
}

static bool
skip_json(const char **p, int depth)
{
	static const char *const words[] = {"null", "true", "false"};

	if (depth > 100)
		return false;
	skip_white(p);
	if (**p == '{')
		return skip_json_members(p, '}', depth);
	if (**p == '[')
		return skip_json_members(p, ']', depth);
	if (**p == '"')
		return skip_json_string(p);
	for (int i = 0; i < (int) lengthof(words); i++)
	{
		if (strncmp(*p, words[i], strlen(words[i])) == 0)
		{
			*p += strlen(words[i]);
			return true;
		}
	}
	return skip_json_number(p);
}

/* Is it JSON that both json and jsonb take for certain? */
bool
sqm_json_valid(const char *text)
{
	if (!skip_json(&text, 0))
		return false;
	skip_white(&text);
	return *text == '\0';
}
