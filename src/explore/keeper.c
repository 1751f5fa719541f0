/*
 * The life of one trial, seen from its process 1.
 *
 *   prepare (script) -> start the command -> ready? -> test (script) -> check (script) -> decide
 *
 * All waiting is in pump(): output of the command and the scripts, ended children, and stops of
 * tracees. Nothing sleeps for a fixed time; readiness is looked for in /proc/net/tcp, so that no
 * connection of ours reaches the server.
 */
#include "explore/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "explore/launch.h"
#include "explore/processes.h"
#include "explore/report.h"

enum {
	KEEPER_MAX_OUTPUT_BYTES = 1 << 20, /* kept of each stream; the rest is only hashed */
	DRAIN_BYTES = 1 << 20,             /* the most that a pipe can hold: pipe(7) */
	REAP_COUNT = 64,                   /* statuses between two looks at the clock */
	READY_FIRST_WAIT_NS = 500 * 1000,
	READY_LONGEST_WAIT_NS = 20 * 1000 * 1000,
	PREPARE_LIMIT_SECONDS = 300,
};

struct capture {
	int fd; /* -1: closed */
	struct buffer kept;
	uint64_t hash;
};

struct child {
	pid_t id;
	bool ended;
	int status;
	struct rusage usage;
};

enum { CAPTURE_COMMAND, CAPTURE_COMMAND_ERROR, CAPTURE_SCRIPT, CAPTURE_COUNT };

struct keeper {
	const struct keeper_order *order;
	const struct definition *definition;
	struct arena arena;
	struct trial_outcome outcome;
	struct child command;
	struct child script;
	struct capture captures[CAPTURE_COUNT];
	int signals; /* a signalfd for SIGCHLD */
	struct tracer *tracer;
	uint64_t start_ns; /* of the command; the limit counts from here */
	uint64_t limit_ns; /* 0: before the command */
	uint64_t deadline_ns;
	const char *const *environment;
};

/* ---- the decision ---- */

