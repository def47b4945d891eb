/*-------------------------------------------------------------------------
 *
 * value_time.c
 *		Which date, time of day or instant does a value mean, if it means
 *		exactly one?
 *
 * SQLite has no such types; applications store ISO text, Unix time or Julian
 * days.  Only what can be read in one way is taken.  Nothing here looks at
 * DateStyle or TimeZone, and all arithmetic on microseconds is in integers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "datatype/timestamp.h"
#include "decimal.h"
#include "target.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

/* What was lost on the way to the nearest value. */
#define LOST_FRACTION	0x01	/* digits that the type does not keep */
#define LOST_LEAP		0x02	/* second 60 became the next minute */
#define LOST_MIDNIGHT	0x04	/* 24:00 became the next day */
#define LOST_OFFSET		0x08	/* an offset in a type without one */
#define LOST_TIME		0x10	/* a time of day in a date */
#define LOST_GAP		0x20	/* a local time that the zone skips */

/* A moment as it stands in text. */
typedef struct Moment
{
	int			date;			/* days since 2000-01-01 */
	bool		has_time;
	int64		time;			/* microseconds since midnight; may reach or,
								 * by a leap second, pass the next */
	bool		has_offset;
	int64		offset;			/* seconds east of UTC */
	int			lost;
} Moment;

typedef enum Scan
{
	SCAN_OK,
	SCAN_SYNTAX,				/* not written like a date or time */
	SCAN_FIELD					/* written well, but there is no such day */
} Scan;

#define MAX_YEAR 294276

/* seconds from the Unix epoch to PostgreSQL's */
#define EPOCH_SECONDS \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

/* the largest offset that is still an offset */
#define MAX_OFFSET (15 * SECS_PER_HOUR + 59 * SECS_PER_MINUTE)

static const int64 microseconds_per[] = {
	1000000, 100000, 10000, 1000, 100, 10, 1
};

void
sqm_time_setup(SqmTarget *target)
{
	long int	offset;

	target->fraction_digits = (target->typmod >= 0 &&
							   target->typmod <= MAX_TIMESTAMP_PRECISION) ?
		target->typmod : MAX_TIMESTAMP_PRECISION;
	if (target->options.time_zone == NULL)
		target->options.time_zone = pg_tzset("UTC");
	target->zone_is_fixed =
		pg_get_timezone_offset(target->options.time_zone, &offset);
	target->zone_offset = target->zone_is_fixed ? offset : 0;
}

static inline int
two_digits(const char *p)
{
	if (!sqm_is_digit(p[0]) || !sqm_is_digit(p[1]))
		return -1;
	return (p[0] - '0') * 10 + (p[1] - '0');
}

/* [+]YYYY-MM-DD */
static Scan
scan_date(const char **position, const char *end, int *date)
{
	const char *p = *position;
	const char *year_start;
	bool		plus = false;
	int			year = 0;
	int			month;
	int			day;

	if (p < end && *p == '+')
	{
		plus = true;
		p++;
	}
	year_start = p;
	for (; p < end && sqm_is_digit(*p); p++)
	{
		if (p - year_start == 9)
			return SCAN_SYNTAX;
		year = year * 10 + (*p - '0');
	}
	if (p - year_start < (plus ? 5 : 4) || end - p < 6 ||
		p[0] != '-' || p[3] != '-')
		return SCAN_SYNTAX;
	month = two_digits(p + 1);
	day = two_digits(p + 4);
	if (month < 0 || day < 0)
		return SCAN_SYNTAX;
	if (year < 1 || year > MAX_YEAR || month < 1 || month > 12 ||
		day < 1 || day > day_tab[isleap(year)][month - 1])
		return SCAN_FIELD;
	*date = date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
	*position = p + 6;
	return SCAN_OK;
}

/*
 * The digits after the point, rounded half up to what the type keeps.
 */
