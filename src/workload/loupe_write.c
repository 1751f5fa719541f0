/* Workloads -> a Loupe database directory, as loupe.h describes. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "workload/csv.h"
#include "workload/loupe.h"

enum { LAST_PLAIN_NUMBER = 334 }; /* Loupe's tables end there, so its files do */

static bool can_name_folder(const char *name)
{
	return name != NULL && name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL &&
	       strlen(name) < 256;
}

/* Loupe tells the kind from the folder's name alone. */
static bool name_tells_kind(const struct workload *workload)
{
	const char *prefix = workload_kind_name(workload->kind);
	return strncmp(workload->name, prefix, strlen(prefix)) == 0;
}

static size_t untested_count(const struct workload *workload)
{
	size_t count = 0;
	for (size_t i = 0; i < workload->use_count; i++)
		count += workload->uses[i].verdict == VERDICT_UNTESTED;
	return count;
}

static const char *run_name(const struct workload *workload)
{
	return workload->run == NULL ? "imported" : workload->run;
}

/* What keeps the workload from being written, or NULL. */
static const char *obstacle(const struct workload *workload)
{
	if (workload->arch != ARCH_X86_64)
		return "Loupe's format is for x86_64 only";
	if (!can_name_folder(workload->application) || !can_name_folder(workload->name) ||
	    !can_name_folder(run_name(workload)))
		return "its name cannot be a folder's";
	if (!name_tells_kind(workload))
		return "Loupe needs a name that starts with its kind";
	size_t untested = untested_count(workload);
	if (untested != 0 && untested != workload->use_count)
		return "Loupe's format cannot say that only some calls were tested";
	if (workload->use_count > 0 &&
	    workload->uses[workload->use_count - 1].number > LOUPE_MAX_WRITTEN_NUMBER)
		return "a number too large for a row for each smaller one";
	return NULL;
}

static void format_row(struct buffer *out, uint32_t number, const struct workload_use *use,
		       bool tested)
{
	static const char *const answers[VERDICT_COUNT] = {
		[VERDICT_REQUIRED] = "N,N,N", [VERDICT_STUBBABLE] = "N,Y,N",
		[VERDICT_FAKEABLE] = "Y,N,N", [VERDICT_EITHER] = "N,N,Y",
		[VERDICT_FLAKY] = "N,N,N",    [VERDICT_UNTESTED] = "N,N,N",
	};
	buffer_printf(out, "%" PRIu32 ",%c", number, use == NULL ? 'N' : 'Y');
	if (tested)
		buffer_printf(out, ",%s", use == NULL ? "N,N,N" : answers[use->verdict]);
	buffer_append_string(out, "\n");
}

static void format_csv(struct buffer *out, const struct workload *workload)
{
	bool tested = untested_count(workload) == 0;
	uint32_t last = LAST_PLAIN_NUMBER;
	if (workload->use_count > 0 && workload->uses[workload->use_count - 1].number > last)
		last = workload->uses[workload->use_count - 1].number;
	buffer_append_string(out, tested
				      ? "# syscall, used, works faked, works stubbed, works both\n"
				      : "# syscall, used\n");
	for (uint32_t number = 0; number <= last; number++)
		format_row(out, number, workload_find_use(workload, number), tested);
}

static enum status fail_at(const char *path, struct error *err)
{
	return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s: %s", path, strerror(errno));
}

static enum status write_file(const char *path, const struct buffer *content, struct error *err)
{
	FILE *file = fopen(path, "wxe");
	if (file == NULL)
		return fail_at(path, err);
	bool written = fwrite(content->bytes, 1, content->size_bytes, file) == content->size_bytes;
	if (fclose(file) != 0 || !written)
		return fail_at(path, err);
	return STATUS_OK;
}

static enum status make_folder(const char *path, struct error *err)
{
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		return fail_at(path, err);
	return STATUS_OK;
}

static enum status write_workload(const char *directory, const struct workload *workload,
				  struct arena *arena, struct error *err)
{
	const char *const parts[] = { workload->application, workload->name, run_name(workload),
				      "data" };
	const char *path = directory;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		path = arena_printf(arena, "%s/%s", path, parts[i]);
		enum status status = make_folder(path, err);
		if (status != STATUS_OK)
			return status;
	}
	struct buffer content = { 0 };
	format_csv(&content, workload);
	enum status status = write_file(arena_printf(arena, "%s/dyn.csv", path), &content, err);
	buffer_finish(&content);
	return status;
}

enum status loupe_write(const char *directory, struct workload_set set, struct error *err)
{
	for (size_t i = 0; i < set.count; i++) {
		const char *wrong = obstacle(set.workloads[i]);
		if (wrong != NULL)
			return error_set(err, STATUS_UNSUPPORTED, ERROR_NO_OFF, "%.60s %.60s: %s",
					 set.workloads[i]->application, set.workloads[i]->name,
					 wrong);
	}
	if (mkdir(directory, 0777) != 0)
		return error_set(err, STATUS_IO, ERROR_NO_OFF, "%s", strerror(errno));
	struct arena arena = { 0 };
	enum status status = STATUS_OK;
	for (size_t i = 0; i < set.count && status == STATUS_OK; i++)
		status = write_workload(directory, set.workloads[i], &arena, err);
	arena_finish(&arena);
	return status;
}
