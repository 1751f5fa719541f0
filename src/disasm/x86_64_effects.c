/*
 * Registers and flags of instructions whose values are not followed. Sources: Intel SDM volume 2,
 * the instruction pages and appendix A; AMD APM volume 3 for XOP.
 */
#include "disasm/x86_64_effects.h"

enum {
	A = 1 << RAX,
	C = 1 << RCX,
	D = 1 << RDX,
	B = 1 << RBX,
	SP = 1 << RSP,
	BP = 1 << RBP,
	SI = 1 << RSI,
	DI = 1 << RDI,
	ABCD = A | B | C | D
};

static uint32_t bit_e(const struct x86_fields *fields)
{
	return X86_BIT(x86_register_e(fields));
}

static uint32_t bit_g(const struct x86_fields *fields)
{
	return X86_BIT(x86_register_g(fields));
}

static uint32_t bit_other(const struct x86_fields *fields)
{
	return X86_BIT(fields->other_register);
}

/* The register of modrm.rm, if it is one. */
static uint32_t bit_e_if_register(const struct x86_fields *fields)
{
	return x86_is_register_form(fields) ? bit_e(fields) : 0;
}

/* As bit_e_if_register and bit_g, for operands that may be ah, ch, dh or bh. */
static uint32_t bit_narrow(const struct x86_fields *fields, uint8_t reg, unsigned traits)
{
	unsigned width_bytes = (traits & TRAIT_BYTE) != 0 ? 1 : 8;
	return X86_BIT(x86_is_high_byte(fields, reg, width_bytes) ? reg & 3 : reg);
}

/* Registers that the traits name: the same for reading and writing, as far as it is known. */
static uint32_t bits_of_traits(const struct x86_fields *fields, unsigned traits)
{
	uint32_t bits = 0;
	if ((traits & TRAIT_WRITES_E) != 0 && x86_is_register_form(fields))
		bits |= bit_narrow(fields, x86_register_e(fields), traits);
	if ((traits & TRAIT_WRITES_G) != 0)
		bits |= bit_narrow(fields, x86_register_g(fields), traits);
	if ((traits & TRAIT_WRITES_A) != 0)
		bits |= A;
	return bits;
}

/* String instructions: the registers that move, and with a repeat prefix the count. */
static void note_string(const struct x86_fields *fields, uint32_t moved, struct instruction *to)
{
	if (fields->repeat_prefix != 0)
		moved |= C;
	to->registers_read |= moved;
	to->registers_written |= moved;
}

static void note_primary_string(const struct x86_fields *fields, struct instruction *to)
{
	switch (fields->opcode & 0xfe) {
	case 0x6c: /* ins */
		note_string(fields, DI, to);
		to->registers_read |= D;
		to->writes_memory = true;
		break;
	case 0x6e: /* outs */
		note_string(fields, SI, to);
		to->registers_read |= D;
		break;
	case 0xa4: /* movs */
		to->writes_memory = true;
		note_string(fields, SI | DI, to);
		break;
	case 0xa6: /* cmps */
		note_string(fields, SI | DI, to);
		break;
	case 0xaa: /* stos */
		note_string(fields, DI, to);
		to->registers_read |= A;
		to->writes_memory = true;
		break;
	case 0xac: /* lods */
		note_string(fields, SI, to);
		to->registers_written |= A;
		break;
	default: /* scas */
		note_string(fields, DI, to);
		to->registers_read |= A;
		break;
	}
}

/* not, neg, mul, imul, div, idiv */
static void note_group_f6(const struct x86_fields *fields, struct instruction *to)
{
	unsigned group = x86_modrm_reg(fields);
	bool is_byte = fields->opcode == 0xf6;
	uint32_t operand = 0;
	if (x86_is_register_form(fields))
		operand =
		    bit_narrow(fields, x86_register_e(fields), is_byte ? (unsigned)TRAIT_BYTE : 0);
	to->registers_read |= operand;
	if (group < 4) {
		to->registers_written |= operand;
		to->sets_flags = group == 3;
		return;
	}
	to->registers_written |= is_byte ? A : A | D;
	to->registers_read |= is_byte || group < 6 ? A : A | D;
}

