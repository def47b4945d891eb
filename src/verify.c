/*-------------------------------------------------------------------------
 *
 * verify.c
 *		What is the digest of a SQLite table, as it should stand in a
 *		relation?
 *
 * The source side of verification: raw values, made canonical by compare.c
 * for the types of the relation's columns.  The target side is
 * sq2pg.digest_relation.  Nothing here, or below it, has ever seen value.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compare.h"
#include "option.h"
#include "reader.h"
#include "source.h"
#include "srf.h"

PG_FUNCTION_INFO_V1(sqm_digest_source);

static SqmCanon **
canons_for(Oid relid, List *columns, pg_tz *zone, bool empty_as_null)
{
	SqmCanon  **canons = palloc(sizeof(SqmCanon *) * (list_length(columns) + 1));
	Relation	rel = table_open(relid, AccessShareLock);

	for (int i = 0; i < list_length(columns); i++)
	{
		AttrNumber	attnum = get_attnum(relid, list_nth(columns, i));
		Form_pg_attribute att;

		if (attnum <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist",
							(char *) list_nth(columns, i),
							RelationGetRelationName(rel))));
		att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
		canons[i] = sqm_canon_create(att->atttypid, att->atttypmod, zone,
									 empty_as_null);
	}
	table_close(rel, AccessShareLock);
	return canons;
}

static void
digest_rows(SqmStatement *stmt, SqmCanon **canons, int columns,
			SqmDigest *digest)
{
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "sqlite_fdw_mig digest",
													  ALLOCSET_DEFAULT_SIZES);
	StringInfoData bytes;
	MemoryContext old;

	initStringInfo(&bytes);
	old = MemoryContextSwitchTo(row_context);
	while (sqm_statement_step(stmt))
	{
		SqmValue	value;

		resetStringInfo(&bytes);
		for (int i = 0; i < columns; i++)
		{
			sqm_statement_value(stmt, i, &value);
			sqm_canon_source(canons[i], &value, &bytes);
		}
		sqm_digest_add_row(digest, bytes.data, bytes.len);
		MemoryContextReset(row_context);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(row_context);
}

/*
 * sq2pg.digest_source(source text, source_table text, source_columns text[],
 *					   target regclass, target_columns text[], time_zone text,
 *					   empty_as_null boolean, OUT rows bigint, OUT digest text)
 */
Datum
sqm_digest_source(PG_FUNCTION_ARGS)
{
	char	   *source = sqm_arg_text(fcinfo, 0);
	List	   *columns = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(2));
	List	   *target_columns = sqm_array_strings(PG_GETARG_ARRAYTYPE_P(4));
	bool		has_rowid;
	SqmStatement *stmt;
	SqmCanon  **canons;
	SqmDigest	digest;
	char		text[SQM_DIGEST_TEXT_SIZE];
	SqmRow		row;

	if (list_length(columns) != list_length(target_columns))
		elog(ERROR, "%d source columns for %d target columns",
			 list_length(columns), list_length(target_columns));
	sqm_row_begin(fcinfo, &row);
	canons = canons_for(PG_GETARG_OID(3), target_columns,
						sqm_time_zone(sqm_arg_text(fcinfo, 5)),
						PG_GETARG_BOOL(6));
	stmt = sqm_table_statement(source, sqm_arg_text(fcinfo, 1), columns,
							   &has_rowid);
	sqm_digest_init(&digest);
	digest_rows(stmt, canons, list_length(columns), &digest);
	sqm_statement_finalize(stmt);
	sqm_source_check_unchanged(source);

	sqm_row_bigint(&row, digest.rows);
	sqm_digest_text(&digest, text);
	sqm_row_text(&row, text);
	sqm_row_emit(&row);
	return (Datum) 0;
}
