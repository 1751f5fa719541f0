#include "metrics/importance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sums of log(1 - pr) stay exact where a product of 60,000 factors would underflow. */
void importance_of(const struct needs *needs, const double *probabilities, struct importance *out)
{
	if (needs->api_count == 0)
		return;
	memset(out, 0, needs->api_count * sizeof(*out));
	for (size_t row = 0; row < needs->row_count; row++) {
		struct bitset set = needs_row(needs, row);
		double log_absent = probabilities == NULL ? 0 : log1p(-probabilities[row]);
		for (size_t api = bitset_next(set, 0); api != SIZE_MAX;
		     api = bitset_next(set, api + 1)) {
			out[api].users++;
			out[api].probability += log_absent;
		}
	}
	for (size_t api = 0; api < needs->api_count; api++) /* adding 0 turns -0 into 0 */
		out[api].probability = -expm1(out[api].probability) + 0.0;
}

struct ranked {
	struct importance importance;
	size_t api;
};

static int compare_ranked(const void *left, const void *right)
{
	const struct ranked *a = left;
	const struct ranked *b = right;
	if (a->importance.probability != b->importance.probability)
		return a->importance.probability > b->importance.probability ? -1 : 1;
	if (a->importance.users != b->importance.users)
		return a->importance.users > b->importance.users ? -1 : 1;
	return a->api < b->api ? -1 : 1;
}

size_t importance_order(const struct importance *importance, size_t api_count, struct bitset except,
			size_t *out_order)
{
	struct arena scratch = { 0 };
	struct ranked *ranked = arena_alloc(&scratch, api_count, sizeof(*ranked));
	size_t count = 0;
	for (size_t api = 0; api < api_count; api++)
		if (importance[api].users > 0 && !bitset_has(except, api))
			ranked[count++] = (struct ranked){ importance[api], api };
	qsort(ranked, count, sizeof(*ranked), compare_ranked);
	for (size_t i = 0; i < count; i++)
		out_order[i] = ranked[i].api;
	arena_finish(&scratch);
	return count;
}