static bool decide(struct keeper *keeper, enum trial_end end, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The last line that was printed, which often says why. */
static struct slice last_line(const struct keeper *keeper)
{
	static const int order[] = { CAPTURE_SCRIPT, CAPTURE_COMMAND_ERROR, CAPTURE_COMMAND };
	for (size_t i = 0; i < CAPTURE_COUNT; i++) {
		struct slice rest = slice_trim(buffer_slice(&keeper->captures[order[i]].kept));
		struct slice line = { 0 };
		while (slice_next_line(&rest, &line))
			continue;
		if (line.size_bytes > 0)
			return line;
	}
	return (struct slice){ 0 };
}

/* Returns whether the trial may go on, which is never. */
static bool decide(struct keeper *keeper, enum trial_end end, const char *format, ...)
{
	char why[TRIAL_TEXT_BYTES / 2];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	struct slice line = last_line(keeper);
	keeper->outcome.end = end;
	(void)snprintf(keeper->outcome.text, sizeof(keeper->outcome.text), "%s%s%.*s", why,
		       line.size_bytes > 0 ? ": " : "",
		       (int)(line.size_bytes > 150 ? 150 : line.size_bytes),
		       line.bytes == NULL ? "" : (const char *)line.bytes);
	return false;
}

/* ---- waiting ---- */

/* Takes what has come, but no more than a pipe holds: who prints for ever is not to keep us. */
static void drain(struct capture *capture)
{
	char bytes[16384];
	ssize_t got = -1;
	for (size_t taken = 0; taken < DRAIN_BYTES; taken += (size_t)got) {
		got = read(capture->fd, bytes, sizeof(bytes));
		if (got <= 0)
			break;
		for (ssize_t i = 0; i < got; i++)
			capture->hash =
			    (capture->hash ^ (uint8_t)bytes[i]) * UINT64_C(0x100000001b3);
		size_t room = KEEPER_MAX_OUTPUT_BYTES - capture->kept.size_bytes;
		buffer_append(&capture->kept, bytes, (size_t)got < room ? (size_t)got : room);
	}
	if (got == 0) {
		(void)close(capture->fd);
		capture->fd = -1;
	}
}

static bool take_end(struct child *child, pid_t id, int status, const struct rusage *usage)
{
	if (child->id != id || child->ended)
		return false;
	child->ended = true;
	child->status = status;
	child->usage = *usage;
	return true;
}

/* Takes all that there is, so that no signal is missed; tracees may stop for ever. */
static void reap(struct keeper *keeper)
{
	int status;
	pid_t id;
	struct rusage usage;
	for (size_t count = 1; (id = wait4(-1, &status, WNOHANG | __WALL, &usage)) > 0; count++) {
		if (keeper->tracer != NULL)
			(void)tracer_handle(keeper->tracer, id, status);
		if (WIFSTOPPED(status))
			continue;
		if (!take_end(&keeper->command, id, status, &usage))
			(void)take_end(&keeper->script, id, status, &usage);
		if (count % REAP_COUNT == 0 && clock_now_ns() >= keeper->deadline_ns)
			return;
	}
}

/* Waits until something happens, or until the time given. */
static void pump(struct keeper *keeper, uint64_t until_ns)
{
	struct pollfd polls[CAPTURE_COUNT + 1] = { { .fd = keeper->signals, .events = POLLIN } };
	for (int i = 0; i < CAPTURE_COUNT; i++)
		polls[i + 1] = (struct pollfd){ .fd = keeper->captures[i].fd, .events = POLLIN };
	uint64_t now = clock_now_ns();
	uint64_t wait = until_ns > now ? until_ns - now : 0;
	struct timespec timeout = { (time_t)(wait / CLOCK_NS_PER_SECOND),
				    (long)(wait % CLOCK_NS_PER_SECOND) };
	if (ppoll(polls, CAPTURE_COUNT + 1, &timeout, NULL) < 0)
		return;
	for (int i = 0; i < CAPTURE_COUNT; i++)
		if (polls[i + 1].revents != 0)
			drain(&keeper->captures[i]);
	if (polls[0].revents != 0) {
		struct signalfd_siginfo info;
		(void)!read(keeper->signals, &info, sizeof(info));
		reap(keeper);
	}
}

/*
 * A limit that was derived from quick runs is for a machine as busy as it was then. The longest
 * that any living thread has since waited for a CPU is added, up to as much again and never past
 * the limit of the workload file. One that hangs does not wait; one that spins does.
 */
static bool extend_deadline(struct keeper *keeper)
{
	uint64_t waited = processes_longest_wait_ns();
	uint64_t most = (uint64_t)(keeper->definition->limit_seconds * (double)CLOCK_NS_PER_SECOND);
	uint64_t limit = keeper->limit_ns + (waited < keeper->limit_ns ? waited : keeper->limit_ns);
	keeper->deadline_ns = keeper->start_ns + (limit < most ? limit : most);
	return clock_now_ns() < keeper->deadline_ns;
}

static bool timed_out(struct keeper *keeper)
{
	if (clock_now_ns() < keeper->deadline_ns)
		return false;
	if (keeper->limit_ns > 0 && extend_deadline(keeper))
		return false;
	(void)decide(keeper, TRIAL_TIMED_OUT, "no end in time");
	return true;
}

/* True when the child has ended and all its output was read. */
static bool wait_for(struct keeper *keeper, const struct child *child, struct capture *output)
{
	while (!child->ended) {
		if (timed_out(keeper))
			return false;
		pump(keeper, keeper->deadline_ns);
	}
	if (output->fd != -1)
		drain(output); /* what descendants still print later is not waited for */
	return true;
}

/* ---- starting ---- */

static int capture_open(struct capture *capture)
{
	int ends[2];
	if (capture->fd != -1)
		(void)close(capture->fd);
	buffer_clear(&capture->kept);
	capture->hash = UINT64_C(0xcbf29ce484222325);
	capture->fd = -1;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	capture->fd = ends[0];
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return ends[1];
}

static int open_input(const char *text)
{
	if (text == NULL)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("input", MFD_CLOEXEC);
	size_t size_bytes = strlen(text);
	if (fd == -1 || write(fd, text, size_bytes) != (ssize_t)size_bytes)
		return -1;
	(void)lseek(fd, 0, SEEK_SET);
	return fd;
}

static struct launch launch_for(const struct keeper *keeper, const char *const *words)
{
	const struct keeper_order *order = keeper->order;
	return (struct launch){ .words = words,
				.environment = keeper->environment,
				.directory = keeper->definition->directory == NULL
						 ? "/"
						 : keeper->definition->directory,
				.change_user = order->change_user,
				.user = order->user,
				.group = order->group,
				.gate = -1 };
}

static void close_all(const int *descriptors)
{
	for (int i = 0; i < 3; i++)
		if (descriptors[i] != -1 && (i == 0 || descriptors[i] != descriptors[i - 1]))
			(void)close(descriptors[i]);
}

/* When memory runs out the kernel is to end the workload, not us or anybody else: proc(5). */
static void offer_to_oom_killer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return;
	(void)!write(fd, "1000", 4);
	(void)close(fd);
}

