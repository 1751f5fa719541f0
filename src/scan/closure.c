#include "scan/closure.h"

#include <elf.h>
#include <string.h>

#include "scan/demand.h"
#include "scan/inputs.h"
#include "scan/links.h"
#include "scan/mention.h"
#include "scan/models.h"
#include "scan/numbers.h"
#include "scan/phases.h"

/* ---- nodes ---- */

void closure_wait(struct closure *closure, struct node *node)
{
	if (node->waiting)
		return;
	node->waiting = true;
	/* What was taken from it makes room. */
	if (2 * closure->queue_first >= closure->queue_capacity) {
		closure->queue_count -= closure->queue_first;
		if (closure->queue_count > 0)
			memmove(closure->queue, closure->queue + closure->queue_first,
				closure->queue_count * sizeof(*closure->queue));
		closure->queue_first = 0;
	}
	if (closure->queue_count == closure->queue_capacity)
		closure->queue = arena_grow(closure->arena, closure->queue, closure->queue_count,
					    sizeof(*closure->queue), &closure->queue_capacity);
	closure->queue[closure->queue_count++] = node;
}

void closure_follow_values(struct closure *closure, struct node *node)
{
	if (node->values != NULL)
		return;
	node->values = arena_alloc(closure->arena, 1, sizeof(*node->values));
	node->values->function =
	    module_refine(closure->loaded[node->module].module, node->number, &closure->scratch);
}

/* The inputs that its conditions ask, and those that it passes on. */
static void find_inputs(struct closure *closure, struct node *node)
{
	struct node_values *values = node->values;
	if (values == NULL)
		return;
	values->input_count = values->function->input_count;
	values->inputs = arena_alloc(closure->arena, values->input_count, sizeof(*values->inputs));
	for (size_t i = 0; i < values->input_count; i++)
		values->inputs[i].input = values->function->inputs[i];
}

struct node *closure_node(struct closure *closure, size_t module, uint32_t number)
{
	struct loaded *loaded = &closure->loaded[module];
	struct node *node =
	    pages_at(closure->arena, &loaded->nodes, number, NODES_PER_PAGE, sizeof(*node));
	if (!node->known) {
		node->known = true;
		node->module = (uint32_t)module;
		node->number = number;
		node->modelled = model_knows(closure, module, number);
		if (module_is_valued(loaded->module, number))
			closure_follow_values(closure, node);
	}
	return node;
}

struct facts closure_facts(const struct closure *closure, const struct node *node)
{
	struct module *module = closure->loaded[node->module].module;
	struct facts facts = { .image = &module->image };
	if (node->values != NULL)
		facts.function = node->values->function;
	else
		facts.swept = module_swept(module, node->number);
	return facts;
}

/* Notes what calling it, or taking its address, once more does not change. */
static void note_state(struct closure *closure, const struct node *node)
{
	if (!node->unbound)
		return;
	bool runs = (node->entered >> PHASE_RUN & 1) != 0;
	*closure_state(closure, node->module, node->number) |=
	    STATE_CALLED | (runs ? STATE_TAKEN : 0);
}

/* ---- making live ---- */

/* True when it was not live before. */
static bool make_live(struct closure *closure, struct node *node, const struct node *parent,
		      uint64_t parent_va, enum way way)
{
	if (node->live)
		return false;
	demand_follow(closure, node);
	find_inputs(closure, node);
	node->live = true;
	node->tier = (uint8_t)closure->tier;
	node->parent = parent;
	if (parent != NULL)
		node->parent_off =
		    (uint32_t)(parent_va - closure->loaded[parent->module].module->image.base);
	node->way = (unsigned)way & 3U;
	closure->live_count++;
	return true;
}

