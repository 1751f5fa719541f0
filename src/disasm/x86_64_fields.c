/*
 * Bytes -> the parts of one x86-64 instruction: prefixes, opcode, modrm, displacement, immediate.
 * Source: Intel SDM volume 2, chapter 2 and the opcode maps of appendix A; AMD APM volume 3 for
 * XOP and 3DNow!. Invariant: nothing past size_bytes or the 15th byte is read.
 */
#include "disasm/x86_64_fields.h"

#include <string.h>

/* clang-format off */
#define INV TRAIT_INVALID
#define SP  (TRAIT_SPECIAL | TRAIT_SLOW)
#define K   TRAIT_KEEPS_FLAGS
#define RP  TRAIT_REPORT
#define NR  TRAIT_NUMBER
#define DIR (TRAIT_DIRECT | TRAIT_REPORT | K)
#define M   TRAIT_MODRM
#define SL  TRAIT_SLOW
#define PF  (TRAIT_PREFIX | SP)
#define MK  (M | K)
#define I1  TRAIT_IMMEDIATE_1
#define I2  TRAIT_IMMEDIATE_2
#define IZ  TRAIT_IMMEDIATE_4
#define R4  TRAIT_RELATIVE_4
#define B   TRAIT_BYTE
#define E   TRAIT_WRITES_E
#define G   TRAIT_WRITES_G
#define A   TRAIT_WRITES_A
#define J1  (I1 | DIR)
#define T   (TRAIT_SPECIAL | TRAIT_TEST | M)
#define MI  (TRAIT_WIDE | IZ | NR | K) /* mov register, immediate */
#define ME  (M | E)
#define MG  (M | G)
#define MGK (MG | K)
#define MEK (ME | K)
#define N   TRAIT_OPCODE
#define UD  TRAIT_UNDEFINED
#define ARITHMETIC M | B | E, M | E, M | B | G, M | G, B | I1 | A, IZ | A

#define ROW(...) ROW_8(__VA_ARGS__)
#define ROW_8(a, b, c, d, e, f, g, h) \
	N | (a), N | (b), N | (c), N | (d), N | (e), N | (f), N | (g), N | (h)
#define ROW_7(...) ROW_7_(__VA_ARGS__)
#define ROW_7_(a, b, c, d, e, f, g) N | (a), N | (b), N | (c), N | (d), N | (e), N | (f), N | (g)

