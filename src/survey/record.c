#include "survey/record.h"

#include <string.h>

enum tag { TAG_PACKAGE = 'P', TAG_FILE = 'F', TAG_PROBLEM = '!' };

#define NO_TEXT UINT32_MAX

void record_put_uint(struct buffer *out, uint64_t value, unsigned width_bytes)
{
	uint8_t bytes[8];
	for (unsigned i = 0; i < width_bytes; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	buffer_append(out, bytes, width_bytes);
}

void record_put_text(struct buffer *out, const char *text)
{
	size_t length = text == NULL ? 0 : strlen(text);
	length = length < RECORD_MAX_TEXT ? length : RECORD_MAX_TEXT;
	record_put_uint(out, text == NULL ? NO_TEXT : length, 4);
	buffer_append(out, text, length);
}

const char *record_text(struct cursor *cursor, struct arena *arena)
{
	uint64_t length = cursor_read_uint(cursor, 4);
	if (cursor->failed || length == NO_TEXT)
		return NULL;
	if (length > RECORD_MAX_TEXT || length > cursor->size_bytes - cursor->off) {
		cursor->failed = true;
		return NULL;
	}
	struct slice text = { cursor->bytes + cursor->off, (size_t)length };
	cursor->off += (size_t)length;
	return arena_slice(arena, text);
}

void record_put_package(struct buffer *out, const struct package *package)
{
	record_put_uint(out, TAG_PACKAGE, 1);
	record_put_text(out, package->name);
	record_put_text(out, package->version);
	record_put_text(out, package->arch);
	record_put_text(out, package->section);
	record_put_text(out, package->maintainer);
	record_put_text(out, package->depends);
	record_put_text(out, package->provides);
	record_put_uint(out, package->essential, 1);
}

void record_put_file(struct buffer *out, const struct package_file *file)
{
	record_put_uint(out, TAG_FILE, 1);
	record_put_uint(out, file->kind, 1);
	record_put_uint(out, file->maintainer, 1);
	record_put_text(out, file->path);
	record_put_text(out, file->text);
	if (file->kind > FILE_FOREIGN)
		return;
	buffer_append(out, file->hash, HASH_BYTES);
	record_put_uint(out, file->size_bytes, 8);
	record_put_uint(out, file->machine, 2);
	record_put_uint(out, file->word_bytes, 1);
	record_put_uint(out, file->by_place, 1);
	record_put_uint(out, file->pool_off, 8);
}

void record_put_problem(struct buffer *out, const char *text)
{
	record_put_uint(out, TAG_PROBLEM, 1);
	record_put_text(out, text);
}

/* ---- and back ---- */

struct decoding {
	struct cursor cursor;
	struct arena *arena;
	struct read_package *packages;
	size_t count, capacity;
	struct package_file *files; /* of the last package */
	size_t file_capacity;
};

static bool decode_package(struct decoding *decoding)
{
	struct cursor *cursor = &decoding->cursor;
	struct arena *arena = decoding->arena;
	if (decoding->count == RECORD_MAX_PACKAGES)
		return false;
	if (decoding->count == decoding->capacity)
		decoding->packages = arena_grow(arena, decoding->packages, decoding->count,
						sizeof(*decoding->packages), &decoding->capacity);
	struct read_package *package = &decoding->packages[decoding->count++];
	*package = (struct read_package){ 0 };
	package->package.name = record_text(cursor, arena);
	package->package.version = record_text(cursor, arena);
	package->package.arch = record_text(cursor, arena);
	package->package.section = record_text(cursor, arena);
	package->package.maintainer = record_text(cursor, arena);
	package->package.depends = record_text(cursor, arena);
	package->package.provides = record_text(cursor, arena);
	package->package.essential = cursor_read_uint(cursor, 1) != 0;
	decoding->files = NULL;
	decoding->file_capacity = 0;
	return package->package.name != NULL && package->package.version != NULL;
}

static bool decode_file(struct decoding *decoding)
{
	struct cursor *cursor = &decoding->cursor;
	if (decoding->count == 0)
		return false;
	struct read_package *package = &decoding->packages[decoding->count - 1];
	if (package->file_count == RECORD_MAX_FILES)
		return false;
	if (package->file_count == decoding->file_capacity)
		decoding->files = arena_grow(decoding->arena, decoding->files, package->file_count,
					     sizeof(*decoding->files), &decoding->file_capacity);
	struct package_file *file = &decoding->files[package->file_count];
	uint64_t kind = cursor_read_uint(cursor, 1);
	*file = (struct package_file){ .kind = (enum file_kind)kind,
				       .maintainer = cursor_read_uint(cursor, 1) != 0,
				       .path = record_text(cursor, decoding->arena),
				       .text = record_text(cursor, decoding->arena) };
	if (kind >= FILE_KIND_COUNT || file->path == NULL ||
	    (kind > FILE_FOREIGN && file->text == NULL))
		return false;
	if (kind <= FILE_FOREIGN) {
		if (cursor->size_bytes - cursor->off < HASH_BYTES)
			return false;
		memcpy(file->hash, cursor->bytes + cursor->off, HASH_BYTES);
		cursor->off += HASH_BYTES;
		file->size_bytes = cursor_read_uint(cursor, 8);
		file->machine = (uint16_t)cursor_read_uint(cursor, 2);
		file->word_bytes = (uint8_t)cursor_read_uint(cursor, 1);
		file->by_place = cursor_read_uint(cursor, 1) != 0;
		file->pool_off = cursor_read_uint(cursor, 8);
	}
	package->files = decoding->files;
	package->file_count++;
	return true;
}

static bool decode_problem(struct decoding *decoding)
{
	if (decoding->count == 0)
		return false;
	decoding->packages[decoding->count - 1].problem =
	    record_text(&decoding->cursor, decoding->arena);
	return true;
}

bool record_decode(struct slice record, struct arena *arena,
		   const struct read_package **out_packages, size_t *out_count)
{
	struct decoding decoding = { .arena = arena };
	struct cursor *cursor = &decoding.cursor;
	cursor_init(cursor, record.bytes, record.size_bytes);
	while (cursor->off < cursor->size_bytes) {
		uint64_t tag = cursor_read_uint(cursor, 1);
		bool good = tag == TAG_PACKAGE   ? decode_package(&decoding)
			    : tag == TAG_FILE    ? decode_file(&decoding)
			    : tag == TAG_PROBLEM ? decode_problem(&decoding)
						 : false;
		if (!good || cursor->failed)
			return false;
	}
	*out_packages = decoding.packages;
	*out_count = decoding.count;
	return true;
}
