/*-------------------------------------------------------------------------
 *
 * translate_assign.c
 *		What does a default or a generated value become in its column?
 *
 * A constant is converted here as value.c converts values (docs/types.md has
 * the rules): only exactly.  A constant that the column could not hold is a
 * problem, since PostgreSQL would raise it at CREATE TABLE or, worse, at
 * some later INSERT.  Computed values get a cast where the types fit.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "lexer.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "translate_term.h"

typedef SqmTerm *(*Assigner) (SqmTranslator *tr, SqmTerm *t,
							  const char *type);

static SqmTerm *
refuse(SqmTranslator *tr, const SqmTerm *t, const char *type)
{
	if (t->literal != NULL)
		return sqm_problem(tr, psprintf("%s cannot be stored as %s exactly",
										t->sql, type));
	return sqm_problem(tr, psprintf("%s cannot be stored as %s",
									sqm_type_word(t->type), type));
}

static SqmTerm *
typed(SqmType type, char *sql)
{
	SqmTerm    *t = sqm_term(type, true, sql);

	t->logical = false;
	t->not_null = true;
	return t;
}

/* The numbers in varchar(20) or numeric(10,2); how many there are. */
static int
type_modifiers(const char *type, int *first, int *second)
{
	const char *open = strchr(type, '(');

	if (open == NULL)
		return 0;
	return sscanf(open, "(%d,%d", first, second);
}

/* A real constant as SQLite and value.c write it. */
static char *
real_as_text(const SqmTerm *t)
{
	char		buf[DOUBLE_SHORTEST_DECIMAL_LEN];
	double		d = strtod(t->sql, NULL);

	double_to_shortest_decimal_buf(d, buf);
	if (strchr(buf, 'e') != NULL)
		return NULL;
	return strchr(buf, '.') != NULL ? pstrdup(buf) : psprintf("%s.0", buf);
}

static bool
is_real(const SqmTerm *t)
{
	return t->literal != NULL && t->literal->kind == SQM_E_FLOAT;
}

static SqmTerm *
assign_boolean(SqmTranslator *tr, SqmTerm *t, const char *type)
{
	int64		value;
	const char *text;
	SqmTerm    *out;

	if (t->type == SQM_T_BOOL)
		return t;
	if (sqm_literal_integer(t, &value))
	{
		if (value == 0 || value == 1)
			return sqm_bool_term(value == 1);
		return refuse(tr, t, type);
	}
	if (is_real(t) && (strtod(t->sql, NULL) == 0 || strtod(t->sql, NULL) == 1))
		return sqm_bool_term(strtod(t->sql, NULL) == 1);
	if (sqm_literal_string(t, &text))
	{
		static const char *const words[] = {
			"f", "t", "false", "true", "no", "yes", "0", "1"
		};

		for (int i = 0; i < (int) lengthof(words); i++)
		{
			if (strcmp(sqm_fold_ascii(text, false), words[i]) == 0)
				return sqm_bool_term(i % 2 == 1);
		}
		return refuse(tr, t, type);
	}
	if (t->literal != NULL || t->type != SQM_T_INT)
		return refuse(tr, t, type);
	out = sqm_truth(tr, t);
	sqm_note(tr, "values other than 0 and 1 become true");
	return out;
}

static SqmTerm *
assign_integer(SqmTranslator *tr, SqmTerm *t, const char *type)
{
	int64		value = 0;
	const char *text;
	bool		narrow = false;
	bool		constant = false;

	if (sqm_literal_integer(t, &value))
		constant = true;
	else if (is_real(t))
	{
		double		d = strtod(t->sql, NULL);

		if (d != floor(d) || fabs(d) > 9e15)
			return refuse(tr, t, type);
		value = (int64) d;
		constant = true;
	}
	else if (sqm_literal_string(t, &text))
	{
		if (!sqm_parse_integer(text, &value) ||
			strcmp(text, psprintf(INT64_FORMAT, value)) != 0)
			return refuse(tr, t, type);
		constant = true;
	}
	if (constant)
	{
		sqm_type_of_name(type, &narrow);
		if (narrow)
		{
			bool		tiny = strstr(type, "small") || strstr(type, "int2");

			if (value < (tiny ? PG_INT16_MIN : PG_INT32_MIN) ||
				value > (tiny ? PG_INT16_MAX : PG_INT32_MAX))
				return refuse(tr, t, type);
		}
		return sqm_integer_term(value);
	}
	if (t->type == SQM_T_INT)
		return t;
	if (t->digits != NULL)
		return typed(SQM_T_INT, t->digits);
	if (t->type == SQM_T_BOOL)
		return sqm_to_number(tr, t, "a value");
	if (t->type == SQM_T_JSONVALUE)
	{
		sqm_note(tr, "a value in JSON that is no integer is an error");
		return typed(SQM_T_INT, psprintf("(%s #>> '{}')::bigint",
										 sqm_atom(t)));
	}
	if (!sqm_is_numeric(t) || t->literal != NULL)
		return refuse(tr, t, type);
	sqm_note(tr, "a result with a fraction is rounded");
	return typed(SQM_T_INT, psprintf("%s::bigint", sqm_atom(t)));
}