static bool fork_into(struct child *child, const struct launch *launch)
{
	*child = (struct child){ .id = fork() };
	if (child->id == 0) {
		offer_to_oom_killer();
		launch_run(launch);
	}
	return child->id > 0;
}

static bool start_command(struct keeper *keeper)
{
	const struct keeper_order *order = keeper->order;
	struct launch launch = launch_for(keeper, keeper->definition->command);
	launch.descriptors[0] = open_input(keeper->definition->input);
	launch.descriptors[1] = capture_open(&keeper->captures[CAPTURE_COMMAND]);
	launch.descriptors[2] = capture_open(&keeper->captures[CAPTURE_COMMAND_ERROR]);
	launch.filter = order->filter;
	launch.observer = order->observer;
	launch.tally = order->tally;
	launch.observer_flags = order->trial->detail ? OBSERVER_WITH_DETAIL : 0;
	int gate[2] = { -1, -1 };
	if (keeper->tracer != NULL && pipe2(gate, O_CLOEXEC) != 0)
		return decide(keeper, TRIAL_BROKEN, "pipe: %s", strerror(errno));
	launch.gate = gate[0];
	bool started = fork_into(&keeper->command, &launch);
	close_all(launch.descriptors);
	if (keeper->tracer != NULL) {
		started = started && tracer_seize(keeper->tracer, keeper->command.id) == 0 &&
			  write(gate[1], "", 1) == 1;
		(void)close(gate[0]);
		(void)close(gate[1]);
	}
	return started || decide(keeper, TRIAL_BROKEN, "no process: %s", strerror(errno));
}

/* Runs a script to its end; false when it could not, or the time is over. */
static bool run_script(struct keeper *keeper, const char *script)
{
	const char *words[] = { "/bin/sh", "-c", script, NULL };
	struct launch launch = launch_for(keeper, words);
	launch.descriptors[0] = open_input(NULL);
	launch.descriptors[1] = capture_open(&keeper->captures[CAPTURE_SCRIPT]);
	launch.descriptors[2] = launch.descriptors[1];
	bool started = fork_into(&keeper->script, &launch);
	close_all(launch.descriptors);
	if (!started)
		return decide(keeper, TRIAL_BROKEN, "no process: %s", strerror(errno));
	return wait_for(keeper, &keeper->script, &keeper->captures[CAPTURE_SCRIPT]);
}

/* ---- readiness ---- */

static bool matches(const char *pattern, const char *text)
{
	regex_t regex;
	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB) != 0)
		return false;
	bool found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

