#include "callgraph/image.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "disasm/sweep.h"

/* The first export at or behind an address, as an index. */
static size_t export_from(const struct image *image, uint64_t va)
{
	size_t low = 0, high = image->export_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (image->exports[middle]->va < va)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The index of the last number <= va, or SIZE_MAX. */
static size_t last_up_to(const uint64_t *numbers, size_t count, uint64_t va)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (numbers[middle] <= va)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

bool image_is_entry(const struct image *image, uint64_t va)
{
	size_t i = last_up_to(image->entries, image->entry_count, va);
	return i != SIZE_MAX && image->entries[i] == va;
}

uint64_t image_entry_from(const struct image *image, uint64_t va)
{
	size_t i = va == 0 ? 0 : last_up_to(image->entries, image->entry_count, va - 1) + 1;
	return i < image->entry_count ? image->entries[i] : UINT64_MAX;
}

const char *image_export_name(const struct image *image, uint64_t va)
{
	size_t i = export_from(image, va);
	return i < image->export_count && image->exports[i]->va == va ? image->exports[i]->name
								      : NULL;
}

bool image_is_export(const struct image *image, uint64_t va)
{
	return image_export_name(image, va) != NULL;
}

const struct elf_fde *image_fde_at(const struct image *image, uint64_t va)
{
	size_t low = 0, high = image->unwind.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (image->unwind.fdes[middle].start_va <= va)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || va >= image->unwind.fdes[low - 1].end_va)
		return NULL;
	return &image->unwind.fdes[low - 1];
}

bool image_contains(const struct image *image, uint64_t va)
{
	return elf_segment_at(&image->file, va) != NULL;
}

static bool is_constant_memory(const struct image *image, uint64_t va, uint64_t size_bytes)
{
	const struct elf_segment *segment = elf_segment_at(&image->file, va);
	if (segment == NULL || va - segment->va + size_bytes > segment->file_bytes)
		return false;
	struct elf_range relro = image->file.relro;
	return (segment->flags & ELF_WRITE) == 0 ||
	       (relro.size_bytes > 0 && va >= relro.va &&
		va + size_bytes <= relro.va + relro.size_bytes);
}

bool image_constant(const struct image *image, uint64_t va, unsigned width_bytes,
		    uint64_t *out_value)
{
	if (width_bytes == 0 || width_bytes > 8 || !is_constant_memory(image, va, width_bytes))
		return false;
	size_t i = elf_relocation_from(&image->relocations, va > 7 ? va - 7 : 0);
	if (!image->fixed && i < image->relocations.count &&
	    image->relocations.relocations[i].va < va + width_bytes)
		return false;
	struct slice bytes = elf_bytes_from(&image->file, va);
	uint64_t value = 0;
	memcpy(&value, bytes.bytes, width_bytes);
	*out_value = value;
	return true;
}

struct elf_range image_object_at(const struct image *image, uint64_t va, size_t *out_number)
{
	const struct elf_segment *segment = elf_segment_at(&image->file, va);
	*out_number = 0;
	if (segment == NULL || elf_is_code(&image->file, va))
		return (struct elf_range){ va, 0 };
	uint64_t low = segment->va, high = segment->va + segment->memory_bytes;
	size_t i = last_up_to(image->borders, image->border_count, va);
	if (i + 1 < image->border_count && image->borders[i + 1] < high)
		high = image->borders[i + 1];
	*out_number = image->border_count + (size_t)(segment - image->file.segments);
	if (i != SIZE_MAX && image->borders[i] > low) {
		low = image->borders[i];
		*out_number = i;
	}
	return (struct elf_range){ low, high - low };
}

static const struct golang_function *golang_at(const struct image *image, uint64_t va)
{
	size_t low = 0, high = image->golang.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (image->golang.functions[middle].start_va <= va)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || va >= image->golang.functions[low - 1].end_va)
		return NULL;
	return &image->golang.functions[low - 1];
}

/* The better of two names of a place: the one without leading underscores is the known one. */
static const char *better_name(const char *best, const struct elf_symbol *symbol)
{
	if (symbol->name[0] == '\0' ||
	    (symbol->type != ELF_SYMBOL_FUNCTION && symbol->type != ELF_SYMBOL_IFUNC &&
	     symbol->type != ELF_SYMBOL_NONE))
		return best;
	return best == NULL || strspn(symbol->name, "_") < strspn(best, "_") ? symbol->name : best;
}

