/*-------------------------------------------------------------------------
 *
 * reader.c
 *		Which values do the rows of a SQLite table give for the columns of
 *		this relation, and where do they not fit?
 *
 * Reads in the order of the table, converts by value.c, and keeps count and
 * examples of what does not fit.  It knows nothing of where the rows go.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_attribute.h"
#include "common/string.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "catalog.h"
#include "compat.h"
#include "deparse.h"
#include "option.h"
#include "reader.h"
#include "reject.h"
#include "source.h"

/* Of a shorter value it does not matter how long its text is exactly. */
#define LONG_VALUE (1024 * 1024)

/* ---------------------------------------------------------------------
 * Values for people
 * ---------------------------------------------------------------------
 */

const char *
sqm_storage_word(SqmStorageClass storage)
{
	static const char *const words[] = {
		"NULL", "INTEGER", "REAL", "TEXT", "BLOB"
	};

	return words[storage];
}

static void
append_text_display(StringInfo out, const SqmValue *value, int limit)
{
	appendStringInfoChar(out, '\'');
	for (int i = 0; i < value->length && out->len < limit; i++)
	{
		unsigned char c = value->data[i];

		if (c == '\'')
			appendStringInfoString(out, "''");
		else if (c < 32 || c > 126)
			appendStringInfo(out, "\\x%02x", c);
		else
			appendStringInfoChar(out, c);
	}
	appendStringInfoString(out, out->len < limit ? "'" : "...");
}

static void
append_blob_display(StringInfo out, const SqmValue *value, int limit)
{
	appendStringInfoString(out, "x'");
	for (int i = 0; i < value->length && out->len < limit; i++)
		appendStringInfo(out, "%02x", (unsigned char) value->data[i]);
	appendStringInfoString(out, out->len < limit ? "'" : "...");
}

/*
 * A value as a person would recognise it, cut after some dozen characters
 * (palloc'd).  Bytes that are not plain ASCII are shown in hexadecimal: the
 * text may be invalid, and the message must not be.
 */
char *
sqm_value_display(const SqmValue *value)
{
	const int	limit = 60;
	StringInfoData out;

	initStringInfo(&out);
	switch (value->storage)
	{
		case SQM_NULL:
			appendStringInfoString(&out, "NULL");
			break;
		case SQM_INTEGER:
			appendStringInfo(&out, INT64_FORMAT, value->integer);
			break;
		case SQM_REAL:
			appendStringInfoString(&out,
								   DatumGetCString(DirectFunctionCall1(float8out,
																	   Float8GetDatum(value->real))));
			break;
		case SQM_TEXT:
			append_text_display(&out, value, limit);
			break;
		case SQM_BLOB:
			append_blob_display(&out, value, limit);
			break;
	}
	return out.data;
}

/* ---------------------------------------------------------------------
 * Reading
 * ---------------------------------------------------------------------
 */

/*
 * A statement that reads these columns of a table for the current user's
 * migration, and behind them the rowid where there is one.
 */
SqmStatement *
sqm_table_statement(const char *source, const char *table, List *columns,
					bool *has_rowid)
{
	SqmLite    *lite = sqm_source_open(source, GetUserId(), SQM_PURPOSE_READ);
	const char *rowid;

	if (!sqm_catalog_has_table(lite, table))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
				 errmsg("SQLite database \"%s\" has no table \"%s\"",
						sqm_lite_display(lite), table)));
	rowid = sqm_catalog_rowid_name(lite, table);
	*has_rowid = rowid != NULL;
	return sqm_statement_prepare(lite, sqm_deparse_table(table, columns, rowid));
}

