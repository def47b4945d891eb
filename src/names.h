/*-------------------------------------------------------------------------
 *
 * names.h
 *		Names that PostgreSQL can hold, each different from the others.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_NAMES_H
#define SQM_NAMES_H

#include "postgres.h"

#include "utils/hsearch.h"

extern HTAB *sqm_names_create(void);
extern char *sqm_names_fold(const char *name, const char *style);
extern char *sqm_names_take(HTAB *taken, const char *name);

#endif							/* SQM_NAMES_H */
