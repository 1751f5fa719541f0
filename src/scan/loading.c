#include <elf.h>
#include <string.h>

#include "scan/closure.h"
#include "scan/phases.h"

static void enter_range(struct closure *closure, size_t module, struct elf_range range)
{
	const struct image *image = &closure->loaded[module].module->image;
	/* What lies behind the file's bytes holds no pointers, however large a header says it is. */
	size_t in_file_bytes = elf_bytes_from(&image->file, range.va).size_bytes;
	if (range.size_bytes > in_file_bytes)
		range.size_bytes = in_file_bytes;
	for (uint64_t off = 0; off + image->file.word_bytes <= range.size_bytes;
	     off += image->file.word_bytes) {
		const struct elf_relocation *relocation =
		    elf_relocation_at(&image->relocations, range.va + off);
		uint64_t word;
		if (relocation != NULL)
			closure_enter_slot(closure, module,
					   (size_t)(relocation - image->relocations.relocations));
		else if (elf_read_word(&image->file, range.va + off, &word))
			closure_enter(closure, module, word);
	}
}

/* A static program finds its tables by their sections' addresses. */
static void enter_sections(struct closure *closure, size_t module, bool at_start)
{
	const struct elf_file *file = &closure->loaded[module].module->image.file;
	for (size_t i = 0; i < file->section_count; i++) {
		const struct elf_section *section = &file->sections[i];
		struct elf_range range = { section->va, section->size_bytes };
		bool ends = section->type == SHT_FINI_ARRAY;
		closure->phase = !at_start ? PHASE_RUN : ends ? PHASE_EXIT : PHASE_START;
		if (section->type == SHT_INIT_ARRAY || section->type == SHT_PREINIT_ARRAY || ends)
			enter_range(closure, module, range);
	}
}

/* What the system and ld.so run without being asked. */
static void start(struct closure *closure, size_t module)
{
	const struct image *image = &closure->loaded[module].module->image;
	const struct elf_dynamic *dynamic = &image->dynamic;
	bool at_start = closure->loaded[module].at_start;
	closure->phase = at_start ? PHASE_START : PHASE_RUN;
	/* Other files may have an entry, too, to be run as a command: libc and libcap have. */
	if (image->file.entry_va != 0 && (module == 0 || closure->loaded[module].is_loader))
		closure_enter(closure, module, image->file.entry_va);
	if (dynamic->init_va != 0)
		closure_enter(closure, module, dynamic->init_va);
	enter_range(closure, module, dynamic->preinit_array);
	enter_range(closure, module, dynamic->init_array);
	closure->phase = at_start ? PHASE_EXIT : PHASE_RUN;
	enter_range(closure, module, dynamic->fini_array);
	if (dynamic->fini_va != 0)
		closure_enter(closure, module, dynamic->fini_va);
	closure->phase = PHASE_RUN;
	for (size_t i = 0; i < image->relocations.count; i++)
		if (image->relocations.relocations[i].kind == ELF_RELOCATION_IRELATIVE)
			closure_enter(closure, module, image->relocations.relocations[i].addend);
	if (phases_has_sections(image))
		enter_sections(closure, module, at_start);
	closure->phase = PHASE_RUN;
	/* Go's linker has left only what can run; its types name methods in a form of their own. */
	for (size_t i = 0; i < image->golang.count; i++)
		closure_presume(closure, module, image->golang.functions[i].start_va);
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

/*
 * A name without a slash is that of a loaded object when it is its DT_SONAME, wherever that was found.
 * Source: glibc elf/dl-load.c, _dl_map_object.
 */
static size_t find_by_soname(const struct closure *closure, const char *name)
{
	if (strchr(name, '/') != NULL)
		return SIZE_MAX;
	for (size_t i = 0; i < closure->loaded_count; i++) {
		const char *soname = closure->loaded[i].module->image.dynamic.soname;
		if (soname != NULL && strcmp(soname, name) == 0)
			return i;
	}
	return SIZE_MAX;
}

/* Its symbols, and room for what will be known of its functions. */
static void add_loaded(struct closure *closure, size_t index)
{
	struct loaded *loaded = &closure->loaded[index];
	size_t count = module_number_count(loaded->module);
	scope_add_module(&closure->scope, loaded->module, index);
	pages_reserve(closure->arena, &loaded->nodes, count, NODES_PER_PAGE);
	pages_reserve(closure->arena, &loaded->states, count, STATES_PER_PAGE);
}

static size_t load_one(struct closure *closure, const char *name, size_t requester, bool at_start,
		       bool *out_fresh)
{
	*out_fresh = false;
	size_t before = find_by_soname(closure, name);
	if (before != SIZE_MAX)
		return before;
	const struct elf_requester *asks = &closure->loaded[requester].requester;
	const char *path = elf_search_find(&closure->files->search, closure->arena, name, asks);
	if (path == NULL) {
		if (at_start)
			note_missing(closure, name);
		return SIZE_MAX;
	}
	size_t known = find_loaded(closure, path);
	if (known != SIZE_MAX)
		return known;
	if (closure->loaded_count == PROGRAM_MAX_MODULES) {
		note_missing(closure, name);
		return SIZE_MAX;
	}
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
	add_loaded(closure, index);
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
	add_loaded(closure, 0);
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
