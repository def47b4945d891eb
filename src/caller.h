/*-------------------------------------------------------------------------
 *
 * caller.h
 *		The caller's surroundings, while a function of ours runs under
 *		settings of its own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_CALLER_H
#define SQM_CALLER_H

#include "postgres.h"

/* What to go back to; an error restores the setting by itself. */
typedef int SqmCallerPath;

extern const char *sqm_caller_path_remember(const char *path);
extern SqmCallerPath sqm_caller_path_enter(void);
extern void sqm_caller_path_leave(SqmCallerPath before);

#endif							/* SQM_CALLER_H */