const uint64_t x86_opcode_traits[2][256] = { {

/*00*/ ROW(ARITHMETIC, INV, INV),
/*08*/ ROW_7(ARITHMETIC, INV), 0,
/*10*/ ROW(ARITHMETIC, INV, INV),
/*18*/ ROW(ARITHMETIC, INV, INV),
/*20*/ ROW(ARITHMETIC, PF, INV),
/*28*/ ROW(M|B|E, M|E|NR, M|B|G, M|G|NR, B|I1|A, IZ|A, PF, INV),
/*30*/ ROW(M|B|E, M|E|NR, M|B|G, M|G|NR, B|I1|A, IZ|A, PF, INV),
/*38*/ ROW(M|B, M, M|B, M, B|I1, IZ, PF, INV),
/*40*/ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* REX */
/*50*/ ROW(K, K, K, K, K, K, K, K),
/*58*/ ROW(K, K, K, K, K, K, K, K),
/*60*/ ROW(INV, INV, SP, MGK, PF, PF, PF, SP),
/*68*/ ROW(IZ|K, M|IZ|G, I1|K, M|I1|G, K, K, K, K),
/*70*/ ROW(J1, J1, J1, J1, J1, J1, J1, J1),
/*78*/ ROW(J1, J1, J1, J1, J1, J1, J1, J1),
/*80*/ ROW(M|B|I1|E, M|IZ|E, INV, M|I1|E, M|B, M, M|B|E|G|K, M|E|G|K),
/*88*/ ROW(M|B|E|K, MEK, M|B|G|K, MGK,
       MEK|UD(0xc0,0xc0), MGK|UD(0x00,0xff), MK|UD(0xc2,0xc2), SP|K|UD(0xfe,0xfe)),
/*90*/ ROW(RP|K, K|A, K|A, K|A, K|A, K|A, K|A, K|A),
/*98*/ ROW(A|K, K, INV, K, K, 0, 0, K),
/*a0*/ ROW(SP|B|K, SP|K, SP|B|K, SP|K, K, K, 0, 0),
/*a8*/ ROW(B|I1, IZ, K, K, K, K, 0, 0),
/*b0*/ ROW(I1|K, I1|K, I1|K, I1|K, I1|K, I1|K, I1|K, I1|K),
/*b8*/ ROW(MI, MI, MI, MI, MI, MI, MI, MI),
/*c0*/ ROW(M|B|I1|E, M|I1|E, I2|RP|K, RP|K, SP, SP, M|B|I1|E|K|UD(0xfe,0xfe), M|IZ|E|NR|K|UD(0xfe,0xfe)),
/*c8*/ ROW(SP|K, K, I2|RP|K, RP|K, RP|K, I1|RP|K, INV, RP),
/*d0*/ ROW(M|B|E, M|E, M|B|E, M|E, INV, INV, INV, K|A),
/*d8*/ ROW(MK, MK|SL, MK|SL, MK|SL, MK, MK|SL, MK|SL, MK|SL),
/*e0*/ ROW(J1, J1, J1, J1, I1|K|A, I1|K|A, I1|K, I1|K),
/*e8*/ ROW(R4|DIR, R4|DIR, INV, I1|DIR, K|A, K|A, K, K),
/*f0*/ ROW(SP, RP|K, PF, PF, RP|K, 0, T|B|I1, T|IZ),
/*f8*/ ROW(0, 0, 0, 0, 0, 0, M|B|E|UD(0xfc,0xfc), M|RP|E|UD(0x80,0xa8)),
}, {
/*00*/ ROW(M|E|UD(0xc0,0xc0), M, MG, MG, INV, RP|K, 0, RP),
/*08*/ ROW(K, K, INV, RP|K, INV, MK, K, SP),
/*10*/ ROW(MK, MK, MK, MK|UD(0x00,0xff), MK, MK, MK, MK|UD(0x00,0xff)),
/*18*/ ROW(MK, MK, MK|UD(0xf0,0x00), MK|UD(0xf0,0x00), MK, MK, MK|RP, MK|RP),
/*20*/ ROW(SP|UD(0xe2,0xe2), SP, SP|UD(0xe2,0xe2), SP, INV, INV, INV, INV),
/*28*/ ROW(MK, MK, MK, MK|UD(0x00,0xff), MGK, MGK, M, M),
/*30*/ ROW(K, K, K, K, RP|K, RP|K, INV, K),
/*38*/ ROW(SP, INV, SP, INV, INV, INV, INV, INV),
/*40*/ ROW(MGK, MGK, MGK, MGK, MGK, MGK, MGK, MGK),
/*48*/ ROW(MGK, MGK, MGK, MGK, MGK, MGK, MGK, MGK),
/*50*/ ROW(MGK|UD(0xff,0x00), MK, MK, MK, MK, MK, MK, MK),
/*58*/ ROW(MK, MK, MK, MK, MK, MK, MK, MK),
/*60*/ ROW(MK, MK, MK, MK, MK, MK, MK, MK),
/*68*/ ROW(MK, MK, MK, MK, MK, MK, MK, MK),
/*70*/ ROW(M|I1|K, M|I1|K|UD(0xff,0xab), M|I1|K|UD(0xff,0xab), M|I1|K|UD(0xff,0x33), MK, MK, MK, K),
/*78*/ ROW(SP, M, INV, INV, MK, MK, MEK, MK),
/*80*/ ROW(R4|DIR, R4|DIR, R4|DIR, R4|DIR, R4|DIR, R4|DIR, R4|DIR, R4|DIR),
/*88*/ ROW(R4|DIR, R4|DIR, R4|DIR, R4|DIR, R4|DIR, R4|DIR, R4|DIR, R4|DIR),
/*90*/ ROW(M|B|E|K, M|B|E|K, M|B|E|K, M|B|E|K, M|B|E|K, M|B|E|K, M|B|E|K, M|B|E|K),
/*98*/ ROW(M|B|E|K, M|B|E|K, M|B|E|K, M|B|E|K, M|B|E|K, M|B|E|K, M|B|E|K, M|B|E|K),
/*a0*/ ROW(K, K, K, M, M|I1|E, M|E, MK|UD(0xff,0xf8), MK|UD(0xff,0xc0)),
/*a8*/ ROW(K, K, 0, M|E, M|I1|E, M|E, MK, MG),
/*b0*/ ROW(M|B|E|A, M|E|A, MGK|UD(0x00,0xff), M|E, MGK|UD(0x00,0xff), MGK|UD(0x00,0xff), MGK, MGK),
/*b8*/ ROW(SP, M|RP|K, M|I1|E|UD(0x0f,0x0f), M|E, MG, MG, MGK, MGK),
/*c0*/ ROW(M|B|E|G, M|E|G, M|I1|K, MEK|UD(0x00,0xff),
       M|I1|K, M|I1|G|K|UD(0xff,0x00), M|I1|K, M|UD(0x05,0x3f)),
/*c8*/ ROW(K, K, K, K, K, K, K, K),
/*d0*/ ROW(MK, MK, MK, MK, MK, MK, MK, MGK|UD(0xff,0x00)),
/*d8*/ ROW(MK, MK, MK, MK, MK, MK, MK, MK),
/*e0*/ ROW(MK, MK, MK, MK, MK, MK, MK, MK|UD(0x00,0xff)),
/*e8*/ ROW(MK, MK, MK, MK, MK, MK, MK, MK),
/*f0*/ ROW(MK, MK, MK, MK, MK, MK, MK, MK|UD(0xff,0x00)),
/*f8*/ ROW(MK, MK, MK, MK, MK, MK, MK, M|RP|K),
} };

