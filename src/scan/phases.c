#include "scan/phases.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "disasm/sweep.h"
#include "scan/models.h"
#include "scan/numbers.h"
#include "syscalls/table.h"

/*
 * A program has three kinds of roots. The system enters ld.so, the program and, by ld.so, the
 * initialisers of files that are loaded with it: before main. It enters what ends those files when
 * the program does. All else that is entered other than by a call, because its address was taken,
 * may run at any time, main with it: its address is what the program's entry passes to the C
 * library. What each kind reaches by calls runs in its phase.
 *
 * When main begins, the function that calls it is still to go on; it never returns, which is
 * verified, so that none of its own callers goes on.
 */

/* ---- addresses of functions ---- */

static bool mentions(const struct instruction *instruction, uint8_t reg)
{
	bool found =
	    ((instruction->registers_read | instruction->registers_written) >> reg & 1) != 0;
	for (unsigned i = 0; i < OPERAND_LIMIT; i++) {
		const struct operand *operand = &instruction->operands[i];
		bool memory = operand->kind == OPERAND_MEMORY;
		found |= (memory || operand->kind == OPERAND_REGISTER) && operand->reg == reg;
		found |= memory && operand->index == reg;
	}
	return found;
}

static bool decode(const struct image *image, uint64_t va, struct instruction *out_instruction)
{
	struct slice code = elf_bytes_from(&image->file, va);
	return instruction_decode(image->arch, code.bytes, code.size_bytes, va, out_instruction);
}

/* Whether the instruction takes that very address, not that of data in which it is found. */
static bool is_reference(const struct closure *closure, const struct node *node, uint64_t va,
			 uint64_t target)
{
	struct facts facts = closure_facts(closure, node);
	const struct fact *fact;
	while ((fact = facts_next(&facts)) != NULL) {
		if (fact->va == va && fact->kind == FACT_REFERENCE && fact->target == target)
			return true;
	}
	return false;
}

enum { PASSING_MAX_INSTRUCTIONS = 16 };

/*
 * Whether the instruction makes an address in a register of an argument from where it only goes
 * into a direct call, which is next: no jump and no use of the register is between them.
 */
static bool only_passes(const struct image *image, uint64_t va)
{
	struct instruction instruction;
	if (!decode(image, va, &instruction) ||
	    (instruction.operation != OPERATION_ADDRESS && instruction.operation != OPERATION_ADD))
		return false;
	uint8_t reg = instruction.operands[0].reg;
	if (instruction.operands[0].kind != OPERAND_REGISTER ||
	    memchr(image->machine->arguments, reg, sizeof(image->machine->arguments)) == NULL)
		return false;
	for (unsigned i = 0; i < PASSING_MAX_INSTRUCTIONS; i++) {
		if (!decode(image, instruction.va + instruction.length_bytes, &instruction))
			return false;
		if (instruction.operation == OPERATION_CALL)
			return instruction.operands[1].kind == OPERAND_IMMEDIATE;
		if (instruction.operation == OPERATION_JUMP ||
		    instruction.operation == OPERATION_BRANCH ||
		    instruction.operation == OPERATION_RETURN ||
		    instruction.operation == OPERATION_TRAP || mentions(&instruction, reg))
			return false;
	}
	return false;
}

/* ld.so is of the same version as the libc that it loads. */
static bool has_known_libc(struct closure *closure)
{
	for (size_t i = 0; i < closure->loaded_count; i++)
		if (closure->loaded[i].at_start && model_is_known_libc(closure, i))
			return true;
	return false;
}

/*
 * What ld.so does with addresses of its own functions, glibc 2.36: those that it passes as
 * arguments are called before the callee returns, and not kept (dl_main by _dl_sysdep_start, the
 * workers of _dl_catch_exception, receivers of errors by _dl_receive_error). elf/rtld.c,
 * elf/dl-catch.c. tests/soundness/passes.py follows them through the code of the ld.so installed.
 */
static bool is_passed(struct closure *closure, size_t module, uint64_t va,
		      const struct node *parent, uint64_t parent_va)
{
	return parent->module == module && closure->loaded[module].is_loader &&
	       is_reference(closure, parent, parent_va, va) && has_known_libc(closure) &&
	       only_passes(&closure->loaded[module].module->image, parent_va);
}

