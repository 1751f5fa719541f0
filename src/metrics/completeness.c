#include "metrics/completeness.h"

#include <assert.h>
#include <string.h>

static bool has_supported_alternative(const struct dependencies *dependencies, size_t group,
				      struct bitset rows)
{
	for (size_t i = dependencies->alternative_start[group];
	     i < dependencies->alternative_start[group + 1]; i++)
		if (bitset_has(rows, dependencies->alternatives[i]))
			return true;
	return false;
}

static bool dependencies_hold(const struct dependencies *dependencies, size_t row,
			      struct bitset rows)
{
	for (size_t group = dependencies->group_start[row];
	     group < dependencies->group_start[row + 1]; group++)
		if (!has_supported_alternative(dependencies, group, rows))
			return false;
	return true;
}

/*
 * Takes away rows until no row is left whose dependencies are not. What remains is the greatest
 * fixed point, so that rows which only need each other stay.
 */
static void close_over_dependencies(const struct dependencies *dependencies, struct bitset rows)
{
	bool changed = true;
	while (changed) {
		changed = false;
		for (size_t row = bitset_next(rows, 0); row != SIZE_MAX;
		     row = bitset_next(rows, row + 1)) {
			if (dependencies_hold(dependencies, row, rows))
				continue;
			bitset_remove(rows, row);
			changed = true;
		}
	}
}

void completeness_rows(const struct needs *needs, struct bitset supported,
		       const struct dependencies *dependencies, struct bitset out_rows)
{
	assert(out_rows.bit_count == needs->row_count);
	if (needs->row_count == 0)
		return;
	memset(out_rows.words, 0, bitset_word_count(needs->row_count) * sizeof(uint64_t));
	for (size_t row = 0; row < needs->row_count; row++)
		if (!bitset_has(needs->unknown, row) &&
		    bitset_contains_all(supported, needs_row(needs, row)))
			bitset_add(out_rows, row);
	if (dependencies != NULL)
		close_over_dependencies(dependencies, out_rows);
}

struct completeness completeness_of(const struct needs *needs, const double *weights,
				    struct bitset supported,
				    const struct dependencies *dependencies)
{
	struct arena scratch = { 0 };
	struct bitset rows = bitset_create(&scratch, needs->row_count);
	completeness_rows(needs, supported, dependencies, rows);

	struct completeness result = { .of = needs->row_count };
	for (size_t row = 0; row < needs->row_count; row++) {
		double weight = weights == NULL ? 1.0 : weights[row];
		result.of_weight += weight;
		if (bitset_has(rows, row)) {
			result.supported++;
			result.supported_weight += weight;
		} else if (bitset_has(needs->unknown, row)) {
			result.unknown++;
		}
	}
	arena_finish(&scratch);
	return result;
}

/* After how many additions a row becomes supported; SIZE_MAX: never. */
static size_t row_supported_after(struct bitset row, struct bitset supported,
				  const size_t *position_of)
{
	size_t after = 0;
	for (size_t i = 0; i < bitset_word_count(row.bit_count); i++) {
		uint64_t missing = row.words[i] & ~supported.words[i];
		for (; missing != 0; missing &= missing - 1) {
			size_t position = position_of[i * 64 + (size_t)__builtin_ctzll(missing)];
			if (position == SIZE_MAX)
				return SIZE_MAX;
			if (position > after)
				after = position;
		}
	}
	return after;
}

/* Where in the order each API is first named, from 1; SIZE_MAX: nowhere. */
static size_t *positions(struct arena *scratch, size_t api_count, const size_t *order,
			 size_t order_count)
{
	size_t *position_of = arena_alloc(scratch, api_count, sizeof(*position_of));
	for (size_t api = 0; api < api_count; api++)
		position_of[api] = SIZE_MAX;
	for (size_t k = order_count; k-- > 0;)
		if (order[k] < api_count)
			position_of[order[k]] = k + 1;
	return position_of;
}

/* One pass over the rows puts each where it becomes supported; sums along the order finish it. */
void completeness_curve(const struct needs *needs, const double *weights, struct bitset supported,
			const size_t *order, size_t order_count, struct completeness *out_points)
{
	assert(supported.bit_count == needs->api_count);
	struct arena scratch = { 0 };
	const size_t *position_of = positions(&scratch, needs->api_count, order, order_count);
	memset(out_points, 0, (order_count + 1) * sizeof(*out_points));
	double of_weight = 0;
	for (size_t row = 0; row < needs->row_count; row++) {
		double weight = weights == NULL ? 1.0 : weights[row];
		of_weight += weight;
		if (bitset_has(needs->unknown, row))
			continue;
		size_t after = row_supported_after(needs_row(needs, row), supported, position_of);
		if (after == SIZE_MAX)
			continue;
		out_points[after].supported++;
		out_points[after].supported_weight += weight;
	}
	for (size_t k = 0; k <= order_count; k++) {
		out_points[k].of = needs->row_count;
		out_points[k].of_weight = of_weight;
		out_points[k].unknown = bitset_size(needs->unknown);
		if (k == 0)
			continue;
		out_points[k].supported += out_points[k - 1].supported;
		out_points[k].supported_weight += out_points[k - 1].supported_weight;
	}
	arena_finish(&scratch);
}
