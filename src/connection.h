/*-------------------------------------------------------------------------
 *
 * connection.h
 *		Connections that outlive a transaction.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_CONNECTION_H
#define SQM_CONNECTION_H

#include "postgres.h"

#include <sys/stat.h>

#include "lite.h"

extern SqmLite *sqm_connection_take(const char *path, const struct stat *file);
extern void sqm_connection_give_back(SqmLite *lite, bool keep);
extern void sqm_connection_close_idle(const char *path);

#endif							/* SQM_CONNECTION_H */
