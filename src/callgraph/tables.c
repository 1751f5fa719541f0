#include "callgraph/tables.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "disasm/sweep.h"

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

enum { RECENT_COUNT = 256, CHUNK_EVENTS = 1 << 15 };

/*
 * Events as they are found, of a kind of enum sweep_kind, with a value instead of a link and a width
 * instead of a count; how many there are is known at the end only.
 */
struct event_chunk {
	struct arena memory; /* owned */
	struct event *events;
	size_t count;
};

struct collection {
	struct image *image;
	struct arena scratch; /* owned */
	struct address_set entries;
	struct address_set targets;   /* code that is jumped to and no entry */
	struct address_set mentioned; /* of data; later all places but the far ones, */
	uint64_t *far;                /* which are behind what the set spans */
	size_t far_count, far_capacity;
	struct address_numbers place_numbers; /* of those, once they are all there */
	struct address_set filled;            /* words, by the address / 8, that ld.so fills */
	struct elf_range code_section;        /* the last that an address was found in */
	struct event_chunk *chunks;           /* of events, all but the last full */
	size_t chunk_count, chunk_capacity;
	struct event_chunk *chunk; /* the last; NULL: there is none */
	size_t fde, golang;        /* the first that does not end before the present event */
	struct elf_range swept;    /* what is passed over now; all of it is code */
	/* The function around the present event; of size 0: no table names one. */
	struct elf_range function;
	bool guesses;                      /* that was so of some code */
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
	if (fde < unwind->count && unwind->fdes[fde].start_va <= va) {
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
		 ->recent[(event.link * UINT32_C(0x9E3779B1) >> 24 ^ event.kind) % RECENT_COUNT];
	bool same = collection->image->base + recent->off >= start && recent->kind == event.kind &&
		    recent->link == event.link && recent->count == event.count;
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

static unsigned width_of(unsigned width_bytes)
{
	return width_bytes == 0 ? LOAD_MAX_BYTES : width_bytes;
}

/* Whether ld.so fills a word of what is loaded; other memory holds no addresses. */
static bool loads_address(const struct collection *collection, const struct sweep_event *event)
{
	uint64_t end = event->value + width_of(event->width_bytes);
	for (uint64_t va = event->value & ~UINT64_C(7); va < end; va += 8)
		if (!address_set_spans(&collection->filled, va / 8) ||
		    address_set_has(&collection->filled, va / 8))
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
		address_set_add(&collection->entries, va);
	else if (image_contains(collection->image, va))
		address_set_add(&collection->mentioned, va);
	else
		return false;
	return true;
}

static bool stays_in_function(const struct collection *collection, const struct sweep_event *event)
{
	return event->value - collection->function.va < collection->function.size_bytes;
}

/* Whether it is worth keeping; notes the addresses in it. */
static bool tells_something(struct collection *collection, const struct sweep_event *event)
{
	const struct image *image = collection->image;
	switch (event->kind) {
	case SWEEP_CALL:
		if (!leads_to_code(collection, event->value))
			return false;
		address_set_add(&collection->entries, event->value);
		return true;
	case SWEEP_JUMP:
	case SWEEP_BRANCH:
		return !stays_in_function(collection, event) &&
		       leads_to_code(collection, event->value);
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
		collection->image->tables.syscall_sites++;
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
		image->tables.code_bytes += code.size_bytes;
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
	while (*entry < image->tables.entry_count && image->tables.entries[*entry] <= event->off)
		(*entry)++;
	if (va - range->va >= range->size_bytes) {
		const struct elf_section *section = elf_section_at(&image->file, va);
		*range = section == NULL ? (struct elf_range){ va, 1 }
					 : (struct elf_range){ section->va, section->size_bytes };
	}
	uint64_t start = *entry == 0 ? 0 : image->base + image->tables.entries[*entry - 1];
	if (start < range->va)
		start = range->va;
	return met_since(collection, *event, start);
}

/* The chunks' events as one list; each chunk is given up at once. Returns their number. */
static size_t gather_events(struct collection *collection, struct event **out_events)
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
	*out_events = events;
	return kept;
}

static void collect_entries(struct image *image, struct address_set *entries)
{
	const struct elf_file *file = &image->file;
	const struct elf_symbols *tables[] = { &image->symbols, &image->static_symbols };
	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < tables[t]->count; i++) {
			const struct elf_symbol *symbol = &tables[t]->symbols[i];
			if (symbol->defined && elf_is_code(file, symbol->va) &&
			    (symbol->type == ELF_SYMBOL_FUNCTION ||
			     symbol->type == ELF_SYMBOL_IFUNC))
				address_set_add(entries, symbol->va);
		}
	for (size_t i = 0; i < image->unwind.count; i++)
		address_set_add(entries, image->unwind.fdes[i].start_va);
	for (size_t i = 0; i < image->golang.count; i++)
		address_set_add(entries, image->golang.functions[i].start_va);
	for (size_t i = 0; i < image->relocations.count; i++) {
		const struct elf_relocation *relocation = &image->relocations.relocations[i];
		if (relocation->symbol == 0 && elf_is_code(file, relocation->addend))
			address_set_add(entries, relocation->addend);
	}
	if (file->entry_va != 0)
		address_set_add(entries, file->entry_va);
}

enum { MAX_BORDER_BYTES = 1 << 29 }; /* objects behind it are not told apart: all are one */

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

static void collect_borders(struct image *image, const uint32_t *mentioned, size_t count,
			    struct address_set *borders)
{
	const struct elf_file *file = &image->file;
	const struct elf_symbols *tables[] = { &image->symbols, &image->static_symbols };
	for (size_t i = 0; i < count; i++)
		if (may_begin_object(image, image->base + mentioned[i]))
			address_set_add(borders, image->base + mentioned[i]);
	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < tables[t]->count; i++) {
			const struct elf_symbol *symbol = &tables[t]->symbols[i];
			if (symbol->defined && symbol->type == ELF_SYMBOL_OBJECT)
				address_set_add(borders, symbol->va);
		}
	for (size_t i = 0; i < image->relocations.count; i++) {
		const struct elf_relocation *relocation = &image->relocations.relocations[i];
		if (relocation->symbol == 0 && relocation->kind == ELF_RELOCATION_RELATIVE &&
		    !elf_is_code(file, relocation->addend) &&
		    may_begin_object(image, relocation->addend))
			address_set_add(borders, relocation->addend);
	}
	for (size_t i = 0; i < file->section_count; i++) {
		address_set_add(borders, file->sections[i].va);
		address_set_add(borders, file->sections[i].va + file->sections[i].size_bytes);
	}
}