/* What both ways to make a reader have in common. */
static SqmReader *
allocate_reader(const char *source, const char *table, List *columns,
				const char *time_zone, bool empty_as_null)
{
	SqmReader  *reader = palloc0(sizeof(SqmReader));
	int			n = list_length(columns);

	reader->source = pstrdup(source);
	reader->table = pstrdup(table);
	reader->context = CurrentMemoryContext;
	reader->columns = n;
	reader->names = columns;
	reader->attnums = palloc0(sizeof(int) * (n + 1));
	reader->types = palloc0(sizeof(char *) * (n + 1));
	reader->not_null = palloc0(sizeof(bool) * (n + 1));
	reader->targets = palloc0(sizeof(SqmTarget *) * (n + 1));
	reader->misfits = palloc0(sizeof(SqmMisfits) * (n + 1));
	reader->target_names = palloc0(sizeof(char *) * (n + 1));
	reader->type_oids = palloc0(sizeof(Oid) * (n + 1));
	reader->row = palloc0(sizeof(SqmValue) * (n + 1));
	reader->typmods = palloc0(sizeof(int32) * (n + 1));
	reader->time_zone = sqm_time_zone(time_zone);
	reader->empty_as_null = empty_as_null;
	reader->load = sqm_reject_next_load();
	sqm_digest_init(&reader->stored);
	sqm_digest_init(&reader->digest);
	return reader;
}

static void
bind_type(SqmReader *reader, int i, AttrNumber attnum, Oid type, int32 typmod,
		  bool not_null, const char *name)
{
	SqmValueOptions options;

	options.time_zone = reader->time_zone;
	options.empty_as_null = reader->empty_as_null;
	reader->attnums[i] = attnum;
	reader->not_null[i] = not_null;
	reader->types[i] = format_type_with_typemod(type, typmod);
	reader->type_oids[i] = type;
	reader->typmods[i] = typmod;
	reader->target_names[i] = pstrdup(name);
	reader->targets[i] = sqm_target_create(type, typmod, &options);
}

static void
bind_attribute(SqmReader *reader, int i, Relation rel, const char *column)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), column);
	Form_pg_attribute att;

	if (attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						column, RelationGetRelationName(rel))));
	att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	bind_type(reader, i, attnum, att->atttypid, att->atttypmod,
			  att->attnotnull, column);
}

/*
 * Begin to read "columns" (char *, names in SQLite) of "table" for
 * "target_columns" (char *, as many) of "rel".  Lives in the current memory
 * context.
 */
SqmReader *
sqm_reader_create(const char *source, const char *table, List *columns,
				  Relation rel, List *target_columns,
				  const char *time_zone, bool empty_as_null)
{
	SqmReader  *reader = allocate_reader(source, table, columns, time_zone,
										 empty_as_null);

	if (list_length(columns) != list_length(target_columns))
		elog(ERROR, "%d source columns for %d target columns",
			 list_length(columns), list_length(target_columns));
	for (int i = 0; i < reader->columns; i++)
		bind_attribute(reader, i, rel, list_nth(target_columns, i));
	reader->relation = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												  RelationGetRelationName(rel));
	reader->logs = true;
	reader->accounts = true;
	reader->stmt = sqm_table_statement(source, table, columns,
									   &reader->has_rowid);
	return reader;
}

/*
 * The same for a relation that does not exist yet: its types by their names
 * (char *) and which of its columns are NOT NULL (integer list).  Values go
 * to the places of the columns.
 */
SqmReader *
sqm_reader_create_for_types(const char *source, const char *table,
							List *columns, List *types, List *not_null,
							const char *time_zone, bool empty_as_null)
{
	SqmReader  *reader = allocate_reader(source, table, columns, time_zone,
										 empty_as_null);

	if (list_length(columns) != list_length(types) ||
		list_length(columns) != list_length(not_null))
		elog(ERROR, "%d columns, %d types", list_length(columns),
			 list_length(types));
	for (int i = 0; i < reader->columns; i++)
	{
		Oid			type;
		int32		typmod;

		sqm_parse_type(list_nth(types, i), &type, &typmod);
		bind_type(reader, i, i + 1, type, typmod, list_nth_int(not_null, i) != 0,
				  list_nth(columns, i));
	}
	reader->stmt = sqm_table_statement(source, table, columns,
									   &reader->has_rowid);
	return reader;
}

/* Which of the "natts" columns of the relation the reader gives, by index. */
bool *
sqm_reader_loaded(SqmReader *reader, int natts)
{
	bool	   *loaded = palloc0(sizeof(bool) * (natts + 1));

	for (int i = 0; i < reader->columns; i++)
		loaded[reader->attnums[i] - 1] = true;
	return loaded;
}

