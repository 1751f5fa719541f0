/*
 * Sizes and directions of memory operands. One letter per opcode says how the size follows from
 * prefixes and vector length. Source: Intel SDM volume 2, appendix A and the instruction pages.
 */
#include "disasm/x86_64_widths.h"

#include <string.h>

/*
 * b w d q x  1, 2, 4, 8, 16 bytes     z  by operand size
 * y  4, or 8 with W                   v  the whole vector
 * h e o  its half, quarter, eighth    p  8 with MMX registers, else the whole vector
 * m  as p, but 4 with MMX registers   f  the whole vector; F3: a float; F2: a double
 * s  as f, F2 excepted                u  a float; 66: a double
 * t  32 bytes                         k  a mask register
 * c  the count of a shift             .  none, or not known
 */
/* clang-format off */
static const char letters_0f[256 + 1] =
	"w.ww.........b.." "ffqqvvqqbz..zzzz" "........vv.f..uu" "................"
	"zzzzzzzzzzzzzzzz" ".fssvvvvff.vffff" "mmmppppppppppvyp" "ppppppp.yyvvvvyp"
	"................" "kkbbbbbbbbbbbbbb" "...zz......zz..z" "bz.z..bwz.zzzzbw"
	"bzfyw.v........." "vcccppqppppppppp" "pccppp.ppppppppp" "vcccpppppppppp.."
	;
static const char letters_0f38[256 + 1] =
	"ppppppppppppvvvv" "v..hvvvvdqxtpppp" "heohehvvvvvvvvvv" "heohehvvvvvvvvvv"
	"vvvyvvvv....vyvy" "vvvvvv..dqxt...." "..vvvvv........." "vvvv.vvvbw...vvv"
	"xxxv....vvvvv.v." "yyyy..vvvyvyvyvy" "yyyy..vvvyvyvyvy" "....vvvvvyvyvyvy"
	"....v.yyvvvvvv.v" "...........vvvvv" "................" "zzyy.yyy.y......"
	;
static const char letters_0f3a[256 + 1] =
	"vvvvvvv.vvdqvvvp" "....bwydxxtt.hvv" "bdy..vvy........" "........xxtt..vv"
	"vvv.v.v...vvv..." "vy..vyvy........" "xxxx..vy........" "vvvv............"
	"................" "................" "................" "................"
	"..v.........v.vv" "...............v" "................" "y..............."
	;
static const char letters_primary[256 + 1] =
	"bzbz....bzbz...." "bzbz....bzbz...." "bzbz....bzbz...." "bzbz....bzbz...."
	"................" "................" "...d.....z.z...." "................"
	"bz.zbzbzbzbzw.wq" "................" "................" "................"
	"bz....bz........" "bzbz............" "................" "......bz......bz"
	;
/* clang-format on */

unsigned x86_operand_bytes(const struct x86_fields *fields)
{
	if ((fields->rex & REX_W) != 0)
		return 8;
	return fields->operand_prefix ? 2 : 4;
}

static unsigned vector_bytes(const struct x86_fields *fields)
{
	return fields->vector_bytes == 0 ? 16 : fields->vector_bytes;
}

static unsigned mask_bytes(const struct x86_fields *fields)
{
	if (fields->encoding == X86_LEGACY)
		return 1; /* seto, setno */
	if ((fields->rex & REX_W) != 0)
		return fields->operand_prefix ? 4 : 8;
	return fields->operand_prefix ? 1 : 2;
}

static unsigned bytes_of_letter(const struct x86_fields *fields, char letter)
{
	bool is_mmx =
	    fields->encoding == X86_LEGACY && !fields->operand_prefix && fields->repeat_prefix == 0;
	switch (letter) {
	case 'b':
		return 1;
	case 'w':
		return 2;
	case 'd':
		return 4;
	case 'q':
		return 8;
	case 'x':
		return 16;
	case 't':
		return 32;
	case 'z':
		return x86_operand_bytes(fields);
	case 'y':
		return (fields->rex & REX_W) != 0 ? 8 : 4;
	case 'v':
		return vector_bytes(fields);
	case 'h':
		return vector_bytes(fields) / 2;
	case 'e':
		return vector_bytes(fields) / 4;
	case 'o':
		return vector_bytes(fields) / 8;
	case 'm':
		return is_mmx ? 4 : vector_bytes(fields);
	case 'p':
		return is_mmx ? 8 : vector_bytes(fields);
	case 'c':
		return is_mmx ? 8 : 16;
	case 'f':
	case 's':
		if (fields->repeat_prefix == 0xf3)
			return 4;
		return letter == 'f' && fields->repeat_prefix == 0xf2 ? 8 : vector_bytes(fields);
	case 'u':
		return fields->operand_prefix ? 8 : 4;
	case 'k':
		return mask_bytes(fields);
	default:
		return 0;
	}
}

