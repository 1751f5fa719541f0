#pragma once

/* What cmocka.h wants before it, in the one order that works. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * cmocka 1.1 prints a skipped test as "not ok", which readers of TAP take for a failure: a child
 * runs the tests, and its parent mends what it prints.
 */
static inline int run_as_tap(int (*run)(void))
{
	int ends[2];
	if (pipe(ends) != 0)
		return 1;
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		exit(run());
	}
	close(ends[1]);
	FILE *lines = fdopen(ends[0], "r");
	char line[4096];
	while (lines != NULL && fgets(line, sizeof(line), lines) != NULL) {
		bool skipped = strncmp(line, "not ok", 6) == 0 && strstr(line, " # SKIP") != NULL;
		fputs(skipped ? line + 4 : line, stdout);
		fflush(stdout);
	}
	int wait_status = 1;
	if (lines == NULL || fclose(lines) != 0 || waitpid(child, &wait_status, 0) != child)
		return 1;
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 1;
}

/*
 * The closing lines of a test program: every test once, named as a sentence; what comes before the
 * first and after the last, or NULL.
 */
#define RUN_TESTS_BETWEEN(set_up, tear_down, ...)                                                  \
	static int run_group(void)                                                                 \
	{                                                                                          \
		const struct CMUnitTest tests[] = { __VA_ARGS__ };                                 \
		return cmocka_run_group_tests(tests, set_up, tear_down);                           \
	}                                                                                          \
	int main(void)                                                                             \
	{                                                                                          \
		return run_as_tap(run_group);                                                      \
	}

#define RUN_TESTS(...) RUN_TESTS_BETWEEN(NULL, NULL, __VA_ARGS__)
