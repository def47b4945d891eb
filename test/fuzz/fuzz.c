/*-------------------------------------------------------------------------
 *
 * fuzz.c
 *		libFuzzer inside a server process: how inputs come and errors go.
 *
 * sqm_fuzz(target, arguments) does not return: libFuzzer ends the process,
 * with an exit code that tells whether anything was found.  It is meant for a
 * single-user server that serves nothing else.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <unistd.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "fuzz.h"

PG_FUNCTION_INFO_V1(sqm_fuzz);

const FuzzTarget fuzz_targets[] = {
	{"translate", NULL, fuzz_translate, false},
	{"view", NULL, fuzz_view, false},
	{"ddl", NULL, fuzz_ddl, false},
	{"schema", NULL, fuzz_schema, false},
	{"option", NULL, fuzz_option, false},
	{"value", fuzz_value_start, fuzz_value, false},
	{"json", NULL, fuzz_json, false},
	{"image", fuzz_image_start, fuzz_image, true, fuzz_image_mutate},
	{"wal", fuzz_wal_start, fuzz_wal, true, fuzz_wal_mutate},
	{"export", fuzz_export_start, fuzz_export, true},
	{"pushdown", NULL, fuzz_pushdown, true},
	{NULL}
};

static const FuzzTarget *target;
static MemoryContext input_context;
static Size memory_before;
static int	inputs;

void
fuzz_finding(const char *format,...)
{
	va_list		args;

	fprintf(stderr, "FINDING: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}

unsigned char
fuzz_byte(FuzzInput *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->data++;
}

/*
 * What is left of the input as text, with a zero after it.  The server lets no
 * text in that holds a zero or is not in its encoding: an error here, too.
 */
char *
fuzz_rest(FuzzInput *input)
{
	char	   *text = palloc(input->size + 1);

	memcpy(text, input->data, input->size);
	text[input->size] = '\0';
	(void) pg_verifymbstr(text, input->size, false);
	return text;
}

char *
fuzz_text_until_nul(FuzzInput *input)
{
	size_t		length = strnlen((const char *) input->data, input->size);
	char	   *text = pnstrdup((const char *) input->data, length);

	length = Min(length + 1, input->size);
	input->data += length;
	input->size -= length;
	return text;
}

static uint32 chance_state;

void
fuzz_seed(unsigned int seed)
{
	chance_state = seed * 2654435761u + 1;
}

uint32
fuzz_chance(uint32 limit)
{
	chance_state ^= chance_state << 13;
	chance_state ^= chance_state >> 17;
	chance_state ^= chance_state << 5;
	return limit == 0 ? 0 : chance_state % limit;
}

/*
 * An error is an answer; one that says that this cannot happen is a finding.
 */
static void
look_at_error(void)
{
	ErrorData  *error;

	MemoryContextSwitchTo(input_context);
	error = CopyErrorData();
	FlushErrorState();
	if (error->sqlerrcode == ERRCODE_INTERNAL_ERROR)
		fuzz_finding("internal error: %s (%s:%d)", error->message,
					 error->filename, error->lineno);
}

static void
try_in_place(FuzzInput *input)
{
	MemoryContextSwitchTo(input_context);
	PG_TRY();
	{
		target->try(input);
	}
	PG_CATCH();
	{
		look_at_error();
	}
	PG_END_TRY();
}

/* What lives longer than an input must not grow with their number. */
static void
check_memory(void)
{
	Size		now;

	inputs++;
	if (inputs % 500 != 0)
		return;
	now = MemoryContextMemAllocated(TopMemoryContext, true);
	if (inputs == 500)
		memory_before = now;
	else if (now > memory_before + 64 * 1024 * 1024)
		fuzz_finding("memory contexts grew from %zu to %zu bytes in %d inputs",
					 memory_before, now, inputs);
}

static int
try_input(const uint8_t *data, size_t size)
{
	FuzzInput	input = {data, size};

	if (target->transactions)
		target->try(&input);
	else
		try_in_place(&input);
	MemoryContextSwitchTo(TopMemoryContext);
	MemoryContextReset(input_context);
	check_memory();
	return 0;
}

/* Found by libFuzzer by its name. */
size_t		LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
									unsigned int seed);

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
						unsigned int seed)
{
	if (target->mutate != NULL)
		return target->mutate(data, size, max_size, seed);
	return LLVMFuzzerMutate(data, size, max_size);
}

static const FuzzTarget *
find_target(const char *name)
{
	for (const FuzzTarget *t = fuzz_targets; t->name != NULL; t++)
		if (strcmp(t->name, name) == 0)
			return t;
	elog(ERROR, "there is no fuzz target \"%s\"", name);
}

/*
 * sqm_fuzz(target text, arguments text[])
 */
Datum
sqm_fuzz(PG_FUNCTION_ARGS)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	Datum	   *given;
	int			count;
	char	  **argv;
	int			argc = 1;

	target = find_target(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false,
					  TYPALIGN_INT, &given, NULL, &count);
	argv = palloc0(sizeof(char *) * (count + 2));
	argv[0] = pstrdup("sqm_fuzz");
	for (int i = 0; i < count; i++)
		argv[argc++] = TextDatumGetCString(given[i]);
	input_context = AllocSetContextCreate(TopMemoryContext, "fuzz input",
										  ALLOCSET_DEFAULT_SIZES);
	if (target->start != NULL)
		target->start();
	if (target->transactions)
		AbortCurrentTransaction();	/* the one that called us */
	exit(LLVMFuzzerRunDriver(&argc, &argv, try_input));
	MemoryContextSwitchTo(old);
	PG_RETURN_VOID();
}
