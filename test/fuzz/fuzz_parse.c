/*-------------------------------------------------------------------------
 *
 * fuzz_parse.c
 *		Fuzz targets for texts: does what comes out of the translator stay in
 *		its place, and does our parser read a schema as SQLite does?
 *
 * "In its place" means that PostgreSQL's own parser reads the text as the one
 * expression or query that it is pasted as, and finds no call in it that
 * no expression of SQLite can have.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sqlite3.h>

#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "parser/parser.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "ddl_facts.h"
#include "deparse.h"
#include "fuzz.h"
#include "lexer.h"
#include "lite.h"
#include "names.h"
#include "option.h"
#include "translate_query.h"
#include "typemap.h"

extern Datum sqm_fdw_validator(PG_FUNCTION_ARGS);

/* ---------------------------------------------------------------------
 * What PostgreSQL's parser makes of a translation
 * ---------------------------------------------------------------------
 */

/* Functions that reach outside of the row; ours never do. */
static bool
call_is_alarming(const char *name)
{
	static const char *const beginnings[] = {
		"pg_", "lo_", "dblink", "set_config", "setval", "nextval", "query_to",
		"current_setting", "txid_", "inet_", "has_", "xml", "database_to",
		"table_to", "schema_to", "cursor_to", "sq2pg_", "load_", "system"
	};

	for (int i = 0; i < lengthof(beginnings); i++)
		if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static bool
look_for_calls(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncCall))
	{
		char	   *name = strVal(llast(((FuncCall *) node)->funcname));

		if (call_is_alarming(name))
			fuzz_finding("a call of %s() in: %s", name, (char *) context);
	}
	return raw_expression_tree_walker(node, look_for_calls, context);
}

/* The one statement that a text is; NULL if it is nested too deeply. */
static Node *
only_statement(char *sql)
{
	List	   *statements = NIL;
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		statements = raw_parser(sql, RAW_PARSE_DEFAULT);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		if (error->sqlerrcode != ERRCODE_STATEMENT_TOO_COMPLEX)
			fuzz_finding("%s in: %s", error->message, sql);
		return NULL;
	}
	PG_END_TRY();
	if (list_length(statements) != 1)
		fuzz_finding("%d statements: %s", list_length(statements), sql);
	return linitial_node(RawStmt, statements)->stmt;
}

static void
check_query(char *sql)
{
	Node	   *node = only_statement(sql);

	if (node == NULL)
		return;
	if (!IsA(node, SelectStmt) || ((SelectStmt *) node)->intoClause != NULL)
		fuzz_finding("not a plain query: %s", sql);
	(void) look_for_calls(node, sql);
}

/* SELECT (text), and nothing more. */
static void
check_expression(const char *text)
{
	char	   *sql = psprintf("SELECT (%s)", text);
	SelectStmt *select = (SelectStmt *) only_statement(sql);

	if (select == NULL)
		return;
	if (!IsA(select, SelectStmt) || list_length(select->targetList) != 1 ||
		linitial_node(ResTarget, select->targetList)->name != NULL ||
		select->fromClause != NIL || select->whereClause != NULL ||
		select->op != SETOP_NONE || select->sortClause != NIL ||
		select->limitCount != NULL || select->intoClause != NULL ||
		select->withClause != NULL)
		fuzz_finding("more than an expression: %s", sql);
	(void) look_for_calls((Node *) select, sql);
}

/* A default is pasted without parentheses. */
static void
check_default(const char *text)
{
	char	   *sql = psprintf("CREATE TABLE t (a integer DEFAULT %s)", text);
	CreateStmt *create = (CreateStmt *) only_statement(sql);
	ColumnDef  *column;

	if (create == NULL)
		return;
	if (!IsA(create, CreateStmt) || list_length(create->tableElts) != 1)
		fuzz_finding("more than a default: %s", sql);
	column = linitial_node(ColumnDef, create->tableElts);
	if (list_length(column->constraints) != 1 ||
		linitial_node(Constraint, column->constraints)->contype != CONSTR_DEFAULT)
		fuzz_finding("more than a default: %s", sql);
	(void) look_for_calls(linitial_node(Constraint, column->constraints)->raw_expr,
						  sql);
}

