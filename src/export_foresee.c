/*-------------------------------------------------------------------------
 *
 * export_foresee.c
 *		In which form would the values of a SQLite table come back?
 *
 * Asked before anything is migrated: each value goes to a Datum by the
 * loader's own converter, from there to SQLite's value by the export's own,
 * and is compared with what it was, storage class and bytes.  Nothing is
 * stored.  What is tried, and what the answer means, is not decided here
 * (migrate/round_trip.sql).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/params.h"
#include "optimizer/optimizer.h"
#include "parser/analyze.h"
#include "parser/parse_type.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "compat.h"
#include "export.h"
#include "option.h"
#include "reader.h"
#include "source.h"
#include "srf.h"
#include "value.h"

PG_FUNCTION_INFO_V1(sqm_round_trip_values);
PG_FUNCTION_INFO_V1(sqm_base_type);
PG_FUNCTION_INFO_V1(sqm_base_type_by_name);

/* An expression over one value, $1 */
typedef struct Expression
{
	ExprState  *state;
	ExprContext *context;
	ParamListInfo params;
} Expression;

/* One way there and back for one column */
typedef struct Trial
{
	int			column;			/* from 0 */
	SqmTarget  *target;
	Expression *expression;		/* over the Datum, or NULL */
	SqmExportValue *back;
	int64		misfits;		/* the type cannot hold them */
	int64		differing;		/* come back as something else */
	bool		has_rowid;
	int64		rowid;			/* of the first of these */
	char	   *sample;
	char	   *comes_back;
} Trial;

typedef struct Trip
{
	SqmStatement *stmt;
	bool		has_rowid;
	int			columns;
	Trial	   *trials;
	int			ntrials;
	MemoryContext result;		/* keeps the examples */
} Trip;

/*
 * The one expression of a query that reads nothing.  Those of
 * migrate/export_table.sql are; anybody may call us with others.
 */
static Expr *
parse_expression(const char *text, Oid type)
{
	char	   *sql = psprintf("SELECT %s", text);
	List	   *parsed = raw_parser(sql, RAW_PARSE_DEFAULT);
	Query	   *query;

	if (list_length(parsed) != 1)
		elog(ERROR, "\"%s\" is not one expression", text);
	query = parse_analyze_fixedparams(linitial_node(RawStmt, parsed), sql,
									  &type, 1, NULL);
	if (query->commandType != CMD_SELECT || query->utilityStmt != NULL ||
		list_length(query->targetList) != 1 || query->rtable != NIL ||
		query->hasSubLinks || query->hasAggs || query->hasWindowFuncs ||
		query->hasTargetSRFs)
		elog(ERROR, "\"%s\" is not one expression", text);
	return linitial_node(TargetEntry, query->targetList)->expr;
}

static Expression *
compile(const char *text, Oid type, Oid *result_type)
{
	Expression *expression = palloc0(sizeof(Expression));
	Expr	   *expr = parse_expression(text, type);

	*result_type = exprType((Node *) expr);
	expression->params = makeParamList(1);
	expression->params->params[0].ptype = type;
	expression->params->params[0].pflags = 0;
	expression->context = CreateStandaloneExprContext();
	expression->context->ecxt_param_list_info = expression->params;
	expression->state = ExecInitExprWithParams(expression_planner(expr),
											   expression->params);
	return expression;
}

static void
prepare_trial(Trial *trial, const char *type_name, const char *kind,
			  const char *expression, bool six_digits,
			  const SqmValueOptions *options)
{
	Oid			type;
	int32		typmod;

	sqm_parse_type(type_name, &type, &typmod);
	trial->target = sqm_target_create(type, typmod, options);
	if (expression != NULL)
		trial->expression = compile(expression, type, &type);
	trial->back = sqm_export_value_create(kind, type, six_digits);
}

static void
read_trials(Trip *trip, FunctionCallInfo fcinfo, const SqmValueOptions *options)
{
	List	   *types = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(4));
	List	   *kinds = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(5));
	List	   *expressions = sqm_array_strings_or_null(PG_GETARG_ARRAYTYPE_P(6));
	Datum	   *places;
	Datum	   *six_digits;
	int			count;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(3), INT4OID, sizeof(int32), true,
					  TYPALIGN_INT, &places, NULL, &trip->ntrials);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(7), BOOLOID, 1, true,
					  TYPALIGN_CHAR, &six_digits, NULL, &count);
	if (list_length(types) != trip->ntrials || count != trip->ntrials ||
		list_length(kinds) != trip->ntrials ||
		list_length(expressions) != trip->ntrials)
		elog(ERROR, "arrays of different lengths");
	trip->trials = palloc0(sizeof(Trial) * (trip->ntrials + 1));
	for (int i = 0; i < trip->ntrials; i++)
	{
		Trial	   *trial = &trip->trials[i];

		trial->column = DatumGetInt32(places[i]) - 1;
		if (trial->column < 0 || trial->column >= trip->columns)
			elog(ERROR, "trial for column %d of %d", trial->column + 1,
				 trip->columns);
		prepare_trial(trial, list_nth(types, i), list_nth(kinds, i),
					  list_nth(expressions, i), DatumGetBool(six_digits[i]),
					  options);
	}
}

