#include "survey/collect.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/names.h"
#include "elf/dynamic.h"
#include "package/alternatives.h"
#include "package/deb.h"
#include "package/disk.h"
#include "package/image.h"
#include "survey/hash.h"

/* ---- one file ---- */

struct collecting {
	struct buffer *out;
	struct pool *pool;
	bool maintainer;    /* what is taken now are maintainer scripts */
	const char *prefix; /* of all paths */
	struct arena arena;
};

/* Files on a disk are not read for it; of foreign ones all that matters is what makes them so. */
static void hash_content(const struct entry *entry, bool foreign, uint8_t hash[HASH_BYTES])
{
	struct sha256_ctx sha;
	struct slice bytes = entry->content;
	if (entry->stamp[0] != 0)
		bytes = (struct slice){ (const uint8_t *)entry->stamp, sizeof(entry->stamp) };
	else if (foreign && bytes.size_bytes > sizeof(Elf64_Ehdr))
		bytes.size_bytes = sizeof(Elf64_Ehdr);
	sha256_init(&sha);
	sha256_update(&sha, bytes.size_bytes, bytes.bytes);
	sha256_digest(&sha, HASH_BYTES, hash);
}

/* Tokens of ld.so stand for where the file lies, or for the machine, which is no less. */
static bool has_token(const char *path)
{
	return path != NULL && strchr(path, '$') != NULL;
}

static void describe_elf(const struct entry *entry, struct arena *arena, struct package_file *file)
{
	struct problem_list problems = { .arena = arena };
	struct elf_file elf;
	struct elf_dynamic dynamic;
	struct error err;
	file->size_bytes = entry->content.size_bytes;
	enum status status = elf_file_open(entry->content, entry->path, &problems, &elf, &err);
	if (status == STATUS_OK)
		status = elf_dynamic_read(&elf, &dynamic, &err);
	if (status == STATUS_UNSUPPORTED) {
		file->kind = FILE_FOREIGN;
	} else if (status != STATUS_OK) {
		file->kind = FILE_BROKEN;
		file->text = arena_string(arena, err.text);
	} else {
		file->machine = (uint16_t)elf.machine;
		file->word_bytes = (uint8_t)elf.word_bytes;
		file->text = dynamic.soname;
		file->by_place = has_token(dynamic.rpath) || has_token(dynamic.runpath);
		file->kind = elf.kind == ELF_OTHER || elf.arch == ARCH_UNKNOWN ? FILE_FOREIGN
			     : elf.kind == ELF_SHARED_OBJECT                   ? FILE_LIBRARY
									       : FILE_PROGRAM;
		/* ld.so and the like have no interpreter, and can be run all the same */
		if (file->kind == FILE_PROGRAM && !entry->executable)
			file->kind = FILE_LIBRARY;
	}
}

static bool describe(struct collecting *collecting, const struct entry *entry,
		     struct package_file *file)
{
	char interpreter[ENTRY_MAX_PATH_BYTES];
	switch (entry->kind) {
	case ENTRY_ELF:
		describe_elf(entry, &collecting->arena, file);
		if (file->kind > FILE_FOREIGN)
			return true;
		hash_content(entry, file->kind == FILE_FOREIGN, file->hash);
		if (file->kind != FILE_FOREIGN)
			file->pool_off = pool_append(collecting->pool, entry->content);
		return true;
	case ENTRY_SCRIPT:
		if (!(entry->executable || collecting->maintainer) ||
		    !entry_interpreter(entry->content, interpreter))
			return false;
		file->kind = FILE_SCRIPT;
		file->text = arena_string(&collecting->arena, interpreter);
		return true;
	case ENTRY_LINK:
	case ENTRY_SAME_AS:
		file->kind = entry->kind == ENTRY_LINK ? FILE_LINK : FILE_SAME_AS;
		file->text = entry->target;
		return true;
	case ENTRY_OTHER:
	case ENTRY_FOLDER:
		break;
	}
	return false;
}

static enum status take(void *context, const struct entry *entry, struct error *err)
{
	struct collecting *collecting = context;
	struct package_file file = { .path = arena_printf(&collecting->arena, "%s%s",
							  collecting->prefix, entry->path),
				     .pool_off = POOL_NOWHERE,
				     .maintainer = collecting->maintainer };
	(void)err;
	if (describe(collecting, entry, &file))
		record_put_file(collecting->out, &file);
	arena_finish(&collecting->arena);
	collecting->arena = (struct arena){ 0 };
	return STATUS_OK;
}

/* ---- one input ---- */

