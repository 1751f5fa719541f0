#include "survey/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "package/entry.h"
#include "scan/system.h"

static uint64_t mix(uint64_t hash, uint64_t number)
{
	return (hash ^ number) * UINT64_C(0x9e3779b97f4a7c15);
}

/* ---- what answers depend on ---- */

/* By size and time, as make does it: a disk's files are not read to see whether they changed. */
static uint64_t identity_of_stat(const struct stat *info)
{
	const uint64_t numbers[] = { (uint64_t)info->st_size, (uint64_t)info->st_mtim.tv_sec,
				     (uint64_t)info->st_mtim.tv_nsec, info->st_ino };
	uint64_t identity = 0;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		identity = mix(identity, numbers[i]);
	return identity | 1;
}

static uint64_t identity_of_path(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0 ? identity_of_stat(&info) : 0;
}

static uint64_t identity_below_root(const char *root, const char *path)
{
	struct stat info;
	if (root[0] == '\0')
		return identity_of_path(path);
	int descriptor = elf_search_open_below(root, path);
	uint64_t identity =
	    descriptor >= 0 && fstat(descriptor, &info) == 0 ? identity_of_stat(&info) : 0;
	if (descriptor >= 0)
		(void)close(descriptor);
	return identity;
}

static uint64_t identity_of_file(const struct package_file *file)
{
	uint64_t identity;
	memcpy(&identity, file->hash, sizeof(identity));
	return identity | 1;
}

static uint64_t identity_of_names(const char *const *names, size_t count)
{
	uint64_t identity = mix(1, count);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k <= strlen(names[i]); k++)
			identity = mix(identity, (unsigned char)names[i][k] + 1u);
	return identity | 1;
}

static const struct package_file *find_packed(const struct lookup *lookup, const char *path)
{
	struct file_at at = model_find(lookup->model, path, lookup->closure, lookup->closure_count);
	return at.package == UINT32_MAX ? NULL : model_file(lookup->model, at);
}

static size_t list_names(const struct lookup *lookup, struct arena *arena, const char *folder,
			 const char *prefix, const char *const **out_names)
{
	if (lookup->root != NULL)
		return system_list(lookup->root, arena, folder, prefix, out_names);
	return model_list(lookup->model, arena, folder, prefix, lookup->closure,
			  lookup->closure_count, out_names);
}

static void choose_package(struct lookup *lookup, uint32_t package)
{
	if (lookup->root != NULL || lookup->package == package)
		return;
	arena_finish(&lookup->answer_arena);
	lookup->asked = NULL;
	lookup->asked_count = lookup->asked_capacity = 0;
	lookup->package = package;
	lookup->closure =
	    model_closure(lookup->model, &lookup->answer_arena, package, &lookup->closure_count);
}

/* ---- the questions of a program ---- */

/* A question and its answer: programs ask the same ones over and over. */
struct asked {
	struct question question;
	unsigned machine;
	size_t word_bytes;
	const char *found;        /* the file itself; NULL: none that can be loaded */
	const char *const *names; /* in a folder */
	size_t name_count;
	uint64_t program; /* that noted it last */
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static struct asked **find_asked(const struct lookup *lookup, const struct asked *asked)
{
	uint64_t hash = asked->machine;
	for (const char *at = asked->question.path; *at != '\0'; at++)
		hash = mix(hash, (unsigned char)*at);
	size_t i = (size_t)(hash >> 20) & (lookup->asked_capacity - 1);
	for (; lookup->asked[i] != NULL; i = (i + 1) & (lookup->asked_capacity - 1)) {
		const struct asked *other = lookup->asked[i];
		if (other->machine == asked->machine && other->word_bytes == asked->word_bytes &&
		    same_text(other->question.path, asked->question.path) &&
		    same_text(other->question.prefix, asked->question.prefix))
			break;
	}
	return &lookup->asked[i];
}

static void grow_asked(struct lookup *lookup)
{
	struct asked **old = lookup->asked;
	size_t old_capacity = lookup->asked_capacity;
	lookup->asked_capacity = old_capacity == 0 ? 256 : 4 * old_capacity;
	lookup->asked =
	    arena_alloc(&lookup->answer_arena, lookup->asked_capacity, sizeof(struct asked *));
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i] != NULL)
			*find_asked(lookup, old[i]) = old[i];
}

