#pragma once

#include "base/file.h"
#include "base/pages.h"
#include "callgraph/flow.h"
#include "scan/address_index.h"
#include "scan/ranks.h"

/*
 * One ELF file and what its functions do; functions are followed when somebody asks for them and
 * only once. What code mentions is looked up once, too, and numbered (links.h): the programs that
 * load the file have only to remember which of its functions and places they use. A module owns
 * all its memory and itself lives in it.
 */
struct module_function {
	struct function swept;          /* without values */
	struct valued_function *valued; /* with them; NULL: not yet */
	const char *export_name;        /* one of them; NULL: none */
	bool is_swept;
};

struct valued_function {
	struct function function;
	const uint16_t *inputs; /* that its facts depend on or pass; NULL: not yet listed */
	uint16_t input_count;
};

enum { FUNCTIONS_PER_PAGE = 16 };

/* A place in data. */
struct place {
	uint64_t va;
	const char *string;   /* that may name a function, a library, a path; NULL: none */
	uint32_t string_hash; /* its name_hash */
	bool is_pseudo_file;  /* the string is a path under /proc, /dev or /sys */
	bool is_word;         /* it is an object by itself, as the words of a GOT are */
};

enum { PLACES_PER_PAGE = 256 };

struct module {
	struct arena arena; /* owned */
	const char *path;
	struct image image;
	const uint32_t *name_hashes; /* of each dynamic symbol */
	struct ranks entries; /* of the image: their index is the function's number; then come */
	struct address_index other_functions, place_index;
	struct pages functions;              /* struct module_function */
	struct pages places;                 /* struct place */
	uint32_t *relocation_links;          /* of each; NULL: none was asked for; see links.h */
	struct pages event_links;            /* uint32_t; likewise */
	uint64_t content_hash[2];            /* the cache's, when there is one */
	struct file_map cached;              /* owned; what the cache knows of it */
	const struct known_functions *known; /* there; NULL: nothing */
	bool grown;           /* functions were followed that the cache does not know */
	size_t read_bytes;    /* of code, since the file's pages were dropped */
	struct arena scratch; /* owned; empty between functions */
};

/* out_module: ended by module_finish; the source is borrowed until then */
enum status module_open(const struct image_source *source, struct problem_list *problems,
			struct module **out_module, struct error *err)
    __attribute__((warn_unused_result, nonnull));

void module_finish(struct module *module);
size_t module_bytes(const struct module *module); /* of the memory that it holds */

/* The number of the function that starts at va, which is code; it is not followed yet. */
uint32_t module_number(struct module *module, uint64_t va);

size_t module_number_count(const struct module *module); /* all numbers are below */

/* The same, for one that nobody need have asked for before; RANK_NONE: then nobody did. */
uint32_t module_find(const struct module *module, uint64_t va);

/* What is known of a function by now. NULL: nothing. */
const struct module_function *module_known(const struct module *module, uint32_t number);

/* What a function does; its values only for a syscall and a PLT's stub. */
const struct function *module_function(struct module *module, uint32_t number);

/* The same with values followed in any case. */
const struct function *module_refine(struct module *module, uint32_t number);

/* The inputs that the facts of a function whose values are followed depend on or pass. */
size_t module_inputs(struct module *module, uint32_t number, const uint16_t **out_inputs);
