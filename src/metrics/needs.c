#include "metrics/needs.h"

struct needs needs_create(struct arena *arena, size_t row_count, size_t api_count)
{
	return (struct needs){
		.row_count = row_count,
		.api_count = api_count,
		.words =
		    arena_alloc(arena, row_count * bitset_word_count(api_count), sizeof(uint64_t)),
		.unknown = bitset_create(arena, row_count),
	};
}

struct bitset needs_row(const struct needs *needs, size_t row)
{
	return (struct bitset){ needs->words + row * bitset_word_count(needs->api_count),
				needs->api_count };
}

bool needs_verdict(enum verdict verdict, enum needs_policy policy)
{
	switch (verdict) {
	case VERDICT_STUBBABLE:
	case VERDICT_EITHER:
		return policy == NEEDS_EVERYTHING;
	case VERDICT_FAKEABLE:
		return policy != NEEDS_STUBS_FAKES;
	case VERDICT_REQUIRED:
	case VERDICT_FLAKY:
	case VERDICT_UNTESTED:
	case VERDICT_COUNT:
		return true;
	}
	return true;
}

static void fill_row(struct needs *needs, size_t row, const struct workload *workload,
		     enum needs_policy policy)
{
	for (size_t i = 0; i < workload->use_count; i++) {
		const struct workload_use *use = &workload->uses[i];
		if (!needs_verdict(use->verdict, policy))
			continue;
		if (use->number < needs->api_count)
			bitset_add(needs_row(needs, row), use->number);
		else
			bitset_add(needs->unknown, row);
	}
}

struct needs needs_of_workloads(struct arena *arena, const struct workload *const *workloads,
				size_t count, size_t api_count, enum needs_policy policy)
{
	struct needs needs = needs_create(arena, count, api_count);
	for (size_t row = 0; row < count; row++)
		fill_row(&needs, row, workloads[row], policy);
	return needs;
}
