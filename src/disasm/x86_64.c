/*
 * The parts of x86-64 instructions in the words of disasm/instruction.h. Registers have their
 * hardware numbers (rax 0 … r15 15). Invariant: registers_written has every general register that
 * the instruction writes, and at times one more. Sources: Intel SDM volume 2; x86-64 psABI 3.2.
 */
#include "disasm/decoders.h"
#include "disasm/x86_64_effects.h"
#include "disasm/x86_64_widths.h"

const struct machine x86_64_machine = {
	.stack_pointer = RSP,
	.frame_pointer = RBP,
	.result = RAX,
	.syscall_number = RAX,
	.syscall_arguments = { RDI, RSI, RDX, R10, R8, R9 },
	.arguments = { RDI, RSI, RDX, RCX, R8, R9 },
	.call_clobbers = X86_BIT(RAX) | X86_BIT(RCX) | X86_BIT(RDX) | X86_BIT(RSI) | X86_BIT(RDI) |
			 X86_BIT(R8) | X86_BIT(R9) | X86_BIT(R10) | X86_BIT(R11),
	.word_bytes = 8,
	.call_pushes = true,
};

/*
 * How operands follow from the fields: E is modrm.rm, G modrm.reg, A rax, Z the register in the
 * opcode's low bits, I the immediate. Groups choose the operation by modrm.reg.
 */
enum form {
	FORM_OTHER,
	FORM_PLAIN, /* no operands */
	FORM_E_G,
	FORM_G_E,
	FORM_A_I,
	FORM_E_I,
	FORM_Z_I,
	FORM_OFFSET,
	FORM_GROUP_80,
	FORM_GROUP_F6,
	FORM_GROUP_FF,
	FORM_SHIFT_1,
	FORM_SHIFT_C,
	FORM_SHIFT_I,
	FORM_ADDRESS,
	FORM_SIGN_32,
	FORM_EXTEND_8,
	FORM_EXTEND_16,
	FORM_EXTEND_A,
	FORM_SELECT,
	FORM_PUSH_Z,
	FORM_PUSH_I,
	FORM_PUSH_NONE,
	FORM_POP_Z,
	FORM_POP_E,
	FORM_POP_NONE,
	FORM_LEAVE,
	FORM_EXCHANGE,
	FORM_EXCHANGE_Z,
	FORM_TARGET,
	FORM_CONDITION,
	FORM_LOOP,
	FORM_RETURN,
	FORM_INTERRUPT,
	FORM_HINT,
	FORM_FENCE,
	FORM_COUNT,
};

/* clang-format off */
#define ROW_8(x) x, x, x, x, x, x, x, x
#define ROW_16(x) ROW_8(x), ROW_8(x)
#define ROW_ARITHMETIC FORM_E_G, FORM_E_G, FORM_G_E, FORM_G_E, FORM_A_I, FORM_A_I, 0, 0
#define EG FORM_E_G
#define GE FORM_G_E
#define G8 FORM_GROUP_80
#define RT FORM_RETURN
#define PL FORM_PLAIN
#define TG FORM_TARGET
#define NO FORM_HINT

