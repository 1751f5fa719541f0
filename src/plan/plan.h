#pragma once

#include "base/bitset.h"

/*
 * In which order to implement what is missing, so that applications start to work one after the
 * other: Loupe's greedy plan.
 *
 * Source: Lefeuvre et al., "Loupe", ASPLOS'24, section 4, and the tool's own program.
 */

/* What one application showed; the three sets are of the same range and share no member. */
struct plan_application {
	const char *name;
	struct bitset required;
	struct bitset stub_works; /* stubbable or either */
	struct bitset fake_works; /* fakeable only */
};

struct plan_step {
	struct bitset implement;
	struct bitset stub;
	struct bitset fake;
	const char **unlocks; /* names, in the order in which they begin to work */
	size_t unlock_count;
};

struct plan {
	const char **supported; /* step 0: what works from the start */
	size_t supported_count;
	struct plan_step *steps;
	size_t step_count;
};

/*
 * applications  in the order that decides between equals; borrowed, and so are their names
 * supported     what the layer implements; not changed
 * returns       a plan in the arena
 *
 * Each step takes the application with the fewest missing required APIs. An application that
 * needs nothing new, not even a stub, is named in the step after it (or in the last one).
 */
struct plan plan_make(struct arena *arena, const struct plan_application *applications,
		      size_t count, struct bitset supported);
