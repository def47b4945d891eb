/*-------------------------------------------------------------------------
 *
 * volatile.c
 *		Does a query call functions that do something, or give something
 *		else each time?
 *
 * Such a query is not tried out: what it does would stay.  By what the
 * functions say of themselves; nothing is executed here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "utils/plancache.h"

#include "caller.h"
#include "srf.h"

PG_FUNCTION_INFO_V1(sqm_query_is_volatile);

/* Views and rules are queries of their own in here, and are looked into. */
static bool
source_is_volatile(CachedPlanSource *source)
{
	ListCell   *lc;

	foreach(lc, source->query_list)
		if (contain_volatile_functions(lfirst(lc)))
			return true;
	return false;
}

/*
 * sq2pg.query_is_volatile(query text): names mean what they mean to the
 * caller.
 */
Datum
sqm_query_is_volatile(PG_FUNCTION_ARGS)
{
	char	   *query = sqm_arg_text(fcinfo, 0);
	SqmCallerPath before;
	SPIPlanPtr	plan;
	ListCell   *lc;
	bool		found = false;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	before = sqm_caller_path_enter();
	plan = SPI_prepare(query, 0, NULL);
	sqm_caller_path_leave(before);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	foreach(lc, SPI_plan_get_plan_sources(plan))
		found = found || source_is_volatile(lfirst(lc));
	SPI_finish();
	PG_RETURN_BOOL(found);
}
