#include "callgraph/tables.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "callgraph/pass.h"
#include "disasm/sweep.h"

enum { MAX_BORDER_BYTES = 1 << 29 }; /* objects behind it are not told apart: all are one */

/* ---- where data objects begin ---- */

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

static void find_borders(struct image *image, const struct address_set *mentioned)
{
	struct arena scratch = { 0 };
	struct address_set borders = address_set_over(&scratch, mentioned->span);
	const uint32_t *list = address_set_list(&scratch, mentioned, image->base);
	collect_borders(image, list, mentioned->count, &borders);
	image->tables.border_count = borders.count;
	image->tables.borders = address_set_list(image->file.arena, &borders, image->base);
	arena_finish(&scratch);
}

/* ---- links ---- */

struct linking {
	struct image *image;
	struct arena scratch; /* owned */
	const struct address_numbers *entries;
	struct address_set targets; /* code that is jumped to and no entry */
	struct address_set places;  /* all but the far ones, */
	uint64_t *far;              /* which are behind what the set spans */
	size_t far_count, far_capacity;
	struct address_numbers place_numbers; /* once they are all there */
	struct elf_range code_section;        /* the last that an address was found in */
	struct odd_load *odd_loads;           /* the tables' */
	size_t odd_load_capacity;
};

/* image_is_code, for addresses that come in great numbers. */
static bool is_code(struct linking *linking, uint64_t va)
{
	const struct elf_file *file = &linking->image->file;
	if (va - linking->code_section.va < linking->code_section.size_bytes)
		return true;
	if (!image_is_code(linking->image, va))
		return false;
	const struct elf_section *section = elf_section_at(file, va);
	const struct elf_segment *segment = elf_segment_at(file, va);
	if (section != NULL && section->va >= segment->va &&
	    section->va + section->size_bytes <= segment->va + segment->file_bytes)
		linking->code_section = (struct elf_range){ section->va, section->size_bytes };
	return true;
}

static void add_place(struct linking *linking, uint64_t va)
{
	if (address_set_spans(&linking->places, va)) {
		address_set_add(&linking->places, va);
		return;
	}
	if (linking->far_count == linking->far_capacity)
		linking->far = arena_grow(&linking->scratch, linking->far, linking->far_count,
					  sizeof(*linking->far), &linking->far_capacity);
	linking->far[linking->far_count++] = va;
}

static uint64_t value_of(const struct image *image, const struct pass_event *event)
{
	return image->base + event->value;
}

static void collect_link(struct linking *linking, const struct pass_event *event)
{
	uint64_t va = value_of(linking->image, event);
	bool jump = event->kind == SWEEP_JUMP || event->kind == SWEEP_BRANCH;
	bool mention = event->kind == SWEEP_ADDRESS || event->kind == SWEEP_IMMEDIATE;
	if (jump && !address_is_numbered(linking->entries, va))
		address_set_add(&linking->targets, va);
	else if (mention && !is_code(linking, va))
		add_place(linking, va);
}

