/*-------------------------------------------------------------------------
 *
 * value_number.c
 *		What becomes of a value in a boolean, an integer or a binary
 *		floating-point type?
 *
 * numeric has rules and a file of its own (value_numeric.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "decimal.h"
#include "target.h"

/* the first double that int64 does not hold */
#define INT64_END 9223372036854775808.0

/*
 * With at most this many digits, zeros before the point included, a decimal
 * survives decimal → double → decimal.
 */
#define SAFE_DOUBLE_DIGITS 15

/* the powers of ten that a double holds exactly */
static const double exact_power10[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
	1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

/* how the C library finds the double, or the float, that is nearest to a text */
typedef double (*NearestNumber) (const char *text);

static SqmVerdict
bad_bool(SqmReason *reason)
{
	return sqm_bad(reason, ERRCODE_INVALID_TEXT_REPRESENTATION,
				   "value is neither true nor false");
}

static SqmVerdict
bool_from_integer(SqmTarget *target, const SqmValue *value, Datum *datum,
				  SqmReason *reason)
{
	if ((uint64) value->integer > 1)
		return bad_bool(reason);
	*datum = BoolGetDatum(value->integer == 1);
	return SQM_EXACT;
}

static SqmVerdict
bool_from_real(SqmTarget *target, const SqmValue *value, Datum *datum,
			   SqmReason *reason)
{
	if (value->real != 0.0 && value->real != 1.0)
		return bad_bool(reason);
	*datum = BoolGetDatum(value->real == 1.0);
	return SQM_EXACT;
}

static SqmVerdict
bool_from_text(SqmTarget *target, const SqmValue *value, Datum *datum,
			   SqmReason *reason)
{
	static const struct
	{
		const char *word;
		int			length;
		bool		truth;
	}			words[] = {
		{"0", 1, false}, {"1", 1, true},
		{"t", 1, true}, {"f", 1, false},
		{"true", 4, true}, {"false", 5, false},
		{"yes", 3, true}, {"no", 2, false}
	};

	for (int i = 0; i < lengthof(words); i++)
	{
		if (value->length == words[i].length &&
			pg_strncasecmp(value->data, words[i].word, words[i].length) == 0)
		{
			*datum = BoolGetDatum(words[i].truth);
			return SQM_EXACT;
		}
	}
	return bad_bool(reason);
}

/*
 * The three integer types differ in their bounds and in how a Datum is made.
 */
static inline Datum
integer_datum(SqmTarget *target, int64 number)
{
	if (target->high == PG_INT16_MAX)
		return Int16GetDatum((int16) number);
	if (target->high == PG_INT32_MAX)
		return Int32GetDatum((int32) number);
	return Int64GetDatum(number);
}

static SqmVerdict
int_from_integer(SqmTarget *target, const SqmValue *value, Datum *datum,
				 SqmReason *reason)
{
	if (value->integer < target->low || value->integer > target->high)
		return sqm_bad_range(target, reason);
	*datum = integer_datum(target, value->integer);
	return SQM_EXACT;
}

static SqmVerdict
int_from_real(SqmTarget *target, const SqmValue *value, Datum *datum,
			  SqmReason *reason)
{
	double		rounded = rint(value->real);

	/* written so that NaN falls out as well */
	if (!(rounded >= -INT64_END && rounded < INT64_END) ||
		(int64) rounded < target->low || (int64) rounded > target->high)
		return sqm_bad_range(target, reason);
	*datum = integer_datum(target, (int64) rounded);
	if (rounded == value->real)
		return SQM_EXACT;
	return sqm_changed(reason, ERRCODE_DATA_EXCEPTION,
					   "fraction is lost in type %s", target->name);
}

/*
 * Digits of either sign into 64 bits.  Collected negative, because there is
 * one more number below zero than above.
 */
static bool
scan_digits(const char *p, const char *end, bool negative, int64 *number)
{
	uint64		limit = (uint64) PG_INT64_MAX + (negative ? 1 : 0);
	uint64		result = 0;

	for (; p < end; p++)
	{
		unsigned	digit = (unsigned) (*p - '0');

		if (result > (limit - digit) / 10)
			return false;
		result = result * 10 + digit;
	}
	*number = negative ? (int64) (~result + 1) : (int64) result;
	return true;
}

static SqmVerdict
int_from_text(SqmTarget *target, const SqmValue *value, Datum *datum,
			  SqmReason *reason)
{
	const char *p = value->data;
	const char *end = p + value->length;
	const char *digits;
	bool		odd = false;
	bool		negative = false;
	int64		number;

	while (end > p && sqm_is_space(end[-1]))
		end--;
	while (p < end && sqm_is_space(*p))
		p++;
	if (end - p != value->length)
		odd = true;
	if (p < end && (*p == '-' || *p == '+'))
	{
		negative = (*p == '-');
		odd |= !negative;
		p++;
	}
	if (p == end)
		return sqm_bad_syntax(target, reason);
	if (*p == '0' && end - p > 1)
		odd = true;
	for (digits = p; p < end; p++)
	{
		if (!sqm_is_digit(*p))
			return sqm_bad_syntax(target, reason);
	}
	if (!scan_digits(digits, end, negative, &number) ||
		number < target->low || number > target->high)
		return sqm_bad_range(target, reason);

	*datum = integer_datum(target, number);
	if (!odd)
		return SQM_EXACT;
	return sqm_changed(reason, ERRCODE_INVALID_TEXT_REPRESENTATION,
					   "spelling of a number is lost in type %s",
					   target->name);
}

static SqmVerdict
float8_from_real(SqmTarget *target, const SqmValue *value, Datum *datum,
				 SqmReason *reason)
{
	*datum = Float8GetDatum(value->real);
	return SQM_EXACT;
}

/* does an integer come back out of the double nearest to it? */
static inline bool
survives(int64 integer, double number)
{
	return number < INT64_END && (int64) number == integer;
}

static SqmVerdict
digits_lost(SqmTarget *target, SqmReason *reason)
{
	return sqm_changed(reason, ERRCODE_DATA_EXCEPTION,
					   "digits are lost in type %s", target->name);
}

static SqmVerdict
float8_from_integer(SqmTarget *target, const SqmValue *value, Datum *datum,
					SqmReason *reason)
{
	double		number = (double) value->integer;

	*datum = Float8GetDatum(number);
	if (survives(value->integer, number))
		return SQM_EXACT;
	return digits_lost(target, reason);
}

static double
read_double(const char *text)
{
	return strtod(text, NULL);
}

/* rounded once: by way of a double it would be rounded twice */
static double
read_float(const char *text)
{
	return strtof(text, NULL);
}

/* the C library wants a terminator, which the text of SQLite does not promise */
static double
nearest_number(const SqmValue *value, NearestNumber read)
{
	char		small[64];
	char	   *copy = small;
	double		result;

	if (value->length >= (int) sizeof(small))
		copy = palloc(value->length + 1);
	memcpy(copy, value->data, value->length);
	copy[value->length] = '\0';
	result = read(copy);
	if (copy != small)
		pfree(copy);
	return result;
}

static SqmVerdict
exact_unless_odd(SqmTarget *target, const SqmDecimal *decimal,
				 SqmReason *reason)
{
	if (!decimal->odd)
		return SQM_EXACT;
	return sqm_changed(reason, ERRCODE_INVALID_TEXT_REPRESENTATION,
					   "spelling of a number is lost in type %s",
					   target->name);
}

/*
 * A decimal text as a double.  Up to 15 digits with a small exponent need one
 * correctly rounded operation on two exact doubles and cannot lose anything;
 * the others are exact if the shortest form of the double is the same decimal,
 * or if they are the double's own value, digit for digit.
 */
static SqmVerdict
float8_from_decimal(SqmTarget *target, const SqmValue *value,
					const SqmDecimal *decimal, Datum *datum, SqmReason *reason)
{
	double		number;
	SqmDecimal	shortest;
	char		buffer[32];

	if (decimal->ndigits - Min(decimal->scale, 0) <= SAFE_DOUBLE_DIGITS &&
		decimal->scale < (int64) lengthof(exact_power10))
	{
		number = (double) decimal->mantissa;
		if (decimal->scale >= 0)
			number /= exact_power10[decimal->scale];
		else
			number *= exact_power10[-decimal->scale];
		*datum = Float8GetDatum(decimal->negative ? -number : number);
		return exact_unless_odd(target, decimal, reason);
	}

	number = nearest_number(value, read_double);
	if (isinf(number))
		return sqm_bad_range(target, reason);
	*datum = Float8GetDatum(number);
	sqm_decimal_from_double(number, buffer, &shortest);
	if (!sqm_decimal_same(decimal, &shortest) &&
		!sqm_decimal_is_double(decimal, number))
		return digits_lost(target, reason);
	return exact_unless_odd(target, decimal, reason);
}

static SqmVerdict
float8_from_text(SqmTarget *target, const SqmValue *value, Datum *datum,
				 SqmReason *reason)
{
	SqmDecimal	decimal;
	double		special;

	if (sqm_decimal_scan(value->data, value->length, &decimal))
		return float8_from_decimal(target, value, &decimal, datum, reason);
	if (!sqm_special_scan(value->data, value->length, &special))
		return sqm_bad_syntax(target, reason);
	*datum = Float8GetDatum(special);
	return SQM_EXACT;
}

/*
 * float4.  It prints as few digits as tell it from its neighbours: 0.1 comes
 * out as 0.1, and that is what who keeps such numbers in float4 sees.
 */
static bool
float4_prints_as(float4 number, const SqmDecimal *decimal)
{
	SqmDecimal	shortest;
	char		buffer[32];
	int			length = float_to_shortest_decimal_buf(number, buffer);

	return sqm_decimal_scan(buffer, length, &shortest) &&
		sqm_decimal_same(decimal, &shortest);
}

static SqmVerdict
float4_from_real(SqmTarget *target, const SqmValue *value, Datum *datum,
				 SqmReason *reason)
{
	float4		nearest = (float4) value->real;
	SqmDecimal	decimal;
	char		buffer[32];

	if (isinf(nearest) && !isinf(value->real))
		return sqm_bad_range(target, reason);
	*datum = Float4GetDatum(nearest);
	if ((double) nearest == value->real || isnan(value->real))
		return SQM_EXACT;
	sqm_decimal_from_double(value->real, buffer, &decimal);
	if (float4_prints_as(nearest, &decimal))
		return SQM_EXACT;
	return digits_lost(target, reason);
}

static SqmVerdict
float4_from_integer(SqmTarget *target, const SqmValue *value, Datum *datum,
					SqmReason *reason)
{
	/* rounded once: by way of double it would be rounded twice */
	float4		nearest = (float4) value->integer;

	*datum = Float4GetDatum(nearest);
	if (survives(value->integer, (double) nearest))
		return SQM_EXACT;
	return digits_lost(target, reason);
}

static SqmVerdict
float4_from_text(SqmTarget *target, const SqmValue *value, Datum *datum,
				 SqmReason *reason)
{
	SqmDecimal	decimal;
	double		nearest;

	if (!sqm_decimal_scan(value->data, value->length, &decimal))
	{
		if (!sqm_special_scan(value->data, value->length, &nearest))
			return sqm_bad_syntax(target, reason);
		*datum = Float4GetDatum((float4) nearest);
		return SQM_EXACT;
	}
	nearest = nearest_number(value, read_float);
	if (isinf(nearest))
		return sqm_bad_range(target, reason);
	*datum = Float4GetDatum((float4) nearest);
	if (!float4_prints_as((float4) nearest, &decimal) &&
		!sqm_decimal_is_double(&decimal, nearest))
		return digits_lost(target, reason);
	return exact_unless_odd(target, &decimal, reason);
}

SqmConverterRow sqm_to_bool = {
	NULL, bool_from_integer, bool_from_real, bool_from_text, sqm_refuse
};
SqmConverterRow sqm_to_int2 = {
	NULL, int_from_integer, int_from_real, int_from_text, sqm_refuse
};
SqmConverterRow sqm_to_int4 = {
	NULL, int_from_integer, int_from_real, int_from_text, sqm_refuse
};
SqmConverterRow sqm_to_int8 = {
	NULL, int_from_integer, int_from_real, int_from_text, sqm_refuse
};
SqmConverterRow sqm_to_float4 = {
	NULL, float4_from_integer, float4_from_real, float4_from_text, sqm_refuse
};
SqmConverterRow sqm_to_float8 = {
	NULL, float8_from_integer, float8_from_real, float8_from_text, sqm_refuse
};
