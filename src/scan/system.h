#pragma once

#include "scan/program.h"

/*
 * Programs and libraries of a real file system below a root folder ("" for the running one),
 * symbolic links resolved inside it. Each file is mapped and opened once.
 */
struct system_files; /* opaque; owns the maps and the modules */

enum { SYSTEM_MAX_FILE_BYTES = 1 << 30 };

/*
 * root      borrowed
 * cache_folder  where what is found out of files is kept when they are closed; NULL: nowhere
 * problems  where what is wrong with the files is told
 */
struct system_files *system_files_open(const char *root, const char *cache_folder,
				       struct problem_list *problems);
void system_files_close(struct system_files *files);

/*
 * Opens a program by a path outside the root's rules, and how to find what it needs.
 *
 * out_files   borrowed from files, until the next call
 */
enum status system_files_program(struct system_files *files, const char *path,
				 struct module **out_module, const struct program_files **out_files,
				 struct error *err) __attribute__((warn_unused_result, nonnull));

/*
 * The names in a folder below a root that start with a prefix, without hidden ones, sorted; in the
 * arena. 0: none, or there is no such folder.
 */
size_t system_list(const char *root, struct arena *arena, const char *folder, const char *prefix,
		   const char *const **out_names);
