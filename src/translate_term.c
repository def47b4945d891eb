/*-------------------------------------------------------------------------
 *
 * translate_term.c
 *		What does a piece of translated text mean, and what can it become?
 *
 * A term is PostgreSQL text together with what SQLite's rules need to know
 * of it: type, affinity, collation, whether it is a constant.  Here terms
 * are made from columns and constants, and turned into conditions, numbers
 * and text where SQLite would convert and PostgreSQL would not, or not in
 * the same way.
 *
 * Only quoted identifiers, quoted literals, digits and the words of this
 * translator's sources ever get into a term; nothing of SQLite's text is
 * copied as it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"

#include "lexer.h"
#include "translate_term.h"

/* ------------------------------------------------------------------------
 * Problems and notes
 * ------------------------------------------------------------------------
 */

/* The first problem stays.  Always NULL, for "return sqm_problem(…)". */
void *
sqm_problem(SqmTranslator *tr, const char *problem)
{
	if (tr->problem == NULL)
		tr->problem = pstrdup(problem);
	return NULL;
}

void
sqm_note(SqmTranslator *tr, const char *note)
{
	ListCell   *lc;

	foreach(lc, tr->notes)
	{
		if (strcmp(lfirst(lc), note) == 0)
			return;
	}
	tr->notes = lappend(tr->notes, pstrdup(note));
}

char *
sqm_join_notes(SqmTranslator *tr)
{
	StringInfoData buf;
	ListCell   *lc;

	if (tr->notes == NIL)
		return NULL;
	initStringInfo(&buf);
	foreach(lc, tr->notes)
		appendStringInfo(&buf, "%s%s", buf.len > 0 ? "; " : "",
						 (char *) lfirst(lc));
	return buf.data;
}

/* Something that is only stable is about to be used: is that allowed? */
bool
sqm_need_stable(SqmTranslator *tr, const char *what)
{
	tr->immutable = false;
	if (!tr->need_immutable)
		return true;
	sqm_problem(tr, psprintf("%s is not immutable in PostgreSQL", what));
	return false;
}

/* ------------------------------------------------------------------------
 * Making terms
 * ------------------------------------------------------------------------
 */

SqmTerm *
sqm_term(SqmType type, bool atom, char *sql)
{
	SqmTerm    *t = palloc0(sizeof(SqmTerm));

	t->type = type;
	t->atom = atom;
	t->sql = sql;
	t->number = type == SQM_T_INT || type == SQM_T_BOOL ? SQM_N_INTEGER :
		type == SQM_T_FLOAT ? SQM_N_REAL : SQM_N_ANY;
	t->logical = type == SQM_T_BOOL;
	return t;
}

/* The text as an operand. */
const char *
sqm_atom(const SqmTerm *t)
{
	return t->atom ? t->sql : psprintf("(%s)", t->sql);
}

/* A string literal that is safe whatever standard_conforming_strings is. */
char *
sqm_string(const char *text)
{
	char	   *quoted = quote_literal_cstr(text);

	/* quote_literal puts a space before E'…' */
	return quoted[0] == ' ' ? quoted + 1 : quoted;
}

SqmTerm *
sqm_string_term(const char *text)
{
	SqmTerm    *t = sqm_term(SQM_T_TEXT, true, sqm_string(text));
	SqmExpr    *e = palloc0(sizeof(SqmExpr));

	e->kind = SQM_E_STRING;
	e->text = pstrdup(text);
	t->literal = e;
	t->not_null = true;
	return t;
}

SqmTerm *
sqm_bool_term(bool value)
{
	SqmTerm    *t = sqm_term(SQM_T_BOOL, true, value ? "true" : "false");

	t->not_null = true;
	return t;
}

SqmTerm *
sqm_integer_term(int64 value)
{
	SqmTerm    *t;
	SqmExpr    *e = palloc0(sizeof(SqmExpr));

	/* the digits of the smallest bigint are no bigint without their sign */
	if (value == PG_INT64_MIN)
		t = sqm_term(SQM_T_INT, true, "'-9223372036854775808'::bigint");
	else
		t = sqm_term(SQM_T_INT, value >= 0, psprintf(INT64_FORMAT, value));
	e->kind = SQM_E_INTEGER;
	e->text = psprintf(INT64_FORMAT, value);
	t->literal = e;
	t->negative = value < 0;
	t->not_null = true;
	t->narrow = value >= PG_INT32_MIN && value <= PG_INT32_MAX;
	return t;
}

