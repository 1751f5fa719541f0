/* Explorations of tests/explore/truth.c, whose answers are known; and that they leave nothing. */
#include "../check.h"
#include "explore/explore.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct trial_runner *runner;
static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	struct error err;
	return trial_runner_create(2, &runner, &err) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	trial_runner_destroy(runner);
	arena_finish(&arena);
	return 0;
}

static const char *program(void)
{
	const char *path = getenv("TRUTH");
	return path == NULL ? "truth" : path;
}

/* ---- what must not be left ---- */

struct surroundings {
	size_t process_count; /* of the program, in any namespace */
	size_t mount_count;   /* of the kinds that a sandbox makes */
	size_t file_count;    /* that the program would make */
	/* of this process; with the above, what could keep a namespace alive */
	size_t descriptor_count;
};

/* Other tests of the machine run beside this one: only what may be ours counts. */
static size_t count_mounts(void)
{
	size_t count = 0;
	char line[4096];
	FILE *file = fopen("/proc/self/mountinfo", "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		count += strstr(line, " - overlay ") != NULL || strstr(line, " /proc/") != NULL;
	(void)fclose(file);
	return count;
}

static size_t count_processes(const char *path_of_program)
{
	size_t count = 0;
	DIR *entries = opendir("/proc");
	const struct dirent *entry;
	while ((entry = readdir(entries)) != NULL) {
		char path[300];
		char first_word[4096] = "";
		(void)snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		FILE *file = fopen(path, "r");
		if (file == NULL)
			continue;
		(void)!fread(first_word, 1, sizeof(first_word) - 1, file);
		count += strcmp(first_word, path_of_program) == 0;
		(void)fclose(file);
	}
	(void)closedir(entries);
	return count;
}

static size_t count_descriptors(void)
{
	size_t count = 0;
	DIR *entries = opendir("/proc/self/fd");
	while (readdir(entries) != NULL)
		count++;
	(void)closedir(entries);
	return count;
}

static struct surroundings look_around(void)
{
	return (struct surroundings){ count_processes(program()), count_mounts(),
				      access("/var/tmp/sysgap-truth-filled", F_OK) == 0,
				      count_descriptors() };
}

/* ---- exploring ---- */

static struct explore_result explore_text(const char *text, uint32_t replicas, uint16_t extra_mode)
{
	struct definition *definition = arena_alloc(&arena, 1, sizeof(*definition));
	struct explore_result result;
	struct error err = { 0 };
	if (definition_parse(slice_of_string(text), "truth", &arena, definition, &err) != STATUS_OK)
		fail_msg("%s", err.text);
	struct explore_request request = {
		.definition = definition,
		.runner = runner,
		.answers = { ENOSYS, 0, extra_mode },
		.answer_count = extra_mode == 0 ? 2 : 3,
		.replicas = replicas,
	};
	struct surroundings before = look_around();
	enum status status = explore(&request, &arena, &result, &err);
	if (status == STATUS_DENIED) {
		print_message("skipped: %s\n", err.text);
		skip();
	}
	if (status != STATUS_OK)
		fail_msg("%s", err.text);
	struct surroundings after = look_around();
	assert_memory_equal(&before, &after, sizeof(before));
	return result;
}

static struct explore_result explore_program(const char *name, uint32_t replicas,
					     uint16_t extra_mode)
{
	return explore_text(arena_printf(&arena,
					 "application: truth\nname: benchmark-%s\n"
					 "command: [%s, %s]\nlimit: 5\ndisk: 30M\n",
					 name, program(), name),
			    replicas, extra_mode);
}

static const struct question *answer_of(const struct explore_result *result, uint32_t number,
					uint16_t answer)
{
	for (size_t i = 0; i < result->question_count; i++)
		if (result->questions[i].number == number && result->questions[i].answer == answer)
			return &result->questions[i];
	fail_msg("call %u was not seen", number);
	return &result->questions[0]; /* not reached */
}

static void assert_answers(const struct explore_result *result, uint32_t number,
			   enum question_result stub, enum question_result fake)
{
	assert_int_equal(answer_of(result, number, ENOSYS)->result, stub);
	assert_int_equal(answer_of(result, number, 0)->result, fake);
	assert_int_not_equal(result->mixed_replicas, 0);
}

static void check(const char *name, uint32_t number, enum question_result stub,
		  enum question_result fake)
{
	struct explore_result result = explore_program(name, 2, 0);
	assert_answers(&result, number, stub, fake);
}

static void needs_it(void **state)
{
	(void)state;
	check("needs", SYS_getrandom, QUESTION_FAILS, QUESTION_FAILS);
}

static void works_with_it_stubbed(void **state)
{
	(void)state;
	check("stubbed", SYS_getrandom, QUESTION_WORKS, QUESTION_FAILS);
}

static void works_with_it_faked_only(void **state)
{
	(void)state;
	check("faked", SYS_sysinfo, QUESTION_FAILS, QUESTION_WORKS);
}

static void works_either_way(void **state)
{
	(void)state;
	check("either", SYS_sysinfo, QUESTION_WORKS, QUESTION_WORKS);
}

static void another_errno_is_another_answer(void **state)
{
	(void)state;
	struct explore_result result = explore_program("only-enosys", 2, EPERM);
	assert_answers(&result, SYS_sysinfo, QUESTION_WORKS, QUESTION_FAILS);
	assert_int_equal(answer_of(&result, SYS_sysinfo, EPERM)->result, QUESTION_FAILS);
}

static bool is_mixed(const struct explore_result *result, uint32_t number)
{
	for (size_t i = 0; i < result->mixed_count; i++)
		if (result->mixed[i]->number == number)
			return true;
	return false;
}

static void one_of_two_is_enough_but_not_none(void **state)
{
	(void)state;
	struct explore_result result = explore_program("one-of-two", 2, 0);
	assert_answers(&result, SYS_getrandom, QUESTION_WORKS, QUESTION_WORKS);
	assert_answers(&result, SYS_sysinfo, QUESTION_WORKS, QUESTION_WORKS);
	assert_true(is_mixed(&result, SYS_getrandom) != is_mixed(&result, SYS_sysinfo));
	assert_true(result.mixed_left_out_count > 0);
}

static void what_a_group_hides_is_found(void **state)
{
	(void)state;
	struct explore_result result = explore_program("hidden", 2, 0);
	assert_answers(&result, SYS_getrandom, QUESTION_WORKS, QUESTION_WORKS);
	assert_answers(&result, SYS_sysinfo, QUESTION_FAILS, QUESTION_FAILS);
}

static void what_a_group_repairs_is_found(void **state)
{
	(void)state;
	struct explore_result result = explore_program("repaired", 2, 0);
	assert_answers(&result, SYS_getrandom, QUESTION_WORKS, QUESTION_WORKS);
	assert_answers(&result, SYS_sysinfo, QUESTION_FAILS, QUESTION_FAILS);
}

/* Where trials take long the search for first answers is another one. */
static void saving_trials_changes_no_answer(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint32_t number;
		enum question_result stub;
		enum question_result fake;
	} cases[] = {
		{ "needs", SYS_getrandom, QUESTION_FAILS, QUESTION_FAILS },
		{ "stubbed", SYS_getrandom, QUESTION_WORKS, QUESTION_FAILS },
		{ "faked", SYS_sysinfo, QUESTION_FAILS, QUESTION_WORKS },
		{ "one-of-two", SYS_getrandom, QUESTION_WORKS, QUESTION_WORKS },
		{ "one-of-two", SYS_sysinfo, QUESTION_WORKS, QUESTION_WORKS },
		{ "hidden", SYS_sysinfo, QUESTION_FAILS, QUESTION_FAILS },
		{ "repaired", SYS_sysinfo, QUESTION_FAILS, QUESTION_FAILS },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = arena_printf(&arena,
						"application: truth\nname: benchmark-%s\n"
						"command: [%s, %s, slowly]\nlimit: 5\n",
						cases[i].name, program(), cases[i].name);
		struct explore_result result = explore_text(text, 2, 0);
		assert_true(result.baseline.longest_ns > 50 * 1000 * 1000);
		assert_answers(&result, cases[i].number, cases[i].stub, cases[i].fake);
	}
}

