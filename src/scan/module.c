#include "scan/module.h"

#include "scan/cache.h"

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
	module->grown = tables == NULL;
	*out_module = module;
	return STATUS_OK;
}

static size_t slot_of(const struct module *module, uint64_t va)
{
	size_t i =
	    (size_t)(va * UINT64_C(0x9E3779B97F4A7C15) >> 24) & (module->function_capacity - 1);
	while (module->functions[i] != NULL && module->functions[i]->va != va)
		i = (i + 1) & (module->function_capacity - 1);
	return i;
}

static void grow(struct module *module)
{
	struct function **old = module->functions;
	size_t old_capacity = module->function_capacity;
	module->function_capacity = old_capacity == 0 ? 1024 : old_capacity * 4;
	module->functions =
	    arena_alloc(&module->arena, module->function_capacity, sizeof(*module->functions));
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i] != NULL)
			module->functions[slot_of(module, old[i]->va)] = old[i];
}

static struct function *follow(struct module *module, uint64_t va, bool values)
{
	if (2 * module->function_count >= module->function_capacity)
		grow(module);
	struct function **slot = &module->functions[slot_of(module, va)];
	if (*slot != NULL && (!values || !(*slot)->swept))
		return *slot;
	struct arena *arena = &module->arena;
	module->function_count += *slot == NULL;
	*slot = arena_alloc(arena, 1, sizeof(**slot));
	if (values && module->known != NULL && cache_function(module->known, va, arena, *slot))
		return *slot;
	if (values) {
		module->grown = true;
		**slot = flow_function(&module->image, va, arena, &module->scratch);
		arena_clear(&module->scratch);
	} else {
		**slot = flow_sweep(&module->image, va, arena);
	}
	return *slot;
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

struct function *module_function(struct module *module, uint64_t va)
{
	if (module_has_function(module, va))
		return module->functions[slot_of(module, va)];
	return follow(module, va, flow_needs_values(&module->image, va));
}

struct function *module_refine(struct module *module, uint64_t va)
{
	return follow(module, va, true);
}

bool module_has_function(const struct module *module, uint64_t va)
{
	return module->function_capacity != 0 && module->functions[slot_of(module, va)] != NULL;
}
