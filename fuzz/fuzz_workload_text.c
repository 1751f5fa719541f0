/*
 * sysgap's text for workloads. Invariants: numbers ascend; what is written of a result reads back
 * without problems, and as the same text.
 */
#include <assert.h>
#include <stdint.h>

#include "check.h"
#include "workload/text.h"

static void check_set(struct workload_set set)
{
	for (size_t i = 0; i < set.count; i++) {
		const struct workload *workload = set.workloads[i];
		assert(workload->source.title != NULL);
		assert(workload->application != NULL && workload->name != NULL);
		for (size_t u = 1; u < workload->use_count; u++)
			assert(workload->uses[u - 1].number < workload->uses[u].number);
	}
}

static void check_round_trip(struct workload_set set, struct arena *arena)
{
	struct problem_list problems = { .arena = arena };
	struct buffer first = { 0 };
	struct buffer second = { 0 };
	struct workload_set again;
	struct error err;
	workload_text_format(set, &first);
	enum status status =
	    workload_text_parse(buffer_slice(&first), "first", arena, &problems, &again, &err);
	assert(status == STATUS_OK && problems.count == 0 && again.count == set.count);
	workload_text_format(again, &second);
	assert(slice_equals(buffer_slice(&first), buffer_slice(&second)));
	buffer_finish(&first);
	buffer_finish(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct workload_set set;
	struct error err;
	if (workload_text_parse((struct slice){ bytes, size_bytes }, "input", &arena, &problems,
				&set, &err) == STATUS_OK) {
		check_set(set);
		check_round_trip(set, &arena);
	}
	arena_finish(&arena);
	return 0;
}
