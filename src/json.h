/*-------------------------------------------------------------------------
 *
 * json.h
 *		JSON text as a stream of events, and SQLite's binary JSONB as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_JSON_H
#define SQM_JSON_H

#include "postgres.h"

#include "lib/stringinfo.h"

/*
 * Deeper documents are refused.  SQLite itself stops at 1000 or, in older
 * versions, 2000 levels.
 */
#define SQM_JSON_MAX_DEPTH 2000

typedef enum SqmJsonEvent
{
	SQM_JSON_OBJECT,
	SQM_JSON_OBJECT_END,
	SQM_JSON_ARRAY,
	SQM_JSON_ARRAY_END,
	SQM_JSON_KEY,				/* the token is what is between the quotes */
	SQM_JSON_STRING,			/* likewise */
	SQM_JSON_NUMBER,
	SQM_JSON_TRUE,
	SQM_JSON_FALSE,
	SQM_JSON_NULL
} SqmJsonEvent;

/* false stops the scan */
typedef bool (*SqmJsonHandler) (void *argument, SqmJsonEvent event,
								const char *token, int length);

/* NULL: valid JSON.  Otherwise what is wrong, or "" if the handler stopped. */
extern const char *sqm_json_scan(const char *text, int length,
								 SqmJsonHandler handler, void *argument);

/* out needs length bytes; NULL, or what is wrong */
extern const char *sqm_json_unescape(const char *token, int length,
									 char *out, int *out_length);

/* sqlitejsonb.c: NULL, or what is wrong */
extern const char *sqm_sqlite_jsonb_text(const char *blob, int length,
										 StringInfo text);

#endif							/* SQM_JSON_H */
