/*-------------------------------------------------------------------------
 *
 * import.c
 *		IMPORT FOREIGN SCHEMA: which foreign tables show a SQLite database?
 *
 * Types are those that the declarations propose first (typemap.c); the data
 * is not looked at.  A table that cannot be described is skipped with a
 * warning: one odd table must not hide the others.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "foreign/foreign.h"
#include "utils/builtins.h"

#include "catalog.h"
#include "names.h"
#include "option.h"
#include "scan.h"
#include "source.h"
#include "typemap.h"

/* 'text' as a literal that does not depend on standard_conforming_strings */
static void
append_literal(StringInfo out, const char *text)
{
	appendStringInfoString(out, quote_literal_cstr(text));
}

/*
 * "name" as PostgreSQL can hold it, and different from those taken.  SQLite
 * has no objection to an empty one.
 */
static char *
unique_name(const char *name, HTAB *taken)
{
	return sqm_names_take(taken, name[0] != '\0' ? name : "_");
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

static void
append_column(StringInfo sql, SqmColumnFact *column, HTAB *taken)
{
	char	   *name = unique_name(column->name, taken);
	List	   *types = sqm_typemap_candidates(column->declared, column->rowid_alias);
	/* without a declaration only text is safe to promise */
	const char *type = sqm_typemap_is_dynamic(column->declared) &&
		!column->rowid_alias ? "text" : linitial(types);

	appendStringInfo(sql, "%s\n  %s %s", hash_get_num_entries(taken) > 1 ? "," : "",
					 quote_identifier(name), qualified_type(type));
	appendStringInfoString(sql, " OPTIONS (column_name ");
	append_literal(sql, column->name);
	if (column->pk_position > 0)
		appendStringInfoString(sql, ", key 'true'");
	appendStringInfoChar(sql, ')');
	if (column->not_null || column->rowid_alias)
		appendStringInfoString(sql, " NOT NULL");
}

static char *
create_statement(SqmTableFact *table, const char *name, const char *schema,
				 const char *server)
{
	StringInfoData sql;
	HTAB	   *taken = sqm_names_create();
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE FOREIGN TABLE %s.%s (",
					 quote_identifier(schema), quote_identifier(name));
	foreach(lc, table->columns)
	{
		SqmColumnFact *column = lfirst(lc);

		if (column->hidden != SQM_HIDDEN)
			append_column(&sql, column, taken);
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
	if (stmt->options != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("invalid option \"%s\"",
						((DefElem *) linitial(stmt->options))->defname),
				 errhint("There are no valid options in this context.")));
}

List *
sqmImportForeignSchema(ImportForeignSchemaStmt *stmt, Oid serverid)
{
	ForeignServer *server = GetForeignServer(serverid);
	List	   *statements = NIL;
	HTAB	   *taken = sqm_names_create();
	char	   *database;
	Oid			owner;
	SqmLite    *lite;
	ListCell   *lc;

	check_statement(stmt);
	database = sqm_server_database(serverid, &owner);
	lite = sqm_source_open(database, owner, SQM_PURPOSE_READ);
	foreach(lc, sqm_catalog_tables(lite))
	{
		SqmTableFact *table = lfirst(lc);
		char	   *name;

		if (strcmp(table->type, "shadow") == 0)
			continue;
		name = unique_name(table->name, taken);
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
											  server->servername));
	}
	return statements;
}
