#include "facts/layer.h"

#include "base/names.h"

static const char *const level_names[LEVEL_COUNT] = {
	[LEVEL_FULL] = "full",     [LEVEL_PARTIAL] = "partial", [LEVEL_FAKE] = "fake",
	[LEVEL_DUMMY] = "dummy",   [LEVEL_ENOSYS] = "enosys",   [LEVEL_DENIED] = "denied",
	[LEVEL_ABSENT] = "absent",
};

static const char *const policy_names[POLICY_COUNT] = {
	[POLICY_UNKNOWN] = "unknown",
	[POLICY_ENOSYS] = "enosys",
	[POLICY_EXIT] = "exit",
};

enum layer_level layer_level_of(const struct layer *layer, uint32_t number)
{
	size_t low = 0;
	size_t high = layer->entry_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (layer->entries[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < layer->entry_count && layer->entries[low].number == number)
		return layer->entries[low].level;
	return LEVEL_ABSENT;
}

const char *layer_level_name(enum layer_level level)
{
	return level_names[level];
}

int layer_level_from_name(const char *name)
{
	return names_find(level_names, LEVEL_COUNT, name);
}

const char *layer_policy_name(enum layer_policy policy)
{
	return policy_names[policy];
}

int layer_policy_from_name(const char *name)
{
	return names_find(policy_names, POLICY_COUNT, name);
}
