/*-------------------------------------------------------------------------
 *
 * guard.c
 *		Can SQLite compile what this schema holds, in bounded time, memory and
 *		stack?
 *
 * A view is compiled by putting the queries of the views that it reads in
 * their place, and so are common table expressions and generated columns that
 * use each other.  SQLite does that by recursion, without looking whether
 * anybody wants it to stop: a chain of 30,000 views overflows the stack, which
 * takes the whole server down, and forty generated columns that each use the
 * one before twice fill gigabytes.  So before the first statement that would
 * compile them is given to SQLite, the texts are counted here.
 *
 * What is counted is a bound, found by looking at tokens: every name in the
 * place of a table is followed to the views and common table expressions that
 * it could mean.  Nothing has to be understood for that, and nothing can hide.
 *
 * This file does not know what views or columns mean; it must be asked once
 * the snapshot is held, or the schema could change behind it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "guard.h"
#include "lexer.h"

/*
 * Far above what people write, far below what takes a second or a megabyte of
 * stack.  Levels are queries within each other; nesting is counted in tokens.
 */
#define MAX_LEVELS 300
#define MAX_NESTING 10000
#define MAX_NODE_NESTING 2000	/* SQLite stops at 1000 operators */
#define MAX_QUERIES 2000
#define MAX_TOKENS 200000
#define STAR_TOKENS 1000		/* "*" may stand for 2,000 columns */
#define MAX_REFERENCES 1000000

/* PRAGMA table_list tries each view it cannot compile once for every table. */
#define MAX_FAILED_TOKENS 5000000.0

/* Something whose text SQLite puts in the place of its name */
typedef struct Definition
{
	char	   *name;			/* lower case */
	int			owner;			/* its view or table, ANYWHERE for a view */
	bool		is_column;
	const char *display;		/* of the owner */
	double		tokens;			/* of its text; then with all it refers to */
	double		queries;
	double		nesting;
	double		levels;
	double		own_nesting;
	double		own_levels;
	int			unresolved;		/* references to nodes that are not done */
	int			referrers;		/* first in the list of references, or -1 */
} Definition;

typedef struct Reference
{
	int			from;
	char	   *name;
	int			to;
	int			next;			/* among those to the same node, or -1 */
} Reference;

#define ANYWHERE (-1)

/* A pair of parentheses that is open */
typedef struct Level
{
	int			open;			/* token */
	int			node;
	int			tokens;			/* since the last comma */
	bool		in_from;
	bool		table_next;
} Level;

typedef struct Guard
{
	const char *display;
	Definition	   *nodes;
	int			node_count;
	int			node_space;
	Reference  *references;
	int			reference_count;
	int			reference_space;
	int			owners;
	Level	   *levels;
	int			level_space;
} Guard;

static void
refuse(Guard *guard, const char *name, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("the schema of SQLite database \"%s\" is too complex",
					guard->display),
			 errdetail("%s of \"%s\" would take SQLite too much time or memory to compile.",
					   what, name),
			 errhint("Work on a copy of the database in which it is dropped.")));
}

/* Names as messages show them: they need not be valid in any encoding. */
static char *
printable(const char *name, int length)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < length && i < NAMEDATALEN; i++)
		appendStringInfoChar(&out, (unsigned char) name[i] < 0x80 &&
							 name[i] >= ' ' ? name[i] : '?');
	return out.data;
}