/*
 * Where the kernel or ld.so starts a file is no function: nothing returns from there. Its address
 * is in the ELF header, and ld.so compares its own with the program's.
 */
static bool is_start(const struct closure *closure, size_t module, uint64_t va)
{
	return (module == 0 || closure->loaded[module].is_loader) &&
	       va == closure->loaded[module].module->image.file.entry_va;
}

/*
 * ld.so finds by name what libc has to do first, and calls it for the libc that is loaded with the
 * program before any initialiser: elf/rtld.c, dl_main; elf/dl-call-libc-early-init.c. Another
 * libc, which only dlmopen loads, makes phases unknown.
 */
static bool is_early_init(struct closure *closure, size_t module, uint64_t va)
{
	const char *name = image_export_name(&closure->loaded[module].module->image, va);
	return closure->loaded[module].at_start && name != NULL &&
	       strcmp(name, "__libc_early_init") == 0 && model_is_known_libc(closure, module);
}

enum phase phases_of_pointer(struct closure *closure, size_t module, uint64_t va,
			     const struct node *parent, uint64_t parent_va)
{
	if (is_start(closure, module, va))
		return PHASE_NONE;
	if (parent == NULL)
		return is_early_init(closure, module, va) ? PHASE_START : PHASE_RUN;
	return is_passed(closure, module, va, parent, parent_va) ? PHASE_OF_CALLER : PHASE_RUN;
}

static bool holds(struct elf_range range, uint64_t va)
{
	return va - range.va < range.size_bytes;
}

bool phases_has_sections(const struct image *image)
{
	return image->dynamic.needed_count == 0 && image->file.interpreter == NULL;
}

bool phases_is_array(const struct closure *closure, size_t module, uint64_t va)
{
	const struct image *image = &closure->loaded[module].module->image;
	const struct elf_dynamic *dynamic = &image->dynamic;
	if (!closure->loaded[module].at_start)
		return false;
	if (holds(dynamic->preinit_array, va) || holds(dynamic->init_array, va) ||
	    holds(dynamic->fini_array, va))
		return true;
	const struct elf_section *section =
	    phases_has_sections(image) ? elf_section_at(&image->file, va) : NULL;
	return section != NULL &&
	       (section->type == SHT_INIT_ARRAY || section->type == SHT_PREINIT_ARRAY ||
		section->type == SHT_FINI_ARRAY);
}

/* ---- what is reached ---- */

/* A syscall instruction; later of all functions that share it. */
struct site {
	uint64_t va;
	uint32_t module;
	uint8_t phases;
};

struct sites {
	struct site *items;
	size_t count, capacity;
};

struct work {
	struct closure *closure;
	enum phase phase;
	const struct node *ending; /* what main's caller ends with; NULL: it may be entered */
	const struct node *loader_start, *loader_main; /* of ld.so; NULL: not found */
	struct node **items;
	size_t count, capacity;
	struct sites sites;
};

/* Where a call or a jump leads; NULL: it is not known. */
static struct node *callee_of(struct closure *closure, const struct node *node,
			      const struct fact *fact)
{
	struct callee callee = closure_callee(closure, node->module, fact);
	return closure_callee_node(closure, &callee);
}

/* What runs from main on needs no other phase. */
static void reach(struct work *work, struct node *node)
{
	if (!node->live || (node->phases & (1U << PHASE_RUN | 1U << work->phase)) != 0)
		return;
	node->phases |= (uint8_t)(1U << work->phase);
	if (work->count == work->capacity)
		work->items = arena_grow(work->closure->arena, work->items, work->count,
					 sizeof(*work->items), &work->capacity);
	work->items[work->count++] = node;
}

static void site_add(struct work *work, const struct node *node, const struct fact *fact)
{
	struct sites *sites = &work->sites;
	if (sites->count == sites->capacity)
		sites->items = arena_grow(work->closure->arena, sites->items, sites->count,
					  sizeof(*sites->items), &sites->capacity);
	sites->items[sites->count++] =
	    (struct site){ fact->va, node->module, (uint8_t)(1U << work->phase) };
}

/* The function that a fact passes to one that calls it; NULL: none. */
static struct node *passed_by(struct closure *closure, const struct node *node,
			      const struct fact *fact)
{
	bool passes = fact->kind == FACT_REFERENCE && closure->loaded[node->module].is_loader &&
		      fact_happens(node, fact) &&
		      phases_of_pointer(closure, node->module, fact->target, node, fact->va) ==
			  PHASE_OF_CALLER;
	return passes ? closure_find(closure, node->module, fact->target) : NULL;
}

