#include "callgraph/state.h"

#include <string.h>

static unsigned register_count(const struct flow *flow)
{
	return flow->image->arch == ARCH_AARCH64 ? 32 : 16;
}

void state_unknown(struct state *state)
{
	memset(state, 0, sizeof(*state));
	for (unsigned i = 0; i < STATE_REGISTERS; i++)
		state->registers[i] = value_any();
	state->escape = INT64_MIN;
	state->memory_changed = true;
}

void state_enter(const struct flow *flow, struct state *state)
{
	state_unknown(state);
	for (unsigned i = 0; i < register_count(flow); i++)
		state->registers[i] = value_input(i);
	state->registers[flow->machine->stack_pointer] = (struct value){ .kind = VALUE_STACK };
	state->escape = INT64_MAX;
	state->memory_changed = false;
}

size_t state_bytes(const struct state *state)
{
	return offsetof(struct state, words) + state->word_count * sizeof(state->words[0]);
}

void state_copy(struct state *to, const struct state *from)
{
	memcpy(to, from, state_bytes(from));
}

static struct stack_word *find_word(struct state *state, int64_t off)
{
	for (size_t i = 0; i < state->word_count; i++)
		if (state->words[i].off == off)
			return &state->words[i];
	return NULL;
}

static bool comparison_equals(const struct comparison *a, const struct comparison *b)
{
	return a->operation == b->operation && a->width_bytes == b->width_bytes &&
	       a->place == b->place && a->reg == b->reg && a->off == b->off &&
	       value_equals(&a->left, &b->left) && value_equals(&a->right, &b->right);
}

enum { FEW_NUMBERS = 8 }; /* not those of a loop that counts */

/* Makes a value hold what the other may be, too; true when it changed. */
static bool weaken(const struct flow *flow, struct value *value, const struct value *other,
		   enum widening widening)
{
	if (value_is_any(value) || value_equals(value, other))
		return false;
	struct value joined =
	    widening == WIDEN_ALL ? value_any() : value_join(flow->scratch, value, other);
	if (value_equals(value, &joined))
		return false;
	if (widening == WIDEN_COUNTS && joined.kind == VALUE_SET && joined.set->count > FEW_NUMBERS)
		joined = value_any();
	*value = joined;
	return true;
}

bool state_join(const struct flow *flow, struct state *state, const struct state *other,
		enum widening widening)
{
	bool changed = false;
	unsigned count = register_count(flow);
	for (unsigned i = 0; i < count; i++)
		changed |= weaken(flow, &state->registers[i], &other->registers[i], widening);
	size_t kept = 0;
	for (size_t i = 0; i < state->word_count; i++) {
		struct stack_word word = state->words[i];
		/* Mostly both have the same words in the same order. */
		const struct stack_word *match =
		    i < other->word_count && other->words[i].off == word.off
			? &other->words[i]
			: find_word((struct state *)other, word.off);
		if (match == NULL || match->width_bytes != word.width_bytes) {
			changed = true;
			continue;
		}
		changed |= weaken(flow, &word.value, &match->value, widening);
		state->words[kept++] = word;
	}
	state->word_count = kept;
	if (state->comparison.operation != OPERATION_OTHER &&
	    !comparison_equals(&state->comparison, &other->comparison)) {
		state->comparison = (struct comparison){ 0 };
		changed = true;
	}
	if (widening == WIDEN_ALL && state->reach.term_count > 0) {
		state->reach.term_count = 0;
		changed = true;
	}
	changed |= reach_join(flow->scratch, &state->reach, &other->reach);
	if (other->escape < state->escape) {
		state->escape = other->escape;
		changed = true;
	}
	if (other->memory_changed && !state->memory_changed)
		changed = state->memory_changed = true;
	return changed;
}

/* Words that others may have changed: those at or above an address they know. */
static void forget_escaped(struct state *state)
{
	size_t kept = 0;
	for (size_t i = 0; i < state->word_count; i++)
		if (state->words[i].off + state->words[i].width_bytes <= state->escape)
			state->words[kept++] = state->words[i];
	state->word_count = kept;
	state->memory_changed = true;
}

static void let_escape(struct state *state, const struct value *value)
{
	if (value->kind == VALUE_STACK && (int64_t)value->number < state->escape)
		state->escape = (int64_t)value->number;
}

static void forget_words(struct state *state, int64_t off, unsigned width_bytes)
{
	size_t kept = 0;
	for (size_t i = 0; i < state->word_count; i++) {
		const struct stack_word *word = &state->words[i];
		if (word->off >= off + (int64_t)width_bytes || word->off + word->width_bytes <= off)
			state->words[kept++] = *word;
	}
	state->word_count = kept;
	if (state->comparison.place == PLACE_STACK && state->comparison.off >= off - 8 &&
	    state->comparison.off < off + (int64_t)width_bytes)
		state->comparison.place = PLACE_NONE;
}

static void store(struct state *state, const struct value *address, unsigned width_bytes,
		  const struct value *value)
{
	let_escape(state, value);
	if (address->kind == VALUE_STACK) {
		int64_t off = (int64_t)address->number;
		forget_words(state, off, width_bytes == 0 ? 64 : width_bytes);
		if (width_bytes == 0 || width_bytes > 8)
			return;
		if (state->word_count == STATE_MAX_SLOTS) /* the oldest goes */
			memmove(state->words, state->words + 1,
				--state->word_count * sizeof(state->words[0]));
		state->words[state->word_count++] =
		    (struct stack_word){ off, (uint8_t)width_bytes, *value };
	} else if (address->kind != VALUE_ADDRESS) {
		forget_escaped(state);
	} else {
		state->memory_changed = true;
	}
}