/* No digit but zeros may be behind the scale, and all before it must fit. */
static bool
fits_numeric(const char *number, const char *type)
{
	int			precision,
				scale = 0;
	const char *point;
	const char *digits = number + (number[0] == '-');
	size_t		whole;

	if (type_modifiers(type, &precision, &scale) == 0)
		return true;
	if (strpbrk(number, "eE") != NULL)
		return false;
	digits += strspn(digits, "0");
	whole = strspn(digits, "0123456789");
	if ((int) whole > precision - scale)
		return false;
	point = strchr(number, '.');
	if (point == NULL || (int) strlen(point + 1) <= scale)
		return true;
	point += 1 + Max(scale, 0);
	return strspn(point, "0") == strlen(point);
}

static SqmTerm *
assign_number(SqmTranslator *tr, SqmTerm *t, const char *type)
{
	SqmType		wanted = sqm_type_of_name(type, NULL);
	const char *text;
	bool		real;
	char	   *number = NULL;

	if (sqm_literal_string(t, &text))
	{
		number = sqm_number_in_text(text, &real);
		if (number == NULL || strlen(number) > 300 ||
			strpbrk(text, " \t\n\r+") != NULL)
			return refuse(tr, t, type);
	}
	else if (t->literal != NULL && sqm_is_numeric(t))
		number = t->sql;
	if (number != NULL)
	{
		if (isinf(strtod(number, NULL)))
			return refuse(tr, t, type);
		if (wanted == SQM_T_NUMERIC && !fits_numeric(number, type))
			return refuse(tr, t, type);
		/* the sign needs nothing in front: it is a whole default */
		return typed(wanted, number);
	}
	if (t->digits != NULL)
		return typed(SQM_T_INT, t->digits);
	if (t->type == SQM_T_BOOL)
		return sqm_to_number(tr, t, "a value");
	if (t->type == SQM_T_JSONVALUE)
	{
		sqm_note(tr, "a value in JSON that is no number is an error");
		return typed(SQM_T_NUMERIC, psprintf("(%s #>> '{}')::%s", sqm_atom(t),
											 wanted == SQM_T_FLOAT ?
											 "double precision" : "numeric"));
	}
	if (!sqm_is_numeric(t))
		return refuse(tr, t, type);
	/* PostgreSQL's own cast keeps 15 digits only */
	if (wanted == SQM_T_NUMERIC && t->type == SQM_T_FLOAT)
		return typed(wanted, psprintf("%s::text::numeric", sqm_atom(t)));
	return t;
}

static SqmTerm *
assign_text(SqmTranslator *tr, SqmTerm *t, const char *type)
{
	const char *text = NULL;
	int64		value;
	int			limit;
	int			unused;

	if (is_real(t))
	{
		char	   *real = real_as_text(t);

		if (real == NULL)
			return refuse(tr, t, type);
		t = sqm_string_term(real);
	}
	else if (sqm_literal_integer(t, &value))
		t = sqm_string_term(psprintf(INT64_FORMAT, value));
	else if (t->literal != NULL && t->literal->kind == SQM_E_BLOB)
	{
		/* the bytes are the text, if they are plain */
		int			n = strlen(t->literal->text) / 2;
		char	   *bytes = palloc0(n + 1);

		for (int i = 0; i < n; i++)
		{
			unsigned int byte;

			if (sscanf(t->literal->text + 2 * i, "%2x", &byte) != 1 ||
				byte < 0x20 || byte > 0x7e)
				return refuse(tr, t, type);
			bytes[i] = (char) byte;
		}
		t = sqm_string_term(bytes);
	}
	if (sqm_literal_string(t, &text))
	{
		if (type_modifiers(type, &limit, &unused) > 0 &&
			pg_mbstrlen(text) > limit)
			return refuse(tr, t, type);
		return t;
	}
	if (t->type == SQM_T_JSONVALUE || t->type == SQM_T_JSONB)
	{
		sqm_note(tr, "JSON other than a string is written as PostgreSQL "
				 "writes it");
		return typed(SQM_T_TEXT, psprintf("%s #>> '{}'", sqm_atom(t)));
	}
	return sqm_term_to_text(tr, t, "a value");
}

