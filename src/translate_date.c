/*-------------------------------------------------------------------------
 *
 * translate_date.c
 *		What are SQLite's date and time functions in PostgreSQL?
 *
 * SQLite's dates are text, numbers of seconds or Julian days; its functions
 * read one of them, apply modifiers and write another.  Here the reading
 * gives a timestamp without time zone, in UTC; the modifiers are timestamp
 * arithmetic; the writing is to_char() or extract().  The result is text, as
 * in SQLite, and keeps the timestamp it was written from (SqmTerm.instant),
 * since a comparison with a timestamp column wants that.
 *
 * Months are added as SQLite adds them: 31 January + 1 month is 31 February,
 * which is 2 or 3 March.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "translate_term.h"

/* ------------------------------------------------------------------------
 * Constants in ISO 8601
 * ------------------------------------------------------------------------
 */

static bool
two_digits(const char **p, int max, int *value)
{
	const char *s = *p;

	if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
		return false;
	*value = (s[0] - '0') * 10 + s[1] - '0';
	*p += 2;
	return *value <= max;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

static bool
parse_date(const char **p, SqmIso *iso)
{
	int			century,
				year,
				month,
				day;

	if (!two_digits(p, 99, &century) || !two_digits(p, 99, &year) ||
		*(*p)++ != '-' || !two_digits(p, 12, &month) || *(*p)++ != '-' ||
		!two_digits(p, 31, &day))
		return false;
	year += century * 100;
	if (year == 0 || month == 0 || day == 0 ||
		day > days_in_month(year, month))
		return false;
	snprintf(iso->date, sizeof(iso->date), "%04d-%02d-%02d", year, month, day);
	iso->has_date = true;
	return true;
}

static bool
parse_time(const char **p, SqmIso *iso)
{
	int			hour,
				minute,
				second = 0;
	size_t		digits = 0;
	const char *fraction = "";

	if (!two_digits(p, 23, &hour) || *(*p)++ != ':' ||
		!two_digits(p, 59, &minute))
		return false;
	if (**p == ':')
	{
		(*p)++;
		if (!two_digits(p, 59, &second))
			return false;
		if (**p == '.')
		{
			fraction = *p;
			digits = strspn(fraction + 1, "0123456789") + 1;
			if (digits < 2 || digits > 7)
				return false;
			*p += digits;
		}
	}
	snprintf(iso->time, sizeof(iso->time), "%02d:%02d:%02d%.*s", hour, minute,
			 second, (int) digits, fraction);
	iso->has_time = true;
	return true;
}

static bool
parse_offset(const char **p, SqmIso *iso)
{
	int			hour = 0,
				minute = 0;
	char		sign = '+';

	if (**p == ' ')
		(*p)++;
	if (**p == 'Z' || **p == 'z')
		(*p)++;
	else
	{
		sign = *(*p)++;
		if ((sign != '+' && sign != '-') || !two_digits(p, 14, &hour))
			return false;
		if (**p == ':')
			(*p)++;
		if (!two_digits(p, 59, &minute))
			return false;
	}
	snprintf(iso->offset, sizeof(iso->offset), "%c%02d:%02d", sign, hour,
			 minute);
	iso->has_offset = true;
	return true;
}

/* YYYY-MM-DD, HH:MM[:SS[.f…]], both, and then an offset; nothing else. */
bool
sqm_parse_iso(const char *text, SqmIso *iso)
{
	const char *p = text;

	memset(iso, 0, sizeof(*iso));
	if (strlen(text) > 3 && text[2] != ':')
	{
		if (!parse_date(&p, iso))
			return false;
		if (*p == '\0')
			return true;
		if (*p != 'T' && *p != 't' && *p != ' ')
			return false;
		p++;
	}
	if (!parse_time(&p, iso))
		return false;
	if (*p != '\0' && !parse_offset(&p, iso))
		return false;
	return *p == '\0';
}

/* ------------------------------------------------------------------------
 * Reading: anything to a timestamp in UTC
 * ------------------------------------------------------------------------
 */

/* A moment on its way through the modifiers. */
typedef struct Moment
{
	char	   *sql;			/* a timestamp, atomic */
	bool		is_now;
	bool		local;
} Moment;

static bool
read_now(SqmTranslator *tr, Moment *m)
{
	if (tr->context != SQM_CONTEXT_DEFAULT && tr->context != SQM_CONTEXT_VIEW)
	{
		sqm_problem(tr, "the current time in a condition or a stored value "
					"has no faithful equivalent");
		return false;
	}
	tr->immutable = false;
	m->sql = SQM_NOW_UTC;
	m->is_now = true;
	return true;
}

static bool
read_constant(SqmTranslator *tr, const char *text, Moment *m)
{
	SqmIso		iso;
	char	   *local;

	if (sqm_fold_ascii(text, false)[0] == 'n' &&
		strcmp(sqm_fold_ascii(text, false), "now") == 0)
		return read_now(tr, m);
	if (!sqm_parse_iso(text, &iso))
	{
		sqm_problem(tr, psprintf("\"%s\" as a date has no faithful equivalent",
								 text));
		return false;
	}
	local = psprintf("'%s %s'::timestamp",
					 iso.has_date ? iso.date : "2000-01-01",
					 iso.has_time ? iso.time : "00:00:00");
	if (iso.has_offset)
		local = psprintf("(%s - '%c%s'::interval)", local, iso.offset[0],
						 iso.offset + 1);
	m->sql = local;
	return true;
}

/*
 * Text in a query: what looks like a date is read as one, everything else is
 * NULL, as in SQLite, which knows some more forms, though.
 */
static bool
read_text(SqmTranslator *tr, SqmTerm *t, Moment *m)
{
	static const char *const form = "^\\d{4}-\\d\\d-\\d\\d"
	"([ T]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?)?";
	const char *x = sqm_atom(t);

	tr->immutable = false;
	sqm_note(tr, "text is read as a date in the form YYYY-MM-DD[ HH:MM[:SS]] "
			 "only, and a day that does not exist is an error");
	m->sql = psprintf("CASE WHEN %s ~ %s THEN %s::timestamp WHEN %s ~ %s THEN "
					  "%s::timestamptz AT TIME ZONE 'UTC' END", x,
					  sqm_string(psprintf("%s$", form)), x, x,
					  sqm_string(psprintf("%s *(Z|[-+]\\d\\d:\\d\\d)$",
										  form)), x);
	return true;
}

static bool
read_term(SqmTranslator *tr, SqmTerm *t, bool unix_epoch, Moment *m)
{
	const char *text;

	if (t == NULL)
		return false;
	if (sqm_literal_string(t, &text))
		return read_constant(tr, text, m);
	if (t->instant != NULL && (t->instant_form | 0x20) != 't')
		m->sql = psprintf("(%s)", t->instant);
	else if (t->type == SQM_T_TIMESTAMP)
		m->sql = pstrdup(sqm_atom(t));
	else if (t->type == SQM_T_DATE)
		m->sql = psprintf("%s::timestamp", sqm_atom(t));
	else if (t->type == SQM_T_TIMESTAMPTZ)
		m->sql = psprintf("(%s AT TIME ZONE 'UTC')", sqm_atom(t));
	else if (t->type == SQM_T_TEXT && t->literal == NULL &&
			 tr->context == SQM_CONTEXT_VIEW)
		return read_text(tr, t, m);
	else if (unix_epoch && t->type == SQM_T_INT)
		m->sql = psprintf("(pg_catalog.to_timestamp(%s::double precision) "
						  "AT TIME ZONE 'UTC')", sqm_atom(t));
	else
	{
		sqm_problem(tr, psprintf("%s read as a date has no faithful "
								 "equivalent", sqm_type_word(t->type)));
		return false;
	}
	if (sqm_is_temporal(t))
		sqm_note(tr, "a date column is read as the date it became; in "
				 "SQLite it was text or a number");
	return true;
}

/* ------------------------------------------------------------------------
 * Modifiers
 * ------------------------------------------------------------------------
 */

static bool
refuse_modifier(SqmTranslator *tr, const char *text)
{
	sqm_problem(tr, psprintf("date modifier \"%s\" has no faithful equivalent",
							 text));
	return false;
}

/* "+3 days", "-1 month" … */
static bool
add_amount(SqmTranslator *tr, const char *text, Moment *m)
{
	static const struct
	{
		const char *unit;
		int			months;
	}			units[] = {
		{"day", 0}, {"hour", 0}, {"minute", 0}, {"second", 0},
		{"month", 1}, {"year", 12}
	};
	const char *p = text;
	char		sign = '+';
	char	   *unit;
	int			amount = 0;

	if (*p == '+' || *p == '-')
		sign = *p++;
	for (; *p >= '0' && *p <= '9'; p++)
	{
		amount = amount * 10 + *p - '0';
		if (amount > 100000)
			return refuse_modifier(tr, text);
	}
	if (*p != ' ' || p == text)
		return refuse_modifier(tr, text);
	p += strspn(p, " ");
	unit = sqm_fold_ascii(p, false);
	if (unit[0] != '\0' && unit[strlen(unit) - 1] == 's')
		unit[strlen(unit) - 1] = '\0';
	for (int i = 0; i < (int) lengthof(units); i++)
	{
		if (strcmp(unit, units[i].unit) != 0)
			continue;
		if (units[i].months == 0)
			m->sql = psprintf("(%s + '%c%d %s'::interval)", m->sql, sign,
							  amount, unit);
		else
			m->sql = psprintf("(pg_catalog.date_trunc('month', %s) + "
							  "'%c%d month'::interval + (%s - "
							  "pg_catalog.date_trunc('month', %s)))",
							  m->sql, sign, amount * units[i].months,
							  m->sql, m->sql);
		return true;
	}
	return refuse_modifier(tr, text);
}

static bool
apply_modifier(SqmTranslator *tr, const char *text, Moment *m)
{
	char	   *lower = sqm_fold_ascii(text, false);

	if (strncmp(lower, "start of ", 9) == 0 &&
		(strcmp(lower + 9, "day") == 0 || strcmp(lower + 9, "month") == 0 ||
		 strcmp(lower + 9, "year") == 0))
	{
		m->sql = psprintf("pg_catalog.date_trunc('%s', %s)", lower + 9,
						  m->sql);
		return true;
	}
	if (strncmp(lower, "weekday ", 8) == 0 && lower[8] >= '0' &&
		lower[8] <= '6' && lower[9] == '\0')
	{
		m->sql = psprintf("(%s + '1 day'::interval * ((%c - extract(dow FROM "
						  "%s)::integer + 7) %% 7))", m->sql, lower[8],
						  m->sql);
		return true;
	}
	if (strcmp(lower, "unixepoch") == 0)
		return true;			/* read_term looked for it */
	if (strcmp(lower, "localtime") == 0 && m->is_now && !m->local &&
		strcmp(m->sql, SQM_NOW_UTC) == 0)
	{
		sqm_note(tr, "local time follows the session's TimeZone");
		m->sql = "LOCALTIMESTAMP";
		m->local = true;
		return true;
	}
	return add_amount(tr, text, m);
}

/* The arguments from "first" on: a date and its modifiers. */
static bool
read_moment(SqmTranslator *tr, List *args, int first, Moment *m)
{
	int			n = list_length(args);
	bool		unix_epoch = false;
	const char *text;

	memset(m, 0, sizeof(*m));
	if (n <= first)
		return read_now(tr, m);
	if (n > first + 1)
	{
		const SqmExpr *e = list_nth(args, first + 1);

		unix_epoch = e->kind == SQM_E_STRING &&
			strcmp(sqm_fold_ascii(e->text, false), "unixepoch") == 0;
	}
	if (!read_term(tr, sqm_translate_expr(tr, list_nth(args, first)),
				   unix_epoch, m))
		return false;
	for (int i = first + 1; i < n; i++)
	{
		SqmTerm    *modifier = sqm_translate_expr(tr, list_nth(args, i));

		if (modifier == NULL)
			return false;
		if (!sqm_literal_string(modifier, &text))
			return refuse_modifier(tr, "(computed)");
		if (strcmp(sqm_fold_ascii(text, false), "unixepoch") == 0 &&
			!(unix_epoch && i == first + 1))
			return refuse_modifier(tr, text);
		if (!apply_modifier(tr, text, m))
			return false;
		if (strlen(m->sql) > 10000)
			return refuse_modifier(tr, text);
	}
	return true;
}

/* ------------------------------------------------------------------------
 * Writing
 * ------------------------------------------------------------------------
 */

/* What stands behind % in strftime. */
static const struct
{
	char		letter;
	const char *format;			/* for to_char(), or NULL */
	const char *field;			/* for extract() */
	int			width;
}			fields[] = {
	{'Y', "YYYY", "year", 4},
	{'m', "MM", "month", 2},
	{'d', "DD", "day", 2},
	{'H', "HH24", "hour", 2},
	{'M', "MI", "minute", 2},
	{'S', "SS", "second", 2},
	{'j', "DDD", "doy", 3},
	{'w', NULL, "dow", 1},
	{'s', NULL, "epoch", 0},
	{'f', "SS.MS", NULL, 0}
};

static char *
extract_digits(const char *field, const char *moment)
{
	return psprintf("pg_catalog.floor(extract(%s FROM %s))::bigint", field,
					moment);
}

/* One field without to_char(), which is not immutable. */
static char *
write_field(SqmTranslator *tr, int i, const char *moment)
{
	if (fields[i].field == NULL)
		return sqm_problem(tr, "fractions of seconds in strftime have no "
						   "immutable equivalent");
	if (fields[i].width <= 1)
		return psprintf("%s::text", extract_digits(fields[i].field, moment));
	return psprintf("pg_catalog.lpad(%s::text, %d, '0')",
					extract_digits(fields[i].field, moment),
					fields[i].width);
}

static void
append_part(StringInfo out, const char *part)
{
	appendStringInfo(out, "%s%s", out->len > 0 ? " || " : "", part);
}

static void
flush_format(StringInfo out, StringInfo format, const char *moment)
{
	if (format->len == 0)
		return;
	append_part(out, psprintf("pg_catalog.to_char(%s, %s)", moment,
							  sqm_string(format->data)));
	resetStringInfo(format);
}

/* strftime's format: to_char() where it may be, else field by field. */
static SqmTerm *
write_format(SqmTranslator *tr, const char *text, const char *moment)
{
	StringInfoData out;
	StringInfoData format;		/* of to_char, or literal text */
	SqmTerm    *t;

	initStringInfo(&out);
	initStringInfo(&format);
	for (const char *p = text; *p; p++)
	{
		int			i = 0;

		if (*p != '%' || p[1] == '%')
		{
			if (*p == '%')
				p++;
			if ((unsigned char) *p >= 0x80)
				return sqm_problem(tr, "this format of strftime has no "
								   "faithful equivalent");
			if (tr->need_immutable)
			{
				char		one[2] = {*p, '\0'};

				append_part(&out, sqm_string(one));
			}
			else if (strchr("-/:. ,;", *p) != NULL)
				appendStringInfoChar(&format, *p);
			else
				appendStringInfo(&format, *p == '"' || *p == '\\' ?
								 "\"\\%c\"" : "\"%c\"", *p);
			continue;
		}
		p++;
		while (i < (int) lengthof(fields) && fields[i].letter != *p)
			i++;
		if (i == (int) lengthof(fields))
			return sqm_problem(tr, psprintf("strftime's %%%c has no faithful "
											"equivalent", *p ? *p : ' '));
		if (fields[i].format != NULL && !tr->need_immutable)
			appendStringInfoString(&format, fields[i].format);
		else
		{
			char	   *part = write_field(tr, i, moment);

			if (part == NULL)
				return NULL;
			flush_format(&out, &format, moment);
			append_part(&out, part);
		}
	}
	if (!tr->need_immutable)
		tr->immutable = false;
	flush_format(&out, &format, moment);
	if (out.len == 0)
		return sqm_string_term("");
	t = sqm_term(SQM_T_TEXT, strstr(out.data, " || ") == NULL, out.data);
	return t;
}

/* ISO 8601 has a T, and perhaps a Z: they say nothing that we do not know. */
static char *
plain_format(const char *written, bool local)
{
	char	   *format = pstrdup(written);
	int			length = strlen(format);

	if (strncmp(format, "%Y-%m-%dT%H:%M", 14) == 0)
	{
		format[8] = ' ';
		if (format[length - 1] == 'Z' && !local)
			format[length - 1] = '\0';
	}
	return format;
}

static SqmTerm *
write_strftime(SqmTranslator *tr, const char *written, Moment *m)
{
	SqmTerm    *t = write_format(tr, written, m->sql);
	const char *format = plain_format(written, m->local);

	if (t == NULL)
		return t;
	t->moment = m->sql;
	if (strcmp(format, "%Y-%m-%d") == 0)
	{
		t->instant = psprintf("pg_catalog.date_trunc('day', %s)", m->sql);
		t->instant_form = 'D';
	}
	else if (strcmp(format, "%Y-%m-%d %H:%M:%S") == 0)
	{
		t->instant = psprintf("pg_catalog.date_trunc('second', %s)", m->sql);
		t->instant_form = 'S';
	}
	else if (strcmp(format, "%Y-%m-%d %H:%M:%f") == 0)
	{
		t->instant = psprintf("pg_catalog.date_trunc('milliseconds', %s)",
							  m->sql);
		t->instant_form = 'S';
	}
	else if (strcmp(format, "%H:%M:%S") == 0)
	{
		t->instant = psprintf("pg_catalog.date_trunc('second', %s)", m->sql);
		t->instant_form = 'T';
	}
	else if (strlen(format) == 2 && format[0] == '%' && format[1] != 'f')
	{
		for (int i = 0; i < (int) lengthof(fields); i++)
		{
			if (fields[i].letter == format[1])
				t->digits = extract_digits(fields[i].field, m->sql);
		}
	}
	if (m->local && t->instant != NULL)
		t->instant_form |= 0x20;	/* lower case */
	return t;
}

static SqmTerm *
write_julian(Moment *m)
{
	/* SQLite counts milliseconds since noon of the first Julian day */
	return sqm_term(SQM_T_FLOAT, false,
					psprintf("pg_catalog.round(extract(epoch FROM %s) * 1000 "
							 "+ 210866760000000)::double precision / "
							 "86400000::double precision", m->sql));
}

/* ------------------------------------------------------------------------
 * The functions
 * ------------------------------------------------------------------------
 */

/* date, time, datetime, julianday, unixepoch and strftime */
SqmTerm *
sqm_date_function(SqmTranslator *tr, const SqmExpr *e)
{
	char	   *name = sqm_fold_ascii(e->text, false);
	Moment		m;
	SqmTerm    *t;
	const char *format = NULL;
	int			first = 0;

	if (strcmp(name, "strftime") == 0)
	{
		t = sqm_translate_expr(tr, linitial(e->args));
		if (t == NULL)
			return NULL;
		if (!sqm_literal_string(t, &format))
			return sqm_problem(tr, "strftime with a computed format has no "
							   "faithful equivalent");
		first = 1;
	}
	else if (strcmp(name, "date") == 0)
		format = "%Y-%m-%d";
	else if (strcmp(name, "time") == 0)
		format = "%H:%M:%S";
	else if (strcmp(name, "datetime") == 0)
		format = "%Y-%m-%d %H:%M:%S";

	if (!read_moment(tr, e->args, first, &m))
		return NULL;
	if (format != NULL)
		return write_strftime(tr, format, &m);
	if (strcmp(name, "julianday") == 0)
		return write_julian(&m);
	return sqm_term(SQM_T_INT, true, extract_digits("epoch", m.sql));
}

/* CURRENT_TIMESTAMP, CURRENT_DATE and CURRENT_TIME are text in SQLite. */
SqmTerm *
sqm_now_term(SqmTranslator *tr, const char *word)
{
	char	   *up = sqm_fold_ascii(word, true);
	Moment		m = {0};

	if (!read_now(tr, &m))
		return NULL;
	return write_strftime(tr, strcmp(up, "CURRENT_DATE") == 0 ? "%Y-%m-%d" :
						  strcmp(up, "CURRENT_TIME") == 0 ? "%H:%M:%S" :
						  "%Y-%m-%d %H:%M:%S", &m);
}

/* A date column as the text that it was. */
SqmTerm *
sqm_date_as_text(SqmTranslator *tr, SqmTerm *t)
{
	SqmTerm    *out;

	sqm_note(tr, "a date column is read as text of the form YYYY-MM-DD");
	out = write_format(tr, "%Y-%m-%d",
					   psprintf("%s::timestamp", sqm_atom(t)));
	if (out != NULL)
	{
		out->not_null = t->not_null;
		out->instant = out->moment = psprintf("%s::timestamp", sqm_atom(t));
		out->instant_form = 'D';
	}
	return out;
}
