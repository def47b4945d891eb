/*-------------------------------------------------------------------------
 *
 * value_numeric.c
 *		What becomes of a value in numeric or numeric(p,s)?
 *
 * Everything with up to 18 digits is done in 64-bit integers and handed to
 * numeric as "integer divided by a power of ten".  Only wider numbers take
 * the way over text.  Nothing here lets numeric raise an error: range and
 * scale are checked before.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "decimal.h"
#include "fmgr.h"
#include "target.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

/* what numeric holds at all: digits before and after the point */
#define MAX_WHOLE_DIGITS 131072
#define MAX_SCALE 16383

/*
 * Reals with at most this many decimal places are converted without printing
 * them.  Each further place costs a multiplication and a division for reals
 * that have more.
 */
#define QUICK_PLACES 6
#define QUICK_SCALE 9
#define QUICK_LIMIT 1e15

static const double quick_power10[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
	1e14, 1e15
};

static SqmVerdict
out_of_range(SqmTarget *target, SqmReason *reason)
{
	return sqm_bad(reason, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
				   "value out of range for type %s", target->name);
}

static SqmVerdict
odd_or_exact(SqmTarget *target, const SqmDecimal *decimal, SqmReason *reason)
{
	if (!decimal->odd)
		return SQM_EXACT;
	return sqm_changed(reason, ERRCODE_INVALID_TEXT_REPRESENTATION,
					   "spelling of a number is lost in type %s",
					   target->name);
}

static SqmVerdict
rounded_away(SqmTarget *target, SqmReason *reason)
{
	return sqm_changed(reason, ERRCODE_DATA_EXCEPTION,
					   "digits are lost in type %s", target->name);
}

/*
 * Was it binary noise that rounding removed?  distance and mantissa are in
 * the same unit.  Exact: 1000 * 10^15 does not reach 64 bits, and a distance
 * of 1000 is more than 10^-15 of any mantissa of 18 digits.
 */
static bool
is_noise(uint64 distance, uint64 mantissa)
{
	return distance < 1000 && distance * UINT64CONST(1000000000000000) < mantissa;
}

/*
 * Bring a mantissa of at most 18 digits to the scale of the type.  False: it
 * does not fit into 18 digits there.
 */
static bool
rescale(uint64 *mantissa, int64 drop, bool may_be_noise, SqmVerdict *verdict)
{
	uint64		power;
	uint64		rest;

	*verdict = SQM_EXACT;
	if (*mantissa == 0)
		return true;
	if (drop <= 0)
	{
		if (-drop > SQM_MANTISSA_DIGITS ||
			*mantissa > (sqm_power10[SQM_MANTISSA_DIGITS] - 1) / sqm_power10[-drop])
			return false;
		*mantissa *= sqm_power10[-drop];
		return true;
	}
	if (drop > SQM_MANTISSA_DIGITS)
	{
		/* less than a tenth of the last place */
		*mantissa = 0;
		*verdict = SQM_CHANGED;
		return true;
	}
	power = sqm_power10[drop];
	rest = *mantissa % power;
	if (rest != 0)
	{
		bool		up = rest >= power - rest;

		*verdict = may_be_noise &&
			is_noise(up ? power - rest : rest, *mantissa) ?
			SQM_NOISE : SQM_CHANGED;
		*mantissa = *mantissa / power + (up ? 1 : 0);
	}
	else
		*mantissa /= power;
	return true;
}

/* The digits of a wide number that are kept. */
typedef struct WideDigits
{
	char	   *digits;
	int			ndigits;
	bool		lost;			/* not all that were left out are zeros */
	bool		up;				/* the first of them is 5 or more */
} WideDigits;

/* The first digits of a number, "keep" of them; none if that is negative. */
static void
take_digits(const SqmDecimal *decimal, int64 keep, WideDigits *wide)
{
	const char *source = decimal->digits;

	for (int i = 0; i < decimal->ndigits && !wide->lost; i++, source++)
	{
		if (*source == '.')
			source++;
		if (i < keep)
			wide->digits[wide->ndigits++] = *source;
		else
		{
			if (i == keep)
				wide->up = *source >= '5';
			wide->lost = *source != '0';
		}
	}
}

