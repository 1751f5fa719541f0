/*
 * The search. A list of tests (a group of questions, a replica) is run as a batch; each result
 * counts for its questions and may put new tests on the list; until the list is empty.
 *
 *   baseline -> calls -> replicas of calls -> operations -> pseudo-files -> final set -> effects
 */
#include "explore/explore.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "explore/effects.h"
#include "explore/interest.h"

enum {
	MAX_RETRIES = 2,      /* of a trial that failed without reaching any of its rules */
	RETRY_REPLICA = 1000, /* replica numbers of retries: past EXPLORE_MAX_REPLICAS */
	PUZZLE_REPLICA = 10000,
	PUZZLE_RUNS = 2,
	EFFECT_REPLICA = 1000000,
	SHORT_NS = 30 * 1000 * 1000,
	SHORT_JOBS_FACTOR = 3,
	HALVE_EVERY = 3, /* of the splits one is by halves, lest suspicion err for ever */
};

/*
 * How long a trial may take: four times the slowest run without rules, and for short ones, which
 * suffer most from a busy machine, ten times and a little.
 */
#define LIMIT_FACTOR             4
#define LIMIT_FACTOR_SHORT       10
#define LIMIT_EXTRA_SECONDS      0.1
#define LIMIT_MOST_EXTRA_SECONDS 0.4

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

/* ---- rules ---- */

static int compare_questions(const void *left, const void *right)
{
	const struct question *a = left;
	const struct question *b = right;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == QUESTION_PATH && strcmp(a->path, b->path) != 0)
		return strcmp(a->path, b->path);
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	return (a->answer > b->answer) - (a->answer < b->answer);
}

static int compare_pointers(const void *left, const void *right)
{
	return compare_questions(*(const struct question *const *)left,
				 *(const struct question *const *)right);
}

static void append_rule(struct buffer *text, const struct question *question)
{
	if (text->size_bytes > 0)
		buffer_append_string(text, " ");
	if (question->kind == QUESTION_PATH)
		buffer_printf(text, "%s=%s", question->path,
			      question->answer == PATH_HIDDEN ? "hidden" : "empty");
	else if (question->kind == QUESTION_OPERATION)
		buffer_printf(text, "%" PRIu32 "/%#" PRIx64 "=%u", question->number,
			      question->value, question->answer);
	else
		buffer_printf(text, "%" PRIu32 "=%u", question->number, question->answer);
}

const char *explore_rules_text(const struct question *const *questions, size_t count,
			       struct arena *arena)
{
	const struct question **sorted =
	    arena_copy(arena, questions, count, sizeof(*sorted)); // NOLINT: pointers
	struct buffer text = { 0 };
	if (count > 0)
		qsort(sorted, count, sizeof(*sorted), compare_pointers);
	for (size_t i = 0; i < count; i++)
		append_rule(&text, sorted[i]);
	const char *copy = arena_string(arena, buffer_string(&text));
	buffer_finish(&text);
	return copy;
}

static double limit_of(double longest_seconds)
{
	double extra = (LIMIT_FACTOR_SHORT - LIMIT_FACTOR) * longest_seconds + LIMIT_EXTRA_SECONDS;
	return LIMIT_FACTOR * longest_seconds +
	       (extra < LIMIT_MOST_EXTRA_SECONDS ? extra : LIMIT_MOST_EXTRA_SECONDS);
}

static struct trial trial_of(struct explore *explore, const struct test *test)
{
	struct filter_rule *rules = arena_alloc(explore->arena, test->count, sizeof(*rules));
	struct path_rule *paths = arena_alloc(explore->arena, test->count, sizeof(*paths));
	const struct explore_baseline *baseline = &explore->result->baseline;
	const struct definition *definition = explore->request->definition;
	struct trial trial = { .definition = definition,
			       .rules = rules,
			       .path_rules = paths,
			       .limit_seconds = definition->limit_seconds };
	for (size_t i = 0; i < test->count; i++) {
		const struct question *question = test->members[i];
		if (question->kind == QUESTION_PATH)
			paths[trial.path_rule_count++] =
			    (struct path_rule){ question->path,
						(enum path_answer)question->answer };
		else
			rules[trial.rule_count++] = (struct filter_rule){
				.number = question->number,
				.one_operation = question->kind == QUESTION_OPERATION,
				.value = question->value,
				.answer = question->answer,
			};
	}
	if (test->count == 0)
		return trial;
	double limit = limit_of((double)baseline->longest_ns / (double)CLOCK_NS_PER_SECOND);
	if (trial.path_rule_count > 0)
		limit *= 10; /* every call stops at the tracer */
	if (limit < trial.limit_seconds)
		trial.limit_seconds = limit;
	trial.crashes_allowed = baseline->first.crash_count;
	if (definition->success.same_output)
		trial.output_hash = baseline->first.output_hash;
	return trial;
}

