#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts/source.h"

struct popularity_entry {
	const char *name; /* of a package */
	uint64_t installations;
};

/* How many of those who report have which package installed. Strings borrowed from its owner. */
struct popularity {
	struct source source;
	bool estimate;                          /* of ranks, not counts */
	uint64_t submissions;                   /* what installations are a share of; never 0 */
	const struct popularity_entry *entries; /* by name, no duplicates */
	size_t count;
};

/*
 * The probability that a system has the package, at most 1.
 *
 * returns   -1: it is not listed, which is not the same as never installed
 */
double popularity_of(const struct popularity *popularity, const char *name);
