/*-------------------------------------------------------------------------
 *
 * typemap.h
 *		Which PostgreSQL types does a declared type name propose?
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_TYPEMAP_H
#define SQM_TYPEMAP_H

#include "postgres.h"

#include "nodes/pg_list.h"

extern List *sqm_typemap_candidates(const char *declared, bool rowid_alias);
extern bool sqm_typemap_is_dynamic(const char *declared);

#endif							/* SQM_TYPEMAP_H */
