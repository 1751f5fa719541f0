/* Answers that work alone -> the largest set found of them that works together. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "explore/search.h"

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
		const struct question *stub = search_find_call(explore, question->number, ENOSYS);
		if (question->answer == 0 && stub != NULL && stub->result == QUESTION_WORKS)
			continue;
		mix->members[mix->count++] = question;
	}
	if (mix->count > 0)
		qsort(mix->members, mix->count, sizeof(struct question *),
		      question_compare_tolerance);
}

/* All replicas with the first `count` members. */
static enum status try_mix(struct explore *explore, const struct mix *mix, size_t count,
			   uint32_t replicas, bool *out_works)
{
	struct test *tests = arena_alloc(explore->arena, replicas, sizeof(*tests));
	struct trial_outcome *outcomes = arena_alloc(explore->arena, replicas, sizeof(*outcomes));
	for (uint32_t i = 0; i < replicas; i++)
		tests[i] = (struct test){ .members = mix->members, .count = count, .replica = i };
	enum status status = search_run(explore, tests, replicas, outcomes);
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
	const struct question *fake = search_find_call(explore, member->number, 0);
	mix->left_out[mix->left_out_count++] = member;
	if (member->answer == ENOSYS && fake != NULL && fake->result == QUESTION_WORKS) {
		mix->members[index] = &explore->questions[fake - explore->questions];
		return;
	}
	memmove(&mix->members[index], &mix->members[index + 1],
		(mix->count - index - 1) * sizeof(struct question *));
	mix->count--;
}

enum status search_final_set(struct explore *explore)
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
		qsort(mix.members, mix.count, sizeof(struct question *), question_compare_pointers);
	return STATUS_OK;
}
