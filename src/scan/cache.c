#include "scan/cache.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"

enum {
	CACHE_VERSION = 23, /* grows with every change of what is kept or of how facts are found */
	CACHE_MAX_BYTES = 1 << 30,
};

static const char cache_magic[8] = "sysgap\0";

/* What follows the header, one array after the other, each at a multiple of 8. */
enum part {
	PART_ENTRIES,
	PART_CLOSED,
	PART_TARGETS,
	PART_FUNCTIONS,
	PART_FUNCTION_WORDS,
	PART_FUNCTIONS_BEFORE,
	PART_PLACES,
	PART_BORDERS,
	PART_EVENTS,
	PART_ODD_LOADS,
	PART_RELOCATION_LINKS,
	PART_INDEX, /* of functions, by address */
	PART_FACTS, /* of these functions: the bytes of their blocks */
	PART_COUNT,
};

struct cache_header {
	char magic[8];
	uint64_t tables_hash[2]; /* of all that comes behind it, but the facts */
	uint64_t version;
	uint64_t hash[2]; /* of the file's content */
	uint64_t file_bytes;
	uint64_t code_bytes;
	uint64_t syscall_sites;
	uint64_t counts[PART_COUNT];
};

enum { HASHED_FROM = offsetof(struct cache_header, version) };

struct cached_function {
	uint64_t va;
	uint64_t off, size_bytes; /* in the facts */
	uint64_t hash;
};

static const size_t part_bytes[PART_COUNT] = {
	[PART_ENTRIES] = sizeof(uint32_t),
	[PART_CLOSED] = sizeof(uint64_t),
	[PART_TARGETS] = sizeof(uint32_t),
	[PART_FUNCTIONS] = sizeof(struct image_function),
	[PART_FUNCTION_WORDS] = sizeof(uint64_t),
	[PART_FUNCTIONS_BEFORE] = sizeof(uint32_t),
	[PART_PLACES] = sizeof(struct image_place),
	[PART_BORDERS] = sizeof(uint32_t),
	[PART_EVENTS] = sizeof(struct event),
	[PART_ODD_LOADS] = sizeof(struct odd_load),
	[PART_RELOCATION_LINKS] = sizeof(uint32_t),
	[PART_INDEX] = sizeof(struct cached_function),
	[PART_FACTS] = 1,
};

enum { HASH_LANES = 8 };

/*
 * Tells contents apart, not forgeries. Lanes that do not wait for each other take a word each of
 * 64 bytes at a time; then each is mixed into both numbers.
 */
static void hash_content(struct slice bytes, uint64_t *out_hash)
{
	const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15), other = UINT64_C(0xC2B2AE3D27D4EB4F);
	uint64_t lanes[HASH_LANES], a = bytes.size_bytes, b = ~a;
	for (size_t k = 0; k < HASH_LANES; k++)
		lanes[k] = (k + 1) * other;
	size_t off = 0;
	for (; off + sizeof(lanes) <= bytes.size_bytes; off += sizeof(lanes)) {
#pragma GCC unroll 8 /* else it becomes vectors, which have no such multiplication */
		for (size_t k = 0; k < HASH_LANES; k++) {
			uint64_t word = elf_load64(bytes.bytes + off + 8 * k);
			uint64_t mixed = (lanes[k] ^ word) * odd;
			lanes[k] = mixed ^ mixed >> 32;
		}
	}
	for (; off + sizeof(uint64_t) <= bytes.size_bytes; off += sizeof(uint64_t)) {
		a = (a ^ elf_load64(bytes.bytes + off)) * odd;
		a ^= a >> 32;
	}
	for (; off < bytes.size_bytes; off++)
		a = (a ^ bytes.bytes[off]) * UINT64_C(0x100000001B3);
	for (size_t k = 0; k < HASH_LANES; k++) {
		a = (a ^ lanes[k]) * odd;
		b = (b ^ (lanes[k] >> 29 | lanes[k] << 35)) * other;
		a ^= b >> 29;
		b ^= a >> 32;
	}
	out_hash[0] = a;
	out_hash[1] = b ^ a;
}

