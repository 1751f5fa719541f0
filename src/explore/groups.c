/* One test's outcome -> what it says of its members, and which tests come next. */
#include <stdlib.h>

#include "explore/search.h"

enum {
	MAX_RETRIES = 2, /* of a trial that failed without reaching any of its rules */
	HALVE_EVERY = 3, /* of the splits one is by halves, lest suspicion err for ever */
};

void search_add(struct explore *explore, struct test test)
{
	if (test.count == 0)
		return;
	if (explore->test_count == explore->test_capacity)
		explore->tests = arena_grow(explore->arena, explore->tests, explore->test_count,
					    sizeof(*explore->tests), &explore->test_capacity);
	explore->tests[explore->test_count++] = test;
}

void search_add_alone(struct explore *explore, struct question *question, uint32_t replica)
{
	struct question **members = arena_alloc(explore->arena, 1, sizeof(*members));
	members[0] = question;
	search_add(explore, (struct test){ .members = members, .count = 1, .replica = replica });
}

/* Where nobody observed skips, everything counts as reached. */
static bool is_reached(const struct question *question, const struct trial_outcome *outcome)
{
	return question->kind == QUESTION_PATH || !outcome->knows_skipped ||
	       trial_set_has(outcome->skipped, question->number);
}

bool question_works(const struct question *question)
{
	return question->fails == 0 && question->passes + question->group_passes > 0;
}

void question_fail(struct explore *explore, struct question *question,
		   const struct trial_outcome *outcome)
{
	question->reached = true;
	if (question->fails++ > 0)
		return;
	question->end = outcome->end;
	question->reason = arena_string(explore->arena, outcome->text);
}

/* Parts members: those for which `first` holds come first. Returns how many these are. */
static size_t part(struct explore *explore, const struct test *test, const bool *first,
		   struct question ***out_first, struct question ***out_rest)
{
	size_t counts[2] = { 0, 0 };
	struct question **lists[2];
	for (int i = 0; i < 2; i++)
		lists[i] = arena_alloc(explore->arena, test->count, sizeof(**lists));
	for (size_t i = 0; i < test->count; i++)
		lists[!first[i]][counts[!first[i]]++] = test->members[i];
	*out_first = lists[0];
	*out_rest = lists[1];
	return counts[0];
}

static void add_parts(struct explore *explore, const struct test *test, const bool *first,
		      bool with_first)
{
	struct test one = *test;
	struct test other = *test;
	one.depth = other.depth = test->depth + 1;
	one.retries = other.retries = 0;
	one.count = part(explore, test, first, &one.members, &other.members);
	other.count = test->count - one.count;
	if (with_first)
		search_add(explore, one);
	search_add(explore, other);
}

static void take_success(struct explore *explore, const struct test *test, const bool *reached,
			 size_t reached_count)
{
	for (size_t i = 0; i < test->count; i++) {
		struct question *question = test->members[i];
		question->reached |= reached[i];
		if (test->count == 1)
			question->passes += reached[i];
		question->group_passes += test->count > 1 || !reached[i];
	}
	/* the others may have been hidden by these, and were not tried */
	if (reached_count > 0 && reached_count < test->count) {
		for (size_t i = 0; i < test->count; i++)
			if (!reached[i])
				test->members[i]->group_passes--;
		if (!test->is_first)
			add_parts(explore, test, reached, false);
	}
}

/* Which members to try apart: the call that was reached last, else one half. */
static void choose_suspects(const struct test *test, const struct trial_outcome *outcome,
			    bool *out_first)
{
	bool by_half = outcome->last_skipped == UINT32_MAX || test->depth % HALVE_EVERY == 2 ||
		       test->members[0]->kind == QUESTION_PATH;
	size_t chosen = 0;
	for (size_t i = 0; i < test->count && !by_half; i++) {
		out_first[i] = test->members[i]->number == outcome->last_skipped;
		chosen += out_first[i];
	}
	if (chosen > 0 && chosen < test->count)
		return;
	for (size_t i = 0; i < test->count; i++)
		out_first[i] = i < test->count / 2;
}

static struct puzzle *add_puzzle(struct explore *explore, const struct test *test,
				 const struct trial_outcome *outcome, const bool *reached,
				 size_t reached_count)
{
	struct puzzle *puzzle = arena_alloc(explore->arena, 1, sizeof(*puzzle));
	puzzle->members = arena_alloc(explore->arena, reached_count, sizeof(*puzzle->members));
	for (size_t i = 0; i < test->count; i++)
		if (reached[i])
			puzzle->members[puzzle->count++] = test->members[i];
	puzzle->replica = test->replica;
	puzzle->depth = test->depth;
	puzzle->outcome = *outcome;
	puzzle->next = explore->puzzles;
	explore->puzzles = puzzle;
	return puzzle;
}

static void take_failure(struct explore *explore, const struct test *test,
			 const struct trial_outcome *outcome, bool *reached, size_t reached_count)
{
	if (reached_count == 0 && test->retries < MAX_RETRIES) {
		struct test again = *test;
		again.retries++;
		again.replica += RETRY_REPLICA;
		search_add(explore, again);
		return;
	}
	if (test->puzzle != NULL)
		test->puzzle->explained = true;
	if (test->count == 1) {
		question_fail(explore, test->members[0], outcome);
		return;
	}
	if (reached_count == 1) {
		for (size_t i = 0; i < test->count; i++)
			if (reached[i])
				question_fail(explore, test->members[i], outcome);
		if (!test->is_first)
			add_parts(explore, test, reached, false);
		return;
	}
	if (reached_count == 0) /* nobody can tell */
		for (size_t i = 0; i < test->count; i++)
			reached[reached_count++] = true;
	struct test group = *test;
	group.puzzle = add_puzzle(explore, test, outcome, reached, reached_count);
	if (test->is_first)
		return; /* answer_open goes on */
	choose_suspects(test, outcome, reached);
	add_parts(explore, &group, reached, true);
}

static void take_outcome(struct explore *explore, const struct test *test,
			 const struct trial_outcome *outcome)
{
	bool *reached = arena_alloc(explore->arena, test->count, sizeof(*reached));
	size_t reached_count = 0;
	for (size_t i = 0; i < test->count; i++) {
		reached[i] = is_reached(test->members[i], outcome);
		reached_count += reached[i];
	}
	if (outcome->end == TRIAL_PASSED)
		take_success(explore, test, reached, reached_count);
	else
		take_failure(explore, test, outcome, reached, reached_count);
}

enum status search_run_list(struct explore *explore)
{
	while (explore->test_count > 0) {
		struct test *tests = explore->tests;
		size_t count = explore->test_count;
		struct trial_outcome *outcomes =
		    arena_alloc(explore->arena, count, sizeof(*outcomes));
		explore->tests = NULL;
		explore->test_count = explore->test_capacity = 0;
		enum status status = search_run(explore, tests, count, outcomes);
		if (status != STATUS_OK)
			return status;
		for (size_t i = 0; i < count; i++)
			take_outcome(explore, &tests[i], &outcomes[i]);
	}
	return STATUS_OK;
}
