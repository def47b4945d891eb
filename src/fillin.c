/*-------------------------------------------------------------------------
 *
 * fillin.c
 *		What stands in the columns of a row that the source does not give?
 *
 * Defaults, also those of identities and of domains, and generated columns.
 * Their expressions belong to the user's table: whoever calls us has entered
 * the caller's search_path.  Where rows come from and go to is not known here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "rewrite/rewriteHandler.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "compat.h"
#include "fillin.h"

/* What one column gets */
typedef struct Filling
{
	int			index;			/* of the column, from 0 */
	Expr	   *expression;
	bool		constant;		/* gives the same value in every row */
	bool		known;			/* "value" is it */
	Datum		value;
	bool		isnull;
	ExprState  *state;
} Filling;

struct SqmFillin
{
	TupleDesc	desc;
	Filling    *defaults;
	int			ndefaults;
	Filling    *virtuals;		/* generated, but not stored */
	int			nvirtuals;
	bool		has_volatile;	/* but for nextval */
	MemoryContext context;
};

/* A column without a default gets NULL, which its domain may not allow. */
static Node *
null_of_domain(Form_pg_attribute att)
{
	int32		typmod = att->atttypmod;
	Oid			base = getBaseTypeAndTypmod(att->atttypid, &typmod);

	if (base == att->atttypid)
		return NULL;
	return coerce_to_domain((Node *) makeNullConst(base, typmod,
												   get_typcollation(base)),
							base, typmod, att->atttypid, COERCION_IMPLICIT,
							COERCE_IMPLICIT_CAST, -1, false);
}

static void
add_default(SqmFillin *fillin, Relation rel, int index, bool foresee)
{
	Node	   *node = build_column_default(rel, index + 1);
	Filling    *filling;
	bool		constant;

	if (node == NULL && !foresee)
		node = null_of_domain(TupleDescAttr(RelationGetDescr(rel), index));
	if (node == NULL)
		return;
	node = (Node *) expression_planner((Expr *) node);
	constant = !contain_volatile_functions(node);
	/* to ask a sequence for a value is to change it */
	if (foresee && !constant)
		return;
	filling = &fillin->defaults[fillin->ndefaults++];
	filling->index = index;
	filling->expression = (Expr *) node;
	filling->constant = constant;
	if (contain_volatile_functions_not_nextval(node))
		fillin->has_volatile = true;
}

static void
add_virtual(SqmFillin *fillin, Relation rel, int index)
{
	Filling    *filling = &fillin->virtuals[fillin->nvirtuals++];
	Node	   *node = sqm_generation_expression(rel, index + 1);

	filling->index = index;
	filling->expression = expression_planner((Expr *) node);
}

/*
 * "loaded", by column, says which columns the source gives.  To foresee is to
 * leave out what is different each time it is asked for.  Lives in the
 * current memory context.
 */
SqmFillin *
sqm_fillin_create(Relation rel, const bool *loaded, bool foresee)
{
	SqmFillin  *fillin = palloc0(sizeof(SqmFillin));
	TupleDesc	desc = RelationGetDescr(rel);

	fillin->desc = desc;
	fillin->context = CurrentMemoryContext;
	fillin->defaults = palloc0(sizeof(Filling) * (desc->natts + 1));
	fillin->virtuals = palloc0(sizeof(Filling) * (desc->natts + 1));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped || loaded[i])
			continue;
		if (att->attgenerated == '\0')
			add_default(fillin, rel, i, foresee);
		else if (att->attgenerated == SQM_GENERATED_VIRTUAL && foresee)
			add_virtual(fillin, rel, i);
	}
	return fillin;
}

/* Could a default look at the table itself?  That of a sequence does not. */
bool
sqm_fillin_has_volatile(SqmFillin *fillin)
{
	return fillin->has_volatile;
}

bool
sqm_fillin_has_defaults(SqmFillin *fillin)
{
	return fillin->ndefaults > 0;
}

/* One that does not change is asked for once. */
static void
evaluate(SqmFillin *fillin, Filling *filling, EState *estate)
{
	MemoryContext old;

	if (filling->state == NULL)
	{
		old = MemoryContextSwitchTo(estate->es_query_cxt);
		filling->state = ExecInitExpr(filling->expression, NULL);
		MemoryContextSwitchTo(old);
	}
	filling->value = ExecEvalExpr(filling->state,
								  GetPerTupleExprContext(estate),
								  &filling->isnull);
	if (!filling->constant)
		return;
	if (!filling->isnull)
	{
		Form_pg_attribute att = TupleDescAttr(fillin->desc, filling->index);

		old = MemoryContextSwitchTo(fillin->context);
		filling->value = datumCopy(filling->value, att->attbyval, att->attlen);
		MemoryContextSwitchTo(old);
	}
	filling->known = true;
}

/*
 * Put defaults into the values of "slot", which is not stored yet.  What is
 * allocated for them is in the current memory context.
 */
void
sqm_fillin_defaults(SqmFillin *fillin, EState *estate, TupleTableSlot *slot)
{
	for (int i = 0; i < fillin->ndefaults; i++)
	{
		Filling    *filling = &fillin->defaults[i];

		if (!filling->known)
			evaluate(fillin, filling, estate);
		slot->tts_values[filling->index] = filling->value;
		slot->tts_isnull[filling->index] = filling->isnull;
	}
}

/*
 * Compute the stored generated columns of the row in "slot", if there are
 * any; by the executor's own routine, which wants its surroundings.
 */
void
sqm_fillin_generated(ResultRelInfo *result, EState *estate,
					 TupleTableSlot *slot)
{
	TupleConstr *constr = RelationGetDescr(result->ri_RelationDesc)->constr;

	if (constr != NULL && constr->has_generated_stored)
		ExecComputeStoredGenerated(result, estate, slot, CMD_INSERT);
}

/*
 * Virtual generated columns (since 18) are not part of a stored row; but who
 * foresees wants to see them.  "slot" is complete otherwise, and its values
 * live as long as the current memory context.
 */
void
sqm_fillin_virtual(SqmFillin *fillin, EState *estate, TupleTableSlot *slot)
{
	GetPerTupleExprContext(estate)->ecxt_scantuple = slot;
	for (int i = 0; i < fillin->nvirtuals; i++)
	{
		Filling    *filling = &fillin->virtuals[i];

		evaluate(fillin, filling, estate);
		slot->tts_values[filling->index] = filling->value;
		slot->tts_isnull[filling->index] = filling->isnull;
	}
}
