/*-------------------------------------------------------------------------
 *
 * translate_sql.c
 *		sq2pg.translate: the translator's door for the SQL half.
 *
 * Unpacks the caller's jsonb into the structs of translate.h and packs the
 * answer.  What the caller got wrong is an error; what SQLite's text has is
 * a problem in the answer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "translate.h"

PG_FUNCTION_INFO_V1(sqm_translate_expression);

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

/* One element of "columns" in either door. */
static SqmColumnInfo *
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

static List *
make_columns(Jsonb *array)
{
	List	   *columns = NIL;
	uint32		n;

	if (!JB_ROOT_IS_ARRAY(array) || JB_ROOT_IS_SCALAR(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the columns must be an array of objects")));
	n = JB_ROOT_COUNT(array);
	for (uint32 i = 0; i < n; i++)
	{
		JsonbValue *v = getIthJsonbValueFromContainer(&array->root, i);

		if (v == NULL || v->type != jbvBinary)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the columns must be an array of objects")));
		columns = lappend(columns, make_column(JsonbValueToJsonb(v)));
	}
	return columns;
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
		columns = make_columns(PG_GETARG_JSONB_P(2));
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