static struct value add(const struct value *a, const struct value *b);

struct value state_address(const struct flow *flow, const struct state *state,
			   const struct operand *operand)
{
	if (operand->kind != OPERAND_MEMORY || operand->foreign)
		return value_any();
	struct value displacement = value_number((uint64_t)operand->value);
	if (operand->reg == REGISTER_NONE && operand->index == REGISTER_NONE)
		return value_address((uint64_t)operand->value);
	struct value base = value_number(0);
	if (operand->reg != REGISTER_NONE)
		base = state->registers[operand->reg];
	else if (image_contains(flow->image, (uint64_t)operand->value))
		base = value_address(0);
	base = add(&base, &displacement);
	if (operand->index == REGISTER_NONE)
		return base;
	struct value index = state->registers[operand->index];
	if (operand->scale == 1 && index.kind == VALUE_ADDRESS && base.kind != VALUE_ADDRESS) {
		struct value swap = index;
		index = base;
		base = add(&swap, &displacement);
		if (operand->reg != REGISTER_NONE)
			index = state->registers[operand->reg];
	}
	if (index.kind == VALUE_NUMBER) {
		index.number *= operand->scale;
		return add(&base, &index);
	}
	if (base.kind != VALUE_ADDRESS)
		return value_any();
	struct value_table *table = arena_alloc(flow->scratch, 1, sizeof(*table));
	*table = (struct value_table){ .va = base.number,
				       .index_max = UINT64_MAX,
				       .index_input = INPUT_NONE,
				       .entry_bytes = operand->scale };
	if (index.kind == VALUE_ANY) {
		table->index_max = index.number;
	} else if (index.kind == VALUE_SET) {
		table->index_max = index.set->numbers[index.set->count - 1];
	} else if (index.kind == VALUE_INPUT) {
		table->index_input = index.input;
		table->index_addend = (int64_t)index.number;
		table->index_bits = index.bits;
		uint64_t largest = reach_largest(&state->reach, index.input, index.bits);
		if (largest != UINT64_MAX && largest + index.number <= largest + UINT32_MAX)
			table->index_max =
			    (index.bits == 32 ? UINT32_MAX : UINT64_MAX) & (largest + index.number);
	}
	/* The address of an entry, which only a load makes something of. */
	return (struct value){ .kind = VALUE_ENTRY, .table = table };
}

/* A value that something at a fixed address holds as a number. */
static struct value settle_number(const struct flow *flow, uint64_t number, unsigned width_bytes)
{
	if (flow->image->fixed && width_bytes >= 4 && image_contains(flow->image, number))
		return value_address(number);
	return value_number(number);
}

static struct value load_address(const struct flow *flow, uint64_t va, unsigned width_bytes)
{
	const struct elf_relocation *relocation = elf_relocation_at(&flow->image->relocations, va);
	uint64_t number;
	if (relocation != NULL && width_bytes == flow->image->file.word_bytes) {
		if (flow->image->fixed && relocation->symbol == 0 &&
		    relocation->kind == ELF_RELOCATION_RELATIVE &&
		    !image_constant(flow->image, va, width_bytes, &number))
			return (struct value){ .kind = VALUE_CELL, .number = va };
		return (struct value){ .kind = VALUE_SLOT, .number = va };
	}
	if (image_constant(flow->image, va, width_bytes, &number))
		return settle_number(flow, number, width_bytes);
	if (width_bytes == 8)
		return (struct value){ .kind = VALUE_CELL, .number = va };
	return value_below((UINT64_C(1) << (8 * width_bytes)) - 1);
}

static struct value load_stack(const struct flow *flow, const struct state *state, int64_t off,
			       unsigned width_bytes)
{
	for (size_t i = 0; i < state->word_count; i++) {
		const struct stack_word *word = &state->words[i];
		if (word->off == off && width_bytes <= word->width_bytes)
			return value_truncate(flow->scratch, &word->value, width_bytes);
		if (word->off < off + (int64_t)width_bytes && word->off + word->width_bytes > off)
			return value_any();
	}
	int64_t first = flow->machine->call_pushes ? 8 : 0;
	if (off >= first && off < first + (int64_t)8 * INPUT_STACK_COUNT &&
	    (off - first) % 8 == 0 && off + 8 <= state->escape) {
		struct value input = value_input(INPUT_STACK + (unsigned)(off - first) / 8);
		return value_truncate(flow->scratch, &input, width_bytes);
	}
	return value_any();
}

