/*-------------------------------------------------------------------------
 *
 * translate_term.h
 *		Typed pieces of PostgreSQL text, shared by the translator's files.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_TRANSLATE_TERM_H
#define SQM_TRANSLATE_TERM_H

#include "postgres.h"

#include "expr.h"
#include "lib/stringinfo.h"
#include "translate.h"

typedef enum SqmType
{
	SQM_T_NULL,					/* the literal NULL */
	SQM_T_BOOL,
	SQM_T_INT,					/* smallint, integer, bigint */
	SQM_T_NUMERIC,
	SQM_T_FLOAT,				/* real, double precision */
	SQM_T_TEXT,					/* text, varchar, char */
	SQM_T_BYTEA,
	SQM_T_DATE,
	SQM_T_TIME,
	SQM_T_TIMESTAMP,
	SQM_T_TIMESTAMPTZ,
	SQM_T_UUID,
	SQM_T_JSON,
	SQM_T_JSONB,
	SQM_T_JSONVALUE,			/* jsonb that stands for what json_extract
								 * gives: a number, text, … of SQLite's */
	SQM_T_OTHER					/* enum, domain, array, … */
} SqmType;

/* What is known of a number: SQLite divides integers and reals differently. */
typedef enum SqmNumber
{
	SQM_N_INTEGER,
	SQM_N_REAL,
	SQM_N_ANY
} SqmNumber;

typedef enum SqmCollation
{
	SQM_C_NONE,					/* not a column, none written */
	SQM_C_BINARY,
	SQM_C_NOCASE,
	SQM_C_RTRIM
} SqmCollation;

/*
 * One translated expression.  sql is complete and correct PostgreSQL; atom
 * says that it needs no parentheses as an operand.
 */
typedef struct SqmTerm
{
	char	   *sql;
	const char *type_name;		/* a column's own, such as varchar(20) */
	bool		atom;
	char		chain;			/* '&': AND outside of parentheses, '|': OR */
	SqmType		type;
	SqmNumber	number;
	bool		narrow;			/* an integer of PostgreSQL's int2 or int4 */
	bool		logical;		/* BOOL that SQLite computes as 0 or 1, not a
								 * column */
	bool		not_null;
	bool		column;
	char		affinity;		/* 'T', 'I', 'R', 'N', 'B'; 0: expression */
	SqmCollation collation;
	bool		explicit_collation;
	const SqmExpr *literal;		/* a constant: its node (see negative) */
	bool		negative;		/* the constant had a minus */

	/* the results of date functions are text with a known meaning */
	char	   *instant;		/* the same as a timestamp */
	char		instant_form;	/* 'D'ate, 'T'ime, date'S'econd; in lower
								 * case: in the session's zone */
	char	   *moment;			/* the timestamp before it was cut to the form */
	char	   *digits;			/* the same as a bigint (strftime('%Y') …) */
} SqmTerm;

typedef struct SqmTranslator SqmTranslator;

/* Names a column; NULL if there is none (problem may be set). */
typedef SqmTerm *(*SqmResolver) (SqmTranslator *tr, const char *table,
								 const char *name);

struct SqmTranslator
{
	SqmContext	context;
	bool		need_immutable;
	bool		immutable;		/* so far */
	char	   *problem;		/* the first one, sticky */
	List	   *notes;			/* of char * */
	int			steps;			/* nodes translated so far */
	Size		written;		/* bytes of text made so far */
	const SqmExpr *conjunct;	/* a CHECK fails if this is false */
	SqmResolver resolve;
	void	   *scope;			/* the resolver's own */
	SqmTerm    *(*subselect) (SqmTranslator *tr, const SqmExpr *e);
	SqmTerm    *(*aggregate) (SqmTranslator *tr, const SqmExpr *e,
							  bool *handled);
	SqmTerm    *(*known) (SqmTranslator *tr, const SqmExpr *e);	/* GROUP BY's */
};

