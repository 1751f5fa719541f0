/* Replicas with and without an answer -> ratios, and which of them are more than noise. */
#include "explore/effects.h"

#include <math.h>
#include <string.h>

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