const char *image_name_of(const struct image *image, uint64_t va)
{
	const char *best = NULL;
	for (size_t i = export_from(image, va);
	     i < image->export_count && image->exports[i]->va == va; i++)
		best = better_name(best, image->exports[i]);
	size_t static_count = best == NULL ? image->static_symbols.count : 0;
	for (size_t i = 0; i < static_count; i++) {
		const struct elf_symbol *symbol = &image->static_symbols.symbols[i];
		if (symbol->defined && symbol->va == va)
			best = better_name(best, symbol);
	}
	if (best != NULL)
		return best;
	const struct golang_function *function = golang_at(image, va);
	return function != NULL && function->start_va == va ? function->name : NULL;
}

/* Sections with code when there are section headers; else the executable segments. */
static size_t code_ranges(const struct elf_file *file, struct elf_range *ranges, size_t max_count)
{
	size_t count = 0;
	for (size_t i = 0; i < file->section_count && count < max_count; i++) {
		const struct elf_section *section = &file->sections[i];
		if ((section->flags & SHF_EXECINSTR) != 0 && section->type != SHT_NOBITS &&
		    elf_is_code(file, section->va))
			ranges[count++] = (struct elf_range){ section->va, section->size_bytes };
	}
	if (count > 0)
		return count;
	for (size_t i = 0; i < file->segment_count && count < max_count; i++)
		if ((file->segments[i].flags & ELF_EXECUTE) != 0)
			ranges[count++] = (struct elf_range){ file->segments[i].va,
							      file->segments[i].file_bytes };
	return count;
}

enum { MAX_CODE_RANGES = 256, EVENTS_AT_ONCE = 512 };

/* Addresses of code, one bit each: they come in great numbers, in any order and repeated. */
struct address_bits {
	uint64_t base, size_bytes;
	uint64_t *words;
	size_t count; /* of those that are set */
};

static bool address_has(const struct address_bits *bits, uint64_t va)
{
	uint64_t off = va - bits->base;
	return off >= bits->size_bytes || (bits->words[off / 64] >> (off % 64) & 1) != 0;
}

static void address_add(struct address_bits *bits, uint64_t va)
{
	uint64_t off = va - bits->base;
	if (off >= bits->size_bytes)
		return;
	uint64_t *word = &bits->words[off / 64], bit = UINT64_C(1) << (off % 64);
	bits->count += (*word & bit) == 0;
	*word |= bit;
}

enum { RECENT_COUNT = 256, CHUNK_EVENTS = 1 << 15 };

/* Events as they are found; how many there are is known at the end only. */
struct event_chunk {
	struct arena memory; /* owned */
	struct event *events;
	size_t count;
};

struct collection {
	struct image *image;
	struct arena scratch; /* owned */
	struct address_bits entries;
	struct address_bits mentioned; /* of data */
	struct address_bits filled;    /* words, by the address / 8, that ld.so fills */
	struct event_chunk *chunks;    /* of events, all but the last full */
	size_t chunk_count, chunk_capacity;
	struct event_chunk *chunk; /* the last; NULL: there is none */
	size_t fde, golang;        /* the first that does not end before the present event */
	struct elf_range swept;    /* what is passed over now; all of it is code */
	/* The function around the present event; of size 0: no table names one. */
	struct elf_range function;
	bool guesses;                      /* that was so of some code */
	bool has_fde;                      /* an FDE names it */
	uint64_t known_end;                /* up to where that holds */
	struct event recent[RECENT_COUNT]; /* of the present function, by a hash */
	size_t ending;                     /* the FDE whose end comes next */
	uint64_t ending_va;
	struct sweep_end end;
};

static void add_chunk(struct collection *collection)
{
	if (collection->chunk_count == collection->chunk_capacity)
		collection->chunks =
		    arena_grow(&collection->scratch, collection->chunks, collection->chunk_count,
			       sizeof(*collection->chunks), &collection->chunk_capacity);
	collection->chunk = &collection->chunks[collection->chunk_count++];
	collection->chunk->events =
	    arena_alloc_raw(&collection->chunk->memory, CHUNK_EVENTS, sizeof(struct event));
}