static void
check_translation(SqmTranslation *t, SqmContext context)
{
	if (t->text == NULL)
	{
		if (t->problem == NULL || t->problem[0] == '\0')
			fuzz_finding("neither a text nor a problem");
		return;
	}
	if (context == SQM_CONTEXT_DEFAULT)
		check_default(t->text);
	else
		check_expression(t->text);
}

/* ---------------------------------------------------------------------
 * Translation
 * ---------------------------------------------------------------------
 */

static List *
some_columns(void)
{
	static const SqmColumnInfo some[] = {
		{"id", "id", "bigint", NULL, "INTEGER", true},
		{"done", "done", "boolean", NULL, "NUMERIC"},
		{"n", "n", "integer", NULL, "INTEGER"},
		{"s", "s", "smallint", NULL, "INTEGER"},
		{"f", "f", "double precision", NULL, "REAL"},
		{"price", "price", "numeric(10,2)", NULL, "NUMERIC"},
		{"name", "na\"me", "text", NULL, "TEXT"},
		{"email", "email", "varchar(30)", "NOCASE", "TEXT"},
		{"r", "r", "text", "RTRIM", "TEXT"},
		{"d", "d", "date", NULL, "NUMERIC"},
		{"ts", "ts", "timestamp", NULL, "NUMERIC"},
		{"tz", "tz", "timestamptz", NULL, "NUMERIC"},
		{"j", "j", "jsonb", NULL, "NUMERIC"},
		{"b", "b", "bytea", NULL, "BLOB"},
		{"u", "u", "uuid", NULL, "TEXT"},
		{"a'b\"; --", "a'b\"; --", "text", NULL, "TEXT"}
	};
	List	   *columns = NIL;

	for (int i = 0; i < lengthof(some); i++)
		columns = lappend(columns, unconstify(SqmColumnInfo *, &some[i]));
	return columns;
}

void
fuzz_translate(FuzzInput *input)
{
	static const char *const wanted[] = {
		"bigint", "boolean", "text", "double precision", "numeric(10,2)",
		"timestamp", "date", "jsonb", "bytea", "uuid", "varchar(3)", "time",
		"integer", "timestamptz", "json", "smallint"
	};
	int			choice = fuzz_byte(input);
	SqmContext	context = (SqmContext) (choice % SQM_CONTEXT_VIEW);
	const char *type = wanted[(choice / SQM_CONTEXT_VIEW) % lengthof(wanted)];
	char	   *text = fuzz_rest(input);

	check_translation(sqm_translate(text, input->size, context,
									context == SQM_CONTEXT_DEFAULT ? NIL :
									some_columns(),
									context == SQM_CONTEXT_DEFAULT ||
									context == SQM_CONTEXT_GENERATED ? type : NULL),
					  context);
}

static void
check_view(char *ddl, int length)
{
	SqmTableInfo *t = palloc0(sizeof(SqmTableInfo));
	SqmTableInfo *u = palloc0(sizeof(SqmTableInfo));
	List	   *outputs = NIL;
	SqmTranslation *translation;

	t->name = t->target = "t";
	t->schema = "public";
	t->columns = some_columns();
	t->rowid = "id";
	t->primary_key = list_make1("id");
	u->name = "u";
	u->target = "u\"; DROP";
	u->schema = "s\"; DROP";
	u->columns = list_copy_head(some_columns(), 7);
	translation = sqm_translate_view(ddl, length, list_make2(t, u), &outputs);
	if (translation->text == NULL)
		check_translation(translation, SQM_CONTEXT_VIEW);
	else
		check_query(translation->text);
}

void
fuzz_view(FuzzInput *input)
{
	char	   *text = psprintf("CREATE VIEW v AS %s", fuzz_rest(input));

	check_view(text, strlen(text));
}

/* ---------------------------------------------------------------------
 * Statements of a schema
 * ---------------------------------------------------------------------
 */

