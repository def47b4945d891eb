/*-------------------------------------------------------------------------
 *
 * scan.c
 *		How does PostgreSQL read a SQLite table as a foreign table?
 *
 * Planning, execution and EXPLAIN of a plain scan.  Values go through
 * value.c; a value that the column cannot hold exactly is an error with its
 * place, never something that merely looks like it.  Foreign tables are
 * read-only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "commands/vacuum.h"
#include "executor/executor.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "catalog.h"
#include "compat.h"
#include "deparse.h"
#include "option.h"
#include "reader.h"
#include "scan.h"
#include "source.h"

/* Cost of opening the database, and rows where nothing is known. */
#define SQM_STARTUP_COST 10.0
#define SQM_DEFAULT_ROWS 1000.0

/* fdw_private of the plan */
enum ScanPrivate
{
	PRIVATE_SQL,				/* String: the query for SQLite */
	PRIVATE_ATTNUMS,			/* integer list: column i fills attribute ... */
	PRIVATE_HAS_ROWID			/* Integer: is the rowid its last column? */
};

typedef struct LiteScan
{
	SqmTableOptions *options;
	SqmStatement *stmt;
	char	   *sql;
	int			columns;
	int		   *attnums;
	SqmTarget **targets;
	bool		has_rowid;
	bool		done;			/* a further step would start it again */
} LiteScan;

/*
 * The one message about a value that cannot be converted.
 */
static void
raise_value(const SqmReason *reason, const char *table,
				const char *column, bool has_rowid, int64 rowid,
				const SqmValue *value, const char *type)
{
	ereport(ERROR,
			(errcode(reason->sqlstate),
			 errmsg("%s", reason->message),
			 errdetail("The value is %s %s; the column has type %s.",
					   sqm_storage_word(value->storage),
					   sqm_value_display(value), type),
			 errhint("Give the foreign table's column a type that holds every value, for example text."),
	/* errcontext is two calls with a comma between: hence the parentheses */
			 has_rowid ?
			 (errcontext("SQLite table \"%s\", rowid %lld, column \"%s\"",
						 table, (long long) rowid, column)) :
			 (errcontext("SQLite table \"%s\", column \"%s\"", table, column))));
}

/* ---------------------------------------------------------------------
 * Planning
 * ---------------------------------------------------------------------
 */

static SqmLite *
open_table(SqmTableOptions *options)
{
	return sqm_source_open(options->database, options->owner, SQM_PURPOSE_READ);
}

/*
 * Rows that SQLite's ANALYZE counted, else the highest rowid, else a guess.
 */
static double
estimate_rows(SqmLite *lite, const char *table)
{
	const char *rowid = sqm_catalog_rowid_name(lite, table);
	double		rows = SQM_DEFAULT_ROWS;
	char	   *message;
	SqmStatement *stmt;

	stmt = sqm_statement_try_prepare(lite,
									 "SELECT CAST(stat AS INTEGER) FROM main.sqlite_stat1 WHERE tbl = ?1 LIMIT 1",
									 &message);
	if (stmt != NULL)
	{
		bool		found;

		sqm_statement_bind_text(stmt, 1, table);
		found = sqm_statement_step(stmt);
		if (found)
			rows = (double) sqm_statement_int64(stmt, 0);
		sqm_statement_finalize(stmt);
		if (found)
			return Max(rows, 1.0);
	}
	if (rowid != NULL)
	{
		stmt = sqm_statement_prepare(lite,
									 psprintf("SELECT max(t.%s) FROM main.%s AS t",
											  rowid, sqm_lite_quote(table)));
		if (sqm_statement_step(stmt))
			rows = (double) sqm_statement_int64(stmt, 0);
		sqm_statement_finalize(stmt);
	}
	return Max(rows, 1.0);
}

static void
check_table(SqmLite *lite, const char *name)
{
	if (!sqm_catalog_has_table(lite, name))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
				 errmsg("SQLite database \"%s\" has no table \"%s\"",
						sqm_lite_display(lite), name),
				 errhint("sq2pg_tables() lists its tables; the option \"table\" names one that is called differently here.")));
}

static void
sqmGetForeignRelSize(PlannerInfo *root, RelOptInfo *baserel, Oid relid)
{
	SqmTableOptions *options = sqm_table_options(relid);
	SqmLite    *lite = open_table(options);

	baserel->fdw_private = options;
	check_table(lite, options->table);
	baserel->tuples = estimate_rows(lite, options->table);
	set_baserel_size_estimates(root, baserel);
}

