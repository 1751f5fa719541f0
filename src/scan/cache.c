#include "scan/cache.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"

enum {
	CACHE_VERSION = 11, /* grows with every change of what is kept or of how facts are found */
	CACHE_MAX_BYTES = 1 << 30,
	CACHE_ALIGN = 8,
};

static const char cache_magic[8] = "sysgap\0";

struct cache_header {
	char magic[8];
	uint64_t version;
	uint64_t hash[2]; /* of the file's content */
	uint64_t file_bytes;
	uint64_t code_bytes;
	uint64_t syscall_sites;
	uint64_t entry_count;    /* then the entries, */
	uint64_t border_count;   /* the borders, */
	uint64_t event_count;    /* the events, */
	uint64_t function_count; /* the index of functions, by address, */
	uint64_t facts_bytes;    /* and their facts */
};

struct cached_function {
	uint64_t va;
	uint64_t off; /* in the facts */
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
	for (; off + sizeof(lanes) <= bytes.size_bytes; off += sizeof(lanes))
		for (size_t k = 0; k < HASH_LANES; k++) {
			uint64_t word = elf_load64(bytes.bytes + off + 8 * k);
			uint64_t mixed = (lanes[k] ^ word) * odd;
			lanes[k] = mixed ^ mixed >> 32;
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

/* ---- facts as bytes ---- */

static void put(struct buffer *out, uint64_t number)
{
	uint8_t bytes[10];
	size_t count = 0;
	for (; number >= 0x80; number >>= 7)
		bytes[count++] = (uint8_t)(number | 0x80);
	bytes[count++] = (uint8_t)number;
	buffer_append(out, bytes, count);
}

struct reader {
	const uint8_t *at, *end;
	bool failed;
};

static uint64_t get(struct reader *reader)
{
	uint64_t number = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (reader->at == reader->end)
			break;
		uint8_t byte = *reader->at++;
		number |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return number;
	}
	reader->failed = true;
	return 0;
}

/* A count of things that take at least a byte each. */
static size_t get_count(struct reader *reader)
{
	uint64_t count = get(reader);
	if (count > (uint64_t)(reader->end - reader->at)) {
		reader->failed = true;
		return 0;
	}
	return (size_t)count;
}

static void put_reach(struct buffer *out, const struct reach *reach)
{
	put(out, reach == NULL ? 0 : reach->term_count);
	for (size_t i = 0; reach != NULL && i < reach->term_count; i++) {
		const struct term *term = &reach->terms[i];
		put(out, term->input);
		put(out, term->kind);
		put(out, term->bits_wide);
		put(out, term->mask);
		put(out, term->bits);
		put(out, term->range_count);
		for (size_t k = 0; k < term->range_count; k++) {
			put(out, term->ranges[k].low);
			put(out, term->ranges[k].high);
		}
	}
}

static const struct reach *get_reach(struct reader *reader, struct arena *arena)
{
	size_t count = get_count(reader);
	if (count == 0 || count > CONDITION_MAX_TERMS) {
		reader->failed |= count != 0;
		return NULL;
	}
	struct reach *reach = arena_alloc(arena, 1, sizeof(*reach));
	reach->term_count = count;
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct term *term = &reach->terms[i];
		term->input = (uint16_t)get(reader);
		term->kind = (uint8_t)get(reader);
		term->bits_wide = (uint8_t)get(reader);
		term->mask = get(reader);
		term->bits = get(reader);
		term->range_count = (uint32_t)get_count(reader);
		reader->failed |= term->input >= INPUT_COUNT || term->kind > TERM_NOT_BITS;
		struct number_range *ranges =
		    arena_alloc(arena, term->range_count, sizeof(*ranges));
		for (size_t k = 0; k < term->range_count; k++)
			ranges[k] = (struct number_range){ get(reader), get(reader) };
		term->ranges = ranges;
	}
	return reach;
}

