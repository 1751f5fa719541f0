#include "cli/scanning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "scan/system.h"
#include "syscalls/table.h"

/* Source: XDG Base Directory Specification 0.8. */
static const char *cache_folder(struct arena *arena)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	if (base != NULL && base[0] == '/')
		return arena_printf(arena, "%s/sysgap", base);
	return home != NULL && home[0] == '/' ? arena_printf(arena, "%s/.cache/sysgap", home)
					      : NULL;
}

void scanning_open(struct scanning *scanning, const struct arguments *arguments)
{
	const char *root = argument_value(arguments, "sysroot");
	*scanning = (struct scanning){ .arguments = arguments };
	scanning->problems.arena = &scanning->arena;
	scanning->files = system_files_open(
	    root == NULL ? "" : root,
	    argument_given(arguments, "no-cache") ? NULL : cache_folder(&scanning->arena),
	    &scanning->problems);
}

void scanning_close(struct scanning *scanning)
{
	system_files_close(scanning->files);
	arena_finish(&scanning->arena);
}

/* A name without a slash that is no file here is one of a command. */
static const char *find_target(struct arena *arena, const char *target)
{
	const char *path = getenv("PATH");
	if (strchr(target, '/') != NULL || access(target, F_OK) == 0 || path == NULL)
		return target;
	struct slice rest = slice_of_string(path);
	struct slice folder;
	while (slice_next_field(&rest, ':', &folder)) {
		const char *candidate = arena_printf(arena, "%.*s/%s", (int)folder.size_bytes,
						     (const char *)folder.bytes, target);
		if (access(candidate, X_OK) == 0)
			return candidate;
	}
	return target;
}

static enum tier last_tier(const char *name)
{
	enum tier tier = TIER_EXACT;
	while (name != NULL && tier < TIER_ENVIRONMENT && strcmp(name, tier_name(tier)) != 0)
		tier++;
	return name == NULL ? TIER_ENVIRONMENT : tier;
}

static void leave_out_start(struct scanning *scanning, const char *target, struct program *program)
{
	struct use *uses = arena_alloc(&scanning->arena, program->use_count, sizeof(*uses));
	size_t count = 0;
	for (size_t i = 0; i < program->use_count; i++)
		if (program->uses[i].phase != PHASE_START)
			uses[count++] = program->uses[i];
	program->uses = uses;
	program->use_count = count;
	if (!program->phases_known && !argument_given(scanning->arguments, "quiet"))
		fprintf(stderr, "sysgap: %s: where main begins is not known; all calls count\n",
			target);
}

int scanning_program(struct scanning *scanning, const char *target, struct program *out_program)
{
	bool from_main = argument_given(scanning->arguments, "from-main");
	struct program_extent extent = { last_tier(argument_value(scanning->arguments, "tier")),
					 scanning->phases || from_main };
	const char *path = find_target(&scanning->arena, target);
	const struct program_files *files;
	struct module *module;
	struct error err;
	scanning->problems.first = scanning->problems.last = NULL;
	enum status status = system_files_program(scanning->files, path, &module, &files, &err);
	if (status == STATUS_OK)
		program_scan(module, files, &extent, &scanning->problems, out_program);
	report_problems(&scanning->problems, scanning->arguments);
	if (status == STATUS_OK && from_main)
		leave_out_start(scanning, target, out_program);
	return status == STATUS_OK ? EXIT_DONE : report_error(target, &err);
}

const char *scanning_use_name(struct scanning *scanning, const struct use *use)
{
	char buffer[SYSCALL_NAME_BYTES];
	return arena_string(&scanning->arena, syscall_name(use->arch, use->number, buffer));
}

const char *scanning_step_name(struct scanning *scanning, const struct step *step)
{
	const char *file = names_of_path(step->path);
	if (step->function != NULL)
		return arena_printf(&scanning->arena, "%s:%s", file, step->function);
	return arena_printf(&scanning->arena, "%s:%#llx", file,
			    (unsigned long long)step->function_va);
}
