/*-------------------------------------------------------------------------
 *
 * deparse.h
 *		PostgreSQL columns as a SQLite SELECT.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_DEPARSE_H
#define SQM_DEPARSE_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern char *sqm_deparse_select(const char *table, List *columns,
								const char *rowid);

#endif							/* SQM_DEPARSE_H */