/* Numbers what events and relocations lead to, and no entry is. */
static void collect_links(struct linking *linking, const struct pass *pass)
{
	const struct elf_relocations *relocations = &linking->image->relocations;
	for (size_t i = 0; i < pass->chunk_count; i++)
		for (size_t k = 0; k < pass->chunks[i].count; k++)
			collect_link(linking, &pass->chunks[i].events[k]);
	for (size_t i = 0; i < relocations->count; i++) {
		const struct elf_relocation *relocation = &relocations->relocations[i];
		if (relocation->kind == ELF_RELOCATION_RELATIVE &&
		    !is_code(linking, relocation->addend))
			add_place(linking, relocation->addend);
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
	walk->place = image_place_at(image, va, &walk->object);
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
static void list_places(struct linking *linking)
{
	struct image *image = linking->image;
	const uint32_t *near = address_set_list(&linking->scratch, &linking->places, image->base);
	uint64_t *far = linking->far;
	if (linking->far_count > 0)
		qsort(far, linking->far_count, sizeof(*far), compare_addresses);
	size_t near_count = linking->places.count, count = 0;
	struct image_place *places =
	    arena_alloc_raw(image->file.arena, near_count + linking->far_count, sizeof(*places));
	struct place_walk walk = { .image = image };
	for (; count < near_count; count++)
		places[count] = next_place(&walk, image->base + near[count]);
	for (size_t i = 0; i < linking->far_count; i++)
		if (i == 0 || far[i - 1] != far[i])
			places[count++] = next_place(&walk, far[i]);
	image->tables.places = places;
	image->tables.place_count = count;
	linking->place_numbers = address_set_number(&linking->scratch, &linking->places);
}

/* image_function_link, without a search for most. */
static uint32_t link_of_function(const struct linking *linking, uint64_t va)
{
	uint32_t number = address_number(linking->entries, va);
	if (number == ADDRESS_NONE)
		number = image_target_number(linking->image, va);
	return number == ADDRESS_NONE ? 0 : link_to_function(number);
}

static uint32_t link_of(struct linking *linking, uint64_t va)
{
	if (is_code(linking, va))
		return link_of_function(linking, va);
	uint32_t number = address_set_spans(&linking->places, va)
			      ? address_number(&linking->place_numbers, va)
			      : image_place_number(linking->image, va);
	return number == ADDRESS_NONE ? 0 : link_to_place(number);
}

static uint32_t what_of(enum fact_kind kind, uint32_t link)
{
	return link << EVENT_KIND_BITS | kind;
}

/* A load is remembered by what it reads. */
static uint32_t odd_load(struct linking *linking, const struct pass_event *event)
{
	struct image_tables *tables = &linking->image->tables;
	if (tables->odd_load_count == linking->odd_load_capacity)
		linking->odd_loads = arena_grow(linking->image->file.arena, linking->odd_loads,
						tables->odd_load_count, sizeof(*linking->odd_loads),
						&linking->odd_load_capacity);
	linking->odd_loads[tables->odd_load_count] =
	    (struct odd_load){ event->value, pass_width(event->width_bytes) };
	return what_of(FACT_LOAD, (uint32_t)tables->odd_load_count++ << EVENT_COUNT_BITS);
}

static bool is_near_copy(const struct image *image, uint64_t va)
{
	const struct elf_relocation *relocations = image->relocations.relocations;
	size_t i = !image->has_copies
		       ? image->relocations.count
		       : elf_relocation_from(&image->relocations,
					     va > COPY_MAX_BYTES ? va - COPY_MAX_BYTES : 0);
	for (; i < image->relocations.count && relocations[i].va <= va; i++)
		if (relocations[i].kind == ELF_RELOCATION_COPY)
			return true;
	return false;
}

/* These return 0 when an event leads to nothing. */
static uint32_t link_load(struct linking *linking, const struct pass_event *event)
{
	const struct elf_relocations *relocations = &linking->image->relocations;
	uint64_t va = value_of(linking->image, event), end = va + pass_width(event->width_bytes);
	if (is_near_copy(linking->image, va))
		return odd_load(linking, event);
	size_t first = elf_relocation_from(relocations, va), i = first;
	while (i < relocations->count && relocations->relocations[i].va < end)
		i++;
	if (i == first)
		return 0;
	if (i - first > EVENT_MAX_COUNT)
		return odd_load(linking, event);
	return what_of(FACT_LOAD, (uint32_t)(first << EVENT_COUNT_BITS | (i - first)));
}

/* A slot that ld.so does not fill holds a pointer that is not known. */
static uint32_t link_slot(struct linking *linking, const struct pass_event *event)
{
	const struct image *image = linking->image;
	const struct elf_relocation *relocation =
	    elf_relocation_at(&image->relocations, value_of(image, event));
	if (relocation == NULL || (image->fixed && relocation->kind == ELF_RELOCATION_RELATIVE))
		return link_load(linking, event);
	return what_of(event->kind == SWEEP_CALL_SLOT ? FACT_CALL_SLOT : FACT_JUMP_SLOT,
		       (uint32_t)(relocation - image->relocations.relocations) + 1);
}

static uint32_t link_code(const struct linking *linking, const struct pass_event *event)
{
	uint32_t link = link_of_function(linking, value_of(linking->image, event));
	return link == 0 ? 0 : what_of(event->kind == SWEEP_CALL ? FACT_CALL : FACT_JUMP, link);
}

static uint32_t link_event(struct linking *linking, const struct pass_event *event)
{
	switch (event->kind) {
	case SWEEP_CALL:
	case SWEEP_JUMP:
	case SWEEP_BRANCH:
		return link_code(linking, event);
	case SWEEP_ADDRESS:
	case SWEEP_IMMEDIATE: {
		uint32_t link = link_of(linking, value_of(linking->image, event));
		return link == 0 ? 0 : what_of(FACT_REFERENCE, link);
	}
	case SWEEP_CALL_SLOT:
	case SWEEP_JUMP_SLOT:
		return link_slot(linking, event);
	case SWEEP_LOAD:
		return link_load(linking, event);
	default:
		return what_of(event->kind == SWEEP_SYSCALL ? FACT_SYSCALL : FACT_SYSCALL_I386, 0);
	}
}

/* Each chunk is given up at once. */
static void link_events(struct linking *linking, struct pass *pass)
{
	struct image_tables *tables = &linking->image->tables;
	size_t found = 0, count = 0;
	for (size_t i = 0; i < pass->chunk_count; i++)
		found += pass->chunks[i].count;
	struct event *events = arena_alloc_raw(linking->image->file.arena, found, sizeof(*events));
	for (size_t i = 0; i < pass->chunk_count; i++) {
		struct pass_chunk *chunk = &pass->chunks[i];
		for (size_t k = 0; k < chunk->count; k++) {
			events[count].off = chunk->events[k].off;
			events[count].what = link_event(linking, &chunk->events[k]);
			count += events[count].what != 0;
		}
		arena_finish(&chunk->memory);
	}
	tables->events = events;
	tables->event_count = count;
	tables->odd_loads = linking->odd_loads;
}

static void link_relocations(struct linking *linking)
{
	struct image *image = linking->image;
	const struct elf_relocations *relocations = &image->relocations;
	uint32_t *links = arena_alloc_raw(image->file.arena, relocations->count, sizeof(*links));
	for (size_t i = 0; i < relocations->count; i++) {
		const struct elf_relocation *relocation = &relocations->relocations[i];
		bool relative = relocation->kind == ELF_RELOCATION_RELATIVE;
		links[i] = relative ? link_of(linking, relocation->addend) : 0;
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
	bool is_bounded; /* it is one */
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

static bool find_events(struct bounds *bounds, struct elf_range range)
{
	const struct image *image = bounds->image;
	const struct image_tables *tables = &image->tables;
	struct image_function function = { .flags = 0 };
	size_t first = first_event(bounds, range.va), i = first;
	uint64_t end = range.va + range.size_bytes;
	for (; i < tables->event_count && image->base + tables->events[i].off < end; i++)
		if (event_kind(&tables->events[i]) >= FACT_SYSCALL)
			function.flags |= FUNCTION_HAS_SYSCALL;
	bounds->event = i;
	function.first_event = (uint32_t)first;
	function.event_count = (uint32_t)(i - first) & FUNCTION_MAX_EVENTS;
	bounds->function = function;
	return i - first <= FUNCTION_MAX_EVENTS;
}

static bool find_function(struct bounds *bounds, uint64_t va)
{
	const struct image *image = bounds->image;
	const struct elf_unwind *unwind = &image->unwind;
	bool certain;
	while (bounds->fde < unwind->count && unwind->fdes[bounds->fde].start_va <= va)
		bounds->fde++;
	bool same = bounds->fde != 0 && bounds->fde == bounds->known_fde;
	bool by_fde = bounds->fde != 0 && va < unwind->fdes[bounds->fde - 1].end_va;
	if (same && by_fde)
		return bounds->is_bounded;
	struct elf_range range = image_function_around(image, va, &certain);
	bounds->is_bounded = certain && find_events(bounds, range);
	bounds->known_fde = by_fde ? bounds->fde : 0;
	return bounds->is_bounded;
}

/* False: no table bounds it, or no section tells that it is no stub (swept_is_stub). */
static bool next_function(struct bounds *bounds, uint64_t va, struct image_function *out_function)
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
	if (!find_function(bounds, va) || bounds->section.size_bytes == 0)
		return false;
	while (bounds->exported < image->export_count && image->exports[bounds->exported]->va < va)
		bounds->exported++;
	bool exported =
	    bounds->exported < image->export_count && image->exports[bounds->exported]->va == va;
	*out_function = bounds->function;
	out_function->flags |= (bounds->flags | (exported ? FUNCTION_IS_EXPORTED : 0)) & 15;
	return true;
}

/* The events of each function. */
static void list_functions(struct image *image, struct arena *scratch)
{
	struct image_tables *tables = &image->tables;
	struct bounds bounds = { .image = image };
	size_t count = tables->entry_count + tables->target_count;
	struct image_function *functions = arena_alloc_raw(scratch, count, sizeof(*functions));
	struct address_set rows =
	    address_set_over(image->file.arena, (struct elf_range){ 0, count });
	for (size_t i = 0; i < count; i++)
		if (next_function(&bounds, image_function_va(image, (uint32_t)i),
				  &functions[rows.count]))
			address_set_add(&rows, i);
	tables->functions =
	    arena_copy(image->file.arena, functions, rows.count, sizeof(*functions));
	tables->function_count = rows.count;
	tables->function_rows = address_set_number(image->file.arena, &rows);
}

/* ---- all of it ---- */

bool tables_find(struct image *image)
{
	struct elf_range all = elf_span(&image->file);
	struct linking linking = { .image = image };
	struct image_tables *tables = &image->tables;
	struct pass pass;
	if (all.size_bytes > MAX_BORDER_BYTES)
		all.size_bytes = MAX_BORDER_BYTES;
	pass_over(image, all, &linking.scratch, &pass);
	find_borders(image, &pass.mentioned);
	linking.entries = &pass.entry_numbers;
	linking.places = pass.mentioned;
	linking.targets = address_set_over(&linking.scratch, pass.entries.span);
	collect_links(&linking, &pass);
	tables->targets = address_set_list(image->file.arena, &linking.targets, image->base);
	tables->target_count = linking.targets.count;
	list_places(&linking);
	link_events(&linking, &pass);
	link_relocations(&linking);
	list_functions(image, &linking.scratch);
	arena_finish(&linking.scratch);
	bool fits = tables->entry_count + tables->target_count <= IMAGE_MAX_NUMBERS &&
		    tables->place_count <= IMAGE_MAX_NUMBERS &&
		    tables->odd_load_count <= IMAGE_MAX_ODD_LOADS;
	if (image->mapped) /* all of it was read, little of it will be again */
		file_map_drop(image->file.bytes);
	return fits; /* else links are wrong */
}
