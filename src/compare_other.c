/*-------------------------------------------------------------------------
 *
 * compare_other.c
 *		Types without a canonical form of their own.
 *
 * The only notion of equality that an unknown type offers is its own text:
 * the source text goes through the type's input and output functions, and the
 * result is compared with the output of what is stored.  For these types
 * alone a converter and this file ask the same functions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "canon.h"

/*
 * The input function
 *
 * It is called without the type's modifier: a length or a precision that
 * alters the value, as interval(0) does, must show as a difference.
 */

/*
 * Errors of these classes are not about the value: a cancel, a shutdown, a
 * full disk, a deadlock, a broken page.  They go on.
 */
static bool
error_is_about_value(int sqlerrcode)
{
	switch (ERRCODE_TO_CATEGORY(sqlerrcode))
	{
		case MAKE_SQLSTATE('4', '0', '0', '0', '0'):
		case MAKE_SQLSTATE('5', '3', '0', '0', '0'):
		case MAKE_SQLSTATE('5', '5', '0', '0', '0'):
		case MAKE_SQLSTATE('5', '7', '0', '0', '0'):
		case MAKE_SQLSTATE('5', '8', '0', '0', '0'):
			return false;
	}
	return sqlerrcode != ERRCODE_DATA_CORRUPTED &&
		sqlerrcode != ERRCODE_INDEX_CORRUPTED;
}

/* Input functions that throw: in a subtransaction of their own. */
static bool
input_guarded(SqmCanon *canon, char *text, Datum *result)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool accepted = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		*result = InputFunctionCall(&canon->input, text, canon->ioparam, -1);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
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
		if (!error_is_about_value(error->sqlerrcode))
			ReThrowError(error);
		FreeErrorData(error);
		accepted = false;
	}
	PG_END_TRY();
	return accepted;
}

static bool
input_value(SqmCanon *canon, char *text, Datum *result)
{
	if (canon->trusted_input)
		return sqm_input_soft(&canon->input, text, canon->ioparam, -1,
							  result);
	return input_guarded(canon, text, result);
}

/*
 * The source text as a C string in the database's encoding, or NULL if it
 * does not exist there.
 */
static char *
text_for_input(SqmCanon *canon, const char *data, int length)
{
	char	   *text;

	if (GetDatabaseEncoding() == PG_SQL_ASCII)
		return memchr(data, '\0', length) ? NULL : pnstrdup(data, length);
	if (!pg_verify_mbstr(PG_UTF8, data, length, true))
		return NULL;
	if (GetDatabaseEncoding() == PG_UTF8)
		return pnstrdup(data, length);
	if (!OidIsValid(canon->from_utf8) ||
		length > (int) (MaxAllocSize / MAX_CONVERSION_GROWTH) - 1)
		return NULL;
	text = palloc(length * MAX_CONVERSION_GROWTH + 1);
	if (pg_do_encoding_conversion_buf(canon->from_utf8, PG_UTF8,
									  GetDatabaseEncoding(),
									  (unsigned char *) unconstify(char *, data),
									  length, (unsigned char *) text,
									  length * MAX_CONVERSION_GROWTH + 1,
									  true) < length)
		return NULL;
	return text;
}

/* The same for any value that has a text: a blob has none here. */
static char *
source_text(SqmCanon *canon, const SqmValue *value)
{
	char		buffer[CANON_NUMBER_SIZE];
	int			length;
	const char *data;

	if (value->storage == SQM_BLOB)
		return NULL;
	data = sqm_canon_text_of(value, buffer, &length);
	return text_for_input(canon, data, length);
}

/*
 * A word for the present, whole, in any case: such a text stands for nothing
 * that could be stored, since it means something else with each reading.
 */
