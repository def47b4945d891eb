/*-------------------------------------------------------------------------
 *
 * option.c
 *		Which options may be set where, and what do they say?
 *
 * The validator also asks for the right to read the file, from whoever sets
 * it; the right of the server's owner is asked for again at each open
 * (source.c).  Whether the file exists is not looked at here: pg_restore must
 * be able to create a server for a file that comes later.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/reloptions.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "option.h"
#include "rights.h"

/* What an option's value may be. */
typedef enum OptionKind
{
	OPTION_TEXT,
	OPTION_SOURCE,
	OPTION_ZONE,
	OPTION_BOOLEAN,
	OPTION_COUNT,				/* a positive number */
	OPTION_REFUSED				/* a boolean: to write is not possible here */
} OptionKind;

typedef struct Option
{
	const char *name;
	Oid			context;		/* the catalog it belongs to */
	OptionKind	kind;
} Option;

/*
 * The last of each context are there so that scripts written for sqlite_fdw
 * run; they mean nothing for a database that is only read.
 */
static const Option options[] = {
	{"database", ForeignServerRelationId, OPTION_SOURCE},
	{"time_zone", ForeignServerRelationId, OPTION_ZONE},
	{"empty_as_null", ForeignServerRelationId, OPTION_BOOLEAN},
	{"keep_connections", ForeignServerRelationId, OPTION_BOOLEAN},
	{"force_readonly", ForeignServerRelationId, OPTION_BOOLEAN},
	{"updatable", ForeignServerRelationId, OPTION_REFUSED},
	{"truncatable", ForeignServerRelationId, OPTION_REFUSED},
	{"batch_size", ForeignServerRelationId, OPTION_COUNT},
	{"table", ForeignTableRelationId, OPTION_TEXT},
	{"updatable", ForeignTableRelationId, OPTION_REFUSED},
	{"truncatable", ForeignTableRelationId, OPTION_REFUSED},
	{"batch_size", ForeignTableRelationId, OPTION_COUNT},
	{"column_name", AttributeRelationId, OPTION_TEXT},
	{"key", AttributeRelationId, OPTION_BOOLEAN},
	{"column_type", AttributeRelationId, OPTION_TEXT},
};

PG_FUNCTION_INFO_V1(sqm_fdw_validator);

/* "a, b, c": the options that are valid in this place. */
static char *
valid_options(Oid context)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < (int) lengthof(options); i++)
		if (options[i].context == context)
			appendStringInfo(&list, "%s\"%s\"", list.len > 0 ? ", " : "",
							 options[i].name);
	return list.data;
}

static const Option *
find_definition(const char *name, Oid context)
{
	for (int i = 0; i < (int) lengthof(options); i++)
		if (options[i].context == context && strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

static void
refuse_writing(DefElem *def)
{
	if (!defGetBoolean(def))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("option \"%s\" cannot be true", def->defname),
			 errdetail("SQLite databases are read-only here: an application may be using the file."),
			 errhint("Migrate the database with sq2pg_migrate() and change it in PostgreSQL; sq2pg_export() writes a new SQLite database from there.")));
}

static void
check_count(DefElem *def)
{
	char	   *text = defGetString(def);
	char	   *end;
	long		value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || *end != '\0' || value <= 0 || value > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" must be an integer value greater than zero",
						def->defname)));
}

static void
check_option(DefElem *def, Oid context)
{
	const Option *option = find_definition(def->defname, context);

	if (option == NULL)
	{
		char	   *valid = valid_options(context);

		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("invalid option \"%s\"", def->defname),
				 valid[0] != '\0' ?
				 errhint("Valid options in this context are: %s.", valid) :
				 errhint("There are no valid options in this context.")));
	}
	switch (option->kind)
	{
		case OPTION_TEXT:
			break;
		case OPTION_SOURCE:
			sqm_source_check_rights(defGetString(def), GetUserId());
			break;
		case OPTION_ZONE:
			(void) sqm_time_zone(defGetString(def));
			break;
		case OPTION_BOOLEAN:
			(void) defGetBoolean(def);
			break;
		case OPTION_COUNT:
			check_count(def);
			break;
		case OPTION_REFUSED:
			refuse_writing(def);
			break;
	}
}

/*
 * sqlite_fdw_mig_validator(options text[], catalog oid)
 */
Datum
sqm_fdw_validator(PG_FUNCTION_ARGS)
{
	List	   *given = untransformRelOptions(PG_GETARG_DATUM(0));
	Oid			context = PG_GETARG_OID(1);
	ListCell   *lc;

	foreach(lc, given)
		check_option(lfirst_node(DefElem, lc), context);
	PG_RETURN_VOID();
}

/* The zone called "name"; not to exist is an error. */
pg_tz *
sqm_time_zone(const char *name)
{
	pg_tz	   *zone = pg_tzset(name);

	if (zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" not recognized", name),
				 errhint("Valid names are listed in the view pg_timezone_names.")));
	return zone;
}

PG_FUNCTION_INFO_V1(sqm_check_time_zone);

/*
 * sq2pg.check_time_zone(name text)
 */
Datum
sqm_check_time_zone(PG_FUNCTION_ARGS)
{
	(void) sqm_time_zone(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_VOID();
}

static char *
find_option(List *defs, const char *name)
{
	ListCell   *lc;

	foreach(lc, defs)
	{
		DefElem    *def = lfirst_node(DefElem, lc);

		if (strcmp(def->defname, name) == 0)
			return defGetString(def);
	}
	return NULL;
}

/*
 * The source that a server names, and its owner.
 */
char *
sqm_server_database(Oid serverid, Oid *owner)
{
	ForeignServer *server = GetForeignServer(serverid);
	char	   *database = find_option(server->options, "database");

	if (database == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
				 errmsg("server \"%s\" names no SQLite database", server->servername),
				 errhint("ALTER SERVER %s OPTIONS (ADD database '/absolute/path.db');",
						 quote_identifier(server->servername))));
	*owner = server->owner;
	return database;
}

/* What a server says about values. */
void
sqm_server_value_options(Oid serverid, SqmValueOptions *value)
{
	ForeignServer *server = GetForeignServer(serverid);
	char	   *zone = find_option(server->options, "time_zone");
	char	   *empty = find_option(server->options, "empty_as_null");

	value->time_zone = sqm_time_zone(zone != NULL ? zone : "UTC");
	value->empty_as_null = false;
	if (empty != NULL && !parse_bool(empty, &value->empty_as_null))
		elog(ERROR, "option \"empty_as_null\" is not a boolean");
}

/*
 * Everything a scan of this foreign table has to know (palloc'd).
 */
SqmTableOptions *
sqm_table_options(Oid relid)
{
	SqmTableOptions *result = palloc0(sizeof(SqmTableOptions));
	ForeignTable *table = GetForeignTable(relid);
	char	   *keep = find_option(GetForeignServer(table->serverid)->options,
								   "keep_connections");

	result->database = sqm_server_database(table->serverid, &result->owner);
	result->table = find_option(table->options, "table");
	if (result->table == NULL)
		result->table = get_rel_name(relid);
	result->keep_connection = true;
	if (keep != NULL && !parse_bool(keep, &result->keep_connection))
		elog(ERROR, "option \"keep_connections\" is not a boolean");
	sqm_server_value_options(table->serverid, &result->value);
	return result;
}

/* The name in SQLite of a column of a foreign table. */
char *
sqm_column_name(Oid relid, int attnum, const char *attname)
{
	char	   *name = find_option(GetForeignColumnOptions(relid, attnum),
								   "column_name");

	return name != NULL ? name : pstrdup(attname);
}
