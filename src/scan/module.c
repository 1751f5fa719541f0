#include "scan/module.h"

#include <string.h>

#include "scan/cache.h"
#include "scan/name_set.h"

static const uint32_t *hash_names(struct arena *arena, const struct elf_symbols *symbols)
{
	uint32_t *hashes = arena_alloc(arena, symbols->count, sizeof(*hashes));
	for (size_t i = 1; i < symbols->count; i++)
		hashes[i] = name_hash(symbols->symbols[i].name);
	return hashes;
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
	module->entries =
	    ranks_of(&module->arena, module->image.entries, module->image.entry_count);
	module->grown = source->tables == NULL;
	*out_module = module;
	return STATUS_OK;
}

/* What is known of a function; there is memory for it from the first question on. */
static struct module_function *function_at(struct module *module, uint32_t number)
{
	return pages_at(&module->arena, &module->functions, number, FUNCTIONS_PER_PAGE,
			sizeof(struct module_function));
}

uint32_t module_number(struct module *module, uint64_t va)
{
	uint32_t number = ranks_find(&module->entries, va);
	if (number != RANK_NONE)
		return number;
	size_t before = module->other_functions.count;
	number = (uint32_t)module->image.entry_count +
		 address_index_add(&module->arena, &module->other_functions, va);
	if (module->other_functions.count > before)
		function_at(module, number)->swept.va = va;
	return number;
}

uint32_t module_find(const struct module *module, uint64_t va)
{
	uint32_t number = ranks_find(&module->entries, va);
	if (number != RANK_NONE)
		return number;
	number = address_index_find(&module->other_functions, va);
	return number == ADDRESS_NONE ? RANK_NONE : (uint32_t)module->image.entry_count + number;
}

size_t module_number_count(const struct module *module)
{
	return module->image.entry_count + module->other_functions.count;
}

const struct module_function *module_known(const struct module *module, uint32_t number)
{
	return pages_find(&module->functions, number, FUNCTIONS_PER_PAGE,
			  sizeof(struct module_function));
}

enum { READ_AROUND_BYTES = 1 << 14, LARGE_FILE_BYTES = 64 << 20 };

/* Code of a large file is read all over: what was read is given back now and then. */
static void note_reading(struct module *module, const struct function *function)
{
	const struct image *image = &module->image;
	/* The system reads what is around it, too. */
	module->read_bytes += READ_AROUND_BYTES + function->end_off - function->start_off;
	if (!image->mapped || module->read_bytes < IMAGE_DROP_BYTES ||
	    image->file.bytes.size_bytes < LARGE_FILE_BYTES)
		return;
	file_map_drop(image->file.bytes);
	module->read_bytes = 0;
}

const struct function *module_refine(struct module *module, uint32_t number)
{
	struct module_function *record = function_at(module, number);
	if (record->valued != NULL)
		return &record->valued->function;
	record->valued = arena_alloc(&module->arena, 1, sizeof(*record->valued));
	struct function *function = &record->valued->function;
	if (module->known != NULL &&
	    cache_function(module->known, record->swept.va, &module->arena, function))
		return function;
	module->grown = true;
	*function =
	    flow_function(&module->image, record->swept.va, &module->arena, &module->scratch);
	arena_clear(&module->scratch);
	return function;
}

const struct function *module_function(struct module *module, uint32_t number)
{
	struct module_function *record = function_at(module, number);
	if (record->is_swept)
		return &record->swept;
	if (record->valued != NULL)
		return &record->valued->function;
	if (number < module->image.entry_count)
		record->swept.va = module->image.entries[number];
	record->export_name = image_export_name(&module->image, record->swept.va);
	if (flow_is_stub(&module->image, record->swept.va))
		return module_refine(module, number);
	struct function swept = flow_sweep(&module->image, record->swept.va);
	note_reading(module, &swept);
	if (swept.has_syscall)
		return module_refine(module, number);
	record->swept = swept;
	record->is_swept = true;
	return &record->swept;
}

struct input_list {
	uint64_t seen[(INPUT_COUNT + 63) / 64];
	size_t count;
	uint16_t inputs[INPUT_COUNT];
};

static void note_input(struct input_list *list, unsigned input)
{
	if (input >= INPUT_COUNT || (list->seen[input / 64] >> (input % 64) & 1) != 0)
		return;
	list->seen[input / 64] |= UINT64_C(1) << (input % 64);
	list->inputs[list->count++] = (uint16_t)input;
}

static void note_inputs_of(struct input_list *list, const struct fact *fact)
{
	for (size_t k = 0; fact->reach != NULL && k < fact->reach->term_count; k++)
		note_input(list, fact->reach->terms[k].input);
	for (size_t k = 0; k < fact->argument_count; k++)
		if (value_is_given(&fact->arguments[k].value))
			note_input(list, fact->arguments[k].value.input);
	/* Somebody may read a syscall's number there (glibc's setxid). */
	for (unsigned k = 0; fact->kind == FACT_STORE && k < INPUT_MEMORY_WORDS / 2; k++)
		note_input(list, INPUT_MEMORY +
				     (unsigned)fact->arguments[0].input * INPUT_MEMORY_WORDS + k);
}

size_t module_inputs(struct module *module, uint32_t number, const uint16_t **out_inputs)
{
	struct valued_function *valued = function_at(module, number)->valued;
	if (valued->inputs == NULL) {
		struct input_list list;
		memset(list.seen, 0, sizeof(list.seen));
		list.count = 0;
		for (size_t i = 0; i < valued->function.fact_count; i++)
			note_inputs_of(&list, &valued->function.facts[i]);
		valued->inputs =
		    arena_copy(&module->arena, list.inputs, list.count, sizeof(*list.inputs));
		valued->input_count = (uint16_t)list.count;
	}
	*out_inputs = valued->inputs;
	return valued->input_count;
}

void module_finish(struct module *module)
{
	if (module == NULL)
		return;
	struct arena arena = module->arena;
	arena_finish(&module->scratch);
	file_map_close(&module->cached);
	arena_finish(&arena); /* the module with it */
}

size_t module_bytes(const struct module *module)
{
	return arena_bytes(&module->arena) + arena_bytes(&module->scratch);
}