static void keep_event(struct collection *collection, const struct sweep_event *event)
{
	uint64_t base = collection->image->base;
	if (collection->chunk == NULL || collection->chunk->count == CHUNK_EVENTS)
		add_chunk(collection);
	collection->chunk->events[collection->chunk->count++] =
	    (struct event){ (uint32_t)(event->va - base), (uint32_t)(event->value - base),
			    event->kind, event->width_bytes };
}

/* Finds the function around an address; addresses come in ascending order. */
static void enter_function(struct collection *collection, uint64_t va)
{
	const struct elf_unwind *unwind = &collection->image->unwind;
	const struct golang_table *golang = &collection->image->golang;
	size_t fde = collection->fde, function = collection->golang;
	while (fde < unwind->count && unwind->fdes[fde].end_va <= va)
		fde++;
	collection->fde = fde;
	collection->has_fde = fde < unwind->count && unwind->fdes[fde].start_va <= va;
	if (collection->has_fde) {
		uint64_t start = unwind->fdes[fde].start_va, end = unwind->fdes[fde].end_va;
		collection->function = (struct elf_range){ start, end - start };
		collection->known_end = end;
		return;
	}
	uint64_t known_end = fde < unwind->count ? unwind->fdes[fde].start_va : UINT64_MAX;
	while (function < golang->count && golang->functions[function].end_va <= va)
		function++;
	collection->golang = function;
	collection->function = (struct elf_range){ 0 };
	if (function < golang->count) {
		uint64_t start = golang->functions[function].start_va;
		uint64_t end = golang->functions[function].end_va;
		if (start <= va)
			collection->function = (struct elf_range){ start, end - start };
		uint64_t change = start <= va ? end : start;
		known_end = change < known_end ? change : known_end;
	}
	collection->known_end = known_end;
}

/* Whether the same was met since an address: functions mention most of what they do repeatedly. */
static bool met_since(struct collection *collection, struct event event, uint64_t start)
{
	struct event *recent =
	    &collection
		 ->recent[(event.value * UINT32_C(0x9E3779B1) >> 24 ^ event.kind) % RECENT_COUNT];
	bool same = collection->image->base + recent->off >= start && recent->kind == event.kind &&
		    recent->value == event.value && recent->width_bytes == event.width_bytes;
	*recent = event;
	return same;
}

static bool is_repeated(struct collection *collection, const struct sweep_event *event)
{
	uint64_t base = collection->image->base;
	bool certain = collection->function.size_bytes != 0;
	collection->guesses |= !certain;
	return met_since(collection,
			 (struct event){ (uint32_t)(event->va - base),
					 (uint32_t)(event->value - base), event->kind,
					 event->width_bytes },
			 certain ? collection->function.va : UINT64_MAX);
}

/* Whether ld.so fills a word of what is loaded; other memory holds no addresses. */
static bool loads_address(const struct collection *collection, const struct sweep_event *event)
{
	unsigned width = event->width_bytes == 0 ? 64 : event->width_bytes;
	if (collection->image->has_copies)
		return true;
	for (uint64_t va = event->value & ~UINT64_C(7); va < event->value + width; va += 8)
		if (address_has(&collection->filled, va / 8))
			return true;
	return false;
}

/* Most addresses are of the range that is swept. */
static bool leads_to_code(const struct collection *collection, uint64_t va)
{
	return va - collection->swept.va < collection->swept.size_bytes ||
	       elf_is_code(&collection->image->file, va);
}

/* Notes an address that is mentioned; false: it is none of this file. */
static bool mention(struct collection *collection, uint64_t va)
{
	if (leads_to_code(collection, va))
		address_add(&collection->entries, va);
	else if (image_contains(collection->image, va))
		address_add(&collection->mentioned, va);
	else
		return false;
	return true;
}

static bool stays_in_fde(const struct collection *collection, const struct sweep_event *event)
{
	return collection->has_fde &&
	       event->value - collection->function.va < collection->function.size_bytes;
}

/* Whether it is worth keeping; notes the addresses in it. */
static bool tells_something(struct collection *collection, const struct sweep_event *event)
{
	const struct image *image = collection->image;
	switch (event->kind) {
	case SWEEP_CALL:
		if (!leads_to_code(collection, event->value))
			return false;
		address_add(&collection->entries, event->value);
		return true;
	case SWEEP_JUMP:
	case SWEEP_BRANCH:
		return !stays_in_fde(collection, event) &&
		       (leads_to_code(collection, event->value) ||
			image_contains(image, event->value));
	case SWEEP_IMMEDIATE:
		return image->fixed && mention(collection, event->value);
	case SWEEP_ADDRESS:
		return mention(collection, event->value);
	case SWEEP_CALL_SLOT:
	case SWEEP_JUMP_SLOT:
		return image_contains(image, event->value);
	case SWEEP_LOAD:
		return loads_address(collection, event) && image_contains(image, event->value);
	default:
		return false;
	}
}