static bool cache_path(const struct cache *cache, const uint64_t *hash, char *out, size_t size)
{
	int length = snprintf(out, size, "%s/%016llx%016llx", cache->folder,
			      (unsigned long long)hash[0], (unsigned long long)hash[1]);
	return length > 0 && (size_t)length < size;
}

/* ---- a module's file ---- */

struct known_functions {
	const struct cached_function *index; /* ascending */
	size_t count;
	struct slice facts;
};

bool cache_function(const struct known_functions *known, uint64_t va, struct function *out_function)
{
	size_t low = 0, high = known->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (known->index[middle].va < va)
			low = middle + 1;
		else
			high = middle;
	}
	const struct cached_function *found = &known->index[low];
	if (low == known->count || found->va != va || found->off > known->facts.size_bytes ||
	    found->size_bytes > known->facts.size_bytes - found->off)
		return false;
	struct slice block = { known->facts.bytes + found->off, found->size_bytes };
	uint64_t hash[2];
	hash_content(block, hash);
	return hash[0] == found->hash && function_of_block(va, block, out_function);
}

static size_t aligned(size_t size_bytes)
{
	return (size_bytes + sizeof(uint64_t) - 1) & ~(sizeof(uint64_t) - 1);
}

/* Of the header and the tables of a file that holds them, up to its facts. */
static void hash_tables(const uint8_t *file, size_t facts_off, uint64_t *out_hash)
{
	hash_content((struct slice){ file + HASHED_FROM, facts_off - HASHED_FROM }, out_hash);
}

/* Where each part begins; false: they are not all there, or not as they were. */
static bool find_parts(const struct cache_header *header, struct slice file,
		       const void *parts[PART_COUNT])
{
	uint64_t hash[2];
	size_t off = sizeof(*header), facts_off = 0;
	for (size_t i = 0; i < PART_COUNT; i++) {
		parts[i] = file.bytes + off;
		facts_off = i == PART_FACTS ? off : facts_off;
		if (header->counts[i] > (file.size_bytes - off) / part_bytes[i] ||
		    aligned(header->counts[i] * part_bytes[i]) > file.size_bytes - off)
			return false;
		off += aligned(header->counts[i] * part_bytes[i]);
	}
	hash_tables(file.bytes, facts_off, hash);
	return off == file.size_bytes && memcmp(hash, header->tables_hash, sizeof(hash)) == 0;
}

/* The tables of a cache file, pointing into it; false: not for this content. */
static bool read_tables(struct slice file, const uint64_t *hash, uint64_t file_bytes,
			struct image_tables *out_tables, struct known_functions *out_known)
{
	struct cache_header header;
	if (file.size_bytes < sizeof(header))
		return false;
	memcpy(&header, file.bytes, sizeof(header));
	if (memcmp(header.magic, cache_magic, sizeof(header.magic)) != 0 ||
	    header.version != CACHE_VERSION || header.hash[0] != hash[0] ||
	    header.hash[1] != hash[1] || header.file_bytes != file_bytes)
		return false;
	const void *parts[PART_COUNT];
	if (!find_parts(&header, file, parts))
		return false;
	const struct address_numbers rows = { { 0, header.counts[PART_ENTRIES] +
						       header.counts[PART_TARGETS] },
					      parts[PART_FUNCTION_WORDS],
					      parts[PART_FUNCTIONS_BEFORE] };
	*out_tables =
	    (struct image_tables){ .entries = parts[PART_ENTRIES],
				   .entry_count = header.counts[PART_ENTRIES],
				   .closed = parts[PART_CLOSED],
				   .targets = parts[PART_TARGETS],
				   .target_count = header.counts[PART_TARGETS],
				   .functions = parts[PART_FUNCTIONS],
				   .function_count = header.counts[PART_FUNCTIONS],
				   .function_rows = rows,
				   .places = parts[PART_PLACES],
				   .place_count = header.counts[PART_PLACES],
				   .borders = parts[PART_BORDERS],
				   .border_count = header.counts[PART_BORDERS],
				   .events = parts[PART_EVENTS],
				   .event_count = header.counts[PART_EVENTS],
				   .odd_loads = parts[PART_ODD_LOADS],
				   .odd_load_count = header.counts[PART_ODD_LOADS],
				   .relocation_links = parts[PART_RELOCATION_LINKS],
				   .relocation_count = header.counts[PART_RELOCATION_LINKS],
				   .code_bytes = header.code_bytes,
				   .syscall_sites = header.syscall_sites };
	*out_known = (struct known_functions){
		.index = parts[PART_INDEX],
		.count = header.counts[PART_INDEX],
		.facts = { parts[PART_FACTS], header.counts[PART_FACTS] },
	};
	return true;
}

