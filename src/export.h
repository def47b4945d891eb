/*-------------------------------------------------------------------------
 *
 * export.h
 *		The way back: what the files of the export share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_EXPORT_H
#define SQM_EXPORT_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "storage/fd.h"

#include "lite.h"
#include "sqmvalue.h"

/* export_file.c: where the database goes */
extern void sqm_export_check_target(const char *target);
extern char *sqm_export_publish(const char *target, File file);

/* export_value.c: one stored value, as SQLite shall hold it */
typedef struct SqmExportValue SqmExportValue;
extern SqmExportValue *sqm_export_value_create(const char *kind, Oid type,
											   bool six_digits);
extern void sqm_export_value(SqmExportValue *column, Datum datum,
							 SqmValue *value);
extern int64 sqm_export_value_altered(const SqmExportValue *column);
extern int64 sqm_export_value_odd(const SqmExportValue *column);

/* export_time.c: dates and times as SQLAlchemy and Django write them */
extern char *sqm_export_date(Datum datum);
extern char *sqm_export_time(Datum datum, bool six_digits);
extern char *sqm_export_timestamp(Datum datum, bool six_digits);

/* export.c: the database that is being written */
extern SqmLite *sqm_export_database(void);
extern SqmLite *sqm_export_open_database(void);
extern const char *sqm_export_path(void);
extern void sqm_export_begin_rows(void);
extern void sqm_export_end_rows(void);

#endif							/* SQM_EXPORT_H */
