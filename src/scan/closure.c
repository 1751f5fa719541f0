#include "scan/closure.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls/table.h"

/* ---- nodes ---- */

struct target {
	size_t module;
	uint64_t va;
	const struct scope_entry *entry; /* NULL: not by name */
};

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

static void wait_for(struct closure *closure, struct node *node)
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

static struct input_items *node_input(const struct node *node, uint16_t input)
{
	for (size_t i = 0; i < node->input_count; i++)
		if (node->inputs[i].input == input)
			return &node->inputs[i];
	return NULL;
}

static void note_input(bool *matters, size_t *count, unsigned input)
{
	if (input < INPUT_COUNT && !matters[input]) {
		matters[input] = true;
		++*count;
	}
}

/* The inputs that its conditions ask, and those that it passes on. */
static void find_inputs(struct closure *closure, struct node *node)
{
	bool matters[INPUT_COUNT] = { false };
	size_t count = 0;
	for (size_t i = 0; i < node->function->fact_count; i++) {
		const struct fact *fact = &node->function->facts[i];
		for (size_t k = 0; fact->reach != NULL && k < fact->reach->term_count; k++)
			note_input(matters, &count, fact->reach->terms[k].input);
		for (size_t k = 0; k < fact->argument_count; k++)
			if (fact->arguments[k].value.kind == VALUE_INPUT)
				note_input(matters, &count, fact->arguments[k].value.input);
		/* Somebody may read a syscall's number there (glibc's setxid). */
		for (unsigned k = 0; fact->kind == FACT_STORE && k < INPUT_MEMORY_WORDS / 2; k++)
			note_input(matters, &count,
				   INPUT_MEMORY +
				       (unsigned)fact->arguments[0].input * INPUT_MEMORY_WORDS + k);
	}
	node->inputs = arena_alloc(closure->arena, count, sizeof(*node->inputs));
	for (unsigned input = 0; input < INPUT_COUNT; input++)
		if (matters[input])
			node->inputs[node->input_count++].input = (uint16_t)input;
}

enum { WANTS_MAX_DEPTH = 3, FEW_NUMBERS = 16, ALIGNMENT_BITS = 15 };

/* Whether a condition picks few of many: cases of a switch, flags; not a null or size check. */
static bool picks_few(const struct fact *fact, const struct term *term)
{
	bool call = fact->kind == FACT_SYSCALL;
	if (term->kind != TERM_RANGES)
		return call || term->mask > ALIGNMENT_BITS;
	uint64_t numbers = 0;
	for (size_t i = 0; i < term->range_count && numbers <= FEW_NUMBERS; i++) {
		uint64_t more = term->ranges[i].high - term->ranges[i].low;
		numbers += more > FEW_NUMBERS ? FEW_NUMBERS + 1 : more + 1;
	}
	bool null = term->range_count == 1 && term->ranges[0].high == 0;
	return numbers <= FEW_NUMBERS && (call || !null);
}

/*
 * Whether it pays to know what callers pass: a syscall's number or operation, or which case of a
 * switch. This only decides what is followed more closely; nothing is lost either way.
 */
static bool wants_arguments(struct function *function, const struct machine *machine)
{
	if (function->wants >= 0)
		return function->wants > 0;
	function->wants = 0;
	for (size_t i = 0; i < function->fact_count; i++) {
		const struct fact *fact = &function->facts[i];
		bool call = fact->kind == FACT_SYSCALL;
		bool goes_on = call || fact->kind == FACT_CALL || fact->kind == FACT_JUMP ||
			       fact->kind == FACT_CALL_SLOT || fact->kind == FACT_JUMP_SLOT;
		for (size_t k = 0; goes_on && fact->reach != NULL && k < fact->reach->term_count;
		     k++)
			function->wants |= picks_few(fact, &fact->reach->terms[k]);
		for (size_t k = 0; call && k < fact->argument_count; k++)
			function->wants |= fact->arguments[k].value.kind == VALUE_INPUT &&
					   fact->arguments[k].input == machine->syscall_number;
	}
	return function->wants > 0;
}

static bool passes_on(const struct function *function)
{
	for (size_t i = 0; i < function->fact_count; i++)
		for (size_t k = 0; k < function->facts[i].argument_count; k++)
			if (function->facts[i].arguments[k].value.kind == VALUE_INPUT)
				return true;
	return false;
}

static bool call_target(struct closure *closure, size_t module, const struct fact *fact,
			struct target *out_target);

