#include "callgraph/flow.h"

#include <stdlib.h>
#include <string.h>

#include "callgraph/blocks.h"
#include "callgraph/state.h"
#include "callgraph/swept.h"

struct walk {
	struct flow flow;
	struct blocks blocks;
	size_t running;            /* the block; SIZE_MAX: none */
	bool unresolved;           /* a jump whose targets are not known */
	bool sees_callees;         /* calls change only the registers that the callee writes */
	bool number_lost;          /* a syscall's, among what nothing is known of */
	struct clobbers *clobbers; /* when it sees callees */
	/* facts, when they are collected */
	bool collecting;
	struct draft *drafts;
	size_t draft_count, draft_capacity;
};

static enum widening widening_of(const struct block *block)
{
	return block->visits > FLOW_MAX_VISITS    ? WIDEN_ALL
	       : block->visits > FLOW_FREE_VISITS ? WIDEN_COUNTS
						  : WIDEN_NOTHING;
}

static void flow_to(struct walk *walk, uint64_t va, const struct state *state)
{
	if (walk->collecting)
		return;
	size_t index = blocks_at(&walk->blocks, va);
	if (walk->running != SIZE_MAX)
		blocks_tell_jump(&walk->blocks, walk->running, index);
	struct block *block = &walk->blocks.items[index];
	if (block->entry == NULL) {
		/* Joins only take words away, so that there need be room for no more. */
		block->entry = arena_alloc(walk->flow.scratch, 1, state_bytes(state));
		state_copy(block->entry, state);
	} else if (!state_join(&walk->flow, block->entry, state, widening_of(block))) {
		return;
	}
	blocks_wait(&walk->blocks, index);
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
	/* With something of its own on the stack a function does not hand over to another. */
	const struct value *top = &state->registers[walk->flow.machine->stack_pointer];
	return (top->kind != VALUE_STACK || top->number == 0) &&
	       !blocks_stay(&walk->blocks, from, to);
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
	const struct elf_fde *fde = blocks_fde(&walk->blocks, instruction->va);
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
	/* The block may be cut, and the array may move, while it runs. */
	const struct block block = walk->blocks.items[index];
	state_copy(&state, block.entry);
	walk->running = index;
	size_t first_draft = walk->draft_count;
	bool goes_on = block.next != 0;
	for (size_t i = 0; i < block.instruction_count; i++) {
		const struct instruction *instruction = &block.instructions[i];
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
	if (goes_on && block.instruction_count > 0)
		jump_to(walk, &block.instructions[block.instruction_count - 1], &state, block.next);
	const struct reach *reach = &block.entry->reach;
	if (walk->draft_count == first_draft || reach->term_count == 0)
		return;
	reach =
	    arena_copy(walk->flow.scratch, reach, 1, sizeof(*reach)); /* later joins change it */
	for (size_t i = first_draft; i < walk->draft_count; i++)
		walk->drafts[i].reach = reach;
}

static void settle(struct walk *walk)
{
	size_t index;
	while ((index = blocks_next(&walk->blocks)) != SIZE_MAX) {
		walk->blocks.items[index].visits++;
		block_run(walk, index);
	}
	walk->running = SIZE_MAX;
}

enum { MAX_LANDING_PADS = 4096 };

/* Code that is only entered by unwinding, of every part of the function. */
static void enter_landing_pads(struct walk *walk, const struct state *unknown)
{
	const struct elf_fde *seen[8];
	size_t seen_count = 0;
	for (size_t i = 0; i < walk->blocks.count && seen_count < 8; i++) {
		const struct block *block = &walk->blocks.items[i];
		const struct elf_fde *fde = blocks_fde(&walk->blocks, block->va);
		bool known = block->entry == NULL || fde == NULL || fde->lsda_va == 0;
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
	uint64_t start = walk->blocks.va;
	struct slice code = elf_bytes_from(&image->file, start);
	struct elf_range range = image_function_around(image, start, NULL);
	uint64_t end = range.va + range.size_bytes;
	for (uint64_t va = start; va < end;) {
		struct instruction instruction;
		uint64_t off = va - start;
		if (off >= code.size_bytes)
			break;
		if (!instruction_decode(image->arch, code.bytes + off, code.size_bytes - off, va,
					&instruction)) {
			va += image->machine->call_pushes ? 1 : 4;
			continue;
		}
		if (!blocks_were_entered(&walk->blocks, va) &&
		    instruction.operation != OPERATION_NOTHING) {
			flow_to(walk, va, unknown);
			settle(walk);
		}
		va += instruction.length_bytes;
	}
}

static void follow(struct walk *walk, uint64_t va)
{
	blocks_begin(&walk->blocks, walk->flow.image, va, walk->flow.scratch);
	struct state *start = arena_alloc(walk->flow.scratch, 1, sizeof(*start));
	state_enter(&walk->flow, start);
	flow_to(walk, va, start);
	settle(walk);
	state_unknown(start);
	enter_landing_pads(walk, start);
	if (walk->unresolved)
		enter_rest(walk, start);
	enter_landing_pads(walk, start);
	walk->collecting = true;
	for (size_t i = 0; i < walk->blocks.count; i++)
		if (walk->blocks.items[i].entry != NULL)
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
	const struct walk fresh = { .flow = { image, image->machine, scratch },
				    .running = SIZE_MAX };
	struct walk walk = fresh;
	follow(&walk, va);
	if (walk.number_lost) { /* rare: it pays to look into the callees */
		walk = fresh;
		walk.sees_callees = true;
		follow(&walk, va);
	}
	if (walk.blocks.cut) /* what was not followed is not lost: only its values are */
		return gather(image, va, arena, scratch);
	return function_of_drafts(image, va, walk.drafts, walk.draft_count, arena, scratch);
}
