/*-------------------------------------------------------------------------
 *
 * typemap.c
 *		Which PostgreSQL types does a declared type name propose?
 *
 * Pure: one readable table from the words of a declaration to a chain of
 * candidate types, each able to hold more than the one before.  Who decides
 * among them is migrate/types.sql, with what profile.c found in the data.
 * The text of the declaration itself never reaches PostgreSQL: what comes out
 * is made of the strings below and of numbers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "srf.h"
#include "typemap.h"

/* How a rule's word is looked for in the name (without its arguments). */
typedef enum RuleMatch
{
	MATCH_FIRST_WORD,
	MATCH_ANYWHERE
} RuleMatch;

/* Which arguments the rule wants. */
typedef enum RuleArgs
{
	ARGS_ANY,
	ARGS_ONE,					/* exactly "(1)" */
	ARGS_LENGTH,				/* "(n)": $1 */
	ARGS_NUMERIC				/* "(p)" or "(p,s)": $1 */
} RuleArgs;

typedef struct Rule
{
	const char *word;
	RuleMatch	match;
	RuleArgs	args;
	const char *chain;			/* candidates; "$" stands for the arguments */
} Rule;

#define CHAIN_BOOLEAN "boolean smallint bigint numeric text bytea"
#define CHAIN_INTEGER "integer bigint numeric text bytea"
#define CHAIN_BIGINT "bigint numeric text bytea"
#define CHAIN_TEXT "text bytea"
#define CHAIN_NUMERIC "numeric text bytea"
#define CHAIN_FLOAT "double_precision numeric text bytea"
#define CHAIN_TIMESTAMPTZ "timestamptz bigint numeric text bytea"
#define CHAIN_TIMESTAMP "timestamp " CHAIN_TIMESTAMPTZ
#define CHAIN_DYNAMIC "bigint double_precision numeric text bytea"

