#include "scan/module.h"

#include <string.h>

#include "callgraph/flow.h"
#include "scan/cache.h"
#include "scan/name_set.h"

static const uint32_t *hash_names(struct arena *arena, const struct elf_symbols *symbols)
{
	uint32_t *hashes = arena_alloc(arena, symbols->count, sizeof(*hashes));
	for (size_t i = 1; i < symbols->count; i++)
		hashes[i] = name_hash(symbols->symbols[i].name);
	return hashes;
}

static size_t table_count(const struct module *module)
{
	return module->image.tables.entry_count + module->image.tables.target_count;
}

enum status module_open(const struct image_source *source, struct problem_list *problems,
			struct module **out_module, struct error *err)
{
	struct arena arena = { 0 };
	struct module *module = arena_alloc(&arena, 1, sizeof(*module));
	module->arena = arena;
	struct problem_list own = { .arena = &module->arena };
	enum status status = image_open(source, &own, &module->image, err);
	for (const struct problem *problem = own.first; problem != NULL; problem = problem->next)
		problem_add(problems, problem->input, problem->line, "%s", problem->text);
	if (status != STATUS_OK) {
		module_finish(module);
		return status;
	}
	module->path = arena_string(&module->arena, source->input);
	module->name_hashes = hash_names(&module->arena, &module->image.symbols);
	module->grown = source->tables == NULL;
	pages_reserve(&module->arena, &module->valued, table_count(module), VALUED_PER_PAGE);
	pages_reserve(&module->arena, &module->loose, table_count(module), LOOSE_PER_PAGE);
	*out_module = module;
	return STATUS_OK;
}

static struct loose_function *loose_at(struct module *module, uint32_t number)
{
	return pages_at(&module->arena, &module->loose, number, LOOSE_PER_PAGE,
			sizeof(struct loose_function));
}

uint32_t module_number(struct module *module, uint64_t va)
{
	uint32_t number = image_function_number(&module->image, va);
	if (number != ADDRESS_NONE)
		return number;
	number = (uint32_t)table_count(module) +
		 address_index_add(&module->arena, &module->other_functions, va);
	loose_at(module, number)->off = (uint32_t)(va - module->image.base);
	return number;
}

uint32_t module_find(const struct module *module, uint64_t va)
{
	uint32_t number = image_function_number(&module->image, va);
	if (number != ADDRESS_NONE)
		return number;
	number = address_index_find(&module->other_functions, va);
	return number == ADDRESS_NONE ? ADDRESS_NONE : (uint32_t)table_count(module) + number;
}

size_t module_number_count(const struct module *module)
{
	return table_count(module) + module->other_functions.count;
}

uint64_t module_va(const struct module *module, uint32_t number)
{
	if (number < table_count(module))
		return image_function_va(&module->image, number);
	const struct loose_function *loose =
	    pages_find(&module->loose, number, LOOSE_PER_PAGE, sizeof(struct loose_function));
	/* It has one since it was numbered. */
	return loose == NULL ? 0 : module->image.base + loose->off;
}

enum { READ_AROUND_BYTES = 1 << 14, LARGE_FILE_BYTES = 4 << 20 };

/* Code of a large file is read all over: what was read is given back now and then. */
static void note_reading(struct module *module)
{
	const struct image *image = &module->image;
	/* The system reads what is around it, too. */
	module->read_bytes += READ_AROUND_BYTES;
	if (!image->mapped || module->read_bytes < IMAGE_DROP_BYTES ||
	    image->file.bytes.size_bytes < LARGE_FILE_BYTES)
		return;
	file_map_drop(image->file.bytes);
	module->read_bytes = 0;
}

/* A function that no table bounds, or that no section tells to be no stub. */
static const struct loose_function *loose_function(struct module *module, uint32_t number)
{
	struct loose_function *loose = loose_at(module, number);
	if (loose->known)
		return loose;
	uint64_t va = module_va(module, number);
	loose->known = true;
	loose->flags = image_is_export(&module->image, va) ? FUNCTION_IS_EXPORTED : 0;
	if (swept_is_stub(&module->image, va)) {
		loose->flags |= FUNCTION_IS_STUB;
		return loose;
	}
	struct swept swept = swept_around(&module->image, va);
	note_reading(module);
	loose->first_event = swept.first_event;
	loose->fact_count = swept.fact_count;
	loose->start_off = swept.start_off;
	loose->end_off = swept.end_off;
	loose->runs_over = swept.runs_over;
	loose->flags |= swept.has_syscall ? FUNCTION_HAS_SYSCALL : 0;
	return loose;
}

unsigned module_flags(struct module *module, uint32_t number)
{
	const struct image_function *function = image_bounded(&module->image, number);
	return function != NULL ? function->flags : loose_function(module, number)->flags;
}

struct swept module_swept(struct module *module, uint32_t number)
{
	const struct image_function *function = image_bounded(&module->image, number);
	if (function != NULL)
		return (struct swept){ .first_event = function->first_event,
				       .fact_count = function->event_count };
	const struct loose_function *loose = loose_function(module, number);
	return (struct swept){ .first_event = loose->first_event,
			       .fact_count = loose->fact_count,
			       .start_off = loose->start_off,
			       .end_off = loose->end_off,
			       .runs_over = loose->runs_over };
}

const struct function *module_valued(const struct module *module, uint32_t number)
{
	struct function *const *valued =
	    pages_find(&module->valued, number, VALUED_PER_PAGE, sizeof(struct function *));
	return valued == NULL ? NULL : *valued;
}

const struct function *module_refine(struct module *module, uint32_t number, struct arena *scratch)
{
	struct function **valued = pages_at(&module->arena, &module->valued, number,
					    VALUED_PER_PAGE, sizeof(struct function *));
	if (*valued != NULL)
		return *valued;
	uint64_t va = module_va(module, number);
	*valued = arena_alloc(&module->arena, 1, sizeof(**valued));
	if (module->known != NULL && cache_function(module->known, va, *valued))
		return *valued;
	module->grown = true;
	**valued = flow_function(&module->image, va, &module->arena, scratch);
	note_reading(module);
	arena_clear(scratch);
	return *valued;
}

void module_finish(struct module *module)
{
	if (module == NULL)
		return;
	struct arena arena = module->arena;
	file_map_close(&module->cached);
	arena_finish(&arena); /* the module with it */
}

size_t module_bytes(const struct module *module)
{
	return arena_bytes(&module->arena);
}
