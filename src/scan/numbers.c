#include "scan/numbers.h"

#include <string.h>

#include "scan/models.h"
#include "syscalls/table.h"

/* One record per number and site; the first of a number is the nearest. */
static void use_add(struct closure *closure, struct use use)
{
	size_t sites = 0;
	if (use.tier > closure->last_tier)
		return;
	for (size_t i = 0; i < closure->use_count; i++) {
		struct use *known = &closure->uses[i];
		if (known->number != use.number || known->arch != use.arch)
			continue;
		if (known->va == use.va && known->node->module == use.node->module) {
			if (known->tier > use.tier)
				known->tier = use.tier;
			return;
		}
		if (++sites == SITES_MAX_PER_NUMBER)
			return;
	}
	if (closure->use_count == closure->use_capacity)
		closure->uses = arena_grow(closure->arena, closure->uses, closure->use_count,
					   sizeof(*closure->uses), &closure->use_capacity);
	use.order = closure->use_count;
	closure->uses[closure->use_count++] = use;
}

static void unresolved_add(struct closure *closure, const struct node *node,
			   const struct fact *fact)
{
	for (size_t i = 0; i < closure->unresolved_count; i++)
		if (closure->unresolved[i].va == fact->va &&
		    closure->unresolved[i].node->module == node->module)
			return;
	if (closure->unresolved_count == closure->unresolved_capacity)
		closure->unresolved =
		    arena_grow(closure->arena, closure->unresolved, closure->unresolved_count,
			       sizeof(*closure->unresolved), &closure->unresolved_capacity);
	closure->unresolved[closure->unresolved_count++] = (struct use){ .tier = TIER_UNRESOLVED,
									 .node = node,
									 .va = fact->va,
									 .fact = fact,
									 .number = UINT32_MAX };
}

/*
 * On aarch64 the vDSO returns from signal handlers, not the program: Linux v6.1,
 * arch/arm64/kernel/vdso/sigreturn.S. Whoever installs a handler makes that call too.
 */
static void note_handler(struct closure *closure, const struct node *node, const struct fact *fact,
			 enum arch arch, uint32_t number)
{
	const struct syscall *call = syscall_by_number(arch, number);
	if (arch != ARCH_AARCH64 || call == NULL || strcmp(call->name, "rt_sigaction") != 0)
		return;
	call = syscall_by_name(slice_of_string("rt_sigreturn"));
	use_add(closure, (struct use){ .arch = arch,
				       .number = (uint32_t)call->numbers[arch],
				       .tier = closure->tier,
				       .node = node,
				       .va = fact->va,
				       .fact = fact });
}

int numbers_selector(enum arch arch, uint64_t number)
{
	static const struct {
		const char *name;
		int argument;
	} selectors[] = { { "ioctl", 1 },      { "fcntl", 1 },    { "prctl", 0 },
			  { "arch_prctl", 0 }, { "futex", 1 },    { "madvise", 2 },
			  { "socket", 0 },     { "bpf", 0 },      { "keyctl", 0 },
			  { "ptrace", 0 },     { "quotactl", 0 }, { "semctl", 2 },
			  { "shmctl", 1 },     { "msgctl", 1 },   { "prlimit64", 1 },
			  { "clone", 0 } };
	const struct syscall *call =
	    number > UINT32_MAX ? NULL : syscall_by_number(arch, (uint32_t)number);
	for (size_t i = 0; call != NULL && i < sizeof(selectors) / sizeof(selectors[0]); i++)
		if (strcmp(selectors[i].name, call->name) == 0)
			return selectors[i].argument;
	return -1;
}

