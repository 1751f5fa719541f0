#include "callgraph/flow.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "callgraph/state.h"
#include "callgraph/swept.h"

/* A straight run of instructions; how it ends is its last instruction's matter, or `next`. */
struct block {
	uint64_t va;
	const struct instruction *instructions;
	size_t instruction_count;
	uint64_t next; /* control goes on there; 0: it does not */
	struct state *entry;
	unsigned visits;
	bool waiting;
};

struct place { /* of an instruction that was decoded */
	uint64_t va;
	uint32_t block, index;
};

struct walk {
	struct flow flow;
	uint64_t va;
	struct block *blocks;
	size_t block_count, block_capacity;
	struct elf_range range;    /* up to the next function, as long as it is not too large */
	const struct elf_fde *fde; /* see fde_at */
	struct place *near;        /* by the distance from its start */
	struct place *places;      /* elsewhere: open addressing; va 0: free */
	size_t place_count, place_capacity;
	uint32_t *queue;
	size_t queue_count, queue_capacity;
	struct instruction *decoded; /* of the block that is decoded now */
	size_t decoded_capacity;
	size_t instruction_count;
	bool unresolved; /* a jump whose targets are not known */
	bool cut;
	bool sees_callees;         /* calls change only the registers that the callee writes */
	bool number_lost;          /* a syscall's, among what nothing is known of */
	struct clobbers *clobbers; /* when it sees callees */
	/* facts, when they are collected */
	bool collecting;
	struct draft *drafts;
	size_t draft_count, draft_capacity;
};

enum { PLACES_MAX_BYTES = 1 << 17 }; /* of a function whose places are an array by address */

/* The FDE around an address: mostly the one that was asked for last. */
static const struct elf_fde *fde_at(struct walk *walk, uint64_t va)
{
	if (walk->fde == NULL || va < walk->fde->start_va || va >= walk->fde->end_va)
		walk->fde = image_fde_at(walk->flow.image, va);
	return walk->fde;
}

static bool is_near(const struct walk *walk, uint64_t va)
{
	return va - walk->range.va < walk->range.size_bytes;
}

/* Where an instruction's place is, or would be; elsewhere than near there must be room for some. */
static struct place *place_at(const struct walk *walk, uint64_t va)
{
	if (is_near(walk, va))
		return &walk->near[va - walk->range.va];
	size_t i = (size_t)(va * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (walk->place_capacity - 1);
	while (walk->places[i].va != 0 && walk->places[i].va != va)
		i = (i + 1) & (walk->place_capacity - 1);
	return &walk->places[i];
}

static void grow_places(struct walk *walk)
{
	struct place *old = walk->places;
	size_t old_capacity = walk->place_capacity;
	walk->place_capacity = old_capacity == 0 ? 256 : old_capacity * 4;
	walk->places = arena_alloc(walk->flow.scratch, walk->place_capacity, sizeof(*walk->places));
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i].va != 0)
			*place_at(walk, old[i].va) = old[i];
}

static void place_put(struct walk *walk, uint64_t va, size_t block, size_t index)
{
	if (!is_near(walk, va) && walk->place_count * 2 >= walk->place_capacity)
		grow_places(walk);
	struct place *place = place_at(walk, va);
	walk->place_count += place->va == 0;
	*place = (struct place){ va, (uint32_t)block, (uint32_t)index };
}

static const struct place *place_find(const struct walk *walk, uint64_t va)
{
	if (va == 0 || (!is_near(walk, va) && walk->place_capacity == 0))
		return NULL;
	const struct place *place = place_at(walk, va);
	return place->va == va ? place : NULL;
}

static struct block *block_add(struct walk *walk)
{
	if (walk->block_count == walk->block_capacity)
		walk->blocks = arena_grow(walk->flow.scratch, walk->blocks, walk->block_count,
					  sizeof(*walk->blocks), &walk->block_capacity);
	struct block *block = &walk->blocks[walk->block_count++];
	*block = (struct block){ 0 };
	return block;
}

static bool ends_block(const struct instruction *instruction)
{
	switch (instruction->operation) {
	case OPERATION_JUMP:
	case OPERATION_BRANCH:
	case OPERATION_RETURN:
	case OPERATION_TRAP:
	case OPERATION_CALL:
		return true;
	default:
		return false;
	}
}

/*
 * Whether control comes behind a call: when only padding is between it and the end of the function,
 * the compiler knew that the callee does not return.
 */
