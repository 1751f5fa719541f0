#pragma once

#include "base/bitset.h"
#include "store/package.h"
#include "survey/analyse.h"
#include "survey/crew.h"
#include "survey/lookup.h"
#include "survey/survey.h"

/* A survey at work; internal to survey.c, reading.c and analysing.c. */

/* What is known of an input: a record is kept as it was written. */
struct gathered {
	struct slice record; /* empty: not there, or not read for this shard */
	uint64_t name_hash;  /* of the package; decides on the shard */
	bool fresh;          /* its ELF files are in the pool */
	bool shard;          /* of this shard; false: others depend on it */
	bool surveyed;       /* of the part of it that is at hand */
};

struct running {
	const struct survey *survey;
	struct store *store;
	struct arena arena;
	struct error *err;
	enum status status; /* of the store, while a crew works */
	double committed;   /* when last, in seconds */
	struct pool pool;
	struct gathered *gathered; /* one per input */
	struct model named; /* what is known of packages before they are read; see reading_peek */
	struct model model;
	struct file_at *programs;
	uint8_t (*keys)[HASH_BYTES]; /* one per program */
	size_t program_count;
	size_t *tasks; /* inputs or programs, of the present crew */
	size_t task_count;
	struct survey_progress progress;
	double began;
	struct analyse_setup setup;
	struct lookup lookup;      /* to see whether results still hold */
	struct buffer content;     /* in a worker that reads: of the file at hand */
	struct analyser *analyser; /* in one that analyses */
	struct survey_outcome outcome;
};

/* ---- survey.c ---- */

/* Runs a crew over the tasks, its results going into the store as they come. */
enum status running_work(struct running *running, const char *stage, struct crew *crew);

void running_keep(struct running *running, enum survey_table table, const uint8_t *key,
		  struct slice value);

/* false: the store has none */
bool running_known(struct running *running, enum survey_table table, const uint8_t *key,
		   struct arena *arena, struct slice *out_value);

/* ---- reading.c: inputs become records, and records the model ---- */

/*
 * Looks which packages the inputs are, and which of them are this shard's. Only when there are
 * shards or parts: else all inputs are read.
 */
void reading_peek(struct running *running, bool parted);

/* The inputs of a part of the shard's packages and of all they depend on; bits are added. */
void reading_choose(struct running *running, size_t part, size_t part_count, struct bitset wanted);

/* Reads those of them that the store does not know. */
enum status reading_run(struct running *running, struct bitset wanted);

/* Reads again, for the ELF files, those of them that are not in the pool. */
enum status reading_fill_pool(struct running *running, struct bitset wanted);

/* The model of all inputs that have a record; everything lives in the arena. */
void reading_model(struct running *running, struct arena *arena);

/* ---- analysing.c: programs become results ---- */

/*
 * All programs of the surveyed packages in the model that the store does not know.
 *
 * arena   of the model
 */
enum status analysing_run(struct running *running, struct arena *arena);

/* The result of a program; false: there is none. */
bool analysing_result(struct running *running, struct file_at program, struct arena *arena,
		      struct program_result *out_result);
