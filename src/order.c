/*-------------------------------------------------------------------------
 *
 * order.c
 *		In which order can tables be loaded so that parents come before
 *		their children, and which of them form a cycle?
 *
 * Tarjan's strongly connected components, without recursion: a chain of
 * thousands of tables must not use up the stack.  Knows only numbers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"

#include "srf.h"

typedef struct Edge
{
	int			parent;
	struct Edge *next;
} Edge;

typedef struct OrderNode
{
	Edge	   *edges;			/* to its parents */
	Edge	   *unseen;			/* edges not yet followed */
	int			index;			/* order of discovery, 0: not yet */
	int			low;
	bool		on_stack;
} OrderNode;

typedef struct Order
{
	int			n;
	OrderNode	   *nodes;			/* from 1 */
	int		   *stack;			/* Tarjan's */
	int			depth;
	int		   *path;			/* what the recursion would have been */
	int			path_length;
	int			discovered;
	int			rank;
	int			component;
	SqmRow		row;
} Order;

PG_FUNCTION_INFO_V1(sqm_load_order);

static void
discover(Order *order, int n)
{
	OrderNode	   *node = &order->nodes[n];

	node->index = node->low = ++order->discovered;
	node->unseen = node->edges;
	node->on_stack = true;
	order->stack[order->depth++] = n;
	order->path[order->path_length++] = n;
}

/*
 * A component is complete: everything it refers to was emitted before.  More
 * than one table in it, and they form a cycle.
 */
static void
emit_component(Order *order, int root)
{
	int			first = order->depth;
	bool		cycle;

	while (order->stack[first - 1] != root)
		first--;
	first--;
	cycle = order->depth - first > 1;
	order->component++;
	for (int i = first; i < order->depth; i++)
	{
		order->nodes[order->stack[i]].on_stack = false;
		sqm_row_int(&order->row, order->stack[i]);
		sqm_row_int(&order->row, ++order->rank);
		sqm_row_bool(&order->row, cycle);
		sqm_row_int(&order->row, order->component);
		sqm_row_emit(&order->row);
	}
	order->depth = first;
}

static void
visit(Order *order, int start)
{
	discover(order, start);
	while (order->path_length > 0)
	{
		int			n = order->path[order->path_length - 1];
		OrderNode	   *node = &order->nodes[n];
		Edge	   *edge = node->unseen;

		if (edge != NULL)
		{
			OrderNode	   *parent = &order->nodes[edge->parent];

			node->unseen = edge->next;
			if (parent->index == 0)
				discover(order, edge->parent);
			else if (parent->on_stack)
				node->low = Min(node->low, parent->index);
			continue;
		}
		order->path_length--;
		if (order->path_length > 0)
		{
			OrderNode	   *child = &order->nodes[order->path[order->path_length - 1]];

			child->low = Min(child->low, node->low);
		}
		if (node->low == node->index)
			emit_component(order, n);
	}
}

static int *
int_array(ArrayType *array, int *count)
{
	Datum	   *elements;
	int		   *values;

	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT,
					  &elements, NULL, count);
	values = palloc(sizeof(int) * (*count + 1));
	for (int i = 0; i < *count; i++)
		values[i] = DatumGetInt32(elements[i]);
	return values;
}

static void
add_edge(Order *order, int child, int parent)
{
	Edge	   *edge;

	if (child < 1 || child > order->n || parent < 1 || parent > order->n)
		elog(ERROR, "reference from table %d to table %d of %d", child, parent,
			 order->n);
	if (child == parent)
		return;					/* a self reference orders nothing */
	edge = palloc(sizeof(Edge));
	edge->parent = parent;
	edge->next = order->nodes[child].edges;
	order->nodes[child].edges = edge;
}

/*
 * sq2pg.load_order(tables int, children int[], parents int[])
 *		RETURNS TABLE (ordinal int, rank int, in_cycle boolean, component int)
 *
 * Tables are numbered from 1 to "tables"; children[i] refers to parents[i].
 * With every reference given in both directions the components are the sets
 * of things that hang together in any way.
 */
Datum
sqm_load_order(PG_FUNCTION_ARGS)
{
	Order		order = {0};
	int			nchildren,
				nparents;
	int		   *children = int_array(PG_GETARG_ARRAYTYPE_P(1), &nchildren);
	int		   *parents = int_array(PG_GETARG_ARRAYTYPE_P(2), &nparents);

	if (nchildren != nparents)
		elog(ERROR, "%d children for %d parents", nchildren, nparents);
	order.n = PG_GETARG_INT32(0);
	if (order.n < 0 || order.n == PG_INT32_MAX)
		elog(ERROR, "%d is no number of tables", order.n);
	order.nodes = palloc0(sizeof(OrderNode) * (order.n + 1));
	order.stack = palloc(sizeof(int) * (order.n + 1));
	order.path = palloc(sizeof(int) * (order.n + 1));
	for (int i = 0; i < nchildren; i++)
		add_edge(&order, children[i], parents[i]);
	sqm_row_begin(fcinfo, &order.row);
	for (int n = 1; n <= order.n; n++)
		if (order.nodes[n].index == 0)
			visit(&order, n);
	return (Datum) 0;
}
