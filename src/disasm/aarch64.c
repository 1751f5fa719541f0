/*
 * A64 instructions in the words of disasm/instruction.h. Registers 0 to 30 are x0 to x30 and 31 is
 * the stack pointer; the zero register is the immediate 0, or as a destination nothing. Encodings
 * that the manual leaves free inside its classes pass as instructions of their class. Source: Arm
 * ARM (DDI 0487), C4.1 "A64 instruction set encoding"; AAPCS64 for the machine.
 */
#include <string.h>

#include "disasm/decoders.h"

enum { X8 = 8, X16 = 16, X17 = 17, X29 = 29, X30 = 30, SP = 31, ZERO = 31 };

#define BIT(reg) (UINT32_C(1) << (reg))

const struct machine aarch64_machine = {
	.stack_pointer = SP,
	.frame_pointer = X29,
	.result = 0,
	.syscall_number = X8,
	.syscall_arguments = { 0, 1, 2, 3, 4, 5 },
	.arguments = { 0, 1, 2, 3, 4, 5 },
	.call_clobbers = 0x7ffff | BIT(X30),
	.word_bytes = 8,
	.call_pushes = false,
};

static unsigned bits(uint32_t word, unsigned high, unsigned low)
{
	return word >> low & ((UINT32_C(2) << (high - low)) - 1);
}

static bool bit(uint32_t word, unsigned index)
{
	return (word >> index & 1) != 0;
}

static int64_t signed_bits(uint32_t word, unsigned high, unsigned low)
{
	unsigned shift = 63 - (high - low);
	return (int64_t)((uint64_t)bits(word, high, low) << shift) >> shift;
}

static unsigned rd(uint32_t word)
{
	return word & 31;
}

static unsigned rn(uint32_t word)
{
	return bits(word, 9, 5);
}

static unsigned rm(uint32_t word)
{
	return bits(word, 20, 16);
}

static unsigned width_of(uint32_t word)
{
	return bit(word, 31) ? 8 : 4;
}

static void put_immediate(struct operand *to, unsigned width_bytes, int64_t value)
{
	*to = (struct operand){ .kind = OPERAND_IMMEDIATE,
				.width_bytes = (uint8_t)width_bytes,
				.reg = REGISTER_NONE,
				.index = REGISTER_NONE,
				.value = value };
}

static void put_register_or_sp(struct operand *to, unsigned reg, unsigned width_bytes)
{
	*to = (struct operand){ .kind = OPERAND_REGISTER,
				.width_bytes = (uint8_t)width_bytes,
				.reg = (uint8_t)reg,
				.index = REGISTER_NONE };
}

static void put_source(struct operand *to, unsigned reg, unsigned width_bytes)
{
	if (reg == ZERO)
		put_immediate(to, width_bytes, 0);
	else
		put_register_or_sp(to, reg, width_bytes);
}

static void put_destination(struct operand *to, unsigned reg, unsigned width_bytes)
{
	if (reg != ZERO)
		put_register_or_sp(to, reg, width_bytes);
}

static void put_memory(struct operand *to, unsigned base, int64_t displacement,
		       unsigned width_bytes)
{
	*to = (struct operand){ .kind = OPERAND_MEMORY,
				.width_bytes = (uint8_t)width_bytes,
				.reg = (uint8_t)base,
				.index = REGISTER_NONE,
				.value = displacement };
}

/* The bit of a register that is no stack pointer. */
static uint32_t bit_of(unsigned reg)
{
	return reg == ZERO ? 0 : BIT(reg);
}

static void other(struct instruction *to, uint32_t read, uint32_t written)
{
	to->operation = OPERATION_OTHER;
	to->registers_read = read;
	to->registers_written = written;
}

/* What writes flags and nothing else. */
static void compare_as(struct instruction *to, enum operation operation)
{
	to->operation = (uint8_t)operation;
	to->sets_flags = true;
	to->operands[0] = (struct operand){ 0 };
}

static bool decode_address(uint32_t word, struct instruction *to)
{
	int64_t offset = signed_bits(word, 23, 5) * 4 + (int64_t)bits(word, 30, 29);
	uint64_t va = to->va;
	if (bit(word, 31)) { /* adrp */
		offset *= 4096;
		va &= ~UINT64_C(4095);
	}
	to->operation = OPERATION_ADDRESS;
	put_destination(&to->operands[0], rd(word), 8);
	put_memory(&to->operands[1], REGISTER_NONE, (int64_t)(va + (uint64_t)offset), 0);
	return true;
}

