/*-------------------------------------------------------------------------
 *
 * load.c
 *		How do the rows of a SQLite table get into a PostgreSQL relation?
 *
 * An equivalent execution of the plan's INSERT ... SELECT: rows are decoded
 * straight into Datums and given, some hundreds at a time, to a way to store
 * them (store.h).  What the relation is like is for that way to know.
 *
 * A value that does not arrive exactly never raises an error here: it is
 * treated as the policy says, or the caller gets counts and examples and
 * decides.  From the first such value on nothing is stored; and what was
 * stored before in a relation that existed is undone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/progress.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"

#include "batch.h"
#include "option.h"
#include "parallel.h"
#include "progress.h"
#include "reader.h"
#include "srf.h"
#include "store.h"

#define ARG_TARGET 3
#define ARG_METHOD 8
#define ARG_CONFLICT 9
#define ARG_CONFLICT_COLUMNS 10
#define ARG_ORPHANS 11
#define ARG_DIGEST 15

typedef enum LoadMethod
{
	METHOD_BARE,
	METHOD_TABLE,
	METHOD_NOTHING
} LoadMethod;

typedef struct Loader
{
	SqmStoreTask task;
	LoadMethod	method;
	SqmStore   *store;			/* NULL: store nothing */
	const char *way;
	bool		share;			/* may workers decode the rest? */
	bool		looked;			/* see sqm_parallel_pays */
	const char *alone;			/* why they did not, though they should */
	bool		spoiled;		/* what is stored is of no use: store no more */
	int64		loaded;
	int64	   *nulls;			/* per column of the reader */
} Loader;

PG_FUNCTION_INFO_V1(sqm_load_table);

/* Which row of the source an error of the target is about */
static void
load_error_context(void *arg)
{
	Loader	   *loader = arg;
	const char *table = loader->task.reader->table;

	if (loader->store != NULL && loader->store->rowid != NULL)
		errcontext("SQLite table \"%s\", rowid %lld", table,
				   (long long) *loader->store->rowid);
	else
		errcontext("SQLite table \"%s\"", table);
}

static void
count_nulls(Loader *loader, SqmBatch *batch)
{
	for (int i = 0; i < batch->used; i++)
		sqm_reader_count_nulls(loader->task.reader,
							   batch->slots[i]->tts_isnull,
							   batch->desc->natts, loader->nulls);
}

static SqmStore *
open_store(Loader *loader)
{
	switch (loader->method)
	{
		case METHOD_BARE:
			return sqm_store_bare_create(&loader->task);
		case METHOD_TABLE:
			return sqm_store_choose(&loader->task);
		case METHOD_NOTHING:
			break;
	}
	return NULL;
}

static void
store_batch(Loader *loader, SqmBatch *batch)
{
	count_nulls(loader, batch);
	if (loader->store == NULL)
		return;
	loader->store->write(loader->store, batch);
}

static void
close_store(Loader *loader, bool misfit)
{
	SqmStore   *store = loader->store;

	if (store == NULL)
		return;
	if (misfit)
		store->abandon(store);
	else
		store->finish(store);
	loader->loaded = store->loaded;
	loader->store = NULL;
}

/*
 * The rest of the rows, which have proved to be many, by several processes;
 * false if this one has to read on.  After a value that does not fit it does
 * so for the report of it only.
 */
static bool
share_rest(Loader *loader, SqmBatch *batch)
{
	SqmReader  *reader = loader->task.reader;
	SqmParallelSum sum;

	loader->share = false;
	switch (sqm_parallel_rest(batch, loader->task.rel, loader->store, &sum))
	{
		case SQM_PARALLEL_NONE:
			loader->alone = sum.why_none;
			return false;
		case SQM_PARALLEL_MISFIT:
			loader->spoiled = true;
			return false;
		case SQM_PARALLEL_DONE:
			break;
	}
	loader->way = psprintf("%s, %d workers", loader->way, sum.workers);
	reader->rows += sum.rows;
	reader->noise += sum.noise;
	sqm_digest_add(&reader->digest, &sum.digest);
	for (int i = 0; i < reader->columns; i++)
		loader->nulls[i] += sum.nulls[i];
	return true;
}

/*
 * Read all rows; store them as long as every value was exact.  Returns
 * whether each was.
 */
