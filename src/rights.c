/*-------------------------------------------------------------------------
 *
 * rights.c
 *		Who may read which source, and how large may it be?
 *
 * A path needs pg_read_server_files; a large object its own rights.  Hosts
 * can open folders to everybody else: files below them are only ever copied,
 * through a descriptor that was opened safely (dropped.c), and never opened
 * by their path.
 *
 * This file does not open anything.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "catalog/pg_authid.h"
#include "catalog/pg_largeobject.h"
#include "miscadmin.h"
#include "storage/large_object.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "rights.h"

static char *allowed_directories = NULL;
static int	max_source_size = -1;

/* ---------------------------------------------------------------------
 * Settings
 * ---------------------------------------------------------------------
 */

/* Absolute directories in canonical form; false for a syntax error. */
static bool
split_directories(const char *text, List **directories)
{
	*directories = NIL;
	return SplitDirectoriesString(pstrdup(text), ',', directories);
}

static bool
check_allowed_directories(char **newval, void **extra, GucSource source)
{
	List	   *directories;
	ListCell   *lc;

	if (*newval == NULL || (*newval)[0] == '\0')
		return true;
	if (!split_directories(*newval, &directories))
	{
		GUC_check_errdetail("List syntax is invalid.");
		return false;
	}
	foreach(lc, directories)
	{
		if (!is_absolute_path((char *) lfirst(lc)))
		{
			GUC_check_errdetail("Path \"%s\" is not absolute.",
								(char *) lfirst(lc));
			return false;
		}
	}
	return true;
}

void
sqm_rights_define_settings(void)
{
	DefineCustomStringVariable("sqlite_fdw_mig.allowed_directories",
							   "Sets the directories below which every role may read SQLite databases.",
							   "A list of absolute paths. Roles without the privileges of pg_read_server_files can migrate the files below them, by a temporary copy.",
							   &allowed_directories,
							   "",
							   PGC_SUSET, GUC_LIST_INPUT,
							   check_allowed_directories, NULL, NULL);
	DefineCustomIntVariable("sqlite_fdw_mig.max_source_size",
							"Sets the size up to which SQLite databases are read.",
							"-1 and 0 mean no limit.",
							&max_source_size,
							-1, -1, INT_MAX,
							PGC_SUSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
}

void
sqm_check_source_size(const char *source, int64 size)
{
	if (max_source_size <= 0 || size <= (int64) max_source_size * 1024)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("SQLite database \"%s\" is larger than this server allows",
					source),
			 errdetail("The limit is %d kB.", max_source_size),
			 errhint("A superuser can raise \"sqlite_fdw_mig.max_source_size\". VACUUM in the sqlite3 program makes a database as small as it can be.")));
}

/* ---------------------------------------------------------------------
 * Large objects
 * ---------------------------------------------------------------------
 */

bool
sqm_is_large_object(const char *source)
{
	return strncmp(source, "lo:", 3) == 0;
}

Oid
sqm_large_object_oid(const char *source)
{
	const char *digits = source + 3;
	unsigned long value;
	char	   *end;

	errno = 0;
	value = strtoul(digits, &end, 10);
	if (*digits < '0' || *digits > '9' || *end != '\0' || errno != 0 ||
		value > OID_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid large object in source \"%s\"", source),
				 errhint("Write \"lo:\" and the object's OID, for example lo:16423.")));
	return (Oid) value;
}

/*
 * An object that does not exist passes here: pg_restore makes servers before
 * large objects.  To open it is an error then.
 */
static void
check_large_object_rights(Oid object, Oid role)
{
	if (LargeObjectExists(object) && !lo_compat_privileges &&
		pg_largeobject_aclcheck_snapshot(object, role, ACL_SELECT,
										 NULL) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for large object %u", object)));
}

/* ---------------------------------------------------------------------
 * Paths
 * ---------------------------------------------------------------------
 */

/* Does no part of the path mean another place than its name? */
static bool
is_plain(const char *path)
{
	for (const char *part = path; *part == '/';)
	{
		const char *end;

		part++;
		end = strchrnul(part, '/');
		if (end == part || strncmp(part, "./", 2) == 0 ||
			strncmp(part, "../", 3) == 0 || strcmp(part, ".") == 0 ||
			strcmp(part, "..") == 0)
			return false;
		part = end;
	}
	return true;
}

static bool
is_below(const char *path, const char *directory)
{
	size_t		length = strlen(directory);

	if (strcmp(directory, "/") == 0)
		length = 0;
	return strncmp(path, directory, length) == 0 && path[length] == '/' &&
		path[length + 1] != '\0';
}

/*
 * The directory that lets "role" read this path only as a copy; NULL if none
 * does, or if the role may read every file.
 */
char *
sqm_drop_folder(const char *source, Oid role)
{
	List	   *directories;
	ListCell   *lc;

	if (sqm_is_large_object(source) || allowed_directories == NULL ||
		allowed_directories[0] == '\0' || source[0] != '/' ||
		has_privs_of_role(role, ROLE_PG_READ_SERVER_FILES) ||
		!is_plain(source) ||
		!split_directories(allowed_directories, &directories))
		return NULL;
	foreach(lc, directories)
		if (is_below(source, lfirst(lc)))
			return lfirst(lc);
	return NULL;
}

static void
raise_no_right(Oid role)
{
	const char *name = GetUserNameFromId(role, false);
	bool		open = allowed_directories != NULL &&
		allowed_directories[0] != '\0';

	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to read files of the server"),
			 errdetail("Role \"%s\" does not have the privileges of role \"%s\".",
					   name, "pg_read_server_files"),
			 open ?
			 errhint("Files below the directories in \"sqlite_fdw_mig.allowed_directories\" may be read; others can be uploaded with \\lo_import in psql, and 'lo:OID' given as the source.") :
			 errhint("A superuser can run GRANT pg_read_server_files TO %s; without it, upload the file with \\lo_import in psql and give 'lo:OID' as the source.",
					 quote_identifier(name))));
}

/*
 * May "role" read this source?  A path needs pg_read_server_files, or lies in
 * a folder that is open to everybody; a large object needs the right to select
 * from it.
 */
void
sqm_source_check_rights(const char *source, Oid role)
{
	if (sqm_is_large_object(source))
	{
		check_large_object_rights(sqm_large_object_oid(source), role);
		return;
	}
	if (!has_privs_of_role(role, ROLE_PG_READ_SERVER_FILES) &&
		sqm_drop_folder(source, role) == NULL)
		raise_no_right(role);
	if (!is_absolute_path(source))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("path \"%s\" is not absolute", source),
				 errhint("The path is one of the server's file system; write it from the root directory on.")));
}
