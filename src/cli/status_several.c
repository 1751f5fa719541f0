/* Several layers side by side: completeness, what is missing where, a curve for each. */
#include "cli/curves.h"
#include "cli/packages.h"
#include "cli/status.h"
#include "syscalls/table.h"

struct compared {
	struct completeness plain;
	struct completeness faking;
};

static struct compared compare_one(const struct selection *selection, struct workload_set workloads,
				   struct bitset supported)
{
	struct facts *facts = selection->facts;
	return (struct compared){
		status_completeness(facts, workloads, supported, NEEDS_STUBS),
		status_completeness(facts, workloads, supported, NEEDS_STUBS_FAKES),
	};
}

/* Five columns are too wide for a terminal, so people have the exclusions in a table below. */
static void compare_completeness(const struct selection *selection,
				 const struct layer *const *layers, size_t count,
				 struct writer *writer)
{
	static const struct column columns[] = {
		{ "layer", "Layer", COLUMN_TEXT },
		{ "implemented", "Implemented", COLUMN_NUMBER },
		{ "completeness", "Completeness", COLUMN_SHARE },
		{ "completeness_fake_ok", "When faking counts", COLUMN_SHARE },
		{ "completeness_with_exclusions", NULL, COLUMN_SHARE },
	};
	struct facts *facts = selection->facts;
	writer_table_begin(writer, "layers", "All workloads", columns, 5, true);
	for (size_t i = 0; i < count; i++) {
		struct bitset implemented = selection_implemented(selection, layers[i]);
		struct compared all = compare_one(selection, selection->all, implemented);
		struct compared kept = compare_one(selection, selection->kept,
						   selection_supported(selection, layers[i]));
		writer_cell_text(writer, layer_key(&facts->arena, layers[i]));
		writer_cell_integer(writer, (int64_t)bitset_size(implemented));
		writer_cell_share(writer, all.plain.supported, all.plain.of);
		writer_cell_share(writer, all.faking.supported, all.faking.of);
		writer_cell_share(writer, kept.plain.supported, kept.plain.of);
	}
	writer_table_end(writer);
	for (size_t i = 0; i < count; i++)
		status_note_few_lacks(selection, layers[i], writer);
}

static void compare_with_exclusions(const struct selection *selection,
				    const struct layer *const *layers, size_t count,
				    struct writer *writer)
{
	static const struct column columns[] = {
		{ NULL, "Layer", COLUMN_TEXT },
		{ NULL, "Completeness", COLUMN_SHARE },
		{ NULL, "When faking counts", COLUMN_SHARE },
	};
	writer_table_begin(writer, NULL, "With exclusions", columns, 3, false);
	for (size_t i = 0; i < count; i++) {
		struct compared kept = compare_one(selection, selection->kept,
						   selection_supported(selection, layers[i]));
		writer_cell_text(writer, layer_key(&selection->facts->arena, layers[i]));
		writer_cell_share(writer, kept.plain.supported, kept.plain.of);
		writer_cell_share(writer, kept.faking.supported, kept.faking.of);
	}
	writer_table_end(writer);
	selection_describe_exclusions(selection, writer);
}

/* What all of them implement. */
static struct bitset common_calls(struct facts *facts, const struct bitset *implemented,
				  size_t count)
{
	struct bitset common = bitset_create(&facts->arena, SYSCALL_NUMBER_LIMIT);
	for (size_t word = 0; word < bitset_word_count(SYSCALL_NUMBER_LIMIT); word++) {
		common.words[word] = UINT64_MAX;
		for (size_t i = 0; i < count; i++)
			common.words[word] &= implemented[i].words[word];
	}
	return common;
}

/* What at least one of them misses, and which. */
static void compare_missing(const struct selection *selection, const struct layer *const *layers,
			    size_t count, struct writer *writer)
{
	static const struct column columns[] = {
		{ "syscall", "Syscall", COLUMN_TEXT },
		{ "needed", "Needed by", COLUMN_NUMBER },
		{ "missing_in", "Missing in", COLUMN_LIST },
	};
	struct facts *facts = selection->facts;
	struct bitset *implemented = arena_alloc(&facts->arena, count, sizeof(*implemented));
	for (size_t i = 0; i < count; i++)
		implemented[i] = selection_implemented(selection, layers[i]);
	struct missing_list list =
	    missing_list_make(facts, selection->all, common_calls(facts, implemented, count));
	writer_section_begin(writer, "missing", "Missing syscalls, all workloads");
	missing_list_describe_count(&list, selection->all, writer);
	writer_table_begin(writer, "calls", NULL, columns, 3, false);
	for (size_t i = 0; i < list.shown; i++) {
		const char **names = arena_alloc(&facts->arena, count, sizeof(*names));
		size_t missing = 0;
		for (size_t j = 0; j < count; j++)
			if (!bitset_has(implemented[j], list.calls[i].call->number))
				names[missing++] = layer_key(&facts->arena, layers[j]);
		writer_cell_text(writer, list.calls[i].name);
		writer_cell_integer(writer, (int64_t)list.calls[i].call->needed);
		writer_cell_list(writer, names, missing);
	}
	writer_table_end(writer);
	writer_section_end(writer);
}

static int compare_curves(const struct selection *selection, const struct layer *const *layers,
			  size_t count, struct writer *writer)
{
	struct facts *facts = selection->facts;
	struct needs needs =
	    needs_of_workloads(&facts->arena, selection->all.workloads, selection->all.count,
			       SYSCALL_NUMBER_LIMIT, selection_policy(facts->arguments));
	struct curve *curves = arena_alloc(&facts->arena, count, sizeof(*curves));
	for (size_t i = 0; i < count; i++) {
		const char *title = layer_key(&facts->arena, layers[i]);
		curves[i] = (struct curve){ .key = title, .title = title };
		curve_compute_by_need(facts, &needs, selection_implemented(selection, layers[i]),
				      &curves[i]);
	}
	writer_section_begin(writer, "growth", "Completeness after the most needed next calls");
	int code = curves_draw(
	    facts, curves, count, "comparison",
	    arena_printf(&facts->arena, "Completeness over %zu workloads", selection->all.count),
	    writer);
	curves_describe(facts, curves, count, "Layer", writer);
	writer_section_end(writer);
	return code;
}

int status_describe_several(const struct selection *selection, const struct layer *const *layers,
			    size_t count, struct writer *writer)
{
	compare_completeness(selection, layers, count, writer);
	compare_with_exclusions(selection, layers, count, writer);
	int code = compare_curves(selection, layers, count, writer);
	compare_missing(selection, layers, count, writer);
	if (code == EXIT_DONE)
		code = packages_describe_comparison(selection, layers, count, writer);
	return code;
}
