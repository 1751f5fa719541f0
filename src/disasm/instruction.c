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
		[CONDITION_ZERO] = CONDITION_NOT_ZERO,
		[CONDITION_NOT_ZERO] = CONDITION_ZERO,
	};
	return inverses[condition];
}

const struct machine *machine_of(enum arch arch)
{
	switch ((int)arch) {
	case ARCH_X86_64:
		return &x86_64_machine;
	case ARCH_AARCH64:
		return &aarch64_machine;
	default:
		return NULL;
	}
}

bool instruction_decode(enum arch arch, const uint8_t *bytes, size_t size_bytes, uint64_t va,
			struct instruction *out_instruction)
{
	switch ((int)arch) {
	case ARCH_X86_64:
		return x86_64_decode(bytes, size_bytes, va, out_instruction);
	case ARCH_AARCH64:
		return aarch64_decode(bytes, size_bytes, va, out_instruction);
	default:
		return false;
	}
}