/* ---- batches ---- */

struct batch {
	struct explore *explore;
	const struct test *tests;
	const char **texts;
	size_t *places; /* of the running trials among the tests */
	enum status kept;
};

static void tell_progress(struct explore *explore, size_t left)
{
	const struct explore_request *request = explore->request;
	const struct explore_counts *counts = &explore->result->counts;
	if (request->progress == NULL)
		return;
	double each = counts->trials == counts->reused
			  ? 0
			  : (double)counts->wall_ns / (double)CLOCK_NS_PER_SECOND /
				(double)(counts->trials - counts->reused);
	struct explore_progress progress = { explore->phase, counts->trials, left + explore->later,
					     each * (double)(left + explore->later) };
	request->progress(request->progress_context, &progress);
}

static void count_trial(struct explore *explore, const struct trial_outcome *outcome)
{
	struct explore_counts *counts = &explore->result->counts;
	counts->trials++;
	counts->test_ns += outcome->test_ns > 0 ? outcome->test_ns : outcome->wall_ns;
	counts->total_ns += outcome->total_ns;
}

static void trial_ended(void *context, size_t index, const struct trial_outcome *outcome)
{
	struct batch *batch = context;
	struct explore *explore = batch->explore;
	const struct explore_memory *memory = &explore->request->memory;
	size_t place = batch->places[index];
	count_trial(explore, outcome);
	tell_progress(explore, 0);
	if (batch->kept == STATUS_OK && memory->keep != NULL && outcome->end != TRIAL_BROKEN)
		batch->kept = memory->keep(memory->context, batch->texts[place],
					   batch->tests[place].replica, outcome, explore->err);
}

static enum status run_missing(struct explore *explore, struct batch *batch,
			       const struct trial *trials, size_t count,
			       struct trial_outcome *outcomes)
{
	struct trial_outcome *fresh = arena_alloc(explore->arena, count, sizeof(*fresh));
	uint64_t start_ns = clock_now_ns();
	enum status status = trial_run_all(explore->request->runner, trials, count, trial_ended,
					   batch, fresh, explore->err);
	explore->result->counts.wall_ns += clock_now_ns() - start_ns;
	if (status == STATUS_OK)
		status = batch->kept;
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		outcomes[batch->places[i]] = fresh[i];
		if (fresh[i].end == TRIAL_BROKEN)
			status = error_set(explore->err, STATUS_IO, ERROR_NO_OFF,
					   "a trial could not be made: %.180s", fresh[i].text);
	}
	return status;
}

/* Outcomes of tests, from memory where it has them. */
static enum status run_tests(struct explore *explore, const struct test *tests, size_t count,
			     struct trial_outcome *out_outcomes)
{
	const struct explore_memory *memory = &explore->request->memory;
	struct batch batch = {
		.explore = explore,
		.tests = tests,
		.texts = arena_alloc(explore->arena, count, sizeof(*batch.texts)),
		.places = arena_alloc(explore->arena, count, sizeof(*batch.places)),
	};
	struct trial *trials = arena_alloc(explore->arena, count, sizeof(*trials));
	size_t missing = 0;
	for (size_t i = 0; i < count; i++) {
		batch.texts[i] =
		    explore_rules_text((const struct question *const *)tests[i].members,
				       tests[i].count, explore->arena);
		if (memory->find != NULL && memory->find(memory->context, batch.texts[i],
							 tests[i].replica, &out_outcomes[i])) {
			explore->result->counts.reused++;
			count_trial(explore, &out_outcomes[i]);
			continue;
		}
		batch.places[missing] = i;
		trials[missing++] = trial_of(explore, &tests[i]);
	}
	tell_progress(explore, missing);
	return run_missing(explore, &batch, trials, missing, out_outcomes);
}

