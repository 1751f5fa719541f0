/*
 * A Loupe database directory -> workloads. Source: github.com/unikraft/loupedb commit a076cf9,
 * README. Every folder is read in the order of its names' bytes, so the result and the problems
 * do not depend on the file system.
 */
#include "workload/loupe.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/names.h"
#include "workload/csv.h"

struct names {
	const char **names;
	size_t count;
};

struct reader {
	struct arena *arena;
	struct problem_list *problems;
	const struct source *source;
	const struct workload **workloads;
	size_t count;
	size_t capacity;
	struct loupe_choice *choices;
	size_t choice_count;
	size_t choice_capacity;
	bool found; /* a dyn.csv, well-formed or not */
};

static enum status read_entries(DIR *folder, struct arena *arena, struct names *out_names,
				struct error *err)
{
	struct names names = { 0 };
	size_t capacity = 0;
	const struct dirent *entry;
	while (errno = 0, (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (names.count == LOUPE_MAX_ENTRIES)
			return error_set(err, STATUS_LIMIT, ERROR_NO_OFF,
					 "more than %d entries in a folder", LOUPE_MAX_ENTRIES);
		if (names.count == capacity)
			names.names = arena_grow(arena, names.names, names.count,
						 sizeof(*names.names), &capacity);
		names.names[names.count++] = arena_string(arena, entry->d_name);
	}
	if (errno != 0)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s", strerror(errno));
	names_sort(names.names, names.count);
	*out_names = names;
	return STATUS_OK;
}

static enum status list_folder(const char *path, struct arena *arena, struct names *out_names,
			       struct error *err)
{
	DIR *folder = opendir(path);
	if (folder == NULL)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s", strerror(errno));
	enum status status = read_entries(folder, arena, out_names, err);
	(void)closedir(folder);
	return status;
}

/* The sub-folders' names; one that cannot be listed is a problem and has none. */
static struct names list_below(struct reader *reader, const char *path)
{
	struct names names = { 0 };
	struct error err;
	struct stat info;
	if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
		return names;
	if (list_folder(path, reader->arena, &names, &err) != STATUS_OK)
		problem_add(reader->problems, path, 0, "%s", err.text);
	return names;
}

static uint64_t line_at(struct slice content, uint64_t off)
{
	uint64_t line = 1;
	for (size_t i = 0; i < off && i < content.size_bytes; i++)
		line += content.bytes[i] == '\n';
	return line;
}

/* False after adding a problem. */
static bool read_csv(struct reader *reader, const char *path, struct loupe_csv *out_csv)
{
	struct error err;
	struct file_map map;
	if (file_map_open(path, LOUPE_MAX_CSV_BYTES, &map, &err) != STATUS_OK) {
		problem_add(reader->problems, path, 0, "%s", err.text);
		return false;
	}
	bool done = loupe_csv_parse(map.content, path, reader->arena, reader->problems, out_csv,
				    &err) == STATUS_OK;
	if (!done)
		problem_add(reader->problems, path,
			    err.input_off == ERROR_NO_OFF ? 0 : line_at(map.content, err.input_off),
			    "%s", err.text);
	file_map_close(&map);
	return done;
}

static bool is_imported(const char *run)
{
	return strcmp(run, "imported") == 0;
}

/* The rule of the header comment; candidates come in the order of their names. */
static bool is_better(const char *run, const struct loupe_csv *csv, const char *best_run,
		      const struct loupe_csv *best)
{
	if (is_imported(run) != is_imported(best_run))
		return is_imported(best_run);
	if (csv->row_count != best->row_count)
		return csv->row_count > best->row_count;
	return csv->use_count > best->use_count;
}

static void add_choice(struct reader *reader, struct loupe_choice choice)
{
	if (reader->choice_count == reader->choice_capacity)
		reader->choices = arena_grow(reader->arena, reader->choices, reader->choice_count,
					     sizeof(*reader->choices), &reader->choice_capacity);
	reader->choices[reader->choice_count++] = choice;
}

static void add_workload(struct reader *reader, const struct workload *workload)
{
	struct workload *copy = arena_alloc(reader->arena, 1, sizeof(*copy));
	*copy = *workload;
	if (reader->count == reader->capacity)
		reader->workloads = arena_grow(reader->arena, reader->workloads, reader->count,
					       sizeof(*reader->workloads), &reader->capacity);
	reader->workloads[reader->count++] = copy;
}

static int kind_of(const char *name)
{
	for (int kind = 0; kind < WORKLOAD_KIND_COUNT; kind++) {
		const char *prefix = workload_kind_name((enum workload_kind)kind);
		if (strncmp(name, prefix, strlen(prefix)) == 0)
			return kind;
	}
	return -1;
}

static void read_workload(struct reader *reader, const char *path, const char *application,
			  const char *name)
{
	struct names runs = list_below(reader, path);
	struct loupe_csv best = { 0 };
	const char *best_run = NULL;
	size_t run_count = 0;
	for (size_t i = 0; i < runs.count; i++) {
		const char *csv_path =
		    arena_printf(reader->arena, "%s/%s/data/dyn.csv", path, runs.names[i]);
		struct stat info;
		if (stat(csv_path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR))
			continue; /* every other failure comes up again when it is opened */
		reader->found = true;
		struct loupe_csv csv;
		if (!read_csv(reader, csv_path, &csv))
			continue;
		run_count++;
		if (best_run != NULL && !is_better(runs.names[i], &csv, best_run, &best))
			continue;
		best_run = runs.names[i];
		best = csv;
	}
	if (best_run == NULL)
		return;
	int kind = kind_of(name);
	if (kind < 0) {
		problem_add(reader->problems, path, 0, "neither a benchmark nor a suite");
		return;
	}
	add_workload(reader,
		     &(struct workload){ application, name, best_run, (enum workload_kind)kind,
					 ARCH_X86_64, *reader->source, best.uses, best.use_count });
	if (run_count > 1)
		add_choice(reader, (struct loupe_choice){ application, name, best_run,
							  best.row_count, run_count });
}

enum status loupe_read(const char *directory, const struct source *source, struct arena *arena,
		       struct problem_list *problems, struct loupe_database *out_database,
		       struct error *err)
{
	struct reader reader = { .arena = arena, .problems = problems, .source = source };
	struct names applications = { 0 };
	enum status status = list_folder(directory, arena, &applications, err);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; i < applications.count; i++) {
		const char *application = applications.names[i];
		const char *folder = arena_printf(arena, "%s/%s", directory, application);
		struct names workloads = list_below(&reader, folder);
		for (size_t j = 0; j < workloads.count; j++) {
			if (reader.count == LOUPE_MAX_WORKLOADS)
				return error_set(err, STATUS_LIMIT, ERROR_NO_OFF,
						 "more than %d workloads", LOUPE_MAX_WORKLOADS);
			read_workload(&reader,
				      arena_printf(arena, "%s/%s", folder, workloads.names[j]),
				      application, workloads.names[j]);
		}
	}
	if (!reader.found)
		return error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF,
				 "not a Loupe database: no APPLICATION/WORKLOAD/RUN/data/dyn.csv");
	*out_database =
	    (struct loupe_database){ workload_set_create(arena, reader.workloads, reader.count),
				     reader.choices, reader.choice_count };
	return STATUS_OK;
}
