/*-------------------------------------------------------------------------
 *
 * store.c
 *		In which way are rows stored in an existing relation?
 *
 * Everything must happen that an INSERT of these rows would do.  The short
 * way, with the executor's own verbs, does all of it for ordinary tables;
 * whatever it does not do makes the rows go through a statement.  The check
 * is of what is there now, under the lock that the caller holds.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "rewrite/prs2lock.h"
#include "tcop/utility.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/rls.h"

#include "store.h"

/*
 * What an INSERT refuses, and system catalogs, which are nobody's target.
 */
static void
refuse_unfit_relation(Relation rel)
{
	char		kind = rel->rd_rel->relkind;

	if (kind != RELKIND_RELATION && kind != RELKIND_VIEW &&
		kind != RELKIND_PARTITIONED_TABLE && kind != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot insert into relation \"%s\"",
						RelationGetRelationName(rel)),
				 errdetail_relkind_not_supported(kind)));
	if (IsSystemRelation(rel))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied: \"%s\" is a system catalog",
						RelationGetRelationName(rel))));
	if (RELATION_IS_OTHER_TEMP(rel))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot access temporary tables of other sessions")));
	if (!rel->rd_islocaltemp)
		PreventCommandIfReadOnly("INSERT");
	PreventCommandIfParallelMode("INSERT");
}

static bool
has_insert_rule(Relation rel)
{
	RuleLock   *rules = rel->rd_rules;

	for (int i = 0; rules != NULL && i < rules->numLocks; i++)
		if (rules->rules[i]->event == CMD_INSERT)
			return true;
	return false;
}

/* Does more belong to an INSERT than the executor's verbs for one table? */
static bool
needs_statement(const SqmStoreTask *task)
{
	Relation	rel = task->rel;

	return rel->rd_rel->relkind != RELKIND_RELATION ||
		task->conflict != SQM_CONFLICT_ERROR ||
		has_insert_rule(rel) ||
		(rel->trigdesc != NULL && rel->trigdesc->trig_insert_new_table) ||
		check_enable_rls(RelationGetRelid(rel), InvalidOid, false) == RLS_ENABLED;
}

/*
 * Extensions replace the plan of an INSERT into a table of theirs
 * (TimescaleDB, Citus), and a row that is written past them is lost; so the
 * statement is planned in any case.
 */
SqmStore *
sqm_store_choose(const SqmStoreTask *task)
{
	SqmStore   *statement;

	refuse_unfit_relation(task->rel);
	statement = sqm_store_statement_create(task);
	if (needs_statement(task) || sqm_store_statement_is_custom(statement))
		return statement;
	statement->abandon(statement);
	return sqm_store_table_create(task);
}

/*
 * Has the relation a foreign key to itself, or, as a partition, to the table
 * it is a part of?  A row may come before its parent then, if only the parent
 * comes in the same query.
 */
bool
sqm_store_refers_to_itself(Relation rel)
{
	List	   *ancestors = rel->rd_rel->relispartition ?
		get_partition_ancestors(RelationGetRelid(rel)) : NIL;
	ListCell   *lc;

	foreach(lc, RelationGetFKeyList(rel))
	{
		ForeignKeyCacheInfo *key = lfirst(lc);

		if (key->confrelid == RelationGetRelid(rel) ||
			list_member_oid(ancestors, key->confrelid))
			return true;
	}
	return false;
}
