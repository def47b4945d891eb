/*-------------------------------------------------------------------------
 *
 * lite_function.c
 *		Which of SQLite's functions take longer than their arguments are long?
 *
 * A generated column may call any function that is deterministic, and SQLite
 * cannot be interrupted within one.  Its instr(), replace() and trim() try
 * every place: on texts of a few megabytes that takes minutes.  These do the
 * same in linear time, or look for a cancel meanwhile.  They are registered
 * for one connection; nobody else in this process meets them.
 *
 * They run inside SQLite: nothing here may raise an error of PostgreSQL's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sqlite3.h>

#include "lite.h"

#define LOOK_EVERY (1024 * 1024)

static bool
is_cancelled(sqlite3_context *context)
{
	if (!sqm_lite_cancel_pending())
		return false;
	sqlite3_result_error_code(context, SQLITE_INTERRUPT);
	return true;
}

/* memmem() is linear in the C libraries that we know. */
static const char *
find(const char *text, int length, const char *wanted, int wanted_length)
{
	return wanted_length > length ? NULL :
		memmem(text, length, wanted, wanted_length);
}

/* instr(X, Y): bytes if both are blobs, else characters */
static void
lite_instr(sqlite3_context *context, int count, sqlite3_value **values)
{
	bool		blobs = sqlite3_value_type(values[0]) == SQLITE_BLOB &&
		sqlite3_value_type(values[1]) == SQLITE_BLOB;
	const char *text;
	const char *wanted;
	const char *found;
	int			length;
	int			wanted_length;
	int64		position = 1;

	if (sqlite3_value_type(values[0]) == SQLITE_NULL ||
		sqlite3_value_type(values[1]) == SQLITE_NULL ||
		is_cancelled(context))
		return;
	text = blobs ? sqlite3_value_blob(values[0]) :
		(const char *) sqlite3_value_text(values[0]);
	length = sqlite3_value_bytes(values[0]);
	wanted = blobs ? sqlite3_value_blob(values[1]) :
		(const char *) sqlite3_value_text(values[1]);
	wanted_length = sqlite3_value_bytes(values[1]);
	if (wanted_length == 0)
	{
		sqlite3_result_int(context, 1);
		return;
	}
	if (wanted == NULL || (text == NULL && length > 0))
	{
		sqlite3_result_error_nomem(context);
		return;
	}
	found = length == 0 ? NULL : find(text, length, wanted, wanted_length);
	/* a match of text begins with a character */
	while (found != NULL && !blobs && (*found & 0xC0) == 0x80 &&
		   (wanted[0] & 0xC0) == 0x80 && found > text)
		found = find(found + 1, length - (found + 1 - text), wanted,
					 wanted_length);
	if (found == NULL)
	{
		sqlite3_result_int(context, 0);
		return;
	}
	for (const char *p = text; p < found; p++)
		if (blobs || p == text || (*p & 0xC0) != 0x80)
			position++;
	sqlite3_result_int64(context, position);
}

/* The length of what replace() returns, or -1 if somebody cancels. */
static int64
replaced_length(const char *text, int length, const char *old, int old_length,
				int new_length)
{
	int64		result = length;
	const char *at = text;
	const char *found;
	int			looks = 0;

	while ((found = find(at, length - (at - text), old, old_length)) != NULL)
	{
		if (looks++ % 100000 == 0 && sqm_lite_cancel_pending())
			return -1;
		result += new_length - old_length;
		at = found + old_length;
	}
	return result;
}

/* replace(X, Y, Z) */
static void
lite_replace(sqlite3_context *context, int count, sqlite3_value **values)
{
	const char *text = (const char *) sqlite3_value_text(values[0]);
	const char *old = (const char *) sqlite3_value_text(values[1]);
	const char *new;
	const char *found;
	int			length = sqlite3_value_bytes(values[0]);
	int			old_length = sqlite3_value_bytes(values[1]);
	int			new_length;
	int64		size;
	char	   *result;
	char	   *out;

	if (text == NULL || old == NULL || is_cancelled(context))
		return;
	if (old_length == 0 || old[0] == '\0')
	{
		if (sqlite3_user_data(context) != NULL)
			sqlite3_result_text(context, text, length, SQLITE_TRANSIENT);
		else
			sqlite3_result_value(context, values[0]);
		return;
	}
	new = (const char *) sqlite3_value_text(values[2]);
	new_length = sqlite3_value_bytes(values[2]);
	if (new == NULL)
		return;
	size = replaced_length(text, length, old, old_length, new_length);
	if (size < 0)
	{
		sqlite3_result_error_code(context, SQLITE_INTERRUPT);
		return;
	}
	if (size > sqlite3_limit(sqlite3_context_db_handle(context),
							 SQLITE_LIMIT_LENGTH, -1))
	{
		sqlite3_result_error_toobig(context);
		return;
	}
	result = out = sqlite3_malloc64(size + 1);
	if (result == NULL)
	{
		sqlite3_result_error_nomem(context);
		return;
	}
	while ((found = find(text, length, old, old_length)) != NULL)
	{
		memcpy(out, text, found - text);
		out += found - text;
		memcpy(out, new, new_length);
		out += new_length;
		length -= found + old_length - text;
		text = found + old_length;
	}
	memcpy(out, text, length);
	sqlite3_result_text64(context, result, size, sqlite3_free, SQLITE_UTF8);
}

