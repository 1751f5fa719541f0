#include "../check.h"
#include "metrics/needs.h"

static const struct workload_use uses[] = {
	{ 0, VERDICT_REQUIRED }, { 1, VERDICT_STUBBABLE }, { 2, VERDICT_FAKEABLE },
	{ 3, VERDICT_EITHER },   { 4, VERDICT_FLAKY },     { 5, VERDICT_UNTESTED },
};
static const struct workload workload = { .application = "a", .uses = uses, .use_count = 6 };
static const struct workload *const workloads[] = { &workload };

static void check_row(enum needs_policy policy, uint64_t expected)
{
	struct arena arena = { 0 };
	struct needs needs = needs_of_workloads(&arena, workloads, 1, 64, policy);
	assert_int_equal(needs_row(&needs, 0).words[0], expected);
	assert_int_equal(bitset_size(needs.unknown), 0);
	arena_finish(&arena);
}

static void takes_stubs_and_fakes_out_as_the_policy_says(void **state)
{
	(void)state;
	check_row(NEEDS_STUBS, 0x35);
	check_row(NEEDS_STUBS_FAKES, 0x31);
	check_row(NEEDS_EVERYTHING, 0x3f);
}

static void makes_a_number_past_the_columns_unknown(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct needs needs = needs_of_workloads(&arena, workloads, 1, 4, NEEDS_STUBS);
	assert_true(bitset_has(needs.unknown, 0));
	arena_finish(&arena);
}

RUN_TESTS(cmocka_unit_test(takes_stubs_and_fakes_out_as_the_policy_says),
	  cmocka_unit_test(makes_a_number_past_the_columns_unknown))
