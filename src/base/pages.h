#pragma once

#include <stdint.h>

#include "base/arena.h"

/*
 * Items by number, zeroed, in pages that come into being with the first item that is asked for: few
 * of many numbers are used, and items stay where they are. A zeroed one is empty.
 *
 * per_page, size_bytes   the same in all calls, and constants
 */
struct pages {
	uint8_t **pages; /* NULL: nothing of it was asked for */
	size_t capacity;
};

/* NULL: nothing of its page was asked for. */
static inline void *pages_find(const struct pages *pages, size_t number, size_t per_page,
			       size_t size_bytes)
{
	size_t page = number / per_page;
	return page < pages->capacity && pages->pages[page] != NULL
		   ? pages->pages[page] + number % per_page * size_bytes
		   : NULL;
}

/* Room for the pages of a number of items, when that is known to begin with. */
static inline void pages_reserve(struct arena *arena, struct pages *pages, size_t count,
				 size_t per_page)
{
	pages->capacity = count / per_page + 1;
	pages->pages = arena_alloc(arena, pages->capacity, sizeof(*pages->pages));
}

static inline void *pages_at(struct arena *arena, struct pages *pages, size_t number,
			     size_t per_page, size_t size_bytes)
{
	size_t page = number / per_page;
	while (page >= pages->capacity)
		pages->pages = arena_grow(arena, pages->pages, pages->capacity,
					  sizeof(*pages->pages), &pages->capacity);
	if (pages->pages[page] == NULL)
		pages->pages[page] = arena_alloc(arena, per_page, size_bytes);
	return pages->pages[page] + number % per_page * size_bytes;
}
