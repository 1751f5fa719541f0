#pragma once

#include "base/error.h"
#include "base/slice.h"
#include "scan/module.h"

/*
 * The ELF files that a worker has open, and what it found out about them: most programs share
 * their libraries. Each has memory of its own, so that those that were not asked for longest can
 * make way.
 */
struct shelf {
	struct shelved **items; /* owned */
	size_t count, capacity;
	uint64_t clock;                /* of requests */
	uint64_t began;                /* what was asked for since then stays */
	const struct shelved *program; /* the first of it; NULL: not yet */
	size_t largest_bytes;          /* that one program asked for */
};

enum { SHELF_MIN_BYTES = 48 << 20, SHELF_MAX_BYTES = 208 << 20 };

enum { SHELF_DROP_BYTES = 16 << 20 }; /* of a file: what was read of it is given back, too */
enum { SHELF_TRIM_BYTES = 64 << 20 }; /* of a file: the work of opening it is given back at once */

/* What a file's bytes are mapped from, and where they go again. */
struct shelf_source {
	const char *path;
	uint64_t identity; /* of the content; 0: there is no such file */
	bool (*map)(void *context, const char *path, struct slice *out_bytes);
	void *context;
};

/*
 * A program begins: what was asked for before may make way from now on. It does so only as far as
 * memory would otherwise grow over what the largest program so far needed, between these bounds.
 */
void shelf_begin(struct shelf *shelf);

/*
 * The module of a file, opened now or before.
 *
 * out_module   until shelf_begin
 * returns      STATUS_NOT_FOUND; the same as before for a file that could not be opened
 */
enum status shelf_module(struct shelf *shelf, const struct shelf_source *source,
			 struct module **out_module, struct error *err)
    __attribute__((warn_unused_result, nonnull));

size_t shelf_bytes(const struct shelf *shelf);

void shelf_finish(struct shelf *shelf);