struct job {
	const struct input *input;
	bool maintainer_scripts;
	struct collecting collecting;
	struct arena arena;
	struct problem_list problems;
	struct entry_sink sink;
	struct buffer *content; /* borrowed */
};

/* Links of alternatives are there once the package is, though it does not list them. */
static void take_alternatives(struct job *job, struct slice script)
{
	size_t count;
	const struct alternative *links = alternatives_parse(script, &job->arena, &count);
	for (size_t i = 0; i < count; i++)
		record_put_file(job->collecting.out, &(struct package_file){
							 .kind = FILE_LINK,
							 .path = links[i].link,
							 .text = links[i].target,
							 .pool_off = POOL_NOWHERE,
						     });
}

static enum status take_script(void *context, const struct entry *entry, struct error *err)
{
	struct job *job = context;
	enum status status = STATUS_OK;
	if (strcmp(entry->path, "/postinst") == 0)
		take_alternatives(job, entry->content);
	job->collecting.maintainer = true;
	if (job->maintainer_scripts)
		status = take(&job->collecting, entry, err);
	job->collecting.maintainer = false;
	return status;
}

/* The package comes first in a record, and its scripts beside it in the control member. */
static enum status collect_control(struct job *job, const struct deb *deb, struct package *package,
				   struct error *err)
{
	struct buffer *out = job->collecting.out;
	struct buffer files = { 0 };
	const struct entry_sink scripts = { .take = take_script, .context = job };
	job->collecting.out = &files;
	enum status status = deb_read_control(deb, &job->arena, &scripts, package, err);
	job->collecting.out = out;
	record_put_package(out, package); /* also a broken one is counted */
	buffer_append(out, files.bytes, files.size_bytes);
	buffer_finish(&files);
	return status;
}

static enum status collect_deb(struct job *job, struct error *err)
{
	struct file_map map = { 0 };
	struct deb deb = { 0 };
	struct package package = { .name = names_of_path(job->input->path), .version = "" };
	enum status status = file_map_open(job->input->path, ENTRY_MAX_TOTAL_BYTES, &map, err);
	if (status == STATUS_OK)
		status = deb_open(map.content, &deb, err);
	if (status == STATUS_OK)
		status = collect_control(job, &deb, &package, err);
	else
		record_put_package(job->collecting.out, &package);
	if (status == STATUS_OK)
		status = tar_read(deb.data, job->content, &job->sink, err);
	file_map_close(&map);
	return status;
}

/* Where dpkg keeps one of an installed package's scripts, if there is one. */
static bool find_script(const struct input *input, const char *name,
			char path[ENTRY_MAX_PATH_BYTES])
{
	const struct package *package = &input->installed->package;
	const char *const archs[] = { package->arch == NULL ? "" : package->arch, NULL };
	char full[2 * ENTRY_MAX_PATH_BYTES];
	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++) {
		snprintf(path, ENTRY_MAX_PATH_BYTES, "/var/lib/dpkg/info/%s%s%s.%s", package->name,
			 archs[i] == NULL ? "" : ":", archs[i] == NULL ? "" : archs[i], name);
		snprintf(full, sizeof(full), "%s%s", input->path, path);
		if (access(full, R_OK) == 0)
			return true;
	}
	return false;
}

static enum status collect_scripts(struct job *job, struct error *err)
{
	char path[ENTRY_MAX_PATH_BYTES];
	enum status status = STATUS_OK;
	job->collecting.maintainer = true;
	for (size_t i = 0; deb_scripts[i] != NULL && status == STATUS_OK; i++)
		if (find_script(job->input, deb_scripts[i], path))
			status = disk_read_path(job->input->path, path, &job->sink, err);
	job->collecting.maintainer = false;
	return status;
}

static enum status collect_installed(struct job *job, struct error *err)
{
	const struct dpkg_package *installed = job->input->installed;
	record_put_package(job->collecting.out, &installed->package);
	enum status status = job->maintainer_scripts ? collect_scripts(job, err) : STATUS_OK;
	for (size_t i = 0; i < installed->path_count && status == STATUS_OK; i++)
		status = disk_read_path(job->input->path, installed->paths[i], &job->sink, err);
	return status;
}

static enum status collect_tree(struct job *job, struct error *err)
{
	const struct package package = { .name = names_of_path(job->input->path), .version = "" };
	record_put_package(job->collecting.out, &package);
	job->collecting.prefix = job->input->path + strlen(job->input->root);
	return disk_read_tree(job->input->path, &job->sink, err);
}

/* ---- an image: its packages are known only when it was read ---- */

struct image_file {
	const char *path;
	struct slice record; /* as record_put_file wrote it */
	bool owned;          /* by a package */
};

