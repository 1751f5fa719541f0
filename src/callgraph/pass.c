#include "callgraph/pass.h"

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

enum { MAX_CODE_RANGES = 256, EVENTS_AT_ONCE = 2048 };

enum { RECENT_COUNT = 256, CHUNK_EVENTS = 1 << 15 };

struct collection {
	struct image *image;
	struct pass *pass; /* what is found */
	struct arena *scratch;
	struct address_set filled; /* words, by the address / 8, that ld.so fills */
	size_t chunk_capacity;
	struct pass_chunk *chunk; /* the last, which alone is not full; NULL: there is none */
	size_t fde, golang;       /* the first that does not end before the present event */
	struct elf_range swept;   /* what is passed over now; all of it is code */
	/* The function around the present event; of size 0: no table names one. */
	struct elf_range function;
	bool guesses;                           /* that was so of some code */
	uint64_t known_end;                     /* up to where that holds */
	struct pass_event recent[RECENT_COUNT]; /* of the present function, by a hash */
	size_t ending;                          /* the FDE whose end comes next */
	uint64_t ending_va;
	struct sweep_end end;
	/* Of code that no table bounds: where control does not come from before, what is none. */
	struct address_set ends;
	uint32_t *bad_offs;
	size_t bad_count, bad_capacity;
};

static void add_chunk(struct collection *collection)
{
	struct pass *pass = collection->pass;
	if (pass->chunk_count == collection->chunk_capacity)
		pass->chunks = arena_grow(collection->scratch, pass->chunks, pass->chunk_count,
					  sizeof(*pass->chunks), &collection->chunk_capacity);
	collection->chunk = &pass->chunks[pass->chunk_count++];
	collection->chunk->events = arena_alloc_raw(&collection->chunk->memory, CHUNK_EVENTS,
						    sizeof(*collection->chunk->events));
}

static void keep_event(struct collection *collection, const struct sweep_event *event)
{
	uint64_t base = collection->image->base;
	if (collection->chunk == NULL || collection->chunk->count == CHUNK_EVENTS)
		add_chunk(collection);
	collection->chunk->events[collection->chunk->count++] =
	    (struct pass_event){ (uint32_t)(event->va - base), (uint32_t)(event->value - base),
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
static bool met_since(struct collection *collection, struct pass_event event, uint64_t start)
{
	struct pass_event *recent =
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
			 (struct pass_event){ (uint32_t)(event->va - base),
					      (uint32_t)(event->value - base), event->kind,
					      event->width_bytes },
			 certain ? collection->function.va : UINT64_MAX);
}

/* Whether ld.so fills a word of what is loaded; other memory holds no addresses. */
static bool loads_address(const struct collection *collection, const struct sweep_event *event)
{
	uint64_t end = event->value + pass_width(event->width_bytes);
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
		address_set_add(&collection->pass->entries, va);
	else if (image_contains(collection->image, va))
		address_set_add(&collection->pass->mentioned, va);
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
		address_set_add(&collection->pass->entries, event->value);
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

/* Notes where code that no table bounds ends. */
static void note_closed(struct collection *collection, const struct sweep_event *event)
{
	if (event->kind == SWEEP_BAD) {
		if (collection->bad_count == collection->bad_capacity)
			collection->bad_offs = arena_grow(
			    collection->scratch, collection->bad_offs, collection->bad_count,
			    sizeof(*collection->bad_offs), &collection->bad_capacity);
		collection->bad_offs[collection->bad_count++] =
		    (uint32_t)(event->va - collection->image->base);
	} else if (!collection->end.falls_through) {
		address_set_add(&collection->ends, collection->end.next_va);
	}
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
			if (collection->function.size_bytes == 0)
				note_closed(collection, &events[k]);
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
static bool is_known(struct collection *collection, const struct pass_event *event, size_t *entry,
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

/* Leaves out of the chunks what is known. */
static void thin_out(struct collection *collection)
{
	struct elf_range range = { 0 };
	size_t entry = 0;
	memset(collection->recent, 0, sizeof(collection->recent));
	for (size_t i = 0; i < collection->pass->chunk_count; i++) {
		struct pass_chunk *chunk = &collection->pass->chunks[i];
		size_t kept = 0;
		for (size_t k = 0; k < chunk->count; k++)
			if (!is_known(collection, &chunk->events[k], &entry, &range))
				chunk->events[kept++] = chunk->events[k];
		chunk->count = kept;
	}
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

static void number_entries(struct image *image, struct pass *pass, struct arena *scratch)
{
	struct image_tables *tables = &image->tables;
	collect_entries(image, &pass->entries);
	pass->entry_numbers = address_set_number(scratch, &pass->entries);
	tables->entries = address_set_list(image->file.arena, &pass->entries, image->base);
	tables->entry_count = pass->entries.count;
}

static int compare_offs(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return (a > b) - (a < b);
}

static void list_closed(struct collection *collection)
{
	struct image *image = collection->image;
	size_t count = image->tables.entry_count, bad = 0;
	const uint32_t *entries = image->tables.entries;
	uint64_t *closed = arena_alloc(image->file.arena, count / 64 + 1, sizeof(*closed));
	if (collection->bad_count > 1) /* sections may lie over each other */
		qsort(collection->bad_offs, collection->bad_count, sizeof(*collection->bad_offs),
		      compare_offs);
	for (size_t i = 0; i + 1 < count; i++) {
		while (bad < collection->bad_count && collection->bad_offs[bad] < entries[i])
			bad++;
		if (address_set_has(&collection->ends, image->base + entries[i]) &&
		    address_set_has(&collection->ends, image->base + entries[i + 1]) &&
		    (bad == collection->bad_count || collection->bad_offs[bad] >= entries[i + 1]))
			closed[i / 64] |= UINT64_C(1) << i % 64;
	}
	image->tables.closed = closed;
}

void pass_over(struct image *image, struct elf_range all, struct arena *scratch,
	       struct pass *out_pass)
{
	struct collection collection = { .image = image, .pass = out_pass, .scratch = scratch };
	*out_pass = (struct pass){ .chunks = NULL };
	out_pass->entries = address_set_over(scratch, elf_code_span(&image->file));
	out_pass->mentioned = address_set_over(scratch, all);
	collection.filled = filled_words(scratch, image, all);
	collection.ends = address_set_over(scratch, elf_code_span(&image->file));
	sweep_code(&collection);
	number_entries(image, out_pass, scratch);
	list_closed(&collection);
	if (collection.guesses) /* asks for entries */
		thin_out(&collection);
}
