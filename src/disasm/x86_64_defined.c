/*
 * Which of the forms that the opcode tables allow are instructions. Data between code is full of the
 * others, and taking them for instructions hides the first ones of the code behind it. Newer
 * instructions than those of these tables may pass in EVEX, where its fixed bits tell enough.
 *
 * Sources: Intel SDM volume 2, appendix A, and the Architecture Instruction Set Extensions reference
 * (319433-053) for AMX, AVX-IFMA, -NE-CONVERT, -VNNI-INT8 and -INT16, SHA512, SM3, SM4, CMPccXADD,
 * RAO-INT, USER_MSR; AMD APM volume 3, appendix A, for XOP, FMA4 and 3DNow!.
 */
#include "disasm/x86_64_fields.h"

/* Sets of opcodes: bit i % 64 of word i / 64. */
typedef uint64_t opcode_set[4];

static bool has_opcode(const opcode_set set, uint8_t opcode)
{
	return (set[opcode >> 6] >> (opcode & 63) & 1) != 0;
}

/* clang-format off */
/* By map, 0F38 and 0F3A, and prefix: none, 66, F3, F2. */
static const opcode_set legacy_opcodes[2][4] = {
	{
		{ 0x0000000070000fff, 0x0000000000000000, 0x0000000000000000, 0x1243000000003f00 },
		{ 0xffbf0f3f70b10fff, 0x0000000000000003, 0x0000000000000007, 0x11630000f8008000 },
		{ 0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x1d400000f1000000 },
		{ 0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x1103000000000000 },
	}, {
		{ 0x0000000000008000, 0x0000000000000000, 0x0000000000000000, 0x0000000000001000 },
		{ 0x0000000700f0ff00, 0x0000000f00000017, 0x0000000000000000, 0x000000008000c000 },
		{ 0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0001000000000000 },
		{ 0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000 },
	},
};

/* By map, 0F, 0F38 and 0F3A, and pp. */
static const opcode_set vex_opcodes[3][4] = {
	{
		{ 0x0000cb0000ff0000, 0x00800000ffff0cf6, 0x00004000030f0000, 0x0000000000000044 },
		{ 0x0000cb0000ff0000, 0xf07ffffffff30cf6, 0x00000000030f0000, 0x7ffeffffffff0074 },
		{ 0x0000340000470000, 0xc0018000ff0e0000, 0x0000000000000000, 0x0000004000000004 },
		{ 0x0000340000070000, 0x30010000f7020000, 0x00000000000c0000, 0x0001004000010004 },
	}, {
		{ 0x0000000000000000, 0x0004f800f00f0200, 0x0003000000000000, 0x00ac0000040c0000 },
		{ 0xffffff3f77c8ffff, 0x0304f800f70f0ae3, 0xfff3ffc0ffcf5000, 0x0080fffffc0c8000 },
		{ 0x0000000000000000, 0x0004f800f00f0800, 0x0003000000000000, 0x00a00000040c0000 },
		{ 0x0000000000000000, 0x0004f800f00f0a00, 0x0003000000000000, 0x00e00000040c3800 },
	}, {
		{ 0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000 },
		{ 0x030f000723f0ff77, 0xff00ff0ff0001f57, 0x0000000000000000, 0x00000000c000c000 },
		{ 0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000 },
		{ 0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0001000000000000 },
	},
};

static const opcode_set xop_opcodes[3] = {
	{ 0x0000000000000000, 0x0000000000000000, 0x0040004cc0e0c0e0, 0x0000f0000000f00f },
	{ 0x0000000000040006, 0x0000000000000000, 0x000000000fff000f, 0x0000000e08ce08ce },
	{ 0x0000000000050000, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000 },
};

static const opcode_set amd_3dnow_opcodes = { 0x30003000, 0x0, 0x88d144d144d14400, 0x0 };

/* x87: bit i: modrm c0 + i; and by modrm.reg for memory. */
static const struct {
	uint64_t registers;
	uint8_t memory;
} x87_forms[8] = {
	{ 0xffffffffffffffff, 0xff },
	{ 0xffff7f33ff01ffff, 0xfd },
	{ 0x00000200ffffffff, 0xff },
	{ 0x00ffff1fffffffff, 0xaf },
	{ 0xffffffffffffffff, 0xff },
	{ 0x0000ffffffffffff, 0xdf },
	{ 0xffffffff02ffffff, 0xff },
	{ 0x00ffff01ffffffff, 0xff },
};

