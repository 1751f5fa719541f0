/*
 * Stops of tracees -> counters. A tracee is known from its parent's event or from its own first
 * stop, whichever comes first: the parent's never comes when the parent is killed before it. Every
 * stop is handled and ended at once, so none waits for another.
 *
 * PTRACE_SEIZE, so that a stop by job control stays one (PTRACE_LISTEN). A thread that calls
 * execve takes over the number of its process; the event's message is its old one.
 *
 * CLONE_UNTRACED is taken out of every birth. A child that nobody traces still has the filter, and
 * the kernel answers every call of it with ENOSYS: nothing it does would work, not even its end.
 * (The leak check of sanitized programs makes one.)
 *
 * Source: ptrace(2), seccomp(2), clone(2).
 */
#include "explore/tracer.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "explore/interest.h"
#include "explore/machine.h"
#include "explore/record.h"

enum {
	TRACER_OPTIONS = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			 PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL,
	I386_CLONE =
	    120, /* Linux v6.1 arch/x86/entry/syscalls/syscall_32.tbl; clone3 is 435, too */
};

struct tracee {
	pid_t id;
	uint32_t tally;
};

struct tracer {
	const struct path_rule *path_rules;
	size_t path_rule_count;
	struct tracee *tracees; /* any order */
	size_t tracee_count;
	size_t tracee_capacity;
	struct record *record;
};

struct tracer *tracer_create(const struct path_rule *path_rules, size_t path_rule_count)
{
	struct tracer *tracer = calloc(1, sizeof(*tracer));
	if (tracer == NULL)
		abort();
	tracer->path_rules = path_rules;
	tracer->path_rule_count = path_rule_count;
	tracer->record = record_create();
	return tracer;
}

void tracer_destroy(struct tracer *tracer)
{
	if (tracer == NULL)
		return;
	record_destroy(tracer->record);
	free(tracer->tracees);
	free(tracer);
}

size_t tracer_alive(const struct tracer *tracer)
{
	return tracer->tracee_count;
}

static struct tracee *find_tracee(struct tracer *tracer, pid_t id)
{
	for (size_t i = 0; i < tracer->tracee_count; i++)
		if (tracer->tracees[i].id == id)
			return &tracer->tracees[i];
	return NULL;
}

static struct tracee *add_tracee(struct tracer *tracer, pid_t id, uint32_t tally)
{
	if (tracer->tracee_count == tracer->tracee_capacity) {
		size_t capacity = tracer->tracee_capacity == 0 ? 64 : 2 * tracer->tracee_capacity;
		struct tracee *tracees = realloc(tracer->tracees, capacity * sizeof(*tracees));
		if (tracees == NULL)
			abort();
		tracer->tracees = tracees;
		tracer->tracee_capacity = capacity;
	}
	struct tracee *tracee = &tracer->tracees[tracer->tracee_count++];
	*tracee = (struct tracee){ .id = id, .tally = tally };
	return tracee;
}

static void remove_tracee(struct tracer *tracer, pid_t id)
{
	struct tracee *tracee = find_tracee(tracer, id);
	if (tracee != NULL)
		*tracee = tracer->tracees[--tracer->tracee_count];
}

int tracer_seize(struct tracer *tracer, pid_t child)
{
	if (ptrace(PTRACE_SEIZE, child, NULL, (void *)(uintptr_t)TRACER_OPTIONS) != 0)
		return -1;
	(void)add_tracee(tracer, child, 0);
	return 0;
}

/* ---- what a call asks for ---- */

/* A string of the tracee, page by page, since what follows it may not be mapped. */
static bool read_string(pid_t id, uint64_t address, char *out, size_t size_bytes)
{
	size_t page = (size_t)getpagesize();
	size_t done = 0;
	while (done < size_bytes) {
		size_t chunk = page - (size_t)((address + done) % page);
		if (chunk > size_bytes - done)
			chunk = size_bytes - done;
		struct iovec here = { out + done, chunk };
		struct iovec there = { (void *)(uintptr_t)(address + done), chunk }; // NOLINT
		ssize_t got = process_vm_readv(id, &here, 1, &there, 1, 0);
		if (got <= 0)
			return false;
		if (memchr(out + done, '\0', (size_t)got) != NULL)
			return true;
		done += (size_t)got;
	}
	out[size_bytes - 1] = '\0';
	return true;
}

static const struct path_rule *find_path_rule(const struct tracer *tracer, const char *path)
{
	for (size_t i = 0; i < tracer->path_rule_count; i++)
		if (strcmp(tracer->path_rules[i].path, path) == 0)
			return &tracer->path_rules[i];
	return NULL;
}

/* Points the call at /dev/null, written below the stack where nothing may live. */
static void open_nothing(pid_t id, struct machine_call *call, unsigned argument)
{
	static char nothing[] = "/dev/null";
	uint64_t address = call->stack - MACHINE_SCRATCH_OFF;
	struct iovec here = { nothing, sizeof(nothing) };
	struct iovec there = { (void *)(uintptr_t)address, sizeof(nothing) }; // NOLINT
	if (process_vm_writev(id, &here, 1, &there, 1, 0) == (ssize_t)sizeof(nothing))
		machine_set_argument(call, argument, address);
}

/* The path that a call is about; a rule may answer the call. */
static void at_path(struct tracer *tracer, pid_t id, struct machine_call *call, unsigned argument)
{
	char path[OBSERVER_PATH_BYTES];
	if (call->arguments[argument] == 0)
		return;
	if (!read_string(id, call->arguments[argument], path, sizeof(path))) {
		record_loss(tracer->record, LOSS_PATH_UNREAD);
		return;
	}
	struct arena scratch = { 0 };
	const char *known = record_path(tracer->record, path, &scratch);
	const struct path_rule *rule = known == NULL ? NULL : find_path_rule(tracer, known);
	if (rule != NULL && rule->answer == PATH_HIDDEN)
		machine_answer(call, ENOENT);
	else if (rule != NULL)
		open_nothing(id, call, argument);
	arena_finish(&scratch);
}

