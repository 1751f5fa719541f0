#include "scan/system.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "scan/cache.h"

struct opened {
	struct module *module; /* NULL: it could not be opened */
	const char *path;
	struct file_map map;
};

struct system_files {
	const char *root;
	struct cache cache;
	struct problem_list *problems;
	struct program_files files;
	struct opened *opened;
	size_t count, capacity;
};

static enum status open_module(void *context, const char *path, struct module **out_module,
			       struct error *err)
{
	struct system_files *files = context;
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->opened[i].path, path) == 0) {
			*out_module = files->opened[i].module;
			return STATUS_OK;
		}
	struct opened opened = { .path = arena_string(files->problems->arena, path) };
	enum status status = file_map_open(path, SYSTEM_MAX_FILE_BYTES, &opened.map, err);
	if (status == STATUS_OK)
		status = cache_open_module(&files->cache, opened.map.content, path, files->problems,
					   &opened.module, err);
	if (status != STATUS_OK) {
		file_map_close(&opened.map);
		return status;
	}
	if (files->count == files->capacity)
		files->opened = arena_grow(files->problems->arena, files->opened, files->count,
					   sizeof(*files->opened), &files->capacity);
	files->opened[files->count++] = opened;
	*out_module = opened.module;
	return STATUS_OK;
}

enum { FOLDER_MAX_NAMES = 1 << 16 };

size_t system_list(const char *root, struct arena *arena, const char *folder, const char *prefix,
		   const char *const **out_names)
{
	int descriptor = elf_search_open_below(root, folder);
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
		if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		if (count == capacity)
			names = arena_grow(arena, names, count, sizeof(*names), &capacity);
		names[count++] = arena_string(arena, entry->d_name);
	}
	(void)closedir(stream);
	names_sort(names, count);
	*out_names = names;
	return count;
}

static size_t list_folder(void *context, struct arena *arena, const char *folder,
			  const char *prefix, const char *const **out_names)
{
	const struct system_files *files = context;
	return system_list(files->root, arena, folder, prefix, out_names);
}

struct system_files *system_files_open(const char *root, const char *cache_folder,
				       struct problem_list *problems)
{
	struct system_files *files = arena_alloc(problems->arena, 1, sizeof(*files));
	*files =
	    (struct system_files){ .root = root, .cache = { cache_folder }, .problems = problems };
	return files;
}

void system_files_close(struct system_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		cache_keep_module(&files->cache, files->opened[i].module);
		module_finish(files->opened[i].module);
		file_map_close(&files->opened[i].map);
	}
	files->count = 0;
}

enum status system_files_program(struct system_files *files, const char *path,
				 struct module **out_module, const struct program_files **out_files,
				 struct error *err)
{
	char *real = realpath(path, NULL);
	enum status status = open_module(files, real == NULL ? path : real, out_module, err);
	free(real);
	if (status != STATUS_OK)
		return status;
	files->files = (struct program_files){
		.search = elf_search_system(files->problems->arena, files->root,
					    &(*out_module)->image.file),
		.module = open_module,
		.list = list_folder,
		.context = files,
	};
	*out_files = &files->files;
	return STATUS_OK;
}
