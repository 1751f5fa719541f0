#include "survey/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bitset.h"
#include "base/names.h"
#include "package/entry.h"
#include "package/version.h"

struct path_entry {
	const char *path; /* as `merged` writes it; NULL: free */
	struct file_at at;
};

struct name_entry {
	const char *name;
	const char *version; /* of the package or of what it provides; NULL: none */
	uint32_t package;
};

/* ---- paths ---- */

/*
 * Debian 12 has /bin, /sbin and /lib* as links into /usr, but packages still list files in either.
 * Source: Debian policy 10.1, "UsrMerge".
 */
static void merged(const char *path, char out_path[ENTRY_MAX_PATH_BYTES])
{
	static const char *const folders[] = { "/bin/",   "/sbin/",  "/lib/",
					       "/lib64/", "/lib32/", "/libx32/" };
	const char *prefix = "";
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (strncmp(path, folders[i], strlen(folders[i])) == 0)
			prefix = "/usr";
	/* One that has no room for the prefix is longer than any that a disk has. */
	if (snprintf(out_path, ENTRY_MAX_PATH_BYTES, "%s%s", prefix, path) >= ENTRY_MAX_PATH_BYTES)
		out_path[0] = '\0';
}

static uint64_t hash_path(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
	for (; *path != '\0'; path++)
		hash = (hash ^ (unsigned char)*path) * 0x100000001b3u;
	return hash ^ hash >> 29;
}

static void add_path(struct model *model, const char *path, struct file_at at)
{
	size_t slot = hash_path(path) & (model->path_capacity - 1);
	while (model->paths[slot].path != NULL)
		slot = (slot + 1) & (model->path_capacity - 1);
	model->paths[slot] = (struct path_entry){ path, at };
}

static bool is_among(const uint32_t *among, size_t count, uint32_t package)
{
	size_t low = 0;
	while (among != NULL && count > 0) {
		size_t middle = low + count / 2;
		if (among[middle] == package)
			return true;
		if (among[middle] < package) {
			count = low + count - middle - 1;
			low = middle + 1;
		} else {
			count = middle - low;
		}
	}
	return among == NULL;
}

/* Exactly this path; of several packages the first. */
static struct file_at find_exact(const struct model *model, const char *path, const uint32_t *among,
				 size_t among_count)
{
	struct file_at found = FILE_NOWHERE;
	size_t slot = hash_path(path) & (model->path_capacity - 1);
	for (; model->paths[slot].path != NULL; slot = (slot + 1) & (model->path_capacity - 1))
		if (strcmp(model->paths[slot].path, path) == 0 &&
		    model->paths[slot].at.package < found.package &&
		    is_among(among, among_count, model->paths[slot].at.package))
			found = model->paths[slot].at;
	return found;
}

const struct package_file *model_file(const struct model *model, struct file_at at)
{
	return &model->packages[at.package].read.files[at.file];
}

/* folder/target/rest without "."; false: too long. */
static bool join(const char *path, size_t folder_bytes, const char *target, const char *rest,
		 char out_path[ENTRY_MAX_PATH_BYTES])
{
	char raw[3 * ENTRY_MAX_PATH_BYTES];
	int size = snprintf(raw, sizeof(raw), "%.*s/%s/%s",
			    target[0] == '/' ? 0 : (int)folder_bytes, path, target, rest);
	return (size_t)size < sizeof(raw) && entry_plain_path(raw, out_path);
}

enum { MAX_LINKS = 40 }; /* as the kernel's MAXSYMLINKS */

/* A path on its way to a file: what was looked at of it holds neither links nor "..". */
struct walk {
	const struct model *model;
	const uint32_t *among;
	size_t among_count;
	char path[ENTRY_MAX_PATH_BYTES];
};

/*
 * Looks at the path part by part.
 *
 * out_next  where the first link or ".." leads instead
 * returns   true: go on with out_next; false: *out_at is the file, or none
 */
static bool walk_once(const struct walk *walk, char out_next[ENTRY_MAX_PATH_BYTES],
		      struct file_at *out_at)
{
	char part[ENTRY_MAX_PATH_BYTES];
	size_t before = 0; /* the length of the path before this part */
	*out_at = FILE_NOWHERE;
	for (size_t length = 0; walk->path[length] == '/'; before = length) {
		length = before + 1 + strcspn(walk->path + before + 1, "/");
		memcpy(part, walk->path, length);
		part[length] = '\0';
		const char *rest = walk->path + length;
		if (strcmp(part + before, "/..") == 0) {
			while (before > 0 && walk->path[--before] != '/')
				;
			return join(walk->path, before, ".", rest, out_next);
		}
		*out_at = find_exact(walk->model, part, walk->among, walk->among_count);
		if (out_at->package == UINT32_MAX)
			continue;
		const struct package_file *file = model_file(walk->model, *out_at);
		if (file->kind != FILE_LINK && file->kind != FILE_SAME_AS)
			continue;
		*out_at = FILE_NOWHERE; /* unless it is not too long */
		return join(part, before, file->text, rest, out_next);
	}
	return false;
}

