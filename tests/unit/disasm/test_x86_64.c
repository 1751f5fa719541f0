#include "../check.h"
#include "disasm/instruction.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

static struct instruction decode(const char *bytes, size_t size_bytes)
{
	struct instruction instruction;
	assert_true(instruction_decode(ARCH_X86_64, (const uint8_t *)bytes, size_bytes, 0x1000,
				       &instruction));
	assert_int_equal(instruction.length_bytes, size_bytes);
	return instruction;
}
#define DECODE(bytes) decode(bytes, sizeof(bytes) - 1)

static void reads_a_constant_move(void **state)
{
	(void)state;
	struct instruction move = DECODE("\xb8\x05\x00\x00\x00"); /* mov eax, 5 */
	assert_int_equal(move.operation, OPERATION_MOVE);
	assert_int_equal(move.operands[0].reg, RAX);
	assert_int_equal(move.operands[0].width_bytes, 4);
	assert_int_equal(move.operands[1].kind, OPERAND_IMMEDIATE);
	assert_int_equal(move.operands[1].value, 5);
	assert_int_equal(move.registers_written, 1U << RAX);
}

static void resolves_addresses_relative_to_the_instruction(void **state)
{
	(void)state;
	struct instruction lea = DECODE("\x48\x8d\x3d\x10\x00\x00\x00"); /* lea rdi, [rip+16] */
	assert_int_equal(lea.operation, OPERATION_ADDRESS);
	assert_int_equal(lea.operands[0].reg, RDI);
	assert_int_equal(lea.operands[1].kind, OPERAND_MEMORY);
	assert_int_equal(lea.operands[1].reg, REGISTER_NONE);
	assert_int_equal(lea.operands[1].value, 0x1017);
	struct instruction call = DECODE("\x67\xe8\xfa\xff\xff\xff"); /* addr32 call */
	assert_int_equal(call.operation, OPERATION_CALL);
	assert_int_equal(call.operands[1].value, 0x1000);
	struct instruction slot = DECODE("\xff\x15\x00\x10\x00\x00"); /* call *[rip+0x1000] */
	assert_int_equal(slot.operands[1].kind, OPERAND_MEMORY);
	assert_int_equal(slot.operands[1].value, 0x2006);
}

static void gives_two_operand_arithmetic_three(void **state)
{
	(void)state;
	struct instruction sub = DECODE("\x83\xeb\x04"); /* sub ebx, 4 */
	assert_int_equal(sub.operation, OPERATION_SUBTRACT);
	assert_int_equal(sub.operands[0].reg, RBX);
	assert_int_equal(sub.operands[1].reg, RBX);
	assert_int_equal(sub.operands[2].value, 4);
	struct instruction select = DECODE("\x0f\x44\xc1"); /* cmove eax, ecx */
	assert_int_equal(select.operation, OPERATION_SELECT);
	assert_int_equal(select.condition, CONDITION_EQUAL);
	assert_int_equal(select.operands[1].reg, RAX);
	assert_int_equal(select.operands[2].reg, RCX);
}

static void compares_have_no_destination(void **state)
{
	(void)state;
	struct instruction compare = DECODE("\x83\xff\xff"); /* cmp edi, -1 */
	assert_int_equal(compare.operation, OPERATION_COMPARE);
	assert_int_equal(compare.operands[0].kind, OPERAND_NONE);
	assert_int_equal(compare.operands[1].reg, RDI);
	assert_int_equal(compare.operands[2].value, -1);
	assert_int_equal(compare.registers_written, 0);
}

static void knows_hidden_effects(void **state)
{
	(void)state;
	struct instruction copy = DECODE("\xf3\x48\xa5"); /* rep movsq */
	assert_int_equal(copy.operation, OPERATION_OTHER);
	assert_true(copy.writes_memory);
	assert_int_equal(copy.registers_written, 1U << RCX | 1U << RSI | 1U << RDI);
	assert_true((copy.registers_read & (1U << RSI)) != 0);
	struct instruction call = DECODE("\x0f\x05");
	assert_int_equal(call.operation, OPERATION_SYSCALL);
	assert_true((call.registers_written & (1U << RAX)) != 0);
	assert_int_equal(DECODE("\xcd\x80").operation, OPERATION_SYSCALL_I386);
	assert_int_equal(DECODE("\x66\x90").operation, OPERATION_NOTHING);
}

static void marks_segment_relative_and_high_byte_operands(void **state)
{
	(void)state;
	struct instruction canary = DECODE("\x64\x48\x8b\x04\x25\x28\x00\x00\x00"); /* fs:0x28 */
	assert_true(canary.operands[1].foreign);
	struct instruction high = DECODE("\x80\xe4\xfd"); /* and ah, 0xfd */
	assert_int_equal(high.operands[0].reg, RAX);
	assert_true(high.operands[0].foreign);
}