static const uint8_t forms[2][256] = { {
/*00*/ ROW_ARITHMETIC, ROW_ARITHMETIC,
/*10*/ ROW_8(0), ROW_8(0),
/*20*/ ROW_ARITHMETIC, ROW_ARITHMETIC,
/*30*/ ROW_ARITHMETIC, ROW_ARITHMETIC,
/*40*/ ROW_16(0),
/*50*/ ROW_8(FORM_PUSH_Z), ROW_8(FORM_POP_Z),
/*60*/ 0, 0, 0, FORM_SIGN_32, 0, 0, 0, 0, FORM_PUSH_I, 0, FORM_PUSH_I, 0, 0, 0, 0, 0,
/*70*/ ROW_16(FORM_CONDITION),
/*80*/ G8, G8, 0, G8, EG, EG, FORM_EXCHANGE, FORM_EXCHANGE, EG, EG, GE, GE, 0, FORM_ADDRESS, 0, FORM_POP_E,
/*90*/ ROW_8(FORM_EXCHANGE_Z), FORM_EXTEND_A, 0, 0, 0, 0, 0, 0, 0,
/*a0*/ FORM_OFFSET, FORM_OFFSET, FORM_OFFSET, FORM_OFFSET, 0, 0, 0, 0, FORM_A_I, FORM_A_I, 0, 0, 0, 0, 0, 0,
/*b0*/ ROW_16(FORM_Z_I),
/*c0*/ FORM_SHIFT_I, FORM_SHIFT_I, RT, RT, 0, 0, FORM_E_I, FORM_E_I, 0, FORM_LEAVE, RT, RT, PL, FORM_INTERRUPT, 0, RT,
/*d0*/ FORM_SHIFT_1, FORM_SHIFT_1, FORM_SHIFT_C, FORM_SHIFT_C, 0, 0, 0, 0, ROW_8(0),
/*e0*/ FORM_LOOP, FORM_LOOP, FORM_LOOP, FORM_LOOP, 0, 0, 0, 0, TG, TG, 0, TG, 0, 0, 0, 0,
/*f0*/ 0, 0, 0, 0, PL, 0, FORM_GROUP_F6, FORM_GROUP_F6, 0, 0, 0, 0, 0, 0, FORM_GROUP_FF, FORM_GROUP_FF,
}, {
/*00*/ 0, 0, 0, 0, 0, PL, 0, RT, 0, 0, 0, PL, 0, NO, 0, 0,
/*10*/ ROW_8(0), NO, NO, 0, 0, NO, NO, NO, NO,
/*20*/ ROW_16(0),
/*30*/ 0, 0, 0, 0, PL, RT, 0, 0, ROW_8(0),
/*40*/ ROW_16(FORM_SELECT),
/*50*/ ROW_16(0), ROW_16(0), ROW_16(0),
/*80*/ ROW_16(FORM_CONDITION),
/*90*/ ROW_16(0),
/*a0*/ FORM_PUSH_NONE, FORM_POP_NONE, 0, 0, 0, 0, 0, 0, FORM_PUSH_NONE, FORM_POP_NONE, 0, 0, 0, 0, FORM_FENCE, 0,
/*b0*/ 0, 0, 0, 0, 0, 0, FORM_EXTEND_8, FORM_EXTEND_16, 0, PL, 0, 0, 0, 0, FORM_EXTEND_8, FORM_EXTEND_16,
/*c0*/ ROW_16(0), ROW_16(0), ROW_16(0),
/*f0*/ ROW_8(0), 0, 0, 0, 0, 0, 0, 0, PL,
} };

/* Those of the forms without groups; 0 is OPERATION_OTHER. */
#define ROW_OPERATION(x) x, x, x, x, x, x, 0, 0
static const uint8_t operations[2][256] = { {
	ROW_OPERATION(OPERATION_ADD), ROW_OPERATION(OPERATION_OR), ROW_16(0),
	ROW_OPERATION(OPERATION_AND), ROW_OPERATION(OPERATION_SUBTRACT),
	ROW_OPERATION(OPERATION_XOR), ROW_OPERATION(OPERATION_COMPARE),
	[0x84] = OPERATION_TEST, [0x85] = OPERATION_TEST, [0x88] = OPERATION_MOVE, [0x89] = OPERATION_MOVE,
	[0x8a] = OPERATION_MOVE, [0x8b] = OPERATION_MOVE, [0xa8] = OPERATION_TEST, [0xa9] = OPERATION_TEST,
	[0xc6] = OPERATION_MOVE, [0xc7] = OPERATION_MOVE, [0xcc] = OPERATION_TRAP, [0xf4] = OPERATION_TRAP,
	[0xe8] = OPERATION_CALL, [0xe9] = OPERATION_JUMP, [0xeb] = OPERATION_JUMP,
}, {
	[0x05] = OPERATION_SYSCALL, [0x0b] = OPERATION_TRAP, [0x34] = OPERATION_SYSCALL_I386,
	[0xb6] = OPERATION_MOVE, [0xb7] = OPERATION_MOVE, [0xb9] = OPERATION_TRAP,
	[0xbe] = OPERATION_SIGN_EXTEND, [0xbf] = OPERATION_SIGN_EXTEND, [0xff] = OPERATION_TRAP,
} };

