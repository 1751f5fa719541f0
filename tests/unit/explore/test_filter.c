/* Filters, by running them: each call is made in a child that has the filter. */
#include "../check.h"
#include "explore/filter.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `body` under the rules; its result is the child's exit status. */
static int under(const struct filter_rule *rules, size_t count, int (*body)(void))
{
	struct arena arena = { 0 };
	struct filter filter;
	struct error err;
	assert_int_equal(filter_build(rules, count, FILTER_ANSWER, &arena, &filter, &err),
			 STATUS_OK);
	pid_t child = fork();
	if (child == 0)
		_exit(filter_install(&filter) == 0 ? body() : 99);
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	arena_finish(&arena);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int stubbed_and_faked(void)
{
	if (syscall(SYS_getppid) != -1 || errno != ENOSYS)
		return 1;
	if (syscall(SYS_sysinfo, NULL) != 0)
		return 2;
	return syscall(SYS_getpid) > 0 ? 0 : 3;
}

static void answers_for_the_kernel(void **state)
{
	(void)state;
	const struct filter_rule rules[] = { { .number = SYS_sysinfo, .answer = 0 },
					     { .number = SYS_getppid, .answer = ENOSYS } };
	assert_int_equal(under(rules, 2, stubbed_and_faked), 0);
}

static int one_operation(void)
{
	char name[16];
	if (prctl(PR_SET_NAME, "x") != -1 || errno != EPERM)
		return 1;
	return prctl(PR_GET_NAME, name) == 0 ? 0 : 2;
}

static void answers_one_operation_only(void **state)
{
	(void)state;
	const struct filter_rule rules[] = { { .number = SYS_prctl,
					       .one_operation = true,
					       .value = PR_SET_NAME,
					       .answer = EPERM } };
	assert_int_equal(under(rules, 1, one_operation), 0);
}

static int operation_and_rest(void)
{
	if (prctl(PR_SET_NAME, "x") != 0)
		return 1;
	return prctl(PR_GET_DUMPABLE) == -1 && errno == ENOSYS ? 0 : 2;
}

static void prefers_the_rule_for_an_operation(void **state)
{
	(void)state;
	const struct filter_rule rules[] = {
		{ .number = SYS_prctl, .answer = ENOSYS },
		{ .number = SYS_prctl, .one_operation = true, .value = PR_SET_NAME, .answer = 0 }
	};
	assert_int_equal(under(rules, 2, operation_and_rest), 0);
}

/* Every number past the last real one answers with its own errno. */
static int each_answers_for_itself(void)
{
	for (long number = 1000; number < 1200; number++)
		if (syscall(number) != -1 || errno != 1 + number % 120)
			return 1;
	return syscall(1200) == -1 && errno == ENOSYS ? 0 : 2;
}

static void finds_each_of_many_rules(void **state)
{
	(void)state;
	struct filter_rule rules[200];
	for (uint32_t i = 0; i < 200; i++)
		rules[i] = (struct filter_rule){ .number = 1199 - i,
						 .answer = (uint16_t)(1 + (1199 - i) % 120) };
	assert_int_equal(under(rules, 200, each_answers_for_itself), 0);
}

static void refuses_more_rules_than_fit(void **state)
{
	(void)state;
	static const struct filter_rule rules[FILTER_MAX_RULES + 1];
	struct arena arena = { 0 };
	struct filter filter;
	struct error err;
	assert_int_equal(
	    filter_build(rules, FILTER_MAX_RULES + 1, FILTER_ANSWER, &arena, &filter, &err),
	    STATUS_LIMIT);
	arena_finish(&arena);
}

RUN_TESTS(cmocka_unit_test(answers_for_the_kernel), cmocka_unit_test(answers_one_operation_only),
	  cmocka_unit_test(prefers_the_rule_for_an_operation),
	  cmocka_unit_test(finds_each_of_many_rules), cmocka_unit_test(refuses_more_rules_than_fit))
