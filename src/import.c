/*-------------------------------------------------------------------------
 *
 * import.c
 *		IMPORT FOREIGN SCHEMA: which foreign tables show a SQLite database?
 *
 * Types are those that the declarations propose first (typemap.c), or, with
 * the option types 'measured', the first of those proposed that hold every
 * value (measure.c).  A table that cannot be described is skipped with a
 * warning: one odd table must not hide the others.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "utils/builtins.h"

#include "catalog.h"
#include "measure.h"
#include "names.h"
#include "option.h"
#include "scan.h"
#include "source.h"
#include "typemap.h"

/* The options of the statement. */
typedef struct ImportOptions
{
	bool		views;			/* views, too */
	bool		generated;		/* generated columns, too */
	bool		not_null;
	bool		measured;
	const char *names;			/* keep, lower or snake */
	SqmValueOptions value;
} ImportOptions;

/* 'text' as a literal that does not depend on standard_conforming_strings */
static void
append_literal(StringInfo out, const char *text)
{
	appendStringInfoString(out, quote_literal_cstr(text));
}

/*
 * "name" as PostgreSQL can hold it, and different from those taken.
 */
static char *
unique_name(const char *name, HTAB *taken)
{
	return sqm_names_take(taken, name);
}

/*
 * Type names that are not keywords would be looked up in the search path of
 * whoever runs the import.
 */
static const char *
qualified_type(const char *type)
{
	static const char *const names[] = {
		"text", "bytea", "uuid", "json", "jsonb", "date", "timestamptz"
	};

	for (int i = 0; i < (int) lengthof(names); i++)
		if (strcmp(type, names[i]) == 0)
			return psprintf("pg_catalog.%s", type);
	return type;
}

/* What the declaration, or the data, says. */
static const char *
column_type(SqmColumnFact *column, const char *measured)
{
	if (measured != NULL)
		return measured;
	/* without a declaration only text is safe to promise */
	if (sqm_typemap_is_dynamic(column->declared) && !column->rowid_alias)
		return "text";
	return linitial(sqm_typemap_candidates(column->declared, column->rowid_alias));
}

static void
append_column(StringInfo sql, SqmColumnFact *column, const char *measured,
			  const ImportOptions *options, HTAB *taken)
{
	char	   *name = unique_name(sqm_names_fold(column->name, options->names),
								   taken);

	appendStringInfo(sql, "%s\n  %s %s", hash_get_num_entries(taken) > 1 ? "," : "",
					 quote_identifier(name),
					 qualified_type(column_type(column, measured)));
	appendStringInfoString(sql, " OPTIONS (column_name ");
	append_literal(sql, column->name);
	if (column->pk_position > 0)
		appendStringInfoString(sql, ", key 'true'");
	appendStringInfoChar(sql, ')');
	if (options->not_null && (column->not_null || column->rowid_alias))
		appendStringInfoString(sql, " NOT NULL");
}

static bool
column_is_wanted(SqmColumnFact *column, const ImportOptions *options)
{
	return column->hidden == SQM_VISIBLE ||
		(column->hidden != SQM_HIDDEN && options->generated);
}

/* The types of the columns that are wanted, or NIL: as they are declared. */
static List *
measured_types(SqmTableFact *table, const ImportOptions *options, SqmLite *lite)
{
	List	   *names = NIL;
	List	   *chains = NIL;
	ListCell   *lc;

	if (!options->measured)
		return NIL;
	foreach(lc, table->columns)
	{
		SqmColumnFact *column = lfirst(lc);
		List	   *chain = NIL;
		ListCell   *type;

		if (!column_is_wanted(column, options))
			continue;
		foreach(type, sqm_typemap_candidates(column->declared, column->rowid_alias))
			chain = lappend(chain, (char *) qualified_type(lfirst(type)));
		names = lappend(names, column->name);
		chains = lappend(chains, chain);
	}
	return sqm_measure_types(lite, table->name, names, chains, &options->value);
}

static char *
create_statement(SqmTableFact *table, const char *name, const char *schema,
				 const char *server, const ImportOptions *options, SqmLite *lite)
{
	StringInfoData sql;
	HTAB	   *taken = sqm_names_create();
	List	   *types = measured_types(table, options, lite);
	int			i = 0;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE FOREIGN TABLE %s.%s (",
					 quote_identifier(schema), quote_identifier(name));
	foreach(lc, table->columns)
	{
		SqmColumnFact *column = lfirst(lc);

		if (column_is_wanted(column, options))
			append_column(&sql, column, types != NIL ? list_nth(types, i++) : NULL,
						  options, taken);
	}
	appendStringInfo(&sql, "\n) SERVER %s OPTIONS (\"table\" ",
					 quote_identifier(server));
	append_literal(&sql, table->name);
	appendStringInfoChar(&sql, ')');
	hash_destroy(taken);
	return sql.data;
}