/* Opcodes d8 to df by modrm.reg; l: 10 bytes, E and S: the x87 environment and state. */
static unsigned x87_bytes(const struct x86_fields *fields)
{
	static const char letters[8][8 + 1] = { "dddddddd", "d.ddEwEw", "dddddddd", "dddd.l.l",
						"qqqqqqqq", "qqqqS.Sw", "wwwwwwww", "wwwwlqlq" };
	char letter = letters[fields->opcode & 7][x86_modrm_reg(fields)];
	switch (letter) {
	case 'l':
		return 10;
	case 'E':
		return x86_operand_bytes(fields) == 2 ? 14 : 28;
	case 'S':
		return x86_operand_bytes(fields) == 2 ? 94 : 108;
	default:
		return bytes_of_letter(fields, letter);
	}
}

static unsigned primary_bytes(const struct x86_fields *fields)
{
	if ((fields->opcode & 0xf8) == 0xd8)
		return x87_bytes(fields);
	unsigned group = x86_modrm_reg(fields);
	if (fields->opcode == 0xff && group >= 2) {
		if ((group & 1) != 0) /* far: offset and selector */
			return x86_operand_bytes(fields) + 2;
		return group == 6 && fields->operand_prefix && (fields->rex & REX_W) == 0 ? 2 : 8;
	}
	if (fields->opcode == 0x8f)
		return fields->operand_prefix && (fields->rex & REX_W) == 0 ? 2 : 8;
	return bytes_of_letter(fields, letters_primary[fields->opcode]);
}

static unsigned group_0fae_bytes(const struct x86_fields *fields)
{
	switch (x86_modrm_reg(fields)) {
	case 0:
	case 1:
		return 512;
	case 2:
	case 3:
		return 4;
	case 4: /* ptwrite */
		return fields->repeat_prefix != 0 ? bytes_of_letter(fields, 'y') : 0;
	case 7:
		return 1;
	default:
		return 0; /* as much as xsave's mask says */
	}
}

/* Those of map 0F whose size no letter says. */
static unsigned special_0f_bytes(const struct x86_fields *fields)
{
	unsigned group = x86_modrm_reg(fields);
	unsigned vector = vector_bytes(fields);
	uint8_t repeat = fields->repeat_prefix;
	switch (fields->opcode) {
	case 0x01:
		if (group == 5) /* rstorssp */
			return 8;
		return group < 4 ? 10 : group == 7 ? 1 : 2;
	case 0x1a:
	case 0x1b: /* bndmov */
		return repeat == 0 && fields->operand_prefix ? 16 : 0;
	case 0x2a:
		return repeat != 0 ? ((fields->rex & REX_W) != 0 ? 8 : 4) : 8;
	case 0x2c:
	case 0x2d:
		if (repeat != 0)
			return repeat == 0xf3 ? 4 : 8;
		return fields->operand_prefix ? 16 : 8;
	case 0x5a:
		if (repeat != 0)
			return repeat == 0xf3 ? 4 : 8;
		return fields->operand_prefix ? vector : vector / 2;
	case 0xae:
		return group_0fae_bytes(fields);
	case 0xb2:
	case 0xb4:
	case 0xb5:
		return x86_operand_bytes(fields) + 2;
	case 0xc7:
		if (group == 1)
			return (fields->rex & REX_W) != 0 ? 16 : 8;
		return group >= 6 ? 8 : 0;
	case 0xe6: /* vcvtdq2pd, but not vcvtqq2pd */
		return repeat == 0xf3 &&
			       !(fields->encoding == X86_EVEX && (fields->rex & REX_W) != 0)
			   ? vector / 2
			   : vector;
	default:
		return 0;
	}
}

