#include "scan/scope.h"

#include <string.h>

/* At the end of its chain, so that each chain is in load order. */
static void chain(struct scope *scope, size_t index)
{
	struct scope_entry *entry = &scope->entries[index];
	uint32_t *link = &scope->buckets[entry->hash & (scope->bucket_count - 1)];
	while (*link != 0)
		link = &scope->entries[*link - 1].next;
	entry->next = 0;
	*link = (uint32_t)index + 1;
}

void scope_add_module(struct scope *scope, const struct module *module, size_t index)
{
	size_t first = scope->count;
	for (size_t i = 1; i < module->image.symbols.count; i++) {
		const struct elf_symbol *symbol = &module->image.symbols.symbols[i];
		if (!scope_defines(symbol))
			continue;
		if (scope->count == scope->capacity)
			scope->entries = arena_grow(scope->arena, scope->entries, scope->count,
						    sizeof(*scope->entries), &scope->capacity);
		scope->entries[scope->count++] = (struct scope_entry){
			.symbol = symbol, .module = (uint32_t)index, .hash = module->name_hashes[i]
		};
	}
	if (scope->count > scope->bucket_count || scope->bucket_count == 0) {
		while (scope->bucket_count < 2 * scope->count + 1)
			scope->bucket_count =
			    scope->bucket_count == 0 ? 4096 : 2 * scope->bucket_count;
		scope->buckets =
		    arena_alloc(scope->arena, scope->bucket_count, sizeof(*scope->buckets));
		first = 0;
	}
	for (size_t i = first; i < scope->count; i++)
		chain(scope, i);
}

const struct scope_entry *scope_next(const struct scope *scope, const char *name, uint32_t hash,
				     const struct scope_entry *previous)
{
	if (scope->bucket_count == 0)
		return NULL;
	uint32_t next =
	    previous != NULL ? previous->next : scope->buckets[hash & (scope->bucket_count - 1)];
	while (next != 0) {
		const struct scope_entry *entry = &scope->entries[next - 1];
		if (entry->hash == hash && strcmp(entry->symbol->name, name) == 0)
			return entry;
		next = entry->next;
	}
	return NULL;
}

const struct scope_entry *scope_find(const struct scope *scope, const char *name, uint32_t hash,
				     const char *version, size_t skip)
{
	const struct scope_entry *fallback = NULL, *entry = NULL;
	while ((entry = scope_next(scope, name, hash, entry)) != NULL) {
		if (entry->module == skip)
			continue;
		const char *defined = entry->symbol->version;
		if (version == NULL ? !entry->symbol->hidden_version
				    : defined == NULL || strcmp(defined, version) == 0)
			return entry;
		if (fallback == NULL)
			fallback = entry;
	}
	return fallback; /* better another version than a call that is not followed */
}

bool scope_is_used(const struct scope *scope, const char *name, uint32_t hash)
{
	const struct scope_entry *entry = NULL;
	while ((entry = scope_next(scope, name, hash, entry)) != NULL)
		if (entry->used)
			return true;
	return false;
}
