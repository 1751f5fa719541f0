#pragma once

#include <stddef.h>
#include <sys/types.h>

/*
 * The processes that descend from the caller, which must be a subreaper: then every process that
 * a command of its started, and left alone, is among them. Source: proc_pid_task(5), children.
 */
enum { DESCENDANTS_MAX_CHILDREN = 4096 };

/* The caller's own children; at most `capacity` of them. Returns how many. */
size_t descendants_children(pid_t *out_children, size_t capacity);

/*
 * Sends SIGKILL to all descendants, except to the given children of the caller and theirs. What is
 * born meanwhile is met by the next call: repeat until it returns 0.
 */
size_t descendants_kill(const pid_t *except, size_t except_count);