/* One more in the last place; there is room for a carry before the first. */
static void
carry(WideDigits *wide)
{
	int			i = wide->ndigits - 1;

	while (i >= 0 && wide->digits[i] == '9')
		wide->digits[i--] = '0';
	if (i >= 0)
		wide->digits[i]++;
	else
	{
		*--wide->digits = '1';
		wide->ndigits++;
	}
}

/*
 * The way for wide numbers: digits into a buffer, round there (half away from
 * zero), and let numeric read "digits e exponent".
 */
static SqmVerdict
wide_numeric(SqmTarget *target, const SqmDecimal *decimal, Datum *datum,
			 SqmReason *reason)
{
	int64		whole = decimal->ndigits - decimal->scale;	/* before the point */
	int64		scale = target->constrained ? target->scale : MAX_SCALE;
	int64		limit = target->constrained ?
		target->precision - target->scale : MAX_WHOLE_DIGITS;
	int64		keep = whole + scale;
	int64		kept_scale = Min(decimal->scale, scale);
	char	   *buffer;
	WideDigits	wide = {0};

	/* far too large: no need to look at a gigabyte of digits */
	if (whole > limit)
		return out_of_range(target, reason);

	buffer = palloc(Max(Min(decimal->ndigits, keep), 0) + 40);
	wide.digits = buffer + 2;	/* room for the sign and a carry */
	take_digits(decimal, keep, &wide);
	if (wide.up)
		carry(&wide);
	if (wide.ndigits - kept_scale > limit)
		return out_of_range(target, reason);

	if (wide.ndigits == 0)
	{
		wide.digits[wide.ndigits++] = '0';
		kept_scale = 0;
	}
	if (decimal->negative)
	{
		*--wide.digits = '-';
		wide.ndigits++;
	}
	snprintf(wide.digits + wide.ndigits, 32, "e" INT64_FORMAT, -kept_scale);
	*datum = DirectFunctionCall3(numeric_in, CStringGetDatum(wide.digits),
								 ObjectIdGetDatum(InvalidOid),
								 Int32GetDatum(-1));
	if (target->constrained)
		*datum = DirectFunctionCall2(numeric, *datum,
									 Int32GetDatum(target->typmod));
	pfree(buffer);
	return wide.lost ? rounded_away(target, reason) :
		odd_or_exact(target, decimal, reason);
}

/*
 * A decimal as numeric(p,s).  may_be_noise: the digits are those of a binary
 * number, so a loss below 10^-15 of the number was never data.
 */
SqmVerdict
sqm_decimal_numeric(SqmTarget *target, const SqmDecimal *decimal,
					bool may_be_noise, Datum *datum, SqmReason *reason)
{
	uint64		mantissa = decimal->mantissa;
	int64		scale = decimal->scale;
	SqmVerdict	verdict = SQM_EXACT;

	if (decimal->ndigits == 0)
	{
		/* a zero is a zero, but keeps the places it was written with */
		scale = Max(Min(scale, MAX_SCALE), 0);
		if (target->constrained)
			scale = Max(target->scale, 0);
	}
	else if (decimal->wide)
		return wide_numeric(target, decimal, datum, reason);
	else if (target->constrained)
	{
		/* also false where a number is far below or above the type's range */
		if (!rescale(&mantissa, scale - target->scale, may_be_noise, &verdict))
			return wide_numeric(target, decimal, datum, reason);
		if (sqm_mantissa_digits(mantissa) > target->precision)
			return out_of_range(target, reason);
		scale = target->scale;
	}
	else if (scale > MAX_SCALE || decimal->ndigits - scale > MAX_WHOLE_DIGITS)
		return wide_numeric(target, decimal, datum, reason);

	*datum = NumericGetDatum(int64_div_fast_to_numeric(decimal->negative ?
													   -(int64) mantissa :
													   (int64) mantissa,
													   (int) scale));
	if (verdict == SQM_CHANGED)
		return rounded_away(target, reason);
	if (verdict == SQM_NOISE)
		return sqm_noise(reason, "binary noise is removed in type %s",
						 target->name);
	return odd_or_exact(target, decimal, reason);
}

