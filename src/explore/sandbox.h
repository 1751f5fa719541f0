#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A machine of its own for one trial: process numbers, network (loopback only), IPC, host name
 * and a copy-on-write view of every file, which lives in memory. It ends with its first process:
 * the kernel kills what is left in it and drops the files, so nothing can survive.
 *
 * Works as root, and for an ordinary user where the kernel allows user namespaces; then there is
 * one user only, the caller's.
 */
struct sandbox_spec {
	uint64_t disk_bytes; /* of all files written */
	uint64_t file_count;
	bool user_namespace; /* below: as which user, outside and inside */
	uid_t user;
	gid_t group;
};

/* For the calling process: a user namespace unless it is root. */
struct sandbox_spec sandbox_spec_of_caller(uint64_t disk_bytes);

/* What the sandbox could not give. */
struct sandbox_problem {
	char text[200];
};

/*
 * Starts `first` as process 1 of a new sandbox, which it must still furnish by sandbox_furnish.
 * It is killed when the caller ends.
 *
 * out_process   a pidfd, owned by the caller
 * returns       the process number, or -1 with errno and the problem
 */
pid_t sandbox_start(const struct sandbox_spec *spec, int (*first)(void *context), void *context,
		    int *out_process, struct sandbox_problem *out_problem);

/*
 * Called by process 1, before anything else: files, /proc, /dev, network; and what would reach
 * out of the sandbox (clock, modules, sysctl) is taken away. False: see the problem.
 */
bool sandbox_furnish(const struct sandbox_spec *spec, struct sandbox_problem *out_problem);