/* LIMIT TO and EXCEPT name tables as PostgreSQL would call them. */
static bool
is_wanted(ImportForeignSchemaStmt *stmt, const char *name)
{
	ListCell   *lc;

	if (stmt->list_type == FDW_IMPORT_SCHEMA_ALL)
		return true;
	foreach(lc, stmt->table_list)
		if (strcmp(lfirst_node(RangeVar, lc)->relname, name) == 0)
			return stmt->list_type == FDW_IMPORT_SCHEMA_LIMIT_TO;
	return stmt->list_type == FDW_IMPORT_SCHEMA_EXCEPT;
}

static void
check_statement(ImportForeignSchemaStmt *stmt)
{
	if (strcmp(stmt->remote_schema, "main") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
				 errmsg("SQLite has no schema \"%s\"", stmt->remote_schema),
				 errhint("The tables of a SQLite database are in schema \"main\".")));
}

/* One of these words; anything else is an error. */
static const char *
word_option(DefElem *def, const char *const *words, int count)
{
	char	   *value = defGetString(def);
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < count; i++)
	{
		if (strcmp(value, words[i]) == 0)
			return words[i];
		appendStringInfo(&list, "%s\"%s\"", i > 0 ? ", " : "", words[i]);
	}
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_STRING_FORMAT),
			 errmsg("invalid value for option \"%s\": \"%s\"", def->defname, value),
			 errhint("Valid values are: %s.", list.data)));
}

static void
read_option(DefElem *def, ImportOptions *options)
{
	static const char *const styles[] = {"keep", "lower", "snake"};
	static const char *const types[] = {"declared", "measured"};

	if (strcmp(def->defname, "views") == 0)
		options->views = defGetBoolean(def);
	else if (strcmp(def->defname, "generated") == 0)
		options->generated = defGetBoolean(def);
	else if (strcmp(def->defname, "import_not_null") == 0)
		options->not_null = defGetBoolean(def);
	else if (strcmp(def->defname, "import_default") == 0)
		(void) defGetBoolean(def);	/* a default is of use for writing only */
	else if (strcmp(def->defname, "names") == 0)
		options->names = word_option(def, styles, lengthof(styles));
	else if (strcmp(def->defname, "types") == 0)
		options->measured = strcmp(word_option(def, types, lengthof(types)),
								   "measured") == 0;
	else
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("invalid option \"%s\"", def->defname),
				 errhint("Valid options in this context are: %s.",
						 "\"views\", \"generated\", \"names\", \"types\", \"import_not_null\", \"import_default\"")));
}

List *
sqmImportForeignSchema(ImportForeignSchemaStmt *stmt, Oid serverid)
{
	ForeignServer *server = GetForeignServer(serverid);
	List	   *statements = NIL;
	HTAB	   *taken = sqm_names_create();
	ImportOptions options = {.views = true,.generated = true,.not_null = true,.names = "keep"};
	char	   *database;
	Oid			owner;
	SqmLite    *lite;
	ListCell   *lc;

	check_statement(stmt);
	foreach(lc, stmt->options)
		read_option(lfirst_node(DefElem, lc), &options);
	sqm_server_value_options(serverid, &options.value);
	database = sqm_server_database(serverid, &owner);
	lite = sqm_source_open(database, owner, SQM_PURPOSE_READ);
	foreach(lc, sqm_catalog_tables(lite))
	{
		SqmTableFact *table = lfirst(lc);
		char	   *name;

		if (strcmp(table->type, "shadow") == 0 ||
			(strcmp(table->type, "view") == 0 && !options.views))
			continue;
		name = unique_name(sqm_names_fold(table->name, options.names), taken);
		if (!is_wanted(stmt, name))
			continue;
		if (table->problem != NULL)
		{
			ereport(WARNING,
					(errmsg("skipping SQLite %s \"%s\": %s", table->type,
							table->name, table->problem)));
			continue;
		}
		statements = lappend(statements,
							 create_statement(table, name, stmt->local_schema,
											  server->servername, &options, lite));
	}
	return statements;
}
