/* What was observed -> what is asked. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explore/search.h"

int question_compare(const void *left, const void *right)
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

int question_compare_pointers(const void *left, const void *right)
{
	return question_compare(*(const struct question *const *)left,
				*(const struct question *const *)right);
}

int question_compare_tolerance(const void *left, const void *right)
{
	const struct question *a = *(const struct question *const *)left;
	const struct question *b = *(const struct question *const *)right;
	if (a->tolerance != b->tolerance)
		return a->tolerance > b->tolerance ? -1 : 1;
	return question_compare(a, b);
}

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

const struct question *search_find_call(const struct explore *explore, uint32_t number,
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

void search_ask_calls(struct explore *explore)
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
void search_ask_operations(struct explore *explore)
{
	const struct observation *seen = &explore->result->observation;
	for (size_t a = 0; a < explore->request->answer_count; a++)
		for (size_t i = 0; i < seen->operation_count; i++) {
			const struct question *whole = search_find_call(
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

void search_ask_paths(struct explore *explore)
{
	const struct observation *seen = &explore->result->observation;
	for (int answer = PATH_HIDDEN; answer <= PATH_EMPTY; answer++)
		for (size_t i = 0; i < seen->path_count; i++)
			add_question(explore, (struct question){ .kind = QUESTION_PATH,
								 .path = seen->paths[i].path,
								 .answer = (uint16_t)answer });
}

/* Open questions of a kind and answer for which `wanted` holds. */
size_t search_gather(struct explore *explore, enum question_kind kind, uint16_t answer,
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

bool question_has_not_failed(const struct question *question)
{
	return question->fails == 0;
}

/* The answers of a kind: 0 to count. */
size_t search_answers(const struct explore *explore, enum question_kind kind, uint16_t *out_answers)
{
	if (kind == QUESTION_PATH) {
		out_answers[0] = PATH_HIDDEN;
		out_answers[1] = PATH_EMPTY;
		return 2;
	}
	memcpy(out_answers, explore->request->answers, sizeof(explore->request->answers));
	return explore->request->answer_count;
}
