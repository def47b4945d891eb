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
extern char *sqm_deparse_table(const char *table, List *columns,
							   const char *rowid);
extern char *sqm_deparse_range(const char *table, List *columns,
							   const char *rowid);
extern char *sqm_deparse_max_rowid(const char *table, const char *rowid);
extern char *sqm_deparse_key_join(List *columns, List *parent_columns);
extern char *sqm_deparse_key_complete(List *columns);

#endif							/* SQM_DEPARSE_H */
