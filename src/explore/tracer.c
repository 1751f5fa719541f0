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

/* Arrays that grow by doubling; merged when full, so that repetitions take no room. */
struct list {
	void *items;
	size_t count;
	size_t capacity;
};

struct tracer {
	struct arena arena; /* paths */
	const struct path_rule *path_rules;
	size_t path_rule_count;
	struct list tracees;    /* struct tracee, any order */
	struct list programs;   /* const char *, by tally */
	struct list operations; /* struct observed_operation */
	struct list paths;      /* struct observed_path */
	struct list odd;        /* struct observed_call, of the whole tree */
	struct observer_tally *tallies;
	uint64_t skip_count; /* stamps first_skip */
	uint64_t losses[OBSERVER_LOSS_COUNT];
};

static void *list_add(struct list *list, size_t item_bytes)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
		void *items = realloc(list->items, capacity * item_bytes);
		if (items == NULL)
			abort();
		list->items = items;
		list->capacity = capacity;
	}
	void *item = (char *)list->items + list->count++ * item_bytes;
	memset(item, 0, item_bytes);
	return item;
}

struct tracer *tracer_create(const struct path_rule *path_rules, size_t path_rule_count)
{
	struct tracer *tracer = calloc(1, sizeof(*tracer));
	struct observer_tally *tallies = calloc(OBSERVER_MAX_TALLIES, sizeof(*tallies));
	if (tracer == NULL || tallies == NULL)
		abort();
	tracer->tallies = tallies;
	tracer->path_rules = path_rules;
	tracer->path_rule_count = path_rule_count;
	*(const char **)list_add(&tracer->programs, sizeof(char *)) = NULL;
	return tracer;
}

void tracer_destroy(struct tracer *tracer)
{
	if (tracer == NULL)
		return;
	free(tracer->tallies);
	free(tracer->tracees.items);
	free(tracer->programs.items);
	free(tracer->operations.items);
	free(tracer->paths.items);
	free(tracer->odd.items);
	arena_finish(&tracer->arena);
	free(tracer);
}

size_t tracer_alive(const struct tracer *tracer)
{
	return tracer->tracees.count;
}

static struct tracee *find_tracee(struct tracer *tracer, pid_t id)
{
	struct tracee *tracees = tracer->tracees.items;
	for (size_t i = 0; i < tracer->tracees.count; i++)
		if (tracees[i].id == id)
			return &tracees[i];
	return NULL;
}

static struct tracee *add_tracee(struct tracer *tracer, pid_t id, uint32_t tally)
{
	struct tracee *tracee = list_add(&tracer->tracees, sizeof(*tracee));
	*tracee = (struct tracee){ .id = id, .tally = tally };
	return tracee;
}

static void remove_tracee(struct tracer *tracer, pid_t id)
{
	struct tracee *tracee = find_tracee(tracer, id);
	if (tracee == NULL)
		return;
	struct tracee *tracees = tracer->tracees.items;
	*tracee = tracees[--tracer->tracees.count];
}

int tracer_seize(struct tracer *tracer, pid_t child)
{
	if (ptrace(PTRACE_SEIZE, child, NULL, (void *)(uintptr_t)TRACER_OPTIONS) != 0)
		return -1;
	(void)add_tracee(tracer, child, 0);
	return 0;
}

/* ---- what a call asks for ---- */

static void note_operation(struct tracer *tracer, uint32_t number, uint64_t value)
{
	struct list *list = &tracer->operations;
	struct observed_operation *operations = list->items;
	for (size_t i = 0; i < list->count; i++) {
		if (operations[i].number != number || operations[i].value != value)
			continue;
		operations[i].count++;
		return;
	}
	if (list->count == OBSERVER_MAX_OPERATIONS) {
		tracer->losses[LOSS_OPERATION]++;
		return;
	}
	struct observed_operation *added = list_add(list, sizeof(*added));
	*added = (struct observed_operation){ number, value, 1 };
}

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

