/*
 * Trials, several at a time: each is a sandbox whose process 1 (keeper.h) writes a report into a
 * pipe. The pipe's end says that the sandbox is going; its process is reaped before the counters
 * are read, so they are complete.
 */
#include "explore/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/names.h"
#include "explore/keeper.h"
#include "explore/report.h"

enum {
	TRIAL_MAX_JOBS = 256,
	/* beyond the workload's own limit: preparation and the check; then the keeper is stuck */
	TRIAL_GRACE_SECONDS = 330,
	TRIAL_STUCK_SECONDS = 60, /* after SIGKILL: then the kernel cannot end it */
	TRIAL_MAX_REPORT_BYTES = 64 << 20,
};

static const char *const end_names[TRIAL_END_COUNT] = {
	[TRIAL_PASSED] = "passed",
	[TRIAL_NOT_READY] = "not-ready",
	[TRIAL_TEST_FAILED] = "test-failed",
	[TRIAL_OUTPUT_DIFFERS] = "output-differs",
	[TRIAL_CHECK_FAILED] = "check-failed",
	[TRIAL_DIED] = "died",
	[TRIAL_CRASHED] = "crashed",
	[TRIAL_TIMED_OUT] = "timed-out",
	[TRIAL_BROKEN] = "broken",
};

const char *trial_end_name(enum trial_end end)
{
	return end_names[end];
}

int trial_end_from_name(const char *name)
{
	return names_find(end_names, TRIAL_END_COUNT, name);
}

struct slot {
	size_t index; /* of the trial */
	int process;  /* a pidfd; -1: the slot is free */
	int report;   /* -1: has ended */
	bool ended;   /* the process, too */
	struct buffer text;
	uint64_t start_ns;
	uint64_t deadline_ns;
};

struct trial_runner {
	uint32_t jobs;
	struct observer *observer; /* NULL: the tracer observes */
	struct trial_means means;
	struct slot *slots; /* slot I counts in tally I */
};

enum status trial_runner_create(uint32_t jobs, struct trial_runner **out_runner, struct error *err)
{
	struct trial_runner *runner = calloc(1, sizeof(*runner));
	struct slot *slots = calloc(TRIAL_MAX_JOBS, sizeof(*slots));
	if (runner == NULL || slots == NULL) {
		free(runner);
		free(slots);
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "out of memory");
	}
	runner->slots = slots;
	(void)trial_runner_set_jobs(runner, jobs);
	for (size_t i = 0; i < TRIAL_MAX_JOBS; i++)
		slots[i].process = -1;
	runner->means.ebpf = observer_open(&runner->observer, &runner->means.why_not) == STATUS_OK;
	*out_runner = runner;
	return STATUS_OK;
}

void trial_runner_destroy(struct trial_runner *runner)
{
	if (runner == NULL)
		return;
	observer_close(runner->observer);
	for (size_t i = 0; i < TRIAL_MAX_JOBS; i++)
		buffer_finish(&runner->slots[i].text);
	free(runner->slots);
	free(runner);
}

uint32_t trial_runner_set_jobs(struct trial_runner *runner, uint32_t jobs)
{
	uint32_t before = runner->jobs;
	runner->jobs = jobs < 1 ? 1 : jobs > TRIAL_MAX_JOBS ? TRIAL_MAX_JOBS : jobs;
	return before;
}

struct trial_means trial_runner_means(const struct trial_runner *runner)
{
	return runner->means;
}

/* ---- start ---- */

static enum status find_user(struct keeper_order *order, struct error *err)
{
	const struct definition *definition = order->trial->definition;
	const char *name = definition->user;
	if (definition->needs_root && geteuid() != 0)
		return error_set(err, STATUS_DENIED, ERROR_NO_OFF,
				 "this workload must be explored as root");
	if (name == NULL || geteuid() != 0)
		return STATUS_OK;
	const struct passwd *user = getpwnam(name);
	if (user == NULL)
		return error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF, "no user '%.80s'", name);
	order->change_user = true;
	order->user = user->pw_uid;
	order->group = user->pw_gid;
	return STATUS_OK;
}

/* The filter and who observes. Paths are seen by the tracer only. */
static enum status plan_observing(const struct trial_runner *runner, struct keeper_order *order,
				  struct arena *arena, struct error *err)
{
	const struct trial *trial = order->trial;
	enum filter_mode mode = FILTER_ANSWER;
	order->traced = runner->observer == NULL || trial->path_rule_count > 0;
	if (!order->traced)
		order->observer = runner->observer;
	else
		mode = trial->detail || trial->path_rule_count > 0 ? FILTER_WATCH : FILTER_STOP;
	if (trial->rule_count == 0 && mode != FILTER_WATCH) {
		order->traced = false;
		return STATUS_OK;
	}
	struct filter *filter = arena_alloc(arena, 1, sizeof(*filter));
	order->filter = filter;
	return filter_build(trial->rules, trial->rule_count, mode, arena, filter, err);
}

