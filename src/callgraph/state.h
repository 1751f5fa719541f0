#pragma once

#include "callgraph/condition.h"
#include "callgraph/image.h"
#include "callgraph/value.h"

/* What is known at one point of a function; internal to callgraph/. */
enum { STATE_MAX_SLOTS = 48, STATE_REGISTERS = 32 };

/* A word of the function's own stack. */
struct stack_word {
	int64_t off; /* from the stack pointer at the entry */
	uint8_t width_bytes;
	struct value value;
};

enum place_kind { PLACE_NONE, PLACE_REGISTER, PLACE_STACK };

/* The last comparison, as long as its flags stand. */
struct comparison {
	uint8_t operation; /* OPERATION_COMPARE, OPERATION_TEST; OPERATION_OTHER: none */
	uint8_t width_bytes;
	uint8_t place; /* where the left value still is */
	uint8_t reg;
	int64_t off;
	struct value left, right;
};

struct state {
	struct value registers[STATE_REGISTERS];
	struct comparison comparison;
	struct reach reach;
	int64_t escape;      /* others know addresses of the stack from here on; INT64_MAX: none */
	bool memory_changed; /* since the entry, by stores or calls that might reach anything */
	size_t word_count;
	struct stack_word words[STATE_MAX_SLOTS];
};

/* What the machine's code and the image say, and where results live. */
struct flow {
	const struct image *image;
	const struct machine *machine;
	struct arena *scratch;
};

void state_enter(const struct flow *flow, struct state *state);
void state_unknown(struct state *state);       /* anything may be anywhere */
size_t state_bytes(const struct state *state); /* of what a copy needs */
void state_copy(struct state *to, const struct state *from);

/* How a join makes sure that a state settles. */
enum widening {
	WIDEN_NOTHING,
	WIDEN_COUNTS, /* sets of more than a few numbers become unknown */
	WIDEN_ALL,    /* what differs becomes unknown */
};

/* True when the state became weaker. */
bool state_join(const struct flow *flow, struct state *state, const struct state *other,
		enum widening widening);

/* Applies everything but control. */
void state_step(const struct flow *flow, struct state *state,
		const struct instruction *instruction);

/* After a call returned; clobbers: the registers that the callee may have written. */
void state_call(const struct flow *flow, struct state *state, uint32_t clobbers);

/* The address that a memory operand names: ADDRESS, STACK, INPUT, or ANY. */
struct value state_address(const struct flow *flow, const struct state *state,
			   const struct operand *operand);
struct value state_load(const struct flow *flow, const struct state *state,
			const struct value *address, unsigned width_bytes);
struct value state_read(const struct flow *flow, const struct state *state,
			const struct operand *operand);

/* Narrows the state to where the branch goes; false: it never does. */
bool state_branch(const struct flow *flow, struct state *state,
		  const struct instruction *instruction, enum condition condition);

/* The numbers that an entry of a table may be; false: they are not known. */
bool state_table(const struct flow *flow, const struct value_table *table, uint64_t **out_numbers,
		 size_t *out_count);
