/*-------------------------------------------------------------------------
 *
 * value_other.c
 *		What becomes of a value in a type that has rules of its own: any type
 *		with an input function, arrays, and domains with constraints?
 *
 * These call code that this extension does not know and that may raise
 * errors, so they are the ones that need subtransactions and must stay out
 * of parallel workers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "decimal.h"
#include "json.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "target.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/cash.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/* Code that may raise an error about a value. */
typedef Datum (*Attempt) (SqmTarget *target, void *argument);

/*
 * Is it the value that an error speaks of?  The others (a cancelled query, no
 * memory, no permission) would come with every value and must not be
 * taken for bad data.
 */
static bool
is_about_value(int sqlstate)
{
	static const int classes[] = {
		ERRCODE_DATA_EXCEPTION,
		ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION,
		ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION,
		ERRCODE_PROGRAM_LIMIT_EXCEEDED,
		ERRCODE_FEATURE_NOT_SUPPORTED,
		ERRCODE_INVALID_CATALOG_NAME,
		ERRCODE_INVALID_SCHEMA_NAME,
		ERRCODE_PLPGSQL_ERROR,
		ERRCODE_EXTERNAL_ROUTINE_EXCEPTION,
		ERRCODE_EXTERNAL_ROUTINE_INVOCATION_EXCEPTION
	};

	if (sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE)
		return false;

	/* hstore_in, for one, complains of bad text like this */
	if (sqlstate == ERRCODE_INTERNAL_ERROR)
		return true;
	for (int i = 0; i < lengthof(classes); i++)
	{
		if (ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_TO_CATEGORY(classes[i]))
			return true;
	}
	return false;
}

static void
reason_from_error(SqmReason *reason, const ErrorData *error)
{
	int			length = strlen(error->message);

	reason->sqlstate = error->sqlerrcode;
	if (length >= (int) sizeof(reason->message))
		length = pg_mbcliplen(error->message, length,
							  sizeof(reason->message) - 1);
	memcpy(reason->message, error->message, length);
	reason->message[length] = '\0';
}

/* Run it in a subtransaction; an error about the value is only a reason. */
static bool
attempt(SqmTarget *target, Attempt code, void *argument, Datum *result,
		SqmReason *reason)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		*result = code(target, argument);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (!is_about_value(error->sqlerrcode))
			ReThrowError(error);
		reason_from_error(reason, error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	return done;
}

/*
 * Any type: the input function decides.
 */
typedef struct InputCall
{
	char	   *text;
	int32		typmod;
} InputCall;

static Datum
call_input(SqmTarget *target, void *argument)
{
	InputCall  *call = argument;

	return InputFunctionCall(&target->input, call->text, target->input_param,
							 call->typmod);
}

static bool
soft_input(SqmTarget *target, InputCall *call, Datum *result,
		   SqmReason *reason)
{
	if (target->input_is_soft)
	{
		ErrorData  *error;

		if (sqm_input_explained(&target->input, call->text,
								target->input_param, call->typmod, result,
								&error))
			return true;
		reason_from_error(reason, error);
		return false;
	}
	return attempt(target, call_input, call, result, reason);
}

/* What the bounds of a range or multirange are, or InvalidOid */
static Oid
bound_type(Oid type)
{
	if (get_typtype(type) == TYPTYPE_MULTIRANGE)
		type = get_multirange_range(type);
	return OidIsValid(type) ? get_range_subtype(type) : InvalidOid;
}

/* timetz, and the ranges of types that have a present moment */
static bool
type_knows_now(Oid type)
{
	Oid			bound = bound_type(type);

	return type == TIMETZOID || bound == DATEOID ||
		bound == TIMESTAMPOID || bound == TIMESTAMPTZOID;
}

/* Types that round what is finer than a microsecond */
static bool
type_keeps_microseconds(Oid type)
{
	Oid			bound = bound_type(type);

	return type == INTERVALOID || type == TIMETZOID ||
		bound == TIMESTAMPOID || bound == TIMESTAMPTZOID;
}

/* Has a fraction of the text more digits than six, and not only zeros? */
static bool
is_finer_than_microseconds(const char *text)
{
	while ((text = strchr(text, '.')) != NULL)
	{
		int			digits = strspn(++text, "0123456789");

		for (int i = 6; i < digits; i++)
			if (text[i] != '0')
				return true;
		text += digits;
	}
	return false;
}