static void collect_event(struct collection *collection, const struct sweep_event *event)
{
	if (event->va >= collection->known_end)
		enter_function(collection, event->va);
	if (event->kind == SWEEP_SYSCALL || event->kind == SWEEP_SYSENTER ||
	    event->kind == SWEEP_INT80) {
		collection->image->syscall_sites++;
		keep_event(collection, event);
	} else if (tells_something(collection, event) && !is_repeated(collection, event)) {
		keep_event(collection, event);
	}
}

static bool is_padding(const struct sweep_event *event)
{
	return event->kind == SWEEP_PADDING || event->kind == SWEEP_TRAP ||
	       event->kind == SWEEP_BAD;
}

/*
 * An FDE may end in the midst of code, as that of glibc's clone3 does, whose child cannot be
 * unwound: a jump is kept there, to what follows.
 */
static void note_ends(struct collection *collection, const struct sweep_event *event)
{
	const struct elf_unwind *unwind = &collection->image->unwind;
	while (collection->ending < unwind->count &&
	       unwind->fdes[collection->ending].end_va <= event->va) {
		const struct elf_fde *fde = &unwind->fdes[collection->ending++];
		const struct sweep_end *end = &collection->end;
		bool seen = end->next_va > fde->start_va; /* anything in it */
		bool falls = !seen || end->falls_through || end->next_va < fde->end_va;
		if (falls && leads_to_code(collection, fde->end_va) &&
		    fde->start_va >= collection->swept.va &&
		    !(event->va == fde->end_va && is_padding(event)))
			keep_event(collection, &(struct sweep_event){ .va = fde->end_va - 1,
								      .value = fde->end_va,
								      .kind = SWEEP_JUMP });
	}
	collection->ending_va = collection->ending < unwind->count
				    ? unwind->fdes[collection->ending].end_va
				    : UINT64_MAX;
}

static void sweep_range(struct collection *collection, struct slice code, uint64_t va)
{
	struct image *image = collection->image;
	struct sweep sweep;
	struct sweep_event events[EVENTS_AT_ONCE];
	size_t count, dropped_bytes = 0;
	collection->swept = (struct elf_range){ va, code.size_bytes };
	collection->known_end = 0;
	if (!sweep_init(&sweep, image->arch, code, va))
		return;
	sweep.skips_numbers = !image->fixed;
	while ((count = sweep_next(&sweep, events, EVENTS_AT_ONCE)) != 0) {
		for (size_t k = 0; k < count; k++) {
			if (events[k].va >= collection->ending_va)
				note_ends(collection, &events[k]);
			sweep_end_pass(&collection->end, &events[k]);
			collect_event(collection, &events[k]);
		}
		size_t passed_bytes = (size_t)(events[count - 1].va - va);
		if (image->mapped && passed_bytes - dropped_bytes >= IMAGE_DROP_BYTES) {
			file_map_drop((struct slice){ code.bytes + dropped_bytes,
						      passed_bytes - dropped_bytes });
			dropped_bytes = passed_bytes;
		}
	}
}

/* One pass over all code. */
static void sweep_code(struct collection *collection)
{
	struct image *image = collection->image;
	struct elf_range ranges[MAX_CODE_RANGES];
	size_t range_count = code_ranges(&image->file, ranges, MAX_CODE_RANGES);
	for (size_t i = 0; i < range_count; i++) {
		struct slice code = elf_bytes_from(&image->file, ranges[i].va);
		if (code.size_bytes > ranges[i].size_bytes)
			code.size_bytes = ranges[i].size_bytes;
		image->code_bytes += code.size_bytes;
		sweep_range(collection, code, ranges[i].va);
	}
}

/*
 * Whether the same is known of what is between two entries: of a function that no table knows.
 * Where a section of code begins one may begin as well.
 */