struct image {
	struct job *job;
	struct buffer record;
	struct image_file *files; /* by path, once it was read */
	size_t count, capacity;
	struct image_file *database; /* of dpkg: records are contents */
	size_t database_count, database_capacity;
};

static struct image_file *add_file(struct arena *arena, struct image_file **files, size_t *count,
				   size_t *capacity)
{
	if (*count == *capacity)
		*files = arena_grow(arena, *files, *count, sizeof(**files), capacity);
	return &(*files)[(*count)++];
}

static enum status take_of_image(void *context, const struct entry *entry, struct error *err)
{
	struct image *image = context;
	struct job *job = image->job;
	struct arena *arena = &job->arena;
	if (dpkg_is_database(entry->path) && entry->content.size_bytes > 0) {
		struct image_file *file = add_file(arena, &image->database, &image->database_count,
						   &image->database_capacity);
		struct slice content = entry->content;
		*file = (struct image_file){
			.path = arena_string(arena, entry->path),
			.record = { arena_copy(arena, content.bytes, content.size_bytes, 1),
				    content.size_bytes },
		};
		return STATUS_OK;
	}
	buffer_clear(&image->record);
	job->collecting.out = &image->record;
	enum status status = take(&job->collecting, entry, err);
	if (status == STATUS_OK && image->record.size_bytes > 0) {
		struct image_file *file =
		    add_file(arena, &image->files, &image->count, &image->capacity);
		struct slice record = buffer_slice(&image->record);
		*file = (struct image_file){
			.path = arena_string(arena, entry->path),
			.record = { arena_copy(arena, record.bytes, record.size_bytes, 1),
				    record.size_bytes },
		};
	}
	return status;
}

static bool wants_database(void *context, const char *path)
{
	(void)context;
	return dpkg_is_database(path);
}

static int compare_files(const void *left, const void *right)
{
	const struct image_file *a = left;
	const struct image_file *b = right;
	return strcmp(a->path, b->path);
}

static void sort_files(struct image_file *files, size_t count)
{
	if (count > 1)
		qsort(files, count, sizeof(*files), compare_files);
}

static struct image_file *find_file(struct image_file *files, size_t count, const char *path)
{
	const struct image_file key = { .path = path };
	return count == 0 ? NULL : bsearch(&key, files, count, sizeof(key), compare_files);
}

static bool read_database(void *context, const char *path, struct slice *out_content)
{
	struct image *image = context;
	const struct image_file *found = find_file(image->database, image->database_count, path);
	if (found != NULL)
		*out_content = found->record;
	return found != NULL;
}

static size_t list_database(void *context, struct arena *arena, const char *folder,
			    const char *const **out_names)
{
	struct image *image = context;
	size_t length = strlen(folder);
	const char **names = arena_alloc(arena, image->database_count, sizeof(*names));
	size_t count = 0;
	for (size_t i = 0; i < image->database_count; i++) {
		const char *path = image->database[i].path;
		if (strncmp(path, folder, length) == 0 && path[length] == '/')
			names[count++] = path + length + 1;
	}
	*out_names = names;
	return count;
}

/* Files that a package lists; in merged systems /lib/x may be listed and /usr/lib/x be there. */
static void put_package(struct image *image, const struct dpkg_package *package, struct buffer *out)
{
	record_put_package(out, &package->package);
	for (size_t i = 0; i < package->path_count; i++) {
		struct image_file *file = find_file(image->files, image->count, package->paths[i]);
		if (file == NULL)
			file = find_file(
			    image->files, image->count,
			    arena_printf(&image->job->arena, "/usr%s", package->paths[i]));
		if (file == NULL)
			continue;
		buffer_append(out, file->record.bytes, file->record.size_bytes);
		file->owned = true;
	}
}

static void put_rest(struct image *image, struct buffer *out)
{
	const struct package package = { .name = names_of_path(image->job->input->path),
					 .version = "" };
	bool first = true;
	for (size_t i = 0; i < image->count; i++) {
		if (image->files[i].owned)
			continue;
		if (first)
			record_put_package(out, &package);
		first = false;
		buffer_append(out, image->files[i].record.bytes, image->files[i].record.size_bytes);
	}
}

static enum status collect_image(struct job *job, struct error *err)
{
	struct buffer *out = job->collecting.out;
	struct image image = { .job = job };
	struct dpkg_database database = { 0 };
	const struct dpkg_files files = { read_database, list_database, &image };
	job->sink.take = take_of_image;
	job->sink.whole = wants_database;
	job->sink.context = &image;
	enum status status = image_read(job->input->path, job->content, &job->sink, err);
	sort_files(image.files, image.count);
	sort_files(image.database, image.database_count);
	struct error none;
	if (dpkg_read(&files, &job->arena, &job->problems, &database, &none) == STATUS_OK)
		for (size_t i = 0; i < database.count; i++)
			put_package(&image, &database.packages[i], out);
	put_rest(&image, out);
	if (status != STATUS_OK && out->size_bytes == 0)
		record_put_package(out, &(struct package){ .name = names_of_path(job->input->path),
							   .version = "" });
	buffer_finish(&image.record);
	return status;
}