/*
 * Words that ld.so fills, by their address / 8; one that is not aligned lies in two. Variables that
 * it copies are of a size that is not known.
 */
static struct address_set filled_words(struct arena *arena, const struct image *image,
				       struct elf_range all)
{
	struct elf_range words = { all.va / 8, all.size_bytes / 8 + 1 };
	struct address_set filled = address_set_over(arena, words);
	for (size_t i = 0; i < image->relocations.count; i++) {
		const struct elf_relocation *relocation = &image->relocations.relocations[i];
		bool copied = relocation->kind == ELF_RELOCATION_COPY;
		uint64_t va = relocation->va;
		address_set_add(&filled, va / 8);
		address_set_add(&filled, (va + image->file.word_bytes - 1) / 8);
		for (uint64_t off = 8; copied && off <= COPY_MAX_BYTES; off += 8)
			address_set_add(&filled, (va + off) / 8);
	}
	return filled;
}

/* ---- links ---- */

/* image_is_code, for addresses that come in great numbers. */
static bool is_code(struct collection *collection, uint64_t va)
{
	const struct elf_file *file = &collection->image->file;
	if (va - collection->code_section.va < collection->code_section.size_bytes)
		return true;
	if (!image_is_code(collection->image, va))
		return false;
	const struct elf_section *section = elf_section_at(file, va);
	const struct elf_segment *segment = elf_segment_at(file, va);
	if (section != NULL && section->va >= segment->va &&
	    section->va + section->size_bytes <= segment->va + segment->file_bytes)
		collection->code_section = (struct elf_range){ section->va, section->size_bytes };
	return true;
}

static void add_place(struct collection *collection, uint64_t va)
{
	if (address_set_spans(&collection->mentioned, va)) {
		address_set_add(&collection->mentioned, va);
		return;
	}
	if (collection->far_count == collection->far_capacity)
		collection->far =
		    arena_grow(&collection->scratch, collection->far, collection->far_count,
			       sizeof(*collection->far), &collection->far_capacity);
	collection->far[collection->far_count++] = va;
}

static uint64_t value_of(const struct image *image, const struct event *event)
{
	return image->base + event->link;
}