static void note_operations(struct closure *closure, const struct node *node,
			    const struct fact *fact, enum arch arch, uint32_t number)
{
	int selector = numbers_selector(arch, number);
	if (selector < 0)
		return;
	const struct machine *machine = closure->loaded[node->module].module->image.machine;
	const struct value *value = argument_of(node, fact, machine->syscall_arguments[selector]);
	struct input_items items = { 0 };
	if (value == NULL)
		inputs_any(&items);
	else
		(void)inputs_add_value(closure, &items, node, fact, value);
	bool all = items.count > 0 && items.knowledge != KNOWLEDGE_SOME;
	for (size_t i = 0; i < items.count + (all ? 0u : 1u); i++) {
		bool known = i < items.count && items.items[i].module == 0;
		uint64_t passed = known ? items.items[i].number : 0;
		struct operation_use use = {
			.arch = arch,
			.number = number,
			.value = passed & UINT32_MAX,
			.known = known,
			.tier = closure->tier,
			.use = { .arch = arch,
				 .number = number,
				 .tier = closure->tier,
				 .assumed = items.assumed,
				 .node = node,
				 .va = fact->va,
				 .fact = fact },
			.passed = passed,
		};
		bool seen = false;
		for (size_t k = 0; k < closure->operation_count && !seen; k++)
			seen = closure->operations[k].arch == arch &&
			       closure->operations[k].number == number &&
			       closure->operations[k].known == use.known &&
			       closure->operations[k].value == use.value;
		if (seen)
			continue;
		if (closure->operation_count == closure->operation_capacity)
			closure->operations = arena_grow(
			    closure->arena, closure->operations, closure->operation_count,
			    sizeof(*closure->operations), &closure->operation_capacity);
		closure->operations[closure->operation_count++] = use;
	}
}

/* True when it is in the list. */
static bool is_listed(struct closure *closure, const struct happenings *list, struct node *node,
		      const struct fact *fact)
{
	/* A swept function's facts are made anew each time; few of them get here. */
	for (size_t i = 0; node->values == NULL && i < list->count; i++)
		if (list->items[i].node == node && list->items[i].fact->va == fact->va)
			return true;
	if (node->values == NULL)
		return false;
	struct node_values *values = node->values;
	if (values->seen == NULL)
		values->seen = arena_alloc(closure->arena, values->function->fact_count,
					   sizeof(*values->seen));
	bool *seen = &values->seen[fact - values->function->facts];
	bool was_seen = *seen;
	*seen = true;
	return was_seen;
}

void happenings_add(struct closure *closure, struct happenings *list, struct node *node,
		    const struct fact *fact)
{
	if (is_listed(closure, list, node, fact))
		return;
	if (node->values == NULL)
		fact = arena_copy(closure->arena, fact, 1, sizeof(*fact));
	if (list->count == list->capacity)
		list->items = arena_grow(closure->arena, list->items, list->count,
					 sizeof(*list->items), &list->capacity);
	list->items[list->count++] = (struct happening){ node, fact };
}

/* What functions that put a pointer into the variable have been given to point to. */
static void add_pointed(struct closure *closure, struct input_items *items, const struct node *node,
			const struct value *value)
{
	items->assumed = true;
	for (size_t i = 0; i < closure->stores.count; i++) {
		const struct happening *store = &closure->stores.items[i];
		if (store->node->module != node->module || store->fact->target != value->number)
			continue;
		const struct argument *stored =
		    &store->node->values->function->arguments[store->fact->first_argument];
		struct value given = value_input(
		    INPUT_MEMORY + (unsigned)stored->input * INPUT_MEMORY_WORDS + value->bits / 4u);
		(void)inputs_add_value(closure, items, store->node, store->fact, &given);
	}
}

void numbers_use(struct closure *closure, struct node *node, const struct fact *fact)
{
	const struct image *image = &closure->loaded[node->module].module->image;
	enum arch arch = fact->kind == FACT_SYSCALL_I386 ? ARCH_I386 : image->arch;
	const struct value *value = argument_of(node, fact, image->machine->syscall_number);
	struct input_items items = { 0 };
	if (value != NULL && value->kind == VALUE_POINTED)
		add_pointed(closure, &items, node, value);
	else if (value != NULL)
		(void)inputs_add_value(closure, &items, node, fact, value);
	/* One that is handed in, as to syscall(3), is its caller's. */
	bool own_number =
	    value != NULL && (value->kind == VALUE_NUMBER || value->kind == VALUE_SET);
	closure->presumed_numbers |= items.knowledge == KNOWLEDGE_PRESUMED;
	/* None yet: somebody who is live must call it before it can run. */
	if (value == NULL || items.knowledge == KNOWLEDGE_SOME)
		unresolved_add(closure, node, fact);
	for (size_t i = 0; i < items.count; i++) {
		if (items.items[i].module != 0) {
			unresolved_add(closure, node, fact);
			continue;
		}
		uint32_t number = (uint32_t)items.items[i].number;
		if (own_number && !model_allows(closure, node, arch, number)) {
			happenings_add(closure, &closure->barred, node, fact);
			continue;
		}
		enum tier tier = model_tier(closure, node, arch, number);
		if (tier > closure->tier) /* what becomes live may ask for it, too */
			happenings_add(closure, &closure->barred, node, fact);
		else
			tier = closure->tier;
		use_add(closure, (struct use){ .arch = arch,
					       .number = number,
					       .tier = tier,
					       .assumed = items.assumed,
					       .node = node,
					       .va = fact->va,
					       .fact = fact });
		note_handler(closure, node, fact, arch, number);
		note_operations(closure, node, fact, arch, number);
	}
}

