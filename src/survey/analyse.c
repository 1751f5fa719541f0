#include "survey/analyse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/names.h"
#include "package/entry.h"
#include "scan/module.h"
#include "scan/program.h"
#include "scan/system.h"

enum { CHAIN_SHOWN_STEPS = 8, CHAIN_MAX_BYTES = 1000 };

/* A module of the pool, by content: packages may share it. */
struct pooled {
	const struct package_file *file;
	struct module *module; /* NULL: it could not be opened */
	char failure[128];
};

struct analyser {
	const struct analyse_setup *setup;
	struct arena arena; /* of modules; given up when it becomes too large */
	struct problem_list problems;
	struct system_files *system; /* NULL: the pool */
	struct pooled *pooled;
	size_t pooled_count, pooled_capacity;
	/* of the program at hand */
	uint32_t package;
	const uint32_t *closure;
	size_t closure_count;
	struct program_files files;
};

struct analyser *analyser_create(const struct analyse_setup *setup)
{
	struct analyser *analyser = calloc(1, sizeof(*analyser));
	if (analyser == NULL)
		exit(EXIT_FAILURE);
	analyser->setup = setup;
	analyser->problems.arena = &analyser->arena;
	analyser->package = UINT32_MAX;
	if (setup->root != NULL)
		analyser->system = system_files_open(setup->root, NULL, &analyser->problems);
	return analyser;
}

/*
 * Modules are kept between programs, since most share their libraries, but not without bound. What
 * a worker holds at most is this and the largest program with its libraries.
 */
enum { KEPT_MAX_BYTES = 192 << 20 };

static void forget_modules(struct analyser *analyser)
{
	for (size_t i = 0; i < analyser->pooled_count; i++)
		if (analyser->pooled[i].module != NULL)
			module_finish(analyser->pooled[i].module);
	analyser->pooled = NULL;
	analyser->pooled_count = analyser->pooled_capacity = 0;
	if (analyser->system != NULL)
		system_files_close(analyser->system);
	arena_finish(&analyser->arena);
	analyser->problems = (struct problem_list){ .arena = &analyser->arena };
	analyser->package = UINT32_MAX;
	if (analyser->system != NULL)
		analyser->system =
		    system_files_open(analyser->setup->root, NULL, &analyser->problems);
}

/* ---- files of packages ---- */

static const char *open_path(void *context, struct arena *arena, const char *path, unsigned machine,
			     size_t word_bytes)
{
	struct analyser *analyser = context;
	const struct model *model = analyser->setup->model;
	struct file_at at = model_find(model, path, analyser->closure, analyser->closure_count);
	if (at.package == UINT32_MAX)
		return NULL;
	const struct package_file *file = model_file(model, at);
	if (file->kind > FILE_LIBRARY || file->machine != machine || file->word_bytes != word_bytes)
		return NULL;
	return arena_string(arena, file->path);
}

static struct pooled *find_pooled(struct analyser *analyser, const struct package_file *file)
{
	for (size_t i = 0; i < analyser->pooled_count; i++) {
		struct pooled *pooled = &analyser->pooled[i];
		if (memcmp(pooled->file->hash, file->hash, HASH_BYTES) == 0 &&
		    strcmp(pooled->file->path, file->path) == 0)
			return pooled;
	}
	return NULL;
}

static struct pooled *open_pooled(struct analyser *analyser, const struct package_file *file)
{
	struct slice bytes;
	struct error err;
	if (analyser->pooled_count == analyser->pooled_capacity)
		analyser->pooled =
		    arena_grow(&analyser->arena, analyser->pooled, analyser->pooled_count,
			       sizeof(*analyser->pooled), &analyser->pooled_capacity);
	struct pooled *pooled = &analyser->pooled[analyser->pooled_count++];
	*pooled = (struct pooled){ .file = file };
	if (!pool_map(analyser->setup->pool, file->pool_off, file->size_bytes, &bytes))
		snprintf(pooled->failure, sizeof(pooled->failure), "its content was not kept");
	else if (module_open(bytes, file->path, NULL, &analyser->problems, &pooled->module, &err) !=
		 STATUS_OK)
		snprintf(pooled->failure, sizeof(pooled->failure), "%.120s", err.text);
	return pooled;
}

