#include "callgraph/function.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_ALIGN = 8 };

/* What a block begins with: how many there are of each array, in the order in which they follow. */
struct block_header {
	uint32_t fact_count, argument_count, term_count, range_count, number_count, input_count;
};

enum { FACTS, ARGUMENTS, TERMS, RANGES, NUMBERS, INPUTS, ARRAY_COUNT };

/* Where each array begins in a block, and the block ends. */
struct layout {
	size_t offs[ARRAY_COUNT], size_bytes;
};

/* False: it does not fit into a limit. */
static bool lay_out(const struct block_header *header, size_t limit_bytes,
		    struct layout *out_layout)
{
	const struct {
		size_t count, size_bytes;
	} arrays[ARRAY_COUNT] = {
		[FACTS] = { header->fact_count, sizeof(struct fact) },
		[ARGUMENTS] = { header->argument_count, sizeof(struct argument) },
		[TERMS] = { header->term_count, sizeof(struct fact_term) },
		[RANGES] = { header->range_count, sizeof(struct number_range) },
		[NUMBERS] = { header->number_count, sizeof(uint64_t) },
		[INPUTS] = { header->input_count, sizeof(uint16_t) },
	};
	size_t off = sizeof(*header);
	for (size_t i = 0; i < ARRAY_COUNT; i++) {
		out_layout->offs[i] = off;
		if (off > limit_bytes ||
		    arrays[i].count > (limit_bytes - off) / arrays[i].size_bytes)
			return false;
		off += arrays[i].count * arrays[i].size_bytes;
	}
	out_layout->size_bytes = (off + BLOCK_ALIGN - 1) & ~(size_t)(BLOCK_ALIGN - 1);
	return out_layout->size_bytes <= limit_bytes;
}

static struct function function_in(uint64_t va, const struct block_header *header,
				   const struct layout *layout, const uint8_t *block)
{
	const void *const facts = block + layout->offs[FACTS],
			  *const arguments = block + layout->offs[ARGUMENTS],
			  *const terms = block + layout->offs[TERMS],
			  *const ranges = block + layout->offs[RANGES],
			  *const numbers = block + layout->offs[NUMBERS],
			  *const inputs = block + layout->offs[INPUTS];
	return (struct function){ .va = va,
				  .fact_count = header->fact_count,
				  .argument_count = header->argument_count,
				  .term_count = header->term_count,
				  .range_count = header->range_count,
				  .number_count = header->number_count,
				  .input_count = header->input_count,
				  .facts = facts,
				  .arguments = arguments,
				  .terms = terms,
				  .ranges = ranges,
				  .numbers = numbers,
				  .inputs = inputs,
				  .block = { block, layout->size_bytes } };
}

/* ---- from drafts ---- */

static int compare_drafts(const void *left, const void *right)
{
	const struct fact *a = &((const struct draft *)left)->fact;
	const struct fact *b = &((const struct draft *)right)->fact;
	if (a->va != b->va)
		return a->va < b->va ? -1 : 1;
	if (a->kind != b->kind)
		return (int)a->kind - (int)b->kind;
	return (a->target > b->target) - (a->target < b->target);
}

static uint32_t link_of(const struct image *image, const struct fact *fact)
{
	uint32_t number;
	switch (fact->kind) {
	case FACT_CALL:
	case FACT_JUMP:
		return elf_is_code(&image->file, fact->target)
			   ? image_function_link(image, fact->target)
			   : (uint32_t)LINK_NOWHERE;
	case FACT_REFERENCE:
		if (image_is_code(image, fact->target))
			return image_function_link(image, fact->target);
		number = image_place_number(image, fact->target);
		return number == ADDRESS_NONE ? 0 : link_to_place(number);
	case FACT_CALL_SLOT:
	case FACT_JUMP_SLOT: {
		const struct elf_relocation *relocation =
		    elf_relocation_at(&image->relocations, fact->target);
		return relocation == NULL
			   ? 0
			   : (uint32_t)(relocation - image->relocations.relocations) + 1;
	}
	case FACT_LOAD:
		return (uint32_t)elf_relocation_from(&image->relocations, fact->target) + 1;
	default:
		return 0;
	}
}

/* Facts of one block share their condition, and come mostly one after the other. */
static bool shares_reach(const struct draft *drafts, size_t i)
{
	return i > 0 && drafts[i].reach == drafts[i - 1].reach;
}

static struct block_header count_parts(const struct draft *drafts, size_t count)
{
	struct block_header header = { .fact_count = (uint32_t)count };
	for (size_t i = 0; i < count; i++) {
		const struct draft *draft = &drafts[i];
		header.argument_count += draft->fact.argument_count;
		for (size_t k = 0; k < draft->fact.argument_count; k++)
			if (draft->arguments[k].value.kind == VALUE_SET)
				header.number_count += draft->arguments[k].value.set->count;
		if (draft->reach == NULL || shares_reach(drafts, i))
			continue;
		header.term_count += (uint32_t)draft->reach->term_count;
		for (size_t k = 0; k < draft->reach->term_count; k++)
			header.range_count += draft->reach->terms[k].range_count;
	}
	return header;
}

