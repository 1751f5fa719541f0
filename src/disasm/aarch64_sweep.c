/*
 * The pass over A64 code: every word is decoded. Addresses come in two parts, a page by adrp and
 * the rest by what uses it; each register's last page is remembered until it is written again, in
 * address order, so a use that is reached by a jump over other writes is not seen here.
 */
#include <string.h>

#include "disasm/decoders.h"
#include "disasm/sweepers.h"

enum { WORD_BYTES = 4 };

static bool is_padding(uint32_t word)
{
	return word == 0xd503201f || (word & 0xffffff3f) == 0xd503241f; /* nop, bti */
}

static bool is_known_page(const struct sweep *sweep, uint8_t reg)
{
	return reg < REGISTER_LIMIT && (sweep->known_pages >> reg & 1) != 0;
}

/* The memory operand, when its address is known. */
static const struct operand *known_memory(const struct sweep *sweep,
					  const struct instruction *instruction,
					  uint64_t *out_address)
{
	const struct operand *memory = &instruction->operands[0];
	if (memory->kind != OPERAND_MEMORY)
		memory++;
	if (memory->kind != OPERAND_MEMORY || memory->index != REGISTER_NONE)
		return NULL;
	*out_address = (uint64_t)memory->value;
	if (memory->reg == REGISTER_NONE)
		return memory;
	if (!is_known_page(sweep, memory->reg))
		return NULL;
	*out_address += sweep->pages[memory->reg];
	return memory;
}

static unsigned control_kind(const struct instruction *instruction, struct sweep_event *event)
{
	const struct operand *target = &instruction->operands[1];
	bool is_direct = target->kind == OPERAND_IMMEDIATE;
	if (is_direct)
		event->value = (uint64_t)target->value;
	else
		event->reg = target->reg;
	switch ((int)instruction->operation) {
	case OPERATION_CALL:
		return is_direct ? SWEEP_CALL : SWEEP_CALL_REGISTER;
	case OPERATION_JUMP:
		return is_direct ? SWEEP_JUMP : SWEEP_JUMP_REGISTER;
	default:
		return SWEEP_BRANCH;
	}
}

static unsigned value_kind(const struct sweep *sweep, const struct instruction *instruction,
			   uint32_t word, struct sweep_event *event)
{
	const struct operand *operands = instruction->operands;
	const struct operand *memory = known_memory(sweep, instruction, &event->value);
	if (instruction->operation == OPERATION_ADDRESS) {
		event->reg = operands[0].reg;
		return word >> 31 != 0 ? SWEEP_PAGE : SWEEP_ADDRESS; /* adrp, adr */
	}
	if (memory != NULL) {
		event->width_bytes = memory->width_bytes;
		return instruction->writes_memory ? SWEEP_STORE : SWEEP_LOAD;
	}
	event->reg = operands[0].reg;
	if (instruction->operation == OPERATION_MOVE && operands[0].kind == OPERAND_REGISTER &&
	    operands[1].kind == OPERAND_IMMEDIATE) {
		event->value = (uint64_t)operands[1].value;
		return SWEEP_IMMEDIATE;
	}
	if (instruction->operation == OPERATION_ADD && operands[2].kind == OPERAND_IMMEDIATE &&
	    is_known_page(sweep, operands[1].reg)) {
		event->value = sweep->pages[operands[1].reg] + (uint64_t)operands[2].value;
		return SWEEP_ADDRESS;
	}
	return SWEEP_COUNT;
}

/* SWEEP_COUNT: nothing to report. */
static unsigned classify(const struct sweep *sweep, const struct instruction *instruction,
			 uint32_t word, struct sweep_event *event)
{
	switch ((int)instruction->operation) {
	case OPERATION_SYSCALL:
		return SWEEP_SYSCALL;
	case OPERATION_TRAP:
		return SWEEP_TRAP;
	case OPERATION_RETURN:
		return SWEEP_RETURN;
	case OPERATION_NOTHING:
		return is_padding(word) ? SWEEP_PADDING : SWEEP_COUNT;
	case OPERATION_CALL:
	case OPERATION_JUMP:
	case OPERATION_BRANCH:
		return control_kind(instruction, event);
	default:
		return value_kind(sweep, instruction, word, event);
	}
}

static void remember_page(struct sweep *sweep, const struct instruction *instruction,
			  const struct sweep_event *event)
{
	sweep->known_pages &= ~instruction->registers_written;
	if (event->kind == SWEEP_PAGE && event->reg < REGISTER_LIMIT) {
		sweep->pages[event->reg] = event->value;
		sweep->known_pages |= UINT32_C(1) << event->reg;
	}
}

size_t aarch64_sweep(struct sweep *sweep, struct sweep_event *out_events, size_t capacity)
{
	size_t count = 0;
	while (sweep->off < sweep->code.size_bytes && count < capacity) {
		const uint8_t *bytes = sweep->code.bytes + sweep->off;
		size_t left_bytes = sweep->code.size_bytes - sweep->off;
		uint64_t va = sweep->va + sweep->off;
		struct sweep_event event = { .va = va, .reg = SWEEP_NO_REGISTER };
		struct instruction instruction;
		event.length_bytes = left_bytes < WORD_BYTES ? (uint8_t)left_bytes : WORD_BYTES;
		event.kind = SWEEP_BAD;
		if (aarch64_decode(bytes, left_bytes, va, &instruction)) {
			uint32_t word;
			memcpy(&word, bytes, sizeof(word));
			event.kind = (uint8_t)classify(sweep, &instruction, word, &event);
			remember_page(sweep, &instruction, &event);
		}
		sweep->off += event.length_bytes;
		if (event.kind != SWEEP_COUNT)
			out_events[count++] = event;
	}
	return count;
}