static enum status find_module(void *context, const char *path, struct module **out_module,
			       struct error *err)
{
	struct analyser *analyser = context;
	const struct model *model = analyser->setup->model;
	struct file_at at = model_find(model, path, analyser->closure, analyser->closure_count);
	if (at.package == UINT32_MAX)
		return error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF, "no such file");
	const struct package_file *file = model_file(model, at);
	struct pooled *pooled = find_pooled(analyser, file);
	if (pooled == NULL)
		pooled = open_pooled(analyser, file);
	if (pooled->module == NULL)
		return error_set(err, STATUS_UNSUPPORTED, ERROR_NO_OFF, "%s", pooled->failure);
	*out_module = pooled->module;
	return STATUS_OK;
}

static size_t list_folder(void *context, struct arena *arena, const char *folder,
			  const char *const **out_names)
{
	const struct analyser *analyser = context;
	return model_list(analyser->setup->model, arena, folder, analyser->closure,
			  analyser->closure_count, out_names);
}

/* ld.so's own folders: what else /etc/ld.so.conf.d of a package may name is not asked for. */
static void choose_folders(struct elf_search *search, const struct package_file *program)
{
	static const char *const x86_64[] = { "/usr/lib/x86_64-linux-gnu", "/usr/lib64",
					      "/usr/lib" };
	static const char *const aarch64[] = { "/usr/lib/aarch64-linux-gnu", "/usr/lib" };
	static const char *const i386[] = { "/usr/lib/i386-linux-gnu", "/usr/lib32", "/usr/lib" };
	enum { EM_386 = 3, EM_AARCH64 = 183 };
	search->directories = program->machine == EM_AARCH64 ? aarch64
			      : program->machine == EM_386   ? i386
							     : x86_64;
	search->directory_count = program->machine == EM_AARCH64 ? 2 : 3;
}

static enum status open_program(struct analyser *analyser, struct file_at at,
				struct module **out_module, const struct program_files **out_files,
				struct error *err)
{
	const struct analyse_setup *setup = analyser->setup;
	const struct package_file *file = model_file(setup->model, at);
	if (analyser->system != NULL) {
		char path[2 * ENTRY_MAX_PATH_BYTES];
		snprintf(path, sizeof(path), "%s%s", setup->root, file->path);
		return system_files_program(analyser->system, path, out_module, out_files, err);
	}
	if (analyser->package != at.package) {
		analyser->package = at.package;
		analyser->closure = model_closure(setup->model, &analyser->arena, at.package,
						  &analyser->closure_count);
	}
	analyser->files = (struct program_files){
		.search = { .open = open_path, .context = analyser },
		.module = find_module,
		.list = list_folder,
		.context = analyser,
	};
	choose_folders(&analyser->files.search, file);
	*out_files = &analyser->files;
	return find_module(analyser, file->path, out_module, err);
}

/* ---- identities ---- */

uint64_t analyse_identity(const struct analyse_setup *setup, const char *path,
			  const uint32_t *among, size_t among_count)
{
	uint64_t identity = 0;
	if (setup->root != NULL) {
		struct stat info;
		if (stat(path, &info) != 0)
			return 0;
		const uint64_t numbers[] = { (uint64_t)info.st_size, (uint64_t)info.st_mtim.tv_sec,
					     (uint64_t)info.st_mtim.tv_nsec, info.st_ino };
		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
			identity = (identity ^ numbers[i]) * 0x9e3779b97f4a7c15u;
		return identity | 1;
	}
	struct file_at at = model_find(setup->model, path, among, among_count);
	if (at.package != UINT32_MAX)
		memcpy(&identity, model_file(setup->model, at)->hash, sizeof(identity));
	return identity;
}

/* ---- results ---- */

static void put_step(struct buffer *chain, const struct step *step)
{
	if (step->function != NULL)
		buffer_printf(chain, "%s:%.100s", names_of_path(step->path), step->function);
	else
		buffer_printf(chain, "%s:0x%jx", names_of_path(step->path),
			      (uintmax_t)step->function_va);
}

/* "ls:main > libc.so.6:opendir > …": of a long chain its beginning and its end. */
static const char *describe_chain(const struct program *program, struct arena *arena,
				  const struct use *use)
{
	const struct step *steps;
	struct buffer chain = { 0 };
	size_t count = program_chain(program, arena, use, &steps);
	for (size_t i = 0; i < count && chain.size_bytes < CHAIN_MAX_BYTES; i++) {
		if (count > CHAIN_SHOWN_STEPS && i == CHAIN_SHOWN_STEPS / 2) {
			i = count - CHAIN_SHOWN_STEPS / 2;
			buffer_append_string(&chain, " > ...");
		}
		if (i > 0)
			buffer_append_string(&chain, " > ");
		put_step(&chain, &steps[i]);
	}
	const char *text = arena_string(arena, buffer_string(&chain));
	buffer_finish(&chain);
	return text;
}

