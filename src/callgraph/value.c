#include "callgraph/value.h"

#include <string.h>

static bool sets_equal(const struct value_set *a, const struct value_set *b)
{
	return a == b || (a->count == b->count &&
			  memcmp(a->numbers, b->numbers, a->count * sizeof(*a->numbers)) == 0);
}

static bool tables_equal(const struct value_table *a, const struct value_table *b)
{
	return a == b || (a->va == b->va && a->base == b->base && a->index_max == b->index_max &&
			  a->index_addend == b->index_addend && a->index_input == b->index_input &&
			  a->index_bits == b->index_bits && a->entry_bytes == b->entry_bytes &&
			  a->is_signed == b->is_signed && a->is_address == b->is_address);
}

bool value_equals(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind || a->assumed != b->assumed)
		return false;
	if (a->number == b->number && a->bits == b->bits && a->input == b->input)
		return true; /* a set's or table's address is compared as a number here */
	switch ((enum value_kind)a->kind) {
	case VALUE_SET:
		return sets_equal(a->set, b->set);
	case VALUE_ENTRY:
		return tables_equal(a->table, b->table);
	case VALUE_LOW:
	case VALUE_CELL:
	case VALUE_POINTED:
		return a->number == b->number && a->bits == b->bits;
	case VALUE_INPUT:
	case VALUE_FLAGS:
		return a->input == b->input && a->number == b->number && a->bits == b->bits;
	case VALUE_ANY:
	case VALUE_NUMBER:
	case VALUE_ADDRESS:
	case VALUE_SLOT:
	case VALUE_STACK:
		break;
	}
	return a->number == b->number;
}

/* The numbers of a NUMBER or SET; NULL for other kinds. */
static const uint64_t *numbers_of(const struct value *value, size_t *out_count)
{
	if (value->kind == VALUE_NUMBER) {
		*out_count = 1;
		return &value->number;
	}
	if (value->kind != VALUE_SET)
		return NULL;
	*out_count = value->set->count;
	return value->set->numbers;
}

struct value value_of_numbers(struct arena *arena, const uint64_t *numbers, size_t count)
{
	if (count == 0 || count > (size_t)16 * VALUE_MAX_SET)
		return value_any();
	if (count == 1)
		return value_number(numbers[0]);
	struct value_set *set =
	    arena_alloc(arena, 1, sizeof(*set) + count * sizeof(set->numbers[0]));
	for (size_t i = 0; i < count; i++) {
		size_t at = set->count;
		while (at > 0 && set->numbers[at - 1] > numbers[i])
			at--;
		if (at > 0 && set->numbers[at - 1] == numbers[i])
			continue;
		if (set->count > VALUE_MAX_SET)
			return value_any();
		memmove(&set->numbers[at + 1], &set->numbers[at],
			(set->count - at) * sizeof(*numbers));
		set->numbers[at] = numbers[i];
		set->count++;
	}
	if (set->count > VALUE_MAX_SET)
		return value_any();
	if (set->count == 1)
		return value_number(set->numbers[0]);
	return (struct value){ .kind = VALUE_SET, .set = set };
}

static uint64_t largest(const struct value *value)
{
	size_t count = 0;
	const uint64_t *numbers = numbers_of(value, &count);
	if (numbers != NULL)
		return numbers[count - 1];
	struct value_flags flags;
	if (value_flags(value, &flags))
		return flags.given | flags.set | flags.unknown;
	return value->kind == VALUE_ANY ? value->number : UINT64_MAX;
}

/* The union of two ascending lists; a itself when it has all of b. */
static struct value join_sets(struct arena *arena, const struct value *a, const uint64_t *numbers_a,
			      size_t count_a, const uint64_t *numbers_b, size_t count_b)
{
	uint64_t all[2 * VALUE_MAX_SET];
	size_t count = 0;
	for (size_t i = 0, k = 0; i < count_a || k < count_b;) {
		uint64_t number = k == count_b || (i < count_a && numbers_a[i] <= numbers_b[k])
				      ? numbers_a[i]
				      : numbers_b[k];
		i += i < count_a && numbers_a[i] == number;
		k += k < count_b && numbers_b[k] == number;
		all[count++] = number;
	}
	if (count == count_a)
		return *a;
	if (count > VALUE_MAX_SET)
		return value_any();
	struct value_set *set =
	    arena_alloc(arena, 1, sizeof(*set) + count * sizeof(set->numbers[0]));
	set->count = (uint32_t)count;
	memcpy(set->numbers, all, count * sizeof(*all));
	return (struct value){ .kind = VALUE_SET, .set = set };
}

