#include "../check.h"
#include "metrics/importance.h"

static struct needs example(struct arena *arena)
{
	struct needs needs = needs_create(arena, 3, 5);
	bitset_add(needs_row(&needs, 0), 1);
	bitset_add(needs_row(&needs, 1), 1);
	bitset_add(needs_row(&needs, 1), 2);
	bitset_add(needs_row(&needs, 2), 3);
	return needs;
}

static void is_the_chance_that_some_user_is_installed(void **state)
{
	(void)state;
	static const double probabilities[] = { 0.5, 0.5, 1.0 };
	struct arena arena = { 0 };
	struct needs needs = example(&arena);
	struct importance importance[5];
	importance_of(&needs, probabilities, importance);
	assert_true(importance[0].probability == 0 && importance[0].users == 0);
	assert_true(importance[1].probability > 0.75 - 1e-12 &&
		    importance[1].probability < 0.75 + 1e-12);
	assert_int_equal(importance[1].users, 2);
	assert_true(importance[3].probability == 1.0);
	arena_finish(&arena);
}

static void keeps_the_digits_of_rare_packages(void **state)
{
	(void)state;
	static const double probabilities[] = { 1e-18, 1e-18, 0 };
	struct arena arena = { 0 };
	struct needs needs = example(&arena);
	struct importance importance[5];
	importance_of(&needs, probabilities, importance);
	assert_true(importance[1].probability > 1.9e-18 && importance[1].probability < 2.1e-18);
	arena_finish(&arena);
}

static void orders_by_probability_then_users_then_column(void **state)
{
	(void)state;
	static const double probabilities[] = { 0.0, 0.25, 0.25 };
	struct arena arena = { 0 };
	struct needs needs = example(&arena);
	struct importance importance[5];
	importance_of(&needs, probabilities, importance);
	size_t order[5];
	struct bitset except = bitset_create(&arena, 5);
	assert_int_equal(importance_order(importance, 5, except, order), 3);
	assert_int_equal(order[0], 1); /* two users */
	assert_int_equal(order[1], 2);
	assert_int_equal(order[2], 3);
	bitset_add(except, 1);
	assert_int_equal(importance_order(importance, 5, except, order), 2);
	assert_int_equal(order[0], 2);
	arena_finish(&arena);
}

RUN_TESTS(cmocka_unit_test(is_the_chance_that_some_user_is_installed),
	  cmocka_unit_test(keeps_the_digits_of_rare_packages),
	  cmocka_unit_test(orders_by_probability_then_users_then_column))
