#pragma once

#include <stddef.h>

enum { NEAREST_QUESTION_BYTES = 96 };

/* The search for what a mistyped word was to be. */
struct nearest {
	const char *word; /* borrowed */
	const char *name; /* borrowed from its candidate; NULL: none is near */
	size_t distance;
};

struct nearest nearest_start(const char *word);
void nearest_try(struct nearest *nearest, const char *candidate); /* of equals the last counts */

/* "; did you mean NAME?" in the buffer, or "". */
const char *nearest_question(const struct nearest *nearest, char buffer[NEAREST_QUESTION_BYTES]);
