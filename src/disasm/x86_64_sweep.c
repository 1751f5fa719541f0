/*
 * The pass over x86-64 code. Most instructions are a prefix at most, a REX, an opcode of one or two
 * bytes, modrm, displacement and immediate: their length is computed from one 8-byte load. A first
 * loop does only that, at two places at once since each length waits for the one before, and lists
 * what may be worth reporting; a second one describes those from a table of forms. Neither branches
 * on what code does, which no processor could predict. All other instructions go through
 * x86_fields_decode.
 */
#include <string.h>

#include "disasm/sweepers.h"
#include "disasm/x86_64_fields.h"
#include "disasm/x86_64_widths.h"

/* The fast path needs a whole instruction's bytes, and no bytes but the code's are read. */
enum { FAST_BYTES = 16 };

static unsigned rip_relative_kind(const struct x86_fields *fields)
{
	if (fields->encoding == X86_LEGACY && fields->map == X86_MAP_PRIMARY) {
		if (fields->opcode == 0x8d)
			return SWEEP_ADDRESS;
		if (fields->opcode == 0xff && x86_modrm_reg(fields) == 2)
			return SWEEP_CALL_SLOT;
		if (fields->opcode == 0xff && x86_modrm_reg(fields) == 4)
			return SWEEP_JUMP_SLOT;
	}
	return x86_writes_memory(fields) ? SWEEP_STORE : SWEEP_LOAD;
}

/* [rip + displacement], or [displacement] without any register */
static bool has_constant_address(const struct x86_fields *fields, const uint8_t *bytes)
{
	if (x86_is_rip_relative(fields))
		return true;
	return fields->modrm_off != 0 && (fields->modrm & 0xc7) == 0x04 &&
	       bytes[fields->modrm_off + 1] == 0x25 && (fields->rex & REX_X) == 0 &&
	       fields->segment_prefix == 0;
}

static unsigned group_ff_kind(const struct x86_fields *fields, struct sweep_event *event)
{
	static const uint8_t kinds[2][8] = {
		{ [2] = SWEEP_CALL_MEMORY,
		  [3] = SWEEP_CALL_MEMORY,
		  [4] = SWEEP_JUMP_MEMORY,
		  [5] = SWEEP_JUMP_MEMORY },
		{ [2] = SWEEP_CALL_REGISTER, [4] = SWEEP_JUMP_REGISTER },
	};
	bool is_register = x86_is_register_form(fields);
	if (is_register)
		event->reg = x86_register_e(fields);
	unsigned kind = kinds[is_register][x86_modrm_reg(fields)];
	return kind == 0 ? (unsigned)SWEEP_COUNT : kind;
}

static unsigned immediate_kind(const struct x86_fields *fields, const uint8_t *bytes,
			       struct sweep_event *event)
{
	bool is_modrm = fields->modrm_off != 0;
	if (is_modrm && !x86_is_register_form(fields))
		return SWEEP_COUNT;
	event->value =
	    (uint64_t)x86_read_signed(bytes + fields->immediate_off, fields->immediate_bytes);
	if (fields->modrm == 0xf8) { /* xbegin */
		event->value += event->va + event->length_bytes;
		return SWEEP_BRANCH;
	}
	event->reg = x86_register_e(fields);
	if ((fields->rex & REX_W) == 0)
		event->value &= fields->immediate_bytes == 2 ? 0xffffu : 0xffffffffu;
	return SWEEP_IMMEDIATE;
}

/* xor and sub of a register with itself put 0 into it. */
static unsigned zero_kind(const struct x86_fields *fields, struct sweep_event *event)
{
	if (!x86_is_register_form(fields) || fields->operand_prefix ||
	    x86_register_e(fields) != x86_register_g(fields))
		return SWEEP_COUNT;
	event->reg = x86_register_e(fields);
	event->value = 0;
	return SWEEP_IMMEDIATE;
}

static unsigned direct_kind(const struct x86_fields *fields)
{
	if (fields->map == X86_MAP_0F)
		return SWEEP_BRANCH;
	switch (fields->opcode) {
	case 0xe8:
		return SWEEP_CALL;
	case 0xe9:
	case 0xeb:
		return SWEEP_JUMP;
	default:
		return SWEEP_BRANCH;
	}
}

