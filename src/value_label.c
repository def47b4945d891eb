/*-------------------------------------------------------------------------
 *
 * value_label.c
 *		Is this value one of an enum's labels, or a uuid?
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "mb/pg_wchar.h"
#include "target.h"
#include "utils/catcache.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

/* Labels are sorted so that a value is found without asking the catalog. */
static int
compare_labels(const void *a, const void *b)
{
	const SqmEnumLabel *left = a;
	const SqmEnumLabel *right = b;

	if (left->length != right->length)
		return left->length < right->length ? -1 : 1;
	return memcmp(left->label, right->label, left->length);
}

void
sqm_enum_setup(SqmTarget *target)
{
	CatCList   *list = SearchSysCacheList1(ENUMTYPOIDNAME,
										   ObjectIdGetDatum(target->basetype));

	target->nlabels = list->n_members;
	target->labels = MemoryContextAlloc(target->context,
										Max(list->n_members, 1) * sizeof(SqmEnumLabel));
	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_enum form = (Form_pg_enum) GETSTRUCT(&list->members[i]->tuple);
		SqmEnumLabel *label = &target->labels[i];

		label->label = MemoryContextStrdup(target->context,
										   NameStr(form->enumlabel));
		label->length = strlen(label->label);
		label->value = form->oid;
		/* such a label could outlive its own rollback in an index */
		label->usable = !EnumUncommitted(form->oid);
	}
	ReleaseCatCacheList(list);
	qsort(target->labels, target->nlabels, sizeof(SqmEnumLabel),
		  compare_labels);
}

/* The one label that differs only in the case of ASCII letters, if any. */
static const SqmEnumLabel *
label_in_other_case(SqmTarget *target, const char *text, int length)
{
	const SqmEnumLabel *found = NULL;

	for (int i = 0; i < target->nlabels; i++)
	{
		const SqmEnumLabel *label = &target->labels[i];
		int			at = 0;

		if (label->length != length)
			continue;
		while (at < length &&
			   pg_ascii_tolower((unsigned char) label->label[at]) ==
			   pg_ascii_tolower((unsigned char) text[at]))
			at++;
		if (at < length)
			continue;
		if (found)
			return NULL;
		found = label;
	}
	return found;
}

static SqmVerdict
enum_from_text(SqmTarget *target, const SqmValue *value, Datum *datum,
			   SqmReason *reason)
{
	SqmEnumLabel key;
	const SqmEnumLabel *label;
	SqmVerdict	verdict = SQM_EXACT;

	/* longer than any label: not worth a conversion, however long it is */
	if (value->length >= NAMEDATALEN * MAX_CONVERSION_GROWTH)
		return sqm_bad(reason, ERRCODE_INVALID_TEXT_REPRESENTATION,
					   "value is no label of enum %s", target->name);
	key.label = sqm_text_cstring(target, value->data, value->length,
								 &key.length, reason);
	if (key.label == NULL)
		return SQM_BAD;
	label = bsearch(&key, target->labels, target->nlabels,
					sizeof(SqmEnumLabel), compare_labels);
	if (label == NULL)
	{
		label = label_in_other_case(target, key.label, key.length);
		verdict = SQM_CHANGED;
	}
	if (label == NULL)
		return sqm_bad(reason, ERRCODE_INVALID_TEXT_REPRESENTATION,
					   "value is no label of enum %s", target->name);
	if (!label->usable)
		return sqm_bad(reason, ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE,
					   "label of enum %s is not committed yet", target->name);
	*datum = ObjectIdGetDatum(label->value);
	if (verdict == SQM_CHANGED)
		return sqm_changed(reason, ERRCODE_INVALID_TEXT_REPRESENTATION,
						   "label of enum %s is written in another case",
						   target->name);
	return SQM_EXACT;
}

static inline int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* 32 digits, with hyphens as 8-4-4-4-12 or with none */
static bool
scan_uuid(const char *text, int length, pg_uuid_t *uuid)
{
	bool		hyphens = (length == 36);

	if (!hyphens && length != 32)
		return false;
	for (int i = 0; i < UUID_LEN; i++)
	{
		int			high;
		int			low;

		if (hyphens && (i == 4 || i == 6 || i == 8 || i == 10) &&
			*text++ != '-')
			return false;
		high = hex_digit(text[0]);
		low = hex_digit(text[1]);
		if (high < 0 || low < 0)
			return false;
		uuid->data[i] = (unsigned char) (high << 4 | low);
		text += 2;
	}
	return true;
}

static SqmVerdict
uuid_from_text(SqmTarget *target, const SqmValue *value, Datum *datum,
			   SqmReason *reason)
{
	const char *text = value->data;
	int			length = value->length;
	pg_uuid_t	uuid;
	pg_uuid_t  *result;

	if (length > 2 && text[0] == '{' && text[length - 1] == '}')
	{
		text++;
		length -= 2;
	}
	if (!scan_uuid(text, length, &uuid))
		return sqm_bad_syntax(target, reason);
	result = palloc(sizeof(pg_uuid_t));
	*result = uuid;
	*datum = UUIDPGetDatum(result);
	return SQM_EXACT;
}

static SqmVerdict
uuid_from_blob(SqmTarget *target, const SqmValue *value, Datum *datum,
			   SqmReason *reason)
{
	pg_uuid_t  *result;

	if (value->length != UUID_LEN)
		return sqm_bad(reason, ERRCODE_INVALID_BINARY_REPRESENTATION,
					   "a uuid has 16 bytes");
	result = palloc(sizeof(pg_uuid_t));
	memcpy(result->data, value->data, UUID_LEN);
	*datum = UUIDPGetDatum(result);
	return SQM_EXACT;
}

SqmConverterRow sqm_to_enum = {
	NULL, sqm_refuse, sqm_refuse, enum_from_text, sqm_refuse
};
SqmConverterRow sqm_to_uuid = {
	NULL, sqm_refuse, sqm_refuse, uuid_from_text, uuid_from_blob
};
