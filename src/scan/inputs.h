#pragma once

#include "scan/closure.h"

/* What the callers of a live function pass to it, all taken together. */

enum { INPUT_MAX_ITEMS = 96 };

/* A number, or an address of a module, that an input may have. */
struct item {
	uint64_t number;
	uint32_t module;         /* index + 1; 0: a plain number */
	const struct node *from; /* who passed it first, */
	const struct fact *fact; /* and where */
};

struct input_items {
	uint16_t input;
	uint8_t knowledge;
	int8_t is_number; /* whether it becomes a syscall's: 1, -1: not; 0: not asked yet */
	bool assumed;
	uint8_t count, capacity; /* INPUT_MAX_ITEMS at most */
	struct item *items;
};

/* NULL: it does not matter to the function. */
struct input_items *node_input(const struct node *node, uint16_t input);

/* An input that a number becomes when an instruction adds to it; NULL: nobody is known to pass it. */
const struct item *node_passed(const struct node *node, const struct value *value, uint64_t number);

/* These return true when items changed. */
bool inputs_weaken(struct input_items *items, enum knowledge knowledge);
bool inputs_any(struct input_items *items);

/* Adds what a value may be, seen from a node at a fact. */
bool inputs_add_value(struct closure *closure, struct input_items *items, const struct node *node,
		      const struct fact *fact, const struct value *value);

/* Whether any of what callers pass leads to the fact. */
bool fact_happens(const struct node *node, const struct fact *fact);

/* What a fact passes as an input; NULL: that is not known. */
const struct value *argument_of(const struct node *node, const struct fact *fact, uint16_t input);