/* The function, followed with values when it calls one that wants to know its arguments. */
static struct function *function_at(struct closure *closure, size_t module, uint64_t va,
				    unsigned depth)
{
	struct module *file = closure->loaded[module].module;
	struct function *function = module_function(file, va);
	if (!function->swept || function->settled || depth == 0)
		return function;
	function->settled = true;
	for (size_t i = 0; i < function->fact_count; i++) {
		struct target target;
		if (!call_target(closure, module, &function->facts[i], &target))
			continue;
		const struct module *other = closure->loaded[target.module].module;
		struct function *callee = function_at(closure, target.module, target.va, depth - 1);
		if (callee->fact_count == 1 && callee->facts[0].kind == FACT_JUMP_SLOT &&
		    call_target(closure, target.module, &callee->facts[0], &target)) {
			other = closure->loaded[target.module].module; /* a PLT's stub */
			callee = function_at(closure, target.module, target.va, depth - 1);
		}
		bool wants = wants_arguments(callee, other->image.machine);
		/* One that was followed because of what it calls hands on what it is given. */
		if (wants || (callee->refined && passes_on(callee))) {
			function = module_refine(file, va);
			function->refined = true;
			return function;
		}
	}
	return function;
}

static struct node *node_at(struct closure *closure, size_t module, uint64_t va, bool *out_fresh)
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
	*out_fresh = *slot == NULL;
	if (*slot == NULL) {
		struct node *node = arena_alloc(closure->arena, 1, sizeof(*node));
		node->module = (uint32_t)module;
		node->function = function_at(closure, module, va, WANTS_MAX_DEPTH);
		node->tier = (uint8_t)closure->tier;
		find_inputs(closure, node);
		*slot = node;
		closure->node_count++;
	}
	return *slot;
}

/* ---- what inputs may be ---- */

static bool items_weaken(struct input_items *items, enum knowledge knowledge)
{
	if (items->knowledge >= knowledge)
		return false;
	items->knowledge = (uint8_t)knowledge;
	return true;
}

static bool items_any(struct input_items *items)
{
	return items_weaken(items, KNOWLEDGE_SOME);
}

static bool items_add(struct closure *closure, struct input_items *items, struct item item)
{
	for (size_t i = 0; i < items->count; i++)
		if (items->items[i].number == item.number && items->items[i].module == item.module)
			return false;
	if (items->count == INPUT_MAX_ITEMS)
		return items_any(items);
	if (items->count == items->capacity) {
		size_t capacity = items->capacity;
		items->items = arena_grow(closure->arena, items->items, items->count,
					  sizeof(*items->items), &capacity);
		items->capacity = (uint16_t)capacity;
	}
	items->items[items->count++] = item;
	return true;
}

enum { NULL_PAGE_BYTES = 4096 };

/* Addresses are only known not to be small numbers. */
static bool item_holds(const struct term *term, const struct item *item)
{
	if (item->module == 0)
		return term_holds(term, item->number);
	return term->kind != TERM_RANGES || term->range_count == 0 ||
	       term->ranges[term->range_count - 1].high >= NULL_PAGE_BYTES;
}

static bool reach_holds(const struct reach *reach, uint16_t input, const struct item *item)
{
	for (size_t i = 0; reach != NULL && i < reach->term_count; i++)
		if (reach->terms[i].input == input && !item_holds(&reach->terms[i], item))
			return false;
	return true;
}

/* Whether any of what callers pass leads to the fact. */
static bool fact_happens(const struct node *node, const struct fact *fact)
{
	for (size_t i = 0; fact->reach != NULL && i < fact->reach->term_count; i++) {
		uint16_t input = fact->reach->terms[i].input;
		const struct input_items *items = node_input(node, input);
		if (items == NULL || items->knowledge != KNOWLEDGE_ALL || items->assumed)
			continue;
		bool some = false;
		for (size_t k = 0; k < items->count && !some; k++)
			some = reach_holds(fact->reach, input, &items->items[k]);
		if (!some)
			return false;
	}
	return true;
}

/* Adds what a value may be, seen from a node at a fact, to items; true when they grew. */
static bool items_add_value(struct closure *closure, struct input_items *items,
			    const struct node *node, const struct fact *fact,
			    const struct value *value)
{
	bool changed = false;
	if (value->assumed && !items->assumed)
		changed = items->assumed = true;
	switch ((enum value_kind)value->kind) {
	case VALUE_NUMBER:
		return items_add(closure, items, (struct item){ value->number, 0 }) || changed;
	case VALUE_ADDRESS:
		return items_add(closure, items,
				 (struct item){ value->number, node->module + 1 }) ||
		       changed;
	case VALUE_SET:
		for (size_t i = 0; i < value->set->count; i++)
			changed |=
			    items_add(closure, items, (struct item){ value->set->numbers[i], 0 });
		return changed;
	case VALUE_INPUT: {
		const struct input_items *from = node_input(node, value->input);
		if (from == NULL)
			return items_any(items) || changed;
		changed |= items_weaken(items, (enum knowledge)from->knowledge);
		if (from->assumed && !items->assumed)
			changed = items->assumed = true;
		for (size_t i = 0; i < from->count; i++) {
			struct item item = from->items[i];
			if (!reach_holds(fact->reach, value->input, &item))
				continue;
			item.number += value->number;
			if (value->bits == 32 && item.module == 0)
				item.number &= UINT32_MAX;
			changed |= items_add(closure, items, item);
		}
		return changed;
	}
	case VALUE_SLOT: /* the address of something, as ld.so finds it */
	case VALUE_ANY:
	case VALUE_LOW:
	case VALUE_CELL:
	case VALUE_POINTED:
	case VALUE_STACK:
	case VALUE_ENTRY:
		break;
	}
	return items_any(items) || changed;
}

