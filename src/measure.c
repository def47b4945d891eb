/*-------------------------------------------------------------------------
 *
 * measure.c
 *		Which is the first of these types that holds every value of a column?
 *
 * For IMPORT FOREIGN SCHEMA: one pass over a table, in which every candidate
 * that is still in the running is tried on every value by the converter that
 * a scan will use.  (profile.c does the like for migrations, where numbers are
 * reported, too.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "parser/parse_type.h"
#include "utils/memutils.h"

#include "compat.h"
#include "deparse.h"
#include "measure.h"

/* A column's types, by preference, as far as no value has ruled them out. */
typedef struct Chain
{
	int			count;
	char	  **types;
	SqmTarget **targets;		/* NULL: ruled out */
} Chain;

static void
read_chain(Chain *chain, List *types, const SqmValueOptions *options)
{
	ListCell   *lc;

	chain->count = list_length(types);
	chain->types = palloc(sizeof(char *) * chain->count);
	chain->targets = palloc(sizeof(SqmTarget *) * chain->count);
	foreach(lc, types)
	{
		int			i = foreach_current_index(lc);
		Oid			type;
		int32		typmod;

		sqm_parse_type(lfirst(lc), &type, &typmod);
		chain->types[i] = lfirst(lc);
		chain->targets[i] = sqm_target_create(type, typmod, options);
	}
}

static void
try_value(Chain *chain, const SqmValue *value)
{
	/* the last one is taken whatever comes */
	for (int i = 0; i < chain->count - 1; i++)
	{
		SqmReason	reason;
		Datum		datum;
		bool		isnull;

		if (chain->targets[i] != NULL &&
			sqm_value_convert(chain->targets[i], value, &datum, &isnull,
							  &reason) > SQM_NOISE)
			chain->targets[i] = NULL;
	}
}

/*
 * "chains" has a list of type names (char *) for each of "columns" (char *);
 * returns one type name a column, or NIL if the table cannot be read.
 */
List *
sqm_measure_types(SqmLite *lite, const char *table, List *columns, List *chains,
				  const SqmValueOptions *options)
{
	int			count = list_length(columns);
	Chain	   *all = palloc(sizeof(Chain) * (count + 1));
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "sqlite_fdw_mig measure",
													  ALLOCSET_DEFAULT_SIZES);
	SqmStatement *stmt;
	SqmStep		step;
	char	   *message;
	List	   *result = NIL;

	for (int i = 0; i < count; i++)
		read_chain(&all[i], list_nth(chains, i), options);
	stmt = sqm_statement_try_prepare(lite, sqm_deparse_select(table, columns, NULL),
									 &message);
	if (stmt == NULL)
		return NIL;
	while ((step = sqm_statement_try_step(stmt, &message)) == SQM_STEP_ROW)
	{
		MemoryContext old = MemoryContextSwitchTo(row_context);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < count; i++)
		{
			SqmValue	value;

			sqm_statement_value(stmt, i, &value);
			try_value(&all[i], &value);
		}
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_context);
	}
	sqm_statement_finalize(stmt);
	MemoryContextDelete(row_context);
	if (step == SQM_STEP_ERROR)
		return NIL;
	for (int i = 0; i < count; i++)
	{
		int			first = 0;

		while (first < all[i].count - 1 && all[i].targets[first] == NULL)
			first++;
		result = lappend(result, all[i].types[first]);
	}
	return result;
}
