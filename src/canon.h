/*-------------------------------------------------------------------------
 *
 * canon.h
 *		What the files that make canonical bytes share among themselves:
 *		the tags, the encoding, the per-column state.
 *
 * Nobody but compare*.c and digest.c includes this file.  It must not know
 * anything of the loading converter.
 *
 * Every form is either a tag and a number of bytes that the tag fixes, or a
 * tag, a length and that many bytes.  So no form is a prefix of another, and
 * a row is read in one way only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_CANON_H
#define SQM_CANON_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "pgtime.h"
#include "port/pg_bswap.h"

#include "compat.h"
#include "sqmvalue.h"

#define CANON_NULL		'0'		/* nothing */
#define CANON_BOOL		'b'		/* one byte */
#define CANON_INT		'i'		/* 8 bytes: a whole number that fits int64 */
#define CANON_DECIMAL	'd'		/* length: sign, exponent, digits */
#define CANON_SPECIAL	'q'		/* one byte: NaN, +, - infinity of numeric */
#define CANON_DOUBLE	'f'		/* 8 bytes */
#define CANON_TEXT		't'		/* length */
#define CANON_BYTES		'x'		/* length */
#define CANON_LABEL		'e'		/* length: an enum's label */
#define CANON_POINT		'm'		/* days (4), microseconds of the day (8) */
#define CANON_CLOCK		'h'		/* 8 bytes: microseconds of the day */
#define CANON_ENDLESS	'y'		/* one byte: + or - infinity in time */
#define CANON_UUID		'u'		/* 16 bytes */
#define CANON_JSON		'j'		/* length: a document in canonical form */
#define CANON_OUTPUT	'o'		/* length: what the output function says */
#define CANON_ARRAY		'a'		/* length: shape, then elements */
#define CANON_RAW		'r'		/* class, length: what no Datum stands for */

/*
 * Longer bodies enter as their SHA-256, so that even a row of 1,600 columns
 * that are each close to a gigabyte fits into a StringInfo.  The high bit of
 * the length, which no varlena length can have, says so.
 */
#define CANON_LONG		(256 * 1024)
#define CANON_HASHED	0x80000000U

/* enough for core's shortest decimals and for any int64 */
#define CANON_NUMBER_SIZE	48

typedef struct SqmCanon SqmCanon;
typedef void (*SqmCanonSource) (SqmCanon *canon, const SqmValue *value,
								StringInfo out);
typedef void (*SqmCanonTarget) (SqmCanon *canon, Datum datum, StringInfo out);

struct SqmCanon
{
	SqmCanonSource source;
	SqmCanonTarget target;
	Oid			typid;			/* base type */
	int32		typmod;
	bool		empty_is_null;

	/* numeric(p,s) */
	bool		has_scale;
	int			scale;

	/* timestamptz: one stretch of time without a change of offset */
	pg_tz	   *zone;
	int64		zone_from;		/* seconds since 1970, inclusive */
	int64		zone_until;		/* exclusive */
	int64		zone_offset;	/* seconds east of Greenwich */

	/* types that are compared by what their own functions say */
	FmgrInfo	input;
	FmgrInfo	output;
	Oid			ioparam;
	bool		trusted_input;
	bool		may_mean_now;	/* the input knows words for the present */
	bool		rounds_times;	/* the input rounds to microseconds */
	Oid			from_utf8;		/* conversion into the database encoding */

	/* arrays */
	SqmCanon   *element;
	char		element_delimiter;
};

/* compare.c */
extern void sqm_canon_bytes(StringInfo out, char tag, const char *data,
							int length);
extern int	sqm_canon_begin(StringInfo out, char tag);
extern void sqm_canon_end(StringInfo out, int start);
extern void sqm_canon_hash(const char *data, int length, uint8 *sum);
extern void sqm_canon_raw(StringInfo out, const SqmValue *value);
extern const char *sqm_canon_text_of(const SqmValue *value, char *buffer,
									 int *length);
extern const char *sqm_canon_to_utf8(const char *data, int *length);
extern bool sqm_canon_word(const SqmValue *value, const char *word);

/* compare_number.c */
typedef struct CanonDecimal
{
	bool		negative;
	const char *first;			/* first and one past the last significant */
	const char *last;			/* digit; there may be a point between */
	int			digits;			/* how many significant digits; 0: zero */
	int64		exponent;		/* of the last significant digit */
} CanonDecimal;

extern const char *sqm_canon_scan_decimal(const char *p, const char *end,
									bool json, CanonDecimal *decimal);
extern void sqm_canon_put_decimal(StringInfo out, const CanonDecimal *decimal);
extern bool sqm_canon_loose_number(const char *data, int length,
								   StringInfo out);
extern void sqm_canon_put_numeric(StringInfo out, Datum numeric);
extern void sqm_canon_put_real(StringInfo out, double real);
extern void sqm_canon_integer(SqmCanon *canon);
extern void sqm_canon_numeric(SqmCanon *canon);
extern void sqm_canon_float(SqmCanon *canon);

/* compare_time.c */
extern void sqm_canon_time(SqmCanon *canon);

/* compare_json.c */
typedef bool (*CanonJsonScalar) (void *arg, const SqmValue *value);

extern void sqm_canon_json(SqmCanon *canon);
extern bool sqm_canon_json_scalars(const char *data, int length,
							 CanonJsonScalar each, void *arg);

/* compare_jsonb.c */
extern bool sqm_canon_blob_json(const char *data, int length, StringInfo text);

/* compare_array.c */
extern void sqm_canon_array(SqmCanon *canon, Oid element);

/* compare_other.c */
extern void sqm_canon_other(SqmCanon *canon);

/*
 * The short forms are on the path of every value of every row: written in
 * place, in network order so that a digest does not depend on the machine.
 */
static inline void
canon_fixed(StringInfo out, char tag, const void *data, int length)
{
	enlargeStringInfo(out, length + 1);
	out->data[out->len] = tag;
	memcpy(out->data + out->len + 1, data, length);
	out->len += length + 1;
	out->data[out->len] = '\0';
}

static inline void
canon_byte(StringInfo out, char tag, char byte)
{
	canon_fixed(out, tag, &byte, 1);
}

static inline void
canon_int64(StringInfo out, char tag, int64 number)
{
	uint64		network = pg_hton64((uint64) number);

	canon_fixed(out, tag, &network, sizeof(network));
}

#endif							/* SQM_CANON_H */