/*
 * From now on rows by ranges of their rowids: see sqm_reader_range.  Only for
 * a reader that has_rowid.
 */
void
sqm_reader_open_ranges(SqmReader *reader)
{
	SqmLite    *lite = sqm_source_open(reader->source, GetUserId(),
									   SQM_PURPOSE_READ);

	sqm_statement_finalize(reader->stmt);
	reader->stmt = sqm_statement_prepare(lite,
										 sqm_deparse_range(reader->table,
														   reader->names,
														   sqm_catalog_rowid_name(lite, reader->table)));
}

/* The next rows are those with rowids from "low" to "high". */
void
sqm_reader_range(SqmReader *reader, int64 low, int64 high)
{
	sqm_statement_reset(reader->stmt);
	sqm_statement_bind_int64(reader->stmt, 1, low);
	sqm_statement_bind_int64(reader->stmt, 2, high);
}

/* The last rowid that the table has; false if it has none. */
bool
sqm_reader_last_rowid(SqmReader *reader, int64 *rowid)
{
	SqmLite    *lite = sqm_source_open(reader->source, GetUserId(),
									   SQM_PURPOSE_READ);
	SqmStatement *stmt;
	bool		found;

	stmt = sqm_statement_prepare(lite,
								 sqm_deparse_max_rowid(reader->table,
													   sqm_catalog_rowid_name(lite, reader->table)));
	found = sqm_statement_step(stmt) && !sqm_statement_is_null(stmt, 0);
	if (found)
		*rowid = sqm_statement_int64(stmt, 0);
	sqm_statement_finalize(stmt);
	return found;
}

static int
column_place(SqmReader *reader, const char *target_name)
{
	for (int i = 0; i < reader->columns; i++)
		if (strcmp(reader->target_names[i], target_name) == 0)
			return i;
	elog(ERROR, "column \"%s\" is not read", target_name);
	return -1;
}

/*
 * Tells the reader of a reference to a parent that does not exist, in the
 * order of the rows: number of the row, column in the relation, whether the
 * reference becomes NULL (else the row is left out), the parent's name, which
 * must live as long as the reader.
 */
void
sqm_reader_add_orphan(SqmReader *reader, int64 row, const char *column,
					  bool nulled, const char *parent)
{
	SqmOrphan  *orphan;

	if (reader->norphans == reader->orphans_size)
	{
		MemoryContext old = MemoryContextSwitchTo(reader->context);

		reader->orphans_size = Max(64, reader->orphans_size * 2);
		reader->orphans = reader->orphans == NULL ?
			palloc(sizeof(SqmOrphan) * reader->orphans_size) :
			repalloc_huge(reader->orphans,
						  sizeof(SqmOrphan) * reader->orphans_size);
		MemoryContextSwitchTo(old);
	}
	orphan = &reader->orphans[reader->norphans++];
	orphan->row = row;
	orphan->column = column_place(reader, column);
	orphan->nulled = nulled;
	orphan->parent = parent;
	reader->in_row = reader->norphans > 1 && orphan[-1].row == row ?
		reader->in_row + 1 : 1;
	reader->most_orphans = Max(reader->most_orphans, reader->in_row);
}

/* The next row; false at the end. */
bool
sqm_reader_next(SqmReader *reader)
{
	if (!sqm_statement_step(reader->stmt))
	{
		sqm_source_check_unchanged(reader->source);
		return false;
	}
	reader->rows++;
	return true;
}

static void
note_misfit(SqmReader *reader, int column, const SqmValue *value,
			const SqmReason *reason)
{
	MemoryContext old = MemoryContextSwitchTo(reader->context);
	SqmMisfits *misfits = &reader->misfits[column];

	misfits->count++;
	/* every column gets at least one example */
	if (reader->examples < SQM_MAX_EXAMPLES || misfits->examples == NIL)
	{
		SqmExample *example = palloc0(sizeof(SqmExample));

		example->has_rowid = reader->has_rowid;
		if (reader->has_rowid)
			example->rowid = sqm_statement_int64(reader->stmt, reader->columns);
		example->value = sqm_value_display(value);
		example->storage = sqm_storage_word(value->storage);
		example->sqlstate = pstrdup(unpack_sql_state(reason->sqlstate));
		example->message = pstrdup(reason->message);
		misfits->examples = lappend(misfits->examples, example);
		reader->examples++;
	}
	MemoryContextSwitchTo(old);
}