static const struct value *argument_of(const struct fact *fact, uint16_t input)
{
	for (size_t i = 0; i < fact->argument_count; i++)
		if (fact->arguments[i].input == input)
			return &fact->arguments[i].value;
	return NULL;
}

/* ---- making live ---- */

static void enter(struct closure *closure, size_t module, uint64_t va, enum knowledge knowledge,
		  const struct node *parent, uint64_t parent_va, const char *how)
{
	if (!elf_is_code(&closure->loaded[module].module->image.file, va))
		return;
	bool fresh;
	struct node *node = node_at(closure, module, va, &fresh);
	bool changed = fresh;
	for (size_t i = 0; i < node->input_count; i++)
		changed |= items_weaken(&node->inputs[i], knowledge);
	if (fresh) {
		node->parent = parent;
		node->parent_va = parent_va;
		node->how = how;
	}
	if (changed)
		wait_for(closure, node);
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

static void enter_call(struct closure *closure, size_t module, uint64_t va,
		       const struct node *parent, const struct fact *fact)
{
	if (!elf_is_code(&closure->loaded[module].module->image.file, va))
		return;
	bool fresh;
	struct node *node = node_at(closure, module, va, &fresh);
	bool changed = fresh;
	for (size_t i = 0; i < node->input_count; i++) {
		struct input_items *items = &node->inputs[i];
		const struct value *value = argument_of(fact, items->input);
		changed |= value == NULL ? items_any(items)
					 : items_add_value(closure, items, parent, fact, value);
	}
	if (fresh) {
		node->parent = parent;
		node->parent_va = fact->va;
		node->how =
		    fact->kind == FACT_JUMP || fact->kind == FACT_JUMP_SLOT ? "jumps to" : "calls";
	}
	if (changed)
		wait_for(closure, node);
}

static size_t name_slot(const struct name_set *set, const char *name)
{
	uint64_t hash = 5381;
	for (const char *c = name; *c != '\0'; c++)
		hash = hash * 33 + (uint8_t)*c;
	size_t i = (size_t)(hash ^ hash >> 20) & (set->capacity - 1);
	while (set->names[i] != NULL && strcmp(set->names[i], name) != 0)
		i = (i + 1) & (set->capacity - 1);
	return i;
}

static void name_add(struct arena *arena, struct name_set *set, const char *name)
{
	if (2 * set->count >= set->capacity) {
		struct name_set old = *set;
		set->capacity = old.capacity == 0 ? 1024 : old.capacity * 4;
		set->names = arena_alloc(arena, set->capacity, sizeof(*set->names));
		for (size_t i = 0; i < old.capacity; i++)
			if (old.names[i] != NULL)
				set->names[name_slot(set, old.names[i])] = old.names[i];
	}
	size_t slot = name_slot(set, name);
	set->count += set->names[slot] == NULL;
	set->names[slot] = name;
}

static bool set_has(const struct name_set *set, const char *name)
{
	return set->capacity != 0 && set->names[name_slot(set, name)] != NULL;
}

bool closure_has_name(const struct closure *closure, const char *name)
{
	return set_has(&closure->names, name);
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
		name_add(closure->arena, &closure->paths, text);
	name_add(closure->arena, &closure->names, text);
	if (loaded->is_loader)
		name_add(closure->arena, &closure->loader_names, text);
}

/* What ld.so puts into a slot; false: nothing that is known. */
static bool slot_target(struct closure *closure, size_t module,
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
	const struct scope_entry *entry =
	    scope_find(&closure->scope, symbol->name, symbol->version,
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
	if (!slot_target(closure, module, relocation, &target))
		return;
	if (target.entry != NULL)
		closure->scope.entries[target.entry - closure->scope.entries].used = true;
	mention(closure, target.module, target.va, parent, parent_va);
}

static bool object_add(struct closure *closure, struct loaded *loaded, uint64_t low)
{
	if (2 * loaded->object_count >= loaded->object_capacity) {
		uint64_t *old = loaded->objects;
		size_t old_capacity = loaded->object_capacity;
		loaded->object_capacity = old_capacity == 0 ? 512 : old_capacity * 4;
		loaded->objects =
		    arena_alloc(closure->arena, loaded->object_capacity, sizeof(*loaded->objects));
		loaded->object_count = 0;
		for (size_t i = 0; i < old_capacity; i++)
			if (old[i] != 0)
				(void)object_add(closure, loaded, old[i]);
	}
	size_t i =
	    (size_t)(low * UINT64_C(0x9E3779B97F4A7C15) >> 30) & (loaded->object_capacity - 1);
	while (loaded->objects[i] != 0 && loaded->objects[i] != low)
		i = (i + 1) & (loaded->object_capacity - 1);
	if (loaded->objects[i] == low)
		return false;
	loaded->objects[i] = low;
	loaded->object_count++;
	return true;
}

static bool is_got(const struct image *image, uint64_t va)
{
	const struct elf_section *section = elf_section_at(&image->file, va);
	return section != NULL && strncmp(section->name, ".got", 4) == 0;
}

/* An address that something live computed or holds: code may be called, data be read. */
static void mention(struct closure *closure, size_t module, uint64_t va, const struct node *parent,
		    uint64_t parent_va)
{
	struct loaded *loaded = &closure->loaded[module];
	const struct image *image = &loaded->module->image;
	if (elf_is_code(&image->file, va)) {
		const struct elf_section *section = elf_section_at(&image->file, va);
		if (section == NULL || (section->flags & SHF_EXECINSTR) != 0) {
			bool own = parent != NULL && parent->module == module &&
				   !image_is_export(image, va);
			enter(closure, module, va, own ? KNOWLEDGE_PRESUMED : KNOWLEDGE_SOME,
			      parent, parent_va, "takes the address of");
			return;
		}
	}
	note_string(closure, loaded, va);
	struct elf_range object = image_object_at(image, va);
	if (is_got(image, va))
		object = (struct elf_range){ va, image->file.word_bytes };
	if (object.size_bytes == 0 || !object_add(closure, loaded, object.va))
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
	/* A variable copied from a library's: its first content, and what that points to, is there. */
	size_t i = elf_relocation_from(relocations, fact->target > 4096 ? fact->target - 4096 : 0);
	for (; i < relocations->count && relocations->relocations[i].va <= fact->target; i++)
		if (relocations->relocations[i].kind == ELF_RELOCATION_COPY)
			mention_slot(closure, node->module, &relocations->relocations[i], node,
				     fact->va);
}

/* ---- uses ---- */

enum { SITES_MAX_PER_NUMBER = 64 };

/* One record per number and site; the first of a number is the nearest. */
static void use_add(struct closure *closure, enum arch arch, uint32_t number, bool assumed,
		    const struct node *node, const struct fact *fact)
{
	size_t sites = 0;
	for (size_t i = 0; i < closure->use_count; i++) {
		const struct use *use = &closure->uses[i];
		if (use->number != number || use->arch != arch)
			continue;
		if ((use->va == fact->va && use->node->module == node->module) ||
		    ++sites == SITES_MAX_PER_NUMBER)
			return;
	}
	if (closure->use_count == closure->use_capacity)
		closure->uses = arena_grow(closure->arena, closure->uses, closure->use_count,
					   sizeof(*closure->uses), &closure->use_capacity);
	closure->uses[closure->use_count] = (struct use){
		arch, number, closure->tier, assumed, closure->use_count, node, fact->va
	};
	closure->use_count++;
}

static void unresolved_add(struct closure *closure, const struct node *node,
			   const struct fact *fact)
{
	for (size_t i = 0; i < closure->unresolved_count; i++)
		if (closure->unresolved[i].va == fact->va &&
		    closure->unresolved[i].node->module == node->module)
			return;
	if (closure->unresolved_count == closure->unresolved_capacity)
		closure->unresolved =
		    arena_grow(closure->arena, closure->unresolved, closure->unresolved_count,
			       sizeof(*closure->unresolved), &closure->unresolved_capacity);
	closure->unresolved[closure->unresolved_count++] = (struct use){
		.tier = TIER_UNRESOLVED, .node = node, .va = fact->va, .number = UINT32_MAX
	};
}

/*
 * On aarch64 the vDSO returns from signal handlers, not the program: Linux v6.1,
 * arch/arm64/kernel/vdso/sigreturn.S. Whoever installs a handler makes that call too.
 */
static void note_handler(struct closure *closure, const struct node *node, const struct fact *fact,
			 enum arch arch, uint32_t number)
{
	const struct syscall *call = syscall_by_number(arch, number);
	if (arch != ARCH_AARCH64 || call == NULL || strcmp(call->name, "rt_sigaction") != 0)
		return;
	call = syscall_by_name(slice_of_string("rt_sigreturn"));
	use_add(closure, arch, (uint32_t)call->numbers[arch], false, node, fact);
}

/* Which argument of a call selects its operation; -1: none. */
static int selector_of(const char *name)
{
	static const struct {
		const char *name;
		int argument;
	} selectors[] = { { "ioctl", 1 },      { "fcntl", 1 },    { "prctl", 0 },
			  { "arch_prctl", 0 }, { "futex", 1 },    { "madvise", 2 },
			  { "socket", 0 },     { "bpf", 0 },      { "keyctl", 0 },
			  { "ptrace", 0 },     { "quotactl", 0 }, { "semctl", 2 },
			  { "shmctl", 1 },     { "msgctl", 1 },   { "prlimit64", 1 },
			  { "clone", 0 } };
	for (size_t i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++)
		if (strcmp(selectors[i].name, name) == 0)
			return selectors[i].argument;
	return -1;
}

static void note_operations(struct closure *closure, const struct node *node,
			    const struct fact *fact, enum arch arch, uint32_t number)
{
	const struct syscall *call = syscall_by_number(arch, number);
	int selector = call == NULL ? -1 : selector_of(call->name);
	if (selector < 0)
		return;
	const struct machine *machine = closure->loaded[node->module].module->image.machine;
	const struct value *value = argument_of(fact, machine->syscall_arguments[selector]);
	struct input_items items = { 0 };
	if (value == NULL)
		items_any(&items);
	else
		(void)items_add_value(closure, &items, node, fact, value);
	bool all = items.count > 0 && items.knowledge != KNOWLEDGE_SOME;
	for (size_t i = 0; i < items.count + (all ? 0u : 1u); i++) {
		bool known = i < items.count && items.items[i].module == 0;
		struct operation_use use = { number, known ? items.items[i].number : 0, known,
					     closure->tier };
		if (use.known)
			use.value &= UINT32_MAX;
		bool seen = false;
		for (size_t k = 0; k < closure->operation_count && !seen; k++)
			seen = closure->operations[k].number == number &&
			       closure->operations[k].known == use.known &&
			       closure->operations[k].value == use.value;
		if (seen)
			continue;
		if (closure->operation_count == closure->operation_capacity)
			closure->operations = arena_grow(
			    closure->arena, closure->operations, closure->operation_count,
			    sizeof(*closure->operations), &closure->operation_capacity);
		closure->operations[closure->operation_count++] = use;
	}
}

static void happening_add(struct closure *closure, struct happenings *list, struct node *node,
			  const struct fact *fact)
{
	if (node->seen == NULL)
		node->seen =
		    arena_alloc(closure->arena, node->function->fact_count, sizeof(*node->seen));
	bool *seen = &node->seen[fact - node->function->facts];
	if (*seen)
		return;
	*seen = true;
	if (list->count == list->capacity)
		list->items = arena_grow(closure->arena, list->items, list->count,
					 sizeof(*list->items), &list->capacity);
	list->items[list->count++] = (struct happening){ node, fact };
}

/* What functions that put a pointer into the variable have been given to point to. */
static void add_pointed(struct closure *closure, struct input_items *items, const struct node *node,
			const struct value *value)
{
	items->assumed = true;
	for (size_t i = 0; i < closure->stores.count; i++) {
		const struct happening *store = &closure->stores.items[i];
		if (store->node->module != node->module || store->fact->target != value->number)
			continue;
		struct value given = value_input(
		    INPUT_MEMORY + (unsigned)store->fact->arguments[0].input * INPUT_MEMORY_WORDS +
		    value->bits / 4u);
		(void)items_add_value(closure, items, store->node, store->fact, &given);
	}
}

static void use_numbers(struct closure *closure, const struct node *node, const struct fact *fact)
{
	const struct image *image = &closure->loaded[node->module].module->image;
	enum arch arch = fact->kind == FACT_SYSCALL_I386 ? ARCH_I386 : image->arch;
	const struct value *value = argument_of(fact, image->machine->syscall_number);
	struct input_items items = { 0 };
	if (value != NULL && value->kind == VALUE_POINTED)
		add_pointed(closure, &items, node, value);
	else if (value != NULL)
		(void)items_add_value(closure, &items, node, fact, value);
	closure->presumed_numbers |= items.knowledge == KNOWLEDGE_PRESUMED;
	/* None yet: somebody who is live must call it before it can run. */
	if (value == NULL || items.knowledge == KNOWLEDGE_SOME)
		unresolved_add(closure, node, fact);
	for (size_t i = 0; i < items.count; i++) {
		if (items.items[i].module != 0) {
			unresolved_add(closure, node, fact);
			continue;
		}
		uint32_t number = (uint32_t)items.items[i].number;
		use_add(closure, arch, number, items.assumed, node, fact);
		note_handler(closure, node, fact, arch, number);
		note_operations(closure, node, fact, arch, number);
	}
}

/* ---- what a fact makes live ---- */

static void call_slot(struct closure *closure, struct node *node, const struct fact *fact)
{
	const struct image *image = &closure->loaded[node->module].module->image;
	const struct elf_relocation *relocation =
	    elf_relocation_at(&image->relocations, fact->target);
	struct target target;
	if (relocation == NULL || !slot_target(closure, node->module, relocation, &target))
		return;
	if (target.entry != NULL) {
		closure->scope.entries[target.entry - closure->scope.entries].used = true;
		if (strcmp(target.entry->symbol->name, "dlopen") == 0 ||
		    strcmp(target.entry->symbol->name, "dlmopen") == 0) {
			bool other = target.entry->symbol->name[2] == 'm';
			const struct value *value =
			    argument_of(fact, image->machine->arguments[other ? 1 : 0]);
			struct input_items items = { 0 };
			if (value != NULL)
				(void)items_add_value(closure, &items, node, fact, value);
			for (size_t i = 0; i < items.count; i++) {
				if (items.items[i].module == 0)
					continue;
				size_t owner = items.items[i].module - 1;
				const char *name =
				    elf_string_at(&closure->loaded[owner].module->image.file,
						  items.items[i].number);
				if (name != NULL && name[0] != '\0' &&
				    strlen(name) < NAME_MAX_BYTES)
					(void)closure_load(closure, name, node->module, false);
			}
		}
	}
	if (relocation->kind == ELF_RELOCATION_IRELATIVE ||
	    (target.entry != NULL && target.entry->symbol->type == ELF_SYMBOL_IFUNC))
		closure_enter(closure, target.module, target.va, node, fact->va, "selects by");
	else
		enter_call(closure, target.module, target.va, node, fact);
}

static void fact_fire(struct closure *closure, struct node *node, const struct fact *fact)
{
	switch ((enum fact_kind)fact->kind) {
	case FACT_CALL:
	case FACT_JUMP:
		enter_call(closure, node->module, fact->target, node, fact);
		break;
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
			happening_add(closure, &closure->pointed, node, fact);
		use_numbers(closure, node, fact);
		break;
	}
	case FACT_STORE:
		happening_add(closure, &closure->stores, node, fact);
		break;
	case FACT_CALL_UNKNOWN: /* what it may call is live by its address */
		happening_add(closure, &closure->unknown_calls, node, fact);
		break;
	case FACT_KIND_COUNT:
		break;
	}
}

/* Functions of files opened at run time that live strings name. */
static bool enter_named(struct closure *closure)
{
	size_t before = closure->node_count;
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
			    (loaded->all_exports || set_has(names, symbol->name)))
				mention(closure, m, symbol->va, NULL, 0);
		}
	}
	return closure->node_count != before;
}