static char *
lower_name(char *name)
{
	for (char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
	return name;
}

static int
add_node(Guard *guard, char *name, int owner, const char *display)
{
	Definition	   *node;

	if (guard->node_count == guard->node_space)
	{
		guard->node_space = Max(64, guard->node_space * 2);
		guard->nodes = guard->nodes == NULL ?
			palloc(sizeof(Definition) * guard->node_space) :
			repalloc_huge(guard->nodes, sizeof(Definition) * guard->node_space);
	}
	node = &guard->nodes[guard->node_count];
	memset(node, 0, sizeof(Definition));
	node->name = lower_name(name);
	node->owner = owner;
	node->display = display;
	node->queries = 1;
	node->own_levels = 1;
	node->referrers = -1;
	return guard->node_count++;
}

static void
add_reference(Guard *guard, int from, char *name, int to)
{
	Reference  *reference;

	if (guard->reference_count >= MAX_REFERENCES)
		refuse(guard, guard->nodes[from].display, "The definition");
	if (guard->reference_count == guard->reference_space)
	{
		guard->reference_space = Max(64, guard->reference_space * 2);
		guard->references = guard->references == NULL ?
			palloc(sizeof(Reference) * guard->reference_space) :
			repalloc_huge(guard->references,
						  sizeof(Reference) * guard->reference_space);
	}
	reference = &guard->references[guard->reference_count++];
	reference->from = from;
	reference->name = name != NULL ? lower_name(name) : NULL;
	reference->to = to;
	reference->next = -1;
}

/* ---------------------------------------------------------------------
 * One text
 * ---------------------------------------------------------------------
 */

static const SqmToken *
token_at(const SqmCursor *cur, int at)
{
	return &cur->tokens[Min(Max(at, 0), cur->count - 1)];
}

static bool
word_at(const SqmCursor *cur, int at, const char *word)
{
	const SqmToken *tok = token_at(cur, at);
	int			length = (int) strlen(word);

	return tok->kind == SQM_TOK_WORD && tok->end - tok->start == length &&
		pg_strncasecmp(cur->sql + tok->start, word, length) == 0;
}

static bool
op_at(const SqmCursor *cur, int at, int op)
{
	const SqmToken *tok = token_at(cur, at);

	return tok->kind == SQM_TOK_OP && tok->op == op;
}

static bool
name_at(const SqmCursor *cur, int at)
{
	const SqmToken *tok = token_at(cur, at);

	return tok->kind == SQM_TOK_QUOTED || tok->kind == SQM_TOK_STRING ||
		(tok->kind == SQM_TOK_WORD &&
		 !sqm_word_reserved(cur->sql + tok->start, tok->end - tok->start));
}

static bool
ends_from(const SqmCursor *cur, int at)
{
	static const char *const words[] = {
		"where", "group", "order", "having", "limit", "union", "intersect",
		"except", "select", "values"
	};

	for (int i = 0; i < (int) lengthof(words); i++)
		if (word_at(cur, at, words[i]))
			return true;
	return false;
}

/* All columns, not a multiplication */
static bool
is_star(const SqmCursor *cur, int at)
{
	return op_at(cur, at, '*') &&
		(op_at(cur, at - 1, ',') || op_at(cur, at - 1, '.') ||
		 word_at(cur, at - 1, "select") || word_at(cur, at - 1, "distinct") ||
		 word_at(cur, at - 1, "all"));
}

/*
 * Is the parenthesis at "at" the beginning of a common table expression (or
 * of a window, which does no harm)?  Returns the token of its name, or -1.
 * "closed" is where the last pair of parentheses began.
 */
static int
expression_name(const SqmCursor *cur, int at, int closed)
{
	int			as = at - 1;

	if (word_at(cur, as, "materialized"))
		as--;
	if (word_at(cur, as, "not"))
		as--;
	if (as < 1 || !word_at(cur, as, "as"))
		return -1;
	if (op_at(cur, as - 1, ')'))
		return closed > 0 ? closed - 1 : -1;
	return name_at(cur, as - 1) ? as - 1 : -1;
}

static Level *
push_level(Guard *guard, int depth, int open, int node)
{
	Level	   *level;

	if (depth >= guard->level_space)
	{
		guard->level_space = Max(64, guard->level_space * 2);
		guard->levels = guard->levels == NULL ?
			palloc(sizeof(Level) * guard->level_space) :
			repalloc_huge(guard->levels, sizeof(Level) * guard->level_space);
	}
	level = &guard->levels[depth];
	memset(level, 0, sizeof(Level));
	level->open = open;
	level->node = node;
	return level;
}

/* What a token makes of the place where it stands: may a table follow? */
static void
follow_token(Guard *guard, const SqmCursor *cur, int at, Level *level)
{
	if (word_at(cur, at, "from") || word_at(cur, at, "join"))
		level->in_from = level->table_next = true;
	else if (word_at(cur, at, "in"))
		level->table_next = !op_at(cur, at + 1, '(');
	else if (ends_from(cur, at))
		level->in_from = level->table_next = false;
	else if (op_at(cur, at, ','))
		level->table_next = level->in_from;
	else if (level->table_next)
	{
		level->table_next = false;
		if (op_at(cur, at + 1, '.'))
			level->table_next = true;	/* the schema; a point follows */
		else if (op_at(cur, at, '.'))
			level->table_next = true;
		else if (name_at(cur, at))
			add_reference(guard, level->node,
						  sqm_token_text(cur, token_at(cur, at)), ANYWHERE);
	}
}

/* Nodes and references of the query of a view */
static void
walk_query(Guard *guard, const SqmCursor *cur, int view, int owner)
{
	Level	   *level = push_level(guard, 0, 0, view);
	int			depth = 0;
	int			closed = 0;
	int			nesting = 0;

	for (int at = 0; at < cur->count; at++)
	{
		Definition	   *node;

		if (op_at(cur, at, '('))
		{
			int			name = expression_name(cur, at, closed);
			bool		table_next = level->table_next;
			int			inside = level->node;

			level->table_next = false;
			if (name >= 0)
				inside = add_node(guard, sqm_token_text(cur, token_at(cur, name)),
								  owner, guard->nodes[view].display);
			level = push_level(guard, ++depth, at, inside);
			level->table_next = level->in_from = table_next;
		}
		else if (op_at(cur, at, ')') && depth > 0)
		{
			nesting -= level->tokens;
			closed = level->open;
			level = &guard->levels[--depth];
		}
		else
			follow_token(guard, cur, at, level);
		if (op_at(cur, at, ','))
		{
			nesting -= level->tokens;
			level->tokens = 0;
		}
		level->tokens++;
		nesting++;
		node = &guard->nodes[level->node];
		node->tokens += is_star(cur, at) ? STAR_TOKENS : 1;
		if (word_at(cur, at, "select") || word_at(cur, at, "values"))
			node->queries++;
		node->own_nesting = Max(node->own_nesting,
								Min(nesting, MAX_NODE_NESTING));
		node->own_levels = Max(node->own_levels, depth + 1);
	}
}

/*
 * Generated columns of a table: those with an expression in parentheses after
 * AS, in the list of columns.
 */
static void
walk_columns(Guard *guard, const SqmCursor *cur, int owner, const char *display)
{
	int			depth = 0;
	int			node = -1;		/* the column in whose expression we are */
	int			item = 0;		/* first token of this column */

	for (int at = 0; at < cur->count; at++)
	{
		if (op_at(cur, at, '('))
		{
			if (++depth == 1)
				item = at + 1;
			else if (depth == 2 && word_at(cur, at - 1, "as") &&
					 item < at - 1 && token_at(cur, item)->kind != SQM_TOK_OP)
			{
				node = add_node(guard, sqm_token_text(cur, token_at(cur, item)),
								owner, display);
				guard->nodes[node].is_column = true;
			}
		}
		else if (op_at(cur, at, ')'))
		{
			if (--depth < 2)
				node = -1;
		}
		else if (op_at(cur, at, ',') && depth == 1)
			item = at + 1;
		else if (node >= 0)
		{
			guard->nodes[node].tokens++;
			guard->nodes[node].own_nesting =
				Min(guard->nodes[node].tokens, MAX_NODE_NESTING);
			if (token_at(cur, at)->kind == SQM_TOK_WORD ||
				token_at(cur, at)->kind == SQM_TOK_QUOTED ||
				token_at(cur, at)->kind == SQM_TOK_STRING)
				add_reference(guard, node,
							  sqm_token_text(cur, token_at(cur, at)), ANYWHERE);
		}
	}
}

/* Does the word AS stand in the text?  Most tables have no generated column. */
static bool
mentions_as(const char *text, int length)
{
	for (int i = 0; i + 1 < length; i++)
		if ((text[i] == 'a' || text[i] == 'A') &&
			(text[i + 1] == 's' || text[i + 1] == 'S') &&
			(i == 0 || !isalnum((unsigned char) text[i - 1])) &&
			(i + 2 == length || !isalnum((unsigned char) text[i + 2])))
			return true;
	return false;
}

/* One row of sqlite_schema; true if it is a view. */
static bool
walk_object(Guard *guard, const char *text, int length)
{
	SqmCursor	cur;
	int			at = 1;
	const char *display;
	bool		is_view;

	if (length == 0 || !mentions_as(text, length))
		return false;
	if (!sqm_lex(&cur, text, length))
		refuse(guard, printable(text, length), "The statement");
	if (word_at(&cur, at, "temp") || word_at(&cur, at, "temporary"))
		at++;
	is_view = word_at(&cur, at, "view");
	if (!is_view && !word_at(&cur, at, "table"))
		return false;
	at++;
	if (word_at(&cur, at, "if"))
		at += 3;
	if (op_at(&cur, at + 1, '.'))
		at += 2;
	display = printable(text + token_at(&cur, at)->start,
						token_at(&cur, at)->end - token_at(&cur, at)->start);
	if (is_view)
		walk_query(guard, &cur,
				   add_node(guard, sqm_token_text(&cur, token_at(&cur, at)),
							ANYWHERE, display), guard->owners);
	else
		walk_columns(guard, &cur, guard->owners, display);
	guard->owners++;
	pfree(cur.tokens);
	return is_view;
}

/* ---------------------------------------------------------------------
 * All texts together
 * ---------------------------------------------------------------------
 */

typedef struct Key
{
	const char *name;
	int			owner;
	int			node;
} Key;

static int
compare_keys(const void *a, const void *b)
{
	const Key  *left = (const Key *) a;
	const Key  *right = (const Key *) b;
	int			diff = strcmp(left->name, right->name);

	if (diff != 0)
		return diff;
	return left->owner < right->owner ? -1 : left->owner > right->owner;
}

/* References from "from" to every node of this name and owner */
static void
resolve_name(Guard *guard, const Key *keys, int count, int from,
			 const char *name, int owner)
{
	Key			wanted = {name, owner, 0};
	int			low = 0;
	int			high = count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (compare_keys(&keys[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count && compare_keys(&keys[low], &wanted) == 0; low++)
	{
		int			to = keys[low].node;

		/* a recursive query is not put into itself */
		if (to == from)
			continue;
		add_reference(guard, from, NULL, to);
		guard->references[guard->reference_count - 1].next =
			guard->nodes[to].referrers;
		guard->nodes[to].referrers = guard->reference_count - 1;
		guard->nodes[from].unresolved++;
	}
}

/* What a name could mean: something of the same statement, or any view. */
static void
resolve_names(Guard *guard, const int *owners)
{
	Key		   *keys = palloc_extended(sizeof(Key) * (guard->node_count + 1),
									   MCXT_ALLOC_HUGE);
	int			count = guard->reference_count;

	for (int i = 0; i < guard->node_count; i++)
	{
		keys[i].name = guard->nodes[i].name;
		keys[i].owner = guard->nodes[i].owner;
		keys[i].node = i;
	}
	qsort(keys, guard->node_count, sizeof(Key), compare_keys);
	for (int i = 0; i < count; i++)
	{
		int			from = guard->references[i].from;
		const char *name = guard->references[i].name;

		resolve_name(guard, keys, guard->node_count, from, name, owners[from]);
		if (!guard->nodes[from].is_column)
			resolve_name(guard, keys, guard->node_count, from, name, ANYWHERE);
	}
	pfree(keys);
}

static void
check_node(Guard *guard, const Definition *node)
{
	if (node->levels > MAX_LEVELS || node->nesting > MAX_NESTING ||
		node->queries > MAX_QUERIES || node->tokens > MAX_TOKENS)
		refuse(guard, node->display, "The definition");
}

/*
 * Add what is done to what refers to it.  What is left then are circles and
 * what refers to them.  SQLite refuses a true circle, but a name may only look
 * like one, so the worst case of them all is taken.
 */
static void
add_up(Guard *guard)
{
	int		   *ready = palloc_extended(sizeof(int) * (guard->node_count + 1),
										MCXT_ALLOC_HUGE);
	int			count = 0;
	double		factor = 1;
	double		tokens = 0;
	double		levels = 0;
	double	   *sums = palloc0(sizeof(double) * (guard->owners + 1));

	for (int i = 0; i < guard->node_count; i++)
		if (guard->nodes[i].unresolved == 0)
			ready[count++] = i;
	for (int i = 0; i < count; i++)
	{
		Definition	   *node = &guard->nodes[ready[i]];

		node->nesting += node->own_nesting;
		node->levels += node->own_levels;
		check_node(guard, node);
		/* a row may be asked for with all columns */
		if (node->is_column && (sums[node->owner] += node->tokens) > MAX_TOKENS)
			refuse(guard, node->display, "The definition");
		for (int r = node->referrers; r >= 0; r = guard->references[r].next)
		{
			Definition	   *user = &guard->nodes[guard->references[r].from];

			user->tokens += node->tokens;
			user->queries += node->queries;
			user->nesting = Max(user->nesting, node->nesting);
			user->levels = Max(user->levels, node->levels);
			if (--user->unresolved == 0)
				ready[count++] = guard->references[r].from;
		}
	}
	pfree(ready);
	for (int i = 0; i < guard->node_count; i++)
	{
		Definition	   *node = &guard->nodes[i];

		if (node->unresolved == 0)
			continue;
		factor *= 1 + node->unresolved;
		tokens += node->tokens;
		levels += node->levels + node->own_levels;
		if (factor * tokens > MAX_TOKENS || factor > MAX_QUERIES ||
			levels > MAX_LEVELS)
			refuse(guard, node->display, "The definition");
	}
	pfree(sums);
}

/*
 * Let SQLite compile every view alone, where a cancel is noticed in between.
 * Those that it cannot compile (over a table that is gone, say) are bounded,
 * too.
 */
static void
compile_views(Guard *guard, SqmLite *lite, List *views, int64 tables)
{
	SqmStatement *stmt = sqm_statement_prepare(lite,
											   "SELECT 1 FROM pragma_table_xinfo(?1)");
	double		failed = 0;
	ListCell   *lc;

	foreach(lc, views)
	{
		Definition	   *view = &guard->nodes[lfirst_int(lc)];
		char	   *message = NULL;

		CHECK_FOR_INTERRUPTS();
		sqm_statement_bind_utf8(stmt, 1, view->name);
		if (sqm_statement_try_step(stmt, &message) == SQM_STEP_ERROR)
			failed = Max(failed, view->tokens);
		sqm_statement_reset(stmt);
		if (failed * tables > MAX_FAILED_TOKENS)
			refuse(guard, view->display, "The definition");
	}
	sqm_statement_finalize(stmt);
}

static void
guard_schema(Guard *guard, SqmLite *lite)
{
	SqmStatement *stmt = sqm_statement_prepare(lite,
											   "SELECT sql FROM main.sqlite_schema WHERE sql IS NOT NULL");
	List	   *views = NIL;
	int64		tables = 0;
	int		   *owners;
	int			owner_space = 0;

	owners = palloc(sizeof(int));
	while (sqm_statement_step(stmt))
	{
		SqmValue	value = {0};
		int			first = guard->node_count;

		CHECK_FOR_INTERRUPTS();
		tables++;
		sqm_statement_value(stmt, 0, &value);
		if (value.storage != SQM_TEXT && value.storage != SQM_BLOB)
			continue;
		if (walk_object(guard, value.data, (int) value.length))
			views = lappend_int(views, first);
		if (guard->node_count > owner_space)
		{
			owner_space = guard->node_space;
			owners = repalloc_huge(owners, sizeof(int) * owner_space);
		}
		for (int i = first; i < guard->node_count; i++)
			owners[i] = guard->owners - 1;
	}
	sqm_statement_finalize(stmt);
	if (guard->node_count == 0)
		return;
	resolve_names(guard, owners);
	add_up(guard);
	compile_views(guard, lite, views, tables);
}

/*
 * Raise an error if SQLite should not be asked to compile the views and
 * generated columns of this database.
 */
void
sqm_guard_schema(SqmLite *lite)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "sqlite_fdw_mig guard",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Guard		guard = {0};

	guard.display = sqm_lite_display(lite);
	guard_schema(&guard, lite);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