static void answer_file(struct lookup *lookup, struct asked *asked)
{
	struct arena *arena = &lookup->answer_arena;
	const char *path = asked->question.path;
	if (lookup->root != NULL) {
		asked->question.answer = identity_below_root(lookup->root, path);
		if (asked->question.answer != 0 && asked->word_bytes != 0)
			asked->found = lookup->disk.open(lookup->disk.context, arena, path,
							 asked->machine, asked->word_bytes);
		return;
	}
	const struct package_file *file = find_packed(lookup, path);
	if (file == NULL)
		return;
	asked->question.answer = identity_of_file(file);
	if (file->kind <= FILE_LIBRARY && file->machine == asked->machine &&
	    file->word_bytes == asked->word_bytes)
		asked->found = file->path;
}

static void answer_folder(struct lookup *lookup, struct asked *asked)
{
	asked->name_count = list_names(lookup, &lookup->answer_arena, asked->question.path,
				       asked->question.prefix, &asked->names);
	asked->question.answer = identity_of_names(asked->names, asked->name_count);
}

static void note(struct lookup *lookup, struct asked *asked)
{
	if (asked->program == lookup->program || lookup->question_count == RESULT_MAX_FILES)
		return;
	asked->program = lookup->program;
	if (lookup->question_count == lookup->question_capacity)
		lookup->questions =
		    arena_grow(lookup->arena, lookup->questions, lookup->question_count,
			       sizeof(*lookup->questions), &lookup->question_capacity);
	lookup->questions[lookup->question_count++] = asked->question;
}

static struct asked *answered(struct lookup *lookup, const struct asked *wanted)
{
	if (2 * lookup->asked_count >= lookup->asked_capacity)
		grow_asked(lookup);
	struct arena *arena = &lookup->answer_arena;
	struct asked **slot = find_asked(lookup, wanted);
	if (*slot == NULL) {
		struct asked *asked = arena_copy(arena, wanted, 1, sizeof(*wanted));
		asked->question =
		    (struct question){ .path = arena_string(arena, wanted->question.path) };
		if (wanted->question.prefix == NULL) {
			answer_file(lookup, asked);
		} else {
			asked->question.prefix = arena_string(arena, wanted->question.prefix);
			answer_folder(lookup, asked);
		}
		*slot = asked;
		lookup->asked_count++;
	}
	return *slot;
}

static const struct asked *ask(struct lookup *lookup, const struct asked *wanted)
{
	struct asked *asked = answered(lookup, wanted);
	note(lookup, asked);
	return asked;
}

uint64_t lookup_answer(struct lookup *lookup, uint32_t package, const struct question *question)
{
	const struct asked wanted = { .question = *question }; /* of no machine: by nobody */
	choose_package(lookup, package);
	return answered(lookup, &wanted)->question.answer;
}

static const char *open_file(void *context, struct arena *arena, const char *path, unsigned machine,
			     size_t word_bytes)
{
	const struct asked wanted = { .question = { .path = path },
				      .machine = machine,
				      .word_bytes = word_bytes };
	const struct asked *asked = ask(context, &wanted);
	return asked->found == NULL ? NULL : arena_string(arena, asked->found);
}

static size_t list_folder(void *context, struct arena *arena, const char *folder,
			  const char *prefix, const char *const **out_names)
{
	const struct asked wanted = { .question = { .path = folder, .prefix = prefix } };
	const struct asked *asked = ask(context, &wanted);
	(void)arena;
	*out_names = asked->names;
	return asked->name_count;
}

/* ---- modules ---- */