static bool runs_on(struct walk *walk, uint64_t call_va, uint64_t next)
{
	const struct image *image = walk->flow.image;
	const struct elf_fde *fde = fde_at(walk, call_va);
	if (fde != NULL)
		return next < fde->end_va;
	struct slice code = elf_bytes_from(&image->file, next);
	struct instruction instruction = { 0 };
	size_t off = 0;
	while (!image_is_entry(image, next + off)) {
		if (!instruction_decode(image->arch, code.bytes + off, code.size_bytes - off,
					next + off, &instruction))
			return false;
		if (instruction.operation != OPERATION_NOTHING)
			return true;
		off += instruction.length_bytes;
	}
	return false;
}

/*
 * Whether another function starts here that the one around `from` may run into.
 *
 * next_entry   one that is not below the address asked before
 */
static bool meets_entry(const struct walk *walk, const struct elf_fde *fde, uint64_t va,
			uint64_t *next_entry)
{
	if (fde != NULL && va < fde->end_va)
		return false;
	if (*next_entry < va)
		*next_entry = image_entry_from(walk->flow.image, va);
	return *next_entry == va;
}

/*
 * The kernel takes 32 bits of a number, so whether it was sign-extended just before does not
 * matter; glibc's setxid on aarch64 does so. Linux v6.1, arch/arm64/kernel/syscall.c.
 */
static void forget_sign_of_number(const struct walk *walk, struct instruction *last)
{
	struct operand *number = &last[-1].operands[0];
	if (last[0].operation != OPERATION_SYSCALL || last[-1].operation != OPERATION_SIGN_EXTEND ||
	    number->kind != OPERAND_REGISTER || last[-1].operands[1].width_bytes != 4 ||
	    number->reg != walk->flow.machine->syscall_number)
		return;
	last[-1].operation = OPERATION_MOVE;
	number->width_bytes = 4;
}

/* Decodes from va up to the end of a block or to what is decoded already. */
static size_t block_decode(struct walk *walk, uint64_t va)
{
	size_t index = walk->block_count;
	block_add(walk)->va = va;
	size_t count = 0;
	struct slice code = elf_is_code(&walk->flow.image->file, va)
				? elf_bytes_from(&walk->flow.image->file, va)
				: (struct slice){ 0 };
	const struct elf_fde *fde = fde_at(walk, va);
	uint64_t next = va, next_entry = 0;
	size_t off = 0;
	for (;;) {
		if (count > 0 &&
		    (place_find(walk, next) != NULL || meets_entry(walk, fde, next, &next_entry)))
			break;
		if (count == walk->decoded_capacity)
			walk->decoded = arena_grow(walk->flow.scratch, walk->decoded, count,
						   sizeof(*walk->decoded), &walk->decoded_capacity);
		struct instruction *instruction = &walk->decoded[count];
		if (walk->instruction_count >= FLOW_MAX_INSTRUCTIONS ||
		    !instruction_decode(walk->flow.image->arch, code.bytes + off,
					code.size_bytes - off, next, instruction)) {
			walk->cut |= walk->instruction_count >= FLOW_MAX_INSTRUCTIONS;
			next = 0; /* no instruction: control never really comes here */
			break;
		}
		place_put(walk, next, index, count);
		if (count > 0)
			forget_sign_of_number(walk, instruction);
		count++;
		walk->instruction_count++;
		off += instruction->length_bytes;
		next += instruction->length_bytes;
		if (ends_block(instruction)) {
			enum operation operation = (enum operation)instruction->operation;
			if (operation == OPERATION_JUMP || operation == OPERATION_RETURN ||
			    operation == OPERATION_TRAP ||
			    (operation == OPERATION_CALL && !runs_on(walk, instruction->va, next)))
				next = 0;
			break;
		}
	}
	struct block *block = &walk->blocks[index];
	block->instructions =
	    arena_copy(walk->flow.scratch, walk->decoded, count, sizeof(*walk->decoded));
	block->instruction_count = count;
	block->next = next;
	if (count == 0)
		place_put(walk, va, index, 0); /* so that it is not tried again */
	return index;
}

