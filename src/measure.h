/*-------------------------------------------------------------------------
 *
 * measure.h
 *		Types that hold what is there.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_MEASURE_H
#define SQM_MEASURE_H

#include "postgres.h"

#include "lite.h"
#include "value.h"

extern List *sqm_measure_types(SqmLite *lite, const char *table, List *columns,
							   List *chains, const SqmValueOptions *options);

#endif							/* SQM_MEASURE_H */
