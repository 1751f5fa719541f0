/* Any bytes as a whole program: bounded, and never more than one error. */
#include <stdlib.h>

#include "scan/module.h"
#include "scan/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

static enum status no_module(void *context, const char *path, struct module **out_module,
			     struct error *err)
{
	(void)context;
	(void)out_module;
	return error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF, "%s", path);
}

static const char *no_file(void *context, struct arena *arena, const char *path, unsigned machine,
			   size_t word_bytes)
{
	(void)context;
	(void)arena;
	(void)path;
	(void)machine;
	(void)word_bytes;
	return NULL;
}

static size_t no_names(void *context, struct arena *arena, const char *folder,
		       const char *const **out_names)
{
	(void)context;
	(void)arena;
	(void)folder;
	(void)out_names;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
	static const struct program_files files = { .search = { .open = no_file },
						    .module = no_module,
						    .list = no_names };
	struct arena arena = { 0 };
	struct problem_list problems = { .arena = &arena };
	struct module *module;
	struct error err = { 0 };
	if (module_open((struct slice){ bytes, size_bytes }, "fuzz", NULL, &problems, &module, &err) ==
	    STATUS_OK) {
		struct program program;
		program_scan(module, &files, true, &problems, &program);
		for (size_t i = 0; i < program.use_count; i++) {
			const struct step *steps;
			if (program_chain(&program, &arena, &program.uses[i], &steps) == 0)
				abort();
		}
		module_finish(module);
	} else if (err.text[0] == '\0') {
		abort();
	}
	arena_finish(&arena);
	return 0;
}