#define LENGTH(mod, rm) \
	((mod) == 3 ? 1 : 1 + ((rm) == 4) + ((mod) == 1 ? 1 : (mod) == 2 || (rm) == 5 ? 4 : 0))
#define MODRM(mod, reg, rm) \
	((UINT32_MAX & ~(uint64_t)(TRAIT_MODRM | TRAIT_TEST)) | LENGTH(mod, rm) << 4 | \
	 ((mod) == 3 ? UD(0, 1 << (reg)) : UD(1 << (reg), 0)) | \
	 ((mod) == 0 && (rm) == 5 ? TRAIT_RIP : 0) | \
	 ((mod) == 0 && (rm) == 4 ? TRAIT_NO_BASE : 0) | ((reg) > 1 ? TRAIT_TEST : 0))
#define MODRM_8(mod, reg) MODRM(mod, reg, 0), MODRM(mod, reg, 1), MODRM(mod, reg, 2), MODRM(mod, reg, 3), \
	MODRM(mod, reg, 4), MODRM(mod, reg, 5), MODRM(mod, reg, 6), MODRM(mod, reg, 7)
#define MODRM_64(mod) MODRM_8(mod, 0), MODRM_8(mod, 1), MODRM_8(mod, 2), MODRM_8(mod, 3), \
	MODRM_8(mod, 4), MODRM_8(mod, 5), MODRM_8(mod, 6), MODRM_8(mod, 7)
const uint64_t x86_modrm_traits[256] = { MODRM_64(0), MODRM_64(1), MODRM_64(2), MODRM_64(3) };
/* clang-format on */

/* The bytes being read; failure sticks, and reads past the end give 0. */
struct reader {
	const uint8_t *bytes;
	size_t size_bytes;
	size_t off;
	bool failed;
};

static uint8_t next_byte(struct reader *reader)
{
	if (reader->off >= reader->size_bytes) {
		reader->failed = true;
		return 0;
	}
	return reader->bytes[reader->off++];
}

static uint8_t peek_byte(struct reader *reader)
{
	if (reader->off < reader->size_bytes)
		return reader->bytes[reader->off];
	reader->failed = true;
	return 0;
}

