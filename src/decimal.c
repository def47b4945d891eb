/*-------------------------------------------------------------------------
 *
 * decimal.c
 *		Is this text a decimal number, and of which digits does it consist?
 *
 * Pure text: nothing here knows a target type or rounds anything.  Numbers
 * with up to 18 digits (nearly all of them) come back as an integer and a
 * scale, so that most callers need no further look at the text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "decimal.h"
#include "utils/builtins.h"
#include "utils/float.h"

/*
 * Exponents are clamped here.  It is far beyond every type, and small enough
 * that sums with the length of a text stay inside 64 bits.
 */
#define EXPONENT_LIMIT INT64CONST(100000000000)

const uint64 sqm_power10[SQM_MANTISSA_DIGITS + 1] = {
	UINT64CONST(1), UINT64CONST(10), UINT64CONST(100), UINT64CONST(1000),
	UINT64CONST(10000), UINT64CONST(100000), UINT64CONST(1000000),
	UINT64CONST(10000000), UINT64CONST(100000000), UINT64CONST(1000000000),
	UINT64CONST(10000000000), UINT64CONST(100000000000),
	UINT64CONST(1000000000000), UINT64CONST(10000000000000),
	UINT64CONST(100000000000000), UINT64CONST(1000000000000000),
	UINT64CONST(10000000000000000), UINT64CONST(100000000000000000),
	UINT64CONST(1000000000000000000)
};

/* the exponent after e or E; false if there is none */
static bool
scan_exponent(const char **position, const char *end, int64 *exponent)
{
	const char *p = *position;
	bool		negative = false;
	int64		result = 0;

	if (p < end && (*p == '+' || *p == '-'))
		negative = (*p++ == '-');
	if (p == end || !sqm_is_digit(*p))
		return false;
	for (; p < end && sqm_is_digit(*p); p++)
	{
		if (result < EXPONENT_LIMIT)
			result = result * 10 + (*p - '0');
	}
	result = Min(result, EXPONENT_LIMIT);
	*exponent = negative ? -result : result;
	*position = p;
	return true;
}

/*
 * Take apart [space] [+-] digits [. digits] [e[+-]digits] [space].  At least
 * one digit must stand before the exponent.
 */
bool
sqm_decimal_scan(const char *text, int length, SqmDecimal *decimal)
{
	const char *p = text;
	const char *end = text + length;
	const char *integer;
	int			seen = 0;
	int			ndigits = 0;
	int64		scale = 0;
	uint64		mantissa = 0;

	decimal->negative = false;
	decimal->odd = false;
	decimal->digits = NULL;

	while (end > p && sqm_is_space(end[-1]))
		end--;
	while (p < end && sqm_is_space(*p))
		p++;
	if (end - p != length)
		decimal->odd = true;

	if (p < end && (*p == '-' || *p == '+'))
	{
		if (*p == '+')
			decimal->odd = true;
		else
			decimal->negative = true;
		p++;
	}

	integer = p;
	for (; p < end && sqm_is_digit(*p); p++)
	{
		seen++;
		if (ndigits == 0)
		{
			if (*p == '0')
				continue;
			decimal->digits = p;
		}
		if (ndigits++ < SQM_MANTISSA_DIGITS)
			mantissa = mantissa * 10 + (*p - '0');
	}
	if (seen > 1 && *integer == '0')
		decimal->odd = true;

	if (p < end && *p == '.')
	{
		for (p++; p < end && sqm_is_digit(*p); p++)
		{
			seen++;
			scale++;
			if (ndigits == 0)
			{
				if (*p == '0')
					continue;
				decimal->digits = p;
			}
			if (ndigits++ < SQM_MANTISSA_DIGITS)
				mantissa = mantissa * 10 + (*p - '0');
		}
	}
	if (seen == 0)
		return false;

	if (p < end && (*p == 'e' || *p == 'E'))
	{
		int64		exponent;

		p++;
		if (!scan_exponent(&p, end, &exponent))
			return false;
		scale -= exponent;
	}
	if (p != end)
		return false;

	decimal->ndigits = ndigits;
	decimal->wide = ndigits > SQM_MANTISSA_DIGITS;
	decimal->mantissa = mantissa;
	decimal->scale = scale;
	return true;
}

/*
 * The same for numbers that are no text yet.  The buffer (32 bytes) must live
 * as long as the decimal: a wide one points into it.
 */
void
sqm_decimal_from_int64(int64 value, char *buffer, SqmDecimal *decimal)
{
	(void) sqm_decimal_scan(buffer, pg_lltoa(value, buffer), decimal);
}

void
sqm_decimal_from_double(double value, char *buffer, SqmDecimal *decimal)
{
	(void) sqm_decimal_scan(buffer,
							double_to_shortest_decimal_buf(value, buffer),
							decimal);
}

int
sqm_mantissa_digits(uint64 mantissa)
{
	int			ndigits = 0;

	while (ndigits <= SQM_MANTISSA_DIGITS && mantissa >= sqm_power10[ndigits])
		ndigits++;
	return ndigits;
}