static unsigned bytes_0f(const struct x86_fields *fields)
{
	uint8_t repeat = fields->repeat_prefix;
	unsigned vector = vector_bytes(fields);
	uint8_t opcode = fields->opcode;
	if (fields->encoding == X86_LEGACY && (opcode & 0xfe) == 0x78)
		return 8; /* vmread, vmwrite */
	if ((opcode == 0x12 || opcode == 0x16) && repeat == 0xf3)
		return vector; /* movsldup, movshdup */
	if (opcode == 0x12 && repeat == 0xf2)
		return vector == 16 ? 8 : vector; /* movddup */
	if (opcode == 0x7e && repeat == 0xf3)
		return 8; /* movq */
	if (fields->encoding == X86_EVEX && opcode >= 0x78 && opcode <= 0x7b) {
		if (repeat != 0) /* scalars; vcvtudq2pd from half a vector */
			return opcode == 0x7b ? ((fields->rex & REX_W) != 0 ? 8 : 4)
			       : opcode == 0x7a
				   ? ((fields->rex & REX_W) != 0 || repeat == 0xf2 ? vector
										   : vector / 2)
			       : repeat == 0xf3 ? 4
						: 8;
		bool from_float = (fields->rex & REX_W) == 0;
		return from_float && fields->operand_prefix ? vector / 2 : vector;
	}
	char letter = letters_0f[opcode];
	return letter == '.' ? special_0f_bytes(fields) : bytes_of_letter(fields, letter);
}

/* EVEX in map 0F38: where letters of others do not hold. 0: they do. */
static unsigned bytes_evex_0f38(const struct x86_fields *fields)
{
	uint8_t opcode = fields->opcode;
	if (fields->repeat_prefix == 0xf3 && opcode < 0x40 && (opcode & 7) < 6 && opcode >= 0x10)
		return bytes_of_letter(fields, letters_0f38[0x20 | (opcode & 7)]); /* as pmovsx */
	bool is_four = opcode == 0x52 || opcode == 0x53 || opcode == 0x9a || opcode == 0x9b ||
		       opcode == 0xaa || opcode == 0xab;
	if (fields->repeat_prefix == 0xf2 && is_four)
		return 16; /* v4fmaddps, vp4dpwssd */
	if (opcode == 0x2d || opcode == 0xcb || opcode == 0xcd)
		return bytes_of_letter(fields, 'y');
	return 0;
}

static unsigned bytes_0f38(const struct x86_fields *fields)
{
	uint8_t opcode = fields->opcode;
	if (opcode == 0xf0 && fields->repeat_prefix == 0xf2)
		return 1; /* crc32 of a byte */
	if (fields->repeat_prefix == 0xf3 && fields->encoding == X86_LEGACY && opcode >= 0xdc &&
	    opcode <= 0xdf)
		return opcode < 0xde ? 48 : 64; /* key handles of 128 and 256 bits */
	unsigned bytes = fields->encoding == X86_EVEX ? bytes_evex_0f38(fields) : 0;
	return bytes != 0 ? bytes : bytes_of_letter(fields, letters_0f38[opcode]);
}

/* EVEX in map 0F3A without 66 is about half precision. */
static bool is_half_0f3a(const struct x86_fields *fields)
{
	return fields->map == X86_MAP_0F3A && fields->encoding == X86_EVEX &&
	       !fields->operand_prefix;
}

static unsigned bytes_0f3a(const struct x86_fields *fields)
{
	uint8_t opcode = fields->opcode;
	bool is_scalar = opcode == 0x0a || (opcode == 0xc2 && fields->repeat_prefix == 0xf3) ||
			 opcode == 0x27 || opcode == 0x57 || opcode == 0x67;
	if (is_half_0f3a(fields) && is_scalar)
		return 2;
	return bytes_of_letter(fields, letters_0f3a[opcode]);
}

/* Maps 5 and 6: half precision, by vectors and by elements. */
static unsigned bytes_evex5(const struct x86_fields *fields)
{
	unsigned vector = vector_bytes(fields);
	bool is_float = fields->repeat_prefix == 0xf3; /* of an element, mostly */
	switch (fields->opcode) {
	case 0x10:
	case 0x11:
	case 0x2c:
	case 0x2d:
	case 0x2e:
	case 0x2f:
	case 0x6e:
	case 0x7e:
		return 2;
	case 0x1d: /* vcvtps2phx, vcvtss2sh */
		return fields->operand_prefix ? vector : 4;
	case 0x2a:
		return bytes_of_letter(fields, 'y');
	case 0x5a: /* vcvtpd2ph, vcvtph2pd, vcvtsh2sd, vcvtsd2sh */
		if (fields->repeat_prefix != 0)
			return is_float ? 2 : 8;
		return fields->operand_prefix ? vector : vector / 4;
	case 0x5b:
		return is_float || fields->operand_prefix ? vector / 2 : vector;
	case 0x78:
	case 0x79:
		if (fields->repeat_prefix != 0)
			return 2;
		return fields->operand_prefix ? vector / 4 : vector / 2;
	case 0x7a:
	case 0x7b:
		if (is_float)
			return bytes_of_letter(fields, 'y');
		return fields->operand_prefix ? vector / 4 : vector;
	case 0x7d:
		return vector;
	default:
		return is_float ? 2 : vector;
	}
}

