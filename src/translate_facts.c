/*-------------------------------------------------------------------------
 *
 * translate_facts.c
 *		The facts of a CREATE statement as jsonb, for the SQL half.
 *
 * sq2pg.table_facts and sq2pg.index_facts are doors to ddl_facts.c and add
 * nothing to it.  The keys are documented in migrate/translate.sql.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "compat.h"
#include "ddl_facts.h"

PG_FUNCTION_INFO_V1(sqm_table_facts);
PG_FUNCTION_INFO_V1(sqm_index_facts);

/* ------------------------------------------------------------------------
 * Writing jsonb
 * ------------------------------------------------------------------------
 */

typedef struct JsonOut
{
	JsonbParseState *state;
	JsonbValue *result;
} JsonOut;

static void
put_token(JsonOut *out, JsonbIteratorToken token)
{
	out->result = pushJsonbValue(&out->state, token, NULL);
}

static void
put_text(JsonOut *out, JsonbIteratorToken token, const char *text)
{
	JsonbValue	v;

	v.type = jbvString;
	v.val.string.val = pstrdup(text);
	v.val.string.len = strlen(text);
	out->result = pushJsonbValue(&out->state, token, &v);
}

static void
put_key(JsonOut *out, const char *key)
{
	put_text(out, WJB_KEY, key);
}

static void
put_string(JsonOut *out, const char *key, const char *value)
{
	JsonbValue	v;

	put_key(out, key);
	if (value != NULL)
		put_text(out, WJB_VALUE, value);
	else
	{
		v.type = jbvNull;
		out->result = pushJsonbValue(&out->state, WJB_VALUE, &v);
	}
}

static void
put_bool(JsonOut *out, const char *key, bool value)
{
	JsonbValue	v;

	put_key(out, key);
	v.type = jbvBool;
	v.val.boolean = value;
	out->result = pushJsonbValue(&out->state, WJB_VALUE, &v);
}

static void
put_int(JsonOut *out, const char *key, int value)
{
	JsonbValue	v;

	put_key(out, key);
	v.type = jbvNumeric;
	v.val.numeric = DatumGetNumeric(DirectFunctionCall1(int4_numeric,
														Int32GetDatum(value)));
	out->result = pushJsonbValue(&out->state, WJB_VALUE, &v);
}

static void
put_strings(JsonOut *out, const char *key, List *strings)
{
	ListCell   *lc;

	put_key(out, key);
	put_token(out, WJB_BEGIN_ARRAY);
	foreach(lc, strings)
		put_text(out, WJB_ELEM, lfirst(lc));
	put_token(out, WJB_END_ARRAY);
}

/* ------------------------------------------------------------------------
 * Facts
 * ------------------------------------------------------------------------
 */

static void
put_keys(JsonOut *out, List *keys)
{
	ListCell   *lc;

	put_key(out, "keys");
	put_token(out, WJB_BEGIN_ARRAY);
	foreach(lc, keys)
	{
		SqmKeyFact *key = lfirst(lc);

		put_token(out, WJB_BEGIN_OBJECT);
		put_string(out, "column", key->column);
		put_string(out, "expression", key->expression);
		put_string(out, "collation", key->collation);
		put_bool(out, "desc", key->desc);
		put_string(out, "nulls", key->nulls);
		put_token(out, WJB_END_OBJECT);
	}
	put_token(out, WJB_END_ARRAY);
}

static void
put_unique(JsonOut *out, SqmUniqueFact *fact)
{
	ListCell   *lc;
	List	   *columns = NIL;

	foreach(lc, fact->keys)
	{
		SqmKeyFact *key = lfirst(lc);

		columns = lappend(columns, key->column ? key->column :
						  key->expression);
	}
	put_string(out, "name", fact->name);
	put_string(out, "column", fact->column);
	put_strings(out, "columns", columns);
	put_keys(out, fact->keys);
	put_string(out, "conflict", fact->conflict);
}

static void
put_check(JsonOut *out, SqmCheckFact *fact)
{
	put_string(out, "name", fact->name);
	put_string(out, "column", fact->column);
	put_string(out, "expression", fact->expression);
	put_string(out, "conflict", fact->conflict);
}

static void
put_foreign_key(JsonOut *out, SqmForeignFact *fact)
{
	put_string(out, "name", fact->name);
	put_string(out, "column", fact->column);
	put_strings(out, "columns", fact->columns);
	put_string(out, "parent", fact->parent);
	put_strings(out, "parent_columns", fact->parent_columns);
	put_string(out, "on_delete", fact->on_delete);
	put_string(out, "on_update", fact->on_update);
	put_string(out, "match", fact->match);
	put_bool(out, "deferrable", fact->deferrable);
	put_bool(out, "initially_deferred", fact->initially_deferred);
}

