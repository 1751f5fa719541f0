/*
 * Any bytes as x86-64 code: the decoder, the sweep and Zydis must tell the same story. What Zydis
 * accepts ours must accept with the same length and meaning; ours may name more registers.
 */
#include "check.h"
#include "disasm/sweep.h"
#include "zydis_instruction.h"

enum { VA = 0x400000, EVENT_COUNT = 64, CODE_LIMIT_BYTES = 4096 };

static bool is_register(uint8_t reg)
{
	return reg < 16 || reg == REGISTER_NONE;
}

static void check_operand(const struct operand *operand)
{
	check(operand->kind <= OPERAND_MEMORY);
	if (operand->kind == OPERAND_REGISTER)
		check(operand->reg < 16 && operand->width_bytes != 0);
	if (operand->kind == OPERAND_MEMORY) {
		check(is_register(operand->reg) && is_register(operand->index));
		check(operand->index == REGISTER_NONE || operand->scale != 0);
	}
}

static void check_instruction(const struct instruction *instruction, size_t left_bytes)
{
	check(instruction->operation < OPERATION_COUNT);
	check(instruction->condition < CONDITION_COUNT);
	check(instruction->length_bytes >= 1 && instruction->length_bytes <= 15);
	check(instruction->length_bytes <= left_bytes);
	check((instruction->registers_written | instruction->registers_read) < 0x10000);
	for (int i = 0; i < OPERAND_LIMIT; i++)
		check_operand(&instruction->operands[i]);
	const struct operand *destination = &instruction->operands[0];
	if (destination->kind == OPERAND_REGISTER)
		check((instruction->registers_written >> destination->reg & 1) != 0);
	if (destination->kind == OPERAND_MEMORY)
		check(instruction->writes_memory);
}

static void check_against_zydis(const struct instruction *ours, const uint8_t *bytes,
				size_t left_bytes)
{
	ZydisDecoder decoder;
	struct instruction theirs;
	(void)ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (!zydis_instruction_decode(&decoder, bytes, left_bytes, VA, &theirs))
		return;
	check(ours != NULL);
	check(ours->length_bytes == theirs.length_bytes);
	/* pause with REX.B, which processors take for xchg; nops among bound instructions */
	if (ours->operation == OPERATION_OTHER && theirs.operation == OPERATION_NOTHING)
		return;
	check(ours->operation == theirs.operation && ours->condition == theirs.condition);
	if (ours->operation == OPERATION_NOTHING || ours->operation == OPERATION_TRAP)
		return;
	check((theirs.registers_written & ~ours->registers_written) == 0);
	check(ours->sets_flags || !theirs.sets_flags);
	check(ours->writes_memory || !theirs.writes_memory);
}

/* What the sweep must report of an instruction, if anything. */
static enum sweep_kind kind_of(const struct instruction *instruction)
{
	const struct operand *target = &instruction->operands[1];
	static const uint8_t calls[] = { [OPERAND_REGISTER] = SWEEP_CALL_REGISTER,
					 [OPERAND_IMMEDIATE] = SWEEP_CALL,
					 [OPERAND_MEMORY] = SWEEP_CALL_MEMORY };
	static const uint8_t jumps[] = { [OPERAND_REGISTER] = SWEEP_JUMP_REGISTER,
					 [OPERAND_IMMEDIATE] = SWEEP_JUMP,
					 [OPERAND_MEMORY] = SWEEP_JUMP_MEMORY };
	switch ((int)instruction->operation) {
	case OPERATION_CALL:
		return calls[target->kind];
	case OPERATION_JUMP:
		return jumps[target->kind];
	case OPERATION_RETURN:
		return SWEEP_RETURN;
	case OPERATION_TRAP:
		return SWEEP_TRAP;
	case OPERATION_BRANCH:
		return SWEEP_BRANCH;
	case OPERATION_SYSCALL:
		return SWEEP_SYSCALL;
	default:
		return SWEEP_COUNT;
	}
}