static unsigned primary_kind(const struct x86_fields *fields, const uint8_t *bytes,
			     struct sweep_event *event)
{
	switch (fields->opcode) {
	case 0x29:
	case 0x2b:
	case 0x31:
	case 0x33:
		return zero_kind(fields, event);
	case 0x90:
		return (fields->rex & REX_B) == 0 ? SWEEP_PADDING : SWEEP_COUNT;
	case 0xc2:
	case 0xc3:
	case 0xca:
	case 0xcb:
	case 0xcf:
		return SWEEP_RETURN;
	case 0xcc:
	case 0xf4:
		return SWEEP_TRAP;
	case 0xcd:
		return bytes[fields->immediate_off] == 0x80 ? SWEEP_INT80 : SWEEP_COUNT;
	case 0xff:
		return group_ff_kind(fields, event);
	default:
		if (fields->opcode == 0xc7 || (fields->opcode & 0xf8) == 0xb8)
			return immediate_kind(fields, bytes, event);
		return SWEEP_COUNT;
	}
}

static unsigned escaped_kind(const struct x86_fields *fields)
{
	switch (fields->opcode) {
	case 0x05:
		return SWEEP_SYSCALL;
	case 0x34:
		return SWEEP_SYSENTER;
	case 0x07:
	case 0x35:
		return SWEEP_RETURN; /* sysret, sysexit */
	case 0x0b:
	case 0xb9:
	case 0xff:
		return SWEEP_TRAP;
	case 0x1e:
	case 0x1f:
		return SWEEP_PADDING;
	default:
		return SWEEP_COUNT;
	}
}

/* SWEEP_COUNT: nothing to report. */
static unsigned classify(const struct x86_fields *fields, const uint8_t *bytes, uint64_t next_va,
			 struct sweep_event *event)
{
	if (fields->encoding == X86_LEGACY && fields->map <= X86_MAP_0F) {
		unsigned traits = (unsigned)x86_opcode_traits[fields->map][fields->opcode];
		if ((traits & TRAIT_DIRECT) != 0) {
			event->value =
			    next_va + (uint64_t)x86_read_signed(bytes + fields->immediate_off,
								fields->immediate_bytes);
			return direct_kind(fields);
		}
		unsigned kind = SWEEP_COUNT;
		if ((traits & (TRAIT_REPORT | TRAIT_NUMBER)) != 0)
			kind = fields->map == X86_MAP_0F ? escaped_kind(fields)
							 : primary_kind(fields, bytes, event);
		if (kind == SWEEP_PADDING || kind == SWEEP_TRAP || /* their memory is not used */
		    (kind != SWEEP_COUNT && !has_constant_address(fields, bytes)))
			return kind;
	}
	if (!has_constant_address(fields, bytes))
		return SWEEP_COUNT;
	event->value =
	    (uint64_t)x86_read_signed(bytes + fields->displacement_off, fields->displacement_bytes);
	if (x86_is_rip_relative(fields))
		event->value += next_va;
	unsigned kind = rip_relative_kind(fields);
	event->width_bytes = (uint8_t)(kind == SWEEP_ADDRESS ? 0 : x86_memory_bytes(fields));
	if (kind == SWEEP_ADDRESS)
		event->reg = x86_register_g(fields);
	return kind;
}

/* The instruction at bytes, whatever it is. Returns its length; reports at most one event. */
static unsigned sweep_one(const uint8_t *bytes, size_t size_bytes, uint64_t va,
			  struct sweep_event *out_event, bool *out_reported)
{
	struct x86_fields fields;
	struct sweep_event event = { .va = va, .length_bytes = 1, .reg = SWEEP_NO_REGISTER };
	*out_reported = true;
	if (x86_fields_decode(bytes, size_bytes, &fields)) {
		event.length_bytes = fields.length_bytes;
		event.kind = (uint8_t)classify(&fields, bytes, va + fields.length_bytes, &event);
		*out_reported = event.kind != SWEEP_COUNT;
	}
	*out_event = event;
	return event.length_bytes;
}

/* ---- how long most instructions are ---- */

/* All bits behind REX, and behind the first escape byte: tables, as comparing would branch. */
static const uint64_t behind_rex[256] = {
	[0x40] = UINT64_MAX, [0x41] = UINT64_MAX, [0x42] = UINT64_MAX, [0x43] = UINT64_MAX,
	[0x44] = UINT64_MAX, [0x45] = UINT64_MAX, [0x46] = UINT64_MAX, [0x47] = UINT64_MAX,
	[0x48] = UINT64_MAX, [0x49] = UINT64_MAX, [0x4a] = UINT64_MAX, [0x4b] = UINT64_MAX,
	[0x4c] = UINT64_MAX, [0x4d] = UINT64_MAX, [0x4e] = UINT64_MAX, [0x4f] = UINT64_MAX,
};
static const uint64_t behind_0f[256] = { [0x0f] = UINT64_MAX };