static enum status start_in(struct slot *slot, struct keeper_order *order, struct error *err)
{
	int ends[2];
	struct sandbox_problem problem;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "pipe: %s", strerror(errno));
	order->report = ends[1];
	slot->start_ns = clock_now_ns();
	slot->deadline_ns =
	    slot->start_ns +
	    (uint64_t)((order->trial->definition->limit_seconds + TRIAL_GRACE_SECONDS) *
		       (double)CLOCK_NS_PER_SECOND);
	pid_t process =
	    sandbox_start(&order->sandbox, keeper_main, order, &slot->process, &problem);
	(void)close(ends[1]);
	if (process == -1) {
		(void)close(ends[0]);
		return error_set(err, STATUS_DENIED, ERROR_NO_OFF, "%s", problem.text);
	}
	slot->report = ends[0];
	slot->ended = false;
	buffer_clear(&slot->text);
	return STATUS_OK;
}

static enum status start(struct trial_runner *runner, struct slot *slot, const struct trial *trial,
			 struct error *err)
{
	struct arena arena = { 0 };
	struct keeper_order order = {
		.trial = trial,
		.sandbox = sandbox_spec_of_caller(trial->definition->disk_bytes),
		.tally = (uint32_t)(slot - runner->slots),
	};
	enum status status = find_user(&order, err);
	if (status == STATUS_OK)
		status = plan_observing(runner, &order, &arena, err);
	if (status == STATUS_OK && order.observer != NULL)
		observer_clear(runner->observer, order.tally, trial->detail);
	if (status == STATUS_OK)
		status = start_in(slot, &order, err);
	arena_finish(&arena); /* the sandbox has its own copy */
	return status;
}

/* ---- end ---- */

static void read_report(struct slot *slot)
{
	char bytes[65536];
	ssize_t got = read(slot->report, bytes, sizeof(bytes));
	if (got > 0 && slot->text.size_bytes < TRIAL_MAX_REPORT_BYTES) {
		buffer_append(&slot->text, bytes, (size_t)got);
	} else if (got == 0) {
		(void)close(slot->report);
		slot->report = -1;
	}
}

static void take_tally(struct trial_outcome *outcome, const struct observer_tally *tally)
{
	uint64_t last = 0;
	outcome->last_skipped = UINT32_MAX;
	for (uint32_t number = 0; number < OBSERVER_MAX_NUMBERS; number++) {
		uint64_t bit = UINT64_C(1) << (number % 64);
		if (tally->entered[number] > 0)
			outcome->entered[number / 64] |= bit;
		if (tally->skipped[number] > 0)
			outcome->skipped[number / 64] |= bit;
		if (tally->first_skip[number] > last) {
			last = tally->first_skip[number];
			outcome->last_skipped = number;
		}
	}
	for (int signal = 1; signal < OBSERVER_MAX_SIGNALS; signal++)
		if (report_is_crash(signal))
			outcome->crash_count += (uint32_t)tally->deaths[signal];
	outcome->knows_skipped = true;
}

/* What only a comparison with the run without rules can tell. */
static void compare(struct trial_outcome *outcome, const struct trial *trial)
{
	if (outcome->end != TRIAL_PASSED)
		return;
	if (outcome->crash_count > trial->crashes_allowed) {
		outcome->end = TRIAL_CRASHED;
		(void)snprintf(outcome->text, sizeof(outcome->text), "%u processes crashed",
			       outcome->crash_count);
	} else if (trial->output_hash != 0 && outcome->output_hash != trial->output_hash) {
		outcome->end = TRIAL_OUTPUT_DIFFERS;
		(void)snprintf(outcome->text, sizeof(outcome->text), "another output");
	}
}

/* Reaps the sandbox: the kernel has ended everything in it when its first process is reaped. */
static void finish(struct trial_runner *runner, struct slot *slot, const struct trial *trial,
		   struct trial_outcome *out_outcome)
{
	siginfo_t info;
	while (waitid(P_PIDFD, (id_t)slot->process, &info, WEXITED | __WALL) == -1 &&
	       errno == EINTR)
		continue;
	(void)close(slot->process);
	slot->process = -1;
	struct trial_outcome outcome = { .end = TRIAL_BROKEN, .metric = NAN };
	if (!report_read(&slot->text, &outcome))
		(void)snprintf(outcome.text, sizeof(outcome.text), "the sandbox ended");
	bool counted = runner->observer != NULL && trial->path_rule_count == 0;
	if (counted)
		take_tally(&outcome,
			   observer_tally(runner->observer, (uint32_t)(slot - runner->slots)));
	outcome.total_ns = clock_now_ns() - slot->start_ns;
	compare(&outcome, trial);
	*out_outcome = outcome;
}

