#include "scan/inputs.h"

struct input_items *node_input(const struct node *node, uint16_t input)
{
	const struct node_values *values = node->values;
	for (size_t i = 0; values != NULL && i < values->input_count; i++)
		if (values->inputs[i].input == input)
			return &values->inputs[i];
	return NULL;
}

const struct item *node_passed(const struct node *node, const struct value *value, uint64_t number)
{
	const struct input_items *items = node_input(node, value->input);
	uint64_t mask = value->bits == 32 ? UINT32_MAX : UINT64_MAX;
	struct value_flags flags = { 0 };
	bool is_flags = value->kind == VALUE_FLAGS && value_flags(value, &flags);
	for (size_t i = 0; items != NULL && i < items->count; i++) {
		uint64_t given = items->items[i].number;
		uint64_t passed =
		    is_flags ? (given & flags.given) | flags.set : given + value->number;
		if (items->items[i].module == 0 &&
		    ((passed ^ number) & mask & ~(uint64_t)flags.unknown) == 0)
			return &items->items[i];
	}
	return NULL;
}

bool inputs_weaken(struct input_items *items, enum knowledge knowledge)
{
	if (items->knowledge >= knowledge)
		return false;
	items->knowledge = (uint8_t)knowledge;
	return true;
}

bool inputs_any(struct input_items *items)
{
	return inputs_weaken(items, KNOWLEDGE_SOME);
}

static bool inputs_add(struct closure *closure, struct input_items *items, struct item item)
{
	for (size_t i = 0; i < items->count; i++)
		if (items->items[i].number == item.number && items->items[i].module == item.module)
			return false;
	if (items->count == INPUT_MAX_ITEMS)
		return inputs_any(items);
	if (items->count == items->capacity) {
		size_t capacity = items->capacity == 0 ? 1 : items->capacity;
		items->items = arena_grow(closure->arena, items->items, items->count,
					  sizeof(*items->items), &capacity);
		items->capacity = (uint8_t)capacity;
	}
	items->items[items->count++] = item;
	return true;
}

enum { NULL_PAGE_BYTES = 4096 };

/* Addresses are only known not to be small numbers. */
static bool item_holds(const struct term *term, const struct item *item)
{
	if (item->module == 0)
		return term_holds(term, item->number);
	return term->kind != TERM_RANGES || term->range_count == 0 ||
	       term->ranges[term->range_count - 1].high >= NULL_PAGE_BYTES;
}

static bool reach_holds(const struct node *node, const struct fact *fact, uint16_t input,
			const struct item *item)
{
	for (size_t i = 0; i < fact->term_count; i++) {
		struct term term = function_term(node->values->function, fact->first_term + i);
		if (term.input == input && !item_holds(&term, item))
			return false;
	}
	return true;
}

/* Whether any of what callers pass leads to the fact. */
bool fact_happens(const struct node *node, const struct fact *fact)
{
	for (size_t i = 0; i < fact->term_count; i++) {
		uint16_t input = node->values->function->terms[fact->first_term + i].input;
		const struct input_items *items = node_input(node, input);
		if (items == NULL || items->knowledge != KNOWLEDGE_ALL || items->assumed)
			continue;
		bool some = false;
		for (size_t k = 0; k < items->count && !some; k++)
			some = reach_holds(node, fact, input, &items->items[k]);
		if (!some)
			return false;
	}
	return true;
}

enum { MAX_UNKNOWN_FLAGS = 4 };

/* What flags become of a number, for each way of those that are not known. */
static bool add_flags(struct closure *closure, struct input_items *items, const struct value *value,
		      struct item item)
{
	struct value_flags flags;
	if (item.module != 0 || !value_flags(value, &flags) ||
	    __builtin_popcount(flags.unknown) > MAX_UNKNOWN_FLAGS)
		return inputs_any(items);
	uint64_t known = (item.number & flags.given) | flags.set;
	uint32_t others = flags.unknown;
	bool changed = false;
	for (;; others = (others - 1) & flags.unknown) { /* all subsets, the empty one last */
		item.number = known | others;
		changed |= inputs_add(closure, items, item);
		if (others == 0)
			return changed;
	}
}

/* What the function itself was given, as far as the fact happens with it. */
static bool add_passed_on(struct closure *closure, struct input_items *items,
			  const struct node *node, const struct fact *fact,
			  const struct value *value)
{
	const struct input_items *from = node_input(node, value->input);
	if (from == NULL)
		return inputs_any(items);
	bool changed = inputs_weaken(items, (enum knowledge)from->knowledge);
	if (from->assumed && !items->assumed)
		changed = items->assumed = true;
	for (size_t i = 0; i < from->count; i++) {
		struct item item = { from->items[i].number, from->items[i].module, node, fact };
		if (!reach_holds(node, fact, value->input, &item))
			continue;
		if (value->kind == VALUE_FLAGS) {
			changed |= add_flags(closure, items, value, item);
			continue;
		}
		item.number += value->number;
		if (value->bits == 32 && item.module == 0)
			item.number &= UINT32_MAX;
		changed |= inputs_add(closure, items, item);
	}
	return changed;
}

/* Adds what a value may be, seen from a node at a fact, to items; true when they grew. */
bool inputs_add_value(struct closure *closure, struct input_items *items, const struct node *node,
		      const struct fact *fact, const struct value *value)
{
	bool changed = false;
	if (value->assumed && !items->assumed)
		changed = items->assumed = true;
	switch ((enum value_kind)value->kind) {
	case VALUE_NUMBER:
		return inputs_add(closure, items, (struct item){ value->number, 0, node, fact }) ||
		       changed;
	case VALUE_ADDRESS:
		return inputs_add(closure, items,
				  (struct item){ value->number, node->module + 1, node, fact }) ||
		       changed;
	case VALUE_SET:
		for (size_t i = 0; i < value->bits; i++) {
			uint64_t number = node->values->function->numbers[value->number + i];
			changed |=
			    inputs_add(closure, items, (struct item){ number, 0, node, fact });
		}
		return changed;
	case VALUE_INPUT:
	case VALUE_FLAGS:
		return add_passed_on(closure, items, node, fact, value) || changed;
	case VALUE_SLOT: /* the address of something, as ld.so finds it */
	case VALUE_ANY:
	case VALUE_LOW:
	case VALUE_CELL:
	case VALUE_POINTED:
	case VALUE_STACK:
	case VALUE_ENTRY:
		break;
	}
	return inputs_any(items) || changed;
}

const struct value *argument_of(const struct node *node, const struct fact *fact, uint16_t input)
{
	for (size_t i = 0; i < fact->argument_count; i++) {
		const struct argument *argument =
		    &node->values->function->arguments[fact->first_argument + i];
		if (argument->input == input)
			return &argument->value;
	}
	return NULL;
}
