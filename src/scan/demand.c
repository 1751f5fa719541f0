#include "scan/demand.h"

#include "scan/models.h"
#include "scan/numbers.h"

enum {
	DEMAND_MAX_DEPTH = 1000, /* of calls, each from the one before */
	FEW_NUMBERS = 16,
	ALIGNMENT_BITS = 15,
	MEMORY_BIT = 63, /* all words of memory that an input points to */
	/* A large file asks nothing for the sake of calls; see asks_for_calls. */
	DEMAND_MAX_CODE_BYTES = 2 << 20,
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

static bool goes_on(unsigned kind)
{
	return kind <= FACT_JUMP_SLOT;
}

/* Inputs that are a syscall's number or operation. */
static uint64_t wanted_by_kernel(const struct image *image, const struct node *node,
				 const struct fact *fact)
{
	const struct machine *machine = image->machine;
	const struct value *number = argument_of(node, fact, machine->syscall_number);
	if (number == NULL)
		return 0;
	if (value_is_given(number))
		return bit_of(number->input);
	int selector =
	    number->kind == VALUE_NUMBER ? numbers_selector(image->arch, number->number) : -1;
	const struct value *operation =
	    selector < 0 ? NULL : argument_of(node, fact, machine->syscall_arguments[selector]);
	return operation != NULL && value_is_given(operation) ? bit_of(operation->input) : 0;
}

/*
 * Whether it matters which calls happen. What one condition decides on in a large file that leaves
 * the syscalls to others is called in more ways than it; asking its callers, and theirs, would
 * follow the values of most of it.
 */
static bool asks_for_calls(const struct image *image)
{
	return image->tables.syscall_sites > 0 || image->tables.code_bytes <= DEMAND_MAX_CODE_BYTES;
}

/* Inputs that decide by themselves whether a fact of the function happens. */
static uint64_t wanted_here(const struct image *image, const struct node *node)
{
	bool for_calls = asks_for_calls(image);
	const struct function *function = node->values->function;
	uint64_t wanted = 0;
	for (size_t i = 0; i < function->fact_count; i++) {
		const struct fact *fact = &function->facts[i];
		bool call = fact->kind == FACT_SYSCALL;
		if (call)
			wanted |= wanted_by_kernel(image, node, fact);
		bool asks = call || (for_calls && goes_on(fact->kind));
		for (size_t k = 0; asks && k < fact->term_count; k++) {
			struct term term = function_term(function, fact->first_term + k);
			if ((call || term.input < INPUT_MEMORY) && picks_few(fact, &term))
				wanted |= bit_of(term.input);
		}
	}
	return wanted;
}

/* The inputs of a callee that it wants to be told. */
static uint64_t wanted_by(struct closure *closure, size_t module, const struct callee *callee)
{
	const struct machine *machine = closure->loaded[module].module->image.machine;
	uint64_t wanted =
	    callee->finder == NULL ? 0 : bit_of(machine->arguments[callee->finder->argument]);
	if (!callee->known)
		return wanted;
	uint8_t *state = closure_state(closure, callee->module, callee->number);
	*state |= STATE_USED;
	const struct node_values *values =
	    (*state & STATE_WANTING) == 0 ? NULL : closure_callee_node(closure, callee)->values;
	return wanted | (values == NULL ? 0 : values->wants);
}

/* The inputs that the function, or what it hands them to, wants to know, as far as is known. */
static uint64_t wanted_of(struct closure *closure, const struct node *node)
{
	const struct function *function = node->values->function;
	uint64_t wanted = wanted_here(&closure->loaded[node->module].module->image, node);
	for (size_t i = 0; i < function->fact_count; i++) {
		const struct fact *fact = &function->facts[i];
		if (!goes_on(fact->kind) || fact->argument_count == 0)
			continue;
		struct callee callee = closure_callee(closure, node->module, fact);
		uint64_t wants = wanted_by(closure, node->module, &callee);
		for (size_t k = 0; wants != 0 && k < fact->argument_count; k++) {
			const struct argument *argument =
			    &function->arguments[fact->first_argument + k];
			if (value_is_given(&argument->value) &&
			    (wants & bit_of(argument->input)) != 0)
				wanted |= bit_of(argument->value.input);
		}
	}
	return wanted;
}

/* Whether a call leads to what wants to know something. */
static bool leads_to_wanting(struct closure *closure, const struct callee *callee)
{
	if (!callee->known)
		return callee->finder != NULL;
	uint8_t *state = closure_state(closure, callee->module, callee->number);
	*state |= STATE_USED;
	return callee->finder != NULL || (*state & STATE_WANTING) != 0;
}

/* A function's values when they are followed; else NULL. */
static const struct function *valued(const struct closure *closure, struct function_id id)
{
	const struct node *node =
	    pages_find(&closure->loaded[id.module].nodes, id.number, NODES_PER_PAGE, sizeof(*node));
	return node == NULL || node->values == NULL ? NULL : node->values->function;
}

/* Goes over all calls and jumps of a function. */
struct calls {
	struct closure *closure;
	struct facts facts;
	size_t module;
	bool of_events; /* they are events: no facts need be made of them */
};

static struct calls calls_of(struct closure *closure, struct function_id id)
{
	struct module *module = closure->loaded[id.module].module;
	struct calls calls = { .closure = closure, .module = id.module };
	calls.facts.image = &module->image;
	calls.facts.function = valued(closure, id);
	if (calls.facts.function != NULL)
		return calls;
	calls.facts.swept = module_swept(module, id.number);
	/* Whether a jump stays in a function is only asked of one that no table bounds. */
	calls.of_events = calls.facts.swept.end_off == 0;
	return calls;
}

/* False: there is none any more. */
static bool calls_next(struct calls *calls, struct callee *out_callee)
{
	const struct swept *swept = &calls->facts.swept;
	const struct event *events = calls->facts.image->tables.events + swept->first_event;
	while (calls->of_events && calls->facts.next < swept->fact_count) {
		const struct event *event = &events[calls->facts.next++];
		if (!goes_on(event_kind(event)))
			continue;
		*out_callee = closure_event_callee(calls->closure, calls->module, event);
		return true;
	}
	const struct fact *fact;
	while ((fact = facts_next(&calls->facts)) != NULL) {
		if (!goes_on(fact->kind))
			continue;
		*out_callee = closure_callee(calls->closure, calls->module, fact);
		return true;
	}
	return false;
}

/* What is known of the code of a function whose values are not followed; NULL: nothing is kept. */
static uint8_t *body_of(struct closure *closure, struct function_id id)
{
	struct loaded *loaded = &closure->loaded[id.module];
	if (valued(closure, id) != NULL)
		return NULL;
	uint32_t number = image_body(&loaded->module->image, id.number);
	return number == ADDRESS_NONE ? NULL
				      : pages_at(closure->arena, &loaded->bodies, number,
						 STATES_PER_PAGE, sizeof(uint8_t));
}

static bool calls_wanting(struct closure *closure, struct function_id id)
{
	struct calls calls = calls_of(closure, id);
	struct callee callee;
	while (calls_next(&calls, &callee)) {
		if (!leads_to_wanting(closure, &callee))
			continue;
		uint8_t *body = body_of(closure, id);
		if (body != NULL)
			*body |= BODY_WANTING;
		return true;
	}
	return false;
}

/* True when more is known of what it wants, and somebody used that before. */
static bool settle(struct closure *closure, struct function_id id)
{
	struct node *node = closure_node(closure, id.module, id.number);
	closure_follow_values(closure, node);
	if (node->values->function->cut)
		return false;
	uint64_t wanted = wanted_of(closure, node);
	bool changed = wanted != node->values->wants;
	uint8_t *state = closure_state(closure, id.module, id.number);
	node->values->wants = wanted;
	if (wanted != 0)
		*state |= STATE_WANTING;
	return changed && (*state & STATE_USED) != 0;
}

static bool ask(struct closure *closure, struct function_id id, unsigned depth);

/* Asks all that the function calls. True: some must be settled again. */
static bool ask_callees(struct closure *closure, struct function_id id, unsigned depth,
			bool *out_wanting)
{
	struct calls calls = calls_of(closure, id);
	struct callee callee;
	bool again = false;
	while (calls_next(&calls, &callee)) {
		if (callee.known &&
		    (*closure_state(closure, callee.module, callee.number) & STATE_ASKED) == 0)
			again |= ask(closure, (struct function_id){ callee.module, callee.number },
				     depth + 1);
		*out_wanting |= leads_to_wanting(closure, &callee);
	}
	return again;
}

/*
 * The same, but once for all functions with the same code. One that comes while the code is being
 * asked is settled in another pass, if need be.
 */
static bool ask_body(struct closure *closure, struct function_id id, unsigned depth,
		     bool *out_wanting)
{
	uint8_t *body = body_of(closure, id);
	if (body == NULL)
		return ask_callees(closure, id, depth, out_wanting);
	if ((*body & BODY_ASKED) != 0) {
		*body |= (*body & BODY_TOLD) != 0 ? 0 : BODY_SHARED;
		*out_wanting = (*body & BODY_WANTING) != 0;
		return false;
	}
	*body |= BODY_ASKED;
	bool again = ask_callees(closure, id, depth, out_wanting);
	*body |= BODY_TOLD;
	if (!*out_wanting)
		return again;
	*body |= BODY_WANTING;
	return again || (*body & BODY_SHARED) != 0;
}

/* Settles all that the function calls, then itself. True: some must be settled again. */
static bool ask(struct closure *closure, struct function_id id, unsigned depth)
{
	bool again = depth == DEMAND_MAX_DEPTH, wanting = false;
	uint8_t *state = closure_state(closure, id.module, id.number);
	*state |= STATE_ASKED;
	if (model_is_for_flags(closure, id.module, id.number))
		*state |= STATE_WANTING;
	if (module_is_valued(closure->loaded[id.module].module, id.number))
		(void)closure_node(closure, id.module, id.number);
	if (depth < DEMAND_MAX_DEPTH)
		again |= ask_body(closure, id, depth, &wanting);
	if (closure->asked_count == closure->asked_capacity)
		closure->asked = arena_grow(closure->arena, closure->asked, closure->asked_count,
					    sizeof(*closure->asked), &closure->asked_capacity);
	closure->asked[closure->asked_count++] = id;
	return ((wanting || valued(closure, id) != NULL) && settle(closure, id)) || again;
}

void demand_follow(struct closure *closure, struct node *node)
{
	struct function_id id = { node->module, node->number };
	if ((*closure_state(closure, id.module, id.number) & STATE_ASKED) != 0)
		return;
	closure->asked_count = 0;
	/*
	 * Once is enough but for functions that call each other: callees come first, so that only
	 * what was used before it was settled needs another pass.
	 */
	for (bool again = ask(closure, id, 0); again;) {
		again = false;
		for (size_t i = 0; i < closure->asked_count; i++)
			*closure_state(closure, closure->asked[i].module,
				       closure->asked[i].number) &= (uint8_t)~STATE_USED;
		for (size_t i = 0; i < closure->asked_count; i++)
			if (valued(closure, closure->asked[i]) != NULL ||
			    calls_wanting(closure, closure->asked[i]))
				again |= settle(closure, closure->asked[i]);
	}
}