static bool map_from_disk(void *context, const char *path, struct slice *out_bytes)
{
	struct file_map map;
	struct error ignored;
	(void)context;
	if (file_map_open(path, SYSTEM_MAX_FILE_BYTES, &map, &ignored) != STATUS_OK)
		return false;
	*out_bytes = map.content; /* the shelf's, which unmaps it */
	return true;
}

static bool map_from_pool(void *context, const char *path, struct slice *out_bytes)
{
	const struct lookup *lookup = context;
	const struct package_file *file = find_packed(lookup, path);
	return file != NULL && pool_map(lookup->pool, file->pool_off, file->size_bytes, out_bytes);
}

static enum status find_module(void *context, const char *path, struct module **out_module,
			       struct error *err)
{
	struct lookup *lookup = context;
	struct shelf_source source = { .path = path, .context = lookup };
	if (lookup->root != NULL) {
		source.identity = identity_of_path(path);
		source.map = map_from_disk;
	} else {
		const struct package_file *file = find_packed(lookup, path);
		source.identity = file == NULL ? 0 : identity_of_file(file);
		source.map = map_from_pool;
	}
	return shelf_module(&lookup->shelf, &source, out_module, err);
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

/* Where ld.so looks is said by files, too; what else /etc/ld.so.conf includes is not asked for. */
static void note_configuration(struct lookup *lookup)
{
	static const char *const files[] = { "/etc/ld.so.conf", "/etc/ld-musl-x86_64.path",
					     "/etc/ld-musl-aarch64.path" };
	static const char folder[] = "/etc/ld.so.conf.d";
	const char *const *names;
	size_t count = list_folder(lookup, lookup->arena, folder, "", &names);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)ask(lookup, &(struct asked){ .question = { .path = files[i] } });
	for (size_t i = 0; i < count; i++)
		(void)ask(lookup, &(struct asked){
				      .question = { .path = arena_printf(lookup->arena, "%s/%s",
									 folder, names[i]) } });
}

static enum status open_from_disk(struct lookup *lookup, const char *path,
				  struct module **out_module, struct error *err)
{
	char full[2 * ENTRY_MAX_PATH_BYTES];
	snprintf(full, sizeof(full), "%s%s", lookup->root, path);
	char *real = realpath(full, NULL);
	enum status status = find_module(lookup, real == NULL ? full : real, out_module, err);
	free(real);
	if (status != STATUS_OK)
		return status;
	lookup->disk = elf_search_system(lookup->arena, lookup->root, &(*out_module)->image.file);
	lookup->files.search = lookup->disk;
	note_configuration(lookup);
	return STATUS_OK;
}

enum status lookup_program(struct lookup *lookup, struct file_at at, struct arena *arena,
			   struct module **out_module, const struct program_files **out_files,
			   struct error *err)
{
	const struct package_file *file = model_file(lookup->model, at);
	enum status status;
	choose_package(lookup, at.package);
	lookup->arena = arena;
	lookup->program++;
	shelf_begin(&lookup->shelf);
	lookup->questions = NULL;
	lookup->question_count = lookup->question_capacity = 0;
	lookup->files = (struct program_files){ .module = find_module, .list = list_folder };
	if (lookup->root != NULL) {
		status = open_from_disk(lookup, file->path, out_module, err);
	} else {
		status = find_module(lookup, file->path, out_module, err);
		choose_folders(&lookup->files.search, file);
	}
	lookup->files.search.open = open_file;
	lookup->files.context = lookup->files.search.context = lookup;
	*out_files = &lookup->files;
	return status;
}

void lookup_init(struct lookup *lookup, const char *root, const struct model *model,
		 const struct pool *pool)
{
	*lookup =
	    (struct lookup){ .root = root, .model = model, .pool = pool, .package = UINT32_MAX };
}

void lookup_finish(struct lookup *lookup)
{
	shelf_finish(&lookup->shelf);
	arena_finish(&lookup->answer_arena);
}