/* Numbers what events and relocations lead to, and no entry is. */
static void collect_links(struct collection *collection, const struct event *events, size_t count)
{
	const struct image *image = collection->image;
	for (size_t i = 0; i < count; i++) {
		uint64_t va = value_of(image, &events[i]);
		bool jump = events[i].kind == SWEEP_JUMP || events[i].kind == SWEEP_BRANCH;
		bool mention = events[i].kind == SWEEP_ADDRESS || events[i].kind == SWEEP_IMMEDIATE;
		if (jump && !address_is_numbered(&image->tables.entry_numbers, va))
			address_set_add(&collection->targets, va);
		else if (mention && !is_code(collection, va))
			add_place(collection, va);
	}
	for (size_t i = 0; i < image->relocations.count; i++) {
		const struct elf_relocation *relocation = &image->relocations.relocations[i];
		if (relocation->kind == ELF_RELOCATION_RELATIVE &&
		    !is_code(collection, relocation->addend))
			add_place(collection, relocation->addend);
	}
}

static int compare_addresses(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return (a > b) - (a < b);
}

/* Goes over places in ascending order. */
struct place_walk {
	const struct image *image;
	struct elf_range section; /* around the last one, when it was in one that is no GOT */
	struct elf_range object;  /* around it */
	struct image_place place;
};

static struct image_place next_place(struct place_walk *walk, uint64_t va)
{
	const struct image *image = walk->image;
	bool same_section = va - walk->section.va < walk->section.size_bytes;
	if (same_section && va - walk->object.va < walk->object.size_bytes) {
		walk->place.off = (uint32_t)(va - image->base);
		return walk->place;
	}
	size_t ignored;
	walk->place = image_place_at(image, va);
	walk->object = image_object_at(image, va, &ignored);
	if (walk->place.object == PLACE_IS_WORD)
		walk->object.size_bytes = 0;
	if (same_section)
		return walk->place;
	const struct elf_section *section = elf_section_at(&image->file, va);
	walk->section = section == NULL ? (struct elf_range){ 0 }
					: (struct elf_range){ section->va, section->size_bytes };
	return walk->place;
}

/* The places as a list: near ones come first, as what their set spans is the lowest. */
static void list_places(struct collection *collection)
{
	struct image *image = collection->image;
	const uint32_t *near =
	    address_set_list(&collection->scratch, &collection->mentioned, image->base);
	uint64_t *far = collection->far;
	if (collection->far_count > 0)
		qsort(far, collection->far_count, sizeof(*far), compare_addresses);
	size_t near_count = collection->mentioned.count, count = 0;
	struct image_place *places =
	    arena_alloc_raw(image->file.arena, near_count + collection->far_count, sizeof(*places));
	struct place_walk walk = { .image = image };
	for (; count < near_count; count++)
		places[count] = next_place(&walk, image->base + near[count]);
	for (size_t i = 0; i < collection->far_count; i++)
		if (i == 0 || far[i - 1] != far[i])
			places[count++] = next_place(&walk, far[i]);
	image->tables.places = places;
	image->tables.place_count = count;
	collection->place_numbers =
	    address_set_number(&collection->scratch, &collection->mentioned);
}

static uint32_t link_of(struct collection *collection, uint64_t va)
{
	const struct image *image = collection->image;
	if (is_code(collection, va)) {
		uint32_t number = image_function_number(image, va);
		return number == ADDRESS_NONE ? 0 : link_to_function(number);
	}
	uint32_t number = address_set_spans(&collection->mentioned, va)
			      ? address_number(&collection->place_numbers, va)
			      : image_place_number(image, va);
	return number == ADDRESS_NONE ? 0 : link_to_place(number);
}

/* False: nothing that is loaded there is an address. */
static bool link_load(const struct image *image, uint64_t va, struct event *event)
{
	const struct elf_relocations *relocations = &image->relocations;
	uint64_t near = image->has_copies && va > COPY_MAX_BYTES ? va - COPY_MAX_BYTES : 0;
	size_t first = elf_relocation_from(relocations, va), count = 0;
	event->kind = FACT_LOAD;
	for (size_t i = elf_relocation_from(relocations, near);
	     image->has_copies && i < relocations->count && relocations->relocations[i].va <= va;
	     i++)
		if (relocations->relocations[i].kind == ELF_RELOCATION_COPY) {
			event->count = (uint8_t)(EVENT_NEAR_COPY | width_of(event->count));
			return true;
		}
	while (first + count < relocations->count &&
	       relocations->relocations[first + count].va < va + width_of(event->count))
		count++;
	event->link = (uint32_t)first + 1;
	event->count = (uint8_t)count;
	return count > 0;
}

