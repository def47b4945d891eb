/*-------------------------------------------------------------------------
 *
 * names.c
 *		What is a SQLite object called in PostgreSQL?
 *
 * Folding by choice, cutting to the 63 bytes that PostgreSQL keeps, and
 * making unique what is equal after that.  Where the names are used is not
 * known here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "names.h"
#include "srf.h"

PG_FUNCTION_INFO_V1(sqm_fold_name);
PG_FUNCTION_INFO_V1(sqm_unique_names);

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* What PostgreSQL would want quotes for, but no letter of any script. */
static bool
is_separator(char c)
{
	return !IS_HIGHBIT_SET(c) && !is_upper(c) && !is_lower_or_digit(c) &&
		c != '_' && c != '$';
}

/*
 * CustomerId, customer-id and HTTPServer become customer_id, customer_id and
 * http_server; "Price (EUR)" becomes price_eur.
 */
static char *
snake_case(const char *name)
{
	StringInfoData out;

	initStringInfo(&out);
	for (const char *p = name; *p; p++)
	{
		bool		starts_word = p > name && is_upper(*p) &&
			(is_lower_or_digit(p[-1]) ||
			 (is_upper(p[-1]) && p[1] >= 'a' && p[1] <= 'z'));
		bool		separator = is_separator(*p);

		if ((starts_word || separator) &&
			out.len > 0 && out.data[out.len - 1] != '_')
			appendStringInfoChar(&out, '_');
		if (!separator)
			appendStringInfoChar(&out, *p);
	}
	/* a separator at the end separates nothing */
	if (out.len > 1 && out.data[out.len - 1] == '_' &&
		is_separator(name[strlen(name) - 1]))
		out.data[--out.len] = '\0';
	return out.data;
}

/*
 * As PostgreSQL folds an identifier without quotes in a multibyte encoding:
 * ASCII letters only, whatever the locale.
 */
static void
fold_ascii(char *name)
{
	for (char *p = name; *p; p++)
		if (is_upper(*p))
			*p += 'a' - 'A';
}

/*
 * A name in the style keep, lower or snake (palloc'd).
 */
char *
sqm_names_fold(const char *name, const char *style)
{
	char	   *folded = strcmp(style, "snake") == 0 ? snake_case(name) :
		pstrdup(name);

	if (strcmp(style, "keep") != 0)
		fold_ascii(folded);
	/* nothing left: any name is better than none */
	return folded[0] != '\0' ? folded : pstrdup("_");
}

/*
 * sq2pg.fold_name(name text, style text): keep, lower or snake.
 */
Datum
sqm_fold_name(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(sqm_names_fold(sqm_arg_text(fcinfo, 0),
													sqm_arg_text(fcinfo, 1))));
}

typedef struct TakenName
{
	char		name[NAMEDATALEN];	/* the key */
	int			suffix;			/* the last one tried after it */
} TakenName;

HTAB *
sqm_names_create(void)
{
	HASHCTL		control = {.keysize = NAMEDATALEN,.entrysize = sizeof(TakenName)};

	/* without a context of ours it would live as long as the session */
	control.hcxt = CurrentMemoryContext;
	return hash_create("names", 1024, &control,
					   HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

static TakenName *
enter_name(HTAB *taken, const char *name, bool *found)
{
	TakenName  *entry = hash_search(taken, name, HASH_ENTER, found);

	if (!*found)
		entry->suffix = 1;
	return entry;
}

/* SQLite takes "" for a name, PostgreSQL does not. */
#define NAME_FOR_NONE "_"

/*
 * "name" cut to fit, with "_2", "_3" ... where it is taken; then it is taken.
 * Every name remembers its last suffix: thousands that are equal after the cut
 * must not each begin to count anew.
 */
char *
sqm_names_take(HTAB *taken, const char *name)
{
	const char *base = name[0] != '\0' ? name : NAME_FOR_NONE;
	int			length = strlen(base);
	char	   *candidate = pnstrdup(base, pg_mbcliplen(base, length,
														NAMEDATALEN - 1));
	bool		found;
	TakenName  *first = enter_name(taken, candidate, &found);

	while (found)
	{
		char	   *suffix = psprintf("_%d", ++first->suffix);
		int			room = NAMEDATALEN - 1 - (int) strlen(suffix);

		candidate = psprintf("%.*s%s", pg_mbcliplen(base, length, room), base,
							 suffix);
		(void) enter_name(taken, candidate, &found);
		CHECK_FOR_INTERRUPTS();
	}
	return candidate;
}

/*
 * sq2pg.unique_names(wanted text[], taken text[]): for each wanted name one
 * that PostgreSQL can hold, different from all before it and from those taken.
 * NULL stays NULL.
 */
Datum
sqm_unique_names(PG_FUNCTION_ARGS)
{
	List	   *wanted = sqm_array_strings_or_null(PG_GETARG_ARRAYTYPE_P(0));
	List	   *others = sqm_array_strings_or_null(PG_GETARG_ARRAYTYPE_P(1));
	HTAB	   *taken = sqm_names_create();
	bool		found;
	int			count = list_length(wanted);
	int			lower = 1;
	Datum	   *names = palloc(sizeof(Datum) * (count + 1));
	bool	   *nulls = palloc(sizeof(bool) * (count + 1));
	ListCell   *lc;
	ArrayType  *result;

	foreach(lc, others)
		if (lfirst(lc) != NULL && strlen(lfirst(lc)) < NAMEDATALEN)
			(void) enter_name(taken, lfirst(lc), &found);
	foreach(lc, wanted)
	{
		int			i = foreach_current_index(lc);

		nulls[i] = lfirst(lc) == NULL;
		names[i] = nulls[i] ? (Datum) 0 :
			CStringGetTextDatum(sqm_names_take(taken, lfirst(lc)));
	}
	hash_destroy(taken);
	if (count == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(TEXTOID));
	result = construct_md_array(names, nulls, 1, &count, &lower, TEXTOID, -1,
								false, TYPALIGN_INT);
	PG_RETURN_ARRAYTYPE_P(result);
}
