#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* A package by name and, perhaps, version: one alternative of a dependency, or one Provides. */
enum relation_operator {
	RELATION_ANY,
	RELATION_EARLIER, /* << */
	RELATION_EARLIER_EQUAL,
	RELATION_EQUAL,
	RELATION_LATER_EQUAL,
	RELATION_LATER,
};

struct relation {
	const char *name;
	enum relation_operator operator_;
	const char *version; /* NULL: any */
	bool last;           /* of its group of alternatives */
};

enum { RELATION_MAX_COUNT = 1 << 14 };

/*
 * "a (>= 1) | b:any, c" as a flat list in the arena; a group ends with `last`. Architecture lists
 * and build profiles, which binary packages do not have, are passed over, as is what is malformed.
 *
 * text     NULL is an empty list
 * source   deb-control(5), "Depends"; Debian policy 7.1
 */
const struct relation *relations_parse(const char *text, struct arena *arena, size_t *out_count);

/* Whether a package of this version, or a versioned Provides of it (NULL: unversioned), is meant. */
bool relation_allows(const struct relation *relation, const char *version);
