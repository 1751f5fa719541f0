#include "survey/compose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf/search.h"
#include "package/entry.h"

/* ---- the interpreters of scripts ---- */

enum { MAX_SCRIPT_CHAIN = 5 }; /* the kernel stops at 5: BINPRM_DEPTH */

struct place {
	const struct model *model;
	const char *root;
	const uint32_t *among; /* the closure of the package */
	size_t among_count;
};

/* Links of alternatives belong to no package, but on a disk they are there. */
static struct file_at find_file(const struct place *place, const char *path)
{
	struct arena scratch = { 0 };
	struct file_at at = model_find(place->model, path, place->among, place->among_count);
	if (at.package != UINT32_MAX || place->root == NULL)
		return at;
	int descriptor = elf_search_open_below(place->root, path);
	const char *real = descriptor < 0 ? NULL : elf_search_path_of(&scratch, descriptor);
	size_t prefix = strlen(place->root);
	if (real != NULL && strncmp(real, place->root, prefix) == 0)
		at = model_find(place->model, real + prefix, NULL, 0);
	if (descriptor >= 0)
		(void)close(descriptor);
	arena_finish(&scratch);
	return at;
}

static struct file_at find_command(const struct place *place, const char *name)
{
	static const char *const folders[] = { "/usr/local/bin", "/usr/bin", "/usr/sbin",
					       "/usr/games" };
	char path[2 * ENTRY_MAX_PATH_BYTES];
	struct file_at at = FILE_NOWHERE;
	if (strchr(name, '/') != NULL)
		return find_file(place, name);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && at.package == UINT32_MAX;
	     i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		at = find_file(place, path);
	}
	return at;
}

/* The program that runs a script in the end; FILE_NOWHERE: it is not in the survey. */
static struct file_at find_interpreter(const struct place *place, const struct package_file *script)
{
	for (int i = 0; i < MAX_SCRIPT_CHAIN; i++) {
		struct file_at at = find_command(place, script->text);
		if (at.package == UINT32_MAX)
			return at;
		script = model_file(place->model, at);
		if (script->kind == FILE_PROGRAM)
			return at;
		if (script->kind != FILE_SCRIPT)
			break;
	}
	return FILE_NOWHERE;
}

static struct place place_of(const struct model *model, struct arena *arena, const char *root,
			     uint32_t package)
{
	struct place place = { .model = model, .root = root };
	/* on a disk everything is there, whoever depends on it */
	if (root == NULL)
		place.among = model_closure(model, arena, package, &place.among_count);
	return place;
}

/* ---- which programs ---- */

static int compare_places(const void *left, const void *right)
{
	const struct file_at *a = left;
	const struct file_at *b = right;
	if (a->package != b->package)
		return a->package < b->package ? -1 : 1;
	return (a->file > b->file) - (a->file < b->file);
}

struct list {
	struct arena *arena;
	struct file_at *items;
	size_t count, capacity;
};

static void add(struct list *list, struct file_at at)
{
	if (list->count == list->capacity)
		list->items = arena_grow(list->arena, list->items, list->count,
					 sizeof(*list->items), &list->capacity);
	list->items[list->count++] = at;
}

static void settle(struct list *list)
{
	size_t kept = 0;
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), compare_places);
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || compare_places(&list->items[kept - 1], &list->items[i]) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

/*
 * Those of one package, or those that interpret its maintainer scripts.
 *
 * out_lost   an interpreter of its scripts that is not here
 */
static void add_programs(struct list *list, const struct place *place, uint32_t package,
			 bool maintainer, const char **out_lost)
{
	const struct read_package *read = &place->model->packages[package].read;
	const char *last = ""; /* scripts of one interpreter are many */
	for (uint32_t i = 0; i < read->file_count; i++) {
		const struct package_file *file = &read->files[i];
		if (file->maintainer != maintainer)
			continue;
		if (file->kind == FILE_PROGRAM)
			add(list, (struct file_at){ package, i });
		if (file->kind != FILE_SCRIPT || strcmp(file->text, last) == 0)
			continue;
		last = file->text;
		struct file_at at = find_interpreter(place, file);
		if (at.package != UINT32_MAX)
			add(list, at);
		else
			*out_lost = file->text;
	}
}

struct file_at *compose_programs(const struct model *model, struct arena *arena, const char *root,
				 size_t *out_count)
{
	struct list list = { .arena = arena };
	for (uint32_t i = 0; i < model->count; i++) {
		struct arena scratch = { 0 };
		const char *lost;
		if (model->packages[i].surveyed) {
			const struct place place = place_of(model, &scratch, root, i);
			add_programs(&list, &place, i, false, &lost);
			add_programs(&list, &place, i, true, &lost);
		}
		arena_finish(&scratch);
	}
	settle(&list);
	*out_count = list.count;
	return list.items;
}

/* ---- what a package needs ---- */

struct united {
	struct arena *arena;
	struct package_use *uses;
	size_t count, capacity;
};