/* Returns the first byte that is no prefix. A REX that another prefix follows means nothing. */
static uint8_t read_prefixes(struct reader *reader, struct x86_fields *fields)
{
	for (;;) {
		uint8_t byte = next_byte(reader);
		if ((byte & 0xf0) == 0x40) {
			fields->has_rex = true;
			fields->rex = byte & 0x0f;
			byte = peek_byte(reader);
			bool is_prefix = (byte & 0xf0) == 0x40 || (byte & 0xfe) == 0xf2 ||
					 (byte & 0xfc) == 0x64 || (byte & 0xe7) == 0x26 ||
					 byte == 0xf0;
			if (!is_prefix)
				return next_byte(reader);
			fields->has_rex = false;
			fields->rex = 0;
			continue;
		}
		switch (byte) {
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
			break; /* without effect in 64-bit mode, also on an earlier fs or gs */
		case 0x64:
		case 0x65:
			fields->segment_prefix = byte;
			break;
		case 0x66:
			fields->operand_prefix = true;
			break;
		case 0x67:
			fields->address_prefix = true;
			break;
		case 0xf0:
			fields->lock_prefix = true;
			break;
		case 0xf2:
		case 0xf3:
			fields->repeat_prefix = byte;
			break;
		default:
			return byte;
		}
		if (reader->failed)
			return 0;
	}
}

static void apply_implied_prefix(struct x86_fields *fields, unsigned pp)
{
	static const uint8_t repeat[4] = { 0, 0, 0xf3, 0xf2 };
	fields->operand_prefix = pp == 1;
	fields->repeat_prefix = repeat[pp];
}

/* VEX, EVEX and XOP forbid the prefixes that they contain. */
static bool has_conflicting_prefix(const struct x86_fields *fields)
{
	return fields->has_rex || fields->operand_prefix || fields->repeat_prefix != 0 ||
	       fields->lock_prefix;
}

static unsigned traits_of_vex(const struct x86_fields *fields)
{
	unsigned traits = (unsigned)x86_opcode_traits[1][fields->opcode];
	switch (fields->map) {
	case X86_MAP_0F:
		if (fields->opcode == 0x77)
			return TRAIT_KEEPS_FLAGS; /* vzeroupper */
		return (traits & TRAIT_MODRM) != 0 && (traits & TRAIT_SPECIAL) == 0
			   ? traits & (TRAIT_MODRM | TRAIT_IMMEDIATE_1)
			   : TRAIT_INVALID;
	case X86_MAP_0F38:
		return TRAIT_MODRM;
	case X86_MAP_0F3A:
		return TRAIT_MODRM | TRAIT_IMMEDIATE_1;
	default:
		return TRAIT_INVALID;
	}
}

static unsigned read_vex(struct reader *reader, struct x86_fields *fields, uint8_t first)
{
	if (has_conflicting_prefix(fields))
		return TRAIT_INVALID;
	uint8_t byte = next_byte(reader);
	fields->encoding = X86_VEX;
	fields->map = X86_MAP_0F;
	fields->rex = byte >> 7 ? 0 : REX_R;
	if (first == 0xc4) {
		fields->map = byte & 0x1f;
		fields->rex = (uint8_t)(~byte >> 5 & 7);
		byte = next_byte(reader);
		if (byte >> 7)
			fields->rex |= REX_W;
	}
	fields->other_register = (uint8_t)(~byte >> 3 & 15);
	fields->vector_bytes = byte & 4 ? 32 : 16;
	apply_implied_prefix(fields, byte & 3);
	fields->opcode = next_byte(reader);
	return traits_of_vex(fields);
}

static unsigned read_xop(struct reader *reader, struct x86_fields *fields)
{
	static const unsigned traits[3] = { TRAIT_MODRM | TRAIT_IMMEDIATE_1, TRAIT_MODRM,
					    TRAIT_MODRM | TRAIT_RELATIVE_4 };
	if (has_conflicting_prefix(fields))
		return TRAIT_INVALID;
	uint8_t byte = next_byte(reader);
	fields->encoding = X86_XOP;
	fields->map = byte & 0x1f;
	fields->rex = (uint8_t)(~byte >> 5 & 7);
	byte = next_byte(reader);
	if (byte >> 7)
		fields->rex |= REX_W;
	fields->other_register = (uint8_t)(~byte >> 3 & 15);
	fields->vector_bytes = byte & 4 ? 32 : 16;
	if ((byte & 3) != 0 || fields->map > X86_MAP_XOP10)
		return TRAIT_INVALID;
	fields->opcode = next_byte(reader);
	return traits[fields->map - X86_MAP_XOP8];
}

