#include "cli/package_tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/package_links.h"
#include "metrics/importance.h"

enum { PACKAGES_TOP = 25, CURVE_SHOWN_STEP = 10, CURVE_SHOWN_MAX = 100 };

/* ---- completeness ---- */

/* Over the rows whose packages are supported. */
static struct completeness sum_up(const struct packages *packages, struct bitset supported_packages)
{
	struct completeness sum = { .of = packages->row_count };
	for (size_t row = 0; row < packages->row_count; row++) {
		bool supported = bitset_has(supported_packages, packages->rows[row]);
		sum.supported += supported;
		sum.supported_weight += supported ? packages->probabilities[row] : 0;
		sum.of_weight += packages->probabilities[row];
	}
	return sum;
}

static double percent(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : NAN;
}

static void write_variant(const char *title, struct completeness plain, struct completeness closed,
			  struct writer *writer)
{
	writer_cell_text(writer, title);
	writer_cell_real(writer, percent(plain.supported_weight, plain.of_weight), 3);
	writer_cell_share(writer, plain.supported, plain.of);
	writer_cell_real(writer, percent(closed.supported_weight, closed.of_weight), 3);
	writer_cell_share(writer, closed.supported, closed.of);
}

void package_tables_completeness(const struct packages *packages, const struct needs *needs,
				 const struct package_variant *variants, size_t count,
				 struct writer *writer)
{
	static const struct column columns[] = {
		{ "counted", "Counted", COLUMN_TEXT },
		{ "weighted", "Weighted, percent", COLUMN_NUMBER },
		{ "packages", "Packages", COLUMN_SHARE },
		{ "weighted_with_dependencies", "Weighted, dependencies too", COLUMN_NUMBER },
		{ "packages_with_dependencies", "Packages, dependencies too", COLUMN_SHARE },
	};
	const struct stored_packages *stored = &packages->stored;
	struct arena *arena = &packages->facts->arena;
	size_t outside;
	struct dependencies dependencies = package_links(stored, arena, &outside);
	uint32_t *row_of = arena_alloc(arena, stored->package_count, sizeof(*row_of));
	for (uint32_t i = 0; i < stored->package_count; i++)
		row_of[i] = i;
	struct needs all = packages_needs(packages, row_of, stored->package_count);
	struct bitset rows = bitset_create(arena, stored->package_count);
	writer_table_begin(writer, "completeness", "Completeness over packages", columns, 5, false);
	for (size_t i = 0; i < count; i++) {
		struct completeness plain =
		    completeness_of(needs, packages->probabilities, variants[i].supported, NULL);
		completeness_rows(&all, variants[i].supported, &dependencies, rows);
		write_variant(variants[i].title, plain, sum_up(packages, rows), writer);
	}
	writer_table_end(writer);
	writer_integer(writer, "dependencies_outside",
		       outside == 0 ? NULL : "Dependencies on packages that were not surveyed",
		       (int64_t)outside);
}

void package_tables_layers(const struct packages *packages, const struct needs *needs,
			   const struct package_layer *layers, size_t count, struct writer *writer)
{
	static const struct column columns[] = {
		{ "layer", "Layer", COLUMN_TEXT },
		{ "weighted", "Weighted, percent", COLUMN_NUMBER },
		{ "packages", "Packages", COLUMN_SHARE },
		{ "weighted_with_exclusions", "Weighted, with exclusions", COLUMN_NUMBER },
		{ "packages_with_exclusions", NULL, COLUMN_SHARE },
	};
	const double *weights = packages->probabilities;
	writer_table_begin(writer, "layers", "Completeness over packages", columns, 5, false);
	for (size_t i = 0; i < count; i++)
		write_variant(layers[i].name,
			      completeness_of(needs, weights, layers[i].implemented, NULL),
			      completeness_of(needs, weights, layers[i].supported, NULL), writer);
	writer_table_end(writer);
}

/* ---- by section or maintainer ---- */

struct slot {
	const char *name;
	struct completeness sum;
};

static int compare_slots(const void *left, const void *right)
{
	const struct slot *a = left;
	const struct slot *b = right;
	return strcmp(a->name, b->name);
}

