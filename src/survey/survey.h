#pragma once

#include "store/package.h"
#include "survey/collect.h"

/*
 * Takes packages through all stages: what they hold, which programs they have, what those can ask
 * of Linux, what that makes of each package. Reading and analysing are done in worker processes,
 * and each result is kept in the store by what it is of, so that it is done once.
 */
struct survey_progress {
	const char *stage;
	size_t done, total;               /* packages, then programs */
	uint64_t done_bytes, total_bytes; /* 0: not known */
	size_t failures;
	double seconds; /* since the stage began */
};

struct survey {
	struct input *inputs; /* borrowed; fingerprints are filled in */
	size_t input_count;
	const char *root; /* of the disk that the inputs lie on unpacked; NULL: they are packed */
	struct source source;
	bool replace; /* what the store has of this source and is not among the inputs goes */
	bool maintainer_scripts;
	bool plugins;
	size_t worker_count;
	uint64_t memory_bytes;     /* for unpacked files at most; 0: half of what there is */
	size_t shard, shard_count; /* of the packages only those of this shard, from 0 */

	/* A few times per second; false: stop, and keep what is done. */
	bool (*tick)(void *context, const struct survey_progress *progress);
	/* Each package in the order of names, when all is done. */
	void (*package)(void *context, const struct package_facts *facts);
	void *context;
};

struct survey_outcome {
	size_t packages;
	size_t by_state[PACKAGE_STATE_COUNT];
	size_t inputs_read; /* the others were known */
	size_t programs, programs_analysed, programs_failed;
};

enum {
	SURVEY_TASK_SECONDS = 900,    /* of CPU time: to read a package */
	SURVEY_ANALYSIS_SECONDS = 90, /* to analyse a program */
	SURVEY_MAX_INPUTS = 1 << 20,
};

#define SURVEY_READ_MEMORY_BYTES    (UINT64_C(48) << 30) /* address space, the pool included */
#define SURVEY_ANALYSE_MEMORY_BYTES (UINT64_C(64) << 30)
#define SURVEY_RETIRE_BYTES         (UINT64_C(3) << 30)

/*
 * returns   STATUS_BUSY: tick said stop; what is done is kept, packages whose programs were not
 *           analysed yet count as partly known, and a later run goes on from there
 */
enum status survey_run(const struct survey *survey, struct store *store,
		       struct survey_outcome *out_outcome, struct error *err)
    __attribute__((warn_unused_result, nonnull));
