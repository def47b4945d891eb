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

/* Settings of the caller's, for code that is not ours. */
typedef struct SqmCaller
{
	const char *search_path;	/* NULL: no function of ours runs */
	const char *plan_cache_mode;
} SqmCaller;

/* What to go back to; an error restores the setting by itself. */
typedef struct SqmCallerPath
{
	int			level;			/* 0: the caller's was not entered */
	char	   *ours;
} SqmCallerPath;

extern SqmCaller sqm_caller_remember(void);
extern void sqm_caller_forget(SqmCaller before);
extern SqmCallerPath sqm_caller_path_enter(void);
extern void sqm_caller_path_leave(SqmCallerPath before);

#endif							/* SQM_CALLER_H */
