/*-------------------------------------------------------------------------
 *
 * export_time.c
 *		How are dates and times written for SQLite?
 *
 * ISO 8601 as SQLAlchemy and Django read and write it: a space between date
 * and time, no fraction or six digits.  Text in this form sorts as the moments
 * do.  What it cannot say, infinity and years before the first, is NULL here;
 * the caller then writes what PostgreSQL prints.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "export.h"

static char *
clock_text(int hour, int minute, int second, int micros, bool six_digits)
{
	if (micros == 0 && !six_digits)
		return psprintf("%02d:%02d:%02d", hour, minute, second);
	return psprintf("%02d:%02d:%02d.%06d", hour, minute, second, micros);
}

char *
sqm_export_date(Datum datum)
{
	DateADT		date = DatumGetDateADT(datum);
	int			year,
				month,
				day;

	if (DATE_NOT_FINITE(date))
		return NULL;
	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	return year < 1 ? NULL : psprintf("%04d-%02d-%02d", year, month, day);
}

char *
sqm_export_time(Datum datum, bool six_digits)
{
	TimeADT		time = DatumGetTimeADT(datum);

	return clock_text((int) (time / USECS_PER_HOUR),
					  (int) (time / USECS_PER_MINUTE % MINS_PER_HOUR),
					  (int) (time / USECS_PER_SEC % SECS_PER_MINUTE),
					  (int) (time % USECS_PER_SEC), six_digits);
}

/* One with a time zone comes out in UTC. */
char *
sqm_export_timestamp(Datum datum, bool six_digits)
{
	Timestamp	timestamp = DatumGetTimestamp(datum);
	struct pg_tm tm;
	fsec_t		micros;

	if (TIMESTAMP_NOT_FINITE(timestamp) ||
		timestamp2tm(timestamp, NULL, &tm, &micros, NULL, NULL) != 0 ||
		tm.tm_year < 1)
		return NULL;
	return psprintf("%04d-%02d-%02d %s", tm.tm_year, tm.tm_mon, tm.tm_mday,
					clock_text(tm.tm_hour, tm.tm_min, tm.tm_sec, micros,
							   six_digits));
}