static bool weaken_all(struct node *node, enum knowledge knowledge)
{
	const struct node_values *values = node->values;
	bool changed = false;
	for (size_t i = 0; !node->unbound && values != NULL && i < values->input_count; i++)
		changed |= inputs_weaken(&values->inputs[i], knowledge);
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

void closure_enter_node(struct closure *closure, struct node *node, enum knowledge knowledge,
			const struct node *parent, uint64_t parent_va, enum way way)
{
	/* In any case: every way in decides on the phases, also of what is live and unbound. */
	node->entered |= (uint8_t)(1U << closure->phase);
	if (node->unbound) { /* and live */
		note_state(closure, node);
		return;
	}
	bool changed = make_live(closure, node, parent, parent_va, way);
	if (knowledge == KNOWLEDGE_PRESUMED && parent != NULL && node->values != NULL &&
	    !node->own_pointer)
		note_own_pointer(closure, node);
	changed |= weaken_all(node, knowledge);
	note_state(closure, node);
	if (changed)
		closure_wait(closure, node);
}

static void enter_at(struct closure *closure, size_t module, uint64_t va, enum knowledge knowledge)
{
	struct module *owner = closure->loaded[module].module;
	if (elf_is_code(&owner->image.file, va))
		closure_enter_node(closure, closure_node(closure, module, module_number(owner, va)),
				   knowledge, NULL, 0, WAY_CALL);
}

void closure_enter(struct closure *closure, size_t module, uint64_t va)
{
	enter_at(closure, module, va, KNOWLEDGE_SOME);
}

void closure_presume(struct closure *closure, size_t module, uint64_t va)
{
	enter_at(closure, module, va, KNOWLEDGE_PRESUMED);
}

static void enter_call(struct closure *closure, struct node *node, const struct node *parent,
		       const struct fact *fact)
{
	bool jumps = fact->kind == FACT_JUMP || fact->kind == FACT_JUMP_SLOT;
	bool changed = make_live(closure, node, parent, fact->va, jumps ? WAY_JUMP : WAY_CALL);
	size_t input_count = node->values == NULL ? 0 : node->values->input_count;
	if (fact->argument_count == 0) {
		changed |= weaken_all(node, KNOWLEDGE_SOME);
		note_state(closure, node);
		input_count = 0;
	}
	for (size_t i = 0; i < input_count; i++) {
		struct input_items *items = &node->values->inputs[i];
		const struct value *value = argument_of(parent, fact, items->input);
		changed |= value == NULL ? inputs_any(items)
					 : inputs_add_value(closure, items, parent, fact, value);
	}
	if (changed)
		closure_wait(closure, node);
}

/* ---- words that ld.so fills ---- */

static const struct finder *finder_of(const char *function)
{
	static const struct finder finders[] = { { "dlopen", 0, true },
						 { "dlmopen", 1, true },
						 { "dlsym", 1, false },
						 { "dlvsym", 1, false } };
	for (size_t i = 0; i < sizeof(finders) / sizeof(finders[0]); i++)
		if (strcmp(finders[i].function, function) == 0)
			return &finders[i];
	return NULL;
}

/* Finds what a word holds; false: nothing that is known. */
static bool bind(struct closure *closure, size_t module, const struct elf_relocation *relocation,
		 struct slot *slot, uint64_t *out_va)
{
	const struct image *image = &closure->loaded[module].module->image;
	slot->module = (uint32_t)module;
	*out_va = relocation->addend;
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
		*out_va = symbol->va + addend;
		return true;
	}
	const struct scope_entry *entry = scope_find(
	    &closure->scope, symbol->name,
	    closure->loaded[module].module->name_hashes[relocation->symbol], symbol->version,
	    relocation->kind == ELF_RELOCATION_COPY ? module : SIZE_MAX);
	if (entry == NULL)
		return false;
	slot->module = entry->module;
	slot->entry = (uint32_t)(entry - closure->scope.entries) + 1;
	slot->is_resolver = entry->symbol->type == ELF_SYMBOL_IFUNC;
	slot->finder = finder_of(entry->symbol->name);
	*out_va = entry->symbol->va + addend;
	return true;
}

