#include "disasm/instruction.h"

#include "disasm/decoders.h"

enum condition condition_inverse(enum condition condition)
{
	static const enum condition inverses[CONDITION_COUNT] = {
		[CONDITION_OTHER] = CONDITION_OTHER,
		[CONDITION_EQUAL] = CONDITION_NOT_EQUAL,
		[CONDITION_NOT_EQUAL] = CONDITION_EQUAL,
		[CONDITION_BELOW] = CONDITION_ABOVE_EQUAL,
		[CONDITION_BELOW_EQUAL] = CONDITION_ABOVE,
		[CONDITION_ABOVE] = CONDITION_BELOW_EQUAL,
		[CONDITION_ABOVE_EQUAL] = CONDITION_BELOW,
		[CONDITION_LESS] = CONDITION_GREATER_EQUAL,
		[CONDITION_LESS_EQUAL] = CONDITION_GREATER,
		[CONDITION_GREATER] = CONDITION_LESS_EQUAL,
		[CONDITION_GREATER_EQUAL] = CONDITION_LESS,
		[CONDITION_NEGATIVE] = CONDITION_NOT_NEGATIVE,
		[CONDITION_NOT_NEGATIVE] = CONDITION_NEGATIVE,
	};
	return inverses[condition];
}

const struct machine *machine_of(enum arch arch)
{
	return arch == ARCH_X86_64 ? &x86_64_machine : NULL;
}

bool instruction_decode(enum arch arch, const uint8_t *bytes, size_t size_bytes, uint64_t va,
			struct instruction *out_instruction)
{
	return arch == ARCH_X86_64 && x86_64_decode(bytes, size_bytes, va, out_instruction);
}
