#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/*
 * What a register or a word of memory may hold at a point of a function, whoever called it.
 * Addresses are those of the file, whatever address it is loaded at.
 */
enum value_kind {
	VALUE_ANY,     /* number: the largest it may be, unsigned; UINT64_MAX when not known */
	VALUE_LOW,     /* number: the largest its low `bits` may be; the others are not known */
	VALUE_NUMBER,  /* number */
	VALUE_SET,     /* one of several numbers */
	VALUE_ADDRESS, /* number: of this file's code or data */
	VALUE_SLOT,    /* what ld.so puts into the word at address `number` */
	VALUE_CELL, /* what a variable of this file holds: number: its address; `bits`: bytes added */
	VALUE_POINTED, /* the memory that such a pointer leads to */
	VALUE_STACK,   /* number: bytes from the stack pointer at the function's entry, signed */
	VALUE_INPUT,   /* what `input` held at the function's entry, + number */
	VALUE_FLAGS,   /* its low 32 bits, some of them set or cleared: see value_flags */
	VALUE_ENTRY,   /* an entry of a table in constant data */
};

/*
 * Everything that a function's caller decides: registers by their numbers, then words of the
 * stack above the return address, then memory that a register points to.
 */
enum {
	INPUT_STACK = 32,
	INPUT_STACK_COUNT = 16,
	INPUT_MEMORY = INPUT_STACK + INPUT_STACK_COUNT,
	INPUT_MEMORY_WORDS = 16, /* of 4 bytes, behind each register's address */
	INPUT_COUNT = INPUT_MEMORY + 32 * INPUT_MEMORY_WORDS,
	INPUT_NONE = 0xffff,
};

enum { VALUE_MAX_SET = 64 }; /* numbers in a set; more become ANY */

struct value_set {
	uint32_t count;
	uint64_t numbers[]; /* ascending */
};

struct value_table {
	uint64_t va;          /* of the entry with index 0 */
	uint64_t base;        /* added to each */
	uint64_t index_max;   /* UINT64_MAX: not known */
	int64_t index_addend; /* the index is index_input + this */
	uint16_t index_input; /* INPUT_NONE: something else */
	uint8_t index_bits;
	uint8_t entry_bytes;
	bool is_signed;
	bool is_address; /* base is one */
};

struct value {
	uint8_t kind;
	uint8_t bits; /* of an INPUT: 64, or 32 when its upper half was cleared; of a LOW */
	bool assumed; /* read from memory that others might have changed since */
	uint16_t input;
	union {
		uint64_t number;
		const struct value_set *set; /* SET */
		const struct value_table
		    *table; /* ENTRY; bits: 1 once it was loaded, not its address */
	};
};

static inline struct value value_any(void)
{
	return (struct value){ .kind = VALUE_ANY, .number = UINT64_MAX };
}

static inline struct value value_below(uint64_t max)
{
	return (struct value){ .kind = VALUE_ANY, .number = max };
}

static inline struct value value_number(uint64_t number)
{
	return (struct value){ .kind = VALUE_NUMBER, .number = number };
}

static inline struct value value_address(uint64_t va)
{
	return (struct value){ .kind = VALUE_ADDRESS, .number = va };
}

static inline struct value value_input(unsigned input)
{
	return (struct value){ .kind = VALUE_INPUT, .bits = 64, .input = (uint16_t)input };
}

/* What is known of each bit of flags that a caller gave; a bit in none of them is 0. */
struct value_flags {
	uint32_t given; /* as they were */
	uint32_t set;
	uint32_t unknown;
};

/* False: it is no word of flags. One is kept as given or unknown, and set or unknown. */
static inline bool value_flags(const struct value *value, struct value_flags *out_flags)
{
	uint32_t upper = (uint32_t)(value->number >> 32), lower = (uint32_t)value->number;
	if (value->kind == VALUE_INPUT && value->bits == 32 && value->number == 0)
		*out_flags = (struct value_flags){ .given = UINT32_MAX };
	else if (value->kind == VALUE_FLAGS)
		*out_flags = (struct value_flags){ upper & ~lower, lower & ~upper, upper & lower };
	else
		return false;
	return true;
}

static inline struct value value_of_flags(uint16_t input, const struct value_flags *flags)
{
	return (struct value){ .kind = VALUE_FLAGS,
			       .bits = 32,
			       .input = input,
			       .number = (uint64_t)(flags->given | flags->unknown) << 32 |
					 flags->set | flags->unknown };
}

/* Whether it follows from what the function was given. */
static inline bool value_is_given(const struct value *value)
{
	return value->kind == VALUE_INPUT || value->kind == VALUE_FLAGS;
}

bool value_equals(const struct value *a, const struct value *b);

/* Nothing is known of it. */
static inline bool value_is_any(const struct value *value)
{
	return value->kind == VALUE_ANY && value->number == UINT64_MAX;
}

/* The smallest value that holds both. */
struct value value_join(struct arena *arena, const struct value *a, const struct value *b);

/* Its low bytes, zero-extended. */
struct value value_truncate(struct arena *arena, const struct value *value, unsigned width_bytes);

/* A set of numbers, in any order and with duplicates; ANY when there are too many. */
struct value value_of_numbers(struct arena *arena, const uint64_t *numbers, size_t count);

/* Applies a function to each number; other kinds become ANY. */
struct value value_map(struct arena *arena, const struct value *value,
		       uint64_t (*function)(uint64_t number, uint64_t other), uint64_t other);