/* By the low bits of the opcode: o, b, e, be, s, p, l, le, each with its contrary. */
static const uint8_t conditions[16] = {
	CONDITION_OTHER, CONDITION_OTHER, CONDITION_BELOW, CONDITION_ABOVE_EQUAL,
	CONDITION_EQUAL, CONDITION_NOT_EQUAL, CONDITION_BELOW_EQUAL, CONDITION_ABOVE,
	CONDITION_NEGATIVE, CONDITION_NOT_NEGATIVE, CONDITION_OTHER, CONDITION_OTHER,
	CONDITION_LESS, CONDITION_GREATER_EQUAL, CONDITION_LESS_EQUAL, CONDITION_GREATER,
};
/* clang-format on */

/* An instruction on its way from fields to words. */
struct work {
	const struct x86_fields *fields;
	const uint8_t *bytes;
	struct instruction *to;
	uint8_t width_bytes;
};

static void put_register(struct operand *to, uint8_t reg, unsigned width_bytes)
{
	to->kind = OPERAND_REGISTER;
	to->width_bytes = (uint8_t)width_bytes;
	to->reg = reg;
	to->index = REGISTER_NONE;
}

/* Without REX, 4 to 7 name ah, ch, dh and bh as bytes. */
static void put_general(const struct work *work, struct operand *to, uint8_t reg,
			unsigned width_bytes)
{
	to->foreign = x86_is_high_byte(work->fields, reg, width_bytes);
	put_register(to, to->foreign ? reg & 3 : reg, width_bytes);
}

static void put_immediate(struct operand *to, unsigned width_bytes, int64_t value)
{
	to->kind = OPERAND_IMMEDIATE;
	to->width_bytes = (uint8_t)width_bytes;
	to->reg = to->index = REGISTER_NONE;
	to->value = value;
}

static int64_t immediate(const struct work *work)
{
	return x86_read_signed(work->bytes + work->fields->immediate_off,
			       work->fields->immediate_bytes);
}

static void put_target(const struct work *work, struct operand *to)
{
	put_immediate(to, 8,
		      (int64_t)(work->to->va + work->to->length_bytes + (uint64_t)immediate(work)));
}

static void put_memory(const struct work *work, struct operand *to, unsigned width_bytes)
{
	const struct x86_fields *fields = work->fields;
	unsigned mod = x86_modrm_mod(fields);
	to->kind = OPERAND_MEMORY;
	to->width_bytes = (uint8_t)width_bytes;
	to->reg = x86_register_e(fields);
	to->index = REGISTER_NONE;
	to->foreign = fields->segment_prefix != 0;
	to->value = x86_displacement(fields, work->bytes);
	if ((fields->modrm & 7) == 4) {
		uint8_t sib = work->bytes[fields->modrm_off + 1];
		uint8_t index =
		    (uint8_t)((sib >> 3 & 7) | (unsigned)(fields->rex & (unsigned)REX_X) << 2);
		to->reg = (uint8_t)((sib & 7) | (unsigned)(fields->rex & (unsigned)REX_B) << 3);
		if (x86_has_vector_index(fields)) {
			to->foreign = true;
		} else if (index != 4) {
			to->index = index;
			to->scale = (uint8_t)(1u << (sib >> 6));
		}
		if (mod == 0 && (sib & 7) == 5)
			to->reg = REGISTER_NONE;
	} else if (mod == 0 && (fields->modrm & 7) == 5) {
		to->reg = REGISTER_NONE;
		to->value = (int64_t)(work->to->va + work->to->length_bytes + (uint64_t)to->value);
	}
}