static bool decode_add_immediate(uint32_t word, struct instruction *to)
{
	unsigned width = width_of(word);
	bool sets_flags = bit(word, 29);
	bool subtracts = bit(word, 30);
	put_register_or_sp(&to->operands[1], rn(word), width);
	put_immediate(&to->operands[2], width,
		      (int64_t)bits(word, 21, 10) << (bit(word, 22) ? 12 : 0));
	to->operation = subtracts ? OPERATION_SUBTRACT : OPERATION_ADD;
	to->sets_flags = sets_flags;
	if (!sets_flags)
		put_register_or_sp(&to->operands[0], rd(word), width);
	else if (rd(word) != ZERO)
		put_destination(&to->operands[0], rd(word), width);
	else
		compare_as(to, OPERATION_COMPARE);
	if (to->operation == OPERATION_COMPARE && !subtracts) /* cmn: with the negative number */
		to->operands[2].value = -to->operands[2].value;
	return true;
}

/* C4.1 "DecodeBitMasks": a run of ones, rotated, repeated. False: the encoding is free. */
static bool bit_mask(uint32_t word, uint64_t *out_mask)
{
	unsigned ones = bits(word, 15, 10);
	unsigned pattern = bits(word, 22, 22) << 6 | (~ones & 0x3f);
	if (pattern < 2)
		return false;
	unsigned size = 1u << (31 - __builtin_clz(pattern));
	unsigned rotation = bits(word, 21, 16) & (size - 1);
	ones &= size - 1;
	if (ones == size - 1 || (size == 64 && !bit(word, 31)))
		return false;
	uint64_t element = (UINT64_C(2) << ones) - 1;
	uint64_t all = size == 64 ? UINT64_MAX : (UINT64_C(1) << size) - 1;
	if (rotation != 0)
		element = (element >> rotation | element << (size - rotation)) & all;
	for (; size < 64; size *= 2)
		element |= element << size;
	*out_mask = bit(word, 31) ? element : (uint32_t)element;
	return true;
}

static const uint8_t logical_operations[4] = { OPERATION_AND, OPERATION_OR, OPERATION_XOR,
					       OPERATION_AND };

static bool decode_logical_immediate(uint32_t word, struct instruction *to)
{
	unsigned width = width_of(word);
	uint64_t mask;
	if (!bit_mask(word, &mask))
		return false;
	unsigned choice = bits(word, 30, 29);
	to->operation = logical_operations[choice];
	to->sets_flags = choice == 3;
	put_source(&to->operands[1], rn(word), width);
	put_immediate(&to->operands[2], width, (int64_t)mask);
	if (choice != 3)
		put_register_or_sp(&to->operands[0], rd(word), width);
	else if (rd(word) == ZERO)
		compare_as(to, OPERATION_TEST);
	else
		put_destination(&to->operands[0], rd(word), width);
	if (to->operation == OPERATION_OR && rn(word) == ZERO) {
		to->operation = OPERATION_MOVE;
		to->operands[1] = to->operands[2];
		to->operands[2] = (struct operand){ 0 };
	}
	return true;
}

static bool decode_move_wide(uint32_t word, struct instruction *to)
{
	unsigned width = width_of(word);
	unsigned choice = bits(word, 30, 29);
	unsigned shift = bits(word, 22, 21) * 16;
	uint64_t value = (uint64_t)bits(word, 20, 5);
	if (choice == 1 || shift >= width * 8)
		return false;
	put_destination(&to->operands[0], rd(word), width);
	if (choice == 3) { /* movk */
		to->operation = OPERATION_INSERT;
		put_source(&to->operands[1], rd(word), width);
		put_immediate(&to->operands[2], 2, (int64_t)value);
		to->operands[2].scale = (uint8_t)shift;
		return true;
	}
	value <<= shift;
	if (choice == 0) /* movn */
		value = ~value;
	to->operation = OPERATION_MOVE;
	put_immediate(&to->operands[1], width,
		      width == 8 ? (int64_t)value : (int64_t)(uint32_t)value);
	return true;
}

