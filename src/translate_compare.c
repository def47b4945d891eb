/*-------------------------------------------------------------------------
 *
 * translate_compare.c
 *		When do two values compare in PostgreSQL as they did in SQLite?
 *
 * SQLite converts by affinity before it compares, orders values of different
 * storage classes by class (number < text < blob), and compares text by the
 * collation of the left operand.  PostgreSQL's operators work on one type.
 * Every pair of types that has a faithful form gets it here; every other
 * pair is a problem with a reason.
 *
 * A pair is first made comparable (sqm_compare's "pair"), which lets = and
 * IN share all rules: IN is a list of pairs with one left side.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"

#include "translate_term.h"

/* How the comparison of two operands came out. */
typedef enum Outcome
{
	COMPARABLE,					/* left op right */
	ALWAYS,						/* true, or NULL where the left one is */
	NEVER,						/* false, or NULL where the left one is */
	WHOLE,						/* left is the finished condition */
	REFUSED						/* tr->problem says why */
} Outcome;

typedef struct Pair
{
	char	   *left;
	char	   *right;
	int			op;				/* may differ from the one asked for */
} Pair;

static const char *
operator_text(int op)
{
	switch (op)
	{
		case SQM_OP_EQ:
			return "=";
		case SQM_OP_NE:
			return "<>";
		case SQM_OP_LE:
			return "<=";
		case SQM_OP_GE:
			return ">=";
		case '<':
			return "<";
		case '>':
			return ">";
		case SQM_OP_IS:
			return "IS NOT DISTINCT FROM";
		case SQM_OP_IS_NOT:
			return "IS DISTINCT FROM";
	}
	return NULL;
}

static int
mirrored(int op)
{
	switch (op)
	{
		case '<':
			return '>';
		case '>':
			return '<';
		case SQM_OP_LE:
			return SQM_OP_GE;
		case SQM_OP_GE:
			return SQM_OP_LE;
	}
	return op;
}

static bool
is_equality(int op)
{
	return op == SQM_OP_EQ || op == SQM_OP_NE || op == SQM_OP_IS ||
		op == SQM_OP_IS_NOT;
}

static Outcome
refuse(SqmTranslator *tr, const SqmTerm *l, const SqmTerm *r)
{
	sqm_problem(tr, psprintf("comparing %s with %s has no faithful equivalent",
							 sqm_type_word(l->type), sqm_type_word(r->type)));
	return REFUSED;
}

static Outcome
comparable(Pair *pair, const char *left, const char *right)
{
	pair->left = pstrdup(left);
	pair->right = pstrdup(right);
	return COMPARABLE;
}

/* The outcome if left is always less (or always greater) than right. */
static Outcome
ordered(int op, bool less)
{
	if (op == SQM_OP_NE || op == SQM_OP_IS_NOT)
		return ALWAYS;
	if (op == SQM_OP_EQ || op == SQM_OP_IS)
		return NEVER;
	return (op == '<' || op == SQM_OP_LE) == less ? ALWAYS : NEVER;
}

/* ------------------------------------------------------------------------
 * Text
 * ------------------------------------------------------------------------
 */

/* SQLite: a written collation, else the column's, left before right. */
static SqmCollation
pair_collation(const SqmTerm *l, const SqmTerm *r)
{
	if (l->explicit_collation)
		return l->collation;
	if (r->explicit_collation)
		return r->collation;
	if (l->collation != SQM_C_NONE)
		return l->collation;
	if (r->collation != SQM_C_NONE)
		return r->collation;
	return SQM_C_BINARY;
}

/* The text that is equal, byte for byte, where the collation says equal. */
static char *
collated(const SqmTerm *t, SqmCollation collation, bool order)
{
	const char *text;

	switch (collation)
	{
		case SQM_C_NOCASE:
			if (sqm_literal_string(t, &text))
				return sqm_string(sqm_fold_ascii(text, false));
			return psprintf("pg_catalog.lower(%s COLLATE \"C\")",
							sqm_atom(t));
		case SQM_C_RTRIM:
			return psprintf("pg_catalog.rtrim(%s%s, ' ')", sqm_atom(t),
							order ? " COLLATE \"C\"" : "");
		default:
			if (order)
				return psprintf("%s COLLATE \"C\"", sqm_atom(t));
			return pstrdup(sqm_atom(t));
	}
}

