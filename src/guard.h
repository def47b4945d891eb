/*-------------------------------------------------------------------------
 *
 * guard.h
 *		Schemas that SQLite cannot compile in bounded time and memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_GUARD_H
#define SQM_GUARD_H

#include "lite.h"

extern void sqm_guard_schema(SqmLite *lite);

#endif							/* SQM_GUARD_H */