/*
 * Number of digits without trailing zeros, and the scale that belongs to them.
 */
static int
significant_digits(const SqmDecimal *decimal, int64 *scale)
{
	const char *p = decimal->digits;
	int			ndigits = 0;
	int			significant = 0;

	while (ndigits < decimal->ndigits)
	{
		if (*p != '.')
		{
			ndigits++;
			if (*p != '0')
				significant = ndigits;
		}
		p++;
	}
	*scale = decimal->scale - (decimal->ndigits - significant);
	return significant;
}

/* Do two texts mean the same number? */
bool
sqm_decimal_same(const SqmDecimal *a, const SqmDecimal *b)
{
	int64		scale_a;
	int64		scale_b;
	int			ndigits;
	const char *pa = a->digits;
	const char *pb = b->digits;

	if (a->ndigits == 0 || b->ndigits == 0)
		return a->ndigits == b->ndigits;
	ndigits = significant_digits(a, &scale_a);
	if (a->negative != b->negative ||
		significant_digits(b, &scale_b) != ndigits ||
		scale_a != scale_b)
		return false;
	while (ndigits-- > 0)
	{
		if (*pa == '.')
			pa++;
		if (*pb == '.')
			pb++;
		if (*pa++ != *pb++)
			return false;
	}
	return true;
}

/*
 * A whole number as limbs of nine decimal digits, lowest first.  The longest
 * that a double expands to has 767 digits.
 */
#define LIMB			UINT64CONST(1000000000)
#define LIMB_DIGITS		9
#define MAX_LIMBS		86
#define MAX_EXPANSION	(MAX_LIMBS * LIMB_DIGITS)

typedef struct Expansion
{
	int			nlimbs;
	uint32		limbs[MAX_LIMBS];
} Expansion;

static void
multiply(Expansion *number, uint32 factor)
{
	uint64		carry = 0;

	for (int i = 0; i < number->nlimbs; i++)
	{
		carry += (uint64) number->limbs[i] * factor;
		number->limbs[i] = carry % LIMB;
		carry /= LIMB;
	}
	if (carry > 0)
		number->limbs[number->nlimbs++] = (uint32) carry;
}

static void
multiply_by_power(Expansion *number, uint32 base, int exponent)
{
	/* ten at a time: 5^10 and 2^10 are both well inside 32 bits */
	uint32		tenth = 1;

	for (int i = 0; i < 10; i++)
		tenth *= base;
	for (; exponent >= 10; exponent -= 10)
		multiply(number, tenth);
	for (; exponent > 0; exponent--)
		multiply(number, base);
}

/*
 * Is the decimal exactly the value of the double?  Every double is a decimal,
 * if often a long one: it is written down in full (m * 2^-e as m * 5^e with e
 * decimal places) and the digits are compared.
 */
bool
sqm_decimal_is_double(const SqmDecimal *decimal, double value)
{
	Expansion	expansion;
	SqmDecimal	full;
	char		digits[MAX_EXPANSION + 1];
	int			exponent;
	int			length;
	uint64		mantissa;

	if (value == 0 || decimal->ndigits == 0)
		return value == 0 && decimal->ndigits == 0;
	mantissa = (uint64) ldexp(frexp(fabs(value), &exponent), 53);
	exponent -= 53;
	while (mantissa % 2 == 0)
	{
		mantissa /= 2;
		exponent++;
	}

	expansion.limbs[0] = mantissa % LIMB;
	expansion.limbs[1] = mantissa / LIMB % LIMB;
	expansion.nlimbs = mantissa < LIMB ? 1 : 2;
	multiply_by_power(&expansion, exponent < 0 ? 5 : 2, abs(exponent));

	length = snprintf(digits, sizeof(digits), "%u",
					  expansion.limbs[expansion.nlimbs - 1]);
	for (int i = expansion.nlimbs - 2; i >= 0; i--)
		length += snprintf(digits + length, sizeof(digits) - length, "%09u",
						   expansion.limbs[i]);
	full.negative = value < 0;
	full.digits = digits;
	full.ndigits = length;
	full.scale = exponent < 0 ? -exponent : 0;
	return sqm_decimal_same(decimal, &full);
}

/* NaN, inf and infinity, the latter two with a sign, in any case. */
bool
sqm_special_scan(const char *text, int length, double *value)
{
	bool		negative = false;

	if (length == 3 && pg_strncasecmp(text, "nan", 3) == 0)
	{
		*value = get_float8_nan();
		return true;
	}
	if (length > 0 && (*text == '-' || *text == '+'))
	{
		negative = (*text == '-');
		text++;
		length--;
	}
	if ((length == 3 && pg_strncasecmp(text, "inf", 3) == 0) ||
		(length == 8 && pg_strncasecmp(text, "infinity", 8) == 0))
	{
		*value = negative ? -get_float8_infinity() : get_float8_infinity();
		return true;
	}
	return false;
}