static Outcome
pair_texts(SqmTranslator *tr, int op, SqmTerm *l, SqmTerm *r, Pair *pair)
{
	SqmCollation collation = pair_collation(l, r);
	bool		order = !is_equality(op);
	const char *text;
	int64		value;
	bool		real;

	/*
	 * A column of numeric affinity that came out as text: a number in the
	 * other operand is converted, and order depends on storage classes.
	 */
	if (strchr("INR", l->affinity ? l->affinity : '-') ||
		strchr("INR", r->affinity ? r->affinity : '-'))
	{
		if (order)
			return refuse(tr, l, r);
		if ((sqm_literal_string(r, &text) || sqm_literal_string(l, &text)) &&
			sqm_number_in_text(text, &real) != NULL &&
			!(sqm_parse_integer(text, &value) &&
			  strcmp(text, psprintf(INT64_FORMAT, value)) == 0))
			return refuse(tr, l, r);
	}
	return comparable(pair, collated(l, collation, order),
					  collated(r, collation, order &&
							   collation == SQM_C_RTRIM));
}

/* ------------------------------------------------------------------------
 * Booleans and numbers
 * ------------------------------------------------------------------------
 */

/* The words that value.c takes for a boolean. */
static int
boolean_word(const char *text)
{
	static const char *const words[] = {
		"f", "t", "false", "true", "no", "yes", "0", "1"
	};
	char	   *lower = sqm_fold_ascii(text, false);

	for (int i = 0; i < (int) lengthof(words); i++)
	{
		if (strcmp(lower, words[i]) == 0)
			return i % 2;
	}
	return -1;
}

static Outcome
pair_boolean(SqmTranslator *tr, int op, SqmTerm *l, SqmTerm *r, Pair *pair)
{
	int64		value;
	const char *text;

	if (r->type == SQM_T_BOOL)
		return comparable(pair, sqm_atom(l), sqm_atom(r));
	if (sqm_literal_string(r, &text) && l->column && l->affinity != 0)
	{
		int			word = boolean_word(text);

		if (word < 0 && text[0] == '\0')
			return ordered(op, true);
		if (word < 0 || !is_equality(op))
			return refuse(tr, l, r);
		if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
			sqm_note(tr, "a boolean column is compared with a word: true and "
					 "false stand for all spellings");
		return comparable(pair, l->sql, word ? "true" : "false");
	}
	if (is_equality(op) && sqm_literal_integer(r, &value))
	{
		if (value == 0 || value == 1)
			return comparable(pair, sqm_atom(l), value ? "true" : "false");
		return ordered(op, value > 1);
	}
	if (!sqm_is_numeric(r))
		return refuse(tr, l, r);
	return comparable(pair, sqm_atom(sqm_to_number(tr, l, "comparing")),
					  sqm_atom(r));
}

/* A number against text. */
static Outcome
pair_number_text(SqmTranslator *tr, int op, SqmTerm *l, SqmTerm *r,
				 Pair *pair)
{
	const char *text;
	bool		real;
	int64		value;

	/* a column of TEXT affinity, or a cast, turns the number into text */
	if (r->affinity == 'T' &&
		!(l->affinity != 0 && strchr("INR", l->affinity)))
	{
		if (l->type != SQM_T_INT)
			return refuse(tr, l, r);
		return pair_texts(tr, op, sqm_term_to_text(tr, l, "a comparison"), r,
						  pair);
	}
	if (sqm_literal_string(r, &text))
	{
		char	   *number = NULL;

		/* only the affinity of a column or a cast converts the constant */
		if (l->affinity != 0 && strchr("INR", l->affinity))
			number = sqm_number_in_text(text, &real);
		if (number == NULL)
			return ordered(op, true);	/* every number < every text */
		if (!real && sqm_parse_integer(number, &value))
			return comparable(pair, sqm_atom(l),
							  sqm_integer_term(value)->sql);
		if (strlen(number) > 40 || isinf(strtod(number, NULL)))
			return refuse(tr, l, r);
		return comparable(pair, sqm_atom(l),
						  psprintf("'%s'::numeric", number));
	}
	/* text that only came to be text has numbers in their decimal form */
	if (r->column && r->affinity != 'T' && r->affinity != 'B' &&
		is_equality(op) && sqm_literal_integer(l, &value))
		return comparable(pair, sqm_string(psprintf(INT64_FORMAT, value)),
						  sqm_atom(r));
	return refuse(tr, l, r);
}

