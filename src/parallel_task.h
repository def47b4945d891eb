/*-------------------------------------------------------------------------
 *
 * parallel_task.h
 *		What the leader of a parallel load and its workers tell each other.
 *
 * For parallel.c and parallel_worker.c only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_PARALLEL_TASK_H
#define SQM_PARALLEL_TASK_H

#include "postgres.h"

#include "port/atomics.h"
#include "storage/condition_variable.h"

#include "compare.h"
#include "pages.h"
#include "source.h"

/*
 * A range of tuples should fit into a queue, or the worker that has the next
 * one would wait for the leader to be through with this one.
 */
#define QUEUE_SIZE (4 * 1024 * 1024)
#define MESSAGE_SIZE (256 * 1024)

#define KEY_SHARED 1
#define KEY_TEXT 2
#define KEY_QUEUES 3
#define KEY_RESULTS 4

#define READY PG_UINT64_MAX

/*
 * Workers that are ready wait for the leader's word: it knows only then
 * whether all of them see one moment of the source, and what they have written
 * could not be taken back.
 */
typedef enum TaskWord
{
	WORD_NONE,
	WORD_GO,
	WORD_END
} TaskWord;

/* What workers are told, and what they tell each other */
typedef struct SharedTask
{
	SqmSourceShare source;
	Oid			relation;
	bool		empty_as_null;
	bool		digests;
	bool		pages;			/* rows go to pages in "space", with "stamp" */
	SqmPageStamp stamp;
	SqmPageSpace space;
	int64		first;			/* rowid of the first range */
	uint64		width;			/* rowids in a range */
	uint64		ranges;
	pg_atomic_uint32 word;		/* a TaskWord */
	ConditionVariable spoken;
	pg_atomic_uint64 next;		/* range that nobody has taken yet */
	pg_atomic_uint32 misfit;	/* somebody has met one: stop */
} SharedTask;

/* What a worker leaves when it is done, with a count of NULLs per column */
typedef struct WorkerResult
{
	int64		rows;
	int64		noise;
	SqmDigest	digest;
	int64		nulls[FLEXIBLE_ARRAY_MEMBER];
} WorkerResult;

/* Head of a message; tuples follow, each with a TupleHead */
typedef struct MessageHead
{
	uint64		range;			/* or READY */
	uint32		tuples;
	uint32		placed;			/* rows that the worker has put on pages */
	bool		last;			/* of its range */
} MessageHead;

typedef struct TupleHead
{
	uint32		length;
	int64		rowid;			/* for errors */
} TupleHead;

#define HEAD_SIZE MAXALIGN(sizeof(MessageHead))
#define TUPLE_HEAD_SIZE MAXALIGN(sizeof(TupleHead))

/* Bytes of a WorkerResult */
static inline Size
result_size(int columns)
{
	return MAXALIGN(offsetof(WorkerResult, nulls) + sizeof(int64) * columns);
}

#endif							/* SQM_PARALLEL_TASK_H */
