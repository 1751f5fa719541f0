#pragma once

#include "base/file.h"
#include "base/pages.h"
#include "callgraph/swept.h"
#include "scan/address_index.h"

/*
 * One ELF file and what its functions do; values are followed when somebody asks for them and only
 * once. Functions and places have the numbers of the image's tables, others come behind: the
 * programs that load the file have only to remember which of them they use. A module owns all its
 * memory and itself lives in it.
 */

/* A function that no table bounds; see struct swept. */
struct loose_function {
	uint32_t off; /* from the image's base, of one that is in no table, either */
	uint32_t first_event, fact_count;
	uint32_t start_off, end_off;
	uint8_t flags; /* as of an image_function */
	bool runs_over;
	bool known; /* all but off */
};

/* What is at a place in data. */
struct place {
	uint32_t string_hash; /* its name_hash */
	bool known;
	bool is_string;      /* that may name a function, a library, a path */
	bool is_pseudo_file; /* a path under /proc, /dev or /sys */
	bool is_library;     /* it looks like a library's name */
};

enum { LOOSE_PER_PAGE = 16, VALUED_PER_PAGE = 32, PLACES_PER_PAGE = 32 };

struct module {
	struct arena arena; /* owned */
	const char *path;
	struct image image;
	const uint32_t *name_hashes;                        /* of each dynamic symbol */
	struct address_index other_functions, other_places; /* that are in no table */
	struct pages loose;                                 /* struct loose_function */
	struct pages valued;                                /* struct function * */
	struct pages places;                                /* struct place */
	uint32_t *other_place_offs; /* from the image's base, in the order of their numbers */
	size_t other_place_capacity;
	uint64_t content_hash[2];            /* the cache's, when there is one */
	struct file_map cached;              /* owned; what the cache knows of it */
	const struct known_functions *known; /* there; NULL: nothing */
	bool grown;        /* functions were followed that the cache does not know */
	size_t read_bytes; /* of code, since the file's pages were dropped */
};

/* out_module: ended by module_finish; the source is borrowed until then */
enum status module_open(const struct image_source *source, struct problem_list *problems,
			struct module **out_module, struct error *err)
    __attribute__((warn_unused_result, nonnull));

void module_finish(struct module *module);
size_t module_bytes(const struct module *module); /* of the memory that it holds */

/* The number of the function that starts at va, which is code. */
uint32_t module_number(struct module *module, uint64_t va);

size_t module_number_count(const struct module *module); /* all numbers are below */

/* The same, for one that has been asked for or is in a table; ADDRESS_NONE: it is not. */
uint32_t module_find(const struct module *module, uint64_t va);

/* Where the function starts. */
uint64_t module_va(const struct module *module, uint32_t number);

/* What is known of a function without values: FUNCTION_*. */
unsigned module_flags(struct module *module, uint32_t number);

/* Values of a function with a syscall, and of a PLT's stub, are followed whoever asks. */
static inline bool module_is_valued(struct module *module, uint32_t number)
{
	return (module_flags(module, number) & (FUNCTION_HAS_SYSCALL | FUNCTION_IS_STUB)) != 0;
}

/* What a function does, as the pass without values has found it. */
struct swept module_swept(struct module *module, uint32_t number);

/* The same with values. scratch: for the work; it is empty before and after. */
const struct function *module_refine(struct module *module, uint32_t number, struct arena *scratch);

/* What is known of a function whose values are followed; NULL: they are not. */
const struct function *module_valued(const struct module *module, uint32_t number);