enum status cache_open_module(const struct cache *cache, struct slice bytes, const char *path,
			      struct problem_list *problems, struct module **out_module,
			      struct error *err)
{
	char name[4096];
	uint64_t hash[2];
	struct file_map map = { 0 };
	struct image_tables tables;
	struct known_functions known;
	struct error ignored;
	struct image_source source = { .bytes = bytes, .mapped = true, .input = path };
	if (cache->folder == NULL)
		return module_open(&source, problems, out_module, err);
	hash_content(bytes, hash);
	bool found = cache_path(cache, hash, name, sizeof(name)) &&
		     file_map_open(name, CACHE_MAX_BYTES, &map, &ignored) == STATUS_OK &&
		     read_tables(map.content, hash, bytes.size_bytes, &tables, &known);
	source.tables = found ? &tables : NULL;
	enum status status = module_open(&source, problems, out_module, err);
	if (status == STATUS_OK)
		memcpy((*out_module)->content_hash, hash, sizeof(hash));
	if (!found || status != STATUS_OK) {
		file_map_close(&map);
		return status;
	}
	(*out_module)->cached = map;
	(*out_module)->known = arena_copy(&(*out_module)->arena, &known, 1, sizeof(known));
	return STATUS_OK;
}

static int compare_functions(const void *left, const void *right)
{
	const struct function *a = *(const struct function *const *)left,
			      *b = *(const struct function *const *)right;
	return (a->va > b->va) - (a->va < b->va);
}