/* The bytes of the character at "p" */
static int
character_length(const char *p, const char *end)
{
	const char *next = p + 1;

	if (((unsigned char) *p) >= 0xC0)
		while (next < end && (*next & 0xC0) == 0x80)
			next++;
	return next - p;
}

/* The bytes of the character of "set" with which "text" begins or ends, or 0 */
static int
matching(const char *text, int length, const char *set, const char *set_end,
		 bool at_end)
{
	int			size;

	for (const char *p = set; p < set_end; p += size)
	{
		size = character_length(p, set_end);
		if (size <= length &&
			memcmp(at_end ? text + length - size : text, p, size) == 0)
			return size;
	}
	return 0;
}

/* trim(X, Y) and its two halves: which of them is the user data (1, 2, 3) */
static void
lite_trim(sqlite3_context *context, int count, sqlite3_value **values)
{
	int			sides = (int) (intptr_t) sqlite3_user_data(context);
	const char *text = (const char *) sqlite3_value_text(values[0]);
	int			length = sqlite3_value_bytes(values[0]);
	const char *set = " ";
	int			set_length;
	int64		work = 0;
	int			size;

	if (count == 2)
	{
		set = (const char *) sqlite3_value_text(values[1]);
	}
	if (text == NULL || set == NULL)
		return;
	/* for SQLite the set ends at a NUL, too */
	set_length = (int) strlen(set);
	for (int side = 1; side <= 2; side++)
	{
		while ((sides & side) && length > 0 &&
			   (size = matching(text, length, set, set + set_length,
								side == 2)) > 0)
		{
			if (side == 1)
				text += size;
			length -= size;
			work += set_length;
			if (work >= LOOK_EVERY)
			{
				if (is_cancelled(context))
					return;
				work = 0;
			}
		}
	}
	sqlite3_result_text(context, text, length, SQLITE_TRANSIENT);
}

/*
 * Does this release of SQLite give text where replace() has nothing to look
 * for, or the value as it is?  Asked of a database of our own, once.
 */
static bool
replace_gives_text(void)
{
	static int	known = -1;
	sqlite3    *db = NULL;
	sqlite3_stmt *stmt = NULL;

	if (known >= 0)
		return known != 0;
	if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE |
						SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX,
						NULL) == SQLITE_OK &&
		sqlite3_prepare_v2(db, "SELECT replace(12, '', 'x')", -1, &stmt,
						   NULL) == SQLITE_OK &&
		sqlite3_step(stmt) == SQLITE_ROW)
		known = sqlite3_column_type(stmt, 0) == SQLITE_TEXT;
	(void) sqlite3_finalize(stmt);
	(void) sqlite3_close(db);
	return known > 0;
}

/* Give a connection the functions of this file. */
void
sqm_lite_functions(struct sqlite3 *db)
{
	static const struct
	{
		const char *name;
		int			arguments;
		intptr_t	data;
		void		(*function) (sqlite3_context *, int, sqlite3_value **);
	}			functions[] = {
		{"instr", 2, 0, lite_instr},
		{"replace", 3, 0, lite_replace},
		{"ltrim", 1, 1, lite_trim},
		{"ltrim", 2, 1, lite_trim},
		{"rtrim", 1, 2, lite_trim},
		{"rtrim", 2, 2, lite_trim},
		{"trim", 1, 3, lite_trim},
		{"trim", 2, 3, lite_trim},
	};

	for (int i = 0; i < (int) lengthof(functions); i++)
		(void) sqlite3_create_function_v2(db, functions[i].name,
										  functions[i].arguments,
										  SQLITE_UTF8 | SQLITE_DETERMINISTIC |
										  SQLITE_INNOCUOUS,
										  (void *) (functions[i].function == lite_replace ?
													(intptr_t) replace_gives_text() :
													functions[i].data),
										  functions[i].function,
										  NULL, NULL, NULL);
}
