/*-------------------------------------------------------------------------
 *
 * scan.h
 *		Reading foreign tables: the callbacks of the foreign-data wrapper, and
 *		what planning hands to execution.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_SCAN_H
#define SQM_SCAN_H

#include "postgres.h"

#include "foreign/fdwapi.h"

#include "shippable.h"

/* fdw_private of a plan; fdw_exprs are its parameters */
typedef enum SqmScanPrivate
{
	SQM_SCAN_SQL,				/* String: the query for SQLite */
	SQM_SCAN_BARE_SQL,			/* String: the same without parameters and what
								 * they decide; "" if there is none */
	SQM_SCAN_PLACES,			/* integer list: column i fills attribute ... */
	SQM_SCAN_CLASSES,			/* integer list: the storage class that it is
								 * certain to have, or SQM_NULL */
	SQM_SCAN_NAMES,				/* list of String: what messages call it, table
								 * and column */
	SQM_SCAN_KINDS,				/* integer list: SqmBindKind of parameter i */
	SQM_SCAN_ROWID,				/* Integer: the column that is the rowid, or -1 */
	SQM_SCAN_TRAPPED,			/* Integer: may its answer be of no use?  A
								 * column more is the trap. */
	SQM_SCAN_RANGE				/* Integer: the parameters of this number and
								 * the next are the range of rowids that is
								 * read; 0: all are */
} SqmScanPrivate;

extern void sqm_scan_routine(FdwRoutine *routine);
extern List *sqmImportForeignSchema(ImportForeignSchemaStmt *stmt, Oid serverid);

/* scan_plan.c */
extern void sqmGetForeignRelSize(PlannerInfo *root, RelOptInfo *baserel, Oid relid);
extern void sqmGetForeignPaths(PlannerInfo *root, RelOptInfo *baserel, Oid relid);
extern ForeignScan *sqmGetForeignPlan(PlannerInfo *root, RelOptInfo *rel,
									  Oid relid, ForeignPath *best_path,
									  List *tlist, List *scan_clauses,
									  Plan *outer_plan);
extern Cost sqm_scan_cost(double scanned, double returned);
extern void sqm_scan_add_path(RelOptInfo *rel, ForeignPath *path);

extern void sqm_scan_where(SqmShip *ship, List *clauses, StringInfo where,
						   StringInfo bare, List **local);
extern void sqm_scan_append_columns(SqmShip *ship, List *tlist, StringInfo out,
									List **places, List **classes, List **names);
extern bool sqm_scan_index_has_order(SqmShip *ship, List *pathkeys);
extern void sqm_scan_append_order(SqmShip *ship, List *pathkeys, StringInfo out);

/* scan_join.c */
extern void sqmGetForeignJoinPaths(PlannerInfo *root, RelOptInfo *joinrel,
								   RelOptInfo *outerrel, RelOptInfo *innerrel,
								   JoinType jointype, JoinPathExtraData *extra);
extern ForeignScan *sqm_plan_join(ForeignPath *path, List *tlist);

/* scan_group.c */
extern void sqmGetForeignUpperPaths(PlannerInfo *root, UpperRelationKind stage,
									RelOptInfo *input, RelOptInfo *output,
									void *extra);
extern ForeignScan *sqm_plan_upper(ForeignPath *path, List *tlist,
								   Plan *outer_plan);

/* scan_limit.c */
extern void sqm_limit_paths(PlannerInfo *root, RelOptInfo *output);

/* scan_parallel.c */
typedef struct SqmScanShare SqmScanShare;	/* in shared memory */

extern int	sqm_scan_workers(RelOptInfo *rel);
extern double sqm_scan_divisor(int workers);
extern Size sqm_scan_share_size(void);
extern bool sqm_scan_share_fill(SqmScanShare *share, SqmTableOptions *options,
								int workers);
extern void sqm_scan_share_rewind(SqmScanShare *share);
extern bool sqm_scan_share_next(SqmScanShare *share, int64 *low, int64 *high);
extern SqmLite *sqm_scan_share_open(SqmScanShare *share);

/* estimate.c */
extern double sqm_estimate_rows(SqmRelation *relation);

/* analyze.c */
extern bool sqmAnalyzeForeignTable(Relation rel, AcquireSampleRowsFunc *function,
								   BlockNumber *pages);

#endif							/* SQM_SCAN_H */