/* All bits behind modrm, but TRAIT_NO_BASE only before an SIB without one. */
#define WITH_BASE (UINT64_MAX ^ TRAIT_NO_BASE)
#define SIB_8                                                                                      \
	WITH_BASE, WITH_BASE, WITH_BASE, WITH_BASE, WITH_BASE, UINT64_MAX, WITH_BASE, WITH_BASE
#define SIB_64 SIB_8, SIB_8, SIB_8, SIB_8, SIB_8, SIB_8, SIB_8, SIB_8
static const uint64_t before_sib[256] = { SIB_64, SIB_64, SIB_64, SIB_64 };

/* An instruction as the fast path sees it: a REX at most, an opcode of one or two bytes. */
struct quick {
	uint64_t traits; /* of the opcode, as far as they hold with the byte behind it */
	unsigned rex;    /* 0: none */
	unsigned escaped;
	unsigned opcode_off; /* of its last byte */
};

/*
 * The traits under all four assumptions, REX or not, escaped or not, of which one holds: REX and
 * the escape byte have no traits as opcodes.
 */
static inline struct quick quick_look(const uint8_t *bytes)
{
	unsigned first = bytes[0], second = bytes[1], third = bytes[2];
	unsigned fourth = bytes[3], fifth = bytes[4];
	uint64_t with_second = x86_modrm_traits[second] & before_sib[third];
	uint64_t with_third = x86_modrm_traits[third] & before_sib[fourth];
	uint64_t with_fourth = x86_modrm_traits[fourth] & before_sib[fifth];
	uint64_t plain = x86_opcode_traits[X86_MAP_PRIMARY][first] & with_second;
	uint64_t escaped = x86_opcode_traits[X86_MAP_0F][second] & with_third & behind_0f[first];
	uint64_t plain_behind = x86_opcode_traits[X86_MAP_PRIMARY][second] & with_third;
	uint64_t escaped_behind =
	    x86_opcode_traits[X86_MAP_0F][third] & with_fourth & behind_0f[second];
	uint64_t rex = behind_rex[first];
	unsigned is_escaped = (behind_0f[first] | (behind_0f[second] & rex)) & 1;
	return (struct quick){
		.traits = plain | escaped | ((plain_behind | escaped_behind) & rex),
		.rex = first & (unsigned)rex,
		.escaped = is_escaped,
		.opcode_off = is_escaped + (unsigned)(rex & 1),
	};
}

static inline bool is_quick(const struct quick *quick)
{
	const uint64_t odd = TRAIT_SLOW | TRAIT_INVALID | TRAIT_OPCODE | TRAIT_TEST |
			     TRAIT_NO_BASE | TRAIT_UNDEFINED(0xff, 0xff);
	return (quick->traits & odd) == TRAIT_OPCODE;
}

static inline unsigned quick_length(const struct quick *quick)
{
	unsigned traits = (unsigned)quick->traits;
	unsigned is_wide = (traits & TRAIT_WIDE) / TRAIT_WIDE & quick->rex / REX_W;
	return quick->opcode_off + 1 + (traits & TRAIT_IMMEDIATE_BYTES) +
	       (traits & TRAIT_MODRM_BYTES) / 16 + 4 * is_wide;
}

/* The traits of what is reported, as far as a look at operands does not show otherwise. */
static inline unsigned wanted_traits(const struct sweep *sweep)
{
	unsigned traits = TRAIT_REPORT | TRAIT_RIP;
	return sweep->skips_numbers ? traits : traits | TRAIT_NUMBER;
}

/* ---- what they do ---- */

/* What makes an instruction one for sweep_one after all, beside bits of REX; always there: */
enum { ANY = 0x80, BEHIND_PREFIX = 0x10 };

