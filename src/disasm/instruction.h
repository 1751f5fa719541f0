#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts/arch.h"

/*
 * One instruction, as much of it as following values and control needs, in words that hold on
 * every architecture. What has no word here is OPERATION_OTHER with the registers it writes.
 */
enum operation {
	OPERATION_OTHER, /* of its operands only memory: [0] when it is written, else [1] */
	OPERATION_MOVE,  /* [0] = [1]; also loads and stores; narrower sources are zero-extended */
	OPERATION_SIGN_EXTEND, /* [0] = [1], as signed */
	OPERATION_ADDRESS,     /* [0] = the address of memory [1] */
	OPERATION_ADD,         /* [0] = [1] + [2], and so on */
	OPERATION_SUBTRACT,
	OPERATION_AND,
	OPERATION_OR,
	OPERATION_XOR,
	OPERATION_SHIFT_LEFT,
	OPERATION_SHIFT_RIGHT, /* zeros come in */
	OPERATION_INSERT,      /* [0] = [1] with 16 bits from bit [2].scale on being [2] */
	OPERATION_COMPARE,     /* flags of [1] - [2] */
	OPERATION_TEST,        /* flags of [1] & [2] */
	OPERATION_SELECT,      /* [0] = condition ? [2] : [1] */
	OPERATION_SELECT_NEXT, /* [0] = condition ? [2] : [1] + 1 */
	OPERATION_PUSH,        /* [1] */
	OPERATION_POP,         /* [0] */
	OPERATION_LEAVE,       /* x86: the stack pointer from the frame pointer, then pop that */
	OPERATION_CALL,        /* [1]: an address (immediate), register or memory */
	OPERATION_JUMP,        /* likewise */
	OPERATION_BRANCH,      /* conditional; [1] an address */
	OPERATION_RETURN,
	OPERATION_SYSCALL,
	OPERATION_SYSCALL_I386, /* int 0x80, sysenter: numbers of the i386 table */
	OPERATION_TRAP,         /* does not continue */
	OPERATION_NOTHING,      /* no effect on what is followed here */
	OPERATION_COUNT,
};

/* When a BRANCH is taken or a SELECT takes [2], by the flags of the last COMPARE or TEST. */
enum condition {
	CONDITION_OTHER, /* by something not followed here */
	CONDITION_EQUAL,
	CONDITION_NOT_EQUAL,
	CONDITION_BELOW, /* unsigned */
	CONDITION_BELOW_EQUAL,
	CONDITION_ABOVE,
	CONDITION_ABOVE_EQUAL,
	CONDITION_LESS, /* signed */
	CONDITION_LESS_EQUAL,
	CONDITION_GREATER,
	CONDITION_GREATER_EQUAL,
	CONDITION_NEGATIVE,
	CONDITION_NOT_NEGATIVE,
	CONDITION_ZERO, /* of a BRANCH: [2] is 0, whatever the flags say */
	CONDITION_NOT_ZERO,
	CONDITION_COUNT,
};

enum condition condition_inverse(enum condition condition);

enum operand_kind { OPERAND_NONE, OPERAND_REGISTER, OPERAND_IMMEDIATE, OPERAND_MEMORY };

enum { REGISTER_NONE = 0xff, REGISTER_LIMIT = 32, OPERAND_LIMIT = 3 };

struct operand {
	uint8_t kind;
	uint8_t width_bytes; /* 0: not known */
	uint8_t reg;   /* REGISTER, and the base of MEMORY; REGISTER_NONE: no general register */
	uint8_t index; /* of MEMORY */
	uint8_t scale; /* of the index */
	bool
	    foreign; /* MEMORY: relative to a segment (thread-local); REGISTER: not its low bytes */
	int64_t
	    value; /* IMMEDIATE, extended as the instruction does; displacement of MEMORY: without
	                  base and index it is the address, also where the code is pc-relative */
};

struct instruction {
	uint64_t va;
	uint8_t length_bytes;
	uint8_t operation;
	uint8_t condition;
	int16_t base_change_bytes;  /* the base of the memory operand moves on by so much, after its
	                               use; 0: it does not, or is only known to be written */
	bool sets_flags;            /* leaves other flags than the last COMPARE or TEST */
	bool writes_memory;         /* that of operand [0], or what no operand names */
	uint32_t registers_read;    /* bit i: general register i; of OPERATION_OTHER only */
	uint32_t registers_written; /* by any operation, the operands' and the implicit ones */
	struct operand operands[OPERAND_LIMIT];
};

/* What the calling convention and the kernel say; registers are numbered as instructions do. */
struct machine {
	uint8_t stack_pointer;
	uint8_t frame_pointer;
	uint8_t result; /* of a function */
	uint8_t syscall_number;
	uint8_t syscall_arguments[6];
	uint8_t arguments[6];   /* of a C function */
	uint32_t call_clobbers; /* what a C function may change */
	uint8_t word_bytes;
	bool call_pushes; /* the return address is on the stack at function entry */
};

/* NULL: the architecture's instructions are not analysed. */
const struct machine *machine_of(enum arch arch);

/*
 * bytes           at least size_bytes of them from va on; borrowed for the call
 * out_instruction written only when true is returned
 * returns         false: no instruction starts with these bytes
 */
bool instruction_decode(enum arch arch, const uint8_t *bytes, size_t size_bytes, uint64_t va,
			struct instruction *out_instruction);
