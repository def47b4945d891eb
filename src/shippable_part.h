/*-------------------------------------------------------------------------
 *
 * shippable_part.h
 *		What the files shippable*.c tell each other; nobody else includes it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_SHIPPABLE_PART_H
#define SQM_SHIPPABLE_PART_H

#include "postgres.h"

#include "shippable.h"

/* beside the strategies of a b-tree */
#define STRATEGY_NOT_EQUAL 6

typedef enum SqmKind
{
	KIND_NONE,
	KIND_INTEGER,
	KIND_BOOLEAN,
	KIND_REAL,
	KIND_NUMERIC,
	KIND_TEXT,
	KIND_BLOB,
	KIND_DAY
} SqmKind;

/* shippable_column.c */
extern SqmKind sqm_kind_of_type(Oid type);
extern Oid	sqm_kind_family(SqmKind kind);
extern Expr *sqm_ship_strip(Expr *expr);
extern void sqm_ship_touch(SqmShip *ship, Var *var);
extern bool sqm_ship_is_external(SqmShip *ship, Expr *expr);
extern void sqm_ship_bind(SqmShip *ship, Expr *expr, SqmBindKind kind,
						  StringInfo out);
extern SqmBindKind sqm_ship_bind_kind(SqmKind kind);
extern void sqm_ship_bare_reference(SqmShip *ship, Var *var, StringInfo out);
extern bool sqm_ship_texts_alike(SqmShip *ship, Var *var);
extern bool sqm_collation_is_bytes(Oid collation, bool order);
extern void sqm_ship_let_odd_pass(SqmKind kind, const SqmForeignColumn *column,
								  const char *ref, StringInfo out);
extern int	sqm_ship_strategy(Oid opno, SqmKind kind);
extern const char *sqm_operator_word(int strategy);

/* shippable_compare.c */
extern bool sqm_ship_simple(SqmShip *ship, Expr *expr, StringInfo out);
extern bool sqm_ship_columns(SqmShip *ship, OpExpr *op, StringInfo out);

/* shippable_exact.c */
extern bool sqm_ship_guarded(SqmShip *ship, Expr *expr, StringInfo out);

#endif							/* SQM_SHIPPABLE_PART_H */