static bool
means_now(const char *text)
{
	static const char *const words[] = {
		"yesterday", "today", "now", "tomorrow"
	};
	char	   *lower = asc_tolower(text, strlen(text));

	for (int i = 0; i < lengthof(words); i++)
	{
		size_t		length = strlen(words[i]);

		for (char *p = strstr(lower, words[i]); p; p = strstr(p + 1, words[i]))
			if ((p == lower || p[-1] < 'a' || p[-1] > 'z') &&
				(p[length] < 'a' || p[length] > 'z'))
				return true;
	}
	return false;
}

/* The type between the bounds of a range, or the type itself. */
static Oid
innermost_type(Oid typid)
{
	Oid			range = get_multirange_range(typid);
	Oid			bound = get_range_subtype(OidIsValid(range) ? range : typid);

	return OidIsValid(bound) ? bound : typid;
}

/* Types that hold times, alone or as the bounds of a range. */
static bool
holds_times(Oid typid)
{
	Oid			inner = innermost_type(typid);

	return typid == TIMETZOID ||
		(inner != typid && (inner == TIMESTAMPTZOID ||
							inner == TIMESTAMPOID || inner == DATEOID));
}

static bool
holds_microseconds(Oid typid)
{
	Oid			inner = innermost_type(typid);

	return inner == INTERVALOID || inner == TIMETZOID ||
		inner == TIMESTAMPTZOID || inner == TIMESTAMPOID;
}

/*
 * Such a type keeps six digits behind a point and rounds the others, which
 * may only be zeros.
 */
static bool
exceeds_microseconds(const char *text)
{
	int			place = 0;		/* 0: not behind a point */

	for (; *text; text++)
	{
		if (*text == '.')
			place = 1;
		else if (*text < '0' || *text > '9')
			place = 0;
		else if (place > 0 && place++ > 6 && *text != '0')
			return true;
	}
	return false;
}

/* timetz reads a date before the time, and forgets it. */
static bool
begins_with_date(const char *text)
{
	const char *colon = strchr(text, ':');
	int			digits = 0;

	for (const char *p = text; colon && p < colon; p++)
		if (*p >= '0' && *p <= '9')
			digits++;
		else if (digits > 0 || !isspace((unsigned char) *p))
			return true;
	return digits > 2;
}

/* The Datum that the type's own input makes of the source value. */
static bool
source_datum(SqmCanon *canon, const SqmValue *value, Datum *result)
{
	char	   *text = source_text(canon, value);

	return text != NULL && !(canon->may_mean_now && means_now(text)) &&
		!(canon->rounds_times && exceeds_microseconds(text)) &&
		!(canon->typid == TIMETZOID && begins_with_date(text)) &&
		input_value(canon, text, result);
}

/*
 * Types that have nothing but their output
 */

static void
other_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	char	   *text = OutputFunctionCall(&canon->output, datum);

	sqm_canon_bytes(out, CANON_OUTPUT, text, strlen(text));
	pfree(text);
}

/*
 * May this output be what the source text means?  Not if both are numbers and
 * not the same one, however they are spelled; nor if a type that reads any
 * text as far as it is a number, and as 0 otherwise, was given something else.
 */
static bool
same_number(SqmCanon *canon, const char *source, int source_length,
			const char *output, int output_length)
{
	StringInfoData forms;
	bool		same;
	int			middle;

	initStringInfo(&forms);
	if (!sqm_canon_loose_number(source, source_length, &forms))
		same = canon->typid != XIDOID && canon->typid != XID8OID &&
			canon->typid != CIDOID;
	else
	{
		middle = forms.len;
		same = !sqm_canon_loose_number(output, output_length, &forms) ||
			(forms.len == 2 * middle &&
			 memcmp(forms.data, forms.data + middle, middle) == 0);
	}
	pfree(forms.data);
	return same;
}

/*
 * The type decides what its text means (a cidr of 10.1/16 is 10.1.0.0/16),
 * but it cannot make one number of another, as oid does of -9.
 */
