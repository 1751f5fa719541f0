#include "scan/name_set.h"

#include <string.h>

uint32_t name_hash(const char *name)
{
	uint64_t hash = 5381;
	for (; *name != '\0'; name++)
		hash = hash * 33 + (uint8_t)*name;
	return (uint32_t)(hash ^ hash >> 20);
}

static struct hashed_name *name_slot(const struct name_set *set, const char *name, uint32_t hash)
{
	size_t i = hash & (set->capacity - 1);
	while (set->names[i].name != NULL &&
	       (set->names[i].hash != hash || strcmp(set->names[i].name, name) != 0))
		i = (i + 1) & (set->capacity - 1);
	return &set->names[i];
}

void name_set_add(struct arena *arena, struct name_set *set, const char *name, uint32_t hash)
{
	if (2 * set->count >= set->capacity) {
		struct name_set old = *set;
		set->capacity = old.capacity == 0 ? 1024 : old.capacity * 4;
		set->names = arena_alloc(arena, set->capacity, sizeof(*set->names));
		for (size_t i = 0; i < old.capacity; i++)
			if (old.names[i].name != NULL)
				*name_slot(set, old.names[i].name, old.names[i].hash) =
				    old.names[i];
	}
	struct hashed_name *slot = name_slot(set, name, hash);
	set->count += slot->name == NULL;
	*slot = (struct hashed_name){ name, hash };
}

bool name_set_has(const struct name_set *set, const char *name, uint32_t hash)
{
	return set->capacity != 0 && name_slot(set, name, hash)->name != NULL;
}
