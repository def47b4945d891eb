/*-------------------------------------------------------------------------
 *
 * translate.h
 *		SQLite's DDL and expressions, read by a tokenizer and a parser of
 *		our own, and written anew as PostgreSQL text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_TRANSLATE_H
#define SQM_TRANSLATE_H

#include "postgres.h"

#endif							/* SQM_TRANSLATE_H */
