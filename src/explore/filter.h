#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "explore/observer_abi.h"

/*
 * A seccomp filter that answers chosen calls itself. It is inherited by threads, children and
 * across execve, and costs some 10 to 70 ns per call.
 */
enum { FILTER_MAX_RULES = 250 }; /* the kernel takes 4096 steps: filter.c */

struct filter_rule {
	uint32_t number;
	bool one_operation; /* only where the selecting arguments (interest.h) equal `value` */
	uint64_t value;
	uint16_t answer; /* the errno to return; 0: success, without doing anything */
};

/* What happens at a call of a rule. */
enum filter_mode {
	FILTER_ANSWER, /* the kernel answers at once */
	FILTER_STOP,   /* the tracer is stopped at, with `answer` as the event's message; also at
			  clone and clone3 without a rule */
	FILTER_WATCH,  /* every call, of any rule or none, stops at the tracer */
};

/* The kernel's form of a filter, in an arena. */
struct filter {
	struct sock_filter *steps;
	size_t step_count;
};

/*
 * The message of a stop at a call without a rule. Above every errno.
 */
enum { FILTER_NO_RULE = 0xffff };

/*
 * Filters are put on a process before its first execve, by our own code. That execve, and the
 * exit when it fails, are let through: they are known by this number in their first argument
 * (the address of the path; the exit status' upper bits), which no program uses by accident.
 */
#define FILTER_LAUNCH_ADDRESS UINT64_C(0x5f5347000000)
#define FILTER_LAUNCH_STATUS  UINT32_C(0x5f534700)

/*
 * rules     in any order; a rule for one operation goes before one for the whole call
 * returns   STATUS_LIMIT: more than FILTER_MAX_RULES rules
 */
enum status filter_build(const struct filter_rule *rules, size_t rule_count, enum filter_mode mode,
			 struct arena *arena, struct filter *out_filter, struct error *err)
    __attribute__((warn_unused_result));

/*
 * Puts the filter on the calling thread. As root the process stays able to run setuid programs;
 * anyone else must give that up (no_new_privs). Returns 0, or -1 with errno.
 */
int filter_install(const struct filter *filter);
