/*-------------------------------------------------------------------------
 *
 * rights.h
 *		Who may read which source, and how large may it be?
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_RIGHTS_H
#define SQM_RIGHTS_H

#include "postgres.h"

extern void sqm_rights_define_settings(void);
extern bool sqm_is_large_object(const char *source);
extern Oid	sqm_large_object_oid(const char *source);
extern void sqm_source_check_rights(const char *source, Oid role);
extern char *sqm_drop_folder(const char *source, Oid role);
extern void sqm_check_source_size(const char *source, int64 size);

#endif							/* SQM_RIGHTS_H */
