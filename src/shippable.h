/*-------------------------------------------------------------------------
 *
 * shippable.h
 *		PostgreSQL expressions that SQLite may evaluate.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_SHIPPABLE_H
#define SQM_SHIPPABLE_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/pathnodes.h"

#include "relation.h"

/* How a value of PostgreSQL's becomes a parameter of a SQLite statement. */
typedef enum SqmBindKind
{
	SQM_BIND_INTEGER,
	SQM_BIND_BOOLEAN,
	SQM_BIND_REAL,
	SQM_BIND_TEXT,
	SQM_BIND_BLOB,
	SQM_BIND_NUMERIC_LOW,		/* a double that is not above the number */
	SQM_BIND_NUMERIC_HIGH,		/* not below */
	SQM_BIND_FIRST_DAY,			/* no moment of this or a later time is on an
								 * earlier day (text) */
	SQM_BIND_DAY_AFTER,			/* none of this or an earlier time on this or
								 * a later day */
	SQM_BIND_GLOB				/* a pattern of LIKE */
} SqmBindKind;

/* A query that is being written. */
typedef struct SqmShip
{
	PlannerInfo *root;
	Relids		relids;			/* its tables */
	bool		many;			/* several: then they have numbers */
	List	   *params;			/* Expr *: what is bound */
	List	   *kinds;			/* SqmBindKind *, as many */

	/* about what was written since sqm_ship_reset() */
	bool		lossy;			/* SQLite lets rows pass that PostgreSQL would
								 * not, though their values are plain */
	List	   *columns;		/* Var *: whose storage class matters */
} SqmShip;

extern bool sqm_pushdown;		/* a setting */
extern void sqm_ship_define_settings(void);

extern void sqm_ship_init(SqmShip *ship, PlannerInfo *root, Relids relids);
extern void sqm_ship_reset(SqmShip *ship);
extern bool sqm_ship_clause(SqmShip *ship, Expr *clause, StringInfo out);
extern bool sqm_ship_key_equality(SqmShip *ship, Expr *clause, StringInfo out);
extern SqmForeignColumn *sqm_ship_column(SqmShip *ship, Var *var);
extern void sqm_ship_reference(SqmShip *ship, Var *var, StringInfo out);
extern void sqm_ship_trap(SqmShip *ship, Var *var, StringInfo out);
extern bool sqm_ship_can_order(SqmShip *ship, Var *var, Oid family,
							   Oid collation);
extern Var *sqm_ship_as_column(SqmShip *ship, Expr *expr);
extern bool sqm_ship_uses_index(SqmShip *ship, Expr *clause);
extern bool sqm_ship_finds_one(SqmShip *ship, Expr *clause);
extern bool sqm_ship_can_group(SqmShip *ship, Var *var, Oid collation);
extern bool sqm_ship_orders_text(SqmShip *ship, Var *var, Oid collation);
extern bool sqm_ship_has_trap(SqmShip *ship, Var *var);
extern bool sqm_column_is_sure(const SqmForeignColumn *column);

#endif							/* SQM_SHIPPABLE_H */