const struct slot *closure_slot(struct closure *closure, size_t module, size_t number)
{
	struct loaded *loaded = &closure->loaded[module];
	const struct elf_relocations *relocations = &loaded->module->image.relocations;
	struct slot *slot =
	    pages_at(closure->arena, &loaded->slots, number, SLOTS_PER_PAGE, sizeof(*slot));
	const struct elf_relocation *relocation = &relocations->relocations[number];
	uint64_t va;
	if (slot->address != 0 || !bind(closure, module, relocation, slot, &va))
		return slot;
	slot->is_resolver |= relocation->kind == ELF_RELOCATION_IRELATIVE;
	slot->address = links_of_address(closure->loaded[slot->module].module, va);
	slot->target = links_of_target(closure->loaded[slot->module].module, va);
	return slot;
}

static struct node *node_of_target(struct closure *closure, size_t module, uint32_t target)
{
	return target == 0 || target == LINK_NOWHERE
		   ? NULL
		   : closure_node(closure, module, link_number(target));
}

/* link: of a fact of that kind */
static struct callee callee_at(struct closure *closure, size_t module, unsigned kind, uint32_t link)
{
	struct callee callee = { 0 };
	if (link == 0 || kind > FACT_JUMP_SLOT)
		return callee;
	if (kind == FACT_CALL_SLOT || kind == FACT_JUMP_SLOT) {
		const struct slot *slot = closure_slot(closure, module, link - 1);
		callee.entry = slot->entry;
		callee.is_resolver = slot->is_resolver;
		callee.finder = slot->finder;
		module = slot->module;
		link = slot->target;
	}
	callee.known = link != 0 && link != LINK_NOWHERE;
	callee.module = (uint32_t)module;
	callee.number = link_number(link);
	return callee;
}

struct callee closure_callee(struct closure *closure, size_t module, const struct fact *fact)
{
	struct module *owner = closure->loaded[module].module;
	bool code = fact->kind == FACT_CALL || fact->kind == FACT_JUMP;
	return callee_at(closure, module, fact->kind,
			 code ? links_of_fact(owner, fact) : fact->link);
}

struct callee closure_event_callee(struct closure *closure, size_t module,
				   const struct event *event)
{
	return callee_at(closure, module, event_kind(event), event_link(event));
}

void closure_enter_slot(struct closure *closure, size_t module, size_t relocation)
{
	const struct slot *slot = closure_slot(closure, module, relocation);
	struct node *node = node_of_target(closure, slot->module, slot->target);
	if (node != NULL)
		closure_enter_node(closure, node, KNOWLEDGE_SOME, NULL, 0, WAY_CALL);
}

/* ---- what a fact makes live ---- */

/* dlopen by names that are constants, here or at a caller; others are noted. */
static void open_named(struct closure *closure, const struct node *node, const struct fact *fact,
		       int argument)
{
	struct loaded *opener = &closure->loaded[node->module];
	const struct machine *machine = opener->module->image.machine;
	const struct value *value = argument_of(node, fact, machine->arguments[argument]);
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
static void look_up_named(struct closure *closure, const struct node *node, const struct fact *fact,
			  int argument)
{
	const struct machine *machine = closure->loaded[node->module].module->image.machine;
	const struct value *value = argument_of(node, fact, machine->arguments[argument]);
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
			mention_address(closure, entry->module,
					links_of_address(closure->loaded[entry->module].module,
							 entry->symbol->va),
					node, fact->va);
		}
	}
}

/* For calls that pass nothing that is known: its entry is in use, what it leads to is called. */
static void note_called(struct closure *closure, size_t module, const struct fact *fact,
			const struct callee *callee)
{
	if (fact->link == 0 || callee->is_resolver || callee->finder != NULL)
		return;
	struct slot *slot = pages_find(&closure->loaded[module].slots, fact->link - 1,
				       SLOTS_PER_PAGE, sizeof(*slot));
	if (slot != NULL)
		slot->called = true;
}