/* The first rule that fits wins: the narrower stand before the wider. */
static const Rule rules[] = {
	{"TINYINT", MATCH_FIRST_WORD, ARGS_ONE, CHAIN_BOOLEAN},
	{"BIT", MATCH_FIRST_WORD, ARGS_ONE, CHAIN_BOOLEAN},
	{"BOOL", MATCH_ANYWHERE, ARGS_ANY, CHAIN_BOOLEAN},

	{"JSON", MATCH_FIRST_WORD, ARGS_ANY, "jsonb json text bytea"},
	{"JSONB", MATCH_FIRST_WORD, ARGS_ANY, "jsonb json text bytea"},
	{"UUID", MATCH_FIRST_WORD, ARGS_ANY, "uuid text bytea"},
	{"GUID", MATCH_FIRST_WORD, ARGS_ANY, "uuid text bytea"},
	{"UNIQUEIDENTIFIER", MATCH_FIRST_WORD, ARGS_ANY, "uuid text bytea"},

	{"DATETIMEOFFSET", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_TIMESTAMPTZ},
	{"TIMESTAMPTZ", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_TIMESTAMPTZ},
	{"WITH TIME ZONE", MATCH_ANYWHERE, ARGS_ANY, CHAIN_TIMESTAMPTZ},
	{"DATETIME", MATCH_ANYWHERE, ARGS_ANY, CHAIN_TIMESTAMP},
	{"TIMESTAMP", MATCH_ANYWHERE, ARGS_ANY, CHAIN_TIMESTAMP},
	{"DATE", MATCH_FIRST_WORD, ARGS_ANY, "date " CHAIN_TIMESTAMP},
	{"TIME", MATCH_FIRST_WORD, ARGS_ANY, "time bigint numeric text bytea"},

	/* "INTERVAL" and "POINT" hold the letters INT, but no integers */
	{"INTERVAL", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_TEXT},
	{"POINT", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_TEXT},
	{"TINYINT", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_INTEGER},
	{"SMALLINT", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_INTEGER},
	{"MEDIUMINT", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_INTEGER},
	{"INT2", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_INTEGER},
	{"INT4", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_INTEGER},
	{"INT", MATCH_ANYWHERE, ARGS_ANY, CHAIN_BIGINT},
	{"SERIAL", MATCH_ANYWHERE, ARGS_ANY, CHAIN_BIGINT},

	/* what sq2pg_export() calls a numeric that SQLite must not touch */
	{"NUMERIC_TEXT", MATCH_FIRST_WORD, ARGS_NUMERIC, "numeric$ " CHAIN_NUMERIC},
	{"NUMERIC_TEXT", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_NUMERIC},

	{"SUB_TYPE TEXT", MATCH_ANYWHERE, ARGS_ANY, CHAIN_TEXT},
	{"SUB_TYPE 1", MATCH_ANYWHERE, ARGS_ANY, CHAIN_TEXT},
	{"CHAR", MATCH_ANYWHERE, ARGS_LENGTH, "varchar$ text bytea"},
	{"CHAR", MATCH_ANYWHERE, ARGS_ANY, CHAIN_TEXT},
	{"CLOB", MATCH_ANYWHERE, ARGS_ANY, CHAIN_TEXT},
	{"TEXT", MATCH_ANYWHERE, ARGS_ANY, CHAIN_TEXT},
	{"ENUM", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_TEXT},
	{"SET", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_TEXT},

	{"BLOB", MATCH_ANYWHERE, ARGS_ANY, "bytea"},
	{"BINARY", MATCH_ANYWHERE, ARGS_ANY, "bytea"},
	{"BYTEA", MATCH_FIRST_WORD, ARGS_ANY, "bytea"},
	{"IMAGE", MATCH_FIRST_WORD, ARGS_ANY, "bytea"},

	{"REAL", MATCH_ANYWHERE, ARGS_ANY, CHAIN_FLOAT},
	{"DOUB", MATCH_ANYWHERE, ARGS_ANY, CHAIN_FLOAT},
	{"FLOA", MATCH_ANYWHERE, ARGS_ANY, CHAIN_FLOAT},

	{"NUMERIC", MATCH_FIRST_WORD, ARGS_NUMERIC, "numeric$ " CHAIN_NUMERIC},
	{"DECIMAL", MATCH_FIRST_WORD, ARGS_NUMERIC, "numeric$ " CHAIN_NUMERIC},
	{"NUMBER", MATCH_FIRST_WORD, ARGS_NUMERIC, "numeric$ " CHAIN_NUMERIC},
	{"DEC", MATCH_FIRST_WORD, ARGS_NUMERIC, "numeric$ " CHAIN_NUMERIC},
	{"NUMERIC", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_NUMERIC},
	{"DECIMAL", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_NUMERIC},
	{"NUMBER", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_NUMERIC},
	{"DEC", MATCH_FIRST_WORD, ARGS_ANY, CHAIN_NUMERIC},
	{"MONEY", MATCH_ANYWHERE, ARGS_ANY, CHAIN_NUMERIC},
	{"CURRENCY", MATCH_ANYWHERE, ARGS_ANY, CHAIN_NUMERIC},
};

/* PostgreSQL's own limits */
#define MAX_VARCHAR 10485760
#define MAX_NUMERIC 1000

/* A declaration taken apart. */
typedef struct Declaration
{
	char	   *name;			/* upper case, single spaces, no arguments */
	int			nargs;			/* integer arguments; -1: none or others */
	long		args[2];
} Declaration;

/*
 * Up to two integers in parentheses; a word may follow the first, as in
 * VARCHAR2(20 CHAR).
 */
static void
parse_arguments(const char *open, Declaration *decl)
{
	const char *p = open + 1;

	decl->nargs = -1;
	for (int n = 0; n < 2; n++)
	{
		char	   *end;

		errno = 0;
		decl->args[n] = strtol(p, &end, 10);
		if (end == p || errno != 0)
			return;
		p = end + strspn(end, " ");
		if (n == 0 && (pg_strncasecmp(p, "CHAR", 4) == 0 ||
					   pg_strncasecmp(p, "BYTE", 4) == 0))
			p += 4 + strspn(p + 4, " ");
		if (*p == ')')
		{
			decl->nargs = n + 1;
			return;
		}
		if (*p++ != ',')
			return;
	}
}

