#include "cli/stored.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/explored.h"
#include "shipped/shipped.h"
#include "store/layer.h"
#include "store/workload.h"
#include "workload/text.h"

const char *stored_path(const struct arguments *arguments, struct arena *arena)
{
	const char *given = argument_value(arguments, "db");
	const char *path = given != NULL ? given : store_default_path(arena);
	if (path == NULL)
		fputs("sysgap: neither XDG_DATA_HOME nor HOME is set: name the store with --db\n",
		      stderr);
	return path;
}

static enum status open_at(const char *path, bool is_default, enum store_access access,
			   struct store **out_store, struct error *err)
{
	if (is_default && access == STORE_WRITE) {
		enum status status = file_make_folders(path, 0777, err);
		if (status != STATUS_OK)
			return status;
	}
	enum status status = store_open(path, access, out_store, err);
	if (status == STATUS_NOT_FOUND && is_default) {
		*out_store = NULL;
		return STATUS_OK;
	}
	return status;
}

int stored_open(const struct arguments *arguments, enum store_access access,
		struct store **out_store)
{
	struct arena arena = { 0 };
	struct error err;
	bool is_default = !argument_given(arguments, "db");
	int code = EXIT_DONE;
	if (is_default && access == STORE_READ && store_default_path(&arena) == NULL) {
		*out_store = NULL; /* who has no home has no facts of their own */
		return EXIT_DONE;
	}
	const char *path = stored_path(arguments, &arena);
	if (path == NULL)
		code = EXIT_PROBLEM;
	else if (open_at(path, is_default, access, out_store, &err) != STATUS_OK)
		code = report_error(path, &err);
	arena_finish(&arena);
	return code;
}

int stored_report(const struct arguments *arguments, const struct error *err)
{
	struct arena arena = { 0 };
	const char *path = stored_path(arguments, &arena);
	int code = report_error(path == NULL ? "store" : path, err);
	arena_finish(&arena);
	return code;
}

/* The title that the shipped Loupe database has, and that 'sysgap import loupe' gives. */
#define LOUPE_SOURCE "Loupe database"

/* A growing list of workloads; sets are made of it in the end. */
struct gathered {
	struct arena *arena;
	const char *only; /* title of the one source that counts; NULL: all */
	bool own;         /* also what sysgap explored before it was shipped */
	const struct workload **workloads;
	size_t count;
	size_t capacity;
};

static void gather(struct gathered *gathered, const struct workload *const *workloads, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (gathered->only != NULL &&
		    strcmp(workloads[i]->source.title, gathered->only) != 0)
			continue;
		if (gathered->count == gathered->capacity)
			gathered->workloads =
			    arena_grow(gathered->arena, gathered->workloads, gathered->count,
				       sizeof(*gathered->workloads), &gathered->capacity);
		gathered->workloads[gathered->count++] = workloads[i];
	}
}

static int gather_shipped(struct gathered *gathered, struct problem_list *problems)
{
	static const char folder[] = "workloads/";
	static const char own_file[] = "workloads/own.workloads";
	for (size_t i = 0; i < shipped_count(); i++) {
		const struct shipped_file *file = shipped_at(i);
		struct workload_set set;
		struct error err;
		if (strncmp(file->path, folder, strlen(folder)) != 0 ||
		    (!gathered->own && strcmp(file->path, own_file) == 0))
			continue;
		if (workload_text_parse(file->content, file->path, gathered->arena, problems, &set,
					&err) != STATUS_OK)
			return report_error(file->path, &err);
		gather(gathered, set.workloads, set.count);
	}
	return EXIT_DONE;
}

static int gather_stored(struct gathered *gathered, const struct arguments *arguments)
{
	struct store *store;
	struct error err;
	int code = stored_open(arguments, STORE_READ, &store);
	if (code != EXIT_DONE || store == NULL)
		return code;
	const struct workload *const *workloads;
	size_t count;
	if (store_load_workloads(store, gathered->arena, &workloads, &count, &err) == STATUS_OK)
		gather(gathered, workloads, count);
	else
		code = stored_report(arguments, &err);
	store_close(store);
	return code;
}

static int gather_all(struct gathered *gathered, const struct arguments *arguments,
		      struct problem_list *problems, struct workload_set *out_set)
{
	int code = gather_shipped(gathered, problems);
	if (code == EXIT_DONE)
		code = gather_stored(gathered, arguments);
	if (code == EXIT_DONE)
		*out_set =
		    workload_set_create(gathered->arena, gathered->workloads, gathered->count);
	return code;
}

int stored_load_workloads(const struct arguments *arguments, struct arena *arena,
			  struct problem_list *problems, struct workload_set *out_set)
{
	const char *which = argument_value(arguments, "workloads");
	struct gathered gathered = { .arena = arena, .only = argument_value(arguments, "source") };
	if (which != NULL && strcmp(which, "own") == 0)
		gathered.only = EXPLORED_SOURCE;
	else if (which != NULL && strcmp(which, "loupe") == 0)
		gathered.only = LOUPE_SOURCE;
	gathered.own = gathered.only != NULL || (which != NULL && strcmp(which, "all") == 0);
	return gather_all(&gathered, arguments, problems, out_set);
}

int stored_load_every_workload(const struct arguments *arguments, struct arena *arena,
			       struct problem_list *problems, struct workload_set *out_set)
{
	struct gathered gathered = { .arena = arena, .own = true };
	return gather_all(&gathered, arguments, problems, out_set);
}

int stored_load_layers(const struct arguments *arguments, struct arena *arena,
		       struct layer_catalog *out_layers)
{
	struct store *store;
	struct error err;
	const struct layer *const *layers = NULL;
	size_t count = 0;
	int code = stored_open(arguments, STORE_READ, &store);
	if (code != EXIT_DONE)
		return code;
	if (store != NULL && store_load_layers(store, arena, &layers, &count, &err) != STATUS_OK)
		code = stored_report(arguments, &err);
	store_close(store);
	if (code != EXIT_DONE)
		return code;
	struct layer *copies = arena_alloc(arena, count, sizeof(*copies));
	for (size_t i = 0; i < count; i++)
		copies[i] = *layers[i];
	*out_layers = (struct layer_catalog){ copies, count };
	return EXIT_DONE;
}
