/* Tests -> trials -> outcomes, by running them or from memory. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "explore/search.h"

enum { SHORT_NS = 30 * 1000 * 1000 };

/*
 * How long a trial may take: four times the slowest run without rules, and for short ones, which
 * suffer most from a busy machine, ten times and a little.
 */
#define LIMIT_FACTOR             4
#define LIMIT_FACTOR_SHORT       10
#define LIMIT_EXTRA_SECONDS      0.1
#define LIMIT_MOST_EXTRA_SECONDS 0.4

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
		qsort(sorted, count, sizeof(*sorted), question_compare_pointers);
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

struct trial search_trial(struct explore *explore, const struct test *test)
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

void search_count(struct explore *explore, const struct trial_outcome *outcome)
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
	search_count(explore, outcome);
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

bool search_takes_long(const struct explore *explore)
{
	return explore->result->baseline.longest_ns >= SHORT_NS;
}

/* Outcomes of tests, from memory where it has them. */
enum status search_run(struct explore *explore, const struct test *tests, size_t count,
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
			search_count(explore, &out_outcomes[i]);
			continue;
		}
		batch.places[missing] = i;
		trials[missing++] = search_trial(explore, &tests[i]);
	}
	tell_progress(explore, missing);
	return run_missing(explore, &batch, trials, missing, out_outcomes);
}
