#pragma once

#include "scan/module.h"

/* The names that the loaded files define, in load order: what ld.so binds references to. */
struct scope_entry {
	const struct elf_symbol *symbol;
	uint32_t module;
	bool used;     /* by something live */
	uint32_t hash; /* name_hash of its name */
	uint32_t next; /* index + 1 of the next of the same bucket; 0: none */
};

struct scope {
	struct arena *arena; /* borrowed */
	struct scope_entry *entries;
	size_t count, capacity;
	uint32_t *buckets;
	size_t bucket_count;
};

/* Whether a file's symbol is one that others' references may bind to. */
static inline bool scope_defines(const struct elf_symbol *symbol)
{
	return symbol->defined && !symbol->local && symbol->type != ELF_SYMBOL_TLS &&
	       symbol->name[0] != '\0';
}

void scope_add_module(struct scope *scope, const struct module *module, size_t index);

/* Whether something live uses a definition of the name, in any version. */
bool scope_is_used(const struct scope *scope, const char *name, uint32_t hash);

/* All definitions of a name, in load order: previous NULL for the first; NULL: no more. */
const struct scope_entry *scope_next(const struct scope *scope, const char *name, uint32_t hash,
				     const struct scope_entry *previous);

/*
 * The definition that a reference binds to, or NULL. version NULL: any default version.
 * hash      name_hash of the name
 * skip      a module that is passed over (the program, for the source of a COPY), or SIZE_MAX
 * source    ld.so's do_lookup: first module in load order that has the name in that version
 */
const struct scope_entry *scope_find(const struct scope *scope, const char *name, uint32_t hash,
				     const char *version, size_t skip);