/* Shifts and extensions are forms of sbfm and ubfm; the fields themselves are not followed. */
static bool decode_bit_field(uint32_t word, struct instruction *to)
{
	unsigned width = width_of(word);
	unsigned top = width * 8 - 1;
	unsigned rotation = bits(word, 21, 16);
	unsigned last = bits(word, 15, 10);
	unsigned choice = bits(word, 30, 29);
	if (choice == 3 || bit(word, 22) != bit(word, 31) || rotation > top || last > top)
		return false;
	bool keeps_low = rotation == 0 && (last == 7 || last == 15 || last == 31);
	bool shifts_left = choice == 2 && last != top && last + 1 == rotation;
	if (choice == 1 || !(keeps_low || shifts_left || (choice == 2 && last == top))) {
		other(to, bit_of(rn(word)) | (choice == 1 ? bit_of(rd(word)) : 0),
		      bit_of(rd(word)));
		return true;
	}
	put_destination(&to->operands[0], rd(word), width);
	put_source(&to->operands[1], rn(word), width);
	if (keeps_low) {
		to->operation = choice == 0 ? OPERATION_SIGN_EXTEND : OPERATION_MOVE;
		to->operands[1].width_bytes = (uint8_t)((last + 1) / 8);
	} else {
		to->operation = shifts_left ? OPERATION_SHIFT_LEFT : OPERATION_SHIFT_RIGHT;
		put_immediate(&to->operands[2], 1, shifts_left ? top - last : rotation);
	}
	return true;
}

static bool decode_immediate(uint32_t word, struct instruction *to)
{
	switch (bits(word, 25, 23)) {
	case 0:
	case 1:
		return decode_address(word, to);
	case 2:
		return decode_add_immediate(word, to);
	case 3: /* addg, subg; smax and the like */
		other(to, BIT(rn(word)), bit(word, 22) ? bit_of(rd(word)) : BIT(rd(word)));
		return true;
	case 4:
		return decode_logical_immediate(word, to);
	case 5:
		return decode_move_wide(word, to);
	case 6:
		return decode_bit_field(word, to);
	default: /* extr */
		other(to, bit_of(rn(word)) | bit_of(rm(word)), bit_of(rd(word)));
		return true;
	}
}

static const uint8_t conditions[16] = {
	CONDITION_EQUAL,    CONDITION_NOT_EQUAL,    CONDITION_ABOVE_EQUAL,   CONDITION_BELOW,
	CONDITION_NEGATIVE, CONDITION_NOT_NEGATIVE, CONDITION_OTHER,         CONDITION_OTHER,
	CONDITION_ABOVE,    CONDITION_BELOW_EQUAL,  CONDITION_GREATER_EQUAL, CONDITION_LESS,
	CONDITION_GREATER,  CONDITION_LESS_EQUAL,   CONDITION_OTHER,         CONDITION_OTHER,
};

static void put_target(struct instruction *to, int64_t words)
{
	put_immediate(&to->operands[1], 8, (int64_t)(to->va + (uint64_t)words * 4));
}

static bool decode_exception(uint32_t word, struct instruction *to)
{
	unsigned choice = bits(word, 23, 21) << 2 | bits(word, 1, 0);
	if (bits(word, 4, 2) != 0)
		return false;
	switch (choice) {
	case 1:
		to->operation = OPERATION_SYSCALL;
		to->registers_written = BIT(0);
		return true;
	case 2: /* hvc, smc */
	case 3:
		other(to, 0xf, 0xf);
		return true;
	case 4: /* brk, hlt, dcps1 to dcps3 */
	case 8:
	case 21:
	case 22:
	case 23:
		to->operation = OPERATION_TRAP;
		return true;
	default:
		return false;
	}
}

/* Hints: those of pointer authentication change x30 or x17, the others nothing. */
static void decode_hint(uint32_t word, struct instruction *to)
{
	unsigned hint = bits(word, 11, 5);
	to->operation = OPERATION_NOTHING;
	if (hint == 7 || (hint >= 24 && hint < 32))
		other(to, BIT(X30), BIT(X30));
	else if (hint >= 8 && hint < 16)
		other(to, BIT(X16) | BIT(X17), BIT(X17));
}

static bool decode_system(uint32_t word, struct instruction *to)
{
	if ((word & 0xfffff01f) == 0xd503201f) {
		decode_hint(word, to);
	} else if ((word & 0xfffff000) == 0xd5033000) { /* barriers */
		to->operation = OPERATION_NOTHING;
	} else if (bit(word, 21)) { /* mrs, sysl */
		other(to, 0, bit_of(rd(word)));
	} else { /* msr, which may write the flags; sys, which may write memory (dc zva) */
		other(to, bit_of(rd(word)), 0);
		to->sets_flags = bits(word, 20, 19) != 1;
		to->writes_memory =
		    (word & 0xfff8ff00) == 0xd5087400 || (word & 0xffffff00) == 0xd50b7400;
	}
	return true;
}

