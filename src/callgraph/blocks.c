#include "callgraph/blocks.h"

#include <string.h>

#include "callgraph/flow.h"

struct place { /* of an instruction that was decoded */
	uint64_t va;
	uint32_t block, index;
};

struct told_jump {
	uint32_t to;
	uint32_t next; /* of the same block: number + 1 */
};

enum { PLACES_MAX_BYTES = 1 << 17 }; /* of a function whose places are an array by address */

/* The FDE around an address: mostly the one that was asked for last. */
const struct elf_fde *blocks_fde(struct blocks *blocks, uint64_t va)
{
	if (blocks->fde == NULL || va < blocks->fde->start_va || va >= blocks->fde->end_va)
		blocks->fde = image_fde_at(blocks->image, va);
	return blocks->fde;
}

static bool is_near(const struct blocks *blocks, uint64_t va)
{
	return va - blocks->range.va < blocks->range.size_bytes;
}

/* Where an instruction's place is, or would be; elsewhere than near there must be room for some. */
static struct place *place_at(const struct blocks *blocks, uint64_t va)
{
	if (is_near(blocks, va))
		return &blocks->near[va - blocks->range.va];
	size_t i = (size_t)(va * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (blocks->place_capacity - 1);
	while (blocks->places[i].va != 0 && blocks->places[i].va != va)
		i = (i + 1) & (blocks->place_capacity - 1);
	return &blocks->places[i];
}

static void grow_places(struct blocks *blocks)
{
	struct place *old = blocks->places;
	size_t old_capacity = blocks->place_capacity;
	blocks->place_capacity = old_capacity == 0 ? 256 : old_capacity * 4;
	blocks->places =
	    arena_alloc(blocks->scratch, blocks->place_capacity, sizeof(*blocks->places));
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i].va != 0)
			*place_at(blocks, old[i].va) = old[i];
}

static void place_put(struct blocks *blocks, uint64_t va, size_t block, size_t index)
{
	if (!is_near(blocks, va) && blocks->place_count * 2 >= blocks->place_capacity)
		grow_places(blocks);
	struct place *place = place_at(blocks, va);
	blocks->place_count += place->va == 0;
	*place = (struct place){ va, (uint32_t)block, (uint32_t)index };
}

static const struct place *place_find(const struct blocks *blocks, uint64_t va)
{
	if (va == 0 || (!is_near(blocks, va) && blocks->place_capacity == 0))
		return NULL;
	const struct place *place = place_at(blocks, va);
	return place->va == va ? place : NULL;
}

