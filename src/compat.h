/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Every difference between PostgreSQL 15 to 18 and between SQLite
 *		versions that this extension has to know, and the only place where
 *		a version number is asked for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_COMPAT_H
#define SQM_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "sqlite_fdw_mig needs PostgreSQL 15 or later"
#endif

/* Since 16 postgres.h does not declare VARDATA_ANY and its kin. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* What an EXPLAIN callback needs. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#else
#include "commands/explain.h"
#endif

/*
 * The three kinds of foreign paths.  Since 17 they know of conditions of a
 * join apart, since 18 of disabled nodes; none of our callers has either.
 */
#if PG_VERSION_NUM >= 180000
#define sqm_create_foreignscan_path(root, rel, target, rows, startup, total, keys, outer, fallback, private) \
	create_foreignscan_path(root, rel, target, rows, 0, startup, total, \
							keys, outer, fallback, NIL, private)
#define sqm_create_foreign_join_path(root, rel, target, rows, startup, total, keys, outer, fallback, private) \
	create_foreign_join_path(root, rel, target, rows, 0, startup, total, \
							 keys, outer, fallback, NIL, private)
#define sqm_create_foreign_upper_path(root, rel, target, rows, startup, total, keys, fallback, private) \
	create_foreign_upper_path(root, rel, target, rows, 0, startup, total, \
							  keys, fallback, NIL, private)
#elif PG_VERSION_NUM >= 170000
#define sqm_create_foreignscan_path(root, rel, target, rows, startup, total, keys, outer, fallback, private) \
	create_foreignscan_path(root, rel, target, rows, startup, total, \
							keys, outer, fallback, NIL, private)
#define sqm_create_foreign_join_path(root, rel, target, rows, startup, total, keys, outer, fallback, private) \
	create_foreign_join_path(root, rel, target, rows, startup, total, \
							 keys, outer, fallback, NIL, private)
#define sqm_create_foreign_upper_path(root, rel, target, rows, startup, total, keys, fallback, private) \
	create_foreign_upper_path(root, rel, target, rows, startup, total, \
							  keys, fallback, NIL, private)
#else
#define sqm_create_foreignscan_path create_foreignscan_path
#define sqm_create_foreign_join_path create_foreign_join_path
#define sqm_create_foreign_upper_path create_foreign_upper_path
#endif

/* The base relations that a foreign scan reads; since 16 there is another set
 * that has outer joins in it, too. */
#if PG_VERSION_NUM >= 160000
#define sqm_scan_relids(plan) ((plan)->fs_base_relids)
#define sqm_group_clause(root) ((root)->processed_groupClause)
#define sqm_distinct_clause(root) ((root)->processed_distinctClause)
#else
#define sqm_scan_relids(plan) ((plan)->fs_relids)
#define sqm_group_clause(root) ((root)->parse->groupClause)
#define sqm_distinct_clause(root) ((root)->parse->distinctClause)
#endif

/* Since 18 path keys have comparison types instead of strategies. */
#if PG_VERSION_NUM >= 180000
#define sqm_make_ascending_pathkey(root, ec, family) \
	make_canonical_pathkey(root, ec, family, COMPARE_LT, false)
#define sqm_pathkey_descends(key) ((key)->pk_cmptype == COMPARE_GT)
#else
#define sqm_make_ascending_pathkey(root, ec, family) \
	make_canonical_pathkey(root, ec, family, BTLessStrategyNumber, false)
#define sqm_pathkey_descends(key) ((key)->pk_strategy == BTGreaterStrategyNumber)
#endif

/* Since 18 vacuum_delay_point() wants to know who asks. */
#if PG_VERSION_NUM >= 180000
#define sqm_vacuum_delay() vacuum_delay_point(true)
#else
#define sqm_vacuum_delay() vacuum_delay_point()
#endif

/*
 * Input functions that report a bad value instead of throwing an error came
 * with 16.  Before that sqm_input_soft is never called.
 */
#if PG_VERSION_NUM >= 160000
#include "fmgr.h"
#include "nodes/miscnodes.h"

#define SQM_SOFT_INPUT true

static inline bool
sqm_input_soft(FmgrInfo *function, char *text, Oid ioparam, int32 typmod,
			   Datum *result)
{
	ErrorSaveContext errors = {T_ErrorSaveContext};

	return InputFunctionCallSafe(function, text, ioparam, typmod,
								 (Node *) &errors, result);
}
#else
#define SQM_SOFT_INPUT false
#define sqm_input_soft(function, text, ioparam, typmod, result) false
#endif

