/*-------------------------------------------------------------------------
 *
 * analyze.c
 *		Which rows of a SQLite table stand for all of them in ANALYZE?
 *
 * A small table is read whole.  Of a large one, the span of its rowids is cut
 * into many equal parts, and a few neighbouring rows are read from a random
 * place in each: as with the blocks that ANALYZE reads of a table of
 * PostgreSQL's, its cost does not grow with the table.  Where there is no
 * rowid, all is read.
 *
 * A value that its column cannot hold counts as NULL here; what a scan would
 * raise an error for must not keep the planner from knowing about the others.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "commands/vacuum.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/sampling.h"

#include "compat.h"
#include "relation.h"
#include "scan.h"
#include "source.h"

/* Tables up to this many times the sample are read whole. */
#define WHOLE_FACTOR 5.0

/* How many neighbouring rows are read at once. */
#define CHUNK_ROWS 50

typedef struct Sampler
{
	Relation	rel;
	SqmRelation *relation;
	SqmStatement *stmt;
	int			columns;
	int		   *places;
	SqmTarget **targets;
	Datum	   *values;
	bool	   *nulls;
	MemoryContext context;		/* of one row */
	HeapTuple  *rows;
	int			wanted;
	int			kept;
	double		seen;
	double		skip;			/* rows to pass over, or negative */
	ReservoirStateData reservoir;
} Sampler;

/* "SELECT columns FROM table" (palloc'd) */
static char *
select_columns(Sampler *sampler)
{
	SqmRelation *relation = sampler->relation;
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	for (int i = 0; i < relation->natts; i++)
	{
		SqmForeignColumn *column = &relation->columns[i];

		if (!OidIsValid(column->type))
			continue;
		appendStringInfo(&sql, "t.%s, ", sqm_lite_quote(column->name));
		sampler->places[sampler->columns] = i;
		sampler->targets[sampler->columns++] =
			sqm_target_create(column->type, column->typmod,
							  &relation->options->value);
	}
	appendStringInfo(&sql, "%s FROM main.%s AS t",
					 relation->rowid != NULL ?
					 psprintf("t.%s", relation->rowid) : "NULL",
					 sqm_lite_quote(relation->options->table));
	return sql.data;
}

static HeapTuple
current_tuple(Sampler *sampler)
{
	TupleDesc	desc = RelationGetDescr(sampler->rel);
	MemoryContext old = MemoryContextSwitchTo(sampler->context);
	HeapTuple	tuple;

	MemoryContextReset(sampler->context);
	memset(sampler->nulls, true, sizeof(bool) * desc->natts);
	for (int i = 0; i < sampler->columns; i++)
	{
		int			place = sampler->places[i];
		SqmReason	reason;
		SqmValue	value;
		SqmVerdict	verdict;

		sqm_statement_value(sampler->stmt, i, &value);
		verdict = sqm_value_convert(sampler->targets[i], &value,
									&sampler->values[place],
									&sampler->nulls[place], &reason);
		if (verdict == SQM_CHANGED || verdict == SQM_BAD)
			sampler->nulls[place] = true;
	}
	MemoryContextSwitchTo(old);
	tuple = heap_form_tuple(desc, sampler->values, sampler->nulls);
	return tuple;
}

/*
 * The current row, maybe instead of one that was kept before: Vitter's
 * algorithm, as ANALYZE itself uses it.
 */
static void
sample_row(Sampler *sampler)
{
	int			place;

	if (sampler->kept < sampler->wanted)
		place = sampler->kept++;
	else
	{
		if (sampler->skip < 0)
			sampler->skip = reservoir_get_next_S(&sampler->reservoir,
												 sampler->seen, sampler->wanted);
		sampler->seen++;
		if (sampler->skip-- > 0)
			return;
		place = (int) (sampler->wanted *
					   sampler_random_fract(&sampler->reservoir.randstate));
		heap_freetuple(sampler->rows[place]);
		sampler->rows[place] = current_tuple(sampler);
		return;
	}
	sampler->seen++;
	sampler->rows[place] = current_tuple(sampler);
}

static void
sample_whole(Sampler *sampler, const char *select)
{
	sampler->stmt = sqm_statement_prepare(sampler->relation->lite, select);
	while (sqm_statement_step(sampler->stmt))
	{
		sqm_vacuum_delay();
		sample_row(sampler);
	}
	sqm_statement_finalize(sampler->stmt);
}

