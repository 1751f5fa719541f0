#pragma once

#include "callgraph/image.h"

/* What one pass over all code of a file finds, as it stands there; internal to callgraph/. */
struct pass {
	struct address_set entries;   /* of functions, also of those that headers tell of */
	struct address_set mentioned; /* addresses of data */
	/*
	 * Ascending; still without links: a kind is one of enum sweep_kind, in the place of a link
	 * stands the value, from the image's base on, in that of a count the width in bytes.
	 */
	struct event *events;
	size_t event_count;
};

/*
 * Fills the tables' entries, and those figures that are counted on the way.
 *
 * all       the span in which mentioned data is told apart
 * scratch   the memory of what is mentioned; all else is the image's
 */
void pass_over(struct image *image, struct elf_range all, struct arena *scratch,
	       struct pass *out_pass);

/* The bytes that a load may read, by the width of its event. */
static inline unsigned pass_width(unsigned width_bytes)
{
	return width_bytes == 0 ? LOAD_MAX_BYTES : width_bytes;
}
