/*-------------------------------------------------------------------------
 *
 * progress.h
 *		What other sessions see of a running migration.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_PROGRESS_H
#define SQM_PROGRESS_H

#include "postgres.h"

extern void sqm_progress_start(Oid relid);
extern void sqm_progress_show(const char *phase, const char *object);
extern void sqm_progress_begin_copy(const char *source, int64 size);
extern void sqm_progress_copied(int64 bytes);
extern void sqm_progress_end_copy(void);

#endif							/* SQM_PROGRESS_H */
