#include "../check.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "workload/text.h"

struct fixture {
	struct arena arena;
	struct problem_list problems;
	struct workload_set set;
	struct error err;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	if (fixture == NULL)
		return -1;
	fixture->problems.arena = &fixture->arena;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	arena_finish(&fixture->arena);
	free(fixture);
	return 0;
}

static enum status parse(struct fixture *fixture, const char *text)
{
	return workload_text_parse(slice_of_string(text), "file", &fixture->arena,
				   &fixture->problems, &fixture->set, &fixture->err);
}

static void assert_problem(const struct problem *problem, uint64_t line, const char *text)
{
	assert_non_null(problem);
	assert_int_equal(problem->line, line);
	assert_string_equal(problem->text, text);
}

static void reads_headings_workloads_and_verdicts(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(parse(fixture, "# sysgap workloads 1\r\n"
					"# a comment\n"
					"source: One, two\nversion: 3\n\n"
					"suite redis suite 00ff\n"
					"\trequired write read\n\trequired 99999\n\tflaky close\n"
					"source: Other\narch: aarch64\n"
					"benchmark a%20b %\n\teither write\n"),
			 STATUS_OK);
	assert_int_equal(fixture->problems.count, 0);
	assert_int_equal(fixture->set.count, 2);
	const struct workload *redis = fixture->set.workloads[0];
	assert_string_equal(redis->source.title, "One, two");
	assert_string_equal(redis->source.version, "3");
	assert_null(redis->source.licence);
	assert_string_equal(redis->run, "00ff");
	assert_int_equal(redis->kind, WORKLOAD_SUITE);
	assert_int_equal(redis->use_count, 4);
	static const struct workload_use expected[] = { { 0, VERDICT_REQUIRED },
							{ 1, VERDICT_REQUIRED },
							{ 3, VERDICT_FLAKY },
							{ 99999, VERDICT_REQUIRED } };
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(redis->uses[i].number, expected[i].number);
		assert_int_equal(redis->uses[i].verdict, expected[i].verdict);
	}
	const struct workload *other = fixture->set.workloads[1];
	assert_string_equal(other->source.title, "Other");
	assert_null(other->source.version);
	assert_string_equal(other->application, "a b");
	assert_string_equal(other->name, "");
	assert_null(other->run);
	assert_int_equal(other->arch, ARCH_AARCH64);
	assert_int_equal(other->uses[0].number, 64);
}

static void says_what_is_malformed_and_keeps_the_rest(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(parse(fixture, "# sysgap workloads 1\n"
					"suite early suite\n"
					"required read\n"
					"source: One\n"
					"required read\n"
					"suite one\n"
					"colour: red\n"
					"suite b%2 suite\n"
					"suite a b c d\n"
					"suite redis suite\n"
					"required read nonsense\n"
					"either read\n"
					"arch: vax\n"
					"suite lost suite\n"),
			 STATUS_OK);
	static const struct {
		uint64_t line;
		const char *text;
	} expected[] = {
		{ 2, "a workload without a source" },
		{ 5, "a verdict of no workload" },
		{ 6, "needs an application and a name" },
		{ 7, "no such heading" },
		{ 8, "a malformed escape or a control character" },
		{ 9, "more words than kind, application, name and run" },
		{ 11, "no syscall 'nonsense'" },
		{ 12, "call 0 again" },
		{ 13, "no such architecture" },
		{ 14, "a workload without a source" },
	};
	assert_int_equal(fixture->problems.count, sizeof(expected) / sizeof(expected[0]));
	const struct problem *problem = fixture->problems.first;
	for (size_t i = 0; problem != NULL; i++, problem = problem->next)
		assert_problem(problem, expected[i].line, expected[i].text);
	assert_int_equal(fixture->set.count, 1);
	assert_int_equal(fixture->set.workloads[0]->use_count, 1);
	assert_int_equal(fixture->set.workloads[0]->uses[0].verdict, VERDICT_REQUIRED);
}

static void refuses_other_files_and_later_versions(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(parse(fixture, ""), STATUS_MALFORMED);
	assert_int_equal(parse(fixture, "source: One\n"), STATUS_MALFORMED);
	assert_int_equal(parse(fixture, "# sysgap workloads 2\n"), STATUS_UNSUPPORTED);
}

static void writes_what_reads_back_the_same(void **state)
{
	struct fixture *fixture = *state;
	static const struct workload_use uses[] = { { 0, VERDICT_UNTESTED },
						    { 0x40000000, VERDICT_EITHER },
						    { UINT32_MAX, VERDICT_FLAKY } };
	const struct workload odd = { "",          "50% of\ta b",
				      "run",       WORKLOAD_SUITE,
				      ARCH_X86_64, { " t ", "", NULL, "u\n" },
				      uses,        3 };
	const struct workload *const one[] = { &odd };
	struct buffer text = { 0 };
	workload_text_format(workload_set_create(&fixture->arena, one, 1), &text);
	assert_string_equal(buffer_string(&text), "# sysgap workloads 1\n\nsource: %20t%20\n"
						  "version: \nurl: u%0A\narch: x86_64\n\n"
						  "suite % 50%25%20of%09a%20b run\n"
						  "\teither 1073741824\n\tflaky 4294967295\n"
						  "\tuntested read\n");
	assert_int_equal(parse(fixture, buffer_string(&text)), STATUS_OK);
	assert_int_equal(fixture->problems.count, 0);
	const struct workload *got = fixture->set.workloads[0];
	assert_string_equal(got->application, "");
	assert_string_equal(got->name, odd.name);
	assert_string_equal(got->source.title, " t ");
	assert_string_equal(got->source.version, "");
	assert_string_equal(got->source.url, "u\n");
	assert_memory_equal(got->uses, uses, sizeof(uses));
	buffer_finish(&text);
}

static void keeps_the_last_of_a_key_and_filters(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(parse(fixture, "# sysgap workloads 1\nsource: One\n"
					"suite b suite old\nsuite a suite\nbenchmark a x\n"
					"source: Two\nsuite b suite new\n"),
			 STATUS_OK);
	assert_int_equal(fixture->set.count, 3);
	assert_string_equal(fixture->set.workloads[2]->run, "new");
	const struct workload_filter suites = { NULL, NULL, WORKLOAD_SUITE, ARCH_X86_64 };
	assert_int_equal(workload_set_filter(&fixture->arena, fixture->set, &suites).count, 2);
	const struct workload_filter second = { "Two", NULL, WORKLOAD_ANY, WORKLOAD_ANY };
	assert_int_equal(workload_set_filter(&fixture->arena, fixture->set, &second).count, 1);
	const struct workload_filter first = { NULL, "a", WORKLOAD_ANY, WORKLOAD_ANY };
	assert_int_equal(workload_set_filter(&fixture->arena, fixture->set, &first).count, 2);
	const struct workload_filter none = { NULL, NULL, WORKLOAD_ANY, ARCH_I386 };
	assert_int_equal(workload_set_filter(&fixture->arena, fixture->set, &none).count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

RUN_TESTS(TEST(reads_headings_workloads_and_verdicts),
	  TEST(says_what_is_malformed_and_keeps_the_rest),
	  TEST(refuses_other_files_and_later_versions), TEST(writes_what_reads_back_the_same),
	  TEST(keeps_the_last_of_a_key_and_filters))