/* Those that lock may stand before, bit i: modrm.reg i, always with memory. */
static const uint8_t lockable_groups[2][256] = {
	{
		[0x00] = 0xff, [0x01] = 0xff, [0x08] = 0xff, [0x09] = 0xff, [0x10] = 0xff, [0x11] = 0xff,
		[0x18] = 0xff, [0x19] = 0xff, [0x20] = 0xff, [0x21] = 0xff, [0x28] = 0xff, [0x29] = 0xff,
		[0x30] = 0xff, [0x31] = 0xff, [0x80] = 0x7f, [0x81] = 0x7f, [0x83] = 0x7f, [0x86] = 0xff,
		[0x87] = 0xff, [0xf6] = 0x0c, [0xf7] = 0x0c, [0xfe] = 0x03, [0xff] = 0x03,
	}, {
		[0xab] = 0xff, [0xb0] = 0xff, [0xb1] = 0xff, [0xb3] = 0xff, [0xba] = 0xe0, [0xbb] = 0xff,
		[0xc0] = 0xff, [0xc1] = 0xff, [0xc7] = 0x02,
	},
};
/* clang-format on */

static unsigned prefix_index(const struct x86_fields *fields)
{
	if (fields->repeat_prefix != 0)
		return fields->repeat_prefix == 0xf3 ? 2 : 3;
	return fields->operand_prefix ? 1 : 0;
}

static bool is_defined_x87(const struct x86_fields *fields)
{
	unsigned index = fields->opcode & 7;
	if (x86_is_register_form(fields))
		return (x87_forms[index].registers >> (fields->modrm & 63) & 1) != 0;
	return (x87_forms[index].memory >> x86_modrm_reg(fields) & 1) != 0;
}

/* Maps without escape bytes and 0F. */
static bool is_defined_group(const struct x86_fields *fields)
{
	bool is_register = x86_is_register_form(fields);
	unsigned group = x86_modrm_reg(fields);
	if (fields->modrm_off == 0)
		return !fields->lock_prefix;
	if (fields->map == X86_MAP_PRIMARY && (fields->opcode & 0xf8) == 0xd8 &&
	    !is_defined_x87(fields))
		return false;
	uint64_t traits = x86_opcode_traits[fields->map][fields->opcode];
	if ((traits &
	     (is_register ? TRAIT_UNDEFINED(0, 1 << group) : TRAIT_UNDEFINED(1 << group, 0))) != 0)
		return false;
	return !fields->lock_prefix ||
	       (!is_register && (lockable_groups[fields->map][fields->opcode] >> group & 1) != 0);
}

static bool is_defined_legacy(const struct x86_fields *fields)
{
	switch (fields->map) {
	case X86_MAP_PRIMARY:
		if ((fields->opcode & 0xfe) == 0xc6 && x86_modrm_reg(fields) == 7)
			return fields->modrm == 0xf8 && !fields->lock_prefix; /* xabort, xbegin */
		return is_defined_group(fields);
	case X86_MAP_0F:
		return is_defined_group(fields);
	case X86_MAP_0F38:
	case X86_MAP_0F3A:
		return !fields->lock_prefix &&
		       has_opcode(legacy_opcodes[fields->map - X86_MAP_0F38][prefix_index(fields)],
				  fields->opcode);
	default:
		return !fields->lock_prefix;
	}
}

bool x86_is_defined(const struct x86_fields *fields, const uint8_t *bytes)
{
	switch (fields->encoding) {
	case X86_LEGACY:
		if (fields->map == X86_MAP_3DNOW)
			return !fields->lock_prefix &&
			       has_opcode(amd_3dnow_opcodes, bytes[fields->immediate_off]);
		return is_defined_legacy(fields);
	case X86_VEX:
		return has_opcode(vex_opcodes[fields->map - X86_MAP_0F][prefix_index(fields)],
				  fields->opcode);
	case X86_XOP:
		return has_opcode(xop_opcodes[fields->map - X86_MAP_XOP8], fields->opcode);
	default:
		return true;
	}
}
