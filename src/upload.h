/*-------------------------------------------------------------------------
 *
 * upload.h
 *		Is an uploaded database whole?
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_UPLOAD_H
#define SQM_UPLOAD_H

#include "postgres.h"

#include "lite.h"

/* What the header and the upload itself say */
typedef struct SqmUpload
{
	const char *name;			/* of the source */
	int64		size;
	int64		page_size;
	int64		pages;			/* 0 if the header does not know */
	bool		wal_mode;
} SqmUpload;

extern void sqm_upload_define_settings(void);
extern void sqm_upload_check_size(const SqmUpload *upload);
extern void sqm_upload_check_log(const SqmUpload *upload, SqmLite *lite);
extern void sqm_upload_check_pages(const char *name, SqmLite *lite);

#endif							/* SQM_UPLOAD_H */