static SqmTerm *
assign_bytea(SqmTranslator *tr, SqmTerm *t, const char *type)
{
	const char *text;
	StringInfoData hex;

	if (t->type == SQM_T_BYTEA)
		return t;
	if (!sqm_literal_string(t, &text))
		return refuse(tr, t, type);
	initStringInfo(&hex);
	appendStringInfoString(&hex, "\\x");
	for (; *text; text++)
		appendStringInfo(&hex, "%02x", (unsigned char) *text);
	return typed(SQM_T_BYTEA, psprintf("%s::bytea", sqm_string(hex.data)));
}

/* Unix seconds, if the number of digits says so, as value.c reads them. */
static SqmTerm *
assign_unix_time(SqmTranslator *tr, SqmTerm *t, const char *type, int64 value)
{
	SqmType		wanted = sqm_type_of_name(type, NULL);
	int			digits = (int) strlen(psprintf(INT64_FORMAT, value)) -
		(value < 0);
	struct pg_tm tm;
	fsec_t		fsec;

	if ((wanted != SQM_T_TIMESTAMP && wanted != SQM_T_TIMESTAMPTZ) ||
		(value != 0 && digits != 9 && digits != 10) ||
		timestamp2tm((value - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) *
					  (int64) SECS_PER_DAY) * USECS_PER_SEC,
					 NULL, &tm, &fsec, NULL, NULL) != 0)
		return refuse(tr, t, type);
	return typed(wanted, psprintf("'%04d-%02d-%02d %02d:%02d:%02d%s'::%s",
								  tm.tm_year, tm.tm_mon, tm.tm_mday,
								  tm.tm_hour, tm.tm_min, tm.tm_sec,
								  wanted == SQM_T_TIMESTAMP ? "" : "+00",
								  wanted == SQM_T_TIMESTAMP ? "timestamp" :
								  "timestamptz"));
}

static SqmTerm *
assign_iso(SqmTranslator *tr, SqmTerm *t, const char *type, const char *text)
{
	SqmIso		iso;
	SqmType		wanted = sqm_type_of_name(type, NULL);

	if (!sqm_parse_iso(text, &iso))
		return refuse(tr, t, type);
	if (wanted == SQM_T_TIME && !iso.has_date && !iso.has_offset)
		return typed(wanted, psprintf("'%s'::time", iso.time));
	if (!iso.has_date || (iso.has_offset && wanted != SQM_T_TIMESTAMPTZ))
		return refuse(tr, t, type);
	if (wanted == SQM_T_DATE &&
		(!iso.has_time || strspn(iso.time, "0:.") == strlen(iso.time)))
		return typed(wanted, psprintf("'%s'::date", iso.date));
	if (wanted == SQM_T_TIMESTAMP)
		return typed(wanted, psprintf("'%s %s'::timestamp", iso.date,
									  iso.has_time ? iso.time : "00:00:00"));
	/* without an offset it would be local time in a zone unknown here */
	if (wanted == SQM_T_TIMESTAMPTZ && iso.has_offset)
		return typed(wanted, psprintf("'%s %s%s'::timestamptz", iso.date,
									  iso.time, iso.offset));
	return refuse(tr, t, type);
}