struct value state_load(const struct flow *flow, const struct state *state,
			const struct value *address, unsigned width_bytes)
{
	struct value result = value_any();
	switch ((enum value_kind)address->kind) {
	case VALUE_ADDRESS:
		return load_address(flow, address->number, width_bytes);
	case VALUE_STACK:
		return load_stack(flow, state, (int64_t)address->number, width_bytes);
	case VALUE_INPUT:
		if (address->input < INPUT_STACK && address->bits == 64 &&
		    address->number < (uint64_t)4 * INPUT_MEMORY_WORDS &&
		    address->number % 4 == 0 && width_bytes >= 4) {
			result = value_input(INPUT_MEMORY +
					     (unsigned)address->input * INPUT_MEMORY_WORDS +
					     (unsigned)address->number / 4);
			result.assumed = state->memory_changed;
			return value_truncate(flow->scratch, &result, width_bytes);
		}
		break;
	case VALUE_ENTRY:
		if (address->table->entry_bytes == width_bytes)
			return (struct value){ .kind = VALUE_ENTRY,
					       .bits = 1,
					       .table = address->table };
		break;
	case VALUE_CELL:
		if (width_bytes >= 4)
			return (struct value){ .kind = VALUE_POINTED,
					       .bits = address->bits,
					       .number = address->number,
					       .assumed = true };
		break;
	case VALUE_ANY:
	case VALUE_LOW:
	case VALUE_NUMBER:
	case VALUE_SET:
	case VALUE_FLAGS:
	case VALUE_SLOT:
	case VALUE_POINTED:
		break;
	}
	return width_bytes < 8 ? value_below((UINT64_C(1) << (8 * width_bytes)) - 1) : result;
}

struct value state_read(const struct flow *flow, const struct state *state,
			const struct operand *operand)
{
	switch ((enum operand_kind)operand->kind) {
	case OPERAND_REGISTER:
		if (operand->foreign)
			return value_below(255);
		return value_truncate(flow->scratch, &state->registers[operand->reg],
				      operand->width_bytes);
	case OPERAND_IMMEDIATE:
		return settle_number(flow, (uint64_t)operand->value, operand->width_bytes);
	case OPERAND_MEMORY: {
		struct value address = state_address(flow, state, operand);
		return state_load(flow, state, &address, operand->width_bytes);
	}
	case OPERAND_NONE:
		break;
	}
	return value_any();
}

static void write_register(struct state *state, unsigned reg, const struct value *value)
{
	state->registers[reg] = *value;
	if (state->comparison.place == PLACE_REGISTER && state->comparison.reg == reg)
		state->comparison.place = PLACE_NONE;
}

static void write(const struct flow *flow, struct state *state, const struct operand *operand,
		  const struct value *value)
{
	if (operand->kind == OPERAND_REGISTER) {
		struct value whole = value_any();
		const struct value *old = &state->registers[operand->reg];
		if (operand->width_bytes < 4 && !operand->foreign && value->kind == VALUE_NUMBER &&
		    old->kind == VALUE_NUMBER) {
			uint64_t mask = (UINT64_C(1) << (8 * operand->width_bytes)) - 1;
			whole = value_number((old->number & ~mask) | (value->number & mask));
		} else if (operand->width_bytes >= 4 && !operand->foreign)
			whole = value_truncate(flow->scratch, value, operand->width_bytes);
		write_register(state, operand->reg, &whole);
	} else if (operand->kind == OPERAND_MEMORY) {
		struct value address = state_address(flow, state, operand);
		struct value low = value_truncate(
		    flow->scratch, value, operand->width_bytes == 0 ? 8 : operand->width_bytes);
		store(state, &address, operand->width_bytes, &low);
	}
}

static struct value add(const struct value *a, const struct value *b)
{
	if (a->kind == VALUE_NUMBER && b->kind != VALUE_NUMBER)
		return add(b, a);
	if (b->kind != VALUE_NUMBER)
		return value_any();
	struct value sum = *a;
	switch (a->kind) {
	case VALUE_NUMBER:
	case VALUE_ADDRESS:
	case VALUE_STACK:
	case VALUE_INPUT:
		sum.number += b->number;
		return sum;
	case VALUE_CELL:
		if (sum.bits + b->number >= (uint64_t)4 * INPUT_MEMORY_WORDS)
			return value_any();
		sum.bits = (uint8_t)(sum.bits + b->number);
		return sum;
	default:
		return b->number == 0 ? sum : value_any();
	}
}

/* An entry of a table of offsets and the table's base make an address. */
static struct value add_base(const struct flow *flow, const struct value *entry,
			     const struct value *base)
{
	if (entry->kind != VALUE_ENTRY || entry->bits == 0 || base->kind != VALUE_ADDRESS ||
	    entry->table->is_address)
		return value_any();
	struct value_table *table = arena_copy(flow->scratch, entry->table, 1, sizeof(*table));
	table->base = base->number;
	table->is_address = true;
	return (struct value){ .kind = VALUE_ENTRY, .table = table, .bits = 1 };
}

static uint64_t number_add(uint64_t a, uint64_t b)
{
	return a + b;
}
static uint64_t number_subtract(uint64_t a, uint64_t b)
{
	return a - b;
}
static uint64_t number_and(uint64_t a, uint64_t b)
{
	return a & b;
}
static uint64_t number_or(uint64_t a, uint64_t b)
{
	return a | b;
}
static uint64_t number_xor(uint64_t a, uint64_t b)
{
	return a ^ b;
}
static uint64_t number_left(uint64_t a, uint64_t b)
{
	return a << (b & 63);
}
static uint64_t number_right(uint64_t a, uint64_t b)
{
	return a >> (b & 63);
}

enum { FEW_BITS = 2 };

/* A mask of few bits leaves few numbers, whatever it is applied to (cond ? 8 : 0 as sbb, and). */
static struct value bounded_and(struct arena *arena, const struct value *a, const struct value *b)
{
	if (b->kind == VALUE_NUMBER && b->number != 0 &&
	    __builtin_popcountll(b->number) <= FEW_BITS) {
		uint64_t low = b->number & -b->number, high = b->number & (b->number - 1);
		return value_of_numbers(arena, (uint64_t[]){ 0, low, high, low | high }, 4);
	}
	uint64_t max = UINT64_MAX;
	const struct value *both[] = { a, b };
	for (int i = 0; i < 2; i++)
		if ((both[i]->kind == VALUE_NUMBER || both[i]->kind == VALUE_ANY) &&
		    both[i]->number < max)
			max = both[i]->number;
	return value_below(max);
}

