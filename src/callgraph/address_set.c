#include "callgraph/address_set.h"

struct address_set address_set_over(struct arena *arena, struct elf_range span)
{
	return (struct address_set){
		.span = span, .words = arena_alloc(arena, ADDRESS_WORDS(span), sizeof(uint64_t))
	};
}

/* Most machines count them by one instruction, but not the oldest x86-64 that Debian runs on. */
static uint32_t count_bits(uint64_t word)
{
	word -= word >> 1 & UINT64_C(0x5555555555555555);
	word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
	word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (uint32_t)(word * UINT64_C(0x0101010101010101) >> 56);
}

struct address_numbers address_set_number(struct arena *arena, const struct address_set *set)
{
	uint32_t count = 0;
	uint32_t *before = arena_alloc_raw(arena, ADDRESS_GROUPS(set->span), sizeof(*before));
	for (size_t i = 0; i < ADDRESS_WORDS(set->span); i++) {
		if (i % ADDRESS_GROUP_WORDS == 0)
			before[i / ADDRESS_GROUP_WORDS] = count;
		count += count_bits(set->words[i]);
	}
	return (struct address_numbers){ set->span, set->words, before };
}

uint32_t address_number(const struct address_numbers *numbers, uint64_t va)
{
	uint64_t off = va - numbers->span.va;
	if (off >= numbers->span.size_bytes)
		return ADDRESS_NONE;
	size_t at = off / 64, first = at & ~(size_t)(ADDRESS_GROUP_WORDS - 1);
	uint64_t bit = UINT64_C(1) << (off % 64);
	if ((numbers->words[at] & bit) == 0)
		return ADDRESS_NONE;
	uint32_t count = numbers->before[at / ADDRESS_GROUP_WORDS];
	for (size_t i = first; i < at; i++)
		count += count_bits(numbers->words[i]);
	return count + count_bits(numbers->words[at] & (bit - 1));
}

const uint32_t *address_set_list(struct arena *arena, const struct address_set *set, uint64_t base)
{
	size_t count = 0;
	uint32_t *list = arena_alloc_raw(arena, set->count, sizeof(*list));
	uint64_t off = set->span.va - base;
	for (size_t i = 0; count < set->count; i++)
		for (uint64_t word = set->words[i]; word != 0; word &= word - 1)
			list[count++] = (uint32_t)(off + 64 * i + (uint64_t)__builtin_ctzll(word));
	return list;
}
