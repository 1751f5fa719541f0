#include "facts/package.h"

#include "base/names.h"

static const char *const state_names[] = { "programs", "scripts", "library", "no code", "partly" };

const char *package_state_name(enum package_state state)
{
	return state_names[state];
}

int package_state_from_name(const char *name)
{
	return names_find(state_names, PACKAGE_STATE_COUNT, name);
}
