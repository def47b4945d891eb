/*-------------------------------------------------------------------------
 *
 * compare_time.c
 *		Which point in time does a source value or a stored Datum stand for?
 *
 * A point is written down as days since 1970-01-01 and microseconds of the
 * day.  Source text is read character by character and put into that form by
 * a calendar of our own; neither PostgreSQL's date input nor its calendar is
 * asked, since the loader may have used them.  A local time is looked for
 * among the instants that the zone shows as that time, which is the opposite
 * direction of the usual one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "canon.h"

#define DAY_SECONDS		INT64CONST(86400)
#define DAY_USECS		INT64CONST(86400000000)
#define DAYS_TO_2000	10957	/* from 1970-01-01 to 2000-01-01 */
#define DAYS_TO_1970	719162	/* from 0001-01-01 to 1970-01-01 */
#define LAST_YEAR		294276

/* no zone is farther than this from Greenwich */
#define ZONE_MARGIN		(2 * DAY_SECONDS)

typedef struct Moment
{
	int64		days;			/* since 1970-01-01 */
	int64		usecs;			/* of the day */
	bool		has_offset;
	int			offset;			/* seconds east of Greenwich */
} Moment;

/*
 * Writing
 */

static void
put_point(StringInfo out, int64 days, int64 usecs)
{
	char		bytes[12];
	uint32		network_days = pg_hton32((uint32) (int32) days);
	uint64		network_usecs = pg_hton64((uint64) usecs);

	memcpy(bytes, &network_days, sizeof(network_days));
	memcpy(bytes + 4, &network_usecs, sizeof(network_usecs));
	canon_fixed(out, CANON_POINT, bytes, sizeof(bytes));
}

/* A count of microseconds since 1970, or since some other day. */
static void
put_usecs(StringInfo out, int64 usecs, int epoch)
{
	int64		days = usecs / DAY_USECS;
	int64		rest = usecs % DAY_USECS;

	if (rest < 0)
	{
		rest += DAY_USECS;
		days--;
	}
	put_point(out, days + epoch, rest);
}

/*
 * Reading text
 */

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Two digits at *p, which moves on; -1 if they are not there or too large. */
static int
two_digits(const char **p, const char *end, int most)
{
	int			number;

	if (end - *p < 2 || !is_digit((*p)[0]) || !is_digit((*p)[1]))
		return -1;
	number = ((*p)[0] - '0') * 10 + ((*p)[1] - '0');
	*p += 2;
	return number <= most ? number : -1;
}

static bool
one_char(const char **p, const char *end, char c)
{
	if (*p >= end || **p != c)
		return false;
	(*p)++;
	return true;
}

/* The calendar: days since 1970-01-01, or false if there is no such day. */
static bool
calendar_day(int year, int month, int day, int64 *days)
{
	static const int before[] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365
	};
	bool		leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	int			past = year - 1;
	int			length;

	if (year < 1 || year > LAST_YEAR || month < 1 || month > 12)
		return false;
	length = before[month] - before[month - 1] + (leap && month == 2);
	if (day < 1 || day > length)
		return false;
	*days = (int64) past * 365 + past / 4 - past / 100 + past / 400
		+ before[month - 1] + (leap && month > 2) + (day - 1)
		- DAYS_TO_1970;
	return true;
}

static bool
read_date(const char **p, const char *end, Moment *moment)
{
	bool		plus = one_char(p, end, '+');
	const char *start = *p;
	int			year = 0;
	int			month;
	int			day;

	for (; *p < end && is_digit(**p); (*p)++)
	{
		year = year * 10 + (**p - '0');
		if (year > LAST_YEAR)
			return false;
	}
	if (*p - start < (plus ? 5 : 4) || !one_char(p, end, '-'))
		return false;
	month = two_digits(p, end, 12);
	if (month < 0 || !one_char(p, end, '-'))
		return false;
	day = two_digits(p, end, 31);
	return day >= 0 && calendar_day(year, month, day, &moment->days);
}

/*
 * A fraction of a second.  What lies beyond the microsecond must be zero:
 * anything else a Datum cannot stand for.
 */
static bool
read_fraction(const char **p, const char *end, int64 *usecs)
{
	int64		unit = 100000;

	if (*p >= end || !is_digit(**p))
		return false;
	for (; *p < end && is_digit(**p); (*p)++)
	{
		if (unit == 0 && **p != '0')
			return false;
		*usecs += unit * (**p - '0');
		unit /= 10;
	}
	return true;
}

/*
 * HH:MM[:SS[.fraction]].  A leap second and 24:00 are not read at all: what a
 * converter stores for them is another point in time.
 */
