/*
 * What the pass over all code has of the test's own file, against its instructions one by one and
 * its headers: where each event leads, which events a function has, which words an object.
 */
#include "own_image.h"

#include "callgraph/flow.h"
#include "callgraph/swept.h"
#include "disasm/sweep.h"

static void decode(uint64_t va, struct instruction *instruction)
{
	struct slice code = elf_bytes_from(&self.image.file, va);
	assert_true(
	    instruction_decode(self.image.arch, code.bytes, code.size_bytes, va, instruction));
}

/* The address that an instruction has as an immediate, or as memory without registers. */
static bool says(const struct instruction *instruction, uint64_t va)
{
	for (size_t i = 0; i < OPERAND_LIMIT; i++) {
		const struct operand *operand = &instruction->operands[i];
		bool plain = operand->kind == OPERAND_IMMEDIATE ||
			     (operand->kind == OPERAND_MEMORY && operand->reg == REGISTER_NONE &&
			      operand->index == REGISTER_NONE);
		if (plain && (uint64_t)operand->value == va)
			return true;
	}
	return false;
}

static void test_events_lead_where_their_instructions_say(void **state)
{
	const struct image_tables *tables = &self.image.tables;
	size_t calls = 0, references = 0, slots = 0, loads = 0;
	(void)state;
	if (self.image.arch != ARCH_X86_64)
		skip(); /* addresses take two instructions */
	for (size_t i = 0; i < tables->event_count; i++) {
		const struct event *event = &tables->events[i];
		struct swept one = { .first_event = (uint32_t)i, .fact_count = 1 };
		struct instruction instruction;
		struct fact own;
		const struct fact *fact = swept_fact(&self.image, &one, 0, &own);
		assert_non_null(fact);
		assert_int_equal(fact->va, self.image.base + event->off);
		assert_true(i == 0 || tables->events[i - 1].off <= event->off);
		calls += fact->kind == FACT_CALL;
		references += fact->kind == FACT_REFERENCE;
		slots += fact->kind == FACT_CALL_SLOT || fact->kind == FACT_JUMP_SLOT;
		loads += fact->kind == FACT_LOAD;
		if (fact->kind == FACT_JUMP || fact->kind >= FACT_SYSCALL)
			continue; /* a jump may stand for running on behind a function */
		decode(fact->va, &instruction);
		bool relocated = fact->kind == FACT_LOAD && event_load_count(event) != 0;
		bool said = says(&instruction, fact->target);
		/* What is loaded may begin before the first word that ld.so fills. */
		for (uint64_t off = 1; relocated && !said && off < LOAD_MAX_BYTES; off++)
			said = says(&instruction, fact->target - off);
		assert_true(said);
	}
	assert_true(calls > 100 && references > 100 && slots > 10 && loads > 0);
}

static void test_functions_have_the_events_in_their_bounds(void **state)
{
	const struct image_tables *tables = &self.image.tables;
	size_t bounded = 0, exported = 0, stubs = 0;
	(void)state;
	for (size_t i = 0; i < tables->entry_count + tables->target_count; i++) {
		uint64_t va = image_function_va(&self.image, (uint32_t)i);
		const struct image_function *function = image_bounded(&self.image, (uint32_t)i);
		assert_int_equal(image_function_number(&self.image, va), i);
		assert_int_equal(image_is_entry(&self.image, va), i < tables->entry_count);
		if (function == NULL)
			continue;
		struct swept swept = swept_around(&self.image, va);
		assert_int_equal(function->first_event, swept.first_event);
		assert_int_equal(function->event_count, swept.fact_count);
		assert_int_equal((function->flags & FUNCTION_HAS_SYSCALL) != 0, swept.has_syscall);
		assert_int_equal((function->flags & FUNCTION_IS_STUB) != 0,
				 swept_is_stub(&self.image, va));
		assert_int_equal((function->flags & FUNCTION_IS_EXPORTED) != 0,
				 image_is_export(&self.image, va));
		bounded++;
		exported += (function->flags & FUNCTION_IS_EXPORTED) != 0;
		stubs += (function->flags & FUNCTION_IS_STUB) != 0;
	}
	assert_true(bounded > 100 && bounded == tables->function_count);
	assert_true(exported + stubs > 0);
}