/* ------------------------------------------------------------------------
 * Dates and times: text in SQLite, types of their own here
 * ------------------------------------------------------------------------
 */

#define NOTE_ISO "dates are compared as dates; in SQLite they were text or " \
	"numbers"

/*
 * '2024-05-01' against '2024-05-01 10:00:00': the shorter text is less, so a
 * day stands for its midnight in >= and <, and > and <= become these.
 */
static Outcome
pair_timestamp_day(SqmTranslator *tr, int op, SqmTerm *l, const char *day,
				   Pair *pair)
{
	if (is_equality(op))
	{
		sqm_problem(tr, "comparing a timestamp with a day for equality has "
					"no faithful equivalent");
		return REFUSED;
	}
	if (op == '>')
		pair->op = SQM_OP_GE;
	else if (op == SQM_OP_LE)
		pair->op = '<';
	return comparable(pair, sqm_atom(l), day);
}

static Outcome
pair_temporal_constant(SqmTranslator *tr, int op, SqmTerm *l, SqmTerm *r,
					   const char *text, Pair *pair)
{
	SqmIso		iso;

	if (text[0] == '\0')
		return ordered(op, false);	/* '' < any other text */
	if (!sqm_parse_iso(text, &iso) || iso.has_offset)
		return refuse(tr, l, r);
	if (l->type == SQM_T_DATE && iso.has_date && !iso.has_time)
		return comparable(pair, sqm_atom(l), psprintf("'%s'::date", iso.date));
	if (l->type == SQM_T_TIME && !iso.has_date)
		return comparable(pair, sqm_atom(l), psprintf("'%s'::time", iso.time));
	if (l->type != SQM_T_TIMESTAMP || !iso.has_date)
		return refuse(tr, l, r);
	if (!iso.has_time)
		return pair_timestamp_day(tr, op, l,
								  psprintf("'%s 00:00:00'::timestamp",
										   iso.date), pair);
	return comparable(pair, sqm_atom(l),
					  psprintf("'%s %s'::timestamp", iso.date, iso.time));
}

static Outcome
pair_temporal(SqmTranslator *tr, int op, SqmTerm *l, SqmTerm *r, Pair *pair)
{
	const char *text;

	if (sqm_literal_string(r, &text))
	{
		if (text[0] != '\0')
			sqm_note(tr, NOTE_ISO);
		return pair_temporal_constant(tr, op, l, r, text, pair);
	}
	sqm_note(tr, NOTE_ISO);
	if (l->type == r->type)
		return comparable(pair, sqm_atom(l), sqm_atom(r));
	if (r->instant != NULL && (r->instant_form | 0x20) == 'd')
	{
		if (l->type == SQM_T_DATE)
			return comparable(pair, sqm_atom(l),
							  psprintf("%s::date", r->moment));
		if (l->type == SQM_T_TIMESTAMP)
			return pair_timestamp_day(tr, op, l, psprintf("(%s)", r->instant),
									  pair);
	}
	if (r->instant != NULL && (r->instant_form | 0x20) == 's')
	{
		if (l->type == SQM_T_TIMESTAMP)
			return comparable(pair, sqm_atom(l),
							  psprintf("(%s)", r->instant));
		if (l->type == SQM_T_TIMESTAMPTZ && r->instant_form == 'S')
			return comparable(pair, sqm_atom(l),
							  psprintf("((%s) AT TIME ZONE 'UTC')",
									   r->instant));
	}
	/* other text may look like a number, and would be converted */
	if (l->type == SQM_T_DATE && r->type == SQM_T_TEXT && r->instant != NULL)
	{
		SqmTerm    *as_text = sqm_date_as_text(tr, l);

		if (as_text == NULL)
			return REFUSED;
		return pair_texts(tr, op, as_text, r, pair);
	}
	return refuse(tr, l, r);
}

/* ------------------------------------------------------------------------
 * Every pair of types
 * ------------------------------------------------------------------------
 */

