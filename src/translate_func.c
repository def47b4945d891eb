/*-------------------------------------------------------------------------
 *
 * translate_func.c
 *		Which function of PostgreSQL's is each of SQLite's?
 *
 * One table at the end of the file, one small function for each kind.  What
 * is not in the table has no faithful equivalent.  Functions are written
 * with their schema, so that nobody's function of the same name is taken.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lexer.h"
#include "translate_term.h"

#define MAX_ARGS 100

/* A function: its arguments are translated, none is the literal NULL. */
typedef SqmTerm *(*Handler) (SqmTranslator *tr, const SqmExpr *e,
							 SqmTerm **args, int n);

/* Finish a call: it is NULL where an argument is. */
static SqmTerm *
strict(SqmType type, char *sql, SqmTerm **args, int n)
{
	SqmTerm    *t = sqm_term(type, true, sql);

	t->logical = false;
	t->not_null = true;
	for (int i = 0; i < n; i++)
		t->not_null = t->not_null && args[i]->not_null;
	return t;
}

static bool
all_to_text(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	for (int i = 0; i < n; i++)
	{
		args[i] = sqm_term_to_text(tr, args[i], sqm_fold_ascii(e->text, false));
		if (args[i] == NULL)
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------------
 * Text
 * ------------------------------------------------------------------------
 */

static SqmTerm *
f_length(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *t;

	if (args[0]->type != SQM_T_BYTEA && !all_to_text(tr, e, args, n))
		return NULL;
	t = strict(SQM_T_INT, psprintf("pg_catalog.length(%s)", args[0]->sql),
			   args, n);
	t->narrow = true;
	return t;
}

static SqmTerm *
f_case(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	if (!all_to_text(tr, e, args, n))
		return NULL;
	return strict(SQM_T_TEXT,
				  psprintf("pg_catalog.%s(%s COLLATE \"C\")",
						   sqm_fold_ascii(e->text, false),
						   sqm_atom(args[0])), args, n);
}

/* trim(x), trim(x, characters) */
static SqmTerm *
f_trim(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	char	   *name = sqm_fold_ascii(e->text, false);

	if (!all_to_text(tr, e, args, n))
		return NULL;
	return strict(SQM_T_TEXT,
				  psprintf("pg_catalog.%s(%s, %s)",
						   strcmp(name, "trim") == 0 ? "btrim" : name,
						   args[0]->sql, n == 2 ? args[1]->sql : "' '"),
				  args, n);
}

static SqmTerm *
f_replace(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	const char *pattern = "";
	SqmTerm    *t;

	if (!all_to_text(tr, e, args, n))
		return NULL;
	t = strict(SQM_T_TEXT,
			   psprintf("pg_catalog.replace(%s, %s, %s)", args[0]->sql,
						args[1]->sql, args[2]->sql), args, n);

	/* an empty pattern gives the text back before NULLs are looked for */
	if (!args[2]->not_null &&
		!(sqm_literal_string(args[1], &pattern) && pattern[0] != '\0'))
		t->sql = psprintf("CASE WHEN %s = '' THEN %s ELSE %s END",
						  sqm_atom(args[1]), args[0]->sql, t->sql);
	return t;
}

static SqmTerm *
f_instr(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *t;

	if (!all_to_text(tr, e, args, n))
		return NULL;
	t = strict(SQM_T_INT, psprintf("pg_catalog.strpos(%s, %s)", args[0]->sql,
								   args[1]->sql), args, n);
	t->narrow = true;
	return t;
}

/*
 * substr(x, start [, length]): negative starts count from the end, and
 * negative lengths go backwards.  Constants tell; a computed start or length
 * is cut to what PostgreSQL accepts only where the result is the same.
 */
static SqmTerm *
f_substr(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	int64		start = 0;
	int64		length = 0;
	bool		fixed_start = sqm_literal_integer(args[1], &start);
	bool		fixed_length = n < 3 || sqm_literal_integer(args[2], &length);
	const char *x;
	const char *from;

	if (args[0]->type == SQM_T_BYTEA || !all_to_text(tr, e, args, 1) ||
		args[1]->type != SQM_T_INT || (n == 3 && args[2]->type != SQM_T_INT) ||
		start < PG_INT32_MIN / 2 || start > PG_INT32_MAX / 2 ||
		length < 0 || length > PG_INT32_MAX / 2)
		return sqm_problem(tr, "substr with these arguments has no faithful "
						   "equivalent");
	x = args[0]->sql;
	from = args[1]->narrow ? args[1]->sql :
		psprintf("%s::integer", sqm_atom(args[1]));
	if (n == 2)
	{
		if (fixed_start && start >= 0)
			return strict(SQM_T_TEXT, psprintf("pg_catalog.substr(%s, %s)", x,
											   from), args, n);
		if (fixed_start)
			return strict(SQM_T_TEXT, psprintf("pg_catalog.\"right\"(%s, "
											   INT64_FORMAT ")", x, -start),
						  args, n);
		return strict(SQM_T_TEXT,
					  psprintf("CASE WHEN %s < 0 THEN pg_catalog.\"right\"(%s,"
							   " - (%s)) ELSE pg_catalog.substr(%s, %s) END",
							   sqm_atom(args[1]), x, from, x, from), args, n);
	}
	if (fixed_start && fixed_length && start >= 0)
		return strict(SQM_T_TEXT, psprintf("pg_catalog.substr(%s, %s, %s)", x,
										   from, args[2]->sql), args, n);
	if (fixed_start && start == 1)
		return strict(SQM_T_TEXT,
					  psprintf("pg_catalog.substr(%s, 1, CASE WHEN %s < 0 THEN"
							   " 0 ELSE %s::integer END)", x,
							   sqm_atom(args[2]), sqm_atom(args[2])), args, n);
	return sqm_problem(tr, "substr with a start or length that may be "
					   "negative has no faithful equivalent");
}

static SqmTerm *
f_hex(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	char	   *bytes = args[0]->sql;
	SqmTerm    *t;

	/* not NULL, for once: hex(NULL) is empty */
	if (args[0]->type == SQM_T_NULL)
		return sqm_string_term("");
	if (args[0]->type != SQM_T_BYTEA)
	{
		if (!all_to_text(tr, e, args, n) ||
			!sqm_need_stable(tr, "hex of text"))
			return NULL;
		bytes = psprintf("pg_catalog.convert_to(%s, 'UTF8')", args[0]->sql);
	}
	t = strict(SQM_T_TEXT,
			   psprintf("pg_catalog.upper(pg_catalog.encode(%s, 'hex'))",
						bytes), args, n);
	if (!t->not_null)
		t->sql = psprintf("coalesce(%s, '')", t->sql);
	t->not_null = true;
	return t;
}

static SqmTerm *
f_char(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	StringInfoData out;
	int64		code;

	initStringInfo(&out);
	for (int i = 0; i < n; i++)
	{
		if (!sqm_literal_integer(args[i], &code) || code < 1 || code > 127)
			return sqm_problem(tr, "char() of anything but ASCII has no "
							   "faithful equivalent");
		appendStringInfoChar(&out, (char) code);
	}
	return sqm_string_term(out.data);
}

static SqmTerm *
f_unicode(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *t;

	if (!all_to_text(tr, e, args, n))
		return NULL;
	t = sqm_term(SQM_T_INT, true, psprintf("NULLIF(pg_catalog.ascii(%s), 0)",
										   args[0]->sql));
	t->narrow = true;
	return t;
}

/* %s and %d of printf; everything else has PostgreSQL's own ideas. */
static SqmTerm *
f_printf(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	StringInfoData out;
	StringInfoData plain;
	const char *format;
	int			used = 1;

	if (!sqm_literal_string(args[0], &format))
		return sqm_problem(tr, "printf with a computed format has no faithful "
						   "equivalent");
	initStringInfo(&out);
	initStringInfo(&plain);
	for (const char *p = format;; p++)
	{
		SqmTerm    *t;

		if (*p != '\0' && (*p != '%' || p[1] == '%'))
		{
			appendStringInfoChar(&plain, *p);
			p += *p == '%';
			continue;
		}
		if (plain.len > 0)
			appendStringInfo(&out, "%s%s", out.len > 0 ? " || " : "",
							 sqm_string(plain.data));
		resetStringInfo(&plain);
		if (*p == '\0')
			break;
		p++;
		if ((*p != 's' && *p != 'd') || used >= n)
			return sqm_problem(tr, "this format of printf has no faithful "
							   "equivalent");
		t = args[used++];
		if (*p == 'd' && t->type != SQM_T_INT)
			return sqm_problem(tr, "%d of printf wants an integer");
		t = sqm_term_to_text(tr, t, "printf");
		if (t == NULL)
			return NULL;
		appendStringInfo(&out, "%s%s", out.len > 0 ? " || " : "",
						 t->not_null ? sqm_atom(t) :
						 psprintf("coalesce(%s, '%s')", t->sql,
								  *p == 'd' ? "0" : ""));
	}
	return sqm_term(SQM_T_TEXT, false, out.len > 0 ? out.data : "''");
}

/* ------------------------------------------------------------------------
 * Numbers
 * ------------------------------------------------------------------------
 */

static SqmTerm *
f_abs(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *x = sqm_to_number(tr, args[0], "abs");
	SqmTerm    *t;

	if (x == NULL)
		return NULL;
	t = strict(x->type, psprintf("pg_catalog.abs(%s)", x->sql), args, n);
	t->number = x->number;
	t->narrow = x->narrow;
	return t;
}

/* SQLite rounds half away from zero, as numeric does (and float8 does not). */
static SqmTerm *
f_round(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *x = sqm_to_number(tr, args[0], "round");
	int64		digits = 0;
	SqmTerm    *t;

	if (x == NULL)
		return NULL;
	if (n == 2 && (!sqm_literal_integer(args[1], &digits) || digits > 30))
		return sqm_problem(tr, "round to a computed number of digits has no "
						   "faithful equivalent");
	if (digits < 0)
		digits = 0;
	if (x->type != SQM_T_INT)
		sqm_note(tr, "rounding works on the decimal digits");
	t = strict(SQM_T_NUMERIC,
			   x->type == SQM_T_NUMERIC ?
			   psprintf("pg_catalog.round(%s, " INT64_FORMAT ")", x->sql,
						digits) :
			   psprintf("pg_catalog.round(%s::numeric, " INT64_FORMAT ")",
						sqm_atom(x), digits), args, n);
	if (x->type == SQM_T_FLOAT)
	{
		t->sql = psprintf("%s::double precision", t->sql);
		t->type = SQM_T_FLOAT;
	}
	t->number = SQM_N_REAL;
	return t;
}

/* floor, ceil, ceiling, trunc */
static SqmTerm *
f_floor(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	char	   *name = sqm_fold_ascii(e->text, false);
	SqmTerm    *x = sqm_to_number(tr, args[0], name);
	SqmTerm    *t;

	if (x == NULL)
		return NULL;
	if (x->type == SQM_T_INT)
		t = strict(x->type, pstrdup(sqm_atom(x)), args, n);
	else
		t = strict(x->type,
				   psprintf("pg_catalog.%s(%s)",
							strcmp(name, "ceiling") == 0 ? "ceil" : name,
							x->sql), args, n);
	t->number = x->number;
	t->narrow = x->narrow;
	return t;
}

static SqmTerm *
f_sign(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *x = sqm_to_number(tr, args[0], "sign");

	if (x == NULL)
		return NULL;
	return strict(SQM_T_INT, psprintf("pg_catalog.sign(%s)::bigint",
									  x->type == SQM_T_INT ?
									  psprintf("%s::numeric", sqm_atom(x)) :
									  x->sql), args, n);
}

/* min and max of several values: NULL if one is, which least() is not. */
static SqmTerm *
f_extreme(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	bool		least = sqm_same_name(e->text, "min");
	SqmTerm    *t;
	StringInfoData list;
	StringInfoData nulls;

	if (n < 2)
		return sqm_problem(tr, psprintf("the aggregate %s is not allowed here",
										least ? "min" : "max"));
	t = sqm_unify(tr, args, n, least ? "min" : "max");
	if (t == NULL)
		return NULL;
	if (!sqm_is_numeric(t) && !sqm_is_temporal(t) && t->type != SQM_T_TEXT)
		return sqm_problem(tr, psprintf("%s of %s has no faithful equivalent",
										least ? "min" : "max",
										sqm_type_word(t->type)));
	initStringInfo(&list);
	initStringInfo(&nulls);
	for (int i = 0; i < n; i++)
	{
		if (t->type == SQM_T_TEXT && args[i]->collation > SQM_C_BINARY)
			return sqm_problem(tr, "min and max under this collation have no "
							   "faithful equivalent");
		appendStringInfo(&list, "%s%s%s", i > 0 ? ", " : "",
						 t->type == SQM_T_TEXT ? sqm_atom(args[i]) :
						 args[i]->sql,
						 t->type == SQM_T_TEXT && i == 0 ?
						 " COLLATE \"C\"" : "");
		if (!args[i]->not_null)
			appendStringInfo(&nulls, "%s%s IS NULL", nulls.len > 0 ? " OR " :
							 "", sqm_atom(args[i]));
	}
	t->sql = psprintf("%s(%s)", least ? "LEAST" : "GREATEST", list.data);
	if (nulls.len > 0)
		t->sql = psprintf("CASE WHEN %s THEN NULL ELSE %s END", nulls.data,
						  t->sql);
	t->atom = true;
	t->not_null = nulls.len == 0;
	return t;
}

/* ------------------------------------------------------------------------
 * NULL and conditions
 * ------------------------------------------------------------------------
 */

/* coalesce and ifnull */
static SqmTerm *
f_coalesce(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *t = sqm_unify(tr, args, n, sqm_fold_ascii(e->text, false));
	StringInfoData list;

	if (t == NULL)
		return NULL;
	initStringInfo(&list);
	for (int i = 0; i < n; i++)
	{
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", args[i]->sql);
		t->not_null = t->not_null || args[i]->not_null;
	}
	if (t->type == SQM_T_NULL)
		return sqm_null_term();
	/* the first argument's column decides on the collation in SQLite as well */
	t->sql = psprintf("coalesce(%s)", list.data);
	t->atom = true;
	return t;
}

/* Functions compare their arguments without the affinity of columns. */
static SqmTerm *
without_affinity(const SqmTerm *t, SqmCollation collation)
{
	SqmTerm    *copy = palloc(sizeof(SqmTerm));

	*copy = *t;
	copy->affinity = 'B';
	copy->collation = collation;
	copy->explicit_collation = true;
	return copy;
}

static SqmTerm *
f_nullif(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *equal;
	SqmTerm    *t;
	SqmCollation collation = args[0]->collation != SQM_C_NONE ?
		args[0]->collation : args[1]->collation;

	if (args[0]->type == SQM_T_NULL || args[1]->type == SQM_T_NULL)
		return args[0];
	equal = sqm_compare(tr, SQM_OP_EQ,
						without_affinity(args[0], collation),
						without_affinity(args[1], collation));
	if (equal == NULL)
		return NULL;
	t = sqm_term(args[0]->type, true,
				 psprintf("CASE WHEN %s THEN NULL ELSE %s END", equal->sql,
						  args[0]->sql));
	t->number = args[0]->number;
	t->narrow = args[0]->narrow;
	t->logical = args[0]->logical;
	return t;
}

/* iif(condition, x, y): a CASE */
static SqmTerm *
f_iif(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *condition = sqm_truth(tr, args[0]);
	SqmTerm    *t = sqm_unify(tr, args + 1, n - 1, "iif");

	if (condition == NULL || t == NULL)
		return NULL;
	if (t->type == SQM_T_NULL)
		return sqm_null_term();
	t->sql = n == 2 ?
		psprintf("CASE WHEN %s THEN %s END", condition->sql, args[1]->sql) :
		psprintf("CASE WHEN %s THEN %s ELSE %s END", condition->sql,
				 args[1]->sql, args[2]->sql);
	t->atom = true;
	return t;
}

/* likely(x), unlikely(x) and likelihood(x, p) are x */
static SqmTerm *
f_same(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	return args[0];
}

/* The storage class that SQLite's values of a term have; NULL: several. */
const char *
sqm_storage_class(const SqmTerm *t)
{
	switch (t->type)
	{
		case SQM_T_BOOL:
		case SQM_T_INT:
			return "integer";
		case SQM_T_FLOAT:
			return t->number == SQM_N_REAL ? "real" : NULL;
		case SQM_T_NUMERIC:
			return t->number == SQM_N_REAL ? "real" : NULL;
		case SQM_T_BYTEA:
			return "blob";
		case SQM_T_TEXT:
			return t->affinity == 'T' || !t->column ? "text" : NULL;
		default:
			return NULL;
	}
}

static SqmTerm *
f_typeof(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	const char *class = sqm_storage_class(args[0]);
	SqmTerm    *t;

	if (class == NULL)
		return sqm_problem(tr, psprintf("typeof of %s has no faithful "
										"equivalent",
										sqm_type_word(args[0]->type)));
	if (args[0]->not_null)
		return sqm_string_term(class);
	t = sqm_term(SQM_T_TEXT, true,
				 psprintf("CASE WHEN %s IS NULL THEN 'null' ELSE '%s' END",
						  sqm_atom(args[0]), class));
	t->not_null = true;
	return t;
}

/* ------------------------------------------------------------------------
 * JSON and random bytes
 * ------------------------------------------------------------------------
 */

/*
 * json_valid(NULL) is NULL, as SQLite documents it; some versions gave 0.
 */
static SqmTerm *
f_json_valid(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	SqmTerm    *x = args[0];

	if (x->type == SQM_T_JSON || x->type == SQM_T_JSONB)
		return strict(SQM_T_BOOL, psprintf("CASE WHEN %s IS NOT NULL THEN true"
										   " END", sqm_atom(x)), args, n);
	if (x->type == SQM_T_TEXT && tr->context == SQM_CONTEXT_CHECK &&
		tr->conjunct == e)
	{
		/*
		 * PostgreSQL before 16 cannot ask; the cast raises its own error,
		 * which is as good where the check would have failed for certain.
		 */
		SqmTerm    *t = sqm_term(SQM_T_BOOL, false,
								 psprintf("%s IS NULL OR %s::json IS NOT NULL",
										  sqm_atom(x), sqm_atom(x)));

		t->chain = '|';
		sqm_note(tr, "text that is not JSON is refused by the cast to json");
		return t;
	}
	return sqm_problem(tr, psprintf("json_valid of %s has no faithful "
									"equivalent", sqm_type_word(x->type)));
}

static SqmTerm *
f_json_extract(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	return sqm_json_path(tr, args[0], args[1], 0);
}

static SqmTerm *
f_json_array_length(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args,
					int n)
{
	SqmTerm    *t;
	const char *x = sqm_atom(args[0]);

	if (args[0]->type == SQM_T_TEXT)
		x = psprintf("%s::jsonb", x);
	else if (args[0]->type == SQM_T_JSON)
		x = psprintf("%s::jsonb", x);
	else if (args[0]->type != SQM_T_JSONB)
		return sqm_problem(tr, "json_array_length of anything but JSON has no "
						   "faithful equivalent");
	t = strict(SQM_T_INT,
			   psprintf("CASE pg_catalog.jsonb_typeof(%s) WHEN 'array' THEN "
						"pg_catalog.jsonb_array_length(%s) ELSE 0 END", x, x),
			   args, n);
	if (!t->not_null)
		t->sql = psprintf("CASE WHEN %s IS NOT NULL THEN %s END", x, t->sql);
	t->narrow = true;
	return t;
}

/* json(x) checks and minifies. */
static SqmTerm *
f_json(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	const char *text;

	if (args[0]->type == SQM_T_JSONB || args[0]->type == SQM_T_JSON)
		return args[0];
	if (args[0]->type != SQM_T_TEXT ||
		(sqm_literal_string(args[0], &text) && !sqm_json_valid(text)))
		return sqm_problem(tr, "json() of anything but JSON has no faithful "
						   "equivalent");
	return strict(SQM_T_JSONB, psprintf("%s::jsonb", sqm_atom(args[0])), args,
				  n);
}

/* 32 well mixed bytes are enough for every key that is made this way. */
static SqmTerm *
f_randomblob(SqmTranslator *tr, const SqmExpr *e, SqmTerm **args, int n)
{
	int64		count;
	SqmTerm    *t;

	if (!sqm_literal_integer(args[0], &count) || count < 1 || count > 32 ||
		(tr->context != SQM_CONTEXT_DEFAULT &&
		 tr->context != SQM_CONTEXT_VIEW))
		return sqm_problem(tr, "randomblob with these arguments has no "
						   "faithful equivalent");
	tr->immutable = false;
	sqm_note(tr, "random bytes come from gen_random_uuid(), 122 bits each");
	t = sqm_term(SQM_T_BYTEA, true,
				 psprintf("pg_catalog.substr(pg_catalog.sha256(pg_catalog."
						  "uuid_send(pg_catalog.gen_random_uuid())), 1, "
						  INT64_FORMAT ")", count));
	t->not_null = true;
	return t;
}

/* ------------------------------------------------------------------------
 * The table
 * ------------------------------------------------------------------------
 */

static const struct
{
	const char *name;
	int			min_args;
	int			max_args;
	Handler		handler;
	bool		strict;			/* a literal NULL argument gives NULL */
}			functions[] = {
	{"abs", 1, 1, f_abs, true},
	{"ceil", 1, 1, f_floor, true},
	{"ceiling", 1, 1, f_floor, true},
	{"char", 1, MAX_ARGS, f_char, true},
	{"coalesce", 2, MAX_ARGS, f_coalesce, false},
	{"floor", 1, 1, f_floor, true},
	{"format", 1, MAX_ARGS, f_printf, false},
	{"hex", 1, 1, f_hex, false},
	{"if", 2, 3, f_iif, false},
	{"ifnull", 2, 2, f_coalesce, false},
	{"iif", 2, 3, f_iif, false},
	{"instr", 2, 2, f_instr, true},
	{"json", 1, 1, f_json, true},
	{"json_array_length", 1, 1, f_json_array_length, true},
	{"json_extract", 2, 2, f_json_extract, true},
	{"json_valid", 1, 1, f_json_valid, true},
	{"length", 1, 1, f_length, true},
	{"likelihood", 2, 2, f_same, false},
	{"likely", 1, 1, f_same, false},
	{"lower", 1, 1, f_case, true},
	{"ltrim", 1, 2, f_trim, true},
	{"max", 1, MAX_ARGS, f_extreme, true},
	{"min", 1, MAX_ARGS, f_extreme, true},
	{"nullif", 2, 2, f_nullif, false},
	{"printf", 1, MAX_ARGS, f_printf, false},
	{"randomblob", 1, 1, f_randomblob, true},
	{"replace", 3, 3, f_replace, false},
	{"round", 1, 2, f_round, true},
	{"rtrim", 1, 2, f_trim, true},
	{"sign", 1, 1, f_sign, true},
	{"substr", 2, 3, f_substr, true},
	{"substring", 2, 3, f_substr, true},
	{"trim", 1, 2, f_trim, true},
	{"trunc", 1, 1, f_floor, true},
	{"typeof", 1, 1, f_typeof, false},
	{"unicode", 1, 1, f_unicode, true},
	{"unlikely", 1, 1, f_same, false},
	{"upper", 1, 1, f_case, true}
};

static bool
is_date_function(const char *name, int n)
{
	static const char *const names[] = {
		"date", "time", "datetime", "julianday", "unixepoch"
	};

	for (int i = 0; i < (int) lengthof(names); i++)
	{
		if (sqm_same_name(name, names[i]))
			return true;
	}
	return n > 0 && sqm_same_name(name, "strftime");
}

static SqmTerm *
call(SqmTranslator *tr, const SqmExpr *e, int which)
{
	SqmTerm    *args[MAX_ARGS];
	ListCell   *lc;
	int			n = 0;

	foreach(lc, e->args)
	{
		args[n] = sqm_translate_expr(tr, lfirst(lc));
		if (args[n] == NULL)
			return NULL;
		if (args[n]->type == SQM_T_NULL && functions[which].strict)
			return sqm_null_term();
		if (args[n]->type == SQM_T_OTHER)
			return sqm_problem(tr, psprintf("function %s of a type of its own "
											"has no faithful equivalent",
											functions[which].name));
		n++;
	}
	if (n == 1 && args[0]->type == SQM_T_NULL &&
		functions[which].handler == f_typeof)
		return sqm_string_term("null");
	return functions[which].handler(tr, e, args, n);
}

SqmTerm *
sqm_function(SqmTranslator *tr, const SqmExpr *e)
{
	int			n = list_length(e->args);

	if (tr->aggregate != NULL)
	{
		bool		handled = false;
		SqmTerm    *t = tr->aggregate(tr, e, &handled);

		if (handled)
			return t;
	}
	if (e->over != NULL || e->filter != NULL || e->distinct || e->star ||
		e->order_by != NIL)
		return sqm_problem(tr, psprintf("function %s has no faithful "
										"equivalent here",
										sqm_fold_ascii(e->text, false)));
	if (is_date_function(e->text, n))
		return sqm_date_function(tr, e);
	for (int i = 0; i < (int) lengthof(functions); i++)
	{
		if (!sqm_same_name(e->text, functions[i].name))
			continue;
		if (n < functions[i].min_args || n > functions[i].max_args)
			return sqm_problem(tr, psprintf("wrong number of arguments to "
											"function %s",
											functions[i].name));
		return call(tr, e, i);
	}
	return sqm_problem(tr, psprintf("function %s has no faithful equivalent",
									sqm_fold_ascii(e->text, false)));
}