static void
put_column(JsonOut *out, SqmColumnFact *col, int position)
{
	put_key(out, col->name);
	put_token(out, WJB_BEGIN_OBJECT);
	put_int(out, "position", position);
	put_string(out, "type", col->type);
	put_string(out, "default", col->has_default ? col->default_text : NULL);
	put_string(out, "default_name", col->default_name);
	put_string(out, "collation", col->collation);
	put_bool(out, "not_null", col->not_null);
	put_string(out, "not_null_name", col->not_null_name);
	put_string(out, "not_null_conflict", col->not_null_conflict);
	put_string(out, "generated", col->generated);
	put_bool(out, "stored", col->stored);
	put_token(out, WJB_END_OBJECT);
}

static void
put_table(JsonOut *out, SqmObjectFact *obj)
{
	ListCell   *lc;
	int			position = 0;

	put_string(out, "kind", "table");
	put_bool(out, "without_rowid", obj->without_rowid);
	put_bool(out, "strict", obj->strict);

	put_key(out, "columns");
	put_token(out, WJB_BEGIN_OBJECT);
	foreach(lc, obj->columns)
		put_column(out, lfirst(lc), ++position);
	put_token(out, WJB_END_OBJECT);

	if (obj->primary_key != NULL)
	{
		put_key(out, "primary_key");
		put_token(out, WJB_BEGIN_OBJECT);
		put_unique(out, obj->primary_key);
		put_bool(out, "autoincrement", obj->primary_key->autoincrement);
		put_token(out, WJB_END_OBJECT);
	}

	put_key(out, "uniques");
	put_token(out, WJB_BEGIN_ARRAY);
	foreach(lc, obj->uniques)
	{
		put_token(out, WJB_BEGIN_OBJECT);
		put_unique(out, lfirst(lc));
		put_token(out, WJB_END_OBJECT);
	}
	put_token(out, WJB_END_ARRAY);

	put_key(out, "checks");
	put_token(out, WJB_BEGIN_ARRAY);
	foreach(lc, obj->checks)
	{
		put_token(out, WJB_BEGIN_OBJECT);
		put_check(out, lfirst(lc));
		put_token(out, WJB_END_OBJECT);
	}
	put_token(out, WJB_END_ARRAY);

	put_key(out, "foreign_keys");
	put_token(out, WJB_BEGIN_ARRAY);
	foreach(lc, obj->foreign_keys)
	{
		put_token(out, WJB_BEGIN_OBJECT);
		put_foreign_key(out, lfirst(lc));
		put_token(out, WJB_END_OBJECT);
	}
	put_token(out, WJB_END_ARRAY);
}

static void
put_virtual(JsonOut *out, SqmObjectFact *obj)
{
	put_string(out, "kind", "virtual");
	put_string(out, "module", obj->module);
	put_strings(out, "arguments", obj->arguments);
}

static void
put_view(JsonOut *out, SqmObjectFact *obj)
{
	put_string(out, "kind", "view");
	put_strings(out, "columns", obj->view_columns);
	put_string(out, "select", obj->select);
}

static void
put_index(JsonOut *out, SqmObjectFact *obj)
{
	put_string(out, "kind", "index");
	put_string(out, "table", obj->table);
	put_bool(out, "unique", obj->unique);
	put_keys(out, obj->keys);
	put_string(out, "where", obj->where);
}

/* ------------------------------------------------------------------------
 * The doors
 * ------------------------------------------------------------------------
 */

static Datum
facts_to_jsonb(text *ddl, bool want_index)
{
	JsonOut		out = {0};
	const char *sql = VARDATA_ANY(ddl);
	const char *error;
	int			error_pos;
	SqmObjectFact *obj = sqm_ddl_facts(sql, VARSIZE_ANY_EXHDR(ddl),
									   &error, &error_pos);

	if (obj != NULL && (obj->kind == SQM_OBJECT_INDEX) != want_index)
	{
		error = want_index ? "not an index" : "not a table or view";
		error_pos = 0;
		obj = NULL;
	}

	put_token(&out, WJB_BEGIN_OBJECT);
	if (obj == NULL)
	{
		put_string(&out, "error", error);
		put_int(&out, "position",
				pg_mbstrlen_with_len(sql, error_pos) + 1);
	}
	else
	{
		static void (*const writers[]) (JsonOut *, SqmObjectFact *) = {
			[SQM_OBJECT_TABLE] = put_table,
			[SQM_OBJECT_VIRTUAL] = put_virtual,
			[SQM_OBJECT_VIEW] = put_view,
			[SQM_OBJECT_INDEX] = put_index
		};

		put_string(&out, "name", obj->name);
		writers[obj->kind] (&out, obj);
	}
	put_token(&out, WJB_END_OBJECT);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(out.result));
}

/* sq2pg.table_facts(ddl text) RETURNS jsonb */
Datum
sqm_table_facts(PG_FUNCTION_ARGS)
{
	return facts_to_jsonb(PG_GETARG_TEXT_PP(0), false);
}

/* sq2pg.index_facts(ddl text) RETURNS jsonb */
Datum
sqm_index_facts(PG_FUNCTION_ARGS)
{
	return facts_to_jsonb(PG_GETARG_TEXT_PP(0), true);
}
