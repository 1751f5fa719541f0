#include "scan/program.h"

#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "scan/closure.h"
#include "scan/inputs.h"
#include "scan/numbers.h"
#include "scan/phases.h"
#include "scan/plugins.h"

const char *tier_name(enum tier tier)
{
	static const char *const names[] = { "exact", "plugin", "environment", "unresolved" };
	return names[tier];
}

const char *phase_name(enum phase phase)
{
	static const char *const names[] = { "run", "start", "exit" };
	return names[phase];
}

static int compare_uses(const void *left, const void *right)
{
	const struct use *a = left, *b = right;
	if (a->arch != b->arch)
		return (int)a->arch - (int)b->arch;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (a->tier != b->tier)
		return (int)a->tier - (int)b->tier;
	return (a->order > b->order) - (a->order < b->order);
}

static int compare_sites(const void *left, const void *right)
{
	const struct use *a = left, *b = right;
	if (a->node->module != b->node->module)
		return a->node->module < b->node->module ? -1 : 1;
	return (a->va > b->va) - (a->va < b->va);
}

static int compare_operations(const void *left, const void *right)
{
	const struct operation_use *a = left, *b = right;
	if (a->arch != b->arch)
		return (int)a->arch - (int)b->arch;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (a->known != b->known)
		return (int)b->known - (int)a->known;
	return (a->value > b->value) - (a->value < b->value);
}

static void sort(void *items, size_t count, size_t size_bytes,
		 int (*compare)(const void *, const void *))
{
	if (count > 1)
		qsort(items, count, size_bytes, compare);
}

static size_t sorted_names(struct arena *arena, const struct name_set *set,
			   const char *const **out_names)
{
	const char **names = arena_alloc(arena, set->count, sizeof(*names));
	for (size_t i = 0; i < set->count; i++)
		names[i] = name_set_at(set, i);
	names_sort(names, set->count);
	*out_names = names;
	return set->count;
}

static bool is_libc(const struct module *module)
{
	const char *soname = module->image.dynamic.soname;
	return soname != NULL && (strcmp(soname, "libc.so.6") == 0 ||
				  strstr(soname, "musl") != NULL || strcmp(soname, "libc.so") == 0);
}

static bool is_function(const struct elf_symbol *symbol)
{
	return symbol->type == ELF_SYMBOL_FUNCTION || symbol->type == ELF_SYMBOL_IFUNC;
}

static size_t used_imports(const struct closure *closure, const char *const **out_names)
{
	const char **names = arena_alloc(closure->arena, closure->scope.count, sizeof(*names));
	size_t count = 0;
	for (size_t i = 0; i < closure->scope.count; i++) {
		const struct scope_entry *entry = &closure->scope.entries[i];
		if (entry->used && is_function(entry->symbol) &&
		    is_libc(closure->loaded[entry->module].module))
			names[count++] = entry->symbol->name;
	}
	names_sort(names, count);
	*out_names = names;
	return count;
}

/* Those whose plug-ins no rule knows: what they open is not in the result. */
static size_t list_openers(const struct closure *closure, const char *const **out_names)
{
	const char **names = arena_alloc(closure->arena, closure->loaded_count, sizeof(*names));
	size_t count = 0;
	for (size_t i = 0; i < closure->loaded_count; i++) {
		const struct loaded *loaded = &closure->loaded[i];
		if (loaded->opens_unknown && !plugins_are_known(loaded->module->path))
			names[count++] = loaded->module->path;
	}
	*out_names = names;
	return count;
}

void program_scan(struct module *program, const struct program_files *files,
		  const struct program_extent *extent, struct problem_list *problems,
		  struct program *out_program)
{
	struct closure closure = { .arena = problems->arena,
				   .problems = problems,
				   .files = files,
				   .last_tier = extent->last };
	closure_begin(&closure, program);
	closure_settle(&closure);
	closure.tier = TIER_PLUGIN;
	while (extent->last >= TIER_PLUGIN && plugins_load(&closure))
		closure_settle(&closure);
	bool phases_known = extent->phases && phases_find(&closure);
	arena_finish(&closure.scratch);
	sort(closure.uses, closure.use_count, sizeof(*closure.uses), compare_uses);
	sort(closure.unresolved, closure.unresolved_count, sizeof(*closure.unresolved),
	     compare_sites);
	sort(closure.operations, closure.operation_count, sizeof(*closure.operations),
	     compare_operations);
	names_sort(closure.missing, closure.missing_count);
	*out_program = (struct program){ .arch = program->image.arch,
					 .uses = closure.uses,
					 .use_count = closure.use_count,
					 .unresolved = closure.unresolved,
					 .unresolved_count = closure.unresolved_count,
					 .operations = closure.operations,
					 .operation_count = closure.operation_count,
					 .missing = closure.missing,
					 .missing_count = closure.missing_count,
					 .live_functions = closure.live_count,
					 .phases_known = phases_known };
	out_program->path_count = sorted_names(closure.arena, &closure.paths, &out_program->paths);
	out_program->import_count = used_imports(&closure, &out_program->imports);
	out_program->modules =
	    arena_alloc(closure.arena, closure.loaded_count, sizeof(*out_program->modules));
	const char **paths = arena_alloc(closure.arena, closure.loaded_count, sizeof(*paths));
	size_t *sizes = arena_alloc(closure.arena, closure.loaded_count, sizeof(*sizes));
	for (size_t i = 0; i < closure.loaded_count; i++) {
		paths[i] = closure.loaded[i].module->path;
		sizes[i] = closure.loaded[i].module->image.tables.code_bytes;
		out_program->modules[i] = closure.loaded[i].module;
		out_program->code_bytes += closure.loaded[i].module->image.tables.code_bytes;
	}
	out_program->opener_count = list_openers(&closure, &out_program->openers);
	out_program->files = paths;
	out_program->file_code_bytes = sizes;
	out_program->file_count = closure.loaded_count;
}