static unsigned bytes_evex6(const struct x86_fields *fields)
{
	uint8_t opcode = fields->opcode;
	unsigned vector = vector_bytes(fields);
	if (opcode == 0x13) /* vcvtph2psx, vcvtsh2ss */
		return fields->operand_prefix ? vector / 2 : 2;
	if ((opcode & 0xfe) == 0x56 || (opcode & 0xfe) == 0xd6) /* complex numbers */
		return (opcode & 1) != 0 ? 4 : vector;
	bool is_scalar = opcode == 0x2d || opcode == 0x43 || opcode == 0x4d || opcode == 0x4f ||
			 (opcode > 0x90 && (opcode & 9) == 9);
	return is_scalar ? 2 : vector;
}

static unsigned broadcast_bytes(const struct x86_fields *fields)
{
	uint8_t opcode = fields->opcode;
	bool is_half = fields->map >= X86_MAP_EVEX5 || is_half_0f3a(fields);
	if (fields->map == X86_MAP_EVEX5)
		is_half =
		    opcode != 0x1d && !(opcode == 0x5a && fields->operand_prefix) &&
		    !(opcode == 0x5b && !fields->operand_prefix && fields->repeat_prefix == 0) &&
		    !(opcode == 0x7a && fields->repeat_prefix == 0xf2);
	else if (fields->map == X86_MAP_EVEX6)
		is_half = opcode != 0x56 && opcode != 0xd6;
	if (is_half)
		return 2;
	return (fields->rex & REX_W) != 0 ? 8 : 4;
}

unsigned x86_memory_bytes(const struct x86_fields *fields)
{
	if (fields->broadcast)
		return broadcast_bytes(fields);
	switch (fields->map) {
	case X86_MAP_PRIMARY:
		return primary_bytes(fields);
	case X86_MAP_0F:
		return bytes_0f(fields);
	case X86_MAP_0F38:
		return bytes_0f38(fields);
	case X86_MAP_0F3A:
		return bytes_0f3a(fields);
	case X86_MAP_EVEX5:
		return bytes_evex5(fields);
	case X86_MAP_EVEX6:
		return bytes_evex6(fields);
	default:
		return 0;
	}
}

static bool x87_writes(const struct x86_fields *fields)
{
	/* bit i: modrm.reg i stores */
	static const uint8_t stores[8] = { 0, 0xcc, 0, 0x8e, 0, 0xce, 0, 0xce };
	return (stores[fields->opcode & 7] >> x86_modrm_reg(fields) & 1) != 0;
}

static bool primary_writes(const struct x86_fields *fields)
{
	unsigned group = x86_modrm_reg(fields);
	if ((fields->opcode & 0xf8) == 0xd8)
		return x87_writes(fields);
	switch (fields->opcode) {
	case 0x80:
	case 0x81:
	case 0x83:
		return group != 7; /* cmp */
	case 0x8f:
		return true;
	case 0xf6:
	case 0xf7:
		return group == 2 || group == 3; /* not, neg */
	case 0xfe:
	case 0xff:
		return group < 2; /* inc, dec */
	default:
		return (x86_opcode_traits[0][fields->opcode] & TRAIT_WRITES_E) != 0;
	}
}

