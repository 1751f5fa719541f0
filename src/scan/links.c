#include "scan/links.h"

#include <string.h>

#include "base/names.h"
#include "scan/name_set.h"

static bool is_library(const char *name)
{
	const char *base = names_of_path(name), *end = strstr(base, ".so");
	return end != NULL && end != base && (end[3] == '\0' || end[3] == '.') &&
	       (name[0] == '/' || base == name) && strchr(name, '%') == NULL &&
	       strchr(name, ':') == NULL;
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
	place->is_string = true;
	place->string_hash = name_hash(text);
	place->is_pseudo_file = strncmp(text, "/proc/", 6) == 0 || strncmp(text, "/dev/", 5) == 0 ||
				strncmp(text, "/sys/", 5) == 0;
	place->is_library = is_library(text);
}

static uint32_t place_number(struct module *module, uint64_t va)
{
	uint32_t number = image_place_number(&module->image, va);
	if (number != ADDRESS_NONE)
		return number;
	size_t before = module->other_places.count;
	number = address_index_add(&module->arena, &module->other_places, va);
	if (number == module->other_place_capacity)
		module->other_place_offs =
		    arena_grow(&module->arena, module->other_place_offs, number,
			       sizeof(*module->other_place_offs), &module->other_place_capacity);
	if (number == before)
		module->other_place_offs[number] = (uint32_t)(va - module->image.base);
	return number + (uint32_t)module->image.tables.place_count;
}

struct image_place links_place_at(const struct module *module, uint32_t number)
{
	const struct image *image = &module->image;
	size_t count = image->tables.place_count;
	return number < count
		   ? image->tables.places[number]
		   : image_place_at(image, image->base + module->other_place_offs[number - count],
				    NULL);
}

const struct place *links_place(struct module *module, uint32_t number)
{
	struct place *place =
	    pages_at(&module->arena, &module->places, number, PLACES_PER_PAGE, sizeof(*place));
	if (!place->known)
		find_string(&module->image, module->image.base + links_place_at(module, number).off,
			    place);
	place->known = true;
	return place;
}

uint32_t links_of_address(struct module *module, uint64_t va)
{
	return image_is_code(&module->image, va) ? link_to_function(module_number(module, va))
						 : link_to_place(place_number(module, va));
}

uint32_t links_of_target(struct module *module, uint64_t va)
{
	return elf_is_code(&module->image.file, va) ? link_to_function(module_number(module, va))
						    : (uint32_t)LINK_NOWHERE;
}

uint32_t links_of_fact(struct module *module, const struct fact *fact)
{
	if (fact->link != 0)
		return fact->link;
	return fact->kind == FACT_REFERENCE ? links_of_address(module, fact->target)
					    : links_of_target(module, fact->target);
}

uint32_t links_of_relocation(struct module *module, size_t relocation)
{
	uint32_t link = module->image.tables.relocation_links[relocation];
	return link != 0 ? link
			 : links_of_address(
			       module, module->image.relocations.relocations[relocation].addend);
}