struct chain {
	const struct program *program;
	struct arena *arena;
	struct step *steps; /* the last first */
	size_t count, capacity;
};

static void chain_add(struct chain *chain, const struct node *node, uint64_t va, const char *how)
{
	const struct module *module = chain->program->modules[node->module];
	uint64_t function_va = module_va(module, node->number);
	if (chain->count == chain->capacity)
		chain->steps = arena_grow(chain->arena, chain->steps, chain->count,
					  sizeof(*chain->steps), &chain->capacity);
	chain->steps[chain->count++] =
	    (struct step){ .path = module->path,
			   .function = image_name_of(&module->image, function_va),
			   .function_va = function_va,
			   .va = va,
			   .how = how };
}

enum { PASSED_MAX_DEPTH = 64 };

/* Adds those that hand an argument on; returns the one for which it is a constant. */
static const struct node *chain_passers(struct chain *chain, const struct use *use, uint16_t input,
					uint64_t number, const char *how,
					enum number_source *out_source)
{
	const struct node *node = use->node;
	const struct value *value = argument_of(use->node, use->fact, input);
	*out_source = NUMBER_CONSTANT;
	for (unsigned i = 0; value != NULL && value_is_given(value) && i < PASSED_MAX_DEPTH; i++) {
		const struct item *item = node_passed(node, value, number);
		if (item == NULL)
			break;
		*out_source = NUMBER_PASSED;
		chain_add(chain, item->from, item->fact->va, how);
		number = item->number;
		value = argument_of(item->from, item->fact, value->input);
		node = item->from;
	}
	if (value == NULL || use->tier == TIER_UNRESOLVED)
		*out_source = NUMBER_UNKNOWN;
	else if (use->assumed || value->kind == VALUE_POINTED)
		*out_source = NUMBER_MEMORY;
	return node;
}

static const struct machine *use_machine(const struct program *program, const struct use *use)
{
	return program->modules[use->node->module]->image.machine;
}

/* From where control starts to the node, and on to the steps that the chain has. */
static size_t chain_finish(struct chain *chain, const struct node *node,
			   const struct step **out_steps)
{
	static const char *const ways[] = { [WAY_CALL] = "calls",
					    [WAY_JUMP] = "jumps to",
					    [WAY_ADDRESS] = "takes the address of",
					    [WAY_RESOLVER] = "selects by" };
	for (; node->parent != NULL; node = node->parent)
		chain_add(chain, node->parent,
			  chain->program->modules[node->parent->module]->image.base +
			      node->parent_off,
			  ways[node->way]);
	for (size_t i = 0; i < chain->count / 2; i++) {
		struct step swap = chain->steps[i];
		chain->steps[i] = chain->steps[chain->count - 1 - i];
		chain->steps[chain->count - 1 - i] = swap;
	}
	*out_steps = chain->steps;
	return chain->count;
}

size_t program_chain(const struct program *program, struct arena *arena, const struct use *use,
		     const struct step **out_steps, enum number_source *out_source)
{
	struct chain chain = { .program = program, .arena = arena };
	enum number_source source;
	chain_add(&chain, use->node, use->va, "makes");
	const struct node *node =
	    chain_passers(&chain, use, use_machine(program, use)->syscall_number, use->number,
			  "passes the number to", &source);
	if (out_source != NULL)
		*out_source = source;
	return chain_finish(&chain, node, out_steps);
}

size_t program_operation_chain(const struct program *program, struct arena *arena,
			       const struct operation_use *operation, const struct step **out_steps,
			       enum number_source *out_source)
{
	struct chain chain = { .program = program, .arena = arena };
	const struct use *use = &operation->use;
	int selector = numbers_selector(operation->arch, operation->number);
	chain_add(&chain, use->node, use->va, "makes");
	const struct node *node =
	    chain_passers(&chain, use, use_machine(program, use)->syscall_arguments[selector],
			  operation->passed, "passes the operation to", out_source);
	if (!operation->known)
		*out_source = NUMBER_UNKNOWN;
	return chain_finish(&chain, node, out_steps);
}
