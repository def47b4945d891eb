/*-------------------------------------------------------------------------
 *
 * fuzz_export.c
 *		Fuzz targets for queries that SQLite answers in the place of PostgreSQL:
 *		the answer is the same.
 *
 * Most inputs are choices in a grammar of queries over two tables, some are
 * text.  For the export a view is made of each; where it can be written for
 * SQLite, both databases answer.  For foreign tables the same query is asked
 * of tables and of foreign tables with the same rows.  test/fuzz/export.sql
 * makes all of these.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>
#include <sqlite3.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"

#include "fuzz.h"

#define LONGEST_QUERY 20000
#define MOST_ROWS 2000

static sqlite3 *twin;

/* ---------------------------------------------------------------------
 * The grammar
 * ---------------------------------------------------------------------
 */

typedef struct Maker
{
	FuzzInput  *input;
	StringInfoData out;
	bool		joined;			/* there is a table q, too */
} Maker;

static void make_condition(Maker *maker, int depth);
static void make_integer(Maker *maker, int depth);
static void make_text(Maker *maker, int depth);

static int
choose(Maker *maker, int options)
{
	return fuzz_byte(maker->input) % options;
}

static void
put(Maker *maker, const char *text)
{
	appendStringInfoString(&maker->out, text);
}

#define ONE_OF(maker, list) put(maker, (list)[choose(maker, lengthof(list))])

/* Is it time for a leaf?  So it is at the end of the input. */
static bool
is_leaf(Maker *maker, int depth)
{
	return depth <= 0 || maker->input->size == 0 ||
		maker->out.len > LONGEST_QUERY || choose(maker, 5) == 0;
}

static void
make_integer_leaf(Maker *maker)
{
	static const char *const own[] = {
		"r.id", "r.i", "r.s", "r.b", "r.i", "1", "0", "-1", "7", "2147483647",
		"(-2147483648)", "9223372036854775807", "NULL::int", "100"
	};
	static const char *const joined[] = {"q.id", "q.r_id"};

	if (maker->joined && choose(maker, 4) == 0)
		ONE_OF(maker, joined);
	else
		ONE_OF(maker, own);
}

static void
make_list(Maker *maker, int depth, void (*make) (Maker *, int))
{
	int			count = 1 + choose(maker, 4);

	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			put(maker, ", ");
		make(maker, depth - 1);
	}
}

static void
make_case(Maker *maker, int depth, void (*make) (Maker *, int))
{
	if (choose(maker, 3) == 0)
	{
		put(maker, "(CASE ");
		make_integer(maker, depth - 1);
		put(maker, " WHEN ");
		make_integer(maker, depth - 1);
	}
	else
	{
		put(maker, "(CASE WHEN ");
		make_condition(maker, depth - 1);
	}
	put(maker, " THEN ");
	make(maker, depth - 1);
	if (choose(maker, 2) == 0)
	{
		put(maker, " ELSE ");
		make(maker, depth - 1);
	}
	put(maker, " END)");
}

static void
make_call(Maker *maker, int depth, const char *name, void (*make) (Maker *, int))
{
	appendStringInfo(&maker->out, "%s(", name);
	make(maker, depth - 1);
	put(maker, ")");
}

static void
make_binary(Maker *maker, int depth, const char *operator, void (*make) (Maker *, int))
{
	put(maker, "(");
	make(maker, depth - 1);
	appendStringInfo(&maker->out, " %s ", operator);
	make(maker, depth - 1);
	put(maker, ")");
}