static bool is_pseudo(const char *path)
{
	return strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/sys/", 5) == 0 ||
	       strncmp(path, "/dev/", 5) == 0;
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

static void note_path(struct tracer *tracer, pid_t id, struct machine_call *call, unsigned argument)
{
	char path[OBSERVER_PATH_BYTES];
	if (call->arguments[argument] == 0)
		return;
	if (!read_string(id, call->arguments[argument], path, sizeof(path))) {
		tracer->losses[LOSS_PATH_UNREAD]++;
		return;
	}
	if (!is_pseudo(path))
		return;
	if (strlen(path) == sizeof(path) - 1)
		tracer->losses[LOSS_PATH_CUT]++;
	if (tracer->paths.count == OBSERVER_MAX_PATHS)
		tracer->paths.count =
		    observation_merge_paths(tracer->paths.items, tracer->paths.count);
	if (tracer->paths.count == OBSERVER_MAX_PATHS) {
		tracer->losses[LOSS_PATH]++;
		return;
	}
	struct observed_path *added = list_add(&tracer->paths, sizeof(*added));
	added->path = observation_normal_path(path, &tracer->arena);
	added->count = 1;
	const struct path_rule *rule = find_path_rule(tracer, added->path);
	if (rule != NULL && rule->answer == PATH_HIDDEN)
		machine_answer(call, ENOENT);
	else if (rule != NULL)
		open_nothing(id, call, argument);
}

static void count_odd(struct tracer *tracer, const struct machine_call *call)
{
	struct observed_call *odd = tracer->odd.items;
	for (size_t i = 0; i < tracer->odd.count; i++) {
		if (odd[i].number != call->number || odd[i].compat != call->compat)
			continue;
		odd[i].entered_count++;
		return;
	}
	if (tracer->odd.count == OBSERVER_MAX_ODD) {
		tracer->losses[LOSS_ODD]++;
		return;
	}
	struct observed_call *added = list_add(&tracer->odd, sizeof(*added));
	*added = (struct observed_call){ .number = call->number,
					 .compat = call->compat,
					 .entered_count = 1 };
}

static void note_call(struct tracer *tracer, const struct tracee *tracee, struct machine_call *call)
{
	if (call->compat || call->number >= OBSERVER_MAX_NUMBERS) {
		count_odd(tracer, call);
		return;
	}
	tracer->tallies[tracee->tally].entered[call->number]++;
	struct observer_interest interest = interest_of(call->number);
	if (interest.operation != 0) {
		uint64_t value = call->arguments[interest.operation - 1] & interest.operation_mask;
		if (interest.second != 0)
			value |= call->arguments[interest.second - 1] << 32;
		note_operation(tracer, call->number, value);
	}
	if (interest.path != 0)
		note_path(tracer, tracee->id, call, interest.path - 1U);
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
	if (answer == FILTER_NO_RULE) {
		note_call(tracer, tracee, &call);
		keep_traced(tracee->id, &call);
	} else {
		machine_answer(&call, (int)answer);
		if (call.number < OBSERVER_MAX_NUMBERS) {
			struct observer_tally *tally = &tracer->tallies[tracee->tally];
			if (tally->first_skip[call.number] == 0)
				tally->first_skip[call.number] = ++tracer->skip_count;
			tally->skipped[call.number]++;
		}
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
		tracer->losses[LOSS_TASK]++;
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
	const char **programs = tracer->programs.items;
	for (size_t i = 1; i < tracer->programs.count; i++)
		if (strcmp(programs[i], path) == 0)
			return (uint32_t)i;
	if (tracer->programs.count == OBSERVER_MAX_TALLIES) {
		tracer->losses[LOSS_PROGRAM]++;
		return otherwise;
	}
	*(const char **)list_add(&tracer->programs, sizeof(char *)) =
	    arena_string(&tracer->arena, path);
	return (uint32_t)tracer->programs.count - 1;
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
	if (tracee != NULL && WIFSIGNALED(status) && WTERMSIG(status) < OBSERVER_MAX_SIGNALS)
		tracer->tallies[tracee->tally].deaths[WTERMSIG(status)]++;
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

static int compare_programs(const void *left, const void *right)
{
	const struct observed_program *a = left;
	const struct observed_program *b = right;
	return strcmp(a->path, b->path);
}

struct observation tracer_read(struct tracer *tracer, struct arena *arena)
{
	struct observation observation = { 0 };
	struct observer_tally *sum = arena_alloc(arena, 1, sizeof(*sum));
	size_t count = tracer->programs.count;
	struct observed_program *programs = arena_alloc(arena, count, sizeof(*programs));
	const char **names = tracer->programs.items;
	for (size_t i = 0; i < count; i++) {
		observer_tally_add(sum, &tracer->tallies[i]);
		if (i == 0)
			continue;
		programs[i - 1] = observation_calls(&tracer->tallies[i], NULL, 0, arena);
		programs[i - 1].path = arena_string(arena, names[i]);
	}
	qsort(programs, count - 1, sizeof(*programs), compare_programs);
	observation.programs = programs;
	observation.program_count = count - 1;
	observation.tree = observation_calls(sum, tracer->odd.items, tracer->odd.count, arena);
	size_t operation_count =
	    observation_merge_operations(tracer->operations.items, tracer->operations.count);
	observation.operations = arena_copy(arena, tracer->operations.items, operation_count,
					    sizeof(struct observed_operation));
	observation.operation_count = operation_count;
	size_t path_count = observation_merge_paths(tracer->paths.items, tracer->paths.count);
	struct observed_path *paths =
	    arena_copy(arena, tracer->paths.items, path_count, sizeof(*paths));
	for (size_t i = 0; i < path_count; i++)
		paths[i].path = arena_string(arena, paths[i].path);
	observation.paths = paths;
	observation.path_count = path_count;
	memcpy(observation.deaths, sum->deaths, sizeof(observation.deaths));
	memcpy(observation.losses, tracer->losses, sizeof(observation.losses));
	return observation;
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