/* ---------------------------------------------------------------------
 * jsonb
 * ---------------------------------------------------------------------
 */

static void
push_string(JsonbParseState **state, JsonbIteratorToken token, const char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = strlen(text);
	pushJsonbValue(state, token, &value);
}

static void
push_member(JsonbParseState **state, const char *key, const char *text)
{
	push_string(state, WJB_KEY, key);
	push_string(state, WJB_VALUE, text);
}

static void
push_count(JsonbParseState **state, const char *key, int64 count)
{
	JsonbValue	value;

	push_string(state, WJB_KEY, key);
	value.type = jbvNumeric;
	value.val.numeric = DatumGetNumeric(DirectFunctionCall1(int8_numeric,
															Int64GetDatum(count)));
	pushJsonbValue(state, WJB_VALUE, &value);
}

static char *value_text(const SqmValue *value);

/*
 * The current row as it is in SQLite: an object, column in the relation →
 * [storage class, value].
 */
static Datum
row_as_jsonb(SqmReader *reader)
{
	JsonbParseState *state = NULL;
	JsonbValue *result;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < reader->columns; i++)
	{
		SqmValue	value;
		char	   *text;

		sqm_statement_value(reader->stmt, i, &value);
		text = value_text(&value);
		push_string(&state, WJB_KEY, reader->target_names[i]);
		pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
		push_string(&state, WJB_ELEM, sqm_storage_word(value.storage));
		if (text != NULL)
			push_string(&state, WJB_ELEM, text);
		pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	}
	result = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbPGetDatum(JsonbValueToJsonb(result));
}

/* ---------------------------------------------------------------------
 * Rows that do not arrive as they were
 * ---------------------------------------------------------------------
 */

SqmPolicy
sqm_policy_from_word(const char *word)
{
	static const char *const words[] = {"stop", "error", "null", "reject", "repair"};

	for (int i = 0; i < (int) lengthof(words); i++)
		if (strcmp(word, words[i]) == 0)
			return (SqmPolicy) i;
	elog(ERROR, "unrecognized policy \"%s\"", word);
	return SQM_POLICY_STOP;
}

/*
 * Is it text that can be shown as it is, and not be taken for bytes?  In
 * another encoding than UTF-8 only what certainly exists there.
 */
static bool
is_plain_text(const SqmValue *value)
{
	if (value->storage != SQM_TEXT ||
		memchr(value->data, '\0', value->length) != NULL ||
		(value->length >= 2 && memcmp(value->data, "\\x", 2) == 0))
		return false;
	if (GetDatabaseEncoding() != PG_UTF8)
		return pg_is_ascii(pnstrdup(value->data, value->length));
	return pg_encoding_verifymbstr(PG_UTF8, value->data,
								   value->length) == value->length;
}

/*
 * A value complete, as text; bytes that are not valid text, and blobs, in
 * hexadecimal, and so what could be taken for it: sq2pg_retry() reads it back.
 * NULL gives NULL.
 */
static char *
value_text(const SqmValue *value)
{
	char	   *text;
	char	   *end;

	if (value->storage == SQM_NULL)
		return NULL;
	if (value->storage < SQM_TEXT)
		return sqm_value_display(value);
	if (is_plain_text(value))
		return pnstrdup(value->data, value->length);
	text = palloc(2 * (Size) value->length + 3);
	memcpy(text, "\\x", 2);
	end = text + 2 + hex_encode(value->data, value->length, text + 2);
	*end = '\0';
	return text;
}

/* Bytes that its text takes, or a few more */
static Size
text_size(const SqmValue *value)
{
	if (value->storage < SQM_TEXT)
		return NAMEDATALEN;
	return value->length < LONG_VALUE || !is_plain_text(value) ?
		2 * (Size) value->length + NAMEDATALEN : value->length;
}