static Outcome
pair_uuid(SqmTranslator *tr, int op, SqmTerm *l, SqmTerm *r, Pair *pair)
{
	const char *text;

	if (!is_equality(op))
		return refuse(tr, l, r);
	if (r->type == SQM_T_UUID)
		return comparable(pair, sqm_atom(l), sqm_atom(r));
	if (!sqm_literal_string(r, &text))
		return refuse(tr, l, r);
	if (text[0] == '\0')
		return ordered(op, false);
	if (sqm_is_uuid(text))
	{
		sqm_note(tr, "uuids are compared whatever their spelling was");
		return comparable(pair, sqm_atom(l),
						  psprintf("%s::uuid", sqm_string(text)));
	}
	return refuse(tr, l, r);
}

static Outcome
pair_json(SqmTranslator *tr, int op, SqmTerm *l, SqmTerm *r, Pair *pair)
{
	const char *text;
	SqmTerm    *whole;

	if (l->type == SQM_T_JSONVALUE)
	{
		whole = sqm_json_compare(tr, op, l, r);
		if (whole == NULL)
			return REFUSED;
		pair->left = whole->sql;
		return WHOLE;
	}
	/* no valid JSON is empty; it is greater than '' as every other text */
	if (sqm_literal_string(r, &text) && text[0] == '\0')
		return ordered(op, false);
	return refuse(tr, l, r);
}

/* How "heavy" a type is: the heavier operand goes left, once. */
static int
weight(const SqmTerm *t)
{
	switch (t->type)
	{
		case SQM_T_NULL:
			return 0;
		case SQM_T_TEXT:
			return 1;
		case SQM_T_BYTEA:
			return 2;
		case SQM_T_INT:
		case SQM_T_NUMERIC:
		case SQM_T_FLOAT:
			return t->literal != NULL ? 3 : 4;
		case SQM_T_BOOL:
			return 5;
		default:
			return sqm_is_temporal(t) ? (t->column ? 7 : 6) : 8;
	}
}

static Outcome
make_pair(SqmTranslator *tr, int op, SqmTerm *l, SqmTerm *r, Pair *pair)
{
	pair->op = op;
	switch (l->type)
	{
		case SQM_T_TEXT:
			return pair_texts(tr, op, l, r, pair);
		case SQM_T_BYTEA:
			if (r->type == SQM_T_BYTEA)
				return comparable(pair, sqm_atom(l), sqm_atom(r));
			return refuse(tr, l, r);
		case SQM_T_INT:
		case SQM_T_NUMERIC:
		case SQM_T_FLOAT:
			if (sqm_is_numeric(r))
				return comparable(pair, sqm_atom(l), sqm_atom(r));
			if (r->type == SQM_T_TEXT)
				return pair_number_text(tr, op, l, r, pair);
			return refuse(tr, l, r);
		case SQM_T_BOOL:
			return pair_boolean(tr, op, l, r, pair);
		case SQM_T_UUID:
			return pair_uuid(tr, op, l, r, pair);
		case SQM_T_JSON:
		case SQM_T_JSONB:
		case SQM_T_JSONVALUE:
			return pair_json(tr, op, l, r, pair);
		default:
			if (sqm_is_temporal(l))
				return pair_temporal(tr, op, l, r, pair);
			return refuse(tr, l, r);
	}
}