static void reach_passed(struct work *work, const struct node *node, const struct fact *fact)
{
	struct node *passed = passed_by(work->closure, node, fact);
	if (passed != NULL && (passed != work->loader_main || node == work->loader_start))
		reach(work, passed);
}

static void reach_called(struct work *work, struct node *node, const struct fact *fact)
{
	struct node *callee =
	    fact_happens(node, fact) ? callee_of(work->closure, node, fact) : NULL;
	if (callee != NULL && callee != work->ending)
		reach(work, callee);
}

static void reach_from(struct work *work, struct node *node)
{
	struct facts facts = closure_facts(work->closure, node);
	const struct fact *fact;
	while ((fact = facts_next(&facts)) != NULL) {
		if (fact->kind <= FACT_JUMP_SLOT)
			reach_called(work, node, fact);
		else if (fact->kind == FACT_REFERENCE)
			reach_passed(work, node, fact);
		else if (fact->kind == FACT_SYSCALL || fact->kind == FACT_SYSCALL_I386)
			site_add(work, node, fact);
	}
}

/* ---- who calls main ---- */

/* Whether an event may lead out of a function, other than by a call. */
static bool goes_out(const struct sweep_event *event, struct elf_range range)
{
	if (event->kind == SWEEP_JUMP || event->kind == SWEEP_BRANCH)
		return event->value - range.va >= range.size_bytes;
	return event->kind == SWEEP_BAD || event->kind == SWEEP_RETURN ||
	       event->kind == SWEEP_JUMP_REGISTER || event->kind == SWEEP_JUMP_SLOT ||
	       event->kind == SWEEP_JUMP_MEMORY;
}

/* Whether control can be seen never to come back from a function to its caller. */
static bool never_returns(const struct image *image, uint64_t va)
{
	enum { EVENTS = 64 };
	bool certain;
	struct elf_range range = image_function_around(image, va, &certain);
	struct slice code = elf_bytes_from(&image->file, range.va);
	struct sweep_end end = { va, true };
	struct sweep sweep;
	struct sweep_event events[EVENTS];
	size_t count;
	if (!certain || range.va != va || code.size_bytes < range.size_bytes)
		return false;
	code.size_bytes = range.size_bytes;
	(void)sweep_init(&sweep, image->arch, code, va); /* an image is of one that it knows */
	while ((count = sweep_next(&sweep, events, EVENTS)) != 0)
		for (size_t i = 0; i < count; i++) {
			if (goes_out(&events[i], range))
				return false;
			sweep_end_pass(&end, &events[i]);
		}
	return !end.falls_through && end.next_va >= va + range.size_bytes;
}

enum { MAIN_MAX_DEPTH = 4, MAIN_MAX_FOLLOWED = 64 };

/*
 * Follows an input that is main's address through those that hand it on, to one that calls a
 * pointer and does not hand it on; what calls main never returns, as exit comes next.
 */
static struct node *caller_of(struct closure *closure, struct node *node, uint16_t input,
			      unsigned depth, unsigned *followed)
{
	bool calls_pointer = false;
	if (node == NULL || !node->live || depth == MAIN_MAX_DEPTH ||
	    ++*followed > MAIN_MAX_FOLLOWED)
		return NULL;
	closure_follow_values(closure, node);
	const struct function *function = node->values->function;
	for (size_t i = function->fact_count; i-- > 0;) { /* main is called last */
		const struct fact *fact = &function->facts[i];
		calls_pointer |= fact->kind == FACT_CALL_UNKNOWN;
		for (size_t k = 0; fact->kind <= FACT_JUMP_SLOT && k < fact->argument_count; k++) {
			const struct argument *argument =
			    &function->arguments[fact->first_argument + k];
			struct node *found = NULL;
			if (argument->value.kind == VALUE_INPUT && argument->value.input == input &&
			    argument->value.number == 0)
				found = caller_of(closure, callee_of(closure, node, fact),
						  argument->input, depth + 1, followed);
			if (found != NULL)
				return found;
		}
	}
	const struct image *image = &closure->loaded[node->module].module->image;
	return calls_pointer && never_returns(image, node_va(closure, node)) ? node : NULL;
}