void collect(const struct input *input, bool maintainer_scripts, struct pool *pool,
	     struct buffer *content, struct buffer *out)
{
	static enum status (*const ways[])(struct job *, struct error *) = {
		[INPUT_DEB] = collect_deb,
		[INPUT_INSTALLED] = collect_installed,
		[INPUT_TREE] = collect_tree,
		[INPUT_IMAGE] = collect_image,
	};
	struct error err;
	struct job job = { .input = input,
			   .maintainer_scripts = maintainer_scripts,
			   .collecting = { .out = out, .pool = pool, .prefix = "" },
			   .content = content };
	job.problems.arena = &job.arena;
	job.sink = (struct entry_sink){ .take = take,
					.context = &job.collecting,
					.problems = &job.problems,
					.input = input->path };
	if (ways[input->kind](&job, &err) != STATUS_OK)
		record_put_problem(out, err.text);
	else if (job.problems.count > 0)
		record_put_problem(out,
				   arena_printf(&job.arena, "%zu files could not be read: %s: %s",
						job.problems.count, job.problems.first->input,
						job.problems.first->text));
	arena_finish(&job.arena);
}

/* ---- is it the same as before? ---- */

static void hash_stat(struct sha256_ctx *sha, const char *path)
{
	struct stat info = { 0 };
	hash_text(sha, path);
	(void)lstat(path, &info); /* zeros when it is not there */
	const uint64_t numbers[] = { (uint64_t)info.st_size, (uint64_t)info.st_mtim.tv_sec,
				     (uint64_t)info.st_mtim.tv_nsec, info.st_mode,
				     S_ISDIR(info.st_mode) ? 0 : info.st_ino };
	sha256_update(sha, S_ISDIR(info.st_mode) ? 0 : sizeof(numbers), (const uint8_t *)numbers);
}

struct tree_hash {
	struct sha256_ctx *sha;
	const char *root;
};

static enum status hash_entry(void *context, const struct entry *entry, struct error *err)
{
	const struct tree_hash *tree = context;
	char full[2 * ENTRY_MAX_PATH_BYTES];
	(void)err;
	snprintf(full, sizeof(full), "%s%s", tree->root, entry->path);
	hash_stat(tree->sha, full);
	return STATUS_OK;
}

/* A tree is read for it: it has no list of its files, and folders do not know of changes below. */
static void hash_tree(struct sha256_ctx *sha, const struct input *input)
{
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct tree_hash tree = { sha, input->path };
	struct error err;
	struct entry_sink sink = {
		.take = hash_entry, .context = &tree, .problems = &problems, .input = input->path
	};
	if (disk_read_tree(input->path, &sink, &err) != STATUS_OK)
		hash_text(sha, err.text);
	arena_finish(&arena);
}

void input_fingerprint(struct input *input, bool maintainer_scripts)
{
	struct sha256_ctx sha;
	const uint8_t head[] = { SURVEY_VERSION, (uint8_t)input->kind, maintainer_scripts };
	sha256_init(&sha);
	sha256_update(&sha, sizeof(head), head);
	hash_stat(&sha, input->path);
	if (input->kind == INPUT_TREE)
		hash_tree(&sha, input);
	if (input->kind == INPUT_INSTALLED) {
		const struct package *package = &input->installed->package;
		char full[2 * ENTRY_MAX_PATH_BYTES];
		char path[ENTRY_MAX_PATH_BYTES];
		hash_text(&sha, package->name);
		hash_text(&sha, package->version);
		hash_text(&sha, package->arch);
		hash_text(&sha, package->depends);
		hash_text(&sha, package->section);
		for (size_t i = 0; maintainer_scripts && deb_scripts[i] != NULL; i++)
			if (find_script(input, deb_scripts[i], path)) {
				snprintf(full, sizeof(full), "%s%s", input->path, path);
				hash_stat(&sha, full);
			}
		for (size_t i = 0; i < input->installed->path_count; i++) {
			snprintf(full, sizeof(full), "%s%s", input->path,
				 input->installed->paths[i]);
			hash_stat(&sha, full);
		}
	}
	sha256_digest(&sha, HASH_BYTES, input->hash);
}
