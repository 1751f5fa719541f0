#pragma once

#include <string.h>

#include "scan/module.h"
#include "scan/name_set.h"
#include "scan/program.h"
#include "scan/scope.h"

/* The worklist behind program_scan; internal to scan/. */

/* A fact of a live function, to be looked at again. */
struct happening {
	struct node *node;
	const struct fact *fact;
};

struct happenings {
	struct happening *items;
	size_t count, capacity;
};

struct input_items; /* scan/inputs.h */

/* What is known of what an input can be. */
enum knowledge {
	KNOWLEDGE_ALL,      /* the items are all that it can be */
	KNOWLEDGE_PRESUMED, /* it may be called in ways that were not followed, as far as is known not */
	KNOWLEDGE_SOME, /* it may be anything; items are what some callers pass */
};

struct function_id {
	uint32_t module, number;
};

/* The address of a function that something live holds, and that nothing calls yet (models.h). */
struct pointer {
	struct node *node;
	const struct node *parent;
	uint64_t parent_va;
	bool taken; /* it was called after all */
};

/* Where a call or jump leads. */
struct callee {
	bool known;
	uint32_t module, number; /* of the function */
	uint32_t entry;          /* index + 1 of the name's entry in the scope; 0: not by name */
	bool is_resolver;        /* of an indirect function: it returns what is called */
	const struct finder *finder; /* NULL: it is none */
};

/* A function of libc that finds a library or a symbol by its name. */
struct finder {
	const char *function;
	int argument; /* the name */
	bool finds_library;
};

/* What ld.so puts into a word, with the files that this program loads. */
struct slot {
	uint32_t module;
	uint32_t address,
	    target;     /* links there (links.h); 0: what is not found may be loaded later */
	uint32_t entry; /* as in a callee */
	bool is_resolver;
	bool called; /* by live code */
	const struct finder *finder;
};

enum { SLOTS_PER_PAGE = 32, NODES_PER_PAGE = 8, STATES_PER_PAGE = 1024 };

/* What there is no need to do again for a function of a file. */
enum {
	STATE_ASKED = 1,      /* what it calls was asked what it wants to know (demand.h); */
	STATE_WANTING = 2,    /* it wants to know something, too, */
	STATE_USED = 4,       /* and somebody has used the answer */
	STATE_CALLED = 8,     /* it is live, and all of its inputs may be anything */
	STATE_TAKEN = 16,     /* likewise, as its address was taken */
	STATE_OWN_TAKEN = 32, /* it is live, as its own file took its address */
};

/* The same of a function's code, as far as values are not followed; see image_body. */
enum {
	BODY_ASKED = 1,   /* a function with it is being asked, */
	BODY_TOLD = 2,    /* or was; */
	BODY_WANTING = 4, /* then something that it calls wants to know something */
	BODY_SHARED = 8,  /* another function with it came while one was being asked */
};

/* How a live function makes another one live. */
enum way { WAY_CALL, WAY_JUMP, WAY_ADDRESS, WAY_RESOLVER };

/* Of a live function whose values are followed; of others when their callees wanted that. */
struct node_values {
	const struct function *function;
	uint64_t wants;             /* inputs that callers had better know (demand.h) */
	bool *seen;                 /* of each fact: kept in a list of happenings */
	struct input_items *inputs; /* those that matter to it */
	size_t input_count;
};

/* A function that live code calls or may call; a live one with all that its callers pass. */
struct node {
	uint32_t module;
	uint32_t number;            /* of the function in the module */
	const struct node *parent;  /* who made it live; NULL: it is started by the system */
	struct node_values *values; /* NULL: they are not followed */
	uint32_t parent_off;        /* the instruction in the parent, from its image's base */
	uint8_t entered; /* bit of each phase in which it is entered other than by a call */
	uint8_t phases;  /* likewise in which it runs (phases.h) */
	uint8_t tier;
	uint8_t way : 2; /* enum way: how the parent did it */
	bool known : 1;  /* it is no free place of a page */
	bool live : 1;
	bool waiting : 1;
	bool unbound : 1;     /* all of its inputs may be anything */
	bool own_pointer : 1; /* its address is taken by its own file, which alone calls it */
	bool modelled : 1;    /* models.h has something to say of it */
};

/* A set of small numbers that grows. */
struct marks {
	uint64_t *words;
	size_t capacity; /* words */
};

enum libc_kind { LIBC_NOT_ASKED, LIBC_OTHER, LIBC_KNOWN }; /* see models.h */

static inline bool marks_have(const struct marks *marks, size_t number)
{
	return number / 64 < marks->capacity &&
	       (marks->words[number / 64] >> (number % 64) & 1) != 0;
}

struct loaded {
	struct module *module;
	uint8_t libc; /* enum libc_kind */
	struct elf_requester requester;
	bool is_loader;       /* ld.so itself */
	bool at_start;        /* loaded with the program; else by dlopen */
	bool opens_unknown;   /* it may call dlopen with a name that is not known */
	struct pages nodes;   /* struct node; of its functions, by number */
	struct pages states;  /* uint8_t: STATE_*; likewise */
	struct pages bodies;  /* uint8_t: BODY_*; by number of the body */
	struct marks objects; /* live ones */
	struct marks places;  /* whose address something live holds */
	struct marks
	    words; /* by the relocation's number: what its own file did with them is done */
	struct pages slots; /* struct slot; by the relocation's number */
};

