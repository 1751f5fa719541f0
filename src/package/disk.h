#pragma once

#include "package/dpkg.h"
#include "package/entry.h"

/* Files of a disk as entries; symbolic links are entries, never followed. */

/*
 * Hands the file at a path below a root folder ("" for the running system) to a sink. What is not
 * there or cannot be read costs a problem, and nothing else.
 */
enum status disk_read_path(const char *root, const char *path, struct entry_sink *sink,
			   struct error *err) __attribute__((warn_unused_result, nonnull));

/* All of a folder, by name; other file systems inside it too. */
enum status disk_read_tree(const char *root, struct entry_sink *sink, struct error *err)
    __attribute__((warn_unused_result, nonnull));

/* dpkg's database below a root folder; the files that were read stay in the arena. */
struct disk {
	const char *root;
	struct arena *arena;
};

struct dpkg_files disk_dpkg_files(struct disk *disk);