static bool
read_clock(const char **p, const char *end, Moment *moment)
{
	int			hour = two_digits(p, end, 23);
	int			minute;
	int			second = 0;
	int64		fraction = 0;

	if (hour < 0 || !one_char(p, end, ':'))
		return false;
	minute = two_digits(p, end, 59);
	if (minute < 0)
		return false;
	if (one_char(p, end, ':'))
	{
		second = two_digits(p, end, 59);
		if (second < 0)
			return false;
		if ((one_char(p, end, '.') || one_char(p, end, ',')) &&
			!read_fraction(p, end, &fraction))
			return false;
	}
	moment->usecs = ((hour * 60 + minute) * 60 + second) * INT64CONST(1000000)
		+ fraction;
	return moment->usecs < DAY_USECS;
}

/* Nothing, Z, +HH, +HHMM or +HH:MM, the last four also after one space */
static bool
read_offset(const char **p, const char *end, Moment *moment)
{
	bool		space = one_char(p, end, ' ');
	int			sign;
	int			hours;
	int			minutes = 0;

	moment->has_offset = (*p < end);
	moment->offset = 0;
	if (*p == end)
		return !space;
	if (one_char(p, end, 'Z') || one_char(p, end, 'z'))
		return true;
	if (space && end - *p == 3 &&
		(memcmp(*p, "UTC", 3) == 0 || memcmp(*p, "GMT", 3) == 0))
	{
		*p = end;
		return true;
	}

	if (one_char(p, end, '+'))
		sign = 1;
	else if (one_char(p, end, '-'))
		sign = -1;
	else
		return false;
	hours = two_digits(p, end, 15);
	if (hours >= 0 && *p < end)
	{
		(void) one_char(p, end, ':');
		minutes = two_digits(p, end, 59);
	}
	moment->offset = sign * (hours * 60 + minutes) * 60;
	return hours >= 0 && minutes >= 0;
}

static bool
read_moment(const SqmValue *value, Moment *moment)
{
	const char *p = value->data;
	const char *end = p + value->length;

	moment->usecs = 0;
	moment->has_offset = false;
	if (!read_date(&p, end, moment))
		return false;
	if (p == end)
		return true;
	if (!one_char(&p, end, 'T') && !one_char(&p, end, 't') &&
		!one_char(&p, end, ' '))
		return false;
	return read_clock(&p, end, moment) && read_offset(&p, end, moment) && p == end;
}

/*
 * Reading numbers
 */

/* Seconds, milliseconds or microseconds since 1970: the digits say which. */
static bool
integer_usecs(int64 number, int64 *usecs)
{
	uint64		magnitude = number < 0 ? -(uint64) number : (uint64) number;

	if (number == 0)
		*usecs = 0;
	else if (magnitude >= UINT64CONST(100000000) &&
			 magnitude < UINT64CONST(10000000000))
		*usecs = number * 1000000;
	else if (magnitude >= UINT64CONST(100000000000) &&
			 magnitude < UINT64CONST(10000000000000))
		*usecs = number * 1000;
	else if (magnitude >= UINT64CONST(100000000000000) &&
			 magnitude < UINT64CONST(10000000000000000))
		*usecs = number;
	else
		return false;
	return true;
}

/*
 * A count of seconds or milliseconds with a fraction, rounded half up to the
 * microsecond.  Numbers of this size have at most 26 bits after the point, so
 * that whole-number arithmetic gives the exact answer; "real * 1e6" in double
 * would be off by one where the product is rounded before it is.
 */
static int64
scaled_usecs(double real, int64 unit)
{
	double		whole = floor(real);
	int64		part = (int64) ldexp(real - whole, 26);

	return (int64) whole * unit +
		((part * unit * 2 + (INT64CONST(1) << 26)) >> 27);
}

/*
 * A Julian day, by the very arithmetic of SQLite's date functions: in double,
 * one rounding a step.  Without "volatile" a compiler may fuse the two.
 */
static int64
julian_usecs(double real)
{
	volatile double milliseconds = real * 86400000.0;
	volatile double rounded = milliseconds + 0.5;

	return ((int64) rounded - INT64CONST(210866760000000)) * 1000;
}

static bool
real_usecs(double real, int64 *usecs)
{
	double		magnitude = fabs(real);

	if (real == 0)
		*usecs = 0;
	else if (real >= 1721425.5 && real < 5373484.5)
		*usecs = julian_usecs(real);
	else if (magnitude >= 1e8 && magnitude < 1e10)
		*usecs = scaled_usecs(real, 1000000);
	else if (magnitude >= 1e11 && magnitude < 1e13)
		*usecs = scaled_usecs(real, 1000);
	else
		return false;
	return true;
}

static bool
number_usecs(const SqmValue *value, int64 *usecs)
{
	if (value->storage == SQM_INTEGER)
		return integer_usecs(value->integer, usecs);
	return value->storage == SQM_REAL && real_usecs(value->real, usecs);
}

/*
 * The zone
 */

