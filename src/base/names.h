#pragma once

#include <stddef.h>
#include <string.h>

/* The index of name among count names, or -1: the way back from an enum's name. */
static inline int names_find(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

void names_sort(const char **names, size_t count); /* as strcmp(3) orders them */

/* What is behind the last slash: the file's own name. A path that ends with one is its own. */
const char *names_of_path(const char *path);
