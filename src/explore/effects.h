#pragma once

#include "explore/explore.h"

/* What replicas of one trial measured; zeroed: nothing yet. */
struct measurement {
	double values[EFFECT_COUNT][EXPLORE_MAX_REPLICAS]; /* ascending */
	size_t counts[EFFECT_COUNT];                       /* of known values */
};

/* Only a trial that passed counts. */
void measurement_add(struct measurement *measurement, const struct trial_outcome *outcome);

double measurement_median(const struct measurement *measurement, enum effect_kind kind); /* NAN */

struct effect measurement_compare(const struct measurement *without, const struct measurement *with,
				  enum effect_kind kind);