static Scan
scan_fraction(const char **position, const char *end, int keep, Moment *moment)
{
	const char *p = *position;
	int			ndigits = 0;
	int64		kept = 0;
	bool		up = false;

	for (; p < end && sqm_is_digit(*p); p++, ndigits++)
	{
		if (ndigits < keep)
			kept = kept * 10 + (*p - '0');
		else
		{
			if (ndigits == keep)
				up = *p >= '5';
			if (*p != '0')
				moment->lost |= LOST_FRACTION;
		}
	}
	if (ndigits == 0)
		return SCAN_SYNTAX;
	if (up)
		kept++;
	moment->time += kept * microseconds_per[Min(ndigits, keep)];
	*position = p;
	return SCAN_OK;
}

/* HH:MM, HH:MM:SS, HH:MM:SS.fraction */
static Scan
scan_time(const char **position, const char *end, int keep, Moment *moment)
{
	const char *p = *position;
	int			hour;
	int			minute;
	int			second = 0;
	bool		has_second = false;

	if (end - p < 5 || p[2] != ':')
		return SCAN_SYNTAX;
	hour = two_digits(p);
	minute = two_digits(p + 3);
	if (hour < 0 || minute < 0)
		return SCAN_SYNTAX;
	p += 5;
	if (p < end && *p == ':')
	{
		if (end - p < 3 || (second = two_digits(p + 1)) < 0)
			return SCAN_SYNTAX;
		p += 3;
		has_second = true;
	}
	if (hour > 24 || minute > 59 || second > 60)
		return SCAN_FIELD;

	moment->has_time = true;
	moment->time = ((hour * INT64CONST(60) + minute) * 60 + second) * USECS_PER_SEC;
	if (has_second && p < end && (*p == '.' || *p == ','))
	{
		p++;
		if (scan_fraction(&p, end, keep, moment) != SCAN_OK)
			return SCAN_SYNTAX;
	}
	if (hour == 24)
	{
		if (moment->time != USECS_PER_DAY || (moment->lost & LOST_FRACTION))
			return SCAN_FIELD;
		moment->lost |= LOST_MIDNIGHT;
	}
	if (second == 60)
		moment->lost |= LOST_LEAP;
	*position = p;
	return SCAN_OK;
}

/* Z, +HH, +HHMM, +HH:MM, UTC, GMT */
static Scan
scan_offset(const char **position, const char *end, Moment *moment)
{
	const char *p = *position;
	bool		space = (*p == ' ');
	int			sign;
	int			hour;
	int			minute = 0;

	if (space)
		p++;
	if (p == end)
		return SCAN_SYNTAX;
	moment->has_offset = true;
	moment->offset = 0;
	if (*p == 'Z' || *p == 'z')
	{
		*position = p + 1;
		return SCAN_OK;
	}
	if (space && end - p == 3 &&
		(memcmp(p, "UTC", 3) == 0 || memcmp(p, "GMT", 3) == 0))
	{
		*position = p + 3;
		return SCAN_OK;
	}
	if (*p != '+' && *p != '-')
		return SCAN_SYNTAX;
	sign = (*p++ == '-') ? -1 : 1;
	if (end - p < 2 || (hour = two_digits(p)) < 0)
		return SCAN_SYNTAX;
	p += 2;
	if (p < end && *p == ':')
	{
		if (end - p < 3)
			return SCAN_SYNTAX;
		p++;
	}
	if (p < end)
	{
		if (end - p < 2 || (minute = two_digits(p)) < 0)
			return SCAN_SYNTAX;
		p += 2;
	}
	moment->offset = hour * SECS_PER_HOUR + minute * SECS_PER_MINUTE;
	if (minute > 59 || moment->offset > MAX_OFFSET)
		return SCAN_FIELD;
	moment->offset *= sign;
	*position = p;
	return SCAN_OK;
}

/* date [T time [offset]] */
static Scan
scan_moment(const SqmValue *value, int keep, Moment *moment)
{
	const char *p = value->data;
	const char *end = p + value->length;
	Scan		scan;

	memset(moment, 0, sizeof(Moment));
	scan = scan_date(&p, end, &moment->date);
	if (scan != SCAN_OK || p == end)
		return scan;
	if (*p != 'T' && *p != 't' && *p != ' ')
		return SCAN_SYNTAX;
	p++;
	scan = scan_time(&p, end, keep, moment);
	if (scan != SCAN_OK || p == end)
		return scan;
	scan = scan_offset(&p, end, moment);
	if (scan == SCAN_OK && p != end)
		return SCAN_SYNTAX;
	return scan;
}

