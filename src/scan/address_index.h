#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "callgraph/address_set.h" /* ADDRESS_NONE */

/* Numbers addresses in the order in which they are first asked for. A zeroed one is empty. */
struct address_index {
	struct address_slot *slots; /* open addressing */
	size_t count, capacity;
};

struct address_slot {
	uint64_t va;
	uint32_t number; /* + 1; 0: free */
};

/* The number of an address; a new one is address_index's count before. */
uint32_t address_index_add(struct arena *arena, struct address_index *index, uint64_t va);

/* ADDRESS_NONE: it has none. */
uint32_t address_index_find(const struct address_index *index, uint64_t va);
