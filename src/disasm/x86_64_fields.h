#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The parts of one x86-64 instruction's bytes; internal to disasm/. */

enum { X86_LENGTH_LIMIT_BYTES = 15 };

enum x86_encoding { X86_LEGACY, X86_VEX, X86_EVEX, X86_XOP };

/* Opcode maps by their numbers in VEX, EVEX and XOP prefixes; 0 is the one without escape bytes. */
enum x86_map {
	X86_MAP_PRIMARY = 0,
	X86_MAP_0F = 1,
	X86_MAP_0F38 = 2,
	X86_MAP_0F3A = 3,
	X86_MAP_EVEX5 = 5,
	X86_MAP_EVEX6 = 6,
	X86_MAP_XOP8 = 8,
	X86_MAP_XOP9 = 9,
	X86_MAP_XOP10 = 10,
	X86_MAP_3DNOW = 15,
};

enum x86_rex { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };

/*
 * What an opcode says of the bytes after it, and which general registers it writes. The tables
 * cover the two maps that have such variety.
 */
enum x86_traits {
	TRAIT_IMMEDIATE_1 = 1, /* how many bytes: the low bits are that number */
	TRAIT_IMMEDIATE_2 = 2,
	TRAIT_RELATIVE_4 = 4,   /* always: Intel's processors ignore 66 here */
	TRAIT_SHORTER = 1 << 8, /* an immediate of 2 bytes after a 66 prefix without REX.W */
	TRAIT_IMMEDIATE_4 = TRAIT_SHORTER | 4,
	TRAIT_IMMEDIATE_BYTES = 7,
	TRAIT_WIDE = 1 << 12,    /* an immediate of 8 bytes with REX.W (mov reg, imm) */
	TRAIT_SPECIAL = 1 << 13, /* prefixes, escapes and whatever the other traits cannot say */
	TRAIT_INVALID = 1 << 14,
	TRAIT_BYTE = 1 << 15,     /* its modrm operand, or its register, is a byte */
	TRAIT_WRITES_E = 1 << 16, /* the register or memory of modrm.rm */
	TRAIT_WRITES_G = 1 << 17, /* the general register of modrm.reg */
	TRAIT_WRITES_A = 1 << 18, /* rax */
	TRAIT_KEEPS_FLAGS = 1 << 19,
	/* The sweep's, so that one look-up serves most instructions. */
	TRAIT_NUMBER = 1 << 9,  /* may put a number into a register */
	TRAIT_REPORT = 1 << 20, /* may be more than length and memory */
	TRAIT_DIRECT = 1 << 21, /* control goes to a displacement at its end */
	TRAIT_PREFIX = 1 << 22, /* a prefix that leaves most lengths alone */
	TRAIT_SLOW = 1 << 23,   /* length, or whether it is defined, is not said here */
	TRAIT_OPCODE = 1 << 24, /* an opcode: neither REX nor the first escape byte */
	/* What a byte says as an opcode and the next one as its modrm must both have: */
	TRAIT_TEST = 1 << 25, /* an immediate with modrm.reg 0 and 1 only; modrm.reg is another */
	TRAIT_RIP = 1 << 26,  /* relative to rip */
	TRAIT_NO_BASE = 1 << 27,  /* an SIB follows that may have no base, but 4 bytes more */
	TRAIT_MODRM_BYTES = 0xf0, /* modrm, SIB and displacement */
	TRAIT_MODRM = TRAIT_MODRM_BYTES | TRAIT_RIP | TRAIT_NO_BASE,
};

/* Likewise: undefined with modrm.reg i (bit i of a byte), with memory and with a register. */
#define TRAIT_UNDEFINED(memory, reg) ((uint64_t)(memory) << 32 | (uint64_t)(reg) << 40)

extern const uint64_t x86_opcode_traits[2][256]; /* X86_MAP_PRIMARY and X86_MAP_0F */

/* What of an opcode's traits holds with the byte behind it. */
extern const uint64_t x86_modrm_traits[256];

struct x86_fields {
	uint8_t length_bytes;
	uint8_t encoding; /* enum x86_encoding */
	uint8_t map;      /* enum x86_map */
	uint8_t opcode;
	uint8_t rex;            /* the bits of REX, or their like in VEX, EVEX and XOP */
	bool has_rex;           /* so that spl is meant, not ah */
	uint8_t other_register; /* VEX.vvvv */
	uint8_t vector_bytes;   /* 16, 32 or 64 by VEX.L and EVEX.L'L */
	bool broadcast;         /* EVEX: one element of memory for all */
	bool operand_prefix;    /* 66, also as VEX.pp */
	uint8_t repeat_prefix;  /* 0, 0xf2 or 0xf3, also as VEX.pp */
	bool address_prefix;    /* 67 */
	bool lock_prefix;
	uint8_t segment_prefix; /* 0x64 (fs) or 0x65 (gs), else 0 */
	uint8_t modrm_off;      /* 0: none */
	uint8_t modrm;
	uint8_t displacement_off;
	uint8_t displacement_bytes;
	uint8_t immediate_off;
	uint8_t immediate_bytes;
};

/*
 * bytes        size_bytes of them; at most X86_LENGTH_LIMIT_BYTES are looked at
 * out_fields   written only when true is returned
 * returns      false: no instruction starts here, or it is cut short
 */
bool x86_fields_decode(const uint8_t *bytes, size_t size_bytes, struct x86_fields *out_fields);

/* Whether fields of a known opcode are an instruction's; bytes are the ones they were read from. */
bool x86_is_defined(const struct x86_fields *fields, const uint8_t *bytes);

static inline unsigned x86_modrm_mod(const struct x86_fields *fields)
{
	return fields->modrm >> 6;
}

static inline unsigned x86_modrm_reg(const struct x86_fields *fields)
{
	return fields->modrm >> 3 & 7;
}

/* The registers that modrm.reg, and modrm.rm or a short opcode name. */
static inline uint8_t x86_register_g(const struct x86_fields *fields)
{
	return (uint8_t)(x86_modrm_reg(fields) | (fields->rex & (unsigned)REX_R) << 1);
}

static inline uint8_t x86_register_e(const struct x86_fields *fields)
{
	unsigned low = fields->modrm_off != 0 ? fields->modrm : fields->opcode;
	return (uint8_t)((low & 7) | (fields->rex & (unsigned)REX_B) << 3);
}

static inline bool x86_is_register_form(const struct x86_fields *fields)
{
	return fields->modrm >= 0xc0;
}

/* [rip + displacement] */
static inline bool x86_is_rip_relative(const struct x86_fields *fields)
{
	return fields->modrm_off != 0 && (fields->modrm & 0xc7) == 0x05;
}

/* Without REX, the registers 4 to 7 of bytes are ah, ch, dh and bh: of the general one 4 lower. */
static inline bool x86_is_high_byte(const struct x86_fields *fields, uint8_t reg,
				    unsigned width_bytes)
{
	return width_bytes == 1 && (reg & 0xfc) == 4 && !fields->has_rex;
}

/* The little-endian signed number of 1, 2, 4 or 8 bytes; 0 bytes are 0. */
int64_t x86_read_signed(const uint8_t *bytes, unsigned size_bytes);