static void
make_integer(Maker *maker, int depth)
{
	static const char *const arithmetic[] = {"+", "-", "*", "/", "%"};
	static const char *const lengths[] = {
		"length", "char_length", "octet_length", "character_length"
	};
	static const char *const casts[] = {"int2", "int4", "int8", "abs"};

	if (is_leaf(maker, depth))
	{
		make_integer_leaf(maker);
		return;
	}
	switch (choose(maker, 9))
	{
		case 0:
			make_call(maker, depth, lengths[choose(maker, 4)], make_text);
			break;
		case 1:
			put(maker, choose(maker, 2) ? "length(r.y)" : "octet_length(r.y)");
			break;
		case 2:
			put(maker, "strpos(");
			make_text(maker, depth - 1);
			put(maker, ", ");
			make_text(maker, depth - 1);
			put(maker, ")");
			break;
		case 3:
			make_call(maker, depth, casts[choose(maker, 4)], make_integer);
			break;
		case 4:
			make_case(maker, depth, make_integer);
			break;
		case 5:
			put(maker, "coalesce(");
			make_list(maker, depth, make_integer);
			put(maker, ")");
			break;
		case 6:
			put(maker, "nullif(");
			make_integer(maker, depth - 1);
			put(maker, ", ");
			make_integer(maker, depth - 1);
			put(maker, ")");
			break;
		default:
			make_binary(maker, depth, arithmetic[choose(maker, 5)], make_integer);
	}
}

/* A string of a few bytes of the input, in quotes */
static void
make_string(Maker *maker)
{
	static const char *const pieces[] = {
		"a", "b", " ", "''", "%", "_", "*", "?", "[", "]", "^", "\\", "-",
		"\u00e9", "A", "0", "1.5", "\u4e16", "\xf0\x9f\x98\x80", "\"", "\n", "x", "[^", "."
	};
	int			count = choose(maker, 6);

	put(maker, "'");
	for (int i = 0; i < count; i++)
		ONE_OF(maker, pieces);
	put(maker, "'");
}

static void
make_text(Maker *maker, int depth)
{
	static const char *const leaves[] = {
		"r.t", "r.t", "r.v", "r.ch::text", "r.u::text", "r.m::text", "r.v::text"
	};
	static const char *const calls[] = {
		"btrim", "ltrim", "rtrim", "lower", "upper"
	};

	if (is_leaf(maker, depth))
	{
		if (maker->joined && choose(maker, 4) == 0)
			put(maker, "q.t");
		else if (choose(maker, 2) == 0)
			make_string(maker);
		else
			ONE_OF(maker, leaves);
		return;
	}
	switch (choose(maker, 7))
	{
		case 0:
			make_call(maker, depth, calls[choose(maker, 5)], make_text);
			break;
		case 1:
			put(maker, "replace(");
			make_text(maker, depth - 1);
			put(maker, ", ");
			make_text(maker, depth - 1);
			put(maker, ", ");
			make_text(maker, depth - 1);
			put(maker, ")");
			break;
		case 2:
			make_case(maker, depth, make_text);
			break;
		case 3:
			put(maker, "coalesce(");
			make_list(maker, depth, make_text);
			put(maker, ")");
			break;
		case 4:
			put(maker, "(");
			make_integer(maker, depth - 1);
			put(maker, ")::text");
			break;
		default:
			make_binary(maker, depth, "||", make_text);
	}
}

/* Two values of one type that is neither an integer nor text */
static void
make_other_pair(Maker *maker, const char *operator)
{
	static const struct
	{
		const char *values[6];
	}			types[] = {
		{{"r.f", "1.5::float8", "0::float8", "'Infinity'::float8", "'NaN'::float8", "r.i::float8"}},
		{{"r.n", "1.5", "0::numeric", "r.i::numeric", "-2.25", "r.n"}},
		{{"r.d", "date '2024-02-29'", "date '1999-12-31'", "date 'infinity'", "date '0044-03-15 BC'", "NULL::date"}},
		{{"r.ts", "timestamp '2024-02-29 10:00'", "timestamp '1999-12-31 23:59:59.5'", "timestamp '-infinity'", "r.ts", "timestamp '12024-01-01'"}},
		{{"r.y", "'\\x'::bytea", "'\\x00ff'::bytea", "'\\x61'::bytea", "r.y", "NULL::bytea"}},
		{{"r.u", "'550e8400-e29b-41d4-a716-446655440000'::uuid", "'00000000-0000-0000-0000-000000000001'::uuid", "r.u", "NULL::uuid", "r.u"}},
		{{"r.m", "'sad'::public.fuzz_mood", "'happy'::public.fuzz_mood", "r.m", "''::public.fuzz_mood", "NULL::public.fuzz_mood"}},
		{{"r.ch", "'a'::bpchar", "'a  '::char(4)", "''::char(4)", "r.ch", "'abcd'::char(4)"}},
		{{"r.ok", "true", "false", "NULL::boolean", "q_or_r", "r.ok"}},
	};
	const char *const *values = types[choose(maker, lengthof(types))].values;

	put(maker, "(");
	for (int i = 0; i < 2; i++)
	{
		const char *value = values[choose(maker, 6)];

		if (strcmp(value, "q_or_r") == 0)
			value = maker->joined ? "q.ok" : "r.ok";
		if (i > 0)
			appendStringInfo(&maker->out, " %s ", operator);
		put(maker, value);
	}
	put(maker, ")");
}

