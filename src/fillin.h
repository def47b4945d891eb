/*-------------------------------------------------------------------------
 *
 * fillin.h
 *		The columns of a row that the source does not give.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_FILLIN_H
#define SQM_FILLIN_H

#include "postgres.h"

#include "nodes/execnodes.h"
#include "utils/rel.h"

typedef struct SqmFillin SqmFillin;

extern SqmFillin *sqm_fillin_create(Relation rel, const bool *loaded,
									bool foresee);
extern bool sqm_fillin_has_volatile(SqmFillin *fillin);
extern bool sqm_fillin_has_defaults(SqmFillin *fillin);
extern void sqm_fillin_defaults(SqmFillin *fillin, EState *estate,
								TupleTableSlot *slot);
extern void sqm_fillin_generated(ResultRelInfo *result, EState *estate,
								 TupleTableSlot *slot);
extern void sqm_fillin_virtual(SqmFillin *fillin, EState *estate,
							   TupleTableSlot *slot);

#endif							/* SQM_FILLIN_H */
