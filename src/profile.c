/*-------------------------------------------------------------------------
 *
 * profile.c
 *		What does a column really hold?
 *
 * One pass over a table counts the storage classes of each column and tries
 * every candidate type on every value, with the very converter that will load
 * them (value.c), so that the prediction cannot differ from the load.  Which
 * candidate is chosen is not decided here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "option.h"
#include "reader.h"
#include "source.h"
#include "srf.h"
#include "value.h"

#define STORAGE_CLASSES 5

typedef struct Candidate
{
	int			column;			/* from 0 */
	char	   *type;			/* as given */
	SqmTarget  *target;
	bool		first;			/* of its column: all its misfits count */
	int64		misfits;
	int64		noise;
	bool		has_rowid;
	int64		rowid;			/* of the first misfit */
	char	   *example;
	char	   *reason;
} Candidate;

typedef struct Profile
{
	SqmStatement *stmt;
	bool		has_rowid;
	int			columns;
	int64		rows;
	int64		(*classes)[STORAGE_CLASSES];	/* per column */
	Candidate  *candidates;
	int			ncandidates;
	MemoryContext result;		/* keeps the examples */
} Profile;

PG_FUNCTION_INFO_V1(sqm_profile);

static void
resolve_type(Candidate *candidate, const SqmValueOptions *options)
{
	Oid			typid;
	int32		typmod;

	sqm_parse_type(candidate->type, &typid, &typmod);
	candidate->target = sqm_target_create(typid, typmod, options);
}

static void
read_candidates(Profile *profile, ArrayType *columns, ArrayType *types,
				const SqmValueOptions *options)
{
	List	   *names = sqm_array_strings(types);
	Datum	   *ordinals;
	int			n;

	deconstruct_array(columns, INT4OID, sizeof(int32), true, TYPALIGN_INT,
					  &ordinals, NULL, &n);
	if (n != list_length(names))
		elog(ERROR, "%d columns for %d candidate types", n, list_length(names));
	profile->candidates = palloc0(sizeof(Candidate) * (n + 1));
	profile->ncandidates = n;
	for (int i = 0; i < n; i++)
	{
		Candidate  *candidate = &profile->candidates[i];

		candidate->column = DatumGetInt32(ordinals[i]) - 1;
		candidate->type = list_nth(names, i);
		candidate->first = i == 0 ||
			profile->candidates[i - 1].column != candidate->column;
		if (candidate->column < 0 || candidate->column >= profile->columns)
			elog(ERROR, "candidate for column %d of %d", candidate->column + 1,
				 profile->columns);
		resolve_type(candidate, options);
	}
}

static void
note_misfit(Profile *profile, Candidate *candidate, const SqmValue *value,
			const SqmReason *reason)
{
	if (candidate->misfits++ == 0)
	{
		MemoryContext old = MemoryContextSwitchTo(profile->result);

		candidate->has_rowid = profile->has_rowid;
		if (profile->has_rowid)
			candidate->rowid = sqm_statement_int64(profile->stmt, profile->columns);
		candidate->example = psprintf("%s %s", sqm_storage_word(value->storage),
									  sqm_value_display(value));
		candidate->reason = pstrdup(reason->message);
		MemoryContextSwitchTo(old);
	}
}

static void
try_candidate(Profile *profile, Candidate *candidate, const SqmValue *value)
{
	SqmReason	reason;
	Datum		datum;
	bool		isnull;

	switch (sqm_value_convert(candidate->target, value, &datum, &isnull, &reason))
	{
		case SQM_EXACT:
			break;
		case SQM_NOISE:
			candidate->noise++;
			break;
		case SQM_CHANGED:
		case SQM_BAD:
			note_misfit(profile, candidate, value, &reason);
			break;
	}
}

/*
 * The declared type's misfits are all counted, because the report names the
 * number; another candidate is out at its first.
 */
static void
profile_row(Profile *profile)
{
	SqmValue	value;
	int			current = -1;

	for (int i = 0; i < profile->ncandidates; i++)
	{
		Candidate  *candidate = &profile->candidates[i];

		if (candidate->column != current)
		{
			current = candidate->column;
			sqm_statement_value(profile->stmt, current, &value);
			profile->classes[current][value.storage]++;
		}
		if (value.storage != SQM_NULL &&
			(candidate->first || candidate->misfits == 0))
			try_candidate(profile, candidate, &value);
	}
}

static void
profile_rows(Profile *profile)
{
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "sqlite_fdw_mig profile",
													  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(row_context);

	while (sqm_statement_step(profile->stmt))
	{
		profile->rows++;
		profile_row(profile);
		MemoryContextReset(row_context);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(row_context);
}

static void
emit_candidate(Profile *profile, Candidate *candidate, SqmRow *row)
{
	int64	   *classes = profile->classes[candidate->column];

	sqm_row_int(row, candidate->column + 1);
	sqm_row_text(row, candidate->type);
	sqm_row_bigint(row, profile->rows);
	for (int i = 0; i < STORAGE_CLASSES; i++)
		sqm_row_bigint(row, classes[i]);
	sqm_row_bigint(row, candidate->misfits);
	sqm_row_bigint(row, candidate->noise);
	if (candidate->has_rowid)
		sqm_row_bigint(row, candidate->rowid);
	else
		sqm_row_null(row);
	sqm_row_text(row, candidate->example);
	sqm_row_text(row, candidate->reason);
	sqm_row_emit(row);
}

/*
 * sq2pg.profile(source text, source_table text, source_columns text[],
 *				 candidate_columns int[], candidate_types text[],
 *				 time_zone text, empty_as_null boolean)
 *
 * One row a candidate: column (from 1), type, rows read, NULLs, INTEGERs,
 * REALs, TEXTs, BLOBs, misfits (exact for a column's first candidate, else 0
 * or 1), noise, and the first misfit.
 */
Datum
sqm_profile(PG_FUNCTION_ARGS)
{
	List	   *columns = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(2));
	char	   *source = sqm_arg_text(fcinfo, 0);
	Profile		profile = {0};
	SqmValueOptions options;
	SqmRow		row;

	sqm_row_begin(fcinfo, &row);
	options.time_zone = sqm_time_zone(sqm_arg_text(fcinfo, 5));
	options.empty_as_null = PG_GETARG_BOOL(6);
	profile.columns = list_length(columns);
	profile.classes = palloc0(sizeof(*profile.classes) * (profile.columns + 1));
	profile.result = CurrentMemoryContext;
	read_candidates(&profile, PG_GETARG_ARRAYTYPE_P(3),
					PG_GETARG_ARRAYTYPE_P(4), &options);
	profile.stmt = sqm_table_statement(source, sqm_arg_text(fcinfo, 1), columns,
									   &profile.has_rowid);
	profile_rows(&profile);
	sqm_statement_finalize(profile.stmt);
	sqm_source_check_unchanged(source);
	for (int i = 0; i < profile.ncandidates; i++)
		emit_candidate(&profile, &profile.candidates[i], &row);
	return (Datum) 0;
}