void package_tables_by(const struct packages *packages, const struct needs *needs,
		       struct bitset implemented, const char *field, struct writer *writer)
{
	const struct column columns[] = {
		{ "name", strcmp(field, "section") == 0 ? "Section" : "Maintainer", COLUMN_TEXT },
		{ "packages", "Packages", COLUMN_SHARE },
		{ "weighted", "Weighted, percent", COLUMN_NUMBER },
	};
	struct arena *arena = &packages->facts->arena;
	struct bitset supported = bitset_create(arena, packages->row_count);
	struct slot *slots = arena_alloc(arena, packages->row_count, sizeof(*slots));
	completeness_rows(needs, implemented, NULL, supported);
	for (size_t row = 0; row < packages->row_count; row++) {
		const struct package *package =
		    &packages->stored.packages[packages->rows[row]].package;
		const char *name =
		    strcmp(field, "section") == 0 ? package->section : package->maintainer;
		bool good = bitset_has(supported, row);
		double weight = packages->probabilities[row];
		slots[row] = (struct slot){ name == NULL ? "" : name,
					    { good, 0, 1, good ? weight : 0, weight } };
	}
	if (packages->row_count > 1)
		qsort(slots, packages->row_count, sizeof(*slots), compare_slots);
	writer_table_begin(writer, "by", "Packages supported, by group", columns, 3, false);
	for (size_t i = 0; i < packages->row_count;) {
		struct slot sum = { .name = slots[i].name };
		for (; i < packages->row_count && strcmp(slots[i].name, sum.name) == 0; i++) {
			sum.sum.supported += slots[i].sum.supported;
			sum.sum.of++;
			sum.sum.supported_weight += slots[i].sum.supported_weight;
			sum.sum.of_weight += slots[i].sum.of_weight;
		}
		writer_cell_text(writer, sum.name);
		writer_cell_share(writer, sum.sum.supported, sum.sum.of);
		writer_cell_real(writer, percent(sum.sum.supported_weight, sum.sum.of_weight), 1);
	}
	writer_table_end(writer);
}

/* ---- what is missing ---- */

void package_tables_important(const struct packages *packages, const struct needs *needs,
			      struct bitset supported, const struct package_list *list,
			      struct writer *writer)
{
	const struct column columns[] = {
		{ list->column, list->column_title, COLUMN_TEXT },
		{ "packages", "Used in packages", COLUMN_NUMBER },
		{ "importance", "On systems, percent", COLUMN_NUMBER },
		{ "value", NULL, COLUMN_TEXT },
	};
	bool valued = packages->kind == API_OPERATION;
	struct facts *facts = packages->facts;
	struct importance *importance =
	    arena_alloc(&facts->arena, needs->api_count, sizeof(*importance));
	size_t *order = arena_alloc(&facts->arena, needs->api_count, sizeof(*order));
	uint64_t top = PACKAGES_TOP;
	const char *given = argument_value(facts->arguments, "top");
	importance_of(needs, packages->probabilities, importance);
	size_t count = importance_order(importance, needs->api_count, supported, order);
	if (given != NULL)
		(void)slice_parse_uint(slice_of_string(given), 10, &top);
	size_t shown = top == 0 || top > count ? count : (size_t)top;
	writer_table_begin(writer, list->key, list->title, columns, valued ? 4 : 3, list->main);
	for (size_t i = 0; i < shown; i++) {
		writer_cell_text(writer, packages_api_name(packages, order[i]));
		writer_cell_integer(writer, (int64_t)importance[order[i]].users);
		writer_cell_real(writer, 100 * importance[order[i]].probability, 2);
		if (valued)
			writer_cell_text(writer, packages_value(packages, order[i]));
	}
	writer_table_end(writer);
}

void package_tables_curve(const struct packages *packages, const struct needs *needs,
			  struct bitset supported, struct writer *writer)
{
	static const struct column columns[] = {
		{ "calls", "Next calls", COLUMN_NUMBER },
		{ "weighted", "Weighted, percent", COLUMN_NUMBER },
		{ "packages", "Packages", COLUMN_SHARE },
	};
	struct arena *arena = &packages->facts->arena;
	struct importance *importance = arena_alloc(arena, needs->api_count, sizeof(*importance));
	size_t *order = arena_alloc(arena, needs->api_count, sizeof(*order));
	importance_of(needs, packages->probabilities, importance);
	size_t count = importance_order(importance, needs->api_count, supported, order);
	struct completeness *points = arena_alloc(arena, count + 1, sizeof(*points));
	completeness_curve(needs, packages->probabilities, supported, order, count, points);
	writer_table_begin(writer, "growth", "Completeness after the most important calls", columns,
			   3, false);
	for (size_t k = 0; k <= count && k <= CURVE_SHOWN_MAX; k++) {
		if (k % CURVE_SHOWN_STEP != 0 && k != count)
			continue;
		writer_cell_integer(writer, (int64_t)k);
		writer_cell_real(writer, percent(points[k].supported_weight, points[k].of_weight),
				 3);
		writer_cell_share(writer, points[k].supported, points[k].of);
	}
	writer_table_end(writer);
}

/* ---- what it all stands on ---- */

void package_tables_basis(const struct packages *packages, const struct needs *needs,
			  struct writer *writer)
{
	const struct popularity *popularity = &packages->popularity;
	writer_integer(writer, "surveyed", "Packages surveyed",
		       (int64_t)packages->stored.package_count);
	writer_integer(writer, "counted", "With programs or scripts, which count",
		       (int64_t)packages->row_count);
	writer_integer(writer, "unknown", "Of these not wholly analysed, never supported",
		       (int64_t)bitset_size(needs->unknown));
	writer_text(writer, "popularity", "Popularity", popularity->source.title);
	writer_text(writer, "popularity_version", "Its date", popularity->source.version);
	writer_bool(writer, "popularity_is_estimate", "It is an estimate, not counts",
		    popularity->estimate);
	writer_integer(writer, "unlisted", "Packages it does not list, without weight",
		       (int64_t)packages->unlisted_count);
}
