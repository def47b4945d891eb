/*-------------------------------------------------------------------------
 *
 * translate_sql.c
 *		sq2pg.translate and translate_view: the doors for the SQL half.
 *
 * Unpacks the caller's jsonb into the structs of translate.h and packs the
 * answer.  What the caller got wrong is an error; what SQLite's text has is
 * a problem in the answer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "compat.h"
#include "translate_query.h"

PG_FUNCTION_INFO_V1(sqm_translate_expression);
PG_FUNCTION_INFO_V1(sqm_translate_view_ddl);

/* The value of a key: text, NULL if it is absent or null. */
static char *
get_text(Jsonb *object, const char *key)
{
	JsonbValue	v;

	if (getKeyJsonValueFromContainer(&object->root, key, strlen(key),
									 &v) == NULL || v.type != jbvString)
		return NULL;
	return pnstrdup(v.val.string.val, v.val.string.len);
}

static bool
get_bool(Jsonb *object, const char *key)
{
	JsonbValue	v;

	return getKeyJsonValueFromContainer(&object->root, key, strlen(key),
										&v) != NULL &&
		v.type == jbvBool && v.val.boolean;
}

/* One element of the columns of translate, or of a table's. */
static void *
make_column(Jsonb *object)
{
	SqmColumnInfo *col = palloc0(sizeof(SqmColumnInfo));

	col->name = get_text(object, "name");
	col->target = get_text(object, "target");
	col->type = get_text(object, "type");
	col->collation = get_text(object, "collation");
	col->affinity = get_text(object, "affinity");
	col->not_null = get_bool(object, "not_null");
	if (col->target == NULL)
		col->target = col->name;
	if (col->name == NULL || col->type == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a column needs \"name\" and \"type\"")));
	return col;
}

/* The elements of an array of objects, each made into a struct. */
static List *
make_list(Jsonb *array, void *(*make) (Jsonb *object))
{
	List	   *list = NIL;
	uint32		n;

	if (!JB_ROOT_IS_ARRAY(array) || JB_ROOT_IS_SCALAR(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an array of objects is needed")));
	n = JB_ROOT_COUNT(array);
	for (uint32 i = 0; i < n; i++)
	{
		JsonbValue *v = getIthJsonbValueFromContainer(&array->root, i);

		if (v == NULL || v->type != jbvBinary)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("an array of objects is needed")));
		list = lappend(list, make(JsonbValueToJsonb(v)));
	}
	return list;
}

/* The array under a key, as jsonb of its own; NULL if there is none. */
static Jsonb *
get_array(Jsonb *object, const char *key)
{
	JsonbValue	v;

	if (getKeyJsonValueFromContainer(&object->root, key, strlen(key),
									 &v) == NULL || v.type != jbvBinary)
		return NULL;
	return JsonbValueToJsonb(&v);
}

static List *
get_texts(Jsonb *object, const char *key)
{
	Jsonb	   *array = get_array(object, key);
	List	   *texts = NIL;

	for (uint32 i = 0; array != NULL && i < JB_ROOT_COUNT(array); i++)
	{
		JsonbValue *v = getIthJsonbValueFromContainer(&array->root, i);

		if (v != NULL && v->type == jbvString)
			texts = lappend(texts, pnstrdup(v->val.string.val,
											v->val.string.len));
	}
	return texts;
}

/* One element of the catalog of translate_view. */
static void *
make_table(Jsonb *object)
{
	SqmTableInfo *table = palloc0(sizeof(SqmTableInfo));
	Jsonb	   *columns = get_array(object, "columns");

	table->name = get_text(object, "name");
	table->schema = get_text(object, "schema");
	table->target = get_text(object, "target");
	table->rowid = get_text(object, "rowid");
	table->primary_key = get_texts(object, "primary_key");
	if (table->target == NULL)
		table->target = table->name;
	if (table->name == NULL || columns == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a table needs \"name\" and \"columns\"")));
	table->columns = make_list(columns, make_column);
	return table;
}

