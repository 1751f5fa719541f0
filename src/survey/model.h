#pragma once

#include "package/relation.h"
#include "survey/record.h"

/*
 * All packages of a survey together: who has which path, and which packages a package has beside
 * it when it is installed with what it depends on.
 */
struct model_package {
	struct read_package read;
	uint32_t input;          /* the caller's: which of its inputs this is from */
	bool surveyed;           /* false: only there for others to depend on */
	const uint32_t *depends; /* packages chosen for its dependencies, ascending */
	size_t depend_count;
	const char *const *unmet; /* dependencies that no package of the survey meets */
	size_t unmet_count;
};

struct model {
	struct arena *arena;            /* borrowed */
	struct model_package *packages; /* by name, architecture, later versions first */
	size_t count;
	struct path_entry *paths; /* open addressing */
	size_t path_capacity;
	struct name_entry *names; /* by name: packages and what they provide */
	size_t name_count;
};

/* A file of a package. */
struct file_at {
	uint32_t package;
	uint32_t file;
};

#define FILE_NOWHERE ((struct file_at){ UINT32_MAX, UINT32_MAX })

/* packages are taken over; everything lives in the arena. */
void model_make(struct arena *arena, struct model_package *packages, size_t count,
		struct model *out_model);

/*
 * The package itself, all that it depends on, directly or not, and the essential packages: ascending,
 * in the arena.
 */
const uint32_t *model_closure(const struct model *model, struct arena *arena, uint32_t package,
			      size_t *out_count);

/*
 * The file that a path leads to among some packages, through symbolic and hard links; in systems
 * like Debian's /lib is the same as /usr/lib, and /bin as /usr/bin. FILE_NOWHERE: none.
 *
 * among   ascending; NULL: all packages
 */
struct file_at model_find(const struct model *model, const char *path, const uint32_t *among,
			  size_t among_count);

const struct package_file *model_file(const struct model *model, struct file_at at);

/* The paths directly in a folder that start with a prefix: names, sorted, in the arena. */
size_t model_list(const struct model *model, struct arena *arena, const char *folder,
		  const char *prefix, const uint32_t *among, size_t among_count,
		  const char *const **out_names);
