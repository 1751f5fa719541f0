#pragma once

#include "scan/module.h"
#include "scan/program.h"

/* A world without files: a program that is scanned in it finds no library and no plug-in. */
static inline const char *alone_open(void *context, struct arena *arena, const char *path,
				     unsigned machine, size_t word_bytes)
{
	(void)context;
	(void)arena;
	(void)path;
	(void)machine;
	(void)word_bytes;
	return NULL;
}

static inline enum status alone_module(void *context, const char *path, struct module **out_module,
				       struct error *err)
{
	(void)context;
	(void)out_module;
	return error_set(err, STATUS_NOT_FOUND, ERROR_NO_OFF, "%s", path);
}

static inline size_t alone_list(void *context, struct arena *arena, const char *folder,
				const char *prefix, const char *const **out_names)
{
	(void)context;
	(void)arena;
	(void)folder;
	(void)prefix;
	(void)out_names;
	return 0;
}

static const struct program_files alone = { .search = { .open = alone_open },
					    .module = alone_module,
					    .list = alone_list };
