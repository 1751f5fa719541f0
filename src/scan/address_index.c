#include "scan/address_index.h"

enum { FIRST_CAPACITY = 256 };

static struct address_slot *slot_of(const struct address_index *index, uint64_t va)
{
	size_t i = (size_t)(va * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (index->capacity - 1);
	while (index->slots[i].number != 0 && index->slots[i].va != va)
		i = (i + 1) & (index->capacity - 1);
	return &index->slots[i];
}

static void grow(struct arena *arena, struct address_index *index)
{
	struct address_index old = *index;
	index->capacity = old.capacity == 0 ? FIRST_CAPACITY : old.capacity * 4;
	index->slots = arena_alloc(arena, index->capacity, sizeof(*index->slots));
	for (size_t i = 0; i < old.capacity; i++)
		if (old.slots[i].number != 0)
			*slot_of(index, old.slots[i].va) = old.slots[i];
}

uint32_t address_index_add(struct arena *arena, struct address_index *index, uint64_t va)
{
	if (2 * index->count >= index->capacity)
		grow(arena, index);
	struct address_slot *slot = slot_of(index, va);
	if (slot->number == 0)
		*slot = (struct address_slot){ va, (uint32_t)++index->count };
	return slot->number - 1;
}

uint32_t address_index_find(const struct address_index *index, uint64_t va)
{
	return index->capacity == 0 ? ADDRESS_NONE : slot_of(index, va)->number - 1;
}