static bool
load_rows(Loader *loader)
{
	ErrorContextCallback callback;
	SqmBatch   *batch;
	bool		misfit;

	callback.callback = load_error_context;
	callback.arg = loader;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	loader->store = open_store(loader);
	loader->way = loader->store != NULL ? loader->store->way : "nothing";
	loader->share = loader->store != NULL &&
		loader->store->shared_rows > 0 &&
		sqm_parallel_is_possible(loader->task.reader, loader->task.rel);
	batch = sqm_batch_create(loader->task.reader,
							 RelationGetDescr(loader->task.rel),
							 loader->store != NULL ? loader->store->ops :
							 &TTSOpsVirtual);
	if (loader->store != NULL && loader->store->pages != NULL)
		batch->most = SQM_BATCH_PAGE_ROWS;
	while (sqm_batch_fill(batch))
	{
		if (!batch->misfit && !loader->spoiled)
			store_batch(loader, batch);
		if (loader->share && !batch->misfit &&
			sqm_parallel_pays(batch, &loader->looked) &&
			share_rest(loader, batch))
			break;
		/* stored or not, they are done */
		pgstat_progress_update_param(PROGRESS_COPY_TUPLES_PROCESSED,
									 loader->task.reader->rows);
	}
	misfit = batch->misfit;
	if (loader->spoiled && !misfit)
		elog(ERROR, "a worker met a value that does not fit, and this process did not");
	close_store(loader, misfit);
	sqm_batch_drop(batch);
	error_context_stack = callback.previous;
	return !misfit;
}

/*
 * Into a relation that others use: all rows or none.  A load that will be an
 * error for its values must not become one for the foreign keys of the rows
 * before, so these are taken back unchecked.
 */
static void
load_or_undo(Loader *loader)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;
	volatile bool good = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		good = load_rows(loader);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	if (good)
		ReleaseCurrentSubTransaction();
	else
	{
		RollbackAndReleaseCurrentSubTransaction();
		loader->loaded = 0;
	}
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error != NULL)
		ReThrowError(error);
}

static void
run_load(Loader *loader)
{
	SqmReader  *reader = loader->task.reader;

	loader->nulls = palloc0(sizeof(int64) * (reader->columns + 1));
	sqm_progress_start(RelationGetRelid(loader->task.rel));
	if (loader->method == METHOD_TABLE && reader->policy <= SQM_POLICY_COUNT)
		load_or_undo(loader);
	else
		(void) load_rows(loader);
	pgstat_progress_end_command();
}

/* ---------------------------------------------------------------------
 * The SQL function
 * ---------------------------------------------------------------------
 */

static Datum
int64_array(int64 *values, int count)
{
	Datum	   *elements = palloc(sizeof(Datum) * (count + 1));

	for (int i = 0; i < count; i++)
		elements[i] = Int64GetDatum(values[i]);
	return PointerGetDatum(construct_array(elements, count, INT8OID,
										   sizeof(int64), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

static int
word_number(const char *word, const char *const *words, int count,
			const char *what)
{
	for (int i = 0; i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return i;
	elog(ERROR, "unrecognized %s \"%s\"", what, word);
	return 0;
}

static void
read_method(FunctionCallInfo fcinfo, Loader *loader)
{
	static const char *const methods[] = {"bare", "table", "nothing"};
	static const char *const conflicts[] = {"error", "skip", "update"};

	loader->method = word_number(sqm_arg_text(fcinfo, ARG_METHOD), methods,
								 lengthof(methods), "method");
	loader->task.conflict = word_number(sqm_arg_text(fcinfo, ARG_CONFLICT),
										conflicts, lengthof(conflicts),
										"on_conflict");
	if (!PG_ARGISNULL(ARG_CONFLICT_COLUMNS))
		loader->task.conflict_columns =
			sqm_array_strings(PG_GETARG_ARRAYTYPE_P(ARG_CONFLICT_COLUMNS));
	if (loader->method != METHOD_TABLE &&
		loader->task.conflict != SQM_CONFLICT_ERROR)
		elog(ERROR, "only method \"table\" resolves conflicts");
	if (loader->task.conflict == SQM_CONFLICT_UPDATE &&
		loader->task.conflict_columns == NIL)
		elog(ERROR, "an update needs conflict_columns");
}

static void
open_reader(FunctionCallInfo fcinfo, Loader *loader)
{
	SqmReader  *reader;

	reader = sqm_reader_create(sqm_arg_text(fcinfo, 0),
							   sqm_arg_text(fcinfo, 1),
							   sqm_array_strings(PG_GETARG_ARRAYTYPE_P(2)),
							   loader->task.rel,
							   sqm_array_strings(PG_GETARG_ARRAYTYPE_P(4)),
							   sqm_arg_text(fcinfo, 5),
							   PG_GETARG_BOOL(6));
	reader->policy = sqm_policy_from_word(sqm_arg_text(fcinfo, 7));
	/* what would be refused, is not */
	reader->logs = loader->method != METHOD_NOTHING;
	reader->digests = PG_GETARG_BOOL(ARG_DIGEST);
	loader->task.reader = reader;
}

/*
 * Four arrays, as long as each other: rows, columns, nulled, parents.
 */
static void
read_orphans(FunctionCallInfo fcinfo, SqmReader *reader)
{
	List	   *columns;
	List	   *parents;
	Datum	   *rows;
	Datum	   *nulled;
	int			count;
	int			others;

	if (PG_ARGISNULL(ARG_ORPHANS))
		return;
	for (int i = 1; i < 4; i++)
		if (PG_ARGISNULL(ARG_ORPHANS + i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %d of sq2pg.load_table() must not be null",
							ARG_ORPHANS + i + 1)));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(ARG_ORPHANS), INT8OID,
					  sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &rows, NULL, &count);
	columns = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(ARG_ORPHANS + 1));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(ARG_ORPHANS + 2), BOOLOID,
					  1, true, TYPALIGN_CHAR, &nulled, NULL, &others);
	parents = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(ARG_ORPHANS + 3));
	if (list_length(columns) != count || others != count ||
		list_length(parents) != count)
		elog(ERROR, "lists of orphans differ in length");
	for (int i = 0; i < count; i++)
		sqm_reader_add_orphan(reader, DatumGetInt64(rows[i]),
							  list_nth(columns, i), DatumGetBool(nulled[i]),
							  list_nth(parents, i));
}