static void check_event(const struct sweep_event *event, const struct instruction *instruction)
{
	check(event->length_bytes == instruction->length_bytes);
	enum sweep_kind expected = kind_of(instruction);
	bool is_direct =
	    expected == SWEEP_CALL || expected == SWEEP_JUMP || expected == SWEEP_BRANCH;
	if (is_direct)
		check(event->value == (uint64_t)instruction->operands[1].value);
	/* through memory of a constant address: a slot, or for far forms what is read */
	if (expected == SWEEP_CALL_MEMORY || expected == SWEEP_JUMP_MEMORY)
		check(event->kind == expected || event->kind == SWEEP_CALL_SLOT ||
		      event->kind == SWEEP_JUMP_SLOT || event->kind == SWEEP_LOAD);
	else if (expected != SWEEP_COUNT)
		check(event->kind == expected);
	if (event->kind == SWEEP_IMMEDIATE && instruction->operation == OPERATION_MOVE)
		check(event->reg == instruction->operands[0].reg);
	if (event->kind == SWEEP_STORE)
		check(instruction->writes_memory);
}

/* Both passes over the same bytes, instruction by instruction. */
static void check_sweep(const uint8_t *bytes, size_t size_bytes)
{
	struct sweep sweep;
	struct sweep_event events[EVENT_COUNT];
	struct instruction instruction;
	size_t count = 0;
	size_t next = 0;
	check(sweep_init(&sweep, ARCH_X86_64, (struct slice){ bytes, size_bytes }, VA));
	for (size_t off = 0; off < size_bytes;) {
		bool is_good = instruction_decode(ARCH_X86_64, bytes + off, size_bytes - off,
						  VA + off, &instruction);
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
			check(kind_of(&instruction) == SWEEP_COUNT &&
			      instruction.operation != OPERATION_SYSCALL_I386);
		next += is_event;
		off += is_good ? instruction.length_bytes : 1;
	}
	check(next == count && sweep_next(&sweep, events, EVENT_COUNT) == 0);
}

/* The bytes over and over, so that they are swept at two places at once, and one after the other. */
static void check_sweep_at_once(const uint8_t *bytes, size_t size_bytes)
{
	enum { LONG_BYTES = 10000, MANY = 2048 };
	static uint8_t code[LONG_BYTES];
	static struct sweep_event many[MANY];
	struct sweep_event few[EVENT_COUNT];
	struct sweep fast, slow;
	size_t many_count, few_count = 0, next = 0;
	for (size_t i = 0; i < LONG_BYTES; i++)
		code[i] = bytes[i % size_bytes];
	check(sweep_init(&fast, ARCH_X86_64, (struct slice){ code, LONG_BYTES }, VA));
	check(sweep_init(&slow, ARCH_X86_64, (struct slice){ code, LONG_BYTES }, VA));
	while ((many_count = sweep_next(&fast, many, MANY)) != 0)
		for (size_t i = 0; i < many_count; i++, next++) {
			if (next == few_count) {
				few_count = sweep_next(&slow, few, EVENT_COUNT);
				next = 0;
			}
			check(next < few_count && many[i].va == few[next].va &&
			      many[i].value == few[next].value && many[i].kind == few[next].kind &&
			      many[i].length_bytes == few[next].length_bytes &&
			      many[i].width_bytes == few[next].width_bytes);
		}
	check(next == few_count && sweep_next(&slow, few, EVENT_COUNT) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
	if (size_bytes > CODE_LIMIT_BYTES)
		size_bytes = CODE_LIMIT_BYTES;
	for (size_t off = 0; off < size_bytes; off++) {
		struct instruction instruction;
		bool is_good = instruction_decode(ARCH_X86_64, bytes + off, size_bytes - off, VA,
						  &instruction);
		if (is_good)
			check_instruction(&instruction, size_bytes - off);
		check_against_zydis(is_good ? &instruction : NULL, bytes + off, size_bytes - off);
	}
	check_sweep(bytes, size_bytes);
	if (size_bytes > 0)
		check_sweep_at_once(bytes, size_bytes);
	return 0;
}
