/*-------------------------------------------------------------------------
 *
 * translate_query.h
 *		Names and types in a query, shared by the files that translate one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_TRANSLATE_QUERY_H
#define SQM_TRANSLATE_QUERY_H

#include "translate_term.h"

/* A column of a table, of a subquery, or of the result. */
typedef struct SqmOutput
{
	char	   *name;			/* in SQLite */
	char	   *target;			/* in PostgreSQL, unquoted */
	SqmTerm    *term;			/* type and, in a result, the text */
} SqmOutput;

/* A table, a view, a subquery or a CTE in FROM. */
typedef struct SqmRelation
{
	char	   *name;			/* by which the query names it */
	char	   *alias;			/* by which the translation does */
	List	   *columns;		/* of SqmOutput */
	List	   *primary_key;	/* of char *: names in SQLite */
	char	   *rowid;			/* the column that is the rowid, or NULL */
	bool		is_table;
} SqmRelation;

/* A table or view as the catalog describes it, or a CTE. */
typedef struct SqmTableInfo
{
	char	   *name;
	char	   *schema;			/* NULL: found by search_path, or a CTE */
	char	   *target;
	List	   *columns;		/* of SqmColumnInfo; a CTE has outputs */
	List	   *outputs;		/* of SqmOutput */
	List	   *primary_key;
	char	   *rowid;
} SqmTableInfo;

/* What one SELECT can see. */
typedef struct SqmScope
{
	struct SqmScope *outer;
	const SqmCore *core;
	List	   *relations;		/* of SqmRelation */
	List	   *merged;			/* of char *: columns joined by USING */
	List	   *tables;			/* of SqmTableInfo: CTEs, then the catalog */
	List	   *group_exprs;	/* of SqmExpr */
	List	   *group_terms;	/* of SqmTerm, in step with group_exprs */
	bool		outer_join;		/* NOT NULL columns may be NULL */
	bool		grouped;		/* bare columns are checked from here on */
	int			in_aggregate;
	int			in_alias;		/* alias lookups under way */
	int			serial;			/* for aliases that are made up */
} SqmScope;

/* A translated query. */
typedef struct SqmQuery
{
	char	   *sql;
	List	   *outputs;		/* of SqmOutput */
	bool		one_row;		/* at most, for certain */
	bool		limited;		/* LIMIT is there already */
} SqmQuery;

/* translate_from.c */
extern SqmTerm *sqm_scope_resolve(SqmTranslator *tr, const char *table,
								  const char *name);
extern bool sqm_scope_has_column(const SqmScope *scope, const char *name);
extern char *sqm_translate_from(SqmTranslator *tr, List *items);
extern SqmTerm *sqm_output_term(const SqmOutput *out, const char *qualifier);

/* translate_aggregate.c */
extern SqmTerm *sqm_aggregate(SqmTranslator *tr, const SqmExpr *e,
							  bool *handled);
extern bool sqm_has_aggregate(const SqmExpr *e);

/* translate_result.c */
#define SQM_MAX_COLUMNS 1600
extern const char *sqm_term_type_name(const SqmTerm *t);
extern SqmTerm *sqm_result_term(SqmTranslator *tr, SqmTerm *t);
extern SqmTerm *sqm_cast_term(const SqmTerm *t, const char *type);
extern bool sqm_unify_rows(SqmTranslator *tr, List *rows, bool exact);
extern SqmOutput *sqm_make_output(const char *name, const char *target,
								  SqmTerm *term);
extern char *sqm_column_target(const SqmTerm *t);
extern List *sqm_translate_results(SqmTranslator *tr, SqmScope *scope,
								   List *results);
extern char *sqm_some_name(char *name);
extern void sqm_make_unique(List *outputs);

/* translate_order.c */
extern SqmTerm *sqm_known_group_key(SqmTranslator *tr, const SqmExpr *e);
extern char *sqm_translate_group_by(SqmTranslator *tr, SqmScope *scope);
extern char *sqm_add_order(SqmTranslator *tr, char *sql, List *order_by,
						   List *outputs, const SqmCore *core,
						   SqmScope *inside, bool around);
extern char *sqm_add_limit(SqmTranslator *tr, char *sql,
						   const SqmSelect *select, SqmQuery *query);

/* translate_select.c */
extern SqmQuery *sqm_translate_query(SqmTranslator *tr,
									 const SqmSelect *select, List *names);
extern SqmTranslation *sqm_translate_view(const char *ddl, int length,
										  List *tables, List **outputs);

#endif							/* SQM_TRANSLATE_QUERY_H */
