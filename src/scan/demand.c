#include "scan/demand.h"

#include "scan/numbers.h"

enum {
	DEMAND_MAX_DEPTH = 3, /* of calls between who knows a value and who wants it */
	FEW_NUMBERS = 16,
	ALIGNMENT_BITS = 15,
	MEMORY_BIT = 63, /* all words of memory that an input points to */
};

static uint64_t bit_of(uint16_t input)
{
	return UINT64_C(1) << (input < INPUT_MEMORY ? input : MEMORY_BIT);
}

/* Whether a condition picks few of many: cases of a switch, flags; not a null or size check. */
static bool picks_few(const struct fact *fact, const struct term *term)
{
	bool call = fact->kind == FACT_SYSCALL;
	if (term->kind != TERM_RANGES)
		return call || term->mask > ALIGNMENT_BITS;
	uint64_t numbers = 0;
	for (size_t i = 0; i < term->range_count && numbers <= FEW_NUMBERS; i++) {
		uint64_t more = term->ranges[i].high - term->ranges[i].low;
		numbers += more > FEW_NUMBERS ? FEW_NUMBERS + 1 : more + 1;
	}
	bool null = term->range_count == 1 && term->ranges[0].high == 0;
	return numbers <= FEW_NUMBERS && (call || !null);
}

static bool goes_on(const struct fact *fact)
{
	return fact->kind == FACT_CALL || fact->kind == FACT_JUMP || fact->kind == FACT_CALL_SLOT ||
	       fact->kind == FACT_JUMP_SLOT;
}

/* Inputs that are a syscall's number or operation. */
static uint64_t wanted_by_kernel(const struct image *image, const struct fact *fact)
{
	const struct machine *machine = image->machine;
	const struct value *number = argument_of(fact, machine->syscall_number);
	if (number == NULL)
		return 0;
	if (number->kind == VALUE_INPUT)
		return bit_of(number->input);
	int selector =
	    number->kind == VALUE_NUMBER ? numbers_selector(image->arch, number->number) : -1;
	const struct value *operation =
	    selector < 0 ? NULL : argument_of(fact, machine->syscall_arguments[selector]);
	return operation != NULL && operation->kind == VALUE_INPUT ? bit_of(operation->input) : 0;
}

/* Inputs that decide by themselves whether a fact of the function happens. */
static uint64_t wanted_here(const struct image *image, const struct function *function)
{
	uint64_t wanted = 0;
	for (size_t i = 0; i < function->fact_count; i++) {
		const struct fact *fact = &function->facts[i];
		bool call = fact->kind == FACT_SYSCALL;
		if (call)
			wanted |= wanted_by_kernel(image, fact);
		if (fact->reach == NULL || !(call || goes_on(fact)))
			continue;
		for (size_t k = 0; k < fact->reach->term_count; k++) {
			const struct term *term = &fact->reach->terms[k];
			if ((call || term->input < INPUT_MEMORY) && picks_few(fact, term))
				wanted |= bit_of(term->input);
		}
	}
	return wanted;
}

static struct function *function_at(struct closure *closure, size_t module, uint64_t va,
				    unsigned depth);

/* What the callee of a fact wants to be passed; 0 when it is not known, too. */
static uint64_t wanted_by_callee(struct closure *closure, size_t module, const struct fact *fact,
				 unsigned depth);

/* The inputs that the function, or what it hands them to, wants to know. */
static uint64_t wanted_of(struct closure *closure, size_t module, struct function *function,
			  unsigned depth)
{
	if (function->swept)
		return 0;
	if (function->wants_known)
		return function->wants;
	function->wants_known = true; /* as far as is known by now: it may call itself */
	function->wants = wanted_here(&closure->loaded[module].module->image, function);
	for (size_t i = 0; depth > 0 && i < function->fact_count; i++) {
		const struct fact *fact = &function->facts[i];
		uint64_t wanted = 0;
		bool asked = false;
		for (size_t k = 0; goes_on(fact) && k < fact->argument_count; k++) {
			const struct argument *argument = &fact->arguments[k];
			if (argument->value.kind != VALUE_INPUT ||
			    (function->wants & bit_of(argument->value.input)) != 0)
				continue;
			if (!asked)
				wanted = wanted_by_callee(closure, module, fact, depth);
			asked = true;
			if ((wanted & bit_of(argument->input)) != 0)
				function->wants |= bit_of(argument->value.input);
		}
	}
	return function->wants;
}

static uint64_t wanted_by_callee(struct closure *closure, size_t module, const struct fact *fact,
				 unsigned depth)
{
	struct target target;
	if (!closure_call_target(closure, module, fact, &target))
		return 0;
	struct function *callee = function_at(closure, target.module, target.va, depth - 1);
	if (callee->fact_count == 1 && callee->facts[0].kind == FACT_JUMP_SLOT &&
	    closure_call_target(closure, target.module, &callee->facts[0], &target))
		callee = function_at(closure, target.module, target.va, depth - 1); /* by a stub */
	return wanted_of(closure, target.module, callee, depth - 1);
}

/* The function, followed with values when it calls one that wants to know its arguments. */
static struct function *function_at(struct closure *closure, size_t module, uint64_t va,
				    unsigned depth)
{
	struct module *file = closure->loaded[module].module;
	struct function *function = module_function(file, va);
	if (!function->swept || function->settled || depth == 0)
		return function;
	function->settled = true;
	for (size_t i = 0; i < function->fact_count; i++)
		if (wanted_by_callee(closure, module, &function->facts[i], depth) != 0)
			return module_refine(file, va);
	return function;
}

const struct function *demand_function(struct closure *closure, size_t module, uint64_t va)
{
	return function_at(closure, module, va, DEMAND_MAX_DEPTH);
}
