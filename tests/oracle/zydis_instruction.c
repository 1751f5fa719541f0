/*
 * x86-64 instructions from Zydis's decoder in the words of disasm/instruction.h: what ours is
 * compared with. Instructions of Knights Corner are none.
 */
#include "zydis_instruction.h"

#include <string.h>

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11 };

#define BIT(reg) (UINT32_C(1) << (reg))

struct meaning {
	enum operation operation;
	enum condition condition;
};

/* clang-format off */
static struct meaning meaning_of(ZydisMnemonic mnemonic)
{
	switch ((int)mnemonic) {
	case ZYDIS_MNEMONIC_MOV: case ZYDIS_MNEMONIC_MOVZX: return (struct meaning){ OPERATION_MOVE, 0 };
	case ZYDIS_MNEMONIC_MOVSX: case ZYDIS_MNEMONIC_MOVSXD: case ZYDIS_MNEMONIC_CDQE:
		return (struct meaning){ OPERATION_SIGN_EXTEND, 0 };
	case ZYDIS_MNEMONIC_LEA: return (struct meaning){ OPERATION_ADDRESS, 0 };
	case ZYDIS_MNEMONIC_ADD: case ZYDIS_MNEMONIC_INC: return (struct meaning){ OPERATION_ADD, 0 };
	case ZYDIS_MNEMONIC_SUB: case ZYDIS_MNEMONIC_DEC: return (struct meaning){ OPERATION_SUBTRACT, 0 };
	case ZYDIS_MNEMONIC_AND: return (struct meaning){ OPERATION_AND, 0 };
	case ZYDIS_MNEMONIC_OR: return (struct meaning){ OPERATION_OR, 0 };
	case ZYDIS_MNEMONIC_XOR: return (struct meaning){ OPERATION_XOR, 0 };
	case ZYDIS_MNEMONIC_SHL: return (struct meaning){ OPERATION_SHIFT_LEFT, 0 };
	case ZYDIS_MNEMONIC_SHR: return (struct meaning){ OPERATION_SHIFT_RIGHT, 0 };
	case ZYDIS_MNEMONIC_CMP: return (struct meaning){ OPERATION_COMPARE, 0 };
	case ZYDIS_MNEMONIC_TEST: return (struct meaning){ OPERATION_TEST, 0 };
	case ZYDIS_MNEMONIC_PUSH: return (struct meaning){ OPERATION_PUSH, 0 };
	case ZYDIS_MNEMONIC_POP: return (struct meaning){ OPERATION_POP, 0 };
	case ZYDIS_MNEMONIC_LEAVE: return (struct meaning){ OPERATION_LEAVE, 0 };
	case ZYDIS_MNEMONIC_CALL: return (struct meaning){ OPERATION_CALL, 0 };
	case ZYDIS_MNEMONIC_JMP: return (struct meaning){ OPERATION_JUMP, 0 };
	case ZYDIS_MNEMONIC_SYSRET: case ZYDIS_MNEMONIC_SYSEXIT:
	case ZYDIS_MNEMONIC_RET: case ZYDIS_MNEMONIC_IRET: case ZYDIS_MNEMONIC_IRETD: case ZYDIS_MNEMONIC_IRETQ:
		return (struct meaning){ OPERATION_RETURN, 0 };
	case ZYDIS_MNEMONIC_SYSCALL: return (struct meaning){ OPERATION_SYSCALL, 0 };
	case ZYDIS_MNEMONIC_SYSENTER: return (struct meaning){ OPERATION_SYSCALL_I386, 0 };
	case ZYDIS_MNEMONIC_UD0: case ZYDIS_MNEMONIC_UD1: case ZYDIS_MNEMONIC_UD2: case ZYDIS_MNEMONIC_HLT:
		return (struct meaning){ OPERATION_TRAP, 0 };
	case ZYDIS_MNEMONIC_NOP: case ZYDIS_MNEMONIC_ENDBR64: case ZYDIS_MNEMONIC_PAUSE: case ZYDIS_MNEMONIC_LFENCE:
	case ZYDIS_MNEMONIC_MFENCE: case ZYDIS_MNEMONIC_SFENCE:
	case ZYDIS_MNEMONIC_PREFETCH: case ZYDIS_MNEMONIC_PREFETCHNTA: case ZYDIS_MNEMONIC_PREFETCHT0:
	case ZYDIS_MNEMONIC_PREFETCHT1: case ZYDIS_MNEMONIC_PREFETCHT2: case ZYDIS_MNEMONIC_PREFETCHW:
	case ZYDIS_MNEMONIC_PREFETCHWT1: case ZYDIS_MNEMONIC_CLDEMOTE: case ZYDIS_MNEMONIC_CLFLUSH:
	case ZYDIS_MNEMONIC_CLFLUSHOPT: case ZYDIS_MNEMONIC_CLWB: case ZYDIS_MNEMONIC_ENDBR32:
		return (struct meaning){ OPERATION_NOTHING, 0 };
	case ZYDIS_MNEMONIC_JZ: return (struct meaning){ OPERATION_BRANCH, CONDITION_EQUAL };
	case ZYDIS_MNEMONIC_JNZ: return (struct meaning){ OPERATION_BRANCH, CONDITION_NOT_EQUAL };
	case ZYDIS_MNEMONIC_JB: return (struct meaning){ OPERATION_BRANCH, CONDITION_BELOW };
	case ZYDIS_MNEMONIC_JBE: return (struct meaning){ OPERATION_BRANCH, CONDITION_BELOW_EQUAL };
	case ZYDIS_MNEMONIC_JNBE: return (struct meaning){ OPERATION_BRANCH, CONDITION_ABOVE };
	case ZYDIS_MNEMONIC_JNB: return (struct meaning){ OPERATION_BRANCH, CONDITION_ABOVE_EQUAL };
	case ZYDIS_MNEMONIC_JL: return (struct meaning){ OPERATION_BRANCH, CONDITION_LESS };
	case ZYDIS_MNEMONIC_JLE: return (struct meaning){ OPERATION_BRANCH, CONDITION_LESS_EQUAL };
	case ZYDIS_MNEMONIC_JNLE: return (struct meaning){ OPERATION_BRANCH, CONDITION_GREATER };
	case ZYDIS_MNEMONIC_JNL: return (struct meaning){ OPERATION_BRANCH, CONDITION_GREATER_EQUAL };
	case ZYDIS_MNEMONIC_JS: return (struct meaning){ OPERATION_BRANCH, CONDITION_NEGATIVE };
	case ZYDIS_MNEMONIC_JNS: return (struct meaning){ OPERATION_BRANCH, CONDITION_NOT_NEGATIVE };
	case ZYDIS_MNEMONIC_JO: case ZYDIS_MNEMONIC_JNO: case ZYDIS_MNEMONIC_JP: case ZYDIS_MNEMONIC_JNP:
	case ZYDIS_MNEMONIC_JCXZ: case ZYDIS_MNEMONIC_JECXZ: case ZYDIS_MNEMONIC_JRCXZ: case ZYDIS_MNEMONIC_LOOP:
	case ZYDIS_MNEMONIC_LOOPE: case ZYDIS_MNEMONIC_LOOPNE: case ZYDIS_MNEMONIC_XBEGIN:
		return (struct meaning){ OPERATION_BRANCH, CONDITION_OTHER };
	case ZYDIS_MNEMONIC_CMOVZ: return (struct meaning){ OPERATION_SELECT, CONDITION_EQUAL };
	case ZYDIS_MNEMONIC_CMOVNZ: return (struct meaning){ OPERATION_SELECT, CONDITION_NOT_EQUAL };
	case ZYDIS_MNEMONIC_CMOVB: return (struct meaning){ OPERATION_SELECT, CONDITION_BELOW };
	case ZYDIS_MNEMONIC_CMOVBE: return (struct meaning){ OPERATION_SELECT, CONDITION_BELOW_EQUAL };
	case ZYDIS_MNEMONIC_CMOVNBE: return (struct meaning){ OPERATION_SELECT, CONDITION_ABOVE };
	case ZYDIS_MNEMONIC_CMOVNB: return (struct meaning){ OPERATION_SELECT, CONDITION_ABOVE_EQUAL };
	case ZYDIS_MNEMONIC_CMOVL: return (struct meaning){ OPERATION_SELECT, CONDITION_LESS };
	case ZYDIS_MNEMONIC_CMOVLE: return (struct meaning){ OPERATION_SELECT, CONDITION_LESS_EQUAL };
	case ZYDIS_MNEMONIC_CMOVNLE: return (struct meaning){ OPERATION_SELECT, CONDITION_GREATER };
	case ZYDIS_MNEMONIC_CMOVNL: return (struct meaning){ OPERATION_SELECT, CONDITION_GREATER_EQUAL };
	case ZYDIS_MNEMONIC_CMOVS: return (struct meaning){ OPERATION_SELECT, CONDITION_NEGATIVE };
	case ZYDIS_MNEMONIC_CMOVNS: return (struct meaning){ OPERATION_SELECT, CONDITION_NOT_NEGATIVE };
	case ZYDIS_MNEMONIC_CMOVO: case ZYDIS_MNEMONIC_CMOVNO: case ZYDIS_MNEMONIC_CMOVP: case ZYDIS_MNEMONIC_CMOVNP:
		return (struct meaning){ OPERATION_SELECT, CONDITION_OTHER };
	default: return (struct meaning){ OPERATION_OTHER, 0 };
	}
}
/* clang-format on */

