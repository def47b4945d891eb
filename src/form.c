/*-------------------------------------------------------------------------
 *
 * form.c
 *		How do the values of a row become a tuple, if there are millions?
 *
 * As heap_form_tuple makes it, byte by byte, but in one pass over the values,
 * in memory that is used again, with what the columns are like looked up
 * once.  Values that only heap_form_tuple understands (toasted or expanded
 * ones, which converters never make) are left to it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tupmacs.h"
#include "utils/memutils.h"

#include "compat.h"
#include "form.h"

#define FIRST_SIZE 2048
#define KEPT_SIZE (1024 * 1024)

/* Everything about a column that matters here */
typedef struct FormColumn
{
	int16		length;
	char		align;
	bool		byval;
	bool		packable;		/* its values can have a short header */
} FormColumn;

struct SqmForm
{
	TupleDesc	desc;
	HeapTupleData tuple;
	char	   *data;			/* the tuple with its header */
	Size		size;			/* of that memory */
	Size		used;
	uint16		infomask;
	FormColumn	columns[FLEXIBLE_ARRAY_MEMBER];
};

/* For rows of "desc"; lives in the current memory context. */
SqmForm *
sqm_form_create(TupleDesc desc)
{
	SqmForm    *form = palloc0(offsetof(SqmForm, columns) +
							   sizeof(FormColumn) * desc->natts);

	form->desc = desc;
	form->size = FIRST_SIZE;
	form->data = palloc(form->size);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		form->columns[i].length = att->attlen;
		form->columns[i].align = att->attalign;
		form->columns[i].byval = att->attbyval;
		form->columns[i].packable = att->attlen == -1 &&
			att->attstorage != TYPSTORAGE_PLAIN;
	}
	return form;
}

static inline void
ensure(SqmForm *form, Size bytes)
{
	if (likely(form->used + bytes <= form->size))
		return;
	/* as heap_form_tuple, which has its memory from palloc */
	if (form->used + bytes > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a row is longer than %zu bytes",
						(Size) MaxAllocSize)));
	form->size = Min(Max(form->size * 2, form->used + bytes), MaxAllocSize);
	form->data = repalloc(form->data, form->size);
}

/* Room for "bytes" at the next place that "align" allows; gaps are zeros. */
static inline char *
place(SqmForm *form, char align, Size bytes)
{
	Size		at = att_align_nominal(form->used, align);

	ensure(form, bytes + MAXIMUM_ALIGNOF);
	while (form->used < at)
		form->data[form->used++] = 0;
	form->used += bytes;
	return form->data + at;
}

static inline void
add_varlena(SqmForm *form, const FormColumn *column, char *value)
{
	Size		size;

	form->infomask |= HEAP_HASVARWIDTH;
	if (VARATT_IS_SHORT(value))
	{
		size = VARSIZE_SHORT(value);
		memcpy(place(form, TYPALIGN_CHAR, size), value, size);
	}
	else if (column->packable && VARATT_CAN_MAKE_SHORT(value))
	{
		char	   *to;

		size = VARATT_CONVERTED_SHORT_SIZE(value);
		to = place(form, TYPALIGN_CHAR, size);
		SET_VARSIZE_SHORT(to, size);
		memcpy(to + 1, VARDATA(value), size - 1);
	}
	else
	{
		size = VARSIZE(value);
		memcpy(place(form, column->align, size), value, size);
	}
}

static inline void
add_value(SqmForm *form, const FormColumn *column, Datum value)
{
	if (column->byval)
		store_att_byval(place(form, column->align, column->length), value,
						column->length);
	else if (column->length == -1)
		add_varlena(form, column, DatumGetPointer(value));
	else
		memcpy(place(form, column->align, column->length),
			   DatumGetPointer(value), column->length);
}

/* Header and bitmap of NULLs */
static void
begin_tuple(SqmForm *form, bool *isnull)
{
	int			natts = form->desc->natts;
	bool		has_null = memchr(isnull, true, natts) != NULL;
	Size		length = SizeofHeapTupleHeader;
	bits8	   *bits;

	if (has_null)
		length += BITMAPLEN(natts);
	/* one huge row does not make the memory stay huge */
	if (form->size > KEPT_SIZE)
	{
		form->size = FIRST_SIZE;
		form->data = repalloc(form->data, form->size);
	}
	form->used = 0;
	ensure(form, MAXALIGN(length));
	form->used = MAXALIGN(length);
	memset(form->data, 0, form->used);
	form->infomask = has_null ? HEAP_HASNULL : 0;
	if (!has_null)
		return;
	bits = ((HeapTupleHeader) form->data)->t_bits;
	for (int i = 0; i < natts; i++)
		if (!isnull[i])
			bits[i >> 3] |= 1 << (i & 7);
}

static HeapTuple
end_tuple(SqmForm *form, Size header_length)
{
	HeapTupleHeader header = (HeapTupleHeader) form->data;

	header->t_infomask = form->infomask;
	header->t_hoff = header_length;
	HeapTupleHeaderSetNatts(header, form->desc->natts);
	HeapTupleHeaderSetDatumLength(header, form->used);
	HeapTupleHeaderSetTypeId(header, form->desc->tdtypeid);
	HeapTupleHeaderSetTypMod(header, form->desc->tdtypmod);
	ItemPointerSetInvalid(&header->t_ctid);
	form->tuple.t_data = header;
	form->tuple.t_len = form->used;
	ItemPointerSetInvalid(&form->tuple.t_self);
	form->tuple.t_tableOid = InvalidOid;
	return &form->tuple;
}

/*
 * The tuple of these values.  It is the form's, and gone with the next one;
 * what heap_form_tuple makes instead is the current memory context's.
 */
HeapTuple
sqm_form_tuple(SqmForm *form, Datum *values, bool *isnull)
{
	Size		header_length;

	begin_tuple(form, isnull);
	header_length = form->used;
	for (int i = 0; i < form->desc->natts; i++)
	{
		const FormColumn *column = &form->columns[i];

		if (isnull[i])
			continue;
		/* what is external looks short, too */
		if (unlikely(column->length == -2 ||
					 (column->length == -1 &&
					  (VARATT_IS_EXTERNAL(DatumGetPointer(values[i])) ||
					   VARATT_IS_COMPRESSED(DatumGetPointer(values[i]))))))
			return heap_form_tuple(form->desc, values, isnull);
		add_value(form, column, values[i]);
	}
	return end_tuple(form, header_length);
}