/* ---- all ---- */

/* Waits until a report goes on, and kills what is past every limit. */
static void wait_for_reports(struct trial_runner *runner)
{
	struct pollfd polls[TRIAL_MAX_JOBS];
	uint64_t next = UINT64_MAX;
	for (uint32_t i = 0; i < runner->jobs; i++) {
		struct slot *slot = &runner->slots[i];
		bool busy = slot->process != -1;
		int fd = slot->report != -1 ? slot->report : slot->process;
		polls[i] = (struct pollfd){ .fd = busy ? fd : -1, .events = POLLIN };
		if (busy && slot->deadline_ns < next)
			next = slot->deadline_ns;
	}
	uint64_t now = clock_now_ns();
	uint64_t wait_ns = next > now ? next - now : 0;
	int wait = wait_ns / 1000000 > 60000 ? 60000 : (int)(wait_ns / 1000000) + 1;
	(void)poll(polls, runner->jobs, wait);
	for (uint32_t i = 0; i < runner->jobs; i++) {
		struct slot *slot = &runner->slots[i];
		if (slot->process == -1)
			continue;
		if (polls[i].revents != 0 && slot->report == -1)
			slot->ended = true;
		else if (polls[i].revents != 0)
			read_report(slot);
		else if (clock_now_ns() > slot->deadline_ns)
			(void)syscall(SYS_pidfd_send_signal, slot->process, SIGKILL, NULL, 0);
	}
}

static size_t finish_ended(struct trial_runner *runner, const struct trial *trials,
			   trial_done *done, void *context, struct trial_outcome *out_outcomes)
{
	size_t ended = 0;
	for (uint32_t i = 0; i < runner->jobs; i++) {
		struct slot *slot = &runner->slots[i];
		if (slot->process == -1 || !slot->ended)
			continue;
		finish(runner, slot, &trials[slot->index], &out_outcomes[slot->index]);
		ended++;
		if (done != NULL)
			done(context, slot->index, &out_outcomes[slot->index]);
	}
	return ended;
}

/* Gives up trials that do not end though they were killed, for instance on a dead file system. */
static enum status give_up_stuck(struct trial_runner *runner, size_t *running, struct error *err)
{
	enum status status = STATUS_OK;
	for (uint32_t i = 0; i < runner->jobs; i++) {
		struct slot *slot = &runner->slots[i];
		if (slot->process == -1 ||
		    clock_now_ns() < slot->deadline_ns + TRIAL_STUCK_SECONDS * CLOCK_NS_PER_SECOND)
			continue;
		status = error_set(err, STATUS_IO, ERROR_NO_OFF,
				   "a trial does not end though it was killed %d s ago",
				   TRIAL_STUCK_SECONDS);
		(void)close(slot->process);
		if (slot->report != -1)
			(void)close(slot->report);
		slot->process = slot->report = -1;
		(*running)--;
	}
	return status;
}

static struct slot *free_slot(struct trial_runner *runner)
{
	for (uint32_t i = 0; i < runner->jobs; i++)
		if (runner->slots[i].process == -1)
			return &runner->slots[i];
	return NULL;
}

enum status trial_run_all(struct trial_runner *runner, const struct trial *trials, size_t count,
			  trial_done *done, void *context, struct trial_outcome *out_outcomes,
			  struct error *err)
{
	size_t started = 0;
	size_t running = 0;
	enum status status = STATUS_OK;
	while (running > 0 || (started < count && status == STATUS_OK)) {
		struct slot *slot = free_slot(runner);
		if (slot != NULL && started < count && status == STATUS_OK) {
			slot->index = started;
			status = start(runner, slot, &trials[started], err);
			started++;
			running += status == STATUS_OK;
			continue;
		}
		wait_for_reports(runner);
		running -= finish_ended(runner, trials, done, context, out_outcomes);
		if (give_up_stuck(runner, &running, err) != STATUS_OK)
			status = STATUS_IO;
	}
	return status;
}

enum status trial_run_observed(struct trial_runner *runner, const struct trial *trial,
			       struct arena *arena, struct trial_outcome *out_outcome,
			       struct observation *out_observation, struct error *err)
{
	struct trial detailed = *trial;
	detailed.detail = true;
	enum status status = trial_run_all(runner, &detailed, 1, NULL, NULL, out_outcome, err);
	if (status != STATUS_OK)
		return status;
	*out_observation = (struct observation){ 0 };
	if (runner->observer != NULL && trial->path_rule_count == 0)
		*out_observation = observer_read_tally(runner->observer, 0, arena);
	else
		report_read_detail(&runner->slots[0].text, arena, out_observation);
	return STATUS_OK;
}