static void note_x87(const struct x86_fields *fields, struct instruction *to)
{
	if (fields->opcode == 0xdf && fields->modrm == 0xe0) /* fnstsw ax */
		to->registers_written |= A;
	/* fucomi, fcomi, fucomip, fcomip */
	to->sets_flags =
	    (fields->opcode & 0xfb) == 0xdb && fields->modrm >= 0xe8 && fields->modrm < 0xf8;
}

static void note_primary_special(const struct x86_fields *fields, struct instruction *to)
{
	switch (fields->opcode) {
	case 0x98: /* cbw, cwde */
		to->registers_read |= A;
		break;
	case 0x99: /* cwd, cdq, cqo */
		to->registers_read |= A;
		to->registers_written |= D;
		break;
	case 0x9c: /* pushf */
	case 0x9d: /* popf */
		to->writes_memory = fields->opcode == 0x9c;
		to->registers_read |= SP;
		to->registers_written |= SP;
		break;
	case 0x9e: /* sahf */
		to->registers_read |= A;
		break;
	case 0x9f: /* lahf */
	case 0xc6: /* xabort */
		to->registers_written |= A;
		break;
	case 0xc8: /* enter */
		to->writes_memory = true;
		to->registers_read |= SP | BP;
		to->registers_written |= SP | BP;
		break;
	case 0xd7: /* xlat */
		to->registers_read |= A | B;
		break;
	case 0xe6: /* out */
	case 0xe7:
		to->registers_read |= A;
		break;
	case 0xec: /* in and out by dx */
	case 0xed:
	case 0xee:
	case 0xef:
		to->registers_read |= A | D;
		break;
	default:
		break;
	}
}

/* xchg of rax and the register in the opcode */
static void note_exchange(const struct x86_fields *fields, struct instruction *to)
{
	to->registers_read |= A | bit_e(fields);
	to->registers_written |= A | bit_e(fields);
}

static void note_primary(const struct x86_fields *fields, struct instruction *to)
{
	unsigned traits = (unsigned)x86_opcode_traits[X86_MAP_PRIMARY][fields->opcode];
	uint32_t named = bits_of_traits(fields, traits);
	uint8_t opcode = fields->opcode;
	bool is_x87 = (opcode & 0xf8) == 0xd8;
	to->registers_written |= named;
	if (opcode < 0x40 || (opcode & 0xfe) == 0x86) /* adc, sbb, xchg */
		to->registers_read |= named | bit_narrow(fields, x86_register_g(fields), traits);
	if ((traits & TRAIT_MODRM) != 0 && x86_is_register_form(fields) && !is_x87 &&
	    opcode != 0x8c)
		to->registers_read |= bit_narrow(fields, x86_register_e(fields), traits);
	if (is_x87)
		note_x87(fields, to);
	else if ((opcode & 0xfc) == 0x6c || (opcode & 0xfc) == 0xa4 ||
		 (opcode >= 0xaa && opcode <= 0xaf))
		note_primary_string(fields, to);
	else if ((opcode & 0xfe) == 0xf6)
		note_group_f6(fields, to);
	else if ((opcode & 0xf8) == 0x90)
		note_exchange(fields, to);
	else if ((opcode & 0xfe) == 0xd2) /* rotations and sar by cl */
		to->registers_read |= C;
	else
		note_primary_special(fields, to);
}

/* Group 0f 01 with a register form: one instruction per modrm byte. */
static uint32_t written_by_0f01(const struct x86_fields *fields)
{
	if (!x86_is_register_form(fields))
		return 0;
	if (x86_modrm_reg(fields) == 4) /* smsw */
		return bit_e(fields);
	switch (fields->modrm) {
	case 0xc8: /* monitor, mwait, clac, stac */
	case 0xc9:
	case 0xca:
	case 0xcb:
	case 0xd1: /* xsetbv */
	case 0xd5: /* xend, xtest */
	case 0xd6:
	case 0xe8: /* serialize */
	case 0xef: /* wrpkru */
	case 0xf8: /* swapgs, monitorx, mwaitx, clzero */
	case 0xfa:
	case 0xfb:
	case 0xfc:
		return 0;
	case 0xd0: /* xgetbv */
	case 0xee: /* rdpkru */
	case 0xfd: /* rdpru */
		return A | D;
	case 0xf9: /* rdtscp */
		return A | C | D;
	default: /* enclu, vmcall and the like */
		return ABCD;
	}
}

