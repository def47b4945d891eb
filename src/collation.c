/*-------------------------------------------------------------------------
 *
 * collation.c
 *		What does a collation of PostgreSQL's do, as far as SQLite can do it?
 *
 * By the catalogs, for the server's own header wants that of ICU.  "C" and
 * "POSIX" of libc are known, and since 17 the provider that is the server
 * itself ("b"), all of whose locales sort by code points.  Of everything else
 * the answer is no.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "collation.h"

/* What the catalogs say of a collation */
typedef struct Locale
{
	char		provider;
	bool		collates_as_c;
	bool		letters_as_c;
} Locale;

static bool
is_c(int cache, HeapTuple tuple, AttrNumber attribute)
{
	bool		isnull;
	Datum		value = SysCacheGetAttr(cache, tuple, attribute, &isnull);
	char	   *name;

	if (isnull)
		return false;
	name = TextDatumGetCString(value);
	return strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0;
}

static void
database_locale(Locale *locale)
{
	HeapTuple	tuple = SearchSysCache1(DATABASEOID,
										ObjectIdGetDatum(MyDatabaseId));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for database %u", MyDatabaseId);
	locale->provider = ((Form_pg_database) GETSTRUCT(tuple))->datlocprovider;
	locale->collates_as_c = is_c(DATABASEOID, tuple, Anum_pg_database_datcollate);
	locale->letters_as_c = is_c(DATABASEOID, tuple, Anum_pg_database_datctype);
	ReleaseSysCache(tuple);
}

static void
collation_locale(Oid collation, Locale *locale)
{
	HeapTuple	tuple;

	if (collation == DEFAULT_COLLATION_OID)
	{
		database_locale(locale);
		return;
	}
	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	locale->provider = ((Form_pg_collation) GETSTRUCT(tuple))->collprovider;
	locale->collates_as_c = is_c(COLLOID, tuple, Anum_pg_collation_collcollate);
	locale->letters_as_c = is_c(COLLOID, tuple, Anum_pg_collation_collctype);
	ReleaseSysCache(tuple);
}

/* Is text sorted by its bytes?  Of no collation: no. */
bool
sqm_collation_sorts_bytes(Oid collation)
{
	Locale		locale;

	if (!OidIsValid(collation))
		return false;
	collation_locale(collation, &locale);
	return locale.provider == 'b' ||
		(locale.provider == COLLPROVIDER_LIBC && locale.collates_as_c);
}

/* Are the letters of ASCII all that it knows the case of? */
bool
sqm_collation_knows_only_ascii(Oid collation)
{
	Locale		locale;

	if (!OidIsValid(collation))
		return false;
	collation_locale(collation, &locale);
	return locale.provider == COLLPROVIDER_LIBC && locale.letters_as_c;
}