static void
sqmGetForeignPaths(PlannerInfo *root, RelOptInfo *baserel, Oid relid)
{
	Cost		total = SQM_STARTUP_COST + baserel->baserestrictcost.startup +
		(cpu_tuple_cost + baserel->baserestrictcost.per_tuple) * baserel->tuples +
		cpu_tuple_cost * baserel->rows;

	add_path(baserel, (Path *)
			 sqm_create_foreignscan_path(root, baserel, baserel->rows,
										 SQM_STARTUP_COST, total));
}

/* The attributes that the query needs, in order. */
static List *
needed_attnums(RelOptInfo *baserel, Oid relid)
{
	Bitmapset  *used = NULL;
	List	   *attnums = NIL;
	Relation	rel = table_open(relid, NoLock);
	TupleDesc	desc = RelationGetDescr(rel);
	bool		whole_row;
	ListCell   *lc;

	pull_varattnos((Node *) baserel->reltarget->exprs, baserel->relid, &used);
	foreach(lc, baserel->baserestrictinfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, lc)->clause,
					   baserel->relid, &used);
	whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used);
	for (int attnum = 1; attnum <= desc->natts; attnum++)
	{
		if (TupleDescAttr(desc, attnum - 1)->attisdropped)
			continue;
		if (whole_row ||
			bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, used))
			attnums = lappend_int(attnums, attnum);
	}
	table_close(rel, NoLock);
	return attnums;
}

static ForeignScan *
sqmGetForeignPlan(PlannerInfo *root, RelOptInfo *baserel, Oid relid,
				  ForeignPath *best_path, List *tlist, List *scan_clauses,
				  Plan *outer_plan)
{
	SqmTableOptions *options = baserel->fdw_private;
	const char *rowid = sqm_catalog_rowid_name(open_table(options), options->table);
	List	   *attnums = needed_attnums(baserel, relid);
	List	   *columns = NIL;
	List	   *private;
	ListCell   *lc;

	foreach(lc, attnums)
		columns = lappend(columns,
						  sqm_column_name(relid, lfirst_int(lc),
										  get_attname(relid, lfirst_int(lc), false)));
	private = list_make3(makeString(sqm_deparse_select(options->table, columns, rowid)),
						 attnums, makeInteger(rowid != NULL));
	return make_foreignscan(tlist,
							extract_actual_clauses(scan_clauses, false),
							baserel->relid, NIL, private, NIL, NIL, outer_plan);
}

/* ---------------------------------------------------------------------
 * Execution
 * ---------------------------------------------------------------------
 */

static void
sqmBeginForeignScan(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	Relation	rel = node->ss.ss_currentRelation;
	TupleDesc	desc = RelationGetDescr(rel);
	List	   *attnums = list_nth(plan->fdw_private, PRIVATE_ATTNUMS);
	LiteScan  *state = palloc0(sizeof(LiteScan));
	int			i = 0;
	ListCell   *lc;

	node->fdw_state = state;
	state->sql = strVal(list_nth(plan->fdw_private, PRIVATE_SQL));
	state->has_rowid = intVal(list_nth(plan->fdw_private, PRIVATE_HAS_ROWID)) != 0;
	state->columns = list_length(attnums);
	state->attnums = palloc(sizeof(int) * (state->columns + 1));
	state->targets = palloc(sizeof(SqmTarget *) * (state->columns + 1));
	state->options = sqm_table_options(RelationGetRelid(rel));
	foreach(lc, attnums)
	{
		Form_pg_attribute att = TupleDescAttr(desc, lfirst_int(lc) - 1);

		state->attnums[i] = lfirst_int(lc);
		state->targets[i++] = sqm_target_create(att->atttypid, att->atttypmod,
												&state->options->value);
	}
}

/*
 * The statement is compiled at the first row: EXPLAIN needs none, and a scan
 * that is never executed should not either.
 */
static void
prepare_scan(ForeignScanState *node, LiteScan *state)
{
	MemoryContext old = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
	char	   *message = NULL;

	state->stmt = sqm_statement_try_prepare(open_table(state->options),
											state->sql, &message);
	if (state->stmt == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
				 errmsg("could not read SQLite table \"%s\": %s",
						state->options->table, message),
				 errhint("sq2pg_columns() lists the columns of its tables; the option \"column_name\" names one that is called differently here.")));
	MemoryContextSwitchTo(old);
}

