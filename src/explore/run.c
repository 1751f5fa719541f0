/* One command, observed in place: no sandbox. */
#include "explore/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "explore/descendants.h"
#include "explore/launch.h"
#include "explore/observer.h"
#include "explore/tracer.h"

static enum status failed(const char *what, struct error *err)
{
	return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s: %s", what, strerror(errno));
}

static struct launch launch_of(const struct run_request *request)
{
	return (struct launch){ .words = request->words,
				.environment = request->environment,
				.descriptors = { -1, request->output, -1 },
				.gate = -1 };
}

/* ---- waiting ---- */

enum {
	ALARM_INTERVAL_MICROSECONDS = 50 * 1000, /* between kills, once the limit is reached */
	KILL_LIMIT_SECONDS = 30,                 /* until all that was killed must have ended */
};

static void note_alarm(int signal)
{
	(void)signal; /* waitpid ends with EINTR, and its caller looks at the clock */
}

/* What a run waits for, and until when. */
struct vigil {
	pid_t command;
	struct tracer *tracer; /* NULL: not traced */
	bool for_all;
	uint64_t limit_ns; /* UINT64_MAX: none */
	pid_t *before;     /* children the caller had before; not ours to wait for or to kill */
	size_t before_count;
};

/* Alarms begin at the limit and go on: one that comes just before waitpid is not lost. */
static void set_alarm(double seconds)
{
	struct itimerval timer = { 0 };
	timer.it_value.tv_sec = (time_t)seconds;
	timer.it_value.tv_usec = (suseconds_t)((seconds - (double)timer.it_value.tv_sec) * 1e6);
	if (seconds > 0)
		timer.it_interval.tv_usec = ALARM_INTERVAL_MICROSECONDS;
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

/* At an alarm: ends what still runs. False when it does not end. */
static bool end_in_time(const struct vigil *vigil, struct run_result *out_result, struct error *err)
{
	uint64_t now = clock_now_ns();
	if (now < vigil->limit_ns)
		return true;
	out_result->timed_out = true;
	(void)descendants_kill(vigil->before, vigil->before_count);
	if (now < vigil->limit_ns + KILL_LIMIT_SECONDS * CLOCK_NS_PER_SECOND)
		return true;
	(void)error_set(err, STATUS_IO, ERROR_NO_OFF,
			"a process of the command does not end though it was killed %d s ago",
			KILL_LIMIT_SECONDS);
	return false;
}

/* Takes one status. False when there is nothing more to wait for. */
static bool take_status(const struct vigil *vigil, pid_t process, int status,
			struct run_result *out_result, bool *ended)
{
	if (vigil->tracer != NULL)
		(void)tracer_handle(vigil->tracer, process, status);
	if (process == vigil->command && (WIFEXITED(status) || WIFSIGNALED(status))) {
		out_result->wait_status = status;
		*ended = true;
	}
	/* a tracer's own children may be others' */
	return !*ended || vigil->tracer == NULL || tracer_alive(vigil->tracer) > 0;
}

/* Waits for the command, and for the rest of its tree when asked to. */
static enum status keep_vigil(const struct vigil *vigil, struct run_result *out_result,
			      struct error *err)
{
	bool ended = false;
	for (;;) {
		int status;
		bool wait_more = !ended || vigil->for_all || out_result->timed_out;
		pid_t process = waitpid(-1, &status, __WALL | (wait_more ? 0 : WNOHANG));
		if (process == -1 && errno == EINTR) {
			if (!end_in_time(vigil, out_result, err))
				return STATUS_IO;
		} else if (process <= 0) {
			out_result->left_running = process == 0;
			return STATUS_OK;
		} else if (!take_status(vigil, process, status, out_result, &ended)) {
			return STATUS_OK;
		}
	}
}

static enum status wait_for(struct vigil *vigil, double limit_seconds,
			    struct run_result *out_result, struct error *err)
{
	struct sigaction notice = { .sa_handler = note_alarm };
	struct sigaction before;
	if (limit_seconds > 0)
		vigil->limit_ns =
		    clock_now_ns() + (uint64_t)(limit_seconds * (double)CLOCK_NS_PER_SECOND);
	(void)sigaction(SIGALRM, &notice, &before);
	set_alarm(limit_seconds);
	enum status status = keep_vigil(vigil, out_result, err);
	set_alarm(0);
	(void)sigaction(SIGALRM, &before, NULL);
	return status;
}

/* ---- the two means ---- */

static enum status run_by_ebpf(const struct run_request *request, struct observer *observer,
			       struct vigil *vigil, struct arena *arena,
			       struct run_result *out_result, struct error *err)
{
	struct launch launch = launch_of(request);
	launch.observer = observer;
	launch.observer_flags = OBSERVER_BY_PROGRAM | OBSERVER_WITH_DETAIL;
	vigil->for_all = request->wait_for_all;
	vigil->command = fork();
	if (vigil->command == -1)
		return failed("fork", err);
	if (vigil->command == 0)
		launch_run(&launch);
	enum status status = wait_for(vigil, request->limit_seconds, out_result, err);
	if (status != STATUS_OK)
		return status;
	out_result->means = RUN_EBPF;
	out_result->observation = observer_read(observer, arena);
	return STATUS_OK;
}

/* The child waits at the gate until it is traced; an untraced one reads its end and gives up. */
static bool start_traced(struct launch *launch, struct vigil *vigil, int *gate)
{
	launch->gate = gate[0];
	vigil->command = fork();
	if (vigil->command == 0) {
		(void)close(gate[1]);
		launch_run(launch);
	}
	bool seized = vigil->command != -1 && tracer_seize(vigil->tracer, vigil->command) == 0;
	int code = errno;
	if (seized)
		(void)!write(gate[1], "", 1);
	(void)close(gate[0]);
	(void)close(gate[1]);
	errno = code;
	return seized;
}

static enum status run_by_ptrace(const struct run_request *request, struct vigil *vigil,
				 struct arena *arena, struct run_result *out_result,
				 struct error *err)
{
	struct filter filter;
	enum status status = filter_build(NULL, 0, FILTER_WATCH, arena, &filter, err);
	if (status != STATUS_OK)
		return status;
	int gate[2];
	if (pipe2(gate, O_CLOEXEC) != 0)
		return failed("pipe", err);
	tracer_pin();
	struct launch launch = launch_of(request);
	launch.filter = &filter;
	vigil->tracer = tracer_create(NULL, 0);
	vigil->for_all = start_traced(&launch, vigil, gate);
	int code = errno;
	if (vigil->command != -1)
		status = wait_for(vigil, request->limit_seconds, out_result, err);
	/* a child that could not even be started has said so, and ended before it was seized */
	bool said = WIFEXITED(out_result->wait_status) &&
		    WEXITSTATUS(out_result->wait_status) == LAUNCH_FAILED;
	errno = code;
	if (status == STATUS_OK && !vigil->for_all && !said)
		status = failed("ptrace", err);
	out_result->means = RUN_PTRACE;
	out_result->observation = tracer_read(vigil->tracer, arena);
	tracer_destroy(vigil->tracer);
	return status;
}

static enum status run_by_best(const struct run_request *request, struct arena *arena,
			       struct run_result *out_result, struct error *err)
{
	struct vigil vigil = { .limit_ns = UINT64_MAX };
	vigil.before = arena_alloc(arena, DESCENDANTS_MAX_CHILDREN, sizeof(*vigil.before));
	vigil.before_count = descendants_children(vigil.before, DESCENDANTS_MAX_CHILDREN);
	if (request->means == RUN_PTRACE)
		return run_by_ptrace(request, &vigil, arena, out_result, err);
	struct observer *observer = NULL;
	enum status status = observer_open(&observer, err);
	if (status == STATUS_OK)
		status = run_by_ebpf(request, observer, &vigil, arena, out_result, err);
	else if (request->means == RUN_BEST) {
		out_result->fallback = *err;
		status = run_by_ptrace(request, &vigil, arena, out_result, err);
	}
	observer_close(observer);
	return status;
}

enum status run_observed(const struct run_request *request, struct arena *arena,
			 struct run_result *out_result, struct error *err)
{
	/* What the command leaves behind becomes our child; the keyboard's signals are for it. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction before_interrupt;
	struct sigaction before_quit;
	(void)sigaction(SIGINT, &ignore, &before_interrupt);
	(void)sigaction(SIGQUIT, &ignore, &before_quit);
	struct run_result result = { 0 };
	enum status status = run_by_best(request, arena, &result, err);
	(void)sigaction(SIGINT, &before_interrupt, NULL);
	(void)sigaction(SIGQUIT, &before_quit, NULL);
	if (status == STATUS_OK)
		*out_result = result;
	return status;
}