static void children_count(void **state)
{
	(void)state;
	check("in-child", SYS_sysinfo, QUESTION_FAILS, QUESTION_FAILS);
}

static void threads_count(void **state)
{
	(void)state;
	check("in-thread", SYS_sysinfo, QUESTION_FAILS, QUESTION_FAILS);
}

static void rules_survive_execve(void **state)
{
	(void)state;
	check("after-exec", SYS_sysinfo, QUESTION_FAILS, QUESTION_FAILS);
}

static void every_call_is_answered(void **state)
{
	(void)state;
	check("second-time", SYS_sysinfo, QUESTION_FAILS, QUESTION_FAILS);
}

/* Sixteen replicas all agree once in 650 runs. */
static void disagreement_is_flaky(void **state)
{
	(void)state;
	struct explore_result result = explore_program("flaky", 16, 0);
	assert_int_equal(answer_of(&result, SYS_sysinfo, ENOSYS)->result, QUESTION_FLAKY);
}

static void a_daemon_does_not_outlive_its_trial(void **state)
{
	(void)state;
	check("leaks-daemon", SYS_sysinfo, QUESTION_WORKS, QUESTION_WORKS);
}

static void a_hang_is_a_failure(void **state)
{
	(void)state;
	struct explore_result result = explore_program("hangs", 2, 0);
	assert_answers(&result, SYS_sysinfo, QUESTION_FAILS, QUESTION_WORKS);
	assert_int_equal(answer_of(&result, SYS_sysinfo, ENOSYS)->end, TRIAL_TIMED_OUT);
}

