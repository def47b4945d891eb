/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Every difference between PostgreSQL 15 to 18 and between SQLite
 *		versions that this extension has to know, and the only place where
 *		a version number is asked for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_COMPAT_H
#define SQM_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "sqlite_fdw_mig needs PostgreSQL 15 or later"
#endif

#endif							/* SQM_COMPAT_H */