SqmTerm *
sqm_null_term(void)
{
	return sqm_term(SQM_T_NULL, true, "NULL");
}

/* ------------------------------------------------------------------------
 * Types
 * ------------------------------------------------------------------------
 */

static const struct
{
	const char *name;
	SqmType		type;
	bool		narrow;
}			type_names[] = {
	{"boolean", SQM_T_BOOL, false},
	{"bool", SQM_T_BOOL, false},
	{"smallint", SQM_T_INT, true},
	{"int2", SQM_T_INT, true},
	{"integer", SQM_T_INT, true},
	{"int", SQM_T_INT, true},
	{"int4", SQM_T_INT, true},
	{"bigint", SQM_T_INT, false},
	{"int8", SQM_T_INT, false},
	{"numeric", SQM_T_NUMERIC, false},
	{"decimal", SQM_T_NUMERIC, false},
	{"real", SQM_T_FLOAT, true},
	{"float4", SQM_T_FLOAT, true},
	{"double precision", SQM_T_FLOAT, false},
	{"float8", SQM_T_FLOAT, false},
	{"text", SQM_T_TEXT, false},
	{"varchar", SQM_T_TEXT, false},
	{"character varying", SQM_T_TEXT, false},
	{"bytea", SQM_T_BYTEA, false},
	{"date", SQM_T_DATE, false},
	{"time", SQM_T_TIME, false},
	{"time without time zone", SQM_T_TIME, false},
	{"timestamp", SQM_T_TIMESTAMP, false},
	{"timestamp without time zone", SQM_T_TIMESTAMP, false},
	{"timestamptz", SQM_T_TIMESTAMPTZ, false},
	{"timestamp with time zone", SQM_T_TIMESTAMPTZ, false},
	{"uuid", SQM_T_UUID, false},
	{"json", SQM_T_JSON, false},
	{"jsonb", SQM_T_JSONB, false}
};

/* The family of a type by its name as format_type() writes it. */
SqmType
sqm_type_of_name(const char *name, bool *narrow)
{
	char	   *bare = sqm_fold_ascii(name, false);
	char	   *open = strchr(bare, '(');

	if (strncmp(bare, "pg_catalog.", 11) == 0)
	{
		bare += 11;
		open = strchr(bare, '(');
	}
	if (open != NULL)
	{
		/* timestamp(3) without time zone: the modifier is in the middle */
		char	   *close = strchr(open, ')');

		if (close == NULL)
			return SQM_T_OTHER;
		while (open > bare && open[-1] == ' ')
			open--;
		memmove(open, close + 1, strlen(close + 1) + 1);
	}
	for (int i = 0; i < (int) lengthof(type_names); i++)
	{
		if (strcmp(bare, type_names[i].name) == 0)
		{
			if (narrow != NULL)
				*narrow = type_names[i].narrow;
			return type_names[i].type;
		}
	}
	return SQM_T_OTHER;
}

/* What to call a type in a message. */
const char *
sqm_type_word(SqmType type)
{
	static const char *const words[] = {
		[SQM_T_NULL] = "NULL", [SQM_T_BOOL] = "boolean",
		[SQM_T_INT] = "an integer", [SQM_T_NUMERIC] = "a number",
		[SQM_T_FLOAT] = "a number", [SQM_T_TEXT] = "text",
		[SQM_T_BYTEA] = "bytea", [SQM_T_DATE] = "date",
		[SQM_T_TIME] = "time", [SQM_T_TIMESTAMP] = "timestamp",
		[SQM_T_TIMESTAMPTZ] = "timestamptz", [SQM_T_UUID] = "uuid",
		[SQM_T_JSON] = "json", [SQM_T_JSONB] = "jsonb",
		[SQM_T_JSONVALUE] = "a value in JSON",
		[SQM_T_OTHER] = "a type of its own"
	};

	return words[type];
}

