/*-------------------------------------------------------------------------
 *
 * srf.h
 *		Writing the rows of a set-returning function.
 *
 * All of them materialize: a LIMIT in the caller's query must not stop a
 * migration midway.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_SRF_H
#define SQM_SRF_H

#include "postgres.h"

#include "fmgr.h"
#include "nodes/execnodes.h"
#include "nodes/pg_list.h"
#include "utils/array.h"

#define SQM_MAX_COLUMNS 20

/* One row under construction */
typedef struct SqmRow
{
	ReturnSetInfo *rsinfo;
	int			used;
	Datum		values[SQM_MAX_COLUMNS];
	bool		nulls[SQM_MAX_COLUMNS];
} SqmRow;

extern void sqm_row_begin(FunctionCallInfo fcinfo, SqmRow *row);
extern void sqm_row_text(SqmRow *row, const char *text);
extern void sqm_row_bool(SqmRow *row, bool value);
extern void sqm_row_int(SqmRow *row, int32 value);
extern void sqm_row_bigint(SqmRow *row, int64 value);
extern void sqm_row_null(SqmRow *row);
extern void sqm_row_text_array(SqmRow *row, List *strings);
extern void sqm_row_bool_array(SqmRow *row, List *ints);
extern void sqm_row_datum(SqmRow *row, Datum value, bool isnull);
extern void sqm_row_emit(SqmRow *row);

extern char *sqm_arg_text(FunctionCallInfo fcinfo, int n);
extern List *sqm_array_strings(ArrayType *array);
extern List *sqm_array_strings_or_null(ArrayType *array);

#endif							/* SQM_SRF_H */