static void test_functions_with_the_same_code_have_one_body(void **state)
{
	const struct image_tables *tables = &self.image.tables;
	size_t shared = 0;
	(void)state;
	for (size_t i = 0; i < tables->entry_count + tables->target_count; i++) {
		const struct image_function *function = image_bounded(&self.image, (uint32_t)i);
		uint32_t body = image_body(&self.image, (uint32_t)i), first = 0;
		if (function == NULL || function->event_count == 0) {
			assert_int_equal(body, ADDRESS_NONE);
			continue;
		}
		while (tables->functions[first].first_event != function->first_event ||
		       tables->functions[first].event_count != function->event_count)
			first++;
		assert_int_equal(body, first);
		shared += &tables->functions[first] != function;
	}
	assert_true(shared > 0);
}

static void test_closed_code_is_code_that_ends(void **state)
{
	const struct image_tables *tables = &self.image.tables;
	size_t closed = 0;
	(void)state;
	for (size_t i = 0; i + 1 < tables->entry_count; i++) {
		uint64_t va = self.image.base + tables->entries[i];
		uint64_t end = self.image.base + tables->entries[i + 1];
		struct elf_range range = { va, end - va };
		struct sweep_end last = { va, true };
		struct sweep sweep;
		struct sweep_event event;
		if (!image_is_closed(&self.image, va) || image_fde_at(&self.image, va) != NULL)
			continue;
		assert_true(
		    sweep_init(&sweep, self.image.arch, elf_bytes_of(&self.image.file, range), va));
		bool padding = true;
		while (sweep_next(&sweep, &event, 1) != 0) {
			assert_int_not_equal(event.kind, SWEEP_BAD);
			padding &= event.kind == SWEEP_PADDING && event.va == last.next_va;
			sweep_end_pass(&last, &event);
		}
		assert_true(padding || (!last.falls_through && last.next_va == end));
		closed++;
	}
	assert_true(closed > 0); /* what crtbegin.o has */
}

static void test_places_have_the_words_of_their_objects(void **state)
{
	const struct image_tables *tables = &self.image.tables;
	const struct elf_relocation *relocations = self.image.relocations.relocations;
	(void)state;
	assert_true(tables->place_count > 100);
	for (size_t i = 0; i < tables->place_count; i++) {
		const struct image_place *place = &tables->places[i];
		uint64_t va = self.image.base + place->off;
		struct image_place alone = image_place_at(&self.image, va, NULL);
		assert_memory_equal(place, &alone, sizeof(alone));
		assert_int_equal(image_place_number(&self.image, va), i);
		assert_int_equal(image_place_number(&self.image, va) ==
				     image_place_number(&self.image, va + 1),
				 0);
	}
	for (size_t i = 0; i < self.image.relocations.count; i++) {
		uint32_t link = tables->relocation_links[i];
		assert_int_equal(link != 0, relocations[i].kind == ELF_RELOCATION_RELATIVE);
		if (link == 0)
			continue;
		uint64_t va = link_is_place(link)
				  ? self.image.base + tables->places[link_number(link)].off
				  : image_function_va(&self.image, link_number(link));
		assert_int_equal(va, relocations[i].addend);
	}
}

