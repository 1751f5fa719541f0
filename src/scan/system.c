#include "scan/system.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum status map(struct system_files *files, const char *path, struct slice *out_bytes,
		       struct error *err)
{
	struct file_map opened;
	enum status status = file_map_open(path, SYSTEM_MAX_FILE_BYTES, &opened, err);
	if (status != STATUS_OK)
		return status;
	if (files->map_count == files->map_capacity)
		files->maps = arena_grow(files->arena, files->maps, files->map_count,
					 sizeof(*files->maps), &files->map_capacity);
	files->maps[files->map_count++] = opened;
	*out_bytes = opened.content;
	return STATUS_OK;
}

static enum status read_file(void *context, struct arena *arena, const char *path,
			     struct slice *out_bytes, struct error *err)
{
	(void)arena;
	return map(context, path, out_bytes, err);
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

enum { FOLDER_MAX_NAMES = 1 << 16 };

static size_t list_folder(void *context, struct arena *arena, const char *folder,
			  const char *const **out_names)
{
	struct system_files *files = context;
	int descriptor = elf_search_open_below(files->root, folder);
	DIR *stream = descriptor < 0 ? NULL : fdopendir(descriptor);
	if (stream == NULL) {
		if (descriptor >= 0)
			(void)close(descriptor);
		return 0;
	}
	const char **names = NULL;
	size_t count = 0, capacity = 0;
	const struct dirent *entry;
	while ((entry = readdir(stream)) != NULL && count < FOLDER_MAX_NAMES) {
		if (entry->d_name[0] == '.')
			continue;
		if (count == capacity)
			names = arena_grow(arena, names, count, sizeof(*names), &capacity);
		names[count++] = arena_string(arena, entry->d_name);
	}
	(void)closedir(stream);
	if (count > 1)
		qsort(names, count, sizeof(*names), compare_names);
	*out_names = names;
	return count;
}

enum status system_files_open(struct system_files *files, struct arena *arena, const char *root,
			      const char *path, const char **out_path, struct slice *out_bytes,
			      struct error *err)
{
	*files = (struct system_files){ .root = root, .arena = arena };
	char *real = realpath(path, NULL);
	*out_path = arena_string(arena, real == NULL ? path : real);
	free(real);
	enum status status = map(files, path, out_bytes, err);
	if (status != STATUS_OK)
		return status;
	struct problem_list ignored = { .arena = arena };
	struct elf_file file;
	status = elf_file_open(*out_bytes, path, &ignored, &file, err);
	if (status != STATUS_OK)
		return status;
	files->files = (struct program_files){ .search = elf_search_system(arena, root, &file),
					       .read = read_file,
					       .list = list_folder,
					       .context = files };
	return STATUS_OK;
}

void system_files_close(struct system_files *files)
{
	for (size_t i = 0; i < files->map_count; i++)
		file_map_close(&files->maps[i]);
	files->map_count = 0;
}