/* Types of PostgreSQL's whose text form is not what SQLite held. */
static bool
own_text_form(const char *type)
{
	static const char *const names[] = {
		"interval", "money", "inet", "cidr", "macaddr", "bit", "xml", "point",
		"box", "path", "line", "polygon", "circle", "geometry", "geography",
		"hstore", "tsvector", "tsquery"
	};

	if (type == NULL || strstr(type, "[]") != NULL ||
		strstr(type, "range") != NULL || strncmp(type, "time", 4) == 0)
		return true;
	for (int i = 0; i < (int) lengthof(names); i++)
	{
		if (strncmp(type, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}

/* An enum, a domain …: its text form is what SQLite held. */
static SqmTerm *
plain(SqmTranslator *tr, SqmTerm *t)
{
	SqmTerm    *out;

	if (t->type != SQM_T_OTHER)
		return t;
	if (own_text_form(t->type_name))
		return sqm_problem(tr, psprintf("comparing a value of type %s has no "
										"faithful equivalent",
										t->type_name ? t->type_name : "?"));
	if (!sqm_need_stable(tr, "the text form of this type"))
		return NULL;
	sqm_note(tr, "a column of another type is compared by its text form");
	out = sqm_term(SQM_T_TEXT, true, psprintf("%s::text", sqm_atom(t)));
	out->affinity = t->affinity;
	out->collation = t->collation;
	out->explicit_collation = t->explicit_collation;
	out->not_null = t->not_null;
	return out;
}

/* ALWAYS and NEVER as a condition that keeps NULL. */
static char *
verdict_text(int op, const SqmTerm *l, const SqmTerm *r, bool always)
{
	if (op == SQM_OP_IS || op == SQM_OP_IS_NOT ||
		(l->not_null && r->not_null))
		return always ? "true" : "false";
	if (l->type == SQM_T_JSON)
		return psprintf("CASE WHEN %s IS NOT NULL THEN %s END", sqm_atom(l),
						always ? "true" : "false");
	return psprintf("%s %s %s", sqm_atom(l), always ? "=" : "<>",
					sqm_atom(l));
}

/* A column of TEXT affinity turns the whole number it meets into text. */
static SqmTerm *
text_affinity(SqmTranslator *tr, const SqmTerm *column, SqmTerm *t)
{
	if (column->affinity == 'T' && column->type == SQM_T_TEXT &&
		t->type == SQM_T_INT && t->literal != NULL && t->affinity == 0)
		return sqm_term_to_text(tr, t, "a comparison");
	return t;
}

static SqmTerm *
make_condition(bool not_null, char *sql)
{
	SqmTerm    *t = sqm_term(SQM_T_BOOL, false, sql);

	t->not_null = not_null;
	return t;
}

/* left op right; op is a comparison, SQM_OP_IS or SQM_OP_IS_NOT. */
SqmTerm *
sqm_compare(SqmTranslator *tr, int op, SqmTerm *left, SqmTerm *right)
{
	Pair		pair = {0};
	bool		is = op == SQM_OP_IS || op == SQM_OP_IS_NOT;
	SqmCollation collation;

	if (left == NULL || right == NULL)
		return NULL;
	if (left->type == SQM_T_NULL || right->type == SQM_T_NULL)
	{
		SqmTerm    *other = left->type == SQM_T_NULL ? right : left;

		if (!is)
			return sqm_term(SQM_T_BOOL, true, "NULL::boolean");
		if (other->type == SQM_T_JSONVALUE)
			other = sqm_term(other->type, true,
							 psprintf("NULLIF(%s, 'null'::jsonb)",
									  other->sql));
		return make_condition(true, psprintf("%s IS %sNULL", sqm_atom(other),
											 op == SQM_OP_IS ? "" : "NOT "));
	}

	left = plain(tr, left);
	right = left ? plain(tr, right) : NULL;
	if (right == NULL)
		return NULL;
	right = text_affinity(tr, left, right);
	left = text_affinity(tr, right, left);

	/* who decides on the collation must be known before they change sides */
	collation = pair_collation(left, right);
	if (weight(left) < weight(right))
	{
		SqmTerm    *swap = left;

		left = right;
		right = swap;
		op = mirrored(op);
	}
	if (left->type == SQM_T_TEXT && right->type == SQM_T_TEXT)
	{
		SqmTerm    *copy = palloc(sizeof(SqmTerm));

		*copy = *left;
		copy->collation = collation;
		copy->explicit_collation = true;
		left = copy;
	}

	switch (make_pair(tr, op, left, right, &pair))
	{
		case COMPARABLE:
			return make_condition(is || (left->not_null && right->not_null),
								  psprintf("%s %s %s", pair.left,
										   operator_text(pair.op),
										   pair.right));
		case ALWAYS:
			return make_condition(is, verdict_text(op, left, right, true));
		case NEVER:
			return make_condition(is, verdict_text(op, left, right, false));
		case WHOLE:
			return make_condition(is, pair.left);
		case REFUSED:
			break;
	}
	return NULL;
}

/* What was made of the elements of a list so far. */
typedef struct InList
{
	StringInfoData in;			/* of "side IN (in)" */
	StringInfoData chain;		/* of "left = element OR ..." */
	char	   *side;
	bool		one_side;		/* "side" serves all of them */
	int			used;
} InList;

/* x IN (a, b) is x = +a OR x = +b: the list has no affinity. */
static SqmTerm *
list_element(SqmTranslator *tr, const SqmTerm *left, SqmTerm *element)
{
	if (element->affinity != 0 || element->collation != SQM_C_NONE)
	{
		SqmTerm    *copy = palloc(sizeof(SqmTerm));

		*copy = *element;
		copy->affinity = 0;
		copy->column = false;
		copy->collation = SQM_C_NONE;
		copy->explicit_collation = false;
		element = copy;
	}
	return text_affinity(tr, left, element);
}

/* Add an element, unless it can never be equal; false if nothing is. */
static bool
add_element(SqmTranslator *tr, InList *list, SqmTerm *left, SqmTerm *element)
{
	SqmTerm    *condition;
	Pair		pair = {0};
	Outcome		outcome = REFUSED;

	if (weight(left) >= weight(element) && element->type != SQM_T_OTHER)
		outcome = make_pair(tr, SQM_OP_EQ, left, element, &pair);
	if (outcome == NEVER)
		return true;
	if (outcome == COMPARABLE)
	{
		if (list->side != NULL && strcmp(list->side, pair.left) != 0)
			list->one_side = false;
		list->side = pair.left;
		appendStringInfo(&list->in, "%s%s", list->used > 0 ? ", " : "",
						 pair.right);
	}
	else
		list->one_side = false;
	condition = sqm_compare(tr, SQM_OP_EQ, left, element);
	if (condition == NULL)
		return false;
	appendStringInfo(&list->chain, "%s%s", list->used > 0 ? " OR " : "",
					 sqm_atom(condition));
	list->used++;
	return true;
}

/* The condition, of which at least one element is left. */
static SqmTerm *
finish_list(InList *list, const SqmTerm *left, bool has_null, bool negated)
{
	SqmTerm    *t;

	if (list->one_side)
		return make_condition(left->not_null && !has_null,
							  psprintf("%s %sIN (%s%s)", list->side,
									   negated ? "NOT " : "", list->in.data,
									   has_null ? ", NULL" : ""));
	if (has_null)
		appendStringInfoString(&list->chain, " OR NULL");
	t = make_condition(false, negated ?
					   psprintf("NOT (%s)", list->chain.data) :
					   list->chain.data);
	t->chain = negated ? 0 : '|';
	return t;
}

/*
 * left [NOT] IN (elements).  Those that can never be equal are dropped, and
 * one left side serves all others; where the sides differ it becomes a chain
 * of conditions.
 */
SqmTerm *
sqm_in_list(SqmTranslator *tr, SqmTerm *left, SqmTerm **elements, int n,
			bool negated)
{
	InList		list = {.one_side = true};
	bool		has_null = false;

	if (left == NULL || (left = plain(tr, left)) == NULL)
		return NULL;
	/* SQLite: nothing is in an empty list, not even NULL */
	if (n == 0)
		return sqm_bool_term(negated);
	if (left->type == SQM_T_NULL)
		return sqm_term(SQM_T_BOOL, true, "NULL::boolean");

	initStringInfo(&list.in);
	initStringInfo(&list.chain);
	for (int i = 0; i < n; i++)
	{
		if (elements[i] == NULL)
			return NULL;
		if (elements[i]->type == SQM_T_NULL)
			has_null = true;
		else if (!add_element(tr, &list, left,
							  list_element(tr, left, elements[i])))
			return NULL;
	}
	if (list.used > 0)
		return finish_list(&list, left, has_null, negated);
	if (has_null)
		return sqm_term(SQM_T_BOOL, true, "NULL::boolean");
	return make_condition(left->not_null,
						  verdict_text(SQM_OP_EQ, left, left, negated));
}

/* The text by which PostgreSQL orders a term as SQLite does. */
char *
sqm_order_key(SqmTranslator *tr, SqmTerm *t)
{
	if (t->type == SQM_T_TEXT && t->literal == NULL)
		return collated(t, pair_collation(t, t), true);
	return t->sql;
}

/* The text by which PostgreSQL finds terms equal as SQLite does. */
char *
sqm_equal_key(SqmTerm *t)
{
	if (t->type == SQM_T_TEXT && t->literal == NULL &&
		pair_collation(t, t) != SQM_C_BINARY)
		return collated(t, pair_collation(t, t), false);
	return t->sql;
}
