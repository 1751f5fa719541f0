#pragma once

#include "disasm/instruction.h"

/* In what two decoders differ about one instruction; bit i of a set is difference i. */
enum difference {
	DIFFERENT_OPERATION,
	DIFFERENT_OPERAND,
	MISSED_WRITE,
	MISSED_READ,
	MISSED_FLAGS,
	MISSED_STORE,
	ADDED_WRITE, /* from here on only less precise */
	ADDED_READ,
	ADDED_FLAGS,
	ADDED_STORE,
	DIFFERENCE_COUNT,
};

extern const char *const difference_names[DIFFERENCE_COUNT];

/*
 * Those from ADDED_WRITE on are only less precise. Prefetches, nops and traps have no effects that
 * are compared.
 */
uint32_t compare_instructions(const struct instruction *theirs, const struct instruction *ours);

/* Both, on stdout, after the bytes at fault. */
void show_instructions(const char *name, const char *where, const uint8_t *bytes,
		       const struct instruction *theirs, const struct instruction *ours);
