#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* One finished trial, as it is kept so that an exploration can go on where it was. */
struct stored_trial {
	const char *ended;    /* explore/trial.h: the name of its end */
	const char *reason;   /* "" when it passed */
	const char *metric;   /* a number; NULL: none */
	const char *entered;  /* syscall numbers parted by blanks; NULL: not observed */
	const char *skipped;  /* likewise */
	int64_t last_skipped; /* -1: none */
	uint64_t output_hash;
	uint64_t wall_ns;
	uint64_t test_ns;
	uint64_t total_ns;
	uint64_t peak_bytes;
	uint32_t descriptor_count;
	uint32_t crash_count;
};

/* Of which workload on which machine, under which rules; which replica. */
struct stored_trial_key {
	const char *definition;
	const char *rules;
	uint32_t replica;
};

/* Trials can be made again: of those of the last moments a power cut may take some. */
enum status store_relax(struct store *store, struct error *err)
    __attribute__((warn_unused_result, nonnull));

enum status store_put_trial(struct store *store, const struct stored_trial_key *key,
			    const struct stored_trial *trial, struct error *err)
    __attribute__((warn_unused_result, nonnull));

/* Strings in the arena. *out_found is false when there is none of the key. */
enum status store_find_trial(struct store *store, const struct stored_trial_key *key,
			     struct arena *arena, struct stored_trial *out_trial, bool *out_found,
			     struct error *err) __attribute__((warn_unused_result, nonnull));

/*
 * What a workload did with one answer in the place of one part of the kernel. Finer than the
 * verdicts of store/workload.h, which are made of two of these.
 */
struct stored_answer {
	const char *part;   /* "ioctl", "ioctl 0x5401", "/proc/self/maps" */
	const char *answer; /* "ENOSYS", "0", "EPERM", "hidden", "empty" */
	const char *result; /* "works", "fails", "flaky" */
	const char *reason; /* why it failed; NULL: it did not */
};

/* Forgets what is stored for the workload and stores these. All of it or, after an error, nothing.
 */
enum status store_replace_answers(struct store *store, const char *application, const char *name,
				  const struct stored_answer *answers, size_t count,
				  struct error *err) __attribute__((warn_unused_result));

/* By part and answer; in the arena. */
enum status store_load_answers(struct store *store, const char *application, const char *name,
			       struct arena *arena, const struct stored_answer **out_answers,
			       size_t *out_count, struct error *err)
    __attribute__((warn_unused_result, nonnull));