/* How to describe an instruction that may be worth reporting, without a branch. */
struct form {
	uint8_t kind;
	uint8_t slow_when;
	bool is_unsigned;       /* without REX.W, the number in it */
	int8_t number_mask;     /* 0: there is none */
	int8_t byte_mask;       /* -1: it is the last byte */
	int8_t at_end;          /* -1: it is the last 4 bytes; 0: those behind modrm */
	int8_t is_relative;     /* -1: it counts from the next instruction */
	uint8_t register_shift; /* where the register is named, from the opcode on */
	uint8_t high_shift;     /* where its highest bit is, in REX */
	uint8_t no_register;    /* SWEEP_NO_REGISTER: it is not named */
	uint8_t width_bytes;
	uint8_t wide_bytes; /* what REX.W adds */
};

enum form_index {
	FORM_SLOW, /* none: sweep_one tells */
	FORM_NOTHING,
	FORM_CALL,
	FORM_JUMP,
	FORM_JUMP_SHORT,
	FORM_BRANCH,
	FORM_BRANCH_SHORT,
	FORM_CALL_REGISTER,
	FORM_JUMP_REGISTER,
	FORM_CALL_MEMORY,
	FORM_JUMP_MEMORY,
	FORM_CALL_SLOT,
	FORM_JUMP_SLOT,
	FORM_RETURN,
	FORM_TRAP,
	FORM_PADDING,
	FORM_NOP,
	FORM_SYSCALL,
	FORM_ZERO, /* when both operands are the same register */
	FORM_MOVE, /* of a number, into the register of modrm */
	FORM_MOVE_SHORT,
	FORM_ADDRESS,
	FORM_LOAD,
	FORM_LOAD_1,
	FORM_LOAD_16,
	FORM_STORE,
	FORM_STORE_1,
	FORM_STORE_16,
	FORM_GROUP, /* modrm.reg tells: from here on lists of groups */
};

#define NO_NUMBER   false, 0, 0, 0, 0
#define TARGET_4    false, -1, 0, -1, -1
#define TARGET_1    false, -1, -1, 0, -1
#define NUMBER      true, -1, 0, -1, 0
#define MEMORY      false, -1, 0, 0, -1
#define NO_REGISTER 0, 0, SWEEP_NO_REGISTER
#define IN_OPCODE   0, 0, 0
#define IN_MODRM_E  8, 0, 0
#define IN_MODRM_G  11, 2, 0

/* clang-format off */
static const struct form forms[FORM_GROUP] = {
	[FORM_SLOW]          = { .kind = SWEEP_COUNT, .slow_when = ANY },
	[FORM_NOTHING]       = { SWEEP_COUNT, 0, NO_NUMBER, NO_REGISTER, 0, 0 },
	[FORM_CALL]          = { SWEEP_CALL, 0, TARGET_4, NO_REGISTER, 0, 0 },
	[FORM_JUMP]          = { SWEEP_JUMP, 0, TARGET_4, NO_REGISTER, 0, 0 },
	[FORM_JUMP_SHORT]    = { SWEEP_JUMP, 0, TARGET_1, NO_REGISTER, 0, 0 },
	[FORM_BRANCH]        = { SWEEP_BRANCH, 0, TARGET_4, NO_REGISTER, 0, 0 },
	[FORM_BRANCH_SHORT]  = { SWEEP_BRANCH, 0, TARGET_1, NO_REGISTER, 0, 0 },
	[FORM_CALL_REGISTER] = { SWEEP_CALL_REGISTER, 0, NO_NUMBER, IN_MODRM_E, 0, 0 },
	[FORM_JUMP_REGISTER] = { SWEEP_JUMP_REGISTER, 0, NO_NUMBER, IN_MODRM_E, 0, 0 },
	[FORM_CALL_MEMORY]   = { SWEEP_CALL_MEMORY, 0, NO_NUMBER, NO_REGISTER, 0, 0 },
	[FORM_JUMP_MEMORY]   = { SWEEP_JUMP_MEMORY, 0, NO_NUMBER, NO_REGISTER, 0, 0 },
	[FORM_CALL_SLOT]     = { SWEEP_CALL_SLOT, 0, MEMORY, NO_REGISTER, 8, 0 },
	[FORM_JUMP_SLOT]     = { SWEEP_JUMP_SLOT, 0, MEMORY, NO_REGISTER, 8, 0 },
	[FORM_RETURN]        = { SWEEP_RETURN, 0, NO_NUMBER, NO_REGISTER, 0, 0 },
	[FORM_TRAP]          = { SWEEP_TRAP, 0, NO_NUMBER, NO_REGISTER, 0, 0 },
	[FORM_PADDING]       = { SWEEP_PADDING, 0, NO_NUMBER, NO_REGISTER, 0, 0 },
	[FORM_NOP]           = { SWEEP_PADDING, REX_B, NO_NUMBER, NO_REGISTER, 0, 0 },
	[FORM_SYSCALL]       = { SWEEP_SYSCALL, 0, NO_NUMBER, NO_REGISTER, 0, 0 },
	[FORM_ZERO]          = { SWEEP_IMMEDIATE, BEHIND_PREFIX, NO_NUMBER, IN_MODRM_E, 0, 0 },
	[FORM_MOVE]          = { SWEEP_IMMEDIATE, BEHIND_PREFIX, NUMBER, IN_MODRM_E, 0, 0 },
	[FORM_MOVE_SHORT]    = { SWEEP_IMMEDIATE, BEHIND_PREFIX | REX_W, NUMBER, IN_OPCODE, 0, 0 },
	[FORM_ADDRESS]       = { SWEEP_ADDRESS, BEHIND_PREFIX, MEMORY, IN_MODRM_G, 0, 0 },
	[FORM_LOAD]          = { SWEEP_LOAD, BEHIND_PREFIX, MEMORY, NO_REGISTER, 4, 4 },
	[FORM_LOAD_1]        = { SWEEP_LOAD, BEHIND_PREFIX, MEMORY, NO_REGISTER, 1, 0 },
	[FORM_LOAD_16]       = { SWEEP_LOAD, BEHIND_PREFIX, MEMORY, NO_REGISTER, 16, 0 },
	[FORM_STORE]         = { SWEEP_STORE, BEHIND_PREFIX, MEMORY, NO_REGISTER, 4, 4 },
	[FORM_STORE_1]       = { SWEEP_STORE, BEHIND_PREFIX, MEMORY, NO_REGISTER, 1, 0 },
	[FORM_STORE_16]      = { SWEEP_STORE, BEHIND_PREFIX, MEMORY, NO_REGISTER, 16, 0 },
};