/* br, blr, ret and their forms with authentication. */
static bool decode_branch_register(uint32_t word, struct instruction *to)
{
	static const uint8_t operations[4] = { OPERATION_JUMP, OPERATION_CALL, OPERATION_RETURN };
	unsigned choice = bits(word, 24, 21);
	if (bits(word, 20, 16) != 31 || (bits(word, 15, 10) & 0x3c) != 0)
		return false;
	if (choice == 4) {
		to->operation = OPERATION_RETURN; /* eret */
		return true;
	}
	to->operation = operations[choice & 3];
	if ((choice & 6) != 0 && choice != 2 && (choice & 14) != 8)
		return false;
	put_register_or_sp(&to->operands[1], rn(word), 8);
	if (to->operation == OPERATION_RETURN && bits(word, 15, 10) != 0) /* retaa, retab */
		put_register_or_sp(&to->operands[1], X30, 8);
	if (to->operation == OPERATION_CALL)
		to->registers_written = BIT(X30);
	return true;
}

static bool decode_branch(uint32_t word, struct instruction *to)
{
	if ((word & 0x7c000000) == 0x14000000) {
		to->operation = bit(word, 31) ? OPERATION_CALL : OPERATION_JUMP;
		to->registers_written = bit(word, 31) ? BIT(X30) : 0;
		put_target(to, signed_bits(word, 25, 0));
		return true;
	}
	if ((word & 0x7c000000) == 0x34000000) { /* cbz, cbnz, tbz, tbnz */
		bool tests_bit = bit(word, 25);
		to->operation = OPERATION_BRANCH;
		put_target(to, tests_bit ? signed_bits(word, 18, 5) : signed_bits(word, 23, 5));
		if (tests_bit)
			return true;
		to->condition = bit(word, 24) ? CONDITION_NOT_ZERO : CONDITION_ZERO;
		put_source(&to->operands[2], rd(word), width_of(word));
		return true;
	}
	switch (word >> 24) {
	case 0x54:
		to->operation = OPERATION_BRANCH;
		to->condition = conditions[word & 15];
		put_target(to, signed_bits(word, 23, 5));
		return true;
	case 0xd4:
		return decode_exception(word, to);
	case 0xd5:
		return !bit(word, 23) && !bit(word, 22) && decode_system(word, to);
	case 0xd6:
	case 0xd7:
		return decode_branch_register(word, to);
	default:
		return false;
	}
}

/* Loads and stores of one general register, its memory operand being there. */
static void move_general(struct instruction *to, const struct operand *memory, unsigned reg,
			 bool is_load)
{
	to->operation = OPERATION_MOVE;
	to->operands[is_load] = *memory;
	if (is_load) {
		put_destination(&to->operands[0], reg, memory->width_bytes == 8 ? 8 : 4);
		return;
	}
	to->writes_memory = true;
	put_source(&to->operands[1], reg, memory->width_bytes);
}

static void put_other_memory(struct instruction *to, const struct operand *memory, bool is_written)
{
	to->operands[is_written ? 0 : 1] = *memory;
	to->writes_memory = is_written;
}

static void note_base_change(struct instruction *to, unsigned base, int64_t change_bytes)
{
	to->registers_written |= BIT(base);
	to->base_change_bytes = (int16_t)change_bytes;
}

static bool decode_exclusive(uint32_t word, struct instruction *to)
{
	unsigned size = 1u << bits(word, 31, 30);
	unsigned status = rm(word);
	bool is_load = bit(word, 22);
	bool is_ordered = bit(word, 23);
	bool is_pair = bit(word, 21);
	struct operand memory;
	put_memory(&memory, rn(word), 0, size);
	if (is_ordered && !is_pair) { /* ldar, stlr */
		move_general(to, &memory, rd(word), is_load);
		return true;
	}
	uint32_t data = bit_of(rd(word));
	if (is_pair && is_ordered) { /* cas */
		other(to, BIT(rn(word)) | data | bit_of(status), bit_of(status));
	} else if (is_pair && !bit(word, 31)) { /* casp: even registers and the next ones */
		memory.width_bytes = bit(word, 30) ? 16 : 8;
		other(to, BIT(rn(word)) | data | data << 1 | bit_of(status) * 3,
		      bit_of(status) * 3);
	} else {
		uint32_t second = is_pair ? bit_of(bits(word, 14, 10)) : 0;
		memory.width_bytes = (uint8_t)(is_pair ? size * 2 : size);
		if (is_load)
			other(to, BIT(rn(word)), data | second);
		else
			other(to, BIT(rn(word)) | data | second, bit_of(status));
	}
	put_other_memory(to, &memory, (is_pair && (is_ordered || !bit(word, 31))) || !is_load);
	return true;
}