/* The general register's number, or REGISTER_NONE; out_high: ah, ch, dh or bh. */
static uint8_t general_register(ZydisRegister reg, bool *out_high)
{
	*out_high = false;
	if (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15)
		return (uint8_t)(reg - ZYDIS_REGISTER_RAX);
	if (reg >= ZYDIS_REGISTER_EAX && reg <= ZYDIS_REGISTER_R15D)
		return (uint8_t)(reg - ZYDIS_REGISTER_EAX);
	if (reg >= ZYDIS_REGISTER_AX && reg <= ZYDIS_REGISTER_R15W)
		return (uint8_t)(reg - ZYDIS_REGISTER_AX);
	if (reg < ZYDIS_REGISTER_AL || reg > ZYDIS_REGISTER_R15B)
		return REGISTER_NONE;
	/* al cl dl bl ah ch dh bh spl bpl sil dil r8b … */
	unsigned index = (unsigned)(reg - ZYDIS_REGISTER_AL);
	*out_high = index >= 4 && index < 8;
	return (uint8_t)(index < 4 ? index : index - 4);
}

static uint32_t register_bit(ZydisRegister reg)
{
	bool high;
	uint8_t number = general_register(reg, &high);
	return number == REGISTER_NONE ? 0 : BIT(number);
}