struct file_at model_find(const struct model *model, const char *path, const uint32_t *among,
			  size_t among_count)
{
	struct walk walk = { .model = model, .among = among, .among_count = among_count };
	char next[ENTRY_MAX_PATH_BYTES];
	struct file_at at;
	if (!join("", 0, path, "", next))
		return FILE_NOWHERE;
	for (int links = 0; links < MAX_LINKS; links++) {
		merged(next, walk.path);
		if (!walk_once(&walk, next, &at))
			return at;
	}
	return FILE_NOWHERE;
}

size_t model_list(const struct model *model, struct arena *arena, const char *folder,
		  const char *prefix, const uint32_t *among, size_t among_count,
		  const char *const **out_names)
{
	char plain[ENTRY_MAX_PATH_BYTES];
	char wanted[ENTRY_MAX_PATH_BYTES];
	char path[ENTRY_MAX_PATH_BYTES];
	const char **names = NULL;
	size_t count = 0;
	size_t capacity = 0;
	if (!join("", 0, folder, "", plain) || strstr(plain, "/..") != NULL)
		return 0;
	merged(plain, wanted);
	size_t length = strlen(wanted);
	for (size_t i = 0; i < (among == NULL ? model->count : among_count); i++) {
		const struct read_package *read =
		    &model->packages[among == NULL ? i : among[i]].read;
		for (size_t k = 0; k < read->file_count; k++) {
			merged(read->files[k].path, path);
			if (strncmp(path, wanted, length) != 0 || path[length] != '/' ||
			    strncmp(path + length + 1, prefix, strlen(prefix)) != 0 ||
			    strchr(path + length + 1, '/') != NULL)
				continue;
			if (count == capacity)
				names = arena_grow(arena, names, count, sizeof(*names), &capacity);
			names[count++] = arena_string(arena, path + length + 1);
		}
	}
	names_sort(names, count);
	*out_names = names;
	return count;
}

/* ---- dependencies ---- */

static int compare_name_entries(const void *left, const void *right)
{
	const struct name_entry *a = left;
	const struct name_entry *b = right;
	int order = strcmp(a->name, b->name);
	if (order != 0)
		return order;
	return (a->package > b->package) - (a->package < b->package);
}