/* Flags that a caller gave with some of them set or cleared: still known once those are. */
static bool change_flags(enum operation operation, const struct value *a, const struct value *b,
			 struct value *out_value)
{
	struct value_flags flags;
	uint32_t bits = (uint32_t)b->number;
	if (b->kind != VALUE_NUMBER || !value_flags(a, &flags))
		return false;
	if (operation == OPERATION_OR)
		flags = (struct value_flags){ flags.given & ~bits, flags.set | bits,
					      flags.unknown & ~bits };
	else if ((bits & (bits + 1)) != 0 && __builtin_popcount(bits) > FEW_BITS)
		flags = (struct value_flags){ flags.given & bits, flags.set & bits,
					      flags.unknown & bits };
	else /* few numbers, or an index's bound: that is worth more */
		return false;
	*out_value = value_of_flags(a->input, &flags);
	out_value->assumed = a->assumed || b->assumed;
	return true;
}

static struct value mask(struct arena *arena, const struct value *a, const struct value *b)
{
	struct value flags;
	if (a->kind == VALUE_STACK && b->kind == VALUE_NUMBER)
		return *a; /* aligning the stack: its words keep their distances */
	return change_flags(OPERATION_AND, a, b, &flags) ? flags : bounded_and(arena, a, b);
}

static struct value set_bits(const struct value *a, const struct value *b, unsigned width_bytes)
{
	struct value flags;
	if (b->kind == VALUE_NUMBER && b->number == UINT64_MAX)
		return *b;
	return width_bytes == 4 && change_flags(OPERATION_OR, a, b, &flags) ? flags : value_any();
}

static struct value calculate(const struct flow *flow, const struct instruction *instruction,
			      const struct value *a, const struct value *b)
{
	struct arena *arena = flow->scratch;
	bool numbers = b->kind == VALUE_NUMBER && (a->kind == VALUE_NUMBER || a->kind == VALUE_SET);
	bool same = instruction->operands[1].kind == OPERAND_REGISTER &&
		    instruction->operands[2].kind == OPERAND_REGISTER &&
		    instruction->operands[1].reg == instruction->operands[2].reg &&
		    !instruction->operands[1].foreign && !instruction->operands[2].foreign;
	switch (instruction->operation) {
	case OPERATION_ADD: {
		if (numbers)
			return value_map(arena, a, number_add, b->number);
		struct value sum = add(a, b);
		if (sum.kind == VALUE_ANY && sum.number == UINT64_MAX)
			sum = add_base(flow, a, b);
		if (sum.kind == VALUE_ANY && sum.number == UINT64_MAX)
			sum = add_base(flow, b, a);
		return sum;
	}
	case OPERATION_SUBTRACT:
		if (same)
			return value_number(0);
		if (numbers)
			return value_map(arena, a, number_subtract, b->number);
		if (b->kind == VALUE_NUMBER) {
			struct value negative = value_number(-b->number);
			return add(a, &negative);
		}
		return value_any();
	case OPERATION_AND:
		if (same)
			return *a;
		if (numbers)
			return value_map(arena, a, number_and, b->number);
		return mask(arena, a, b);
	case OPERATION_OR:
		if (same)
			return *a;
		if (numbers)
			return value_map(arena, a, number_or, b->number);
		return set_bits(a, b, instruction->operands[1].width_bytes);
	case OPERATION_XOR:
		if (same)
			return value_number(0);
		return numbers ? value_map(arena, a, number_xor, b->number) : value_any();
	case OPERATION_SHIFT_LEFT:
		return numbers ? value_map(arena, a, number_left, b->number) : value_any();
	case OPERATION_SHIFT_RIGHT:
		if (numbers)
			return value_map(arena, a, number_right, b->number);
		if (a->kind == VALUE_ANY && b->kind == VALUE_NUMBER)
			return value_below(a->number >> (b->number & 63));
		return value_any();
	default:
		break;
	}
	return value_any();
}

static struct value sign_extended(const struct flow *flow, const struct state *state,
				  const struct value *value, unsigned width_bytes)
{
	if (value->kind == VALUE_NUMBER && width_bytes < 8) {
		unsigned shift = 64 - 8 * width_bytes;
		return value_number((uint64_t)((int64_t)(value->number << shift) >> shift));
	}
	if (value->kind == VALUE_ENTRY && value->bits == 1 &&
	    value->table->entry_bytes == width_bytes) {
		struct value_table *table =
		    arena_copy(flow->scratch, value->table, 1, sizeof(*table));
		table->is_signed = true;
		return (struct value){ .kind = VALUE_ENTRY, .table = table, .bits = 1 };
	}
	/* Only numbers that are not negative are followed as indexes; with a bound they are not. */
	if (value->kind == VALUE_ANY && width_bytes < 8 &&
	    value->number < UINT64_C(1) << (8 * width_bytes - 1))
		return *value;
	if (value->kind == VALUE_INPUT && width_bytes == 4 && value->number == 0 &&
	    reach_largest(&state->reach, value->input, 32) <= INT32_MAX)
		return *value;
	return value_any();
}

