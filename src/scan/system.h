#pragma once

#include "base/file.h"
#include "scan/program.h"

/*
 * Files of a real file system below a root folder ("" for the running one), symbolic links
 * resolved inside it.
 */
struct system_files {
	struct program_files files;
	const char *root;
	struct file_map *maps; /* owned: closed by system_files_close */
	size_t map_count, map_capacity;
	struct arena *arena;
};

enum { SYSTEM_MAX_FILE_BYTES = 1 << 30 };

/* Maps a program; its path as the search names files. */
enum status system_files_open(struct system_files *files, struct arena *arena, const char *root,
			      const char *path, const char **out_path, struct slice *out_bytes,
			      struct error *err) __attribute__((warn_unused_result, nonnull));
void system_files_close(struct system_files *files);
