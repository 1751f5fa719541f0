#pragma once

#include "callgraph/image.h"

struct state; /* callgraph/state.h */

/* A straight run of instructions; how it ends is its last instruction's matter, or `next`. */
struct block {
	uint64_t va;
	const struct instruction *instructions;
	size_t instruction_count;
	uint64_t next;       /* control goes on there; 0: it does not */
	struct state *entry; /* whoever follows values fills it; NULL: control did not come here */
	unsigned visits;
	bool waiting;
	uint32_t position;   /* in the order; BLOCK_UNORDERED: it has none */
	uint32_t first_jump; /* number + 1 of the first that was told (blocks_tell_jump); 0: none */
};

#define BLOCK_UNORDERED UINT32_MAX

/*
 * The code that can be reached within one function, as blocks that are decoded when they are asked
 * for; a jump into one cuts it. Internal to callgraph/.
 *
 * Those that wait are run in an order in which what leads to a block comes before it, but for
 * loops: depth first from the start, reversed (Kam and Ullman, "Global data flow analysis and
 * iterative algorithms", 1976).
 */
struct blocks {
	const struct image *image;
	uint64_t va; /* of the function */
	struct arena *scratch;
	struct block *items;
	size_t count, capacity;
	bool cut; /* there are more than FLOW_MAX_INSTRUCTIONS */
	/* The rest is blocks.c's own. */
	struct elf_range range;    /* up to the next function, as long as it is not too large */
	const struct elf_fde *fde; /* see blocks_fde */
	struct place *near;        /* of instructions, by the distance from its start */
	struct place *places;      /* elsewhere: open addressing; va 0: free */
	size_t place_count, place_capacity;
	struct instruction *decoded; /* of the block that is decoded now */
	size_t decoded_capacity;
	size_t instruction_count;
	struct told_jump *jumps;
	size_t jump_count, jump_capacity;
	size_t explored_count; /* blocks whose direct successors are there */
	uint32_t *order;
	struct step *steps; /* for finding it */
	size_t ordered_count, order_capacity;
	unsigned times_ordered;
	uint64_t *waiting;    /* a bit by position */
	size_t first_waiting; /* no word before it has one */
	size_t waiting_count;
	bool unordered_wait; /* some that wait have no position */
};

void blocks_begin(struct blocks *blocks, const struct image *image, uint64_t va,
		  struct arena *scratch);

/* The FDE around an address, or NULL: mostly the one that was asked for last. */
const struct elf_fde *blocks_fde(struct blocks *blocks, uint64_t va);

/* Whether an address is one of the function's own, as far as code alone tells. */
bool blocks_stay(struct blocks *blocks, uint64_t from, uint64_t to);

/* The block that starts at va, cut out of another or decoded when there is none. */
size_t blocks_at(struct blocks *blocks, uint64_t va);

/* Whether control came to the block of an instruction. */
bool blocks_were_entered(const struct blocks *blocks, uint64_t va);

/* A jump that its instruction does not show. */
void blocks_tell_jump(struct blocks *blocks, size_t from, size_t to);

void blocks_wait(struct blocks *blocks, size_t index);

/* The next that waits, which it does no longer; SIZE_MAX: none does. */
size_t blocks_next(struct blocks *blocks);