/* A temporary file that takes its name when it is whole. */
static void write_file(const char *path, const struct buffer *text)
{
	struct buffer part = { 0 };
	struct error ignored;
	buffer_printf(&part, "%s.%ld", path, (long)getpid());
	int descriptor = -1;
	if (file_make_folders(path, 0700, &ignored) == STATUS_OK)
		descriptor =
		    open(buffer_string(&part), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool whole = descriptor >= 0 &&
		     write(descriptor, text->bytes, text->size_bytes) == (ssize_t)text->size_bytes;
	if (descriptor >= 0 && close(descriptor) == 0 && whole)
		whole = rename(buffer_string(&part), path) == 0;
	if (descriptor >= 0 && !whole)
		(void)unlink(buffer_string(&part));
	buffer_finish(&part);
}

/* Those whose values were followed, by address; what was known and not asked for is kept, too. */
static size_t list_functions(const struct module *module, struct arena *arena,
			     const struct function ***out_functions)
{
	size_t known_count = module->known == NULL ? 0 : module->known->count, count = 0;
	size_t number_count = module_number_count(module);
	const struct function **functions =
	    arena_alloc(arena, number_count + known_count, sizeof(struct function *));
	for (size_t i = 0; i < number_count; i++) {
		const struct function *valued = module_valued(module, (uint32_t)i);
		if (valued != NULL && !valued->cut)
			functions[count++] = valued;
	}
	for (size_t i = 0; i < known_count; i++) {
		struct function *function = arena_alloc(arena, 1, sizeof(*function));
		uint64_t va = module->known->index[i].va;
		uint32_t number = module_find(module, va);
		if ((number == ADDRESS_NONE || module_valued(module, number) == NULL) &&
		    cache_function(module->known, va, function))
			functions[count++] = function;
	}
	*out_functions = functions;
	return count;
}

/* All parts behind the header, which gets their counts. Returns where the facts begin. */
static size_t append_parts(struct buffer *text, struct cache_header *header,
			   const struct image_tables *tables, const struct cached_function *index,
			   size_t function_count, const struct buffer *facts)
{
	const struct address_numbers *rows = &tables->function_rows;
	const struct {
		const void *items;
		size_t count;
	} parts[PART_COUNT] = {
		[PART_ENTRIES] = { tables->entries, tables->entry_count },
		[PART_CLOSED] = { tables->closed, tables->entry_count / 64 + 1 },
		[PART_TARGETS] = { tables->targets, tables->target_count },
		[PART_FUNCTIONS] = { tables->functions, tables->function_count },
		[PART_FUNCTION_WORDS] = { rows->words, ADDRESS_WORDS(rows->span) },
		[PART_FUNCTIONS_BEFORE] = { rows->before, ADDRESS_GROUPS(rows->span) },
		[PART_PLACES] = { tables->places, tables->place_count },
		[PART_BORDERS] = { tables->borders, tables->border_count },
		[PART_EVENTS] = { tables->events, tables->event_count },
		[PART_ODD_LOADS] = { tables->odd_loads, tables->odd_load_count },
		[PART_RELOCATION_LINKS] = { tables->relocation_links, tables->relocation_count },
		[PART_INDEX] = { index, function_count },
		[PART_FACTS] = { facts->bytes, facts->size_bytes },
	};
	static const uint8_t padding[sizeof(uint64_t)] = { 0 };
	size_t facts_off = 0;
	for (size_t i = 0; i < PART_COUNT; i++) {
		size_t size_bytes = parts[i].count * part_bytes[i];
		header->counts[i] = parts[i].count;
		facts_off = i == PART_FACTS ? text->size_bytes : facts_off;
		buffer_append(text, parts[i].items, size_bytes);
		buffer_append(text, padding, aligned(size_bytes) - size_bytes);
	}
	return facts_off;
}

/* The functions whose values were followed: where the block of each is in the facts. */
static struct cached_function *pack_functions(const struct module *module, struct arena *arena,
					      struct buffer *facts, size_t *out_count)
{
	const struct function **functions;
	size_t count = list_functions(module, arena, &functions);
	if (count > 1)
		qsort(functions, count, sizeof(struct function *), compare_functions);
	struct cached_function *index = arena_alloc(arena, count, sizeof(*index));
	for (size_t i = 0; i < count; i++) {
		struct slice block = functions[i]->block;
		uint64_t hash[2];
		hash_content(block, hash);
		index[i] = (struct cached_function){ functions[i]->va, facts->size_bytes,
						     block.size_bytes, hash[0] };
		buffer_append(facts, block.bytes, block.size_bytes);
	}
	*out_count = count;
	return index;
}

void cache_keep_module(const struct cache *cache, const struct module *module)
{
	char path[4096];
	const struct image *image = &module->image;
	const struct image_tables *tables = &image->tables;
	struct cache_header header = { .version = CACHE_VERSION,
				       .file_bytes = image->file.bytes.size_bytes,
				       .code_bytes = tables->code_bytes,
				       .syscall_sites = tables->syscall_sites };
	memcpy(header.magic, cache_magic, sizeof(header.magic));
	memcpy(header.hash, module->content_hash, sizeof(header.hash));
	if (cache->folder == NULL || !module->grown ||
	    !cache_path(cache, header.hash, path, sizeof(path)))
		return;
	struct arena arena = { 0 };
	struct buffer facts = { 0 }, text = { 0 };
	size_t count;
	const struct cached_function *index = pack_functions(module, &arena, &facts, &count);
	buffer_append(&text, &header, sizeof(header));
	size_t facts_off = append_parts(&text, &header, tables, index, count, &facts);
	memcpy(text.bytes, &header, sizeof(header)); /* now that its counts are known */
	hash_tables((const uint8_t *)text.bytes, facts_off, header.tables_hash);
	memcpy(text.bytes, &header, sizeof(header));
	if (text.size_bytes <= CACHE_MAX_BYTES)
		write_file(path, &text);
	buffer_finish(&text);
	buffer_finish(&facts);
	arena_finish(&arena);
}
