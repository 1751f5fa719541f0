#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "explore/definition.h"
#include "explore/filter.h"
#include "explore/observer.h"
#include "explore/tracer.h"

/* One run of a workload in a sandbox, some calls answered by a filter. */
struct trial {
	const struct definition *definition;
	const struct filter_rule *rules;
	size_t rule_count;
	const struct path_rule *path_rules; /* need the tracer */
	size_t path_rule_count;
	double limit_seconds;
	bool detail; /* also operations and pseudo-files */
	/* what the workload does without rules: more crashes, or another output, is a failure */
	uint32_t crashes_allowed;
	uint64_t output_hash; /* 0: any */
};

/* How a trial ended. Only the first is a success; TRIAL_BROKEN says nothing about the workload. */
enum trial_end {
	TRIAL_PASSED,
	TRIAL_NOT_READY,      /* the command ended, before it was ready */
	TRIAL_TEST_FAILED,    /* wrong exit status, of the test or of the command */
	TRIAL_OUTPUT_DIFFERS, /* from what `success` asks for */
	TRIAL_CHECK_FAILED,
	TRIAL_DIED,    /* the server did not live, or listen, at the end */
	TRIAL_CRASHED, /* a process of the command was ended by SIGSEGV, SIGABRT or the like */
	TRIAL_TIMED_OUT,
	TRIAL_BROKEN, /* no sandbox, no preparation */
	TRIAL_END_COUNT,
};

enum { TRIAL_TEXT_BYTES = 240, TRIAL_SET_WORDS = OBSERVER_MAX_NUMBERS / 64 };

struct trial_outcome {
	enum trial_end end;
	char text[TRIAL_TEXT_BYTES]; /* why, with the last line of output */
	uint64_t output_hash;
	double metric;             /* NAN: none */
	uint64_t wall_ns;          /* from the command's start to the decision */
	uint64_t test_ns;          /* of it in the test; without a test, in the command */
	uint64_t total_ns;         /* with sandbox, preparation and end */
	uint64_t peak_bytes;       /* of memory, the command's processes together; 0: unknown */
	uint32_t descriptor_count; /* open in them at the end; 0: unknown */
	uint32_t crash_count;      /* of the command's processes */
	uint64_t entered[TRIAL_SET_WORDS]; /* calls seen to reach the kernel, as bit sets */
	uint64_t skipped[TRIAL_SET_WORDS]; /* calls seen to be answered by the filter */
	uint32_t last_skipped; /* the one that began last: a suspect; UINT32_MAX: none, unknown */
	bool knows_skipped;    /* the set above was observed */
};

const char *trial_end_name(enum trial_end end);
int trial_end_from_name(const char *name); /* -1 when there is none of that name */

static inline bool trial_set_has(const uint64_t *set, uint32_t number)
{
	return number < OBSERVER_MAX_NUMBERS && (set[number / 64] >> (number % 64) & 1) != 0;
}

/* Several trials at a time, each on behalf of one batch. */
struct trial_runner; /* opaque */

/* What is available to observe and to isolate with, in words; the first is why not eBPF. */
struct trial_means {
	bool ebpf;
	struct error why_not; /* when it is not */
};

/*
 * out_runner   owned by the caller until trial_runner_destroy
 * jobs         trials at a time, at least 1
 */
enum status trial_runner_create(uint32_t jobs, struct trial_runner **out_runner, struct error *err)
    __attribute__((warn_unused_result, nonnull));
void trial_runner_destroy(struct trial_runner *runner); /* accepts NULL */
/* Changes how many trials run at a time; returns how many it were. */
uint32_t trial_runner_set_jobs(struct trial_runner *runner, uint32_t jobs);
struct trial_means trial_runner_means(const struct trial_runner *runner);

/* Called for each trial as it ends, in the order of ending. */
typedef void trial_done(void *context, size_t index, const struct trial_outcome *outcome);

/*
 * Runs all trials, `jobs` at a time, and returns when nothing of any of them is left.
 *
 * out_outcomes   one per trial
 * returns        STATUS_IO: a sandbox could not be started; the text says what is missing
 */
enum status trial_run_all(struct trial_runner *runner, const struct trial *trials, size_t count,
			  trial_done *done, void *context, struct trial_outcome *out_outcomes,
			  struct error *err) __attribute__((warn_unused_result));

/* One trial with `detail`, and everything it was seen to do, in the arena. */
enum status trial_run_observed(struct trial_runner *runner, const struct trial *trial,
			       struct arena *arena, struct trial_outcome *out_outcome,
			       struct observation *out_observation, struct error *err)
    __attribute__((warn_unused_result, nonnull));