static SqmContext
context_of_name(const char *name)
{
	static const char *const names[] = {
		[SQM_CONTEXT_CHECK] = "check",
		[SQM_CONTEXT_DEFAULT] = "default",
		[SQM_CONTEXT_GENERATED] = "generated",
		[SQM_CONTEXT_INDEX] = "index",
		[SQM_CONTEXT_WHERE] = "where"
	};

	for (int i = 0; i < (int) lengthof(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
			return (SqmContext) i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized context \"%s\"", name),
			 errhint("It is one of check, default, generated, index and "
					 "where.")));
	return SQM_CONTEXT_CHECK;	/* keep compilers quiet */
}

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/*
 * sq2pg.translate(expression text, context text, columns jsonb,
 *				   wanted_type text, OUT translated text, OUT problem text,
 *				   OUT notes text, OUT immutable boolean)
 */
Datum
sqm_translate_expression(PG_FUNCTION_ARGS)
{
	text	   *expression;
	SqmContext	context;
	List	   *columns = NIL;
	char	   *wanted_type = NULL;
	SqmTranslation *t;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {0};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	expression = PG_GETARG_TEXT_PP(0);
	context = context_of_name(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (!PG_ARGISNULL(2))
		columns = make_list(PG_GETARG_JSONB_P(2), make_column);
	if (!PG_ARGISNULL(3))
		wanted_type = text_to_cstring(PG_GETARG_TEXT_PP(3));

	t = sqm_translate(VARDATA_ANY(expression), VARSIZE_ANY_EXHDR(expression),
					  context, columns, wanted_type);
	values[0] = text_or_null(t->text, &nulls[0]);
	values[1] = text_or_null(t->problem, &nulls[1]);
	values[2] = text_or_null(t->notes, &nulls[2]);
	values[3] = BoolGetDatum(t->immutable);
	nulls[3] = t->text == NULL;
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values,
											 nulls));
}

static void
push_pair(JsonbParseState **state, const char *key, const char *value)
{
	JsonbValue	v;

	v.type = jbvString;
	v.val.string.val = pstrdup(key);
	v.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &v);
	v.type = jbvNull;
	if (value != NULL)
	{
		v.type = jbvString;
		v.val.string.val = pstrdup(value);
		v.val.string.len = strlen(value);
	}
	pushJsonbValue(state, WJB_VALUE, &v);
}

/* The columns of a view in the form that the catalog wants. */
static Jsonb *
outputs_to_jsonb(List *outputs)
{
	static const char *const collations[] = {
		[SQM_C_NONE] = NULL, [SQM_C_BINARY] = NULL,
		[SQM_C_NOCASE] = "NOCASE", [SQM_C_RTRIM] = "RTRIM"
	};
	JsonbParseState *state = NULL;
	JsonbValue *result;
	ListCell   *lc;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach(lc, outputs)
	{
		SqmOutput  *out = lfirst(lc);
		char		affinity = out->term->affinity;

		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		push_pair(&state, "name", out->name);
		push_pair(&state, "target", out->target);
		push_pair(&state, "type", sqm_term_type_name(out->term));
		push_pair(&state, "collation", collations[out->term->collation]);
		push_pair(&state, "affinity", affinity == 'T' ? "TEXT" :
				  affinity == 'I' ? "INTEGER" : affinity == 'R' ? "REAL" :
				  affinity == 'N' ? "NUMERIC" : "NONE");
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	result = pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	return JsonbValueToJsonb(result);
}

/*
 * sq2pg.translate_view(ddl text, catalog jsonb, OUT translated text,
 *						OUT problem text, OUT notes text, OUT columns jsonb)
 */
Datum
sqm_translate_view_ddl(PG_FUNCTION_ARGS)
{
	text	   *ddl = PG_GETARG_TEXT_PP(0);
	List	   *tables = make_list(PG_GETARG_JSONB_P(1), make_table);
	List	   *outputs = NIL;
	SqmTranslation *t;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {0};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	t = sqm_translate_view(VARDATA_ANY(ddl), VARSIZE_ANY_EXHDR(ddl), tables,
						   &outputs);
	values[0] = text_or_null(t->text, &nulls[0]);
	values[1] = text_or_null(t->problem, &nulls[1]);
	values[2] = text_or_null(t->notes, &nulls[2]);
	values[3] = (Datum) 0;
	nulls[3] = t->text == NULL;
	if (t->text != NULL)
		values[3] = JsonbPGetDatum(outputs_to_jsonb(outputs));
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values,
											 nulls));
}
