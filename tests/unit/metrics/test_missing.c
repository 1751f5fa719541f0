#include "../check.h"
#include "metrics/missing.h"

static const struct workload_use web_uses[] = {
	{ 1, VERDICT_REQUIRED }, { 2, VERDICT_STUBBABLE },    { 3, VERDICT_FAKEABLE },
	{ 4, VERDICT_REQUIRED }, { 70000, VERDICT_REQUIRED },
};
static const struct workload_use mail_uses[] = {
	{ 2, VERDICT_EITHER },
	{ 3, VERDICT_EITHER },
	{ 4, VERDICT_FLAKY },
};
static const struct workload web = { .application = "web", .uses = web_uses, .use_count = 5 };
static const struct workload mail = { .application = "mail", .uses = mail_uses, .use_count = 3 };
static const struct workload *const both[] = { &web, &mail };

static void lists_who_needs_what_is_not_supported(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct bitset supported = bitset_create(&arena, 100);
	bitset_add(supported, 1);
	size_t count;
	const struct missing_call *calls =
	    missing_calls(&arena, both, 2, supported, NEEDS_STUBS, &count);
	/* 2 only has users that work with ENOSYS */
	assert_int_equal(count, 3);
	assert_int_equal(calls[0].number, 3);
	assert_int_equal(calls[0].used, 2);
	assert_int_equal(calls[0].needed, 1);
	assert_ptr_equal(calls[0].by_verdict[VERDICT_FAKEABLE][0], &web);
	assert_ptr_equal(calls[0].by_verdict[VERDICT_EITHER][0], &mail);
	assert_int_equal(calls[1].number, 4);
	assert_int_equal(calls[1].needed, 2);
	assert_int_equal(calls[1].verdict_count[VERDICT_REQUIRED], 1);
	assert_int_equal(calls[1].verdict_count[VERDICT_FLAKY], 1);
	assert_int_equal(calls[2].number, 70000);
	calls = missing_calls(&arena, both, 2, supported, NEEDS_STUBS_FAKES, &count);
	assert_int_equal(count, 2); /* without 3, whose only needy user takes a fake */
	arena_finish(&arena);
}

static void misses_nothing_without_workloads(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	size_t count = 1;
	(void)missing_calls(&arena, NULL, 0, bitset_create(&arena, 10), NEEDS_STUBS, &count);
	assert_int_equal(count, 0);
	arena_finish(&arena);
}

RUN_TESTS(cmocka_unit_test(lists_who_needs_what_is_not_supported),
	  cmocka_unit_test(misses_nothing_without_workloads))