/*
 * Look for the instant that the zone shows as the given local time ("wall",
 * in seconds since 1970 as if it were UTC).  Every stretch of constant offset
 * around it is asked.  Where two answer, the clock was put back, and the
 * later instant is meant, as in PostgreSQL; where none answers, the local
 * time was skipped and nothing stands for it.  The last stretch asked is kept
 * for the next value.
 */
static bool
search_instant(SqmCanon *canon, int64 wall, int64 *instant)
{
	pg_time_t	from = wall - ZONE_MARGIN;
	bool		found = false;

	while (from <= wall + ZONE_MARGIN)
	{
		long int	offset;
		long int	next_offset;
		int			is_dst;
		int			next_is_dst;
		pg_time_t	boundary;
		int			changes;

		changes = pg_next_dst_boundary(&from, &offset, &is_dst, &boundary,
									   &next_offset, &next_is_dst,
									   canon->zone);
		if (changes < 0)
			return false;
		if (changes == 0)
			boundary = PG_INT64_MAX;
		if (wall - offset >= from && wall - offset < boundary)
		{
			*instant = wall - offset;
			found = true;
		}
		canon->zone_from = from;
		canon->zone_until = boundary;
		canon->zone_offset = offset;
		from = boundary;
	}
	return found;
}

static bool
find_instant(SqmCanon *canon, int64 wall, int64 *instant)
{
	/* deep inside the stretch that is known no other one can answer */
	*instant = wall - canon->zone_offset;
	if (*instant - ZONE_MARGIN >= canon->zone_from &&
		*instant + ZONE_MARGIN < canon->zone_until)
		return true;
	return search_instant(canon, wall, instant);
}

/*
 * date, timestamp, timestamptz: the source
 */

static void
local_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	Moment		moment;
	int64		usecs;

	if (value->storage == SQM_TEXT)
	{
		/* a type without offset cannot stand for text with one */
		if (read_moment(value, &moment) && !moment.has_offset)
			put_point(out, moment.days, moment.usecs);
		else
			sqm_canon_raw(out, value);
	}
	else if (number_usecs(value, &usecs))
		put_usecs(out, usecs, 0);
	else
		sqm_canon_raw(out, value);
}

static void
instant_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	Moment		moment;
	int64		usecs;
	int64		wall;
	int64		instant;
	int64		days;

	if (value->storage != SQM_TEXT)
	{
		if (number_usecs(value, &usecs))
			put_usecs(out, usecs, 0);
		else
			sqm_canon_raw(out, value);
		return;
	}
	if (!read_moment(value, &moment))
	{
		sqm_canon_raw(out, value);
		return;
	}

	/*
	 * Seconds here, not microseconds: those of the year 294276 and an offset
	 * do not fit 64 bits together.
	 */
	wall = moment.days * DAY_SECONDS + moment.usecs / 1000000;
	if (moment.has_offset)
		instant = wall - moment.offset;
	else if (!find_instant(canon, wall, &instant))
	{
		sqm_canon_raw(out, value);
		return;
	}
	days = instant / DAY_SECONDS;
	if (instant % DAY_SECONDS < 0)
		days--;
	put_point(out, days, (instant - days * DAY_SECONDS) * 1000000 +
			  moment.usecs % 1000000);
}

static void
clock_source(SqmCanon *canon, const SqmValue *value, StringInfo out)
{
	Moment		moment;
	const char *p = value->data;
	const char *end = p + value->length;

	if (value->storage == SQM_TEXT &&
		read_clock(&p, end, &moment) && p == end)
		canon_int64(out, CANON_CLOCK, moment.usecs);
	else
		sqm_canon_raw(out, value);
}

/*
 * The stored side
 */

static void
date_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	DateADT		date = DatumGetDateADT(datum);

	if (DATE_NOT_FINITE(date))
		canon_byte(out, CANON_ENDLESS, DATE_IS_NOEND(date) ? '+' : '-');
	else
		put_point(out, (int64) date + DAYS_TO_2000, 0);
}

static void
timestamp_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	Timestamp	timestamp = DatumGetTimestamp(datum);

	if (TIMESTAMP_NOT_FINITE(timestamp))
		canon_byte(out, CANON_ENDLESS,
				   TIMESTAMP_IS_NOEND(timestamp) ? '+' : '-');
	else
		put_usecs(out, timestamp, DAYS_TO_2000);
}

static void
time_target(SqmCanon *canon, Datum datum, StringInfo out)
{
	canon_int64(out, CANON_CLOCK, DatumGetTimeADT(datum));
}

void
sqm_canon_time(SqmCanon *canon)
{
	canon->source = local_source;
	canon->target = timestamp_target;
	if (canon->typid == DATEOID)
		canon->target = date_target;
	else if (canon->typid == TIMESTAMPTZOID)
		canon->source = instant_source;
	else if (canon->typid == TIMEOID)
	{
		canon->source = clock_source;
		canon->target = time_target;
	}
}