/* The block that starts at va, cut out of another or decoded when there is none. */
static size_t block_at(struct walk *walk, uint64_t va)
{
	const struct place *place = place_find(walk, va);
	if (place == NULL)
		return block_decode(walk, va);
	size_t index = place->block, at = place->index;
	if (at == 0)
		return index;
	size_t tail_index = walk->block_count;
	struct block *tail = block_add(walk);
	struct block *head = &walk->blocks[index];
	tail->va = va;
	tail->instructions = head->instructions + at;
	tail->instruction_count = head->instruction_count - at;
	tail->next = head->next;
	head->instruction_count = at;
	head->next = va;
	for (size_t i = 0; i < tail->instruction_count; i++)
		place_put(walk, tail->instructions[i].va, tail_index, i);
	/* The tail gets its state from the head, when that is visited again. */
	if (head->entry != NULL && !head->waiting) {
		head->waiting = true;
		if (walk->queue_count == walk->queue_capacity)
			walk->queue = arena_grow(walk->flow.scratch, walk->queue, walk->queue_count,
						 sizeof(*walk->queue), &walk->queue_capacity);
		walk->queue[walk->queue_count++] = (uint32_t)index;
	}
	return tail_index;
}

static void flow_to(struct walk *walk, uint64_t va, const struct state *state)
{
	if (walk->collecting)
		return;
	size_t index = block_at(walk, va);
	assert(index < walk->block_count);
	struct block *block = &walk->blocks[index];
	if (block->entry == NULL) {
		/* Joins only take words away, so that there need be room for no more. */
		block->entry = arena_alloc(walk->flow.scratch, 1, state_bytes(state));
		state_copy(block->entry, state);
	} else if (!state_join(&walk->flow, block->entry, state, block->visits > FLOW_MAX_VISITS)) {
		return;
	}
	if (block->waiting)
		return;
	block->waiting = true;
	if (walk->queue_count == walk->queue_capacity)
		walk->queue = arena_grow(walk->flow.scratch, walk->queue, walk->queue_count,
					 sizeof(*walk->queue), &walk->queue_capacity);
	walk->queue[walk->queue_count++] = (uint32_t)index;
}

static struct draft *fact_add(struct walk *walk, const struct instruction *instruction,
			      enum fact_kind kind, uint64_t target)
{
	if (walk->draft_count == walk->draft_capacity)
		walk->drafts = arena_grow(walk->flow.scratch, walk->drafts, walk->draft_count,
					  sizeof(*walk->drafts), &walk->draft_capacity);
	struct draft *draft = &walk->drafts[walk->draft_count++];
	*draft = (struct draft){ { .va = instruction->va, .target = target, .kind = (uint8_t)kind },
				 NULL,
				 NULL };
	return draft;
}

/* Tables become their numbers. */
static struct value value_keep(struct walk *walk, const struct value *value)
{
	uint64_t *numbers;
	size_t count;
	if (value->kind != VALUE_ENTRY)
		return *value;
	if (value->bits == 0 || value->table->is_address ||
	    !state_table(&walk->flow, value->table, &numbers, &count))
		return value_any();
	return value_of_numbers(walk->flow.scratch, numbers, count);
}

enum { MAX_ARGUMENTS = 96 };

struct argument_list {
	size_t count;
	struct argument items[MAX_ARGUMENTS];
};

static void argument_add(struct walk *walk, struct argument_list *list, unsigned input,
			 const struct value *value)
{
	struct value kept = value_keep(walk, value);
	if (kept.kind == VALUE_ANY || kept.kind == VALUE_LOW || kept.kind == VALUE_STACK ||
	    kept.kind == VALUE_CELL ||
	    (kept.kind == VALUE_POINTED && input != walk->flow.machine->syscall_number) ||
	    list->count == MAX_ARGUMENTS)
		return;
	list->items[list->count++] = (struct argument){ (uint16_t)input, kept };
}

static void keep_arguments(struct walk *walk, const struct argument_list *list, struct draft *draft)
{
	draft->fact.argument_count = (uint8_t)list->count;
	draft->arguments =
	    arena_copy(walk->flow.scratch, list->items, list->count, sizeof(list->items[0]));
}