static void put_argument(struct buffer *out, const struct argument *argument)
{
	const struct value *value = &argument->value;
	put(out, argument->input);
	put(out, value->kind);
	put(out, value->bits);
	put(out, value->assumed);
	put(out, value->input);
	put(out, value->kind == VALUE_SET ? value->set->count : value->number);
	for (size_t i = 0; value->kind == VALUE_SET && i < value->set->count; i++)
		put(out, value->set->numbers[i]);
}

static struct argument get_argument(struct reader *reader, struct arena *arena)
{
	struct argument argument = { .input = (uint16_t)get(reader) };
	struct value *value = &argument.value;
	value->kind = (uint8_t)get(reader);
	value->bits = (uint8_t)get(reader);
	value->assumed = get(reader) != 0;
	value->input = (uint16_t)get(reader);
	reader->failed |= value->kind >= VALUE_ENTRY || argument.input >= INPUT_COUNT ||
			  (value_is_given(value) && value->input >= INPUT_COUNT);
	if (value->kind != VALUE_SET) {
		value->number = get(reader);
		return argument;
	}
	size_t count = get_count(reader);
	struct value_set *set =
	    arena_alloc(arena, 1, sizeof(*set) + count * sizeof(set->numbers[0]));
	set->count = (uint32_t)count;
	for (size_t i = 0; i < count; i++)
		set->numbers[i] = get(reader);
	value->set = set;
	return argument;
}

static void put_function(struct buffer *out, const struct function *function)
{
	put(out, function->fact_count);
	const struct reach *last = NULL;
	for (size_t i = 0; i < function->fact_count; i++) {
		const struct fact *fact = &function->facts[i];
		put(out, fact->va - function->va);
		put(out, fact->target);
		put(out, fact->kind);
		put(out, fact->width_bytes);
		/* Facts of one block share their condition. */
		bool same = i > 0 && fact->reach == last;
		put(out, same);
		if (!same)
			put_reach(out, fact->reach);
		last = fact->reach;
		put(out, fact->argument_count);
		for (size_t k = 0; k < fact->argument_count; k++)
			put_argument(out, &fact->arguments[k]);
	}
}

static bool get_function(struct reader *reader, struct arena *arena, uint64_t va,
			 struct function *out_function)
{
	struct function function = { .va = va };
	function.fact_count = (uint32_t)get_count(reader);
	struct fact *facts = arena_alloc(arena, function.fact_count, sizeof(*facts));
	const struct reach *last = NULL;
	for (size_t i = 0; i < function.fact_count && !reader->failed; i++) {
		struct fact *fact = &facts[i];
		fact->va = va + get(reader);
		fact->target = get(reader);
		fact->kind = (uint8_t)get(reader);
		fact->width_bytes = (uint8_t)get(reader);
		if (get(reader) == 0)
			last = get_reach(reader, arena);
		fact->reach = last;
		size_t argument_count = get_count(reader);
		reader->failed |= argument_count > UINT16_MAX;
		fact->argument_count = (uint16_t)argument_count;
		reader->failed |= fact->kind >= FACT_KIND_COUNT;
		struct argument *arguments =
		    arena_alloc(arena, fact->argument_count, sizeof(*arguments));
		for (size_t k = 0; k < fact->argument_count && !reader->failed; k++)
			arguments[k] = get_argument(reader, arena);
		fact->arguments = arguments;
	}
	function.facts = facts;
	*out_function = function;
	return !reader->failed;
}

/* ---- a module's file ---- */

struct known_functions {
	const struct cached_function *index; /* ascending */
	size_t count;
	struct slice facts;
};

bool cache_function(const struct known_functions *known, uint64_t va, struct arena *arena,
		    struct function *out_function)
{
	size_t low = 0, high = known->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (known->index[middle].va < va)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == known->count || known->index[low].va != va ||
	    known->index[low].off > known->facts.size_bytes)
		return false;
	struct reader reader = { known->facts.bytes + known->index[low].off,
				 known->facts.bytes + known->facts.size_bytes, false };
	return get_function(&reader, arena, va, out_function);
}

