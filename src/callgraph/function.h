#pragma once

#include "callgraph/condition.h"
#include "callgraph/image.h"
#include "callgraph/value.h"

/*
 * What a function does, with the values that were followed through it: arrays that refer to each
 * other by indices, all in one block of bytes, so that a block means the same wherever it is read.
 */

/* What the callee, or the kernel, gets to see; inputs without one are not known. */
struct argument {
	uint16_t input;
	struct value value; /* SET: `bits` of the function's numbers, from index `number` on */
};

struct fact {
	uint64_t va; /* of the instruction */
	uint64_t target;
	uint8_t kind; /* enum fact_kind */
	uint8_t width_bytes;
	uint8_t term_count; /* what must hold of the inputs for it to happen; 0: it always may */
	uint8_t argument_count;
	uint32_t link; /* as of an event; of a load the first relocation at or behind its target */
	uint32_t first_term, first_argument;
};

/* As a struct term, in a function. */
struct fact_term {
	uint16_t input;
	uint8_t kind;
	uint8_t bits_wide;
	uint32_t range_count, first_range;
	uint64_t mask, bits;
};

struct function {
	uint64_t va;
	bool cut; /* it was too large to follow its values */
	uint32_t fact_count, argument_count, term_count, range_count, number_count, input_count;
	const struct fact *facts; /* ascending va */
	const struct argument *arguments;
	const struct fact_term *terms;
	const struct number_range *ranges;
	const uint64_t *numbers;
	const uint16_t *inputs; /* that its facts depend on or pass, each once */
	struct slice block;     /* all these arrays */
};

static inline struct term function_term(const struct function *function, size_t index)
{
	const struct fact_term *term = &function->terms[index];
	return (struct term){ .input = term->input,
			      .kind = term->kind,
			      .bits_wide = term->bits_wide,
			      .range_count = term->range_count,
			      .mask = term->mask,
			      .bits = term->bits,
			      .ranges = function->ranges + term->first_range };
}

/* A fact that is still to be put into a function; its values have sets of their own. */
struct draft {
	struct fact fact;
	const struct argument *arguments;
	const struct reach *reach; /* of its block; NULL: whatever the inputs are */
};

/*
 * Makes a function of drafts, in any order; finds where its facts lead, as far as it is in the
 * image's tables.
 *
 * arena     the block's memory
 * scratch   for the work
 */
struct function function_of_drafts(const struct image *image, uint64_t va, struct draft *drafts,
				   size_t count, struct arena *arena, struct arena *scratch);

/*
 * The function in a block that was kept as it was, at an address that is a multiple of 8; what comes
 * behind it is no matter. False: it is none.
 */
bool function_of_block(uint64_t va, struct slice block, struct function *out_function);
