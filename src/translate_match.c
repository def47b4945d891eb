/*-------------------------------------------------------------------------
 *
 * translate_match.c
 *		How are LIKE and GLOB said in PostgreSQL?
 *
 * SQLite's LIKE folds the case of ASCII letters only (ILIKE folds all) and
 * knows no escape character unless one is named (PostgreSQL's default is the
 * backslash).  GLOB looks at bytes, with shell patterns: what has no [set]
 * becomes a LIKE, the rest a regular expression under the collation "C".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "translate_term.h"

static bool
has_letter(const char *text)
{
	return strcmp(sqm_fold_ascii(text, false),
				  sqm_fold_ascii(text, true)) != 0;
}

/* A pattern must not end in its escape character: PostgreSQL raises an error */
static bool
ends_in_escape(const char *pattern, char escape)
{
	for (const char *p = pattern; *p; p++)
	{
		if (*p == escape && *++p == '\0')
			return true;
	}
	return false;
}

static SqmTerm *
match_like(SqmTranslator *tr, SqmTerm *left, SqmTerm *pattern,
		   SqmTerm *escape, bool negated)
{
	const char *text = NULL;
	const char *escape_text = "";
	const char *escape_clause = " ESCAPE ''";
	const char *left_sql;
	char	   *pattern_sql;
	SqmTerm    *t;

	if (escape != NULL)
	{
		if (!sqm_literal_string(escape, &escape_text) ||
			strlen(escape_text) != 1 || strchr("%_", escape_text[0]) ||
			has_letter(escape_text))
			return sqm_problem(tr, "this ESCAPE of LIKE has no faithful "
							   "equivalent");
		if (!sqm_literal_string(pattern, &text))
			return sqm_problem(tr, "LIKE with ESCAPE and a computed "
							   "pattern has no faithful equivalent");
		if (ends_in_escape(text, escape_text[0]))
			return sqm_problem(tr, "the pattern of LIKE ends in its escape "
							   "character");
		escape_clause = escape_text[0] == '\\' ? "" :
			psprintf(" ESCAPE %s", sqm_string(escape_text));
	}
	else if (sqm_literal_string(pattern, &text) && strchr(text, '\\') == NULL)
		escape_clause = "";

	if (text != NULL && !has_letter(text))
	{
		left_sql = sqm_atom(left);
		pattern_sql = pattern->sql;
	}
	else
	{
		left_sql = psprintf("pg_catalog.lower(%s COLLATE \"C\")",
							sqm_atom(left));
		pattern_sql = text != NULL ?
			sqm_string(sqm_fold_ascii(text, false)) :
			psprintf("pg_catalog.lower(%s COLLATE \"C\")", sqm_atom(pattern));
	}
	t = sqm_term(SQM_T_BOOL, false,
				 psprintf("%s %sLIKE %s%s", left_sql, negated ? "NOT " : "",
						  pattern_sql, escape_clause));
	t->not_null = left->not_null && pattern->not_null;
	return t;
}

/* One [set] of GLOB at *p into a bracket expression; false if it is odd. */
static bool
glob_set(const char **p, StringInfo regex)
{
	const char *s = *p + 1;
	bool		first = true;
	unsigned char low = 0;

	appendStringInfoChar(regex, '[');
	if (*s == '^')
	{
		appendStringInfoChar(regex, '^');
		s++;
	}
	for (; *s != '\0' && (first || *s != ']'); s++, first = false)
	{
		if (*s == '-' && low != 0 && s[1] != ']' && s[1] != '\0')
		{
			/* a range that is empty matches nothing there, is an error here */
			s++;
			if ((unsigned char) *s >= 0x80 || low >= 0x80 ||
				(unsigned char) *s < low)
				return false;
			appendStringInfoChar(regex, '-');
			low = 0;
		}
		else
			low = (unsigned char) *s;
		if (strchr("\\[]^-", *s))
			appendStringInfoChar(regex, '\\');
		appendStringInfoChar(regex, *s);
	}
	if (*s != ']' || first)
		return false;
	appendStringInfoChar(regex, ']');
	*p = s;
	return true;
}