/* What a called function finds in registers, on the stack, and behind addresses of our stack. */
static void collect_arguments(struct walk *walk, const struct state *state, bool jump,
			      struct draft *draft)
{
	const struct machine *machine = walk->flow.machine;
	struct argument_list list = { 0 };
	unsigned registers = walk->flow.image->arch == ARCH_AARCH64 ? 32 : 16;
	for (unsigned i = 0; i < registers; i++) {
		const struct value *value = &state->registers[i];
		if (i == machine->stack_pointer ||
		    (!jump && (machine->call_clobbers >> i & 1) == 0 && i != 3))
			continue; /* x86-64: Go passes arguments in rbx, too */
		argument_add(walk, &list, i, value);
		if (value->kind != VALUE_STACK)
			continue;
		for (size_t k = 0; k < state->word_count; k++) {
			int64_t off = state->words[k].off - (int64_t)value->number;
			if (off >= 0 && off < (int64_t)4 * INPUT_MEMORY_WORDS && off % 4 == 0)
				argument_add(walk, &list,
					     INPUT_MEMORY + i * INPUT_MEMORY_WORDS +
						 (unsigned)off / 4,
					     &state->words[k].value);
		}
	}
	const struct value *top = &state->registers[machine->stack_pointer];
	int64_t skip = jump && machine->call_pushes ? 8 : 0; /* the return address is there */
	for (unsigned i = 0; top->kind == VALUE_STACK && i < INPUT_STACK_COUNT; i++) {
		struct value address = *top;
		address.number += (uint64_t)skip + (uint64_t)8 * i;
		struct value value = state_load(&walk->flow, state, &address, 8);
		if (value.kind == VALUE_ANY) {
			value = state_load(&walk->flow, state, &address, 4);
			if (value_is_given(&value))
				value = value_any();
		}
		argument_add(walk, &list, INPUT_STACK + i, &value);
	}
	keep_arguments(walk, &list, draft);
}

static void collect_syscall(struct walk *walk, const struct state *state, struct draft *draft)
{
	const struct machine *machine = walk->flow.machine;
	struct argument_list list = { 0 };
	argument_add(walk, &list, machine->syscall_number,
		     &state->registers[machine->syscall_number]);
	for (unsigned i = 0; i < 6; i++)
		argument_add(walk, &list, machine->syscall_arguments[i],
			     &state->registers[machine->syscall_arguments[i]]);
	keep_arguments(walk, &list, draft);
}

/* What an instruction mentions, besides where it goes. */
static void collect_mentions(struct walk *walk, const struct state *state,
			     const struct instruction *instruction)
{
	const struct image *image = walk->flow.image;
	enum operation operation = (enum operation)instruction->operation;
	bool control = operation == OPERATION_CALL || operation == OPERATION_JUMP ||
		       operation == OPERATION_BRANCH;
	for (unsigned i = 0; i < OPERAND_LIMIT; i++) {
		const struct operand *operand = &instruction->operands[i];
		if (operand->kind == OPERAND_IMMEDIATE) {
			if (image->fixed && !control && operand->width_bytes >= 4 &&
			    image_contains(image, (uint64_t)operand->value))
				fact_add(walk, instruction, FACT_REFERENCE,
					 (uint64_t)operand->value);
			continue;
		}
		if (operand->kind != OPERAND_MEMORY)
			continue;
		struct value address = state_address(&walk->flow, state, operand);
		if (operation == OPERATION_ADDRESS) {
			/* adrp makes a page's address, which an add completes */
			bool page = image->arch == ARCH_AARCH64 && address.number % 4096 == 0;
			if (address.kind == VALUE_ADDRESS && !page)
				fact_add(walk, instruction, FACT_REFERENCE, address.number);
			else if (address.kind == VALUE_ENTRY)
				fact_add(walk, instruction, FACT_REFERENCE, address.table->va);
		} else if (address.kind == VALUE_ENTRY) {
			fact_add(walk, instruction, FACT_REFERENCE, address.table->va);
		} else if (address.kind == VALUE_ADDRESS && !control &&
			   !(operation == OPERATION_MOVE && i == 0)) {
			fact_add(walk, instruction, FACT_LOAD, address.number)->fact.width_bytes =
			    operand->width_bytes == 0 ? LOAD_MAX_BYTES : operand->width_bytes;
		}
	}
	if (operation == OPERATION_MOVE && instruction->operands[0].kind == OPERAND_MEMORY &&
	    instruction->operands[0].width_bytes == 8) {
		struct value address = state_address(&walk->flow, state, &instruction->operands[0]);
		struct value value = state_read(&walk->flow, state, &instruction->operands[1]);
		if (address.kind == VALUE_ADDRESS && value.kind == VALUE_INPUT &&
		    value.number == 0 && value.input < INPUT_STACK) {
			struct argument_list list = { 1, { { value.input, value } } };
			keep_arguments(walk, &list,
				       fact_add(walk, instruction, FACT_STORE, address.number));
		}
	}
	/* aarch64 makes addresses in two steps. */
	if (operation == OPERATION_ADD && image->arch == ARCH_AARCH64) {
		struct value a = state_read(&walk->flow, state, &instruction->operands[1]);
		struct value b = state_read(&walk->flow, state, &instruction->operands[2]);
		if (a.kind == VALUE_ADDRESS && b.kind == VALUE_NUMBER)
			fact_add(walk, instruction, FACT_REFERENCE, a.number + b.number);
	}
}

