#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, size_bytes)   ((void)(start), (void)(size_bytes))
#define ASAN_UNPOISON_MEMORY_REGION(start, size_bytes) ((void)(start), (void)(size_bytes))
#endif

#ifdef HAVE_ASAN
enum { ARENA_REDZONE_BYTES = 16 };
#else
enum { ARENA_REDZONE_BYTES = 0 };
#endif
enum { ARENA_ALIGN = 16, ARENA_BLOCK_BYTES = 64 * 1024, ARENA_MAX_BLOCK_BYTES = 1024 * 1024 };

struct arena_block {
	struct arena_block *older;
	size_t used_bytes;
	size_t size_bytes;
	_Alignas(ARENA_ALIGN) unsigned char bytes[];
};

/* Zeroed memory that is not touched costs nothing when the system gives it. */
static struct arena_block *block_create(size_t size_bytes, bool zeroed, struct arena_block *older)
{
	size_t whole_bytes = sizeof(struct arena_block) + size_bytes;
	struct arena_block *block = zeroed ? calloc(1, whole_bytes) : malloc(whole_bytes);
	if (block == NULL) {
		fputs("out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	*block = (struct arena_block){ .older = older, .size_bytes = size_bytes };
	ASAN_POISON_MEMORY_REGION(block->bytes, size_bytes);
	return block;
}

static void *allocate(struct arena *arena, size_t count, size_t size_bytes, bool zeroed)
{
	size_t want_bytes;
	if (__builtin_mul_overflow(count, size_bytes, &want_bytes) || want_bytes > SIZE_MAX / 2) {
		fputs("allocation size overflows\n", stderr);
		abort();
	}
	size_t step_bytes =
	    (want_bytes + ARENA_REDZONE_BYTES + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);

	struct arena_block *block = arena->blocks;
	bool fresh = block == NULL || block->size_bytes - block->used_bytes < step_bytes;
	if (fresh) {
		/* Each larger than the one before, so that their number stays small. */
		size_t block_bytes =
		    block == NULL ? (size_t)ARENA_BLOCK_BYTES : 2 * block->size_bytes;
		if (block_bytes > ARENA_MAX_BLOCK_BYTES)
			block_bytes = ARENA_MAX_BLOCK_BYTES;
		if (block_bytes < step_bytes)
			block_bytes = step_bytes;
		block = block_create(block_bytes, zeroed && block_bytes == step_bytes, block);
		arena->blocks = block;
	}
	void *result = block->bytes + block->used_bytes;
	block->used_bytes += step_bytes;
	ASAN_UNPOISON_MEMORY_REGION(result, want_bytes);
	if (zeroed && !(fresh && block->size_bytes == step_bytes))
		memset(result, 0, want_bytes);
	return result;
}

void *arena_alloc_raw(struct arena *arena, size_t count, size_t size_bytes)
{
	return allocate(arena, count, size_bytes, false);
}

void *arena_alloc(struct arena *arena, size_t count, size_t size_bytes)
{
	return allocate(arena, count, size_bytes, true);
}

char *arena_slice(struct arena *arena, struct slice slice)
{
	char *copy = arena_alloc(arena, slice.size_bytes + 1, 1);
	if (slice.size_bytes > 0)
		memcpy(copy, slice.bytes, slice.size_bytes);
	return copy;
}

void *arena_copy(struct arena *arena, const void *from, size_t count, size_t size_bytes)
{
	void *copy = arena_alloc_raw(arena, count, size_bytes);
	if (count > 0)
		memcpy(copy, from, count * size_bytes);
	return copy;
}

char *arena_string(struct arena *arena, const char *string)
{
	return arena_slice(arena, slice_of_string(string));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0)
		size = 0;
	char *text = arena_alloc(arena, (size_t)size + 1, 1);
	va_start(args, format);
	(void)vsnprintf(text, (size_t)size + 1, format, args);
	va_end(args);
	return text;
}

void *arena_grow(struct arena *arena, const void *array, size_t count, size_t size_bytes,
		 size_t *capacity)
{
	*capacity = *capacity == 0 ? 16 : *capacity * 2;
	unsigned char *grown = arena_alloc_raw(arena, *capacity, size_bytes);
	if (count > 0)
		memcpy(grown, array, count * size_bytes);
	memset(grown + count * size_bytes, 0, (*capacity - count) * size_bytes);
	return grown;
}

void arena_clear(struct arena *arena)
{
	struct arena_block *kept = arena->blocks;
	if (kept == NULL)
		return;
	arena->blocks = kept->older;
	arena_finish(arena);
	kept->older = NULL;
	kept->used_bytes = 0;
	ASAN_POISON_MEMORY_REGION(kept->bytes, kept->size_bytes);
	arena->blocks = kept;
}

size_t arena_bytes(const struct arena *arena)
{
	size_t sum = 0;
	for (const struct arena_block *block = arena->blocks; block != NULL; block = block->older)
		sum += block->size_bytes;
	return sum;
}

void arena_finish(struct arena *arena)
{
	while (arena->blocks != NULL) {
		struct arena_block *older = arena->blocks->older;
		free(arena->blocks);
		arena->blocks = older;
	}
}
