#include "scan/closure.h"

#include <elf.h>
#include <string.h>

#include "scan/demand.h"
#include "scan/inputs.h"
#include "scan/models.h"
#include "scan/numbers.h"

/* ---- nodes ---- */

static size_t node_slot(const struct closure *closure, size_t module, uint64_t va)
{
	size_t i =
	    (size_t)((va + module * UINT64_C(0x1000003)) * UINT64_C(0x9E3779B97F4A7C15) >> 24) &
	    (closure->node_capacity - 1);
	while (closure->nodes[i] != NULL &&
	       (closure->nodes[i]->function->va != va || closure->nodes[i]->module != module))
		i = (i + 1) & (closure->node_capacity - 1);
	return i;
}

void closure_wait(struct closure *closure, struct node *node)
{
	if (node->waiting)
		return;
	node->waiting = true;
	if (closure->queue_first == closure->queue_count)
		closure->queue_first = closure->queue_count = 0;
	if (closure->queue_count == closure->queue_capacity)
		closure->queue = arena_grow(closure->arena, closure->queue, closure->queue_count,
					    sizeof(*closure->queue), &closure->queue_capacity);
	closure->queue[closure->queue_count++] = node;
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

/* The inputs that its conditions ask, and those that it passes on. */
static void find_inputs(struct closure *closure, struct node *node)
{
	if (node->function->swept)
		return;
	struct input_list list;
	memset(list.seen, 0, sizeof(list.seen));
	list.count = 0;
	for (size_t i = 0; i < node->function->fact_count; i++) {
		const struct fact *fact = &node->function->facts[i];
		for (size_t k = 0; fact->reach != NULL && k < fact->reach->term_count; k++)
			note_input(&list, fact->reach->terms[k].input);
		for (size_t k = 0; k < fact->argument_count; k++)
			if (value_is_given(&fact->arguments[k].value))
				note_input(&list, fact->arguments[k].value.input);
		/* Somebody may read a syscall's number there (glibc's setxid). */
		for (unsigned k = 0; fact->kind == FACT_STORE && k < INPUT_MEMORY_WORDS / 2; k++)
			note_input(&list,
				   INPUT_MEMORY +
				       (unsigned)fact->arguments[0].input * INPUT_MEMORY_WORDS + k);
	}
	node->inputs = arena_alloc(closure->arena, list.count, sizeof(*node->inputs));
	node->input_count = list.count;
	for (size_t i = 0; i < list.count; i++)
		node->inputs[i].input = list.inputs[i];
}

/* The node of a function, live or not; va is code. */
static struct node *node_at(struct closure *closure, size_t module, uint64_t va)
{
	if (2 * closure->node_count >= closure->node_capacity) {
		struct node **old = closure->nodes;
		size_t old_capacity = closure->node_capacity;
		closure->node_capacity = old_capacity == 0 ? 8192 : old_capacity * 4;
		closure->nodes =
		    arena_alloc(closure->arena, closure->node_capacity, sizeof(*closure->nodes));
		for (size_t i = 0; i < old_capacity; i++)
			if (old[i] != NULL)
				closure->nodes[node_slot(closure, old[i]->module,
							 old[i]->function->va)] = old[i];
	}
	struct node **slot = &closure->nodes[node_slot(closure, module, va)];
	if (*slot == NULL) {
		*slot = arena_alloc(closure->arena, 1, sizeof(**slot));
		(*slot)->module = (uint32_t)module;
		(*slot)->function = module_function(closure->loaded[module].module, va);
		closure->node_count++;
	}
	return *slot;
}

/* ---- making live ---- */

/* True when it was not live before. */
static bool make_live(struct closure *closure, struct node *node, const struct node *parent,
		      uint64_t parent_va, const char *how)
{
	if (node->live)
		return false;
	demand_follow(closure, node);
	find_inputs(closure, node);
	node->live = true;
	node->tier = (uint8_t)closure->tier;
	node->parent = parent;
	node->parent_va = parent_va;
	node->how = how;
	closure->live_count++;
	return true;
}

static bool weaken_all(struct node *node, enum knowledge knowledge)
{
	bool changed = false;
	for (size_t i = 0; !node->unbound && i < node->input_count; i++)
		changed |= inputs_weaken(&node->inputs[i], knowledge);
	node->unbound |= knowledge == KNOWLEDGE_SOME;
	return changed;
}

static void note_own_pointer(struct closure *closure, struct node *node)
{
	node->own_pointer = true;
	if (closure->own_pointer_count == closure->own_pointer_capacity)
		closure->own_pointers =
		    arena_grow(closure->arena, closure->own_pointers, closure->own_pointer_count,
			       sizeof(struct node *), &closure->own_pointer_capacity);
	closure->own_pointers[closure->own_pointer_count++] = node;
}

static void enter(struct closure *closure, size_t module, uint64_t va, enum knowledge knowledge,
		  const struct node *parent, uint64_t parent_va, const char *how)
{
	if (!elf_is_code(&closure->loaded[module].module->image.file, va))
		return;
	struct node *node = node_at(closure, module, va);
	bool changed = make_live(closure, node, parent, parent_va, how);
	if (knowledge == KNOWLEDGE_PRESUMED && parent != NULL && !node->own_pointer)
		note_own_pointer(closure, node);
	changed |= weaken_all(node, knowledge);
	if (changed)
		closure_wait(closure, node);
}

void closure_enter(struct closure *closure, size_t module, uint64_t va, const struct node *parent,
		   uint64_t parent_va, const char *how)
{
	enter(closure, module, va, KNOWLEDGE_SOME, parent, parent_va, how);
}

void closure_presume(struct closure *closure, size_t module, uint64_t va, const char *how)
{
	enter(closure, module, va, KNOWLEDGE_PRESUMED, NULL, 0, how);
}

static void enter_call(struct closure *closure, struct node *node, const struct node *parent,
		       const struct fact *fact)
{
	bool jumps = fact->kind == FACT_JUMP || fact->kind == FACT_JUMP_SLOT;
	bool changed = make_live(closure, node, parent, fact->va, jumps ? "jumps to" : "calls");
	size_t input_count = node->input_count;
	if (fact->argument_count == 0) {
		changed |= weaken_all(node, KNOWLEDGE_SOME);
		input_count = 0;
	}
	for (size_t i = 0; i < input_count; i++) {
		struct input_items *items = &node->inputs[i];
		const struct value *value = argument_of(fact, items->input);
		changed |= value == NULL ? inputs_any(items)
					 : inputs_add_value(closure, items, parent, fact, value);
	}
	if (changed)
		closure_wait(closure, node);
}

/* A string that might be a path, the name of a function, or of a library. */
static void note_string(struct closure *closure, const struct loaded *loaded, uint64_t va)
{
	struct slice bytes = elf_bytes_from(&loaded->module->image.file, va);
	size_t size = 0;
	while (size < bytes.size_bytes && size < NAME_MAX_BYTES && bytes.bytes[size] > ' ' &&
	       bytes.bytes[size] < 0x7f)
		size++;
	if (size < 2 || size == bytes.size_bytes || bytes.bytes[size] != '\0')
		return;
	const char *text = (const char *)bytes.bytes;
	if (strncmp(text, "/proc/", 6) == 0 || strncmp(text, "/dev/", 5) == 0 ||
	    strncmp(text, "/sys/", 5) == 0)
		name_set_add(closure->arena, &closure->paths, text);
	name_set_add(closure->arena, &closure->names, text);
	if (loaded->is_loader)
		name_set_add(closure->arena, &closure->loader_names, text);
}

/* What ld.so puts into a slot; false: nothing that is known. */
bool closure_slot_target(struct closure *closure, size_t module,
			 const struct elf_relocation *relocation, struct target *out_target)
{
	const struct image *image = &closure->loaded[module].module->image;
	*out_target = (struct target){ module, relocation->addend, NULL };
	if (relocation->kind == ELF_RELOCATION_RELATIVE ||
	    relocation->kind == ELF_RELOCATION_IRELATIVE)
		return true;
	if (relocation->symbol == 0 || relocation->symbol >= image->symbols.count ||
	    (relocation->kind != ELF_RELOCATION_SYMBOL &&
	     relocation->kind != ELF_RELOCATION_JUMP_SLOT &&
	     relocation->kind != ELF_RELOCATION_COPY))
		return false;
	const struct elf_symbol *symbol = &image->symbols.symbols[relocation->symbol];
	uint64_t addend = relocation->kind == ELF_RELOCATION_SYMBOL ? relocation->addend : 0;
	if (symbol->local && symbol->defined) {
		out_target->va = symbol->va + addend;
		return true;
	}
	const struct scope_entry *entry = scope_find(
	    &closure->scope, symbol->name,
	    closure->loaded[module].module->name_hashes[relocation->symbol], symbol->version,
	    relocation->kind == ELF_RELOCATION_COPY ? module : SIZE_MAX);
	if (entry == NULL)
		return false;
	*out_target = (struct target){ entry->module, entry->symbol->va + addend, entry };
	return true;
}

static void mention(struct closure *closure, size_t module, uint64_t va, const struct node *parent,
		    uint64_t parent_va);

static void mention_slot(struct closure *closure, size_t module,
			 const struct elf_relocation *relocation, const struct node *parent,
			 uint64_t parent_va)
{
	struct target target;
	if (!closure_slot_target(closure, module, relocation, &target))
		return;
	if (target.entry != NULL)
		closure->scope.entries[target.entry - closure->scope.entries].used = true;
	mention(closure, target.module, target.va, parent, parent_va);
}

/* True when it was not there. */
static bool address_set_add(struct closure *closure, struct address_set *set, uint64_t va)
{
	if (2 * set->count >= set->capacity) {
		struct address_set old = *set;
		set->capacity = old.capacity == 0 ? 512 : old.capacity * 4;
		set->items = arena_alloc(closure->arena, set->capacity, sizeof(*set->items));
		set->count = 0;
		for (size_t i = 0; i < old.capacity; i++)
			if (old.items[i] != 0)
				(void)address_set_add(closure, set, old.items[i]);
	}
	size_t i = (size_t)(va * UINT64_C(0x9E3779B97F4A7C15) >> 30) & (set->capacity - 1);
	while (set->items[i] != 0 && set->items[i] != va)
		i = (i + 1) & (set->capacity - 1);
	if (set->items[i] == va)
		return false;
	set->items[i] = va;
	set->count++;
	return true;
}

static bool is_got(const struct image *image, uint64_t va)
{
	const struct elf_section *section = elf_section_at(&image->file, va);
	return section != NULL && strncmp(section->name, ".got", 4) == 0;
}

static void bar_pointer(struct closure *closure, struct pointer pointer)
{
	for (size_t i = 0; i < closure->barred_pointer_count; i++)
		if (closure->barred_pointers[i].module == pointer.module &&
		    closure->barred_pointers[i].va == pointer.va)
			return;
	if (closure->barred_pointer_count == closure->barred_pointer_capacity)
		closure->barred_pointers = arena_grow(
		    closure->arena, closure->barred_pointers, closure->barred_pointer_count,
		    sizeof(*closure->barred_pointers), &closure->barred_pointer_capacity);
	closure->barred_pointers[closure->barred_pointer_count++] = pointer;
}

/* The address of code: it may be called, in ways that are not followed. */
static void mention_code(struct closure *closure, size_t module, uint64_t va,
			 const struct node *parent, uint64_t parent_va)
{
	if (!model_may_point_to(closure, module, va)) {
		bar_pointer(closure, (struct pointer){ module, va, parent, parent_va, false });
		return;
	}
	bool own = parent != NULL && parent->module == module &&
		   !image_is_export(&closure->loaded[module].module->image, va);
	enter(closure, module, va, own ? KNOWLEDGE_PRESUMED : KNOWLEDGE_SOME, parent, parent_va,
	      "takes the address of");
}

static bool is_code_section(const struct image *image, uint64_t va)
{
	const struct elf_section *section = elf_section_at(&image->file, va);
	return section == NULL || (section->flags & SHF_EXECINSTR) != 0;
}

/* An address that something live computed or holds: code may be called, data be read. */
static void mention(struct closure *closure, size_t module, uint64_t va, const struct node *parent,
		    uint64_t parent_va)
{
	struct loaded *loaded = &closure->loaded[module];
	const struct image *image = &loaded->module->image;
	if (elf_is_code(&image->file, va) && is_code_section(image, va)) {
		mention_code(closure, module, va, parent, parent_va);
		return;
	}
	if (!address_set_add(closure, &loaded->mentioned, va))
		return;
	note_string(closure, loaded, va);
	struct elf_range object = image_object_at(image, va);
	if (is_got(image, va))
		object = (struct elf_range){ va, image->file.word_bytes };
	if (object.size_bytes == 0 || !address_set_add(closure, &loaded->objects, object.va))
		return;
	const struct elf_relocations *relocations = &image->relocations;
	for (size_t i = elf_relocation_from(relocations, object.va);
	     i < relocations->count &&
	     relocations->relocations[i].va < object.va + object.size_bytes;
	     i++)
		mention_slot(closure, module, &relocations->relocations[i], parent, parent_va);
}

static void load_words(struct closure *closure, const struct node *node, const struct fact *fact)
{
	const struct image *image = &closure->loaded[node->module].module->image;
	const struct elf_relocations *relocations = &image->relocations;
	uint64_t end = fact->target + fact->width_bytes;
	for (size_t i = elf_relocation_from(relocations, fact->target);
	     i < relocations->count && relocations->relocations[i].va < end; i++)
		mention_slot(closure, node->module, &relocations->relocations[i], node, fact->va);
	if (!image->has_copies)
		return;
	/* A variable copied from a library's: its first content, and what that points to, is there. */
	size_t i = elf_relocation_from(relocations, fact->target > 4096 ? fact->target - 4096 : 0);
	for (; i < relocations->count && relocations->relocations[i].va <= fact->target; i++)
		if (relocations->relocations[i].kind == ELF_RELOCATION_COPY)
			mention_slot(closure, node->module, &relocations->relocations[i], node,
				     fact->va);
}

/* Finds where a call by a slot leads. */
static struct callee slot_callee(struct closure *closure, size_t module, const struct fact *fact)
{
	const struct image *image = &closure->loaded[module].module->image;
	const struct elf_relocation *relocation =
	    elf_relocation_at(&image->relocations, fact->target);
	struct callee callee = { 0 };
	struct target target;
	if (relocation == NULL || !closure_slot_target(closure, module, relocation, &target))
		return callee;
	if (target.entry != NULL)
		callee.entry = (uint32_t)(target.entry - closure->scope.entries) + 1;
	callee.is_resolver =
	    relocation->kind == ELF_RELOCATION_IRELATIVE ||
	    (target.entry != NULL && target.entry->symbol->type == ELF_SYMBOL_IFUNC);
	if (elf_is_code(&closure->loaded[target.module].module->image.file, target.va))
		callee.node = node_at(closure, target.module, target.va);
	callee.resolved = true;
	return callee;
}

const struct callee *closure_callee(struct closure *closure, struct node *node,
				    const struct fact *fact)
{
	if (node->callees == NULL)
		node->callees =
		    arena_alloc(closure->arena, node->function->fact_count, sizeof(*node->callees));
	struct callee *callee = &node->callees[fact - node->function->facts];
	if (callee->resolved)
		return callee;
	if (fact->kind == FACT_CALL_SLOT || fact->kind == FACT_JUMP_SLOT) {
		*callee = slot_callee(closure, node->module, fact);
	} else if (fact->kind == FACT_CALL || fact->kind == FACT_JUMP) {
		callee->resolved = true;
		if (elf_is_code(&closure->loaded[node->module].module->image.file, fact->target))
			callee->node = node_at(closure, node->module, fact->target);
	}
	return callee;
}

/* ---- what a fact makes live ---- */

/* dlopen by names that are constants, here or at a caller; others are noted. */
static void open_named(struct closure *closure, const struct node *node, const struct fact *fact,
		       unsigned argument)
{
	struct loaded *opener = &closure->loaded[node->module];
	const struct machine *machine = opener->module->image.machine;
	const struct value *value = argument_of(fact, machine->arguments[argument]);
	struct input_items items = { 0 };
	if (value != NULL)
		(void)inputs_add_value(closure, &items, node, fact, value);
	opener->opens_unknown |= value == NULL || items.knowledge != KNOWLEDGE_ALL;
	for (size_t i = 0; i < items.count; i++) {
		if (items.items[i].module == 0)
			continue;
		const struct loaded *owner = &closure->loaded[items.items[i].module - 1];
		const char *name = elf_string_at(&owner->module->image.file, items.items[i].number);
		if (name == NULL || name[0] == '\0' || strlen(name) >= NAME_MAX_BYTES)
			continue;
		closure->opens_token |= strchr(name, '$') != NULL;
		closure->opens_relative |= name_is_relative(name);
		(void)closure_load(closure, name, node->module, false);
	}
}

/* dlsym of a name that is a constant: it may find it in any file. */
static void look_up_named(struct closure *closure, const struct node *node, const struct fact *fact)
{
	const struct machine *machine = closure->loaded[node->module].module->image.machine;
	const struct value *value = argument_of(fact, machine->arguments[1]);
	struct input_items items = { 0 };
	if (value != NULL)
		(void)inputs_add_value(closure, &items, node, fact, value);
	for (size_t i = 0; i < items.count; i++) {
		if (items.items[i].module == 0)
			continue;
		const struct loaded *owner = &closure->loaded[items.items[i].module - 1];
		const char *name = elf_string_at(&owner->module->image.file, items.items[i].number);
		const struct scope_entry *entry = NULL;
		while (name != NULL && (entry = scope_next(&closure->scope, name, name_hash(name),
							   entry)) != NULL) {
			closure->scope.entries[entry - closure->scope.entries].used = true;
			mention(closure, entry->module, entry->symbol->va, node, fact->va);
		}
	}
}

static void call_slot(struct closure *closure, struct node *node, const struct fact *fact)
{
	const struct callee *callee = closure_callee(closure, node, fact);
	if (callee->entry != 0) {
		struct scope_entry *entry = &closure->scope.entries[callee->entry - 1];
		entry->used = true;
		if (strcmp(entry->symbol->name, "dlopen") == 0)
			open_named(closure, node, fact, 0);
		else if (strcmp(entry->symbol->name, "dlmopen") == 0)
			open_named(closure, node, fact, 1);
		else if (strcmp(entry->symbol->name, "dlsym") == 0 ||
			 strcmp(entry->symbol->name, "dlvsym") == 0)
			look_up_named(closure, node, fact);
	}
	if (callee->node == NULL)
		return;
	if (callee->is_resolver)
		closure_enter(closure, callee->node->module, callee->node->function->va, node,
			      fact->va, "selects by");
	else
		enter_call(closure, callee->node, node, fact);
}

static void fact_fire(struct closure *closure, struct node *node, const struct fact *fact)
{
	switch ((enum fact_kind)fact->kind) {
	case FACT_CALL:
	case FACT_JUMP: {
		const struct callee *callee = closure_callee(closure, node, fact);
		if (callee->node == NULL)
			break;
		if (model_allows_call(closure, node, callee->node))
			enter_call(closure, callee->node, node, fact);
		else
			happenings_add(closure, &closure->barred, node, fact);
		break;
	}
	case FACT_CALL_SLOT:
	case FACT_JUMP_SLOT:
		call_slot(closure, node, fact);
		break;
	case FACT_REFERENCE:
		mention(closure, node->module, fact->target, node, fact->va);
		break;
	case FACT_LOAD:
		load_words(closure, node, fact);
		break;
	case FACT_SYSCALL:
	case FACT_SYSCALL_I386: {
		const struct value *value = argument_of(
		    fact, closure->loaded[node->module].module->image.machine->syscall_number);
		if (value != NULL && value->kind == VALUE_POINTED)
			happenings_add(closure, &closure->pointed, node, fact);
		numbers_use(closure, node, fact);
		break;
	}
	case FACT_STORE:
		happenings_add(closure, &closure->stores, node, fact);
		break;
	case FACT_CALL_UNKNOWN: /* what it may call is live by its address */
		happenings_add(closure, &closure->unknown_calls, node, fact);
		break;
	case FACT_KIND_COUNT:
		break;
	}
}

/* Functions of files opened at run time that live strings name. */
static bool enter_named(struct closure *closure)
{
	size_t before = closure->live_count;
	size_t name_count = closure->names.count + closure->loader_names.count;
	if (closure->named_count == name_count &&
	    closure->named_loaded_count == closure->loaded_count)
		return false;
	closure->named_count = name_count;
	closure->named_loaded_count = closure->loaded_count;
	for (size_t m = 0; m < closure->loaded_count; m++) {
		struct loaded *loaded = &closure->loaded[m];
		const struct name_set *names =
		    loaded->at_start ? &closure->loader_names : &closure->names;
		const struct elf_symbols *symbols = &loaded->module->image.symbols;
		for (size_t i = 1; i < symbols->count; i++) {
			const struct elf_symbol *symbol = &symbols->symbols[i];
			if (loaded->is_loader)
				break;
			if (symbol->defined && !symbol->local && symbol->name[0] != '\0' &&
			    symbol->type != ELF_SYMBOL_TLS &&
			    name_set_has(names, symbol->name, loaded->module->name_hashes[i]))
				mention(closure, m, symbol->va, NULL, 0);
		}
	}
	return closure->live_count != before;
}

/* What was barred before and has been asked for since. */
static void unbar(struct closure *closure)
{
	for (size_t i = 0; i < closure->barred.count; i++)
		fact_fire(closure, closure->barred.items[i].node, closure->barred.items[i].fact);
	for (size_t i = 0; i < closure->barred_pointer_count; i++) {
		struct pointer *pointer = &closure->barred_pointers[i];
		if (pointer->taken || !model_may_point_to(closure, pointer->module, pointer->va))
			continue;
		pointer->taken = true;
		mention(closure, pointer->module, pointer->va, pointer->parent, pointer->parent_va);
	}
}

void closure_settle(struct closure *closure)
{
	do {
		while (closure->queue_first < closure->queue_count) {
			struct node *node = closure->queue[closure->queue_first++];
			node->waiting = false;
			for (size_t i = 0; i < node->function->fact_count; i++)
				if (fact_happens(node, &node->function->facts[i]))
					fact_fire(closure, node, &node->function->facts[i]);
		}
		numbers_guess(closure);
		unbar(closure);
	} while (enter_named(closure) || closure->queue_first < closure->queue_count);
}

const struct node *closure_live_symbol(const struct closure *closure, size_t module,
				       const char *name)
{
	uint32_t hash = name_hash(name);
	const struct scope_entry *entry = NULL;
	while ((entry = scope_next(&closure->scope, name, hash, entry)) != NULL) {
		const struct node *node =
		    entry->module != module
			? NULL
			: closure->nodes[node_slot(closure, module, entry->symbol->va)];
		if (node != NULL && node->live)
			return node;
	}
	return NULL;
}