static List *
columns_of_facts(SqmObjectFact *facts)
{
	List	   *columns = NIL;
	ListCell   *lc;

	foreach(lc, facts->columns)
	{
		SqmColumnFact *fact = lfirst(lc);
		SqmColumnInfo *column = palloc0(sizeof(SqmColumnInfo));

		column->name = column->target = fact->name;
		column->type = linitial(sqm_typemap_candidates(fact->type ? fact->type : "",
													   false));
		column->collation = fact->collation;
		column->not_null = fact->not_null;
		columns = lappend(columns, column);
	}
	return columns;
}

static void
translate_text(char *text, SqmContext context, List *columns,
			   const char *wanted)
{
	if (text != NULL)
		check_translation(sqm_translate(text, strlen(text), context, columns,
										wanted), context);
}

static void
translate_facts(SqmObjectFact *facts)
{
	List	   *columns = facts->kind == SQM_OBJECT_TABLE ?
		columns_of_facts(facts) : some_columns();
	ListCell   *lc;

	foreach(lc, facts->columns)
	{
		SqmColumnFact *fact = lfirst(lc);
		SqmColumnInfo *info = list_nth(columns, foreach_current_index(lc));

		translate_text(fact->default_text, SQM_CONTEXT_DEFAULT, NIL, info->type);
		translate_text(fact->generated, SQM_CONTEXT_GENERATED, columns, info->type);
	}
	foreach(lc, facts->checks)
		translate_text(((SqmCheckFact *) lfirst(lc))->expression,
					   SQM_CONTEXT_CHECK, columns, NULL);
	foreach(lc, facts->keys)
		translate_text(((SqmKeyFact *) lfirst(lc))->expression,
					   SQM_CONTEXT_INDEX, columns, NULL);
	translate_text(facts->where, SQM_CONTEXT_WHERE, columns, NULL);
}

void
fuzz_ddl(FuzzInput *input)
{
	char	   *ddl = fuzz_rest(input);
	const char *error = NULL;
	int			error_pos = 0;
	SqmObjectFact *facts = sqm_ddl_facts(ddl, input->size, &error, &error_pos);

	if (facts == NULL)
	{
		if (error == NULL || error_pos < 0 || error_pos > (int) input->size)
			fuzz_finding("an error without its place (%d)", error_pos);
		return;
	}
	translate_facts(facts);
	if (facts->kind == SQM_OBJECT_VIEW)
		check_view(ddl, input->size);
}

/* ---------------------------------------------------------------------
 * The same statements, as SQLite reads them
 * ---------------------------------------------------------------------
 */

static int
on_authorize(void *arg, int action, const char *a, const char *b, const char *c,
			 const char *d)
{
	return action == SQLITE_ATTACH || action == SQLITE_PRAGMA ||
		(action == SQLITE_FUNCTION && b != NULL &&
		 strcmp(b, "load_extension") == 0) ? SQLITE_DENY : SQLITE_OK;
}

static int
on_progress(void *arg)
{
	return ++*(int *) arg > 20;
}

static int64
ask(sqlite3 *db, const char *question, const char *table)
{
	sqlite3_stmt *stmt;
	int64		answer = -1;

	if (sqlite3_prepare_v2(db, question, -1, &stmt, NULL) != SQLITE_OK)
		return -1;
	sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		answer = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return answer;
}

static void
compare_count(sqlite3 *db, const char *question, const char *table,
			  const char *sql, const char *what, int64 ours)
{
	int64		theirs = ask(db, question, table);

	if (theirs >= 0 && theirs != ours)
		fuzz_finding("SQLite sees %lld %s, we %lld: %s", (long long) theirs,
					 what, (long long) ours, sql);
}