/* clone(2): the flags are the first argument; clone3's are the first word it points to. */
static void keep_traced(pid_t id, struct machine_call *call)
{
	uint32_t clone_number = call->compat ? I386_CLONE : SYS_clone;
	uint64_t flags = call->arguments[0];
	if (call->number == clone_number && (flags & CLONE_UNTRACED) != 0)
		machine_set_argument(call, 0, flags & ~(uint64_t)CLONE_UNTRACED);
	if (call->number != SYS_clone3)
		return;
	struct iovec here = { &flags, sizeof(flags) };
	struct iovec there = { (void *)(uintptr_t)call->arguments[0], sizeof(flags) }; // NOLINT
	if (process_vm_readv(id, &here, 1, &there, 1, 0) != (ssize_t)sizeof(flags) ||
	    (flags & CLONE_UNTRACED) == 0)
		return;
	flags &= ~(uint64_t)CLONE_UNTRACED;
	(void)process_vm_writev(id, &here, 1, &there, 1, 0);
}

static void at_call(struct tracer *tracer, struct tracee *tracee)
{
	unsigned long answer = 0;
	struct machine_call call;
	if (ptrace(PTRACE_GETEVENTMSG, tracee->id, NULL, &answer) != 0 ||
	    !machine_read(tracee->id, &call))
		return;
	if (answer != FILTER_NO_RULE) {
		machine_answer(&call, (int)answer);
		record_skip(tracer->record, tracee->tally, call.number);
	} else {
		record_call(tracer->record, tracee->tally, &call);
		struct observer_interest interest = interest_of(call.number);
		if (!call.compat && interest.path != 0)
			at_path(tracer, tracee->id, &call, interest.path - 1U);
		keep_traced(tracee->id, &call);
	}
	if (call.changed)
		machine_write(tracee->id, &call);
}

/* ---- events ---- */

static void at_birth(struct tracer *tracer, struct tracee *parent)
{
	unsigned long id = 0;
	uint32_t tally = parent->tally;
	if (ptrace(PTRACE_GETEVENTMSG, parent->id, NULL, &id) != 0) {
		record_loss(tracer->record, LOSS_TASK);
		return;
	}
	/* it may have been here first, and be gone already */
	if (find_tracee(tracer, (pid_t)id) == NULL && (kill((pid_t)id, 0) == 0 || errno == EPERM))
		(void)add_tracee(tracer, (pid_t)id, tally);
}

static uint32_t tally_of_program(struct tracer *tracer, pid_t id, uint32_t otherwise)
{
	char link[64];
	char path[PATH_MAX];
	(void)snprintf(link, sizeof(link), "/proc/%d/exe", (int)id);
	ssize_t length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		(void)snprintf(path, sizeof(path), "(unknown)");
	else
		path[length] = '\0';
	return record_program(tracer->record, path, otherwise);
}

static void at_exec(struct tracer *tracer, pid_t id)
{
	unsigned long former = (unsigned long)id;
	(void)ptrace(PTRACE_GETEVENTMSG, id, NULL, &former);
	uint32_t tally = 0;
	struct tracee *caller = find_tracee(tracer, (pid_t)former);
	if (caller != NULL)
		tally = caller->tally;
	if ((pid_t)former != id)
		remove_tracee(tracer, (pid_t)former);
	struct tracee *tracee = find_tracee(tracer, id);
	if (tracee == NULL)
		tracee = add_tracee(tracer, id, tally);
	tracee->tally = tally_of_program(tracer, id, tally);
}

static void at_end(struct tracer *tracer, pid_t id, int status)
{
	struct tracee *tracee = find_tracee(tracer, id);
	if (tracee != NULL && WIFSIGNALED(status))
		record_death(tracer->record, tracee->tally, WTERMSIG(status));
	remove_tracee(tracer, id);
}

static void at_stop(struct tracer *tracer, struct tracee *tracee, int status)
{
	int signal = WSTOPSIG(status);
	bool by_job_control =
	    signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
	pid_t id = tracee->id;
	switch (status >> 16) {
	case PTRACE_EVENT_SECCOMP:
		at_call(tracer, tracee);
		signal = 0;
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		at_birth(tracer, tracee);
		signal = 0;
		break;
	case PTRACE_EVENT_EXEC:
		at_exec(tracer, id);
		signal = 0;
		break;
	case PTRACE_EVENT_STOP:
		signal = 0;
		if (by_job_control) {
			(void)ptrace(PTRACE_LISTEN, id, NULL, NULL);
			return;
		}
		break;
	default: /* a signal on its way */
		break;
	}
	(void)ptrace(PTRACE_CONT, id, NULL, (void *)(uintptr_t)signal); // NOLINT
}

bool tracer_handle(struct tracer *tracer, pid_t process, int status)
{
	if (!WIFSTOPPED(status)) {
		bool known = find_tracee(tracer, process) != NULL;
		at_end(tracer, process, status);
		return known;
	}
	struct tracee *tracee = find_tracee(tracer, process);
	if (tracee == NULL)
		tracee = add_tracee(tracer, process, tally_of_program(tracer, process, 0));
	at_stop(tracer, tracee, status);
	return true;
}

struct observation tracer_read(struct tracer *tracer, struct arena *arena)
{
	return record_read(tracer->record, arena);
}

void tracer_pin(void)
{
	int current = sched_getcpu();
	if (current < 0 || current >= CPU_SETSIZE)
		return;
	size_t cpu = (size_t)current;
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}