static void
parse_declaration(const char *declared, Declaration *decl)
{
	char	   *out = palloc(strlen(declared) + 1);
	int			length = 0;
	bool		inside = false;

	decl->name = out;
	decl->nargs = -1;
	for (const char *p = declared; *p; p++)
	{
		if (*p == '(' && !inside)
		{
			if (decl->nargs < 0)
				parse_arguments(p, decl);
			inside = true;
		}
		else if (*p == ')' && inside)
			inside = false;
		else if (inside)
			continue;
		else if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == '\f')
		{
			if (length > 0 && out[length - 1] != ' ')
				out[length++] = ' ';
		}
		else
			out[length++] = pg_ascii_toupper((unsigned char) *p);
	}
	while (length > 0 && out[length - 1] == ' ')
		length--;
	out[length] = '\0';
}

static bool
word_matches(const Rule *rule, const char *name)
{
	size_t		length = strlen(rule->word);

	if (rule->match == MATCH_ANYWHERE)
		return strstr(name, rule->word) != NULL;
	return strncmp(name, rule->word, length) == 0 &&
		(name[length] == '\0' || name[length] == ' ');
}

static bool
arguments_match(const Rule *rule, const Declaration *decl)
{
	switch (rule->args)
	{
		case ARGS_ANY:
			return true;
		case ARGS_ONE:
			return decl->nargs == 1 && decl->args[0] == 1;
		case ARGS_LENGTH:
			return decl->nargs == 1 &&
				decl->args[0] >= 1 && decl->args[0] <= MAX_VARCHAR;
		case ARGS_NUMERIC:
			return (decl->nargs == 1 || decl->nargs == 2) &&
				decl->args[0] >= 1 && decl->args[0] <= MAX_NUMERIC &&
				(decl->nargs == 1 ||
				 (decl->args[1] >= 0 && decl->args[1] <= decl->args[0]));
	}
	return false;
}

static const Rule *
find_rule(const Declaration *decl)
{
	for (int i = 0; i < (int) lengthof(rules); i++)
		if (word_matches(&rules[i], decl->name) &&
			arguments_match(&rules[i], decl))
			return &rules[i];
	return NULL;
}

/* "varchar$" with the arguments in, underscores as spaces. */
static char *
expand_candidate(const char *word, size_t length, const Declaration *decl)
{
	StringInfoData type;

	initStringInfo(&type);
	for (size_t i = 0; i < length; i++)
	{
		if (word[i] == '_')
			appendStringInfoChar(&type, ' ');
		else if (word[i] != '$')
			appendStringInfoChar(&type, word[i]);
		else if (decl->nargs == 2)
			appendStringInfo(&type, "(%ld,%ld)", decl->args[0], decl->args[1]);
		else
			appendStringInfo(&type, "(%ld)", decl->args[0]);
	}
	return type.data;
}

/*
 * The candidate types for a declared type, best first (char *, palloc'd).
 */
List *
sqm_typemap_candidates(const char *declared, bool rowid_alias)
{
	const char *chain;
	const Rule *rule;
	List	   *candidates = NIL;
	Declaration decl;

	if (rowid_alias)
		return list_make1(pstrdup("bigint"));
	parse_declaration(declared, &decl);
	rule = find_rule(&decl);
	chain = rule != NULL ? rule->chain : CHAIN_DYNAMIC;
	while (*chain)
	{
		size_t		length = strcspn(chain, " ");

		candidates = lappend(candidates,
							 expand_candidate(chain, length, &decl));
		chain += length + (chain[length] == ' ' ? 1 : 0);
	}
	return candidates;
}

/*
 * Does the declaration say nothing, so that only the data can tell?
 */
bool
sqm_typemap_is_dynamic(const char *declared)
{
	Declaration decl;

	parse_declaration(declared, &decl);
	return find_rule(&decl) == NULL;
}

PG_FUNCTION_INFO_V1(sqm_type_candidates);

/*
 * sq2pg.type_candidates(declared text, rowid_alias boolean,
 *						 OUT candidates text[], OUT dynamic boolean)
 */
Datum
sqm_type_candidates(PG_FUNCTION_ARGS)
{
	char	   *declared = sqm_arg_text(fcinfo, 0);
	bool		rowid_alias = PG_GETARG_BOOL(1);
	SqmRow		row;

	sqm_row_begin(fcinfo, &row);
	sqm_row_text_array(&row, sqm_typemap_candidates(declared, rowid_alias));
	sqm_row_bool(&row, !rowid_alias && sqm_typemap_is_dynamic(declared));
	sqm_row_emit(&row);
	return (Datum) 0;
}