/* ---- one test's result ---- */

static void add_test(struct explore *explore, struct test test)
{
	if (test.count == 0)
		return;
	if (explore->test_count == explore->test_capacity)
		explore->tests = arena_grow(explore->arena, explore->tests, explore->test_count,
					    sizeof(*explore->tests), &explore->test_capacity);
	explore->tests[explore->test_count++] = test;
}

static void add_alone(struct explore *explore, struct question *question, uint32_t replica)
{
	struct question **members = arena_alloc(explore->arena, 1, sizeof(*members));
	members[0] = question;
	add_test(explore, (struct test){ .members = members, .count = 1, .replica = replica });
}

/* Where nobody observed skips, everything counts as reached. */
static bool is_reached(const struct question *question, const struct trial_outcome *outcome)
{
	return question->kind == QUESTION_PATH || !outcome->knows_skipped ||
	       trial_set_has(outcome->skipped, question->number);
}

static bool is_known_to_work(const struct question *question)
{
	return question->fails == 0 && question->passes + question->group_passes > 0;
}

static void count_failure(struct explore *explore, struct question *question,
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
		add_test(explore, one);
	add_test(explore, other);
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
		add_test(explore, again);
		return;
	}
	if (test->puzzle != NULL)
		test->puzzle->explained = true;
	if (test->count == 1) {
		count_failure(explore, test->members[0], outcome);
		return;
	}
	if (reached_count == 1) {
		for (size_t i = 0; i < test->count; i++)
			if (reached[i])
				count_failure(explore, test->members[i], outcome);
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

static enum status run_list(struct explore *explore)
{
	while (explore->test_count > 0) {
		struct test *tests = explore->tests;
		size_t count = explore->test_count;
		struct trial_outcome *outcomes =
		    arena_alloc(explore->arena, count, sizeof(*outcomes));
		explore->tests = NULL;
		explore->test_count = explore->test_capacity = 0;
		enum status status = run_tests(explore, tests, count, outcomes);
		if (status != STATUS_OK)
			return status;
		for (size_t i = 0; i < count; i++)
			take_outcome(explore, &tests[i], &outcomes[i]);
	}
	return STATUS_OK;
}

/* ---- questions ---- */

static void add_question(struct explore *explore, struct question question)
{
	const struct explore_request *request = explore->request;
	question.tolerance = request->tolerance == NULL || question.kind == QUESTION_PATH
				 ? 1
				 : request->tolerance(request->tolerance_context, question.number,
						      question.answer, QUESTION_OPEN);
	for (size_t i = 0; i < EFFECT_COUNT; i++)
		question.effects[i] = (struct effect){ .ratio = NAN, .spread = NAN };
	if (explore->question_count == explore->question_capacity)
		explore->questions =
		    arena_grow(explore->arena, explore->questions, explore->question_count,
			       sizeof(*explore->questions), &explore->question_capacity);
	explore->questions[explore->question_count++] = question;
}

static const struct question *find_call(const struct explore *explore, uint32_t number,
					uint16_t answer)
{
	for (size_t i = 0; i < explore->question_count; i++) {
		const struct question *question = &explore->questions[i];
		if (question->kind == QUESTION_CALL && question->number == number &&
		    question->answer == answer)
			return question;
	}
	return NULL;
}

static void ask_calls(struct explore *explore)
{
	for (size_t a = 0; a < explore->request->answer_count; a++)
		for (uint32_t number = 0; number < OBSERVER_MAX_NUMBERS; number++)
			if (trial_set_has(explore->result->baseline.used, number))
				add_question(explore, (struct question){
							  .kind = QUESTION_CALL,
							  .number = number,
							  .answer = explore->request->answers[a] });
}

/* What works for a whole call works for each of its operations: those are not tried. */
static void ask_operations(struct explore *explore)
{
	const struct observation *seen = &explore->result->observation;
	for (size_t a = 0; a < explore->request->answer_count; a++)
		for (size_t i = 0; i < seen->operation_count; i++) {
			const struct question *whole = find_call(
			    explore, seen->operations[i].number, explore->request->answers[a]);
			bool works = whole != NULL && whole->result == QUESTION_WORKS;
			add_question(explore, (struct question){
						  .kind = QUESTION_OPERATION,
						  .number = seen->operations[i].number,
						  .value = seen->operations[i].value,
						  .answer = explore->request->answers[a],
						  .result = works ? QUESTION_WORKS : QUESTION_OPEN,
						  .implied = works });
		}
}

static void ask_paths(struct explore *explore)
{
	const struct observation *seen = &explore->result->observation;
	for (int answer = PATH_HIDDEN; answer <= PATH_EMPTY; answer++)
		for (size_t i = 0; i < seen->path_count; i++)
			add_question(explore, (struct question){ .kind = QUESTION_PATH,
								 .path = seen->paths[i].path,
								 .answer = (uint16_t)answer });
}

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

static int compare_tolerance(const void *left, const void *right)
{
	const struct question *a = *(const struct question *const *)left;
	const struct question *b = *(const struct question *const *)right;
	if (a->tolerance != b->tolerance)
		return a->tolerance > b->tolerance ? -1 : 1;
	return compare_questions(a, b);
}

/* Open questions of a kind and answer for which `wanted` holds. */
static size_t gather(struct explore *explore, enum question_kind kind, uint16_t answer,
		     bool (*wanted)(const struct question *), struct question ***out_members)
{
	struct question **members =
	    arena_alloc(explore->arena, explore->question_count, sizeof(*members));
	size_t count = 0;
	for (size_t i = 0; i < explore->question_count; i++) {
		struct question *question = &explore->questions[i];
		if (question->kind == kind && question->answer == answer && !question->implied &&
		    wanted(question))
			members[count++] = question;
	}
	*out_members = members;
	return count;
}

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

static bool has_not_failed(const struct question *question)
{
	return question->fails == 0;
}

static bool has_failed(const struct question *question)
{
	return question->fails > 0;
}

/* The answers of a kind: 0 to count. */
static size_t answers_of(const struct explore *explore, enum question_kind kind,
			 uint16_t *out_answers)
{
	if (kind == QUESTION_PATH) {
		out_answers[0] = PATH_HIDDEN;
		out_answers[1] = PATH_EMPTY;
		return 2;
	}
	memcpy(out_answers, explore->request->answers, sizeof(explore->request->answers));
	return explore->request->answer_count;
}

/* ---- the first answers ---- */

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
		return is_known_to_work(stub) ? QUESTION_WORKS : QUESTION_OPEN;
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
		if (!is_known_to_work(puzzle->members[i]))
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
		qsort(unknown, count, sizeof(struct question *), compare_tolerance);
		part.count = (count + 1) / 2;
		memcpy(part.members, unknown, part.count * sizeof(struct question *));
	}
	add_test(explore, part);
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
		count_failure(explore, unknown[0], &puzzle->outcome);
	else if (count == 1)
		add_alone(explore, unknown[0], 0);
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
			size_t count = gather(explore, kind, answer, is_open, &members);
			if (count == 0)
				break;
			qsort(members, count, sizeof(struct question *), compare_tolerance);
			add_test(
			    explore,
			    (struct test){ .members = members, .count = count, .is_first = true });
		}
		status = run_list(explore);
	}
	return status;
}

