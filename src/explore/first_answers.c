/* The search for the first answer to each question: replica 0. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "explore/search.h"

/*
 * Groups pay where less than 38 % fail (Ungar, The cutoff point for group testing, 1960); who
 * works less often elsewhere is tried alone.
 */
#define LEAST_TOLERANCE 0.62

static bool seems_to_work(const struct question *question)
{
	return question->fails == 0 && question->tolerance >= LEAST_TOLERANCE;
}

static bool is_unlikely(const struct question *question)
{
	return question->fails == 0 && question->tolerance < LEAST_TOLERANCE;
}

/* What is known by now of ENOSYS in the place of the same call or operation. */
static enum question_result stub_so_far(const struct explore *explore,
					const struct question *question)
{
	for (size_t i = 0; i < explore->question_count; i++) {
		const struct question *stub = &explore->questions[i];
		if (stub->kind != question->kind || stub->number != question->number ||
		    stub->value != question->value || stub->answer != ENOSYS)
			continue;
		if (stub->fails > 0)
			return QUESTION_FAILS;
		return question_works(stub) ? QUESTION_WORKS : QUESTION_OPEN;
	}
	return QUESTION_OPEN;
}

static void guess_anew(struct explore *explore, struct question **members, size_t count)
{
	const struct explore_request *request = explore->request;
	for (size_t i = 0; i < count && request->tolerance != NULL; i++)
		if (members[i]->kind != QUESTION_PATH)
			members[i]->tolerance = request->tolerance(
			    request->tolerance_context, members[i]->number, members[i]->answer,
			    stub_so_far(explore, members[i]));
}

/* The reached members of a failed group of which nothing is known: the culprit is among them. */
static size_t unknown_of(const struct puzzle *puzzle, struct question **out_members)
{
	size_t count = 0;
	for (size_t i = 0; i < puzzle->count; i++)
		if (!question_works(puzzle->members[i]))
			out_members[count++] = puzzle->members[i];
	return count;
}

static bool has_failing(const struct puzzle *puzzle)
{
	for (size_t i = 0; i < puzzle->count; i++)
		if (puzzle->members[i]->fails > 0)
			return true;
	return false;
}

/*
 * Tries a part of the unknown: without the call that was reached last, which is the culprit more
 * often than not; when that was a wrong guess, without the half that is least likely to work.
 */
static void try_part(struct explore *explore, const struct puzzle *puzzle,
		     struct question **unknown, size_t count)
{
	struct test part = { .members = arena_alloc(explore->arena, count, sizeof(*unknown)),
			     .depth = puzzle->depth + 1,
			     .is_first = true };
	for (size_t i = 0; i < count && puzzle->depth % 2 == 0; i++)
		if (unknown[i]->kind == QUESTION_PATH ||
		    unknown[i]->number != puzzle->outcome.last_skipped)
			part.members[part.count++] = unknown[i];
	if (part.count == 0 || part.count == count) {
		qsort(unknown, count, sizeof(struct question *), question_compare_tolerance);
		part.count = (count + 1) / 2;
		memcpy(part.members, unknown, part.count * sizeof(struct question *));
	}
	search_add(explore, part);
}

/*
 * The next step towards the culprit of a failed group. Who is alone but for members that work made
 * it fail: a verdict in the company of these, which the other replicas check alone.
 */
static void work_on(struct explore *explore, struct puzzle *puzzle)
{
	struct question **unknown = arena_alloc(explore->arena, puzzle->count, sizeof(*unknown));
	size_t count = unknown_of(puzzle, unknown);
	if (count > 1)
		try_part(explore, puzzle, unknown, count);
	else if (count == 1 && explore->replicas > 1)
		question_fail(explore, unknown[0], &puzzle->outcome);
	else if (count == 1)
		search_add_alone(explore, unknown[0], 0);
}

static struct puzzle *next_puzzle(struct explore *explore)
{
	for (struct puzzle *puzzle = explore->puzzles; puzzle != NULL; puzzle = puzzle->next) {
		puzzle->explained |= has_failing(puzzle);
		if (puzzle->replica == 0 && !puzzle->explained && !puzzle->mysterious)
			return puzzle;
	}
	return NULL;
}

/*
 * Looking for culprits one after the other saves trials when other replicas check them, and takes
 * more time than splitting groups in two when trials are short.
 */
static bool is_thrifty(const struct explore *explore)
{
	return explore->replicas > 1 && search_takes_long(explore);
}

/* A first try of many, those most likely to work first. What a filter has no room for comes later. */
static void add_group(struct explore *explore, struct question **members, size_t count)
{
	qsort(members, count, sizeof(struct question *), question_compare_tolerance);
	search_add(explore,
		   (struct test){ .members = members,
				  .count = count < FILTER_MAX_RULES ? count : FILTER_MAX_RULES,
				  .is_first = is_thrifty(explore) });
}

static bool is_open(const struct question *question)
{
	return question->fails == 0 && question->passes + question->group_passes == 0;
}

/*
 * Every step makes a member known, or a failed group smaller: so it ends. Costs about one trial
 * for each failing answer, which is the least, and a few for wrong guesses.
 */
static enum status answer_open(struct explore *explore, enum question_kind kind, uint16_t answer)
{
	enum status status = STATUS_OK;
	while (status == STATUS_OK) {
		struct question **members;
		struct puzzle *puzzle = next_puzzle(explore);
		if (puzzle != NULL) {
			work_on(explore, puzzle);
			puzzle->mysterious = explore->test_count == 0 && !has_failing(puzzle);
		} else {
			size_t count = search_gather(explore, kind, answer, is_open, &members);
			if (count == 0)
				break;
			add_group(explore, members, count);
		}
		status = search_run_list(explore);
	}
	return status;
}

static void ask(struct explore *explore, enum question_kind kind, uint16_t answer)
{
	struct question **members;
	size_t count = search_gather(explore, kind, answer, question_has_not_failed, &members);
	guess_anew(explore, members, count);
	count = search_gather(explore, kind, answer, seems_to_work, &members);
	add_group(explore, members, count);
	count = search_gather(explore, kind, answer, is_unlikely, &members);
	for (size_t i = 0; i < count; i++)
		search_add_alone(explore, members[i], 0);
}

/*
 * Answer by answer where trials take long: what is known of one helps to guess the next. Short
 * ones are better run side by side.
 */
enum status search_first_answers(struct explore *explore, enum question_kind kind)
{
	uint16_t answers[EXPLORE_MAX_MODES];
	size_t answer_count = search_answers(explore, kind, answers);
	enum status status = STATUS_OK;
	for (size_t a = 0; a < answer_count && status == STATUS_OK; a++) {
		ask(explore, kind, answers[a]);
		if (search_takes_long(explore) || a + 1 == answer_count)
			status = search_run_list(explore);
		if (status == STATUS_OK && search_takes_long(explore))
			status = answer_open(explore, kind, answers[a]);
	}
	for (size_t a = 0; a < answer_count && status == STATUS_OK; a++)
		status = answer_open(explore, kind, answers[a]);
	return status;
}
