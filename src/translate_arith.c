/*-------------------------------------------------------------------------
 *
 * translate_arith.c
 *		What do SQLite's operators on numbers compute?
 *
 * Integers of 64 bits, whatever the columns' types are; NULL for a division
 * by zero; and a division of integers if both values are integers, which for
 * some columns only the values tell.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "translate_term.h"

/* SQLite computes in 64 bits; PostgreSQL in what the operands have. */
static const char *
wide(const SqmTerm *t)
{
	return t->narrow && t->type == SQM_T_INT ?
		psprintf("%s::bigint", sqm_atom(t)) : sqm_atom(t);
}

/* A divisor of 0 makes NULL in SQLite. */
static const char *
divisor(const SqmTerm *t, const char *cast)
{
	if (t->literal != NULL && strspn(t->sql, "-0.") < strlen(t->sql))
		return psprintf("%s%s", sqm_atom(t), cast);
	return psprintf("NULLIF(%s%s, 0)", sqm_atom(t), cast);
}

static SqmTerm *
divide(SqmTranslator *tr, SqmTerm *l, SqmTerm *r)
{
	SqmTerm    *t;

	if (l->number == SQM_N_INTEGER && r->number == SQM_N_INTEGER)
		return sqm_term(SQM_T_INT, false, psprintf("%s / %s", wide(l),
												   divisor(r, "")));
	if (l->number != SQM_N_REAL && r->number != SQM_N_REAL)
		return sqm_problem(tr, "whether this division is one of integers "
						   "depends on each value in SQLite");
	t = sqm_term(SQM_T_FLOAT, false,
				 psprintf("%s::double precision / %s", sqm_atom(l),
						  divisor(r, "::double precision")));
	return t;
}

SqmTerm *
sqm_arithmetic(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *l = sqm_to_number(tr, sqm_translate_expr(tr, e->left),
								  "arithmetic");
	SqmTerm    *r = l ? sqm_to_number(tr, sqm_translate_expr(tr, e->right),
									  "arithmetic") : NULL;
	SqmTerm    *t;

	if (r == NULL)
		return NULL;
	if (l->type == SQM_T_NULL || r->type == SQM_T_NULL)
		return sqm_null_term();
	if (e->op == '/')
		return divide(tr, l, r);
	if (e->op == '%')
	{
		if (l->type != SQM_T_INT || r->type != SQM_T_INT)
			return sqm_problem(tr, "% of anything but integers has no "
							   "faithful equivalent");
		return sqm_term(SQM_T_INT, false, psprintf("%s %% %s", wide(l),
												   divisor(r, "")));
	}
	t = sqm_term(Max(l->type, r->type), false,
				 psprintf("%s %c %s", wide(l), e->op, sqm_atom(r)));
	t->number = l->number == SQM_N_REAL || r->number == SQM_N_REAL ?
		SQM_N_REAL : l->number == SQM_N_INTEGER &&
		r->number == SQM_N_INTEGER ? SQM_N_INTEGER : SQM_N_ANY;
	t->not_null = l->not_null && r->not_null;
	if (t->type == SQM_T_NUMERIC)
		sqm_note(tr, "computed in decimal digits, not in binary");
	return t;
}

SqmTerm *
sqm_bitwise(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *l = sqm_to_number(tr, sqm_translate_expr(tr, e->left),
								  "a bit operator");
	SqmTerm    *r = l ? sqm_to_number(tr, sqm_translate_expr(tr, e->right),
									  "a bit operator") : NULL;
	SqmTerm    *t;
	int64		count;

	if (r == NULL)
		return NULL;
	if (l->type == SQM_T_NULL || r->type == SQM_T_NULL)
		return sqm_null_term();
	if (l->type != SQM_T_INT || r->type != SQM_T_INT)
		return sqm_problem(tr, "bit operators on anything but integers have "
						   "no faithful equivalent");
	if (e->op == SQM_OP_LSHIFT || e->op == SQM_OP_RSHIFT)
	{
		if (!sqm_literal_integer(r, &count) || count < 0 || count > 63)
			return sqm_problem(tr, "a shift by a computed number of bits has "
							   "no faithful equivalent");
		t = sqm_term(SQM_T_INT, false,
					 psprintf("%s %s %s", wide(l),
							  e->op == SQM_OP_LSHIFT ? "<<" : ">>", r->sql));
	}
	else
		t = sqm_term(SQM_T_INT, false, psprintf("%s %c %s", wide(l), e->op,
												wide(r)));
	t->not_null = l->not_null && r->not_null;
	return t;
}

SqmTerm *
sqm_bitnot(SqmTranslator *tr, const SqmExpr *e)
{
	SqmTerm    *l = sqm_to_number(tr, sqm_translate_expr(tr, e->left),
								  "a bit operator");
	SqmTerm    *t;

	if (l == NULL || l->type == SQM_T_NULL)
		return l;
	if (l->type != SQM_T_INT)
		return sqm_problem(tr, "bit operators on anything but integers have "
						   "no faithful equivalent");
	t = sqm_term(SQM_T_INT, false, psprintf("~ %s", wide(l)));
	t->not_null = l->not_null;
	return t;
}