/* timetz drops a date: more than an hour stands before the first colon. */
static bool
has_date_before_time(const char *text)
{
	int			hour;

	if (strchr(text, ':') == NULL)
		return false;
	text += strspn(text, " \t\n\r\f\v");
	hour = strspn(text, "0123456789");
	return hour > 2 || text[hour] != ':';
}

/*
 * Does the text name a moment that depends on when it is read?  SQLite's
 * applications mean the text itself when they store such a word.
 */
static bool
speaks_of_now(const char *text)
{
	static const char *const words[] = {
		"now", "today", "tomorrow", "yesterday"
	};

	while (*text)
	{
		int			length = 0;

		while ((text[length] | 0x20) >= 'a' && (text[length] | 0x20) <= 'z')
			length++;
		for (int i = 0; i < lengthof(words); i++)
			if (length == (int) strlen(words[i]) &&
				pg_strncasecmp(text, words[i], length) == 0)
				return true;
		text += Max(length, 1);
	}
	return false;
}

/*
 * "1.02:03:04" is a day and two hours to .NET; PostgreSQL takes the point for
 * a decimal one, and reads some other time.
 */
static bool
has_days_before_point(const char *text)
{
	text += strspn(text, " \t\n\r\f\v+-");
	if (*text < '0' || *text > '9')
		return false;
	text += strspn(text, "0123456789");
	if (*text++ != '.')
		return false;
	return text[strspn(text, "0123456789")] == ':';
}

void
sqm_other_setup(SqmTarget *target)
{
	Oid			function;
	bool		is_varlena;
	char		category;
	bool		preferred;

	getTypeInputInfo(target->basetype, &function, &target->input_param);
	fmgr_info_cxt(function, &target->input, target->context);

	/*
	 * Functions that others wrote may know nothing of soft errors, and those
	 * that call the parser throw its errors.
	 */
	target->input_is_soft = SQM_SOFT_INPUT && function < FirstNormalObjectId &&
		target->basetype != REGTYPEOID &&
		target->basetype != REGPROCEDUREOID &&
		target->basetype != REGOPERATOROID;

	getTypeOutputInfo(target->basetype, &function, &is_varlena);
	fmgr_info_cxt(function, &target->output, target->context);

	get_type_category_preferred(target->basetype, &category, &preferred);
	target->keeps_text = (category == TYPCATEGORY_STRING ||
						  target->basetype == CHAROID);
	target->knows_now = type_knows_now(target->basetype);
	target->keeps_microseconds = type_keeps_microseconds(target->basetype);
}

/*
 * interval(0) and its like round in silence.  If the text without the type
 * modifier means something else, digits were lost.
 */
static bool
typmod_changes(SqmTarget *target, InputCall *call, Datum datum,
			   SqmReason *reason)
{
	InputCall	plain = {call->text, -1};
	Datum		other;

	if (target->typmod < 0 ||
		!soft_input(target, &plain, &other, reason))
		return false;
	return strcmp(OutputFunctionCall(&target->output, datum),
				  OutputFunctionCall(&target->output, other)) != 0;
}

/* Types that take any text, and read it as far as it is a number. */
static bool
reads_in_part(Oid type)
{
	return type == XIDOID || type == XID8OID || type == CIDOID;
}

/*
 * money rounds "$1.239", too, which is no plain number: digits that are not
 * zeros at an end must be those of the amount.
 */
static bool
same_digits(const char *a, const char *b)
{
	static const char digits[] = "123456789";
	const char *last_a = a + strlen(a);
	const char *last_b = b + strlen(b);

	while (last_a > a && strchr(digits, last_a[-1]) == NULL)
		last_a--;
	while (last_b > b && strchr(digits, last_b[-1]) == NULL)
		last_b--;
	for (a += strcspn(a, digits), b += strcspn(b, digits);;)
	{
		while (a < last_a && !sqm_is_digit(*a))
			a++;
		while (b < last_b && !sqm_is_digit(*b))
			b++;
		if (a >= last_a || b >= last_b)
			return a >= last_a && b >= last_b;
		if (*a++ != *b++)
			return false;
	}
}

/*
 * Some input functions alter a value in silence: oid wraps negative numbers
 * around, money rounds, "char" and other character types may cut.  Where the
 * value is a number or the type holds text, its output tells.
 */
