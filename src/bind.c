/*-------------------------------------------------------------------------
 *
 * bind.c
 *		How does SQLite get to know a value that a query compares with?
 *
 * For each kind of parameter that shippable.c writes there is one function
 * here.  It either binds a value for which the condition keeps all rows that
 * PostgreSQL's condition keeps, or says that there is none (infinity as a
 * date, NaN, a pattern that ends in a backslash): then the condition cannot be
 * used.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "bind.h"
#include "compat.h"

/* Up to here every integer is a double, and differs from its neighbours. */
#define LAST_EXACT_DOUBLE 9007199254740992.0

/* the noise that value.c forgives is below 1e-15; doubles err by 1.2e-16 */
#define NUMERIC_SLACK 1e-14
#define SMALLEST_WITH_ALL_DIGITS 1e-300

/* No offset or zone moves a moment that far. */
#define ZONE_DAYS 2

/* Is there something to bind for every value? */
bool
sqm_bind_always_can(SqmBindKind kind)
{
	return kind == SQM_BIND_INTEGER || kind == SQM_BIND_BOOLEAN ||
		kind == SQM_BIND_TEXT || kind == SQM_BIND_BLOB;
}

static int64
integer_of(Oid type, Datum value)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		default:
			return DatumGetInt64(value);
	}
}

static bool
bind_real(SqmStatement *stmt, int index, double value)
{
	/* SQLite would take it for NULL */
	if (isnan(value))
		return false;
	sqm_statement_bind_double(stmt, index, value);
	return true;
}

static bool
bind_numeric(SqmStatement *stmt, int index, Numeric value, double slack)
{
	double		number;

	if (numeric_is_nan(value) || numeric_is_inf(value))
		return false;
	number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
												NumericGetDatum(value)));
	if (fabs(number) >= LAST_EXACT_DOUBLE ||
		(number != 0.0 && fabs(number) < SMALLEST_WITH_ALL_DIGITS))
		return false;
	sqm_statement_bind_double(stmt, index, number + fabs(number) * slack);
	return true;
}

/* The day of a date or time, counted as Julian days are; or false. */
static bool
day_of(Oid type, Datum value, int *day)
{
	Timestamp	timestamp;
	int64		days;

	if (type == DATEOID)
	{
		DateADT		date = DatumGetDateADT(value);

		if (DATE_NOT_FINITE(date))
			return false;
		*day = date + POSTGRES_EPOCH_JDATE;
		return true;
	}
	timestamp = DatumGetTimestamp(value);
	if (TIMESTAMP_NOT_FINITE(timestamp))
		return false;
	days = timestamp / USECS_PER_DAY;
	if (timestamp % USECS_PER_DAY < 0)
		days--;
	*day = (int) days + POSTGRES_EPOCH_JDATE;
	return true;
}

/* Days as text are in order only among years of four digits. */
static bool
bind_day(SqmStatement *stmt, int index, Oid type, Datum value, bool after)
{
	int			slack = type == TIMESTAMPTZOID ? ZONE_DAYS : 0;
	int			day;
	int			year;
	int			month;
	int			mday;
	char		text[32];

	if (!day_of(type, value, &day))
		return false;
	day += after ? slack + 1 : -slack;
	if (day < date2j(1, 1, 1) || day > date2j(9999, 12, 31))
		return false;
	j2date(day, &year, &month, &mday);
	snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, mday);
	sqm_statement_bind_text(stmt, index, text);
	return true;
}

/*
 * A pattern of LIKE, in UTF-8, as one of GLOB, unless that is too long for
 * SQLite.  It reads U+FFFE and U+FFFF as U+FFFD, so a pattern with one of these
 * would match others, too.
 */
static bool
bind_glob(SqmStatement *stmt, int index, text *pattern)
{
	const char *p = VARDATA_ANY(pattern);
	const char *end = p + VARSIZE_ANY_EXHDR(pattern);
	StringInfoData glob;

	initStringInfo(&glob);
	for (; p < end; p++)
	{
		bool		escaped = *p == '\\';

		if (glob.len > SQM_MAX_PATTERN)
			return false;
		if (escaped && ++p == end)
			return false;
		if (end - p >= 3 && (unsigned char) p[0] == 0xEF &&
			(unsigned char) p[1] == 0xBF && (unsigned char) p[2] >= 0xBD)
			return false;
		if (*p == '%' && !escaped)
			appendStringInfoChar(&glob, '*');
		else if (*p == '_' && !escaped)
			appendStringInfoChar(&glob, '?');
		else if (*p == '*' || *p == '?' || *p == '[')
			appendStringInfo(&glob, "[%c]", *p);
		else
			appendStringInfoChar(&glob, *p);
	}
	if (glob.len > SQM_MAX_PATTERN)
		return false;
	sqm_statement_bind_bytes(stmt, index, SQM_TEXT, glob.data, glob.len);
	pfree(glob.data);
	return true;
}

static bool
bind_varlena(SqmStatement *stmt, int index, SqmStorageClass class, Datum value)
{
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(value);

	sqm_statement_bind_bytes(stmt, index, class, VARDATA_ANY(packed),
							 VARSIZE_ANY_EXHDR(packed));
	return true;
}

/*
 * Bind a value of type "type" as parameter "index" (from 1).  False: there is
 * no value that could be bound.
 */
bool
sqm_bind(SqmStatement *stmt, int index, SqmBindKind kind, Oid type,
		 Datum value, bool isnull)
{
	if (isnull)
	{
		sqm_statement_bind_text(stmt, index, NULL);
		return true;
	}
	switch (kind)
	{
		case SQM_BIND_INTEGER:
			sqm_statement_bind_int64(stmt, index, integer_of(type, value));
			return true;
		case SQM_BIND_BOOLEAN:
			sqm_statement_bind_int64(stmt, index, DatumGetBool(value) ? 1 : 0);
			return true;
		case SQM_BIND_REAL:
			return bind_real(stmt, index, DatumGetFloat8(value));
		case SQM_BIND_TEXT:
			return bind_varlena(stmt, index, SQM_TEXT, value);
		case SQM_BIND_BLOB:
			return bind_varlena(stmt, index, SQM_BLOB, value);
		case SQM_BIND_NUMERIC_LOW:
			return bind_numeric(stmt, index, DatumGetNumeric(value), -NUMERIC_SLACK);
		case SQM_BIND_NUMERIC_HIGH:
			return bind_numeric(stmt, index, DatumGetNumeric(value), NUMERIC_SLACK);
		case SQM_BIND_FIRST_DAY:
			return bind_day(stmt, index, type, value, false);
		case SQM_BIND_DAY_AFTER:
			return bind_day(stmt, index, type, value, true);
		case SQM_BIND_GLOB:
			return bind_glob(stmt, index, DatumGetTextPP(value));
	}
	elog(ERROR, "unrecognized kind of parameter %d", (int) kind);
	return false;
}
