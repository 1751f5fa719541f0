#pragma once

#include "base/bitset.h"
#include "facts/workload.h"
#include "metrics/needs.h"

/* A call that is not supported, and the workloads that fail without it. */
struct missing_call {
	uint32_t number;
	size_t used;   /* workloads that use it */
	size_t needed; /* of these, those that need it under the policy */

	/* Those that use it, by what they showed; in the order given. */
	const struct workload **by_verdict[VERDICT_COUNT];
	size_t verdict_count[VERDICT_COUNT];
};

/*
 * What is missing: every call outside the supported set that at least one workload needs.
 *
 * workloads   of one architecture; borrowed as long as the result
 * supported   numbers past its range are not supported
 * returns     ascending numbers, in the arena; length in out_count
 */
const struct missing_call *missing_calls(struct arena *arena,
					 const struct workload *const *workloads, size_t count,
					 struct bitset supported, enum needs_policy policy,
					 size_t *out_count);
