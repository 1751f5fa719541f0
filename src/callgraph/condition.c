#include "callgraph/condition.h"

#include <string.h>

static uint64_t width_mask(unsigned bits_wide)
{
	return bits_wide == 32 ? UINT32_MAX : UINT64_MAX;
}

struct ranges {
	size_t count;
	struct number_range items[2 * CONDITION_MAX_RANGES + 4];
};

/* Ranges are added in ascending order; what touches is one. */
static void ranges_add(struct ranges *ranges, uint64_t low, uint64_t high)
{
	struct number_range *last = ranges->count > 0 ? &ranges->items[ranges->count - 1] : NULL;
	if (last != NULL && (low <= last->high || low == last->high + 1)) {
		if (high > last->high)
			last->high = high;
		return;
	}
	ranges->items[ranges->count++] = (struct number_range){ low, high };
}

static struct ranges ranges_intersect(const struct number_range *a, size_t count_a,
				      const struct number_range *b, size_t count_b)
{
	struct ranges result = { 0 };
	for (size_t i = 0, j = 0; i < count_a && j < count_b;) {
		uint64_t low = a[i].low > b[j].low ? a[i].low : b[j].low;
		uint64_t high = a[i].high < b[j].high ? a[i].high : b[j].high;
		if (low <= high)
			ranges_add(&result, low, high);
		if (a[i].high < b[j].high)
			i++;
		else
			j++;
	}
	return result;
}

static struct ranges ranges_unite(const struct number_range *a, size_t count_a,
				  const struct number_range *b, size_t count_b)
{
	struct ranges result = { 0 };
	for (size_t i = 0, j = 0; i < count_a || j < count_b;) {
		bool first = j == count_b || (i < count_a && a[i].low <= b[j].low);
		const struct number_range *next = first ? &a[i++] : &b[j++];
		ranges_add(&result, next->low, next->high);
	}
	return result;
}

/* Past the limit the gaps between the last ones are given up. */
static void term_set_ranges(struct arena *arena, struct term *term, struct ranges *ranges)
{
	if (ranges->count > CONDITION_MAX_RANGES) {
		ranges->items[CONDITION_MAX_RANGES - 1].high =
		    ranges->items[ranges->count - 1].high;
		ranges->count = CONDITION_MAX_RANGES;
	}
	term->range_count = (uint32_t)ranges->count;
	term->ranges = arena_copy(arena, ranges->items, ranges->count, sizeof(struct number_range));
}

static struct term *find_ranges(struct reach *reach, uint16_t input, unsigned bits_wide)
{
	for (size_t i = 0; i < reach->term_count; i++) {
		struct term *term = &reach->terms[i];
		if (term->kind == TERM_RANGES && term->input == input &&
		    term->bits_wide == bits_wide)
			return term;
	}
	return NULL;
}

/* x with x + addend in [low, high], modulo 2^bits; low may be above high: round the end. */
static void add_shifted(struct ranges *ranges, unsigned bits_wide, uint64_t addend, uint64_t low,
			uint64_t high)
{
	uint64_t mask = width_mask(bits_wide);
	if (low == 0 && high == mask) {
		ranges_add(ranges, 0, mask);
		return;
	}
	low = (low - addend) & mask;
	high = (high - addend) & mask;
	if (low <= high) {
		ranges_add(ranges, low, high);
	} else {
		ranges_add(ranges, 0, high);
		ranges_add(ranges, low, mask);
	}
}

enum outcome { NEVER, SOMETIMES, ALWAYS };

/*
 * The numbers for which a comparison holds, as one range that may go round the end: low above high.
 */
static enum outcome compared_range(enum condition condition, uint64_t number, uint64_t mask,
				   struct number_range *out_range)
{
	uint64_t sign = (mask >> 1) + 1;
	struct number_range range = { 0, mask };
	switch (condition) {
	case CONDITION_EQUAL:
		range = (struct number_range){ number, number };
		break;
	case CONDITION_NOT_EQUAL: /* from behind it round to before it */
		range.low = (number + 1) & mask;
		range.high = (number - 1) & mask;
		break;
	case CONDITION_BELOW:
		if (number == 0)
			return NEVER;
		range.high = number - 1;
		break;
	case CONDITION_BELOW_EQUAL:
		range.high = number;
		break;
	case CONDITION_ABOVE:
		if (number == mask)
			return NEVER;
		range.low = number + 1;
		break;
	case CONDITION_ABOVE_EQUAL:
		range.low = number;
		break;
	case CONDITION_LESS: /* signed order starts at `sign` and goes round to sign - 1 */
		if (number == sign)
			return NEVER;
		range.low = sign;
		range.high = (number - 1) & mask;
		break;
	case CONDITION_LESS_EQUAL:
		range = (struct number_range){ sign, number };
		break;
	case CONDITION_GREATER:
		if (number == sign - 1)
			return NEVER;
		range.low = (number + 1) & mask;
		range.high = sign - 1;
		break;
	case CONDITION_GREATER_EQUAL:
		range = (struct number_range){ number, sign - 1 };
		break;
	case CONDITION_NEGATIVE:
	case CONDITION_NOT_NEGATIVE:
		if (number != 0)
			return ALWAYS; /* the sign of a difference: overflow is not followed */
		range.low = condition == CONDITION_NEGATIVE ? sign : 0;
		range.high = range.low + sign - 1;
		break;
	case CONDITION_ZERO: /* of an operand, not of a comparison */
	case CONDITION_NOT_ZERO:
	case CONDITION_OTHER:
	case CONDITION_COUNT:
		return ALWAYS;
	}
	*out_range = range;
	return ((range.high + 1) & mask) == range.low ? ALWAYS : SOMETIMES;
}