enum { CLOBBERS_MAX_DEPTH = 5, CLOBBERS_MAX_INSTRUCTIONS = 400, CLOBBERS_KEPT = 1024 };

/* What was found of a function down to a depth; one of each hash is kept. */
struct clobbers {
	uint64_t va;
	uint32_t depth, registers;
};

static uint32_t clobbers_of(struct walk *walk, uint64_t va, unsigned depth);

/*
 * The registers that a function and all it calls may write. Compilers keep values in registers
 * that the convention lets callees change, when they see that this one does not (GCC's -fipa-ra).
 */
static uint32_t find_clobbers(struct walk *walk, uint64_t va, unsigned depth)
{
	const struct image *image = walk->flow.image;
	const struct elf_fde *fde = image_fde_at(image, va);
	struct slice code = elf_bytes_from(&image->file, va);
	uint32_t written = 0;
	uint64_t end = fde != NULL ? fde->end_va : UINT64_MAX;
	size_t off = 0;
	for (unsigned i = 0; i < CLOBBERS_MAX_INSTRUCTIONS && written != UINT32_MAX; i++) {
		struct instruction instruction;
		if (va + off >= end || (i > 0 && fde == NULL && image_is_entry(image, va + off)))
			return written;
		if (!instruction_decode(image->arch, code.bytes + off, code.size_bytes - off,
					va + off, &instruction))
			break;
		off += instruction.length_bytes;
		written |= instruction.registers_written;
		uint64_t target = (uint64_t)instruction.operands[1].value;
		bool known = instruction.operands[1].kind == OPERAND_IMMEDIATE;
		switch (instruction.operation) {
		case OPERATION_CALL:
			if (va + off >= end)
				break; /* nothing behind it: it does not return */
			written |= known ? clobbers_of(walk, target, depth) : UINT32_MAX;
			break;
		case OPERATION_JUMP:
		case OPERATION_BRANCH:
			if (!known && instruction.operands[1].index != REGISTER_NONE)
				break; /* through a table of places in it */
			if (known && target >= va && target < (fde != NULL ? end : va + off + 4096))
				break;
			written |= known ? clobbers_of(walk, target, depth) : UINT32_MAX;
			break;
		default:
			break;
		}
	}
	return UINT32_MAX;
}

static uint32_t clobbers_of(struct walk *walk, uint64_t va, unsigned depth)
{
	if (depth == 0)
		return UINT32_MAX;
	if (walk->clobbers == NULL)
		walk->clobbers =
		    arena_alloc(walk->flow.scratch, CLOBBERS_KEPT, sizeof(*walk->clobbers));
	struct clobbers *known =
	    &walk->clobbers[(va * UINT64_C(0x9E3779B97F4A7C15) >> 40) % CLOBBERS_KEPT];
	if (known->va != va || known->depth != depth)
		*known = (struct clobbers){ va, depth, find_clobbers(walk, va, depth - 1) };
	return known->registers;
}

static void after_call(struct walk *walk, struct state *state, const struct value *target)
{
	uint32_t clobbers = UINT32_MAX;
	if (walk->sees_callees && target->kind == VALUE_ADDRESS &&
	    elf_is_code(&walk->flow.image->file, target->number))
		clobbers = clobbers_of(walk, target->number, CLOBBERS_MAX_DEPTH);
	state_call(&walk->flow, state, clobbers);
}

