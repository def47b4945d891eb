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
typedef struct SqmCallerPath
{
	int			level;			/* 0: the caller's was not entered */
	char	   *ours;
} SqmCallerPath;

extern const char *sqm_caller_path_remember(const char *path);
extern SqmCallerPath sqm_caller_path_enter(void);
extern void sqm_caller_path_leave(SqmCallerPath before);

#endif							/* SQM_CALLER_H */
