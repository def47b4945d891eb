/*-------------------------------------------------------------------------
 *
 * fuzz_value.c
 *		Fuzz targets for values: does what was converted stand for what it
 *		came from, and is JSON that was made JSON?
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "parser/parse_type.h"
#include "pgtime.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "compare.h"
#include "compat.h"
#include "fuzz.h"
#include "json.h"
#include "value.h"

static const char *const type_names[] = {
	"boolean", "smallint", "integer", "bigint", "real", "double precision",
	"numeric", "numeric(10,2)", "numeric(5,0)", "numeric(38,10)", "text",
	"varchar(5)", "char(4)", "name", "bytea", "date", "time", "time(3)",
	"timetz", "timestamp", "timestamp(0)", "timestamptz", "interval", "uuid",
	"json", "jsonb", "inet", "cidr", "macaddr", "money", "bit(4)",
	"varbit(8)", "integer[]", "text[]", "numeric(6,2)[]", "timestamp[]",
	"jsonb[]", "boolean[]", "point", "int4range", "tsvector", "xml", "oid",
	"pg_catalog.\"char\"", "fuzz_mood", "fuzz_positive", "fuzz_short",
	"fuzz_pair"
};

typedef struct TypeState
{
	Oid			type;
	FmgrInfo	output;
	SqmTarget  *target[2];		/* by empty_as_null */
	SqmCanon   *canon[2];
} TypeState;

static TypeState types[lengthof(type_names)];

void
fuzz_value_start(void)
{
	SqmValueOptions options = {pg_tzset("Europe/Berlin"), false};

	for (int i = 0; i < lengthof(type_names); i++)
	{
		Oid			function;
		bool		is_varlena;
		int32		typmod;

		sqm_parse_type(type_names[i], &types[i].type, &typmod);
		getTypeOutputInfo(types[i].type, &function, &is_varlena);
		fmgr_info(function, &types[i].output);
		for (int empty = 0; empty < 2; empty++)
		{
			options.empty_as_null = empty;
			types[i].target[empty] = sqm_target_create(types[i].type, typmod,
													   &options);
			types[i].canon[empty] = sqm_canon_create(types[i].type, typmod,
													 options.time_zone, empty);
		}
	}
}

static void
take_value(FuzzInput *input, int storage, SqmValue *value)
{
	memset(value, 0, sizeof(SqmValue));
	value->storage = (SqmStorageClass) (storage % (SQM_BLOB + 1));
	if (value->storage == SQM_INTEGER || value->storage == SQM_REAL)
	{
		unsigned char bytes[8] = {0};

		memcpy(bytes, input->data, Min(input->size, sizeof(bytes)));
		memcpy(&value->integer, bytes, sizeof(bytes));
		memcpy(&value->real, bytes, sizeof(bytes));
		/* SQLite stores NULL instead */
		if (value->storage == SQM_REAL && isnan(value->real))
			value->real = 0.5;
		return;
	}
	value->data = palloc(input->size);	/* exactly: nobody may look behind it */
	memcpy((char *) value->data, input->data, input->size);
	value->length = input->size;
}

static void
show_bytes(const char *label, const char *bytes, int length)
{
	fprintf(stderr, "%s (%d):", label, length);
	for (int i = 0; i < Min(length, 200); i++)
		fprintf(stderr, " %02x", (unsigned char) bytes[i]);
	fprintf(stderr, "\n");
}

/*
 * The heart of it: a value that is called the same must be the same, and what
 * has been stored can be written.
 */
void
fuzz_value(FuzzInput *input)
{
	static const char *const verdicts[] = {"exact", "noise", "changed", "bad"};
	int			which = fuzz_byte(input) % lengthof(type_names);
	int			storage = fuzz_byte(input);
	int			empty = (storage >> 7) & 1;
	TypeState  *type = &types[which];
	StringInfoData source,
				stored;
	SqmValue	value;
	SqmVerdict	verdict;
	SqmReason	reason;
	Datum		datum = 0;
	bool		isnull = false;

	take_value(input, storage & 0x7f, &value);
	verdict = sqm_value_convert(type->target[empty], &value, &datum, &isnull,
								&reason);
	initStringInfo(&source);
	sqm_canon_source(type->canon[empty], &value, &source);
	if (verdict != SQM_EXACT &&
		strnlen(reason.message, sizeof(reason.message)) == sizeof(reason.message))
		fuzz_finding("%s: the reason does not end", type_names[which]);
	if (verdict == SQM_BAD)
		return;

	initStringInfo(&stored);
	sqm_canon_target(type->canon[empty], datum, isnull, &stored);
	if (!isnull)
		(void) OutputFunctionCall(&type->output, datum);
	if (verdict == SQM_CHANGED)
		return;
	if (source.len != stored.len ||
		memcmp(source.data, stored.data, source.len) != 0)
	{
		show_bytes("source", source.data, source.len);
		show_bytes("stored", stored.data, stored.len);
		fuzz_finding("%s: %s, but the canonical forms differ; storage class %d",
					 type_names[which], verdicts[verdict], value.storage);
	}
}

/*
 * JSON: a token that was taken can be unescaped within its length; text made
 * from a binary document is JSON.
 */
static bool
on_event(void *argument, SqmJsonEvent event, const char *token, int length)
{
	if (event == SQM_JSON_KEY || event == SQM_JSON_STRING)
	{
		char	   *out = palloc(length);
		int			out_length = 0;

		if (sqm_json_unescape(token, length, out, &out_length) == NULL &&
			out_length > length)
			fuzz_finding("a JSON string grew from %d to %d bytes", length,
						 out_length);
		pfree(out);
	}
	return true;
}

void
fuzz_json(FuzzInput *input)
{
	int			mode = fuzz_byte(input) & 1;
	char	   *bytes = palloc(input->size);
	StringInfoData text;
	const char *problem;

	memcpy(bytes, input->data, input->size);
	if (mode == 0)
	{
		(void) sqm_json_scan(bytes, input->size, on_event, NULL);
		return;
	}
	initStringInfo(&text);
	if (sqm_sqlite_jsonb_text(bytes, input->size, &text) != NULL)
		return;
	problem = sqm_json_scan(text.data, text.len, on_event, NULL);

	/* numbers and escapes are left to this scan, the structure is not */
	if (problem != NULL && strstr(problem, "string") == NULL &&
		strstr(problem, "number") == NULL &&
		strpbrk(text.data, ".eE+-") == NULL)
		fuzz_finding("text from SQLite's JSONB: %s: %s", problem, text.data);
}