static void a_killed_parent_is_a_failure(void **state)
{
	(void)state;
	check("kills-parent", SYS_sysinfo, QUESTION_FAILS, QUESTION_WORKS);
}

static void a_crash_that_nobody_reports_is_a_failure(void **state)
{
	(void)state;
	struct explore_result result = explore_program("child-crashes", 2, 0);
	if (!trial_runner_means(runner).ebpf)
		skip();
	assert_answers(&result, SYS_sysinfo, QUESTION_FAILS, QUESTION_WORKS);
	assert_int_equal(answer_of(&result, SYS_sysinfo, ENOSYS)->end, TRIAL_CRASHED);
}

static void a_full_disk_is_the_trials_own(void **state)
{
	(void)state;
	check("fills-disk", SYS_sysinfo, QUESTION_WORKS, QUESTION_WORKS);
}

/* Explores something that does not work as it is. */
static const char *complaint_about(const char *text)
{
	struct definition definition;
	struct explore_result result;
	struct error *err = arena_alloc(&arena, 1, sizeof(*err));
	if (definition_parse(slice_of_string(text), "truth", &arena, &definition, err) != STATUS_OK)
		fail_msg("%s", err->text);
	struct explore_request request = { .definition = &definition,
					   .runner = runner,
					   .answer_count = 2 };
	struct surroundings before = look_around();
	enum status status = explore(&request, &arena, &result, err);
	if (status == STATUS_DENIED)
		skip();
	assert_int_equal(status, STATUS_UNSUPPORTED);
	struct surroundings after = look_around();
	assert_memory_equal(&before, &after, sizeof(before));
	return err->text;
}

static void a_workload_that_fails_by_itself_is_said(void **state)
{
	(void)state;
	const char *text = arena_printf(&arena,
					"application: truth\nname: benchmark-none\n"
					"command: [%s, no-such-program]\n",
					program());
	assert_non_null(strstr(complaint_about(text), "test-failed: exit status 3"));
}

static void who_prints_for_ever_is_stopped(void **state)
{
	(void)state;
	const char *text = "application: yes\nname: benchmark-yes\ncommand: [yes]\nlimit: 1\n";
	assert_non_null(strstr(complaint_about(text), "timed-out: no end in time"));
}

/* ---- memory ---- */

struct notebook {
	size_t kept;
	size_t found;
	size_t count;
	struct {
		const char *rules;
		uint32_t replica;
		struct trial_outcome outcome;
	} notes[1000];
};

static bool find_note(void *context, const char *rules, uint32_t replica,
		      struct trial_outcome *out_outcome)
{
	struct notebook *notebook = context;
	for (size_t i = 0; i < notebook->count; i++)
		if (notebook->notes[i].replica == replica &&
		    strcmp(notebook->notes[i].rules, rules) == 0) {
			*out_outcome = notebook->notes[i].outcome;
			notebook->found++;
			return true;
		}
	return false;
}