/* A comparison of what a location holds, or of a result with zero. */
static void note_comparison(const struct flow *flow, struct state *state,
			    const struct instruction *instruction)
{
	const struct operand *left = &instruction->operands[1];
	struct comparison comparison = { .operation = instruction->operation,
					 .width_bytes = left->width_bytes,
					 .left = state_read(flow, state, left),
					 .right =
					     state_read(flow, state, &instruction->operands[2]) };
	if (left->kind == OPERAND_REGISTER && !left->foreign) {
		comparison.place = PLACE_REGISTER;
		comparison.reg = left->reg;
		/* The low bits of an input are still that input's. */
		if (instruction->operation == OPERATION_TEST && left->width_bytes < 4)
			comparison.left = state->registers[left->reg];
	} else if (left->kind == OPERAND_MEMORY) {
		struct value address = state_address(flow, state, left);
		if (address.kind == VALUE_STACK) {
			comparison.place = PLACE_STACK;
			comparison.off = (int64_t)address.number;
		}
	}
	if (instruction->operation == OPERATION_TEST && left->kind == OPERAND_REGISTER &&
	    instruction->operands[2].kind == OPERAND_REGISTER &&
	    left->reg == instruction->operands[2].reg && left->width_bytes >= 4) {
		comparison.operation = OPERATION_COMPARE;
		comparison.right = value_number(0);
	}
	state->comparison = comparison;
}

static void push(const struct flow *flow, struct state *state, const struct value *value)
{
	struct value *top = &state->registers[flow->machine->stack_pointer];
	struct value word = value_number((uint64_t) - (int64_t)flow->machine->word_bytes);
	*top = add(top, &word);
	store(state, top, flow->machine->word_bytes, value);
}

static struct value pop(const struct flow *flow, struct state *state)
{
	struct value *top = &state->registers[flow->machine->stack_pointer];
	struct value result = state_load(flow, state, top, flow->machine->word_bytes);
	struct value word = value_number(flow->machine->word_bytes);
	*top = add(top, &word);
	return result;
}

static void forget_registers(struct state *state, uint32_t registers)
{
	struct value any = value_any();
	for (; registers != 0; registers &= registers - 1)
		write_register(state, (unsigned)__builtin_ctz(registers), &any);
}

void state_call(const struct flow *flow, struct state *state, uint32_t clobbers)
{
	for (unsigned i = 0; i < STATE_REGISTERS; i++)
		if ((flow->machine->call_clobbers >> i & 1) != 0)
			let_escape(state, &state->registers[i]);
	forget_registers(state, (flow->machine->call_clobbers & clobbers) |
				    UINT32_C(1) << flow->machine->result);
	state->comparison = (struct comparison){ 0 };
	forget_escaped(state);
	/*
	 * What is below the stack pointer was the callee's. After alloca it is somewhere below all
	 * that a function finds by its frame pointer.
	 */
	const struct value *top = &state->registers[flow->machine->stack_pointer];
	size_t kept = 0;
	if (top->kind == VALUE_ANY &&
	    state->registers[flow->machine->frame_pointer].kind == VALUE_STACK)
		return;
	for (size_t i = 0; top->kind == VALUE_STACK && i < state->word_count; i++)
		if (state->words[i].off >= (int64_t)top->number)
			state->words[kept++] = state->words[i];
	state->word_count = kept;
}

/*
 * What is not followed may take addresses of the stack elsewhere (into memory, a vector register),
 * unless it only uses them as addresses.
 */
static void step_other(const struct flow *flow, struct state *state,
		       const struct instruction *instruction)
{
	uint32_t read = instruction->registers_read;
	for (unsigned i = 0; i < OPERAND_LIMIT; i++) {
		const struct operand *operand = &instruction->operands[i];
		if (operand->kind != OPERAND_MEMORY)
			continue;
		if (operand->reg != REGISTER_NONE)
			read &= ~(UINT32_C(1) << operand->reg);
		if (operand->index != REGISTER_NONE)
			read &= ~(UINT32_C(1) << operand->index);
	}
	for (unsigned i = 0; i < STATE_REGISTERS; i++)
		if ((read >> i & 1) != 0)
			let_escape(state, &state->registers[i]);
	if (instruction->writes_memory) {
		struct value any = value_any();
		if (instruction->operands[0].kind == OPERAND_MEMORY) {
			struct value address =
			    state_address(flow, state, &instruction->operands[0]);
			store(state, &address, instruction->operands[0].width_bytes, &any);
		} else {
			forget_escaped(state);
		}
	}
	forget_registers(state, instruction->registers_written);
}

static void step_select(const struct flow *flow, struct state *state,
			const struct instruction *instruction)
{
	struct value a = state_read(flow, state, &instruction->operands[1]);
	struct value b = state_read(flow, state, &instruction->operands[2]);
	if (instruction->operation == OPERATION_SELECT_NEXT)
		a = value_map(flow->scratch, &a, number_add, 1);
	struct value joined = value_join(flow->scratch, &a, &b);
	write(flow, state, &instruction->operands[0], &joined);
}

