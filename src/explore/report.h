#pragma once

#include "base/buffer.h"
#include "explore/tracer.h"
#include "explore/trial.h"

/*
 * What process 1 of a sandbox tells the runner through a pipe: the outcome, how much of everything
 * else, the operations, the pseudo-files. Both ends are the same program: no other reads it.
 */

/* tracer    adds what it saw; NULL: the kernel's counters will tell */
void report_write(int fd, const struct trial_outcome *outcome, struct tracer *tracer);

/* False when process 1 ended before all of the outcome was written. */
bool report_read(const struct buffer *text, struct trial_outcome *out_outcome);

/* What a tracer saw; nothing is set when there is none of it. */
void report_read_detail(const struct buffer *text, struct arena *arena,
			struct observation *out_observation);

/* SIGSEGV, SIGABRT and the others that only a fault sends. */
bool report_is_crash(int signal);
