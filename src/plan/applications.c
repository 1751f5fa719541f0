#include "plan/applications.h"

#include <stdlib.h>
#include <string.h>

/* The workloads of one application are neighbours after sorting. */
static int compare_workloads(const void *a, const void *b)
{
	const struct workload *left = *(const struct workload *const *)a;
	const struct workload *right = *(const struct workload *const *)b;
	int order = strcmp(left->application, right->application);
	return order != 0 ? order : strcmp(left->name, right->name);
}

static bool is_chosen(const struct workload *workload, enum plan_workloads workloads)
{
	if (workloads == PLAN_ALL)
		return true;
	return (workload->kind == WORKLOAD_BENCHMARK) == (workloads == PLAN_BENCHMARK);
}

/* ---- one application ---- */

/* What a call still allows after one more verdict about it. */
static void add_verdict(struct plan_application *application, uint32_t number, enum verdict verdict,
			struct bitset used)
{
	bool is_first = !bitset_has(used, number);
	bitset_add(used, number);
	bool stub = verdict == VERDICT_STUBBABLE || verdict == VERDICT_EITHER;
	bool fake = verdict == VERDICT_FAKEABLE || verdict == VERDICT_EITHER;
	if (!stub || !(is_first || bitset_has(application->stub_works, number)))
		bitset_remove(application->stub_works, number);
	else
		bitset_add(application->stub_works, number);
	if (!fake || !(is_first || bitset_has(application->fake_works, number)))
		bitset_remove(application->fake_works, number);
	else
		bitset_add(application->fake_works, number);
}

/* false: a number past the columns is needed. While adding, "either" is in both sets. */
static bool add_workload(struct plan_application *application, const struct workload *workload,
			 struct bitset used)
{
	bool is_known = true;
	for (size_t i = 0; i < workload->use_count; i++) {
		const struct workload_use *use = &workload->uses[i];
		if (use->number < used.bit_count)
			add_verdict(application, use->number, use->verdict, used);
		else
			is_known &=
			    use->verdict == VERDICT_STUBBABLE || use->verdict == VERDICT_EITHER;
	}
	return is_known;
}

/* required: what is left; then each call into one set, under the names that were asked for */
static void part_sets(struct plan_application *application, struct bitset used, bool exchange)
{
	bitset_add_all(application->required, used);
	bitset_remove_all(application->required, application->stub_works);
	bitset_remove_all(application->required, application->fake_works);
	if (exchange) {
		struct bitset stub_works = application->stub_works;
		application->stub_works = application->fake_works;
		application->fake_works = stub_works;
	}
	bitset_remove_all(application->fake_works, application->stub_works);
}

static void add_application(struct arena *arena, struct plan_input *input,
			    const struct workload *const *workloads, size_t count,
			    const struct plan_choice *choice, size_t api_count)
{
	struct plan_application application = {
		.name = workloads[0]->application,
		.required = bitset_create(arena, api_count),
		.stub_works = bitset_create(arena, api_count),
		.fake_works = bitset_create(arena, api_count),
	};
	struct bitset used = bitset_create(arena, api_count);
	bool is_known = true;
	size_t taken = 0;
	for (size_t i = 0; i < count; i++) {
		if (!is_chosen(workloads[i], choice->workloads) ||
		    (taken > 0 && choice->workloads != PLAN_ALL))
			continue;
		is_known &= add_workload(&application, workloads[i], used);
		taken++;
	}
	if (taken == 0 && !choice->missing_needs_nothing) {
		input->left_out[input->left_out_count++] = application.name;
	} else if (!is_known) {
		input->unknown[input->unknown_count++] = application.name;
	} else {
		part_sets(&application, used, choice->published_labels);
		input->applications[input->count++] = application;
	}
}

/* ---- their order ---- */

static bool is_listed(const struct plan_choice *choice, size_t end, const char *name)
{
	for (size_t i = 0; i < end; i++)
		if (strcmp(choice->order[i], name) == 0)
			return true;
	return false;
}

/* Those in the order come first; the others keep their order, which is by name. */
static void reorder(struct arena *arena, struct plan_input *input, const struct plan_choice *choice)
{
	struct plan_application *ordered = arena_alloc(arena, input->count, sizeof(*ordered));
	size_t count = 0;
	for (size_t i = 0; i < choice->order_count; i++) {
		if (is_listed(choice, i, choice->order[i]))
			continue; /* named twice */
		for (size_t j = 0; j < input->count; j++)
			if (strcmp(input->applications[j].name, choice->order[i]) == 0)
				ordered[count++] = input->applications[j];
	}
	for (size_t j = 0; j < input->count; j++)
		if (!is_listed(choice, choice->order_count, input->applications[j].name))
			ordered[count++] = input->applications[j];
	input->applications = ordered;
}

struct plan_input plan_input_of_workloads(struct arena *arena,
					  const struct workload *const *workloads, size_t count,
					  size_t api_count, const struct plan_choice *choice)
{
	const struct workload **sorted = arena_alloc(arena, count, sizeof(*sorted));
	for (size_t i = 0; i < count; i++)
		sorted[i] = workloads[i];
	if (count > 0)
		qsort(sorted, count, sizeof(*sorted), compare_workloads);

	struct plan_input input = {
		.applications = arena_alloc(arena, count, sizeof(*input.applications)),
		.left_out = arena_alloc(arena, count, sizeof(char *)),
		.unknown = arena_alloc(arena, count, sizeof(char *)),
	};
	size_t end;
	for (size_t start = 0; start < count; start = end) {
		end = start + 1;
		while (end < count &&
		       strcmp(sorted[end]->application, sorted[start]->application) == 0)
			end++;
		add_application(arena, &input, &sorted[start], end - start, choice, api_count);
	}
	reorder(arena, &input, choice);
	return input;
}
