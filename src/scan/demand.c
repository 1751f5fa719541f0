#include "scan/demand.h"


#include "scan/models.h"
#include "scan/numbers.h"

enum {
	DEMAND_MAX_DEPTH = 1000, /* of calls, each from the one before */
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
	bool some = term->range_count == 1 && term->ranges[0].low == 1 &&
		    term->ranges[0].high == UINT32_MAX;
	if (term->bits_wide == 32 && (null || some)) /* no pointer: a truth value */
		return true;
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
	if (value_is_given(number))
		return bit_of(number->input);
	int selector =
	    number->kind == VALUE_NUMBER ? numbers_selector(image->arch, number->number) : -1;
	const struct value *operation =
	    selector < 0 ? NULL : argument_of(fact, machine->syscall_arguments[selector]);
	return operation != NULL && value_is_given(operation) ? bit_of(operation->input) : 0;
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

/* What a callee wants to be told, be it known or not. */
static uint64_t wanted_by(const struct closure *closure, const struct node *node,
			  const struct callee *callee)
{
	const struct machine *machine = closure->loaded[node->module].module->image.machine;
	return (callee->node == NULL ? 0 : callee->node->wants) |
	       (callee->finder == NULL ? 0 : bit_of(machine->arguments[callee->finder->argument]));
}

/* The inputs that the function, or what it hands them to, wants to know, as far as is known. */
static uint64_t wanted_of(struct closure *closure, const struct node *node)
{
	uint64_t wanted = wanted_here(&closure->loaded[node->module].module->image, node->function);
	struct fact own, *fact;
	size_t next = 0;
	while ((fact = closure_fact(closure, node, &next, &own)) != NULL) {
		if (!goes_on(fact) || fact->argument_count == 0)
			continue;
		struct callee callee = closure_callee(closure, node, fact);
		if (callee.node != NULL)
			callee.node->looked_at = true;
		uint64_t wants = wanted_by(closure, node, &callee);
		for (size_t k = 0; wants != 0 && k < fact->argument_count; k++) {
			const struct argument *argument = &fact->arguments[k];
			if (value_is_given(&argument->value) &&
			    (wants & bit_of(argument->input)) != 0)
				wanted |= bit_of(argument->value.input);
		}
	}
	return wanted;
}

/* Whether a call leads to what wants to know something. */
static bool leads_to_wanting(struct closure *closure, const struct node *node,
			     const struct callee *callee)
{
	if (callee->node != NULL)
		callee->node->looked_at = true;
	return wanted_by(closure, node, callee) != 0 ||
	       (callee->node != NULL && model_is_for_flags(closure, callee->node));
}

static bool calls_wanting(struct closure *closure, const struct node *node)
{
	struct fact own, *fact;
	size_t next = 0;
	while ((fact = closure_fact(closure, node, &next, &own)) != NULL) {
		if (!goes_on(fact))
			continue;
		struct callee callee = closure_callee(closure, node, fact);
		if (leads_to_wanting(closure, node, &callee))
			return true;
	}
	return false;
}

/* True when more is known of what it wants, and somebody looked at that before. */
static bool settle(struct closure *closure, struct node *node)
{
	if (node->function->cut)
		return false;
	if (node->function->swept)
		node->function = module_refine(closure->loaded[node->module].module, node->number);
	uint64_t wanted = wanted_of(closure, node);
	bool changed = wanted != node->wants;
	node->wants = wanted;
	return changed && node->looked_at;
}

/* Settles all that the function calls, then itself. True: some must be settled again. */
static bool ask(struct closure *closure, struct node *node, unsigned depth)
{
	struct fact own, *fact;
	size_t next = 0;
	bool again = depth == DEMAND_MAX_DEPTH, wanting = false;
	node->asked = true;
	while (depth < DEMAND_MAX_DEPTH &&
	       (fact = closure_fact(closure, node, &next, &own)) != NULL) {
		if (!goes_on(fact))
			continue;
		struct callee callee = closure_callee(closure, node, fact);
		if (callee.node != NULL && !callee.node->asked)
			again |= ask(closure, callee.node, depth + 1);
		wanting |= leads_to_wanting(closure, node, &callee);
	}
	if (closure->asked_count == closure->asked_capacity)
		closure->asked = arena_grow(closure->arena, closure->asked, closure->asked_count,
					    sizeof(*closure->asked), &closure->asked_capacity);
	closure->asked[closure->asked_count++] = node;
	return ((wanting || !node->function->swept) && settle(closure, node)) || again;
}

void demand_follow(struct closure *closure, struct node *node)
{
	if (node->asked)
		return;
	closure->asked_count = 0;
	/* Once is enough but for functions that call each other. */
	for (bool again = ask(closure, node, 0); again;) {
		again = false;
		for (size_t i = 0; i < closure->asked_count; i++)
			if (!closure->asked[i]->function->swept ||
			    calls_wanting(closure, closure->asked[i]))
				again |= settle(closure, closure->asked[i]);
	}
}
