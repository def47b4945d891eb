/*-------------------------------------------------------------------------
 *
 * caller.c
 *		Under which settings would the caller's own statement run?
 *
 * Our functions run under a pinned search_path, and some of them with generic
 * plans only, since these hold no copies of large parameters.  What belongs to
 * the user's database (names that the user wrote, triggers, defaults and checks
 * of existing tables, event triggers) must not: it means what it means in the
 * caller's session.  Which settings are pinned, and when, is none of our
 * business.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "caller.h"

PG_FUNCTION_INFO_V1(sqm_caller_search_path);
PG_FUNCTION_INFO_V1(sqm_caller_plan_cache_mode);

/* As it was when the function of ours that runs was called. */
static SqmCaller caller = {NULL, NULL};

/*
 * From now on the settings are those of the caller, kept in the current memory
 * context.  Returns what they were before, to be given back when the function
 * ends, by an error too.
 */
SqmCaller
sqm_caller_remember(void)
{
	SqmCaller	before = caller;

	caller.search_path = pstrdup(namespace_search_path);
	caller.plan_cache_mode = pstrdup(GetConfigOption("plan_cache_mode", false, false));
	return before;
}

void
sqm_caller_forget(SqmCaller before)
{
	caller = before;
}

static void
set_path(const char *path, GucAction action)
{
	(void) set_config_option("search_path", path, PGC_USERSET, PGC_S_SESSION,
							 action, true, 0, false);
}

/*
 * Code of the user's follows.  Costs some microseconds, so enter once for
 * many rows.
 */
SqmCallerPath
sqm_caller_path_enter(void)
{
	SqmCallerPath before = {0};

	if (caller.search_path == NULL)
		return before;
	before.ours = pstrdup(namespace_search_path);
	before.level = NewGUCNestLevel();
	set_path(caller.search_path, GUC_ACTION_SAVE);
	return before;
}

/*
 * Code of ours follows.  A trigger may have SET the path for the session: it
 * will be so when we end, but not before.
 */
void
sqm_caller_path_leave(SqmCallerPath before)
{
	if (before.level == 0)
		return;
	AtEOXact_GUC(true, before.level);
	if (strcmp(namespace_search_path, before.ours) != 0)
		set_path(before.ours, GUC_ACTION_LOCAL);
	pfree(before.ours);
}

/*
 * sq2pg.caller_search_path(): the setting as it was before we pinned it.
 */
Datum
sqm_caller_search_path(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(caller.search_path != NULL ?
									 caller.search_path :
									 namespace_search_path));
}

/*
 * sq2pg.caller_plan_cache_mode(): likewise, before functions of ours set it.
 */
Datum
sqm_caller_plan_cache_mode(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(caller.plan_cache_mode != NULL ?
									 caller.plan_cache_mode :
									 GetConfigOption("plan_cache_mode", false,
													 false)));
}