static void check_fact(const struct function *function, const struct fact *fact)
{
	if (fact->kind == FACT_CALL && fact->link > LINK_NOWHERE) /* else it is in no table */
		assert_int_equal(image_function_va(&self.image, link_number(fact->link)),
				 fact->target);
	for (size_t i = 0; i < fact->argument_count; i++) {
		const struct argument *argument = &function->arguments[fact->first_argument + i];
		const struct value *value = &argument->value;
		bool listed = !value_is_given(value);
		for (size_t k = 0; k < function->input_count && !listed; k++)
			listed = function->inputs[k] == value->input;
		assert_true(listed);
		for (size_t k = 1; value->kind == VALUE_SET && k < value->bits; k++)
			assert_true(function->numbers[value->number + k - 1] <
				    function->numbers[value->number + k]);
	}
	for (size_t i = 0; i < fact->term_count; i++) {
		struct term term = function_term(function, fact->first_term + i);
		assert_true(term.kind != TERM_RANGES || term_holds(&term, term.ranges[0].low));
	}
}

static void test_blocks_mean_the_same_elsewhere(void **state)
{
	const struct image_tables *tables = &self.image.tables;
	struct arena arena = { 0 }, scratch = { 0 };
	size_t terms = 0, arguments = 0;
	(void)state;
	for (size_t i = 0; i < tables->entry_count && i < 2000; i++) {
		uint64_t va = image_function_va(&self.image, (uint32_t)i);
		struct function function = flow_function(&self.image, va, &arena, &scratch), moved;
		struct slice block = { arena_copy(&arena, function.block.bytes,
						  function.block.size_bytes, 1),
				       function.block.size_bytes };
		assert_true(function_of_block(va, block, &moved));
		assert_int_equal(moved.fact_count, function.fact_count);
		assert_ptr_not_equal(moved.facts, function.facts);
		for (size_t k = 0; k < moved.fact_count; k++)
			check_fact(&moved, &moved.facts[k]);
		terms += moved.term_count;
		arguments += moved.argument_count;
		block.size_bytes--;
		assert_false(function_of_block(va, block, &moved));
		arena_clear(&scratch);
	}
	assert_true(terms > 100 && arguments > 100);
	arena_finish(&scratch);
	arena_finish(&arena);
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return (a > b) - (a < b);
}

static void test_a_set_numbers_its_addresses(void **state)
{
	enum { COUNT = 5000, SPAN = 100000 };
	const uint64_t base = 0x1000, start = 0x20000;
	struct arena arena = { 0 };
	struct address_set set = address_set_over(&arena, (struct elf_range){ start, SPAN });
	uint64_t expected[COUNT];
	size_t count = 0;
	(void)state;
	srand(7);
	for (size_t i = 0; i < COUNT; i++) {
		expected[i] = start + (uint64_t)rand() % SPAN;
		address_set_add(&set, expected[i]);
		address_set_add(&set, start + SPAN + i); /* outside */
		address_set_add(&set, start - 1 - i);
	}
	qsort(expected, COUNT, sizeof(expected[0]), compare);
	for (size_t i = 0; i < COUNT; i++)
		if (i == 0 || expected[i] != expected[i - 1])
			expected[count++] = expected[i];
	assert_int_equal(set.count, count);
	const uint32_t *list = address_set_list(&arena, &set, base);
	struct address_numbers numbers = address_set_number(&arena, &set);
	size_t found = 0;
	for (uint64_t va = start - 10; va < start + SPAN + 10; va++) {
		bool in = found < count && expected[found] == va;
		assert_int_equal(address_number(&numbers, va), in ? found : ADDRESS_NONE);
		assert_int_equal(address_is_numbered(&numbers, va), in);
		assert_true(!in || base + list[found] == va);
		found += in;
	}
	assert_int_equal(found, count);
	arena_finish(&arena);
}

RUN_TESTS_BETWEEN(open_self, close_self,
		  cmocka_unit_test(test_events_lead_where_their_instructions_say),
		  cmocka_unit_test(test_functions_have_the_events_in_their_bounds),
		  cmocka_unit_test(test_functions_with_the_same_code_have_one_body),
		  cmocka_unit_test(test_closed_code_is_code_that_ends),
		  cmocka_unit_test(test_places_have_the_words_of_their_objects),
		  cmocka_unit_test(test_blocks_mean_the_same_elsewhere),
		  cmocka_unit_test(test_a_set_numbers_its_addresses))
