/* What is known of flags, against numbers that were changed in the same ways. */
#include "../check.h"

#include "callgraph/value.h"

enum { INPUT = 6, ROUNDS = 2000 };

static uint32_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(*state >> 32);
}

static void check_holds(const struct value *value, uint32_t given, uint32_t number)
{
	struct value_flags flags = { 0 };
	assert_true(value_flags(value, &flags));
	assert_int_equal(number & flags.given, given & flags.given);
	assert_int_equal(number & flags.set, flags.set);
	assert_int_equal(number & ~(flags.given | flags.set | flags.unknown), 0);
	assert_int_equal(flags.given & flags.set, 0);
	assert_int_equal((flags.given | flags.set) & flags.unknown, 0);
}

/* Cleared and set bits of what was given, as a value and as the number it stands for. */
static struct value changed(uint64_t *random, uint32_t given, uint32_t *out_number)
{
	uint32_t kept = next_random(random), set = next_random(random) & next_random(random);
	const struct value_flags flags = { .given = kept & ~set, .set = set };
	*out_number = (given & kept) | set;
	return value_of_flags(INPUT, &flags);
}

static void test_joined_flags_hold_for_both_ways(void **state)
{
	struct arena arena = { 0 };
	uint64_t random = 1;
	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t given = next_random(&random), numbers[3];
		struct value a = changed(&random, given, &numbers[0]);
		struct value b = changed(&random, given, &numbers[1]);
		struct value c = changed(&random, given, &numbers[2]);
		struct value two = value_join(&arena, &a, &b);
		struct value three = value_join(&arena, &two, &c);
		check_holds(&two, given, numbers[0]);
		check_holds(&two, given, numbers[1]);
		for (unsigned k = 0; k < 3; k++)
			check_holds(&three, given, numbers[k]);
		struct value again = value_join(&arena, &three, &two);
		assert_true(value_equals(&again, &three));
	}
	arena_finish(&arena);
}

static void test_an_untouched_way_joins_as_given(void **state)
{
	struct arena arena = { 0 };
	struct value whole = value_input(INPUT), low, other = value_input(INPUT + 1);
	const struct value_flags or_two = { .given = ~UINT32_C(2), .set = 2 };
	struct value with_two = value_of_flags(INPUT, &or_two);
	struct value_flags flags;
	(void)state;
	low = value_truncate(&arena, &whole, 4);
	struct value joined = value_join(&arena, &low, &with_two);
	assert_true(value_flags(&joined, &flags));
	assert_int_equal(flags.given, ~UINT32_C(2));
	assert_int_equal(flags.unknown, 2);
	/* All 64 bits are no flags, nor are those of another input. */
	joined = value_join(&arena, &whole, &with_two);
	assert_false(value_flags(&joined, &flags));
	other = value_truncate(&arena, &other, 4);
	joined = value_join(&arena, &other, &with_two);
	assert_false(value_flags(&joined, &flags));
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_joined_flags_hold_for_both_ways),
		cmocka_unit_test(test_an_untouched_way_joins_as_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