static bool is_known(struct collection *collection, const struct event *event, size_t *entry,
		     struct elf_range *range)
{
	const struct image *image = collection->image;
	uint64_t va = image->base + event->off;
	if (event->kind == SWEEP_SYSCALL || event->kind == SWEEP_SYSENTER ||
	    event->kind == SWEEP_INT80)
		return false;
	while (*entry < image->entry_count && image->entries[*entry] <= va)
		(*entry)++;
	if (va - range->va >= range->size_bytes) {
		const struct elf_section *section = elf_section_at(&image->file, va);
		*range = section == NULL ? (struct elf_range){ va, 1 }
					 : (struct elf_range){ section->va, section->size_bytes };
	}
	uint64_t start = *entry == 0 ? 0 : image->entries[*entry - 1];
	if (start < range->va)
		start = range->va;
	return met_since(collection, *event, start);
}

/* The chunks' events as one list; each chunk is given up at once. */
static void gather_events(struct collection *collection)
{
	struct image *image = collection->image;
	struct elf_range range = { 0 };
	size_t found = 0, kept = 0, entry = 0;
	for (size_t i = 0; i < collection->chunk_count; i++)
		found += collection->chunks[i].count;
	struct event *events = arena_alloc_raw(image->file.arena, found, sizeof(*events));
	memset(collection->recent, 0, sizeof(collection->recent));
	for (size_t i = 0; i < collection->chunk_count; i++) {
		struct event_chunk *chunk = &collection->chunks[i];
		for (size_t k = 0; k < chunk->count; k++)
			if (!collection->guesses ||
			    !is_known(collection, &chunk->events[k], &entry, &range))
				events[kept++] = chunk->events[k];
		arena_finish(&chunk->memory);
	}
	image->events = events;
	image->event_count = kept;
}

static int compare_relocations(const void *left, const void *right)
{
	const struct elf_relocation *a = left, *b = right;
	return (a->va > b->va) - (a->va < b->va);
}

static bool may_be_pointer(const struct image *image, const struct elf_segment *segment,
			   uint64_t va, uint64_t word)
{
	if (!image_contains(image, word))
		return false;
	if ((segment->flags & ELF_EXECUTE) != 0) {
		const struct elf_section *section = elf_section_at(&image->file, va);
		if (section == NULL || (section->flags & SHF_EXECINSTR) != 0)
			return false;
	}
	/* Into the middle of a function: an entry of a jump table. */
	const struct elf_fde *fde = image_fde_at(image, word);
	return fde == NULL || fde->start_va == word;
}

/* The span of all segments, cut to a size. */
static struct elf_range whole_span(const struct elf_file *file, uint64_t max_bytes)
{
	if (file->segment_count == 0)
		return (struct elf_range){ 0 };
	const struct elf_segment *last = &file->segments[file->segment_count - 1];
	uint64_t low = file->segments[0].va, size = last->va + last->memory_bytes - low;
	return (struct elf_range){ low, size < max_bytes ? size : max_bytes };
}

/* A program at a fixed address needs no relocations: every word that could be a pointer is one. */
static void add_pointer_words(struct image *image)
{
	struct arena *arena = image->file.arena;
	const struct elf_relocations *known = &image->relocations;
	size_t capacity = known->count, count = known->count;
	struct elf_relocation *all =
	    arena_copy(arena, known->relocations, known->count, sizeof(*all));
	struct elf_range span = whole_span(&image->file, UINT64_MAX);
	for (size_t i = 0; i < image->file.segment_count; i++) {
		const struct elf_segment *segment = &image->file.segments[i];
		struct slice bytes = elf_bytes_from(&image->file, segment->va);
		for (uint64_t off = -segment->va & 7; off + 8 <= bytes.size_bytes; off += 8) {
			uint64_t va = segment->va + off, word = elf_load64(bytes.bytes + off);
			if (word - span.va >= span.size_bytes || /* most are not */
			    elf_relocation_at(known, va) != NULL ||
			    !may_be_pointer(image, segment, va, word))
				continue;
			if (count == capacity)
				all = arena_grow(arena, all, count, sizeof(*all), &capacity);
			all[count++] = (struct elf_relocation){ .va = va,
								.addend = word,
								.kind = ELF_RELOCATION_RELATIVE };
		}
	}
	qsort(all, count, sizeof(*all), compare_relocations);
	image->relocations = (struct elf_relocations){ all, count };
}