enum { NUMBER_MAX_DEPTH = 4, WRAPPER_MAX_FACTS = 64 };

static bool call_target(struct closure *closure, size_t module, const struct fact *fact,
			struct target *out_target)
{
	*out_target = (struct target){ module, fact->target, NULL };
	const struct image *image = &closure->loaded[module].module->image;
	if (fact->kind == FACT_CALL_SLOT || fact->kind == FACT_JUMP_SLOT) {
		const struct elf_relocation *relocation =
		    elf_relocation_at(&image->relocations, fact->target);
		if (relocation == NULL || !slot_target(closure, module, relocation, out_target))
			return false;
	} else if (fact->kind != FACT_CALL && fact->kind != FACT_JUMP) {
		return false;
	}
	return elf_is_code(&closure->loaded[out_target->module].module->image.file, out_target->va);
}

static const struct node *callee_of(struct closure *closure, const struct node *node,
				    const struct fact *fact)
{
	struct target target;
	return call_target(closure, node->module, fact, &target)
		   ? closure->nodes[node_slot(closure, target.module, target.va)]
		   : NULL;
}

/* Whether an input becomes a syscall's number, in the function or in those it hands it to. */
static bool becomes_number(struct closure *closure, const struct node *node, uint16_t input,
			   unsigned depth)
{
	for (size_t i = 0; i < node->function->fact_count; i++) {
		const struct fact *fact = &node->function->facts[i];
		bool call = fact->kind == FACT_SYSCALL;
		for (size_t k = 0; k < fact->argument_count; k++) {
			const struct argument *argument = &fact->arguments[k];
			if (argument->value.kind != VALUE_INPUT || argument->value.input != input)
				continue;
			const struct machine *machine =
			    closure->loaded[node->module].module->image.machine;
			if (call && argument->input == machine->syscall_number)
				return true;
			const struct node *callee =
			    depth == 0 ? NULL : callee_of(closure, node, fact);
			if (callee != NULL && callee->function->fact_count <= WRAPPER_MAX_FACTS &&
			    becomes_number(closure, callee, argument->input, depth - 1))
				return true;
		}
	}
	return false;
}