static bool decode_literal(uint32_t word, struct instruction *to)
{
	static const uint8_t widths[2][4] = { { 4, 8, 4, 0 }, { 4, 8, 16, 0 } };
	unsigned choice = bits(word, 31, 30);
	bool is_vector = bit(word, 26);
	struct operand memory;
	put_memory(&memory, REGISTER_NONE,
		   (int64_t)(to->va + (uint64_t)signed_bits(word, 23, 5) * 4),
		   widths[is_vector][choice]);
	if (choice == 3 || is_vector) {
		to->operation = is_vector ? OPERATION_OTHER : OPERATION_NOTHING;
		if (is_vector)
			put_other_memory(to, &memory, false);
		return !is_vector || choice != 3;
	}
	move_general(to, &memory, rd(word), true);
	if (choice == 2) { /* ldrsw */
		to->operation = OPERATION_SIGN_EXTEND;
		put_destination(&to->operands[0], rd(word), 8);
	}
	return true;
}

static bool decode_pair(uint32_t word, struct instruction *to)
{
	unsigned choice = bits(word, 31, 30);
	unsigned mode = bits(word, 24, 23); /* 0, 2: offset; 1: after; 3: before */
	bool is_vector = bit(word, 26);
	bool is_load = bit(word, 22);
	unsigned size = is_vector ? 4u << choice : choice == 2 ? 8 : 4;
	bool has_tags = choice == 1 && !is_vector && !is_load; /* stgp */
	if (choice == 3)
		return false;
	if (has_tags)
		size = 16;
	int64_t offset = signed_bits(word, 21, 15) * (int64_t)size;
	struct operand memory;
	put_memory(&memory, rn(word), mode == 1 ? 0 : offset, has_tags ? 16 : size * 2);
	uint32_t data = is_vector ? 0 : bit_of(rd(word)) | bit_of(bits(word, 14, 10));
	if (is_load)
		other(to, BIT(rn(word)), data);
	else
		other(to, BIT(rn(word)) | data, 0);
	put_other_memory(to, &memory, !is_load);
	if ((mode & 1) != 0)
		note_base_change(to, rn(word), offset);
	return true;
}

/* The register and memory of ldr, str and their kin, by size and opc (bits 31:30 and 23:22). */
static bool move_sized(uint32_t word, const struct operand *memory, struct instruction *to)
{
	unsigned choice = bits(word, 23, 22);
	if (bit(word, 26)) {
		to->operation = OPERATION_OTHER;
		to->registers_read |= bit_of(memory->reg);
		put_other_memory(to, memory, (choice & 1) == 0);
		return true;
	}
	if (choice >= 2 && memory->width_bytes == 8) {
		to->operation = OPERATION_NOTHING; /* prfm */
		return choice == 2;
	}
	if (choice == 3 && memory->width_bytes == 4)
		return false;
	move_general(to, memory, rd(word), choice != 0);
	if (choice >= 2) {
		to->operation = OPERATION_SIGN_EXTEND;
		put_destination(&to->operands[0], rd(word), choice == 2 ? 8 : 4);
	}
	return true;
}

static unsigned sized_bytes(uint32_t word)
{
	unsigned size = bits(word, 31, 30);
	return bit(word, 26) && bit(word, 23) ? 16 : 1u << size;
}

static bool decode_atomic(uint32_t word, struct instruction *to)
{
	struct operand memory;
	unsigned choice = bits(word, 15, 12);
	put_memory(&memory, rn(word), 0, 1u << bits(word, 31, 30));
	if (choice == 12) { /* ldapr */
		move_general(to, &memory, rd(word), true);
		return true;
	}
	other(to, BIT(rn(word)) | bit_of(rm(word)), bit_of(rd(word)));
	if (choice > 8) { /* ld64b, st64b, st64bv */
		memory.width_bytes = 64;
		to->registers_read |= UINT32_C(0xff) << (rd(word) & 0x17);
		to->registers_written |= UINT32_C(0xff) << (rd(word) & 0x17) | bit_of(rm(word));
	}
	put_other_memory(to, &memory, true);
	return !bit(word, 26);
}

