#pragma once

#include "survey/model.h"
#include "survey/pool.h"
#include "survey/result.h"

/*
 * The static analysis of programs, wrapped: programs either lie on a disk, where the rules of its
 * ld.so hold, or only in packages, where each sees its own and those it depends on.
 */
struct analyser; /* of one worker; opaque */

struct analyse_setup {
	const char *root; /* of the disk; NULL: programs lie in the pool */
	const struct model *model;
	const struct pool *pool;
	bool plugins; /* follow what is loaded by configuration, too */
};

/* setup     borrowed as long as the analyser, which is never closed: its worker ends */
struct analyser *analyser_create(const struct analyse_setup *setup);

/* Appends a result as survey/result.h encodes it. */
void analyser_program(struct analyser *analyser, struct file_at at, struct buffer *out);
