/*-------------------------------------------------------------------------
 *
 * decimal.h
 *		A decimal number in text, taken apart but not yet converted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_DECIMAL_H
#define SQM_DECIMAL_H

#include "postgres.h"

/* A mantissa of this many digits fits into 63 bits whatever the digits are. */
#define SQM_MANTISSA_DIGITS 18

/*
 * The number is digits * 10^-scale, where digits are the ndigits digits from
 * the first that is not zero, as they stand in the text (trailing zeros count,
 * a point may stand among them).  Zero has no digits.
 */
typedef struct SqmDecimal
{
	bool		negative;
	bool		odd;			/* white space, leading +, leading zeros */
	bool		wide;			/* more digits than mantissa can hold */
	int			ndigits;
	int64		scale;			/* negative: zeros follow the digits */
	uint64		mantissa;		/* the digits, unless wide */
	const char *digits;			/* in the source text */
} SqmDecimal;

extern const uint64 sqm_power10[SQM_MANTISSA_DIGITS + 1];

extern bool sqm_decimal_scan(const char *text, int length,
							 SqmDecimal *decimal);
extern void sqm_decimal_from_int64(int64 value, char *buffer,
								   SqmDecimal *decimal);
extern void sqm_decimal_from_double(double value, char *buffer,
									SqmDecimal *decimal);
extern bool sqm_decimal_same(const SqmDecimal *a, const SqmDecimal *b);
extern bool sqm_decimal_is_double(const SqmDecimal *decimal, double value);
extern int	sqm_mantissa_digits(uint64 mantissa);
extern bool sqm_special_scan(const char *text, int length, double *value);

/* as C's isspace in the C locale, whatever locale the server runs in */
static inline bool
sqm_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool
sqm_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

#endif							/* SQM_DECIMAL_H */