static void translate_memory(const ZydisDecodedOperand *from, const struct instruction *instruction,
			     struct operand *to)
{
	bool high;
	to->kind = OPERAND_MEMORY;
	to->reg = general_register(from->mem.base, &high);
	to->index = general_register(from->mem.index, &high);
	to->scale = from->mem.scale;
	to->value = from->mem.disp.has_displacement ? from->mem.disp.value : 0;
	to->foreign = from->mem.segment == ZYDIS_REGISTER_FS ||
		      from->mem.segment == ZYDIS_REGISTER_GS ||
		      (from->mem.index != ZYDIS_REGISTER_NONE && to->index == REGISTER_NONE);
	if (from->mem.base == ZYDIS_REGISTER_RIP || from->mem.base == ZYDIS_REGISTER_EIP)
		to->value =
		    (int64_t)(instruction->va + instruction->length_bytes + (uint64_t)to->value);
}

static void translate_operand(const ZydisDecodedOperand *from,
			      const struct instruction *instruction, struct operand *to)
{
	to->reg = to->index = REGISTER_NONE;
	to->width_bytes = (uint8_t)(from->size / 8);
	switch (from->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		to->reg = general_register(from->reg.value, &to->foreign);
		to->kind = to->reg == REGISTER_NONE ? OPERAND_NONE : OPERAND_REGISTER;
		break;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		to->kind = OPERAND_IMMEDIATE;
		to->value = (int64_t)from->imm.value.u;
		if (from->imm.is_relative)
			to->value = (int64_t)(instruction->va + instruction->length_bytes +
					      from->imm.value.u);
		break;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		translate_memory(from, instruction, to);
		break;
	case ZYDIS_OPERAND_TYPE_UNUSED:
	case ZYDIS_OPERAND_TYPE_POINTER:
	default:
		to->kind = OPERAND_NONE;
		break;
	}
}

