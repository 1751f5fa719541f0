#include "scan/name_set.h"

#include <string.h>

uint32_t name_hash(const char *name)
{
	uint64_t hash = 5381;
	for (; *name != '\0'; name++)
		hash = hash * 33 + (uint8_t)*name;
	return (uint32_t)(hash ^ hash >> 20);
}

/* Where the name is, or would be. */
static struct name_slot *find_slot(const struct name_set *set, const char *name, uint32_t hash)
{
	size_t i = hash & (set->slot_count - 1);
	while (set->slots[i].number != 0 &&
	       (set->slots[i].hash != hash ||
		strcmp(name_set_at(set, set->slots[i].number - 1), name) != 0))
		i = (i + 1) & (set->slot_count - 1);
	return &set->slots[i];
}

static void make_room(struct arena *arena, struct name_set *set)
{
	const struct name_slot *old = set->slots;
	size_t old_count = set->slot_count;
	set->slot_count = old_count == 0 ? 1024 : old_count * 4;
	set->slots = arena_alloc(arena, set->slot_count, sizeof(*set->slots));
	for (size_t i = 0; i < old_count; i++) {
		size_t at = old[i].hash & (set->slot_count - 1);
		while (set->slots[at].number != 0)
			at = (at + 1) & (set->slot_count - 1);
		set->slots[at] = old[i];
	}
}

void name_set_add(struct arena *arena, struct name_set *set, const char *name, uint32_t hash)
{
	if (2 * set->count >= set->slot_count)
		make_room(arena, set);
	struct name_slot *slot = find_slot(set, name, hash);
	if (slot->number != 0)
		return;
	const char **place =
	    pages_at(arena, &set->names, set->count, NAMES_PER_PAGE, sizeof(const char *));
	*place = name;
	*slot = (struct name_slot){ hash, (uint32_t)++set->count };
}

bool name_set_has(const struct name_set *set, const char *name, uint32_t hash)
{
	return set->slot_count != 0 && find_slot(set, name, hash)->number != 0;
}