static void call(struct walk *walk, struct state *state, const struct instruction *instruction)
{
	const struct operand *operand = &instruction->operands[1];
	struct value target = operand->kind == OPERAND_IMMEDIATE
				  ? value_address((uint64_t)operand->value)
				  : state_read(&walk->flow, state, operand);
	if (!walk->collecting) {
		after_call(walk, state, &target);
		return;
	}
	struct draft *draft;
	if (target.kind == VALUE_ADDRESS)
		draft = fact_add(walk, instruction, FACT_CALL, target.number);
	else if (target.kind == VALUE_SLOT)
		draft = fact_add(walk, instruction, FACT_CALL_SLOT, target.number);
	else
		draft = fact_add(walk, instruction, FACT_CALL_UNKNOWN, 0);
	collect_arguments(walk, state, false, draft);
	if (operand->kind == OPERAND_MEMORY && draft->fact.kind == FACT_CALL_UNKNOWN) {
		struct value address = state_address(&walk->flow, state, operand);
		if (address.kind == VALUE_ADDRESS)
			fact_add(walk, instruction, FACT_LOAD, address.number)->fact.width_bytes =
			    8;
		else if (address.kind == VALUE_ENTRY)
			fact_add(walk, instruction, FACT_REFERENCE, address.table->va);
	}
	after_call(walk, state, &target);
}

/* Into another function, or on in this one? */
static bool leaves(struct walk *walk, const struct state *state, uint64_t from, uint64_t to)
{
	if (to == walk->va)
		return false;
	const struct image *image = walk->flow.image;
	const struct elf_fde *fde = fde_at(walk, from);
	if (fde != NULL && to > fde->start_va && to < fde->end_va)
		return false;
	/* With something of its own on the stack a function does not hand over to another. */
	const struct value *top = &state->registers[walk->flow.machine->stack_pointer];
	return image_is_entry(image, to) && (top->kind != VALUE_STACK || top->number == 0);
}

static void jump_to(struct walk *walk, const struct instruction *instruction, struct state *state,
		    uint64_t target)
{
	if (!leaves(walk, state, instruction->va, target)) {
		flow_to(walk, target, state);
	} else if (walk->collecting) {
		struct draft *draft = fact_add(walk, instruction, FACT_JUMP, target);
		collect_arguments(walk, state, true, draft);
	}
}

/* To each entry of a table, with what that says of an input that is the index; false: to none. */
static bool jump_through(struct walk *walk, const struct state *state,
			 const struct instruction *instruction, const struct value_table *table)
{
	uint64_t *targets;
	size_t count, taken = 0;
	if (!state_table(&walk->flow, table, &targets, &count))
		return false;
	const struct elf_file *file = &walk->flow.image->file;
	const struct elf_fde *fde = fde_at(walk, instruction->va);
	/* 255 and 65535 are what fits, not what was compared with. */
	bool bounded = table->index_max < count && table->index_max != UINT8_MAX &&
		       table->index_max != UINT16_MAX;
	for (size_t i = 0; i < count; i++) {
		/* Without a bound the table ends where its entries make no sense. */
		bool inside = fde != NULL ? targets[i] >= fde->start_va && targets[i] < fde->end_va
					  : elf_is_code(file, targets[i]);
		if (!bounded && !inside)
			break;
		taken++;
		struct state narrowed;
		state_copy(&narrowed, state);
		if (table->index_input != INPUT_NONE &&
		    !reach_compare(walk->flow.scratch, &narrowed.reach, table->index_input,
				   table->index_bits, (uint64_t)table->index_addend,
				   CONDITION_EQUAL, i))
			continue;
		if (elf_is_code(file, targets[i]))
			flow_to(walk, targets[i], &narrowed);
	}
	return taken > 0;
}

static void jump(struct walk *walk, struct state *state, const struct instruction *instruction)
{
	const struct operand *operand = &instruction->operands[1];
	if (operand->kind == OPERAND_IMMEDIATE) {
		jump_to(walk, instruction, state, (uint64_t)operand->value);
		return;
	}
	struct value target = state_read(&walk->flow, state, operand);
	if (target.kind == VALUE_ADDRESS) {
		jump_to(walk, instruction, state, target.number);
		return;
	}
	if (target.kind == VALUE_SLOT) {
		if (walk->collecting) {
			struct draft *draft =
			    fact_add(walk, instruction, FACT_JUMP_SLOT, target.number);
			collect_arguments(walk, state, true, draft);
		}
		return;
	}
	if (target.kind == VALUE_ENTRY && target.bits == 1 &&
	    jump_through(walk, state, instruction, target.table))
		return;
	walk->unresolved = true;
	if (walk->collecting) {
		struct draft *draft = fact_add(walk, instruction, FACT_CALL_UNKNOWN, 0);
		collect_arguments(walk, state, true, draft);
		if (operand->kind == OPERAND_MEMORY) {
			struct value address = state_address(&walk->flow, state, operand);
			if (address.kind == VALUE_ADDRESS)
				fact_add(walk, instruction, FACT_LOAD, address.number)
				    ->fact.width_bytes = 8;
			else if (address.kind == VALUE_ENTRY)
				fact_add(walk, instruction, FACT_REFERENCE, address.table->va);
		}
	}
}

