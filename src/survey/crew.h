#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * Worker processes that take lots of tasks in order, each as many as it lives for, so that small
 * tasks do not pay for a process each. A worker has only the rights of survey/confine.h. One that dies, or
 * takes too long, costs the task it was at; another takes its place.
 */
struct crew {
	size_t worker_count;
	size_t task_count;
	/* Tasks that one worker does one after the other, as they share much: lot i is from lots[i]
	 * to before lots[i + 1]. NULL: each task is a lot. */
	const size_t *lots;
	size_t lot_count;
	unsigned task_seconds;       /* a task that takes longer is ended */
	uint64_t memory_bytes;       /* address space of a worker, 0: no limit */
	uint64_t retire_bytes;       /* a worker with more resident memory than this makes way */
	const char *const *readable; /* files and folders that workers may read */
	size_t readable_count;
	void *context; /* workers have a copy as it is when they start */

	/* In a worker: the result of a task, appended to *out. At most CREW_MAX_RESULT_BYTES. */
	void (*run)(void *context, size_t task, struct buffer *out);

	/*
	 * In the caller, once per task, in any order: the result, borrowed for the call, or why
	 * there is none.
	 */
	void (*done)(void *context, size_t task, struct slice result, const char *failure);

	/* In the caller, a few times per second; false ends everything. May be NULL. */
	bool (*tick)(void *context);
};

/* A task that waits is ended, too: after this many times its CPU time. */
enum { CREW_PATIENCE = 50 };

enum { CREW_MAX_WORKERS = 256, CREW_MAX_RESULT_BYTES = 1 << 30 };

/*
 * returns   STATUS_OK: done was called for every task; STATUS_BUSY: tick ended it, the tasks that
 *           were not done are lost; STATUS_IO: no processes
 */
enum status crew_run(const struct crew *crew, struct error *err)
    __attribute__((warn_unused_result, nonnull));
