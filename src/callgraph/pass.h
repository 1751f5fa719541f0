#pragma once

#include "callgraph/image.h"

/* An instruction, before it is known where it leads. */
struct pass_event {
	uint32_t off;   /* from the image's base, as the value is */
	uint32_t value; /* what it has as an address */
	uint8_t kind;   /* enum sweep_kind */
	uint8_t width_bytes;
};

/* Some of the events; whoever is done with them finishes their memory. */
struct pass_chunk {
	struct arena memory;
	struct pass_event *events;
	size_t count;
};

/* What one pass over all code of a file finds, as it stands there; internal to callgraph/. */
struct pass {
	struct address_set entries; /* of functions, also of those that headers tell of */
	struct address_numbers entry_numbers;
	struct address_set mentioned; /* addresses of data */
	struct pass_chunk *chunks;    /* ascending events */
	size_t chunk_count;
};

/*
 * Fills the tables' entries, and those figures that are counted on the way.
 *
 * all       the span in which mentioned data is told apart
 * scratch   the memory of what is found, but for the tables and the chunks' events
 */
void pass_over(struct image *image, struct elf_range all, struct arena *scratch,
	       struct pass *out_pass);

/* The bytes that a load may read, by the width of its event. */
static inline unsigned pass_width(unsigned width_bytes)
{
	return width_bytes == 0 ? LOAD_MAX_BYTES : width_bytes;
}