static void note_syscall(struct walk *walk, const struct state *state,
			 const struct instruction *instruction)
{
	if (!walk->collecting)
		return;
	enum fact_kind kind =
	    instruction->operation == OPERATION_SYSCALL ? FACT_SYSCALL : FACT_SYSCALL_I386;
	collect_syscall(walk, state, fact_add(walk, instruction, kind, 0));
	walk->number_lost |= state->registers[walk->flow.machine->syscall_number].kind == VALUE_ANY;
}

/* Where it is taken; the state becomes that of where it is not. False: it always is. */
static bool branch(struct walk *walk, struct state *state, const struct instruction *instruction)
{
	enum condition condition = (enum condition)instruction->condition;
	struct state taken;
	state_copy(&taken, state);
	if (state_branch(&walk->flow, &taken, instruction, condition) &&
	    instruction->operands[1].kind == OPERAND_IMMEDIATE)
		jump_to(walk, instruction, &taken, (uint64_t)instruction->operands[1].value);
	return state_branch(&walk->flow, state, instruction, condition_inverse(condition));
}

/* Runs a block from its entry state and hands its state on; collects facts in the last pass. */
static void block_run(struct walk *walk, size_t index)
{
	struct state state;
	state_copy(&state, walk->blocks[index].entry);
	/* The block may be cut, and the array may move, while it runs. */
	const struct instruction *instructions = walk->blocks[index].instructions;
	size_t count = walk->blocks[index].instruction_count;
	uint64_t next = walk->blocks[index].next;
	size_t first_draft = walk->draft_count;
	bool goes_on = next != 0;
	for (size_t i = 0; i < count; i++) {
		const struct instruction *instruction = &instructions[i];
		if (walk->collecting)
			collect_mentions(walk, &state, instruction);
		switch (instruction->operation) {
		case OPERATION_CALL:
			call(walk, &state, instruction);
			break;
		case OPERATION_JUMP:
			jump(walk, &state, instruction);
			break;
		case OPERATION_BRANCH:
			goes_on = branch(walk, &state, instruction) && goes_on;
			break;
		case OPERATION_SYSCALL:
		case OPERATION_SYSCALL_I386:
			note_syscall(walk, &state, instruction);
			state_step(&walk->flow, &state, instruction);
			break;
		case OPERATION_RETURN:
		case OPERATION_TRAP:
			break;
		default:
			state_step(&walk->flow, &state, instruction);
			break;
		}
	}
	if (goes_on && count > 0)
		jump_to(walk, &instructions[count - 1], &state, next);
	const struct reach *reach = &walk->blocks[index].entry->reach;
	if (walk->draft_count == first_draft || reach->term_count == 0)
		return;
	reach =
	    arena_copy(walk->flow.scratch, reach, 1, sizeof(*reach)); /* later joins change it */
	for (size_t i = first_draft; i < walk->draft_count; i++)
		walk->drafts[i].reach = reach;
}

/* The waiting block with the lowest address: then most of what leads to a block came before it. */
static size_t take_first(struct walk *walk)
{
	size_t best = 0;
	for (size_t i = 1; i < walk->queue_count; i++)
		if (walk->blocks[walk->queue[i]].va < walk->blocks[walk->queue[best]].va)
			best = i;
	size_t index = walk->queue[best];
	walk->queue[best] = walk->queue[--walk->queue_count];
	return index;
}

static void settle(struct walk *walk)
{
	while (walk->queue_count > 0) {
		size_t index = take_first(walk);
		walk->blocks[index].waiting = false;
		walk->blocks[index].visits++;
		block_run(walk, index);
	}
}

enum { MAX_LANDING_PADS = 4096 };