/* Flags of one input, changed in two ways; false: they are not. */
static bool join_flags(const struct value *a, const struct value *b, struct value *out_value)
{
	struct value_flags x, y;
	if (a->input != b->input || !value_flags(a, &x) || !value_flags(b, &y))
		return false;
	struct value_flags both = { x.given & y.given, x.set & y.set, x.unknown | y.unknown };
	both.unknown |= (x.given ^ y.given) | (x.set ^ y.set);
	*out_value = value_of_flags(a->input, &both);
	out_value->assumed = a->assumed || b->assumed;
	return true;
}

struct value value_join(struct arena *arena, const struct value *a, const struct value *b)
{
	if (value_equals(a, b))
		return *a;
	size_t count_a = 0, count_b = 0;
	const uint64_t *numbers_a = numbers_of(a, &count_a), *numbers_b = numbers_of(b, &count_b);
	if (numbers_a != NULL && numbers_b != NULL &&
	    count_a + count_b <= (size_t)2 * VALUE_MAX_SET) {
		struct value joined = join_sets(arena, a, numbers_a, count_a, numbers_b, count_b);
		joined.assumed = a->assumed || b->assumed;
		return joined;
	}
	struct value flags;
	if (join_flags(a, b, &flags))
		return flags;
	struct value without = *a;
	without.assumed = b->assumed;
	if (value_equals(&without, b)) {
		without.assumed = true;
		return without;
	}
	/* Bounds that keep growing round a loop would take long to settle: only powers of two. */
	uint64_t max = largest(a) > largest(b) ? largest(a) : largest(b);
	return value_below(max == 0 ? 0 : UINT64_MAX >> __builtin_clzll(max));
}

static uint64_t truncated(uint64_t number, uint64_t mask)
{
	return number & mask;
}

struct value value_truncate(struct arena *arena, const struct value *value, unsigned width_bytes)
{
	if (width_bytes >= 8)
		return *value;
	uint64_t mask = (UINT64_C(1) << (8 * width_bytes)) - 1;
	switch ((enum value_kind)value->kind) {
	case VALUE_NUMBER:
	case VALUE_SET:
		return value_map(arena, value, truncated, mask);
	case VALUE_ADDRESS:
		if (width_bytes == 4 && value->number <= mask)
			return *value; /* of a program at a fixed address */
		break;
	case VALUE_INPUT:
		if (width_bytes == 4) {
			struct value low = *value;
			low.bits = 32;
			return low;
		}
		break;
	case VALUE_ENTRY:
		if (width_bytes >= value->table->entry_bytes)
			return *value;
		break;
	case VALUE_LOW:
		return value_below(
		    8 * width_bytes <= value->bits && value->number < mask ? value->number : mask);
	case VALUE_POINTED:
	case VALUE_FLAGS:
		if (width_bytes == 4)
			return *value;
		break;
	case VALUE_ANY:
	case VALUE_CELL:
	case VALUE_SLOT:
	case VALUE_STACK:
		break;
	}
	return value_below(value->kind == VALUE_ANY && value->number < mask ? value->number : mask);
}

struct value value_map(struct arena *arena, const struct value *value,
		       uint64_t (*function)(uint64_t number, uint64_t other), uint64_t other)
{
	size_t count = 0;
	const uint64_t *numbers = numbers_of(value, &count);
	if (numbers == NULL)
		return value_any();
	uint64_t results[VALUE_MAX_SET];
	for (size_t i = 0; i < count; i++)
		results[i] = function(numbers[i], other);
	struct value result = value_of_numbers(arena, results, count);
	result.assumed = value->assumed;
	return result;
}
