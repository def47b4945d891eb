/*-------------------------------------------------------------------------
 *
 * progress.c
 *		What do other sessions see of a running migration?
 *
 * A load is shown as a COPY (pg_stat_progress_copy), with the phase and the
 * table's place in the run in parameters that COPY leaves unused; the view
 * sq2pg.progress reads them.  The tables of a run are invisible to others
 * until it commits, so the name of the current one is also shown as the
 * session's activity.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "commands/progress.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "progress.h"
#include "srf.h"

/* Parameters (from 0) that no command of core's COPY uses, up to 17. */
#define PARAM_MAGIC 12
#define PARAM_ORDINAL 13
#define PARAM_TABLES 14
#define PARAM_ROWS 15

#define SQM_PROGRESS_MAGIC 5395793	/* "SQM" */
#define COPY_TYPE_CALLBACK 4

static int64 current_ordinal = 0;
static int64 current_tables = 0;
static int64 current_rows = 0;

PG_FUNCTION_INFO_V1(sqm_announce);

/* A load into "relid" begins; the loader counts PROGRESS_COPY_TUPLES_PROCESSED. */
void
sqm_progress_start(Oid relid)
{
	const int	params[] = {
		PROGRESS_COPY_COMMAND, PROGRESS_COPY_TYPE,
		PARAM_MAGIC, PARAM_ORDINAL, PARAM_TABLES, PARAM_ROWS
	};
	const int64 values[] = {
		PROGRESS_COPY_COMMAND_FROM, COPY_TYPE_CALLBACK,
		SQM_PROGRESS_MAGIC, current_ordinal, current_tables, current_rows
	};

	pgstat_progress_start_command(PROGRESS_COMMAND_COPY, relid);
	pgstat_progress_update_multi_param(lengthof(params), params, values);
}

/* A NULL phase shows the user's own statement again. */
void
sqm_progress_show(const char *phase, const char *object)
{
	pgstat_report_activity(STATE_RUNNING, phase == NULL ? debug_query_string :
						   psprintf("sq2pg_migrate: %s \"%s\"", phase,
									object ? object : ""));
}

/* The source is copied, before anything else of a run; 0: its size is not known. */
void
sqm_progress_begin_copy(const char *source, int64 size)
{
	const int	params[] = {
		PROGRESS_COPY_COMMAND, PROGRESS_COPY_TYPE,
		PROGRESS_COPY_BYTES_TOTAL, PARAM_MAGIC
	};
	const int64 values[] = {
		PROGRESS_COPY_COMMAND_FROM, COPY_TYPE_CALLBACK,
		size, SQM_PROGRESS_MAGIC
	};

	sqm_progress_show("copy", source);
	pgstat_progress_start_command(PROGRESS_COMMAND_COPY, InvalidOid);
	pgstat_progress_update_multi_param(lengthof(params), params, values);
}

void
sqm_progress_copied(int64 bytes)
{
	pgstat_progress_update_param(PROGRESS_COPY_BYTES_PROCESSED, bytes);
}

void
sqm_progress_end_copy(void)
{
	pgstat_progress_end_command();
	sqm_progress_show(NULL, NULL);
}

/*
 * What a phase needed and freed lies in holes of the heap, which the C library
 * keeps until the process ends: with thousands of tables as much as is in use.
 * Given back when another phase begins, but not for each table where phases
 * take turns.
 */
static void
give_back_memory(const char *phase)
{
#ifdef __GLIBC__
	static char last_phase[32];
	static TimestampTz last_time = 0;

	if (phase != NULL && strncmp(phase, last_phase, sizeof(last_phase) - 1) != 0 &&
		TimestampDifferenceExceeds(last_time, GetCurrentTimestamp(), 50))
	{
		(void) malloc_trim(0);
		strlcpy(last_phase, phase, sizeof(last_phase));
		last_time = GetCurrentTimestamp();
	}
#endif
}

/*
 * sq2pg.announce(phase text, object text, ordinal bigint, tables bigint,
 *				  rows bigint): what this session is doing now.  A NULL phase
 * shows the user's own statement again.
 */
Datum
sqm_announce(PG_FUNCTION_ARGS)
{
	char	   *phase = sqm_arg_text(fcinfo, 0);
	char	   *object = sqm_arg_text(fcinfo, 1);

	give_back_memory(phase);
	current_ordinal = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT64(2);
	current_tables = PG_ARGISNULL(3) ? 0 : PG_GETARG_INT64(3);
	current_rows = PG_ARGISNULL(4) ? 0 : PG_GETARG_INT64(4);
	sqm_progress_show(phase, object);
	PG_RETURN_VOID();
}
