/* Conditions against the comparison that they stand for, over the numbers where it may change. */
#include "../check.h"

#include "callgraph/condition.h"

enum { INPUT = 7 };

static bool compares(enum condition condition, uint64_t left, uint64_t right, unsigned bits)
{
	unsigned shift = 64 - bits;
	uint64_t a = left << shift >> shift, b = right << shift >> shift;
	int64_t sa = (int64_t)(left << shift) >> shift, sb = (int64_t)(right << shift) >> shift;
	switch ((int)condition) {
	case CONDITION_EQUAL:
		return a == b;
	case CONDITION_NOT_EQUAL:
		return a != b;
	case CONDITION_BELOW:
		return a < b;
	case CONDITION_BELOW_EQUAL:
		return a <= b;
	case CONDITION_ABOVE:
		return a > b;
	case CONDITION_ABOVE_EQUAL:
		return a >= b;
	case CONDITION_LESS:
		return sa < sb;
	case CONDITION_LESS_EQUAL:
		return sa <= sb;
	case CONDITION_GREATER:
		return sa > sb;
	default:
		return sa >= sb;
	}
}

static const uint64_t edges[] = { 0,
				  1,
				  2,
				  5,
				  0x7ffffffe,
				  0x7fffffff,
				  0x80000000,
				  0x80000001,
				  0xfffffffe,
				  0xffffffff,
				  0x100000000,
				  0x7fffffffffffffff,
				  0x8000000000000000,
				  0xfffffffffffffffe,
				  0xffffffffffffffff };
enum { EDGES = sizeof(edges) / sizeof(edges[0]) };

static void check_one(enum condition condition, uint64_t number, uint64_t addend, unsigned bits)
{
	struct arena arena = { 0 };
	struct reach reach = { 0 };
	bool possible = reach_compare(&arena, &reach, INPUT, bits, addend, condition, number);
	for (size_t i = 0; i < EDGES; i++)
		for (uint64_t near = edges[i] - addend - 2; near != edges[i] - addend + 3; near++) {
			bool expected = compares(condition, near + addend, number, bits);
			assert_int_equal(possible && reach_allows(&reach, INPUT, near), expected);
		}
	arena_finish(&arena);
}

static void test_every_condition_as_the_machine_has_it(void **state)
{
	static const uint64_t addends[] = { 0, 1, -(uint64_t)30, 0x80000000 };
	(void)state;
	for (enum condition c = CONDITION_EQUAL; c <= CONDITION_GREATER_EQUAL; c++)
		for (size_t n = 0; n < EDGES; n++)
			for (size_t a = 0; a < 4; a++) {
				check_one(c, edges[n], addends[a], 32);
				check_one(c, edges[n], addends[a], 64);
			}
}

/* cmp 10; jb; cmp 3; jae: what two branches leave. */
static void test_branches_narrow(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct reach reach = { 0 };
	assert_true(reach_compare(&arena, &reach, INPUT, 32, 0, CONDITION_BELOW, 10));
	assert_true(reach_compare(&arena, &reach, INPUT, 32, 0, CONDITION_ABOVE_EQUAL, 3));
	for (uint64_t number = 0; number < 20; number++)
		assert_int_equal(reach_allows(&reach, INPUT, number), number >= 3 && number < 10);
	assert_int_equal(reach_largest(&reach, INPUT, 32), 9);
	assert_false(reach_compare(&arena, &reach, INPUT, 32, 0, CONDITION_EQUAL, 2));
	arena_finish(&arena);
}

static void test_paths_join_to_what_either_leaves(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct reach left = { 0 }, right = { 0 }, none = { 0 };
	assert_true(reach_compare(&arena, &left, INPUT, 32, 0, CONDITION_EQUAL, 4));
	assert_true(reach_compare(&arena, &right, INPUT, 32, 0, CONDITION_EQUAL, 9));
	assert_true(reach_join(&arena, &left, &right));
	for (uint64_t number = 0; number < 20; number++)
		assert_int_equal(reach_allows(&left, INPUT, number), number == 4 || number == 9);
	assert_false(reach_join(&arena, &left, &right));
	assert_true(reach_join(&arena, &left, &none));
	assert_true(reach_allows(&left, INPUT, 17));
	arena_finish(&arena);
}

static void test_bits(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct reach reach = { 0 };
	assert_true(reach_test(&arena, &reach, INPUT, 32, 0x300, false));
	assert_true(reach_allows(&reach, INPUT, 0x100));
	assert_false(reach_allows(&reach, INPUT, 0x400));
	assert_false(reach_test(&arena, &reach, INPUT, 32, 0x300, true));
	arena_finish(&arena);
}

/* Many cases of a switch become more than is kept, and then only weaker. */
static void test_the_limit_only_weakens(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct reach all = { 0 };
	assert_true(reach_compare(&arena, &all, INPUT, 64, 0, CONDITION_EQUAL, 0));
	for (uint64_t number = 10; number < 2000; number += 10) {
		struct reach one = { 0 };
		assert_true(reach_compare(&arena, &one, INPUT, 64, 0, CONDITION_EQUAL, number));
		(void)reach_join(&arena, &all, &one);
	}
	for (uint64_t number = 0; number < 2000; number += 10)
		assert_true(reach_allows(&all, INPUT, number));
	assert_false(reach_allows(&all, INPUT, 5));
	assert_false(reach_allows(&all, INPUT, 3000));
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_condition_as_the_machine_has_it),
		cmocka_unit_test(test_branches_narrow),
		cmocka_unit_test(test_paths_join_to_what_either_leaves),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_the_limit_only_weakens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
