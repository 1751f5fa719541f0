#include "facts/workload.h"

#include "base/names.h"

static const char *const verdict_names[VERDICT_COUNT] = {
	[VERDICT_REQUIRED] = "required", [VERDICT_STUBBABLE] = "stubbable",
	[VERDICT_FAKEABLE] = "fakeable", [VERDICT_EITHER] = "either",
	[VERDICT_FLAKY] = "flaky",       [VERDICT_UNTESTED] = "untested",
};

static const char *const kind_names[WORKLOAD_KIND_COUNT] = {
	[WORKLOAD_BENCHMARK] = "benchmark",
	[WORKLOAD_SUITE] = "suite",
};

const char *workload_key(struct arena *arena, const struct workload *workload)
{
	return arena_printf(arena, "%s-%s", workload->application, workload->name);
}

const struct workload_use *workload_find_use(const struct workload *workload, uint32_t number)
{
	size_t low = 0;
	size_t high = workload->use_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (workload->uses[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < workload->use_count && workload->uses[low].number == number)
		return &workload->uses[low];
	return NULL;
}

const char *verdict_name(enum verdict verdict)
{
	return verdict_names[verdict];
}

int verdict_from_name(const char *name)
{
	return names_find(verdict_names, VERDICT_COUNT, name);
}

const char *workload_kind_name(enum workload_kind kind)
{
	return kind_names[kind];
}

int workload_kind_from_name(const char *name)
{
	return names_find(kind_names, WORKLOAD_KIND_COUNT, name);
}
