#include "../check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workload/csv.h"
#include "workload/loupe.h"

struct fixture {
	struct arena arena;
	struct problem_list problems;
	const char *folder;
	struct loupe_database database;
	struct error err;
};

static const struct source test_source = { "Loupe database", "1", "CC-BY-4.0", NULL };

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char folder[] = "/tmp/sysgap-test-XXXXXX";
	if (fixture == NULL || mkdtemp(folder) == NULL)
		return -1;
	fixture->folder = arena_string(&fixture->arena, folder);
	fixture->problems.arena = &fixture->arena;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	char *command = arena_printf(&fixture->arena, "rm -rf -- '%s'", fixture->folder);
	int failed = system(command); /* NOLINT(cert-env33-c): a fixed command on our own folder */
	arena_finish(&fixture->arena);
	free(fixture);
	return failed;
}

/* Makes the folders of path below the fixture's folder; returns the whole path. */
static const char *make_path(struct fixture *fixture, const char *path)
{
	char *whole = arena_printf(&fixture->arena, "%s/%s", fixture->folder, path);
	for (char *slash = whole + strlen(fixture->folder) + 1; (slash = strchr(slash, '/'));
	     slash++) {
		*slash = '\0';
		(void)mkdir(whole, 0755);
		*slash = '/';
	}
	return whole;
}

static void add_run(struct fixture *fixture, const char *run, const char *rows)
{
	FILE *file =
	    fopen(make_path(fixture, arena_printf(&fixture->arena, "%s/data/dyn.csv", run)), "w");
	assert_non_null(file);
	fputs(rows, file);
	assert_int_equal(fclose(file), 0);
}

static enum status load(struct fixture *fixture)
{
	return loupe_read(fixture->folder, &test_source, &fixture->arena, &fixture->problems,
			  &fixture->database, &fixture->err);
}

static void assert_problem(const struct problem *problem, const char *end, uint64_t line,
			   const char *text)
{
	assert_non_null(problem);
	size_t size = strlen(problem->input);
	assert_true(size > strlen(end));
	assert_string_equal(problem->input + size - strlen(end), end);
	assert_int_equal(problem->line, line);
	assert_string_equal(problem->text, text);
}

static void reads_each_workload_once_in_order(void **state)
{
	struct fixture *fixture = *state;
	add_run(fixture, "redis/suite/00ff", "0,Y,N,N,N\n");
	add_run(fixture, "redis/benchmark-redis/00ff", "0,Y,N,N,N\n2,Y,N,Y,N\n");
	add_run(fixture, "apache/benchmark-wrk/imported", "1,Y,N,N,N\n");
	assert_int_equal(load(fixture), STATUS_OK);
	assert_int_equal(fixture->problems.count, 0);
	assert_int_equal(fixture->database.choice_count, 0);
	struct workload_set set = fixture->database.set;
	assert_int_equal(set.count, 3);
	assert_string_equal(set.workloads[0]->application, "apache");
	assert_string_equal(set.workloads[0]->run, "imported");
	assert_string_equal(set.workloads[1]->name, "benchmark-redis");
	assert_int_equal(set.workloads[1]->kind, WORKLOAD_BENCHMARK);
	assert_int_equal(set.workloads[1]->use_count, 2);
	assert_int_equal(set.workloads[2]->kind, WORKLOAD_SUITE);
	assert_string_equal(set.workloads[2]->source.title, "Loupe database");
}

static void chooses_a_run_by_what_is_in_it(void **state)
{
	struct fixture *fixture = *state;
	add_run(fixture, "a/suite/imported", "0,Y,N,N,N\n1,Y,N,N,N\n2,Y,N,N,N\n");
	add_run(fixture, "a/suite/0b", "0,Y,N,N,N\n");
	add_run(fixture, "a/suite/0c", "0,Y,N,N,N\n1,N,N,N,N\n");
	add_run(fixture, "a/suite/0d", "0,Y,N,N,N\n1,Y,N,N,N\n");
	add_run(fixture, "a/suite/0e", "0,Y,N,N,N\n1,Y,N,Y,N\n");
	assert_int_equal(load(fixture), STATUS_OK);
	assert_int_equal(fixture->database.set.count, 1);
	assert_string_equal(fixture->database.set.workloads[0]->run, "0d");
	assert_int_equal(fixture->database.choice_count, 1);
	assert_string_equal(fixture->database.choices[0].run, "0d");
	assert_int_equal(fixture->database.choices[0].run_count, 5);
	assert_int_equal(fixture->database.choices[0].row_count, 2);
}

