#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* A set of small integers of fixed range; open, so that metrics can loop over its words. */
struct bitset {
	uint64_t *words; /* bitset_word_count(bit_count) of them, in an arena or the caller's */
	size_t bit_count;
};

static inline size_t bitset_word_count(size_t bit_count)
{
	return (bit_count + 63) / 64;
}

static inline struct bitset bitset_create(struct arena *arena, size_t bit_count)
{
	return (struct bitset){ arena_alloc(arena, bitset_word_count(bit_count), sizeof(uint64_t)),
				bit_count };
}

/* Bits outside the range are never members; adding one is the caller's mistake. */
static inline bool bitset_has(struct bitset set, size_t bit)
{
	return bit < set.bit_count && (set.words[bit / 64] >> (bit % 64) & 1) != 0;
}

static inline void bitset_add(struct bitset set, size_t bit)
{
	set.words[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static inline void bitset_remove(struct bitset set, size_t bit)
{
	set.words[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
}

/* The smallest member >= from, or SIZE_MAX. */
size_t bitset_next(struct bitset set, size_t from);
size_t bitset_size(struct bitset set); /* members */

/* Both of the same range. */
void bitset_add_all(struct bitset set, struct bitset other);
void bitset_remove_all(struct bitset set, struct bitset other);
bool bitset_contains_all(struct bitset set, struct bitset other);
bool bitset_equals(struct bitset set, struct bitset other);
