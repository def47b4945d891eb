/*-------------------------------------------------------------------------
 *
 * wal.h
 *		Is a write-ahead log intact?
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_WAL_H
#define SQM_WAL_H

extern void sqm_wal_check(const char *path, const char *display,
						  int64 page_size);

#endif							/* SQM_WAL_H */
