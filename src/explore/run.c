/* One command, observed in place: no sandbox. */
#include "explore/run.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Waits for the command, and for the rest of its tree when asked to. */
static void wait_for(pid_t command, struct tracer *tracer, bool for_all,
		     struct run_result *out_result)
{
	bool ended = false;
	for (;;) {
		int status;
		pid_t process = waitpid(-1, &status, __WALL | (ended && !for_all ? WNOHANG : 0));
		if (process == -1 && errno == EINTR)
			continue;
		if (process <= 0) {
			out_result->left_running = process == 0;
			return;
		}
		if (tracer != NULL)
			(void)tracer_handle(tracer, process, status);
		if (process == command && (WIFEXITED(status) || WIFSIGNALED(status))) {
			out_result->wait_status = status;
			ended = true;
		}
	}
}

static enum status run_by_ebpf(const struct run_request *request, struct observer *observer,
			       struct arena *arena, struct run_result *out_result,
			       struct error *err)
{
	struct launch launch = launch_of(request);
	launch.observer = observer;
	launch.observer_flags = OBSERVER_BY_PROGRAM | OBSERVER_WITH_DETAIL;
	pid_t command = fork();
	if (command == -1)
		return failed("fork", err);
	if (command == 0)
		launch_run(&launch);
	wait_for(command, NULL, request->wait_for_all, out_result);
	out_result->means = RUN_EBPF;
	out_result->observation = observer_read(observer, arena);
	return STATUS_OK;
}

static enum status run_by_ptrace(const struct run_request *request, struct arena *arena,
				 struct run_result *out_result, struct error *err)
{
	struct filter filter;
	enum status status = filter_build(NULL, 0, FILTER_WATCH, arena, &filter, err);
	if (status != STATUS_OK)
		return status;
	int gate[2];
	if (pipe(gate) != 0)
		return failed("pipe", err);
	tracer_pin();
	struct launch launch = launch_of(request);
	launch.filter = &filter;
	launch.gate = gate[0];
	pid_t command = fork();
	if (command == 0) {
		(void)close(gate[1]);
		launch_run(&launch);
	}
	struct tracer *tracer = tracer_create(NULL, 0);
	bool seized = command != -1 && tracer_seize(tracer, command) == 0;
	int code = errno;
	if (seized)
		(void)!write(gate[1], "", 1);
	(void)close(gate[0]);
	(void)close(gate[1]); /* an unseized child reads the end and gives up */
	if (command != -1)
		wait_for(command, tracer, seized, out_result);
	/* a child that could not even be started has said so, and ended before it was seized */
	bool said = WIFEXITED(out_result->wait_status) &&
		    WEXITSTATUS(out_result->wait_status) == LAUNCH_FAILED;
	errno = code;
	if (!seized && !said)
		status = failed("ptrace", err);
	out_result->means = RUN_PTRACE;
	out_result->observation = tracer_read(tracer, arena);
	tracer_destroy(tracer);
	return status;
}

static enum status run_by_best(const struct run_request *request, struct arena *arena,
			       struct run_result *out_result, struct error *err)
{
	if (request->means == RUN_PTRACE)
		return run_by_ptrace(request, arena, out_result, err);
	struct observer *observer = NULL;
	enum status status = observer_open(&observer, err);
	if (status == STATUS_OK)
		status = run_by_ebpf(request, observer, arena, out_result, err);
	else if (request->means == RUN_BEST) {
		out_result->fallback = *err;
		status = run_by_ptrace(request, arena, out_result, err);
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
