/*-------------------------------------------------------------------------
 *
 * sqlite_fdw_mig.c
 *		The entry point: module magic, settings, the foreign-data wrapper's
 *		routine and the version.
 *
 * Everything else lives in src/; docs/design.md is the map.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "foreign/fdwapi.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "src/lite.h"
#include "src/mutation.h"
#include "src/parallel.h"
#include "src/rights.h"
#include "src/scan.h"
#include "src/shippable.h"
#include "src/source.h"
#include "src/upload.h"

#define SQM_VERSION "1.0"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(sqm_fdw_handler);
PG_FUNCTION_INFO_V1(sqm_version);

void		_PG_init(void);

void
_PG_init(void)
{
	sqm_lite_define_settings();
	sqm_source_define_settings();
	sqm_rights_define_settings();
	sqm_upload_define_settings();
	sqm_parallel_define_settings();
	sqm_mutation_define_settings();
	sqm_ship_define_settings();
	MarkGUCPrefixReserved("sqlite_fdw_mig");
}

/*
 * sqlite_fdw_mig_handler() returns fdw_handler
 */
Datum
sqm_fdw_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	sqm_scan_routine(routine);
	PG_RETURN_POINTER(routine);
}

/*
 * sq2pg_version(): this extension, the SQLite library it runs with and how
 * that was compiled.
 */
Datum
sqm_version(PG_FUNCTION_ARGS)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	appendStringInfo(&out, "sqlite_fdw_mig %s, SQLite %s (", SQM_VERSION,
					 sqm_lite_version());
	foreach(lc, sqm_lite_compile_options())
		appendStringInfo(&out, "%s%s", foreach_current_index(lc) > 0 ? " " : "",
						 (char *) lfirst(lc));
	appendStringInfoChar(&out, ')');
	PG_RETURN_TEXT_P(cstring_to_text(out.data));
}
