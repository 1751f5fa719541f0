#pragma once

#include "facts/package.h"
#include "survey/record.h"

/*
 * What the analysis of one program gave. Workers send it, the store keeps it, so decoding trusts
 * nothing.
 */
struct loaded_file {
	const char *path;
	uint64_t identity; /* of its content, see survey/analyse.h */
};

struct program_result {
	const char *failure; /* NULL, or why nothing is known of it */
	uint32_t unresolved_count;
	const struct package_use *uses; /* ascending APIs, no duplicates; program is NULL */
	size_t use_count;
	const struct loaded_file *loaded; /* all that the result depends on */
	size_t loaded_count;
	const char *const *missing; /* libraries that were not found */
	size_t missing_count;
};

enum { RESULT_MAX_USES = 1 << 20, RESULT_MAX_FILES = 1 << 16 };

void result_encode(const struct program_result *result, struct buffer *out);

/* Everything in the arena; false: damaged. */
bool result_decode(struct slice bytes, struct arena *arena, struct program_result *out_result);