static void put_e(const struct work *work, struct operand *to, unsigned width_bytes)
{
	if (x86_is_register_form(work->fields))
		put_general(work, to, x86_register_e(work->fields), width_bytes);
	else
		put_memory(work, to, width_bytes);
}

static void put_g(const struct work *work, struct operand *to, unsigned width_bytes)
{
	put_general(work, to, x86_register_g(work->fields), width_bytes);
}

static uint8_t register_z(const struct work *work)
{
	return x86_register_e(work->fields);
}

/*
 * The operand at [0], when the operation has a destination, else at [1], is there; whatever reads
 * what it writes gets it twice. Returns where the other source goes.
 */
static struct operand *place_first(const struct work *work)
{
	struct operand *to = work->to->operands;
	enum operation operation = work->to->operation;
	if (operation >= OPERATION_ADD && operation <= OPERATION_SHIFT_RIGHT) {
		to[1] = to[0];
		return &to[2];
	}
	if (operation != OPERATION_COMPARE && operation != OPERATION_TEST)
		return &to[1];
	to[1] = to[0];
	to[0] = (struct operand){ 0 };
	return &to[2];
}

/* Stacks, calls and jumps use 8 bytes without any REX. */
static unsigned stack_bytes(const struct work *work)
{
	return work->width_bytes == 2 ? 2 : 8;
}

static void e_g(const struct work *work)
{
	put_e(work, &work->to->operands[0], work->width_bytes);
	put_g(work, place_first(work), work->width_bytes);
}

static void g_e(const struct work *work)
{
	put_g(work, &work->to->operands[0], work->width_bytes);
	put_e(work, place_first(work), work->width_bytes);
}

static void a_i(const struct work *work)
{
	put_register(&work->to->operands[0], RAX, work->width_bytes);
	put_immediate(place_first(work), work->width_bytes, immediate(work));
}

static void e_i(const struct work *work)
{
	put_e(work, &work->to->operands[0], work->width_bytes);
	put_immediate(place_first(work), work->width_bytes, immediate(work));
}

/* c6 and c7: mov; and with modrm f8 xabort and xbegin, whose immediate is a target. */
static void move_e_i(const struct work *work)
{
	struct instruction *to = work->to;
	if (work->fields->modrm != 0xf8) {
		e_i(work);
	} else if (work->fields->opcode == 0xc6) {
		to->operation = OPERATION_OTHER;
	} else {
		to->operation = OPERATION_BRANCH;
		to->registers_written = X86_BIT(RAX);
		put_target(work, &to->operands[1]);
	}
}

static void z_i(const struct work *work)
{
	int64_t value = immediate(work);
	unsigned width = (work->fields->opcode & 8) == 0 ? 1 : work->width_bytes;
	work->to->operation = OPERATION_MOVE;
	put_general(work, &work->to->operands[0], register_z(work), width);
	put_immediate(&work->to->operands[1], width, width == 4 ? (uint32_t)value : value);
}

/* a0 to a3: rax and a constant address of 8 bytes. */
static void offset(const struct work *work)
{
	unsigned is_store = work->fields->opcode >> 1 & 1;
	struct operand *memory = &work->to->operands[1 - is_store];
	int64_t address = immediate(work);
	work->to->operation = OPERATION_MOVE;
	put_register(&work->to->operands[is_store], RAX, work->width_bytes);
	memory->kind = OPERAND_MEMORY;
	memory->width_bytes = work->width_bytes;
	memory->reg = memory->index = REGISTER_NONE;
	memory->foreign = work->fields->segment_prefix != 0;
	memory->value = work->fields->address_prefix ? (uint32_t)address : address;
}

