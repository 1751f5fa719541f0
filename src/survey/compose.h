#pragma once

#include "survey/model.h"
#include "survey/result.h"

/* From what its programs can do to what a package needs. */

/*
 * The programs that are to be analysed: those of the packages that are surveyed, and those that
 * interpret their scripts. By package and file, no duplicates; in the arena.
 *
 * root   of the disk they lie on: links that belong to no package are there; NULL: none
 */
struct file_at *compose_programs(const struct model *model, struct arena *arena, const char *root,
				 size_t *out_count);

struct composing {
	const struct model *model;
	const char *root;
	bool (*result)(void *context, struct file_at program, struct arena *arena,
		       struct program_result *out_result); /* false: there is none */
	void *context;
};

/* Everything in out_facts lives in the arena or in the model's. */
void compose_package(const struct composing *composing, uint32_t package, struct arena *arena,
		     struct package_facts *out_facts);
