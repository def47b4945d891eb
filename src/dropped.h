/*-------------------------------------------------------------------------
 *
 * dropped.h
 *		A file in a folder where others may put what they like.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_DROPPED_H
#define SQM_DROPPED_H

#include "postgres.h"

#include <sys/types.h>

typedef struct SqmDropped SqmDropped;

/* Is this file open in this process by SQLite? */
typedef bool (*SqmFileInUse) (dev_t device, ino_t inode);

extern SqmDropped *sqm_dropped_open(const char *folder, const char *path,
									SqmFileInUse in_use);
extern bool sqm_dropped_lock(SqmDropped *file, int timeout);
extern bool sqm_dropped_is_unclean(SqmDropped *file);
extern int64 sqm_dropped_log_size(SqmDropped *file);
extern int64 sqm_dropped_size(SqmDropped *file);
extern int64 sqm_dropped_modified(SqmDropped *file);
extern bool sqm_dropped_read(SqmDropped *file, char *buffer, int amount,
							 int64 offset);
extern bool sqm_dropped_is_unchanged(SqmDropped *file);
extern void sqm_dropped_close(SqmDropped *file);

#endif							/* SQM_DROPPED_H */
