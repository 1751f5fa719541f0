#include "../check.h"
#include "plan/applications.h"

enum { APIS = 400 };

static const struct workload_use web_uses[] = { { 1, VERDICT_REQUIRED },  { 2, VERDICT_STUBBABLE },
						{ 3, VERDICT_FAKEABLE },  { 4, VERDICT_EITHER },
						{ 5, VERDICT_STUBBABLE }, { 6, VERDICT_EITHER },
						{ 7, VERDICT_FLAKY },     { 8, VERDICT_UNTESTED } };
static const struct workload_use suite_uses[] = { { 5, VERDICT_FAKEABLE },
						  { 6, VERDICT_STUBBABLE },
						  { 9, VERDICT_EITHER } };
static const struct workload_use far_uses[] = { { 1, VERDICT_EITHER }, { 1000, VERDICT_REQUIRED } };
static const struct workload_use near_uses[] = { { 1, VERDICT_REQUIRED },
						 { 1000, VERDICT_STUBBABLE } };

static const struct workload web = { .application = "web",
				     .name = "benchmark-a",
				     .kind = WORKLOAD_BENCHMARK,
				     .uses = web_uses,
				     .use_count = 8 };
static const struct workload web_other = { .application = "web",
					   .name = "benchmark-b",
					   .kind = WORKLOAD_BENCHMARK,
					   .uses = near_uses,
					   .use_count = 1 };
static const struct workload web_suite = { .application = "web",
					   .name = "suite",
					   .kind = WORKLOAD_SUITE,
					   .uses = suite_uses,
					   .use_count = 3 };
static const struct workload lib_suite = { .application = "lib",
					   .name = "suite",
					   .kind = WORKLOAD_SUITE,
					   .uses = suite_uses,
					   .use_count = 3 };
static const struct workload far = { .application = "far",
				     .name = "benchmark",
				     .kind = WORKLOAD_BENCHMARK,
				     .uses = far_uses,
				     .use_count = 2 };
static const struct workload near = { .application = "near",
				      .name = "benchmark",
				      .kind = WORKLOAD_BENCHMARK,
				      .uses = near_uses,
				      .use_count = 2 };
static const struct workload *const all[] = {
	&web_suite, &far, &web_other, &web, &near, &lib_suite
};

static struct plan_input input_of(struct arena *arena, struct plan_choice choice)
{
	return plan_input_of_workloads(arena, all, 6, APIS, &choice);
}

static void assert_members(struct bitset set, const char *members)
{
	char got[64] = "";
	for (size_t i = bitset_next(set, 0); i != SIZE_MAX; i = bitset_next(set, i + 1))
		got[strlen(got)] = (char)('0' + i);
	assert_string_equal(got, members);
}

static void takes_the_first_benchmark_by_name(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct plan_input input = input_of(&arena, (struct plan_choice){ 0 });
	assert_int_equal(input.count, 2);
	assert_string_equal(input.applications[0].name, "near");
	assert_string_equal(input.applications[1].name, "web");
	assert_members(input.applications[1].required, "178");
	assert_members(input.applications[1].stub_works, "2456");
	assert_members(input.applications[1].fake_works, "3");
	assert_int_equal(input.left_out_count, 1);
	assert_string_equal(input.left_out[0], "lib");
	arena_finish(&arena);
}

static void requires_what_one_of_all_workloads_requires(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct plan_input input = input_of(&arena, (struct plan_choice){ .workloads = PLAN_ALL });
	assert_int_equal(input.count, 3);
	assert_string_equal(input.applications[2].name, "web");
	/* 5: a stub works for one, a fake for the other, so neither for both */
	assert_members(input.applications[2].required, "1578");
	assert_members(input.applications[2].stub_works, "2469");
	assert_members(input.applications[2].fake_works, "3");
	arena_finish(&arena);
}

static void exchanges_the_labels_like_the_publication(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct plan_input input =
	    input_of(&arena, (struct plan_choice){ .published_labels = true });
	assert_members(input.applications[1].required, "178");
	assert_members(input.applications[1].stub_works, "346");
	assert_members(input.applications[1].fake_works, "25");
	arena_finish(&arena);
}

static void takes_the_given_order_and_then_names(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	static const char *const order[] = { "web", "nobody", "web" };
	struct plan_input input =
	    input_of(&arena, (struct plan_choice){
				 .missing_needs_nothing = true, .order = order, .order_count = 3 });
	assert_int_equal(input.count, 3);
	assert_string_equal(input.applications[0].name, "web");
	assert_string_equal(input.applications[1].name, "lib");
	assert_members(input.applications[1].required, "");
	assert_string_equal(input.applications[2].name, "near");
	assert_int_equal(input.left_out_count, 0);
	arena_finish(&arena);
}

static void tells_apart_whose_needs_are_unknown(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct plan_input input = input_of(&arena, (struct plan_choice){ 0 });
	assert_int_equal(input.unknown_count, 1);
	assert_string_equal(input.unknown[0], "far");
	arena_finish(&arena);
}

RUN_TESTS(cmocka_unit_test(takes_the_first_benchmark_by_name),
	  cmocka_unit_test(requires_what_one_of_all_workloads_requires),
	  cmocka_unit_test(exchanges_the_labels_like_the_publication),
	  cmocka_unit_test(takes_the_given_order_and_then_names),
	  cmocka_unit_test(tells_apart_whose_needs_are_unknown))