static void group_80(const struct work *work)
{
	static const uint8_t group_operations[8] = { OPERATION_ADD,   OPERATION_OR,
						     OPERATION_OTHER, OPERATION_OTHER,
						     OPERATION_AND,   OPERATION_SUBTRACT,
						     OPERATION_XOR,   OPERATION_COMPARE };
	work->to->operation = group_operations[x86_modrm_reg(work->fields)];
	if (work->to->operation != OPERATION_OTHER)
		e_i(work);
}

static void group_f6(const struct work *work)
{
	if (x86_modrm_reg(work->fields) >= 2)
		return;
	work->to->operation = OPERATION_TEST;
	e_i(work);
}

static void push(const struct work *work)
{
	work->to->operation = OPERATION_PUSH;
	work->to->registers_written = X86_BIT(RSP);
	work->to->writes_memory = true;
}

static void pop(const struct work *work)
{
	work->to->operation = OPERATION_POP;
	work->to->registers_written = X86_BIT(RSP);
}

static void note_call(struct instruction *to)
{
	to->registers_written = X86_BIT(RSP);
	to->writes_memory = true;
}

static void group_ff(const struct work *work)
{
	unsigned group = x86_modrm_reg(work->fields);
	struct instruction *to = work->to;
	if (group < 2) {
		to->operation = group == 0 ? OPERATION_ADD : OPERATION_SUBTRACT;
		put_e(work, &to->operands[0], work->width_bytes);
		put_immediate(place_first(work), work->width_bytes, 1);
		return;
	}
	to->sets_flags = false;
	if (group == 6) {
		push(work);
		put_e(work, &to->operands[1], stack_bytes(work));
		return;
	}
	to->operation = group < 4 ? OPERATION_CALL : OPERATION_JUMP;
	if (group < 4)
		note_call(to);
	put_e(work, &to->operands[1],
	      x86_is_register_form(work->fields) ? 8 : x86_memory_bytes(work->fields));
}

/* True for rol, ror, rcl, rcr and sar, which stay OTHER. */
static bool is_no_shift(const struct work *work)
{
	static const uint8_t shift_operations[8] = {
		[4] = OPERATION_SHIFT_LEFT, [5] = OPERATION_SHIFT_RIGHT, [6] = OPERATION_SHIFT_LEFT
	};
	work->to->operation = shift_operations[x86_modrm_reg(work->fields)];
	if (work->to->operation == OPERATION_OTHER)
		return true;
	put_e(work, &work->to->operands[0], work->width_bytes);
	return false;
}

static void shift_1(const struct work *work)
{
	if (!is_no_shift(work))
		put_immediate(place_first(work), 1, 1);
}

static void shift_c(const struct work *work)
{
	if (!is_no_shift(work))
		put_register(place_first(work), RCX, 1);
}

static void shift_i(const struct work *work)
{
	if (!is_no_shift(work))
		put_immediate(place_first(work), 1, immediate(work));
}

static void address(const struct work *work)
{
	work->to->operation = OPERATION_ADDRESS;
	put_g(work, &work->to->operands[0], work->width_bytes);
	put_memory(work, &work->to->operands[1], 0);
	work->to->operands[1].foreign = false; /* nothing is accessed: segments do not count */
}

static void sign_32(const struct work *work)
{
	work->to->operation = OPERATION_SIGN_EXTEND;
	put_g(work, &work->to->operands[0], work->width_bytes);
	put_e(work, &work->to->operands[1], work->width_bytes == 2 ? 2 : 4);
}

static void extend_8(const struct work *work)
{
	put_register(&work->to->operands[0], x86_register_g(work->fields), work->width_bytes);
	put_e(work, &work->to->operands[1], 1);
}

static void extend_16(const struct work *work)
{
	put_register(&work->to->operands[0], x86_register_g(work->fields), work->width_bytes);
	put_e(work, &work->to->operands[1], 2);
}

