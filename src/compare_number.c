/*-------------------------------------------------------------------------
 *
 * compare_number.c
 *		Which number does a source value or a stored Datum stand for?
 *
 * A number is written down as a whole number of 64 bits if it is one, else as
 * sign, significant digits and exponent; so 1, 1.0, '1.50e0' and 15e-1 meet
 * where they are the same number.  Source text is read digit by digit and
 * never passes through numeric or integer input; a stored numeric is read
 * from its own digits and never passes through its output function.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "utils/builtins.h"

#include "canon.h"

/* numeric holds 131072 digits before the point and 16383 after it */
#define NUMERIC_DIGITS_LIMIT	150000

/* an exponent beyond this belongs to no number that any type holds */
#define EXPONENT_LIMIT			INT64CONST(1000000000)

#define DOUBLE_DIGITS			17	/* a shortest decimal never has more */

/*
 * Decimals
 */

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Returns where the exponent ends, or NULL if it is not one. */
static const char *
scan_exponent(const char *p, const char *end, int64 *exponent)
{
	bool		negative = false;

	if (p < end && (*p == '+' || *p == '-'))
		negative = (*p++ == '-');
	if (p >= end || !is_digit(*p))
		return NULL;
	*exponent = 0;
	for (; p < end && is_digit(*p); p++)
		if (*exponent < EXPONENT_LIMIT)
			*exponent = *exponent * 10 + (*p - '0');
	if (negative)
		*exponent = -*exponent;
	return p;
}

/*
 * Read a decimal number without sign '+', without leading zeros, without
 * white space: spellings that have those do not stand for the plain number
 * (docs/types.md calls them changed).  JSON also asks for digits on both
 * sides of a point.  Returns where the number ends, or NULL.
 */
const char *
sqm_canon_scan_decimal(const char *p, const char *end, bool json,
				 CanonDecimal *decimal)
{
	const char *start;
	const char *point;
	const char *stop;
	int64		exponent = 0;

	decimal->negative = (p < end && *p == '-');
	if (decimal->negative)
		p++;

	start = p;
	while (p < end && is_digit(*p))
		p++;
	if (p - start > 1 && *start == '0')
		return NULL;
	if (json && p == start)
		return NULL;
	point = p;
	if (p < end && *p == '.')
	{
		p++;
		while (p < end && is_digit(*p))
			p++;
		if (p - point == 1 && (json || point == start))
			return NULL;
	}
	stop = p;
	if (stop == start)
		return NULL;
	if (p < end && (*p == 'e' || *p == 'E'))
	{
		p = scan_exponent(p + 1, end, &exponent);
		if (p == NULL)
			return NULL;
	}

	/* the zeros around the significant digits go */
	while (start < stop && (*start == '0' || *start == '.'))
		start++;
	decimal->first = decimal->last = start;
	decimal->digits = 0;
	decimal->exponent = 0;
	if (start == stop)
		return p;
	while (stop[-1] == '0' || stop[-1] == '.')
		stop--;
	decimal->last = stop;
	decimal->digits = stop - start;
	if (point >= start && point < stop)
		decimal->digits--;
	decimal->exponent = exponent +
		(stop <= point ? point - stop : point + 1 - stop);
	return p;
}

/* Is all of the text one decimal number? */
static bool
decimal_of_text(const char *data, int length, CanonDecimal *decimal)
{
	return sqm_canon_scan_decimal(data, data + length, false,
							decimal) == data + length;
}

/* The digits as one number; at most 19 of them. */
static uint64
decimal_digits(const CanonDecimal *decimal)
{
	uint64		number = 0;

	for (const char *p = decimal->first; p < decimal->last; p++)
		if (*p != '.')
			number = number * 10 + (*p - '0');
	return number;
}

/*
 * A number that is whole and fits int64 always gets the integer form, from
 * wherever it comes; all others the decimal form.  Only so are the two forms
 * one injective encoding.
 */
static bool
put_whole(StringInfo out, bool negative, uint64 magnitude)
{
	if (magnitude > (uint64) PG_INT64_MAX + (negative ? 1 : 0))
		return false;
	canon_int64(out, CANON_INT,
				(int64) (negative ? UINT64CONST(0) - magnitude : magnitude));
	return true;
}

