#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/bitset.h"
#include "facts/workload.h"

/*
 * Who needs which APIs: one row per package or workload, one column per API. All metrics are
 * functions of this and of sets of APIs.
 */
struct needs {
	size_t row_count;
	size_t api_count;
	uint64_t *words; /* row-major, bitset_word_count(api_count) for each row; in an arena */

	/*
	 * Rows whose needs are not wholly known (an unresolved syscall site, a number past the
	 * columns). They count in every denominator and are never supported.
	 */
	struct bitset unknown; /* of row_count bits */
};

struct needs needs_create(struct arena *arena, size_t row_count, size_t api_count);

/* The row as a set; a view, valid as long as the arena. */
struct bitset needs_row(const struct needs *needs, size_t row);

/* What a layer may answer instead of doing a call. */
enum needs_policy {
	NEEDS_STUBS,       /* a missing call returns ENOSYS, as layers do: the default */
	NEEDS_STUBS_FAKES, /* it may also return 0 where that works */
	NEEDS_EVERYTHING,  /* every used call must be implemented */
};

/* Does a workload with this verdict for a call need the layer to implement it? */
bool needs_verdict(enum verdict verdict, enum needs_policy policy);

/* One row per workload, in their order; api_count columns are syscall numbers. */
struct needs needs_of_workloads(struct arena *arena, const struct workload *const *workloads,
				size_t count, size_t api_count, enum needs_policy policy);
