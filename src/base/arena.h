#pragma once

#include <stddef.h>

#include "base/slice.h"

/*
 * Memory with one lifetime. Allocation never fails: the process exits when the system has
 * no memory, so callers bound every size taken from input before they ask.
 */
struct arena {
	struct arena_block *blocks; /* newest first, owned */
};

/* Zeroed memory for count objects of size_bytes each, aligned for any of them. */
void *arena_alloc(struct arena *arena, size_t count, size_t size_bytes);
void *arena_alloc_raw(struct arena *arena, size_t count, size_t size_bytes); /* not zeroed */
void *arena_copy(struct arena *arena, const void *from, size_t count, size_t size_bytes);
char *arena_string(struct arena *arena, const char *string); /* a copy */
char *arena_slice(struct arena *arena, struct slice slice);  /* a terminated copy */
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * An array with room for one more, for lists of unknown length:
 *
 *   if (count == capacity)
 *           items = arena_grow(arena, items, count, sizeof(*items), &capacity);
 *
 * returns   a larger copy of the array; the old one stays in the arena
 */
void *arena_grow(struct arena *arena, const void *array, size_t count, size_t size_bytes,
		 size_t *capacity);

/* Gives up all that was allocated, and keeps some of the memory for what comes next. */
void arena_clear(struct arena *arena);

size_t arena_bytes(const struct arena *arena); /* that it holds of the system's memory */

void arena_finish(struct arena *arena); /* frees everything; safe to call twice */