/*
 * A wrapper of syscalls that is called through a pointer, which only its own file takes (libcap):
 * what that file's calls through pointers pass is taken for the numbers.
 */
static void guess_numbers(struct closure *closure)
{
	for (size_t n = 0; closure->presumed_numbers && n < closure->node_capacity; n++) {
		struct node *node = closure->nodes[n];
		if (node == NULL || node->function->fact_count > WRAPPER_MAX_FACTS)
			continue;
		for (size_t i = 0; i < node->input_count; i++) {
			struct input_items *items = &node->inputs[i];
			if (items->knowledge != KNOWLEDGE_PRESUMED ||
			    !becomes_number(closure, node, items->input, NUMBER_MAX_DEPTH))
				continue;
			bool changed = false;
			for (size_t k = 0; k < closure->unknown_calls.count; k++) {
				const struct happening *call = &closure->unknown_calls.items[k];
				const struct value *value = argument_of(call->fact, items->input);
				if (call->node->module != node->module || value == NULL ||
				    (value->kind != VALUE_NUMBER && value->kind != VALUE_SET))
					continue;
				struct value guess = *value;
				guess.assumed = true;
				changed |=
				    items_add_value(closure, items, call->node, call->fact, &guess);
			}
			if (changed)
				wait_for(closure, node);
		}
	}
	for (size_t i = 0; i < closure->pointed.count; i++)
		use_numbers(closure, closure->pointed.items[i].node,
			    closure->pointed.items[i].fact);
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
		guess_numbers(closure);
	} while (enter_named(closure) || closure->queue_first < closure->queue_count);
}