static void keeps_only_memory_of_other_instructions(void **state)
{
	(void)state;
	struct instruction store = DECODE("\x0f\x29\x44\x24\x10"); /* movaps [rsp+16], xmm0 */
	assert_int_equal(store.operation, OPERATION_OTHER);
	assert_true(store.writes_memory);
	assert_int_equal(store.operands[0].kind, OPERAND_MEMORY);
	assert_int_equal(store.operands[0].width_bytes, 16);
	assert_int_equal(store.operands[0].value, 16);
	assert_int_equal(store.registers_written, 0);
	struct instruction load = DECODE("\x48\x0f\xaf\x05\x10\0\0\0"); /* imul rax, [rip+16] */
	assert_false(load.writes_memory);
	assert_int_equal(load.operands[0].kind, OPERAND_NONE);
	assert_int_equal(load.operands[1].value, 0x1018);
	assert_int_equal(load.registers_written, 1U << RAX);
	struct instruction set = DECODE("\x0f\x94\xc5"); /* sete ch */
	assert_int_equal(set.operation, OPERATION_OTHER);
	assert_int_equal(set.registers_written, 1U << RCX);
	assert_false(set.sets_flags);
}

static void scales_short_displacements_of_evex(void **state)
{
	(void)state;
	struct instruction store =
	    DECODE("\x62\xf1\x7c\x48\x29\x44\x24\x01"); /* vmovaps [rsp+64], zmm0 */
	assert_int_equal(store.operands[0].value, 64);
	assert_int_equal(store.operands[0].width_bytes, 64);
	struct instruction gather = DECODE("\xc4\xe2\x5d\x90\x04\x96"); /* [rsi + ymm2 * 4] */
	assert_true(gather.operands[1].foreign);
	assert_int_equal(gather.operands[1].index, REGISTER_NONE);
}

static void names_every_register_that_is_written(void **state)
{
	(void)state;
	assert_int_equal(DECODE("\x48\xf7\xe1").registers_written, 1U << RAX | 1U << RDX); /* mul */
	assert_int_equal(DECODE("\xf6\xf1").registers_written, 1U << RAX); /* div cl */
	assert_int_equal(DECODE("\x0f\xa2").registers_written, 0xf);       /* cpuid */
	assert_int_equal(DECODE("\x0f\x31").registers_written, 1U << RAX | 1U << RDX);
	assert_int_equal(DECODE("\x48\x87\xd9").registers_written, 1U << RBX | 1U << RCX);
	assert_int_equal(DECODE("\x48\x93").registers_written, 1U << RAX | 1U << RBX);
	/* cmpxchg [rdi], ecx; xadd [rdi], ecx */
	assert_int_equal(DECODE("\xf0\x0f\xb1\x0f").registers_written, 1U << RAX);
	assert_int_equal(DECODE("\xf0\x0f\xc1\x0f").registers_written, 1U << RCX);
	assert_int_equal(DECODE("\xc4\xe2\x73\xf6\xc3").registers_written, /* mulx eax, ecx, ebx */
			 1U << RAX | 1U << RCX);
	assert_int_equal(DECODE("\x66\x48\x0f\x7e\xc3").registers_written, 1U << RBX); /* movq */
	assert_int_equal(DECODE("\x0f\x05").registers_written, 1U << RAX | 1U << RCX | 1U << 11);
	assert_int_equal(DECODE("\xe8\0\0\0\0").registers_written, 1U << RSP);
}

static void refuses_what_is_no_instruction(void **state)
{
	(void)state;
	struct instruction instruction;
	assert_false(instruction_decode(ARCH_X86_64, (const uint8_t *)"\x06", 1, 0, &instruction));
	assert_false(instruction_decode(ARCH_X86_64, (const uint8_t *)"\x0f", 1, 0, &instruction));
	assert_null(machine_of(ARCH_RISCV64));
}

RUN_TESTS(cmocka_unit_test(reads_a_constant_move),
	  cmocka_unit_test(resolves_addresses_relative_to_the_instruction),
	  cmocka_unit_test(gives_two_operand_arithmetic_three),
	  cmocka_unit_test(compares_have_no_destination), cmocka_unit_test(knows_hidden_effects),
	  cmocka_unit_test(marks_segment_relative_and_high_byte_operands),
	  cmocka_unit_test(keeps_only_memory_of_other_instructions),
	  cmocka_unit_test(scales_short_displacements_of_evex),
	  cmocka_unit_test(names_every_register_that_is_written),
	  cmocka_unit_test(refuses_what_is_no_instruction))