static size_t first_named(const struct model *model, const char *name)
{
	size_t low = 0;
	for (size_t count = model->name_count; count > 0;) {
		size_t half = count / 2;
		if (strcmp(model->names[low + half].name, name) < 0) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return low;
}

/* Packages of its own architecture, real ones before those that provide, later versions first. */
static uint32_t choose(const struct model *model, const struct relation *relation, const char *arch)
{
	uint32_t chosen = UINT32_MAX;
	int chosen_rank = 4;
	for (size_t i = first_named(model, relation->name);
	     i < model->name_count && strcmp(model->names[i].name, relation->name) == 0; i++) {
		const struct name_entry *entry = &model->names[i];
		const struct package *package = &model->packages[entry->package].read.package;
		if (!relation_allows(relation, entry->version))
			continue;
		bool same = arch == NULL || package->arch == NULL ||
			    strcmp(package->arch, arch) == 0 || strcmp(package->arch, "all") == 0 ||
			    strcmp(arch, "all") == 0;
		int rank = (same ? 0 : 2) + (strcmp(package->name, relation->name) == 0 ? 0 : 1);
		if (rank < chosen_rank) {
			chosen = entry->package;
			chosen_rank = rank;
		}
	}
	return chosen;
}

static int compare_numbers(const void *left, const void *right)
{
	const uint32_t *a = left;
	const uint32_t *b = right;
	return (*a > *b) - (*a < *b);
}

static void resolve(struct model *model, struct model_package *package)
{
	size_t count;
	struct arena scratch = { 0 };
	const struct relation *relations =
	    relations_parse(package->read.package.depends, &scratch, &count);
	uint32_t *depends = arena_alloc(model->arena, count, sizeof(*depends));
	const char **unmet = arena_alloc(model->arena, count, sizeof(*unmet));
	for (size_t i = 0; i < count;) {
		uint32_t chosen = UINT32_MAX;
		const struct relation *first = &relations[i];
		bool last = false;
		for (; !last; i++) {
			last = relations[i].last;
			if (chosen == UINT32_MAX)
				chosen = choose(model, &relations[i], package->read.package.arch);
		}
		if (chosen != UINT32_MAX)
			depends[package->depend_count++] = chosen;
		else
			unmet[package->unmet_count++] = arena_string(model->arena, first->name);
	}
	if (package->depend_count > 1)
		qsort(depends, package->depend_count, sizeof(*depends), compare_numbers);
	package->depends = depends;
	package->unmet = unmet;
	arena_finish(&scratch);
}

const uint32_t *model_closure(const struct model *model, struct arena *arena, uint32_t package,
			      size_t *out_count)
{
	struct arena scratch = { 0 };
	struct bitset seen = bitset_create(&scratch, model->count);
	uint32_t *queue = arena_alloc(&scratch, model->count, sizeof(*queue));
	size_t queued = 0;
	queue[queued++] = package;
	bitset_add(seen, package);
	for (uint32_t i = 0; i < model->count; i++)
		if (model->packages[i].read.package.essential && !bitset_has(seen, i)) {
			bitset_add(seen, i);
			queue[queued++] = i;
		}
	for (size_t i = 0; i < queued; i++) {
		const struct model_package *at = &model->packages[queue[i]];
		for (size_t k = 0; k < at->depend_count; k++)
			if (!bitset_has(seen, at->depends[k])) {
				bitset_add(seen, at->depends[k]);
				queue[queued++] = at->depends[k];
			}
	}
	uint32_t *closure = arena_copy(arena, queue, queued, sizeof(*queue));
	qsort(closure, queued, sizeof(*closure), compare_numbers);
	arena_finish(&scratch);
	*out_count = queued;
	return closure;
}

/* ---- making it ---- */

static int compare_packages(const void *left, const void *right)
{
	const struct package *a = &((const struct model_package *)left)->read.package;
	const struct package *b = &((const struct model_package *)right)->read.package;
	int order = strcmp(a->name, b->name);
	if (order == 0)
		order = strcmp(a->arch == NULL ? "" : a->arch, b->arch == NULL ? "" : b->arch);
	if (order == 0)
		order = version_compare(b->version, a->version);
	return order != 0 ? order : strcmp(a->version, b->version);
}

static void index_paths(struct model *model)
{
	char path[ENTRY_MAX_PATH_BYTES];
	size_t total = 0;
	for (size_t i = 0; i < model->count; i++)
		total += model->packages[i].read.file_count;
	for (model->path_capacity = 1024; model->path_capacity < 2 * total;)
		model->path_capacity *= 2;
	model->paths = arena_alloc(model->arena, model->path_capacity, sizeof(*model->paths));
	for (uint32_t i = 0; i < model->count; i++)
		for (uint32_t k = 0; k < model->packages[i].read.file_count; k++) {
			const struct package_file *file = &model->packages[i].read.files[k];
			if (file->maintainer)
				continue;
			merged(file->path, path);
			add_path(model,
				 strcmp(path, file->path) == 0 ? file->path
							       : arena_string(model->arena, path),
				 (struct file_at){ i, k });
		}
}

static void index_names(struct model *model)
{
	size_t capacity = 0;
	for (uint32_t i = 0; i < model->count; i++) {
		const struct package *package = &model->packages[i].read.package;
		size_t count;
		const struct relation *provided =
		    relations_parse(package->provides, model->arena, &count);
		for (size_t k = 0; k < count + 1; k++) {
			if (model->name_count == capacity)
				model->names =
				    arena_grow(model->arena, model->names, model->name_count,
					       sizeof(*model->names), &capacity);
			model->names[model->name_count++] =
			    k == count
				? (struct name_entry){ package->name, package->version, i }
				: (struct name_entry){ provided[k].name, provided[k].version, i };
		}
	}
	if (model->name_count > 1)
		qsort(model->names, model->name_count, sizeof(*model->names), compare_name_entries);
}

void model_make(struct arena *arena, struct model_package *packages, size_t count,
		struct model *out_model)
{
	struct model *model = out_model;
	*model = (struct model){ .arena = arena, .packages = packages, .count = count };
	if (count > 1)
		qsort(packages, count, sizeof(*packages), compare_packages);
	index_paths(model);
	index_names(model);
	for (size_t i = 0; i < count; i++)
		resolve(model, &packages[i]);
}