/* ---- loading ---- */

static void enter_range(struct closure *closure, size_t module, struct elf_range range,
			const char *how)
{
	const struct image *image = &closure->loaded[module].module->image;
	for (uint64_t off = 0; off + image->file.word_bytes <= range.size_bytes;
	     off += image->file.word_bytes) {
		const struct elf_relocation *relocation =
		    elf_relocation_at(&image->relocations, range.va + off);
		struct target target;
		uint64_t word;
		if (relocation != NULL) {
			if (slot_target(closure, module, relocation, &target))
				closure_enter(closure, target.module, target.va, NULL, 0, how);
		} else if (elf_read_word(&image->file, range.va + off, &word)) {
			closure_enter(closure, module, word, NULL, 0, how);
		}
	}
}

/* What the system and ld.so run without being asked. */
static void start(struct closure *closure, size_t module)
{
	const struct image *image = &closure->loaded[module].module->image;
	const struct elf_dynamic *dynamic = &image->dynamic;
	if (image->file.entry_va != 0 && closure->loaded[module].at_start)
		closure_enter(closure, module, image->file.entry_va, NULL, 0, "starts at");
	if (dynamic->init_va != 0)
		closure_enter(closure, module, dynamic->init_va, NULL, 0, "is initialised by");
	enter_range(closure, module, dynamic->preinit_array, "is initialised by");
	enter_range(closure, module, dynamic->init_array, "is initialised by");
	enter_range(closure, module, dynamic->fini_array, "is ended by");
	if (dynamic->fini_va != 0)
		closure_enter(closure, module, dynamic->fini_va, NULL, 0, "is ended by");
	for (size_t i = 0; i < image->relocations.count; i++)
		if (image->relocations.relocations[i].kind == ELF_RELOCATION_IRELATIVE)
			closure_enter(closure, module, image->relocations.relocations[i].addend,
				      NULL, 0, "is bound by");
	if (image->dynamic.needed_count == 0 && image->file.interpreter == NULL)
		for (size_t i = 0; i < image->file.section_count; i++) {
			const struct elf_section *section = &image->file.sections[i];
			struct elf_range range = { section->va, section->size_bytes };
			if (section->type == SHT_INIT_ARRAY || section->type == SHT_PREINIT_ARRAY)
				enter_range(closure, module, range, "is initialised by");
			else if (section->type == SHT_FINI_ARRAY)
				enter_range(closure, module, range, "is ended by");
		}
	/* Go's linker has left only what can run; its types name methods in a form of their own. */
	for (size_t i = 0; i < image->golang.count; i++)
		closure_presume(closure, module, image->golang.functions[i].start_va, "contains");
}

