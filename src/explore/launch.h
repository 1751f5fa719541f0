#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "explore/filter.h"
#include "explore/observer.h"

/*
 * How a program under study is started, from fork to execve. The program's own first instruction
 * is the first thing that is filtered, counted or traced: nothing of ours is.
 */
struct launch {
	const char *const *words;       /* the command line; ends with NULL */
	const char *const *environment; /* ends with NULL */
	const char *directory;          /* NULL: stay */
	bool change_user;               /* become user, group, without other groups */
	uid_t user;
	gid_t group;
	int descriptors[3];              /* become standard input, output, error; -1: keep */
	const struct observer *observer; /* NULL: not counted in the kernel */
	uint32_t tally;
	uint32_t observer_flags;
	const struct filter *filter; /* NULL: none */
	int gate;                    /* read until something comes, for a tracer; -1: none */
};

/*
 * Finds words[0] in the PATH of the environment, as execvp(3) does but beforehand, so that a
 * search that fails makes no execve. Returns 0 and the path, or an errno.
 */
int launch_find(const struct launch *launch, char *out_path, size_t size_bytes);

/* Starts the program in the calling process, which must be a fresh child. Returns only by exit:
 * with LAUNCH_FAILED when the program could not be started. */
enum { LAUNCH_FAILED = 127 };
_Noreturn void launch_run(const struct launch *launch);