/* The lowest and highest rowid; false for an empty table. */
static bool
rowid_span(SqmRelation *relation, int64 *low, int64 *high)
{
	char	   *table = sqm_lite_quote(relation->options->table);
	SqmStatement *stmt = sqm_statement_prepare(relation->lite,
											   psprintf("SELECT (SELECT min(t.%s) FROM main.%s AS t), (SELECT max(t.%s) FROM main.%s AS t)",
														relation->rowid, table,
														relation->rowid, table));
	bool		found = sqm_statement_step(stmt) &&
		!sqm_statement_is_null(stmt, 0);

	if (found)
	{
		*low = sqm_statement_int64(stmt, 0);
		*high = sqm_statement_int64(stmt, 1);
	}
	sqm_statement_finalize(stmt);
	return found;
}

/*
 * Up to CHUNK_ROWS rows from "start" on, none beyond "end".  Returns how many
 * there were, and how much of the span they take.
 */
static int
sample_chunk(Sampler *sampler, int64 start, int64 end, double *span)
{
	int			count = 0;
	int64		last = start;

	sqm_statement_bind_int64(sampler->stmt, 1, start);
	sqm_statement_bind_int64(sampler->stmt, 2, end);
	while (count < CHUNK_ROWS && sqm_statement_step(sampler->stmt))
	{
		last = sqm_statement_int64(sampler->stmt, sampler->columns);
		sample_row(sampler);
		count++;
	}
	sqm_statement_reset(sampler->stmt);
	*span = (double) (count < CHUNK_ROWS ? end : last) - (double) start + 1.0;
	return count;
}

/* Returns an estimate of the rows in the table. */
static double
sample_parts(Sampler *sampler, const char *select, int64 low, int64 high)
{
	int			parts = sampler->wanted / CHUNK_ROWS + 1;
	double		width = ((double) high - (double) low + 1.0) / parts;
	double		rows = 0;
	double		spans = 0;

	sampler->stmt = sqm_statement_prepare(sampler->relation->lite,
										  psprintf("%s WHERE t.%s BETWEEN ?1 AND ?2 ORDER BY t.%s",
												   select,
												   sampler->relation->rowid,
												   sampler->relation->rowid));
	for (int i = 0; i < parts; i++)
	{
		double		first = (double) low + width * i;
		int64		start = (int64) (first + width * 0.9 *
									 sampler_random_fract(&sampler->reservoir.randstate));
		int64		end = i == parts - 1 ? high : (int64) (first + width) - 1;
		double		span;

		sqm_vacuum_delay();
		if (end < start)
			continue;
		rows += sample_chunk(sampler, start, end, &span);
		spans += span;
	}
	sqm_statement_finalize(sampler->stmt);
	return spans > 0 ? ceil(rows / spans * width * parts) : 0;
}

static int
acquire_sample(Relation rel, int elevel, HeapTuple *rows, int wanted,
			   double *total, double *dead)
{
	Sampler		sampler = {0};
	int			natts = RelationGetDescr(rel)->natts;
	int64		low = 0;
	int64		high = 0;
	char	   *select;
	double		span;

	sampler.rel = rel;
	sampler.relation = sqm_relation_create(RelationGetRelid(rel));
	sampler.places = palloc(sizeof(int) * (natts + 1));
	sampler.targets = palloc(sizeof(SqmTarget *) * (natts + 1));
	sampler.values = palloc0(sizeof(Datum) * (natts + 1));
	sampler.nulls = palloc0(sizeof(bool) * (natts + 1));
	sampler.context = AllocSetContextCreate(CurrentMemoryContext,
											"sqlite_fdw_mig sample",
											ALLOCSET_DEFAULT_SIZES);
	sampler.rows = rows;
	sampler.wanted = wanted;
	sampler.skip = -1;
	reservoir_init_selection_state(&sampler.reservoir, wanted);
	select = select_columns(&sampler);
	*dead = 0;
	if (sampler.relation->rowid != NULL &&
		!rowid_span(sampler.relation, &low, &high))
	{
		*total = 0;
		return 0;
	}
	span = (double) high - (double) low + 1.0;
	if (sampler.relation->rowid == NULL || span <= wanted * WHOLE_FACTOR)
	{
		sample_whole(&sampler, select);
		*total = sampler.seen;
	}
	else
		*total = sample_parts(&sampler, select, low, high);
	sqm_source_check_unchanged(sampler.relation->options->database);
	MemoryContextDelete(sampler.context);
	ereport(elevel,
			(errmsg("\"%s\": %d rows in sample, %.0f estimated total rows",
					RelationGetRelationName(rel), sampler.kept, *total)));
	return sampler.kept;
}

bool
sqmAnalyzeForeignTable(Relation rel, AcquireSampleRowsFunc *function,
					   BlockNumber *pages)
{
	SqmRelation *relation = sqm_relation_create(RelationGetRelid(rel));

	*function = acquire_sample;
	*pages = (BlockNumber) Min(sqm_source_facts(relation->options->database).size / BLCKSZ + 1,
							   MaxBlockNumber);
	return true;
}
