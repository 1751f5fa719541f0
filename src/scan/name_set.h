#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pages.h"

enum { NAME_MAX_BYTES = 128, NAMES_PER_PAGE = 256 };

/* A set of strings that live as long as it does, numbered as they come. A zeroed one is empty. */
struct name_set {
	struct pages names; /* const char *; by number */
	size_t count;
	struct name_slot *slots; /* open addressing */
	size_t slot_count;
};

struct name_slot {
	uint32_t hash;
	uint32_t number; /* of the name, + 1; 0: free */
};

uint32_t name_hash(const char *name);

/* hash: name_hash of the name, likewise below */
void name_set_add(struct arena *arena, struct name_set *set, const char *name, uint32_t hash);
bool name_set_has(const struct name_set *set, const char *name, uint32_t hash);

/* The name of a number; "": it is not below the count. */
static inline const char *name_set_at(const struct name_set *set, size_t number)
{
	const char *const *name =
	    pages_find(&set->names, number, NAMES_PER_PAGE, sizeof(const char *));
	return name == NULL ? "" : *name;
}
