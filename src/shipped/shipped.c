#include "shipped/shipped.h"

#include <stdlib.h>
#include <string.h>

extern const struct shipped_file shipped_files[]; /* in the generated file, by path */
extern const size_t shipped_file_count;

size_t shipped_count(void)
{
	return shipped_file_count;
}

const struct shipped_file *shipped_at(size_t index)
{
	return &shipped_files[index];
}

static int compare_path(const void *key, const void *element)
{
	return strcmp(key, ((const struct shipped_file *)element)->path);
}

const struct shipped_file *shipped_find(const char *path)
{
	return bsearch(path, shipped_files, shipped_file_count, sizeof(shipped_files[0]),
		       compare_path);
}
