#include "scan/links.h"

#include <elf.h>
#include <string.h>

#include "scan/name_set.h"

static uint32_t to_function(uint32_t number)
{
	return (number + 1) << 1;
}

static uint32_t to_place(uint32_t number)
{
	return (number + 1) << 1 | 1;
}

/* A string that might be a path, the name of a function, or of a library. */
static void find_string(const struct image *image, uint64_t va, struct place *place)
{
	struct slice bytes = elf_bytes_from(&image->file, va);
	size_t size = 0;
	while (size < bytes.size_bytes && size < NAME_MAX_BYTES && bytes.bytes[size] > ' ' &&
	       bytes.bytes[size] < 0x7f)
		size++;
	if (size < 2 || size == bytes.size_bytes || bytes.bytes[size] != '\0')
		return;
	const char *text = (const char *)bytes.bytes;
	place->string = text;
	place->string_hash = name_hash(text);
	place->is_pseudo_file = strncmp(text, "/proc/", 6) == 0 || strncmp(text, "/dev/", 5) == 0 ||
				strncmp(text, "/sys/", 5) == 0;
}

static bool is_got(const struct image *image, uint64_t va)
{
	const struct elf_section *section = elf_section_at(&image->file, va);
	return section != NULL && strncmp(section->name, ".got", 4) == 0;
}

static uint32_t place_number(struct module *module, uint64_t va)
{
	size_t before = module->place_index.count;
	uint32_t number = address_index_add(&module->arena, &module->place_index, va);
	if (number < before)
		return number;
	struct place *place =
	    pages_at(&module->arena, &module->places, number, PLACES_PER_PAGE, sizeof(*place));
	place->va = va;
	place->is_word = is_got(&module->image, va);
	find_string(&module->image, va, place);
	return number;
}

const struct place *links_place(const struct module *module, uint32_t number)
{
	return pages_find(&module->places, number, PLACES_PER_PAGE, sizeof(struct place));
}

static bool is_code_section(const struct image *image, uint64_t va)
{
	const struct elf_section *section = elf_section_at(&image->file, va);
	return section == NULL || (section->flags & SHF_EXECINSTR) != 0;
}

uint32_t links_of_address(struct module *module, uint64_t va)
{
	const struct image *image = &module->image;
	if (elf_is_code(&image->file, va) && is_code_section(image, va))
		return to_function(module_number(module, va));
	return to_place(place_number(module, va));
}

uint32_t links_of_target(struct module *module, uint64_t va)
{
	return elf_is_code(&module->image.file, va) ? to_function(module_number(module, va))
						    : (uint32_t)LINK_NOWHERE;
}

enum { LINKS_PER_PAGE = 1024 };

/* Where the link of a fact is kept. */
static uint32_t *link_of(struct module *module, struct fact *fact)
{
	if ((fact->link & FACT_OF_EVENT) == 0)
		return &fact->link;
	return pages_at(&module->arena, &module->event_links, fact->link & ~FACT_OF_EVENT,
			LINKS_PER_PAGE, sizeof(fact->link));
}

uint32_t links_of_fact(struct module *module, struct fact *fact)
{
	uint32_t *link = link_of(module, fact);
	if (*link == 0)
		*link = fact->kind == FACT_REFERENCE ? links_of_address(module, fact->target)
						     : links_of_target(module, fact->target);
	return *link;
}

size_t links_of_slot(struct module *module, struct fact *fact)
{
	const struct elf_relocations *relocations = &module->image.relocations;
	uint32_t *link = link_of(module, fact);
	if (*link == 0) {
		size_t first = elf_relocation_from(relocations, fact->target);
		bool exact = fact->kind != FACT_LOAD;
		if (exact && first < relocations->count &&
		    relocations->relocations[first].va != fact->target)
			first = relocations->count;
		*link = (uint32_t)first + 1;
	}
	return *link - 1;
}

uint32_t links_of_relocation(struct module *module, size_t relocation)
{
	const struct elf_relocations *relocations = &module->image.relocations;
	if (module->relocation_links == NULL)
		module->relocation_links = arena_alloc(&module->arena, relocations->count,
						       sizeof(*module->relocation_links));
	uint32_t *link = &module->relocation_links[relocation];
	if (*link == 0)
		*link = links_of_address(module, relocations->relocations[relocation].addend);
	return *link;
}
