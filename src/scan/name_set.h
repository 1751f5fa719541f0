#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum { NAME_MAX_BYTES = 128 };

/* A set of strings that live as long as it does. A zeroed one is empty. */
struct name_set {
	struct hashed_name *names; /* open addressing */
	size_t count, capacity;
};

struct hashed_name {
	const char *name; /* NULL: free */
	uint32_t hash;
};

uint32_t name_hash(const char *name);

/* hash: name_hash of the name, likewise below */
void name_set_add(struct arena *arena, struct name_set *set, const char *name, uint32_t hash);
bool name_set_has(const struct name_set *set, const char *name, uint32_t hash);