static SqmVerdict
numeric_from_integer(SqmTarget *target, const SqmValue *value, Datum *datum,
					 SqmReason *reason)
{
	SqmDecimal	decimal;
	char		buffer[32];

	if (!target->constrained)
	{
		*datum = NumericGetDatum(int64_to_numeric(value->integer));
		return SQM_EXACT;
	}

	/* up to nine digits before and behind the point cannot overflow */
	if (target->scale >= 0 && target->scale <= QUICK_SCALE &&
		target->scale <= target->precision)
	{
		int			whole = Min(target->precision - target->scale, QUICK_SCALE);

		if (value->integer < (int64) sqm_power10[whole] &&
			value->integer > -(int64) sqm_power10[whole])
		{
			int64		mantissa = value->integer *
			(int64) sqm_power10[target->scale];

			*datum = NumericGetDatum(int64_div_fast_to_numeric(mantissa,
															   target->scale));
			return SQM_EXACT;
		}
	}
	sqm_decimal_from_int64(value->integer, buffer, &decimal);
	return sqm_decimal_numeric(target, &decimal, false, datum, reason);
}

static SqmVerdict
numeric_from_special(SqmTarget *target, double value, Datum *datum,
					 SqmReason *reason)
{
	if (target->constrained && !isnan(value))
		return out_of_range(target, reason);
	*datum = DirectFunctionCall1(float8_numeric, Float8GetDatum(value));
	return SQM_EXACT;
}

/*
 * The decimal with that many places that a real stands for, if there is one.
 * A decimal of at most 15 digits whose nearest double is the real is its
 * shortest decimal: no two of them share a double.
 */
static inline bool
quick_decimal(double value, int places, int64 *mantissa)
{
	double		scaled = rint(value * quick_power10[places]);

	if (!(fabs(scaled) < QUICK_LIMIT) ||
		scaled / quick_power10[places] != value)
		return false;
	*mantissa = (int64) scaled;
	return true;
}

static SqmVerdict
numeric_from_real(SqmTarget *target, const SqmValue *value, Datum *datum,
				  SqmReason *reason)
{
	SqmDecimal	decimal;
	char		buffer[32];
	int64		mantissa;

	if (unlikely(isnan(value->real) || isinf(value->real)))
		return numeric_from_special(target, value->real, datum, reason);

	if (target->constrained)
	{
		if (target->scale >= 0 &&
			target->scale < (int) lengthof(quick_power10) &&
			quick_decimal(value->real, target->scale, &mantissa))
		{
			if (target->precision < SQM_MANTISSA_DIGITS &&
				(mantissa >= (int64) sqm_power10[target->precision] ||
				 mantissa <= -(int64) sqm_power10[target->precision]))
				return out_of_range(target, reason);
			*datum = NumericGetDatum(int64_div_fast_to_numeric(mantissa,
															   target->scale));
			return SQM_EXACT;
		}
	}
	else
	{
		for (int places = 0; places <= QUICK_PLACES; places++)
		{
			if (quick_decimal(value->real, places, &mantissa))
			{
				*datum = NumericGetDatum(int64_div_fast_to_numeric(mantissa,
																   places));
				return SQM_EXACT;
			}
		}
	}
	sqm_decimal_from_double(value->real, buffer, &decimal);
	decimal.odd = false;
	return sqm_decimal_numeric(target, &decimal, true, datum, reason);
}

static SqmVerdict
numeric_from_text(SqmTarget *target, const SqmValue *value, Datum *datum,
				  SqmReason *reason)
{
	SqmDecimal	decimal;
	double		special;

	if (sqm_decimal_scan(value->data, value->length, &decimal))
		return sqm_decimal_numeric(target, &decimal, false, datum, reason);
	if (sqm_special_scan(value->data, value->length, &special))
		return numeric_from_special(target, special, datum, reason);
	return sqm_bad_syntax(target, reason);
}

SqmConverterRow sqm_to_numeric = {
	NULL, numeric_from_integer, numeric_from_real, numeric_from_text,
	sqm_refuse
};
