#pragma once

#include "explore/trial.h"

/*
 * Which parts of the kernel a workload can do without, and how.
 *
 * A question is one part and one answer in its place: a call, an operation of a vectored call, or
 * a pseudo-file. Questions likely to fail are tried one by one; the others in groups, which are
 * split when they fail. What a group's success could hide is looked for:
 *
 *   assumed   a group that works holds only members that work alone. It would be wrong where one
 *             answer repairs what another breaks. In the first replica, where trials take long,
 *             also: who is alone in a failed group, but for members that work, made it fail. That
 *             would be wrong where it and one of these are only missed together
 *   checked   what failed in company is tried alone in the other replicas; members that were
 *             never reached are tried again without those that hid them; any two members are
 *             apart in one of the first replicas; the final set is bisected and validated;
 *             `effects` tries each member alone
 *   exact     a failed group of which one call alone was reached ran like that call alone
 */
enum question_kind { QUESTION_CALL, QUESTION_OPERATION, QUESTION_PATH };

enum question_result {
	QUESTION_OPEN,  /* not yet known */
	QUESTION_WORKS, /* in every replica that used it */
	QUESTION_FAILS,
	QUESTION_FLAKY, /* replicas disagree */
};

/* Something measured with the answer in place, against the runs without. */
struct effect {
	double ratio;  /* of the medians; NAN: not measured */
	double spread; /* of the ratio: half the widths of both, relative */
	bool flagged;  /* beyond the noise: the ranges do not meet, and more than 2 spreads */
};

enum effect_kind { EFFECT_TIME, EFFECT_METRIC, EFFECT_MEMORY, EFFECT_DESCRIPTORS, EFFECT_COUNT };

struct question {
	enum question_kind kind;
	uint32_t number;  /* of the call */
	uint64_t value;   /* of the operation, as observed_operation has it */
	const char *path; /* as observed_path has it */
	uint16_t answer;  /* an errno, 0 is success; of a path an enum path_answer */
	double tolerance; /* the guess that it works, 0 to 1: decides the order, never a result */
	enum question_result result;
	uint32_t passes; /* of trials of it alone, in which it was reached */
	uint32_t fails;
	uint32_t group_passes;
	bool reached;       /* by any trial */
	bool doubtful;      /* of a group that failed once and worked once */
	bool implied;       /* an operation of a call that works as a whole */
	enum trial_end end; /* of the first failure */
	const char *reason;
	struct effect effects[EFFECT_COUNT]; /* only when asked for */
};

/* Where outcomes are kept, so that an exploration can go on where it was. */
struct explore_memory {
	void *context;
	/* rules: see explore_rules_text. False: not known */
	bool (*find)(void *context, const char *rules, uint32_t replica,
		     struct trial_outcome *out_outcome);
	enum status (*keep)(void *context, const char *rules, uint32_t replica,
			    const struct trial_outcome *outcome, struct error *err);
};

struct explore_progress {
	const char *phase; /* "replicas" */
	size_t done;       /* trials */
	size_t left;       /* trials that are known to come */
	double seconds_left;
};

enum { EXPLORE_MAX_MODES = 8, EXPLORE_MAX_REPLICAS = 1000 };

struct explore_request {
	const struct definition *definition;
	struct trial_runner *runner;
	uint16_t answers[EXPLORE_MAX_MODES]; /* ENOSYS and 0 first */
	size_t answer_count;
	uint32_t replicas; /* 0: the definition's */
	bool operations;
	bool paths;
	bool effects;
	/*
	 * The guess that a call may be answered so, 0 to 1. `stub` is what is known by then of
	 * ENOSYS as its answer: QUESTION_OPEN, QUESTION_WORKS or QUESTION_FAILS. May be NULL
	 */
	double (*tolerance)(void *context, uint32_t number, uint16_t answer,
			    enum question_result stub);
	void *tolerance_context;
	struct explore_memory memory; /* functions may be NULL */
	void (*progress)(void *context, const struct explore_progress *progress); /* or NULL */
	void *progress_context;
};

/* Of the runs without rules. */
struct explore_baseline {
	uint64_t used[TRIAL_SET_WORDS];     /* in any of them */
	uint64_t unsteady[TRIAL_SET_WORDS]; /* not in all of them */
	struct trial_outcome first;
	uint64_t longest_ns;
};

struct explore_counts {
	size_t trials;       /* finished for this result */
	size_t reused;       /* of them from memory */
	size_t first_trials; /* of them to the first answer, without replicas and final set */
	uint64_t test_ns;    /* spent in the workload's own test */
	uint64_t total_ns;   /* of all trials, with sandboxes and preparation */
	uint64_t wall_ns;    /* of the exploration */
};

struct explore_result {
	struct explore_baseline baseline;
	const struct question *questions; /* calls, operations, paths; by number, value, answer */
	size_t question_count;
	const struct question *const *mixed; /* the set that works together, validated */
	size_t mixed_count;
	const struct question *const *mixed_left_out; /* work alone, but not with the others */
	size_t mixed_left_out_count;
	uint32_t mixed_replicas;        /* passed with the whole set; 0: none is known to work */
	struct observation observation; /* of the first run */
	struct explore_counts counts;
};

/*
 * returns   STATUS_UNSUPPORTED: the workload fails without any rule, the text says how;
 *           STATUS_DENIED, STATUS_IO: no sandbox, or the memory failed
 */
enum status explore(const struct explore_request *request, struct arena *arena,
		    struct explore_result *out_result, struct error *err)
    __attribute__((warn_unused_result, nonnull));

/* "0=38 16/0x5401=0 /proc/self/maps=hidden": the rules of a trial, in one order. */
const char *explore_rules_text(const struct question *const *questions, size_t count,
			       struct arena *arena);
