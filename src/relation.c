/*-------------------------------------------------------------------------
 *
 * relation.c
 *		What is certain about the SQLite table behind a foreign table?
 *
 * A SQLite column may hold a value of any storage class, whatever its
 * declaration says.  What can be relied upon is little, and collected here:
 * the rowid is an integer; a column of a STRICT table holds its class or NULL;
 * what enters a column of numeric affinity and looks like a number is stored
 * as one; what enters one of text affinity is no number.  (A file whose
 * records break these rules was not written by SQLite; PRAGMA integrity_check
 * calls it corrupt.)
 *
 * Knows nothing of queries.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "catalog.h"
#include "relation.h"
#include "source.h"

/*
 * A column's place in the primary key counts only for a table whose rowid it
 * may be; hidden: 2 is a virtual generated column, which no one checks.
 */
#define COLUMN_FACTS \
	"SELECT x.name, x.type, x.\"notnull\", x.pk, x.hidden" \
	"  FROM pragma_table_xinfo(?1) AS x ORDER BY x.cid"

/* partial indexes are of no use here */
#define INDEX_FACTS \
	"SELECT i.name, l.\"unique\" AND count(*) = 1, i.coll = 'BINARY'" \
	"  FROM pragma_index_list(?1) AS l, pragma_index_xinfo(l.name) AS x" \
	"  LEFT JOIN pragma_index_xinfo(l.name) AS i ON i.seqno = 0" \
	" WHERE x.key AND NOT l.partial AND i.name IS NOT NULL" \
	" GROUP BY l.name"

SqmLite *
sqm_relation_open(SqmTableOptions *options)
{
	SqmLite    *lite = sqm_source_open(options->database, options->owner,
									   SQM_PURPOSE_READ);

	if (options->keep_connection)
		sqm_source_keep(options->database, options->owner);
	return lite;
}

static bool
contains(const char *type, const char *word)
{
	int			length = strlen(word);

	for (; *type != '\0'; type++)
		if (pg_strncasecmp(type, word, length) == 0)
			return true;
	return false;
}

/* SQLite's own rules, in their order. */
static SqmAffinity
affinity_of(const char *type, bool strict)
{
	if (type[0] == '\0' || (strict && pg_strcasecmp(type, "ANY") == 0))
		return SQM_AFFINITY_NONE;
	if (contains(type, "INT"))
		return SQM_AFFINITY_NUMBER;
	if (contains(type, "CHAR") || contains(type, "CLOB") ||
		contains(type, "TEXT"))
		return SQM_AFFINITY_TEXT;
	if (contains(type, "BLOB"))
		return SQM_AFFINITY_NONE;
	return SQM_AFFINITY_NUMBER;
}

/* The storage class that a STRICT table allows in a column of this type. */
static bool
strict_class(const char *type, SqmStorageClass *class)
{
	static const struct
	{
		const char *type;
		SqmStorageClass class;
	}			classes[] = {
		{"INT", SQM_INTEGER}, {"INTEGER", SQM_INTEGER}, {"REAL", SQM_REAL},
		{"TEXT", SQM_TEXT}, {"BLOB", SQM_BLOB}
	};

	for (int i = 0; i < (int) lengthof(classes); i++)
	{
		if (pg_strcasecmp(type, classes[i].type) == 0)
		{
			*class = classes[i].class;
			return true;
		}
	}
	return false;
}

static SqmForeignColumn *
find_column(SqmRelation *relation, const char *name, int *from)
{
	for (; *from < relation->natts; (*from)++)
	{
		SqmForeignColumn *column = &relation->columns[*from];

		if (OidIsValid(column->type) && pg_strcasecmp(column->name, name) == 0)
		{
			(*from)++;
			return column;
		}
	}
	return NULL;
}

static void
note_column(SqmRelation *relation, SqmStatement *stmt, bool strict,
			bool is_rowid)
{
	char	   *name = sqm_statement_text(stmt, 0);
	char	   *type = sqm_statement_is_null(stmt, 1) ? "" :
		sqm_statement_text(stmt, 1);
	bool		checked = sqm_statement_int64(stmt, 4) != 2;
	bool		not_null = sqm_statement_int64(stmt, 2) != 0;
	SqmForeignColumn *column;
	int			from = 0;

	while ((column = find_column(relation, name, &from)) != NULL)
	{
		column->found = true;
		if (!relation->is_table)
			continue;
		column->affinity = affinity_of(type, strict);
		column->is_rowid = is_rowid;
		column->not_null = is_rowid || (not_null && strict && checked);
		if (strict && checked)
			column->has_class = strict_class(type, &column->class);
		if (is_rowid)
		{
			column->has_class = true;
			column->class = SQM_INTEGER;
			column->leads_index = column->is_unique = true;
		}
	}
}

/*
 * A single INTEGER PRIMARY KEY is the rowid, unless it has an index of its
 * own (INTEGER PRIMARY KEY DESC, a quirk of SQLite's).
 */
static bool
has_rowid_key(SqmRelation *relation, SqmLite *lite)
{
	SqmStatement *stmt = sqm_statement_prepare(lite,
											   "SELECT 1 FROM pragma_table_xinfo(?1) WHERE pk > 0"
											   " GROUP BY 1 HAVING count(*) = 1"
											   " AND max(type) = 'INTEGER' COLLATE NOCASE"
											   " AND NOT EXISTS (SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk')");
	bool		found;

	sqm_statement_bind_text(stmt, 1, relation->options->table);
	found = sqm_statement_step(stmt);
	sqm_statement_finalize(stmt);
	return found;
}

