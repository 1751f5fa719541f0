#pragma once

#include <string.h>

/* The index of name among count names, or -1: the way back from an enum's name. */
static inline int names_find(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}
