#include "scan/module.h"

#include "scan/cache.h"
#include "scan/name_set.h"

static const uint32_t *hash_names(struct arena *arena, const struct elf_symbols *symbols)
{
	uint32_t *hashes = arena_alloc(arena, symbols->count, sizeof(*hashes));
	for (size_t i = 1; i < symbols->count; i++)
		hashes[i] = name_hash(symbols->symbols[i].name);
	return hashes;
}

enum status module_open(struct slice bytes, const char *path, const struct image_tables *tables,
			struct problem_list *problems, struct module **out_module,
			struct error *err)
{
	struct arena arena = { 0 };
	struct module *module = arena_alloc(&arena, 1, sizeof(*module));
	module->arena = arena;
	struct problem_list own = { .arena = &module->arena };
	enum status status = image_open(bytes, path, tables, &own, &module->image, err);
	for (const struct problem *problem = own.first; problem != NULL; problem = problem->next)
		problem_add(problems, problem->input, problem->line, "%s", problem->text);
	if (status != STATUS_OK) {
		module_finish(module);
		return status;
	}
	module->path = arena_string(&module->arena, path);
	module->name_hashes = hash_names(&module->arena, &module->image.symbols);
	module->grown = tables == NULL;
	*out_module = module;
	return STATUS_OK;
}

static uint64_t va_of(const struct module_function *function)
{
	return function->swept != NULL ? function->swept->va : function->valued->va;
}

static bool is_free(const struct module_function *function)
{
	return function->swept == NULL && function->valued == NULL;
}

static struct module_function *slot_of(const struct module *module, uint64_t va)
{
	size_t i =
	    (size_t)(va * UINT64_C(0x9E3779B97F4A7C15) >> 24) & (module->function_capacity - 1);
	while (!is_free(&module->functions[i]) && va_of(&module->functions[i]) != va)
		i = (i + 1) & (module->function_capacity - 1);
	return &module->functions[i];
}

static struct module_function *slot_for(struct module *module, uint64_t va)
{
	if (2 * module->function_count < module->function_capacity)
		return slot_of(module, va);
	struct module_function *old = module->functions;
	size_t old_capacity = module->function_capacity;
	module->function_capacity = old_capacity == 0 ? 1024 : old_capacity * 4;
	module->functions =
	    arena_alloc(&module->arena, module->function_capacity, sizeof(*module->functions));
	for (size_t i = 0; i < old_capacity; i++)
		if (!is_free(&old[i]))
			*slot_of(module, va_of(&old[i])) = old[i];
	return slot_of(module, va);
}

const struct function *module_refine(struct module *module, uint64_t va)
{
	struct module_function *slot = slot_for(module, va);
	if (slot->valued != NULL)
		return slot->valued;
	module->function_count += is_free(slot);
	struct function *function = arena_alloc(&module->arena, 1, sizeof(*function));
	slot->valued = function;
	if (module->known != NULL && cache_function(module->known, va, &module->arena, function))
		return function;
	module->grown = true;
	*function = flow_function(&module->image, va, &module->arena, &module->scratch);
	arena_clear(&module->scratch);
	return function;
}

const struct function *module_function(struct module *module, uint64_t va)
{
	struct module_function *slot = slot_for(module, va);
	if (slot->swept != NULL || slot->valued != NULL)
		return slot->swept != NULL ? slot->swept : slot->valued;
	if (flow_is_stub(&module->image, va))
		return module_refine(module, va);
	module->function_count++;
	struct function *function = arena_alloc(&module->arena, 1, sizeof(*function));
	*function = flow_sweep(&module->image, va, &module->arena);
	if (function->has_syscall)
		return module_refine(module, va);
	slot->swept = function;
	return function;
}

bool module_has_values(const struct module *module, uint64_t va)
{
	return module->function_capacity != 0 && slot_of(module, va)->valued != NULL;
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