static SqmVerdict
scan_failed(SqmTarget *target, Scan scan, SqmReason *reason)
{
	if (scan == SCAN_FIELD)
		return sqm_bad(reason, ERRCODE_DATETIME_FIELD_OVERFLOW,
					   "no such date or time for type %s", target->name);
	return sqm_bad(reason, ERRCODE_INVALID_DATETIME_FORMAT,
				   "invalid input syntax for type %s", target->name);
}

static SqmVerdict
moment_verdict(SqmTarget *target, int lost, SqmReason *reason)
{
	static const struct
	{
		int			lost;
		const char *message;
	}			losses[] = {
		{LOST_GAP, "the time zone skips this local time"},
		{LOST_TIME, "a time of day is lost in type %s"},
		{LOST_OFFSET, "an offset from UTC is lost in type %s"},
		{LOST_LEAP, "type %s has no second 60"},
		{LOST_MIDNIGHT, "type %s has no hour 24"},
		{LOST_FRACTION, "fractional digits of a second are lost in type %s"}
	};

	if (likely(lost == 0))
		return SQM_EXACT;
	for (int i = 0; i < lengthof(losses); i++)
	{
		if (lost & losses[i].lost)
			return sqm_changed(reason, ERRCODE_DATETIME_FIELD_OVERFLOW,
							   losses[i].message, target->name);
	}
	pg_unreachable();
}

/*
 * A local time in the zone of the caller → UTC.  PostgreSQL moves a time that
 * does not exist; that shows when it is taken back.
 */
static int64
local_to_utc(SqmTarget *target, int64 local, int *lost)
{
	pg_tz	   *zone = target->options.time_zone;
	struct pg_tm tm;
	struct pg_tm *back;
	fsec_t		fsec;
	int64		seconds;
	int64		utc;
	pg_time_t	unix_time;

	if (target->zone_is_fixed)
		return local - target->zone_offset * USECS_PER_SEC;
	if (timestamp2tm(local, NULL, &tm, &fsec, NULL, NULL) != 0)
		return local;
	utc = local + (int64) DetermineTimeZoneOffset(&tm, zone) * USECS_PER_SEC;

	/* whole seconds, rounded down before 2000 as after */
	seconds = (utc - fsec) / USECS_PER_SEC;
	unix_time = seconds + EPOCH_SECONDS;
	back = pg_localtime(&unix_time, zone);
	if (back != NULL &&
		(back->tm_mday != tm.tm_mday || back->tm_hour != tm.tm_hour ||
		 back->tm_min != tm.tm_min || back->tm_sec != tm.tm_sec))
		*lost |= LOST_GAP;
	return utc;
}

/*
 * Microseconds since 1970 in UTC of a number, if its size says what it counts:
 * see "Dates and times" in docs/types.md.
 */
static bool
integer_to_unix(int64 number, int64 *microseconds)
{
	static const struct
	{
		int64		low;		/* absolute */
		int64		high;
		int64		factor;
	}			units[] = {
		{INT64CONST(100000000), INT64CONST(9999999999), 1000000},
		{INT64CONST(100000000000), INT64CONST(9999999999999), 1000},
		{INT64CONST(100000000000000), INT64CONST(9999999999999999), 1}
	};
	int64		size = number < 0 ? -number : number;

	if (number == 0)
	{
		*microseconds = 0;
		return true;
	}
	for (int i = 0; i < lengthof(units); i++)
	{
		/* PG_INT64_MIN stays negative and is too small for all of them */
		if (size >= units[i].low && size <= units[i].high)
		{
			*microseconds = number * units[i].factor;
			return true;
		}
	}
	return false;
}

/* a fraction of a unit, rounded half up; exact, as a double has few digits */
static inline int64
unix_time_of(double number, int64 factor)
{
	double		whole = floor(number);

	return (int64) whole * factor +
		(int64) floor((number - whole) * (double) factor + 0.5);
}