/* Group 0f c7: cmpxchg8b and 16b, rdrand, rdseed, rdpid. */
static uint32_t written_by_0fc7(const struct x86_fields *fields)
{
	if (x86_is_register_form(fields))
		return bit_e(fields);
	return x86_modrm_reg(fields) == 1 ? A | D : 0;
}

/* Those that the traits do not say, or say of one form only. */
static uint32_t written_by_0f(const struct x86_fields *fields, unsigned traits)
{
	uint8_t repeat = fields->repeat_prefix;
	unsigned group = x86_modrm_reg(fields);
	uint32_t named = bits_of_traits(fields, traits);
	switch (fields->opcode) {
	case 0x00: /* sldt and str; the others read */
		return group < 2 ? named : 0;
	case 0x01:
		return written_by_0f01(fields);
	case 0x1e: /* rdssp */
	case 0x20:
	case 0x21:
		return bit_e(fields);
	case 0x2c:
	case 0x2d: /* without prefix to an MMX register */
		return repeat != 0 ? named : 0;
	case 0x31: /* rdtsc, rdmsr, rdpmc */
	case 0x32:
	case 0x33:
		return A | D;
	case 0x37: /* getsec */
	case 0xa2: /* cpuid */
		return ABCD;
	case 0x78: /* vmread; extrq and insertq with a prefix */
		return repeat == 0 && !fields->operand_prefix ? bit_e_if_register(fields) : 0;
	case 0x7e:
		return repeat == 0 ? named : 0;
	case 0xa6:
	case 0xa7: /* VIA's encryption */
		return ABCD | SI | DI;
	case 0xae: /* rdfsbase, rdgsbase */
		return repeat == 0xf3 && group < 2 ? bit_e_if_register(fields) : 0;
	case 0xb8: /* popcnt */
		return bit_g(fields);
	case 0xba: /* not bt */
		return group == 4 ? 0 : named;
	case 0xc7:
		return written_by_0fc7(fields);
	default:
		return (fields->opcode & 0xf8) == 0xc8 ? bit_e(fields) : named; /* bswap */
	}
}

/* Those whose modrm names general registers that are read. */
static uint32_t read_by_0f(const struct x86_fields *fields, unsigned traits)
{
	uint32_t e = bit_e_if_register(fields);
	uint32_t g = bit_g(fields);
	switch (fields->opcode) {
	case 0x00:
	case 0x22:
	case 0x23:
	case 0x2a: /* a number, or an MMX register */
	case 0x6e:
	case 0xb8:
	case 0xba:
	case 0xc4:
		return e;
	case 0x01:
	case 0x30:
	case 0x32:
	case 0x33:
	case 0xc7:
		return ABCD | e;
	case 0xa2:
		return A | C;
	case 0xae: /* xsave's mask */
		return A | D | e;
	case 0xa5:
	case 0xad:
		return e | g | C;
	case 0xb0:
	case 0xc0:
		return bits_of_traits(fields, traits) |
		       bit_narrow(fields, x86_register_g(fields), traits);
	case 0xb1:
		return e | g | A;
	case 0x02: /* lar, lsl: their register is left when they fail */
	case 0x03:
	case 0xa3:
	case 0xa4:
	case 0xab:
	case 0xac:
	case 0xaf:
	case 0xb3:
	case 0xbb:
	case 0xbc: /* bsf and bsr of 0 leave the register */
	case 0xbd:
	case 0xc1:
	case 0xc3:
	case 0x78:
	case 0x79:
		return e | g;
	case 0xa6:
	case 0xa7:
		return ABCD | SI | DI;
	case 0xf7: /* maskmovq */
		return DI;
	default:
		return (fields->opcode & 0xf8) == 0xc8 ? bit_e(fields) : 0;
	}
}

static void note_0f(const struct x86_fields *fields, struct instruction *to)
{
	unsigned traits = (unsigned)x86_opcode_traits[X86_MAP_0F][fields->opcode];
	to->registers_written |= written_by_0f(fields, traits);
	to->registers_read |= read_by_0f(fields, traits);
	if (fields->opcode == 0xf7 || (fields->opcode & 0xfe) == 0xa6) /* through rdi */
		to->writes_memory = true;
	if (fields->opcode == 0x01 && fields->modrm == 0xfc) /* clzero, through rax */
		to->writes_memory = true;
	if (fields->opcode == 0xae && x86_modrm_reg(fields) == 6) /* tpause, umwait */
		to->sets_flags = true;
	if (fields->opcode == 0xc7) /* xsavec and the like keep them */
		to->sets_flags = x86_is_register_form(fields) || x86_modrm_reg(fields) == 1 ||
				 x86_modrm_reg(fields) >= 6;
	if (fields->opcode == 0x01) /* xtest, clac, stac, vmcall and the like */
		to->sets_flags = fields->modrm == 0xd6 || (fields->modrm & 0xfe) == 0xca ||
				 (fields->modrm == 0xfa && fields->repeat_prefix == 0xf3) ||
				 to->registers_written == ABCD;
}

