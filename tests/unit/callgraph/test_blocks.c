/* The blocks of functions of the test's own file: each instruction is in one, and the order. */
#include "own_image.h"

#include <stdlib.h>

#include "callgraph/blocks.h"

enum { FUNCTIONS = 1000 };

/* Where the end of a block leads, by its last instruction. */
static size_t ends(struct blocks *blocks, size_t index, uint64_t out_vas[2])
{
	const struct block *block = &blocks->items[index];
	size_t count = 0;
	if (block->instruction_count == 0)
		return 0;
	const struct instruction *last = &block->instructions[block->instruction_count - 1];
	bool jumps = last->operation == OPERATION_JUMP || last->operation == OPERATION_BRANCH;
	if (jumps && last->operands[1].kind == OPERAND_IMMEDIATE)
		out_vas[count++] = (uint64_t)last->operands[1].value;
	if (block->next != 0)
		out_vas[count++] = block->next;
	for (size_t i = 0; i < count; i++)
		if (!blocks_stay(blocks, last->va, out_vas[i]))
			out_vas[i--] = out_vas[--count];
	return count;
}

/* All that can be reached waits: it comes in ascending order, once each, the function's start first. */
static size_t run_all(struct blocks *blocks)
{
	size_t count = blocks->count, ran = 0, index;
	bool *led_to = calloc(count, 1);
	assert_non_null(led_to);
	led_to[0] = true;
	for (size_t i = 0; i < count; i++)
		blocks_wait(blocks, i);
	while ((index = blocks_next(blocks)) != SIZE_MAX) {
		uint64_t vas[2];
		assert_int_equal(blocks->items[index].position, ran);
		assert_true(ran > 0 || index == 0);
		assert_true(led_to[index]); /* by one that came before it */
		ran++;
		for (size_t k = 0, n = ends(blocks, index, vas); k < n; k++)
			led_to[blocks_at(blocks, vas[k])] = true;
		assert_int_equal(blocks->count, count); /* all were there */
	}
	assert_int_equal(ran, count);
	free(led_to);
	return count;
}

static void check_instructions(const struct blocks *blocks)
{
	for (size_t i = 0; i < blocks->count; i++) {
		const struct block *block = &blocks->items[i];
		uint64_t va = block->va;
		for (size_t k = 0; k < block->instruction_count; k++) {
			assert_int_equal(block->instructions[k].va, va);
			va += block->instructions[k].length_bytes;
		}
		assert_true(block->next == 0 || block->next == va);
	}
}

static void test_what_leads_to_a_block_comes_before_it(void **state)
{
	const struct image_tables *tables = &self.image.tables;
	size_t total = 0;
	(void)state;
	for (size_t i = 0; i < tables->entry_count && i < FUNCTIONS; i++) {
		struct arena scratch = { 0 };
		struct blocks blocks;
		uint64_t va = self.image.base + tables->entries[i];
		blocks_begin(&blocks, &self.image, va, &scratch);
		assert_int_equal(blocks_at(&blocks, va), 0);
		blocks_wait(&blocks, 0);
		assert_int_equal(blocks_next(&blocks), 0);
		assert_int_equal(blocks_next(&blocks), SIZE_MAX);
		check_instructions(&blocks);
		total += run_all(&blocks);
		arena_finish(&scratch);
	}
	assert_true(total > 1000);
}

static void test_told_jumps_are_part_of_the_order(void **state)
{
	const struct image_tables *tables = &self.image.tables;
	size_t tried = 0;
	(void)state;
	for (size_t i = 1; i < tables->entry_count && i < FUNCTIONS; i++) {
		struct arena scratch = { 0 };
		struct blocks blocks;
		uint64_t to = self.image.base + tables->entries[i - 1];
		uint64_t from = self.image.base + tables->entries[i];
		blocks_begin(&blocks, &self.image, from, &scratch);
		blocks_wait(&blocks, blocks_at(&blocks, from));
		assert_int_equal(blocks_next(&blocks), 0);
		size_t before = blocks.count, told = blocks_at(&blocks, to);
		assert_false(blocks_were_entered(&blocks, to));
		if (told == before && before > 4) {
			assert_int_equal(blocks.items[told].position, BLOCK_UNORDERED);
			blocks_tell_jump(&blocks, 0, told);
			blocks_wait(&blocks, told);
			blocks_wait(&blocks, 0);
			assert_int_equal(blocks_next(&blocks), 0);
			assert_int_equal(blocks_next(&blocks), told);
			/* Not behind all others, as what nothing leads to. */
			assert_int_equal(blocks.items[told].position, 1);
			tried++;
		}
		arena_finish(&scratch);
	}
	assert_true(tried > 10);
}

RUN_TESTS_BETWEEN(open_self, close_self,
		  cmocka_unit_test(test_what_leads_to_a_block_comes_before_it),
		  cmocka_unit_test(test_told_jumps_are_part_of_the_order))
