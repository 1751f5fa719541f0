/*
 * The shipped workload facts against what was published about Gramine v1.8 with them
 * (tests/golden/expected/gramine-dynamic.json, key "rule"): a call counts for a workload when the
 * workload uses it and does not work without it stubbed.
 *
 * usage: test_published FACTS EXPECTED
 */
#include "../check.h"

#include <jansson.h>
#include <string.h>

#include "base/file.h"
#include "syscalls/table.h"
#include "workload/text.h"

static const char *facts_path;
static const char *expected_path;

struct published {
	struct arena arena;
	struct workload_set set;
	json_t *expected;
};

static int set_up(void **state)
{
	static struct published published;
	struct problem_list problems = { .arena = &published.arena };
	struct error err;
	struct file_map map;
	if (file_map_open(facts_path, WORKLOAD_TEXT_MAX_BYTES, &map, &err) != STATUS_OK)
		return -1;
	enum status status = workload_text_parse(map.content, facts_path, &published.arena,
						 &problems, &published.set, &err);
	file_map_close(&map);
	published.expected = json_load_file(expected_path, 0, NULL);
	*state = &published;
	return status == STATUS_OK && problems.count == 0 && published.expected != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	struct published *published = *state;
	json_decref(published->expected);
	arena_finish(&published->arena);
	return 0;
}

/* "redis-benchmark-redis-benchmark" */
static const char *key_of(struct arena *arena, const struct workload *workload)
{
	return arena_printf(arena, "%s-%s", workload->application, workload->name);
}

static bool lists(const json_t *names, const char *name)
{
	size_t index;
	const json_t *value;
	json_array_foreach(names, index,
			   value) if (strcmp(json_string_value(value), name) == 0) return true;
	return false;
}

static void has_every_published_workload(void **state)
{
	const struct published *published = *state;
	size_t suites = 0;
	for (size_t i = 0; i < published->set.count; i++)
		suites += published->set.workloads[i]->kind == WORKLOAD_SUITE;
	assert_int_equal(published->set.count, 123);
	assert_int_equal(suites, 11);
	assert_int_equal(
	    json_integer_value(json_object_get(
		json_object_get(published->expected, "unweighted_completeness_all"), "workloads")),
	    123);
}

/* Each workload is where the publication has it: required by, faking works, or neither. */
static void check_call(struct published *published, const json_t *expected)
{
	const char *name = json_string_value(json_object_get(expected, "syscall"));
	const json_t *required_by = json_object_get(expected, "required_by");
	const json_t *excluded =
	    json_object_get(json_object_get(published->expected, "rule"), "excluded_workloads");
	const json_t *faking_works_in = json_object_get(expected, "faking_works_in");
	uint32_t number;
	size_t missing = 0;
	assert_true(syscall_number_of(ARCH_X86_64, slice_of_string(name), &number));
	for (size_t i = 0; i < published->set.count; i++) {
		const struct workload *workload = published->set.workloads[i];
		const struct workload_use *use = workload_find_use(workload, number);
		const char *key = key_of(&published->arena, workload);
		if (lists(excluded, key))
			continue;
		bool required = use != NULL && use->verdict == VERDICT_REQUIRED;
		bool fakeable = use != NULL && use->verdict == VERDICT_FAKEABLE;
		if (required != lists(required_by, key) || fakeable != lists(faking_works_in, key))
			fail_msg("%s in %s", name, key);
		missing += required || fakeable;
	}
	assert_int_equal(missing, json_integer_value(json_object_get(expected, "used")));
}

static void has_the_published_verdicts_of_each_missing_call(void **state)
{
	struct published *published = *state;
	const json_t *calls = json_object_get(published->expected, "all_missing");
	assert_int_equal(json_array_size(calls), 31);
	size_t index;
	const json_t *call;
	json_array_foreach(calls, index, call) check_call(published, call);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_every_published_workload),
		cmocka_unit_test(has_the_published_verdicts_of_each_missing_call),
	};
	if (argc != 3)
		return 2;
	facts_path = argv[1];
	expected_path = argv[2];
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