enum {
	GROUP_80 = FORM_GROUP, /* arithmetic with a number: cmp does not write */
	GROUP_81,
	GROUP_FF,
	GROUP_FF_RIP,
	GROUP_END,
};

/* By modrm.reg, of memory and then of registers. */
static const uint8_t groups[GROUP_END - FORM_GROUP][16] = {
	[GROUP_80 - FORM_GROUP] = { FORM_STORE_1, FORM_STORE_1, FORM_STORE_1, FORM_STORE_1,
				    FORM_STORE_1, FORM_STORE_1, FORM_STORE_1, FORM_LOAD_1 },
	[GROUP_81 - FORM_GROUP] = { FORM_STORE, FORM_STORE, FORM_STORE, FORM_STORE,
				    FORM_STORE, FORM_STORE, FORM_STORE, FORM_LOAD },
	[GROUP_FF - FORM_GROUP] = { FORM_NOTHING, FORM_NOTHING, FORM_CALL_MEMORY, FORM_CALL_MEMORY,
				    FORM_JUMP_MEMORY, FORM_JUMP_MEMORY, FORM_NOTHING, FORM_NOTHING,
				    FORM_NOTHING, FORM_NOTHING, FORM_CALL_REGISTER, FORM_NOTHING,
				    FORM_JUMP_REGISTER, FORM_NOTHING, FORM_NOTHING, FORM_NOTHING },
	[GROUP_FF_RIP - FORM_GROUP] = { [2] = FORM_CALL_SLOT, [4] = FORM_JUMP_SLOT },
};

#define TIMES_8(first, form) \
	[first] = (form), [(first) + 1] = (form), [(first) + 2] = (form), [(first) + 3] = (form), \
	[(first) + 4] = (form), [(first) + 5] = (form), [(first) + 6] = (form), [(first) + 7] = (form)
#define TIMES_16(first, form) TIMES_8(first, form), TIMES_8((first) + 8, form)
#define ARITHMETIC(first) \
	[first] = FORM_STORE_1, [(first) + 1] = FORM_STORE, [(first) + 2] = FORM_LOAD_1, \
	[(first) + 3] = FORM_LOAD

