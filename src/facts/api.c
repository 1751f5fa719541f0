#include "facts/api.h"

#include <string.h>

#include "base/names.h"

static const char *const kind_names[] = { "syscall", "operation", "file", "function" };
static const char *const certainty_names[] = { "exact", "plugin", "maintainer" };

const char *api_kind_name(enum api_kind kind)
{
	return kind_names[kind];
}

int api_kind_from_name(const char *name)
{
	return names_find(kind_names, API_KIND_COUNT, name);
}

const char *certainty_name(enum certainty certainty)
{
	return certainty_names[certainty];
}

int certainty_from_name(const char *name)
{
	return names_find(certainty_names, CERTAINTY_COUNT, name);
}

int api_compare(const struct api *a, const struct api *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->arch != b->arch)
		return a->arch < b->arch ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	return strcmp(a->name, b->name);
}
