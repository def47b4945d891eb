/*-------------------------------------------------------------------------
 *
 * caller.c
 *		Under which search_path would the caller's own statement run?
 *
 * Our functions run under a pinned search_path.  What belongs to the user's
 * database (names that the user wrote, triggers, defaults and checks of
 * existing tables) must not: it means what it means in the caller's session.
 * Which settings are pinned, and when, is none of our business.
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

/* The caller's search_path while a function of ours runs, else NULL. */
static const char *caller_search_path = NULL;

/*
 * From now on "path" is the caller's; NULL: the session's own.  Returns what
 * it was before, to be given back when the function ends, by an error too.
 * The string is not copied.
 */
const char *
sqm_caller_path_remember(const char *path)
{
	const char *before = caller_search_path;

	caller_search_path = path;
	return before;
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

	if (caller_search_path == NULL)
		return before;
	before.ours = pstrdup(namespace_search_path);
	before.level = NewGUCNestLevel();
	set_path(caller_search_path, GUC_ACTION_SAVE);
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
	PG_RETURN_TEXT_P(cstring_to_text(caller_search_path != NULL ?
									 caller_search_path :
									 namespace_search_path));
}
