/*-------------------------------------------------------------------------
 *
 * fuzz.h
 *		What the files of the fuzz harness share.
 *
 * The harness is compiled into a copy of the library, never into the one that
 * is installed for use.  libFuzzer runs inside a server process, so that what
 * is tried is the real code with the real server around it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_FUZZ_H
#define SQM_FUZZ_H

#include "postgres.h"

/* What is being tried, byte by byte. */
typedef struct FuzzInput
{
	const unsigned char *data;
	size_t		size;
} FuzzInput;

/* One kind of input and what is done with it. */
typedef struct FuzzTarget
{
	const char *name;
	void		(*start) (void);	/* once; may be NULL */
	void		(*try) (FuzzInput *input);
	bool		transactions;	/* it begins and ends its own */
	size_t		(*mutate) (uint8_t *data, size_t size, size_t max_size,
						   unsigned int seed);	/* NULL: libFuzzer's ways */
} FuzzTarget;

extern const FuzzTarget fuzz_targets[];

/* The input violates a property: stop, and let libFuzzer keep it. */
extern void fuzz_finding(const char *format,...) pg_attribute_printf(1, 2) pg_attribute_noreturn();

extern unsigned char fuzz_byte(FuzzInput *input);
extern char *fuzz_rest(FuzzInput *input);
extern char *fuzz_text_until_nul(FuzzInput *input);

/* Numbers for mutations: the same for a seed, below a limit */
extern void fuzz_seed(unsigned int seed);
extern uint32 fuzz_chance(uint32 limit);

/* fuzz_value.c */
extern void fuzz_value_start(void);
extern void fuzz_value(FuzzInput *input);
extern void fuzz_json(FuzzInput *input);

/* fuzz_parse.c */
extern void fuzz_translate(FuzzInput *input);
extern void fuzz_view(FuzzInput *input);
extern void fuzz_ddl(FuzzInput *input);
extern void fuzz_schema(FuzzInput *input);
extern void fuzz_option(FuzzInput *input);

/* fuzz_image.c */
extern void fuzz_image_start(void);
extern void fuzz_image(FuzzInput *input);
extern size_t fuzz_image_mutate(uint8_t *data, size_t size, size_t max_size,
								unsigned int seed);

extern const char *fuzz_directory(void);
extern void fuzz_expect_files(void);
extern void fuzz_statement(const char *sql, bool scans);

/* fuzz_wal.c */
extern void fuzz_wal_start(void);
extern void fuzz_wal(FuzzInput *input);
extern size_t fuzz_wal_mutate(uint8_t *data, size_t size, size_t max_size,
							  unsigned int seed);

/* fuzz_export.c */
extern void fuzz_export_start(void);
extern void fuzz_export(FuzzInput *input);
extern void fuzz_pushdown(FuzzInput *input);

/* libFuzzer's */
extern int	LLVMFuzzerRunDriver(int *argc, char ***argv,
								int (*try) (const uint8_t *data, size_t size));
extern size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#endif							/* SQM_FUZZ_H */