#define JULIAN_FIRST 1721425.5	/* 0001-01-01 */
#define JULIAN_END	5373484.5	/* 10000-01-01 */
#define MSECS_PER_DAY INT64CONST(86400000)

static bool
real_to_unix(double number, int64 *microseconds)
{
	double		size = trunc(fabs(number));

	if (number == 0.0)
		*microseconds = 0;
	else if (size >= 1e8 && size < 1e10)
		*microseconds = unix_time_of(number, 1000000);
	else if (size >= 1e11 && size < 1e13)
		*microseconds = unix_time_of(number, 1000);
	else if (number >= JULIAN_FIRST && number < JULIAN_END)
	{
		/* "volatile": no compiler may fuse the two into one rounding */
		volatile double days = number * (double) MSECS_PER_DAY;
		int64		milliseconds = (int64) (days + 0.5);

		/* a Julian day begins at noon */
		*microseconds = (milliseconds -
						 UNIX_EPOCH_JDATE * MSECS_PER_DAY +
						 MSECS_PER_DAY / 2) * 1000;
	}
	else
		return false;
	return true;
}

/* Round microseconds to the digits that the type keeps, half up. */
static int64
round_fraction(SqmTarget *target, int64 microseconds, int *lost)
{
	int64		unit = microseconds_per[target->fraction_digits];
	int64		rest = microseconds % unit;

	if (rest == 0)
		return microseconds;
	*lost |= LOST_FRACTION;
	if (rest < 0)
		rest += unit;
	microseconds -= rest;
	return rest >= unit - rest ? microseconds + unit : microseconds;
}

static SqmVerdict
bad_number(SqmTarget *target, SqmReason *reason)
{
	return sqm_bad(reason, ERRCODE_INVALID_DATETIME_FORMAT,
				   "number does not say which date or time it means for type %s",
				   target->name);
}

static SqmVerdict
finish_timestamp(SqmTarget *target, int64 timestamp, int lost, Datum *datum,
				 SqmReason *reason)
{
	if (!IS_VALID_TIMESTAMP(timestamp))
		return scan_failed(target, SCAN_FIELD, reason);
	*datum = TimestampGetDatum(timestamp);
	return moment_verdict(target, lost, reason);
}

static SqmVerdict
timestamp_from_unix(SqmTarget *target, int64 microseconds, Datum *datum,
					SqmReason *reason)
{
	int			lost = 0;
	int64		timestamp = microseconds - EPOCH_SECONDS * USECS_PER_SEC;

	timestamp = round_fraction(target, timestamp, &lost);
	return finish_timestamp(target, timestamp, lost, datum, reason);
}

static SqmVerdict
timestamp_from_integer(SqmTarget *target, const SqmValue *value, Datum *datum,
					   SqmReason *reason)
{
	int64		microseconds;

	if (!integer_to_unix(value->integer, &microseconds))
		return bad_number(target, reason);
	return timestamp_from_unix(target, microseconds, datum, reason);
}

static SqmVerdict
timestamp_from_real(SqmTarget *target, const SqmValue *value, Datum *datum,
					SqmReason *reason)
{
	int64		microseconds;

	if (!real_to_unix(value->real, &microseconds))
		return bad_number(target, reason);
	return timestamp_from_unix(target, microseconds, datum, reason);
}

static SqmVerdict
timestamp_from_text(SqmTarget *target, const SqmValue *value, Datum *datum,
					SqmReason *reason)
{
	Moment		moment;
	Scan		scan = scan_moment(value, target->fraction_digits, &moment);

	if (scan != SCAN_OK)
		return scan_failed(target, scan, reason);
	if (moment.has_offset)
		moment.lost |= LOST_OFFSET;
	return finish_timestamp(target,
							moment.date * USECS_PER_DAY + moment.time,
							moment.lost, datum, reason);
}

static SqmVerdict
timestamptz_from_text(SqmTarget *target, const SqmValue *value, Datum *datum,
					  SqmReason *reason)
{
	Moment		moment;
	int64		timestamp;
	Scan		scan = scan_moment(value, target->fraction_digits, &moment);

	if (scan != SCAN_OK)
		return scan_failed(target, scan, reason);
	timestamp = moment.date * USECS_PER_DAY + moment.time;
	if (moment.has_offset)
		timestamp -= moment.offset * USECS_PER_SEC;
	else
		timestamp = local_to_utc(target, timestamp, &moment.lost);
	return finish_timestamp(target, timestamp, moment.lost, datum, reason);
}

