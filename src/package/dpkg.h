#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/problem.h"
#include "facts/package.h"

/* dpkg's database: which packages are installed, and where their files lie. */

enum { DPKG_MAX_PACKAGES = 1 << 18, DPKG_MAX_PATHS = 1 << 22 /* of one package */ };

struct dpkg_package {
	struct package package;
	const char *const *paths; /* as the files lie on disk: diverted ones where they went */
	size_t path_count;
};

struct dpkg_database {
	const struct dpkg_package *packages; /* by name, then architecture */
	size_t count;
};

/* Where its files come from: a disk, or an image on its way. */
struct dpkg_files {
	/* The content of "/var/lib/dpkg/…", which lives as long as the arena; false: no such file */
	bool (*read)(void *context, const char *path, struct slice *out_content);
	/* The names in a folder; 0: none, or no such folder */
	size_t (*list)(void *context, struct arena *arena, const char *folder,
		       const char *const **out_names);
	void *context;
};

/*
 * Reads var/lib/dpkg/status and, as small images have it, status.d.
 *
 * out      everything in it lives in the arena, and where `read` says
 * returns  STATUS_NOT_FOUND: no database; STATUS_LIMIT
 * source   dpkg(1), "FILES"; dpkg-divert(1); multi-arch "same" packages have NAME:ARCH.list
 */
enum status dpkg_read(const struct dpkg_files *files, struct arena *arena,
		      struct problem_list *problems, struct dpkg_database *out_database,
		      struct error *err) __attribute__((warn_unused_result, nonnull));

/* Whether a path is one that dpkg_read may ask for. */
bool dpkg_is_database(const char *path);