bool reach_compare(struct arena *arena, struct reach *reach, uint16_t input, unsigned bits_wide,
		   uint64_t addend, enum condition condition, uint64_t number)
{
	uint64_t mask = width_mask(bits_wide);
	struct ranges ranges = { 0 };
	struct number_range range;
	enum outcome outcome = compared_range(condition, number & mask, mask, &range);
	if (outcome != SOMETIMES)
		return outcome == ALWAYS;
	add_shifted(&ranges, bits_wide, addend, range.low, range.high);
	struct term *term = find_ranges(reach, input, bits_wide);
	if (term != NULL) {
		ranges =
		    ranges_intersect(term->ranges, term->range_count, ranges.items, ranges.count);
	} else if (reach->term_count < CONDITION_MAX_TERMS) {
		term = &reach->terms[reach->term_count++];
		*term = (struct term){ .input = input,
				       .kind = TERM_RANGES,
				       .bits_wide = (uint8_t)bits_wide };
	} else {
		return true;
	}
	term_set_ranges(arena, term, &ranges);
	return term->range_count > 0;
}

bool reach_test(struct arena *arena, struct reach *reach, uint16_t input, unsigned bits_wide,
		uint64_t mask, bool is_zero)
{
	mask &= width_mask(bits_wide);
	if (mask == width_mask(bits_wide))
		return reach_compare(arena, reach, input, bits_wide, 0,
				     is_zero ? CONDITION_EQUAL : CONDITION_NOT_EQUAL, 0);
	uint8_t kind = is_zero ? TERM_BITS : TERM_NOT_BITS;
	for (size_t i = 0; i < reach->term_count; i++) {
		const struct term *term = &reach->terms[i];
		if (term->input == input && term->mask == mask && term->bits == 0 &&
		    term->kind != TERM_RANGES)
			return term->kind == kind;
	}
	if (reach->term_count < CONDITION_MAX_TERMS)
		reach->terms[reach->term_count++] = (struct term){
			.input = input, .kind = kind, .bits_wide = (uint8_t)bits_wide, .mask = mask
		};
	return true;
}

static bool same_ranges(const struct term *a, const struct term *b)
{
	return a->range_count == b->range_count &&
	       memcmp(a->ranges, b->ranges, a->range_count * sizeof(*a->ranges)) == 0;
}

/* The term that holds where either does; false when nothing is left to say. */
static bool term_join(struct arena *arena, struct term *term, struct reach *other)
{
	if (term->kind == TERM_RANGES) {
		const struct term *match = find_ranges(other, term->input, term->bits_wide);
		if (match == NULL)
			return false;
		if (same_ranges(term, match))
			return true;
		struct ranges ranges = ranges_unite(term->ranges, term->range_count, match->ranges,
						    match->range_count);
		if (ranges.count == 1 && ranges.items[0].low == 0 &&
		    ranges.items[0].high == width_mask(term->bits_wide))
			return false;
		term_set_ranges(arena, term, &ranges);
		return true;
	}
	for (size_t i = 0; i < other->term_count; i++) {
		const struct term *match = &other->terms[i];
		if (match->kind == term->kind && match->input == term->input &&
		    match->mask == term->mask && match->bits == term->bits)
			return true;
	}
	return false;
}

bool reach_join(struct arena *arena, struct reach *reach, const struct reach *other)
{
	struct reach copy = *other;
	bool changed = false;
	size_t kept = 0;
	for (size_t i = 0; i < reach->term_count; i++) {
		struct term term = reach->terms[i];
		if (!term_join(arena, &term, &copy)) {
			changed = true;
			continue;
		}
		changed |= term.kind == TERM_RANGES && !same_ranges(&term, &reach->terms[i]);
		reach->terms[kept++] = term;
	}
	reach->term_count = kept;
	return changed;
}

bool term_holds(const struct term *term, uint64_t number)
{
	number &= width_mask(term->bits_wide);
	if (term->kind == TERM_BITS)
		return (number & term->mask) == term->bits;
	if (term->kind == TERM_NOT_BITS)
		return (number & term->mask) != term->bits;
	for (size_t i = 0; i < term->range_count; i++)
		if (number >= term->ranges[i].low && number <= term->ranges[i].high)
			return true;
	return false;
}

uint64_t reach_largest(const struct reach *reach, uint16_t input, unsigned bits_wide)
{
	for (size_t i = 0; i < reach->term_count; i++) {
		const struct term *term = &reach->terms[i];
		if (term->kind == TERM_RANGES && term->input == input &&
		    term->bits_wide <= bits_wide && term->range_count > 0)
			return term->ranges[term->range_count - 1].high;
	}
	return UINT64_MAX;
}

bool reach_allows(const struct reach *reach, uint16_t input, uint64_t number)
{
	for (size_t i = 0; i < reach->term_count; i++)
		if (reach->terms[i].input == input && !term_holds(&reach->terms[i], number))
			return false;
	return true;
}
