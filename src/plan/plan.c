#include "plan/plan.h"

/* The plan in the making. */
struct planner {
	struct arena *arena;
	struct bitset implemented; /* supported at first, and what the steps add */
	struct bitset stubbed;     /* by some step so far */
	struct bitset faked;
	struct plan plan;
	size_t carried_count; /* at the end of the next step's unlocks, not yet in a step */
};

static struct bitset copy_set(struct arena *arena, struct bitset set)
{
	struct bitset copy = bitset_create(arena, set.bit_count);
	bitset_add_all(copy, set);
	return copy;
}

static struct bitset without(struct arena *arena, struct bitset set, struct bitset taken)
{
	struct bitset rest = copy_set(arena, set);
	bitset_remove_all(rest, taken);
	return rest;
}

static size_t missing_count(struct bitset required, struct bitset implemented)
{
	size_t count = 0;
	for (size_t i = 0; i < bitset_word_count(required.bit_count); i++)
		count += (size_t)__builtin_popcountll(required.words[i] & ~implemented.words[i]);
	return count;
}

/* The application with the fewest missing APIs, the first of equals; NULL when none is left. */
static const struct plan_application **find_next(const struct planner *planner,
						 const struct plan_application **left, size_t count)
{
	const struct plan_application **best = NULL;
	size_t best_missing = SIZE_MAX;
	for (size_t i = 0; i < count; i++) {
		if (left[i] == NULL)
			continue;
		size_t missing = missing_count(left[i]->required, planner->implemented);
		if (missing < best_missing) {
			best = &left[i];
			best_missing = missing;
		}
	}
	return best;
}

static void take(struct planner *planner, const struct plan_application *application)
{
	struct plan_step *step = &planner->plan.steps[planner->plan.step_count];
	step->unlocks[step->unlock_count++] = application->name;

	step->implement = without(planner->arena, application->required, planner->implemented);
	step->stub = without(planner->arena, application->stub_works, planner->implemented);
	bitset_remove_all(step->stub, planner->stubbed);
	step->fake = without(planner->arena, application->fake_works, planner->implemented);
	bitset_remove_all(step->fake, planner->faked);
	if (bitset_size(step->implement) + bitset_size(step->stub) + bitset_size(step->fake) == 0)
		return; /* nothing to do: the name waits for the next step */

	bitset_add_all(planner->implemented, step->implement);
	bitset_add_all(planner->stubbed, step->stub);
	bitset_add_all(planner->faked, step->fake);
	planner->plan.step_count++;
}

/* Names still waiting when no application is left work since the last step. */
static void place_waiting_names(struct plan *plan, size_t application_count)
{
	if (plan->step_count == application_count)
		return;
	struct plan_step *waiting = &plan->steps[plan->step_count];
	for (size_t i = 0; i < waiting->unlock_count; i++) {
		if (plan->step_count == 0) {
			plan->supported[plan->supported_count++] = waiting->unlocks[i];
			continue;
		}
		struct plan_step *last = &plan->steps[plan->step_count - 1];
		last->unlocks[last->unlock_count++] = waiting->unlocks[i];
	}
}

struct plan plan_make(struct arena *arena, const struct plan_application *applications,
		      size_t count, struct bitset supported)
{
	struct planner planner = {
		.arena = arena,
		.implemented = copy_set(arena, supported),
		.stubbed = bitset_create(arena, supported.bit_count),
		.faked = bitset_create(arena, supported.bit_count),
		.plan = { .supported = arena_alloc(arena, count, sizeof(char *)),
			  .steps = arena_alloc(arena, count, sizeof(struct plan_step)) },
	};
	const struct plan_application **left = arena_alloc(arena, count, sizeof(*left));
	size_t left_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (missing_count(applications[i].required, supported) == 0)
			planner.plan.supported[planner.plan.supported_count++] =
			    applications[i].name;
		else
			left[left_count++] = &applications[i];
	}
	for (size_t i = 0; i < left_count; i++)
		planner.plan.steps[i].unlocks = arena_alloc(arena, left_count, sizeof(char *));

	const struct plan_application **next;
	while ((next = find_next(&planner, left, left_count)) != NULL) {
		take(&planner, *next);
		*next = NULL;
	}
	place_waiting_names(&planner.plan, left_count);
	return planner.plan;
}
