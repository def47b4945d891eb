/*-------------------------------------------------------------------------
 *
 * collation.h
 *		What a collation of PostgreSQL's does.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_COLLATION_H
#define SQM_COLLATION_H

#include "postgres.h"

extern bool sqm_collation_sorts_bytes(Oid collation);
extern bool sqm_collation_knows_only_ascii(Oid collation);

#endif							/* SQM_COLLATION_H */