static struct block *block_add(struct blocks *blocks)
{
	if (blocks->count == blocks->capacity)
		blocks->items = arena_grow(blocks->scratch, blocks->items, blocks->count,
					   sizeof(*blocks->items), &blocks->capacity);
	struct block *block = &blocks->items[blocks->count++];
	*block = (struct block){ .position = BLOCK_UNORDERED };
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
static bool runs_on(struct blocks *blocks, uint64_t call_va, uint64_t next)
{
	const struct image *image = blocks->image;
	const struct elf_fde *fde = blocks_fde(blocks, call_va);
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
static bool meets_entry(const struct blocks *blocks, const struct elf_fde *fde, uint64_t va,
			uint64_t *next_entry)
{
	if (fde != NULL && va < fde->end_va)
		return false;
	if (*next_entry < va)
		*next_entry = image_entry_from(blocks->image, va);
	return *next_entry == va;
}

/*
 * The kernel takes 32 bits of a number, so whether it was sign-extended just before does not
 * matter; glibc's setxid on aarch64 does so. Linux v6.1, arch/arm64/kernel/syscall.c.
 */
static void forget_sign_of_number(const struct blocks *blocks, struct instruction *last)
{
	struct operand *number = &last[-1].operands[0];
	if (last[0].operation != OPERATION_SYSCALL || last[-1].operation != OPERATION_SIGN_EXTEND ||
	    number->kind != OPERAND_REGISTER || last[-1].operands[1].width_bytes != 4 ||
	    number->reg != blocks->image->machine->syscall_number)
		return;
	last[-1].operation = OPERATION_MOVE;
	number->width_bytes = 4;
}

/* Decodes from va up to the end of a block or to what is decoded already. */
static size_t block_decode(struct blocks *blocks, uint64_t va)
{
	size_t index = blocks->count;
	block_add(blocks)->va = va;
	size_t count = 0;
	struct slice code = elf_is_code(&blocks->image->file, va)
				? elf_bytes_from(&blocks->image->file, va)
				: (struct slice){ 0 };
	const struct elf_fde *fde = blocks_fde(blocks, va);
	uint64_t next = va, next_entry = 0;
	size_t off = 0;
	for (;;) {
		if (count > 0 && (place_find(blocks, next) != NULL ||
				  meets_entry(blocks, fde, next, &next_entry)))
			break;
		if (count == blocks->decoded_capacity)
			blocks->decoded =
			    arena_grow(blocks->scratch, blocks->decoded, count,
				       sizeof(*blocks->decoded), &blocks->decoded_capacity);
		struct instruction *instruction = &blocks->decoded[count];
		if (blocks->instruction_count >= FLOW_MAX_INSTRUCTIONS ||
		    !instruction_decode(blocks->image->arch, code.bytes + off,
					code.size_bytes - off, next, instruction)) {
			blocks->cut |= blocks->instruction_count >= FLOW_MAX_INSTRUCTIONS;
			next = 0; /* no instruction: control never really comes here */
			break;
		}
		place_put(blocks, next, index, count);
		if (count > 0)
			forget_sign_of_number(blocks, instruction);
		count++;
		blocks->instruction_count++;
		off += instruction->length_bytes;
		next += instruction->length_bytes;
		if (ends_block(instruction)) {
			enum operation operation = (enum operation)instruction->operation;
			if (operation == OPERATION_JUMP || operation == OPERATION_RETURN ||
			    operation == OPERATION_TRAP ||
			    (operation == OPERATION_CALL &&
			     !runs_on(blocks, instruction->va, next)))
				next = 0;
			break;
		}
	}
	struct block *block = &blocks->items[index];
	block->instructions =
	    arena_copy(blocks->scratch, blocks->decoded, count, sizeof(*blocks->decoded));
	block->instruction_count = count;
	block->next = next;
	if (count == 0)
		place_put(blocks, va, index, 0); /* so that it is not tried again */
	return index;
}

/* The block that starts at va, cut out of another or decoded when there is none. */
size_t blocks_at(struct blocks *blocks, uint64_t va)
{
	const struct place *place = place_find(blocks, va);
	if (place == NULL)
		return block_decode(blocks, va);
	size_t index = place->block, at = place->index;
	if (at == 0)
		return index;
	size_t tail_index = blocks->count;
	struct block *tail = block_add(blocks);
	struct block *head = &blocks->items[index];
	tail->va = va;
	tail->instructions = head->instructions + at;
	tail->instruction_count = head->instruction_count - at;
	tail->next = head->next;
	head->instruction_count = at;
	head->next = va;
	for (size_t i = 0; i < tail->instruction_count; i++)
		place_put(blocks, tail->instructions[i].va, tail_index, i);
	tail->first_jump = head->first_jump;
	head->first_jump = 0;
	/* The tail gets its state from the head, when that is visited again. */
	if (head->entry != NULL)
		blocks_wait(blocks, index);
	return tail_index;
}

bool blocks_were_entered(const struct blocks *blocks, uint64_t va)
{
	const struct place *place = place_find(blocks, va);
	return place != NULL && blocks->items[place->block].entry != NULL;
}

bool blocks_stay(struct blocks *blocks, uint64_t from, uint64_t to)
{
	if (to == blocks->va)
		return true;
	const struct elf_fde *fde = blocks_fde(blocks, from);
	return (fde != NULL && to > fde->start_va && to < fde->end_va) ||
	       !image_is_entry(blocks->image, to);
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

void blocks_begin(struct blocks *blocks, const struct image *image, uint64_t va,
		  struct arena *scratch)
{
	*blocks = (struct blocks){ .image = image, .va = va, .scratch = scratch };
	blocks->range = up_to_next_entry(image, va);
	if (blocks->range.size_bytes > PLACES_MAX_BYTES)
		blocks->range.size_bytes = 0;
	blocks->near = arena_alloc(scratch, blocks->range.size_bytes, sizeof(*blocks->near));
}

/* ---- in which order they are run ---- */

enum { MAX_DIRECT = 2, ORDER_MAX_TIMES = 32 /* later on new blocks come behind all others */ };

/*
 * Where control may go on that the block's end shows; the higher address first, which comes later in
 * the order: most code behind a loop is behind it in memory, too, and had better wait for it.
 */
static size_t direct_successors(struct blocks *blocks, size_t index, uint64_t out_vas[MAX_DIRECT])
{
	const struct block *block = &blocks->items[index];
	size_t count = 0;
	if (block->instruction_count == 0)
		return 0;
	const struct instruction *last = &block->instructions[block->instruction_count - 1];
	bool jumps = last->operation == OPERATION_JUMP || last->operation == OPERATION_BRANCH;
	uint64_t target = (uint64_t)last->operands[1].value;
	if (block->next != 0 && blocks_stay(blocks, last->va, block->next))
		out_vas[count++] = block->next;
	if (jumps && last->operands[1].kind == OPERAND_IMMEDIATE &&
	    blocks_stay(blocks, last->va, target))
		out_vas[count++] = target;
	if (count == MAX_DIRECT && out_vas[0] < out_vas[1]) {
		out_vas[1] = out_vas[0];
		out_vas[0] = target;
	}
	return count;
}

/* Decodes all that the ends of blocks show. */
static void explore(struct blocks *blocks)
{
	uint64_t vas[MAX_DIRECT];
	for (; blocks->explored_count < blocks->count; blocks->explored_count++) {
		size_t count = direct_successors(blocks, blocks->explored_count, vas);
		for (size_t i = 0; i < count; i++)
			(void)blocks_at(blocks, vas[i]);
	}
}

/* A way from a block to others, as far as it is left. */
struct step {
	uint32_t block;
	uint32_t direct[MAX_DIRECT]; /* direct successors; the next is the last */
	uint32_t direct_count;
	uint32_t jump; /* the next that was told; as in a block */
};

/* What the block's end shows is decoded: see explore. */
static struct step step_from(struct blocks *blocks, size_t index)
{
	uint64_t vas[MAX_DIRECT];
	struct step step = { .block = (uint32_t)index, .jump = blocks->items[index].first_jump };
	for (size_t i = direct_successors(blocks, index, vas); i > 0; i--) {
		const struct place *place = place_find(blocks, vas[i - 1]);
		if (place != NULL)
			step.direct[step.direct_count++] = place->block;
	}
	blocks->items[index].position = 0; /* for now: it is on the way */
	return step;
}

/* The next block on the way from one; false: there is none any more. */
static bool step_on(const struct blocks *blocks, struct step *step, size_t *out_index)
{
	if (step->direct_count > 0) {
		*out_index = step->direct[--step->direct_count];
		return true;
	}
	if (step->jump == 0)
		return false;
	const struct told_jump *jump = &blocks->jumps[step->jump - 1];
	*out_index = jump->to;
	step->jump = jump->next;
	return true;
}

static void note_waiting(struct blocks *blocks, size_t position)
{
	blocks->waiting[position / 64] |= UINT64_C(1) << position % 64;
	if (position / 64 < blocks->first_waiting)
		blocks->first_waiting = position / 64;
}

static void set_position(struct blocks *blocks, size_t index, size_t position)
{
	blocks->items[index].position = (uint32_t)position;
	if (blocks->items[index].waiting)
		note_waiting(blocks, position);
}

/* Appends all that can be reached from a block and has no position. */
static void order_from(struct blocks *blocks, size_t root)
{
	size_t first = blocks->ordered_count, depth = 0, index;
	struct step *steps = blocks->steps;
	steps[depth++] = step_from(blocks, root);
	while (depth > 0) {
		if (!step_on(blocks, &steps[depth - 1], &index))
			blocks->order[blocks->ordered_count++] = steps[--depth].block;
		else if (blocks->items[index].position == BLOCK_UNORDERED)
			steps[depth++] = step_from(blocks, index);
	}
	for (size_t low = first, high = blocks->ordered_count; low < high; low++) {
		uint32_t swap = blocks->order[low];
		blocks->order[low] = blocks->order[--high];
		blocks->order[high] = swap;
	}
	for (size_t i = first; i < blocks->ordered_count; i++)
		set_position(blocks, blocks->order[i], i);
}

/* Room for all blocks. */
static void reserve_order(struct blocks *blocks)
{
	if (blocks->count <= blocks->order_capacity)
		return;
	size_t capacity = 2 * blocks->count;
	uint32_t *order = arena_alloc_raw(blocks->scratch, capacity, sizeof(*order));
	uint64_t *waiting = arena_alloc(blocks->scratch, capacity / 64 + 1, sizeof(*waiting));
	if (blocks->ordered_count > 0) {
		memcpy(order, blocks->order, blocks->ordered_count * sizeof(*order));
		memcpy(waiting, blocks->waiting,
		       (blocks->order_capacity / 64 + 1) * sizeof(*waiting));
	}
	blocks->order = order;
	blocks->waiting = waiting;
	blocks->steps = arena_alloc_raw(blocks->scratch, capacity, sizeof(*blocks->steps));
	blocks->order_capacity = capacity;
}

static void put_in_order(struct blocks *blocks)
{
	explore(blocks);
	reserve_order(blocks);
	if (blocks->times_ordered++ < ORDER_MAX_TIMES) {
		blocks->ordered_count = 0;
		for (size_t i = 0; i < blocks->count; i++)
			blocks->items[i].position = BLOCK_UNORDERED;
		memset(blocks->waiting, 0,
		       (blocks->order_capacity / 64 + 1) * sizeof(*blocks->waiting));
		blocks->first_waiting = 0;
	}
	/* All blocks before have a position. */
	for (size_t i = blocks->ordered_count; i < blocks->count; i++)
		if (blocks->items[i].position == BLOCK_UNORDERED)
			order_from(blocks, i);
	blocks->unordered_wait = false;
}

void blocks_tell_jump(struct blocks *blocks, size_t from, size_t to)
{
	if (blocks->items[to].position != BLOCK_UNORDERED)
		return;
	if (blocks->jump_count == blocks->jump_capacity)
		blocks->jumps = arena_grow(blocks->scratch, blocks->jumps, blocks->jump_count,
					   sizeof(*blocks->jumps), &blocks->jump_capacity);
	blocks->jumps[blocks->jump_count++] =
	    (struct told_jump){ (uint32_t)to, blocks->items[from].first_jump };
	blocks->items[from].first_jump = (uint32_t)blocks->jump_count;
}

void blocks_wait(struct blocks *blocks, size_t index)
{
	struct block *block = &blocks->items[index];
	if (block->waiting)
		return;
	block->waiting = true;
	blocks->waiting_count++;
	if (block->position == BLOCK_UNORDERED)
		blocks->unordered_wait = true;
	else
		note_waiting(blocks, block->position);
}

size_t blocks_next(struct blocks *blocks)
{
	if (blocks->waiting_count == 0)
		return SIZE_MAX;
	if (blocks->unordered_wait)
		put_in_order(blocks);
	while (blocks->waiting[blocks->first_waiting] == 0)
		blocks->first_waiting++;
	uint64_t *word = &blocks->waiting[blocks->first_waiting];
	size_t index = blocks->order[64 * blocks->first_waiting + (size_t)__builtin_ctzll(*word)];
	*word &= *word - 1;
	blocks->items[index].waiting = false;
	blocks->waiting_count--;
	return index;
}