static int compare_uses(const void *left, const void *right)
{
	const struct package_use *a = left;
	const struct package_use *b = right;
	int order = api_compare(&a->api, &b->api);
	if (order == 0)
		order = (int)a->certainty - (int)b->certainty;
	return order != 0 ? order : strcmp(a->program, b->program);
}

static void unite(struct united *united, const struct program_result *result, const char *program,
		  bool maintainer)
{
	for (size_t i = 0; i < result->use_count; i++) {
		if (united->count == united->capacity)
			united->uses = arena_grow(united->arena, united->uses, united->count,
						  sizeof(*united->uses), &united->capacity);
		united->uses[united->count] = result->uses[i];
		united->uses[united->count].program = program;
		if (maintainer)
			united->uses[united->count].certainty = CERTAINTY_MAINTAINER;
		united->count++;
	}
}

/* Of each API the most certain use, of those the first program's. */
static void settle_uses(struct united *united)
{
	size_t kept = 0;
	if (united->count > 1)
		qsort(united->uses, united->count, sizeof(*united->uses), compare_uses);
	for (size_t i = 0; i < united->count; i++)
		if (kept == 0 ||
		    api_compare(&united->uses[kept - 1].api, &united->uses[i].api) != 0)
			united->uses[kept++] = united->uses[i];
	united->count = kept;
}

static void count_files(const struct read_package *read, struct package_facts *facts,
			const struct package_file **out_broken)
{
	for (size_t i = 0; i < read->file_count; i++) {
		const struct package_file *file = &read->files[i];
		facts->program_count += file->kind == FILE_PROGRAM;
		facts->library_count += file->kind == FILE_LIBRARY;
		facts->script_count += file->kind == FILE_SCRIPT && !file->maintainer;
		if (file->kind == FILE_BROKEN && *out_broken == NULL)
			*out_broken = file;
	}
}

/* What one program gave; without a result it is as if it had failed. */
static struct program_result result_of(const struct composing *composing, struct file_at program,
				       struct arena *arena)
{
	struct program_result result;
	if (!composing->result(composing->context, program, arena, &result))
		result = (struct program_result){ .failure = "not analysed" };
	return result;
}

static void unite_programs(const struct composing *composing, struct list *programs,
			   struct united *united, struct package_facts *facts)
{
	settle(programs);
	for (size_t i = 0; i < programs->count; i++) {
		struct arena *arena = united->arena;
		const struct package_file *file = model_file(composing->model, programs->items[i]);
		struct program_result result = result_of(composing, programs->items[i], arena);
		if (result.failure != NULL)
			facts->problem = arena_printf(arena, "%s: %s", file->path, result.failure);
		else if (result.missing_count > 0)
			facts->problem = arena_printf(arena, "%s: library %s is not there",
						      file->path, result.missing[0]);
		facts->unresolved_count += result.unresolved_count;
		unite(united, &result, file->path, false);
	}
}

/* Kept apart: what they lack says nothing about the package once it is installed. */
static void add_scripts_of_maintainer(const struct composing *composing, const struct place *place,
				      uint32_t package, struct united *united)
{
	struct list programs = { .arena = united->arena };
	const char *lost;
	add_programs(&programs, place, package, true, &lost);
	settle(&programs);
	for (size_t i = 0; i < programs.count; i++) {
		struct program_result result =
		    result_of(composing, programs.items[i], united->arena);
		unite(united, &result, model_file(composing->model, programs.items[i])->path, true);
	}
}

void compose_package(const struct composing *composing, uint32_t package, struct arena *arena,
		     struct package_facts *out_facts)
{
	const struct model *model = composing->model;
	const struct read_package *read = &model->packages[package].read;
	const struct place place = place_of(model, arena, composing->root, package);
	struct package_facts facts = { .package = read->package, .problem = read->problem };
	struct list programs = { .arena = arena };
	struct united united = { .arena = arena };
	const struct package_file *broken = NULL;
	const char *lost = NULL;
	count_files(read, &facts, &broken);
	add_programs(&programs, &place, package, false, &lost);
	unite_programs(composing, &programs, &united, &facts);
	add_scripts_of_maintainer(composing, &place, package, &united);
	settle_uses(&united);
	if (facts.problem == NULL && lost != NULL)
		facts.problem = arena_printf(arena, "interpreter %s is not there", lost);
	if (facts.problem == NULL && broken != NULL)
		facts.problem = arena_printf(arena, "%s: %s", broken->path, broken->text);
	facts.state = facts.problem != NULL     ? PACKAGE_PARTLY
		      : facts.program_count > 0 ? PACKAGE_PROGRAMS
		      : facts.script_count > 0  ? PACKAGE_SCRIPTS
		      : facts.library_count > 0 ? PACKAGE_LIBRARY
						: PACKAGE_NO_CODE;
	facts.uses = united.uses;
	facts.use_count = united.count;
	*out_facts = facts;
}