/*
 * A date is what is left of a timestamp without its time of day.
 */
static SqmVerdict
finish_date(SqmTarget *target, int64 timestamp, int lost, Datum *datum,
			SqmReason *reason)
{
	int64		time = timestamp % USECS_PER_DAY;

	if (time != 0)
		lost |= LOST_TIME;
	if (time < 0)
		time += USECS_PER_DAY;
	if (!IS_VALID_TIMESTAMP(timestamp))
		return scan_failed(target, SCAN_FIELD, reason);
	*datum = DateADTGetDatum((DateADT) ((timestamp - time) / USECS_PER_DAY));
	return moment_verdict(target, lost, reason);
}

static SqmVerdict
date_from_integer(SqmTarget *target, const SqmValue *value, Datum *datum,
				  SqmReason *reason)
{
	int64		microseconds;

	if (!integer_to_unix(value->integer, &microseconds))
		return bad_number(target, reason);
	return finish_date(target, microseconds - EPOCH_SECONDS * USECS_PER_SEC,
					   0, datum, reason);
}

static SqmVerdict
date_from_real(SqmTarget *target, const SqmValue *value, Datum *datum,
			   SqmReason *reason)
{
	int64		microseconds;

	if (!real_to_unix(value->real, &microseconds))
		return bad_number(target, reason);
	return finish_date(target, microseconds - EPOCH_SECONDS * USECS_PER_SEC,
					   0, datum, reason);
}

static SqmVerdict
date_from_text(SqmTarget *target, const SqmValue *value, Datum *datum,
			   SqmReason *reason)
{
	Moment		moment;
	Scan		scan = scan_moment(value, MAX_TIMESTAMP_PRECISION, &moment);

	if (scan != SCAN_OK)
		return scan_failed(target, scan, reason);
	if (moment.has_offset)
		moment.lost |= LOST_OFFSET;

	/* a fraction that rounding would carry into the next day is just dropped */
	if (moment.lost & LOST_FRACTION)
	{
		moment.lost |= LOST_TIME;
		if (moment.time == USECS_PER_DAY && !(moment.lost & LOST_LEAP))
			moment.time--;
	}
	return finish_date(target, moment.date * USECS_PER_DAY + moment.time,
					   moment.lost, datum, reason);
}

static SqmVerdict
time_from_text(SqmTarget *target, const SqmValue *value, Datum *datum,
			   SqmReason *reason)
{
	Moment		moment;
	const char *p = value->data;
	const char *end = p + value->length;
	Scan		scan;

	memset(&moment, 0, sizeof(Moment));
	scan = scan_time(&p, end, target->fraction_digits, &moment);
	if (scan == SCAN_OK && p < end)
	{
		scan = scan_offset(&p, end, &moment);
		if (scan == SCAN_OK && p != end)
			scan = SCAN_SYNTAX;
		moment.lost |= LOST_OFFSET;
	}

	/* there is no next day, and no next minute, to put these into */
	if (scan == SCAN_OK && (moment.lost & (LOST_LEAP | LOST_MIDNIGHT)))
		scan = SCAN_FIELD;
	if (scan != SCAN_OK)
		return scan_failed(target, scan, reason);
	*datum = TimeADTGetDatum(moment.time);
	return moment_verdict(target, moment.lost, reason);
}

SqmConverterRow sqm_to_date = {
	NULL, date_from_integer, date_from_real, date_from_text, sqm_refuse
};
SqmConverterRow sqm_to_time = {
	NULL, sqm_refuse, sqm_refuse, time_from_text, sqm_refuse
};
SqmConverterRow sqm_to_timestamp = {
	NULL, timestamp_from_integer, timestamp_from_real, timestamp_from_text,
	sqm_refuse
};
SqmConverterRow sqm_to_timestamptz = {
	NULL, timestamp_from_integer, timestamp_from_real, timestamptz_from_text,
	sqm_refuse
};