static void loses_only_the_malformed_file(void **state)
{
	struct fixture *fixture = *state;
	add_run(fixture, "a/suite/1", "0,Y,N,N,N\n");
	add_run(fixture, "b/suite/1", "0,Y,N,N,N\n1,Y\x02");
	assert_int_equal(mkdir(make_path(fixture, "c/suite/1/data/dyn.csv/x"), 0755), 0);
	assert_int_equal(mkfifo(make_path(fixture, "d/suite/1/data/dyn.csv"), 0644), 0);
	add_run(fixture, "e/suite/1", "");
	assert_int_equal(
	    truncate(make_path(fixture, "e/suite/1/data/dyn.csv"), LOUPE_MAX_CSV_BYTES + 1), 0);
	add_run(fixture, "f/tests/1", "0,Y,N,N,N\n");
	assert_int_equal(load(fixture), STATUS_OK);
	assert_int_equal(fixture->database.set.count, 1);
	assert_int_equal(fixture->problems.count, 5);
	const struct problem *problem = fixture->problems.first;
	assert_problem(problem, "/b/suite/1/data/dyn.csv", 2,
		       "binary bytes, so this is not a CSV file");
	problem = problem->next;
	assert_problem(problem, "/c/suite/1/data/dyn.csv", 0, "is a directory");
	problem = problem->next;
	assert_problem(problem, "/d/suite/1/data/dyn.csv", 0, "not a regular file");
	problem = problem->next;
	assert_problem(problem, "/e/suite/1/data/dyn.csv", 0,
		       "4194305 bytes, more than the limit of 4194304");
	assert_problem(problem->next, "/f/tests", 0, "neither a benchmark nor a suite");
}

static void says_what_is_no_database(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(load(fixture), STATUS_NOT_FOUND);
	add_run(fixture, "a/suite/1", "0,Y,N,N,N\n");
	fixture->folder = make_path(fixture, "a/suite/1/data/dyn.csv");
	assert_int_equal(load(fixture), STATUS_IO);
	assert_string_equal(fixture->err.text, "Not a directory");
	fixture->folder =
	    arena_slice(&fixture->arena, (struct slice){ (const uint8_t *)fixture->folder,
							 strlen("/tmp/sysgap-test-XXXXXX") });
}

static const struct workload_use written_uses[] = {
	{ 0, VERDICT_REQUIRED }, { 1, VERDICT_STUBBABLE },  { 2, VERDICT_FAKEABLE },
	{ 300, VERDICT_EITHER }, { 435, VERDICT_REQUIRED },
};
static const struct workload_use untested_uses[] = { { 7, VERDICT_UNTESTED } };

static void reads_back_what_it_wrote(void **state)
{
	struct fixture *fixture = *state;
	const struct workload first = { "app",       "suite",     "00",         WORKLOAD_SUITE,
					ARCH_X86_64, test_source, written_uses, 5 };
	const struct workload second = { "app",         "benchmark-x",
					 "01",          WORKLOAD_BENCHMARK,
					 ARCH_X86_64,   test_source,
					 untested_uses, 1 };
	const struct workload *const both[] = { &first, &second };
	fixture->folder = arena_printf(&fixture->arena, "%s/db", fixture->folder);
	struct workload_set set = workload_set_create(&fixture->arena, both, 2);
	assert_int_equal(loupe_write(fixture->folder, set, &fixture->err), STATUS_OK);
	assert_int_equal(loupe_write(fixture->folder, set, &fixture->err), STATUS_IO);
	assert_int_equal(load(fixture), STATUS_OK);
	assert_int_equal(fixture->database.set.count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct workload *wrote = set.workloads[i];
		const struct workload *got = fixture->database.set.workloads[i];
		assert_string_equal(got->name, wrote->name);
		assert_string_equal(got->run, wrote->run);
		assert_int_equal(got->use_count, wrote->use_count);
		assert_memory_equal(got->uses, wrote->uses, wrote->use_count * sizeof(*got->uses));
	}
	*strrchr((char *)(uintptr_t)fixture->folder, '/') = '\0';
}

static void writes_nothing_that_its_format_cannot_say(void **state)
{
	struct fixture *fixture = *state;
	static const struct workload_use mixed[] = { { 1, VERDICT_UNTESTED },
						     { 2, VERDICT_EITHER } };
	const struct workload cases[] = {
		{ "../app", "suite", "1", WORKLOAD_SUITE, ARCH_X86_64, test_source, NULL, 0 },
		{ "app", "suite", "1", WORKLOAD_BENCHMARK, ARCH_X86_64, test_source, NULL, 0 },
		{ "app", "suite", "1", WORKLOAD_SUITE, ARCH_AARCH64, test_source, NULL, 0 },
		{ "app", "suite", "1", WORKLOAD_SUITE, ARCH_X86_64, test_source, mixed, 2 },
	};
	const char *folder = arena_printf(&fixture->arena, "%s/db", fixture->folder);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct workload *one = &cases[i];
		struct workload_set set = workload_set_create(&fixture->arena, &one, 1);
		assert_int_equal(loupe_write(folder, set, &fixture->err), STATUS_UNSUPPORTED);
		assert_int_not_equal(access(folder, F_OK), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

RUN_TESTS(TEST(reads_each_workload_once_in_order), TEST(chooses_a_run_by_what_is_in_it),
	  TEST(loses_only_the_malformed_file), TEST(says_what_is_no_database),
	  TEST(reads_back_what_it_wrote), TEST(writes_nothing_that_its_format_cannot_say))
