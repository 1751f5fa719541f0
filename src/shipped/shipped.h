#pragma once

#include <stddef.h>

#include "base/slice.h"

/*
 * The facts that come with sysgap: the files under data/ (but for those that other tables are
 * generated from), as bytes in the program. They need no set-up and cannot be missing.
 */
struct shipped_file {
	const char *path; /* below data/, "layers/gramine-1.8.layer" */
	struct slice content;
};

/* All, by path. */
size_t shipped_count(void);
const struct shipped_file *shipped_at(size_t index);

const struct shipped_file *shipped_find(const char *path); /* NULL when there is none */
