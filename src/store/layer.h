#pragma once

#include "facts/layer.h"
#include "store/store.h"

/*
 * Stores layers, each in the place of one with the same name, version and architecture: all of
 * them or, after an error, none.
 */
enum status store_put_layers(struct store *store, const struct layer *const *layers, size_t count,
			     struct error *err) __attribute__((warn_unused_result, nonnull(1, 4)));

/* Forgets one layer; version may be NULL. STATUS_NOT_FOUND when there is none. */
enum status store_remove_layer(struct store *store, const char *name, const char *version,
			       enum arch arch, struct error *err)
    __attribute__((warn_unused_result, nonnull(1, 2, 5)));

/*
 * out_layers  array and everything in it in the arena; by name, version, architecture
 * returns     STATUS_MALFORMED: a word in the store that this program does not know
 */
enum status store_load_layers(struct store *store, struct arena *arena,
			      const struct layer *const **out_layers, size_t *out_count,
			      struct error *err) __attribute__((warn_unused_result, nonnull));
