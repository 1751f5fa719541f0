#include "base/bitset.h"

#include <assert.h>
#include <string.h>

size_t bitset_next(struct bitset set, size_t from)
{
	if (from >= set.bit_count)
		return SIZE_MAX;
	size_t index = from / 64;
	uint64_t word = set.words[index] & (UINT64_MAX << (from % 64));
	while (word == 0) {
		if (++index >= bitset_word_count(set.bit_count))
			return SIZE_MAX;
		word = set.words[index];
	}
	return index * 64 + (size_t)__builtin_ctzll(word);
}

size_t bitset_size(struct bitset set)
{
	size_t count = 0;
	for (size_t i = 0; i < bitset_word_count(set.bit_count); i++)
		count += (size_t)__builtin_popcountll(set.words[i]);
	return count;
}

void bitset_add_all(struct bitset set, struct bitset other)
{
	assert(set.bit_count == other.bit_count);
	for (size_t i = 0; i < bitset_word_count(set.bit_count); i++)
		set.words[i] |= other.words[i];
}

void bitset_remove_all(struct bitset set, struct bitset other)
{
	assert(set.bit_count == other.bit_count);
	for (size_t i = 0; i < bitset_word_count(set.bit_count); i++)
		set.words[i] &= ~other.words[i];
}

bool bitset_contains_all(struct bitset set, struct bitset other)
{
	assert(set.bit_count == other.bit_count);
	for (size_t i = 0; i < bitset_word_count(set.bit_count); i++)
		if ((other.words[i] & ~set.words[i]) != 0)
			return false;
	return true;
}

bool bitset_equals(struct bitset set, struct bitset other)
{
	assert(set.bit_count == other.bit_count);
	size_t size_bytes = bitset_word_count(set.bit_count) * sizeof(uint64_t);
	return size_bytes == 0 || memcmp(set.words, other.words, size_bytes) == 0;
}
