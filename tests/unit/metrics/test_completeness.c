#include "../check.h"
#include "metrics/completeness.h"

enum { ROWS = 4, APIS = 70 };

/* Row 0 needs nothing, row 1 {1}, row 2 {1, 69}, row 3 is not wholly known. */
static struct needs example(struct arena *arena)
{
	struct needs needs = needs_create(arena, ROWS, APIS);
	bitset_add(needs_row(&needs, 1), 1);
	bitset_add(needs_row(&needs, 2), 1);
	bitset_add(needs_row(&needs, 2), 69);
	bitset_add(needs.unknown, 3);
	return needs;
}

static const double weights[ROWS] = { 0.5, 0.25, 0.125, 0.125 };

static void counts_an_unknown_row_but_never_as_supported(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct needs needs = example(&arena);
	struct bitset all = bitset_create(&arena, APIS);
	for (size_t api = 0; api < APIS; api++)
		bitset_add(all, api);
	struct completeness result = completeness_of(&needs, weights, all, NULL);
	assert_int_equal(result.supported, 3);
	assert_int_equal(result.unknown, 1);
	assert_int_equal(result.of, 4);
	assert_true(result.supported_weight == 0.875);
	assert_true(result.of_weight == 1.0);
	arena_finish(&arena);
}

static void curve_agrees_with_one_call_per_point(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct needs needs = example(&arena);
	struct bitset supported = bitset_create(&arena, APIS);
	static const size_t order[] = { 69, 1, 69, 5 };
	struct completeness points[5];
	completeness_curve(&needs, weights, supported, order, 4, points);
	for (size_t k = 0; k <= 4; k++) {
		if (k > 0)
			bitset_add(supported, order[k - 1]);
		struct completeness one = completeness_of(&needs, weights, supported, NULL);
		assert_int_equal(points[k].supported, one.supported);
		assert_int_equal(points[k].unknown, one.unknown);
		assert_true(points[k].supported_weight == one.supported_weight);
		assert_true(points[k].of_weight == one.of_weight);
	}
	assert_int_equal(points[0].supported, 1);
	assert_int_equal(points[1].supported, 1);
	assert_int_equal(points[2].supported, 3);
	arena_finish(&arena);
}

/* 0 <-> 1 need each other; 2 needs 0 or 3; 3 needs something that does not exist. */
static void closes_over_dependencies(void **state)
{
	(void)state;
	static const size_t group_start[] = { 0, 1, 2, 3, 4 };
	static const size_t alternative_start[] = { 0, 1, 2, 4, 4 };
	static const size_t alternatives[] = { 1, 0, 3, 0 };
	const struct dependencies dependencies = { group_start, alternative_start, alternatives };

	struct arena arena = { 0 };
	struct needs needs = needs_create(&arena, ROWS, APIS);
	struct bitset supported = bitset_create(&arena, APIS);
	struct bitset rows = bitset_create(&arena, ROWS);
	completeness_rows(&needs, supported, &dependencies, rows);
	assert_int_equal(rows.words[0], 7);

	bitset_add(needs_row(&needs, 1), 5); /* now 1 falls, and with it 0 and 2 */
	completeness_rows(&needs, supported, &dependencies, rows);
	assert_int_equal(rows.words[0], 0);
	arena_finish(&arena);
}

static void has_no_rows_to_support_in_an_empty_matrix(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct needs needs = needs_create(&arena, 0, APIS);
	struct completeness result =
	    completeness_of(&needs, NULL, bitset_create(&arena, APIS), NULL);
	assert_int_equal(result.of, 0);
	assert_int_equal(result.supported, 0);
	arena_finish(&arena);
}

RUN_TESTS(cmocka_unit_test(counts_an_unknown_row_but_never_as_supported),
	  cmocka_unit_test(curve_agrees_with_one_call_per_point),
	  cmocka_unit_test(closes_over_dependencies),
	  cmocka_unit_test(has_no_rows_to_support_in_an_empty_matrix))