static unsigned read_evex(struct reader *reader, struct x86_fields *fields)
{
	if (has_conflicting_prefix(fields))
		return TRAIT_INVALID;
	uint8_t first = next_byte(reader);
	uint8_t second = next_byte(reader);
	uint8_t third = next_byte(reader);
	fields->encoding = X86_EVEX;
	fields->map = first & 7;
	fields->rex = (uint8_t)((~first >> 5 & 7) | (second >> 7 ? REX_W : 0));
	fields->other_register = (uint8_t)(~second >> 3 & 15);
	fields->vector_bytes = (uint8_t)(16u << (third >> 5 & 3));
	fields->broadcast = (third & 0x10) != 0;
	apply_implied_prefix(fields, second & 3);
	fields->opcode = next_byte(reader);
	if ((first & 0x08) != 0 || (second & 0x04) == 0)
		return TRAIT_INVALID;
	switch (fields->map) {
	case X86_MAP_EVEX5:
	case X86_MAP_EVEX6:
		return TRAIT_MODRM;
	case X86_MAP_0F:
		if ((fields->opcode & 0xfe) == 0x78 || (fields->opcode & 0xfe) == 0x7a)
			return TRAIT_MODRM; /* conversions to and from unsigned */
		return fields->opcode == 0x77 ? (unsigned)TRAIT_INVALID : traits_of_vex(fields);
	default:
		return traits_of_vex(fields);
	}
}

static unsigned read_0f(struct reader *reader, struct x86_fields *fields)
{
	uint8_t opcode = fields->opcode = next_byte(reader);
	unsigned traits = (unsigned)x86_opcode_traits[1][opcode];
	fields->map = X86_MAP_0F;
	if ((traits & TRAIT_SPECIAL) == 0)
		return traits;
	switch (opcode) {
	case 0x0f:
		fields->map = X86_MAP_3DNOW; /* its opcode stands behind modrm */
		return TRAIT_MODRM | TRAIT_IMMEDIATE_1;
	case 0x38:
		fields->map = X86_MAP_0F38;
		fields->opcode = next_byte(reader);
		return TRAIT_MODRM;
	case 0x3a:
		fields->map = X86_MAP_0F3A;
		fields->opcode = next_byte(reader);
		return TRAIT_MODRM | TRAIT_IMMEDIATE_1;
	case 0x78: /* extrq and insertq; vmread */
		if (fields->operand_prefix || fields->repeat_prefix == 0xf2)
			return TRAIT_MODRM | TRAIT_IMMEDIATE_2;
		return TRAIT_MODRM | TRAIT_WRITES_E;
	case 0xb8:
		return fields->repeat_prefix == 0xf3 ? (unsigned)(TRAIT_MODRM | TRAIT_WRITES_G)
						     : (unsigned)TRAIT_INVALID;
	default: /* 20 to 23: modrm names registers whatever its mod says */
		return traits;
	}
}

