#pragma once

#include "scan/module.h"

/*
 * What was found out about a file, kept between runs by its content: the tables of its image and
 * the facts of its functions. A file of the cache that is damaged, of another version or of
 * another content counts as absent; losing the cache loses nothing but time.
 *
 * The folder is the user's own and is trusted not to be forged, as with every compiler cache.
 */
struct cache {
	const char *folder; /* NULL: nothing is kept */
};

/* module_open with what is known of the same content. */
enum status cache_open_module(const struct cache *cache, struct slice bytes, const char *path,
			      struct problem_list *problems, struct module **out_module,
			      struct error *err) __attribute__((warn_unused_result, nonnull));

/* Keeps what is new of a module. Failures are nobody's concern. */
void cache_keep_module(const struct cache *cache, const struct module *module);

/* What the cache knows of a module's functions. */
struct known_functions;

/*
 * The facts of a function that the cache knows; false: it does not.
 * out_function   everything in it is part of what the cache has mapped
 */
bool cache_function(const struct known_functions *known, uint64_t va,
		    struct function *out_function);
