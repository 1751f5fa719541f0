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
	const struct module *owner = closure->loaded[node->module].module;
	if (node->unbound && (node->entered >> PHASE_RUN & 1) != 0)
		return; /* nothing more is known by that */
	if (!model_may_point_to(closure, node)) {
		bar_pointer(closure, (struct pointer){ node, parent, parent_va, false });
		return;
	}
	bool own = parent != NULL && parent->module == node->module &&
		   module_known(owner, node->number)->export_name == NULL;
	closure->phase =
	    phases_of_pointer(closure, node->module, node->function->va, parent, parent_va);
	closure_enter_node(closure, node, own ? KNOWLEDGE_PRESUMED : KNOWLEDGE_SOME, parent,
			   parent_va, "takes the address of");
	closure->phase = PHASE_RUN;
}

static void note_string(struct closure *closure, const struct loaded *loaded,
			const struct place *place)
{
	if (place->string == NULL)
		return;
	struct name_set *const sets[] = { place->is_pseudo_file ? &closure->paths : NULL,
					  &closure->names,
					  loaded->is_loader ? &closure->loader_names : NULL };
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (sets[i] != NULL)
			name_set_add(closure->arena, sets[i], place->string, place->string_hash);
}

/* Data is read, and what it points to, once all that is being read before it is done with. */
static void touch_place(struct closure *closure, size_t module, uint32_t number)
{
	struct loaded *loaded = &closure->loaded[module];
	if (!marks_add(closure, &loaded->places, number))
		return;
	const struct place *place = links_place(loaded->module, number);
	const struct image *image = &loaded->module->image;
	note_string(closure, loaded, place);
	size_t which = 0;
	struct elf_range object = place->is_word
				      ? (struct elf_range){ place->va, image->file.word_bytes }
				      : image_object_at(image, place->va, &which);
	if (object.size_bytes == 0 ||
	    (!place->is_word && !marks_add(closure, &loaded->objects, which)))
		return;
	if (closure->reading_count == closure->reading_capacity)
		closure->readings =
		    arena_grow(closure->arena, closure->readings, closure->reading_count,
			       sizeof(*closure->readings), &closure->reading_capacity);
	closure->readings[closure->reading_count++] = (struct reading){
		module,
		elf_relocation_from(&image->relocations, object.va),
		elf_relocation_from(&image->relocations, object.va + object.size_bytes),
	};
}

static void touch(struct closure *closure, size_t module, uint32_t link, const struct node *parent,
		  uint64_t parent_va)
{
	if (link_is_place(link))
		touch_place(closure, module, link_number(link));
	else
		mention_code(closure, closure_node(closure, module, link_number(link)), parent,
			     parent_va);
}

static void touch_word(struct closure *closure, size_t module, size_t relocation,
		       const struct node *parent, uint64_t parent_va)
{
	struct module *owner = closure->loaded[module].module;
	const struct elf_relocation *word = &owner->image.relocations.relocations[relocation];
	if (phases_is_array(closure, module, word->va))
		return;
	if (word->kind == ELF_RELOCATION_RELATIVE) {
		touch(closure, module, links_of_relocation(owner, relocation), parent, parent_va);
		return;
	}
	const struct slot *slot = closure_slot(closure, module, relocation);
	if (slot->entry != 0)
		closure->scope.entries[slot->entry - 1].used = true;
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

void mention_words(struct closure *closure, const struct node *node, struct fact *fact)
{
	struct module *module = closure->loaded[node->module].module;
	const struct elf_relocations *relocations = &module->image.relocations;
	uint64_t end = fact->target + fact->width_bytes;
	for (size_t i = links_of_slot(module, fact);
	     i < relocations->count && relocations->relocations[i].va < end; i++)
		mention_word(closure, node, i, fact);
	if (!module->image.has_copies)
		return;
	/* A variable copied from a library's: its first content, and what that points to, is there. */
	size_t i = elf_relocation_from(relocations, fact->target > 4096 ? fact->target - 4096 : 0);
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