/* What is kept of a refused row is a jsonb, which has a limit. */
static void
refuse_huge_row(SqmReader *reader, const SqmPending *pending)
{
	Size		size = 0;

	/* a name, and what jsonb needs for it and its value */
	for (int i = 0; i < reader->columns; i++)
		size += text_size(&reader->row[i]) + 2 * NAMEDATALEN;
	if (size > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a row of SQLite table \"%s\" is too large to be kept in sq2pg.rejects",
						reader->table),
				 reader->has_rowid ?
				 errdetail("Column \"%s\", rowid %lld: %s.",
						   reader->target_names[pending->column],
						   (long long) sqm_statement_int64(reader->stmt, reader->columns),
						   pending->reason.message) :
				 errdetail("Column \"%s\": %s.",
						   reader->target_names[pending->column],
						   pending->reason.message),
				 errhint("Repair the value in SQLite, or give the column a type that holds it.")));
}

static void
log_value(SqmReader *reader, const SqmPending *pending, bool row_rejected)
{
	int			i = pending->column;
	SqmReject	reject;
	SqmValue	value;

	refuse_huge_row(reader, pending);
	sqm_statement_value(reader->stmt, i, &value);
	reject.load = reader->load;
	reject.source_table = reader->table;
	reject.relation = reader->relation;
	reject.has_rowid = reader->has_rowid;
	reject.rowid = reader->has_rowid ?
		sqm_statement_int64(reader->stmt, reader->columns) : 0;
	reject.column = reader->target_names[i];
	reject.storage = sqm_storage_word(value.storage);
	reject.value = value_text(&value);
	reject.sqlstate = unpack_sql_state(pending->reason.sqlstate);
	reject.message = pending->reason.message;
	reject.action = row_rejected ? "reject" : pending->action;
	reject.row_data = row_as_jsonb(reader);
	sqm_reject_add(&reject);
}

static void
add_exception(SqmReader *reader)
{
	if (!reader->accounts)
		return;
	if (reader->nexceptions == reader->exceptions_size)
	{
		MemoryContext old = MemoryContextSwitchTo(reader->context);

		reader->exceptions_size = Max(64, reader->exceptions_size * 2);
		if (reader->exceptions == NULL)
			reader->exceptions = palloc(sizeof(int64) * reader->exceptions_size);
		else
			reader->exceptions = repalloc_huge(reader->exceptions,
											   sizeof(int64) * reader->exceptions_size);
		MemoryContextSwitchTo(old);
	}
	reader->exceptions[reader->nexceptions++] = reader->rows;
}

static SqmCanon **
create_canons(SqmReader *reader, bool empty_as_null)
{
	MemoryContext old = MemoryContextSwitchTo(reader->context);
	SqmCanon  **canons = palloc(sizeof(SqmCanon *) * (reader->columns + 1));

	for (int i = 0; i < reader->columns; i++)
		canons[i] = sqm_canon_create(reader->type_oids[i], reader->typmods[i],
									 reader->time_zone, empty_as_null);
	MemoryContextSwitchTo(old);
	return canons;
}

/* The row stands in the target, but not as it stood in the source. */
static void
add_stored(SqmReader *reader, Datum *values, bool *isnull)
{
	StringInfoData bytes;

	if (!reader->accounts)
		return;
	add_exception(reader);
	if (reader->canons == NULL)
		reader->canons = create_canons(reader, false);
	initStringInfo(&bytes);
	for (int i = 0; i < reader->columns; i++)
		sqm_canon_target(reader->canons[i], values[reader->attnums[i] - 1],
						 isnull[reader->attnums[i] - 1], &bytes);
	sqm_digest_add_row(&reader->stored, bytes.data, bytes.len);
	pfree(bytes.data);
}

/* What to do is known when the whole row is: one value can take it out. */
static void
keep_pending(SqmReader *reader, int i, const SqmReason *reason,
			 const char *action)
{
	SqmPending *pending;

	if (reader->pending == NULL)
		reader->pending = MemoryContextAlloc(reader->context,
											 sizeof(SqmPending) *
											 (reader->columns + reader->most_orphans));
	pending = &reader->pending[reader->npending++];
	pending->column = i;
	pending->action = action;
	pending->reason = *reason;
}

