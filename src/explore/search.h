#pragma once

#include "explore/explore.h"

/*
 * The parts of an exploration. A list of tests is run as a batch; each outcome counts for the
 * test's members and may put new tests on the list; until the list is empty. Only for the files
 * of this folder that explore.c names in its order of phases.
 */

/* Replica numbers of tests that must not be taken for one another: see struct explore_memory. */
enum {
	RETRY_REPLICA = 1000, /* past EXPLORE_MAX_REPLICAS */
	PUZZLE_REPLICA = 10000,
	EFFECT_REPLICA = 1000000,
};

/* A group that failed, until one of its parts fails, too. */
struct puzzle {
	struct puzzle *next;
	struct question **members; /* that were reached */
	size_t count;
	uint32_t replica;
	uint32_t depth;
	bool explained;
	bool mysterious; /* all its members work */
	struct trial_outcome outcome;
};

struct test {
	struct question **members;
	size_t count;
	uint32_t replica;
	uint32_t depth; /* of splitting */
	uint32_t retries;
	bool is_first;         /* of the search for first answers, which goes on with what fails */
	struct puzzle *puzzle; /* of the group that this is a part of; NULL: none */
};

struct explore {
	const struct explore_request *request;
	struct arena *arena;
	struct explore_result *result;
	struct question *questions;
	size_t question_count;
	size_t question_capacity;
	struct test *tests; /* to be run */
	size_t test_count;
	size_t test_capacity;
	struct puzzle *puzzles; /* newest first */
	uint32_t replicas;
	const char *phase;
	size_t later; /* trials known to come after the list */
	struct error *err;
};

/* ---- questions.c ---- */

/* By kind, number, value, answer. */
int question_compare(const void *left, const void *right);
int question_compare_pointers(const void *left, const void *right);
/* Of pointers; the most tolerant first. */
int question_compare_tolerance(const void *left, const void *right);
bool question_has_not_failed(const struct question *question);

/* Each call, operation or pseudo-file that was seen, with each answer. */
void search_ask_calls(struct explore *explore);
void search_ask_operations(struct explore *explore);
void search_ask_paths(struct explore *explore);

/* NULL when that was not asked. */
const struct question *search_find_call(const struct explore *explore, uint32_t number,
					uint16_t answer);

/* Questions of a kind and answer for which `wanted` holds; an array in the arena. */
size_t search_gather(struct explore *explore, enum question_kind kind, uint16_t answer,
		     bool (*wanted)(const struct question *), struct question ***out_members);

/* The answers of a kind; at most EXPLORE_MAX_MODES. Returns how many. */
size_t search_answers(const struct explore *explore, enum question_kind kind,
		      uint16_t *out_answers);

/* ---- batch.c ---- */

struct trial search_trial(struct explore *explore, const struct test *test);
void search_count(struct explore *explore, const struct trial_outcome *outcome);

/* Outcomes of tests, from memory where it has them. */
enum status search_run(struct explore *explore, const struct test *tests, size_t count,
		       struct trial_outcome *out_outcomes) __attribute__((warn_unused_result));

/* ---- groups.c ---- */

/* Puts a test on the list; one without members is left out. */
void search_add(struct explore *explore, struct test test);
void search_add_alone(struct explore *explore, struct question *question, uint32_t replica);

/* Runs the list until it is empty. */
enum status search_run_list(struct explore *explore) __attribute__((warn_unused_result));

/* As far as is known: alone or in a group. */
bool question_works(const struct question *question);
void question_fail(struct explore *explore, struct question *question,
		   const struct trial_outcome *outcome);

/* Whether a trial takes longer than the making and ending of its sandbox. */
bool search_takes_long(const struct explore *explore);

/* ---- the phases ---- */

enum status search_first_answers(struct explore *explore, enum question_kind kind)
    __attribute__((warn_unused_result));
/* The other replicas, and with them the results. */
enum status search_replicas(struct explore *explore, enum question_kind kind)
    __attribute__((warn_unused_result));
enum status search_final_set(struct explore *explore) __attribute__((warn_unused_result));
enum status search_effects(struct explore *explore) __attribute__((warn_unused_result));