/* translate_term.c */
extern void *sqm_problem(SqmTranslator *tr, const char *problem);
extern void sqm_note(SqmTranslator *tr, const char *note);
extern char *sqm_join_notes(SqmTranslator *tr);
extern bool sqm_need_stable(SqmTranslator *tr, const char *what);
extern SqmTerm *sqm_term(SqmType type, bool atom, char *sql);
extern const char *sqm_atom(const SqmTerm *t);
extern char *sqm_string(const char *text);
extern SqmTerm *sqm_string_term(const char *text);
extern SqmTerm *sqm_bool_term(bool value);
extern SqmTerm *sqm_integer_term(int64 value);
extern SqmTerm *sqm_null_term(void);
extern SqmType sqm_type_of_name(const char *name, bool *narrow);
extern const char *sqm_type_word(SqmType type);
extern char sqm_affinity_of_type(const char *declared);
extern SqmTerm *sqm_column_term(SqmTranslator *tr, const SqmColumnInfo *col,
								const char *qualifier);
extern bool sqm_is_numeric(const SqmTerm *t);
extern bool sqm_is_temporal(const SqmTerm *t);
extern bool sqm_literal_integer(const SqmTerm *t, int64 *value);
extern bool sqm_literal_string(const SqmTerm *t, const char **value);
extern bool sqm_parse_integer(const char *text, int64 *value);
extern char *sqm_number_in_text(const char *text, bool *real);
extern bool sqm_is_uuid(const char *text);
extern char *sqm_fold_ascii(const char *text, bool upper);
extern SqmTerm *sqm_truth(SqmTranslator *tr, SqmTerm *t);
extern SqmTerm *sqm_to_number(SqmTranslator *tr, SqmTerm *t,
							  const char *what);
extern SqmTerm *sqm_term_to_text(SqmTranslator *tr, SqmTerm *t, const char *what);
extern SqmTerm *sqm_unify(SqmTranslator *tr, SqmTerm **terms, int n,
						  const char *what);

/* translate_compare.c */
#define SQM_OP_IS		512		/* and more operators for sqm_compare */
#define SQM_OP_IS_NOT	513
extern SqmTerm *sqm_compare(SqmTranslator *tr, int op, SqmTerm *left,
							SqmTerm *right);
extern SqmTerm *sqm_in_list(SqmTranslator *tr, SqmTerm *left, SqmTerm **list,
							int n, bool negated);
extern char *sqm_order_key(SqmTranslator *tr, SqmTerm *t);
extern char *sqm_equal_key(SqmTerm *t);

/* translate_arith.c */
extern SqmTerm *sqm_arithmetic(SqmTranslator *tr, const SqmExpr *e);
extern SqmTerm *sqm_bitwise(SqmTranslator *tr, const SqmExpr *e);
extern SqmTerm *sqm_bitnot(SqmTranslator *tr, const SqmExpr *e);

/* translate_match.c */
extern SqmTerm *sqm_match(SqmTranslator *tr, const char *word, SqmTerm *left,
						  SqmTerm *pattern, SqmTerm *escape, bool negated);

/* translate_date.c */
#define SQM_NOW_UTC "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')"

typedef struct SqmIso
{
	bool		has_date;
	bool		has_time;
	bool		has_offset;
	char		date[16];		/* YYYY-MM-DD */
	char		time[20];		/* HH:MM:SS[.ffffff] */
	char		offset[8];		/* +HH:MM */
} SqmIso;

extern bool sqm_parse_iso(const char *text, SqmIso *iso);
extern SqmTerm *sqm_now_term(SqmTranslator *tr, const char *word);
extern SqmTerm *sqm_date_function(SqmTranslator *tr, const SqmExpr *e);
extern SqmTerm *sqm_date_as_text(SqmTranslator *tr, SqmTerm *t);

/* translate_func.c */
extern SqmTerm *sqm_function(SqmTranslator *tr, const SqmExpr *e);
extern const char *sqm_storage_class(const SqmTerm *t);

/* translate_json.c */
extern SqmTerm *sqm_json_path(SqmTranslator *tr, SqmTerm *json,
							  SqmTerm *path, int op);
extern SqmTerm *sqm_json_compare(SqmTranslator *tr, int op, SqmTerm *left,
								 SqmTerm *right);
extern bool sqm_json_valid(const char *text);

/* translate_assign.c */
extern SqmTerm *sqm_assign(SqmTranslator *tr, SqmTerm *t, const char *type);

/* translate.c */
extern SqmTerm *sqm_translate_expr(SqmTranslator *tr, const SqmExpr *e);
extern bool sqm_spend(SqmTranslator *tr, const char *text);
extern SqmTerm *sqm_condition(SqmTranslator *tr, const SqmExpr *e);

#endif							/* SQM_TRANSLATE_TERM_H */