struct uses {
	struct arena *arena;
	struct package_use *uses;
	size_t count, capacity;
};

static void add_use(struct uses *uses, struct api api, enum certainty certainty, const char *chain)
{
	if (uses->count == RESULT_MAX_USES)
		return;
	if (uses->count == uses->capacity)
		uses->uses = arena_grow(uses->arena, uses->uses, uses->count, sizeof(*uses->uses),
					&uses->capacity);
	uses->uses[uses->count++] =
	    (struct package_use){ .api = api, .certainty = certainty, .chain = chain };
}

static int compare_uses(const void *left, const void *right)
{
	const struct package_use *a = left;
	const struct package_use *b = right;
	int order = api_compare(&a->api, &b->api);
	return order != 0 ? order : (int)a->certainty - (int)b->certainty;
}

static void settle(struct uses *uses)
{
	size_t kept = 0;
	if (uses->count > 1)
		qsort(uses->uses, uses->count, sizeof(*uses->uses), compare_uses);
	for (size_t i = 0; i < uses->count; i++)
		if (kept == 0 || api_compare(&uses->uses[kept - 1].api, &uses->uses[i].api) != 0)
			uses->uses[kept++] = uses->uses[i];
	uses->count = kept;
}

static enum certainty certainty_of(enum tier tier)
{
	return tier == TIER_EXACT ? CERTAINTY_EXACT : CERTAINTY_PLUGIN;
}

/* The nearest site of each number and certainty: its chain is the evidence. */
static void add_syscalls(struct uses *uses, const struct program *program)
{
	for (size_t i = 0; i < program->use_count; i++) {
		const struct use *use = &program->uses[i];
		bool again = i > 0 && use[-1].number == use->number && use[-1].arch == use->arch &&
			     use[-1].tier <= use->tier;
		if (!again)
			add_use(uses, (struct api){ API_SYSCALL, use->arch, use->number, 0, "" },
				certainty_of(use->tier), describe_chain(program, uses->arena, use));
	}
}

static void add_others(struct uses *uses, const struct program *program, enum arch arch)
{
	for (size_t i = 0; i < program->operation_count; i++) {
		const struct operation_use *operation = &program->operations[i];
		if (operation->known)
			add_use(uses,
				(struct api){ API_OPERATION, arch, operation->number,
					      operation->value, "" },
				certainty_of(operation->tier), NULL);
	}
	for (size_t i = 0; i < program->path_count; i++)
		add_use(uses, (struct api){ API_FILE, arch, 0, 0, program->paths[i] },
			CERTAINTY_EXACT, NULL);
	for (size_t i = 0; i < program->import_count; i++)
		add_use(uses, (struct api){ API_FUNCTION, arch, 0, 0, program->imports[i] },
			CERTAINTY_EXACT, NULL);
}

static void describe_program(const struct analyser *analyser, const struct program *program,
			     enum arch arch, struct arena *arena, struct program_result *result)
{
	struct uses uses = { .arena = arena };
	add_syscalls(&uses, program);
	add_others(&uses, program, arch);
	settle(&uses);
	struct loaded_file *loaded = arena_alloc(arena, program->file_count, sizeof(*loaded));
	for (size_t i = 0; i < program->file_count; i++)
		loaded[i] = (struct loaded_file){ program->files[i],
						  analyse_identity(
						      analyser->setup, program->files[i],
						      analyser->closure, analyser->closure_count) };
	result->uses = uses.uses;
	result->use_count = uses.count;
	result->unresolved_count = (uint32_t)program->unresolved_count;
	result->loaded = loaded;
	result->loaded_count = program->file_count;
	result->missing = program->missing;
	result->missing_count = program->missing_count;
}

void analyser_program(struct analyser *analyser, struct file_at at, struct buffer *out)
{
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct program_result result = { 0 };
	const struct program_files *files;
	struct module *module;
	struct program program;
	struct error err;
	if (arena_bytes(&analyser->arena) > KEPT_MAX_BYTES)
		forget_modules(analyser);
	if (open_program(analyser, at, &module, &files, &err) == STATUS_OK) {
		program_scan(module, files,
			     analyser->setup->plugins ? TIER_ENVIRONMENT : TIER_EXACT, &problems,
			     &program);
		describe_program(analyser, &program, module->image.arch, &arena, &result);
	} else {
		result.failure = err.text;
	}
	result_encode(&result, out);
	arena_finish(&arena);
}