static void step_arithmetic(const struct flow *flow, struct state *state,
			    const struct instruction *instruction)
{
	const struct operand *operands = instruction->operands;
	enum operation operation = (enum operation)instruction->operation;
	struct value a = state_read(flow, state, &operands[1]);
	struct value b = state_read(flow, state, &operands[2]);
	bool commutes = operation != OPERATION_SUBTRACT && operation != OPERATION_SHIFT_LEFT &&
			operation != OPERATION_SHIFT_RIGHT;
	if (commutes && (a.kind == VALUE_NUMBER || a.kind == VALUE_ADDRESS) &&
	    b.kind != VALUE_NUMBER) {
		struct value swap = a;
		a = b;
		b = swap;
	}
	struct value value = calculate(flow, instruction, &a, &b);
	write(flow, state, &operands[0], &value);
	if (!instruction->sets_flags)
		return;
	state->comparison = (struct comparison){ 0 };
	if (operation == OPERATION_SUBTRACT || operation == OPERATION_AND)
		state->comparison = (struct comparison){ .operation = operation == OPERATION_AND
									  ? OPERATION_TEST
									  : OPERATION_COMPARE,
							 .width_bytes = operands[1].width_bytes,
							 .left = a,
							 .right = b };
}

static void step_insert(const struct flow *flow, struct state *state,
			const struct operand *operands)
{
	struct value old = state_read(flow, state, &operands[1]);
	struct value part = state_read(flow, state, &operands[2]);
	struct value value = value_any();
	if (old.kind == VALUE_NUMBER && part.kind == VALUE_NUMBER) {
		uint64_t mask = UINT64_C(0xffff) << operands[2].scale;
		value =
		    value_number((old.number & ~mask) | (part.number << operands[2].scale & mask));
	}
	write(flow, state, &operands[0], &value);
}

static void step_move(const struct flow *flow, struct state *state,
		      const struct instruction *instruction)
{
	const struct operand *operands = instruction->operands;
	struct value value;
	if (instruction->operation == OPERATION_ADDRESS) {
		value = state_address(flow, state, &operands[1]);
		if (value.kind == VALUE_ENTRY)
			value = value_any();
	} else {
		value = state_read(flow, state, &operands[1]);
	}
	if (instruction->operation == OPERATION_SIGN_EXTEND)
		value = sign_extended(flow, state, &value, operands[1].width_bytes);
	write(flow, state, &operands[0], &value);
}

static void step_syscall(const struct flow *flow, struct state *state,
			 const struct instruction *instruction)
{
	for (unsigned i = 0; i < 6; i++)
		let_escape(state, &state->registers[flow->machine->syscall_arguments[i]]);
	forget_registers(state, instruction->registers_written);
	forget_escaped(state);
}

/* aarch64's pre- and post-indexed accesses: the base moves behind them. REGISTER_NONE: none does. */
static uint8_t moved_base(const struct state *state, const struct instruction *instruction,
			  struct value *out_value)
{
	for (unsigned i = 0; i < OPERAND_LIMIT && instruction->base_change_bytes != 0; i++) {
		const struct operand *operand = &instruction->operands[i];
		if (operand->kind != OPERAND_MEMORY || operand->reg == REGISTER_NONE)
			continue;
		struct value change =
		    value_number((uint64_t)(int64_t)instruction->base_change_bytes);
		*out_value = add(&state->registers[operand->reg], &change);
		return operand->reg;
	}
	return REGISTER_NONE;
}

static void step_stack(const struct flow *flow, struct state *state,
		       const struct instruction *instruction)
{
	const struct machine *machine = flow->machine;
	struct value value;
	if (instruction->operation == OPERATION_PUSH) {
		value = state_read(flow, state, &instruction->operands[1]);
		push(flow, state, &value);
	} else if (instruction->operation == OPERATION_POP) {
		value = pop(flow, state);
		write(flow, state, &instruction->operands[0], &value);
	} else {
		state->registers[machine->stack_pointer] = state->registers[machine->frame_pointer];
		value = pop(flow, state);
		write_register(state, machine->frame_pointer, &value);
	}
}

void state_step(const struct flow *flow, struct state *state, const struct instruction *instruction)
{
	const struct operand *operands = instruction->operands;
	struct value base;
	uint8_t moved = moved_base(state, instruction, &base);
	bool keeps_flags = !instruction->sets_flags;
	switch (instruction->operation) {
	case OPERATION_MOVE:
	case OPERATION_SIGN_EXTEND:
	case OPERATION_ADDRESS:
		step_move(flow, state, instruction);
		break;
	case OPERATION_ADD:
	case OPERATION_SUBTRACT:
	case OPERATION_AND:
	case OPERATION_OR:
	case OPERATION_XOR:
	case OPERATION_SHIFT_LEFT:
	case OPERATION_SHIFT_RIGHT:
		step_arithmetic(flow, state, instruction);
		keeps_flags = true;
		break;
	case OPERATION_INSERT:
		step_insert(flow, state, operands);
		break;
	case OPERATION_COMPARE:
	case OPERATION_TEST:
		note_comparison(flow, state, instruction);
		keeps_flags = true;
		break;
	case OPERATION_SELECT:
	case OPERATION_SELECT_NEXT:
		step_select(flow, state, instruction);
		break;
	case OPERATION_PUSH:
	case OPERATION_POP:
	case OPERATION_LEAVE:
		step_stack(flow, state, instruction);
		break;
	case OPERATION_SYSCALL:
	case OPERATION_SYSCALL_I386:
		step_syscall(flow, state, instruction);
		break;
	case OPERATION_OTHER:
		step_other(flow, state, instruction);
		break;
	default: /* control: not a matter of one state */
		break;
	}
	if (!keeps_flags)
		state->comparison = (struct comparison){ 0 };
	if (moved != REGISTER_NONE)
		write_register(state, moved, &base);
}