/* As SQLite sees it: 1, 1.0 and '1' are three things. */
static bool
is_same(const SqmValue *a, const SqmValue *b)
{
	if (a->storage != b->storage)
		return false;
	switch (a->storage)
	{
		case SQM_NULL:
			return true;
		case SQM_INTEGER:
			return a->integer == b->integer;
		case SQM_REAL:
			return memcmp(&a->real, &b->real, sizeof(double)) == 0;
		case SQM_TEXT:
		case SQM_BLOB:
			return a->length == b->length &&
				(a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
	}
	return false;
}

static char *
display(const SqmValue *value)
{
	if (value->storage == SQM_NULL)
		return pstrdup("NULL");
	return psprintf("%s %s", sqm_storage_word(value->storage),
					sqm_value_display(value));
}

static void
note_difference(Trip *trip, Trial *trial, const SqmValue *value,
				const SqmValue *back)
{
	MemoryContext old;

	if (trial->differing++ > 0)
		return;
	old = MemoryContextSwitchTo(trip->result);
	trial->has_rowid = trip->has_rowid;
	if (trip->has_rowid)
		trial->rowid = sqm_statement_int64(trip->stmt, trip->columns);
	trial->sample = display(value);
	trial->comes_back = display(back);
	MemoryContextSwitchTo(old);
}

static void
evaluate(Expression *expression, Datum *datum, bool *isnull)
{
	expression->params->params[0].value = *datum;
	expression->params->params[0].isnull = false;
	ResetExprContext(expression->context);
	*datum = ExecEvalExprSwitchContext(expression->state, expression->context,
									   isnull);
}

static void
try_value(Trip *trip, Trial *trial, const SqmValue *value)
{
	SqmValue	back = {.storage = SQM_NULL};
	SqmReason	reason;
	SqmVerdict	verdict;
	Datum		datum;
	bool		isnull;

	verdict = sqm_value_convert(trial->target, value, &datum, &isnull, &reason);
	if (verdict == SQM_CHANGED || verdict == SQM_BAD)
	{
		trial->misfits++;
		return;
	}
	if (!isnull && trial->expression != NULL)
		evaluate(trial->expression, &datum, &isnull);
	if (!isnull)
		sqm_export_value(trial->back, datum, &back);
	if (!is_same(value, &back))
		note_difference(trip, trial, value, &back);
}

static void
try_rows(Trip *trip)
{
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "sqlite_fdw_mig round trip",
													  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(row_context);

	while (sqm_statement_step(trip->stmt))
	{
		for (int i = 0; i < trip->ntrials; i++)
		{
			SqmValue	value;

			sqm_statement_value(trip->stmt, trip->trials[i].column, &value);
			if (value.storage != SQM_NULL)
				try_value(trip, &trip->trials[i], &value);
		}
		MemoryContextReset(row_context);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(row_context);
}

static void
emit_trial(Trial *trial, int number, SqmRow *row)
{
	sqm_row_int(row, number);
	sqm_row_bigint(row, trial->misfits);
	sqm_row_bigint(row, trial->differing);
	sqm_row_bigint(row, sqm_export_value_altered(trial->back));
	if (trial->has_rowid)
		sqm_row_bigint(row, trial->rowid);
	else
		sqm_row_null(row);
	sqm_row_text(row, trial->sample);
	sqm_row_text(row, trial->comes_back);
	sqm_row_emit(row);
	if (trial->expression != NULL)
		FreeExprContext(trial->expression->context, true);
}

/*
 * sq2pg.round_trip_values(source text, source_table text,
 *						   source_columns text[], trial_columns int[],
 *						   trial_types text[], trial_kinds text[],
 *						   trial_expressions text[], trial_six_digits boolean[],
 *						   time_zone text, empty_as_null boolean)
 *
 * One row a trial, by its number.
 */
Datum
sqm_round_trip_values(PG_FUNCTION_ARGS)
{
	List	   *columns = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(2));
	char	   *source = sqm_arg_text(fcinfo, 0);
	Trip		trip = {0};
	SqmValueOptions options;
	SqmRow		row;

	sqm_row_begin(fcinfo, &row);
	options.time_zone = sqm_time_zone(sqm_arg_text(fcinfo, 8));
	options.empty_as_null = PG_GETARG_BOOL(9);
	trip.columns = list_length(columns);
	trip.result = CurrentMemoryContext;
	read_trials(&trip, fcinfo, &options);
	trip.stmt = sqm_table_statement(source, sqm_arg_text(fcinfo, 1), columns,
									&trip.has_rowid);
	try_rows(&trip);
	sqm_statement_finalize(trip.stmt);
	sqm_source_check_unchanged(source);
	for (int i = 0; i < trip.ntrials; i++)
		emit_trial(&trip.trials[i], i + 1, &row);
	return (Datum) 0;
}

/*
 * sq2pg.base_type(type oid): domains as what is below them; NULL for what is
 * no type, as in columns that were dropped.
 */
Datum
sqm_base_type(PG_FUNCTION_ARGS)
{
	Oid			type = PG_GETARG_OID(0);

	if (!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(type)))
		PG_RETURN_NULL();
	PG_RETURN_OID(getBaseType(type));
}

/*
 * sq2pg.base_type(type text, OUT base oid, OUT typmod int): the same by name.
 */
Datum
sqm_base_type_by_name(PG_FUNCTION_ARGS)
{
	Oid			type;
	int32		typmod;
	SqmRow		row;

	sqm_parse_type(sqm_arg_text(fcinfo, 0), &type, &typmod);
	type = getBaseTypeAndTypmod(type, &typmod);
	sqm_row_begin(fcinfo, &row);
	sqm_row_datum(&row, ObjectIdGetDatum(type), false);
	sqm_row_int(&row, typmod);
	sqm_row_emit(&row);
	return (Datum) 0;
}