static void call_slot(struct closure *closure, const struct node *node, const struct fact *fact)
{
	struct callee callee = closure_callee(closure, node->module, fact);
	if (callee.entry != 0)
		closure->scope.entries[callee.entry - 1].used = true;
	if (callee.finder != NULL && callee.finder->finds_library)
		open_named(closure, node, fact, callee.finder->argument);
	else if (callee.finder != NULL)
		look_up_named(closure, node, fact, callee.finder->argument);
	struct node *called = closure_callee_node(closure, &callee);
	if (called == NULL)
		return;
	if (callee.is_resolver)
		closure_enter_node(closure, called, KNOWLEDGE_SOME, node, fact->va, WAY_RESOLVER);
	else
		enter_call(closure, called, node, fact);
	note_called(closure, node->module, fact, &callee);
}

static bool has_state(const struct loaded *loaded, uint32_t number, unsigned states)
{
	const uint8_t *state = pages_find(&loaded->states, number, STATES_PER_PAGE, sizeof(*state));
	return state != NULL && (*state & states) != 0;
}

static void fact_fire(struct closure *closure, struct node *node, const struct fact *fact)
{
	switch ((enum fact_kind)fact->kind) {
	case FACT_CALL:
	case FACT_JUMP: {
		struct callee callee = closure_callee(closure, node->module, fact);
		struct node *called = closure_callee_node(closure, &callee);
		if (called == NULL)
			break;
		if (model_allows_call(closure, node, called))
			enter_call(closure, called, node, fact);
		else
			happenings_add(closure, &closure->barred, node, fact);
		break;
	}
	case FACT_CALL_SLOT:
	case FACT_JUMP_SLOT:
		call_slot(closure, node, fact);
		break;
	case FACT_REFERENCE:
		mention_address(closure, node->module,
				links_of_fact(closure->loaded[node->module].module, fact), node,
				fact->va);
		break;
	case FACT_LOAD:
		mention_words(closure, node, fact);
		break;
	case FACT_SYSCALL:
	case FACT_SYSCALL_I386: {
		const struct value *value = argument_of(
		    node, fact,
		    closure->loaded[node->module].module->image.machine->syscall_number);
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

/*
 * What dlsym may find: functions that live strings name, in files opened at run time; and those
 * that ld.so's strings name, in the others.
 */
static const struct name_set *names_for(const struct closure *closure, const struct loaded *loaded)
{
	return loaded->at_start ? &closure->loader_names : &closure->names;
}

static void enter_symbol(struct closure *closure, size_t module, const struct elf_symbol *symbol)
{
	struct module *owner = closure->loaded[module].module;
	mention_address(closure, module, links_of_address(owner, symbol->va), NULL, 0);
}

/* All that a file defines and some string names. */
static void enter_named_of(struct closure *closure, size_t module)
{
	const struct loaded *loaded = &closure->loaded[module];
	const struct name_set *names = names_for(closure, loaded);
	const struct elf_symbols *symbols = &loaded->module->image.symbols;
	closure->has_opened |= !loaded->at_start;
	for (size_t i = 1; i < symbols->count && !loaded->is_loader; i++) {
		const struct elf_symbol *symbol = &symbols->symbols[i];
		if (scope_defines(symbol) &&
		    name_set_has(names, symbol->name, loaded->module->name_hashes[i]))
			enter_symbol(closure, module, symbol);
	}
}

/* All that a string names and some file defines. */
static void enter_name(struct closure *closure, const struct name_set *names, size_t number)
{
	const char *name = name_set_at(names, number);
	const struct scope_entry *entry = NULL;
	uint32_t hash = name_hash(name);
	while ((entry = scope_next(&closure->scope, name, hash, entry)) != NULL) {
		const struct loaded *loaded = &closure->loaded[entry->module];
		if (names_for(closure, loaded) == names && !loaded->is_loader)
			enter_symbol(closure, entry->module, entry->symbol);
	}
}

/* Of what was not compared before: names with all files, files with all names. */
static bool enter_named(struct closure *closure)
{
	size_t before = closure->live_count;
	while (closure->named_loaded_count < closure->loaded_count)
		enter_named_of(closure, closure->named_loaded_count++);
	if (!closure->has_opened)
		closure->named_count = closure->names.count;
	while (closure->named_count < closure->names.count)
		enter_name(closure, &closure->names, closure->named_count++);
	while (closure->loader_named_count < closure->loader_names.count)
		enter_name(closure, &closure->loader_names, closure->loader_named_count++);
	return closure->live_count != before;
}

/* What was barred before and has been asked for since. */
static void unbar(struct closure *closure)
{
	for (size_t i = 0; i < closure->barred.count; i++)
		fact_fire(closure, closure->barred.items[i].node, closure->barred.items[i].fact);
	mention_unbar(closure);
}

/* Whether an event of a live function does nothing that was not done for another one. */
static bool is_done(const struct closure *closure, size_t module, const struct event *event)
{
	const struct loaded *loaded = &closure->loaded[module];
	uint32_t link = event_link(event);
	switch (event_kind(event)) {
	case FACT_CALL:
	case FACT_JUMP:
		return has_state(loaded, link_number(link), STATE_CALLED);
	case FACT_CALL_SLOT:
	case FACT_JUMP_SLOT: {
		const struct slot *slot =
		    pages_find(&loaded->slots, link - 1, SLOTS_PER_PAGE, sizeof(*slot));
		return slot != NULL && slot->called &&
		       has_state(&closure->loaded[slot->module], link_number(slot->target),
				 STATE_CALLED);
	}
	case FACT_REFERENCE:
		return link_is_place(link)
			   ? marks_have(&loaded->places, link_number(link))
			   : has_state(loaded, link_number(link), STATE_TAKEN | STATE_OWN_TAKEN);
	case FACT_LOAD:
		return event_load_count(event) == 1 &&
		       marks_have(&loaded->words, event_load_first(event));
	default:
		return false;
	}
}

static void look_at_swept(struct closure *closure, struct node *node)
{
	struct facts facts = closure_facts(closure, node);
	const struct swept *swept = &facts.swept;
	const struct event *events = facts.image->tables.events + swept->first_event;
	size_t event_count = swept->fact_count - swept->runs_over;
	for (size_t i = 0; i < swept->fact_count; i++) {
		if (i < event_count && is_done(closure, node->module, &events[i]))
			continue;
		const struct fact *fact = swept_fact(facts.image, swept, i, &facts.own);
		if (fact != NULL)
			fact_fire(closure, node, fact);
	}
}

static void look_at(struct closure *closure, struct node *node)
{
	node->waiting = false;
	if (node->values == NULL) {
		look_at_swept(closure, node);
		return;
	}
	const struct function *function = node->values->function;
	for (size_t i = 0; i < function->fact_count; i++)
		if (fact_happens(node, &function->facts[i]))
			fact_fire(closure, node, &function->facts[i]);
}

void closure_settle(struct closure *closure)
{
	do {
		while (closure->queue_first < closure->queue_count)
			look_at(closure, closure->queue[closure->queue_first++]);
		numbers_guess(closure);
		unbar(closure);
	} while (enter_named(closure) || closure->queue_first < closure->queue_count);
}

struct node *closure_find(const struct closure *closure, size_t module, uint64_t va)
{
	const struct loaded *loaded = &closure->loaded[module];
	uint32_t number = module_find(loaded->module, va);
	struct node *node = number == ADDRESS_NONE
				? NULL
				: pages_find(&loaded->nodes, number, NODES_PER_PAGE, sizeof(*node));
	return node == NULL || !node->known ? NULL : node;
}

const struct node *closure_live_symbol(const struct closure *closure, size_t module,
				       const char *name)
{
	uint32_t hash = name_hash(name);
	const struct scope_entry *entry = NULL;
	while ((entry = scope_next(&closure->scope, name, hash, entry)) != NULL) {
		const struct node *node = entry->module == module
					      ? closure_find(closure, module, entry->symbol->va)
					      : NULL;
		if (node != NULL && node->live)
			return node;
	}
	return NULL;
}
