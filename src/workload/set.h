#pragma once

#include "base/arena.h"
#include "facts/workload.h"

/* Workloads with one entry per architecture, application and name, in that order. */
struct workload_set {
	const struct workload **workloads; /* array in an arena; workloads borrowed */
	size_t count;
};

/*
 * Any number of workloads as a set. Of several with the same architecture, application and name
 * the last one counts, whatever its source: so give shipped facts before a user's own.
 *
 * workloads   borrowed as long as the set
 */
struct workload_set workload_set_create(struct arena *arena,
					const struct workload *const *workloads, size_t count);

/* Which workloads to keep; a NULL or negative field keeps all. */
struct workload_filter {
	const char *source;      /* title */
	const char *application; /* name */
	int kind;                /* enum workload_kind, or WORKLOAD_ANY */
	int arch;                /* enum arch, or WORKLOAD_ANY */
};

enum { WORKLOAD_ANY = -1 };

struct workload_set workload_set_filter(struct arena *arena, struct workload_set set,
					const struct workload_filter *filter);
