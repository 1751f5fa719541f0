#include "../check.h"
#include "disasm/instruction.h"
#include "disasm/sweep.h"

#include <string.h>

enum { VA = 0x10000, SP = 31, EVENT_LIMIT = 16 };

static struct instruction decode(uint32_t word)
{
	struct instruction instruction;
	uint8_t bytes[sizeof(word)];
	memcpy(bytes, &word, sizeof(word));
	assert_true(instruction_decode(ARCH_AARCH64, bytes, sizeof(bytes), VA, &instruction));
	assert_int_equal(instruction.length_bytes, sizeof(word));
	return instruction;
}

static void reads_constants(void **state)
{
	(void)state;
	struct instruction move = decode(0xd2800ba8); /* mov x8, #93 */
	assert_int_equal(move.operation, OPERATION_MOVE);
	assert_int_equal(move.operands[0].reg, 8);
	assert_int_equal(move.operands[1].value, 93);
	assert_int_equal(move.registers_written, 1U << 8);
	assert_int_equal(decode(0x12800000).operands[1].value, 0xffffffff); /* mov w0, #-1 */
	assert_int_equal(decode(0x92800000).operands[1].value, -1);         /* mov x0, #-1 */
	assert_int_equal(decode(0xb2407fe0).operands[1].value, 0xffffffff); /* orr x0, xzr, #… */
	struct instruction insert = decode(0xf2a00021); /* movk x1, #1, lsl #16 */
	assert_int_equal(insert.operation, OPERATION_INSERT);
	assert_int_equal(insert.operands[1].reg, 1);
	assert_int_equal(insert.operands[2].value, 1);
	assert_int_equal(insert.operands[2].scale, 16);
}

static void tells_the_zero_register_from_the_stack_pointer(void **state)
{
	(void)state;
	struct instruction frame = decode(0xd10083ff); /* sub sp, sp, #32 */
	assert_int_equal(frame.operation, OPERATION_SUBTRACT);
	assert_int_equal(frame.operands[0].reg, SP);
	assert_int_equal(frame.registers_written, 1U << SP);
	struct instruction compare = decode(0xf100041f); /* cmp x0, #1 */
	assert_int_equal(compare.operation, OPERATION_COMPARE);
	assert_int_equal(compare.operands[0].kind, OPERAND_NONE);
	assert_int_equal(compare.registers_written, 0);
	assert_true(compare.sets_flags);
	struct instruction clear = decode(0xaa1f03e0); /* mov x0, xzr */
	assert_int_equal(clear.operation, OPERATION_MOVE);
	assert_int_equal(clear.operands[1].kind, OPERAND_IMMEDIATE);
	assert_int_equal(clear.operands[1].value, 0);
	assert_int_equal(decode(0xb140041f).operands[2].value, -4096); /* cmn x0, #1, lsl #12 */
}

static void follows_a_base_that_moves(void **state)
{
	(void)state;
	struct instruction before = decode(0xa9be7bfd); /* stp x29, x30, [sp, #-32]! */
	assert_int_equal(before.operands[0].kind, OPERAND_MEMORY);
	assert_int_equal(before.operands[0].value, -32);
	assert_int_equal(before.operands[0].width_bytes, 16);
	assert_int_equal(before.base_change_bytes, -32);
	assert_true(before.writes_memory);
	struct instruction after = decode(0xa8c27bfd); /* ldp x29, x30, [sp], #32 */
	assert_int_equal(after.operands[1].value, 0);
	assert_int_equal(after.base_change_bytes, 32);
	assert_int_equal(after.registers_written, 1U << 29 | 1U << 30 | 1U << SP);
	assert_int_equal(decode(0xf8408420).base_change_bytes, 8); /* ldr x0, [x1], #8 */
}

static void knows_what_atomics_write(void **state)
{
	(void)state;
	struct instruction add = decode(0xb8210040); /* ldadd w1, w0, [x2] */
	assert_int_equal(add.registers_written, 1U << 0);
	assert_true(add.writes_memory);
	assert_int_equal(decode(0xc8027c20).registers_written, 1U << 2);  /* stxr w2, x0, [x1] */
	assert_int_equal(decode(0x88a27c20).registers_written, 1U << 2);  /* cas w2, w0, [x1] */
	assert_int_equal(decode(0x9e660000).registers_written, 1U << 0);  /* fmov x0, d0 */
	assert_int_equal(decode(0xd53bd041).registers_written, 1U << 1);  /* mrs x1, tpidr_el0 */
	assert_int_equal(decode(0xd4000001).registers_written, 1U << 0);  /* svc #0 */
	assert_int_equal(decode(0xd63f0020).registers_written, 1U << 30); /* blr x1 */
}