static void note_missing(struct closure *closure, const char *name)
{
	for (size_t i = 0; i < closure->missing_count; i++)
		if (strcmp(closure->missing[i], name) == 0)
			return;
	if (closure->missing_count == closure->missing_capacity)
		closure->missing =
		    arena_grow(closure->arena, closure->missing, closure->missing_count,
			       sizeof(*closure->missing), &closure->missing_capacity);
	closure->missing[closure->missing_count++] = arena_string(closure->arena, name);
}

static size_t find_loaded(const struct closure *closure, const char *path)
{
	for (size_t i = 0; i < closure->loaded_count; i++)
		if (strcmp(closure->loaded[i].module->path, path) == 0)
			return i;
	return SIZE_MAX;
}

static size_t load_one(struct closure *closure, const char *name, size_t requester, bool at_start,
		       bool *out_fresh)
{
	*out_fresh = false;
	const struct elf_requester *asks = &closure->loaded[requester].requester;
	const char *path = elf_search_find(&closure->files->search, closure->arena, name, asks);
	if (path == NULL) {
		if (at_start)
			note_missing(closure, name);
		return SIZE_MAX;
	}
	size_t known = find_loaded(closure, path);
	if (known != SIZE_MAX || closure->loaded_count == PROGRAM_MAX_MODULES)
		return known;
	struct error err;
	struct module *module;
	enum status status = closure->files->module(closure->files->context, path, &module, &err);
	if (status != STATUS_OK) {
		problem_add(closure->problems, path, 0, "%s", err.text);
		note_missing(closure, name);
		return SIZE_MAX;
	}
	size_t index = closure->loaded_count++;
	closure->loaded[index] = (struct loaded){ .module = module,
						  .requester = { module->path, &module->image.file,
								 &module->image.dynamic, asks },
						  .at_start = at_start };
	scope_add_module(&closure->scope, module, index);
	*out_fresh = true;
	return index;
}

