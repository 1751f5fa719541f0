/*
 * Prints what sysgap makes of the A64 code of a file, for test_aarch64.py to compare:
 *
 *   I va operation condition flags stores written change operand operand operand
 *   E va kind value reg width
 *   B va                              no instruction
 *
 * An operand is -, rREG.WIDTH, iVALUE or mBASE,INDEX,VALUE.WIDTH. A section begins with S.
 */
#include <elf.h>
#include <stdio.h>

#include "code_files.h"
#include "disasm/instruction.h"
#include "disasm/sweep.h"

enum { EVENT_COUNT = 1024 };

static void print_operand(const struct operand *operand)
{
	switch (operand->kind) {
	case OPERAND_REGISTER:
		printf(" r%u.%u", operand->reg, operand->width_bytes);
		break;
	case OPERAND_IMMEDIATE:
		printf(" i%llx", (unsigned long long)operand->value);
		break;
	case OPERAND_MEMORY:
		printf(" m%u,%u,%llx.%u", operand->reg, operand->index,
		       (unsigned long long)operand->value, operand->width_bytes);
		break;
	default:
		printf(" -");
		break;
	}
}

static void print_instruction(const struct instruction *instruction)
{
	printf("I %llx %u %u %d %d %x %d", (unsigned long long)instruction->va,
	       instruction->operation, instruction->condition, instruction->sets_flags,
	       instruction->writes_memory, instruction->registers_written,
	       instruction->base_change_bytes);
	for (int i = 0; i < OPERAND_LIMIT; i++)
		print_operand(&instruction->operands[i]);
	printf("\n");
}

static bool print_range(const struct code_range *range, void *context)
{
	struct sweep sweep;
	struct sweep_event events[EVENT_COUNT];
	struct instruction instruction;
	size_t count;
	(void)context;
	printf("S %llx %zx\n", (unsigned long long)range->va, range->code.size_bytes);
	for (size_t off = 0; off + 4 <= range->code.size_bytes; off += 4) {
		if (instruction_decode(ARCH_AARCH64, range->code.bytes + off, 4, range->va + off,
				       &instruction))
			print_instruction(&instruction);
		else
			printf("B %llx\n", (unsigned long long)(range->va + off));
	}
	if (sweep_init(&sweep, ARCH_AARCH64, range->code, range->va))
		while ((count = sweep_next(&sweep, events, EVENT_COUNT)) != 0)
			for (size_t i = 0; i < count; i++)
				printf("E %llx %u %llx %u %u\n", (unsigned long long)events[i].va,
				       events[i].kind, (unsigned long long)events[i].value,
				       events[i].reg, events[i].width_bytes);
	return true;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!code_files_visit(argv[i], EM_AARCH64, print_range, NULL))
			return 1;
	return 0;
}
