#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "facts/workload.h"
#include "plan/plan.h"

/* Which workloads speak for their application. */
enum plan_workloads {
	PLAN_BENCHMARK, /* its first benchmark, by name */
	PLAN_SUITE,     /* its first test suite, by name */
	PLAN_ALL,       /* all together: what one of them requires is required */
};

struct plan_choice {
	enum plan_workloads workloads;
	bool missing_needs_nothing; /* an application without that kind of workload needs nothing;
				       otherwise it is left out */
	bool published_labels;      /* stubbable and fakeable exchanged, as Loupe's reports do */
	const char *const *order;   /* of applications; those not in it follow by name */
	size_t order_count;
};

struct plan_input {
	struct plan_application *applications; /* in the order for ties */
	size_t count;
	const char **left_out; /* without the chosen kind of workload; by name */
	size_t left_out_count;
	const char **unknown; /* a call they need has a number past the columns; by name */
	size_t unknown_count;
};

/*
 * One record per application of the workloads, which must be of one architecture.
 *
 * workloads    borrowed, their names as long as the result
 * api_count    range of the sets; columns are syscall numbers
 * returns      in the arena
 *
 * Replicas that disagree and calls that nobody tried to do without count as required.
 */
struct plan_input plan_input_of_workloads(struct arena *arena,
					  const struct workload *const *workloads, size_t count,
					  size_t api_count, const struct plan_choice *choice);
