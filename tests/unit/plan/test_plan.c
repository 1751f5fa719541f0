#include "../check.h"
#include "plan/plan.h"

enum { APIS = 70 };

static struct bitset set_of(struct arena *arena, const char *members)
{
	struct bitset set = bitset_create(arena, APIS);
	for (; *members != '\0'; members++)
		bitset_add(set, (size_t)(*members - 'a'));
	return set;
}

static struct plan_application application(struct arena *arena, const char *name,
					   const char *required, const char *stub, const char *fake)
{
	return (struct plan_application){ name, set_of(arena, required), set_of(arena, stub),
					  set_of(arena, fake) };
}

static void assert_set(struct arena *arena, struct bitset set, const char *members)
{
	assert_true(bitset_equals(set, set_of(arena, members)));
}

static void takes_the_fewest_missing_first_and_the_first_of_equals(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	const struct plan_application applications[] = {
		application(&arena, "three", "bcd", "", ""),
		application(&arena, "late", "c", "x", "y"),
		application(&arena, "ready", "a", "z", ""),
		application(&arena, "early", "b", "", ""),
	};
	struct plan plan = plan_make(&arena, applications, 4, set_of(&arena, "a"));
	assert_int_equal(plan.supported_count, 1);
	assert_string_equal(plan.supported[0], "ready");
	assert_int_equal(plan.step_count, 3);
	assert_set(&arena, plan.steps[0].implement, "c");
	assert_set(&arena, plan.steps[0].stub, "x");
	assert_set(&arena, plan.steps[0].fake, "y");
	assert_string_equal(plan.steps[0].unlocks[0], "late");
	/* now "three" misses b and d, "early" only b */
	assert_set(&arena, plan.steps[1].implement, "b");
	assert_set(&arena, plan.steps[2].implement, "d");
	arena_finish(&arena);
}

static void names_who_needs_nothing_new_in_the_next_step(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	const struct plan_application applications[] = {
		application(&arena, "one", "b", "", ""),
		application(&arena, "same", "b", "", ""),
		application(&arena, "two", "c", "", ""),
		application(&arena, "again", "bc", "", ""),
	};
	struct plan plan = plan_make(&arena, applications, 4, set_of(&arena, ""));
	assert_int_equal(plan.step_count, 2);
	assert_int_equal(plan.steps[0].unlock_count, 1);
	assert_int_equal(plan.steps[1].unlock_count, 3);
	assert_string_equal(plan.steps[1].unlocks[0], "same");
	assert_string_equal(plan.steps[1].unlocks[1], "two");
	assert_string_equal(plan.steps[1].unlocks[2], "again");
	arena_finish(&arena);
}

static void stubs_and_fakes_each_call_once(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	const struct plan_application applications[] = {
		application(&arena, "one", "b", "s", "f"),
		application(&arena, "two", "cd", "sf", "a"),
	};
	struct plan plan = plan_make(&arena, applications, 2, set_of(&arena, "a"));
	assert_int_equal(plan.step_count, 2);
	assert_set(&arena, plan.steps[1].stub, "f");
	assert_set(&arena, plan.steps[1].fake, "");
	arena_finish(&arena);
}

static void has_no_steps_without_applications(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct plan plan = plan_make(&arena, NULL, 0, set_of(&arena, "a"));
	assert_int_equal(plan.step_count, 0);
	assert_int_equal(plan.supported_count, 0);
	arena_finish(&arena);
}

RUN_TESTS(cmocka_unit_test(takes_the_fewest_missing_first_and_the_first_of_equals),
	  cmocka_unit_test(names_who_needs_nothing_new_in_the_next_step),
	  cmocka_unit_test(stubs_and_fakes_each_call_once),
	  cmocka_unit_test(has_no_steps_without_applications))