static void
make_in(Maker *maker, int depth, void (*make) (Maker *, int))
{
	put(maker, "(");
	make(maker, depth - 1);
	put(maker, choose(maker, 2) ? " IN (" : " NOT IN (");
	make_list(maker, depth, make);
	put(maker, "))");
}

static void
make_condition(Maker *maker, int depth)
{
	static const char *const leaves[] = {
		"r.ok", "true", "(r.id > 3)", "(r.t = 'a')", "NULL::boolean", "(r.i IS NULL)"
	};
	static const char *const comparisons[] = {
		"=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM",
		"IS NOT DISTINCT FROM"
	};
	static const char *const tests[] = {
		" IS NULL)", " IS NOT NULL)"
	};
	static const char *const truths[] = {
		" IS TRUE)", " IS NOT TRUE)", " IS FALSE)", " IS NOT FALSE)",
		" IS UNKNOWN)", " IS NOT UNKNOWN)"
	};

	if (is_leaf(maker, depth))
	{
		ONE_OF(maker, leaves);
		return;
	}
	switch (choose(maker, 11))
	{
		case 0:
		case 1:
			make_binary(maker, depth, choose(maker, 2) ? "AND" : "OR", make_condition);
			break;
		case 2:
			make_call(maker, depth, "(NOT ", make_condition);
			put(maker, ")");
			break;
		case 3:
			make_binary(maker, depth, comparisons[choose(maker, 8)], make_integer);
			break;
		case 4:
			make_binary(maker, depth, comparisons[choose(maker, 8)], make_text);
			break;
		case 5:
			make_other_pair(maker, comparisons[choose(maker, 8)]);
			break;
		case 6:
			put(maker, "(");
			make_text(maker, depth - 1);
			put(maker, choose(maker, 2) ? " LIKE " : " NOT LIKE ");
			make_string(maker);
			put(maker, ")");
			break;
		case 7:
			make_in(maker, depth, choose(maker, 2) ? make_integer : make_text);
			break;
		case 8:
			put(maker, "(");
			make_text(maker, depth - 1);
			ONE_OF(maker, tests);
			break;
		case 9:
			put(maker, "(");
			make_condition(maker, depth - 1);
			ONE_OF(maker, truths);
			break;
		default:
			put(maker, "(");
			make_integer(maker, depth - 1);
			put(maker, " BETWEEN ");
			make_integer(maker, depth - 1);
			put(maker, " AND ");
			make_integer(maker, depth - 1);
			put(maker, ")");
	}
}

static void
make_from(Maker *maker)
{
	static const char *const joins[] = {"JOIN", "LEFT JOIN"};

	put(maker, " FROM fuzz.r");
	if (!maker->joined)
		return;
	if (choose(maker, 4) == 0)
	{
		put(maker, choose(maker, 2) ? ", fuzz.q" :
			" CROSS JOIN (SELECT id, r_id, t, ok FROM fuzz.q WHERE ok) AS q");
		return;
	}
	appendStringInfo(&maker->out, " %s fuzz.q ON ", joins[choose(maker, 2)]);
	make_condition(maker, 2);
}