/* Map 0F of VEX and EVEX. */
static void note_vector_0f(const struct x86_fields *fields, struct instruction *to)
{
	bool is_evex = fields->encoding == X86_EVEX;
	bool is_scalar = fields->repeat_prefix != 0;
	switch (fields->opcode) {
	case 0x2c:
	case 0x2d:
		if (is_scalar)
			to->registers_written |= bit_g(fields);
		break;
	case 0x78:
	case 0x79:
		if (is_evex && is_scalar)
			to->registers_written |= bit_g(fields);
		break;
	case 0x50: /* movmsk */
	case 0xc5: /* pextrw */
	case 0xd7: /* pmovmskb */
		to->registers_written |= bit_g(fields);
		break;
	case 0x93: /* kmov */
		if (!is_evex)
			to->registers_written |= bit_g(fields);
		break;
	case 0x7e:
		if (!is_scalar)
			to->registers_written |= bit_e_if_register(fields);
		break;
	case 0x2a:
	case 0x6e:
	case 0x7b:
	case 0x92:
	case 0xc4:
		to->registers_read |= bit_e_if_register(fields);
		break;
	case 0xf7:
		to->registers_read |= DI;
		to->writes_memory = true;
		break;
	default:
		break;
	}
	to->sets_flags = (fields->opcode & 0xfe) == 0x2e ||
			 (!is_evex && (fields->opcode & 0xfe) == 0x98); /* comis, kortest */
}

/* Opcodes f0 to ff of map 0F38: those for general registers. */
static void note_general_0f38(const struct x86_fields *fields, struct instruction *to)
{
	bool is_vex = fields->encoding != X86_LEGACY;
	bool has_prefix = fields->repeat_prefix != 0 || fields->operand_prefix;
	to->registers_read |= bit_e_if_register(fields) | bit_g(fields);
	if (is_vex)
		to->registers_read |= bit_other(fields);
	switch (fields->opcode) {
	case 0xf0: /* movbe, crc32 */
	case 0xf2: /* andn */
		to->registers_written |= bit_g(fields);
		break;
	case 0xf1:
		if (fields->repeat_prefix == 0xf2)
			to->registers_written |= bit_g(fields);
		break;
	case 0xf3: /* blsr, blsi, blsmsk */
		to->registers_written |= bit_other(fields);
		break;
	case 0xf5: /* bzhi, pdep, pext; wruss */
		if (is_vex)
			to->registers_written |= bit_g(fields);
		break;
	case 0xf6: /* mulx; adcx, adox; wrss */
		if (is_vex)
			to->registers_written |= bit_other(fields);
		if (is_vex || has_prefix)
			to->registers_written |= bit_g(fields);
		to->registers_read |= D;
		break;
	case 0xf7: /* bextr, shlx, shrx, sarx */
		to->registers_written |= bit_g(fields);
		break;
	case 0xf8: /* movdir64b, enqcmd */
		to->writes_memory = true;
		break;
	case 0xfa:
	case 0xfb: /* encodekey */
		to->registers_written |= bit_g(fields);
		break;
	default:
		break;
	}
	bool is_vex_flags = fields->opcode == 0xf2 || fields->opcode == 0xf3 ||
			    ((fields->opcode == 0xf5 || fields->opcode == 0xf7) && !has_prefix);
	to->sets_flags = is_vex ? is_vex_flags
				: (fields->opcode == 0xf6 && has_prefix) || fields->opcode >= 0xf8;
}