static bool decode_register_offset(uint32_t word, struct instruction *to)
{
	struct operand memory;
	unsigned size = sized_bytes(word);
	unsigned extension = bits(word, 15, 13);
	put_memory(&memory, rn(word), 0, size);
	memory.index = rm(word) == ZERO ? REGISTER_NONE : (uint8_t)rm(word);
	memory.scale = (uint8_t)(rm(word) == ZERO ? 0 : bit(word, 12) ? size : 1);
	memory.foreign = extension == 6; /* sxtw: not the register's value */
	to->registers_read = bit_of(rm(word));
	return (extension & 2) != 0 && move_sized(word, &memory, to);
}

/* ldraa, ldrab: the pointer is authenticated first. */
static bool decode_authenticated(uint32_t word, struct instruction *to)
{
	int64_t offset = (signed_bits(word, 22, 22) * 512 + (int64_t)bits(word, 20, 12)) * 8;
	struct operand memory;
	put_memory(&memory, rn(word), offset, 8);
	move_general(to, &memory, rd(word), true);
	if (bit(word, 11))
		note_base_change(to, rn(word), offset);
	return bits(word, 31, 30) == 3;
}

static bool decode_single(uint32_t word, struct instruction *to)
{
	struct operand memory;
	unsigned size = sized_bytes(word);
	unsigned mode = bits(word, 11, 10);
	if (bit(word, 24)) {
		put_memory(&memory, rn(word), (int64_t)bits(word, 21, 10) * (int64_t)size, size);
		return move_sized(word, &memory, to);
	}
	if (bit(word, 21)) {
		if (mode == 2)
			return decode_register_offset(word, to);
		return mode == 0 ? decode_atomic(word, to) : decode_authenticated(word, to);
	}
	/* 0: offset, 1: base changed after, 2: as from user mode, 3: base changed before */
	int64_t offset = signed_bits(word, 20, 12);
	put_memory(&memory, rn(word), mode == 1 ? 0 : offset, size);
	if (!move_sized(word, &memory, to))
		return false;
	if ((mode & 1) == 0)
		return true;
	note_base_change(to, rn(word), offset);
	return to->operation != OPERATION_NOTHING; /* prfm has no such form */
}

/* ld1 to ld4 and st1 to st4, with one element or several. */
static bool decode_structure(uint32_t word, struct instruction *to)
{
	struct operand memory;
	put_memory(&memory, rn(word), 0, 0);
	to->registers_read = BIT(rn(word));
	if (bit(word, 23)) { /* the base moves by a register or by the size */
		to->registers_read |= bit_of(rm(word));
		to->registers_written = BIT(rn(word));
	}
	put_other_memory(to, &memory, !bit(word, 22));
	return true;
}

/* 19: ldapur, stlur and copies; d9: tags. */
static bool decode_unscaled(uint32_t word, struct instruction *to)
{
	struct operand memory;
	bool is_tag = word >> 24 == 0xd9 && bit(word, 21);
	if (is_tag) {
		unsigned mode = bits(word, 11, 10);
		bool is_load = mode == 0 && bit(word, 22); /* ldg, ldgm */
		put_memory(&memory, rn(word), 0, 0);
		other(to, BIT(rn(word)) | bit_of(rd(word)), is_load ? bit_of(rd(word)) : 0);
		if ((mode & 1) != 0)
			note_base_change(to, rn(word), 0);
		put_other_memory(to, &memory, !is_load);
	} else if (bits(word, 11, 10) == 0 && !bit(word, 26)) {
		put_memory(&memory, rn(word), signed_bits(word, 20, 12), sized_bytes(word));
		return move_sized(word, &memory, to);
	} else { /* cpyf, set: three registers move */
		uint32_t all = bit_of(rd(word)) | bit_of(rn(word)) | bit_of(rm(word));
		other(to, all, all);
		to->sets_flags = true;
		to->writes_memory = true;
	}
	return true;
}