static void
make_output(Maker *maker, int depth)
{
	static const char *const columns[] = {
		"r.f", "r.n", "r.d", "r.ts", "r.y", "r.u", "r.m", "r.ch", "r.v", "r.ok"
	};

	switch (choose(maker, 5))
	{
		case 0:
			make_condition(maker, depth);
			break;
		case 1:
			make_text(maker, depth);
			break;
		case 2:
			ONE_OF(maker, columns);
			break;
		default:
			make_integer(maker, depth);
	}
}

static void
make_groups(Maker *maker)
{
	static const char *const aggregates[] = {
		"count(*)", "sum(r.i)", "min(r.t)", "max(r.d)", "count(DISTINCT r.v)",
		"max(r.n)", "min(r.ts)", "sum(r.s)", "count(r.ok)", "min(r.ch)", "max(r.b)"
	};
	int			type = choose(maker, 3);
	StringInfoData key = maker->out;

	initStringInfo(&maker->out);
	if (type == 0)
		make_integer(maker, 2);
	else if (type == 1)
		make_text(maker, 2);
	else
		make_condition(maker, 2);
	{
		char	   *group = maker->out.data;

		maker->out = key;
		/* a constant would be the number of a column, or no key at all */
		appendStringInfo(&maker->out, "SELECT coalesce(%s) AS k, ", group);
		ONE_OF(maker, aggregates);
		put(maker, " AS a");
		make_from(maker);
		put(maker, " WHERE ");
		make_condition(maker, 2);
		appendStringInfo(&maker->out, " GROUP BY coalesce(%s)", group);
		if (choose(maker, 2) == 0)
			appendStringInfo(&maker->out, " HAVING count(*) > %d", choose(maker, 4));
	}
}

static char *
make_query(FuzzInput *input)
{
	Maker		maker = {.input = input};
	int			kind = choose(&maker, 8);
	int			outputs = 1 + choose(&maker, 3);

	initStringInfo(&maker.out);
	maker.joined = (kind & 1) != 0;
	if (kind >= 6)
	{
		make_groups(&maker);
		return maker.out.data;
	}
	put(&maker, kind >= 4 ? "SELECT DISTINCT " : "SELECT r.id AS rid, ");
	for (int i = 0; i < outputs; i++)
	{
		if (i > 0)
			put(&maker, ", ");
		make_output(&maker, 4);
		appendStringInfo(&maker.out, " AS c%d", i);
	}
	make_from(&maker);
	put(&maker, " WHERE ");
	make_condition(&maker, 4);
	if (kind == 2)
	{
		put(&maker, " ORDER BY ");
		make_integer(&maker, 2);
		put(&maker, choose(&maker, 2) ? " DESC, r.id LIMIT 5 OFFSET 1" : " NULLS FIRST, r.id LIMIT 5");
	}
	return maker.out.data;
}

/* Text is as good if PostgreSQL takes it for one query. */
static char *
take_text(FuzzInput *input)
{
	char	   *sql = psprintf("SELECT %s", fuzz_rest(input));
	List	   *statements = raw_parser(sql, RAW_PARSE_DEFAULT);
	Node	   *node;

	if (list_length(statements) != 1)
		return NULL;
	node = linitial_node(RawStmt, statements)->stmt;
	if (!IsA(node, SelectStmt) || ((SelectStmt *) node)->intoClause != NULL)
		return NULL;
	/* which rows is left to chance */
	return strcasestr(sql, "limit") != NULL || strcasestr(sql, "offset") != NULL ||
		strcasestr(sql, "fetch") != NULL ? NULL : sql;
}

/* ---------------------------------------------------------------------
 * Answers, as sorted lines
 * ---------------------------------------------------------------------
 */

typedef struct Answer
{
	char	  **rows;
	int			count;
} Answer;