static bool is_ready(const struct keeper *keeper)
{
	const struct definition *definition = keeper->definition;
	uint16_t port = definition->ready.port;
	const char *line = definition->ready.line;
	if (port != 0 && !processes_listen_at(port))
		return false;
	if (definition->ready.file != NULL && access(definition->ready.file, F_OK) != 0)
		return false;
	return line == NULL ||
	       matches(line, buffer_string(&keeper->captures[CAPTURE_COMMAND].kept)) ||
	       matches(line, buffer_string(&keeper->captures[CAPTURE_COMMAND_ERROR].kept));
}

/* A command that ends with success before it is ready has gone into the background. */
static bool command_failed(const struct keeper *keeper)
{
	return keeper->command.ended &&
	       (!WIFEXITED(keeper->command.status) || WEXITSTATUS(keeper->command.status) != 0);
}

static const char *describe_status(struct keeper *keeper, int status)
{
	if (WIFSIGNALED(status))
		return arena_printf(&keeper->arena, "signal %d", WTERMSIG(status));
	return arena_printf(&keeper->arena, "exit status %d", WEXITSTATUS(status));
}

static bool wait_ready(struct keeper *keeper)
{
	uint64_t step = READY_FIRST_WAIT_NS;
	while (!is_ready(keeper)) {
		if (timed_out(keeper))
			return false;
		if (command_failed(keeper))
			return decide(keeper, TRIAL_NOT_READY, "not ready, %s",
				      describe_status(keeper, keeper->command.status));
		/* looking costs more than a tracee's stop: not at each */
		uint64_t next = clock_now_ns() + step;
		while (clock_now_ns() < next && !command_failed(keeper))
			pump(keeper, next);
		step = step * 5 / 4 < READY_LONGEST_WAIT_NS ? step * 5 / 4 : READY_LONGEST_WAIT_NS;
	}
	return true;
}

/* ---- the end ---- */

static void read_metric(struct keeper *keeper, const char *output)
{
	regex_t regex;
	regmatch_t found[2];
	const char *pattern = keeper->definition->metric.pattern;
	keeper->outcome.metric = NAN;
	if (pattern == NULL || regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE) != 0)
		return;
	if (regexec(&regex, output, 2, found, 0) == 0 && found[1].rm_so != -1)
		keeper->outcome.metric = strtod(output + found[1].rm_so, NULL);
	regfree(&regex);
}

static bool check_result(struct keeper *keeper, const struct child *judge,
			 const struct capture *output)
{
	const struct definition *definition = keeper->definition;
	if (!WIFEXITED(judge->status) || WEXITSTATUS(judge->status) != definition->success.exit)
		return decide(keeper, TRIAL_TEST_FAILED, "%s",
			      describe_status(keeper, judge->status));
	const char *text = buffer_string(&output->kept);
	if (definition->success.output != NULL && !matches(definition->success.output, text))
		return decide(keeper, TRIAL_OUTPUT_DIFFERS, "the output does not match");
	keeper->outcome.output_hash = output->hash;
	read_metric(keeper, text);
	return true;
}

static bool check_alive(struct keeper *keeper)
{
	reap(keeper);
	if (command_failed(keeper))
		return decide(keeper, TRIAL_DIED, "the server ended, %s",
			      describe_status(keeper, keeper->command.status));
	if (!is_ready(keeper))
		return decide(keeper, TRIAL_DIED, "the server is no longer ready");
	return true;
}

static bool run_check(struct keeper *keeper)
{
	if (keeper->definition->check == NULL)
		return true;
	if (!run_script(keeper, keeper->definition->check))
		return false;
	if (WIFEXITED(keeper->script.status) && WEXITSTATUS(keeper->script.status) == 0)
		return true;
	return decide(keeper, TRIAL_CHECK_FAILED, "check: %s",
		      describe_status(keeper, keeper->script.status));
}

static bool run_server(struct keeper *keeper)
{
	if (!wait_ready(keeper))
		return false;
	uint64_t start_ns = clock_now_ns();
	if (!run_script(keeper, keeper->definition->test))
		return false;
	keeper->outcome.test_ns = clock_now_ns() - start_ns;
	if (!check_result(keeper, &keeper->script, &keeper->captures[CAPTURE_SCRIPT]) ||
	    !check_alive(keeper) || !run_check(keeper))
		return false;
	/* the test has ended, so what lives is the server */
	processes_measure(&keeper->outcome.peak_bytes, &keeper->outcome.descriptor_count);
	return true;
}

