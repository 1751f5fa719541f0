/* Both observers, on tests/explore/calls.c. */
#include "../check.h"
#include "explore/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

/* Numbers that glibc's start-up does not use; 471, 1000 and 70000 are not syscalls. */
static const char *const words[] = { "?",   "39",   "t110",  "f124", "x102", "u104",       "v107",
				     "471", "1000", "70000", "t471", "39",   "0x1fffffff", NULL };
/* Without threads, whose ends decide whether pthread_join waits by a futex. */
static const char *const steady_words[] = { "?", "39", "f124", "x102", "471", "39", NULL };
static const char *const environment[] = { "PATH=/usr/bin:/bin", NULL };

/* A run takes a fraction of a second; a hang is to fail here, on the busiest of machines. */
enum { LIMIT_SECONDS = 100 };

static struct run_result run(const char *const *line_words, enum run_means means,
			     struct arena *arena)
{
	const char *line[16] = { NULL };
	for (size_t i = 0; line_words[i] != NULL; i++)
		line[i] = line_words[i];
	line[0] = getenv("CALLS");
	assert_non_null(line[0]);
	struct run_request request = { .words = line,
				       .environment = environment,
				       .output = -1,
				       .means = means,
				       .wait_for_all = true,
				       .limit_seconds = LIMIT_SECONDS };
	struct run_result result;
	struct error err = { 0 };
	enum status status = run_observed(&request, arena, &result, &err);
	if (status == STATUS_DENIED || status == STATUS_UNSUPPORTED) {
		print_message("# skipped: %s\n", err.text);
		skip();
	}
	assert_int_equal(status, STATUS_OK);
	assert_int_equal(result.means, means);
	assert_false(result.timed_out);
	assert_true(WIFEXITED(result.wait_status));
	assert_int_equal(WEXITSTATUS(result.wait_status), 0);
	return result;
}

static uint64_t count_of(const struct run_result *result, uint32_t number)
{
	const struct observed_call *call =
	    observation_find(&result->observation.tree, number, false);
	return call == NULL ? 0 : call->entered_count;
}

static void counts_every_call(enum run_means means)
{
	struct arena arena = { 0 };
	struct run_result result = run(words, means, &arena);
	assert_int_equal(count_of(&result, 39), 2);
	assert_int_equal(count_of(&result, 110), 1);
	assert_int_equal(count_of(&result, 124), 1);
	assert_int_equal(count_of(&result, 102), 1);
	assert_int_equal(count_of(&result, 104), 1);
	assert_int_equal(count_of(&result, 107), 1);
	assert_int_equal(count_of(&result, 471), 2);
	assert_int_equal(count_of(&result, 1000), 1);
	assert_int_equal(count_of(&result, 70000), 1);
	assert_int_equal(count_of(&result, 0x1fffffff), 1);
	assert_int_equal(count_of(&result, 59), 1); /* the one of its own, not ours */
	assert_int_equal(result.observation.program_count, 1);
	for (int loss = 0; loss < OBSERVER_LOSS_COUNT; loss++)
		assert_int_equal(result.observation.losses[loss], 0);
	arena_finish(&arena);
}

static void counts_every_call_in_the_kernel(void **state)
{
	(void)state;
	counts_every_call(RUN_EBPF);
}

static void counts_every_call_by_ptrace(void **state)
{
	(void)state;
	counts_every_call(RUN_PTRACE);
}

static void both_observers_see_the_same(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	struct run_result ebpf = run(steady_words, RUN_EBPF, &arena);
	struct run_result ptrace = run(steady_words, RUN_PTRACE, &arena);
	assert_int_equal(ebpf.observation.tree.call_count, ptrace.observation.tree.call_count);
	for (size_t i = 0; i < ebpf.observation.tree.call_count; i++)
		assert_int_equal(ebpf.observation.tree.calls[i].number,
				 ptrace.observation.tree.calls[i].number);
	assert_int_equal(ebpf.observation.operation_count, ptrace.observation.operation_count);
	assert_int_equal(ebpf.observation.path_count, ptrace.observation.path_count);
	arena_finish(&arena);
}

static void a_missing_command_is_said(void **state)
{
	(void)state;
	struct arena arena = { 0 };
	const char *const line[] = { "/nonexistent/command", NULL };
	struct run_request request = {
		.words = line, .environment = environment, .output = -1, .means = RUN_PTRACE
	};
	struct run_result result;
	struct error err = { 0 };
	assert_int_equal(run_observed(&request, &arena, &result, &err), STATUS_OK);
	assert_int_equal(WEXITSTATUS(result.wait_status), 127);
	assert_int_equal(result.observation.tree.call_count, 0);
	arena_finish(&arena);
}

/* Two processes: the one that leaves the other behind, and that one. */
static void ends_at_the_limit(enum run_means means)
{
	struct arena arena = { 0 };
	const char *const line[] = { "/bin/sh", "-c", "trap '' TERM; sleep 1000 & sleep 1000",
				     NULL };
	struct run_request request = { .words = line,
				       .environment = environment,
				       .output = -1,
				       .means = means,
				       .limit_seconds = 0.5 };
	struct run_result result = { 0 };
	struct error err = { 0 };
	enum status status = run_observed(&request, &arena, &result, &err);
	if (status == STATUS_DENIED || status == STATUS_UNSUPPORTED)
		skip();
	assert_int_equal(status, STATUS_OK);
	assert_true(result.timed_out);
	assert_true(WIFSIGNALED(result.wait_status));
	assert_int_equal(waitpid(-1, NULL, __WALL), -1); /* nobody is left */
	assert_int_equal(errno, ECHILD);
	assert_true(count_of(&result, 59) > 0);
	arena_finish(&arena);
}

static void a_command_without_end_is_ended_in_the_kernel(void **state)
{
	(void)state;
	ends_at_the_limit(RUN_EBPF);
}

static void a_command_without_end_is_ended_by_ptrace(void **state)
{
	(void)state;
	ends_at_the_limit(RUN_PTRACE);
}

RUN_TESTS(cmocka_unit_test(counts_every_call_in_the_kernel),
	  cmocka_unit_test(counts_every_call_by_ptrace),
	  cmocka_unit_test(both_observers_see_the_same),
	  cmocka_unit_test(a_missing_command_is_said),
	  cmocka_unit_test(a_command_without_end_is_ended_in_the_kernel),
	  cmocka_unit_test(a_command_without_end_is_ended_by_ptrace))