static void branches_by_registers_and_by_flags(void **state)
{
	(void)state;
	struct instruction zero = decode(0x34000042); /* cbz w2, +8 */
	assert_int_equal(zero.operation, OPERATION_BRANCH);
	assert_int_equal(zero.condition, CONDITION_ZERO);
	assert_int_equal(condition_inverse(zero.condition), CONDITION_NOT_ZERO);
	assert_int_equal(zero.operands[1].value, VA + 8);
	assert_int_equal(zero.operands[2].reg, 2);
	struct instruction below = decode(0x54ffffe3); /* b.lo -4 */
	assert_int_equal(below.condition, CONDITION_BELOW);
	assert_int_equal(below.operands[1].value, VA - 4);
	struct instruction select = decode(0x9a820020); /* csel x0, x1, x2, eq */
	assert_int_equal(select.operation, OPERATION_SELECT);
	assert_int_equal(select.operands[1].reg, 2);
	assert_int_equal(select.operands[2].reg, 1);
}

static void selects_numbers_that_compilers_make_of_conditions(void **state)
{
	(void)state;
	struct instruction next = decode(0x9a88c508); /* cinc x8, x8, le */
	assert_int_equal(next.operation, OPERATION_SELECT_NEXT);
	assert_int_equal(next.condition, CONDITION_GREATER);
	assert_int_equal(next.operands[1].reg, 8);
	struct instruction set = decode(0x1a9f17e0); /* cset w0, eq */
	assert_int_equal(set.operation, OPERATION_SELECT_NEXT);
	assert_int_equal(set.operands[1].kind, OPERAND_IMMEDIATE);
	struct instruction mask = decode(0x5a9f13e0); /* csetm w0, eq */
	assert_int_equal(mask.operation, OPERATION_SELECT);
	assert_int_equal(mask.operands[1].value, 0xffffffff);
	assert_int_equal(mask.operands[2].value, 0);
	assert_int_equal(decode(0x5a810420).operation, OPERATION_OTHER); /* cneg w0, w1, ne */
}

static void sweeps_pages_and_their_uses(void **state)
{
	(void)state;
	static const uint32_t code[] = {
		0xb0000000, /* 10000 adrp x0, 11000 */
		0x91004001, /* 10004 add x1, x0, #16 */
		0xf9400402, /* 10008 ldr x2, [x0, #8] */
		0xb9000003, /* 1000c str w3, [x0] */
		0xaa0303e0, /* 10010 mov x0, x3: the page is gone */
		0xf9400402, /* 10014 ldr x2, [x0, #8] */
		0xd4000001, /* 10018 svc #0 */
		0x97fffff9, /* 1001c bl 10000 */
		0xd65f03c0, /* 10020 ret */
		0x02000000, /* 10024 no instruction */
	};
	struct sweep sweep;
	struct sweep_event events[EVENT_LIMIT];
	struct slice bytes = { (const uint8_t *)code, sizeof(code) - 1 };
	assert_true(sweep_init(&sweep, ARCH_AARCH64, bytes, VA));
	assert_int_equal(sweep_next(&sweep, events, EVENT_LIMIT), 8);
	assert_int_equal(sweep_next(&sweep, events, EVENT_LIMIT), 0);
	assert_int_equal(events[0].kind, SWEEP_PAGE);
	assert_int_equal(events[0].value, 0x11000);
	assert_int_equal(events[1].kind, SWEEP_ADDRESS);
	assert_int_equal(events[1].value, 0x11010);
	assert_int_equal(events[1].reg, 1);
	assert_int_equal(events[2].kind, SWEEP_LOAD);
	assert_int_equal(events[2].value, 0x11008);
	assert_int_equal(events[3].kind, SWEEP_STORE);
	assert_int_equal(events[3].width_bytes, 4);
	assert_int_equal(events[4].kind, SWEEP_SYSCALL);
	assert_int_equal(events[5].kind, SWEEP_CALL);
	assert_int_equal(events[5].value, 0x10000);
	assert_int_equal(events[6].kind, SWEEP_RETURN);
	assert_int_equal(events[7].kind, SWEEP_BAD); /* cut short */
	assert_int_equal(events[7].length_bytes, 3);
}

static void says_what_the_kernel_expects(void **state)
{
	(void)state;
	const struct machine *machine = machine_of(ARCH_AARCH64);
	assert_non_null(machine);
	assert_int_equal(machine->syscall_number, 8);
	assert_false(machine->call_pushes);
	assert_int_equal(machine->call_clobbers & 1U << 19, 0);
}

RUN_TESTS(cmocka_unit_test(reads_constants),
	  cmocka_unit_test(tells_the_zero_register_from_the_stack_pointer),
	  cmocka_unit_test(follows_a_base_that_moves), cmocka_unit_test(knows_what_atomics_write),
	  cmocka_unit_test(branches_by_registers_and_by_flags),
	  cmocka_unit_test(selects_numbers_that_compilers_make_of_conditions),
	  cmocka_unit_test(sweeps_pages_and_their_uses),
	  cmocka_unit_test(says_what_the_kernel_expects))