static void collect_entries(struct image *image, struct address_bits *entries)
{
	const struct elf_file *file = &image->file;
	const struct elf_symbols *tables[] = { &image->symbols, &image->static_symbols };
	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < tables[t]->count; i++) {
			const struct elf_symbol *symbol = &tables[t]->symbols[i];
			if (symbol->defined && elf_is_code(file, symbol->va) &&
			    (symbol->type == ELF_SYMBOL_FUNCTION ||
			     symbol->type == ELF_SYMBOL_IFUNC))
				address_add(entries, symbol->va);
		}
	for (size_t i = 0; i < image->unwind.count; i++)
		address_add(entries, image->unwind.fdes[i].start_va);
	for (size_t i = 0; i < image->golang.count; i++)
		address_add(entries, image->golang.functions[i].start_va);
	for (size_t i = 0; i < image->relocations.count; i++) {
		const struct elf_relocation *relocation = &image->relocations.relocations[i];
		if (relocation->symbol == 0 && elf_is_code(file, relocation->addend))
			address_add(entries, relocation->addend);
	}
	if (file->entry_va != 0)
		address_add(entries, file->entry_va);
}

/* The bits as a list, ascending. */
static size_t address_list(struct arena *arena, const struct address_bits *bits,
			   const uint64_t **out_list)
{
	size_t count = 0;
	uint64_t *list = arena_alloc(arena, bits->count, sizeof(*list));
	for (size_t i = 0; count < bits->count; i++)
		for (uint64_t word = bits->words[i]; word != 0; word &= word - 1)
			list[count++] = bits->base + 64 * i + (uint64_t)__builtin_ctzll(word);
	*out_list = list;
	return count;
}

/* The span of addresses that hold code. */
static struct elf_range code_span(const struct elf_file *file)
{
	uint64_t low = UINT64_MAX, high = 0;
	for (size_t i = 0; i < file->segment_count; i++) {
		const struct elf_segment *segment = &file->segments[i];
		if ((segment->flags & ELF_EXECUTE) == 0 || segment->memory_bytes == 0)
			continue;
		low = segment->va < low ? segment->va : low;
		high = segment->va + segment->memory_bytes;
	}
	return low > high ? (struct elf_range){ 0 } : (struct elf_range){ low, high - low };
}

enum { MAX_BORDER_BYTES = 1 << 29 }; /* objects behind it are not told apart: all are one */

static struct address_bits address_bits(struct arena *arena, struct elf_range span)
{
	return (struct address_bits){
		.base = span.va,
		.size_bytes = span.size_bytes,
		.words = arena_alloc(arena, span.size_bytes / 64 + 1, sizeof(uint64_t)),
	};
}

size_t image_event_from(const struct image *image, uint64_t va)
{
	size_t low = 0, high = image->event_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (image->base + image->events[middle].off < va)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct elf_range image_function_around(const struct image *image, uint64_t va, bool *out_certain)
{
	const struct elf_fde *fde = image_fde_at(image, va);
	const struct golang_function *function = fde == NULL ? golang_at(image, va) : NULL;
	if (out_certain != NULL)
		*out_certain = fde != NULL || function != NULL;
	if (fde != NULL)
		return (struct elf_range){ fde->start_va, fde->end_va - fde->start_va };
	if (function != NULL)
		return (struct elf_range){ function->start_va,
					   function->end_va - function->start_va };
	const struct elf_segment *segment = elf_segment_at(&image->file, va);
	const struct elf_section *section = elf_section_at(&image->file, va);
	uint64_t start = va, end = va + 1;
	if (section != NULL)
		end = section->va + section->size_bytes;
	else if (segment != NULL)
		end = segment->va + segment->memory_bytes;
	size_t i = last_up_to(image->entries, image->entry_count, va);
	if (i != SIZE_MAX && (section == NULL || image->entries[i] >= section->va))
		start = image->entries[i];
	if (i + 1 < image->entry_count && image->entries[i + 1] < end)
		end = image->entries[i + 1];
	return (struct elf_range){ start, end - start };
}

static bool holds_pointer(const struct image *image, uint64_t va)
{
	return elf_relocation_at(&image->relocations, va) != NULL;
}

/*
 * An address in the middle of an object is mentioned too (a field, an element), and cutting there
 * would part an array from what points to its start. So one that follows a pointer directly is
 * taken for such a middle, unless it is aligned as compilers align large objects.
 */
static bool may_begin_object(const struct image *image, uint64_t va)
{
	return va % 32 == 0 || !holds_pointer(image, va - 8);
}

static void collect_borders(struct image *image, const uint64_t *mentioned, size_t count,
			    struct address_bits *borders)
{
	const struct elf_file *file = &image->file;
	const struct elf_symbols *tables[] = { &image->symbols, &image->static_symbols };
	for (size_t i = 0; i < count; i++)
		if (may_begin_object(image, mentioned[i]))
			address_add(borders, mentioned[i]);
	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < tables[t]->count; i++) {
			const struct elf_symbol *symbol = &tables[t]->symbols[i];
			if (symbol->defined && symbol->type == ELF_SYMBOL_OBJECT)
				address_add(borders, symbol->va);
		}
	for (size_t i = 0; i < image->relocations.count; i++) {
		const struct elf_relocation *relocation = &image->relocations.relocations[i];
		if (relocation->symbol == 0 && relocation->kind == ELF_RELOCATION_RELATIVE &&
		    !elf_is_code(file, relocation->addend) &&
		    may_begin_object(image, relocation->addend))
			address_add(borders, relocation->addend);
	}
	for (size_t i = 0; i < file->section_count; i++) {
		address_add(borders, file->sections[i].va);
		address_add(borders, file->sections[i].va + file->sections[i].size_bytes);
	}
}