/* An object whose words are being read. */
struct reading {
	size_t module;
	size_t next, end; /* relocations */
};

struct closure {
	struct arena *arena;
	struct arena scratch; /* owned; empty but while values are followed */
	struct problem_list *problems;
	const struct program_files *files;
	struct loaded *loaded;
	size_t loaded_count;
	struct scope scope;
	size_t live_count;
	struct function_id *asked; /* those whose wants are being found (demand.c) */
	size_t asked_count, asked_capacity;
	struct node **queue;
	size_t queue_first, queue_count, queue_capacity;
	enum tier tier;      /* of what becomes live now */
	enum phase phase;    /* in which it is entered */
	enum tier last_tier; /* nothing beyond is looked for */
	struct use *uses;
	size_t use_count, use_capacity;
	struct use *unresolved;
	size_t unresolved_count, unresolved_capacity;
	struct operation_use *operations;
	size_t operation_count, operation_capacity;
	const char **missing;
	size_t missing_count, missing_capacity;
	struct happenings unknown_calls;  /* through pointers */
	struct happenings stores;         /* of pointers from callers into variables */
	bool opens_token, opens_relative; /* dlopen with $ORIGIN, or a path that is not absolute */
	bool presumed_numbers;     /* a syscall's number may come through a call by a pointer */
	struct happenings pointed; /* syscalls whose number is where such a one points */
	struct happenings barred;  /* syscalls that nothing live asks for (models.h) */
	struct reading *readings;  /* the object that is read last on top */
	size_t reading_count, reading_capacity;
	struct pointer *barred_pointers;
	size_t barred_pointer_count, barred_pointer_capacity;
	struct name_set names;        /* strings that live code or data mentions */
	struct name_set loader_names; /* that ld.so mentions: it looks some up in libc */
	struct name_set libraries;    /* those of the names that look like one's */
	struct name_set paths;
	/* How many of these were compared with what files define, and how many files' symbols. */
	size_t named_count, loader_named_count, named_loaded_count;
	bool has_opened;            /* some of these files were not loaded at the start */
	size_t opened_count;        /* of the libraries, that were looked for */
	struct node **own_pointers; /* nodes with own_pointer whose values are followed */
	size_t own_pointer_count, own_pointer_capacity;
};

/*
 * Loads a file by the name that a loaded one asks for, and all that it needs.
 *
 * requester   index of who asks; SIZE_MAX: the name is a path
 * returns     its index, or SIZE_MAX when it is not found or cannot be analysed
 */
size_t closure_load(struct closure *closure, const char *name, size_t requester, bool at_start);

/* Makes a function live that the system calls, with nothing known of its inputs. */
void closure_enter(struct closure *closure, size_t module, uint64_t va);

/* The same for a function that nothing is known to call or point to. */
void closure_presume(struct closure *closure, size_t module, uint64_t va);

/* The program, what it needs, and what the system runs of them. */
void closure_begin(struct closure *closure, struct module *program);

/* Until nothing more becomes live. */
void closure_settle(struct closure *closure);

/* The node of a module's exported function; NULL when there is none or it is not live. */
const struct node *closure_live_symbol(const struct closure *closure, size_t module,
				       const char *name);

/* The node of a function, live or not. */
struct node *closure_node(struct closure *closure, size_t module, uint32_t number);

/* Makes a function live, with what is known of how it is called; parent NULL: by the system. */
void closure_enter_node(struct closure *closure, struct node *node, enum knowledge knowledge,
			const struct node *parent, uint64_t parent_va, enum way way);

/* The slot of a relocation, by its number, with what is known of it by now. */
const struct slot *closure_slot(struct closure *closure, size_t module, size_t number);

/* The node of the function at an address; NULL: there is none. */
struct node *closure_find(const struct closure *closure, size_t module, uint64_t va);

/* Makes live what ld.so puts into the word of a relocation: the system calls it. */
void closure_enter_slot(struct closure *closure, size_t module, size_t relocation);

/* What a node's function does, with values when they are followed. */
struct facts closure_facts(const struct closure *closure, const struct node *node);

/* Follows a function's values from now on. */
void closure_follow_values(struct closure *closure, struct node *node);

/* A path, but not from the root. */
static inline bool name_is_relative(const char *name)
{
	return name[0] != '/' && strchr(name, '/') != NULL;
}

/* Where a fact of a module's function leads that is a call or a jump; likewise an event. */
struct callee closure_callee(struct closure *closure, size_t module, const struct fact *fact);
struct callee closure_event_callee(struct closure *closure, size_t module,
				   const struct event *event);

/* NULL: it is not known. */
static inline struct node *closure_callee_node(struct closure *closure, const struct callee *callee)
{
	return callee->known ? closure_node(closure, callee->module, callee->number) : NULL;
}

static inline uint8_t *closure_state(struct closure *closure, size_t module, uint32_t number)
{
	return pages_at(closure->arena, &closure->loaded[module].states, number, STATES_PER_PAGE,
			sizeof(uint8_t));
}

static inline uint64_t node_va(const struct closure *closure, const struct node *node)
{
	return module_va(closure->loaded[node->module].module, node->number);
}

void closure_wait(struct closure *closure, struct node *node); /* to be looked at (again) */