size_t closure_load(struct closure *closure, const char *name, size_t requester, bool at_start)
{
	bool fresh;
	size_t first = closure->loaded_count;
	size_t index = load_one(closure, name, requester, at_start, &fresh);
	if (!fresh)
		return index;
	/* Breadth first, as ld.so does. */
	for (size_t i = first; i < closure->loaded_count; i++) {
		const struct elf_dynamic *dynamic = &closure->loaded[i].module->image.dynamic;
		for (size_t k = 0; k < dynamic->needed_count; k++)
			(void)load_one(closure, dynamic->needed[k], i, at_start, &fresh);
	}
	if (!at_start)
		for (size_t i = first; i < closure->loaded_count; i++)
			start(closure, i);
	return index;
}

void closure_begin(struct closure *closure, struct module *program)
{
	closure->loaded =
	    arena_alloc(closure->arena, PROGRAM_MAX_MODULES, sizeof(*closure->loaded));
	closure->loaded[0] = (struct loaded){ .module = program,
					      .requester = { program->path, &program->image.file,
							     &program->image.dynamic, NULL },
					      .at_start = true };
	closure->loaded_count = 1;
	closure->scope.arena = closure->arena;
	scope_add_module(&closure->scope, program, 0);
	const struct elf_dynamic *dynamic = &program->image.dynamic;
	bool fresh;
	for (size_t k = 0; k < dynamic->needed_count; k++)
		(void)load_one(closure, dynamic->needed[k], 0, true, &fresh);
	for (size_t i = 1; i < closure->loaded_count; i++) {
		dynamic = &closure->loaded[i].module->image.dynamic;
		for (size_t k = 0; k < dynamic->needed_count; k++)
			(void)load_one(closure, dynamic->needed[k], i, true, &fresh);
	}
	if (program->image.file.interpreter != NULL) {
		size_t loader = load_one(closure, program->image.file.interpreter, 0, true, &fresh);
		if (loader != SIZE_MAX)
			closure->loaded[loader].is_loader = true;
	}
	for (size_t i = 0; i < closure->loaded_count; i++)
		start(closure, i);
}

const struct node *closure_live_symbol(const struct closure *closure, size_t module,
				       const char *name)
{
	const struct elf_symbols *symbols = &closure->loaded[module].module->image.symbols;
	for (size_t i = 1; i < symbols->count; i++) {
		const struct elf_symbol *symbol = &symbols->symbols[i];
		if (!symbol->defined || strcmp(symbol->name, name) != 0)
			continue;
		const struct node *node = closure->nodes[node_slot(closure, module, symbol->va)];
		if (node != NULL)
			return node;
	}
	return NULL;
}