static enum status open_tables(const char *input, struct problem_list *problems,
			       struct image *image, struct error *err)
{
	enum status status = elf_dynamic_read(&image->file, &image->dynamic, err);
	if (status == STATUS_OK)
		status =
		    elf_relocations_read(&image->file, &image->dynamic, &image->relocations, err);
	if (status == STATUS_OK)
		status = elf_symbols_read(&image->file, &image->dynamic,
					  elf_relocations_max_symbol(&image->relocations),
					  &image->symbols, err);
	if (status != STATUS_OK)
		return status;
	struct error ignored;
	if (elf_static_symbols_read(&image->file, &image->static_symbols, &ignored) != STATUS_OK) {
		problem_add(problems, input, 0, "its .symtab is not used: %s", ignored.text);
		image->static_symbols = (struct elf_symbols){ 0 };
	}
	elf_unwind_read(&image->file, input, problems, &image->unwind);
	golang_read(&image->file, input, problems, &image->golang);
	return STATUS_OK;
}

/* Words that ld.so fills, by their address / 8; one that is not aligned lies in two. */
static struct address_bits filled_words(struct arena *arena, const struct image *image,
					struct elf_range all)
{
	struct elf_range words = { all.va / 8, all.size_bytes / 8 + 1 };
	struct address_bits filled = address_bits(arena, words);
	for (size_t i = 0; i < image->relocations.count; i++) {
		uint64_t va = image->relocations.relocations[i].va;
		address_add(&filled, va / 8);
		address_add(&filled, (va + image->file.word_bytes - 1) / 8);
	}
	return filled;
}

static void find_tables(struct image *image)
{
	struct elf_range span = code_span(&image->file),
			 all = whole_span(&image->file, MAX_BORDER_BYTES);
	struct collection collection = { .image = image };
	struct arena *arena = image->file.arena, *scratch = &collection.scratch;
	collection.entries = address_bits(scratch, span);
	collection.mentioned = address_bits(scratch, all);
	collection.filled = filled_words(scratch, image, all);
	sweep_code(&collection);
	collect_entries(image, &collection.entries);
	image->entry_count = address_list(arena, &collection.entries, &image->entries);
	gather_events(&collection);
	struct address_bits borders = address_bits(scratch, all);
	const uint64_t *mentioned;
	size_t count = address_list(scratch, &collection.mentioned, &mentioned);
	collect_borders(image, mentioned, count, &borders);
	image->border_count = address_list(arena, &borders, &image->borders);
	arena_finish(scratch);
}

/* Whether tables that were kept can be this file's; what they say beyond is checked where it is used. */
static bool can_use(const struct image *image, const struct image_tables *tables)
{
	for (size_t i = 0; i < tables->entry_count; i++)
		if (!elf_is_code(&image->file, tables->entries[i]) ||
		    (i > 0 && tables->entries[i - 1] >= tables->entries[i]))
			return false;
	return true;
}

static void use_tables(struct image *image, const struct image_tables *tables)
{
	image->entries = tables->entries;
	image->entry_count = tables->entry_count;
	image->borders = tables->borders;
	image->border_count = tables->border_count;
	image->events = tables->events;
	image->event_count = tables->event_count;
	image->code_bytes = tables->code_bytes;
	image->syscall_sites = tables->syscall_sites;
}

