/*-------------------------------------------------------------------------
 *
 * target.h
 *		What the converters know of the type they convert to.
 *
 * Private to value*.c.  value.c fills a SqmTarget once; the converters read
 * it for every value and look nothing up.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_TARGET_H
#define SQM_TARGET_H

#include "value.h"

struct SqmDecimal;

/*
 * One converter takes one storage class to one kind of type.  It never sees
 * NULL.  It sets *datum unless it returns SQM_BAD, and fills *reason unless
 * it returns SQM_EXACT.
 */
typedef SqmVerdict (*SqmConverter) (SqmTarget *target, const SqmValue *value,
									Datum *datum, SqmReason *reason);

typedef struct SqmEnumLabel
{
	const char *label;			/* in the database encoding */
	int			length;
	Oid			value;
	bool		usable;			/* false: added by this very transaction */
} SqmEnumLabel;

struct SqmTarget
{
	const SqmConverter *convert;	/* indexed by storage class */
	Oid			typid;			/* the type asked for, may be a domain */
	Oid			basetype;
	int32		typmod;			/* of the base type */
	const char *name;			/* of the type, for messages */
	SqmValueOptions options;
	bool		native;			/* needs no subtransaction, ever */
	bool		empty_is_null;
	bool		null_is_checked;	/* a domain may refuse NULL */
	MemoryContext context;

	/* integers */
	int64		low;
	int64		high;

	/* numeric */
	bool		constrained;
	int			precision;
	int			scale;

	/* text, varchar(n), char(n): n, or -1 */
	int			max_chars;

	/* time, timestamp, timestamptz: digits that the type keeps, 0 to 6 */
	int			fraction_digits;
	bool		zone_is_fixed;
	int64		zone_offset;	/* seconds east of UTC */

	/* from UTF-8 into a database encoding that is neither it nor SQL_ASCII */
	bool		transcode;
	FmgrInfo	transcoder;
	FmgrInfo	untranscoder;	/* and back */

	/* enum: sorted by length, then bytes */
	int			nlabels;
	SqmEnumLabel *labels;

	/* arrays */
	SqmTarget  *element;
	Oid			element_type;
	int16		element_length;
	bool		element_byval;
	char		element_align;

	/* domains with constraints */
	SqmTarget  *base;
	void	   *domain_state;	/* domain_check's cache */
	bool		null_is_known;	/* the next two are filled by the first NULL */
	bool		null_is_allowed;
	SqmReason	null_refusal;

	/* types of which only their own functions know anything */
	FmgrInfo	input;
	Oid			input_param;
	FmgrInfo	output;
	bool		input_is_soft;
	bool		keeps_text;		/* the output should be the text put in */
	bool		knows_now;		/* reads "now" as the present moment */
	bool		keeps_microseconds; /* and rounds what is finer */
};

/* value.c: verdicts with their reason */
extern SqmVerdict sqm_bad(SqmReason *reason, int sqlstate,
						  const char *format,...) pg_attribute_printf(3, 4);
extern SqmVerdict sqm_changed(SqmReason *reason, int sqlstate,
							  const char *format,...) pg_attribute_printf(3, 4);
extern SqmVerdict sqm_noise(SqmReason *reason, const char *format,...) pg_attribute_printf(2, 3);
extern SqmVerdict sqm_refuse(SqmTarget *target, const SqmValue *value,
							 Datum *datum, SqmReason *reason);
extern SqmVerdict sqm_bad_syntax(SqmTarget *target, SqmReason *reason);
extern SqmVerdict sqm_bad_range(SqmTarget *target, SqmReason *reason);

/* The tables of converters, one row a kind, in the order of SqmStorageClass. */
#define SQM_STORAGE_CLASSES (SQM_BLOB + 1)
typedef const SqmConverter SqmConverterRow[SQM_STORAGE_CLASSES];

extern SqmConverterRow sqm_to_bool;
extern SqmConverterRow sqm_to_int2;
extern SqmConverterRow sqm_to_int4;
extern SqmConverterRow sqm_to_int8;
extern SqmConverterRow sqm_to_float4;
extern SqmConverterRow sqm_to_float8;
extern SqmConverterRow sqm_to_numeric;
extern SqmConverterRow sqm_to_text;
extern SqmConverterRow sqm_to_char;
extern SqmConverterRow sqm_to_name;
extern SqmConverterRow sqm_to_bytea;
extern SqmConverterRow sqm_to_date;
extern SqmConverterRow sqm_to_time;
extern SqmConverterRow sqm_to_timestamp;
extern SqmConverterRow sqm_to_timestamptz;
extern SqmConverterRow sqm_to_uuid;
extern SqmConverterRow sqm_to_enum;
extern SqmConverterRow sqm_to_json;
extern SqmConverterRow sqm_to_jsonb;
extern SqmConverterRow sqm_to_array;
extern SqmConverterRow sqm_to_domain;
extern SqmConverterRow sqm_to_other;

/* value_numeric.c */
extern SqmVerdict sqm_decimal_numeric(SqmTarget *target,
									  const struct SqmDecimal *decimal,
									  bool may_be_noise, Datum *datum,
									  SqmReason *reason);

/* value_text.c */
#define SQM_NUMBER_TEXT_SIZE 32
extern int	sqm_number_text(const SqmValue *value, char *buffer);
extern char *sqm_text_cstring(SqmTarget *target, const char *data, int length,
							  int *result_length, SqmReason *reason);
extern void sqm_text_setup(SqmTarget *target);

/* value_time.c, value_label.c, value_other.c: the rest of sqm_target_create */
extern void sqm_time_setup(SqmTarget *target);
extern void sqm_enum_setup(SqmTarget *target);
extern void sqm_array_setup(SqmTarget *target, Oid element_type);
extern void sqm_domain_setup(SqmTarget *target);
extern void sqm_other_setup(SqmTarget *target);
extern bool sqm_domain_check_null(SqmTarget *target, SqmReason *reason);

#endif							/* SQM_TARGET_H */