static enum status keep_note(void *context, const char *rules, uint32_t replica,
			     const struct trial_outcome *outcome, struct error *err)
{
	struct notebook *notebook = context;
	(void)err;
	assert_true(notebook->count < 1000);
	notebook->notes[notebook->count].rules = arena_string(&arena, rules);
	notebook->notes[notebook->count].replica = replica;
	notebook->notes[notebook->count++].outcome = *outcome;
	return STATUS_OK;
}

static void what_is_known_is_not_run_again(void **state)
{
	(void)state;
	struct notebook *notebook = arena_alloc(&arena, 1, sizeof(*notebook));
	struct definition definition;
	struct explore_result first;
	struct explore_result second;
	struct error err = { 0 };
	const char *text = arena_printf(
	    &arena, "application: truth\nname: benchmark-memory\ncommand: [%s, stubbed]\n",
	    program());
	assert_int_equal(
	    definition_parse(slice_of_string(text), "truth", &arena, &definition, &err), STATUS_OK);
	struct explore_request request = { .definition = &definition,
					   .runner = runner,
					   .answers = { ENOSYS, 0 },
					   .answer_count = 2,
					   .replicas = 2,
					   .memory = { notebook, find_note, keep_note } };
	enum status status = explore(&request, &arena, &first, &err);
	if (status == STATUS_DENIED)
		skip();
	assert_int_equal(status, STATUS_OK);
	assert_int_equal(explore(&request, &arena, &second, &err), STATUS_OK);
	/* all but the first run, which is observed anew */
	assert_int_equal(second.counts.reused, second.counts.trials - 1);
	assert_int_equal(first.question_count, second.question_count);
	for (size_t i = 0; i < first.question_count; i++)
		assert_int_equal(first.questions[i].result, second.questions[i].result);
}

/* ---- as an ordinary user ---- */

static void an_ordinary_user_gets_the_same(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip(); /* all of the above was it */
	if (access(program(), X_OK) != 0)
		fail();
	pid_t child = fork();
	if (child == 0) {
		struct error err;
		if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0 ||
		    prctl(PR_SET_DUMPABLE, 1) != 0 || access(program(), X_OK) != 0 ||
		    trial_runner_create(2, &runner, &err) != STATUS_OK)
			_exit(77);
		assert_false(trial_runner_means(runner).ebpf);
		check("stubbed", SYS_getrandom, QUESTION_WORKS, QUESTION_FAILS);
		check("in-child", SYS_sysinfo, QUESTION_FAILS, QUESTION_FAILS);
		check("leaks-daemon", SYS_sysinfo, QUESTION_WORKS, QUESTION_WORKS);
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

RUN_TESTS_BETWEEN(
    set_up, tear_down, cmocka_unit_test(needs_it), cmocka_unit_test(works_with_it_stubbed),
    cmocka_unit_test(works_with_it_faked_only), cmocka_unit_test(works_either_way),
    cmocka_unit_test(another_errno_is_another_answer),
    cmocka_unit_test(one_of_two_is_enough_but_not_none),
    cmocka_unit_test(what_a_group_hides_is_found), cmocka_unit_test(what_a_group_repairs_is_found),
    cmocka_unit_test(saving_trials_changes_no_answer), cmocka_unit_test(children_count),
    cmocka_unit_test(threads_count), cmocka_unit_test(rules_survive_execve),
    cmocka_unit_test(every_call_is_answered), cmocka_unit_test(disagreement_is_flaky),
    cmocka_unit_test(a_daemon_does_not_outlive_its_trial), cmocka_unit_test(a_hang_is_a_failure),
    cmocka_unit_test(a_killed_parent_is_a_failure),
    cmocka_unit_test(a_crash_that_nobody_reports_is_a_failure),
    cmocka_unit_test(a_full_disk_is_the_trials_own),
    cmocka_unit_test(a_workload_that_fails_by_itself_is_said),
    cmocka_unit_test(who_prints_for_ever_is_stopped),
    cmocka_unit_test(what_is_known_is_not_run_again),
    cmocka_unit_test(an_ordinary_user_gets_the_same))
