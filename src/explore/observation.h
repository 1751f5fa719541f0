#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "explore/observer_abi.h"

/* What one run was seen to do. Everything lies in one arena and is sorted, without duplicates. */
struct observed_call {
	uint32_t number;        /* as the program gave it; may be past every table */
	bool compat;            /* an i386 call of a 64-bit machine */
	uint64_t entered_count; /* reached the kernel */
	uint64_t skipped_count; /* answered by a seccomp filter */
	uint64_t first_skip;    /* orders the calls by their first skip; 0: never */
};

struct observed_program {
	const char *path; /* NULL: the whole tree */
	const struct observed_call *calls;
	size_t call_count;
};

/* One operation of a vectored call: its selecting argument; two are level << 32 | name. */
struct observed_operation {
	uint32_t number;
	uint64_t value;
	uint64_t count;
};

/* A path under /proc, /dev or /sys; the process's own number is written as "self". */
struct observed_path {
	const char *path;
	uint64_t count;
};

struct observation {
	struct observed_program tree;
	const struct observed_program *programs;
	size_t program_count;
	const struct observed_operation *operations;
	size_t operation_count;
	const struct observed_path *paths;
	size_t path_count;
	uint64_t deaths[OBSERVER_MAX_SIGNALS]; /* processes ended by each signal */
	uint64_t losses[OBSERVER_LOSS_COUNT];  /* what could not be kept, by kind */
};

/* "processes that could not be followed", …: what losses[loss] counts. */
const char *observer_loss_text(enum observer_loss loss);

void observer_tally_add(struct observer_tally *sum, const struct observer_tally *tally);

/* Copies the calls of a tally, and the odd ones (any order), into the arena, sorted. */
struct observed_program observation_calls(const struct observer_tally *tally,
					  const struct observed_call *odd, size_t odd_count,
					  struct arena *arena);

/* Sorts and merges what observers collected in any order; counts of equals are added. */
size_t observation_merge_operations(struct observed_operation *operations, size_t count);
size_t observation_merge_paths(struct observed_path *paths, size_t count);

/* "/proc/123/maps" -> "/proc/self/maps", so that runs can be compared. In the arena. */
const char *observation_normal_path(const char *path, struct arena *arena);

const struct observed_call *observation_find(const struct observed_program *program,
					     uint32_t number, bool compat);
