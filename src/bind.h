/*-------------------------------------------------------------------------
 *
 * bind.h
 *		Datums as parameters of SQLite statements.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_BIND_H
#define SQM_BIND_H

#include "postgres.h"

#include "lite.h"
#include "shippable.h"

extern bool sqm_bind_always_can(SqmBindKind kind);
extern bool sqm_bind(SqmStatement *stmt, int index, SqmBindKind kind, Oid type,
					 Datum value, bool isnull);

#endif							/* SQM_BIND_H */
