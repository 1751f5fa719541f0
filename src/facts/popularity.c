#include "facts/popularity.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right)
{
	const struct popularity_entry *a = left;
	const struct popularity_entry *b = right;
	return strcmp(a->name, b->name);
}

double popularity_of(const struct popularity *popularity, const char *name)
{
	const struct popularity_entry key = { .name = name };
	const struct popularity_entry *found =
	    popularity->count == 0
		? NULL
		: bsearch(&key, popularity->entries, popularity->count, sizeof(key), compare);
	if (found == NULL)
		return -1;
	double share = (double)found->installations / (double)popularity->submissions;
	return share < 1 ? share : 1;
}
