#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* A set of strings that live as long as it does. A zeroed one is empty. */
struct name_set {
	const char **names; /* open addressing; NULL: free */
	size_t count, capacity;
};

uint32_t name_hash(const char *name);

void name_set_add(struct arena *arena, struct name_set *set, const char *name);
bool name_set_has(const struct name_set *set, const char *name, uint32_t hash);