static bool decode_memory(uint32_t word, struct instruction *to)
{
	switch (bits(word, 29, 28)) {
	case 0:
		if (bit(word, 26))
			return !bit(word, 31) && decode_structure(word, to);
		return !bit(word, 24) && decode_exclusive(word, to);
	case 1:
		return bit(word, 24) ? decode_unscaled(word, to) : decode_literal(word, to);
	case 2:
		return decode_pair(word, to);
	default:
		return decode_single(word, to);
	}
}

static bool decode_two_sources(uint32_t word, struct instruction *to)
{
	unsigned width = width_of(word);
	unsigned choice = bits(word, 15, 10);
	if (choice == 8 || choice == 9) { /* lsl, lsr */
		to->operation = choice == 8 ? OPERATION_SHIFT_LEFT : OPERATION_SHIFT_RIGHT;
		put_destination(&to->operands[0], rd(word), width);
		put_source(&to->operands[1], rn(word), width);
		put_source(&to->operands[2], rm(word), 1);
		return true;
	}
	bool has_stack_pointer = choice == 4 || choice == 0; /* irg, subp */
	other(to, BIT(rn(word)) | bit_of(rm(word)),
	      has_stack_pointer && choice == 4 ? BIT(rd(word)) : bit_of(rd(word)));
	to->sets_flags = bit(word, 29);
	return true;
}

/* Shifted and extended registers are followed only when they are neither. */
static bool decode_logical(uint32_t word, struct instruction *to)
{
	unsigned width = width_of(word);
	unsigned choice = bits(word, 30, 29);
	bool is_plain = bits(word, 15, 10) == 0 && !bit(word, 21);
	if (bit(word, 15) && width == 4)
		return false;
	to->sets_flags = choice == 3;
	if (!is_plain) {
		other(to, bit_of(rn(word)) | bit_of(rm(word)), bit_of(rd(word)));
		return true;
	}
	put_destination(&to->operands[0], rd(word), width);
	put_source(&to->operands[1], rn(word), width);
	put_source(&to->operands[2], rm(word), width);
	to->operation = logical_operations[choice];
	if (choice == 3 && rd(word) == ZERO)
		compare_as(to, OPERATION_TEST);
	if (choice == 1 && rn(word) == ZERO) {
		to->operation = OPERATION_MOVE;
		to->operands[1] = to->operands[2];
		to->operands[2] = (struct operand){ 0 };
	}
	return true;
}

static bool decode_add(uint32_t word, struct instruction *to)
{
	unsigned width = width_of(word);
	bool is_extended = bit(word, 21);
	bool subtracts = bit(word, 30);
	bool sets_flags = bit(word, 29);
	bool has_stack_pointer = is_extended && !sets_flags;
	unsigned whole = width == 8 ? 3 : 2; /* uxtx or uxtw: the register itself */
	bool is_plain = is_extended ? (bits(word, 15, 13) & 3) == whole && bits(word, 12, 10) == 0
				    : bits(word, 15, 10) == 0;
	bool compares = sets_flags && rd(word) == ZERO;
	to->sets_flags = sets_flags;
	if (!is_plain || (compares && !subtracts)) {
		other(to, (is_extended ? BIT(rn(word)) : bit_of(rn(word))) | bit_of(rm(word)),
		      has_stack_pointer ? BIT(rd(word)) : bit_of(rd(word)));
		return true;
	}
	to->operation = subtracts ? OPERATION_SUBTRACT : OPERATION_ADD;
	if (has_stack_pointer)
		put_register_or_sp(&to->operands[0], rd(word), width);
	else
		put_destination(&to->operands[0], rd(word), width);
	if (is_extended)
		put_register_or_sp(&to->operands[1], rn(word), width);
	else
		put_source(&to->operands[1], rn(word), width);
	put_source(&to->operands[2], rm(word), width);
	if (compares)
		compare_as(to, OPERATION_COMPARE);
	return true;
}

static bool decode_select(uint32_t word, struct instruction *to)
{
	unsigned width = width_of(word);
	bool inverts = bit(word, 30);
	bool is_next = bit(word, 10);
	if (inverts && rm(word) != ZERO) { /* csinv, csneg */
		other(to, bit_of(rn(word)) | bit_of(rm(word)), bit_of(rd(word)));
		return true;
	}
	to->operation = is_next && !inverts ? OPERATION_SELECT_NEXT : OPERATION_SELECT;
	to->condition = conditions[bits(word, 15, 12)];
	put_destination(&to->operands[0], rd(word), width);
	put_source(&to->operands[1], rm(word), width);
	if (inverts && !is_next)
		to->operands[1].value = width == 8 ? (int64_t)-1 : (int64_t)UINT32_MAX;
	put_source(&to->operands[2], rn(word), width);
	return true;
}