static bool compare_holds(enum condition condition, uint64_t a, uint64_t b, unsigned width_bytes)
{
	unsigned shift = 64 - 8 * width_bytes;
	uint64_t x = a << shift >> shift, y = b << shift >> shift;
	int64_t sx = (int64_t)(a << shift) >> shift, sy = (int64_t)(b << shift) >> shift;
	switch (condition) {
	case CONDITION_EQUAL:
		return x == y;
	case CONDITION_NOT_EQUAL:
		return x != y;
	case CONDITION_BELOW:
		return x < y;
	case CONDITION_BELOW_EQUAL:
		return x <= y;
	case CONDITION_ABOVE:
		return x > y;
	case CONDITION_ABOVE_EQUAL:
		return x >= y;
	case CONDITION_LESS:
		return sx < sy;
	case CONDITION_LESS_EQUAL:
		return sx <= sy;
	case CONDITION_GREATER:
		return sx > sy;
	case CONDITION_GREATER_EQUAL:
		return sx >= sy;
	case CONDITION_NEGATIVE:
		return (int64_t)((x - y) << shift) < 0;
	case CONDITION_NOT_NEGATIVE:
		return (int64_t)((x - y) << shift) >= 0;
	case CONDITION_ZERO:
	case CONDITION_NOT_ZERO:
	case CONDITION_OTHER:
	case CONDITION_COUNT:
		break;
	}
	return true;
}

static bool test_holds(enum condition condition, uint64_t a, uint64_t b, unsigned width_bytes)
{
	return compare_holds(condition, a & b, 0, width_bytes);
}

/* The largest number that a comparison leaves for its left side, unsigned. */
static uint64_t bound_of(enum condition condition, uint64_t number, unsigned width_bytes)
{
	uint64_t mask = width_bytes >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width_bytes)) - 1;
	number &= mask;
	if (condition == CONDITION_BELOW)
		return number == 0 ? 0 : number - 1;
	if (condition == CONDITION_BELOW_EQUAL || condition == CONDITION_EQUAL)
		return number;
	return UINT64_MAX;
}

static void narrow_place(struct state *state, const struct value *value)
{
	const struct comparison *comparison = &state->comparison;
	if (comparison->place == PLACE_REGISTER) {
		struct value *held = &state->registers[comparison->reg];
		uint64_t mask = comparison->width_bytes >= 8
				    ? UINT64_MAX
				    : (UINT64_C(1) << (8 * comparison->width_bytes)) - 1;
		/* What the comparison did not see may hold anything, unless it is known to be 0. */
		if (held->kind == VALUE_SET || (held->kind == VALUE_ANY && held->number <= mask))
			*held = *value;
		else if (held->kind == VALUE_ANY || held->kind == VALUE_LOW)
			*held = (struct value){ .kind = VALUE_LOW,
						.bits = (uint8_t)(8 * comparison->width_bytes),
						.number = value->number };
	} else if (comparison->place == PLACE_STACK) {
		struct stack_word *word = find_word(state, comparison->off);
		if (word != NULL) {
			if (word->width_bytes == comparison->width_bytes)
				word->value = *value;
		} else if (state->word_count < STATE_MAX_SLOTS && comparison->width_bytes <= 8) {
			state->words[state->word_count++] =
			    (struct stack_word){ comparison->off, comparison->width_bytes, *value };
		}
	}
}

static bool branch_set(const struct flow *flow, struct state *state, enum condition condition,
		       uint64_t right)
{
	const struct comparison *comparison = &state->comparison;
	const struct value_set *set = comparison->left.set;
	uint64_t kept[VALUE_MAX_SET];
	size_t count = 0;
	for (size_t i = 0; i < set->count; i++) {
		bool holds =
		    comparison->operation == OPERATION_TEST
			? test_holds(condition, set->numbers[i], right, comparison->width_bytes)
			: compare_holds(condition, set->numbers[i], right, comparison->width_bytes);
		if (holds)
			kept[count++] = set->numbers[i];
	}
	if (count == 0)
		return false;
	struct value narrowed = value_of_numbers(flow->scratch, kept, count);
	narrowed.assumed = comparison->left.assumed;
	narrow_place(state, &narrowed);
	return true;
}

static bool branch_input(const struct flow *flow, struct state *state, enum condition condition,
			 uint64_t right)
{
	const struct comparison *comparison = &state->comparison;
	const struct value *left = &comparison->left;
	unsigned bits = comparison->width_bytes == 4 ? 32 : left->bits;
	if (comparison->operation == OPERATION_TEST) {
		if (left->number != 0 ||
		    (condition != CONDITION_EQUAL && condition != CONDITION_NOT_EQUAL))
			return true;
		if (comparison->width_bytes < 8)
			right &= (UINT64_C(1) << (8 * comparison->width_bytes)) - 1;
		return reach_test(flow->scratch, &state->reach, left->input, bits, right,
				  condition == CONDITION_EQUAL);
	}
	if (comparison->width_bytes < 4)
		return true;
	/* An upper half of zeros compares as the lower one alone, unless signs matter. */
	if (bits == 32 && comparison->width_bytes == 8 &&
	    (right > INT32_MAX || condition >= CONDITION_LESS))
		return true;
	return reach_compare(flow->scratch, &state->reach, left->input, bits, left->number,
			     condition, right);
}