static bool
input_changes(SqmTarget *target, const char *text, Datum datum)
{
	SqmDecimal	before;
	SqmDecimal	after;
	bool		is_number = sqm_decimal_scan(text, strlen(text), &before);
	const char *output;

	if (!is_number && !target->keeps_text && target->basetype != CASHOID)
		return reads_in_part(target->basetype);
	if (target->basetype == CASHOID)
		output = OidOutputFunctionCall(F_NUMERIC_OUT,
									   DirectFunctionCall1(cash_numeric,
														   datum));
	else
		output = OutputFunctionCall(&target->output, datum);
	if (target->keeps_text)
		return strcmp(text, output) != 0;
	if (!is_number)
		return !same_digits(text, output);
	return sqm_decimal_scan(output, strlen(output), &after) &&
		!sqm_decimal_same(&before, &after);
}

static SqmVerdict
other_from_cstring(SqmTarget *target, char *text, Datum *datum,
				   SqmReason *reason)
{
	InputCall	call = {text, target->typmod};

	if (target->knows_now && speaks_of_now(text))
		return sqm_bad_syntax(target, reason);
	if (target->basetype == INTERVALOID && has_days_before_point(text))
		return sqm_bad(reason, ERRCODE_INVALID_DATETIME_FORMAT,
					   "days before a point are not what type %s reads there",
					   target->name);
	/* money takes text without any digit for 0 */
	if (target->basetype == CASHOID && strpbrk(text, "0123456789") == NULL)
		return sqm_bad_syntax(target, reason);
	if (!soft_input(target, &call, datum, reason))
		return SQM_BAD;
	if (target->keeps_microseconds && is_finer_than_microseconds(text))
		return sqm_changed(reason, ERRCODE_DATETIME_FIELD_OVERFLOW,
						   "fractional digits of a second are lost in type %s",
						   target->name);
	if (target->basetype == TIMETZOID && has_date_before_time(text))
		return sqm_changed(reason, ERRCODE_DATETIME_FIELD_OVERFLOW,
						   "a date is lost in type %s", target->name);
	if (typmod_changes(target, &call, *datum, reason) ||
		input_changes(target, text, *datum))
		return sqm_changed(reason, ERRCODE_DATA_EXCEPTION,
						   "value is not kept whole by type %s",
						   target->name);
	return SQM_EXACT;
}

static SqmVerdict
other_from_text(SqmTarget *target, const SqmValue *value, Datum *datum,
				SqmReason *reason)
{
	char	   *text = sqm_text_cstring(target, value->data, value->length,
										NULL, reason);

	if (text == NULL)
		return SQM_BAD;
	return other_from_cstring(target, text, datum, reason);
}

static SqmVerdict
other_from_number(SqmTarget *target, const SqmValue *value, Datum *datum,
				  SqmReason *reason)
{
	char		buffer[SQM_NUMBER_TEXT_SIZE];

	(void) sqm_number_text(value, buffer);
	return other_from_cstring(target, buffer, datum, reason);
}

/*
 * Arrays: elements go through the converter of their own type, so that an
 * element is held to the same rules as a column.
 */
void
sqm_array_setup(SqmTarget *target, Oid element_type)
{
	target->element_type = element_type;
	target->element = sqm_target_create(element_type, target->typmod,
										&target->options);
	target->element->empty_is_null = false;
	get_typlenbyvalalign(element_type, &target->element_length,
						 &target->element_byval, &target->element_align);

	/* array syntax is read as text[] first */
	fmgr_info_cxt(F_ARRAY_IN, &target->input, target->context);
	target->input_param = TEXTOID;
	target->input_is_soft = SQM_SOFT_INPUT;
}

/* Elements of an array on their way. */
typedef struct Elements
{
	SqmTarget  *target;
	int			count;
	int			allocated;
	Datum	   *datums;
	bool	   *nulls;
	SqmVerdict	verdict;		/* the worst so far */
	bool		inside;			/* JSON: between the brackets */
	SqmReason  *reason;
} Elements;

static bool
add_element(Elements *elements, const SqmValue *value)
{
	SqmReason	reason;
	SqmVerdict	verdict;

	if (elements->count == elements->allocated)
	{
		elements->allocated = Max(16, elements->allocated * 2);
		if (elements->allocated > (int) (MaxAllocSize / sizeof(Datum)))
		{
			elements->verdict = sqm_bad(elements->reason,
										ERRCODE_PROGRAM_LIMIT_EXCEEDED,
										"array has too many elements");
			return false;
		}
		elements->datums = repalloc(elements->datums,
									elements->allocated * sizeof(Datum));
		elements->nulls = repalloc(elements->nulls,
								   elements->allocated * sizeof(bool));
	}
	verdict = sqm_value_convert(elements->target->element, value,
								&elements->datums[elements->count],
								&elements->nulls[elements->count], &reason);
	elements->count++;
	if (verdict > elements->verdict)
	{
		elements->verdict = verdict;
		*elements->reason = reason;
	}
	return verdict != SQM_BAD;
}