static void
compare_columns(sqlite3 *db, const char *table, const char *sql,
				SqmObjectFact *facts)
{
	sqlite3_stmt *stmt;
	int			i = 0;

	if (sqlite3_prepare_v2(db, "SELECT name, dflt_value, \"notnull\", hidden, pk FROM pragma_table_xinfo(?1) ORDER BY cid",
						   -1, &stmt, NULL) != SQLITE_OK)
		return;
	sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
	for (; sqlite3_step(stmt) == SQLITE_ROW; i++)
	{
		const char *name = (const char *) sqlite3_column_text(stmt, 0);
		SqmColumnFact *fact;

		if (i >= list_length(facts->columns))
			fuzz_finding("SQLite sees more columns (%s): %s", name, sql);
		fact = list_nth(facts->columns, i);
		if (strcmp(fact->name, name) != 0)
			fuzz_finding("column \"%s\" is \"%s\" to us: %s", name, fact->name, sql);
		if ((sqlite3_column_type(stmt, 1) != SQLITE_NULL) != fact->has_default &&
			fact->generated == NULL)
			fuzz_finding("default of column \"%s\": %s", name, sql);
		if (sqlite3_column_int(stmt, 2) != fact->not_null &&
			sqlite3_column_int(stmt, 4) == 0)
			fuzz_finding("NOT NULL of column \"%s\": %s", name, sql);
		if ((sqlite3_column_int(stmt, 3) > 1) != (fact->generated != NULL) ||
			(sqlite3_column_int(stmt, 3) == 3) != fact->stored)
			fuzz_finding("generated column \"%s\": %s", name, sql);
	}
	sqlite3_finalize(stmt);
	if (i != list_length(facts->columns))
		fuzz_finding("SQLite sees %d columns, we %d: %s", i,
					 list_length(facts->columns), sql);
}

static void
compare_object(sqlite3 *db, const char *type, const char *name, const char *sql)
{
	const char *error = NULL;
	int			error_pos;
	SqmObjectFact *facts;

	if (pg_encoding_verifymbstr(PG_UTF8, sql, strlen(sql)) != strlen(sql))
		return;
	facts = sqm_ddl_facts(sql, strlen(sql), &error, &error_pos);
	if (facts == NULL)
		fuzz_finding("%s at %d, but SQLite takes it: %s", error, error_pos, sql);
	translate_facts(facts);
	if (facts->kind == SQM_OBJECT_TABLE)
	{
		compare_columns(db, name, sql, facts);
		compare_count(db, "SELECT count(DISTINCT id) FROM pragma_foreign_key_list(?1)",
					  name, sql, "foreign keys", list_length(facts->foreign_keys));
		compare_count(db, "SELECT count(*) FROM pragma_table_list(?1) WHERE wr AND schema = 'main'",
					  name, sql, "WITHOUT ROWID", facts->without_rowid);
		compare_count(db, "SELECT count(*) FROM pragma_table_list(?1) WHERE strict AND schema = 'main'",
					  name, sql, "STRICT", facts->strict);
		compare_count(db, "SELECT count(*) FROM pragma_table_xinfo(?1) WHERE pk > 0",
					  name, sql, "columns in the primary key",
					  facts->primary_key ? list_length(facts->primary_key->keys) : 0);
	}
	else if (facts->kind == SQM_OBJECT_INDEX)
	{
		compare_count(db, "SELECT count(*) FROM pragma_index_xinfo(?1) WHERE key",
					  name, sql, "keys", list_length(facts->keys));
		compare_count(db, "SELECT partial FROM pragma_index_list((SELECT tbl_name FROM sqlite_schema WHERE name = ?1)) WHERE name = ?1",
					  name, sql, "conditions", facts->where != NULL);
	}
}

void
fuzz_schema(FuzzInput *input)
{
	char	   *script = fuzz_rest(input);
	sqlite3    *db = NULL;
	sqlite3_stmt *stmt;
	int			progress = 0;

	if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE |
						SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return;
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_set_authorizer(db, on_authorize, NULL);
	sqlite3_progress_handler(db, 5000, on_progress, &progress);
	(void) sqlite3_exec(db, script, NULL, NULL, NULL);
	sqlite3_set_authorizer(db, NULL, NULL);
	sqlite3_progress_handler(db, 0, NULL, NULL);
	if (sqlite3_prepare_v2(db, "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN ('table', 'index') AND name NOT LIKE 'sqlite_%'",
						   -1, &stmt, NULL) == SQLITE_OK)
	{
		while (sqlite3_step(stmt) == SQLITE_ROW)
			compare_object(db, (const char *) sqlite3_column_text(stmt, 0),
						   (const char *) sqlite3_column_text(stmt, 1),
						   (const char *) sqlite3_column_text(stmt, 2));
		sqlite3_finalize(stmt);
	}
	sqlite3_close(db);
}