/* What became of one value. */
typedef enum ValueState
{
	VALUE_GOOD,
	VALUE_REPLACED,				/* by NULL or by the nearest */
	VALUE_REJECTS,				/* its row */
	VALUE_MISFIT
} ValueState;

static ValueState
apply_policy(SqmReader *reader, int i, const SqmValue *value,
			 SqmVerdict verdict, const SqmReason *reason, bool *isnull)
{
	bool		nullable = !reader->not_null[i] && value->storage != SQM_NULL;

	switch (reader->policy)
	{
		case SQM_POLICY_STOP:
		case SQM_POLICY_COUNT:
			note_misfit(reader, i, value, reason);
			*isnull = true;
			return VALUE_MISFIT;
		case SQM_POLICY_REPAIR:
			if (verdict == SQM_CHANGED)
			{
				keep_pending(reader, i, reason, "repair");
				return VALUE_REPLACED;
			}
			break;
		case SQM_POLICY_NULL:
			break;
		case SQM_POLICY_REJECT:
			nullable = false;
			break;
	}
	keep_pending(reader, i, reason, nullable ? "null" : "reject");
	if (!nullable)
		return VALUE_REJECTS;
	*isnull = true;
	return VALUE_REPLACED;
}

static ValueState
convert_one(SqmReader *reader, int i, Datum *values, bool *isnull, Size *bytes)
{
	int			index = reader->attnums[i] - 1;
	SqmReason	reason;
	const SqmValue *value = &reader->row[i];
	SqmVerdict	verdict;

	if (value->storage >= SQM_TEXT)
		*bytes += value->length;
	verdict = sqm_value_convert(reader->targets[i], value, &values[index],
								&isnull[index], &reason);
	if (verdict == SQM_NOISE)
		reader->noise++;
	else if (verdict != SQM_EXACT)
		return apply_policy(reader, i, value, verdict, &reason, &isnull[index]);
	if (isnull[index] && reader->not_null[i])
	{
		reason.sqlstate = ERRCODE_NOT_NULL_VIOLATION;
		strlcpy(reason.message, "null value in a column that is NOT NULL",
				sizeof(reason.message));
		return apply_policy(reader, i, value, SQM_BAD, &reason, &isnull[index]);
	}
	return VALUE_GOOD;
}

/*
 * The row stands in the target as it stood in the source: what that was, by
 * the raw values, belongs to the digest that verification will ask for.
 */
static void
add_to_digest(SqmReader *reader)
{
	StringInfo	bytes = &reader->row_bytes;

	if (reader->source_canons == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(reader->context);

		reader->source_canons = create_canons(reader, reader->empty_as_null);
		initStringInfo(bytes);
		MemoryContextSwitchTo(old);
	}
	resetStringInfo(bytes);
	for (int i = 0; i < reader->columns; i++)
		sqm_canon_source(reader->source_canons[i], &reader->row[i], bytes);
	sqm_digest_add_row(&reader->digest, bytes->data, bytes->len);
	/* one huge row does not make the buffer stay huge */
	if (bytes->maxlen > SQM_ROW_BUFFER_KEPT)
	{
		MemoryContext old = MemoryContextSwitchTo(reader->context);

		pfree(bytes->data);
		initStringInfo(bytes);
		MemoryContextSwitchTo(old);
	}
}

/*
 * What the reader was told of the current row's references.  One that is NULL
 * by now refers to nothing.
 */
static ValueState
treat_orphans(SqmReader *reader, bool *isnull, int64 *replaced)
{
	ValueState	worst = VALUE_GOOD;

	for (; reader->next_orphan < reader->norphans; reader->next_orphan++)
	{
		SqmOrphan  *orphan = &reader->orphans[reader->next_orphan];
		bool	   *is_null = &isnull[reader->attnums[orphan->column] - 1];
		SqmReason	reason;

		if (orphan->row != reader->rows)
			break;
		if (*is_null)
			continue;
		reason.sqlstate = ERRCODE_FOREIGN_KEY_VIOLATION;
		snprintf(reason.message, sizeof(reason.message),
				 "no row of %s has this key", orphan->parent);
		keep_pending(reader, orphan->column, &reason,
					 orphan->nulled ? "null" : "reject");
		if (orphan->nulled)
		{
			*is_null = true;
			(*replaced)++;
		}
		worst = Max(worst, orphan->nulled ? VALUE_REPLACED : VALUE_REJECTS);
	}
	return worst;
}