void
sqm_canon_put_decimal(StringInfo out, const CanonDecimal *decimal)
{
	int			start;

	if (decimal->digits == 0)
	{
		canon_int64(out, CANON_INT, 0);
		return;
	}
	if (decimal->exponent >= 0 && decimal->digits + decimal->exponent <= 19)
	{
		uint64		magnitude = decimal_digits(decimal);

		for (int i = 0; i < decimal->exponent; i++)
			magnitude *= 10;
		if (put_whole(out, decimal->negative, magnitude))
			return;
	}

	start = sqm_canon_begin(out, CANON_DECIMAL);
	canon_int64(out, decimal->negative ? '-' : '+', decimal->exponent);
	enlargeStringInfo(out, decimal->digits);
	for (const char *p = decimal->first; p < decimal->last; p++)
		if (*p != '.')
			appendStringInfoCharMacro(out, *p);
	sqm_canon_end(out, start);
}

/*
 * The form of a text that is a number that numeric may hold, maybe with white
 * space around, a sign '+' and leading zeros.
 */
bool
sqm_canon_loose_number(const char *data, int length, StringInfo out)
{
	const char *end = data + length;
	CanonDecimal decimal;
	bool		negative = false;

	while (data < end && isspace((unsigned char) *data))
		data++;
	while (end > data && isspace((unsigned char) end[-1]))
		end--;
	if (data < end && (*data == '+' || *data == '-'))
		negative = (*data++ == '-');
	while (end - data > 1 && data[0] == '0' && is_digit(data[1]))
		data++;
	if (data == end || *data == '-' ||
		!decimal_of_text(data, end - data, &decimal) ||
		decimal.digits > NUMERIC_DIGITS_LIMIT)
		return false;
	decimal.negative = negative;
	sqm_canon_put_decimal(out, &decimal);
	return true;
}

/* A decimal of at most 19 digits that is known as a number. */
static void
put_number(StringInfo out, bool negative, uint64 number, int64 exponent)
{
	char		digits[24];
	char	   *p = digits + sizeof(digits);
	CanonDecimal decimal;

	while (number != 0 && number % 10 == 0)
	{
		number /= 10;
		exponent++;
	}
	decimal.negative = negative;
	decimal.exponent = exponent;
	decimal.last = p;
	for (; number != 0; number /= 10)
		*--p = '0' + number % 10;
	decimal.first = p;
	decimal.digits = decimal.last - decimal.first;
	sqm_canon_put_decimal(out, &decimal);
}

/* NaN, infinity and their short forms: 'n', '+', '-', or 0 */
static char
special_of_text(const SqmValue *value)
{
	static const struct
	{
		const char *word;
		char		special;
	}			words[] =
	{
		{"nan", 'n'},
		{"inf", '+'}, {"infinity", '+'}, {"+inf", '+'}, {"+infinity", '+'},
		{"-inf", '-'}, {"-infinity", '-'}
	};

	if (value->length < 3 || value->length > 9)
		return 0;
	for (int i = 0; i < lengthof(words); i++)
		if (sqm_canon_word(value, words[i].word))
			return words[i].special;
	return 0;
}

/*
 * smallint, integer, bigint
 */

/*
 * A REAL stands for the integer that it is, not for the one that its shortest
 * decimal is: beyond 2^53 these differ, and the column counts, it does not
 * measure.
 */
static void
integer_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	CanonDecimal decimal;

	if (value->storage == SQM_INTEGER)
		canon_int64(out, CANON_INT, value->integer);
	else if (value->storage == SQM_REAL &&
			 value->real >= -9223372036854775808.0 &&
			 value->real < 9223372036854775808.0 &&
			 floor(value->real) == value->real)
		canon_int64(out, CANON_INT, (int64) value->real);
	else if (value->storage == SQM_TEXT &&
			 decimal_of_text(value->data, value->length, &decimal) &&
			 is_digit(value->data[value->length - 1]) &&
			 memchr(value->data, '.', value->length) == NULL &&
			 memchr(value->data, 'e', value->length) == NULL &&
			 memchr(value->data, 'E', value->length) == NULL &&
			 decimal.digits <= NUMERIC_DIGITS_LIMIT)
		sqm_canon_put_decimal(out, &decimal);
	else
		sqm_canon_raw(out, value);
}

static void
int2_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	canon_int64(out, CANON_INT, DatumGetInt16(datum));
}

static void
int4_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	canon_int64(out, CANON_INT, DatumGetInt32(datum));
}