enum { NUMBER_MAX_DEPTH = 4, WRAPPER_MAX_FACTS = 64 };

/* A function whose values are not followed passes nothing on that is known. */
static bool is_small(const struct node *node)
{
	return node->values != NULL && node->values->function->fact_count <= WRAPPER_MAX_FACTS;
}

/* Whether an input becomes a syscall's number, in the function or in those it hands it to. */
static bool becomes_number(struct closure *closure, struct node *node, uint16_t input,
			   unsigned depth)
{
	const struct function *function = node->values->function;
	for (size_t i = 0; i < function->fact_count; i++) {
		const struct fact *fact = &function->facts[i];
		bool call = fact->kind == FACT_SYSCALL;
		for (size_t k = 0; k < fact->argument_count; k++) {
			const struct argument *argument =
			    &function->arguments[fact->first_argument + k];
			if (!value_is_given(&argument->value) || argument->value.input != input)
				continue;
			const struct machine *machine =
			    closure->loaded[node->module].module->image.machine;
			if (call && argument->input == machine->syscall_number)
				return true;
			struct callee callee = closure_callee(closure, node->module, fact);
			struct node *next =
			    depth == 0 ? NULL : closure_callee_node(closure, &callee);
			if (next != NULL && next->live && is_small(next) &&
			    becomes_number(closure, next, argument->input, depth - 1))
				return true;
		}
	}
	return false;
}

/* What the file's calls through pointers pass as an input, as far as it is constant. */
static bool guess_input(struct closure *closure, const struct node *node, struct input_items *items)
{
	bool changed = false;
	for (size_t i = 0; i < closure->unknown_calls.count; i++) {
		const struct happening *call = &closure->unknown_calls.items[i];
		const struct value *value = argument_of(call->node, call->fact, items->input);
		if (call->node->module != node->module || value == NULL ||
		    (value->kind != VALUE_NUMBER && value->kind != VALUE_SET))
			continue;
		struct value guess = *value;
		guess.assumed = true;
		changed |= inputs_add_value(closure, items, call->node, call->fact, &guess);
	}
	return changed;
}

/*
 * A wrapper of syscalls that is called through a pointer, which only its own file takes (libcap):
 * what that file's calls through pointers pass is taken for the numbers.
 */
void numbers_guess(struct closure *closure)
{
	for (size_t n = 0; closure->presumed_numbers && n < closure->own_pointer_count; n++) {
		struct node *node = closure->own_pointers[n];
		if (!is_small(node))
			continue;
		for (size_t i = 0; i < node->values->input_count; i++) {
			struct input_items *items = &node->values->inputs[i];
			if (items->knowledge != KNOWLEDGE_PRESUMED)
				continue;
			/* All that it calls is live by now, so the answer stays. */
			if (items->is_number == 0)
				items->is_number =
				    becomes_number(closure, node, items->input, NUMBER_MAX_DEPTH)
					? 1
					: -1;
			if (items->is_number > 0 && guess_input(closure, node, items))
				closure_wait(closure, node);
		}
	}
	for (size_t i = 0; i < closure->pointed.count; i++)
		numbers_use(closure, closure->pointed.items[i].node,
			    closure->pointed.items[i].fact);
}
