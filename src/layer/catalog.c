/* Names of layers -> layers: shipped ones, the caller's extra ones, files. */
#include "layer/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/nearest.h"
#include "shipped/shipped.h"

static const char folder[] = "layers/";

static const char *version_of(const struct layer *layer)
{
	return layer->version == NULL ? "" : layer->version;
}

/* "2023", "2026-08": when a list was made, not what was released. */
static bool is_date(const char *version)
{
	size_t digits = strspn(version, "0123456789");
	return digits == 4 && version[0] == '2' && version[1] == '0' &&
	       (version[4] == '\0' || version[4] == '-');
}

/* Dated lists come before releases, which are what a name without a version should find. */
static int compare_versions(const struct layer *a, const struct layer *b)
{
	bool a_dated = is_date(version_of(a));
	bool b_dated = is_date(version_of(b));
	return a_dated != b_dated ? b_dated - a_dated : strverscmp(version_of(a), version_of(b));
}

static int compare_layers(const void *left, const void *right)
{
	const struct layer *a = left;
	const struct layer *b = right;
	int order = strcmp(a->name, b->name);
	return order != 0 ? order : compare_versions(a, b);
}

struct layer_catalog layer_catalog_load(struct arena *arena)
{
	struct layer *layers = arena_alloc(arena, shipped_count(), sizeof(*layers));
	size_t count = 0;
	for (size_t i = 0; i < shipped_count(); i++) {
		const struct shipped_file *file = shipped_at(i);
		if (strncmp(file->path, folder, sizeof(folder) - 1) != 0)
			continue;
		/* A test reads every shipped file and finds no problem in any. */
		struct problem_list problems = { .arena = arena };
		struct error err;
		if (layer_read(file->content, file->path, ARCH_X86_64, &problems, &layers[count],
			       &err) == STATUS_OK)
			count++;
	}
	qsort(layers, count, sizeof(*layers), compare_layers);
	return (struct layer_catalog){ layers, count };
}

const char *layer_key(struct arena *arena, const struct layer *layer)
{
	if (layer->version == NULL || layer->version[0] == '\0')
		return layer->name;
	return arena_printf(arena, "%s-%s", layer->name, layer->version);
}

/*
 * The best of some layers for a name: the one of that key, else the last of that name. Of another
 * architecture, which the caller then refuses, when the name has none of this.
 */
static const struct layer *find(const struct layer_catalog *catalog, const char *name, int arch)
{
	const struct layer *newest = NULL;
	struct arena scratch = { 0 };
	for (size_t i = 0; i < catalog->layer_count; i++) {
		const struct layer *layer = &catalog->layers[i];
		if (arch != ARCH_UNKNOWN && layer->arch != (enum arch)arch)
			continue;
		if (strcasecmp(layer_key(&scratch, layer), name) == 0) {
			newest = layer;
			break;
		}
		if (strcasecmp(layer->name, name) == 0 &&
		    (newest == NULL || compare_versions(newest, layer) < 0))
			newest = layer;
	}
	arena_finish(&scratch);
	return newest == NULL && arch != ARCH_UNKNOWN ? find(catalog, name, ARCH_UNKNOWN) : newest;
}

static enum status not_found(const char *name, const struct layer_catalog *catalog,
			     struct error *err)
{
	struct arena scratch = { 0 };
	struct nearest nearest = nearest_start(name);
	for (size_t i = 0; i < catalog->layer_count; i++) { /* of equals the newest */
		nearest_try(&nearest, layer_key(&scratch, &catalog->layers[i]));
		nearest_try(&nearest, catalog->layers[i].name);
	}
	char question[NEAREST_QUESTION_BYTES];
	(void)error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF, "no layer and no file of that name%s",
			nearest.name == NULL ? "; 'sysgap layer list' names all"
					     : nearest_question(&nearest, question));
	arena_finish(&scratch);
	return err->status;
}

enum status layer_load(const char *name_or_path, enum arch arch, const struct layer_catalog *extra,
		       struct problem_list *problems, struct layer *out_layer, struct error *err)
{
	struct layer_catalog shipped = layer_catalog_load(problems->arena);
	const struct layer *found = extra == NULL ? NULL : find(extra, name_or_path, (int)arch);
	if (found == NULL)
		found = find(&shipped, name_or_path, (int)arch);
	if (found != NULL) {
		*out_layer = *found;
		return STATUS_OK;
	}
	struct stat info;
	if (stat(name_or_path, &info) != 0 && strchr(name_or_path, '/') == NULL)
		return not_found(name_or_path, &shipped, err);
	return layer_read_file(name_or_path, arch, problems, out_layer, err);
}