static void
read_columns(SqmRelation *relation, bool strict)
{
	bool		rowid_key = relation->is_table && !relation->without_rowid &&
		has_rowid_key(relation, relation->lite);
	SqmStatement *stmt;
	char	   *message;

	/* a broken view has no columns; to read it will be the error */
	stmt = sqm_statement_prepare(relation->lite, COLUMN_FACTS);
	sqm_statement_bind_text(stmt, 1, relation->options->table);
	while (sqm_statement_try_step(stmt, &message) == SQM_STEP_ROW)
		note_column(relation, stmt, strict,
					rowid_key && sqm_statement_int64(stmt, 3) > 0);
	sqm_statement_finalize(stmt);
}

static void
read_indexes(SqmRelation *relation)
{
	SqmStatement *stmt = sqm_statement_prepare(relation->lite, INDEX_FACTS);

	sqm_statement_bind_text(stmt, 1, relation->options->table);
	while (sqm_statement_step(stmt))
	{
		SqmForeignColumn *column;
		int			from = 0;

		while ((column = find_column(relation, sqm_statement_text(stmt, 0),
									 &from)) != NULL)
		{
			column->leads_index = true;
			if (sqm_statement_int64(stmt, 2) != 0)
				column->leads_bytes = true;
			if (sqm_statement_int64(stmt, 1) != 0)
				column->is_unique = true;
		}
	}
	sqm_statement_finalize(stmt);
}

/* Columns that are called like the rowid, where no column hides it. */
static void
note_rowid(SqmRelation *relation)
{
	static const char *const names[] = {"rowid", "_rowid_", "oid"};

	if (relation->rowid == NULL)
		return;
	for (int i = 0; i < relation->natts; i++)
	{
		SqmForeignColumn *column = &relation->columns[i];

		for (int j = 0; j < (int) lengthof(names); j++)
		{
			if (column->found || !OidIsValid(column->type) ||
				pg_strcasecmp(column->name, names[j]) != 0)
				continue;
			column->found = column->is_rowid = column->not_null = true;
			column->has_class = column->leads_index = column->is_unique = true;
			column->class = SQM_INTEGER;
			column->affinity = SQM_AFFINITY_NUMBER;
		}
	}
}

/* The types whose converters give '' a meaning of its own. */
static bool
keeps_empty(Oid type)
{
	char		category;
	bool		preferred;

	type = getBaseType(type);
	if (type == BYTEAOID)
		return true;
	get_type_category_preferred(type, &category, &preferred);
	return category == TYPCATEGORY_STRING;
}

static void
read_foreign_columns(SqmRelation *relation)
{
	Relation	rel = table_open(relation->relid, NoLock);
	TupleDesc	desc = RelationGetDescr(rel);

	relation->natts = desc->natts;
	relation->columns = palloc0(sizeof(SqmForeignColumn) * Max(desc->natts, 1));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		SqmForeignColumn *column = &relation->columns[i];

		if (att->attisdropped)
			continue;
		column->name = sqm_column_name(relation->relid, att->attnum,
									   NameStr(att->attname));
		column->type = att->atttypid;
		column->typmod = att->atttypmod;
		column->empty_is_null = relation->options->value.empty_as_null &&
			!keeps_empty(att->atttypid);
	}
	table_close(rel, NoLock);
}

static bool
is_utf16(SqmLite *lite)
{
	SqmStatement *stmt = sqm_statement_prepare(lite, "PRAGMA encoding");
	bool		result = sqm_statement_step(stmt) &&
		strcmp(sqm_statement_text(stmt, 0), "UTF-8") != 0;

	sqm_statement_finalize(stmt);
	return result;
}

static void
missing_table(SqmRelation *relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
			 errmsg("SQLite database \"%s\" has no table \"%s\"",
					sqm_lite_display(relation->lite), relation->options->table),
			 errhint("sq2pg_tables() lists its tables; the option \"table\" names one that is called differently here.")));
}

/*
 * Everything about the SQLite table of a foreign table that is locked already
 * (palloc'd).  That there is no such table is an error; that it lacks a column
 * is not, until the column is read.
 */
SqmRelation *
sqm_relation_create(Oid relid)
{
	SqmRelation *relation = palloc0(sizeof(SqmRelation));
	SqmStatement *stmt;
	bool		strict;

	relation->relid = relid;
	relation->options = sqm_table_options(relid);
	relation->lite = sqm_relation_open(relation->options);
	stmt = sqm_statement_prepare(relation->lite,
								 "SELECT type = 'table', wr, strict FROM pragma_table_list(?1)"
								 " WHERE schema = 'main'");
	sqm_statement_bind_text(stmt, 1, relation->options->table);
	if (!sqm_statement_step(stmt))
		missing_table(relation);
	relation->is_table = sqm_statement_int64(stmt, 0) != 0;
	relation->without_rowid = sqm_statement_int64(stmt, 1) != 0;
	strict = sqm_statement_int64(stmt, 2) != 0;
	sqm_statement_finalize(stmt);

	relation->is_utf16 = is_utf16(relation->lite);
	relation->rowid = sqm_catalog_rowid_name(relation->lite,
											 relation->options->table);
	read_foreign_columns(relation);
	read_columns(relation, strict);
	if (relation->is_table)
		read_indexes(relation);
	note_rowid(relation);
	return relation;
}