static void
other_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	char		buffer[CANON_NUMBER_SIZE];
	const char *data;
	int			length;
	Datum		datum;
	char	   *text;

	if (!source_datum(canon, value, &datum))
	{
		sqm_canon_raw(out, value);
		return;
	}
	text = OutputFunctionCall(&canon->output, datum);
	data = sqm_canon_text_of(value, buffer, &length);
	if (same_number(canon, data, length, text, strlen(text)))
		sqm_canon_bytes(out, CANON_OUTPUT, text, strlen(text));
	else
		sqm_canon_raw(out, value);
	pfree(text);
}

/* Types that are strings: what comes out must be what went in. */
static void
string_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	char	   *text = source_text(canon, value);

	if (text != NULL)
		sqm_canon_bytes(out, CANON_OUTPUT, text, strlen(text));
	else
		sqm_canon_raw(out, value);
}

/* The digits of a text alone, without zeros at either end. */
static char *
bare_digits(const char *text)
{
	StringInfoData digits;

	initStringInfo(&digits);
	for (; *text; text++)
		if ((*text >= '1' && *text <= '9') || (*text == '0' && digits.len > 0))
			appendStringInfoChar(&digits, *text);
	while (digits.len > 0 && digits.data[digits.len - 1] == '0')
		digits.data[--digits.len] = '\0';
	return digits.data;
}

/*
 * money keeps its value as a number of the smallest coin, and its text depends
 * on the locale: the stored side is asked for its number.  So is source text
 * that is no plain number, as "$1.50", if it has digits and none is lost.
 */
static void
money_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	sqm_canon_put_numeric(out, DirectFunctionCall1(cash_numeric, datum));
}

static bool
money_of_text(SqmCanon *canon, const SqmValue *value, Datum *datum)
{
	return value->storage == SQM_TEXT && source_datum(canon, value, datum) &&
		strpbrk(source_text(canon, value), "0123456789") != NULL &&
		strcmp(bare_digits(source_text(canon, value)),
			   bare_digits(OutputFunctionCall(&canon->output, *datum))) == 0;
}

static void
money_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	Datum		datum;

	if (value->storage == SQM_INTEGER)
		canon_int64(out, CANON_INT, value->integer);
	else if (value->storage == SQM_REAL)
		sqm_canon_put_real(out, value->real);
	else if (value->storage == SQM_TEXT &&
			 sqm_canon_loose_number(value->data, value->length, out))
		return;
	else if (money_of_text(canon, value, &datum))
		money_target(canon, datum, out);
	else
		sqm_canon_raw(out, value);
}

void
sqm_canon_other(SqmCanon *canon)
{
	Oid			function;
	bool		varlena;
	char		category;
	bool		preferred;

	getTypeInputInfo(canon->typid, &function, &canon->ioparam);
	fmgr_info(function, &canon->input);
	getTypeOutputInfo(canon->typid, &function, &varlena);
	fmgr_info(function, &canon->output);
	/* the reg* types with arguments throw what the parser says of them */
	canon->trusted_input = SQM_SOFT_INPUT &&
		canon->typid < FirstNormalObjectId && canon->typid != REGTYPEOID &&
		canon->typid != REGPROCEDUREOID && canon->typid != REGOPERATOROID;
	if (GetDatabaseEncoding() != PG_UTF8 &&
		GetDatabaseEncoding() != PG_SQL_ASCII)
		canon->from_utf8 = FindDefaultConversionProc(PG_UTF8,
													 GetDatabaseEncoding());

	canon->may_mean_now = holds_times(canon->typid);
	canon->rounds_times = holds_microseconds(canon->typid);
	get_type_category_preferred(canon->typid, &category, &preferred);
	canon->source = other_source;
	canon->target = other_target;
	if (canon->typid == MONEYOID)
	{
		canon->source = money_source;
		canon->target = money_target;
	}
	else if (category == TYPCATEGORY_STRING || canon->typid == CHAROID)
		canon->source = string_source;
}