/* What ld.so puts into a word of the program, when that is an address of its own; else 0. */
static uint64_t own_address(const struct image *image, uint64_t slot_va)
{
	const struct elf_relocation *relocation = elf_relocation_at(&image->relocations, slot_va);
	if (relocation == NULL)
		return 0;
	if (relocation->kind == ELF_RELOCATION_RELATIVE)
		return relocation->addend;
	const struct elf_symbol *symbol = relocation->symbol < image->symbols.count
					      ? &image->symbols.symbols[relocation->symbol]
					      : NULL;
	return relocation->kind == ELF_RELOCATION_SYMBOL && symbol != NULL && symbol->defined
		   ? symbol->va + relocation->addend
		   : 0;
}

/* The address of the program's own code that a value is; 0: it is none. */
static uint64_t code_of(const struct image *image, const struct value *value)
{
	uint64_t va = 0;
	if (value->kind == VALUE_SLOT)
		va = own_address(image, value->number);
	else if (value->kind == VALUE_ADDRESS || (value->kind == VALUE_NUMBER && image->fixed))
		va = value->number;
	return elf_is_code(&image->file, va) ? va : 0;
}

/* Who calls main, which the program's entry passes to the C library first; NULL: not found. */
static struct node *find_main_caller(struct closure *closure)
{
	const struct image *image = &closure->loaded[0].module->image;
	struct node *entry = closure_find(closure, 0, image->file.entry_va);
	if (image->file.entry_va == 0 || entry == NULL || !entry->live)
		return NULL;
	closure_follow_values(closure, entry);
	const struct function *function = entry->values->function;
	for (size_t i = 0; i < function->fact_count; i++) {
		const struct fact *fact = &function->facts[i];
		uint16_t first = image->machine->arguments[0];
		const struct value *value =
		    fact->kind > FACT_JUMP_SLOT ? NULL : argument_of(entry, fact, first);
		unsigned followed = 0;
		uint64_t main_va = value == NULL ? 0 : code_of(image, value);
		if (main_va == 0)
			continue;
		/* aarch64's start files have a jump to main beside the entry's code. */
		struct elf_range around = image_function_around(image, main_va, NULL);
		struct node *main_node = closure_find(closure, 0, main_va);
		if (main_node != NULL && holds(around, image->file.entry_va))
			closure_follow_values(closure, main_node);
		return caller_of(closure, callee_of(closure, entry, fact), first, 0, &followed);
	}
	return NULL;
}

/* exit, which main's caller ends with. */
static const struct node *find_ending(struct closure *closure, struct node *caller)
{
	const struct function *function = caller->values->function;
	for (size_t i = 0; i < function->fact_count; i++) {
		const struct fact *fact = &function->facts[i];
		if (fact->kind > FACT_JUMP_SLOT)
			continue;
		const struct node *callee = callee_of(closure, caller, fact);
		if (callee != NULL && never_returns(&closure->loaded[callee->module].module->image,
						    node_va(closure, callee)))
			return callee;
	}
	return NULL;
}

/*
 * dl_main, which _dl_start, called by ld.so's entry, passes to _dl_sysdep_start. Others pass it to
 * _dl_open, which does not call it: it asks which file an address is in. elf/rtld.c, elf/dl-open.c.
 */
static void find_loader_main(struct work *work, const struct node *start)
{
	const struct node *found = NULL;
	struct facts facts = closure_facts(work->closure, start);
	const struct fact *fact;
	while ((fact = facts_next(&facts)) != NULL) {
		const struct node *passed = passed_by(work->closure, start, fact);
		if (passed != NULL && found != NULL && passed != found)
			return;
		found = passed != NULL ? passed : found;
	}
	if (found != NULL) {
		work->loader_start = start;
		work->loader_main = found;
	}
}

static void find_loader_start(struct work *work)
{
	struct closure *closure = work->closure;
	for (size_t m = 0; m < closure->loaded_count; m++) {
		struct node *entry =
		    !closure->loaded[m].is_loader
			? NULL
			: closure_find(closure, m, closure->loaded[m].module->image.file.entry_va);
		if (entry == NULL)
			continue;
		struct facts facts = closure_facts(closure, entry);
		const struct fact *fact;
		while ((fact = facts_next(&facts)) != NULL) {
			const struct node *callee =
			    fact->kind == FACT_CALL ? callee_of(closure, entry, fact) : NULL;
			if (callee != NULL && work->loader_main == NULL)
				find_loader_main(work, callee);
		}
	}
}

