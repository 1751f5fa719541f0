#include "package/dpkg.h"

#include <stdlib.h>
#include <string.h>

#include "package/control.h"
#include "package/entry.h"

static const char admin[] = "/var/lib/dpkg/";

enum { MD5SUMS_PATH_OFF = 34 };

struct diversion {
	const char *from;
	const char *to;
	const char *by; /* the package whose own file stays; ":" for the administrator */
};

struct reading {
	const struct dpkg_files *files;
	struct arena *arena;
	struct problem_list *problems;
	struct dpkg_package *packages;
	size_t count, capacity;
	struct diversion *diversions; /* by from */
	size_t diversion_count, diversion_capacity;
};

static bool read_file(struct reading *reading, const char *name, struct slice *out_content)
{
	const char *path = arena_printf(reading->arena, "%s%s", admin, name);
	return reading->files->read(reading->files->context, path, out_content) &&
	       out_content->size_bytes <= CONTROL_MAX_BYTES;
}

static int compare_diversions(const void *left, const void *right)
{
	const struct diversion *a = left;
	const struct diversion *b = right;
	return strcmp(a->from, b->from);
}

/* Three lines each: from, to, package. */
static void read_diversions(struct reading *reading)
{
	struct slice rest;
	struct slice from;
	struct slice to;
	struct slice by;
	if (!read_file(reading, "diversions", &rest))
		return;
	while (slice_next_line(&rest, &from) && slice_next_line(&rest, &to) &&
	       slice_next_line(&rest, &by)) {
		if (reading->diversion_count == reading->diversion_capacity)
			reading->diversions = arena_grow(
			    reading->arena, reading->diversions, reading->diversion_count,
			    sizeof(*reading->diversions), &reading->diversion_capacity);
		reading->diversions[reading->diversion_count++] =
		    (struct diversion){ arena_slice(reading->arena, from),
					arena_slice(reading->arena, to),
					arena_slice(reading->arena, by) };
	}
	if (reading->diversion_count > 1)
		qsort(reading->diversions, reading->diversion_count, sizeof(*reading->diversions),
		      compare_diversions);
}

/* Where a package's path lies. */
static const char *divert(const struct reading *reading, const char *package, const char *path)
{
	const struct diversion key = { .from = path };
	const struct diversion *found =
	    reading->diversion_count == 0
		? NULL
		: bsearch(&key, reading->diversions, reading->diversion_count, sizeof(key),
			  compare_diversions);
	return found == NULL || strcmp(found->by, package) == 0 ? path : found->to;
}

static size_t count_lines(struct slice text)
{
	struct slice line;
	size_t count = 0;
	while (slice_next_line(&text, &line))
		count++;
	return count;
}

/* A line of NAME.list is a path; one of NAME.md5sums has 32 digits and two spaces before it. */
static enum status read_paths(struct reading *reading, struct dpkg_package *package,
			      struct slice list, size_t skipped, struct error *err)
{
	size_t count = count_lines(list);
	const char **paths;
	struct slice line;
	char path[ENTRY_MAX_PATH_BYTES];
	if (count > DPKG_MAX_PATHS)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "%s: more than %d files",
				 package->package.name, DPKG_MAX_PATHS);
	paths = arena_alloc(reading->arena, count, sizeof(*paths));
	while (slice_next_line(&list, &line)) {
		if (line.size_bytes <= skipped)
			continue;
		line = (struct slice){ line.bytes + skipped, line.size_bytes - skipped };
		if (entry_path(arena_slice(reading->arena, line), path))
			paths[package->path_count++] = divert(reading, package->package.name,
							      arena_string(reading->arena, path));
	}
	package->paths = paths;
	return STATUS_OK;
}

/* "install ok installed": what the disk holds of it is at least its files. */
static bool is_installed(struct slice stanza)
{
	struct slice status;
	struct slice word;
	if (!control_field(stanza, "Status", &status))
		return true; /* status.d has no such field */
	while (slice_next_field(&status, ' ', &word))
		;
	return !slice_equals_string(word, "not-installed") &&
	       !slice_equals_string(word, "config-files") &&
	       !slice_equals_string(word, "half-installed");
}