/* ---------------------------------------------------------------------
 * Names and options
 * ---------------------------------------------------------------------
 */

/* A quoted name is one token, and says the name. */
static void
check_quoted(const char *name)
{
	char	   *quoted = sqm_lite_quote(name);
	SqmCursor	cursor;

	if (!sqm_lex(&cursor, quoted, strlen(quoted)) || cursor.count != 2 ||
		cursor.tokens[0].kind != SQM_TOK_QUOTED ||
		strcmp(sqm_token_text(&cursor, &cursor.tokens[0]), name) != 0)
		fuzz_finding("quoted name: %s", quoted);
}

/* The query for a table names exactly it and the columns. */
static void
check_deparsed(const char *table, char *first, char *second)
{
	char	   *sql = sqm_deparse_table(table, list_make2(first, second), NULL);
	SqmCursor	cursor;
	const int	name_at[] = {3, 7, 11};
	const char *names[] = {first, second, table};

	/* SELECT t . a , t . b FROM main . c AS t */
	if (!sqm_lex(&cursor, sql, strlen(sql)) || cursor.count != 15)
		fuzz_finding("%d tokens: %s", cursor.count, sql);
	for (int i = 0; i < 3; i++)
		if (strcmp(sqm_token_text(&cursor, &cursor.tokens[name_at[i]]), names[i]) != 0)
			fuzz_finding("token %d: %s", name_at[i], sql);
}

static void
check_names(char **names, int count)
{
	HTAB	   *taken = sqm_names_create();

	for (int i = 0; i < count; i++)
	{
		char	   *name = sqm_names_take(taken, names[i]);

		if (strlen(name) >= NAMEDATALEN || name[0] == '\0' ||
			!pg_verify_mbstr(PG_UTF8, name, strlen(name), true))
			fuzz_finding("name \"%s\" from \"%s\"", name, names[i]);
		for (int j = 0; j < i; j++)
			if (strcmp(names[j], name) == 0)
				fuzz_finding("name \"%s\" is used twice", name);
		names[i] = name;
	}
	hash_destroy(taken);
}

/* Everything after "$" of a proposed type is a number. */
static void
check_types(const char *declared)
{
	ListCell   *lc;

	foreach(lc, sqm_typemap_candidates(declared, false))
	{
		char	   *type = lfirst(lc);

		if (strspn(type, "abcdefghijklmnopqrstuvwxyz_ 0123456789(),") != strlen(type))
			fuzz_finding("type %s from \"%s\"", type, declared);
	}
	(void) sqm_typemap_is_dynamic(declared);
}

void
fuzz_option(FuzzInput *input)
{
	static const Oid catalogs[] = {
		ForeignServerRelationId, ForeignTableRelationId, AttributeRelationId
	};
	int			choice = fuzz_byte(input);
	char	   *names[4];
	Datum		options[4];

	for (int i = 0; i < 4; i++)
	{
		char	   *text = fuzz_text_until_nul(input);

		if (!pg_verify_mbstr(PG_UTF8, text, strlen(text), true))
			return;
		check_quoted(text);
		check_types(text);
		options[i] = CStringGetTextDatum(text);
		names[i] = text;
	}
	check_deparsed(names[0], names[1], names[2]);
	check_names(names, 4);
	(void) DirectFunctionCall2(sqm_fdw_validator,
							   PointerGetDatum(construct_array(options, 1 + choice / 3 % 4,
															   TEXTOID, -1, false, TYPALIGN_INT)),
							   ObjectIdGetDatum(catalogs[choice % 3]));
}