static bool writes_0f(const struct x86_fields *fields)
{
	unsigned group = x86_modrm_reg(fields);
	switch (fields->opcode) {
	case 0x00:
		return group < 2; /* sldt, str */
	case 0x01:
		return group < 2 || group == 4 || group == 5; /* rstorssp */
	case 0x11:
	case 0x13:
	case 0x17:
	case 0x29:
	case 0x2b:
	case 0x7f:
	case 0xc3:
	case 0xd6:
	case 0xe7:
		return true;
	case 0x1b: /* bndmov, bndstx */
		return fields->encoding == X86_LEGACY && fields->repeat_prefix == 0;
	case 0x7e:
		return fields->repeat_prefix != 0xf3;
	case 0x78:
		return fields->encoding == X86_LEGACY;
	case 0x91:
		return true; /* setno, kmov */
	case 0xae:
		/* fxsave, stmxcsr, xsave, xsaveopt; not clwb, ptwrite */
		return (0x59 >> group & 1) != 0 &&
		       !(group == 6 && fields->operand_prefix && fields->repeat_prefix == 0) &&
		       !(group == 4 && fields->repeat_prefix != 0);
	case 0xba:
		return group > 4; /* not bt */
	case 0xc7:
		return group == 1 || group == 4 || group == 5 || group == 7;
	default:
		return fields->encoding == X86_LEGACY &&
		       (x86_opcode_traits[1][fields->opcode] & TRAIT_WRITES_E) != 0;
	}
}

static bool writes_0f38(const struct x86_fields *fields)
{
	uint8_t opcode = fields->opcode;
	if (fields->encoding == X86_LEGACY)
		return (opcode == 0xf1 && fields->repeat_prefix != 0xf2) || opcode == 0xf5 ||
		       (opcode == 0xf6 && fields->repeat_prefix == 0 && !fields->operand_prefix) ||
		       opcode == 0xf9;
	if (fields->encoding == X86_VEX)
		return opcode == 0x2e || opcode == 0x2f || opcode == 0x8e ||
		       (opcode == 0x49 && fields->operand_prefix) || /* sttilecfg, tilestored */
		       (opcode == 0x4b && fields->repeat_prefix == 0xf3);
	return opcode == 0x63 || opcode == 0x8a || opcode == 0x8b ||
	       (opcode >= 0xa0 && opcode <= 0xa3) ||
	       (fields->repeat_prefix == 0xf3 && opcode >= 0x10 && opcode < 0x40 &&
		(opcode & 7) < 6);
}

bool x86_writes_memory(const struct x86_fields *fields)
{
	if (fields->modrm_off == 0 || x86_is_register_form(fields))
		return false;
	switch (fields->map) {
	case X86_MAP_PRIMARY:
		return primary_writes(fields);
	case X86_MAP_0F:
		return writes_0f(fields);
	case X86_MAP_0F38:
		return writes_0f38(fields);
	case X86_MAP_0F3A:
		return (fields->opcode >= 0x14 && fields->opcode <= 0x17) ||
		       (fields->opcode & 0xdd) == 0x19 || fields->opcode == 0x1d;
	case X86_MAP_EVEX5:
		return fields->opcode == 0x11 || fields->opcode == 0x7e;
	default:
		return false;
	}
}

bool x86_has_vector_index(const struct x86_fields *fields)
{
	uint8_t opcode = fields->opcode;
	if (fields->map != X86_MAP_0F38 || fields->encoding == X86_LEGACY)
		return false;
	return (opcode & 0xfc) == 0x90 ||
	       ((opcode & 0xfc) == 0xa0 && fields->encoding == X86_EVEX) ||
	       ((opcode & 0xfe) == 0xc6 && fields->encoding == X86_EVEX);
}

/* Compressed, expanded, gathered and scattered vectors: one element. */
static bool has_element_unit(const struct x86_fields *fields)
{
	return x86_has_vector_index(fields) ||
	       (fields->map == X86_MAP_0F38 && fields->opcode >= 0x88 && fields->opcode <= 0x8b);
}

static unsigned displacement_unit(const struct x86_fields *fields)
{
	bool is_wide = (fields->rex & REX_W) != 0;
	if (has_element_unit(fields))
		return is_wide ? 8 : 4;
	if (fields->map == X86_MAP_0F38 && (fields->opcode & 0xfe) == 0x62)
		return is_wide ? 2 : 1; /* compressed bytes and words */
	unsigned bytes = x86_memory_bytes(fields);
	return bytes != 0 ? bytes : vector_bytes(fields);
}

int64_t x86_displacement(const struct x86_fields *fields, const uint8_t *bytes)
{
	int64_t displacement =
	    x86_read_signed(bytes + fields->displacement_off, fields->displacement_bytes);
	if (fields->encoding == X86_EVEX && fields->displacement_bytes == 1)
		displacement *= displacement_unit(fields);
	return displacement;
}