/* The last argument of parseTypeString: missing_ok, from 16 an error node. */
#if PG_VERSION_NUM >= 160000
#define sqm_parse_type(name, typid, typmod) \
	parseTypeString(name, typid, typmod, NULL)
#else
#define sqm_parse_type(name, typid, typmod) \
	parseTypeString(name, typid, typmod, false)
#endif

/* Like sqm_input_soft, with the error that was not thrown. */
#if PG_VERSION_NUM >= 160000
static inline bool
sqm_input_explained(FmgrInfo *function, char *text, Oid ioparam, int32 typmod,
					Datum *result, ErrorData **error)
{
	ErrorSaveContext errors = {T_ErrorSaveContext,.details_wanted = true};
	bool		done;

	done = InputFunctionCallSafe(function, text, ioparam, typmod,
								 (Node *) &errors, result);
	*error = errors.error_data;
	return done;
}
#else
#define sqm_input_explained(function, text, ioparam, typmod, result, error) \
	(*(error) = NULL, false)
#endif

/* Generated columns that are not stored came with 18. */
#if PG_VERSION_NUM >= 180000
#define SQM_GENERATED_VIRTUAL ATTRIBUTE_GENERATED_VIRTUAL
#define sqm_generation_expression(rel, attnum) \
	build_generation_expression(rel, attnum)
#else
#define SQM_GENERATED_VIRTUAL 'v'
#define sqm_generation_expression(rel, attnum) NULL
#endif

/* An index that only summarizes is told apart since 16. */
#if PG_VERSION_NUM >= 160000
#define sqm_insert_index_tuples(result, slot, estate) \
	ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL, false)
#define sqm_has_new_storage(rel) \
	((rel)->rd_createSubid != InvalidSubTransactionId || \
	 (rel)->rd_firstRelfilelocatorSubid != InvalidSubTransactionId)
#else
#define sqm_insert_index_tuples(result, slot, estate) \
	ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL)
#define sqm_has_new_storage(rel) \
	((rel)->rd_createSubid != InvalidSubTransactionId || \
	 (rel)->rd_firstRelfilenodeSubid != InvalidSubTransactionId)
#endif

/* The rights that a statement needs left the range table in 16. */
#if PG_VERSION_NUM >= 160000
#define sqm_permissions(item) ((item)->p_perminfo)
#define sqm_check_permissions(pstate) \
	ExecCheckPermissions((pstate)->p_rtable, (pstate)->p_rteperminfos, true)
#else
#define sqm_permissions(item) ((item)->p_rte)
#define sqm_check_permissions(pstate) \
	ExecCheckRTPerms((pstate)->p_rtable, true)
#endif

/* Since 18 the expressions of GROUP BY have an entry in the range table. */
#if PG_VERSION_NUM >= 180000
#define sqm_is_group_entry(rte) ((rte)->rtekind == RTE_GROUP)
#define sqm_group_expressions(rte) ((rte)->groupexprs)
#else
#define sqm_is_group_entry(rte) false
#define sqm_group_expressions(rte) NIL
#endif

/* A range table of one relation */
#if PG_VERSION_NUM >= 180000
#define sqm_init_range_table(estate, pstate) \
	ExecInitRangeTable(estate, (pstate)->p_rtable, (pstate)->p_rteperminfos, \
					   bms_make_singleton(1))
#elif PG_VERSION_NUM >= 160000
#define sqm_init_range_table(estate, pstate) \
	ExecInitRangeTable(estate, (pstate)->p_rtable, (pstate)->p_rteperminfos)
#else
#define sqm_init_range_table(estate, pstate) \
	ExecInitRangeTable(estate, (pstate)->p_rtable)
#endif

/*
 * Where a relation is stored, by the name of its day; and memory for a page
 * that direct input and output, which came with 16, takes.
 */
#if PG_VERSION_NUM >= 160000
#define sqm_relation_locator(rel) ((rel)->rd_locator)
#define sqm_palloc_page() palloc_aligned(BLCKSZ, PG_IO_ALIGN_SIZE, 0)
#else
#define sqm_relation_locator(rel) ((rel)->rd_node)
#define sqm_palloc_page() palloc(BLCKSZ)
#endif

#endif							/* SQM_COMPAT_H */