/* A slot that ld.so does not fill holds a pointer that is not known. */
static bool link_slot(const struct image *image, uint64_t va, struct event *event)
{
	const struct elf_relocation *relocation = elf_relocation_at(&image->relocations, va);
	if (relocation == NULL || (image->fixed && relocation->kind == ELF_RELOCATION_RELATIVE))
		return link_load(image, va, event);
	event->link = (uint32_t)(relocation - image->relocations.relocations) + 1;
	event->kind = event->kind == SWEEP_CALL_SLOT ? FACT_CALL_SLOT : FACT_JUMP_SLOT;
	return true;
}

/* Makes of what was found what it leads to; false: that is nothing. */
static bool link_event(struct collection *collection, struct event *event)
{
	const struct image *image = collection->image;
	uint64_t va = value_of(image, event);
	switch (event->kind) {
	case SWEEP_CALL:
	case SWEEP_JUMP:
	case SWEEP_BRANCH: {
		uint32_t number = image_function_number(image, va);
		event->kind = event->kind == SWEEP_CALL ? FACT_CALL : FACT_JUMP;
		event->link = number == ADDRESS_NONE ? 0 : link_to_function(number);
		return event->link != 0;
	}
	case SWEEP_ADDRESS:
	case SWEEP_IMMEDIATE:
		event->kind = FACT_REFERENCE;
		event->link = link_of(collection, va);
		return event->link != 0;
	case SWEEP_CALL_SLOT:
	case SWEEP_JUMP_SLOT:
		return link_slot(image, va, event);
	case SWEEP_LOAD:
		return link_load(image, va, event);
	default:
		event->kind = event->kind == SWEEP_SYSCALL ? FACT_SYSCALL : FACT_SYSCALL_I386;
		event->link = 0;
		return true;
	}
}

static void link_events(struct collection *collection, struct event *events, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (link_event(collection, &events[i]))
			events[kept++] = events[i];
	collection->image->tables.events = events;
	collection->image->tables.event_count = kept;
}

static void link_relocations(struct collection *collection)
{
	struct image *image = collection->image;
	const struct elf_relocations *relocations = &image->relocations;
	uint32_t *links = arena_alloc_raw(image->file.arena, relocations->count, sizeof(*links));
	for (size_t i = 0; i < relocations->count; i++) {
		const struct elf_relocation *relocation = &relocations->relocations[i];
		bool relative = relocation->kind == ELF_RELOCATION_RELATIVE;
		links[i] = relative ? link_of(collection, relocation->addend) : 0;
	}
	image->tables.relocation_links = links;
	image->tables.relocation_count = relocations->count;
}

/* ---- functions ---- */

/* Goes over functions in ascending order, with what lies beside them. */
struct bounds {
	const struct image *image;
	uint64_t va;              /* of the last function */
	struct elf_range section; /* around it */
	unsigned flags;           /* of all functions in it */
	size_t fde;               /* the first that starts behind it */
	size_t exported;          /* the first export at or behind it */
	size_t event;             /* behind the last event of the last function */
	/* Of the last that an FDE bounds: the FDE's number + 1, and its events. */
	size_t known_fde;
	struct image_function function;
};

static size_t first_event(const struct bounds *bounds, uint64_t va)
{
	const struct image *image = bounds->image;
	const struct event *events = image->tables.events;
	size_t first = bounds->event;
	if (first > 0 && image->base + events[first - 1].off >= va)
		return image_event_from(image, va);
	while (first < image->tables.event_count && image->base + events[first].off < va)
		first++;
	return first;
}

static struct image_function events_of(struct bounds *bounds, struct elf_range range)
{
	const struct image *image = bounds->image;
	const struct image_tables *tables = &image->tables;
	struct image_function function = { .flags = FUNCTION_HAS_TABLE };
	size_t first = first_event(bounds, range.va), i = first;
	uint64_t end = range.va + range.size_bytes;
	for (; i < tables->event_count && image->base + tables->events[i].off < end; i++)
		if (tables->events[i].kind >= FACT_SYSCALL)
			function.flags |= FUNCTION_HAS_SYSCALL;
	if (i - first > FUNCTION_MAX_EVENTS)
		return (struct image_function){ 0 };
	bounds->event = i;
	function.first_event = (uint32_t)first;
	function.event_count = (uint32_t)(i - first) & FUNCTION_MAX_EVENTS;
	return function;
}

