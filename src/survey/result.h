#pragma once

#include "facts/package.h"
#include "survey/record.h"

/*
 * What the analysis of one program gave. Workers send it, the store keeps it, so decoding trusts
 * nothing.
 */

/* Something about files that the result depends on; see survey/lookup.h. */
struct question {
	const char *path;
	const char *prefix; /* of names in the folder; NULL: it is about the file at the path */
	uint64_t answer;    /* 0: there is no such file */
};

struct program_result {
	const char *failure; /* NULL, or why nothing is known of it */
	uint32_t unresolved_count;
	const struct package_use *uses; /* ascending APIs, no duplicates; program is NULL */
	size_t use_count;
	const struct question *questions;
	size_t question_count;
	const char *const *missing; /* libraries that were not found */
	size_t missing_count;
};

enum { RESULT_MAX_USES = 1 << 20, RESULT_MAX_FILES = 1 << 16 };

void result_encode(const struct program_result *result, struct buffer *out);

/* Everything in the arena; false: damaged. */
bool result_decode(struct slice bytes, struct arena *arena, struct program_result *out_result);
