#include "base/names.h"

#include <stdlib.h>

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

void names_sort(const char **names, size_t count)
{
	if (count > 1)
		qsort(names, count, sizeof(*names), compare_names);
}

const char *names_of_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}