/* What the instruction reads and writes, its hidden operands too. */
static void note_effects(const ZydisDecodedOperand *operands, uint8_t count,
			 struct instruction *instruction)
{
	for (uint8_t i = 0; i < count; i++) {
		const ZydisDecodedOperand *operand = &operands[i];
		bool writes = (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
		if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER) {
			uint32_t bit = register_bit(operand->reg.value);
			if (writes)
				instruction->registers_written |= bit;
			if ((operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0)
				instruction->registers_read |= bit;
		} else if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
			instruction->writes_memory |= writes;
			/* The addresses of visible operands are followed; those of string
			 * instructions and the like are only known to be read. */
			if (operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN)
				instruction->registers_read |= register_bit(operand->mem.base) |
							       register_bit(operand->mem.index);
		}
	}
}

static bool has_destination(enum operation operation)
{
	return (operation >= OPERATION_MOVE && operation <= OPERATION_SHIFT_RIGHT) ||
	       operation == OPERATION_SELECT || operation == OPERATION_OTHER ||
	       operation == OPERATION_POP;
}

/* OPERATION_OTHER keeps but its memory: as [0] when it is written, else as [1]. */
static void place_memory(const ZydisDecodedOperand *operands, uint8_t count,
			 struct instruction *instruction)
{
	for (uint8_t i = 0; i < count; i++) {
		const ZydisDecodedOperand *operand = &operands[i];
		bool writes = (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
		if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
			translate_operand(operand, instruction,
					  &instruction->operands[writes ? 0 : 1]);
	}
}

/* Two-operand instructions read what they write; here that has an operand of its own. */
static void place_operands(const ZydisDecodedOperand *operands, uint8_t count,
			   struct instruction *instruction)
{
	struct operand *to = instruction->operands;
	enum operation operation = instruction->operation;
	bool two_operands = operation >= OPERATION_ADD && operation <= OPERATION_SHIFT_RIGHT;
	uint8_t place = has_destination(operation) ? 0 : 1;
	for (uint8_t i = 0; i < count && place < OPERAND_LIMIT; i++, place++) {
		translate_operand(&operands[i], instruction, &to[place]);
		if (i == 0 && (two_operands || operation == OPERATION_SELECT))
			to[++place] = to[0];
	}
}

/* Those that Zydis describes in another way than the words of instruction.h expect. */
static void settle(ZydisMnemonic mnemonic, const ZydisDecodedOperand *operands,
		   struct instruction *instruction)
{
	struct operand *to = instruction->operands;
	if (mnemonic == ZYDIS_MNEMONIC_INC || mnemonic == ZYDIS_MNEMONIC_DEC) {
		to[2] = (struct operand){ .kind = OPERAND_IMMEDIATE,
					  .width_bytes = to[0].width_bytes,
					  .reg = REGISTER_NONE,
					  .index = REGISTER_NONE,
					  .value = 1 };
	} else if (mnemonic == ZYDIS_MNEMONIC_CDQE) {
		to[0] = (struct operand){ .kind = OPERAND_REGISTER,
					  .width_bytes = 8,
					  .reg = RAX,
					  .index = REGISTER_NONE };
		to[1] = to[0];
		to[1].width_bytes = 4;
	} else if (mnemonic == ZYDIS_MNEMONIC_INT) {
		if (operands[0].imm.value.u == 0x80) {
			instruction->operation = OPERATION_SYSCALL_I386;
			to[0] = (struct operand){ 0 };
		}
	} else if (mnemonic == ZYDIS_MNEMONIC_MOVSXD && to[0].width_bytes == 2) {
		to[1].width_bytes = 2; /* SDM volume 2, "MOVSXD r16, r/m16" */
	} else if (mnemonic == ZYDIS_MNEMONIC_INT3) {
		instruction->operation = OPERATION_TRAP;
	} else if (mnemonic == ZYDIS_MNEMONIC_XCHG && to[0].kind == OPERAND_REGISTER &&
		   to[1].kind == OPERAND_REGISTER && to[0].reg == to[1].reg &&
		   to[0].foreign == to[1].foreign && to[0].width_bytes != 4) {
		instruction->operation = OPERATION_NOTHING;
	}
	if (instruction->operation == OPERATION_SYSCALL ||
	    instruction->operation == OPERATION_SYSCALL_I386)
		instruction->registers_written = BIT(RAX) | BIT(RCX) | BIT(R11);
	/* Moves from or to vector, segment or control registers carry nothing that is followed. */
	if (instruction->operation == OPERATION_MOVE &&
	    (to[0].kind == OPERAND_NONE || to[1].kind == OPERAND_NONE))
		instruction->operation = OPERATION_OTHER;
}

bool zydis_instruction_decode(const ZydisDecoder *decoder, const uint8_t *bytes, size_t size_bytes,
			      uint64_t va, struct instruction *out_instruction)
{
	ZydisDecodedInstruction decoded;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, bytes, size_bytes, &decoded, operands)))
		return false;
	if (decoded.meta.isa_ext == ZYDIS_ISA_EXT_KNC ||
	    decoded.meta.isa_ext == ZYDIS_ISA_EXT_KNCE ||
	    decoded.meta.isa_ext == ZYDIS_ISA_EXT_KNCV)
		return false; /* of a processor that runs no other x86-64 code */
	struct meaning meaning = meaning_of(decoded.mnemonic);
	*out_instruction = (struct instruction){ .va = va,
						 .length_bytes = decoded.length,
						 .operation = (uint8_t)meaning.operation,
						 .condition = (uint8_t)meaning.condition };
	note_effects(operands, decoded.operand_count, out_instruction);
	place_operands(operands, decoded.operand_count_visible, out_instruction);
	settle(decoded.mnemonic, operands, out_instruction);
	if (out_instruction->operation == OPERATION_OTHER) {
		memset(out_instruction->operands, 0, sizeof(out_instruction->operands));
		place_memory(operands, decoded.operand_count_visible, out_instruction);
	}
	/* an address in the instruction itself is not signed: SDM volume 2, "MOV" */
	bool is_offset =
	    decoded.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && (decoded.opcode & 0xfc) == 0xa0;
	if (is_offset && decoded.address_width == 32)
		for (int i = 0; i < 2; i++)
			if (out_instruction->operands[i].kind == OPERAND_MEMORY)
				out_instruction->operands[i].value =
				    (uint32_t)out_instruction->operands[i].value;
	out_instruction->sets_flags =
	    decoded.cpu_flags != NULL &&
	    (decoded.cpu_flags->modified | decoded.cpu_flags->set_0 | decoded.cpu_flags->set_1 |
	     decoded.cpu_flags->undefined) != 0;
	return true;
}