static const void *take(struct slice *rest, uint64_t count, size_t size_bytes, bool *failed)
{
	if (*failed || count > rest->size_bytes / size_bytes) {
		*failed = true;
		return NULL;
	}
	const void *taken = rest->bytes;
	rest->bytes += count * size_bytes;
	rest->size_bytes -= count * size_bytes;
	return taken;
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
	struct slice rest = { file.bytes + sizeof(header), file.size_bytes - sizeof(header) };
	bool failed = false;
	struct image_tables tables = { .code_bytes = header.code_bytes,
				       .syscall_sites = header.syscall_sites,
				       .entry_count = header.entry_count,
				       .border_count = header.border_count,
				       .event_count = header.event_count };
	tables.entries = take(&rest, header.entry_count, sizeof(*tables.entries), &failed);
	tables.borders = take(&rest, header.border_count, sizeof(*tables.borders), &failed);
	struct known_functions known = { .count = header.function_count };
	known.index = take(&rest, header.function_count, sizeof(*known.index), &failed);
	tables.events = take(&rest, header.event_count, sizeof(*tables.events), &failed);
	known.facts.bytes = take(&rest, header.facts_bytes, 1, &failed);
	known.facts.size_bytes = header.facts_bytes;
	if (failed || rest.size_bytes != 0)
		return false;
	*out_tables = tables;
	*out_known = known;
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

void cache_keep_module(const struct cache *cache, const struct module *module)
{
	char path[4096];
	struct cache_header header = { .version = CACHE_VERSION };
	const struct image *image = &module->image;
	if (cache->folder == NULL || !module->grown)
		return;
	memcpy(header.hash, module->content_hash, sizeof(header.hash));
	if (!cache_path(cache, header.hash, path, sizeof(path)))
		return;
	struct arena arena = { 0 };
	struct buffer facts = { 0 }, text = { 0 };
	size_t known_count = module->known == NULL ? 0 : module->known->count, count = 0;
	size_t followed_count = module_number_count(module);
	const struct function **functions =
	    arena_alloc(&arena, followed_count + known_count, sizeof(struct function *));
	for (size_t i = 0; i < followed_count; i++) {
		const struct module_function *record = module_known(module, (uint32_t)i);
		if (record != NULL && record->valued != NULL && !record->valued->function.cut)
			functions[count++] = &record->valued->function;
	}
	/* What was known and not asked for this time is kept, too. */
	for (size_t i = 0; i < known_count; i++) {
		struct function *function = arena_alloc(&arena, 1, sizeof(*function));
		uint64_t va = module->known->index[i].va;
		uint32_t number = module_find(module, va);
		const struct module_function *record =
		    number == RANK_NONE ? NULL : module_known(module, number);
		if ((record == NULL || record->valued == NULL) &&
		    cache_function(module->known, va, &arena, function))
			functions[count++] = function;
	}
	if (count > 1)
		qsort(functions, count, sizeof(struct function *), compare_functions);
	struct cached_function *index = arena_alloc(&arena, count, sizeof(*index));
	for (size_t i = 0; i < count; i++) {
		index[i] = (struct cached_function){ functions[i]->va, facts.size_bytes };
		put_function(&facts, functions[i]);
	}
	memcpy(header.magic, cache_magic, sizeof(header.magic));
	header.file_bytes = image->file.bytes.size_bytes;
	header.code_bytes = image->code_bytes;
	header.syscall_sites = image->syscall_sites;
	header.entry_count = image->entry_count;
	header.border_count = image->border_count;
	header.event_count = image->event_count;
	header.function_count = count;
	header.facts_bytes = facts.size_bytes;
	buffer_append(&text, &header, sizeof(header));
	buffer_append(&text, image->entries, image->entry_count * sizeof(*image->entries));
	buffer_append(&text, image->borders, image->border_count * sizeof(*image->borders));
	buffer_append(&text, index, count * sizeof(*index));
	buffer_append(&text, image->events, image->event_count * sizeof(*image->events));
	buffer_append(&text, facts.bytes, facts.size_bytes);
	if (text.size_bytes <= CACHE_MAX_BYTES)
		write_file(path, &text);
	buffer_finish(&text);
	buffer_finish(&facts);
	arena_finish(&arena);
}
