#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "elf/file.h"

/* Addresses of a span, a bit for each byte: they come in great numbers, in any order and repeated. */
struct address_set {
	struct elf_range span; /* what is outside is never in it */
	uint64_t *words;
	size_t count;
};

/* The same, once all are there: an address finds its number by counting bits, without a search. */
struct address_numbers {
	struct elf_range span;
	const uint64_t *words;  /* ADDRESS_WORDS of them */
	const uint32_t *before; /* ADDRESS_GROUPS: how many addresses come before each group's */
};

enum { ADDRESS_GROUP_WORDS = 4 };

#define ADDRESS_WORDS(span)  ((span).size_bytes / 64 + 1)
#define ADDRESS_GROUPS(span) ((ADDRESS_WORDS(span) - 1) / ADDRESS_GROUP_WORDS + 1)

#define ADDRESS_NONE UINT32_MAX

struct address_set address_set_over(struct arena *arena, struct elf_range span);

/* Numbers the addresses, ascending from 0; none may be added any more. */
struct address_numbers address_set_number(struct arena *arena, const struct address_set *set);

/* The number of an address; ADDRESS_NONE: it is not in the set. */
uint32_t address_number(const struct address_numbers *numbers, uint64_t va);

/* All of them, ascending, from a base on that is not above them; their number is set->count. */
const uint32_t *address_set_list(struct arena *arena, const struct address_set *set, uint64_t base);

static inline bool address_set_spans(const struct address_set *set, uint64_t va)
{
	return va - set->span.va < set->span.size_bytes;
}

static inline bool address_set_has(const struct address_set *set, uint64_t va)
{
	uint64_t off = va - set->span.va;
	return off < set->span.size_bytes && (set->words[off / 64] >> (off % 64) & 1) != 0;
}

static inline bool address_is_numbered(const struct address_numbers *numbers, uint64_t va)
{
	uint64_t off = va - numbers->span.va;
	return off < numbers->span.size_bytes && (numbers->words[off / 64] >> (off % 64) & 1) != 0;
}

static inline void address_set_add(struct address_set *set, uint64_t va)
{
	uint64_t off = va - set->span.va;
	if (off >= set->span.size_bytes)
		return;
	uint64_t *word = &set->words[off / 64], bit = UINT64_C(1) << (off % 64);
	set->count += (*word & bit) == 0;
	*word |= bit;
}
