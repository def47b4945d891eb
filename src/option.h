/*-------------------------------------------------------------------------
 *
 * option.h
 *		The options of the foreign-data wrapper.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_OPTION_H
#define SQM_OPTION_H

#include "postgres.h"

#include "value.h"

/* What the options of a foreign table and its server say. */
typedef struct SqmTableOptions
{
	char	   *database;		/* path or lo:OID */
	Oid			owner;			/* of the server: whose rights count */
	char	   *table;			/* name in SQLite */
	bool		keep_connection;	/* after the transaction */
	SqmValueOptions value;
} SqmTableOptions;

extern SqmTableOptions *sqm_table_options(Oid relid);
extern char *sqm_column_name(Oid relid, int attnum, const char *attname);
extern char *sqm_server_database(Oid serverid, Oid *owner);
extern void sqm_server_value_options(Oid serverid, SqmValueOptions *value);
extern pg_tz *sqm_time_zone(const char *name);

#endif							/* SQM_OPTION_H */