static enum status first_answers(struct explore *explore, enum question_kind kind)
{
	uint16_t answers[EXPLORE_MAX_MODES];
	size_t answer_count = answers_of(explore, kind, answers);
	enum status status = STATUS_OK;
	for (size_t a = 0; a < answer_count && status == STATUS_OK; a++) {
		struct question **members;
		size_t count = gather(explore, kind, answers[a], has_not_failed, &members);
		guess_anew(explore, members, count);
		count = gather(explore, kind, answers[a], seems_to_work, &members);
		qsort(members, count, sizeof(struct question *), compare_tolerance);
		add_test(explore,
			 (struct test){ .members = members, .count = count, .is_first = true });
		count = gather(explore, kind, answers[a], is_unlikely, &members);
		for (size_t i = 0; i < count; i++)
			add_alone(explore, members[i], 0);
		status = run_list(explore);
		if (status == STATUS_OK)
			status = answer_open(explore, kind, answers[a]);
	}
	return status;
}

/* ---- replicas ---- */

/* Every so many members from the first one on: the columns of a grid with that many. */
static void add_every(struct explore *explore, struct question **members, size_t count,
		      size_t first, size_t step, uint32_t replica)
{
	struct test test = { .members = arena_alloc(explore->arena, count, sizeof(*members)),
			     .replica = replica };
	for (size_t i = first; i < count; i += step)
		test.members[test.count++] = members[i];
	add_test(explore, test);
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
		add_test(explore,
			 (struct test){ .members = members + i * side,
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
	size_t answer_count = answers_of(explore, kind, answers);
	for (uint32_t replica = 1; replica < explore->replicas; replica++)
		for (size_t a = 0; a < answer_count; a++) {
			struct question **members;
			size_t count = gather(explore, kind, answers[a], has_not_failed, &members);
			add_groups(explore, members, count, replica);
			count = gather(explore, kind, answers[a], has_failed, &members);
			for (size_t i = 0; i < count; i++)
				add_alone(explore, members[i], replica);
		}
	return run_list(explore);
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
		enum status status = run_tests(explore, tests, PUZZLE_RUNS, outcomes);
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
	size_t answer_count = answers_of(explore, kind, answers);
	enum status status = solve_puzzles(explore);
	if (status != STATUS_OK)
		return status;
	for (size_t a = 0; a < answer_count; a++) {
		struct question **members;
		size_t count = gather(explore, kind, answers[a], is_doubtful, &members);
		for (size_t i = 0; i < count; i++) {
			members[i]->passes = members[i]->fails = 0;
			for (uint32_t replica = 0; replica < explore->replicas; replica++)
				add_alone(explore, members[i], replica);
		}
	}
	return run_list(explore);
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

static enum status answer_all(struct explore *explore, enum question_kind kind)
{
	enum status status = first_answers(explore, kind);
	if (kind == QUESTION_CALL)
		explore->result->counts.first_trials = explore->result->counts.trials;
	explore->phase = "replicas";
	if (status == STATUS_OK)
		status = replicate(explore, kind);
	if (status == STATUS_OK)
		status = settle(explore, kind);
	if (status == STATUS_OK)
		conclude(explore, kind);
	return status;
}

/* ---- without rules ---- */

static enum status judge_baseline(struct explore *explore, const struct trial_outcome *outcome)
{
	if (outcome->end == TRIAL_PASSED)
		return STATUS_OK;
	return error_set(explore->err, STATUS_UNSUPPORTED, ERROR_NO_OFF,
			 "the workload does not work as it is: %s: %.180s",
			 trial_end_name(outcome->end), outcome->text);
}

static enum status observe_first(struct explore *explore)
{
	struct explore_baseline *baseline = &explore->result->baseline;
	struct test none = { 0 };
	struct trial trial = trial_of(explore, &none);
	enum status status =
	    trial_run_observed(explore->request->runner, &trial, explore->arena, &baseline->first,
			       &explore->result->observation, explore->err);
	if (status == STATUS_OK)
		status = judge_baseline(explore, &baseline->first);
	count_trial(explore, &baseline->first);
	return status;
}

static enum status run_baseline(struct explore *explore)
{
	struct explore_baseline *baseline = &explore->result->baseline;
	uint32_t count = explore->replicas;
	struct trial_outcome *outcomes = arena_alloc(explore->arena, count, sizeof(*outcomes));
	struct test *tests = arena_alloc(explore->arena, count, sizeof(*tests));
	enum status status = observe_first(explore);
	if (status != STATUS_OK)
		return status;
	outcomes[0] = baseline->first;
	for (uint32_t i = 1; i < count; i++)
		tests[i].replica = i;
	status = run_tests(explore, tests + 1, count - 1, outcomes + 1);
	for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
		status = judge_baseline(explore, &outcomes[i]);
		if (outcomes[i].wall_ns > baseline->longest_ns)
			baseline->longest_ns = outcomes[i].wall_ns;
		if (i > 0 && !outcomes[i].knows_skipped)
			continue; /* nobody observed it */
		for (size_t word = 0; word < TRIAL_SET_WORDS; word++) {
			if (i > 0)
				baseline->unsteady[word] |=
				    baseline->used[word] ^ outcomes[i].entered[word];
			baseline->used[word] |= outcomes[i].entered[word];
		}
	}
	return status;
}

/* ---- the final set ---- */

struct mix {
	struct question **members;
	size_t count;
	struct question **left_out;
	size_t left_out_count;
};

/* One answer per call: ENOSYS is more honest than a success, so it goes before. */
static void choose_mix(struct explore *explore, struct mix *mix)
{
	mix->members = arena_alloc(explore->arena, explore->question_count, sizeof(*mix->members));
	mix->left_out =
	    arena_alloc(explore->arena, explore->question_count, sizeof(*mix->left_out));
	for (size_t i = 0; i < explore->question_count; i++) {
		struct question *question = &explore->questions[i];
		if (question->kind != QUESTION_CALL || question->result != QUESTION_WORKS ||
		    (question->answer != ENOSYS && question->answer != 0))
			continue;
		const struct question *stub = find_call(explore, question->number, ENOSYS);
		if (question->answer == 0 && stub != NULL && stub->result == QUESTION_WORKS)
			continue;
		mix->members[mix->count++] = question;
	}
	if (mix->count > 0)
		qsort(mix->members, mix->count, sizeof(struct question *), compare_tolerance);
}

/* All replicas with the first `count` members. */
static enum status try_mix(struct explore *explore, const struct mix *mix, size_t count,
			   uint32_t replicas, bool *out_works)
{
	struct test *tests = arena_alloc(explore->arena, replicas, sizeof(*tests));
	struct trial_outcome *outcomes = arena_alloc(explore->arena, replicas, sizeof(*outcomes));
	for (uint32_t i = 0; i < replicas; i++)
		tests[i] = (struct test){ .members = mix->members, .count = count, .replica = i };
	enum status status = run_tests(explore, tests, replicas, outcomes);
	*out_works = true;
	for (uint32_t i = 0; i < replicas && status == STATUS_OK; i++)
		*out_works &= outcomes[i].end == TRIAL_PASSED;
	return status;
}

/* The smallest number of members that fails; without members it works. */
static enum status find_breaking(struct explore *explore, const struct mix *mix, size_t *out_count)
{
	size_t works = 0;
	size_t fails = mix->count;
	while (fails - works > 1) {
		size_t middle = works + (fails - works) / 2;
		bool good;
		enum status status = try_mix(explore, mix, middle, 1, &good);
		if (status != STATUS_OK)
			return status;
		if (good)
			works = middle;
		else
			fails = middle;
	}
	*out_count = fails;
	return STATUS_OK;
}

/* Gives a member its other answer where that works, else leaves it out. */
static void change_member(struct explore *explore, struct mix *mix, size_t index)
{
	struct question *member = mix->members[index];
	const struct question *fake = find_call(explore, member->number, 0);
	mix->left_out[mix->left_out_count++] = member;
	if (member->answer == ENOSYS && fake != NULL && fake->result == QUESTION_WORKS) {
		mix->members[index] = &explore->questions[fake - explore->questions];
		return;
	}
	memmove(&mix->members[index], &mix->members[index + 1],
		(mix->count - index - 1) * sizeof(struct question *));
	mix->count--;
}

static enum status find_mix(struct explore *explore)
{
	struct mix mix = { 0 };
	bool works = false;
	explore->phase = "final set";
	choose_mix(explore, &mix);
	while (mix.count > 0) {
		size_t breaking = 0;
		enum status status = try_mix(explore, &mix, mix.count, explore->replicas, &works);
		if (status == STATUS_OK && !works)
			status = find_breaking(explore, &mix, &breaking);
		if (status != STATUS_OK)
			return status;
		if (works)
			break;
		change_member(explore, &mix, breaking - 1);
	}
	struct explore_result *result = explore->result;
	result->mixed = (const struct question *const *)mix.members;
	result->mixed_count = mix.count;
	result->mixed_left_out = (const struct question *const *)mix.left_out;
	result->mixed_left_out_count = mix.left_out_count;
	result->mixed_replicas = works ? explore->replicas : 0;
	if (mix.count > 0)
		qsort(mix.members, mix.count, sizeof(struct question *), compare_pointers);
	return STATUS_OK;
}

/* ---- side effects ---- */

/*
 * Runs with and without the answer in turn, one at a time: so both see the same machine.
 *
 * index   of the question: its runs without have replica numbers of their own
 */
static enum status measure(struct explore *explore, struct question *question, size_t index,
			   struct measurement *without, struct measurement *with)
{
	uint32_t count = 2 * explore->replicas;
	struct test *tests = arena_alloc(explore->arena, count, sizeof(*tests));
	struct trial_outcome *outcomes = arena_alloc(explore->arena, count, sizeof(*outcomes));
	struct question **members = arena_alloc(explore->arena, 1, sizeof(*members));
	members[0] = question;
	for (uint32_t i = 0; i < count; i++)
		tests[i] =
		    (struct test){ .members = members,
				   .count = i % 2,
				   .replica = (uint32_t)(EFFECT_REPLICA + index * count + i) };
	enum status status = run_tests(explore, tests, count, outcomes);
	memset(without, 0, sizeof(*without));
	memset(with, 0, sizeof(*with));
	for (uint32_t i = 0; i < count && status == STATUS_OK; i++)
		measurement_add(i % 2 == 0 ? without : with, &outcomes[i]);
	return status;
}

static enum status measure_effects(struct explore *explore)
{
	/* too large for the stack of a thread */
	struct measurement *without = arena_alloc(explore->arena, 2, sizeof(*without));
	struct measurement *with = without + 1;
	explore->phase = "side effects";
	uint32_t jobs = trial_runner_set_jobs(explore->request->runner, 1);
	enum status status = STATUS_OK;
	for (size_t i = 0; i < explore->question_count && status == STATUS_OK; i++) {
		struct question *question = &explore->questions[i];
		if (question->kind != QUESTION_CALL || question->result != QUESTION_WORKS ||
		    !question->reached)
			continue;
		explore->later = (explore->question_count - i - 1) * 2 * explore->replicas;
		status = measure(explore, question, i, without, with);
		for (int kind = 0; kind < EFFECT_COUNT && status == STATUS_OK; kind++)
			question->effects[kind] =
			    measurement_compare(without, with, (enum effect_kind)kind);
	}
	explore->later = 0;
	(void)trial_runner_set_jobs(explore->request->runner, jobs);
	return status;
}

/* ---- all ---- */

/* The making and ending of short trials is mostly waiting, for the kernel's namespaces. */
static void choose_jobs(struct explore *explore)
{
	struct trial_runner *runner = explore->request->runner;
	uint32_t jobs = trial_runner_set_jobs(runner, 1);
	bool is_short = explore->result->baseline.longest_ns < SHORT_NS;
	(void)trial_runner_set_jobs(runner, is_short ? SHORT_JOBS_FACTOR * jobs : jobs);
}

static enum status explore_kinds(struct explore *explore)
{
	const struct explore_request *request = explore->request;
	explore->phase = "without rules";
	enum status status = run_baseline(explore);
	explore->phase = "syscalls";
	if (status == STATUS_OK) {
		choose_jobs(explore);
		ask_calls(explore);
		status = answer_all(explore, QUESTION_CALL);
	}
	if (status == STATUS_OK)
		status = find_mix(explore);
	if (status == STATUS_OK && request->effects)
		status = measure_effects(explore);
	return status;
}

static enum status explore_details(struct explore *explore)
{
	const struct explore_request *request = explore->request;
	enum status status = STATUS_OK;
	if (request->operations) {
		explore->phase = "operations";
		ask_operations(explore);
		status = answer_all(explore, QUESTION_OPERATION);
	}
	if (status == STATUS_OK && request->paths) {
		explore->phase = "pseudo-files";
		ask_paths(explore);
		status = answer_all(explore, QUESTION_PATH);
	}
	return status;
}

enum status explore(const struct explore_request *request, struct arena *arena,
		    struct explore_result *out_result, struct error *err)
{
	uint32_t replicas =
	    request->replicas != 0 ? request->replicas : request->definition->replicas;
	struct explore_result result = { 0 };
	struct explore explore = { .request = request,
				   .arena = arena,
				   .result = &result,
				   .replicas = replicas,
				   .err = err };
	enum status status = explore_kinds(&explore);
	if (status == STATUS_OK)
		status = explore_details(&explore);
	if (status != STATUS_OK)
		return status;
	struct question *sorted =
	    arena_copy(arena, explore.questions, explore.question_count,
		       sizeof(*sorted)); /* the final set points to the others */
	if (explore.question_count > 0)
		qsort(sorted, explore.question_count, sizeof(*sorted), compare_questions);
	result.questions = sorted;
	result.question_count = explore.question_count;
	*out_result = result;
	return STATUS_OK;
}