static void
int8_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	canon_int64(out, CANON_INT, DatumGetInt64(datum));
}

void
sqm_canon_integer(SqmCanon *canon)
{
	canon->source = integer_source;
	if (canon->typid == INT2OID)
		canon->target = int2_target;
	else if (canon->typid == INT4OID)
		canon->target = int4_target;
	else
		canon->target = int8_target;
}

/*
 * numeric
 */

/* A REAL as its shortest decimal, without any rounding. */
void
sqm_canon_put_real(StringInfo out, double real)
{
	char		buffer[CANON_NUMBER_SIZE];
	int			length;
	CanonDecimal decimal;

	/* below 2^53 the shortest decimal of a whole number is that number */
	if (real > -9007199254740992.0 && real < 9007199254740992.0 &&
		(double) (int64) real == real)
	{
		canon_int64(out, CANON_INT, (int64) real);
		return;
	}
	length = double_to_shortest_decimal_buf(real, buffer);
	if (decimal_of_text(buffer, length, &decimal))
		sqm_canon_put_decimal(out, &decimal);
	else if (isnan(real))
		canon_byte(out, CANON_SPECIAL, 'n');
	else
		canon_byte(out, CANON_SPECIAL, real > 0 ? '+' : '-');
}

/*
 * Is rounding to this scale only the removal of binary noise, below 1e-15 of
 * the number?  Then *number and *exponent become the rounded ones.  With 15
 * digits or fewer nothing that can be rounded away is that small.
 */
static bool
round_noise(uint64 *number, int64 *exponent, int scale)
{
	int64		surplus = -(int64) scale - *exponent;
	uint64		unit = 1;
	uint64		rounded;
	uint64		difference;

	if (surplus <= 0 || surplus > DOUBLE_DIGITS)
		return false;
	for (int i = 0; i < surplus; i++)
		unit *= 10;
	rounded = *number / unit;
	if (*number % unit >= unit / 2)
		rounded++;
	difference = *number > rounded * unit ?
		*number - rounded * unit : rounded * unit - *number;
	if (difference > (*number - 1) / UINT64CONST(1000000000000000))
		return false;
	*number = rounded;
	*exponent += surplus;
	return true;
}

static void
numeric_real(SqmCanon *canon, double real, StringInfo out)
{
	char		buffer[CANON_NUMBER_SIZE];
	int			length;
	CanonDecimal decimal;
	uint64		number;
	int64		exponent;

	if (!canon->has_scale || !isfinite(real))
	{
		sqm_canon_put_real(out, real);
		return;
	}
	length = double_to_shortest_decimal_buf(real, buffer);
	if (!decimal_of_text(buffer, length, &decimal))
		elog(ERROR, "unexpected spelling of a double: %s", buffer);
	if (decimal.digits >= 16)
	{
		number = decimal_digits(&decimal);
		exponent = decimal.exponent;
		if (round_noise(&number, &exponent, canon->scale))
		{
			put_number(out, decimal.negative, number, exponent);
			return;
		}
	}
	sqm_canon_put_decimal(out, &decimal);
}

static void
numeric_text(const SqmValue *value, StringInfo out)
{
	CanonDecimal decimal;
	char		special;

	if (decimal_of_text(value->data, value->length, &decimal) &&
		decimal.digits <= NUMERIC_DIGITS_LIMIT)
		sqm_canon_put_decimal(out, &decimal);
	else if ((special = special_of_text(value)) != 0)
		canon_byte(out, CANON_SPECIAL, special);
	else
		sqm_canon_raw(out, value);
}

static void
numeric_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	if (value->storage == SQM_INTEGER)
		canon_int64(out, CANON_INT, value->integer);
	else if (value->storage == SQM_REAL)
		numeric_real(canon, value->real, out);
	else if (value->storage == SQM_TEXT)
		numeric_text(value, out);
	else
		sqm_canon_raw(out, value);
}

/*
 * A numeric on disk.  The struct is private to numeric.c, but the layout is
 * bound by pg_upgrade: a header word, for wide numbers a weight, then digits
 * to base 10000 without zeros at either end.
 */
typedef struct StoredNumeric
{
	bool		negative;
	int			weight;			/* of the first digit, to base 10000 */
	const char *digits;			/* int16 each, not aligned */
	int			count;
} StoredNumeric;