/* Prefixes are behind us; what follows first, and the traits of the opcode that is found. */
static unsigned read_opcode(struct reader *reader, struct x86_fields *fields, uint8_t first)
{
	unsigned traits = (unsigned)x86_opcode_traits[0][first];
	fields->opcode = first;
	if (first == 0x0f)
		return read_0f(reader, fields);
	if ((traits & TRAIT_SPECIAL) == 0)
		return traits;
	switch (first) {
	case 0x62:
		return read_evex(reader, fields);
	case 0xc4:
	case 0xc5:
		return read_vex(reader, fields, first);
	case 0x8f:
		if ((peek_byte(reader) & 0x1f) >= X86_MAP_XOP8)
			return read_xop(reader, fields);
		return TRAIT_MODRM | TRAIT_WRITES_E | TRAIT_KEEPS_FLAGS;
	case 0xf6:
	case 0xf7: {
		unsigned group = peek_byte(reader) >> 3 & 7;
		unsigned width = first == 0xf6 ? TRAIT_BYTE : 0;
		unsigned immediate = first == 0xf6 ? TRAIT_IMMEDIATE_1 : TRAIT_IMMEDIATE_4;
		if (group < 2) /* test */
			return TRAIT_MODRM | width | immediate;
		return TRAIT_MODRM | width | (group < 4 ? (unsigned)TRAIT_WRITES_E : 0u);
	}
	default:
		return traits;
	}
}

static void read_modrm(struct reader *reader, struct x86_fields *fields)
{
	fields->modrm_off = (uint8_t)reader->off;
	fields->modrm = next_byte(reader);
	if (fields->map == X86_MAP_0F && (fields->opcode & 0xfc) == 0x20 &&
	    fields->encoding == X86_LEGACY) {
		fields->modrm |= 0xc0;
		return;
	}
	unsigned total = (x86_modrm_traits[fields->modrm] & TRAIT_MODRM_BYTES) / 16;
	bool has_sib = !x86_is_register_form(fields) && (fields->modrm & 7) == 4;
	if (has_sib && x86_modrm_mod(fields) == 0 && (peek_byte(reader) & 7) == 5)
		total += 4;
	fields->displacement_bytes = (uint8_t)(total - 1 - has_sib);
	fields->displacement_off = (uint8_t)(reader->off + has_sib);
	reader->off += total - 1;
}

static unsigned immediate_bytes(const struct x86_fields *fields, unsigned traits)
{
	unsigned bytes = traits & TRAIT_IMMEDIATE_BYTES;
	if ((traits & TRAIT_SHORTER) != 0 && fields->operand_prefix && (fields->rex & REX_W) == 0)
		bytes = 2;
	if ((traits & TRAIT_WIDE) != 0 && (fields->rex & REX_W) != 0)
		bytes = 8;
	if (fields->encoding == X86_LEGACY && fields->map == X86_MAP_PRIMARY) {
		if (fields->opcode == 0xc8) /* enter: 2 and 1 */
			bytes = 3;
		else if ((fields->opcode & 0xfc) == 0xa0) /* mov between rax and an address */
			bytes = fields->address_prefix ? 4 : 8;
	}
	return bytes;
}

bool x86_fields_decode(const uint8_t *bytes, size_t size_bytes, struct x86_fields *out_fields)
{
	struct reader reader = { .bytes = bytes, .size_bytes = size_bytes };
	if (size_bytes > X86_LENGTH_LIMIT_BYTES)
		reader.size_bytes = X86_LENGTH_LIMIT_BYTES;
	struct x86_fields fields = { 0 };
	uint8_t first = read_prefixes(&reader, &fields);
	unsigned traits = read_opcode(&reader, &fields, first);
	if ((traits & TRAIT_INVALID) != 0 || reader.failed)
		return false;
	if ((traits & TRAIT_MODRM) != 0 ||
	    (fields.map == X86_MAP_0F && (fields.opcode & 0xfc) == 0x20 &&
	     fields.encoding == X86_LEGACY))
		read_modrm(&reader, &fields);
	fields.immediate_off = (uint8_t)reader.off;
	fields.immediate_bytes = (uint8_t)immediate_bytes(&fields, traits);
	reader.off += fields.immediate_bytes;
	if (reader.failed || reader.off > reader.size_bytes || !x86_is_defined(&fields, bytes))
		return false;
	fields.length_bytes = (uint8_t)reader.off;
	*out_fields = fields;
	return true;
}

int64_t x86_read_signed(const uint8_t *bytes, unsigned size_bytes)
{
	uint64_t value = 0;
	if (size_bytes == 0)
		return 0;
	memcpy(&value, bytes, size_bytes);
	unsigned shift = 64 - 8 * size_bytes;
	return (int64_t)(value << shift) >> shift;
}
