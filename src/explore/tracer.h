#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "explore/filter.h"
#include "explore/observation.h"

/*
 * The observer for those who may not use eBPF: a seccomp filter stops the program at calls, and
 * ptrace(2) tells us. About 7 us per stop on the tracee's own CPU, eight times that on another.
 * It can also do what a filter cannot: answer by path.
 *
 * The tree's processes are children of the caller or become so: the caller waits for them with
 * __WALL and hands every status to tracer_handle.
 */
struct tracer; /* opaque */

/* What a program gets instead of a pseudo-file. */
enum path_answer { PATH_HIDDEN, PATH_EMPTY };

struct path_rule {
	const char *path; /* as observation_normal_path writes it */
	enum path_answer answer;
};

/* rules are borrowed until tracer_destroy. */
struct tracer *tracer_create(const struct path_rule *path_rules, size_t path_rule_count);
void tracer_destroy(struct tracer *tracer); /* accepts NULL */

/* Makes a child that waits at its launch gate a tracee. Returns 0, or -1 with errno. */
int tracer_seize(struct tracer *tracer, pid_t child);

/* Takes one status from waitpid and lets the process go on. False: not a tracee's stop. */
bool tracer_handle(struct tracer *tracer, pid_t process, int status);

size_t tracer_alive(const struct tracer *tracer); /* tracees that have not ended */

struct observation tracer_read(struct tracer *tracer, struct arena *arena);

/* Pins the caller, and what it starts, to the CPU it runs on. */
void tracer_pin(void);