static struct image_function bounded(struct bounds *bounds, uint64_t va)
{
	const struct image *image = bounds->image;
	const struct elf_unwind *unwind = &image->unwind;
	bool certain;
	while (bounds->fde < unwind->count && unwind->fdes[bounds->fde].start_va <= va)
		bounds->fde++;
	bool same = bounds->fde != 0 && bounds->fde == bounds->known_fde;
	bool by_fde = bounds->fde != 0 && va < unwind->fdes[bounds->fde - 1].end_va;
	if (same && by_fde)
		return bounds->function;
	struct elf_range range = image_function_around(image, va, &certain);
	bounds->function =
	    certain ? events_of(bounds, range) : (struct image_function){ .flags = 0 };
	bounds->known_fde = by_fde ? bounds->fde : 0;
	return bounds->function;
}

static struct image_function next_function(struct bounds *bounds, uint64_t va)
{
	const struct image *image = bounds->image;
	if (va < bounds->va) /* the next list of them */
		*bounds = (struct bounds){ .image = image };
	bounds->va = va;
	if (va - bounds->section.va >= bounds->section.size_bytes) {
		const struct elf_section *section = elf_section_at(&image->file, va);
		bounds->section = section == NULL
				      ? (struct elf_range){ 0 }
				      : (struct elf_range){ section->va, section->size_bytes };
		bool stubs = section != NULL && strncmp(section->name, ".plt", 4) == 0;
		bounds->flags = stubs ? FUNCTION_IS_STUB : 0;
	}
	struct image_function function = bounded(bounds, va);
	if (bounds->section.size_bytes == 0) /* it may be a stub (swept_is_stub) */
		return (struct image_function){ .flags = 0 };
	while (bounds->exported < image->export_count && image->exports[bounds->exported]->va < va)
		bounds->exported++;
	bool exported =
	    bounds->exported < image->export_count && image->exports[bounds->exported]->va == va;
	function.flags |= (bounds->flags | (exported ? FUNCTION_IS_EXPORTED : 0)) & 15;
	return function;
}

/* The events of each function. */
static void list_functions(struct image *image)
{
	struct image_tables *tables = &image->tables;
	struct bounds bounds = { .image = image };
	size_t count = tables->entry_count + tables->target_count;
	struct image_function *functions =
	    arena_alloc_raw(image->file.arena, count, sizeof(*functions));
	for (size_t i = 0; i < count; i++)
		functions[i] = next_function(&bounds, image_function_va(image, (uint32_t)i));
	tables->functions = functions;
}

/* ---- all of it ---- */

static void find_borders(struct collection *collection, struct elf_range all)
{
	struct image *image = collection->image;
	struct arena *scratch = &collection->scratch;
	struct address_set borders = address_set_over(scratch, all);
	const uint32_t *mentioned = address_set_list(scratch, &collection->mentioned, image->base);
	collect_borders(image, mentioned, collection->mentioned.count, &borders);
	image->tables.border_count = borders.count;
	image->tables.borders = address_set_list(image->file.arena, &borders, image->base);
}

void tables_find(struct image *image)
{
	struct elf_range span = elf_code_span(&image->file), all = elf_span(&image->file);
	struct collection collection = { .image = image };
	struct image_tables *tables = &image->tables;
	struct arena *arena = image->file.arena, *scratch = &collection.scratch;
	struct event *events;
	if (all.size_bytes > MAX_BORDER_BYTES)
		all.size_bytes = MAX_BORDER_BYTES;
	collection.entries = address_set_over(arena, span);
	collection.targets = address_set_over(scratch, span);
	collection.mentioned = address_set_over(scratch, all);
	collection.filled = filled_words(scratch, image, all);
	sweep_code(&collection);
	collect_entries(image, &collection.entries);
	tables->entry_numbers = address_set_number(arena, &collection.entries);
	tables->entries = address_set_list(arena, &collection.entries, image->base);
	tables->entry_count = collection.entries.count;
	size_t event_count = gather_events(&collection, &events);
	find_borders(&collection, all);
	collect_links(&collection, events, event_count);
	tables->targets = address_set_list(arena, &collection.targets, image->base);
	tables->target_count = collection.targets.count;
	list_places(&collection);
	link_events(&collection, events, event_count);
	link_relocations(&collection);
	list_functions(image);
	arena_finish(scratch);
	if (image->mapped) /* all of it was read, little of it will be again */
		file_map_drop(image->file.bytes);
}
