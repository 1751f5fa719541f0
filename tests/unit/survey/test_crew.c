#include "../check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "survey/crew.h"

enum { TASKS = 40, DIES = 7, HANGS = 11, GIVES_UP = 13 };

struct seen {
	int done[TASKS];
	char failures[TASKS][128];
	char results[TASKS][32];
};

/* Most answer with their number; some end their worker in one way or other. */
static void run(void *context, size_t task, struct buffer *out)
{
	(void)context;
	if (task == DIES)
		(void)raise(SIGSEGV);
	if (task == HANGS)
		for (volatile unsigned i = 0;; i++)
			;
	if (task == GIVES_UP)
		_exit(EXIT_FAILURE);
	buffer_printf(out, "task %zu", task);
}

static void done(void *context, size_t task, struct slice result, const char *failure)
{
	struct seen *seen = context;
	seen->done[task]++;
	if (failure != NULL)
		snprintf(seen->failures[task], sizeof(seen->failures[task]), "%s", failure);
	else
		snprintf(seen->results[task], sizeof(seen->results[task]), "%.*s",
			 (int)result.size_bytes, (const char *)result.bytes);
}

static void a_dying_worker_costs_its_task_only(void **state)
{
	struct seen seen = { 0 };
	struct error err;
	const struct crew crew = { .worker_count = 3,
				   .task_count = TASKS,
				   .task_seconds = 1,
				   .context = &seen,
				   .run = run,
				   .done = done };
	(void)state;
	assert_int_equal(crew_run(&crew, &err), STATUS_OK);
	for (size_t i = 0; i < TASKS; i++) {
		char expected[32];
		bool lost = i == DIES || i == HANGS || i == GIVES_UP;
		snprintf(expected, sizeof(expected), "task %zu", i);
		assert_int_equal(seen.done[i], 1);
		assert_string_equal(seen.results[i], lost ? "" : expected);
		assert_int_equal(seen.failures[i][0] != '\0', lost);
	}
	assert_string_equal(seen.failures[HANGS], "took too long");
}

/* Answers with its worker; the first task of the second lot ends it. */
static void name_worker(void *context, size_t task, struct buffer *out)
{
	(void)context;
	if (task == 4)
		_exit(EXIT_FAILURE);
	buffer_printf(out, "%d", (int)getpid());
}

static void a_lot_is_one_workers_and_survives_it(void **state)
{
	static const size_t lots[] = { 0, 4, 12, 13 };
	struct seen seen = { 0 };
	struct error err;
	const struct crew crew = { .worker_count = 2,
				   .task_count = 13,
				   .lots = lots,
				   .lot_count = 3,
				   .task_seconds = 60,
				   .context = &seen,
				   .run = name_worker,
				   .done = done };
	(void)state;
	assert_int_equal(crew_run(&crew, &err), STATUS_OK);
	for (size_t i = 0; i < 13; i++)
		assert_int_equal(seen.done[i], 1);
	assert_true(seen.failures[4][0] != '\0');
	for (size_t i = 1; i < 4; i++)
		assert_string_equal(seen.results[i], seen.results[0]);
	for (size_t i = 6; i < 12; i++) /* by who took the place of the first */
		assert_string_equal(seen.results[i], seen.results[5]);
}

static bool stop(void *context)
{
	(void)context;
	return false;
}

static void stops_when_asked_to(void **state)
{
	struct seen seen = { 0 };
	struct error err;
	const struct crew crew = { .worker_count = 2,
				   .task_count = TASKS,
				   .task_seconds = 60,
				   .context = &seen,
				   .run = run,
				   .done = done,
				   .tick = stop };
	(void)state;
	assert_int_equal(crew_run(&crew, &err), STATUS_BUSY);
}

/* What a worker must not be able to do, one after the other. */
static void try_everything(void *context, size_t task, struct buffer *out)
{
	(void)context;
	(void)task;
	const int attempts[] = {
		open("/tmp/sysgap-test-escape", O_WRONLY | O_CREAT | O_CLOEXEC, 0600),
		open("/etc/passwd", O_RDONLY | O_CLOEXEC), /* readable are only the program's own */
		unlink("/tmp/sysgap-test-nothing") == 0 || errno == ENOENT ? 0 : -1,
		socket(AF_INET, SOCK_STREAM, 0),
		fork(),
		kill(getppid(), 0),
		execl("/bin/true", "true", NULL),
	};
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		buffer_append_string(out, attempts[i] < 0 ? "-" : "+");
	int descriptor = open("/usr/bin/env", O_RDONLY | O_CLOEXEC);
	buffer_append_string(out, descriptor < 0 ? "-" : "+");
}

static void workers_have_no_other_rights(void **state)
{
	static const char *const readable[] = { "/usr" };
	struct seen seen = { 0 };
	struct error err;
	const struct crew crew = { .worker_count = 1,
				   .task_count = 1,
				   .task_seconds = 60,
				   .readable = readable,
				   .readable_count = 1,
				   .context = &seen,
				   .run = try_everything,
				   .done = done };
	(void)state;
#ifdef __SANITIZE_ADDRESS__ /* workers are not confined then, see survey/confine.c */
	skip();
#endif
	assert_int_equal(crew_run(&crew, &err), STATUS_OK);
	assert_string_equal(seen.failures[0], "");
	/* where the kernel has no Landlock, only reading is not kept from it */
	if (strcmp(seen.results[0], "-+-----+") == 0 || strcmp(seen.results[0], "++-----+") == 0)
		skip();
	assert_string_equal(seen.results[0], "-------+");
}

RUN_TESTS(cmocka_unit_test(a_dying_worker_costs_its_task_only),
	  cmocka_unit_test(a_lot_is_one_workers_and_survives_it),
	  cmocka_unit_test(stops_when_asked_to), cmocka_unit_test(workers_have_no_other_rights))