static bool branch_flags(const struct flow *flow, struct state *state, enum condition condition,
			 uint64_t right)
{
	const struct comparison *comparison = &state->comparison;
	bool is_test = comparison->operation == OPERATION_TEST;
	bool is_zero = condition == CONDITION_EQUAL;
	struct value_flags flags;
	if ((!is_zero && condition != CONDITION_NOT_EQUAL) ||
	    (!is_test && (right != 0 || comparison->width_bytes < 4)) ||
	    !value_flags(&comparison->left, &flags))
		return true;
	uint32_t asked = is_test ? (uint32_t)right : UINT32_MAX;
	if (comparison->width_bytes < 4)
		asked &= (UINT32_C(1) << (8 * comparison->width_bytes)) - 1;
	if ((flags.set & asked) != 0)
		return !is_zero;
	if ((flags.unknown & asked) != 0)
		return true;
	if ((flags.given & asked) == 0)
		return is_zero;
	return reach_test(flow->scratch, &state->reach, comparison->left.input, 32,
			  flags.given & asked, is_zero);
}

static bool branch_any(const struct flow *flow, struct state *state, enum condition condition,
		       uint64_t right)
{
	const struct comparison *comparison = &state->comparison;
	if (comparison->operation == OPERATION_TEST)
		return true;
	uint64_t bound = bound_of(condition, right, comparison->width_bytes);
	if (condition == CONDITION_EQUAL) {
		struct value exact = value_number(right);
		exact = value_truncate(flow->scratch, &exact, comparison->width_bytes);
		if (exact.number > comparison->left.number)
			return false;
		narrow_place(state, &exact);
	} else if (bound < comparison->left.number) {
		struct value narrowed = value_below(bound);
		narrow_place(state, &narrowed);
	}
	return true;
}

/* A branch that compares an operand with 0 by itself, as a comparison and a branch. */
static enum condition compare_operand(const struct flow *flow, struct state *state,
				      const struct operand *operand, enum condition condition)
{
	if (operand->kind != OPERAND_REGISTER)
		return CONDITION_OTHER;
	state->comparison = (struct comparison){ .operation = OPERATION_COMPARE,
						 .width_bytes = operand->width_bytes,
						 .place = PLACE_REGISTER,
						 .reg = operand->reg,
						 .left = state_read(flow, state, operand),
						 .right = value_number(0) };
	return condition == CONDITION_ZERO ? CONDITION_EQUAL : CONDITION_NOT_EQUAL;
}

bool state_branch(const struct flow *flow, struct state *state,
		  const struct instruction *instruction, enum condition condition)
{
	if (condition == CONDITION_ZERO || condition == CONDITION_NOT_ZERO)
		condition = compare_operand(flow, state, &instruction->operands[2], condition);
	const struct comparison *comparison = &state->comparison;
	const struct value *left = &comparison->left;
	if (condition == CONDITION_OTHER || comparison->operation == OPERATION_OTHER ||
	    comparison->right.kind != VALUE_NUMBER || comparison->right.assumed ||
	    comparison->width_bytes == 0 || comparison->width_bytes > 8 || left->assumed)
		return true;
	uint64_t right = comparison->right.number;
	bool is_test = comparison->operation == OPERATION_TEST;
	switch (left->kind) {
	case VALUE_NUMBER:
		return is_test
			   ? test_holds(condition, left->number, right, comparison->width_bytes)
			   : compare_holds(condition, left->number, right, comparison->width_bytes);
	case VALUE_SET:
		return branch_set(flow, state, condition, right);
	case VALUE_INPUT:
		return branch_input(flow, state, condition, right);
	case VALUE_FLAGS:
		return branch_flags(flow, state, condition, right);
	case VALUE_ANY:
		return branch_any(flow, state, condition, right);
	case VALUE_ADDRESS: /* in this file: never a null pointer */
		return is_test || right != 0 || comparison->width_bytes != 8 ||
		       condition != CONDITION_EQUAL;
	default:
		return true;
	}
}

enum { TABLE_MAX_ENTRIES = 4096 };

bool state_table(const struct flow *flow, const struct value_table *table, uint64_t **out_numbers,
		 size_t *out_count)
{
	bool bounded = table->index_max < TABLE_MAX_ENTRIES;
	size_t limit = bounded ? (size_t)table->index_max + 1 : TABLE_MAX_ENTRIES;
	uint64_t *numbers = arena_alloc(flow->scratch, limit, sizeof(*numbers));
	size_t count = 0;
	for (; count < limit; count++) {
		uint64_t va = table->va + count * table->entry_bytes, number = 0;
		/* Without a bound it ends where something else begins. */
		size_t object, first = 0;
		if (!bounded && count > 0 &&
		    image_object_at(flow->image, va, &object).va !=
			image_object_at(flow->image, table->va, &first).va)
			break;
		if (!image_constant(flow->image, va, table->entry_bytes, &number)) {
			const struct elf_relocation *relocation =
			    elf_relocation_at(&flow->image->relocations, va);
			if (relocation == NULL || relocation->symbol != 0 ||
			    relocation->kind != ELF_RELOCATION_RELATIVE || table->entry_bytes != 8)
				break;
			number = relocation->addend;
		}
		if (table->is_signed && table->entry_bytes < 8) {
			unsigned shift = 64 - 8u * table->entry_bytes;
			number = (uint64_t)((int64_t)(number << shift) >> shift);
		}
		numbers[count] = table->base + number;
	}
	*out_numbers = numbers;
	*out_count = count;
	return count > 0 && (!bounded || count == limit);
}
