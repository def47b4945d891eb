/*-------------------------------------------------------------------------
 *
 * pages.h
 *		Heap pages, made in private memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_PAGES_H
#define SQM_PAGES_H

#include "postgres.h"

#include "access/htup_details.h"
#include "storage/bufpage.h"
#include "utils/rel.h"

/* What the tuples of one load have in common.  Flat: workers are told. */
typedef struct SqmPageStamp
{
	TransactionId xid;
	CommandId	command;
	Size		spare;			/* room that the fill factor leaves on a page */
} SqmPageStamp;

/* The pages of one load, on their way to the relation */
typedef struct SqmPages SqmPages;

extern bool sqm_page_takes(HeapTuple tuple);
extern bool sqm_page_add(Page page, const SqmPageStamp *stamp, HeapTuple tuple);

extern bool sqm_pages_are_possible(Relation rel);
extern SqmPages *sqm_pages_create(Relation rel);
extern const SqmPageStamp *sqm_pages_stamp(SqmPages *pages);
extern void sqm_pages_add_tuple(SqmPages *pages, HeapTuple tuple);
extern void sqm_pages_add_page(SqmPages *pages, const char *image);
extern void sqm_pages_finish(SqmPages *pages);

#endif							/* SQM_PAGES_H */
