#include "metrics/missing.h"

#include <stdlib.h>

/* One use of an unsupported call. */
struct use {
	uint32_t number;
	enum verdict verdict;
	size_t row;
};

static int compare_uses(const void *left, const void *right)
{
	const struct use *a = left;
	const struct use *b = right;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static size_t gather(const struct workload *const *workloads, size_t count, struct bitset supported,
		     struct use *out_uses)
{
	size_t use_count = 0;
	for (size_t row = 0; row < count; row++) {
		const struct workload *workload = workloads[row];
		for (size_t i = 0; i < workload->use_count; i++) {
			if (bitset_has(supported, workload->uses[i].number))
				continue;
			out_uses[use_count++] = (struct use){ workload->uses[i].number,
							      workload->uses[i].verdict, row };
		}
	}
	if (use_count > 0)
		qsort(out_uses, use_count, sizeof(*out_uses), compare_uses);
	return use_count;
}

/* What the uses of one call say together. */
static struct missing_call describe(struct arena *arena, const struct workload *const *workloads,
				    const struct use *uses, size_t count, enum needs_policy policy)
{
	struct missing_call call = { .number = uses->number, .used = count };
	for (int verdict = 0; verdict < VERDICT_COUNT; verdict++)
		call.by_verdict[verdict] =
		    arena_alloc(arena, count, sizeof(*call.by_verdict[verdict]));
	for (size_t i = 0; i < count; i++) {
		enum verdict verdict = uses[i].verdict;
		call.needed += needs_verdict(verdict, policy);
		call.by_verdict[verdict][call.verdict_count[verdict]++] = workloads[uses[i].row];
	}
	return call;
}

const struct missing_call *missing_calls(struct arena *arena,
					 const struct workload *const *workloads, size_t count,
					 struct bitset supported, enum needs_policy policy,
					 size_t *out_count)
{
	struct arena scratch = { 0 };
	size_t bound = 0;
	for (size_t row = 0; row < count; row++)
		bound += workloads[row]->use_count;
	struct use *uses = arena_alloc(&scratch, bound, sizeof(*uses));
	size_t use_count = gather(workloads, count, supported, uses);

	size_t numbers = 0;
	for (size_t i = 0; i < use_count; i++)
		numbers += i == 0 || uses[i].number != uses[i - 1].number;
	struct missing_call *calls = arena_alloc(arena, numbers, sizeof(*calls));
	*out_count = 0;
	size_t end;
	for (size_t start = 0; start < use_count; start = end) {
		end = start + 1;
		while (end < use_count && uses[end].number == uses[start].number)
			end++;
		struct missing_call call =
		    describe(arena, workloads, &uses[start], end - start, policy);
		if (call.needed > 0)
			calls[(*out_count)++] = call;
	}
	arena_finish(&scratch);
	return calls;
}
