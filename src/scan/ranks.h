#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* The places of addresses in a list of them, found by counting bits: no search, little memory. */
struct ranks {
	uint64_t base, size_bytes;
	uint64_t *words;  /* a bit for each byte */
	uint32_t *before; /* how many addresses come before each word's */
};

#define RANK_NONE UINT32_MAX

/* addresses: ascending, of code or data that spans less than 2 GiB */
struct ranks ranks_of(struct arena *arena, const uint64_t *addresses, size_t count);

/* The index of an address in the list; RANK_NONE: it is not there. */
uint32_t ranks_find(const struct ranks *ranks, uint64_t va);