/* Code that is only entered by unwinding, of every part of the function. */
static void enter_landing_pads(struct walk *walk, const struct state *unknown)
{
	const struct elf_fde *seen[8];
	size_t seen_count = 0;
	for (size_t i = 0; i < walk->block_count && seen_count < 8; i++) {
		const struct elf_fde *fde = fde_at(walk, walk->blocks[i].va);
		bool known = fde == NULL || fde->lsda_va == 0;
		for (size_t k = 0; k < seen_count; k++)
			known |= seen[k] == fde;
		if (known)
			continue;
		seen[seen_count++] = fde;
		uint64_t pads[MAX_LANDING_PADS];
		size_t count =
		    elf_landing_pads(&walk->flow.image->file, fde, pads, MAX_LANDING_PADS);
		for (size_t k = 0; k < count && k < MAX_LANDING_PADS; k++)
			if (elf_is_code(&walk->flow.image->file, pads[k]))
				flow_to(walk, pads[k], unknown);
		settle(walk);
	}
}

/* After a jump to anywhere, everything in the function's own range may run. */
static void enter_rest(struct walk *walk, const struct state *unknown)
{
	const struct image *image = walk->flow.image;
	struct slice code = elf_bytes_from(&image->file, walk->va);
	struct elf_range range = image_function_around(image, walk->va, NULL);
	uint64_t end = range.va + range.size_bytes;
	for (uint64_t va = walk->va; va < end;) {
		struct instruction instruction;
		uint64_t off = va - walk->va;
		if (off >= code.size_bytes)
			break;
		if (!instruction_decode(image->arch, code.bytes + off, code.size_bytes - off, va,
					&instruction)) {
			va += image->machine->call_pushes ? 1 : 4;
			continue;
		}
		if (place_find(walk, va) == NULL && instruction.operation != OPERATION_NOTHING) {
			flow_to(walk, va, unknown);
			settle(walk);
		}
		va += instruction.length_bytes;
	}
}

/* An FDE may cover many functions, as that of a PLT does. */
static struct elf_range up_to_next_entry(const struct image *image, uint64_t va)
{
	struct elf_range around = image_function_around(image, va, NULL);
	uint64_t end = image_entry_from(image, va + 1);
	if (end > around.va + around.size_bytes)
		end = around.va + around.size_bytes;
	return (struct elf_range){ va, end - va };
}

static void follow(struct walk *walk)
{
	walk->range = up_to_next_entry(walk->flow.image, walk->va);
	if (walk->range.size_bytes > PLACES_MAX_BYTES)
		walk->range.size_bytes = 0;
	walk->near = arena_alloc(walk->flow.scratch, walk->range.size_bytes, sizeof(*walk->near));
	struct state *start = arena_alloc(walk->flow.scratch, 1, sizeof(*start));
	state_enter(&walk->flow, start);
	flow_to(walk, walk->va, start);
	settle(walk);
	state_unknown(start);
	enter_landing_pads(walk, start);
	if (walk->unresolved)
		enter_rest(walk, start);
	enter_landing_pads(walk, start);
	walk->collecting = true;
	for (size_t i = 0; i < walk->block_count; i++)
		if (walk->blocks[i].entry != NULL)
			block_run(walk, i);
}

/* The facts of the pass over all code. */
static struct function gather(const struct image *image, uint64_t va, struct arena *arena,
			      struct arena *scratch)
{
	struct facts facts = { .image = image, .swept = swept_around(image, va) };
	struct draft *drafts = arena_alloc(scratch, facts.swept.fact_count, sizeof(*drafts));
	const struct fact *fact;
	size_t count = 0;
	while ((fact = facts_next(&facts)) != NULL)
		drafts[count++].fact = *fact;
	struct function function = function_of_drafts(image, va, drafts, count, arena, scratch);
	function.cut = true;
	return function;
}

struct function flow_function(const struct image *image, uint64_t va, struct arena *arena,
			      struct arena *scratch)
{
	const struct walk fresh = { .flow = { image, image->machine, scratch }, .va = va };
	struct walk walk = fresh;
	follow(&walk);
	if (walk.number_lost) { /* rare: it pays to look into the callees */
		walk = fresh;
		walk.sees_callees = true;
		follow(&walk);
	}
	if (walk.cut) /* what was not followed is not lost: only its values are */
		return gather(image, va, arena, scratch);
	return function_of_drafts(image, va, walk.drafts, walk.draft_count, arena, scratch);
}
