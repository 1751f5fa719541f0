#include "workload/set.h"

#include <stdlib.h>
#include <string.h>

struct ranked {
	const struct workload *workload;
	size_t rank; /* later ones count */
};

static int compare_keys(const struct workload *a, const struct workload *b)
{
	if (a->arch != b->arch)
		return a->arch < b->arch ? -1 : 1;
	int by_application = strcmp(a->application, b->application);
	return by_application != 0 ? by_application : strcmp(a->name, b->name);
}

static int compare_ranked(const void *left, const void *right)
{
	const struct ranked *a = left;
	const struct ranked *b = right;
	int by_key = compare_keys(a->workload, b->workload);
	return by_key != 0 ? by_key : (a->rank > b->rank) - (a->rank < b->rank);
}

struct workload_set workload_set_create(struct arena *arena,
					const struct workload *const *workloads, size_t count)
{
	struct ranked *ranked = arena_alloc(arena, count, sizeof(*ranked));
	for (size_t i = 0; i < count; i++)
		ranked[i] = (struct ranked){ workloads[i], i };
	if (count > 0)
		qsort(ranked, count, sizeof(*ranked), compare_ranked);

	struct workload_set set = { arena_alloc(arena, count, sizeof(*set.workloads)), 0 };
	for (size_t i = 0; i < count; i++)
		if (i + 1 == count || compare_keys(ranked[i].workload, ranked[i + 1].workload) != 0)
			set.workloads[set.count++] = ranked[i].workload;
	return set;
}

static bool keeps(const struct workload_filter *filter, const struct workload *workload)
{
	if (filter->kind != WORKLOAD_ANY && filter->kind != (int)workload->kind)
		return false;
	if (filter->arch != WORKLOAD_ANY && filter->arch != (int)workload->arch)
		return false;
	if (filter->application != NULL && strcmp(filter->application, workload->application) != 0)
		return false;
	return filter->source == NULL || strcmp(filter->source, workload->source.title) == 0;
}

struct workload_set workload_set_filter(struct arena *arena, struct workload_set set,
					const struct workload_filter *filter)
{
	struct workload_set kept = { arena_alloc(arena, set.count, sizeof(*kept.workloads)), 0 };
	for (size_t i = 0; i < set.count; i++)
		if (keeps(filter, set.workloads[i]))
			kept.workloads[kept.count++] = set.workloads[i];
	return kept;
}