static int
compare_rows(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static void
put_number(StringInfo row, const char *text)
{
	double		value = strtod(text, NULL);

	if (isnan(value))
		appendStringInfoString(row, "NaN");
	else
		appendStringInfo(row, "%.12g", value == 0 ? 0 : value);
}

/* Blanks of char(n), zeros of fractions: neither is the value. */
static void
put_without(StringInfo row, const char *text, char last)
{
	int			length = strlen(text);

	while (length > 0 && text[length - 1] == last)
		length--;
	if (last == '0' && length > 0 && text[length - 1] == '.')
		length--;
	appendBinaryStringInfo(row, text, length);
}

static void
put_value(StringInfo row, Oid type, const char *text)
{
	if (text == NULL)
		appendStringInfoString(row, "NULL");
	else if (type == FLOAT8OID || type == NUMERICOID || type == FLOAT4OID)
		put_number(row, text);
	else if (type == BPCHAROID)
		put_without(row, text, ' ');
	else if ((type == TIMESTAMPOID || type == TIMEOID) && strchr(text, '.') != NULL)
		put_without(row, text, '0');
	else if (type == BOOLOID)
		appendStringInfoString(row, text[0] == 't' || text[0] == '1' ? "1" : "0");
	else
		appendStringInfoString(row, text);
	appendStringInfoString(row, " | ");
}

static Answer
ask_postgresql(const char *sql, TupleDesc *desc)
{
	Answer		answer = {0};

	(void) SPI_execute(sql, true, MOST_ROWS);
	*desc = SPI_tuptable->tupdesc;
	answer.rows = palloc(sizeof(char *) * (SPI_processed + 1));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		StringInfoData row;

		initStringInfo(&row);
		for (int c = 0; c < (*desc)->natts; c++)
			put_value(&row, SPI_gettypeid(*desc, c + 1),
					  SPI_getvalue(SPI_tuptable->vals[i], *desc, c + 1));
		answer.rows[answer.count++] = row.data;
	}
	qsort(answer.rows, answer.count, sizeof(char *), compare_rows);
	return answer;
}

static const char *
value_of(sqlite3_stmt *stmt, int column)
{
	const unsigned char *bytes;
	StringInfoData hex;

	if (sqlite3_column_type(stmt, column) != SQLITE_BLOB)
		return (const char *) sqlite3_column_text(stmt, column);
	bytes = sqlite3_column_blob(stmt, column);
	initStringInfo(&hex);
	appendStringInfoString(&hex, "\\x");
	for (int i = 0; i < sqlite3_column_bytes(stmt, column); i++)
		appendStringInfo(&hex, "%02x", bytes[i]);
	return hex.data;
}

static Answer
ask_sqlite(const char *sql, TupleDesc desc)
{
	Answer		answer = {palloc(sizeof(char *) * (MOST_ROWS + 1))};
	sqlite3_stmt *stmt;
	int			rc;

	if (sqlite3_prepare_v2(twin, sql, -1, &stmt, NULL) != SQLITE_OK)
		fuzz_finding("SQLite cannot read it: %s: %s", sqlite3_errmsg(twin), sql);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && answer.count < MOST_ROWS)
	{
		StringInfoData row;

		initStringInfo(&row);
		for (int c = 0; c < Min(desc->natts, sqlite3_column_count(stmt)); c++)
			put_value(&row, SPI_gettypeid(desc, c + 1), value_of(stmt, c));
		answer.rows[answer.count++] = row.data;
	}
	if (rc == SQLITE_ERROR && strcmp(sqlite3_errmsg(twin), "integer overflow") == 0)
	{
		sqlite3_finalize(stmt);
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("abs() of the smallest integer"));
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		fuzz_finding("SQLite cannot answer: %s: %s", sqlite3_errmsg(twin), sql);
	sqlite3_finalize(stmt);
	qsort(answer.rows, answer.count, sizeof(char *), compare_rows);
	return answer;
}

