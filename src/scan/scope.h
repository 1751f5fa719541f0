#pragma once

#include "scan/module.h"

/* The names that the loaded files define, in load order: what ld.so binds references to. */
struct scope_entry {
	const struct elf_symbol *symbol;
	uint32_t module;
	bool used;     /* by something live */
	uint32_t next; /* index + 1 of the next of the same bucket; 0: none */
};

struct scope {
	struct arena *arena; /* borrowed */
	struct scope_entry *entries;
	size_t count, capacity;
	uint32_t *buckets;
	size_t bucket_count;
};

void scope_add_module(struct scope *scope, const struct module *module, size_t index);

/* Whether something live uses a definition of the name, in any version. */
bool scope_is_used(const struct scope *scope, const char *name);

/*
 * The definition that a reference binds to, or NULL. version NULL: any default version.
 * skip      a module that is passed over (the program, for the source of a COPY), or SIZE_MAX
 * source    ld.so's do_lookup: first module in load order that has the name in that version
 */
const struct scope_entry *scope_find(const struct scope *scope, const char *name,
				     const char *version, size_t skip);