/* The regular expression for a GLOB pattern with sets; NULL if it is odd. */
static char *
glob_regex(const char *pattern)
{
	StringInfoData regex;
	const char *p = pattern;
	bool		open_end = false;

	initStringInfo(&regex);
	if (*p == '*')
		while (*p == '*')
			p++;				/* not anchored at the start */
	else
		appendStringInfoChar(&regex, '^');
	for (; *p; p++)
	{
		if (*p == '*')
		{
			while (p[1] == '*')
				p++;
			if (p[1] == '\0')
				open_end = true;
			else
				appendStringInfoString(&regex, ".*");
		}
		else if (*p == '?')
			appendStringInfoChar(&regex, '.');
		else if (*p == '[')
		{
			if (!glob_set(&p, &regex))
				return NULL;
		}
		else
		{
			if (strchr("\\.+()|{}]^$", *p))
				appendStringInfoChar(&regex, '\\');
			appendStringInfoChar(&regex, *p);
		}
	}
	if (!open_end)
		appendStringInfoChar(&regex, '$');

	/* "***" and "(?" at the start would be directives; neither can be */
	return regex.data;
}

/* The LIKE pattern for a GLOB pattern without sets. */
static char *
glob_like(const char *pattern)
{
	StringInfoData like;

	initStringInfo(&like);
	for (const char *p = pattern; *p; p++)
	{
		if (*p == '*')
			appendStringInfoChar(&like, '%');
		else if (*p == '?')
			appendStringInfoChar(&like, '_');
		else
		{
			if (strchr("%_\\", *p))
				appendStringInfoChar(&like, '\\');
			appendStringInfoChar(&like, *p);
		}
	}
	return like.data;
}

static SqmTerm *
match_glob(SqmTranslator *tr, SqmTerm *left, SqmTerm *pattern, bool negated)
{
	const char *text;
	char	   *regex;
	SqmTerm    *t;

	if (!sqm_literal_string(pattern, &text))
		return sqm_problem(tr, "GLOB with a computed pattern has no faithful "
						   "equivalent");
	if (strchr(text, '[') == NULL)
		t = sqm_term(SQM_T_BOOL, false,
					 psprintf("%s %sLIKE %s", sqm_atom(left),
							  negated ? "NOT " : "",
							  sqm_string(glob_like(text))));
	else
	{
		regex = glob_regex(text);
		if (regex == NULL)
			return sqm_problem(tr, "this pattern of GLOB has no faithful "
							   "equivalent");
		t = sqm_term(SQM_T_BOOL, false,
					 psprintf("%s COLLATE \"C\" %s %s", sqm_atom(left),
							  negated ? "!~" : "~", sqm_string(regex)));
	}
	t->not_null = left->not_null;
	return t;
}

/* left [NOT] LIKE|GLOB pattern [ESCAPE escape] */
SqmTerm *
sqm_match(SqmTranslator *tr, const char *word, SqmTerm *left,
		  SqmTerm *pattern, SqmTerm *escape, bool negated)
{
	left = sqm_term_to_text(tr, left, word);
	pattern = sqm_term_to_text(tr, pattern, word);
	if (left == NULL || pattern == NULL)
		return NULL;
	if (left->type == SQM_T_NULL || pattern->type == SQM_T_NULL)
		return sqm_term(SQM_T_BOOL, true, "NULL::boolean");
	if (strcmp(word, "LIKE") == 0)
		return match_like(tr, left, pattern, escape, negated);
	if (strcmp(word, "GLOB") == 0)
		return match_glob(tr, left, pattern, negated);
	return sqm_problem(tr, psprintf("%s has no faithful equivalent", word));
}
