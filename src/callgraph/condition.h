#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "disasm/instruction.h"

/*
 * What must hold of a function's inputs for control to reach a point: a conjunction. Dropping
 * terms only makes it weaker, so a bounded number of them is kept.
 */
enum { CONDITION_MAX_TERMS = 6, CONDITION_MAX_RANGES = 24 };

struct number_range {
	uint64_t low, high; /* both belong to it */
};

enum term_kind {
	TERM_RANGES,   /* the input lies in one of the ranges */
	TERM_BITS,     /* input & mask == bits */
	TERM_NOT_BITS, /* input & mask != bits */
};

struct term {
	uint16_t input;
	uint8_t kind;
	uint8_t bits_wide; /* of the input that count: 32 or 64 */
	uint32_t range_count;
	uint64_t mask, bits;
	const struct number_range *ranges; /* ascending, neither empty nor touching */
};

struct reach {
	size_t term_count;
	struct term terms[CONDITION_MAX_TERMS];
};

/*
 * Adds to the reach that `input + addend` compares with `number` as the condition says.
 *
 * returns   false: that can never be, given the terms before
 */
bool reach_compare(struct arena *arena, struct reach *reach, uint16_t input, unsigned bits_wide,
		   uint64_t addend, enum condition condition, uint64_t number);

/* Likewise that (input & mask) is, or is not, zero. */
bool reach_test(struct arena *arena, struct reach *reach, uint16_t input, unsigned bits_wide,
		uint64_t mask, bool is_zero);

/* Weakens reach to hold where either does; true when it changed. */
bool reach_join(struct arena *arena, struct reach *reach, const struct reach *other);

/* Whether the term's input may be the number. */
bool term_holds(const struct term *term, uint64_t number);

/* The largest number that the terms leave for an input; UINT64_MAX when they say nothing. */
uint64_t reach_largest(const struct reach *reach, uint16_t input, unsigned bits_wide);

/* Whether the input may have the number. */
bool reach_allows(const struct reach *reach, uint16_t input, uint64_t number);
