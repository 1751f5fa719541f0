#pragma once

#include "base/file.h"
#include "callgraph/flow.h"

/*
 * One ELF file and what its functions do; functions are followed when somebody asks for them and
 * only once. A module owns all its memory and itself lives in it.
 */
struct module_function {
	const struct function *swept, *valued; /* without values and with them; both NULL: free */
};

struct module {
	struct arena arena; /* owned */
	const char *path;
	struct image image;
	const uint32_t *name_hashes;       /* of each dynamic symbol */
	struct module_function *functions; /* open addressing by address */
	size_t function_count, function_capacity;
	uint64_t content_hash[2];            /* the cache's, when there is one */
	struct file_map cached;              /* owned; what the cache knows of it */
	const struct known_functions *known; /* there; NULL: nothing */
	bool grown;           /* functions were followed that the cache does not know */
	struct arena scratch; /* owned; empty between functions */
};

/*
 * bytes, tables   see image_open; borrowed as long as the module
 * out_module      ended by module_finish
 */
enum status module_open(struct slice bytes, const char *path, const struct image_tables *tables,
			struct problem_list *problems, struct module **out_module,
			struct error *err) __attribute__((warn_unused_result, nonnull(2, 4, 5, 6)));

void module_finish(struct module *module);
size_t module_bytes(const struct module *module); /* of the memory that it holds */

/* The function that starts at va, which is code; its values only for a syscall and a PLT's stub. */
const struct function *module_function(struct module *module, uint64_t va);

/* The same with values followed in any case. */
const struct function *module_refine(struct module *module, uint64_t va);

/* Whether its values were followed before. */
bool module_has_values(const struct module *module, uint64_t va);
