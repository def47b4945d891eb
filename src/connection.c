/*-------------------------------------------------------------------------
 *
 * connection.c
 *		Which SQLite database does this session keep open between transactions?
 *
 * Opening takes longer than a small query, so the handle of a database in
 * rollback-journal mode is kept after a foreign table was read: without a
 * transaction it holds no lock, and SQLite itself notices at the next one what
 * others have written.  Handles of databases in WAL mode are never kept: even
 * an idle one would keep the application from removing its log when it ends.
 *
 * A kept handle is closed when any foreign server is altered or dropped, when
 * another file has the name, and by sq2pg_disconnect().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "connection.h"

typedef struct Connection
{
	struct Connection *next;
	char	   *path;
	SqmLite    *lite;
	dev_t		device;			/* of the file when it was opened */
	ino_t		inode;
	bool		in_use;			/* by this transaction */
	bool		unwanted;		/* to be closed as soon as it is idle */
	MemoryContext context;
} Connection;

static Connection *connections = NULL;

PG_FUNCTION_INFO_V1(sqm_disconnect);

static void
close_connection(Connection *connection)
{
	for (Connection **link = &connections; *link != NULL; link = &(*link)->next)
	{
		if (*link == connection)
		{
			*link = connection->next;
			break;
		}
	}
	sqm_lite_close(connection->lite);
	MemoryContextDelete(connection->context);
}

/* Close the idle connections to "path", or all of them; never fails. */
void
sqm_connection_close_idle(const char *path)
{
	Connection *next;

	for (Connection *connection = connections; connection != NULL; connection = next)
	{
		next = connection->next;
		if (path != NULL && strcmp(connection->path, path) != 0)
			continue;
		if (connection->in_use)
			connection->unwanted = true;
		else
			close_connection(connection);
	}
}

static void
server_changed(Datum arg, int cache, uint32 hash)
{
	sqm_connection_close_idle(NULL);
}

static Connection *
open_connection(const char *path, const struct stat *file)
{
	static bool registered = false;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "sqlite_fdw_mig connection",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Connection *connection = palloc0(sizeof(Connection));

	if (!registered)
		CacheRegisterSyscacheCallback(FOREIGNSERVEROID, server_changed, (Datum) 0);
	registered = true;
	connection->path = pstrdup(path);
	connection->device = file->st_dev;
	connection->inode = file->st_ino;
	connection->context = context;
	connection->lite = sqm_lite_open(path, connection->path, SQM_OPEN_SHARED);
	MemoryContextSwitchTo(old);
	/* only now, when nothing can fail any more, it outlives the transaction */
	MemoryContextSetParent(context, TopMemoryContext);
	connection->next = connections;
	connections = connection;
	return connection;
}

/*
 * A handle of the database in rollback-journal mode at "path", which is this
 * file now.  Whoever takes it must give it back at the end of the transaction.
 */
SqmLite *
sqm_connection_take(const char *path, const struct stat *file)
{
	Connection *connection;

	for (connection = connections; connection != NULL; connection = connection->next)
		if (!connection->in_use && strcmp(connection->path, path) == 0)
			break;
	if (connection != NULL &&
		(connection->device != file->st_dev || connection->inode != file->st_ino))
	{
		close_connection(connection);
		connection = NULL;
	}
	if (connection == NULL)
		connection = open_connection(path, file);
	connection->in_use = true;
	return connection->lite;
}

/* Never fails: it is called while a transaction is being aborted, too. */
void
sqm_connection_give_back(SqmLite *lite, bool keep)
{
	for (Connection *connection = connections; connection != NULL;
		 connection = connection->next)
	{
		if (connection->lite != lite)
			continue;
		connection->in_use = false;
		if (!keep || connection->unwanted || !sqm_lite_end_transaction(lite))
			close_connection(connection);
		return;
	}
}

/*
 * sq2pg_disconnect(): what this transaction uses is closed at its end.
 */
Datum
sqm_disconnect(PG_FUNCTION_ARGS)
{
	sqm_connection_close_idle(NULL);
	PG_RETURN_VOID();
}