static void note_0f38(const struct x86_fields *fields, struct instruction *to)
{
	uint8_t opcode = fields->opcode;
	if (opcode >= 0xf0) {
		note_general_0f38(fields, to);
		return;
	}
	if (fields->encoding == X86_VEX && opcode >= 0xe0) { /* cmpccxadd */
		to->registers_read |= bit_g(fields) | bit_other(fields);
		to->registers_written |= bit_g(fields);
		to->sets_flags = true;
	} else if (fields->encoding == X86_EVEX && opcode >= 0x7a && opcode <= 0x7c) {
		to->registers_read |= bit_e_if_register(fields); /* vpbroadcast */
	} else if (fields->encoding == X86_LEGACY && opcode >= 0x80 && opcode <= 0x82) {
		to->registers_read |= bit_g(fields); /* invept, invvpid, invpcid */
		to->sets_flags = true;
	} else if (fields->encoding == X86_LEGACY && opcode >= 0xd8 && opcode <= 0xdf) {
		to->sets_flags = fields->repeat_prefix == 0xf3; /* aesenc128kl and the like */
	} else {
		to->sets_flags = fields->encoding != X86_EVEX &&
				 (opcode == 0x17 || /* ptest, vtestps, vtestpd */
				  (fields->encoding == X86_VEX && (opcode & 0xfe) == 0x0e));
	}
}

static void note_0f3a(const struct x86_fields *fields, struct instruction *to)
{
	uint8_t opcode = fields->opcode;
	if (opcode >= 0x14 && opcode <= 0x17) { /* pextr */
		to->registers_written |= bit_e_if_register(fields);
	} else if (opcode == 0x20 || opcode == 0x22) { /* pinsr */
		to->registers_read |= bit_e_if_register(fields);
	} else if (opcode == 0xf0) { /* rorx; hreset */
		to->registers_read |= bit_e_if_register(fields) | A;
		if (fields->encoding != X86_LEGACY)
			to->registers_written |= bit_g(fields);
	} else if (opcode >= 0x60 && opcode <= 0x63 && fields->encoding != X86_EVEX) {
		to->sets_flags = true; /* pcmpestrm, pcmpestri, pcmpistrm, pcmpistri */
		to->registers_read |= opcode < 0x62 ? A | D : 0;
		to->registers_written |= (opcode & 1) != 0 ? C : 0;
	}
}

static void note_xop(const struct x86_fields *fields, struct instruction *to)
{
	if (fields->map == X86_MAP_XOP9 && fields->opcode <= 0x02) { /* blcfill and the like */
		to->registers_read |= bit_e_if_register(fields);
		to->registers_written |= bit_other(fields);
		to->sets_flags = true;
	} else if (fields->map == X86_MAP_XOP9 && fields->opcode == 0x12) { /* llwpcb, slwpcb */
		to->registers_read |= bit_e(fields);
		to->registers_written |= bit_e(fields);
	} else if (fields->map == X86_MAP_XOP10) { /* bextr; lwpins, lwpval */
		to->registers_read |= bit_e_if_register(fields) | bit_other(fields);
		to->registers_written |= fields->opcode == 0x10 ? bit_g(fields) : bit_other(fields);
		to->sets_flags = true;
	}
}

/* Half precision: conversions to general registers, vmovw, comparisons. */
static void note_evex5(const struct x86_fields *fields, struct instruction *to)
{
	uint8_t opcode = fields->opcode;
	if ((opcode & 0xfe) == 0x2c || (opcode & 0xfe) == 0x78)
		to->registers_written |= fields->repeat_prefix != 0 ? bit_g(fields) : 0;
	else if (opcode == 0x7e)
		to->registers_written |= bit_e_if_register(fields);
	else if (opcode == 0x2a || opcode == 0x6e || opcode == 0x7b)
		to->registers_read |= bit_e_if_register(fields);
	to->sets_flags = (opcode & 0xfe) == 0x2e;
}

void x86_note_effects(const struct x86_fields *fields, struct instruction *instruction)
{
	switch (fields->map) {
	case X86_MAP_PRIMARY:
		note_primary(fields, instruction);
		break;
	case X86_MAP_0F:
		if (fields->encoding == X86_LEGACY)
			note_0f(fields, instruction);
		else
			note_vector_0f(fields, instruction);
		break;
	case X86_MAP_0F38:
		note_0f38(fields, instruction);
		break;
	case X86_MAP_0F3A:
		note_0f3a(fields, instruction);
		break;
	case X86_MAP_EVEX5:
		note_evex5(fields, instruction);
		break;
	case X86_MAP_XOP9:
	case X86_MAP_XOP10:
		note_xop(fields, instruction);
		break;
	default:
		break;
	}
}
