#include "../check.h"
#include "base/bitset.h"

static void walks_members_in_order(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct bitset set = bitset_create(&arena, 130);
	bitset_add(set, 129);
	bitset_add(set, 0);
	bitset_add(set, 64);
	assert_int_equal(bitset_size(set), 3);
	assert_int_equal(bitset_next(set, 0), 0);
	assert_int_equal(bitset_next(set, 1), 64);
	assert_int_equal(bitset_next(set, 65), 129);
	assert_true(bitset_next(set, 130) == SIZE_MAX);
	bitset_remove(set, 129);
	assert_true(bitset_next(set, 65) == SIZE_MAX);
	assert_false(bitset_has(set, 4096));
	arena_finish(&arena);
}

static void does_set_algebra(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct bitset a = bitset_create(&arena, 70);
	struct bitset b = bitset_create(&arena, 70);
	bitset_add(a, 1);
	bitset_add(a, 69);
	bitset_add(b, 69);
	assert_true(bitset_contains_all(a, b));
	assert_false(bitset_contains_all(b, a));
	bitset_remove_all(a, b);
	assert_false(bitset_has(a, 69));
	assert_false(bitset_equals(a, b));
	bitset_add_all(b, a);
	assert_int_equal(bitset_size(b), 2);
	arena_finish(&arena);
}

RUN_TESTS(cmocka_unit_test(walks_members_in_order), cmocka_unit_test(does_set_algebra))
