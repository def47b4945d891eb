/*-------------------------------------------------------------------------
 *
 * unforeseen.c
 *		Which columns of a relation will hold what nobody knows before an
 *		INSERT?
 *
 * Those that the source does not give and whose default is volatile (the
 * next value of a sequence, a random one), and what is generated out of
 * these.  Foresight leaves alone whatever depends on them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/bitmapset.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "compat.h"
#include "srf.h"

PG_FUNCTION_INFO_V1(sqm_unforeseeable_columns);

static bool
is_loaded(Form_pg_attribute att, List *loaded)
{
	ListCell   *lc;

	foreach(lc, loaded)
		if (strcmp(lfirst(lc), NameStr(att->attname)) == 0)
			return true;
	return false;
}

static bool
default_is_volatile(Relation rel, AttrNumber attnum)
{
	Node	   *node = build_column_default(rel, attnum);

	return node != NULL &&
		contain_volatile_functions((Node *) expression_planner((Expr *) node));
}

/* Attribute numbers less FirstLowInvalidHeapAttributeNumber */
static Bitmapset *
volatile_columns(Relation rel, List *loaded)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Bitmapset  *found = NULL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && att->attgenerated == '\0' &&
			!is_loaded(att, loaded) && default_is_volatile(rel, i + 1))
			found = bms_add_member(found, i + 1 - FirstLowInvalidHeapAttributeNumber);
	}
	return found;
}

/* One that is generated reads no other such, unless it is virtual. */
static Bitmapset *
add_generated(Relation rel, Bitmapset *found)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Bitmapset  *more = bms_copy(found);
	int			whole_row = 0 - FirstLowInvalidHeapAttributeNumber;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Bitmapset  *read = NULL;

		if (att->attisdropped || att->attgenerated == '\0')
			continue;
		pull_varattnos(build_column_default(rel, i + 1), 1, &read);
		if (bms_overlap(read, found) ||
			(found != NULL && bms_is_member(whole_row, read)))
			more = bms_add_member(more, i + 1 - FirstLowInvalidHeapAttributeNumber);
	}
	return more;
}

/*
 * sq2pg.unforeseeable_columns(relation oid, loaded text[]) RETURNS text[]
 */
Datum
sqm_unforeseeable_columns(PG_FUNCTION_ARGS)
{
	Relation	rel = relation_open(PG_GETARG_OID(0), AccessShareLock);
	List	   *loaded = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(1));
	Bitmapset  *found = add_generated(rel, volatile_columns(rel, loaded));
	Datum	   *names = palloc(sizeof(Datum) * (RelationGetDescr(rel)->natts + 1));
	int			count = 0;
	int			member = -1;

	while ((member = bms_next_member(found, member)) >= 0)
	{
		int			i = member + FirstLowInvalidHeapAttributeNumber - 1;

		names[count++] = CStringGetTextDatum(NameStr(TupleDescAttr(RelationGetDescr(rel), i)->attname));
	}
	relation_close(rel, AccessShareLock);
	PG_RETURN_ARRAYTYPE_P(construct_array(names, count, TEXTOID, -1, false,
										  TYPALIGN_INT));
}