static int compare_names(const void *left, const void *right)
{
	const struct elf_symbol *a = *(const struct elf_symbol *const *)left;
	const struct elf_symbol *b = *(const struct elf_symbol *const *)right;
	return strcmp(a->name, b->name);
}

enum { DIGIT_VALUES = 256 };

/* One pass of a radix sort, by 8 bits of the address; false: they are the same in all. */
static bool sort_by_digit(const struct elf_symbol *const *from, size_t count, unsigned shift,
			  const struct elf_symbol **to)
{
	size_t starts[DIGIT_VALUES + 1] = { 0 };
	for (size_t i = 0; i < count; i++)
		starts[(from[i]->va >> shift & (DIGIT_VALUES - 1)) + 1]++;
	if (starts[(from[0]->va >> shift & (DIGIT_VALUES - 1)) + 1] == count)
		return false;
	for (size_t i = 1; i < DIGIT_VALUES; i++)
		starts[i] += starts[i - 1];
	for (size_t i = 0; i < count; i++)
		to[starts[from[i]->va >> shift & (DIGIT_VALUES - 1)]++] = from[i];
	return true;
}

/* By address, and what has the same by name. Returns one of the two arrays. */
static const struct elf_symbol **sort_exports(const struct elf_symbol **exports, size_t count,
					      const struct elf_symbol **spare)
{
	for (unsigned shift = 0; shift < 64 && count > 1; shift += 8)
		if (sort_by_digit(exports, count, shift, spare)) {
			const struct elf_symbol **swap = exports;
			exports = spare;
			spare = swap;
		}
	for (size_t first = 0, end; first < count; first = end) {
		for (end = first + 1; end < count && exports[end]->va == exports[first]->va; end++)
			;
		if (end - first > 1)
			qsort(&exports[first], end - first, sizeof(*exports), compare_names);
	}
	return exports;
}

static void list_exports(struct image *image)
{
	const struct elf_symbols *symbols = &image->symbols;
	struct arena *arena = image->file.arena;
	size_t count = 0;
	const struct elf_symbol **exports = arena_alloc(arena, symbols->count, sizeof(*exports));
	for (size_t i = 1; i < symbols->count; i++)
		if (symbols->symbols[i].defined)
			exports[count++] = &symbols->symbols[i];
	image->exports = sort_exports(exports, count, arena_alloc(arena, count, sizeof(*exports)));
	image->export_count = count;
}

enum status image_open(const struct image_source *source, struct problem_list *problems,
		       struct image *out_image, struct error *err)
{
	struct image image = { .mapped = source->mapped };
	enum status status =
	    elf_file_open(source->bytes, source->input, problems, &image.file, err);
	if (status != STATUS_OK)
		return status;
	if (image.file.kind == ELF_OTHER)
		return error_set(err, STATUS_UNSUPPORTED, ERROR_NO_OFF,
				 "neither a program nor a shared library");
	if (image.file.arch != ARCH_UNKNOWN) {
		image.arch = (enum arch)image.file.arch;
		image.machine = machine_of(image.arch);
	}
	if (image.machine == NULL)
		return error_set(err, STATUS_UNSUPPORTED, ERROR_NO_OFF,
				 "not analysed: code of machine %u (%s)", image.file.machine,
				 image.file.arch == ARCH_UNKNOWN ? "unknown"
								 : arch_name(image.arch));
	image.fixed = image.file.kind == ELF_EXECUTABLE;
	if (image.file.segment_count > 0) {
		const struct elf_segment *last = &image.file.segments[image.file.segment_count - 1];
		image.base = image.file.segments[0].va;
		if (last->va + last->memory_bytes - image.base > IMAGE_MAX_BYTES)
			return error_set(err, STATUS_LIMIT, ERROR_NO_OFF,
					 "its addresses span more than %d bytes", IMAGE_MAX_BYTES);
	}
	status = open_tables(source->input, problems, &image, err);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; i < image.relocations.count; i++)
		image.has_copies |= image.relocations.relocations[i].kind == ELF_RELOCATION_COPY;
	if (image.fixed)
		add_pointer_words(&image);
	if (source->tables == NULL || !can_use(&image, source->tables))
		find_tables(&image);
	else
		use_tables(&image, source->tables);
	list_exports(&image);
	*out_image = image;
	return STATUS_OK;
}