/* SQLite's rule: which affinity does a declared type have? */
char
sqm_affinity_of_type(const char *declared)
{
	char	   *up = sqm_fold_ascii(declared, true);

	if (strstr(up, "INT"))
		return 'I';
	if (strstr(up, "CHAR") || strstr(up, "CLOB") || strstr(up, "TEXT"))
		return 'T';
	if (up[0] == '\0' || strstr(up, "BLOB"))
		return 'B';
	if (strstr(up, "REAL") || strstr(up, "FLOA") || strstr(up, "DOUB"))
		return 'R';
	return 'N';
}

static SqmCollation
collation_of_name(const char *name)
{
	if (name == NULL || sqm_same_name(name, "BINARY"))
		return SQM_C_BINARY;
	if (sqm_same_name(name, "NOCASE"))
		return SQM_C_NOCASE;
	if (sqm_same_name(name, "RTRIM"))
		return SQM_C_RTRIM;
	return SQM_C_NONE;			/* an application's own: the caller refuses */
}

/* A column, qualified if its table's name is given. */
SqmTerm *
sqm_column_term(SqmTranslator *tr, const SqmColumnInfo *col,
				const char *qualifier)
{
	SqmTerm    *t;
	char	   *sql = pstrdup(quote_identifier(col->target));
	bool		narrow = false;
	SqmType		type = sqm_type_of_name(col->type, &narrow);

	if (qualifier != NULL)
		sql = psprintf("%s.%s", quote_identifier(qualifier), sql);
	t = sqm_term(type, true, sql);
	t->type_name = col->type;
	t->narrow = narrow;
	t->column = true;
	t->logical = false;
	t->not_null = col->not_null;
	if (col->affinity != NULL)
		t->affinity = sqm_same_name(col->affinity, "NONE") ? 'B' :
			sqm_fold_ascii(col->affinity, true)[0];
	else
		t->affinity = type == SQM_T_TEXT ? 'T' : 'N';
	t->collation = collation_of_name(col->collation);
	if (t->collation == SQM_C_NONE)
		return sqm_problem(tr,
						   psprintf("collation \"%s\" has no equivalent",
									col->collation));
	return t;
}

bool
sqm_is_numeric(const SqmTerm *t)
{
	return t->type == SQM_T_INT || t->type == SQM_T_NUMERIC ||
		t->type == SQM_T_FLOAT;
}

bool
sqm_is_temporal(const SqmTerm *t)
{
	return t->type == SQM_T_DATE || t->type == SQM_T_TIME ||
		t->type == SQM_T_TIMESTAMP || t->type == SQM_T_TIMESTAMPTZ;
}

/* ------------------------------------------------------------------------
 * Constants
 * ------------------------------------------------------------------------
 */

bool
sqm_literal_integer(const SqmTerm *t, int64 *value)
{
	return t->literal != NULL && t->literal->kind == SQM_E_INTEGER &&
		sqm_parse_integer(t->literal->text, value);
}

bool
sqm_literal_string(const SqmTerm *t, const char **value)
{
	if (t->literal == NULL || t->literal->kind != SQM_E_STRING)
		return false;
	*value = t->literal->text;
	return true;
}

/* Decimal digits with an optional minus; false if it is no int64. */
bool
sqm_parse_integer(const char *text, int64 *value)
{
	const char *digits = text + (text[0] == '-');
	char	   *end;

	if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits))
		return false;
	errno = 0;
	*value = (int64) strtoll(text, &end, 10);
	return errno == 0;
}

/*
 * Does SQLite take a text for a number as a whole?  If so, that number in a
 * spelling that PostgreSQL reads the same way.
 */
char *
sqm_number_in_text(const char *text, bool *real)
{
	const char *p = text;
	const char *begin;
	const char *end;
	bool		digits = false;
	char	   *number;
	int64		ignored;

	while (*p == ' ' || (*p >= '\t' && *p <= '\r'))
		p++;
	begin = p;
	*real = false;
	if (*p == '-' || *p == '+')
		p++;
	for (; *p >= '0' && *p <= '9'; p++)
		digits = true;
	if (*p == '.')
	{
		*real = true;
		for (p++; *p >= '0' && *p <= '9'; p++)
			digits = true;
	}
	if (!digits)
		return NULL;
	if (*p == 'e' || *p == 'E')
	{
		const char *exponent = p + 1;

		if (*exponent == '-' || *exponent == '+')
			exponent++;
		if (*exponent < '0' || *exponent > '9')
			return NULL;
		*real = true;
		for (p = exponent; *p >= '0' && *p <= '9'; p++)
			;
	}
	end = p;
	while (*p == ' ' || (*p >= '\t' && *p <= '\r'))
		p++;
	if (*p != '\0')
		return NULL;
	if (*begin == '+')
		begin++;
	number = pnstrdup(begin, end - begin);
	if (!*real && !sqm_parse_integer(number, &ignored))
		*real = true;
	return number;
}