static bool run_program(struct keeper *keeper)
{
	uint64_t start_ns = clock_now_ns();
	if (!wait_for(keeper, &keeper->command, &keeper->captures[CAPTURE_COMMAND]))
		return false;
	keeper->outcome.test_ns = clock_now_ns() - start_ns;
	keeper->outcome.peak_bytes = (uint64_t)keeper->command.usage.ru_maxrss * 1024;
	return check_result(keeper, &keeper->command, &keeper->captures[CAPTURE_COMMAND]) &&
	       run_check(keeper);
}

static bool run_prepare(struct keeper *keeper)
{
	if (keeper->definition->prepare == NULL)
		return true;
	if (!run_script(keeper, keeper->definition->prepare))
		return false;
	if (WIFEXITED(keeper->script.status) && WEXITSTATUS(keeper->script.status) == 0)
		return true;
	return decide(keeper, TRIAL_BROKEN, "prepare: %s",
		      describe_status(keeper, keeper->script.status));
}

static void run_workload(struct keeper *keeper)
{
	if (!run_prepare(keeper))
		return;
	keeper->start_ns = clock_now_ns();
	keeper->limit_ns =
	    (uint64_t)(keeper->order->trial->limit_seconds * (double)CLOCK_NS_PER_SECOND);
	keeper->deadline_ns = keeper->start_ns + keeper->limit_ns;
	if (start_command(keeper) &&
	    (keeper->definition->test != NULL ? run_server(keeper) : run_program(keeper)))
		keeper->outcome.end = TRIAL_PASSED;
	keeper->outcome.wall_ns = clock_now_ns() - keeper->start_ns;
}

/* ---- process 1 ---- */

static const char *const *make_environment(struct keeper *keeper)
{
	const char *const *added = keeper->definition->environment;
	size_t count = 0;
	while (added[count] != NULL)
		count++;
	static const char *const fixed[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/tmp",
		"LC_ALL=C.UTF-8", "TERM=dumb"
	};
	size_t fixed_count = sizeof(fixed) / sizeof(fixed[0]);
	const char **environment =
	    arena_alloc(&keeper->arena, count + fixed_count + 1, sizeof(*environment));
	memcpy(environment, fixed, sizeof(fixed));
	memcpy(environment + fixed_count, added, count * sizeof(*environment));
	return environment;
}

static bool set_up(struct keeper *keeper)
{
	struct sandbox_problem problem;
	sigset_t mask;
	const struct rlimit none = { 0, 0 };
	(void)setrlimit(RLIMIT_CORE, &none); /* core_pattern may name a program outside */
	(void)setsid();
	(void)syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
	if (!sandbox_furnish(&keeper->order->sandbox, &problem))
		return decide(keeper, TRIAL_BROKEN, "%s", problem.text);
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	keeper->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (keeper->signals == -1)
		return decide(keeper, TRIAL_BROKEN, "signalfd: %s", strerror(errno));
	if (keeper->order->traced) {
		tracer_pin();
		keeper->tracer = tracer_create(keeper->order->trial->path_rules,
					       keeper->order->trial->path_rule_count);
	}
	keeper->environment = make_environment(keeper);
	return true;
}

int keeper_main(void *context)
{
	const struct keeper_order *order = context;
	struct keeper keeper = { .order = order, .definition = order->trial->definition };
	for (int i = 0; i < CAPTURE_COUNT; i++)
		keeper.captures[i].fd = -1;
	keeper.outcome.metric = NAN;
	keeper.deadline_ns = clock_now_ns() + PREPARE_LIMIT_SECONDS * CLOCK_NS_PER_SECOND;
	if (set_up(&keeper))
		run_workload(&keeper);
	report_write(keeper.order->report, &keeper.outcome, keeper.tracer);
	return 0;
}
