#pragma once

#include "callgraph/condition.h"
#include "callgraph/image.h"
#include "callgraph/value.h"

/* What a function does that matters for which syscalls a program can make. */
enum fact_kind {
	FACT_CALL,      /* target: code address */
	FACT_JUMP,      /* a tail call, or control running into another function */
	FACT_CALL_SLOT, /* target: the address of the word that holds the function's address */
	FACT_JUMP_SLOT,
	FACT_CALL_UNKNOWN, /* through a pointer; what it may point to is address-taken code */
	FACT_REFERENCE,    /* target: an address of this file that was computed */
	FACT_LOAD,         /* target: an address that was read, width_bytes of it */
	FACT_STORE,        /* target: a variable that a pointer from the caller is put into */
	FACT_SYSCALL,
	FACT_SYSCALL_I386,
	FACT_KIND_COUNT,
};

/* What the callee, or the kernel, gets to see; inputs without one are not known. */
struct argument {
	uint16_t input;
	struct value value;
};

struct fact {
	uint64_t va; /* of the instruction */
	uint64_t target;
	uint8_t kind;
	uint8_t width_bytes;
	uint16_t argument_count;
	uint32_t link;             /* for those who follow it: what target is (scan/module.h) */
	const struct reach *reach; /* of its block; NULL: whatever the inputs are */
	const struct argument *arguments;
};

/* In link: the rest of it is the number of the event that the fact is made from. */
#define FACT_OF_EVENT (UINT32_C(1) << 31)

enum { FLOW_MAX_INSTRUCTIONS = 200000, FLOW_MAX_VISITS = 24 };

struct function {
	uint64_t va;
	struct fact *facts;          /* ascending va; of a swept function NULL: see flow_fact */
	uint32_t fact_count;         /* of a swept function those that it may have */
	uint32_t first_event;        /* likewise: of its code, */
	uint32_t start_off, end_off; /* from the image's base */
	bool runs_over;              /* control may run on behind it */
	bool swept; /* its facts are of a pass without values: no conditions, no arguments */
	bool cut;   /* it was too large to follow its values */
	bool has_syscall;
};

/*
 * Follows the code from an entry through all its blocks, wherever they lie, and the values in it.
 * Runs of code that are only entered through a jump that could not be resolved, or by unwinding,
 * are followed with nothing known. A function of more than FLOW_MAX_INSTRUCTIONS gets the facts of
 * flow_sweep: none is lost, only what they depend on and pass.
 *
 * arena     the facts' memory
 * scratch   for the work; may be finished afterwards
 */
struct function flow_function(const struct image *image, uint64_t va, struct arena *arena,
			      struct arena *scratch);

/*
 * The facts that need no values, of all the code of the function around an entry: more than a run
 * from the entry on can do, and fast. They are made from the image's events when they are asked for.
 */
struct function flow_sweep(const struct image *image, uint64_t va);

/*
 * A fact of a function, by its index:
 *
 *   for (size_t i = 0; i < function->fact_count; i++)
 *           if ((fact = flow_fact(image, function, i, &own)) != NULL)
 *
 * own       memory for one of a swept function
 * returns   NULL: what the index stands for is none
 */
struct fact *flow_fact(const struct image *image, const struct function *function, size_t index,
		       struct fact *own);

/* An entry of a PLT: one FDE covers them all, so that flow_sweep would take them for one function. */
bool flow_is_stub(const struct image *image, uint64_t va);
