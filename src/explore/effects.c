/* Replicas with and without an answer -> ratios, and which of them are more than noise. */
#include "explore/effects.h"

#include <math.h>
#include <string.h>

#include "explore/search.h"

/* Less than this is no effect worth a flag, however steady; of time also in nanoseconds. */
#define SMALLEST_EFFECT 0.03
#define SMALLEST_TIME   20e6

static double value_of(const struct trial_outcome *outcome, enum effect_kind kind)
{
	switch (kind) {
	case EFFECT_TIME:
		return outcome->test_ns > 0 ? (double)outcome->test_ns : NAN;
	case EFFECT_METRIC:
		return outcome->metric;
	case EFFECT_MEMORY:
		return outcome->peak_bytes > 0 ? (double)outcome->peak_bytes : NAN;
	case EFFECT_DESCRIPTORS:
		return outcome->descriptor_count > 0 ? (double)outcome->descriptor_count : NAN;
	case EFFECT_COUNT:
		break;
	}
	return NAN;
}

void measurement_add(struct measurement *measurement, const struct trial_outcome *outcome)
{
	for (int kind = 0; kind < EFFECT_COUNT && outcome->end == TRIAL_PASSED; kind++) {
		double value = value_of(outcome, (enum effect_kind)kind);
		double *values = measurement->values[kind];
		size_t at = measurement->counts[kind];
		if (!isfinite(value) || at == EXPLORE_MAX_REPLICAS)
			continue;
		for (; at > 0 && values[at - 1] > value; at--)
			values[at] = values[at - 1];
		values[at] = value;
		measurement->counts[kind]++;
	}
}

double measurement_median(const struct measurement *measurement, enum effect_kind kind)
{
	size_t count = measurement->counts[kind];
	const double *values = measurement->values[kind];
	if (count == 0)
		return NAN;
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Half the width of the replicas, relative to their median. */
static double width(const struct measurement *measurement, enum effect_kind kind)
{
	const double *values = measurement->values[kind];
	double median = measurement_median(measurement, kind);
	return (values[measurement->counts[kind] - 1] - values[0]) / 2 / median;
}

struct effect measurement_compare(const struct measurement *without, const struct measurement *with,
				  enum effect_kind kind)
{
	struct effect effect = { .ratio = NAN, .spread = NAN };
	double before = measurement_median(without, kind);
	double after = measurement_median(with, kind);
	if (!isfinite(before) || !isfinite(after) || before == 0 || after == 0)
		return effect;
	const double *a = without->values[kind];
	const double *b = with->values[kind];
	bool apart = b[0] > a[without->counts[kind] - 1] || b[with->counts[kind] - 1] < a[0];
	effect.ratio = after / before;
	effect.spread = width(without, kind) + width(with, kind);
	double change = fabs(effect.ratio - 1);
	if (kind == EFFECT_TIME && fabs(after - before) < SMALLEST_TIME)
		apart = false;
	effect.flagged = apart && change > SMALLEST_EFFECT && change > 2 * effect.spread &&
			 without->counts[kind] > 1;
	return effect;
}

/* ---- trials ---- */

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
	enum status status = search_run(explore, tests, count, outcomes);
	memset(without, 0, sizeof(*without));
	memset(with, 0, sizeof(*with));
	for (uint32_t i = 0; i < count && status == STATUS_OK; i++)
		measurement_add(i % 2 == 0 ? without : with, &outcomes[i]);
	return status;
}

enum status search_effects(struct explore *explore)
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
