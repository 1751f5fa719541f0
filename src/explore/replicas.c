/* First answers -> results: more replicas, in other groups; disagreements are settled alone. */
#include <stdlib.h>

#include "explore/search.h"

enum { PUZZLE_RUNS = 2 };

/* xorshift64: the same sequence on every machine, so that memory serves. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void shuffle(struct question **members, size_t count, uint64_t seed)
{
	uint64_t state = seed | 1;
	for (size_t i = count; i > 1; i--) {
		size_t j = next_random(&state) % i;
		struct question *other = members[i - 1];
		members[i - 1] = members[j];
		members[j] = other;
	}
}

static bool has_failed(const struct question *question)
{
	return question->fails > 0;
}

/* Every so many members from the first one on: the columns of a grid with that many. */
static void add_every(struct explore *explore, struct question **members, size_t count,
		      size_t first, size_t step, uint32_t replica)
{
	struct test test = { .members = arena_alloc(explore->arena, count, sizeof(*members)),
			     .replica = replica };
	for (size_t i = first; i < count; i += step)
		test.members[test.count++] = members[i];
	search_add(explore, test);
}

/*
 * What works is laid out in a square. One replica tries its rows, the next its columns: so any two
 * members are apart in one of them, and what one repairs for the other comes out. Further replicas
 * try halves.
 */
static void add_groups(struct explore *explore, struct question **members, size_t count,
		       uint32_t replica)
{
	size_t side = 1;
	while (side * side < count)
		side++;
	uint64_t seed = explore->request->definition->hash;
	shuffle(members, count, replica <= 2 ? seed : seed + replica);
	for (size_t i = 0; i * side < count && replica == 1; i++)
		search_add(explore, (struct test){
					.members = members + i * side,
					.count = side < count - i * side ? side : count - i * side,
					.replica = replica });
	bool last = replica == explore->replicas - 1;
	for (size_t i = 0; i < side && (replica == 2 || (replica == 1 && last)); i++)
		add_every(explore, members, count, i, side, replica);
	for (size_t i = 0; i < 2 && replica > 2; i++)
		add_every(explore, members, count, i, 2, replica);
}

static enum status replicate(struct explore *explore, enum question_kind kind)
{
	uint16_t answers[EXPLORE_MAX_MODES];
	size_t answer_count = search_answers(explore, kind, answers);
	for (uint32_t replica = 1; replica < explore->replicas; replica++)
		for (size_t a = 0; a < answer_count; a++) {
			struct question **members;
			size_t count = search_gather(explore, kind, answers[a],
						     question_has_not_failed, &members);
			add_groups(explore, members, count, replica);
			count = search_gather(explore, kind, answers[a], has_failed, &members);
			for (size_t i = 0; i < count; i++)
				search_add_alone(explore, members[i], replica);
		}
	return search_run_list(explore);
}

static bool is_doubtful(const struct question *question)
{
	return question->doubtful ||
	       (question->fails > 0 && question->passes + question->group_passes > 0);
}

/*
 * A group failed and its parts do not: its members break something together, or one of them does
 * so now and then. If the group works another time it is the latter.
 */
static enum status solve_puzzles(struct explore *explore)
{
	for (struct puzzle *puzzle = explore->puzzles; puzzle != NULL; puzzle = puzzle->next) {
		struct test tests[PUZZLE_RUNS];
		struct trial_outcome outcomes[PUZZLE_RUNS];
		if (puzzle->explained)
			continue;
		for (uint32_t i = 0; i < PUZZLE_RUNS; i++)
			tests[i] = (struct test){ .members = puzzle->members,
						  .count = puzzle->count,
						  .replica = PUZZLE_REPLICA + i };
		enum status status = search_run(explore, tests, PUZZLE_RUNS, outcomes);
		if (status != STATUS_OK)
			return status;
		bool works = false;
		for (uint32_t i = 0; i < PUZZLE_RUNS; i++)
			works |= outcomes[i].end == TRIAL_PASSED;
		for (size_t i = 0; i < puzzle->count && works; i++)
			puzzle->members[i]->doubtful = true;
	}
	explore->puzzles = NULL;
	return STATUS_OK;
}

/* Replicas disagree, or a group hid a failure: alone, as often as there are replicas. */
static enum status settle(struct explore *explore, enum question_kind kind)
{
	uint16_t answers[EXPLORE_MAX_MODES];
	size_t answer_count = search_answers(explore, kind, answers);
	enum status status = solve_puzzles(explore);
	if (status != STATUS_OK)
		return status;
	for (size_t a = 0; a < answer_count; a++) {
		struct question **members;
		size_t count = search_gather(explore, kind, answers[a], is_doubtful, &members);
		for (size_t i = 0; i < count; i++) {
			members[i]->passes = members[i]->fails = 0;
			for (uint32_t replica = 0; replica < explore->replicas; replica++)
				search_add_alone(explore, members[i], replica);
		}
	}
	return search_run_list(explore);
}

static void conclude(struct explore *explore, enum question_kind kind)
{
	for (size_t i = 0; i < explore->question_count; i++) {
		struct question *question = &explore->questions[i];
		if (question->kind != kind || question->implied)
			continue;
		if (question->fails == 0)
			question->result = QUESTION_WORKS;
		else
			question->result = question->passes > 0 ? QUESTION_FLAKY : QUESTION_FAILS;
	}
}

enum status search_replicas(struct explore *explore, enum question_kind kind)
{
	enum status status = replicate(explore, kind);
	if (status == STATUS_OK)
		status = settle(explore, kind);
	if (status == STATUS_OK)
		conclude(explore, kind);
	return status;
}