/* cdqe; cbw and cwde stay OTHER. */
static void extend_a(const struct work *work)
{
	if (work->width_bytes != 8)
		return;
	work->to->operation = OPERATION_SIGN_EXTEND;
	put_register(&work->to->operands[0], RAX, 8);
	put_register(&work->to->operands[1], RAX, 4);
}

static void select(const struct work *work)
{
	struct operand *to = work->to->operands;
	work->to->operation = OPERATION_SELECT;
	work->to->condition = conditions[work->fields->opcode & 15];
	put_g(work, &to[0], work->width_bytes);
	to[1] = to[0];
	put_e(work, &to[2], work->width_bytes);
}

static void push_z(const struct work *work)
{
	push(work);
	put_register(&work->to->operands[1], register_z(work), stack_bytes(work));
}

static void push_i(const struct work *work)
{
	push(work);
	put_immediate(&work->to->operands[1], stack_bytes(work), immediate(work));
}

static void pop_z(const struct work *work)
{
	pop(work);
	put_register(&work->to->operands[0], register_z(work), stack_bytes(work));
}

static void pop_e(const struct work *work)
{
	pop(work);
	put_e(work, &work->to->operands[0], stack_bytes(work));
}

static void leave(const struct work *work)
{
	work->to->operation = OPERATION_LEAVE;
	work->to->registers_written = X86_BIT(RSP) | X86_BIT(RBP);
}

/* Only an exchange with itself is followed; in 32 bits it would clear the high half. */
static void exchange(const struct work *work)
{
	const struct x86_fields *fields = work->fields;
	if (x86_is_register_form(fields) && x86_register_e(fields) == x86_register_g(fields) &&
	    work->width_bytes != 4)
		work->to->operation = OPERATION_NOTHING;
}

static void exchange_z(const struct work *work)
{
	if (register_z(work) == RAX) /* nop, pause */
		work->to->operation = OPERATION_NOTHING;
}

static void target(const struct work *work)
{
	if (work->to->operation == OPERATION_CALL)
		note_call(work->to);
	put_target(work, &work->to->operands[1]);
}

static void condition(const struct work *work)
{
	work->to->operation = OPERATION_BRANCH;
	work->to->condition = conditions[work->fields->opcode & 15];
	put_target(work, &work->to->operands[1]);
}

static void loop(const struct work *work)
{
	work->to->operation = OPERATION_BRANCH;
	if (work->fields->opcode != 0xe3) /* jrcxz */
		work->to->registers_written = X86_BIT(RCX);
	put_target(work, &work->to->operands[1]);
}

static void function_return(const struct work *work)
{
	work->to->operation = OPERATION_RETURN;
	work->to->registers_written = X86_BIT(RSP);
	if (work->fields->immediate_bytes != 0)
		put_immediate(&work->to->operands[1], 2, (uint16_t)immediate(work));
}

static void interrupt(const struct work *work)
{
	work->to->sets_flags = true;
	if (work->bytes[work->fields->immediate_off] == 0x80)
		work->to->operation = OPERATION_SYSCALL_I386;
}

/* Prefetches, nops, endbr64; among them is rdssp, which writes a register. */
static void hint(const struct work *work)
{
	const struct x86_fields *fields = work->fields;
	bool is_rdssp = fields->opcode == 0x1e && fields->repeat_prefix == 0xf3 &&
			x86_is_register_form(fields) && x86_modrm_reg(fields) == 1;
	work->to->operation = is_rdssp ? OPERATION_OTHER : OPERATION_NOTHING;
}

/* lfence, mfence, sfence, clflush, clwb; the other bytes of 0f ae mean others. */
static void fence(const struct work *work)
{
	const struct x86_fields *fields = work->fields;
	unsigned group = x86_modrm_reg(fields);
	bool is_fence = x86_is_register_form(fields)
			    ? group >= 5 && !fields->operand_prefix
			    : group == 7 || (group == 6 && fields->operand_prefix);
	if (is_fence && fields->repeat_prefix == 0)
		work->to->operation = OPERATION_NOTHING;
}

typedef void translator(const struct work *work);