static enum status read_stanza(struct reading *reading, struct slice stanza, const char *list_name,
			       struct error *err)
{
	struct dpkg_package package = { 0 };
	struct slice list;
	if (!is_installed(stanza))
		return STATUS_OK;
	if (!control_package(stanza, reading->arena, &package.package)) {
		problem_add(reading->problems, "status", 0, "a package without name or version");
		return STATUS_OK;
	}
	const char *name = package.package.name;
	const char *arch = package.package.arch == NULL ? "" : package.package.arch;
	bool found =
	    list_name != NULL
		? read_file(reading, list_name, &list)
		: read_file(reading, arena_printf(reading->arena, "info/%s:%s.list", name, arch),
			    &list) ||
		      read_file(reading, arena_printf(reading->arena, "info/%s.list", name), &list);
	if (!found)
		problem_add(reading->problems, name, 0, "no list of its files");
	enum status status = found ? read_paths(reading, &package, list,
						list_name == NULL ? 0 : MD5SUMS_PATH_OFF, err)
				   : STATUS_OK;
	if (status != STATUS_OK)
		return status;
	if (reading->count == DPKG_MAX_PACKAGES)
		return error_set(err, STATUS_LIMIT, ERROR_NO_OFF, "more than %d packages",
				 DPKG_MAX_PACKAGES);
	if (reading->count == reading->capacity)
		reading->packages = arena_grow(reading->arena, reading->packages, reading->count,
					       sizeof(*reading->packages), &reading->capacity);
	reading->packages[reading->count++] = package;
	return STATUS_OK;
}

static enum status read_status(struct reading *reading, struct slice text, const char *list_name,
			       struct error *err)
{
	struct slice stanza;
	enum status status = STATUS_OK;
	while (status == STATUS_OK && control_next_stanza(&text, &stanza))
		status = read_stanza(reading, stanza, list_name, err);
	return status;
}

static int compare_packages(const void *left, const void *right)
{
	const struct dpkg_package *a = left;
	const struct dpkg_package *b = right;
	int order = strcmp(a->package.name, b->package.name);
	if (order != 0 || a->package.arch == NULL || b->package.arch == NULL)
		return order;
	return strcmp(a->package.arch, b->package.arch);
}

enum status dpkg_read(const struct dpkg_files *files, struct arena *arena,
		      struct problem_list *problems, struct dpkg_database *out_database,
		      struct error *err)
{
	struct reading reading = { .files = files, .arena = arena, .problems = problems };
	struct slice text;
	enum status status = STATUS_OK;
	read_diversions(&reading);
	bool found = read_file(&reading, "status", &text);
	if (found)
		status = read_status(&reading, text, NULL, err);
	/* one file per package, its list of md5sums beside it instead of one of names */
	const char *const *names;
	size_t count = files->list(files->context, arena, "/var/lib/dpkg/status.d", &names);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		if (strstr(names[i], ".md5sums") != NULL ||
		    !read_file(&reading, arena_printf(arena, "status.d/%s", names[i]), &text))
			continue;
		found = true;
		status = read_status(&reading, text,
				     arena_printf(arena, "status.d/%s.md5sums", names[i]), err);
	}
	if (status != STATUS_OK)
		return status;
	if (!found)
		return error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF, "no database of dpkg");
	if (reading.count > 1)
		qsort(reading.packages, reading.count, sizeof(*reading.packages), compare_packages);
	*out_database = (struct dpkg_database){ reading.packages, reading.count };
	return STATUS_OK;
}

bool dpkg_is_database(const char *path)
{
	if (strncmp(path, admin, sizeof(admin) - 1) != 0)
		return false;
	path += sizeof(admin) - 1;
	const char *ending = strrchr(path, '.');
	return strcmp(path, "status") == 0 || strcmp(path, "diversions") == 0 ||
	       strncmp(path, "status.d/", 9) == 0 ||
	       (strncmp(path, "info/", 5) == 0 && ending != NULL && strcmp(ending, ".list") == 0);
}
