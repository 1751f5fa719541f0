/*
 * All metrics of a distribution: 60,000 packages × 400 APIs × 20 layers, and how the cost grows.
 * Prints "name value unit" lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "metrics/completeness.h"
#include "metrics/importance.h"

enum { API_COUNT = 400, LAYER_COUNT = 20, CURVE_APIS = 200 };

static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void) /* xorshift64, Marsaglia 2003 */
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static double now_ms(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static struct needs random_needs(struct arena *arena, size_t package_count, double *probabilities)
{
	struct needs needs = needs_create(arena, package_count, API_COUNT);
	for (size_t row = 0; row < package_count; row++) {
		probabilities[row] = 1.0 / (double)(row + 2);
		for (int i = 0; i < 80; i++) { /* a typical program reaches some 80 calls */
			uint64_t api = next_random() % API_COUNT;
			bitset_add(needs_row(&needs, row), api * api / API_COUNT);
		}
	}
	return needs;
}

static double run(size_t package_count)
{
	struct arena arena = { 0 };
	double *probabilities = arena_alloc(&arena, package_count, sizeof(*probabilities));
	struct needs needs = random_needs(&arena, package_count, probabilities);
	struct importance importance[API_COUNT];
	size_t order[API_COUNT];
	struct completeness points[CURVE_APIS + 1];
	double total = 0;

	double start_ms = now_ms();
	importance_of(&needs, probabilities, importance);
	struct bitset supported = bitset_create(&arena, API_COUNT);
	for (int layer = 0; layer < LAYER_COUNT; layer++) {
		for (size_t i = 0; i < 10; i++)
			bitset_add(supported, (size_t)layer * 10 + i);
		size_t count = importance_order(importance, API_COUNT, supported, order);
		total += completeness_of(&needs, probabilities, supported, NULL).supported_weight;
		completeness_curve(&needs, probabilities, supported, order,
				   count < CURVE_APIS ? count : CURVE_APIS, points);
		total += points[CURVE_APIS].supported_weight;
	}
	double spent_ms = now_ms() - start_ms;
	if (total < 0) /* keep the work alive */
		abort();
	arena_finish(&arena);
	return spent_ms;
}

int main(void)
{
	static const size_t package_counts[] = { 600, 6000, 60000 };
	for (size_t i = 0; i < sizeof(package_counts) / sizeof(package_counts[0]); i++) {
		double best_ms = run(package_counts[i]);
		for (int again = 0; again < 4; again++) {
			double spent_ms = run(package_counts[i]);
			best_ms = spent_ms < best_ms ? spent_ms : best_ms;
		}
		printf("metrics_%zu_packages_400_apis_20_layers %.3f ms\n", package_counts[i],
		       best_ms);
	}
	return 0;
}