static SqmTerm *
assign_temporal(SqmTranslator *tr, SqmTerm *t, const char *type)
{
	SqmType		wanted = sqm_type_of_name(type, NULL);
	const char *text;
	int64		value;
	char		form = t->instant_form | 0x20;
	bool		local = t->instant_form >= 'a';

	if (t->type == wanted)
		return t;
	if (sqm_literal_string(t, &text))
		return assign_iso(tr, t, type, text);
	if (sqm_literal_integer(t, &value))
		return assign_unix_time(tr, t, type, value);
	if (t->instant != NULL)
	{
		if (wanted == SQM_T_DATE && form != 't')
		{
			if (form == 's')
				sqm_note(tr, "the time of day is dropped");
			return typed(wanted, psprintf("%s::date", t->moment));
		}
		if (wanted == SQM_T_TIME && form == 't')
			return typed(wanted, psprintf("(%s)::time", t->instant));
		if (wanted == SQM_T_TIMESTAMP && form != 't')
			return typed(wanted, t->instant);
		if (wanted == SQM_T_TIMESTAMPTZ && t->instant_form == 'S' &&
			strcmp(t->moment, SQM_NOW_UTC) == 0)
			return typed(wanted, "pg_catalog.date_trunc('second', "
						 "CURRENT_TIMESTAMP)");
		if (wanted == SQM_T_TIMESTAMPTZ && form != 't')
			return typed(wanted, local ?
						 psprintf("(%s)::timestamptz", t->instant) :
						 psprintf("(%s AT TIME ZONE 'UTC')", t->instant));
	}
	/* unixepoch() and strftime('%s') in a column whose numbers were times */
	if ((wanted == SQM_T_TIMESTAMP || wanted == SQM_T_TIMESTAMPTZ) &&
		tr->context == SQM_CONTEXT_DEFAULT &&
		((t->type == SQM_T_INT && strstr(t->sql, "extract(epoch")) ||
		 (t->digits != NULL && strstr(t->digits, "extract(epoch"))))
		return typed(wanted, psprintf("(pg_catalog.to_timestamp(%s)%s)",
									  t->digits ? t->digits : t->sql,
									  wanted == SQM_T_TIMESTAMP ?
									  " AT TIME ZONE 'UTC'" : ""));
	return refuse(tr, t, type);
}

static SqmTerm *
assign_uuid(SqmTranslator *tr, SqmTerm *t, const char *type)
{
	const char *text;

	if (t->type == SQM_T_UUID)
		return t;
	if (sqm_literal_string(t, &text))
	{
		if (sqm_is_uuid(text))
			return typed(SQM_T_UUID, psprintf("%s::uuid", sqm_string(text)));
		return refuse(tr, t, type);
	}
	if (t->type != SQM_T_TEXT)
		return refuse(tr, t, type);
	sqm_note(tr, "a text that is no uuid is an error");
	return typed(SQM_T_UUID, psprintf("%s::uuid", sqm_atom(t)));
}

static SqmTerm *
assign_json(SqmTranslator *tr, SqmTerm *t, const char *type)
{
	SqmType		wanted = sqm_type_of_name(type, NULL);
	const char *text;
	int64		value;

	if (sqm_literal_integer(t, &value))
		text = psprintf(INT64_FORMAT, value);
	else if (!sqm_literal_string(t, &text))
	{
		if (t->type == SQM_T_JSON || t->type == SQM_T_JSONB ||
			t->type == SQM_T_JSONVALUE)
			return typed(wanted, psprintf("%s::%s", sqm_atom(t),
										  wanted == SQM_T_JSON ? "json" :
										  "jsonb"));
		return refuse(tr, t, type);
	}
	if (!sqm_json_valid(text))
		return refuse(tr, t, type);
	return typed(wanted, psprintf("%s::%s", sqm_string(text),
								  wanted == SQM_T_JSON ? "json" : "jsonb"));
}

/* An enum, a domain …: only a string, which PostgreSQL checks at once. */
static SqmTerm *
assign_other(SqmTranslator *tr, SqmTerm *t, const char *type)
{
	const char *text;

	if (sqm_literal_string(t, &text))
	{
		sqm_note(tr, "whether the type accepts the value is not checked");
		return t;
	}
	return refuse(tr, t, type);
}

/*
 * The term as a value of a column of the given type.  Generated columns and
 * defaults are assigned by PostgreSQL, which casts among numbers by itself.
 */
SqmTerm *
sqm_assign(SqmTranslator *tr, SqmTerm *t, const char *type)
{
	static const Assigner assigners[] = {
		[SQM_T_BOOL] = assign_boolean,
		[SQM_T_INT] = assign_integer,
		[SQM_T_NUMERIC] = assign_number,
		[SQM_T_FLOAT] = assign_number,
		[SQM_T_TEXT] = assign_text,
		[SQM_T_BYTEA] = assign_bytea,
		[SQM_T_DATE] = assign_temporal,
		[SQM_T_TIME] = assign_temporal,
		[SQM_T_TIMESTAMP] = assign_temporal,
		[SQM_T_TIMESTAMPTZ] = assign_temporal,
		[SQM_T_UUID] = assign_uuid,
		[SQM_T_JSON] = assign_json,
		[SQM_T_JSONB] = assign_json,
		[SQM_T_OTHER] = assign_other
	};

	if (t == NULL || t->type == SQM_T_NULL)
		return t;
	return assigners[sqm_type_of_name(type, NULL)] (tr, t, type);
}
