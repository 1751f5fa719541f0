/* Any words as A64 code: the decoder's promises, and the sweep must tell the same story. */
#include "check.h"
#include "disasm/instruction.h"
#include "disasm/sweep.h"

enum { VA = 0x400000, EVENT_COUNT = 64, CODE_LIMIT_BYTES = 4096 };

static bool is_register(uint8_t reg)
{
	return reg < REGISTER_LIMIT || reg == REGISTER_NONE;
}

static void check_instruction(const struct instruction *instruction)
{
	check(instruction->operation < OPERATION_COUNT);
	check(instruction->condition < CONDITION_COUNT);
	check(instruction->length_bytes == 4);
	for (int i = 0; i < OPERAND_LIMIT; i++) {
		const struct operand *operand = &instruction->operands[i];
		check(operand->kind <= OPERAND_MEMORY);
		if (operand->kind == OPERAND_REGISTER)
			check(operand->reg < REGISTER_LIMIT && operand->width_bytes != 0);
		if (operand->kind == OPERAND_MEMORY)
			check(is_register(operand->reg) && is_register(operand->index));
	}
	const struct operand *destination = &instruction->operands[0];
	if (destination->kind == OPERAND_REGISTER)
		check((instruction->registers_written >> destination->reg & 1) != 0);
	if (destination->kind == OPERAND_MEMORY)
		check(instruction->writes_memory);
	if (instruction->base_change_bytes != 0) {
		const struct operand *memory =
		    &instruction->operands[destination->kind != OPERAND_MEMORY];
		check(memory->kind == OPERAND_MEMORY);
		check((instruction->registers_written >> memory->reg & 1) != 0);
	}
}

static void check_event(const struct sweep_event *event, const struct instruction *instruction)
{
	bool is_direct =
	    event->kind == SWEEP_CALL || event->kind == SWEEP_JUMP || event->kind == SWEEP_BRANCH;
	check(event->length_bytes == 4);
	if (is_direct)
		check(event->value == (uint64_t)instruction->operands[1].value);
	check((event->kind == SWEEP_SYSCALL) == (instruction->operation == OPERATION_SYSCALL));
	check((event->kind == SWEEP_RETURN) == (instruction->operation == OPERATION_RETURN));
	check((event->kind == SWEEP_TRAP) == (instruction->operation == OPERATION_TRAP));
	if (event->kind == SWEEP_STORE)
		check(instruction->writes_memory);
	if (event->kind == SWEEP_CALL || event->kind == SWEEP_CALL_REGISTER)
		check(instruction->operation == OPERATION_CALL);
}

static bool must_be_reported(const struct instruction *instruction)
{
	return (instruction->operation >= OPERATION_CALL &&
		instruction->operation <= OPERATION_TRAP);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
	struct sweep sweep;
	struct sweep_event events[EVENT_COUNT];
	struct instruction instruction;
	size_t count = 0;
	size_t next = 0;
	if (size_bytes > CODE_LIMIT_BYTES)
		size_bytes = CODE_LIMIT_BYTES;
	check(sweep_init(&sweep, ARCH_AARCH64, (struct slice){ bytes, size_bytes }, VA));
	for (size_t off = 0; off < size_bytes; off += 4) {
		bool is_good = instruction_decode(ARCH_AARCH64, bytes + off, size_bytes - off,
						  VA + off, &instruction);
		if (is_good)
			check_instruction(&instruction);
		if (next == count) {
			next = 0;
			count = sweep_next(&sweep, events, EVENT_COUNT);
		}
		bool is_event = next < count && events[next].va == VA + off;
		check(next >= count || events[next].va >= VA + off);
		if (!is_good)
			check(is_event && events[next].kind == SWEEP_BAD);
		else if (is_event)
			check_event(&events[next], &instruction);
		else
			check(!must_be_reported(&instruction));
		next += is_event;
	}
	check(next == count && sweep_next(&sweep, events, EVENT_COUNT) == 0);
	return 0;
}