struct input_list {
	uint64_t seen[(INPUT_COUNT + 63) / 64];
	uint32_t count;
	uint16_t inputs[INPUT_COUNT];
};

static void note_input(struct input_list *list, unsigned input)
{
	if (input >= INPUT_COUNT || (list->seen[input / 64] >> (input % 64) & 1) != 0)
		return;
	list->seen[input / 64] |= UINT64_C(1) << (input % 64);
	list->inputs[list->count++] = (uint16_t)input;
}

static void note_inputs(struct input_list *list, const struct draft *draft)
{
	for (size_t k = 0; draft->reach != NULL && k < draft->reach->term_count; k++)
		note_input(list, draft->reach->terms[k].input);
	for (size_t k = 0; k < draft->fact.argument_count; k++)
		if (value_is_given(&draft->arguments[k].value))
			note_input(list, draft->arguments[k].value.input);
	/* Somebody may read a syscall's number there (glibc's setxid). */
	for (unsigned k = 0; draft->fact.kind == FACT_STORE && k < INPUT_MEMORY_WORDS / 2; k++)
		note_input(list, INPUT_MEMORY +
				     (unsigned)draft->arguments[0].input * INPUT_MEMORY_WORDS + k);
}

/* The arrays of a block that is being filled, and how far they are. */
struct filling {
	struct fact *facts;
	struct argument *arguments;
	struct fact_term *terms;
	struct number_range *ranges;
	uint64_t *numbers;
	uint32_t argument_count, term_count, range_count, number_count;
};

static void put_argument(struct filling *filling, const struct argument *argument)
{
	struct argument *kept = &filling->arguments[filling->argument_count++];
	*kept = *argument;
	if (argument->value.kind != VALUE_SET)
		return;
	const struct value_set *set = argument->value.set;
	memcpy(filling->numbers + filling->number_count, set->numbers,
	       set->count * sizeof(set->numbers[0]));
	kept->value.bits = (uint8_t)set->count;
	kept->value.number = filling->number_count;
	filling->number_count += set->count;
}

static void put_term(struct filling *filling, const struct term *term)
{
	if (term->range_count > 0)
		memcpy(filling->ranges + filling->range_count, term->ranges,
		       term->range_count * sizeof(*term->ranges));
	filling->terms[filling->term_count++] =
	    (struct fact_term){ .input = term->input,
				.kind = term->kind,
				.bits_wide = term->bits_wide,
				.range_count = term->range_count,
				.first_range = filling->range_count,
				.mask = term->mask,
				.bits = term->bits };
	filling->range_count += term->range_count;
}

static void put_draft(struct filling *filling, const struct image *image,
		      const struct draft *drafts, size_t i)
{
	const struct draft *draft = &drafts[i];
	struct fact *fact = &filling->facts[i];
	*fact = draft->fact;
	fact->link = link_of(image, fact);
	fact->first_argument = filling->argument_count;
	for (size_t k = 0; k < fact->argument_count; k++)
		put_argument(filling, &draft->arguments[k]);
	fact->term_count = draft->reach == NULL ? 0 : (uint8_t)draft->reach->term_count;
	if (shares_reach(drafts, i)) {
		fact->first_term = fact[-1].first_term;
		return;
	}
	fact->first_term = filling->term_count;
	for (size_t k = 0; k < fact->term_count; k++)
		put_term(filling, &draft->reach->terms[k]);
}

struct function function_of_drafts(const struct image *image, uint64_t va, struct draft *drafts,
				   size_t count, struct arena *arena, struct arena *scratch)
{
	struct input_list *list = arena_alloc(scratch, 1, sizeof(*list));
	struct layout layout;
	if (count > 0)
		qsort(drafts, count, sizeof(*drafts), compare_drafts);
	struct block_header header = count_parts(drafts, count);
	for (size_t i = 0; i < count; i++)
		note_inputs(list, &drafts[i]);
	header.input_count = list->count;
	(void)lay_out(&header, SIZE_MAX / 2, &layout);
	uint8_t *block = arena_alloc(arena, layout.size_bytes, 1);
	memcpy(block, &header, sizeof(header));
	void *const facts = block + layout.offs[FACTS],
		    *const arguments = block + layout.offs[ARGUMENTS],
		    *const terms = block + layout.offs[TERMS],
		    *const ranges = block + layout.offs[RANGES],
		    *const numbers = block + layout.offs[NUMBERS];
	struct filling filling = { .facts = facts,
				   .arguments = arguments,
				   .terms = terms,
				   .ranges = ranges,
				   .numbers = numbers };
	for (size_t i = 0; i < count; i++)
		put_draft(&filling, image, drafts, i);
	memcpy(block + layout.offs[INPUTS], list->inputs, list->count * sizeof(list->inputs[0]));
	return function_in(va, &header, &layout, block);
}

/* ---- from a block ---- */

bool function_of_block(uint64_t va, struct slice block, struct function *out_function)
{
	struct block_header header;
	struct layout layout;
	if (block.size_bytes < sizeof(header))
		return false;
	memcpy(&header, block.bytes, sizeof(header));
	if (!lay_out(&header, block.size_bytes, &layout))
		return false;
	*out_function = function_in(va, &header, &layout, block.bytes);
	return true;
}