static void
convert_column(ForeignScanState *node, LiteScan *state, int i,
			   TupleTableSlot *slot)
{
	int			index = state->attnums[i] - 1;
	SqmReason	reason;
	SqmValue	value;
	SqmVerdict	verdict;

	sqm_statement_value(state->stmt, i, &value);
	verdict = sqm_value_convert(state->targets[i], &value,
								&slot->tts_values[index],
								&slot->tts_isnull[index], &reason);
	if (verdict == SQM_CHANGED || verdict == SQM_BAD)
	{
		Relation	rel = node->ss.ss_currentRelation;
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), index);

		raise_value(&reason, state->options->table,
						sqm_column_name(RelationGetRelid(rel), index + 1,
										NameStr(att->attname)),
						state->has_rowid,
						state->has_rowid ?
						sqm_statement_int64(state->stmt, state->columns) : 0,
						&value,
						format_type_with_typemod(att->atttypid, att->atttypmod));
	}
}

static TupleTableSlot *
sqmIterateForeignScan(ForeignScanState *node)
{
	LiteScan  *state = (LiteScan *) node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	MemoryContext old;

	ExecClearTuple(slot);
	if (state->done)
		return slot;
	if (state->stmt == NULL)
		prepare_scan(node, state);
	if (!sqm_statement_step(state->stmt))
	{
		state->done = true;
		sqm_source_check_unchanged(state->options->database);
		return slot;
	}
	old = MemoryContextSwitchTo(node->ss.ps.ps_ExprContext->ecxt_per_tuple_memory);
	memset(slot->tts_isnull, true,
		   slot->tts_tupleDescriptor->natts * sizeof(bool));
	for (int i = 0; i < state->columns; i++)
		convert_column(node, state, i, slot);
	MemoryContextSwitchTo(old);
	return ExecStoreVirtualTuple(slot);
}

static void
sqmReScanForeignScan(ForeignScanState *node)
{
	LiteScan  *state = (LiteScan *) node->fdw_state;

	state->done = false;
	if (state->stmt != NULL)
		sqm_statement_reset(state->stmt);
}

static void
sqmEndForeignScan(ForeignScanState *node)
{
	LiteScan  *state = (LiteScan *) node->fdw_state;

	if (state == NULL || state->stmt == NULL)
		return;
	sqm_statement_finalize(state->stmt);
	/* a LIMIT ends a scan before its end */
	if (!state->done)
		sqm_source_check_unchanged(state->options->database);
}

static void
sqmExplainForeignScan(ForeignScanState *node, ExplainState *es)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;

	ExplainPropertyText("SQLite query",
						strVal(list_nth(plan->fdw_private, PRIVATE_SQL)), es);
}

/* ---------------------------------------------------------------------
 * Writing is refused
 * ---------------------------------------------------------------------
 */

static List *
sqmPlanForeignModify(PlannerInfo *root, ModifyTable *plan,
					 Index resultRelation, int subplan_index)
{
	RangeTblEntry *rte = planner_rt_fetch(resultRelation, root);

	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot write to foreign table \"%s\"", get_rel_name(rte->relid)),
			 errdetail("SQLite databases are read-only here."),
			 errhint("Migrate the database with sq2pg_migrate() and change it in PostgreSQL.")));
	return NIL;
}

static int
sqmIsForeignRelUpdatable(Relation rel)
{
	return 0;
}

void
sqm_scan_routine(FdwRoutine *routine)
{
	routine->GetForeignRelSize = sqmGetForeignRelSize;
	routine->GetForeignPaths = sqmGetForeignPaths;
	routine->GetForeignPlan = sqmGetForeignPlan;
	routine->BeginForeignScan = sqmBeginForeignScan;
	routine->IterateForeignScan = sqmIterateForeignScan;
	routine->ReScanForeignScan = sqmReScanForeignScan;
	routine->EndForeignScan = sqmEndForeignScan;
	routine->ExplainForeignScan = sqmExplainForeignScan;
	routine->PlanForeignModify = sqmPlanForeignModify;
	routine->IsForeignRelUpdatable = sqmIsForeignRelUpdatable;
	routine->ImportForeignSchema = sqmImportForeignSchema;
}