/* Returns 0, or which special value it is. */
static char
read_numeric(const char *data, int length, StoredNumeric *number)
{
	uint16		header;
	int16		weight;

	memcpy(&header, data, sizeof(header));
	if ((header & 0xC000) == 0xC000)
	{
		if ((header & 0xF000) == 0xC000)
			return 'n';
		return (header & 0x2000) ? '-' : '+';
	}
	number->digits = data + sizeof(header);
	if (header & 0x8000)
	{
		number->negative = (header & 0x2000) != 0;
		number->weight = header & 0x003F;
		if (header & 0x0040)
			number->weight -= 64;
	}
	else
	{
		number->negative = (header & 0x4000) != 0;
		memcpy(&weight, data + sizeof(header), sizeof(weight));
		number->weight = weight;
		number->digits += sizeof(weight);
	}
	number->count = (data + length - number->digits) / sizeof(int16);
	return 0;
}

static inline int
numeric_digit(const StoredNumeric *number, int i)
{
	int16		digit;

	memcpy(&digit, number->digits + i * sizeof(digit), sizeof(digit));
	return digit;
}

/* The integer form, if the number is whole and has at most 19 digits. */
static bool
put_numeric_whole(StringInfo out, const StoredNumeric *number)
{
	uint64		magnitude = 0;

	if (number->count > number->weight + 1 || number->weight > 4)
		return false;
	if (number->weight == 4 && numeric_digit(number, 0) > 999)
		return false;
	for (int i = 0; i <= number->weight; i++)
		magnitude = magnitude * 10000 +
			(i < number->count ? numeric_digit(number, i) : 0);
	return put_whole(out, number->negative, magnitude);
}

/* The decimal form; its digits are written first and trimmed in place. */
static void
put_numeric_digits(StringInfo out, const StoredNumeric *number)
{
	int64		exponent = 4 * ((int64) number->weight - number->count + 1);
	int			start = sqm_canon_begin(out, CANON_DECIMAL);
	int			sign = out->len;
	char	   *digits;
	int			length = 0;
	uint64		network;

	canon_int64(out, number->negative ? '-' : '+', 0);
	enlargeStringInfo(out, number->count * 4);
	digits = out->data + out->len;
	for (int i = 0; i < number->count; i++)
	{
		int			digit = numeric_digit(number, i);

		for (int unit = 1000; unit > 0; unit /= 10)
			if (length > 0 || digit / unit > 0)
				digits[length++] = '0' + digit / unit % 10;
	}
	for (; length > 0 && digits[length - 1] == '0'; length--)
		exponent++;
	out->len += length;
	out->data[out->len] = '\0';
	network = pg_hton64((uint64) exponent);
	memcpy(out->data + sign + 1, &network, sizeof(network));
	sqm_canon_end(out, start);
}

void
sqm_canon_put_numeric(StringInfo out, Datum numeric)
{
	struct varlena *stored = PG_DETOAST_DATUM_PACKED(numeric);
	StoredNumeric number;
	char		special;

	special = read_numeric(VARDATA_ANY(stored), VARSIZE_ANY_EXHDR(stored),
						   &number);
	if (special != 0)
		canon_byte(out, CANON_SPECIAL, special);
	else if (number.count == 0)
		canon_int64(out, CANON_INT, 0);
	else if (!put_numeric_whole(out, &number))
		put_numeric_digits(out, &number);
	if ((Pointer) stored != DatumGetPointer(numeric))
		pfree(stored);
}

static void
numeric_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	sqm_canon_put_numeric(out, datum);
}

void
sqm_canon_numeric(SqmCanon *canon)
{
	canon->source = numeric_source;
	canon->target = numeric_target;
	if (canon->typmod >= (int32) VARHDRSZ)
	{
		/* the scale is the low 11 bits, signed */
		canon->has_scale = true;
		canon->scale = (canon->typmod - VARHDRSZ) & 0x7ff;
		if (canon->scale > 1023)
			canon->scale -= 2048;
	}
}

/*
 * real, double precision
 */

static void
put_double(StringInfo out, double real)
{
	uint64		bits;

	if (isnan(real))
		bits = UINT64CONST(0x7ff8000000000000);
	else
		memcpy(&bits, &real, sizeof(bits));
	canon_int64(out, CANON_DOUBLE, (int64) bits);
}

