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

#endif							/* SQM_PROGRESS_H */