/*
 * Convert the current row into the attributes of the relation; the Datums are
 * allocated in the current memory context.  Adds the bytes of text and blobs
 * to "bytes".
 */
SqmRowState
sqm_reader_convert(SqmReader *reader, Datum *values, bool *isnull, Size *bytes)
{
	ValueState	worst = VALUE_GOOD;
	ValueState	orphan;
	int64		replaced = 0;

	reader->npending = 0;
	sqm_statement_row(reader->stmt, reader->row, reader->columns);
	for (int i = 0; i < reader->columns; i++)
	{
		ValueState	state = convert_one(reader, i, values, isnull, bytes);

		if (state == VALUE_REPLACED)
			replaced++;
		worst = Max(worst, state);
		if (state == VALUE_MISFIT && reader->policy == SQM_POLICY_STOP)
			break;
	}
	orphan = treat_orphans(reader, isnull, &replaced);
	worst = Max(worst, orphan);
	for (int i = 0; i < reader->npending && reader->logs; i++)
		log_value(reader, &reader->pending[i], worst == VALUE_REJECTS);
	switch (worst)
	{
		case VALUE_GOOD:
			if (reader->digests)
				add_to_digest(reader);
			break;
		case VALUE_REPLACED:
			reader->changed += replaced;
			add_stored(reader, values, isnull);
			break;
		case VALUE_REJECTS:
			reader->rejected++;
			add_exception(reader);
			return SQM_ROW_REJECTED;
		case VALUE_MISFIT:
			return SQM_ROW_MISFIT;
	}
	return SQM_ROW_GOOD;
}

/*
 * Count the NULLs of a row that is kept, by column of the reader; "natts" are
 * the relation's.
 */
void
sqm_reader_count_nulls(SqmReader *reader, const bool *isnull, int natts,
					   int64 *counts)
{
	/* most rows have none */
	if (memchr(isnull, true, natts) == NULL)
		return;
	for (int i = 0; i < reader->columns; i++)
		counts[i] += isnull[reader->attnums[i] - 1];
}

void
sqm_reader_close(SqmReader *reader)
{
	sqm_statement_finalize(reader->stmt);
}

/* ---------------------------------------------------------------------
 * Misfits as jsonb
 * ---------------------------------------------------------------------
 */

static void
push_examples(JsonbParseState **state, List *examples)
{
	ListCell   *lc;

	push_string(state, WJB_KEY, "examples");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	foreach(lc, examples)
	{
		SqmExample *example = lfirst(lc);

		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		if (example->has_rowid)
			push_count(state, "rowid", example->rowid);
		push_member(state, "storage", example->storage);
		push_member(state, "value", example->value);
		push_member(state, "sqlstate", example->sqlstate);
		push_member(state, "message", example->message);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/*
 * Append to a result row what did not fit: an array of objects with keys
 * column, type, count and examples (each with rowid, storage, value, sqlstate
 * and message), or NULL.
 */
void
sqm_reader_row_misfits(SqmReader *reader, SqmRow *row)
{
	JsonbParseState *state = NULL;
	JsonbValue *result;

	if (reader->examples == 0)
	{
		sqm_row_null(row);
		return;
	}
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < reader->columns; i++)
	{
		SqmMisfits *misfits = &reader->misfits[i];

		if (misfits->count == 0)
			continue;
		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		push_member(&state, "column", list_nth(reader->names, i));
		push_member(&state, "type", reader->types[i]);
		push_count(&state, "count", misfits->count);
		push_examples(&state, misfits->examples);
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	result = pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	sqm_row_datum(row, JsonbPGetDatum(JsonbValueToJsonb(result)), false);
}
