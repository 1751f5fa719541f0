#include "scan/ranks.h"

struct ranks ranks_of(struct arena *arena, const uint64_t *addresses, size_t count)
{
	struct ranks ranks = { 0 };
	if (count == 0)
		return ranks;
	ranks.base = addresses[0];
	ranks.size_bytes = addresses[count - 1] - ranks.base + 1;
	size_t word_count = ranks.size_bytes / 64 + 1;
	ranks.words = arena_alloc(arena, word_count, sizeof(*ranks.words));
	ranks.before = arena_alloc(arena, word_count, sizeof(*ranks.before));
	size_t word = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t off = addresses[i] - ranks.base;
		ranks.words[off / 64] |= UINT64_C(1) << (off % 64);
		while (word < off / 64)
			ranks.before[++word] = (uint32_t)i;
	}
	return ranks;
}

/* Most machines count them by one instruction, but not the oldest x86-64 that Debian runs on. */
static uint32_t count_bits(uint64_t word)
{
	word -= word >> 1 & UINT64_C(0x5555555555555555);
	word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
	word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (uint32_t)(word * UINT64_C(0x0101010101010101) >> 56);
}

uint32_t ranks_find(const struct ranks *ranks, uint64_t va)
{
	uint64_t off = va - ranks->base;
	if (off >= ranks->size_bytes)
		return RANK_NONE;
	uint64_t word = ranks->words[off / 64];
	uint64_t bit = UINT64_C(1) << (off % 64);
	return (word & bit) == 0 ? RANK_NONE
				 : ranks->before[off / 64] + count_bits(word & (bit - 1));
}
