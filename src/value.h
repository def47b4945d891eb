/*-------------------------------------------------------------------------
 *
 * value.h
 *		One SQLite value to one Datum, or a precise reason why not.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_VALUE_H
#define SQM_VALUE_H

#include "postgres.h"

#include "fmgr.h"
#include "pgtime.h"

#include "sqmvalue.h"

typedef enum SqmVerdict
{
	SQM_EXACT,					/* the Datum stands for the same thing */
	SQM_NOISE,					/* the same but for binary noise < 1e-15 */
	SQM_CHANGED,				/* the Datum is only the nearest value */
	SQM_BAD						/* there is no Datum */
} SqmVerdict;

/*
 * Why a value is not exact.  The message is a PostgreSQL-style primary
 * message without the value itself (callers add table, rowid and value).
 */
typedef struct SqmReason
{
	int			sqlstate;		/* ERRCODE_... */
	char		message[256];
} SqmReason;

/* What the caller of a migration chose about values. */
typedef struct SqmValueOptions
{
	pg_tz	   *time_zone;		/* zone of naive values for timestamptz */
	bool		empty_as_null;
} SqmValueOptions;

typedef struct SqmTarget SqmTarget;

extern SqmTarget *sqm_target_create(Oid typid, int32 typmod,
									const SqmValueOptions *options);
extern bool sqm_target_is_native(SqmTarget *target);
extern SqmVerdict sqm_value_convert(SqmTarget *target, const SqmValue *value,
									Datum *datum, bool *isnull,
									SqmReason *reason);

#endif							/* SQM_VALUE_H */