static translator *const translators[FORM_COUNT] = {
	[FORM_E_G] = e_g,
	[FORM_G_E] = g_e,
	[FORM_A_I] = a_i,
	[FORM_E_I] = move_e_i,
	[FORM_Z_I] = z_i,
	[FORM_OFFSET] = offset,
	[FORM_GROUP_80] = group_80,
	[FORM_GROUP_F6] = group_f6,
	[FORM_GROUP_FF] = group_ff,
	[FORM_SHIFT_1] = shift_1,
	[FORM_SHIFT_C] = shift_c,
	[FORM_SHIFT_I] = shift_i,
	[FORM_ADDRESS] = address,
	[FORM_SIGN_32] = sign_32,
	[FORM_EXTEND_8] = extend_8,
	[FORM_EXTEND_16] = extend_16,
	[FORM_EXTEND_A] = extend_a,
	[FORM_SELECT] = select,
	[FORM_PUSH_Z] = push_z,
	[FORM_PUSH_I] = push_i,
	[FORM_PUSH_NONE] = push,
	[FORM_POP_Z] = pop_z,
	[FORM_POP_E] = pop_e,
	[FORM_POP_NONE] = pop,
	[FORM_LEAVE] = leave,
	[FORM_EXCHANGE] = exchange,
	[FORM_EXCHANGE_Z] = exchange_z,
	[FORM_TARGET] = target,
	[FORM_CONDITION] = condition,
	[FORM_LOOP] = loop,
	[FORM_RETURN] = function_return,
	[FORM_INTERRUPT] = interrupt,
	[FORM_HINT] = hint,
	[FORM_FENCE] = fence,
};

/* What OPERATION_OTHER keeps of its operands: memory, as [0] when it is written, else as [1]. */
static void note_other(const struct work *work)
{
	const struct x86_fields *fields = work->fields;
	struct instruction *to = work->to;
	x86_note_effects(fields, to);
	if (fields->modrm_off == 0 || x86_is_register_form(fields))
		return;
	bool is_written = x86_writes_memory(fields);
	to->writes_memory |= is_written;
	put_memory(work, &to->operands[is_written ? 0 : 1], x86_memory_bytes(fields));
}

static void note_destination(struct instruction *to)
{
	if (to->operands[0].kind == OPERAND_REGISTER)
		to->registers_written |= X86_BIT(to->operands[0].reg);
	else if (to->operands[0].kind == OPERAND_MEMORY)
		to->writes_memory = true;
	if (to->operation == OPERATION_SYSCALL || to->operation == OPERATION_SYSCALL_I386) {
		to->registers_written = X86_BIT(RAX) | X86_BIT(RCX) | X86_BIT(R11);
		to->sets_flags = true;
	}
}

bool x86_64_decode(const uint8_t *bytes, size_t size_bytes, uint64_t va,
		   struct instruction *out_instruction)
{
	struct x86_fields fields;
	if (!x86_fields_decode(bytes, size_bytes, &fields))
		return false;
	*out_instruction = (struct instruction){ .va = va, .length_bytes = fields.length_bytes };
	struct work work = { .fields = &fields, .bytes = bytes, .to = out_instruction };
	if (fields.encoding == X86_LEGACY && fields.map <= X86_MAP_0F) {
		unsigned traits = (unsigned)x86_opcode_traits[fields.map][fields.opcode];
		out_instruction->sets_flags = (traits & TRAIT_KEEPS_FLAGS) == 0;
		out_instruction->operation = operations[fields.map][fields.opcode];
		work.width_bytes =
		    (traits & TRAIT_BYTE) != 0 ? 1 : (uint8_t)x86_operand_bytes(&fields);
		translator *translate = translators[forms[fields.map][fields.opcode]];
		if (translate != NULL)
			translate(&work);
	}
	if (out_instruction->operation == OPERATION_OTHER)
		note_other(&work);
	else
		note_destination(out_instruction);
	return true;
}