static void
emit_result(Loader *loader, SqmRow *row)
{
	SqmReader  *reader = loader->task.reader;
	char		stored[SQM_DIGEST_TEXT_SIZE];
	char		digest[SQM_DIGEST_TEXT_SIZE];

	sqm_row_bigint(row, reader->rows);
	sqm_row_bigint(row, loader->loaded);
	sqm_row_datum(row, int64_array(loader->nulls, reader->columns), false);
	sqm_row_bigint(row, reader->noise);
	sqm_row_bigint(row, reader->changed);
	sqm_row_bigint(row, reader->rejected);
	sqm_row_datum(row, int64_array(reader->exceptions, reader->nexceptions),
				  false);
	sqm_digest_text(&reader->stored, stored);
	sqm_row_text(row, stored);
	sqm_reader_row_misfits(reader, row);
	sqm_row_text(row, loader->way);
	sqm_digest_text(&reader->digest, digest);
	sqm_row_text(row, reader->digests ? digest : NULL);
	sqm_row_text(row, loader->alone);
	sqm_row_emit(row);
}

/*
 * sq2pg.load_table(source text, source_table text, source_columns text[],
 *					target regclass, target_columns text[], time_zone text,
 *					empty_as_null boolean, policy text, method text,
 *					on_conflict text, conflict_columns text[],
 *					orphan_rows bigint[], orphan_columns text[],
 *					orphan_nulled boolean[], orphan_parents text[],
 *					with_digest boolean,
 *					OUT source_rows bigint, OUT loaded bigint,
 *					OUT nulls bigint[], OUT noise bigint, OUT changed bigint,
 *					OUT rejected bigint, OUT exceptions bigint[],
 *					OUT stored text, OUT misfits jsonb, OUT way text,
 *					OUT digest text, OUT alone text)
 *
 * See migrate/load.sql.  exceptions and stored: see SqmReader.
 */
Datum
sqm_load_table(PG_FUNCTION_ARGS)
{
	Loader		loader = {0};
	SqmRow		row;

	for (int i = 0; i < ARG_CONFLICT_COLUMNS; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %d of sq2pg.load_table() must not be null",
							i + 1)));
	sqm_row_begin(fcinfo, &row);
	read_method(fcinfo, &loader);
	loader.task.rel = relation_open(PG_GETARG_OID(ARG_TARGET),
									loader.method == METHOD_NOTHING ?
									AccessShareLock : RowExclusiveLock);
	open_reader(fcinfo, &loader);
	read_orphans(fcinfo, loader.task.reader);
	run_load(&loader);
	emit_result(&loader, &row);
	sqm_reader_close(loader.task.reader);
	relation_close(loader.task.rel, NoLock);
	return (Datum) 0;
}
