/*-------------------------------------------------------------------------
 *
 * form.h
 *		Rows as tuples, one after the other in the same memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_FORM_H
#define SQM_FORM_H

#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupdesc.h"

typedef struct SqmForm SqmForm;

extern SqmForm *sqm_form_create(TupleDesc desc);
extern HeapTuple sqm_form_tuple(SqmForm *form, Datum *values, bool *isnull);

#endif							/* SQM_FORM_H */