/* Without and with memory relative to rip; by map and opcode. */
static const uint8_t forms_by_opcode[2][2][256] = { {
	{
		[0x29] = FORM_ZERO, [0x2b] = FORM_ZERO, [0x31] = FORM_ZERO, [0x33] = FORM_ZERO,
		TIMES_16(0x70, FORM_BRANCH_SHORT),
		[0x90] = FORM_NOP,
		TIMES_8(0xb8, FORM_MOVE_SHORT),
		[0xc2] = FORM_RETURN, [0xc3] = FORM_RETURN, [0xc7] = FORM_MOVE,
		[0xcc] = FORM_TRAP,
		[0xe0] = FORM_BRANCH_SHORT, [0xe1] = FORM_BRANCH_SHORT, [0xe2] = FORM_BRANCH_SHORT,
		[0xe3] = FORM_BRANCH_SHORT,
		[0xe8] = FORM_CALL, [0xe9] = FORM_JUMP, [0xeb] = FORM_JUMP_SHORT,
		[0xf4] = FORM_TRAP, [0xff] = GROUP_FF,
	}, {
		[0x05] = FORM_SYSCALL, [0x0b] = FORM_TRAP, [0x1e] = FORM_PADDING, [0x1f] = FORM_PADDING,
		TIMES_16(0x80, FORM_BRANCH),
	},
}, {
	{
		ARITHMETIC(0x00), ARITHMETIC(0x08), ARITHMETIC(0x10), ARITHMETIC(0x18),
		ARITHMETIC(0x20), ARITHMETIC(0x28), ARITHMETIC(0x30),
		[0x38] = FORM_LOAD_1, [0x39] = FORM_LOAD, [0x3a] = FORM_LOAD_1, [0x3b] = FORM_LOAD,
		[0x69] = FORM_LOAD, [0x6b] = FORM_LOAD,
		[0x80] = GROUP_80, [0x81] = GROUP_81, [0x83] = GROUP_81,
		[0x84] = FORM_LOAD_1, [0x85] = FORM_LOAD, [0x86] = FORM_STORE_1, [0x87] = FORM_STORE,
		[0x88] = FORM_STORE_1, [0x89] = FORM_STORE, [0x8a] = FORM_LOAD_1, [0x8b] = FORM_LOAD,
		[0x8d] = FORM_ADDRESS,
		[0xc6] = FORM_STORE_1, [0xc7] = FORM_STORE, [0xff] = GROUP_FF_RIP,
	}, {
		[0x10] = FORM_LOAD_16, [0x11] = FORM_STORE_16,
		[0x1e] = FORM_PADDING, [0x1f] = FORM_PADDING,
		[0x28] = FORM_LOAD_16, [0x29] = FORM_STORE_16,
		TIMES_16(0x40, FORM_LOAD),
		[0xaf] = FORM_LOAD, [0xb6] = FORM_LOAD_1, [0xbe] = FORM_LOAD_1,
	},
} };
/* clang-format on */

/* An instruction that may be worth reporting. */
struct found {
	size_t off;     /* in the code */
	uint8_t length; /* 0: it is not for the fast path, and the rest is not set */
	uint8_t opcode_off;
	uint8_t escaped;
	uint8_t rex;
	uint8_t is_rip;
	uint8_t circumstances;
};

static bool describe_slowly(const struct sweep *sweep, size_t off, struct sweep_event *out_event)
{
	bool reported;
	(void)sweep_one(sweep->code.bytes + off, sweep->code.size_bytes - off, sweep->va + off,
			out_event, &reported);
	return reported;
}

/* A number is only put into a register, and 0 when both that modrm names are the same. */
static inline bool is_nothing(unsigned form_index, unsigned modrm, unsigned rex)
{
	unsigned is_memory = modrm < 0xc0;
	unsigned differ = ((modrm >> 3 ^ modrm) & 7) | ((rex >> 2 ^ rex) & 1) | is_memory;
	return ((form_index == FORM_ZERO) & (differ != 0)) |
	       ((form_index == FORM_MOVE) & is_memory) | (form_index == FORM_NOTHING);
}

/* Returns whether there is anything to report. */
static inline bool describe(const struct sweep *sweep, const struct found *found,
			    struct sweep_event *out_event)
{
	unsigned length = found->length;
	if (length == 0)
		return describe_slowly(sweep, found->off, out_event);
	const uint8_t *bytes = sweep->code.bytes + found->off;
	const uint8_t *opcode = bytes + found->opcode_off;
	unsigned index = forms_by_opcode[found->is_rip][found->escaped][opcode[0]];
	if (index >= FORM_GROUP)
		index = groups[index - FORM_GROUP][(opcode[1] >> 3 & 7) + 8 * (opcode[1] >= 0xc0)];
	const struct form *form = &forms[index];
	unsigned rex = found->rex;
	if ((form->slow_when & (found->circumstances | rex)) != 0)
		return describe_slowly(sweep, found->off, out_event);

