#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "explore/observation.h"

/*
 * Counters in the kernel for the syscalls of followed trees of processes (observer.bpf.c), about
 * 150 ns per call. Several trees can be followed at the same time, each with its own tally.
 */
struct observer; /* opaque; owns the programs, the maps and the mapped tallies */

/*
 * Loads the kernel side.
 *
 * returns   STATUS_UNSUPPORTED: built without it, or the kernel lacks something;
 *           STATUS_DENIED: needs root. The text says how to get it
 */
enum status observer_open(struct observer **out_observer, struct error *err)
    __attribute__((warn_unused_result, nonnull));
void observer_close(struct observer *observer); /* accepts NULL */

/* Forgets what a tally, and with `detail` every map, has counted. */
void observer_clear(struct observer *observer, uint32_t tally, bool detail);

/*
 * Follows the calling process from its next successful execve on, and everything it starts then.
 * Meant for the child between fork and execve; makes syscalls only.
 *
 * flags     of enum observer_flags; OBSERVER_LAUNCHING is added
 * returns   0, or -1 with errno
 */
int observer_follow_self(const struct observer *observer, uint32_t tally, uint32_t flags);

/* The live counters, borrowed until observer_close. */
const struct observer_tally *observer_tally(const struct observer *observer, uint32_t tally);

/* Everything counted for a tree followed with OBSERVER_BY_PROGRAM | OBSERVER_WITH_DETAIL. */
struct observation observer_read(struct observer *observer, struct arena *arena);

/* Likewise for one tally followed without OBSERVER_BY_PROGRAM. */
struct observation observer_read_tally(struct observer *observer, uint32_t tally,
				       struct arena *arena);