/* 32 hexadecimal digits, or 36 characters with the hyphens in their places */
bool
sqm_is_uuid(const char *text)
{
	size_t		n = strlen(text);

	if (n != 32 && n != 36)
		return false;
	for (size_t i = 0; i < n; i++)
	{
		bool		hyphen = n == 36 &&
			(i == 8 || i == 13 || i == 18 || i == 23);

		if (hyphen ? text[i] != '-' :
			strchr("0123456789abcdefABCDEF", text[i]) == NULL)
			return false;
	}
	return true;
}

/* ASCII only, as SQLite folds. */
char *
sqm_fold_ascii(const char *text, bool upper)
{
	char	   *out = pstrdup(text);

	for (char *p = out; *p; p++)
	{
		if (upper && *p >= 'a' && *p <= 'z')
			*p -= 'a' - 'A';
		else if (!upper && *p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
	}
	return out;
}

/* ------------------------------------------------------------------------
 * Conversions that SQLite makes by itself
 * ------------------------------------------------------------------------
 */

/* As a condition: true unless 0; NULL stays NULL. */
SqmTerm *
sqm_truth(SqmTranslator *tr, SqmTerm *t)
{
	int64		value;
	SqmTerm    *out;

	if (t == NULL || t->type == SQM_T_BOOL)
		return t;
	if (t->type == SQM_T_NULL)
		return sqm_term(SQM_T_BOOL, true, "NULL::boolean");
	if (sqm_literal_integer(t, &value))
		return sqm_bool_term(value != 0);
	if (!sqm_is_numeric(t))
		return sqm_problem(tr, psprintf("%s used as a condition has no "
										"faithful equivalent",
										sqm_type_word(t->type)));
	out = sqm_term(SQM_T_BOOL, false, psprintf("%s <> 0", sqm_atom(t)));
	out->not_null = t->not_null;
	return out;
}

/* As a number, where an operator or a function of numbers wants one. */
SqmTerm *
sqm_to_number(SqmTranslator *tr, SqmTerm *t, const char *what)
{
	SqmTerm    *out;
	const char *text;
	bool		real;

	if (t == NULL || sqm_is_numeric(t) || t->type == SQM_T_NULL)
		return t;
	if (t->type == SQM_T_BOOL)
	{
		out = sqm_term(SQM_T_INT, true, psprintf("%s::integer", sqm_atom(t)));
		out->narrow = true;
		out->not_null = t->not_null;
		return out;
	}
	if (t->digits != NULL)
		return sqm_term(SQM_T_INT, false, t->digits);
	if (sqm_literal_string(t, &text))
	{
		char	   *number = sqm_number_in_text(text, &real);
		int64		value;

		if (number != NULL && !real && sqm_parse_integer(number, &value))
			return sqm_integer_term(value);
	}
	return sqm_problem(tr, psprintf("%s of %s has no faithful equivalent",
									what, sqm_type_word(t->type)));
}

/* As text, where || or a function of strings wants it. */
SqmTerm *
sqm_term_to_text(SqmTranslator *tr, SqmTerm *t, const char *what)
{
	SqmTerm    *out;
	int64		value;

	if (t == NULL || t->type == SQM_T_TEXT || t->type == SQM_T_NULL)
		return t;
	if (sqm_literal_integer(t, &value))
		return sqm_string_term(psprintf(INT64_FORMAT, value));
	if (t->type == SQM_T_BOOL)
		t = sqm_to_number(tr, t, what);
	if (t->type == SQM_T_INT || t->type == SQM_T_UUID)
	{
		if (t->type == SQM_T_UUID)
			sqm_note(tr, "a uuid is written in lower case with hyphens");
		out = sqm_term(SQM_T_TEXT, true, psprintf("%s::text", sqm_atom(t)));
		out->not_null = t->not_null;
		return out;
	}
	if (t->type == SQM_T_DATE)
		return sqm_date_as_text(tr, t);
	if (t->type == SQM_T_NUMERIC && t->column && t->affinity == 'N')
	{
		/* SQLite kept 5.00 as the integer 5, and 5.50 as 5.5 */
		sqm_note(tr, "a number is written without trailing zeros");
		out = sqm_term(SQM_T_TEXT, true,
					   psprintf("pg_catalog.trim_scale(%s)::text", t->sql));
		out->not_null = t->not_null;
		return out;
	}
	return sqm_problem(tr, psprintf("the text form of %s in %s has no "
									"faithful equivalent",
									sqm_type_word(t->type), what));
}

static void
unify_booleans(SqmTranslator *tr, SqmTerm **terms, int n, const char *what)
{
	bool		all = true;
	bool		any = false;
	int64		value;

	/* a boolean among 0 and 1 makes them all boolean */
	for (int i = 0; i < n; i++)
	{
		any = any || terms[i]->type == SQM_T_BOOL;
		if (terms[i]->type != SQM_T_BOOL && terms[i]->type != SQM_T_NULL &&
			!(sqm_literal_integer(terms[i], &value) &&
			  (value == 0 || value == 1)))
			all = false;
	}
	for (int i = 0; any && i < n; i++)
	{
		if (all && sqm_literal_integer(terms[i], &value))
			terms[i] = sqm_bool_term(value == 1);
		else if (!all && terms[i]->type == SQM_T_BOOL)
			terms[i] = sqm_to_number(tr, terms[i], what);
	}
}

/* Both have the meaning of a timestamp: a column, or datetime('now'). */
static bool
unify_temporal(SqmTranslator *tr, SqmTerm **terms, int n)
{
	SqmType		type = SQM_T_NULL;

	for (int i = 0; i < n; i++)
	{
		if (sqm_is_temporal(terms[i]))
			type = terms[i]->type;
	}
	if (type == SQM_T_NULL)
		return true;
	for (int i = 0; i < n; i++)
	{
		if (terms[i]->type == type || terms[i]->type == SQM_T_NULL)
			continue;
		terms[i] = sqm_assign(tr, terms[i],
							  type == SQM_T_DATE ? "date" :
							  type == SQM_T_TIME ? "time" :
							  type == SQM_T_TIMESTAMP ? "timestamp" :
							  "timestamptz");
		if (terms[i] == NULL)
			return false;
	}
	return true;
}

/*
 * Give the branches of a CASE, or the arguments of coalesce(), one type, in
 * place.  The answer is a term with that type and no text, or NULL.
 */
SqmTerm *
sqm_unify(SqmTranslator *tr, SqmTerm **terms, int n, const char *what)
{
	SqmTerm    *out = sqm_term(SQM_T_NULL, true, NULL);
	bool		integer = true;
	bool		real = true;
	bool		logical = true;

	for (int i = 0; i < n; i++)
	{
		if (terms[i] == NULL)
			return NULL;
	}
	unify_booleans(tr, terms, n, what);
	if (!unify_temporal(tr, terms, n))
		return NULL;
	for (int i = 0; i < n; i++)
	{
		SqmTerm    *t = terms[i];

		if (t->type == SQM_T_NULL)
			continue;
		integer = integer && t->number == SQM_N_INTEGER;
		real = real && t->number == SQM_N_REAL;
		logical = logical && t->logical;
		if (out->type == SQM_T_NULL)
		{
			out->type = t->type;
			out->narrow = t->narrow;
		}
		else if (sqm_is_numeric(out) && sqm_is_numeric(t))
		{
			out->type = Max(out->type, t->type);	/* in widening order */
			out->narrow = out->narrow && t->narrow;
		}
		else if (out->type != t->type)
			return sqm_problem(tr, psprintf("%s mixes %s and %s", what,
											sqm_type_word(out->type),
											sqm_type_word(t->type)));
	}
	if (out->type == SQM_T_OTHER)
		return sqm_problem(tr, psprintf("%s of a type of its own", what));
	out->number = integer ? SQM_N_INTEGER : real ? SQM_N_REAL : SQM_N_ANY;
	out->logical = logical && out->type == SQM_T_BOOL;
	return out;
}
