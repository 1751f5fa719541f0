/*
 * An exploration, phase by phase:
 *
 *   without rules -> calls (first answers, replicas) -> final set -> side effects
 *                 -> operations -> pseudo-files
 */
#include "explore/explore.h"

#include <stdlib.h>

#include "base/clock.h"
#include "explore/search.h"

enum { SHORT_JOBS_FACTOR = 3 };

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
	struct trial trial = search_trial(explore, &none);
	enum status status =
	    trial_run_observed(explore->request->runner, &trial, explore->arena, &baseline->first,
			       &explore->result->observation, explore->err);
	if (status == STATUS_OK)
		status = judge_baseline(explore, &baseline->first);
	search_count(explore, &baseline->first);
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
	status = search_run(explore, tests + 1, count - 1, outcomes + 1);
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

static enum status answer_all(struct explore *explore, enum question_kind kind)
{
	enum status status = search_first_answers(explore, kind);
	if (kind == QUESTION_CALL)
		explore->result->counts.first_trials = explore->result->counts.trials;
	explore->phase = "replicas";
	if (status == STATUS_OK)
		status = search_replicas(explore, kind);
	return status;
}

/* The making and ending of short trials is mostly waiting, for the kernel's namespaces. */
static void choose_jobs(struct explore *explore)
{
	struct trial_runner *runner = explore->request->runner;
	uint32_t jobs = trial_runner_set_jobs(runner, 1);
	uint32_t factor = search_takes_long(explore) ? 1 : SHORT_JOBS_FACTOR;
	(void)trial_runner_set_jobs(runner, factor * jobs);
}

static enum status explore_kinds(struct explore *explore)
{
	const struct explore_request *request = explore->request;
	explore->phase = "without rules";
	enum status status = run_baseline(explore);
	explore->phase = "syscalls";
	if (status == STATUS_OK) {
		choose_jobs(explore);
		search_ask_calls(explore);
		status = answer_all(explore, QUESTION_CALL);
	}
	if (status == STATUS_OK)
		status = search_final_set(explore);
	if (status == STATUS_OK && request->effects)
		status = search_effects(explore);
	return status;
}

static enum status explore_details(struct explore *explore)
{
	const struct explore_request *request = explore->request;
	enum status status = STATUS_OK;
	if (request->operations) {
		explore->phase = "operations";
		search_ask_operations(explore);
		status = answer_all(explore, QUESTION_OPERATION);
	}
	if (status == STATUS_OK && request->paths) {
		explore->phase = "pseudo-files";
		search_ask_paths(explore);
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
		qsort(sorted, explore.question_count, sizeof(*sorted), question_compare);
	result.questions = sorted;
	result.question_count = explore.question_count;
	*out_result = result;
	return STATUS_OK;
}