static void
compare_answers(const char *query, const char *sql, Answer ours, Answer theirs)
{
	for (int i = 0; i < Max(ours.count, theirs.count); i++)
		if (i >= ours.count || i >= theirs.count ||
			strcmp(ours.rows[i], theirs.rows[i]) != 0)
			fuzz_finding("PostgreSQL has %d rows: %s\nand SQLite %d rows: %s\n%s\n%s",
						 ours.count, i < ours.count ? ours.rows[i] : "-",
						 theirs.count, i < theirs.count ? theirs.rows[i] : "-",
						 query, sql);
}

/* ---------------------------------------------------------------------
 * One input
 * ---------------------------------------------------------------------
 */

void
fuzz_export_start(void)
{
	const char *path = getenv("SQM_FUZZ_TWIN");

	if (path == NULL ||
		sqlite3_open_v2(path, &twin, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		elog(ERROR, "there is no twin \"%s\"", path != NULL ? path : "");
}

static void
run_export(FuzzInput *input)
{
	char	   *query = fuzz_byte(input) % 16 == 0 ? take_text(input) :
		make_query(input);
	char	   *sql;
	TupleDesc	desc;
	Answer		ours;

	if (query == NULL)
		return;
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	(void) SPI_execute(psprintf("CREATE VIEW fuzz.v AS %s", query), false, 0);
	CommandCounterIncrement();
	PopActiveSnapshot();
	PushActiveSnapshot(GetTransactionSnapshot());
	(void) SPI_execute("SELECT q.sql FROM pg_catalog.pg_rewrite AS r CROSS JOIN fuzz.known AS k "
					   "CROSS JOIN LATERAL sq2pg.export_query(r.ev_action, k.relations, k.attnums, k.names, k.column_names, k.kinds, false, false, false) AS q "
					   "WHERE r.ev_class = 'fuzz.v'::pg_catalog.regclass",
					   true, 0);
	sql = SPI_processed == 1 ? SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1) : NULL;
	if (sql != NULL)
	{
		ours = ask_postgresql("SELECT * FROM fuzz.v", &desc);
		compare_answers(query, sql, ours, ask_sqlite(sql, desc));
	}
	SPI_finish();
	PopActiveSnapshot();
}

/* The same query of the foreign tables, which are in another schema */
static char *
abroad(const char *query)
{
	StringInfoData out;
	const char *found;

	initStringInfo(&out);
	while ((found = strstr(query, "fuzz.")) != NULL)
	{
		appendBinaryStringInfo(&out, query, found - query);
		appendStringInfoString(&out, "twin.");
		query = found + strlen("fuzz.");
	}
	appendStringInfoString(&out, query);
	return out.data;
}

static void
run_pushdown(FuzzInput *input)
{
	char	   *query = make_query(input);
	char	   *foreign = abroad(query);
	TupleDesc	desc;
	Answer		here;

	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	here = ask_postgresql(query, &desc);
	compare_answers(query, foreign, here, ask_postgresql(foreign, &desc));
	SPI_finish();
	PopActiveSnapshot();
}

/* An error is an answer: which one comes first is nowhere promised. */
static void
in_transaction(void (*run) (FuzzInput *), FuzzInput *input)
{
	StartTransactionCommand();
	enable_timeout_after(STATEMENT_TIMEOUT, 2000);
	PG_TRY();
	{
		run(input);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(TopMemoryContext);
		error = CopyErrorData();
		FlushErrorState();
		if (error->sqlerrcode == ERRCODE_INTERNAL_ERROR)
			fuzz_finding("%s (%s:%d)", error->message, error->filename, error->lineno);
		FreeErrorData(error);
	}
	PG_END_TRY();
	disable_timeout(STATEMENT_TIMEOUT, false);
	QueryCancelPending = false;
	AbortCurrentTransaction();
}

void
fuzz_export(FuzzInput *input)
{
	in_transaction(run_export, input);
}

void
fuzz_pushdown(FuzzInput *input)
{
	in_transaction(run_pushdown, input);
}
