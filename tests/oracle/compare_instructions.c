#include "compare_instructions.h"

#include <stdio.h>

const char *const difference_names[DIFFERENCE_COUNT] = {
	"operations-different", "operands-different", "writes-missed", "reads-missed",
	"flags-missed",         "stores-missed",      "writes-added",  "reads-added",
	"flags-added",          "stores-added",
};

static bool is_same_operand(const struct operand *theirs, const struct operand *ours)
{
	if (theirs->kind != ours->kind)
		return false;
	if (theirs->kind == OPERAND_NONE)
		return true;
	if (theirs->kind == OPERAND_IMMEDIATE) { /* as wide as the instruction uses it */
		unsigned unused = 64 - 8u * ours->width_bytes;
		return (uint64_t)(theirs->value ^ ours->value) << unused == 0;
	}
	bool is_same = theirs->reg == ours->reg && theirs->foreign == ours->foreign &&
		       (theirs->width_bytes == ours->width_bytes || ours->width_bytes == 0);
	if (theirs->kind == OPERAND_MEMORY)
		is_same = is_same && theirs->index == ours->index &&
			  (ours->foreign || theirs->scale == ours->scale) &&
			  theirs->value == ours->value;
	return is_same;
}

static bool has_same_operands(const struct instruction *theirs, const struct instruction *ours)
{
	if (ours->operation == OPERATION_NOTHING || ours->operation == OPERATION_TRAP)
		return true;
	for (int i = 0; i < OPERAND_LIMIT; i++)
		if (!is_same_operand(&theirs->operands[i], &ours->operands[i]))
			return false;
	return true;
}

/* The differences of two sets: what ours lacks, and what it has more. */
static uint32_t compare_sets(uint32_t theirs, uint32_t ours, enum difference missed)
{
	unsigned added = missed + (ADDED_WRITE - MISSED_WRITE);
	return (uint32_t)((theirs & ~ours) != 0) << missed | (uint32_t)((ours & ~theirs) != 0)
								 << added;
}

uint32_t compare_instructions(const struct instruction *theirs, const struct instruction *ours)
{
	uint32_t found = 0;
	if (theirs->operation != ours->operation || theirs->condition != ours->condition)
		found |= 1u << DIFFERENT_OPERATION;
	if (ours->operation == OPERATION_NOTHING || ours->operation == OPERATION_TRAP)
		return found;
	if (found == 0 && !has_same_operands(theirs, ours))
		found |= 1u << DIFFERENT_OPERAND;
	found |= compare_sets(theirs->registers_written, ours->registers_written, MISSED_WRITE);
	found |= compare_sets(theirs->sets_flags, ours->sets_flags, MISSED_FLAGS);
	found |= compare_sets(theirs->writes_memory, ours->writes_memory, MISSED_STORE);
	if (ours->operation == OPERATION_OTHER)
		found |= compare_sets(theirs->registers_read, ours->registers_read, MISSED_READ);
	return found;
}

static void show_operands(const struct instruction *instruction)
{
	for (int i = 0; i < OPERAND_LIMIT; i++) {
		const struct operand *operand = &instruction->operands[i];
		printf(" %u:%u:%u+%u*%u:%d:%#llx", operand->kind, operand->width_bytes,
		       operand->reg, operand->index, operand->scale, operand->foreign,
		       (unsigned long long)operand->value);
	}
	printf("\n");
}

void show_instructions(const char *name, const char *where, const uint8_t *bytes,
		       const struct instruction *theirs, const struct instruction *ours)
{
	printf("# %s %s %#llx:", name, where, (unsigned long long)theirs->va);
	for (size_t i = 0; i < theirs->length_bytes; i++)
		printf(" %02x", bytes[i]);
	printf(" operation %u not %u, written %#x not %#x, read %#x not %#x\n", ours->operation,
	       theirs->operation, ours->registers_written, theirs->registers_written,
	       ours->registers_read, theirs->registers_read);
	printf("#   ours  ");
	show_operands(ours);
	printf("#   theirs");
	show_operands(theirs);
}
