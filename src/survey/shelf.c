#include "survey/shelf.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"

struct shelved {
	char *path; /* owned */
	uint64_t identity;
	uint64_t asked; /* when last, on the shelf's clock */
	struct slice bytes;
	struct module *module; /* NULL: it could not be opened */
	struct error failure;
};

static void discard(struct shelved *item)
{
	if (item->module != NULL)
		module_finish(item->module);
	if (item->bytes.size_bytes > 0)
		(void)munmap((void *)(uintptr_t)item->bytes.bytes, item->bytes.size_bytes);
	free(item->path);
	free(item);
}

static struct shelved *find(const struct shelf *shelf, const struct shelf_source *source)
{
	for (size_t i = 0; i < shelf->count; i++)
		if (shelf->items[i]->identity == source->identity &&
		    strcmp(shelf->items[i]->path, source->path) == 0)
			return shelf->items[i];
	return NULL;
}

static _Noreturn void out_of_memory(void)
{
	fputs("out of memory\n", stderr);
	exit(EXIT_FAILURE);
}

static void add(struct shelf *shelf, struct shelved *item)
{
	if (shelf->count == shelf->capacity) {
		shelf->capacity = shelf->capacity == 0 ? 64 : 2 * shelf->capacity;
		shelf->items = reallocarray(shelf->items, shelf->capacity, sizeof(*shelf->items));
		if (shelf->items == NULL)
			out_of_memory();
	}
	shelf->items[shelf->count++] = item;
}

/* A file's bytes, not looked at yet. */
static struct shelved *fetch(const struct shelf_source *source)
{
	struct shelved *item = calloc(1, sizeof(*item));
	if (item == NULL)
		out_of_memory();
	item->path = strdup(source->path);
	item->identity = source->identity;
	if (!source->map(source->context, source->path, &item->bytes)) {
		item->failure.status = STATUS_UNSUPPORTED;
		snprintf(item->failure.text, sizeof(item->failure.text),
			 "its content cannot be had");
	}
	return item;
}

static void open_item(struct shelved *item)
{
	struct arena scratch = { 0 };
	struct problem_list problems = { .arena = &scratch }; /* told where the file was read */
	struct image_source image = { .bytes = item->bytes, .mapped = true, .input = item->path };
	if (module_open(&image, &problems, &item->module, &item->failure) != STATUS_OK)
		item->module = NULL;
	arena_finish(&scratch);
	if (item->bytes.size_bytes >=
	    SHELF_TRIM_BYTES) /* what was needed to open it is much, too */
		(void)malloc_trim(0);
}

static size_t item_bytes(const struct shelved *item)
{
	return item->module == NULL ? 0 : module_bytes(item->module);
}

static size_t bytes_since(const struct shelf *shelf, uint64_t clock)
{
	size_t sum = 0;
	for (size_t i = 0; i < shelf->count; i++)
		if (shelf->items[i]->asked >= clock)
			sum += item_bytes(shelf->items[i]);
	return sum;
}

size_t shelf_bytes(const struct shelf *shelf)
{
	return bytes_since(shelf, 0);
}

static void take_out(struct shelf *shelf, size_t i)
{
	struct shelved *item = shelf->items[i];
	shelf->items[i] = shelf->items[--shelf->count];
	discard(item);
}

/* Each program is asked for once, and by nobody else when it has no name to be loaded by. */
static bool is_done_with(const struct shelf *shelf, const struct shelved *item)
{
	return item == shelf->program && item->module != NULL &&
	       item->module->image.dynamic.soname == NULL;
}

void shelf_begin(struct shelf *shelf)
{
	size_t bytes = bytes_since(shelf, shelf->began);
	if (bytes > shelf->largest_bytes)
		shelf->largest_bytes = bytes;
	for (size_t i = shelf->count; i-- > 0;) {
		const struct shelved *item = shelf->items[i];
		if (is_done_with(shelf, item))
			take_out(shelf, i);
		else if (item->asked >= shelf->began && item->bytes.size_bytes >= SHELF_DROP_BYTES)
			file_map_drop(item->bytes);
	}
	shelf->program = NULL;
	shelf->began = shelf->clock + 1;
}

/*
 * What was not asked for longest makes way, but nothing that the program at hand asked for. What
 * comes takes about as much memory as it is long.
 */
static void make_room(struct shelf *shelf, size_t coming_bytes)
{
	size_t bytes = shelf_bytes(shelf) + coming_bytes;
	size_t max_bytes = shelf->largest_bytes;
	if (max_bytes < SHELF_MIN_BYTES)
		max_bytes = SHELF_MIN_BYTES;
	if (max_bytes > SHELF_MAX_BYTES)
		max_bytes = SHELF_MAX_BYTES;
	while (bytes > max_bytes && shelf->count > 0) {
		size_t oldest = 0;
		for (size_t i = 1; i < shelf->count; i++)
			if (shelf->items[i]->asked < shelf->items[oldest]->asked)
				oldest = i;
		if (shelf->items[oldest]->asked >= shelf->began)
			return;
		bytes -= item_bytes(shelf->items[oldest]);
		take_out(shelf, oldest);
	}
}

enum status shelf_module(struct shelf *shelf, const struct shelf_source *source,
			 struct module **out_module, struct error *err)
{
	if (source->identity == 0)
		return error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF, "no such file");
	struct shelved *item = find(shelf, source);
	if (item == NULL) {
		item = fetch(source);
		make_room(shelf, item->bytes.size_bytes);
		add(shelf, item);
		if (item->failure.status == STATUS_OK)
			open_item(item);
	}
	item->asked = ++shelf->clock;
	if (item->asked == shelf->began)
		shelf->program = item;
	if (item->module == NULL) {
		*err = item->failure;
		return item->failure.status;
	}
	*out_module = item->module;
	return STATUS_OK;
}

void shelf_finish(struct shelf *shelf)
{
	for (size_t i = 0; i < shelf->count; i++)
		discard(shelf->items[i]);
	free(shelf->items);
	*shelf = (struct shelf){ 0 };
}
