#include "scan/mention.h"

#include "scan/inputs.h"
#include "scan/links.h"
#include "scan/models.h"
#include "scan/phases.h"

/* True when it was not there. */
static bool marks_add(struct closure *closure, struct marks *marks, size_t number)
{
	while (number / 64 >= marks->capacity)
		marks->words = arena_grow(closure->arena, marks->words, marks->capacity,
					  sizeof(*marks->words), &marks->capacity);
	uint64_t *word = &marks->words[number / 64];
	uint64_t bit = UINT64_C(1) << (number % 64);
	bool fresh = (*word & bit) == 0;
	*word |= bit;
	return fresh;
}

static void bar_pointer(struct closure *closure, struct pointer pointer)
{
	for (size_t i = 0; i < closure->barred_pointer_count; i++)
		if (closure->barred_pointers[i].node == pointer.node)
			return;
	if (closure->barred_pointer_count == closure->barred_pointer_capacity)
		closure->barred_pointers = arena_grow(
		    closure->arena, closure->barred_pointers, closure->barred_pointer_count,
		    sizeof(*closure->barred_pointers), &closure->barred_pointer_capacity);
	closure->barred_pointers[closure->barred_pointer_count++] = pointer;
}

/* The address of code: it may be called, in ways that are not followed. */
static void mention_code(struct closure *closure, struct node *node, const struct node *parent,
			 uint64_t parent_va)
{
	struct module *owner = closure->loaded[node->module].module;
	if (!model_may_point_to(closure, node)) {
		bar_pointer(closure, (struct pointer){ node, parent, parent_va, false });
		return;
	}
	bool by_own = parent != NULL && parent->module == node->module;
	bool exported = (module_flags(owner, node->number) & FUNCTION_IS_EXPORTED) != 0;
	closure->phase = phases_of_pointer(closure, node->module, module_va(owner, node->number),
					   parent, parent_va);
	closure_enter_node(closure, node, by_own && !exported ? KNOWLEDGE_PRESUMED : KNOWLEDGE_SOME,
			   parent, parent_va, WAY_ADDRESS);
	closure->phase = PHASE_RUN;
	if (by_own && !closure->loaded[node->module].is_loader) /* see phases_of_pointer */
		*closure_state(closure, node->module, node->number) |= STATE_OWN_TAKEN;
}

static void note_string(struct closure *closure, const struct loaded *loaded, uint32_t number,
			uint64_t va)
{
	const struct place *place = links_place(loaded->module, number);
	if (!place->is_string)
		return;
	const char *string = (const char *)elf_bytes_from(&loaded->module->image.file, va).bytes;
	struct name_set *const sets[] = { place->is_pseudo_file ? &closure->paths : NULL,
					  place->is_library ? &closure->libraries : NULL,
					  &closure->names,
					  loaded->is_loader ? &closure->loader_names : NULL };
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (sets[i] != NULL)
			name_set_add(closure->arena, sets[i], string, place->string_hash);
}

/* Data is read, and what it points to, once all that is being read before it is done with. */
static void touch_place(struct closure *closure, size_t module, uint32_t number)
{
	struct loaded *loaded = &closure->loaded[module];
	if (!marks_add(closure, &loaded->places, number))
		return;
	struct image_place at = links_place_at(loaded->module, number);
	note_string(closure, loaded, number, loaded->module->image.base + at.off);
	if (at.next == at.end ||
	    (at.object != PLACE_IS_WORD && !marks_add(closure, &loaded->objects, at.object)))
		return;
	if (closure->reading_count == closure->reading_capacity)
		closure->readings =
		    arena_grow(closure->arena, closure->readings, closure->reading_count,
			       sizeof(*closure->readings), &closure->reading_capacity);
	closure->readings[closure->reading_count++] = (struct reading){ module, at.next, at.end };
}

static void touch(struct closure *closure, size_t module, uint32_t link, const struct node *parent,
		  uint64_t parent_va)
{
	bool by_own = parent != NULL && parent->module == module;
	if (link_is_place(link))
		touch_place(closure, module, link_number(link));
	else if ((*closure_state(closure, module, link_number(link)) &
		  (by_own ? STATE_TAKEN | STATE_OWN_TAKEN : STATE_TAKEN)) == 0)
		mention_code(closure, closure_node(closure, module, link_number(link)), parent,
			     parent_va);
}

static void touch_word(struct closure *closure, size_t module, size_t relocation,
		       const struct node *parent, uint64_t parent_va)
{
	struct loaded *loaded = &closure->loaded[module];
	struct module *owner = loaded->module;
	const struct elf_relocation *word = &owner->image.relocations.relocations[relocation];
	bool by_own = parent != NULL && parent->module == module && !loaded->is_loader;
	if (phases_is_array(closure, module, word->va))
		return;
	if (word->kind == ELF_RELOCATION_RELATIVE) {
		if (by_own)
			(void)marks_add(closure, &loaded->words, relocation);
		touch(closure, module, links_of_relocation(owner, relocation), parent, parent_va);
		return;
	}
	const struct slot *slot = closure_slot(closure, module, relocation);
	if (slot->entry != 0)
		closure->scope.entries[slot->entry - 1].used = true;
	if (slot->address != 0 && by_own)
		(void)marks_add(closure, &loaded->words, relocation);
	if (slot->address != 0)
		touch(closure, slot->module, slot->address, parent, parent_va);
}

/* Data may point to data without end: in lists as long as memory is large. */
static void read_on(struct closure *closure, const struct node *parent, uint64_t parent_va)
{
	while (closure->reading_count > 0) {
		struct reading *reading = &closure->readings[closure->reading_count - 1];
		if (reading->next == reading->end)
			closure->reading_count--;
		else
			touch_word(closure, reading->module, reading->next++, parent, parent_va);
	}
}

void mention_address(struct closure *closure, size_t module, uint32_t link,
		     const struct node *parent, uint64_t parent_va)
{
	touch(closure, module, link, parent, parent_va);
	read_on(closure, parent, parent_va);
}

static void mention_word(struct closure *closure, const struct node *node, size_t relocation,
			 const struct fact *fact)
{
	touch_word(closure, node->module, relocation, node, fact->va);
	read_on(closure, node, fact->va);
}

void mention_words(struct closure *closure, const struct node *node, const struct fact *fact)
{
	struct module *module = closure->loaded[node->module].module;
	const struct elf_relocations *relocations = &module->image.relocations;
	uint64_t end = fact->target + fact->width_bytes;
	for (size_t i = fact->link != 0 ? fact->link - 1
					: elf_relocation_from(relocations, fact->target);
	     i < relocations->count && relocations->relocations[i].va < end; i++)
		mention_word(closure, node, i, fact);
	if (!module->image.has_copies)
		return;
	/* A variable copied from a library's: its first content, and what that points to, is there. */
	size_t i = elf_relocation_from(
	    relocations, fact->target > COPY_MAX_BYTES ? fact->target - COPY_MAX_BYTES : 0);
	for (; i < relocations->count && relocations->relocations[i].va <= fact->target; i++)
		if (relocations->relocations[i].kind == ELF_RELOCATION_COPY)
			mention_word(closure, node, i, fact);
}

void mention_unbar(struct closure *closure)
{
	for (size_t i = 0; i < closure->barred_pointer_count; i++) {
		struct pointer *pointer = &closure->barred_pointers[i];
		if (pointer->taken || !model_may_point_to(closure, pointer->node))
			continue;
		pointer->taken = true;
		mention_code(closure, pointer->node, pointer->parent, pointer->parent_va);
	}
}