/*
 * The double that a decimal means, where one multiplication or division finds
 * it: at most 15 digits, those before the point included.  Every such decimal
 * comes back from its double, so there is nothing to check.  (Not so 5e22,
 * which lies halfway between two doubles and is no shortest form of either.)
 */
static bool
quick_double(const CanonDecimal *decimal, double *real)
{
	static const double powers[] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
	};

	if (decimal->digits + Max(decimal->exponent, 0) > 15 ||
		decimal->exponent < -22)
		return false;
	*real = (double) decimal_digits(decimal);
	if (decimal->exponent < 0)
		*real /= powers[-decimal->exponent];
	else
		*real *= powers[decimal->exponent];
	return true;
}

/* The same for all decimals, by way of the C library and back. */
static bool
careful_double(const CanonDecimal *decimal, double *real)
{
	char		buffer[CANON_NUMBER_SIZE];
	int			length = 0;
	CanonDecimal back;

	if (decimal->digits > DOUBLE_DIGITS ||
		decimal->exponent < -400 || decimal->exponent > 400)
		return false;
	for (const char *p = decimal->first; p < decimal->last; p++)
		if (*p != '.')
			buffer[length++] = *p;
	buffer[length++] = 'e';
	length += pg_ltoa((int32) decimal->exponent, buffer + length);
	buffer[length] = '\0';
	*real = strtod(buffer, NULL);

	length = double_to_shortest_decimal_buf(*real, buffer);
	return decimal_of_text(buffer, length, &back) &&
		back.digits == decimal->digits &&
		back.exponent == decimal->exponent &&
		decimal_digits(&back) == decimal_digits(decimal);
}

/*
 * A whole number in base 2^32, lowest word first.  No double has more than
 * 767 digits, nor one of 309 digits more than 1024 bits; so this is enough
 * for every decimal that can be one.
 */
#define WIDE_WORDS		100
#define WIDE_DIGITS		767
#define WIDE_WHOLE		309		/* digits before the point */
#define WIDE_FRACTION	1074	/* and after it */

typedef struct WideNumber
{
	int			count;
	uint32		words[WIDE_WORDS];
} WideNumber;

static void
wide_multiply_add(WideNumber *number, uint32 factor, uint32 more)
{
	uint64		carry = more;

	for (int i = 0; i < number->count; i++)
	{
		carry += (uint64) number->words[i] * factor;
		number->words[i] = (uint32) carry;
		carry >>= 32;
	}
	if (carry != 0)
		number->words[number->count++] = (uint32) carry;
}

/* Divide by five; false if something remains. */
static bool
wide_divide_five(WideNumber *number)
{
	uint64		rest = 0;

	for (int i = number->count - 1; i >= 0; i--)
	{
		rest = rest << 32 | number->words[i];
		number->words[i] = (uint32) (rest / 5);
		rest %= 5;
	}
	if (number->count > 0 && number->words[number->count - 1] == 0)
		number->count--;
	return rest == 0;
}

/* Halve it until it is odd; how often?  It must not be zero. */
static int
wide_halve(WideNumber *number)
{
	int			words = 0;
	int			bits = 0;

	while (number->words[words] == 0)
		words++;
	number->count -= words;
	memmove(number->words, number->words + words,
			number->count * sizeof(uint32));
	while ((number->words[0] >> bits) % 2 == 0)
		bits++;
	if (bits > 0)
	{
		for (int i = 0; i < number->count; i++)
			number->words[i] = number->words[i] >> bits |
				(i + 1 < number->count ? number->words[i + 1] << (32 - bits) : 0);
		if (number->words[number->count - 1] == 0)
			number->count--;
	}
	return 32 * words + bits;
}

/*
 * The double that a decimal is, down to the last of its digits: an odd number
 * below 2^53 times a power of two.  A decimal digits * 10^e is digits * 5^e *
 * 2^e, so all fives must go into the digits; what is left is looked at in
 * binary.
 */
