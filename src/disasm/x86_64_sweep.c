/*
 * The pass over x86-64 code. Most instructions are a REX at most, an opcode of one or two bytes,
 * modrm, displacement and immediate: their length is computed from one 8-byte load without a
 * branch, and direct jumps and calls are reported on the spot. All others, and those to report,
 * go through x86_fields_decode.
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
		unsigned traits = x86_opcode_traits[fields->map][fields->opcode];
		if ((traits & TRAIT_DIRECT) != 0) {
			event->value =
			    next_va + (uint64_t)x86_read_signed(bytes + fields->immediate_off,
								fields->immediate_bytes);
			return direct_kind(fields);
		}
		unsigned kind = SWEEP_COUNT;
		if ((traits & TRAIT_REPORT) != 0)
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

/* What needs no look at operands; 0 is also a kind, but never one of these. */
static const uint8_t quick_kinds[2][256] = {
	{ [0xe8] = SWEEP_CALL,
	  [0xe9] = SWEEP_JUMP,
	  [0xeb] = SWEEP_JUMP,
	  [0xc2] = SWEEP_RETURN,
	  [0xc3] = SWEEP_RETURN,
	  [0xcc] = SWEEP_TRAP,
	  [0xf4] = SWEEP_TRAP },
	{ [0x05] = SWEEP_SYSCALL,
	  [0x0b] = SWEEP_TRAP,
	  [0x1e] = SWEEP_PADDING,
	  [0x1f] = SWEEP_PADDING },
};

/* An instruction as the fast path sees it: a prefix, a REX, an opcode of one or two bytes. */
struct quick {
	uint64_t rest; /* the bytes from the opcode's last one on */
	unsigned opcode_bytes;
	unsigned rex; /* 0: none */
	bool escaped;
	uint32_t traits;
};

static inline struct quick quick_look(const uint8_t *bytes)
{
	struct quick quick;
	memcpy(&quick.rest, bytes, sizeof(quick.rest));
	unsigned has_rex = (quick.rest & 0xf0) == 0x40;
	quick.rex = quick.rest & (0 - has_rex) & 0xff;
	quick.rest >>= 8 * has_rex;
	quick.escaped = (quick.rest & 0xff) == 0x0f;
	quick.rest >>= 8 * quick.escaped;
	quick.opcode_bytes = 1 + has_rex + quick.escaped;
	quick.traits = x86_opcode_traits[quick.escaped][quick.rest & 0xff];
	return quick;
}

/* As quick_look; on bytes behind a prefix whose effect on the rest is nothing but this. */
static struct quick quick_look_behind(const uint8_t *bytes)
{
	struct quick quick = quick_look(bytes + 1);
	quick.opcode_bytes++;
	if (bytes[0] == 0x66 && (quick.traits & (TRAIT_IMMEDIATE_4 | TRAIT_ZERO)) != 0)
		quick.traits |= TRAIT_SPECIAL;
	return quick;
}

/* The length, unless the instruction is not for the fast path: then 0. */
static inline unsigned quick_length(const struct quick *quick)
{
	uint32_t traits = quick->traits;
	unsigned length = quick->opcode_bytes + (traits >> 1 & 7) + (traits >> 2 & 4);
	if ((traits & (TRAIT_SPECIAL | TRAIT_INVALID)) != 0)
		return 0;
	if ((traits & TRAIT_MODRM) == 0)
		return length;
	unsigned modrm = quick->rest >> 8 & 0xff;
	bool no_base = (modrm & 0xc7) == 0x04 && (quick->rest >> 16 & 7) == 5;
	bool undefined = (traits & TRAIT_MEMORY_ONLY) != 0 && modrm >= 0xc0;
	if ((modrm & 0xc7) == 0x05 || no_base || undefined)
		return 0;
	return length + x86_modrm_bytes[modrm];
}

/* Reports what it can; false: sweep_one must look at the instruction. */
static inline bool quick_report(const struct quick *quick, const uint8_t *end,
				struct sweep_event *event, size_t *count)
{
	unsigned opcode = quick->rest & 0xff;
	unsigned modrm = quick->rest >> 8 & 0xff;
	event->kind = quick_kinds[quick->escaped][opcode];
	event->value = 0;
	event->reg = SWEEP_NO_REGISTER;
	if ((quick->traits & TRAIT_DIRECT) != 0) {
		int32_t displacement = end[-1] < 0x80 ? end[-1] : end[-1] - 0x100;
		if ((quick->traits & TRAIT_RELATIVE_4) != 0)
			memcpy(&displacement, end - 4, sizeof(displacement));
		event->value = event->va + event->length_bytes + (uint64_t)(int64_t)displacement;
		if (event->kind == 0)
			event->kind = SWEEP_BRANCH;
	} else if ((quick->traits & TRAIT_ZERO) != 0) {
		unsigned is_high = quick->rex & REX_B;
		if ((modrm >> 3) != (modrm & 7) + 0x18 || is_high != (quick->rex >> 2 & 1))
			return true;
		event->kind = SWEEP_IMMEDIATE;
		event->reg = (uint8_t)((modrm & 7) | is_high << 3);
	} else if (event->kind == 0) {
		return false;
	}
	(*count)++;
	return true;
}

/* Returns the length of the instruction at bytes, FAST_BYTES of them; 0: not for the fast path. */
static inline unsigned sweep_quickly(const uint8_t *bytes, uint64_t va, struct sweep_event *event,
				     size_t *count)
{
	struct quick quick = quick_look(bytes);
	if ((quick.traits & TRAIT_PREFIX) != 0 && quick.opcode_bytes == 1)
		quick = quick_look_behind(bytes);
	unsigned length = quick_length(&quick);
	if (length == 0 || (quick.traits & TRAIT_REPORT) == 0)
		return length;
	*event = (struct sweep_event){ .va = va, .length_bytes = (uint8_t)length };
	return quick_report(&quick, bytes + length, event, count) ? length : 0;
}

size_t x86_64_sweep(struct sweep *sweep, struct sweep_event *out_events, size_t capacity)
{
	const uint8_t *code = sweep->code.bytes;
	size_t size_bytes = sweep->code.size_bytes;
	size_t off = sweep->off;
	size_t count = 0;
	while (off < size_bytes && count < capacity) {
		unsigned length = 0;
		struct sweep_event *event = &out_events[count];
		if (size_bytes - off >= FAST_BYTES)
			length = sweep_quickly(code + off, sweep->va + off, event, &count);
		if (length == 0) {
			bool reported;
			length = sweep_one(code + off, size_bytes - off, sweep->va + off, event,
					   &reported);
			count += reported;
		}
		off += length;
	}
	sweep->off = off;
	return count;
}