static void
init_elements(Elements *elements, SqmTarget *target, SqmReason *reason)
{
	memset(elements, 0, sizeof(Elements));
	elements->target = target;
	elements->reason = reason;
	elements->allocated = 16;
	elements->datums = palloc(elements->allocated * sizeof(Datum));
	elements->nulls = palloc(elements->allocated * sizeof(bool));
}

/* SqmJsonHandler: an array of scalars, nothing else */
static bool
json_element(void *argument, SqmJsonEvent event, const char *token,
			 int length)
{
	Elements   *elements = argument;
	SqmValue	value = {.storage = SQM_TEXT,.data = token,.length = length};

	if (event == SQM_JSON_ARRAY && !elements->inside)
	{
		elements->inside = true;
		return true;
	}
	if (event == SQM_JSON_ARRAY_END)
		return true;
	if (event < SQM_JSON_STRING || !elements->inside)
	{
		elements->verdict = sqm_bad(elements->reason,
									ERRCODE_INVALID_TEXT_REPRESENTATION,
									"only a JSON array of scalars becomes type %s",
									elements->target->name);
		return false;
	}
	if (event == SQM_JSON_NULL)
		value.storage = SQM_NULL;
	if (event == SQM_JSON_STRING && memchr(token, '\\', length) != NULL)
	{
		char	   *plain = palloc_extended(length + 1, MCXT_ALLOC_HUGE);
		const char *problem = sqm_json_unescape(token, length, plain,
												&value.length);

		if (problem)
		{
			elements->verdict = sqm_bad(elements->reason,
										ERRCODE_UNTRANSLATABLE_CHARACTER,
										"%s", problem);
			return false;
		}
		value.data = plain;
	}
	return add_element(elements, &value);
}

static SqmVerdict
finish_array(Elements *elements, int ndims, int *dims, int *bounds,
			 Datum *datum)
{
	SqmTarget  *target = elements->target;

	if (elements->verdict == SQM_BAD)
		return SQM_BAD;
	if (elements->count == 0)
		*datum = PointerGetDatum(construct_empty_array(target->element_type));
	else
		*datum = PointerGetDatum(construct_md_array(elements->datums,
													elements->nulls, ndims,
													dims, bounds,
													target->element_type,
													target->element_length,
													target->element_byval,
													target->element_align));
	return elements->verdict;
}

/* [1, 2, 3] */
static SqmVerdict
array_from_json(SqmTarget *target, const SqmValue *value, Datum *datum,
				SqmReason *reason)
{
	Elements	elements;
	const char *problem;
	int			bound = 1;

	init_elements(&elements, target, reason);
	problem = sqm_json_scan(value->data, value->length, json_element,
							&elements);
	if (problem && *problem)
		return sqm_bad(reason, ERRCODE_INVALID_TEXT_REPRESENTATION,
					   "%s for type %s", problem, target->name);
	return finish_array(&elements, 1, &elements.count, &bound, datum);
}

/* One bound of a dimension: an integer of 32 bits, and nothing but that. */
static bool
skip_bound(const char **position)
{
	const char *p = *position;
	int64		bound = 0;

	if (*p == '-' || *p == '+')
		p++;
	if (!sqm_is_digit(*p))
		return false;
	for (; sqm_is_digit(*p); p++)
	{
		bound = bound * 10 + (*p - '0');
		if (bound > PG_INT32_MAX)
			return false;
	}
	*position = p;
	return true;
}

/*
 * "[2:3][5]=" before the braces.  Until version 16 array_in reads a bound as
 * far as it is a number, and [1+1] as [1].
 */
static bool
dimensions_are_plain(const char *p)
{
	for (;;)
	{
		while (sqm_is_space(*p))
			p++;
		if (*p++ != '[')
			return true;
		if (!skip_bound(&p) || (*p == ':' && (p++, !skip_bound(&p))) ||
			*p++ != ']')
			return false;
	}
}