static bool decode_register(uint32_t word, struct instruction *to)
{
	unsigned choice = bits(word, 24, 21);
	if (!bit(word, 28))
		return (choice & 8) == 0 ? decode_logical(word, to) : decode_add(word, to);
	uint32_t read = bit_of(rn(word)) | bit_of(rm(word));
	switch (choice) {
	case 0: /* adc, sbc; rmif and setf write the flags only */
		other(to, read, bits(word, 15, 10) == 0 ? bit_of(rd(word)) : 0);
		to->sets_flags = bit(word, 29);
		return true;
	case 2: /* ccmp, ccmn */
		other(to, read, 0);
		to->sets_flags = true;
		return true;
	case 4:
		return decode_select(word, to);
	case 6:
		if (!bit(word, 30))
			return decode_two_sources(word, to);
		other(to, bit_of(rn(word)) | bit_of(rd(word)), bit_of(rd(word)));
		return true;
	default: /* madd and the like */
		other(to, read | bit_of(bits(word, 14, 10)), bit_of(rd(word)));
		return (choice & 8) != 0;
	}
}

/* Vectors and floating point: what comes from or goes to general registers and flags. */
static bool decode_vector(uint32_t word, struct instruction *to)
{
	to->operation = OPERATION_OTHER;
	if ((word & 0x5f20fc00) == 0x1e200000 || (word & 0x5f200000) == 0x1e000000) {
		unsigned choice = bits(word, 18, 16); /* conversions, fmov */
		if (choice == 2 || choice == 3 || choice == 7)
			to->registers_read = bit_of(rn(word));
		else
			to->registers_written = bit_of(rd(word));
		to->sets_flags = choice == 6; /* fjcvtzs */
		if ((word & 0x00180000) != 0x00180000)
			to->sets_flags = false;
	} else if ((word & 0xbfe08400) == 0x0e000400) {
		unsigned choice = bits(word, 14, 11);
		if (choice == 5 || choice == 7) /* smov, umov */
			to->registers_written = bit_of(rd(word));
		else /* dup, ins */
			to->registers_read = bit_of(rn(word));
	} else {
		to->sets_flags = (word & 0xff203c00) == 0x1e202000 || /* fcmp */
				 (word & 0xff200c00) == 0x1e200400;   /* fccmp */
	}
	return true;
}

/* SVE and SME: not looked at; what they may write is noted. */
static bool decode_scalable(uint32_t word, struct instruction *to)
{
	uint32_t all = bit_of(rn(word)) | bit_of(rm(word)) | BIT(rd(word));
	other(to, all, BIT(rd(word)));
	to->sets_flags = true;
	to->writes_memory = bits(word, 31, 29) == 7;
	return true;
}

bool aarch64_decode(const uint8_t *bytes, size_t size_bytes, uint64_t va,
		    struct instruction *out_instruction)
{
	uint32_t word;
	struct instruction to = { .va = va, .length_bytes = sizeof(word) };
	bool is_good = false;
	if (size_bytes < sizeof(word))
		return false;
	memcpy(&word, bytes, sizeof(word));
	switch (bits(word, 28, 25)) {
	case 0:
		is_good = bit(word, 31) ? decode_scalable(word, &to) : word >> 16 == 0;
		if (word >> 16 == 0)
			to.operation = OPERATION_TRAP; /* udf */
		break;
	case 2:
		is_good = decode_scalable(word, &to);
		break;
	case 8:
	case 9:
		is_good = decode_immediate(word, &to);
		break;
	case 10:
	case 11:
		is_good = decode_branch(word, &to);
		break;
	case 5:
	case 13:
		is_good = decode_register(word, &to);
		break;
	case 7:
	case 15:
		is_good = decode_vector(word, &to);
		break;
	case 4:
	case 6:
	case 12:
	case 14:
		is_good = decode_memory(word, &to);
		break;
	default: /* free */
		break;
	}
	if (!is_good)
		return false;
	if (to.operands[0].kind == OPERAND_REGISTER)
		to.registers_written |= BIT(to.operands[0].reg);
	*out_instruction = to;
	return true;
}