	size_t behind_modrm = found->opcode_off + 2u, last_4 = length - 4u;
	size_t at = behind_modrm ^ ((behind_modrm ^ last_4) & (size_t)form->at_end);
	int32_t word, byte = (bytes[length - 1] ^ 0x80) - 0x80; /* with its sign */
	memcpy(&word, bytes + at, sizeof(word));
	word ^= (word ^ byte) & form->byte_mask;
	unsigned is_wide = rex >> 3 & 1;
	uint64_t no_sign = 0 - (uint64_t)(form->is_unsigned & ~is_wide);
	uint64_t number = (uint64_t)(int64_t)(word & form->number_mask) & ~(no_sign << 32);
	uint64_t va = sweep->va + found->off;
	number += (va + length) & (uint64_t)(int64_t)form->is_relative;

	unsigned named = (unsigned)(opcode[0] | opcode[1] << 8) >> form->register_shift & 7;
	unsigned high = (rex << 3 >> form->high_shift & 8) | form->no_register;
	out_event->va = va;
	out_event->value = number;
	out_event->kind = form->kind;
	out_event->length_bytes = (uint8_t)length;
	out_event->reg = (uint8_t)(named | high);
	out_event->width_bytes = (uint8_t)(form->width_bytes + (form->wide_bytes & (0 - is_wide)));
	return !is_nothing(index, opcode[1], rex);
}

/* ---- the pass ---- */

static inline void note_found(struct found *found, const struct quick *quick, bool prefixed,
			      unsigned length)
{
	found->length = (uint8_t)length;
	found->opcode_off = (uint8_t)(prefixed + quick->opcode_off);
	found->escaped = (uint8_t)quick->escaped;
	found->rex = (uint8_t)quick->rex;
	found->is_rip = (uint8_t)(quick->traits / TRAIT_RIP & 1);
	found->circumstances = prefixed ? ANY | BEHIND_PREFIX : ANY;
}

/* That of any instruction. */
static unsigned slow_length(const uint8_t *bytes, size_t size_bytes, struct found *found,
			    unsigned *out_reported)
{
	struct sweep_event ignored;
	bool reported;
	unsigned length = sweep_one(bytes, size_bytes, 0, &ignored, &reported);
	found->length = 0;
	*out_reported = reported;
	return length;
}

/*
 * The length of what is not is_quick. A closer look is enough for most: behind a prefix whose
 * effect on it is nothing but its own byte, with an SIB without base, or of test's opcodes.
 */
static unsigned odd_length(const uint8_t *bytes, size_t size_bytes, unsigned wanted,
			   struct found *found, unsigned *out_reported)
{
	bool prefixed = (x86_opcode_traits[X86_MAP_PRIMARY][bytes[0]] & TRAIT_PREFIX) != 0;
	struct quick quick = quick_look(bytes + prefixed);
	const uint64_t odd =
	    TRAIT_SLOW | TRAIT_INVALID | TRAIT_OPCODE | TRAIT_UNDEFINED(0xff, 0xff);
	bool is_shorter = bytes[0] == 0x66 && (quick.traits & TRAIT_SHORTER) != 0;
	if ((quick.traits & odd) != TRAIT_OPCODE || is_shorter)
		return slow_length(bytes, size_bytes, found, out_reported);
	unsigned length = prefixed + quick_length(&quick);
	if ((quick.traits & TRAIT_TEST) != 0)
		length -= (unsigned)quick.traits & TRAIT_IMMEDIATE_BYTES;
	bool has_no_base = (quick.traits & TRAIT_NO_BASE) != 0;
	if (has_no_base)
		length += 4;
	note_found(found, &quick, prefixed, length);
	*out_reported = (quick.traits & wanted) != 0;
	unsigned sib = bytes[prefixed + quick.opcode_off + 2];
	if (has_no_base && sib == 0x25) { /* a constant address, unless a prefix says otherwise */
		found->length = 0;
		*out_reported = true;
	}
	return length;
}

/* What lists such instructions, from a place in the code on. */
struct lane {
	size_t off;
	struct found *found;
	size_t count;
};

