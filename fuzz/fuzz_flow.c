/*
 * Any bytes as the code of a program, its values followed. A concrete machine is not here to
 * compare with; what must hold of any result is: it is the same the second time, facts are in
 * order and of the program's code, conditions can be met, and a constant is in its own set.
 */
#include <elf.h>
#include <string.h>

#include "alone.h"
#include "check.h"

enum { CODE_OFF = 0x1000, CODE_VA = 0x401000, MAX_CODE_BYTES = 4096 };

/* A program of one segment; its first input byte says for which machine and whether it moves. */
static size_t make_program(const uint8_t *bytes, size_t size_bytes, uint8_t *out)
{
	Elf64_Ehdr header = { .e_type = (bytes[0] & 1) != 0 ? ET_EXEC : ET_DYN,
			      .e_machine = (bytes[0] & 2) != 0 ? EM_AARCH64 : EM_X86_64,
			      .e_version = EV_CURRENT,
			      .e_entry = CODE_VA,
			      .e_phoff = sizeof(header),
			      .e_ehsize = sizeof(header),
			      .e_phentsize = sizeof(Elf64_Phdr),
			      .e_phnum = 1 };
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	Elf64_Phdr segment = { .p_type = PT_LOAD,
			       .p_flags = PF_R | PF_X,
			       .p_offset = CODE_OFF,
			       .p_vaddr = CODE_VA,
			       .p_filesz = size_bytes - 1,
			       .p_memsz = size_bytes - 1,
			       .p_align = CODE_OFF };
	memset(out, 0, CODE_OFF);
	memcpy(out, &header, sizeof(header));
	memcpy(out + sizeof(header), &segment, sizeof(segment));
	memcpy(out + CODE_OFF, bytes + 1, size_bytes - 1);
	return CODE_OFF + size_bytes - 1;
}

static void check_term(const struct function *function, size_t index)
{
	struct term term = function_term(function, index);
	check(term.input < INPUT_COUNT);
	check(term.kind != TERM_RANGES ||
	      (term.range_count > 0 && term_holds(&term, term.ranges[0].low) &&
	       term_holds(&term, term.ranges[term.range_count - 1].high)));
}

static void check_argument(const struct function *function, const struct argument *argument)
{
	const struct value *value = &argument->value;
	check(argument->input < INPUT_COUNT);
	check(value->kind != VALUE_INPUT || value->input < INPUT_COUNT);
	check(value->kind != VALUE_SET ||
	      (value->bits > 1 && value->bits <= VALUE_MAX_SET &&
	       function->numbers[value->number] < function->numbers[value->number + 1]));
}

static void check_facts(struct facts facts, uint64_t end)
{
	const struct function *function = facts.function;
	const struct fact *fact;
	uint64_t last_va = 0;
	while ((fact = facts_next(&facts)) != NULL) {
		check(fact->va >= CODE_VA && fact->va < end);
		check(last_va <= fact->va);
		last_va = fact->va;
		for (size_t k = 0; k < fact->term_count; k++)
			check_term(function, fact->first_term + k);
		for (size_t k = 0; k < fact->argument_count; k++)
			check_argument(function, &function->arguments[fact->first_argument + k]);
	}
}

/* What is kept of a function is read as what it was. */
static void check_block(const struct function *function)
{
	struct function again;
	check(function_of_block(function->va, function->block, &again));
	check(again.fact_count == function->fact_count && again.facts == function->facts &&
	      again.inputs == function->inputs);
}

/* The syscalls found, for comparison; the arena holds everything. */
static struct program scan(struct arena *arena, struct slice bytes)
{
	struct problem_list problems = { .arena = arena };
	struct program program = { 0 };
	struct module *module;
	struct error err = { 0 };
	struct image_source source = { .bytes = bytes, .input = "fuzz" };
	if (module_open(&source, &problems, &module, &err) != STATUS_OK)
		return program;
	program_scan(module, &alone, &(struct program_extent){ TIER_ENVIRONMENT, true }, &problems,
		     &program);
	uint64_t end = CODE_VA + bytes.size_bytes - CODE_OFF;
	for (size_t i = 0; i < module_number_count(module); i++) {
		const struct function *function = module_valued(module, (uint32_t)i);
		check_facts((struct facts){ .image = &module->image,
					    .swept = module_swept(module, (uint32_t)i) },
			    end);
		if (function == NULL)
			continue;
		check_facts((struct facts){ .image = &module->image, .function = function }, end);
		check_block(function);
	}
	module_finish(module);
	return program;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
	static uint8_t file[CODE_OFF + MAX_CODE_BYTES];
	if (size_bytes < 2 || size_bytes > MAX_CODE_BYTES)
		return 0;
	struct slice program = { file, make_program(bytes, size_bytes, file) };
	struct arena arenas[2] = { { 0 }, { 0 } };
	struct program first = scan(&arenas[0], program);
	struct program second = scan(&arenas[1], program);
	check(first.use_count == second.use_count &&
	      first.unresolved_count == second.unresolved_count);
	for (size_t i = 0; i < first.use_count; i++)
		check(first.uses[i].number == second.uses[i].number &&
		      first.uses[i].va == second.uses[i].va);
	arena_finish(&arenas[0]);
	arena_finish(&arenas[1]);
	return 0;
}