/* {1,2,3} and whatever else array_in reads */
static SqmVerdict
array_from_literal(SqmTarget *target, const SqmValue *value, Datum *datum,
				   SqmReason *reason)
{
	InputCall	call = {NULL, -1};
	Datum		texts;
	ArrayType  *array;
	Datum	   *items;
	bool	   *nulls;
	int			count;
	Elements	elements;

	call.text = sqm_text_cstring(target, value->data, value->length, NULL,
								 reason);
	if (call.text == NULL)
		return SQM_BAD;
	if (!dimensions_are_plain(call.text))
		return sqm_bad_syntax(target, reason);
	if (!soft_input(target, &call, &texts, reason))
		return SQM_BAD;
	array = DatumGetArrayTypeP(texts);
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &items, &nulls, &count);

	init_elements(&elements, target, reason);
	for (int i = 0; i < count; i++)
	{
		SqmValue	item = {.storage = nulls[i] ? SQM_NULL : SQM_TEXT};

		CHECK_FOR_INTERRUPTS();
		if (!nulls[i])
		{
			/* converters read UTF-8 */
			char	   *server = TextDatumGetCString(items[i]);

			item.data = pg_server_to_any(server, strlen(server), PG_UTF8);
			item.length = strlen(item.data);
		}
		if (!add_element(&elements, &item))
			return SQM_BAD;
	}
	return finish_array(&elements, ARR_NDIM(array), ARR_DIMS(array),
						ARR_LBOUND(array), datum);
}

static SqmVerdict
array_from_text(SqmTarget *target, const SqmValue *value, Datum *datum,
				SqmReason *reason)
{
	const char *p = value->data;
	const char *end = p + value->length;

	while (p < end && sqm_is_space(*p))
		p++;
	while (p < end && sqm_is_space(end[-1]))
		end--;
	/* [2:4]={...} is array syntax with bounds */
	if (p < end && *p == '[' && end[-1] == ']')
	{
		if (pg_encoding_verifymbstr(PG_UTF8, value->data,
									value->length) != value->length)
			return sqm_bad(reason, ERRCODE_CHARACTER_NOT_IN_REPERTOIRE,
						   "text is not valid UTF-8");
		return array_from_json(target, value, datum, reason);
	}
	return array_from_literal(target, value, datum, reason);
}

/*
 * Domains: the base type converts, then the constraints are asked.  Even
 * where the server can report a violation softly, the expression of a
 * constraint may raise any error, so it takes a subtransaction.
 */
typedef struct DomainCall
{
	Datum		datum;
	bool		isnull;
} DomainCall;

static Datum
call_domain_check(SqmTarget *target, void *argument)
{
	DomainCall *call = argument;

	domain_check(call->datum, call->isnull, target->typid,
				 &target->domain_state, target->context);
	return call->datum;
}

void
sqm_domain_setup(SqmTarget *target)
{
	target->base = sqm_target_create(target->basetype, target->typmod,
									 &target->options);
	target->null_is_checked = true;
}

/*
 * What a domain says of NULL is asked once: constraints are immutable, and a
 * column can hold millions of NULLs.
 */
bool
sqm_domain_check_null(SqmTarget *target, SqmReason *reason)
{
	if (!target->null_is_known)
	{
		DomainCall	call = {(Datum) 0, true};
		Datum		ignored;

		target->null_is_allowed = attempt(target, call_domain_check, &call,
										  &ignored, &target->null_refusal);
		target->null_is_known = true;
	}
	if (!target->null_is_allowed)
		*reason = target->null_refusal;
	return target->null_is_allowed;
}

static SqmVerdict
domain_from_value(SqmTarget *target, const SqmValue *value, Datum *datum,
				  SqmReason *reason)
{
	SqmReason	refusal;
	DomainCall	call = {(Datum) 0, false};
	SqmVerdict	verdict = target->base->convert[value->storage] (target->base,
																  value, datum,
																  reason);

	if (verdict == SQM_BAD)
		return SQM_BAD;
	call.datum = *datum;
	if (attempt(target, call_domain_check, &call, datum, &refusal))
		return verdict;
	*reason = refusal;
	return SQM_BAD;
}

SqmConverterRow sqm_to_other = {
	NULL, other_from_number, other_from_number, other_from_text, sqm_refuse
};
SqmConverterRow sqm_to_array = {
	NULL, sqm_refuse, sqm_refuse, array_from_text, sqm_refuse
};
SqmConverterRow sqm_to_domain = {
	NULL, domain_from_value, domain_from_value, domain_from_value,
	domain_from_value
};