/* ---- uses ---- */

static int compare_sites(const void *left, const void *right)
{
	const struct site *a = left, *b = right;
	if (a->module != b->module)
		return a->module < b->module ? -1 : 1;
	return (a->va > b->va) - (a->va < b->va);
}

/* Functions may share code: a site's phases are those of all that run it. */
static void join_sites(struct sites *sites)
{
	if (sites->count == 0)
		return;
	qsort(sites->items, sites->count, sizeof(*sites->items), compare_sites);
	size_t last = 0;
	for (size_t i = 1; i < sites->count; i++) {
		if (compare_sites(&sites->items[last], &sites->items[i]) == 0)
			sites->items[last].phases |= sites->items[i].phases;
		else
			sites->items[++last] = sites->items[i];
	}
	sites->count = last + 1;
}

static enum phase phase_of_site(const struct sites *sites, const struct use *use)
{
	const struct site key = { .va = use->va, .module = use->node->module };
	const struct site *site = sites->count == 0 ? NULL
						    : bsearch(&key, sites->items, sites->count,
							      sizeof(*sites->items), compare_sites);
	unsigned phases = site == NULL ? 0 : site->phases;
	if (phases == 1U << PHASE_START)
		return PHASE_START;
	return (phases >> PHASE_RUN & 1) == 0 && (phases >> PHASE_EXIT & 1) != 0 ? PHASE_EXIT
										 : PHASE_RUN;
}

/*
 * Whether its site says when a call is made: a handler returns at any time, wherever it was
 * installed, and of a call with too many sites not all are kept.
 */
static bool is_told_by_site(const struct closure *closure, const struct use *use)
{
	const struct syscall *call = syscall_by_number(use->arch, use->number);
	size_t sites = 0;
	for (size_t i = 0; i < closure->use_count; i++)
		sites +=
		    closure->uses[i].number == use->number && closure->uses[i].arch == use->arch;
	return sites < SITES_MAX_PER_NUMBER &&
	       (call == NULL || strcmp(call->name, "rt_sigreturn") != 0);
}

static void set_phases(struct closure *closure, const struct sites *sites)
{
	for (size_t i = 0; i < closure->use_count; i++) {
		struct use *use = &closure->uses[i];
		enum phase phase = phase_of_site(sites, use);
		if (phase != PHASE_RUN && is_told_by_site(closure, use))
			use->phase = phase;
	}
	for (size_t i = 0; i < closure->unresolved_count; i++)
		closure->unresolved[i].phase = phase_of_site(sites, &closure->unresolved[i]);
}

/* Only that loads a second libc, and files with it whose initialisers run once more. */
static bool starts_again(const struct closure *closure)
{
	const char *name = "dlmopen";
	return scope_is_used(&closure->scope, name, name_hash(name)) ||
	       name_set_has(&closure->names, name, name_hash(name));
}

static void reach_entered(struct work *work)
{
	for (size_t m = 0; m < work->closure->loaded_count; m++) {
		const struct loaded *loaded = &work->closure->loaded[m];
		for (size_t i = 0; i < loaded->nodes.capacity * NODES_PER_PAGE; i++) {
			struct node *node =
			    pages_find(&loaded->nodes, i, NODES_PER_PAGE, sizeof(*node));
			if (node != NULL && (node->entered >> work->phase & 1) != 0)
				reach(work, node);
		}
	}
}

bool phases_find(struct closure *closure)
{
	struct node *caller = starts_again(closure) ? NULL : find_main_caller(closure);
	if (caller == NULL)
		return false;
	struct work work = { .closure = closure, .ending = find_ending(closure, caller) };
	find_loader_start(&work);
	for (work.phase = PHASE_RUN; work.phase < PHASE_COUNT; work.phase++) {
		reach_entered(&work);
		if (work.phase == PHASE_EXIT)
			reach(&work, caller);
		while (work.count > 0)
			reach_from(&work, work.items[--work.count]);
		work.ending = NULL;
	}
	join_sites(&work.sites);
	set_phases(closure, &work.sites);
	return true;
}
