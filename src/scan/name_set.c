#include "scan/name_set.h"

#include <string.h>

uint32_t name_hash(const char *name)
{
	uint64_t hash = 5381;
	for (; *name != '\0'; name++)
		hash = hash * 33 + (uint8_t)*name;
	return (uint32_t)(hash ^ hash >> 20);
}

static size_t name_slot(const struct name_set *set, const char *name, uint32_t hash)
{
	size_t i = hash & (set->capacity - 1);
	while (set->names[i] != NULL && strcmp(set->names[i], name) != 0)
		i = (i + 1) & (set->capacity - 1);
	return i;
}

void name_set_add(struct arena *arena, struct name_set *set, const char *name)
{
	if (2 * set->count >= set->capacity) {
		struct name_set old = *set;
		set->capacity = old.capacity == 0 ? 1024 : old.capacity * 4;
		set->names = arena_alloc(arena, set->capacity, sizeof(*set->names));
		for (size_t i = 0; i < old.capacity; i++)
			if (old.names[i] != NULL)
				set->names[name_slot(set, old.names[i], name_hash(old.names[i]))] =
				    old.names[i];
	}
	size_t slot = name_slot(set, name, name_hash(name));
	set->count += set->names[slot] == NULL;
	set->names[slot] = name;
}

bool name_set_has(const struct name_set *set, const char *name, uint32_t hash)
{
	return set->capacity != 0 && set->names[name_slot(set, name, hash)] != NULL;
}