static bool
exact_double(const CanonDecimal *decimal, double *real)
{
	WideNumber	number = {0};
	int			exponent = (int) decimal->exponent;
	uint64		odd;

	if (decimal->digits > WIDE_DIGITS ||
		decimal->digits + decimal->exponent > WIDE_WHOLE ||
		decimal->exponent < -WIDE_FRACTION)
		return false;
	for (const char *p = decimal->first; p < decimal->last; p++)
		if (*p != '.')
			wide_multiply_add(&number, 10, *p - '0');
	for (int i = exponent; i < 0; i++)
		if (!wide_divide_five(&number))
			return false;
	for (int i = 0; i < exponent; i++)
		wide_multiply_add(&number, 5, 0);
	exponent += wide_halve(&number);

	if (number.count > 2)
		return false;
	odd = number.words[0] |
		(number.count == 2 ? (uint64) number.words[1] << 32 : 0);
	if (odd >> 53 != 0 || exponent < -WIDE_FRACTION)
		return false;
	*real = ldexp((double) odd, exponent);
	return isfinite(*real);
}

static bool
double_of_decimal(const CanonDecimal *decimal, double *real)
{
	return decimal->digits == 0 || quick_double(decimal, real) ||
		careful_double(decimal, real) || exact_double(decimal, real);
}

/*
 * The float that prints as this decimal.  Its shortest form has nine digits
 * at most.
 */
static bool
float_printed_as(const CanonDecimal *decimal, float *result)
{
	char		buffer[CANON_NUMBER_SIZE];
	int			length;
	CanonDecimal printed;

	if (decimal->digits > 9 ||
		decimal->exponent < -60 || decimal->exponent > 60)
		return false;
	snprintf(buffer, sizeof(buffer), UINT64_FORMAT "e%d",
			 decimal_digits(decimal), (int) decimal->exponent);
	*result = strtof(buffer, NULL);
	length = float_to_shortest_decimal_buf(*result, buffer);
	return decimal_of_text(buffer, length, &printed) &&
		printed.digits == decimal->digits &&
		printed.exponent == decimal->exponent &&
		decimal_digits(&printed) == decimal_digits(decimal);
}

/* For float4 the double is right if it is a float, else what prints alike. */
static bool
number_of_decimal(SqmCanon *canon, const CanonDecimal *decimal, double *real)
{
	float		single;

	if (canon->typid == FLOAT8OID)
		return double_of_decimal(decimal, real);
	if (decimal->digits > 0 && float_printed_as(decimal, &single))
	{
		*real = (double) single;
		return true;
	}
	return decimal->digits == 0 ||
		(exact_double(decimal, real) && (double) (float) *real == *real);
}

static void
float_text(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	CanonDecimal decimal;
	double		real = 0;

	if (!decimal_of_text(value->data, value->length, &decimal))
	{
		char		special = special_of_text(value);

		if (special == 'n')
			put_double(out, NAN);
		else if (special != 0)
			put_double(out, special == '+' ? HUGE_VAL : -HUGE_VAL);
		else
			sqm_canon_raw(out, value);
	}
	else if (number_of_decimal(canon, &decimal, &real))
		put_double(out, decimal.negative ? -real : real);
	else
		sqm_canon_raw(out, value);
}

/*
 * A REAL in float4 is the float that it is, else the float that prints as it
 * does; else nothing stands for it.
 */
static void
float_real(SqmCanon *canon, double real, StringInfo out)
{
	char		buffer[CANON_NUMBER_SIZE];
	int			length;
	CanonDecimal decimal;
	float		single;

	if (canon->typid == FLOAT4OID && isfinite(real) &&
		(double) (float) real != real)
	{
		length = double_to_shortest_decimal_buf(real, buffer);
		if (decimal_of_text(buffer, length, &decimal) &&
			float_printed_as(&decimal, &single))
			real = decimal.negative ? -(double) single : (double) single;
	}
	put_double(out, real);
}

static void
float_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	if (value->storage == SQM_REAL)
		float_real(canon, value->real, out);
	else if (value->storage == SQM_INTEGER)
	{
		double		real = (double) value->integer;

		/* 2^63 is a double that int64 does not hold */
		if (real < 9223372036854775808.0 && (int64) real == value->integer)
			put_double(out, real);
		else
			canon_int64(out, CANON_INT, value->integer);
	}
	else if (value->storage == SQM_TEXT)
		float_text(canon, value, out);
	else
		sqm_canon_raw(out, value);
}

static void
float4_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	put_double(out, (double) DatumGetFloat4(datum));
}

static void
float8_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	put_double(out, DatumGetFloat8(datum));
}

void
sqm_canon_float(SqmCanon *canon)
{
	canon->source = float_source;
	canon->target = canon->typid == FLOAT4OID ? float4_target : float8_target;
}
