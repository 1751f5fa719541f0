#include "callgraph/image.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "callgraph/tables.h"

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

/* The index of the last address of a list up to another one, or SIZE_MAX. */
static size_t last_up_to(const struct image *image, const uint32_t *offs, size_t count, uint64_t va)
{
	size_t low = 0, high = va < image->base ? 0 : count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (offs[middle] <= va - image->base)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

/* The index of an address in a list, or SIZE_MAX. */
static size_t index_of(const struct image *image, const uint32_t *offs, size_t count, uint64_t va)
{
	size_t i = last_up_to(image, offs, count, va);
	return i != SIZE_MAX && image->base + offs[i] == va ? i : SIZE_MAX;
}

bool image_is_entry(const struct image *image, uint64_t va)
{
	const struct image_tables *tables = &image->tables;
	return index_of(image, tables->entries, tables->entry_count, va) != SIZE_MAX;
}

bool image_is_closed(const struct image *image, uint64_t va)
{
	const struct image_tables *tables = &image->tables;
	size_t i = index_of(image, tables->entries, tables->entry_count, va);
	return i != SIZE_MAX && (tables->closed[i / 64] >> i % 64 & 1) != 0;
}

uint32_t image_target_number(const struct image *image, uint64_t va)
{
	const struct image_tables *tables = &image->tables;
	size_t i = index_of(image, tables->targets, tables->target_count, va);
	return i == SIZE_MAX ? ADDRESS_NONE : (uint32_t)(tables->entry_count + i);
}

uint32_t image_function_number(const struct image *image, uint64_t va)
{
	const struct image_tables *tables = &image->tables;
	size_t i = index_of(image, tables->entries, tables->entry_count, va);
	return i != SIZE_MAX ? (uint32_t)i : image_target_number(image, va);
}

uint32_t image_body(const struct image *image, uint32_t number)
{
	const struct image_tables *tables = &image->tables;
	const struct image_function *function = image_bounded(image, number);
	bool certain;
	if (function == NULL || function->event_count == 0)
		return ADDRESS_NONE;
	uint32_t own = (uint32_t)(function - tables->functions);
	/* Rows of entries come first, ascending: most have code that the one before has not. */
	if (number < tables->entry_count &&
	    (own == 0 || function[-1].first_event != function->first_event))
		return own;
	uint64_t va = image_function_va(image, number);
	uint64_t start = image_function_around(image, va, &certain).va;
	uint32_t row = address_number(&tables->function_rows, image_function_number(image, start));
	return row == ADDRESS_NONE ? own : row;
}

uint32_t image_place_number(const struct image *image, uint64_t va)
{
	const struct image_place *places = image->tables.places;
	size_t low = 0, high = image->tables.place_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (image->base + places[middle].off < va)
			low = middle + 1;
		else
			high = middle;
	}
	return low < image->tables.place_count && image->base + places[low].off == va
		   ? (uint32_t)low
		   : ADDRESS_NONE;
}

static bool is_got(const struct image *image, uint64_t va)
{
	const struct elf_section *section = elf_section_at(&image->file, va);
	return section != NULL && strncmp(section->name, ".got", 4) == 0;
}

struct image_place image_place_at(const struct image *image, uint64_t va,
				  struct elf_range *out_object)
{
	struct image_place place = { .off = (uint32_t)(va - image->base) };
	size_t number = 0;
	struct elf_range object = image_object_at(image, va, &number);
	place.object = (uint32_t)number;
	if (is_got(image, va)) {
		place.object = PLACE_IS_WORD;
		object = (struct elf_range){ va, image->file.word_bytes };
	}
	if (out_object != NULL)
		*out_object = object;
	if (object.size_bytes == 0)
		return place;
	const struct elf_relocations *relocations = &image->relocations;
	place.next = (uint32_t)elf_relocation_from(relocations, object.va);
	place.end = (uint32_t)elf_relocation_from(relocations, object.va + object.size_bytes);
	return place;
}

bool image_is_code(const struct image *image, uint64_t va)
{
	if (!elf_is_code(&image->file, va))
		return false;
	const struct elf_section *section = elf_section_at(&image->file, va);
	return section == NULL || (section->flags & SHF_EXECINSTR) != 0;
}

uint64_t image_entry_from(const struct image *image, uint64_t va)
{
	size_t i =
	    va == 0
		? 0
		: last_up_to(image, image->tables.entries, image->tables.entry_count, va - 1) + 1;
	return i < image->tables.entry_count ? image->base + image->tables.entries[i] : UINT64_MAX;
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
	const uint32_t *borders = image->tables.borders;
	size_t i = last_up_to(image, borders, image->tables.border_count, va);
	if (i + 1 < image->tables.border_count && image->base + borders[i + 1] < high)
		high = image->base + borders[i + 1];
	*out_number = image->tables.border_count + (size_t)(segment - image->file.segments);
	if (i != SIZE_MAX && image->base + borders[i] > low) {
		low = image->base + borders[i];
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

/* A program at a fixed address needs no relocations: every word that could be a pointer is one. */
static void add_pointer_words(struct image *image)
{
	struct arena *arena = image->file.arena;
	const struct elf_relocations *known = &image->relocations;
	size_t capacity = known->count, count = known->count;
	struct elf_relocation *all =
	    arena_copy(arena, known->relocations, known->count, sizeof(*all));
	struct elf_range span = elf_span(&image->file);
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

size_t image_event_from(const struct image *image, uint64_t va)
{
	size_t low = 0, high = image->tables.event_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (image->base + image->tables.events[middle].off < va)
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
	const uint32_t *entries = image->tables.entries;
	size_t i = last_up_to(image, entries, image->tables.entry_count, va);
	if (i != SIZE_MAX && (section == NULL || image->base + entries[i] >= section->va))
		start = image->base + entries[i];
	if (i + 1 < image->tables.entry_count && image->base + entries[i + 1] < end)
		end = image->base + entries[i + 1];
	return (struct elf_range){ start, end - start };
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
	const struct elf_symbol **exports =
	    arena_alloc_raw(arena, symbols->count, sizeof(*exports));
	for (size_t i = 1; i < symbols->count; i++)
		if (symbols->symbols[i].defined)
			exports[count++] = &symbols->symbols[i];
	image->exports =
	    sort_exports(exports, count, arena_alloc_raw(arena, count, sizeof(*exports)));
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
	list_exports(&image);
	if (source->tables != NULL)
		image.tables = *source->tables;
	else if (!tables_find(&image))
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF,
				 "more than %d functions, places or odd loads", IMAGE_MAX_NUMBERS);
	*out_image = image;
	return STATUS_OK;
}
