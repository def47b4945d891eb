/*-------------------------------------------------------------------------
 *
 * scan.h
 *		Reading a foreign table: the callbacks of the foreign-data wrapper.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_SCAN_H
#define SQM_SCAN_H

#include "postgres.h"

#include "foreign/fdwapi.h"

extern void sqm_scan_routine(FdwRoutine *routine);
extern List *sqmImportForeignSchema(ImportForeignSchemaStmt *stmt, Oid serverid);

#endif							/* SQM_SCAN_H */