static inline void lane_step(const struct sweep *sweep, unsigned wanted, struct lane *lane)
{
	const uint8_t *bytes = sweep->code.bytes + lane->off;
	struct found *found = &lane->found[lane->count];
	struct quick quick = quick_look(bytes);
	unsigned length = quick_length(&quick);
	unsigned reported = (quick.traits & wanted) != 0;
	found->off = lane->off;
	note_found(found, &quick, false, length);
	if (!is_quick(&quick))
		length =
		    odd_length(bytes, sweep->code.size_bytes - lane->off, wanted, found, &reported);
	lane->count += reported;
	lane->off += length;
}

/* Near the end of the code. */
static void lane_step_slowly(const struct sweep *sweep, struct lane *lane)
{
	struct found *found = &lane->found[lane->count];
	unsigned reported;
	found->off = lane->off;
	lane->off += slow_length(sweep->code.bytes + lane->off, sweep->code.size_bytes - lane->off,
				 found, &reported);
	lane->count += reported;
}

/*
 * Two lanes do not wait for each other. Where the second one starts, LANE_BYTES ahead, need be no
 * instruction, but wrong ones are soon followed by right ones: what it lists counts from the first
 * instruction on that the first lane comes to as well, if that is one of MEET_BYTES.
 */
enum {
	LANE_BYTES = 512,
	MEET_BYTES = 64,
	LANE_FOUND = LANE_BYTES + 2 * MEET_BYTES,
	FOUND_COUNT = 2 * LANE_FOUND,
	/* However long the instructions of the second lane are, it does not meet the end. */
	LANES_BYTES = LANE_BYTES + FAST_BYTES * (LANE_BYTES + 1),
};

/* One after the other, up to the end of the code or of the list. */
static size_t find_some(struct sweep *sweep, struct found *out_found, size_t capacity)
{
	size_t size_bytes = sweep->code.size_bytes;
	unsigned wanted = wanted_traits(sweep);
	struct lane lane = { sweep->off, out_found, 0 };
	while (size_bytes - lane.off >= FAST_BYTES && lane.count < capacity)
		lane_step(sweep, wanted, &lane);
	while (lane.off < size_bytes && size_bytes - lane.off < FAST_BYTES && lane.count < capacity)
		lane_step_slowly(sweep, &lane);
	sweep->off = lane.off;
	return lane.count;
}

/* The same in two lanes, of LANES_BYTES of code at least, into FOUND_COUNT places. */
static size_t find_in_lanes(struct sweep *sweep, struct found *out_found)
{
	unsigned wanted = wanted_traits(sweep);
	size_t ahead = sweep->off + LANE_BYTES;
	struct lane first = { sweep->off, out_found, 0 },
		    second = { ahead, out_found + LANE_FOUND, 0 };
	uint64_t starts = 0; /* of instructions of the second lane, in its first MEET_BYTES */
	while (first.off < ahead) {
		size_t behind = second.off - ahead;
		starts |= (uint64_t)(behind < MEET_BYTES) << behind % MEET_BYTES;
		lane_step(sweep, wanted, &first);
		lane_step(sweep, wanted, &second);
	}
	while (first.off - ahead < MEET_BYTES && (starts >> (first.off - ahead) & 1) == 0)
		lane_step(sweep, wanted, &first);
	sweep->off = first.off;
	if (first.off - ahead >= MEET_BYTES)
		return first.count;
	size_t wrong = 0;
	while (wrong < second.count && second.found[wrong].off < first.off)
		wrong++;
	memmove(out_found + first.count, second.found + wrong,
		(second.count - wrong) * sizeof(*out_found));
	sweep->off = second.off;
	return first.count + second.count - wrong;
}

size_t x86_64_sweep(struct sweep *sweep, struct sweep_event *out_events, size_t capacity)
{
	struct found found[FOUND_COUNT];
	size_t count = 0;
	while (sweep->off < sweep->code.size_bytes && count < capacity) {
		size_t left = capacity - count, found_count;
		bool is_long = sweep->code.size_bytes - sweep->off >= LANES_BYTES;
		if (is_long && left >= FOUND_COUNT)
			found_count = find_in_lanes(sweep, found);
		else if (is_long && capacity >= FOUND_COUNT)
			break; /* the next call has room for them */
		else
			found_count =
			    find_some(sweep, found, left < FOUND_COUNT ? left : FOUND_COUNT);
		for (size_t i = 0; i < found_count; i++)
			count += describe(sweep, &found[i], &out_events[count]);
	}
	return count;
}
